#include "services/analytics/people.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/domain/contribution.h"

#define MONTH_BITS 12
#define MONTH_FIRST (1900 * 12)
#define MONTH_END (2200 * 12)
#define MONTHS_BITS 11
#define METHOD_BITS 3
#define BLOCK 65536 /* persons that are allocated at once */
#define SLOTS_MIN 4096
#define OTHER_PAYMENTS_MAX UINT8_MAX

/* One of millions: 64 bytes. */
struct person {
    uint64_t citizen;
    union {
        uint64_t position; /* of the entry that set the deadline */
        struct {
            uint32_t commune, source;
        } lapsed; /* while lapsed: where that was counted */
    };
    uint32_t commune, source;                   /* of the last fact */
    uint32_t declared_commune, declared_source; /* of the declaration */
    uint16_t ranges[COVERAGE_RANGES_MAX][2];    /* struct coverage, in few bytes */
    uint16_t n_older;
    uint16_t months_missing;
    uint16_t declared_month;
    uint16_t lapse_day; /* the first day behind the deadline; 0: there is none */
    uint8_t n_ranges;
    uint8_t method;
    uint8_t deadline_months;
    uint8_t product_group, lapsed_product_group, declared_product_group;
    uint8_t other_payments;
    unsigned is_lump_open : 1; /* one sum is declared and not paid */
    unsigned is_ended : 1;
    unsigned is_lapsed : 1;
    unsigned is_other_declared : 1; /* of another product */
};
_Static_assert(sizeof(struct person) <= 64, "there are millions of them");

struct people {
    struct person **blocks;
    size_t n, n_blocks;
    uint32_t *slots; /* numbers from 1 by the citizen's hash, open addressing; 0: free */
    size_t n_slots;
};

/* --- terms ------------------------------------------------------------------------------------ */

static int is_month(uint32_t month)
{
    return month == 0 || (month >= MONTH_FIRST && month < MONTH_END);
}

/* From 1, so that 0 is none. */
static uint64_t month_pack(uint32_t month)
{
    return month == 0 ? 0 : month - MONTH_FIRST + 1;
}

static uint32_t month_unpack(uint64_t packed)
{
    return packed == 0 ? 0 : (uint32_t)packed + MONTH_FIRST - 1;
}

int fact_terms_pack(const struct fact_terms *self, uint64_t *ret)
{
    if (!is_month(self->from_month) || !is_month(self->folded.from) || !is_month(self->folded.to) ||
        self->months >> MONTHS_BITS != 0 || self->method >> METHOD_BITS != 0)
        return -ERANGE;
    uint64_t packed = month_pack(self->from_month);
    packed = packed << MONTH_BITS | month_pack(self->folded.from);
    packed = packed << MONTH_BITS | month_pack(self->folded.to);
    packed = packed << MONTHS_BITS | self->months;
    packed = packed << METHOD_BITS | self->method;
    packed = packed << 8 | self->deadline_months;
    *ret = packed << 2 | (uint64_t)(self->is_declared != 0) << 1 | (self->is_lump_sum != 0);
    return 0;
}

static uint64_t take_bits(uint64_t *packed, int bits)
{
    uint64_t taken = *packed & ((1ULL << bits) - 1);
    *packed >>= bits;
    return taken;
}

void fact_terms_unpack(uint64_t packed, struct fact_terms *ret)
{
    ret->is_lump_sum = (uint8_t)take_bits(&packed, 1);
    ret->is_declared = (uint8_t)take_bits(&packed, 1);
    ret->deadline_months = (uint8_t)take_bits(&packed, 8);
    ret->method = (uint8_t)take_bits(&packed, METHOD_BITS);
    ret->months = (uint32_t)take_bits(&packed, MONTHS_BITS);
    ret->folded.to = month_unpack(take_bits(&packed, MONTH_BITS));
    ret->folded.from = month_unpack(take_bits(&packed, MONTH_BITS));
    ret->from_month = month_unpack(take_bits(&packed, MONTH_BITS));
}

/* --- the table -------------------------------------------------------------------------------- */

struct people *people_create(void)
{
    struct people *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    return self;
}

void people_clear(struct people *self)
{
    for (size_t i = 0; i < self->n_blocks; i++)
        free(self->blocks[i]);
    free(self->blocks);
    free(self->slots);
    *self = (struct people){0};
}

void people_destroy(struct people **self)
{
    if (*self == NULL)
        return;
    people_clear(*self);
    free(*self);
    *self = NULL;
}

size_t people_count(const struct people *self)
{
    return self->n;
}

size_t people_bytes(const struct people *self)
{
    return self->n_blocks * (BLOCK * sizeof(struct person) + sizeof(*self->blocks)) +
           self->n_slots * sizeof(*self->slots);
}

struct person *people_at(const struct people *self, size_t i)
{
    ASSERT(i < self->n);
    return &self->blocks[i / BLOCK][i % BLOCK];
}

