#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "common/settle/bank.h"

#define DAY (date_make(2026, 11, 22))
#define OURS "VNPOST-20261122"

static struct bank *bank;
static struct bank_result result;

static int is_partner(void *arg, const char *code)
{
    (void)arg;
    return strcmp(code, "VNPOST") == 0 || strcmp(code, "VTPOST") == 0;
}

static int open_bank(void **state)
{
    (void)state;
    bank = bank_create("VNPOST", DAY, is_partner, NULL);
    return 0;
}

static int close_bank(void **state)
{
    (void)state;
    bank_destroy(&bank);
    return 0;
}

/* A booked credit; each with a bank reference of its own. */
static struct camt_entry credit(int64_t amount_vnd, const char *reference)
{
    static char references[64][16];
    static unsigned n;
    char *bank_reference = references[n % ARRAY_LEN(references)];
    (void)snprintf(bank_reference, sizeof(references[0]), "FT%u", n++);
    return (struct camt_entry){.account = "0123456789",
                               .statement_id = "S",
                               .amount_vnd = amount_vnd,
                               .is_credit = 1,
                               .status = CAMT_BOOKED,
                               .booked_day = DAY + 1,
                               .entry_reference = "",
                               .bank_reference = bank_reference,
                               .end_to_end_id = "",
                               .reference = reference,
                               .text = ""};
}

static enum bank_class class_of(struct camt_entry entry)
{
    struct bank_line line;
    assert_int_equal(bank_entry(bank, &entry), 0);
    bank_line(bank, bank_count(bank) - 1, &line);
    return line.class;
}

static enum remittance_state settle(int64_t due_vnd)
{
    bank_settle(bank, due_vnd, &result);
    return result.state;
}

static void the_reference_is_looked_for_in_three_places(void **state)
{
    (void)state;
    struct camt_entry entry = credit(1, OURS);
    assert_int_equal(class_of(entry), BANK_REMITTANCE);
    entry = credit(1, "");
    entry.end_to_end_id = OURS;
    assert_int_equal(class_of(entry), BANK_REMITTANCE);
    entry = credit(1, "");
    entry.text = "NOP TIEN (" OURS "), lan 2";
    assert_int_equal(class_of(entry), BANK_REMITTANCE);
    entry = credit(1, "RF18539007547034");
    entry.end_to_end_id = "NOTPROVIDED";
    entry.text = OURS "X";
    assert_int_equal(class_of(entry), BANK_UNKNOWN);
}

static void other_partners_and_days_are_others(void **state)
{
    (void)state;
    assert_int_equal(class_of(credit(1, "VTPOST-20261122")), BANK_OTHER);
    assert_int_equal(class_of(credit(1, "VNPOST-20261121")), BANK_OTHER);
    assert_int_equal(class_of(credit(1, "NOBODY-20261122")), BANK_UNKNOWN);
}

static void the_remittance_may_be_whole_partial_missing_or_too_much(void **state)
{
    (void)state;
    assert_int_equal(settle(0), REMITTANCE_MATCHED);
    assert_int_equal(settle(100), REMITTANCE_MISSING);
    (void)class_of(credit(60, OURS));
    assert_int_equal(settle(100), REMITTANCE_PARTIAL);
    assert_int_equal(result.received_vnd, 60);
    (void)class_of(credit(40, OURS));
    assert_int_equal(settle(100), REMITTANCE_MATCHED);
    assert_int_equal(settle(99), REMITTANCE_OVER);
}

static void a_reversal_takes_a_remittance_back(void **state)
{
    (void)state;
    (void)class_of(credit(100, OURS));
    struct camt_entry back = credit(100, OURS);
    back.is_credit = 0;
    assert_int_equal(class_of(back), BANK_DEBIT);
    back = credit(100, OURS);
    back.is_credit = 0;
    back.is_reversal = 1;
    assert_int_equal(class_of(back), BANK_REMITTANCE);
    assert_int_equal(settle(100), REMITTANCE_MISSING);
    assert_int_equal(result.received_vnd, 0);
}

static void what_is_not_booked_does_not_count_and_may_come_again(void **state)
{
    (void)state;
    struct camt_entry entry = credit(100, OURS);
    entry.status = CAMT_NOT_BOOKED;
    assert_int_equal(class_of(entry), BANK_NOT_BOOKED);
    assert_int_equal(settle(100), REMITTANCE_MISSING);
    entry.status = CAMT_BOOKED;
    assert_int_equal(class_of(entry), BANK_REMITTANCE);
    assert_int_equal(class_of(entry), BANK_DUPLICATE);
    assert_int_equal(settle(100), REMITTANCE_MATCHED);
}

