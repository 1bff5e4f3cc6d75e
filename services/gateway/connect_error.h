/* Errors as the Connect protocol writes them: {"code","message","details"} and an HTTP status. */
#ifndef ANSINH_GATEWAY_CONNECT_ERROR_H
#define ANSINH_GATEWAY_CONNECT_ERROR_H

#include "ansinh/v1/bus.pb-c.h"
#include "services/gateway/http.h"

#define CONNECT_HEADERS_MAX 8

struct connect_error {
    Ansinh__V1__Code code;
    unsigned status;             /* HTTP; 0: the one that Connect has for the code */
    const char *message;         /* one sentence; "" is allowed */
    const char *field;           /* the wrong input; "" or NULL: none */
    unsigned retry_after_ms;     /* 0: not said */
    int is_command;              /* what was asked for may have been done when nobody knows */
    Ansinh__V1__Outcome outcome; /* unspecified: what the code says */
    const char *request_id; /* Idempotency-Key to ask with, when the outcome is unknown; or NULL */
};

/* HTTP status of a code; 200 for success. */
unsigned connect_status(Ansinh__V1__Code code);

/* Appends the JSON body. 0 or -EMSGSIZE. A message that is not UTF-8 is left out. */
int connect_error_write(const struct connect_error *error, struct buf *out) MUST_CHECK;

/* Answers the request with the error, its status, Retry-After and the given headers (at most
 * CONNECT_HEADERS_MAX). */
void connect_error_answer(struct http_request *request, const struct connect_error *error,
                          const struct http_header *headers, size_t n_headers);

#endif
