/* A document laid over the law, row by row (common/domain/policy_lay.h). */
#ifndef ANSINH_SERVICE_POLICY_AMENDMENT_H
#define ANSINH_SERVICE_POLICY_AMENDMENT_H

#include "common/domain/policy_lay.h"
#include "common/service/policy_document.h"

#define POLICY_ANY_DAY INT32_MIN /* as today: rows may begin on any day */

/* Lays a document of 1 to POLICY_DOCUMENT_ROWS_MAX rows over the tables and checks the whole. The
 * number of rows that changed something, or -EINVAL or -EFBIG with err->field
 * "poverty_line[0].from" (or "" for the document): a row is wrong in itself, begins today or
 * before, overlaps another row of the document, leaves days without a rule, or breaks what
 * policy_check wants; the tables are then spoiled. */
int policy_amend(struct policy *policy, const char *source,
                 const Ansinh__V1__PolicyDocument *document, int32_t today,
                 struct err *err) MUST_CHECK;

#endif
