#include "services/analytics/counted.h"

#include <errno.h>

int counted_of(Ansinh__V1__Metric metric, const char *field, struct counted *ret, struct err *err)
{
    if (protobuf_c_enum_descriptor_get_value(&ansinh__v1__metric__descriptor, (int)metric) ==
            NULL ||
        metric == ANSINH__V1__METRIC__METRIC_UNSPECIFIED)
        return err_field(err, -EINVAL, field, "no such metric");
    *ret = (struct counted){.pocket = -1};
    if (metric >= ANSINH__V1__METRIC__METRIC_PARTICIPANT_VND) {
        ret->pocket = (int8_t)(metric - ANSINH__V1__METRIC__METRIC_PARTICIPANT_VND);
        return 0;
    }
    for (uint8_t kind = 0; kind < FACT_KINDS; kind++) {
        const struct fact fact = {.kind = kind};
        ret->by_kind[kind] = (int8_t)fact_measure(&fact, (enum fact_metric)metric);
    }
    return 0;
}
