/* Whom `ansinh certify` asks: the partner's client by its adapter, the platform as that partner,
 * and the sandbox's record. Each call blocks; what fails is said on standard error. */
#ifndef ANSINH_CLI_CERTIFY_CALLS_H
#define ANSINH_CLI_CERTIFY_CALLS_H

#include "services/cli/call_signed.h"
#include "services/cli/certify_rules.h"

#define CERTIFY_LINES_MAX 256 /* that come for one task; more are a client that does not end */

struct certify_calls {
    const char *partner; /* url of the adapter */
    struct call_signed signer;
    const char *point, *collector;
    long timeout_ms; /* of the adapter */
};

/* Cash of the collector. */
struct certify_cash {
    int64_t in_hand_vnd, remitted_vnd;
    int is_blocked; /* over what the partner may have in hand */
};

/* What a client is told to do. */
struct certify_task {
    const char *scenario;
    const char *action; /* "collect", "reverse", "echo", "remit" */
    const char *transaction_id, *original_id;
    const char *person;         /* personal id, or "" */
    const char *amount_vnd;     /* "": what is due */
    const char *receipt_number; /* of an offline receipt, or "" */
};

/* Lets the client do it and waits for its word. 0, or -EIO: it does not answer, -EPROTO: not as
 * agreed. */
int certify_let_do(const struct certify_calls *self, const struct certify_task *task,
                   struct certify_result *ret) MUST_CHECK;

/* What the platform holds under a payment's id. 0 or -EIO. */
int certify_look_up(const struct certify_calls *self, const char *transaction_id,
                    struct certify_result *ret) MUST_CHECK;

/* Whether anything is due of a participant: 1, 0, or -EIO. */
int certify_is_due(const struct certify_calls *self, const char *person) MUST_CHECK;

/* What the collector has in hand, a second or so late. 0 or -EIO. */
int certify_read_cash(const struct certify_calls *self, struct certify_cash *ret) MUST_CHECK;

/* Allocates a block of one receipt number to the point. 0 or -EIO. */
int certify_allocate(const struct certify_calls *self, int64_t *ret_number) MUST_CHECK;

/* What came behind a number: how many lines, at most CERTIFY_LINES_MAX, and the last number. 0, or
 * -EIO, -EPROTO. */
int certify_read_record(const struct certify_calls *self, int64_t after,
                        struct certify_line ret[CERTIFY_LINES_MAX], size_t *ret_n,
                        int64_t *ret_last) MUST_CHECK;

#endif
