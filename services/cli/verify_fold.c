#include "services/cli/verify_fold.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory_rows.h"
#include "services/cli/verify_health.h"
#include "services/cli/verify_payments.h"
#include "services/cli/verify_postings.h"
#include "services/cli/verify_transactions.h"

#define YEAR_FIRST 1900
#define YEAR_LAST 2199
#define ARENA_MAX_BYTES ((size_t)4 * 1024 * 1024 * 1024)
#define DAY_MS (86400LL * 1000)
#define PLACE_BYTES (1 + CITIZEN_FIELD_BYTES)
#define CODE_MAX_BYTES (MAP_KEY_MAX_BYTES - 1)

struct fold *fold_create(struct verify *verify, unsigned partition)
{
    struct fold *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->verify = verify;
    self->partition = partition;
    self->arena = arena_create(ARENA_MAX_BYTES);
    self->citizens = map_create();
    self->aliases = map_create();
    self->rows = map_create();
    self->transactions = map_create();
    self->numbered = map_create();
    self->redresses = map_create();
    self->doubles = doubles_create();
    return self;
}

void fold_destroy(struct fold **self)
{
    if (*self == NULL)
        return;
    map_destroy(&(*self)->citizens);
    map_destroy(&(*self)->aliases);
    map_destroy(&(*self)->rows);
    map_destroy(&(*self)->transactions);
    map_destroy(&(*self)->numbered);
    map_destroy(&(*self)->redresses);
    doubles_destroy(&(*self)->doubles);
    arena_destroy(&(*self)->arena);
    free((*self)->events);
    free((*self)->entries);
    free(*self);
    *self = NULL;
}

void fold_wrong(struct fold *self, struct journal_position position, const char *what)
{
    verify_difference(self->verify, "%s:log %" PRIu32 "-%" PRIu64 ": %s",
                      partition_tag(self->partition), position.epoch, position.seq, what);
}

void *fold_keep(struct fold *self, size_t size)
{
    void *memory = arena_zalloc(self->arena, size);
    ASSERT(memory != NULL);
    return memory;
}

/* --- where things are ------------------------------------------------------------------------- */

static void place_of(unsigned bucket, const char *field, uint8_t ret[PLACE_BYTES])
{
    ret[0] = (uint8_t)bucket;
    memcpy(ret + 1, field, CITIZEN_FIELD_BYTES);
}

struct fold_citizen *fold_citizen(const struct fold *self, unsigned bucket, const char *field)
{
    uint8_t place[PLACE_BYTES];
    place_of(bucket, field, place);
    return map_get(self->citizens, place, sizeof(place));
}

struct fold_alias *fold_alias(const struct fold *self, unsigned bucket, const char *field)
{
    uint8_t place[PLACE_BYTES];
    place_of(bucket, field, place);
    return map_get(self->aliases, place, sizeof(place));
}

static struct fold_citizen *citizen_get(struct fold *self, const uint8_t hash[ID_BYTES])
{
    uint8_t place[PLACE_BYTES];
    place_of(partition_bucket(hash), partition_field(hash), place);
    struct fold_citizen *citizen = map_get(self->citizens, place, sizeof(place));
    if (citizen == NULL) {
        citizen = fold_keep(self, sizeof(*citizen));
        memcpy(citizen->hash, hash, ID_BYTES);
        (void)map_put(self->citizens, place, sizeof(place), citizen);
    }
    return citizen;
}

struct fold_redress *fold_redress(const struct fold *self, const uint8_t field[REDRESS_FIELD_BYTES])
{
    return map_get(self->redresses, field, REDRESS_FIELD_BYTES);
}

static int compare_entries(const void *key, const void *entry)
{
    const struct journal_position *position = key;
    return position_compare(*position, ((const struct fold_entry *)entry)->position);
}

