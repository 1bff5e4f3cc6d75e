#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "common/settle/match.h"
#include "tests/support/eod_day.h"

#define DAY (date_make(2026, 11, 22))

static struct match *match;

static int open_match(void **state)
{
    (void)state;
    match = match_create(DAY);
    return 0;
}

static int close_match(void **state)
{
    (void)state;
    match_destroy(&match);
    return 0;
}

static struct eod_row row_of(const char *id)
{
    return (struct eod_row){.line = 2,
                            .transaction_id = id,
                            .payment_id = "",
                            .bill_id = "B-1",
                            .bill_version = 1,
                            .amount_vnd = 264000,
                            .status = EOD_PAID,
                            .business_day = DAY,
                            .point = "P1",
                            .collector = "C1",
                            .channel = EOD_CASH,
                            .fee_vnd = 100};
}

static struct match_payment payment_of(const char *id)
{
    return (struct match_payment){.transaction_id = id,
                                  .payment_id = "p0001-1-1",
                                  .amount_vnd = 264000,
                                  .status = EOD_PAID,
                                  .business_day = DAY,
                                  .fee_vnd = 100};
}

static void add_row(struct eod_row row)
{
    assert_int_equal(match_row(match, &row), 0);
}

static void add_payment(struct match_payment payment)
{
    assert_int_equal(match_payment(match, &payment), 0);
}

static struct match_line line_of(size_t i)
{
    struct match_line line;
    match_line(match, i, &line);
    return line;
}

/* A row and a payment of one id: the class that they get. */
static enum match_class pair(struct eod_row row, struct match_payment payment)
{
    add_row(row);
    add_payment(payment);
    match_settle(match);
    return line_of(0).class;
}

#define WITH(type, make, change)                                                                   \
    __extension__({                                                                                \
        struct type changed = make;                                                                \
        changed.change;                                                                            \
        changed;                                                                                   \
    })
#define ROW(change) WITH(eod_row, row_of("A"), change)
#define PAYMENT(change) WITH(match_payment, payment_of("A"), change)

/* --- each class ------------------------------------------------------------------------------- */

static void what_agrees_is_matched(void **state)
{
    (void)state;
    assert_int_equal(pair(row_of("A"), payment_of("A")), MATCH_MATCHED);
    struct match_line line = line_of(0);
    assert_true(line.has_row && line.has_payment);
    assert_string_equal(line.row.transaction_id, "A");
    assert_string_equal(line.row.bill_id, "B-1");
    assert_string_equal(line.row.point, "P1");
    assert_string_equal(line.row.collector, "C1");
    assert_string_equal(line.payment_id, "p0001-1-1");
    assert_int_equal(match_due_vnd(match), 264000);
}

static void what_the_file_lacks_is_missing_at_partner(void **state)
{
    (void)state;
    assert_int_equal(pair(row_of("A"), payment_of("B")), MATCH_MISSING_AT_US);
    assert_int_equal(line_of(1).class, MATCH_MISSING_AT_PARTNER);
    assert_false(line_of(1).has_row);
    assert_string_equal(line_of(1).row.transaction_id, "B");
}

static void what_the_ledger_lacks_is_missing_at_us(void **state)
{
    (void)state;
    add_row(row_of("A"));
    add_row(WITH(eod_row, row_of("B"), status = EOD_REVERSED));
    add_row(row_of("C"));
    match_settle(match);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(line_of(i).class, MATCH_MISSING_AT_US);
    assert_int_equal(line_of(0).posting, POSTING_DUE);
    assert_int_equal(line_of(1).posting, POSTING_NONE);
    assert_non_null(strstr(line_of(1).note, "nothing to post"));
    assert_int_equal(match_due_vnd(match), 0);
    assert_int_equal(match_posted(match, 0, "p0007-1-3"), 0);
    assert_int_equal(match_refused(match, 2, "the bill is paid"), 0);
    assert_int_equal(line_of(0).posting, POSTING_DONE);
    assert_string_equal(line_of(0).payment_id, "p0007-1-3");
    assert_int_equal(line_of(0).our_amount_vnd, 264000);
    assert_int_equal(line_of(2).posting, POSTING_REFUSED);
    assert_string_equal(line_of(2).note, "the bill is paid");
    assert_int_equal(match_due_vnd(match), 264000);
}

