#include "services/gateway/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "services/gateway/http_address.h"

#define ARENA_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define ANSWER_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define DISCARD_MAX_BYTES ((size_t)4 * 1024 * 1024) /* read on after a body became too large */
#define SPARE_MAX 512                               /* requests kept for reuse */
#define SPARE_BUF_MAX_BYTES ((size_t)64 * 1024)     /* a spare request keeps no larger buffers */
#define TIMER_MS 500                                /* idle connections are looked at this often */
#define BACKLOG 1024
#define STREAM_BLOCK_BYTES 1024
#define LAST_RUNS 100 /* turns that http_destroy gives to unsent answers */

/* A request with what libmicrohttpd needs. Owned by its http: in the list of open ones, or spare.
 */
struct exchange {
    struct http_request request;
    struct http *http;
    struct MHD_Connection *connection;
    struct MHD_Response *response; /* answered, not handed over yet */
    unsigned status;
    int is_begun;     /* the headers are there */
    int is_handled;   /* the handler has run */
    int is_suspended; /* libmicrohttpd does not look at the connection */
    int is_aborted;   /* the daemon ends without an answer */
    struct buf body;
    size_t discarded;
    http_stream_fn stream;
    void (*stream_end)(void *arg);
    void *stream_arg;
    struct exchange *prev, *next;
};

static const struct {
    unsigned status;
    const char *labels;
} statuses[] = {
    {0, "code=\"other\""}, {200, "code=\"200\""}, {304, "code=\"304\""}, {400, "code=\"400\""},
    {401, "code=\"401\""}, {403, "code=\"403\""}, {404, "code=\"404\""}, {405, "code=\"405\""},
    {409, "code=\"409\""}, {413, "code=\"413\""}, {415, "code=\"415\""}, {429, "code=\"429\""},
    {499, "code=\"499\""}, {500, "code=\"500\""}, {501, "code=\"501\""}, {503, "code=\"503\""},
    {504, "code=\"504\""},
};

struct http {
    struct loop *loop;
    struct MHD_Daemon *daemon;
    struct loop_source *source;
    struct loop_timer *timer;
    http_fn handler;
    void *arg;
    size_t body_max_bytes;
    int stream_unsent_bytes;
    struct exchange *open;
    size_t n_open;
    struct exchange *spare;
    size_t n_spare;
    int is_draining;
    int is_dirty; /* a connection was resumed: libmicrohttpd must run */
    int64_t answers[ARRAY_LEN(statuses)];
    struct http_stats stats;
};

static struct exchange *exchange_of(struct http_request *request)
{
    return CONTAINER_OF(request, struct exchange, request);
}

/* --- a request's memory ---------------------------------------------------------------------- */

static struct exchange *exchange_open(struct http *http, struct MHD_Connection *connection)
{
    struct exchange *self = http->spare;
    if (self != NULL) {
        http->spare = self->next;
        http->n_spare--;
    } else {
        self = calloc(1, sizeof(*self));
        ASSERT(self != NULL);
        self->http = http;
        self->request.arena = arena_create(ARENA_MAX_BYTES);
        buf_init(&self->request.out, ANSWER_MAX_BYTES);
        buf_init(&self->body, http->body_max_bytes);
    }
    self->connection = connection;
    self->prev = NULL;
    self->next = http->open;
    if (http->open != NULL)
        http->open->prev = self;
    http->open = self;
    http->n_open++;
    return self;
}

static void exchange_destroy(struct exchange *self)
{
    arena_destroy(&self->request.arena);
    buf_fini(&self->request.out);
    buf_fini(&self->body);
    free(self);
}

static void buf_recycle(struct buf *buf)
{
    if (buf->capacity > SPARE_BUF_MAX_BYTES)
        buf_fini(buf);
    buf_reset(buf);
}

static void exchange_close(struct exchange *self)
{
    struct http *http = self->http;
    if (self->prev != NULL)
        self->prev->next = self->next;
    else
        http->open = self->next;
    if (self->next != NULL)
        self->next->prev = self->prev;
    http->n_open--;
    if (self->response != NULL)
        MHD_destroy_response(self->response);
    if (http->n_spare >= SPARE_MAX) {
        exchange_destroy(self);
        return;
    }
    struct exchange blank = {.http = http,
                             .request = {.arena = self->request.arena, .out = self->request.out},
                             .body = self->body,
                             .next = http->spare};
    *self = blank;
    arena_reset(self->request.arena);
    buf_recycle(&self->request.out);
    buf_recycle(&self->body);
    http->spare = self;
    http->n_spare++;
}

