/* The power fails under load: what the disk was not made to keep is gone, and every acknowledged
 * commit is there all the same. POWER_CUTS cuts (default 50); POWER_SEED repeats a run's choices.
 */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tests/power/disk.h"
#include "tests/power/orders.h"

#define CUTS_DEFAULT 50
#define CUTS_MAX 100000
#define CUTS_PER_LEDGER 10
#define WINDOW 300
#define ORDERS_PER_CUT 1200
#define STEPS_PER_CUT 150 /* about three dozen batches */
#define STEPS_OF_REWRITE 40
#define STEPS_TO_SYNC 2 /* of a commit: its write, and before its sync */

struct scene {
    struct disk *disk;
    struct store_fixture f;
    struct orders *orders;
    unsigned n_cuts, n_from_inside, n_rewrites, n_torn, n_undone;
    unsigned long n_acknowledged, n_unknown;
    uint64_t at_risk_bytes, lost_bytes;
};

static void ledger_open(struct scene *self)
{
    memset(disk_state(self->disk), 0, sizeof(struct shim_state));
    disk_attach(self->disk);
    store_fixture_open(&self->f, "ledger");
    disk_detach();
    self->orders = orders_create(&self->f);
}

static void ledger_close(struct scene *self)
{
    self->n_acknowledged += orders_acknowledged(self->orders);
    self->n_unknown += orders_unknown(self->orders);
    store_fixture_close(&self->f); /* answers what is open */
    orders_destroy(&self->orders);
}

/* Load until the power fails: at a step inside the server, or from outside in the midst of answers.
 */
static void load_until_cut(struct scene *self, enum disk_tail tail, struct disk_loss *loss)
{
    struct shim_state *state = disk_state(self->disk);
    unsigned target =
        orders_acknowledged(self->orders) + 1 + (unsigned)disk_random(self->disk, ORDERS_PER_CUT);
    int is_from_inside = disk_random(self->disk, 3) > 0;
    uint32_t n_steps = STEPS_PER_CUT;
    int64_t deadline_ms = clock_mono_ms() + FIXTURE_WAIT_MS;
    TURN_UNTIL(self->f.loop, store_links_up(self->f.store) > 0);
    if (disk_random(self->disk, 2) == 0) {
        store_send_text(self->f.store, 0, NULL, NULL, "BGREWRITEAOF", NULL);
        self->n_rewrites++;
        if (disk_random(self->disk, 2) == 0)
            n_steps = STEPS_OF_REWRITE;
    }
    if (is_from_inside)
        atomic_store(&state->cut_at,
                     atomic_load(&state->n_steps) + 1 + (uint32_t)disk_random(self->disk, n_steps));
    while (!disk_is_dead(self->f.server) &&
           (is_from_inside || orders_acknowledged(self->orders) < target)) {
        assert_true(clock_mono_ms() < deadline_ms);
        orders_turn(self->orders, WINDOW);
    }
    self->n_from_inside += (unsigned)disk_is_dead(self->f.server);
    disk_cut(self->disk, self->f.server, tail, loss);
    TURN_UNTIL(self->f.loop, store_links_up(self->f.store) == 0);
    self->n_cuts++;
    self->n_torn += loss->lost_bytes > 0;
    self->n_undone += loss->names_undone;
    self->at_risk_bytes += loss->unsynced_bytes;
    self->lost_bytes += loss->lost_bytes;
}

static void report(const struct scene *self, uint64_t seed)
{
    print_message("seed %llu: %u cuts (%u inside a system call's neighbourhood, %u after a rewrite "
                  "began), %lu commits acknowledged, %lu outcomes unknown; %llu bytes were not "
                  "synced, %llu of them lost in %u cuts; %u names undone\n",
                  (unsigned long long)seed, self->n_cuts, self->n_from_inside, self->n_rewrites,
                  self->n_acknowledged, self->n_unknown, (unsigned long long)self->at_risk_bytes,
                  (unsigned long long)self->lost_bytes, self->n_torn, self->n_undone);
}

