/* What is stored beside a journal, held against the fold: citizens' records, identities, aliases,
 * totals, stored answers, reference rows. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "services/cli/verify_citizen.h"
#include "services/cli/verify_keys.h"
#include "services/cli/verify_partition.h"
#include "services/cli/verify_transactions.h"

#define DAY_MS (86400LL * 1000)
#define VERSION_BYTES 4
#define CLAIMED_BYTES 8
#define ALIAS_BYTES (VERSION_BYTES + ID_BYTES + CLAIMED_BYTES)
#define WRONG_TYPE "WRONGTYPE" /* what Redis calls it */
#define ASKS_MAX (KEY_SLOTS + sizeof(REFERENCE_KINDS) + 1)

/* One command of a try. */
struct ask {
    struct check *check;
    char key[KEY_MAX_BYTES];
    unsigned bucket;
    int32_t day; /* of answers */
    char kind;   /* of a row or a transaction */
};

/* What the key begins with says which partition; hexadecimal, as fields are binary. Only for what
 * is wrong: for every record it would take longer than the rest of the comparison. */
static const char *name_of(const struct ask *ask, const char *field, size_t len)
{
    size_t key_len = strlen(ask->key);
    char *name = ask->check->name;
    memcpy(name, ask->key, key_len);
    name[key_len] = ' ';
    format_hex((const uint8_t *)field, MIN(len, (size_t)ID_BYTES), name + key_len + 1);
    return name;
}

static uint64_t read_number(const char *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)(uint8_t)bytes[i] << (8 * i);
    return value;
}

/* --- citizens --------------------------------------------------------------------------------- */

static void take_citizen(struct ask *ask, const char *field, size_t field_len, const char *value,
                         size_t len)
{
    struct citizen stored;
    struct findings *findings = &ask->check->findings;
    struct fold_citizen *citizen = field_len != CITIZEN_FIELD_BYTES
                                       ? NULL
                                       : fold_citizen(ask->check->fold, ask->bucket, field);
    if (citizen == NULL || citizen->state.version == 0) {
        findings_add(findings, "%s: a record of somebody of whom the journal does not know",
                     name_of(ask, field, field_len));
        return;
    }
    citizen->has_record = 1;
    if (citizen_unpack(value, len, &stored) < 0) {
        findings_add(findings, "%s: the record cannot be read", name_of(ask, field, field_len));
        return;
    }
    if (verify_citizen_compare(NULL, "", &stored, citizen) > 0)
        (void)verify_citizen_compare(findings, name_of(ask, field, field_len), &stored, citizen);
}

static void take_alias(struct ask *ask, const char *field, size_t field_len, const char *value,
                       size_t len)
{
    struct findings *findings = &ask->check->findings;
    struct fold_alias *alias =
        field_len != CITIZEN_FIELD_BYTES ? NULL : fold_alias(ask->check->fold, ask->bucket, field);
    if (alias == NULL) {
        findings_add(findings, "%s: an alias of which the journal does not know",
                     name_of(ask, field, field_len));
        return;
    }
    alias->has_record = 1;
    if (len != ALIAS_BYTES)
        findings_add(findings, "%s: the alias cannot be read", name_of(ask, field, field_len));
    else if (read_number(value, VERSION_BYTES) != alias->version)
        findings_add(findings, "%s: version is %" PRIu64 ", the journal says %" PRIu32,
                     name_of(ask, field, field_len), read_number(value, VERSION_BYTES),
                     alias->version);
    else if (memcmp(value + VERSION_BYTES, alias->citizen, ID_BYTES) != 0)
        findings_add(findings, "%s: leads to another citizen than the journal says",
                     name_of(ask, field, field_len));
    else if (read_number(value + VERSION_BYTES + ID_BYTES, CLAIMED_BYTES) !=
             (uint64_t)alias->claimed_ms)
        findings_add(findings, "%s: the time of the claim is another than in the journal",
                     name_of(ask, field, field_len));
}

static int is_sealed_well(const struct ask *ask, const uint8_t hash[ID_BYTES], const char *sealed,
                          size_t len)
{
    const struct keyring *keyring = ask->check->verify->svc.keyring;
    uint8_t plain[COMMIT_VALUE_MAX_BYTES];
    int rc = len > sizeof(plain)
                 ? -EMSGSIZE
                 : keyring_unseal(keyring, hash, (const uint8_t *)sealed, len, plain);
    sodium_memzero(plain, sizeof(plain));
    return rc == 0;
}

