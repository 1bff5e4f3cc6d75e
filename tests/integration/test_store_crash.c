/* What was acknowledged survives kill -9; what was not is settled by sending it again. */
#include "tests/support/test.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/store/journal.h"
#include "tests/support/store_fixture.h"

#define COMMITS 12000
#define WINDOW 400
#define KILL_EVERY 2000
#define USED_PARTITIONS 8U
#define AMOUNT 330000

/* One command of a client: repeated with its id until it is answered. */
struct order {
    struct load *load;
    struct request_id id;
    int is_acknowledged;
    struct journal_position position;
};

struct load {
    struct store_fixture *f;
    struct order orders[COMMITS];
    int n_started, n_open, n_acknowledged, n_known, n_unknown, n_kills;
    int is_down;
    int n_found;
};

static unsigned partition_of_order(const struct load *load, const struct order *order)
{
    return (unsigned)(order - load->orders) % USED_PARTITIONS;
}

static void on_commit(void *arg, int rc, const struct commit_result *result);

static void order_send(struct order *order)
{
    static struct commit commit;
    struct load *load = order->load;
    int i = (int)(order - load->orders);
    char key[KEY_MAX_BYTES];
    uint8_t value[40] = {1};
    memset(&commit, 0, sizeof(commit));
    commit.partition = partition_of_order(load, order);
    commit.id = order->id;
    commit.fingerprint = (uint64_t)i;
    commit.now_ms = clock_wall_ms();
    commit.records[0] = (struct commit_record){
        key,          key_citizen(commit.partition, 1, key), (const char *)&i, sizeof(i), 0, value,
        sizeof(value)};
    commit.n_records = 1;
    commit.totals[TOTAL_PAYMENTS] = 1;
    commit.totals[TOTAL_PARTICIPANT_VND] = AMOUNT;
    commit.event = (const uint8_t *)&i;
    commit.event_len = sizeof(i);
    commit.answer = (const uint8_t *)&i;
    commit.answer_len = sizeof(i);
    assert_int_equal(commit_send(load->f->store, &commit, on_commit, order), 0);
}

static void on_commit(void *arg, int rc, const struct commit_result *result)
{
    struct order *order = arg;
    struct load *load = order->load;
    if (rc == -ECONNRESET || rc == -ETIMEDOUT || rc == -EAGAIN) {
        load->n_unknown += rc != -EAGAIN;
        order_send(order);
        return;
    }
    assert_int_equal(rc, 0);
    assert_true(result->outcome == COMMIT_DONE || result->outcome == COMMIT_KNOWN);
    assert_false(order->is_acknowledged);
    order->is_acknowledged = 1;
    order->position = result->position;
    load->n_known += result->outcome == COMMIT_KNOWN;
    load->n_open--;
    if (++load->n_acknowledged % KILL_EVERY == 0 && load->n_acknowledged < COMMITS) {
        redis_server_kill(load->f->server); /* other batches are under way */
        load->is_down = 1;
        load->n_kills++;
    }
}

static void run(struct load *load)
{
    struct loop *loop = load->f->loop;
    int64_t deadline_ms = clock_mono_ms() + 120000;
    while (load->n_acknowledged < COMMITS) {
        assert_true(clock_mono_ms() < deadline_ms);
        while (load->n_started < COMMITS && load->n_open < WINDOW) {
            struct order *order = &load->orders[load->n_started++];
            order->load = load;
            request_id_make(clock_wall_ms(), &order->id);
            load->n_open++;
            order_send(order);
        }
        loop_turn(loop, 10);
        if (load->is_down) {
            TURN_UNTIL(loop, store_links_up(load->f->store) == 0);
            redis_server_restart(load->f->server);
            load->is_down = 0;
        }
    }
}

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct load *load = arg;
    assert_int_equal(rc, 0);
    for (size_t e = 0; e < n; e++) {
        int i;
        assert_int_equal(entries[e].event_len, sizeof(i));
        memcpy(&i, entries[e].event, sizeof(i));
        assert_in_range(i, 0, COMMITS - 1);
        assert_int_equal(load->orders[i].position.epoch, entries[e].position.epoch);
        assert_int_equal(load->orders[i].position.seq, entries[e].position.seq);
        assert_int_equal(entries[e].position.seq, e + 1);
    }
    load->n_found += (int)n;
}

static void on_totals(void *arg, int rc, const struct store_reply *reply)
{
    int64_t *sums = arg;
    size_t len;
    const char *bytes = store_reply_bytes(reply, &len);
    struct totals totals;
    assert_int_equal(rc, 0);
    assert_int_equal(totals_unpack(bytes, len, &totals), 0);
    sums[0] += totals.values[TOTAL_PAYMENTS];
    sums[1] += totals.values[TOTAL_PARTICIPANT_VND];
}

static void nothing_acknowledged_is_lost_or_doubled(void **state)
{
    (void)state;
    static struct store_fixture f;
    static struct load load;
    assert_true(sodium_init() >= 0);
    store_fixture_open(&f, "ledger");
    load.f = &f;
    run(&load);
    print_message("%d kills, %d outcomes unknown, %d of them had been committed\n", load.n_kills,
                  load.n_unknown, load.n_known);
    assert_int_equal(load.n_kills, COMMITS / KILL_EVERY - 1);
    assert_true(load.n_unknown > 0);

    int64_t sums[2] = {0, 0};
    for (unsigned p = 0; p < USED_PARTITIONS; p++) {
        char key[KEY_MAX_BYTES];
        (void)key_totals(p, key);
        store_send_text(f.store, p, on_totals, sums, "GET", key, NULL);
        journal_read(f.store, p, (struct journal_position){0, 0}, JOURNAL_READ_MAX, on_entries,
                     &load);
    }
    TURN_UNTIL(f.loop, store_open_commands(f.store) == 0);
    assert_int_equal(load.n_found, COMMITS);
    assert_int_equal(sums[0], COMMITS);
    assert_int_equal(sums[1], (int64_t)COMMITS * AMOUNT);
    store_fixture_close(&f);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_acknowledged_is_lost_or_doubled),
};

TEST_MAIN(tests)
