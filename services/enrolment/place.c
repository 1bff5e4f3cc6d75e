#include "services/enrolment/place.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"

#define HEIRS_TOLD 3
#define HEIR_BYTES 24 /* "12345, " and "and others" */

/* "02647, 02671"; "" when nobody has said what came after the unit. A unit that has ended itself is
 * told as well: who asks with it hears of the next. */
static void tell_heirs(const struct directory *directory, const struct directory_unit *unit,
                       char ret[HEIRS_TOLD * HEIR_BYTES])
{
    const ProtobufCMessage *message;
    size_t cursor = 0, n = 0, len = 0;
    ret[0] = '\0';
    while ((message = directory_next_row(directory, 'g', &cursor)) != NULL) {
        const Ansinh__V1__Successor *row = (const Ansinh__V1__Successor *)message;
        if (row->share_per_million == 0 || strcmp(row->old_code, unit->code) != 0)
            continue;
        if (n++ < HEIRS_TOLD)
            len += (size_t)snprintf(ret + len, HEIR_BYTES, "%s%.7s", n == 1 ? "" : ", ",
                                    row->new_code);
    }
    if (n > HEIRS_TOLD)
        (void)snprintf(ret + len, HEIR_BYTES, " and others");
}

static int fail_ended(const struct directory *directory, const struct directory_unit *unit,
                      struct err *err)
{
    char heirs[HEIRS_TOLD * HEIR_BYTES], last[DATE_TEXT_BYTES];
    tell_heirs(directory, unit, heirs);
    date_format(unit->last_day, last);
    return err_field(err, -EINVAL, "unit_code", "unit %s ended on %s%s%s", unit->code, last,
                     heirs[0] == '\0' ? "" : "; after it: ", heirs);
}

/* Whether a unit had ended on the day of a declaration. */
static int has_ended(const struct directory_unit *unit, const char *on)
{
    int32_t day = clock_business_day(clock_wall_ms());
    if (on[0] != '\0' && date_parse(on, &day) < 0)
        return 0;
    return day > unit->last_day;
}

int place_check(const struct directory *directory, const struct place *place, int is_refreshed,
                const struct directory_unit **ret_commune, struct err *err)
{
    const char *collector = place->collector_code;
    const struct directory_unit *unit = directory_unit(directory, place->unit_code);
    int is_unit = unit != NULL || (place->may_stay && place->unit_code[0] == '\0');
    int is_collector = collector[0] == '\0' || directory_collector(directory, collector) != NULL;
    int is_over = unit != NULL && has_ended(unit, place->on);
    *ret_commune = unit;
    if ((!is_unit || !is_collector || is_over) && !is_refreshed)
        return -EAGAIN;
    if (!is_unit)
        return err_field(err, -EINVAL, "unit_code", "unknown unit");
    if (unit != NULL && unit->level != ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE)
        return err_field(err, -EINVAL, "unit_code", "want the 5-digit code of a commune");
    if (!is_collector)
        return err_field(err, -EINVAL, "collector_code", "unknown collector");
    return is_over ? fail_ended(directory, unit, err) : 0;
}
