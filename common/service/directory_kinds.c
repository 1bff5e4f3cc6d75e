#include "common/service/directory_kinds.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/service/directory.h"

const ProtobufCMessageDescriptor *directory_kind_descriptor(char kind)
{
    switch (kind) {
    case 'u':
        return &ansinh__v1__unit__descriptor;
    case 'o':
        return &ansinh__v1__organisation__descriptor;
    case 'p':
        return &ansinh__v1__point__descriptor;
    case 'k':
        return &ansinh__v1__collector__descriptor;
    case 't':
        return &ansinh__v1__plan_target__descriptor;
    case 'a':
        return &ansinh__v1__partner__descriptor;
    case 'c':
        return &ansinh__v1__campaign__descriptor;
    case 'g':
        return &ansinh__v1__successor__descriptor;
    case 'd':
        return &ansinh__v1__denominator__descriptor;
    case 's':
        return &ansinh__v1__si_unit__descriptor;
    case 'n':
        return &ansinh__v1__plan__descriptor;
    case 'h':
        return &ansinh__v1__plan_split__descriptor;
    case 'y':
        return &ansinh__v1__plan_past__descriptor;
    case 'm':
        return &ansinh__v1__plan_amendment__descriptor;
    default:
        ASSERT(kind == 'l');
        return &ansinh__v1__policy_amendment__descriptor;
    }
}

/* --- codes --- */

int directory_amendment_code(uint32_t number, char ret[DIRECTORY_CODE_MAX_BYTES])
{
    (void)snprintf(ret, DIRECTORY_CODE_MAX_BYTES, "%06u", number);
    return number == 0 || number > DIRECTORY_AMENDMENTS_MAX ? -EINVAL : 0;
}

static char scope_letter(Ansinh__V1__PlanScopeKind kind)
{
    static const char letters[] = "?UOPKF";
    return letters[(size_t)kind < sizeof(letters) - 1 ? (size_t)kind : 0];
}

/* "/U15", "/U15/000003" */
static int scope_format(const Ansinh__V1__PlanScope *scope, uint32_t amendment,
                        char ret[DIRECTORY_CODE_MAX_BYTES])
{
    char past[12] = "";
    if (amendment > 0)
        (void)snprintf(past, sizeof(past), "/%06u", amendment);
    return snprintf(ret, DIRECTORY_CODE_MAX_BYTES, "/%c%s%s", scope_letter(scope->kind),
                    scope->code, past);
}

static const char *split_parts(const Ansinh__V1__PlanSplit *split, uint32_t amendment,
                               char ret[DIRECTORY_CODE_MAX_BYTES])
{
    if (split == NULL || split->parent == NULL ||
        scope_format(split->parent, amendment, ret) >= DIRECTORY_CODE_MAX_BYTES)
        return "";
    return split->plan_code;
}

/* The part of a code before which nothing may be missing, and what follows it. */
static const char *code_parts(char kind, const ProtobufCMessage *row,
                              char ret[DIRECTORY_CODE_MAX_BYTES])
{
    const Ansinh__V1__Denominator *denominator = (const Ansinh__V1__Denominator *)row;
    int len = 0;
    ret[0] = '\0';
    switch (kind) {
    case 'u':
        return ((const Ansinh__V1__Unit *)row)->code;
    case 'o':
        return ((const Ansinh__V1__Organisation *)row)->code;
    case 'p':
        return ((const Ansinh__V1__Point *)row)->code;
    case 'k':
        return ((const Ansinh__V1__Collector *)row)->code;
    case 'a':
        return ((const Ansinh__V1__Partner *)row)->organisation_code;
    case 'c':
        return ((const Ansinh__V1__Campaign *)row)->code;
    case 's':
        return ((const Ansinh__V1__SiUnit *)row)->code;
    case 'g':
        len = snprintf(ret, DIRECTORY_CODE_MAX_BYTES, ":%s",
                       ((const Ansinh__V1__Successor *)row)->new_code);
        return len < DIRECTORY_CODE_MAX_BYTES ? ((const Ansinh__V1__Successor *)row)->old_code : "";
    case 'n':
        return ((const Ansinh__V1__Plan *)row)->code;
    case 'h':
        return split_parts((const Ansinh__V1__PlanSplit *)row, 0, ret);
    case 'y':
        return split_parts(((const Ansinh__V1__PlanPast *)row)->split,
                           ((const Ansinh__V1__PlanPast *)row)->amendment, ret);
    case 'm':
        (void)snprintf(ret, DIRECTORY_CODE_MAX_BYTES, "/%06u",
                       ((const Ansinh__V1__PlanAmendment *)row)->number);
        return ((const Ansinh__V1__PlanAmendment *)row)->plan_code;
    default:
        ASSERT(kind == 'd');
        len = snprintf(ret, DIRECTORY_CODE_MAX_BYTES, ":%d:%s", (int)denominator->kind,
                       denominator->on);
        return len < DIRECTORY_CODE_MAX_BYTES ? denominator->unit_code : "";
    }
}

