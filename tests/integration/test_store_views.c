#include "tests/support/test.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "common/store/views.h"
#include "tests/support/store_fixture.h"

#define VIEW "board-03"
#define LONG_MS 60000
#define SHORT_MS 150

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

/* --- the registry ----------------------------------------------------------------------------- */

struct roll {
    int is_answered, rc;
    size_t n;
    char text[256]; /* "id=info " ... */
};

static void on_roll(void *arg, int rc, const struct registry_entry *entries, size_t n)
{
    struct roll *roll = arg;
    roll->is_answered = 1;
    roll->rc = rc;
    roll->n = n;
    roll->text[0] = '\0';
    for (size_t i = 0, len = 0; i < n && len < sizeof(roll->text); i++)
        len += (size_t)snprintf(roll->text + len, sizeof(roll->text) - len, "%.*s=%.*s ",
                                (int)entries[i].id_len, entries[i].id, (int)entries[i].info_len,
                                (const char *)entries[i].info);
}

static void beat(struct store_fixture *f, const char *id, const char *info, int64_t ttl_ms,
                 struct roll *roll)
{
    memset(roll, 0, sizeof(*roll));
    assert_int_equal(registry_beat(f->store, id, info, strlen(info), ttl_ms, on_roll, roll), 0);
    assert_false(roll->is_answered);
    TURN_UNTIL(f->loop, roll->is_answered);
}

static void read_roll(struct store_fixture *f, struct roll *roll)
{
    memset(roll, 0, sizeof(*roll));
    registry_read(f->store, on_roll, roll);
    TURN_UNTIL(f->loop, roll->is_answered);
}

static void instances_are_known_until_they_expire(void **state)
{
    struct store_fixture *f = *state;
    struct roll roll;
    read_roll(f, &roll);
    assert_int_equal(roll.rc, 0);
    assert_int_equal(roll.n, 0);
    beat(f, "payments-1", "ipc:a", LONG_MS, &roll);
    assert_string_equal(roll.text, "payments-1=ipc:a ");
    beat(f, "payments-2", "ipc:b", 2000, &roll);
    assert_string_equal(roll.text, "payments-2=ipc:b payments-1=ipc:a ");
    beat(f, "payments-1", "ipc:c", LONG_MS, &roll);
    assert_string_equal(roll.text, "payments-2=ipc:b payments-1=ipc:c ");
    TURN_UNTIL(f->loop, (read_roll(f, &roll), roll.n == 1));
    assert_string_equal(roll.text, "payments-1=ipc:c ");
    assert_int_equal(redis_server_integer(f->server, "HLEN", "{reg}:info", NULL), 1);
}

static void an_instance_may_leave(void **state)
{
    struct store_fixture *f = *state;
    struct roll roll;
    beat(f, "a", "1", LONG_MS, &roll);
    beat(f, "b", "", LONG_MS, &roll);
    roll.is_answered = 0;
    assert_int_equal(registry_leave(f->store, "a", on_roll, &roll), 0);
    TURN_UNTIL(f->loop, roll.is_answered);
    assert_string_equal(roll.text, "b= ");
    assert_int_equal(registry_leave(f->store, "b", NULL, NULL), 0);
    TURN_UNTIL(f->loop, store_open_commands(f->store) == 0);
    read_roll(f, &roll);
    assert_int_equal(roll.n, 0);
}