/* Without a restore an entry's number is its place. */
const struct fold_entry *fold_find(const struct fold *self, struct journal_position position)
{
    if (position.seq - 1 < self->n_entries &&
        position_compare(self->entries[position.seq - 1].position, position) == 0)
        return &self->entries[position.seq - 1];
    return self->n_entries == 0 ? NULL
                                : bsearch(&position, self->entries, self->n_entries,
                                          sizeof(*self->entries), compare_entries);
}

/* --- citizens --------------------------------------------------------------------------------- */

void fold_remember(struct fold *self, struct fold_citizen *citizen,
                   struct journal_position position, enum fold_message kind)
{
    if (self->n_events == self->events_capacity) {
        self->events_capacity = MAX((size_t)1024, 2 * self->events_capacity);
        self->events = realloc(self->events, self->events_capacity * sizeof(*self->events));
        ASSERT(self->events != NULL);
    }
    self->events[self->n_events++] = (struct fold_event){position, kind, citizen->last_message};
    citizen->last_message = (uint32_t)self->n_events;
    citizen->n_messages++;
}

static void enrolled(struct fold *self, struct journal_position position,
                     struct fold_citizen *citizen, const Ansinh__V1__ParticipantEnrolled *in)
{
    const struct citizen *before = &citizen->state;
    if (before->version > 0 && before->end_reason == END_NONE)
        fold_wrong(self, position, "enrols somebody a second time");
    if (before->end_reason == END_IS_PENSION || before->end_reason == END_IS_DECEASED)
        fold_wrong(self, position, "enrols somebody whose participation has ended for good");
    citizen->state = (struct citizen){
        .version = before->version,
        .commune = in->commune,
        .support_group = (uint8_t)in->support_group,
        .method = (uint8_t)in->method,
        .language = (uint8_t)in->language,
        .has_si_code = in->has_si_code != 0,
        .income_vnd = in->income_vnd,
        .enrolled_day = in->enrolled_day,
        .declared_day = in->enrolled_day,
        .changed_day = in->enrolled_day,
        .lump_months = in->months,
        .has_paid = before->has_paid,
        .coverage = before->coverage,
        .months_missing = before->months_missing,
        .months_settled = before->months_settled,
        .months_supported = before->months_supported,
        .months_supported_earlier = before->months_supported_earlier,
        .bill_number = before->bill_number,
    };
    self->totals[TOTAL_ENROLLED]++;
    fold_remember(self, citizen, position, FOLD_WELCOME);
}

static void billed(struct fold *self, struct journal_position position,
                   struct fold_citizen *citizen, const Ansinh__V1__BillIssued *in)
{
    if (in->bill_number != citizen->state.bill_number + 1)
        fold_wrong(self, position, "issues a bill whose number is not the next one");
    fold_health_check(self, position, &citizen->state, in->product, in->card, in->from_month,
                      in->months);
    citizen->state.bill_number = in->bill_number;
    citizen->state.bill = (struct citizen_bill){
        .from_month = in->from_month,
        .months = in->months,
        .months_supported = in->months_supported,
        .valid_until_day = in->valid_until_day,
        .member_rank = in->card == NULL ? 0 : in->card->member_rank,
    };
    fold_pockets(in->pockets, &citizen->state.bill);
    self->totals[TOTAL_BILLS]++;
}

/* A bill that is dropped takes one number more with it. */
static void drop_bill(struct citizen *state)
{
    state->bill_number += state->bill.months > 0;
    state->bill = (struct citizen_bill){0};
}

/* None that was made can be taken back any more. */
static void forget_payments(struct fold_citizen *citizen)
{
    citizen->state.payment = (struct citizen_bill){0};
    citizen->state.paid_number = 0;
    citizen->payments = NULL;
}

