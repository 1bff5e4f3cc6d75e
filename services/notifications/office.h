/* What a letter to the office of a unit needs besides the numbers that were found: asks enrolment's
 * directory for name and address, then analytics for the forecast. */
#ifndef ANSINH_NOTIFICATIONS_OFFICE_H
#define ANSINH_NOTIFICATIONS_OFFICE_H

#include "common/service/service.h"

enum office_result {
    OFFICE_FOUND,
    OFFICE_UNKNOWN,  /* no such unit */
    OFFICE_AWAY,     /* enrolment or analytics did not answer */
    OFFICE_CANCELED, /* the process ends */
};

/* Without an address nothing is asked about, and there is no forecast. */
struct office {
    const char *name;
    const char *email; /* "": none */
    const char *forecast_vi, *forecast_en;
};

/* office is NULL unless the result is OFFICE_FOUND, and borrowed during the call. */
typedef void (*office_fn)(void *arg, enum office_result result, const struct office *office);

/* Asks; fn runs once, never inside this call. svc is borrowed until then, code is copied: at most 7
 * characters. */
void office_ask(struct service *svc, const char *code, office_fn fn, void *arg);

#endif
