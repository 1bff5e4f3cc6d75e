/* chaos_load bus|proto|json HISTORY SEED WALKERS CITIZENS [GATEWAY...]
 *
 * Loads a platform until "settle" comes on standard input, then settles what is unknown, reads
 * everybody and ends. The platform is found by the environment as any service finds it; gateways
 * are "address:port". */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "tests/chaos/walker.h"

#define WALKERS_MAX 256
#define CITIZENS_MAX 900000
#define PROGRESS_MS 1000
#define USAGE "usage: chaos_load bus|proto|json HISTORY SEED WALKERS CITIZENS [GATEWAY...]\n"

static const struct service_spec spec = {
    .name = "cli", .prefix = "CLOAD_", .needs = SERVICE_VIEWS | SERVICE_CLIENT};

static int stop(const char *what, const char *why)
{
    (void)fprintf(stderr, "chaos_load: %s: %s\n", what, why);
    return 1;
}

static void on_word(void *arg, int events)
{
    struct client *client = arg;
    char text[16];
    (void)events;
    ssize_t n = read(STDIN_FILENO, text, sizeof(text));
    if (n <= 0)
        exit(stop("standard input", "closed"));
    if (!client->is_settling)
        history_faults_end(&client->history);
    client_settle(client);
}

/* Lets whoever watches see that it goes on. */
static void tell(void *arg)
{
    const struct client *client = arg;
    (void)printf("%lu\n", client->n_ok);
    (void)fflush(stdout);
}

static struct lane *make_lane(struct service *svc, const char *how, char **gateways, size_t n,
                              size_t i)
{
    if (strcmp(how, "bus") == 0)
        return lane_create_bus(svc);
    return lane_create_http(svc->loop, (const char *const *)gateways, n, i,
                            strcmp(how, "json") == 0);
}

static void run(struct service *svc, struct client *client, struct walker **walkers, size_t n)
{
    struct loop_source *words = loop_add_fd(svc->loop, STDIN_FILENO, LOOP_READ, on_word, client);
    struct loop_timer *timer = loop_timer_add(svc->loop, PROGRESS_MS, PROGRESS_MS, tell, client);
    while (client->n_ended < n)
        loop_turn(svc->loop, 100);
    loop_source_remove(&words);
    loop_timer_cancel(svc->loop, &timer);
    for (size_t i = 0; i < n; i++)
        walker_destroy(&walkers[i]);
}

int main(int argc, char **argv)
{
    static struct walker *walkers[WALKERS_MAX];
    static struct client client;
    struct service svc;
    struct err err = {0};
    int64_t seed, n_walkers, n_citizens;
    if (argc < 6 || parse_int64(argv[3], 0, INT64_MAX, &seed) < 0 ||
        parse_int64(argv[4], 1, WALKERS_MAX, &n_walkers) < 0 ||
        parse_int64(argv[5], 1, CITIZENS_MAX, &n_citizens) < 0 ||
        (strcmp(argv[1], "bus") != 0 && argc == 6)) {
        (void)fprintf(stderr, USAGE);
        return 2;
    }
    int rc = history_create(&client.history, argv[2]);
    if (rc < 0)
        return stop(argv[2], strerror(-rc));
    if (service_open(&svc, &spec, NULL, &err) < 0)
        return stop("start", err.text);
    client.loop = svc.loop;
    client.seed = (uint64_t)seed;
    client.n_citizens = (uint32_t)n_citizens;
    client.may_hang_up = strcmp(argv[1], "bus") != 0;
    client.is_partner = !client.may_hang_up; /* over HTTP a partner signs */
    client.known = calloc((size_t)n_citizens, sizeof(*client.known));
    client.unsettled = calloc(UNSETTLED_MAX, sizeof(*client.unsettled));
    ASSERT(client.known != NULL && client.unsettled != NULL);
    client.this_month = (uint32_t)month_of_day(clock_business_day(clock_wall_ms()));
    for (uint32_t i = 0; i < client.n_citizens; i++)
        client.known[i].month = is_todays(i) ? client.this_month : FIRST_MONTH;
    client.begin_ms = clock_mono_ms();
    for (size_t i = 0; i < (size_t)n_walkers; i++)
        walkers[i] = walker_create(&client, make_lane(&svc, argv[1], argv + 6, (size_t)argc - 6, i),
                                   (unsigned)i);
    run(&svc, &client, walkers, (size_t)n_walkers);
    history_close(&client.history);
    for (size_t i = 0; i < RECENT_MAX; i++)
        step_free(&client.recent[i]);
    for (size_t i = 0; i < client.n_held; i++)
        step_free(&client.held[i]);
    free(client.known);
    free(client.unsettled);
    service_close(&svc);
    return 0;
}
