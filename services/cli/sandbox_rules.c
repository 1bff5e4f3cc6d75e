#include "services/cli/sandbox_rules.h"

#include <string.h>

#define ALWAYS 1000000

static const struct {
    const char *magic;
    unsigned attempts; /* the first ones; what follows passes */
    const char *help;
} acts[SANDBOX_ACTS] = {
    [SANDBOX_PASS] = {"", 0, "is passed on"},
    [SANDBOX_TIMEOUT_AFTER] = {"SIM-TIMEOUT-AFTER-", 1,
                               "the first attempt is done and never answered"},
    [SANDBOX_TIMEOUT_BEFORE] = {"SIM-TIMEOUT-BEFORE-", 1,
                                "the first attempt is neither done nor answered"},
    [SANDBOX_UNAVAILABLE] = {"SIM-UNAVAILABLE-", 2,
                             "the first two attempts: 503 unavailable, nothing done"},
    [SANDBOX_LIMIT] = {"SIM-LIMIT-", 1, "the first attempt: 429 resource_exhausted, nothing done"},
    [SANDBOX_UNKNOWN] = {"SIM-UNKNOWN-", 1, "the first attempt is done: 500 unknown"},
    [SANDBOX_GARBAGE] = {"SIM-GARBAGE-", 1, "the first attempt is done: 502 with a page of HTML"},
    [SANDBOX_FORGED] = {"SIM-FORGED-", 1,
                        "the first attempt is done; its answer does not fit its signature"},
    [SANDBOX_TWICE] = {"SIM-TWICE-", ALWAYS,
                       "every attempt arrives twice; the second answer is given"},
    [SANDBOX_SLOW] = {"SIM-SLOW-", ALWAYS, "every attempt is answered five seconds late"},
};

const char *sandbox_magic(enum sandbox_act act)
{
    return acts[act].magic;
}

const char *sandbox_help(enum sandbox_act act)
{
    return acts[act].help;
}

enum sandbox_act sandbox_act_of(const char *transaction_id, unsigned attempt)
{
    for (int act = SANDBOX_PASS + 1; act < SANDBOX_ACTS; act++) {
        size_t len = strlen(acts[act].magic);
        if (strncmp(transaction_id, acts[act].magic, len) == 0 && attempt <= acts[act].attempts)
            return (enum sandbox_act)act;
    }
    return SANDBOX_PASS;
}
