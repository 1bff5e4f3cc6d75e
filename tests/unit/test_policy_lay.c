/* A change of the law laid over what holds so far: rows, not files. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/policy_lay.h"

#define OPEN_END INT32_MAX
#define EFFECTS_MAX 16

static struct policy *policy;

struct heard {
    enum policy_effect effect;
    int32_t before_from, before_to, after_from, after_to; /* 0: no row */
};
static struct heard heard[EFFECTS_MAX];
static size_t n_heard;

static int open_empty(void **state)
{
    (void)state;
    policy = calloc(1, sizeof(*policy));
    n_heard = 0;
    return policy == NULL;
}

static int close_policy(void **state)
{
    (void)state;
    free(policy);
    return 0;
}

static struct policy_row row_of(int32_t key, int32_t from, int32_t to, int64_t value)
{
    return (struct policy_row){
        .key = key, .from_day = from, .to_day = to, .value = value, .citation = "a test"};
}

static void put(enum policy_table_id table, int32_t key, int32_t from, int32_t to, int64_t value)
{
    struct policy_table *rows = &policy->tables[table];
    rows->rows[rows->n++] = row_of(key, from, to, value);
}

static void hear(void *arg, enum policy_table_id table, enum policy_effect effect,
                 const struct policy_row *before, const struct policy_row *after)
{
    assert_null(arg);
    assert_int_equal(table, POLICY_POVERTY_LINE);
    assert_true(n_heard < EFFECTS_MAX);
    heard[n_heard++] = (struct heard){
        effect, before == NULL ? 0 : before->from_day, before == NULL ? 0 : before->to_day,
        after == NULL ? 0 : after->from_day, after == NULL ? 0 : after->to_day};
}

/* Lays a poverty line over the table and hears what that did. */
static void lay(int32_t from, int32_t to, int64_t value, int want)
{
    struct policy_row row = row_of(0, from, to, value);
    struct policy *before = malloc(sizeof(*before));
    struct err err = {0};
    assert_non_null(before);
    *before = *policy;
    int rc = policy_lay(policy, POLICY_POVERTY_LINE, &row, &err);
    policy_compare(before, policy, hear, NULL);
    free(before);
    assert_int_equal(rc, want);
}

static int64_t value_on(int32_t day)
{
    const struct policy_row *row = policy_on(policy, POLICY_POVERTY_LINE, 0, day);
    return row == NULL ? 0 : row->value;
}

static void expect_heard(const struct heard *want, size_t n)
{
    assert_int_equal(n_heard, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(heard[i].effect, want[i].effect);
        assert_int_equal(heard[i].before_from, want[i].before_from);
        assert_int_equal(heard[i].before_to, want[i].before_to);
        assert_int_equal(heard[i].after_from, want[i].after_from);
        assert_int_equal(heard[i].after_to, want[i].after_to);
    }
}
#define EXPECT_HEARD(...)                                                                          \
    do {                                                                                           \
        const struct heard want_[] = {__VA_ARGS__};                                                \
        expect_heard(want_, ARRAY_LEN(want_));                                                     \
    } while (0)

static void the_row_in_force_is_cut(void **state)
{
    (void)state;
    put(POLICY_POVERTY_LINE, 0, 100, OPEN_END, 15);
    lay(200, OPEN_END, 22, 0);
    assert_int_equal(value_on(99), 0);
    assert_int_equal(value_on(199), 15);
    assert_int_equal(value_on(200), 22);
    assert_int_equal(value_on(OPEN_END), 22);
    assert_int_equal(policy->tables[POLICY_POVERTY_LINE].n, 2);
    EXPECT_HEARD({EFFECT_CUT, 100, OPEN_END, 100, 199}, {EFFECT_ADDED, 0, 0, 200, OPEN_END});
}

