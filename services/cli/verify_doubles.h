/* Whether a request id stands in a journal twice: then a command was done twice. */
#ifndef ANSINH_CLI_VERIFY_DOUBLES_H
#define ANSINH_CLI_VERIFY_DOUBLES_H

#include <stdint.h>

#include "common/base/id.h"

/* Ids are remembered for at least so long, by the entries' time: older ones are refused. */
#define DOUBLES_KEPT_MS (6LL * 86400 * 1000)

struct doubles;

struct doubles *doubles_create(void);
void doubles_destroy(struct doubles **self);

/* The id of the next entry; true when an earlier one has it. UUIDv7 only: another key may be used
 * again after two days. */
int doubles_add(struct doubles *self, const uint8_t id[ID_BYTES], int64_t at_ms);

#endif
