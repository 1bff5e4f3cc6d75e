#include "tests/support/test.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/store_fixture.h"

#define DAY_MS 86400000LL
#define PARTITION 513U
#define NOON_MS (20414 * DAY_MS + DAY_MS / 2)

/* A commit with what it points to, and its answer. */
struct trial {
    struct commit commit;
    char key[KEY_MAX_BYTES], identity_key[KEY_MAX_BYTES];
    uint8_t values[COMMIT_RECORDS_MAX][32];
    char fields[COMMIT_RECORDS_MAX][8];
    int is_answered, rc;
    struct commit_result result;
    uint8_t answer[COMMIT_ANSWER_MAX_BYTES];
};

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

static void trial_record(struct trial *t, const char *field, uint32_t expected)
{
    size_t i = t->commit.n_records++;
    (void)snprintf(t->fields[i], sizeof(t->fields[i]), "%s", field);
    memset(t->values[i], 'v', sizeof(t->values[i]));
    for (int b = 0; b < 4; b++)
        t->values[i][b] = (uint8_t)((expected + 1) >> (8 * b));
    t->commit.records[i] =
        (struct commit_record){t->key,   strlen(t->key), t->fields[i],        strlen(t->fields[i]),
                               expected, t->values[i],   sizeof(t->values[i])};
}

static void trial_start(struct trial *t, int64_t now_ms)
{
    memset(t, 0, sizeof(*t));
    t->commit.partition = PARTITION;
    t->commit.now_ms = now_ms;
    request_id_make(now_ms, &t->commit.id);
    t->commit.fingerprint = 0x1122334455667788;
    t->commit.event = (const uint8_t *)"event";
    t->commit.event_len = 5;
    t->commit.answer = (const uint8_t *)"an\0answer";
    t->commit.answer_len = 9;
    t->commit.totals[TOTAL_PAYMENTS] = 1;
    t->commit.totals[TOTAL_LOCAL_VND] = -66000;
    (void)key_citizen(PARTITION, 3, t->key);
}

static void on_commit(void *arg, int rc, const struct commit_result *result)
{
    struct trial *t = arg;
    assert_false(t->is_answered);
    t->is_answered = 1;
    t->rc = rc;
    assert_true((rc == 0) == (result != NULL));
    if (rc != 0)
        return;
    t->result = *result;
    memcpy(t->answer, result->answer == NULL ? (const uint8_t *)"" : result->answer,
           result->answer_len);
}

static void run(struct store_fixture *f, struct trial *t)
{
    t->is_answered = 0;
    assert_int_equal(commit_send(f->store, &t->commit, on_commit, t), 0);
    assert_false(t->is_answered);
    TURN_UNTIL(f->loop, t->is_answered);
}

static void assert_outcome(struct store_fixture *f, struct trial *t, enum commit_outcome outcome)
{
    run(f, t);
    assert_int_equal(t->rc, 0);
    assert_int_equal(t->result.outcome, outcome);
}

static void assert_known(const struct trial *t, uint64_t seq)
{
    assert_int_equal(t->rc, 0);
    assert_int_equal(t->result.outcome, COMMIT_KNOWN);
    assert_int_equal(t->result.position.epoch, 1);
    assert_int_equal(t->result.position.seq, seq);
    assert_int_equal(t->result.answer_len, t->commit.answer_len);
    assert_memory_equal(t->answer, t->commit.answer, t->commit.answer_len);
}

static struct totals totals_now(struct store_fixture *f)
{
    char key[KEY_MAX_BYTES];
    struct totals totals;
    (void)key_totals(PARTITION, key);
    redisReply *reply = redis_server_do(f->server, "GET", key, NULL);
    assert_int_equal(totals_unpack(reply->str, reply->len, &totals), 0);
    freeReplyObject(reply);
    return totals;
}

static long long journal_length(struct store_fixture *f)
{
    char key[KEY_MAX_BYTES];
    (void)key_journal(PARTITION, key);
    return redis_server_integer(f->server, "XLEN", key, NULL);
}