static void a_row_with_an_end_splits_the_one_in_force(void **state)
{
    (void)state;
    put(POLICY_POVERTY_LINE, 0, 100, OPEN_END, 15);
    lay(200, 300, 22, 0);
    assert_int_equal(value_on(199), 15);
    assert_int_equal(value_on(200), 22);
    assert_int_equal(value_on(300), 22);
    assert_int_equal(value_on(301), 15);
    assert_int_equal(policy->tables[POLICY_POVERTY_LINE].n, 3);
    EXPECT_HEARD({EFFECT_CUT, 100, OPEN_END, 100, 199},
                 {EFFECT_CONTINUED, 100, OPEN_END, 301, OPEN_END}, {EFFECT_ADDED, 0, 0, 200, 300});
}

static void rows_to_come_are_replaced(void **state)
{
    (void)state;
    put(POLICY_POVERTY_LINE, 0, 300, 399, 22);
    put(POLICY_POVERTY_LINE, 0, 400, OPEN_END, 25);
    put(POLICY_POVERTY_LINE, 0, 100, 299, 15);
    lay(250, OPEN_END, 30, 0);
    assert_int_equal(value_on(249), 15);
    assert_int_equal(value_on(250), 30);
    assert_int_equal(value_on(500), 30);
    assert_int_equal(policy->tables[POLICY_POVERTY_LINE].n, 2);
    EXPECT_HEARD({EFFECT_REPLACED, 300, 399, 0, 0}, {EFFECT_REPLACED, 400, OPEN_END, 0, 0},
                 {EFFECT_CUT, 100, 299, 100, 249}, {EFFECT_ADDED, 0, 0, 250, OPEN_END});
}

static void a_row_to_come_that_reaches_further_begins_later(void **state)
{
    (void)state;
    put(POLICY_POVERTY_LINE, 0, 100, 299, 15);
    put(POLICY_POVERTY_LINE, 0, 300, OPEN_END, 22);
    lay(300, 349, 30, 0);
    assert_int_equal(value_on(299), 15);
    assert_int_equal(value_on(349), 30);
    assert_int_equal(value_on(350), 22);
    EXPECT_HEARD({EFFECT_CONTINUED, 300, OPEN_END, 350, OPEN_END}, {EFFECT_ADDED, 0, 0, 300, 349});
}

static void a_row_to_come_of_the_same_days_is_replaced(void **state)
{
    (void)state;
    put(POLICY_POVERTY_LINE, 0, 100, 299, 15);
    put(POLICY_POVERTY_LINE, 0, 300, OPEN_END, 22);
    lay(300, OPEN_END, 23, 0);
    assert_int_equal(value_on(299), 15);
    assert_int_equal(value_on(300), 23);
    EXPECT_HEARD({EFFECT_REPLACED, 300, OPEN_END, 0, 0}, {EFFECT_ADDED, 0, 0, 300, OPEN_END});
}

static void the_day_after_the_last_row_is_no_gap(void **state)
{
    (void)state;
    put(POLICY_POVERTY_LINE, 0, 100, 199, 15);
    lay(200, OPEN_END, 22, 0);
    assert_int_equal(value_on(199), 15);
    EXPECT_HEARD({EFFECT_ADDED, 0, 0, 200, OPEN_END});
}

static void a_row_that_stands_there_changes_nothing(void **state)
{
    (void)state;
    put(POLICY_POVERTY_LINE, 0, 100, 199, 15);
    put(POLICY_POVERTY_LINE, 0, 200, OPEN_END, 22);
    lay(200, OPEN_END, 22, 1);
    assert_int_equal(n_heard, 0);
    assert_int_equal(policy->tables[POLICY_POVERTY_LINE].n, 2);
    /* another text of the law is another row */
    struct policy_row other = row_of(0, 200, OPEN_END, 22);
    other.citation[0] = 'b';
    assert_int_equal(policy_lay(policy, POLICY_POVERTY_LINE, &other, NULL), 0);
    assert_string_equal(policy_on(policy, POLICY_POVERTY_LINE, 0, 200)->citation, "b test");
}

