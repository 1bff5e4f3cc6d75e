/* What the bus puts into frames and takes out of them. */
#include "tests/support/test.h"

#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/health.pb-c.h"
#include "common/base/macros.h"
#include "common/bus/frame.h"

#define ARENA_BYTES 4096

static char bad[] = "\xc3\x28"; /* a lead byte without its tail */
static char good[] = "\xc4\x90\xe1\xbb\x93ng Nai";

static void every_code_has_its_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ansinh__v1__code__descriptor.n_values; i++) {
        const ProtobufCEnumValue *value = &ansinh__v1__code__descriptor.values[i];
        const char *name = bus_code_name((Ansinh__V1__Code)value->value);
        assert_non_null(name);
        if (value->value != 0) /* "CODE_NOT_FOUND" and "not_found" */
            assert_int_equal(strcasecmp(value->name + strlen("CODE_"), name), 0);
    }
    assert_string_equal(bus_code_name((Ansinh__V1__Code)0), "ok");
    assert_string_equal(bus_code_name((Ansinh__V1__Code)-1), "unknown");
    assert_string_equal(bus_code_name((Ansinh__V1__Code)17), "unknown");
}

static void an_event_head_round_trips(void **state)
{
    (void)state;
    static const struct {
        unsigned partition;
        uint32_t epoch;
        uint64_t seq;
    } cases[] = {{0, 0, 0}, {1023, 1, 1}, {65535, UINT32_MAX, UINT64_MAX}, {258, 0x01020304, 5}};
    uint8_t frame[FRAME_EVENT_HEAD_BYTES + 2] = {0};
    struct bus_event event;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        frame_write_event_head(frame, cases[i].partition, cases[i].epoch, cases[i].seq);
        assert_int_equal(frame_read_event(frame, sizeof(frame), &event), 0);
        assert_int_equal(event.partition, cases[i].partition);
        assert_int_equal(event.epoch, cases[i].epoch);
        assert_int_equal(event.seq, cases[i].seq);
        assert_ptr_equal(event.body, frame + FRAME_EVENT_HEAD_BYTES);
        assert_int_equal(event.len, 2);
    }
    static const uint8_t wire[] = {'e', 2, 1, 4, 3, 2, 1, 5, 0, 0, 0, 0, 0, 0, 0};
    assert_memory_equal(frame, wire, sizeof(wire));
    for (size_t len = 0; len <= FRAME_EVENT_HEAD_BYTES; len++)
        assert_true(frame_read_event(frame, len, &event) < 0);
    frame[0] = 'v';
    assert_true(frame_read_event(frame, sizeof(frame), &event) < 0);
}

static Ansinh__V1__Header header_make(void)
{
    static char method[] = "ansinh.v1.Payments/Pay", caller[] = "gateway-1";
    Ansinh__V1__Header header;
    ansinh__v1__header__init(&header);
    header.method = method;
    header.timeout_ms = 1;
    header.caller = caller;
    return header;
}

static void header_faults_are_named(void **state)
{
    (void)state;
    static uint8_t id[ID_BYTES];
    char trace_id[FRAME_TRACE_ID_MAX_BYTES + 2];
    Ansinh__V1__Header header = header_make();
    assert_null(frame_header_fault(&header));
    header.timeout_ms = BUS_TIMEOUT_MAX_MS;
    header.request_id = (ProtobufCBinaryData){ID_BYTES, id};
    memset(trace_id, 'x', sizeof(trace_id));
    trace_id[FRAME_TRACE_ID_MAX_BYTES] = '\0';
    header.trace_id = trace_id;
    assert_null(frame_header_fault(&header));

    trace_id[FRAME_TRACE_ID_MAX_BYTES] = 'x';
    trace_id[FRAME_TRACE_ID_MAX_BYTES + 1] = '\0';
    assert_non_null(frame_header_fault(&header));
    static char tokens[][4] = {"a b", "a\n", "\"", "\x7f", "\xc4\x90"};
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        header = header_make();
        header.trace_id = tokens[i];
        assert_non_null(frame_header_fault(&header));
        header = header_make();
        header.caller = tokens[i];
        assert_non_null(frame_header_fault(&header));
    }
    static const size_t lengths[] = {1, 15, 17};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        header = header_make();
        header.request_id.len = lengths[i];
        assert_non_null(frame_header_fault(&header));
    }
    header = header_make();
    header.timeout_ms = 0;
    assert_non_null(frame_header_fault(&header));
    header.timeout_ms = BUS_TIMEOUT_MAX_MS + 1;
    assert_non_null(frame_header_fault(&header));
}

