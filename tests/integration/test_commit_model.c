/* Long random commands to the commit function beside a model of it.
 * COMMIT_COMMANDS commands (default 12,000), COMMIT_SEED repeats them. */
#include "tests/support/test.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/commit_model.h"
#include "tests/support/store_fixture.h"

#define COMMANDS_DEFAULT 12000
#define COMPARE_EVERY 500
#define IDS 24
#define DAY_MS (86400LL * 1000)
#define START_MS (20414 * DAY_MS)
#define BIG (1LL << 51)

static struct store_fixture fixture;
static struct model model;
static uint64_t dice;
static unsigned counts[MODEL_EITHER];

/* splitmix64 */
static uint64_t pick(uint64_t n)
{
    uint64_t z = dice += 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return (z ^ (z >> 31)) % n;
}

static int start(void **state)
{
    (void)state;
    assert_true(sodium_init() >= 0);
    store_fixture_open(&fixture, "ledger");
    freeReplyObject(redis_server_do(fixture.server, "CONFIG", "SET", "appendfsync", "no", NULL));
    memset(&model, 0, sizeof(model));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    store_fixture_close(&fixture);
    return 0;
}

/* --- a command to Redis --- */

struct sending {
    struct commit commit;
    char keys[MODEL_RECORDS_MAX][KEY_MAX_BYTES], identity_key[KEY_MAX_BYTES];
    char fields[MODEL_RECORDS_MAX][8], identity_field[8];
    uint8_t values[MODEL_RECORDS_MAX][8];
    int is_answered, rc;
    struct commit_result result;
    uint8_t answer[8];
};

static void on_commit(void *arg, int rc, const struct commit_result *result)
{
    struct sending *self = arg;
    self->is_answered = 1;
    self->rc = rc;
    if (rc < 0)
        return;
    self->result = *result;
    assert_true(result->answer_len <= sizeof(self->answer));
    if (result->answer_len > 0)
        memcpy(self->answer, result->answer, result->answer_len);
}

static void put_u32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static void prepare(struct sending *self, const struct model_command *command)
{
    struct commit *commit = &self->commit;
    commit_init(commit);
    self->is_answered = 0;
    commit->partition = command->partition;
    commit->id = command->id;
    commit->fingerprint = command->fingerprint;
    commit->now_ms = command->now_ms;
    for (size_t i = 0; i < command->n_records; i++) {
        const struct model_record *record = &command->records[i];
        size_t key_len = key_citizen(command->partition, record->hash, self->keys[i]);
        (void)snprintf(self->fields[i], sizeof(self->fields[i]), "f%u", record->field);
        put_u32(self->values[i], record->expected_version + 1);
        put_u32(self->values[i] + 4, command->mark);
        commit->records[commit->n_records++] = (struct commit_record){
            self->keys[i],   key_len, self->fields[i], 2, record->expected_version,
            self->values[i], 8};
    }
    if (command->has_identity) {
        commit->identity_key = self->identity_key;
        commit->identity_key_len = key_identity(command->partition, 0, self->identity_key);
        (void)snprintf(self->identity_field, sizeof(self->identity_field), "f%u",
                       command->identity_field);
        commit->identity_field = self->identity_field;
        commit->identity_field_len = 2;
        commit->identity = (const uint8_t *)&command->mark;
        commit->identity_len = sizeof(command->mark);
    }
    memcpy(commit->totals, command->totals, sizeof(commit->totals));
    commit->event = commit->answer = (const uint8_t *)&command->mark;
    commit->event_len = commit->answer_len = sizeof(command->mark);
}

static void send_command(struct sending *self, const struct model_command *command)
{
    prepare(self, command);
    assert_int_equal(commit_send(fixture.store, &self->commit, on_commit, self), 0);
    TURN_UNTIL(fixture.loop, self->is_answered);
}

/* --- random commands --- */

struct pool {
    struct request_id ids[IDS];
    int64_t now_ms;
    uint32_t mark;
};

static void make_id(const struct pool *pool, struct request_id *ret)
{
    char text[32];
    if (pick(2) == 0) {
        request_id_make(pool->now_ms, ret);
        return;
    }
    (void)snprintf(text, sizeof(text), "key %llu", (unsigned long long)pick(UINT64_MAX));
    assert_int_equal(request_id_parse(text, ret), 0);
}

/* Now and then large, and rather back from a limit than beyond it. */
static void make_totals(const int64_t now[TOTALS], int64_t totals[TOTALS])
{
    static const int64_t deltas[] = {1, -1, 330000, -66000, BIG, BIG - 1, 2 * BIG, 3 * BIG};
    size_t n = pick(4) == 0 ? 1 : pick(TOTALS + 1);
    for (size_t i = 0; i < n; i++) {
        size_t which = pick(TOTALS);
        totals[which] = deltas[pick(pick(4) == 0 ? ARRAY_LEN(deltas) : 4)];
        if (now[which] > 0 && pick(8) > 0 && totals[which] > 330000)
            totals[which] = -totals[which];
    }
}

