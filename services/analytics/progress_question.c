#include "services/analytics/progress_question.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "services/analytics/analytics_rules.h"
#include "services/analytics/progress.h"
#include "services/analytics/question.h"

#define CHILD_NONE UINT16_MAX

struct progress_question {
    struct question question;
    struct progress *units; /* the unit, then its children */
    size_t n_units;
    uint16_t *child_of; /* place in units by commune; CHILD_NONE: in no child that is asked for */
    struct board_day *days; /* BOARD_DAYS_SHOWN, the last is today */
    int32_t hours[BOARD_HOURS][BOARD_TIMED_METRICS];
    struct reach_walk *reach; /* a sketch for each of units; NULL: not known of what is asked for */
};

/* Lines of contacts that are looked at in a portion: few have more of them than facts. */
#define REACH_LINES_A_FACT 4

int progress_is_question(const Ansinh__V1__GetProgressRequest *in)
{
    return in->as_of_ms != 0 || in->product != 0 || in->organisation_code[0] != '\0' ||
           in->point_code[0] != '\0' || in->collector_code[0] != '\0' || in->support_group != 0 ||
           in->campaign_code[0] != '\0' || slice_is_office(in->unit_code);
}

static int32_t first_day(const struct progress_question *self)
{
    return self->question.today - BOARD_DAYS_SHOWN + 1;
}

/* The unit's own communes are those of the slice; here each finds its child. */
static int place_children(struct progress_question *self, const struct directory_unit *unit)
{
    struct arena *arena = self->question.arena;
    self->child_of = arena_alloc(arena, SLICE_COMMUNES * sizeof(*self->child_of));
    if (self->child_of == NULL || self->n_units > CHILD_NONE)
        return -ENOMEM;
    memset(self->child_of, 0xff, SLICE_COMMUNES * sizeof(*self->child_of));
    for (size_t i = 1; i < self->n_units; i++) {
        size_t n;
        const uint32_t *communes = progress_communes(unit->children[i - 1], arena, &n);
        if (communes == NULL)
            return -ENOMEM;
        for (size_t k = 0; k < n; k++)
            self->child_of[communes[k]] = (uint16_t)i;
    }
    return 0;
}

/* --- reach ------------------------------------------------------------------------------------ */

static int is_child(const struct directory_unit *above, const struct directory_unit *unit)
{
    for (size_t i = 0; i < above->n_children; i++) {
        if (above->children[i] == unit)
            return 1;
    }
    return 0;
}

/* Communes were merged into others, so a session's unit may be a predecessor of one. */
static size_t reach_places(void *arg, const Ansinh__V1__Session *session,
                           size_t places[REACH_PLACES_MAX])
{
    const struct progress_question *self = arg;
    const Ansinh__V1__Slice *slice = self->question.wanted;
    const struct directory_unit *unit =
        directory_unit(self->question.analytics->svc->directory, session->unit_code);
    const struct directory_unit *child = NULL;
    if (slice->organisation_code[0] != '\0' &&
        strcmp(strcmp(slice->organisation_code, SLICE_NOBODY) == 0 ? "" : slice->organisation_code,
               session->organisation_code) != 0)
        return 0;
    if (slice->campaign_code[0] != '\0' &&
        strcmp(slice->campaign_code, session->campaign_code) != 0)
        return 0;
    const struct directory_unit *office = self->question.slice.office;
    int is_in_office = 0;
    for (; unit != NULL && unit != self->units[0].unit && !is_in_office;
         unit = directory_above(unit)) {
        child = unit;
        is_in_office = office != NULL && is_child(office, unit);
    }
    if (unit == NULL && !is_in_office)
        return 0;
    places[0] = 0;
    for (size_t i = 1; child != NULL && i < self->n_units; i++) {
        if (self->units[i].unit != child)
            continue;
        places[1] = i;
        return 2;
    }
    return 1;
}

/* A list of contacts says nothing of points, collectors and groups. */
static void reach_start(struct progress_question *self)
{
    const struct question *question = &self->question;
    const Ansinh__V1__Slice *slice = question->wanted;
    if (slice->point_code[0] == '\0' && slice->collector_code[0] == '\0' &&
        slice->support_group == 0)
        self->reach = reach_walk_create(question->analytics->sessions, question->as_of_ms,
                                        self->n_units, reach_places, self);
}

static void reach_end(struct progress_question *self)
{
    if (self->reach == NULL)
        return;
    (void)reach_walk_step(self->reach, SIZE_MAX);
    for (size_t i = 0; i < self->n_units; i++)
        self->units[i].reach = reach_walk_estimate(self->reach, i);
}

/* --- counting --------------------------------------------------------------------------------- */

/* Of an office: the sum of its communes', when all of them are known. */
static int64_t prospects_of(const struct progress_question *self, const struct directory_unit *unit)
{
    const struct question *question = &self->question;
    const struct directory *directory = question->analytics->svc->directory;
    int64_t sum = 0;
    if (unit != question->slice.office)
        return progress_prospects(directory, unit, question->today);
    for (size_t i = 0; i < unit->n_children; i++) {
        int64_t own = progress_prospects(directory, unit->children[i], question->today);
        if (own == 0)
            return 0;
        sum += own;
    }
    return sum;
}

