#include "tests/support/test.h"

#include <string.h>

#include "common/domain/accounts.h"
#include "common/service/postings.h"
#include "services/cli/verify_postings.h"

#define SUM_MAX (1LL << 53)
#define ROUNDS 20000

static int64_t sum_of(const struct postings *postings)
{
    int64_t sum = 0;
    for (size_t i = 0; i < postings->n; i++) {
        assert_int_not_equal(postings->rows[i].amount_vnd, 0);
        assert_non_null(postings->rows[i].holder);
        sum += postings->rows[i].amount_vnd;
    }
    return sum;
}

static void assert_postings(const struct postings *is, const struct posting *wanted, size_t n)
{
    assert_int_equal(is->n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(is->rows[i].account, wanted[i].account);
        assert_string_equal(is->rows[i].holder, wanted[i].holder);
        assert_int_equal(is->rows[i].amount_vnd, wanted[i].amount_vnd);
    }
    assert_int_equal(sum_of(is), 0);
}

/* A quarter on 1.5 million, other group: 22 % of it, the state 20 % of that of the poverty line. */
static struct contribution_money a_quarter(void)
{
    return (struct contribution_money){
        .participant_vnd = 742000,
        .central_vnd = 198000,
        .local_vnd = 40000,
        .donor_vnd = 10000,
        .product = PRODUCT_VOLUNTARY_SI,
        .province = "10",
        .organisation = "VNPOST",
        .point = "VNPOST-0001",
        .collector = "NV-000123",
    };
}

static void a_payment_in_cash(void **state)
{
    (void)state;
    struct contribution_money money = a_quarter();
    struct postings is;
    static const struct posting wanted[] = {
        {ACCOUNT_IS_PARTICIPANT_RECEIVABLE, "", 742000},
        {ACCOUNT_IS_CENTRAL_BUDGET, "", 198000},
        {ACCOUNT_IS_LOCAL_BUDGET, "10", 40000},
        {ACCOUNT_IS_DONOR_FUNDS, "10", 10000},
        {ACCOUNT_IS_CONTRIBUTIONS, "VOLUNTARY_SI", -990000},
        {ACCOUNT_IS_COLLECTOR_CASH, "NV-000123", 742000},
        {ACCOUNT_IS_PARTICIPANT_RECEIVABLE, "", -742000},
    };
    post_payment(&money, &is);
    assert_postings(&is, wanted, ARRAY_LEN(wanted));
    money.collector = "";
    post_payment(&money, &is);
    assert_string_equal(is.rows[5].holder, "VNPOST-0001");
    money.point = "";
    post_payment(&money, &is);
    assert_string_equal(is.rows[5].holder, HOLDER_UNKNOWN);
}

static void a_payment_by_transfer_lies_with_the_organisation(void **state)
{
    (void)state;
    struct contribution_money money = a_quarter();
    struct postings is;
    money.is_transfer = 1;
    post_payment(&money, &is);
    assert_int_equal(is.rows[5].account, ACCOUNT_IS_ORGANISATION_CLEARING);
    assert_string_equal(is.rows[5].holder, "VNPOST");
    assert_int_equal(is.rows[5].amount_vnd, 742000);
    money.organisation = "";
    post_payment(&money, &is);
    assert_string_equal(is.rows[5].holder, HOLDER_UNKNOWN);
    assert_int_equal(sum_of(&is), 0);
}

static void what_is_nothing_is_not_posted(void **state)
{
    (void)state;
    struct contribution_money money = a_quarter();
    struct postings is;
    static const struct posting wanted[] = {
        {ACCOUNT_IS_CENTRAL_BUDGET, "", 198000},
        {ACCOUNT_IS_CONTRIBUTIONS, "VOLUNTARY_SI", -198000},
    };
    money.participant_vnd = money.local_vnd = money.donor_vnd = 0;
    post_payment(&money, &is);
    assert_postings(&is, wanted, ARRAY_LEN(wanted));
    money.central_vnd = 0;
    post_payment(&money, &is);
    assert_int_equal(is.n, 0);
}