static void test_no_acknowledged_commit_is_lost(void **state)
{
    (void)state;
    uint64_t seed = power_setting("POWER_SEED", INT64_MAX, (uint64_t)clock_wall_ms());
    unsigned cuts = (unsigned)power_setting("POWER_CUTS", CUTS_MAX, CUTS_DEFAULT);
    struct scene scene = {.disk = disk_create(seed)};
    struct disk_loss loss;
    while (scene.n_cuts < cuts) {
        ledger_open(&scene);
        for (unsigned i = 0; i < CUTS_PER_LEDGER && scene.n_cuts < cuts; i++) {
            enum disk_tail tail = disk_random(scene.disk, 4) > 0 ? DISK_TEARS : DISK_ZEROS;
            load_until_cut(&scene, tail, &loss);
            disk_restart(scene.disk, scene.f.server);
            unsigned lost = orders_check(scene.orders, NULL);
            if (lost > 0)
                fail_msg("cut %u of seed %llu lost %u acknowledged commits", scene.n_cuts,
                         (unsigned long long)seed, lost);
        }
        ledger_close(&scene);
    }
    report(&scene, seed);
    /* the disk did take something away, or this proves nothing */
    assert_true(cuts < CUTS_DEFAULT || scene.n_torn > 0);
    disk_destroy(&scene.disk);
}

/* Killed between write and sync, the server finds the commit in its file again and answers the
 * repeat from memory: then it must be on the disk, too. */
static void test_what_a_kill_left_unsynced_is_synced_before_it_is_told(void **state)
{
    (void)state;
    struct scene scene = {.disk = disk_create(1)};
    struct shim_state *shim = disk_state(scene.disk);
    struct disk_loss loss;
    ledger_open(&scene);
    TURN_UNTIL(scene.f.loop, store_links_up(scene.f.store) == scene.f.conf.n_links);
    for (unsigned i = 0; i < 5; i++) {
        TURN_UNTIL(scene.f.loop, store_links_up(scene.f.store) > 0);
        atomic_store(&shim->cut_at, atomic_load(&shim->n_steps) + STEPS_TO_SYNC);
        while (!disk_is_dead(scene.f.server))
            orders_turn(scene.orders, 1);
        TURN_UNTIL(scene.f.loop, store_links_up(scene.f.store) == 0);
        disk_attach(scene.disk);
        redis_server_restart(scene.f.server);
        disk_detach();
        while (orders_open(scene.orders) > 0)
            orders_turn(scene.orders, 0);
        disk_cut(scene.disk, scene.f.server, DISK_LOSES, &loss);
        TURN_UNTIL(scene.f.loop, store_links_up(scene.f.store) == 0);
        disk_restart(scene.disk, scene.f.server);
        assert_int_equal(orders_acknowledged(scene.orders), i + 1);
        assert_int_equal(orders_check(scene.orders, NULL), 0);
    }
    ledger_close(&scene);
    disk_destroy(&scene.disk);
}

/* The same with a sync each second finds acknowledged commits missing: the test can fail. */
static void test_a_weaker_setting_loses_commits(void **state)
{
    (void)state;
    struct scene scene = {.disk = disk_create(1)};
    struct disk_loss loss;
    unsigned lost = 0;
    ledger_open(&scene);
    for (unsigned i = 0; i < CUTS_PER_LEDGER && lost == 0; i++) {
        freeReplyObject(
            redis_server_do(scene.f.server, "CONFIG", "SET", "appendfsync", "everysec", NULL));
        load_until_cut(&scene, DISK_LOSES, &loss);
        disk_restart(scene.disk, scene.f.server);
        lost = orders_check(scene.orders, NULL);
    }
    print_message("everysec lost %u acknowledged commits\n", lost);
    assert_true(lost > 0);
    ledger_close(&scene);
    disk_destroy(&scene.disk);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_acknowledged_commit_is_lost),
        cmocka_unit_test(test_what_a_kill_left_unsynced_is_synced_before_it_is_told),
        cmocka_unit_test(test_a_weaker_setting_loses_commits),
    };
    const char *filter = getenv("TEST_FILTER");
    if (sodium_init() < 0)
        return 1;
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);
}
