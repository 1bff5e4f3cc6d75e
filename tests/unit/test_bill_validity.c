#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "services/payments/payments_rules.h"
#include "tests/support/billed.h"
#include "tests/support/law.h"

/* --- for how long --- */

static void a_bill_ends_where_rules_change(void **state)
{
    (void)state;
    int32_t first, last;
    struct policy *changed = malloc(sizeof(*changed));
    *changed = *law;
    changed->tables[POLICY_LOCAL_AMOUNT] = (struct policy_table){
        .rows = {{day_of("2025-11-10"), day_of("2025-11-20"), policy_province_key(15, GROUP_OTHER),
                  10000, 0, "Resolution of a test", ""}},
        .n = 1};
    static const struct {
        const char *day, *first, *last;
    } cases[] = {
        {"2025-10-31", "2025-10-01", "2025-10-31"}, {"2025-11-01", "2025-11-01", "2025-11-09"},
        {"2025-11-09", "2025-11-01", "2025-11-09"}, {"2025-11-10", "2025-11-10", "2025-11-20"},
        {"2025-11-20", "2025-11-10", "2025-11-20"}, {"2025-11-21", "2025-11-21", "2025-11-30"},
        {"2025-12-01", "2025-12-01", "2025-12-31"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct citizen citizen = somebody();
        struct citizen_bill made;
        bill_window(changed, 0, day_of(cases[i].day), &first, &last);
        assert_int_equal(first, day_of(cases[i].first));
        assert_int_equal(last, day_of(cases[i].last));
        assert_int_equal(bill_make(changed, &citizen, &nowhere, day_of(cases[i].day), &made, NULL),
                         0);
        assert_int_equal(made.valid_until_day, last);
        citizen.bill = made;
        citizen.bill_number = 1;
        assert_int_equal(bill_judge(changed, &citizen, 1, first - 1), BILL_EARLY);
        assert_int_equal(bill_judge(changed, &citizen, 1, first), BILL_PAYABLE);
        assert_int_equal(bill_judge(changed, &citizen, 1, last), BILL_PAYABLE);
        assert_int_equal(bill_judge(changed, &citizen, 1, last + 1), BILL_EXPIRED);
        assert_int_equal(bill_is_current(changed, &citizen, first), 1);
        assert_int_equal(bill_is_current(changed, &citizen, last + 1), 0);
    }
    free(changed);
}

/* --- is it still the bill of a day --- */

static void an_open_bill_is_current_in_its_month(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    assert_int_equal(is_current(&citizen, "2025-11-15"), 0);
    bill(&citizen, "2025-11-15");
    assert_int_equal(is_current(&citizen, "2025-10-31"), 0);
    assert_int_equal(is_current(&citizen, "2025-11-01"), 1);
    assert_int_equal(is_current(&citizen, "2025-11-15"), 1);
    assert_int_equal(is_current(&citizen, "2025-11-30"), 1);
    assert_int_equal(is_current(&citizen, "2025-12-01"), 0);
    /* the same month of another year */
    assert_int_equal(is_current(&citizen, "2026-11-15"), 0);
    assert_int_equal(is_current(&citizen, "2024-11-15"), 0);
}

static void a_bill_for_other_months_is_not_current(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    bill(&citizen, "2025-11-15");
    struct citizen paid = citizen;
    cover(&paid, "2025-11", "2025-11");
    assert_int_equal(is_current(&paid, "2025-11-15"), 0);
    paid = citizen;
    cover(&paid, "2025-10", "2025-10");
    assert_int_equal(is_current(&paid, "2025-11-15"), 1);
    /* one that ends in the middle of its month, as older rules may have made it */
    citizen.bill.valid_until_day = day_of("2025-11-20");
    assert_int_equal(is_current(&citizen, "2025-11-20"), 1);
    assert_int_equal(is_current(&citizen, "2025-11-21"), 0);
}

/* --- may it be paid --- */

static void a_bill_is_payable_in_its_month_only(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    citizen.income_vnd = 2500000;
    bill(&citizen, "2026-02-10");
    assert_int_equal(judge(&citizen, 1, "2026-01-31"), BILL_EARLY);
    assert_int_equal(judge(&citizen, 1, "2026-02-01"), BILL_PAYABLE);
    assert_int_equal(judge(&citizen, 1, "2026-02-28"), BILL_PAYABLE);
    assert_int_equal(judge(&citizen, 1, "2026-03-01"), BILL_EXPIRED);
    bill(&citizen, "2028-02-01");
    assert_int_equal(judge(&citizen, 2, "2028-02-29"), BILL_PAYABLE);
    bill(&citizen, "2025-12-31");
    assert_int_equal(judge(&citizen, 3, "2025-12-31"), BILL_PAYABLE);
    assert_int_equal(judge(&citizen, 3, "2026-01-01"), BILL_EXPIRED);
    assert_int_equal(judge(&citizen, 3, "2025-11-30"), BILL_EARLY);
}

static void only_the_newest_bill_is_payable(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    const char *day = "2025-11-30";
    assert_int_equal(judge(&citizen, 1, day), BILL_UNKNOWN);
    bill(&citizen, "2025-10-20");
    assert_int_equal(judge(&citizen, 2, day), BILL_UNKNOWN);
    bill(&citizen, "2025-11-30");
    assert_int_equal(judge(&citizen, 1, day), BILL_REPLACED);
    assert_int_equal(judge(&citizen, 2, day), BILL_PAYABLE);
    assert_int_equal(judge(&citizen, 3, day), BILL_UNKNOWN);
    settle(&citizen, day);
    assert_int_equal(judge(&citizen, 1, day), BILL_REPLACED);
    assert_int_equal(judge(&citizen, 2, day), BILL_PAID);
    assert_int_equal(judge(&citizen, 3, day), BILL_UNKNOWN);
    bill(&citizen, "2025-12-01");
    assert_int_equal(judge(&citizen, 2, "2025-12-01"), BILL_REPLACED);
    assert_int_equal(judge(&citizen, 3, "2025-12-01"), BILL_PAYABLE);
}

static void what_is_wrong_with_the_bill_comes_before_the_day(void **state)
{
    (void)state;
    struct citizen citizen = somebody();
    bill(&citizen, "2025-11-30");
    settle(&citizen, "2025-11-30");
    assert_int_equal(judge(&citizen, 1, "2026-11-30"), BILL_PAID);
    bill(&citizen, "2025-12-31");
    assert_int_equal(judge(&citizen, 1, "2026-11-30"), BILL_REPLACED);
    assert_int_equal(judge(&citizen, 3, "2026-11-30"), BILL_UNKNOWN);
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(a_bill_ends_where_rules_change),
    WITH_POLICY(an_open_bill_is_current_in_its_month),
    WITH_POLICY(a_bill_for_other_months_is_not_current),
    WITH_POLICY(a_bill_is_payable_in_its_month_only),
    WITH_POLICY(only_the_newest_bill_is_payable),
    WITH_POLICY(what_is_wrong_with_the_bill_comes_before_the_day),
};

TEST_MAIN(tests)
