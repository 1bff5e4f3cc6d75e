#include "services/gateway/connect.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/json/json.h"
#include "services/gateway/auth.h"
#include "services/gateway/connect_call.h"
#include "services/gateway/limiter.h"

#define TRACE_BYTES 8
#define CUSTODY_PREFIX "ansinh.v1.Custody/"
#define RECEIPTS_PREFIX "ansinh.v1.Receipts/"
#define VERIFY_CODE RECEIPTS_PREFIX "VerifyCode"
#define OWN_PROCESS "gateway"
#define PARTNERS_PREFIX "ansinh.v1.Collections/"
#define PAYMENTS_PREFIX "ansinh.v1.Payments/"

struct connect {
    struct service *svc;
    struct auth *auth;
    int has_open_payments;
    int64_t timeout_ms;
    char trace_prefix[2 * TRACE_BYTES + 1]; /* of this process; a number makes it a request's */
    uint64_t n_traces;
    size_t n_open;
    int64_t *refusals[CONNECT_REFUSALS];
    struct limiter *limiter; /* of checked codes, by address */
    const char *client_header;
    int64_t *limited;
};

struct connect *connect_create(struct service *svc, const struct connect_conf *conf)
{
    static const char *const kinds[CONNECT_REFUSALS] = {
        [CONNECT_UNKNOWN_METHOD] = "kind=\"unknown_method\"",
        [CONNECT_BAD_VERB] = "kind=\"verb\"",
        [CONNECT_BAD_TYPE] = "kind=\"content_type\"",
        [CONNECT_BAD_HEADER] = "kind=\"header\"",
        [CONNECT_BAD_MESSAGE] = "kind=\"message\"",
    };
    struct connect *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->auth = conf->auth;
    self->has_open_payments = conf->has_open_payments;
    self->timeout_ms = conf->timeout_ms;
    self->client_header = conf->client_header == NULL ? "" : conf->client_header;
    self->limiter = limiter_create(conf->codes_per_minute);
    self->limited = metrics_counter(svc->metrics, "codes_limited_total", "");
    uint8_t prefix[TRACE_BYTES];
    randombytes_buf(prefix, sizeof(prefix));
    format_hex(prefix, sizeof(prefix), self->trace_prefix);
    for (int i = CONNECT_ACCEPTED + 1; i < CONNECT_REFUSALS; i++)
        self->refusals[i] = metrics_counter(svc->metrics, "bad_input_total", kinds[i]);
    return self;
}

void connect_destroy(struct connect **self)
{
    if (*self == NULL)
        return;
    ASSERT((*self)->n_open == 0);
    limiter_destroy(&(*self)->limiter);
    free(*self);
    *self = NULL;
}

/* --- answers ------------------------------------------------------------------------------------
 */

static void answer_error(struct connect_call *call, const struct connect_error *error)
{
    struct connect_error told = *error;
    told.is_command = call->has_id;
    connect_error_answer(call->request, &told, call->headers, call->n_headers);
}

/* Writes the answer's message in the caller's encoding; 0 for one that cannot be written. */
static int write_output(const struct connect_call *call, const uint8_t *body, size_t len)
{
    struct buf *out = &call->request->out;
    buf_reset(out);
    if (call->codec == CONNECT_PROTO)
        return buf_append(out, body, len) == 0;
    ProtobufCAllocator allocator;
    bus_arena_allocator(call->request->arena, &allocator);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(call->method->output, &allocator, len, body);
    return message != NULL && json_from_message(message, JSON_DEFAULTS, out) == 0;
}

static void answer_output(struct connect_call *call, const uint8_t *body, size_t len)
{
    if (!write_output(call, body, len)) {
        log_error("an answer cannot be written", "method=%s trace=%s len=%zu", call->method->name,
                  call->trace_id, len);
        struct connect_error error = {.code = ANSINH__V1__CODE__CODE_INTERNAL,
                                      .message = "the answer cannot be written"};
        answer_error(call, &error);
        return;
    }
    connect_call_header(call, "Content-Type",
                        call->codec == CONNECT_JSON ? "application/json" : "application/proto");
    connect_call_header(call, "Cache-Control", "no-store");
    struct buf *out = &call->request->out;
    http_answer(call->request, 200, call->headers, call->n_headers, out->data, out->len);
}

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct connect_call *call = arg;
    struct connect *self = call->arg;
    self->n_open--;
    CRASH_POINT(GATEWAY_ANSWERED);
    log_debug("answered", "method=%s trace=%s code=%s", call->method->name, call->trace_id,
              bus_code_name(answer->code));
    if (answer->code == ANSINH__V1__CODE__CODE_UNSPECIFIED) {
        answer_output(call, answer->body, answer->body_len);
        return;
    }
    struct connect_error error = {.code = answer->code,
                                  .message = answer->message,
                                  .field = answer->field,
                                  .retry_after_ms = answer->retry_after_ms};
    /* a call cut off by the gateway's end may have been carried out */
    if (call->has_id && error.code == ANSINH__V1__CODE__CODE_CANCELED)
        error.code = ANSINH__V1__CODE__CODE_UNKNOWN;
    if (call->has_id && error.code == ANSINH__V1__CODE__CODE_UNKNOWN)
        error.request_id = call->key;
    answer_error(call, &error);
}

