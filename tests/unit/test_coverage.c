#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/coverage.h"
#include "services/cli/verify_months.h"

#define ROUNDS 20000
#define MONTHS 200 /* of the model */

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static int add(struct coverage *self, uint32_t from, uint32_t to)
{
    return coverage_add(self, (struct month_range){from, to}, NULL);
}

static void assert_range(const struct coverage *self, uint32_t i, uint32_t from, uint32_t to)
{
    assert_true(i < self->n);
    assert_int_equal(self->ranges[i].from, from);
    assert_int_equal(self->ranges[i].to, to);
}

static void nothing_is_covered_at_first(void **state)
{
    (void)state;
    struct coverage self = {0};
    assert_int_equal(coverage_months(&self), 0);
    assert_int_equal(coverage_until(&self), 0);
    assert_int_equal(coverage_before(&self, 100), 0);
    assert_null(coverage_find(&self, 100));
    assert_int_equal(coverage_cut(&self, 1), 0);
}

static void adjacent_months_are_one_range(void **state)
{
    (void)state;
    struct coverage self = {0};
    assert_int_equal(add(&self, 100, 102), 0);
    assert_int_equal(add(&self, 103, 103), 0);
    assert_int_equal(add(&self, 97, 99), 0);
    assert_int_equal(self.n, 1);
    assert_range(&self, 0, 97, 103);
    assert_int_equal(add(&self, 105, 110), 0);
    assert_int_equal(self.n, 2);
    assert_int_equal(add(&self, 104, 104), 0);
    assert_int_equal(self.n, 1);
    assert_range(&self, 0, 97, 110);
    assert_int_equal(coverage_months(&self), 14);
}

static void gaps_stay_visible(void **state)
{
    (void)state;
    struct coverage self = {0};
    assert_int_equal(add(&self, 100, 105), 0);
    assert_int_equal(add(&self, 108, 108), 0);
    assert_int_equal(self.n, 2);
    assert_range(&self, 0, 100, 105);
    assert_range(&self, 1, 108, 108);
    assert_int_equal(coverage_until(&self), 108);
    assert_null(coverage_find(&self, 106));
    assert_ptr_equal(coverage_find(&self, 105), &self.ranges[0]);
    assert_ptr_equal(coverage_find(&self, 108), &self.ranges[1]);
    assert_null(coverage_find(&self, 109));
    assert_int_equal(coverage_before(&self, 100), 0);
    assert_int_equal(coverage_before(&self, 103), 102);
    assert_int_equal(coverage_before(&self, 106), 105);
    assert_int_equal(coverage_before(&self, 108), 105);
    assert_int_equal(coverage_before(&self, 200), 108);
}

static void no_month_is_covered_twice(void **state)
{
    (void)state;
    struct coverage self = {0}, before;
    struct month_range paid;
    static const struct month_range wrong[] = {{100, 100}, {102, 102}, {90, 100}, {102, 110},
                                               {101, 101}, {90, 110},  {103, 106}};
    assert_int_equal(add(&self, 100, 102), 0);
    assert_int_equal(add(&self, 106, 108), 0);
    before = self;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(coverage_add(&self, wrong[i], &paid), -EEXIST);
        assert_int_equal(paid.from, i + 1 < ARRAY_LEN(wrong) ? 100 : 106);
        assert_memory_equal(&self, &before, sizeof(self));
    }
    assert_int_equal(add(&self, 103, 105), 0);
    assert_int_equal(self.n, 1);
}

static void the_oldest_range_becomes_a_number(void **state)
{
    (void)state;
    struct coverage self = {0};
    for (uint32_t i = 0; i < COVERAGE_RANGES_MAX; i++)
        assert_int_equal(add(&self, 100 + 10 * i, 102 + 10 * i), 0);
    assert_int_equal(self.n, COVERAGE_RANGES_MAX);
    assert_int_equal(self.n_older, 0);
    assert_int_equal(add(&self, 200, 200), 0);
    assert_int_equal(self.n, COVERAGE_RANGES_MAX);
    assert_int_equal(self.n_older, 3);
    assert_range(&self, 0, 110, 112);
    assert_range(&self, COVERAGE_RANGES_MAX - 1, 200, 200);
    assert_int_equal(coverage_months(&self), 3 * COVERAGE_RANGES_MAX + 1);
    /* nobody knows any more whether these are paid */
    assert_int_equal(add(&self, 105, 105), -ERANGE);
    assert_int_equal(add(&self, 109, 109), -ERANGE);
    assert_int_equal(add(&self, 113, 113), 0);
    /* a range between two others pushes out the oldest, too */
    assert_int_equal(add(&self, 116, 116), 0);
    assert_range(&self, 0, 116, 116);
    assert_int_equal(self.n_older, 7);
}

