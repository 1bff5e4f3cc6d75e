/* Opening the next bill of a participant or of a member insured for health, or showing the open
 * one: what every method that does so has in common. The bill is committed, so that a payment finds
 * exactly what was shown. */
#ifndef ANSINH_PAYMENTS_INQUIRY_H
#define ANSINH_PAYMENTS_INQUIRY_H

#include "ansinh/v1/types.pb-c.h"
#include "common/domain/citizen.h"
#include "common/service/service.h"
#include "services/payments/health_bill.h"

/* First member of what a method needs; lives in the request's arena. */
struct inquiry {
    struct service *svc;
    struct bus_request *request;
    uint8_t citizen[ID_BYTES];
    const char *on, *on_field;   /* business date of the request, empty: today; its name */
    Ansinh__V1__Product product; /* unspecified: whatever the citizen has */
    struct health_terms health;  /* what is bought; of a participant nothing may be said but what
                                    expect judges */
    /* The answer for a state with an open bill (of health insurance with its card), in the
     * request's arena; NULL: no memory. */
    ProtobufCMessage *(*answer)(const struct inquiry *self, const struct citizen *citizen);
    /* Whether who asks may hear of this citizen: 0, or -EACCES with text, which is believed once
     * the directory was asked anew. May be NULL. */
    int (*admit)(const struct inquiry *self, const struct citizen *citizen, struct err *err);
    /* Whether the bill is what was expected: 0, or -EPERM with field and text. May be NULL. */
    int (*expect)(const struct inquiry *self, const struct citizen *citizen, struct err *err);
    int is_refreshed; /* the directory was asked anew: what it does not say is now really so */
};

/* Answers the request, always. */
void inquiry_run(struct inquiry *self);

#endif
