/* ResolvePeople: who stands behind the hashes of a list, for the forms that are filed. */
#include <string.h>

#include "ansinh/v1/contacts.pb-c.h"
#include "common/service/command.h"
#include "services/enrolment/identity.h"

#define PEOPLE_MAX 200

/* Lives in the request's arena. */
struct resolving {
    struct enrolment *service;
    struct bus_request *request;
    const Ansinh__V1__ResolvePeopleRequest *in;
    Ansinh__V1__Person **people;
    size_t n_read;
};

static void read_next(struct resolving *self);

static void on_identity(void *arg, const Ansinh__V1__Identity *identity)
{
    struct resolving *self = arg;
    Ansinh__V1__Person *person = arena_alloc(self->request->arena, sizeof(*person));
    if (person == NULL) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    ansinh__v1__person__init(person);
    person->personal_id = identity->personal_id;
    person->full_name = identity->full_name;
    person->birth_date = identity->birth_date;
    person->sex = identity->sex;
    person->address = identity->address;
    person->si_code = identity->si_code;
    person->household_code = identity->household_code;
    self->people[self->n_read++] = person;
    read_next(self);
}

static void on_citizen(void *arg, int rc, const struct citizen *citizen)
{
    struct resolving *self = arg;
    if (rc < 0)
        ledger_away(self->request);
    else if (citizen == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "citizens",
                 "no such participant");
    else
        identity_read(self->service, self->request, self->in->citizens[self->n_read].data,
                      on_identity, self);
}

/* One after the other: the first that cannot be read refuses the request, once. */
static void read_next(struct resolving *self)
{
    if (self->n_read < self->in->n_citizens) {
        citizen_read(self->service->svc, self->request->arena,
                     self->in->citizens[self->n_read].data, on_citizen, self);
        return;
    }
    Ansinh__V1__ResolvePeopleResponse out;
    ansinh__v1__resolve_people_response__init(&out);
    out.people = self->people;
    out.n_people = self->n_read;
    bus_reply(self->request, &out.base);
}

static int is_valid(const Ansinh__V1__ResolvePeopleRequest *in)
{
    for (size_t i = 0; i < in->n_citizens; i++) {
        if (in->citizens[i].len != ID_BYTES)
            return 0;
    }
    return in->n_citizens >= 1 && in->n_citizens <= PEOPLE_MAX;
}

void on_resolve_people(void *arg, struct bus_request *request)
{
    struct resolving *self = arena_zalloc(request->arena, sizeof(*self));
    const Ansinh__V1__ResolvePeopleRequest *in =
        (const Ansinh__V1__ResolvePeopleRequest *)request->input;
    if (!is_valid(in)) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "citizens",
                 "want 1 to %d times 16 bytes", PEOPLE_MAX);
        return;
    }
    Ansinh__V1__Person **people =
        arena_alloc(request->arena, in->n_citizens * sizeof(*self->people));
    if (self == NULL || people == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = (struct resolving){.service = arg, .request = request, .in = in, .people = people};
    read_next(self);
}
