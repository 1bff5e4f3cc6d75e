/* One call of enrolment, waited for. */
#ifndef ANSINH_CLI_ASK_H
#define ANSINH_CLI_ASK_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/arena.h"
#include "common/base/id.h"

/* Opens a caller, asks and closes it. id: of a command, NULL for a read. The answer is in the
 * arena; NULL: what is wrong was said. */
ProtobufCMessage *cli_ask_enrolment(const char *method, const struct request_id *id,
                                    const ProtobufCMessage *input,
                                    const ProtobufCMessageDescriptor *output, struct arena *arena);

/* A command's id: from IDEMPOTENCY_KEY in the environment, or a fresh one. 0, or the exit status of
 * what was said. */
int cli_command_id(struct request_id *ret);

/* Prints a message as JSON. The exit status. */
int cli_print_json(const ProtobufCMessage *message);

#endif