static void the_registry_has_limits(void **state)
{
    struct store_fixture *f = *state;
    char id[REGISTRY_ID_MAX_BYTES + 2], info[REGISTRY_INFO_MAX_BYTES + 1];
    memset(id, 'i', sizeof(id));
    memset(info, 'n', sizeof(info));
    id[sizeof(id) - 1] = '\0';
    struct store *s = f->store;
    assert_int_equal(registry_beat(s, id, "", 0, LONG_MS, on_roll, NULL), -EMSGSIZE);
    assert_int_equal(registry_beat(s, "", "", 0, LONG_MS, on_roll, NULL), -EMSGSIZE);
    assert_int_equal(registry_beat(s, "a", info, sizeof(info), LONG_MS, NULL, NULL), -EMSGSIZE);
    assert_int_equal(registry_leave(s, id, NULL, NULL), -EMSGSIZE);
    id[REGISTRY_ID_MAX_BYTES] = '\0';
    assert_int_equal(registry_beat(s, id, info, sizeof(info) - 1, LONG_MS, NULL, NULL), 0);
    TURN_UNTIL(f->loop, store_open_commands(s) == 0);
    struct roll roll;
    read_roll(f, &roll);
    assert_int_equal(roll.n, 1);
}

/* --- leases ----------------------------------------------------------------------------------- */

struct held {
    int is_answered, rc;
    uint64_t epoch, flushes;
};

static void on_lease(void *arg, int rc, uint64_t epoch, uint64_t flushes)
{
    *(struct held *)arg = (struct held){1, rc, epoch, flushes};
}

static struct held acquire(struct store_fixture *f, const char *owner, int64_t ttl_ms)
{
    struct held held = {0};
    assert_int_equal(lease_acquire(f->store, VIEW, owner, ttl_ms, on_lease, &held), 0);
    TURN_UNTIL(f->loop, held.is_answered);
    assert_int_equal(held.rc, 0);
    return held;
}

static struct held renew(struct store_fixture *f, uint64_t epoch, int64_t ttl_ms)
{
    struct held held = {0};
    assert_int_equal(lease_renew(f->store, VIEW, epoch, ttl_ms, on_lease, &held), 0);
    TURN_UNTIL(f->loop, held.is_answered);
    assert_int_equal(held.rc, 0);
    return held;
}

static void one_owner_at_a_time_holds_a_lease(void **state)
{
    struct store_fixture *f = *state;
    struct held a = acquire(f, "a", LONG_MS);
    assert_true(a.epoch > 0);
    assert_int_equal(a.flushes, 0);
    assert_int_equal(acquire(f, "b", LONG_MS).epoch, 0);
    assert_int_equal(renew(f, a.epoch, LONG_MS).epoch, a.epoch);
    assert_int_equal(renew(f, a.epoch + 1, LONG_MS).epoch, 0);
    /* the same owner in another life fences the one before */
    struct held again = acquire(f, "a", LONG_MS);
    assert_true(again.epoch > a.epoch);
    assert_int_equal(renew(f, a.epoch, LONG_MS).epoch, 0);
    assert_int_equal(renew(f, again.epoch, LONG_MS).epoch, again.epoch);
}

static void an_expired_lease_goes_to_the_next(void **state)
{
    struct store_fixture *f = *state;
    struct held a = acquire(f, "a", SHORT_MS), b = {0};
    /* expired, but nobody took it: nothing has happened */
    TURN_UNTIL(f->loop, (b = acquire(f, "b", SHORT_MS)).epoch > 0);
    assert_true(b.epoch > a.epoch);
    assert_int_equal(renew(f, a.epoch, LONG_MS).epoch, 0);
    assert_int_equal(renew(f, b.epoch, 1).epoch, b.epoch);
    struct held c = {0};
    TURN_UNTIL(f->loop, (c = acquire(f, "c", LONG_MS)).epoch > 0);
    assert_true(c.epoch > b.epoch);
}

/* The server's clock is set back by an hour, and the owner is dead: nobody waits for that hour. */
static void a_clock_that_goes_back_holds_no_lease(void **state)
{
    struct store_fixture *f = *state;
    char until[32];
    struct held a = acquire(f, "a", LONG_MS), b;
    (void)snprintf(until, sizeof(until), "%lld", (long long)clock_wall_ms() + 3600000);
    (void)redis_server_integer(f->server, "HSET", "{v:" VIEW "}:lease", "until", until, NULL);
    b = acquire(f, "b", LONG_MS);
    assert_true(b.epoch > a.epoch);
    assert_int_equal(renew(f, a.epoch, LONG_MS).epoch, 0);
    assert_int_equal(acquire(f, "c", LONG_MS).epoch, 0);
}

