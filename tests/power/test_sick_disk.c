/* Syncs that take long, and syncs that fail: what a caller sees, and what is there when the disk is
 * well again. */
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "ansinh/v1/bus.pb-c.h"
#include "common/base/clock.h"
#include "tests/power/disk.h"
#include "tests/power/witness.h"
#include "tests/support/people.h"

#define LATER_TRIES 5
#define SLOW_SYNC_MS 5
#define PEOPLE_FIRST 1000 /* behind those of the witness */
#define PEOPLE 600
#define SHORT_MS 2500 /* longer than the services wait for a connection */

struct scene {
    struct disk *disk;
    struct platform *platform;
    struct witness witness;
};

static struct scene scene;

static int start(void **state)
{
    (void)state;
    memset(&scene, 0, sizeof(scene));
    scene.disk = disk_create(1);
    static const char *const environment[] = {"ANSINH_REDIS_TIMEOUT_MS=500", NULL};
    scene.platform = platform_start(&(struct platform_conf){.environment = environment});
    platform_import(scene.platform);
    disk_restart(scene.disk, platform_ledger(scene.platform));
    platform_wait_ready(scene.platform);
    scene.witness.platform = scene.platform;
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&scene.platform);
    disk_destroy(&scene.disk);
    return 0;
}

static void test_slow_syncs_only_delay(void **state)
{
    (void)state;
    atomic_store(&disk_state(scene.disk)->sync_delay_ms, SLOW_SYNC_MS);
    uint32_t n_syncs = atomic_load(&disk_state(scene.disk)->n_syncs);
    int64_t start_ms = clock_mono_ms();
    assert_int_equal(people_load(scene.platform, NULL, PEOPLE_FIRST, PEOPLE, 64), PEOPLE);
    n_syncs = atomic_load(&disk_state(scene.disk)->n_syncs) - n_syncs;
    print_message("%d people in %lld ms, %u syncs of at least %d ms\n", PEOPLE,
                  (long long)(clock_mono_ms() - start_ms), n_syncs, SLOW_SYNC_MS);
    assert_true(clock_mono_ms() - start_ms >= (int64_t)n_syncs * SLOW_SYNC_MS);
    assert_true(people_wait_board(scene.platform, "15", PEOPLE, 10000));
}

/* The command whose sync failed, and one that comes later. */
static void let_a_sync_fail(void)
{
    struct redis_server *ledger = platform_ledger(scene.platform);
    assert_int_equal(witness_enrol_more(&scene.witness, 10), 10);
    platform_set_timeout(scene.platform, SHORT_MS);
    atomic_store(&disk_state(scene.disk)->sync_errno, EIO);
    int under_way = witness_enrol(&scene.witness, 10);
    assert_true(disk_is_dead(ledger));
    /* on a slow machine the answer may miss its deadline */
    int later = ANSINH__V1__CODE__CODE_UNKNOWN;
    for (int i = 0; i < LATER_TRIES && later == ANSINH__V1__CODE__CODE_UNKNOWN; i++)
        later = witness_enrol(&scene.witness, 11);
    print_message("under way: code %d; later: code %d\n", under_way, later);
    assert_int_equal(under_way, ANSINH__V1__CODE__CODE_UNKNOWN);
    assert_int_equal(later, ANSINH__V1__CODE__CODE_UNAVAILABLE);
    /* a supervisor cannot start it on this disk */
    disk_attach(scene.disk);
    assert_int_equal(redis_server_try_restart(ledger), -1);
    disk_detach();
    assert_int_equal(witness_enrol(&scene.witness, 12), ANSINH__V1__CODE__CODE_UNAVAILABLE);
    platform_set_timeout(scene.platform, 20000);
    atomic_store(&disk_state(scene.disk)->sync_errno, 0);
}

static void test_a_failed_sync_acknowledges_nothing(void **state)
{
    (void)state;
    let_a_sync_fail();
    disk_restart(scene.disk, platform_ledger(scene.platform));
    platform_wait_ready(scene.platform);
    witness_settle(&scene.witness);
}

static void test_what_a_failed_sync_left_may_be_lost(void **state)
{
    (void)state;
    struct disk_loss loss;
    let_a_sync_fail();
    disk_cut(scene.disk, platform_ledger(scene.platform), DISK_LOSES, &loss);
    assert_true(loss.lost_bytes > 0);
    disk_restart(scene.disk, platform_ledger(scene.platform));
    platform_wait_ready(scene.platform);
    witness_settle(&scene.witness);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(test_slow_syncs_only_delay, start, stop),
    cmocka_unit_test_setup_teardown(test_a_failed_sync_acknowledges_nothing, start, stop),
    cmocka_unit_test_setup_teardown(test_what_a_failed_sync_left_may_be_lost, start, stop),
};

TEST_MAIN(tests)
