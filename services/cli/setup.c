/* ansinh keys, ansinh init: what has to be there before the services start. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/archive/signing.h"
#include "common/base/key_file.h"
#include "common/base/log.h"
#include "common/service/api.h"
#include "common/service/conf_common.h"
#include "common/store/commit.h"
#include "services/cli/cli.h"
#include "services/cli/restore.h"

#define INIT_WAIT_MS 60000
#define TIMEOUT_MS 5000
#define BACKLOG_MAX 1000

static int configure(struct service_conf *conf)
{
    struct err err = {0};
    if (service_conf_load(conf, &cli_caller_spec, NULL, &err) < 0)
        return cli_fail(2, "%s", err.text);
    return 0;
}

int cli_keys(int argc, char **argv)
{
    (void)argv;
    struct service_conf conf;
    struct err err = {0};
    if (argc != 1)
        return cli_fail(2, "usage: ansinh keys");
    if (configure(&conf) != 0)
        return 2;
    if (mkdir(conf.var, 0700) < 0 && errno != EEXIST)
        return cli_fail(1, "cannot make the directory %s", conf.var);
    if (keyring_make(conf.keys, &err) < 0)
        return cli_fail(1, "%s", err.text);
    int rc = signing_make(conf.keys, SIGNING_ARCHIVE, &err);
    if (rc == 0)
        rc = signing_make(conf.keys, SIGNING_REPORT, &err);
    if (rc == 0)
        rc = key_file_make(conf.keys, "answer-1.key", &err);
    if (rc == 0)
        rc = bus_make_keys(conf.keys, "cli", &err);
    for (const char *const *name = api_processes(); rc == 0 && *name != NULL; name++)
        rc = bus_make_keys(conf.keys, *name, &err);
    if (rc < 0)
        return cli_fail(1, "%s", err.text);
    (void)printf("keys are in %s\n", conf.keys);
    return 0;
}

static void on_integer(void *arg, int rc, const struct store_reply *reply)
{
    int64_t *ret = arg;
    if (rc == 0)
        *ret = store_reply_integer(reply);
}

/* A ledger whose restore was cut off must not be worked with. */
static int check_mark(struct store *ledger, struct err *err)
{
    const char *argv[] = {"EXISTS", RESTORE_MARK};
    const size_t lens[] = {strlen(argv[0]), strlen(argv[1])};
    int64_t is_marked = 0;
    int rc = store_ask(ledger, INIT_WAIT_MS, 2, argv, lens, on_integer, &is_marked, err);
    if (rc == 0 && is_marked)
        rc = err_set(err, -EBUSY, "the ledger is half restored: empty it and restore it again");
    return rc;
}

static int load(struct loop *loop, const struct service_conf *conf, int is_ledger, struct err *err)
{
    struct store_conf store_conf = {
        .name = is_ledger ? "ledger" : "views",
        .url = is_ledger ? conf->ledger : conf->views,
        .password_file = is_ledger ? conf->ledger_password_file : conf->views_password_file,
        .n_links = 1,
        .timeout_ms = TIMEOUT_MS,
        .backlog_max = BACKLOG_MAX,
    };
    struct store *store = NULL;
    int rc = store_create(loop, &store_conf, &store, err);
    if (rc == 0 && is_ledger)
        rc = check_mark(store, err);
    if (rc == 0)
        rc = store_load_functions(store, is_ledger, INIT_WAIT_MS, err);
    if (rc == 0 && is_ledger && !conf->allow_weak_ledger)
        rc = store_check_durability(store, INIT_WAIT_MS, err);
    store_destroy(&store);
    return rc;
}

int cli_init(int argc, char **argv)
{
    (void)argv;
    struct service_conf conf;
    struct err err = {0};
    if (argc != 1)
        return cli_fail(2, "usage: ansinh init");
    if (configure(&conf) != 0)
        return 2;
    CLEANUP(loop_destroy) struct loop *loop = loop_create();
    int rc = load(loop, &conf, 1, &err);
    if (rc == 0)
        rc = load(loop, &conf, 0, &err);
    if (rc < 0)
        return cli_fail(1, "%s", err.text);
    (void)printf("both Redis servers have the functions of version %s\n", ANSINH_VERSION);
    return 0;
}
