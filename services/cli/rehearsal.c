/* ansinh drill sprint --days N: a sprint of some days, replayed in minutes, and the final board. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/campaigns.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "services/cli/drill.h"
#include "services/cli/sample_draw.h"
#include "services/cli/sprint_office.h"

#define WINDOW 4096
#define DAY_BEGINS_S (6 * 3600) /* the replay passes over the first night */
#define SECONDS 180
#define CATCH_UP_MS 120000 /* the longest silence of a board that is behind */
#define CATCH_UP_POLL_MS 200
#define BUSINESS_OFFSET_MS (7 * 3600 * 1000LL)
#define DAY_MS (86400 * 1000LL)

struct rehearsal {
    struct drill_ground ground;
    struct drill_options options;
    struct sprint_plan *plan;
    struct sprint_counts *counts; /* by commune */
    struct sprint_events *events;
    struct sprint_run run;
    struct sprint_board *before, *after;
    struct sprint_event next; /* of the replay */
    int has_next;
    uint32_t people, next_i; /* next_i: of those who were before */
    int32_t last_day;
    double seconds, late_s; /* late_s: at most so far behind its clock was the replay */
};

/* --- the plan --------------------------------------------------------------------------------- */

/* What each commune lacks of its share; when none lacks anything, by the plan. Answers how many
 * lack in all. */
static uint64_t make_weights(const struct rehearsal *self, uint64_t *weights)
{
    const struct territory *territory = &self->ground.territory;
    uint64_t lacking = 0;
    for (size_t i = 0; i < territory->n_communes; i++) {
        const struct sample_commune *commune = &territory->communes[i];
        uint32_t percent = drill_target_percent(&self->ground, i);
        int64_t want = (int64_t)commune->plan * percent / 100;
        int64_t have = sprint_board_get(self->before, i, NUMBER_PARTICIPANTS);
        weights[i] = have < want ? (uint64_t)(want - have) : 0;
        lacking += weights[i];
    }
    for (size_t i = 0; lacking == 0 && i < territory->n_communes; i++)
        weights[i] = territory->communes[i].plan;
    return lacking;
}

static int make_plan(struct rehearsal *self)
{
    uint64_t weights[DRAW_SHARES_MAX];
    struct err err = {0};
    uint64_t lacking = make_weights(self, weights);
    if (self->options.people == 0 && lacking == 0)
        return cli_fail(1, "no commune lacks anybody: give --people");
    self->people = self->options.people != 0 ? (uint32_t)self->options.people
                                             : (uint32_t)MIN(lacking, (uint64_t)SPRINT_PEOPLE_MAX);
    struct sprint_spec spec = {.seed = (uint64_t)self->options.seed,
                               .days = (uint32_t)self->options.days,
                               .last_day = self->last_day,
                               .people = self->people,
                               .weights = weights,
                               .n_places = self->ground.territory.n_communes};
    if (sprint_plan_create(&spec, &self->plan, &err) < 0)
        return cli_fail(1, "%s", err.text);
    self->counts = calloc(spec.n_places, sizeof(*self->counts));
    self->run.visited = calloc(1, self->people / 8 + 1);
    self->run.decided = calloc(1, self->people / 8 + 1);
    self->run.announced = calloc(1, sprint_session_numbers(self->plan) / 8 + 1);
    if (self->counts == NULL || self->run.visited == NULL || self->run.decided == NULL ||
        self->run.announced == NULL)
        return cli_fail(1, "no memory");
    sprint_plan_count(self->plan, self->counts, NULL);
    self->events = sprint_events_create(self->plan);
    return 0;
}

/* How many events there are. */
static unsigned long count_events(const struct rehearsal *self)
{
    struct sprint_session session;
    unsigned long n = self->people;
    for (size_t i = 0; i < self->ground.territory.n_communes; i++)
        n += self->counts[i].decisions;
    for (uint32_t i = 0; i < sprint_session_numbers(self->plan); i++)
        n += 2 * (unsigned long)sprint_session_get(self->plan, i, &session);
    return n;
}

/* All of the sprint, as boards and screens know it. */
static int make_campaign(struct rehearsal *self)
{
    char code[SPRINT_CODE_BYTES], name[80], name_en[80];
    uint8_t packed[512];
    struct request_id id;
    struct err err = {0};
    CLEANUP(buf_fini) struct buf body;
    buf_init(&body, BUS_FRAME_MAX_BYTES);
    sprint_campaign_code(self->run.seed, code);
    (void)snprintf(name, sizeof(name), "%d ngày tăng tốc", (int)self->options.days);
    (void)snprintf(name_en, sizeof(name_en), "%d days of acceleration", (int)self->options.days);
    Ansinh__V1__Campaign campaign, *campaigns[] = {&campaign};
    Ansinh__V1__ImportCampaignsRequest in;
    ansinh__v1__campaign__init(&campaign);
    ansinh__v1__import_campaigns_request__init(&in);
    campaign.code = code;
    campaign.name = name;
    campaign.name_en = name_en;
    campaign.from_ms = self->run.first_ms;
    campaign.until_ms = self->run.first_ms + self->options.days * DAY_MS;
    campaign.counts = ANSINH__V1__METRIC__METRIC_PAID;
    campaign.sprint = 1;
    in.campaigns = campaigns;
    in.n_campaigns = 1;
    request_id_make(clock_wall_ms(), &id);
    struct bus_call call = {.service = "enrolment",
                            .method = "ansinh.v1.Campaigns/ImportCampaigns",
                            .id = &id,
                            .timeout_ms = CATCH_UP_MS};
    size_t len = ansinh__v1__import_campaigns_request__pack(&in, packed);
    if (cli_ask(&self->ground.svc, &call, packed, len, &body, &err) != 0)
        return cli_fail(1, "ImportCampaigns: %s", err.text);
    return 0;
}

