#include "tests/support/test.h"

#include "common/base/macros.h"
#include "common/loop/heap.h"

#define N_NODES 1000

static unsigned next_random(unsigned *seed)
{
    *seed = *seed * 1103515245 + 12345;
    return *seed / 65536 % 32768;
}

static void test_empty(void **state)
{
    (void)state;
    struct heap heap;
    heap_init(&heap);
    assert_null(heap_top(&heap));
    assert_null(heap_pop(&heap));
    heap_fini(&heap);
    heap_fini(&heap);
}

static void test_pops_in_order(void **state)
{
    (void)state;
    static struct heap_node nodes[N_NODES];
    struct heap heap;
    unsigned seed = 1;
    heap_init(&heap);
    for (size_t i = 0; i < N_NODES; i++) {
        nodes[i].key = (int64_t)next_random(&seed) - 16384;
        heap_push(&heap, &nodes[i]);
    }
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < N_NODES; i++) {
        struct heap_node *top = heap_top(&heap);
        assert_ptr_equal(heap_pop(&heap), top);
        assert_true(top->key >= last);
        last = top->key;
    }
    assert_null(heap_pop(&heap));
    heap_fini(&heap);
}

/* Pushes and removals of any node in a random order; the top is always the least of what is left.
 */
static void test_removal_of_any_node(void **state)
{
    (void)state;
    static struct heap_node nodes[64];
    static int is_in[ARRAY_LEN(nodes)];
    struct heap heap;
    unsigned seed = 7;
    heap_init(&heap);
    for (int step = 0; step < 20000; step++) {
        size_t i = next_random(&seed) % ARRAY_LEN(nodes);
        if (is_in[i]) {
            heap_remove(&heap, &nodes[i]);
        } else {
            nodes[i].key = next_random(&seed) % 40;
            heap_push(&heap, &nodes[i]);
        }
        is_in[i] = !is_in[i];
        int64_t least = INT64_MAX;
        size_t count = 0;
        for (size_t k = 0; k < ARRAY_LEN(nodes); k++) {
            count += (size_t)is_in[k];
            least = is_in[k] ? MIN(least, nodes[k].key) : least;
        }
        assert_int_equal(heap.count, count);
        if (count == 0)
            assert_null(heap_top(&heap));
        else
            assert_int_equal(heap_top(&heap)->key, least);
    }
    heap_fini(&heap);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_empty),
    cmocka_unit_test(test_pops_in_order),
    cmocka_unit_test(test_removal_of_any_node),
};

TEST_MAIN(tests)
