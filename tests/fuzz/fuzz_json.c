/* JSON from anybody: never crashes, never reads outside, explains every refusal in UTF-8, and what
 * it took it writes in a form that means the same.
 *
 * The first byte chooses the message type; when its highest bit is set, the rest is a packed
 * message to be written, else a text to be read. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/events.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/json/json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/json_every.h"

#define ARENA_BYTES (4U << 20)
#define OUT_BYTES (4U << 20)

static const ProtobufCMessageDescriptor *const types[] = {
    &every_descriptor,
    &ansinh__v1__enrol_request__descriptor,
    &ansinh__v1__get_participant_request__descriptor,
    &ansinh__v1__import_units_request__descriptor,
    &ansinh__v1__pay_request__descriptor,
    &ansinh__v1__event__descriptor,
};

static void pack(const ProtobufCMessage *message, struct buf *ret)
{
    buf_init(ret, OUT_BYTES);
    uint8_t *room = buf_reserve(ret, protobuf_c_message_get_packed_size(message));
    ASSERT(room != NULL);
    ret->len = protobuf_c_message_pack(message, room);
}

/* What the writer makes of the message reads as the same message. */
static void check_meaning(const ProtobufCMessage *message, unsigned flags, struct arena *arena)
{
    struct buf json, before, after;
    struct err err;
    ProtobufCMessage *again = NULL;
    buf_init(&json, OUT_BYTES);
    if (json_from_message(message, flags, &json) == 0) {
        int rc = json_to_message((const char *)json.data, json.len, message->descriptor, arena,
                                 &again, &err);
        ASSERT(rc == 0 || rc == -EMSGSIZE);
        if (rc == 0) {
            pack(message, &before);
            pack(again, &after);
            ASSERT(before.len == after.len && memcmp(before.data, after.data, after.len) == 0);
            buf_fini(&before);
            buf_fini(&after);
        }
    }
    buf_fini(&json);
}

static void try_text(const ProtobufCMessageDescriptor *type, const char *text, size_t len,
                     struct arena *arena)
{
    struct err err = {"", ""};
    ProtobufCMessage *message = NULL;
    int rc = json_to_message(text, len, type, arena, &message, &err);
    if (rc == 0) {
        for (unsigned flags = 0; flags <= (JSON_DEFAULTS | JSON_INDENT); flags++)
            check_meaning(message, flags, arena);
        return;
    }
    ASSERT(rc == -EINVAL || rc == -EMSGSIZE);
    ASSERT(message == NULL && err.text[0] != '\0');
    ASSERT(parse_is_utf8(err.text, strlen(err.text)));
    ASSERT(parse_is_utf8(err.field, strlen(err.field)));
}

static void *arena_take(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

static void arena_leave(void *arena, void *piece)
{
    (void)arena;
    (void)piece;
}

/* Unknown fields are not written, and unpacking may take a value in more than one form; so what
 * counts is that the written text is always JSON of the type. */
static void try_packed(const ProtobufCMessageDescriptor *type, const uint8_t *data, size_t len,
                       struct arena *arena)
{
    ProtobufCAllocator allocator = {arena_take, arena_leave, arena};
    ProtobufCMessage *message = protobuf_c_message_unpack(type, &allocator, len, data);
    struct buf json;
    struct err err;
    if (message == NULL)
        return;
    buf_init(&json, OUT_BYTES);
    if (json_from_message(message, JSON_DEFAULTS, &json) == 0) {
        int rc = json_to_message((const char *)json.data, json.len, type, arena, &message, &err);
        ASSERT(rc == 0 || rc == -EMSGSIZE);
    }
    buf_fini(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t type_i = data[0] & 0x7f;
    struct arena *arena = arena_create(ARENA_BYTES);
    if (data[0] & 0x80) /* not Every: protobuf-c does not limit the depth of a message in itself */
        try_packed(types[1 + type_i % (ARRAY_LEN(types) - 1)], data + 1, size - 1, arena);
    else
        try_text(types[type_i % ARRAY_LEN(types)], (const char *)data + 1, size - 1, arena);
    arena_destroy(&arena);
    return 0;
}
