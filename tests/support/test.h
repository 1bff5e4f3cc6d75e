/* What every test includes first: cmocka with the headers that it wants before it. */
#ifndef ANSINH_TESTS_SUPPORT_TEST_H
#define ANSINH_TESTS_SUPPORT_TEST_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
/* clang-format on */

/* main() of a test binary: runs the group, or the tests whose names match TEST_FILTER (cmocka
 * wildcards). */
#define TEST_MAIN(tests)                                                                           \
    int main(void)                                                                                 \
    {                                                                                              \
        const char *filter = getenv("TEST_FILTER");                                                \
        if (filter != NULL)                                                                        \
            cmocka_set_test_filter(filter);                                                        \
        return !!cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);                         \
    }

#endif
