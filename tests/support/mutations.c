#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "ansinh/v1/partners.pb-c.h"
#include "common/base/macros.h"
#include "tests/support/mutations.h"

#define BODY_MAX_BYTES (256 * 1024)
#define LONG_BYTES 60000
#define NUL_MARK '\x01' /* stands for NUL until the message is packed */

struct walk {
    ProtobufCMessage *root;
    void (*visit)(struct walk *self, const ProtobufCFieldDescriptor *field, void *value);
    mutation_fn fn;
    void *arg;
};

static void walk_message(struct walk *self, ProtobufCMessage *message);

static void walk_value(struct walk *self, const ProtobufCFieldDescriptor *field, void *value)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *message = *(ProtobufCMessage **)value;
        assert_non_null(message);
        walk_message(self, message);
    } else {
        self->visit(self, field, value);
    }
}

/* Of a list's row: a number's own bytes, else a pointer. */
static size_t row_bytes(const ProtobufCFieldDescriptor *field)
{
    int is_32 = field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_UINT32 ||
                field->type == PROTOBUF_C_TYPE_ENUM;
    return is_32 ? sizeof(int32_t) : sizeof(int64_t);
}

static void walk_message(struct walk *self, ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        char *value = (char *)message + field->offset;
        const void *quantifier = (char *)message + field->quantifier_offset;
        if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
            *(const unsigned *)quantifier != field->id)
            continue;
        if (field->label != PROTOBUF_C_LABEL_REPEATED) {
            walk_value(self, field, value);
            continue;
        }
        size_t n = *(const size_t *)quantifier;
        if (n == 0 && field->descriptor == &ansinh__v1__partner_key__descriptor)
            continue; /* keys come one by one, by AddKey */
        if (n == 0)
            fail_msg("%s has no row", field->name);
        for (size_t row = 0; row < n; row++)
            walk_value(self, field, *(char **)value + row * row_bytes(field));
    }
}

/* Tells about the message as it stands now; marks become NULs. */
static void tell(struct walk *self, const ProtobufCFieldDescriptor *field, const char *what,
                 int has_marks)
{
    static uint8_t body[BODY_MAX_BYTES];
    size_t len = protobuf_c_message_get_packed_size(self->root);
    assert_true(len <= sizeof(body));
    (void)protobuf_c_message_pack(self->root, body);
    const uint8_t mark[] = {'x', NUL_MARK, 'y'};
    uint8_t *found = has_marks ? memmem(body, len, mark, sizeof(mark)) : NULL;
    assert_int_equal(found != NULL, has_marks);
    if (found != NULL)
        found[1] = '\0';
    struct mutation mutation = {field, what, body, len};
    self->fn(self->arg, &mutation);
}

static void visit_32(struct walk *self, const ProtobufCFieldDescriptor *field, uint32_t *value)
{
    static const uint32_t wrong[] = {UINT32_MAX, (uint32_t)INT32_MAX, 0x80000000U, 99};
    uint32_t before = *value;
    size_t n = ARRAY_LEN(wrong) - (field->type == PROTOBUF_C_TYPE_ENUM ? 0 : 1); /* 99 is small */
    for (size_t i = 0; i < n; i++) {
        char what[32];
        (void)snprintf(what, sizeof(what), "%d", (int)wrong[i]);
        *value = wrong[i];
        tell(self, field, what, 0);
    }
    *value = before;
}

static void visit_64(struct walk *self, const ProtobufCFieldDescriptor *field, uint64_t *value)
{
    static const uint64_t wrong[] = {UINT64_MAX, (uint64_t)INT64_MAX, 0x8000000000000000U,
                                     1ULL << 53};
    uint64_t before = *value;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        char what[32];
        (void)snprintf(what, sizeof(what), "%lld", (long long)wrong[i]);
        *value = wrong[i];
        tell(self, field, what, 0);
    }
    *value = before;
}

static void visit_number(struct walk *self, const ProtobufCFieldDescriptor *field, void *value)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_ENUM:
        visit_32(self, field, value);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        visit_64(self, field, value);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        fail_msg("%s: no number of ours is a fraction", field->name);
        break;
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
}

static void visit_text(struct walk *self, const ProtobufCFieldDescriptor *field, void *value)
{
    static const char *const wrong[] = {"\xff", "a\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                                        "\xe1\xba"};
    if (field->type != PROTOBUF_C_TYPE_STRING)
        return;
    char **text = value, *before = *text, changed[1024];
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        (void)snprintf(changed, sizeof(changed), "%s%s", before, wrong[i]);
        *text = changed;
        tell(self, field, "not UTF-8", 0);
    }
    (void)snprintf(changed, sizeof(changed), "%sx%cy", before, NUL_MARK);
    *text = changed;
    tell(self, field, "a NUL at the end of the good text", 1);
    *text = before;
}

static void visit_length(struct walk *self, const ProtobufCFieldDescriptor *field, void *value)
{
    static char letters[LONG_BYTES + 1];
    memset(letters, 'a', LONG_BYTES);
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        char **text = value, *before = *text;
        *text = letters;
        tell(self, field, "60,000 letters", 0);
        *text = before;
    } else if (field->type == PROTOBUF_C_TYPE_BYTES) {
        ProtobufCBinaryData *bytes = value, before = *bytes;
        *bytes = (ProtobufCBinaryData){LONG_BYTES, (uint8_t *)letters};
        tell(self, field, "60,000 bytes", 0);
        *bytes = before;
    }
}

void mutate_numbers(ProtobufCMessage *message, mutation_fn fn, void *arg)
{
    struct walk walk = {message, visit_number, fn, arg};
    walk_message(&walk, message);
}

void mutate_texts(ProtobufCMessage *message, mutation_fn fn, void *arg)
{
    struct walk walk = {message, visit_text, fn, arg};
    walk_message(&walk, message);
}

void mutate_lengths(ProtobufCMessage *message, mutation_fn fn, void *arg)
{
    struct walk walk = {message, visit_length, fn, arg};
    walk_message(&walk, message);
}
