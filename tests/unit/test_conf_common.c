/* The options of every process: the common table in this process, then the real programs. */
#include "tests/support/test.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/service/api.h"
#include "common/service/conf_common.h"

#define TEXT_BYTES 65536
#define WORDS_MAX 8
#define NO_FILTER 126 /* exit status of a child that cannot forbid itself sockets */

static char directory[32], build[256];
static char out[TEXT_BYTES], other[TEXT_BYTES];

static int conf_open(void **state)
{
    (void)state;
    const char *folder = getenv("O");
    if (build[0] == '\0')
        (void)snprintf(build, sizeof(build), "%s", folder == NULL ? "build" : folder);
    (void)clearenv();
    (void)strcpy(directory, "/tmp/ansinh-conf-XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int conf_close(void **state)
{
    (void)state;
    char command[64];
    (void)snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

/* --- the common table --- */

static const struct service_spec spec = {.name = "payments", .prefix = "PAYMENTS_"};
static struct service_conf conf;

static int load(struct err *err)
{
    memset(&conf, 0x5a, sizeof(conf));
    *err = (struct err){"", ""};
    return service_conf_load(&conf, &spec, NULL, err);
}

static void expect_loaded(void)
{
    struct err err;
    if (load(&err) != 0)
        fail_msg("%s: %s", err.field, err.text);
}

static void expect_refused(const char *name, const char *value)
{
    struct err err;
    (void)setenv(name, value, 1);
    if (load(&err) != -EINVAL || strcmp(err.field, name) != 0 || strstr(err.text, name) == NULL)
        fail_msg("%s=%s: %s: %s", name, value, err.field, err.text);
    (void)unsetenv(name);
}

static void everything_has_a_default(void **state)
{
    (void)state;
    (void)setenv("ANSINH_VAR", directory, 1);
    expect_loaded();
    char wanted[CONF_STRING_BYTES];
    assert_string_equal(conf.instance, "payments-1");
    assert_string_equal(conf.var, directory);
    (void)snprintf(wanted, sizeof(wanted), "unix:%s/run/ledger.sock", directory);
    assert_string_equal(conf.ledger, wanted);
    (void)snprintf(wanted, sizeof(wanted), "unix:%s/run/views.sock", directory);
    assert_string_equal(conf.views, wanted);
    (void)snprintf(wanted, sizeof(wanted), "%s/keys", directory);
    assert_string_equal(conf.keys, wanted);
    (void)snprintf(wanted, sizeof(wanted), "ipc://%s/run/payments-1.ipc", directory);
    assert_string_equal(conf.bind, wanted);
    (void)snprintf(wanted, sizeof(wanted), "ipc://%s/run/payments-1.pub", directory);
    assert_string_equal(conf.bind_events, wanted);
    assert_string_equal(conf.policy, "deploy/policy");
    assert_string_equal(conf.log_level, "info");
    assert_string_equal(conf.advertise, "");
    assert_string_equal(conf.ledger_password_file, "");
    assert_string_equal(conf.views_password_file, "");
    assert_int_equal(conf.links, 8);
    assert_int_equal(conf.drop_events_every, 0);
    assert_int_equal(conf.allow_weak_ledger, 0);
}

static void what_is_said_is_kept(void **state)
{
    (void)state;
    (void)setenv("ANSINH_VAR", directory, 1);
    (void)setenv("ANSINH_INSTANCE", "pay-7", 1);
    (void)setenv("ANSINH_LEDGER", "tcp://ledger:6379", 1);
    (void)setenv("ANSINH_KEYS", "/etc/ansinh/keys", 1);
    (void)setenv("ANSINH_BIND", "tcp://0.0.0.0:7101", 1);
    (void)setenv("ANSINH_ALLOW_WEAK_LEDGER", "true", 1);
    (void)setenv("GATEWAY_PROT", "another process's business", 1);
    expect_loaded();
    char wanted[CONF_STRING_BYTES];
    assert_string_equal(conf.instance, "pay-7");
    assert_string_equal(conf.ledger, "tcp://ledger:6379");
    assert_string_equal(conf.keys, "/etc/ansinh/keys");
    assert_string_equal(conf.bind, "tcp://0.0.0.0:7101");
    assert_int_equal(conf.allow_weak_ledger, 1);
    (void)snprintf(wanted, sizeof(wanted), "ipc://%s/run/pay-7.pub", directory);
    assert_string_equal(conf.bind_events, wanted);
}

static void the_folder_becomes_absolute(void **state)
{
    (void)state;
    char cwd[4096];
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    (void)setenv("ANSINH_VAR", "./deploy/../deploy", 1);
    (void)strcat(cwd, "/deploy");
    expect_loaded();
    assert_string_equal(conf.var, cwd);
    /* one that is not there yet stays as it is */
    (void)setenv("ANSINH_VAR", "./not-there", 1);
    expect_loaded();
    assert_string_equal(conf.var, "./not-there");
    assert_string_equal(conf.keys, "./not-there/keys");
}

static void paths_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char folder[2 * CONF_STRING_BYTES], link[64], name[128];
    memset(folder, 'v', 200);
    folder[200] = '\0';
    memset(name, 'i', 40);
    name[40] = '\0';
    (void)setenv("ANSINH_VAR", folder, 1);
    (void)setenv("ANSINH_INSTANCE", name, 1);
    expect_loaded(); /* exactly fits */
    assert_int_equal(strlen(conf.bind), CONF_STRING_BYTES - 1);
    (void)unsetenv("ANSINH_INSTANCE");
    /* a short name that leads to a long one */
    memset(name, 'd', 112);
    name[112] = '\0';
    (void)snprintf(folder, sizeof(folder), "%s/%s", directory, name);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)snprintf(folder, sizeof(folder), "%s/%s/%s", directory, name, name);
    assert_int_equal(mkdir(folder, 0700), 0);
    (void)snprintf(link, sizeof(link), "%s/link", directory);
    assert_int_equal(symlink(folder, link), 0);
    expect_refused("ANSINH_VAR", link);
}

static void unknown_options_are_refused_by_name(void **state)
{
    (void)state;
    expect_refused("ANSINH_LEDGR", "x");
    expect_refused("ANSINH_", "x");
    expect_refused("ANSINH_LINKS_", "4");
    expect_refused("PAYMENTS_PORT", "8080");
    struct err err;
    (void)setenv("ANSINH_LEDGR", "x", 1);
    assert_int_equal(load(&err), -EINVAL);
    assert_string_equal(err.text, "unknown option ANSINH_LEDGR (see --help)");
}

static void log_levels_are_four_words(void **state)
{
    (void)state;
    static const char *const good[] = {"debug", "info", "warn", "error"};
    static const char *const bad[] = {"", "inf", "trace", "Info", "infoo", "fatal", "errors"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        (void)setenv("ANSINH_LOG_LEVEL", good[i], 1);
        expect_loaded();
        assert_string_equal(conf.log_level, good[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        expect_refused("ANSINH_LOG_LEVEL", bad[i]);
}

static void check_bounds(const struct conf_item *item)
{
    char value[512];
    if (item->type == CONF_BOOL) {
        expect_refused(item->name, "maybe");
        return;
    }
    for (int is_max = 0; is_max <= 1; is_max++) {
        int64_t bound = is_max ? item->max : item->min;
        int64_t beyond = is_max ? bound + 1 : bound - 1;
        for (int is_beyond = 0; is_beyond <= 1; is_beyond++) {
            int64_t n = is_beyond ? beyond : bound;
            if (item->type == CONF_INT) {
                (void)snprintf(value, sizeof(value), "%lld", (long long)n);
            } else if (n >= 0) {
                memset(value, 'x', (size_t)n);
                value[n] = '\0';
            } else {
                continue;
            }
            if (is_beyond) {
                expect_refused(item->name, value);
                continue;
            }
            (void)setenv(item->name, value, 1);
            expect_loaded();
            (void)unsetenv(item->name);
        }
    }
}

static void every_option_keeps_its_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < service_conf_n_items; i++) {
        if (strcmp(service_conf_items[i].name, "ANSINH_LOG_LEVEL") != 0)
            check_bounds(&service_conf_items[i]);
    }
}

/* --- the programs --- */

/* From now on socket(2) kills this process. */
static int forbid_sockets(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {ARRAY_LEN(code), code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
                   prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0
               ? -1
               : 0;
}

static void child(const char *service, const char *const *words, int fd)
{
    char path[512];
    char *argv[WORDS_MAX + 2] = {path};
    for (size_t i = 0; words[i] != NULL; i++)
        argv[i + 1] = strdup(words[i]);
    (void)snprintf(path, sizeof(path), "%s/bin/%s", build, service);
    (void)dup2(fd, STDOUT_FILENO);
    (void)dup2(fd, STDERR_FILENO);
    if (forbid_sockets() == 0)
        (void)execv(path, argv);
    _exit(NO_FILTER);
}

/* Runs a service without the right to open a socket; the exit status, or 1000 and the signal. Its
 * output goes to ret (TEXT_BYTES). words end with NULL. */
static int run(const char *service, const char *const *words, char *ret)
{
    int pipes[2], status;
    size_t len = 0;
    ssize_t n;
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        child(service, words, pipes[1]);
    (void)close(pipes[1]);
    while ((n = read(pipes[0], ret + len, TEXT_BYTES - 1 - len)) > 0)
        len += (size_t)n;
    ret[len] = '\0';
    (void)close(pipes[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

#define RUN(service, ret, ...) run(service, (const char *const[]){__VA_ARGS__, NULL}, ret)

static void expect_end(const char *service, int status, int wanted, const char *said)
{
    if (status != wanted || strstr(out, said) == NULL)
        fail_msg("%s: status %d, wanted %d and \"%s\": %s", service, status, wanted, said, out);
}

/* "PAYMENTS_PROT" */
static void own_name(const char *service, char *ret, size_t size)
{
    (void)snprintf(ret, size, "%s_PROT", service);
    for (char *p = ret; *p != '\0'; p++)
        *p = (char)toupper((unsigned char)*p);
}

static void the_filter_kills_what_opens_a_socket(void **state)
{
    (void)state;
    (void)setenv("ANSINH_VAR", directory, 1);
    for (const char *const *at = api_processes(); *at != NULL; at++)
        assert_int_equal(run(*at, (const char *const[]){NULL}, out), 1000 + SIGSYS);
}

static void a_wrong_option_ends_every_program_before_its_first_socket(void **state)
{
    (void)state;
    static const char *const wrong[][2] = {
        {"ANSINH_LEDGR", "x"},       {"ANSINH_LINKS", "0"},     {"ANSINH_LINKS", "four"},
        {"ANSINH_LOG_LEVEL", "all"}, {"ANSINH_DRAIN_MS", "-1"}, {"ANSINH_ALLOW_WEAK_LEDGER", "y"},
    };
    (void)setenv("ANSINH_VAR", directory, 1);
    for (const char *const *at = api_processes(); *at != NULL; at++) {
        const char *service = *at;
        char name[64];
        for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
            (void)setenv(wrong[i][0], wrong[i][1], 1);
            expect_end(service, RUN(service, out, NULL), 2, wrong[i][0]);
            expect_end(service, RUN(service, out, "--print-config"), 2, wrong[i][0]);
            (void)unsetenv(wrong[i][0]);
        }
        own_name(service, name, sizeof(name));
        (void)setenv(name, "1", 1);
        expect_end(service, RUN(service, out, NULL), 2, name);
        (void)unsetenv(name);
    }
    /* nothing was left behind */
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(mkdir(directory, 0700), 0);
}

static void own_options_of_services_keep_their_bounds(void **state)
{
    (void)state;
    static const char *const wrong[][3] = {
        {"gateway", "GATEWAY_PORT", "65536"},
        {"gateway", "GATEWAY_PORT", "-1"},
        {"gateway", "GATEWAY_ADDRESS", ""},
        {"notifications", "NOTIFICATIONS_TRIES", "0"},
        {"notifications", "NOTIFICATIONS_SMTP_TLS", "perhaps"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        (void)setenv(wrong[i][1], wrong[i][2], 1);
        expect_end(wrong[i][0], RUN(wrong[i][0], out, NULL), 2, wrong[i][1]);
        /* to another service they mean nothing */
        expect_end("analytics", RUN("analytics", out, "--print-config"), 0, "ANSINH_LINKS=8");
        (void)unsetenv(wrong[i][1]);
    }
}

static void wrong_words_end_every_program(void **state)
{
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/none.conf", directory);
    for (const char *const *at = api_processes(); *at != NULL; at++) {
        const char *service = *at;
        expect_end(service, RUN(service, out, "--hlep"), 2, "--hlep");
        expect_end(service, RUN(service, out, "start"), 2, "start");
        expect_end(service, RUN(service, out, "--config", path), 2, path);
    }
}

static void programs_explain_themselves(void **state)
{
    (void)state;
    for (const char *const *at = api_processes(); *at != NULL; at++) {
        const char *service = *at;
        char wanted[64];
        (void)snprintf(wanted, sizeof(wanted), "ansinh %s " ANSINH_VERSION "\n", service);
        assert_int_equal(RUN(service, out, "--version"), 0);
        assert_string_equal(out, wanted);
        assert_int_equal(RUN(service, out, "--help"), 0);
        for (size_t i = 0; i < service_conf_n_items; i++) {
            assert_non_null(strstr(out, service_conf_items[i].name));
            assert_non_null(strstr(out, service_conf_items[i].help));
        }
        assert_int_equal(RUN(service, out, "--print-config-table"), 0);
        assert_non_null(strstr(out, "| option | default | range | unit | meaning |\n|---|"));
        assert_null(strstr(out, "| `ANSINH_"));
    }
}

static void the_configuration_in_force_can_be_given_again(void **state)
{
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof(path), "%s/printed.conf", directory);
    for (const char *const *at = api_processes(); *at != NULL; at++) {
        const char *service = *at;
        (void)setenv("ANSINH_VAR", directory, 1);
        (void)setenv("ANSINH_LINKS", "7", 1);
        assert_int_equal(RUN(service, out, "--print-config"), 0);
        assert_non_null(strstr(out, "\nANSINH_LINKS=7\n"));
        (void)clearenv();
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fputs(out, file) >= 0, 1);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(RUN(service, other, "--config", path, "--print-config"), 0);
        assert_string_equal(other, out);
        /* the environment wins over the file */
        (void)setenv("ANSINH_LINKS", "9", 1);
        assert_int_equal(RUN(service, other, "--config", path, "--print-config"), 0);
        assert_non_null(strstr(other, "\nANSINH_LINKS=9\n"));
        (void)clearenv();
    }
}

/* --- no dead options --- */

static const char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t n = fread(other, 1, sizeof(other) - 1, file);
    assert_true(n < sizeof(other) - 1);
    other[n] = '\0';
    (void)fclose(file);
    return other;
}

/* Whether somebody in a folder reads the field of a struct that is called conf. */
static int is_read(const char *folder, const char *field)
{
    char command[512];
    (void)snprintf(command, sizeof(command),
                   "grep -rqE --include='*.c' --exclude=conf_common.c 'conf(\\.|->)%s\\b' %s",
                   field, folder);
    return system(command) == 0;
}

/* Checks every row of the tables in a source file; answers how many there are. */
static size_t check_rows(const char *path, const char *folders)
{
    size_t n = 0;
    const char *row = read_file(path);
    while ((row = strstr(row, "    {\"")) != NULL) {
        char name[64], type[16], field[64];
        const char *paren = strchr(row, '(');
        int is_row = sscanf(row, "    {\"%63[A-Z_]\", CONF_%15[A-Z],", name, type) == 2;
        row += 6;
        if (!is_row)
            continue;
        n++;
        assert_int_equal(sscanf(paren, "(%63[a-z_0-9])", field), 1);
        if (!is_read(folders, field))
            fail_msg("%s: nobody reads %s", name, field);
    }
    return n;
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (; (text = strstr(text, what)) != NULL; text += strlen(what))
        n++;
    return n;
}

static void every_option_is_read_by_somebody(void **state)
{
    (void)state;
    assert_int_equal(check_rows("common/service/conf_common.c", "common/service services"),
                     service_conf_n_items);
    for (const char *const *at = api_processes(); *at != NULL; at++) {
        const char *service = *at;
        char folder[64], pattern[80];
        glob_t found;
        size_t n = 0;
        (void)snprintf(folder, sizeof(folder), "services/%s", service);
        (void)snprintf(pattern, sizeof(pattern), "%s/*.c", folder);
        assert_int_equal(glob(pattern, 0, NULL, &found), 0);
        for (size_t i = 0; i < found.gl_pathc; i++)
            n += check_rows(found.gl_pathv[i], folder);
        globfree(&found);
        assert_int_equal(RUN(service, out, "--print-config-table"), 0);
        assert_int_equal(n, count(out, "\n| `"));
    }
    assert_false(is_read("common/service services", "field_that_is_not_there"));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, conf_open, conf_close)

static const struct CMUnitTest tests[] = {
    WITH_FOLDER(everything_has_a_default),
    WITH_FOLDER(what_is_said_is_kept),
    WITH_FOLDER(the_folder_becomes_absolute),
    WITH_FOLDER(paths_that_do_not_fit_are_refused),
    WITH_FOLDER(unknown_options_are_refused_by_name),
    WITH_FOLDER(log_levels_are_four_words),
    WITH_FOLDER(every_option_keeps_its_bounds),
    WITH_FOLDER(the_filter_kills_what_opens_a_socket),
    WITH_FOLDER(a_wrong_option_ends_every_program_before_its_first_socket),
    WITH_FOLDER(own_options_of_services_keep_their_bounds),
    WITH_FOLDER(wrong_words_end_every_program),
    WITH_FOLDER(programs_explain_themselves),
    WITH_FOLDER(the_configuration_in_force_can_be_given_again),
    WITH_FOLDER(every_option_is_read_by_somebody),
};

TEST_MAIN(tests)
