/* The sandbox's magic transaction ids. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "services/cli/sandbox_record.h"
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

static void assert_told(struct sandbox_record *record, uint64_t after, const char *text)
{
    CLEANUP(buf_fini) struct buf out;
    buf_init(&out, (size_t)16 * 1024 * 1024);
    assert_int_equal(record_write(record, after, &out), 0);
    assert_int_equal(buf_append(&out, "", 1), 0);
    if (strstr((const char *)out.data, text) == NULL)
        fail_msg("%s is not in %.1000s", text, (const char *)out.data);
}

/* A request that is held stands in the record before it is answered. */
static void what_came_is_told_at_once(void **state)
{
    (void)state;
    struct sandbox_record *record = record_create();
    struct record_line line = {.method = "Collections/Pay", .transaction_id = "a"};
    uint64_t first = record_add(record, &line);
    assert_told(record, 0, "\"status\":0");
    record_answered(record, first, 200);
    assert_told(record, 0, "\"status\":200");
    assert_told(record, first, "[]");
    for (int i = 0; i < RECORD_LINES_MAX; i++)
        (void)record_add(record, &line);
    record_answered(record, first, 503); /* is forgotten, and nothing else is touched */
    assert_told(record, RECORD_LINES_MAX, "\"status\":0");
    record_destroy(&record);
}

static void attempts_are_counted_by_method_and_id(void **state)
{
    (void)state;
    struct sandbox_record *record = record_create();
    assert_int_equal(record_attempt(record, "Collections/Pay", "a"), 1);
    assert_int_equal(record_attempt(record, "Collections/Pay", "a"), 2);
    assert_int_equal(record_attempt(record, "Collections/Reverse", "a"), 1);
    assert_int_equal(record_attempt(record, "Collections/Pay", "b"), 1);
    record_destroy(&record);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_came_is_told_at_once),
    cmocka_unit_test(attempts_are_counted_by_method_and_id),
    cmocka_unit_test(other_ids_pass),
    cmocka_unit_test(faults_end_after_their_attempts),
    cmocka_unit_test(every_act_has_a_magic_of_its_own),
};

TEST_MAIN(tests)
