#include "tests/support/test.h"

#include "tests/support/law.h"

#include "common/domain/calendar.h"
#include "common/service/policy.h"

struct policy *law;

int law_open(void **state)
{
    (void)state;
    return policy_load("deploy/policy", &law, NULL);
}

int law_close(void **state)
{
    (void)state;
    policy_destroy(&law);
    return 0;
}

int32_t day_of(const char *date)
{
    int32_t day = 0;
    assert_int_equal(date_parse(date, &day), 0);
    return day;
}

int32_t month_of(const char *text)
{
    int32_t month = 0;
    assert_int_equal(month_parse(text, &month), 0);
    return month;
}
