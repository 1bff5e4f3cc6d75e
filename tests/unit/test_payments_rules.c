#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "services/payments/payments_rules.h"
#include "tests/support/billed.h"
#include "tests/support/law.h"

static void refuse(const struct citizen *citizen, const char *date, int rc, const char *field,
                   const char *said)
{
    struct citizen_bill made = {.months = 99};
    struct err err = {0};
    assert_int_equal(bill_make(law, citizen, &nowhere, day_of(date), &made, &err), rc);
    assert_string_equal(err.field, field);
    if (strstr(err.text, said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, said);
    assert_int_equal(made.months, 99);
    assert_int_equal(bill_make(law, citizen, &nowhere, day_of(date), &made, NULL), rc);
}

/* --- bill ids --- */

static void bill_ids_read_back(void **state)
{
    (void)state;
    static const uint32_t numbers[] = {1, 9, 10, 99999, BILL_NUMBER_MAX};
    uint8_t citizen[ID_BYTES], back[ID_BYTES];
    uint32_t number;
    char text[BILL_ID_TEXT_BYTES];
    for (unsigned byte = 0; byte < 256; byte++) {
        memset(citizen, (int)byte, sizeof(citizen));
        citizen[0] = (uint8_t)(255 - byte);
        for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
            struct err err = {0};
            bill_id_format(citizen, numbers[i], text);
            assert_int_equal(bill_id_parse(text, back, &number, &err), 0);
            assert_memory_equal(back, citizen, sizeof(back));
            assert_int_equal(number, numbers[i]);
        }
    }
    memset(citizen, 0, sizeof(citizen));
    bill_id_format(citizen, 42, text);
    assert_string_equal(text, "00000000000000000000000000-42");
    bill_id_format(citizen, UINT32_MAX, text);
    assert_string_equal(text, "00000000000000000000000000-4294967295");
}

static void wrong_bill_ids_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "-",
        "-1",
        "00000000000000000000000000",
        "00000000000000000000000000-",
        "00000000000000000000000000-0",
        "00000000000000000000000000--1",
        "00000000000000000000000000-+1",
        "00000000000000000000000000- 1",
        "00000000000000000000000000-1 ",
        "00000000000000000000000000-1x",
        "00000000000000000000000000-1000001",
        "00000000000000000000000000-18446744073709551617",
        "0000000000000000000000000-1",
        "000000000000000000000000000-1",
        "Z0000000000000000000000000-1",
        "U0000000000000000000000000-1",
        "0000000000000000000000000\xc3\xa9-1",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        uint8_t citizen[ID_BYTES];
        uint32_t number;
        struct err err = {0};
        if (bill_id_parse(wrong[i], citizen, &number, &err) != -EINVAL)
            fail_msg("taken: \"%s\"", wrong[i]);
        assert_string_equal(err.field, "bill_id");
    }
}

/* --- business dates --- */

static void a_business_date_is_today_or_before(void **state)
{
    (void)state;
    int32_t today = day_of("2025-11-30"), day = -1;
    struct err err = {0};
    assert_int_equal(business_date_parse("", "on", today, &day, &err), 0);
    assert_int_equal(day, today);
    assert_int_equal(business_date_parse("2025-11-30", "on", today, &day, &err), 0);
    assert_int_equal(day, today);
    assert_int_equal(business_date_parse("2024-02-29", "on", today, &day, &err), 0);
    assert_int_equal(day, day_of("2024-02-29"));
    assert_int_equal(business_date_parse("2025-12-01", "paid_on", today, &day, &err), -EINVAL);
    assert_string_equal(err.field, "paid_on");
    assert_string_equal(err.text, "the date is in the future");
    static const char *const wrong[] = {"2025-02-29", "2025-11-31", "25-11-30",
                                        "2025-11-3",  "2025/11/30", "2025-11-30 "};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(business_date_parse(wrong[i], "on", today, &day, &err), -EINVAL);
        assert_string_equal(err.field, "on");
        assert_string_equal(err.text, "want a date as YYYY-MM-DD");
    }
}

/* --- making a bill --- */

