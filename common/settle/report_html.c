#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/eod_fields.h"
#include "common/settle/pain001.h"
#include "common/settle/report.h"

static const char *const class_titles[MATCH_CLASSES][2] = {
    [MATCH_BAD_RECORD] = {"Bản ghi lỗi", "Bad record"},
    [MATCH_DUPLICATE] = {"Trùng", "Duplicate"},
    [MATCH_MISSING_AT_PARTNER] = {"Thiếu ở đối tác", "Missing at partner"},
    [MATCH_OTHER_BUSINESS_DATE] = {"Khác ngày làm việc", "Other business date"},
    [MATCH_MISSING_AT_US] = {"Thiếu ở hệ thống", "Missing at us"},
    [MATCH_AMOUNT_DIFFERS] = {"Lệch số tiền", "Amount differs"},
    [MATCH_STATUS_DIFFERS] = {"Lệch trạng thái", "Status differs"},
    [MATCH_FEE_DIFFERS] = {"Lệch phí", "Fee differs"},
    [MATCH_MATCHED] = {"Khớp", "Matched"},
};

static const char *const bank_titles[BANK_CLASSES][2] = {
    [BANK_REMITTANCE] = {"Nộp tiền", "Remittance"},
    [BANK_OTHER] = {"Nộp tiền khác", "Other remittance"},
    [BANK_UNKNOWN] = {"Không rõ nội dung (treo)", "Unknown (suspense)"},
    [BANK_DEBIT] = {"Ghi nợ", "Debit"},
    [BANK_NOT_BOOKED] = {"Chưa hạch toán", "Not booked"},
    [BANK_DUPLICATE] = {"Trùng", "Duplicate"},
    [BANK_EARLIER] = {"Treo từ trước", "In suspense from earlier statements"},
};

static const char *const state_titles[][2] = {
    [REMITTANCE_MATCHED] = {"Đủ", "matched"},
    [REMITTANCE_PARTIAL] = {"Nộp thiếu", "partial"},
    [REMITTANCE_MISSING] = {"Chưa nộp", "missing"},
    [REMITTANCE_OVER] = {"Nộp thừa", "over"},
};

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:75em;padding:0 1em;"
    "color:#1b1b1b;background:#fff}h1{font-size:1.5em}h2{font-size:1.15em;margin-top:2em}"
    "table{border-collapse:collapse;width:100%}th,td{padding:.3em .6em;border-bottom:1px solid "
    "#ddd;text-align:left;vertical-align:top}th{background:#f3f5f7}td.n{text-align:right;"
    "font-variant-numeric:tabular-nums;white-space:nowrap}small{color:#666}code{font-size:.85em;"
    "word-break:break-all}@media print{body{margin:0;max-width:none}}";

/* --- values ----------------------------------------------------------------------------------- */

static void put(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        if (entity != NULL)
            (void)fputs(entity, out);
        else
            (void)putc_unlocked(*text, out);
    }
}

static void cell(FILE *out, const char *text)
{
    (void)fputs("<td>", out);
    put(out, text);
    (void)fputs("</td>", out);
}

/* 1.234.567 */
static void number(FILE *out, int64_t value)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%" PRIu64,
                       value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
    (void)fputs(value < 0 ? "-" : "", out);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0)
            (void)putc_unlocked('.', out);
        (void)putc_unlocked(digits[i], out);
    }
}

static void number_cell(FILE *out, int is_there, int64_t value)
{
    (void)fputs("<td class=n>", out);
    if (is_there)
        number(out, value);
    (void)fputs("</td>", out);
}

static void title_cell(FILE *out, const char *const titles[2])
{
    (void)fprintf(out, "<td>%s<br><small>%s</small></td>", titles[0], titles[1]);
}

static void headings(FILE *out, const char *const (*titles)[2], size_t n)
{
    (void)fputs("<table><tr>", out);
    for (size_t i = 0; i < n; i++)
        (void)fprintf(out, "<th>%s<br><small>%s</small></th>", titles[i][0], titles[i][1]);
    (void)fputs("</tr>\n", out);
}

/* --- parts ------------------------------------------------------------------------------------ */

static void put_head(const struct settle_report *self, FILE *out)
{
    const struct eod_head *head = &self->file->head;
    char date[DATE_TEXT_BYTES], hash[2 * EOD_HASH_BYTES + 1];
    date_format(head->business_day, date);
    format_hex(self->file->hash, EOD_HASH_BYTES, hash);
    (void)fprintf(
        out,
        "<!DOCTYPE html>\n<html lang=vi><head><meta charset=utf-8><meta name=viewport "
        "content=\"width=device-width\"><title>%s %s</title><style>%s</style></head><body>"
        "\n<h1>Đối soát cuối ngày %s, %s <small>End-of-day reconciliation</small></h1>\n",
        head->partner, date, style, head->partner, date);
    (void)fprintf(out, "<p>Tệp <small>File</small>: %" PRIu32 " dòng, ", head->n_rows);
    number(out, head->sum_vnd);
    (void)fprintf(out, " đ; SHA-256 <code>%s</code></p>\n", hash);
    if (self->file->unreadable_vnd != 0) {
        (void)fputs("<p>Số tiền không đọc được <small>Amounts that cannot be read</small>: ", out);
        number(out, self->file->unreadable_vnd);
        (void)fputs(" đ</p>\n", out);
    }
}

