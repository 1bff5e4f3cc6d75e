#include "common/service/service.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/conf_common.h"
#include "common/service/directory.h"
#include "common/service/health.h"
#include "common/service/policy.h"
#include "common/service/policy_book.h"
#include "common/service/registry.h"
#include "common/service/seen.h"
#include "common/store/commit.h"

#define START_WAIT_MS 30000 /* for a Redis server that is still loading its file */
#define BACKLOG_MAX 65536
#define ARENA_BYTES (4 * 1024 * 1024)
#define CLIENT_WINDOW 1024
#define CLIENT_WAITING_MAX 20000
#define CLIENT_TRY_MS 1500
#define CLIENT_PING_MS 1000
#define DRAIN_POLL_MS 20

/* The store tells of lost links and refused commands, at a bounded rate; only here they are logged.
 */
static void on_trouble(void *arg, const char *store, const char *what, const char *why)
{
    (void)arg;
    log_warn("redis trouble", "store=%s what=\"%s\" reason=\"%s\"", store, what, why);
}

static int open_store(struct service *svc, int is_ledger, struct store **ret, struct err *err)
{
    struct store_conf conf = {
        .name = is_ledger ? "ledger" : "views",
        .url = is_ledger ? svc->conf.ledger : svc->conf.views,
        .password_file = is_ledger ? svc->conf.ledger_password_file : svc->conf.views_password_file,
        .n_links = (unsigned)svc->conf.links,
        .timeout_ms = svc->conf.redis_timeout_ms,
        .backlog_max = BACKLOG_MAX,
        .on_trouble = on_trouble,
    };
    int rc = store_create(svc->loop, &conf, ret, err);
    if (rc == 0)
        rc = store_check_functions(*ret, is_ledger, START_WAIT_MS, err);
    if (rc == 0 && is_ledger && !svc->conf.allow_weak_ledger)
        rc = store_check_durability(*ret, START_WAIT_MS, err);
    return rc;
}

static int open_bus(struct service *svc, struct err *err)
{
    char path[2 * CONF_STRING_BYTES];
    (void)snprintf(path, sizeof(path), "%s/curve-%s.key", svc->conf.keys, svc->spec->name);
    struct bus_conf conf = {
        .loop = svc->loop,
        .keys = access(path, F_OK) == 0 ? svc->conf.keys : "",
        .role = svc->spec->name,
    };
    int rc = bus_create(&conf, &svc->bus, err);
    if (rc < 0 || !(svc->spec->needs & SERVICE_CLIENT))
        return rc;
    struct bus_client_conf client = {svc->conf.instance, CLIENT_WINDOW, CLIENT_WAITING_MAX,
                                     CLIENT_TRY_MS, CLIENT_PING_MS};
    return bus_client_create(svc->bus, &client, &svc->client, err);
}

static int open_server(struct service *svc, struct err *err)
{
    struct bus_server_conf conf = {svc->conf.bind, (unsigned)svc->conf.requests_max, ARENA_BYTES};
    int rc = bus_server_create(svc->bus, &conf, &svc->server, err);
    if (rc == 0)
        health_add(svc);
    return rc;
}

/* --- the law --- */

static int open_policy(struct service *svc, struct err *err)
{
    struct policy *files;
    int rc = policy_load(svc->conf.policy, &files, err);
    if (rc == 0)
        rc = policy_book_create(&files, &svc->policy_book, err);
    if (rc == 0)
        svc->policy = policy_book_current(svc->policy_book);
    return rc;
}

/* Who computed by another law than the fleet would be wrong in money: it ends, and does not start
 * before its files are those of the others. */
static void on_directory_news(void *arg)
{
    struct service *svc = arg;
    struct err err = {0};
    int rc = svc->has_failed ? 0 : policy_book_follow(svc->policy_book, svc->directory, &err);
    svc->policy = policy_book_current(svc->policy_book);
    if (rc > 0)
        log_info("the law changed", "amendments=%u digest=%s",
                 policy_book_amendments(svc->policy_book), policy_book_digest(svc->policy_book));
    if (rc >= 0)
        return;
    log_error("the law cannot be taken over: do the files of all instances agree?",
              "policy=%s reason=\"%s\"", svc->conf.policy, err.text);
    svc->has_failed = 1;
    loop_stop(svc->loop);
}

static int follow_policy(struct service *svc, struct err *err)
{
    int rc = policy_book_follow(svc->policy_book, svc->directory, err);
    svc->policy = policy_book_current(svc->policy_book);
    directory_listen(svc->directory, on_directory_news, svc);
    return MIN(rc, 0);
}

