#include "tests/support/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "common/settle/report.h"
#include "tests/support/eod_day.h"

#define DAY (date_make(2026, 11, 22))

static struct match *match;
static struct bank *bank;
static struct eod_file file;
static struct bank_result result;

typedef int (*report_fn)(const struct settle_report *self, FILE *out);

static int is_partner(void *arg, const char *code)
{
    (void)arg;
    return strcmp(code, "VNPOST") == 0;
}

static void add_entry(const char *reference, const char *text)
{
    struct camt_entry entry = {.account = "01",
                               .statement_id = "S",
                               .amount_vnd = 1234567,
                               .is_credit = 1,
                               .status = CAMT_BOOKED,
                               .booked_day = DAY,
                               .entry_reference = "",
                               .bank_reference = reference,
                               .end_to_end_id = reference,
                               .reference = "",
                               .text = text};
    assert_int_equal(bank_entry(bank, &entry), 0);
}

static int open_day(void **state)
{
    const struct eod_day day = {.n = 5000, .seed = 3, .planted_every = 10, .business_day = DAY};
    struct err err = {0};
    FILE *stream = tmpfile();
    (void)state;
    match = match_create(DAY);
    bank = bank_create("VNPOST", DAY, is_partner, NULL);
    if (stream == NULL || eod_day_write(&day, stream) < 0)
        return -1;
    rewind(stream);
    int rc = eod_day_match(stream, match, &file, &err);
    for (unsigned i = 0; i < day.n; i++) {
        struct match_payment payment;
        if (eod_day_payment(&day, i, &payment))
            rc |= match_payment(match, &payment);
    }
    match_settle(match);
    add_entry("VNPOST-20261122", "");
    add_entry("X", "<b>\"free\" & text</b>, with a comma");
    bank_settle(bank, match_due_vnd(match), &result);
    return rc | fclose(stream);
}

static int close_day(void **state)
{
    (void)state;
    match_destroy(&match);
    bank_destroy(&bank);
    return 0;
}

/* What a writer writes; freed by the caller. */
static char *text_of(report_fn fn)
{
    const struct settle_report report = {&file, match, bank, &result};
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    assert_int_equal(fn(&report, out), 0);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(strlen(text), len);
    return text;
}

static size_t lines_in(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void the_same_day_gives_the_same_bytes(void **state)
{
    static const report_fn reports[] = {report_csv, report_bank_csv, report_json, report_html};
    char *first[ARRAY_LEN(reports)];
    for (size_t i = 0; i < ARRAY_LEN(reports); i++)
        first[i] = text_of(reports[i]);
    (void)close_day(state);
    assert_int_equal(open_day(state), 0);
    for (size_t i = 0; i < ARRAY_LEN(reports); i++) {
        char *second = text_of(reports[i]);
        assert_string_equal(first[i], second);
        free(first[i]);
        free(second);
    }
}

static void the_table_has_every_line(void **state)
{
    (void)state;
    char *text = text_of(report_csv);
    assert_int_equal(lines_in(text), match_count(match) + 1);
    for (int i = 0; i < MATCH_CLASSES; i++) {
        char begin[32];
        (void)snprintf(begin, sizeof(begin), "\n%s,", match_class_names[i]);
        assert_non_null(strstr(text, begin));
    }
    free(text);
    text = text_of(report_bank_csv);
    assert_non_null(strstr(text, ",\"<b>\"\"free\"\" & text</b>, with a comma\",,1234567,-,"));
    assert_non_null(strstr(text, ",VNPOST-20261122,VNPOST,0,-,"));
    assert_int_equal(lines_in(text), bank_count(bank) + 1);
    free(text);
}

static void the_json_has_every_difference_and_sums_that_agree(void **state)
{
    (void)state;
    char *text = text_of(report_json);
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    json_t *summary = json_object_get(root, "summary"), *class;
    json_t *differences = json_object_get(root, "differences");
    const char *name;
    json_int_t lines = 0, rows = 0;
    json_object_foreach(json_object_get(summary, "classes"), name, class)
    {
        lines += json_integer_value(json_object_get(class, "lines"));
        rows += json_integer_value(json_object_get(class, "rows"));
        if (strcmp(name, "matched") == 0)
            assert_int_equal(json_array_size(differences) +
                                 (size_t)json_integer_value(json_object_get(class, "lines")),
                             match_count(match));
    }
    assert_int_equal(lines, match_count(match));
    assert_int_equal(rows, file.head.n_rows);
    assert_string_equal(json_string_value(json_object_get(summary, "remittanceReference")),
                        "VNPOST-20261122");
    assert_string_equal(
        json_string_value(json_object_get(json_object_get(summary, "bank"), "state")), "partial");
    json_decref(root);
    free(text);
}

static void the_page_stands_alone_and_takes_text_for_text(void **state)
{
    (void)state;
    struct eod_bad bad = {.line = 99, .transaction_id = "", .why = "<script>&\"", .has_amount = 0};
    match_destroy(&match);
    match = match_create(DAY);
    assert_int_equal(match_bad(match, &bad), 0);
    match_settle(match);
    char *text = text_of(report_html);
    assert_null(strstr(text, "<script"));
    assert_non_null(strstr(text, "&lt;script&gt;&amp;&quot;"));
    assert_non_null(strstr(text, "1.234.567"));
    assert_non_null(strstr(text, "Bản ghi lỗi"));
    assert_non_null(strstr(text, "Bad record"));
    assert_null(strstr(text, "http"));
    assert_null(strstr(text, "src="));
    free(text);
}

#define DAY_TEST(name) cmocka_unit_test_setup_teardown(name, open_day, close_day)

static const struct CMUnitTest tests[] = {
    DAY_TEST(the_same_day_gives_the_same_bytes),
    DAY_TEST(the_table_has_every_line),
    DAY_TEST(the_json_has_every_difference_and_sums_that_agree),
    DAY_TEST(the_page_stands_alone_and_takes_text_for_text),
};

TEST_MAIN(tests)
