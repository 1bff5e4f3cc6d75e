#include "tests/support/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

#include "ansinh/v1/health.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/json/json.h"
#include "common/service/api.h"

#define PORTS_MAX 8 /* of gateways */
#define PORT_TRIES 100
#define INSTANCES_MAX 16
#define READY_MS 30000
#define CALL_MS 20000
#define ARENA_BYTES (64 * 1024 * 1024)
#define COMMAND_BYTES 4096

struct instance {
    char service[24];
    unsigned n;
    pid_t pid;          /* 0: not running */
    const char *option; /* of the next start alone */
};

struct platform {
    char directory[64];
    struct redis_server *ledger, *views;
    struct instance instances[INSTANCES_MAX];
    size_t n_instances;
    const char *const *environment;
    const char *build;
    unsigned port;
    int64_t call_ms;
    const char *partner;
    struct service svc;
};

static const char *build_folder(void)
{
    const char *folder = getenv("O");
    return folder == NULL ? "build" : folder;
}

static void print_logs(const struct platform *self)
{
    char command[COMMAND_BYTES];
    (void)snprintf(command, sizeof(command), "tail -n 30 %s/log/* 2>/dev/null", self->directory);
    if (system(command) != 0)
        (void)fprintf(stderr, "no logs\n");
}

static void give_up(const struct platform *self, const char *what)
{
    (void)fprintf(stderr, "platform: %s\n", what);
    print_logs(self);
    abort();
}

/* --- processes --- */

static void child_exec(const struct platform *self, const struct instance *instance)
{
    char path[256], text[256];
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(path, sizeof(path), "%s/log/%s-%u.log", self->directory, instance->service,
                   instance->n);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    (void)dup2(fd, STDOUT_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    (void)snprintf(text, sizeof(text), "%s-%u", instance->service, instance->n);
    (void)setenv("ANSINH_INSTANCE", text, 1);
    if (strcmp(instance->service, "gateway") == 0) {
        (void)snprintf(text, sizeof(text), "%u", self->port + instance->n - 1);
        (void)setenv("GATEWAY_PORT", text, 1);
    }
    for (const char *const *entry = self->environment; entry != NULL && *entry != NULL; entry++) {
        /* options of another service stop this one */
        char *copy = strdup(*entry);
        char prefix[32];
        size_t i = 0;
        for (; instance->service[i] != '\0'; i++)
            prefix[i] = (char)(instance->service[i] - 'a' + 'A');
        prefix[i] = '\0';
        if (strncmp(copy, "ANSINH_", 7) == 0 || strncmp(copy, prefix, i) == 0)
            (void)putenv(copy);
    }
    if (instance->option != NULL)
        (void)putenv(strdup(instance->option));
    (void)snprintf(path, sizeof(path), "%s/%s/bin/%s", build_folder(),
                   self->build == NULL ? "" : self->build, instance->service);
    (void)execl(path, path, (char *)NULL);
    (void)fprintf(stderr, "cannot run %s: %s\n", path, strerror(errno));
    _exit(127);
}

static void spawn(struct platform *self, struct instance *instance)
{
    pid_t pid = fork();
    if (pid == 0)
        child_exec(self, instance);
    if (pid < 0)
        give_up(self, "fork failed");
    instance->pid = pid;
}

static struct instance *find(struct platform *self, const char *service, unsigned n)
{
    for (size_t i = 0; i < self->n_instances; i++) {
        if (strcmp(self->instances[i].service, service) == 0 && self->instances[i].n == n)
            return &self->instances[i];
    }
    give_up(self, "no such instance");
    return NULL;
}

void platform_signal(struct platform *self, const char *service, unsigned n, int signal_number)
{
    struct instance *instance = find(self, service, n);
    if (instance->pid == 0 || kill(instance->pid, signal_number) < 0)
        give_up(self, "signal to a process that does not run");
    if (signal_number == SIGKILL) {
        (void)waitpid(instance->pid, NULL, 0);
        instance->pid = 0;
    }
}

int platform_pid(struct platform *self, const char *service, unsigned n)
{
    return (int)find(self, service, n)->pid;
}

void platform_spawn(struct platform *self, const char *service, unsigned n)
{
    spawn(self, find(self, service, n));
}

void platform_spawn_with(struct platform *self, const char *service, unsigned n, const char *option)
{
    struct instance *instance = find(self, service, n);
    instance->option = option;
    spawn(self, instance);
    instance->option = NULL;
}

int platform_ended(struct platform *self, const char *service, unsigned n)
{
    struct instance *instance = find(self, service, n);
    int status;
    if (instance->pid == 0 || waitpid(instance->pid, &status, WNOHANG) != instance->pid)
        return 0;
    instance->pid = 0;
    if (!WIFSIGNALED(status))
        give_up(self, "an instance ended by itself");
    return WTERMSIG(status);
}

static void add(struct platform *self, const char *service, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        ASSERT(self->n_instances < INSTANCES_MAX);
        struct instance *instance = &self->instances[self->n_instances++];
        (void)snprintf(instance->service, sizeof(instance->service), "%s", service);
        instance->n = i;
        spawn(self, instance);
    }
}

