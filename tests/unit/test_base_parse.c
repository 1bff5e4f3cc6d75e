#include "tests/support/test.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base/parse.h"

static void test_int64(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t min, max;
        int rc;
        int64_t value;
    } cases[] = {
        {"0", INT64_MIN, INT64_MAX, 0, 0},
        {"7", 7, 7, 0, 7},
        {"-5", -5, 0, 0, -5},
        {"9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN},
        {"9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0},
        {"99999999999999999999999", INT64_MIN, INT64_MAX, -ERANGE, 0},
        {"6", 7, 9, -ERANGE, 0},
        {"10", 7, 9, -ERANGE, 0},
        {"", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"-", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"+1", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"-0", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"00", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"01", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {" 1", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"1 ", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"1.0", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"1e3", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"0x10", INT64_MIN, INT64_MAX, -EINVAL, 0},
        {"--1", INT64_MIN, INT64_MAX, -EINVAL, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t value = 4711;
        int rc = parse_int64(cases[i].text, cases[i].min, cases[i].max, &value);
        int64_t want = cases[i].rc == 0 ? cases[i].value : 4711;
        if (rc != cases[i].rc || value != want)
            fail_msg("\"%s\": %d, %" PRId64, cases[i].text, rc, value);
    }
}

static void test_hex(void **state)
{
    (void)state;
    uint8_t bytes[4] = {9, 9, 9, 9};
    char text[9];
    static const char *const bad[] = {"", "0", "0011ff", "0011ffaabb", "0011ffg0", "0011ff 0"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(parse_hex(bad[i], bytes, sizeof(bytes)), -EINVAL);
        assert_int_equal(bytes[0], 9);
    }
    assert_int_equal(parse_hex("00Ff7A1b", bytes, sizeof(bytes)), 0);
    assert_memory_equal(bytes, "\x00\xff\x7a\x1b", 4);
    format_hex(bytes, sizeof(bytes), text);
    assert_string_equal(text, "00ff7a1b");
    assert_int_equal(parse_hex("", bytes, 0), 0);
}

static void test_bool(void **state)
{
    (void)state;
    static const char *const yes[] = {"true", "1", "yes"};
    static const char *const no[] = {"false", "0", "no"};
    static const char *const bad[] = {"", "True", "2", "on", "yes ", "y"};
    int value;
    for (size_t i = 0; i < 3; i++) {
        value = 7;
        assert_int_equal(parse_bool(yes[i], &value), 0);
        assert_int_equal(value, 1);
        assert_int_equal(parse_bool(no[i], &value), 0);
        assert_int_equal(value, 0);
    }
    value = 7;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(parse_bool(bad[i], &value), -EINVAL);
    assert_int_equal(value, 7);
}

static void test_digits(void **state)
{
    (void)state;
    assert_true(parse_is_digits("012345678901", 12));
    assert_true(parse_is_digits("", 0));
    assert_false(parse_is_digits("01234567890", 12));
    assert_false(parse_is_digits("0123456789012", 12));
    assert_false(parse_is_digits("01234567890a", 12));
    assert_false(parse_is_digits("0123456٣8901", 13));
}

static void test_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t len;
        int is_good;
    } cases[] = {
        {"", 0, 1},
        {"abc", 3, 1},
        {"Nguyễn Thị Đào", 20, 1},
        {"\x7f", 1, 1},
        {"\xc2\x80", 2, 1},
        {"\xdf\xbf", 2, 1},
        {"\xe0\xa0\x80", 3, 1},
        {"\xed\x9f\xbf", 3, 1},
        {"\xee\x80\x80", 3, 1},
        {"\xef\xbf\xbf", 3, 1},
        {"\xf0\x90\x80\x80", 4, 1},
        {"\xf4\x8f\xbf\xbf", 4, 1},
        {"a\0b", 3, 0},             /* NUL */
        {"\x80", 1, 0},             /* continuation alone */
        {"\xc3", 1, 0},             /* cut */
        {"\xe1\xbb", 2, 0},         /* cut */
        {"\xf0\x90\x80", 3, 0},     /* cut */
        {"\xc3\x28", 2, 0},         /* no continuation */
        {"\xe1\xbb\x28", 3, 0},     /* no continuation */
        {"\xc0\x80", 2, 0},         /* overlong NUL */
        {"\xc1\xbf", 2, 0},         /* overlong */
        {"\xe0\x9f\xbf", 3, 0},     /* overlong */
        {"\xf0\x8f\xbf\xbf", 4, 0}, /* overlong */
        {"\xed\xa0\x80", 3, 0},     /* surrogate */
        {"\xed\xbf\xbf", 3, 0},     /* surrogate */
        {"\xf4\x90\x80\x80", 4, 0}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", 4, 0},
        {"\xff", 1, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (parse_is_utf8(cases[i].text, cases[i].len) != cases[i].is_good)
            fail_msg("case %zu", i);
    }
    assert_int_equal(parse_utf8_length(""), 0);
    assert_int_equal(parse_utf8_length("Đào"), 3);
    assert_int_equal(parse_utf8_length("ế𐍈a"), 3);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_int64),  cmocka_unit_test(test_hex),  cmocka_unit_test(test_bool),
    cmocka_unit_test(test_digits), cmocka_unit_test(test_utf8),
};

TEST_MAIN(tests)