/* --- requests -----------------------------------------------------------------------------------
 */

/* The process that a method of every process is asked of: the text field "service" of its input.
 * NULL for a name that no process has. */
static const char *process_of(const ProtobufCMessage *input)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(input->descriptor, "service");
    ASSERT(field != NULL && field->type == PROTOBUF_C_TYPE_STRING);
    const char *name = *(char *const *)(const void *)((const char *)input + field->offset);
    if (name[0] == '\0')
        return OWN_PROCESS;
    for (const char *const *process = api_processes(); *process != NULL; process++) {
        if (strcmp(*process, name) == 0)
            return *process;
    }
    return NULL;
}

/* Decodes the input where somebody must look into it: JSON, and what says which process is meant.
 */
static enum connect_refusal decode(struct connect_call *call, ProtobufCMessage **ret,
                                   struct err *err, struct connect_error *error)
{
    const struct api_method *method = call->method;
    *error = (struct connect_error){.code = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT};
    *ret = NULL;
    if (call->codec == CONNECT_JSON) {
        if (json_to_message((const char *)call->message, call->message_len, method->input,
                            call->request->arena, ret, err) == 0)
            return CONNECT_ACCEPTED;
        error->message = err->text;
        error->field = err->field;
        return CONNECT_BAD_MESSAGE;
    }
    if (method->process[0] != '\0')
        return CONNECT_ACCEPTED;
    ProtobufCAllocator allocator;
    bus_arena_allocator(call->request->arena, &allocator);
    *ret = protobuf_c_message_unpack(method->input, &allocator, call->message_len, call->message);
    error->message = "the message is no valid protobuf";
    return *ret == NULL ? CONNECT_BAD_MESSAGE : CONNECT_ACCEPTED;
}

static void send_call(struct connect *self, struct connect_call *call,
                      const ProtobufCMessage *input)
{
    struct bus_call out = {.service = call->method->process,
                           .method = call->method->name,
                           .id = call->has_id ? &call->id : NULL,
                           .timeout_ms = call->timeout_ms,
                           .trace_id = call->trace_id,
                           .partner = call->partner};
    if (out.service[0] == '\0') {
        out.service = process_of(input);
        if (out.service == NULL) {
            struct connect_error error = {.code = ANSINH__V1__CODE__CODE_NOT_FOUND,
                                          .message = "there is no service of this name",
                                          .field = "service"};
            answer_error(call, &error);
            return;
        }
        if (strcmp(out.service, OWN_PROCESS) == 0)
            out.instance = self->svc->conf.instance;
    }
    self->n_open++;
    if (input != NULL)
        bus_call(self->svc->client, &out, input, on_answer, call);
    else
        bus_call_packed(self->svc->client, &out, call->message, call->message_len, on_answer, call);
    CRASH_POINT(GATEWAY_ASKED);
}

/* --- who may call -------------------------------------------------------------------------------
 */

/* What officers call unsigned inside, and partners signed for what is their own. */
static const char *const shared_methods[] = {
    CUSTODY_PREFIX "Remit",       CUSTODY_PREFIX "GetCustody",  RECEIPTS_PREFIX "AllocateBlock",
    RECEIPTS_PREFIX "CloseBlock", RECEIPTS_PREFIX "ListBlocks",
};

static int is_of_partners(const struct api_method *method)
{
    return strncmp(method->name, PARTNERS_PREFIX, strlen(PARTNERS_PREFIX)) == 0;
}

/* Whether the signature is to be looked at: a partner's name is never taken from anything else. */
static int is_signed(const struct connect_call *call)
{
    if (is_of_partners(call->method))
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(shared_methods); i++) {
        if (strcmp(call->method->name, shared_methods[i]) == 0)
            return http_header_joined(call->request, "Signature-Input") != NULL;
    }
    return 0;
}

