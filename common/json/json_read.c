/* JSON to protobuf: jansson parses, the descriptors say what is allowed where. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/json/json.h"
#include "common/json/json_field.h"
#include "common/json/json_where.h"

#define REAL_EXACT_LIMIT 9007199254740992.0 /* 2^53: from here on a double skips whole numbers */

#define SYNTAX_TEXT_MAX_BYTES 100 /* jansson's sentences are shorter, its citations 20 bytes */

/* Where the reader stands: a chain over the stack, from the inside out, that is put into words only
 * when something is wrong. */
struct place {
    const struct place *parent;
    const char *key; /* NULL: an element */
    size_t index;
};

struct reader {
    struct arena *arena;
    struct err *err;
    int depth; /* of messages */
};

static int read_message(struct reader *self, const struct place *place, json_t *json,
                        const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret);

static size_t place_format(const struct place *place, char *text, size_t size)
{
    if (place == NULL)
        return 0;
    size_t used = place_format(place->parent, text, size);
    int more = place->key == NULL
                   ? snprintf(text + used, size - used, "[%zu]", place->index)
                   : snprintf(text + used, size - used, "%s%s", used > 0 ? "." : "", place->key);
    return MIN(used + (size_t)MAX(more, 0), size - 1);
}

static const char *place_text(const struct place *place, char *text)
{
    (void)place_format(place, text, ERR_FIELD_MAX_BYTES);
    return text;
}

#define FAIL(self, place, code, ...)                                                               \
    err_field((self)->err, code, place_text(place, (char[ERR_FIELD_MAX_BYTES]){""}), __VA_ARGS__)

static void *read_alloc(struct reader *self, const struct place *place, size_t size, int *ret_rc)
{
    void *memory = arena_alloc(self->arena, size);
    *ret_rc = memory == NULL ? FAIL(self, place, -EMSGSIZE, "the message is too large") : 0;
    return memory;
}

/* The text of a string without U+0000, else NULL. */
static const char *text_of(const json_t *json)
{
    const char *text = json_string_value(json);
    return text == NULL || strlen(text) != json_string_length(json) ? NULL : text;
}

static int real_to_int64(double real, int64_t *ret)
{
    if (!(real > -REAL_EXACT_LIMIT && real < REAL_EXACT_LIMIT) || (double)(int64_t)real != real)
        return -EINVAL;
    *ret = (int64_t)real;
    return 0;
}

static int to_int64(const json_t *json, int64_t min, int64_t max, int64_t *ret)
{
    int64_t value = json_integer_value(json);
    const char *text = text_of(json);
    if (text != NULL)
        return parse_int64(text, min, max, ret);
    if (!json_is_integer(json) &&
        (!json_is_real(json) || real_to_int64(json_real_value(json), &value) < 0))
        return -EINVAL;
    if (value < min || value > max)
        return -ERANGE;
    *ret = value;
    return 0;
}

/* jansson's whole numbers end at INT64_MAX, so what is above it comes as text. */
static int to_uint64(const json_t *json, uint64_t max, uint64_t *ret)
{
    int64_t small = 0;
    int rc = to_int64(json, 0, (int64_t)MIN(max, (uint64_t)INT64_MAX), &small);
    const char *text = text_of(json);
    if (rc != -ERANGE || text == NULL) {
        *ret = (uint64_t)small;
        return rc;
    }
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return -ERANGE;
    }
    if (*text != '\0' || value > max)
        return -ERANGE;
    *ret = value;
    return 0;
}

static int read_signed(struct reader *self, const struct place *place, const json_t *json,
                       int64_t min, int64_t max, int64_t *ret)
{
    if (to_int64(json, min, max, ret) < 0)
        return FAIL(self, place, -EINVAL, "want a whole number from %" PRId64 " to %" PRId64, min,
                    max);
    return 0;
}

static int read_unsigned(struct reader *self, const struct place *place, const json_t *json,
                         uint64_t max, uint64_t *ret)
{
    if (to_uint64(json, max, ret) < 0)
        return FAIL(self, place, -EINVAL, "want a whole number from 0 to %" PRIu64, max);
    return 0;
}

static int read_bool(struct reader *self, const struct place *place, const json_t *json,
                     protobuf_c_boolean *ret)
{
    if (!json_is_boolean(json))
        return FAIL(self, place, -EINVAL, "want true or false");
    *ret = json_is_true(json);
    return 0;
}

