#include "tests/support/test.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/eod.h"
#include "tests/support/texts.h"

#define FILE_BYTES 65536
#define SEEN_MAX 16
#define FLOOD_BYTES (1ULL << 30)
#define MEMORY_MAX_KIB (48L * 1024)

/* --- reading in a test ------------------------------------------------------------------------ */

struct seen {
    struct eod_head head;
    unsigned n_rows, n_bad;
    struct eod_row rows[SEEN_MAX];
    char ids[SEEN_MAX][EOD_TRANSACTION_MAX_BYTES + 1];
    struct {
        uint32_t line;
        char id[EOD_TRANSACTION_MAX_BYTES + 1], why[ERR_TEXT_MAX_BYTES];
        int has_amount;
    } bad[SEEN_MAX];
};

static int on_head(void *arg, const struct eod_head *head, struct err *err)
{
    struct seen *seen = arg;
    seen->head = *head;
    return strcmp(head->partner, "STRANGER") == 0 ? err_set(err, -EINVAL, "unknown partner") : 0;
}

static int on_row(void *arg, const struct eod_row *row)
{
    struct seen *seen = arg;
    if (seen->n_rows < SEEN_MAX) {
        seen->rows[seen->n_rows] = *row;
        strcpy(seen->ids[seen->n_rows], row->transaction_id);
    }
    seen->n_rows++;
    return 0;
}

static int on_bad(void *arg, const struct eod_bad *bad)
{
    struct seen *seen = arg;
    if (seen->n_bad < SEEN_MAX) {
        seen->bad[seen->n_bad].line = bad->line;
        seen->bad[seen->n_bad].has_amount = bad->has_amount;
        strcpy(seen->bad[seen->n_bad].id, bad->transaction_id);
        strcpy(seen->bad[seen->n_bad].why, bad->why);
    }
    seen->n_bad++;
    return strcmp(bad->transaction_id, "STOP") == 0 ? -ECANCELED : 0;
}

static const struct eod_visitor visitor = {on_head, on_row, on_bad};
static struct seen seen;
static struct eod_file file;
static struct err err;

static int read_source(struct text_source source)
{
    memset(&seen, 0, sizeof(seen));
    err = (struct err){0};
    return eod_read(text_read, &source, &visitor, &seen, &file, &err);
}

static int read_text(const char *text)
{
    return read_source(text_source(text));
}

/* A whole file around these rows; sum and count as given. */
static const char *whole(const char *rows, unsigned n, long long sum)
{
    static char text[FILE_BYTES];
    uint8_t hash[EOD_HASH_BYTES];
    char hex[2 * EOD_HASH_BYTES + 1];
    crypto_hash_sha256(hash, (const uint8_t *)rows, strlen(rows));
    format_hex(hash, sizeof(hash), hex);
    (void)snprintf(text, sizeof(text), "H,1,VNPOST,2026-11-22,%u,%lld,%s\n%sT,%u,%lld\n", n, sum,
                   hex, rows, n, sum);
    return text;
}

#define ROW_1                                                                                      \
    "D,VNP-0001,p0513-1-42,K7XQ2M4N8P-1,1,264000,paid,2026-11-22T08:15:30+07:00,2026-11-22,"       \
    "VNP-02647,C001,cash,10560\n"
#define ROW_2                                                                                      \
    "D,VNP-0002,,K7XQ2M4N8P-2,3,330000,reversed,2026-11-22T03:00:00.250Z,2026-11-23,,,transfer,"   \
    "0\n"

static void assert_refused(const char *text, const char *why)
{
    assert_int_equal(read_text(text), -EINVAL);
    if (strstr(err.text, why) == NULL)
        print_error("%s\n", err.text);
    assert_non_null(strstr(err.text, why));
}

/* --- the good --------------------------------------------------------------------------------- */

