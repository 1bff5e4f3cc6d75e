#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/redress.h"
#include "services/payments/payments_rules.h"
#include "tests/support/law.h"

#define LIVES 3000
#define STEPS 24

static const struct bill_place nowhere;

static struct citizen somebody(const char *enrolled_on)
{
    return (struct citizen){.version = 1,
                            .commune = 2647,
                            .support_group = GROUP_OTHER,
                            .method = METHOD_IS_MONTHLY,
                            .income_vnd = 1500000,
                            .enrolled_day = day_of(enrolled_on),
                            .declared_day = day_of(enrolled_on),
                            .changed_day = day_of(enrolled_on)};
}

static int bill(struct citizen *citizen, int32_t day)
{
    struct citizen_bill made;
    if (bill_make(law, citizen, &nowhere, day, &made, NULL) < 0)
        return -1;
    citizen->bill = made;
    citizen->bill_number++;
    return 0;
}

/* Pays the open bill. */
static struct payment pay(struct citizen *citizen, int32_t day, int is_earlier)
{
    struct citizen next;
    struct payment payment;
    assert_int_equal(bill_settle(citizen, day, is_earlier, &next), 0);
    payment_of(citizen, &next, day, is_earlier, &payment);
    *citizen = next;
    return payment;
}

static struct payment bill_and_pay(struct citizen *citizen, const char *date)
{
    assert_int_equal(bill(citizen, day_of(date)), 0);
    return pay(citizen, day_of(date), 0);
}

static void assert_same_state(const struct citizen *a, const struct citizen *b)
{
    uint8_t packed[2][CITIZEN_PACKED_MAX_BYTES];
    size_t len = citizen_pack(a, packed[0]);
    assert_int_equal(citizen_pack(b, packed[1]), len);
    assert_memory_equal(packed[0], packed[1], len);
}

/* Undone is the state before, but for the bill and its number. */
static void undo(struct citizen *citizen, const struct payment *payment,
                 const struct citizen *before)
{
    struct citizen next, want = *before;
    assert_int_equal(bill_unsettle(citizen, payment, &next, NULL), 0);
    assert_int_equal(next.bill_number, citizen->bill_number + 1);
    assert_int_equal(next.bill.months, 0);
    want.bill_number = next.bill_number;
    memset(&want.bill, 0, sizeof(want.bill));
    assert_same_state(&next, &want);
    *citizen = next;
}