static void a_released_lease_is_free_at_once(void **state)
{
    struct store_fixture *f = *state;
    struct held a = acquire(f, "a", LONG_MS), released = {0};
    assert_int_equal(lease_release(f->store, VIEW, a.epoch, on_lease, &released), 0);
    TURN_UNTIL(f->loop, released.is_answered);
    assert_int_equal(released.epoch, 0);
    assert_int_equal(renew(f, a.epoch, LONG_MS).epoch, 0);
    struct held b = acquire(f, "b", LONG_MS);
    assert_true(b.epoch > a.epoch);
    /* a late release of the one before changes nothing */
    assert_int_equal(lease_release(f->store, VIEW, a.epoch, NULL, NULL), 0);
    TURN_UNTIL(f->loop, store_open_commands(f->store) == 0);
    assert_int_equal(acquire(f, "c", LONG_MS).epoch, 0);
}

static void no_epoch_is_given_twice_after_a_loss(void **state)
{
    struct store_fixture *f = *state;
    struct held a = acquire(f, "a", LONG_MS);
    freeReplyObject(redis_server_do(f->server, "FLUSHALL", NULL));
    struct held b = acquire(f, "b", LONG_MS);
    assert_true(b.epoch > a.epoch);
    assert_int_equal(lease_acquire(f->store, "", "a", 1, on_lease, NULL), -EMSGSIZE);
    assert_int_equal(lease_acquire(f->store, "a-name-of-more-than-24-by", "a", 1, on_lease, NULL),
                     -EMSGSIZE);
    assert_int_equal(lease_acquire(f->store, VIEW, "", 1, on_lease, NULL), -EMSGSIZE);
}

/* --- the flush -------------------------------------------------------------------------------- */

struct flushed {
    int n_answers, rc;
    enum flush_outcome outcome;
    uint64_t flushes;
};

static void on_flush(void *arg, int rc, enum flush_outcome outcome, uint64_t flushes)
{
    struct flushed *flushed = arg;
    *flushed = (struct flushed){flushed->n_answers + 1, rc, outcome, flushes};
}

static struct flushed send(struct store_fixture *f, struct flush *flush)
{
    struct flushed flushed = {0};
    assert_int_equal(flush_send(flush, on_flush, &flushed), 0);
    assert_int_equal(flush_send(flush, on_flush, &flushed), -EBUSY);
    assert_int_equal(flushed.n_answers, 0);
    TURN_UNTIL(f->loop, flushed.n_answers == 1);
    return flushed;
}

static void assert_text(struct store_fixture *f, const char *key, const char *field,
                        const char *expected)
{
    char full[KEY_MAX_BYTES];
    (void)view_key(VIEW, key, full);
    redisReply *reply = redis_server_do(f->server, "HGET", full, field, NULL);
    if (expected == NULL) {
        assert_int_equal(reply->type, REDIS_REPLY_NIL);
    } else {
        assert_int_equal(reply->type, REDIS_REPLY_STRING);
        assert_string_equal(reply->str, expected);
    }
    freeReplyObject(reply);
}

static void fill(struct flush *flush)
{
    (void)flush_checkpoint(flush, "513", 3, "1-17", 4);
    (void)flush_incr(flush, "units", "01004", 5, 3);
    (void)flush_incr(flush, "units", "01004", 5, -5);
    (void)flush_incr(flush, "units", "01006", 5, 9000000000000);
    (void)flush_set(flush, "units", "name", 4, "\0\r\n", 3);
    (void)flush_set(flush, "units", "last", 4, "first", 5);
    (void)flush_set(flush, "units", "last", 4, "second", 6);
    (void)flush_push(flush, "queue", "one", 3);
    (void)flush_push(flush, "queue", "two", 3);
    (void)flush_schedule(flush, "due", "bill 1", 6, 1795305936676);
    (void)flush_expire(flush, "due", 100);
}