/* --- libmicrohttpd's callbacks ---------------------------------------------------------------- */

static enum http_method method_of(const char *name)
{
    if (strcmp(name, "POST") == 0)
        return HTTP_POST;
    if (strcmp(name, "GET") == 0)
        return HTTP_GET;
    return strcmp(name, "HEAD") == 0 ? HTTP_HEAD : HTTP_OTHER;
}

static enum MHD_Result hand_over(struct exchange *self)
{
    struct MHD_Response *response = self->response;
    self->response = NULL;
    enum MHD_Result rc = MHD_queue_response(self->connection, self->status, response);
    MHD_destroy_response(response);
    return rc;
}

static void handle(struct exchange *self)
{
    self->is_handled = 1;
    self->request.body = self->body.data;
    self->request.body_len = self->body.len;
    self->http->handler(self->http->arg, &self->request);
}

static int announces_too_much(struct exchange *self)
{
    const char *length = http_header(&self->request, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t n;
    return length != NULL &&
           parse_int64(length, 0, (int64_t)self->http->body_max_bytes, &n) == -ERANGE;
}

/* The headers are there. A body that is announced as too large is refused before it is sent. */
static enum MHD_Result begin(struct exchange *self, const char *method, const char *path)
{
    self->request.method = method_of(method);
    self->request.path = path;
    if (!announces_too_much(self))
        return MHD_YES;
    self->request.is_too_large = 1;
    self->http->stats.too_large++;
    handle(self);
    ASSERT(self->response != NULL);
    return hand_over(self);
}

/* A piece of the body. An answer is only possible at the end of the body, so what is over the limit
 * is read on for a while. */
static enum MHD_Result take(struct exchange *self, const char *data, size_t len)
{
    if (buf_append(&self->body, data, len) == 0)
        return MHD_YES;
    if (!self->request.is_too_large) {
        self->request.is_too_large = 1;
        self->http->stats.too_large++;
        self->body.len = 0;
    }
    self->discarded += len;
    if (self->discarded <= DISCARD_MAX_BYTES)
        return MHD_YES;
    self->http->stats.cut++;
    return MHD_NO;
}

/* The request line is there: the only time that the target is seen as it came. */
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection)
{
    struct exchange *self = exchange_open(cls, connection);
    self->request.target = arena_strndup(self->request.arena, target, strlen(target));
    ASSERT(self->request.target != NULL); /* shorter than head_max_bytes */
    return self;
}

static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *data,
                                 size_t *data_len, void **context)
{
    (void)cls;
    (void)version;
    struct exchange *self = *context;
    if (!self->is_begun) {
        self->is_begun = 1;
        return begin(self, method, url);
    }
    if (*data_len > 0) {
        size_t len = *data_len;
        *data_len = 0;
        return take(self, data, len);
    }
    if (!self->is_handled)
        handle(self);
    if (self->response != NULL)
        return hand_over(self);
    if (self->is_aborted)
        return MHD_NO;
    self->is_suspended = 1;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    struct exchange *self = *context;
    if (self == NULL)
        return;
    *context = NULL;
    if (self->stream_end != NULL)
        self->stream_end(self->stream_arg);
    exchange_close(self);
}

/* --- the loop ----------------------------------------------------------------------------------
 */

static void on_ready(void *arg, int events)
{
    (void)events;
    struct http *self = arg;
    (void)MHD_run(self->daemon);
}

static void on_timer(void *arg)
{
    on_ready(arg, 0);
}

/* Of resumed connections, and of those that libmicrohttpd has not finished with, epoll does not
 * tell. */
static void before_sleep(void *arg)
{
    struct http *self = arg;
    MHD_UNSIGNED_LONG_LONG wait_ms = 1;
    if (!self->is_dirty && (MHD_get_timeout(self->daemon, &wait_ms) == MHD_NO || wait_ms > 0))
        return;
    self->is_dirty = 0;
    (void)MHD_run(self->daemon);
    loop_wake(self->loop); /* the run may have sent requests after their flush of this turn */
}

static struct MHD_Daemon *daemon_start(struct http *self, const struct http_conf *conf,
                                       struct sockaddr_storage *address)
{
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME |
                     (address->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0u);
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_SOCK_ADDR, 0, address},
        {MHD_OPTION_CONNECTION_LIMIT, conf->connections_max, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, conf->connections_per_ip_max, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, conf->idle_timeout_s, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)conf->head_max_bytes, NULL},
        {MHD_OPTION_LISTEN_BACKLOG_SIZE, BACKLOG, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(flags, conf->port, NULL, NULL, on_access, self,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, self,
                            MHD_OPTION_URI_LOG_CALLBACK, on_target, self, MHD_OPTION_ARRAY, options,
                            MHD_OPTION_END);
}

