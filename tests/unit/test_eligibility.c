#include "tests/support/test.h"
#include "tests/support/said.h"

#include <errno.h>

#include "common/domain/calendar.h"
#include "common/domain/eligibility.h"
#include "tests/support/law.h"

static struct eligibility_request born(const char *birth, const char *date)
{
    struct eligibility_request request = {0};
    assert_int_equal(date_parse(birth, &request.birth_day), 0);
    assert_int_equal(date_parse(date, &request.on_day), 0);
    return request;
}

static struct eligibility check(const struct eligibility_request *request)
{
    struct eligibility found;
    assert_int_equal(eligibility_check(law, request, &found, NULL), 0);
    return found;
}

static void from_15_years_on_and_without_an_upper_age(void **state)
{
    (void)state;
    struct eligibility_request request = born("2011-03-02", "2026-03-01");
    struct eligibility found = check(&request);
    assert_int_equal(found.lines.n, 1);
    assert_int_equal(found.bars[0], BAR_AGE);
    assert_string_equal(said(&found.lines.rows[0]), "14 years old, must be at least 15");
    assert_string_equal(found.lines.rows[0].row->citation, "Law 41/2024/QH15, article 2(4)");
    request = born("2011-03-01", "2026-03-01");
    assert_int_equal(check(&request).lines.n, 0);
    request = born("1926-03-01", "2026-03-01");
    assert_int_equal(check(&request).lines.n, 0);
}

static void each_bar_is_named_with_the_law(void **state)
{
    (void)state;
    static const char *const words[ELIGIBILITY_BARS] = {
        [BAR_COMPULSORY_SI] = "takes part in compulsory social insurance",
        [BAR_PENSION] = "draws a pension",
        [BAR_ALLOWANCE] = "draws a monthly social insurance allowance",
        [BAR_FOREIGN_CITIZEN] = "is not a citizen of Viet Nam"};
    for (enum eligibility_bar bar = BAR_COMPULSORY_SI; bar < ELIGIBILITY_BARS; bar++) {
        struct eligibility_request request = born("1985-05-17", "2026-03-01");
        request.has[bar] = 1;
        struct eligibility found = check(&request);
        assert_int_equal(found.lines.n, 1);
        assert_int_equal(found.bars[0], bar);
        assert_string_equal(said(&found.lines.rows[0]), words[bar]);
        assert_string_equal(found.lines.rows[0].row->citation, "Law 41/2024/QH15, article 2(4)");
    }
}

static void all_bars_are_told_at_once(void **state)
{
    (void)state;
    struct eligibility_request request = born("2015-05-17", "2026-03-01");
    for (enum eligibility_bar bar = BAR_AGE; bar < ELIGIBILITY_BARS; bar++)
        request.has[bar] = 1;
    struct eligibility found = check(&request);
    assert_int_equal(found.lines.n, ELIGIBILITY_BARS - 1);
    for (size_t i = 0; i < found.lines.n; i++)
        assert_int_equal(found.bars[i], BAR_AGE + i);
}

static void the_bars_are_those_of_the_day(void **state)
{
    (void)state;
    struct eligibility_request request = born("1985-05-17", "2025-06-30");
    request.has[BAR_COMPULSORY_SI] = 1;
    struct eligibility found = check(&request);
    assert_int_equal(found.lines.n, 1);
    assert_string_equal(found.lines.rows[0].row->citation, "Law 58/2014/QH13, article 2(4)");
}

static void days_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    struct eligibility found;
    struct err err = {0};
    struct eligibility_request request = born("2026-03-02", "2026-03-01");
    assert_int_equal(eligibility_check(law, &request, &found, &err), -EINVAL);
    assert_string_equal(err.field, "birth_date");
    request = born("1985-05-17", "2015-12-31");
    assert_int_equal(eligibility_check(law, &request, &found, &err), -ERANGE);
    assert_string_equal(err.field, "on");
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(from_15_years_on_and_without_an_upper_age),
    WITH_POLICY(each_bar_is_named_with_the_law),
    WITH_POLICY(all_bars_are_told_at_once),
    WITH_POLICY(the_bars_are_those_of_the_day),
    WITH_POLICY(days_that_make_no_sense_are_refused),
};

TEST_MAIN(tests)