static void refuse(const struct citizen *citizen, const struct payment *payment, const char *said)
{
    struct err err = {0};
    struct citizen next;
    assert_int_equal(bill_unsettle(citizen, payment, &next, &err), -EPERM);
    assert_same_state(&next, citizen);
    assert_string_equal(err.field, "payment_id");
    if (strstr(err.text, said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, said);
    assert_int_equal(bill_unsettle(citizen, payment, &next, NULL), -EPERM);
}

/* --- by name ---------------------------------------------------------------------------------- */

static void the_bill_stays_dead_and_the_next_one_is_for_the_same_months(void **state)
{
    (void)state;
    struct citizen before = somebody("2025-11-10"), citizen = before;
    struct payment payment = bill_and_pay(&citizen, "2025-11-30");
    assert_int_equal(citizen.paid_number, 1);
    undo(&citizen, &payment, &before);
    assert_int_equal(citizen.has_paid, 0);
    assert_int_equal(bill_judge(law, &citizen, 1, day_of("2025-11-30")), BILL_REPLACED);
    struct payment again = bill_and_pay(&citizen, "2025-11-30");
    assert_int_equal(again.bill_number, 3);
    assert_int_equal(again.is_first, 1);
    assert_int_equal(again.bill.from_month, payment.bill.from_month);
    assert_int_equal(again.bill.participant_vnd, payment.bill.participant_vnd);
}

static void payments_are_taken_back_newest_first(void **state)
{
    (void)state;
    struct citizen states[4] = {somebody("2025-08-10")};
    struct payment payments[3];
    static const char *const days[] = {"2025-08-31", "2025-09-30", "2025-10-31"};
    for (size_t i = 0; i < ARRAY_LEN(days); i++) {
        states[i + 1] = states[i];
        payments[i] = bill_and_pay(&states[i + 1], days[i]);
    }
    struct citizen citizen = states[3];
    refuse(&citizen, &payments[0], "take that one back first");
    refuse(&citizen, &payments[1], "take that one back first");
    for (size_t i = 3; i-- > 0;)
        undo(&citizen, &payments[i], &states[i]);
    refuse(&citizen, &payments[0], "nothing before the declaration of 2025-08-10");
}

static void an_open_bill_is_dropped(void **state)
{
    (void)state;
    struct citizen citizen = somebody("2025-10-15");
    (void)bill_and_pay(&citizen, "2025-10-31");
    struct citizen before = citizen;
    struct payment payment = bill_and_pay(&citizen, "2025-11-15");
    assert_int_equal(bill(&citizen, day_of("2025-12-10")), 0);
    assert_int_equal(citizen.bill_number, 3);
    undo(&citizen, &payment, &before);
    assert_int_equal(citizen.bill_number, 4);
    assert_int_equal(bill_judge(law, &citizen, 3, day_of("2025-12-10")), BILL_REPLACED);
}

static void nothing_is_taken_back_after_the_end_or_before_a_declaration(void **state)
{
    (void)state;
    struct citizen citizen = somebody("2025-10-15");
    struct payment payment = bill_and_pay(&citizen, "2025-10-31");
    struct citizen ended = citizen, declared = citizen;
    ended.end_reason = END_IS_WITHDRAWN;
    ended.end_day = day_of("2025-11-02");
    refuse(&ended, &payment, "has ended on 2025-11-02");
    declared.paid_number = 0;
    declared.declared_day = day_of("2025-11-03");
    refuse(&declared, &payment, "nothing before the declaration of 2025-11-03");
    refuse(&declared, &payment, "Law 41/2024/QH15, article 36(2)");
}

static void a_move_does_not_keep_a_payment(void **state)
{
    (void)state;
    struct citizen before = somebody("2025-10-15"), citizen = before;
    struct payment payment = bill_and_pay(&citizen, "2025-10-31");
    citizen.commune = before.commune = 2650;
    citizen.changed_day = before.changed_day = day_of("2025-11-01");
    undo(&citizen, &payment, &before);
}

static void a_sum_that_is_taken_back_is_due_again(void **state)
{
    (void)state;
    struct citizen before = somebody("2025-10-15"), citizen;
    before.method = METHOD_IS_FUTURE_YEARS;
    before.lump_months = 24;
    citizen = before;
    struct payment payment = bill_and_pay(&citizen, "2025-10-31");
    assert_int_equal(citizen.lump_months, 0);
    undo(&citizen, &payment, &before);
    before.method = METHOD_IS_MISSING_MONTHS;
    citizen = before;
    payment = bill_and_pay(&citizen, "2025-10-31");
    assert_int_equal(citizen.months_missing, 24);
    assert_int_equal(citizen.paid_number, 1);
    undo(&citizen, &payment, &before);
}

static void earlier_support_is_given_back_as_such(void **state)
{
    (void)state;
    struct citizen before = somebody("2025-05-15"), citizen;
    before.months_supported = 7;
    before.months_supported_earlier = 3;
    citizen = before;
    assert_int_equal(bill(&citizen, day_of("2025-05-31")), 0);
    struct payment payment = pay(&citizen, day_of("2025-05-31"), 1);
    assert_int_equal(citizen.months_supported_earlier, 4);
    undo(&citizen, &payment, &before);
}

static void a_payment_that_is_not_there_is_refused(void **state)
{
    (void)state;
    struct citizen citizen = somebody("2025-10-15");
    struct payment right = bill_and_pay(&citizen, "2025-10-31"), wrong = right;
    wrong.bill.from_month++;
    refuse(&citizen, &wrong, "not among those that are paid");
    wrong = right;
    wrong.bill.months = UINT32_MAX;
    refuse(&citizen, &wrong, "not among those that are paid");
    wrong.bill.months = 0;
    refuse(&citizen, &wrong, "not among those that are paid");
    wrong = right;
    wrong.bill.months_supported++;
    refuse(&citizen, &wrong, "not among those that are paid");
    wrong = right;
    wrong.bill.from_month = 0;
    refuse(&citizen, &wrong, "not among those that are paid");
    wrong = right;
    wrong.is_support_earlier = 1;
    refuse(&citizen, &wrong, "not among those that are paid");
    wrong = right;
    wrong.bill_number++;
    refuse(&citizen, &wrong, "nothing before the declaration");
}

/* --- any life --------------------------------------------------------------------------------- */

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Months with gaps of any length, billed and paid as the rules say, sometimes months of long ago:
 * then everything is taken back, newest first, and each time it is as it was. */
static void any_life_goes_back_as_it_came(void **state)
{
    (void)state;
    uint64_t seed = 5, n_paid = 0, n_folded = 0;
    for (int life = 0; life < LIVES; life++) {
        struct citizen states[STEPS + 1] = {somebody("2025-07-05")};
        struct payment payments[STEPS];
        int32_t day = day_of("2025-07-05");
        size_t n = 0;
        states[0].method = (uint8_t)(METHOD_IS_MONTHLY + next(&seed) % 4);
        for (int step = 0; step < STEPS; step++) {
            day += 1 + (int32_t)(next(&seed) % 120);
            struct citizen citizen = states[n], settled;
            if (bill(&citizen, day) < 0)
                continue;
            if (next(&seed) % 4 == 0 && citizen.bill.from_month > 400)
                citizen.bill.from_month -= (uint32_t)(next(&seed) % 400);
            int is_earlier = next(&seed) % 8 == 0;
            if (bill_settle(&citizen, day, is_earlier, &settled) < 0)
                continue;
            payments[n] = pay(&citizen, day, is_earlier);
            n_folded += payments[n].folded.from != 0;
            states[++n] = citizen;
        }
        n_paid += n;
        for (struct citizen citizen = states[n]; n-- > 0;)
            undo(&citizen, &payments[n], &states[n]);
    }
    assert_true(n_paid > 10000);
    assert_true(n_folded > 1000);
}

/* --- the time --------------------------------------------------------------------------------- */

static void a_payment_is_reversed_until_the_cut_off_of_its_business_date(void **state)
{
    (void)state;
    /* 18:00 in +07:00 is 11:00 UTC */
    assert_true(reversal_until_ms(0, 1080) == 11 * 3600 * 1000LL);
    assert_true(reversal_until_ms(day_of("2026-11-22"), 1440) == 1795366800000LL);
    assert_true(reversal_until_ms(day_of("2026-11-22"), 1) == 1795280460000LL);
}

static void officers_are_codes(void **state)
{
    (void)state;
    static const char *const right[] = {"", "nv-01", "A.b_9", "12345678901234567890123456789012"};
    static const char *const wrong[] = {" ", "a b", "é", "a\n",
                                        "123456789012345678901234567890123"};
    struct err err = {0};
    for (size_t i = 0; i < ARRAY_LEN(right); i++)
        assert_int_equal(officer_code_check(right[i], "officer_code", &err), 0);
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(officer_code_check(wrong[i], "officer_code", &err), -EINVAL);
        assert_string_equal(err.field, "officer_code");
    }
}

