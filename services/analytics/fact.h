/* A fact: one counted event of the journal as 56 bytes. Every number of analytics is a sum over
 * facts, every list of records is these facts, and a number as of a moment is the sum of the facts
 * recorded until then. Pure. */
#ifndef ANSINH_ANALYTICS_FACT_H
#define ANSINH_ANALYTICS_FACT_H

#include <stddef.h>
#include <stdint.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/macros.h"
#include "common/store/journal.h"

/* Short names of ansinh.v1.FactKind. */
enum fact_kind {
    FACT_DECLARED = ANSINH__V1__FACT_KIND__FACT_KIND_DECLARED,
    FACT_FIRST_PAYMENT = ANSINH__V1__FACT_KIND__FACT_KIND_FIRST_PAYMENT,
    FACT_LATER_PAYMENT = ANSINH__V1__FACT_KIND__FACT_KIND_LATER_PAYMENT,
    FACT_ACCEPTED = ANSINH__V1__FACT_KIND__FACT_KIND_ACCEPTED,
    FACT_RETURNED = ANSINH__V1__FACT_KIND__FACT_KIND_RETURNED,
    FACT_LAPSED = ANSINH__V1__FACT_KIND__FACT_KIND_LAPSED,
    FACT_RESUMED = ANSINH__V1__FACT_KIND__FACT_KIND_RESUMED,
    FACT_ENDED = ANSINH__V1__FACT_KIND__FACT_KIND_ENDED,
    FACT_REVERSED_FIRST = ANSINH__V1__FACT_KIND__FACT_KIND_REVERSED_FIRST,
    FACT_REVERSED_LATER = ANSINH__V1__FACT_KIND__FACT_KIND_REVERSED_LATER,
    FACT_ACCEPTANCE_UNDONE = ANSINH__V1__FACT_KIND__FACT_KIND_ACCEPTANCE_UNDONE,
    FACT_CHANGED = ANSINH__V1__FACT_KIND__FACT_KIND_CHANGED,
};
#define FACT_KINDS 13

/* Short names of ansinh.v1.Metric. */
enum fact_metric {
    FACT_METRIC_NONE = ANSINH__V1__METRIC__METRIC_UNSPECIFIED,
    FACT_METRIC_DECLARED = ANSINH__V1__METRIC__METRIC_DECLARED,
    FACT_METRIC_PAID = ANSINH__V1__METRIC__METRIC_PAID,
    FACT_METRIC_ACCEPTED = ANSINH__V1__METRIC__METRIC_ACCEPTED,
    FACT_METRIC_RENEWED = ANSINH__V1__METRIC__METRIC_RENEWED,
    FACT_METRIC_LAPSED = ANSINH__V1__METRIC__METRIC_LAPSED,
    FACT_METRIC_REVERSED = ANSINH__V1__METRIC__METRIC_REVERSED,
    FACT_METRIC_PAYMENTS = ANSINH__V1__METRIC__METRIC_PAYMENTS,
    FACT_METRIC_ENDED = ANSINH__V1__METRIC__METRIC_ENDED,
    FACT_METRIC_PARTICIPANT_VND = ANSINH__V1__METRIC__METRIC_PARTICIPANT_VND,
    FACT_METRIC_CENTRAL_VND = ANSINH__V1__METRIC__METRIC_CENTRAL_VND,
    FACT_METRIC_LOCAL_VND = ANSINH__V1__METRIC__METRIC_LOCAL_VND,
    FACT_METRIC_DONOR_VND = ANSINH__V1__METRIC__METRIC_DONOR_VND,
};
#define FACT_METRICS 13

#define FACT_POCKETS 4 /* participant, central, local, donor */

/* Stored as it is in views, on little-endian machines: 56 bytes without padding. */
struct fact {
    int64_t at_ms;                 /* when it was recorded */
    uint64_t citizen;              /* first 8 bytes of the keyed hash, little-endian */
    uint64_t position;             /* fact_position_pack */
    int32_t pockets[FACT_POCKETS]; /* dong; negative when taken back */
    uint32_t source;               /* facts_source */
    uint32_t commune;              /* 5-digit code as a number, as it was recorded */
    uint16_t day;                  /* business day it counts for, from 1970-01-01 */
    uint8_t kind;                  /* enum fact_kind */
    uint8_t product_group;         /* fact_product_group */
    uint32_t zero;                 /* fills the row */
};
_Static_assert(sizeof(struct fact) == 56, "a fact is stored as it is");

/* Place of the entry that made the fact; a lapse has that of the entry that set the deadline.
 * -ERANGE: a sequence number of 2^40, an epoch of 2^14 or a partition of 2^10 or more. */
int fact_position_pack(unsigned partition, struct journal_position position,
                       uint64_t *ret) MUST_CHECK;
void fact_position_unpack(uint64_t packed, unsigned *ret_partition, struct journal_position *ret);

/* ansinh.v1.Product and ansinh.v1.SupportGroup in one byte; both below 16. */
static inline uint8_t fact_product_group(unsigned product, unsigned group)
{
    return (uint8_t)(product << 4 | group);
}
static inline unsigned fact_product(const struct fact *self)
{
    return self->product_group >> 4;
}
static inline unsigned fact_group(const struct fact *self)
{
    return self->product_group & 15;
}

/* What a fact adds to a metric: +1, 0 or -1, or its dong. */
int64_t fact_measure(const struct fact *self, enum fact_metric metric);

/* Adds what it counts to all metrics, by number. */
void fact_measures(const struct fact *self, int64_t sums[FACT_METRICS]);

/* Whether it belongs to the records behind a metric's number. */
static inline int fact_counts(const struct fact *self, enum fact_metric metric)
{
    return fact_measure(self, metric) != 0;
}

/* When a business day begins in +07:00, ms; it is closed when the next one begins: what is recorded
 * for it from then on is a correction. */
int64_t business_day_start_ms(int32_t day);

#endif
