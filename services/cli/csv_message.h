/* From a row of texts to a protobuf message, by the descriptor: a column is a field's name in proto
 * spelling. */
#ifndef ANSINH_CLI_CSV_MESSAGE_H
#define ANSINH_CLI_CSV_MESSAGE_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/arena.h"
#include "common/base/err.h"

#define CSV_LIST_MAX 256

/* Sets one field from text; an empty text leaves the default. Enums are read by full name
 * ("SEX_FEMALE") or without its prefix in any case ("female"), booleans as true/false/1/0/yes/no,
 * money as whole dong, times (fields *_ms) as milliseconds or "2025-11-18T08:00:00+07:00"; the
 * values of a list of texts or enums stand between semicolons, CSV_LIST_MAX at most. Texts are
 * copied into the arena. -ENOENT: no such field; -EINVAL: the text does not fit, err->field is the
 * column. */
int csv_set_field(ProtobufCMessage *message, const char *column, const char *text,
                  struct arena *arena, struct err *err) MUST_CHECK;

#endif
