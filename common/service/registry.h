/* Who lives: this process's entry in the registry, refreshed every second, and the instances of
 * everybody else. */
#ifndef ANSINH_SERVICE_REGISTRY_H
#define ANSINH_SERVICE_REGISTRY_H

#include "common/service/service.h"

#define REGISTRY_BEAT_MS 1000
#define REGISTRY_TTL_MS 4000
#define REGISTRY_LISTENERS_MAX 8

struct registry;

/* Reads the registry every REGISTRY_BEAT_MS. self_entry (NULL for a tool that serves nothing) is
 * also announced; copied. */
struct registry *registry_create(struct loop *loop, struct store *views,
                                 const struct bus_instance *self_entry);
void registry_destroy(struct registry **self);

/* Takes the entry out now; callers stop asking within a second. */
void registry_withdraw(struct registry *self);

/* Runs fn after every change, and once now when instances are known already. */
void registry_listen(struct registry *self, service_instances_fn fn, void *arg);

const struct bus_instance *registry_instances(const struct registry *self, size_t *ret_n);

#endif
