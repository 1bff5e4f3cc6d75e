/* Two processes that both believe they lead a projection: the one that slept longer than its lease
 * wakes up with a flush in its hands, which the lease's epoch refuses; every event counts once. */
#include "tests/support/test.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>

#include "ansinh/v1/health.pb-c.h"
#include "common/base/clock.h"
#include "tests/support/people.h"

#define PEOPLE 2500      /* still loading when the leader falls asleep */
#define PEOPLE_TOLD 1600 /* likewise; every letter is synced */
#define WINDOW 64
#define STRIKE_MS 150 /* after the load has begun */
#define WAIT_MS 30000

static char answer[PLATFORM_ANSWER_BYTES];

struct projection {
    struct platform *platform;
    const char *service;
    const char *prefix; /* of its numbers: "board" */
    unsigned n_people;
    unsigned leader;
};

/* --- numbers of one instance ------------------------------------------------------------------ */

struct number {
    const char *name;
    int64_t value;
    int is_answered;
};

static void on_stats(void *arg, const struct bus_answer *reply)
{
    struct number *number = arg;
    number->is_answered = 1;
    if (reply->code != 0)
        return;
    Ansinh__V1__StatsResponse *stats =
        ansinh__v1__stats_response__unpack(NULL, reply->body_len, reply->body);
    for (size_t i = 0; stats != NULL && i < stats->n_metrics; i++) {
        if (strcmp(stats->metrics[i]->name, number->name) == 0)
            number->value = stats->metrics[i]->value;
    }
    if (stats != NULL)
        ansinh__v1__stats_response__free_unpacked(stats, NULL);
}

/* -1: it does not answer, or has no such number. */
static int64_t number_of(const struct projection *self, unsigned n, const char *what)
{
    char name[64], instance[40];
    struct service *svc = platform_service(self->platform);
    (void)snprintf(name, sizeof(name), "%s_%s", self->prefix, what);
    (void)snprintf(instance, sizeof(instance), "%s-%u", self->service, n);
    struct number number = {name, -1, 0};
    struct bus_call call = {.service = self->service,
                            .instance = instance,
                            .method = "ansinh.v1.Health/Stats",
                            .timeout_ms = 1000};
    bus_call_packed(svc->client, &call, NULL, 0, on_stats, &number);
    while (!number.is_answered)
        loop_turn(svc->loop, 20);
    return number.value;
}

static int has_leader(void *arg)
{
    struct projection *self = arg;
    for (self->leader = 1; self->leader <= 2; self->leader++) {
        if (number_of(self, self->leader, "leader") == 1)
            return 1;
    }
    return 0;
}

static int is_other_leading(void *arg)
{
    const struct projection *self = arg;
    return number_of(self, 3 - self->leader, "leader") == 1 &&
           number_of(self, 3 - self->leader, "lag_events") == 0;
}

static int is_refused(void *arg)
{
    const struct projection *self = arg;
    return number_of(self, self->leader, "refused_flushes_total") > 0;
}

/* --- the dispute ------------------------------------------------------------------------------ */

static void put_to_sleep(void *arg)
{
    const struct projection *self = arg;
    platform_signal(self->platform, self->service, self->leader, SIGSTOP);
}

/* The leader falls asleep in the midst of a load; its queue goes on filling, so that there is
 * something to flush the moment it wakes up. */
static void dispute(struct projection *self)
{
    struct platform *platform = self->platform;
    platform_import(platform);
    assert_true(wait_until(platform, has_leader, self, WAIT_MS));
    (void)loop_timer_add(platform_service(platform)->loop, STRIKE_MS, 0, put_to_sleep, self);
    assert_int_equal(people_load(platform, NULL, 0, self->n_people, WINDOW), self->n_people);
    assert_true(wait_until(platform, is_other_leading, self, WAIT_MS));
    platform_signal(platform, self->service, self->leader, SIGCONT);
    assert_true(wait_until(platform, is_refused, self, WAIT_MS));
    assert_int_equal(number_of(self, 3 - self->leader, "refused_flushes_total"), 0);
    assert_int_equal(number_of(self, self->leader, "leader"), 0);
}

static int is_verified(void *arg)
{
    return platform_ansinh(arg, answer, "verify", NULL) == 0 &&
           strstr(answer, " 0 differences") != NULL;
}

static void a_stale_board_is_refused(void **state)
{
    (void)state;
    struct projection board = {.service = "analytics", .prefix = "board", .n_people = PEOPLE};
    board.platform = platform_start(&(struct platform_conf){.analytics = 2});
    dispute(&board);
    assert_true(people_wait_board(board.platform, "15", PEOPLE, WAIT_MS));
    if (!wait_until(board.platform, is_verified, board.platform, WAIT_MS))
        fail_msg("%s", answer);
    platform_stop(&board.platform);
}

static int is_delivered(void *arg)
{
    char path[128];
    size_t n = 0;
    (void)snprintf(path, sizeof(path), "%s/mail/new", platform_directory(arg));
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        n += entry->d_name[0] != '.';
    (void)closedir(folder);
    assert_true(n <= 2UL * PEOPLE_TOLD);
    return n == 2UL * PEOPLE_TOLD;
}

/* A welcome and a receipt for everybody, and no second ones. */
static void stale_notifications_are_refused(void **state)
{
    (void)state;
    struct projection notify = {
        .service = "notifications", .prefix = "notify", .n_people = PEOPLE_TOLD};
    notify.platform = platform_start(&(struct platform_conf){.notifications = 2});
    dispute(&notify);
    if (!wait_until(notify.platform, is_delivered, notify.platform, 2L * WAIT_MS))
        fail_msg("not everybody got two letters");
    if (!wait_until(notify.platform, is_verified, notify.platform, WAIT_MS))
        fail_msg("%s", answer);
    platform_stop(&notify.platform);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stale_board_is_refused),
        cmocka_unit_test(stale_notifications_are_refused),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}
