/* Opening a participant's next bill, or showing the open one: what every method that does so has in
 * common. The bill is committed, so that a payment finds exactly what was shown. */
#ifndef ANSINH_PAYMENTS_INQUIRY_H
#define ANSINH_PAYMENTS_INQUIRY_H

#include "common/domain/citizen.h"
#include "common/service/service.h"

/* First member of what a method needs; lives in the request's arena. */
struct inquiry {
    struct service *svc;
    struct bus_request *request;
    uint8_t citizen[ID_BYTES];
    const char *on, *on_field; /* business date of the request, empty: today; its name */
    /* The answer for a state with an open bill, in the request's arena; NULL: no memory. */
    ProtobufCMessage *(*answer)(const struct inquiry *self, const struct citizen *citizen);
    /* Whether the bill is what was expected: 0, or -EPERM with field and text. May be NULL. */
    int (*expect)(const struct inquiry *self, const struct citizen *citizen, struct err *err);
    int is_refreshed; /* the directory was asked anew: an unknown commune is now really unknown */
};

/* Answers the request, always. */
void inquiry_run(struct inquiry *self);

#endif
