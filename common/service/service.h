/* The one skeleton of every service: configuration, signals, reactor, Redis links, bus, registry,
 * metrics, health, drain. A service says what it needs and what it serves; main.c is a call of
 * service_main. */
#ifndef ANSINH_SERVICE_SERVICE_H
#define ANSINH_SERVICE_SERVICE_H

#include "common/base/conf.h"
#include "common/base/keyring.h"
#include "common/bus/client.h"
#include "common/bus/events.h"
#include "common/bus/server.h"
#include "common/loop/loop.h"
#include "common/service/metrics.h"
#include "common/store/redis.h"

/* What every process is configured with; the table is in conf_common.c. */
struct service_conf {
    char instance[CONF_STRING_BYTES]; /* ANSINH_INSTANCE: "payments-1" */
    char var[CONF_STRING_BYTES];      /* ANSINH_VAR: state folder of this machine */
    char ledger[CONF_STRING_BYTES];   /* ANSINH_LEDGER: url */
    char ledger_password_file[CONF_STRING_BYTES];
    char views[CONF_STRING_BYTES]; /* ANSINH_VIEWS: url */
    char views_password_file[CONF_STRING_BYTES];
    char keys[CONF_STRING_BYTES];        /* ANSINH_KEYS: directory; empty: VAR/keys */
    char policy[CONF_STRING_BYTES];      /* ANSINH_POLICY: directory of the law's tables */
    char bind[CONF_STRING_BYTES];        /* ANSINH_BIND: empty: ipc:// under VAR/run */
    char bind_events[CONF_STRING_BYTES]; /* ANSINH_BIND_EVENTS */
    char
        advertise[CONF_STRING_BYTES]; /* ANSINH_ADVERTISE: host that others reach tcp:// binds by */
    char log_level[CONF_STRING_BYTES]; /* ANSINH_LOG_LEVEL */
    int64_t links;                     /* ANSINH_LINKS: connections per Redis server */
    int64_t redis_timeout_ms;          /* ANSINH_REDIS_TIMEOUT_MS */
    int64_t requests_max;              /* ANSINH_REQUESTS_MAX */
    int64_t drain_ms;                  /* ANSINH_DRAIN_MS */
    int64_t call_timeout_ms;           /* ANSINH_CALL_TIMEOUT_MS: calls between services */
    int64_t drop_events_every;         /* ANSINH_TEST_DROP_EVENTS: fault injection for tests */
    int allow_weak_ledger; /* ANSINH_ALLOW_WEAK_LEDGER: start on a ledger without appendfsync always
                            */
};

enum {
    SERVICE_LEDGER = 1,     /* svc->ledger; refuses to start on a weak one */
    SERVICE_VIEWS = 2,      /* svc->views (always there: the registry needs it) */
    SERVICE_SERVER = 4,     /* svc->server; Health is served on it */
    SERVICE_CLIENT = 8,     /* svc->client, kept up to date by the registry */
    SERVICE_PUBLISHER = 16, /* svc->publisher */
    SERVICE_KEYRING = 32,   /* svc->keyring */
    SERVICE_DIRECTORY = 64, /* svc->directory, loaded before create */
    SERVICE_POLICY = 128,   /* svc->policy, loaded before create; with SERVICE_DIRECTORY amended as
                               the directory says */
};

struct service {
    const struct service_spec *spec;
    struct service_conf conf;
    struct loop *loop;
    struct bus *bus;
    struct bus_server *server;
    struct bus_client *client;
    struct bus_publisher *publisher;
    struct store *ledger;
    struct store *views;
    struct keyring *keyring;
    struct directory *directory;
    struct policy_book *policy_book;
    struct policy *policy; /* the law in force, of the book: another one whenever the loop turns, so
                              that nobody keeps a row of it over a callback */
    struct metrics *metrics;
    struct registry *registry;
    struct seen *seen; /* made and used by commands */
    int64_t started_at_ms;
    int is_draining;
    int has_failed; /* it must not go on: the process ends with status 1 */
    void *context;  /* what spec->create made */
};

struct service_spec {
    const char *name;   /* "payments" */
    const char *prefix; /* of its own options: "PAYMENTS_" */
    const struct conf_item *items;
    size_t n_items;
    void *conf; /* target of items */
    unsigned needs;
    /* Registers methods and timers and sets svc->context. 0 or a negative errno with a sentence in
     * err: the process ends with status 1. */
    int (*create)(struct service *svc, struct err *err);
    /* One sentence per problem for Health/Check; NULL when well. May be NULL. */
    const char *(*problem)(struct service *svc);
    /* Work that must end before the process does, besides open requests; polled during the drain.
     * May be NULL. */
    int (*is_idle)(struct service *svc);
    /* Frees the context. The Redis links and the client are gone already: no callback of theirs
     * runs any more. */
    void (*destroy)(struct service *svc);
};

/* Runs until SIGTERM or SIGINT: reads the configuration (--help, --print-config,
 * --print-config-table, --config FILE, --version), opens everything that spec->needs names,
 * registers, serves, drains. Exit status: 0 after a drain, 2 for a wrong configuration (the
 * option's name on standard error, before any socket opens), 1 for anything else that stops the
 * start. */
int service_main(const struct service_spec *spec, int argc, char **argv);

/* The parts of service_main, for tools that are no service (the command line, benches, tests):
 * opens what needs names from the environment's configuration, without signals, health and
 * registration. -errno with err; service_close undoes. */
int service_open(struct service *svc, const struct service_spec *spec, const char *config_file,
                 struct err *err) MUST_CHECK;
void service_close(struct service *svc);

/* True when ready to serve: instances of every named service are known (names ended by NULL). */
int service_sees(const struct service *svc, const char *const *names);

/* Called after every change of the live instances (in addition to svc->client's own update). */
typedef void (*service_instances_fn)(void *arg, const struct bus_instance *instances, size_t n);
void service_on_instances(struct service *svc, service_instances_fn fn, void *arg);
/* The live instances known now; valid until the loop turns. */
const struct bus_instance *service_instances(const struct service *svc, size_t *ret_n);

#endif
