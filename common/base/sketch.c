#include "common/base/sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

#define FIRST_ROOM 4
#define RANK_BITS (64 - SKETCH_PRECISION)
#define RANKS                                                                                      \
    (RANK_BITS + 2) /* 0: nobody came to the register; RANK_BITS + 1: nothing but zeros            \
                     */

struct registers {
    uint32_t counts[RANKS]; /* registers by what they hold */
    uint8_t values[SKETCH_REGISTERS];
};

struct sketch {
    struct registers *registers; /* NULL: people are kept as they are */
    uint64_t *people;            /* ascending */
    uint16_t n, room;
};

struct sketch *sketch_create(void)
{
    struct sketch *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    return self;
}

void sketch_destroy(struct sketch **self)
{
    if (*self == NULL)
        return;
    free((*self)->registers);
    free((*self)->people);
    free(*self);
    *self = NULL;
}

/* --- registers -------------------------------------------------------------------------------- */

static int raise(struct registers *registers, size_t i, uint8_t rank)
{
    uint8_t before = registers->values[i];
    if (rank <= before)
        return 0;
    registers->values[i] = rank;
    registers->counts[before]--;
    registers->counts[rank]++;
    return 1;
}

/* The first bits choose the register; it keeps the longest run of zeros seen behind them, plus one.
 */
static int count(struct registers *registers, uint64_t hash)
{
    uint64_t rest = hash << SKETCH_PRECISION;
    int zeros = rest == 0 ? RANK_BITS : __builtin_clzll(rest);
    return raise(registers, hash >> RANK_BITS, (uint8_t)(zeros + 1));
}

static struct registers *registers_create(void)
{
    struct registers *registers = calloc(1, sizeof(*registers));
    ASSERT(registers != NULL);
    registers->counts[0] = SKETCH_REGISTERS;
    return registers;
}

static void registers_merge(struct registers *self, const struct registers *other)
{
    for (size_t i = 0; i < SKETCH_REGISTERS; i++)
        self->values[i] = MAX(self->values[i], other->values[i]);
    memset(self->counts, 0, sizeof(self->counts));
    for (size_t i = 0; i < SKETCH_REGISTERS; i++)
        self->counts[self->values[i]]++;
}

/* Ertl's sigma: what registers that nobody came to say of few people. x is below 1. */
static double sigma(double x)
{
    double sum = x, before, weight = 1;
    do {
        x *= x;
        before = sum;
        sum += x * weight;
        weight += weight;
    } while (sum > before);
    return sum;
}

/* Ertl's tau: what registers that are full say of very many. */
static double tau(double x)
{
    if (x <= 0 || x >= 1)
        return 0;
    double sum = 1 - x, before, weight = 1;
    do {
        x = sqrt(x);
        before = sum;
        weight /= 2;
        sum -= (1 - x) * (1 - x) * weight;
    } while (sum < before);
    return sum / 3;
}

static int64_t registers_estimate(const struct registers *self)
{
    const double m = SKETCH_REGISTERS, alpha = 0.5 / M_LN2;
    const uint32_t *counts = self->counts;
    double z = m * tau((m - counts[RANKS - 1]) / m);
    for (size_t rank = RANK_BITS; rank >= 1; rank--)
        z = (z + counts[rank]) / 2;
    z += m * sigma(counts[0] / m);
    return llround(alpha * m * m / z);
}

/* --- both ------------------------------------------------------------------------------------- */

static void become_registers(struct sketch *self)
{
    self->registers = registers_create();
    for (size_t i = 0; i < self->n; i++)
        (void)count(self->registers, self->people[i]);
    free(self->people);
    self->people = NULL;
    self->n = self->room = 0;
}

/* Place of the first one that is not below. */
static size_t place_of(const struct sketch *self, uint64_t hash)
{
    size_t low = 0, high = self->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->people[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void insert(struct sketch *self, size_t place, uint64_t hash)
{
    if (self->n == self->room) {
        self->room = (uint16_t)MAX(FIRST_ROOM, 2 * self->room);
        self->people = realloc(self->people, self->room * sizeof(*self->people));
        ASSERT(self->people != NULL);
    }
    memmove(&self->people[place + 1], &self->people[place],
            (self->n - place) * sizeof(*self->people));
    self->people[place] = hash;
    self->n++;
}

int sketch_add(struct sketch *self, uint64_t hash)
{
    if (self->registers != NULL)
        return count(self->registers, hash);
    size_t place = place_of(self, hash);
    if (place < self->n && self->people[place] == hash)
        return 0;
    if (self->n == SKETCH_EXACT_MAX) {
        become_registers(self);
        (void)count(self->registers, hash);
    } else {
        insert(self, place, hash);
    }
    return 1;
}

void sketch_merge(struct sketch *self, const struct sketch *other)
{
    if (other->registers != NULL && self->registers == NULL)
        become_registers(self);
    if (other->registers != NULL)
        registers_merge(self->registers, other->registers);
    for (size_t i = 0; i < other->n; i++)
        (void)sketch_add(self, other->people[i]);
}

int64_t sketch_estimate(const struct sketch *self)
{
    return self->registers == NULL ? self->n : registers_estimate(self->registers);
}

size_t sketch_bytes(const struct sketch *self)
{
    return sizeof(*self) + self->room * sizeof(*self->people) +
           (self->registers == NULL ? 0 : sizeof(*self->registers));
}
