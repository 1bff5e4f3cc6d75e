/* One Redis server in one role (ledger or views), over several connections that batch by
 * themselves.
 *
 * Commands wait in a connection's queue; at the end of every turn of the loop an idle connection
 * sends all that waits as one pipeline, and the next batch gathers while that one is under way. A
 * connection is thrown away after any error (never reused: the next reply on it could be another
 * command's) and replaced with capped, jittered back-off. hiredis stays behind this header. */
#ifndef ANSINH_STORE_REDIS_H
#define ANSINH_STORE_REDIS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/loop/loop.h"

#define STORE_ARGS_MAX 1200 /* most arguments of one command */

struct store;

/* A reply of Redis; borrowed, valid during the callback. */
struct store_reply;

struct store_conf {
    const char *name; /* "ledger" or "views", for log lines; borrowed */
    const char *url; /* "unix:/path/to.sock" or "tcp://10.0.0.5:6379" (an IP or a name); borrowed */
    const char
        *password_file; /* "" or NULL: no AUTH; else its first line is the password; borrowed */
    unsigned n_links;   /* connections, 1..16 */
    int64_t
        timeout_ms; /* a batch without a complete answer after this long breaks its connection */
    size_t backlog_max; /* commands that may wait per connection; more are refused with -EAGAIN */
    /* May be NULL. Tells, at most once in five seconds, of a lost connection or of a function that
     * Redis refused: what happened to which server, and why; borrowed. */
    void (*on_trouble)(void *arg, const char *store, const char *what, const char *why);
    void *trouble_arg;
};

/* rc is 0 (reply valid, it may be an error reply); -EAGAIN: never sent, nothing was done;
 * -ECONNRESET or -ETIMEDOUT: sent, and nobody knows whether it was done. reply is NULL unless rc is
 * 0. May call back into the store. */
typedef void (*store_reply_fn)(void *arg, int rc, const struct store_reply *reply);

/* Starts connecting; does not wait. Borrows loop. -EINVAL: a malformed url; err names it. */
int store_create(struct loop *loop, const struct store_conf *conf, struct store **ret,
                 struct err *err) MUST_CHECK;

/* Every command still open is answered first (-EAGAIN or -ECONNRESET). */
void store_destroy(struct store **self);

/* Queues one command of argc binary-safe arguments on link lane % n_links; commands of one lane are
 * sent and answered in order as long as the connection lives. Copies the arguments. fn runs exactly
 * once, never inside this call. fn may be NULL for a command whose answer nobody needs. */
void store_send(struct store *self, unsigned lane, int argc, const char *const *argv,
                const size_t *lens, store_reply_fn fn, void *arg);

/* The same for text arguments, ended by NULL. */
void store_send_text(struct store *self, unsigned lane, store_reply_fn fn, void *arg, ...)
    __attribute__((sentinel));

/* Sends and turns the loop until the answer is there, at most wait_ms; for start-up steps and
 * tools, never for handlers. on_reply (may be NULL) runs as with store_send. 0, -EPROTO for an
 * error reply (its text in err), -ETIMEDOUT, -EAGAIN or -ECONNRESET. */
int store_ask(struct store *self, int64_t wait_ms, int argc, const char *const *argv,
              const size_t *lens, store_reply_fn on_reply, void *arg, struct err *err) MUST_CHECK;

/* Connections that are up. */
unsigned store_links_up(const struct store *self);
/* Commands waiting or under way. */
size_t store_open_commands(const struct store *self);

struct store_stats {
    int64_t commands, batches, reconnects, refused, unknown;
};
void store_stats_get(const struct store *self, struct store_stats *ret);

enum store_reply_type {
    STORE_REPLY_NIL,
    STORE_REPLY_INTEGER,
    STORE_REPLY_BYTES, /* bulk string */
    STORE_REPLY_STATUS,
    STORE_REPLY_ERROR,
    STORE_REPLY_ARRAY,
};
enum store_reply_type store_reply_type(const struct store_reply *reply);
/* 0 unless it is an integer. */
int64_t store_reply_integer(const struct store_reply *reply);
/* Bytes of a bulk string, status or error (NUL follows them); NULL and 0 for the other types. */
const char *store_reply_bytes(const struct store_reply *reply, size_t *ret_len);
/* Elements of an array; 0 for the other types. */
size_t store_reply_count(const struct store_reply *reply);
/* Element i of an array; NULL when it is no array or too short. All accessors take NULL as a nil
 * reply. */
const struct store_reply *store_reply_at(const struct store_reply *reply, size_t i);

#endif
