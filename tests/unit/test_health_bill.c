#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "services/payments/health_bill.h"
#include "tests/support/law.h"

static void assert_has(const char *text, const char *words)
{
    if (strstr(text, words) == NULL)
        fail_msg("%s is not in %s", words, text);
}

static struct citizen declared(const char *date, const char *card_until)
{
    int32_t day = day_of(date), last_day = card_until[0] == '\0' ? 0 : day_of(card_until);
    return (struct citizen){.version = 1,
                            .commune = 2647,
                            .language = 1,
                            .is_health = 1,
                            .enrolled_day = day,
                            .declared_day = day,
                            .changed_day = day,
                            .card = {last_day, last_day}};
}

static int bill(struct citizen *citizen, uint32_t months, uint32_t rank, const char *date,
                struct err *err)
{
    struct health_terms terms = {months, rank};
    struct citizen_bill made;
    int rc = health_bill_make(law, citizen, &terms, day_of(date), &made, err);
    if (rc < 0)
        return rc;
    citizen->bill = made;
    citizen->bill_number++;
    citizen->version++;
    return 0;
}

/* What is paid on a day: the card follows from it. */
static struct payment pay(struct citizen *citizen, const char *date)
{
    struct citizen before = *citizen, next;
    struct payment payment;
    assert_int_equal(health_bill_date(law, &before, day_of(date), &before.bill, NULL), 0);
    assert_int_equal(bill_settle(&before, day_of(date), 0, &next), 0);
    payment_of(&before, &next, day_of(date), 0, &payment);
    next.version++;
    *citizen = next;
    return payment;
}

static void expect_card(const struct health_card *card, const char *from, const char *to)
{
    char text[DATE_TEXT_BYTES];
    date_format(card->from_day, text);
    assert_string_equal(text, from);
    date_format(card->to_day, text);
    assert_string_equal(text, to);
}

static void expect_packs(const struct citizen *citizen)
{
    uint8_t packed[CITIZEN_PACKED_MAX_BYTES], again[CITIZEN_PACKED_MAX_BYTES];
    struct citizen read;
    size_t len = citizen_pack(citizen, packed);
    assert_int_equal(citizen_unpack(packed, len, &read), 0);
    assert_int_equal(citizen_pack(&read, again), len);
    assert_memory_equal(packed, again, len);
    assert_int_equal(read.is_health, citizen->is_health);
    assert_int_equal(read.card.from_day, citizen->card.from_day);
    assert_int_equal(read.card.to_day, citizen->card.to_day);
    assert_int_equal(read.bill.member_rank, citizen->bill.member_rank);
    assert_int_equal(read.bill.valid_until_day, citizen->bill.valid_until_day);
    assert_int_equal(read.paid_number, citizen->paid_number);
}

static void a_bill_is_what_the_member_owes(void **state)
{
    (void)state;
    static const struct {
        const char *date;
        uint32_t rank, months;
        int64_t vnd;
    } cases[] = {
        {"2026-08-10", 1, 12, 1366200}, {"2026-08-10", 2, 12, 956340},
        {"2026-08-10", 3, 12, 819720},  {"2026-08-10", 4, 12, 683100},
        {"2026-08-10", 5, 12, 546480},  {"2026-08-10", 9, 12, 546480},
        {"2026-08-10", 2, 3, 239085},   {"2026-06-30", 2, 12, 884520},
        {"2026-06-30", 1, 6, 631800},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct citizen citizen = declared("2026-01-01", "");
        struct err err = {0};
        if (bill(&citizen, cases[i].months, cases[i].rank, cases[i].date, &err) < 0)
            fail_msg("%s", err.text);
        assert_int_equal(citizen.bill.participant_vnd, cases[i].vnd);
        assert_int_equal(citizen.bill.central_vnd + citizen.bill.local_vnd + citizen.bill.donor_vnd,
                         0);
        assert_int_equal(citizen.bill.months, cases[i].months);
        assert_int_equal(citizen.bill.from_month, 0);
        expect_packs(&citizen);
    }
}

