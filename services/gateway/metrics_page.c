#include "services/gateway/metrics_page.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/health.pb-c.h"
#include "common/base/log.h"
#include "services/gateway/connect_error.h"

#define ARENA_MAX_BYTES ((size_t)32 * 1024 * 1024)
#define SAMPLES_MAX 100000
#define WAITERS_MAX 64
#define TEXT_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define STATS_METHOD "ansinh.v1.Health/Stats"

/* Texts are in the page's arena. */
struct sample {
    const char *name;
    const char *labels;
    const char *service;
    const char *instance;
    int64_t value;
    int is_counter;
    size_t order; /* of arrival: keeps the sort stable */
};

/* One instance that is being asked. */
struct ask {
    struct metrics_page *page;
    struct bus_instance instance;
};

struct metrics_page {
    struct service *svc;
    struct arena *arena; /* of the collection */
    struct sample *samples;
    size_t n_samples, samples_capacity;
    size_t n_asked; /* not answered yet */
    struct http_request *waiters[WAITERS_MAX];
    size_t n_waiters;
    struct buf text;
};

struct metrics_page *metrics_page_create(struct service *svc)
{
    struct metrics_page *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->arena = arena_create(ARENA_MAX_BYTES);
    buf_init(&self->text, TEXT_MAX_BYTES);
    return self;
}

void metrics_page_destroy(struct metrics_page **self)
{
    if (*self == NULL)
        return;
    ASSERT((*self)->n_asked == 0);
    arena_destroy(&(*self)->arena);
    buf_fini(&(*self)->text);
    free((*self)->samples);
    free(*self);
    *self = NULL;
}

/* --- gathering -------------------------------------------------------------------------------- */

static void add_sample(struct metrics_page *self, const struct ask *ask, const char *name,
                       const char *labels, int64_t value, int is_counter)
{
    if (self->n_samples == SAMPLES_MAX)
        return;
    if (self->n_samples == self->samples_capacity) {
        self->samples_capacity = MAX((size_t)1024, 2 * self->samples_capacity);
        self->samples = realloc(self->samples, self->samples_capacity * sizeof(*self->samples));
        ASSERT(self->samples != NULL);
    }
    self->samples[self->n_samples] = (struct sample){
        name, labels, ask->instance.service, ask->instance.id, value, is_counter, self->n_samples,
    };
    self->n_samples++;
}

static int is_name(const char *text)
{
    return text[0] != '\0' && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(text);
}

static void add_stats(struct metrics_page *self, const struct ask *ask,
                      const struct bus_answer *answer)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    Ansinh__V1__StatsResponse *stats =
        answer->code != ANSINH__V1__CODE__CODE_UNSPECIFIED
            ? NULL
            : ansinh__v1__stats_response__unpack(&allocator, answer->body_len, answer->body);
    add_sample(self, ask, "up", "", stats != NULL, 0);
    for (size_t i = 0; stats != NULL && i < stats->n_metrics; i++) {
        const Ansinh__V1__Stat *metric = stats->metrics[i];
        if (is_name(metric->name) && strchr(metric->labels, '\n') == NULL)
            add_sample(self, ask, metric->name, metric->labels, metric->value, metric->is_counter);
    }
}

/* --- writing ---------------------------------------------------------------------------------- */

static int compare_samples(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

/* All samples of one name must follow each other, after one line with its type. */
static void write_text(struct metrics_page *self)
{
    struct buf *out = &self->text;
    buf_reset(out);
    if (self->n_samples > 0)
        qsort(self->samples, self->n_samples, sizeof(*self->samples), compare_samples);
    for (size_t i = 0; i < self->n_samples; i++) {
        const struct sample *sample = &self->samples[i];
        if (i == 0 || strcmp(sample->name, self->samples[i - 1].name) != 0)
            (void)buf_printf(out, "# TYPE ansinh_%s %s\n", sample->name,
                             sample->is_counter ? "counter" : "gauge");
        (void)buf_printf(out, "ansinh_%s{service=\"%s\",instance=\"%s\"%s%s} %lld\n", sample->name,
                         sample->service, sample->instance, sample->labels[0] == '\0' ? "" : ",",
                         sample->labels, (long long)sample->value);
    }
}

static void answer_text(const struct metrics_page *self, struct http_request *request)
{
    static const struct http_header headers[] = {
        {"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
        {"Cache-Control", "no-store"},
    };
    if (buf_append(&request->out, self->text.data, self->text.len) < 0)
        request->out.len = 0;
    http_answer(request, 200, headers, ARRAY_LEN(headers), request->out.data, request->out.len);
}

static void finish(struct metrics_page *self)
{
    write_text(self);
    for (size_t i = 0; i < self->n_waiters; i++)
        answer_text(self, self->waiters[i]);
    self->n_waiters = 0;
    self->n_samples = 0;
    arena_reset(self->arena);
}

/* --- a collection ----------------------------------------------------------------------------- */

static void on_stats(void *arg, const struct bus_answer *answer)
{
    const struct ask *ask = arg;
    struct metrics_page *self = ask->page;
    add_stats(self, ask, answer);
    if (--self->n_asked == 0)
        finish(self);
}

static void collect(struct metrics_page *self)
{
    size_t n;
    const struct bus_instance *instances = service_instances(self->svc, &n);
    Ansinh__V1__StatsRequest input;
    ansinh__v1__stats_request__init(&input);
    for (size_t i = 0; i < n; i++) {
        struct ask *ask = arena_alloc(self->arena, sizeof(*ask));
        ASSERT(ask != NULL); /* the registry's limit keeps them few */
        *ask = (struct ask){self, instances[i]};
        struct bus_call call = {.service = ask->instance.service,
                                .instance = ask->instance.id,
                                .method = STATS_METHOD,
                                .timeout_ms = SCRAPE_TIMEOUT_MS};
        self->n_asked++;
        bus_call(self->svc->client, &call, &input.base, on_stats, ask);
    }
    if (n == 0)
        finish(self);
}

void metrics_page_handle(struct metrics_page *self, struct http_request *request)
{
    if (self->n_waiters == WAITERS_MAX) {
        struct connect_error error = {.code = ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED,
                                      .message = "too many scrapes wait already",
                                      .retry_after_ms = SCRAPE_TIMEOUT_MS};
        connect_error_answer(request, &error, NULL, 0);
        return;
    }
    self->waiters[self->n_waiters++] = request;
    if (self->n_asked == 0)
        collect(self);
}
