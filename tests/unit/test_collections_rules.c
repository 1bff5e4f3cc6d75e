/* Business dates of partners' payments, the records of their transactions, and what verify makes of
 * the same entries by code of its own. */
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "services/cli/verify_transactions.h"
#include "services/payments/coll_rules.h"
#include "services/payments/coll_store.h"

#define DAY 20414
#define MIDNIGHT_MS (DAY * 86400000LL - 7 * 3600000LL) /* in +07:00 */

static void a_payment_counts_for_the_next_day_from_the_cut_off_on(void **state)
{
    (void)state;
    static const struct {
        long long at_ms; /* after midnight */
        uint32_t cut_off;
        int days;
    } cases[] = {
        {0, 0, 0},
        {18 * 3600000LL - 1, 0, 0},
        {18 * 3600000LL, 0, 1}, /* the usual one */
        {86400000LL - 1, 0, 1},
        {59999, 1, 0},
        {60000, 1, 1},
        {1439 * 60000LL - 1, 1439, 0},
        {1439 * 60000LL, 1439, 1},
        {-1, 1439, 0}, /* the minute before midnight counts for the day that begins */
        {-60001, 1439, -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(coll_business_day(MIDNIGHT_MS + cases[i].at_ms, cases[i].cut_off),
                         DAY + cases[i].days);
}

static void records_are_read_as_they_were_written(void **state)
{
    (void)state;
    uint8_t bytes[CLAIM_BYTES], other[OUTCOME_BYTES];
    struct claim claim = {.kind = CLAIM_PAY, .bill_number = 77, .fingerprint = UINT64_MAX - 5};
    struct claim read;
    struct outcome outcome;
    memset(claim.citizen, 0xab, ID_BYTES);
    claim_pack(&claim, bytes);
    assert_int_equal(claim_unpack(bytes, sizeof(bytes), &read), -EPROTO); /* not stamped */
    bytes[COLL_STAMP_AT] = 3;
    bytes[COLL_STAMP_AT + 4] = 9;
    assert_int_equal(claim_unpack(bytes, sizeof(bytes), &read), 0);
    assert_int_equal(read.position.epoch, 3);
    assert_int_equal(read.position.seq, 9);
    assert_int_equal(read.kind, CLAIM_PAY);
    assert_int_equal(read.bill_number, 77);
    assert_true(read.fingerprint == UINT64_MAX - 5);
    assert_memory_equal(read.citizen, claim.citizen, ID_BYTES);
    assert_int_equal(claim_unpack(bytes, sizeof(bytes) - 1, &read), -EPROTO);
    bytes[COLL_STAMP_AT + COMMIT_POSITION_BYTES] = CLAIM_CANCEL + 1;
    assert_int_equal(claim_unpack(bytes, sizeof(bytes), &read), -EPROTO);

    outcome_pack(OUTCOME_IS_REFUSED, other);
    other[COLL_STAMP_AT] = other[COLL_STAMP_AT + 4] = 1;
    assert_int_equal(outcome_unpack(other, sizeof(other), &outcome), 0);
    assert_int_equal(outcome.state, OUTCOME_IS_REFUSED);
    other[0] = 2; /* written once */
    assert_int_equal(outcome_unpack(other, sizeof(other), &outcome), -EPROTO);
}

/* --- verify ----------------------------------------------------------------------------------- */

static uint8_t hash[ID_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, citizen[ID_BYTES] = {1, 2, 9};
static struct map *map;
static struct arena *arena;

static int fold_open(void **state)
{
    (void)state;
    map = map_create();
    arena = arena_create(1024 * 1024);
    return 0;
}

static int fold_close(void **state)
{
    (void)state;
    map_destroy(&map);
    arena_destroy(&arena);
    return 0;
}

static void verify_makes_the_bytes_that_payments_writes(void **state)
{
    (void)state;
    const struct journal_position at = {1, 5};
    unsigned partition = partition_of(hash);
    struct claim claim = {.kind = CLAIM_PAY, .bill_number = 4, .fingerprint = 99};
    uint8_t want[CLAIM_BYTES];
    Ansinh__V1__TransactionClaimed claimed;
    Ansinh__V1__Event event;
    ansinh__v1__transaction_claimed__init(&claimed);
    ansinh__v1__event__init(&event);
    claimed.transaction = (ProtobufCBinaryData){ID_BYTES, hash};
    claimed.kind = ANSINH__V1__TRANSACTION_KIND__TRANSACTION_KIND_PAY;
    claimed.fingerprint = 99;
    claimed.bill_number = 4;
    event.kind_case = ANSINH__V1__EVENT__KIND_TRANSACTION_CLAIMED;
    event.transaction_claimed = &claimed;
    assert_non_null(transactions_apply(map, arena, partition, at, &event)); /* of nobody */
    event.citizen = (ProtobufCBinaryData){ID_BYTES, citizen};
    assert_non_null(transactions_apply(map, arena, partition + 1, at, &event));
    assert_null(transactions_apply(map, arena, partition, at, &event));
    assert_non_null(transactions_apply(map, arena, partition, at, &event)); /* a second time */
    memcpy(claim.citizen, citizen, ID_BYTES);
    claim_pack(&claim, want);
    want[COLL_STAMP_AT] = 1;
    want[COLL_STAMP_AT + 4] = 5;
    const struct fold_transaction *made =
        transactions_find(map, CLAIM_KIND, partition_bucket(hash), partition_field(hash));
    assert_non_null(made);
    assert_int_equal(made->len, sizeof(want));
    assert_memory_equal(made->value, want, sizeof(want));
}

static void a_transaction_has_one_outcome(void **state)
{
    (void)state;
    uint8_t want[OUTCOME_BYTES];
    Ansinh__V1__TransactionClosed closed;
    Ansinh__V1__PaymentRecorded paid;
    Ansinh__V1__Event event;
    unsigned partition = partition_of(citizen);
    ansinh__v1__transaction_closed__init(&closed);
    ansinh__v1__payment_recorded__init(&paid);
    ansinh__v1__event__init(&event);
    event.citizen = (ProtobufCBinaryData){ID_BYTES, citizen};
    event.kind_case = ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED;
    event.payment_recorded = &paid;
    assert_null(transactions_apply(map, arena, partition, (struct journal_position){1, 1}, &event));
    paid.transaction = (ProtobufCBinaryData){ID_BYTES, hash};
    assert_null(transactions_apply(map, arena, partition, (struct journal_position){1, 2}, &event));
    outcome_pack(OUTCOME_IS_PAID, want);
    want[COLL_STAMP_AT] = 1;
    want[COLL_STAMP_AT + 4] = 2;
    const struct fold_transaction *made =
        transactions_find(map, OUTCOME_KIND, partition_bucket(hash), partition_field(hash));
    assert_memory_equal(made->value, want, sizeof(want));
    event.kind_case = ANSINH__V1__EVENT__KIND_TRANSACTION_CLOSED;
    event.transaction_closed = &closed;
    closed.transaction = (ProtobufCBinaryData){ID_BYTES, hash};
    assert_non_null(
        transactions_apply(map, arena, partition, (struct journal_position){1, 3}, &event));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_payment_counts_for_the_next_day_from_the_cut_off_on),
        cmocka_unit_test(records_are_read_as_they_were_written),
        cmocka_unit_test_setup_teardown(verify_makes_the_bytes_that_payments_writes, fold_open,
                                        fold_close),
        cmocka_unit_test_setup_teardown(a_transaction_has_one_outcome, fold_open, fold_close),
    };
    return !!cmocka_run_group_tests(tests, NULL, NULL);
}
