/* facts [PEOPLE]: what analytics keeps in memory of a nation's campaign, and how fast it makes it:
 * 400 days in 3,321 communes, 5,000 points, 20,000 collectors; everybody declares, pays at once and
 * then month by month. Prints megabytes of this process, facts, events folded per second of
 * processor time, and facts summed per second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/service/policy.h"
#include "services/analytics/board.h"
#include "services/analytics/fold.h"
#include "services/analytics/progress.h"

#define PEOPLE_USUAL 1000000
#define PEOPLE_MAX 20000000
#define COMMUNES 3321
#define COMMUNE_FIRST 10001
#define POINTS 5000
#define COLLECTORS 20000
#define DAYS 400
#define MONTH_DAYS 30
#define CODE_BYTES 16
#define SECOND_MS 1000

struct world {
    struct facts *facts;
    struct people *people;
    struct board *board;
    struct policy *policy;
    int32_t first_day;
    uint64_t seed;
    uint64_t seqs[PARTITIONS];
    int64_t n_events;
    Ansinh__V1__Event event;
    uint8_t hash[ID_BYTES];
    char point[CODE_BYTES], collector[CODE_BYTES], organisation[CODE_BYTES];
};

/* splitmix64 */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Of a person, always the same. */
static uint64_t of_person(int64_t i)
{
    uint64_t seed = (uint64_t)i;
    return next(&seed);
}

static void count(struct world *self, const struct fact *fact)
{
    for (int i = FACT_METRIC_DECLARED; i < FACT_METRICS; i++) {
        int64_t delta = fact_measure(fact, (enum fact_metric)i);
        enum board_metric metric = board_metric_of((enum fact_metric)i);
        if (delta == 0)
            continue;
        board_add(self->board, fact->commune, metric, delta);
        if ((int)metric < BOARD_TIMED_METRICS)
            board_add_day(self->board, fact->commune, fact->day, metric, (int32_t)delta);
    }
}

static int fold(struct world *self, int64_t person, int32_t day)
{
    struct folded folded[FOLD_FACTS_MAX];
    uint64_t hash = of_person(person);
    unsigned partition = (unsigned)(hash >> 32) % PARTITIONS;
    memcpy(self->hash, &hash, sizeof(hash));
    self->event.citizen = (ProtobufCBinaryData){sizeof(self->hash), self->hash};
    self->event.at_ms =
        business_day_start_ms(day) + (int64_t)(next(&self->seed) % 86400) * SECOND_MS;
    struct projector_event in = {partition, {1, ++self->seqs[partition]}, &self->event};
    int n = fold_event(self->facts, self->people, self->policy, &in, folded);
    for (int i = 0; i < n; i++) {
        facts_add(self->facts, &folded[i].fact);
        count(self, &folded[i].fact);
    }
    self->n_events++;
    return n;
}

static uint32_t commune_of(int64_t person)
{
    return COMMUNE_FIRST + (uint32_t)(of_person(person) % COMMUNES);
}

static void name_sources(struct world *self, int64_t person)
{
    uint64_t collector = of_person(person) % COLLECTORS;
    (void)snprintf(self->collector, sizeof(self->collector), "C%05u", (unsigned)collector);
    (void)snprintf(self->point, sizeof(self->point), "P%04u", (unsigned)(collector % POINTS));
    (void)snprintf(self->organisation, sizeof(self->organisation), "O%u",
                   (unsigned)(collector % 4));
}

static int declare(struct world *self, int64_t person, int32_t day)
{
    Ansinh__V1__ParticipantEnrolled in = ANSINH__V1__PARTICIPANT_ENROLLED__INIT;
    name_sources(self, person);
    in.commune = commune_of(person);
    in.method = ANSINH__V1__METHOD__METHOD_MONTHLY;
    in.enrolled_day = day;
    in.collector_code = self->collector;
    self->event.kind_case = ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED;
    self->event.participant_enrolled = &in;
    return fold(self, person, day);
}

static int pay(struct world *self, int64_t person, int32_t day, int is_first)
{
    Ansinh__V1__PaymentRecorded in = ANSINH__V1__PAYMENT_RECORDED__INIT;
    Ansinh__V1__Pockets pockets = ANSINH__V1__POCKETS__INIT;
    name_sources(self, person);
    pockets.participant_vnd = 264000;
    pockets.central_vnd = 66000;
    in.commune = commune_of(person);
    in.paid_day = day;
    in.from_month = (uint32_t)month_of_day(day);
    in.months = 1;
    in.is_first = is_first;
    in.pockets = &pockets;
    in.collector_code = self->collector;
    in.point_code = self->point;
    in.organisation_code = self->organisation;
    self->event.kind_case = ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED;
    self->event.payment_recorded = &in;
    return fold(self, person, day);
}

/* Day by day, as the journals come: those who join on it, and those who pay again. */
static int live(struct world *self, int64_t n_people)
{
    for (int32_t d = 0; d < DAYS; d++) {
        int32_t day = self->first_day + d;
        for (int32_t joined = d; joined >= 0; joined -= MONTH_DAYS) {
            for (int64_t i = n_people * joined / DAYS; i < n_people * (joined + 1) / DAYS; i++) {
                int rc = joined == d ? declare(self, i, day) : 0;
                if (rc >= 0)
                    rc = pay(self, i, day, joined == d);
                if (rc < 0)
                    return rc;
            }
        }
    }
    return 0;
}

static int64_t cpu_us(void)
{
    return (int64_t)clock() * 1000000 / CLOCKS_PER_SEC;
}

static int64_t rss_mb(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fscanf(file, "%*d %lld", &pages) != 1)
        pages = 0;
    if (file != NULL)
        (void)fclose(file);
    return pages * 4096 / (1024 * 1024);
}

/* All metrics of everything, as GetProgress as of a moment does: facts per second. */
static int64_t scan(const struct facts *facts)
{
    int64_t sums[FACT_METRICS] = {0}, begin_us = cpu_us();
    for (uint64_t i = 0; i < facts_count(facts); i++)
        fact_measures(facts_at(facts, i), sums);
    int64_t took_us = cpu_us() - begin_us;
    return sums[FACT_METRIC_DECLARED] == 0 || took_us == 0
               ? 0
               : (int64_t)facts_count(facts) * 1000000 / took_us;
}

int main(int argc, char **argv)
{
    static struct world world = {.seed = 1};
    int64_t n_people = PEOPLE_USUAL;
    struct err err = {0};
    const char *folder = getenv("ANSINH_POLICY");
    if ((argc == 2 && parse_int64(argv[1], DAYS, PEOPLE_MAX, &n_people) < 0) ||
        policy_load(folder == NULL ? "deploy/policy" : folder, &world.policy, &err) < 0) {
        (void)fprintf(stderr, "facts: %s\n",
                      err.text[0] == '\0' ? "usage: facts [PEOPLE]" : err.text);
        return 1;
    }
    ansinh__v1__event__init(&world.event);
    world.first_day = date_make(2025, 10, 1);
    world.facts = facts_create();
    world.people = people_create();
    world.board = board_create();
    int64_t begin_us = cpu_us();
    int rc = live(&world, n_people);
    int64_t took_us = cpu_us() - begin_us;
    if (rc == 0 && took_us > 0)
        (void)printf("%lld %llu %lld %lld\n", (long long)rss_mb(),
                     (unsigned long long)facts_count(world.facts),
                     (long long)(world.n_events * 1000000 / took_us), (long long)scan(world.facts));
    facts_destroy(&world.facts);
    people_destroy(&world.people);
    board_destroy(&world.board);
    policy_destroy(&world.policy);
    return rc < 0;
}
