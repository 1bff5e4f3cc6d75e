#include "services/settlement/refunds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/ledger.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "services/settlement/settlement.h"
#include "services/settlement/settlement_store.h"

#define KEY_REFUNDS "refunds" /* hash: payment id to packed OpenRefundCase; empty: rejected */
#define PACKED_MAX_BYTES                                                                           \
    480 /* three ids, three officers, a reference, an account, a few numbers                       \
         */
#define PAGE_MAX 100
#define DAY_MS (86400LL * 1000)

/* One that was not rejected, or was since the last flush. */
struct refund_case {
    char payment_id[POSITION_TEXT_BYTES];
    Ansinh__V1__RefundState state;
    int64_t at_ms, amount_vnd;
    uint8_t packed[PACKED_MAX_BYTES];
    size_t len; /* 0: rejected */
    int is_dirty;
};

struct refunds {
    struct service *svc;
    struct map *cases; /* by payment id */
    struct refund_case **dirty;
    size_t n_dirty, capacity;
    books_loaded_fn loaded;
    void *loaded_arg;
};

static void empty(struct refunds *self)
{
    struct refund_case *at;
    for (size_t cursor = 0; (at = map_next(self->cases, &cursor)) != NULL;)
        free(at);
    map_destroy(&self->cases);
    self->n_dirty = 0;
}

static void clear(void *arg)
{
    struct refunds *self = arg;
    empty(self);
    self->cases = map_create();
}

static void *create(struct service *svc)
{
    struct refunds *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->cases = map_create();
    return self;
}

static void destroy(void *arg)
{
    struct refunds *self = arg;
    if (self == NULL)
        return;
    empty(self);
    free(self->dirty);
    free(self);
}

static struct refund_case *case_get(struct refunds *self, const char *payment_id)
{
    struct refund_case *at = map_get(self->cases, payment_id, strlen(payment_id));
    if (at != NULL)
        return at;
    at = calloc(1, sizeof(*at));
    ASSERT(at != NULL);
    (void)snprintf(at->payment_id, sizeof(at->payment_id), "%s", payment_id);
    (void)map_put(self->cases, at->payment_id, strlen(at->payment_id), at);
    return at;
}

static void mark(struct refunds *self, struct refund_case *at)
{
    if (at->is_dirty)
        return;
    if (self->n_dirty == self->capacity) {
        self->capacity = MAX((size_t)16, 2 * self->capacity);
        self->dirty = realloc(self->dirty, self->capacity * sizeof(struct refund_case *));
        ASSERT(self->dirty != NULL);
    }
    at->is_dirty = 1;
    self->dirty[self->n_dirty++] = at;
}

/* --- events ----------------------------------------------------------------------------------- */

static void pack(struct refund_case *at, const Ansinh__V1__OpenRefundCase *row)
{
    at->state = row->state;
    at->at_ms = row->requested_at_ms;
    at->amount_vnd = row->amount_vnd;
    at->len = ansinh__v1__open_refund_case__get_packed_size(row);
    ASSERT(at->len <= sizeof(at->packed));
    (void)ansinh__v1__open_refund_case__pack(row, at->packed);
}

static void request(struct refund_case *at, const Ansinh__V1__Event *event)
{
    const Ansinh__V1__RefundCase *in = event->refund_case;
    char participant[BASE32_TEXT_BYTES] = "";
    Ansinh__V1__OpenRefundCase row;
    ansinh__v1__open_refund_case__init(&row);
    if (event->citizen.len == ID_BYTES)
        base32_format(event->citizen.data, participant);
    row.payment_id = at->payment_id;
    row.participant_id = participant;
    row.state = in->state;
    row.reason = in->reason;
    row.amount_vnd = in->amount_vnd;
    row.requested_by = in->officer_code;
    row.requested_at_ms = event->at_ms;
    pack(at, &row);
}

/* Approved, or paid out: the row says so, too. Texts of the copy are borrowed from event and row.
 */
