/* Where one more session is expected to bring most: what sessions of a kind brought in a place is
 * mixed with what they bring on average around it, so that one lucky session is no rule. Pure,
 * whole numbers. */
#ifndef ANSINH_DOMAIN_NEXT_SESSION_H
#define ANSINH_DOMAIN_NEXT_SESSION_H

#include <stddef.h>
#include <stdint.h>

#define NEXT_SESSIONS_MAX 3
#define NEXT_SESSION_WEIGHT 10            /* sessions that the average weighs */
#define NEXT_SESSION_UNKNOWN INT64_MAX    /* a gap, or prospects */
#define NEXT_SESSION_UNOBSERVED INT64_MIN /* there is no expectation */

/* Sessions, and who joined because of them. */
struct session_sum {
    int64_t sessions, joined;
};

struct next_session {
    size_t place, kind;     /* the caller's; smaller ones come first when all else is equal */
    struct session_sum own; /* of that kind in that place */
    struct session_sum above_kind; /* of that kind in the unit above */
    struct session_sum above;      /* of all kinds there */
    int64_t gap, prospects;        /* who is missing in the place, who can still be won there */
    int64_t expected; /* set here: hundredths of a person, or NEXT_SESSION_UNOBSERVED */
};

/* (joined + NEXT_SESSION_WEIGHT x mean) / (sessions + NEXT_SESSION_WEIGHT), half up; means are in
 * millionths of a person. The mean of a kind is mixed with that of all kinds in the same way. */
int64_t session_yield(const struct session_sum *sum, int64_t mean);
/* In hundredths, at most gap and prospects; 0 where nothing can be won;
 * NEXT_SESSION_UNOBSERVED when no session of that kind was held above, or nobody joined there. */
int64_t next_session_expected(const struct next_session *self);

/* Sets the expectations of all n, and moves the best to the front: at most NEXT_SESSIONS_MAX, each
 * with an expectation above 0; answers how many. With is_one_a_place each is of another place.
 * Equal expectations go by gap, then by prospects, then by fewer sessions. */
size_t next_sessions_rank(struct next_session *rows, size_t n, int is_one_a_place);

/* The same where nothing was observed: by prospects for each session (one more than were held) when
 * they are known of all rows, else by gap. Rows where nothing can be won, or nothing at all is
 * known, are left out. *ret_by_prospects: which of the two it was. */
size_t next_sessions_guess(struct next_session *rows, size_t n, int *ret_by_prospects);

#endif
