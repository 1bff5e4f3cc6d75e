#include "services/analytics/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/macros.h"

#define ONE 100 /* hundredths */

__extension__ typedef __int128 wide;

/* part * scale / whole, half away from zero; the last number that there is beyond it. whole > 0. */
static int64_t ratio(int64_t part, int64_t scale, int64_t whole)
{
    wide doubled = (wide)part * scale * 2;
    wide rounded = (doubled + (doubled < 0 ? -(wide)whole : (wide)whole)) / ((wide)whole * 2);
    return (int64_t)MAX(MIN(rounded, (wide)INT64_MAX), -(wide)INT64_MAX);
}

int64_t figure_ratio(int64_t part, int64_t scale, int64_t whole)
{
    return whole <= 0 ? FIGURE_NONE : ratio(part, scale * ONE, whole);
}

static int is_late(const struct figures_in *in)
{
    int64_t days = (int64_t)in->until - in->from + 1;
    return ((int64_t)in->today - in->from) * 100 > days * BEHIND_GRACE_PERCENT;
}

void figures_make(const struct figures_in *in, struct figures *ret)
{
    int64_t days_left = (int64_t)in->until - in->today;
    *ret = (struct figures){
        .percent = FIGURE_NONE,
        .pace_per_day = figure_ratio(in->week, 1, in->week_days),
        .improvement = FIGURE_NONE,
        .needed_per_day = FIGURE_NONE,
        .short_per_day = FIGURE_NONE,
    };
    if (in->plan <= 0)
        return;
    ret->gap = in->plan - in->value;
    ret->percent = ratio(in->value, 100 * ONE, in->plan);
    ret->improvement = ratio(in->week - in->week_before, 100 * ONE, in->plan);
    if (ret->gap > 0 && days_left > 0)
        ret->needed_per_day = ratio(ret->gap, ONE, days_left);
    if (ret->gap > 0)
        ret->short_per_day =
            ratio(ret->gap, ONE, MAX(days_left, 1)) - (in->week_days > 0 ? ret->pace_per_day : 0);
    /* without rounding: gap / days_left > week / week_days */
    int is_slow = days_left <= 0 || (wide)ret->gap * in->week_days > (wide)in->week * days_left;
    ret->is_behind = ret->gap > 0 && is_slow && is_late(in);
}

void figure_format(int64_t hundredths, char ret[FIGURE_TEXT_BYTES])
{
    ret[0] = '\0';
    if (hundredths == FIGURE_NONE)
        return;
    int64_t size = hundredths < 0 ? -hundredths : hundredths;
    (void)snprintf(ret, FIGURE_TEXT_BYTES, "%s%lld.%02d", hundredths < 0 ? "-" : "",
                   (long long)(size / ONE), (int)(size % ONE));
}

/* What decides between rows: the key, or without one the value. */
static int64_t deciding(const struct rank_row *row)
{
    return row->key == FIGURE_NONE ? row->value : row->key;
}

/* As for qsort, but for the code: 0 is a shared rank. */
static int compare_keys(const struct rank_row *x, const struct rank_row *y)
{
    int x_lacks = x->key == FIGURE_NONE, y_lacks = y->key == FIGURE_NONE;
    if (x_lacks != y_lacks)
        return x_lacks - y_lacks;
    return (deciding(x) < deciding(y)) - (deciding(x) > deciding(y));
}

static int compare(const void *a, const void *b)
{
    const struct rank_row *x = a, *y = b;
    int order = compare_keys(x, y);
    return order != 0 ? order : strcmp(x->code, y->code);
}

void ranks_assign(struct rank_row *rows, size_t n)
{
    uint32_t seen[RANK_TIERS] = {0};
    const struct rank_row *last[RANK_TIERS] = {0};
    qsort(rows, n, sizeof(*rows), compare);
    for (size_t i = 0; i < n; i++) {
        struct rank_row *row = &rows[i];
        ASSERT(row->tier < RANK_TIERS);
        const struct rank_row *before = last[row->tier];
        int is_shared = i > 0 && compare_keys(&rows[i - 1], row) == 0;
        seen[row->tier]++;
        row->rank = is_shared ? rows[i - 1].rank : (uint32_t)i + 1;
        row->rank_in_tier = before != NULL && compare_keys(before, row) == 0 ? before->rank_in_tier
                                                                             : seen[row->tier];
        last[row->tier] = row;
    }
}
