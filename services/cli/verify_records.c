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
#include "services/cli/verify_keys.h"
#include "services/cli/verify_partition.h"
#include "services/cli/verify_transactions.h"

#define BUCKETS 128
#define DAY_MS (86400LL * 1000)
#define ANSWER_DAYS (ANSWER_DAYS_BACK + 2)
#define ANSWER_BUCKETS 16
#define VERSION_BYTES 4
#define CLAIMED_BYTES 8
#define ALIAS_BYTES (VERSION_BYTES + ID_BYTES + CLAIMED_BYTES)
#define WRONG_TYPE "WRONGTYPE" /* what Redis calls it */
#define REDRESS_BUCKETS 16
#define ASKS_MAX                                                                                   \
    (REDRESS_BUCKETS + 6 * BUCKETS + ANSWER_DAYS * ANSWER_BUCKETS + sizeof(REFERENCE_KINDS) + 1)

/* One command of a try. */
struct ask {
    struct check *check;
    char key[KEY_MAX_BYTES];
    unsigned bucket;
    int32_t day; /* of answers */
    char kind;   /* of a row or a transaction */
};

/* What the key begins with says which partition; hexadecimal, as fields are binary. By hand: it is
 * done for every record, and snprintf takes longer than the rest of the comparison. */
static void name_field(const struct ask *ask, const char *field, size_t len, char ret[160])
{
    size_t key_len = strlen(ask->key);
    memcpy(ret, ask->key, key_len);
    ret[key_len] = ' ';
    format_hex((const uint8_t *)field, MIN(len, (size_t)ID_BYTES), ret + key_len + 1);
}

static uint64_t read_number(const char *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)(uint8_t)bytes[i] << (8 * i);
    return value;
}

/* --- citizens --------------------------------------------------------------------------------- */

struct field_pair {
    const char *name;
    int64_t stored, folded;
};

static void compare_fields(struct ask *ask, const char *name, const struct field_pair *pairs,
                           size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (pairs[i].stored != pairs[i].folded)
            findings_add(&ask->check->findings, "%s: %s is %" PRId64 ", the journal says %" PRId64,
                         name, pairs[i].name, pairs[i].stored, pairs[i].folded);
    }
}

static void compare_bills(struct ask *ask, const char *name, const struct citizen_bill *a,
                          const struct citizen_bill *b)
{
    const struct field_pair pairs[] = {
        {"bill.from_month", a->from_month, b->from_month},
        {"bill.months", a->months, b->months},
        {"bill.months_supported", a->months_supported, b->months_supported},
        {"bill.participant_vnd", a->participant_vnd, b->participant_vnd},
        {"bill.central_vnd", a->central_vnd, b->central_vnd},
        {"bill.local_vnd", a->local_vnd, b->local_vnd},
        {"bill.donor_vnd", a->donor_vnd, b->donor_vnd},
        {"bill.valid_until_day", a->valid_until_day, b->valid_until_day},
    };
    compare_fields(ask, name, pairs, ARRAY_LEN(pairs));
}

/* A record from before payments were kept has none until the next one. */
static void compare_payments(struct ask *ask, const char *name, const struct citizen *a,
                             const struct citizen *b)
{
    const struct field_pair pairs[] = {
        {"payment.from_month", a->payment.from_month, b->payment.from_month},
        {"payment.months", a->payment.months, b->payment.months},
        {"payment.months_supported", a->payment.months_supported, b->payment.months_supported},
        {"payment.participant_vnd", a->payment.participant_vnd, b->payment.participant_vnd},
        {"payment.central_vnd", a->payment.central_vnd, b->payment.central_vnd},
        {"payment.local_vnd", a->payment.local_vnd, b->payment.local_vnd},
        {"payment.donor_vnd", a->payment.donor_vnd, b->payment.donor_vnd},
        {"payment.paid_day", a->payment.paid_day, b->payment.paid_day},
        {"paid_number", a->paid_number, b->paid_number},
    };
    const struct field_pair *number = &pairs[ARRAY_LEN(pairs) - 1];
    if (a->payment.months != 0)
        compare_fields(ask, name, pairs, ARRAY_LEN(pairs));
    else if (a->paid_number != 0)
        compare_fields(ask, name, number, 1);
}

