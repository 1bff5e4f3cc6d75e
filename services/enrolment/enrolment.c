#include "services/enrolment/enrolment.h"

#include <stdlib.h>

#include "ansinh/v1/contacts.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/log.h"
#include "services/enrolment/campaigns.h"
#include "services/enrolment/directory_api.h"
#include "services/enrolment/partners.h"
#include "services/enrolment/plans.h"

static const struct bus_method enrolment_methods[] = {
    {"Enrol", on_enrol, BUS_COMMAND},
    {"DeclareHealth", on_declare_health, BUS_COMMAND},
    {"ChangeContribution", on_change_contribution, BUS_COMMAND},
    {"EndParticipation", on_end_participation, BUS_COMMAND},
    {"RecordAcceptance", on_record_acceptance, BUS_COMMAND},
    {"GetParticipant", on_get_participant, 0},
    {"CheckEligibility", on_check_eligibility, 0},
    {"Illustrate", on_illustrate, 0},
};

static const struct bus_method contacts_methods[] = {
    {"ResolveContact", on_resolve_contact, 0},
    {"ResolveParticipant", on_resolve_participant, 0},
    {"ResolvePeople", on_resolve_people, 0},
};

static int create(struct service *svc, struct err *err)
{
    struct enrolment *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    svc->context = self;
    self->svc = svc;
    int rc = keyring_open_partners(svc->conf.keys, &self->partner_ring, err);
    if (rc < 0)
        return rc;
    self->aliases_repaired = metrics_counter(svc->metrics, "aliases_repaired_total", "");
    bus_server_add(svc->server, &ansinh__v1__enrolment__descriptor, enrolment_methods,
                   ARRAY_LEN(enrolment_methods), self);
    bus_server_add(svc->server, &ansinh__v1__contacts__descriptor, contacts_methods,
                   ARRAY_LEN(contacts_methods), self);
    directory_api_add(svc);
    partners_add(self);
    campaigns_add(svc);
    plans_add(svc);
    return 0;
}

static void destroy(struct service *svc)
{
    struct enrolment *self = svc->context;
    if (self != NULL)
        keyring_destroy(&self->partner_ring);
    free(self);
    svc->context = NULL;
}

const struct service_spec enrolment_spec = {
    .name = "enrolment",
    .prefix = "ENROLMENT_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_SERVER | SERVICE_PUBLISHER | SERVICE_KEYRING |
             SERVICE_DIRECTORY | SERVICE_POLICY,
    .create = create,
    .destroy = destroy,
};