/* A rerun after the posting says what the first run said. */
static void what_was_posted_from_the_file_stays_missing_at_us(void **state)
{
    (void)state;
    add_row(row_of("A"));
    match_settle(match);
    assert_int_equal(match_posted(match, 0, "p0001-1-1"), 0);
    struct match_line first = line_of(0);
    struct match *other = match;
    match = match_create(DAY);
    assert_int_equal(pair(row_of("A"), WITH(match_payment, payment_of("A"), is_from_this_file = 1)),
                     MATCH_MISSING_AT_US);
    struct match_line second = line_of(0);
    assert_int_equal(second.posting, first.posting);
    assert_int_equal(second.differs, first.differs);
    assert_int_equal(second.our_fee_vnd, first.our_fee_vnd);
    assert_int_equal(second.our_amount_vnd, first.our_amount_vnd);
    assert_int_equal(second.our_status, first.our_status);
    assert_int_equal(second.our_business_day, first.our_business_day);
    match_destroy(&other);
}

static void a_fee_of_what_was_posted_is_not_compared(void **state)
{
    (void)state;
    struct match_payment payment = PAYMENT(is_from_this_file = 1);
    payment.fee_vnd = 7;
    assert_int_equal(pair(row_of("A"), payment), MATCH_MISSING_AT_US);
    assert_int_equal(line_of(0).differs, 0);
}

static void a_reversal_of_what_was_posted_is_seen(void **state)
{
    (void)state;
    struct match_payment payment = PAYMENT(is_from_this_file = 1);
    payment.status = EOD_REVERSED;
    assert_int_equal(pair(row_of("A"), payment), MATCH_STATUS_DIFFERS);
}

static void what_is_noted_of_a_payment_stands_in_its_line(void **state)
{
    (void)state;
    struct match_payment payment = PAYMENT(note = "refunded");
    assert_int_equal(pair(row_of("A"), payment), MATCH_MATCHED);
    assert_string_equal(line_of(0).note, "refunded");
    assert_int_equal(match_due_vnd(match), 264000);
    payment.transaction_id = "B"; /* without a row */
    add_payment(payment);
    assert_string_equal(line_of(1).note, "refunded");
}

static void amounts_differ(void **state)
{
    (void)state;
    assert_int_equal(pair(ROW(amount_vnd = 264001), payment_of("A")), MATCH_AMOUNT_DIFFERS);
    assert_int_equal(line_of(0).differs, DIFFERS_AMOUNT);
    assert_int_equal(line_of(0).our_amount_vnd, 264000);
}

static void statuses_differ(void **state)
{
    (void)state;
    assert_int_equal(pair(row_of("A"), PAYMENT(status = EOD_REVERSED)), MATCH_STATUS_DIFFERS);
    assert_int_equal(match_due_vnd(match), 0);
}

static void fees_differ(void **state)
{
    (void)state;
    assert_int_equal(pair(ROW(fee_vnd = 101), payment_of("A")), MATCH_FEE_DIFFERS);
}

static void a_fee_that_nobody_agreed_on_is_not_compared(void **state)
{
    (void)state;
    assert_int_equal(pair(row_of("A"), PAYMENT(fee_vnd = -1)), MATCH_MATCHED);
}

static void business_dates_differ(void **state)
{
    (void)state;
    assert_int_equal(pair(ROW(business_day = DAY + 1), payment_of("A")), MATCH_OTHER_BUSINESS_DATE);
}

static void a_payment_of_another_date_is_found(void **state)
{
    (void)state;
    assert_int_equal(pair(row_of("A"), PAYMENT(business_day = DAY - 1)), MATCH_OTHER_BUSINESS_DATE);
    assert_int_equal(line_of(0).our_business_day, DAY - 1);
    assert_int_equal(match_due_vnd(match), 0);
}

static void a_row_of_another_date_is_not_posted(void **state)
{
    (void)state;
    add_row(ROW(business_day = DAY + 1));
    match_settle(match);
    assert_int_equal(line_of(0).class, MATCH_OTHER_BUSINESS_DATE);
    assert_int_equal(line_of(0).posting, POSTING_NONE);
}