static int open_reference(struct service *svc, struct err *err)
{
    unsigned needs = svc->spec->needs;
    int rc = 0;
    if (needs & SERVICE_KEYRING)
        rc = keyring_open(svc->conf.keys, &svc->keyring, err);
    if (rc == 0 && needs & SERVICE_POLICY)
        rc = open_policy(svc, err);
    if (rc == 0 && needs & SERVICE_DIRECTORY) {
        svc->directory = directory_create(svc->loop, svc->ledger);
        rc = directory_load(svc->directory, START_WAIT_MS, err);
        if (rc == 0 && svc->policy_book != NULL)
            rc = follow_policy(svc, err);
    }
    return rc;
}

/* "tcp://0.0.0.0:7101" becomes "tcp://<advertise>:7101". */
static void reachable(const struct service *svc, const char *endpoint, char ret[BUS_ENDPOINT_BYTES])
{
    const char *port = strrchr(endpoint, ':');
    if (strncmp(endpoint, "tcp://", 6) == 0 && svc->conf.advertise[0] != '\0')
        (void)snprintf(ret, BUS_ENDPOINT_BYTES, "tcp://%.64s%.16s", svc->conf.advertise, port);
    else
        (void)snprintf(ret, BUS_ENDPOINT_BYTES, "%s", endpoint);
}

static void update_client(void *arg, const struct bus_instance *instances, size_t n)
{
    struct service *svc = arg;
    bus_client_set_instances(svc->client, instances, n);
}

static void open_registry(struct service *svc)
{
    struct bus_instance own = {.events = ""};
    if (svc->server != NULL) {
        (void)snprintf(own.id, sizeof(own.id), "%.47s", svc->conf.instance);
        (void)snprintf(own.service, sizeof(own.service), "%s", svc->spec->name);
        reachable(svc, bus_server_endpoint(svc->server), own.endpoint);
    }
    if (svc->publisher != NULL)
        reachable(svc, bus_publisher_endpoint(svc->publisher), own.events);
    svc->registry = registry_create(svc->loop, svc->views, svc->server == NULL ? NULL : &own);
    if (svc->client != NULL)
        registry_listen(svc->registry, update_client, svc);
}

/* Everything of service_open after the configuration is known. */
static int open_parts(struct service *svc, struct err *err)
{
    unsigned needs = svc->spec->needs;
    int rc = open_bus(svc, err);
    if (rc == 0)
        rc = open_store(svc, 0, &svc->views, err);
    if (rc == 0 && needs & SERVICE_LEDGER)
        rc = open_store(svc, 1, &svc->ledger, err);
    if (rc == 0)
        rc = open_reference(svc, err);
    if (rc == 0 && needs & SERVICE_SERVER)
        rc = open_server(svc, err);
    if (rc == 0 && needs & SERVICE_PUBLISHER) {
        rc = bus_publisher_create(svc->bus, svc->conf.bind_events, &svc->publisher, err);
        if (rc == 0)
            bus_publisher_drop_every(svc->publisher, (unsigned)svc->conf.drop_events_every);
    }
    if (rc == 0)
        open_registry(svc);
    return rc;
}

static enum log_level log_level_of(const char *text)
{
    return text[0] == 'd'   ? LOG_DEBUG
           : text[0] == 'i' ? LOG_INFO
           : text[0] == 'w' ? LOG_WARN
                            : LOG_ERROR;
}

static int configure(struct service *svc, const struct service_spec *spec, const char *file,
                     struct err *err)
{
    svc->spec = spec;
    svc->started_at_ms = clock_wall_ms();
    int rc = service_conf_load(&svc->conf, spec, file, err);
    if (rc == 0)
        log_open(svc->conf.instance, log_level_of(svc->conf.log_level));
    return rc;
}

int service_open(struct service *svc, const struct service_spec *spec, const char *config_file,
                 struct err *err)
{
    memset(svc, 0, sizeof(*svc));
    if (sodium_init() < 0)
        return err_set(err, -EIO, "libsodium does not start");
    int rc = configure(svc, spec, config_file, err);
    if (rc < 0)
        return rc;
    svc->loop = loop_create();
    svc->metrics = metrics_create();
    rc = open_parts(svc, err);
    if (rc < 0)
        service_close(svc);
    return rc;
}

void service_close(struct service *svc)
{
    /* first everything that still holds callbacks into the rest */
    bus_client_destroy(&svc->client);
    store_destroy(&svc->views);
    store_destroy(&svc->ledger);
    seen_destroy(&svc->seen);
    registry_destroy(&svc->registry);
    bus_server_destroy(&svc->server);
    bus_publisher_destroy(&svc->publisher);
    directory_destroy(&svc->directory);
    policy_book_destroy(&svc->policy_book);
    svc->policy = NULL;
    keyring_destroy(&svc->keyring);
    bus_destroy(&svc->bus);
    metrics_destroy(&svc->metrics);
    loop_destroy(&svc->loop);
}

