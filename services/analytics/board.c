#include "services/analytics/board.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"

#define COMMUNES_MAX 100000 /* 5 digits */

struct commune {
    uint32_t code;
    int is_changed;
    int64_t values[BOARD_METRICS];
    struct board_day *days; /* ascending by day */
    size_t n_days, days_capacity;
    int32_t hours[BOARD_HOURS][BOARD_TIMED_METRICS];
    int32_t hours_day; /* whose hours these are */
};

struct board {
    struct commune *communes[COMMUNES_MAX]; /* by code; NULL: never counted */
    uint32_t codes[COMMUNES_MAX];           /* the ones that exist */
    size_t n_codes;
    uint32_t changed[COMMUNES_MAX];
    size_t n_changed;
};

struct board *board_create(void)
{
    struct board *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    return self;
}

void board_clear(struct board *self)
{
    for (size_t i = 0; i < self->n_codes; i++) {
        struct commune *commune = self->communes[self->codes[i]];
        self->communes[self->codes[i]] = NULL;
        free(commune->days);
        free(commune);
    }
    self->n_codes = 0;
    self->n_changed = 0;
}

void board_destroy(struct board **self)
{
    if (*self == NULL)
        return;
    board_clear(*self);
    free(*self);
    *self = NULL;
}

/* The commune's counters, made when needed. Codes beyond 5 digits cannot come from the services: a
 * bug. */
static struct commune *commune_get(struct board *self, uint32_t code)
{
    ASSERT(code < COMMUNES_MAX);
    struct commune *commune = self->communes[code];
    if (commune == NULL) {
        commune = calloc(1, sizeof(*commune));
        ASSERT(commune != NULL);
        commune->code = code;
        self->communes[code] = commune;
        self->codes[self->n_codes++] = code;
    }
    return commune;
}

static void mark(struct board *self, struct commune *commune)
{
    if (commune->is_changed)
        return;
    commune->is_changed = 1;
    self->changed[self->n_changed++] = commune->code;
}

void board_add(struct board *self, uint32_t commune, enum board_metric metric, int64_t delta)
{
    struct commune *counters = commune_get(self, commune);
    counters->values[metric] += delta;
    mark(self, counters);
}

/* First day that is not before the given one. */
static size_t day_find(const struct commune *commune, int32_t day)
{
    size_t low = 0, high = commune->n_days;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (commune->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The counters of a day, made when needed. */
static struct board_day *day_get(struct commune *commune, int32_t day)
{
    size_t place = day_find(commune, day);
    if (place < commune->n_days && commune->days[place].day == day)
        return &commune->days[place];
    if (commune->n_days == commune->days_capacity) {
        commune->days_capacity = MAX((size_t)16, 2 * commune->days_capacity);
        commune->days = realloc(commune->days, commune->days_capacity * sizeof(*commune->days));
        ASSERT(commune->days != NULL);
    }
    memmove(&commune->days[place + 1], &commune->days[place],
            (commune->n_days - place) * sizeof(*commune->days));
    commune->days[place] = (struct board_day){.day = day};
    commune->n_days++;
    return &commune->days[place];
}

/* The counters of an hour; NULL for a day before the one whose hours are kept. */
static int32_t *hour_get(struct commune *commune, int32_t day, unsigned hour)
{
    ASSERT(hour < BOARD_HOURS);
    if (day < commune->hours_day)
        return NULL;
    if (day > commune->hours_day) {
        memset(commune->hours, 0, sizeof(commune->hours));
        commune->hours_day = day;
    }
    return commune->hours[hour];
}

void board_add_day(struct board *self, uint32_t commune, int32_t day, enum board_metric metric,
                   int32_t delta)
{
    ASSERT(metric < BOARD_TIMED_METRICS);
    day_get(commune_get(self, commune), day)->counts[metric] += delta;
}

void board_add_hour(struct board *self, uint32_t commune, int32_t day, unsigned hour,
                    enum board_metric metric, int32_t delta)
{
    ASSERT(metric < BOARD_TIMED_METRICS);
    int32_t *counts = hour_get(commune_get(self, commune), day, hour);
    if (counts != NULL)
        counts[metric] += delta;
}

void board_set(struct board *self, uint32_t commune, enum board_metric metric, int64_t value)
{
    commune_get(self, commune)->values[metric] = value;
}

void board_set_hour(struct board *self, uint32_t commune, int32_t day, unsigned hour,
                    enum board_metric metric, int32_t value)
{
    ASSERT(metric < BOARD_TIMED_METRICS);
    int32_t *counts = hour_get(commune_get(self, commune), day, hour);
    if (counts != NULL)
        counts[metric] = value;
}

void board_sum(const struct board *self, const uint32_t *communes, size_t n,
               struct board_totals *ret)
{
    memset(ret, 0, sizeof(*ret));
    for (size_t i = 0; i < n; i++) {
        const struct commune *commune =
            communes[i] < COMMUNES_MAX ? self->communes[communes[i]] : NULL;
        for (size_t m = 0; commune != NULL && m < BOARD_METRICS; m++)
            ret->values[m] += commune->values[m];
    }
}

size_t board_sum_days(const struct board *self, const uint32_t *communes, size_t n,
                      int32_t first_day, struct board_day *ret, size_t max)
{
    size_t count = 0;
    memset(ret, 0, max * sizeof(*ret));
    /* a slot per day from first_day on, then the empty ones are dropped */
    for (size_t i = 0; i < n; i++) {
        const struct commune *commune =
            communes[i] < COMMUNES_MAX ? self->communes[communes[i]] : NULL;
        size_t place = commune == NULL ? 0 : day_find(commune, first_day);
        for (; commune != NULL && place < commune->n_days; place++) {
            const struct board_day *day = &commune->days[place];
            size_t slot = (size_t)(day->day - first_day);
            if (slot >= max)
                break;
            for (size_t m = 0; m < BOARD_TIMED_METRICS; m++)
                ret[slot].counts[m] += day->counts[m];
        }
    }
    for (size_t slot = 0; slot < max; slot++) {
        if (ret[slot].counts[BOARD_PARTICIPANTS] == 0 && ret[slot].counts[BOARD_DECLARED] == 0)
            continue;
        ret[count] = ret[slot];
        ret[count++].day = first_day + (int32_t)slot;
    }
    return count;
}

void board_sum_hours(const struct board *self, const uint32_t *communes, size_t n, int32_t day,
                     int32_t ret[BOARD_HOURS][BOARD_TIMED_METRICS])
{
    memset(ret, 0, BOARD_HOURS * sizeof(ret[0]));
    for (size_t i = 0; i < n; i++) {
        const struct commune *commune =
            communes[i] < COMMUNES_MAX ? self->communes[communes[i]] : NULL;
        if (commune == NULL || commune->hours_day != day)
            continue;
        for (size_t hour = 0; hour < BOARD_HOURS; hour++) {
            for (size_t m = 0; m < BOARD_TIMED_METRICS; m++)
                ret[hour][m] += commune->hours[hour][m];
        }
    }
}

size_t board_changed(const struct board *self, uint32_t *ret, size_t max)
{
    memcpy(ret, self->changed, MIN(self->n_changed, max) * sizeof(*ret));
    return self->n_changed;
}

void board_forget_changes(struct board *self)
{
    for (size_t i = 0; i < self->n_changed; i++)
        self->communes[self->changed[i]]->is_changed = 0;
    self->n_changed = 0;
}

size_t board_count(const struct board *self)
{
    return self->n_codes;
}
