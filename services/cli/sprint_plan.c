#include "services/cli/sprint_plan.h"

#include <errno.h>
#include <stdlib.h>

#include "common/domain/calendar.h"
#include "services/cli/sample_draw.h"
#include "services/cli/sprint_session.h"

#define HALF_HOURS 48
#define HALF_HOUR_S 1800
#define MORNING_S (7 * 3600) /* when offline collectors hand in what they have */
#define AGAIN_MIN_S 240
#define AGAIN_SPREAD_S 660

/* In a thousand visits. */
#define RENEWALS 250
#define CHANGED 60 /* of the renewals */
#define UNPAID 30  /* of the others */
#define TAKEN_BACK 12
#define DOUBLED 20
#define LATE 60
#define TOUCHED 800 /* of who joins, where there was a session */
#define TOUCHED_AGAIN 200
#define UNDECIDED 30 /* of the declarations, besides those of the last days */
#define RETURNED 50
#define MENDED 600 /* of the returned */
#define UNDONE 15  /* of the accepted */

#define DECIDED_IN_DAYS 5 /* Law 41/2024/QH15, article 28 */
#define MENDED_IN_DAYS 4
#define OFFICE_S (8 * 3600)
#define OFFICE_SLOT_S 1700 /* for those of one day */

enum draw {
    DRAW_KIND,
    DRAW_UNPAID,
    DRAW_CHANGED,
    DRAW_TAKEN_BACK,
    DRAW_PAID_AGAIN,
    DRAW_AGAIN_DELAY,
    DRAW_DOUBLED,
    DRAW_LATE,
    DRAW_METHOD,
    DRAW_OTHER_METHOD,
    DRAW_BEFORE,
    DRAW_TOUCHED,
    DRAW_TOUCHED_AGAIN,
    DRAW_TOUCH_LAG,
    DRAW_UNDECIDED,
    DRAW_DECIDED,
    DRAW_RETURNED,
    DRAW_AGAIN,
    DRAW_AGAIN_DAYS,
    DRAWS
};

struct sprint_plan {
    struct sprint_spec spec;
    uint64_t seed;
    int32_t first_day;
    uint32_t *place_until;
    uint32_t day_until[SPRINT_DAYS_MAX];
};

uint32_t sprint_target_percent(uint64_t seed, uint32_t commune)
{
    uint64_t own = draw_mix(seed + 0x7a72);
    uint32_t x = draw_below(own, 2 * (uint64_t)commune, 100);
    uint32_t y = draw_below(own, 2 * (uint64_t)commune + 1, 1000);
    if (x < 5)
        return 27 + y * 6 / 1000;
    if (x < 14)
        return 100 + y * 13 / 1000;
    return 45 + y * 45 / 1000;
}

/* --- how many when ---------------------------------------------------------------------------- */

/* Offices work on weekdays; the opening day and one ceremony day stand out, and at the end
 * everybody hurries. */
static uint64_t day_weight(const struct sprint_spec *spec, int32_t first_day, uint32_t day_i)
{
    static const uint8_t of_weekday[] = {20, 20, 20, 20, 20, 13, 6}; /* from Monday */
    uint32_t weekday = (uint32_t)(first_day + (int32_t)day_i + 3) % 7;
    uint32_t ceremony = spec->days / 3;
    if ((first_day + (int32_t)ceremony + 3) % 7 == 6)
        ceremony++; /* not on a Sunday */
    uint64_t percent = 80 + 40 * (uint64_t)day_i / spec->days;
    if (spec->days > 4 && day_i == 0)
        percent = 150;
    if (spec->days > 4 && day_i == ceremony)
        percent = 240;
    if (spec->days > 4 && day_i + 2 == spec->days)
        percent = 190;
    if (day_i + 1 == spec->days)
        percent = 260;
    return of_weekday[weekday] * percent;
}

