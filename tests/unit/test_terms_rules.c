#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "services/enrolment/terms_rules.h"
#include "tests/support/law.h"

static uint32_t month(const char *text)
{
    int32_t value = 0;
    assert_int_equal(month_parse(text, &value), 0);
    return (uint32_t)value;
}

static struct citizen somebody(enum method method)
{
    int32_t day = day_of("2025-07-10");
    return (struct citizen){.version = 5,
                            .commune = 2647,
                            .support_group = GROUP_OTHER,
                            .method = (uint8_t)method,
                            .income_vnd = 1500000,
                            .enrolled_day = day,
                            .declared_day = day,
                            .changed_day = day,
                            .bill_number = 1};
}

/* Paid on the first day of the range, as by its bill. */
static void pay(struct citizen *citizen, const char *from, const char *to, int64_t participant_vnd,
                int64_t central_vnd)
{
    struct month_range months = {month(from), month(to)};
    uint32_t n = months.to - months.from + 1;
    assert_int_equal(coverage_add(&citizen->coverage, months, NULL), 0);
    citizen->has_paid = 1;
    citizen->months_supported += n;
    citizen->payment = (struct citizen_bill){.from_month = months.from,
                                             .months = n,
                                             .months_supported = n,
                                             .participant_vnd = participant_vnd,
                                             .central_vnd = central_vnd,
                                             .paid_day = month_first_day((int32_t)months.from)};
}

/* --- another contribution --------------------------------------------------------------------- */

static void change(const struct citizen *before, struct change_request request, struct citizen *ret)
{
    struct quote quote;
    struct err err = {0};
    if (change_decide(law, before, &request, ret, &quote, &err) != 0)
        fail_msg("refused: %s: %s", err.field, err.text);
}

static void refuse(const struct citizen *before, struct change_request request, int rc,
                   const char *field, const char *said)
{
    struct quote quote;
    struct citizen next;
    struct err err = {0};
    assert_int_equal(change_decide(law, before, &request, &next, &quote, &err), rc);
    assert_string_equal(err.field, field);
    if (strstr(err.text, said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, said);
    assert_int_equal(change_decide(law, before, &request, &next, &quote, NULL), rc);
}

static void nothing_is_no_change(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY);
    refuse(&citizen, (struct change_request){.on_day = day_of("2025-08-01")}, -EINVAL, "method",
           "want one of income_vnd, method, months, support_group, unit_code");
}

static void terms_change_when_nothing_is_paid_ahead(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next;
    struct change_request request = {
        .income_vnd = 2500000, .method = METHOD_IS_HALF_YEARLY, .on_day = day_of("2025-08-01")};
    pay(&citizen, "2025-07", "2025-07", 264000, 66000);
    change(&citizen, request, &next);
    assert_int_equal(next.income_vnd, 2500000);
    assert_int_equal(next.method, METHOD_IS_HALF_YEARLY);
    assert_int_equal(next.lump_months, 0);
    assert_int_equal(next.declared_day, day_of("2025-08-01"));
    assert_int_equal(next.changed_day, day_of("2025-08-01"));
    assert_int_equal(next.payment.months, 0);
    assert_int_equal(next.support_group, citizen.support_group);
    assert_int_equal(next.commune, citizen.commune);
    assert_int_equal(next.enrolled_day, citizen.enrolled_day);
    assert_memory_equal(&next.coverage, &citizen.coverage, sizeof(next.coverage));
}

/* Law 41/2024/QH15, article 36(2) */
static void terms_hold_until_their_months_are_over(void **state)
{
    (void)state;
    static const struct {
        struct change_request request;
        const char *field;
    } cases[] = {{{.income_vnd = 2500000}, "income_vnd"},
                 {{.method = METHOD_IS_MONTHLY}, "method"},
                 {{.income_vnd = 2500000, .method = METHOD_IS_MONTHLY}, "income_vnd"}};
    struct citizen citizen = somebody(METHOD_IS_HALF_YEARLY), next;
    pay(&citizen, "2025-07", "2025-12", 6 * 264000, 6 * 66000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct change_request request = cases[i].request;
        request.on_day = day_of("2025-12-31");
        refuse(&citizen, request, -EPERM, cases[i].field,
               "paid until 2025-12; may be changed from 2026-01-01 on (Law 41/2024/QH15, article "
               "36(2))");
        request.on_day = day_of("2026-01-01");
        change(&citizen, request, &next);
    }
    /* also a gap before months that are paid is no time to change */
    citizen.coverage.ranges[0].from = month("2025-11");
    refuse(&citizen, (struct change_request){.income_vnd = 2500000, .on_day = day_of("2025-10-31")},
           -EPERM, "income_vnd", "2026-01-01");
}

