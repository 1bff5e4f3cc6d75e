/* What the reader accepts, by what the writer makes of it; what it refuses, by path and sentence.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/parse.h"
#include "common/json/json.h"
#include "tests/support/json_every.h"

#define ARENA_BYTES (16U << 20)
#define OUT_BYTES (16U << 20)

static struct arena *arena;
static struct buf out;
static struct err err;

static int setup(void **state)
{
    (void)state;
    arena = arena_create(ARENA_BYTES);
    buf_init(&out, OUT_BYTES);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_destroy(&arena);
    buf_fini(&out);
    return 0;
}

static int read_text(const char *text, size_t len, const ProtobufCMessageDescriptor *descriptor,
                     ProtobufCMessage **ret)
{
    arena_reset(arena);
    memset(&err, 0, sizeof(err));
    /* a copy of the exact size: a sanitizer sees any read behind the end */
    char *copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memcpy(copy, text, len);
    int rc = json_to_message(copy, len, descriptor, arena, ret, &err);
    free(copy);
    return rc;
}

static void expect_every(const char *in, const char *want)
{
    ProtobufCMessage *message = NULL;
    if (read_text(in, strlen(in), &every_descriptor, &message) < 0)
        fail_msg("%s: %s: %s", in, err.field, err.text);
    buf_reset(&out);
    assert_int_equal(json_from_message(message, 0, &out), 0);
    assert_int_equal(buf_putc(&out, '\0'), 0);
    if (strcmp((const char *)out.data, want) != 0)
        fail_msg("%s: %s, want %s", in, (const char *)out.data, want);
}