static void other_keys_and_tables_stay(void **state)
{
    (void)state;
    put(POLICY_SUPPORT, 1, 100, OPEN_END, 5000);
    put(POLICY_SUPPORT, 2, 100, OPEN_END, 4000);
    put(POLICY_SUPPORT, POLICY_SPECIAL_ZONE, 100, OPEN_END, 5000);
    put(POLICY_POVERTY_LINE, 0, 100, OPEN_END, 15);
    struct policy_row row = row_of(2, 200, OPEN_END, 4500);
    assert_int_equal(policy_lay(policy, POLICY_SUPPORT, &row, NULL), 0);
    assert_int_equal(policy_on(policy, POLICY_SUPPORT, 1, 300)->value, 5000);
    assert_int_equal(policy_on(policy, POLICY_SUPPORT, 2, 199)->value, 4000);
    assert_int_equal(policy_on(policy, POLICY_SUPPORT, 2, 200)->value, 4500);
    assert_int_equal(policy_on(policy, POLICY_SUPPORT, POLICY_SPECIAL_ZONE, 300)->value, 5000);
    assert_int_equal(value_on(300), 15);
    /* a key of its own, as a new year's coefficient has */
    put(POLICY_INCOME_COEFFICIENT, 2026, 100, OPEN_END, 100);
    row = row_of(2027, 200, OPEN_END, 100);
    assert_int_equal(policy_lay(policy, POLICY_INCOME_COEFFICIENT, &row, NULL), 0);
    assert_int_equal(policy->tables[POLICY_INCOME_COEFFICIENT].n, 2);
    assert_null(policy_on(policy, POLICY_INCOME_COEFFICIENT, 2027, 199));
}

static void a_gap_is_refused_where_everybody_needs_a_row(void **state)
{
    (void)state;
    struct err err = {0};
    put(POLICY_POVERTY_LINE, 0, 0, 59, 15);
    put(POLICY_POVERTY_LINE, 0, 60, 99, 16);
    struct policy_row row = row_of(0, 101, OPEN_END, 22);
    assert_int_equal(policy_lay(policy, POLICY_POVERTY_LINE, &row, &err), -EINVAL);
    assert_string_equal(err.field, "poverty_line");
    assert_string_equal(err.text, "poverty_line: a gap before 1970-04-12: the rows so far end on "
                                  "1970-04-10");
    int32_t key = policy_province_key(15, 4);
    put(POLICY_LOCAL_AMOUNT, key, 0, 99, 10000);
    row = row_of(key, 150, OPEN_END, 20000);
    assert_int_equal(policy_lay(policy, POLICY_LOCAL_AMOUNT, &row, NULL), 0);
    assert_null(policy_on(policy, POLICY_LOCAL_AMOUNT, key, 149));
}

/* A resolution that is repealed for a while, or for good. */
static void a_repeal_leaves_nothing_in_its_place(void **state)
{
    (void)state;
    int32_t key = policy_province_key(15, 4);
    put(POLICY_LOCAL_AMOUNT, key, 0, 99, 10000);
    put(POLICY_LOCAL_AMOUNT, key, 100, OPEN_END, 20000);
    put(POLICY_LOCAL_AMOUNT, key + 1, 0, OPEN_END, 30000);
    struct policy_row row = row_of(key, 50, 149, 0);
    row.is_repeal = 1;
    assert_int_equal(policy_lay(policy, POLICY_LOCAL_AMOUNT, &row, NULL), 0);
    assert_int_equal(policy_on(policy, POLICY_LOCAL_AMOUNT, key, 49)->value, 10000);
    assert_null(policy_on(policy, POLICY_LOCAL_AMOUNT, key, 50));
    assert_null(policy_on(policy, POLICY_LOCAL_AMOUNT, key, 149));
    assert_int_equal(policy_on(policy, POLICY_LOCAL_AMOUNT, key, 150)->value, 20000);
    assert_int_equal(policy_on(policy, POLICY_LOCAL_AMOUNT, key + 1, 100)->value, 30000);
    assert_int_equal(policy->tables[POLICY_LOCAL_AMOUNT].n, 3);
    /* once more changes nothing */
    assert_int_equal(policy_lay(policy, POLICY_LOCAL_AMOUNT, &row, NULL), 1);
    row.to_day = OPEN_END;
    assert_int_equal(policy_lay(policy, POLICY_LOCAL_AMOUNT, &row, NULL), 0);
    assert_null(policy_on(policy, POLICY_LOCAL_AMOUNT, key, OPEN_END));
    assert_int_equal(policy->tables[POLICY_LOCAL_AMOUNT].n, 2);
}

