/* ImportSuccessors, ImportDenominators, ImportSiUnits. */
#include "services/enrolment/directory_api.h"
#include "services/enrolment/directory_import.h"
#include "services/enrolment/territory_check.h"

static void take_rows(struct import *self, char kind, ProtobufCMessage *const *rows, size_t n)
{
    self->n_rows = n;
    for (size_t i = 0; i < n; i++) {
        self->kinds[i] = kind;
        self->rows[i] = rows[i];
    }
}

#define ROWS(field) (ProtobufCMessage *const *)(field)

/* --- successors ------------------------------------------------------------------------------- */

static int successors_take(struct import *self, struct err *err)
{
    const Ansinh__V1__ImportSuccessorsRequest *in =
        (const Ansinh__V1__ImportSuccessorsRequest *)self->request->input;
    take_rows(self, 'g', ROWS(in->successors), in->n_successors);
    return successors_check(self->svc->directory, in, err);
}

static int successors_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportSuccessorsRequest *)in)->dry_run;
}

void on_import_successors(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = successors_take,
                                            .event = import_reference_event,
                                            .is_dry_run = successors_is_dry_run};
    const Ansinh__V1__ImportSuccessorsRequest *in =
        (const Ansinh__V1__ImportSuccessorsRequest *)request->input;
    import_run(arg, request, &spec, in->n_successors, NULL);
}

/* --- denominators ----------------------------------------------------------------------------- */

static int denominators_take(struct import *self, struct err *err)
{
    const Ansinh__V1__ImportDenominatorsRequest *in =
        (const Ansinh__V1__ImportDenominatorsRequest *)self->request->input;
    take_rows(self, 'd', ROWS(in->denominators), in->n_denominators);
    return denominators_check(self->svc->directory, in, err);
}

static int denominators_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportDenominatorsRequest *)in)->dry_run;
}

void on_import_denominators(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {.take = denominators_take,
                                            .event = import_reference_event,
                                            .is_dry_run = denominators_is_dry_run};
    const Ansinh__V1__ImportDenominatorsRequest *in =
        (const Ansinh__V1__ImportDenominatorsRequest *)request->input;
    import_run(arg, request, &spec, in->n_denominators, NULL);
}

/* --- offices ---------------------------------------------------------------------------------- */

static int si_units_take(struct import *self, struct err *err)
{
    const Ansinh__V1__ImportSiUnitsRequest *in =
        (const Ansinh__V1__ImportSiUnitsRequest *)self->request->input;
    take_rows(self, 's', ROWS(in->si_units), in->n_si_units);
    return si_units_check(self->svc->directory, in, err);
}

static int si_units_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportSiUnitsRequest *)in)->dry_run;
}

void on_import_si_units(void *arg, struct bus_request *request)
{
    static const struct import_spec spec = {
        .take = si_units_take, .event = import_reference_event, .is_dry_run = si_units_is_dry_run};
    const Ansinh__V1__ImportSiUnitsRequest *in =
        (const Ansinh__V1__ImportSiUnitsRequest *)request->input;
    import_run(arg, request, &spec, in->n_si_units, NULL);
}
