/* The queue and the history in a real views server. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "services/notifications/notifications_store.h"
#include "tests/support/store_fixture.h"

#define CLAIM_MS 60000
#define SHORT_CLAIM_MS 30

struct world {
    struct store_fixture views;
    struct notify_store *store;
    struct flush *flush;
    uint64_t epoch, flushes;
    /* of the last turn */
    int is_answered;
    int rc;
    struct notify_turn turn;
    struct claimed_task tasks[TAKE_MAX];
    struct delivery history[HISTORY_MAX];
    size_t n_history;
};

static void on_lease(void *arg, int rc, uint64_t epoch, uint64_t flushes)
{
    struct world *world = arg;
    world->rc = rc;
    world->epoch = epoch;
    world->flushes = flushes;
    world->is_answered = 1;
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    store_fixture_open(&world->views, "views");
    world->store = notify_store_create(world->views.store);
    assert_int_equal(flush_create(world->views.store, NOTIFY_VIEW, &world->flush), 0);
    assert_int_equal(
        lease_acquire(world->views.store, NOTIFY_VIEW, "test", 3600000, on_lease, world), 0);
    TURN_UNTIL(world->views.loop, world->is_answered);
    assert_int_equal(world->rc, 0);
    assert_true(world->epoch > 0);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    flush_destroy(&world->flush);
    store_destroy(&world->views.store);
    notify_store_destroy(&world->store);
    store_fixture_close(&world->views);
    free(world);
    return 0;
}

static struct task make_task(unsigned citizen, uint64_t seq)
{
    struct task task = {
        .position = {.epoch = 1, .seq = seq}, .kind = TASK_RECEIPT, .day = 20000, .at_ms = 1};
    memcpy(task.citizen, &citizen, sizeof(citizen));
    task.citizen[15] = (uint8_t)citizen;
    task.receipt.months = 1;
    return task;
}

static void on_flushed(void *arg, int rc, enum flush_outcome outcome, uint64_t flushes)
{
    struct world *world = arg;
    assert_int_equal(rc, 0);
    assert_int_equal(outcome, FLUSH_DONE);
    world->flushes = flushes;
    world->is_answered = 1;
}

static void push(struct world *world, const struct task *task, enum task_state task_state)
{
    struct delivery delivery = {
        .position = task->position, .kind = task->kind, .state = task_state, .updated_at_ms = 5};
    uint8_t found[FOUND_PACKED_MAX_BYTES];
    size_t len = found_pack(task, &delivery, found);
    assert_int_equal(notify_store_push(world->flush, found, len), 0);
}

static void begin(struct world *world)
{
    flush_begin(world->flush, world->epoch, world->flushes);
}

static void commit(struct world *world)
{
    world->is_answered = 0;
    assert_int_equal(flush_send(world->flush, on_flushed, world), 0);
    TURN_UNTIL(world->views.loop, world->is_answered);
}

static void push_one(struct world *world, const struct task *task, enum task_state task_state)
{
    begin(world);
    push(world, task, task_state);
    commit(world);
}

static void on_turn(void *arg, int rc, const struct notify_turn *turn)
{
    struct world *world = arg;
    world->is_answered = 1;
    world->rc = rc;
    if (turn == NULL)
        return;
    world->turn = *turn;
    memcpy(world->tasks, turn->tasks, turn->n_tasks * sizeof(world->tasks[0]));
}

static size_t turn(struct world *world, size_t n, int64_t claim_ms)
{
    world->is_answered = 0;
    notify_store_turn(world->store, n, claim_ms, on_turn, world);
    TURN_UNTIL(world->views.loop, world->is_answered);
    assert_int_equal(world->rc, 0);
    return world->turn.n_tasks;
}

static void on_settled(void *arg, int rc)
{
    struct world *world = arg;
    world->is_answered = 1;
    world->rc = rc;
}

static void settle(struct world *world, const struct task *task, enum try_result result,
                   unsigned attempts, int64_t token)
{
    struct verdict verdict = rules_verdict(result, attempts, 3, 20);
    struct delivery delivery = {
        .position = task->position,
        .kind = task->kind,
        .state = verdict.state,
        .channel = CHANNEL_SMTP,
        .attempts = attempts,
        .error = result == TRY_SENT ? 0 : 451,
        .updated_at_ms = 6,
    };
    world->is_answered = 0;
    notify_store_settle(world->store, task, &delivery, &verdict, token, on_settled, world);
    TURN_UNTIL(world->views.loop, world->is_answered);
    assert_int_equal(world->rc, 0);
}

