#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "services/payments/leaflet_rules.h"
#include "tests/support/law.h"

#define PROVINCE 15

static int32_t day(const char *text)
{
    int32_t ret;
    assert_int_equal(date_parse(text, &ret), 0);
    return ret;
}

static void expect_incomes(const char *date, const int64_t *vnd, size_t n)
{
    struct leaflet_incomes incomes;
    assert_int_equal(leaflet_incomes_on(law, day(date), &incomes, NULL), 0);
    assert_int_equal(incomes.n, n);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(incomes.vnd[i], vnd[i]);
    assert_int_equal(incomes.min_vnd, vnd[0]);
}

static void incomes_go_from_the_poverty_line_to_the_cap(void **state)
{
    (void)state;
    static const int64_t in_2026[] = {1500000, 2000000, 2500000,  3000000,  4000000,
                                      5000000, 7000000, 10000000, 20000000, 50600000};
    static const int64_t in_2027[] = {2200000, 2500000,  3000000,  4000000, 5000000,
                                      7000000, 10000000, 20000000, 50600000};
    static const int64_t in_2019[] = {700000,  2000000, 2500000,  3000000,  4000000,
                                      5000000, 7000000, 10000000, 20000000, 27800000};
    expect_incomes("2026-12-31", in_2026, ARRAY_LEN(in_2026));
    expect_incomes("2027-01-01", in_2027, ARRAY_LEN(in_2027));
    expect_incomes("2019-06-30", in_2019, ARRAY_LEN(in_2019));
}

/* Every income may be chosen: none between two steps, none beyond the cap. */
static void incomes_keep_to_the_step(void **state)
{
    (void)state;
    struct policy_row *step = &law->tables[POLICY_INCOME_STEP].rows[0];
    struct leaflet_incomes incomes;
    step->value = 300000;
    assert_int_equal(leaflet_incomes_on(law, day("2026-12-01"), &incomes, NULL), 0);
    assert_int_equal(incomes.vnd[0], 1500000);
    assert_int_equal(incomes.vnd[1], 1800000);
    assert_int_equal(incomes.vnd[incomes.n - 1], 50400000);
    assert_int_equal(incomes.max_vnd, 50600000);
    for (size_t i = 1; i < incomes.n; i++) {
        assert_int_equal((incomes.vnd[i] - incomes.min_vnd) % 300000, 0);
        assert_true(incomes.vnd[i] > incomes.vnd[i - 1]);
    }
}

static void a_day_before_the_tables_has_no_incomes(void **state)
{
    (void)state;
    struct leaflet_incomes incomes;
    struct err err = {0};
    assert_int_equal(leaflet_incomes_on(law, day("2010-01-01"), &incomes, &err), -ERANGE);
    assert_string_equal(err.field, "on");
}

static size_t count(const struct leaflet_rules *rules, enum policy_table_id table,
                    const char *citation)
{
    size_t n = 0;
    for (size_t i = 0; i < rules->n; i++)
        n += rules->rules[i].table == table && strcmp(rules->rules[i].row->citation, citation) == 0;
    return n;
}

static void rules_in_force_are_named_once(void **state)
{
    (void)state;
    struct leaflet_rules rules;
    leaflet_rules_on(law, PROVINCE, day("2026-12-01"), &rules);
    assert_int_equal(count(&rules, POLICY_SUPPORT, "Decree 159/2025/ND-CP, article 5"), 1);
    assert_int_equal(count(&rules, POLICY_POVERTY_LINE, "Decree 07/2021/ND-CP"), 1);
    assert_int_equal(count(&rules, POLICY_POVERTY_LINE, "Decree 351/2025/ND-CP"), 0);
    leaflet_rules_on(law, PROVINCE, day("2027-01-01"), &rules);
    assert_int_equal(count(&rules, POLICY_POVERTY_LINE, "Decree 351/2025/ND-CP"), 1);
    leaflet_rules_on(law, PROVINCE, day("1990-01-01"), &rules);
    assert_int_equal(rules.n, 0);
}