static void an_older_range_too_many_is_counted(void **state)
{
    (void)state;
    struct coverage self = {0};
    for (uint32_t i = 0; i < COVERAGE_RANGES_MAX; i++)
        assert_int_equal(add(&self, 100 + 10 * i, 102 + 10 * i), 0);
    assert_int_equal(add(&self, 50, 54), 0);
    assert_int_equal(self.n_older, 5);
    assert_range(&self, 0, 100, 102);
}

static void months_are_cut_from_one_on(void **state)
{
    (void)state;
    struct coverage self = {0};
    assert_int_equal(add(&self, 100, 105), 0);
    assert_int_equal(add(&self, 110, 121), 0);
    assert_int_equal(coverage_cut(&self, 122), 0);
    assert_int_equal(coverage_cut(&self, 120), 2);
    assert_range(&self, 1, 110, 119);
    assert_int_equal(coverage_cut(&self, 103), 13);
    assert_int_equal(self.n, 1);
    assert_range(&self, 0, 100, 102);
    assert_int_equal(coverage_cut(&self, 100), 3);
    assert_int_equal(self.n, 0);
}

/* Any payments and refunds, beside a table of months and the list that verify keeps. */
static void any_history_agrees_with_a_table_of_months(void **state)
{
    (void)state;
    uint64_t seed = 7;
    struct arena *arena = arena_create(1024 * 1024);
    for (int round = 0; round < ROUNDS; round++) {
        struct coverage self = {0};
        struct months months = {0};
        uint8_t table[MONTHS + 1] = {0};
        uint32_t covered = 0;
        arena_reset(arena);
        for (uint64_t step = next(&seed) % 24; step > 0; step--) {
            uint32_t from = 1 + (uint32_t)(next(&seed) % (MONTHS - 12));
            uint32_t n = 1 + (uint32_t)(next(&seed) % 12);
            if (self.n == 0 && self.n_older > 0)
                break; /* nothing is known but a number */
            if (next(&seed) % 8 == 0) {
                from = self.n == 0 ? from : MAX(from, self.ranges[0].from);
                assert_int_equal(coverage_cut(&self, from), months_from(&months, from));
                months_cut(&months, from);
                for (uint32_t i = from; i <= MONTHS; i++)
                    covered -= table[i], table[i] = 0;
            } else {
                int is_free = memchr(&table[from], 1, n) == NULL;
                int rc = add(&self, from, from + n - 1);
                if (rc == -ERANGE)
                    break;
                assert_int_equal(rc, is_free ? 0 : -EEXIST);
                assert_int_equal(months_add(&months, arena, from, n), rc);
                if (rc == 0)
                    memset(&table[from], 1, n);
                covered += rc == 0 ? n : 0;
            }
            assert_int_equal(coverage_months(&self), covered);
            assert_true(months_agree(&months, &self));
            for (uint32_t month = self.n == 0 ? MONTHS : self.ranges[0].from; month <= MONTHS;
                 month++)
                assert_int_equal(coverage_find(&self, month) != NULL, table[month]);
        }
    }
    arena_destroy(&arena);
}

static void assert_same(const struct coverage *a, const struct coverage *b)
{
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_older, b->n_older);
    assert_memory_equal(a->ranges, b->ranges, a->n * sizeof(a->ranges[0]));
}

