/* What verify says of journals about health insurance that no service writes. */
#include "tests/support/test.h"

#include <string.h>

#include "common/domain/calendar.h"
#include "services/cli/verify_fold.h"

#define HEALTH ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD
#define VND 956340

static struct verify verify;
static struct fold *fold;
static const uint8_t hash[ID_BYTES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
static uint64_t seq;

/* A bill and its payment; what the tests change. */
struct sale {
    Ansinh__V1__Product product;
    uint32_t number, months, from_month, rank;
    int32_t from_day, to_day;
    struct health_card before; /* as the payment's entry tells it */
    uint32_t paid_before;
    int is_first, has_no_card;
};

static int32_t day(int year, int month, int day_of_month)
{
    return date_make(year, month, day_of_month);
}

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

static void declare(int32_t on_day, int32_t card_last_day)
{
    Ansinh__V1__HealthDeclared in;
    ansinh__v1__health_declared__init(&in);
    in.commune = 2647;
    in.declared_day = on_day;
    in.card_last_day = card_last_day;
    apply(ANSINH__V1__EVENT__KIND_HEALTH_DECLARED, &in);
}

static void enrol(void)
{
    Ansinh__V1__ParticipantEnrolled in;
    ansinh__v1__participant_enrolled__init(&in);
    in.commune = 2647;
    in.enrolled_day = day(2026, 1, 1);
    apply(ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED, &in);
}

static struct sale year_from(uint32_t number, int32_t from_day, int32_t to_day)
{
    return (struct sale){.product = HEALTH,
                         .number = number,
                         .months = 12,
                         .rank = 2,
                         .from_day = from_day,
                         .to_day = to_day,
                         .paid_before = number - 1};
}

static void fill_card(const struct sale *sale, Ansinh__V1__HealthCard *ret)
{
    ansinh__v1__health_card__init(ret);
    ret->from_day = sale->from_day;
    ret->to_day = sale->to_day;
    ret->member_rank = sale->rank;
}

static void bill(const struct sale *sale)
{
    Ansinh__V1__HealthCard card;
    Ansinh__V1__Pockets pockets;
    Ansinh__V1__BillIssued in;
    ansinh__v1__bill_issued__init(&in);
    ansinh__v1__pockets__init(&pockets);
    fill_card(sale, &card);
    pockets.participant_vnd = VND;
    in.product = sale->product;
    in.bill_number = sale->number;
    in.from_month = sale->from_month;
    in.months = sale->months;
    in.pockets = &pockets;
    in.card = sale->has_no_card ? NULL : &card;
    apply(ANSINH__V1__EVENT__KIND_BILL_ISSUED, &in);
}

static void pay(const struct sale *sale)
{
    Ansinh__V1__HealthCard card, before;
    Ansinh__V1__Pockets pockets;
    Ansinh__V1__PaymentUndo undo;
    Ansinh__V1__PaymentRecorded in;
    ansinh__v1__payment_recorded__init(&in);
    ansinh__v1__payment_undo__init(&undo);
    ansinh__v1__health_card__init(&before);
    ansinh__v1__pockets__init(&pockets);
    fill_card(sale, &card);
    pockets.participant_vnd = VND;
    before.from_day = sale->before.from_day;
    before.to_day = sale->before.to_day;
    undo.bill_number = sale->paid_before;
    undo.card = before.to_day == 0 ? NULL : &before;
    in.product = sale->product;
    in.bill_number = sale->number;
    in.from_month = sale->from_month;
    in.months = sale->months;
    in.pockets = &pockets;
    in.commune = 2647;
    in.is_first = sale->is_first;
    in.card = sale->has_no_card ? NULL : &card;
    in.undo = &undo;
    apply(ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED, &in);
}

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

static void cards_that_follow_are_right(void **state)
{
    (void)state;
    declare(day(2026, 1, 1), 0);
    struct sale first = year_from(1, day(2026, 1, 31), day(2027, 1, 30));
    bill(&first);
    pay(&first);
    declare(day(2026, 1, 1), 0);
    struct sale second = year_from(2, day(2027, 1, 31), day(2027, 4, 30));
    second.months = 3; /* April has no 31st day */
    second.before = (struct health_card){first.from_day, first.to_day};
    bill(&second);
    pay(&second);
    assert_int_equal(found(), 0);
    assert_int_equal(state_now()->card.to_day, second.to_day);
    assert_int_equal(state_now()->has_paid, 0);
    assert_int_equal(fold->totals[TOTAL_PARTICIPANTS], 0);
    assert_int_equal(fold->totals[TOTAL_PAYMENTS], 2);
}

static void no_day_is_paid_twice(void **state)
{
    (void)state;
    declare(day(2026, 1, 1), day(2026, 6, 30));
    struct sale sale = year_from(1, day(2026, 6, 30), day(2027, 6, 29));
    sale.before = (struct health_card){day(2026, 6, 30), day(2026, 6, 30)};
    bill(&sale);
    assert_int_equal(found(), 0);
    pay(&sale);
    assert_int_equal(found(), 1);
    struct sale again = sale;
    again.number = 2;
    again.paid_before = 1;
    again.before = (struct health_card){sale.from_day, sale.to_day};
    bill(&again);
    assert_int_equal(found(), 0);
    pay(&again);
    assert_int_equal(found(), 1);
}

static void a_card_holds_as_long_as_is_paid(void **state)
{
    (void)state;
    declare(day(2026, 1, 1), 0);
    struct sale sale = year_from(1, day(2026, 2, 1), day(2027, 2, 1));
    bill(&sale);
    assert_int_equal(found(), 1);
    pay(&sale);
    assert_int_equal(found(), 1);
}

static void what_is_said_otherwise_is_found(void **state)
{
    (void)state;
    static const struct sale usual = {.product = HEALTH, .number = 1, .months = 12, .rank = 2};
    struct sale wrong[6];
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        wrong[i] = usual;
        wrong[i].from_day = day(2026, 2, 1);
        wrong[i].to_day = day(2027, 1, 31);
    }
    wrong[0].product = 0;
    wrong[1].rank = 0;
    wrong[2].has_no_card = 1;
    wrong[3].from_month = 2026 * 12;
    wrong[4].is_first = 1;
    wrong[5].before = (struct health_card){day(2025, 1, 1), day(2025, 12, 31)};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        (void)fold_close(NULL);
        (void)fold_open(NULL);
        declare(day(2026, 1, 1), 0);
        bill(&wrong[i]);
        pay(&wrong[i]);
        if (found() == 0)
            fail_msg("case %zu is not found", i);
    }
}