static void on_history(void *arg, int rc, const struct delivery *deliveries, size_t n)
{
    struct world *world = arg;
    world->is_answered = 1;
    world->rc = rc;
    world->n_history = n;
    memcpy(world->history, deliveries, n * sizeof(deliveries[0]));
}

static size_t history(struct world *world, unsigned citizen)
{
    struct task task = make_task(citizen, 1);
    world->is_answered = 0;
    notify_store_history(world->store, task.citizen, on_history, world);
    TURN_UNTIL(world->views.loop, world->is_answered);
    assert_int_equal(world->rc, 0);
    return world->n_history;
}

static void a_task_goes_its_way(void **state)
{
    struct world *world = *state;
    struct task task = make_task(7, 42);
    assert_int_equal(history(world, 7), 0);
    push_one(world, &task, TASK_QUEUED);
    assert_int_equal(turn(world, 0, CLAIM_MS), 0);
    assert_int_equal(world->turn.queued, 1);
    assert_int_equal(history(world, 7), 1);
    assert_int_equal(world->history[0].state, TASK_QUEUED);
    assert_int_equal(turn(world, 10, CLAIM_MS), 1);
    assert_int_equal(world->tasks[0].attempts, 1);
    assert_memory_equal(world->tasks[0].task.citizen, task.citizen, ID_BYTES);
    assert_int_equal(world->tasks[0].task.position.seq, 42);
    int64_t token = world->turn.token;
    assert_int_equal(turn(world, 10, CLAIM_MS), 0); /* claimed */
    settle(world, &task, TRY_SENT, 1, token);
    assert_int_equal(turn(world, 10, CLAIM_MS), 0);
    assert_int_equal(world->turn.queued, 0);
    assert_int_equal(history(world, 7), 1);
    assert_int_equal(world->history[0].state, TASK_SENT);
    assert_int_equal(world->history[0].attempts, 1);
    assert_int_equal(world->history[0].updated_at_ms, 6);
    assert_int_equal(redis_server_integer(world->views.server, "EXISTS", "{v:notify}:tries", NULL),
                     0);
}

static void an_expired_task_is_only_remembered(void **state)
{
    struct world *world = *state;
    struct task task = make_task(7, 42);
    push_one(world, &task, TASK_EXPIRED);
    assert_int_equal(turn(world, 10, CLAIM_MS), 0);
    assert_int_equal(world->turn.queued, 0);
    assert_int_equal(history(world, 7), 1);
    assert_int_equal(world->history[0].state, TASK_EXPIRED);
}

static void a_failed_try_comes_back_later(void **state)
{
    struct world *world = *state;
    struct task task = make_task(7, 42);
    push_one(world, &task, TASK_QUEUED);
    for (unsigned attempt = 1; attempt <= 3; attempt++) {
        TURN_UNTIL(world->views.loop, turn(world, 10, CLAIM_MS) == 1);
        assert_int_equal(world->tasks[0].attempts, attempt);
        settle(world, &task, TRY_TEMPORARY, attempt, world->turn.token);
        assert_int_equal(history(world, 7), 1);
        assert_int_equal(world->history[0].state, attempt < 3 ? TASK_QUEUED : TASK_FAILED);
        assert_int_equal(world->history[0].attempts, attempt);
        assert_int_equal(world->history[0].error, 451);
    }
    assert_int_equal(turn(world, 10, CLAIM_MS), 0);
    assert_int_equal(world->turn.queued, 0);
}

static void a_deferral_does_not_count(void **state)
{
    struct world *world = *state;
    struct task task = make_task(7, 42);
    push_one(world, &task, TASK_QUEUED);
    for (int i = 0; i < 5; i++) {
        TURN_UNTIL(world->views.loop, turn(world, 10, CLAIM_MS) == 1);
        assert_int_equal(world->tasks[0].attempts, 1);
        settle(world, &task, TRY_DEFERRED, 1, world->turn.token);
    }
}

