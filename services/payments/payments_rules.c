#include "services/payments/payments_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/domain/standing.h"

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

int officer_code_check(const char *text, const char *field, struct err *err)
{
    static const char allowed[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-";
    size_t len = strlen(text);
    if (len <= OFFICER_CODE_MAX_BYTES && strspn(text, allowed) == len)
        return 0;
    return err_field(err, -EINVAL, field, "want at most %d letters, digits, \".\", \"_\", \"-\"",
                     OFFICER_CODE_MAX_BYTES);
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

void bill_window(const struct policy *policy, int is_health, int32_t day, int32_t *ret_first,
                 int32_t *ret_last)
{
    static const enum policy_table_id health_tables[] = {
        POLICY_REFERENCE_LEVEL, POLICY_HEALTH_RATE,      POLICY_HEALTH_SHARE, POLICY_HEALTH_MONTHS,
        POLICY_HEALTH_GAP_DAYS, POLICY_HEALTH_WAIT_DAYS, POLICY_SWITCHES};
    static const enum policy_table_id tables[] = {
        POLICY_REFERENCE_LEVEL,   POLICY_POVERTY_LINE,
        POLICY_CONTRIBUTION_RATE, POLICY_SUPPORT,
        POLICY_INCOME_CAP,        POLICY_SUPPORT_MONTHS,
        POLICY_FUND_RATE,         POLICY_FUTURE_YEARS_MIN,
        POLICY_FUTURE_YEARS_MAX,  POLICY_MISSING_MONTHS_MAX,
        POLICY_LOCAL_SUPPORT,     POLICY_LOCAL_SHARE,
        POLICY_LOCAL_AMOUNT,      POLICY_DONOR_AMOUNT,
        POLICY_SWITCHES,          POLICY_INCOME_STEP,
        POLICY_METHOD_MONTHS,     POLICY_METHOD_DEADLINE};
    int32_t first = month_first_day(month_of_day(day)), last = month_last_day(month_of_day(day));
    size_t n_tables = is_health ? ARRAY_LEN(health_tables) : ARRAY_LEN(tables);
    for (size_t i = 0; i < n_tables; i++) {
        const struct policy_table *table =
            &policy->tables[is_health ? health_tables[i] : tables[i]];
        for (size_t row_i = 0; row_i < table->n; row_i++) {
            const struct policy_row *row = &table->rows[row_i];
            if (row->from_day > first && row->from_day <= day)
                first = row->from_day;
            if (row->from_day > day && row->from_day <= last)
                last = row->from_day - 1;
            if (row->to_day >= first && row->to_day < day)
                first = row->to_day + 1;
            if (row->to_day >= day && row->to_day < last)
                last = row->to_day;
        }
    }
    *ret_first = first;
    *ret_last = last;
}

/* --- which months ----------------------------------------------------------------------------- */

static int refuse_paid(const struct month_range *paid, const struct standing *standing,
                       struct err *err)
{
    char from[MONTH_TEXT_BYTES], to[MONTH_TEXT_BYTES], next[MONTH_TEXT_BYTES];
    month_format((int32_t)paid->from, from);
    month_format((int32_t)paid->to, to);
    month_format((int32_t)paid->to + 1, next);
    return err_field(err, -ERANGE, "on", "%s to %s are paid; the next bill is for %s on (%.80s)",
                     from, to, next, standing->deadline->citation);
}

/* ret->from_month is the first month of the bill of a day; 0 for missing months. */
static int first_month(const struct policy *policy, const struct citizen *citizen, int32_t on_day,
                       struct standing *ret, struct err *err)
{
    *ret = (struct standing){0};
    if (citizen->method == METHOD_IS_MISSING_MONTHS)
        return 0;
    int rc = standing_on(policy, citizen, on_day, ret, err);
    if (rc == 0 && ret->state == STANDING_ACTIVE)
        rc = refuse_paid(coverage_find(&citizen->coverage, (uint32_t)month_of_day(on_day)), ret,
                         err);
    return rc;
}

int bill_is_current(const struct policy *policy, const struct citizen *citizen, int32_t on_day)
{
    const struct citizen_bill *bill = &citizen->bill;
    int32_t first, last;
    struct standing standing;
    if (bill->months == 0 || on_day > bill->valid_until_day)
        return 0;
    bill_window(policy, 0, bill->valid_until_day, &first, &last);
    return on_day >= first && first_month(policy, citizen, on_day, &standing, NULL) == 0 &&
           bill->from_month == standing.from_month;
}

int bill_check_open(const struct citizen *citizen, int32_t on_day, struct err *err)
{
    char date[DATE_TEXT_BYTES];
    if (citizen->end_reason != END_NONE) {
        date_format(citizen->end_day, date);
        return err_field(err, -EPERM, "participant_id", "the participation has ended on %s", date);
    }
    if (on_day < citizen->enrolled_day)
        return err_field(err, -ERANGE, "on", "the date is before the enrolment");
    if (on_day < citizen->changed_day) {
        date_format(citizen->changed_day, date);
        return err_field(err, -ERANGE, "on", "the date is before the last change, of %s", date);
    }
    if (method_is_lump_sum((enum method)citizen->method) && citizen->lump_months == 0)
        return err_field(err, -EPERM, "method",
                         "no months are open to be paid in one sum; see "
                         "Enrolment/ChangeContribution");
    if (citizen->bill_number >= BILL_NUMBER_MAX)
        return err_field(err, -ERANGE, "participant_id", "too many bills of one participant");
    return 0;
}

/* --- the sum ---------------------------------------------------------------------------------- */

/* What was declared is no longer what may be paid: the way out is another declaration. */
static int refuse_declaration(struct err *err)
{
    if (err == NULL)
        return -EPERM;
    struct err said = *err;
    return err_field(err, -EPERM, said.field, "%s; see Enrolment/ChangeContribution", said.text);
}

static int make_quote(const struct policy *policy, const struct citizen *citizen,
                      const struct bill_place *place, int32_t on_day, struct quote *ret,
                      struct err *err)
{
    struct quote_request request = {
        .income_vnd = citizen->income_vnd,
        .method = (enum method)citizen->method,
        .months = citizen->lump_months,
        .group = (enum support_group)citizen->support_group,
        .is_special_zone = place->is_special_zone,
        .province = place->province,
        .on_day = on_day,
        .months_supported = citizen->months_supported - citizen->months_supported_earlier,
        .months_supported_earlier = citizen->months_supported_earlier,
    };
    struct err own = {0};
    int rc = contribution_quote(policy, &request, ret, &own);
    if (rc == 0)
        return 0;
    if (err != NULL)
        *err = own;
    return strcmp(own.field, "on") == 0 ? rc : refuse_declaration(err);
}

int bill_make(const struct policy *policy, const struct citizen *citizen,
              const struct bill_place *place, int32_t on_day, struct citizen_bill *ret,
              struct err *err)
{
    struct quote quote = {0};
    struct coverage coverage = citizen->coverage;
    struct month_range paid = {0};
    struct standing standing = {0};
    int32_t first_day, last_day;
    int rc = bill_check_open(citizen, on_day, err);
    if (rc == 0)
        rc = first_month(policy, citizen, on_day, &standing, err);
    if (rc == 0)
        rc = make_quote(policy, citizen, place, on_day, &quote, err);
    if (rc < 0)
        return rc;
    uint32_t from_month = standing.from_month;
    if (from_month != 0 &&
        coverage_add(&coverage, (struct month_range){from_month, from_month + quote.months - 1},
                     &paid) == -EEXIST)
        return refuse_paid(&paid, &standing, err);
    bill_window(policy, 0, on_day, &first_day, &last_day);
    *ret = (struct citizen_bill){
        .from_month = from_month,
        .months = quote.months,
        .months_supported = quote.months_supported,
        .participant_vnd = quote.participant_vnd,
        .central_vnd = quote.central_vnd,
        .local_vnd = quote.local_vnd,
        .donor_vnd = quote.donor_vnd,
        .valid_until_day = last_day,
    };
    return 0;
}

/* --- paying ----------------------------------------------------------------------------------- */

int support_is_earlier(const struct policy *policy, int32_t day, int32_t today)
{
    const struct policy_row *limit = policy_on(policy, POLICY_SUPPORT_MONTHS, 0, day);
    return limit != NULL && limit->to_day < today;
}

int bill_settle(const struct citizen *before, int32_t paid_day, int is_support_earlier,
                struct citizen *ret)
{
    const struct citizen_bill *bill = &before->bill;
    *ret = *before;
    ret->paid_number = before->bill_number;
    memset(&ret->bill, 0, sizeof(ret->bill));
    if (before->is_health) {
        ret->card = bill->card;
        return bill->card.from_day > before->card.to_day ? 0 : -EEXIST;
    }
    if (bill->from_month == 0) {
        ret->months_missing += bill->months;
    } else {
        struct month_range months = {bill->from_month, bill->from_month + bill->months - 1};
        if (coverage_add(&ret->coverage, months, NULL) < 0)
            return -EEXIST;
        if (months.from > before->payment.from_month) {
            ret->payment = *bill;
            ret->payment.paid_day = paid_day;
        }
    }
    if (method_is_lump_sum((enum method)before->method))
        ret->lump_months = 0;
    ret->has_paid = 1;
    ret->months_supported += bill->months_supported;
    if (is_support_earlier)
        ret->months_supported_earlier += bill->months_supported;
    return 0;
}

void payment_of(const struct citizen *before, const struct citizen *after, int32_t paid_day,
                int is_support_earlier, struct payment *ret)
{
    int is_replaced = after->payment.from_month != before->payment.from_month;
    *ret = (struct payment){
        .bill_number = before->bill_number,
        .bill = before->bill,
        .is_first = !before->has_paid && !before->is_health,
        .is_support_earlier = is_support_earlier,
        .paid_number_before = before->paid_number,
        .folded = coverage_folded(&before->coverage, &after->coverage),
        .is_health = before->is_health,
        .card_before = before->card,
    };
    ret->bill.paid_day = paid_day;
    if (is_replaced)
        ret->payment_before = before->payment;
}

/* --- taking back ------------------------------------------------------------------------------ */

static int check_newest(const struct citizen *before, const struct payment *payment,
                        struct err *err)
{
    char date[DATE_TEXT_BYTES];
    if (before->end_reason != END_NONE) {
        date_format(before->end_day, date);
        return err_field(err, -EPERM, "payment_id",
                         "the participation has ended on %s, and what was paid with it", date);
    }
    if (before->paid_number == payment->bill_number)
        return 0;
    if (before->paid_number > payment->bill_number)
        return err_field(err, -EPERM, "payment_id",
                         "a later payment follows from this one; take that one back first");
    date_format(before->declared_day, date);
    return err_field(
        err, -EPERM, "payment_id",
        "nothing before the declaration of %s can be taken back: its terms follow from "
        "the months paid (Law 41/2024/QH15, article 36(2))",
        date);
}

/* Damaged records and entries only. */
static int refuse_months(struct err *err)
{
    return err_field(err, -EPERM, "payment_id", "its months are not among those that are paid");
}

static int uncover(struct citizen *self, const struct payment *payment)
{
    const struct citizen_bill *bill = &payment->bill;
    struct month_range months = {bill->from_month, bill->from_month + bill->months - 1};
    if (self->is_health != payment->is_health)
        return -ENOENT;
    if (self->is_health) {
        if (self->card.from_day != bill->card.from_day || self->card.to_day != bill->card.to_day)
            return -ENOENT;
        self->card = payment->card_before;
        return 0;
    }
    if (bill->from_month == 0) {
        if (self->months_missing < bill->months)
            return -ENOENT;
        self->months_missing -= bill->months;
        return 0;
    }
    if (months.to < months.from || coverage_take_back(&self->coverage, months, payment->folded) < 0)
        return -ENOENT;
    if (self->payment.from_month == bill->from_month)
        self->payment = payment->payment_before;
    return 0;
}

int bill_unsettle(const struct citizen *before, const struct payment *payment, struct citizen *ret,
                  struct err *err)
{
    const struct citizen_bill *bill = &payment->bill;
    uint32_t n_earlier = payment->is_support_earlier ? bill->months_supported : 0;
    *ret = *before;
    int rc = check_newest(before, payment, err);
    if (rc < 0)
        return rc;
    if (bill->months == 0 || before->months_supported < bill->months_supported ||
        before->months_supported_earlier < n_earlier || uncover(ret, payment) < 0) {
        *ret = *before;
        return refuse_months(err);
    }
    ret->months_supported -= bill->months_supported;
    ret->months_supported_earlier -= n_earlier;
    if (method_is_lump_sum((enum method)before->method))
        ret->lump_months = bill->months;
    if (!before->is_health)
        ret->has_paid = !payment->is_first;
    ret->paid_number = payment->paid_number_before;
    memset(&ret->bill, 0, sizeof(ret->bill));
    ret->bill_number++;
    return 0;
}

int64_t reversal_until_ms(int32_t paid_day, uint32_t cut_off_minute)
{
    const int64_t minute_ms = 60000, day_ms = 1440 * minute_ms, offset_ms = 7 * 60 * minute_ms;
    return paid_day * day_ms - offset_ms + cut_off_minute * minute_ms;
}

enum bill_verdict bill_judge(const struct policy *policy, const struct citizen *citizen,
                             uint32_t number, int32_t paid_day)
{
    int32_t first, last;
    if (number > citizen->bill_number)
        return BILL_UNKNOWN;
    if (number < citizen->bill_number)
        return BILL_REPLACED;
    if (citizen->bill.months == 0)
        return BILL_PAID;
    bill_window(policy, citizen->is_health, citizen->bill.valid_until_day, &first, &last);
    if (paid_day < first)
        return BILL_EARLY;
    return paid_day > citizen->bill.valid_until_day ? BILL_EXPIRED : BILL_PAYABLE;
}
