#include "services/cli/private_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/service/conf_common.h"
#include "common/store/commit.h"
#include "services/cli/cli.h"

#define PATH_BYTES 512
#define FOLDERS_MAX 8
#define LOAD_WAIT_MS 2000 /* of one look */
#define LOOKS_MAX 1800    /* an hour */

struct private_redis {
    pid_t pid;
    char folder[64]; /* of the socket and the log, and of the files when there are none */
    char url[96];
};

const char *private_redis_url(const struct private_redis *self)
{
    return self->url;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st;
    (void)kind;
    (void)where;
    return remove(path);
}

void private_redis_stop(struct private_redis **self)
{
    struct private_redis *redis = *self;
    if (redis == NULL)
        return;
    if (redis->pid > 0) {
        (void)kill(redis->pid, SIGKILL); /* nothing that it has is needed any more */
        (void)waitpid(redis->pid, NULL, 0);
    }
    if (nftw(redis->folder, remove_one, FOLDERS_MAX, FTW_DEPTH | FTW_PHYS) != 0)
        (void)cli_fail(1, "%s is left", redis->folder);
    free(redis);
    *self = NULL;
}

static void child(const struct private_redis *self, const char *settings, const char *role,
                  const char *folder)
{
    char serve[PATH_BYTES], conf[PATH_BYTES], path[PATH_BYTES];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(serve, sizeof(serve), "%s/serve", settings);
    (void)snprintf(conf, sizeof(conf), "%s/%s.conf", settings, role);
    (void)snprintf(path, sizeof(path), "%s/log", self->folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    (void)dup2(fd, STDOUT_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    (void)snprintf(path, sizeof(path), "%s/redis.sock", self->folder);
    (void)execl("/usr/bin/env", "env", "bash", serve, conf, folder, "--unixsocket", path,
                "--daemonize", "no", (char *)NULL);
    _exit(127);
}

/* The last line that the server said. */
static void last_word(const struct private_redis *self, char ret[128])
{
    char path[PATH_BYTES], line[512];
    (void)snprintf(ret, 128, "nothing was said");
    (void)snprintf(path, sizeof(path), "%s/log", self->folder);
    FILE *log = fopen(path, "re");
    while (log != NULL && fgets(line, sizeof(line), log) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0')
            (void)snprintf(ret, 128, "%.120s", line);
    }
    if (log != NULL)
        (void)fclose(log);
}

/* Waits as long as the server lives: a big file takes minutes to load. */
static int wait_ready(struct private_redis *self, int is_ledger, struct err *err)
{
    struct store_conf conf = {.name = "copy",
                              .url = self->url,
                              .n_links = 1,
                              .timeout_ms = LOAD_WAIT_MS,
                              .backlog_max = 100};
    CLEANUP(loop_destroy) struct loop *loop = loop_create();
    CLEANUP(store_destroy) struct store *store = NULL;
    char word[128];
    int rc = store_create(loop, &conf, &store, err);
    if (rc < 0)
        return rc;
    rc = -EAGAIN;
    for (int i = 0; i < LOOKS_MAX && rc < 0; i++) {
        if (waitpid(self->pid, NULL, WNOHANG) == self->pid) {
            self->pid = 0;
            last_word(self, word);
            return err_set(err, -EIO, "the copy cannot be loaded: %s", word);
        }
        rc = store_load_functions(store, is_ledger, LOAD_WAIT_MS, err);
    }
    return rc;
}

int private_redis_start(const char *role, const char *folder, struct private_redis **ret,
                        struct err *err)
{
    char settings[CONF_STRING_BYTES + 16], path[PATH_BYTES];
    struct service_conf conf;
    struct stat st;
    int rc = service_conf_load(&conf, &cli_caller_spec, NULL, err);
    if (rc < 0)
        return rc;
    (void)snprintf(settings, sizeof(settings), "%s/../redis", conf.policy);
    (void)snprintf(path, sizeof(path), "%s/serve", settings);
    if (access(path, R_OK) < 0)
        return err_set(err, -ENOENT, "no %.100s (it stands beside the folder of ANSINH_POLICY)",
                       path);
    if (folder != NULL && (stat(folder, &st) < 0 || !S_ISDIR(st.st_mode)))
        return err_set(err, -ENOENT, "%.100s is no folder", folder);
    struct private_redis *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    (void)snprintf(self->folder, sizeof(self->folder), "/tmp/ansinh-copy-XXXXXX");
    if (mkdtemp(self->folder) == NULL) {
        free(self);
        return err_set(err, -errno, "cannot make a folder in /tmp");
    }
    (void)snprintf(self->url, sizeof(self->url), "unix:%s/redis.sock", self->folder);
    self->pid = fork();
    if (self->pid == 0)
        child(self, settings, role, folder == NULL ? self->folder : folder);
    rc = self->pid < 0 ? err_set(err, -errno, "cannot start a process")
                       : wait_ready(self, strcmp(role, "ledger") == 0, err);
    if (rc < 0)
        private_redis_stop(&self);
    else
        *ret = self;
    return rc;
}
