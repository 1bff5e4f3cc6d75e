/* GetLeaflet: every number of a leaflet about a place and a day, in one answer. */
#include "services/payments/leaflet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/explain_answer.h"
#include "common/service/policy_document.h"
#include "services/payments/payments.h"
#include "services/payments/quote_unit.h"

static const enum support_group groups[] = {GROUP_POOR, GROUP_NEAR_POOR, GROUP_ETHNIC_MINORITY,
                                            GROUP_OTHER};
static const uint32_t usual_ages[] = {30, 40, 45};

/* --- what is asked ------------------------------------------------------------------------------
 */

static int day_read(struct leaflet *self, const char *text, struct err *err)
{
    self->day = clock_business_day(clock_wall_ms());
    if (text[0] != '\0' && date_parse(text, &self->day) < 0)
        return err_field(err, -EINVAL, "on", "want a date as YYYY-MM-DD");
    return 0;
}

static int incomes_read(struct leaflet *self, const Ansinh__V1__GetLeafletRequest *in,
                        struct err *err)
{
    int rc = leaflet_incomes_on(self->svc->policy, self->day, &self->incomes, err);
    if (rc != 0 || in->n_incomes_vnd == 0)
        return rc;
    if (in->n_incomes_vnd > LEAFLET_INCOMES_MAX)
        return err_field(err, -EINVAL, "incomes_vnd", "want at most %d", LEAFLET_INCOMES_MAX);
    self->incomes.n = in->n_incomes_vnd;
    memcpy(self->incomes.vnd, in->incomes_vnd, in->n_incomes_vnd * sizeof(in->incomes_vnd[0]));
    return 0;
}

static int methods_read(struct leaflet *self, const Ansinh__V1__GetLeafletRequest *in,
                        struct err *err)
{
    if (in->n_methods > LEAFLET_METHODS_MAX)
        return err_field(err, -EINVAL, "methods", "want at most %d", LEAFLET_METHODS_MAX);
    self->methods[0] = METHOD_IS_MONTHLY;
    self->n_methods = MAX(in->n_methods, 1);
    for (size_t i = 0; i < in->n_methods; i++) {
        self->methods[i] = (enum method)in->methods[i];
        if (self->methods[i] < METHOD_IS_MONTHLY || self->methods[i] > METHOD_IS_YEARLY)
            return err_field(err, -EINVAL, "methods", "want methods that are no lump sum");
    }
    return 0;
}

static int ages_read(struct leaflet *self, const Ansinh__V1__GetLeafletRequest *in, struct err *err)
{
    if (in->n_joining_ages > LEAFLET_AGES_MAX)
        return err_field(err, -EINVAL, "joining_ages", "want at most %d", LEAFLET_AGES_MAX);
    const uint32_t *ages = in->n_joining_ages > 0 ? in->joining_ages : usual_ages;
    self->n_ages = in->n_joining_ages > 0 ? in->n_joining_ages : ARRAY_LEN(usual_ages);
    for (size_t i = 0; i < self->n_ages; i++) {
        if (ages[i] > LEAFLET_AGE_MAX)
            return err_field(err, -EINVAL, "joining_ages", "want ages up to %d", LEAFLET_AGE_MAX);
        self->ages[i] = ages[i];
    }
    return 0;
}

static int has_zone(const struct directory_unit *unit)
{
    for (size_t i = 0; i < unit->n_children; i++) {
        if (unit->children[i]->is_special_zone || has_zone(unit->children[i]))
            return 1;
    }
    return 0;
}

/* Who lives in the zone of a unit that is none itself is told apart; the group does not matter. */
static void columns_make(struct leaflet *self)
{
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        self->columns[self->n_columns++] =
            (struct leaflet_column){groups[i], self->unit->is_special_zone};
        if (i == 0 && !self->unit->is_special_zone && has_zone(self->unit))
            self->columns[self->n_columns++] = (struct leaflet_column){GROUP_OTHER, 1};
    }
}

/* --- contributions ------------------------------------------------------------------------------
 */

static int quote(const struct leaflet *self, enum method method, int64_t income_vnd,
                 const struct leaflet_column *column, struct quote *ret, struct err *err)
{
    const struct quote_request wanted = {.income_vnd = income_vnd,
                                         .method = method,
                                         .group = column->group,
                                         .is_special_zone = column->is_zone,
                                         .province = directory_province(self->unit),
                                         .on_day = self->day};
    int rc = contribution_quote(self->svc->policy, &wanted, ret, err);
    if (rc < 0 && strcmp(err->field, "income_vnd") == 0)
        (void)snprintf(err->field, sizeof(err->field), "incomes_vnd");
    return rc;
}

