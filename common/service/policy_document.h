/* The law's numbers as they travel (ansinh.v1.PolicyDocument) and as the rules read them. */
#ifndef ANSINH_SERVICE_POLICY_DOCUMENT_H
#define ANSINH_SERVICE_POLICY_DOCUMENT_H

#include "ansinh/v1/policy.pb-c.h"
#include "common/base/err.h"
#include "common/domain/policy.h"

/* A table's rows in a document; *ret belongs to the document. */
size_t policy_document_rows(const Ansinh__V1__PolicyDocument *document, enum policy_table_id table,
                            Ansinh__V1__PolicyRow ***ret);

/* Reads a row. -EINVAL with the table as field: a date, value, group, switch or text that does not
 * fit; the text begins with source (a file's name) and names table and row, row_i counted from 0.
 */
int policy_row_read(const char *source, enum policy_table_id table, size_t row_i,
                    const Ansinh__V1__PolicyRow *row, struct policy_row *ret,
                    struct err *err) MUST_CHECK;

/* Adds all rows of a document to the tables. Errors as policy_row_read; -EFBIG: a table over
 * POLICY_ROWS_MAX. */
int policy_document_read(const char *source, const Ansinh__V1__PolicyDocument *document,
                         struct policy *ret, struct err *err) MUST_CHECK;

#endif
