/* D03-TS: the list of those who are insured for health alone, here as members of households. */
#include <string.h>

#include "services/cli/report_form.h"

static const struct sheet_column columns[] = {
    {"STT", SHEET_TEXT, 6},
    {"Họ và tên", SHEET_TEXT, 26},
    {"Mã số BHXH", SHEET_TEXT, 13},
    {"Ngày sinh", SHEET_TEXT, 12},
    {"Giới tính", SHEET_TEXT, 9},
    {"Số CCCD", SHEET_TEXT, 15},
    {"Mã hộ gia đình", SHEET_TEXT, 13},
    {"Thành viên thứ", SHEET_COUNT, 10},
    {"Địa chỉ", SHEET_TEXT, 34},
    {"Ngày biên lai", SHEET_TEXT, 12},
    {"Số biên lai", SHEET_TEXT, 12},
    {"Số tháng", SHEET_COUNT, 8},
    {"Thẻ có giá trị từ ngày", SHEET_TEXT, 12},
    {"Đến ngày", SHEET_TEXT, 12},
    {"Số tiền phải đóng", SHEET_VND, 14},
    {"Người tham gia đóng", SHEET_VND, 14},
    {"NSNN hỗ trợ", SHEET_VND, 13},
    {"NSĐP hỗ trợ", SHEET_VND, 13},
    {"Hỗ trợ khác", SHEET_VND, 13},
    {"Mã nhân viên thu", SHEET_TEXT, 18},
    {"Ghi chú", SHEET_TEXT, 18},
};
static const char *const marks[ARRAY_LEN(columns)] = {"A",  "B",  "C",  "1",  "2",  "3",  "4",
                                                      "5",  "6",  "7",  "8",  "9",  "10", "11",
                                                      "12", "13", "14", "15", "16", "17", "18"};

static const char *sex_text(Ansinh__V1__Sex sex)
{
    return sex == ANSINH__V1__SEX__SEX_FEMALE ? "Nữ"
           : sex == ANSINH__V1__SEX__SEX_MALE ? "Nam"
                                              : "";
}

static void put_line(struct form_line *line, struct sheet_cell *cells)
{
    const struct report_payment *row = line->payment;
    const Ansinh__V1__Person *person = line->person;
    struct form_texts *texts = &line->texts;
    const struct sheet_cell filled[ARRAY_LEN(columns)] = {
        form_cell_text(form_number(texts, (uint64_t)line->number)),
        form_cell_text(person->full_name),
        form_cell_text(person->si_code),
        form_cell_text(person->birth_date),
        form_cell_text(sex_text(person->sex)),
        form_cell_text(person->personal_id),
        form_cell_text(person->household_code),
        form_cell(row->member_rank),
        form_cell_text(person->address),
        form_cell_text(form_day(texts, row->day)),
        form_cell_text(form_number(texts, row->receipt_number)),
        form_cell(row->months),
        form_cell_text(form_day(texts, row->card.from_day)),
        form_cell_text(form_day(texts, row->card.to_day)),
        form_cell(line->gross_vnd),
        form_cell(row->participant_vnd),
        form_cell(row->central_vnd),
        form_cell(row->local_vnd),
        form_cell(row->donor_vnd),
        form_cell_text(row->collector),
        form_cell_text(""),
    };
    memcpy(cells, filled, sizeof(filled));
}

static void put_sums(const struct form_sums *sums, struct sheet_cell *cells)
{
    cells[11] = form_cell(sums->months);
    cells[14] = form_cell(sums->gross_vnd);
    cells[15] = form_cell(sums->participant_vnd);
    cells[16] = form_cell(sums->central_vnd);
    cells[17] = form_cell(sums->local_vnd);
    cells[18] = form_cell(sums->donor_vnd);
}

static const struct form_spec d03 = {
    .columns = columns,
    .marks = marks,
    .n_columns = ARRAY_LEN(columns),
    .title = "DANH SÁCH NGƯỜI CHỈ THAM GIA BHYT HỘ GIA ĐÌNH (Mẫu D03-TS)",
    .section_titles = {"I.1. Cấp thẻ mới", "I.2. Gia hạn thẻ", "II.1. Hủy thu", "II.2. Hoàn trả"},
    .put_line = put_line,
    .put_sums = put_sums,
};

int report_d03(struct service *svc, const struct report_query *query,
               const struct report_payments *payments, struct err *err)
{
    return form_write(svc, &d03, query, payments, err);
}
