/* The notifications service: tells participants what was recorded about them. See README.md. */
#ifndef ANSINH_NOTIFICATIONS_NOTIFICATIONS_H
#define ANSINH_NOTIFICATIONS_NOTIFICATIONS_H

#include "common/base/buf.h"
#include "common/service/projector.h"
#include "services/notifications/behind.h"
#include "services/notifications/notifications_store.h"
#include "services/notifications/sender.h"

extern const struct service_spec notifications_spec;

struct notifications {
    struct service *svc;
    struct projector *projector;
    struct notify_store *store;
    struct sender *sender;
    struct behind *behind;
    struct templates *templates;
    struct smtp *smtp;
    struct maildir *maildir;
    struct buf found;     /* packed tasks since the last flush, each after its length (one byte) */
    size_t collected_len; /* of them in the flush under way */
    int64_t n_found;      /* of them that will be queued */
    int64_t *n_queued, *n_expired, *n_overflow;
};

/* Answers ListDeliveries; arg is the struct notifications. */
void on_list_deliveries(void *arg, struct bus_request *request);

#endif
