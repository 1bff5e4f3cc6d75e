/* ListSessions: sessions, and what came of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "services/analytics/analytics.h"
#include "services/analytics/attribution.h"
#include "services/analytics/figures.h"
#include "services/analytics/question.h"

#define DAYS_MAX 400
#define PAGE_MAX 500
#define PAGE_DEFAULT 100
#define OFFSET_MAX 10000000
#define KINDS (ANSINH__V1__SESSION_KIND__SESSION_KIND_RADIO + 1)

struct yield {
    int64_t sessions, attendance, contacts, declared, paid;
};

struct sessions_question {
    struct question question;
    struct attribution *attribution;
    Ansinh__V1__AttributionMethod method;
    struct yield *yields;                  /* by number; 0: what is attributed to none */
    const struct session_version **wanted; /* by number; NULL: not in the slice */
    uint32_t n_sessions, n_wanted;
    struct yield slice, elsewhere, unattributed; /* of what is in the slice */
};

/* --- which sessions --------------------------------------------------------------------------- */

/* A session of an office's slice is held in one of its communes; of what was merged into a unit, in
 * that unit. */
static int is_in_unit(const struct sessions_question *self, const char *code)
{
    const struct slice *slice = &self->question.slice;
    const struct directory_unit *unit =
        directory_unit(self->question.analytics->svc->directory, code);
    int64_t commune;
    if (slice->unit == NULL)
        return unit != NULL && slice->communes != NULL &&
               parse_int64(code, 0, SLICE_COMMUNES - 1, &commune) == 0 &&
               (slice->communes[commune / 8] >> commune % 8 & 1) != 0;
    while (unit != NULL && unit != slice->unit)
        unit = directory_above(unit);
    return unit != NULL;
}

static int is_of(const char *organisation, const Ansinh__V1__Session *session)
{
    if (strcmp(organisation, SLICE_NOBODY) == 0)
        return session->organisation_code[0] == '\0';
    return organisation[0] == '\0' || strcmp(organisation, session->organisation_code) == 0;
}

static int is_wanted(const struct sessions_question *self, const struct session_version *version)
{
    const Ansinh__V1__Session *session = version->session;
    const Ansinh__V1__Slice *slice = self->question.wanted;
    if (!session_is_held(version, self->question.as_of_ms) || version->day < self->question.from ||
        version->day > self->question.until || !is_in_unit(self, session->unit_code))
        return 0;
    return slice == NULL || ((slice->campaign_code[0] == '\0' ||
                              strcmp(slice->campaign_code, session->campaign_code) == 0) &&
                             is_of(slice->organisation_code, session));
}

static void choose(struct sessions_question *self, const struct sessions *sessions)
{
    for (uint32_t number = 1; number <= self->n_sessions; number++) {
        const struct session_version *version =
            sessions_at(sessions, number, self->question.as_of_ms);
        if (version == NULL || !is_wanted(self, version))
            continue;
        self->wanted[number] = version;
        self->n_wanted++;
        self->yields[number].sessions = 1;
        self->yields[number].attendance = version->session->attendance;
        self->yields[number].contacts = attribution_contacts(self->attribution, number);
    }
}

static int take_days(struct sessions_question *self, const Ansinh__V1__ListSessionsRequest *in,
                     struct err *err)
{
    struct question *question = &self->question;
    int year, month, day;
    date_split(question->today, &year, &month, &day);
    int32_t from = question->today - day + 1, until = question->today;
    if (in->slice != NULL && in->slice->campaign_code[0] != '\0') {
        from = question->slice.first_day;
        until = MAX(from, MIN(question->slice.last_day, question->today));
    }
    int rc =
        question_days(in->from, in->until, from, until, &question->from, &question->until, err);
    if (rc == 0 && question->until - question->from >= DAYS_MAX)
        return err_field(err, -EINVAL, "until", "want at most %d days", DAYS_MAX);
    return rc;
}

static int prepare(struct question *question, struct err *err)
{
    struct sessions_question *self = (struct sessions_question *)question;
    const struct sessions *sessions = question->analytics->sessions;
    const Ansinh__V1__ListSessionsRequest *in =
        (const Ansinh__V1__ListSessionsRequest *)question->input;
    self->method = attribution_method(in->attribution);
    if (protobuf_c_enum_descriptor_get_value(&ansinh__v1__attribution_method__descriptor,
                                             (int)in->attribution) == NULL)
        return err_field(err, -EINVAL, "attribution", "no such method");
    if (in->page_size > PAGE_MAX)
        return err_field(err, -EINVAL, "page_size", "want at most %d rows", PAGE_MAX);
    if (in->offset > OFFSET_MAX)
        return err_field(err, -EINVAL, "offset", "want at most %d", OFFSET_MAX);
    int rc = take_days(self, in, err);
    if (rc < 0)
        return rc;
    rc = attribution_create(sessions, question->from, question->until, question->as_of_ms,
                            &self->attribution);
    if (rc < 0)
        return err_field(err, -EINVAL, "from", "more than %d contacts: want fewer days",
                         ATTRIBUTION_PEOPLE_MAX);
    self->n_sessions = sessions_count(sessions);
    self->yields = calloc(self->n_sessions + 1, sizeof(*self->yields));
    self->wanted = calloc(self->n_sessions + 1, sizeof(*self->wanted));
    ASSERT(self->yields != NULL && self->wanted != NULL);
    choose(self, sessions);
    return 0;
}

