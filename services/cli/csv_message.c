#include "services/cli/csv_message.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/settle/instant.h"

#define ENUM_NAME_BYTES 80

/* "UnitLevel" and "commune" to "UNIT_LEVEL_COMMUNE"; an upper-case text with the prefix stays. */
static void enum_name(const ProtobufCEnumDescriptor *descriptor, const char *text,
                      char ret[ENUM_NAME_BYTES])
{
    char prefix[ENUM_NAME_BYTES] = "";
    size_t n = 0;
    for (const char *p = descriptor->short_name; *p != '\0' && n + 3 < sizeof(prefix); p++) {
        if (isupper((unsigned char)*p) && p != descriptor->short_name)
            prefix[n++] = '_';
        prefix[n++] = (char)toupper((unsigned char)*p);
    }
    prefix[n++] = '_';
    prefix[n] = '\0';
    int has_prefix = strncmp(text, prefix, n) == 0;
    (void)snprintf(ret, ENUM_NAME_BYTES, "%s%s", has_prefix ? "" : prefix, text);
    for (char *p = ret; *p != '\0'; p++)
        *p = (char)(*p == '-' || *p == ' ' ? '_' : toupper((unsigned char)*p));
}

static int set_enum(const ProtobufCFieldDescriptor *field, void *member, const char *text,
                    struct err *err)
{
    char name[ENUM_NAME_BYTES];
    enum_name(field->descriptor, text, name);
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, name);
    if (value == NULL)
        return err_field(err, -EINVAL, field->name, "\"%.40s\" is none of the known values", text);
    memcpy(member, &value->value, sizeof(value->value));
    return 0;
}

static int is_time(const char *name)
{
    size_t len = strlen(name);
    return len > 3 && strcmp(name + len - 3, "_ms") == 0;
}

static int set_number(const ProtobufCFieldDescriptor *field, void *member, const char *text,
                      struct err *err)
{
    int64_t number;
    int is_small = field->type == PROTOBUF_C_TYPE_UINT32;
    if (is_time(field->name) && instant_parse(text, &number) == 0) {
        memcpy(member, &number, sizeof(number));
        return 0;
    }
    if (parse_int64(text, is_small ? 0 : INT64_MIN, is_small ? UINT32_MAX : INT64_MAX, &number) < 0)
        return err_field(err, -EINVAL, field->name, "\"%.40s\" is no whole number", text);
    uint32_t small = (uint32_t)number;
    if (is_small)
        memcpy(member, &small, sizeof(small));
    else
        memcpy(member, &number, sizeof(number));
    return 0;
}

static int set_bool(const ProtobufCFieldDescriptor *field, void *member, const char *text,
                    struct err *err)
{
    int flag;
    if (parse_bool(text, &flag) < 0)
        return err_field(err, -EINVAL, field->name, "\"%.40s\": want true or false", text);
    protobuf_c_boolean value = flag;
    memcpy(member, &value, sizeof(value));
    return 0;
}

static int set_text(const ProtobufCFieldDescriptor *field, void *member, const char *text,
                    struct arena *arena, struct err *err)
{
    char *copy = arena_strndup(arena, text, strlen(text));
    if (copy == NULL)
        return err_field(err, -EINVAL, field->name, "the text is too long");
    memcpy(member, &copy, sizeof(copy));
    return 0;
}

/* "15;02647" */
static int set_list(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message,
                    const char *text, struct arena *arena, struct err *err)
{
    int is_text = field->type == PROTOBUF_C_TYPE_STRING;
    size_t size = is_text ? sizeof(char *) : sizeof(int), n = 0;
    char *values = arena_zalloc(arena, CSV_LIST_MAX * size);
    char *rest = arena_strndup(arena, text, strlen(text));
    if (values == NULL || rest == NULL)
        return err_field(err, -EINVAL, field->name, "the text is too long");
    for (const char *value; (value = strsep(&rest, ";")) != NULL; n++) {
        if (n == CSV_LIST_MAX)
            return err_field(err, -EINVAL, field->name, "more than %d values", CSV_LIST_MAX);
        int rc = is_text ? set_text(field, values + n * size, value, arena, err)
                         : set_enum(field, values + n * size, value, err);
        if (rc < 0)
            return rc;
    }
    memcpy((char *)message + field->offset, &values, sizeof(values));
    memcpy((char *)message + field->quantifier_offset, &n, sizeof(n));
    return 0;
}

int csv_set_field(ProtobufCMessage *message, const char *column, const char *text,
                  struct arena *arena, struct err *err)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, column);
    int is_list = field != NULL && field->label == PROTOBUF_C_LABEL_REPEATED;
    if (field == NULL ||
        (is_list && field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_ENUM))
        return err_field(err, -ENOENT, column, "unknown column");
    if (text[0] == '\0')
        return 0;
    if (is_list)
        return set_list(field, message, text, arena, err);
    void *member = (char *)message + field->offset;
    if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        uint32_t chosen = field->id;
        memcpy((char *)message + field->quantifier_offset, &chosen, sizeof(chosen));
    }
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_ENUM:
        return set_enum(field, member, text, err);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT32:
        return set_number(field, member, text, err);
    case PROTOBUF_C_TYPE_BOOL:
        return set_bool(field, member, text, err);
    case PROTOBUF_C_TYPE_STRING:
        return set_text(field, member, text, arena, err);
    default:
        return err_field(err, -ENOENT, column, "unknown column");
    }
}