/* The citizen's number is a keyed hash already. */
static uint32_t *slot_find(const struct people *self, uint64_t citizen)
{
    size_t i = citizen & (self->n_slots - 1);
    while (self->slots[i] != 0 && people_at(self, self->slots[i] - 1)->citizen != citizen)
        i = (i + 1) & (self->n_slots - 1);
    return &self->slots[i];
}

static void slots_grow(struct people *self)
{
    free(self->slots);
    self->n_slots = MAX((size_t)SLOTS_MIN, 2 * self->n_slots);
    self->slots = calloc(self->n_slots, sizeof(*self->slots));
    ASSERT(self->slots != NULL);
    for (size_t i = 0; i < self->n; i++)
        *slot_find(self, people_at(self, i)->citizen) = (uint32_t)i + 1;
}

struct person *people_get(struct people *self, uint64_t citizen)
{
    if (2 * (self->n + 1) > self->n_slots)
        slots_grow(self);
    uint32_t *slot = slot_find(self, citizen);
    if (*slot != 0)
        return people_at(self, *slot - 1);
    if (self->n == self->n_blocks * BLOCK) {
        self->blocks = realloc(self->blocks, (self->n_blocks + 1) * sizeof(*self->blocks));
        ASSERT(self->blocks != NULL);
        self->blocks[self->n_blocks] = calloc(BLOCK, sizeof(struct person));
        ASSERT(self->blocks[self->n_blocks] != NULL);
        self->n_blocks++;
    }
    *slot = (uint32_t)++self->n;
    struct person *fresh = people_at(self, self->n - 1);
    fresh->citizen = citizen;
    return fresh;
}

/* --- a person --------------------------------------------------------------------------------- */

static void coverage_get(const struct person *self, struct coverage *ret)
{
    *ret = (struct coverage){.n = self->n_ranges, .n_older = self->n_older};
    for (size_t i = 0; i < self->n_ranges; i++)
        ret->ranges[i] = (struct month_range){self->ranges[i][0], self->ranges[i][1]};
}

static void coverage_put(struct person *self, const struct coverage *coverage)
{
    self->n_ranges = (uint8_t)coverage->n;
    self->n_older = (uint16_t)coverage->n_older;
    for (size_t i = 0; i < coverage->n; i++) {
        self->ranges[i][0] = (uint16_t)coverage->ranges[i].from;
        self->ranges[i][1] = (uint16_t)coverage->ranges[i].to;
    }
}

/* Months that cannot be covered, or are not, change nothing: `ansinh verify` says so of the entry.
 */
static void cover(struct person *self, const struct fact_terms *terms, int is_taken_back)
{
    struct coverage coverage;
    struct month_range months = {terms->from_month, terms->from_month + terms->months - 1};
    if (terms->from_month == 0) {
        uint32_t missing = self->months_missing;
        missing = is_taken_back ? missing - MIN(terms->months, missing) : missing + terms->months;
        self->months_missing = (uint16_t)MIN(missing, (uint32_t)UINT16_MAX);
        return;
    }
    if (terms->months == 0)
        return;
    coverage_get(self, &coverage);
    int rc = is_taken_back ? coverage_take_back(&coverage, months, terms->folded)
                           : coverage_add(&coverage, months, NULL);
    if (rc == 0)
        coverage_put(self, &coverage);
}

static void deadline_set(struct person *self)
{
    uint32_t until = self->n_ranges == 0 ? 0 : self->ranges[self->n_ranges - 1][1];
    int has_paid = until != 0 || self->n_older > 0 || self->months_missing > 0;
    int is_complete =
        self->method == METHOD_IS_MISSING_MONTHS && !self->is_lump_open && self->months_missing > 0;
    self->lapse_day = 0;
    if (!has_paid || self->is_ended || is_complete || self->deadline_months == 0)
        return;
    uint32_t start = MAX((uint32_t)self->declared_month, until + 1);
    int32_t day = month_first_day((int32_t)(start + self->deadline_months));
    self->lapse_day = (uint16_t)MIN(MAX(day, 1), UINT16_MAX);
}

static void move(struct person *self, const struct fact *fact)
{
    if (!self->is_lapsed)
        self->position = fact->position;
    self->commune = fact->commune;
    self->source = fact->source;
    self->product_group = fact->product_group;
}

/* It is taken back where it was counted, wherever the person moves meanwhile. */
static void lapse(struct person *self)
{
    self->is_lapsed = 1;
    self->lapsed.commune = self->commune;
    self->lapsed.source = self->source;
    self->lapsed_product_group = self->product_group;
}

static void resume(struct person *self, const struct fact *fact)
{
    self->is_lapsed = 0;
    self->position = fact->position;
}

