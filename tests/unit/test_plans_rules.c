/* Plans that cascade exactly, by the numbers of the field: 44,883 participants are 57.34 % of a
 * plan of 78,275. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/analytics/analytics_rules.h"
#include "services/enrolment/plans_rules.h"

#define UNIT PLAN_KIND_UNIT
#define ORGANISATION 2

/* --- the field's numbers ---------------------------------------------------------------------- */

static void expect_percent(int64_t part, int64_t whole, const char *want)
{
    char text[PERCENT_TEXT_BYTES];
    percent_format(part, whole, text);
    assert_string_equal(text, want);
}

/* 44,883 / 0.5734, rounded: any plan from 78,268 to 78,282 shows as 57.34 %. */
static void participants_of_57_34_percent_mean_a_plan_of_78_275(void **state)
{
    (void)state;
    const int64_t plan = (44883LL * 10000 + 5734 / 2) / 5734;
    assert_int_equal(plan, 78275);
    expect_percent(44883, plan, "57.34");
    assert_int_equal(plan - 44883, 33392);
    expect_percent(plan - 44883, plan, "42.66");
    expect_percent(44883, 78267, "57.35");
    expect_percent(44883, 78283, "57.33");
}

static void participants_of_the_city_are_68_85_percent_of_4_600(void **state)
{
    (void)state;
    expect_percent(3167, 4600, "68.85");
    assert_int_equal(4600 - 3167, 1433);
}

static void participants_278_050_are_25_3_percent_of_1_099_012(void **state)
{
    (void)state;
    expect_percent(278050, 1099012, "25.30");
}

static void growth_over_39_248_is_14_36_percent(void **state)
{
    (void)state;
    assert_int_equal(44883 - 39248, 5635);
    expect_percent(44883 - 39248, 39248, "14.36");
}

/* --- trees ------------------------------------------------------------------------------------ */

static size_t add(struct plan_tree *tree, size_t parent, int kind, const char *code, int64_t target)
{
    assert_int_equal(plan_tree_add(tree, parent, kind, code, target, 0, 1), 0);
    return plan_tree_count(tree) - 1;
}

static int64_t target_of(const struct plan_tree *tree, int kind, const char *code)
{
    size_t node = plan_tree_find(tree, kind, code);
    return node == PLAN_NONE ? -1 : plan_tree_at(tree, node)->target;
}

static void expect_sound(const struct plan_tree *tree)
{
    struct err err = {0};
    if (plan_tree_check(tree, &err) < 0)
        fail_msg("%s", err.text);
}

/* VN 100 = 10 (40 = 10001 25 + 10002 15) + 15 (60 = 02647 50 (VNPOST 30, VIETTEL 20) + 02648 10) */
static struct plan_tree *country(void)
{
    struct plan_tree *tree = plan_tree_create(UNIT, "VN", 100);
    size_t old = add(tree, 0, UNIT, "10", 40);
    size_t heir = add(tree, 0, UNIT, "15", 60);
    (void)add(tree, old, UNIT, "10001", 25);
    (void)add(tree, old, UNIT, "10002", 15);
    size_t commune = add(tree, heir, UNIT, "02647", 50);
    (void)add(tree, heir, UNIT, "02648", 10);
    (void)add(tree, commune, ORGANISATION, "VNPOST@02647", 30);
    (void)add(tree, commune, ORGANISATION, "VIETTEL@02647", 20);
    expect_sound(tree);
    return tree;
}

static void a_scope_stands_once_in_a_plan(void **state)
{
    (void)state;
    struct plan_tree *tree = country();
    assert_int_equal(plan_tree_add(tree, 0, UNIT, "02648", 1, 0, 0), -EEXIST);
    assert_int_equal(plan_tree_find(tree, ORGANISATION, "02648"), PLAN_NONE);
    assert_int_equal(plan_tree_find(tree, UNIT, "VN"), 0);
    plan_tree_destroy(&tree);
    plan_tree_destroy(&tree);
}

