#include "services/settlement/collected.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/books.pb-c.h"
#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/postings.h"
#include "services/settlement/batch.h"
#include "services/settlement/books.h"
#include "services/settlement/as_of.h"
#include "services/settlement/settlement.h"
#include "services/settlement/settlement_store.h"

#define PACKED_MAX_BYTES ((size_t)64 * 1024 * 1024) /* of what waits; events are bounded */

/* A payment that is not in views yet. */
struct waiting {
    char organisation[BATCH_CODE_BYTES];
    int32_t day;
    uint32_t order; /* of being gathered */
    size_t at, len; /* in packed */
};

struct reversal {
    char payment_id[POSITION_TEXT_BYTES], reversal_id[POSITION_TEXT_BYTES];
    int64_t at_ms;
    int is_refund;
};

struct collected {
    struct buf packed;
    struct waiting *waiting;
    size_t n_waiting, capacity;
    struct reversal *reversals;
    size_t n_reversals, reversals_capacity;
};

static void clear(void *arg)
{
    struct collected *self = arg;
    buf_reset(&self->packed);
    self->n_waiting = self->n_reversals = 0;
}

static void *create(struct service *svc)
{
    (void)svc;
    struct collected *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    buf_init(&self->packed, PACKED_MAX_BYTES);
    return self;
}

static void destroy(void *arg)
{
    struct collected *self = arg;
    buf_fini(&self->packed);
    free(self->waiting);
    free(self->reversals);
    free(self);
}

static void fill(const struct projector_event *in, Ansinh__V1__BookedPayment *ret, char *id)
{
    const Ansinh__V1__PaymentRecorded *paid = in->event->payment_recorded;
    ansinh__v1__booked_payment__init(ret);
    position_format(in->partition, in->position, id);
    ret->payment_id = id;
    ret->participant = in->event->citizen;
    ret->bill_number = paid->bill_number;
    ret->transaction_id = paid->transaction_id;
    ret->pockets = paid->pockets;
    ret->channel = paid->channel;
    ret->point_code = paid->point_code;
    ret->collector_code = paid->collector_code;
    ret->recorded_at_ms = in->event->at_ms;
    ret->paid_at_ms = paid->paid_at_ms;
    ret->source_file = paid->source_file;
    ret->receipt_number = paid->receipt_number;
    ret->method = paid->method;
    ret->from_month = paid->from_month;
    ret->months = paid->months;
    ret->is_first = paid->is_first;
    ret->product = paid->product;
    ret->card = paid->card;
}

static void gather(struct collected *self, const struct projector_event *in)
{
    const Ansinh__V1__PaymentRecorded *paid = in->event->payment_recorded;
    Ansinh__V1__BookedPayment booked;
    char id[POSITION_TEXT_BYTES];
    fill(in, &booked, id);
    struct waiting row = {.day = paid->paid_day, .order = (uint32_t)self->n_waiting};
    (void)strncpy(row.organisation, payment_organisation(paid), sizeof(row.organisation) - 1);
    row.len = protobuf_c_message_get_packed_size(&booked.base);
    row.at = self->packed.len;
    uint8_t *to = buf_reserve(&self->packed, row.len);
    ASSERT(to != NULL);
    self->packed.len += protobuf_c_message_pack(&booked.base, to);
    if (self->n_waiting == self->capacity) {
        self->capacity = MAX((size_t)256, 2 * self->capacity);
        self->waiting = realloc(self->waiting, self->capacity * sizeof(*self->waiting));
        ASSERT(self->waiting != NULL);
    }
    self->waiting[self->n_waiting++] = row;
}

static void mark(struct collected *self, const struct projector_event *in)
{
    const Ansinh__V1__PaymentReversed *reversed = event_reversal(in->event);
    if (self->n_reversals == self->reversals_capacity) {
        self->reversals_capacity = MAX((size_t)64, 2 * self->reversals_capacity);
        self->reversals =
            realloc(self->reversals, self->reversals_capacity * sizeof(*self->reversals));
        ASSERT(self->reversals != NULL);
    }
    struct reversal *row = &self->reversals[self->n_reversals++];
    position_format(in->partition,
                    (struct journal_position){reversed->payment_epoch, reversed->payment_seq},
                    row->payment_id);
    position_format(in->partition, in->position, row->reversal_id);
    row->at_ms = in->event->at_ms;
    row->is_refund = in->event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE;
}

