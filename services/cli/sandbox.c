/* ansinh sandbox: stands between a partner's client and a gateway, and does to requests with
 * certain transaction ids what networks and servers do.
 *
 * A thread for each connection: one request may be held for a minute while others pass. This is a
 * tool; services have one thread. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/json/json.h"
#include "common/service/api.h"
#include "services/cli/cli.h"
#include "services/cli/sandbox_forward.h"
#include "services/cli/sandbox_record.h"

#define USAGE                                                                                      \
    "usage: ansinh sandbox [--listen PORT] [--gateway URL] [--hold-ms N]; the gateway's "          \
    "GATEWAY_PUBLIC_URL is the sandbox's address"
#define CONNECTIONS_MAX 256
#define TARGET_BYTES 2048
#define REQUEST_MAX_BYTES ((size_t)256 * 1024)
#define RECORD_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define ARENA_BYTES ((size_t)1024 * 1024)
#define PORT 8090
#define HOLD_MS 40000 /* longer than any client should wait */
#define HOLD_MAX_MS 600000
#define SLOW_MS 5000
#define ANSWER_TIMEOUT_MS 60000
#define TRANSACTION_FIELD "partner_transaction_id"
#define REFERENCE_FIELD "reference" /* of a remittance */
#define NONCE_FIELD ";nonce=\""

static const char unavailable[] = "{\"code\":\"unavailable\",\"message\":\"simulated; nothing was "
                                  "done\"}";
static const char exhausted[] = "{\"code\":\"resource_exhausted\",\"message\":\"simulated; nothing "
                                "was done\"}";
static const char unknown[] = "{\"code\":\"unknown\",\"message\":\"simulated; ask GetPayment\"}";
static const char garbage[] = "<html><body><h1>502 Bad Gateway</h1></body></html>";

struct sandbox {
    const char *gateway;
    int64_t hold_ms;
    int end_fd; /* readable when it ends */
    struct sandbox_record *record;
};

/* One request; libmicrohttpd keeps it for us. */
struct exchange {
    char target[TARGET_BYTES]; /* as it came: a signature covers it */
    int is_begun;
    struct buf body;
    struct forward_fields fields;
    const char *content_type, *signature_input;
    struct record_line line;
    uint64_t number; /* of the line; 0: it is not recorded yet */
};

/* --- reading ---------------------------------------------------------------------------------- */

static enum MHD_Result on_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    struct exchange *self = arg;
    (void)kind;
    value = value == NULL ? "" : value;
    if (strcasecmp(name, "Content-Type") == 0)
        self->content_type = value;
    else if (strcasecmp(name, "Signature-Input") == 0)
        self->signature_input = value;
    forward_fields_add(&self->fields, name, value);
    return MHD_YES;
}

static const char *transaction_of(const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, TRANSACTION_FIELD);
    if (field == NULL)
        field =
            protobuf_c_message_descriptor_get_field_by_name(message->descriptor, REFERENCE_FIELD);
    return field == NULL
               ? ""
               : *(const char *const *)(const void *)((const char *)message + field->offset);
}

/* The transaction id of a body that can be read; one that cannot is refused by the gateway. */
static void find_transaction(struct exchange *self, const struct api_method *method)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    ProtobufCMessage *message = NULL;
    ProtobufCAllocator allocator;
    struct err err = {0};
    bus_arena_allocator(arena, &allocator);
    if (strncmp(self->content_type, "application/json", 16) == 0) {
        if (json_to_message((const char *)self->body.data, self->body.len, method->input, arena,
                            &message, &err) < 0)
            message = NULL;
    } else {
        message =
            protobuf_c_message_unpack(method->input, &allocator, self->body.len, self->body.data);
    }
    if (message != NULL)
        (void)snprintf(self->line.transaction_id, sizeof(self->line.transaction_id), "%s",
                       transaction_of(message));
    arena_destroy(&arena);
}

static void find_nonce(struct exchange *self)
{
    const char *at = strstr(self->signature_input, NONCE_FIELD);
    if (at != NULL)
        (void)snprintf(self->line.nonce, sizeof(self->line.nonce), "%.*s",
                       (int)strcspn(at + strlen(NONCE_FIELD), "\""), at + strlen(NONCE_FIELD));
}