static void targets_that_do_not_add_up_are_found(void **state)
{
    (void)state;
    struct err err = {0};
    struct plan_tree *tree = country();
    plan_tree_at(tree, plan_tree_find(tree, UNIT, "10002"))->target++;
    assert_int_equal(plan_tree_check(tree, &err), -EINVAL);
    assert_string_equal(err.text, "the targets below 10 add up to 41, its own is 40");
    plan_tree_destroy(&tree);
}

static int divide(struct plan_tree *tree, const char *code, const struct plan_part *parts, size_t n,
                  size_t *ret_at, struct err *err)
{
    return plan_tree_divide(tree, plan_tree_find(tree, UNIT, code), parts, n, ret_at, err);
}

static void a_split_adds_up_and_keeps_what_is_below(void **state)
{
    (void)state;
    struct err err = {0};
    size_t at;
    struct plan_tree *tree = country();
    const struct plan_part same[] = {{UNIT, "02648", 10, 0}, {UNIT, "02647", 50, 7}};
    assert_int_equal(divide(tree, "15", same, 2, &at, &err), 0);
    expect_sound(tree);
    assert_int_equal(target_of(tree, ORGANISATION, "VNPOST@02647"), 30);
    const struct plan_part short_of[] = {{UNIT, "02648", 10, 0}, {UNIT, "02647", 49, 0}};
    assert_int_equal(divide(tree, "15", short_of, 2, &at, &err), -EINVAL);
    assert_int_equal(at, 2);
    const struct plan_part other[] = {{UNIT, "02648", 11, 0}, {UNIT, "02647", 49, 0}};
    assert_int_equal(divide(tree, "15", other, 2, &at, &err), -EINVAL);
    assert_int_equal(at, 1);
    assert_non_null(strstr(err.text, "divided further"));
    plan_tree_destroy(&tree);
    tree = country();
    const struct plan_part out[] = {{UNIT, "02648", 60, 0}};
    assert_int_equal(divide(tree, "15", out, 1, &at, &err), -EINVAL);
    plan_tree_destroy(&tree);
    tree = country();
    const struct plan_part twice[] = {{UNIT, "02648", 10, 0}, {UNIT, "10001", 50, 0}};
    assert_int_equal(divide(tree, "15", twice, 2, &at, &err), -EINVAL);
    assert_non_null(strstr(err.text, "in the plan already"));
    plan_tree_destroy(&tree);
}

static void a_split_into_nothing_takes_all_below_away(void **state)
{
    (void)state;
    struct err err = {0};
    size_t at;
    struct plan_tree *tree = country();
    assert_int_equal(divide(tree, "15", NULL, 0, &at, &err), 0);
    expect_sound(tree);
    assert_int_equal(target_of(tree, UNIT, "15"), 60);
    assert_int_equal(target_of(tree, UNIT, "02647"), -1);
    assert_int_equal(target_of(tree, ORGANISATION, "VNPOST@02647"), -1);
    assert_int_equal(target_of(tree, UNIT, "10001"), 25);
    plan_tree_destroy(&tree);
}

/* --- amendments ------------------------------------------------------------------------------- */

static int move(struct plan_tree *tree, const char *code, const char *from, int64_t change)
{
    struct err err = {0};
    size_t there = from == NULL ? PLAN_NONE : plan_tree_find(tree, UNIT, from);
    return plan_tree_move(tree, plan_tree_find(tree, UNIT, code), there, change, &err);
}

static void what_is_moved_is_taken_from_somewhere(void **state)
{
    (void)state;
    struct plan_tree *tree = country();
    assert_int_equal(move(tree, "10001", "02648", 4), 0);
    expect_sound(tree);
    assert_int_equal(target_of(tree, UNIT, "10001"), 29);
    assert_int_equal(target_of(tree, UNIT, "10"), 44);
    assert_int_equal(target_of(tree, UNIT, "02648"), 6);
    assert_int_equal(target_of(tree, UNIT, "15"), 56);
    assert_int_equal(target_of(tree, UNIT, "VN"), 100);
    plan_tree_destroy(&tree);
}

