#include "services/gateway/gateway.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/base/log.h"
#include "services/gateway/auth.h"
#include "services/gateway/connect.h"
#include "services/gateway/connect_error.h"
#include "services/gateway/http.h"
#include "services/gateway/metrics_page.h"
#include "services/gateway/sse.h"
#include "services/gateway/static.h"

#define API_PREFIX "/ansinh."
#define OWN_DESCRIPTORS 256 /* beside the clients' connections */

static struct gateway_conf {
    char address[CONF_STRING_BYTES];
    char web[CONF_STRING_BYTES];
    char libraries[CONF_STRING_BYTES];
    int64_t port;
    int64_t body_max_bytes, head_max_bytes;
    int64_t connections_max, connections_per_ip_max;
    int64_t idle_timeout_s;
    int64_t viewers_max, viewer_bytes, live_bytes;
    int64_t timeout_ms;
    char public_url[CONF_STRING_BYTES];
    int has_open_payments;
    int64_t codes_per_minute;
    char client_header[CONF_STRING_BYTES];
} conf;

#define FIELD(name) offsetof(struct gateway_conf, name)

static const struct conf_item items[] = {
    {"GATEWAY_ADDRESS", CONF_STRING, "127.0.0.1", 1, 64, "", FIELD(address),
     "IPv4 or IPv6 address to listen on; a proxy with TLS stands in front of any public one"},
    {"GATEWAY_PORT", CONF_INT, "8080", 0, 65535, "", FIELD(port),
     "port to listen on; 0: any free one, told in the log"},
    {"GATEWAY_WEB", CONF_STRING, "services/gateway/web", 1, CONF_STRING_BYTES - 1, "", FIELD(web),
     "directory with the dashboard's files, read once at the start"},
    {"GATEWAY_LIBRARIES", CONF_STRING, "/usr/share/nodejs", 1, CONF_STRING_BYTES - 1, "",
     FIELD(libraries),
     "folder of the distribution's JavaScript packages; the dashboard's charts need "
     "`node-d3-shape`"},
    {"GATEWAY_BODY_BYTES", CONF_INT, "262144", 1024, 1048576, "bytes", FIELD(body_max_bytes),
     "largest request body"},
    {"GATEWAY_HEAD_BYTES", CONF_INT, "16384", 4096, 1048576, "bytes", FIELD(head_max_bytes),
     "memory of one connection: request line, headers, buffers"},
    {"GATEWAY_CONNECTIONS", CONF_INT, "10000", 10, 100000, "", FIELD(connections_max),
     "connections at once"},
    {"GATEWAY_CONNECTIONS_PER_IP", CONF_INT, "3000", 0, 100000, "", FIELD(connections_per_ip_max),
     "connections at once from one address; a proxy in front is one address; 0: any number"},
    {"GATEWAY_IDLE_S", CONF_INT, "30", 1, 3600, "s", FIELD(idle_timeout_s),
     "a connection on which nothing moves is closed after this long"},
    {"GATEWAY_VIEWERS", CONF_INT, "4000", 1, 100000, "", FIELD(viewers_max),
     "streams of live progress at once"},
    {"GATEWAY_VIEWER_BYTES", CONF_INT, "65536", 4096, 4194304, "bytes", FIELD(viewer_bytes),
     "what the system keeps of a stream until its viewer takes it; what comes after is skipped"},
    {"GATEWAY_LIVE_BYTES", CONF_INT, "67108864", 1048576, 1073741824, "bytes", FIELD(live_bytes),
     "frames of live progress, all streams together; from half of it on slow viewers are cut"},
    {"GATEWAY_TIMEOUT_MS", CONF_INT, "10000", 10, BUS_TIMEOUT_MAX_MS, "ms", FIELD(timeout_ms),
     "deadline of requests without Connect-Timeout-Ms"},
    {"GATEWAY_PUBLIC_URL", CONF_STRING, "", 0, CONF_STRING_BYTES - 1, "", FIELD(public_url),
     "`https://host` by which partners call, as their signatures say it; empty: `http://` and the "
     "request's Host"},
    {"GATEWAY_CODES_PER_MINUTE", CONF_INT, "60", 0, 100000, "1/min", FIELD(codes_per_minute),
     "receipts that one address may check by their code (Receipts/VerifyCode); 0: unlimited"},
    {"GATEWAY_CLIENT_HEADER", CONF_STRING, "", 0, 64, "", FIELD(client_header),
     "header in which the proxy in front tells the client's address as its last element "
     "(X-Forwarded-For); empty: the connection's address counts"},
    {"GATEWAY_OPEN_PAYMENTS", CONF_BOOL, "true", 0, 1, "", FIELD(has_open_payments),
     "commands of Payments, Custody and Receipts, and reads of Custody, are taken from callers "
     "that "
     "do not sign; false: only what partners sign takes money"},
};