/* sealed NULL: it is not looked at. */
static void take_identity(struct ask *ask, const char *field, size_t field_len, const char *sealed,
                          size_t len)
{
    struct fold_citizen *citizen = field_len != CITIZEN_FIELD_BYTES
                                       ? NULL
                                       : fold_citizen(ask->check->fold, ask->bucket, field);
    if (citizen != NULL && citizen->state.version > 0) {
        citizen->has_identity = 1;
        if (sealed != NULL && ask->check->verify->svc.keyring != NULL &&
            !is_sealed_well(ask, citizen->hash, sealed, len))
            findings_add(&ask->check->findings, "%s: the identity cannot be unsealed",
                         name_of(ask, field, field_len));
        return;
    }
    findings_add(&ask->check->findings, "%s: an identity of somebody who is not enrolled",
                 name_of(ask, field, field_len));
}

/* Claims and outcomes. */
static void take_transaction(struct ask *ask, const char *field, size_t field_len,
                             const char *value, size_t len)
{
    struct findings *findings = &ask->check->findings;
    struct fold_transaction *transaction =
        field_len != CITIZEN_FIELD_BYTES
            ? NULL
            : transactions_find(ask->check->fold->transactions, ask->kind, ask->bucket, field);
    if (transaction == NULL) {
        findings_add(findings, "%s: a transaction of which the journal does not know",
                     name_of(ask, field, field_len));
        return;
    }
    transaction->has_record = 1;
    if (len != transaction->len || memcmp(value, transaction->value, len) != 0)
        findings_add(findings, "%s: the transaction is another than in the journal",
                     name_of(ask, field, field_len));
}

/* --- receipts and cash ------------------------------------------------------------------------ */

static void take_numbered(struct ask *ask, const char *field, size_t field_len, const char *value,
                          size_t len)
{
    struct findings *findings = &ask->check->findings;
    struct fold_numbered *record =
        numbered_find(ask->check->fold->numbered, ask->bucket, field, field_len);
    if (record == NULL) {
        findings_add(findings, "%s: a record of which the journal does not know",
                     name_of(ask, field, field_len));
        return;
    }
    record->has_record = 1;
    if (len < VERSION_BYTES || read_number(value, VERSION_BYTES) != record->version)
        findings_add(findings, "%s: has another version than the journal says",
                     name_of(ask, field, field_len));
    else if (len - VERSION_BYTES != record->len ||
             memcmp(value + VERSION_BYTES, record->packed, record->len) != 0)
        findings_add(findings, "%s: differs from what the journal says",
                     name_of(ask, field, field_len));
}

static void take_redress(struct ask *ask, const char *field, size_t field_len, const char *value,
                         size_t len)
{
    uint8_t folded[REDRESS_MAX_BYTES];
    struct findings *findings = &ask->check->findings;
    struct fold_redress *redress = field_len != REDRESS_FIELD_BYTES
                                       ? NULL
                                       : fold_redress(ask->check->fold, (const uint8_t *)field);
    if (redress == NULL || redress->payment.seq % REDRESS_BUCKETS != ask->bucket) {
        findings_add(findings, "%s: a record of a payment that nobody took back",
                     name_of(ask, field, field_len));
        return;
    }
    redress->has_record = 1;
    if (redress_pack(&redress->record, folded) != len || memcmp(value, folded, len) != 0)
        findings_add(findings, "%s: what became of the payment is another than in the journal",
                     name_of(ask, field, field_len));
}

/* --- the rest --------------------------------------------------------------------------------- */

static void take_row(struct ask *ask, const char *code, size_t code_len, const char *value,
                     size_t len)
{
    struct findings *findings = &ask->check->findings;
    struct fold_row *row = fold_row(ask->check->fold, ask->kind, code, code_len);
    if (row == NULL) {
        findings_add(findings, "%s %.40s: a row of which the journal does not know", ask->key,
                     code);
        return;
    }
    row->has_record = 1;
    if (len < VERSION_BYTES || read_number(value, VERSION_BYTES) != row->version)
        findings_add(findings, "%s %s: has another version than the journal says", ask->key,
                     row->code);
    else if (len - VERSION_BYTES != row->len ||
             memcmp(value + VERSION_BYTES, row->packed, row->len) != 0)
        findings_add(findings, "%s %s: differs from what was imported last", ask->key, row->code);
}

/* An id names the last part of the key, a dated one the day, too. */
static int is_in_place(const struct ask *ask, const char *field)
{
    struct request_id id;
    int64_t id_ms;
    memcpy(id.bytes, field, ID_BYTES);
    int32_t day = request_id_time(&id, &id_ms) ? (int32_t)(id_ms / DAY_MS) : ask->day;
    return day == ask->day && id.bytes[ID_BYTES - 1] % ANSWER_BUCKETS == ask->bucket;
}

