#include <errno.h>
#include <string.h>

#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "common/settle/eod_fields.h"
#include "common/settle/instant.h"
#include "common/settle/report.h"

const char *const report_postings[] = {
    [POSTING_NONE] = "",
    [POSTING_DUE] = "due",
    [POSTING_DONE] = "posted",
    [POSTING_REFUSED] = "refused",
};

int report_is_difference(const struct match_line *line)
{
    return line->class != MATCH_MATCHED;
}

void report_differs(unsigned differs, char ret[REPORT_DIFFERS_BYTES])
{
    static const struct {
        unsigned bit;
        const char *name;
    } names[] = {{DIFFERS_BUSINESS_DATE, "business_date"},
                 {DIFFERS_AMOUNT, "amount"},
                 {DIFFERS_STATUS, "status"},
                 {DIFFERS_FEE, "fee"}};
    size_t len = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (differs & names[i].bit)
            len += (size_t)snprintf(ret + len, REPORT_DIFFERS_BYTES - len, "%s%s",
                                    len > 0 ? ";" : "", names[i].name);
    }
}

/* --- values ----------------------------------------------------------------------------------- */

/* A value behind others, with the comma before it; quoted where it must be. */
static void put(FILE *out, const char *text)
{
    (void)putc_unlocked(',', out);
    if (strpbrk(text, ",\"\r\n") == NULL) {
        (void)fputs(text, out);
    } else {
        (void)putc_unlocked('"', out);
        for (; *text != '\0'; text++) {
            if (*text == '"')
                (void)putc_unlocked('"', out);
            (void)putc_unlocked(*text == '\n' || *text == '\r' ? ' ' : *text, out);
        }
        (void)putc_unlocked('"', out);
    }
}

static void put_number(FILE *out, int is_there, int64_t number)
{
    char digits[24];
    size_t at = sizeof(digits) - 1;
    uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    digits[at] = '\0';
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (number < 0)
        digits[--at] = '-';
    put(out, is_there ? digits + at : "");
}

static void put_day(FILE *out, int is_there, int32_t day)
{
    char date[DATE_TEXT_BYTES] = "";
    if (is_there)
        date_format(day, date);
    put(out, date);
}

static int written(FILE *out)
{
    return ferror(out) ? -EIO : 0;
}

/* --- the files -------------------------------------------------------------------------------- */

static void put_line(FILE *out, const struct match_line *line)
{
    const struct eod_row *row = &line->row;
    char paid_at[INSTANT_TEXT_BYTES] = "", differs[REPORT_DIFFERS_BYTES];
    int is_whole = line->has_row && line->class != MATCH_BAD_RECORD;
    if (is_whole)
        instant_format(row->paid_at_ms, paid_at);
    report_differs(line->differs, differs);
    (void)fputs(match_class_names[line->class], out);
    put_number(out, line->has_row, row->line);
    put(out, row->transaction_id);
    put(out, line->has_payment ? line->payment_id : row->payment_id);
    put(out, row->bill_id);
    put_number(out, line->has_row && (line->class != MATCH_BAD_RECORD || row->amount_vnd > 0),
               row->amount_vnd);
    put_number(out, line->has_payment, line->our_amount_vnd);
    put(out, is_whole ? eod_statuses[row->status] : "");
    put(out, line->has_payment ? eod_statuses[line->our_status] : "");
    put_day(out, is_whole, row->business_day);
    put_day(out, line->has_payment, line->our_business_day);
    put_number(out, is_whole, row->fee_vnd);
    put_number(out, line->has_payment && line->our_fee_vnd >= 0, line->our_fee_vnd);
    put(out, paid_at);
    put(out, row->point);
    put(out, row->collector);
    put(out, is_whole ? eod_channels[row->channel] : "");
    put(out, differs);
    put(out, report_postings[line->posting]);
    put(out, line->note);
    (void)putc_unlocked('\n', out);
}

int report_csv(const struct settle_report *self, FILE *out)
{
    struct match_line line;
    (void)fputs("class,line,transaction_id,payment_id,bill_id,amount,our_amount,status,our_status,"
                "business_date,our_business_date,fee,our_fee,paid_at,point,collector,channel,"
                "differs,posting,note\n",
                out);
    for (size_t i = 0; i < match_count(self->match) && !ferror(out); i++) {
        match_line(self->match, i, &line);
        put_line(out, &line);
    }
    return written(out);
}

int report_bank_csv(const struct settle_report *self, FILE *out)
{
    struct bank_line line;
    (void)fputs("class,booked_on,amount,reversal,account,bank_reference,age_days,key,reference,"
                "organisation,suspense,statement_id,entry_ref,posting,note\n",
                out);
    for (size_t i = 0; i < bank_count(self->bank) && !ferror(out); i++) {
        bank_line(self->bank, i, &line);
        (void)fputs(bank_class_names[line.class], out);
        put_day(out, line.booked_day != 0, line.booked_day);
        put_number(out, 1, line.amount_vnd);
        put(out, line.is_reversal ? "yes" : "no");
        put(out, line.account);
        put(out, line.bank_reference);
        put_number(out, line.suspense_vnd != 0, line.age_days);
        put(out, line.key);
        put(out, line.reference);
        put(out, line.organisation);
        put_number(out, 1, line.suspense_vnd);
        put(out, line.statement_id);
        put(out, line.entry_ref);
        put(out, report_postings[line.posting]);
        put(out, line.note);
        (void)putc_unlocked('\n', out);
    }
    return written(out);
}