/* Weights of the half hours of a day: a morning session and an evening session. */
static const uint8_t half_hours[HALF_HOURS] = {
    0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0, 0, 0, 1, 3, 8, /* until 8:00 */
    14, 18, 20, 19, 16, 12, 8,  4,  2,  2,  3, 5, 7, 7, 7, 6, /* until 16:00 */
    5,  4,  4,  5,  8,  13, 18, 20, 17, 11, 6, 2, 0, 0, 0, 0};

/* Second of the day of its k-th of n visits: spread so that every half hour has its share. */
static int64_t second_of(uint64_t k, uint64_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < HALF_HOURS; i++)
        sum += half_hours[i];
    uint64_t x = (2 * k + 1) * sum * HALF_HOUR_S, unit = 2 * n; /* x / unit: weighted seconds */
    for (size_t i = 0; i < HALF_HOURS; i++) {
        uint64_t here = (uint64_t)half_hours[i] * HALF_HOUR_S * unit;
        if (x < here)
            return (int64_t)(i * HALF_HOUR_S + x / (half_hours[i] * unit));
        x -= here;
    }
    return SPRINT_DAY_S - 1;
}

static int fill(struct sprint_plan *self, struct err *err)
{
    const struct sprint_spec *spec = &self->spec;
    uint64_t days[SPRINT_DAYS_MAX], sum = 0;
    for (size_t i = 0; i < spec->n_places; i++)
        sum += spec->weights[i];
    if (sum == 0 || sum > UINT64_MAX / spec->people)
        return err_set(err, -EINVAL, "the communes' weights add up to nothing, or to too much");
    draw_shares(spec->weights, spec->n_places, spec->people, self->place_until);
    draw_running_sums(self->place_until, spec->n_places);
    for (uint32_t i = 0; i < spec->days; i++)
        days[i] = day_weight(spec, self->first_day, i);
    draw_shares(days, spec->days, spec->people, self->day_until);
    draw_running_sums(self->day_until, spec->days);
    return 0;
}

uint32_t sprint_plan_day_begin(const struct sprint_plan *self, uint32_t day)
{
    return day == 0 ? 0 : self->day_until[day - 1];
}

void sprint_plan_destroy(struct sprint_plan **self)
{
    if (*self == NULL)
        return;
    free((*self)->place_until);
    free(*self);
    *self = NULL;
}

const struct sprint_spec *sprint_plan_spec(const struct sprint_plan *self)
{
    return &self->spec;
}

int32_t sprint_plan_first_day(const struct sprint_plan *self)
{
    return self->first_day;
}

uint32_t sprint_plan_place_people(const struct sprint_plan *self, size_t place)
{
    return self->place_until[place] - (place == 0 ? 0 : self->place_until[place - 1]);
}

uint32_t sprint_plan_day_people(const struct sprint_plan *self, uint32_t day)
{
    return self->day_until[day] - sprint_plan_day_begin(self, day);
}

/* --- one visit -------------------------------------------------------------------------------- */

static uint32_t draw(const struct sprint_plan *self, uint32_t i, enum draw purpose, uint32_t n)
{
    return draw_below(self->seed, (uint64_t)i * DRAWS + purpose, n);
}

static int happens(const struct sprint_plan *self, uint32_t i, enum draw purpose,
                   uint32_t of_thousand)
{
    return draw(self, i, purpose, 1000) < of_thousand;
}

static enum method method_draw(const struct sprint_plan *self, uint32_t i)
{
    uint32_t x = draw(self, i, DRAW_METHOD, 100);
    return x < 62   ? METHOD_IS_MONTHLY
           : x < 82 ? METHOD_IS_QUARTERLY
           : x < 92 ? METHOD_IS_HALF_YEARLY
                    : METHOD_IS_YEARLY;
}