/* --- the record ------------------------------------------------------------------------------- */

static struct redress sample(enum redress_state of)
{
    struct redress redress = {.version = 0x01020304,
                              .epoch = 7,
                              .seq = 0x0102030405060708,
                              .state = of,
                              .reason = 3,
                              .day = -20000};
    if (of == REDRESS_IS_REVERSED)
        return redress;
    memset(redress.refund.citizen, 0xa5, ID_BYTES);
    redress.refund.amount_vnd = 264000;
    redress.refund.requested_at_ms = 1795366800000LL;
    redress.refund.requested_day = 20779;
    (void)strcpy(redress.refund.requested_by, "12345678901234567890123456789012");
    (void)strcpy(redress.refund.decided_by, of == REDRESS_IS_REQUESTED ? "" : "nv-2");
    if (of != REDRESS_IS_PAID_OUT)
        return redress;
    redress.payout = (struct redress_payout){.approved_epoch = 2,
                                             .approved_seq = 0x0807060504030201,
                                             .approved_day = 20780,
                                             .paid_day = 20781,
                                             .officer = "nv-3",
                                             .bank_account = "12345678901234567890123456789012345"};
    memset(redress.payout.reference, 'R', REDRESS_REFERENCE_MAX_BYTES);
    return redress;
}

static void a_record_comes_back_as_it_was(void **state)
{
    (void)state;
    for (int of = REDRESS_IS_REVERSED; of < REDRESS_STATES; of++) {
        struct redress redress = sample((enum redress_state)of), read;
        uint8_t packed[REDRESS_MAX_BYTES], again[REDRESS_MAX_BYTES];
        size_t len = redress_pack(&redress, packed);
        assert_in_range(len, REDRESS_HEAD_BYTES, REDRESS_MAX_BYTES);
        assert_memory_equal(packed, ((const uint8_t[]){4, 3, 2, 1, 7, 0, 0, 0, 8, 7}), 10);
        assert_int_equal(redress_unpack(packed, len, &read), 0);
        assert_int_equal(redress_pack(&read, again), len);
        assert_memory_equal(packed, again, len);
        assert_int_equal(read.state, of);
        assert_int_equal(read.day, -20000);
        assert_string_equal(read.refund.requested_by, redress.refund.requested_by);
        assert_int_equal(redress_is_taken_back(&read), of == REDRESS_IS_REVERSED ||
                                                           of == REDRESS_IS_APPROVED ||
                                                           of == REDRESS_IS_PAID_OUT);
        if (!redress_is_taken_back(&read))
            continue;
        struct redress_entry entry = redress_taken_back_by(&read);
        assert_int_equal(entry.epoch, of == REDRESS_IS_PAID_OUT ? 2 : 7);
        assert_int_equal(entry.seq,
                         of == REDRESS_IS_PAID_OUT ? 0x0807060504030201 : 0x0102030405060708);
        assert_int_equal(entry.day, of == REDRESS_IS_PAID_OUT ? 20780 : -20000);
    }
}