int directory_rows_code(char kind, const ProtobufCMessage *row, char ret[DIRECTORY_CODE_MAX_BYTES])
{
    const Ansinh__V1__PlanTarget *target = (const Ansinh__V1__PlanTarget *)row;
    if (kind == 'l')
        return directory_amendment_code(((const Ansinh__V1__PolicyAmendment *)row)->number, ret);
    char rest[DIRECTORY_CODE_MAX_BYTES] = "", year[16] = "";
    const char *code = kind == 't' ? target->unit_code : code_parts(kind, row, rest);
    if (kind == 't')
        (void)snprintf(year, sizeof(year), "%u:", target->year);
    int len = snprintf(ret, DIRECTORY_CODE_MAX_BYTES, "%s%s%s", year, code, rest);
    return *code == '\0' || len < 0 || len >= DIRECTORY_CODE_MAX_BYTES ? -EINVAL : 0;
}

/* Asked for every scope of a plan that is read: without printf. */
int directory_scope_code(const char *plan_code, const Ansinh__V1__PlanScope *scope,
                         char ret[DIRECTORY_CODE_MAX_BYTES])
{
    if (scope == NULL)
        return -EINVAL;
    size_t plan_len = strlen(plan_code), len = plan_len + 2 + strlen(scope->code);
    if (len >= DIRECTORY_CODE_MAX_BYTES)
        return -EINVAL;
    memcpy(ret, plan_code, plan_len);
    ret[plan_len] = '/';
    ret[plan_len + 1] = scope_letter(scope->kind);
    memcpy(ret + plan_len + 2, scope->code, len - plan_len - 2 + 1);
    return (int)len;
}

/* --- rows of ReferenceImported --- */

/* All members of the oneof are pointers to messages, so any of them can be read as one. */
static const struct reference_kind {
    Ansinh__V1__ReferenceRow__RowCase row_case;
    char kind;
} reference_kinds[] = {
    {ANSINH__V1__REFERENCE_ROW__ROW_CAMPAIGN, 'c'},
    {ANSINH__V1__REFERENCE_ROW__ROW_SUCCESSOR, 'g'},
    {ANSINH__V1__REFERENCE_ROW__ROW_DENOMINATOR, 'd'},
    {ANSINH__V1__REFERENCE_ROW__ROW_SI_UNIT, 's'},
    {ANSINH__V1__REFERENCE_ROW__ROW_PLAN, 'n'},
    {ANSINH__V1__REFERENCE_ROW__ROW_PLAN_SPLIT, 'h'},
    {ANSINH__V1__REFERENCE_ROW__ROW_PLAN_PAST, 'y'},
    {ANSINH__V1__REFERENCE_ROW__ROW_PLAN_AMENDMENT, 'm'},
};

char directory_reference_kind(const Ansinh__V1__ReferenceRow *row, const ProtobufCMessage **ret)
{
    for (size_t i = 0; i < ARRAY_LEN(reference_kinds); i++) {
        if (reference_kinds[i].row_case == row->row_case) {
            *ret = &row->campaign->base;
            return reference_kinds[i].kind;
        }
    }
    return '\0';
}

void directory_reference_set(Ansinh__V1__ReferenceRow *row, char kind,
                             const ProtobufCMessage *message)
{
    size_t i = 0;
    while (i < ARRAY_LEN(reference_kinds) && reference_kinds[i].kind != kind)
        i++;
    ASSERT(i < ARRAY_LEN(reference_kinds));
    ansinh__v1__reference_row__init(row);
    row->row_case = reference_kinds[i].row_case;
    row->campaign = (Ansinh__V1__Campaign *)(uintptr_t)message;
}
