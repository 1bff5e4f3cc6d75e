#include "tests/support/test.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/store/journal.h"
#include "tests/support/store_fixture.h"

#define PARTITION 77U
#define ENTRIES (JOURNAL_READ_MAX + 500)

static int setup(void **state)
{
    static struct store_fixture fixture;
    assert_true(sodium_init() >= 0);
    store_fixture_open(&fixture, "ledger");
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    store_fixture_close(*state);
    return 0;
}

static void on_commit(void *arg, int rc, const struct commit_result *result)
{
    int *n_done = arg;
    assert_int_equal(rc, 0);
    assert_int_equal(result->outcome, COMMIT_DONE);
    ++*n_done;
}

/* Commits n events "event <i>" from 1 on. */
static void fill(struct store_fixture *f, unsigned partition, int n)
{
    static struct commit commit;
    int n_done = 0;
    memset(&commit, 0, sizeof(commit));
    commit.partition = partition;
    commit.now_ms = clock_wall_ms();
    for (int i = 1; i <= n; i++) {
        char event[32];
        request_id_make(commit.now_ms, &commit.id);
        commit.event_len = (size_t)snprintf(event, sizeof(event), "event %d", i);
        commit.event = (const uint8_t *)event;
        assert_int_equal(commit_send(f->store, &commit, on_commit, &n_done), 0);
    }
    TURN_UNTIL(f->loop, n_done == n);
}

struct page {
    int is_answered, rc;
    size_t n;
    struct journal_position first, last;
    int is_dense; /* ascending by one, events as filled */
};

static void on_page(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct page *page = arg;
    page->is_answered = 1;
    page->rc = rc;
    page->n = n;
    page->is_dense = 1;
    for (size_t i = 0; i < n; i++) {
        char event[32];
        (void)snprintf(event, sizeof(event), "event %llu",
                       (unsigned long long)entries[i].position.seq);
        page->is_dense &= entries[i].event_len == strlen(event) &&
                          memcmp(entries[i].event, event, strlen(event)) == 0;
        page->is_dense &= i == 0 || entries[i].position.seq == entries[i - 1].position.seq + 1;
    }
    if (n > 0) {
        page->first = entries[0].position;
        page->last = entries[n - 1].position;
    }
}

static struct page read_page(struct store_fixture *f, struct journal_position after, size_t max)
{
    struct page page = {0};
    journal_read(f->store, PARTITION, after, max, on_page, &page);
    assert_false(page.is_answered);
    TURN_UNTIL(f->loop, page.is_answered);
    return page;
}

static void a_long_journal_is_read_in_pages(void **state)
{
    struct store_fixture *f = *state;
    fill(f, PARTITION, ENTRIES);
    struct page page = read_page(f, (struct journal_position){0, 0}, JOURNAL_READ_MAX);
    assert_int_equal(page.rc, 0);
    assert_int_equal(page.n, JOURNAL_READ_MAX);
    assert_int_equal(page.first.epoch, 1);
    assert_int_equal(page.first.seq, 1);
    assert_true(page.is_dense);
    page = read_page(f, page.last, JOURNAL_READ_MAX);
    assert_int_equal(page.n, ENTRIES - JOURNAL_READ_MAX);
    assert_int_equal(page.first.seq, JOURNAL_READ_MAX + 1);
    assert_int_equal(page.last.seq, ENTRIES);
    assert_true(page.is_dense);
    page = read_page(f, page.last, 1);
    assert_int_equal(page.rc, 0);
    assert_int_equal(page.n, 0);
}

static void reading_goes_on_into_later_epochs(void **state)
{
    struct store_fixture *f = *state;
    char key[KEY_MAX_BYTES];
    (void)key_journal(PARTITION, key);
    fill(f, PARTITION, 3);
    freeReplyObject(redis_server_do(f->server, "XADD", key, "2-1", "e", "event 1", NULL));
    struct page page = read_page(f, (struct journal_position){1, 3}, 10);
    assert_int_equal(page.n, 1);
    assert_int_equal(page.first.epoch, 2);
    assert_int_equal(page.first.seq, 1);
}