/* --- start and stop --- */

/* A socket on a port, 0: on any free one, which is told; -1 when it is taken. */
static int hold_port(unsigned port, unsigned *ret)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ASSERT(fd >= 0);
    if (bind(fd, (struct sockaddr *)&address, len) < 0) {
        close(fd);
        return -1;
    }
    ASSERT(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    *ret = ntohs(address.sin_port);
    return fd;
}

/* The first of n free ports in a row. */
static unsigned free_ports(unsigned n)
{
    ASSERT(n <= PORTS_MAX);
    for (int tries = 0; tries < PORT_TRIES; tries++) {
        int fds[PORTS_MAX + 1];
        unsigned first, port, held = 1;
        fds[0] = hold_port(0, &first);
        ASSERT(fds[0] >= 0);
        while (held < n && first + held <= UINT16_MAX &&
               (fds[held] = hold_port(first + held, &port)) >= 0)
            held++;
        for (unsigned i = 0; i < held; i++)
            close(fds[i]);
        if (held >= n)
            return first;
    }
    ASSERT(0 && "no free ports");
}

static const struct service_spec caller_spec = {
    .name = "cli", .prefix = "ITEST_", .needs = SERVICE_VIEWS | SERVICE_CLIENT | SERVICE_LEDGER};

static void on_check(void *arg, const struct bus_answer *answer)
{
    int *ret = arg;
    *ret = 2;
    if (answer->code != 0)
        return;
    Ansinh__V1__CheckResponse *check =
        ansinh__v1__check_response__unpack(NULL, answer->body_len, answer->body);
    if (check != NULL && check->ok)
        *ret = 1;
    if (check != NULL)
        ansinh__v1__check_response__free_unpacked(check, NULL);
}

/* One look: does this instance say that it is well? */
static int is_well(struct platform *self, const struct instance *instance)
{
    char id[40];
    int state = 0;
    (void)snprintf(id, sizeof(id), "%s-%u", instance->service, instance->n);
    struct bus_call call = {.service = instance->service,
                            .instance = id,
                            .method = "ansinh.v1.Health/Check",
                            .timeout_ms = 300};
    bus_call_packed(self->svc.client, &call, NULL, 0, on_check, &state);
    while (state == 0)
        loop_turn(self->svc.loop, 50);
    return state == 1;
}

void platform_wait_ready(struct platform *self)
{
    int64_t until_ms = clock_mono_ms() + READY_MS;
    for (size_t i = 0; i < self->n_instances;) {
        if (self->instances[i].pid == 0 || is_well(self, &self->instances[i]))
            i++;
        else if (clock_mono_ms() > until_ms)
            give_up(self, "not ready in time");
    }
}

static void make_directory(struct platform *self)
{
    static const char *const below[] = {"run", "log", "mail"};
    (void)snprintf(self->directory, sizeof(self->directory), "/tmp/ansinh-test-XXXXXX");
    if (mkdtemp(self->directory) == NULL)
        give_up(self, "no temporary folder");
    for (size_t i = 0; i < ARRAY_LEN(below); i++) {
        char path[128];
        (void)snprintf(path, sizeof(path), "%s/%s", self->directory, below[i]);
        if (mkdir(path, 0700) < 0)
            give_up(self, "no temporary folder");
    }
}

struct platform *platform_start(const struct platform_conf *conf)
{
    struct platform *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    struct err err = {0};
    char answer[PLATFORM_SAID_BYTES];
    make_directory(self);
    self->environment = conf->environment;
    self->build = conf->build;
    self->port = free_ports(MAX(conf->gateway, 1U));
    self->call_ms = CALL_MS;
    self->ledger = redis_server_start(self->directory, "ledger");
    self->views = redis_server_start(self->directory, "views");
    (void)setenv("ANSINH_VAR", self->directory, 1);
    (void)setenv("ANSINH_LEDGER", redis_server_url(self->ledger), 1);
    (void)setenv("ANSINH_VIEWS", redis_server_url(self->views), 1);
    if (platform_ansinh(self, answer, "keys", NULL) != 0 ||
        platform_ansinh(self, answer, "init", NULL) != 0)
        give_up(self, answer);
    add(self, "enrolment", MAX(conf->enrolment, 1U));
    add(self, "payments", MAX(conf->payments, 1U));
    add(self, "analytics", MAX(conf->analytics, 1U));
    add(self, "notifications", conf->notifications);
    add(self, "settlement", conf->settlement);
    add(self, "archiver", conf->archiver);
    add(self, "gateway", conf->gateway);
    if (service_open(&self->svc, &caller_spec, NULL, &err) < 0)
        give_up(self, err.text);
    log_open("test", LOG_ERROR);
    platform_wait_ready(self);
    return self;
}

