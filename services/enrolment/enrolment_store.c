#include "services/enrolment/enrolment_store.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#define VERSION_BYTES 4
#define TIME_BYTES 8
#define ALIAS_RECORD_BYTES (VERSION_BYTES + ID_BYTES + TIME_BYTES)

static void field_ask(struct store *ledger, unsigned partition, const char *key, size_t key_len,
                      const uint8_t hash[ID_BYTES], store_reply_fn fn, void *arg)
{
    const char *const argv[] = {"HGET", key, partition_field(hash)};
    const size_t lens[] = {4, key_len, CITIZEN_FIELD_BYTES};
    store_send(ledger, partition, 3, argv, lens, fn, arg);
}

void identity_ask(struct store *ledger, const uint8_t citizen[ID_BYTES], store_reply_fn fn,
                  void *arg)
{
    char key[KEY_MAX_BYTES];
    unsigned partition = partition_of(citizen);
    size_t len = key_identity(partition, partition_bucket(citizen), key);
    field_ask(ledger, partition, key, len, citizen, fn, arg);
}

void alias_ask(struct store *ledger, const uint8_t alias[ID_BYTES], store_reply_fn fn, void *arg)
{
    char key[KEY_MAX_BYTES];
    unsigned partition = partition_of(alias);
    size_t len = key_alias(partition, partition_bucket(alias), key);
    field_ask(ledger, partition, key, len, alias, fn, arg);
}

static uint64_t get_le(const uint8_t *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = n; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static void put_le(uint8_t *bytes, size_t n, uint64_t value)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

int alias_read(const struct store_reply *reply, struct alias_record *ret)
{
    size_t len;
    memset(ret, 0, sizeof(*ret));
    if (store_reply_type(reply) == STORE_REPLY_NIL)
        return 1;
    const char *bytes = store_reply_bytes(reply, &len);
    if (store_reply_type(reply) != STORE_REPLY_BYTES || len != ALIAS_RECORD_BYTES)
        return -EPROTO;
    const uint8_t *record = (const uint8_t *)bytes;
    ret->version = (uint32_t)get_le(record, VERSION_BYTES);
    memcpy(ret->citizen, record + VERSION_BYTES, ID_BYTES);
    ret->claimed_ms = (int64_t)get_le(record + VERSION_BYTES + ID_BYTES, TIME_BYTES);
    return 0;
}

/* The claim has an id of its own: the enrolment's names another commit in another partition. */
static void derive_id(const struct request_id *id, struct request_id *ret)
{
    static const char purpose[] = "alias";
    crypto_generichash(ret->bytes, ID_BYTES, id->bytes, ID_BYTES, (const unsigned char *)purpose,
                       sizeof(purpose) - 1);
    ret->bytes[6] = (uint8_t)(0x80 | (ret->bytes[6] & 0x0f));
    ret->bytes[8] = (uint8_t)(0x80 | (ret->bytes[8] & 0x3f));
}

static uint64_t first_bytes(const uint8_t bytes[ID_BYTES])
{
    uint64_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

void alias_request(const struct alias_claim *claim, struct request_id *ret_id,
                   uint64_t *ret_fingerprint)
{
    derive_id(&claim->id, ret_id);
    *ret_fingerprint =
        first_bytes(claim->alias) ^ first_bytes(claim->citizen) ^ (claim->version_before + 1);
}

int alias_commit(struct store *ledger, const struct alias_claim *claim, const uint8_t *event,
                 size_t event_len, commit_fn fn, void *arg)
{
    uint8_t record[ALIAS_RECORD_BYTES];
    uint32_t version = claim->version_before + 1;
    put_le(record, VERSION_BYTES, version);
    memcpy(record + VERSION_BYTES, claim->citizen, ID_BYTES);
    put_le(record + VERSION_BYTES + ID_BYTES, TIME_BYTES, (uint64_t)claim->now_ms);

    unsigned partition = partition_of(claim->alias);
    char key[KEY_MAX_BYTES];
    struct commit commit;
    commit_init(&commit);
    commit.partition = partition;
    alias_request(claim, &commit.id, &commit.fingerprint);
    commit.now_ms = claim->now_ms;
    commit.n_records = 1;
    commit.records[0] = (struct commit_record){
        .key = key,
        .key_len = key_alias(partition, partition_bucket(claim->alias), key),
        .field = partition_field(claim->alias),
        .field_len = CITIZEN_FIELD_BYTES,
        .expected_version = claim->version_before,
        .value = record,
        .value_len = sizeof(record),
    };
    commit.totals[TOTAL_ALIASES] = 1;
    commit.event = event;
    commit.event_len = event_len;
    return commit_send(ledger, &commit, fn, arg);
}