/* Bytes of everything in the server: equal before and after what must change nothing. */
static void digest(struct store_fixture *f, char ret[64])
{
    redisReply *reply = redis_server_do(f->server, "EVAL",
                                        "local all = {} "
                                        "for _, k in ipairs(redis.call('KEYS', '*')) do "
                                        "all[#all + 1] = k .. redis.call('DUMP', k) end "
                                        "table.sort(all) "
                                        "return redis.sha1hex(table.concat(all))",
                                        "0", NULL);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    (void)snprintf(ret, 64, "%s", reply->str);
    freeReplyObject(reply);
}

static void a_commit_writes_all_of_it(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    char key[KEY_MAX_BYTES];
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 0);
    trial_record(&t, "bob", 0);
    (void)key_identity(PARTITION, 3, t.identity_key);
    t.commit.identity_key = t.identity_key;
    t.commit.identity_key_len = strlen(t.identity_key);
    t.commit.identity_field = "alice";
    t.commit.identity_field_len = 5;
    t.commit.identity = (const uint8_t *)"sealed";
    t.commit.identity_len = 6;
    assert_outcome(f, &t, COMMIT_DONE);
    assert_int_equal(t.result.position.epoch, 1);
    assert_int_equal(t.result.position.seq, 1);

    assert_int_equal(redis_server_integer(f->server, "HSTRLEN", t.key, "bob", NULL), 32);
    assert_int_equal(redis_server_integer(f->server, "HSTRLEN", t.identity_key, "alice", NULL), 6);
    struct totals totals = totals_now(f);
    assert_int_equal(totals.last_seq, 1);
    assert_int_equal(totals.values[TOTAL_PAYMENTS], 1);
    assert_int_equal(totals.values[TOTAL_LOCAL_VND], -66000);
    assert_int_equal(totals.values[TOTAL_ENROLLED], 0);
    (void)key_journal(PARTITION, key);
    redisReply *entries = redis_server_do(f->server, "XRANGE", key, "-", "+", NULL);
    assert_int_equal(entries->elements, 1);
    assert_string_equal(entries->element[0]->element[0]->str, "1-1");
    assert_string_equal(entries->element[0]->element[1]->element[1]->str, "event");
    freeReplyObject(entries);
    (void)key_answers(PARTITION, 20414, &t.commit.id, key);
    assert_int_equal(redis_server_integer(f->server, "HLEN", key, NULL), 1);
    assert_in_range(redis_server_integer(f->server, "TTL", key, NULL), 4 * 86400 - 60, 4 * 86400);
}

static void positions_are_dense_and_totals_add_up(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    for (uint32_t i = 0; i < 50; i++) {
        trial_start(&t, NOON_MS);
        trial_record(&t, "alice", i);
        assert_outcome(f, &t, COMMIT_DONE);
        assert_int_equal(t.result.position.seq, i + 1);
    }
    struct totals totals = totals_now(f);
    assert_int_equal(totals.last_seq, 50);
    assert_int_equal(totals.values[TOTAL_PAYMENTS], 50);
    assert_int_equal(totals.values[TOTAL_LOCAL_VND], -50 * 66000);
}

static void a_repetition_gets_the_stored_bytes(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    char before[64], after[64];
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 0);
    assert_outcome(f, &t, COMMIT_DONE);
    digest(f, before);
    run(f, &t);
    assert_known(&t, 1);
    t.commit.answer = (const uint8_t *)"other"; /* what the retry would have said is not asked */
    t.commit.answer_len = 5;
    run(f, &t);
    assert_int_equal(t.result.answer_len, 9);
    assert_memory_equal(t.answer, "an\0answer", 9);
    digest(f, after);
    assert_string_equal(before, after);
}

static void another_body_under_the_same_id_is_refused(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    char before[64], after[64];
    trial_start(&t, NOON_MS);
    assert_outcome(f, &t, COMMIT_DONE);
    digest(f, before);
    t.commit.fingerprint++;
    trial_record(&t, "alice", 0);
    assert_outcome(f, &t, COMMIT_REUSED);
    digest(f, after);
    assert_string_equal(before, after);
}

