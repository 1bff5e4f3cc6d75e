#include "services/payments/health_bill.h"

#include <errno.h>

#include "common/domain/calendar.h"
#include "common/domain/household.h"

static int check_newest(const struct citizen *citizen, int32_t on_day, struct err *err)
{
    char from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];
    const struct health_card *newest = &citizen->card;
    if (newest->to_day == 0 || citizen->paid_number == 0 || newest->from_day <= on_day)
        return 0;
    date_format(newest->from_day, from);
    date_format(newest->to_day, to);
    return err_field(err, -EPERM, "on",
                     "the card of %s to %s is paid; the next one is billed once it holds", from,
                     to);
}

int health_bill_date(const struct policy *policy, const struct citizen *citizen, int32_t on_day,
                     struct citizen_bill *bill, struct err *err)
{
    struct explain_lines lines = {0};
    int32_t last_day = citizen->card.to_day == 0 ? HOUSEHOLD_NO_DAY : citizen->card.to_day;
    int rc = check_newest(citizen, on_day, err);
    return rc < 0 ? rc
                  : household_card(policy, last_day, bill->months, on_day, &lines,
                                   &bill->card.from_day, &bill->card.to_day, err);
}

int health_bill_is_current(const struct policy *policy, const struct citizen *citizen,
                           const struct health_terms *terms, int32_t on_day)
{
    const struct citizen_bill *bill = &citizen->bill;
    struct citizen_bill dated = *bill;
    int32_t first, last;
    if (bill->months == 0 || on_day > bill->valid_until_day ||
        (terms->months != 0 && terms->months != bill->months) ||
        (terms->member_rank != 0 && terms->member_rank != bill->member_rank))
        return 0;
    bill_window(policy, 1, bill->valid_until_day, &first, &last);
    return on_day >= first && health_bill_date(policy, citizen, on_day, &dated, NULL) == 0;
}

int health_bill_make(const struct policy *policy, const struct citizen *citizen,
                     const struct health_terms *terms, int32_t on_day, struct citizen_bill *ret,
                     struct err *err)
{
    const struct citizen_bill *open = &citizen->bill;
    struct quote quote = {0};
    struct health_request request = {.member_rank = terms->member_rank == 0 ? open->member_rank
                                                                            : terms->member_rank,
                                     .months = terms->months == 0 ? open->months : terms->months,
                                     .on_day = on_day};
    int32_t first_day, last_day;
    int rc = bill_check_open(citizen, on_day, err);
    if (rc == 0)
        rc = check_newest(citizen, on_day, err);
    if (rc == 0)
        rc = household_health_quote(policy, &request, &quote, err);
    if (rc < 0)
        return rc;
    bill_window(policy, 1, on_day, &first_day, &last_day);
    *ret = (struct citizen_bill){
        .months = quote.months,
        .member_rank = request.member_rank,
        .participant_vnd = quote.participant_vnd,
        .central_vnd = quote.central_vnd,
        .local_vnd = quote.local_vnd,
        .donor_vnd = quote.donor_vnd,
        .valid_until_day = last_day,
    };
    return health_bill_date(policy, citizen, on_day, ret, err);
}
