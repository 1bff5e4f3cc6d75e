/* scan [FACTS]: how long one core looks through so many facts (1,000,000 unless told), of which
 * nothing can be left out: a series by day of four numbers, the same beside the year before, a
 * board of all communes, a slice of one province and one organisation; and how long the longest
 * turn of the loop is meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "services/analytics/ranking.h"
#include "services/analytics/series.h"

#define FACTS_MAX 100000000
#define ARENA_BYTES (64 * 1024 * 1024)
#define COMMUNES 3321
#define SOURCES 1000
#define DAYS 365
#define ROUNDS 5

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Every chunk has facts of every day. */
static void facts_fill(struct facts *facts, uint64_t n, int32_t first_day)
{
    uint64_t seed = 1;
    for (uint64_t i = 0; i < n; i++) {
        int32_t day = first_day + (int32_t)(next(&seed) % DAYS);
        uint8_t kind = (uint8_t)(FACT_DECLARED + next(&seed) % 3);
        const struct fact fact = {
            .at_ms = business_day_start_ms(day) + (int64_t)(next(&seed) % 86400000),
            .pockets = {330000, 66000, 33000, 0},
            .source = (uint32_t)(next(&seed) % SOURCES),
            .commune = (uint32_t)(1 + next(&seed) % COMMUNES * 30),
            .day = (uint16_t)day,
            .kind = kind,
            .product_group = fact_product_group(1, 4),
        };
        facts_add(facts, &fact);
    }
}

/* What this process had of the processor: others may be at work, too. */
static int64_t cpu_us(void)
{
    return (int64_t)clock() * 1000000 / CLOCKS_PER_SEC;
}

struct walk {
    struct question question; /* its slice, days and as_of_ms alone */
    struct series series;
    struct ranking ranking;
    int is_ranking, is_done;
};

static int visit(void *arg, const struct fact *facts, size_t n, uint64_t first)
{
    struct walk *self = arg;
    const struct question *question = &self->question;
    (void)first;
    for (size_t i = 0; i < n; i++) {
        if (facts[i].day < question->from || facts[i].day > question->until ||
            !question_takes(question, &facts[i]))
            continue;
        if (self->is_ranking)
            ranking_count(&self->ranking, &facts[i]);
        else
            series_count(&self->series, &facts[i]);
    }
    return 1;
}

static void done(void *arg, int rc)
{
    struct walk *self = arg;
    ASSERT(rc == 0);
    self->is_done = 1;
}

static void measure(const char *name, struct walk *walk, const struct facts *facts)
{
    int64_t best_us = INT64_MAX, turn_max_us = 0;
    struct loop *loop = loop_create();
    struct queries *queries = queries_create(loop, facts);
    for (int i = 0; i < ROUNDS; i++) {
        const struct query query = {.end = facts_count(facts),
                                    .from = walk->question.from,
                                    .until = walk->question.until,
                                    .as_of_ms = walk->question.as_of_ms,
                                    .visit = visit,
                                    .done = done,
                                    .arg = walk};
        int64_t start_us = cpu_us();
        ASSERT(queries_start(queries, &query) == 0);
        for (walk->is_done = 0; !walk->is_done;) {
            int64_t turn_us = cpu_us();
            loop_turn(loop, 0);
            turn_max_us = MAX(turn_max_us, cpu_us() - turn_us);
        }
        best_us = MIN(best_us, cpu_us() - start_us);
    }
    printf("%-28s %8.2f ms a million, longest turn %.2f ms\n", name,
           (double)best_us * 1000 / (double)facts_count(facts), (double)turn_max_us / 1000);
    queries_destroy(&queries);
    loop_destroy(&loop);
}