/* Whatever was added is taken back, the newest first, to what was there before it. */
static void what_was_added_is_taken_back(void **state)
{
    (void)state;
    uint64_t seed = 11;
    struct arena *arena = arena_create(1024 * 1024);
    for (int round = 0; round < ROUNDS; round++) {
        struct coverage states[25] = {{0}};
        struct month_range added[24];
        struct months months = {0};
        size_t n = 0;
        arena_reset(arena);
        for (uint64_t step = next(&seed) % 24; step > 0; step--) {
            uint32_t from = 1 + (uint32_t)(next(&seed) % (MONTHS - 12));
            added[n] = (struct month_range){from, from + (uint32_t)(next(&seed) % 12)};
            states[n + 1] = states[n];
            if ((states[n].n == 0 && states[n].n_older > 0) ||
                coverage_add(&states[n + 1], added[n], NULL) < 0)
                continue;
            assert_int_equal(months_add(&months, arena, from, added[n].to - from + 1), 0);
            n++;
        }
        struct coverage self = states[n];
        while (n-- > 0) {
            struct month_range folded = coverage_folded(&states[n], &states[n + 1]);
            assert_int_equal(coverage_take_back(&self, added[n], folded), 0);
            assert_same(&self, &states[n]);
            uint32_t length = added[n].to - added[n].from + 1;
            assert_int_equal(months_remove(&months, arena, added[n].from, length), 0);
            assert_int_equal(months_remove(&months, arena, added[n].from, length), -ENOENT);
            assert_true(months_agree(&months, &self));
        }
    }
    arena_destroy(&arena);
}

static void nothing_else_is_taken_back(void **state)
{
    (void)state;
    const struct coverage before = {
        .n = 4, .n_older = 6, .ranges = {{100, 105}, {110, 112}, {120, 125}, {130, 141}}};
    static const struct {
        struct month_range months, folded;
    } wrong[] = {
        {{106, 106}, {0, 0}},   {{104, 106}, {0, 0}},   {{99, 105}, {0, 0}},
        {{131, 132}, {0, 0}},   /* no room for two ranges */
        {{110, 112}, {90, 98}}, /* more months than the number says */
        {{110, 112}, {95, 99}}, {{110, 112}, {98, 93}}, {{130, 135}, {90, 95}},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct coverage self = before;
        assert_int_equal(coverage_take_back(&self, wrong[i].months, wrong[i].folded), -ENOENT);
        assert_same(&self, &before);
    }
}

static void a_wrong_form_does_not_agree(void **state)
{
    (void)state;
    struct arena *arena = arena_create(1024);
    struct months months = {0};
    assert_int_equal(months_add(&months, arena, 100, 6), 0);
    assert_int_equal(months_add(&months, arena, 110, 3), 0);
    static const struct coverage right[] = {
        {.n = 2, .ranges = {{100, 105}, {110, 112}}},
        {.n = 1, .ranges = {{110, 112}}, .n_older = 6},
        {.n = 1, .ranges = {{112, 112}}, .n_older = 8},
        {.n_older = 9},
    };
    static const struct coverage wrong[] = {
        {.n = 0},
        {.n = 2, .ranges = {{100, 105}, {110, 113}}},
        {.n = 2, .ranges = {{100, 106}, {110, 112}}},
        {.n = 2, .ranges = {{101, 105}, {110, 112}}},
        {.n = 3, .ranges = {{100, 102}, {103, 105}, {110, 112}}},
        {.n = 1, .ranges = {{100, 112}}},
        {.n = 1, .ranges = {{110, 112}}, .n_older = 5},
        {.n = 1, .ranges = {{100, 105}}, .n_older = 3},
        {.n_older = 8},
    };
    for (size_t i = 0; i < ARRAY_LEN(right); i++)
        assert_true(months_agree(&months, &right[i]));
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(months_agree(&months, &wrong[i]));
    arena_destroy(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_is_covered_at_first),
    cmocka_unit_test(adjacent_months_are_one_range),
    cmocka_unit_test(gaps_stay_visible),
    cmocka_unit_test(no_month_is_covered_twice),
    cmocka_unit_test(the_oldest_range_becomes_a_number),
    cmocka_unit_test(an_older_range_too_many_is_counted),
    cmocka_unit_test(months_are_cut_from_one_on),
    cmocka_unit_test(any_history_agrees_with_a_table_of_months),
    cmocka_unit_test(what_was_added_is_taken_back),
    cmocka_unit_test(nothing_else_is_taken_back),
    cmocka_unit_test(a_wrong_form_does_not_agree),
};

TEST_MAIN(tests)