static void a_file_is_read(void **state)
{
    (void)state;
    const char *text = whole(ROW_1 ROW_2, 2, 594000);
    struct text_source source = text_source(text);
    for (size_t piece = 0; piece < 3; piece++) {
        source.piece_bytes = piece;
        assert_int_equal(read_source(source), 0);
        assert_int_equal(seen.n_rows, 2);
        assert_int_equal(seen.n_bad, 0);
    }
    assert_string_equal(seen.head.partner, "VNPOST");
    assert_int_equal(seen.head.sum_vnd, 594000);
    assert_string_equal(seen.ids[0], "VNP-0001");
    assert_int_equal(seen.rows[0].line, 2);
    assert_int_equal(seen.rows[0].amount_vnd, 264000);
    assert_int_equal(seen.rows[0].status, EOD_PAID);
    assert_int_equal(seen.rows[0].channel, EOD_CASH);
    assert_int_equal(seen.rows[0].fee_vnd, 10560);
    assert_int_equal(seen.rows[0].paid_at_ms, 1795310130000);
    assert_int_equal(seen.rows[1].status, EOD_REVERSED);
    assert_int_equal(seen.rows[1].channel, EOD_TRANSFER);
    assert_int_equal(seen.rows[1].paid_at_ms, 1795316400250);
    assert_int_equal(seen.rows[1].business_day, date_make(2026, 11, 23));
    uint8_t hash[EOD_HASH_BYTES];
    crypto_hash_sha256(hash, (const uint8_t *)text, strlen(text));
    assert_memory_equal(file.hash, hash, sizeof(hash));
    assert_int_equal(file.unreadable_vnd, 0);
}

static void the_documented_example_is_read(void **state)
{
    (void)state;
    FILE *example = fopen("docs/examples/end-of-day.csv", "re");
    assert_non_null(example);
    memset(&seen, 0, sizeof(seen));
    assert_int_equal(eod_read(settle_read_file, example, &visitor, &seen, &file, &err), 0);
    assert_int_equal(fclose(example), 0);
    assert_int_equal(seen.n_rows, 2);
    assert_int_equal(seen.n_bad, 0);
}

static void quotes_crlf_and_a_mark_are_taken(void **state)
{
    (void)state;
    static const char rows[] =
        "D,\"VNP-0001\",,\"B-1\",1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,0\r\n";
    char text[1024];
    (void)snprintf(text, sizeof(text), "\xef\xbb\xbf%s", whole(rows, 1, 1));
    assert_int_equal(read_text(text), 0);
    assert_string_equal(seen.ids[0], "VNP-0001");
    assert_int_equal(read_text(whole("", 0, 0)), 0);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    struct eod_writer *writer = NULL;
    struct eod_row row = {.transaction_id = "T-1",
                          .payment_id = "",
                          .bill_id = "B-1",
                          .bill_version = 2,
                          .amount_vnd = 264000,
                          .status = EOD_PAID,
                          .paid_at_ms = 1795310130001,
                          .business_day = date_make(2026, 11, 22),
                          .point = "P1",
                          .collector = "",
                          .channel = EOD_CASH,
                          .fee_vnd = 7};
    char text[FILE_BYTES] = "";
    struct eod_head head;
    assert_int_equal(eod_writer_create("not a code", 0, &writer), -EINVAL);
    assert_int_equal(eod_writer_create("VNPOST", row.business_day, &writer), 0);
    assert_int_equal(eod_writer_row(writer, &row), 0);
    row.transaction_id = "T 2";
    assert_int_equal(eod_writer_row(writer, &row), -EINVAL);
    row.transaction_id = "T-2";
    row.status = EOD_REVERSED;
    assert_int_equal(eod_writer_row(writer, &row), 0);
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(out);
    assert_int_equal(eod_writer_finish(writer, out, &head), 0);
    assert_int_equal(fclose(out), 0);
    eod_writer_destroy(&writer);
    assert_int_equal(read_text(text), 0);
    assert_memory_equal(seen.head.rows_hash, head.rows_hash, EOD_HASH_BYTES);
    assert_int_equal(seen.n_rows, 2);
    assert_int_equal(seen.rows[0].paid_at_ms, 1795310130001);
    assert_int_equal(seen.rows[1].status, EOD_REVERSED);
    assert_int_equal(seen.head.sum_vnd, 528000);
}

/* --- the refused ------------------------------------------------------------------------------ */

