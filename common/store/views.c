#include "common/store/views.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/store/functions.h"
#include "common/store/link.h"

#define REGISTRY_SEEN "{reg}:seen"
#define REGISTRY_INFO "{reg}:info"
#define NUMBER_MAX_BYTES 24

size_t view_key(const char *name, const char *key, char ret[KEY_MAX_BYTES])
{
    int len = snprintf(ret, KEY_MAX_BYTES, "{v:%s}:%s", name, key);
    ASSERT(len > 0 && len < KEY_MAX_BYTES);
    return (size_t)len;
}

static unsigned lane_of(const char *name)
{
    return partition_slot(name, strlen(name));
}

/* --- the registry ----------------------------------------------------------------------------- */

static void translate_registry(struct store *store, link_any_fn fn, void *arg, int rc,
                               const struct store_reply *reply)
{
    size_t n = store_reply_count(reply) / 2;
    struct registry_entry *entries = calloc(n + 1, sizeof(*entries));
    ASSERT(entries != NULL);
    if (rc == 0 && (store_is_refusal(store, reply) || store_reply_type(reply) != STORE_REPLY_ARRAY))
        rc = -EPROTO;
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct registry_entry *entry = &entries[i];
        entry->id = store_reply_bytes(store_reply_at(reply, 2 * i), &entry->id_len);
        entry->info =
            (const uint8_t *)store_reply_bytes(store_reply_at(reply, 2 * i + 1), &entry->info_len);
        if (entry->id == NULL || entry->info == NULL)
            rc = -EPROTO;
    }
    ((registry_fn)fn)(arg, rc, entries, rc == 0 ? n : 0);
    free(entries);
}

static void registry_call(struct store *views, const char *id, const void *info, size_t info_len,
                          int64_t ttl_ms, registry_fn fn, void *arg)
{
    size_t name_len;
    const char *name = function_name(FUNCTION_REGISTRY, &name_len);
    char ttl[NUMBER_MAX_BYTES];
    int ttl_len = snprintf(ttl, sizeof(ttl), "%" PRId64, ttl_ms);
    const char *argv[] = {"FCALL", name, "2", REGISTRY_SEEN, REGISTRY_INFO, id, info, ttl};
    const size_t lens[] = {strlen("FCALL"),       name_len,   1,        strlen(REGISTRY_SEEN),
                           strlen(REGISTRY_INFO), strlen(id), info_len, (size_t)ttl_len};
    store_send_typed(views, lane_of(REGISTRY_SEEN), ARRAY_LEN(argv), argv, lens, translate_registry,
                     (link_any_fn)fn, arg);
}

static int is_text_within(const char *text, size_t max)
{
    size_t len = strnlen(text, max + 1);
    return len > 0 && len <= max;
}

int registry_beat(struct store *views, const char *id, const void *info, size_t info_len,
                  int64_t ttl_ms, registry_fn fn, void *arg)
{
    ASSERT(ttl_ms > 0);
    if (!is_text_within(id, REGISTRY_ID_MAX_BYTES) || info_len > REGISTRY_INFO_MAX_BYTES)
        return -EMSGSIZE;
    registry_call(views, id, info, info_len, ttl_ms, fn, arg);
    return 0;
}

void registry_read(struct store *views, registry_fn fn, void *arg)
{
    registry_call(views, "", "", 0, 0, fn, arg);
}

int registry_leave(struct store *views, const char *id, registry_fn fn, void *arg)
{
    if (!is_text_within(id, REGISTRY_ID_MAX_BYTES))
        return -EMSGSIZE;
    registry_call(views, id, "", 0, 0, fn, arg);
    return 0;
}

/* --- leases ----------------------------------------------------------------------------------- */

static void translate_lease(struct store *store, link_any_fn fn, void *arg, int rc,
                            const struct store_reply *reply)
{
    if (rc == 0 && (store_is_refusal(store, reply) || store_reply_count(reply) != 2))
        rc = -EPROTO;
    int64_t epoch = store_reply_integer(store_reply_at(reply, 0));
    int64_t flushes = store_reply_integer(store_reply_at(reply, 1));
    ((lease_fn)fn)(arg, rc, (uint64_t)epoch, (uint64_t)flushes);
}

static int lease_call(struct store *views, const char *view, const char *what, const char *who,
                      int64_t ttl_ms, lease_fn fn, void *arg)
{
    if (!is_text_within(view, VIEW_NAME_MAX_BYTES) || !is_text_within(who, LEASE_OWNER_MAX_BYTES))
        return -EMSGSIZE;
    size_t name_len;
    const char *name = function_name(FUNCTION_LEASE, &name_len);
    char key[KEY_MAX_BYTES], ttl[NUMBER_MAX_BYTES];
    size_t key_len = view_key(view, VIEW_KEY_LEASE, key);
    int ttl_len = snprintf(ttl, sizeof(ttl), "%" PRId64, ttl_ms);
    const char *argv[] = {"FCALL", name, "1", key, what, who, ttl};
    const size_t lens[] = {strlen("FCALL"), name_len,       1, key_len, strlen(what),
                           strlen(who),     (size_t)ttl_len};
    store_send_typed(views, lane_of(view), ARRAY_LEN(argv), argv, lens, translate_lease,
                     (link_any_fn)fn, arg);
    return 0;
}

int lease_acquire(struct store *views, const char *name, const char *owner, int64_t ttl_ms,
                  lease_fn fn, void *arg)
{
    ASSERT(ttl_ms > 0);
    return lease_call(views, name, "acquire", owner, ttl_ms, fn, arg);
}

int lease_renew(struct store *views, const char *name, uint64_t epoch, int64_t ttl_ms, lease_fn fn,
                void *arg)
{
    ASSERT(ttl_ms > 0);
    char who[NUMBER_MAX_BYTES];
    (void)snprintf(who, sizeof(who), "%" PRIu64, epoch);
    return lease_call(views, name, "renew", who, ttl_ms, fn, arg);
}

int lease_release(struct store *views, const char *name, uint64_t epoch, lease_fn fn, void *arg)
{
    char who[NUMBER_MAX_BYTES];
    (void)snprintf(who, sizeof(who), "%" PRIu64, epoch);
    return lease_call(views, name, "release", who, 0, fn, arg);
}