static void read_request(const struct sandbox *sandbox, struct exchange *self, const char *path)
{
    uint8_t digest[crypto_hash_sha256_BYTES];
    const struct api_method *method = path[0] == '/' ? api_find(path + 1) : NULL;
    self->line.at_ms = clock_wall_ms();
    (void)snprintf(self->line.method, sizeof(self->line.method), "%s",
                   strncmp(path, "/ansinh.v1.", 11) == 0 ? path + 11 : path);
    (void)crypto_hash_sha256(digest, self->body.data, self->body.len);
    (void)sodium_bin2hex(self->line.body_digest, sizeof(self->line.body_digest), digest,
                         sizeof(digest));
    find_nonce(self);
    if (method != NULL)
        find_transaction(self, method);
    if (method == NULL || method->is_read || self->line.transaction_id[0] == '\0')
        return;
    self->line.attempt =
        record_attempt(sandbox->record, self->line.method, self->line.transaction_id);
    self->line.act = sandbox_act_of(self->line.transaction_id, self->line.attempt);
}

/* --- answering -------------------------------------------------------------------------------- */

/* This thread serves one connection. */
static void hold(const struct sandbox *self, int64_t ms)
{
    struct pollfd end = {.fd = self->end_fd, .events = POLLIN};
    (void)poll(&end, 1, (int)ms);
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                                   const char *type, const char *text, size_t len)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    (void)MHD_add_response_header(response, "Content-Type", type);
    if (status == MHD_HTTP_TOO_MANY_REQUESTS || status == MHD_HTTP_SERVICE_UNAVAILABLE)
        (void)MHD_add_response_header(response, "Retry-After", "1");
    enum MHD_Result rc = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return rc;
}

static enum MHD_Result answer_forwarded(struct MHD_Connection *connection,
                                        struct forward_answer *answer)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body.len, answer->body.data, MHD_RESPMEM_MUST_COPY);
    for (size_t i = 0; i < answer->fields.n; i++) {
        char *colon = strchr(answer->fields.texts[i], ':');
        *colon = '\0';
        (void)MHD_add_response_header(response, answer->fields.texts[i], colon + 2);
    }
    enum MHD_Result rc = MHD_queue_response(connection, (unsigned)answer->status, response);
    MHD_destroy_response(response);
    return rc;
}

/* Changes one character of what is said, so that digest and signature do not fit. */
static void forge(struct buf *body)
{
    for (size_t i = body->len; i > 0; i--) {
        if (body->data[i - 1] >= '0' && body->data[i - 1] <= '8') {
            body->data[i - 1]++;
            return;
        }
    }
}

static int pass_on(const struct sandbox *self, const char *method, struct exchange *exchange,
                   struct forward_answer *ret)
{
    char url[2 * TARGET_BYTES];
    (void)snprintf(url, sizeof(url), "%s%s", self->gateway, exchange->target);
    return forward(url, method, &exchange->fields, &exchange->body, ANSWER_TIMEOUT_MS, ret);
}

/* MHD_NO closes the connection without an answer. */
static enum MHD_Result act(const struct sandbox *self, struct MHD_Connection *connection,
                           const char *method, struct exchange *exchange)
{
    enum sandbox_act what = exchange->line.act;
    struct forward_answer answer;
    if (what == SANDBOX_TIMEOUT_BEFORE) {
        hold(self, self->hold_ms);
        return MHD_NO;
    }
    if (what == SANDBOX_UNAVAILABLE || what == SANDBOX_LIMIT) {
        int is_limit = what == SANDBOX_LIMIT;
        exchange->line.status =
            is_limit ? MHD_HTTP_TOO_MANY_REQUESTS : MHD_HTTP_SERVICE_UNAVAILABLE;
        return answer_text(connection, exchange->line.status, "application/json",
                           is_limit ? exhausted : unavailable,
                           (is_limit ? sizeof(exhausted) : sizeof(unavailable)) - 1);
    }
    forward_answer_init(&answer);
    int rc = pass_on(self, method, exchange, &answer);
    if (rc == 0 && what == SANDBOX_TWICE) {
        forward_answer_fini(&answer);
        forward_answer_init(&answer);
        rc = pass_on(self, method, exchange, &answer);
    }
    enum MHD_Result result = MHD_NO;
    if (what == SANDBOX_TIMEOUT_AFTER) {
        hold(self, self->hold_ms);
    } else if (what == SANDBOX_UNKNOWN) {
        exchange->line.status = MHD_HTTP_INTERNAL_SERVER_ERROR;
        result = answer_text(connection, exchange->line.status, "application/json", unknown,
                             sizeof(unknown) - 1);
    } else if (what == SANDBOX_GARBAGE || rc < 0) {
        exchange->line.status = MHD_HTTP_BAD_GATEWAY;
        result = answer_text(connection, exchange->line.status, "text/html", garbage,
                             sizeof(garbage) - 1);
    } else {
        if (what == SANDBOX_SLOW)
            hold(self, SLOW_MS);
        if (what == SANDBOX_FORGED)
            forge(&answer.body);
        exchange->line.status = (unsigned)answer.status;
        result = answer_forwarded(connection, &answer);
    }
    forward_answer_fini(&answer);
    return result;
}