static void go_on(struct refund_case *at, const struct projector_event *in)
{
    const Ansinh__V1__RefundCase *said = in->event->refund_case;
    char id[POSITION_TEXT_BYTES], date[DATE_TEXT_BYTES];
    Ansinh__V1__OpenRefundCase *row =
        ansinh__v1__open_refund_case__unpack(NULL, at->len, at->packed);
    ASSERT(row != NULL);
    Ansinh__V1__OpenRefundCase next = *row;
    next.payment_id = at->payment_id;
    next.amount_vnd = said->amount_vnd;
    next.state = said->state;
    if (said->state == ANSINH__V1__REFUND_STATE__REFUND_STATE_APPROVED) {
        position_format(in->partition, in->position, id);
        next.decided_by = said->officer_code;
        next.decided_at_ms = in->event->at_ms;
        next.refund_id = id;
    } else if (said->payout != NULL) {
        date_format(said->payout->paid_day, date);
        next.paid_out_by = said->officer_code;
        next.paid_out_on = date;
        next.reference = said->payout->reference;
        next.bank_account = said->payout->bank_account;
    }
    pack(at, &next);
    ansinh__v1__open_refund_case__free_unpacked(row, NULL);
}

static void apply(void *arg, const struct projector_event *in)
{
    struct refunds *self = arg;
    char id[POSITION_TEXT_BYTES];
    if (in->event->kind_case != ANSINH__V1__EVENT__KIND_REFUND_CASE)
        return;
    const Ansinh__V1__RefundCase *said = in->event->refund_case;
    position_format(in->partition,
                    (struct journal_position){said->payment_epoch, said->payment_seq}, id);
    struct refund_case *at = case_get(self, id);
    mark(self, at);
    if (said->state == ANSINH__V1__REFUND_STATE__REFUND_STATE_REQUESTED)
        request(at, in->event);
    else if (said->state == ANSINH__V1__REFUND_STATE__REFUND_STATE_REJECTED)
        at->len = 0;
    else
        go_on(at, in);
}

static void collect(void *arg, uint64_t version, struct flush *flush)
{
    struct refunds *self = arg;
    (void)version;
    for (size_t i = 0; i < self->n_dirty; i++) {
        struct refund_case *at = self->dirty[i];
        size_t id_len = strlen(at->payment_id);
        /* a failure is remembered by the flush */
        (void)flush_set(flush, KEY_REFUNDS, at->payment_id, id_len, at->packed, at->len);
        at->is_dirty = 0;
        if (at->len == 0)
            free(map_remove(self->cases, at->payment_id, id_len));
    }
    self->n_dirty = 0;
}

/* --- and back --------------------------------------------------------------------------------- */

static int load_row(struct refunds *self, const char *id, size_t id_len, const char *value,
                    size_t len)
{
    char payment_id[POSITION_TEXT_BYTES];
    if (len == 0)
        return 0;
    Ansinh__V1__OpenRefundCase *row =
        id_len >= sizeof(payment_id) || len > PACKED_MAX_BYTES
            ? NULL
            : ansinh__v1__open_refund_case__unpack(NULL, len, (const uint8_t *)value);
    if (row == NULL)
        return -EPROTO;
    (void)snprintf(payment_id, sizeof(payment_id), "%.*s", (int)id_len, id);
    pack(case_get(self, payment_id), row);
    ansinh__v1__open_refund_case__free_unpacked(row, NULL);
    return 0;
}

static void on_rows(void *arg, int rc, const struct store_reply *reply)
{
    struct refunds *self = arg;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2) {
        size_t id_len, len;
        const char *id = store_reply_bytes(store_reply_at(reply, i), &id_len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        rc = id == NULL || value == NULL ? -EPROTO : load_row(self, id, id_len, value, len);
    }
    self->loaded(self->loaded_arg, rc);
}

static void load(void *arg, books_loaded_fn done, void *done_arg)
{
    struct refunds *self = arg;
    char key[KEY_MAX_BYTES];
    clear(self);
    self->loaded = done;
    self->loaded_arg = done_arg;
    (void)view_key(BOOKS_VIEW, KEY_REFUNDS, key);
    store_send_text(self->svc->views, 0, on_rows, self, "HGETALL", key, NULL);
}

const struct books_fold refunds_fold = {
    .name = "refunds",
    .create = create,
    .destroy = destroy,
    .apply = apply,
    .collect = collect,
    .load = load,
    .clear = clear,
};

/* --- ListRefundCases -------------------------------------------------------------------------- */

static int compare_cases(const void *a, const void *b)
{
    const struct refund_case *x = *(const struct refund_case *const *)a;
    const struct refund_case *y = *(const struct refund_case *const *)b;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    return strcmp(x->payment_id, y->payment_id);
}

