/* reach [PEOPLE]: how fast sketches take people in and are merged, and what those of a whole
 * country weigh: so many contacts (5,000,000 unless told) of 3,321 communes in 34 provinces, taken
 * as analytics takes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "services/analytics/reach.h"
#include "common/base/sketch.h"

#define PEOPLE_USUAL 5000000
#define PEOPLE_MAX 100000000
#define PROVINCES 34
#define COMMUNES 3321
#define UNITS (1 + PROVINCES + COMMUNES)
#define LIST 100
#define MERGES 20000

static struct directory_unit units[UNITS];

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* What this process had of the processor: others may be at work, too. */
static double cpu_s(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void units_make(void)
{
    for (size_t i = 0; i < UNITS; i++) {
        (void)snprintf(units[i].code, sizeof(units[i].code), "%zu", i);
        units[i].index = i;
        units[i].parent = i == 0 ? NULL : &units[i <= PROVINCES ? 0 : 1 + i % PROVINCES];
    }
}

static const struct directory_unit *unit_of(const void *arg, const char *code)
{
    (void)arg;
    int64_t i;
    int rc = parse_int64(code, 0, UNITS - 1, &i);
    ASSERT(rc == 0);
    return &units[i];
}

static void sessions_fill(struct sessions *sessions, int64_t n)
{
    uint64_t seed = 1;
    for (size_t i = 1 + PROVINCES; i < UNITS; i++) {
        Ansinh__V1__Session session;
        ansinh__v1__session__init(&session);
        session.code = session.unit_code = units[i].code;
        int rc = sessions_record(sessions, &session, 1);
        ASSERT(rc == 0);
    }
    for (int64_t done = 0; done < n; done += LIST) {
        uint64_t people[LIST];
        for (size_t k = 0; k < LIST; k++)
            people[k] = next(&seed);
        const char *code = units[1 + PROVINCES + next(&seed) % COMMUNES].code;
        int rc = sessions_contact(sessions, code, people, LIST, 1);
        ASSERT(rc == 0);
    }
}

static void measure_country(int64_t n)
{
    struct sessions *sessions = sessions_create();
    struct reach *reach = reach_create();
    double longest_s = 0;
    sessions_fill(sessions, n);
    double start_s = cpu_s();
    while (reach_of(reach, &units[0]) == 0) {
        double turn_s = cpu_s();
        reach_follow(reach, sessions, unit_of, NULL);
        turn_s = cpu_s() - turn_s;
        longest_s = turn_s > longest_s ? turn_s : longest_s;
    }
    double all_s = cpu_s() - start_s;
    printf("%lld contacts followed in %.2f s (%.1f million/s), longest turn %.1f ms, %.1f MB; "
           "the country: %lld (%+.2f %%)\n",
           (long long)n, all_s, (double)n / all_s / 1e6, longest_s * 1e3,
           (double)reach_bytes(reach) / 1e6, (long long)reach_of(reach, &units[0]),
           100.0 * (double)(reach_of(reach, &units[0]) - n) / (double)n);
    reach_destroy(&reach);
    sessions_destroy(&sessions);
}

static void measure_sketch(int64_t n)
{
    uint64_t seed = 7;
    struct sketch *one = sketch_create(), *other = sketch_create();
    double start_s = cpu_s();
    for (int64_t i = 0; i < n; i++)
        (void)sketch_add(one, next(&seed));
    double added_s = cpu_s() - start_s;
    for (int i = 0; i < 100000; i++)
        (void)sketch_add(other, next(&seed));
    start_s = cpu_s();
    for (int i = 0; i < MERGES; i++)
        sketch_merge(one, other);
    double merged_s = cpu_s() - start_s;
    start_s = cpu_s();
    int64_t sum = 0;
    for (int i = 0; i < MERGES; i++)
        sum += sketch_estimate(one);
    double read_s = cpu_s() - start_s;
    ASSERT(sum > 0);
    printf("add %.1f million/s, merge %.1f us, estimate %.2f us, %zu bytes\n",
           (double)n / added_s / 1e6, merged_s / MERGES * 1e6, read_s / MERGES * 1e6,
           sketch_bytes(one));
    sketch_destroy(&one);
    sketch_destroy(&other);
}

int main(int argc, char **argv)
{
    int64_t n = PEOPLE_USUAL;
    if (argc > 2 || (argc == 2 && parse_int64(argv[1], LIST, PEOPLE_MAX, &n) < 0)) {
        (void)fprintf(stderr, "usage: reach [PEOPLE], %d to %d\n", LIST, PEOPLE_MAX);
        return 2;
    }
    n -= n % LIST;
    units_make();
    measure_sketch(n);
    measure_country(n);
    return 0;
}
