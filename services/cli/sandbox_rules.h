/* What the sandbox does to a request, by its transaction id and attempt. Pure. */
#ifndef ANSINH_CLI_SANDBOX_RULES_H
#define ANSINH_CLI_SANDBOX_RULES_H

enum sandbox_act {
    SANDBOX_PASS,
    SANDBOX_TIMEOUT_AFTER,  /* done, and not answered */
    SANDBOX_TIMEOUT_BEFORE, /* neither */
    SANDBOX_UNAVAILABLE,    /* not done; 503 unavailable */
    SANDBOX_LIMIT,          /* not done; 429 resource_exhausted */
    SANDBOX_UNKNOWN,        /* done; 500 unknown */
    SANDBOX_GARBAGE,        /* done; 502 with a page of HTML */
    SANDBOX_FORGED,         /* done; an answer that the signature does not fit */
    SANDBOX_TWICE,          /* sent twice, as networks do; the second answer */
    SANDBOX_SLOW,           /* done; answered late */
    SANDBOX_ACTS
};

/* Beginning of the transaction ids that ask for an act, "SIM-TIMEOUT-AFTER-"; "" for PASS. */
const char *sandbox_magic(enum sandbox_act act);
/* What it does, for people. */
const char *sandbox_help(enum sandbox_act act);

/* attempt counts from 1 the requests of one method with this id. */
enum sandbox_act sandbox_act_of(const char *transaction_id, unsigned attempt);

#endif
