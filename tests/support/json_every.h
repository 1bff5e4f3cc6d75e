/* A message that no .proto has: a field of every scalar type, each once, repeated and in one oneof,
 * and itself as a child. The mapping is tested on it as a whole, whatever the protocol uses today.
 *
 *   a_int32, many_int32, pick_int32, a_sint32, ... a_message, many_message, pick_message */
#ifndef ANSINH_TESTS_SUPPORT_JSON_EVERY_H
#define ANSINH_TESTS_SUPPORT_JSON_EVERY_H

#include <protobuf-c/protobuf-c.h>

struct every;

#define EVERY_TYPES(X)                                                                             \
    X(int32, INT32, int32_t)                                                                       \
    X(sint32, SINT32, int32_t)                                                                     \
    X(sfixed32, SFIXED32, int32_t)                                                                 \
    X(uint32, UINT32, uint32_t)                                                                    \
    X(fixed32, FIXED32, uint32_t)                                                                  \
    X(int64, INT64, int64_t)                                                                       \
    X(sint64, SINT64, int64_t)                                                                     \
    X(sfixed64, SFIXED64, int64_t)                                                                 \
    X(uint64, UINT64, uint64_t)                                                                    \
    X(fixed64, FIXED64, uint64_t)                                                                  \
    X(bool, BOOL, protobuf_c_boolean)                                                              \
    X(enum, ENUM, int)                                                                             \
    X(string, STRING, char *)                                                                      \
    X(bytes, BYTES, ProtobufCBinaryData)                                                           \
    X(message, MESSAGE, struct every *)

#define EVERY_ONE(name, type, c_type) c_type a_##name;
#define EVERY_MANY(name, type, c_type)                                                             \
    size_t n_##name;                                                                               \
    c_type *many_##name; /* NOLINT(bugprone-macro-parentheses): a type */
#define EVERY_PICK(name, type, c_type) c_type pick_##name;

struct every {
    ProtobufCMessage base;
    EVERY_TYPES(EVERY_ONE)
    EVERY_TYPES(EVERY_MANY)
    int pick_case;
    union {
        EVERY_TYPES(EVERY_PICK)
    };
};

extern const ProtobufCMessageDescriptor every_descriptor;

/* COLOUR_UNSPECIFIED = 0, COLOUR_RED = 1, COLOUR_CRIMSON = 1 (an alias), COLOUR_BLUE = -7 */
extern const ProtobufCEnumDescriptor colour_descriptor;

#endif
