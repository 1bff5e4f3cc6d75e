/* How many people the sessions of each unit have reached: sketches (common/base/sketch.h) made of
 * the lists of contacts, of a unit's own sessions and of all those below it, sessions that were
 * cancelled left out. They follow the lists and are never stored: after a takeover they are made
 * anew. At most 17 KB a unit that had sessions and 17 KB a unit above one: 56 MB for a country of
 * 3,355 units. */
#ifndef ANSINH_ANALYTICS_REACH_H
#define ANSINH_ANALYTICS_REACH_H

#include "common/service/directory.h"
#include "services/analytics/sessions.h"

#define REACH_TURN_PEOPLE 100000 /* lines of lists taken at once, about 12 ms */

struct reach;

struct reach *reach_create(void);
void reach_destroy(struct reach **self);
/* Nothing is known until the lists have been followed to their end. */
void reach_clear(struct reach *self);

/* The unit of a code; NULL: not known yet. */
typedef const struct directory_unit *(*reach_unit_fn)(const void *arg, const char *code);

/* Takes in what was added to the lists since; about REACH_TURN_PEOPLE lines. A session that came to
 * another unit, or was cancelled or not after all, has everything counted again; until that is done
 * the estimates are those of before. */
void reach_follow(struct reach *self, const struct sessions *sessions, reach_unit_fn unit_of,
                  const void *arg);

/* Of a unit, with what is below it and was merged into it; 0: nobody, or not known yet. */
int64_t reach_of(const struct reach *self, const struct directory_unit *unit);

/* Whether the estimate of a unit (by index) is another one since reach_forget_changes. */
int reach_is_changed(const struct reach *self, size_t unit);
void reach_forget_changes(struct reach *self);

size_t reach_bytes(const struct reach *self);

/* --- as of a moment --------------------------------------------------------------------------- */

/* The same for some units by the lists as they were at a moment, line after line. */
struct reach_walk;

/* Where a session counts, by what was known of it then: answers how many of the sketches, and
 * which. At most REACH_PLACES_MAX. */
#define REACH_PLACES_MAX 2
typedef size_t (*reach_places_fn)(void *arg, const Ansinh__V1__Session *session,
                                  size_t places[REACH_PLACES_MAX]);

/* sessions must stay until reach_walk_destroy, but may grow: lists that come later are left out. */
struct reach_walk *reach_walk_create(const struct sessions *sessions, int64_t as_of_ms,
                                     size_t n_sketches, reach_places_fn places, void *arg);
void reach_walk_destroy(struct reach_walk **self);
/* Takes about so many lines; 0: there are no more. */
int reach_walk_step(struct reach_walk *self, size_t n);
/* Of a sketch, after the last step. */
int64_t reach_walk_estimate(const struct reach_walk *self, size_t sketch);

#endif
