#include "services/gateway/limiter.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

#define MINUTE_MS 60000
#define SAVED_PART 10
#define SAVED_MIN 5

/* tokens are counted in milliseconds of the time in which they come. */
struct bucket {
    uint64_t who; /* keyed hash of the address; 0: free */
    int64_t saved_ms, at_ms;
};

struct limiter {
    int64_t token_ms; /* in which one comes; 0: no limit */
    int64_t saved_max_ms;
    unsigned char key[crypto_shorthash_KEYBYTES]; /* nobody outside chooses who shares a set */
    struct bucket sets[LIMITER_SETS][LIMITER_WAYS];
};

struct limiter *limiter_create(int64_t per_minute)
{
    struct limiter *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    if (per_minute > 0) {
        self->token_ms = MAX(MINUTE_MS / per_minute, 1);
        self->saved_max_ms = self->token_ms * MAX(per_minute / SAVED_PART, SAVED_MIN);
    }
    randombytes_buf(self->key, sizeof(self->key));
    return self;
}

void limiter_destroy(struct limiter **self)
{
    free(*self);
    *self = NULL;
}

static void refill(const struct limiter *self, struct bucket *bucket, int64_t now_ms)
{
    bucket->saved_ms = MIN(bucket->saved_ms + now_ms - bucket->at_ms, self->saved_max_ms);
    bucket->at_ms = now_ms;
}

/* The address' own bucket, or that of whoever is least limited, filled up. */
static struct bucket *find(struct limiter *self, uint64_t who, int64_t now_ms)
{
    struct bucket *set = self->sets[who % LIMITER_SETS], *best = &set[0];
    for (size_t i = 0; i < LIMITER_WAYS; i++) {
        if (set[i].who == who) {
            refill(self, &set[i], now_ms);
            return &set[i];
        }
        if (set[i].who == 0)
            set[i] = (struct bucket){0, self->saved_max_ms, now_ms};
        refill(self, &set[i], now_ms);
        if (set[i].saved_ms > best->saved_ms)
            best = &set[i];
    }
    *best = (struct bucket){who, self->saved_max_ms, now_ms};
    return best;
}

int64_t limiter_take(struct limiter *self, const char *address, int64_t now_ms)
{
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t who;
    if (self->token_ms == 0)
        return 0;
    (void)crypto_shorthash(hash, (const unsigned char *)address, strlen(address), self->key);
    memcpy(&who, hash, sizeof(who));
    struct bucket *bucket = find(self, MAX(who, (uint64_t)1), now_ms);
    if (bucket->saved_ms < self->token_ms)
        return self->token_ms - bucket->saved_ms;
    bucket->saved_ms -= self->token_ms;
    return 0;
}