/* "<time>:<payment id>" of the last case of a page. */
static int token_read(const char *text, struct refund_case *ret)
{
    char time[24];
    const char *colon = strchr(text, ':');
    *ret = (struct refund_case){.at_ms = INT64_MIN};
    if (text[0] == '\0')
        return 0;
    if (colon == NULL || (size_t)(colon - text) >= sizeof(time) ||
        strlen(colon + 1) >= sizeof(ret->payment_id))
        return -EINVAL;
    (void)snprintf(time, sizeof(time), "%.*s", (int)(colon - text), text);
    (void)snprintf(ret->payment_id, sizeof(ret->payment_id), "%s", colon + 1);
    return parse_int64(time, 0, INT64_MAX, &ret->at_ms);
}

/* Those of a state after one, the oldest first; sums of all of them go to the answer. */
static size_t select_cases(const struct refunds *self, Ansinh__V1__RefundState state,
                           const struct refund_case *after, const struct refund_case **rows,
                           Ansinh__V1__ListRefundCasesResponse *out)
{
    const struct refund_case *at;
    size_t n = 0;
    for (size_t cursor = 0; (at = map_next(self->cases, &cursor)) != NULL;) {
        if (at->len == 0 || at->state != state)
            continue;
        out->cases_open++;
        out->amount_vnd += at->amount_vnd;
        if (compare_cases(&after, &at) < 0)
            rows[n++] = at;
    }
    if (n > 0)
        qsort(rows, n, sizeof(*rows), compare_cases);
    return n;
}

static int fill(struct arena *arena, const struct refund_case *const *rows, size_t n,
                Ansinh__V1__ListRefundCasesResponse *out)
{
    ProtobufCAllocator allocator;
    int64_t now_ms = clock_wall_ms();
    bus_arena_allocator(arena, &allocator);
    out->cases = arena_alloc(arena, (n + 1) * sizeof(Ansinh__V1__OpenRefundCase *));
    if (out->cases == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        Ansinh__V1__OpenRefundCase *row =
            ansinh__v1__open_refund_case__unpack(&allocator, rows[i]->len, rows[i]->packed);
        if (row == NULL)
            return -ENOMEM;
        row->days = (uint32_t)(MAX(now_ms - row->requested_at_ms, 0) / DAY_MS);
        out->cases[out->n_cases++] = row;
    }
    return 0;
}

static int answer(const struct refunds *self, struct bus_request *request,
                  Ansinh__V1__RefundState state, const struct refund_case *after, size_t page)
{
    Ansinh__V1__ListRefundCasesResponse out;
    ansinh__v1__list_refund_cases_response__init(&out);
    const struct refund_case **rows = calloc(map_count(self->cases) + 1, sizeof(*rows));
    if (rows == NULL)
        return -ENOMEM;
    size_t n = select_cases(self, state, after, rows, &out);
    int rc = fill(request->arena, rows, MIN(n, page), &out);
    if (rc == 0 && n > page) {
        out.next_page_token = arena_printf(request->arena, "%" PRId64 ":%s", rows[page - 1]->at_ms,
                                           rows[page - 1]->payment_id);
        rc = out.next_page_token == NULL ? -ENOMEM : 0;
    }
    free(rows);
    if (rc == 0)
        bus_reply(request, &out.base);
    return rc;
}

void on_list_refund_cases(void *arg, struct bus_request *request)
{
    struct settlement *self = arg;
    const Ansinh__V1__ListRefundCasesRequest *in =
        (const Ansinh__V1__ListRefundCasesRequest *)request->input;
    const Ansinh__V1__Code wrong = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    Ansinh__V1__RefundState state = in->state;
    struct refund_case after;
    if (state == ANSINH__V1__REFUND_STATE__REFUND_STATE_UNSPECIFIED)
        state = ANSINH__V1__REFUND_STATE__REFUND_STATE_REQUESTED;
    if (!settlement_leads(self, request))
        return;
    if (in->page_size > PAGE_MAX)
        bus_fail(request, wrong, "page_size", "want at most %d", PAGE_MAX);
    else if (token_read(in->page_token, &after) < 0)
        bus_fail(request, wrong, "page_token", "want the token of a page before");
    else if (state == ANSINH__V1__REFUND_STATE__REFUND_STATE_REJECTED ||
             state > ANSINH__V1__REFUND_STATE__REFUND_STATE_PAID_OUT)
        bus_fail(request, wrong, "state", "want REQUESTED, APPROVED or PAID_OUT");
    else if (answer(self->parts[BOOKS_REFUNDS], request, state, &after,
                    in->page_size == 0 ? PAGE_MAX : in->page_size) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}
