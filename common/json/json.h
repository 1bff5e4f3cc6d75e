/* protobuf <-> JSON by descriptor: the proto3 JSON mapping, exactly.
 *
 * int64, uint64, fixed64 as strings (read as strings or whole numbers); enums by name (read by name
 * or number); bytes as base64 (read in both alphabets, with or without padding); lowerCamelCase
 * (read also as written in the .proto); fields without presence are left out at their default
 * unless asked for; null means absent. Unknown fields, unknown enum names, duplicate keys (also the
 * two spellings of one field), two members of one oneof, numbers that do not fit, text that is not
 * UTF-8 or contains U+0000 are refused with the path of the field. */
#ifndef ANSINH_JSON_JSON_H
#define ANSINH_JSON_JSON_H

#include <protobuf-c/protobuf-c.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/err.h"

#define JSON_DEPTH_MAX 32
#define JSON_ELEMENTS_MAX 100000 /* of one repeated field */

/* Reads one JSON object of len bytes into a message made in the arena (never to be freed with
 * free_unpacked). 0 and *ret; -EINVAL: not JSON, or against the mapping, with err->field the path
 * ("units[3].code") and a sentence; -EMSGSIZE: over a limit of depth or elements, or the arena is
 * full. */
int json_to_message(const char *text, size_t len, const ProtobufCMessageDescriptor *descriptor,
                    struct arena *arena, ProtobufCMessage **ret, struct err *err) MUST_CHECK;

enum {
    JSON_DEFAULTS = 1, /* write scalar and repeated fields also at their default */
    JSON_INDENT = 2,   /* for people */
};

/* Appends the message as JSON. 0 or -EMSGSIZE (out is full), -EINVAL (a string in it is not UTF-8).
 * An enum number without a name is written as number. */
int json_from_message(const ProtobufCMessage *message, unsigned flags, struct buf *out) MUST_CHECK;

#endif
