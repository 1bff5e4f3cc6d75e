#include "tests/support/json_every.h"

#include "common/base/macros.h"

#define ONE_ID(name, type, c_type) ID_A_##type,
#define MANY_ID(name, type, c_type) ID_MANY_##type,
#define PICK_ID(name, type, c_type) ID_PICK_##type,

enum field_id { ID_NONE, EVERY_TYPES(ONE_ID) EVERY_TYPES(MANY_ID) EVERY_TYPES(PICK_ID) ID_END };

static const ProtobufCEnumValue colours[] = {
    {"COLOUR_BLUE", "COLOUR_BLUE", -7},
    {"COLOUR_UNSPECIFIED", "COLOUR_UNSPECIFIED", 0},
    {"COLOUR_RED", "COLOUR_RED", 1},
};
static const ProtobufCEnumValueIndex colours_by_name[] = {
    {"COLOUR_BLUE", 0},
    {"COLOUR_CRIMSON", 2},
    {"COLOUR_RED", 2},
    {"COLOUR_UNSPECIFIED", 1},
};
static const ProtobufCIntRange colour_ranges[] = {{-7, 0}, {0, 1}, {0, 3}};

const ProtobufCEnumDescriptor colour_descriptor = {
    .magic = PROTOBUF_C__ENUM_DESCRIPTOR_MAGIC,
    .name = "test.Colour",
    .short_name = "Colour",
    .n_values = ARRAY_LEN(colours),
    .values = colours,
    .n_value_names = ARRAY_LEN(colours_by_name),
    .values_by_name = colours_by_name,
    .n_value_ranges = ARRAY_LEN(colour_ranges) - 1,
    .value_ranges = colour_ranges,
};

#define DESCRIPTOR(type)                                                                           \
    (PROTOBUF_C_TYPE_##type == PROTOBUF_C_TYPE_ENUM      ? (const void *)&colour_descriptor        \
     : PROTOBUF_C_TYPE_##type == PROTOBUF_C_TYPE_MESSAGE ? (const void *)&every_descriptor         \
                                                         : NULL)

#define ONE_FIELD(field, kind, c_type)                                                             \
    {.name = "a_" #field,                                                                          \
     .id = ID_A_##kind,                                                                            \
     .label = PROTOBUF_C_LABEL_NONE,                                                               \
     .type = PROTOBUF_C_TYPE_##kind,                                                               \
     .offset = offsetof(struct every, a_##field),                                                  \
     .descriptor = DESCRIPTOR(kind)},
#define MANY_FIELD(field, kind, c_type)                                                            \
    {.name = "many_" #field,                                                                       \
     .id = ID_MANY_##kind,                                                                         \
     .label = PROTOBUF_C_LABEL_REPEATED,                                                           \
     .type = PROTOBUF_C_TYPE_##kind,                                                               \
     .quantifier_offset = offsetof(struct every, n_##field),                                       \
     .offset = offsetof(struct every, many_##field),                                               \
     .descriptor = DESCRIPTOR(kind)},
#define PICK_FIELD(field, kind, c_type)                                                            \
    {.name = "pick_" #field,                                                                       \
     .id = ID_PICK_##kind,                                                                         \
     .label = PROTOBUF_C_LABEL_NONE,                                                               \
     .type = PROTOBUF_C_TYPE_##kind,                                                               \
     .quantifier_offset = offsetof(struct every, pick_case),                                       \
     .offset = offsetof(struct every, pick_##field),                                               \
     .descriptor = DESCRIPTOR(kind),                                                               \
     .flags = PROTOBUF_C_FIELD_FLAG_ONEOF},

static const ProtobufCFieldDescriptor fields[] = {EVERY_TYPES(ONE_FIELD) EVERY_TYPES(MANY_FIELD)
                                                      EVERY_TYPES(PICK_FIELD)};

static const ProtobufCIntRange field_ranges[] = {{ID_NONE + 1, 0}, {0, ID_END - 1}};

_Static_assert(ARRAY_LEN(fields) == ID_END - 1, "one id a field");

static void every_init(ProtobufCMessage *message)
{
    *(struct every *)message = (struct every){.base = {.descriptor = &every_descriptor}};
}

const ProtobufCMessageDescriptor every_descriptor = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "test.Every",
    .short_name = "Every",
    .sizeof_message = sizeof(struct every),
    .n_fields = ARRAY_LEN(fields),
    .fields = fields,
    .n_field_ranges = 1,
    .field_ranges = field_ranges,
    .message_init = every_init,
};
