#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/macros.h"
#include "services/analytics/queries.h"

#define TURNS_MAX 100000

struct world {
    struct loop *loop;
    struct facts *facts;
    struct queries *queries;
};

struct walk {
    uint64_t next, seen, enough;
    int64_t days; /* sum */
    int is_done, rc;
};

static int setup(void **state)
{
    static struct world world;
    world.loop = loop_create();
    world.facts = facts_create();
    world.queries = queries_create(world.loop, world.facts);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    queries_destroy(&world->queries);
    facts_destroy(&world->facts);
    loop_destroy(&world->loop);
    return 0;
}

static void add(struct world *world, uint64_t n, uint16_t day, int64_t at_ms)
{
    const struct fact fact = {.day = day, .at_ms = at_ms, .kind = FACT_DECLARED};
    for (uint64_t i = 0; i < n; i++)
        facts_add(world->facts, &fact);
}

static int visit(void *arg, const struct fact *facts, size_t n, uint64_t first)
{
    struct walk *walk = arg;
    assert_true(first >= walk->next);
    walk->next = first + n;
    walk->seen += n;
    for (size_t i = 0; i < n; i++)
        walk->days += facts[i].day;
    return walk->enough == 0 || walk->seen < walk->enough;
}

static void done(void *arg, int rc)
{
    struct walk *walk = arg;
    assert_false(walk->is_done);
    walk->is_done = 1;
    walk->rc = rc;
}

static struct query all(const struct world *world, struct walk *walk)
{
    return (struct query){.end = facts_count(world->facts),
                          .until = UINT16_MAX,
                          .as_of_ms = INT64_MAX,
                          .visit = visit,
                          .done = done,
                          .arg = walk};
}

static void finish(const struct world *world)
{
    for (int i = 0; queries_count(world->queries) > 0; i++) {
        assert_true(i < TURNS_MAX);
        loop_turn(world->loop, 0);
    }
}

static void a_walk_sees_every_fact_once(void **state)
{
    struct world *world = *state;
    struct walk walk = {0}, middle = {0}, none = {0};
    add(world, 2 * FACTS_CHUNK + 1000, 3, 5);
    struct query query = all(world, &walk);
    assert_int_equal(queries_start(world->queries, &query), 0);
    query = all(world, &middle);
    query.begin = 100;
    query.end = FACTS_CHUNK + 50;
    assert_int_equal(queries_start(world->queries, &query), 0);
    query = all(world, &none);
    query.begin = query.end;
    assert_int_equal(queries_start(world->queries, &query), 0);
    add(world, 500, 3, 5); /* what comes during the walk is not in it */
    finish(world);
    assert_true(walk.is_done && middle.is_done && none.is_done);
    assert_int_equal(walk.seen, 2 * FACTS_CHUNK + 1000);
    assert_int_equal(walk.days, 3 * walk.seen);
    assert_int_equal(middle.seen, FACTS_CHUNK - 50);
    assert_int_equal(none.seen, 0);
}

static void a_walk_leaves_out_what_cannot_count(void **state)
{
    struct world *world = *state;
    struct walk by_day = {0}, by_time = {0};
    add(world, FACTS_CHUNK, 10, 1000);
    add(world, FACTS_CHUNK, 20, 2000);
    add(world, FACTS_CHUNK, 30, 3000);
    struct query query = all(world, &by_day);
    query.from = 11;
    query.until = 29;
    assert_int_equal(queries_start(world->queries, &query), 0);
    query = all(world, &by_time);
    query.as_of_ms = 2000;
    assert_int_equal(queries_start(world->queries, &query), 0);
    finish(world);
    assert_int_equal(by_day.seen, FACTS_CHUNK);
    assert_int_equal(by_day.days, 20LL * FACTS_CHUNK);
    assert_int_equal(by_time.seen, 2 * FACTS_CHUNK);
}

static void a_walk_that_has_seen_enough_ends(void **state)
{
    struct world *world = *state;
    struct walk walk = {.enough = 1};
    add(world, 2 * FACTS_CHUNK, 3, 5);
    struct query query = all(world, &walk);
    assert_int_equal(queries_start(world->queries, &query), 0);
    finish(world);
    assert_true(walk.is_done);
    assert_true(walk.seen < FACTS_CHUNK);
}

static void dropped_chunks_are_left_out(void **state)
{
    struct world *world = *state;
    struct walk walk = {0};
    add(world, FACTS_CHUNK, 10, 1000);
    add(world, 10, 20, 2000);
    struct query query = all(world, &walk);
    assert_int_equal(facts_drop_before(world->facts, 15), 1);
    assert_int_equal(queries_start(world->queries, &query), 0);
    finish(world);
    assert_int_equal(walk.seen, 10);
}

