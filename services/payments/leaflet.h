/* One leaflet while its answer is made. Private to leaflet*.c. */
#ifndef ANSINH_PAYMENTS_LEAFLET_H
#define ANSINH_PAYMENTS_LEAFLET_H

#include "ansinh/v1/payments.pb-c.h"
#include "common/domain/contribution.h"
#include "common/service/directory.h"
#include "common/service/service.h"
#include "services/payments/leaflet_rules.h"

#define LEAFLET_METHODS_MAX 4
#define LEAFLET_AGES_MAX 6
#define LEAFLET_AGE_MAX 99
#define LEAFLET_COLUMNS_MAX 5
#define LEAFLET_MEMBERS 6 /* of the largest household */

/* What is answered lives in the request's arena. */
struct leaflet {
    struct service *svc;
    struct bus_request *request;
    const struct directory_unit *unit;
    int32_t day;
    struct leaflet_incomes incomes;
    enum method methods[LEAFLET_METHODS_MAX];
    size_t n_methods;
    uint32_t ages[LEAFLET_AGES_MAX];
    size_t n_ages;
    struct leaflet_column {
        enum support_group group;
        int is_zone;
    } columns[LEAFLET_COLUMNS_MAX]; /* the last one is of those in no special group */
    size_t n_columns;
};

/* Fill households and pensions. -ERANGE, field "on": the tables do not know them on that day, and
 * out has none; -EINVAL, field "joining_ages": too young to join; -ENOMEM. */
int leaflet_households(const struct leaflet *self, Ansinh__V1__GetLeafletResponse *out,
                       struct err *err) MUST_CHECK;
int leaflet_pensions(const struct leaflet *self, Ansinh__V1__GetLeafletResponse *out,
                     struct err *err) MUST_CHECK;

#endif
