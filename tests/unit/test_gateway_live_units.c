#include "tests/support/test.h"

#include <string.h>

#include "services/gateway/live_frame.h"
#include "services/gateway/live_units.h"

static void apply(struct live_units *units, struct live_unit *unit, uint64_t version,
                  int64_t participants)
{
    Ansinh__V1__UnitProgress progress;
    ansinh__v1__unit_progress__init(&progress);
    progress.unit_code = unit->code;
    progress.participants = participants;
    live_units_apply(units, unit, version, &progress);
}

static void numbers_changes_only(void **state)
{
    (void)state;
    struct live_units *units = live_units_create();
    struct live_unit *a = live_units_join(units, "15"), *b = live_units_join(units, "02647");
    apply(units, a, 10, 1);
    apply(units, b, 10, 1);
    assert_int_equal(a->seq, 1);
    assert_int_equal(b->seq, 2);
    apply(units, a, 11, 1); /* the same value again */
    assert_int_equal(live_units_seq(units), 2);
    assert_int_equal(a->version, 11);
    apply(units, a, 12, 2);
    assert_int_equal(a->seq, 3);
    apply(units, a, 12, 3); /* analytics may say more under one version */
    assert_int_equal(a->seq, 4);
    live_units_leave(units, a);
    live_units_leave(units, b);
    live_units_destroy(&units);
}

static void keeps_newer_values(void **state)
{
    (void)state;
    struct live_units *units = live_units_create();
    struct live_unit *unit = live_units_join(units, "VN");
    apply(units, unit, 10, 5);
    apply(units, unit, 9, 4);
    assert_int_equal(live_units_seq(units), 1);
    live_units_start_over(units);
    apply(units, unit, 3, 2);
    assert_int_equal(unit->seq, 2);
    assert_int_equal(unit->version, 3);
    live_units_leave(units, unit);
    live_units_destroy(&units);
}

static void keeps_units_while_somebody_is_joined(void **state)
{
    (void)state;
    struct live_units *units = live_units_create();
    struct live_unit *unit = live_units_join(units, "VN");
    assert_ptr_equal(live_units_join(units, "VN"), unit);
    live_units_leave(units, unit);
    assert_ptr_equal(live_units_find(units, "VN"), unit);
    live_units_leave(units, unit);
    assert_null(live_units_find(units, "VN"));
    live_units_destroy(&units);
}

static void refuses_what_is_no_code(void **state)
{
    (void)state;
    struct live_units *units = live_units_create();
    assert_null(live_units_join(units, ""));
    assert_null(live_units_join(units, "12345678"));
    assert_null(live_units_find(units, ""));
    assert_null(live_units_find(units, "12345678"));
    live_units_destroy(&units);
}

static void leaves_out_values_that_are_too_long(void **state)
{
    (void)state;
    struct live_units *units = live_units_create();
    struct live_unit *unit = live_units_join(units, "VN");
    char name[UNIT_PACKED_MAX_BYTES + 1];
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    Ansinh__V1__UnitProgress progress;
    ansinh__v1__unit_progress__init(&progress);
    progress.name = name;
    live_units_apply(units, unit, 1, &progress);
    assert_int_equal(live_units_seq(units), 0);
    live_units_leave(units, unit);
    live_units_destroy(&units);
}

static void shares_frames(void **state)
{
    (void)state;
    struct live_frame *frame = live_frame_make("abc", 3), *other = live_frame_ref(frame);
    live_frame_unref(&frame);
    assert_null(frame);
    assert_memory_equal(other->text, "abc", other->len);
    live_frame_unref(&other);
    live_frame_unref(&other);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_changes_only),
    cmocka_unit_test(keeps_newer_values),
    cmocka_unit_test(keeps_units_while_somebody_is_joined),
    cmocka_unit_test(refuses_what_is_no_code),
    cmocka_unit_test(leaves_out_values_that_are_too_long),
    cmocka_unit_test(shares_frames),
};

TEST_MAIN(tests)