static void a_wrong_header_is_refused(void **state)
{
    (void)state;
    assert_refused("", "line 1: the file is empty");
    assert_refused("\n", "line 1: want the header");
    assert_refused(ROW_1, "line 1: want the header");
    assert_refused("H,2,VNPOST,2026-11-22,0,0,00\n", "line 1: version \"2\": want 1");
    assert_refused("H,1,VN POST,2026-11-22,0,0,00\n", "line 1: partner");
    assert_refused("H,1,VNPOST,2026-11-31,0,0,00\n", "line 1: business_date");
    assert_refused("H,1,VNPOST,2026-11-22,5000001,0,00\n", "line 1: count");
    assert_refused("H,1,VNPOST,2026-11-22,-1,0,00\n", "line 1: count");
    assert_refused("H,1,VNPOST,2026-11-22,0,1.5,00\n", "line 1: sum");
    assert_refused("H,1,VNPOST,2026-11-22,0,0,00\n", "line 1: sha256");
    assert_refused("H,1,VNPOST,2026-11-22,0,0\n", "line 1: want the header");
    assert_refused("\"H,1\n", "line 1: the quotes do not match");
    assert_string_equal(err.field, "");
}

static void the_visitor_may_refuse_the_head(void **state)
{
    (void)state;
    static const char text[] =
        "H,1,STRANGER,2026-11-22,0,0,"
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\nT,0,0\n";
    assert_refused(text, "unknown partner");
}

static void the_visitor_may_stop_at_a_row(void **state)
{
    (void)state;
    static const char rows[] =
        "D,STOP,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,card,0\n";
    assert_int_equal(read_text(whole(rows, 1, 1)), -ECANCELED);
    assert_non_null(strstr(err.text, "line 2: it cannot be taken"));
}

static void a_changed_row_is_refused(void **state)
{
    (void)state;
    char text[FILE_BYTES];
    (void)snprintf(text, sizeof(text), "%s", whole(ROW_1 ROW_2, 2, 594000));
    *strstr(text, "C001") = 'D';
    assert_refused(text, "line 4: sha256: the rows are not those of the header");
    assert_string_equal(err.field, "sha256");
}

static void wrong_counts_and_sums_are_refused(void **state)
{
    (void)state;
    assert_refused(whole(ROW_1 ROW_2, 1, 594000), "line 3: there are more rows");
    assert_refused(whole(ROW_1 ROW_2, 3, 594000), "line 4: count: header 3, trailer 3, rows 2");
    assert_refused(whole(ROW_1 ROW_2, 2, 594001), "line 4: sum: header 594001");
    char text[FILE_BYTES];
    (void)snprintf(text, sizeof(text), "%s", whole(ROW_1 ROW_2, 2, 594000));
    strstr(text, "\nT,2")[1] = 'X';
    assert_refused(text, "line 4: there are more rows");
    (void)snprintf(text, sizeof(text), "%sD\n", whole(ROW_1 ROW_2, 2, 594000));
    assert_refused(text, "line 5: there is something behind the trailer");
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    char text[FILE_BYTES];
    (void)snprintf(text, sizeof(text), "%s", whole(ROW_1 ROW_2, 2, 594000));
    /* without the last line's end it is whole */
    for (size_t len = strlen(text) - 2; len > 0; len--) {
        text[len] = '\0';
        assert_int_equal(read_text(text), -EINVAL);
    }
    struct text_source source = text_source(whole(ROW_1 ROW_2, 2, 594000));
    source.fail_at = 1;
    source.piece_bytes = 100;
    assert_int_equal(read_source(source), -EIO);
    assert_non_null(strstr(err.text, "line 2: the file cannot be read on"));
}

/* --- bad records ------------------------------------------------------------------------------ */

