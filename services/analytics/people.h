/* What must be known of each citizen to fold the next event: which months are covered, so by when
 * the next payment is due. Derived from the facts and their terms alone, so that it is rebuilt from
 * what is stored. Pure.
 *
 * A participant who has ever paid lapses at 00:00 in +07:00 behind the deadline that standing.h
 * tells: of the month behind the last one covered, or of the last declaration when that is later
 * (Law 41/2024/QH15, article 36(3)). Who declared and never paid, whose participation ended and
 * whose missing months are paid has no deadline. Who lapsed stays so until a payment or the end. */
#ifndef ANSINH_ANALYTICS_PEOPLE_H
#define ANSINH_ANALYTICS_PEOPLE_H

#include "common/domain/coverage.h"
#include "services/analytics/fact.h"

/* What a fact says beyond what is counted; stored beside it as one number. Zero where it says
 * nothing. Months are year * 12 + month - 1. */
struct fact_terms {
    uint32_t from_month, months; /* paid, taken back, or from which on an end cuts; 0: none of the
                                    calendar */
    struct month_range folded;   /* of what is taken back: coverage_folded */
    uint8_t method;              /* of a declaration or a change */
    uint8_t deadline_months;     /* of the person's method under the law of the day on which it was
                                    recorded, but for an end; 0: none is known */
    uint8_t is_declared;         /* of a change: income and method were declared */
    uint8_t is_lump_sum;         /* declared to be paid in one sum */
};

/* -ERANGE: months of no year from 1900 to 2199, more than 2,047 of them, a method of 8 or more. */
int fact_terms_pack(const struct fact_terms *self, uint64_t *ret) MUST_CHECK;
void fact_terms_unpack(uint64_t packed, struct fact_terms *ret);

struct people;
struct person;

struct people *people_create(void);
void people_destroy(struct people **self);
void people_clear(struct people *self);
/* Citizens known. */
size_t people_count(const struct people *self);
size_t people_bytes(const struct people *self);

/* A citizen, made when needed; stays where it is until people_clear. */
struct person *people_get(struct people *self, uint64_t citizen);
/* Of i < people_count, in the order of their first facts. */
struct person *people_at(const struct people *self, size_t i);

/* Takes a fact of the person in. */
void person_take(struct person *self, const struct fact *fact, uint64_t terms);

/* 1: the deadline has passed at a moment and it is not noted: *ret is the lapse, dated with the
 * first moment behind the deadline. To ask before a later fact is taken in, and when time passes.
 */
int person_is_due(const struct person *self, int64_t at_ms, struct fact *ret);

/* 1: the fact that was taken in last has made the person lapsed, or no longer: *ret says so. */
int person_has_turned(const struct person *self, const struct fact *last, struct fact *ret);

/* Sets commune, source, product and group of what is known last. */
void person_place(const struct person *self, struct fact *ret);

/* The same of the declaration that holds, where an acceptance counts; sets nothing when none is
 * known. */
void person_declared_place(const struct person *self, struct fact *ret);

/* The method that was declared last; 0: none. */
uint8_t person_method(const struct person *self);

/* Products other than voluntary social insurance are told of under hashes of their own, and do not
 * say what comes first: whether one was declared, and how many of its payments stand. */
int person_has_declared_other(const struct person *self);
uint32_t person_other_payments(const struct person *self);

#endif
