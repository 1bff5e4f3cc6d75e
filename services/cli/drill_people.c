/* ansinh drill people: a territory full of made-up people, as fast as the services take them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/directory.h"
#include "services/cli/drill.h"
#include "services/cli/person.h"
#include "services/cli/sample_draw.h"

#define WINDOW 4096
#define ARENA_BYTES (16 * 1024 * 1024)
#define PEOPLE 10000
#define DAYS_BACK 790           /* of first payments: boards of 400 days have a year before them */
#define PROVINCE_MIN_PERCENT 65 /* of what its communes would want in a middling one */
#define PROVINCE_SPREAD_PERCENT 61
#define TARGET_MAX_PERCENT 115
#define GROWTH_PERCENT 80 /* more come on the last of these days than on the first */
#define ACCEPTED_PERCENT 92
#define ACCEPTED_DAYS 7
#define RENEWED_PERCENT 75 /* of those whose months are over; so that they are covered today */
#define PLAN_OF_PEOPLE_PERCENT 174 /* 57.34 % of the plan are there */

/* --- where ------------------------------------------------------------------------------------ */

static const struct service_spec ground_spec = {
    .name = "cli",
    .prefix = "CLI_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_CLIENT | SERVICE_DIRECTORY | SERVICE_POLICY};

static int make_sample(struct drill_ground *self)
{
    struct err err = {0};
    struct sample_spec spec = {
        .communes = self->territory.communes,
        .n_communes = self->territory.n_communes,
        .collectors = self->territory.collectors,
        .n_collectors = self->territory.n_collectors,
        .policy = self->svc.policy,
        .n = SAMPLE_PEOPLE,
        .seed = 1,
    };
    if (sample_create(&spec, &self->sample, &err) < 0)
        return cli_fail(1, "%s", err.text);
    return 0;
}

static uint32_t province_of(const struct drill_ground *self, size_t commune)
{
    const struct directory_unit *unit =
        directory_unit(self->svc.directory, self->territory.communes[commune].code);
    return unit == NULL ? 0 : directory_province(unit);
}

static void look_for_provinces(struct drill_ground *self)
{
    for (size_t i = 1; i < self->territory.n_communes; i++)
        self->has_provinces |= province_of(self, i) != province_of(self, 0);
}

int drill_ground_open(struct drill_ground *self, const struct drill_options *options)
{
    static const char *const names[] = {"enrolment", "payments", "analytics", NULL};
    memset(self, 0, sizeof(*self));
    int64_t people = options->people == 0 ? PEOPLE : options->people;
    int64_t plan = options->plan == 0 ? people * PLAN_OF_PEOPLE_PERCENT / 100 : options->plan;
    int status = cli_open(&self->svc, &ground_spec, names);
    if (status != 0)
        return status;
    self->arena = arena_create(ARENA_BYTES);
    status = territory_complete(&self->svc, options->units, plan);
    if (status == 0)
        status = territory_read(&self->svc, self->arena, &self->territory);
    if (status == 0)
        look_for_provinces(self);
    return status == 0 ? make_sample(self) : status;
}

void drill_ground_close(struct drill_ground *self)
{
    if (self->arena == NULL)
        return;
    sample_destroy(&self->sample);
    arena_destroy(&self->arena);
    service_close(&self->svc);
}

uint32_t drill_target_percent(const struct drill_ground *self, size_t commune)
{
    const char *code = self->territory.communes[commune].code;
    uint32_t own = sprint_target_percent(DRILL_STRENGTH_SEED, sample_unit_number(code));
    if (!self->has_provinces)
        return own;
    uint32_t of_province =
        PROVINCE_MIN_PERCENT +
        draw_below(DRILL_STRENGTH_SEED, province_of(self, commune), PROVINCE_SPREAD_PERCENT);
    return MIN(own * of_province / 100, (uint32_t)TARGET_MAX_PERCENT);
}

/* --- who -------------------------------------------------------------------------------------- */

struct loading {
    struct drill_ground ground;
    struct person_tally tally;
    uint64_t seed;
    uint32_t people;
    int32_t today;
    uint32_t until[SAMPLE_COMMUNES_MAX]; /* running sums of the communes' people */
    uint32_t day_until[DAYS_BACK];       /* of people by day of the first payment */
};

enum draw {
    DRAW_DAY,
    DRAW_METHOD,
    DRAW_ACCEPTED,
    DRAW_ACCEPTED_DAY,
    DRAW_RENEWED,
    DRAW_RENEWED_DAY,
    DRAWS
};

static int32_t first_day(const struct loading *self)
{
    return self->today - DAYS_BACK;
}

static void share_out(struct loading *self)
{
    const struct territory *territory = &self->ground.territory;
    uint64_t weights[SAMPLE_COMMUNES_MAX];
    for (size_t i = 0; i < territory->n_communes; i++) {
        weights[i] = (uint64_t)territory->communes[i].plan * drill_target_percent(&self->ground, i);
    }
    draw_shares(weights, territory->n_communes, self->people, self->until);
    draw_running_sums(self->until, territory->n_communes);
    for (int32_t i = 0; i < DAYS_BACK; i++)
        weights[i] = sample_day_weight(first_day(self) + i) *
                     (uint64_t)(100 + GROWTH_PERCENT * i / DAYS_BACK);
    draw_shares(weights, DAYS_BACK, self->people, self->day_until);
    draw_running_sums(self->day_until, DAYS_BACK);
}

static uint32_t draw(const struct loading *self, unsigned long i, enum draw purpose, uint32_t n)
{
    return draw_below(draw_mix(self->seed + 0x9e08), i * DRAWS + purpose, n);
}

/* Of the last payment, which covers today, after others that nobody made up; 0: there is none, or
 * the months of the first one are not over. */
static int32_t renewed_day(const struct loading *self, unsigned long i, int32_t paid_day,
                           enum method method)
{
    static const uint8_t months[] = {[METHOD_IS_MONTHLY] = 1,
                                     [METHOD_IS_QUARTERLY] = 3,
                                     [METHOD_IS_HALF_YEARLY] = 6,
                                     [METHOD_IS_YEARLY] = 12};
    int32_t month = month_of_day(self->today) - months[method] + 1;
    int32_t first = month_first_day(MAX(month_of_day(paid_day) + months[method], month));
    if (first >= self->today || draw(self, i, DRAW_RENEWED, 100) >= RENEWED_PERCENT)
        return 0;
    return first + (int32_t)draw(self, i, DRAW_RENEWED_DAY, (uint32_t)(self->today - first));
}

static enum method method_draw(const struct loading *self, unsigned long i)
{
    uint32_t x = draw(self, i, DRAW_METHOD, 100);
    return x < 20   ? METHOD_IS_MONTHLY
           : x < 45 ? METHOD_IS_QUARTERLY
           : x < 70 ? METHOD_IS_HALF_YEARLY
                    : METHOD_IS_YEARLY;
}

static int start_person(void *arg, struct bulk *bulk, unsigned long i)
{
    struct loading *self = arg;
    struct sample_person person;
    if (i >= self->people)
        return 0;
    uint64_t own = draw_mix(self->seed + 0x9e07);
    size_t place = draw_find(self->until, self->ground.territory.n_communes,
                             (uint32_t)draw_permute(own, self->people, i));
    int32_t day =
        first_day(self) + (int32_t)draw_find(self->day_until, DAYS_BACK,
                                             (uint32_t)draw_permute(own + 1, self->people, i));
    enum method method = method_draw(self, i);
    int32_t renewed = renewed_day(self, i, day, method);
    int32_t accepted = day + 1 + (int32_t)draw(self, i, DRAW_ACCEPTED_DAY, ACCEPTED_DAYS);
    /* the income is to fit the law of the last payment, too */
    sample_drill_person(self->ground.sample, self->seed, (uint32_t)i, place, day, MAX(day, renewed),
                        &person);
    person.paid_day = day;
    person.renewed_day = renewed;
    person.method = method;
    person.email[0] = '\0'; /* nobody waits for a million receipts of last spring */
    if (accepted < self->today && draw(self, i, DRAW_ACCEPTED, 100) < ACCEPTED_PERCENT)
        person.accepted_day = accepted;
    /* fresh ids are a look-up cheaper than named ones; who is there already is found by the id */
    person_start(bulk, &person, NULL, &self->tally);
    return 1;
}

static int load(struct loading *self)
{
    unsigned long done;
    int64_t begin_ms = clock_mono_ms();
    share_out(self);
    struct bulk_conf conf = {.svc = &self->ground.svc,
                             .window = WINDOW,
                             .title = "people",
                             .total = self->people,
                             .start = start_person,
                             .arg = self};
    unsigned long failed = bulk_run(&conf, &done);
    double elapsed_s = (double)MAX(clock_mono_ms() - begin_ms, (int64_t)1) / 1000;
    (void)printf("%lu enrolled, %lu paid, %lu accepted, %lu renewed, %lu were there before, %lu "
                 "failed, in %zu communes; %.1f s, %.0f people a second\n",
                 self->tally.enrolled, self->tally.paid, self->tally.accepted, self->tally.renewed,
                 self->tally.known, failed, self->ground.territory.n_communes, elapsed_s,
                 (double)done / elapsed_s);
    return failed > 0 || done < self->people;
}

int drill_people(const struct drill_options *options)
{
    struct loading *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return cli_fail(1, "no memory");
    self->seed = (uint64_t)options->seed;
    self->people = options->people == 0 ? PEOPLE : (uint32_t)options->people;
    self->today = clock_business_day(clock_wall_ms());
    int status = drill_ground_open(&self->ground, options);
    if (status == 0)
        status = load(self);
    drill_ground_close(&self->ground);
    free(self);
    return status;
}
