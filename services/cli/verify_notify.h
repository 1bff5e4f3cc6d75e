/* What participants are told against the journals: each enrolment and each payment has one delivery
 * in the views server, or waits to be filed there. */
#ifndef ANSINH_CLI_VERIFY_NOTIFY_H
#define ANSINH_CLI_VERIFY_NOTIFY_H

#include "services/cli/verify_fold.h"

struct check;
struct verify_notify;

struct verify_notify *verify_notify_create(struct verify *verify);
void verify_notify_destroy(struct verify_notify **self);

/* Reads the projection's checkpoint; a failure is verify->failed. Before any journal is read. */
void verify_notify_load(struct verify_notify *self);

/* Checks the deliveries of a partition's citizens, then runs done(arg). Borrows fold until then. */
void verify_notify_check(struct verify_notify *self, const struct fold *fold,
                         void (*done)(struct check *arg), struct check *arg);

/* After all partitions: looks again for what was on its way, and reports what is not there. */
void verify_notify_finish(struct verify_notify *self);

#endif
