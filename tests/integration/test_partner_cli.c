/* ansinh partner and signed calls from the command line: from a new key to its revocation. */
#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/support/platform.h"

#define WAIT_MS 15000

static struct platform *platform;
static char said[PLATFORM_SAID_BYTES];
static char url[64], ed25519[128], hmac[128];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.gateway = 1, .settlement = 1});
    platform_import(platform);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u", platform_port(platform));
    (void)snprintf(ed25519, sizeof(ed25519), "%s/ed25519.key", platform_directory(platform));
    (void)snprintf(hmac, sizeof(hmac), "%s/hmac.key", platform_directory(platform));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* The exit status; what was said is in said. */
#define ANSINH(...) platform_ansinh(platform, said, __VA_ARGS__, NULL)

static void expect_said(const char *text)
{
    if (strstr(said, text) == NULL)
        fail_msg("no \"%s\" in: %s", text, said);
}

static int call(const char *key, const char *key_id, int is_hmac)
{
    return is_hmac ? ANSINH("call", "--url", url, "--key", key, "--key-id", key_id, "--hmac-sha256",
                            "Collections/Echo", "{\"text\":\"a\"}")
                   : ANSINH("call", "--url", url, "--key", key, "--key-id", key_id,
                            "Collections/Echo", "{\"text\":\"a\"}");
}

/* A key reaches the gateway within a second, and so does its end. */
static void wait_call(const char *key, const char *key_id, int is_hmac, int status)
{
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    while (call(key, key_id, is_hmac) != status)
        if (clock_mono_ms() > until_ms)
            fail_msg("%s", said);
}

