/* What a partner's client must do when networks and servers fail, and whether it did: judged from
 * what it says, what came to the sandbox, and what the platform holds. Pure. */
#ifndef ANSINH_CLI_CERTIFY_RULES_H
#define ANSINH_CLI_CERTIFY_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

#define CERTIFY_TEXT_BYTES 72
#define CERTIFY_ATTEMPTS_MAX 12 /* at one request, before a person is told */
#define CERTIFY_ASKED_MAX 40    /* GetPayment in between */
#define CERTIFY_WAIT_MS 1000    /* Retry-After of the sandbox */

/* States that a client may report; a set of them is their sum. */
enum certify_state {
    CERTIFY_OK = 1, /* of an echo */
    CERTIFY_PAID = 2,
    CERTIFY_REFUSED = 4,
    CERTIFY_REVERSED = 8,
    CERTIFY_CANCELLED = 16,
    CERTIFY_UNKNOWN = 32,
    CERTIFY_NOT_FOUND = 64, /* of the platform alone */
    CERTIFY_PENDING = 128,
    CERTIFY_REMITTED = 256, /* of a client alone */
};

/* "PAID", also behind "COLLECTION_STATE_"; 0: none of them. */
unsigned certify_state_of(const char *text);

/* What a client says, or the platform holds. */
struct certify_result {
    unsigned state;
    char payment_id[CERTIFY_TEXT_BYTES];
    int64_t amount_vnd;
    int64_t receipt_number; /* of the platform alone */
};

/* A request that came to the sandbox. */
struct certify_line {
    int64_t at_ms;
    char method[CERTIFY_TEXT_BYTES]; /* "Collections/Pay" */
    char transaction_id[CERTIFY_TEXT_BYTES];
    char body_digest[CERTIFY_TEXT_BYTES];
    char nonce[CERTIFY_TEXT_BYTES];
    char simulated[CERTIFY_TEXT_BYTES]; /* the magic; "": passed on */
};

struct certify_expect {
    const char *method;         /* that changes something; "": none does */
    const char *transaction_id; /* of it */
    const char *asked_id;       /* of the payment, for GetPayment */
    const char *body_digest; /* of an earlier request under the id that must be repeated, or "" */
    unsigned said;           /* states that are right */
    unsigned held;           /* state that the platform must hold */
    unsigned attempts_max;
    int64_t receipt_number; /* that the payment must have; 0: any */
};

/* Whether it was said rightly what the platform holds. -EBADMSG with what is wrong. */
int certify_judge_result(const struct certify_expect *expect, const struct certify_result *said,
                         const struct certify_result *held, struct err *err) MUST_CHECK;

/* Whether what came, in the order in which it came, is how one finds out. -EBADMSG with what is
 * wrong. */
int certify_judge_lines(const struct certify_expect *expect, const struct certify_line *lines,
                        size_t n, struct err *err) MUST_CHECK;

#endif
