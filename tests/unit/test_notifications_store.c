#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "services/notifications/notifications_store.h"

static struct task sample(enum task_kind kind)
{
    struct task task = {
        .position = {.epoch = 7, .seq = 0x123456789abc},
        .kind = kind,
        .at_ms = 1764561661000,
        .day = -3,
    };
    memset(task.citizen, 0xa5, sizeof(task.citizen));
    if (kind != TASK_WELCOME)
        task.receipt = (struct task_receipt){24311, 12, INT64_MAX, INT64_MIN, -1, 165000, 0, 0};
    if (kind == TASK_REVERSAL)
        task.payment = (struct journal_position){6, 0xfedcba987654};
    return task;
}

static void tasks_come_back_as_they_were(void **state)
{
    (void)state;
    for (enum task_kind kind = TASK_WELCOME; kind <= TASK_REVERSAL; kind++) {
        struct task task = sample(kind), back;
        uint8_t packed[TASK_PACKED_MAX_BYTES];
        size_t len = task_pack(&task, packed);
        assert_in_range(len, ID_BYTES + 1, sizeof(packed));
        assert_int_equal(task_unpack(packed, len, &back), 0);
        assert_memory_equal(back.citizen, task.citizen, ID_BYTES);
        assert_int_equal(back.position.epoch, 7);
        assert_int_equal(back.position.seq, 0x123456789abc);
        assert_int_equal(back.kind, kind);
        assert_int_equal(back.at_ms, task.at_ms);
        assert_int_equal(back.day, -3);
        assert_int_equal(back.receipt.months, task.receipt.months);
        assert_int_equal(back.receipt.from_month, task.receipt.from_month);
        assert_int_equal(back.receipt.participant_vnd, task.receipt.participant_vnd);
        assert_int_equal(back.receipt.central_vnd, task.receipt.central_vnd);
        assert_int_equal(back.receipt.local_vnd, task.receipt.local_vnd);
        assert_int_equal(back.receipt.donor_vnd, task.receipt.donor_vnd);
        assert_int_equal(back.payment.epoch, task.payment.epoch);
        assert_int_equal(back.payment.seq, task.payment.seq);
    }
}

static void a_card_comes_back_too(void **state)
{
    (void)state;
    for (enum task_kind kind = TASK_RECEIPT; kind <= TASK_REVERSAL; kind++) {
        struct task task = sample(kind), back;
        uint8_t packed[TASK_PACKED_MAX_BYTES];
        task.receipt.card_from_day = -7;
        task.receipt.card_to_day = 20779;
        size_t len = task_pack(&task, packed);
        assert_int_equal(task_unpack(packed, len, &back), 0);
        assert_int_equal(back.receipt.card_from_day, -7);
        assert_int_equal(back.receipt.card_to_day, 20779);
        assert_int_equal(back.payment.seq, task.payment.seq);
        assert_int_equal(task_unpack(packed, len - 1, &back), -EPROTO);
    }
}

static void a_unit_comes_back_with_its_numbers(void **state)
{
    (void)state;
    static const char *const codes[] = {"15", "02647", "1234567"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        struct task task, back;
        char code[UNIT_CODE_BYTES];
        uint8_t packed[TASK_PACKED_MAX_BYTES];
        task_of_unit(codes[i], 20619, &task);
        task.behind = (struct task_behind){-3, INT64_MAX, -1, 1};
        size_t len = task_pack(&task, packed);
        assert_int_equal(task_unpack(packed, len, &back), 0);
        task_unit(&back, code);
        assert_string_equal(code, codes[i]);
        assert_int_equal(back.kind, TASK_BEHIND);
        assert_int_equal(back.day, 20619);
        assert_int_equal(back.position.seq, 20619);
        assert_int_equal(back.behind.value, -3);
        assert_int_equal(back.behind.plan, INT64_MAX);
        assert_int_equal(back.behind.needed_per_day, -1);
        assert_int_equal(back.behind.pace_per_day, 1);
        assert_int_equal(task_unpack(packed, len - 1, &back), -EPROTO);
    }
}