static void any_other_version_is_a_conflict(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    char before[64], after[64];
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 0);
    trial_record(&t, "bob", 0);
    assert_outcome(f, &t, COMMIT_DONE);
    digest(f, before);
    const struct {
        uint32_t alice, bob, carol;
    } wrong[] = {{0, 1, 0}, {1, 0, 0}, {1, 2, 0}, {1, 1, 1}, {UINT32_MAX - 1, 1, 0}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        trial_start(&t, NOON_MS);
        trial_record(&t, "alice", wrong[i].alice);
        trial_record(&t, "bob", wrong[i].bob);
        trial_record(&t, "carol", wrong[i].carol);
        assert_outcome(f, &t, COMMIT_CONFLICT);
    }
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 0); /* one record takes another path than several */
    assert_outcome(f, &t, COMMIT_CONFLICT);
    digest(f, after);
    assert_string_equal(before, after);
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 1);
    trial_record(&t, "bob", 1);
    trial_record(&t, "carol", 0);
    assert_outcome(f, &t, COMMIT_DONE);
}

static void records_of_several_hashes_are_checked_and_written(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    char other[KEY_MAX_BYTES];
    (void)key_citizen(PARTITION, 4, other);
    trial_start(&t, NOON_MS);
    trial_record(&t, "a", 0);
    trial_record(&t, "b", 0);
    trial_record(&t, "c", 0);
    t.commit.records[1].key = other;
    t.commit.records[1].key_len = strlen(other);
    assert_outcome(f, &t, COMMIT_DONE);
    assert_int_equal(redis_server_integer(f->server, "HLEN", t.key, NULL), 2);
    assert_int_equal(redis_server_integer(f->server, "HLEN", other, NULL), 1);
    trial_start(&t, NOON_MS);
    trial_record(&t, "a", 1);
    trial_record(&t, "b", 0);
    t.commit.records[1].key = other;
    t.commit.records[1].key_len = strlen(other);
    assert_outcome(f, &t, COMMIT_CONFLICT);
}

static void the_last_record_is_stamped_with_the_position(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    for (uint8_t seq = 1; seq <= 2; seq++) {
        trial_start(&t, NOON_MS);
        trial_record(&t, "a", seq - 1U);
        trial_record(&t, "b", seq - 1U);
        t.commit.stamp_at = seq == 1 ? 4 : 32 - COMMIT_POSITION_BYTES;
        assert_outcome(f, &t, COMMIT_DONE);
        const uint8_t position[COMMIT_POSITION_BYTES] = {1, 0, 0, 0, seq};
        memcpy(t.values[1] + t.commit.stamp_at, position, sizeof(position));
        redisReply *reply = redis_server_do(f->server, "HMGET", t.key, "a", "b", NULL);
        for (size_t i = 0; i < 2; i++) {
            assert_int_equal(reply->element[i]->len, sizeof(t.values[i]));
            assert_memory_equal(reply->element[i]->str, t.values[i], sizeof(t.values[i]));
        }
        freeReplyObject(reply);
    }
    run(f, &t); /* what was sent is a repetition, whatever was stamped */
    assert_known(&t, 2);
}

static void a_frozen_partition_answers_only_what_it_knows(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t, fresh;
    char key[KEY_MAX_BYTES], before[64], after[64];
    (void)key_totals(PARTITION, key);
    trial_start(&t, NOON_MS);
    assert_outcome(f, &t, COMMIT_DONE);
    (void)redis_server_integer(f->server, "SETRANGE", key, "1", "\x01", NULL);
    assert_true(totals_now(f).is_frozen);
    digest(f, before);
    trial_start(&fresh, NOON_MS);
    assert_outcome(f, &fresh, COMMIT_FROZEN);
    run(f, &t);
    assert_known(&t, 1);
    digest(f, after);
    assert_string_equal(before, after);
}