static void test_accepted(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"{}", "{}"},
        {" \t\r\n{ } \n", "{}"},
        {"{\"aInt32\":-2147483648}", "{\"aInt32\":-2147483648}"},
        {"{\"aInt32\":\"2147483647\"}", "{\"aInt32\":2147483647}"},
        {"{\"aInt32\":1e3}", "{\"aInt32\":1000}"},
        {"{\"aInt32\":-1.0}", "{\"aInt32\":-1}"},
        {"{\"aInt32\":250e-1}", "{\"aInt32\":25}"},
        {"{\"aInt32\":-0}", "{}"},
        {"{\"aInt32\":-0.0}", "{}"},
        {"{\"aSint32\":-5,\"aSfixed32\":\"-6\"}", "{\"aSint32\":-5,\"aSfixed32\":-6}"},
        {"{\"aUint32\":4294967295,\"aFixed32\":\"4294967295\"}",
         "{\"aUint32\":4294967295,\"aFixed32\":4294967295}"},
        {"{\"aInt64\":\"-9223372036854775808\"}", "{\"aInt64\":\"-9223372036854775808\"}"},
        {"{\"aInt64\":-9223372036854775808}", "{\"aInt64\":\"-9223372036854775808\"}"},
        {"{\"aSint64\":9223372036854775807}", "{\"aSint64\":\"9223372036854775807\"}"},
        {"{\"aSfixed64\":9007199254740991.0}", "{\"aSfixed64\":\"9007199254740991\"}"},
        {"{\"aInt64\":-9007199254740991.0}", "{\"aInt64\":\"-9007199254740991\"}"},
        {"{\"aUint64\":\"18446744073709551615\"}", "{\"aUint64\":\"18446744073709551615\"}"},
        {"{\"aFixed64\":\"9223372036854775808\"}", "{\"aFixed64\":\"9223372036854775808\"}"},
        {"{\"aUint64\":9223372036854775807}", "{\"aUint64\":\"9223372036854775807\"}"},
        {"{\"aUint64\":2e3}", "{\"aUint64\":\"2000\"}"},
        {"{\"aBool\":true}", "{\"aBool\":true}"},
        {"{\"aBool\":false}", "{}"},
        {"{\"aEnum\":\"COLOUR_RED\"}", "{\"aEnum\":\"COLOUR_RED\"}"},
        {"{\"aEnum\":\"COLOUR_CRIMSON\"}", "{\"aEnum\":\"COLOUR_RED\"}"},
        {"{\"aEnum\":-7}", "{\"aEnum\":\"COLOUR_BLUE\"}"},
        {"{\"aEnum\":1.0}", "{\"aEnum\":\"COLOUR_RED\"}"},
        {"{\"aEnum\":4711}", "{\"aEnum\":4711}"},
        {"{\"aEnum\":\"COLOUR_UNSPECIFIED\"}", "{}"},
        {"{\"aString\":\"\\u0111\\ud83d\\ude00\\/\\\"\"}", "{\"aString\":\"đ😀/\\\"\"}"},
        {"{\"aString\":\"\"}", "{}"},
        {"{\"aBytes\":\"\"}", "{}"},
        {"{\"aBytes\":\"+/8=\"}", "{\"aBytes\":\"+/8=\"}"},
        {"{\"aBytes\":\"+/8\"}", "{\"aBytes\":\"+/8=\"}"},
        {"{\"aBytes\":\"-_8=\"}", "{\"aBytes\":\"+/8=\"}"},
        {"{\"aBytes\":\"-_8\"}", "{\"aBytes\":\"+/8=\"}"},
        {"{\"aBytes\":\"AAAA\"}", "{\"aBytes\":\"AAAA\"}"},
        {"{\"aBytes\":\"AA==\"}", "{\"aBytes\":\"AA==\"}"},
        {"{\"aMessage\":{}}", "{\"aMessage\":{}}"},
        {"{\"a_message\":{\"a_int32\":1}}", "{\"aMessage\":{\"aInt32\":1}}"},
        {"{\"manyInt32\":[1,\"2\",3e0]}", "{\"manyInt32\":[1,2,3]}"},
        {"{\"many_sint32\":[0,0]}", "{\"manySint32\":[0,0]}"},
        {"{\"manyFixed64\":[1,2],\"manyUint32\":[3]}",
         "{\"manyUint32\":[3],\"manyFixed64\":[\"1\",\"2\"]}"},
        {"{\"manyBool\":[true,false]}", "{\"manyBool\":[true,false]}"},
        {"{\"manyEnum\":[0,1,\"COLOUR_BLUE\"]}",
         "{\"manyEnum\":[\"COLOUR_UNSPECIFIED\",\"COLOUR_RED\",\"COLOUR_BLUE\"]}"},
        {"{\"manyString\":[\"a\",\"\"]}", "{\"manyString\":[\"a\",\"\"]}"},
        {"{\"manyBytes\":[\"AA\",\"\"]}", "{\"manyBytes\":[\"AA==\",\"\"]}"},
        {"{\"manyMessage\":[{},{\"aBool\":true}]}", "{\"manyMessage\":[{},{\"aBool\":true}]}"},
        {"{\"manyInt32\":[]}", "{}"},
        {"{\"pickInt32\":0}", "{\"pickInt32\":0}"},
        {"{\"pickString\":\"\"}", "{\"pickString\":\"\"}"},
        {"{\"pickBytes\":\"\"}", "{\"pickBytes\":\"\"}"},
        {"{\"pickBool\":false}", "{\"pickBool\":false}"},
        {"{\"pick_enum\":0}", "{\"pickEnum\":\"COLOUR_UNSPECIFIED\"}"},
        {"{\"pickMessage\":{}}", "{\"pickMessage\":{}}"},
        {"{\"pickInt64\":null,\"pickInt32\":1,\"pickString\":null}", "{\"pickInt32\":1}"},
        {"{\"aInt32\":null,\"aString\":null,\"aEnum\":null,\"aMessage\":null,\"manyInt32\":null}",
         "{}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_every(cases[i][0], cases[i][1]);
}

struct refusal {
    const char *in;
    const char *field;
    const char *text;
};

static void expect_refusals(const struct refusal *cases, size_t n,
                            const ProtobufCMessageDescriptor *descriptor)
{
    for (size_t i = 0; i < n; i++) {
        ProtobufCMessage *message = NULL;
        int rc = read_text(cases[i].in, strlen(cases[i].in), descriptor, &message);
        if (rc != -EINVAL || strcmp(err.field, cases[i].field) != 0 ||
            strcmp(err.text, cases[i].text) != 0)
            fail_msg("%s\n%d, field: %s, text: %s\nwant field: %s, text: %s", cases[i].in, rc,
                     err.field, err.text, cases[i].field, cases[i].text);
        assert_null(message);
        rc = json_to_message(cases[i].in, strlen(cases[i].in), descriptor, arena, &message, NULL);
        assert_int_equal(rc, -EINVAL);
    }
}

