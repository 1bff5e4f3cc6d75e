/* Whom the sessions of a unit and of those below it have reached, by their lists. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "services/analytics/reach.h"
#include "services/cli/sample_draw.h"

enum unit { COUNTRY, PROVINCE, OTHER_PROVINCE, COMMUNE, OTHER_COMMUNE, FAR_COMMUNE, UNITS };

static struct directory_unit units[UNITS];
static struct sessions *sessions;
static struct reach *reach;
static const char *unknown; /* a code that the directory has not heard of */

static void unit_make(enum unit i, const char *code, enum unit parent)
{
    units[i] = (struct directory_unit){.index = (size_t)i};
    (void)strncpy(units[i].code, code, sizeof(units[i].code) - 1);
    units[i].parent = i == COUNTRY ? NULL : &units[parent];
}

static int setup(void **state)
{
    (void)state;
    unit_make(COUNTRY, "VN", COUNTRY);
    unit_make(PROVINCE, "15", COUNTRY);
    unit_make(OTHER_PROVINCE, "14", COUNTRY);
    unit_make(COMMUNE, "02647", PROVINCE);
    unit_make(OTHER_COMMUNE, "03006", PROVINCE);
    unit_make(FAR_COMMUNE, "03646", OTHER_PROVINCE);
    sessions = sessions_create();
    reach = reach_create();
    unknown = "";
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    reach_destroy(&reach);
    assert_null(reach);
    sessions_destroy(&sessions);
    return 0;
}

static const struct directory_unit *unit_of(const void *arg, const char *code)
{
    (void)arg;
    for (size_t i = 0; i < UNITS; i++) {
        if (strcmp(units[i].code, code) == 0 && strcmp(code, unknown) != 0)
            return &units[i];
    }
    return NULL;
}

static void record(const char *code, enum unit unit, int is_cancelled, int64_t at_ms)
{
    Ansinh__V1__Session session;
    ansinh__v1__session__init(&session);
    session.code = (char *)(uintptr_t)code;
    session.unit_code = units[unit].code;
    session.cancelled = is_cancelled;
    assert_int_equal(sessions_record(sessions, &session, at_ms), 0);
}

/* People of these numbers, in lists of at most 100. */
static void contact(const char *code, uint64_t first, uint64_t n, int64_t at_ms)
{
    uint64_t people[100];
    for (uint64_t i = 0; i < n; i += ARRAY_LEN(people)) {
        size_t part = (size_t)MIN(n - i, (uint64_t)ARRAY_LEN(people));
        for (size_t k = 0; k < part; k++)
            people[k] = draw_mix(first + i + k);
        assert_int_equal(sessions_contact(sessions, code, people, part, at_ms), 0);
    }
}

static void follow(void)
{
    reach_follow(reach, sessions, unit_of, NULL);
}

static void expect(int64_t country, int64_t province, int64_t commune, int64_t other_commune)
{
    assert_int_equal(reach_of(reach, &units[COUNTRY]), country);
    assert_int_equal(reach_of(reach, &units[PROVINCE]), province);
    assert_int_equal(reach_of(reach, &units[COMMUNE]), commune);
    assert_int_equal(reach_of(reach, &units[OTHER_COMMUNE]), other_commune);
}

static void people_are_counted_once_in_every_unit_above(void **state)
{
    (void)state;
    record("a", COMMUNE, 0, 1);
    record("b", OTHER_COMMUNE, 0, 1);
    record("c", FAR_COMMUNE, 0, 1);
    record("p", PROVINCE, 0, 1);
    expect(0, 0, 0, 0);
    contact("a", 0, 50, 2);
    contact("b", 30, 50, 2);
    contact("c", 30, 5, 2);
    contact("p", 70, 20, 2);
    follow();
    expect(90, 90, 50, 50);
    assert_int_equal(reach_of(reach, &units[OTHER_PROVINCE]), 5);
    contact("a", 0, 50, 3); /* the same list once more */
    contact("c", 1000, 1, 3);
    follow();
    expect(91, 90, 50, 50);
}

static void what_changed_is_told_once(void **state)
{
    (void)state;
    record("a", COMMUNE, 0, 1);
    contact("a", 0, 50, 2);
    follow();
    assert_true(reach_is_changed(reach, COMMUNE) && reach_is_changed(reach, COUNTRY));
    assert_false(reach_is_changed(reach, FAR_COMMUNE));
    assert_false(reach_is_changed(reach, 1000000));
    reach_forget_changes(reach);
    contact("a", 0, 50, 3);
    follow();
    assert_false(reach_is_changed(reach, COMMUNE));
    record("p", PROVINCE, 0, 3);
    contact("p", 10, 50, 4);
    follow();
    assert_true(reach_is_changed(reach, PROVINCE));
    assert_false(reach_is_changed(reach, COMMUNE));
}

