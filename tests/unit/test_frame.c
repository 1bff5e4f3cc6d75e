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
    trace_id[FRAME_PARTNER_MAX_BYTES] = '\0';
    header = header_make();
    header.partner = trace_id;
    assert_null(frame_header_fault(&header));
    trace_id[FRAME_PARTNER_MAX_BYTES] = 'x';
    assert_non_null(frame_header_fault(&header));
    static char tokens[][4] = {"a b", "a\n", "\"", "\x7f", "\xc4\x90"};
    for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
        header = header_make();
        header.trace_id = tokens[i];
        assert_non_null(frame_header_fault(&header));
        header = header_make();
        header.caller = tokens[i];
        assert_non_null(frame_header_fault(&header));
        header = header_make();
        header.partner = tokens[i];
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

/* What is wrong with the texts of a message when it is packed. */
static const char *bad_text(const ProtobufCMessage *message)
{
    uint8_t packed[256];
    assert_true(protobuf_c_message_get_packed_size(message) <= sizeof(packed));
    return frame_bad_text(message->descriptor, packed, protobuf_c_message_pack(message, packed));
}

static void bad_text_is_found_at_any_depth(void **state)
{
    (void)state;
    Ansinh__V1__CheckResponse check;
    ansinh__v1__check_response__init(&check);
    check.version = good;
    assert_null(bad_text(&check.base));
    check.instance = bad;
    assert_string_equal(bad_text(&check.base), "instance");
    check.instance = good;
    char *problems[] = {good, good, bad};
    check.problems = problems;
    check.n_problems = 2;
    assert_null(bad_text(&check.base));
    check.n_problems = 3;
    assert_string_equal(bad_text(&check.base), "problems");

    Ansinh__V1__Stat metric;
    ansinh__v1__stat__init(&metric);
    Ansinh__V1__Stat *metrics[] = {&metric};
    Ansinh__V1__StatsResponse stats;
    ansinh__v1__stats_response__init(&stats);
    stats.metrics = metrics;
    stats.n_metrics = 1;
    assert_null(bad_text(&stats.base));
    metric.labels = bad;
    assert_string_equal(bad_text(&stats.base), "labels");
}

static void bad_text_is_found_in_an_alternative(void **state)
{
    (void)state;
    Ansinh__V1__GetParticipantRequest request;
    ansinh__v1__get_participant_request__init(&request);
    assert_null(bad_text(&request.base));
    request.key_case = ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PERSONAL_ID;
    request.personal_id = good;
    assert_null(bad_text(&request.base));
    request.personal_id = bad;
    assert_string_equal(bad_text(&request.base), "personal_id");
}

static void a_nul_in_a_text_is_bad(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *check = &ansinh__v1__check_response__descriptor;
    /* instance, the third field */
    assert_null(frame_bad_text(check,
                               "\x1a\x03"
                               "abc",
                               5));
    assert_string_equal(frame_bad_text(check,
                                       "\x1a\x03"
                                       "ab\0",
                                       5),
                        "instance");
    assert_string_equal(frame_bad_text(check,
                                       "\x1a\x03"
                                       "\0bc",
                                       5),
                        "instance");
    assert_string_equal(frame_bad_text(check, "\x1a\x01\0", 3), "instance");
    assert_null(frame_bad_text(check, "\x1a\0", 2));
    /* also where a later one takes its place */
    assert_string_equal(frame_bad_text(check,
                                       "\x1a\x01\0\x1a\x01"
                                       "a",
                                       6),
                        "instance");
    /* and behind numbers of all lengths and fields that are not known */
    assert_string_equal(frame_bad_text(check,
                                       "\x08\x01\xb8\x3e\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                                       "\xbd\x3e"
                                       "abcd"
                                       "\xb9\x3e"
                                       "abcdefgh"
                                       "\xba\x3e\x02\0\0"
                                       "\x1a\x01\0",
                                       38),
                        "instance");
}

static void values_of_every_size_are_passed_over(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *check = &ansinh__v1__check_response__descriptor;
    char text[3 + 128] = "\x1a\x80\x01"; /* a length whose first byte says no more than "more" */
    memset(text + 3, 'a', 128);
    assert_null(frame_bad_text(check, text, sizeof(text)));
    text[sizeof(text) - 1] = '\0';
    assert_string_equal(frame_bad_text(check, text, sizeof(text)), "instance");
    assert_null(frame_bad_text(check,
                               "\xbd\x3e"
                               "abcd",
                               6));
    assert_null(frame_bad_text(check,
                               "\xb9\x3e"
                               "abcdefgh",
                               10));
    assert_null(frame_bad_text(check, "\xb8\x3e\x80\x80\x01", 5));
    /* groups are no part of proto3 */
    assert_string_equal(frame_bad_text(check, "\xbb\x3e\xbc\x3e", 4), "");
}

static void what_is_no_message_has_no_good_texts(void **state)
{
    (void)state;
    const ProtobufCMessageDescriptor *check = &ansinh__v1__check_response__descriptor;
    assert_null(frame_bad_text(check, "", 0));
    assert_string_equal(frame_bad_text(check, "\x1a", 1), "");
    assert_string_equal(frame_bad_text(check,
                                       "\x1a\x04"
                                       "abc",
                                       5),
                        "");
    assert_string_equal(frame_bad_text(check, "\x1a\xff", 2), "");
    assert_string_equal(frame_bad_text(check, "\x9a", 1), "");
    assert_string_equal(frame_bad_text(check, "\x08", 1), "");
    assert_string_equal(frame_bad_text(check,
                                       "\x1d"
                                       "abc",
                                       4),
                        "");
    assert_string_equal(frame_bad_text(check,
                                       "\x19"
                                       "abcdefg",
                                       8),
                        "");
    assert_string_equal(frame_bad_text(check, "\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11),
                        "");
    assert_string_equal(
        frame_bad_text(check, "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12), "");
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
    cmocka_unit_test(bad_text_is_found_in_an_alternative),
    cmocka_unit_test(a_nul_in_a_text_is_bad),
    cmocka_unit_test(values_of_every_size_are_passed_over),
    cmocka_unit_test(what_is_no_message_has_no_good_texts),
    cmocka_unit_test(decoding_costs_at_most_the_arena),
    cmocka_unit_test(headers_and_statuses_are_bounded),
};

TEST_MAIN(tests)
