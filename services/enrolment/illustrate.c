/* Illustrate: what contributions would bring a person who need not be known here. */
#include <errno.h>
#include <stdio.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "services/enrolment/advice.h"
#include "services/enrolment/enrolment.h"

/* Lives in the request's arena. */
struct illustrating {
    struct service *svc;
    struct bus_request *request;
};

static int month_read(const char *text, const char *field, int32_t *ret, struct err *err)
{
    return month_parse(text, ret) < 0 ? err_field(err, -EINVAL, field, "want a month as YYYY-MM")
                                      : 0;
}

static int history_read(const Ansinh__V1__IllustrateRequest *in, struct paid_history *ret,
                        struct err *err)
{
    if (in->n_history > HISTORY_RUNS_MAX)
        return err_field(err, -EINVAL, "history", "%zu elements, want at most %d", in->n_history,
                         HISTORY_RUNS_MAX);
    for (size_t i = 0; i < in->n_history; i++) {
        const Ansinh__V1__PaidMonths *run = in->history[i];
        char field[ERR_FIELD_MAX_BYTES];
        history_field(ret, i, "from_month", field);
        int rc = month_read(run->from_month, field, &ret->runs[i].from_month, err);
        if (rc != 0)
            return rc;
        ret->runs[i].months = run->months;
        ret->runs[i].income_vnd = run->income_vnd;
    }
    ret->n = in->n_history;
    return 0;
}

static int request_read(const Ansinh__V1__IllustrateRequest *in, struct illustration_request *ret,
                        struct err *err)
{
    *ret = (struct illustration_request){
        .sex = (enum sex)in->sex,
        .income_vnd = in->income_vnd,
        .paid_months = in->paid_months,
        .method = (enum method)in->method,
        .group = (enum support_group)in->support_group,
    };
    int rc = advice_birth_day(in->birth_date, &ret->birth_day, err);
    if (rc == 0)
        rc = advice_day(in->on, &ret->on_day, err);
    if (rc == 0 && in->start_month[0] != '\0')
        rc = month_read(in->start_month, "start_month", &ret->start_month, err);
    if (rc == 0 && in->joined_on[0] != '\0' && date_parse(in->joined_on, &ret->joined_day) < 0)
        rc = err_field(err, -EINVAL, "joined_on", "want a date as YYYY-MM-DD");
    return rc == 0 ? history_read(in, &ret->history, err) : rc;
}

/* unit: NULL without one. */
static void illustrate(const struct illustrating *self, const struct directory_unit *unit)
{
    struct illustration_request wanted;
    struct illustration found;
    struct err err = {0};
    int rc =
        request_read((const Ansinh__V1__IllustrateRequest *)self->request->input, &wanted, &err);
    if (unit != NULL) {
        wanted.is_special_zone = unit->is_special_zone;
        wanted.province = directory_province(unit);
    }
    if (rc == 0)
        rc = pension_illustrate(self->svc->policy, &wanted, &found, &err);
    if (rc == 0)
        illustrate_answer(self->request, &found);
    else
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
}

static void on_refreshed(void *arg, int rc)
{
    struct illustrating *self = arg;
    const Ansinh__V1__IllustrateRequest *in =
        (const Ansinh__V1__IllustrateRequest *)self->request->input;
    const struct directory_unit *unit = directory_unit(self->svc->directory, in->unit_code);
    if (rc < 0)
        ledger_away(self->request);
    else if (unit == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "unit_code",
                 "unknown unit");
    else
        illustrate(self, unit);
}

/* A unit that is not known may be a new one: the directory's news are read before it is refused. */
void on_illustrate(void *arg, struct bus_request *request)
{
    const struct enrolment *enrolment = arg;
    const Ansinh__V1__IllustrateRequest *in = (const Ansinh__V1__IllustrateRequest *)request->input;
    struct illustrating *self = arena_alloc(request->arena, sizeof(*self));
    if (self == NULL) {
        advice_fail_no_memory(request);
        return;
    }
    *self = (struct illustrating){enrolment->svc, request};
    if (in->unit_code[0] == '\0')
        illustrate(self, NULL);
    else if (directory_unit(self->svc->directory, in->unit_code) == NULL)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else
        on_refreshed(self, 0);
}