/* What moves money without saying who collects it. */
static int is_payment(const struct api_method *method)
{
    if (strncmp(method->name, CUSTODY_PREFIX, strlen(CUSTODY_PREFIX)) == 0)
        return 1;
    if (strncmp(method->name, RECEIPTS_PREFIX, strlen(RECEIPTS_PREFIX)) == 0)
        return !method->is_read;
    return !method->is_read &&
           strncmp(method->name, PAYMENTS_PREFIX, strlen(PAYMENTS_PREFIX)) == 0 &&
           strcmp(method->name, PAYMENTS_PREFIX "Inquire") != 0;
}

static void refuse(struct connect *self, struct connect_call *call, enum connect_refusal refusal,
                   const struct connect_error *error)
{
    ++*self->refusals[refusal];
    log_debug("refused", "path=%.64s trace=%s field=%s", call->request->path, call->trace_id,
              error->field == NULL ? "" : error->field);
    answer_error(call, error);
}

static void refuse_payment(struct connect_call *call)
{
    const struct connect_error error = {.code = ANSINH__V1__CODE__CODE_PERMISSION_DENIED,
                                        .message = "payments are taken by Collections, signed"};
    answer_error(call, &error);
}

/* Who asks, as far as the proxy or the connection tells. */
static void client_of(const struct connect *self, struct http_request *request,
                      char ret[HTTP_PEER_BYTES])
{
    const char *told =
        self->client_header[0] == '\0' ? NULL : http_header_joined(request, self->client_header);
    http_peer(request, ret);
    if (told == NULL)
        return;
    const char *comma = strrchr(told, ',');
    const char *last = comma == NULL ? told : comma + 1;
    (void)snprintf(ret, HTTP_PEER_BYTES, "%s", last + strspn(last, " "));
}

/* Codes are checked by anybody: who guesses must not get far. True when it was refused. */
static int is_over_limit(struct connect *self, struct connect_call *call)
{
    char client[HTTP_PEER_BYTES];
    if (strcmp(call->method->name, VERIFY_CODE) != 0)
        return 0;
    client_of(self, call->request, client);
    int64_t wait_ms = limiter_take(self->limiter, client, clock_mono_ms());
    const struct connect_error error = {.code = ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED,
                                        .message = "too many receipts were checked from here",
                                        .retry_after_ms = (unsigned)wait_ms};
    if (wait_ms == 0)
        return 0;
    ++*self->limited;
    answer_error(call, &error);
    return 1;
}

static void go_on(struct connect_call *call)
{
    struct connect *self = call->arg;
    struct connect_error error = {0};
    struct err err = {0};
    ProtobufCMessage *input = NULL;
    enum connect_refusal refusal = decode(call, &input, &err, &error);
    if (refusal == CONNECT_ACCEPTED)
        send_call(self, call, input);
    else
        refuse(self, call, refusal, &error);
}

static void on_checked(void *arg, const char *partner, const struct connect_error *error)
{
    struct connect_call *call = arg;
    const struct connect_error no_key = {
        .code = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
        .message = "want an Idempotency-Key: without it a repetition would be done again"};
    call->partner = partner;
    if (error != NULL)
        answer_error(call, error);
    else if (!is_of_partners(call->method) && call->has_id &&
             http_header_joined(call->request, "Idempotency-Key") == NULL)
        answer_error(call, &no_key);
    else
        go_on(call);
}

void connect_handle(struct connect *self, struct http_request *request)
{
    struct connect_call *call = arena_zalloc(request->arena, sizeof(*call));
    char *trace = arena_printf(request->arena, "%s%016llx", self->trace_prefix,
                               (unsigned long long)self->n_traces++);
    ASSERT(call != NULL && trace != NULL); /* the arena is empty */
    call->request = request;
    call->timeout_ms = self->timeout_ms;
    call->trace_id = trace;
    call->arg = self;
    struct connect_error error = {0};
    enum connect_refusal refusal = connect_call_read(call, &error);
    if (refusal != CONNECT_ACCEPTED)
        refuse(self, call, refusal, &error);
    else if (is_signed(call))
        auth_check(self->auth, request, call->trace_id, on_checked, call);
    else if (is_payment(call->method) && !self->has_open_payments)
        refuse_payment(call);
    else if (!is_over_limit(self, call))
        go_on(call);
}