static void series_take(struct walk *walk, struct arena *arena, int32_t first_day,
                        int with_last_year)
{
    struct err err;
    static const Ansinh__V1__Metric metrics[] = {
        ANSINH__V1__METRIC__METRIC_DECLARED, ANSINH__V1__METRIC__METRIC_PAID,
        ANSINH__V1__METRIC__METRIC_RENEWED, ANSINH__V1__METRIC__METRIC_PARTICIPANT_VND};
    walk->series.buckets = (struct buckets){BUCKET_OF_DAY, first_day, first_day + DAYS - 1};
    walk->series.n_metrics = ARRAY_LEN(metrics);
    for (size_t i = 0; i < ARRAY_LEN(metrics); i++)
        ASSERT(counted_of(metrics[i], "metrics", &walk->series.metrics[i], &err) == 0);
    ASSERT(series_make(&walk->series, arena, with_last_year) == 0);
    walk->question.from = walk->series.from;
    walk->question.until = walk->series.until;
}

static void ranking_take(struct walk *walk, struct arena *arena, int32_t first_day)
{
    struct err err;
    struct ranking *ranking = &walk->ranking;
    walk->is_ranking = 1;
    walk->question.from = first_day;
    ranking->from = ranking->value_from = first_day;
    ranking->until = walk->question.until = first_day + DAYS - 1;
    ranking->week_end = ranking->until;
    ranking->n_rows = COMMUNES + 1;
    ranking->rows = arena_zalloc(arena, ranking->n_rows * sizeof(*ranking->rows));
    ranking->row_of = arena_zalloc(arena, SLICE_COMMUNES * sizeof(*ranking->row_of));
    ASSERT(ranking->rows != NULL && ranking->row_of != NULL);
    for (uint32_t i = 0; i < COMMUNES; i++)
        ranking->row_of[1 + i * 30] = i;
    ASSERT(counted_of(ANSINH__V1__METRIC__METRIC_PAID, "", &ranking->counts, &err) == 0);
    for (size_t i = 0; i < RANKING_METRICS; i++)
        ASSERT(counted_of((Ansinh__V1__Metric)(1 + i), "", &ranking->window_metrics[i], &err) == 0);
}

/* A 34th of the communes and a tenth of the sources. */
static void slice_take(struct slice *slice, struct arena *arena)
{
    uint8_t *communes = arena_zalloc(arena, SLICE_COMMUNES / 8);
    uint8_t *sources = arena_zalloc(arena, SOURCES + 1);
    ASSERT(communes != NULL && sources != NULL);
    for (uint32_t i = 1; i < SLICE_COMMUNES; i += 30 * 34)
        communes[i / 8] |= (uint8_t)(1U << i % 8);
    for (uint32_t i = 0; i < SOURCES; i += 10)
        sources[i] = 1;
    slice->communes = communes;
    slice->sources = sources;
    slice->n_sources = SOURCES;
}

int main(int argc, char **argv)
{
    int64_t n = 1000000;
    if (argc > 1 && parse_int64(argv[1], 1, FACTS_MAX, &n) < 0) {
        (void)fprintf(stderr, "scan [FACTS]\n");
        return 2;
    }
    int32_t first_day = date_make(2025, 1, 1);
    struct facts *facts = facts_create();
    struct arena *arena = arena_create(ARENA_BYTES);
    facts_fill(facts, (uint64_t)n, first_day);
    struct walk series = {0}, beside = {0}, board = {0}, slice;
    series.question.as_of_ms = beside.question.as_of_ms = board.question.as_of_ms = INT64_MAX;
    series.question.slice.products = beside.question.slice.products = 1U << 1;
    board.question.slice.products = 1U << 1;
    series_take(&series, arena, first_day, 0);
    series_take(&beside, arena, first_day, 1);
    ranking_take(&board, arena, first_day);
    slice = series;
    slice_take(&slice.question.slice, arena);
    measure("series by day", &series, facts);
    measure("beside the year before", &beside, facts);
    measure("board of all communes", &board, facts);
    measure("a province's organisation", &slice, facts);
    arena_destroy(&arena);
    facts_destroy(&facts);
    return 0;
}
