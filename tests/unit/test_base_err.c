#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/base/err.h"
#include "common/base/parse.h"

static void test_fills(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(err_field(&err, -EINVAL, "units[3].code", "want %d digits", 5), -EINVAL);
    assert_string_equal(err.text, "want 5 digits");
    assert_string_equal(err.field, "units[3].code");
    assert_int_equal(err_set(&err, -EIO, "gone"), -EIO);
    assert_string_equal(err.text, "gone");
    assert_string_equal(err.field, "");
    assert_int_equal(err_set(NULL, -EIO, "nobody listens"), -EIO);
    assert_int_equal(err_field(NULL, -EIO, "f", "nobody listens"), -EIO);
}

/* Characters of 1 to 4 bytes, cut at every place: what is left is UTF-8. */
static void test_cut_keeps_utf8(void **state)
{
    (void)state;
    static const char *const characters[] = {"a", "đ", "ế", "𐍈"};
    for (size_t c = 0; c < ARRAY_LEN(characters); c++) {
        for (size_t shift = 0; shift < 5; shift++) {
            char text[400] = "";
            memset(text, '.', shift);
            while (strlen(text) < 300)
                strncat(text, characters[c], 5);
            struct err err;
            assert_int_equal(err_field(&err, -EINVAL, text, "%s", text), -EINVAL);
            assert_true(parse_is_utf8(err.text, strlen(err.text)));
            assert_true(parse_is_utf8(err.field, strlen(err.field)));
            assert_in_range(strlen(err.text), ERR_TEXT_MAX_BYTES - 4, ERR_TEXT_MAX_BYTES - 1);
            assert_in_range(strlen(err.field), ERR_FIELD_MAX_BYTES - 4, ERR_FIELD_MAX_BYTES - 1);
        }
    }
}

static void test_whole_characters_stay(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "x", "đ", "ế", "𐍈", "xđ", "ếế"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct err err;
        assert_int_equal(err_field(&err, -EINVAL, texts[i], "%s", texts[i]), -EINVAL);
        assert_string_equal(err.text, texts[i]);
        assert_string_equal(err.field, texts[i]);
    }
}

/* What is quoted may be no UTF-8, or be cut by its format within a character. */
static void test_what_is_no_utf8_is_marked(void **state)
{
    (void)state;
    struct err err;
    assert_int_equal(err_set(&err, -EINVAL, "\"%s\" is none", "a\xff\xc3.b"), -EINVAL);
    assert_string_equal(err.text, "\"a??.b\" is none");
    assert_int_equal(err_set(&err, -EINVAL, "\"%.2s\" is none", "aế"), -EINVAL);
    assert_string_equal(err.text, "\"a?\" is none");
    assert_int_equal(err_field(&err, -EINVAL, "\x80x", "\xed\xa0\x80"), -EINVAL);
    assert_string_equal(err.field, "?x");
    assert_string_equal(err.text, "???");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_fills),
    cmocka_unit_test(test_cut_keeps_utf8),
    cmocka_unit_test(test_whole_characters_stay),
    cmocka_unit_test(test_what_is_no_utf8_is_marked),
};

TEST_MAIN(tests)