static void group_and_commune_change_at_any_time(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_YEARLY), next;
    pay(&citizen, "2025-07", "2026-06", 12 * 264000, 12 * 66000);
    change(&citizen,
           (struct change_request){
               .support_group = GROUP_POOR, .commune = 2650, .on_day = day_of("2025-09-01")},
           &next);
    assert_int_equal(next.support_group, GROUP_POOR);
    assert_int_equal(next.commune, 2650);
    assert_int_equal(next.changed_day, day_of("2025-09-01"));
    /* the declaration of the terms is still the old one, as is what a refund is made of */
    assert_int_equal(next.declared_day, citizen.declared_day);
    assert_int_equal(next.payment.months, 12);
    static const int wrong[] = {-1, 5, 99};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        refuse(&citizen,
               (struct change_request){.support_group = wrong[i], .on_day = day_of("2025-09-01")},
               -EINVAL, "support_group", "SUPPORT_GROUP_POOR");
}

/* Registering again after a lapse is declaring the same. */
static void the_same_terms_may_be_declared_again(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next;
    pay(&citizen, "2025-07", "2025-07", 264000, 66000);
    change(&citizen,
           (struct change_request){.method = METHOD_IS_MONTHLY, .on_day = day_of("2025-11-05")},
           &next);
    assert_int_equal(next.method, METHOD_IS_MONTHLY);
    assert_int_equal(next.declared_day, day_of("2025-11-05"));
}

static void a_change_is_not_before_the_last_one(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY);
    refuse(&citizen, (struct change_request){.commune = 2650, .on_day = day_of("2025-07-09")},
           -EINVAL, "on", "before the last change, of 2025-07-10");
    citizen.end_reason = END_IS_WITHDRAWN;
    citizen.end_day = day_of("2025-08-01");
    refuse(&citizen, (struct change_request){.commune = 2650, .on_day = day_of("2025-09-01")},
           -EPERM, "participant_id", "has ended on 2025-08-01");
}

static void new_terms_fit_the_law_of_their_day(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY);
    struct change_request request = {.income_vnd = 1499999, .on_day = day_of("2025-09-01")};
    refuse(&citizen, request, -ERANGE, "income_vnd", "too low: from 1,500,000 to 46,800,000");
    request.income_vnd = INT64_MIN;
    refuse(&citizen, request, -ERANGE, "income_vnd", "too low");
    request.income_vnd = 1500000;
    request.on_day = day_of("2027-01-01");
    refuse(&citizen, request, -ERANGE, "income_vnd", "too low: from 2,200,000");
    request = (struct change_request){.method = 7, .on_day = day_of("2025-09-01")};
    refuse(&citizen, request, -EINVAL, "method", "unknown method");
    request.method = -1;
    refuse(&citizen, request, -EINVAL, "method", "unknown method");
    request = (struct change_request){.months = 3, .on_day = day_of("2025-09-01")};
    refuse(&citizen, request, -EINVAL, "months", "1 month at once");
    request.method = METHOD_IS_FUTURE_YEARS;
    refuse(&citizen, request, -EINVAL, "months", "24 to 60 months");
}

/* The poverty line rises to 2,200,000: with a new income everything goes on. */
static void a_raised_floor_is_met_by_a_change(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next;
    pay(&citizen, "2026-12", "2026-12", 264000, 66000);
    change(&citizen, (struct change_request){.income_vnd = 2200000, .on_day = day_of("2027-01-01")},
           &next);
    assert_int_equal(next.income_vnd, 2200000);
    /* where somebody lives may be told without it */
    change(&citizen, (struct change_request){.commune = 2650, .on_day = day_of("2027-01-01")},
           &next);
    assert_int_equal(next.income_vnd, 1500000);
}

