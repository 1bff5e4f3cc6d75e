#include "services/cli/verify_digest.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void take(crypto_generichash_state *state, const void *bytes, size_t len)
{
    uint64_t number = len;
    (void)crypto_generichash_update(state, (const unsigned char *)&number, sizeof(number));
    (void)crypto_generichash_update(state, bytes, len);
}

void digest_add(struct digest *self, const char *key, const void *field, size_t field_len,
                const void *value, size_t value_len)
{
    crypto_generichash_state state;
    struct digest part;
    (void)crypto_generichash_init(&state, NULL, 0, sizeof(part.lanes));
    take(&state, key, strlen(key));
    take(&state, field, field_len);
    take(&state, value, value_len);
    (void)crypto_generichash_final(&state, (unsigned char *)part.lanes, sizeof(part.lanes));
    digest_join(self, &part);
}

void digest_join(struct digest *self, const struct digest *other)
{
    for (size_t i = 0; i < DIGEST_LANES; i++)
        self->lanes[i] += other->lanes[i];
}

void digest_format(const struct digest *self, char ret[DIGEST_TEXT_BYTES])
{
    for (size_t i = 0; i < DIGEST_LANES; i++)
        (void)snprintf(ret + 16 * i, 17, "%016" PRIx64, self->lanes[i]);
}