static int read_enum(struct reader *self, const struct place *place, const json_t *json,
                     const ProtobufCEnumDescriptor *descriptor, int *ret)
{
    const char *name = text_of(json);
    const ProtobufCEnumValue *value =
        name == NULL ? NULL : protobuf_c_enum_descriptor_get_value_by_name(descriptor, name);
    int64_t number = value == NULL ? 0 : value->value;
    if (value == NULL &&
        (json_is_string(json) || to_int64(json, INT32_MIN, INT32_MAX, &number) < 0))
        return FAIL(self, place, -EINVAL, "want a name of the enum %s, or its number",
                    descriptor->short_name);
    *ret = (int)number;
    return 0;
}

static int read_string(struct reader *self, const struct place *place, const json_t *json,
                       char **ret)
{
    if (!json_is_string(json))
        return FAIL(self, place, -EINVAL, "want a string");
    const char *text = text_of(json);
    if (text == NULL)
        return FAIL(self, place, -EINVAL, "the character U+0000 is not allowed");
    size_t size = json_string_length(json) + 1;
    int rc;
    char *copy = read_alloc(self, place, size, &rc);
    if (copy != NULL)
        *ret = memcpy(copy, text, size);
    return rc;
}

static int read_bytes(struct reader *self, const struct place *place, const json_t *json,
                      ProtobufCBinaryData *ret)
{
    const char *text = json_string_value(json);
    if (text == NULL)
        return FAIL(self, place, -EINVAL, "want a string in base64");
    size_t len = json_string_length(json);
    int is_padded = len > 0 && text[len - 1] == '=';
    int is_url = strpbrk(text, "-_") != NULL;
    int variant = is_url ? (is_padded ? sodium_base64_VARIANT_URLSAFE
                                      : sodium_base64_VARIANT_URLSAFE_NO_PADDING)
                         : (is_padded ? sodium_base64_VARIANT_ORIGINAL
                                      : sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    int rc;
    size_t room = len / 4 * 3 + 3;
    uint8_t *data = read_alloc(self, place, room, &rc);
    if (data == NULL)
        return rc;
    size_t n = 0;
    if (sodium_base642bin(data, room, text, len, NULL, &n, NULL, variant) < 0)
        return FAIL(self, place, -EINVAL, "want a string in base64");
    *ret = (ProtobufCBinaryData){n, data};
    return 0;
}

static int read_int32(struct reader *self, const struct place *place, const json_t *json,
                      int32_t *ret)
{
    int64_t number = 0;
    int rc = read_signed(self, place, json, INT32_MIN, INT32_MAX, &number);
    *ret = (int32_t)number;
    return rc;
}

static int read_uint32(struct reader *self, const struct place *place, const json_t *json,
                       uint32_t *ret)
{
    uint64_t number = 0;
    int rc = read_unsigned(self, place, json, UINT32_MAX, &number);
    *ret = (uint32_t)number;
    return rc;
}

static int read_value(struct reader *self, const struct place *place, json_t *json,
                      const ProtobufCFieldDescriptor *field, void *slot)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return read_int32(self, place, json, slot);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return read_uint32(self, place, json, slot);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return read_signed(self, place, json, INT64_MIN, INT64_MAX, slot);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_unsigned(self, place, json, UINT64_MAX, slot);
    case PROTOBUF_C_TYPE_BOOL:
        return read_bool(self, place, json, slot);
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(self, place, json, field->descriptor, slot);
    case PROTOBUF_C_TYPE_STRING:
        return read_string(self, place, json, slot);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(self, place, json, slot);
    case PROTOBUF_C_TYPE_MESSAGE:
        return read_message(self, place, json, field->descriptor, slot);
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        break;
    }
    ASSERT(0 && "no floating point in the protocol");
}

static int read_array(struct reader *self, const struct place *place, const json_t *json,
                      const ProtobufCFieldDescriptor *field, char *base)
{
    if (!json_is_array(json))
        return FAIL(self, place, -EINVAL, "want an array");
    size_t count = json_array_size(json);
    if (count > JSON_ELEMENTS_MAX)
        return FAIL(self, place, -EMSGSIZE, "more than %d elements", JSON_ELEMENTS_MAX);
    if (count == 0)
        return 0;
    size_t size = json_slot_size(field->type);
    int rc;
    char *slots = read_alloc(self, place, count * size, &rc);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        const struct place element = {place, NULL, i};
        json_t *value = json_array_get(json, i);
        rc = json_is_null(value) ? FAIL(self, &element, -EINVAL, "null is not allowed in an array")
                                 : read_value(self, &element, value, field, slots + i * size);
    }
    if (rc == 0) {
        *(size_t *)(void *)(base + field->quantifier_offset) = count;
        *(void **)(void *)(base + field->offset) = slots;
    }
    return rc;
}