static enum MHD_Result answer_record(const struct sandbox *self, struct MHD_Connection *connection)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, "after");
    int64_t after = 0;
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, RECORD_MAX_BYTES);
    if ((text != NULL && parse_int64(text, 0, INT64_MAX, &after) < 0) ||
        record_write(self->record, (uint64_t)after, &out) < 0)
        return answer_text(connection, MHD_HTTP_BAD_REQUEST, "text/plain", "after: want a number",
                           20);
    return answer_text(connection, MHD_HTTP_OK, "application/json", (const char *)out.data,
                       out.len);
}

/* --- libmicrohttpd ---------------------------------------------------------------------------- */

static void *on_target(void *arg, const char *target, struct MHD_Connection *connection)
{
    struct exchange *self = calloc(1, sizeof(*self));
    (void)arg;
    (void)connection;
    if (self == NULL)
        return NULL;
    (void)snprintf(self->target, sizeof(self->target), "%s", target);
    self->content_type = self->signature_input = "";
    buf_init(&self->body, REQUEST_MAX_BYTES);
    return self;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct sandbox *sandbox = arg;
    struct exchange *self = *context;
    (void)connection;
    (void)code;
    if (self == NULL)
        return;
    if (self->number != 0)
        record_answered(sandbox->record, self->number, self->line.status);
    forward_fields_fini(&self->fields);
    buf_fini(&self->body);
    free(self);
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *data,
                                  size_t *len, void **context)
{
    const struct sandbox *sandbox = arg;
    struct exchange *self = *context;
    (void)version;
    if (self == NULL)
        return MHD_NO;
    if (!self->is_begun) {
        self->is_begun = 1;
        return MHD_YES;
    }
    if (*len > 0) {
        int rc = buf_append(&self->body, data, *len);
        *len = 0;
        return rc < 0 ? MHD_NO : MHD_YES;
    }
    if (strcmp(path, "/sandbox/record") == 0)
        return answer_record(sandbox, connection);
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, on_header, self);
    read_request(sandbox, self, path);
    self->number = record_add(sandbox->record, &self->line);
    return act(sandbox, connection, method, self);
}

/* --- the command ------------------------------------------------------------------------------ */

static void say(const struct sandbox *self, int64_t port)
{
    (void)printf("sandbox: http://127.0.0.1:%lld in front of %s; what came: /sandbox/record\n",
                 (long long)port, self->gateway);
    for (int i = SANDBOX_PASS + 1; i < SANDBOX_ACTS; i++)
        (void)printf("  %-20s... %s\n", sandbox_magic((enum sandbox_act)i),
                     sandbox_help((enum sandbox_act)i));
    (void)fflush(stdout);
}

static int wait_for_end(void)
{
    sigset_t signals;
    int signal_number;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    return sigwait(&signals, &signal_number);
}

static int run(struct sandbox *self, int64_t port)
{
    sigset_t signals;
    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGINT);
    (void)sigaddset(&signals, SIGTERM);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* the threads to come inherit it */
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    self->record = record_create();
    self->end_fd = eventfd(0, EFD_CLOEXEC);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, (uint16_t)port, NULL, NULL,
        on_request, self, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_CONNECTION_LIMIT,
        CONNECTIONS_MAX, MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, self, MHD_OPTION_END);
    if (daemon == NULL || self->end_fd < 0) {
        record_destroy(&self->record);
        return cli_fail(1, "port %lld cannot be listened on", (long long)port);
    }
    say(self, port);
    (void)wait_for_end();
    (void)eventfd_write(self->end_fd, 1);
    MHD_stop_daemon(daemon);
    (void)close(self->end_fd);
    record_destroy(&self->record);
    return 0;
}

int cli_sandbox(int argc, char **argv)
{
    struct sandbox self = {.gateway = "http://127.0.0.1:8080", .hold_ms = HOLD_MS};
    int64_t port = PORT;
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--gateway") == 0 && value[0] != '\0')
            self.gateway = value;
        else if (strcmp(argv[i], "--listen") == 0 && parse_int64(value, 1, 65535, &port) == 0)
            continue;
        else if (strcmp(argv[i], "--hold-ms") == 0 &&
                 parse_int64(value, 0, HOLD_MAX_MS, &self.hold_ms) == 0)
            continue;
        else
            return cli_fail(2, USAGE);
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
        return cli_fail(1, "libcurl cannot be used");
    return run(&self, port);
}