static void other_bytes_are_no_record(void **state)
{
    (void)state;
    for (int of = REDRESS_IS_REVERSED; of < REDRESS_STATES; of++) {
        struct redress redress = sample((enum redress_state)of), read;
        uint8_t packed[REDRESS_MAX_BYTES + 1] = {0};
        size_t len = redress_pack(&redress, packed);
        for (size_t n = 0; n <= sizeof(packed); n++)
            if (n != len)
                assert_int_equal(redress_unpack(packed, n, &read), -EPROTO);
        for (int i = 16; i <= 17; i++) { /* schema and state */
            uint8_t broken[REDRESS_MAX_BYTES];
            memcpy(broken, packed, len);
            broken[i] = 0;
            assert_int_equal(redress_unpack(broken, len, &read), -EPROTO);
            broken[i] = 99;
            assert_int_equal(redress_unpack(broken, len, &read), -EPROTO);
        }
    }
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(the_bill_stays_dead_and_the_next_one_is_for_the_same_months),
    WITH_POLICY(payments_are_taken_back_newest_first),
    WITH_POLICY(an_open_bill_is_dropped),
    WITH_POLICY(nothing_is_taken_back_after_the_end_or_before_a_declaration),
    WITH_POLICY(a_move_does_not_keep_a_payment),
    WITH_POLICY(a_sum_that_is_taken_back_is_due_again),
    WITH_POLICY(earlier_support_is_given_back_as_such),
    WITH_POLICY(a_payment_that_is_not_there_is_refused),
    WITH_POLICY(any_life_goes_back_as_it_came),
    cmocka_unit_test(a_payment_is_reversed_until_the_cut_off_of_its_business_date),
    cmocka_unit_test(officers_are_codes),
    cmocka_unit_test(a_record_comes_back_as_it_was),
    cmocka_unit_test(other_bytes_are_no_record),
};

TEST_MAIN(tests)