static void make_command(struct pool *pool, struct model_command *ret)
{
    memset(ret, 0, sizeof(*ret));
    pool->now_ms += (int64_t)pick(2 * DAY_MS / 100);
    ret->partition = (unsigned)pick(MODEL_PARTITIONS);
    ret->now_ms = pool->now_ms;
    struct request_id *id = &pool->ids[pick(IDS)];
    if (pick(3) > 0)
        make_id(pool, id);
    ret->id = *id;
    ret->fingerprint = pick(8) == 0 ? 7 : 1;
    ret->mark = ++pool->mark;
    make_totals(model.partitions[ret->partition].totals, ret->totals);
    ret->has_identity = pick(4) == 0;
    ret->identity_field = (unsigned)pick(MODEL_FIELDS);
    ret->n_records = pick(MODEL_RECORDS_MAX + 1);
    for (size_t i = 0; i < ret->n_records; i++) {
        struct model_record *record = &ret->records[i];
        record->hash = (unsigned)pick(MODEL_HASHES);
        record->field = (unsigned)pick(MODEL_FIELDS);
        uint32_t now = model.partitions[ret->partition].versions[record->hash][record->field];
        record->expected_version = pick(12) == 0 ? (uint32_t)pick(4) : now;
    }
}

static void toggle_frozen(unsigned p)
{
    char key[KEY_MAX_BYTES];
    if (model.partitions[p].n_events == 0)
        return;
    model.partitions[p].is_frozen ^= 1;
    (void)key_totals(p, key);
    freeReplyObject(redis_server_do(fixture.server, "EVAL",
                                    "redis.call('SETRANGE', KEYS[1], 1, string.char(ARGV[1]))", "1",
                                    key, model.partitions[p].is_frozen ? "1" : "0", NULL));
}

static void assert_as_judged(const struct sending *sent, enum model_verdict verdict,
                             const struct model_answer *stored, const struct model_command *command)
{
    static const enum commit_outcome outcomes[] = {
        [MODEL_DONE] = COMMIT_DONE,     [MODEL_KNOWN] = COMMIT_KNOWN,
        [MODEL_REUSED] = COMMIT_REUSED, [MODEL_CONFLICT] = COMMIT_CONFLICT,
        [MODEL_FROZEN] = COMMIT_FROZEN,
    };
    if (verdict == MODEL_OVERFLOW) {
        assert_int_equal(sent->rc, -EIO);
        return;
    }
    assert_int_equal(sent->rc, 0);
    assert_int_equal(sent->result.outcome, outcomes[verdict]);
    uint32_t mark;
    if (verdict == MODEL_KNOWN) {
        assert_int_equal(sent->result.position.seq, stored->seq);
        assert_int_equal(sent->result.answer_len, sizeof(mark));
        memcpy(&mark, sent->answer, sizeof(mark));
        assert_int_equal(mark, stored->mark);
    } else if (verdict == MODEL_DONE) {
        assert_int_equal(sent->result.position.epoch, 1);
        assert_int_equal(sent->result.position.seq,
                         model.partitions[command->partition].n_events + 1);
    }
}

static void run_command(struct pool *pool)
{
    static struct sending sent;
    struct model_command command;
    const struct model_answer *stored;
    make_command(pool, &command);
    enum model_verdict verdict = commit_model_judge(&model, &command, &stored);
    send_command(&sent, &command);
    if (verdict == MODEL_EITHER)
        verdict = sent.rc == -EIO                          ? MODEL_OVERFLOW
                  : sent.result.outcome == COMMIT_CONFLICT ? MODEL_CONFLICT
                                                           : MODEL_DONE;
    assert_as_judged(&sent, verdict, stored, &command);
    if (verdict == MODEL_DONE)
        commit_model_apply(&model, &command);
    counts[verdict]++;
}

/* --- all of Redis beside all of the model --- */

static uint32_t mark_at(const redisReply *reply, size_t at)
{
    uint32_t mark;
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    assert_true(reply->len >= at + sizeof(mark));
    memcpy(&mark, reply->str + at, sizeof(mark));
    return mark;
}

static void compare_journal(unsigned p)
{
    const struct model_partition *want = &model.partitions[p];
    char key[KEY_MAX_BYTES];
    (void)key_journal(p, key);
    redisReply *entries = redis_server_do(fixture.server, "XRANGE", key, "-", "+", NULL);
    assert_int_equal(entries->elements, want->n_events);
    for (size_t i = 0; i < entries->elements; i++) {
        const redisReply *entry = entries->element[i];
        char position[32];
        (void)snprintf(position, sizeof(position), "1-%zu", i + 1);
        assert_string_equal(entry->element[0]->str, position);
        assert_int_equal(mark_at(entry->element[1]->element[1], 0), want->events[i]);
    }
    freeReplyObject(entries);
}