static void an_income_between_the_steps_is_warned_of(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next;
    struct change_request request = {.income_vnd = 1530000, .on_day = day_of("2025-09-01")};
    struct quote quote;
    assert_int_equal(change_decide(law, &citizen, &request, &next, &quote, NULL), 0);
    assert_int_equal(quote.n_warnings, 1);
    assert_string_equal(quote.warnings[0].field, "income_vnd");
}

static void a_lump_sum_is_declared_with_its_months(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next, again;
    struct change_request request = {
        .method = METHOD_IS_FUTURE_YEARS, .months = 36, .on_day = day_of("2025-09-01")};
    change(&citizen, request, &next);
    assert_int_equal(next.lump_months, 36);
    /* while it is not paid, another income is for the same months */
    change(&next, (struct change_request){.income_vnd = 2500000, .on_day = day_of("2025-09-02")},
           &again);
    assert_int_equal(again.lump_months, 36);
    assert_int_equal(again.method, METHOD_IS_FUTURE_YEARS);
    change(&next, (struct change_request){.months = 24, .on_day = day_of("2025-09-02")}, &again);
    assert_int_equal(again.lump_months, 24);
    change(&next,
           (struct change_request){.method = METHOD_IS_MONTHLY, .on_day = day_of("2025-09-02")},
           &again);
    assert_int_equal(again.lump_months, 0);
    /* when it is paid, what comes next needs its months */
    next.lump_months = 0;
    pay(&next, "2025-09", "2028-08", 36 * 264000, 36 * 66000);
    refuse(&next, (struct change_request){.months = 24, .on_day = day_of("2025-09-02")}, -EPERM,
           "months", "paid until 2028-08");
    refuse(&next, (struct change_request){.income_vnd = 2500000, .on_day = day_of("2028-09-01")},
           -EINVAL, "months", "24 to 60 months");
}

/* A man born in March 1964 reaches 61 years and 3 months in June 2025. */
static void missing_months_depend_on_age_and_months_paid(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next;
    struct change_request request = {.method = METHOD_IS_MISSING_MONTHS,
                                     .months = 60,
                                     .on_day = day_of("2025-09-01"),
                                     .sex = SEX_IS_MALE,
                                     .birth_day = day_of("1964-03-31")};
    change(&citizen, request, &next);
    assert_int_equal(next.lump_months, 60);
    citizen.coverage.n_older = 150; /* of 180 */
    refuse(&citizen, request, -EINVAL, "months", "only 30 months are missing");
    request.months = 30;
    change(&citizen, request, &next);
    citizen.coverage.n_older = 200;
    refuse(&citizen, request, -EINVAL, "method", "no month is missing");
    request.birth_day = day_of("1985-03-31");
    refuse(&citizen, request, -EINVAL, "method", "from 2047-02 on");
}

/* The same man: who could make up for what is missing pays no years ahead. */
static void years_ahead_depend_on_age_and_months_paid(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next;
    struct change_request request = {.method = METHOD_IS_FUTURE_YEARS,
                                     .months = 24,
                                     .on_day = day_of("2025-09-01"),
                                     .sex = SEX_IS_MALE,
                                     .birth_day = day_of("1964-03-31")};
    refuse(&citizen, request, -EINVAL, "method", "retirement age in 2025-06");
    citizen.coverage.n_older = 150; /* of 180 */
    refuse(&citizen, request, -EINVAL, "method", "retirement age in 2025-06");
    citizen.coverage.n_older = 180;
    change(&citizen, request, &next);
    citizen.coverage.n_older = 0;
    request.birth_day = day_of("1965-03-31");
    change(&citizen, request, &next);
}

static void an_open_bill_is_dropped(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next;
    static const struct citizen_bill none;
    struct change_request request = {.commune = 2650, .on_day = day_of("2025-09-01")};
    change(&citizen, request, &next);
    assert_int_equal(next.bill_number, 1);
    citizen.bill.months = 1;
    change(&citizen, request, &next);
    assert_int_equal(next.bill_number, 2);
    assert_memory_equal(&next.bill, &none, sizeof(none));
}

