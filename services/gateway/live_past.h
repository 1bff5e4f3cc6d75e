/* Which changes a version holds: what a viewer needs who comes back with the version it saw last.
 * The last LIVE_PAST_MAX tellings are known, a minute or more. */
#ifndef ANSINH_GATEWAY_LIVE_PAST_H
#define ANSINH_GATEWAY_LIVE_PAST_H

#include <stddef.h>
#include <stdint.h>

#define LIVE_PAST_MAX 600

/* Zeroed: knows nothing. */
struct live_past {
    struct {
        uint64_t version, seq;
    } told[LIVE_PAST_MAX]; /* a ring */
    uint64_t n_told;       /* in all */
};

/* All changes up to seq are values of versions up to this one. A version below the last one makes
 * it forget the rest. */
void live_past_note(struct live_past *self, uint64_t version, uint64_t seq);

/* A number of a change up to which who has seen this version has seen everything; 0 when that is
 * not known any more. */
uint64_t live_past_seen(const struct live_past *self, uint64_t version);

#endif