/* The same other date on both sides is still not that of the file. */
static void both_of_another_date_are_of_another_date(void **state)
{
    (void)state;
    assert_int_equal(pair(ROW(business_day = DAY + 1), PAYMENT(business_day = DAY + 1)),
                     MATCH_OTHER_BUSINESS_DATE);
}

static void payments_of_other_dates_without_a_row_are_left_out(void **state)
{
    (void)state;
    assert_int_equal(pair(row_of("A"), payment_of("A")), MATCH_MATCHED);
    add_payment(WITH(match_payment, payment_of("B"), business_day = DAY - 1));
    assert_int_equal(match_count(match), 1);
}

static void a_repeated_id_is_a_duplicate(void **state)
{
    (void)state;
    add_row(row_of("A"));
    add_row(ROW(amount_vnd = 1));
    add_row(row_of("A"));
    add_payment(payment_of("A"));
    add_payment(payment_of("A"));
    match_settle(match);
    assert_int_equal(line_of(0).class, MATCH_MATCHED);
    assert_int_equal(line_of(1).class, MATCH_DUPLICATE);
    assert_int_equal(line_of(2).class, MATCH_DUPLICATE);
    assert_int_equal(line_of(3).class, MATCH_DUPLICATE);
    assert_false(line_of(3).has_row);
}

static void a_bad_record_is_kept(void **state)
{
    (void)state;
    struct eod_bad bad = {.line = 9, .transaction_id = "A", .why = "channel", .amount_vnd = 5};
    assert_int_equal(match_bad(match, &bad), 0);
    bad.transaction_id = "";
    assert_int_equal(match_bad(match, &bad), 0);
    add_payment(payment_of("A"));
    match_settle(match);
    assert_int_equal(line_of(0).class, MATCH_BAD_RECORD);
    assert_int_equal(line_of(0).row.line, 9);
    assert_string_equal(line_of(0).note, "channel");
    assert_string_equal(line_of(0).row.transaction_id, "A");
    assert_string_equal(line_of(0).row.point, "");
    assert_int_equal(line_of(2).class, MATCH_MISSING_AT_PARTNER);
}

static void the_first_of_several_differences_is_the_class(void **state)
{
    (void)state;
    struct eod_row row = ROW(amount_vnd = 1);
    row.status = EOD_REVERSED;
    row.fee_vnd = 0;
    assert_int_equal(pair(row, payment_of("A")), MATCH_AMOUNT_DIFFERS);
    assert_int_equal(line_of(0).differs, DIFFERS_AMOUNT | DIFFERS_STATUS | DIFFERS_FEE);
}

static void sums_add_up_to_what_was_given(void **state)
{
    (void)state;
    struct match_sum sums[MATCH_CLASSES];
    struct eod_bad bad = {.line = 4, .transaction_id = "", .why = "x", .amount_vnd = 5};
    add_row(row_of("A"));
    add_row(ROW(amount_vnd = 1));
    add_row(row_of("B"));
    assert_int_equal(match_bad(match, &bad), 0);
    add_payment(payment_of("A"));
    add_payment(payment_of("C"));
    match_settle(match);
    match_sums(match, sums);
    int64_t rows_vnd = 0, payments_vnd = 0;
    uint32_t n_rows = 0, n_payments = 0, n = 0;
    for (int i = 0; i < MATCH_CLASSES; i++) {
        rows_vnd += sums[i].rows_vnd;
        payments_vnd += sums[i].payments_vnd;
        n_rows += sums[i].n_rows;
        n_payments += sums[i].n_payments;
        n += sums[i].n;
    }
    assert_int_equal(n, 5);
    assert_int_equal(n_rows, 4);
    assert_int_equal(n_payments, 2);
    assert_int_equal(rows_vnd, 264000 + 1 + 264000 + 5);
    assert_int_equal(payments_vnd, 2 * 264000);
    assert_int_equal(sums[MATCH_BAD_RECORD].rows_vnd, 5);
}

/* --- a whole day ------------------------------------------------------------------------------ */