static void a_participant_is_no_member(void **state)
{
    (void)state;
    enrol();
    struct sale sale = year_from(1, day(2026, 2, 1), day(2027, 1, 31));
    bill(&sale);
    assert_true(found() > 0);
    declare(day(2026, 1, 1), 0);
    assert_true(found() > 0);
}

static void a_declaration_leaves_day_and_paid_card(void **state)
{
    (void)state;
    declare(day(2026, 1, 1), day(2026, 1, 31));
    declare(day(2026, 1, 1), 0);
    assert_int_equal(state_now()->card.to_day, 0);
    struct sale sale = year_from(1, day(2026, 2, 1), day(2027, 1, 31));
    bill(&sale);
    pay(&sale);
    assert_int_equal(found(), 0);
    declare(day(2026, 1, 1), day(2026, 1, 31));
    assert_int_equal(found(), 1);
    declare(day(2026, 1, 2), 0);
    assert_int_equal(found(), 1);
    assert_int_equal(state_now()->card.to_day, sale.to_day);
}

#define WITH_FOLD(test) cmocka_unit_test_setup_teardown(test, fold_open, fold_close)

static const struct CMUnitTest tests[] = {
    WITH_FOLD(cards_that_follow_are_right),     WITH_FOLD(no_day_is_paid_twice),
    WITH_FOLD(a_card_holds_as_long_as_is_paid), WITH_FOLD(what_is_said_otherwise_is_found),
    WITH_FOLD(a_participant_is_no_member),      WITH_FOLD(a_declaration_leaves_day_and_paid_card),
};

TEST_MAIN(tests)
