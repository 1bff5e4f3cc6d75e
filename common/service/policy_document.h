/* The law's numbers as they travel (ansinh.v1.PolicyDocument) and as the rules read them. */
#ifndef ANSINH_SERVICE_POLICY_DOCUMENT_H
#define ANSINH_SERVICE_POLICY_DOCUMENT_H

#include "ansinh/v1/policy.pb-c.h"
#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/domain/policy.h"

/* Of one document that is laid over the law, so that it is one record. */
#define POLICY_DOCUMENT_ROWS_MAX 128
#define POLICY_DOCUMENT_MAX_BYTES 16000 /* packed */

/* A table's rows in a document; *ret belongs to the document. */
size_t policy_document_rows(const Ansinh__V1__PolicyDocument *document, enum policy_table_id table,
                            Ansinh__V1__PolicyRow ***ret);

/* Reads a row. -EINVAL: a date, value, group, switch or text that does not fit. err->field is then
 * "poverty_line[0].vnd"; the text begins with source (a file's name) and names table and row, there
 * counted from 1. */
int policy_row_read(const char *source, enum policy_table_id table, size_t row_i,
                    const Ansinh__V1__PolicyRow *row, struct policy_row *ret,
                    struct err *err) MUST_CHECK;

/* Adds all rows of a document to the tables. Errors as policy_row_read; -EFBIG: a table over
 * POLICY_ROWS_MAX. */
int policy_document_read(const char *source, const Ansinh__V1__PolicyDocument *document,
                         struct policy *ret, struct err *err) MUST_CHECK;

/* The reverse of policy_row_read; texts are made in the arena. -ENOMEM: the arena is full. */
int policy_row_write(enum policy_table_id table, const struct policy_row *row, struct arena *arena,
                     Ansinh__V1__PolicyRow *ret) MUST_CHECK;

/* The table's name as it stands in the files ("povertyLine"), in the arena; NULL when it is full.
 */
char *policy_table_name(enum policy_table_id table, struct arena *arena);

#endif
