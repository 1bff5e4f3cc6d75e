/* What a declaration must look like: pure checks, no I/O. */
#ifndef ANSINH_ENROLMENT_ENROLMENT_RULES_H
#define ANSINH_ENROLMENT_ENROLMENT_RULES_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/domain/citizen.h"
#include "common/domain/contribution.h"
#include "common/domain/eligibility.h"

#define ENROLMENT_ADDRESS_MAX_CHARS 200
#define WARNING_BYTES (ERR_FIELD_MAX_BYTES + EXPLANATION_BYTES + POLICY_CITATION_BYTES)

/* A declaration as it came (texts are UTF-8 or anything else: that is checked). */
struct declaration {
    const char *personal_id, *full_name, *birth_date, *phone, *email, *address, *si_code,
        *enrolled_on;
    int sex, language, support_group, method; /* numbers of the API's enums */
    int64_t income_vnd;
    uint32_t months;           /* of a lump sum */
    int is_special_zone;       /* of the commune */
    uint32_t province;         /* of the commune: code as a number */
    int has[ELIGIBILITY_BARS]; /* what the person says of themselves, as in eligibility_request */
};

/* Remarks that stop nothing, each with its field in front. */
struct warnings {
    size_t n;
    char texts[QUOTE_WARNINGS_MAX + 1][WARNING_BYTES];
};

/* What follows from it. */
struct declaration_facts {
    int32_t birth_day, enrolled_day;
    char phone[13];       /* "+84..." or "" */
    uint32_t lump_months; /* 0: paid by the method's own number */
    struct warnings warnings;
};

/* 0, or -EINVAL / -ERANGE with the field and a sentence; what keeps the person out is named with
 * its citation. today is the business day of the call. */
int declaration_check(const struct policy *policy, const struct declaration *declaration,
                      int32_t today, struct declaration_facts *ret, struct err *err) MUST_CHECK;

/* The part of it that every declaration has: who it is, how to reach them, and when it was made.
 * Errors as declaration_check. */
int person_check(const struct declaration *declaration, int32_t today,
                 struct declaration_facts *ret, struct err *err) MUST_CHECK;

/* Adds what a quote warns of. */
void warnings_add(struct warnings *self, const struct quote *quote);

/* Whether what the citizen has declared may still be paid on a day; an open lump sum with its
 * months. Errors as contribution_quote. */
int terms_check(const struct policy *policy, const struct citizen *citizen, int32_t on_day,
                struct err *err) MUST_CHECK;

#endif