static void it_is_valid_until_the_month_ends_or_the_rules_change(void **state)
{
    (void)state;
    struct citizen citizen = declared("2026-01-01", "");
    struct health_terms terms = {12, 2}, other = {12, 1}, shorter = {6, 2}, any = {0, 0};
    char text[DATE_TEXT_BYTES];
    assert_int_equal(bill(&citizen, 12, 2, "2026-06-10", NULL), 0);
    date_format(citizen.bill.valid_until_day, text);
    assert_string_equal(text, "2026-06-30");
    assert_true(health_bill_is_current(law, &citizen, &terms, day_of("2026-06-30")));
    assert_true(health_bill_is_current(law, &citizen, &any, day_of("2026-06-01")));
    assert_false(health_bill_is_current(law, &citizen, &terms, day_of("2026-07-01")));
    assert_false(health_bill_is_current(law, &citizen, &terms, day_of("2026-05-31")));
    assert_false(health_bill_is_current(law, &citizen, &other, day_of("2026-06-10")));
    assert_false(health_bill_is_current(law, &citizen, &shorter, day_of("2026-06-10")));
    assert_int_equal(bill_judge(law, &citizen, 1, day_of("2026-06-30")), BILL_PAYABLE);
    assert_int_equal(bill_judge(law, &citizen, 1, day_of("2026-07-01")), BILL_EXPIRED);
    assert_int_equal(bill_judge(law, &citizen, 1, day_of("2026-05-31")), BILL_EARLY);
}

static void what_is_left_out_is_as_in_the_open_bill(void **state)
{
    (void)state;
    struct citizen citizen = declared("2026-01-01", "");
    struct err err = {0};
    assert_int_equal(bill(&citizen, 0, 0, "2026-06-10", &err), -EINVAL);
    assert_int_equal(bill(&citizen, 12, 2, "2026-06-10", NULL), 0);
    assert_int_equal(bill(&citizen, 6, 0, "2026-06-10", NULL), 0);
    assert_int_equal(citizen.bill.months, 6);
    assert_int_equal(citizen.bill.member_rank, 2);
    assert_int_equal(bill(&citizen, 0, 3, "2026-06-10", NULL), 0);
    assert_int_equal(citizen.bill.months, 6);
    assert_int_equal(citizen.bill.member_rank, 3);
    assert_int_equal(bill(&citizen, 0, 0, "2026-08-10", NULL), 0); /* that one has expired */
    assert_int_equal(citizen.bill.months, 6);
    assert_int_equal(citizen.bill.member_rank, 3);
    (void)pay(&citizen, "2026-08-10");
    assert_int_equal(bill(&citizen, 0, 0, "2026-08-10", &err), -EPERM);
    assert_has(err.text, "2026-09-09 to 2027-03-08 is paid");
}