static void or_everything_above_is_raised(void **state)
{
    (void)state;
    struct plan_tree *tree = country();
    assert_int_equal(move(tree, "10001", NULL, 4), 0);
    expect_sound(tree);
    assert_int_equal(target_of(tree, UNIT, "10"), 44);
    assert_int_equal(target_of(tree, UNIT, "VN"), 104);
    assert_int_equal(move(tree, "10001", NULL, -29), 0);
    expect_sound(tree);
    assert_int_equal(move(tree, "10001", NULL, -1), 0);
    assert_int_equal(plan_tree_check(tree, NULL), -EINVAL); /* negative */
    plan_tree_destroy(&tree);
}

static void only_what_is_not_divided_is_moved(void **state)
{
    (void)state;
    struct plan_tree *tree = country();
    assert_int_equal(move(tree, "15", NULL, 1), -EINVAL);
    assert_int_equal(move(tree, "10001", "02647", 1), -EINVAL);
    assert_int_equal(move(tree, "10001", "10001", 1), -EINVAL);
    assert_int_equal(move(tree, "10001", NULL, 0), -EINVAL);
    assert_int_equal(move(tree, "10001", NULL, PLAN_TARGET_MAX + 1LL), -EINVAL);
    plan_tree_destroy(&tree);
}

/* --- mergers ---------------------------------------------------------------------------------- */

struct places {
    const char *pairs[16][2]; /* code, parent */
};

static const char *parent_of(void *arg, const char *code)
{
    const struct places *self = arg;
    for (size_t i = 0; i < ARRAY_LEN(self->pairs) && self->pairs[i][0] != NULL; i++) {
        if (strcmp(self->pairs[i][0], code) == 0)
            return self->pairs[i][1];
    }
    return NULL;
}

static int everything(void *arg, const char *code)
{
    (void)arg;
    (void)code;
    return 1;
}

static int rebase(struct plan_tree *tree, struct places *places, const struct plan_heir *heirs,
                  size_t n, size_t *ret_moved)
{
    struct err err = {0};
    const struct plan_territory territory = {heirs, n, parent_of, everything, places};
    return rebase_plan(tree, &territory, ret_moved, &err);
}

static struct places july = {{{"10", "VN"},
                              {"15", "VN"},
                              {"10001", "10"},
                              {"10002", "10"},
                              {"02647", "15"},
                              {"02648", "15"},
                              {"02649", "15"}}};

/* 1 July 2025: Lào Cai (10) and Yên Bái (15) become 15; 10001 goes whole, 10002 in three parts. */
static void the_merger_of_july_2025_loses_nothing(void **state)
{
    (void)state;
    static const struct plan_heir heirs[] = {{"10", "15", 1000000},
                                             {"10001", "02647", 1000000},
                                             {"10002", "02647", 333333},
                                             {"10002", "02648", 333333},
                                             {"10002", "02649", 333334}};
    size_t moved;
    struct plan_tree *tree = country();
    assert_int_equal(rebase(tree, &july, heirs, ARRAY_LEN(heirs), &moved), 0);
    expect_sound(tree);
    assert_int_equal(moved, 3); /* nothing was left of 10 itself */
    assert_int_equal(target_of(tree, UNIT, "VN"), 100);
    assert_int_equal(target_of(tree, UNIT, "15"), 100);
    assert_int_equal(target_of(tree, UNIT, "10"), -1);
    assert_int_equal(target_of(tree, UNIT, "02647"), 50 + 25 + 5);
    assert_int_equal(target_of(tree, UNIT, "02648"), 10 + 5);
    assert_int_equal(target_of(tree, UNIT, "02649"), 5);
    /* what others came to is divided anew */
    assert_int_equal(target_of(tree, ORGANISATION, "VNPOST@02647"), -1);
    assert_int_equal(rebase(tree, &july, heirs, ARRAY_LEN(heirs), &moved), 0);
    assert_int_equal(moved, 0);
    plan_tree_destroy(&tree);
}