static void a_refund_is_owed_to_the_participant(void **state)
{
    (void)state;
    struct contribution_money money = a_quarter();
    struct postings is;
    static const struct posting wanted[] = {
        {ACCOUNT_IS_REFUNDS, "", -742000},
        {ACCOUNT_IS_CENTRAL_BUDGET, "", -198000},
        {ACCOUNT_IS_LOCAL_BUDGET, "10", -40000},
        {ACCOUNT_IS_DONOR_FUNDS, "10", -10000},
        {ACCOUNT_IS_CONTRIBUTIONS, "VOLUNTARY_SI", 990000},
    };
    post_refund(&money, &is);
    assert_postings(&is, wanted, ARRAY_LEN(wanted));
}

static void a_reversal_leaves_nothing(void **state)
{
    (void)state;
    struct contribution_money money = a_quarter();
    struct postings is, back;
    post_payment(&money, &is);
    post_reversal(&is, &back);
    assert_int_equal(back.n, is.n);
    for (size_t i = 0; i < is.n; i++) {
        assert_int_equal(back.rows[i].account, is.rows[i].account);
        assert_string_equal(back.rows[i].holder, is.rows[i].holder);
        assert_int_equal(back.rows[i].amount_vnd, -is.rows[i].amount_vnd);
    }
}

static void money_between_two_holders(void **state)
{
    (void)state;
    struct postings is;
    static const struct posting remitted[] = {{ACCOUNT_IS_ORGANISATION_CLEARING, "VNPOST", 500},
                                              {ACCOUNT_IS_COLLECTOR_CASH, "NV-000123", -500}};
    static const struct posting banked[] = {{ACCOUNT_IS_BANK_SETTLEMENT, "0011", 500},
                                            {ACCOUNT_IS_ORGANISATION_CLEARING, "VNPOST", -500}};
    static const struct posting unknown[] = {{ACCOUNT_IS_BANK_SETTLEMENT, "0011", -500},
                                             {ACCOUNT_IS_SUSPENSE, "FT26001", 500}};
    static const struct posting found[] = {{ACCOUNT_IS_SUSPENSE, "FT26001", 500},
                                           {ACCOUNT_IS_ORGANISATION_CLEARING, "VNPOST", -500}};
    static const struct posting earned[] = {{ACCOUNT_IS_COMMISSION_EXPENSE, "VNPOST", 500},
                                            {ACCOUNT_IS_COMMISSIONS, "VNPOST", -500}};
    post_remittance("NV-000123", "VNPOST", 500, &is);
    assert_postings(&is, remitted, ARRAY_LEN(remitted));
    post_bank_entry("0011", "VNPOST", "FT26001", 500, &is);
    assert_postings(&is, banked, ARRAY_LEN(banked));
    post_bank_entry("0011", "", "FT26001", -500, &is);
    assert_postings(&is, unknown, ARRAY_LEN(unknown));
    post_payout("0011", 500, &is);
    assert_postings(&is,
                    (const struct posting[]){{ACCOUNT_IS_REFUNDS, "", 500},
                                             {ACCOUNT_IS_BANK_SETTLEMENT, "0011", -500}},
                    2);
    post_suspense_move("FT26001", "VNPOST", 500, &is);
    assert_postings(&is, found, ARRAY_LEN(found));
    post_commission("VNPOST", 500, &is);
    assert_postings(&is, earned, ARRAY_LEN(earned));
}

/* --- random sums, and verify's other way to the same ------------------------------------------ */

static uint64_t seed = 20260131;

