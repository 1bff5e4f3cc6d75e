#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/store/partition.h"

static void slot_follows_the_cluster_specification(void **state)
{
    (void)state;
    assert_int_equal(partition_slot("123456789", 9), 0x31c3);
    assert_int_equal(partition_slot("", 0), 0);
    assert_int_equal(partition_slot("{user1000}.following", 20),
                     partition_slot("{user1000}.followers", 20));
    /* an empty tag counts for nothing, only the first pair of braces counts */
    assert_int_equal(partition_slot("foo{}{bar}", 10), 8363);
    assert_int_equal(partition_slot("foo{{bar}}zap", 13), partition_slot("{bar", 4));
    assert_int_equal(partition_slot("foo{bar}{zap}", 13), partition_slot("bar", 3));
}

static void every_partition_owns_its_sixteen_slots(void **state)
{
    (void)state;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        const char *tag = partition_tag(p);
        assert_int_equal(partition_slot(tag, strlen(tag)) / 16, p);
        char start[16];
        (void)snprintf(start, sizeof(start), "{p%04u", p);
        assert_memory_equal(tag, start, strlen(start));
        assert_int_equal(tag[strlen(tag) - 1], '}');
    }
    assert_string_equal(partition_tag(PARTITION_DIRECTORY), "{dir}");
}

/* The tags are in every key of a running country: they must never change. */
static void tags_are_the_first_in_alphabetical_order(void **state)
{
    (void)state;
    const unsigned samples[] = {0, 1, 513, 1023};
    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        const char *tag = partition_tag(samples[i]);
        size_t letters = strlen(tag) - strlen("{p0000}");
        assert_in_range(letters, 1, 3);
        for (char a = 'a'; a <= 'z'; a++) {
            char shorter[16];
            int len = snprintf(shorter, sizeof(shorter), "{p%04u%c}", samples[i], a);
            int fits = partition_slot(shorter, (size_t)len) / 16 == samples[i];
            if (letters > 1 || a < tag[6])
                assert_false(fits);
        }
    }
    assert_string_equal(partition_tag(0), partition_tag(0));
}

static void hash_bits_choose_partition_bucket_and_field(void **state)
{
    (void)state;
    uint8_t hash[ID_BYTES] = {0};
    assert_int_equal(partition_of(hash), 0);
    assert_int_equal(partition_bucket(hash), 0);
    memset(hash, 0xff, sizeof(hash));
    assert_int_equal(partition_of(hash), 1023);
    assert_int_equal(partition_bucket(hash), 127);
    const uint8_t mixed[ID_BYTES] = {0x80, 0x40 | 0x20, 0x80, 3, 4, 5, 6, 7, 8, 9};
    assert_int_equal(partition_of(mixed), 513);
    assert_int_equal(partition_bucket(mixed), 65);
    assert_ptr_equal(partition_field(mixed), mixed + 8);
}

static void keys_carry_the_tag(void **state)
{
    (void)state;
    size_t len;
    char key[KEY_MAX_BYTES], expected[KEY_MAX_BYTES];
    const char *tag = partition_tag(513);
    struct request_id id = {{0}};
    id.bytes[15] = 0x2b;

    len = key_citizen(513, 127, key);
    assert_int_equal(len, strlen(key));
    (void)snprintf(expected, sizeof(expected), "%s:c:127", tag);
    assert_string_equal(key, expected);
    len = key_identity(513, 0, key);
    assert_int_equal(len, strlen(key));
    (void)snprintf(expected, sizeof(expected), "%s:i:0", tag);
    assert_string_equal(key, expected);
    len = key_answers(513, 20414, &id, key);
    assert_int_equal(len, strlen(key));
    (void)snprintf(expected, sizeof(expected), "%s:q:20414:11", tag);
    assert_string_equal(key, expected);
    len = key_totals(513, key);
    assert_int_equal(len, strlen(key));
    (void)snprintf(expected, sizeof(expected), "%s:t", tag);
    assert_string_equal(key, expected);
    len = key_journal(PARTITION_DIRECTORY, key);
    assert_int_equal(len, strlen(key));
    assert_string_equal(key, "{dir}:log");
    len = key_reference('u', key);
    assert_int_equal(len, strlen(key));
    assert_string_equal(key, "{dir}:r:u");
}

static void the_longest_key_fits(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    struct request_id id;
    memset(&id, 0xff, sizeof(id));
    assert_in_range(key_answers(1023, INT32_MAX, &id, key), 20, KEY_MAX_BYTES - 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(slot_follows_the_cluster_specification),
    cmocka_unit_test(every_partition_owns_its_sixteen_slots),
    cmocka_unit_test(tags_are_the_first_in_alphabetical_order),
    cmocka_unit_test(hash_bits_choose_partition_bucket_and_field),
    cmocka_unit_test(keys_carry_the_tag),
    cmocka_unit_test(the_longest_key_fits),
};

TEST_MAIN(tests)