static void a_key_is_made_used_and_revoked(void **state)
{
    (void)state;
    struct stat st;
    char public_key[64];
    assert_int_equal(ANSINH("partner", "keygen", ed25519), 0);
    assert_int_equal(stat(ed25519, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    const char *at = strstr(said, "public key: ");
    assert_non_null(at);
    (void)snprintf(public_key, sizeof(public_key), "%.44s", at + strlen("public key: "));
    assert_int_equal(ANSINH("partner", "keygen", ed25519), 1);
    expect_said("is there already");

    assert_int_equal(ANSINH("partner", "add", "VNPOST", "--products", "1,2", "--units", "15,01",
                            "--rate", "700", "--cut-off", "17:30", "--cash-limit", "50000000",
                            "--cash-hours", "24", "--cash-enforced", "--contact",
                            "operations,ops@example.vn,1900"),
                     0);
    expect_said("\"written\": 1");
    assert_int_equal(ANSINH("partner", "key", "VNPOST", "2026", "--ed25519", public_key), 0);
    expect_said("VNPOST:2026");
    wait_call(ed25519, "VNPOST:2026", 0, 0);
    expect_said("\"partner\":\"VNPOST\"");

    assert_int_equal(ANSINH("partner", "revoke", "VNPOST:2026"), 0);
    wait_call(ed25519, "VNPOST:2026", 0, 1);
    expect_said("the key is revoked");
    assert_int_equal(ANSINH("partner", "show", "VNPOST"), 0);
    expect_said("\"cutOffMinute\": 1050");
    expect_said("\"burst\": 1400");
    expect_said("revokedAtMs");
    expect_said("ops@example.vn");
}

static void a_secret_is_shared_by_its_file(void **state)
{
    (void)state;
    assert_int_equal(ANSINH("partner", "keygen", hmac), 0);
    assert_int_equal(ANSINH("partner", "add", "HPN"), 0);
    assert_int_equal(ANSINH("partner", "key", "HPN", "1", "--hmac-sha256", hmac, "--from",
                            "2020-01-01", "--until", "2100-01-01"),
                     0);
    wait_call(hmac, "HPN:1", 1, 0);
    assert_int_equal(call(hmac, "HPN:1", 0), 1); /* taken for a seed */
    expect_said("alg is not that of the key");
    assert_int_equal(ANSINH("partner", "show", "HPN"), 0);
    assert_null(strstr(said, "sealedSecret"));
    expect_said("\"validUntilMs\": \"4102419600000\""); /* 2100-01-01 at +07:00 */
}

static void wrong_usage_is_refused(void **state)
{
    (void)state;
    assert_int_equal(ANSINH("partner"), 2);
    assert_int_equal(ANSINH("partner", "add"), 2);
    assert_int_equal(ANSINH("partner", "add", "HPN", "--rate"), 2);
    assert_int_equal(ANSINH("partner", "add", "HPN", "--rate", "x"), 2);
    assert_int_equal(ANSINH("partner", "add", "HPN", "--cut-off", "24:00"), 2);
    assert_int_equal(ANSINH("partner", "add", "HPN", "--cut-off", "18:60"), 2);
    assert_int_equal(ANSINH("partner", "add", "HPN", "--cut-off", "1800"), 2);
    assert_int_equal(ANSINH("partner", "add", "HPN", "--products", "a"), 2);
    assert_int_equal(ANSINH("partner", "add", "HPN", "--contact", "a,b"), 2);
    assert_int_equal(ANSINH("partner", "add", "HPN", "--other", "1"), 2);
    assert_int_equal(ANSINH("partner", "key", "HPN", "2", "--ed25519", "AA=="), 2);
    assert_int_equal(ANSINH("partner", "key", "HPN", "2", "--ed25519"), 2);
    assert_int_equal(ANSINH("partner", "key", "HPN", "2", "--until", "2100-13-01"), 2);
    assert_int_equal(ANSINH("partner", "key", "HPN", "2", "--hmac-sha256", "/nowhere"), 1);
    assert_int_equal(ANSINH("partner", "add", "NOBODY"), 1);
    expect_said("unknown organisation");
    assert_int_equal(ANSINH("partner", "revoke", "HPN:9"), 1);
    expect_said("no such key");
    assert_int_equal(ANSINH("call", "--url", url, "Collections/Echo", "{}"), 2);
    assert_int_equal(ANSINH("call", "--hmac-sha256", "Collections/Echo", "{}"), 2);
    assert_int_equal(ANSINH("call", "--url", url, "--key", "/nowhere", "--key-id", "a:b",
                            "Collections/Echo", "{}"),
                     1);
    expect_said("there is no such key file");
}

/* --- a proxy that is not honest ----------------------------------------------------------------
 */

#define PYTHON "/usr/bin/python3"

static FILE *start_proxy(const char *mode, pid_t *ret_pid, char ret_url[64])
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    *ret_pid = fork();
    assert_true(*ret_pid >= 0);
    if (*ret_pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(fds[1], STDOUT_FILENO);
        (void)execl(PYTHON, PYTHON, "tests/interop/tampering_proxy.py", url, mode, NULL);
        _exit(127);
    }
    (void)close(fds[1]);
    FILE *from = fdopen(fds[0], "r");
    assert_non_null(from);
    assert_int_equal(fscanf(from, "proxy: %63s", ret_url), 1);
    return from;
}

static int call_through(const char *through)
{
    return ANSINH("call", "--url", through, "--key", ed25519, "--key-id", "VNPOST:3",
                  "Collections/Echo", "{\"text\":\"a\"}");
}

static void an_answer_is_believed_by_its_signature_alone(void **state)
{
    (void)state;
    static const struct {
        const char *mode, *why;
    } rows[] = {
        {"honest", NULL},
        {"body", "not that of the body"},
        {"digest", "its signature does not fit"},
        {"status", "its signature does not fit"},
        {"strip", "it is not signed"},
        {"keys", "a key that is not the platform's"},
        {"replay", "its signature does not fit"},
    };
    char public_key[64];
    assert_int_equal(ANSINH("partner", "show", "VNPOST"), 0);
    const char *at = strstr(said, "\"publicKey\": \"");
    assert_non_null(at);
    (void)snprintf(public_key, sizeof(public_key), "%.44s", at + strlen("\"publicKey\": \""));
    assert_int_equal(ANSINH("partner", "key", "VNPOST", "3", "--ed25519", public_key), 0);
    wait_call(ed25519, "VNPOST:3", 0, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char through[64];
        pid_t pid;
        FILE *from = start_proxy(rows[i].mode, &pid, through);
        int status = call_through(through);
        if (strcmp(rows[i].mode, "replay") == 0) {
            assert_int_equal(status, 0); /* the first one is good */
            status = call_through(through);
        }
        if (status != (rows[i].why != NULL))
            fail_msg("%s: %d %s", rows[i].mode, status, said);
        expect_said(rows[i].why == NULL ? "\"text\":\"a\"" : rows[i].why);
        assert_true((strstr(said, "cannot be believed") != NULL) == (rows[i].why != NULL));
        assert_true((strstr(said, "\"partner\"") != NULL) == (rows[i].why == NULL));
        (void)kill(pid, SIGTERM);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_int_equal(fclose(from), 0);
    }
}

static int allocate(void)
{
    return ANSINH("call", "--url", url, "--key", ed25519, "--key-id", "VNPOST:3",
                  "Receipts/AllocateBlock",
                  "{\"pointCode\":\"BD02647\",\"count\":2,\"officer\":\"NV0001\"}");
}

/* What a partner may do with its receipts has an Idempotency-Key: its own, or a fresh one. */
static void a_signed_command_has_a_key(void **state)
{
    (void)state;
    assert_int_equal(allocate(), 0);
    expect_said("\"firstNumber\":\"1\"");
    assert_int_equal(setenv("IDEMPOTENCY_KEY", "block of monday", 1), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(allocate(), 0);
        expect_said("\"firstNumber\":\"3\"");
    }
    assert_int_equal(setenv("IDEMPOTENCY_KEY", "a\nb", 1), 0);
    assert_int_equal(allocate(), 2);
    expect_said("IDEMPOTENCY_KEY");
    assert_int_equal(unsetenv("IDEMPOTENCY_KEY"), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_key_is_made_used_and_revoked),
    cmocka_unit_test(a_secret_is_shared_by_its_file),
    cmocka_unit_test(wrong_usage_is_refused),
    cmocka_unit_test(an_answer_is_believed_by_its_signature_alone),
    cmocka_unit_test(a_signed_command_has_a_key),
};

int main(void)
{
    return cmocka_run_group_tests(tests, start, stop);
}