static uint64_t random_number(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Often 0, sometimes as large as it may be. */
static int64_t random_sum(void)
{
    uint64_t n = random_number();
    if (n % 4 == 0)
        return 0;
    return n % 17 == 0 ? SUM_MAX : (int64_t)(n % 100000000);
}

struct money_event {
    Ansinh__V1__Event event;
    Ansinh__V1__PaymentRecorded paid;
    Ansinh__V1__ParticipationEnded ended;
    Ansinh__V1__Pockets pockets;
};

static void event_of(const struct contribution_money *money, int is_refund, struct money_event *ret)
{
    ansinh__v1__event__init(&ret->event);
    ansinh__v1__payment_recorded__init(&ret->paid);
    ansinh__v1__participation_ended__init(&ret->ended);
    ansinh__v1__pockets__init(&ret->pockets);
    ret->pockets.participant_vnd = money->participant_vnd;
    ret->pockets.central_vnd = money->central_vnd;
    ret->pockets.local_vnd = money->local_vnd;
    ret->pockets.donor_vnd = money->donor_vnd;
    ret->paid.pockets = ret->ended.refund = &ret->pockets;
    ret->paid.channel = money->is_transfer ? ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER
                                           : ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_CASH;
    ret->paid.point_code = (char *)(uintptr_t)money->point;
    ret->paid.collector_code = (char *)(uintptr_t)money->collector;
    if (is_refund) {
        ret->event.kind_case = ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED;
        ret->event.participation_ended = &ret->ended;
    } else {
        ret->event.kind_case = ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED;
        ret->event.payment_recorded = &ret->paid;
    }
}

static void always_0_and_as_verify_counts(void **state)
{
    (void)state;
    struct arena *arena = arena_create(1 << 20);
    for (int i = 0; i < ROUNDS; i++) {
        struct contribution_money money = a_quarter();
        struct money_event made;
        struct postings is, read;
        int is_refund = random_number() % 2 == 0;
        money.participant_vnd = random_sum();
        money.central_vnd = random_sum();
        money.local_vnd = random_sum();
        money.donor_vnd = random_sum();
        money.is_transfer = random_number() % 2 == 0;
        if (random_number() % 3 == 0)
            money.collector = "";
        if (random_number() % 3 == 0)
            money.point = "";
        if (is_refund)
            post_refund(&money, &is);
        else
            post_payment(&money, &is);
        assert_int_equal(sum_of(&is), 0);
        arena_reset(arena);
        event_of(&money, is_refund, &made);
        assert_int_equal(event_set_postings(&made.event, &is, arena), 0);
        assert_null(verify_postings_fault(&made.event));
        assert_int_equal(event_postings(&made.event, &read), 0);
        assert_postings(&read, is.rows, is.n);
    }
    arena_destroy(&arena);
}

static void an_entry_without_postings_is_read_with_those_of_its_facts(void **state)
{
    (void)state;
    struct contribution_money money = a_quarter();
    struct money_event made;
    struct postings is;
    event_of(&money, 0, &made);
    assert_null(verify_postings_fault(&made.event));
    assert_int_equal(event_postings(&made.event, &is), 0);
    assert_int_equal(is.n, 7);
    assert_int_equal(sum_of(&is), 0);
    assert_string_equal(is.rows[2].holder, HOLDER_UNKNOWN);
    event_of(&money, 1, &made);
    assert_int_equal(event_postings(&made.event, &is), 0);
    assert_int_equal(is.n, 5);
    assert_int_equal(is.rows[0].amount_vnd, -742000);
}

static void verify_sees_wrong_postings(void **state)
{
    (void)state;
    struct contribution_money money = a_quarter();
    struct arena *arena = arena_create(1 << 20);
    struct money_event made;
    struct postings is;
    event_of(&money, 0, &made);
    for (size_t fault = 0; fault < 6; fault++) {
        post_payment(&money, &is);
        if (fault == 0)
            is.rows[1].amount_vnd++; /* no longer 0 in sum */
        if (fault == 1) {
            is.rows[1].amount_vnd++; /* another budget pays */
            is.rows[2].amount_vnd--;
        }
        if (fault == 2)
            is.rows[5].account = ACCOUNT_IS_ORGANISATION_CLEARING;
        if (fault == 3)
            is.rows[5].holder = "NV-000124";
        if (fault == 4)
            is.rows[0].account = ACCOUNTS_END;
        if (fault == 5) {
            is.rows[0] = is.rows[5]; /* paid, and never owed */
            is.rows[0].amount_vnd = 0;
        }
        assert_int_equal(event_set_postings(&made.event, &is, arena), 0);
        assert_non_null(verify_postings_fault(&made.event));
    }
    made.event.kind_case = ANSINH__V1__EVENT__KIND_ALIAS_CLAIMED; /* moves no money */
    post_payment(&money, &is);
    assert_int_equal(event_set_postings(&made.event, &is, arena), 0);
    assert_non_null(verify_postings_fault(&made.event));
    arena_destroy(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_payment_in_cash),
    cmocka_unit_test(a_payment_by_transfer_lies_with_the_organisation),
    cmocka_unit_test(what_is_nothing_is_not_posted),
    cmocka_unit_test(a_refund_is_owed_to_the_participant),
    cmocka_unit_test(a_reversal_leaves_nothing),
    cmocka_unit_test(money_between_two_holders),
    cmocka_unit_test(always_0_and_as_verify_counts),
    cmocka_unit_test(an_entry_without_postings_is_read_with_those_of_its_facts),
    cmocka_unit_test(verify_sees_wrong_postings),
};

TEST_MAIN(tests)
