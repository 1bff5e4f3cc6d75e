/* What comes over the bus: headers, statuses, messages of every method, event frames.
 *
 * The first byte says what the rest is; for a message, the next two say of which method, input or
 * output. */
#include <string.h>

#include "common/base/buf.h"
#include "common/bus/frame.h"
#include "common/json/json.h"
#include "common/service/api.h"
#include "tests/fuzz/fuzz.h"

#define ARENA_BYTES (2U << 20)
#define OUT_BYTES (16U << 20)

enum { AS_HEADER, AS_STATUS, AS_EVENT, AS_MESSAGE, KINDS };

static void read_frame(int kind, const uint8_t *data, size_t size, struct arena *arena)
{
    zmq_msg_t frame;
    ASSERT(frame_copy(data, size, &frame) == 0);
    if (kind == AS_STATUS) {
        (void)frame_unpack_status(&frame, arena);
    } else {
        const Ansinh__V1__Header *header = frame_unpack_header(&frame, arena);
        const char *fault = header == NULL ? NULL : frame_header_fault(header);
        ASSERT(header == NULL || fault == NULL || fault[0] != '\0');
        ASSERT(header == NULL || size <= BUS_HEADER_MAX_BYTES);
    }
    (void)zmq_msg_close(&frame);
}

/* What was written is read as the same. */
static void read_event(const uint8_t *data, size_t size)
{
    struct bus_event event;
    uint8_t head[FRAME_EVENT_HEAD_BYTES];
    if (frame_read_event(data, size, &event) < 0)
        return;
    ASSERT(event.len > 0 && event.body + event.len == data + size);
    frame_write_event_head(head, event.partition, event.epoch, event.seq);
    ASSERT(memcmp(head, data, sizeof(head)) == 0);
}

static const struct api_method *choose(uint8_t number)
{
    size_t n = 0;
    while (api_at(n) != NULL)
        n++;
    return api_at(number % n);
}

/* As a server does: the texts first, then the message; what passed both becomes JSON. */
static void read_message(const uint8_t *data, size_t size, struct arena *arena)
{
    const struct api_method *method = choose(fuzz_byte(&data, &size));
    const ProtobufCMessageDescriptor *type =
        fuzz_byte(&data, &size) % 2 == 0 ? method->input : method->output;
    const char *bad = frame_bad_text(type, data, size);
    const ProtobufCMessage *message = frame_unpack(type, arena, data, size);
    if (message == NULL || bad != NULL)
        return;
    CLEANUP(buf_fini) struct buf json;
    buf_init(&json, OUT_BYTES);
    ASSERT(json_from_message(message, JSON_DEFAULTS, &json) == 0);
    ASSERT(parse_is_utf8((const char *)json.data, json.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_create(ARENA_BYTES);
    int kind = fuzz_byte(&data, &size) % KINDS;
    if (kind == AS_EVENT)
        read_event(data, size);
    else if (kind == AS_MESSAGE)
        read_message(data, size, arena);
    else
        read_frame(kind, data, size, arena);
    arena_destroy(&arena);
    return 0;
}
