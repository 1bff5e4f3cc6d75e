#include "tests/support/redis_server.h"

#include <errno.h>
#include <limits.h>
#include <fcntl.h>
#include <ftw.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"

#define PATH_MAX_BYTES 256
#define OPTIONS_MAX 16
#define DO_ARGS_MAX 64
#define START_WAIT_MS 20000
#define ANSWER_WAIT_S 20
#define LOG_TAIL_BYTES 2000
#define POLL_STEP_MS 5

struct redis_server {
    char role[32];
    char root[PATH_MAX_BYTES]; /* "" unless made by us: removed at the end */
    char directory[PATH_MAX_BYTES];
    char socket[PATH_MAX_BYTES + 16];
    char url[PATH_MAX_BYTES + 32];
    const char *const *options;
    pid_t pid; /* 0 while killed */
};

static void fail(const struct redis_server *self, const char *what)
{
    fprintf(stderr, "redis_server (%s): %s: %s\n", self->role, what, strerror(errno));
    char path[PATH_MAX_BYTES + 16], tail[LOG_TAIL_BYTES + 1];
    (void)snprintf(path, sizeof(path), "%s/redis.log", self->directory);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        (void)fseek(file, 0, SEEK_END);
        long size = ftell(file);
        (void)fseek(file, size > LOG_TAIL_BYTES ? size - LOG_TAIL_BYTES : 0, SEEK_SET);
        tail[fread(tail, 1, LOG_TAIL_BYTES, file)] = '\0';
        fprintf(stderr, "%s", tail);
        fclose(file);
    }
    abort();
}

static redisContext *try_connect(const struct redis_server *self)
{
    struct timeval wait = {ANSWER_WAIT_S, 0};
    redisContext *context = redisConnectUnixWithTimeout(self->socket, wait);
    if (context != NULL && context->err == 0 && redisSetTimeout(context, wait) == REDIS_OK)
        return context;
    if (context != NULL)
        redisFree(context);
    return NULL;
}

/* A server that still loads its file answers PING with an error. */
static int answers(const struct redis_server *self)
{
    redisContext *context = try_connect(self);
    if (context == NULL)
        return 0;
    redisReply *reply = redisCommandArgv(context, 1, (const char *[]){"PING"}, NULL);
    int is_ready = reply != NULL && (reply->type == REDIS_REPLY_STATUS ||
                                     strncmp(reply->str, "NOAUTH", strlen("NOAUTH")) == 0);
    if (reply != NULL)
        freeReplyObject(reply);
    redisFree(context);
    return is_ready;
}

static void exec_server(const struct redis_server *self, const char *conf)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    char log[PATH_MAX_BYTES + 16];
    (void)snprintf(log, sizeof(log), "%s/redis.log", self->directory);
    const char *argv[14 + OPTIONS_MAX] = {
        "deploy/redis/serve", conf, self->directory, "--port", "0", "--unixsocket", self->socket,
        "--daemonize",        "no", "--logfile",     log,
    };
    size_t n = 11;
    for (size_t i = 0; self->options != NULL && self->options[i] != NULL && i < OPTIONS_MAX; i++)
        argv[n++] = self->options[i];
    char *args[14 + OPTIONS_MAX] = {0};
    memcpy(args, argv, sizeof(argv));
    execvp(args[0], args);
    _exit(127);
}

/* -1: it ended by itself. */
static int try_spawn(struct redis_server *self)
{
    char conf[PATH_MAX];
    char relative[PATH_MAX_BYTES / 2];
    (void)snprintf(relative, sizeof(relative), "deploy/redis/%s.conf", self->role);
    if (realpath(relative, conf) == NULL)
        fail(self, relative);
    (void)unlink(self->socket);
    self->pid = fork();
    if (self->pid < 0)
        fail(self, "fork");
    if (self->pid == 0)
        exec_server(self, conf);
    int64_t deadline_ms = clock_mono_ms() + START_WAIT_MS;
    while (!answers(self)) {
        if (waitpid(self->pid, NULL, WNOHANG) == self->pid) {
            self->pid = 0;
            return -1;
        }
        if (clock_mono_ms() > deadline_ms)
            fail(self, "the server does not answer");
        (void)poll(NULL, 0, POLL_STEP_MS);
    }
    return 0;
}

static void spawn(struct redis_server *self)
{
    if (try_spawn(self) < 0)
        fail(self, "the server ended by itself");
}

