#include "tests/support/test.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "common/base/id.h"

#define SOME_WALL_MS 1795190401123LL

static void test_made_ids(void **state)
{
    (void)state;
    struct request_id first, second, read;
    int64_t ms = 0;
    char text[UUID_TEXT_BYTES];
    request_id_make(SOME_WALL_MS, &first);
    request_id_make(SOME_WALL_MS, &second);
    assert_memory_not_equal(first.bytes, second.bytes, ID_BYTES);
    assert_true(request_id_time(&first, &ms));
    assert_int_equal(ms, SOME_WALL_MS);
    request_id_format(&first, text);
    assert_int_equal(strlen(text), UUID_TEXT_BYTES - 1);
    assert_int_equal(text[14], '7');
    assert_non_null(strchr("89ab", text[19]));
    assert_int_equal(request_id_parse(text, &read), 0);
    assert_memory_equal(first.bytes, read.bytes, ID_BYTES);
}

static void test_rfc_example(void **state)
{
    (void)state;
    /* RFC 9562, appendix A.6: Tuesday, February 22, 2022 2:22:22.00 PM GMT-05:00 */
    struct request_id id;
    int64_t ms = 0;
    char text[UUID_TEXT_BYTES];
    assert_int_equal(request_id_parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", &id), 0);
    assert_true(request_id_time(&id, &ms));
    assert_int_equal(ms, 1645557742000);
    request_id_format(&id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

/* Every key that is no UUIDv7 is folded: same key same id, and never a time. */
static void test_other_keys_are_folded(void **state)
{
    (void)state;
    char longest[130];
    memset(longest, 'k', sizeof(longest));
    longest[128] = '\0';
    const char *const keys[] = {
        "1",
        " ",
        "order 4711/b~",
        "919108f7-52d1-4320-9bac-f847db4148a8", /* version 4 */
        "017f22e279b07cc398c4dc0c0c07398f",     /* no dashes */
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g", /* no hexadecimal digit */
        "017f22e2-79b0-7cc3-18c4-dc0c0c07398f", /* another variant */
        "017f22e2079b0-7cc3-98c4-dc0c0c07398f", /* a dash missing */
        longest,
    };
    struct request_id ids[ARRAY_LEN(keys)];
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct request_id again;
        int64_t ms;
        assert_int_equal(request_id_parse(keys[i], &ids[i]), 0);
        assert_int_equal(request_id_parse(keys[i], &again), 0);
        assert_memory_equal(ids[i].bytes, again.bytes, ID_BYTES);
        assert_int_equal(ids[i].bytes[6] & 0xf0, 0x80);
        assert_int_equal(ids[i].bytes[8] & 0xc0, 0x80);
        assert_false(request_id_time(&ids[i], &ms));
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(ids[i].bytes, ids[k].bytes, ID_BYTES);
    }
}

static void test_bad_keys(void **state)
{
    (void)state;
    char too_long[130];
    memset(too_long, 'k', sizeof(too_long));
    too_long[129] = '\0';
    const char *const keys[] = {"", "tab\t", "line\n", "\x7f", "đ", too_long};
    struct request_id id;
    memset(&id, 9, sizeof(id));
    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        assert_int_equal(request_id_parse(keys[i], &id), -EINVAL);
    for (size_t i = 0; i < ID_BYTES; i++)
        assert_int_equal(id.bytes[i], 9);
}

static void test_base32_round_trip(void **state)
{
    (void)state;
    uint8_t bytes[ID_BYTES] = {0}, read[ID_BYTES];
    char text[BASE32_TEXT_BYTES];
    base32_format(bytes, text);
    assert_string_equal(text, "00000000000000000000000000");
    memset(bytes, 0xff, sizeof(bytes));
    base32_format(bytes, text);
    assert_string_equal(text, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
    assert_int_equal(base32_parse(text, read), 0);
    assert_memory_equal(bytes, read, ID_BYTES);
    for (int i = 0; i < 1000; i++) {
        randombytes_buf(bytes, sizeof(bytes));
        base32_format(bytes, text);
        assert_int_equal(strlen(text), BASE32_TEXT_BYTES - 1);
        assert_int_equal(base32_parse(text, read), 0);
        assert_memory_equal(bytes, read, ID_BYTES);
    }
}

/* Bit by bit: bit n of the number (0 the least) is bit n % 5 of the character n / 5 from the end.
 */
static void test_base32_bit_order(void **state)
{
    (void)state;
    static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    for (int bit = 0; bit < 128; bit++) {
        uint8_t bytes[ID_BYTES] = {0};
        char text[BASE32_TEXT_BYTES], want[] = "00000000000000000000000000";
        bytes[ID_BYTES - 1 - bit / 8] = (uint8_t)(1 << bit % 8);
        want[25 - bit / 5] = letters[1 << bit % 5];
        base32_format(bytes, text);
        assert_string_equal(text, want);
    }
}

static void test_base32_reading(void **state)
{
    (void)state;
    uint8_t bytes[ID_BYTES], other[ID_BYTES];
    assert_int_equal(base32_parse("0123456789ABCDEFGHJKMNPQRS", bytes), 0);
    assert_int_equal(base32_parse("oi23456789abcdefghjkmnpqrs", other), 0);
    assert_memory_equal(bytes, other, ID_BYTES);
    assert_int_equal(base32_parse("0L23456789ABCDEFGHJKMNPQRS", other), 0);
    assert_memory_equal(bytes, other, ID_BYTES);
    static const char *const bad[] = {
        "",
        "0123456789ABCDEFGHJKMNPQR",
        "0123456789ABCDEFGHJKMNPQRST",
        "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "0123456789ABCDEFGHJKMNPQRU",
        "0123456789ABCDEFGHJKMNPQR-",
        "0123456789ABCDEFGHJKMNPQR ",
        "-0123456789ABCDEFGHJKMNPQR",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(base32_parse(bad[i], other), -EINVAL);
        assert_memory_equal(bytes, other, ID_BYTES);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_made_ids),
    cmocka_unit_test(test_rfc_example),
    cmocka_unit_test(test_other_keys_are_folded),
    cmocka_unit_test(test_bad_keys),
    cmocka_unit_test(test_base32_round_trip),
    cmocka_unit_test(test_base32_bit_order),
    cmocka_unit_test(test_base32_reading),
};

TEST_MAIN(tests)