#define INT32_TEXT "want a whole number from -2147483648 to 2147483647"
#define INT64_TEXT "want a whole number from -9223372036854775808 to 9223372036854775807"
#define UINT32_TEXT "want a whole number from 0 to 4294967295"
#define UINT64_TEXT "want a whole number from 0 to 18446744073709551615"
#define BASE64_TEXT "want a string in base64"
#define ENUM_TEXT "want a name of the enum Colour, or its number"
#define RANGE_TEXT "number out of range, or one to write as a string"

static void test_refused_numbers(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{\"aInt32\":2147483648}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":-2147483649}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":\"2147483648\"}", "aInt32", INT32_TEXT},
        {"{\"aSint32\":1.5}", "aSint32", INT32_TEXT},
        {"{\"aSfixed32\":1e10}", "aSfixed32", INT32_TEXT},
        {"{\"aInt32\":\"\"}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":\" 1\"}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":\"1 \"}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":\"01\"}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":\"+1\"}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":\"0x1\"}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":\"1\\u0000\"}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":true}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":[1]}", "aInt32", INT32_TEXT},
        {"{\"aInt32\":{}}", "aInt32", INT32_TEXT},
        {"{\"aUint32\":-1}", "aUint32", UINT32_TEXT},
        {"{\"aUint32\":\"-1\"}", "aUint32", UINT32_TEXT},
        {"{\"aUint32\":4294967296}", "aUint32", UINT32_TEXT},
        {"{\"aFixed32\":\"4294967296\"}", "aFixed32", UINT32_TEXT},
        {"{\"aFixed32\":\"18446744073709551616\"}", "aFixed32", UINT32_TEXT},
        {"{\"aInt64\":\"9223372036854775808\"}", "aInt64", INT64_TEXT},
        {"{\"aSint64\":\"-9223372036854775809\"}", "aSint64", INT64_TEXT},
        {"{\"aInt64\":9007199254740992.0}", "aInt64", INT64_TEXT},
        {"{\"aInt64\":0.5}", "aInt64", INT64_TEXT},
        {"{\"aSfixed64\":1e300}", "aSfixed64", INT64_TEXT},
        {"{\"aInt64\":false}", "aInt64", INT64_TEXT},
        {"{\"aUint64\":-1}", "aUint64", UINT64_TEXT},
        {"{\"aUint64\":-1.0}", "aUint64", UINT64_TEXT},
        {"{\"aUint64\":\"-9999999999999999999999\"}", "aUint64", UINT64_TEXT},
        {"{\"aUint64\":\"18446744073709551616\"}", "aUint64", UINT64_TEXT},
        {"{\"aUint64\":\"99999999999999999999999999\"}", "aUint64", UINT64_TEXT},
        {"{\"aUint64\":\"9999999999999999999x\"}", "aUint64", UINT64_TEXT},
        {"{\"aFixed64\":\"1\\u00000\"}", "aFixed64", UINT64_TEXT},
        {"{\"aUint64\":9223372036854775808}", "aUint64", RANGE_TEXT},
        {"{\"aInt32\":1e999}", "aInt32", RANGE_TEXT},
        {"{\"manyInt64\":[1,-9223372036854775809]}", "manyInt64[1]", RANGE_TEXT},
    };
    expect_refusals(cases, ARRAY_LEN(cases), &every_descriptor);
}