static void bad_text_is_found_at_any_depth(void **state)
{
    (void)state;
    Ansinh__V1__CheckResponse check;
    ansinh__v1__check_response__init(&check);
    check.version = good;
    assert_null(frame_bad_text(&check.base));
    check.instance = bad;
    assert_string_equal(frame_bad_text(&check.base), "instance");
    check.instance = good;
    char *problems[] = {good, good, bad};
    check.problems = problems;
    check.n_problems = 2;
    assert_null(frame_bad_text(&check.base));
    check.n_problems = 3;
    assert_string_equal(frame_bad_text(&check.base), "problems");

    Ansinh__V1__Metric metric;
    ansinh__v1__metric__init(&metric);
    Ansinh__V1__Metric *metrics[] = {&metric};
    Ansinh__V1__StatsResponse stats;
    ansinh__v1__stats_response__init(&stats);
    stats.metrics = metrics;
    stats.n_metrics = 1;
    assert_null(frame_bad_text(&stats.base));
    metric.labels = bad;
    assert_string_equal(frame_bad_text(&stats.base), "labels");
}

static void bad_text_is_found_in_the_chosen_alternative_only(void **state)
{
    (void)state;
    Ansinh__V1__GetParticipantRequest request;
    ansinh__v1__get_participant_request__init(&request);
    assert_null(frame_bad_text(&request.base));
    request.key_case = ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PERSONAL_ID;
    request.personal_id = good;
    assert_null(frame_bad_text(&request.base));
    request.personal_id = bad;
    assert_string_equal(frame_bad_text(&request.base), "personal_id");
    request.key_case = ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY__NOT_SET;
    assert_null(frame_bad_text(&request.base));
}

static void decoding_costs_at_most_the_arena(void **state)
{
    (void)state;
    struct arena *arena = arena_create(ARENA_BYTES);
    static uint8_t packed[2 * ARENA_BYTES];
    static char text[ARENA_BYTES];
    memset(text, 'a', sizeof(text) - 1);
    Ansinh__V1__CheckRequest request;
    ansinh__v1__check_request__init(&request);
    request.service = text;
    size_t len = ansinh__v1__check_request__pack(&request, packed);
    assert_null(frame_unpack(request.base.descriptor, arena, packed, len));
    arena_reset(arena);
    text[ARENA_BYTES / 2] = '\0';
    len = ansinh__v1__check_request__pack(&request, packed);
    assert_non_null(frame_unpack(request.base.descriptor, arena, packed, len));
    arena_reset(arena);
    assert_null(frame_unpack(request.base.descriptor, arena, packed, len - 1));

    /* many empty elements are small on the wire and large in memory */
    for (size_t i = 0; i < sizeof(packed); i += 2) {
        packed[i] = 0x3a; /* CheckResponse.problems, length 0 */
        packed[i + 1] = 0;
    }
    arena_reset(arena);
    assert_null(
        frame_unpack(&ansinh__v1__check_response__descriptor, arena, packed, sizeof(packed)));
    assert_true(arena_used(arena) <= ARENA_BYTES);
    arena_destroy(&arena);
}

static void headers_and_statuses_are_bounded(void **state)
{
    (void)state;
    struct arena *arena = arena_create(ARENA_BYTES);
    static char text[BUS_HEADER_MAX_BYTES];
    memset(text, 'a', sizeof(text) - 1);
    Ansinh__V1__Status status;
    ansinh__v1__status__init(&status);
    status.message = text;
    zmq_msg_t frame;
    assert_int_equal(frame_pack(&status.base, &frame), 0);
    assert_true(zmq_msg_size(&frame) > BUS_HEADER_MAX_BYTES);
    assert_null(frame_unpack_status(&frame, arena));
    assert_null(frame_unpack_header(&frame, arena));
    (void)zmq_msg_close(&frame);

    text[100] = '\0';
    assert_int_equal(frame_pack(&status.base, &frame), 0);
    const Ansinh__V1__Status *read = frame_unpack_status(&frame, arena);
    assert_non_null(read);
    assert_string_equal(read->message, text);
    (void)zmq_msg_close(&frame);
    arena_destroy(&arena);
}

const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_code_has_its_name),
    cmocka_unit_test(an_event_head_round_trips),
    cmocka_unit_test(header_faults_are_named),
    cmocka_unit_test(bad_text_is_found_at_any_depth),
    cmocka_unit_test(bad_text_is_found_in_the_chosen_alternative_only),
    cmocka_unit_test(decoding_costs_at_most_the_arena),
    cmocka_unit_test(headers_and_statuses_are_bounded),
};

TEST_MAIN(tests)
