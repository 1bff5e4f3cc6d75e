/* D05-TS: the list of those who pay voluntary social insurance, as the form has its columns. */
#include <string.h>

#include "common/domain/contribution.h"
#include "services/cli/report_form.h"

static const struct sheet_column columns[] = {
    {"STT", SHEET_TEXT, 6},
    {"Họ và tên", SHEET_TEXT, 26},
    {"Mã số BHXH", SHEET_TEXT, 13},
    {"Số CCCD", SHEET_TEXT, 15},
    {"Địa chỉ", SHEET_TEXT, 34},
    {"Ngày biên lai", SHEET_TEXT, 12},
    {"Số biên lai", SHEET_TEXT, 12},
    {"Mức thu nhập tháng đóng", SHEET_VND, 14},
    {"Số tháng", SHEET_COUNT, 8},
    {"Từ tháng/năm", SHEET_TEXT, 11},
    {"Số tiền phải đóng", SHEET_VND, 14},
    {"Người tham gia đóng", SHEET_VND, 14},
    {"NSNN hỗ trợ: tỷ lệ", SHEET_PERCENT, 9},
    {"NSNN hỗ trợ: số tiền", SHEET_VND, 13},
    {"NSĐP hỗ trợ: tỷ lệ", SHEET_PERCENT, 9},
    {"NSĐP hỗ trợ: số tiền", SHEET_VND, 13},
    {"Hỗ trợ khác: tỷ lệ", SHEET_PERCENT, 9},
    {"Hỗ trợ khác: số tiền", SHEET_VND, 13},
    {"Mã nhân viên thu", SHEET_TEXT, 18},
    {"Ghi chú", SHEET_TEXT, 18},
};
static const char *const marks[ARRAY_LEN(columns)] = {"A",  "B",  "C",  "1",  "2",  "3",  "4",
                                                      "5",  "6",  "7",  "8",  "9",  "10", "11",
                                                      "12", "13", "14", "15", "16", "17"};

/* A support as a share of the contribution at the poverty line, in basis points (Decree 159/2025,
 * article 5): 0 where no month carries it. */
static int64_t share_of(const struct policy *policy, const struct report_payment *row, int64_t vnd)
{
    const struct policy_row *line = policy_on(policy, POLICY_POVERTY_LINE, 0, row->paid_day);
    const struct policy_row *rate = policy_on(policy, POLICY_CONTRIBUTION_RATE, 0, row->paid_day);
    if (vnd == 0 || line == NULL || rate == NULL || row->months_supported == 0)
        return 0;
    int64_t base_vnd = line->value * rate->value / FULL_BASIS_POINTS * row->months_supported;
    return divide_half_up(vnd * FULL_BASIS_POINTS, base_vnd);
}

static void put_line(struct form_line *line, struct sheet_cell *cells)
{
    const struct report_payment *row = line->payment;
    const Ansinh__V1__Person *person = line->person;
    const struct sheet_cell filled[ARRAY_LEN(columns)] = {
        form_cell_text(form_number(&line->texts, (uint64_t)line->number)),
        form_cell_text(person->full_name),
        form_cell_text(person->si_code),
        form_cell_text(person->personal_id),
        form_cell_text(person->address),
        form_cell_text(form_day(&line->texts, row->paid_day)),
        form_cell_text(form_number(&line->texts, row->receipt_number)),
        form_cell_unless_zero(row->income_vnd),
        form_cell(row->months),
        form_cell_text(form_month(&line->texts, row->from_month)),
        form_cell(line->gross_vnd),
        form_cell(row->participant_vnd),
        form_cell_unless_zero(share_of(line->policy, row, row->central_vnd)),
        form_cell(row->central_vnd),
        form_cell_unless_zero(share_of(line->policy, row, row->local_vnd)),
        form_cell(row->local_vnd),
        form_cell_unless_zero(share_of(line->policy, row, row->donor_vnd)),
        form_cell(row->donor_vnd),
        form_cell_text(row->collector),
        form_cell_text(row->kind == REPORT_REFUNDED ? form_refunded(&line->texts, row)
                       : row->from_month == 0       ? "Đóng cho những năm còn thiếu"
                                                    : ""),
    };
    memcpy(cells, filled, sizeof(filled));
}

static void put_sums(const struct form_sums *sums, struct sheet_cell *cells)
{
    cells[8] = form_cell(sums->months);
    cells[10] = form_cell(sums->gross_vnd);
    cells[11] = form_cell(sums->participant_vnd);
    cells[13] = form_cell(sums->central_vnd);
    cells[15] = form_cell(sums->local_vnd);
    cells[17] = form_cell(sums->donor_vnd);
}

static const struct form_spec d05 = {
    .columns = columns,
    .marks = marks,
    .n_columns = ARRAY_LEN(columns),
    .title = "DANH SÁCH NGƯỜI THAM GIA BHXH TỰ NGUYỆN (Mẫu D05-TS)",
    .section_titles = {"I.1. Tham gia mới", "I.2. Đóng tiếp", "II.1. Hủy thu",
                       "II.2. Hoàn trả (602A)"},
    .put_line = put_line,
    .put_sums = put_sums,
};

int report_d05(struct service *svc, const struct report_query *query,
               const struct report_payments *payments, struct err *err)
{
    return form_write(svc, &d05, query, payments, err);
}