static void a_bill_covers_its_month_and_ends_with_it(void **state)
{
    (void)state;
    static const struct {
        const char *on, *last;
    } cases[] = {{"2025-11-01", "2025-11-30"}, {"2025-11-30", "2025-11-30"},
                 {"2025-12-31", "2025-12-31"}, {"2026-02-01", "2026-02-28"},
                 {"2028-02-28", "2028-02-29"}, {"2028-02-29", "2028-02-29"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct citizen citizen = somebody();
        citizen.income_vnd = 2500000;
        bill(&citizen, cases[i].on);
        assert_int_equal(citizen.bill.from_month, month_of_day(day_of(cases[i].on)));
        assert_int_equal(citizen.bill.valid_until_day, day_of(cases[i].last));
        assert_int_equal(citizen.bill.months, 1);
        assert_int_equal(citizen.bill.months_supported, 1);
    }
}

static void a_bill_carries_the_four_pockets(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    citizen.method = METHOD_IS_QUARTERLY;
    bill(&citizen, "2025-11-30");
    assert_int_equal(citizen.bill.participant_vnd, 3 * (330000 - 66000));
    assert_int_equal(citizen.bill.central_vnd, 3 * 66000);
    assert_int_equal(citizen.bill.local_vnd, 0);
    assert_int_equal(citizen.bill.donor_vnd, 0);
    assert_int_equal(citizen.bill.months, 3);
    assert_int_equal(citizen.bill.months_supported, 3);
    citizen = somebody();
    citizen.months_supported = 119;
    citizen.method = METHOD_IS_YEARLY;
    bill(&citizen, "2025-11-30");
    assert_int_equal(citizen.bill.months, 12);
    assert_int_equal(citizen.bill.months_supported, 1);
    assert_int_equal(citizen.bill.central_vnd, 66000);
    struct citizen_bill special;
    citizen = somebody();
    assert_int_equal(bill_make(law, &citizen, &(struct bill_place){.is_special_zone = 1},
                               day_of("2025-11-30"), &special, NULL),
                     0);
    assert_int_equal(special.central_vnd, 165000);
}

/* A resolution that nobody has passed: 10 % of the contribution at the poverty line. */
static void a_bill_carries_what_the_province_adds(void **state)
{
    (void)state;
    struct policy *with_local = malloc(sizeof(*with_local));
    *with_local = *law;
    with_local->tables[POLICY_LOCAL_SUPPORT] =
        (struct policy_table){.rows = {{.to_day = INT32_MAX,
                                        .key = policy_province_key(15, GROUP_OTHER),
                                        .value = 1000,
                                        .citation = "Resolution of a test"}},
                              .n = 1};
    assert_int_equal(policy_check(with_local, NULL), 0);
    struct citizen citizen = somebody();
    citizen.income_vnd = 3550000;
    struct citizen_bill made;
    struct bill_place place = {.province = 15};
    assert_int_equal(bill_make(with_local, &citizen, &place, day_of("2025-11-30"), &made, NULL), 0);
    assert_int_equal(made.central_vnd, 66000);
    assert_int_equal(made.local_vnd, 33000);
    assert_int_equal(made.participant_vnd, 682000);
    place.province = 20;
    assert_int_equal(bill_make(with_local, &citizen, &place, day_of("2025-11-30"), &made, NULL), 0);
    assert_int_equal(made.local_vnd, 0);
    free(with_local);
}

static void a_bill_begins_after_the_last_month_covered(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    cover(&citizen, "2025-11", "2025-11");
    bill(&citizen, "2025-12-01");
    assert_int_equal(citizen.bill.from_month, (uint32_t)month_of("2025-12"));
    /* it ends with the month in which it was asked for */
    assert_int_equal(citizen.bill.valid_until_day, day_of("2025-12-31"));
    citizen = somebody();
    cover(&citizen, "2025-09", "2025-09");
    bill(&citizen, "2025-11-30");
    assert_int_equal(citizen.bill.from_month, (uint32_t)month_of("2025-11"));
}

/* In time it covers the running period from its first month on, later it begins with its own. */
static void the_deadline_decides_on_the_first_month(void **state)
{
    (void)state;
    static const struct {
        enum method method;
        const char *on, *from;
    } cases[] = {
        {METHOD_IS_MONTHLY, "2026-01-31", "2026-01"},
        {METHOD_IS_MONTHLY, "2026-02-01", "2026-02"},
        {METHOD_IS_QUARTERLY, "2026-03-31", "2026-01"},
        {METHOD_IS_QUARTERLY, "2026-04-01", "2026-04"},
        {METHOD_IS_HALF_YEARLY, "2026-04-30", "2026-01"},
        {METHOD_IS_HALF_YEARLY, "2026-05-01", "2026-05"},
        {METHOD_IS_YEARLY, "2026-07-31", "2026-01"},
        {METHOD_IS_YEARLY, "2026-08-01", "2026-08"},
    };
    static const uint32_t months[] = {0, 1, 3, 6, 12};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct citizen citizen = somebody();
        citizen.method = (uint8_t)cases[i].method;
        cover(&citizen, "2025-11", "2025-12");
        bill(&citizen, cases[i].on);
        assert_int_equal(citizen.bill.from_month, (uint32_t)month_of(cases[i].from));
        assert_int_equal(citizen.bill.months, months[cases[i].method]);
        settle(&citizen, cases[i].on);
        assert_int_equal(coverage_until(&citizen.coverage),
                         (uint32_t)month_of(cases[i].from) + months[cases[i].method] - 1);
        assert_int_equal(citizen.coverage.n,
                         (uint32_t)month_of(cases[i].from) == (uint32_t)month_of("2026-01") ? 1
                                                                                            : 2);
    }
}