static void a_full_table_is_refused(void **state)
{
    (void)state;
    struct err err = {0};
    for (int32_t i = 0; i < POLICY_ROWS_MAX - 1; i++)
        put(POLICY_POVERTY_LINE, 0, i, i, 15);
    struct policy_row row = row_of(0, POLICY_ROWS_MAX - 1, OPEN_END, 22);
    assert_int_equal(policy_lay(policy, POLICY_POVERTY_LINE, &row, &err), 0);
    row = row_of(0, POLICY_ROWS_MAX, OPEN_END, 23);
    assert_int_equal(policy_lay(policy, POLICY_POVERTY_LINE, &row, &err), -EFBIG);
    assert_string_equal(err.field, "poverty_line");
}

/* --- against a model: an array of days --- */

#define DAYS 24

static uint64_t random_next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void model_check(const int64_t days[DAYS])
{
    for (int32_t day = 0; day < DAYS; day++)
        assert_int_equal(value_on(day), days[day]);
    const struct policy_table *rows = &policy->tables[POLICY_POVERTY_LINE];
    for (size_t i = 0; i < rows->n; i++) {
        assert_true(rows->rows[i].from_day <= rows->rows[i].to_day);
        for (size_t k = 0; k < i; k++)
            assert_true(rows->rows[i].from_day > rows->rows[k].to_day ||
                        rows->rows[k].from_day > rows->rows[i].to_day);
    }
}

static void any_sequence_is_what_days_say(void **state)
{
    (void)state;
    uint64_t seed = 20270101;
    for (int run = 0; run < 3000; run++) {
        int64_t days[DAYS];
        policy->tables[POLICY_POVERTY_LINE].n = 0;
        put(POLICY_POVERTY_LINE, 0, 0, DAYS - 1, 1);
        for (size_t i = 0; i < DAYS; i++)
            days[i] = 1;
        for (int64_t value = 2; value < 9; value++) {
            int32_t from = (int32_t)(random_next(&seed) % DAYS);
            int32_t to = from + (int32_t)(random_next(&seed) % (uint64_t)(DAYS - from));
            struct policy_row row = row_of(0, from, to, value);
            assert_int_equal(policy_lay(policy, POLICY_POVERTY_LINE, &row, NULL), 0);
            for (int32_t day = from; day <= to; day++)
                days[day] = value;
            model_check(days);
        }
    }
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, open_empty, close_policy)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(the_row_in_force_is_cut),
    WITH_POLICY(a_row_with_an_end_splits_the_one_in_force),
    WITH_POLICY(rows_to_come_are_replaced),
    WITH_POLICY(a_row_to_come_that_reaches_further_begins_later),
    WITH_POLICY(a_row_to_come_of_the_same_days_is_replaced),
    WITH_POLICY(the_day_after_the_last_row_is_no_gap),
    WITH_POLICY(a_row_that_stands_there_changes_nothing),
    WITH_POLICY(other_keys_and_tables_stay),
    WITH_POLICY(a_gap_is_refused_where_everybody_needs_a_row),
    WITH_POLICY(a_repeal_leaves_nothing_in_its_place),
    WITH_POLICY(a_full_table_is_refused),
    WITH_POLICY(any_sequence_is_what_days_say),
};

TEST_MAIN(tests)
