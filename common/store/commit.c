#include "common/store/commit.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/store/functions.h"
#include "common/store/link.h"
#include "common/store/packed.h"

#define DAY_MS (86400LL * 1000)
#define VERSION_BYTES 4
#define FINGERPRINT_BYTES 8
#define STORED_HEADER_BYTES (4 + 8 + FINGERPRINT_BYTES) /* epoch, seq; the answer follows */
#define TOTALS_HEADER_BYTES 16
_Static_assert(TOTALS_BYTES == TOTALS_HEADER_BYTES + 8 * TOTALS, "packed totals");
#define TOTALS_SCHEMA 1
#define TOTALS_FROZEN 1
#define TOTAL_MAX (1LL << 53) /* Lua's numbers are exact below this */
#define POSITION_MAX_BYTES 32

/* Flags and answers of commit.lua. */
enum { HAS_YESTERDAY = 1, HAS_IDENTITY = 2, STAMP = 4 };
enum { ANSWER_REUSED = 1, ANSWER_CONFLICT = 2, ANSWER_FROZEN = 3 };

#define ARGS_FIXED 7 /* FCALL, name, number of keys, four arguments of the function */
#define KEYS_FIXED 5 /* answers, totals, journal, yesterday's answers, identity */
#define ARGS_MAX (ARGS_FIXED + KEYS_FIXED + 2 + 3 * COMMIT_RECORDS_MAX)
#define GROUP_RECORDS_MAX 255
#define HEAD_MAX_BYTES (2 + 8 * TOTALS + COMMIT_RECORDS_MAX)
#define HEAD_ALL_TOTALS 255
_Static_assert(ARGS_MAX <= STORE_ARGS_MAX, "the largest commit must fit one command");

/* A command under construction: arguments borrow, what is computed lies here. */
struct call {
    int argc;
    const char *argv[ARGS_MAX];
    size_t lens[ARGS_MAX];
    char answers[KEY_MAX_BYTES], yesterday[KEY_MAX_BYTES];
    char totals[KEY_MAX_BYTES], journal[KEY_MAX_BYTES];
    uint8_t answer[FINGERPRINT_BYTES + COMMIT_ANSWER_MAX_BYTES];
    uint8_t head[HEAD_MAX_BYTES]; /* as commit.lua reads it */
    size_t head_len;
    char n_keys[4];
};

static void call_add(struct call *self, const void *bytes, size_t len)
{
    self->argv[self->argc] = bytes;
    self->lens[self->argc++] = len;
}

static void call_start(struct call *self, const char *command, enum function which)
{
    size_t len;
    const char *name = function_name(which, &len);
    self->argc = 0;
    call_add(self, command, strlen(command));
    call_add(self, name, len);
    call_add(self, self->n_keys, 0); /* filled in by call_count_keys */
}

/* All arguments from the fourth on are keys so far. */
static void call_count_keys(struct call *self)
{
    int n = self->argc - 3;
    size_t len = 0;
    for (int unit = 100; unit > 0; unit /= 10) {
        if (n >= unit || len > 0)
            self->n_keys[len++] = (char)('0' + n / unit % 10);
    }
    self->lens[2] = len;
}

/* Where the id's answer is or will be: the day of a UUIDv7 stands in it; a folded key may have been
 * used yesterday. True when there is a second place. */
static int add_answers_key(struct call *self, unsigned partition, const struct request_id *id,
                           int64_t now_ms)
{
    int64_t id_ms;
    int is_dated = request_id_time(id, &id_ms);
    int32_t day = (int32_t)((is_dated ? id_ms : now_ms) / DAY_MS);
    call_add(self, self->answers, key_answers(partition, day, id, self->answers));
    return !is_dated && day > 0;
}

static void add_yesterday(struct call *self, unsigned partition, const struct request_id *id,
                          int64_t now_ms)
{
    int32_t day = (int32_t)(now_ms / DAY_MS) - 1;
    call_add(self, self->yesterday, key_answers(partition, day, id, self->yesterday));
}

int commit_check_id(const struct request_id *id, int64_t now_ms, struct err *err)
{
    int64_t id_ms;
    if (!request_id_time(id, &id_ms)) {
        if ((id->bytes[6] & 0xf0) == 0x80 && (id->bytes[8] & 0xc0) == 0x80)
            return 0;
        return err_set(err, -ERANGE, "the request id is neither a UUIDv7 nor a folded key");
    }
    if (id_ms < now_ms - COMMIT_ID_MAX_AGE_MS)
        return err_set(err, -ERANGE, "the request id is older than 48 hours");
    if (id_ms > now_ms + COMMIT_ID_MAX_AHEAD_MS)
        return err_set(err, -ERANGE, "the request id is more than 5 minutes ahead");
    return 0;
}

