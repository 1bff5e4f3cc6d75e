/* What runs inside the views server: the registry of live instances, leases on shards of work, and
 * a projection's flush: increments, values, queue entries and the checkpoint behind them in one
 * atomic step.
 *
 * A view is one shard of a projection, named by its owner ("board-03", at most VIEW_NAME_MAX_BYTES
 * of [a-z0-9-]). All its keys share the hash tag {v:<name>}:
 *
 *   {v:<name>}:lease   hash: owner, epoch, until (server's ms), flushes
 *   {v:<name>}:at      hash: the checkpoint
 *   {v:<name>}:<key>   the view's data, <key> as given to the flush_ functions
 *
 * Who wants to write a view acquires its lease, reads the checkpoint ({v:<name>}:at, HGETALL),
 * then flushes with the epoch and the number of flushes that the lease gave. The function refuses
 * any other epoch and any other number, so two writers in dispute, a writer that woke up late and a
 * flush sent twice change nothing. A lease ends with the server that gave it: after a restart,
 * which may have taken back the last second, everybody acquires anew. */
#ifndef ANSINH_STORE_VIEWS_H
#define ANSINH_STORE_VIEWS_H

#include "common/store/partition.h"
#include "common/store/redis.h"

#define VIEW_NAME_MAX_BYTES 24
#define VIEW_KEY_MAX_BYTES 32

/* Builds "{v:<name>}:<key>" for reading a view; answers the length. name and key within the limits
 * above. */
size_t view_key(const char *name, const char *key, char ret[KEY_MAX_BYTES]);
#define VIEW_KEY_LEASE "lease"
#define VIEW_KEY_CHECKPOINT "at"

/* --- the registry ----------------------------------------------------------------------------- */

#define REGISTRY_ID_MAX_BYTES 64
#define REGISTRY_INFO_MAX_BYTES 1024
#define REGISTRY_INSTANCES_MAX 1000 /* more are not answered */

/* Borrowed during the callback; info is what the instance gave, uninterpreted. */
struct registry_entry {
    const char *id;
    size_t id_len;
    const uint8_t *info;
    size_t info_len;
};

/* rc as with store_reply_fn, or -EPROTO for an error reply; entries are all the live instances,
 * ascending by expiry, the asking one included. */
typedef void (*registry_fn)(void *arg, int rc, const struct registry_entry *entries, size_t n);

/* Says that instance id lives for another ttl_ms (of the server's clock), stores its info, removes
 * who has expired and answers who is alive. Copies id and info. fn may be NULL and never runs
 * inside this call. -EMSGSIZE: id or info over their limits, or empty id, nothing sent. */
int registry_beat(struct store *views, const char *id, const void *info, size_t info_len,
                  int64_t ttl_ms, registry_fn fn, void *arg) MUST_CHECK;

/* Answers who is alive. */
void registry_read(struct store *views, registry_fn fn, void *arg);

/* Takes the instance out at once (orderly end). fn may be NULL. -EMSGSIZE as above. */
int registry_leave(struct store *views, const char *id, registry_fn fn, void *arg) MUST_CHECK;

/* --- leases ----------------------------------------------------------------------------------- */

#define LEASE_OWNER_MAX_BYTES 64

/* rc as with store_reply_fn, or -EPROTO for an error reply. With rc 0, epoch > 0: the lease is
 * yours and so many flushes were done to the view ever; epoch 0: it is not. */
typedef void (*lease_fn)(void *arg, int rc, uint64_t epoch, uint64_t flushes);

/* Takes the lease of a view when nobody holds it, or it has expired, or owner itself holds it. Each
 * success gives a new, higher epoch, which fences every earlier holder (also an earlier life of the
 * same owner); no epoch is ever given twice, not even after the server lost its last second.
 * After rc -ECONNRESET or -ETIMEDOUT acquire again. -EMSGSIZE: name or owner empty or too long. */
int lease_acquire(struct store *views, const char *name, const char *owner, int64_t ttl_ms,
                  lease_fn fn, void *arg) MUST_CHECK;

