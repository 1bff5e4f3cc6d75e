#include "tests/support/test.h"

#include <string.h>

#include "common/json/json.h"
#include "services/gateway/live_frame.h"
#include "services/gateway/live_own.h"
#include "services/gateway/live_past.h"
#include "services/gateway/live_units.h"

static int take(struct live_units *units, struct live_unit *unit, enum live_source source,
                uint64_t version, int64_t participants)
{
    Ansinh__V1__UnitProgress progress;
    ansinh__v1__unit_progress__init(&progress);
    progress.unit_code = unit->code;
    progress.participants = participants;
    return live_units_apply(units, unit, source, version, &progress);
}

static void apply(struct live_units *units, struct live_unit *unit, uint64_t version,
                  int64_t participants)
{
    (void)take(units, unit, LIVE_VIEW, version, participants);
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
    apply(units, a, 12, 3); /* a view has its version alone */
    assert_int_equal(a->seq, 3);
    assert_int_equal(live_units_version(units), 12);
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

/* An answer holds what was counted after the view of its version, too. */
static void takes_answers_before_views(void **state)
{
    (void)state;
    struct live_units *units = live_units_create();
    struct live_unit *unit = live_units_join(units, "VN");
    apply(units, unit, 10, 5);
    assert_true(take(units, unit, LIVE_ANSWER, 10, 7));
    assert_int_equal(unit->seq, 2);
    apply(units, unit, 10, 5);
    assert_int_equal(unit->seq, 2);
    assert_false(take(units, unit, LIVE_ANSWER, 9, 6));
    assert_true(take(units, unit, LIVE_ANSWER, 9, 7));
    assert_int_equal(unit->seq, 2);
    live_units_leave(units, unit);
    live_units_destroy(&units);
}

static void writes_the_newest_values(void **state)
{
    (void)state;
    struct live_units *units = live_units_create();
    struct live_unit *unit = live_units_join(units, "VN");
    struct buf out;
    buf_init(&out, 4096);
    apply(units, unit, 1, 5);
    assert_int_equal(live_units_write(units, unit, &out), 0);
    const uint8_t *written = unit->json.data;
    assert_int_equal(live_units_write(units, unit, &out), 0);
    assert_ptr_equal(unit->json.data, written);
    apply(units, unit, 2, 6);
    assert_int_equal(live_units_write(units, unit, &out), 0);
    assert_int_equal(buf_putc(&out, '\0'), 0);
    const char *last = strrchr((const char *)out.data, '{');
    assert_non_null(last);
    assert_non_null(strstr(last, "\"unitCode\":\"VN\""));
    assert_non_null(strstr(last, "\"participants\":\"6\""));
    buf_fini(&out);
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
    assert_false(live_units_apply(units, unit, LIVE_VIEW, 1, &progress));
    assert_int_equal(live_units_seq(units), 0);
    live_units_leave(units, unit);
    live_units_destroy(&units);
}

static void shares_frames(void **state)
{
    (void)state;
    struct live_memory memory = {.max = 1024};
    struct live_frame *frame = live_frame_make(&memory, "abc", 3), *other = live_frame_ref(frame);
    live_frame_unref(&frame);
    assert_null(frame);
    assert_memory_equal(other->text, "abc", other->len);
    live_frame_unref(&other);
    live_frame_unref(&other);
    assert_int_equal(memory.used, 0);
}

static void bounds_all_frames_together(void **state)
{
    (void)state;
    static const char text[400];
    struct live_memory memory = {.max = 1000};
    struct live_frame *first = live_frame_make(&memory, text, sizeof(text));
    struct live_frame *second = live_frame_make(&memory, text, sizeof(text));
    assert_non_null(first);
    assert_non_null(second);
    assert_null(live_frame_make(&memory, text, sizeof(text)));
    live_frame_unref(&first);
    first = live_frame_make(&memory, text, sizeof(text));
    assert_non_null(first);
    live_frame_unref(&first);
    live_frame_unref(&second);
}

/* Every field that both messages have comes along, whichever they are. */
static void shows_the_unit_asked_for_like_its_children(void **state)
{
    (void)state;
    Ansinh__V1__GetProgressResponse answer;
    Ansinh__V1__UnitProgress own, expected;
    Ansinh__V1__Pockets paid;
    ansinh__v1__get_progress_response__init(&answer);
    ansinh__v1__unit_progress__init(&expected);
    ansinh__v1__pockets__init(&paid);
    paid.central_vnd = 7;
    char code[] = "15", percent[] = "57.34";
    answer.unit_code = expected.unit_code = code;
    answer.percent = expected.percent = percent;
    answer.participants = expected.participants = 5;
    answer.declared_today = expected.declared_today = 3;
    answer.paid = expected.paid = &paid;
    answer.plan_year = 2026;
    answer.version = 9;
    live_own_progress(&answer, &own);
    struct buf a, b;
    buf_init(&a, 4096);
    buf_init(&b, 4096);
    assert_int_equal(json_from_message(&own.base, JSON_DEFAULTS, &a), 0);
    assert_int_equal(json_from_message(&expected.base, JSON_DEFAULTS, &b), 0);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    buf_fini(&a);
    buf_fini(&b);
    /* a field of UnitProgress that the answer lacks would be empty in the stream */
    const ProtobufCMessageDescriptor *descriptor = &ansinh__v1__unit_progress__descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++)
        assert_non_null(protobuf_c_message_descriptor_get_field_by_name(
            &ansinh__v1__get_progress_response__descriptor, descriptor->fields[i].name));
}

static void remembers_what_a_version_holds(void **state)
{
    (void)state;
    static struct live_past past;
    assert_int_equal(live_past_seen(&past, 100), 0);
    live_past_note(&past, 100, 5);
    live_past_note(&past, 103, 8);
    assert_int_equal(live_past_seen(&past, 99), 0);
    assert_int_equal(live_past_seen(&past, 100), 5);
    assert_int_equal(live_past_seen(&past, 102), 5);
    assert_int_equal(live_past_seen(&past, 200), 8);
    for (unsigned i = 0; i < LIVE_PAST_MAX - 1; i++)
        live_past_note(&past, 104 + i, 9 + i);
    assert_int_equal(live_past_seen(&past, 103), 8);
    live_past_note(&past, 1000, 700);
    assert_int_equal(live_past_seen(&past, 103), 0);
    assert_int_equal(live_past_seen(&past, 104), 9);
    live_past_note(&past, 50, 701); /* analytics began anew */
    assert_int_equal(live_past_seen(&past, 49), 0);
    assert_int_equal(live_past_seen(&past, 1000), 701);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_changes_only),
    cmocka_unit_test(keeps_newer_values),
    cmocka_unit_test(takes_answers_before_views),
    cmocka_unit_test(writes_the_newest_values),
    cmocka_unit_test(keeps_units_while_somebody_is_joined),
    cmocka_unit_test(refuses_what_is_no_code),
    cmocka_unit_test(leaves_out_values_that_are_too_long),
    cmocka_unit_test(shares_frames),
    cmocka_unit_test(bounds_all_frames_together),
    cmocka_unit_test(shows_the_unit_asked_for_like_its_children),
    cmocka_unit_test(remembers_what_a_version_holds),
};

TEST_MAIN(tests)
