/* Family health insurance of a whole household: who pays as which member, from when each card
 * holds, and which order of the members is the cheapest. Pure, no I/O. */
#ifndef ANSINH_DOMAIN_HOUSEHOLD_H
#define ANSINH_DOMAIN_HOUSEHOLD_H

#include "common/domain/household_health.h"

#define HOUSEHOLD_MEMBERS_MAX 20
#define HOUSEHOLD_NO_DAY INT32_MIN

struct household_member {
    uint32_t months;        /* 0: pays nothing now, which only who joined already can */
    int32_t joined_day;     /* joined before, or HOUSEHOLD_NO_DAY; another year does not count */
    int32_t card_last_day;  /* of the card before, or HOUSEHOLD_NO_DAY for the first one */
    int is_state_supported; /* takes no rank and pays nothing here */
};

/* What a member pays now. */
struct household_share {
    uint32_t rank;                        /* from 1; 0 of the state-supported */
    int32_t valid_from_day, valid_to_day; /* of the card; HOUSEHOLD_NO_DAY when nothing is paid */
    struct quote quote;
};

struct household_quote {
    int64_t total_vnd, cheapest_vnd;
    struct household_share shares[HOUSEHOLD_MEMBERS_MAX]; /* as the members were given */
    /* Members (their indices) who join now, in the order that costs cheapest_vnd; as they were
     * given when no other order is cheaper. */
    size_t order[HOUSEHOLD_MEMBERS_MAX], n_order;
};

/* All join or go on on a day, and share one fiscal year, which is the calendar's. Ranks: who joined
 * before in the year, by date, then the others as given. -EINVAL or -ERANGE as
 * household_health_quote, the field with the member ("members[2].months"); "members": none, or more
 * than HOUSEHOLD_MEMBERS_MAX; "members[2].joined_on" or "members[2].previous_valid_until": a date
 * that cannot be. */
int household_quote(const struct policy *policy, const struct household_member *members, size_t n,
                    int32_t on_day, struct household_quote *ret, struct err *err) MUST_CHECK;

/* From when to when the card holds of a member who pays for months on a day: from that day, or from
 * the day after the card before. A first card, and one after a long gap, waits where the switch
 * says so, and a line of lines then says it. card_last_day: of the card before, or
 * HOUSEHOLD_NO_DAY. -ERANGE, field "on": a day that the tables do not know. */
int household_card(const struct policy *policy, int32_t card_last_day, uint32_t months,
                   int32_t on_day, struct explain_lines *lines, int32_t *ret_from_day,
                   int32_t *ret_to_day, struct err *err) MUST_CHECK;

/* The last day of a period of months that begins on a day: the eve of the day of the same number;
 * where the last month has no such day, its last day. */
int32_t period_last_day(int32_t from_day, uint32_t months);

#endif
