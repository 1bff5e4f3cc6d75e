#include <string.h>

#include "common/base/clock.h"
#include "common/service/command.h"
#include "services/analytics/analytics.h"
#include "services/analytics/progress.h"
#include "services/analytics/progress_question.h"

#define DAYS_MAX BOARD_DAYS_SHOWN
#define RETRY_AFTER_MS 100

/* Lives in the request's arena. */
struct asking {
    struct analytics *self;
    struct bus_request *request;
};

void board_is_elsewhere(struct bus_request *request)
{
    bus_fail_retry(request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                   "the board is kept by another instance, or is being loaded");
}

static int fill(struct analytics *self, struct arena *arena, const struct directory_unit *unit,
                int with_children, Ansinh__V1__GetProgressResponse *out)
{
    size_t n;
    int64_t now_ms = clock_wall_ms();
    int32_t today = clock_business_day(now_ms);
    int32_t hours[BOARD_HOURS][BOARD_TIMED_METRICS];
    size_t n_units = 1 + (with_children ? unit->n_children : 0);
    struct progress *units = arena_alloc(arena, n_units * sizeof(*units));
    struct board_day *days = arena_alloc(arena, DAYS_MAX * sizeof(*days));
    const uint32_t *communes = progress_communes(unit, arena, &n);
    if (units == NULL || days == NULL || communes == NULL)
        return -1;
    for (size_t i = 0; i < n_units; i++) {
        const struct directory_unit *one = i == 0 ? unit : unit->children[i - 1];
        if (progress_of(self, one, today, arena, &units[i]) < 0)
            return -1;
    }
    board_sum_hours(self->board, communes, n, today, hours);
    struct progress_answer answer = {
        .today = today,
        .own = &units[0],
        .children = &units[1],
        .n_children = n_units - 1,
        .days = days,
        .n_days = board_sum_days(self->board, communes, n, today - DAYS_MAX + 1, days, DAYS_MAX),
        .hours = hours,
    };
    out->version = analytics_version(self);
    out->as_of_ms = now_ms;
    out->facts = analytics_has_facts(self) ? facts_count(self->facts) : 0;
    return progress_answer_fill(&answer, arena, out);
}

static void on_refreshed(void *arg, int rc)
{
    const struct asking *asking = arg;
    struct analytics *self = asking->self;
    struct bus_request *request = asking->request;
    const Ansinh__V1__GetProgressRequest *in =
        (const Ansinh__V1__GetProgressRequest *)request->input;
    const struct directory_unit *unit = directory_unit(self->svc->directory, in->unit_code);
    Ansinh__V1__GetProgressResponse out;
    ansinh__v1__get_progress_response__init(&out);
    if (rc < 0)
        ledger_away(request);
    else if (unit == NULL)
        bus_fail(request, ANSINH__V1__CODE__CODE_NOT_FOUND, "unit_code", "unknown unit");
    else if (fill(self, request->arena, unit, in->with_children, &out) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "the answer is too large");
    else
        bus_reply(request, &out.base);
}

void on_get_progress(void *arg, struct bus_request *request)
{
    struct analytics *self = arg;
    const Ansinh__V1__GetProgressRequest *in =
        (const Ansinh__V1__GetProgressRequest *)request->input;
    if (!projector_is_leader(self->projector)) {
        board_is_elsewhere(request);
        return;
    }
    if (progress_is_question(in)) {
        progress_ask(self, request);
        return;
    }
    struct asking *asking = arena_alloc(request->arena, sizeof(*asking));
    if (asking == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *asking = (struct asking){self, request};
    if (directory_unit(self->svc->directory, in->unit_code) == NULL)
        directory_refresh(self->svc->directory, on_refreshed, asking);
    else
        on_refreshed(asking, 0);
}