static void compare_citizen(struct ask *ask, const char *name, const struct citizen *a,
                            const struct citizen *b)
{
    const struct field_pair pairs[] = {
        {"version", a->version, b->version},
        {"commune", a->commune, b->commune},
        {"support_group", a->support_group, b->support_group},
        {"method", a->method, b->method},
        {"language", a->language, b->language},
        {"has_si_code", a->has_si_code, b->has_si_code},
        {"has_paid", a->has_paid, b->has_paid},
        {"income_vnd", a->income_vnd, b->income_vnd},
        {"enrolled_day", a->enrolled_day, b->enrolled_day},
        {"declared_day", a->declared_day, b->declared_day},
        {"changed_day", a->changed_day, b->changed_day},
        {"lump_months", a->lump_months, b->lump_months},
        {"months_missing", a->months_missing, b->months_missing},
        {"months_settled", a->months_settled, b->months_settled},
        {"months_supported", a->months_supported, b->months_supported},
        {"months_supported_earlier", a->months_supported_earlier, b->months_supported_earlier},
        {"end_reason", a->end_reason, b->end_reason},
        {"end_day", a->end_day, b->end_day},
        {"bill_number", a->bill_number, b->bill_number},
    };
    compare_fields(ask, name, pairs, ARRAY_LEN(pairs));
    compare_bills(ask, name, &a->bill, &b->bill);
    compare_payments(ask, name, a, b);
}

static void compare_months(struct ask *ask, const char *name, const struct coverage *stored,
                           const struct months *folded)
{
    if (months_agree(folded, stored))
        return;
    uint32_t until = folded->n == 0 ? 0 : folded->spans[folded->n - 1].to;
    findings_add(&ask->check->findings,
                 "%s: covers %u months until %u-%02u, the journal says %u until %u-%02u", name,
                 coverage_months(stored), coverage_until(stored) / 12,
                 coverage_until(stored) % 12 + 1, months_from(folded, 0), until / 12,
                 until % 12 + 1);
}

static void take_citizen(struct ask *ask, const char *field, size_t field_len, const char *value,
                         size_t len)
{
    char name[160];
    struct citizen stored;
    struct findings *findings = &ask->check->findings;
    name_field(ask, field, field_len, name);
    struct fold_citizen *citizen = field_len != CITIZEN_FIELD_BYTES
                                       ? NULL
                                       : fold_citizen(ask->check->fold, ask->bucket, field);
    if (citizen == NULL || citizen->state.version == 0) {
        findings_add(findings, "%s: a record of somebody of whom the journal does not know", name);
        return;
    }
    citizen->has_record = 1;
    if (citizen_unpack(value, len, &stored) < 0) {
        findings_add(findings, "%s: the record cannot be read", name);
        return;
    }
    compare_citizen(ask, name, &stored, &citizen->state);
    compare_months(ask, name, &stored.coverage, &citizen->months);
}

static void take_alias(struct ask *ask, const char *field, size_t field_len, const char *value,
                       size_t len)
{
    char name[160];
    struct findings *findings = &ask->check->findings;
    name_field(ask, field, field_len, name);
    struct fold_alias *alias =
        field_len != CITIZEN_FIELD_BYTES ? NULL : fold_alias(ask->check->fold, ask->bucket, field);
    if (alias == NULL) {
        findings_add(findings, "%s: an alias of which the journal does not know", name);
        return;
    }
    alias->has_record = 1;
    if (len != ALIAS_BYTES)
        findings_add(findings, "%s: the alias cannot be read", name);
    else if (read_number(value, VERSION_BYTES) != alias->version)
        findings_add(findings, "%s: version is %" PRIu64 ", the journal says %" PRIu32, name,
                     read_number(value, VERSION_BYTES), alias->version);
    else if (memcmp(value + VERSION_BYTES, alias->citizen, ID_BYTES) != 0)
        findings_add(findings, "%s: leads to another citizen than the journal says", name);
    else if (read_number(value + VERSION_BYTES + ID_BYTES, CLAIMED_BYTES) !=
             (uint64_t)alias->claimed_ms)
        findings_add(findings, "%s: the time of the claim is another than in the journal", name);
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
    char name[160];
    name_field(ask, field, field_len, name);
    struct fold_citizen *citizen = field_len != CITIZEN_FIELD_BYTES
                                       ? NULL
                                       : fold_citizen(ask->check->fold, ask->bucket, field);
    if (citizen != NULL && citizen->state.version > 0) {
        citizen->has_identity = 1;
        if (sealed != NULL && ask->check->verify->svc.keyring != NULL &&
            !is_sealed_well(ask, citizen->hash, sealed, len))
            findings_add(&ask->check->findings, "%s: the identity cannot be unsealed", name);
        return;
    }
    findings_add(&ask->check->findings, "%s: an identity of somebody who is not enrolled", name);
}

