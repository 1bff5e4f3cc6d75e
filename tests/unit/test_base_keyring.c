#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/keyring.h"

#define HEX_32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static char directory[64];

static void key_path(const char *name, char ret[128])
{
    (void)snprintf(ret, 128, "%s/%s", directory, name);
}

static void write_key(const char *name, const char *text, mode_t mode)
{
    char path[128];
    key_path(name, path);
    (void)unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
}

static void remove_key(const char *name)
{
    char path[128];
    key_path(name, path);
    assert_int_equal(unlink(path), 0);
}

static int setup(void **state)
{
    (void)state;
    strcpy(directory, "/tmp/test_base_keyring.XXXXXX");
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"hash.key", "seal-1.key", "seal-2.key", "seal-255.key",
                                        "partner-1.key"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[128];
        key_path(names[i], path);
        (void)unlink(path);
    }
    return rmdir(directory);
}

static struct keyring *open_good(void)
{
    struct keyring *ring = NULL;
    struct err err = {"", ""};
    if (keyring_open(directory, &ring, &err) < 0)
        fail_msg("%s", err.text);
    return ring;
}

static void test_made_keys_are_private_and_stay(void **state)
{
    (void)state;
    struct err err;
    struct stat st;
    char inner[80], path[128];
    (void)snprintf(inner, sizeof(inner), "%s/keys", directory);
    assert_int_equal(keyring_make(inner, &err), 0);
    assert_int_equal(stat(inner, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    uint8_t first[ID_BYTES], second[ID_BYTES];
    for (int round = 0; round < 2; round++) {
        struct keyring *ring = NULL;
        assert_int_equal(keyring_make(inner, &err), 0);
        assert_int_equal(keyring_open(inner, &ring, &err), 0);
        keyring_hash(ring, 'c', "001099000001", round == 0 ? first : second);
        keyring_destroy(&ring);
        assert_null(ring);
        keyring_destroy(&ring);
    }
    assert_memory_equal(first, second, ID_BYTES);
    static const char *const names[] = {"hash.key", "seal-1.key", "partner-1.key"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", inner, names[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(inner), 0);
}

static void test_two_rings_differ(void **state)
{
    (void)state;
    uint8_t first[ID_BYTES], second[ID_BYTES];
    for (int round = 0; round < 2; round++) {
        struct err err;
        assert_int_equal(keyring_make(directory, &err), 0);
        struct keyring *ring = open_good();
        keyring_hash(ring, 'c', "001099000001", round == 0 ? first : second);
        keyring_destroy(&ring);
        remove_key("hash.key");
    }
    assert_memory_not_equal(first, second, ID_BYTES);
}

static void test_what_open_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *hash, *seal;
        mode_t hash_mode, seal_mode;
        int rc;
        const char *part;
    } cases[] = {
        {NULL, HEX_32, 0, 0600, -ENOENT, "hash.key"},
        {HEX_32, NULL, 0600, 0, -ENOENT, "seal-1.key"},
        {HEX_32, HEX_32, 0640, 0600, -EACCES, "hash.key"},
        {HEX_32, HEX_32, 0600, 0602, -EACCES, "seal-1.key"},
        {"", HEX_32, 0600, 0600, -EINVAL, "hash.key"},
        {"00", HEX_32, 0600, 0600, -EINVAL, "hash.key"},
        {HEX_32 "00", HEX_32, 0600, 0600, -EINVAL, "hash.key"},
        {HEX_32 "\n\n", HEX_32, 0600, 0600, -EINVAL, "hash.key"},
        {HEX_32 "\nmore", HEX_32, 0600, 0600, -EINVAL, "hash.key"},
        {HEX_32, "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0600, 0600,
         -EINVAL, "seal-1.key"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct keyring *ring = NULL;
        struct err err = {"", ""};
        if (cases[i].hash != NULL)
            write_key("hash.key", cases[i].hash, cases[i].hash_mode);
        if (cases[i].seal != NULL)
            write_key("seal-1.key", cases[i].seal, cases[i].seal_mode);
        int rc = keyring_open(directory, &ring, &err);
        if (rc != cases[i].rc || strstr(err.text, cases[i].part) == NULL)
            fail_msg("case %zu: %d, %s", i, rc, err.text);
        assert_null(ring);
        if (cases[i].hash != NULL)
            remove_key("hash.key");
        if (cases[i].seal != NULL)
            remove_key("seal-1.key");
    }
    struct keyring *ring = NULL;
    assert_int_equal(keyring_open("/nowhere/at/all", &ring, NULL), -ENOENT);
}

/* Known answer: the hash of a citizen must never change, or nobody is found any more. */
static void test_hash_is_fixed(void **state)
{
    (void)state;
    write_key("hash.key", HEX_32 "\n", 0600);
    write_key("seal-1.key", HEX_32 "\n", 0600);
    struct keyring *ring = open_good();
    uint8_t hash[ID_BYTES], other[ID_BYTES];
    char text[2 * ID_BYTES + 1];
    keyring_hash(ring, 'c', "001099000001", hash);
    for (size_t i = 0; i < ID_BYTES; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(text, "a6284b2bb2ddb7873c7bca3e32b7074f");
    keyring_hash(ring, 's', "001099000001", other);
    assert_memory_not_equal(hash, other, ID_BYTES);
    keyring_hash(ring, 'c', "001099000002", other);
    assert_memory_not_equal(hash, other, ID_BYTES);
    keyring_destroy(&ring);
}

static void test_seal_and_unseal(void **state)
{
    (void)state;
    static const uint8_t citizen[ID_BYTES] = {1}, another[ID_BYTES] = {2};
    static const uint8_t plain[] = "Trần Thị Bưởi";
    uint8_t sealed[sizeof(plain) + SEAL_OVERHEAD_BYTES], again[sizeof(sealed)];
    uint8_t opened[sizeof(plain)];
    write_key("hash.key", HEX_32, 0600);
    write_key("seal-1.key", HEX_32, 0600);
    struct keyring *ring = open_good();
    keyring_seal(ring, citizen, plain, sizeof(plain), sealed);
    keyring_seal(ring, citizen, plain, sizeof(plain), again);
    assert_memory_not_equal(sealed, again, sizeof(sealed));
    assert_int_equal(keyring_unseal(ring, citizen, sealed, sizeof(sealed), opened), 0);
    assert_memory_equal(opened, plain, sizeof(plain));
    assert_int_equal(keyring_unseal(ring, another, sealed, sizeof(sealed), opened), -EBADMSG);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        assert_int_equal(keyring_unseal(ring, citizen, sealed, sizeof(sealed), opened), -EBADMSG);
        sealed[i] ^= 1;
    }
    for (size_t len = 0; len < sizeof(sealed); len++)
        assert_int_equal(keyring_unseal(ring, citizen, sealed, len, opened), -EBADMSG);
    keyring_seal(ring, citizen, plain, 0, again);
    assert_int_equal(keyring_unseal(ring, citizen, again, SEAL_OVERHEAD_BYTES, opened), 0);
    keyring_destroy(&ring);
}

static void test_rotation(void **state)
{
    (void)state;
    static const uint8_t citizen[ID_BYTES] = {1};
    uint8_t old[1 + SEAL_OVERHEAD_BYTES], new[1 + SEAL_OVERHEAD_BYTES], opened[1];
    write_key("hash.key", HEX_32, 0600);
    write_key("seal-2.key", HEX_32, 0600);
    struct keyring *ring = open_good();
    keyring_seal(ring, citizen, (const uint8_t *)"a", 1, old);
    assert_int_equal(old[0], 2);
    keyring_destroy(&ring);
    write_key("seal-255.key", "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
              0600);
    ring = open_good();
    keyring_seal(ring, citizen, (const uint8_t *)"b", 1, new);
    assert_int_equal(new[0], 255);
    assert_int_equal(keyring_unseal(ring, citizen, old, sizeof(old), opened), 0);
    assert_int_equal(opened[0], 'a');
    assert_int_equal(keyring_unseal(ring, citizen, new, sizeof(new), opened), 0);
    assert_int_equal(opened[0], 'b');
    keyring_destroy(&ring);
    remove_key("seal-2.key");
    ring = open_good();
    assert_int_equal(keyring_unseal(ring, citizen, old, sizeof(old), opened), -EBADMSG);
    keyring_destroy(&ring);
}

#define KEYRING_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static const struct CMUnitTest tests[] = {
    KEYRING_TEST(test_made_keys_are_private_and_stay),
    KEYRING_TEST(test_two_rings_differ),
    KEYRING_TEST(test_what_open_refuses),
    KEYRING_TEST(test_hash_is_fixed),
    KEYRING_TEST(test_seal_and_unseal),
    KEYRING_TEST(test_rotation),
};

TEST_MAIN(tests)
