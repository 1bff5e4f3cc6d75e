/* reconcile [LINES]: lines per second of a reconciliation: an end-of-day file of a million rows
 * with one in a hundred planted differences is read, matched with as many payments, and reported in
 * all forms. The payments are made up in memory; what a ledger needs to read them is not in it. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/report.h"
#include "tests/support/eod_day.h"

#define LINES_MAX 5000000

typedef int (*report_fn)(const struct settle_report *self, FILE *out);

static int report(const struct settle_report *report)
{
    static const report_fn writers[] = {report_csv, report_json, report_html};
    int rc = 0;
    for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
        FILE *out = tmpfile();
        if (out == NULL)
            return -1;
        rc |= writers[i](report, out);
        rc |= fclose(out);
    }
    return rc;
}

static int reconcile(const struct eod_day *day, FILE *file, size_t *ret_n)
{
    struct match *match = match_create(day->business_day);
    struct match_payment payment;
    struct eod_file read;
    struct err err = {0};
    int rc = eod_day_match(file, match, &read, &err);
    for (unsigned i = 0; rc == 0 && i < day->n; i++) {
        if (eod_day_payment(day, i, &payment))
            rc = match_payment(match, &payment);
    }
    match_settle(match);
    *ret_n = match_count(match);
    if (rc == 0)
        rc = report(&(struct settle_report){.file = &read, .match = match});
    match_destroy(&match);
    return rc;
}

int main(int argc, char **argv)
{
    int64_t n = 1000000;
    size_t n_lines = 0;
    if (argc == 2 && parse_int64(argv[1], 1, LINES_MAX, &n) < 0) {
        (void)fprintf(stderr, "usage: reconcile [LINES]\n");
        return 2;
    }
    struct eod_day day = {
        .n = (unsigned)n, .seed = 1, .planted_every = 100, .business_day = date_make(2026, 11, 22)};
    FILE *file = tmpfile();
    if (file == NULL || eod_day_write(&day, file) < 0) {
        (void)fprintf(stderr, "reconcile: the file cannot be made\n");
        return 1;
    }
    rewind(file);
    int64_t begin_us = clock_mono_us();
    if (reconcile(&day, file, &n_lines) != 0) {
        (void)fprintf(stderr, "reconcile: it failed\n");
        return 1;
    }
    (void)printf("%lld\n", (long long)n_lines * 1000000 / (clock_mono_us() - begin_us));
    return fclose(file) == 0 ? 0 : 1;
}
