/* What verify packs and unpacks in one pass is what the library makes of it. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/books.pb-c.h"
#include "ansinh/v1/custody.pb-c.h"
#include "common/bus/bus.h"
#include "services/cli/verify_pack.h"
#include "services/cli/verify_unpack.h"

#define ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define PACKED_BYTES 65536
#define ROUNDS 3000
#define DEPTH_MAX 4
#define REPEATED_MAX 3

struct world {
    struct arena *arena;
    uint64_t seed;
    uint8_t first[PACKED_BYTES], second[PACKED_BYTES];
};

static int setup(void **state)
{
    struct world *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    self->arena = arena_create(ARENA_BYTES);
    self->seed = 20250101;
    *state = self;
    return 0;
}

static int teardown(void **state)
{
    struct world *self = *state;
    arena_destroy(&self->arena);
    free(self);
    return 0;
}

static uint64_t draw(struct world *self, uint64_t below)
{
    self->seed = self->seed * 6364136223846793005u + 1442695040888963407u;
    return (self->seed >> 33) % below;
}

static uint64_t draw_number(struct world *self)
{
    uint64_t wide = draw(self, UINT32_MAX) << 32 | draw(self, UINT32_MAX);
    return draw(self, 4) == 0 ? 0 : wide >> draw(self, 64);
}

static ProtobufCMessage *draw_message(struct world *self,
                                      const ProtobufCMessageDescriptor *descriptor, int depth);

static void draw_value(struct world *self, const ProtobufCFieldDescriptor *field, uint8_t *member,
                       int depth)
{
    uint64_t number = draw_number(self);
    uint32_t half = field->type == PROTOBUF_C_TYPE_BOOL ? number & 1 : (uint32_t)number;
    size_t len = draw(self, 4) == 0 ? draw(self, 300) : draw(self, 20);
    char *text = arena_zalloc(self->arena, len + 1);
    memset(text, 'x', len);
    ProtobufCBinaryData data = {len, len == 0 ? NULL : (uint8_t *)text};
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *part =
            depth == DEPTH_MAX ? NULL : draw_message(self, field->descriptor, depth + 1);
        memcpy(member, &part, sizeof(part));
    } else if (field->type == PROTOBUF_C_TYPE_STRING) {
        memcpy(member, &text, sizeof(text));
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        memcpy(member, &data, sizeof(data));
    } else if (field->type == PROTOBUF_C_TYPE_INT64 || field->type == PROTOBUF_C_TYPE_SINT64 ||
               field->type == PROTOBUF_C_TYPE_UINT64 || field->type == PROTOBUF_C_TYPE_FIXED64) {
        memcpy(member, &number, sizeof(number));
    } else {
        memcpy(member, &half, sizeof(half));
    }
}

static void draw_list(struct world *self, const ProtobufCFieldDescriptor *field, uint8_t *message,
                      int depth)
{
    size_t n = depth == DEPTH_MAX ? 0 : draw(self, REPEATED_MAX + 1);
    uint8_t *list = arena_zalloc(self->arena, 16 * (n + 1));
    size_t size = field->type == PROTOBUF_C_TYPE_BYTES ? 16
                  : field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_UINT32 ||
                          field->type == PROTOBUF_C_TYPE_ENUM
                      ? 4
                      : 8;
    for (size_t i = 0; i < n; i++)
        draw_value(self, field, list + i * size, depth);
    memcpy(message + field->offset, &list, sizeof(list));
    memcpy(message + field->quantifier_offset, &n, sizeof(n));
}

/* Some of its fields, and one of each oneof at most. */
static ProtobufCMessage *draw_message(struct world *self,
                                      const ProtobufCMessageDescriptor *descriptor, int depth)
{
    ProtobufCMessage *message = arena_zalloc(self->arena, descriptor->sizeof_message);
    uint8_t *bytes = (uint8_t *)message;
    descriptor->message_init(message);
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        uint32_t which = 0;
        if (draw(self, 3) == 0)
            continue;
        if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
            memcpy(&which, bytes + field->quantifier_offset, sizeof(which));
            if (which != 0 || draw(self, 8) != 0 || depth == DEPTH_MAX)
                continue;
            memcpy(bytes + field->quantifier_offset, &field->id, sizeof(field->id));
        }
        if (field->label == PROTOBUF_C_LABEL_REPEATED)
            draw_list(self, field, bytes, depth);
        else
            draw_value(self, field, bytes + field->offset, depth);
    }
    return message;
}

