/* A good message made wrong in one field at a time, found by descriptor, at any depth. */
#ifndef ANSINH_TESTS_SUPPORT_MUTATIONS_H
#define ANSINH_TESTS_SUPPORT_MUTATIONS_H

#include <protobuf-c/protobuf-c.h>

/* One wrong message, packed: which field, and what is wrong with it. All borrowed. */
struct mutation {
    const ProtobufCFieldDescriptor *field;
    const char *what;
    const uint8_t *body;
    size_t len;
};
typedef void (*mutation_fn)(void *arg, const struct mutation *mutation);

/* Every enum with numbers that it does not have; every whole number negative, huge, the largest and
 * the smallest. The message is as before afterwards. Fails the test for a message that has an empty
 * list: its rows' fields would be left out. */
void mutate_numbers(ProtobufCMessage *message, mutation_fn fn, void *arg);

/* Every text with bytes that are not UTF-8 and with NULs inside. */
void mutate_texts(ProtobufCMessage *message, mutation_fn fn, void *arg);

/* Every text and every bytes field with 60,000 letters. */
void mutate_lengths(ProtobufCMessage *message, mutation_fn fn, void *arg);

#endif
