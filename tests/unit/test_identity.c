#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/identity.h"

static void personal_ids_agree_with_birth_and_sex(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        int year;
        enum sex sex;
        int rc;
    } cases[] = {
        {"010085123456", 1985, SEX_IS_MALE, 0},
        {"010185123456", 1985, SEX_IS_FEMALE, 0},
        {"015203000001", 2003, SEX_IS_MALE, 0},
        {"015303000001", 2003, SEX_IS_FEMALE, 0},
        {"001499999999", 2199, SEX_IS_MALE, 0},
        {"001500999999", 2100, SEX_IS_FEMALE, 0},
        {"001185123456", 1985, SEX_UNKNOWN, 0},
        {"001085123456", 1985, SEX_IS_FEMALE, -EINVAL},
        {"001185123456", 1985, SEX_IS_MALE, -EINVAL},
        {"001085123456", 1986, SEX_IS_MALE, -EINVAL},
        {"001085123456", 2085, SEX_IS_MALE, -EINVAL},
        {"001285123456", 1985, SEX_IS_MALE, -EINVAL},
        {"003085123456", 1985, SEX_IS_MALE, 1}, /* no such province: perhaps born abroad */
        {"110085123456", 1985, SEX_IS_MALE, 1},
        {"000085123456", 1985, SEX_IS_MALE, 1},
        {"097085123456", 1985, SEX_IS_MALE, 1},
        {"01008512345", 1985, SEX_IS_MALE, -EINVAL},
        {"0100851234567", 1985, SEX_IS_MALE, -EINVAL},
        {"01008512345x", 1985, SEX_IS_MALE, -EINVAL},
        {"010-85123456", 1985, SEX_IS_MALE, -EINVAL},
        {"", 1985, SEX_IS_MALE, -EINVAL},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct err err = {0};
        int rc =
            personal_id_check(cases[i].id, date_make(cases[i].year, 6, 15), cases[i].sex, &err);
        if (rc != cases[i].rc)
            fail_msg("%s: %d (%s)", cases[i].id, rc, err.text);
        if (rc < 0)
            assert_string_equal(err.field, "personal_id");
    }
}

static void the_63_birth_provinces_are_known(void **state)
{
    (void)state;
    int n_known = 0;
    for (int province = 0; province < 1000; province++) {
        char id[13];
        (void)snprintf(id, sizeof(id), "%03u090000001", (unsigned)province % 1000);
        int rc = personal_id_check(id, date_make(1990, 1, 1), SEX_IS_MALE, NULL);
        assert_in_range(rc, 0, 1);
        n_known += rc == 0;
        assert_int_equal(personal_id_check_form(id, NULL), 0);
    }
    assert_int_equal(n_known, 63);
}

static void si_codes_have_ten_digits(void **state)
{
    (void)state;
    struct err err = {0};
    assert_int_equal(si_code_check("0123456789", &err), 0);
    static const char *const bad[] = {"", "012345678", "01234567890", "012345678a", "+123456789"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(si_code_check(bad[i], &err), -EINVAL);
        assert_string_equal(err.field, "si_code");
    }
}

static void phones_get_one_form(void **state)
{
    (void)state;
    char phone[13] = "untouched";
    struct err err = {0};
    static const char *const bad[] = {
        "",
        "0",
        "091234567",
        "09123456789",
        "0112345678",
        "84912345678",
        "+8491234567",
        "+840912345678",
        "+85912345678",
        "091234567a",
        "0 912345678",
        "+84",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(phone_normalise(bad[i], phone, &err), -EINVAL);
        assert_string_equal(err.field, "phone");
        assert_string_equal(phone, "untouched");
    }
    assert_int_equal(phone_normalise("0912345678", phone, &err), 0);
    assert_string_equal(phone, "+84912345678");
    assert_int_equal(phone_normalise("+84312345678", phone, &err), 0);
    assert_string_equal(phone, "+84312345678");
    char again[13];
    assert_int_equal(phone_normalise(phone, again, &err), 0);
    assert_string_equal(again, phone);
}