/* A first card waits 30 days (the switch is on), one bought in time follows the card before. */
static void the_card_follows_from_the_day_of_payment(void **state)
{
    (void)state;
    static const struct {
        const char *before, *paid, *from, *to;
        uint32_t months;
    } cases[] = {
        {"", "2026-08-10", "2026-09-09", "2027-09-08", 12},
        {"2026-08-31", "2026-08-10", "2026-09-01", "2027-08-31", 12},
        {"2026-08-09", "2026-08-10", "2026-08-10", "2026-11-09", 3},
        {"2026-05-13", "2026-08-10", "2026-08-10", "2027-02-09", 6}, /* 88 days without */
        {"2026-05-11", "2026-08-10", "2026-09-09", "2026-12-08", 3}, /* 90: waits */
        {"2026-11-30", "2026-08-10", "2026-12-01", "2027-02-28", 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct citizen citizen = declared("2026-01-01", cases[i].before);
        assert_int_equal(bill(&citizen, cases[i].months, 1, cases[i].paid, NULL), 0);
        expect_card(&citizen.bill.card, cases[i].from, cases[i].to);
        (void)pay(&citizen, cases[i].paid);
        expect_card(&citizen.card, cases[i].from, cases[i].to);
        expect_packs(&citizen);
    }
    struct citizen citizen = declared("2026-01-01", "2026-08-09");
    assert_int_equal(bill(&citizen, 3, 1, "2026-08-10", NULL), 0);
    (void)pay(&citizen, "2026-08-20");
    expect_card(&citizen.card, "2026-08-20", "2026-11-19");
}

static void no_day_is_paid_twice_and_one_card_is_bought_ahead(void **state)
{
    (void)state;
    struct citizen citizen = declared("2026-01-01", "2026-08-31");
    struct err err = {0};
    assert_int_equal(bill(&citizen, 3, 1, "2026-08-10", NULL), 0);
    (void)pay(&citizen, "2026-08-10");
    assert_int_equal(bill_judge(law, &citizen, 1, day_of("2026-08-10")), BILL_PAID);
    assert_int_equal(bill(&citizen, 3, 1, "2026-08-31", &err), -EPERM);
    assert_string_equal(err.field, "on");
    assert_has(err.text, "2026-09-01 to 2026-11-30 is paid");
    assert_int_equal(bill(&citizen, 3, 1, "2026-09-01", NULL), 0);
    (void)pay(&citizen, "2026-09-01");
    expect_card(&citizen.card, "2026-12-01", "2027-02-28");
    struct citizen before = citizen, next;
    before.bill = (struct citizen_bill){.months = 3, .card = citizen.card};
    assert_int_equal(bill_settle(&before, day_of("2026-09-01"), 0, &next), -EEXIST);
}

static void what_is_taken_back_leaves_the_card_before(void **state)
{
    (void)state;
    struct citizen citizen = declared("2026-01-01", "2026-08-31"), next;
    struct err err = {0};
    assert_int_equal(bill(&citizen, 3, 2, "2026-08-10", NULL), 0);
    struct payment first = pay(&citizen, "2026-08-10");
    assert_int_equal(first.is_first, 0);
    assert_int_equal(citizen.has_paid, 0);
    assert_int_equal(bill(&citizen, 6, 2, "2026-09-01", NULL), 0);
    struct payment second = pay(&citizen, "2026-09-01");
    assert_int_equal(bill_unsettle(&citizen, &first, &next, &err), -EPERM);
    assert_string_equal(err.field, "payment_id");
    assert_int_equal(bill_unsettle(&citizen, &second, &next, NULL), 0);
    expect_card(&next.card, "2026-09-01", "2026-11-30");
    citizen = next;
    assert_int_equal(bill_unsettle(&citizen, &second, &next, NULL), -EPERM);
    assert_int_equal(bill_unsettle(&citizen, &first, &next, NULL), 0);
    expect_card(&next.card, "2026-08-31", "2026-08-31");
    assert_int_equal(next.paid_number, 0);
    assert_int_equal(bill_judge(law, &next, 2, day_of("2026-09-01")), BILL_REPLACED);
    expect_packs(&next);
}

static void a_payment_of_the_other_product_is_none_of_this_record(void **state)
{
    (void)state;
    struct citizen citizen = declared("2026-01-01", "2026-08-31"), next;
    assert_int_equal(bill(&citizen, 3, 2, "2026-08-10", NULL), 0);
    struct payment payment = pay(&citizen, "2026-08-10");
    payment.is_health = 0;
    assert_int_equal(bill_unsettle(&citizen, &payment, &next, NULL), -EPERM);
}

static void what_cannot_be_billed_is_said(void **state)
{
    (void)state;
    static const struct {
        uint32_t months, rank;
        const char *date, *field, *words;
    } cases[] = {
        {4, 1, "2026-08-10", "months", "want one of 3, 6, 12"},
        {0, 1, "2026-08-10", "months", "want one of 3, 6, 12"},
        {12, 0, "2026-08-10", "member_rank", "from 1 to 99"},
        {12, 100, "2026-08-10", "member_rank", "from 1 to 99"},
        {12, 1, "2025-12-31", "on", "before"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct citizen citizen = declared("2026-01-01", "");
        struct err err = {0};
        assert_true(bill(&citizen, cases[i].months, cases[i].rank, cases[i].date, &err) < 0);
        assert_string_equal(err.field, cases[i].field);
        assert_has(err.text, cases[i].words);
        assert_int_equal(citizen.bill_number, 0);
    }
}

static const struct CMUnitTest tests[] = {
    WITH_LAW(a_bill_is_what_the_member_owes),
    WITH_LAW(it_is_valid_until_the_month_ends_or_the_rules_change),
    WITH_LAW(what_is_left_out_is_as_in_the_open_bill),
    WITH_LAW(the_card_follows_from_the_day_of_payment),
    WITH_LAW(no_day_is_paid_twice_and_one_card_is_bought_ahead),
    WITH_LAW(what_is_taken_back_leaves_the_card_before),
    WITH_LAW(a_payment_of_the_other_product_is_none_of_this_record),
    WITH_LAW(what_cannot_be_billed_is_said),
};

TEST_MAIN(tests)
