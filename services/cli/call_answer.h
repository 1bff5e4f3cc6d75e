/* Whether an answer over HTTP can be believed: signed by the platform, and for this very request.
 */
#ifndef ANSINH_CLI_CALL_ANSWER_H
#define ANSINH_CLI_CALL_ANSWER_H

#include "common/base/err.h"
#include "services/cli/sandbox_forward.h"

/* A signed POST and what came back. */
struct call_exchange {
    const char *url;       /* of the gateway, where its keys are asked for */
    const char *uri;       /* that was called */
    const char *signature; /* the request's field Signature */
    struct forward_answer answer;
};

/* Holds the answer's digest and signature against the request and the gateway's keys
 * (/.well-known/ansinh-keys); blocks. -EBADMSG with the reason: do not believe it; -EIO: the keys
 * cannot be had. */
int call_answer_check(const struct call_exchange *exchange, struct err *err) MUST_CHECK;

#endif
