/* A store without a server: whatever is asked is answered by the next reply in bytes that a fuzzer
 * made, parsed as a connection parses them. Takes the place of common/store/redis.c. */
#ifndef ANSINH_TESTS_FUZZ_FAKE_STORE_H
#define ANSINH_TESTS_FUZZ_FAKE_STORE_H

#include <stdint.h>

#include "common/store/redis.h"

/* The one store there is. Replies come from data (borrowed) until fake_store_end. */
struct store *fake_store_begin(const uint8_t *data, size_t size);

/* Answers what was asked, and what is asked while that goes on; -ECONNRESET when the replies have
 * run out or cannot be parsed. */
void fake_store_answer(void);

/* Nothing may be open. */
void fake_store_end(void);

#endif