static void changed(struct fold *self, struct journal_position position,
                    struct fold_citizen *citizen, const Ansinh__V1__ContributionChanged *in)
{
    struct citizen *state = &citizen->state;
    int is_same = in->income_vnd == state->income_vnd && (uint8_t)in->method == state->method &&
                  in->months == state->lump_months;
    if (!in->is_declared && !is_same)
        fold_wrong(self, position, "changes what was not declared");
    if (in->changed_day < date_make(YEAR_FIRST, 1, 1) ||
        in->changed_day > date_make(YEAR_LAST, 12, 31)) {
        fold_wrong(self, position, "changes something on no day of the calendar");
        return;
    }
    if (in->is_declared) {
        if (months_from(&citizen->months, (uint32_t)month_of_day(in->changed_day)) > 0)
            fold_wrong(self, position, "changes terms whose months are not over");
        forget_payments(citizen);
        state->declared_day = in->changed_day;
    }
    state->income_vnd = in->income_vnd;
    state->method = (uint8_t)in->method;
    state->lump_months = in->months;
    state->support_group = (uint8_t)in->support_group;
    state->commune = in->commune;
    state->changed_day = in->changed_day;
    drop_bill(state);
}

static void ended(struct fold *self, struct journal_position position, struct fold_citizen *citizen,
                  const Ansinh__V1__ParticipationEnded *in)
{
    struct citizen *state = &citizen->state;
    if (in->months > 0) {
        if (months_from(&citizen->months, in->from_month) != in->months)
            fold_wrong(self, position, "gives back other months than are paid");
        months_cut(&citizen->months, in->from_month);
        (void)coverage_cut(&state->coverage, in->from_month);
    }
    state->months_supported -= MIN(in->months_supported, state->months_supported);
    state->months_supported_earlier = MIN(state->months_supported_earlier, state->months_supported);
    state->end_reason = (uint8_t)in->reason;
    state->end_day = state->changed_day = in->ended_day;
    state->lump_months = 0;
    if (in->reason == ANSINH__V1__END_REASON__END_REASON_ONE_OFF)
        state->months_settled = months_from(&citizen->months, 0) + state->months_missing;
    forget_payments(citizen);
    drop_bill(state);
    self->totals[TOTAL_REFUNDS_VND] += in->refund == NULL ? 0 : in->refund->participant_vnd;
}

static void accepted(struct fold *self, struct journal_position position,
                     struct fold_citizen *citizen, const Ansinh__V1__ParticipationAccepted *in)
{
    struct citizen *state = &citizen->state;
    if (state->accepted_day != 0)
        fold_wrong(self, position, "accepts what is accepted");
    if (in->accepted_day < state->enrolled_day)
        fold_wrong(self, position, "accepts what was not declared yet");
    state->accepted_day = in->accepted_day;
}

static void returned(struct fold *self, struct journal_position position,
                     struct fold_citizen *citizen, const Ansinh__V1__ParticipationReturned *in)
{
    if (in->accepted_day != citizen->state.accepted_day)
        fold_wrong(self, position, "undoes another acceptance than the one that holds");
    citizen->state.accepted_day = 0;
}

/* Nothing but an enrolment follows an end. */
static void apply_kind(struct fold *self, struct journal_position position,
                       struct fold_citizen *citizen, const Ansinh__V1__Event *event)
{
    if (citizen->state.version == 0)
        fold_wrong(self, position, "speaks of somebody who is not enrolled");
    else if (citizen->state.end_reason != END_NONE &&
             event->kind_case != ANSINH__V1__EVENT__KIND_REFUND_CASE) /* it may be rejected */
        fold_wrong(self, position, "speaks of somebody whose participation has ended");
    if (event->kind_case == ANSINH__V1__EVENT__KIND_BILL_ISSUED)
        billed(self, position, citizen, event->bill_issued);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        fold_paid(self, position, citizen, event);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        fold_reversed(self, position, citizen, event);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE)
        fold_refunded(self, position, citizen, event);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED)
        changed(self, position, citizen, event->contribution_changed);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED)
        accepted(self, position, citizen, event->participation_accepted);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED)
        returned(self, position, citizen, event->participation_returned);
    else
        ended(self, position, citizen, event->participation_ended);
}

