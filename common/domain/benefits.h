/* What contributions bring besides the pension. Pure, no I/O.
 *
 * Conditions are looked at on a day, with the months paid before that day's month; amounts are for
 * all months of the history, so that a plan can be asked about. Lines tell both. */
#ifndef ANSINH_DOMAIN_BENEFITS_H
#define ANSINH_DOMAIN_BENEFITS_H

#include "common/domain/contribution.h"
#include "common/domain/pension.h"
#include "common/domain/pension_history.h"

/* Numbers of ansinh.v1.BenefitKind. */
enum benefit_kind {
    BENEFIT_NONE, /* the tables of the day know no such benefit; nothing else is filled in */
    BENEFIT_IS_MATERNITY,
    BENEFIT_IS_FUNERAL,
    BENEFIT_IS_SURVIVOR,
    BENEFIT_IS_SURVIVOR_OF_PENSIONER,
    BENEFIT_IS_ONE_OFF,
    BENEFIT_IS_SOCIAL_PENSION,
    BENEFIT_IS_HEALTH_INSURANCE,
    BENEFIT_KINDS
};

struct benefit {
    enum benefit_kind kind;
    int is_met;
    int32_t from_month; /* the first month in which it is met; 0: none, or an event decides */
    int64_t amount_vnd; /* once, but a month of the social pension */
    struct explain_lines lines;
};

/* All of them: -ERANGE with the field for a day or a year that the tables do not know. Histories
 * are ones that passed history_check. */

/* For children born on on_day (Law 41/2024/QH15, articles 94 to 97). */
int benefit_maternity(const struct policy *policy, const struct paid_history *paid, int32_t on_day,
                      uint32_t children, struct benefit *ret, struct err *err) MUST_CHECK;

/* For who buries a participant, or a pensioner (article 109). */
int benefit_funeral(const struct policy *policy, const struct paid_history *paid, int32_t on_day,
                    int is_pensioner, struct benefit *ret, struct err *err) MUST_CHECK;

/* For the family of who dies before the pension (article 110). */
int benefit_survivor(const struct policy *policy, const struct paid_history *paid, int32_t on_day,
                     struct benefit *ret, struct err *err) MUST_CHECK;

/* For the family of who drew a pension for so many months (article 110). */
int benefit_survivor_of_pensioner(const struct policy *policy, int64_t pension_vnd,
                                  uint32_t months_drawn, int32_t on_day, struct benefit *ret,
                                  struct err *err) MUST_CHECK;

/* Why all may be paid back at once (article 102). */
enum one_off_reason {
    ONE_OFF_AGE,        /* old enough for a pension, with too few years */
    ONE_OFF_STOPPED,    /* paid before July 2025 and nothing for a year, with too few years */
    ONE_OFF_EMIGRATION, /* these are what the person says */
    ONE_OFF_DISEASE,
    ONE_OFF_INCAPACITY,
    ONE_OFF_REASONS
};

struct one_off_request {
    const struct paid_history *paid;
    const struct pension_terms *terms; /* the usual ones */
    int32_t on_day;
    int64_t support_vnd; /* of all months: not paid back, except for disease and incapacity */
    int emigrates, is_ill;
    int64_t incapacity_basis_points; /* of the capacity to work, lost */
};

/* is_reason says which reasons hold. */
int benefit_one_off(const struct policy *policy, const struct one_off_request *request,
                    int is_reason[ONE_OFF_REASONS], struct benefit *ret,
                    struct err *err) MUST_CHECK;

/* For the old without a pension (article 21); pension_month is the first with one, 0 without. */
int benefit_social_pension(const struct policy *policy, int32_t birth_day, enum support_group group,
                           int32_t pension_month, int32_t on_day, struct benefit *ret,
                           struct err *err) MUST_CHECK;

/* A fact without amount: the fund pays a pensioner's health insurance. */
int benefit_health_insurance(const struct policy *policy, int32_t pension_month, int32_t on_day,
                             struct benefit *ret, struct err *err) MUST_CHECK;

#endif
