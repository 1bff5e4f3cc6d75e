/* What a declaration must look like: pure checks, no I/O. */
#ifndef ANSINH_ENROLMENT_ENROLMENT_RULES_H
#define ANSINH_ENROLMENT_ENROLMENT_RULES_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/domain/citizen.h"
#include "common/domain/contribution.h"

#define ENROLMENT_ADDRESS_MAX_CHARS 200
#define ENROLMENT_REMARK_BYTES (EXPLANATION_BYTES + POLICY_CITATION_BYTES + 32)

/* A declaration as it came (texts are UTF-8 or anything else: that is checked). */
struct declaration {
    const char *personal_id, *full_name, *birth_date, *phone, *email, *address, *si_code,
        *enrolled_on;
    int sex, language, support_group, method; /* numbers of the API's enums */
    int64_t income_vnd;
    uint32_t months;     /* of a lump sum */
    int is_special_zone; /* of the commune */
    uint32_t province;   /* of the commune: code as a number */
};

/* What follows from it. */
struct declaration_facts {
    int32_t birth_day, enrolled_day;
    char phone[13];       /* "+84..." or "" */
    int is_foreign_birth; /* the personal id's birth province is not a known one: a warning */
    uint32_t lump_months; /* 0: paid by the method's own number */
    char remarks[QUOTE_WARNINGS_MAX][ENROLMENT_REMARK_BYTES]; /* on the contribution, each with its
                                                                 field in front and its citation */
    size_t n_remarks;
};

/* 0, or -EINVAL / -ERANGE with the field and a sentence. today is the business day of the call. */
int declaration_check(const struct policy *policy, const struct declaration *declaration,
                      int32_t today, struct declaration_facts *ret, struct err *err) MUST_CHECK;

/* Whether what the citizen has declared may still be paid on a day; an open lump sum with its
 * months. Errors as contribution_quote. */
int terms_check(const struct policy *policy, const struct citizen *citizen, int32_t on_day,
                struct err *err) MUST_CHECK;

#endif
