/* The queue of receipts to be issued, in views: what goes in comes out, and when it was recorded.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/store/views.h"
#include "services/settlement/issue_queue.h"
#include "tests/support/store_fixture.h"

#define LEASE_MS 60000
#define LATER_MS 1795305936676
#define EARLIER_MS (LATER_MS - 1)

static int setup(void **state)
{
    static struct store_fixture fixture;
    store_fixture_open(&fixture, "views");
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    store_fixture_close(*state);
    return 0;
}

static void on_lease(void *arg, int rc, uint64_t epoch, uint64_t flushes)
{
    (void)flushes;
    assert_int_equal(rc, 0);
    *(uint64_t *)arg = epoch;
}

static void on_flush(void *arg, int rc, enum flush_outcome outcome, uint64_t flushes)
{
    (void)flushes;
    assert_int_equal(rc, 0);
    *(int *)arg = outcome == FLUSH_DONE ? 1 : -1;
}

static void push(struct flush *flush, unsigned seq, int64_t at_ms)
{
    struct issue_task task = {.kind = ISSUE_RECEIPT,
                              .partition = 7,
                              .payment = {1, seq},
                              .paid_day = 20000,
                              .point = "BD02647",
                              .organisation = "VNPOST"};
    uint8_t packed[ISSUE_TASK_MAX_BYTES];
    size_t len = issue_task_pack(&task, packed);
    assert_int_equal(issue_queue_push(flush, packed, len, at_ms), 0);
}

struct taken {
    int is_done, rc;
    size_t n;
    int64_t waiting;
    struct issue_task tasks[2];
};

static void on_taken(void *arg, int rc, struct issue_task *tasks, size_t n, int64_t waiting)
{
    struct taken *taken = arg;
    taken->is_done = 1;
    taken->rc = rc;
    taken->n = n;
    taken->waiting = waiting;
    assert_true(n <= ARRAY_LEN(taken->tasks));
    memcpy(taken->tasks, tasks, n * sizeof(*tasks));
}

static struct taken take(struct store_fixture *f)
{
    struct taken taken = {0};
    issue_queue_take(f->store, on_taken, &taken);
    TURN_UNTIL(f->loop, taken.is_done);
    return taken;
}

static void the_oldest_comes_first_with_its_time(void **state)
{
    struct store_fixture *f = *state;
    struct flush *flush;
    uint64_t epoch = 0;
    int outcome = 0;
    assert_int_equal(lease_acquire(f->store, TILL_VIEW, "a", LEASE_MS, on_lease, &epoch), 0);
    TURN_UNTIL(f->loop, epoch != 0);
    assert_int_equal(flush_create(f->store, TILL_VIEW, &flush), 0);
    flush_begin(flush, epoch, 0);
    push(flush, 2, LATER_MS);
    push(flush, 1, EARLIER_MS);
    assert_int_equal(flush_send(flush, on_flush, &outcome), 0);
    TURN_UNTIL(f->loop, outcome != 0);
    assert_int_equal(outcome, 1);
    flush_destroy(&flush);

    struct taken taken = take(f);
    assert_int_equal(taken.rc, 0);
    assert_int_equal(taken.n, 2);
    assert_int_equal(taken.waiting, 2);
    assert_int_equal(taken.tasks[0].payment.seq, 1);
    assert_int_equal(taken.tasks[0].at_ms, EARLIER_MS);
    assert_int_equal(taken.tasks[1].at_ms, LATER_MS);
    assert_string_equal(taken.tasks[1].point, "BD02647");
    assert_string_equal(taken.tasks[1].organisation, "VNPOST");
}

static void a_task_that_cannot_be_read_is_told(void **state)
{
    struct store_fixture *f = *state;
    char key[KEY_MAX_BYTES];
    (void)view_key(TILL_VIEW, "rq", key);
    assert_int_equal(redis_server_integer(f->server, "ZADD", key, "0", "x", NULL), 1);
    assert_int_equal(take(f).rc, -EPROTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_comes_first_with_its_time),
        cmocka_unit_test(a_task_that_cannot_be_read_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
