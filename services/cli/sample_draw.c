#include "services/cli/sample_draw.h"

#include <stdlib.h>

uint64_t draw_mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t draw_below(uint64_t seed, uint64_t index, uint32_t n)
{
    uint64_t bits = draw_mix(seed ^ draw_mix(index));
    return (uint32_t)((bits >> 32) * n >> 32);
}

/* A Feistel network over the next even power of two, walked until it comes back below n. */
uint64_t draw_permute(uint64_t key, uint64_t n, uint64_t x)
{
    unsigned half = 1;
    while (n > 1ull << 2 * half)
        half++;
    uint64_t mask = (1ull << half) - 1;
    do {
        uint64_t left = x >> half, right = x & mask;
        for (uint64_t round = 0; round < 4; round++) {
            uint64_t turned = left ^ (draw_mix(key ^ draw_mix(right * 4 + round)) & mask);
            left = right;
            right = turned;
        }
        x = left << half | right;
    } while (x >= n);
    return x;
}

size_t draw_find(const uint32_t *until, size_t n, uint32_t x)
{
    size_t low = 0, high = n - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (until[middle] > x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

struct remainder {
    uint64_t value;
    size_t i;
};

static int remainder_compare(const void *a, const void *b)
{
    const struct remainder *left = a, *right = b;
    if (left->value != right->value)
        return left->value > right->value ? -1 : 1;
    return left->i < right->i ? -1 : 1;
}

void draw_shares(const uint64_t *weights, size_t n, uint32_t total, uint32_t *ret)
{
    struct remainder remainders[DRAW_SHARES_MAX] = {0};
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += weights[i];
    uint32_t left = total;
    for (size_t i = 0; i < n; i++) {
        ret[i] = (uint32_t)(weights[i] * total / sum);
        remainders[i] = (struct remainder){weights[i] * total % sum, i};
        left -= ret[i];
    }
    qsort(remainders, n, sizeof(remainders[0]), remainder_compare);
    for (size_t i = 0; i < left; i++)
        ret[remainders[i].i]++;
}

void draw_running_sums(uint32_t *counts, size_t n)
{
    for (size_t i = 1; i < n; i++)
        counts[i] += counts[i - 1];
}