static void apply_citizen(struct fold *self, struct journal_position position,
                          const Ansinh__V1__Event *event)
{
    if (event->citizen.len != ID_BYTES || partition_of(event->citizen.data) != self->partition) {
        fold_wrong(self, position, "speaks of a citizen of another partition");
        return;
    }
    struct fold_citizen *citizen = citizen_get(self, event->citizen.data);
    self->citizen = citizen;
    if (memcmp(citizen->hash, event->citizen.data, ID_BYTES) != 0)
        fold_wrong(self, position, "two citizens share one record");
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED)
        enrolled(self, position, citizen, event->participant_enrolled);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_HEALTH_DECLARED)
        fold_health_declared(self, position, citizen, event);
    else
        apply_kind(self, position, citizen, event);
    citizen->state.version++;
}

static void apply_alias(struct fold *self, struct journal_position position,
                        const Ansinh__V1__Event *event)
{
    const ProtobufCBinaryData *hash = &event->alias_claimed->alias;
    uint8_t place[PLACE_BYTES];
    if (hash->len != ID_BYTES || event->citizen.len != ID_BYTES ||
        partition_of(hash->data) != self->partition) {
        fold_wrong(self, position, "speaks of an alias of another partition");
        return;
    }
    place_of(partition_bucket(hash->data), partition_field(hash->data), place);
    struct fold_alias *alias = map_get(self->aliases, place, sizeof(place));
    if (alias == NULL) {
        alias = fold_keep(self, sizeof(*alias));
        (void)map_put(self->aliases, place, sizeof(place), alias);
    }
    memcpy(alias->hash, hash->data, ID_BYTES);
    memcpy(alias->citizen, event->citizen.data, ID_BYTES);
    alias->claimed_ms = event->at_ms;
    alias->version++;
    self->totals[TOTAL_ALIASES]++;
}

/* --- reference data --------------------------------------------------------------------------- */

struct fold_row *fold_row(const struct fold *self, char kind, const char *code, size_t len)
{
    char key[1 + CODE_MAX_BYTES];
    if (len > CODE_MAX_BYTES)
        return NULL;
    key[0] = kind;
    memcpy(key + 1, code, len);
    return map_get(self->rows, key, len + 1);
}

static void apply_row(struct fold *self, char kind, const char *code,
                      const ProtobufCMessage *message)
{
    char key[1 + CODE_MAX_BYTES + 1];
    (void)snprintf(key, sizeof(key), "%c%s", kind, code);
    struct fold_row *row = map_get(self->rows, key, strlen(key));
    if (row == NULL) {
        row = fold_keep(self, sizeof(*row));
        row->kind = kind;
        (void)snprintf(row->code, sizeof(row->code), "%s", key + 1);
        (void)map_put(self->rows, key, strlen(key), row);
    }
    row->version++;
    row->len = protobuf_c_message_get_packed_size(message);
    uint8_t *packed = fold_keep(self, row->len);
    (void)protobuf_c_message_pack(message, packed);
    row->packed = packed;
    self->totals[TOTAL_REFERENCE]++;
}

static void apply_targets(struct fold *self, const Ansinh__V1__PlanImported *in)
{
    for (size_t i = 0; i < in->n_targets; i++) {
        char code[CODE_MAX_BYTES];
        (void)snprintf(code, sizeof(code), "%" PRIu32 ":%.20s", in->targets[i]->year,
                       in->targets[i]->unit_code);
        apply_row(self, 't', code, &in->targets[i]->base);
    }
}

static void apply_organisations(struct fold *self, const Ansinh__V1__OrganisationsImported *in)
{
    for (size_t i = 0; i < in->n_organisations; i++)
        apply_row(self, 'o', in->organisations[i]->code, &in->organisations[i]->base);
    for (size_t i = 0; i < in->n_points; i++)
        apply_row(self, 'p', in->points[i]->code, &in->points[i]->base);
    for (size_t i = 0; i < in->n_collectors; i++)
        apply_row(self, 'k', in->collectors[i]->code, &in->collectors[i]->base);
}

