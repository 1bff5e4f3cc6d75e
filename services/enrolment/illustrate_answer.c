/* An illustration as a message. Everything lives in the request's arena. */
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/domain/calendar.h"
#include "common/service/explain_answer.h"
#include "services/enrolment/advice.h"

/* Each of these: -1, no memory. */

static int month_text(struct arena *arena, int32_t month, char **ret)
{
    char text[MONTH_TEXT_BYTES];
    month_format(month, text);
    *ret = arena_strndup(arena, text, strlen(text));
    return *ret == NULL ? -1 : 0;
}

/* "44.5 %" without its sign. */
static int percent_text(struct arena *arena, int64_t basis_points, char **ret)
{
    char text[PERCENT_TEXT_BYTES];
    share_format(basis_points * PER_MILLION_OF_BASIS_POINT, text);
    *ret = arena_strndup(arena, text, strcspn(text, " "));
    return *ret == NULL ? -1 : 0;
}

/* *ret stays absent for a sum of nothing. */
static int sum_fill(struct arena *arena, const struct quote *sum, Ansinh__V1__ContributionSum **ret)
{
    if (sum->months == 0)
        return 0;
    Ansinh__V1__ContributionSum *out = *ret = arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return -1;
    ansinh__v1__contribution_sum__init(out);
    out->months = sum->months;
    out->months_supported = sum->months_supported;
    out->contribution_vnd = sum->gross_vnd;
    out->support_vnd = sum->central_vnd + sum->local_vnd + sum->donor_vnd;
    out->net_vnd = sum->participant_vnd;
    out->net_monthly_vnd = divide_half_up(sum->participant_vnd, sum->months);
    out->n_lines = sum->lines.n;
    out->lines = explain_answer(arena, &sum->lines);
    return out->lines == NULL ? -1 : 0;
}

static int sums_fill(struct arena *arena, const struct illustration *found,
                     Ansinh__V1__IllustrateResponse *out)
{
    int rc = sum_fill(arena, &found->before, &out->paid_before);
    if (rc == 0)
        rc = sum_fill(arena, &found->to_pay, &out->to_pay);
    if (rc == 0)
        rc = sum_fill(arena, &found->payment, &out->payment);
    if (rc == 0)
        rc = sum_fill(arena, &found->payment_later, &out->payment_later);
    return rc;
}

static int missing_fill(struct arena *arena, const struct illustration_missing *missing,
                        Ansinh__V1__MissingMonths **ret)
{
    if (missing->months == 0)
        return 0;
    Ansinh__V1__MissingMonths *out = *ret = arena_alloc(arena, sizeof(*out));
    if (out == NULL)
        return -1;
    ansinh__v1__missing_months__init(out);
    out->months = missing->months;
    out->n_lines = missing->lines.n;
    out->lines = explain_answer(arena, &missing->lines);
    if (out->lines == NULL || month_text(arena, missing->from_month, &out->pension_from) < 0)
        return -1;
    return sum_fill(arena, &missing->cost, &out->cost);
}

static int benefit_fill(struct arena *arena, const struct benefit *benefit,
                        Ansinh__V1__Benefit *out)
{
    ansinh__v1__benefit__init(out);
    out->kind = (Ansinh__V1__BenefitKind)benefit->kind;
    out->met = benefit->is_met;
    out->amount_vnd = benefit->amount_vnd;
    out->n_lines = benefit->lines.n;
    out->lines = explain_answer(arena, &benefit->lines);
    if (out->lines == NULL)
        return -1;
    return benefit->from_month == 0 ? 0
                                    : month_text(arena, benefit->from_month, &out->eligible_from);
}

static int benefits_fill(struct arena *arena, const struct illustration *found,
                         Ansinh__V1__IllustrateResponse *out)
{
    Ansinh__V1__Benefit *rows = arena_alloc(arena, BENEFIT_KINDS * sizeof(*rows));
    out->benefits = arena_alloc(arena, BENEFIT_KINDS * sizeof(*out->benefits));
    if (rows == NULL || out->benefits == NULL)
        return -1;
    for (size_t i = 0; i < found->n_benefits; i++) {
        if (benefit_fill(arena, &found->benefits[i], &rows[i]) < 0)
            return -1;
        out->benefits[i] = &rows[i];
    }
    out->n_benefits = found->n_benefits;
    return 0;
}

static int assumptions_fill(struct arena *arena, const struct explain_lines *lines,
                            Ansinh__V1__IllustrateResponse *out)
{
    Ansinh__V1__Assumption *rows = arena_alloc(arena, EXPLAIN_LINES_MAX * sizeof(*rows));
    out->assumptions = arena_alloc(arena, EXPLAIN_LINES_MAX * sizeof(*out->assumptions));
    if (rows == NULL || out->assumptions == NULL)
        return -1;
    for (size_t i = 0; i < lines->n; i++) {
        ansinh__v1__assumption__init(&rows[i]);
        rows[i].text = explain_text(arena, &lines->rows[i], LANGUAGE_IS_EN);
        rows[i].text_vi = explain_text(arena, &lines->rows[i], LANGUAGE_IS_VI);
        if (rows[i].text == NULL || rows[i].text_vi == NULL)
            return -1;
        out->assumptions[i] = &rows[i];
    }
    out->n_assumptions = lines->n;
    return 0;
}

static int pension_fill(struct arena *arena, const struct illustration *found,
                        Ansinh__V1__IllustrateResponse *out)
{
    out->required_years = found->required_years;
    out->months_paid = found->months;
    out->months_to_go = found->months_to_go;
    out->average_income_vnd = found->average_vnd;
    out->monthly_pension_vnd = found->monthly_vnd;
    out->lump_sum_vnd = found->lump_vnd;
    out->break_even_months = found->break_even_months;
    out->n_lines = found->lines.n;
    out->lines = explain_answer(arena, &found->lines);
    if (out->lines == NULL || month_text(arena, found->pension_month, &out->pension_from) < 0 ||
        month_text(arena, found->age_month, &out->reaches_age_in) < 0)
        return -1;
    return percent_text(arena, found->rate_basis_points, &out->rate_percent);
}

void illustrate_answer(struct bus_request *request, const struct illustration *found)
{
    struct arena *arena = request->arena;
    Ansinh__V1__IllustrateResponse out;
    ansinh__v1__illustrate_response__init(&out);
    int rc = pension_fill(arena, found, &out);
    if (rc == 0)
        rc = sums_fill(arena, found, &out);
    if (rc == 0)
        rc = missing_fill(arena, &found->missing, &out.missing_months);
    if (rc == 0)
        rc = benefits_fill(arena, found, &out);
    if (rc == 0)
        rc = assumptions_fill(arena, &found->assumptions, &out);
    if (rc == 0)
        bus_reply(request, &out.base);
    else
        advice_fail_no_memory(request);
}