static void the_next_change_is_told_with_what_begins(void **state)
{
    (void)state;
    struct leaflet_rules rules;
    int32_t next;
    assert_true(leaflet_next_change(law, 0, day("2026-06-29"), &next, &rules));
    assert_int_equal(next, day("2026-07-01"));
    assert_int_equal(rules.n, 1);
    assert_int_equal(rules.rules[0].table, POLICY_REFERENCE_LEVEL);
    assert_true(leaflet_next_change(law, 0, day("2026-07-01"), &next, &rules));
    assert_int_equal(next, day("2027-01-01"));
    assert_int_equal(rules.n, 1);
    assert_string_equal(rules.rules[0].row->citation, "Decree 351/2025/ND-CP");
    assert_string_not_equal(rules.rules[0].row->unconfirmed, "");
    next = 7;
    assert_false(leaflet_next_change(law, 0, day("2027-01-01"), &next, &rules));
    assert_int_equal(next, 7);
    assert_int_equal(rules.n, 0);
}

/* A resolution that nobody has passed: it holds in 2026 for one province. */
static void a_resolution_matters_to_its_province_alone(void **state)
{
    (void)state;
    struct policy_table *table = &law->tables[POLICY_LOCAL_SUPPORT];
    struct leaflet_rules rules;
    int32_t next;
    for (int32_t group = GROUP_POOR; group <= POLICY_SPECIAL_ZONE; group++) {
        struct policy_row *row = &table->rows[table->n++];
        *row = (struct policy_row){.from_day = day("2026-09-01"),
                                   .to_day = day("2026-10-31"),
                                   .key = policy_province_key(PROVINCE, group),
                                   .value = 1000};
        (void)snprintf(row->citation, sizeof(row->citation), "Resolution of a test");
    }
    leaflet_rules_on(law, PROVINCE, day("2026-10-31"), &rules);
    assert_int_equal(count(&rules, POLICY_LOCAL_SUPPORT, "Resolution of a test"), 1);
    for (uint32_t other = PROVINCE - 1; other <= PROVINCE + 1; other += 2) {
        leaflet_rules_on(law, other, day("2026-10-31"), &rules);
        assert_int_equal(count(&rules, POLICY_LOCAL_SUPPORT, "Resolution of a test"), 0);
    }
    leaflet_rules_on(law, 0, day("2026-10-31"), &rules);
    assert_int_equal(count(&rules, POLICY_LOCAL_SUPPORT, "Resolution of a test"), 0);
    assert_true(leaflet_next_change(law, PROVINCE, day("2026-08-01"), &next, &rules));
    assert_int_equal(next, day("2026-09-01"));
    assert_int_equal(rules.n, 1);
    /* it ends, and nothing takes its place */
    assert_true(leaflet_next_change(law, PROVINCE, day("2026-10-31"), &next, &rules));
    assert_int_equal(next, day("2026-11-01"));
    assert_int_equal(rules.n, 0);
    assert_true(leaflet_next_change(law, PROVINCE, day("2026-11-01"), &next, &rules));
    assert_int_equal(next, day("2027-01-01"));
    assert_true(leaflet_next_change(law, 0, day("2026-08-01"), &next, &rules));
    assert_int_equal(next, day("2027-01-01"));
}

static void rules_are_bounded(void **state)
{
    (void)state;
    struct policy_table *table = &law->tables[POLICY_HEALTH_MONTHS];
    size_t before = table->n;
    struct leaflet_rules rules;
    while (table->n < before + 2 * LEAFLET_RULES_MAX) {
        struct policy_row *row = &table->rows[table->n++];
        *row = (struct policy_row){.from_day = day("2030-01-01"), .to_day = INT32_MAX};
        (void)snprintf(row->citation, sizeof(row->citation), "text %zu", table->n);
    }
    leaflet_rules_on(law, PROVINCE, day("2030-01-01"), &rules);
    assert_int_equal(rules.n, LEAFLET_RULES_MAX);
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(incomes_go_from_the_poverty_line_to_the_cap),
    WITH_POLICY(incomes_keep_to_the_step),
    WITH_POLICY(a_day_before_the_tables_has_no_incomes),
    WITH_POLICY(rules_in_force_are_named_once),
    WITH_POLICY(the_next_change_is_told_with_what_begins),
    WITH_POLICY(a_resolution_matters_to_its_province_alone),
    WITH_POLICY(rules_are_bounded),
};

TEST_MAIN(tests)