static void declare(struct person *self, const struct fact *fact, const struct fact_terms *terms)
{
    self->method = terms->method;
    self->is_lump_open = terms->is_lump_sum != 0;
    if (fact->kind == FACT_DECLARED || terms->is_declared)
        self->declared_month = (uint16_t)month_of_day(fact->day);
    if (fact->kind != FACT_DECLARED)
        return;
    self->is_ended = 0;
    self->declared_commune = fact->commune;
    self->declared_source = fact->source;
    self->declared_product_group = fact->product_group;
}

static void end(struct person *self, const struct fact_terms *terms)
{
    struct coverage coverage;
    if (terms->months > 0) {
        coverage_get(self, &coverage);
        (void)coverage_cut(&coverage, terms->from_month);
        coverage_put(self, &coverage);
    }
    self->is_ended = 1;
    self->is_lump_open = 0;
}

static void take_other(struct person *self, const struct fact *fact)
{
    int is_paid = fact->kind == FACT_FIRST_PAYMENT || fact->kind == FACT_LATER_PAYMENT;
    int is_reversed = fact->kind == FACT_REVERSED_FIRST || fact->kind == FACT_REVERSED_LATER;
    self->is_other_declared |= fact->kind == FACT_DECLARED;
    if (is_paid && self->other_payments < OTHER_PAYMENTS_MAX)
        self->other_payments++;
    else if (is_reversed && self->other_payments > 0)
        self->other_payments--;
}

void person_take(struct person *self, const struct fact *fact, uint64_t packed)
{
    struct fact_terms terms;
    fact_terms_unpack(packed, &terms);
    if (fact_product(fact) != ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI) {
        take_other(self, fact);
        return;
    }
    switch (fact->kind) {
    case FACT_DECLARED:
    case FACT_CHANGED:
        declare(self, fact, &terms);
        break;
    case FACT_FIRST_PAYMENT:
    case FACT_LATER_PAYMENT:
        cover(self, &terms, 0);
        self->is_lump_open = 0;
        break;
    case FACT_REVERSED_FIRST:
    case FACT_REVERSED_LATER:
        cover(self, &terms, 1);
        self->is_lump_open |= method_is_lump_sum((enum method)self->method) != 0;
        break;
    case FACT_ENDED:
        end(self, &terms);
        break;
    case FACT_LAPSED:
        lapse(self);
        return;
    case FACT_RESUMED:
        resume(self, fact);
        return;
    default: /* whether a declaration was accepted moves no deadline */
        return;
    }
    self->deadline_months = terms.deadline_months;
    move(self, fact);
    deadline_set(self);
}

static int is_over(const struct person *self, int64_t at_ms)
{
    return self->lapse_day != 0 && business_day_start_ms(self->lapse_day) <= at_ms;
}

int person_is_due(const struct person *self, int64_t at_ms, struct fact *ret)
{
    if (self->is_lapsed || !is_over(self, at_ms))
        return 0;
    *ret = (struct fact){
        .at_ms = business_day_start_ms(self->lapse_day),
        .citizen = self->citizen,
        .position = self->position,
        .source = self->source,
        .commune = self->commune,
        .day = self->lapse_day,
        .kind = FACT_LAPSED,
        .product_group = self->product_group,
    };
    return 1;
}

/* What ends a lapse when no deadline is over behind it. */
static int may_resume(const struct fact *fact)
{
    return fact_product(fact) == ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI &&
           (fact->kind == FACT_FIRST_PAYMENT || fact->kind == FACT_LATER_PAYMENT ||
            fact->kind == FACT_REVERSED_FIRST || fact->kind == FACT_REVERSED_LATER ||
            fact->kind == FACT_ENDED);
}

int person_has_turned(const struct person *self, const struct fact *last, struct fact *ret)
{
    int is_lapsed = self->is_lapsed;
    if (is_lapsed == is_over(self, last->at_ms) || (is_lapsed && !may_resume(last)))
        return 0;
    *ret = (struct fact){
        .at_ms = last->at_ms,
        .citizen = self->citizen,
        .position = last->position,
        .source = is_lapsed ? self->lapsed.source : self->source,
        .commune = is_lapsed ? self->lapsed.commune : self->commune,
        .day = (uint16_t)clock_business_day(last->at_ms),
        .kind = is_lapsed ? FACT_RESUMED : FACT_LAPSED,
        .product_group = is_lapsed ? self->lapsed_product_group : self->product_group,
    };
    return 1;
}

void person_place(const struct person *self, struct fact *ret)
{
    ret->commune = self->commune;
    ret->source = self->source;
    ret->product_group = self->product_group;
}

void person_declared_place(const struct person *self, struct fact *ret)
{
    if (self->declared_commune == 0)
        return;
    ret->commune = self->declared_commune;
    ret->source = self->declared_source;
    ret->product_group = self->declared_product_group;
}

int person_has_declared_other(const struct person *self)
{
    return self->is_other_declared;
}

uint8_t person_method(const struct person *self)
{
    return self->method;
}

uint32_t person_other_payments(const struct person *self)
{
    return self->other_payments;
}
