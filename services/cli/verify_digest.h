/* A digest of what a partition holds, in whatever order it is read: its journal (without what tells
 * of restores), citizens' records, sealed identities, aliases, reference rows and the sums of the
 * totals. Stored answers are left out, since they come to an end. */
#ifndef ANSINH_CLI_VERIFY_DIGEST_H
#define ANSINH_CLI_VERIFY_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_LANES 4
#define DIGEST_TEXT_BYTES (16 * DIGEST_LANES + 1)

/* The sum of the hashes of all its parts; zeros: nothing. */
struct digest {
    uint64_t lanes[DIGEST_LANES];
};

/* Adds what a key holds under a field ("": what it holds). */
void digest_add(struct digest *self, const char *key, const void *field, size_t field_len,
                const void *value, size_t value_len);
void digest_join(struct digest *self, const struct digest *other);
void digest_format(const struct digest *self, char ret[DIGEST_TEXT_BYTES]);

#endif