static void parts_go_to_the_largest_remainders(void **state)
{
    (void)state;
    static const struct plan_heir heirs[] = {{"10001", "02647", 500000},
                                             {"10001", "02648", 500000},
                                             {"10002", "02647", 900000},
                                             {"10002", "02648", 100000}};
    size_t moved;
    struct plan_tree *tree = country();
    assert_int_equal(rebase(tree, &july, heirs, ARRAY_LEN(heirs), &moved), 0);
    expect_sound(tree);
    /* 12.5 each: the first one gets the 13th; then 13.5 and 1.5 */
    assert_int_equal(target_of(tree, UNIT, "02647"), 50 + 13 + 14);
    assert_int_equal(target_of(tree, UNIT, "02648"), 10 + 12 + 1);
    plan_tree_destroy(&tree);
}

/* Communes that keep their code and come to another province go with what they are divided into. */
static void communes_go_along_with_their_new_province(void **state)
{
    (void)state;
    static struct places moved_in = {{{"10", "VN"},
                                      {"15", "VN"},
                                      {"10001", "10"},
                                      {"10002", "10"},
                                      {"02647", "10"},
                                      {"02648", "15"}}};
    size_t moved;
    struct plan_tree *tree = country();
    assert_int_equal(rebase(tree, &moved_in, NULL, 0, &moved), 0);
    expect_sound(tree);
    assert_int_equal(moved, 1);
    assert_int_equal(target_of(tree, UNIT, "10"), 90);
    assert_int_equal(target_of(tree, UNIT, "15"), 10);
    assert_int_equal(target_of(tree, ORGANISATION, "VNPOST@02647"), 30);
    plan_tree_destroy(&tree);
}

/* A province whose communes have not found a place follows with them. */
static void a_province_follows_with_its_communes(void **state)
{
    (void)state;
    static const struct plan_heir heirs[] = {{"10", "15", 1000000}};
    size_t moved;
    struct plan_tree *tree = country();
    assert_int_equal(rebase(tree, &july, heirs, 1, &moved), 0);
    expect_sound(tree);
    assert_int_equal(target_of(tree, UNIT, "10"), -1);
    assert_int_equal(target_of(tree, UNIT, "15"), 100);
    assert_int_equal(target_of(tree, UNIT, "10002"), 15);
    plan_tree_destroy(&tree);
}

/* A province's own target is handed on to the communes of its heir by theirs: 40 as 50 to 10. */
static void what_was_not_divided_is_handed_on_by_targets(void **state)
{
    (void)state;
    static const struct plan_heir heirs[] = {{"10", "15", 1000000}};
    struct err err = {0};
    size_t moved, at;
    struct plan_tree *tree = country();
    assert_int_equal(divide(tree, "10", NULL, 0, &at, &err), 0);
    assert_int_equal(rebase(tree, &july, heirs, 1, &moved), 0);
    expect_sound(tree);
    assert_int_equal(target_of(tree, UNIT, "02647"), 83); /* 33.33 */
    assert_int_equal(target_of(tree, UNIT, "02648"), 17); /* 6.67 */
    plan_tree_destroy(&tree);
}

static void a_plan_of_a_merged_province_becomes_its_heirs(void **state)
{
    (void)state;
    static const struct plan_heir heirs[] = {{"10", "15", 1000000}, {"10001", "02649", 1000000}};
    size_t moved;
    struct plan_tree *tree = plan_tree_create(UNIT, "10", 40);
    (void)add(tree, 0, UNIT, "10001", 25);
    (void)add(tree, 0, UNIT, "10002", 15);
    assert_int_equal(rebase(tree, &july, heirs, 2, &moved), 0);
    expect_sound(tree);
    assert_string_equal(plan_tree_at(tree, 0)->code, "15");
    assert_string_equal(plan_tree_at(tree, 0)->stored_code, "10");
    assert_int_equal(target_of(tree, UNIT, "15"), 40);
    assert_int_equal(target_of(tree, UNIT, "02649"), 25);
    assert_int_equal(target_of(tree, UNIT, "10002"), 15);
    plan_tree_destroy(&tree);
}

