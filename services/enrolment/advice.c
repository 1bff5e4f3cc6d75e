/* CheckEligibility: what the rules say of a person who need not be known here. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/domain/eligibility.h"
#include "services/enrolment/enrolment.h"

/* The rules' day; empty is today, and a day to come may be asked about. */
static int rules_day(const char *text, int32_t *ret, struct err *err)
{
    if (text[0] != '\0')
        return date_parse(text, ret) < 0
                   ? err_field(err, -EINVAL, "on", "want a date as YYYY-MM-DD")
                   : 0;
    *ret = clock_business_day(clock_wall_ms());
    return 0;
}

static int birth_day(const char *text, int32_t *ret, struct err *err)
{
    return date_parse(text, ret) < 0
               ? err_field(err, -EINVAL, "birth_date", "want a date as YYYY-MM-DD")
               : 0;
}

static void answer_eligibility(struct bus_request *request, struct eligibility *found)
{
    Ansinh__V1__EligibilityReason rows[ELIGIBILITY_BARS], *reasons[ELIGIBILITY_BARS];
    Ansinh__V1__CheckEligibilityResponse out;
    ansinh__v1__check_eligibility_response__init(&out);
    for (size_t i = 0; i < found->n; i++) {
        ansinh__v1__eligibility_reason__init(&rows[i]);
        rows[i].bar = (Ansinh__V1__EligibilityBar)found->reasons[i].bar;
        rows[i].explanation = found->reasons[i].explanation;
        rows[i].citation = found->reasons[i].citation;
        reasons[i] = &rows[i];
    }
    out.eligible = found->n == 0;
    out.n_reasons = found->n;
    out.reasons = reasons;
    bus_reply(request, &out.base);
}

void on_check_eligibility(void *arg, struct bus_request *request)
{
    const struct enrolment *self = arg;
    const Ansinh__V1__CheckEligibilityRequest *in =
        (const Ansinh__V1__CheckEligibilityRequest *)request->input;
    struct eligibility_request wanted = {.has = {[BAR_COMPULSORY_SI] = in->in_compulsory_si,
                                                 [BAR_PENSION] = in->draws_pension,
                                                 [BAR_ALLOWANCE] = in->draws_allowance,
                                                 [BAR_FOREIGN_CITIZEN] = in->foreign_citizen}};
    struct eligibility found;
    struct err err = {0};
    int rc = birth_day(in->birth_date, &wanted.birth_day, &err);
    if (rc == 0)
        rc = rules_day(in->on, &wanted.on_day, &err);
    if (rc == 0)
        rc = eligibility_check(self->svc->policy, &wanted, &found, &err);
    if (rc == 0)
        answer_eligibility(request, &found);
    else
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
}
