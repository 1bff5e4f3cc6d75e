#include "tests/support/smtp_server.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"

#define START_WAIT_MS 20000
#define POLL_STEP_MS 5
#define FILE_MAX_BYTES (4 * 1024 * 1024)
#define OPTIONS_MAX 12

struct smtp_server {
    char directory[64];
    const char *const *options;
    unsigned port; /* 0 before the first start */
    pid_t pid;
    int input; /* its standard input: it ends when we do */
};

static void die(const char *what)
{
    fprintf(stderr, "smtp_server: %s: %s\n", what, strerror(errno));
    abort();
}

static void exec_relay(const struct smtp_server *self, int input)
{
    char port[16];
    (void)snprintf(port, sizeof(port), "%u", self->port);
    const char *argv[5 + OPTIONS_MAX + 1] = {"/usr/bin/python3", "tests/support/smtp_server.py",
                                             self->directory, "--port", port};
    for (size_t i = 0; i < OPTIONS_MAX && self->options != NULL && self->options[i] != NULL; i++)
        argv[5 + i] = self->options[i];
    char *args[5 + OPTIONS_MAX + 1];
    memcpy(args, argv, sizeof(args));
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)dup2(input, STDIN_FILENO);
    execvp(args[0], args);
    _exit(127);
}

static void spawn(struct smtp_server *self)
{
    char path[128];
    int ends[2];
    (void)snprintf(path, sizeof(path), "%s/port", self->directory);
    (void)unlink(path);
    if (pipe2(ends, O_CLOEXEC) < 0)
        die("pipe");
    self->pid = fork();
    if (self->pid < 0)
        die("fork");
    if (self->pid == 0)
        exec_relay(self, ends[0]);
    (void)close(ends[0]);
    self->input = ends[1];
    int64_t deadline_ms = clock_mono_ms() + START_WAIT_MS;
    char *text;
    while ((text = smtp_server_read(self, "port")) == NULL) {
        if (waitpid(self->pid, NULL, WNOHANG) == self->pid || clock_mono_ms() > deadline_ms)
            die("the relay does not start");
        (void)poll(NULL, 0, POLL_STEP_MS);
    }
    self->port = (unsigned)strtoul(text, NULL, 10);
    free(text);
}

struct smtp_server *smtp_server_start(const char *const *options)
{
    struct smtp_server *self = calloc(1, sizeof(*self));
    if (self == NULL)
        abort();
    (void)snprintf(self->directory, sizeof(self->directory), "/tmp/ansinh-test-XXXXXX");
    if (mkdtemp(self->directory) == NULL)
        die("mkdtemp");
    self->options = options;
    spawn(self);
    return self;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void smtp_server_stop(struct smtp_server **self)
{
    if (*self == NULL)
        return;
    smtp_server_kill(*self);
    (void)nftw((*self)->directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(*self);
    *self = NULL;
}

unsigned smtp_server_port(const struct smtp_server *self)
{
    return self->port;
}

const char *smtp_server_directory(const struct smtp_server *self)
{
    return self->directory;
}

void smtp_server_kill(struct smtp_server *self)
{
    if (self->pid == 0)
        return;
    (void)kill(self->pid, SIGKILL);
    while (waitpid(self->pid, NULL, 0) < 0) {
        if (errno != EINTR)
            die("waitpid");
    }
    self->pid = 0;
    (void)close(self->input);
}

void smtp_server_restart(struct smtp_server *self)
{
    smtp_server_kill(self);
    spawn(self);
}

void smtp_server_pause(struct smtp_server *self)
{
    if (kill(self->pid, SIGSTOP) < 0)
        die("SIGSTOP");
}

void smtp_server_resume(struct smtp_server *self)
{
    if (kill(self->pid, SIGCONT) < 0)
        die("SIGCONT");
}

char *smtp_server_read(const struct smtp_server *self, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", self->directory, name);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *text = malloc(FILE_MAX_BYTES + 1);
    if (text == NULL)
        abort();
    text[fread(text, 1, FILE_MAX_BYTES, file)] = '\0';
    (void)fclose(file);
    return text;
}

size_t smtp_server_taken(const struct smtp_server *self, const char *text)
{
    char *taken = smtp_server_read(self, "taken");
    size_t n = 0;
    for (char *save = NULL, *line = taken == NULL ? NULL : strtok_r(taken, "\n", &save);
         line != NULL; line = strtok_r(NULL, "\n", &save))
        n += strstr(line, text) != NULL;
    free(taken);
    return n;
}

size_t smtp_server_connections(const struct smtp_server *self)
{
    char *taken = smtp_server_read(self, "taken");
    unsigned long most = 0;
    for (char *save = NULL, *line = taken == NULL ? NULL : strtok_r(taken, "\n", &save);
         line != NULL; line = strtok_r(NULL, "\n", &save))
        most = strtoul(line, NULL, 10) > most ? strtoul(line, NULL, 10) : most;
    free(taken);
    return most;
}