static void end(struct question *question)
{
    struct sessions_question *self = (struct sessions_question *)question;
    attribution_destroy(&self->attribution);
    free(self->yields);
    free(self->wanted);
}

/* --- what came of them ------------------------------------------------------------------------ */

static void add(struct yield *to, int64_t declared, int64_t paid)
{
    to->declared += declared;
    to->paid += paid;
}

static int visit(void *arg, const struct fact *facts, size_t n, uint64_t first)
{
    struct sessions_question *self = arg;
    const struct question *question = &self->question;
    (void)first;
    for (size_t i = 0; i < n; i++) {
        const struct fact *fact = &facts[i];
        int64_t declared = fact_measure(fact, FACT_METRIC_DECLARED);
        int64_t paid = fact_measure(fact, FACT_METRIC_PAID);
        if ((declared == 0 && paid == 0) || fact->day < question->from ||
            fact->day > question->until || fact->at_ms > question->as_of_ms ||
            (question->slice.products >> slice_product(fact) & 1) == 0)
            continue;
        uint32_t session =
            attribution_of(self->attribution, fact->citizen, fact->day, self->method);
        add(&self->yields[session], declared, paid);
        if (!question_takes(question, fact))
            continue;
        add(&self->slice, declared, paid);
        if (session == 0)
            add(&self->unattributed, declared, paid);
        else if (self->wanted[session] == NULL)
            add(&self->elsewhere, declared, paid);
    }
    return 1;
}

/* --- answering -------------------------------------------------------------------------------- */

static int figure(struct arena *arena, int64_t part, int64_t scale, int64_t whole, char **ret)
{
    char text[FIGURE_TEXT_BYTES];
    figure_format(figure_ratio(part, scale, whole), text);
    *ret = arena_printf(arena, "%s", text);
    return *ret == NULL ? -ENOMEM : 0;
}

static int fill_yield(struct arena *arena, const struct yield *in,
                      Ansinh__V1__SessionYield **ret_message)
{
    Ansinh__V1__SessionYield *ret = arena_alloc(arena, sizeof(*ret));
    if (ret == NULL)
        return -ENOMEM;
    ansinh__v1__session_yield__init(ret);
    ret->sessions = in->sessions;
    ret->attendance = in->attendance;
    ret->contacts = in->contacts;
    ret->declared = in->declared;
    ret->paid = in->paid;
    *ret_message = ret;
    int rc = figure(arena, in->declared, 100, in->attendance, &ret->conversion);
    if (rc == 0)
        rc = figure(arena, in->paid, 100, in->attendance, &ret->paid_conversion);
    if (rc == 0)
        rc = figure(arena, in->paid, 1, in->sessions, &ret->paid_per_session);
    if (rc == 0)
        rc = figure(arena, in->attendance, 1, in->sessions, &ret->attendance_per_session);
    return rc < 0 ? rc : figure(arena, in->declared, 1, in->sessions, &ret->declared_per_session);
}

static void sum(struct yield *to, const struct yield *in)
{
    to->sessions += in->sessions;
    to->attendance += in->attendance;
    to->contacts += in->contacts;
    add(to, in->declared, in->paid);
}

static int fill_sums(struct sessions_question *self, Ansinh__V1__ListSessionsResponse *out)
{
    struct arena *arena = self->question.arena;
    struct yield total = {0}, kinds[KINDS] = {{0}};
    Ansinh__V1__SessionKindYield *rows = arena_alloc(arena, KINDS * sizeof(*rows));
    out->kinds = arena_alloc(arena, KINDS * sizeof(*out->kinds));
    if (rows == NULL || out->kinds == NULL)
        return -ENOMEM;
    for (uint32_t number = 1; number <= self->n_sessions; number++) {
        if (self->wanted[number] == NULL)
            continue;
        unsigned kind = (unsigned)self->wanted[number]->session->kind;
        sum(&total, &self->yields[number]);
        sum(&kinds[kind < KINDS ? kind : 0], &self->yields[number]);
    }
    for (unsigned kind = 0; kind < KINDS; kind++) {
        Ansinh__V1__SessionKindYield *row = &rows[out->n_kinds];
        if (kinds[kind].sessions == 0)
            continue;
        ansinh__v1__session_kind_yield__init(row);
        row->kind = (Ansinh__V1__SessionKind)kind;
        if (fill_yield(arena, &kinds[kind], &row->yield) < 0)
            return -ENOMEM;
        out->kinds[out->n_kinds++] = row;
    }
    return fill_yield(arena, &total, &out->total);
}