/* A notification during the day, and the statement at its end. */
static void the_same_transaction_in_two_statements_counts_once(void **state)
{
    (void)state;
    struct camt_entry entry = credit(100, OURS);
    assert_int_equal(class_of(entry), BANK_REMITTANCE);
    entry.statement_id = "T";
    entry.entry_i = 7;
    assert_int_equal(class_of(entry), BANK_DUPLICATE);
    entry.transaction_i = 1;
    assert_int_equal(class_of(entry), BANK_REMITTANCE);
    /* without a reference of the bank its place in the statement is all there is */
    entry.bank_reference = "";
    assert_int_equal(class_of(entry), BANK_REMITTANCE);
    assert_int_equal(class_of(entry), BANK_DUPLICATE);
    entry.entry_i = 8;
    assert_int_equal(class_of(entry), BANK_REMITTANCE);
}

static void suspense_has_an_age(void **state)
{
    (void)state;
    static const int ages[] = {0, 1, 2, 3, 4, 7, 8, 30, 31, 400};
    for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
        struct camt_entry entry = credit(1, "");
        entry.booked_day = DAY + 1 - ages[i];
        assert_int_equal(class_of(entry), BANK_UNKNOWN);
    }
    (void)settle(0);
    assert_int_equal(result.as_of_day, DAY + 1);
    for (size_t i = 0; i < BANK_AGES; i++)
        assert_int_equal(result.ages[i].n, 2);
    assert_int_equal(result.sums[BANK_UNKNOWN].vnd, 10);
    struct bank_line line;
    bank_line(bank, 9, &line);
    assert_int_equal(line.age_days, 400);
}

static struct bank_line line_at(size_t i)
{
    struct bank_line line;
    bank_line(bank, i, &line);
    return line;
}

/* Every booked transaction once, in its direction, to whom it belongs. */
static void what_moved_money_is_due_to_be_posted(void **state)
{
    (void)state;
    struct camt_entry out = credit(5, ""), back = credit(7, "VTPOST-20261122");
    struct camt_entry later = credit(9, OURS), undated = credit(11, "");
    out.is_credit = back.is_credit = 0;
    back.is_reversal = 1;
    later.status = CAMT_NOT_BOOKED;
    undated.booked_day = 0;
    undated.text = "Nộp tiền không rõ";
    (void)class_of(out);
    (void)class_of(back);
    (void)class_of(back);
    (void)class_of(later);
    (void)class_of(credit(0, OURS));
    (void)class_of(undated);
    assert_int_equal(line_at(0).posting, POSTING_DUE);
    assert_int_equal(line_at(0).amount_vnd, -5);
    assert_int_equal(line_at(0).suspense_vnd, -5);
    assert_string_equal(line_at(0).organisation, "");
    assert_string_equal(line_at(0).books_reference, line_at(0).bank_reference);
    assert_int_equal(line_at(1).posting, POSTING_DUE);
    assert_int_equal(line_at(1).amount_vnd, -7);
    assert_int_equal(line_at(1).suspense_vnd, 0);
    assert_string_equal(line_at(1).organisation, "VTPOST");
    assert_string_equal(line_at(1).books_reference, "VTPOST-20261122");
    for (size_t i = 2; i < 5; i++)
        assert_int_equal(line_at(i).posting, POSTING_NONE);
    assert_int_equal(line_at(5).posting, POSTING_REFUSED);
    assert_non_null(strstr(line_at(5).note, "BookgDt"));
    (void)settle(0);
    assert_int_equal(result.suspense.n, 2);
    assert_int_equal(result.suspense.vnd, 6);
}

static struct bank_posted posted_of(const struct bank_line *line)
{
    return (struct bank_posted){.account = line->account,
                                .statement_id = line->statement_id,
                                .entry_ref = line->entry_ref,
                                .reference = "R",
                                .organisation = line->organisation,
                                .suspense_vnd = line->suspense_vnd,
                                .booked_day = line->booked_day};
}