void commit_init(struct commit *self)
{
    /* not the record table: clearing its 14 KB costs more than most commits take */
    self->n_records = 0;
    memset(&self->identity_key, 0, sizeof(*self) - offsetof(struct commit, identity_key));
}

static int check_record(const struct commit_record *record)
{
    if (record->key_len >= KEY_MAX_BYTES || record->value_len > COMMIT_VALUE_MAX_BYTES)
        return -EMSGSIZE;
    ASSERT(record->value_len >= VERSION_BYTES);
    ASSERT(get_le(record->value, VERSION_BYTES) == (uint64_t)record->expected_version + 1);
    return 0;
}

/* A place for the position in the last record, behind its version. */
static void check_stamp(const struct commit *commit)
{
    if (commit->stamp_at == 0)
        return;
    ASSERT(commit->n_records > 0);
    ASSERT(commit->stamp_at >= VERSION_BYTES && commit->stamp_at <= COMMIT_STAMP_MAX);
    ASSERT(commit->records[commit->n_records - 1].value_len >=
           commit->stamp_at + COMMIT_POSITION_BYTES);
}

static int check_limits(const struct commit *commit)
{
    check_stamp(commit);
    if (commit->n_records > COMMIT_RECORDS_MAX || commit->answer_len > COMMIT_ANSWER_MAX_BYTES ||
        commit->event_len > COMMIT_EVENT_MAX_BYTES || commit->identity_key_len >= KEY_MAX_BYTES ||
        commit->identity_len > COMMIT_VALUE_MAX_BYTES)
        return -EMSGSIZE;
    for (size_t i = 0; i < TOTALS; i++) {
        if (commit->totals[i] >= TOTAL_MAX || commit->totals[i] <= -TOTAL_MAX)
            return -EMSGSIZE;
    }
    for (size_t i = 0; i < commit->n_records; i++) {
        if (check_record(&commit->records[i]) < 0)
            return -EMSGSIZE;
    }
    return 0;
}

/* Most commits change one total; the others send all of them. */
static void start_head(struct call *self, const struct commit *commit, int has_yesterday)
{
    size_t n_changed = 0, first = 0, n = 1;
    for (size_t i = TOTALS; i-- > 0;) {
        if (commit->totals[i] != 0) {
            n_changed++;
            first = i;
        }
    }
    self->head[0] =
        (uint8_t)((has_yesterday ? HAS_YESTERDAY : 0) |
                  (commit->identity_key_len > 0 ? HAS_IDENTITY : 0) | STAMP * commit->stamp_at);
    self->head[1] = (uint8_t)first;
    if (n_changed > 1) {
        self->head[1] = HEAD_ALL_TOTALS;
        first = 0;
        n = TOTALS;
    }
    self->head_len = 2;
    for (size_t i = first; i < first + n; i++, self->head_len += 8)
        put_le(self->head + self->head_len, (uint64_t)commit->totals[i], 8);
}

/* Neighbours in one hash are read and written together. */
static void add_groups(struct call *self, const struct commit *commit)
{
    for (size_t i = 0, n = 0; i < commit->n_records; i += n) {
        const struct commit_record *first = &commit->records[i];
        for (n = 1; i + n < commit->n_records && n < GROUP_RECORDS_MAX; n++) {
            const struct commit_record *next = &commit->records[i + n];
            if (next->key_len != first->key_len ||
                memcmp(next->key, first->key, next->key_len) != 0)
                break;
        }
        call_add(self, first->key, first->key_len);
        self->head[self->head_len++] = (uint8_t)n;
    }
}

static void add_arguments(struct call *self, const struct commit *commit)
{
    put_le(self->answer, commit->fingerprint, FINGERPRINT_BYTES);
    if (commit->answer_len > 0)
        memcpy(self->answer + FINGERPRINT_BYTES, commit->answer, commit->answer_len);
    call_add(self, commit->id.bytes, ID_BYTES);
    call_add(self, self->answer, FINGERPRINT_BYTES + commit->answer_len);
    call_add(self, commit->event, commit->event_len);
    call_add(self, self->head, self->head_len);
    if (commit->identity_key_len > 0) {
        call_add(self, commit->identity_field, commit->identity_field_len);
        call_add(self, commit->identity, commit->identity_len);
    }
    for (size_t i = 0; i < commit->n_records; i++) {
        call_add(self, commit->records[i].field, commit->records[i].field_len);
        call_add(self, commit->records[i].value, commit->records[i].value_len);
    }
}

