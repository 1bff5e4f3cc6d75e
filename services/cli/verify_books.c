#include "services/cli/verify_books.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/service/command.h"
#include "common/service/postings.h"
#include "services/cli/verify_books_read.h"
#include "services/cli/verify_numbered.h"
#include "services/cli/verify_views.h"

#define LOADS_MAX 5
#define MINUTE_MS 60000
#define NEAR_BITS 14
#define SPAN_MINUTES 240 /* of cash that is kept together */
#define ARENA_MAX_BYTES ((size_t)4 * 1024 * 1024 * 1024)

/* What is stored at a place, and what the journals say of it. */
struct cell {
    struct books_place place;
    int64_t before, n_before; /* up to the first checkpoint */
    uint64_t content_before;  /* of all rows, whatever their order */
    int64_t up, down;         /* and what came and went until the second */
    int64_t stored, n_stored;
    uint64_t content_stored;
    /* beside a total: its newest day, its entries, cash collected and remitted; NULL: not yet */
    struct cell *day, *entries, *cash[2];
    /* of a lot, in minutes, of earlier ones the last span; 0: none. Beside collected cash: lots */
    uint32_t since_stored, since_before, since_late;
    struct cell *lot, *earlier;
};

struct verify_books {
    struct verify *verify;
    struct arena *arena;
    struct map *cells;
    struct cell *near[1 << NEAR_BITS]; /* asked for lately, by a part of a hash; NULL: none */
    struct hash_list waiting;          /* payments that wait for their receipt */
    struct journal_position first[PARTITIONS], second[PARTITIONS];
};

struct verify_books *verify_books_create(struct verify *verify)
{
    struct verify_books *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->verify = verify;
    self->arena = arena_create(ARENA_MAX_BYTES);
    self->cells = map_create();
    return self;
}

