#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/eod_fields.h"
#include "common/settle/pain001.h"
#include "common/settle/report.h"

#define DUMP_OPTIONS (JSON_COMPACT | JSON_SORT_KEYS)

static void set(json_t *object, const char *key, json_t *value)
{
    int rc = value == NULL ? -1 : json_object_set_new(object, key, value);
    ASSERT(rc == 0); /* no memory, or a text that is no UTF-8: readers refuse those */
}

/* 64-bit numbers are strings, as in the API. */
static void set_vnd(json_t *object, const char *key, int64_t vnd)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRId64, vnd);
    set(object, key, json_string(text));
}

static void set_day(json_t *object, const char *key, int32_t day)
{
    char date[DATE_TEXT_BYTES];
    date_format(day, date);
    set(object, key, json_string(date));
}

static void set_hash(json_t *object, const char *key, const uint8_t hash[EOD_HASH_BYTES])
{
    char text[2 * EOD_HASH_BYTES + 1];
    format_hex(hash, EOD_HASH_BYTES, text);
    set(object, key, json_string(text));
}

/* --- the summary ------------------------------------------------------------------------------ */

static json_t *file_json(const struct eod_file *file)
{
    json_t *object = json_object();
    set_hash(object, "sha256", file->hash);
    set(object, "rows", json_integer(file->head.n_rows));
    set_vnd(object, "sumVnd", file->head.sum_vnd);
    set(object, "badRecords", json_integer(file->n_bad));
    set_vnd(object, "unreadableVnd", file->unreadable_vnd);
    return object;
}

static json_t *classes_json(const struct match *match)
{
    struct match_sum sums[MATCH_CLASSES];
    json_t *classes = json_object();
    match_sums(match, sums);
    for (int i = 0; i < MATCH_CLASSES; i++) {
        json_t *class = json_object();
        set(class, "lines", json_integer(sums[i].n));
        set(class, "rows", json_integer(sums[i].n_rows));
        set_vnd(class, "rowsVnd", sums[i].rows_vnd);
        set(class, "payments", json_integer(sums[i].n_payments));
        set_vnd(class, "paymentsVnd", sums[i].payments_vnd);
        set(classes, match_class_names[i], class);
    }
    return classes;
}

static json_t *sum_json(const struct bank_sum *sum)
{
    json_t *object = json_object();
    set(object, "entries", json_integer(sum->n));
    set_vnd(object, "vnd", sum->vnd);
    return object;
}

static json_t *bank_json(const struct bank_result *result)
{
    json_t *object = json_object(), *classes = json_object(), *ages = json_array();
    for (int i = 0; i < BANK_CLASSES; i++)
        set(classes, bank_class_names[i], sum_json(&result->sums[i]));
    for (int i = 0; i < BANK_AGES; i++) {
        json_t *age = sum_json(&result->ages[i]);
        if (i < BANK_AGES - 1)
            set(age, "upToDays", json_integer(bank_age_days[i]));
        int rc = json_array_append_new(ages, age);
        ASSERT(rc == 0);
    }
    set(object, "state", json_string(remittance_state_names[result->state]));
    set_vnd(object, "dueVnd", result->due_vnd);
    set_vnd(object, "receivedVnd", result->received_vnd);
    set_day(object, "asOf", result->as_of_day);
    set(object, "classes", classes);
    set(object, "suspense", sum_json(&result->suspense));
    set(object, "suspenseAges", ages);
    return object;
}

static json_t *summary_json(const struct settle_report *self)
{
    const struct eod_head *head = &self->file->head;
    char reference[REMITTANCE_REFERENCE_BYTES];
    json_t *object = json_object();
    set(object, "partner", json_string(head->partner));
    set_day(object, "businessDate", head->business_day);
    set(object, "file", file_json(self->file));
    set(object, "classes", classes_json(self->match));
    set_vnd(object, "dueVnd", match_due_vnd(self->match));
    if (remittance_reference(head->partner, head->business_day, reference) == 0)
        set(object, "remittanceReference", json_string(reference));
    if (self->bank != NULL)
        set(object, "bank", bank_json(self->result));
    return object;
}

/* --- the differences -------------------------------------------------------------------------- */

static void set_row(json_t *object, const struct match_line *line)
{
    const struct eod_row *row = &line->row;
    set(object, "line", json_integer(row->line));
    if (line->class == MATCH_BAD_RECORD)
        return;
    set(object, "billId", json_string(row->bill_id));
    set_vnd(object, "amountVnd", row->amount_vnd);
    set(object, "status", json_string(eod_statuses[row->status]));
    set_day(object, "businessDate", row->business_day);
    set_vnd(object, "feeVnd", row->fee_vnd);
}

static void set_payment(json_t *object, const struct match_line *line)
{
    set(object, "paymentId", json_string(line->payment_id));
    set_vnd(object, "ourAmountVnd", line->our_amount_vnd);
    set(object, "ourStatus", json_string(eod_statuses[line->our_status]));
    set_day(object, "ourBusinessDate", line->our_business_day);
    if (line->our_fee_vnd >= 0)
        set_vnd(object, "ourFeeVnd", line->our_fee_vnd);
}

static json_t *line_json(const struct match_line *line)
{
    char differs[REPORT_DIFFERS_BYTES];
    json_t *object = json_object();
    report_differs(line->differs, differs);
    set(object, "class", json_string(match_class_names[line->class]));
    set(object, "transactionId", json_string(line->row.transaction_id));
    if (line->has_row)
        set_row(object, line);
    if (line->has_payment)
        set_payment(object, line);
    if (differs[0] != '\0')
        set(object, "differs", json_string(differs));
    if (line->posting != POSTING_NONE)
        set(object, "posting", json_string(report_postings[line->posting]));
    if (line->note[0] != '\0')
        set(object, "note", json_string(line->note));
    return object;
}

static void dump(json_t *object, FILE *out)
{
    ASSERT(object != NULL);
    (void)json_dumpf(object, out, DUMP_OPTIONS);
    json_decref(object);
}

int report_json(const struct settle_report *self, FILE *out)
{
    struct match_line line;
    const char *before = "\n";
    (void)fputs("{\"summary\":", out);
    dump(summary_json(self), out);
    (void)fputs(",\n\"differences\":[", out);
    for (size_t i = 0; i < match_count(self->match) && !ferror(out); i++) {
        match_line(self->match, i, &line);
        if (!report_is_difference(&line))
            continue;
        (void)fputs(before, out);
        dump(line_json(&line), out);
        before = ",\n";
    }
    (void)fputs("\n]}\n", out);
    return ferror(out) ? -EIO : 0;
}
