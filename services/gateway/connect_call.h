/* What one Connect request says: its method, encoding, deadline, ids and message. Reading only, no
 * I/O. */
#ifndef ANSINH_GATEWAY_CONNECT_CALL_H
#define ANSINH_GATEWAY_CONNECT_CALL_H

#include "common/base/id.h"
#include "common/service/api.h"
#include "services/gateway/connect_error.h"
#include "services/gateway/http.h"

#define TRACE_ID_MAX_CHARS 64

enum connect_codec { CONNECT_JSON, CONNECT_PROTO };

/* Why a request was refused, for the counters. */
enum connect_refusal {
    CONNECT_ACCEPTED,
    CONNECT_UNKNOWN_METHOD, /* no such procedure */
    CONNECT_BAD_VERB,       /* neither POST nor an allowed GET */
    CONNECT_BAD_TYPE,       /* content type or encoding */
    CONNECT_BAD_HEADER,     /* protocol version, timeout, idempotency key, query parameters */
    CONNECT_BAD_MESSAGE,    /* JSON that does not fit the message */
    CONNECT_REFUSALS
};

struct connect_call {
    struct http_request *request;
    const struct api_method *method;
    enum connect_codec codec;
    int64_t timeout_ms; /* what the caller asked for, or the default */
    int has_id;         /* a command */
    struct request_id id;
    const char *key; /* of the command, as sent or made; text for retries */
    const char *trace_id;
    const char *partner;    /* whose signature was verified; NULL: nobody's */
    const uint8_t *message; /* encoded input */
    size_t message_len;
    struct http_header headers[CONNECT_HEADERS_MAX]; /* for the answer, whatever it is */
    size_t n_headers;
    void *arg;
};

/* Adds a header to the answer; name and value are borrowed until it is sent. */
void connect_call_header(struct connect_call *self, const char *name, const char *value);

/* Reads a request into a zeroed call whose request, timeout_ms (the default) and trace_id (a fresh
 * one) are set. Fills *ret_error when it answers anything but CONNECT_ACCEPTED. */
enum connect_refusal connect_call_read(struct connect_call *self, struct connect_error *ret_error);

#endif
