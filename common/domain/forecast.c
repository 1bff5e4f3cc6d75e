#include "common/domain/forecast.h"

#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "common/domain/explain.h"

#define WEEK 7
#define PACE_DAYS WEEK
#define BAND_DAYS (4 * WEEK)
#define PATTERN_DAYS (8 * WEEK)
#define PATTERN_DAYS_MIN (2 * WEEK)
#define ONE 1000            /* a person, in what is computed with */
#define BAND_PER_MILLE 1282 /* of the deviation: 8 of 10 of a normal distribution */

/* A year of history would do; an index outside of it is a day without anybody. */
/* Squares of a nation that joins in one day, in 1/ONE, times the days of a year. */
__extension__ typedef __int128 wide;

struct history {
    const struct forecast_request *request;
    int64_t share[WEEK]; /* of a weekday in the mean day, in 1/ONE */
};

static int64_t count_on(const struct forecast_request *request, int32_t day)
{
    size_t low = 0, high = request->n_days;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (request->days[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return low < request->n_days && request->days[low].day == day ? request->days[low].count : 0;
}

static int64_t count_between(const struct forecast_request *request, int32_t first, int32_t last)
{
    int64_t sum = 0;
    for (size_t i = 0; i < request->n_days; i++)
        sum += request->days[i].day >= first && request->days[i].day <= last
                   ? request->days[i].count
                   : 0;
    return sum;
}

static int64_t isqrt(wide value)
{
    wide root = 0;
    for (wide bit = (wide)1 << 62; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= value)
            root += bit;
    }
    return (int64_t)root;
}

static void find_pattern(struct history *self)
{
    const struct forecast_request *request = self->request;
    int32_t first = request->today - PATTERN_DAYS;
    int64_t sums[WEEK] = {0}, days[WEEK] = {0}, all = 0, n = 0;
    if (request->n_days > 0)
        first = MAX(first, request->days[0].day);
    for (int32_t day = first; day < request->today; day++) {
        sums[day % WEEK] += count_on(request, day);
        days[day % WEEK]++;
        all += count_on(request, day);
        n++;
    }
    for (int i = 0; i < WEEK; i++)
        self->share[i] = n < PATTERN_DAYS_MIN || all == 0
                             ? ONE
                             : divide_half_up(sums[i] * n * ONE, days[i] * all);
}

/* What is expected of a day, in 1/ONE, when 7 days bring week people. */
static int64_t expected(const struct history *self, int64_t week, int32_t day)
{
    return week * self->share[day % WEEK] / WEEK;
}

/* Variance of a day around the pattern, in 1/ONE squared. */
static wide variance(const struct history *self)
{
    const struct forecast_request *request = self->request;
    int64_t week =
        count_between(request, request->today - BAND_DAYS, request->today - 1) * WEEK / BAND_DAYS;
    wide sum = 0;
    for (int32_t day = request->today - BAND_DAYS; day < request->today; day++) {
        wide off = count_on(request, day) * ONE - expected(self, week, day);
        sum += off * off / (BAND_DAYS - 1);
    }
    return sum;
}

/* The first day behind today that counts. */
static int32_t next_day(const struct forecast_request *request)
{
    return request->is_new ? MAX(request->from, request->today + 1) : request->today + 1;
}

/* What is missing from today, in 1/ONE. */
static int64_t rest_of_today(const struct history *self, int64_t week)
{
    const struct forecast_request *request = self->request;
    int64_t rest = expected(self, week, request->today) - count_on(request, request->today) * ONE;
    int is_over = request->until < request->today;
    int is_before = request->is_new && request->from > request->today;
    return is_over || is_before ? 0 : MAX(rest, 0);
}

static void project(const struct history *self, struct forecast *ret)
{
    const struct forecast_request *request = self->request;
    int64_t week = count_between(request, request->today - PACE_DAYS, request->today - 1);
    int64_t sum = rest_of_today(self, week), days = ret->days_left;
    int32_t first = next_day(request);
    for (int32_t day = first; day < first + ret->days_left; day++)
        sum += expected(self, week, day);
    /* the days' own deviations, and that of the pace they are projected with */
    int64_t band = isqrt(variance(self) * (days + days * days / PACE_DAYS)) * BAND_PER_MILLE / 1000;
    ret->pace_per_day = divide_half_up(week * 100, PACE_DAYS);
    ret->projected = request->participants + divide_half_up(sum, ONE);
    ret->projected_low = request->participants + divide_half_up(MAX(sum - band, 0), ONE);
    ret->projected_high = request->participants + divide_half_up(sum + band, ONE);
}

/* The same days a year ago; of 29 February, of 1 March. */
static int32_t year_before(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return month == 2 && day_of_month == 29 ? date_make(year - 1, 3, 1)
                                            : date_make(year - 1, month, day_of_month);
}

/* Of a year before; what is behind the first day that anything is known of. */
static int64_t count_year_before(const struct forecast_request *request, int32_t first,
                                 int32_t last)
{
    first = year_before(first);
    last = year_before(last);
    int is_known = request->n_days > 0 && request->days[0].day <= first && last < request->today;
    return is_known ? count_between(request, first, last) : FORECAST_NONE;
}

static void look_back(const struct forecast_request *request, struct forecast *ret)
{
    int32_t first = next_day(request), last = MIN(request->until, request->today);
    ret->last_year = FORECAST_NONE;
    ret->so_far_last_year = FORECAST_NONE;
    if (ret->days_left > 0)
        ret->last_year = count_year_before(request, first, first + ret->days_left - 1);
    if (request->from > last)
        return;
    ret->so_far = count_between(request, request->from, last);
    ret->so_far_last_year = count_year_before(request, request->from, last);
}

static enum forecast_reach reach_of(const struct forecast_request *request,
                                    const struct forecast *forecast)
{
    if (request->plan == 0)
        return REACH_NO_PLAN;
    if (forecast->gap <= 0)
        return REACH_DONE;
    if (forecast->projected >= request->plan)
        return REACH_ON_COURSE;
    return forecast->projected_high >= request->plan ? REACH_POSSIBLE : REACH_TOO_SLOW;
}

void forecast_make(const struct forecast_request *request, struct forecast *ret)
{
    struct history history = {.request = request};
    *ret = (struct forecast){.participants = request->participants,
                             .plan = request->plan,
                             .needed_per_day = FORECAST_NONE,
                             .contacts_needed = FORECAST_NONE,
                             .conversion = FORECAST_NONE};
    ret->days_left = MIN(request->until, request->today + FORECAST_HORIZON_MAX_DAYS) + 1;
    ret->days_left = MAX(ret->days_left - next_day(request), 0);
    ret->gap = request->plan == 0 ? 0 : request->plan - request->participants;
    find_pattern(&history);
    project(&history, ret);
    look_back(request, ret);
    if (ret->gap > 0 && ret->days_left > 0)
        ret->needed_per_day = divide_half_up(ret->gap * 100, ret->days_left);
    if (request->contacts > 0 && request->joined > 0) {
        ret->conversion = divide_half_up(request->joined * 10000, request->contacts);
        ret->contacts_needed =
            (MAX(ret->gap, 0) * request->contacts + request->joined - 1) / request->joined;
    }
    ret->reach = reach_of(request, ret);
}