static void a_flush_writes_all_of_it(void **state)
{
    struct store_fixture *f = *state;
    struct held held = acquire(f, "a", LONG_MS);
    struct flush *flush;
    char key[KEY_MAX_BYTES];
    assert_int_equal(flush_create(f->store, VIEW, &flush), 0);
    for (uint64_t i = 0; i < 2; i++) {
        flush_begin(flush, held.epoch, i);
        fill(flush);
        struct flushed flushed = send(f, flush);
        assert_int_equal(flushed.rc, 0);
        assert_int_equal(flushed.outcome, FLUSH_DONE);
        assert_int_equal(flushed.flushes, i + 1);
    }
    assert_text(f, VIEW_KEY_CHECKPOINT, "513", "1-17");
    assert_text(f, "units", "01004", "-4");
    assert_text(f, "units", "01006", "18000000000000");
    assert_text(f, "units", "last", "second");
    assert_text(f, VIEW_KEY_LEASE, "flushes", "2");
    (void)view_key(VIEW, "queue", key);
    redisReply *reply = redis_server_do(f->server, "LRANGE", key, "0", "-1", NULL);
    assert_int_equal(reply->elements, 4);
    assert_string_equal(reply->element[0]->str, "one");
    assert_string_equal(reply->element[3]->str, "two");
    freeReplyObject(reply);
    (void)view_key(VIEW, "due", key);
    reply = redis_server_do(f->server, "ZSCORE", key, "bill 1", NULL);
    assert_string_equal(reply->str, "1795305936676");
    freeReplyObject(reply);
    assert_in_range(redis_server_integer(f->server, "TTL", key, NULL), 90, 100);
    assert_int_equal(renew(f, held.epoch, LONG_MS).flushes, 2);
    flush_destroy(&flush);
}

static void only_the_holder_flushes(void **state)
{
    struct store_fixture *f = *state;
    struct held a = acquire(f, "a", LONG_MS);
    struct flush *flush;
    assert_int_equal(flush_create(f->store, VIEW, &flush), 0);
    flush_begin(flush, a.epoch, 0);
    fill(flush);
    assert_int_equal(send(f, flush).outcome, FLUSH_DONE);
    struct held again = acquire(f, "a", LONG_MS);
    assert_int_equal(again.flushes, 1);
    flush_begin(flush, a.epoch, 1);
    fill(flush);
    struct flushed flushed = send(f, flush);
    assert_int_equal(flushed.rc, 0);
    assert_int_equal(flushed.outcome, FLUSH_FENCED);
    assert_text(f, "units", "01004", "-2");
    flush_begin(flush, again.epoch, 0);
    fill(flush);
    flushed = send(f, flush);
    assert_int_equal(flushed.outcome, FLUSH_STALE);
    assert_int_equal(flushed.flushes, 1);
    flush_begin(flush, again.epoch, 2);
    fill(flush);
    assert_int_equal(send(f, flush).outcome, FLUSH_STALE);
    assert_text(f, "units", "01004", "-2");
    flush_begin(flush, again.epoch, 1);
    fill(flush);
    assert_int_equal(send(f, flush).outcome, FLUSH_DONE);
    assert_text(f, "units", "01004", "-4");
    flush_destroy(&flush);
}

