/* ListDeliveries: a citizen's deliveries, newest first, a page at a time. */
#include <stdlib.h>

#include "ansinh/v1/notifications.pb-c.h"
#include "common/service/command.h"
#include "services/notifications/notifications.h"

#define PAGE_DEFAULT 20
#define PAGE_MAX 100
#define RETRY_AFTER_MS 200

/* Lives in the request's arena. */
struct listing {
    struct bus_request *request;
    const char *participant_id;
    unsigned partition;
    size_t page_size;
    int has_token;
    struct journal_position before; /* the token: the page begins with what is older */
};

static int is_older(struct journal_position a, struct journal_position b)
{
    return a.epoch != b.epoch ? a.epoch < b.epoch : a.seq < b.seq;
}

static Ansinh__V1__Delivery *make_row(struct listing *self, const struct delivery *delivery)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__Delivery *row = arena_alloc(arena, sizeof(*row));
    char *event_id = arena_alloc(arena, POSITION_TEXT_BYTES);
    char error[ERROR_TEXT_BYTES];
    rules_error_text(delivery->error, error);
    char *last_error = arena_printf(arena, "%s", error);
    char *channel = arena_printf(arena, "%s", rules_channel_name(delivery->channel));
    char *participant_id = arena_printf(arena, "%s", self->participant_id);
    if (row == NULL || event_id == NULL || last_error == NULL || channel == NULL ||
        participant_id == NULL)
        return NULL;
    position_format(self->partition, delivery->position, event_id);
    ansinh__v1__delivery__init(row);
    row->event_id = event_id;
    row->participant_id = participant_id;
    row->kind = (Ansinh__V1__DeliveryKind)delivery->kind;
    row->state = (Ansinh__V1__DeliveryState)delivery->state;
    row->channel = channel;
    row->attempts = delivery->attempts;
    row->updated_at_ms = delivery->updated_at_ms;
    row->last_error = last_error;
    return row;
}

static void on_history(void *arg, int rc, const struct delivery *deliveries, size_t n)
{
    struct listing *self = arg;
    if (rc != 0) {
        bus_fail_retry(self->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                       "the views server does not answer");
        return;
    }
    Ansinh__V1__Delivery *rows[PAGE_MAX];
    Ansinh__V1__ListDeliveriesResponse out;
    ansinh__v1__list_deliveries_response__init(&out);
    out.deliveries = rows;
    while (n > 0 && self->has_token && !is_older(deliveries[n - 1].position, self->before))
        n--;
    for (; n > 0 && out.n_deliveries < self->page_size; n--) {
        Ansinh__V1__Delivery *row = make_row(self, &deliveries[n - 1]);
        if (row == NULL) {
            bus_fail(self->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "",
                     "the answer does not fit");
            return;
        }
        rows[out.n_deliveries++] = row;
    }
    if (n > 0)
        out.next_page_token = rows[out.n_deliveries - 1]->event_id;
    bus_reply(self->request, &out.base);
}

void on_list_deliveries(void *arg, struct bus_request *request)
{
    const struct notifications *service = arg;
    const Ansinh__V1__ListDeliveriesRequest *in =
        (const Ansinh__V1__ListDeliveriesRequest *)(const void *)request->input;
    struct listing *self = arena_zalloc(request->arena, sizeof(*self));
    uint8_t citizen[ID_BYTES];
    unsigned token_partition = 0;
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "the request is too big");
        return;
    }
    if (base32_parse(in->participant_id, citizen) < 0) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "participant_id",
                 "want the 26 characters that enrolment answered");
        return;
    }
    *self = (struct listing){
        .request = request,
        .participant_id = in->participant_id,
        .partition = partition_of(citizen),
        .page_size = in->page_size == 0 ? PAGE_DEFAULT : in->page_size,
        .has_token = in->page_token[0] != '\0',
    };
    if (self->page_size > PAGE_MAX) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "page_size",
                 "want 1 to %d, or 0 for %d", PAGE_MAX, PAGE_DEFAULT);
        return;
    }
    if (self->has_token && (position_parse(in->page_token, &token_partition, &self->before) < 0 ||
                            token_partition != self->partition)) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "page_token",
                 "want the next_page_token of the page before");
        return;
    }
    notify_store_history(service->store, citizen, on_history, self);
}
