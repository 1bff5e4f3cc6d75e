#include "tests/support/test.h"

#include "tests/support/billed.h"

#include "tests/support/law.h"

const struct bill_place nowhere;

struct citizen somebody(void)
{
    return (struct citizen){.version = 1,
                            .commune = 2647,
                            .support_group = GROUP_OTHER,
                            .method = METHOD_IS_MONTHLY,
                            .income_vnd = 1500000,
                            .enrolled_day = day_of("2025-10-15"),
                            .declared_day = day_of("2025-10-15"),
                            .changed_day = day_of("2025-10-15")};
}

void cover(struct citizen *citizen, const char *from, const char *to)
{
    struct month_range months = {(uint32_t)month_of(from), (uint32_t)month_of(to)};
    assert_int_equal(coverage_add(&citizen->coverage, months, NULL), 0);
    citizen->has_paid = 1;
}

/* Issues the bill of a day, as the service does. */
void bill(struct citizen *citizen, const char *date)
{
    struct citizen_bill made;
    assert_int_equal(bill_make(law, citizen, &nowhere, day_of(date), &made, NULL), 0);
    citizen->bill = made;
    citizen->bill_number++;
    citizen->version++;
}

void settle(struct citizen *citizen, const char *date)
{
    struct citizen next;
    assert_int_equal(bill_settle(citizen, day_of(date), 0, &next), 0);
    *citizen = next;
}

enum bill_verdict judge(const struct citizen *citizen, uint32_t number, const char *date)
{
    return bill_judge(law, citizen, number, day_of(date));
}

int is_current(const struct citizen *citizen, const char *date)
{
    return bill_is_current(law, citizen, day_of(date));
}