static void apply_units(struct fold *self, const Ansinh__V1__UnitsImported *in)
{
    for (size_t i = 0; i < in->n_units; i++)
        apply_row(self, 'u', in->units[i]->code, &in->units[i]->base);
}

static void apply_amendment(struct fold *self, const Ansinh__V1__PolicyImported *in)
{
    char code[CODE_MAX_BYTES];
    if (in->amendment == NULL)
        return;
    (void)snprintf(code, sizeof(code), "%06" PRIu32, in->amendment->number);
    apply_row(self, 'l', code, &in->amendment->base);
}

static void apply_partners(struct fold *self, const Ansinh__V1__PartnersImported *in)
{
    for (size_t i = 0; i < in->n_partners; i++)
        apply_row(self, 'a', in->partners[i]->organisation_code, &in->partners[i]->base);
}

static void apply_reference(struct fold *self, struct journal_position position,
                            const Ansinh__V1__ReferenceImported *in)
{
    for (size_t i = 0; i < in->n_rows; i++) {
        const ProtobufCMessage *message = NULL;
        char code[DIRECTORY_CODE_MAX_BYTES];
        char kind = directory_reference_kind(in->rows[i], &message);
        if (kind != '\0' && directory_rows_code(kind, message, code) == 0)
            apply_row(self, kind, code, message);
        else
            fold_wrong(self, position, "has a row of a kind that this version does not know");
    }
}

/* --- entries ---------------------------------------------------------------------------------- */

/* An epoch's entries are numbered from 1 without a gap. */
static void count(struct fold *self, struct journal_position position)
{
    uint64_t before = position.epoch == self->at.epoch ? self->at.seq : 0;
    if (position.seq != before + 1)
        fold_wrong(self, position, "does not follow the entry before: entries are missing");
    self->at = position;
    if (self->n_entries == self->entries_capacity) {
        self->entries_capacity = MAX((size_t)1024, 2 * self->entries_capacity);
        self->entries = realloc(self->entries, self->entries_capacity * sizeof(*self->entries));
        ASSERT(self->entries != NULL);
    }
    self->entries[self->n_entries++] = (struct fold_entry){.position = position};
}

static void note_request(struct fold *self, struct journal_position position,
                         const Ansinh__V1__Event *event)
{
    struct fold_entry *entry = &self->entries[self->n_entries - 1];
    if (event->request.len == 0)
        return;
    if (event->request.len != EVENT_REQUEST_BYTES) {
        fold_wrong(self, position, "notes a request id of another length");
        return;
    }
    entry->is_noted = 1;
    entry->at_ms = event->at_ms;
    entry->answer = event->answer;
    memcpy(entry->id, event->request.data, ID_BYTES);
    for (int i = 0; i < 8; i++)
        entry->fingerprint |= (uint64_t)event->request.data[ID_BYTES + i] << (8 * i);
    if (doubles_add(self->doubles, entry->id, event->at_ms))
        fold_wrong(self, position, "has the request id of an earlier entry: this was done twice");
}

int32_t fold_entry_day(const struct fold_entry *self)
{
    struct request_id id;
    int64_t id_ms;
    memcpy(id.bytes, self->id, ID_BYTES);
    return (int32_t)((request_id_time(&id, &id_ms) ? id_ms : self->at_ms) / DAY_MS);
}

/* --- restores --------------------------------------------------------------------------------- */

/* Why an epoch begins; before: the last entry of the one before. */
static void check_epoch(struct fold *self, struct journal_position position,
                        struct journal_position before, const Ansinh__V1__Event *event)
{
    const Ansinh__V1__LedgerRestored *in =
        event->kind_case == ANSINH__V1__EVENT__KIND_LEDGER_RESTORED ? event->ledger_restored : NULL;
    if (in == NULL && position.epoch > 1 && position.seq == 1)
        fold_wrong(self, position, "begins an epoch, and does not say why");
    if (in != NULL &&
        (position.seq != 1 || in->previous_epoch != before.epoch || in->previous_seq != before.seq))
        fold_wrong(self, position, "tells of a restore up to another entry than the one before it");
}