/* Claims and outcomes. */
static void take_transaction(struct ask *ask, const char *field, size_t field_len,
                             const char *value, size_t len)
{
    char name[160];
    struct findings *findings = &ask->check->findings;
    name_field(ask, field, field_len, name);
    struct fold_transaction *transaction =
        field_len != CITIZEN_FIELD_BYTES
            ? NULL
            : transactions_find(ask->check->fold->transactions, ask->kind, ask->bucket, field);
    if (transaction == NULL) {
        findings_add(findings, "%s: a transaction of which the journal does not know", name);
        return;
    }
    transaction->has_record = 1;
    if (len != transaction->len || memcmp(value, transaction->value, len) != 0)
        findings_add(findings, "%s: the transaction is another than in the journal", name);
}

/* --- receipts and cash ------------------------------------------------------------------------ */

static void take_numbered(struct ask *ask, const char *field, size_t field_len, const char *value,
                          size_t len)
{
    char name[160];
    struct findings *findings = &ask->check->findings;
    struct fold_numbered *record =
        numbered_find(ask->check->fold->numbered, ask->bucket, field, field_len);
    name_field(ask, field, field_len, name);
    if (record == NULL) {
        findings_add(findings, "%s: a record of which the journal does not know", name);
        return;
    }
    record->has_record = 1;
    if (len < VERSION_BYTES || read_number(value, VERSION_BYTES) != record->version)
        findings_add(findings, "%s: has another version than the journal says", name);
    else if (len - VERSION_BYTES != record->len ||
             memcmp(value + VERSION_BYTES, record->packed, record->len) != 0)
        findings_add(findings, "%s: differs from what the journal says", name);
}

