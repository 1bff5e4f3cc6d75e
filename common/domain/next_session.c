#include "common/domain/next_session.h"

#include <stdlib.h>

#include "common/base/macros.h"
#include "common/domain/explain.h"

#define MILLION 1000000
#define MILLIONTHS_OF_HUNDREDTH 10000

int64_t session_yield(const struct session_sum *sum, int64_t mean)
{
    return divide_half_up(MAX(sum->joined, 0) * MILLION + NEXT_SESSION_WEIGHT * mean,
                          sum->sessions + NEXT_SESSION_WEIGHT);
}

int64_t next_session_expected(const struct next_session *self)
{
    const struct session_sum *above = &self->above;
    int64_t most = MAX(MIN(self->gap, self->prospects), 0);
    if (self->above_kind.sessions <= 0 || above->sessions <= 0 || above->joined <= 0)
        return NEXT_SESSION_UNOBSERVED;
    int64_t mean = divide_half_up(above->joined * MILLION, above->sessions);
    mean = session_yield(&self->above_kind, mean);
    int64_t expected = divide_half_up(session_yield(&self->own, mean), MILLIONTHS_OF_HUNDREDTH);
    return most > expected / 100 ? expected : most * 100;
}

static int more(int64_t a, int64_t b)
{
    return (a < b) - (a > b);
}

/* What is not known comes last. */
static int more_known(int64_t a, int64_t b)
{
    if ((a == NEXT_SESSION_UNKNOWN) != (b == NEXT_SESSION_UNKNOWN))
        return a == NEXT_SESSION_UNKNOWN ? 1 : -1;
    return more(a, b);
}

static int compare_rest(const struct next_session *x, const struct next_session *y)
{
    if (x->own.sessions != y->own.sessions)
        return x->own.sessions < y->own.sessions ? -1 : 1;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return (x->kind > y->kind) - (x->kind < y->kind);
}

static int compare(const void *a, const void *b)
{
    const struct next_session *x = a, *y = b;
    int order = more(x->expected, y->expected);
    if (order == 0)
        order = more_known(x->gap, y->gap);
    if (order == 0)
        order = more_known(x->prospects, y->prospects);
    return order != 0 ? order : compare_rest(x, y);
}

static int is_taken(const struct next_session *rows, size_t n, size_t place)
{
    size_t i = 0;
    while (i < n && rows[i].place != place)
        i++;
    return i < n;
}

size_t next_sessions_rank(struct next_session *rows, size_t n, int is_one_a_place)
{
    size_t n_best = 0;
    for (size_t i = 0; i < n; i++)
        rows[i].expected = next_session_expected(&rows[i]);
    qsort(rows, n, sizeof(*rows), compare);
    for (size_t i = 0; i < n && n_best < NEXT_SESSIONS_MAX && rows[i].expected > 0; i++) {
        if (!is_one_a_place || !is_taken(rows, n_best, rows[i].place))
            rows[n_best++] = rows[i];
    }
    return n_best;
}

static int compare_by_prospects(const void *a, const void *b)
{
    const struct next_session *x = a, *y = b;
    int order = more(x->prospects * (y->own.sessions + 1), y->prospects * (x->own.sessions + 1));
    if (order == 0)
        order = more_known(x->gap, y->gap);
    return order != 0 ? order : compare_rest(x, y);
}

static int compare_by_gap(const void *a, const void *b)
{
    const struct next_session *x = a, *y = b;
    int order = more_known(x->gap, y->gap);
    return order != 0 ? order : compare_rest(x, y);
}

size_t next_sessions_guess(struct next_session *rows, size_t n, int *ret_by_prospects)
{
    size_t n_left = 0;
    *ret_by_prospects = 1;
    for (size_t i = 0; i < n; i++) {
        int64_t most = MIN(rows[i].gap, rows[i].prospects);
        if (most <= 0 || most == NEXT_SESSION_UNKNOWN)
            continue;
        *ret_by_prospects &= rows[i].prospects != NEXT_SESSION_UNKNOWN;
        rows[n_left] = rows[i];
        rows[n_left++].expected = NEXT_SESSION_UNOBSERVED;
    }
    *ret_by_prospects &= n_left > 0;
    qsort(rows, n_left, sizeof(*rows), *ret_by_prospects ? compare_by_prospects : compare_by_gap);
    return MIN(n_left, (size_t)NEXT_SESSIONS_MAX);
}
