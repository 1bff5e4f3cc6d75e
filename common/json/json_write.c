/* Protobuf to JSON, straight into the buffer: no tree is built. */
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/json/json.h"
#include "common/json/json_field.h"

struct writer {
    struct buf *out;
    unsigned flags;
    int depth;   /* of messages */
    int indents; /* of braces and brackets */
};

static int write_message(struct writer *self, const ProtobufCMessage *message);

static void write_newline(struct writer *self)
{
    if ((self->flags & JSON_INDENT) == 0)
        return;
    (void)buf_putc(self->out, '\n');
    for (int i = 0; i < self->indents; i++)
        (void)buf_puts(self->out, "  ");
}

static void write_open(struct writer *self, char bracket)
{
    (void)buf_putc(self->out, bracket);
    self->indents++;
}

static void write_close(struct writer *self, char bracket, int is_empty)
{
    self->indents--;
    if (!is_empty)
        write_newline(self);
    (void)buf_putc(self->out, bracket);
}

/* Comma and new line between the members of an object or array. */
static void write_next(struct writer *self, int is_first)
{
    if (!is_first)
        (void)buf_putc(self->out, ',');
    write_newline(self);
}

static void write_escape(struct buf *out, unsigned char c)
{
    static const char *const short_forms[] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
        ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t",
    };
    if (short_forms[c] != NULL)
        (void)buf_puts(out, short_forms[c]);
    else
        (void)buf_printf(out, "\\u%04x", c);
}

static int write_string(struct buf *out, const char *text)
{
    size_t len = text == NULL ? 0 : strlen(text);
    if (!parse_is_utf8(text, len))
        return -EINVAL;
    (void)buf_putc(out, '"');
    size_t start = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        (void)buf_append(out, text + start, i - start);
        write_escape(out, c);
        start = i + 1;
    }
    if (start < len)
        (void)buf_append(out, text + start, len - start);
    return buf_putc(out, '"');
}

static int write_bytes(struct buf *out, const ProtobufCBinaryData *bytes)
{
    size_t size = sodium_base64_ENCODED_LEN(bytes->len, sodium_base64_VARIANT_ORIGINAL);
    (void)buf_putc(out, '"');
    char *room = (char *)buf_reserve(out, size);
    if (room == NULL)
        return out->failed;
    (void)sodium_bin2base64(room, size, bytes->data, bytes->len, sodium_base64_VARIANT_ORIGINAL);
    out->len += size - 1;
    return buf_putc(out, '"');
}

static int write_enum(struct buf *out, const ProtobufCEnumDescriptor *descriptor, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
    return value == NULL ? buf_printf(out, "%d", number) : buf_printf(out, "\"%s\"", value->name);
}

static int write_value(struct writer *self, const ProtobufCFieldDescriptor *field, const void *slot)
{
    struct buf *out = self->out;
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return buf_printf(out, "%" PRId32, *(const int32_t *)slot);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return buf_printf(out, "%" PRIu32, *(const uint32_t *)slot);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return buf_printf(out, "\"%" PRId64 "\"", *(const int64_t *)slot);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return buf_printf(out, "\"%" PRIu64 "\"", *(const uint64_t *)slot);
    case PROTOBUF_C_TYPE_BOOL:
        return buf_puts(out, *(const protobuf_c_boolean *)slot ? "true" : "false");
    case PROTOBUF_C_TYPE_ENUM:
        return write_enum(out, field->descriptor, *(const int *)slot);
    case PROTOBUF_C_TYPE_STRING:
        return write_string(out, *(const char *const *)slot);
    case PROTOBUF_C_TYPE_BYTES:
        return write_bytes(out, slot);
    case PROTOBUF_C_TYPE_MESSAGE:
        return write_message(self, *(const ProtobufCMessage *const *)slot);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    ASSERT(0 && "no floating point in the protocol");
}

static int write_array(struct writer *self, const ProtobufCFieldDescriptor *field,
                       const ProtobufCMessage *message)
{
    const char *base = (const char *)message;
    size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
    const char *slot = *(const char *const *)(const void *)(base + field->offset);
    size_t size = json_slot_size(field->type);
    int rc = 0;
    write_open(self, '[');
    for (size_t i = 0; rc == 0 && i < count; i++) {
        write_next(self, i == 0);
        rc = write_value(self, field, slot + i * size);
    }
    write_close(self, ']', count == 0);
    return rc;
}

/* Whether a field without presence is at its default. */
static int is_default(const ProtobufCFieldDescriptor *field, const void *slot)
{
    uint64_t zero = 0;
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)slot)->len == 0;
    if (field->type != PROTOBUF_C_TYPE_STRING)
        return memcmp(slot, &zero, json_slot_size(field->type)) == 0;
    const char *text = *(const char *const *)slot;
    return text == NULL || *text == '\0';
}

static int is_written(const struct writer *self, const ProtobufCFieldDescriptor *field,
                      const ProtobufCMessage *message)
{
    const char *base = (const char *)message;
    const void *quantifier = base + field->quantifier_offset;
    const void *slot = base + field->offset;
    int is_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
    if (is_oneof && *(const uint32_t *)quantifier != field->id)
        return 0;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED)
        return *(const ProtobufCMessage *const *)slot != NULL;
    if (is_oneof)
        return 1;
    if (self->flags & JSON_DEFAULTS)
        return 1;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)quantifier > 0;
    return !is_default(field, slot);
}

static int write_field(struct writer *self, const ProtobufCFieldDescriptor *field,
                       const ProtobufCMessage *message)
{
    char name[JSON_NAME_BYTES];
    json_name(field->name, name);
    (void)buf_putc(self->out, '"');
    (void)buf_puts(self->out, name);
    (void)buf_puts(self->out, self->flags & JSON_INDENT ? "\": " : "\":");
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return write_array(self, field, message);
    return write_value(self, field, (const char *)message + field->offset);
}

static int write_message(struct writer *self, const ProtobufCMessage *message)
{
    if (self->depth >= JSON_DEPTH_MAX)
        return -EMSGSIZE;
    self->depth++;
    write_open(self, '{');
    int is_empty = 1;
    int rc = 0;
    for (unsigned i = 0; rc == 0 && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        if (!is_written(self, field, message))
            continue;
        write_next(self, is_empty);
        rc = write_field(self, field, message);
        is_empty = 0;
    }
    write_close(self, '}', is_empty);
    self->depth--;
    return rc;
}

int json_from_message(const ProtobufCMessage *message, unsigned flags, struct buf *out)
{
    struct writer writer = {.out = out, .flags = flags};
    int rc = write_message(&writer, message);
    if (rc == 0)
        rc = out->failed;
    return rc == -ENOMEM ? -EMSGSIZE : rc;
}