static void a_flush_that_fails_changes_nothing(void **state)
{
    struct store_fixture *f = *state;
    struct held a = acquire(f, "a", LONG_MS);
    struct flush *flush;
    char key[KEY_MAX_BYTES];
    assert_int_equal(flush_create(f->store, VIEW, &flush), 0);
    flush_begin(flush, a.epoch, 0);
    (void)flush_set(flush, "units", "name", 4, "no number", 9);
    (void)flush_incr(flush, "units", "full", 4, (1LL << 53) - 1);
    assert_int_equal(send(f, flush).outcome, FLUSH_DONE);
    (void)view_key(VIEW, "text", key);
    freeReplyObject(redis_server_do(f->server, "SET", key, "x", NULL));
    for (int i = 0; i < 5; i++) {
        flush_begin(flush, a.epoch, 1);
        fill(flush);
        switch (i) {
        case 0:
            (void)flush_incr(flush, "units", "name", 4, 1);
            break;
        case 1:
            (void)flush_incr(flush, "units", "full", 4, 1);
            break;
        case 2:
            (void)flush_push(flush, "units", "x", 1);
            break;
        case 3:
            (void)flush_set(flush, "text", "x", 1, "x", 1);
            break;
        default:
            (void)view_key(VIEW, VIEW_KEY_CHECKPOINT, key);
            freeReplyObject(redis_server_do(f->server, "SET", key, "x", NULL));
        }
        struct flushed flushed = send(f, flush);
        assert_int_equal(flushed.rc, -EPROTO);
        assert_text(f, "units", "01004", NULL);
        assert_text(f, VIEW_KEY_LEASE, "flushes", "1");
        (void)view_key(VIEW, "queue", key);
        assert_int_equal(redis_server_integer(f->server, "EXISTS", key, NULL), 0);
    }
    flush_destroy(&flush);
}

static void a_repeated_flush_counts_once(void **state)
{
    struct store_fixture *f = *state;
    f->conf.timeout_ms = SHORT_MS;
    store_fixture_reopen(f);
    struct held a = acquire(f, "a", LONG_MS);
    struct flush *flush;
    struct flushed flushed = {0};
    assert_int_equal(flush_create(f->store, VIEW, &flush), 0);
    flush_begin(flush, a.epoch, 0);
    fill(flush);
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    redis_server_pause(f->server);
    assert_int_equal(flush_send(flush, on_flush, &flushed), 0);
    TURN_UNTIL(f->loop, flushed.n_answers == 1);
    assert_int_equal(flushed.rc, -ETIMEDOUT);
    redis_server_resume(f->server);
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    flushed = send(f, flush);
    assert_int_equal(flushed.rc, 0);
    assert_int_equal(flushed.outcome, FLUSH_DONE);
    assert_int_equal(flushed.flushes, 1);
    assert_text(f, "units", "01004", "-2");
    /* without a lost attempt the same number is stale */
    flush_begin(flush, a.epoch, 0);
    fill(flush);
    assert_int_equal(send(f, flush).outcome, FLUSH_STALE);
    flush_destroy(&flush);
}

static int run_in(const char *folder, const char *what)
{
    char command[512];
    (void)snprintf(command, sizeof(command), "cd %s && %s", folder, what);
    FILE *shell = popen(command, "re");
    assert_non_null(shell);
    return pclose(shell);
}

static struct flushed flush_position(struct store_fixture *f, struct flush *flush, struct held by,
                                     const char *position)
{
    flush_begin(flush, by.epoch, by.flushes);
    (void)flush_checkpoint(flush, "513", 3, position, strlen(position));
    (void)flush_incr(flush, "units", "01004", 5, 1);
    return send(f, flush);
}

/* Its holder sleeps, then reads the checkpoint that the next one has written, and the server loses
 * its last second: the epoch in the lease is the sleeper's again, and so is the number of flushes,
 * but what it goes on from is gone. Found by tests/model. */