static void test_refused_values(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{\"aBool\":\"true\"}", "aBool", "want true or false"},
        {"{\"aBool\":1}", "aBool", "want true or false"},
        {"{\"aEnum\":\"COLOUR_PINK\"}", "aEnum", ENUM_TEXT},
        {"{\"aEnum\":\"colour_red\"}", "aEnum", ENUM_TEXT},
        {"{\"aEnum\":\"1\"}", "aEnum", ENUM_TEXT},
        {"{\"aEnum\":\"COLOUR_RED\\u0000\"}", "aEnum", ENUM_TEXT},
        {"{\"aEnum\":2147483648}", "aEnum", ENUM_TEXT},
        {"{\"aEnum\":0.5}", "aEnum", ENUM_TEXT},
        {"{\"aEnum\":true}", "aEnum", ENUM_TEXT},
        {"{\"aString\":1}", "aString", "want a string"},
        {"{\"aString\":[]}", "aString", "want a string"},
        {"{\"aString\":\"a\\u0000b\"}", "aString", "the character U+0000 is not allowed"},
        {"{\"aBytes\":1}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"A\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"AAAAA\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"AA=\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"AA===\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"=\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"AAAA=\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"AAA*\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"A AA\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"AAA\\u0000\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"+_8=\"}", "aBytes", BASE64_TEXT},
        {"{\"aBytes\":\"+/9\"}", "aBytes", BASE64_TEXT},
        {"{\"aMessage\":[]}", "aMessage", "want an object"},
        {"{\"aMessage\":\"{}\"}", "aMessage", "want an object"},
        {"{\"manyInt32\":1}", "manyInt32", "want an array"},
        {"{\"manyMessage\":{}}", "manyMessage", "want an array"},
        {"{\"manyInt32\":[1,null]}", "manyInt32[1]", "null is not allowed in an array"},
        {"{\"manyMessage\":[null]}", "manyMessage[0]", "null is not allowed in an array"},
        {"{\"manyString\":[\"a\",[\"b\"]]}", "manyString[1]", "want a string"},
    };
    expect_refusals(cases, ARRAY_LEN(cases), &every_descriptor);
}

static void test_refused_fields(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{\"fullname\":\"x\"}", "fullname", "EnrolRequest has no such field"},
        {"{\"FullName\":\"x\"}", "FullName", "EnrolRequest has no such field"},
        {"{\"fullName \":\"x\"}", "fullName ", "EnrolRequest has no such field"},
        {"{\"full__name\":\"x\"}", "full__name", "EnrolRequest has no such field"},
        {"{\"full_Name\":\"x\"}", "full_Name", "EnrolRequest has no such field"},
        {"{\"full\":\"x\"}", "full", "EnrolRequest has no such field"},
        {"{\"\":1}", "", "EnrolRequest has no such field"},
        {"{\"base\":null}", "base", "EnrolRequest has no such field"},
        {"{\"fullName\":\"x\",\"fullName\":\"y\"}", "fullName", "given twice"},
        {"{\"fullName\":\"x\",\"full_name\":\"y\"}", "fullName",
         "given twice, also as \"full_name\""},
        {"{\"full_name\":\"x\",\"fullName\":\"y\"}", "full_name",
         "given twice, also as \"fullName\""},
        {"{\"full_name\":null,\"fullName\":\"y\"}", "fullName",
         "given twice, also as \"full_name\""},
        {"{\"phone\":null,\"phone\":null}", "phone", "given twice"},
    };
    expect_refusals(cases, ARRAY_LEN(cases), &ansinh__v1__enrol_request__descriptor);
    static const struct refusal one_of[] = {
        {"{\"siCode\":\"1\",\"participantId\":\"2\"}", "participantId",
         "not allowed beside \"siCode\""},
        {"{\"personal_id\":\"\",\"si_code\":\"\"}", "si_code", "not allowed beside \"personalId\""},
    };
    expect_refusals(one_of, ARRAY_LEN(one_of), &ansinh__v1__get_participant_request__descriptor);
}

static void test_paths(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"{\"units\":[{\"code\":\"1\"},{},{},{\"code\":7}]}", "units[3].code", "want a string"},
        {"{\"units\":[{\"name_en\":7}]}", "units[0].name_en", "want a string"},
        {"{\"units\":[{\"nameEn\":7}]}", "units[0].nameEn", "want a string"},
        {"{\"units\":[{},{\"level\":\"HAMLET\"}]}", "units[1].level",
         "want a name of the enum UnitLevel, or its number"},
        {"{\"units\":[{},{\"x\\\"y\":1}]}", "units[1].x\"y", "Unit has no such field"},
        {"{\"units\":[{\"code\":\"1\",\"code\":\"2\"}]}", "units[0].code", "given twice"},
        {"{\"dryRun\":true,\"units\":[{\"code\":\"1\"},{\"code\":\"a\",\"code\":1}]}",
         "units[1].code", "given twice"},
        {"{\"units\":[{\"name\":\"},]\\\\\",\"level\":99999999999999999999}]}", "units[0].level",
         RANGE_TEXT},
        {"{\"units\":[{\"name\":\"\\\"},{\",\"level\":99999999999999999999}]}", "units[0].level",
         RANGE_TEXT},
        {"{\"units\":[[{\"a\":[1,2,99999999999999999999]}]]}", "units[0][0].a[2]", RANGE_TEXT},
        {"{\"units\":[],\"dryRun\":99999999999999999999}", "dryRun", RANGE_TEXT},
    };
    expect_refusals(cases, ARRAY_LEN(cases), &ansinh__v1__import_units_request__descriptor);
}