/* A restore leaves a mark in the place of an answer that no file had. */
static int is_answer_of(const struct check *check, const struct fold_entry *entry,
                        const char *value, size_t len)
{
    if (entry->answer == 0 || answer_stored_checksum(value, len) == entry->answer)
        return 1;
    return answer_stored_is_lost(value, len) && entry->position.epoch < check->fold->at.epoch;
}

static void take_answer(struct ask *ask, const char *field, size_t field_len, const char *value,
                        size_t len)
{
    struct check *check = ask->check;
    struct journal_position position;
    if (field_len != ID_BYTES || answer_unpack(value, len, &position) < 0) {
        findings_add(&check->findings, "%s: the stored answer cannot be read",
                     name_of(ask, field, field_len));
        return;
    }
    if (!is_in_place(ask, field))
        findings_add(&check->findings, "%s: the stored answer is not where its id belongs",
                     name_of(ask, field, field_len));
    const struct fold_entry *entry = fold_find(check->fold, position);
    if (entry == NULL) {
        findings_add(&check->findings,
                     "%s: answers for entry %" PRIu32 "-%" PRIu64 ", which is not in the journal",
                     name_of(ask, field, field_len), position.epoch, position.seq);
        return;
    }
    if (entry->is_noted && (memcmp(entry->id, field, ID_BYTES) != 0 ||
                            entry->fingerprint != answer_fingerprint(value)))
        findings_add(&check->findings,
                     "%s: entry %" PRIu32 "-%" PRIu64 " was committed for another request",
                     name_of(ask, field, field_len), position.epoch, position.seq);
    if (!is_answer_of(check, entry, value, len))
        findings_add(&check->findings,
                     "%s: the stored answer is another than entry %" PRIu32 "-%" PRIu64
                     " was given",
                     name_of(ask, field, field_len), position.epoch, position.seq);
    size_t place = (size_t)(entry - check->fold->entries);
    uint8_t bit = (uint8_t)(1U << (place % 8));
    if (check->answered[place / 8] & bit)
        findings_add(&check->findings, "%s: a second answer for entry %" PRIu32 "-%" PRIu64,
                     name_of(ask, field, field_len), position.epoch, position.seq);
    check->answered[place / 8] |= bit;
}

static void take_totals(struct check *check, const struct store_reply *reply)
{
    static const char *const names[TOTALS] = {
        "enrolled",        "aliases",     "bills",     "payments",  "participants", "months",
        "participant_vnd", "central_vnd", "local_vnd", "donor_vnd", "reference",    "refunds_vnd"};
    const char *tag = partition_tag(check->partition);
    struct totals totals = {.epoch = 0};
    size_t len = 0;
    const char *bytes = store_reply_bytes(reply, &len);
    if (bytes != NULL && totals_unpack(bytes, len, &totals) < 0) {
        findings_add(&check->findings, "%s:t: the totals cannot be read", tag);
        return;
    }
    if (totals.is_frozen)
        findings_add(&check->findings, "%s:t: is frozen, nothing can be committed", tag);
    if (totals.last_seq != check->fold->at.seq ||
        (bytes != NULL && check->fold->at.seq > 0 && totals.epoch != check->fold->at.epoch))
        findings_add(&check->findings,
                     "%s:t: the last entry is %" PRIu32 "-%" PRIu64
                     ", the journal ends with %" PRIu32 "-%" PRIu64,
                     tag, totals.epoch, totals.last_seq, check->fold->at.epoch,
                     check->fold->at.seq);
    if (check->verify->digests != NULL)
        digest_add(&check->records, tag, "t", 1, totals.values, sizeof(totals.values));
    for (size_t i = 0; i < TOTALS; i++) {
        if (totals.values[i] != check->fold->totals[i])
            findings_add(&check->findings, "%s:t: %s is %" PRId64 ", the journal says %" PRId64,
                         tag, names[i], totals.values[i], check->fold->totals[i]);
    }
}

/* --- asking ----------------------------------------------------------------------------------- */

typedef void (*take_fn)(struct ask *ask, const char *field, size_t field_len, const char *value,
                        size_t len);

