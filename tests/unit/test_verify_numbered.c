/* What verify says of receipts and cash: numbers with gaps, doubles, wrong sums. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "services/cli/verify_numbered.h"

#define SERIES "ORG/POINT/2025"
#define ARENA_BYTES (1024 * 1024)

struct world {
    struct map *records;
    struct arena *arena;
    uint8_t subject[ID_BYTES];
    Ansinh__V1__Event event;
    Ansinh__V1__ReceiptsIssued issued;
    Ansinh__V1__IssuedReceipt rows[4];
    Ansinh__V1__IssuedReceipt *pointers[4];
    Ansinh__V1__ReceiptVoided voided;
    Ansinh__V1__ReceiptBlockAllocated allocated;
    Ansinh__V1__CashRemitted remitted;
};

static int setup(void **state)
{
    struct world *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    self->records = map_create();
    self->arena = arena_create(ARENA_BYTES);
    *state = self;
    return 0;
}

static int teardown(void **state)
{
    struct world *self = *state;
    map_destroy(&self->records);
    arena_destroy(&self->arena);
    free(self);
    return 0;
}

static const char *apply(struct world *self)
{
    self->event.at_ms = 1000;
    return numbered_apply(self->records, self->arena, 0, &self->event);
}

/* Payments seq, seq + 1 ... get numbers from first on. */
static const char *issue(struct world *self, uint64_t first, uint64_t seq, size_t n)
{
    ansinh__v1__event__init(&self->event);
    ansinh__v1__receipts_issued__init(&self->issued);
    for (size_t i = 0; i < n; i++) {
        ansinh__v1__issued_receipt__init(&self->rows[i]);
        self->rows[i].number = first + i;
        self->rows[i].epoch = 1;
        self->rows[i].seq = seq + i;
        self->pointers[i] = &self->rows[i];
    }
    self->issued.subject = (ProtobufCBinaryData){ID_BYTES, self->subject};
    self->issued.series = (char *)(uintptr_t)SERIES;
    self->issued.receipts = self->pointers;
    self->issued.n_receipts = n;
    self->event.kind_case = ANSINH__V1__EVENT__KIND_RECEIPTS_ISSUED;
    self->event.receipts_issued = &self->issued;
    return apply(self);
}

static const char *void_one(struct world *self, uint64_t *numbers, size_t n, uint64_t replacement,
                            uint64_t closed)
{
    ansinh__v1__event__init(&self->event);
    ansinh__v1__receipt_voided__init(&self->voided);
    self->voided.subject = (ProtobufCBinaryData){ID_BYTES, self->subject};
    self->voided.series = (char *)(uintptr_t)SERIES;
    self->voided.numbers = numbers;
    self->voided.n_numbers = n;
    self->voided.reason = closed != 0 ? ANSINH__V1__VOID_REASON__VOID_REASON_UNUSED
                                      : ANSINH__V1__VOID_REASON__VOID_REASON_SPOILT;
    self->voided.replacement = replacement;
    self->voided.closed_block = closed;
    self->event.kind_case = ANSINH__V1__EVENT__KIND_RECEIPT_VOIDED;
    self->event.receipt_voided = &self->voided;
    return apply(self);
}

static const char *allocate(struct world *self, uint64_t first, uint32_t count)
{
    ansinh__v1__event__init(&self->event);
    ansinh__v1__receipt_block_allocated__init(&self->allocated);
    self->allocated.subject = (ProtobufCBinaryData){ID_BYTES, self->subject};
    self->allocated.series = (char *)(uintptr_t)SERIES;
    self->allocated.first_number = first;
    self->allocated.count = count;
    self->event.kind_case = ANSINH__V1__EVENT__KIND_RECEIPT_BLOCK_ALLOCATED;
    self->event.receipt_block_allocated = &self->allocated;
    return apply(self);
}

static const char *remit(struct world *self, int64_t amount, int64_t sum, uint32_t number)
{
    ansinh__v1__event__init(&self->event);
    ansinh__v1__cash_remitted__init(&self->remitted);
    self->remitted.subject = (ProtobufCBinaryData){ID_BYTES, self->subject};
    self->remitted.amount_vnd = amount;
    self->remitted.remitted_vnd = sum;
    self->remitted.number = number;
    self->event.kind_case = ANSINH__V1__EVENT__KIND_CASH_REMITTED;
    self->event.cash_remitted = &self->remitted;
    return apply(self);
}