static void test_refused_syntax(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t len;
        const char *field;
        const char *part;
    } cases[] = {
        {"", 0, "", "not JSON: '[' or '{' expected near end of file (line 1, column 0)"},
        {" ", 1, "", "not JSON"},
        {"{", 1, "", "not JSON: string or '}' expected near end of file (line 1, column 1)"},
        {"{}x", 3, "", "not JSON: end of file expected near 'x'"},
        {"{}{}", 4, "", "not JSON: end of file expected near '{'"},
        {"{\"aInt32\":}", 11, "", "not JSON: unexpected token near '}'"},
        {"{\"aInt32\":1,}", 13, "", "not JSON: string or '}' expected"},
        {"{\"aInt32\":01}", 13, "aInt32", "not JSON"},
        {"{\"aInt32\":NaN}", 14, "aInt32", "not JSON"},
        {"{aInt32:1}", 10, "", "not JSON"},
        {"{'aInt32':1}", 12, "", "not JSON"},
        {"{\"aInt32\":1 /* one */}", 22, "aInt32", "not JSON"},
        {"\xef\xbb\xbf{}", 5, "", "not JSON"},
        {"{}\0", 3, "", "not JSON"},
        {"{\"aString\":\"\xc3\x28\"}", 16, "aString", "not JSON: unable to decode byte 0xc3"},
        {"{\"aString\":\"\xed\xa0\x80\"}", 17, "aString", "not JSON: unable to decode byte 0xed"},
        {"{\"aString\":\"\xc0\x80\"}", 16, "aString", "not JSON: unable to decode byte 0xc0"},
        {"{\"aString\":\"\\ud800\"}", 20, "aString", "not JSON: invalid Unicode '\\uD800'"},
        {"{\"aString\":\"\\ud\xc4\x91\"}", 18, "aString",
         "not JSON: invalid escape (line 1, column "},
        {"{\"aString\":\"a\nb\"}", 17, "aString", "not JSON: unexpected newline"},
        {"{\"aString\":\"a\tb\"}", 17, "aString", "not JSON: control character 0x9"},
        {"{\"a\\u0000\":1}", 13, "a\\u0000", "not JSON: NUL byte in object key"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        ProtobufCMessage *message = NULL;
        int rc = read_text(cases[i].in, cases[i].len, &every_descriptor, &message);
        if (rc != -EINVAL || strcmp(err.field, cases[i].field) != 0 ||
            strncmp(err.text, cases[i].part, strlen(cases[i].part)) != 0)
            fail_msg("case %zu: %d, field: %s, text: %s", i, rc, err.field, err.text);
    }
    static const char *const no_objects[] = {"[]", "[{}]"};
    for (size_t i = 0; i < ARRAY_LEN(no_objects); i++) {
        ProtobufCMessage *message = NULL;
        assert_int_equal(
            read_text(no_objects[i], strlen(no_objects[i]), &every_descriptor, &message), -EINVAL);
        assert_string_equal(err.text, "want an object");
    }
}

/* {"aMessage":{"aMessage":...{}...}} with so many objects */
static int read_nested(int n_objects)
{
    ProtobufCMessage *message = NULL;
    buf_reset(&out);
    for (int i = 1; i < n_objects; i++)
        assert_int_equal(buf_puts(&out, "{\"aMessage\":"), 0);
    assert_int_equal(buf_puts(&out, "{}"), 0);
    for (int i = 1; i < n_objects; i++)
        assert_int_equal(buf_putc(&out, '}'), 0);
    return read_text((const char *)out.data, out.len, &every_descriptor, &message);
}

static void test_depth(void **state)
{
    (void)state;
    assert_int_equal(read_nested(JSON_DEPTH_MAX), 0);
    assert_int_equal(read_nested(JSON_DEPTH_MAX + 1), -EMSGSIZE);
    assert_string_equal(err.text, "more than 32 objects deep");
    assert_memory_equal(err.field, "aMessage.aMessage.", 18);
    assert_int_equal(read_nested(100000), -EMSGSIZE);
    assert_string_equal(err.text, "maximum parsing depth reached near '{'");
}