static void compare_totals(unsigned p)
{
    const struct model_partition *want = &model.partitions[p];
    char key[KEY_MAX_BYTES];
    struct totals totals;
    (void)key_totals(p, key);
    redisReply *reply = redis_server_do(fixture.server, "GET", key, NULL);
    assert_int_equal(totals_unpack(reply->str, reply->len, &totals), 0);
    assert_int_equal(totals.last_seq, want->n_events);
    assert_int_equal(totals.is_frozen, want->is_frozen);
    assert_memory_equal(totals.values, want->totals, sizeof(want->totals));
    freeReplyObject(reply);
}

/* A hash whose fields are "f<number>"; versions NULL: a value is a mark alone. */
static void compare_hash(const char *key, const uint32_t *versions, const uint32_t *marks)
{
    size_t n = 0;
    redisReply *pairs = redis_server_do(fixture.server, "HGETALL", key, NULL);
    for (size_t i = 0; i < pairs->elements; i += 2) {
        size_t field = (size_t)(pairs->element[i]->str[1] - '0');
        assert_in_range(field, 0, MODEL_FIELDS - 1);
        assert_int_equal(mark_at(pairs->element[i + 1], versions == NULL ? 0 : 4), marks[field]);
        if (versions != NULL)
            assert_int_equal(mark_at(pairs->element[i + 1], 0), versions[field]);
    }
    for (size_t field = 0; field < MODEL_FIELDS; field++)
        n += marks[field] != 0;
    assert_int_equal(pairs->elements, 2 * n);
    freeReplyObject(pairs);
}

/* Each in its place: the keys are those that the ids make. */
static void compare_answers(unsigned p)
{
    const struct model_partition *want = &model.partitions[p];
    char pattern[KEY_MAX_BYTES], key[KEY_MAX_BYTES];
    size_t n = 0;
    (void)snprintf(pattern, sizeof(pattern), "%s:q:*", partition_tag(p));
    redisReply *keys = redis_server_do(fixture.server, "KEYS", pattern, NULL);
    for (size_t k = 0; k < keys->elements; k++) {
        redisReply *pairs = redis_server_do(fixture.server, "HGETALL", keys->element[k]->str, NULL);
        for (size_t i = 0; i < pairs->elements; i += 2, n++) {
            struct journal_position position;
            const redisReply *value = pairs->element[i + 1];
            assert_int_equal(answer_unpack(value->str, value->len, &position), 0);
            assert_in_range(position.seq, 1, want->n_answers);
            const struct model_answer *answer = &want->answers[position.seq - 1];
            assert_int_equal(answer->seq, position.seq);
            assert_int_equal(answer_fingerprint(value->str), answer->fingerprint);
            assert_int_equal(mark_at(value, 20), answer->mark);
            assert_memory_equal(pairs->element[i]->str, &answer->id, ID_BYTES);
            (void)key_answers(p, answer->day, &answer->id, key);
            assert_string_equal(keys->element[k]->str, key);
        }
        freeReplyObject(pairs);
    }
    freeReplyObject(keys);
    assert_int_equal(n, want->n_answers);
}

static void compare(void)
{
    char key[KEY_MAX_BYTES];
    for (unsigned p = 0; p < MODEL_PARTITIONS; p++) {
        const struct model_partition *want = &model.partitions[p];
        compare_journal(p);
        if (want->n_events > 0)
            compare_totals(p);
        for (unsigned hash = 0; hash < MODEL_HASHES; hash++) {
            (void)key_citizen(p, hash, key);
            compare_hash(key, want->versions[hash], want->marks[hash]);
        }
        (void)key_identity(p, 0, key);
        compare_hash(key, NULL, want->identities);
        compare_answers(p);
    }
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void test_random_commands_do_what_the_model_does(void **state)
{
    (void)state;
    struct pool pool = {.now_ms = START_MS};
    uint64_t n = setting("COMMIT_COMMANDS", COMMANDS_DEFAULT);
    uint64_t seed = dice = setting("COMMIT_SEED", (uint64_t)clock_wall_ms());
    print_message("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < IDS; i++)
        make_id(&pool, &pool.ids[i]);
    for (uint64_t i = 1; i <= n; i++) {
        run_command(&pool);
        unsigned p = (unsigned)pick(MODEL_PARTITIONS);
        if (pick(model.partitions[p].is_frozen ? 8 : 80) == 0)
            toggle_frozen(p);
        if (i % COMPARE_EVERY != 0)
            continue;
        compare();
        if (MAX(model.partitions[0].n_events, model.partitions[1].n_events) >
            MODEL_JOURNAL_MAX - COMPARE_EVERY - 1) {
            freeReplyObject(redis_server_do(fixture.server, "FLUSHALL", NULL));
            memset(&model, 0, sizeof(model));
        }
    }
    print_message("done %u, known %u, reused %u, conflicts %u, frozen %u, overflows %u\n",
                  counts[MODEL_DONE], counts[MODEL_KNOWN], counts[MODEL_REUSED],
                  counts[MODEL_CONFLICT], counts[MODEL_FROZEN], counts[MODEL_OVERFLOW]);
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        assert_true(n < COMMANDS_DEFAULT || counts[i] > 10);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_random_commands_do_what_the_model_does, start, stop),
};

TEST_MAIN(tests)
