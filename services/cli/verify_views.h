/* Checkpoints of projections. */
#ifndef ANSINH_CLI_VERIFY_VIEWS_H
#define ANSINH_CLI_VERIFY_VIEWS_H

#include "services/cli/verify.h"

/* Reads a view's checkpoint: how far each partition was taken in, {0,0} for one that was not. Turns
 * the loop until it is there. -EPROTO: it cannot be read as one; or as store_reply_fn. */
int verify_checkpoint(struct verify *verify, const char *view,
                      struct journal_position ret[PARTITIONS]) MUST_CHECK;

#endif
