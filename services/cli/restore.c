#include "services/cli/restore.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/service/conf_common.h"
#include "services/cli/private_redis.h"

#define WAIT_MS 60000
#define TIMEOUT_MS 30000
#define BACKLOG_MAX 65536
#define LINKS 8
#define USAGE                                                                                      \
    "usage: ansinh restore [--archive FOLDER] [--keys FILE] [--copy FOLDER | --journal URL]"

struct options {
    const char *archive, *keys, *copy, *journal; /* NULL: not given */
};

static int read_options(int argc, char **argv, struct options *ret)
{
    *ret = (struct options){NULL, NULL, NULL, NULL};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char **value = strcmp(argv[i], "--archive") == 0   ? &ret->archive
                             : strcmp(argv[i], "--keys") == 0    ? &ret->keys
                             : strcmp(argv[i], "--copy") == 0    ? &ret->copy
                             : strcmp(argv[i], "--journal") == 0 ? &ret->journal
                                                                 : NULL;
        if (value == NULL)
            return cli_fail(2, USAGE);
        *value = argv[i + 1];
    }
    int has_source = ret->copy != NULL || ret->journal != NULL;
    if (argc % 2 == 0 || (ret->copy != NULL && ret->journal != NULL) ||
        (ret->archive == NULL && !has_source))
        return cli_fail(2, USAGE);
    return 0;
}

static int open_store(struct restore *self, const char *name, const char *url, const char *password,
                      struct store **ret)
{
    struct err err = {0};
    struct store_conf conf = {.name = name,
                              .url = url,
                              .password_file = password,
                              .n_links = LINKS,
                              .timeout_ms = TIMEOUT_MS,
                              .backlog_max = BACKLOG_MAX};
    if (store_create(self->verify.svc.loop, &conf, ret, &err) < 0)
        return cli_fail(1, "%s", err.text);
    return 0;
}

/* --- the new ledger --------------------------------------------------------------------------- */

static void on_integer(void *arg, int rc, const struct store_reply *reply)
{
    int64_t *ret = arg;
    *ret = rc == 0 ? store_reply_integer(reply) : -1;
}

/* Empty, and as durable as a ledger must be. */
static int check_target(struct restore *self, const struct service_conf *conf)
{
    struct err err = {0};
    const char *argv[] = {"DBSIZE"};
    const size_t lens[] = {strlen(argv[0])};
    int64_t n = -1;
    if (store_ask(self->target.store, WAIT_MS, 1, argv, lens, on_integer, &n, &err) < 0)
        return cli_fail(1, "%s", err.text);
    if (n != 0)
        return cli_fail(1, "the new ledger is not empty: it has %" PRId64 " keys (%s)", n,
                        conf->ledger);
    if (!conf->allow_weak_ledger && store_check_durability(self->target.store, WAIT_MS, &err) < 0)
        return cli_fail(1, "%s", err.text);
    return 0;
}

/* While it is half restored the ledger has a mark, and init refuses it. */
static int mark(struct restore *self, const char *command, const char *value)
{
    const char *argv[] = {command, RESTORE_MARK, value};
    const size_t lens[] = {strlen(command), strlen(RESTORE_MARK), strlen(value)};
    target_send(&self->target, 0, value[0] == '\0' ? 2 : 3, argv, lens);
    return target_wait(&self->target) < 0 ? cli_fail(1, "%s", self->target.err.text) : 0;
}

/* --- what it is made of ----------------------------------------------------------------------- */

static int open_archive(struct restore *self, const struct options *options,
                        const struct service_conf *conf)
{
    char keys[CONF_STRING_BYTES + 16];
    (void)snprintf(keys, sizeof(keys), "%s/archive.pub", conf->keys);
    if (options->archive == NULL)
        return 0;
    self->archive = verify_archive_open(&self->verify, options->archive,
                                        options->keys == NULL ? keys : options->keys);
    if (self->archive == NULL || !verify_archive_check(self->archive))
        return cli_fail(1, "the archive is damaged: nothing was restored");
    if (verify_archive_segments(self->archive) == 0)
        return cli_fail(1, "there is no segment in %s", options->archive);
    return 0;
}

static int open_source(struct restore *self, const struct options *options,
                       struct private_redis **redis)
{
    char folder[512];
    struct err err = {0};
    const char *url = options->journal;
    if (options->copy != NULL) {
        (void)snprintf(folder, sizeof(folder), "%s/ledger", options->copy);
        if (private_redis_start("ledger", folder, redis, &err) < 0)
            return cli_fail(1, "%s", err.text);
        url = private_redis_url(*redis);
    }
    return url == NULL ? 0 : open_store(self, "survivor", url, NULL, &self->source);
}

/* --- the command ------------------------------------------------------------------------------ */

static int run(struct restore *self)
{
    int status = mark(self, "SET", "1");
    if (status == 0)
        status = restore_journals(self);
    if (status == 0)
        status = restore_records(self);
    if (status == 0)
        status = mark(self, "DEL", "");
    if (status != 0)
        return cli_fail(1, "the new ledger is half restored: empty it before the next try");
    (void)printf("restore: %lu entries from the archive, %lu from the surviving journals; "
                 "%lu participants, %lu identities, %lu answers and %lu ids of lost ones\n"
                 "restore: empty the views server before the platform starts\n",
                 self->n_archived, self->n_survived, self->n_citizens, self->n_identities,
                 self->n_answers, self->n_lost_answers);
    if (self->verify.n_differences > 0)
        return cli_fail(1, "%lu things in the journals are wrong (above)",
                        self->verify.n_differences);
    return 0;
}

static int restore(struct restore *self, const struct options *options,
                   const struct service_conf *conf)
{
    struct private_redis *redis = NULL;
    int status =
        open_store(self, "ledger", conf->ledger, conf->ledger_password_file, &self->target.store);
    if (status == 0)
        status = check_target(self, conf);
    if (status == 0)
        status = open_archive(self, options, conf);
    if (status == 0)
        status = open_source(self, options, &redis);
    if (status == 0)
        status = run(self);
    store_destroy(&self->source);
    store_destroy(&self->target.store);
    private_redis_stop(&redis);
    verify_archive_close(&self->archive);
    return status;
}

int cli_restore(int argc, char **argv)
{
    struct options options;
    struct service_conf conf;
    struct err err = {0};
    int status = read_options(argc, argv, &options);
    if (status != 0)
        return status;
    if (service_conf_load(&conf, &cli_ledger_spec, NULL, &err) < 0)
        return cli_fail(2, "%s", err.text);
    struct restore *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->verify.svc.loop = self->target.loop = loop_create();
    status = restore(self, &options, &conf);
    loop_destroy(&self->verify.svc.loop);
    free(self);
    return status;
}
