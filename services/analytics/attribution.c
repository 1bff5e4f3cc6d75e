#include "services/analytics/attribution.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/log.h"

#define FIRST_SLOTS 1024
#define HASH_FACTOR 0x9E3779B97F4A7C15ULL /* 2^64 over the golden ratio */

/* Somebody was at a session; of one person, one is linked to the next. */
struct touch {
    uint64_t citizen;
    uint32_t session;
    uint32_t next; /* place from 1; 0: the last */
};

struct attribution {
    struct touch *touches;
    size_t n;
    uint32_t
        *slots;     /* place from 1 of a person's first touch; open addressing, half full at most */
    size_t n_slots; /* a power of two */
    const struct session_version **versions; /* by number - 1; NULL: does not count */
    int64_t *contacts;                       /* the same */
    uint32_t n_sessions;
};

void attribution_destroy(struct attribution **self)
{
    if (*self == NULL)
        return;
    free((*self)->touches);
    free((*self)->slots);
    free((*self)->versions);
    free((*self)->contacts);
    free(*self);
    *self = NULL;
}

/* The slot of a person, or the free one where the first touch goes. */
static uint32_t *slot_of(const struct attribution *self, uint64_t citizen)
{
    size_t mask = self->n_slots - 1;
    for (size_t i = (size_t)(citizen * HASH_FACTOR >> 32) & mask;; i = (i + 1) & mask) {
        uint32_t *slot = &self->slots[i];
        if (*slot == 0 || self->touches[*slot - 1].citizen == citizen)
            return slot;
    }
}

static void add(struct attribution *self, uint64_t citizen, uint32_t session)
{
    uint32_t *slot = slot_of(self, citizen);
    for (uint32_t at = *slot; at != 0; at = self->touches[at - 1].next) {
        if (self->touches[at - 1].session == session)
            return; /* on two lists, or twice on one */
    }
    self->touches[self->n] = (struct touch){citizen, session, *slot};
    *slot = (uint32_t)++self->n;
    self->contacts[session - 1]++;
}

static void choose_sessions(struct attribution *self, const struct sessions *sessions, int32_t from,
                            int32_t until, int64_t as_of_ms)
{
    for (uint32_t number = 1; number <= self->n_sessions; number++) {
        const struct session_version *version = sessions_at(sessions, number, as_of_ms);
        if (version != NULL && session_is_held(version, as_of_ms) && version->day <= until &&
            version->day >= from - ATTRIBUTION_DAYS)
            self->versions[number - 1] = version;
    }
}

static int is_taken(const struct attribution *self, const struct session_contacts *list,
                    int64_t as_of_ms)
{
    return list->at_ms <= as_of_ms && self->versions[list->session - 1] != NULL;
}

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(MAX(n, (size_t)1), size);
    ASSERT(memory != NULL);
    return memory;
}

int attribution_create(const struct sessions *sessions, int32_t from, int32_t until,
                       int64_t as_of_ms, struct attribution **ret)
{
    size_t n_people = 0;
    struct attribution *self = allocate(1, sizeof(*self));
    self->n_sessions = sessions_count(sessions);
    self->versions = allocate(self->n_sessions, sizeof(struct session_version *));
    self->contacts = allocate(self->n_sessions, sizeof(*self->contacts));
    choose_sessions(self, sessions, from, until, as_of_ms);
    for (size_t i = 0; i < sessions_lists(sessions); i++) {
        const struct session_contacts *list = sessions_list(sessions, i);
        n_people += is_taken(self, list, as_of_ms) ? list->n : 0;
    }
    self->n_slots = FIRST_SLOTS;
    while (self->n_slots < 2 * n_people)
        self->n_slots *= 2;
    *ret = self;
    if (n_people > ATTRIBUTION_PEOPLE_MAX) {
        attribution_destroy(ret);
        return -E2BIG;
    }
    self->slots = allocate(self->n_slots, sizeof(*self->slots));
    self->touches = allocate(n_people, sizeof(*self->touches));
    for (size_t i = 0; i < sessions_lists(sessions); i++) {
        const struct session_contacts *list = sessions_list(sessions, i);
        const uint64_t *people = sessions_people(sessions, list);
        for (uint32_t k = 0; is_taken(self, list, as_of_ms) && k < list->n; k++)
            add(self, people[k], list->session);
    }
    return 0;
}

/* Whether a is the better one; both are possible. */
static int is_better(const struct session_version *a, const struct session_version *b,
                     Ansinh__V1__AttributionMethod method)
{
    int is_first = method == ANSINH__V1__ATTRIBUTION_METHOD__ATTRIBUTION_METHOD_FIRST_TOUCH;
    if (a->session->start_ms != b->session->start_ms)
        return (a->session->start_ms < b->session->start_ms) == is_first;
    return a->at_ms < b->at_ms;
}

static int is_possible(const struct session_version *version, int32_t day,
                       Ansinh__V1__AttributionMethod method)
{
    if (method == ANSINH__V1__ATTRIBUTION_METHOD__ATTRIBUTION_METHOD_SAME_DAY)
        return version->day == day;
    return version->day <= day && version->day >= day - ATTRIBUTION_DAYS;
}

Ansinh__V1__AttributionMethod attribution_method(Ansinh__V1__AttributionMethod method)
{
    return method == ANSINH__V1__ATTRIBUTION_METHOD__ATTRIBUTION_METHOD_UNSPECIFIED
               ? ANSINH__V1__ATTRIBUTION_METHOD__ATTRIBUTION_METHOD_LAST_TOUCH
               : method;
}

uint32_t attribution_of(const struct attribution *self, uint64_t citizen, int32_t day,
                        Ansinh__V1__AttributionMethod method)
{
    uint32_t best = 0;
    for (uint32_t at = *slot_of(self, citizen); at != 0; at = self->touches[at - 1].next) {
        uint32_t session = self->touches[at - 1].session;
        const struct session_version *version = self->versions[session - 1];
        if (is_possible(version, day, method) &&
            (best == 0 || is_better(version, self->versions[best - 1], method)))
            best = session;
    }
    return best;
}

int64_t attribution_contacts(const struct attribution *self, uint32_t session)
{
    return session == 0 || session > self->n_sessions ? 0 : self->contacts[session - 1];
}

int64_t attribution_reach(const struct attribution *self,
                          int (*is_wanted)(void *arg, uint32_t session), void *arg)
{
    int64_t reach = 0;
    for (size_t i = 0; i < self->n_slots; i++) {
        uint32_t at = self->slots[i];
        while (at != 0 && !is_wanted(arg, self->touches[at - 1].session))
            at = self->touches[at - 1].next;
        reach += at != 0;
    }
    return reach;
}
