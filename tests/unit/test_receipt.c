/* Verification codes, names of series, places of records. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/service/receipt.h"

static struct keyring *ring_make(char folder[32])
{
    struct keyring *ring = NULL;
    struct err err = {0};
    (void)strcpy(folder, "/tmp/ansinh-keys-XXXXXX"); /* NOLINT: it fits */
    assert_non_null(mkdtemp(folder));
    assert_int_equal(keyring_make(folder, &err), 0);
    assert_int_equal(keyring_open(folder, &ring, &err), 0);
    return ring;
}

static void ring_free(struct keyring **ring, const char *folder)
{
    char path[64];
    keyring_destroy(ring);
    (void)snprintf(path, sizeof(path), "%s/hash.key", folder);
    (void)unlink(path);
    (void)snprintf(path, sizeof(path), "%s/seal-1.key", folder);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void a_code_leads_back_to_its_position(void **state)
{
    static const struct journal_position positions[] = {
        {1, 1}, {1, 2}, {2, 1}, {16, (1U << 26) - 1}, {1, 4711}};
    static const unsigned partitions[] = {0, 1, 513, 1023};
    char folder[32], code[RECEIPT_CODE_BYTES], other[RECEIPT_CODE_BYTES];
    struct keyring *ring = ring_make(folder);
    struct journal_position read;
    unsigned partition;
    (void)state;
    for (size_t p = 0; p < ARRAY_LEN(partitions); p++) {
        for (size_t i = 0; i < ARRAY_LEN(positions); i++) {
            receipt_code_format(ring, partitions[p], positions[i], code);
            assert_int_equal(strlen(code), RECEIPT_CODE_CHARS);
            assert_int_equal(receipt_code_parse(ring, code, &partition, &read), 0);
            assert_int_equal(partition, partitions[p]);
            assert_int_equal(read.epoch, positions[i].epoch);
            assert_int_equal(read.seq, positions[i].seq);
        }
    }
    receipt_code_format(ring, 5, (struct journal_position){1, 7}, code);
    receipt_code_format(ring, 5, (struct journal_position){1, 8}, other);
    int differing = 0;
    for (int i = 0; i < RECEIPT_CODE_CHARS; i++)
        differing += code[i] != other[i];
    assert_true(differing > 6); /* neighbours do not look like neighbours */
    ring_free(&ring, folder);
}

static void a_code_may_be_typed_as_people_do(void **state)
{
    char folder[32], code[RECEIPT_CODE_BYTES], typed[64];
    struct keyring *ring = ring_make(folder);
    struct journal_position read;
    unsigned partition;
    (void)state;
    receipt_code_format(ring, 77, (struct journal_position){1, 99}, code);
    (void)snprintf(typed, sizeof(typed), " %.4s-%.4s %.4s - %.4s", code, code + 4, code + 8,
                   code + 12);
    for (char *c = typed; *c != '\0'; c++) {
        if (*c == '0')
            *c = 'o';
        else if (*c == '1')
            *c = 'l';
        else if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    }
    assert_int_equal(receipt_code_parse(ring, typed, &partition, &read), 0);
    assert_int_equal(partition, 77);
    assert_int_equal(read.seq, 99);
    ring_free(&ring, folder);
}

static void a_wrong_code_is_no_code(void **state)
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char folder[32], other_folder[32], code[RECEIPT_CODE_BYTES], changed[RECEIPT_CODE_BYTES];
    struct keyring *ring = ring_make(folder), *other = ring_make(other_folder);
    struct journal_position read;
    unsigned partition;
    (void)state;
    receipt_code_format(ring, 77, (struct journal_position){1, 99}, code);
    assert_int_not_equal(receipt_code_parse(other, code, &partition, &read), 0);
    for (size_t i = 0; i < RECEIPT_CODE_CHARS; i++) {
        for (const char *d = digits; *d != '\0'; d++) {
            memcpy(changed, code, sizeof(code));
            changed[i] = *d;
            if (*d != code[i])
                assert_int_not_equal(receipt_code_parse(ring, changed, &partition, &read), 0);
        }
    }
    assert_int_not_equal(receipt_code_parse(ring, "", &partition, &read), 0);
    assert_int_not_equal(receipt_code_parse(ring, "0000000000000000", &partition, &read), 0);
    assert_int_not_equal(receipt_code_parse(ring, "U234567890123456", &partition, &read), 0);
    (void)snprintf(changed, sizeof(changed), "%.15s", code);
    assert_int_not_equal(receipt_code_parse(ring, changed, &partition, &read), 0);
    ring_free(&ring, folder);
    ring_free(&other, other_folder);
}

static void positions_beyond_a_code_have_none(void **state)
{
    static const struct journal_position beyond[] = {{17, 1}, {0, 1}, {1, 1U << 26}};
    char folder[32], code[RECEIPT_CODE_BYTES];
    struct keyring *ring = ring_make(folder);
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(beyond); i++) {
        receipt_code_format(ring, 1, beyond[i], code);
        assert_string_equal(code, "");
    }
    receipt_code_format(ring, PARTITIONS, (struct journal_position){1, 1}, code);
    assert_string_equal(code, "");
    ring_free(&ring, folder);
}

static void a_series_names_its_point(void **state)
{
    static const char *const wrong[] = {
        "",     "a",        "a/b",        "/b/2025",   "a//2025",
        "a/b/", "a/b/20x5", "a/b/2025/1", "a/b/99999", "a/123456789012345678901234567890123/2025"};
    char name[SERIES_NAME_BYTES], point[SERIES_POINT_BYTES];
    (void)state;
    series_name_format("VNPOST", "VNPOST-02647", 2025, name);
    assert_string_equal(name, "VNPOST/VNPOST-02647/2025");
    assert_int_equal(series_name_parse(name, point), 0);
    assert_string_equal(point, "VNPOST-02647");
    assert_int_equal(series_name_parse("-/-/2025", point), 0);
    assert_string_equal(point, "-");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_not_equal(series_name_parse(wrong[i], point), 0);
}

static void records_have_places_of_their_own(void **state)
{
    const uint8_t subject[ID_BYTES] = {0};
    struct receipt_place places[5];
    (void)state;
    receipt_place_series(7, &places[0]);
    receipt_place_number(7, 1, &places[1]);
    receipt_place_number(7, 2, &places[2]);
    receipt_place_payment(1, (struct journal_position){1, 2}, &places[3]);
    receipt_place_cash(subject, &places[4]);
    for (size_t a = 0; a < ARRAY_LEN(places); a++) {
        assert_true(places[a].len <= RECEIPT_FIELD_MAX_BYTES && places[a].bucket < 128);
        for (size_t b = 0; b < a; b++)
            assert_false(places[a].len == places[b].len &&
                         memcmp(places[a].field, places[b].field, places[a].len) == 0);
    }
    assert_int_equal(places[1].bucket, places[2].bucket); /* neighbours share a hash */
    assert_true(series_id("a/b/2025") != series_id("a/b/2026"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_code_leads_back_to_its_position),
    cmocka_unit_test(a_code_may_be_typed_as_people_do),
    cmocka_unit_test(a_wrong_code_is_no_code),
    cmocka_unit_test(positions_beyond_a_code_have_none),
    cmocka_unit_test(a_series_names_its_point),
    cmocka_unit_test(records_have_places_of_their_own),
};

TEST_MAIN(tests)