/* So that the months paid end with the month before the sprint. */
static int32_t before_day(const struct sprint_plan *self, const struct sprint_visit *visit)
{
    static const uint8_t months[] = {[METHOD_IS_MONTHLY] = 1,
                                     [METHOD_IS_QUARTERLY] = 3,
                                     [METHOD_IS_HALF_YEARLY] = 6,
                                     [METHOD_IS_YEARLY] = 12};
    int32_t month = month_of_day(self->first_day) - months[visit->method];
    uint32_t n_days = (uint32_t)(month_last_day(month) - month_first_day(month) + 1);
    return month_first_day(month) + (int32_t)draw(self, visit->i, DRAW_BEFORE, n_days);
}

static enum method other_than(const struct sprint_plan *self, const struct sprint_visit *visit)
{
    uint32_t step = 1 + draw(self, visit->i, DRAW_OTHER_METHOD, 3);
    return (enum method)(METHOD_IS_MONTHLY + (visit->method - METHOD_IS_MONTHLY + step) % 4);
}

static int late_draw(const struct sprint_plan *self, uint32_t i, uint32_t day_i)
{
    uint32_t x = draw(self, i, DRAW_LATE, 1000);
    static const uint8_t of_six[] = {1, 1, 1, 2, 2, 3};
    int late_days = x >= LATE ? 0 : x % 12 == 0 ? SPRINT_LATE_DAYS_MAX : of_six[x % 6];
    return day_i + (uint32_t)late_days < self->spec.days ? late_days : 0;
}

/* Answers the second of the day in which it happens, recorded or not. */
static int64_t set_times(const struct sprint_plan *self, uint32_t day_i, struct sprint_visit *visit)
{
    uint32_t begin = sprint_plan_day_begin(self, day_i), n = self->day_until[day_i] - begin;
    uint32_t k = visit->i - begin;
    visit->late_days = late_draw(self, visit->i, day_i);
    int64_t happens_s = second_of(k, n);
    int64_t second = visit->late_days == 0
                         ? happens_s
                         : MORNING_S + (SPRINT_LATE_DAYS_MAX - visit->late_days) * HALF_HOUR_S +
                               (int64_t)HALF_HOUR_S * k / n;
    visit->at_s = (int64_t)(day_i + (uint32_t)visit->late_days) * SPRINT_DAY_S + second;
    if (visit->end != SPRINT_STANDS)
        visit->again_s =
            visit->at_s + AGAIN_MIN_S + draw(self, visit->i, DRAW_AGAIN_DELAY, AGAIN_SPREAD_S);
    return happens_s;
}

/* --- the office ------------------------------------------------------------------------------- */

/* Nobody decides on Saturdays and Sundays. */
static uint32_t office_day(const struct sprint_plan *self, uint32_t day_i)
{
    uint32_t weekday = (uint32_t)(self->first_day + (int32_t)day_i + 3) % 7;
    return weekday < 5 ? day_i : day_i + 7 - weekday;
}

unsigned sprint_plan_lags(const struct sprint_plan *self, uint32_t i, uint32_t day,
                          int32_t ret[SPRINT_DECISIONS_MAX])
{
    if (happens(self, i, DRAW_KIND, RENEWALS) || happens(self, i, DRAW_UNDECIDED, UNDECIDED))
        return 0;
    uint32_t recorded = day + (uint32_t)late_draw(self, i, day);
    uint32_t decided =
        office_day(self, recorded + 1 + draw(self, i, DRAW_DECIDED, DECIDED_IN_DAYS));
    if (decided >= self->spec.days)
        return 0;
    ret[0] = (int32_t)(decided - day);
    int is_returned = happens(self, i, DRAW_RETURNED, RETURNED);
    uint32_t again = office_day(self, decided + 1 + draw(self, i, DRAW_AGAIN_DAYS, MENDED_IN_DAYS));
    if (!happens(self, i, DRAW_AGAIN, is_returned ? MENDED : UNDONE) || again >= self->spec.days)
        return 1;
    ret[1] = (int32_t)(again - day);
    return 2;
}