static void mergers_that_cannot_be_followed(void **state)
{
    (void)state;
    static const struct plan_heir outside[] = {{"10001", "99001", 1000000}};
    static const struct plan_heir parted[] = {{"10", "15", 500000}, {"10", "16", 500000}};
    size_t moved;
    struct plan_tree *tree = country();
    assert_int_equal(rebase(tree, &july, outside, 1, &moved), -EINVAL);
    plan_tree_destroy(&tree);
    tree = country();
    assert_int_equal(rebase(tree, &july, parted, 2, &moved), -EINVAL);
    plan_tree_destroy(&tree);
    tree = plan_tree_create(UNIT, "10", 40);
    assert_int_equal(rebase(tree, &july, parted, 2, &moved), -EINVAL);
    plan_tree_destroy(&tree);
}

/* Units that end one after the other: 10001 went to 10002, and that to 02648. */
static void successors_of_successors_inherit(void **state)
{
    (void)state;
    static const struct plan_heir heirs[] = {{"10001", "10002", 1000000},
                                             {"10002", "02648", 1000000}};
    static const struct plan_heir backwards[] = {{"10001", "02649", 1000000},
                                                 {"10002", "10001", 1000000}};
    size_t moved;
    struct plan_tree *tree = country();
    assert_int_equal(rebase(tree, &july, heirs, 2, &moved), 0);
    expect_sound(tree);
    assert_int_equal(target_of(tree, UNIT, "02648"), 50);
    plan_tree_destroy(&tree);
    tree = country();
    assert_int_equal(rebase(tree, &july, backwards, 2, &moved), 0);
    expect_sound(tree);
    assert_int_equal(target_of(tree, UNIT, "02649"), 40);
    assert_int_equal(target_of(tree, UNIT, "10001"), -1);
    plan_tree_destroy(&tree);
}

/* --- any merger ------------------------------------------------------------------------------- */

#define WORLDS 3000
#define WORLD_PROVINCES 5
#define WORLD_COMMUNES 30

static uint64_t world_state = 20250701;

static uint64_t dice(uint64_t n)
{
    world_state ^= world_state << 13;
    world_state ^= world_state >> 7;
    world_state ^= world_state << 17;
    return world_state % n;
}

/* Who ended is followed by others that did not; communes come to new provinces with their old ones,
 * by themselves, or not at all. */
struct world {
    char provinces[WORLD_PROVINCES][3], communes[WORLD_COMMUNES][6];
    size_t province_heir[WORLD_PROVINCES]; /* its own number: it goes on */
    size_t home[WORLD_COMMUNES];           /* province now */
    int is_over[WORLD_COMMUNES];
    struct plan_heir heirs[WORLD_PROVINCES + 3 * WORLD_COMMUNES];
    size_t n_heirs;
};

static const char *world_parent(void *arg, const char *code)
{
    const struct world *self = arg;
    for (size_t i = 0; i < WORLD_COMMUNES; i++) {
        if (strcmp(self->communes[i], code) == 0)
            return self->provinces[self->home[i]];
    }
    return strcmp(code, "VN") == 0 ? NULL : "VN";
}

static size_t going_on(const struct world *self)
{
    size_t i = dice(WORLD_COMMUNES);
    while (self->is_over[i])
        i = (i + 1) % WORLD_COMMUNES;
    return i;
}

static void end_commune(struct world *self, size_t i)
{
    uint32_t left = 1000000;
    size_t first = self->n_heirs;
    for (size_t n = 0; n < 3 && left > 0; n++) {
        const char *heir = self->communes[going_on(self)];
        uint32_t share = n == 2 ? left : (uint32_t)dice(left) + 1;
        int is_known = 0;
        for (size_t k = first; k < self->n_heirs; k++) {
            if (strcmp(self->heirs[k].new_code, heir) == 0) {
                self->heirs[k].share_per_million += share;
                is_known = 1;
            }
        }
        if (!is_known)
            self->heirs[self->n_heirs++] = (struct plan_heir){self->communes[i], heir, share};
        left -= share;
    }
}

