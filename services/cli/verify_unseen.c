/* What the journal speaks of and no record told. */
#include <inttypes.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "services/cli/verify_keys.h"
#include "services/cli/verify_partition.h"
#include "services/cli/verify_transactions.h"

#define DAY_MS (86400LL * 1000)
#define ANSWER_MARGIN_MS (10LL * 60 * 1000)

/* Answers of a day are forgotten together, four days after the first of them. */
static void expect_answers(struct check *self)
{
    const struct fold *fold = self->fold;
    int64_t now_ms = clock_wall_ms();
    for (size_t i = fold->n_entries; i-- > 0;) {
        const struct fold_entry *entry = &fold->entries[i];
        int64_t until_ms = (fold_entry_day(entry) + ANSWER_DAYS_BACK) * DAY_MS - ANSWER_MARGIN_MS;
        if (entry->is_noted && entry->at_ms < now_ms - (ANSWER_DAYS + 1) * DAY_MS)
            return; /* and so are all before it */
        if (entry->is_noted && now_ms < until_ms && !(self->answered[i / 8] & 1U << (i % 8)))
            findings_add(
                &self->findings, "%s:q: the answer of entry %" PRIu32 "-%" PRIu64 " is missing",
                partition_tag(self->partition), entry->position.epoch, entry->position.seq);
    }
}

static void check_unseen_transactions(struct check *self)
{
    struct verify *verify = self->verify;
    struct fold_transaction *transaction;
    char id[BASE32_TEXT_BYTES];
    for (size_t cursor = 0; (transaction = map_next(self->fold->transactions, &cursor)) != NULL;) {
        int is_claim = transaction->kind == CLAIM_KIND;
        hash_list_add(is_claim ? &verify->claimed : &verify->settled, transaction->hash);
        if (transaction->has_record)
            continue;
        base32_format(transaction->hash, id);
        findings_add(&self->findings, "%s:%c:%u: the %s of transaction %s is missing",
                     partition_tag(self->partition), transaction->kind,
                     partition_bucket(transaction->hash), is_claim ? "claim" : "outcome", id);
    }
}

static void check_unseen_numbers(struct check *self)
{
    const struct fold_numbered *record;
    char field[2 * RECEIPT_FIELD_MAX_BYTES + 1];
    for (size_t cursor = 0; (record = map_next(self->fold->numbered, &cursor)) != NULL;) {
        if (record->has_record)
            continue;
        format_hex(record->place.field, record->place.len, field);
        findings_add(&self->findings, "%s:n:%u %s: the record is missing",
                     partition_tag(self->partition), record->place.bucket, field);
    }
}

static void check_unseen_citizen(struct check *self, const struct fold_citizen *citizen)
{
    const char *tag = partition_tag(self->partition);
    char id[BASE32_TEXT_BYTES];
    base32_format(citizen->hash, id);
    if (!citizen->has_record)
        findings_add(&self->findings, "%s:c:%u: the record of participant %s is missing", tag,
                     partition_bucket(citizen->hash), id);
    if (!citizen->has_identity)
        findings_add(&self->findings, "%s:i:%u: the identity of participant %s is missing", tag,
                     partition_bucket(citizen->hash), id);
}

void check_unseen(struct check *self)
{
    const char *tag = partition_tag(self->partition);
    struct fold_citizen *citizen;
    struct fold_alias *alias;
    struct fold_row *row;
    struct fold_redress *redress;
    char id[BASE32_TEXT_BYTES];
    expect_answers(self);
    check_unseen_transactions(self);
    check_unseen_numbers(self);
    for (size_t cursor = 0; (citizen = map_next(self->fold->citizens, &cursor)) != NULL;) {
        if (citizen->state.version == 0)
            continue;
        if (!citizen->has_record || !citizen->has_identity)
            check_unseen_citizen(self, citizen);
        if (citizen->state.has_si_code)
            hash_list_add(&self->verify->coded, citizen->hash);
    }
    for (size_t cursor = 0; (alias = map_next(self->fold->aliases, &cursor)) != NULL;) {
        hash_list_add(&self->verify->aliased, alias->citizen);
        if (alias->has_record)
            continue;
        base32_format(alias->citizen, id);
        findings_add(&self->findings, "%s:a:%u: an alias of participant %s is missing", tag,
                     partition_bucket(alias->hash), id);
    }
    for (size_t cursor = 0; (row = map_next(self->fold->rows, &cursor)) != NULL;) {
        if (!row->has_record)
            findings_add(&self->findings, "%s:r:%c %s: the row is missing", tag, row->kind,
                         row->code);
    }
    for (size_t cursor = 0; (redress = map_next(self->fold->redresses, &cursor)) != NULL;) {
        if (!redress->has_record)
            findings_add(&self->findings,
                         "%s:r: the record of payment %" PRIu32 "-%" PRIu64 " is missing", tag,
                         redress->payment.epoch, redress->payment.seq);
    }
}
