/* The enrolment service: Enrolment (who takes part), Contacts (personal data, inside only),
 * Directory (reference data) and Partners (who calls from outside, inside only). See README.md. */
#ifndef ANSINH_ENROLMENT_ENROLMENT_H
#define ANSINH_ENROLMENT_ENROLMENT_H

#include "common/base/keyring.h"
#include "common/service/service.h"

extern const struct service_spec enrolment_spec;

struct enrolment {
    struct service *svc;
    struct keyring *partner_ring; /* seals partners' secrets */
    int64_t *aliases_repaired; /* metric: claims left behind by an enrolment that did not happen */
};

/* Handlers, one file each; arg is the struct enrolment. */
void on_enrol(void *arg, struct bus_request *request);
void on_declare_health(void *arg, struct bus_request *request);
void on_change_contribution(void *arg, struct bus_request *request);
void on_end_participation(void *arg, struct bus_request *request);
void on_record_acceptance(void *arg, struct bus_request *request);
void on_get_participant(void *arg, struct bus_request *request);
void on_check_eligibility(void *arg, struct bus_request *request);
void on_illustrate(void *arg, struct bus_request *request);
void on_resolve_contact(void *arg, struct bus_request *request);
void on_resolve_participant(void *arg, struct bus_request *request);
void on_resolve_people(void *arg, struct bus_request *request);

#endif