static void set_decisions(const struct sprint_plan *self, uint32_t day_i,
                          struct sprint_visit *visit)
{
    int32_t lags[SPRINT_DECISIONS_MAX];
    uint32_t begin = sprint_plan_day_begin(self, day_i), n = self->day_until[day_i] - begin;
    int is_returned = happens(self, visit->i, DRAW_RETURNED, RETURNED);
    visit->n_decisions = sprint_plan_lags(self, visit->i, day_i, lags);
    for (unsigned k = 0; k < visit->n_decisions; k++) {
        int64_t second = OFFICE_S + (int64_t)(SPRINT_DECISION_LAG_MAX - lags[k]) * OFFICE_SLOT_S +
                         (int64_t)OFFICE_SLOT_S * (visit->i - begin) / n;
        visit->decisions[k] = (struct sprint_decision){
            .at_s = (int64_t)(day_i + (uint32_t)lags[k]) * SPRINT_DAY_S + second,
            .day = visit->day + lags[k],
            .is_returned = is_returned == (k == 0),
        };
    }
}

/* --- who was reached before ------------------------------------------------------------------- */

static void set_touches(const struct sprint_plan *self, int64_t happens_s,
                        struct sprint_visit *visit)
{
    struct sprint_search search = {.place = visit->place,
                                   .visit = visit->i,
                                   .day = (uint32_t)(visit->day - self->first_day),
                                   .lag = draw(self, visit->i, DRAW_TOUCH_LAG, 3),
                                   .before_s = happens_s};
    unsigned n = happens(self, visit->i, DRAW_TOUCHED_AGAIN, TOUCHED_AGAIN) ? 2 : 1;
    if (!happens(self, visit->i, DRAW_TOUCHED, TOUCHED))
        return;
    while (visit->n_touches < n &&
           sprint_session_before(self, &search, &visit->touches[visit->n_touches]))
        visit->n_touches++;
}

/* --- all of it -------------------------------------------------------------------------------- */

static void set_kind(const struct sprint_plan *self, uint32_t i, struct sprint_visit *visit)
{
    visit->method = method_draw(self, i);
    visit->is_doubled = happens(self, i, DRAW_DOUBLED, DOUBLED);
    if (happens(self, i, DRAW_KIND, RENEWALS)) {
        visit->kind = SPRINT_RENEWAL;
        visit->before_day = before_day(self, visit);
        visit->accepted_day = MIN(visit->before_day + DECIDED_IN_DAYS, self->first_day);
        if (happens(self, i, DRAW_CHANGED, CHANGED))
            visit->is_changed = 1 + (int)(draw(self, i, DRAW_CHANGED, 2000) % 2);
    } else if (happens(self, i, DRAW_UNPAID, UNPAID)) {
        visit->kind = SPRINT_DECLARED;
        return;
    }
    visit->other_method = other_than(self, visit);
    if (happens(self, i, DRAW_TAKEN_BACK, TAKEN_BACK))
        visit->end = draw(self, i, DRAW_PAID_AGAIN, 10) < 7 ? SPRINT_PAID_AGAIN : SPRINT_TAKEN_BACK;
}

void sprint_plan_visit(const struct sprint_plan *self, uint32_t i, struct sprint_visit *ret)
{
    uint32_t day_i = (uint32_t)draw_find(self->day_until, self->spec.days, i);
    uint32_t slot = (uint32_t)draw_permute(self->seed, self->spec.people, i);
    *ret = (struct sprint_visit){
        .i = i,
        .place = (uint32_t)draw_find(self->place_until, self->spec.n_places, slot),
        .day = self->first_day + (int32_t)day_i,
    };
    set_kind(self, i, ret);
    int64_t happens_s = set_times(self, day_i, ret);
    set_decisions(self, day_i, ret);
    if (ret->kind != SPRINT_RENEWAL)
        set_touches(self, happens_s, ret);
}

