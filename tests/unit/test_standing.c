#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/domain/standing.h"
#include "tests/support/law.h"

#define ROUNDS 20000

static uint32_t month(const char *text)
{
    int32_t value = 0;
    if (text[0] != '\0')
        assert_int_equal(month_parse(text, &value), 0);
    return (uint32_t)value;
}

static struct citizen somebody(enum method method, const char *enrolled_on)
{
    int32_t day = day_of(enrolled_on);
    return (struct citizen){
        .method = (uint8_t)method, .enrolled_day = day, .declared_day = day, .changed_day = day};
}

static void cover(struct citizen *citizen, const char *from, const char *to)
{
    assert_int_equal(
        coverage_add(&citizen->coverage, (struct month_range){month(from), month(to)}, NULL), 0);
    citizen->has_paid = 1;
}

static void expect(const struct citizen *citizen, const char *date, enum standing_state wanted,
                   const char *until, const char *from_month, const char *due_on)
{
    struct standing standing;
    char due[DATE_TEXT_BYTES] = "";
    assert_int_equal(standing_on(law, citizen, day_of(date), &standing, NULL), 0);
    if (standing.state != wanted)
        fail_msg("%s: state %d, not %d", date, (int)standing.state, (int)wanted);
    assert_int_equal(standing.until, month(until));
    assert_int_equal(standing.from_month, month(from_month));
    if (standing.due_day != 0)
        date_format(standing.due_day, due);
    assert_string_equal(due, due_on);
    assert_true(standing.deadline->citation[0] != '\0');
}

/* --- Law 41/2024/QH15, article 36(3) --- */

static void a_month_is_due_within_it(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY, "2026-01-10");
    expect(&citizen, "2026-01-31", STANDING_DECLARED, "", "2026-01", "2026-01-31");
    expect(&citizen, "2026-02-01", STANDING_DECLARED, "", "2026-02", "");
    cover(&citizen, "2026-02", "2026-02");
    expect(&citizen, "2026-01-31", STANDING_DECLARED, "", "2026-01", "2026-01-31");
    expect(&citizen, "2026-02-01", STANDING_ACTIVE, "2026-02", "2026-03", "2026-03-31");
    expect(&citizen, "2026-02-28", STANDING_ACTIVE, "2026-02", "2026-03", "2026-03-31");
    expect(&citizen, "2026-03-01", STANDING_DUE, "2026-02", "2026-03", "2026-03-31");
    expect(&citizen, "2026-03-31", STANDING_DUE, "2026-02", "2026-03", "2026-03-31");
    expect(&citizen, "2026-04-01", STANDING_LAPSED, "2026-02", "2026-04", "");
}

static void three_months_are_due_within_three(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_QUARTERLY, "2026-01-10");
    expect(&citizen, "2026-03-31", STANDING_DECLARED, "", "2026-01", "2026-03-31");
    expect(&citizen, "2026-04-01", STANDING_DECLARED, "", "2026-04", "");
    cover(&citizen, "2026-01", "2026-03");
    expect(&citizen, "2026-03-31", STANDING_ACTIVE, "2026-03", "2026-04", "2026-06-30");
    expect(&citizen, "2026-04-01", STANDING_DUE, "2026-03", "2026-04", "2026-06-30");
    expect(&citizen, "2026-06-30", STANDING_DUE, "2026-03", "2026-04", "2026-06-30");
    expect(&citizen, "2026-07-01", STANDING_LAPSED, "2026-03", "2026-07", "");
}

static void six_months_are_due_within_the_first_four(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_HALF_YEARLY, "2025-09-10");
    expect(&citizen, "2025-12-31", STANDING_DECLARED, "", "2025-09", "2025-12-31");
    expect(&citizen, "2026-01-01", STANDING_DECLARED, "", "2026-01", "");
    cover(&citizen, "2025-09", "2026-02");
    expect(&citizen, "2026-02-28", STANDING_ACTIVE, "2026-02", "2026-03", "2026-06-30");
    expect(&citizen, "2026-06-30", STANDING_DUE, "2026-02", "2026-03", "2026-06-30");
    expect(&citizen, "2026-07-01", STANDING_LAPSED, "2026-02", "2026-07", "");
}