static void other_bytes_are_no_task(void **state)
{
    (void)state;
    for (enum task_kind kind = TASK_WELCOME; kind <= TASK_REVERSAL; kind++) {
        struct task task = sample(kind), back;
        uint8_t packed[TASK_PACKED_MAX_BYTES + 1] = {0};
        size_t len = task_pack(&task, packed);
        for (size_t n = 0; n <= sizeof(packed); n++) {
            if (n != len)
                assert_int_equal(task_unpack(packed, n, &back), -EPROTO);
        }
        packed[ID_BYTES + 10] = 5; /* the kind */
        assert_int_equal(task_unpack(packed, len, &back), -EPROTO);
    }
}

static void deliveries_come_back_as_they_were(void **state)
{
    (void)state;
    for (enum task_state s = TASK_QUEUED; s <= TASK_FAILED; s++) {
        struct delivery delivery = {
            .position = {.epoch = UINT32_MAX, .seq = 42},
            .kind = TASK_RECEIPT,
            .state = s,
            .channel = CHANNEL_MAILDIR,
            .attempts = 255,
            .error = 550,
            .updated_at_ms = 1764561661123,
        };
        uint8_t packed[DELIVERY_PACKED_BYTES];
        struct delivery back;
        delivery_pack(&delivery, packed);
        assert_int_equal(delivery_unpack(packed, &back), 0);
        assert_int_equal(back.position.epoch, UINT32_MAX);
        assert_int_equal(back.position.seq, 42);
        assert_int_equal(back.kind, TASK_RECEIPT);
        assert_int_equal(back.state, s);
        assert_int_equal(back.channel, CHANNEL_MAILDIR);
        assert_int_equal(back.attempts, 255);
        assert_int_equal(back.error, 550);
        assert_int_equal(back.updated_at_ms, 1764561661123);
        delivery.attempts = 100000;
        delivery_pack(&delivery, packed);
        assert_int_equal(delivery_unpack(packed, &back), 0);
        assert_int_equal(back.attempts, 255);
    }
}

static void other_bytes_are_no_delivery(void **state)
{
    (void)state;
    struct delivery delivery = {.kind = TASK_WELCOME, .state = TASK_SENT}, back;
    uint8_t packed[DELIVERY_PACKED_BYTES], broken[DELIVERY_PACKED_BYTES];
    delivery_pack(&delivery, packed);
    static const struct {
        size_t at;
        uint8_t byte;
    } cases[] = {{10, 0x02}, {10, 0x52}, {10, 0x10}, {10, 0x16}, {11, 3}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        memcpy(broken, packed, sizeof(broken));
        broken[cases[i].at] = cases[i].byte;
        assert_int_equal(delivery_unpack(broken, &back), -EPROTO);
    }
}

static void an_ended_task_costs_little(void **state)
{
    (void)state;
    struct task task = sample(TASK_RECEIPT);
    struct delivery delivery = {
        .position = task.position, .kind = task.kind, .state = TASK_EXPIRED};
    uint8_t packed[FOUND_PACKED_MAX_BYTES];
    assert_int_equal(found_pack(&task, &delivery, packed), DELIVERY_PACKED_BYTES + ID_BYTES);
    delivery.state = TASK_QUEUED;
    assert_in_range(found_pack(&task, &delivery, packed), DELIVERY_PACKED_BYTES + ID_BYTES + 1,
                    FOUND_PACKED_MAX_BYTES);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(tasks_come_back_as_they_were),
    cmocka_unit_test(a_card_comes_back_too),
    cmocka_unit_test(a_unit_comes_back_with_its_numbers),
    cmocka_unit_test(other_bytes_are_no_task),
    cmocka_unit_test(deliveries_come_back_as_they_were),
    cmocka_unit_test(other_bytes_are_no_delivery),
    cmocka_unit_test(an_ended_task_costs_little),
};

TEST_MAIN(tests)
