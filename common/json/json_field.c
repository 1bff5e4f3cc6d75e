#include "common/json/json_field.h"

#include "common/base/log.h"

/* The next character of the camel-case name, NUL at the end; moves *name behind what it took. */
static char name_next(const char **name)
{
    int is_upper = 0;
    for (; **name == '_'; (*name)++)
        is_upper = 1;
    char c = **name;
    if (c != '\0')
        (*name)++;
    if (is_upper && c >= 'a' && c <= 'z')
        return (char)(c - 'a' + 'A');
    return c;
}

void json_name(const char *proto_name, char ret_name[JSON_NAME_BYTES])
{
    size_t n = 0;
    do {
        ASSERT(n < JSON_NAME_BYTES);
        ret_name[n] = name_next(&proto_name);
    } while (ret_name[n++] != '\0');
}

int json_name_equals(const char *proto_name, const char *key)
{
    for (;; key++) {
        char c = name_next(&proto_name);
        if (c != *key)
            return 0;
        if (c == '\0')
            return 1;
    }
}

size_t json_slot_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return sizeof(int32_t);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return sizeof(int64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_ENUM:
        return sizeof(int);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    ASSERT(0 && "no floating point in the protocol");
}
