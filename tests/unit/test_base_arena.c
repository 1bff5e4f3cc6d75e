#include "tests/support/test.h"

#include <string.h>

#include "common/base/arena.h"

static void test_pieces_are_aligned_and_apart(void **state)
{
    (void)state;
    struct arena *arena = arena_create(1 << 20);
    unsigned char *pieces[100];
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        pieces[i] = arena_alloc(arena, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        for (size_t k = 0; k < i; k++)
            assert_int_equal(pieces[i][k], i);
    }
    arena_destroy(&arena);
    assert_null(arena);
    arena_destroy(&arena);
}

static void test_limit(void **state)
{
    (void)state;
    struct arena *arena = arena_create(64);
    assert_null(arena_alloc(arena, 65));
    assert_non_null(arena_alloc(arena, 32));
    assert_null(arena_alloc(arena, 33));
    assert_non_null(arena_alloc(arena, 32));
    assert_int_equal(arena_used(arena), 64);
    assert_null(arena_alloc(arena, 0));
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_null(arena_zalloc(arena, 1));
    assert_null(arena_strndup(arena, "a", 1));
    assert_null(arena_printf(arena, "%d", 1));
    arena_reset(arena);
    assert_int_equal(arena_used(arena), 0);
    assert_non_null(arena_alloc(arena, 64));
    arena_destroy(&arena);
}

static void test_sizes_near_the_end_of_size_t(void **state)
{
    (void)state;
    struct arena *arena = arena_create(SIZE_MAX);
    assert_null(arena_alloc(arena, SIZE_MAX));
    assert_null(arena_alloc(arena, SIZE_MAX - 8));
    assert_null(arena_strndup(arena, "", SIZE_MAX));
    assert_non_null(arena_alloc(arena, 1));
    arena_destroy(&arena);
}

static void test_large_pieces_beside_small_ones(void **state)
{
    (void)state;
    struct arena *arena = arena_create(1 << 20);
    char *small = arena_strndup(arena, "small", 5);
    char *large = arena_zalloc(arena, 100000);
    assert_non_null(large);
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(large[i], 0);
    assert_non_null(arena_alloc(arena, 1));
    assert_string_equal(small, "small");
    for (int round = 0; round < 3; round++) {
        arena_reset(arena);
        assert_non_null(arena_alloc(arena, 1000));
        assert_non_null(arena_alloc(arena, 100000));
    }
    arena_destroy(&arena);
}

static void test_texts(void **state)
{
    (void)state;
    struct arena *arena = arena_create(1024);
    assert_string_equal(arena_strndup(arena, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(arena, "", 0), "");
    assert_string_equal(arena_printf(arena, "%s-%d", "p", 7), "p-7");
    assert_null(arena_printf(arena, "%2000d", 7));
    arena_destroy(&arena);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_pieces_are_aligned_and_apart),
    cmocka_unit_test(test_limit),
    cmocka_unit_test(test_sizes_near_the_end_of_size_t),
    cmocka_unit_test(test_large_pieces_beside_small_ones),
    cmocka_unit_test(test_texts),
};

TEST_MAIN(tests)
