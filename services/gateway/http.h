/* HTTP/1.1 for the gateway: libmicrohttpd turned by our loop. The only file that knows
 * libmicrohttpd.
 *
 * A handler sees a request once its body is complete and answers it then or later (the connection
 * sleeps meanwhile). TLS ends at a proxy in front. */
#ifndef ANSINH_GATEWAY_HTTP_H
#define ANSINH_GATEWAY_HTTP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/loop/loop.h"

#define HTTP_VALUES_MAX 32 /* values of one repeated query parameter */
#define HTTP_ADDED_MAX 4   /* headers that are added to an answer */

struct http;

struct http_conf {
    const char *address; /* IPv4 or IPv6 address to listen on; borrowed during create */
    uint16_t port;       /* 0: any free one */
    size_t body_max_bytes;
    size_t head_max_bytes; /* request line, headers and what is buffered of one connection */
    unsigned connections_max;
    unsigned connections_per_ip_max; /* 0: any number */
    int stream_unsent_bytes;         /* of a stream, that the system keeps until they are taken */
    unsigned idle_timeout_s;         /* a connection on which nothing moves for so long is closed */
};

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };

struct http_header {
    const char *name;
    const char *value;
};

struct http_request;

/* Told of an answer that is ready; may add headers to it: fills ret and answers how many. Their
 * texts are in the request's arena. */
typedef size_t (*http_adorn_fn)(void *arg, struct http_request *request, unsigned status,
                                const struct http_header *headers, size_t n_headers,
                                const void *body, size_t len,
                                struct http_header ret[HTTP_ADDED_MAX]);

/* Lives until its answer is sent or its connection is gone, and at least until it is answered. */
struct http_request {
    enum http_method method;
    const char *target; /* path and query as they came */
    const char *path;   /* percent-decoded, without the query; starts with '/' */
    const uint8_t *body;
    size_t body_len;
    int is_too_large; /* the body was over the limit and is not there: must be answered at once */
    struct arena *arena; /* memory of this request */
    struct buf out;      /* room for the answer's body */
    http_adorn_fn adorn; /* NULL: nothing is added */
    void *adorn_arg;
};

/* Must see to it that http_answer or http_stream is called exactly once for the request. */
typedef void (*http_fn)(void *arg, struct http_request *request);

/* Listens. -EADDRINUSE, -EACCES, -EINVAL (the address is none), -EIO; err names the address. */
int http_create(struct loop *loop, const struct http_conf *conf, http_fn handler, void *arg,
                struct http **ret, struct err *err) MUST_CHECK;

/* Every request must have been answered and every stream have ended or been woken to end; what is
 * still to be sent gets one more chance. */
void http_destroy(struct http **self);

uint16_t http_port(const struct http *self);

/* Closes the listening socket; answers say "Connection: close" from now on. */
void http_drain(struct http *self);

/* Requests that are not finished, streams included. */
size_t http_open_requests(const struct http *self);

/* Value of a header, name without regard to case; NULL when absent. Valid until the answer. */
const char *http_header(struct http_request *request, const char *name);

/* Values of all headers of a name, joined by ", " in the request's arena; NULL when there is none,
 * or no memory. */
const char *http_header_joined(struct http_request *request, const char *name);

#define HTTP_PEER_BYTES 48
/* Who is connected, as http_address_customer; "" when unknown. */
void http_peer(struct http_request *request, char ret[HTTP_PEER_BYTES]);

/* Value of a query parameter and its length (it may hold any bytes); NULL when absent. */
const char *http_query(struct http_request *request, const char *name, size_t *ret_len);

/* All values of a query parameter, at most HTTP_VALUES_MAX; answers how many there are. */
size_t http_query_all(struct http_request *request, const char *name,
                      const char *ret[HTTP_VALUES_MAX]);

/* Answers. body is borrowed until the request is gone (out.data fits), headers are copied. */
void http_answer(struct http_request *request, unsigned status, const struct http_header *headers,
                 size_t n_headers, void *body, size_t len);

#define HTTP_STREAM_END (-1)

/* Gives at most size next bytes of a stream: how many, 0 for none now (the stream sleeps until
 * http_stream_wake), or HTTP_STREAM_END. */
typedef ssize_t (*http_stream_fn)(void *arg, char *out, size_t size);

/* Answers 200 with bytes that come over time. end runs once when the stream is over for whatever
 * reason; the request is gone after it. */
void http_stream(struct http_request *request, const struct http_header *headers, size_t n_headers,
                 http_stream_fn fn, void (*end)(void *arg), void *arg);

/* Lets the stream ask fn again; nothing happens when it is not asleep. */
void http_stream_wake(struct http_request *request);

/* Gives a stream up whose reader does not read; its end runs in a later turn. */
void http_stream_cut(struct http_request *request);

/* Answers by status, for the statuses in use; the rest under status 0. For i from 0 until it
 * answers 0. labels is a literal like code="200". */
int http_status_count(const struct http *self, size_t i, const char **ret_labels,
                      int64_t *ret_count);

struct http_stats {
    int64_t connections;    /* open now */
    int64_t too_large, cut; /* bodies over the limit; connections cut because of one */
};
void http_stats_get(const struct http *self, struct http_stats *ret);

#endif
