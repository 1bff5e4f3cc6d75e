/* Keys of the ledger that no version of the platform writes. */
#ifndef ANSINH_CLI_VERIFY_KEYS_H
#define ANSINH_CLI_VERIFY_KEYS_H

#include "services/cli/verify.h"

#define REFERENCE_KINDS "uopktla"
#define ANSWER_DAYS_BACK 4 /* answers are forgotten after four days */

/* Looks at the names of all keys. */
void verify_keys(struct verify *self);

#endif