static void put_classes(const struct settle_report *self, FILE *out)
{
    static const char *const titles[][2] = {{"Kết quả", "Class"},
                                            {"Dòng", "Lines"},
                                            {"Số tiền trong tệp", "In the file"},
                                            {"Số tiền trong sổ", "In the ledger"}};
    struct match_sum sums[MATCH_CLASSES], all = {0};
    match_sums(self->match, sums);
    headings(out, titles, ARRAY_LEN(titles));
    for (int i = MATCH_CLASSES - 1; i >= 0; i--) {
        (void)fputs("<tr>", out);
        title_cell(out, class_titles[i]);
        number_cell(out, 1, sums[i].n);
        number_cell(out, 1, sums[i].rows_vnd);
        number_cell(out, 1, sums[i].payments_vnd);
        (void)fputs("</tr>\n", out);
        all.n += sums[i].n;
        all.rows_vnd += sums[i].rows_vnd;
        all.payments_vnd += sums[i].payments_vnd;
    }
    (void)fputs("<tr><th>Tổng <small>Total</small></th>", out);
    number_cell(out, 1, all.n);
    number_cell(out, 1, all.rows_vnd);
    number_cell(out, 1, all.payments_vnd);
    (void)fputs("</tr></table>\n", out);
}

static void put_ages(const struct bank_result *result, FILE *out)
{
    static const char *const titles[][2] = {
        {"Treo (ngày)", "In suspense (days)"}, {"Bút toán", "Entries"}, {"Số tiền", "Amount"}};
    headings(out, titles, ARRAY_LEN(titles));
    for (int i = 0; i < BANK_AGES; i++) {
        int is_last = i == BANK_AGES - 1;
        (void)fprintf(out, "<tr><td>%s %d</td>", is_last ? "&gt;" : "≤",
                      bank_age_days[is_last ? i - 1 : i]);
        number_cell(out, 1, result->ages[i].n);
        number_cell(out, 1, result->ages[i].vnd);
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</table>\n", out);
}

static void put_bank(const struct settle_report *self, FILE *out)
{
    static const char *const titles[][2] = {
        {"Loại", "Class"}, {"Bút toán", "Entries"}, {"Số tiền", "Amount"}};
    const struct bank_result *result = self->result;
    char reference[REMITTANCE_REFERENCE_BYTES] = "";
    (void)fprintf(out, "<h2>Ngân hàng: %s <small>Bank: %s</small></h2>\n<p>",
                  state_titles[result->state][0], state_titles[result->state][1]);
    if (remittance_reference(self->file->head.partner, self->file->head.business_day, reference) ==
        0)
        (void)fprintf(out, "<code>%s</code>: ", reference);
    (void)fputs("phải nộp <small>due</small> ", out);
    number(out, result->due_vnd);
    (void)fputs(" đ, đã nộp <small>received</small> ", out);
    number(out, result->received_vnd);
    (void)fputs(" đ</p>\n", out);
    headings(out, titles, ARRAY_LEN(titles));
    for (int i = 0; i < BANK_CLASSES; i++) {
        (void)fputs("<tr>", out);
        title_cell(out, bank_titles[i]);
        number_cell(out, 1, result->sums[i].n);
        number_cell(out, 1, result->sums[i].vnd);
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</table>\n", out);
    if (result->suspense.n > 0)
        put_ages(result, out);
}

static void put_line(const struct match_line *line, FILE *out)
{
    char differs[REPORT_DIFFERS_BYTES];
    const struct eod_row *row = &line->row;
    report_differs(line->differs, differs);
    (void)fputs("<tr>", out);
    title_cell(out, class_titles[line->class]);
    number_cell(out, line->has_row, row->line);
    cell(out, row->transaction_id);
    cell(out, line->payment_id);
    number_cell(out, line->has_row && (line->class != MATCH_BAD_RECORD || row->amount_vnd > 0),
                row->amount_vnd);
    number_cell(out, line->has_payment, line->our_amount_vnd);
    cell(out, differs);
    cell(out, report_postings[line->posting]);
    cell(out, line->note);
    (void)fputs("</tr>\n", out);
}

static void put_differences(const struct settle_report *self, FILE *out)
{
    static const char *const titles[][2] = {{"Kết quả", "Class"},
                                            {"Dòng", "Line"},
                                            {"Mã giao dịch", "Transaction"},
                                            {"Mã thanh toán", "Payment"},
                                            {"Trong tệp", "In the file"},
                                            {"Trong sổ", "In the ledger"},
                                            {"Lệch", "Differs"},
                                            {"Ghi bổ sung", "Posting"},
                                            {"Ghi chú", "Note"}};
    struct match_line line;
    size_t n = 0;
    (void)fputs("<h2>Chênh lệch <small>Differences</small></h2>\n", out);
    headings(out, titles, ARRAY_LEN(titles));
    for (size_t i = 0; i < match_count(self->match) && !ferror(out); i++) {
        match_line(self->match, i, &line);
        if (report_is_difference(&line) && n++ < REPORT_PAGE_LINES_MAX)
            put_line(&line, out);
    }
    (void)fputs("</table>\n", out);
    if (n > REPORT_PAGE_LINES_MAX)
        (void)fprintf(
            out, "<p>Còn %zu dòng nữa trong tệp CSV. <small>%zu more in the CSV.</small></p>\n",
            n - REPORT_PAGE_LINES_MAX, n - REPORT_PAGE_LINES_MAX);
}

int report_html(const struct settle_report *self, FILE *out)
{
    put_head(self, out);
    put_classes(self, out);
    if (self->bank != NULL)
        put_bank(self, out);
    put_differences(self, out);
    (void)fputs("</body></html>\n", out);
    return ferror(out) ? -EIO : 0;
}