static void a_lease_ends_with_the_server_that_gave_it(void **state)
{
    struct store_fixture *f = *state;
    const char *folder = redis_server_directory(f->server);
    struct flush *flush;
    assert_int_equal(flush_create(f->store, VIEW, &flush), 0);
    struct held a = acquire(f, "a", 1), b = {0};
    redis_server_kill(f->server); /* a kill alone loses nothing */
    assert_int_equal(run_in(folder, "cp -a appendonlydir synced"), 0);
    redis_server_restart(f->server);
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    TURN_UNTIL(f->loop, (b = acquire(f, "b", LONG_MS)).epoch > 0);
    assert_int_equal(flush_position(f, flush, b, "1-1").outcome, FLUSH_DONE);
    assert_text(f, VIEW_KEY_CHECKPOINT, "513", "1-1"); /* what a reads */
    redis_server_kill(f->server);
    assert_int_equal(run_in(folder, "rm -r appendonlydir && mv synced appendonlydir"), 0);
    redis_server_restart(f->server);
    TURN_UNTIL(f->loop, store_links_up(f->store) == 4);
    assert_int_equal(flush_position(f, flush, a, "1-2").outcome, FLUSH_FENCED);
    assert_text(f, VIEW_KEY_CHECKPOINT, "513", NULL);
    assert_text(f, "units", "01004", NULL);
    assert_int_equal(renew(f, a.epoch, LONG_MS).epoch, 0);
    struct held again = acquire(f, "a", LONG_MS);
    assert_true(again.epoch > b.epoch);
    assert_int_equal(flush_position(f, flush, again, "1-1").outcome, FLUSH_DONE);
    flush_destroy(&flush);
}

static void large_flushes_go_in_one_step(void **state)
{
    struct store_fixture *f = *state;
    struct held a = acquire(f, "a", LONG_MS);
    struct flush *flush;
    char key[KEY_MAX_BYTES], field[16];
    assert_int_equal(flush_create(f->store, VIEW, &flush), 0);
    flush_begin(flush, a.epoch, 0);
    for (int i = 0; i < FLUSH_OPERATIONS_MAX; i++) {
        size_t len = (size_t)snprintf(field, sizeof(field), "f%d", i / 2);
        int rc = i % 2 == 0 ? flush_incr(flush, "sums", field, len, i)
                            : flush_push(flush, "queue", field, len);
        assert_int_equal(rc, 0);
    }
    for (int i = 0; i < PARTITIONS_ALL; i++) {
        size_t len = (size_t)snprintf(field, sizeof(field), "%d", i);
        assert_int_equal(flush_checkpoint(flush, field, len, "1-1", 3), 0);
    }
    assert_int_equal(send(f, flush).outcome, FLUSH_DONE);
    (void)view_key(VIEW, "sums", key);
    assert_int_equal(redis_server_integer(f->server, "HLEN", key, NULL), FLUSH_OPERATIONS_MAX / 2);
    (void)view_key(VIEW, "queue", key);
    assert_int_equal(redis_server_integer(f->server, "LLEN", key, NULL), FLUSH_OPERATIONS_MAX / 2);
    (void)view_key(VIEW, VIEW_KEY_CHECKPOINT, key);
    assert_int_equal(redis_server_integer(f->server, "HLEN", key, NULL), PARTITIONS_ALL);
    assert_text(f, "sums", "f9999", "19998");
    assert_int_equal(flush_incr(flush, "sums", "x", 1, 1), -EMSGSIZE);
    struct flushed flushed;
    assert_int_equal(flush_send(flush, on_flush, &flushed), -EMSGSIZE);
    flush_destroy(&flush);
}