int http_create(struct loop *loop, const struct http_conf *conf, http_fn handler, void *arg,
                struct http **ret, struct err *err)
{
    struct sockaddr_storage address;
    if (http_address_parse(conf->address, conf->port, &address) == 0)
        return err_set(err, -EINVAL, "%.64s is no IPv4 or IPv6 address", conf->address);
    struct http *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->loop = loop;
    self->handler = handler;
    self->arg = arg;
    self->body_max_bytes = conf->body_max_bytes;
    self->stream_unsent_bytes = conf->stream_unsent_bytes;
    errno = 0;
    self->daemon = daemon_start(self, conf, &address);
    if (self->daemon == NULL) {
        int code = errno == EADDRINUSE || errno == EACCES ? -errno : -EIO;
        free(self);
        return err_set(err, code, "cannot listen on %.64s port %u (%s)", conf->address, conf->port,
                       code == -EIO ? "address or limits are not usable" : strerror(-code));
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(self->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    self->source = loop_add_fd(loop, info->epoll_fd, LOOP_READ, on_ready, self);
    self->timer = loop_timer_add(loop, TIMER_MS, TIMER_MS, on_timer, self);
    loop_before_sleep(loop, before_sleep, self);
    *ret = self;
    return 0;
}

static void resume(struct exchange *self)
{
    if (!self->is_suspended)
        return;
    self->is_suspended = 0;
    self->http->is_dirty = 1;
    MHD_resume_connection(self->connection);
}

void http_destroy(struct http **self)
{
    struct http *http = *self;
    if (http == NULL)
        return;
    loop_before_sleep_end(http->loop, before_sleep, http);
    loop_timer_cancel(http->loop, &http->timer);
    loop_source_remove(&http->source);
    for (struct exchange *exchange = http->open; exchange != NULL; exchange = exchange->next) {
        exchange->is_aborted = 1;
        resume(exchange);
    }
    for (int i = 0; http->n_open > 0 && i < LAST_RUNS; i++)
        (void)MHD_run(http->daemon);
    MHD_stop_daemon(http->daemon);
    ASSERT(http->n_open == 0);
    while (http->spare != NULL) {
        struct exchange *exchange = http->spare;
        http->spare = exchange->next;
        exchange_destroy(exchange);
    }
    free(http);
    *self = NULL;
}

uint16_t http_port(const struct http *self)
{
    return MHD_get_daemon_info(self->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void http_drain(struct http *self)
{
    if (self->is_draining)
        return;
    self->is_draining = 1;
    int fd = MHD_quiesce_daemon(self->daemon);
    if (fd >= 0)
        (void)close(fd);
}

size_t http_open_requests(const struct http *self)
{
    return self->n_open;
}

/* --- reading a request ------------------------------------------------------------------------ */

const char *http_header(struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(exchange_of(request)->connection, MHD_HEADER_KIND, name);
}

void http_peer(struct http_request *request, char ret[HTTP_PEER_BYTES])
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        exchange_of(request)->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    http_address_customer(info == NULL ? NULL : info->client_addr, ret);
}

struct joiner {
    struct arena *arena;
    const char *name;
    const char *text; /* NULL: none yet */
    int has_failed;
};

static enum MHD_Result join_value(void *cls, enum MHD_ValueKind kind, const char *key,
                                  const char *value)
{
    (void)kind;
    struct joiner *self = cls;
    if (strcasecmp(key, self->name) != 0)
        return MHD_YES;
    if (value == NULL)
        value = "";
    size_t len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    self->text = self->text == NULL
                     ? arena_strndup(self->arena, value, len)
                     : arena_printf(self->arena, "%s, %.*s", self->text, (int)len, value);
    self->has_failed = self->text == NULL;
    return self->has_failed ? MHD_NO : MHD_YES;
}

const char *http_header_joined(struct http_request *request, const char *name)
{
    struct joiner joiner = {.arena = request->arena, .name = name};
    (void)MHD_get_connection_values(exchange_of(request)->connection, MHD_HEADER_KIND, join_value,
                                    &joiner);
    return joiner.text;
}

const char *http_query(struct http_request *request, const char *name, size_t *ret_len)
{
    const char *value = NULL;
    if (MHD_lookup_connection_value_n(exchange_of(request)->connection, MHD_GET_ARGUMENT_KIND, name,
                                      strlen(name), &value, ret_len) == MHD_NO)
        return NULL;
    return value == NULL ? "" : value; /* "?name" without "=" */
}

struct collector {
    const char *name;
    const char **values;
    size_t n;
};

static enum MHD_Result collect_value(void *cls, enum MHD_ValueKind kind, const char *key,
                                     const char *value)
{
    (void)kind;
    struct collector *self = cls;
    if (strcmp(key, self->name) == 0 && value != NULL && self->n++ < HTTP_VALUES_MAX)
        self->values[self->n - 1] = value;
    return MHD_YES;
}

size_t http_query_all(struct http_request *request, const char *name,
                      const char *ret[HTTP_VALUES_MAX])
{
    struct collector collector = {name, ret, 0};
    (void)MHD_get_connection_values(exchange_of(request)->connection, MHD_GET_ARGUMENT_KIND,
                                    collect_value, &collector);
    return collector.n;
}

/* --- answering -------------------------------------------------------------------------------- */

static void count(struct http *self, unsigned status)
{
    size_t i = ARRAY_LEN(statuses) - 1;
    while (i > 0 && statuses[i].status != status)
        i--;
    self->answers[i]++;
}

/* Takes the response. A header that does not fit into memory is left out: the client sees a valid
 * answer still. */
static void answer(struct exchange *self, unsigned status, struct MHD_Response *response,
                   const struct http_header *headers, size_t n)
{
    ASSERT(response != NULL && self->response == NULL);
    for (size_t i = 0; i < n; i++)
        (void)MHD_add_response_header(response, headers[i].name, headers[i].value);
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (self->http->is_draining)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    self->status = status;
    self->response = response;
    count(self->http, status);
    resume(self);
}

void http_answer(struct http_request *request, unsigned status, const struct http_header *headers,
                 size_t n_headers, void *body, size_t len)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, body, MHD_RESPMEM_PERSISTENT);
    struct http_header added[HTTP_ADDED_MAX];
    size_t n = 0;
    ASSERT(response != NULL);
    if (request->adorn != NULL)
        n = request->adorn(request->adorn_arg, request, status, headers, n_headers, body, len,
                           added);
    for (size_t i = 0; i < n; i++)
        (void)MHD_add_response_header(response, added[i].name, added[i].value);
    answer(exchange_of(request), status, response, headers, n_headers);
}

static int socket_of(const struct exchange *self)
{
    return MHD_get_connection_info(self->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static ssize_t on_stream(void *cls, uint64_t pos, char *out, size_t size)
{
    (void)pos;
    struct exchange *self = cls;
    ssize_t n = self->stream(self->stream_arg, out, size);
    if (n == HTTP_STREAM_END || (n == 0 && self->is_aborted))
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n == 0) {
        self->is_suspended = 1;
        MHD_suspend_connection(self->connection);
    }
    return n;
}

void http_stream(struct http_request *request, const struct http_header *headers, size_t n_headers,
                 http_stream_fn fn, void (*end)(void *arg), void *arg)
{
    struct exchange *self = exchange_of(request);
    int bytes = self->http->stream_unsent_bytes;
    /* the system's own limit is megabytes: minutes of frames that nobody wants any more */
    if (setsockopt(socket_of(self), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0)
        log_debug("a stream keeps the system's send buffer", "error=%d", errno);
    self->stream = fn;
    self->stream_end = end;
    self->stream_arg = arg;
    answer(self, MHD_HTTP_OK,
           MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_BYTES, on_stream, self,
                                             NULL),
           headers, n_headers);
}

void http_stream_wake(struct http_request *request)
{
    resume(exchange_of(request));
}

void http_stream_cut(struct http_request *request)
{
    struct exchange *self = exchange_of(request);
    (void)shutdown(socket_of(self), SHUT_RDWR);
    resume(self);
}

int http_status_count(const struct http *self, size_t i, const char **ret_labels,
                      int64_t *ret_count)
{
    if (i >= ARRAY_LEN(statuses))
        return 0;
    *ret_labels = statuses[i].labels;
    *ret_count = self->answers[i];
    return 1;
}

void http_stats_get(const struct http *self, struct http_stats *ret)
{
    *ret = self->stats;
    ret->connections =
        MHD_get_daemon_info(self->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)->num_connections;
}