static void take_redress(struct ask *ask, const char *field, size_t field_len, const char *value,
                         size_t len)
{
    char name[160];
    uint8_t folded[REDRESS_MAX_BYTES];
    struct findings *findings = &ask->check->findings;
    name_field(ask, field, field_len, name);
    struct fold_redress *redress = field_len != REDRESS_FIELD_BYTES
                                       ? NULL
                                       : fold_redress(ask->check->fold, (const uint8_t *)field);
    if (redress == NULL || redress->payment.seq % REDRESS_BUCKETS != ask->bucket) {
        findings_add(findings, "%s: a record of a payment that nobody took back", name);
        return;
    }
    redress->has_record = 1;
    if (redress_pack(&redress->record, folded) != len || memcmp(value, folded, len) != 0)
        findings_add(findings, "%s: what became of the payment is another than in the journal",
                     name);
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
    char name[160];
    struct check *check = ask->check;
    name_field(ask, field, field_len, name);
    struct journal_position position;
    if (field_len != ID_BYTES || answer_unpack(value, len, &position) < 0) {
        findings_add(&check->findings, "%s: the stored answer cannot be read", name);
        return;
    }
    if (!is_in_place(ask, field))
        findings_add(&check->findings, "%s: the stored answer is not where its id belongs", name);
    const struct fold_entry *entry = fold_find(check->fold, position);
    if (entry == NULL) {
        findings_add(&check->findings,
                     "%s: answers for entry %" PRIu32 "-%" PRIu64 ", which is not in the journal",
                     name, position.epoch, position.seq);
        return;
    }
    if (entry->is_noted && (memcmp(entry->id, field, ID_BYTES) != 0 ||
                            entry->fingerprint != answer_fingerprint(value)))
        findings_add(&check->findings,
                     "%s: entry %" PRIu32 "-%" PRIu64 " was committed for another request", name,
                     position.epoch, position.seq);
    if (!is_answer_of(check, entry, value, len))
        findings_add(&check->findings,
                     "%s: the stored answer is another than entry %" PRIu32 "-%" PRIu64
                     " was given",
                     name, position.epoch, position.seq);
    size_t place = (size_t)(entry - check->fold->entries);
    uint8_t bit = (uint8_t)(1U << (place % 8));
    if (check->answered[place / 8] & bit)
        findings_add(&check->findings, "%s: a second answer for entry %" PRIu32 "-%" PRIu64, name,
                     position.epoch, position.seq);
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

static void ask_buckets(struct check *self, size_t *n)
{
    for (unsigned bucket = 0; bucket < BUCKETS; bucket++) {
        struct ask ask = {.bucket = bucket};
        (void)key_citizen(self->partition, bucket, ask.key);
        ask_key(self, n, &ask, "HGETALL", on_citizens);
        (void)key_identity(self->partition, bucket, ask.key);
        if (self->verify->svc.keyring != NULL || self->verify->digests != NULL)
            ask_key(self, n, &ask, "HGETALL", on_sealed_identities);
        else
            ask_key(self, n, &ask, "HKEYS", on_identities);
        (void)key_alias(self->partition, bucket, ask.key);
        ask_key(self, n, &ask, "HGETALL", on_aliases);
        ask.kind = CLAIM_KIND;
        (void)key_claim(self->partition, bucket, ask.key);
        ask_key(self, n, &ask, "HGETALL", on_transactions);
        ask.kind = OUTCOME_KIND;
        (void)key_outcome(self->partition, bucket, ask.key);
        ask_key(self, n, &ask, "HGETALL", on_transactions);
        (void)key_numbered(self->partition, bucket, ask.key);
        ask_key(self, n, &ask, "HGETALL", on_numbered);
    }
}

static void ask_redresses(struct check *self, size_t *n)
{
    for (unsigned bucket = 0; bucket < REDRESS_BUCKETS; bucket++) {
        struct ask ask = {.bucket = bucket};
        (void)key_redress(self->partition, bucket, ask.key);
        ask_key(self, n, &ask, "HGETALL", on_redresses);
    }
}

static void ask_answers(struct check *self, size_t *n)
{
    int32_t today = (int32_t)(clock_wall_ms() / DAY_MS);
    for (int32_t day = today - ANSWER_DAYS_BACK; day <= today + 1; day++) {
        for (unsigned bucket = 0; bucket < ANSWER_BUCKETS; bucket++) {
            struct ask ask = {.bucket = bucket, .day = day};
            struct request_id id = {{0}};
            id.bytes[ID_BYTES - 1] = (uint8_t)bucket; /* which decides on the key */
            (void)key_answers(self->partition, day, &id, ask.key);
            ask_key(self, n, &ask, "HGETALL", on_answers);
        }
    }
}

static void forget_seen(struct fold *fold)
{
    struct fold_citizen *citizen;
    struct fold_alias *alias;
    struct fold_row *row;
    struct fold_transaction *transaction;
    struct fold_numbered *numbered;
    struct fold_redress *redress;
    for (size_t cursor = 0; (citizen = map_next(fold->citizens, &cursor)) != NULL;)
        citizen->has_record = citizen->has_identity = 0;
    for (size_t cursor = 0; (transaction = map_next(fold->transactions, &cursor)) != NULL;)
        transaction->has_record = 0;
    for (size_t cursor = 0; (alias = map_next(fold->aliases, &cursor)) != NULL;)
        alias->has_record = 0;
    for (size_t cursor = 0; (row = map_next(fold->rows, &cursor)) != NULL;)
        row->has_record = 0;
    for (size_t cursor = 0; (numbered = map_next(fold->numbered, &cursor)) != NULL;)
        numbered->has_record = 0;
    for (size_t cursor = 0; (redress = map_next(fold->redresses, &cursor)) != NULL;)
        redress->has_record = 0;
}

void check_records(struct check *self)
{
    size_t n = 0;
    struct ask totals = {.bucket = 0};
    self->rc = self->is_changed = 0;
    memset(&self->records, 0, sizeof(self->records));
    forget_seen(self->fold);
    free(self->answered);
    free(self->asks);
    self->answered = calloc(1, self->fold->n_entries / 8 + 1);
    self->asks = calloc(ASKS_MAX, sizeof(*self->asks));
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