static void bad_records_are_told_with_line_and_reason(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"D,VNP 1,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,0\n", "transaction_id"},
        {"D,,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,0\n", "transaction_id"},
        {"D,A,,,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,0\n", "bill_id"},
        {"D,A,,B-1,0,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,0\n", "bill_version"},
        {"D,A,,B-1,1,-1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,0\n", "amount"},
        {"D,A,,B-1,1,1.0,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,0\n", "amount"},
        {"D,A,,B-1,1,1,PAID,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,0\n", "status"},
        {"D,A,,B-1,1,1,paid,2026-11-22T08:15:30,2026-11-22,,,cash,0\n", "paid_at"},
        {"D,A,,B-1,1,1,paid,2026-11-22T24:15:30+07:00,2026-11-22,,,cash,0\n", "paid_at"},
        {"D,A,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,22.11.2026,,,cash,0\n", "business_date"},
        {"D,A,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,a b,,cash,0\n", "point"},
        {"D,A,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,a/b,cash,0\n", "collector"},
        {"D,A,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,card,0\n", "channel"},
        {"D,A,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,\n", "fee"},
        {"D,A,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash\n", "want a row of D"},
        {"E,A,,B-1,1,1,paid,2026-11-22T08:15:30+07:00,2026-11-22,,,cash,0\n", "want a row of D"},
        {"\n", "want a row of D"},
        {"D,A,,\"B-1,1,1,paid\n", "quotes"},
        {"D,\xff\n", "UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char text[FILE_BYTES];
        (void)snprintf(text, sizeof(text), "%s%s", ROW_1, rows[i][0]);
        int rc = read_text(whole(text, 2, 264001));
        if (rc < 0)
            print_error("%s: %s\n", rows[i][0], err.text);
        assert_int_equal(rc, 0);
        assert_int_equal(seen.n_rows, 1);
        assert_int_equal(seen.n_bad, 1);
        assert_int_equal(seen.bad[0].line, 3);
        assert_non_null(strstr(seen.bad[0].why, rows[i][1]));
        assert_int_equal(file.unreadable_vnd, seen.bad[0].has_amount ? 0 : 1);
    }
}

static void an_overlong_line_is_one_bad_record(void **state)
{
    (void)state;
    static char rows[FILE_BYTES / 2];
    memset(rows, 'x', 20000);
    strcpy(rows + 20000, "\n" ROW_1);
    assert_int_equal(read_text(whole(rows, 2, 264000)), 0);
    assert_int_equal(seen.n_bad, 1);
    assert_int_equal(seen.bad[0].line, 2);
    assert_non_null(strstr(seen.bad[0].why, "longer than 1024 bytes"));
    assert_int_equal(seen.rows[0].line, 3);
}

/* --- floods ----------------------------------------------------------------------------------- */

static int read_flood(struct flood flood)
{
    memset(&seen, 0, sizeof(seen));
    return eod_read(flood_read, &flood, &visitor, &seen, &file, &err);
}

static void a_gigabyte_of_garbage_takes_no_memory(void **state)
{
    (void)state;
    unsigned long long bytes = getenv("ANSINH_LONG") == NULL ? FLOOD_BYTES / 16 : FLOOD_BYTES;
    static const char head[] = "H,1,VNPOST,2026-11-22,1,0,"
                               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
    assert_int_equal(read_flood((struct flood){"", "garbage", "", bytes, 0}), -EINVAL);
    assert_int_equal(read_flood((struct flood){head, "garbage", "\nT,1,0\n", bytes, 0}), -EINVAL);
    assert_non_null(strstr(err.text, "line 3: sha256"));
    assert_int_equal(seen.n_bad, 1);
    assert_int_equal(read_flood((struct flood){head, "\n", "", bytes, 0}), -EINVAL);
    assert_non_null(strstr(err.text, "line 3: there are more rows"));
    assert_in_range(peak_kib(), 1, MEMORY_MAX_KIB);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_file_is_read),
    cmocka_unit_test(the_documented_example_is_read),
    cmocka_unit_test(quotes_crlf_and_a_mark_are_taken),
    cmocka_unit_test(what_is_written_is_read),
    cmocka_unit_test(a_wrong_header_is_refused),
    cmocka_unit_test(the_visitor_may_refuse_the_head),
    cmocka_unit_test(the_visitor_may_stop_at_a_row),
    cmocka_unit_test(a_changed_row_is_refused),
    cmocka_unit_test(wrong_counts_and_sums_are_refused),
    cmocka_unit_test(every_truncation_is_refused),
    cmocka_unit_test(bad_records_are_told_with_line_and_reason),
    cmocka_unit_test(an_overlong_line_is_one_bad_record),
    cmocka_unit_test(a_gigabyte_of_garbage_takes_no_memory),
};

TEST_MAIN(tests)
