#include "common/service/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/store/views.h"

#define INSTANCES_MAX 512

struct registry {
    struct loop *loop;
    struct store *views;
    struct bus_instance own; /* id is "" for a tool */
    char info[REGISTRY_INFO_MAX_BYTES];
    size_t info_len;
    struct bus_instance instances[INSTANCES_MAX];
    size_t n_instances;
    struct bus_instance fresh[INSTANCES_MAX]; /* the answer being read */
    struct {
        service_instances_fn fn;
        void *arg;
    } listeners[REGISTRY_LISTENERS_MAX];
    size_t n_listeners;
    struct loop_timer *timer;
    int is_asking; /* a beat is under way: the next one waits for its answer */
    int is_withdrawn;
};

/* Copies the next line of info (NUL-terminated text) to out; answers where the line after it
 * starts. */
static const char *take_line(const char *text, char *out, size_t size)
{
    size_t len = strcspn(text, "\n");
    (void)snprintf(out, size, "%.*s", (int)len, text);
    return text[len] == '\n' ? text + len + 1 : text + len;
}

static void entry_read(const struct registry_entry *entry, struct bus_instance *ret)
{
    char info[REGISTRY_INFO_MAX_BYTES + 1];
    (void)snprintf(info, sizeof(info), "%.*s", (int)entry->info_len, (const char *)entry->info);
    (void)snprintf(ret->id, sizeof(ret->id), "%.*s", (int)entry->id_len, entry->id);
    const char *rest = take_line(info, ret->service, sizeof(ret->service));
    rest = take_line(rest, ret->endpoint, sizeof(ret->endpoint));
    (void)take_line(rest, ret->events, sizeof(ret->events));
}

static int compare_instances(const void *a, const void *b)
{
    return strcmp(((const struct bus_instance *)a)->id, ((const struct bus_instance *)b)->id);
}

static void on_entries(void *arg, int rc, const struct registry_entry *entries, size_t n)
{
    struct registry *self = arg;
    self->is_asking = 0;
    if (rc < 0)
        return; /* the last known instances stay: they may well live while views is away */
    struct bus_instance *fresh = self->fresh;
    n = MIN(n, (size_t)INSTANCES_MAX);
    memset(fresh, 0, n * sizeof(*fresh));
    for (size_t i = 0; i < n; i++)
        entry_read(&entries[i], &fresh[i]);
    qsort(fresh, n, sizeof(*fresh), compare_instances);
    if (n == self->n_instances && memcmp(fresh, self->instances, n * sizeof(*fresh)) == 0)
        return;
    memcpy(self->instances, fresh, n * sizeof(*fresh));
    self->n_instances = n;
    for (size_t i = 0; i < self->n_listeners; i++)
        self->listeners[i].fn(self->listeners[i].arg, self->instances, n);
}

static void beat(void *arg)
{
    struct registry *self = arg;
    if (self->is_asking)
        return;
    self->is_asking = 1;
    if (self->own.id[0] == '\0' || self->is_withdrawn) {
        registry_read(self->views, on_entries, self);
        return;
    }
    int rc = registry_beat(self->views, self->own.id, self->info, self->info_len, REGISTRY_TTL_MS,
                           on_entries, self);
    ASSERT(rc == 0);
}

struct registry *registry_create(struct loop *loop, struct store *views,
                                 const struct bus_instance *self_entry)
{
    struct registry *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->loop = loop;
    self->views = views;
    if (self_entry != NULL) {
        self->own = *self_entry;
        int len = snprintf(self->info, sizeof(self->info), "%s\n%s\n%s", self->own.service,
                           self->own.endpoint, self->own.events);
        self->info_len = (size_t)len;
    }
    self->timer = loop_timer_add(loop, 0, REGISTRY_BEAT_MS, beat, self);
    return self;
}

void registry_destroy(struct registry **self)
{
    if (*self == NULL)
        return;
    loop_timer_cancel((*self)->loop, &(*self)->timer);
    free(*self);
    *self = NULL;
}

void registry_withdraw(struct registry *self)
{
    if (self->own.id[0] == '\0' || self->is_withdrawn)
        return;
    self->is_withdrawn = 1;
    int rc = registry_leave(self->views, self->own.id, NULL, NULL);
    ASSERT(rc == 0);
}

void registry_listen(struct registry *self, service_instances_fn fn, void *arg)
{
    ASSERT(self->n_listeners < REGISTRY_LISTENERS_MAX);
    self->listeners[self->n_listeners].fn = fn;
    self->listeners[self->n_listeners++].arg = arg;
    if (self->n_instances > 0)
        fn(arg, self->instances, self->n_instances);
}

const struct bus_instance *registry_instances(const struct registry *self, size_t *ret_n)
{
    *ret_n = self->n_instances;
    return self->instances;
}
