/* Takes tasks from the queue, asks enrolment for the address, delivers, writes down how it ended.
 *
 * Any number of instances may run one: a task is claimed by one of them at a time. What is written
 * down is tried until views answers, so that a message is not sent again because of a short
 * outage. */
#ifndef ANSINH_NOTIFICATIONS_SENDER_H
#define ANSINH_NOTIFICATIONS_SENDER_H

#include "common/service/service.h"
#include "services/notifications/maildir.h"
#include "services/notifications/notifications_store.h"
#include "services/notifications/smtp.h"
#include "services/notifications/templates.h"

struct sender;

struct sender_conf {
    struct service *svc; /* all borrowed */
    struct notify_store *store;
    const struct templates *templates;
    struct smtp *smtp;       /* NULL: the maildir is used */
    struct maildir *maildir; /* NULL: smtp is used */
    const char *from;
    const char *from_name;
    size_t concurrency; /* messages under way */
    int64_t rate_per_s; /* 0: unlimited */
    int64_t send_timeout_ms;
    int64_t retry_ms;
    unsigned tries_max;
    int64_t max_age_days;
    enum template_language alert_language; /* of what is told to units */
    const char *public_url;                /* of the dashboard, for these */
};

/* Registers its counters in svc->metrics. */
struct sender *sender_create(const struct sender_conf *conf);
/* Deliveries under way are dropped; their claims expire. Bus, views and relay must have answered,
 * or be closed. */
void sender_destroy(struct sender **self);

/* New tasks were written: looks at once instead of at the next tick. */
void sender_wake(struct sender *self);

/* True when nothing is under way; while the service drains nothing new begins. */
int sender_is_idle(const struct sender *self);

/* Tasks that wait, in the queue or on the way to it, as of the last look. */
int64_t sender_queued(const struct sender *self);

/* What keeps messages from going out, or NULL. */
const char *sender_problem(const struct sender *self);

#endif