/* A seed that was played here has its people already. */
static int check_new(struct rehearsal *self)
{
    struct sprint_visit visit;
    struct sample_person person;
    struct err err = {0};
    uint8_t packed[64];
    CLEANUP(buf_fini) struct buf body;
    buf_init(&body, BUS_FRAME_MAX_BYTES);
    sprint_plan_visit(self->plan, 0, &visit);
    sample_drill_person(self->ground.sample, self->run.seed, 0, visit.place, visit.day, visit.day,
                        &person);
    Ansinh__V1__GetParticipantRequest in;
    ansinh__v1__get_participant_request__init(&in);
    in.key_case = ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = person.personal_id;
    struct bus_call call = {.service = "enrolment",
                            .method = "ansinh.v1.Enrolment/GetParticipant",
                            .timeout_ms = CATCH_UP_MS};
    int code = cli_ask(&self->ground.svc, &call, packed,
                       ansinh__v1__get_participant_request__pack(&in, packed), &body, &err);
    if (code == ANSINH__V1__CODE__CODE_NOT_FOUND)
        return 0;
    if (code != 0)
        return cli_fail(1, "GetParticipant: %s", err.text);
    return cli_fail(1, "the people of --seed %lld are here already: take another",
                    (long long)self->options.seed);
}

/* --- playing ---------------------------------------------------------------------------------- */

static int start_before(void *arg, struct bulk *bulk, unsigned long i)
{
    struct rehearsal *self = arg;
    struct sprint_visit visit;
    (void)i;
    while (self->next_i < self->people) {
        sprint_plan_visit(self->plan, self->next_i++, &visit);
        if (visit.kind == SPRINT_RENEWAL) {
            sprint_visit_start(&self->run, bulk, &visit, 1);
            return 1;
        }
    }
    return 0;
}

static int start_event(void *arg, struct bulk *bulk, unsigned long i)
{
    struct rehearsal *self = arg;
    (void)i;
    if (!self->has_next)
        return 0;
    int64_t late_s = sprint_run_now_s(&self->run) - self->next.at_s;
    if (late_s < 0 || !sprint_is_ready(&self->run, &self->next))
        return BULK_NOT_YET;
    self->late_s = MAX(self->late_s, (double)late_s / (double)self->run.speed);
    if (self->next.what == SPRINT_VISITED)
        sprint_visit_start(&self->run, bulk, &self->next.visit, 0);
    else
        sprint_office_start(&self->run, bulk, &self->next);
    self->has_next = sprint_events_next(self->events, &self->next);
    return 1;
}

