#include "common/service/health.h"

#include <stdio.h>
#include <string.h>

#include "ansinh/v1/health.pb-c.h"
#include "common/service/policy_book.h"

#define PROBLEMS_MAX 8
#define STATS_MAX 2048

size_t health_problems(struct service *svc, const char **ret, size_t max)
{
    size_t n = 0;
    if (n < max && svc->ledger != NULL && store_links_up(svc->ledger) == 0)
        ret[n++] = "the ledger cannot be reached";
    if (n < max && store_links_up(svc->views) == 0)
        ret[n++] = "the views server cannot be reached";
    const char *own = svc->spec->problem == NULL ? NULL : svc->spec->problem(svc);
    if (n < max && own != NULL)
        ret[n++] = own;
    return n;
}

static void on_check(void *arg, struct bus_request *request)
{
    struct service *svc = arg;
    const char *problems[PROBLEMS_MAX];
    Ansinh__V1__CheckResponse out;
    ansinh__v1__check_response__init(&out);
    out.n_problems = health_problems(svc, problems, PROBLEMS_MAX);
    char *texts[PROBLEMS_MAX];
    for (size_t i = 0; i < out.n_problems; i++)
        texts[i] = arena_strndup(request->arena, problems[i], strlen(problems[i]));
    out.problems = texts;
    char service[BUS_NAME_BYTES], version[] = ANSINH_VERSION;
    (void)snprintf(service, sizeof(service), "%s", svc->spec->name);
    out.ok = out.n_problems == 0 && !svc->is_draining;
    out.service = service;
    out.instance = svc->conf.instance;
    out.version = version;
    out.started_at_ms = svc->started_at_ms;
    out.draining = svc->is_draining;
    char digest[POLICY_DIGEST_TEXT_BYTES];
    if (svc->policy_book != NULL) {
        (void)snprintf(digest, sizeof(digest), "%s", policy_book_digest(svc->policy_book));
        out.policy_digest = digest;
        out.policy_amendments = policy_book_amendments(svc->policy_book);
    }
    bus_reply(request, &out.base);
}

/* Gathers the numbers of one Stats answer in the request's arena. */
struct stats_sink {
    struct arena *arena;
    Ansinh__V1__Stat *rows[STATS_MAX];
    size_t n;
};

static void emit_row(void *sink, const char *name, const char *labels, int64_t value,
                     int is_counter)
{
    struct stats_sink *self = sink;
    Ansinh__V1__Stat *row = self->n < STATS_MAX ? arena_alloc(self->arena, sizeof(*row)) : NULL;
    if (row == NULL)
        return;
    ansinh__v1__stat__init(row);
    row->name = arena_strndup(self->arena, name, strlen(name));
    row->labels = arena_strndup(self->arena, labels, strlen(labels));
    row->value = value;
    row->is_counter = is_counter;
    if (row->name != NULL && row->labels != NULL)
        self->rows[self->n++] = row;
}

static void on_stats(void *arg, struct bus_request *request)
{
    struct service *svc = arg;
    struct stats_sink *sink = arena_zalloc(request->arena, sizeof(*sink));
    if (sink == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "",
                 "no memory for the numbers");
        return;
    }
    sink->arena = request->arena;
    metrics_walk(svc->metrics, emit_row, sink);
    char service[BUS_NAME_BYTES];
    (void)snprintf(service, sizeof(service), "%s", svc->spec->name);
    Ansinh__V1__StatsResponse out;
    ansinh__v1__stats_response__init(&out);
    out.service = service;
    out.instance = svc->conf.instance;
    out.metrics = sink->rows;
    out.n_metrics = sink->n;
    bus_reply(request, &out.base);
}

static void collect_store(const struct store *store, const char *labels, metrics_emit_fn emit,
                          void *sink)
{
    struct store_stats stats;
    store_stats_get(store, &stats);
    emit(sink, "redis_commands_total", labels, stats.commands, 1);
    emit(sink, "redis_batches_total", labels, stats.batches, 1);
    emit(sink, "redis_reconnects_total", labels, stats.reconnects, 1);
    emit(sink, "redis_refused_total", labels, stats.refused, 1);
    emit(sink, "redis_unknown_total", labels, stats.unknown, 1);
    emit(sink, "redis_links_up", labels, store_links_up(store), 0);
    emit(sink, "redis_open_commands", labels, (int64_t)store_open_commands(store), 0);
}

static void collect_methods(const struct bus_server *server, metrics_emit_fn emit, void *sink)
{
    struct bus_method_stats stats;
    for (size_t i = 0; bus_server_method_stats(server, i, &stats); i++) {
        char labels[96];
        (void)snprintf(labels, sizeof(labels), "method=\"%s\"", stats.method);
        emit(sink, "method_calls_total", labels, stats.calls, 1);
        emit(sink, "method_errors_total", labels, stats.errors, 1);
        emit(sink, "method_busy_us_total", labels, stats.busy_us, 1);
    }
}

static void collect(void *arg, metrics_emit_fn emit, void *sink)
{
    struct service *svc = arg;
    if (svc->ledger != NULL)
        collect_store(svc->ledger, "redis=\"ledger\"", emit, sink);
    collect_store(svc->views, "redis=\"views\"", emit, sink);
    struct bus_server_stats server;
    bus_server_stats_get(svc->server, &server);
    emit(sink, "requests_total", "", server.requests, 1);
    emit(sink, "replies_total", "", server.replies, 1);
    emit(sink, "failures_total", "", server.failures, 1);
    emit(sink, "malformed_total", "", server.malformed, 1);
    emit(sink, "unknown_method_total", "", server.unknown_method, 1);
    emit(sink, "expired_total", "", server.expired, 1);
    emit(sink, "overloaded_total", "", server.overloaded, 1);
    emit(sink, "unroutable_total", "", server.unroutable, 1);
    emit(sink, "requests_open", "", bus_server_open(svc->server), 0);
    emit(sink, "denied_handshakes_total", "", bus_denied(svc->bus), 1);
    emit(sink, "start_time_ms", "", svc->started_at_ms, 0);
    collect_methods(svc->server, emit, sink);
    if (svc->client == NULL)
        return;
    struct bus_client_stats client;
    bus_client_stats_get(svc->client, &client);
    emit(sink, "calls_total", "", client.calls, 1);
    emit(sink, "call_retries_total", "", client.retries, 1);
    emit(sink, "call_timeouts_total", "", client.timeouts, 1);
    emit(sink, "calls_refused_total", "", client.refused, 1);
}

void health_add(struct service *svc)
{
    static const struct bus_method methods[] = {
        {"Check", on_check, BUS_URGENT},
        {"Stats", on_stats, BUS_URGENT},
    };
    bus_server_add(svc->server, &ansinh__v1__health__descriptor, methods, ARRAY_LEN(methods), svc);
    metrics_collector(svc->metrics, collect, svc);
}