static void the_first_payment_covers_the_period_of_the_declaration(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    citizen.method = METHOD_IS_QUARTERLY;
    bill(&citizen, "2025-12-31");
    assert_int_equal(citizen.bill.from_month, (uint32_t)month_of("2025-10"));
    bill(&citizen, "2026-01-01");
    assert_int_equal(citizen.bill.from_month, (uint32_t)month_of("2026-01"));
}

static void no_bill_for_months_to_come(void **state)
{
    (void)state;
    static const struct {
        const char *to, *said;
    } cases[] = {{"2025-11", "2025-10 to 2025-11 are paid; the next bill is for 2025-12 on "
                             "(Law 41/2024/QH15, article 36(3))"},
                 {"2025-12", "2025-10 to 2025-12 are paid; the next bill is for 2026-01 on"},
                 {"2026-05", "2025-10 to 2026-05 are paid"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct citizen citizen = somebody();
        cover(&citizen, "2025-10", cases[i].to);
        refuse(&citizen, "2025-11-01", -ERANGE, "on", cases[i].said);
    }
}

static void no_bill_for_a_month_that_is_paid(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    citizen.method = METHOD_IS_QUARTERLY;
    cover(&citizen, "2025-12", "2026-02");
    /* two months are free before, three would be billed */
    refuse(&citizen, "2025-10-31", -ERANGE, "on", "2025-12 to 2026-02 are paid");
    citizen.method = METHOD_IS_MONTHLY;
    bill(&citizen, "2025-10-31");
    assert_int_equal(citizen.bill.from_month, (uint32_t)month_of("2025-10"));
    settle(&citizen, "2025-10-31");
    assert_int_equal(citizen.coverage.n, 2);
    /* what a refund is made of is the payment that reaches farthest */
    struct citizen later = citizen;
    later.coverage = (struct coverage){0};
    bill(&later, "2025-11-30");
    settle(&later, "2025-11-30");
    assert_int_equal(later.payment.from_month, (uint32_t)month_of("2025-11"));
    assert_int_equal(later.payment.paid_day, day_of("2025-11-30"));
    later.bill = citizen.payment;
    later.bill.valid_until_day = day_of("2025-10-31");
    settle(&later, "2025-10-31");
    assert_int_equal(later.payment.from_month, (uint32_t)month_of("2025-11"));
}

static void a_paid_month_is_not_settled_again(void **state)
{
    (void)state;
    struct citizen citizen = somebody(), next;
    bill(&citizen, "2025-11-30");
    cover(&citizen, "2025-11", "2025-11");
    assert_int_equal(bill_settle(&citizen, day_of("2025-11-30"), 0, &next), -EEXIST);
}

static void no_bill_before_the_enrolment(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    refuse(&citizen, "2025-10-14", -ERANGE, "on", "the date is before the enrolment");
    bill(&citizen, "2025-10-15");
    citizen.changed_day = day_of("2025-11-20");
    refuse(&citizen, "2025-11-19", -ERANGE, "on", "before the last change, of 2025-11-20");
    bill(&citizen, "2025-11-20");
}

static void no_bill_after_the_end(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    citizen.end_reason = END_IS_PENSION;
    citizen.end_day = day_of("2025-11-01");
    refuse(&citizen, "2025-11-30", -EPERM, "participant_id", "has ended on 2025-11-01");
}

static void no_bill_beyond_the_numbers(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    citizen.bill_number = BILL_NUMBER_MAX - 1;
    bill(&citizen, "2025-11-30");
    assert_int_equal(citizen.bill_number, BILL_NUMBER_MAX);
    refuse(&citizen, "2025-11-30", -ERANGE, "participant_id", "too many bills");
}

/* The poverty line rises: what was chosen is too little from then on. */
static void the_rules_of_the_day_may_refuse_a_bill(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    bill(&citizen, "2026-12-31");
    refuse(&citizen, "2027-01-01", -EPERM, "income_vnd",
           "too low: from 2,200,000 to 50,600,000 (Decree 351/2025/ND-CP); see "
           "Enrolment/ChangeContribution");
    refuse(&citizen, "2027-01-01", -EPERM, "income_vnd", "");
    citizen.enrolled_day = citizen.declared_day = citizen.changed_day = day_of("2015-01-01");
    refuse(&citizen, "2015-06-30", -ERANGE, "on", "the tables have no");
}

/* --- lump sums --- */

static void future_years_are_billed_as_one_sum(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    citizen.method = METHOD_IS_FUTURE_YEARS;
    citizen.lump_months = 24;
    bill(&citizen, "2025-10-31");
    assert_int_equal(citizen.bill.from_month, (uint32_t)month_of("2025-10"));
    assert_int_equal(citizen.bill.months, 24);
    assert_int_equal(citizen.bill.participant_vnd + citizen.bill.central_vnd, 7644801);
    assert_int_equal(citizen.bill.central_vnd, 24 * 66000);
    assert_int_equal(citizen.bill.valid_until_day, day_of("2025-10-31"));
    /* not in time: still billed, from its own month on */
    bill(&citizen, "2025-12-05");
    assert_int_equal(citizen.bill.from_month, (uint32_t)month_of("2025-12"));
    settle(&citizen, "2025-12-05");
    assert_int_equal(coverage_until(&citizen.coverage), (uint32_t)month_of("2027-11"));
    assert_int_equal(citizen.lump_months, 0);
    refuse(&citizen, "2026-12-05", -EPERM, "method", "Enrolment/ChangeContribution");
    refuse(&citizen, "2027-12-05", -EPERM, "method", "no months are open");
}

static void missing_months_are_billed_beside_the_calendar(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    cover(&citizen, "2025-10", "2025-11");
    citizen.method = METHOD_IS_MISSING_MONTHS;
    citizen.lump_months = 12;
    citizen.declared_day = citizen.changed_day = day_of("2025-11-20");
    bill(&citizen, "2025-11-25");
    assert_int_equal(citizen.bill.from_month, 0);
    assert_int_equal(citizen.bill.months, 12);
    assert_int_equal(citizen.bill.participant_vnd + citizen.bill.central_vnd, 4040708);
    assert_int_equal(is_current(&citizen, "2025-11-30"), 1);
    assert_int_equal(is_current(&citizen, "2025-12-01"), 0);
    settle(&citizen, "2025-11-25");
    assert_int_equal(citizen.months_missing, 12);
    assert_int_equal(citizen_months_paid(&citizen), 14);
    assert_int_equal(coverage_until(&citizen.coverage), (uint32_t)month_of("2025-11"));
    assert_int_equal(citizen.payment.months, 0);
    assert_int_equal(citizen.lump_months, 0);
    refuse(&citizen, "2025-12-01", -EPERM, "method", "no months are open");
}

static void months_beyond_the_limit_need_another_declaration(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    citizen.method = METHOD_IS_FUTURE_YEARS;
    citizen.lump_months = 72;
    refuse(&citizen, "2025-11-20", -EPERM, "months", "see Enrolment/ChangeContribution");
}

/* --- after it is paid --- */

static void paying_moves_the_cover(void **state)
{
    (void)state;
    struct citizen citizen = somebody(), before;
    static const struct citizen_bill none;
    citizen.method = METHOD_IS_YEARLY;
    citizen.months_supported = 115;
    citizen.coverage.n_older = 200;
    bill(&citizen, "2025-11-30");
    before = citizen;
    settle(&citizen, "2025-11-30");
    assert_int_equal(coverage_until(&citizen.coverage), (uint32_t)month_of("2026-09"));
    assert_int_equal(citizen_months_paid(&citizen), 212);
    assert_int_equal(citizen.months_supported, 120);
    assert_int_equal(citizen.months_supported_earlier, 0);
    assert_int_equal(citizen.has_paid, 1);
    assert_memory_equal(&citizen.bill, &none, sizeof(none));
    before.bill.paid_day = day_of("2025-11-30");
    assert_memory_equal(&citizen.payment, &before.bill, sizeof(none));
    /* nothing else changes; the version is the committer's business */
    assert_int_equal(citizen.version, before.version);
    assert_int_equal(citizen.bill_number, before.bill_number);
    assert_int_equal(citizen.commune, before.commune);
    assert_int_equal(citizen.income_vnd, before.income_vnd);
    assert_int_equal(citizen.enrolled_day, before.enrolled_day);
    assert_int_equal(citizen.method, before.method);
    assert_int_equal(citizen.support_group, before.support_group);
}

static void a_life_of_payments_has_no_gap_and_no_overlap(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    int64_t central_vnd = 0;
    citizen.income_vnd = 2500000;
    for (int i = 0; i < 130; i++) {
        char date[DATE_TEXT_BYTES];
        int32_t first = (int32_t)(uint32_t)month_of("2025-11") + i;
        date_format(month_last_day(first), date);
        bill(&citizen, date);
        assert_int_equal(citizen.bill.from_month, first);
        assert_int_equal(judge(&citizen, citizen.bill_number, date), BILL_PAYABLE);
        central_vnd += citizen.bill.central_vnd;
        settle(&citizen, date);
        assert_int_equal(coverage_until(&citizen.coverage), first);
    }
    assert_int_equal(citizen.coverage.n, 1);
    assert_int_equal(citizen_months_paid(&citizen), 130);
    assert_int_equal(citizen.months_supported, 120);
    /* November 2025 to December 2026 on the line of 1,500,000, the other 106 on 2,200,000 */
    assert_int_equal(central_vnd, 14 * 66000 + 106 * 96800);
}

/* --- the limit of the support --- */

static void support_under_a_limit_that_is_over_is_earlier(void **state)
{
    (void)state;
    int32_t today = day_of("2025-11-30");
    assert_int_equal(support_is_earlier(law, day_of("2025-06-30"), today), 1);
    assert_int_equal(support_is_earlier(law, day_of("2025-07-01"), today), 0);
    assert_int_equal(support_is_earlier(law, day_of("2025-06-30"), day_of("2025-06-30")), 0);
    assert_int_equal(support_is_earlier(law, day_of("2017-12-31"), today), 0);
    struct citizen citizen = somebody(), next;
    citizen.months_supported = 5;
    bill(&citizen, "2025-11-30");
    assert_int_equal(bill_settle(&citizen, day_of("2025-11-30"), 1, &next), 0);
    assert_int_equal(next.months_supported, 6);
    assert_int_equal(next.months_supported_earlier, 1);
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bill_ids_read_back),
    cmocka_unit_test(wrong_bill_ids_are_refused),
    cmocka_unit_test(a_business_date_is_today_or_before),
    WITH_POLICY(a_bill_covers_its_month_and_ends_with_it),
    WITH_POLICY(a_bill_carries_the_four_pockets),
    WITH_POLICY(a_bill_carries_what_the_province_adds),
    WITH_POLICY(a_bill_begins_after_the_last_month_covered),
    WITH_POLICY(the_deadline_decides_on_the_first_month),
    WITH_POLICY(the_first_payment_covers_the_period_of_the_declaration),
    WITH_POLICY(no_bill_for_months_to_come),
    WITH_POLICY(no_bill_for_a_month_that_is_paid),
    WITH_POLICY(a_paid_month_is_not_settled_again),
    WITH_POLICY(no_bill_before_the_enrolment),
    WITH_POLICY(no_bill_after_the_end),
    WITH_POLICY(no_bill_beyond_the_numbers),
    WITH_POLICY(the_rules_of_the_day_may_refuse_a_bill),
    WITH_POLICY(future_years_are_billed_as_one_sum),
    WITH_POLICY(missing_months_are_billed_beside_the_calendar),
    WITH_POLICY(months_beyond_the_limit_need_another_declaration),
    WITH_POLICY(support_under_a_limit_that_is_over_is_earlier),
    WITH_POLICY(paying_moves_the_cover),
    WITH_POLICY(a_life_of_payments_has_no_gap_and_no_overlap),
};

TEST_MAIN(tests)
