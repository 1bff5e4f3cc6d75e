#include "tests/support/test.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "common/json/json.h"
#include "common/json/json_field.h"
#include "tests/support/json_every.h"

#define OUT_BYTES (16U << 20)

static const char *write_text(const void *message, unsigned flags)
{
    static struct buf out;
    buf_fini(&out);
    buf_init(&out, OUT_BYTES);
    int rc = json_from_message(message, flags, &out);
    if (rc < 0)
        fail_msg("%s", strerror(-rc));
    assert_int_equal(buf_putc(&out, '\0'), 0);
    return (const char *)out.data;
}

static void test_defaults(void **state)
{
    (void)state;
    Ansinh__V1__Unit unit;
    ansinh__v1__unit__init(&unit);
    assert_string_equal(write_text(&unit, 0), "{}");
    assert_string_equal(write_text(&unit, JSON_INDENT), "{}");
    assert_string_equal(write_text(&unit, JSON_DEFAULTS),
                        "{\"code\":\"\",\"parentCode\":\"\",\"level\":\"UNIT_LEVEL_UNSPECIFIED\","
                        "\"name\":\"\",\"nameEn\":\"\",\"fullName\":\"\",\"specialZone\":false,"
                        "\"difficultyTier\":0,\"officeEmail\":\"\",\"validFrom\":\"\","
                        "\"validUntil\":\"\"}");
    Ansinh__V1__ImportUnitsRequest request;
    ansinh__v1__import_units_request__init(&request);
    assert_string_equal(write_text(&request, JSON_DEFAULTS), "{\"units\":[],\"dryRun\":false}");
    Ansinh__V1__GetParticipantRequest get;
    ansinh__v1__get_participant_request__init(&get);
    assert_string_equal(write_text(&get, JSON_DEFAULTS), "{\"on\":\"\"}");
    get.key_case = ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_SI_CODE;
    get.si_code = NULL;
    assert_string_equal(write_text(&get, 0), "{\"siCode\":\"\"}");
}

/* Absent messages, texts without a pointer and a chosen message without one are as unset. */
static void test_null_pointers(void **state)
{
    (void)state;
    struct every every, child;
    protobuf_c_message_init(&every_descriptor, &every.base);
    protobuf_c_message_init(&every_descriptor, &child.base);
    every.pick_case = (int)every_descriptor.fields[every_descriptor.n_fields - 1].id;
    assert_string_equal(write_text(&every, 0), "{}");
    every.pick_message = &child;
    every.a_message = &child;
    assert_string_equal(write_text(&every, 0), "{\"aMessage\":{},\"pickMessage\":{}}");
    char *texts[] = {NULL};
    every.n_string = 1;
    every.many_string = texts;
    every.a_message = NULL;
    every.pick_message = NULL;
    assert_string_equal(write_text(&every, 0), "{\"manyString\":[\"\"]}");
}

static void test_indented(void **state)
{
    (void)state;
    Ansinh__V1__Unit units[2];
    ansinh__v1__unit__init(&units[0]);
    ansinh__v1__unit__init(&units[1]);
    Ansinh__V1__Unit *pointers[] = {&units[0], &units[1]};
    Ansinh__V1__ImportUnitsRequest request;
    ansinh__v1__import_units_request__init(&request);
    char code[] = "15";
    units[1].code = code;
    units[1].special_zone = 1;
    request.units = pointers;
    request.n_units = 2;
    request.dry_run = 1;
    assert_string_equal(write_text(&request, JSON_INDENT), "{\n"
                                                           "  \"units\": [\n"
                                                           "    {},\n"
                                                           "    {\n"
                                                           "      \"code\": \"15\",\n"
                                                           "      \"specialZone\": true\n"
                                                           "    }\n"
                                                           "  ],\n"
                                                           "  \"dryRun\": true\n"
                                                           "}");
    assert_string_equal(write_text(&request, 0),
                        "{\"units\":[{},{\"code\":\"15\",\"specialZone\":true}],\"dryRun\":true}");
}

static void test_numbers_at_their_ends(void **state)
{
    (void)state;
    struct every every;
    protobuf_c_message_init(&every_descriptor, &every.base);
    every.a_int32 = INT32_MIN;
    every.a_sfixed32 = INT32_MAX;
    every.a_uint32 = UINT32_MAX;
    every.a_int64 = INT64_MIN;
    every.a_sint64 = INT64_MAX;
    every.a_uint64 = UINT64_MAX;
    every.a_bool = 2; /* any true */
    every.a_enum = INT32_MIN;
    assert_string_equal(write_text(&every, 0),
                        "{\"aInt32\":-2147483648,\"aSfixed32\":2147483647,"
                        "\"aUint32\":4294967295,\"aInt64\":\"-9223372036854775808\","
                        "\"aSint64\":\"9223372036854775807\","
                        "\"aUint64\":\"18446744073709551615\",\"aBool\":true,"
                        "\"aEnum\":-2147483648}");
}