static int play(struct rehearsal *self)
{
    unsigned long done;
    struct bulk_conf conf = {.svc = &self->ground.svc,
                             .window = WINDOW,
                             .title = "who took part before",
                             .total = self->people / 4,
                             .start = start_before,
                             .arg = self};
    unsigned long failed = bulk_run(&conf, &done);
    if (failed > 0 || self->next_i < self->people)
        return cli_fail(1, "stopped before the sprint");
    conf.title = "sprint";
    conf.total = count_events(self);
    conf.start = start_event;
    self->has_next = sprint_events_next(self->events, &self->next);
    self->run.begin_ms = clock_mono_ms();
    self->run.begin_s = DAY_BEGINS_S;
    failed = bulk_run(&conf, &done);
    self->seconds = (double)(clock_mono_ms() - self->run.begin_ms) / 1000;
    if (failed > 0 || self->has_next || self->run.tally.cut_short > 0)
        return cli_fail(1, "stopped, or not everything went through");
    return 0;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Until the board says what it should, or says the same for long. */
static int wait_for_board(struct rehearsal *self)
{
    unsigned long differ = 0, last = 0;
    int64_t since_ms = clock_mono_ms();
    do {
        int64_t until_ms = clock_mono_ms() + CATCH_UP_POLL_MS;
        if (sprint_board_ask(self->after, &self->ground.svc, self->before) != 0)
            return 1;
        differ = sprint_board_differ(self->run.acknowledged, self->after, NULL);
        if (differ != last)
            since_ms = clock_mono_ms();
        last = differ;
        while (differ != 0 && clock_mono_ms() < until_ms)
            loop_turn(self->ground.svc.loop, CATCH_UP_POLL_MS);
    } while (differ != 0 && clock_mono_ms() < since_ms + CATCH_UP_MS);
    return 0;
}

static int check_plan(const struct rehearsal *self)
{
    const struct sprint_board *board = self->run.acknowledged;
    unsigned long differ = 0;
    for (size_t i = 0; i < self->ground.territory.n_communes; i++) {
        const struct sprint_counts *counts = &self->counts[i];
        differ += counts->declared != sprint_board_get(board, i, NUMBER_DECLARED) ||
                  counts->participants != sprint_board_get(board, i, NUMBER_PARTICIPANTS) ||
                  counts->payments != sprint_board_get(board, i, NUMBER_PAYMENTS) ||
                  counts->accepted != sprint_board_get(board, i, NUMBER_ACCEPTED);
    }
    return differ == 0 ? 0 : cli_fail(1, "%lu communes are not as planned", differ);
}

static void say_numbers(const struct sprint_board *board)
{
    (void)printf("declared %lld, participants %lld, accepted %lld, payments %lld, %lld dong of "
                 "participants\n",
                 (long long)sprint_board_sum(board, NUMBER_DECLARED),
                 (long long)sprint_board_sum(board, NUMBER_PARTICIPANTS),
                 (long long)sprint_board_sum(board, NUMBER_ACCEPTED),
                 (long long)sprint_board_sum(board, NUMBER_PAYMENTS),
                 (long long)sprint_board_sum(board, NUMBER_PARTICIPANT_VND));
}

static int conclude(struct rehearsal *self, int status)
{
    const struct sprint_tally *tally = &self->run.tally;
    char should[SPRINT_DIGEST_BYTES], is[SPRINT_DIGEST_BYTES];
    if (wait_for_board(self) != 0)
        return 1;
    (void)printf("sprint: %lld days in %.1f s, at most %.1f s behind its clock, %lu visits, %lu "
                 "commands acknowledged, %lu failed\n",
                 (long long)self->options.days, self->seconds, self->late_s, tally->visits,
                 tally->commands, tally->failures);
    (void)printf("of them %lu taken back, %lu paid again, %lu changed, %lu sent twice, %lu late\n",
                 tally->taken_back, tally->paid_again, tally->changed, tally->doubled, tally->late);
    (void)printf("%lu declarations accepted and %lu returned by the office, %lu sessions held with "
                 "%lu people on their lists\n",
                 tally->accepted, tally->returned, tally->sessions, tally->contacts);
    say_numbers(self->run.acknowledged);
    unsigned long differ = sprint_board_differ(self->run.acknowledged, self->after, stdout);
    sprint_board_digest(self->run.acknowledged, should);
    sprint_board_digest(self->after, is);
    (void)printf("the board should say %s, it says %s: %s\n", should, is,
                 differ == 0 ? "equal" : "DIFFERENT");
    if (status == 0)
        status = check_plan(self);
    return status != 0 || differ != 0;
}

/* Request ids tell of the beginning of this business day: a repetition on the same day is one. */
static int64_t day_begin_ms(void)
{
    int64_t local_ms = clock_wall_ms() + BUSINESS_OFFSET_MS;
    return local_ms - local_ms % DAY_MS - BUSINESS_OFFSET_MS;
}

static int rehearse(struct rehearsal *self)
{
    struct service *svc = &self->ground.svc;
    const struct territory *territory = &self->ground.territory;
    int64_t length_s = self->options.days * SPRINT_DAY_S - DAY_BEGINS_S;
    int64_t seconds = self->options.seconds == 0 ? SECONDS : self->options.seconds;
    uint32_t days = (uint32_t)self->options.days;
    self->last_day = clock_business_day(clock_wall_ms());
    int32_t first_day = self->last_day - (int32_t)days + 1;
    self->before = sprint_board_create(svc, territory, first_day, days);
    self->after = sprint_board_create(svc, territory, first_day, days);
    self->run = (struct sprint_run){
        .svc = svc,
        .sample = self->ground.sample,
        .territory = territory,
        .acknowledged = sprint_board_create(svc, territory, first_day, days),
        .seed = (uint64_t)self->options.seed,
        .first_ms = day_begin_ms() - (self->options.days - 1) * DAY_MS,
        .ids_ms = day_begin_ms(),
        .speed = self->options.speed != 0 ? self->options.speed : MAX(length_s / seconds, 1),
    };
    if (sprint_board_ask(self->before, svc, NULL) != 0 || make_plan(self) != 0 ||
        check_new(self) != 0 || make_campaign(self) != 0)
        return 1;
    return conclude(self, play(self));
}

int drill_rehearse(const struct drill_options *options)
{
    struct rehearsal *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return cli_fail(1, "no memory");
    self->options = *options;
    int status = drill_ground_open(&self->ground, options);
    if (status == 0)
        status = rehearse(self);
    sprint_events_destroy(&self->events);
    sprint_plan_destroy(&self->plan);
    free(self->counts);
    free(self->run.visited);
    free(self->run.decided);
    free(self->run.announced);
    sprint_board_destroy(&self->run.acknowledged);
    sprint_board_destroy(&self->before);
    sprint_board_destroy(&self->after);
    drill_ground_close(&self->ground);
    free(self);
    return status;
}