void platform_stop(struct platform **self)
{
    struct platform *platform = *self;
    char command[COMMAND_BYTES];
    if (platform == NULL)
        return;
    if (getenv("TEST_LOGS") != NULL)
        print_logs(platform);
    for (size_t i = 0; i < platform->n_instances; i++) {
        if (platform->instances[i].pid != 0) {
            (void)kill(platform->instances[i].pid, SIGCONT);
            (void)kill(platform->instances[i].pid, SIGTERM);
        }
    }
    for (size_t i = 0; i < platform->n_instances; i++) {
        if (platform->instances[i].pid != 0)
            (void)waitpid(platform->instances[i].pid, NULL, 0);
    }
    service_close(&platform->svc);
    redis_server_stop(&platform->ledger);
    redis_server_stop(&platform->views);
    (void)snprintf(command, sizeof(command), "rm -rf %s", platform->directory);
    if (system(command) != 0)
        (void)fprintf(stderr, "%s is left\n", platform->directory);
    free(platform);
    *self = NULL;
}

const char *platform_directory(const struct platform *self)
{
    return self->directory;
}

unsigned platform_port(const struct platform *self)
{
    return self->port;
}

struct redis_server *platform_ledger(struct platform *self)
{
    return self->ledger;
}

struct redis_server *platform_views(struct platform *self)
{
    return self->views;
}

struct service *platform_service(struct platform *self)
{
    return &self->svc;
}

/* --- calls --- */

struct asking {
    int code; /* -1: no answer yet */
    const ProtobufCMessageDescriptor *output;
    char *answer;
};

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct asking *asking = arg;
    asking->code = (int)answer->code;
    if (answer->code != 0) {
        (void)snprintf(asking->answer, PLATFORM_ANSWER_BYTES, "%s: %s", answer->field,
                       answer->message);
        return;
    }
    ProtobufCMessage *message =
        protobuf_c_message_unpack(asking->output, NULL, answer->body_len, answer->body);
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, PLATFORM_ANSWER_BYTES - 1);
    ASSERT(message != NULL && json_from_message(message, JSON_DEFAULTS, &text) == 0);
    (void)snprintf(asking->answer, PLATFORM_ANSWER_BYTES, "%.*s", (int)text.len, (char *)text.data);
    protobuf_c_message_free_unpacked(message, NULL);
}

void platform_set_timeout(struct platform *self, int64_t ms)
{
    self->call_ms = ms;
}

void platform_set_partner(struct platform *self, const char *code)
{
    self->partner = code;
}

int platform_call(struct platform *self, const char *key, const char *name, char *answer,
                  const char *format, ...)
{
    char json[8192];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(json, sizeof(json), format, args);
    va_end(args);
    const struct api_method *method = api_find(name);
    ASSERT(method != NULL);
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    ProtobufCMessage *input;
    struct err err = {0};
    struct request_id id;
    if (json_to_message(json, strlen(json), method->input, arena, &input, &err) < 0) {
        (void)fprintf(stderr, "%s: %s: %s\n", json, err.field, err.text);
        abort();
    }
    request_id_make(clock_wall_ms(), &id);
    ASSERT(key == NULL || request_id_parse(key, &id) == 0);
    struct asking asking = {-1, method->output, answer};
    struct bus_call call = {.service = method->process,
                            .method = method->name,
                            .id = method->is_read ? NULL : &id,
                            .timeout_ms = self->call_ms,
                            .partner = self->partner};
    bus_call(self->svc.client, &call, input, on_answer, &asking);
    while (asking.code == -1)
        loop_turn(self->svc.loop, 50);
    return asking.code;
}

const char *platform_field(const char *answer, const char *name)
{
    static char text[1024];
    json_auto_t *root = json_loads(answer, 0, NULL);
    const json_t *value = json_object_get(root, name);
    text[0] = '\0';
    if (json_is_string(value))
        (void)snprintf(text, sizeof(text), "%s", json_string_value(value));
    else if (json_is_integer(value))
        (void)snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
    return text;
}

int platform_ansinh(struct platform *self, char *answer, ...)
{
    (void)self;
    char command[COMMAND_BYTES];
    size_t len = (size_t)snprintf(command, sizeof(command), "%s/bin/ansinh", build_folder());
    va_list args;
    va_start(args, answer);
    for (const char *word; (word = va_arg(args, const char *)) != NULL;)
        len += (size_t)snprintf(command + len, sizeof(command) - len, " '%s'", word);
    va_end(args);
    (void)snprintf(command + len, sizeof(command) - len, " 2>&1");
    FILE *pipe = popen(command, "r");
    ASSERT(pipe != NULL);
    size_t n = fread(answer, 1, PLATFORM_SAID_BYTES - 1, pipe);
    answer[n] = '\0';
    char rest[4096];
    while (fread(rest, 1, sizeof(rest), pipe) > 0)
        continue;
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void platform_import(struct platform *self)
{
    static const char *const kinds[] = {"units", "organisations", "plan"};
    char answer[PLATFORM_SAID_BYTES], path[64];
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        (void)snprintf(path, sizeof(path), "deploy/sample/%s.csv", kinds[i]);
        if (platform_ansinh(self, answer, "import", kinds[i], path, NULL) != 0)
            give_up(self, answer);
    }
}

int wait_until(struct platform *self, int (*condition)(void *arg), void *arg, int64_t timeout_ms)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    while (!condition(arg)) {
        if (clock_mono_ms() > until_ms)
            return 0;
        loop_turn(self->svc.loop, 20);
    }
    return 1;
}