static void emails_cannot_carry_commands(void **state)
{
    (void)state;
    static const char *const good[] = {"a@b.vn", "lan.nguyen+bhxh@mail.example.vn", "x_y@a-b.c.d",
                                       "o'neil@example.com"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_int_equal(email_check(good[i], NULL), 0);
    static const char *const bad[] = {
        "",         "a",        "@b.vn",         "a@",         "a@b",           "a@.vn",
        "a@b.",     "a@b..vn",  "a@@b.vn",       "a@b@c.vn",   "a b@c.vn",      "a@b.vn\r\nRCPT",
        "a@b.vn\n", "<a@b.vn>", "a@b.vn,c@d.vn", "\"a\"@b.vn", "a\t@b.vn",      "\xc3\xa1@b.vn",
        "a@b.vn;c", "a\\@b.vn", "(a)@b.vn",      "a:b@c.vn",   "a@[127.0.0.1]", "a@b.vn\x7f",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        if (email_check(bad[i], &err) != -EINVAL)
            fail_msg("taken: %s", bad[i]);
        assert_string_equal(err.field, "email");
    }
    char text[130];
    memset(text, 'a', sizeof(text));
    memcpy(text + 110, "@b.example", 11);
    assert_int_equal(email_check(text, NULL), 0);
    memset(text, 'a', 120);
    memcpy(text + 111, "@b.example", 11);
    assert_int_equal(email_check(text, NULL), -EINVAL);
}

static void names_are_text(void **state)
{
    (void)state;
    static const char *const good[] = {"Nguyễn Văn An", "Giàng A Páo", "H'Hen Niê", "Ý",
                                       "\xf0\xa0\x80\x80"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_int_equal(full_name_check(good[i], NULL), 0);
    static const char *const bad[] = {
        "",
        " ",
        "   ",
        "\xc2\xa0 ",
        "An\n",
        "An\tBinh",
        "An\x7f",
        "An\xc2\x85",
        "An\xe2\x80\xa8",
        "An\xe2\x80\xae",
        "An\xe2\x81\xa6",
        "\x01",
        "An\xff",
        "An\xc3",
        "An\xed\xa0\x80",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct err err = {0};
        if (full_name_check(bad[i], &err) != -EINVAL)
            fail_msg("taken: case %zu", i);
        assert_string_equal(err.field, "full_name");
    }
    char text[304] = "";
    for (size_t i = 0; i < 100; i++)
        memcpy(text + 3 * i, "ễ", 4);
    assert_int_equal(full_name_check(text, NULL), 0);
    memcpy(text + 300, "a", 2);
    assert_int_equal(full_name_check(text, NULL), -EINVAL);
}

static void masks_keep_the_first_letters(void **state)
{
    (void)state;
    char text[64];
    name_mask("Nguyễn Văn An", text, sizeof(text));
    assert_string_equal(text, "N***** V** A*");
    name_mask("Đỗ Ý", text, sizeof(text));
    assert_string_equal(text, "Đ* Ý");
    name_mask("", text, sizeof(text));
    assert_string_equal(text, "");
    id_mask("010085123456", text, sizeof(text));
    assert_string_equal(text, "01********56");
    id_mask("12345", text, sizeof(text));
    assert_string_equal(text, "12*45");
    id_mask("1234", text, sizeof(text));
    assert_string_equal(text, "****");
    id_mask("", text, sizeof(text));
    assert_string_equal(text, "");
}

static void masks_are_cut_between_characters(void **state)
{
    (void)state;
    char text[64];
    name_mask("Đỗ Ý", text, 2);
    assert_string_equal(text, "");
    name_mask("Đỗ Ý", text, 3);
    assert_string_equal(text, "Đ");
    name_mask("Đỗ Ý", text, 6);
    assert_string_equal(text, "Đ* ");
    name_mask("Đỗ Ý", text, 1);
    assert_string_equal(text, "");
    id_mask("010085123456", text, 4);
    assert_string_equal(text, "01*");
    text[0] = 'x';
    name_mask("An", text, 0);
    id_mask("010085123456", text, 0);
    assert_int_equal(text[0], 'x');
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(personal_ids_agree_with_birth_and_sex),
    cmocka_unit_test(the_63_birth_provinces_are_known),
    cmocka_unit_test(si_codes_have_ten_digits),
    cmocka_unit_test(phones_get_one_form),
    cmocka_unit_test(emails_cannot_carry_commands),
    cmocka_unit_test(names_are_text),
    cmocka_unit_test(masks_keep_the_first_letters),
    cmocka_unit_test(masks_are_cut_between_characters),
};

TEST_MAIN(tests)
