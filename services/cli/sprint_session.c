#include "services/cli/sprint_session.h"

#include <stdio.h>

#include "ansinh/v1/campaigns.pb-c.h"
#include "common/domain/identity.h"
#include "services/cli/sample_draw.h"

#define SEED 0x5e55
#define WON_SEED 0x3030f0000
#define PER_HUNDRED_VISITS 60
#define CANCELLED 20 /* in a thousand */
#define CEREMONIES 350
#define MINUTE_S 60
#define FIRST_BIRTH_YEAR 40 /* nobody of the sample or of a drill is as old */
#define SERIALS 1000000
#define LISTED_KEY 0x115ed

enum draw { DRAW_COUNT, DRAW_KIND, DRAW_START, DRAW_ATTENDANCE, DRAW_CANCELLED, DRAWS };

/* Of a hundred; ceremonies are held on great days alone. */
static const struct habit {
    uint8_t kind, percent;
    uint16_t from_minute, spread_minutes, minutes;
    uint16_t attendance, attendance_spread;
    uint8_t listed_percent, wins_percent;
} habits[] = {
    {ANSINH__V1__SESSION_KIND__SESSION_KIND_LAUNCH_CEREMONY, 0, 450, 60, 90, 80, 140, 20, 90},
    {ANSINH__V1__SESSION_KIND__SESSION_KIND_CONFERENCE, 10, 480, 90, 120, 35, 50, 40, 100},
    {ANSINH__V1__SESSION_KIND__SESSION_KIND_SMALL_GROUP, 32, 510, 630, 75, 10, 20, 60, 65},
    {ANSINH__V1__SESSION_KIND__SESSION_KIND_HOUSEHOLD_VISIT, 34, 540, 600, 45, 2, 5, 80, 28},
    {ANSINH__V1__SESSION_KIND__SESSION_KIND_MARKET_VISIT, 16, 390, 120, 120, 25, 50, 20, 45},
    {ANSINH__V1__SESSION_KIND__SESSION_KIND_RADIO, 8, 1050, 30, 20, 150, 500, 0, 0},
};

static uint32_t draw(const struct sprint_plan *plan, uint32_t number, enum draw purpose, uint32_t n)
{
    return draw_below(draw_mix(sprint_plan_spec(plan)->seed + SEED),
                      (uint64_t)number * DRAWS + purpose, n);
}

static uint32_t numbers_of_day(const struct sprint_plan *plan)
{
    return (uint32_t)sprint_plan_spec(plan)->n_places * SPRINT_SESSIONS_MAX;
}

uint32_t sprint_session_numbers(const struct sprint_plan *plan)
{
    return numbers_of_day(plan) * sprint_plan_spec(plan)->days;
}

static uint32_t number_of(const struct sprint_plan *plan, uint32_t place, uint32_t day)
{
    return day * numbers_of_day(plan) + place * SPRINT_SESSIONS_MAX;
}

/* How many are announced in a commune on a day: in proportion to who comes. */
static uint32_t count(const struct sprint_plan *plan, uint32_t place, uint32_t day)
{
    uint64_t thousandths = (uint64_t)sprint_plan_place_people(plan, place) *
                           sprint_plan_day_people(plan, day) * PER_HUNDRED_VISITS * 10 /
                           sprint_plan_spec(plan)->people;
    uint64_t n = (thousandths + draw(plan, number_of(plan, place, day), DRAW_COUNT, 1000)) / 1000;
    return (uint32_t)MIN(n, (uint64_t)SPRINT_SESSIONS_MAX);
}

static int is_great_day(const struct sprint_plan *plan, uint32_t day)
{
    uint32_t days = sprint_plan_spec(plan)->days;
    return day == 0 || day == days / 3 || day + 1 == days;
}

static const struct habit *habit_of(const struct sprint_plan *plan, uint32_t number, uint32_t day)
{
    uint32_t x = draw(plan, number, DRAW_KIND, 1000);
    if (is_great_day(plan, day) && x < CEREMONIES)
        return &habits[0];
    const struct habit *habit = &habits[1];
    for (x = x * 7 % 100; x >= habit->percent; habit++)
        x -= habit->percent;
    return habit;
}

int sprint_session_get(const struct sprint_plan *plan, uint32_t number, struct sprint_session *ret)
{
    uint32_t day = number / numbers_of_day(plan);
    uint32_t place = number % numbers_of_day(plan) / SPRINT_SESSIONS_MAX;
    uint32_t rank = number % SPRINT_SESSIONS_MAX;
    if (rank >= count(plan, place, day))
        return 0;
    const struct habit *habit = habit_of(plan, number, day);
    uint32_t minute = habit->from_minute + draw(plan, number, DRAW_START, habit->spread_minutes);
    *ret = (struct sprint_session){
        .number = number,
        .place = place,
        .day = sprint_plan_first_day(plan) + (int32_t)day,
        .kind = habit->kind,
        .wins_percent = habit->wins_percent,
        .is_cancelled = draw(plan, number, DRAW_CANCELLED, 1000) < CANCELLED,
    };
    /* those of one place and day begin at different seconds */
    ret->start_s = (int64_t)day * SPRINT_DAY_S + minute * MINUTE_S + rank;
    ret->end_s = ret->start_s + (int64_t)habit->minutes * MINUTE_S;
    if (ret->is_cancelled)
        return 1;
    ret->attendance =
        habit->attendance + draw(plan, number, DRAW_ATTENDANCE, habit->attendance_spread);
    ret->n_listed = MIN(ret->attendance * habit->listed_percent / 100, (uint32_t)SPRINT_LISTED_MAX);
    return 1;
}

static int is_won(const struct sprint_plan *plan, uint32_t visit,
                  const struct sprint_session *session)
{
    uint64_t seed = draw_mix(sprint_plan_spec(plan)->seed + WON_SEED + visit);
    return draw_below(seed, session->number, 100) < session->wins_percent;
}

int sprint_session_before(const struct sprint_plan *plan, struct sprint_search *search,
                          uint32_t *ret_number)
{
    struct sprint_session session;
    for (; search->lag <= MIN(search->day, (uint32_t)SPRINT_TOUCH_LAG_MAX);
         search->lag++, search->passed = 0) {
        uint32_t day = search->day - search->lag;
        uint32_t first = number_of(plan, search->place, day);
        int64_t until_s = search->lag > 0
                              ? INT64_MAX
                              : (int64_t)day * SPRINT_DAY_S + search->before_s - SPRINT_TOUCH_MIN_S;
        while (search->passed < SPRINT_SESSIONS_MAX) {
            uint32_t number = first + SPRINT_SESSIONS_MAX - 1 - search->passed++;
            if (!sprint_session_get(plan, number, &session) || session.n_listed == 0 ||
                session.start_s > until_s || !is_won(plan, search->visit, &session))
                continue;
            *ret_number = number;
            return 1;
        }
    }
    return 0;
}

void sprint_session_listed(const struct sprint_session *self, uint32_t k,
                           char ret[SPRINT_PERSONAL_BYTES])
{
    uint32_t of_pool = (uint32_t)draw_permute(LISTED_KEY + self->number, SPRINT_REACHED_POOL, k);
    uint32_t person = self->place * SPRINT_REACHED_POOL + of_pool;
    uint32_t looks = draw_below(LISTED_KEY, person, 2 * BIRTH_PROVINCES);
    (void)snprintf(ret, SPRINT_PERSONAL_BYTES, "%03u%u%02u%06u",
                   (unsigned)birth_province_at(looks / 2) % 1000, looks % 2,
                   (FIRST_BIRTH_YEAR + person / SERIALS) % 100, person % SERIALS);
}