struct gateway {
    struct service *svc;
    struct http *http;
    struct auth *auth;
    struct connect *connect;
    struct sse *sse;
    struct metrics_page *metrics_page;
    struct static_files *files;
};

/* --- pages -------------------------------------------------------------------------------------
 */

static void answer_text(struct http_request *request, unsigned status, const char *text)
{
    static const struct http_header headers[] = {
        {"Content-Type", "text/plain; charset=utf-8"},
        {"Cache-Control", "no-store"},
    };
    (void)buf_printf(&request->out, "%s\n", text);
    http_answer(request, status, headers, ARRAY_LEN(headers), request->out.data, request->out.len);
}

/* The services without which the platform cannot enrol, collect and show. */
static const char *missing(const struct service *svc)
{
    static const struct {
        const char *names[2];
        const char *text;
    } needed[] = {
        {{"enrolment", NULL}, "no live instance of enrolment"},
        {{"payments", NULL}, "no live instance of payments"},
        {{"analytics", NULL}, "no live instance of analytics"},
    };
    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (!service_sees(svc, needed[i].names))
            return needed[i].text;
    }
    return NULL;
}

static const char *gateway_problem(struct service *svc)
{
    return missing(svc);
}

static void handle_healthz(struct gateway *self, struct http_request *request)
{
    const char *problem = self->svc->is_draining ? "draining" : missing(self->svc);
    answer_text(request, problem == NULL ? 200 : 503, problem == NULL ? "ok" : problem);
}

static void handle_metrics(struct gateway *self, struct http_request *request)
{
    metrics_page_handle(self->metrics_page, request);
}

static void handle_keys(struct gateway *self, struct http_request *request)
{
    auth_page(self->auth, request);
}

static void handle_watch(struct gateway *self, struct http_request *request)
{
    sse_handle(self->sse, request);
}

static void handle_file(struct gateway *self, struct http_request *request)
{
    static_handle(self->files, request);
}

/* --- routes ------------------------------------------------------------------------------------
 */

typedef void (*page_fn)(struct gateway *self, struct http_request *request);

/* Pages that are only read; NULL: everything else, which Connect answers for. */
static page_fn page_of(const struct gateway *self, const char *path)
{
    static const struct {
        const char *path;
        page_fn fn;
    } pages[] = {
        {"/healthz", handle_healthz},
        {"/metrics", handle_metrics},
        {"/.well-known/ansinh-keys", handle_keys},
        {"/v1/watch", handle_watch},
    };
    if (strncmp(path, API_PREFIX, strlen(API_PREFIX)) == 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        if (strcmp(path, pages[i].path) == 0)
            return pages[i].fn;
    }
    return static_has(self->files, path) ? handle_file : NULL;
}

static void on_request(void *arg, struct http_request *request)
{
    struct gateway *self = arg;
    page_fn page = page_of(self, request->path);
    if (request->is_too_large) {
        struct connect_error error = {.code = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
                                      .status = 413,
                                      .message = "the request body is too large"};
        connect_error_answer(request, &error, NULL, 0);
    } else if (page == NULL) {
        connect_handle(self->connect, request);
    } else if (request->method == HTTP_GET ||
               (request->method == HTTP_HEAD && page != handle_watch)) {
        page(self, request);
    } else {
        static const struct http_header allow[] = {{"Allow", "GET"}};
        http_answer(request, 405, allow, ARRAY_LEN(allow), NULL, 0);
    }
}

/* --- numbers ------------------------------------------------------------------------------------
 */

static void collect(void *arg, metrics_emit_fn emit, void *sink)
{
    const struct gateway *self = arg;
    const char *labels;
    int64_t count;
    for (size_t i = 0; http_status_count(self->http, i, &labels, &count); i++)
        emit(sink, "http_requests_total", labels, count, 1);
    struct http_stats stats;
    http_stats_get(self->http, &stats);
    emit(sink, "http_connections", "", stats.connections, 0);
    emit(sink, "http_requests_open", "", (int64_t)http_open_requests(self->http), 0);
    emit(sink, "http_bodies_too_large_total", "", stats.too_large, 1);
    emit(sink, "http_connections_cut_total", "", stats.cut, 1);
}

