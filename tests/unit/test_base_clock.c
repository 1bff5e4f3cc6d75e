#include "tests/support/test.h"

#include <time.h>

#include "common/base/clock.h"
#include "common/base/macros.h"

#define DAY_MS 86400000LL
#define HOUR_MS 3600000LL

static void test_business_day(void **state)
{
    (void)state;
    static const struct {
        int64_t wall_ms;
        int32_t day;
    } cases[] = {
        {0, 0},
        {17 * HOUR_MS - 1, 0}, /* 23:59:59.999 in +07:00 */
        {17 * HOUR_MS, 1},     /* midnight there */
        {-7 * HOUR_MS, 0},
        {-7 * HOUR_MS - 1, -1},
        {-31 * HOUR_MS, -1},
        {-31 * HOUR_MS - 1, -2},
        {1795280399999LL, 20778}, /* 2026-11-21T16:59:59.999Z is 2026-11-21 */
        {1795280400000LL, 20779}, /* a millisecond later it is 2026-11-22 */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(clock_business_day(cases[i].wall_ms), cases[i].day);
}

static void test_clocks_agree_with_the_system(void **state)
{
    (void)state;
    int64_t before_s = time(NULL);
    int64_t wall_ms = clock_wall_ms();
    int64_t after_s = time(NULL);
    assert_true(wall_ms / 1000 >= before_s - 1 && wall_ms / 1000 <= after_s + 1);
    int64_t last_us = clock_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now_us = clock_mono_us();
        assert_true(now_us >= last_us);
        last_us = now_us;
    }
    int64_t ms = clock_mono_ms();
    assert_true(ms >= last_us / 1000 && ms <= clock_mono_us() / 1000);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_business_day),
    cmocka_unit_test(test_clocks_agree_with_the_system),
};

TEST_MAIN(tests)