/* "<epoch>-<seq>" */
static int position_read(const struct store_reply *reply, struct journal_position *ret)
{
    size_t len;
    const char *text = store_reply_bytes(reply, &len);
    char copy[POSITION_MAX_BYTES];
    if (text == NULL || len >= sizeof(copy))
        return -EIO;
    memcpy(copy, text, len + 1);
    char *dash = strchr(copy, '-');
    int64_t epoch, seq;
    if (dash == NULL)
        return -EIO;
    *dash = '\0';
    if (parse_int64(copy, 1, UINT32_MAX, &epoch) < 0 ||
        parse_int64(dash + 1, 1, INT64_MAX, &seq) < 0)
        return -EIO;
    *ret = (struct journal_position){(uint32_t)epoch, (uint64_t)seq};
    return 0;
}

static int stored_read(const struct store_reply *reply, struct commit_result *ret)
{
    size_t len;
    const char *bytes = store_reply_bytes(store_reply_at(reply, 0), &len);
    if (bytes == NULL || answer_unpack(bytes, len, &ret->position) < 0)
        return -EIO;
    ret->outcome = COMMIT_KNOWN;
    ret->answer = (const uint8_t *)bytes + STORED_HEADER_BYTES;
    ret->answer_len = len - STORED_HEADER_BYTES;
    return 0;
}

static int code_read(const struct store_reply *reply, struct commit_result *ret)
{
    switch (store_reply_integer(reply)) {
    case ANSWER_REUSED:
        ret->outcome = COMMIT_REUSED;
        return 0;
    case ANSWER_CONFLICT:
        ret->outcome = COMMIT_CONFLICT;
        return 0;
    case ANSWER_FROZEN:
        ret->outcome = COMMIT_FROZEN;
        return 0;
    default:
        return -EIO;
    }
}

static int result_read(const struct store_reply *reply, struct commit_result *ret)
{
    switch (store_reply_type(reply)) {
    case STORE_REPLY_BYTES:
        ret->outcome = COMMIT_DONE;
        return position_read(reply, &ret->position);
    case STORE_REPLY_ARRAY:
        return stored_read(reply, ret);
    case STORE_REPLY_INTEGER:
        return code_read(reply, ret);
    case STORE_REPLY_NIL:
    case STORE_REPLY_STATUS:
    case STORE_REPLY_ERROR:
    default:
        return -EIO;
    }
}

/* Refused before the function ran: Redis cannot write now. */
static int is_turned_away(const struct store_reply *reply)
{
    static const char *const codes[] = {"OOM ",     "MISCONF ", "READONLY ",   "NOREPLICAS ",
                                        "LOADING ", "BUSY ",    "MASTERDOWN ", "CLUSTERDOWN "};
    size_t len;
    const char *text = store_reply_bytes(reply, &len);
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (strncmp(text, codes[i], strlen(codes[i])) == 0)
            return 1;
    }
    return 0;
}

static void translate(struct store *store, link_any_fn fn, void *arg, int rc,
                      const struct store_reply *reply)
{
    struct commit_result result = {0};
    if (rc == 0)
        rc = !store_is_refusal(store, reply) ? result_read(reply, &result)
             : is_turned_away(reply)         ? -EAGAIN
                                             : -EIO;
    ((commit_fn)fn)(arg, rc, rc == 0 ? &result : NULL);
}

int commit_send(struct store *ledger, const struct commit *commit, commit_fn fn, void *arg)
{
    if (check_limits(commit) < 0)
        return -EMSGSIZE;
    struct call call;
    call_start(&call, "FCALL", FUNCTION_COMMIT);
    int has_yesterday = add_answers_key(&call, commit->partition, &commit->id, commit->now_ms);
    call_add(&call, call.totals, key_totals(commit->partition, call.totals));
    call_add(&call, call.journal, key_journal(commit->partition, call.journal));
    if (has_yesterday)
        add_yesterday(&call, commit->partition, &commit->id, commit->now_ms);
    if (commit->identity_key_len > 0)
        call_add(&call, commit->identity_key, commit->identity_key_len);
    start_head(&call, commit, has_yesterday);
    add_groups(&call, commit);
    call_count_keys(&call);
    add_arguments(&call, commit);
    store_send_typed(ledger, commit->partition, call.argc, call.argv, call.lens, translate,
                     (link_any_fn)fn, arg);
    return 0;
}