/* --- life ---------------------------------------------------------------------------------------
 */

/* One descriptor per connection: asks for as many as the system gives, and takes no more
 * connections than that. */
static int raise_descriptors(struct err *err)
{
    struct rlimit limit;
    rlim_t need = (rlim_t)conf.connections_max + OWN_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= need)
        return 0;
    limit.rlim_cur = MIN(need, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= OWN_DESCRIPTORS)
        return err_set(err, -EMFILE, "%llu file descriptors are too few (raise ulimit -n)",
                       (unsigned long long)limit.rlim_cur);
    if (limit.rlim_cur < need) {
        int64_t wanted = conf.connections_max;
        conf.connections_max = (int64_t)(limit.rlim_cur - OWN_DESCRIPTORS);
        log_warn("fewer connections than wanted: raise the limit of file descriptors",
                 "ulimit_n=%llu needed=%llu GATEWAY_CONNECTIONS=%lld connections=%lld",
                 (unsigned long long)limit.rlim_cur, (unsigned long long)need, (long long)wanted,
                 (long long)conf.connections_max);
    }
    return 0;
}

static int open_http(struct gateway *self, struct err *err)
{
    struct http_conf http = {
        .address = conf.address,
        .port = (uint16_t)conf.port,
        .body_max_bytes = (size_t)conf.body_max_bytes,
        .head_max_bytes = (size_t)conf.head_max_bytes,
        .connections_max = (unsigned)conf.connections_max,
        .connections_per_ip_max = (unsigned)conf.connections_per_ip_max,
        .idle_timeout_s = (unsigned)conf.idle_timeout_s,
        .stream_unsent_bytes = (int)conf.viewer_bytes,
    };
    return http_create(self->svc->loop, &http, on_request, self, &self->http, err);
}

static void gateway_destroy(struct service *svc)
{
    struct gateway *self = svc->context;
    /* first of all, so that every call is answered and every request with it */
    bus_client_destroy(&svc->client);
    if (self->sse != NULL)
        sse_drain(self->sse);
    http_destroy(&self->http);
    sse_destroy(&self->sse);
    connect_destroy(&self->connect);
    auth_destroy(&self->auth);
    metrics_page_destroy(&self->metrics_page);
    static_destroy(&self->files);
    free(self);
    svc->context = NULL;
}

/* Without its charts the dashboard is worth having. */
static int load_files(struct gateway *self, struct err *err)
{
    struct err missing = {0};
    int rc = static_load(conf.web, &self->files, err);
    if (rc == 0 && static_add_libraries(self->files, conf.libraries, &missing) < 0)
        log_warn("the dashboard has no charts", "problem=%s", missing.text);
    return rc;
}

static int gateway_create(struct service *svc, struct err *err)
{
    struct gateway *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    svc->context = self;
    self->svc = svc;
    int rc = raise_descriptors(err);
    if (rc == 0)
        rc = load_files(self, err);
    if (rc == 0)
        rc = sse_create(svc, (size_t)conf.viewers_max, (size_t)conf.live_bytes, &self->sse, err);
    if (rc == 0)
        rc = auth_create(svc, &(struct auth_conf){.public_url = conf.public_url}, &self->auth, err);
    if (rc == 0) {
        const struct connect_conf connect = {.auth = self->auth,
                                             .timeout_ms = conf.timeout_ms,
                                             .has_open_payments = conf.has_open_payments,
                                             .codes_per_minute = conf.codes_per_minute,
                                             .client_header = conf.client_header};
        self->connect = connect_create(svc, &connect);
        self->metrics_page = metrics_page_create(svc);
        rc = open_http(self, err);
    }
    if (rc < 0)
        return rc;
    metrics_collector(svc->metrics, collect, self);
    log_info("http is listening", "address=%s port=%u files=%zu", conf.address,
             http_port(self->http), static_count(self->files));
    return 0;
}

static int gateway_is_idle(struct service *svc)
{
    struct gateway *self = svc->context;
    http_drain(self->http);
    sse_drain(self->sse);
    return http_open_requests(self->http) == 0;
}

const struct service_spec gateway_spec = {
    .name = "gateway",
    .prefix = "GATEWAY_",
    .items = items,
    .n_items = ARRAY_LEN(items),
    .conf = &conf,
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_CLIENT | SERVICE_SERVER | SERVICE_DIRECTORY,
    .create = gateway_create,
    .problem = gateway_problem,
    .is_idle = gateway_is_idle,
    .destroy = gateway_destroy,
};
