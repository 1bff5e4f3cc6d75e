/* Processes and servers die at any instruction under load: every acknowledged command is there
 * exactly once, every unacknowledged one settles by its retry, and the board is exact again. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <limits.h>
#include <signal.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/store/commit.h"
#include "tests/support/people.h"

#define LOAD_WINDOW 64
#define BATCH 1000
#define BATCHES_MAX 30
#define BOARD_MS 60000

static char answer[PLATFORM_ANSWER_BYTES];

static void start(struct platform **ret, const struct platform_conf *conf)
{
    *ret = platform_start(conf);
    platform_import(*ret);
}

/* Sum of a control total over all partitions, as the ledger keeps it. */
static int64_t total_of(struct platform *platform, enum total total)
{
    int64_t sum = 0;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        char key[KEY_MAX_BYTES];
        struct totals totals;
        (void)key_totals(p, key);
        redisReply *reply = redis_server_do(platform_ledger(platform), "GET", key, NULL);
        assert_non_null(reply);
        if (reply->type == REDIS_REPLY_STRING) {
            assert_int_equal(totals_unpack(reply->str, reply->len, &totals), 0);
            sum += totals.values[total];
        }
        freeReplyObject(reply);
    }
    return sum;
}

/* Load runs in this process's loop; a timer brings trouble while it does. */
struct trouble {
    struct platform *platform;
    unsigned round;
    void (*strike)(struct trouble *self);
};

static void strike(void *arg)
{
    struct trouble *trouble = arg;
    trouble->strike(trouble);
    trouble->round++;
}

/* Loads until so many strikes have come, however fast the machine is, and the last one has started
 * again what the one before it killed. Answers how many people came in. */
static unsigned load_in_trouble(struct platform *platform, void (*fn)(struct trouble *),
                                int64_t period_ms, unsigned rounds)
{
    struct trouble trouble = {platform, 0, fn};
    struct loop *loop = platform_service(platform)->loop;
    struct loop_timer *timer = loop_timer_add(loop, 100, period_ms, strike, &trouble);
    unsigned n = 0;
    do {
        /* every answer was a success or is one now: the window's deadlines are longer than the
         * trouble */
        assert_int_equal(people_load(platform, NULL, n, BATCH, LOAD_WINDOW), BATCH);
        n += BATCH;
    } while ((trouble.round < rounds || trouble.round % 2 != 0) && n < BATCH * BATCHES_MAX);
    loop_timer_cancel(loop, &timer);
    assert_in_range(trouble.round, 4, UINT_MAX);
    if (trouble.round % 2 != 0)
        fn(&trouble);
    return n;
}

static void assert_exact(struct platform *platform, long long n)
{
    assert_true(people_wait_board(platform, "15", n, BOARD_MS));
    assert_true(people_wait_board(platform, "02647", n, BOARD_MS));
    assert_int_equal(total_of(platform, TOTAL_ENROLLED), n);
    assert_int_equal(total_of(platform, TOTAL_PAYMENTS), n);
    assert_int_equal(total_of(platform, TOTAL_PARTICIPANTS), n);
    assert_int_equal(total_of(platform, TOTAL_CENTRAL_VND), n * 66000);
    assert_int_equal(total_of(platform, TOTAL_PARTICIPANT_VND), n * 264000);
    if (platform_ansinh(platform, answer, "verify", NULL) != 0)
        fail_msg("%s", answer);
    assert_non_null(strstr(answer, " 0 differences"));
}

/* kill -9 of one instance after another; its supervisor (here: the next strike) starts it again. */
static void kill_a_service(struct trouble *self)
{
    static const struct {
        const char *service;
        unsigned n;
    } victims[] = {{"payments", 1},  {"enrolment", 1}, {"analytics", 1},     {"payments", 2},
                   {"enrolment", 2}, {"analytics", 2}, {"notifications", 1}, {"gateway", 1}};
    unsigned i = (self->round / 2) % ARRAY_LEN(victims);
    if (self->round % 2 == 0)
        platform_signal(self->platform, victims[i].service, victims[i].n, SIGKILL);
    else
        platform_spawn(self->platform, victims[i].service, victims[i].n);
}