/* --- the end ---------------------------------------------------------------------------------- */

static void end(const struct citizen *before, enum end_reason reason, const char *date,
                struct citizen *ret, struct ending *ending)
{
    struct end_request request = {(int)reason, day_of(date)};
    struct err err = {0};
    if (end_decide(law, before, &request, ret, ending, &err) != 0)
        fail_msg("refused: %s: %s", err.field, err.text);
}

static void refuse_end(const struct citizen *before, int reason, const char *date, int rc,
                       const char *field, const char *said)
{
    struct end_request request = {reason, day_of(date)};
    struct citizen next;
    struct ending ending;
    struct err err = {0};
    assert_int_equal(end_decide(law, before, &request, &next, &ending, &err), rc);
    assert_string_equal(err.field, field);
    if (strstr(err.text, said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, said);
    assert_int_equal(end_decide(law, before, &request, &next, &ending, NULL), rc);
}

static void unused_months_are_refunded_without_the_support(void **state)
{
    (void)state;
    static const struct {
        enum end_reason reason;
        const char *on;
        uint32_t months;
    } cases[] = {
        {END_IS_TO_COMPULSORY, "2025-09-15", 4}, /* September, too */
        {END_IS_ONE_OFF, "2025-09-15", 3},       {END_IS_PENSION, "2025-09-30", 3},
        {END_IS_DECEASED, "2025-07-31", 5},      {END_IS_DECEASED, "2025-12-01", 0},
        {END_IS_TO_COMPULSORY, "2025-07-10", 6}, {END_IS_WITHDRAWN, "2025-09-15", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct citizen citizen = somebody(METHOD_IS_HALF_YEARLY), next;
        struct ending ending;
        pay(&citizen, "2025-07", "2025-12", 6 * 264000, 6 * 66000);
        end(&citizen, cases[i].reason, cases[i].on, &next, &ending);
        assert_int_equal(ending.months, cases[i].months);
        assert_int_equal(ending.from_month,
                         cases[i].months == 0 ? 0 : month("2025-12") + 1 - cases[i].months);
        assert_int_equal(ending.refund.participant_vnd, cases[i].months * 264000);
        assert_int_equal(ending.refund.central_vnd, cases[i].months * 66000);
        assert_int_equal(coverage_months(&next.coverage), 6 - cases[i].months);
        assert_int_equal(next.months_supported, 6 - cases[i].months);
        assert_int_equal(next.end_reason, cases[i].reason);
        assert_int_equal(next.end_day, day_of(cases[i].on));
        assert_int_equal(next.changed_day, day_of(cases[i].on));
        assert_int_equal(next.payment.months, 0);
        assert_int_equal(citizen_months_paid(&next),
                         cases[i].reason == END_IS_ONE_OFF ? 0 : 6 - cases[i].months);
    }
}

static void a_lump_sum_is_refunded_with_its_own_discount(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_FUTURE_YEARS), next;
    struct ending ending;
    pay(&citizen, "2025-07", "2027-06", 7644801 - 24 * 66000, 24 * 66000);
    end(&citizen, END_IS_TO_COMPULSORY, "2025-07-10", &next, &ending);
    assert_int_equal(ending.months, 24);
    assert_int_equal(ending.refund.gross_vnd, 7644801);
    assert_int_equal(ending.refund.participant_vnd, 7644801 - 24 * 66000);
    end(&citizen, END_IS_DECEASED, "2026-06-30", &next, &ending);
    assert_int_equal(ending.months, 12);
    assert_true(ending.refund.gross_vnd < 7644801 / 2);
    assert_int_equal(ending.refund.central_vnd, 12 * 66000);
    assert_true(ending.refund.lines.n >= 3);
}

static void only_the_last_payment_is_refunded(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_QUARTERLY), next;
    struct ending ending;
    pay(&citizen, "2025-07", "2025-09", 3 * 264000, 3 * 66000);
    pay(&citizen, "2025-10", "2025-12", 3 * 264000, 3 * 66000);
    refuse_end(&citizen, END_IS_TO_COMPULSORY, "2025-09-30", -EPERM, "on", "want 2025-10-01");
    end(&citizen, END_IS_TO_COMPULSORY, "2025-10-01", &next, &ending);
    assert_int_equal(ending.months, 3);
    refuse_end(&citizen, END_IS_DECEASED, "2025-08-31", -EPERM, "on", "want 2025-09-01");
    end(&citizen, END_IS_DECEASED, "2025-09-01", &next, &ending);
    assert_int_equal(ending.months, 3);
    /* of a record from before payments were kept nothing is known */
    citizen.payment.months = 0;
    refuse_end(&citizen, END_IS_DECEASED, "2025-11-30", -EPERM, "on", "want 2025-12-01");
    end(&citizen, END_IS_DECEASED, "2025-12-01", &next, &ending);
    assert_int_equal(ending.months, 0);
}

