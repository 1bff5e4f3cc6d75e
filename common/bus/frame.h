/* Frames and what is in them: protobuf messages packed straight into ZeroMQ frames, bounded
 * decoding, event frames. Private to the bus. */
#ifndef ANSINH_BUS_FRAME_H
#define ANSINH_BUS_FRAME_H

#include <zmq.h>

#include "common/bus/bus.h"
#include "common/bus/events.h"

#define FRAME_METHOD_BYTES 96 /* "ansinh.v1.Payments/Pay" with NUL */
#define FRAME_TRACE_ID_MAX_BYTES 64
#define FRAME_PARTNER_MAX_BYTES 32
#define FRAME_SOURCE_FILE_BYTES 8
#define FRAME_EVENT_HEAD_BYTES 15

/* Makes *ret a frame with the packed message. -ENOMEM. */
int frame_pack(const ProtobufCMessage *message, zmq_msg_t *ret) MUST_CHECK;

/* Makes *ret a frame with a copy of the bytes. -ENOMEM. */
int frame_copy(const void *data, size_t len, zmq_msg_t *ret) MUST_CHECK;

/* Decodes into the arena; NULL when it is malformed or does not fit the arena. */
ProtobufCMessage *frame_unpack(const ProtobufCMessageDescriptor *descriptor, struct arena *arena,
                               const void *data, size_t len);

/* A Header or Status frame; NULL also when it is longer than BUS_HEADER_MAX_BYTES. */
Ansinh__V1__Header *frame_unpack_header(zmq_msg_t *frame, struct arena *arena);
Ansinh__V1__Status *frame_unpack_status(zmq_msg_t *frame, struct arena *arena);

/* What is wrong with a decoded Header, NULL when nothing is. */
const char *frame_header_fault(const Ansinh__V1__Header *header);

/* protobuf-c takes any bytes for a string and cuts it at the first NUL: the name of the first field
 * of a packed message, at any depth, that is not UTF-8 or has a NUL in it; "" when the bytes are no
 * message, NULL when nothing is wrong. */
const char *frame_bad_text(const ProtobufCMessageDescriptor *descriptor, const void *data,
                           size_t len);

/* The rest of a multipart message after a frame that says "more": received and forgotten. */
void frame_skip_rest(void *socket);

/* 'e', partition u16, epoch u32, seq u64, little-endian. */
void frame_write_event_head(uint8_t ret[FRAME_EVENT_HEAD_BYTES], unsigned partition, uint32_t epoch,
                            uint64_t seq);
/* -EPROTO: too short, another kind, or an empty event. ret->body borrows data. */
int frame_read_event(const uint8_t *data, size_t len, struct bus_event *ret) MUST_CHECK;

#endif