static const ProtobufCFieldDescriptor *field_find(const ProtobufCMessageDescriptor *descriptor,
                                                  const char *key)
{
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        if (json_name_equals(field->name, key) || strcmp(field->name, key) == 0)
            return field;
    }
    return NULL;
}

/* One field has two spellings, and one oneof has several members: only one of them may be there. */
static int read_once(struct reader *self, const struct place *place, const json_t *object,
                     const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    char other[JSON_NAME_BYTES];
    json_name(field->name, other);
    if (strcmp(place->key, field->name) != 0 && json_object_get(object, field->name) != NULL)
        return FAIL(self, place, -EINVAL, "given twice, also as \"%s\"", field->name);
    if (strcmp(place->key, other) != 0 && json_object_get(object, other) != NULL)
        return FAIL(self, place, -EINVAL, "given twice, also as \"%s\"", other);
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
        return 0;
    uint32_t id =
        *(const uint32_t *)(const void *)((const char *)message + field->quantifier_offset);
    if (id == 0)
        return 0;
    json_name(protobuf_c_message_descriptor_get_field(message->descriptor, id)->name, other);
    return FAIL(self, place, -EINVAL, "not allowed beside \"%s\"", other);
}

static int read_field(struct reader *self, const struct place *place, const json_t *object,
                      json_t *json, ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *field = field_find(message->descriptor, place->key);
    if (field == NULL)
        return FAIL(self, place, -EINVAL, "%s has no such field", message->descriptor->short_name);
    int rc = json_is_null(json) ? 0 : read_once(self, place, object, message, field);
    if (rc < 0 || json_is_null(json))
        return rc;
    char *base = (char *)message;
    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return read_array(self, place, json, field, base);
    rc = read_value(self, place, json, field, base + field->offset);
    if (rc == 0 && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0)
        *(uint32_t *)(void *)(base + field->quantifier_offset) = field->id;
    return rc;
}

static int read_message(struct reader *self, const struct place *place, json_t *json,
                        const ProtobufCMessageDescriptor *descriptor, ProtobufCMessage **ret)
{
    if (!json_is_object(json))
        return FAIL(self, place, -EINVAL, "want an object");
    if (self->depth >= JSON_DEPTH_MAX)
        return FAIL(self, place, -EMSGSIZE, "more than %d objects deep", JSON_DEPTH_MAX);
    int rc;
    ProtobufCMessage *message = read_alloc(self, place, descriptor->sizeof_message, &rc);
    if (message == NULL)
        return rc;
    protobuf_c_message_init(descriptor, message);
    self->depth++;
    const char *key;
    json_t *value;
    json_object_foreach(json, key, value)
    {
        const struct place member = {place, key, 0};
        rc = read_field(self, &member, json, value, message);
        if (rc < 0)
            return rc;
    }
    self->depth--;
    *ret = message;
    return 0;
}

static int syntax_error(const json_error_t *error, const char *text, size_t len, struct err *err)
{
    enum json_error_code code = json_error_code(error);
    char path[ERR_FIELD_MAX_BYTES];
    json_where(text, MIN(len, (size_t)MAX(error->position, 0)), path, sizeof(path));
    if (code == json_error_stack_overflow || code == json_error_out_of_memory)
        return err_field(err, -EMSGSIZE, path, "%s", error->text);
    if (code == json_error_duplicate_key)
        return err_field(err, -EINVAL, path, "given twice");
    if (code == json_error_numeric_overflow)
        return err_field(err, -EINVAL, path, "number out of range, or one to write as a string");
    /* jansson may cite half a character */
    const char *citation =
        parse_is_utf8(error->text, strlen(error->text)) ? NULL : strstr(error->text, " near ");
    int shown = citation == NULL ? SYNTAX_TEXT_MAX_BYTES : (int)(citation - error->text);
    return err_field(err, -EINVAL, path, "not JSON: %.*s (line %d, column %d)", shown, error->text,
                     error->line, error->column);
}

int json_to_message(const char *text, size_t len, const ProtobufCMessageDescriptor *descriptor,
                    struct arena *arena, ProtobufCMessage **ret, struct err *err)
{
    json_error_t error;
    json_auto_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    if (json == NULL)
        return syntax_error(&error, text, len, err);
    struct reader reader = {.arena = arena, .err = err};
    return read_message(&reader, NULL, json, descriptor, ret);
}
