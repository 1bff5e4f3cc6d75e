/* What the sessions of the last OBSERVED_DAYS brought: for each unit, what was held in it and below
 * it, by kind. When fewer than OBSERVED_CONTACTS_MIN people came in these days, those of the
 * OBSERVED_DAYS that end with the last one of OBSERVED_PAST_DAYS before. What somebody declared,
 * paid or had accepted in these days, or ATTRIBUTION_DAYS after them, is attributed by the last
 * touch (attribution.h), to one session or to none. */
#ifndef ANSINH_ANALYTICS_OBSERVED_H
#define ANSINH_ANALYTICS_OBSERVED_H

#include "common/service/directory.h"
#include "services/analytics/fact.h"
#include "services/analytics/sessions.h"

#define OBSERVED_DAYS 60
#define OBSERVED_DAYS_MIN 7
#define OBSERVED_PAST_DAYS 400
#define OBSERVED_FRESH_MS 15000   /* when it is older one question makes it again */
#define OBSERVED_STALE_MS 60000   /* until then the others go on with it */
#define OBSERVED_CONTACTS_MIN 100 /* with fewer a unit has no conversion of its own */
#define OBSERVED_KINDS (ANSINH__V1__SESSION_KIND__SESSION_KIND_RADIO + 1)

enum { OBSERVED_DECLARED, OBSERVED_PAID, OBSERVED_ACCEPTED, OBSERVED_COUNTS };

/* Contacts of a session: its attendance, or the people on its lists when these are more. */
struct observed_sum {
    int64_t sessions, contacts, joined[OBSERVED_COUNTS];
};

struct observed;

/* Of sessions until today, and what was recorded until as_of_ms; of one product (bits as in struct
 * slice). Looks back fewer days than OBSERVED_DAYS when more people are on the lists than can be
 * attributed; not at all when even OBSERVED_DAYS_MIN have too many. The directory must live as long
 * as this. */
struct observed *observed_create(const struct sessions *sessions, const struct directory *directory,
                                 unsigned products, int32_t today, int64_t as_of_ms);
void observed_destroy(struct observed **self);

/* The first day. What counts for earlier ones need not be taken, nor anything when no session was
 * held. */
int32_t observed_since(const struct observed *self);
/* The last day: today, or that of the last session. */
int32_t observed_until(const struct observed *self);
int observed_is_empty(const struct observed *self);
/* A fact of whatever unit. */
void observed_take(struct observed *self, const struct fact *fact);
/* After the last one: sums it up by unit. now_ms (monotonic) is when. */
void observed_close(struct observed *self, int64_t now_ms);
/* Milliseconds since then; INT64_MAX for questions of another day. */
int64_t observed_age(const struct observed *self, int32_t today, int64_t now_ms);

/* Of a kind of sessions; 0: of all. Zero for a unit that came later. */
const struct observed_sum *observed_of(const struct observed *self,
                                       const struct directory_unit *unit, size_t kind);

/* Whether at least OBSERVED_CONTACTS_MIN were reached and anybody joined; count is one of the enum
 * above. */
int observed_is_enough(const struct observed_sum *sum, int count);
/* The nearest unit, from this one upwards, in which it is; NULL: there is none. */
const struct directory_unit *observed_where(const struct observed *self,
                                            const struct directory_unit *unit, int count);

#endif
