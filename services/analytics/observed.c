#include "services/analytics/observed.h"

#include <stdlib.h>

#include "common/base/log.h"
#include "services/analytics/attribution.h"
#include "services/analytics/slice.h"

/* A session that counts, by number. */
struct held {
    const struct directory_unit *unit; /* NULL: it does not count */
    size_t kind;
    int64_t contacts, joined[OBSERVED_COUNTS];
};

struct observed {
    struct attribution *attribution; /* NULL: nothing can be attributed */
    struct held *held;               /* by number; the first one stands for none */
    uint32_t n_sessions;
    size_t n_held;
    unsigned products;
    int32_t since, until, today;
    int64_t as_of_ms, closed_ms;
    struct observed_sum *sums; /* OBSERVED_KINDS of each unit */
    size_t n_units;
};

static const enum fact_metric metrics[OBSERVED_COUNTS] = {
    [OBSERVED_DECLARED] = FACT_METRIC_DECLARED,
    [OBSERVED_PAID] = FACT_METRIC_PAID,
    [OBSERVED_ACCEPTED] = FACT_METRIC_ACCEPTED,
};

static void *allocate(size_t n, size_t size)
{
    void *memory = calloc(n + 1, size);
    ASSERT(memory != NULL);
    return memory;
}

static void choose(struct observed *self, const struct sessions *sessions,
                   const struct directory *directory)
{
    for (uint32_t number = 1; number <= self->n_sessions; number++) {
        const struct session_version *version = sessions_at(sessions, number, self->as_of_ms);
        if (version == NULL || !session_is_held(version, self->as_of_ms) ||
            version->day < self->since || version->day > self->until)
            continue;
        struct held *held = &self->held[number];
        size_t kind = (size_t)version->session->kind;
        held->unit = directory_unit(directory, version->session->unit_code);
        held->kind = kind < OBSERVED_KINDS ? kind : 0;
        held->contacts =
            MAX(version->session->attendance, attribution_contacts(self->attribution, number));
        self->n_held += held->unit != NULL;
    }
}

/* Today, if enough people came to sessions in the days before; else the day of the last session
 * before these: a small one is no reason to forget what many brought. */
static int32_t last_day(const struct observed *self, const struct sessions *sessions)
{
    int32_t first = self->today - OBSERVED_DAYS + 1, none = self->today - OBSERVED_PAST_DAYS;
    int32_t last = none;
    int64_t recent = 0;
    for (uint32_t number = 1; number <= self->n_sessions; number++) {
        const struct session_version *version = sessions_at(sessions, number, self->as_of_ms);
        if (version == NULL || !session_is_held(version, self->as_of_ms) ||
            version->day > self->today)
            continue;
        if (version->day >= first)
            recent += version->session->attendance;
        else
            last = MAX(last, version->day);
    }
    return recent < OBSERVED_CONTACTS_MIN && last > none ? last : self->today;
}

/* The last day whose facts may be attributed. */
static int32_t facts_until(const struct observed *self)
{
    return MIN(self->until + ATTRIBUTION_DAYS, self->today);
}

struct observed *observed_create(const struct sessions *sessions, const struct directory *directory,
                                 unsigned products, int32_t today, int64_t as_of_ms)
{
    struct observed *self = allocate(1, sizeof(*self));
    int32_t days = OBSERVED_DAYS;
    self->products = products;
    self->today = today;
    self->as_of_ms = as_of_ms;
    self->n_sessions = sessions_count(sessions);
    self->held = allocate(self->n_sessions, sizeof(*self->held));
    self->n_units = directory_unit_count(directory);
    self->sums = allocate(self->n_units * OBSERVED_KINDS, sizeof(*self->sums));
    self->until = last_day(self, sessions);
    self->since = self->until - days + 1;
    while (attribution_create(sessions, self->since, facts_until(self), as_of_ms,
                              &self->attribution) < 0 &&
           days / 2 >= OBSERVED_DAYS_MIN) {
        days /= 2;
        self->since = self->until - days + 1;
    }
    if (self->attribution != NULL)
        choose(self, sessions, directory);
    return self;
}

void observed_destroy(struct observed **self)
{
    if (*self == NULL)
        return;
    attribution_destroy(&(*self)->attribution);
    free((*self)->held);
    free((*self)->sums);
    free(*self);
    *self = NULL;
}

int32_t observed_since(const struct observed *self)
{
    return self->since;
}

int32_t observed_until(const struct observed *self)
{
    return self->until;
}

int observed_is_empty(const struct observed *self)
{
    return self->n_held == 0;
}

void observed_take(struct observed *self, const struct fact *fact)
{
    int64_t joined[OBSERVED_COUNTS], any = 0;
    if (self->n_held == 0 || fact->day < self->since || fact->day > facts_until(self) ||
        fact->at_ms > self->as_of_ms || (self->products >> slice_product(fact) & 1) == 0)
        return;
    for (int i = 0; i < OBSERVED_COUNTS; i++) {
        joined[i] = fact_measure(fact, metrics[i]);
        any |= joined[i];
    }
    if (any == 0)
        return;
    struct held *held =
        &self->held[attribution_of(self->attribution, fact->citizen, fact->day,
                                   ANSINH__V1__ATTRIBUTION_METHOD__ATTRIBUTION_METHOD_LAST_TOUCH)];
    for (int i = 0; i < OBSERVED_COUNTS; i++)
        held->joined[i] += joined[i];
}

static void add(struct observed_sum *sum, const struct held *held)
{
    sum->sessions++;
    sum->contacts += held->contacts;
    for (int i = 0; i < OBSERVED_COUNTS; i++)
        sum->joined[i] += held->joined[i];
}

void observed_close(struct observed *self, int64_t now_ms)
{
    for (uint32_t number = 1; number <= self->n_sessions; number++) {
        const struct held *held = &self->held[number];
        for (const struct directory_unit *unit = held->unit;
             unit != NULL && unit->index < self->n_units; unit = directory_above(unit)) {
            struct observed_sum *sums = &self->sums[unit->index * OBSERVED_KINDS];
            add(&sums[0], held);
            if (held->kind != 0)
                add(&sums[held->kind], held);
        }
    }
    attribution_destroy(&self->attribution);
    free(self->held);
    self->held = NULL;
    self->n_held = 0;
    self->closed_ms = now_ms;
}

int64_t observed_age(const struct observed *self, int32_t today, int64_t now_ms)
{
    return self->today == today ? now_ms - self->closed_ms : INT64_MAX;
}

const struct observed_sum *observed_of(const struct observed *self,
                                       const struct directory_unit *unit, size_t kind)
{
    static const struct observed_sum nothing;
    if (unit->index >= self->n_units || kind >= OBSERVED_KINDS)
        return &nothing;
    return &self->sums[unit->index * OBSERVED_KINDS + kind];
}

int observed_is_enough(const struct observed_sum *sum, int count)
{
    return sum->contacts >= OBSERVED_CONTACTS_MIN && sum->joined[count] > 0;
}

const struct directory_unit *observed_where(const struct observed *self,
                                            const struct directory_unit *unit, int count)
{
    while (unit != NULL && !observed_is_enough(observed_of(self, unit, 0), count))
        unit = directory_above(unit);
    return unit;
}
