/* The law of contributions once more, slowly: its numbers typed from the texts, its sums made month
 * by month, with whole numbers of any size. Shares nothing with common/domain, not even the
 * calendar.
 */
#ifndef ANSINH_TESTS_QUOTE_ORACLE_H
#define ANSINH_TESTS_QUOTE_ORACLE_H

#include <stddef.h>
#include <stdint.h>

#define ORACLE_REFUSALS_MAX 8

enum oracle_step { STEP_AS_DECREED, STEP_OFF, STEP_WARNS, STEP_BINDS };
enum oracle_rounding { ROUND_HALF_UP, ROUND_DOWN, ROUND_UP };

/* What the law leaves open. */
struct oracle_choices {
    enum oracle_step step;
    enum oracle_rounding rounding;
    int earlier_counts, back_payment;
};

/* What provinces and donors give; made up. */
enum oracle_gift { GIFT_OF_LINE, GIFT_OF_INCOME, GIFT_AMOUNT, GIFT_DONOR };

struct oracle_resolution {
    enum oracle_gift gift;
    unsigned province;
    int group;     /* 1 to 4; 5: special zones */
    int64_t value; /* basis points or dong */
    int from, to;  /* 20260131 */
};

extern const struct oracle_resolution oracle_resolutions[];
extern const size_t oracle_resolutions_n;

/* Numbers as in the protocol; dates as 20260131, months as 202601, 0 where there is none. */
struct oracle_case {
    int on, method, group, is_zone, sex, birth, missed_from;
    unsigned months, province, supported, earlier, paid;
    int64_t income;
};

struct oracle_answer {
    int64_t gross, central, local, donor;
    unsigned months, supported, warnings;
    size_t n_refused;
    const char *refused[ORACLE_REFUSALS_MAX]; /* every field that is wrong */
};

struct oracle_answer oracle_quote(const struct oracle_choices *choices,
                                  const struct oracle_case *asked);

/* Of a payment that oracle_quote answered, not of past months: what its last unused months cost and
 * carried, with what is left for the participant. */
struct oracle_answer oracle_refund(const struct oracle_choices *choices,
                                   const struct oracle_case *asked,
                                   const struct oracle_answer *paid, unsigned unused);

/* What a member of a household pays; dates from 20181201 on, months 3, 6 or 12. */
int64_t oracle_health(int on, unsigned rank, unsigned months);

#endif
