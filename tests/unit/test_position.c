#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/base/macros.h"
#include "common/service/command.h"

static void expect_round(unsigned partition, uint32_t epoch, uint64_t seq, const char *wanted)
{
    char text[POSITION_TEXT_BYTES];
    struct journal_position back = {0};
    unsigned back_partition = 9999;
    position_format(partition, (struct journal_position){epoch, seq}, text);
    assert_string_equal(text, wanted);
    assert_int_equal(position_parse(text, &back_partition, &back), 0);
    assert_int_equal(back_partition, partition);
    assert_int_equal(back.epoch, epoch);
    assert_int_equal(back.seq, seq);
}

static void positions_read_back(void **state)
{
    (void)state;
    expect_round(513, 1, 42, "p0513-1-42");
    expect_round(0, 1, 1, "p0000-1-1");
    expect_round(9, 10, 100, "p0009-10-100");
    expect_round(1023, 7, 9007199254740993, "p1023-7-9007199254740993");
    expect_round(PARTITION_DIRECTORY, UINT32_MAX, INT64_MAX,
                 "p1024-4294967295-9223372036854775807");
    for (unsigned partition = 0; partition < PARTITIONS_ALL; partition++) {
        char text[POSITION_TEXT_BYTES];
        struct journal_position back;
        unsigned back_partition;
        position_format(partition, (struct journal_position){1, partition + 1}, text);
        assert_int_equal(position_parse(text, &back_partition, &back), 0);
        assert_int_equal(back_partition, partition);
    }
}

static void the_longest_position_fits(void **state)
{
    (void)state;
    char text[POSITION_TEXT_BYTES];
    position_format(PARTITION_DIRECTORY, (struct journal_position){UINT32_MAX, UINT64_MAX}, text);
    assert_string_equal(text, "p1024-4294967295-18446744073709551615");
}

static void wrong_positions_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "p",
        "p0513",
        "p0513-1",
        "p0513-1-",
        "p0513--42",
        "p0513-1-0",
        "p0513-0-42",
        "p0513-1-42 ",
        " p0513-1-42",
        "p0513-1-42-7",
        "p0513-1-+42",
        "p0513-1--42",
        "p0513-01-42",
        "p0513-1-042",
        "p0513-1-0x2a",
        "P0513-1-42",
        "q0513-1-42",
        "00513-1-42",
        "p513-1-42",
        "p00513-1-42",
        "p051x-1-42",
        "p05:3-1-42",
        "p-513-1-42",
        "p+513-1-42",
        "p1025-1-42",
        "p9999-1-42",
        "p0513-4294967296-42",
        "p0513-1-9223372036854775808",
        "p0513-1-18446744073709551616",
        "p0513-1-000000000000000000000000000000000000000000000000000042",
        "p0513-1-42222222222222222222222222222222",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct journal_position position = {77, 78};
        unsigned partition = 79;
        if (position_parse(wrong[i], &partition, &position) != -EINVAL)
            fail_msg("taken: \"%s\"", wrong[i]);
        assert_int_equal(partition, 79);
        assert_int_equal(position.epoch, 77);
        assert_int_equal(position.seq, 78);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(positions_read_back),
    cmocka_unit_test(the_longest_position_fits),
    cmocka_unit_test(wrong_positions_are_refused),
};

TEST_MAIN(tests)
