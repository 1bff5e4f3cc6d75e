#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "services/notifications/message.h"

#define AT_MS 1764561661000 /* 2025-12-01T04:01:01Z */

static struct message sample(void)
{
    return (struct message){
        .from_name = "An sinh",
        .from = "no-reply@ansinh.example",
        .to_name = "Nguyễn Thị Hoà",
        .to = "hoa@mail.example",
        .subject = "Biên nhận p0513-1-42",
        .body = "Kính gửi\n",
        .id = "p0513-1-42",
        .language = "vi",
        .at_ms = AT_MS,
    };
}

static const char *build(const struct message *message)
{
    static struct buf buf;
    if (buf.size_max == 0)
        buf_init(&buf, MESSAGE_MAX_BYTES);
    buf_reset(&buf);
    assert_int_equal(message_build(message, &buf), 0);
    assert_int_equal(buf_putc(&buf, '\0'), 0);
    return (const char *)buf.data;
}

static void a_message_is_what_the_standards_say(void **state)
{
    (void)state;
    struct message message = sample();
    assert_string_equal(build(&message),
                        "From: An sinh\n <no-reply@ansinh.example>\n"
                        "To: =?UTF-8?B?Tmd1eeG7hW4gVGjhu4sgSG/DoA==?=\n <hoa@mail.example>\n"
                        "Subject: =?UTF-8?B?QmnDqm4gbmjhuq1uIHAwNTEzLTEtNDI=?=\n"
                        "Date: Mon, 01 Dec 2025 11:01:01 +0700\n"
                        "Message-ID: <p0513-1-42@ansinh.example>\n"
                        "Content-Language: vi\n"
                        "Auto-Submitted: auto-generated\n"
                        "MIME-Version: 1.0\n"
                        "Content-Type: text/plain; charset=UTF-8\n"
                        "Content-Transfer-Encoding: quoted-printable\n\n"
                        "K=C3=ADnh g=E1=BB=ADi\n");
}

/* The header lines that a receiver sees: folded ones joined. */
static size_t count_headers(const char *text, size_t *ret_longest)
{
    size_t n = 0;
    *ret_longest = 0;
    while (*text != '\n') {
        size_t len = strcspn(text, "\n");
        *ret_longest = len > *ret_longest ? len : *ret_longest;
        n += *text != ' ';
        text += len + 1;
    }
    return n;
}

static void nothing_in_a_name_makes_a_header(void **state)
{
    (void)state;
    static const char *const names[] = {
        "A\r\nBcc: all@example.org",
        "A\nBcc: all@example.org",
        "A\r\n\r\nbody",
        "\"A\" <x@example.org>, B",
        "=?UTF-8?B?QQ==?=",
        "(comment)",
        "\n",
        " ",
        "",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct message message = sample();
        message.to_name = message.from_name = message.subject = names[i];
        const char *text = build(&message);
        size_t longest;
        assert_int_equal(count_headers(text, &longest), 10);
        assert_null(strstr(text, "Bcc"));
        assert_null(strstr(text, "x@example.org"));
        assert_null(strchr(text, '\r'));
    }
}

static void long_texts_are_folded_between_characters(void **state)
{
    (void)state;
    char subject[2000] = "";
    for (size_t i = 0; i < 300; i++)
        memcpy(subject + i * 3, "\xe1\xbb\x85", 4);
    struct message message = sample();
    message.subject = subject;
    for (size_t shift = 0; shift < 3; shift++) {
        memmove(subject + 1, subject, strlen(subject) + 1);
        subject[0] = 'x';
        const char *text = build(&message);
        size_t longest;
        assert_int_equal(count_headers(text, &longest), 10);
        assert_in_range(longest, 1, 76);
        /* Cut inside a character, a word would begin with a continuation byte: base 64 "h". */
        assert_null(strstr(text, "?B?h"));
        assert_null(strstr(text, "?B?u"));
    }
}

static void any_body_survives(void **state)
{
    (void)state;
    char body[1200];
    size_t len = 0;
    for (int c = 1; c < 256; c++)
        body[len++] = (char)c;
    memset(body + len, 'a', 300);
    len += 300;
    static const char tail[] = " \n.\n..\nend = \n trailing ";
    memcpy(body + len, tail, sizeof(tail));
    len += sizeof(tail) - 1;
    struct message message = sample();
    message.body = body;
    const char *at = strstr(build(&message), "\n\n") + 2;
    char decoded[1300];
    size_t n = 0, column = 0;
    for (; *at != '\0'; at++) {
        assert_true((unsigned char)*at < 127);
        column = *at == '\n' ? 0 : column + 1;
        assert_in_range(column, 0, 76);
        if (*at != '=') {
            assert_true(*at != ' ' || at[1] != '\n');
            decoded[n++] = *at;
        } else if (at[1] == '\n') {
            at++;
            column = 0;
        } else {
            unsigned byte;
            assert_int_equal(sscanf(at + 1, "%2X", &byte), 1);
            decoded[n++] = (char)byte;
            at += 2;
            column += 2;
        }
    }
    assert_int_equal(n, len + 1); /* the last line gets its end */
    assert_memory_equal(decoded, body, len);
}

static void an_endless_body_is_refused(void **state)
{
    (void)state;
    struct message message = sample();
    struct buf buf;
    buf_init(&buf, 300);
    assert_int_equal(message_build(&message, &buf), -EMSGSIZE);
    buf_fini(&buf);
}

static void only_plain_addresses_are_taken(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a@b", "an.nguyen+x@mail.example.vn", "o'neil@example.org", "a@localhost", "1@2.3",
    };
    static const char *const bad[] = {
        "",        "@",         "a@",
        "@b",      "a",         "a b@c.d",
        "a@b c",   "a@b\n",     "a\r\nRCPT TO:<x@y>@b",
        "<a@b>",   "a@b>",      "a@b,c@d",
        "a@b@c",   ".a@b",      "a.@b",
        "a..b@c",  "a@.b",      "a@b.",
        "a@b..c",  "\"a b\"@c", "a@[127.0.0.1]",
        "hoà@b.c", "a@b.ví",    "a@b:25",
        "a;b@c",   "a(b)@c",    "a\\@b",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_true(message_is_address(good[i]));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(message_is_address(bad[i]));
    char longest[400];
    memset(longest, 'a', sizeof(longest));
    longest[64] = '@';
    longest[ADDRESS_MAX_BYTES] = '\0';
    assert_true(message_is_address(longest));
    longest[ADDRESS_MAX_BYTES] = 'a';
    longest[ADDRESS_MAX_BYTES + 1] = '\0';
    assert_false(message_is_address(longest));
    longest[64] = 'a';
    longest[65] = '@';
    longest[100] = '\0';
    assert_false(message_is_address(longest));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_message_is_what_the_standards_say),
    cmocka_unit_test(nothing_in_a_name_makes_a_header),
    cmocka_unit_test(long_texts_are_folded_between_characters),
    cmocka_unit_test(any_body_survives),
    cmocka_unit_test(an_endless_body_is_refused),
    cmocka_unit_test(only_plain_addresses_are_taken),
};

TEST_MAIN(tests)
