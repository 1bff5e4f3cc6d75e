/* GetPolicy: the law of a day, what follows from it, and when it changes next. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/policy_book.h"
#include "common/service/policy_document.h"
#include "services/enrolment/directory_api.h"

#define DAYS_MAX 32 /* of changes */

/* Lives in the request's arena. */
struct reading {
    struct service *svc;
    struct bus_request *request;
    int32_t on_day;
    uint32_t province; /* whose local rows are shown; 0: none */
    int is_special_zone;
    int32_t days[DAYS_MAX]; /* the next ones with a change, ascending */
    size_t n_days;
};

/* --- rows --- */

/* Whether a row is shown for a day. */
typedef int (*row_fits_fn)(const struct policy_table *table, const struct policy_row *row,
                           int32_t day);

static int is_in_force(const struct policy_table *table, const struct policy_row *row, int32_t day)
{
    (void)table;
    return row->from_day <= day && day <= row->to_day;
}

static int begins(const struct policy_table *table, const struct policy_row *row, int32_t day)
{
    (void)table;
    return row->from_day == day;
}

static int ends(const struct policy_table *table, const struct policy_row *row, int32_t day)
{
    if (row->to_day != day - 1)
        return 0;
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].key == row->key && table->rows[i].from_day == day)
            return 0;
    return 1;
}

/* Rows of other provinces are nobody's business here. */
static int is_of_place(const struct reading *self, enum policy_table_id table,
                       const struct policy_row *row)
{
    return policy_form(table)->key != KEY_PROVINCE_GROUP ||
           (self->province != 0 && policy_key_province(row->key) == self->province);
}

