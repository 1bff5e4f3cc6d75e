#include "services/cli/verify_unpack.h"

#include <string.h>

#include "common/bus/bus.h"

#define NUMBER_MAX_BYTES 10
#define WIRE_BITS 3

enum wire { WIRE_NUMBER = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* An entry under way. */
struct unpacking {
    struct arena *arena;
    char *text; /* room for all strings: each takes less than it does on the wire */
};

/* --- what fields are made of ------------------------------------------------------------------ */

/* Answers where it ends; NULL: nowhere, or it has more than 64 bits. */
static const uint8_t *read_long(const uint8_t *at, const uint8_t *end, uint64_t *ret)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < NUMBER_MAX_BYTES && at + i < end; i++) {
        number |= (uint64_t)(at[i] & 127) << (7 * i);
        if (at[i] < 128) {
            *ret = number;
            return i == NUMBER_MAX_BYTES - 1 && at[i] > 1 ? NULL : at + i + 1;
        }
    }
    return NULL;
}

static inline const uint8_t *read_number(const uint8_t *at, const uint8_t *end, uint64_t *ret)
{
    if (at == end || *at >= 128)
        return read_long(at, end, ret);
    *ret = *at;
    return at + 1;
}

/* Answers where the bytes begin, of which there are so many. */
static inline const uint8_t *read_length(const uint8_t *at, const uint8_t *end, size_t *ret)
{
    uint64_t len = 0;
    at = read_number(at, end, &len);
    *ret = (size_t)len;
    return at == NULL || len > (uint64_t)(end - at) ? NULL : at;
}

static uint64_t unzigzag(uint64_t number)
{
    return number >> 1 ^ (0 - (number & 1));
}

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessageDescriptor *descriptor,
                                                uint64_t id)
{
    if (id - 1 < descriptor->n_fields && descriptor->fields[id - 1].id == id)
        return &descriptor->fields[id - 1]; /* most are numbered without a gap */
    return id > UINT32_MAX >> WIRE_BITS
               ? NULL
               : protobuf_c_message_descriptor_get_field(descriptor, (unsigned)id);
}

static ProtobufCMessage *read_message(struct unpacking *self,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      const uint8_t *at, const uint8_t *end);

/* --- fields ----------------------------------------------------------------------------------- */

static int is_wide(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_INT64 || type == PROTOBUF_C_TYPE_UINT64 ||
           type == PROTOBUF_C_TYPE_SINT64;
}

static int is_narrow(ProtobufCType type)
{
    return type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_UINT32 ||
           type == PROTOBUF_C_TYPE_SINT32 || type == PROTOBUF_C_TYPE_ENUM ||
           type == PROTOBUF_C_TYPE_BOOL;
}

static const uint8_t *take_number(const ProtobufCFieldDescriptor *field, void *member,
                                  const uint8_t *at, const uint8_t *end)
{
    uint64_t number = 0;
    at = read_number(at, end, &number);
    if (field->type == PROTOBUF_C_TYPE_SINT64)
        number = unzigzag(number);
    else if (field->type == PROTOBUF_C_TYPE_SINT32)
        number = unzigzag((uint32_t)number);
    else if (field->type == PROTOBUF_C_TYPE_BOOL)
        number = number != 0;
    uint32_t half = (uint32_t)number;
    if (is_wide(field->type))
        memcpy(member, &number, sizeof(number));
    else if (is_narrow(field->type))
        memcpy(member, &half, sizeof(half));
    else
        return NULL;
    return at;
}

static const uint8_t *take_fixed(const ProtobufCFieldDescriptor *field, void *member, size_t size,
                                 const uint8_t *at, const uint8_t *end)
{
    int is_64 = field->type == PROTOBUF_C_TYPE_FIXED64 || field->type == PROTOBUF_C_TYPE_SFIXED64;
    int is_32 = field->type == PROTOBUF_C_TYPE_FIXED32 || field->type == PROTOBUF_C_TYPE_SFIXED32;
    if (!(size == sizeof(uint64_t) ? is_64 : is_32) || (size_t)(end - at) < size)
        return NULL;
    memcpy(member, at, size); /* little-endian, as this machine is */
    return at + size;
}

static const uint8_t *take_bytes(struct unpacking *self, const ProtobufCFieldDescriptor *field,
                                 void *member, const uint8_t *at, const uint8_t *end)
{
    size_t len;
    ProtobufCMessage *message = NULL;
    at = read_length(at, end, &len);
    if (at == NULL)
        return NULL;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        memcpy(&message, member, sizeof(message));
        if (message != NULL)
            return NULL; /* the two would have to be merged */
        message = read_message(self, field->descriptor, at, at + len);
        memcpy(member, &message, sizeof(message));
        return message == NULL ? NULL : at + len;
    }
    memcpy(self->text, at, len);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        memcpy(member, &self->text, sizeof(self->text));
        self->text[len] = '\0';
        self->text += len + 1;
        return at + len;
    }
    if (field->type != PROTOBUF_C_TYPE_BYTES)
        return NULL;
    const ProtobufCBinaryData data = {len, len == 0 ? NULL : (uint8_t *)self->text};
    memcpy(member, &data, sizeof(data));
    self->text += len;
    return at + len;
}

