/* The report of a reconciliation: every line with its class as CSV, what differs as JSON, and a
 * page for people. The same inputs give the same bytes: no clock, no random order, no locale. */
#ifndef ANSINH_SETTLE_REPORT_H
#define ANSINH_SETTLE_REPORT_H

#include <stdio.h>

#include "common/settle/bank.h"
#include "common/settle/match.h"

#define REPORT_PAGE_LINES_MAX 1000 /* differences on the page; the CSV has all */

struct settle_report {
    const struct eod_file *file;
    const struct match *match;
    const struct bank *bank; /* NULL: no statement was given */
    const struct bank_result *result;
};

/* Each writes one file whole and answers 0 or -EIO; nothing is flushed. */
int report_csv(const struct settle_report *self, FILE *out) MUST_CHECK;
int report_bank_csv(const struct settle_report *self, FILE *out) MUST_CHECK; /* needs a bank */
int report_json(const struct settle_report *self, FILE *out) MUST_CHECK;
int report_html(const struct settle_report *self, FILE *out) MUST_CHECK;

/* Differences and what was missing: all but the matched lines. */
int report_is_difference(const struct match_line *line);

/* Words of the reports. */
extern const char *const report_postings[]; /* by enum match_posting; "" for none */
/* "amount;fee" */
#define REPORT_DIFFERS_BYTES 48
void report_differs(unsigned differs, char ret[REPORT_DIFFERS_BYTES]);

#endif
