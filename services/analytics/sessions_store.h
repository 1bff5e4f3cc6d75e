/* The sessions' keys in the views server, and nothing else: what is new out, everything back in.
 *
 * {v:board}:sessions list  when it was recorded (ms, 8 bytes little-endian), a packed Session
 * {v:board}:contacts list  the same, length of the session's code (1 byte), the code, the first 8
 *                          bytes of each keyed hash */
#ifndef ANSINH_ANALYTICS_SESSIONS_STORE_H
#define ANSINH_ANALYTICS_SESSIONS_STORE_H

#include "common/store/views.h"
#include "services/analytics/sessions.h"

/* The most that an event adds. */
#define SESSION_OUT_OPERATIONS 1
#define SESSION_OUT_BYTES 1024
#define SESSION_PEOPLE_MAX 112 /* of one list */

/* What was taken in since the last collect. */
struct sessions_out;
struct sessions_out *sessions_out_create(void);
void sessions_out_destroy(struct sessions_out **self);
void sessions_out_clear(struct sessions_out *self);
void sessions_out_session(struct sessions_out *self, const Ansinh__V1__Session *session,
                          int64_t at_ms);
/* At most SESSION_PEOPLE_MAX people. */
void sessions_out_contacts(struct sessions_out *self, const char *code, const uint64_t *citizens,
                           size_t n, int64_t at_ms);
size_t sessions_out_operations(const struct sessions_out *self);
size_t sessions_out_bytes(const struct sessions_out *self);
/* Moves all of it into a flush. */
void sessions_out_collect(struct sessions_out *self, struct flush *flush);

/* Adds everything stored to empty sessions, in portions; done runs once. -EPROTO: it cannot be
 * read. While is_wanted(arg) answers 0 the rest is left out, and done gets -ECANCELED. */
void sessions_load(struct store *views, struct sessions *sessions, int (*is_wanted)(void *arg),
                   void (*done)(void *arg, int rc), void *arg);

#endif