static void a_lost_claim_comes_back_and_decides_nothing(void **state)
{
    struct world *world = *state;
    struct task task = make_task(7, 42);
    push_one(world, &task, TASK_QUEUED);
    assert_int_equal(turn(world, 10, SHORT_CLAIM_MS), 1);
    int64_t lost = world->turn.token;
    TURN_UNTIL(world->views.loop, turn(world, 10, CLAIM_MS) == 1);
    assert_int_equal(world->tasks[0].attempts, 2);
    /* The first sender wakes up: its failure would hand the task to a third one. */
    settle(world, &task, TRY_TEMPORARY, 1, lost);
    assert_int_equal(history(world, 7), 1);
    assert_int_equal(world->history[0].attempts, 0);
    int64_t due = redis_server_integer(world->views.server, "EVAL",
                                       "return tonumber(redis.call('ZRANGE', '{v:notify}:queue', "
                                       "0, 0, 'WITHSCORES')[2])",
                                       "0", NULL);
    assert_int_equal(due, world->turn.token);
    /* But what it has sent is sent, and the second one's failure comes too late. */
    settle(world, &task, TRY_SENT, 1, lost);
    settle(world, &task, TRY_TEMPORARY, 2, world->turn.token);
    assert_int_equal(history(world, 7), 1);
    assert_int_equal(world->history[0].state, TASK_SENT);
    assert_int_equal(turn(world, 10, CLAIM_MS), 0);
    assert_int_equal(world->turn.queued, 0);
}

static void an_event_found_twice_is_one_task(void **state)
{
    struct world *world = *state;
    struct task task = make_task(7, 42);
    push_one(world, &task, TASK_QUEUED);
    push_one(world, &task, TASK_QUEUED);
    assert_int_equal(turn(world, 10, CLAIM_MS), 1);
    settle(world, &task, TRY_SENT, 1, world->turn.token);
    push_one(world, &task, TASK_QUEUED);
    assert_int_equal(turn(world, 10, CLAIM_MS), 0);
    assert_int_equal(history(world, 7), 1);
    assert_int_equal(world->history[0].state, TASK_SENT);
}

static void the_newest_hundred_are_remembered(void **state)
{
    struct world *world = *state;
    begin(world);
    for (uint64_t seq = 1; seq <= HISTORY_MAX + 30; seq++) {
        struct task task = make_task(7, seq);
        push(world, &task, TASK_EXPIRED);
        struct task other = make_task(8, seq);
        if (seq <= 3)
            push(world, &other, TASK_EXPIRED);
    }
    commit(world);
    (void)turn(world, 0, CLAIM_MS);
    assert_int_equal(history(world, 7), HISTORY_MAX);
    for (size_t i = 0; i < HISTORY_MAX; i++)
        assert_int_equal(world->history[i].position.seq, 31 + i);
    assert_int_equal(history(world, 8), 3);
    assert_int_equal(history(world, 9), 0);
}

static void one_turn_takes_a_bounded_number(void **state)
{
    struct world *world = *state;
    begin(world);
    for (unsigned i = 0; i < FILE_MAX + 500; i++) {
        struct task task = make_task(i, 1);
        push(world, &task, TASK_QUEUED);
    }
    commit(world);
    assert_int_equal(turn(world, 100, CLAIM_MS), 100);
    assert_int_equal(world->turn.found_left, 500);
    assert_int_equal(world->turn.queued, FILE_MAX);
    assert_int_equal(turn(world, TAKE_MAX, CLAIM_MS), TAKE_MAX);
    assert_int_equal(world->turn.found_left, 0);
    assert_int_equal(world->turn.queued, FILE_MAX + 500);
}

struct taker {
    struct notify_store *store;
    int is_busy;
    size_t n;
    unsigned *seen;
};

static void on_taken(void *arg, int rc, const struct notify_turn *turn)
{
    struct taker *taker = arg;
    assert_int_equal(rc, 0);
    taker->is_busy = 0;
    for (size_t i = 0; i < turn->n_tasks; i++)
        taker->seen[turn->tasks[i].task.position.seq]++;
    taker->n += turn->n_tasks;
}