static void twelve_months_are_due_within_the_first_seven(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_YEARLY, "2025-01-10");
    expect(&citizen, "2025-07-31", STANDING_DECLARED, "", "2025-01", "2025-07-31");
    expect(&citizen, "2025-08-01", STANDING_DECLARED, "", "2025-08", "");
    cover(&citizen, "2025-01", "2025-12");
    expect(&citizen, "2025-12-31", STANDING_ACTIVE, "2025-12", "2026-01", "2026-07-31");
    expect(&citizen, "2026-07-31", STANDING_DUE, "2025-12", "2026-01", "2026-07-31");
    expect(&citizen, "2026-08-01", STANDING_LAPSED, "2025-12", "2026-08", "");
}

static void the_deadline_comes_from_the_table(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_HALF_YEARLY, "2025-09-10");
    struct standing standing;
    assert_int_equal(standing_on(law, &citizen, day_of("2025-09-10"), &standing, NULL), 0);
    assert_string_equal(standing.deadline->citation, "Law 41/2024/QH15, article 36(3)");
    assert_int_equal(standing_on(law, &citizen, day_of("2025-06-30"), &standing, NULL), 0);
    assert_string_equal(standing.deadline->citation, "Decree 134/2015/ND-CP");
    struct err err = {0};
    assert_int_equal(standing_on(law, &citizen, day_of("2015-12-31"), &standing, &err), -ERANGE);
    assert_string_equal(err.field, "on");
    citizen.method = METHOD_NONE;
    assert_int_equal(standing_on(law, &citizen, day_of("2025-09-10"), &standing, &err), -ERANGE);
}

/* --- lump sums --- */

static void future_years_cover_the_months_ahead(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_FUTURE_YEARS, "2025-09-10");
    citizen.lump_months = 24;
    expect(&citizen, "2025-09-30", STANDING_DECLARED, "", "2025-09", "2025-09-30");
    expect(&citizen, "2025-10-01", STANDING_DECLARED, "", "2025-10", "");
    citizen.lump_months = 0;
    cover(&citizen, "2025-09", "2027-08");
    expect(&citizen, "2026-09-01", STANDING_ACTIVE, "2027-08", "2027-09", "2027-09-30");
    expect(&citizen, "2027-09-30", STANDING_DUE, "2027-08", "2027-09", "2027-09-30");
    expect(&citizen, "2027-10-01", STANDING_LAPSED, "2027-08", "2027-10", "");
}

static void missing_months_cover_no_month_and_end_what_is_due(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY, "2020-01-10");
    cover(&citizen, "2020-01", "2025-08");
    citizen.method = METHOD_IS_MISSING_MONTHS;
    citizen.declared_day = citizen.changed_day = day_of("2025-10-05");
    citizen.lump_months = 12;
    expect(&citizen, "2025-09-30", STANDING_DUE, "2025-08", "2025-09", "2025-09-30");
    expect(&citizen, "2025-10-31", STANDING_DUE, "2025-08", "2025-10", "2025-10-31");
    expect(&citizen, "2025-11-01", STANDING_LAPSED, "2025-08", "2025-11", "");
    citizen.lump_months = 0;
    citizen.months_missing = 12;
    expect(&citizen, "2025-10-31", STANDING_COMPLETE, "2025-08", "", "");
    expect(&citizen, "2035-10-31", STANDING_COMPLETE, "2025-08", "", "");
    /* before it was declared nothing of it was known */
    expect(&citizen, "2025-08-31", STANDING_ACTIVE, "2025-08", "2025-09", "2025-09-30");
}

/* --- gaps, changes, ends --- */