static const uint8_t *take_field(struct unpacking *self, const ProtobufCFieldDescriptor *field,
                                 enum wire wire, uint8_t *message, const uint8_t *at,
                                 const uint8_t *end)
{
    uint8_t *member = message + field->offset;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t which;
        memcpy(&which, message + field->quantifier_offset, sizeof(which));
        if (which != 0)
            return NULL; /* the one before would have to go */
        memcpy(message + field->quantifier_offset, &field->id, sizeof(field->id));
    } else if (field->label == PROTOBUF_C_LABEL_REQUIRED || field->quantifier_offset != 0) {
        return NULL;
    }
    if (wire == WIRE_NUMBER)
        return take_number(field, member, at, end);
    if (wire == WIRE_BYTES)
        return take_bytes(self, field, member, at, end);
    if (wire == WIRE_64 || wire == WIRE_32)
        return take_fixed(field, member, wire == WIRE_64 ? sizeof(uint64_t) : sizeof(uint32_t), at,
                          end);
    return NULL;
}

/* --- repeated messages ------------------------------------------------------------------------ */

/* How many messages of one field follow each other; at: behind the first one's key. 0: not even one
 * can be read. */
static size_t count_run(uint64_t key, const uint8_t *at, const uint8_t *end)
{
    for (size_t n = 0;; n++) {
        uint64_t next = 0;
        size_t len;
        at = read_length(at, end, &len);
        if (at == NULL)
            return 0;
        at += len;
        if (at == end)
            return n + 1;
        at = read_number(at, end, &next);
        if (at == NULL || next != key)
            return n + 1;
    }
}

static const uint8_t *take_run(struct unpacking *self, const ProtobufCFieldDescriptor *field,
                               enum wire wire, uint8_t *message, const uint8_t *at,
                               const uint8_t *end)
{
    uint64_t key = (uint64_t)field->id << WIRE_BITS | WIRE_BYTES;
    size_t before;
    memcpy(&before, message + field->quantifier_offset, sizeof(before));
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || wire != WIRE_BYTES || before != 0)
        return NULL;
    size_t n = count_run(key, at, end);
    ProtobufCMessage **list = n == 0 ? NULL : arena_alloc(self->arena, n * sizeof(*list));
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t len;
        if (i > 0)
            at = read_number(at, end, &key);
        at = read_length(at, end, &len);
        list[i] = at == NULL ? NULL : read_message(self, field->descriptor, at, at + len);
        if (list[i] == NULL)
            return NULL;
        at += len;
    }
    memcpy(message + field->offset, &list, sizeof(ProtobufCMessage **));
    memcpy(message + field->quantifier_offset, &n, sizeof(n));
    return at;
}

/* --- messages --------------------------------------------------------------------------------- */

/* NULL: it cannot be read, or is left to the library. */
static ProtobufCMessage *read_message(struct unpacking *self,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      const uint8_t *at, const uint8_t *end)
{
    ProtobufCMessage *message = arena_alloc(self->arena, descriptor->sizeof_message);
    if (message == NULL)
        return NULL;
    descriptor->message_init(message);
    while (at != NULL && at < end) {
        uint64_t key = 0;
        at = read_number(at, end, &key);
        const ProtobufCFieldDescriptor *field =
            at == NULL ? NULL : field_of(descriptor, key >> WIRE_BITS);
        if (field == NULL)
            return NULL;
        enum wire wire = (enum wire)(key & ((1U << WIRE_BITS) - 1));
        at = field->label == PROTOBUF_C_LABEL_REPEATED
                 ? take_run(self, field, wire, (uint8_t *)message, at, end)
                 : take_field(self, field, wire, (uint8_t *)message, at, end);
    }
    return at == NULL ? NULL : message;
}

const Ansinh__V1__Event *verify_unpack(struct arena *arena, const uint8_t *bytes, size_t len)
{
    struct unpacking self = {arena, arena_alloc(arena, len)};
    ProtobufCMessage *message =
        self.text == NULL ? NULL
                          : read_message(&self, &ansinh__v1__event__descriptor, bytes, bytes + len);
    if (message != NULL)
        return (const Ansinh__V1__Event *)message;
    ProtobufCAllocator allocator;
    bus_arena_allocator(arena, &allocator);
    return ansinh__v1__event__unpack(&allocator, len, bytes);
}
