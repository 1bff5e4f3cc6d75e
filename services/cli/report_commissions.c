/* Commissions: a share of what participants paid, by whether they are new and by method. */
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/commission.h"
#include "services/cli/report.h"
#include "services/cli/sheet.h"

static const struct sheet_column columns[] = {
    {"Đối tượng", SHEET_TEXT, 18},
    {"Phương thức đóng", SHEET_TEXT, 26},
    {"Số lượt thu", SHEET_COUNT, 12},
    {"Số tiền người tham gia đóng", SHEET_VND, 22},
    {"Tỷ lệ thù lao (%)", SHEET_TEXT, 14},
    {"Thù lao", SHEET_VND, 16},
    {"Căn cứ", SHEET_TEXT, 44},
};

static const char *const method_names[METHODS] = {
    "Không rõ",         "Hằng tháng",         "3 tháng", "6 tháng", "12 tháng",
    "Nhiều năm về sau", "Những năm còn thiếu"};

/* One line of the report; rates may change inside the period, then they are named one after the
 * other. */
struct line {
    int64_t n, participant_vnd, commission_vnd;
    const struct policy_row *row; /* of the last payment */
    int has_rate, has_many_rates, lacks_rate;
};

static void count(struct line *line, const struct policy *policy,
                  const struct report_payment *payment)
{
    struct explain_lines unused = {0};
    enum method method = (enum method)payment->method;
    int sign = payment->kind >= REPORT_TAKEN_BACK ? -1 : 1;
    const struct policy_row *row =
        commission_on(policy, method, payment->is_renewal, payment->paid_day);
    line->n += sign;
    line->participant_vnd += sign * payment->participant_vnd;
    line->commission_vnd +=
        sign * commission_of(policy, method, payment->is_renewal, payment->paid_day,
                             payment->participant_vnd, &unused);
    line->lacks_rate |= row == NULL;
    line->has_many_rates |= row != NULL && line->has_rate && row->value != line->row->value;
    if (row != NULL) {
        line->row = row;
        line->has_rate = 1;
    }
}

static void put(struct sheet *sheet, const char *who, const char *how, const struct line *line,
                enum sheet_style style)
{
    char rate[32] = "";
    const char *why = "";
    if (line->has_rate && !line->has_many_rates)
        (void)snprintf(rate, sizeof(rate), "%g", (double)line->row->value / 100);
    if (line->has_rate)
        why = line->row->citation;
    if (line->lacks_rate)
        why = "chưa quy định tỷ lệ (no rate is set in the policy)";
    const struct sheet_cell cells[] = {
        {.text = who},
        {.text = how},
        {.number = line->n},
        {.number = line->participant_vnd},
        {.text = line->has_many_rates ? "nhiều tỷ lệ" : rate},
        {.number = line->commission_vnd},
        {.text = why},
    };
    sheet_row(sheet, style, cells);
}

static void add(struct line *sum, const struct line *line)
{
    sum->n += line->n;
    sum->participant_vnd += line->participant_vnd;
    sum->commission_vnd += line->commission_vnd;
}

int report_commissions(struct service *svc, const struct report_query *query,
                       const struct report_payments *payments, struct err *err)
{
    static const char *const who[] = {"Tham gia mới", "Đóng tiếp"};
    struct line lines[2][METHODS] = {0}, sum = {0};
    struct sheet *sheet;
    char title[256], from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];
    int rc = sheet_create(query->out, columns, ARRAY_LEN(columns), &sheet, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < payments->n; i++) {
        const struct report_payment *payment = &payments->rows[i];
        count(&lines[payment->is_renewal][payment->method % METHODS], svc->policy, payment);
    }
    date_format(query->from_day, from);
    date_format(query->to_day, to);
    (void)snprintf(title, sizeof(title), "Thù lao tổ chức dịch vụ thu %s, từ %s đến %s",
                   query->organisation, from, to);
    sheet_title(sheet, title);
    sheet_header(sheet, NULL);
    for (size_t w = 0; w < ARRAY_LEN(lines); w++) {
        for (size_t m = 0; m < METHODS; m++) {
            if (lines[w][m].n != 0 || lines[w][m].participant_vnd != 0)
                put(sheet, who[w], method_names[m], &lines[w][m], SHEET_BODY);
            add(&sum, &lines[w][m]);
        }
    }
    put(sheet, "Cộng", "", &sum, SHEET_TOTAL);
    return sheet_close(&sheet, 0, err);
}