/* The fields and values of a hash. */
static void on_hash(struct ask *ask, int rc, const struct store_reply *reply, take_fn take)
{
    size_t error_len = 0;
    const char *error = store_reply_bytes(reply, &error_len);
    if (error != NULL && strncmp(error, WRONG_TYPE, strlen(WRONG_TYPE)) == 0) {
        findings_add(&ask->check->findings, "%s: is no hash", ask->key);
    } else if (error != NULL) {
        rc = -EPROTO;
    } else {
        for (size_t i = 0; i + 1 < store_reply_count(reply); i += 2) {
            size_t field_len, len;
            const char *field = store_reply_bytes(store_reply_at(reply, i), &field_len);
            const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
            if (field == NULL || value == NULL)
                continue;
            take(ask, field, field_len, value, len);
            if (take != take_answer && ask->check->verify->digests != NULL)
                digest_add(&ask->check->records, ask->key, field, field_len, value, len);
        }
    }
    check_read(ask->check, rc);
}

static void on_citizens(void *arg, int rc, const struct store_reply *reply)
{
    on_hash(arg, rc, reply, take_citizen);
}

static void on_aliases(void *arg, int rc, const struct store_reply *reply)
{
    on_hash(arg, rc, reply, take_alias);
}

static void on_transactions(void *arg, int rc, const struct store_reply *reply)
{
    on_hash(arg, rc, reply, take_transaction);
}

static void on_redresses(void *arg, int rc, const struct store_reply *reply)
{
    on_hash(arg, rc, reply, take_redress);
}

static void on_rows(void *arg, int rc, const struct store_reply *reply)
{
    on_hash(arg, rc, reply, take_row);
}

static void on_answers(void *arg, int rc, const struct store_reply *reply)
{
    on_hash(arg, rc, reply, take_answer);
}

static void on_sealed_identities(void *arg, int rc, const struct store_reply *reply)
{
    on_hash(arg, rc, reply, take_identity);
}

/* The fields alone. */
static void on_identities(void *arg, int rc, const struct store_reply *reply)
{
    struct ask *ask = arg;
    for (size_t i = 0; i < store_reply_count(reply); i++) {
        size_t len;
        const char *field = store_reply_bytes(store_reply_at(reply, i), &len);
        if (field != NULL)
            take_identity(ask, field, len, NULL, 0);
    }
    check_read(ask->check, rc);
}

static void on_totals(void *arg, int rc, const struct store_reply *reply)
{
    struct ask *ask = arg;
    if (rc == 0)
        take_totals(ask->check, reply);
    check_read(ask->check, rc);
}

static void on_numbered(void *arg, int rc, const struct store_reply *reply)
{
    on_hash(arg, rc, reply, take_numbered);
}

static void ask_key(struct check *self, size_t *n, const struct ask *ask, const char *command,
                    store_reply_fn fn)
{
    ASSERT(*n < ASKS_MAX);
    self->asks[*n] = *ask;
    self->asks[*n].check = self;
    self->open++;
    store_send_text(self->verify->svc.ledger, self->partition, fn, &self->asks[*n], command,
                    self->asks[*n].key, NULL);
    ++*n;
}

/* What neither was there when the names of keys were read, nor is in the journal, is not asked for:
 * of a small partition that is almost everything. */
static int is_wanted(const struct check *self, unsigned slot)
{
    return key_slots_has(&self->wanted, slot) ||
           key_slots_has(&self->verify->stored[self->partition], slot);
}

static void ask_buckets(struct check *self, size_t *n)
{
    const struct verify *verify = self->verify;
    int is_sealed = verify->svc.keyring != NULL || verify->digests != NULL;
    const struct {
        char kind;
        size_t (*key)(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES]);
        const char *command;
        store_reply_fn fn;
    } kinds[] = {
        {'c', key_citizen, "HGETALL", on_citizens},
        {'i', key_identity, is_sealed ? "HGETALL" : "HKEYS",
         is_sealed ? on_sealed_identities : on_identities},
        {'a', key_alias, "HGETALL", on_aliases},
        {CLAIM_KIND, key_claim, "HGETALL", on_transactions},
        {OUTCOME_KIND, key_outcome, "HGETALL", on_transactions},
        {'n', key_numbered, "HGETALL", on_numbered},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
            struct ask ask = {.bucket = bucket, .kind = kinds[i].kind};
            if (!is_wanted(self, key_slot(kinds[i].kind, bucket)))
                continue;
            (void)kinds[i].key(self->partition, bucket, ask.key);
            ask_key(self, n, &ask, kinds[i].command, kinds[i].fn);
        }
    }
}

static void ask_redresses(struct check *self, size_t *n)
{
    for (unsigned bucket = 0; bucket < REDRESS_BUCKETS; bucket++) {
        struct ask ask = {.bucket = bucket};
        if (!is_wanted(self, key_slot('r', bucket)))
            continue;
        (void)key_redress(self->partition, bucket, ask.key);
        ask_key(self, n, &ask, "HGETALL", on_redresses);
    }
}