int service_sees(const struct service *svc, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (bus_client_count(svc->client, *names) == 0)
            return 0;
    }
    return 1;
}

void service_on_instances(struct service *svc, service_instances_fn fn, void *arg)
{
    registry_listen(svc->registry, fn, arg);
}

const struct bus_instance *service_instances(const struct service *svc, size_t *ret_n)
{
    return registry_instances(svc->registry, ret_n);
}

/* --- the life of a service --- */

struct life {
    struct service svc;
    int64_t drain_until_ms;
    struct loop_timer *drain_timer;
};

static int is_drained(struct service *svc)
{
    return (svc->server == NULL || bus_server_open(svc->server) == 0) &&
           (svc->spec->is_idle == NULL || svc->spec->is_idle(svc));
}

static void poll_drain(void *arg)
{
    struct life *life = arg;
    int is_late = clock_mono_ms() >= life->drain_until_ms;
    if (!is_late && !is_drained(&life->svc))
        return;
    if (is_late)
        log_warn("drain time is over, open requests are dropped", "drain_ms=%lld",
                 (long long)life->svc.conf.drain_ms);
    loop_timer_cancel(life->svc.loop, &life->drain_timer);
    loop_stop(life->svc.loop);
}

static void on_signal(void *arg, int signal_number)
{
    struct life *life = arg;
    struct service *svc = &life->svc;
    if (signal_number == SIGHUP || svc->is_draining)
        return;
    log_info("draining", "signal=%d", signal_number);
    svc->is_draining = 1;
    if (svc->server != NULL)
        bus_server_drain(svc->server);
    if (svc->registry != NULL)
        registry_withdraw(svc->registry);
    life->drain_until_ms = clock_mono_ms() + svc->conf.drain_ms;
    life->drain_timer = loop_timer_add(svc->loop, DRAIN_POLL_MS, DRAIN_POLL_MS, poll_drain, life);
}

static int run(struct life *life)
{
    struct service *svc = &life->svc;
    struct err err = {0};
    svc->loop = loop_create();
    svc->metrics = metrics_create();
    int rc = loop_watch_signals(svc->loop, on_signal, life);
    if (rc == 0)
        rc = open_parts(svc, &err);
    if (rc == 0 && !svc->is_draining)
        rc = svc->spec->create(svc, &err);
    if (rc < 0) {
        log_error("start failed", "code=%d reason=\"%s\"", rc, err.text);
    } else {
        log_info("ready", "version=%s endpoint=%s", ANSINH_VERSION,
                 svc->server == NULL ? "" : bus_server_endpoint(svc->server));
        loop_run(svc->loop);
        rc = svc->has_failed ? -EINVAL : 0;
    }
    /* first everything that could still call into the service's context */
    bus_client_destroy(&svc->client);
    store_destroy(&svc->views);
    store_destroy(&svc->ledger);
    if (svc->context != NULL && svc->spec->destroy != NULL)
        svc->spec->destroy(svc);
    service_close(svc);
    log_info("ended", "code=%d", rc);
    return rc < 0 ? 1 : 0;
}

/* --help and its like. 1: said what was asked, done. */
static int say(struct service_conf *conf, const struct service_spec *spec, const char *option)
{
    struct conf_table tables[2];
    service_conf_tables(conf, spec, tables);
    if (strcmp(option, "--version") == 0)
        (void)printf("ansinh %s %s\n", spec->name, ANSINH_VERSION);
    else if (strcmp(option, "--help") == 0) {
        (void)printf("%s: a service of ansinh %s. Options come from the environment and from\n"
                     "--config FILE (NAME=value lines); --print-config shows what is in force.\n\n",
                     spec->name, ANSINH_VERSION);
        conf_help(tables, 2, 0, stdout);
    } else if (strcmp(option, "--print-config-table") == 0)
        conf_help(&tables[1], 1, 1, stdout);
    else if (strcmp(option, "--print-config") == 0)
        conf_print(tables, 2, stdout);
    else
        return 0;
    return 1;
}

int service_main(const struct service_spec *spec, int argc, char **argv)
{
    struct life life = {0};
    const char *file = NULL;
    const char *option = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
            file = argv[++i];
        else if (option == NULL)
            option = argv[i];
    }
    if (option != NULL && strcmp(option, "--print-config") != 0) {
        if (say(&life.svc.conf, spec, option))
            return 0;
        (void)fprintf(stderr, "%s: unknown argument %s (see --help)\n", spec->name, option);
        return 2;
    }
    struct err err = {0};
    if (sodium_init() < 0 || configure(&life.svc, spec, file, &err) < 0) {
        (void)fprintf(stderr, "%s: %s\n", spec->name, err.text);
        return 2;
    }
    if (option != NULL)
        return !say(&life.svc.conf, spec, option);
    return run(&life);
}
