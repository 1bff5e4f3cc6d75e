/* What the reader and the writer both know about a field. */
#ifndef ANSINH_JSON_JSON_FIELD_H
#define ANSINH_JSON_JSON_FIELD_H

#include <protobuf-c/protobuf-c.h>

#define JSON_NAME_BYTES 64

/* lowerCamelCase of a .proto field name of less than JSON_NAME_BYTES characters. */
void json_name(const char *proto_name, char ret_name[JSON_NAME_BYTES]);

/* True when the key is the lowerCamelCase of the .proto field name. */
int json_name_equals(const char *proto_name, const char *key);

/* Bytes of one value in the C struct of a message, or in the array of a repeated field. */
size_t json_slot_size(ProtobufCType type);

#endif
