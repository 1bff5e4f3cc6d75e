/* Look-ups by key and day, against a reading of all rows. */
#include "tests/support/test.h"

#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "common/domain/policy.h"
#include "tests/support/law.h"

static const struct policy_row *read_all(enum policy_table_id table, int32_t key, int32_t day)
{
    const struct policy_table *rows = &law->tables[table];
    for (size_t i = 0; i < rows->n; i++)
        if (rows->rows[i].key == key && rows->rows[i].from_day <= day &&
            day <= rows->rows[i].to_day)
            return &rows->rows[i];
    return NULL;
}

/* Every key of a table, and one beyond, on the days around every row's bounds. */
static void expect_agreement(enum policy_table_id table)
{
    const struct policy_form *form = policy_form(table);
    const struct policy_table *rows = &law->tables[table];
    for (int32_t key = form->key_min - 1; key <= form->key_max + 1; key++)
        for (size_t i = 0; i < rows->n; i++)
            for (int32_t off = -1; off <= 1; off++) {
                int32_t first = rows->rows[i].from_day + off;
                int32_t last = rows->rows[i].to_day - 1 + off;
                assert_ptr_equal(policy_on(law, table, key, first), read_all(table, key, first));
                assert_ptr_equal(policy_on(law, table, key, last), read_all(table, key, last));
            }
}

static void resolve(int32_t key, int32_t from_day, int32_t to_day)
{
    struct policy_table *rows = &law->tables[POLICY_LOCAL_SUPPORT];
    rows->rows[rows->n++] = (struct policy_row){
        .from_day = from_day, .to_day = to_day, .key = key, .value = 1, .citation = "Resolution"};
}

static void every_row_is_found_by_its_key_and_days(void **state)
{
    (void)state;
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++)
        expect_agreement(table);
}

static void rows_in_any_order_are_found(void **state)
{
    (void)state;
    static const int years[] = {2026, 2029, 2024, 2028, 2025};
    for (uint32_t province = 1; province <= 99; province += 14)
        for (size_t i = 0; i < ARRAY_LEN(years); i++)
            resolve(policy_province_key(province, (int32_t)(i % 2) + 1), date_make(years[i], 1, 1),
                    date_make(years[i], 11, 30));
    assert_int_equal(policy_check(law, NULL), 0);
    expect_agreement(POLICY_LOCAL_SUPPORT);
    assert_null(policy_on(law, POLICY_LOCAL_SUPPORT, INT32_MIN, 0));
    assert_null(policy_on(law, POLICY_LOCAL_SUPPORT, INT32_MAX, 0));
}

static void a_row_that_was_just_added_is_found(void **state)
{
    (void)state;
    int32_t key = policy_province_key(15, 1), day = date_make(2026, 1, 1);
    resolve(key, day, day);
    assert_non_null(policy_on(law, POLICY_LOCAL_SUPPORT, key, day));
    assert_null(policy_on(law, POLICY_LOCAL_SUPPORT, key, day + 1));
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(every_row_is_found_by_its_key_and_days),
    WITH_POLICY(rows_in_any_order_are_found),
    WITH_POLICY(a_row_that_was_just_added_is_found),
};

TEST_MAIN(tests)
