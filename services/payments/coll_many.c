/* InquireMany and PayMany: each line is a call of its own to any instance, this one or another, and
 * answered as it would be alone. */
#include <sodium.h>
#include <string.h>

#include "common/base/clock.h"
#include "services/payments/collections.h"

#define PAYMENTS "payments"
#define MARGIN_MS 200 /* before the deadline, so that the caller still hears of every line */

struct many;

struct line {
    struct many *many;
    ProtobufCMessage *answer; /* in the request's arena; NULL: error */
    Ansinh__V1__CollectionError error;
};

/* Lives in the request's arena. */
struct many {
    struct service *svc;
    struct bus_request *request;
    const ProtobufCMessageDescriptor *output; /* of a line */
    struct line *lines;
    size_t n, open;
    void (*finish)(struct many *self);
};

/* The text in the arena, or none. */
static char *keep(struct arena *arena, const char *text)
{
    char *copy = arena_strndup(arena, text, strlen(text));
    return copy == NULL ? (char *)(uintptr_t)protobuf_c_empty_string : copy;
}

static void line_fail(struct line *self, const struct bus_answer *answer)
{
    struct arena *arena = self->many->request->arena;
    self->error.code = answer->code;
    self->error.message = keep(arena, answer->message);
    self->error.field = keep(arena, answer->field);
    self->error.retry_after_ms = answer->retry_after_ms;
    self->error.outcome = bus_code_outcome(answer->code, 1);
}

static void on_line(void *arg, const struct bus_answer *answer)
{
    static const struct bus_answer no_memory = {.code = ANSINH__V1__CODE__CODE_UNKNOWN,
                                                .message = "no memory for the answer; ask again",
                                                .field = ""};
    struct line *self = arg;
    struct many *many = self->many;
    ProtobufCAllocator allocator;
    bus_arena_allocator(many->request->arena, &allocator);
    if (answer->code == 0) {
        self->answer =
            protobuf_c_message_unpack(many->output, &allocator, answer->body_len, answer->body);
        answer = &no_memory;
    }
    if (self->answer == NULL)
        line_fail(self, answer);
    if (--many->open == 0)
        many->finish(many);
}

/* The line's own, the same in every repetition of the call. */
static void line_id(const struct many *self, size_t i, struct request_id *ret)
{
    const unsigned char number[] = {(unsigned char)i, 'l', 'i', 'n', 'e'};
    crypto_generichash(ret->bytes, ID_BYTES, self->request->id.bytes, ID_BYTES, number,
                       sizeof(number));
    ret->bytes[6] = (uint8_t)(0x80 | (ret->bytes[6] & 0x0f));
    ret->bytes[8] = (uint8_t)(0x80 | (ret->bytes[8] & 0x3f));
}

static void many_run(struct service *svc, struct bus_request *request, const char *method,
                     const ProtobufCMessageDescriptor *output, ProtobufCMessage *const *lines,
                     size_t n, void (*finish)(struct many *self))
{
    int64_t left_ms = request->deadline_ms - clock_mono_ms() - MARGIN_MS;
    if (!collections_admit(request))
        return;
    if (n == 0 || n > COLL_LINES_MAX) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "lines", "want 1 to %d lines",
                 COLL_LINES_MAX);
        return;
    }
    struct many *self = arena_zalloc(request->arena, sizeof(*self));
    struct line *all = arena_zalloc(request->arena, n * sizeof(*all));
    if (self == NULL || all == NULL || left_ms < 1) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory, or no time");
        return;
    }
    *self = (struct many){.svc = svc,
                          .request = request,
                          .output = output,
                          .lines = all,
                          .n = n,
                          .open = n,
                          .finish = finish};
    for (size_t i = 0; i < n; i++) {
        struct request_id id;
        line_id(self, i, &id);
        struct bus_call call = {.service = PAYMENTS,
                                .method = method,
                                .id = &id,
                                .timeout_ms = left_ms,
                                .trace_id = request->trace_id,
                                .partner = request->partner};
        all[i].many = self;
        ansinh__v1__collection_error__init(&all[i].error);
        bus_call(svc->client, &call, lines[i], on_line, &all[i]);
    }
}

static void fail_memory(struct many *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_UNKNOWN, "",
             "no memory for the answer; ask with fewer lines");
}

/* --- payments --------------------------------------------------------------------------------- */

static void pay_finish(struct many *self)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__CollectionPayLine *rows = arena_alloc(arena, self->n * sizeof(*rows));
    Ansinh__V1__CollectionsPayManyResponse out;
    ansinh__v1__collections_pay_many_response__init(&out);
    out.lines = arena_alloc(arena, self->n * sizeof(*out.lines));
    if (rows == NULL || out.lines == NULL) {
        fail_memory(self);
        return;
    }
    for (size_t i = 0; i < self->n; i++) {
        ansinh__v1__collection_pay_line__init(&rows[i]);
        rows[i].answer = (Ansinh__V1__CollectionsPayResponse *)self->lines[i].answer;
        if (rows[i].answer == NULL)
            rows[i].error = &self->lines[i].error;
        out.lines[out.n_lines++] = &rows[i];
    }
    bus_reply(self->request, &out.base);
}

void on_coll_pay_many(void *arg, struct bus_request *request)
{
    const Ansinh__V1__CollectionsPayManyRequest *in =
        (const Ansinh__V1__CollectionsPayManyRequest *)request->input;
    many_run(arg, request, "ansinh.v1.Collections/Pay",
             &ansinh__v1__collections_pay_response__descriptor,
             (ProtobufCMessage *const *)in->lines, in->n_lines, pay_finish);
}

/* --- inquiries -------------------------------------------------------------------------------- */

static void inquire_finish(struct many *self)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__CollectionInquireLine *rows = arena_alloc(arena, self->n * sizeof(*rows));
    Ansinh__V1__CollectionsInquireManyResponse out;
    ansinh__v1__collections_inquire_many_response__init(&out);
    out.lines = arena_alloc(arena, self->n * sizeof(*out.lines));
    if (rows == NULL || out.lines == NULL) {
        fail_memory(self);
        return;
    }
    for (size_t i = 0; i < self->n; i++) {
        ansinh__v1__collection_inquire_line__init(&rows[i]);
        rows[i].answer = (Ansinh__V1__CollectionsInquireResponse *)self->lines[i].answer;
        if (rows[i].answer == NULL)
            rows[i].error = &self->lines[i].error;
        out.lines[out.n_lines++] = &rows[i];
    }
    bus_reply(self->request, &out.base);
}

void on_coll_inquire_many(void *arg, struct bus_request *request)
{
    const Ansinh__V1__CollectionsInquireManyRequest *in =
        (const Ansinh__V1__CollectionsInquireManyRequest *)request->input;
    many_run(arg, request, "ansinh.v1.Collections/Inquire",
             &ansinh__v1__collections_inquire_response__descriptor,
             (ProtobufCMessage *const *)in->lines, in->n_lines, inquire_finish);
}