/* Extends a lease that was given with this epoch; answers the epoch, or 0 when a later epoch was
 * given since or the server was started anew (then forget what is in memory and acquire). An
 * expired lease that nobody took is still extended: its epoch shows that nothing has happened. */
int lease_renew(struct store *views, const char *name, uint64_t epoch, int64_t ttl_ms, lease_fn fn,
                void *arg) MUST_CHECK;

/* Gives the lease back, so that the next one need not wait for the expiry. Nothing happens when a
 * later epoch was given. fn may be NULL; answers epoch 0. */
int lease_release(struct store *views, const char *name, uint64_t epoch, lease_fn fn,
                  void *arg) MUST_CHECK;

/* --- the flush -------------------------------------------------------------------------------- */

#define FLUSH_MAX_BYTES (4 * 1024 * 1024) /* operations and checkpoint, encoded */
#define FLUSH_OPERATIONS_MAX 50000
#define FLUSH_KEYS_MAX 256         /* different data keys */
#define FLUSH_FIELD_MAX_BYTES 1024 /* of one field, or member of a queue */

enum flush_outcome {
    FLUSH_DONE,   /* all of it was written; flushes is the new number */
    FLUSH_FENCED, /* a later epoch was given, or the server was started anew; nothing was written */
    FLUSH_STALE,  /* another number of flushes is stored, nothing was written; acquire and read the
                     checkpoint again */
};

/* rc as with store_reply_fn, or -EPROTO for an error reply (nothing was written;
 * store_conf.on_trouble tells why): outcome and flushes are valid with rc 0 only. */
typedef void (*flush_fn)(void *arg, int rc, enum flush_outcome outcome, uint64_t flushes);

/* A builder of flushes of one view; made once and used again and again. One flush is under way at a
 * time. */
struct flush;

/* Copies name. -EMSGSIZE: empty or too long. */
int flush_create(struct store *views, const char *name, struct flush **ret) MUST_CHECK;
/* A flush under way is still carried out; its callback does not run. */
void flush_destroy(struct flush **self);

/* Starts an empty flush for this epoch after so many flushes. Not while one is under way. */
void flush_begin(struct flush *self, uint64_t epoch, uint64_t flushes);

/* The operations; each copies its arguments. key names data of this view ("units"), at most
 * VIEW_KEY_MAX_BYTES, and keeps one type for ever. Return 0, or -EMSGSIZE when a limit is passed;
 * that failure is remembered, and flush_send returns it too. All increments of a flush are applied
 * before its values (flush_set); everything else happens in the order given. */

/* Sets a field of the checkpoint. */
int flush_checkpoint(struct flush *self, const void *field, size_t field_len, const void *value,
                     size_t value_len);
/* Adds to a decimal number in a hash (absent: 0). Several of one field add up. A sum beyond 2^53 or
 * a field that is no number refuses the whole flush (-EPROTO). */
int flush_incr(struct flush *self, const char *key, const void *field, size_t field_len,
               int64_t delta);
/* Sets a field of a hash. */
int flush_set(struct flush *self, const char *key, const void *field, size_t field_len,
              const void *value, size_t value_len);
/* Appends to the end of a list. */
int flush_push(struct flush *self, const char *key, const void *value, size_t value_len);
/* Puts a member into a sorted set with this score (|score| < 2^53), or moves it there: a queue by
 * due time. */
int flush_schedule(struct flush *self, const char *key, const void *member, size_t member_len,
                   int64_t score);
/* Lets the key expire after so many seconds, counted anew with each flush. 0 deletes it, after all
 * else: VIEW_KEY_CHECKPOINT as well. */
int flush_expire(struct flush *self, const char *key, int64_t seconds);

/* Encoded bytes so far, to send in time. */
size_t flush_bytes(const struct flush *self);

/* Sends what was built; fn runs once, never inside this call. After rc -EAGAIN, -ECONNRESET or
 * -ETIMEDOUT call it again without flush_begin: the content is kept, and the answer is FLUSH_DONE
 * when this or the earlier attempt was carried out. -EMSGSIZE: a limit was passed while building;
 * nothing sent. -EBUSY: one is under way. */
int flush_send(struct flush *self, flush_fn fn, void *arg) MUST_CHECK;

#endif