/* {"manyString":["","",...]} with so many elements */
static int read_elements(int n)
{
    ProtobufCMessage *message = NULL;
    buf_reset(&out);
    assert_int_equal(buf_puts(&out, "{\"manyBool\":[true"), 0);
    for (int i = 1; i < n; i++)
        assert_int_equal(buf_puts(&out, ",true"), 0);
    assert_int_equal(buf_puts(&out, "]}"), 0);
    return read_text((const char *)out.data, out.len, &every_descriptor, &message);
}

static void test_elements(void **state)
{
    (void)state;
    assert_int_equal(read_elements(JSON_ELEMENTS_MAX), 0);
    assert_int_equal(read_elements(JSON_ELEMENTS_MAX + 1), -EMSGSIZE);
    assert_string_equal(err.field, "manyBool");
    assert_string_equal(err.text, "more than 100000 elements");
}

static void test_full_arena(void **state)
{
    (void)state;
    static const char text[] = "{\"aString\":\"0123456789abcdef\",\"aBytes\":\"AAAA\","
                               "\"manyInt64\":[1,2],\"aMessage\":{}}";
    size_t n_too_large = 0;
    for (size_t size = 0; size < 4096; size += 16) {
        struct arena *small = arena_create(size);
        ProtobufCMessage *message = NULL;
        int rc = json_to_message(text, sizeof(text) - 1, &every_descriptor, small, &message, &err);
        if (rc < 0) {
            n_too_large++;
            assert_int_equal(rc, -EMSGSIZE);
            assert_null(message);
            assert_string_equal(err.text, "the message is too large");
        }
        arena_destroy(&small);
    }
    assert_in_range(n_too_large, 2 * sizeof(struct every) / 16, 255);
}

static void test_long_paths_are_cut(void **state)
{
    (void)state;
    static const char *const fillers[] = {"k", "đ", "ế", "😀"};
    for (size_t i = 0; i < ARRAY_LEN(fillers); i++) {
        char text[1000] = "{\"aMessage\":{\"";
        while (strlen(text) < 500)
            strcat(text, fillers[i]);
        strcat(text, "\":1}}");
        ProtobufCMessage *message = NULL;
        assert_int_equal(read_text(text, strlen(text), &every_descriptor, &message), -EINVAL);
        assert_string_equal(err.text, "Every has no such field");
        assert_in_range(strlen(err.field), ERR_FIELD_MAX_BYTES - 4, ERR_FIELD_MAX_BYTES - 1);
        assert_true(parse_is_utf8(err.field, strlen(err.field)));
    }
}

static void test_values_in_the_struct(void **state)
{
    (void)state;
    static const char text[] = "{\"aUint64\":\"18446744073709551615\",\"aBytes\":\"AAEC\","
                               "\"manyString\":[\"x\",\"yz\"],\"pickMessage\":{\"aInt32\":-1}}";
    ProtobufCMessage *message = NULL;
    assert_int_equal(read_text(text, sizeof(text) - 1, &every_descriptor, &message), 0);
    const struct every *every = (const struct every *)message;
    assert_true(every->a_uint64 == UINT64_MAX);
    assert_int_equal(every->a_bytes.len, 3);
    assert_memory_equal(every->a_bytes.data, "\x00\x01\x02", 3);
    assert_int_equal(every->n_string, 2);
    assert_string_equal(every->many_string[1], "yz");
    assert_ptr_equal(
        protobuf_c_message_descriptor_get_field(&every_descriptor, (unsigned)every->pick_case)
            ->name,
        every_descriptor.fields[every_descriptor.n_fields - 1].name);
    assert_int_equal(every->pick_message->a_int32, -1);
    assert_null(every->a_message);
    assert_ptr_equal(message->descriptor, &every_descriptor);
}

#define JSON_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static const struct CMUnitTest tests[] = {
    JSON_TEST(test_accepted),
    JSON_TEST(test_refused_numbers),
    JSON_TEST(test_refused_values),
    JSON_TEST(test_refused_fields),
    JSON_TEST(test_paths),
    JSON_TEST(test_refused_syntax),
    JSON_TEST(test_depth),
    JSON_TEST(test_elements),
    JSON_TEST(test_full_arena),
    JSON_TEST(test_long_paths_are_cut),
    JSON_TEST(test_values_in_the_struct),
};

TEST_MAIN(tests)
