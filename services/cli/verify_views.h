/* Checkpoints of projections. */
#ifndef ANSINH_CLI_VERIFY_VIEWS_H
#define ANSINH_CLI_VERIFY_VIEWS_H

#include "services/cli/verify.h"

/* Reads a view's checkpoint: how far each partition was taken in, {0,0} for one that was not. Turns
 * the loop until it is there. -EPROTO: it cannot be read as one; or as store_reply_fn. */
int verify_checkpoint(struct verify *verify, const char *view,
                      struct journal_position ret[PARTITIONS]) MUST_CHECK;

/* Checkpoints of all projections, and whether they had everything that was found in the journals
 * afterwards: what is not taken in yet is otherwise compared with nothing. create: malloc'ed, never
 * NULL. compare: after all journals; reports each projection that was behind. */
struct verify_begun;
struct verify_begun *verify_begun_create(void);
void verify_begin(struct verify *verify);
void verify_begun_compare(struct verify *verify);

#endif
