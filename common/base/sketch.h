/* How many different people there are, without keeping who: HyperLogLog (Flajolet, Fusy, Gandouet,
 * Meunier 2007) over hashes of 64 bits, read by the estimator of Ertl (2017, "New cardinality
 * estimation algorithms for HyperLogLog sketches", algorithm 6), which needs no corrections for
 * small or large numbers. Up to SKETCH_EXACT_MAX people are kept as they are and counted exactly,
 * and take 8 bytes each.
 *
 * A sketch is a function of the set of people: neither order nor repetition changes it, and that of
 * a union is the merger of those of its parts. Official and money counts are never made of it. No
 * I/O. */
#ifndef ANSINH_BASE_SKETCH_H
#define ANSINH_BASE_SKETCH_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

#define SKETCH_PRECISION 14 /* bits of a hash that choose its register */
#define SKETCH_REGISTERS (1U << SKETCH_PRECISION)
#define SKETCH_EXACT_MAX 1024
#define SKETCH_ERROR_PER_MILLION 8125 /* standard error beyond: 1.04 / sqrt(SKETCH_REGISTERS) */

struct sketch;

struct sketch *sketch_create(void);
void sketch_destroy(struct sketch **self);

/* Adds somebody by a hash whose bits are all uniform. 1: the sketch is another one now; 0: it is
 * the same. */
int sketch_add(struct sketch *self, uint64_t hash);

/* Adds everybody of another one. */
void sketch_merge(struct sketch *self, const struct sketch *other);

/* How many there are. */
int64_t sketch_estimate(const struct sketch *self);

size_t sketch_bytes(const struct sketch *self);

#endif
