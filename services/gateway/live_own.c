#include "services/gateway/live_own.h"

#include <string.h>

#include "common/json/json_field.h"

static int is_same_kind(const ProtobufCFieldDescriptor *a, const ProtobufCFieldDescriptor *b)
{
    return a->type == b->type && a->label == b->label && a->descriptor == b->descriptor &&
           ((a->flags | b->flags) & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0;
}

static void borrow(const ProtobufCMessage *from, const ProtobufCFieldDescriptor *source,
                   ProtobufCMessage *to, const ProtobufCFieldDescriptor *field)
{
    const char *base = (const char *)from;
    char *ret = (char *)to;
    int is_list = field->label == PROTOBUF_C_LABEL_REPEATED;
    memcpy(ret + field->offset, base + source->offset,
           is_list ? sizeof(void *) : json_slot_size(field->type));
    if (is_list)
        memcpy(ret + field->quantifier_offset, base + source->quantifier_offset, sizeof(size_t));
}

void live_own_progress(const Ansinh__V1__GetProgressResponse *answer, Ansinh__V1__UnitProgress *ret)
{
    ansinh__v1__unit_progress__init(ret);
    const ProtobufCMessageDescriptor *descriptor = ret->base.descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        const ProtobufCFieldDescriptor *source =
            protobuf_c_message_descriptor_get_field_by_name(answer->base.descriptor, field->name);
        if (source != NULL && is_same_kind(source, field))
            borrow(&answer->base, source, &ret->base, field);
    }
}
