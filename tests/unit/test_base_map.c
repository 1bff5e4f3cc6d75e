#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "common/base/map.h"

#define N_KEYS 5000

static void test_one_entry(void **state)
{
    (void)state;
    struct map *map = map_create();
    int one = 1, two = 2;
    assert_null(map_get(map, "a", 1));
    assert_null(map_remove(map, "a", 1));
    assert_null(map_put(map, "a", 1, &one));
    assert_ptr_equal(map_get(map, "a", 1), &one);
    assert_ptr_equal(map_put(map, "a", 1, &two), &one);
    assert_int_equal(map_count(map), 1);
    assert_ptr_equal(map_remove(map, "a", 1), &two);
    assert_int_equal(map_count(map), 0);
    assert_null(map_get(map, "a", 1));
    map_destroy(&map);
    assert_null(map);
    map_destroy(&map);
}

static void test_keys_are_bytes_of_a_length(void **state)
{
    (void)state;
    struct map *map = map_create();
    char longest[MAP_KEY_MAX_BYTES];
    int values[4];
    memset(longest, 0, sizeof(longest));
    assert_null(map_put(map, "ab", 2, &values[0]));
    assert_null(map_put(map, "a", 1, &values[1]));
    assert_null(map_put(map, "a\0", 2, &values[2]));
    assert_null(map_put(map, longest, sizeof(longest), &values[3]));
    assert_ptr_equal(map_get(map, "ab", 2), &values[0]);
    assert_ptr_equal(map_get(map, "a", 1), &values[1]);
    assert_ptr_equal(map_get(map, "a\0", 2), &values[2]);
    assert_ptr_equal(map_get(map, longest, sizeof(longest)), &values[3]);
    assert_null(map_get(map, longest, sizeof(longest) - 1));
    memset(longest, 1, sizeof(longest)); /* the key was copied */
    assert_null(map_get(map, longest, sizeof(longest)));
    map_destroy(&map);
}

/* Random puts and removes against a plain array. */
static void test_against_an_array(void **state)
{
    (void)state;
    static int values[N_KEYS];
    static int *model[N_KEYS];
    struct map *map = map_create();
    size_t count = 0;
    unsigned random = 12345;
    memset(model, 0, sizeof(model));
    for (int step = 0; step < 100000; step++) {
        random = random * 1103515245 + 12345;
        unsigned i = random / 65536 % N_KEYS;
        char key[16];
        size_t len = (size_t)snprintf(key, sizeof(key), "key-%u", i);
        if (random & 0x8000) {
            assert_ptr_equal(map_put(map, key, len, &values[i]), model[i]);
            count += model[i] == NULL;
            model[i] = &values[i];
        } else {
            assert_ptr_equal(map_remove(map, key, len), model[i]);
            count -= model[i] != NULL;
            model[i] = NULL;
        }
        assert_int_equal(map_count(map), count);
    }
    size_t seen = 0, cursor = 0;
    for (int *value; (value = map_next(map, &cursor)) != NULL; seen++)
        assert_ptr_equal(model[value - values], value);
    assert_int_equal(seen, count);
    for (unsigned i = 0; i < N_KEYS; i++) {
        char key[16];
        size_t len = (size_t)snprintf(key, sizeof(key), "key-%u", i);
        assert_ptr_equal(map_get(map, key, len), model[i]);
    }
    map_destroy(&map);
}

static void test_walk_of_nothing(void **state)
{
    (void)state;
    struct map *map = map_create();
    size_t cursor = 0;
    assert_null(map_next(map, &cursor));
    assert_null(map_next(map, &cursor));
    map_destroy(&map);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_one_entry),
    cmocka_unit_test(test_keys_are_bytes_of_a_length),
    cmocka_unit_test(test_against_an_array),
    cmocka_unit_test(test_walk_of_nothing),
};

TEST_MAIN(tests)
