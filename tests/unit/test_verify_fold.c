/* What verify says of journals that no service writes: a citizen's life, event by event. */
#include "tests/support/test.h"

#include <string.h>

#include "common/domain/calendar.h"
#include "services/cli/verify_fold.h"

#define MONTH (2025u * 12 + 6) /* July 2025 */

static struct verify verify;
static struct fold *fold;
static const uint8_t hash[ID_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static uint64_t seq;

static int32_t day(int month, int day_of_month)
{
    return date_make(2025, month, day_of_month);
}

/* --- events ----------------------------------------------------------------------------------- */

static void apply(Ansinh__V1__Event__KindCase kind, void *message)
{
    uint8_t citizen[ID_BYTES];
    Ansinh__V1__Event event;
    memcpy(citizen, hash, ID_BYTES);
    ansinh__v1__event__init(&event);
    event.citizen = (ProtobufCBinaryData){ID_BYTES, citizen};
    event.kind_case = kind;
    event.participant_enrolled = message; /* any member: they share their place */
    fold_apply(fold, (struct journal_position){1, ++seq}, &event);
}

static void enrol(int32_t on_day)
{
    Ansinh__V1__ParticipantEnrolled in;
    ansinh__v1__participant_enrolled__init(&in);
    in.commune = 2647;
    in.support_group = ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_OTHER;
    in.income_vnd = 1500000;
    in.method = ANSINH__V1__METHOD__METHOD_QUARTERLY;
    in.enrolled_day = on_day;
    apply(ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED, &in);
}

static void bill(uint32_t number, uint32_t from_month, uint32_t months)
{
    Ansinh__V1__BillIssued in;
    ansinh__v1__bill_issued__init(&in);
    in.bill_number = number;
    in.from_month = from_month;
    in.months = in.months_supported = months;
    apply(ANSINH__V1__EVENT__KIND_BILL_ISSUED, &in);
}

static void pay(uint32_t number, uint32_t from_month, uint32_t months, int is_first)
{
    Ansinh__V1__PaymentRecorded in;
    ansinh__v1__payment_recorded__init(&in);
    in.bill_number = number;
    in.from_month = from_month;
    in.months = in.months_supported = months;
    in.commune = 2647;
    in.is_first = is_first;
    apply(ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED, &in);
}

static void change(int32_t on_day, int is_declared, int64_t income_vnd)
{
    Ansinh__V1__ContributionChanged in;
    ansinh__v1__contribution_changed__init(&in);
    in.changed_day = on_day;
    in.is_declared = is_declared;
    in.income_vnd = income_vnd;
    in.method = ANSINH__V1__METHOD__METHOD_QUARTERLY;
    in.support_group = ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_OTHER;
    in.commune = 2647;
    apply(ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED, &in);
}

static void end(Ansinh__V1__EndReason reason, int32_t on_day, uint32_t from_month, uint32_t months)
{
    Ansinh__V1__Pockets refund;
    Ansinh__V1__ParticipationEnded in;
    ansinh__v1__pockets__init(&refund);
    ansinh__v1__participation_ended__init(&in);
    refund.participant_vnd = 1000;
    in.reason = reason;
    in.ended_day = on_day;
    in.from_month = from_month;
    in.months = in.months_supported = months;
    in.refund = &refund;
    apply(ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED, &in);
}

static void accept(int32_t on_day)
{
    Ansinh__V1__ParticipationAccepted in;
    ansinh__v1__participation_accepted__init(&in);
    in.accepted_day = on_day;
    apply(ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED, &in);
}

static void give_back(int32_t on_day, int32_t accepted_day)
{
    Ansinh__V1__ParticipationReturned in;
    ansinh__v1__participation_returned__init(&in);
    in.returned_day = on_day;
    in.accepted_day = accepted_day;
    apply(ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED, &in);
}

/* How many differences were found since the last time. */
static unsigned long found(void)
{
    static unsigned long before;
    unsigned long n = verify.n_differences - before;
    before = verify.n_differences;
    return n;
}

static const struct citizen *state_now(void)
{
    return &fold_citizen(fold, partition_bucket(hash), partition_field(hash))->state;
}

static int fold_open(void **state)
{
    (void)state;
    fold = fold_create(&verify, partition_of(hash));
    seq = 0;
    (void)found();
    return 0;
}

static int fold_close(void **state)
{
    (void)state;
    fold_destroy(&fold);
    return 0;
}

/* --- lives ------------------------------------------------------------------------------------ */

static void a_life_without_fault(void **state)
{
    (void)state;
    enrol(day(7, 10));
    bill(1, MONTH, 3);
    pay(1, MONTH, 3, 1);
    bill(2, MONTH + 3, 3);
    change(day(10, 5), 1, 2500000); /* drops the bill, and leaves number 3 out */
    assert_int_equal(state_now()->bill_number, 3);
    bill(4, MONTH + 3, 3);
    pay(4, MONTH + 3, 3, 0);
    change(day(11, 1), 0, 2500000);
    end(ANSINH__V1__END_REASON__END_REASON_ONE_OFF, day(11, 20), MONTH + 5, 1);
    assert_int_equal(coverage_months(&state_now()->coverage), 5);
    assert_int_equal(state_now()->months_settled, 5);
    assert_int_equal(citizen_months_paid(state_now()), 0);
    assert_int_equal(state_now()->months_supported, 5);
    enrol(day(12, 1));
    bill(5, 0, 12);
    pay(5, 0, 12, 0);
    assert_int_equal(citizen_months_paid(state_now()), 12);
    assert_int_equal(fold->totals[TOTAL_ENROLLED], 2);
    assert_int_equal(fold->totals[TOTAL_PARTICIPANTS], 1);
    assert_int_equal(fold->totals[TOTAL_MONTHS], 18);
    assert_int_equal(fold->totals[TOTAL_REFUNDS_VND], 1000);
    assert_int_equal(found(), 0);
}

static void a_month_is_paid_once(void **state)
{
    (void)state;
    enrol(day(7, 10));
    bill(1, MONTH, 3);
    pay(1, MONTH, 3, 1);
    bill(2, MONTH + 2, 3);
    assert_int_equal(found(), 0);
    pay(2, MONTH + 2, 3, 0);
    assert_int_equal(found(), 1);
    bill(3, MONTH + 9, 0);
    pay(3, MONTH + 9, 0, 0);
    assert_true(found() > 0);
    bill(4, UINT32_MAX, 3);
    pay(4, UINT32_MAX, 3, 0);
    assert_int_equal(found(), 1);
}

static void a_first_payment_is_the_first(void **state)
{
    (void)state;
    enrol(day(7, 10));
    bill(1, MONTH, 3);
    pay(1, MONTH, 3, 0);
    assert_int_equal(found(), 1);
    end(ANSINH__V1__END_REASON__END_REASON_TO_COMPULSORY, day(7, 10), MONTH, 3);
    enrol(day(10, 1));
    bill(2, MONTH + 3, 3);
    assert_int_equal(found(), 0);
    pay(2, MONTH + 3, 3, 1); /* who comes back is no new participant */
    assert_int_equal(found(), 1);
}

static void terms_hold_while_months_are_paid(void **state)
{
    (void)state;
    enrol(day(7, 10));
    bill(1, MONTH, 3);
    pay(1, MONTH, 3, 1);
    change(day(9, 30), 0, 1500000);
    assert_int_equal(found(), 0);
    change(day(9, 30), 1, 2500000);
    assert_int_equal(found(), 1);
    change(day(10, 1), 0, 3000000);
    assert_int_equal(found(), 1);
    change(INT32_MAX, 1, 3000000);
    assert_int_equal(found(), 1);
    change(INT32_MIN, 1, 3000000);
    assert_int_equal(found(), 1);
}

static void after_an_end_there_is_nothing_but_a_return(void **state)
{
    (void)state;
    enrol(day(7, 10));
    end(ANSINH__V1__END_REASON__END_REASON_WITHDRAWN, day(8, 1), 0, 0);
    assert_int_equal(found(), 0);
    bill(1, MONTH + 1, 3);
    assert_int_equal(found(), 1);
    change(day(8, 2), 0, 1500000);
    assert_int_equal(found(), 1);
    end(ANSINH__V1__END_REASON__END_REASON_DECEASED, day(8, 3), 0, 0);
    assert_int_equal(found(), 1);
    enrol(day(8, 4));
    assert_int_equal(found(), 1);
    enrol(day(8, 5));
    assert_int_equal(found(), 1);
}

static void what_is_given_back_was_paid(void **state)
{
    (void)state;
    enrol(day(7, 10));
    bill(1, MONTH, 3);
    pay(1, MONTH, 3, 1);
    end(ANSINH__V1__END_REASON__END_REASON_DECEASED, day(7, 31), MONTH + 1, 3);
    assert_int_equal(found(), 1);
}

static void what_is_accepted_is_undone_once(void **state)
{
    (void)state;
    enrol(day(7, 10));
    give_back(day(7, 11), 0);
    accept(day(7, 15));
    assert_int_equal(state_now()->accepted_day, day(7, 15));
    give_back(day(7, 16), day(7, 15));
    assert_int_equal(state_now()->accepted_day, 0);
    accept(day(7, 17));
    assert_int_equal(state_now()->version, 5);
    assert_int_equal(found(), 0);
    accept(day(7, 18));
    assert_int_equal(found(), 1);
    give_back(day(7, 19), day(7, 17));
    assert_int_equal(found(), 1);
    give_back(day(7, 19), day(7, 18));
    assert_int_equal(found(), 1);
    accept(day(7, 9));
    assert_int_equal(found(), 1);
    end(ANSINH__V1__END_REASON__END_REASON_WITHDRAWN, day(8, 1), 0, 0);
    enrol(day(8, 2));
    assert_int_equal(state_now()->accepted_day, 0);
    accept(day(8, 2));
    assert_int_equal(found(), 0);
}

static void nobody_is_spoken_of_before_the_enrolment(void **state)
{
    (void)state;
    change(day(7, 10), 0, 0);
    assert_true(found() > 0);
    end(ANSINH__V1__END_REASON__END_REASON_DECEASED, day(7, 31), 0, 0);
    (void)found();
    enrol(day(8, 1));
    assert_true(found() > 0);
}

#define WITH_FOLD(test) cmocka_unit_test_setup_teardown(test, fold_open, fold_close)

static const struct CMUnitTest tests[] = {
    WITH_FOLD(a_life_without_fault),
    WITH_FOLD(a_month_is_paid_once),
    WITH_FOLD(a_first_payment_is_the_first),
    WITH_FOLD(terms_hold_while_months_are_paid),
    WITH_FOLD(after_an_end_there_is_nothing_but_a_return),
    WITH_FOLD(what_is_given_back_was_paid),
    WITH_FOLD(what_is_accepted_is_undone_once),
    WITH_FOLD(nobody_is_spoken_of_before_the_enrolment),
};

TEST_MAIN(tests)
