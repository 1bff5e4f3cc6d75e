#include "tests/support/test.h"

#include <string.h>

#include "common/base/macros.h"
#include "common/service/metrics.h"

/* What a walk told, in order. */
struct told {
    struct {
        const char *name;
        char labels[64];
        int64_t value;
        int is_counter;
    } rows[METRICS_MAX + 8];
    size_t n;
};

static void tell(void *sink, const char *name, const char *labels, int64_t value, int is_counter)
{
    struct told *self = sink;
    assert_true(self->n < ARRAY_LEN(self->rows));
    self->rows[self->n].name = name;
    strncpy(self->rows[self->n].labels, labels, sizeof(self->rows[self->n].labels) - 1);
    self->rows[self->n].value = value;
    self->rows[self->n++].is_counter = is_counter;
}

static void expect_row(const struct told *told, size_t i, const char *name, const char *labels,
                       int64_t value, int is_counter)
{
    assert_string_equal(told->rows[i].name, name);
    assert_string_equal(told->rows[i].labels, labels);
    assert_int_equal(told->rows[i].value, value);
    assert_int_equal(!!told->rows[i].is_counter, is_counter);
}

static void numbers_are_told_as_they_stand(void **state)
{
    (void)state;
    struct told *told = calloc(1, sizeof(*told));
    struct metrics *metrics = metrics_create();
    metrics_walk(metrics, tell, told);
    assert_int_equal(told->n, 0);
    int64_t *sent = metrics_counter(metrics, "sent_total", "kind=\"receipt\"");
    int64_t *other = metrics_counter(metrics, "sent_total", "kind=\"welcome\"");
    int64_t *open = metrics_gauge(metrics, "open", "");
    assert_true(sent != other && other != open);
    *sent += 3;
    *open = -7;
    ++*other;
    metrics_walk(metrics, tell, told);
    assert_int_equal(told->n, 3);
    expect_row(told, 0, "sent_total", "kind=\"receipt\"", 3, 1);
    expect_row(told, 1, "sent_total", "kind=\"welcome\"", 1, 1);
    expect_row(told, 2, "open", "", -7, 0);
    *sent = INT64_MAX;
    told->n = 0;
    metrics_walk(metrics, tell, told);
    expect_row(told, 0, "sent_total", "kind=\"receipt\"", INT64_MAX, 1);
    metrics_destroy(&metrics);
    assert_null(metrics);
    metrics_destroy(&metrics);
    free(told);
}

static void pointers_stay_until_the_table_is_full(void **state)
{
    (void)state;
    int64_t *values[METRICS_MAX];
    struct told *told = calloc(1, sizeof(*told));
    struct metrics *metrics = metrics_create();
    for (size_t i = 0; i < METRICS_MAX; i++) {
        values[i] =
            i % 2 == 0 ? metrics_counter(metrics, "a_total", "") : metrics_gauge(metrics, "b", "");
        *values[i] = (int64_t)i;
    }
    for (size_t i = 0; i < METRICS_MAX; i++)
        *values[i] += 1000;
    metrics_walk(metrics, tell, told);
    assert_int_equal(told->n, METRICS_MAX);
    for (size_t i = 0; i < METRICS_MAX; i++)
        expect_row(told, i, i % 2 == 0 ? "a_total" : "b", "", 1000 + (int64_t)i, i % 2 == 0);
    metrics_destroy(&metrics);
    free(told);
}

struct source {
    const char *name;
    int64_t value;
    int n_asked;
};

static void collect(void *arg, metrics_emit_fn emit, void *sink)
{
    struct source *self = arg;
    self->n_asked++;
    emit(sink, self->name, "of=\"now\"", self->value++, 1);
    emit(sink, "second", "", 5, 0);
}

static void collectors_are_asked_at_every_walk(void **state)
{
    (void)state;
    struct told *told = calloc(1, sizeof(*told));
    struct metrics *metrics = metrics_create();
    struct source first = {"first_total", 10, 0}, last = {"last_total", 20, 0};
    metrics_collector(metrics, collect, &first);
    metrics_collector(metrics, collect, &last);
    (void)metrics_gauge(metrics, "own", "");
    assert_int_equal(first.n_asked, 0);
    metrics_walk(metrics, tell, told);
    assert_int_equal(told->n, 5);
    expect_row(told, 0, "own", "", 0, 0);
    expect_row(told, 1, "first_total", "of=\"now\"", 10, 1);
    expect_row(told, 2, "second", "", 5, 0);
    expect_row(told, 3, "last_total", "of=\"now\"", 20, 1);
    told->n = 0;
    metrics_walk(metrics, tell, told);
    expect_row(told, 1, "first_total", "of=\"now\"", 11, 1);
    expect_row(told, 3, "last_total", "of=\"now\"", 21, 1);
    assert_int_equal(last.n_asked, 2);
    metrics_destroy(&metrics);
    free(told);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_are_told_as_they_stand),
    cmocka_unit_test(pointers_stay_until_the_table_is_full),
    cmocka_unit_test(collectors_are_asked_at_every_walk),
};

TEST_MAIN(tests)
