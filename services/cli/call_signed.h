/* One call over HTTP, signed as a partner's. */
#ifndef ANSINH_CLI_CALL_SIGNED_H
#define ANSINH_CLI_CALL_SIGNED_H

#include "common/base/buf.h"

struct call_signed {
    const char *url;    /* of the gateway: "https://pay.example.vn" */
    const char *key;    /* file of `ansinh partner keygen` */
    const char *key_id; /* "VNPOST:2026" */
    int is_hmac;        /* the file holds a secret of hmac-sha256, not the seed of ed25519 */
};

/* Calls the method with this JSON, a command under the Idempotency-Key of the environment's
 * IDEMPOTENCY_KEY or a fresh one: the HTTP status and the answer's body, which is appended. 0, or
 * the exit status of what was said. libcurl has been started. */
int call_signed_ask(const struct call_signed *self, const char *method, const struct buf *json,
                    struct buf *ret, long *ret_status) MUST_CHECK;

/* The same, and prints the answer if its signature is the platform's (call_answer.h). The exit
 * status. */
int call_signed(const struct call_signed *self, const char *method, const struct buf *json);

#endif