void verify_books_destroy(struct verify_books **self)
{
    map_destroy(&(*self)->cells);
    hash_list_fini(&(*self)->waiting);
    arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

static struct cell *cell_create(struct verify_books *self, const struct books_place *place)
{
    struct cell *cell = arena_zalloc(self->arena, sizeof(*cell));
    ASSERT(cell != NULL);
    cell->place = *place;
    cell->place.holder =
        arena_strndup(self->arena, place->holder, strnlen(place->holder, BOOKS_HOLDER_MAX_BYTES));
    ASSERT(cell->place.holder != NULL);
    return cell;
}

static struct cell **near_of(struct verify_books *self, const struct books_place *place)
{
    uint32_t mixed = books_place_head(place) * 1013 + (uint32_t)place->number;
    for (size_t i = 0; i < BOOKS_HOLDER_MAX_BYTES && place->holder[i] != '\0'; i++)
        mixed = mixed * 31 + (unsigned char)place->holder[i];
    return &self->near[mixed * 0x9e3779b1U >> (32 - NEAR_BITS)];
}

/* Often it is one that was asked for lately. */
static struct cell *cell_get(struct verify_books *self, const struct books_place *place)
{
    uint8_t key[MAP_KEY_MAX_BYTES];
    struct cell **near = near_of(self, place);
    if (*near != NULL && books_place_equals(&(*near)->place, place))
        return *near;
    size_t len = books_place_key(place, key);
    *near = map_get(self->cells, key, len);
    if (*near == NULL) {
        *near = cell_create(self, place);
        (void)map_put(self->cells, key, len, *near);
    }
    return *near;
}

static void forget_cells(struct verify_books *self)
{
    map_destroy(&self->cells);
    hash_list_fini(&self->waiting);
    arena_reset(self->arena);
    memset(self->near, 0, sizeof(self->near));
    self->cells = map_create();
}

/* --- what is stored --------------------------------------------------------------------------- */

static void take(void *arg, const struct books_place *place, int64_t number)
{
    cell_get(arg, place)->stored = number;
}

static void *take_place(void *arg, const struct books_place *place)
{
    return cell_get(arg, place);
}

static void add(void *arg, void *place, int64_t number, const struct books_row *row)
{
    const struct verify_books *self = arg;
    struct cell *cell = place;
    if (position_compare(row->position, self->first[row->partition]) > 0)
        return; /* written while it was read */
    cell->stored += number;
    cell->n_stored++;
    cell->content_stored += row->content;
}

static struct cell *lot_get(struct verify_books *self, const char *holder, uint32_t span)
{
    const struct books_place place = {BOOKS_LOT, 0, 0, (int32_t)span, holder};
    return cell_get(self, &place);
}

static void take_lot(void *arg, const char *holder, int is_earlier, uint32_t minute, int64_t vnd)
{
    struct cell *lot = lot_get(arg, holder, is_earlier ? 0 : minute / SPAN_MINUTES);
    lot->stored += vnd;
    lot->since_stored = is_earlier ? minute / SPAN_MINUTES : minute;
}

static void take_waiting(void *arg, unsigned partition, struct journal_position payment)
{
    struct verify_books *self = arg;
    uint8_t at[ID_BYTES];
    numbered_position(partition, payment.epoch, payment.seq, at);
    hash_list_add(&self->waiting, at);
}

static void take_wrong(void *arg, const char *key, const char *why)
{
    struct verify_books *self = arg;
    verify_difference(self->verify, "%s %s", key, why);
}

/* A views server that lost its last second has gone back in between. */
static int has_gone_back(const struct verify_books *self)
{
    for (size_t p = 0; p < PARTITIONS; p++) {
        if (position_compare(self->second[p], self->first[p]) < 0)
            return 1;
    }
    return 0;
}

void verify_books_load(struct verify_books *self)
{
    const struct books_reader reader = {self->verify, self,         take,     take_place,
                                        add,          take_waiting, take_lot, take_wrong};
    int rc = -EAGAIN;
    for (int i = 0; i < LOADS_MAX && rc < 0; i++) {
        forget_cells(self);
        rc = verify_checkpoint(self->verify, BOOKS_VIEW, self->first);
        if (rc == 0)
            rc = books_read(&reader);
        if (rc == 0)
            rc = verify_checkpoint(self->verify, BOOKS_VIEW, self->second);
        if (rc == 0 && has_gone_back(self))
            rc = -EAGAIN;
    }
    if (rc < 0)
        verify_fail(self->verify, "the books", rc);
}

/* --- what the journals say -------------------------------------------------------------------- */

/* Where an entry stands; is_early: counted at the first checkpoint already. */
struct entry {
    unsigned partition;
    struct journal_position position;
    int is_early;
    const Ansinh__V1__Event *event;
};

static void sum_at(struct cell *cell, int is_early, int64_t delta)
{
    if (is_early)
        cell->before += delta;
    else if (delta > 0)
        cell->up += delta;
    else
        cell->down += delta;
}

static void one_at(struct cell *cell, int64_t number, uint64_t content)
{
    cell->before += number;
    cell->n_before++;
    cell->content_before += content;
}

static void post(struct verify_books *self, const struct entry *entry, struct cell *total,
                 const struct posting *posting)
{
    int64_t vnd = posting->amount_vnd, at_ms = entry->event->at_ms;
    int64_t size = vnd > 0 ? vnd : -vnd;
    struct books_place place = total->place;
    place.kind = BOOKS_DAY;
    place.number = clock_business_day(at_ms);
    if (total->day == NULL || total->day->place.number != place.number)
        total->day = cell_get(self, &place);
    sum_at(total, entry->is_early, size);
    sum_at(total->day, entry->is_early, size);
    if (!entry->is_early)
        return;
    place.kind = BOOKS_ENTRIES;
    place.number = 0;
    if (total->entries == NULL)
        total->entries = cell_get(self, &place);
    one_at(total->entries, size,
           books_posting_content(entry->partition, entry->position, at_ms, size));
}

/* By the time when it was taken in, which is also when a reversed payment's is taken off. What is
 * of no later span than the earlier ones that are stored was counted with these. */
static void count_lot(struct verify_books *self, const struct entry *entry, struct cell *collected,
                      int64_t vnd)
{
    const Ansinh__V1__Event *event = entry->event;
    int is_reversal = event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED;
    int64_t at_ms = is_reversal ? event->payment_reversed->recorded_at_ms : event->at_ms;
    uint32_t minute = (uint32_t)(at_ms / MINUTE_MS), span = minute / SPAN_MINUTES;
    if (collected->earlier == NULL)
        collected->earlier = lot_get(self, collected->place.holder, 0);
    if (span <= collected->earlier->since_stored) {
        collected->earlier->since_before = MAX(collected->earlier->since_before, span);
        sum_at(collected->earlier, entry->is_early, vnd);
        return;
    }
    if (collected->lot == NULL || (uint32_t)collected->lot->place.number != span)
        collected->lot = lot_get(self, collected->place.holder, span);
    uint32_t *since = entry->is_early ? &collected->lot->since_before : &collected->lot->since_late;
    *since = *since == 0 ? minute : MIN(*since, minute);
    sum_at(collected->lot, entry->is_early, vnd);
}

/* Cash that was taken in, and what was handed over of it. */
static void cash(struct verify_books *self, const struct entry *entry, struct cell *total,
                 const struct posting *posting)
{
    int is_remitted = entry->event->kind_case == ANSINH__V1__EVENT__KIND_CASH_REMITTED;
    const struct books_place place = {BOOKS_CASH, 0, is_remitted, 0, posting->holder};
    if (total->cash[is_remitted] == NULL)
        total->cash[is_remitted] = cell_get(self, &place);
    sum_at(total->cash[is_remitted], entry->is_early,
           is_remitted ? -posting->amount_vnd : posting->amount_vnd);
    if (!is_remitted)
        count_lot(self, entry, total->cash[0], posting->amount_vnd);
}

static void apply(struct verify_books *self, const struct entry *entry,
                  const struct posting *posting)
{
    const struct books_place part = {.kind = BOOKS_PART,
                                     .account = posting->account,
                                     .number = (int32_t)entry->partition,
                                     .holder = ""};
    const struct books_place place = {BOOKS_TOTAL, posting->account, posting->amount_vnd < 0, 0,
                                      posting->holder};
    struct cell *total = cell_get(self, &place);
    sum_at(cell_get(self, &part), entry->is_early, posting->amount_vnd);
    post(self, entry, total, posting);
    if (posting->account == ACCOUNT_IS_COLLECTOR_CASH)
        cash(self, entry, total, posting);
}

static void list(struct verify_books *self, const struct entry *entry)
{
    const Ansinh__V1__Event *event = entry->event;
    const Ansinh__V1__PaymentRecorded *paid = event->payment_recorded;
    char id[POSITION_TEXT_BYTES];
    const struct books_place place = {.kind = BOOKS_PAYMENTS,
                                      .number = paid->paid_day,
                                      .holder = paid->partner[0] == '\0' ? paid->organisation_code
                                                                         : paid->partner};
    Ansinh__V1__BookedPayment row;
    ansinh__v1__booked_payment__init(&row);
    position_format(entry->partition, entry->position, id);
    row.payment_id = id;
    row.participant = event->citizen;
    row.bill_number = paid->bill_number;
    row.transaction_id = paid->transaction_id;
    row.pockets = paid->pockets;
    row.channel = paid->channel;
    row.point_code = paid->point_code;
    row.collector_code = paid->collector_code;
    row.recorded_at_ms = event->at_ms;
    row.paid_at_ms = paid->paid_at_ms;
    row.source_file = paid->source_file;
    row.receipt_number = paid->receipt_number;
    row.method = paid->method;
    row.from_month = paid->from_month;
    row.months = paid->months;
    row.is_first = paid->is_first;
    row.product = paid->product;
    row.card = paid->card;
    one_at(cell_get(self, &place), paid->pockets == NULL ? 0 : paid->pockets->participant_vnd,
           books_payment_content(&row));
}

/* As it is stored: the payment's id, and "<reversal's id>:<ms>", of a refund with ":refund". */
static void take_back(struct verify_books *self, const struct entry *entry)
{
    const Ansinh__V1__PaymentReversed *reversed = event_reversal(entry->event);
    int is_refund = entry->event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE;
    const struct books_place place = {.kind = BOOKS_REVERSED, .holder = ""};
    char payment[POSITION_TEXT_BYTES], reversal[POSITION_TEXT_BYTES], value[96];
    position_format(entry->partition,
                    (struct journal_position){reversed->payment_epoch, reversed->payment_seq},
                    payment);
    position_format(entry->partition, entry->position, reversal);
    int len = snprintf(value, sizeof(value), "%s:%" PRId64 "%s", reversal, entry->event->at_ms,
                       is_refund ? ":refund" : "");
    one_at(cell_get(self, &place), 1, books_text_content(payment, value, (size_t)len));
}

static void refund_at(struct verify_books *self, const struct entry *entry,
                      Ansinh__V1__RefundState state, int64_t vnd)
{
    const struct books_place place = {
        .kind = BOOKS_REVERSED, .number = (int32_t)state, .holder = ""};
    sum_at(cell_get(self, &place), entry->is_early, vnd);
}

/* A case goes from one state to the next, or, rejected, away. */
static void refund_case(struct verify_books *self, const struct entry *entry)
{
    const Ansinh__V1__RefundCase *in = entry->event->refund_case;
    const Ansinh__V1__RefundState requested = ANSINH__V1__REFUND_STATE__REFUND_STATE_REQUESTED;
    const Ansinh__V1__RefundState approved = ANSINH__V1__REFUND_STATE__REFUND_STATE_APPROVED;
    if (in->state != requested)
        refund_at(self, entry,
                  in->state == ANSINH__V1__REFUND_STATE__REFUND_STATE_PAID_OUT ? approved
                                                                               : requested,
                  -in->amount_vnd);
    if (in->state != ANSINH__V1__REFUND_STATE__REFUND_STATE_REJECTED)
        refund_at(self, entry, in->state, in->amount_vnd);
}

void verify_books_apply(struct verify_books *self, unsigned partition,
                        struct journal_position position, const Ansinh__V1__Event *event)
{
    struct postings postings;
    const struct entry entry = {partition, position,
                                position_compare(position, self->first[partition]) <= 0, event};
    if (position_compare(position, self->second[partition]) > 0)
        return;
    if (event_postings(event, &postings) < 0)
        return; /* reported by the fold already */
    for (size_t i = 0; i < postings.n; i++) {
        const struct posting *posting = &postings.rows[i];
        if (posting->account > ACCOUNT_NONE && posting->account < BOOKS_ACCOUNTS)
            apply(self, &entry, posting); /* others are reported by the fold already */
    }
    if (event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE)
        refund_case(self, &entry);
    if (entry.is_early && event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        list(self, &entry);
    else if (entry.is_early && event_reversal(event) != NULL)
        take_back(self, &entry);
}

/* --- comparing -------------------------------------------------------------------------------- */

/* A sum that is right may be said to be of another time. Of what came between the checkpoints any
 * part may be in it. */
static void compare_since(struct verify_books *self, const struct cell *lot)
{
    char place[BOOKS_PLACE_BYTES];
    uint32_t before = lot->since_before, late = lot->since_late, is = lot->since_stored;
    uint32_t least = late == 0 || (before != 0 && before < late) ? before : late;
    if ((is >= least && (before == 0 ? late != 0 || is == 0 : is <= before)) ||
        (is == 0 && before == 0))
        return;
    books_place_format(&lot->place, place);
    verify_difference(self->verify,
                      "{v:" BOOKS_VIEW "} %s: is since %" PRIu32 ", the journals say %" PRIu32,
                      place, is, before != 0 ? before : late);
}

static void compare_cell(struct verify_books *self, const struct cell *cell)
{
    int64_t least = cell->before + cell->down, most = cell->before + cell->up;
    char place[BOOKS_PLACE_BYTES];
    if (cell->stored >= least && cell->stored <= most && cell->n_stored == cell->n_before &&
        cell->content_stored == cell->content_before) {
        if (cell->place.kind == BOOKS_LOT)
            compare_since(self, cell);
        return;
    }
    books_place_format(&cell->place, place);
    if (cell->stored < least || cell->stored > most)
        verify_difference(self->verify,
                          "{v:" BOOKS_VIEW "} %s: is %" PRId64 ", the journals say %" PRId64, place,
                          cell->stored, least);
    else if (cell->n_stored != cell->n_before)
        verify_difference(self->verify,
                          "{v:" BOOKS_VIEW "} %s: has %" PRId64 " entries, the journals %" PRId64,
                          place, cell->n_stored, cell->n_before);
    else
        verify_difference(self->verify,
                          "{v:" BOOKS_VIEW "} %s: its rows are not those of the journals", place);
}

/* What the books have taken in has its receipt, or waits for it: nothing else would give it one. */
static void compare_receipts(struct verify_books *self)
{
    const struct verify *verify = self->verify;
    hash_list_sort(&self->waiting, numbered_partition);
    for (size_t i = 0, near = 0; i < verify->paid.n; i++) {
        const uint8_t *at = verify->paid.hashes[i];
        struct journal_position position;
        char id[POSITION_TEXT_BYTES];
        unsigned partition = numbered_place(at, &position);
        if (position_compare(position, self->first[partition]) > 0 ||
            hash_list_meets(&verify->receipted, at, &near) || hash_list_has(&self->waiting, at))
            continue;
        position_format(partition, position, id);
        verify_difference(self->verify, "%s: is paid, has no receipt and does not wait for one",
                          id);
    }
}

void verify_books_compare(struct verify_books *self)
{
    const struct cell *cell;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        struct journal_position at = self->second[p], head = self->verify->heads[p];
        if (position_compare(at, head) > 0)
            verify_difference(self->verify,
                              "{v:" BOOKS_VIEW "}:at %u: is %" PRIu32 "-%" PRIu64
                              ", the journal ends with %" PRIu32 "-%" PRIu64,
                              p, at.epoch, at.seq, head.epoch, head.seq);
    }
    for (size_t cursor = 0; (cell = map_next(self->cells, &cursor)) != NULL;)
        compare_cell(self, cell);
    compare_receipts(self);
}