static void after_a_lapse_the_gap_stays(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_QUARTERLY, "2025-01-10");
    cover(&citizen, "2025-01", "2025-03");
    cover(&citizen, "2025-08", "2025-10");
    expect(&citizen, "2025-04-30", STANDING_DUE, "2025-03", "2025-04", "2025-06-30");
    expect(&citizen, "2025-07-31", STANDING_LAPSED, "2025-03", "2025-07", "");
    expect(&citizen, "2025-08-01", STANDING_ACTIVE, "2025-10", "2025-11", "2026-01-31");
}

static void registering_again_begins_a_period(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_HALF_YEARLY, "2025-01-10");
    cover(&citizen, "2025-01", "2025-06");
    citizen.declared_day = citizen.changed_day = day_of("2025-12-15");
    expect(&citizen, "2025-11-30", STANDING_LAPSED, "2025-06", "2025-11", "");
    expect(&citizen, "2025-12-15", STANDING_DUE, "2025-06", "2025-12", "2026-03-31");
    expect(&citizen, "2026-03-31", STANDING_DUE, "2025-06", "2025-12", "2026-03-31");
    expect(&citizen, "2026-04-01", STANDING_LAPSED, "2025-06", "2026-04", "");
    /* the period before may still be paid until it is declared anew, not after */
    citizen.declared_day = citizen.changed_day = day_of("2025-09-15");
    expect(&citizen, "2025-08-31", STANDING_DUE, "2025-06", "2025-07", "2025-10-31");
    expect(&citizen, "2025-10-31", STANDING_DUE, "2025-06", "2025-09", "2025-12-31");
    expect(&citizen, "2025-11-01", STANDING_DUE, "2025-06", "2025-09", "2025-12-31");
}

static void a_longer_method_does_not_bring_back_what_lapsed(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY, "2025-01-10");
    cover(&citizen, "2025-01", "2025-01");
    expect(&citizen, "2025-06-09", STANDING_LAPSED, "2025-01", "2025-06", "");
    citizen.method = METHOD_IS_YEARLY;
    citizen.declared_day = citizen.changed_day = day_of("2025-06-10");
    expect(&citizen, "2025-06-10", STANDING_DUE, "2025-01", "2025-06", "2025-12-31");
}

static void who_comes_back_owes_nothing_of_the_time_between(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_HALF_YEARLY, "2025-09-10");
    cover(&citizen, "2025-01", "2025-06");
    expect(&citizen, "2025-09-30", STANDING_DUE, "2025-06", "2025-09", "2025-12-31");
    expect(&citizen, "2026-01-01", STANDING_LAPSED, "2025-06", "2026-01", "");
    citizen = somebody(METHOD_IS_HALF_YEARLY, "2025-07-10");
    cover(&citizen, "2025-01", "2025-06");
    expect(&citizen, "2025-09-30", STANDING_DUE, "2025-06", "2025-07", "2025-10-31");
}

static void an_end_is_the_end(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY, "2025-01-10");
    cover(&citizen, "2025-01", "2025-10");
    citizen.end_reason = END_IS_WITHDRAWN;
    citizen.end_day = day_of("2025-10-20");
    expect(&citizen, "2025-10-19", STANDING_ACTIVE, "2025-10", "2025-11", "2025-11-30");
    expect(&citizen, "2025-10-20", STANDING_ENDED, "2025-10", "", "");
    expect(&citizen, "2026-10-20", STANDING_ENDED, "2025-10", "", "");
}

static void of_months_that_are_only_counted_nothing_is_said(void **state)
{
    (void)state;
    struct citizen citizen = somebody(METHOD_IS_MONTHLY, "2025-01-10");
    struct standing standing;
    struct err err = {0};
    citizen.coverage.n_older = 5;
    cover(&citizen, "2025-10", "2025-10");
    assert_int_equal(standing_on(law, &citizen, day_of("2025-09-30"), &standing, &err), -ERANGE);
    assert_string_equal(err.field, "on");
    assert_non_null(strstr(err.text, "before 2025-10"));
    expect(&citizen, "2025-10-01", STANDING_ACTIVE, "2025-10", "2025-11", "2025-11-30");
}

