/* Numbers decided by a seed: draws, permutations and shares. Pure, the same on every machine. */
#ifndef ANSINH_CLI_SAMPLE_DRAW_H
#define ANSINH_CLI_SAMPLE_DRAW_H

#include <stddef.h>
#include <stdint.h>

#define DRAW_SHARES_MAX 4000

/* The finisher of splitmix64. */
uint64_t draw_mix(uint64_t z);

/* 0 to n - 1, decided by seed and index; draws of different indexes know nothing of each other. */
uint32_t draw_below(uint64_t seed, uint64_t index, uint32_t n);

/* Where x comes in a permutation of 0..n-1, decided by key. */
uint64_t draw_permute(uint64_t key, uint64_t n, uint64_t x);

/* Shares total out in proportion to the weights by largest remainder; a weight of 0 gets nothing.
 * n is at most DRAW_SHARES_MAX, a weight times total below 2^64, and one weight is not 0. */
void draw_shares(const uint64_t *weights, size_t n, uint32_t total, uint32_t *ret);

/* Counts become running sums: how many there are up to and including i. */
void draw_running_sums(uint32_t *counts, size_t n);

/* First i of running sums with until[i] > x, which is below the last one. */
size_t draw_find(const uint32_t *until, size_t n, uint32_t x);

#endif