/* hiredis writes without MSG_NOSIGNAL, and a server that refuses its file dies when it likes. A
 * handler, unlike SIG_IGN, is not handed on to what is started. */
static void on_broken_pipe(int number)
{
    (void)number;
}

struct redis_server *redis_server_start_with(const char *dir, const char *role,
                                             const char *const *options)
{
    struct redis_server *self = calloc(1, sizeof(*self));
    if (self == NULL)
        abort();
    struct sigaction action = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
    if (sigaction(SIGPIPE, &action, NULL) < 0)
        fail(self, "SIGPIPE");
    (void)snprintf(self->role, sizeof(self->role), "%s", role);
    self->options = options;
    char root[PATH_MAX_BYTES / 2] = "/tmp/ansinh-test-XXXXXX";
    if (dir == NULL) {
        if (mkdtemp(root) == NULL)
            fail(self, "mkdtemp");
        (void)snprintf(self->root, sizeof(self->root), "%s", root);
    } else {
        char *absolute = realpath(dir, NULL);
        if (absolute == NULL || strlen(absolute) >= sizeof(root))
            fail(self, dir);
        (void)snprintf(root, sizeof(root), "%s", absolute);
        free(absolute);
    }
    (void)snprintf(self->directory, sizeof(self->directory), "%s/%s", root, role);
    if (mkdir(self->directory, 0700) < 0 && errno != EEXIST)
        fail(self, self->directory);
    (void)snprintf(self->socket, sizeof(self->socket), "%s/redis.sock", self->directory);
    (void)snprintf(self->url, sizeof(self->url), "unix:%s", self->socket);
    spawn(self);
    return self;
}

struct redis_server *redis_server_start(const char *dir, const char *role)
{
    return redis_server_start_with(dir, role, NULL);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void redis_server_stop(struct redis_server **self)
{
    if (*self == NULL)
        return;
    redis_server_kill(*self);
    if ((*self)->root[0] != '\0')
        (void)nftw((*self)->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*self);
    *self = NULL;
}

const char *redis_server_url(const struct redis_server *self)
{
    return self->url;
}

const char *redis_server_socket(const struct redis_server *self)
{
    return self->socket;
}

const char *redis_server_directory(const struct redis_server *self)
{
    return self->directory;
}

pid_t redis_server_pid(const struct redis_server *self)
{
    return self->pid;
}

void redis_server_kill(struct redis_server *self)
{
    if (self->pid == 0)
        return;
    (void)kill(self->pid, SIGKILL);
    while (waitpid(self->pid, NULL, 0) < 0) {
        if (errno != EINTR)
            fail(self, "waitpid");
    }
    self->pid = 0;
}

void redis_server_restart(struct redis_server *self)
{
    redis_server_kill(self);
    spawn(self);
}

int redis_server_try_restart(struct redis_server *self)
{
    redis_server_kill(self);
    return try_spawn(self);
}

void redis_server_pause(struct redis_server *self)
{
    if (kill(self->pid, SIGSTOP) < 0)
        fail(self, "SIGSTOP");
}

void redis_server_resume(struct redis_server *self)
{
    if (kill(self->pid, SIGCONT) < 0)
        fail(self, "SIGCONT");
}

static redisReply *ask(struct redis_server *self, va_list args)
{
    const char *argv[DO_ARGS_MAX];
    int argc = 0;
    const char *word;
    while ((word = va_arg(args, const char *)) != NULL && argc < DO_ARGS_MAX)
        argv[argc++] = word;
    redisContext *context = try_connect(self);
    if (context == NULL)
        fail(self, "connect");
    redisReply *reply = redisCommandArgv(context, argc, argv, NULL);
    if (reply == NULL)
        fail(self, argv[0]);
    redisFree(context);
    return reply;
}

struct redisReply *redis_server_do(struct redis_server *self, ...)
{
    va_list args;
    va_start(args, self);
    redisReply *reply = ask(self, args);
    va_end(args);
    return reply;
}

long long redis_server_integer(struct redis_server *self, ...)
{
    va_list args;
    va_start(args, self);
    redisReply *reply = ask(self, args);
    va_end(args);
    if (reply->type != REDIS_REPLY_INTEGER)
        fail(self, "the answer is no integer");
    long long value = reply->integer;
    freeReplyObject(reply);
    return value;
}
