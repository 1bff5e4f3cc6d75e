/* What a declaration must look like: pure checks, no I/O. */
#ifndef ANSINH_ENROLMENT_ENROLMENT_RULES_H
#define ANSINH_ENROLMENT_ENROLMENT_RULES_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/domain/contribution.h"

#define ENROLMENT_ADDRESS_MAX_CHARS 200

/* A declaration as it came (texts are UTF-8 or anything else: that is checked). */
struct declaration {
    const char *personal_id, *full_name, *birth_date, *phone, *email, *address, *si_code,
        *enrolled_on;
    int sex, language, support_group, method; /* numbers of the API's enums */
    int64_t income_vnd;
    int is_special_zone; /* of the commune */
};

/* What follows from it. */
struct declaration_facts {
    int32_t birth_day, enrolled_day;
    char phone[13];       /* "+84..." or "" */
    int is_foreign_birth; /* the personal id's birth province is not a known one: a warning */
};

/* 0, or -EINVAL / -ERANGE with the field and a sentence. today is the business day of the call. */
int declaration_check(const struct policy *policy, const struct declaration *declaration,
                      int32_t today, struct declaration_facts *ret, struct err *err) MUST_CHECK;

#endif