static void a_foreign_entry_is_a_protocol_error(void **state)
{
    struct store_fixture *f = *state;
    char key[KEY_MAX_BYTES];
    (void)key_journal(PARTITION, key);
    const char *const foreign[][7] = {
        {"XADD", key, "1-4", "x", "event 4"},
        {"XADD", key, "1-4", "e", "event 4", "f", "more"},
        {"XADD", key, "5000000000-1", "e", "an epoch beyond 32 bits"},
        {"SET", key, "no stream"},
    };
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        freeReplyObject(redis_server_do(f->server, "FLUSHALL", NULL));
        const char *const *x = foreign[i];
        freeReplyObject(redis_server_do(f->server, x[0], x[1], x[2], x[3], x[4], x[5], x[6], NULL));
        struct page page = read_page(f, (struct journal_position){0, 0}, 10);
        assert_int_equal(page.rc, -EPROTO);
        assert_int_equal(page.n, 0);
    }
}

struct heads {
    int is_answered, rc;
    unsigned first;
    size_t n;
    struct journal_position positions[PARTITIONS_ALL];
};

static void on_heads(void *arg, int rc, unsigned first, size_t n,
                     const struct journal_position *positions)
{
    struct heads *heads = arg;
    heads->is_answered = 1;
    heads->rc = rc;
    heads->first = first;
    heads->n = n;
    memcpy(heads->positions, positions, n * sizeof(*positions));
}

static void heads_of_all_partitions_come_together(void **state)
{
    struct store_fixture *f = *state;
    static struct heads heads;
    memset(&heads, 0, sizeof(heads));
    fill(f, 0, 1);
    fill(f, PARTITION, 300);
    fill(f, PARTITION_DIRECTORY, 2);
    journal_heads(f->store, 0, PARTITIONS_ALL, on_heads, &heads);
    TURN_UNTIL(f->loop, heads.is_answered);
    assert_int_equal(heads.rc, 0);
    assert_int_equal(heads.n, PARTITIONS_ALL);
    for (unsigned p = 0; p < PARTITIONS_ALL; p++) {
        uint64_t expected = p == 0 ? 1 : p == PARTITION ? 300 : p == PARTITION_DIRECTORY ? 2 : 0;
        assert_int_equal(heads.positions[p].seq, expected);
        assert_int_equal(heads.positions[p].epoch, expected > 0 ? 1 : 0);
    }
    memset(&heads, 0, sizeof(heads));
    journal_heads(f->store, PARTITION, 2, on_heads, &heads);
    TURN_UNTIL(f->loop, heads.is_answered);
    assert_int_equal(heads.first, PARTITION);
    assert_int_equal(heads.positions[0].seq, 300);
    assert_int_equal(heads.positions[1].seq, 0);
}

static void without_a_server_nothing_is_answered_as_empty(void **state)
{
    struct store_fixture *f = *state;
    static struct heads heads;
    memset(&heads, 0, sizeof(heads));
    redis_server_kill(f->server);
    f->conf.timeout_ms = 100;
    store_fixture_reopen(f);
    journal_heads(f->store, 0, PARTITIONS_ALL, on_heads, &heads);
    TURN_UNTIL(f->loop, heads.is_answered);
    assert_int_equal(heads.rc, -EAGAIN);
    struct page page = read_page(f, (struct journal_position){0, 0}, 10);
    assert_int_equal(page.rc, -EAGAIN);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_long_journal_is_read_in_pages, setup, teardown),
    cmocka_unit_test_setup_teardown(reading_goes_on_into_later_epochs, setup, teardown),
    cmocka_unit_test_setup_teardown(a_foreign_entry_is_a_protocol_error, setup, teardown),
    cmocka_unit_test_setup_teardown(heads_of_all_partitions_come_together, setup, teardown),
    cmocka_unit_test_setup_teardown(without_a_server_nothing_is_answered_as_empty, setup, teardown),
};

TEST_MAIN(tests)