/* Days around today under which a folded key may have been stored: by a clock that is ahead, and as
 * long as answers are kept. */
static const int32_t lookup_days[] = {1, -1, -2, -3};
#define LOOKUP_DAYS ((int)ARRAY_LEN(lookup_days))

int commit_lookup(struct store *ledger, unsigned partition, const struct request_id *id,
                  int64_t now_ms, const uint64_t *fingerprint, commit_fn fn, void *arg)
{
    struct call call;
    char others[LOOKUP_DAYS][KEY_MAX_BYTES];
    call_start(&call, "FCALL_RO", FUNCTION_LOOKUP);
    if (add_answers_key(&call, partition, id, now_ms)) {
        int32_t day = (int32_t)(now_ms / DAY_MS);
        for (int i = 0; i < LOOKUP_DAYS; i++)
            call_add(&call, others[i],
                     key_answers(partition, MAX(day + lookup_days[i], 0), id, others[i]));
    }
    call_count_keys(&call);
    call_add(&call, id->bytes, ID_BYTES);
    put_le(call.answer, fingerprint == NULL ? 0 : *fingerprint, FINGERPRINT_BYTES);
    call_add(&call, call.answer, fingerprint == NULL ? 0 : FINGERPRINT_BYTES);
    store_send_typed(ledger, partition, call.argc, call.argv, call.lens, translate, (link_any_fn)fn,
                     arg);
    return 0;
}

int totals_unpack(const void *bytes, size_t len, struct totals *ret)
{
    const uint8_t *packed = bytes;
    memset(ret, 0, sizeof(*ret));
    ret->epoch = 1;
    if (len == 0)
        return 0;
    if (len != TOTALS_BYTES || packed[0] != TOTALS_SCHEMA || (packed[1] & ~TOTALS_FROZEN) != 0 ||
        packed[2] != 0 || packed[3] != 0)
        return -EPROTO;
    ret->is_frozen = packed[1] & TOTALS_FROZEN;
    ret->epoch = (uint32_t)get_le(packed + 4, 4);
    ret->last_seq = get_le(packed + 8, 8);
    for (size_t i = 0; i < TOTALS; i++)
        ret->values[i] = (int64_t)get_le(packed + TOTALS_HEADER_BYTES + 8 * i, 8);
    return 0;
}

void totals_pack(const struct totals *self, uint8_t ret[TOTALS_BYTES])
{
    memset(ret, 0, TOTALS_HEADER_BYTES);
    ret[0] = TOTALS_SCHEMA;
    ret[1] = self->is_frozen ? TOTALS_FROZEN : 0;
    put_le(ret + 4, self->epoch, 4);
    put_le(ret + 8, self->last_seq, 8);
    for (size_t i = 0; i < TOTALS; i++)
        put_le(ret + TOTALS_HEADER_BYTES + 8 * i, (uint64_t)self->values[i], 8);
}

int answer_is_lost(const uint8_t *answer, size_t len)
{
    return len == ANSWER_LOST_BYTES && memcmp(answer, ANSWER_LOST, ANSWER_LOST_BYTES) == 0;
}

int answer_unpack(const void *bytes, size_t len, struct journal_position *ret)
{
    const uint8_t *stored = bytes;
    if (len < STORED_HEADER_BYTES)
        return -EPROTO;
    ret->epoch = (uint32_t)get_le(stored, 4);
    ret->seq = get_le(stored + 4, 8);
    return 0;
}

uint64_t answer_fingerprint(const void *bytes)
{
    return get_le((const uint8_t *)bytes + 12, FINGERPRINT_BYTES);
}

uint32_t answer_checksum(const void *answer, size_t len)
{
    static const uint8_t key[crypto_shorthash_KEYBYTES] = {0};
    uint8_t hash[crypto_shorthash_BYTES];
    (void)crypto_shorthash(hash, len == 0 ? hash : answer, len, key);
    uint32_t checksum = (uint32_t)get_le(hash, 4);
    return checksum == 0 ? 1 : checksum;
}

uint32_t answer_stored_checksum(const void *bytes, size_t len)
{
    return answer_checksum((const uint8_t *)bytes + STORED_HEADER_BYTES, len - STORED_HEADER_BYTES);
}

int answer_stored_is_lost(const void *bytes, size_t len)
{
    return answer_is_lost((const uint8_t *)bytes + STORED_HEADER_BYTES, len - STORED_HEADER_BYTES);
}
