#include "services/gateway/nonce_store.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"

#define HASH_BYTES 16
#define PREFIX "gateway:nonce:"
#define KEY_BYTES (sizeof(PREFIX) + 2 * (size_t)HASH_BYTES)

struct taking {
    nonce_fn fn;
    void *arg;
};

/* Of one length, whatever the key's id and the nonce are. */
static void nonce_key(const char *key_id, const char *nonce, size_t nonce_len, char ret[KEY_BYTES])
{
    crypto_generichash_state state;
    uint8_t hash[HASH_BYTES];
    (void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    (void)crypto_generichash_update(&state, (const unsigned char *)key_id, strlen(key_id) + 1);
    (void)crypto_generichash_update(&state, (const unsigned char *)nonce, nonce_len);
    (void)crypto_generichash_final(&state, hash, sizeof(hash));
    memcpy(ret, PREFIX, sizeof(PREFIX) - 1);
    format_hex(hash, sizeof(hash), ret + sizeof(PREFIX) - 1);
}

static void on_set(void *arg, int rc, const struct store_reply *reply)
{
    struct taking taking = *(struct taking *)arg;
    free(arg);
    if (rc == 0 && store_reply_type(reply) == STORE_REPLY_NIL)
        rc = -EEXIST;
    else if (rc == 0 && store_reply_type(reply) != STORE_REPLY_STATUS)
        rc = -EPROTO;
    taking.fn(taking.arg, rc);
}

void nonce_take(struct store *views, const char *key_id, const char *nonce, size_t nonce_len,
                int64_t ttl_s, nonce_fn fn, void *arg)
{
    struct taking *taking = malloc(sizeof(*taking));
    char key[KEY_BYTES], ttl[24];
    ASSERT(taking != NULL);
    *taking = (struct taking){fn, arg};
    nonce_key(key_id, nonce, nonce_len, key);
    (void)snprintf(ttl, sizeof(ttl), "%lld", (long long)ttl_s);
    store_send_text(views, (unsigned char)key[sizeof(PREFIX)], on_set, taking, "SET", key, "1",
                    "NX", "EX", ttl, NULL);
}