/* --- properties --- */

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static enum standing_state state_on(const struct citizen *citizen, int32_t day)
{
    struct standing standing;
    assert_int_equal(standing_on(law, citizen, day, &standing, NULL), 0);
    return standing.state;
}

/* Whatever was paid and declared: one payment more makes no day's state a lesser one. */
static void a_payment_never_makes_a_state_worse(void **state)
{
    (void)state;
    uint64_t seed = 5;
    const int32_t first = day_of("2025-07-01");
    for (int round = 0; round < ROUNDS; round++) {
        struct citizen citizen =
            somebody((enum method)(1 + next(&seed) % METHOD_IS_MISSING_MONTHS), "2025-07-01");
        if (next(&seed) % 2 == 0)
            citizen.declared_day = citizen.changed_day = first + (int32_t)(next(&seed) % 1000);
        for (int payment = 0; payment < COVERAGE_RANGES_MAX; payment++) {
            struct citizen before = citizen;
            uint32_t from = (uint32_t)month_of_day(first) + (uint32_t)(next(&seed) % 40);
            struct month_range months = {from, from + (uint32_t)(next(&seed) % 12)};
            if (next(&seed) % 8 == 0)
                citizen.months_missing += 12;
            else if (coverage_add(&citizen.coverage, months, NULL) < 0)
                continue;
            citizen.has_paid = 1;
            for (int i = 0; i < 20; i++) {
                int32_t day = first + (int32_t)(next(&seed) % 1500);
                assert_true(state_on(&citizen, day) >= state_on(&before, day));
            }
        }
    }
}

/* What is said to be due next is what makes the day's month, or the next one to pay, covered. */
static void paying_what_is_due_makes_active(void **state)
{
    (void)state;
    static const uint32_t months[] = {[METHOD_IS_MONTHLY] = 1,
                                      [METHOD_IS_QUARTERLY] = 3,
                                      [METHOD_IS_HALF_YEARLY] = 6,
                                      [METHOD_IS_YEARLY] = 12};
    uint64_t seed = 6;
    for (int round = 0; round < ROUNDS; round++) {
        enum method method = (enum method)(1 + next(&seed) % METHOD_IS_YEARLY);
        struct citizen citizen = somebody(method, "2025-07-01");
        int32_t day = day_of("2025-07-01");
        for (int payment = 0; payment < 12; payment++) {
            struct standing standing;
            day += (int32_t)(next(&seed) % 400);
            assert_int_equal(standing_on(law, &citizen, day, &standing, NULL), 0);
            if (standing.state == STANDING_ACTIVE)
                continue;
            struct month_range range = {standing.from_month,
                                        standing.from_month + months[method] - 1};
            assert_int_equal(coverage_add(&citizen.coverage, range, NULL), 0);
            citizen.has_paid = 1;
            assert_int_equal(state_on(&citizen, day), STANDING_ACTIVE);
            if (standing.due_day != 0)
                assert_true(standing.due_day >= day);
        }
    }
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(a_month_is_due_within_it),
    WITH_POLICY(three_months_are_due_within_three),
    WITH_POLICY(six_months_are_due_within_the_first_four),
    WITH_POLICY(twelve_months_are_due_within_the_first_seven),
    WITH_POLICY(the_deadline_comes_from_the_table),
    WITH_POLICY(future_years_cover_the_months_ahead),
    WITH_POLICY(missing_months_cover_no_month_and_end_what_is_due),
    WITH_POLICY(after_a_lapse_the_gap_stays),
    WITH_POLICY(registering_again_begins_a_period),
    WITH_POLICY(a_longer_method_does_not_bring_back_what_lapsed),
    WITH_POLICY(who_comes_back_owes_nothing_of_the_time_between),
    WITH_POLICY(an_end_is_the_end),
    WITH_POLICY(of_months_that_are_only_counted_nothing_is_said),
    WITH_POLICY(a_payment_never_makes_a_state_worse),
    WITH_POLICY(paying_what_is_due_makes_active),
};

TEST_MAIN(tests)