static void a_flush_has_limits(void **state)
{
    struct store_fixture *f = *state;
    static char big[FLUSH_MAX_BYTES];
    struct flush *flush = NULL;
    struct flushed flushed;
    assert_int_equal(flush_create(f->store, "", &flush), -EMSGSIZE);
    assert_int_equal(flush_create(f->store, "a-name-of-more-than-24-by", &flush), -EMSGSIZE);
    assert_null(flush);
    assert_int_equal(flush_create(f->store, VIEW, &flush), 0);
    memset(big, 'k', sizeof(big));
    big[VIEW_KEY_MAX_BYTES + 1] = '\0';
    flush_begin(flush, 1, 0);
    assert_int_equal(flush_incr(flush, big, "x", 1, 1), -EMSGSIZE);
    flush_begin(flush, 1, 0);
    assert_int_equal(flush_incr(flush, "", "x", 1, 1), -EMSGSIZE);
    assert_int_equal(flush_incr(flush, "fine", "x", 1, 1), -EMSGSIZE); /* remembered */
    flush_begin(flush, 1, 0);
    assert_int_equal(flush_incr(flush, "k", big, FLUSH_FIELD_MAX_BYTES, 1), 0);
    assert_int_equal(flush_incr(flush, "k", big, FLUSH_FIELD_MAX_BYTES + 1, 1), -EMSGSIZE);
    flush_begin(flush, 1, 0);
    assert_int_equal(flush_push(flush, "k", big, FLUSH_MAX_BYTES - 100), 0);
    assert_int_equal(flush_push(flush, "k", big, 200), -EMSGSIZE);
    assert_int_equal(flush_send(flush, on_flush, &flushed), -EMSGSIZE);
    flush_begin(flush, 1, 0);
    for (int i = 0; i < FLUSH_KEYS_MAX; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "k%d", i);
        assert_int_equal(flush_incr(flush, key, "x", 1, 1), 0);
    }
    assert_int_equal(flush_incr(flush, "k7", "x", 1, 1), 0);
    assert_int_equal(flush_incr(flush, "one more", "x", 1, 1), -EMSGSIZE);
    flush_destroy(&flush);
}

static void a_flush_under_way_outlives_its_builder(void **state)
{
    struct store_fixture *f = *state;
    struct held a = acquire(f, "a", LONG_MS);
    struct flush *flush;
    struct flushed flushed = {0};
    assert_int_equal(flush_create(f->store, VIEW, &flush), 0);
    flush_begin(flush, a.epoch, 0);
    fill(flush);
    assert_int_equal(flush_send(flush, on_flush, &flushed), 0);
    flush_destroy(&flush);
    assert_null(flush);
    TURN_UNTIL(f->loop, store_open_commands(f->store) == 0);
    assert_int_equal(flushed.n_answers, 0);
    assert_text(f, "units", "01004", "-2");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(instances_are_known_until_they_expire, setup, teardown),
    cmocka_unit_test_setup_teardown(an_instance_may_leave, setup, teardown),
    cmocka_unit_test_setup_teardown(the_registry_has_limits, setup, teardown),
    cmocka_unit_test_setup_teardown(one_owner_at_a_time_holds_a_lease, setup, teardown),
    cmocka_unit_test_setup_teardown(an_expired_lease_goes_to_the_next, setup, teardown),
    cmocka_unit_test_setup_teardown(a_clock_that_goes_back_holds_no_lease, setup, teardown),
    cmocka_unit_test_setup_teardown(a_released_lease_is_free_at_once, setup, teardown),
    cmocka_unit_test_setup_teardown(no_epoch_is_given_twice_after_a_loss, setup, teardown),
    cmocka_unit_test_setup_teardown(a_flush_writes_all_of_it, setup, teardown),
    cmocka_unit_test_setup_teardown(only_the_holder_flushes, setup, teardown),
    cmocka_unit_test_setup_teardown(a_flush_that_fails_changes_nothing, setup, teardown),
    cmocka_unit_test_setup_teardown(a_repeated_flush_counts_once, setup, teardown),
    cmocka_unit_test_setup_teardown(a_lease_ends_with_the_server_that_gave_it, setup, teardown),
    cmocka_unit_test_setup_teardown(large_flushes_go_in_one_step, setup, teardown),
    cmocka_unit_test_setup_teardown(a_flush_has_limits, setup, teardown),
    cmocka_unit_test_setup_teardown(a_flush_under_way_outlives_its_builder, setup, teardown),
};

TEST_MAIN(tests)
