#include "services/enrolment/directory_api.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "services/enrolment/directory_check.h"
#include "services/enrolment/directory_import.h"

#define DENOMINATOR_KINDS 4

/* Pointers to the changed rows of one kind, for an event. */
static void *rows_of_kind(struct import *self, char kind, size_t *ret_n)
{
    const ProtobufCMessage **list = arena_alloc(self->request->arena, self->n_rows * sizeof(*list));
    *ret_n = 0;
    for (size_t i = 0; list != NULL && i < self->n_rows; i++) {
        if (self->kinds[i] == kind)
            list[(*ret_n)++] = self->rows[i];
    }
    return list;
}

static void add_rows(struct import *self, char kind, ProtobufCMessage *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        self->kinds[self->n_rows] = kind;
        self->rows[self->n_rows++] = list[i];
    }
}

#define LIST(field) (ProtobufCMessage *const *)(field)

/* --- units --- */

static int units_take(struct import *self, struct err *err)
{
    const Ansinh__V1__ImportUnitsRequest *in =
        (const Ansinh__V1__ImportUnitsRequest *)self->request->input;
    self->n_rows = 0;
    add_rows(self, 'u', LIST(in->units), in->n_units);
    return units_check(self->svc->directory, in, err);
}

static int units_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportUnitsRequest *)in)->dry_run;
}

static Ansinh__V1__Event *units_event(struct import *self)
{
    Ansinh__V1__Event *event = arena_alloc(self->request->arena, sizeof(*event));
    Ansinh__V1__UnitsImported *rows = arena_alloc(self->request->arena, sizeof(*rows));
    if (event == NULL || rows == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__units_imported__init(rows);
    rows->units = rows_of_kind(self, 'u', &rows->n_units);
    event->kind_case = ANSINH__V1__EVENT__KIND_UNITS_IMPORTED;
    event->units_imported = rows;
    return event;
}

static const struct import_spec units_spec = {
    .take = units_take, .event = units_event, .is_dry_run = units_is_dry_run};

static void on_import_units(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ImportUnitsRequest *in =
        (const Ansinh__V1__ImportUnitsRequest *)request->input;
    import_run(arg, request, &units_spec, in->n_units, NULL);
}

/* --- organisations --- */

static int organisations_take(struct import *self, struct err *err)
{
    const Ansinh__V1__ImportOrganisationsRequest *in =
        (const Ansinh__V1__ImportOrganisationsRequest *)self->request->input;
    self->n_rows = 0;
    add_rows(self, 'o', LIST(in->organisations), in->n_organisations);
    add_rows(self, 'p', LIST(in->points), in->n_points);
    add_rows(self, 'k', LIST(in->collectors), in->n_collectors);
    return organisations_check(self->svc->directory, in, err);
}

static int organisations_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportOrganisationsRequest *)in)->dry_run;
}

static Ansinh__V1__Event *organisations_event(struct import *self)
{
    Ansinh__V1__Event *event = arena_alloc(self->request->arena, sizeof(*event));
    Ansinh__V1__OrganisationsImported *rows = arena_alloc(self->request->arena, sizeof(*rows));
    if (event == NULL || rows == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__organisations_imported__init(rows);
    rows->organisations = rows_of_kind(self, 'o', &rows->n_organisations);
    rows->points = rows_of_kind(self, 'p', &rows->n_points);
    rows->collectors = rows_of_kind(self, 'k', &rows->n_collectors);
    event->kind_case = ANSINH__V1__EVENT__KIND_ORGANISATIONS_IMPORTED;
    event->organisations_imported = rows;
    return event;
}

static const struct import_spec organisations_spec = {.take = organisations_take,
                                                      .event = organisations_event,
                                                      .is_dry_run = organisations_is_dry_run};

static void on_import_organisations(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ImportOrganisationsRequest *in =
        (const Ansinh__V1__ImportOrganisationsRequest *)request->input;
    size_t n = in->n_organisations + in->n_points + in->n_collectors;
    import_run(arg, request, &organisations_spec, n, NULL);
}

/* --- plan --- */

static int plan_take(struct import *self, struct err *err)
{
    const Ansinh__V1__ImportPlanRequest *in =
        (const Ansinh__V1__ImportPlanRequest *)self->request->input;
    self->n_rows = 0;
    add_rows(self, 't', LIST(in->targets), in->n_targets);
    return plan_check(self->svc->directory, in, err);
}

static int plan_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportPlanRequest *)in)->dry_run;
}

