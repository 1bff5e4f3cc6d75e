/* Made-up people for the sample campaign and for drills: the i-th person is a pure function of the
 * seed and i, so that a load can be resumed, repeated and checked without keeping anyone in memory.
 *
 * The people of the campaign are numbered by the day of their first payment. Nobody is real: phone
 * numbers begin with 030, which no operator has, and mail addresses end in example.vn. */
#ifndef ANSINH_CLI_SAMPLE_H
#define ANSINH_CLI_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/domain/contribution.h"
#include "common/domain/identity.h"

#define SAMPLE_PEOPLE 44883   /* participants at the end of November 2025 */
#define SAMPLE_BEFORE 39248   /* of them on the same day a year earlier */
#define SAMPLE_DAY_PEOPLE 159 /* new on the propaganda day, 18 November 2025 */
#define SAMPLE_PEOPLE_MAX 500000
#define SAMPLE_DRILL_PEOPLE 100000
#define SAMPLE_COMMUNES_MAX 4000
#define SAMPLE_COLLECTORS_MAX 20000
#define SAMPLE_UNIT_NAME_MAX_BYTES 100

struct sample_commune {
    const char *code;      /* 5 digits */
    const char *full_name; /* "Phường Sa Pa" */
    uint32_t plan;         /* participants at the end of the year; 0: nobody lives here */
};

struct sample_collector {
    const char *code;
    const char *point_code;
    const char *unit_code; /* commune of the point */
};

struct sample_person {
    char personal_id[13];
    char full_name[64];
    char phone[13]; /* "+84..."; empty for one in eight */
    char email[32]; /* empty for two in three */
    char address[SAMPLE_UNIT_NAME_MAX_BYTES + 32];
    enum sex sex;
    int32_t birth_day;
    enum support_group group;
    enum method method;
    int64_t income_vnd;
    int is_transfer;                         /* pays by transfer instead of cash */
    int32_t enrolled_day, paid_day;          /* paid on or soon after the day of enrolment */
    int32_t accepted_day;                    /* by the social insurance office; 0: not */
    int32_t renewed_day;                     /* of a later payment; 0: none */
    const char *unit_code;                   /* these three borrow from the lists */
    const char *collector_code, *point_code; /* of the same commune */
};

struct sample_spec {
    const struct sample_commune *communes;
    size_t n_communes;
    const struct sample_collector *collectors;
    size_t n_collectors;
    const struct policy *policy;
    uint32_t n; /* people */
    uint64_t seed;
};

struct sample;

/* How many join on a day, beside other days of the year: offices work on weekdays, May is the
 * national month, and a year's plan is chased at its end. */
uint64_t sample_day_weight(int32_t day);

/* A unit's code as a number: 2647 of "02647". */
uint32_t sample_unit_number(const char *code);

/* Distributes n people over the communes (40 to 75 percent of each plan, unless the plans are too
 * small or too large for n) and over the days from 2021 to 30 November 2025, in the proportions of
 * SAMPLE_PEOPLE, SAMPLE_BEFORE and SAMPLE_DAY_PEOPLE; with n = SAMPLE_PEOPLE these counts are
 * exact. Borrows lists and policy until sample_destroy. -EINVAL: n is 0 or over SAMPLE_PEOPLE_MAX,
 * no commune has a plan, one with a plan has no collector, a list or a name is over its limit. */
int sample_create(const struct sample_spec *spec, struct sample **ret, struct err *err) MUST_CHECK;
void sample_destroy(struct sample **self);

/* The i-th person of the campaign, i < n. */
void sample_person(const struct sample *self, uint32_t i, struct sample_person *ret);

/* A new person for a drill, in the place-th of the communes that have a plan. The days are from
 * 2023 on; the income fits the law of both. Ids as with sample_sprint_person. */
void sample_drill_person(const struct sample *self, uint64_t seed, uint32_t i, size_t place_i,
                         int32_t enrolled_day, int32_t paid_day, struct sample_person *ret);

/* A new person for a drill, enrolled and paid today (from 2023 on). No personal id is ever one of
 * sample_person's. Drills whose seeds differ modulo 36,540 share no id while i stays below
 * SAMPLE_DRILL_PEOPLE; a larger i runs into the ids of the next seed. */
void sample_sprint_person(const struct sample *self, uint64_t seed, uint32_t i, int32_t today,
                          struct sample_person *ret);

#endif