static void totals_beyond_exact_numbers_are_refused(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    char before[64], after[64];
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 0);
    t.commit.totals[TOTAL_CENTRAL_VND] = (1LL << 53) - 2;
    assert_outcome(f, &t, COMMIT_DONE);
    digest(f, before);
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 1);
    t.commit.totals[TOTAL_CENTRAL_VND] = 2;
    run(f, &t);
    assert_int_equal(t.rc, -EIO);
    t.commit.totals[TOTAL_CENTRAL_VND] = 1LL << 53;
    assert_int_equal(commit_send(f->store, &t.commit, on_commit, &t), -EMSGSIZE);
    t.commit.totals[TOTAL_CENTRAL_VND] = -(1LL << 53);
    assert_int_equal(commit_send(f->store, &t.commit, on_commit, &t), -EMSGSIZE);
    digest(f, after);
    assert_string_equal(before, after);
    t.commit.totals[TOTAL_CENTRAL_VND] = 1;
    assert_outcome(f, &t, COMMIT_DONE);
    assert_int_equal(totals_now(f).values[TOTAL_CENTRAL_VND], (1LL << 53) - 1);
}

/* A folded key has no time in it: used at 23:59:59 and again at 00:00:01 it is still known. */
static void a_folded_id_is_known_over_midnight(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    int64_t midnight_ms = 20415 * DAY_MS;
    trial_start(&t, midnight_ms - 1000);
    assert_int_equal(request_id_parse("receipt 4711", &t.commit.id), 0);
    trial_record(&t, "alice", 0);
    assert_outcome(f, &t, COMMIT_DONE);
    t.commit.now_ms = midnight_ms + 1000;
    run(f, &t);
    assert_known(&t, 1);
    t.commit.fingerprint++;
    assert_outcome(f, &t, COMMIT_REUSED);
    /* with an identity the keys lie one place further */
    static struct trial other;
    trial_start(&other, midnight_ms + 1000);
    assert_int_equal(request_id_parse("receipt 4712", &other.commit.id), 0);
    (void)key_identity(PARTITION, 3, other.identity_key);
    other.commit.identity_key = other.identity_key;
    other.commit.identity_key_len = strlen(other.identity_key);
    other.commit.identity_field = "bob";
    other.commit.identity_field_len = 3;
    trial_record(&other, "bob", 0);
    assert_outcome(f, &other, COMMIT_DONE);
    run(f, &other);
    assert_known(&other, 2);
    assert_int_equal(redis_server_integer(f->server, "HEXISTS", other.identity_key, "bob", NULL),
                     1);
    assert_int_equal(redis_server_integer(f->server, "HEXISTS", other.key, "bob", NULL), 1);
}

static void a_dated_id_is_known_over_midnight(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    trial_start(&t, NOON_MS);
    assert_outcome(f, &t, COMMIT_DONE);
    t.commit.now_ms = NOON_MS + 2 * DAY_MS - 1;
    run(f, &t);
    assert_known(&t, 1);
}

static void what_is_too_large_is_not_sent(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    static uint8_t big[COMMIT_EVENT_MAX_BYTES + 1];
    trial_start(&t, NOON_MS);
    t.commit.n_records = 300;
    assert_int_equal(commit_send(f->store, &t.commit, on_commit, &t), -EMSGSIZE);
    trial_start(&t, NOON_MS);
    t.commit.event = big;
    t.commit.event_len = sizeof(big);
    assert_int_equal(commit_send(f->store, &t.commit, on_commit, &t), -EMSGSIZE);
    trial_start(&t, NOON_MS);
    t.commit.answer = big;
    t.commit.answer_len = COMMIT_ANSWER_MAX_BYTES + 1;
    assert_int_equal(commit_send(f->store, &t.commit, on_commit, &t), -EMSGSIZE);
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 0);
    t.commit.records[0].value_len = COMMIT_VALUE_MAX_BYTES + 1;
    assert_int_equal(commit_send(f->store, &t.commit, on_commit, &t), -EMSGSIZE);
    assert_int_equal(store_open_commands(f->store), 0);
}

static void the_largest_commit_fits(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    static uint8_t big[COMMIT_EVENT_MAX_BYTES];
    trial_start(&t, NOON_MS);
    assert_int_equal(request_id_parse("import 1", &t.commit.id), 0);
    for (size_t i = 0; i < COMMIT_RECORDS_MAX; i++) {
        char field[8];
        (void)snprintf(field, sizeof(field), "f%zu", i);
        trial_record(&t, field, 0);
    }
    t.commit.event = big;
    t.commit.event_len = sizeof(big);
    t.commit.answer = big;
    t.commit.answer_len = COMMIT_ANSWER_MAX_BYTES;
    assert_outcome(f, &t, COMMIT_DONE);
    assert_int_equal(redis_server_integer(f->server, "HLEN", t.key, NULL), COMMIT_RECORDS_MAX);
    run(f, &t);
    assert_known(&t, 1);
}

