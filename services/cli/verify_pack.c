#include "services/cli/verify_pack.h"

#include <string.h>

#define NUMBER_MAX_BYTES 10
#define WIRE_BITS 3

enum wire { WIRE_NUMBER = 0, WIRE_BYTES = 2 };

static size_t number_bytes(uint64_t number)
{
    size_t n = 1;
    for (; number >= 128; number >>= 7)
        n++;
    return n;
}

static uint8_t *put_number(uint8_t *at, uint64_t number)
{
    for (; number >= 128; number >>= 7)
        *at++ = (uint8_t)(number | 128);
    *at++ = (uint8_t)number;
    return at;
}

static uint8_t *put_key(uint8_t *at, const ProtobufCFieldDescriptor *field, enum wire wire)
{
    return put_number(at, (uint64_t)field->id << WIRE_BITS | wire);
}

static uint8_t *put_message(uint8_t *at, const uint8_t *end, const ProtobufCMessage *message);

/* Behind its length, of which it is known how long it is only when all is written. */
static uint8_t *put_part(uint8_t *at, const uint8_t *end, const ProtobufCFieldDescriptor *field,
                         const ProtobufCMessage *part)
{
    if (part == NULL)
        return at;
    if ((size_t)(end - at) < (size_t)2 * NUMBER_MAX_BYTES)
        return NULL;
    at = put_key(at, field, WIRE_BYTES);
    const uint8_t *part_end = put_message(at + 1, end, part);
    if (part_end == NULL)
        return NULL;
    size_t len = (size_t)(part_end - at) - 1, n = number_bytes(len);
    if (n - 1 > (size_t)(end - part_end))
        return NULL;
    if (n > 1)
        memmove(at + n, at + 1, len);
    return put_number(at, len) + len;
}

static uint8_t *put_bytes(uint8_t *at, const uint8_t *end, const ProtobufCFieldDescriptor *field,
                          const void *bytes, size_t len)
{
    if (len == 0)
        return at;
    if (len + (size_t)2 * NUMBER_MAX_BYTES > (size_t)(end - at))
        return NULL;
    at = put_number(put_key(at, field, WIRE_BYTES), len);
    memcpy(at, bytes, len);
    return at + len;
}

/* 1: it is of a type that is packed as a number. */
static int number_of(const ProtobufCFieldDescriptor *field, const uint8_t *member, uint64_t *ret)
{
    uint32_t half;
    if (field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_UINT64 ||
        field->type == PROTOBUF_C_TYPE_SINT64) {
        memcpy(ret, member, sizeof(*ret));
        if (field->type == PROTOBUF_C_TYPE_SINT64)
            *ret = *ret << 1 ^ (0 - (*ret >> 63));
        return 1;
    }
    memcpy(&half, member, sizeof(half));
    *ret = field->type == PROTOBUF_C_TYPE_BOOL ? half != 0 : half;
    if (field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_ENUM)
        *ret = (uint64_t)(int64_t)(int32_t)half;
    return field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_UINT32 ||
           field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_BOOL;
}

static uint8_t *put_field(uint8_t *at, const uint8_t *end, const ProtobufCFieldDescriptor *field,
                          const uint8_t *member)
{
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text;
        memcpy(&text, member, sizeof(text));
        return text == NULL ? at : put_bytes(at, end, field, text, strlen(text));
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData data;
        memcpy(&data, member, sizeof(data));
        return put_bytes(at, end, field, data.data, data.len);
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *part;
        memcpy(&part, member, sizeof(part));
        return put_part(at, end, field, part);
    }
    uint64_t number;
    if (!number_of(field, member, &number))
        return NULL;
    if (number == 0)
        return at;
    if ((size_t)(end - at) < (size_t)2 * NUMBER_MAX_BYTES)
        return NULL;
    return put_number(put_key(at, field, WIRE_NUMBER), number);
}

static uint8_t *put_parts(uint8_t *at, const uint8_t *end, const ProtobufCFieldDescriptor *field,
                          const uint8_t *message)
{
    size_t n;
    ProtobufCMessage *const *parts;
    memcpy(&n, message + field->quantifier_offset, sizeof(n));
    memcpy(&parts, message + field->offset, sizeof(ProtobufCMessage *const *));
    if (n > 0 && field->type != PROTOBUF_C_TYPE_MESSAGE)
        return NULL;
    for (size_t i = 0; i < n && at != NULL; i++)
        at = put_part(at, end, field, parts[i]);
    return at;
}

/* NULL: it does not fit, or is left to the library. */
static uint8_t *put_message(uint8_t *at, const uint8_t *end, const ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *descriptor = message->descriptor;
    if (message->n_unknown_fields > 0)
        return NULL;
    for (unsigned i = 0; i < descriptor->n_fields && at != NULL; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const uint8_t *bytes = (const uint8_t *)message;
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            at = put_parts(at, end, field, bytes);
        else if (field->label == PROTOBUF_C_LABEL_REQUIRED || field->quantifier_offset != 0)
            return NULL;
        else
            at = put_field(at, end, field, bytes + field->offset);
    }
    return at;
}

size_t verify_pack(const ProtobufCMessage *message, uint8_t *ret, size_t size)
{
    const uint8_t *end = put_message(ret, ret + size, message);
    if (end != NULL)
        return (size_t)(end - ret);
    return protobuf_c_message_get_packed_size(message) > size
               ? 0
               : protobuf_c_message_pack(message, ret);
}