/* What a line must be, by its transaction id; -1: it must not be there. */
static enum match_class planted(const struct eod_day *day, const char *id, unsigned nth)
{
    unsigned i = (unsigned)strtoul(id + 4, NULL, 10);
    enum match_class class = eod_day_class(day, i);
    return class == MATCH_DUPLICATE && nth == 0 ? MATCH_MATCHED : class;
}

static void check_day(const struct eod_day *day)
{
    unsigned char *seen = calloc(day->n, 1);
    unsigned n_planted[MATCH_CLASSES] = {0}, n_found[MATCH_CLASSES] = {0};
    assert_non_null(seen);
    for (unsigned i = 0; i < day->n; i++)
        n_planted[eod_day_class(day, i)]++;
    for (size_t i = 0; i < match_count(match); i++) {
        struct match_line line = line_of(i);
        unsigned payment = (unsigned)strtoul(line.row.transaction_id + 4, NULL, 10);
        assert_in_range(payment, 0, day->n - 1);
        assert_int_equal(line.class, planted(day, line.row.transaction_id, seen[payment]));
        seen[payment]++;
        n_found[line.class]++;
    }
    for (unsigned i = 0; i < day->n; i++)
        assert_int_equal(seen[i], eod_day_class(day, i) == MATCH_DUPLICATE ? 2 : 1);
    n_planted[MATCH_MATCHED] += n_planted[MATCH_DUPLICATE];
    assert_memory_equal(n_found, n_planted, sizeof(n_found));
    for (int class = 0; class < MATCH_CLASSES; class ++)
        assert_true(n_found[class] > 0);
    free(seen);
}

static void each_planted_difference_is_found_and_nothing_else(void **state)
{
    (void)state;
    struct eod_day day = {.n = getenv("ANSINH_LONG") == NULL ? 20000 : 200000,
                          .seed = 7,
                          .planted_every = 100,
                          .business_day = DAY};
    struct eod_file file;
    struct err err = {0};
    FILE *stream = tmpfile();
    assert_non_null(stream);
    assert_int_equal(eod_day_write(&day, stream), 0);
    rewind(stream);
    int rc = eod_day_match(stream, match, &file, &err);
    if (rc < 0)
        print_error("%s\n", err.text);
    assert_int_equal(rc, 0);
    assert_int_equal(fclose(stream), 0);
    for (unsigned i = day.n; i-- > 0;) {
        struct match_payment payment;
        if (eod_day_payment(&day, i, &payment))
            add_payment(payment);
    }
    match_settle(match);
    check_day(&day);
}

#define MATCH_TEST(name) cmocka_unit_test_setup_teardown(name, open_match, close_match)

static const struct CMUnitTest tests[] = {
    MATCH_TEST(what_agrees_is_matched),
    MATCH_TEST(what_the_file_lacks_is_missing_at_partner),
    MATCH_TEST(what_the_ledger_lacks_is_missing_at_us),
    MATCH_TEST(what_was_posted_from_the_file_stays_missing_at_us),
    MATCH_TEST(a_fee_of_what_was_posted_is_not_compared),
    MATCH_TEST(a_reversal_of_what_was_posted_is_seen),
    MATCH_TEST(what_is_noted_of_a_payment_stands_in_its_line),
    MATCH_TEST(amounts_differ),
    MATCH_TEST(statuses_differ),
    MATCH_TEST(fees_differ),
    MATCH_TEST(a_fee_that_nobody_agreed_on_is_not_compared),
    MATCH_TEST(business_dates_differ),
    MATCH_TEST(a_payment_of_another_date_is_found),
    MATCH_TEST(a_row_of_another_date_is_not_posted),
    MATCH_TEST(both_of_another_date_are_of_another_date),
    MATCH_TEST(payments_of_other_dates_without_a_row_are_left_out),
    MATCH_TEST(a_repeated_id_is_a_duplicate),
    MATCH_TEST(a_bad_record_is_kept),
    MATCH_TEST(the_first_of_several_differences_is_the_class),
    MATCH_TEST(sums_add_up_to_what_was_given),
    MATCH_TEST(each_planted_difference_is_found_and_nothing_else),
};

TEST_MAIN(tests)