Ansinh__V1__Event *import_plan_event(struct import *self)
{
    Ansinh__V1__Event *event = arena_alloc(self->request->arena, sizeof(*event));
    Ansinh__V1__PlanImported *rows = arena_alloc(self->request->arena, sizeof(*rows));
    if (event == NULL || rows == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__plan_imported__init(rows);
    rows->targets = rows_of_kind(self, 't', &rows->n_targets);
    event->kind_case = ANSINH__V1__EVENT__KIND_PLAN_IMPORTED;
    event->plan_imported = rows;
    return event;
}

static const struct import_spec plan_spec = {
    .take = plan_take, .event = import_plan_event, .is_dry_run = plan_is_dry_run};

static void on_import_plan(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ImportPlanRequest *in = (const Ansinh__V1__ImportPlanRequest *)request->input;
    import_run(arg, request, &plan_spec, in->n_targets, NULL);
}

/* --- reading --- */

struct unit_read {
    struct service *svc;
    struct bus_request *request;
};

static uint32_t business_year(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return (uint32_t)year;
}

static char **codes_of(struct arena *arena, struct directory_unit *const *units, size_t n,
                       size_t *ret_n)
{
    char **codes = arena_alloc(arena, n * sizeof(*codes));
    for (size_t i = 0; codes != NULL && i < n; i++)
        codes[i] = units[i]->code;
    *ret_n = codes == NULL ? 0 : n;
    return codes;
}

static int is_within(const struct directory_unit *unit, const struct directory_unit *above)
{
    while (unit != NULL && unit != above)
        unit = directory_above(unit);
    return unit != NULL;
}

static int answers_for(const struct directory *directory, const Ansinh__V1__SiUnit *office,
                       const struct directory_unit *unit)
{
    size_t i = 0;
    while (i < office->n_commune_codes &&
           !is_within(directory_unit(directory, office->commune_codes[i]), unit))
        i++;
    return i < office->n_commune_codes;
}

static int compare_offices(const void *a, const void *b)
{
    const Ansinh__V1__SiUnit *x = *(Ansinh__V1__SiUnit *const *)a;
    const Ansinh__V1__SiUnit *y = *(Ansinh__V1__SiUnit *const *)b;
    return strcmp(x->code, y->code);
}

static Ansinh__V1__SiUnit **offices_of(const struct unit_read *self,
                                       const struct directory_unit *unit, size_t *ret_n)
{
    const struct directory *directory = self->svc->directory;
    const ProtobufCMessage *row;
    struct arena *arena = self->request->arena;
    size_t cursor = 0, n = 0;
    while (directory_next_row(directory, 's', &cursor) != NULL)
        n++;
    Ansinh__V1__SiUnit **list = arena_alloc(arena, n * sizeof(*list));
    Ansinh__V1__SiUnit *copies = arena_alloc(arena, n * sizeof(*copies));
    *ret_n = 0;
    cursor = 0;
    while (list != NULL && copies != NULL &&
           (row = directory_next_row(directory, 's', &cursor)) != NULL) {
        const Ansinh__V1__SiUnit *office = (const Ansinh__V1__SiUnit *)row;
        if (!answers_for(directory, office, unit))
            continue;
        copies[*ret_n] = *office;
        copies[*ret_n].n_commune_codes = 0;
        list[*ret_n] = &copies[*ret_n];
        (*ret_n)++;
    }
    if (*ret_n > 0)
        qsort(list, *ret_n, sizeof(*list), compare_offices);
    return list;
}

static void answer_unit(struct unit_read *self, const struct directory_unit *unit,
                        const ProtobufCMessage *row)
{
    struct arena *arena = self->request->arena;
    Ansinh__V1__Denominator *denominators[DENOMINATOR_KINDS];
    Ansinh__V1__GetUnitResponse out;
    ansinh__v1__get_unit_response__init(&out);
    Ansinh__V1__Unit copy = *(const Ansinh__V1__Unit *)row;
    int32_t today = clock_business_day(clock_wall_ms());
    out.unit = &copy;
    out.plan = directory_plan(unit, business_year(today), &out.plan_year);
    out.child_codes = codes_of(arena, unit->children, unit->n_children, &out.n_child_codes);
    out.predecessor_codes =
        codes_of(arena, unit->predecessors, unit->n_predecessors, &out.n_predecessor_codes);
    if (unit->successor != NULL)
        out.successor_code = unit->successor->code;
    out.denominators = denominators;
    for (int kind = 1; kind <= DENOMINATOR_KINDS; kind++) {
        const Ansinh__V1__Denominator *found = directory_denominator(
            self->svc->directory, unit->code, (Ansinh__V1__DenominatorKind)kind, today);
        if (found != NULL)
            denominators[out.n_denominators++] = (Ansinh__V1__Denominator *)(uintptr_t)found;
    }
    out.si_units = offices_of(self, unit, &out.n_si_units);
    bus_reply(self->request, &out.base);
}

static void on_refreshed(void *arg, int rc)
{
    struct unit_read *self = arg;
    const Ansinh__V1__GetUnitRequest *in = (const Ansinh__V1__GetUnitRequest *)self->request->input;
    const struct directory_unit *unit = directory_unit(self->svc->directory, in->code);
    const ProtobufCMessage *row = directory_row(self->svc->directory, 'u', in->code);
    if (rc < 0)
        ledger_away(self->request);
    else if (unit == NULL || row == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "code", "unknown unit");
    else
        answer_unit(self, unit, row);
}

static void on_get_unit(void *arg, struct bus_request *request)
{
    struct unit_read *self = arena_alloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = (struct unit_read){arg, request};
    const Ansinh__V1__GetUnitRequest *in = (const Ansinh__V1__GetUnitRequest *)request->input;
    if (directory_unit(self->svc->directory, in->code) == NULL)
        directory_refresh(self->svc->directory, on_refreshed, self);
    else
        on_refreshed(self, 0);
}

static const struct bus_method methods[] = {
    {"ImportUnits", on_import_units, BUS_COMMAND},
    {"ImportOrganisations", on_import_organisations, BUS_COMMAND},
    {"ImportPlan", on_import_plan, BUS_COMMAND},
    {"ImportSuccessors", on_import_successors, BUS_COMMAND},
    {"ImportDenominators", on_import_denominators, BUS_COMMAND},
    {"ImportSiUnits", on_import_si_units, BUS_COMMAND},
    {"ImportPolicy", on_import_policy, BUS_COMMAND},
    {"GetUnit", on_get_unit, 0},
    {"GetPolicy", on_get_policy, 0},
};

void directory_api_add(struct service *svc)
{
    bus_server_add(svc->server, &ansinh__v1__directory__descriptor, methods, ARRAY_LEN(methods),
                   svc);
}