static void two_senders_never_hold_one_task(void **state)
{
    struct world *world = *state;
    static unsigned seen[3001];
    memset(seen, 0, sizeof(seen));
    begin(world);
    for (unsigned i = 1; i <= 3000; i++) {
        struct task task = make_task(i, i);
        push(world, &task, TASK_QUEUED);
    }
    commit(world);
    struct store *second = NULL;
    assert_int_equal(store_create(world->views.loop, &world->views.conf, &second, NULL), 0);
    struct taker takers[] = {{.store = world->store, .seen = seen},
                             {.store = notify_store_create(second), .seen = seen}};
    int64_t deadline_ms = clock_mono_ms() + FIXTURE_WAIT_MS;
    while (takers[0].n + takers[1].n < 3000) {
        assert_true(clock_mono_ms() < deadline_ms);
        for (size_t i = 0; i < 2; i++) {
            if (!takers[i].is_busy) {
                takers[i].is_busy = 1;
                notify_store_turn(takers[i].store, 7, CLAIM_MS, on_taken, &takers[i]);
            }
        }
        loop_turn(world->views.loop, 10);
    }
    TURN_UNTIL(world->views.loop, !takers[0].is_busy && !takers[1].is_busy);
    for (unsigned i = 1; i <= 3000; i++)
        assert_int_equal(seen[i], 1);
    assert_true(takers[0].n > 100 && takers[1].n > 100);
    store_destroy(&second);
    notify_store_destroy(&takers[1].store);
}

static void a_killed_server_keeps_the_queue(void **state)
{
    struct world *world = *state;
    struct task task = make_task(7, 42);
    push_one(world, &task, TASK_QUEUED);
    assert_int_equal(turn(world, 10, CLAIM_MS), 1);
    settle(world, &task, TRY_TEMPORARY, 1, world->turn.token);
    redisReply *reply = redis_server_do(world->views.server, "BGREWRITEAOF", NULL);
    freeReplyObject(reply);
    redis_server_kill(world->views.server);
    world->is_answered = 0;
    notify_store_turn(world->store, 10, CLAIM_MS, on_turn, world);
    TURN_UNTIL(world->views.loop, world->is_answered);
    assert_true(world->rc < 0);
    redis_server_restart(world->views.server);
    TURN_UNTIL(world->views.loop, store_links_up(world->views.store) > 0);
    int64_t deadline_ms = clock_mono_ms() + FIXTURE_WAIT_MS;
    do {
        assert_true(clock_mono_ms() < deadline_ms);
        world->is_answered = 0;
        notify_store_turn(world->store, 10, CLAIM_MS, on_turn, world);
        TURN_UNTIL(world->views.loop, world->is_answered);
    } while (world->rc != 0 || world->turn.n_tasks == 0);
    assert_int_equal(world->tasks[0].task.position.seq, 42);
    /* Its last second may be lost, and with it the count of the first try. */
    assert_in_range(world->tasks[0].attempts, 1, 2);
    settle(world, &task, TRY_SENT, 2, world->turn.token);
    assert_int_equal(history(world, 7), 1);
    assert_int_equal(world->history[0].state, TASK_SENT);
}

static void foreign_bytes_do_no_harm(void **state)
{
    struct world *world = *state;
    struct task task = make_task(7, 42);
    push_one(world, &task, TASK_QUEUED);
    (void)redis_server_integer(world->views.server, "ZADD", "{v:notify}:queue", "0", "rubbish",
                               NULL);
    assert_int_equal(turn(world, 10, CLAIM_MS), 1);
    assert_int_equal(world->tasks[0].task.position.seq, 42);
    redisReply *reply =
        redis_server_do(world->views.server, "SET", "{v:notify}:queue", "no sorted set", NULL);
    freeReplyObject(reply);
    world->is_answered = 0;
    notify_store_turn(world->store, 10, CLAIM_MS, on_turn, world);
    TURN_UNTIL(world->views.loop, world->is_answered);
    assert_true(world->rc < 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static const struct CMUnitTest tests[] = {
    TEST(a_task_goes_its_way),
    TEST(an_expired_task_is_only_remembered),
    TEST(a_failed_try_comes_back_later),
    TEST(a_deferral_does_not_count),
    TEST(a_lost_claim_comes_back_and_decides_nothing),
    TEST(an_event_found_twice_is_one_task),
    TEST(the_newest_hundred_are_remembered),
    TEST(one_turn_takes_a_bounded_number),
    TEST(two_senders_never_hold_one_task),
    TEST(a_killed_server_keeps_the_queue),
    TEST(foreign_bytes_do_no_harm),
};

TEST_MAIN(tests)
