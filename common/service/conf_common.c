#include "common/service/conf_common.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TEXT(field_) offsetof(struct service_conf, field_)
#define TEXT_MAX (CONF_STRING_BYTES - 1)

const struct conf_item service_conf_items[] = {
    {"ANSINH_INSTANCE", CONF_STRING, "", 0, 40, "", TEXT(instance),
     "name of this process among its kind; empty: <service>-1"},
    {"ANSINH_VAR", CONF_STRING, "./var", 1, 200, "", TEXT(var),
     "folder with this machine's state, sockets and keys"},
    {"ANSINH_LEDGER", CONF_STRING, "", 0, TEXT_MAX, "", TEXT(ledger),
     "Redis that keeps the ledger: unix:<path> or tcp://<host>:<port>; empty: VAR/run/ledger.sock"},
    {"ANSINH_LEDGER_PASSWORD_FILE", CONF_STRING, "", 0, TEXT_MAX, "", TEXT(ledger_password_file),
     "file whose first line is the ledger's password"},
    {"ANSINH_VIEWS", CONF_STRING, "", 0, TEXT_MAX, "", TEXT(views),
     "Redis that keeps projections, queues and the registry; empty: VAR/run/views.sock"},
    {"ANSINH_VIEWS_PASSWORD_FILE", CONF_STRING, "", 0, TEXT_MAX, "", TEXT(views_password_file),
     "file whose first line is the views server's password"},
    {"ANSINH_KEYS", CONF_STRING, "", 0, TEXT_MAX, "", TEXT(keys),
     "folder with the keys; empty: VAR/keys"},
    {"ANSINH_POLICY", CONF_STRING, "deploy/policy", 1, TEXT_MAX, "", TEXT(policy),
     "folder with the law's tables"},
    {"ANSINH_BIND", CONF_STRING, "", 0, 100, "", TEXT(bind),
     "where requests are taken: ipc://<path> or tcp://<address>:<port> (then with CURVE); empty: "
     "a socket under VAR/run"},
    {"ANSINH_BIND_EVENTS", CONF_STRING, "", 0, 100, "", TEXT(bind_events),
     "where events are published; empty: a socket under VAR/run"},
    {"ANSINH_ADVERTISE", CONF_STRING, "", 0, 64, "", TEXT(advertise),
     "host by which others reach a tcp:// bind; empty: the bind's own"},
    {"ANSINH_LOG_LEVEL", CONF_STRING, "info", 4, 5, "", TEXT(log_level),
     "debug, info, warn or error"},
    {"ANSINH_LINKS", CONF_INT, "8", 1, 16, "", TEXT(links), "connections to each Redis server"},
    {"ANSINH_REDIS_TIMEOUT_MS", CONF_INT, "3000", 50, 60000, "ms", TEXT(redis_timeout_ms),
     "a Redis connection without an answer for this long is given up"},
    {"ANSINH_REQUESTS_MAX", CONF_INT, "8192", 1, 100000, "", TEXT(requests_max),
     "requests under way; more are refused with resource_exhausted"},
    {"ANSINH_DRAIN_MS", CONF_INT, "5000", 0, 60000, "ms", TEXT(drain_ms),
     "time for open requests to end after SIGTERM"},
    {"ANSINH_CALL_TIMEOUT_MS", CONF_INT, "5000", 10, 60000, "ms", TEXT(call_timeout_ms),
     "deadline of calls to other services"},
    {"ANSINH_TEST_DROP_EVENTS", CONF_INT, "0", 0, 1000000, "", TEXT(drop_events_every),
     "fault injection: every nth published event is lost; 0: none"},
    {"ANSINH_ALLOW_WEAK_LEDGER", CONF_BOOL, "false", 0, 0, "", TEXT(allow_weak_ledger),
     "start although the ledger may lose acknowledged writes; for experiments only"},
};
const size_t service_conf_n_items = ARRAY_LEN(service_conf_items);

void service_conf_tables(struct service_conf *conf, const struct service_spec *spec,
                         struct conf_table ret[2])
{
    ret[0] = (struct conf_table){service_conf_items, service_conf_n_items, conf};
    ret[1] = (struct conf_table){spec->items, spec->n_items, spec->conf};
}

/* Fills an empty text with "<head><var><tail>". */
static int fill(char *field, const char *head, const char *var, const char *tail, struct err *err)
{
    if (field[0] != '\0')
        return 0;
    int len = snprintf(field, CONF_STRING_BYTES, "%s%s%s", head, var, tail);
    if (len < 0 || len >= CONF_STRING_BYTES)
        return err_field(err, -EINVAL, "ANSINH_VAR", "ANSINH_VAR: the path is too long");
    return 0;
}

static int fill_all(struct service_conf *conf, const char *service, struct err *err)
{
    char tail[64];
    int rc = fill(conf->instance, service, "", "-1", err);
    if (rc == 0)
        rc = fill(conf->ledger, "unix:", conf->var, "/run/ledger.sock", err);
    if (rc == 0)
        rc = fill(conf->views, "unix:", conf->var, "/run/views.sock", err);
    if (rc == 0)
        rc = fill(conf->keys, "", conf->var, "/keys", err);
    (void)snprintf(tail, sizeof(tail), "/run/%.40s.ipc", conf->instance);
    if (rc == 0)
        rc = fill(conf->bind, "ipc://", conf->var, tail, err);
    (void)snprintf(tail, sizeof(tail), "/run/%.40s.pub", conf->instance);
    if (rc == 0)
        rc = fill(conf->bind_events, "ipc://", conf->var, tail, err);
    return rc;
}

int service_conf_load(struct service_conf *conf, const struct service_spec *spec, const char *file,
                      struct err *err)
{
    struct conf_table tables[2];
    service_conf_tables(conf, spec, tables);
    const char *prefixes[] = {"ANSINH_", spec->prefix, NULL};
    int rc = conf_load(tables, 2, prefixes, file, err);
    if (rc < 0)
        return rc;
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    int is_known = 0;
    for (size_t i = 0; i < ARRAY_LEN(levels); i++)
        is_known |= strcmp(levels[i], conf->log_level) == 0;
    if (!is_known)
        return err_field(err, -EINVAL, "ANSINH_LOG_LEVEL",
                         "ANSINH_LOG_LEVEL=\"%s\": want debug, info, warn or error",
                         conf->log_level);
    char absolute[PATH_MAX];
    if (realpath(conf->var, absolute) != NULL && strlen(absolute) < CONF_STRING_BYTES)
        (void)snprintf(conf->var, CONF_STRING_BYTES, "%s", absolute);
    return fill_all(conf, spec->name, err);
}
