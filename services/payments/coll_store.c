#include "services/payments/coll_store.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define VERSION_BYTES 4
#define KIND_AT (COLL_STAMP_AT + COMMIT_POSITION_BYTES)
_Static_assert(CLAIM_BYTES == KIND_AT + 1 + ID_BYTES + 4 + 8, "a claim's record");
_Static_assert(OUTCOME_BYTES == KIND_AT + 1, "an outcome's record");

static void put_le(uint8_t *bytes, size_t n, uint64_t value)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_le(const uint8_t *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = n; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

/* --- records ---------------------------------------------------------------------------------- */

static void head_pack(uint8_t *ret, unsigned kind)
{
    put_le(ret, VERSION_BYTES, 1);
    memset(ret + COLL_STAMP_AT, 0, COMMIT_POSITION_BYTES);
    ret[KIND_AT] = (uint8_t)kind;
}

/* The kind; -EPROTO. */
static int head_unpack(const uint8_t *bytes, int last_kind, struct journal_position *ret)
{
    ret->epoch = (uint32_t)get_le(bytes + COLL_STAMP_AT, 4);
    ret->seq = get_le(bytes + COLL_STAMP_AT + 4, 8);
    if (get_le(bytes, VERSION_BYTES) != 1 || ret->epoch == 0 || ret->seq == 0 ||
        bytes[KIND_AT] == 0 || bytes[KIND_AT] > last_kind)
        return -EPROTO;
    return bytes[KIND_AT];
}

void claim_pack(const struct claim *self, uint8_t ret[CLAIM_BYTES])
{
    uint8_t *at = ret + KIND_AT + 1;
    head_pack(ret, self->kind);
    memcpy(at, self->citizen, ID_BYTES);
    put_le(at + ID_BYTES, 4, self->bill_number);
    put_le(at + ID_BYTES + 4, 8, self->fingerprint);
}

void outcome_pack(enum outcome_state state, uint8_t ret[OUTCOME_BYTES])
{
    head_pack(ret, state);
}

int claim_unpack(const void *bytes, size_t len, struct claim *ret)
{
    const uint8_t *at = (const uint8_t *)bytes + KIND_AT + 1;
    if (len != CLAIM_BYTES)
        return -EPROTO;
    int kind = head_unpack(bytes, CLAIM_CANCEL, &ret->position);
    if (kind < 0)
        return kind;
    ret->kind = (enum claim_kind)kind;
    memcpy(ret->citizen, at, ID_BYTES);
    ret->bill_number = (uint32_t)get_le(at + ID_BYTES, 4);
    ret->fingerprint = get_le(at + ID_BYTES + 4, 8);
    return 0;
}

int outcome_unpack(const void *bytes, size_t len, struct outcome *ret)
{
    if (len != OUTCOME_BYTES)
        return -EPROTO;
    int state = head_unpack(bytes, OUTCOME_IS_REFUSED, &ret->position);
    if (state < 0)
        return state;
    ret->state = (enum outcome_state)state;
    return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void ask(struct store *ledger, unsigned partition, const char *key, size_t key_len,
                const uint8_t transaction[ID_BYTES], store_reply_fn fn, void *arg)
{
    const char *const argv[] = {"HGET", key, partition_field(transaction)};
    const size_t lens[] = {4, key_len, CITIZEN_FIELD_BYTES};
    store_send(ledger, partition, 3, argv, lens, fn, arg);
}

void claim_ask(struct store *ledger, const uint8_t transaction[ID_BYTES], store_reply_fn fn,
               void *arg)
{
    char key[KEY_MAX_BYTES];
    unsigned partition = partition_of(transaction);
    size_t len = key_claim(partition, partition_bucket(transaction), key);
    ask(ledger, partition, key, len, transaction, fn, arg);
}

void outcome_ask(struct store *ledger, const uint8_t citizen[ID_BYTES],
                 const uint8_t transaction[ID_BYTES], store_reply_fn fn, void *arg)
{
    char key[KEY_MAX_BYTES];
    unsigned partition = partition_of(citizen);
    size_t len = key_outcome(partition, partition_bucket(transaction), key);
    ask(ledger, partition, key, len, transaction, fn, arg);
}

/* The bytes, NULL when there are none; -EPROTO. */
static int bytes_of(const struct store_reply *reply, const char **ret, size_t *ret_len)
{
    *ret = NULL;
    if (store_reply_type(reply) == STORE_REPLY_NIL)
        return 0;
    if (store_reply_type(reply) != STORE_REPLY_BYTES)
        return -EPROTO;
    *ret = store_reply_bytes(reply, ret_len);
    return 0;
}

int claim_read(const struct store_reply *reply, struct claim *ret)
{
    size_t len;
    const char *bytes;
    int rc = bytes_of(reply, &bytes, &len);
    if (rc < 0)
        return rc;
    return bytes == NULL ? 1 : claim_unpack(bytes, len, ret);
}

int outcome_read(const struct store_reply *reply, struct outcome *ret)
{
    size_t len;
    const char *bytes;
    int rc = bytes_of(reply, &bytes, &len);
    if (rc < 0)
        return rc;
    return bytes == NULL ? 1 : outcome_unpack(bytes, len, ret);
}

/* --- writing ---------------------------------------------------------------------------------- */

void coll_request(const uint8_t transaction[ID_BYTES], enum coll_step step, struct request_id *ret)
{
    const unsigned char purpose[] = {'c', 'o', 'l', 'l', (unsigned char)('0' + step)};
    crypto_generichash(ret->bytes, ID_BYTES, transaction, ID_BYTES, purpose, sizeof(purpose));
    ret->bytes[6] = (uint8_t)(0x80 | (ret->bytes[6] & 0x0f));
    ret->bytes[8] = (uint8_t)(0x80 | (ret->bytes[8] & 0x3f));
}

static int record_commit(struct store *ledger, const struct coll_entry *entry, unsigned partition,
                         const char *key, size_t key_len, const uint8_t *value, size_t value_len,
                         commit_fn fn, void *arg)
{
    struct commit commit;
    commit_init(&commit);
    commit.partition = partition;
    commit.id = entry->id;
    commit.fingerprint = entry->fingerprint;
    commit.now_ms = entry->now_ms;
    commit.n_records = 1;
    commit.records[0] = (struct commit_record){
        .key = key,
        .key_len = key_len,
        .field = partition_field(entry->transaction),
        .field_len = CITIZEN_FIELD_BYTES,
        .value = value,
        .value_len = value_len,
    };
    commit.stamp_at = COLL_STAMP_AT;
    commit.event = entry->event;
    commit.event_len = entry->event_len;
    return commit_send(ledger, &commit, fn, arg);
}

int claim_commit(struct store *ledger, const struct coll_entry *entry, const struct claim *claim,
                 commit_fn fn, void *arg)
{
    char key[KEY_MAX_BYTES];
    uint8_t value[CLAIM_BYTES];
    unsigned partition = partition_of(entry->transaction);
    size_t key_len = key_claim(partition, partition_bucket(entry->transaction), key);
    claim_pack(claim, value);
    return record_commit(ledger, entry, partition, key, key_len, value, sizeof(value), fn, arg);
}

int outcome_commit(struct store *ledger, const struct coll_entry *entry,
                   const uint8_t citizen[ID_BYTES], enum outcome_state state, commit_fn fn,
                   void *arg)
{
    char key[KEY_MAX_BYTES];
    uint8_t value[OUTCOME_BYTES];
    unsigned partition = partition_of(citizen);
    size_t key_len = key_outcome(partition, partition_bucket(entry->transaction), key);
    outcome_pack(state, value);
    return record_commit(ledger, entry, partition, key, key_len, value, sizeof(value), fn, arg);
}