static void too_many_walks_are_refused_and_all_can_be_ended(void **state)
{
    struct world *world = *state;
    struct walk walks[QUERIES_MAX + 1];
    memset(walks, 0, sizeof(walks));
    add(world, 10, 1, 1);
    for (size_t i = 0; i < QUERIES_MAX; i++) {
        struct query query = all(world, &walks[i]);
        assert_int_equal(queries_start(world->queries, &query), 0);
    }
    struct query query = all(world, &walks[QUERIES_MAX]);
    assert_int_equal(queries_start(world->queries, &query), -EBUSY);
    queries_cancel(world->queries);
    for (size_t i = 0; i < QUERIES_MAX; i++) {
        assert_true(walks[i].is_done);
        assert_int_equal(walks[i].rc, -ECANCELED);
    }
    facts_clear(world->facts);
    assert_int_equal(queries_start(world->queries, &query), 0);
    queries_cancel(world->queries);
}

/* Whoever came first does not keep the others waiting until it is done. */
static void many_long_walks_take_turns(void **state)
{
    struct world *world = *state;
    struct walk walks[QUERIES_MAX];
    memset(walks, 0, sizeof(walks));
    add(world, 16 * FACTS_CHUNK, 3, 5);
    for (size_t i = 0; i < QUERIES_MAX; i++) {
        struct query query = all(world, &walks[i]);
        assert_int_equal(queries_start(world->queries, &query), 0);
    }
    int turns = 0;
    while (queries_count(world->queries) > 0 && turns++ < TURNS_MAX)
        loop_turn(world->loop, 0);
    assert_true(turns >= QUERIES_MAX);
    for (size_t i = 0; i < QUERIES_MAX; i++)
        assert_int_equal(walks[i].seen, 16 * FACTS_CHUNK);
}

static int is_unwanted(void *arg)
{
    (void)arg;
    return 0;
}

static void a_walk_that_nobody_waits_for_ends(void **state)
{
    struct world *world = *state;
    struct walk walk = {0}, other = {0};
    add(world, 16 * FACTS_CHUNK, 3, 5);
    struct query query = all(world, &walk);
    query.is_wanted = is_unwanted;
    assert_int_equal(queries_start(world->queries, &query), 0);
    query = all(world, &other);
    assert_int_equal(queries_start(world->queries, &query), 0);
    finish(world);
    assert_int_equal(walk.rc, -ETIMEDOUT);
    assert_int_equal(walk.seen, 0);
    assert_int_equal(other.rc, 0);
    assert_int_equal(other.seen, 16 * FACTS_CHUNK);
}

struct late {
    struct world *world;
    struct walk walk;
    int *n_begun;
    int place; /* among those that were begun; 0: not yet */
};

static void begin(void *arg)
{
    struct late *late = arg;
    struct query query = all(late->world, &late->walk);
    late->place = ++*late->n_begun;
    assert_int_equal(queries_start(late->world->queries, &query), 0);
}

/* A few take turns, in the order in which they came; in one turn of the loop one is begun. */
static void what_waits_is_begun_in_its_order(void **state)
{
    struct world *world = *state;
    struct late late[QUERIES_WAITING];
    struct late none = {.world = world};
    int n_begun = 0;
    add(world, 4 * FACTS_CHUNK, 3, 5);
    for (int i = 0; i < QUERIES_WAITING; i++) {
        late[i] = (struct late){.world = world, .n_begun = &n_begun};
        assert_int_equal(queries_begin_later(world->queries, begin, &late[i]), 0);
    }
    assert_int_equal(queries_begin_later(world->queries, begin, &none), -EBUSY);
    assert_int_equal(n_begun, 0);
    for (int turns = 0; n_begun < QUERIES_WAITING; turns++) {
        int before = n_begun;
        assert_true(turns < TURNS_MAX);
        loop_turn(world->loop, 0);
        assert_in_range(n_begun, before, before + 1);
        assert_in_range(queries_count(world->queries), 0, QUERIES_STARTED);
    }
    finish(world);
    for (int i = 0; i < QUERIES_WAITING; i++) {
        assert_int_equal(late[i].place, i + 1);
        assert_int_equal(late[i].walk.seen, 4 * FACTS_CHUNK);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_walk_that_nobody_waits_for_ends, setup, teardown),
    cmocka_unit_test_setup_teardown(what_waits_is_begun_in_its_order, setup, teardown),
    cmocka_unit_test_setup_teardown(a_walk_sees_every_fact_once, setup, teardown),
    cmocka_unit_test_setup_teardown(a_walk_leaves_out_what_cannot_count, setup, teardown),
    cmocka_unit_test_setup_teardown(a_walk_that_has_seen_enough_ends, setup, teardown),
    cmocka_unit_test_setup_teardown(dropped_chunks_are_left_out, setup, teardown),
    cmocka_unit_test_setup_teardown(too_many_walks_are_refused_and_all_can_be_ended, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(many_long_walks_take_turns, setup, teardown),
};

TEST_MAIN(tests)
