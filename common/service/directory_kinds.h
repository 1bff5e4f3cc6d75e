/* The kinds of reference rows: their letters, messages and codes. Pure. */
#ifndef ANSINH_SERVICE_DIRECTORY_KINDS_H
#define ANSINH_SERVICE_DIRECTORY_KINDS_H

#include <stdint.h>

#include "ansinh/v1/plans.pb-c.h"
#include "ansinh/v1/reference.pb-c.h"
#include "common/base/macros.h"

/* Units, organisations, points, collectors, plan targets, amendments of the law, partners,
 * campaigns, successors, denominators, offices, plans, their splits, past splits and
 * amendments: the letters of key_reference. */
#define DIRECTORY_KINDS "uopktlacgdsnhym"

/* kind is one of the letters. */
const ProtobufCMessageDescriptor *directory_kind_descriptor(char kind);

/* Code of a row in its table: "15", "2025:15" for a target, "000001" for an amendment, "10:15" for
 * a successor, "15:1:2026-01-01" for a denominator, "<plan>/U15" for a split, "<plan>/U15/000003"
 * for one until amendment 3, "<plan>/000003" for the amendment. */
#define DIRECTORY_CODE_MAX_BYTES 40
int directory_rows_code(char kind, const ProtobufCMessage *row,
                        char ret[DIRECTORY_CODE_MAX_BYTES]) MUST_CHECK;

/* The code of an amendment; -EINVAL: 0, or over DIRECTORY_AMENDMENTS_MAX. */
int directory_amendment_code(uint32_t number, char ret[DIRECTORY_CODE_MAX_BYTES]) MUST_CHECK;

/* Kind and message of a row of ReferenceImported; '\0' for one that this version does not know. */
char directory_reference_kind(const Ansinh__V1__ReferenceRow *row, const ProtobufCMessage **ret);
/* The other way round: a row that borrows the message. kind is one that has no event of its own. */
void directory_reference_set(Ansinh__V1__ReferenceRow *row, char kind,
                             const ProtobufCMessage *message);

/* Code of a scope in a plan, "<plan>/U15": its length, or -EINVAL when it is too long. */
int directory_scope_code(const char *plan_code, const Ansinh__V1__PlanScope *scope,
                         char ret[DIRECTORY_CODE_MAX_BYTES]) MUST_CHECK;

#endif