/* Both ways the bytes are read as the same event, or both say that they cannot be. */
static void check_unpacked(struct world *self, const uint8_t *bytes, size_t len)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__Event *theirs = ansinh__v1__event__unpack(&allocator, len, bytes);
    const Ansinh__V1__Event *ours = verify_unpack(self->arena, bytes, len);
    assert_int_equal(ours == NULL, theirs == NULL);
    if (theirs == NULL)
        return;
    size_t n = ansinh__v1__event__get_packed_size(theirs);
    assert_int_equal(ansinh__v1__event__get_packed_size(ours), n);
    uint8_t *first = arena_alloc(self->arena, n), *second = arena_alloc(self->arena, n);
    assert_true(first != NULL && second != NULL);
    (void)ansinh__v1__event__pack(theirs, first);
    (void)ansinh__v1__event__pack(ours, second);
    assert_memory_equal(first, second, n);
    assert_int_equal(ours->base.n_unknown_fields, theirs->base.n_unknown_fields);
}

static void events_are_read_as_the_library_reads_them(void **state)
{
    struct world *self = *state;
    for (int i = 0; i < ROUNDS; i++) {
        arena_reset(self->arena);
        const ProtobufCMessage *event = draw_message(self, &ansinh__v1__event__descriptor, 0);
        size_t len = protobuf_c_message_get_packed_size(event);
        if (len == 0 || len > PACKED_BYTES)
            continue;
        (void)protobuf_c_message_pack(event, self->first);
        check_unpacked(self, self->first, len);
        /* cut off, with other bytes in it, and with bytes of its own behind it */
        check_unpacked(self, self->first, draw(self, len));
        memcpy(self->second, self->first, len);
        self->second[draw(self, len)] ^= (uint8_t)(1 + draw(self, 255));
        check_unpacked(self, self->second, len);
        size_t more = MIN(draw(self, len), PACKED_BYTES - len);
        memcpy(self->first + len, self->second, more);
        check_unpacked(self, self->first, len + more);
    }
}

static void numbers_of_any_length_are_read(void **state)
{
    struct world *self = *state;
    const uint8_t zero_padded[] = {0x08, 0x81, 0x80, 0x80, 0x00};
    const uint8_t ten[] = {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    const uint8_t beyond[] = {0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02};
    const uint8_t endless[] = {0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1};
    const uint8_t long_string[] = {0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    check_unpacked(self, zero_padded, sizeof(zero_padded));
    check_unpacked(self, ten, sizeof(ten));
    check_unpacked(self, beyond, sizeof(beyond));
    check_unpacked(self, endless, sizeof(endless));
    check_unpacked(self, long_string, sizeof(long_string));
    check_unpacked(self, ten, 0);
}

static void messages_are_packed_as_the_library_packs_them(void **state)
{
    struct world *self = *state;
    const ProtobufCMessageDescriptor *const kinds[] = {
        &ansinh__v1__booked_payment__descriptor, &ansinh__v1__receipt_record__descriptor,
        &ansinh__v1__receipt_series_record__descriptor, &ansinh__v1__event__descriptor,
        &ansinh__v1__session_record__descriptor};
    for (int i = 0; i < ROUNDS; i++) {
        arena_reset(self->arena);
        const ProtobufCMessage *message =
            draw_message(self, kinds[(size_t)i % ARRAY_LEN(kinds)], 0);
        size_t len = protobuf_c_message_get_packed_size(message);
        if (len == 0 || len > PACKED_BYTES)
            continue;
        (void)protobuf_c_message_pack(message, self->first);
        assert_int_equal(verify_pack(message, self->second, len), len);
        assert_memory_equal(self->first, self->second, len);
        assert_int_equal(verify_pack(message, self->second, PACKED_BYTES), len);
        assert_memory_equal(self->first, self->second, len);
        assert_int_equal(verify_pack(message, self->second, len - 1), 0);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(events_are_read_as_the_library_reads_them, setup, teardown),
    cmocka_unit_test_setup_teardown(numbers_of_any_length_are_read, setup, teardown),
    cmocka_unit_test_setup_teardown(messages_are_packed_as_the_library_packs_them, setup, teardown),
};

TEST_MAIN(tests)