static int step_fill(const struct leaflet *self, enum method method, int64_t income_vnd,
                     Ansinh__V1__LeafletStep *ret, struct err *err)
{
    Ansinh__V1__LeafletShare *rows;
    ansinh__v1__leaflet_step__init(ret);
    rows = arena_alloc(self->request->arena, self->n_columns * sizeof(*rows));
    ret->shares = arena_alloc(self->request->arena, self->n_columns * sizeof(*ret->shares));
    if (rows == NULL || ret->shares == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < self->n_columns; i++) {
        struct quote sum;
        int rc = quote(self, method, income_vnd, &self->columns[i], &sum, err);
        if (rc < 0)
            return rc;
        ansinh__v1__leaflet_share__init(&rows[i]);
        rows[i].support_group = (Ansinh__V1__SupportGroup)self->columns[i].group;
        rows[i].special_zone = self->columns[i].is_zone;
        rows[i].central_vnd = sum.central_vnd;
        rows[i].local_vnd = sum.local_vnd;
        rows[i].donor_vnd = sum.donor_vnd;
        rows[i].due_vnd = sum.participant_vnd;
        ret->gross_vnd = sum.gross_vnd;
        ret->months = sum.months;
        ret->shares[ret->n_shares++] = &rows[i];
    }
    ret->income_vnd = income_vnd;
    ret->method = (Ansinh__V1__Method)method;
    return 0;
}

static int steps_fill(const struct leaflet *self, Ansinh__V1__GetLeafletResponse *out,
                      struct err *err)
{
    size_t n = self->n_methods * self->incomes.n;
    Ansinh__V1__LeafletStep *rows = arena_alloc(self->request->arena, n * sizeof(*rows));
    out->steps = arena_alloc(self->request->arena, n * sizeof(*out->steps));
    if (rows == NULL || out->steps == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        int rc = step_fill(self, self->methods[i / self->incomes.n],
                           self->incomes.vnd[i % self->incomes.n], &rows[i], err);
        if (rc < 0)
            return rc;
        out->steps[out->n_steps++] = &rows[i];
    }
    return 0;
}

static int example_fill(const struct leaflet *self, Ansinh__V1__GetLeafletResponse *out,
                        struct err *err)
{
    struct quote sum;
    const struct leaflet_column *others = &self->columns[self->n_columns - 1];
    int rc = quote(self, self->methods[0], self->incomes.vnd[0], others, &sum, err);
    if (rc < 0)
        return rc;
    out->example = explain_answer(self->request->arena, &sum.lines);
    out->n_example = sum.lines.n;
    return out->example == NULL ? -ENOMEM : 0;
}

/* --- answer -------------------------------------------------------------------------------------
 */

static char *date_text(struct arena *arena, int32_t day)
{
    char text[DATE_TEXT_BYTES];
    date_format(day, text);
    return arena_strndup(arena, text, strlen(text));
}

static Ansinh__V1__LeafletRule **rules_list(struct arena *arena, const struct leaflet_rules *rules)
{
    Ansinh__V1__LeafletRule *rows = arena_alloc(arena, rules->n * sizeof(*rows));
    Ansinh__V1__LeafletRule **list =
        arena_alloc(arena, rules->n * sizeof(Ansinh__V1__LeafletRule *));
    if (rows == NULL || list == NULL)
        return NULL;
    for (size_t i = 0; i < rules->n; i++) {
        const struct policy_row *row = rules->rules[i].row;
        ansinh__v1__leaflet_rule__init(&rows[i]);
        rows[i].table = policy_table_name(rules->rules[i].table, arena);
        rows[i].citation = arena_strndup(arena, row->citation, strlen(row->citation));
        rows[i].unconfirmed = arena_strndup(arena, row->unconfirmed, strlen(row->unconfirmed));
        rows[i].from = date_text(arena, row->from_day);
        if (rows[i].table == NULL || rows[i].citation == NULL || rows[i].unconfirmed == NULL ||
            rows[i].from == NULL)
            return NULL;
        list[i] = &rows[i];
    }
    return list;
}

