/* The reference model: what a citizen's, or a session's, state is after each of their journal
 * entries, by rules written down once more, apart from the services. Which months a bill is for and
 * what it costs is the law's matter, not the model's; that no month is paid twice and nothing but
 * the bill, is. */
#ifndef ANSINH_TESTS_CHAOS_MODEL_H
#define ANSINH_TESTS_CHAOS_MODEL_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/id.h"

enum { POCKET_PARTICIPANT, POCKET_CENTRAL, POCKET_LOCAL, POCKET_DONOR, POCKETS };

#define COVERED_FROM (2000 * 12) /* first month of the set */
#define COVERED_MONTHS 1200

struct state {
    uint32_t version; /* entries so far */
    uint32_t commune, method, support_group;
    int64_t income_vnd;
    int32_t enrolled_day;
    uint32_t covered_until, months_paid, months_supported;
    uint32_t bill_number;
    uint32_t bill_from, bill_months, bill_supported; /* months 0: no open bill */
    int64_t bill_vnd[POCKETS];
    int32_t bill_valid_until;
    int32_t accepted_day; /* 0: not */
    uint8_t has_ended;
    int64_t contacts;                    /* of a session: lines of its lists */
    uint32_t paid_version;               /* of the newest payment that stands; 0: none */
    uint8_t covered[COVERED_MONTHS / 8]; /* a set of months */
};

/* The state after an event; "" or what is wrong with the event. earlier: the states after each
 * entry before it, of which self is the last. */
const char *model_apply(struct state *self, const struct state *earlier,
                        const Ansinh__V1__Event *event);

int64_t model_bill_gross(const struct state *self);

#endif
