/* Once a business day: finds the units that are behind their plan and puts a letter for each into
 * the queue.
 *
 * The leader of the projection asks analytics for the boards of the country and of every province,
 * one after the other, each as of the configured hour. Whatever dies in between, the next leader
 * asks for all of them again: the history takes one letter per unit and day. */
#ifndef ANSINH_NOTIFICATIONS_BEHIND_H
#define ANSINH_NOTIFICATIONS_BEHIND_H

#include "common/service/projector.h"
#include "services/notifications/sender.h"

struct behind;

struct behind_conf {
    struct service *svc; /* all borrowed */
    struct notify_store *store;
    const struct projector *projector;
    struct sender *sender;
    int64_t hour; /* 0..23 in +07:00; negative: never */
    enum task_channel channel;
    int64_t queue_max; /* while more wait, nothing is added */
};

/* Registers its counter in svc->metrics. */
struct behind *behind_create(const struct behind_conf *conf);
/* Bus and views must have answered, or be closed; NULL is allowed. */
void behind_destroy(struct behind **self);

/* True when nothing is under way; while the service drains nothing new begins. */
int behind_is_idle(const struct behind *self);

#endif