static size_t utf8_put(unsigned code, char *ret)
{
    unsigned char *p = (unsigned char *)ret;
    if (code < 0x80) {
        p[0] = (unsigned char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        p[i] = (unsigned char)(0x80 | (code & 0x3f));
    p[0] = (unsigned char)((len == 2 ? 0xc0 : len == 3 ? 0xe0 : 0xf0) | code);
    return len;
}

/* Every character there is: jansson reads back what was written, and nothing below U+0020 goes out
 * raw. */
static void test_every_character(void **state)
{
    (void)state;
    static char text[0x110000 * 4];
    size_t len = 0;
    for (unsigned code = 1; code < 0x110000; code++) {
        if (code < 0xd800 || code > 0xdfff)
            len += utf8_put(code, text + len);
    }
    text[len] = '\0';
    struct every every;
    protobuf_c_message_init(&every_descriptor, &every.base);
    every.a_string = text;
    const char *json = write_text(&every, 0);
    for (const char *p = json; *p != '\0'; p++)
        assert_true((unsigned char)*p >= 0x20);
    json_error_t error;
    json_t *tree = json_loads(json, 0, &error);
    if (tree == NULL)
        fail_msg("%s", error.text);
    const json_t *value = json_object_get(tree, "aString");
    assert_int_equal(json_string_length(value), len);
    assert_memory_equal(json_string_value(value), text, len);
    json_decref(tree);
}

static void test_escapes(void **state)
{
    (void)state;
    struct every every;
    protobuf_c_message_init(&every_descriptor, &every.base);
    char text[] = "\"\\/\b\f\n\r\t\x01\x1f\x7f \u2028đ";
    every.a_string = text;
    assert_string_equal(write_text(&every, 0),
                        "{\"aString\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f \u2028đ\"}");
}

static void test_bad_utf8_is_refused(void **state)
{
    (void)state;
    char texts[][8] = {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"};
    struct buf out;
    buf_init(&out, OUT_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct every every, child;
        protobuf_c_message_init(&every_descriptor, &every.base);
        protobuf_c_message_init(&every_descriptor, &child.base);
        struct every *children[] = {&child};
        char *strings[] = {texts[i]};
        child.many_string = strings;
        child.n_string = 1;
        every.many_message = children;
        every.n_message = 1;
        buf_reset(&out);
        assert_int_equal(json_from_message(&every.base, 0, &out), -EINVAL);
    }
    buf_fini(&out);
}

/* Whatever the limit, the answer is the whole text or -EMSGSIZE. */
static void test_full_buffer(void **state)
{
    (void)state;
    struct every every, child;
    protobuf_c_message_init(&every_descriptor, &every.base);
    protobuf_c_message_init(&every_descriptor, &child.base);
    uint8_t bytes[] = {1, 2, 3, 4};
    char text[] = "a\nb";
    struct every *children[] = {&child, &child};
    child.a_string = text;
    child.a_int64 = 5;
    every.many_message = children;
    every.n_message = 2;
    every.a_bytes = (ProtobufCBinaryData){sizeof(bytes), bytes};
    char want[200];
    (void)snprintf(want, sizeof(want), "%s", write_text(&every, 0));
    size_t len = strlen(want);
    for (size_t size = 0; size <= len + 1; size++) {
        struct buf out;
        buf_init(&out, size);
        int rc = json_from_message(&every.base, 0, &out);
        assert_int_equal(rc, size < len ? -EMSGSIZE : 0);
        if (rc == 0)
            assert_memory_equal(out.data, want, len);
        buf_fini(&out);
    }
}

static void test_depth(void **state)
{
    (void)state;
    struct every chain[JSON_DEPTH_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(chain); i++) {
        protobuf_c_message_init(&every_descriptor, &chain[i].base);
        chain[i].a_message = i + 1 < ARRAY_LEN(chain) ? &chain[i + 1] : NULL;
    }
    struct buf out;
    buf_init(&out, OUT_BYTES);
    assert_int_equal(json_from_message(&chain[0].base, 0, &out), -EMSGSIZE);
    buf_reset(&out);
    assert_int_equal(json_from_message(&chain[1].base, 0, &out), 0);
    buf_fini(&out);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"code", "code"},          {"as_of_ms", "asOfMs"}, {"a_a", "aA"},  {"z_z", "zZ"},
        {"line_1", "line1"},       {"x_1y", "x1y"},        {"a__b", "aB"}, {"b_", "b"},
        {"x509_cert", "x509Cert"},
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char name[JSON_NAME_BYTES];
        json_name(names[i][0], name);
        assert_string_equal(name, names[i][1]);
        for (size_t k = 0; k < ARRAY_LEN(names); k++)
            assert_int_equal(json_name_equals(names[i][0], names[k][1]), i == k);
        assert_false(json_name_equals(names[i][0], ""));
    }
}

static void test_appends(void **state)
{
    (void)state;
    Ansinh__V1__Unit unit;
    ansinh__v1__unit__init(&unit);
    struct buf out;
    buf_init(&out, OUT_BYTES);
    assert_int_equal(buf_puts(&out, "data: "), 0);
    assert_int_equal(json_from_message(&unit.base, 0, &out), 0);
    assert_int_equal(out.len, 8);
    assert_memory_equal(out.data, "data: {}", 8);
    buf_fini(&out);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_defaults),
    cmocka_unit_test(test_null_pointers),
    cmocka_unit_test(test_indented),
    cmocka_unit_test(test_numbers_at_their_ends),
    cmocka_unit_test(test_every_character),
    cmocka_unit_test(test_escapes),
    cmocka_unit_test(test_bad_utf8_is_refused),
    cmocka_unit_test(test_full_buffer),
    cmocka_unit_test(test_depth),
    cmocka_unit_test(test_names),
    cmocka_unit_test(test_appends),
};

TEST_MAIN(tests)
