#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/commission.h"
#include "common/domain/identity.h"
#include "tests/support/illustrated.h"
#include "tests/support/said.h"

/* The deployed law has none; these rows are of no law. */
static void row_add(enum method method, int is_renewal, const char *from, const char *to,
                    int64_t basis_points)
{
    struct policy_table *table = &law->tables[POLICY_COMMISSION];
    struct policy_row *row = &table->rows[table->n++];
    *row = (struct policy_row){.from_day = day_of(from),
                               .to_day = to == NULL ? INT32_MAX : day_of(to),
                               .key = policy_renewal_key((int32_t)method, is_renewal),
                               .value = basis_points};
    strcpy(row->citation, "Decision of nobody");
}

static int with_rows(void **state)
{
    int rc = law_open(state);
    if (rc != 0)
        return rc;
    row_add(METHOD_IS_MONTHLY, 0, "2026-01-01", "2026-06-30", 1200);
    row_add(METHOD_IS_MONTHLY, 0, "2026-07-01", NULL, 1250);
    row_add(METHOD_IS_MONTHLY, 1, "2026-01-01", NULL, 400);
    row_add(METHOD_IS_YEARLY, 0, "2026-01-01", NULL, 2000);
    return policy_check(law, NULL);
}

static void the_deployed_law_has_no_commissions(void **state)
{
    (void)state;
    struct explain_lines lines = {0};
    for (enum method method = METHOD_NONE; method <= METHOD_IS_MISSING_MONTHS; method++) {
        assert_null(commission_on(law, method, 0, day_of("2026-03-01")));
        assert_int_equal(commission_of(law, method, 1, day_of("2026-03-01"), 264000, &lines), 0);
    }
    assert_int_equal(lines.n, 0);
}

static void method_renewal_and_day_choose_the_row(void **state)
{
    (void)state;
    assert_int_equal(commission_on(law, METHOD_IS_MONTHLY, 0, day_of("2026-06-30"))->value, 1200);
    assert_int_equal(commission_on(law, METHOD_IS_MONTHLY, 0, day_of("2026-07-01"))->value, 1250);
    assert_int_equal(commission_on(law, METHOD_IS_MONTHLY, 1, day_of("2026-07-01"))->value, 400);
    assert_int_equal(commission_on(law, METHOD_IS_YEARLY, 0, day_of("2026-07-01"))->value, 2000);
    assert_null(commission_on(law, METHOD_IS_YEARLY, 1, day_of("2026-07-01")));
    assert_null(commission_on(law, METHOD_IS_MONTHLY, 0, day_of("2025-12-31")));
    assert_null(commission_on(law, METHOD_IS_QUARTERLY, 0, day_of("2026-07-01")));
}

static void it_is_a_share_of_the_participants_part_and_says_so(void **state)
{
    (void)state;
    struct explain_lines lines = {0};
    assert_int_equal(commission_of(law, METHOD_IS_MONTHLY, 0, day_of("2026-03-01"), 264000, &lines),
                     31680);
    expect_line(&lines, 0, "commission", 31680, "12 % x 264,000, a new participant");
    assert_string_equal(said_vi(&lines.rows[0]), "12 % x 264.000, người tham gia mới");
    assert_string_equal(lines.rows[0].row->citation, "Decision of nobody");
    assert_int_equal(commission_of(law, METHOD_IS_MONTHLY, 1, day_of("2026-03-01"), 264000, &lines),
                     10560);
    expect_line(&lines, 1, "commission", 10560, "4 % x 264,000, who paid before");
}

static void it_is_rounded_half_up(void **state)
{
    (void)state;
    struct explain_lines lines = {0};
    int32_t day = day_of("2026-07-01"); /* 12.5 % */
    assert_int_equal(commission_of(law, METHOD_IS_MONTHLY, 0, day, 11, &lines), 1);
    assert_int_equal(commission_of(law, METHOD_IS_MONTHLY, 0, day, 12, &lines), 2); /* 1.5 */
    assert_int_equal(commission_of(law, METHOD_IS_MONTHLY, 0, day, 0, &lines), 0);
}

static const struct CMUnitTest tests[] = {
    WITH_LAW(the_deployed_law_has_no_commissions),
    cmocka_unit_test_setup_teardown(method_renewal_and_day_choose_the_row, with_rows, law_close),
    cmocka_unit_test_setup_teardown(it_is_a_share_of_the_participants_part_and_says_so, with_rows,
                                    law_close),
    cmocka_unit_test_setup_teardown(it_is_rounded_half_up, with_rows, law_close),
};

TEST_MAIN(tests)