static void count(const struct sprint_visit *visit, struct sprint_counts *counts)
{
    int is_paid = visit->kind != SPRINT_DECLARED;
    int is_back = visit->end != SPRINT_STANDS;
    int is_renewal = visit->kind == SPRINT_RENEWAL;
    unsigned n = visit->n_decisions;
    counts->accepted += is_renewal || (n > 0 && !visit->decisions[n - 1].is_returned);
    for (unsigned k = 0; k < n; k++)
        counts->returned += visit->decisions[k].is_returned != 0;
    counts->decisions += n;
    counts->touched += visit->n_touches > 0;
    counts->declared++;
    counts->participants += is_renewal || (is_paid && visit->end != SPRINT_TAKEN_BACK);
    counts->payments += (uint32_t)(is_renewal + (is_paid && visit->end != SPRINT_TAKEN_BACK));
    counts->taken_back += (uint32_t)is_back;
    counts->changed += visit->is_changed || visit->end == SPRINT_PAID_AGAIN;
    counts->doubled += (uint32_t)visit->is_doubled;
    counts->late += visit->late_days > 0;
}

void sprint_plan_count(const struct sprint_plan *self, struct sprint_counts *by_place,
                       struct sprint_counts *by_day)
{
    struct sprint_visit visit;
    for (uint32_t i = 0; i < self->spec.people; i++) {
        sprint_plan_visit(self, i, &visit);
        if (by_place != NULL)
            count(&visit, &by_place[visit.place]);
        if (by_day != NULL)
            count(&visit, &by_day[visit.day - self->first_day]);
    }
}

/* --- the plan --------------------------------------------------------------------------------- */

int sprint_plan_create(const struct sprint_spec *spec, struct sprint_plan **ret, struct err *err)
{
    if (spec->days == 0 || spec->days > SPRINT_DAYS_MAX)
        return err_set(err, -EINVAL, "%u days, must be 1 to %d", spec->days, SPRINT_DAYS_MAX);
    if (spec->people == 0 || spec->people > SPRINT_PEOPLE_MAX)
        return err_set(err, -EINVAL, "%u people, must be 1 to %d", spec->people, SPRINT_PEOPLE_MAX);
    if (spec->n_places == 0 || spec->n_places > DRAW_SHARES_MAX)
        return err_set(err, -EINVAL, "%zu communes, must be 1 to %d", spec->n_places,
                       DRAW_SHARES_MAX);
    struct sprint_plan *self = calloc(1, sizeof(*self));
    if (self != NULL)
        self->place_until = calloc(spec->n_places, sizeof(*self->place_until));
    if (self == NULL || self->place_until == NULL) {
        sprint_plan_destroy(&self);
        return err_set(err, -ENOMEM, "no memory for the plan");
    }
    self->spec = *spec;
    self->seed = draw_mix(spec->seed + 0x5921);
    self->first_day = spec->last_day - (int32_t)spec->days + 1;
    int rc = fill(self, err);
    self->spec.weights = NULL;
    if (rc < 0) {
        sprint_plan_destroy(&self);
        return rc;
    }
    *ret = self;
    return 0;
}

/* --- request ids ------------------------------------------------------------------------------ */

void sprint_request_id(uint64_t seed, uint32_t i, unsigned step_i, int64_t wall_ms,
                       struct request_id *ret)
{
    uint64_t high = draw_mix(seed ^ draw_mix((uint64_t)i * 256 + step_i));
    uint64_t low = draw_mix(high);
    for (int k = 0; k < 6; k++)
        ret->bytes[k] = (uint8_t)((uint64_t)wall_ms >> (40 - 8 * k));
    for (int k = 0; k < 2; k++)
        ret->bytes[6 + k] = (uint8_t)(high >> 8 * k);
    for (int k = 0; k < 8; k++)
        ret->bytes[8 + k] = (uint8_t)(low >> 8 * k);
    ret->bytes[6] = (uint8_t)(0x70 | (ret->bytes[6] & 0x0f)); /* RFC 9562: version 7, variant */
    ret->bytes[8] = (uint8_t)(0x80 | (ret->bytes[8] & 0x3f));
}