static void ask_answers(struct check *self, size_t *n)
{
    for (int32_t nth = 0; nth < ANSWER_DAYS; nth++) {
        for (unsigned bucket = 0; bucket < ANSWER_BUCKETS; bucket++) {
            struct ask ask = {.bucket = bucket, .day = self->verify->answers_day + nth};
            struct request_id id = {{0}};
            id.bytes[ID_BYTES - 1] = (uint8_t)bucket; /* which decides on the key */
            if (!is_wanted(self, key_slot_answers((unsigned)nth, bucket)))
                continue;
            (void)key_answers(self->partition, ask.day, &id, ask.key);
            ask_key(self, n, &ask, "HGETALL", on_answers);
        }
    }
}

/* Answers that should still be there, the newest entries'. */
static void want_answers(struct check *self)
{
    const struct fold *fold = self->fold;
    int32_t first = self->verify->answers_day;
    for (size_t i = fold->n_entries; i-- > 0;) {
        const struct fold_entry *entry = &fold->entries[i];
        if (!entry->is_noted)
            continue;
        if (entry->at_ms < (first - 1) * DAY_MS)
            return; /* and so are all before it */
        int32_t day = fold_entry_day(entry);
        if (day >= first && day < first + ANSWER_DAYS)
            key_slots_add(&self->wanted,
                          key_slot_answers((unsigned)(day - first),
                                           entry->id[ID_BYTES - 1] % ANSWER_BUCKETS));
    }
}

/* Of all that the journal speaks of nothing was seen, and where it must be. */
static void begin_seeing(struct check *self)
{
    const struct fold *fold = self->fold;
    struct key_slots *wanted = &self->wanted;
    struct fold_citizen *citizen;
    struct fold_alias *alias;
    struct fold_row *row;
    struct fold_transaction *transaction;
    struct fold_numbered *numbered;
    struct fold_redress *redress;
    memset(wanted, 0, sizeof(*wanted));
    for (size_t cursor = 0; (citizen = map_next(fold->citizens, &cursor)) != NULL;) {
        citizen->has_record = citizen->has_identity = 0;
        key_slots_add(wanted, key_slot('c', partition_bucket(citizen->hash)));
        key_slots_add(wanted, key_slot('i', partition_bucket(citizen->hash)));
    }
    for (size_t cursor = 0; (transaction = map_next(fold->transactions, &cursor)) != NULL;) {
        transaction->has_record = 0;
        key_slots_add(wanted, key_slot(transaction->kind, partition_bucket(transaction->hash)));
    }
    for (size_t cursor = 0; (alias = map_next(fold->aliases, &cursor)) != NULL;) {
        alias->has_record = 0;
        key_slots_add(wanted, key_slot('a', partition_bucket(alias->hash)));
    }
    for (size_t cursor = 0; (row = map_next(fold->rows, &cursor)) != NULL;)
        row->has_record = 0;
    for (size_t cursor = 0; (numbered = map_next(fold->numbered, &cursor)) != NULL;) {
        numbered->has_record = 0;
        key_slots_add(wanted, key_slot('n', numbered->place.bucket));
    }
    for (size_t cursor = 0; (redress = map_next(fold->redresses, &cursor)) != NULL;) {
        redress->has_record = 0;
        key_slots_add(wanted, key_slot('r', redress->payment.seq % REDRESS_BUCKETS));
    }
    want_answers(self);
}

void check_records(struct check *self)
{
    size_t n = 0;
    struct ask totals = {.bucket = 0};
    self->rc = self->is_changed = 0;
    memset(&self->records, 0, sizeof(self->records));
    begin_seeing(self);
    free(self->answered);
    free(self->asks);
    self->answered = calloc(1, self->fold->n_entries / 8 + 1);
    self->asks = malloc(ASKS_MAX * sizeof(*self->asks)); /* most are not used */
    ASSERT(self->answered != NULL && self->asks != NULL);
    (void)key_totals(self->partition, totals.key);
    ask_key(self, &n, &totals, "GET", on_totals);
    if (self->partition == PARTITION_DIRECTORY) {
        for (const char *kind = REFERENCE_KINDS; *kind != '\0'; kind++) {
            struct ask ask = {.kind = *kind};
            (void)key_reference(*kind, ask.key);
            ask_key(self, &n, &ask, "HGETALL", on_rows);
        }
    } else {
        ask_buckets(self, &n);
        ask_redresses(self, &n);
    }
    ask_answers(self, &n);
    check_tail(self);
}