static void what_the_ledger_has_is_not_posted_again(void **state)
{
    (void)state;
    struct camt_entry place = credit(8, "");
    place.bank_reference = "";
    (void)class_of(credit(5, ""));
    (void)class_of(place);
    struct bank_line first = line_at(0), second = line_at(1);
    assert_string_equal(first.statement_id, "-");
    assert_string_equal(second.statement_id, "S");
    assert_int_equal(strlen(first.entry_ref), 32);
    struct bank_posted posted = posted_of(&first);
    posted.suspense_vnd = 2; /* 3 were moved */
    posted.account = "9";
    assert_int_equal(bank_posted(bank, &posted), 0);
    assert_int_equal(line_at(0).posting, POSTING_DUE);
    posted.account = first.account;
    assert_int_equal(bank_posted(bank, &posted), 0);
    assert_int_equal(line_at(0).posting, POSTING_DONE);
    assert_int_equal(line_at(0).suspense_vnd, 2);
    assert_int_equal(line_at(1).posting, POSTING_DUE);
    assert_int_equal(bank_line_refused(bank, 1, "why"), 0);
    assert_string_equal(line_at(1).note, "why");
    assert_int_equal(bank_count(bank), 2);
    (void)settle(0);
    assert_int_equal(result.sums[BANK_UNKNOWN].vnd, 13);
    assert_int_equal(result.suspense.vnd, 10);
}

static void what_earlier_statements_left_is_in_suspense(void **state)
{
    (void)state;
    static const struct {
        const char *account, *entry_ref;
        int64_t vnd;
        int days_ago;
    } entries[] = {{"0123456789", "b", 20, 40}, {"0123456789", "a", 10, 40},
                   {"0123456789", "c", 0, 2},   {"0123456789", "d", 40, -1},
                   {"77", "e", 80, 2},          {"0123456789", "f", -3, 1}};
    (void)class_of(credit(1, ""));
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        struct bank_posted posted = {
            entries[i].account,           "M", entries[i].entry_ref, "X", "", entries[i].vnd,
            DAY + 1 - entries[i].days_ago};
        assert_int_equal(bank_posted(bank, &posted), 0);
    }
    (void)settle(0);
    assert_int_equal(bank_count(bank), 4);
    assert_string_equal(line_at(1).entry_ref, "a");
    assert_string_equal(line_at(2).entry_ref, "b");
    assert_string_equal(line_at(3).entry_ref, "f");
    assert_int_equal(line_at(1).class, BANK_EARLIER);
    assert_int_equal(line_at(1).age_days, 40);
    assert_int_equal(result.sums[BANK_EARLIER].n, 3);
    assert_int_equal(result.suspense.vnd, 28);
    assert_int_equal(result.ages[BANK_AGES - 1].vnd, 30);
    assert_int_equal(result.ages[0].vnd, -2);
    assert_int_equal(result.state, REMITTANCE_MATCHED);
}

static void sums_add_up_to_all_entries(void **state)
{
    (void)state;
    struct camt_entry out = credit(5, "");
    out.is_credit = 0;
    (void)class_of(credit(100, OURS));
    (void)class_of(credit(10, ""));
    (void)class_of(out);
    (void)settle(0);
    int64_t vnd = 0;
    uint32_t n = 0;
    for (int i = 0; i < BANK_CLASSES; i++) {
        vnd += result.sums[i].vnd;
        n += result.sums[i].n;
    }
    assert_int_equal(n, 3);
    assert_int_equal(vnd, 105);
}

static void more_than_can_be_counted_is_refused(void **state)
{
    (void)state;
    struct camt_entry entry = credit(CAMT_AMOUNT_MAX_VND, "");
    int rc = 0;
    for (unsigned i = 0; i < 20 && rc == 0; i++) {
        entry.transaction_i = i;
        rc = bank_entry(bank, &entry);
    }
    assert_int_equal(rc, -ENOSPC);
    assert_int_equal(bank_count(bank), 9);
}

#define BANK_TEST(name) cmocka_unit_test_setup_teardown(name, open_bank, close_bank)

static const struct CMUnitTest tests[] = {
    BANK_TEST(the_reference_is_looked_for_in_three_places),
    BANK_TEST(other_partners_and_days_are_others),
    BANK_TEST(the_remittance_may_be_whole_partial_missing_or_too_much),
    BANK_TEST(a_reversal_takes_a_remittance_back),
    BANK_TEST(what_is_not_booked_does_not_count_and_may_come_again),
    BANK_TEST(the_same_transaction_in_two_statements_counts_once),
    BANK_TEST(suspense_has_an_age),
    BANK_TEST(what_moved_money_is_due_to_be_posted),
    BANK_TEST(what_the_ledger_has_is_not_posted_again),
    BANK_TEST(what_earlier_statements_left_is_in_suspense),
    BANK_TEST(sums_add_up_to_all_entries),
    BANK_TEST(more_than_can_be_counted_is_refused),
};

TEST_MAIN(tests)
