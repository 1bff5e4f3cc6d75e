/* The sessions that were recorded, every version of each, and whom they reached. What was added
 * stays where it is until it is cleared. No I/O. */
#ifndef ANSINH_ANALYTICS_SESSIONS_H
#define ANSINH_ANALYTICS_SESSIONS_H

#include <stddef.h>
#include <stdint.h>

#include "ansinh/v1/campaigns.pb-c.h"
#include "common/base/macros.h"

struct sessions;

/* A session as it was recorded at a time. */
struct session_version {
    int64_t at_ms;
    int32_t day; /* business day of its start */
    const Ansinh__V1__Session *session;
    const struct session_version *before; /* NULL: it is the first */
};

/* A list of contacts as it was recorded. */
struct session_contacts {
    int64_t at_ms;
    uint32_t session; /* number */
    uint32_t n;       /* people */
    uint64_t first;   /* place of the first one among all */
};

struct sessions *sessions_create(void);
void sessions_destroy(struct sessions **self);
void sessions_clear(struct sessions *self);

/* Copies. -ENOMEM: SESSIONS_MEMORY_BYTES are used. */
#define SESSIONS_MEMORY_BYTES (1024UL * 1024 * 1024)
int sessions_record(struct sessions *self, const Ansinh__V1__Session *session,
                    int64_t at_ms) MUST_CHECK;

/* People by the first 8 bytes of their keyed hashes. -ENOENT: no session of that code is recorded.
 */
int sessions_contact(struct sessions *self, const char *code, const uint64_t *citizens, size_t n,
                     int64_t at_ms) MUST_CHECK;

/* Sessions by number, from 1 in the order in which they were recorded first. */
uint32_t sessions_count(const struct sessions *self);
/* 0: unknown. */
uint32_t sessions_number(const struct sessions *self, const char *code);
/* As it was known then; NULL: not yet. */
const struct session_version *sessions_at(const struct sessions *self, uint32_t number,
                                          int64_t as_of_ms);

/* Whether it had been held by then, or was reported as held; what is announced does not count. */
static inline int session_is_held(const struct session_version *version, int64_t as_of_ms)
{
    const Ansinh__V1__Session *session = version->session;
    return !session->cancelled && (session->start_ms <= as_of_ms || session->attendance > 0);
}

/* All lists, in the order of recording. */
size_t sessions_lists(const struct sessions *self);
const struct session_contacts *sessions_list(const struct sessions *self, size_t i);
const uint64_t *sessions_people(const struct sessions *self, const struct session_contacts *list);

/* How often a session with contacts came to another unit, was cancelled, or was held after all. */
uint64_t sessions_moves(const struct sessions *self);

size_t sessions_bytes(const struct sessions *self);

#endif