static void an_end_is_one_of_the_known_ones_and_the_last(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next;
    struct ending ending;
    refuse_end(&citizen, 0, "2025-09-01", -EINVAL, "reason", "END_REASON_TO_COMPULSORY");
    refuse_end(&citizen, -1, "2025-09-01", -EINVAL, "reason", "");
    refuse_end(&citizen, END_REASONS, "2025-09-01", -EINVAL, "reason", "");
    refuse_end(&citizen, END_IS_PENSION, "2025-07-09", -EINVAL, "on", "before the last change");
    citizen.bill.months = 1;
    citizen.lump_months = 24;
    end(&citizen, END_IS_PENSION, "2025-09-01", &next, &ending);
    assert_int_equal(next.bill.months, 0);
    assert_int_equal(next.bill_number, 2);
    assert_int_equal(next.lump_months, 0);
    refuse_end(&next, END_IS_DECEASED, "2025-10-01", -EPERM, "participant_id",
               "has ended on 2025-09-01");
}

static void no_refund_is_known_before_its_law(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_HALF_YEARLY);
    citizen.enrolled_day = citizen.declared_day = citizen.changed_day = day_of("2025-01-10");
    pay(&citizen, "2025-01", "2025-06", 6 * 264000, 6 * 66000);
    refuse_end(&citizen, END_IS_DECEASED, "2025-03-01", -ERANGE, "on", "2025-03-01");
}

/* --- the way back ----------------------------------------------------------------------------- */

static void who_has_left_may_come_back(void **state)
{
    (void)state;
    static const struct {
        enum end_reason reason;
        int rc;
    } cases[] = {{END_NONE, -EEXIST},      {END_IS_TO_COMPULSORY, 0}, {END_IS_ONE_OFF, 0},
                 {END_IS_PENSION, -EPERM}, {END_IS_DECEASED, -EPERM}, {END_IS_WITHDRAWN, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct citizen citizen = somebody(METHOD_IS_MONTHLY);
        struct err err = {0};
        citizen.end_reason = (uint8_t)cases[i].reason;
        citizen.end_day = day_of("2025-09-15");
        assert_int_equal(return_check(&citizen, day_of("2025-09-15"), &err), cases[i].rc);
        assert_string_equal(err.field, cases[i].rc == 0 ? "" : "personal_id");
        if (cases[i].rc != 0)
            continue;
        assert_int_equal(return_check(&citizen, day_of("2025-09-14"), &err), -EINVAL);
        assert_string_equal(err.field, "enrolled_on");
    }
}

static void what_was_paid_before_is_kept(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY), next = {0};
    pay(&citizen, "2025-07", "2025-07", 264000, 66000);
    citizen.months_missing = 3;
    citizen.months_settled = 1;
    citizen.months_supported_earlier = 1;
    citizen.end_reason = END_IS_WITHDRAWN;
    return_keep(&citizen, &next);
    assert_int_equal(citizen_months_paid(&next), 3);
    assert_int_equal(next.has_paid, 1);
    assert_int_equal(next.months_supported, 1);
    assert_int_equal(next.months_supported_earlier, 1);
    assert_int_equal(next.bill_number, 1);
    assert_int_equal(next.end_reason, END_NONE);
    assert_int_equal(next.payment.months, 0);
}

/* --- the office's decision ---------------------------------------------------------------------
 */

