#include "common/bus/frame.h"

#include <errno.h>
#include <string.h>

#include "common/base/parse.h"

int frame_pack(const ProtobufCMessage *message, zmq_msg_t *ret)
{
    if (zmq_msg_init_size(ret, protobuf_c_message_get_packed_size(message)) < 0)
        return -ENOMEM;
    (void)protobuf_c_message_pack(message, zmq_msg_data(ret));
    return 0;
}

int frame_copy(const void *data, size_t len, zmq_msg_t *ret)
{
    if (zmq_msg_init_size(ret, len) < 0)
        return -ENOMEM;
    if (len > 0)
        memcpy(zmq_msg_data(ret), data, len);
    return 0;
}

ProtobufCMessage *frame_unpack(const ProtobufCMessageDescriptor *descriptor, struct arena *arena,
                               const void *data, size_t len)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(arena, &allocator);
    return protobuf_c_message_unpack(descriptor, &allocator, len, data);
}

static ProtobufCMessage *unpack_envelope(const ProtobufCMessageDescriptor *descriptor,
                                         zmq_msg_t *frame, struct arena *arena)
{
    if (zmq_msg_size(frame) > BUS_HEADER_MAX_BYTES)
        return NULL;
    return frame_unpack(descriptor, arena, zmq_msg_data(frame), zmq_msg_size(frame));
}

Ansinh__V1__Header *frame_unpack_header(zmq_msg_t *frame, struct arena *arena)
{
    return (Ansinh__V1__Header *)unpack_envelope(&ansinh__v1__header__descriptor, frame, arena);
}

Ansinh__V1__Status *frame_unpack_status(zmq_msg_t *frame, struct arena *arena)
{
    return (Ansinh__V1__Status *)unpack_envelope(&ansinh__v1__status__descriptor, frame, arena);
}

/* Goes into log lines: printable, without spaces and quotes. */
static int is_token(const char *text, size_t len_max)
{
    size_t i = 0;
    while (text[i] != '\0') {
        if (text[i] <= ' ' || text[i] > '~' || text[i] == '"' || ++i > len_max)
            return 0;
    }
    return 1;
}

const char *frame_header_fault(const Ansinh__V1__Header *header)
{
    if (header->request_id.len != 0 && header->request_id.len != ID_BYTES)
        return "the header's request_id is not 16 bytes";
    if (header->timeout_ms == 0 || header->timeout_ms > BUS_TIMEOUT_MAX_MS)
        return "the header's timeout_ms is out of range";
    if (!is_token(header->caller, BUS_NAME_BYTES - 1))
        return "the header's caller is no name";
    if (!is_token(header->trace_id, FRAME_TRACE_ID_MAX_BYTES))
        return "the header's trace_id is no token of at most 64 bytes";
    if (!is_token(header->partner, FRAME_PARTNER_MAX_BYTES))
        return "the header's partner is no code";
    if (header->source_file.len != 0 && header->source_file.len != FRAME_SOURCE_FILE_BYTES)
        return "the header's source_file is not 8 bytes";
    return NULL;
}

/* Advances *at behind a variable-length integer; -EPROTO at the end. */
static int take_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
    *ret = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        *ret |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return 0;
    }
    return -EPROTO;
}

/* Recursion is bounded: no message of the platform contains itself. */
static const char *bad_text_of(const ProtobufCFieldDescriptor *field, const uint8_t *data,
                               size_t len)
{
    if (field != NULL && field->type == PROTOBUF_C_TYPE_STRING && !parse_is_utf8(data, len))
        return field->name;
    if (field != NULL && field->type == PROTOBUF_C_TYPE_MESSAGE)
        return frame_bad_text(field->descriptor, data, len);
    return NULL;
}

/* How many bytes of a value follow; a number of variable length is passed over. */
static int take_size(unsigned wire_type, const uint8_t **at, const uint8_t *end, uint64_t *ret)
{
    uint64_t number;
    switch (wire_type) {
    case PROTOBUF_C_WIRE_TYPE_VARINT:
        *ret = 0;
        return take_varint(at, end, &number);
    case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
        return take_varint(at, end, ret);
    case PROTOBUF_C_WIRE_TYPE_32BIT:
        *ret = 4;
        return 0;
    case PROTOBUF_C_WIRE_TYPE_64BIT:
        *ret = 8;
        return 0;
    default:
        return -EPROTO;
    }
}

const char *frame_bad_text(const ProtobufCMessageDescriptor *descriptor, const void *data,
                           size_t len)
{
    const uint8_t *at = data, *end = at + len;
    const char *name = NULL;
    while (name == NULL && at < end) {
        uint64_t key, size;
        if (take_varint(&at, end, &key) < 0 || take_size(key & 7, &at, end, &size) < 0 ||
            size > (uint64_t)(end - at))
            return "";
        if ((key & 7) == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
            name = bad_text_of(
                protobuf_c_message_descriptor_get_field(descriptor, (unsigned)(key >> 3)), at,
                (size_t)size);
        at += size;
    }
    return name;
}

void frame_skip_rest(void *socket)
{
    int is_more = 1;
    while (is_more) {
        zmq_msg_t frame;
        (void)zmq_msg_init(&frame);
        is_more = zmq_msg_recv(&frame, socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&frame);
        (void)zmq_msg_close(&frame);
    }
}

static void put_little_endian(uint8_t *at, size_t n, uint64_t value)
{
    for (size_t i = 0; i < n; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t get_little_endian(const uint8_t *at, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

void frame_write_event_head(uint8_t ret[FRAME_EVENT_HEAD_BYTES], unsigned partition, uint32_t epoch,
                            uint64_t seq)
{
    ret[0] = 'e';
    put_little_endian(ret + 1, 2, partition);
    put_little_endian(ret + 3, 4, epoch);
    put_little_endian(ret + 7, 8, seq);
}

int frame_read_event(const uint8_t *data, size_t len, struct bus_event *ret)
{
    if (len <= FRAME_EVENT_HEAD_BYTES || data[0] != 'e')
        return -EPROTO;
    ret->partition = (unsigned)get_little_endian(data + 1, 2);
    ret->epoch = (uint32_t)get_little_endian(data + 3, 4);
    ret->seq = get_little_endian(data + 7, 8);
    ret->body = data + FRAME_EVENT_HEAD_BYTES;
    ret->len = len - FRAME_EVENT_HEAD_BYTES;
    return 0;
}
