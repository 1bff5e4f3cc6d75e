#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/base/buf.h"

static void assert_content(const struct buf *buf, const char *text)
{
    assert_int_equal(buf->len, strlen(text));
    assert_memory_equal(buf->data, text, buf->len);
}

static void test_appends(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1 << 20);
    assert_int_equal(buf_append(&buf, NULL, 0), 0);
    assert_int_equal(buf_puts(&buf, "one"), 0);
    assert_int_equal(buf_putc(&buf, ' '), 0);
    assert_int_equal(buf_append(&buf, "two!", 3), 0);
    assert_int_equal(buf_printf(&buf, " %d", 3), 0);
    assert_content(&buf, "one two 3");
    buf_reset(&buf);
    assert_int_equal(buf.len, 0);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(buf_printf(&buf, "%04d", i), 0);
    assert_int_equal(buf.len, 40000);
    assert_memory_equal(buf.data + 4 * 9999, "9999", 4);
    buf_fini(&buf);
    assert_null(buf.data);
    buf_fini(&buf);
}

static void test_limit_is_remembered(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 8);
    assert_int_equal(buf_puts(&buf, "1234"), 0);
    assert_int_equal(buf_puts(&buf, "56789"), -EMSGSIZE);
    assert_int_equal(buf.failed, -EMSGSIZE);
    assert_int_equal(buf_putc(&buf, '5'), -EMSGSIZE);
    assert_int_equal(buf_printf(&buf, "5"), -EMSGSIZE);
    assert_null(buf_reserve(&buf, 1));
    assert_content(&buf, "1234");
    buf_reset(&buf);
    assert_int_equal(buf.failed, 0);
    assert_int_equal(buf_puts(&buf, "12345678"), 0);
    assert_int_equal(buf_append(&buf, "", 0), 0);
    assert_int_equal(buf_append(&buf, "9", SIZE_MAX), -EMSGSIZE);
    buf_fini(&buf);
}

static void test_printf_fills_to_the_last_byte(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 256);
    for (int i = 0; i < 32; i++)
        assert_int_equal(buf_printf(&buf, "%08d", i), 0);
    assert_int_equal(buf.len, 256);
    assert_int_equal(buf_printf(&buf, "%s", ""), 0);
    assert_int_equal(buf_printf(&buf, "x"), -EMSGSIZE);
    buf_fini(&buf);
}

static void test_reserve(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    uint8_t *room = buf_reserve(&buf, 1000);
    assert_non_null(room);
    memset(room, 'x', 1000);
    assert_int_equal(buf.len, 0);
    buf.len += 600;
    assert_null(buf_reserve(&buf, 401));
    assert_int_equal(buf.failed, -EMSGSIZE);
    buf_fini(&buf);
}

static void test_consume(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    buf_consume(&buf, 5);
    assert_int_equal(buf.len, 0);
    assert_int_equal(buf_puts(&buf, "abcdef"), 0);
    buf_consume(&buf, 0);
    buf_consume(&buf, 2);
    assert_content(&buf, "cdef");
    buf_consume(&buf, 100);
    assert_int_equal(buf.len, 0);
    buf_fini(&buf);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_appends),
    cmocka_unit_test(test_limit_is_remembered),
    cmocka_unit_test(test_printf_fills_to_the_last_byte),
    cmocka_unit_test(test_reserve),
    cmocka_unit_test(test_consume),
};

TEST_MAIN(tests)