static void test_killed_services_lose_nothing(void **state)
{
    (void)state;
    struct platform *platform;
    start(&platform,
          &(struct platform_conf){
              .enrolment = 2, .payments = 2, .analytics = 2, .notifications = 1, .gateway = 1});
    assert_exact(platform, load_in_trouble(platform, kill_a_service, 150, 16));
    platform_stop(&platform);
}

static void kill_the_ledger(struct trouble *self)
{
    if (self->round % 2 == 0)
        redis_server_kill(platform_ledger(self->platform));
    else
        redis_server_restart(platform_ledger(self->platform));
}

static void test_killed_ledger_loses_nothing(void **state)
{
    (void)state;
    struct platform *platform;
    start(&platform, &(struct platform_conf){.payments = 2});
    unsigned n = load_in_trouble(platform, kill_the_ledger, 1500, 6);
    redis_server_kill(platform_ledger(platform)); /* whatever it was doing: up again, once */
    redis_server_restart(platform_ledger(platform));
    assert_exact(platform, n);
    platform_stop(&platform);
}

static void kill_the_views(struct trouble *self)
{
    if (self->round % 2 == 0)
        redis_server_kill(platform_views(self->platform));
    else
        redis_server_restart(platform_views(self->platform));
}

/* The views server may lose its last second: the board is folded again from where it stands. */
static void test_killed_views_miscount_nothing(void **state)
{
    (void)state;
    struct platform *platform;
    start(&platform, &(struct platform_conf){0});
    unsigned n = load_in_trouble(platform, kill_the_views, 400, 8);
    redis_server_kill(platform_views(platform));
    redis_server_restart(platform_views(platform));
    assert_exact(platform, n);
    platform_stop(&platform);
}

/* Two of three frames never arrive: the journal gives them back. */
static void test_lost_frames_are_read_back(void **state)
{
    (void)state;
    static const char *const environment[] = {"ANSINH_TEST_DROP_EVENTS=2", NULL};
    struct platform *platform;
    start(&platform, &(struct platform_conf){.environment = environment});
    assert_int_equal(people_load(platform, NULL, 0, 3000, LOAD_WINDOW), 3000);
    assert_exact(platform, 3000);
    platform_stop(&platform);
}

/* The leader sleeps longer than its lease; when it wakes up, the other one leads and its flush is
 * refused. */
static void test_two_boards_never_count_twice(void **state)
{
    (void)state;
    struct platform *platform;
    start(&platform, &(struct platform_conf){.analytics = 2});
    for (unsigned round = 0; round < 3; round++) {
        unsigned sleeper = round % 2 + 1;
        assert_int_equal(people_load(platform, NULL, round * 2000, 1000, LOAD_WINDOW), 1000);
        platform_signal(platform, "analytics", sleeper, SIGSTOP);
        assert_int_equal(people_load(platform, NULL, round * 2000 + 1000, 1000, LOAD_WINDOW), 1000);
        assert_true(people_wait_board(platform, "15", (round + 1) * 2000, BOARD_MS));
        platform_signal(platform, "analytics", sleeper, SIGCONT);
    }
    assert_exact(platform, 6000);
    platform_stop(&platform);
}

/* The same load twice with the same ids, as after a client's crash: nothing is done twice. */
static void test_repeated_load_changes_nothing(void **state)
{
    (void)state;
    struct platform *platform;
    start(&platform, &(struct platform_conf){0});
    assert_int_equal(people_load(platform, "again", 0, 2000, LOAD_WINDOW), 2000);
    assert_int_equal(people_load(platform, "again", 0, 2000, LOAD_WINDOW), 2000);
    assert_exact(platform, 2000);
    platform_stop(&platform);
}

/* Each attempt at the lead has an epoch of its own. */
struct attempts {
    struct platform *platform;
    char epoch[32];
    int n;
};