static struct plan_tree *make_world(struct world *self)
{
    struct plan_tree *tree = plan_tree_create(UNIT, "VN", 0);
    size_t nodes[WORLD_PROVINCES];
    self->n_heirs = 0;
    for (size_t i = 0; i < WORLD_PROVINCES; i++) {
        (void)snprintf(self->provinces[i], sizeof(self->provinces[i]), "%02zu", i);
        nodes[i] = add(tree, 0, UNIT, self->provinces[i], 0);
        self->province_heir[i] = i > 0 && dice(3) == 0 ? 0 : i;
        if (self->province_heir[i] != i)
            self->heirs[self->n_heirs++] =
                (struct plan_heir){self->provinces[i], self->provinces[0], 1000000};
    }
    for (size_t i = 0; i < WORLD_COMMUNES; i++) {
        size_t old = dice(WORLD_PROVINCES);
        (void)snprintf(self->communes[i], sizeof(self->communes[i]), "%05zu", i);
        self->is_over[i] = i > 0 && dice(3) == 0;
        self->home[i] = dice(2) == 0 ? self->province_heir[old] : old;
        if (dice(8) == 0)
            continue; /* it has no target */
        size_t node = add(tree, nodes[old], UNIT, self->communes[i], 0);
        int64_t target = (int64_t)dice(1000);
        plan_tree_raise(tree, node, dice(10) == 0 ? 0 : target);
        if (dice(4) == 0)
            (void)add(tree, node, ORGANISATION, self->communes[i],
                      plan_tree_at(tree, node)->target);
    }
    for (size_t i = 0; i < WORLD_PROVINCES; i++) {
        if (plan_tree_at(tree, nodes[i])->first_child == PLAN_NONE)
            plan_tree_raise(tree, nodes[i], (int64_t)dice(1000));
    }
    for (size_t i = 0; i < WORLD_COMMUNES; i++) {
        if (self->is_over[i])
            end_commune(self, i);
    }
    return tree;
}

static void no_merger_loses_or_adds_anything(void **state)
{
    (void)state;
    struct world *world = calloc(1, sizeof(*world));
    assert_non_null(world);
    size_t n_moved = 0;
    for (int i = 0; i < WORLDS; i++) {
        struct err err = {0};
        size_t moved;
        struct plan_tree *tree = make_world(world);
        int64_t total = plan_tree_at(tree, 0)->target;
        expect_sound(tree);
        const struct plan_territory territory = {world->heirs, world->n_heirs, world_parent,
                                                 everything, world};
        if (rebase_plan(tree, &territory, &moved, &err) < 0)
            fail_msg("world %d: %s", i, err.text);
        expect_sound(tree);
        assert_int_equal(plan_tree_at(tree, 0)->target, total);
        for (size_t k = 0; k < world->n_heirs; k++)
            assert_int_equal(target_of(tree, UNIT, world->heirs[k].old_code), -1);
        n_moved += moved;
        plan_tree_destroy(&tree);
    }
    assert_true(n_moved > WORLDS);
    free(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(participants_of_57_34_percent_mean_a_plan_of_78_275),
        cmocka_unit_test(participants_of_the_city_are_68_85_percent_of_4_600),
        cmocka_unit_test(participants_278_050_are_25_3_percent_of_1_099_012),
        cmocka_unit_test(growth_over_39_248_is_14_36_percent),
        cmocka_unit_test(a_scope_stands_once_in_a_plan),
        cmocka_unit_test(targets_that_do_not_add_up_are_found),
        cmocka_unit_test(a_split_adds_up_and_keeps_what_is_below),
        cmocka_unit_test(a_split_into_nothing_takes_all_below_away),
        cmocka_unit_test(what_is_moved_is_taken_from_somewhere),
        cmocka_unit_test(or_everything_above_is_raised),
        cmocka_unit_test(only_what_is_not_divided_is_moved),
        cmocka_unit_test(the_merger_of_july_2025_loses_nothing),
        cmocka_unit_test(parts_go_to_the_largest_remainders),
        cmocka_unit_test(communes_go_along_with_their_new_province),
        cmocka_unit_test(a_province_follows_with_its_communes),
        cmocka_unit_test(what_was_not_divided_is_handed_on_by_targets),
        cmocka_unit_test(a_plan_of_a_merged_province_becomes_its_heirs),
        cmocka_unit_test(mergers_that_cannot_be_followed),
        cmocka_unit_test(successors_of_successors_inherit),
        cmocka_unit_test(no_merger_loses_or_adds_anything),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}