/* A number beside what it is sorted by: not the number itself, which follows the order of recording
 * and may be another after a fold from the start. */
struct order {
    int64_t start_ms;
    const char *code;
    uint32_t number;
};

static int newest_first(const void *a, const void *b)
{
    const struct order *first = a, *second = b;
    if (first->start_ms != second->start_ms)
        return first->start_ms > second->start_ms ? -1 : 1;
    return strcmp(first->code, second->code);
}

/* Units are never forgotten: a session's was known when it was chosen. */
static void name_unit(const struct sessions_question *self, const char *code,
                      Ansinh__V1__SessionRow *row)
{
    const struct directory_unit *unit =
        directory_unit(self->question.analytics->svc->directory, code);
    ASSERT(unit != NULL);
    row->unit_name = (char *)(uintptr_t)unit->name;
    row->unit_name_en = (char *)(uintptr_t)directory_name_en(unit);
}

static int fill_rows(struct sessions_question *self, Ansinh__V1__ListSessionsResponse *out)
{
    struct arena *arena = self->question.arena;
    const Ansinh__V1__ListSessionsRequest *in =
        (const Ansinh__V1__ListSessionsRequest *)self->question.input;
    size_t size = in->page_size == 0 ? PAGE_DEFAULT : in->page_size, n = 0;
    struct order *order = arena_alloc(arena, (self->n_wanted + 1) * sizeof(*order));
    Ansinh__V1__SessionRow *rows = arena_alloc(arena, size * sizeof(*rows));
    out->rows = arena_alloc(arena, size * sizeof(*out->rows));
    if (order == NULL || rows == NULL || out->rows == NULL)
        return -ENOMEM;
    for (uint32_t number = 1; number <= self->n_sessions; number++) {
        if (self->wanted[number] != NULL)
            order[n++] = (struct order){self->wanted[number]->session->start_ms,
                                        self->wanted[number]->session->code, number};
    }
    qsort(order, n, sizeof(*order), newest_first);
    out->rows_in_all = (uint32_t)n;
    for (size_t i = in->offset; i < n && out->n_rows < size; i++) {
        Ansinh__V1__SessionRow *row = &rows[out->n_rows];
        ansinh__v1__session_row__init(row);
        const Ansinh__V1__Session *session = self->wanted[order[i].number]->session;
        row->session = (Ansinh__V1__Session *)(uintptr_t)session;
        name_unit(self, session->unit_code, row);
        if (fill_yield(arena, &self->yields[order[i].number], &row->yield) < 0)
            return -ENOMEM;
        out->rows[out->n_rows++] = row;
    }
    return 0;
}

static int is_counted(void *arg, uint32_t session)
{
    const struct sessions_question *self = arg;
    return self->wanted[session] != NULL;
}

static void answer(struct question *question)
{
    struct sessions_question *self = (struct sessions_question *)question;
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    struct err err = {0};
    Ansinh__V1__ListSessionsResponse out;
    ansinh__v1__list_sessions_response__init(&out);
    date_format(question->from, from);
    date_format(question->until, until);
    out.from = from;
    out.until = until;
    out.attribution = self->method;
    out.as_of_ms = question->as_of_ms;
    out.version = analytics_version(question->analytics);
    out.reach = attribution_reach(self->attribution, is_counted, self);
    out.declared = self->slice.declared;
    out.paid = self->slice.paid;
    out.declared_unattributed = self->unattributed.declared;
    out.paid_unattributed = self->unattributed.paid;
    out.declared_elsewhere = self->elsewhere.declared;
    out.paid_elsewhere = self->elsewhere.paid;
    if (fill_rows(self, &out) < 0 || fill_sums(self, &out) < 0)
        question_fail(question, -ENOMEM, &err);
    else
        question_reply(question, &out.base);
}

static const struct question_kind sessions_kind = {.size = sizeof(struct sessions_question),
                                                   .prepare = prepare,
                                                   .visit = visit,
                                                   .answer = answer,
                                                   .end = end};

void on_list_sessions(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ListSessionsRequest *in =
        (const Ansinh__V1__ListSessionsRequest *)request->input;
    question_ask(arg, request, &sessions_kind, in->as_of_ms, in->slice);
}