static int rules_fill(const struct leaflet *self, Ansinh__V1__GetLeafletResponse *out)
{
    struct arena *arena = self->request->arena;
    uint32_t province = directory_province(self->unit);
    struct leaflet_rules rules;
    int32_t day;
    leaflet_rules_on(self->svc->policy, province, self->day, &rules);
    out->rules = rules_list(arena, &rules);
    out->n_rules = rules.n;
    if (!leaflet_next_change(self->svc->policy, province, self->day, &day, &rules))
        return out->rules == NULL ? -ENOMEM : 0;
    out->changes_on = date_text(arena, day);
    out->next_rules = rules_list(arena, &rules);
    out->n_next_rules = rules.n;
    return out->rules == NULL || out->changes_on == NULL || out->next_rules == NULL ? -ENOMEM : 0;
}

/* The value of a day's one row; 0 without one. */
static int64_t figure(const struct leaflet *self, enum policy_table_id table)
{
    const struct policy_row *row = policy_on(self->svc->policy, table, 0, self->day);
    return row == NULL ? 0 : row->value;
}

static void figures_fill(const struct leaflet *self, Ansinh__V1__GetLeafletResponse *out)
{
    out->income_min_vnd = self->incomes.min_vnd;
    out->income_max_vnd = self->incomes.max_vnd;
    out->minimum_age = (uint32_t)figure(self, POLICY_MINIMUM_AGE);
    out->support_months = (uint32_t)figure(self, POLICY_SUPPORT_MONTHS);
    out->pension_years = (uint32_t)figure(self, POLICY_PENSION_YEARS_MIN);
    out->maternity_vnd = figure(self, POLICY_MATERNITY_AMOUNT);
    out->maternity_months = (uint32_t)figure(self, POLICY_MATERNITY_MONTHS);
    out->maternity_window = (uint32_t)figure(self, POLICY_MATERNITY_WINDOW);
    out->funeral_vnd = figure(self, POLICY_FUNERAL_TIMES) * figure(self, POLICY_REFERENCE_LEVEL);
    out->funeral_months = (uint32_t)figure(self, POLICY_FUNERAL_MONTHS);
}

/* The tables may know a day's contributions and not what goes with them, which is then left out. */
static int unless_unknown(int rc, const struct err *err)
{
    return rc == -ERANGE && strcmp(err->field, "on") == 0 ? 0 : rc;
}

static int leaflet_fill(const struct leaflet *self, Ansinh__V1__GetLeafletResponse *out,
                        struct err *err)
{
    int rc = steps_fill(self, out, err);
    if (rc == 0)
        rc = example_fill(self, out, err);
    if (rc == 0)
        rc = unless_unknown(leaflet_households(self, out, err), err);
    if (rc == 0)
        rc = unless_unknown(leaflet_pensions(self, out, err), err);
    if (rc == 0)
        rc = rules_fill(self, out);
    if (rc != 0)
        return rc;
    out->unit_code =
        arena_strndup(self->request->arena, self->unit->code, strlen(self->unit->code));
    out->on = date_text(self->request->arena, self->day);
    figures_fill(self, out);
    return out->unit_code == NULL || out->on == NULL ? -ENOMEM : 0;
}

static int leaflet_read(struct leaflet *self, const Ansinh__V1__GetLeafletRequest *in,
                        struct err *err)
{
    columns_make(self);
    int rc = day_read(self, in->on, err);
    if (rc == 0)
        rc = incomes_read(self, in, err);
    if (rc == 0)
        rc = methods_read(self, in, err);
    return rc == 0 ? ages_read(self, in, err) : rc;
}

static void with_unit(struct service *svc, struct bus_request *request,
                      const struct directory_unit *unit)
{
    struct leaflet self = {.svc = svc, .request = request, .unit = unit};
    Ansinh__V1__GetLeafletResponse out;
    struct err err = {0};
    ansinh__v1__get_leaflet_response__init(&out);
    int rc = leaflet_read(&self, (const Ansinh__V1__GetLeafletRequest *)request->input, &err);
    if (rc == 0)
        rc = leaflet_fill(&self, &out, &err);
    if (rc == 0)
        bus_reply(request, &out.base);
    else if (rc == -ENOMEM)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
}

void on_get_leaflet(void *arg, struct bus_request *request)
{
    quote_unit(arg, request, ((const Ansinh__V1__GetLeafletRequest *)request->input)->unit_code,
               with_unit);
}