/* What other files fold. */
static void apply_parts(struct fold *self, struct journal_position position,
                        const Ansinh__V1__Event *event)
{
    const char *const faults[] = {
        verify_postings_fault(event),
        transactions_apply(self->transactions, self->arena, self->partition, position, event),
        numbered_apply(self->numbered, self->arena, self->partition, event),
    };
    for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
        if (faults[i] != NULL)
            fold_wrong(self, position, faults[i]);
    }
}

void fold_apply(struct fold *self, struct journal_position position, const Ansinh__V1__Event *event)
{
    struct journal_position before = self->at;
    self->citizen = NULL;
    count(self, position);
    if (event == NULL) {
        fold_wrong(self, position, "cannot be read");
        return;
    }
    if (event->base.n_unknown_fields > 0)
        fold_wrong(self, position, "has fields that this version does not know");
    note_request(self, position, event);
    apply_parts(self, position, event);
    check_epoch(self, position, before, event);
    switch (event->kind_case) {
    case ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED:
    case ANSINH__V1__EVENT__KIND_HEALTH_DECLARED:
    case ANSINH__V1__EVENT__KIND_BILL_ISSUED:
    case ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED:
    case ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED:
    case ANSINH__V1__EVENT__KIND_REFUND_CASE:
    case ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED:
    case ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED:
    case ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED:
    case ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED:
        apply_citizen(self, position, event);
        return;
    case ANSINH__V1__EVENT__KIND_ALIAS_CLAIMED:
        apply_alias(self, position, event);
        return;
    case ANSINH__V1__EVENT__KIND_TRANSACTION_CLAIMED:
    case ANSINH__V1__EVENT__KIND_TRANSACTION_CLOSED:
    case ANSINH__V1__EVENT__KIND_LEDGER_RESTORED:
    case ANSINH__V1__EVENT__KIND_RECEIPTS_ISSUED:
    case ANSINH__V1__EVENT__KIND_RECEIPT_VOIDED:
    case ANSINH__V1__EVENT__KIND_RECEIPT_BLOCK_ALLOCATED:
    case ANSINH__V1__EVENT__KIND_CASH_REMITTED:
    case ANSINH__V1__EVENT__KIND_BANK_ENTRY_POSTED:
    case ANSINH__V1__EVENT__KIND_SUSPENSE_MOVED:
    case ANSINH__V1__EVENT__KIND_COMMISSION_POSTED:
    case ANSINH__V1__EVENT__KIND_SESSION_RECORDED:
    case ANSINH__V1__EVENT__KIND_CONTACTS_RECORDED:
        return;
    case ANSINH__V1__EVENT__KIND_UNITS_IMPORTED:
        apply_units(self, event->units_imported);
        break;
    case ANSINH__V1__EVENT__KIND_ORGANISATIONS_IMPORTED:
        apply_organisations(self, event->organisations_imported);
        break;
    case ANSINH__V1__EVENT__KIND_PLAN_IMPORTED:
        apply_targets(self, event->plan_imported);
        break;
    case ANSINH__V1__EVENT__KIND_POLICY_IMPORTED:
        apply_amendment(self, event->policy_imported);
        break;
    case ANSINH__V1__EVENT__KIND_PARTNERS_IMPORTED:
        apply_partners(self, event->partners_imported);
        break;
    case ANSINH__V1__EVENT__KIND_REFERENCE_IMPORTED:
        apply_reference(self, position, event->reference_imported);
        break;
    case ANSINH__V1__EVENT__KIND__NOT_SET:
    case _ANSINH__V1__EVENT__KIND__CASE_IS_INT_SIZE:
    default:
        fold_wrong(self, position, "is of a kind that this version does not know");
        return;
    }
    if (self->partition != PARTITION_DIRECTORY)
        fold_wrong(self, position, "reference data in a citizens' partition");
}
