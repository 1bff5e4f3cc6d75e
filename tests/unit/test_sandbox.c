/* The sandbox's magic transaction ids. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "services/cli/sandbox_rules.h"

static void other_ids_pass(void **state)
{
    (void)state;
    assert_int_equal(sandbox_act_of("", 1), SANDBOX_PASS);
    assert_int_equal(sandbox_act_of("VNP-20261122-1", 1), SANDBOX_PASS);
    assert_int_equal(sandbox_act_of("SIM-", 1), SANDBOX_PASS);
    assert_int_equal(sandbox_act_of("X-SIM-SLOW-1", 1), SANDBOX_PASS);
}

static void faults_end_after_their_attempts(void **state)
{
    (void)state;
    assert_int_equal(sandbox_act_of("SIM-TIMEOUT-AFTER-1", 1), SANDBOX_TIMEOUT_AFTER);
    assert_int_equal(sandbox_act_of("SIM-TIMEOUT-AFTER-1", 2), SANDBOX_PASS);
    assert_int_equal(sandbox_act_of("SIM-TIMEOUT-BEFORE-1", 1), SANDBOX_TIMEOUT_BEFORE);
    assert_int_equal(sandbox_act_of("SIM-UNAVAILABLE-1", 2), SANDBOX_UNAVAILABLE);
    assert_int_equal(sandbox_act_of("SIM-UNAVAILABLE-1", 3), SANDBOX_PASS);
    assert_int_equal(sandbox_act_of("SIM-TWICE-1", 7), SANDBOX_TWICE);
}

/* No magic is the beginning of another one, and each is found and explained. */
static void every_act_has_a_magic_of_its_own(void **state)
{
    (void)state;
    for (int act = SANDBOX_PASS + 1; act < SANDBOX_ACTS; act++) {
        char id[64];
        (void)snprintf(id, sizeof(id), "%s1", sandbox_magic((enum sandbox_act)act));
        assert_int_equal(sandbox_act_of(id, 1), act);
        assert_true(strlen(sandbox_help((enum sandbox_act)act)) > 0);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(other_ids_pass),
    cmocka_unit_test(faults_end_after_their_attempts),
    cmocka_unit_test(every_act_has_a_magic_of_its_own),
};

TEST_MAIN(tests)
