/* deploy/sandbox and `ansinh certify` as a partner's engineer uses them: the example client is
 * certified, and each client with a fault made on purpose is not. */
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"

#define ARGUMENTS_MAX 32
#define TEXT_BYTES 256
#define SAID_BYTES 16384
#define WAIT_MS 120000
#define STEP_MS 20
#define PYTHON "/usr/bin/python3"
#define NODE "/usr/bin/node"
#define KEY_ID "VNPOST:sandbox"
/* The slowest answer comes after 5 s; a timeout is held a little longer than the client waits. */
#define CLIENT_TIMEOUT_S "6"
#define HOLD_MS "6500"

static char var[] = "/tmp/ansinh-sandbox-XXXXXX";
static char url[TEXT_BYTES], key[TEXT_BYTES], people[TEXT_BYTES], savers[TEXT_BYTES];
static char said[SAID_BYTES];
static pid_t sandbox;

/* --- processes -------------------------------------------------------------------------------- */

static const char *path_of(const char *name)
{
    static char path[4 * TEXT_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s", var, name);
    return path;
}

/* Its output goes to a file of the state folder. */
static pid_t spawn(const char *output, const char *const arguments[])
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int fd = open(path_of(output), O_WRONLY | O_CREAT | O_TRUNC, 0600);
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
        (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    return pid;
}

static int end(pid_t pid, int signal_number)
{
    int status = 0;
    if (signal_number != 0)
        (void)kill(pid, signal_number);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void read_said(const char *output)
{
    FILE *file = fopen(path_of(output), "r");
    size_t len = file == NULL ? 0 : fread(said, 1, sizeof(said) - 1, file);
    said[len] = '\0';
    if (file != NULL)
        (void)fclose(file);
}

static void wait_for(const char *output, const char *text)
{
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    for (read_said(output); strstr(said, text) == NULL; read_said(output)) {
        if (clock_mono_ms() > until_ms)
            fail_msg("no \"%s\" in %s: %s", text, output, said);
        (void)poll(NULL, 0, STEP_MS);
    }
}

/* Two ports, one behind the other, that nobody has. */
static unsigned free_ports(void)
{
    for (int i = 0; i < 100; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(address);
        int one = socket(AF_INET, SOCK_STREAM, 0), two = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(one, (const struct sockaddr *)&address, len), 0);
        assert_int_equal(getsockname(one, (struct sockaddr *)&address, &len), 0);
        unsigned port = ntohs(address.sin_port);
        address.sin_port = htons((uint16_t)(port + 1));
        int is_free = port < 65535 && bind(two, (const struct sockaddr *)&address, len) == 0;
        (void)close(one);
        (void)close(two);
        if (is_free)
            return port;
    }
    fail_msg("no free ports");
    return 0;
}

static int start(void **state)
{
    (void)state;
    char port[16];
    assert_non_null(mkdtemp(var));
    (void)snprintf(port, sizeof(port), "%u", free_ports());
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%s", port);
    (void)snprintf(key, sizeof(key), "%s/partner.key", var);
    (void)snprintf(people, sizeof(people), "%s/people.txt", var);
    (void)snprintf(savers, sizeof(savers), "%s/savers.txt", var);
    assert_int_equal(setenv("VAR", var, 1) | setenv("PORT", port, 1) |
                         setenv("HOLD_MS", HOLD_MS, 1) | setenv("PEOPLE", "80", 1) |
                         setenv("PYTHONDONTWRITEBYTECODE", "1", 1),
                     0);
    sandbox = spawn("sandbox.out", (const char *const[]){"deploy/sandbox", NULL});
    wait_for("sandbox.out", "what came: /sandbox/record");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    (void)end(sandbox, SIGTERM);
    (void)end(spawn("rm.out", (const char *const[]){"rm", "-rf", var, NULL}), 0);
    return 0;
}

/* --- certifying ------------------------------------------------------------------------------- */

/* Starts a client's adapter, whose arguments end with NULL; it says where it listens. */
static pid_t start_adapter(const char *const arguments[], char ret_address[TEXT_BYTES])
{
    (void)unlink(path_of("adapter.out"));
    pid_t client = spawn("adapter.out", arguments);
    wait_for("adapter.out", "/\n");
    assert_int_equal(sscanf(said, "adapter: %255s", ret_address), 1);
    return client;
}

/* only: a scenario, or NULL for all. Ends the client. The exit status; said is the report. */
static int judge(pid_t client, const char *address, const char *only)
{
    char program[TEXT_BYTES];
    const char *build = getenv("O");
    (void)snprintf(program, sizeof(program), "%s/bin/ansinh", build == NULL ? "build" : build);
    const char *const command[] = {
        program,    "certify", "--partner", address,    "--sandbox",
        url,        "--key",   key,         "--key-id", KEY_ID,
        "--people", people,    "--savers",  savers,     only == NULL ? NULL : "--only",
        only,       NULL};
    int status = end(spawn("certify.out", command), 0);
    (void)end(client, SIGTERM);
    read_said("certify.out");
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* fault: NULL for the example. */
static int certify(const char *fault, const char *only)
{
    static int n;
    const char *arguments[ARGUMENTS_MAX] = {PYTHON};
    char journal[2 * TEXT_BYTES], address[TEXT_BYTES];
    int i = 1;
    (void)snprintf(journal, sizeof(journal), "%s/journal-%d", var, n++);
    if (fault == NULL) {
        arguments[i++] = "docs/examples/partner_adapter.py";
    } else {
        arguments[i++] = "tests/interop/broken_client.py";
        arguments[i++] = fault;
    }
    const char *const rest[] = {"--url",     url,     "--key",  key, "--key-id",  KEY_ID,
                                "--journal", journal, "--port", "0", "--timeout", CLIENT_TIMEOUT_S};
    memcpy(&arguments[i], rest, sizeof(rest));
    pid_t client = start_adapter(arguments, address);
    return judge(client, address, only);
}

static void the_example_is_certified(void **state)
{
    (void)state;
    if (certify(NULL, NULL) != 0)
        fail_msg("%s", said);
    assert_non_null(strstr(said, "22 passed, 0 failed"));
}

/* Written from docs/post-office.md alone. */
static void a_client_in_another_language_is_certified(void **state)
{
    (void)state;
    char address[TEXT_BYTES];
    if (access(NODE, X_OK) != 0) {
        print_message("there is no " NODE "\n");
        skip();
    }
    pid_t client =
        start_adapter((const char *const[]){NODE, "tests/interop/partner_adapter.mjs", url, key,
                                            KEY_ID, CLIENT_TIMEOUT_S "000", NULL},
                      address);
    if (judge(client, address, NULL) != 0)
        fail_msg("%s", said);
}

static void must_fail(const char *fault, const char *only, const char *why)
{
    if (certify(fault, only) != 1 || strstr(said, why) == NULL)
        fail_msg("%s: wanted \"%s\", got: %s", fault, why, said);
}

static void a_client_with_a_fault_is_not_certified(void **state)
{
    (void)state;
    must_fail("new-id", "unavailable", "under another id");
    must_fail("other-bytes", "repeat", "FAILED: ");
    must_fail("believes", "forged", "neither GetPayment nor the same request");
    must_fail("gives-up", "unknown", "neither GetPayment nor the same request");
    must_fail("impatient", "limit", "Retry-After");
    must_fail("same-nonce", "unavailable", "same nonce twice");
    must_fail("new-key", "remittance-unanswered", "the client says REFUSED");
}

static void what_cannot_be_tried_is_said(void **state)
{
    (void)state;
    assert_int_equal(certify(NULL, "nonsense"), 2);
    assert_non_null(strstr(said, "there is no scenario nonsense"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_example_is_certified),
    cmocka_unit_test(a_client_in_another_language_is_certified),
    cmocka_unit_test(a_client_with_a_fault_is_not_certified),
    cmocka_unit_test(what_cannot_be_tried_is_said),
};

int main(void)
{
    return !!cmocka_run_group_tests(tests, start, stop);
}