static void apply(void *arg, const struct projector_event *in)
{
    struct collected *self = arg;
    if (in->event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        gather(self, in);
    else if (event_reversal(in->event) != NULL)
        mark(self, in);
}

/* --- into views ------------------------------------------------------------------------------- */

static int compare_waiting(const void *a, const void *b)
{
    const struct waiting *x = a, *y = b;
    int order = strcmp(x->organisation, y->organisation);
    if (order == 0)
        order = x->day < y->day ? -1 : x->day > y->day;
    return order != 0 ? order : x->order < y->order ? -1 : 1;
}

/* Payments of one organisation and date, as many to a batch as fit. */
static void collect_date(const struct collected *self, const struct waiting *rows, size_t n,
                         uint64_t version, struct flush *flush)
{
    struct batch batch;
    batch_begin(&batch, version, rows[0].organisation);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *packed = self->packed.data + rows[i].at;
        if (batch_add(&batch, packed, rows[i].len) == 0)
            continue;
        books_batch_add(flush, rows[0].organisation, rows[0].day, &batch);
        batch_begin(&batch, version, rows[0].organisation);
        int rc = batch_add(&batch, packed, rows[i].len);
        ASSERT(rc == 0);
    }
    books_batch_add(flush, rows[0].organisation, rows[0].day, &batch);
}

static void collect(void *arg, uint64_t version, struct flush *flush)
{
    struct collected *self = arg;
    const struct waiting *rows = self->waiting;
    if (self->n_waiting > 0)
        qsort(self->waiting, self->n_waiting, sizeof(*self->waiting), compare_waiting);
    for (size_t first = 0, i = 0; i < self->n_waiting; i++) {
        if (i + 1 < self->n_waiting && rows[i + 1].day == rows[i].day &&
            strcmp(rows[i + 1].organisation, rows[i].organisation) == 0)
            continue;
        collect_date(self, rows + first, i + 1 - first, version, flush);
        first = i + 1;
    }
    for (size_t i = 0; i < self->n_reversals; i++)
        books_reversal_set(flush, self->reversals[i].payment_id, self->reversals[i].reversal_id,
                           self->reversals[i].at_ms, self->reversals[i].is_refund);
    clear(self);
}

const struct books_fold collected_fold = {
    .name = "collected",
    .create = create,
    .destroy = destroy,
    .apply = apply,
    .collect = collect,
    .clear = clear,
};

/* --- ListBooked ------------------------------------------------------------------------------- */

#define PAGE_MAX 1000

/* Lives in the request's arena. */
struct listing {
    struct settlement *self;
    struct bus_request *request;
    const Ansinh__V1__ListBookedRequest *in;
    int32_t day;
    size_t page;
    int64_t skip, row; /* batches before the one that is next, and rows of it */
    int is_full;       /* and there is at least one payment more */
    int is_failed;     /* no memory */
    Ansinh__V1__ListBookedResponse out;
};

