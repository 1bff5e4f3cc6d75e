/* Keys of the projections in the views server that no version of the platform writes. */
#ifndef ANSINH_CLI_VERIFY_VIEW_KEYS_H
#define ANSINH_CLI_VERIFY_VIEW_KEYS_H

#include "services/cli/verify.h"

/* Looks at the names of all keys. A projection's data under another name is data that nobody reads,
 * and that no other part of verify looks at. */
void verify_view_keys(struct verify *self);

#endif