/* Fills a table with what fits; n_rows 0: nothing does. */
static int table_fill(const struct reading *self, enum policy_table_id table, row_fits_fn fits,
                      int32_t day, Ansinh__V1__PolicyTable *ret)
{
    struct arena *arena = self->request->arena;
    const struct policy_table *all = &self->svc->policy->tables[table];
    const struct policy_row *found[POLICY_ROWS_MAX];
    size_t n = 0;
    ansinh__v1__policy_table__init(ret);
    for (size_t i = 0; i < all->n; i++)
        if (fits(all, &all->rows[i], day) && is_of_place(self, table, &all->rows[i]))
            found[n++] = &all->rows[i];
    if (n == 0)
        return 0;
    Ansinh__V1__PolicyRow *rows = arena_alloc(arena, n * sizeof(*rows));
    ret->rows = arena_alloc(arena, n * sizeof(*ret->rows));
    ret->name = policy_table_name(table, arena);
    if (rows == NULL || ret->rows == NULL || ret->name == NULL)
        return -ENOMEM;
    for (; ret->n_rows < n; ret->n_rows++) {
        ret->rows[ret->n_rows] = &rows[ret->n_rows];
        if (policy_row_write(table, found[ret->n_rows], arena, &rows[ret->n_rows]) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* The tables in which something fits, in the arena. */
static int tables_fill(const struct reading *self, row_fits_fn fits, int32_t day,
                       Ansinh__V1__PolicyTable ***ret, size_t *ret_n)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__PolicyTable *tables = arena_alloc(arena, POLICY_TABLES * sizeof(*tables));
    Ansinh__V1__PolicyTable **list = arena_alloc(arena, POLICY_TABLES * sizeof(*list));
    size_t n = 0;
    int rc = tables == NULL || list == NULL ? -ENOMEM : 0;
    for (enum policy_table_id table = 0; rc == 0 && table < POLICY_TABLES; table++) {
        rc = table_fill(self, table, fits, day, &tables[n]);
        list[n] = &tables[n];
        n += tables[n].n_rows > 0;
    }
    *ret = list;
    *ret_n = n;
    return rc;
}

/* --- days with changes --- */

/* Keeps the earliest ones. */
static void days_add(struct reading *self, int32_t day)
{
    size_t place = 0;
    while (place < self->n_days && self->days[place] < day)
        place++;
    if (place == DAYS_MAX || (place < self->n_days && self->days[place] == day))
        return;
    if (self->n_days < DAYS_MAX)
        self->n_days++;
    memmove(&self->days[place + 1], &self->days[place],
            (self->n_days - 1 - place) * sizeof(self->days[0]));
    self->days[place] = day;
}

static void days_find(struct reading *self)
{
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        const struct policy_table *all = &self->svc->policy->tables[table];
        for (size_t i = 0; i < all->n; i++) {
            const struct policy_row *row = &all->rows[i];
            if (!is_of_place(self, table, row))
                continue;
            if (row->from_day > self->on_day)
                days_add(self, row->from_day);
            if (row->to_day >= self->on_day && row->to_day != INT32_MAX &&
                ends(all, row, row->to_day + 1))
                days_add(self, row->to_day + 1);
        }
    }
}

static char *date_text(struct arena *arena, int32_t day)
{
    char *text = arena_alloc(arena, DATE_TEXT_BYTES);
    if (text != NULL)
        date_format(day, text);
    return text;
}

static int changes_fill(struct reading *self, Ansinh__V1__GetPolicyResponse *out)
{
    struct arena *arena = self->request->arena;
    days_find(self);
    Ansinh__V1__PolicyDay *days = arena_alloc(arena, self->n_days * sizeof(*days));
    out->changes = arena_alloc(arena, self->n_days * sizeof(*out->changes));
    int rc = days == NULL || out->changes == NULL ? -ENOMEM : 0;
    for (size_t i = 0; rc == 0 && i < self->n_days; i++) {
        Ansinh__V1__PolicyDay *day = out->changes[i] = &days[i];
        ansinh__v1__policy_day__init(day);
        day->day = date_text(arena, self->days[i]);
        rc = day->day == NULL ? -ENOMEM : 0;
        if (rc == 0)
            rc = tables_fill(self, begins, self->days[i], &day->begins, &day->n_begins);
        if (rc == 0)
            rc = tables_fill(self, ends, self->days[i], &day->ends, &day->n_ends);
    }
    out->n_changes = self->n_days;
    return rc;
}

/* --- facts --- */

static int quote_month(const struct reading *self, int64_t income_vnd, int32_t group,
                       struct quote *ret)
{
    struct quote_request request = {.income_vnd = income_vnd,
                                    .method = METHOD_IS_MONTHLY,
                                    .group = (enum support_group)group,
                                    .is_special_zone = self->is_special_zone,
                                    .province = self->province,
                                    .on_day = self->on_day};
    return contribution_quote(self->svc->policy, &request, ret, NULL);
}

/* What a group gets at the poverty line, by the very rules that make bills. */
static int support_fill(const struct reading *self, int32_t group, int64_t floor_vnd,
                        Ansinh__V1__MonthlySupport *ret)
{
    struct quote quote;
    int rc = quote_month(self, floor_vnd, group, &quote);
    if (rc < 0)
        return rc;
    ansinh__v1__monthly_support__init(ret);
    ret->group = (Ansinh__V1__SupportGroup)group;
    ret->central_vnd = quote.central_vnd;
    ret->local_vnd = quote.local_vnd;
    ret->donor_vnd = quote.donor_vnd;
    ret->due_vnd = quote.participant_vnd;
    return 0;
}

/* *ret is NULL on a day that the rules do not know. */
static int facts_fill(const struct reading *self, Ansinh__V1__PolicyFacts **ret)
{
    struct arena *arena = self->request->arena;
    const struct policy *policy = self->svc->policy;
    const struct policy_row *floor = policy_on(policy, POLICY_POVERTY_LINE, 0, self->on_day);
    const struct policy_row *level = policy_on(policy, POLICY_REFERENCE_LEVEL, 0, self->on_day);
    const struct policy_row *times = policy_on(policy, POLICY_INCOME_CAP, 0, self->on_day);
    struct quote at_floor, at_cap;
    *ret = NULL;
    if (floor == NULL || level == NULL || times == NULL ||
        quote_month(self, floor->value, GROUP_OTHER, &at_floor) < 0 ||
        quote_month(self, level->value * times->value, GROUP_OTHER, &at_cap) < 0)
        return 0;
    Ansinh__V1__PolicyFacts *facts = arena_alloc(arena, sizeof(*facts));
    Ansinh__V1__MonthlySupport *rows = arena_alloc(arena, SUPPORT_GROUPS * sizeof(*rows));
    if (facts == NULL || rows == NULL)
        return -ENOMEM;
    ansinh__v1__policy_facts__init(facts);
    facts->support = arena_alloc(arena, SUPPORT_GROUPS * sizeof(*facts->support));
    if (facts->support == NULL)
        return -ENOMEM;
    facts->floor_vnd = floor->value;
    facts->cap_vnd = level->value * times->value;
    facts->floor_contribution_vnd = at_floor.gross_vnd;
    facts->cap_contribution_vnd = at_cap.gross_vnd;
    for (int32_t group = GROUP_POOR; group < SUPPORT_GROUPS; group++) {
        facts->support[facts->n_support] = &rows[facts->n_support];
        if (support_fill(self, group, floor->value, &rows[facts->n_support]) == 0)
            facts->n_support++;
    }
    *ret = facts;
    return 0;
}

/* --- the method --- */

static void answer(struct reading *self)
{
    struct bus_request *request = self->request;
    char digest[POLICY_DIGEST_TEXT_BYTES];
    Ansinh__V1__GetPolicyResponse out;
    ansinh__v1__get_policy_response__init(&out);
    (void)snprintf(digest, sizeof(digest), "%s", policy_book_digest(self->svc->policy_book));
    out.digest = digest;
    out.amendments = policy_book_amendments(self->svc->policy_book);
    out.special_zone = self->is_special_zone;
    out.on = date_text(request->arena, self->on_day);
    if (out.on == NULL ||
        tables_fill(self, is_in_force, self->on_day, &out.tables, &out.n_tables) < 0 ||
        facts_fill(self, &out.facts) < 0 || changes_fill(self, &out) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    else
        bus_reply(request, &out.base);
}

static void on_refreshed(void *arg, int rc)
{
    struct reading *self = arg;
    const Ansinh__V1__GetPolicyRequest *in =
        (const Ansinh__V1__GetPolicyRequest *)self->request->input;
    const struct directory_unit *unit = directory_unit(self->svc->directory, in->unit_code);
    if (unit == NULL && in->unit_code[0] != '\0') {
        if (rc < 0)
            ledger_away(self->request);
        else
            bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "unit_code", "unknown unit");
        return;
    }
    /* without the ledger, as of the last look at it */
    self->province = directory_province(unit);
    self->is_special_zone = unit != NULL && unit->is_special_zone;
    answer(self);
}

void on_get_policy(void *arg, struct bus_request *request)
{
    const Ansinh__V1__GetPolicyRequest *in = (const Ansinh__V1__GetPolicyRequest *)request->input;
    struct reading *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    self->on_day = clock_business_day(clock_wall_ms());
    if (in->on[0] != '\0' && date_parse(in->on, &self->on_day) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "on",
                 "want a date as YYYY-MM-DD");
    else /* who has just imported, at whatever instance, reads what was imported */
        directory_refresh(self->svc->directory, on_refreshed, self);
}