static void no_memory(const struct listing *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

static void away(const struct listing *self)
{
    bus_fail_retry(self->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, AS_OF_RETRY_MS,
                   "the views server does not answer");
}

/* Rows of a batch until the page is full; skip and row are then those of the next one. */
static int take_batch(struct listing *self, const struct stored_chunk *stored)
{
    struct batch_row rows[BATCH_ROWS_MAX];
    char organisation[BATCH_CODE_BYTES];
    ProtobufCAllocator allocator;
    size_t n;
    int rc = batch_read(stored->bytes, stored->len, organisation, rows, &n);
    if (rc == 0 && strcmp(organisation, self->in->organisation_code) != 0)
        n = 0;
    bus_arena_allocator(self->request->arena, &allocator);
    for (size_t i = (size_t)self->row; rc == 0 && i < n; i++) {
        self->is_full = self->out.n_payments == self->page;
        if (self->is_full) {
            self->row = (int64_t)i;
            return 0;
        }
        Ansinh__V1__BookedPayment *booked =
            ansinh__v1__booked_payment__unpack(&allocator, rows[i].len, rows[i].bytes);
        rc = booked == NULL ? -ENOMEM : 0;
        self->out.payments[self->out.n_payments++] = booked;
    }
    self->row = 0;
    self->skip++;
    return rc;
}

static void answer(struct listing *self)
{
    if (self->is_failed) {
        no_memory(self);
        return;
    }
    if (self->is_full)
        self->out.next_page_token =
            arena_printf(self->request->arena, "%" PRId64 "-%" PRId64, self->skip, self->row);
    if (self->out.next_page_token == NULL)
        no_memory(self);
    else
        bus_reply(self->request, &self->out.base);
}

static void take_reversal(void *arg, size_t i, const char *reversal_id, int64_t at_ms,
                          int is_refund)
{
    struct listing *self = arg;
    Ansinh__V1__BookedPayment *booked = self->out.payments[i];
    booked->reversal_id = arena_strndup(self->request->arena, reversal_id, strlen(reversal_id));
    booked->reversed_at_ms = at_ms;
    booked->is_refund = is_refund;
    self->is_failed |= booked->reversal_id == NULL;
}

static void on_reversals(void *arg, int rc)
{
    if (rc < 0)
        away(arg);
    else
        answer(arg);
}

static void read_reversals(struct listing *self)
{
    const char *ids[PAGE_MAX];
    for (size_t i = 0; i < self->out.n_payments; i++)
        ids[i] = self->out.payments[i]->payment_id;
    books_read_reversals(self->self->svc->views, ids, self->out.n_payments, take_reversal,
                         on_reversals, self);
}

static void read_on(struct listing *self);

static void on_batches(void *arg, int rc, const struct stored_chunk *batches, size_t n)
{
    struct listing *self = arg;
    for (size_t i = 0; rc == 0 && i < n && !self->is_full; i++)
        rc = take_batch(self, &batches[i]);
    if (rc == -ENOMEM)
        no_memory(self);
    else if (rc < 0)
        away(self);
    else if (n == BOOKS_CHUNKS_MAX && !self->is_full)
        read_on(self);
    else if (self->out.n_payments == 0)
        answer(self);
    else
        read_reversals(self);
}

static void read_on(struct listing *self)
{
    books_read_batches(self->self->svc->views, self->in->organisation_code, self->day,
                       (uint64_t)self->skip, on_batches, self);
}

/* "<batches>-<rows>" -EINVAL */
static int place_read(const char *token, struct listing *ret)
{
    char text[48];
    if (token[0] == '\0')
        return 0;
    (void)snprintf(text, sizeof(text), "%s", token);
    char *dash = strchr(text, '-');
    if (dash == NULL || strlen(token) >= sizeof(text))
        return -EINVAL;
    *dash = '\0';
    return parse_int64(text, 0, INT32_MAX, &ret->skip) < 0 ||
                   parse_int64(dash + 1, 0, BATCH_ROWS_MAX, &ret->row) < 0
               ? -EINVAL
               : 0;
}

void on_list_booked(void *arg, struct bus_request *request)
{
    struct settlement *self = arg;
    const Ansinh__V1__ListBookedRequest *in = (const Ansinh__V1__ListBookedRequest *)request->input;
    const Ansinh__V1__Code wrong = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    struct listing *listing = arena_zalloc(request->arena, sizeof(*listing));
    if (!settlement_leads(self, request))
        return;
    if (listing == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    listing->self = self;
    listing->request = request;
    listing->in = in;
    listing->page = in->page_size == 0 ? PAGE_MAX : MIN(in->page_size, (uint32_t)PAGE_MAX);
    ansinh__v1__list_booked_response__init(&listing->out);
    listing->out.payments =
        arena_alloc(request->arena, listing->page * sizeof(*listing->out.payments));
    if (strlen(in->organisation_code) >= BATCH_CODE_BYTES)
        bus_fail(request, wrong, "organisation_code", "too long");
    else if (date_parse(in->business_date, &listing->day) < 0)
        bus_fail(request, wrong, "business_date", "want YYYY-MM-DD");
    else if (in->page_size > PAGE_MAX)
        bus_fail(request, wrong, "page_size", "want at most %d", PAGE_MAX);
    else if (place_read(in->page_token, listing) < 0)
        bus_fail(request, wrong, "page_token", "not one of a page before");
    else if (listing->out.payments == NULL)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else
        read_on(listing);
}
