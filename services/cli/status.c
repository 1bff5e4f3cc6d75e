/* ansinh status: every instance, asked itself. */
#include <inttypes.h>
#include <string.h>

#include "ansinh/v1/health.pb-c.h"
#include "common/base/clock.h"
#include "services/cli/cli.h"

#define LOOK_MS 2500 /* longer than a registry beat: everybody alive has been seen */
#define ASK_MS 1500

static int64_t metric_of(const Ansinh__V1__StatsResponse *stats, const char *name)
{
    int64_t sum = 0;
    for (size_t i = 0; stats != NULL && i < stats->n_metrics; i++)
        sum += strcmp(stats->metrics[i]->name, name) == 0 ? stats->metrics[i]->value : 0;
    return sum;
}

static void *ask(struct service *svc, const struct bus_instance *instance, const char *method,
                 const ProtobufCMessageDescriptor *descriptor)
{
    struct bus_call call = {.service = instance->service,
                            .instance = instance->id,
                            .method = method,
                            .timeout_ms = ASK_MS};
    struct err err = {0};
    CLEANUP(buf_fini) struct buf body;
    buf_init(&body, BUS_FRAME_MAX_BYTES);
    if (cli_ask(svc, &call, NULL, 0, &body, &err) != 0)
        return NULL;
    return protobuf_c_message_unpack(descriptor, NULL, body.len, body.data);
}

/* The law that the instances seen so far compute with. */
struct laws {
    char digest[40]; /* of the first one; "" until then */
    unsigned amendments;
    int is_split; /* another one, although both have taken over the same amendments */
};

static void laws_add(struct laws *self, const Ansinh__V1__CheckResponse *check)
{
    if (check == NULL || check->policy_digest[0] == '\0')
        return;
    if (self->digest[0] == '\0') {
        (void)snprintf(self->digest, sizeof(self->digest), "%s", check->policy_digest);
        self->amendments = check->policy_amendments;
    } else if (check->policy_amendments == self->amendments &&
               strcmp(check->policy_digest, self->digest) != 0) {
        self->is_split = 1;
    }
}

static int print_instance(struct service *svc, const struct bus_instance *instance,
                          struct laws *laws)
{
    Ansinh__V1__CheckResponse *check =
        ask(svc, instance, "ansinh.v1.Health/Check", &ansinh__v1__check_response__descriptor);
    Ansinh__V1__StatsResponse *stats =
        ask(svc, instance, "ansinh.v1.Health/Stats", &ansinh__v1__stats_response__descriptor);
    int is_well = check != NULL && check->ok;
    laws_add(laws, check);
    (void)printf("%-18s %-10s %8" PRId64 " %12" PRId64 " %8" PRId64 " %8" PRId64 "  %-8.8s  ",
                 instance->id,
                 check == NULL     ? "silent"
                 : check->draining ? "draining"
                 : check->ok       ? "well"
                                   : "ill",
                 metric_of(stats, "requests_open"), metric_of(stats, "requests_total"),
                 metric_of(stats, "failures_total"),
                 metric_of(stats, "board_lag_events") + metric_of(stats, "notify_lag_events"),
                 check == NULL ? "" : check->policy_digest);
    for (size_t i = 0; check != NULL && i < check->n_problems; i++)
        (void)printf("%s; ", check->problems[i]);
    (void)putchar('\n');
    if (check != NULL)
        ansinh__v1__check_response__free_unpacked(check, NULL);
    if (stats != NULL)
        ansinh__v1__stats_response__free_unpacked(stats, NULL);
    return is_well;
}

int cli_status(int argc, char **argv)
{
    (void)argv;
    struct service svc;
    const char *names[] = {NULL};
    if (argc != 1)
        return cli_fail(2, "usage: ansinh status");
    if (cli_open(&svc, &cli_caller_spec, names) != 0)
        return 1;
    int64_t until_ms = clock_mono_ms() + LOOK_MS;
    size_t n;
    while ((void)service_instances(&svc, &n), n == 0 && clock_mono_ms() < until_ms)
        loop_turn(svc.loop, 50);
    const struct bus_instance *known = service_instances(&svc, &n);
    struct bus_instance instances[256];
    n = MIN(n, ARRAY_LEN(instances));
    memcpy(instances, known, n * sizeof(*known));
    (void)printf("%-18s %-10s %8s %12s %8s %8s  %-8s  %s\n", "instance", "state", "open",
                 "requests", "failures", "lag", "law", "problems");
    struct laws laws = {.digest = ""};
    int n_well = 0;
    for (size_t i = 0; i < n; i++)
        n_well += print_instance(&svc, &instances[i], &laws);
    service_close(&svc);
    if (n == 0)
        return cli_fail(1, "no instance is running");
    if (laws.is_split)
        return cli_fail(1, "instances compute by different laws: their files in ANSINH_POLICY are "
                           "not the same");
    return (size_t)n_well == n ? 0 : 1;
}