static void a_broken_partition_is_refused_whole(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    char totals[KEY_MAX_BYTES], journal[KEY_MAX_BYTES], before[64], after[64];
    (void)key_totals(PARTITION, totals);
    (void)key_journal(PARTITION, journal);
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 0);
    (void)key_identity(PARTITION, 3, t.identity_key);
    t.commit.identity_key = t.identity_key;
    t.commit.identity_key_len = strlen(t.identity_key);
    t.commit.identity_field = "alice";
    t.commit.identity_field_len = 5;
    const char *const breaks[][6] = {
        {"SET", totals, "short"},                 /* unreadable totals */
        {"XADD", journal, "1-7", "e", "x", NULL}, /* a journal ahead of the totals */
        {"SET", t.key, "x"},                      /* records that are no hash */
        {"SET", t.identity_key, "x"},             /* an identity that is no hash */
        {"HSET", t.key, "alice", "abc"},          /* a record without a version */
    };
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        freeReplyObject(redis_server_do(f->server, "FLUSHALL", NULL));
        const char *const *b = breaks[i];
        freeReplyObject(redis_server_do(f->server, b[0], b[1], b[2], b[3], b[4], b[5], NULL));
        digest(f, before);
        run(f, &t);
        assert_int_equal(t.rc, -EIO);
        digest(f, after);
        assert_string_equal(before, after);
    }
}

static void a_full_server_refuses_before_any_write(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    trial_start(&t, NOON_MS);
    trial_record(&t, "alice", 0);
    freeReplyObject(redis_server_do(f->server, "CONFIG", "SET", "maxmemory", "1", NULL));
    run(f, &t);
    assert_int_equal(t.rc, -EAGAIN);
    assert_int_equal(redis_server_integer(f->server, "DBSIZE", NULL), 0);
    freeReplyObject(redis_server_do(f->server, "CONFIG", "SET", "maxmemory", "0", NULL));
    assert_outcome(f, &t, COMMIT_DONE);
}

static void lookup(struct store_fixture *f, struct trial *t, const uint64_t *fingerprint)
{
    t->is_answered = 0;
    assert_int_equal(commit_lookup(f->store, PARTITION, &t->commit.id, t->commit.now_ms,
                                   fingerprint, on_commit, t),
                     0);
    TURN_UNTIL(f->loop, t->is_answered);
    assert_int_equal(t->rc, 0);
}

static void answers_are_looked_up_without_committing(void **state)
{
    struct store_fixture *f = *state;
    static struct trial t;
    trial_start(&t, NOON_MS);
    lookup(f, &t, NULL);
    assert_int_equal(t.result.outcome, COMMIT_CONFLICT);
    assert_int_equal(journal_length(f), 0);
    assert_outcome(f, &t, COMMIT_DONE);
    lookup(f, &t, NULL);
    assert_known(&t, 1);
    lookup(f, &t, &t.commit.fingerprint);
    assert_known(&t, 1);
    uint64_t other = t.commit.fingerprint + 1;
    lookup(f, &t, &other);
    assert_int_equal(t.result.outcome, COMMIT_REUSED);

    static struct trial folded;
    trial_start(&folded, NOON_MS);
    assert_int_equal(request_id_parse("till 9", &folded.commit.id), 0);
    assert_outcome(f, &folded, COMMIT_DONE);
    folded.commit.now_ms += DAY_MS;
    lookup(f, &folded, &folded.commit.fingerprint);
    assert_known(&folded, 2);
    folded.commit.now_ms += 2 * DAY_MS;
    lookup(f, &folded, NULL);
    assert_known(&folded, 2);
    folded.commit.now_ms += DAY_MS;
    lookup(f, &folded, NULL);
    assert_int_equal(folded.result.outcome, COMMIT_CONFLICT);
    /* stored by a clock that is ahead over midnight */
    folded.commit.now_ms -= 5 * DAY_MS;
    lookup(f, &folded, NULL);
    assert_known(&folded, 2);
}

