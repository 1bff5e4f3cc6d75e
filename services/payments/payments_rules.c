#include "services/payments/payments_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"

void bill_id_format(const uint8_t citizen[ID_BYTES], uint32_t number, char ret[BILL_ID_TEXT_BYTES])
{
    base32_format(citizen, ret);
    (void)snprintf(ret + BASE32_TEXT_BYTES - 1, BILL_ID_TEXT_BYTES - BASE32_TEXT_BYTES, "-%u",
                   number);
}

int bill_id_parse(const char *text, uint8_t ret_citizen[ID_BYTES], uint32_t *ret_number,
                  struct err *err)
{
    char id[BASE32_TEXT_BYTES];
    int64_t number;
    const char *dash = strchr(text, '-');
    if (dash == NULL || dash - text != BASE32_TEXT_BYTES - 1)
        return err_field(err, -EINVAL, "bill_id", "want the bill id that Inquire answered");
    (void)snprintf(id, sizeof(id), "%s", text);
    if (base32_parse(id, ret_citizen) < 0 || parse_int64(dash + 1, 1, BILL_NUMBER_MAX, &number) < 0)
        return err_field(err, -EINVAL, "bill_id", "want the bill id that Inquire answered");
    *ret_number = (uint32_t)number;
    return 0;
}

int business_date_parse(const char *text, const char *field, int32_t today, int32_t *ret_day,
                        struct err *err)
{
    *ret_day = today;
    if (text[0] == '\0')
        return 0;
    if (date_parse(text, ret_day) < 0)
        return err_field(err, -EINVAL, field, "want a date as YYYY-MM-DD");
    if (*ret_day > today)
        return err_field(err, -EINVAL, field, "the date is in the future");
    return 0;
}

int bill_is_current(const struct citizen *citizen, int32_t on_day)
{
    const struct citizen_bill *bill = &citizen->bill;
    return bill->months > 0 && on_day <= bill->valid_until_day &&
           month_of_day(on_day) == month_of_day(bill->valid_until_day) &&
           bill->from_month == citizen_next_month(citizen, on_day);
}

int bill_make(const struct policy *policy, const struct citizen *citizen,
              const struct bill_place *place, int32_t on_day, struct citizen_bill *ret,
              struct err *err)
{
    if (on_day < citizen->enrolled_day)
        return err_field(err, -ERANGE, "on", "the date is before the enrolment");
    if (citizen->covered_until >= (uint32_t)month_of_day(on_day)) {
        char until[MONTH_TEXT_BYTES];
        month_format((int32_t)citizen->covered_until, until);
        return err_field(err, -ERANGE, "on",
                         "all months are paid until %s; the next bill is due after that", until);
    }
    if (citizen->bill_number >= BILL_NUMBER_MAX)
        return err_field(err, -ERANGE, "participant_id", "too many bills of one participant");
    struct quote_request request = {
        .income_vnd = citizen->income_vnd,
        .method = (enum method)citizen->method,
        .group = (enum support_group)citizen->support_group,
        .is_special_zone = place->is_special_zone,
        .province = place->province,
        .on_day = on_day,
        .months_supported = citizen->months_supported,
    };
    struct quote quote;
    if (method_is_lump_sum((enum method)citizen->method))
        return err_field(err, -ENOTSUP, "method",
                         "lump sums are quoted, but not billed: their months are not declared");
    int rc = contribution_quote(policy, &request, &quote, err);
    if (rc < 0)
        return rc;
    *ret = (struct citizen_bill){
        .from_month = citizen_next_month(citizen, on_day),
        .months = quote.months,
        .months_supported = quote.months_supported,
        .participant_vnd = quote.participant_vnd,
        .central_vnd = quote.central_vnd,
        .local_vnd = quote.local_vnd,
        .donor_vnd = quote.donor_vnd,
        .valid_until_day = month_last_day(month_of_day(on_day)),
    };
    return 0;
}

void bill_settle(const struct citizen *before, struct citizen *ret)
{
    const struct citizen_bill *bill = &before->bill;
    *ret = *before;
    ret->covered_until = bill->from_month + bill->months - 1;
    ret->months_paid += bill->months;
    ret->months_supported += bill->months_supported;
    memset(&ret->bill, 0, sizeof(ret->bill));
}

enum bill_verdict bill_judge(const struct citizen *citizen, uint32_t number, int32_t paid_day)
{
    if (number > citizen->bill_number)
        return BILL_UNKNOWN;
    if (number < citizen->bill_number)
        return BILL_REPLACED;
    if (citizen->bill.months == 0)
        return BILL_PAID;
    int32_t last_day = citizen->bill.valid_until_day;
    if (paid_day < month_first_day(month_of_day(last_day)))
        return BILL_EARLY;
    return paid_day > last_day ? BILL_EXPIRED : BILL_PAYABLE;
}