static int has_tried_twice(void *arg)
{
    struct attempts *self = arg;
    redisReply *reply =
        redis_server_do(platform_views(self->platform), "HGET", "{v:board}:lease", "epoch", NULL);
    if (reply->type == REDIS_REPLY_STRING && strcmp(reply->str, self->epoch) != 0) {
        (void)snprintf(self->epoch, sizeof(self->epoch), "%s", reply->str);
        self->n++;
    }
    freeReplyObject(reply);
    return self->n == 3; /* the first was that of the leader before */
}

/* A leader that cannot load its board does not lead, and tries again. */
static void test_facts_that_cannot_be_read_are_read_again(void **state)
{
    (void)state;
    struct platform *platform;
    start(&platform, &(struct platform_conf){0});
    struct attempts attempts = {.platform = platform};
    assert_int_equal(people_load(platform, NULL, 0, 20, LOAD_WINDOW), 20);
    assert_true(people_wait_board(platform, "15", 20, BOARD_MS));
    platform_signal(platform, "analytics", 1, SIGKILL);
    (void)redis_server_integer(platform_views(platform), "HINCRBY", "{v:board}:shape", "facts",
                               "1000", NULL);
    platform_spawn(platform, "analytics", 1);
    assert_true(wait_until(platform, has_tried_twice, &attempts, BOARD_MS));
    assert_int_equal(people_on_board(platform, "15"), -1);
    (void)redis_server_integer(platform_views(platform), "HINCRBY", "{v:board}:shape", "facts",
                               "-1000", NULL);
    assert_int_equal(people_load(platform, NULL, 20, 5, LOAD_WINDOW), 5);
    assert_exact(platform, 25);
    platform_stop(&platform);
}

/* No name, id, phone or mail address in any file but the mails themselves. */
static void test_personal_data_is_sealed(void **state)
{
    (void)state;
    static const char *const secrets[] = {"Thử Nghiệm", "0100850", "+84300", "@example.vn", "Tổ 7"};
    char command[512];
    struct platform *platform;
    start(&platform, &(struct platform_conf){.notifications = 1, .gateway = 1});
    assert_int_equal(people_load(platform, NULL, 0, 300, LOAD_WINDOW), 300);
    assert_true(people_wait_board(platform, "15", 300, BOARD_MS));
    freeReplyObject(redis_server_do(platform_ledger(platform), "SAVE", NULL));
    freeReplyObject(redis_server_do(platform_views(platform), "SAVE", NULL));
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        (void)snprintf(command, sizeof(command), "grep -rlaF --exclude-dir=mail -e '%s' %s",
                       secrets[i], platform_directory(platform));
        assert_int_not_equal(system(command), 0);
    }
    /* the search finds what is there: units are no secret */
    (void)snprintf(command, sizeof(command), "grep -rlaqF -e 'Cam Đường' %s",
                   platform_directory(platform));
    assert_int_equal(system(command), 0);
    platform_stop(&platform);
}

static void test_drain_ends_cleanly(void **state)
{
    (void)state;
    struct platform *platform;
    start(&platform, &(struct platform_conf){.payments = 2, .analytics = 2});
    platform_signal(platform, "payments", 1, SIGTERM);
    platform_signal(platform, "analytics", 1, SIGTERM);
    assert_int_equal(people_load(platform, NULL, 0, 1000, LOAD_WINDOW), 1000);
    assert_exact(platform, 1000);
    platform_stop(&platform);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_services_lose_nothing),
        cmocka_unit_test(test_killed_ledger_loses_nothing),
        cmocka_unit_test(test_killed_views_miscount_nothing),
        cmocka_unit_test(test_lost_frames_are_read_back),
        cmocka_unit_test(test_two_boards_never_count_twice),
        cmocka_unit_test(test_repeated_load_changes_nothing),
        cmocka_unit_test(test_facts_that_cannot_be_read_are_read_again),
        cmocka_unit_test(test_personal_data_is_sealed),
        cmocka_unit_test(test_drain_ends_cleanly),
    };
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}
