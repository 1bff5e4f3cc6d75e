/* The board in the views server against the journals.
 *
 * It is read piece by piece while the platform runs, so its checkpoint is read before and after: a
 * number must lie between what the journals add up to at either; when nothing was counted in
 * between, it must be that exactly. The same of the facts of which the numbers are sums. */
#ifndef ANSINH_CLI_VERIFY_BOARD_H
#define ANSINH_CLI_VERIFY_BOARD_H

#include "ansinh/v1/events.pb-c.h"
#include "services/cli/verify_fold.h"

struct verify_board;

struct verify_board *verify_board_create(struct verify *verify);
void verify_board_destroy(struct verify_board **self);

/* Reads the whole board; a failure is verify->failed. Before any journal is read. */
void verify_board_load(struct verify_board *self);

/* Counts an entry of a citizens' journal that fold has taken in, each once. */
void verify_board_apply(struct verify_board *self, struct fold *fold,
                        struct journal_position position, const Ansinh__V1__Event *event);

/* After the last entry of a citizens' journal: holds its facts against the stored ones. */
void verify_board_end(struct verify_board *self, const struct fold *fold);

/* After all journals: reports the differences. */
void verify_board_compare(struct verify_board *self);

#endif