static int prepare(struct question *question, struct err *err)
{
    struct progress_question *self = (struct progress_question *)question;
    const Ansinh__V1__GetProgressRequest *in =
        (const Ansinh__V1__GetProgressRequest *)question->input;
    const struct directory_unit *unit = slice_above(&question->slice);
    (void)err;
    self->n_units = 1 + (in->with_children ? unit->n_children : 0);
    self->units = arena_zalloc(question->arena, self->n_units * sizeof(*self->units));
    self->days = arena_zalloc(question->arena, BOARD_DAYS_SHOWN * sizeof(*self->days));
    if (self->units == NULL || self->days == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < self->n_units; i++) {
        self->units[i].unit = i == 0 ? unit : unit->children[i - 1];
        self->units[i].prospects = prospects_of(self, self->units[i].unit);
    }
    for (int i = 0; i < BOARD_DAYS_SHOWN; i++)
        self->days[i].day = first_day(self) + i;
    question->from = INT32_MIN;
    question->until = INT32_MAX;
    int rc = place_children(self, unit);
    if (rc == 0 && self->reach == NULL)
        reach_start(self);
    return rc;
}

static void count_timed(struct progress_question *self, const struct fact *fact,
                        enum board_metric metric, int32_t delta, struct progress *child)
{
    int32_t day = fact->day, today = self->question.today;
    if (day >= first_day(self) && day <= today)
        self->days[day - first_day(self)].counts[metric] += delta;
    if (day != today)
        return;
    self->units[0].today.counts[metric] += delta;
    if (child != NULL)
        child->today.counts[metric] += delta;
    if (clock_business_day(fact->at_ms) == day)
        self->hours[business_hour(fact->at_ms)][metric] += delta;
}

static void count(struct progress_question *self, const struct fact *fact)
{
    uint16_t place = fact->commune < SLICE_COMMUNES ? self->child_of[fact->commune] : CHILD_NONE;
    struct progress *child = place == CHILD_NONE ? NULL : &self->units[place];
    for (int i = FACT_METRIC_DECLARED; i < FACT_METRICS; i++) {
        int64_t delta = fact_measure(fact, (enum fact_metric)i);
        enum board_metric metric = board_metric_of((enum fact_metric)i);
        if (delta == 0)
            continue;
        self->units[0].totals.values[metric] += delta;
        if (child != NULL)
            child->totals.values[metric] += delta;
        if ((int)metric < BOARD_TIMED_METRICS)
            count_timed(self, fact, metric, (int32_t)delta, child);
    }
}

static int visit(void *arg, const struct fact *facts, size_t n, uint64_t first)
{
    struct progress_question *self = arg;
    (void)first;
    if (self->reach != NULL)
        (void)reach_walk_step(self->reach, n * REACH_LINES_A_FACT);
    for (size_t i = 0; i < n; i++) {
        if (question_takes(&self->question, &facts[i]) &&
            slice_has_day(&self->question.slice, &facts[i]))
            count(self, &facts[i]);
    }
    return 1;
}

/* Days in which nothing happened are left out, as the board does. */
static size_t days_pack(struct progress_question *self)
{
    size_t n = 0;
    for (size_t i = 0; i < BOARD_DAYS_SHOWN; i++) {
        const struct board_day day = self->days[i];
        if (day.counts[BOARD_PARTICIPANTS] != 0 || day.counts[BOARD_DECLARED] != 0)
            self->days[n++] = day;
    }
    return n;
}

static void answer(struct question *question)
{
    struct progress_question *self = (struct progress_question *)question;
    struct err err = {0};
    Ansinh__V1__GetProgressResponse out;
    ansinh__v1__get_progress_response__init(&out);
    struct progress_answer all = {
        .today = question->today,
        .own = &self->units[0],
        .children = &self->units[1],
        .n_children = self->n_units - 1,
        .days = self->days,
        .n_days = days_pack(self),
        .hours = self->hours,
    };
    out.version = analytics_version(question->analytics);
    out.as_of_ms = question->as_of_ms;
    out.facts = question->facts;
    reach_end(self);
    int rc = progress_answer_fill(&all, question->arena, &out);
    if (question->slice.unit == NULL)
        out.unit_code = (char *)(uintptr_t)question->slice.code;
    if (rc < 0)
        question_fail(question, rc, &err);
    else
        question_reply(question, &out.base);
}

static void end(struct question *question)
{
    reach_walk_destroy(&((struct progress_question *)question)->reach);
}

static const struct question_kind kind = {
    .size = sizeof(struct progress_question),
    .prepare = prepare,
    .visit = visit,
    .answer = answer,
    .end = end,
};

void progress_ask(struct analytics *self, struct bus_request *request)
{
    const Ansinh__V1__GetProgressRequest *in =
        (const Ansinh__V1__GetProgressRequest *)request->input;
    if (in->unit_code[0] == '\0') { /* of a slice it is the country */
        bus_fail(request, ANSINH__V1__CODE__CODE_NOT_FOUND, "unit_code", "unknown unit");
        return;
    }
    Ansinh__V1__Slice *slice = arena_alloc(request->arena, sizeof(*slice));
    if (slice == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    ansinh__v1__slice__init(slice);
    slice->unit_code = in->unit_code;
    slice->organisation_code = in->organisation_code;
    slice->point_code = in->point_code;
    slice->collector_code = in->collector_code;
    slice->product = in->product;
    slice->support_group = in->support_group;
    slice->campaign_code = in->campaign_code;
    question_ask(self, request, &kind, in->as_of_ms, slice);
}