static void a_corrected_session_takes_its_people_along(void **state)
{
    (void)state;
    record("a", COMMUNE, 0, 1);
    record("b", COMMUNE, 0, 1);
    contact("a", 0, 50, 2);
    contact("b", 0, 10, 2);
    follow();
    expect(50, 50, 50, 0);
    record("a", OTHER_COMMUNE, 0, 3);
    follow();
    expect(50, 50, 10, 50);
    record("a", OTHER_COMMUNE, 1, 4);
    follow();
    expect(10, 10, 10, 0);
    record("a", OTHER_COMMUNE, 0, 5);
    follow();
    expect(50, 50, 10, 50);
    assert_int_equal(sessions_moves(sessions), 3);
    record("a", OTHER_COMMUNE, 0, 6); /* its attendance, say */
    assert_int_equal(sessions_moves(sessions), 3);
}

static void a_merged_unit_counts_in_its_successor(void **state)
{
    (void)state;
    record("a", COMMUNE, 0, 1);
    record("b", OTHER_COMMUNE, 0, 1);
    contact("a", 0, 50, 2);
    contact("b", 30, 50, 2);
    follow();
    units[OTHER_COMMUNE].successor = &units[COMMUNE];
    follow();
    expect(80, 80, 80, 50);
    units[OTHER_COMMUNE].successor = NULL;
    units[OTHER_COMMUNE].parent = &units[OTHER_PROVINCE];
    follow();
    expect(80, 50, 50, 50);
}

static void a_unit_that_is_not_known_yet_is_waited_for(void **state)
{
    (void)state;
    unknown = "03006";
    record("a", COMMUNE, 0, 1);
    record("b", OTHER_COMMUNE, 0, 1);
    contact("b", 0, 5, 2);
    contact("a", 0, 50, 2);
    follow();
    expect(0, 0, 0, 0);
    unknown = "";
    follow();
    expect(50, 50, 50, 5);
}

/* Some 250,000 lines: what is shown is never a part of it. */
static void many_people_are_taken_in_turns(void **state)
{
    (void)state;
    record("a", COMMUNE, 0, 1);
    contact("a", 0, 5742, 2);
    follow();
    int64_t before = reach_of(reach, &units[COUNTRY]);
    contact("a", 0, 250000, 3);
    int turns = 0;
    do {
        follow();
        turns++;
    } while (reach_of(reach, &units[COUNTRY]) == before && turns < 10);
    assert_int_equal(turns, 3);
    assert_true(llabs(reach_of(reach, &units[COUNTRY]) - 250000) < 250000 / 1000 * 25);
    assert_true(reach_bytes(reach) < (size_t)4 * 17 * 1024);
    reach_clear(reach);
    expect(0, 0, 0, 0);
    for (int i = 0; i < 3; i++)
        follow();
    assert_int_equal(reach_of(reach, &units[COUNTRY]), reach_of(reach, &units[COMMUNE]));
    assert_true(reach_of(reach, &units[COUNTRY]) > before);
}

/* --- as of a moment --------------------------------------------------------------------------- */

static size_t places_of(void *arg, const Ansinh__V1__Session *session,
                        size_t places[REACH_PLACES_MAX])
{
    assert_null(arg);
    places[0] = 0;
    places[1] = 1;
    return strcmp(session->unit_code, "02647") == 0 ? 2 : 1;
}

static void expect_then(int64_t as_of_ms, int64_t all, int64_t commune)
{
    struct reach_walk *walk = reach_walk_create(sessions, as_of_ms, 2, places_of, NULL);
    while (reach_walk_step(walk, 1))
        continue;
    assert_int_equal(reach_walk_estimate(walk, 0), all);
    assert_int_equal(reach_walk_estimate(walk, 1), commune);
    reach_walk_destroy(&walk);
    assert_null(walk);
}

static void the_past_is_walked_through(void **state)
{
    (void)state;
    record("a", COMMUNE, 0, 100);
    record("b", OTHER_COMMUNE, 0, 100);
    contact("a", 0, 50, 200);
    contact("b", 40, 50, 300);
    record("a", COMMUNE, 1, 400);
    record("a", OTHER_COMMUNE, 0, 500);
    expect_then(99, 0, 0);
    expect_then(199, 0, 0);
    expect_then(200, 50, 50);
    expect_then(300, 90, 50);
    expect_then(400, 50, 0);
    expect_then(500, 90, 0);
    follow();
    assert_int_equal(reach_of(reach, &units[COUNTRY]), 90);
    /* lists that came after the question are left out */
    struct reach_walk *walk = reach_walk_create(sessions, INT64_MAX, 2, places_of, NULL);
    contact("b", 1000, 10, 200);
    while (reach_walk_step(walk, 1000))
        continue;
    assert_int_equal(reach_walk_estimate(walk, 0), 90);
    reach_walk_destroy(&walk);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
static const struct CMUnitTest tests[] = {
    TEST(people_are_counted_once_in_every_unit_above),
    TEST(what_changed_is_told_once),
    TEST(a_corrected_session_takes_its_people_along),
    TEST(a_merged_unit_counts_in_its_successor),
    TEST(a_unit_that_is_not_known_yet_is_waited_for),
    TEST(many_people_are_taken_in_turns),
    TEST(the_past_is_walked_through),
};

TEST_MAIN(tests)