static void decide(const struct citizen *before, const char *date, int is_returned,
                   struct citizen *ret)
{
    const struct acceptance request = {is_returned, day_of(date)};
    struct err err = {0};
    if (acceptance_decide(before, &request, ret, &err) != 0)
        fail_msg("refused: %s: %s", err.field, err.text);
}

static void decision_refused(const struct citizen *before, const char *date, int is_returned,
                             int rc, const char *field, const char *said)
{
    const struct acceptance request = {is_returned, day_of(date)};
    struct citizen next;
    struct err err = {0};
    assert_int_equal(acceptance_decide(before, &request, &next, &err), rc);
    assert_string_equal(err.field, field);
    assert_non_null(strstr(err.text, said));
}

static void a_declaration_is_accepted_once(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_QUARTERLY), next;
    pay(&citizen, "2025-07", "2025-09", 1, 1);
    decision_refused(&citizen, "2025-07-09", 0, -EINVAL, "decided_on", "enrolment, 2025-07-10");
    decide(&citizen, "2025-07-15", 0, &next);
    assert_int_equal(next.accepted_day, day_of("2025-07-15"));
    next.accepted_day = 0; /* and nothing else has changed */
    assert_memory_equal(&next, &citizen, sizeof(next));
    citizen.accepted_day = day_of("2025-07-15");
    decision_refused(&citizen, "2025-07-16", 0, -EPERM, "decision", "on 2025-07-15");
}

static void what_was_accepted_may_be_returned(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_QUARTERLY), next;
    decision_refused(&citizen, "2025-07-09", 1, -EINVAL, "decided_on", "enrolment");
    decide(&citizen, "2025-07-10", 1, &next);
    assert_int_equal(next.accepted_day, 0);
    decide(&citizen, "2025-07-15", 0, &citizen);
    decision_refused(&citizen, "2025-07-14", 1, -EINVAL, "decided_on", "acceptance, 2025-07-15");
    decide(&citizen, "2025-07-15", 1, &next);
    assert_int_equal(next.accepted_day, 0);
}

static void who_has_left_is_decided_on_no_more(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_QUARTERLY), next = {0};
    decide(&citizen, "2025-07-15", 0, &citizen);
    citizen.end_reason = END_IS_WITHDRAWN;
    citizen.end_day = day_of("2025-08-01");
    decision_refused(&citizen, "2025-08-02", 0, -EPERM, "participant_id", "2025-08-01");
    decision_refused(&citizen, "2025-08-02", 1, -EPERM, "participant_id", "2025-08-01");
    return_keep(&citizen, &next);
    assert_int_equal(next.accepted_day, 0);
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(nothing_is_no_change),
    WITH_POLICY(terms_change_when_nothing_is_paid_ahead),
    WITH_POLICY(terms_hold_until_their_months_are_over),
    WITH_POLICY(group_and_commune_change_at_any_time),
    WITH_POLICY(the_same_terms_may_be_declared_again),
    WITH_POLICY(a_change_is_not_before_the_last_one),
    WITH_POLICY(new_terms_fit_the_law_of_their_day),
    WITH_POLICY(a_raised_floor_is_met_by_a_change),
    WITH_POLICY(an_income_between_the_steps_is_warned_of),
    WITH_POLICY(a_lump_sum_is_declared_with_its_months),
    WITH_POLICY(missing_months_depend_on_age_and_months_paid),
    WITH_POLICY(years_ahead_depend_on_age_and_months_paid),
    WITH_POLICY(an_open_bill_is_dropped),
    WITH_POLICY(unused_months_are_refunded_without_the_support),
    WITH_POLICY(a_lump_sum_is_refunded_with_its_own_discount),
    WITH_POLICY(only_the_last_payment_is_refunded),
    WITH_POLICY(an_end_is_one_of_the_known_ones_and_the_last),
    WITH_POLICY(no_refund_is_known_before_its_law),
    cmocka_unit_test(who_has_left_may_come_back),
    cmocka_unit_test(what_was_paid_before_is_kept),
    cmocka_unit_test(a_declaration_is_accepted_once),
    cmocka_unit_test(what_was_accepted_may_be_returned),
    cmocka_unit_test(who_has_left_is_decided_on_no_more),
};

TEST_MAIN(tests)
