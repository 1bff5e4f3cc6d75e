/* What a partner may collect, where, and until when of a day. */
#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "services/payments/coll_rules.h"
#include "services/payments/collections.h"

int coll_check_partner(const struct directory *directory, const char *partner, struct err *err)
{
    const Ansinh__V1__Partner *row = directory_partner(directory, partner);
    if (row == NULL || row->suspended)
        return err_set(err, -EACCES, "this organisation is no partner, or is suspended");
    return 0;
}

int coll_check_product(const struct directory *directory, const char *partner, int is_health,
                       struct err *err)
{
    const Ansinh__V1__Partner *row = directory_partner(directory, partner);
    Ansinh__V1__Product product = is_health ? ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD
                                            : ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    for (size_t i = 0; row != NULL && i < row->n_products; i++) {
        if (row->products[i] == product)
            return 0;
    }
    return err_set(err, -EACCES, "this organisation does not collect %s",
                   is_health ? "family health insurance" : "voluntary social insurance");
}

static int check_point(const struct directory *directory, const char *partner, const char *code,
                       const char *field, struct err *err)
{
    const Ansinh__V1__Point *point = directory_point(directory, code);
    if (point == NULL)
        return err_field(err, -EINVAL, field, "unknown code");
    return strcmp(point->organisation_code, partner) == 0
               ? 0
               : err_field(err, -EACCES, field, "this is of another organisation");
}

int coll_check_counter(const struct directory *directory, const char *partner,
                       const char *point_code, const char *collector_code, struct err *err)
{
    int rc =
        point_code[0] == '\0' ? 0 : check_point(directory, partner, point_code, "point_code", err);
    if (rc < 0 || collector_code[0] == '\0')
        return rc;
    const Ansinh__V1__Collector *collector = directory_collector(directory, collector_code);
    if (collector == NULL)
        return err_field(err, -EINVAL, "collector_code", "unknown code");
    return check_point(directory, partner, collector->point_code, "collector_code", err);
}

int coll_check_day(const struct directory *directory, const char *partner, int64_t paid_at_ms,
                   int32_t business_day, struct err *err)
{
    const Ansinh__V1__Partner *row = directory_partner(directory, partner);
    int32_t want = coll_business_day(paid_at_ms, row == NULL ? 0 : row->cut_off_minute);
    char date[DATE_TEXT_BYTES];
    if (want == business_day)
        return 0;
    date_format(want, date);
    return err_field(err, -EINVAL, "business_date",
                     "the business date of paid_at_ms is %s, by the cut-off of this organisation",
                     date);
}

int coll_is_in_scope(const struct directory *directory, const char *partner, uint32_t commune)
{
    const Ansinh__V1__Partner *row = directory_partner(directory, partner);
    if (row == NULL)
        return 0;
    for (const struct directory_unit *unit = directory_commune(directory, commune); unit != NULL;
         unit = unit->parent) {
        for (size_t i = 0; i < row->n_unit_codes; i++) {
            if (strcmp(row->unit_codes[i], unit->code) == 0)
                return 1;
        }
    }
    return row->n_unit_codes == 0;
}
