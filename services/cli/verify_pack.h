/* Packs messages in one pass, where the library first asks each part for its size. */
#ifndef ANSINH_CLI_VERIFY_PACK_H
#define ANSINH_CLI_VERIFY_PACK_H

#include <protobuf-c/protobuf-c.h>

/* What protobuf_c_message_pack writes, to the letter; what is unusual (oneofs, unknown fields,
 * repeated numbers) is left to it. Answers the length; 0: it is empty, or does not fit in size
 * bytes. */
size_t verify_pack(const ProtobufCMessage *message, uint8_t *ret, size_t size);

#endif
