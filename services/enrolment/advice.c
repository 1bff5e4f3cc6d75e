/* CheckEligibility: what the rules say of a person who need not be known here. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/domain/eligibility.h"
#include "common/service/explain_answer.h"
#include "services/enrolment/advice.h"
#include "services/enrolment/enrolment.h"

int advice_day(const char *text, int32_t *ret, struct err *err)
{
    if (text[0] != '\0')
        return date_parse(text, ret) < 0
                   ? err_field(err, -EINVAL, "on", "want a date as YYYY-MM-DD")
                   : 0;
    *ret = clock_business_day(clock_wall_ms());
    return 0;
}

int advice_birth_day(const char *text, int32_t *ret, struct err *err)
{
    return date_parse(text, ret) < 0
               ? err_field(err, -EINVAL, "birth_date", "want a date as YYYY-MM-DD")
               : 0;
}

static char *text_copy(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

void advice_fail_no_memory(struct bus_request *request)
{
    bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

static void answer_eligibility(struct bus_request *request, const struct eligibility *found)
{
    struct arena *arena = request->arena;
    Ansinh__V1__EligibilityReason rows[ELIGIBILITY_BARS], *reasons[ELIGIBILITY_BARS];
    Ansinh__V1__CheckEligibilityResponse out;
    ansinh__v1__check_eligibility_response__init(&out);
    for (size_t i = 0; i < found->lines.n; i++) {
        const struct explain_line *line = &found->lines.rows[i];
        ansinh__v1__eligibility_reason__init(&rows[i]);
        rows[i].bar = (Ansinh__V1__EligibilityBar)found->bars[i];
        rows[i].explanation = explain_text(arena, line, LANGUAGE_IS_EN);
        rows[i].explanation_vi = explain_text(arena, line, LANGUAGE_IS_VI);
        rows[i].citation = text_copy(arena, line->row->citation);
        reasons[i] = &rows[i];
        if (rows[i].explanation == NULL || rows[i].explanation_vi == NULL ||
            rows[i].citation == NULL) {
            advice_fail_no_memory(request);
            return;
        }
    }
    out.eligible = found->lines.n == 0;
    out.n_reasons = found->lines.n;
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
    int rc = advice_birth_day(in->birth_date, &wanted.birth_day, &err);
    if (rc == 0)
        rc = advice_day(in->on, &wanted.on_day, &err);
    if (rc == 0)
        rc = eligibility_check(self->svc->policy, &wanted, &found, &err);
    if (rc == 0)
        answer_eligibility(request, &found);
    else
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
}
