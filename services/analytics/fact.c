#include "services/analytics/fact.h"

#include <errno.h>

#define SEQ_BITS 40
#define EPOCH_BITS 14
#define PARTITION_BITS 10
#define DAY_MS (86400LL * 1000)
#define BUSINESS_OFFSET_MS (7LL * 3600 * 1000)

_Static_assert(SEQ_BITS + EPOCH_BITS + PARTITION_BITS == 64, "a position is 64 bits");

/* What a fact of a kind adds to the metrics that count; money is in the fact itself. */
static const int8_t counts[FACT_KINDS][FACT_METRIC_ENDED + 1] = {
    [FACT_DECLARED] = {[FACT_METRIC_DECLARED] = 1},
    [FACT_FIRST_PAYMENT] = {[FACT_METRIC_PAID] = 1, [FACT_METRIC_PAYMENTS] = 1},
    [FACT_LATER_PAYMENT] = {[FACT_METRIC_RENEWED] = 1, [FACT_METRIC_PAYMENTS] = 1},
    [FACT_ACCEPTED] = {[FACT_METRIC_ACCEPTED] = 1},
    [FACT_ACCEPTANCE_UNDONE] = {[FACT_METRIC_ACCEPTED] = -1},
    [FACT_LAPSED] = {[FACT_METRIC_LAPSED] = 1},
    [FACT_RESUMED] = {[FACT_METRIC_LAPSED] = -1},
    [FACT_ENDED] = {[FACT_METRIC_ENDED] = 1},
    [FACT_REVERSED_FIRST] =
        {[FACT_METRIC_PAID] = -1, [FACT_METRIC_REVERSED] = 1, [FACT_METRIC_PAYMENTS] = -1},
    [FACT_REVERSED_LATER] =
        {[FACT_METRIC_RENEWED] = -1, [FACT_METRIC_REVERSED] = 1, [FACT_METRIC_PAYMENTS] = -1},
};

int fact_position_pack(unsigned partition, struct journal_position position, uint64_t *ret)
{
    if (position.seq >> SEQ_BITS != 0 || position.epoch >> EPOCH_BITS != 0 ||
        partition >> PARTITION_BITS != 0)
        return -ERANGE;
    *ret = position.seq << (EPOCH_BITS + PARTITION_BITS) |
           (uint64_t)position.epoch << PARTITION_BITS | partition;
    return 0;
}

void fact_position_unpack(uint64_t packed, unsigned *ret_partition, struct journal_position *ret)
{
    *ret_partition = (unsigned)(packed & ((1U << PARTITION_BITS) - 1));
    ret->epoch = (uint32_t)(packed >> PARTITION_BITS & ((1U << EPOCH_BITS) - 1));
    ret->seq = packed >> (EPOCH_BITS + PARTITION_BITS);
}

int64_t fact_measure(const struct fact *self, enum fact_metric metric)
{
    if (metric >= FACT_METRIC_PARTICIPANT_VND)
        return metric < FACT_METRICS ? self->pockets[metric - FACT_METRIC_PARTICIPANT_VND] : 0;
    return self->kind < FACT_KINDS ? counts[self->kind][metric] : 0;
}

void fact_measures(const struct fact *self, int64_t sums[FACT_METRICS])
{
    if (self->kind >= FACT_KINDS)
        return;
    for (int i = 0; i <= FACT_METRIC_ENDED; i++)
        sums[i] += counts[self->kind][i];
    for (int i = 0; i < FACT_POCKETS; i++)
        sums[FACT_METRIC_PARTICIPANT_VND + i] += self->pockets[i];
}

int64_t business_day_start_ms(int32_t day)
{
    return (int64_t)day * DAY_MS - BUSINESS_OFFSET_MS;
}