static void ids_are_checked_against_the_clock(void **state)
{
    (void)state;
    struct request_id id;
    struct err err;
    request_id_make(NOON_MS, &id);
    assert_int_equal(commit_check_id(&id, NOON_MS, &err), 0);
    assert_int_equal(commit_check_id(&id, NOON_MS + COMMIT_ID_MAX_AGE_MS, &err), 0);
    assert_int_equal(commit_check_id(&id, NOON_MS + COMMIT_ID_MAX_AGE_MS + 1, &err), -ERANGE);
    assert_int_equal(commit_check_id(&id, NOON_MS - COMMIT_ID_MAX_AHEAD_MS, &err), 0);
    assert_int_equal(commit_check_id(&id, NOON_MS - COMMIT_ID_MAX_AHEAD_MS - 1, &err), -ERANGE);
    assert_string_not_equal(err.text, "");
    assert_int_equal(request_id_parse("any other key", &id), 0);
    assert_int_equal(commit_check_id(&id, NOON_MS, &err), 0);
    memset(&id, 0, sizeof(id));
    assert_int_equal(commit_check_id(&id, NOON_MS, &err), -ERANGE);
}

static void totals_are_unpacked_strictly(void **state)
{
    (void)state;
    uint8_t packed[16 + 8 * TOTALS] = {1, 0, 0, 0, 2, 0, 0, 0, 9};
    struct totals totals;
    packed[16 + 8 * TOTAL_MONTHS] = 12;
    assert_int_equal(totals_unpack(packed, sizeof(packed), &totals), 0);
    assert_int_equal(totals.epoch, 2);
    assert_int_equal(totals.last_seq, 9);
    assert_int_equal(totals.values[TOTAL_MONTHS], 12);
    assert_int_equal(totals_unpack(packed, sizeof(packed) - 1, &totals), -EPROTO);
    packed[0] = 2;
    assert_int_equal(totals_unpack(packed, sizeof(packed), &totals), -EPROTO);
    assert_int_equal(totals_unpack(NULL, 0, &totals), 0);
    assert_int_equal(totals.epoch, 1);
    assert_int_equal(totals.last_seq, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_commit_writes_all_of_it, setup, teardown),
    cmocka_unit_test_setup_teardown(positions_are_dense_and_totals_add_up, setup, teardown),
    cmocka_unit_test_setup_teardown(a_repetition_gets_the_stored_bytes, setup, teardown),
    cmocka_unit_test_setup_teardown(another_body_under_the_same_id_is_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(any_other_version_is_a_conflict, setup, teardown),
    cmocka_unit_test_setup_teardown(records_of_several_hashes_are_checked_and_written, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(the_last_record_is_stamped_with_the_position, setup, teardown),
    cmocka_unit_test_setup_teardown(a_frozen_partition_answers_only_what_it_knows, setup, teardown),
    cmocka_unit_test_setup_teardown(totals_beyond_exact_numbers_are_refused, setup, teardown),
    cmocka_unit_test_setup_teardown(a_folded_id_is_known_over_midnight, setup, teardown),
    cmocka_unit_test_setup_teardown(a_dated_id_is_known_over_midnight, setup, teardown),
    cmocka_unit_test_setup_teardown(what_is_too_large_is_not_sent, setup, teardown),
    cmocka_unit_test_setup_teardown(the_largest_commit_fits, setup, teardown),
    cmocka_unit_test_setup_teardown(a_broken_partition_is_refused_whole, setup, teardown),
    cmocka_unit_test_setup_teardown(a_full_server_refuses_before_any_write, setup, teardown),
    cmocka_unit_test_setup_teardown(answers_are_looked_up_without_committing, setup, teardown),
    cmocka_unit_test(ids_are_checked_against_the_clock),
    cmocka_unit_test(totals_are_unpacked_strictly),
};

TEST_MAIN(tests)