static void numbers_without_a_gap_are_well(void **state)
{
    struct world *self = *state;
    assert_null(issue(self, 1, 10, 3));
    assert_null(issue(self, 4, 20, 1));
    assert_null(allocate(self, 5, 3));
    assert_null(issue(self, 6, 30, 1)); /* of the block */
    assert_null(issue(self, 8, 31, 2));
    uint64_t first = 1, unused[] = {5, 7};
    assert_null(void_one(self, &first, 1, 0, 0));
    assert_null(void_one(self, &first, 1, 10, 0)); /* replaced later */
    assert_null(void_one(self, unused, 2, 0, 5));
    assert_null(issue(self, 11, 40, 1));
    struct receipt_place place;
    receipt_place_number(series_id(SERIES), 1, &place);
    const struct fold_numbered *record =
        numbered_find(self->records, place.bucket, (const char *)place.field, place.len);
    assert_non_null(record);
    assert_int_equal(record->version, 3);
    Ansinh__V1__ReceiptRecord *receipt =
        ansinh__v1__receipt_record__unpack(NULL, record->len, record->packed);
    assert_non_null(receipt);
    assert_int_equal(receipt->replaced_by, 10);
    ansinh__v1__receipt_record__free_unpacked(receipt, NULL);
}

static void a_gap_is_seen(void **state)
{
    struct world *self = *state;
    assert_null(issue(self, 1, 10, 1));
    assert_non_null(issue(self, 3, 11, 1));
}

static void a_number_given_twice_is_seen(void **state)
{
    struct world *self = *state;
    assert_null(issue(self, 1, 10, 2));
    assert_non_null(issue(self, 2, 12, 1));
    assert_null(allocate(self, 4, 2));
    assert_null(issue(self, 4, 20, 1));
    assert_non_null(issue(self, 4, 21, 1));
}

static void a_second_receipt_is_seen(void **state)
{
    struct world *self = *state;
    assert_null(issue(self, 1, 10, 2));
    assert_non_null(issue(self, 3, 11, 1));
}

static void wrong_voids_are_seen(void **state)
{
    struct world *self = *state;
    uint64_t one = 1, nine = 9, both[] = {1, 2};
    assert_null(issue(self, 1, 10, 2));
    assert_non_null(void_one(self, &nine, 1, 0, 0));
    assert_non_null(void_one(self, both, 2, 0, 0));
    assert_non_null(void_one(self, &one, 1, 7, 0)); /* not the next number */
    assert_non_null(void_one(self, &one, 1, 0, 0)); /* void already */
    assert_non_null(void_one(self, both, 2, 0, 1)); /* no such block */
}

static void a_block_closed_half_is_seen(void **state)
{
    struct world *self = *state;
    uint64_t unused[] = {1, 2};
    assert_null(allocate(self, 1, 3));
    assert_non_null(void_one(self, unused, 2, 0, 1));
    assert_non_null(allocate(self, 9, 3)); /* not the next numbers */
}

static void a_sum_that_does_not_add_up_is_seen(void **state)
{
    struct world *self = *state;
    assert_null(remit(self, 100, 100, 1));
    assert_null(remit(self, 50, 150, 2));
    assert_non_null(remit(self, 50, 201, 3));
    assert_non_null(remit(self, -1, 199, 4));
}

static void a_subject_of_another_partition_is_seen(void **state)
{
    struct world *self = *state;
    self->subject[0] = 0xff;
    assert_non_null(issue(self, 1, 10, 1));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
    CASE(numbers_without_a_gap_are_well),
    CASE(a_gap_is_seen),
    CASE(a_number_given_twice_is_seen),
    CASE(a_second_receipt_is_seen),
    CASE(wrong_voids_are_seen),
    CASE(a_block_closed_half_is_seen),
    CASE(a_sum_that_does_not_add_up_is_seen),
    CASE(a_subject_of_another_partition_is_seen),
};

TEST_MAIN(tests)
