/* Unpacks journal entries in one pass: of all that verify does, the library's two would take most.
 */
#ifndef ANSINH_CLI_VERIFY_UNPACK_H
#define ANSINH_CLI_VERIFY_UNPACK_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"

/* What ansinh__v1__event__unpack makes of the bytes, to the letter: what is packed in an unusual
 * way (unknown fields, fields twice, repeated numbers) is left to it. Lives in the arena. NULL: it
 * cannot be read. */
const Ansinh__V1__Event *verify_unpack(struct arena *arena, const uint8_t *bytes, size_t len);

#endif
