#include "common/service/policy_document.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/domain/calendar.h"

#define OPEN_END INT32_MAX

/* What is being read, for the texts of errors. */
struct place {
    const char *source, *table;
    size_t row_i;
    struct err *err;
};

static int refuse(const struct place *place, const char *what)
{
    return err_field(place->err, -EINVAL, place->table, "%.60s: %s row %zu: %s", place->source,
                     place->table, place->row_i + 1, what);
}

static int days_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                     struct policy_row *ret)
{
    if (date_parse(row->from, &ret->from_day) < 0)
        return refuse(place, "\"from\" is not a date");
    ret->to_day = OPEN_END;
    if (row->to[0] != '\0' && date_parse(row->to, &ret->to_day) < 0)
        return refuse(place, "\"to\" is not a date");
    return 0;
}

/* Digits up to end, at most max; moves *at behind them. */
static int number_read(const char **at, char end, int64_t max, int64_t *ret)
{
    const char *begin = *at;
    for (*ret = 0; **at >= '0' && **at <= '9' && *ret <= max; (*at)++)
        *ret = *ret * 10 + (**at - '0');
    if (*at == begin || *ret > max || **at != end)
        return -EINVAL;
    if (end != '\0')
        (*at)++;
    return 0;
}

/* "62y" or "60y3m" in months. */
static int age_read(const char *text, int64_t *ret)
{
    int64_t years, months = 0;
    int rc = number_read(&text, 'y', 150, &years);
    if (rc == 0 && *text != '\0')
        rc = number_read(&text, 'm', 11, &months);
    if (rc < 0 || *text != '\0')
        return -EINVAL;
    *ret = years * 12 + months;
    return 0;
}

/* "1" or "2.29" in hundredths. */
static int coefficient_read(const char *text, int64_t *ret)
{
    int64_t whole, hundredths = 0;
    const char *point = strchr(text, '.');
    int rc = number_read(&text, point == NULL ? '\0' : '.', 100, &whole);
    if (rc == 0 && point != NULL)
        rc = strlen(text) == 2 ? number_read(&text, '\0', 99, &hundredths) : -EINVAL;
    if (rc < 0)
        return rc;
    *ret = whole * 100 + hundredths;
    return 0;
}

static int value_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                      enum policy_unit unit, int64_t *ret)
{
    const struct {
        Ansinh__V1__PolicyRow__ValueCase value_case;
        int64_t value; /* of no meaning in another case */
        const char *missing;
    } units[] = {
        [UNIT_VND] = {ANSINH__V1__POLICY_ROW__VALUE_VND, row->vnd, "no vnd"},
        [UNIT_BASIS_POINTS] = {ANSINH__V1__POLICY_ROW__VALUE_BASIS_POINTS, row->basis_points,
                               "no basisPoints"},
        [UNIT_PER_MILLION] = {ANSINH__V1__POLICY_ROW__VALUE_PER_MILLION, row->per_million,
                              "no perMillion"},
        [UNIT_TIMES] = {ANSINH__V1__POLICY_ROW__VALUE_TIMES, row->times, "no times"},
        [UNIT_MONTHS] = {ANSINH__V1__POLICY_ROW__VALUE_MONTHS, row->months, "no months"},
        [UNIT_YEARS] = {ANSINH__V1__POLICY_ROW__VALUE_YEARS, row->years, "no years"},
        [UNIT_AGE] = {ANSINH__V1__POLICY_ROW__VALUE_AGE, 0, "no age"},
        [UNIT_COEFFICIENT] = {ANSINH__V1__POLICY_ROW__VALUE_COEFFICIENT, 0, "no coefficient"},
        [UNIT_DAYS] = {ANSINH__V1__POLICY_ROW__VALUE_DAYS, row->days, "no days"},
        [UNIT_CHOICE] = {ANSINH__V1__POLICY_ROW__VALUE_CHOICE, (int64_t)row->choice, "no choice"},
        [UNIT_NONE] = {ANSINH__V1__POLICY_ROW__VALUE__NOT_SET, 0, "a value does not fit here"},
    };
    if (row->value_case != units[unit].value_case)
        return refuse(place, units[unit].missing);
    *ret = units[unit].value;
    if (unit == UNIT_AGE && age_read(row->age, ret) < 0)
        return refuse(place, "want an age as 62y or 60y3m");
    if (unit == UNIT_COEFFICIENT && coefficient_read(row->coefficient, ret) < 0)
        return refuse(place, "want a coefficient as 1 or 2.29");
    return 0;
}

/* The group's number, or the one for special zones. */
static int group_read(const struct place *place, const Ansinh__V1__PolicyRow *row, int32_t *ret)
{
    int32_t group = (int32_t)row->group;
    if (row->special_zone && group != 0)
        return refuse(place, "a group does not fit here");
    /* the numbers of groups and of what follows them must not meet */
    if (!row->special_zone && (group < 1 || group >= SUPPORT_GROUPS))
        return refuse(place, "value or group out of range");
    *ret = row->special_zone ? POLICY_SPECIAL_ZONE : group;
    return 0;
}

static int province_read(const struct place *place, const Ansinh__V1__PolicyRow *row, int32_t *ret)
{
    uint32_t province = policy_province(row->province);
    int32_t group = 0;
    if (province == 0)
        return refuse(place, "want a province of two digits");
    int rc = group_read(place, row, &group);
    if (rc == 0)
        *ret = policy_province_key(province, group);
    return rc;
}

/* What does not belong to the table's key is refused: it would be read past. */
static int key_fits(const struct place *place, const Ansinh__V1__PolicyRow *row,
                    enum policy_key key)
{
    int has_zones = key == KEY_GROUP || key == KEY_PROVINCE_GROUP;
    int has_sexes = key == KEY_SEX || key == KEY_SEX_YEARS;
    int has_methods = key == KEY_METHOD || key == KEY_METHOD_RENEWAL;
    const struct {
        int is_given, fits;
        const char *refusal;
    } fields[] = {
        {(int)row->group != 0, has_zones || key == KEY_ANY_GROUP, "a group does not fit here"},
        {row->special_zone, has_zones, "specialZone does not fit here"},
        {row->rank != 0, key == KEY_RANK, "a rank does not fit here"},
        {row->province[0] != '\0', key == KEY_PROVINCE_GROUP, "a province does not fit here"},
        {row->budget_vnd != 0, key == KEY_PROVINCE_GROUP, "a budgetVnd does not fit here"},
        {(int)row->bar != 0, key == KEY_BAR, "a bar does not fit here"},
        {(int)row->sex != 0, has_sexes, "a sex does not fit here"},
        {row->from_years != 0, key == KEY_SEX_YEARS, "fromYears does not fit here"},
        {row->year != 0, key == KEY_YEAR, "a year does not fit here"},
        {(int)row->method != 0, has_methods, "a method does not fit here"},
        {row->renewal, key == KEY_METHOD_RENEWAL, "renewal does not fit here"},
        {(int)row->switch_name != 0, key == KEY_SWITCH, "switchName does not fit here"},
        {(int)row->reason != 0, key == KEY_REASON, "a reason does not fit here"},
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (fields[i].is_given && !fields[i].fits)
            return refuse(place, fields[i].refusal);
    return 0;
}

/* A key made of two numbers: each in its range, so that keys do not meet. */
static int pair_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                     enum policy_key key, int32_t *ret)
{
    if (key == KEY_METHOD_RENEWAL) {
        if ((int)row->method < 1 || (int)row->method >= METHODS)
            return refuse(place, "want a method");
        *ret = policy_renewal_key((int32_t)row->method, row->renewal);
        return 0;
    }
    if (row->from_years < 0 || row->from_years > POLICY_FROM_YEARS_MAX || (int)row->sex < 0 ||
        (int)row->sex > 2)
        return refuse(place, "value or group out of range");
    *ret = policy_sex_years_key((int32_t)row->sex, row->from_years);
    return 0;
}

static int key_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                    enum policy_key key, int32_t *ret)
{
    int rc = key_fits(place, row, key);
    if (rc < 0)
        return rc;
    *ret = 0;
    switch (key) {
    case KEY_NONE:
        break;
    case KEY_GROUP:
        return group_read(place, row, ret);
    case KEY_PROVINCE_GROUP:
        return province_read(place, row, ret);
    case KEY_SEX_YEARS:
    case KEY_METHOD_RENEWAL:
        return pair_read(place, row, key, ret);
    case KEY_ANY_GROUP:
        *ret = (int32_t)row->group;
        break;
    case KEY_RANK:
        *ret = row->rank;
        break;
    case KEY_BAR:
        *ret = (int32_t)row->bar;
        break;
    case KEY_SEX:
        *ret = (int32_t)row->sex;
        break;
    case KEY_YEAR:
        *ret = row->year;
        break;
    case KEY_METHOD:
        *ret = (int32_t)row->method;
        break;
    case KEY_SWITCH:
        *ret = (int32_t)row->switch_name;
        break;
    case KEY_REASON:
        *ret = (int32_t)row->reason;
        break;
    case KEY_VALUE:
        *ret = row->months;
        break;
    }
    return 0;
}

int policy_row_read(const char *source, enum policy_table_id table, size_t row_i,
                    const Ansinh__V1__PolicyRow *row, struct policy_row *ret, struct err *err)
{
    const struct policy_form *form = policy_form(table);
    struct place place = {.source = source, .table = form->name, .row_i = row_i, .err = err};
    int rc = value_read(&place, row, form->unit, &ret->value);
    if (rc == 0)
        rc = key_read(&place, row, form->key, &ret->key);
    if (rc == 0)
        rc = days_read(&place, row, ret);
    if (rc == 0 && (row->budget_vnd < 0 || row->budget_vnd > POLICY_BUDGET_MAX_VND))
        rc = refuse(&place, "budgetVnd out of range");
    if (rc < 0)
        return rc;
    ret->budget_vnd = row->budget_vnd;
    if (snprintf(ret->citation, POLICY_CITATION_BYTES, "%s", row->citation) >=
        POLICY_CITATION_BYTES)
        return refuse(&place, "the citation is too long");
    if (snprintf(ret->unconfirmed, POLICY_CITATION_BYTES, "%s", row->unconfirmed) >=
        POLICY_CITATION_BYTES)
        return refuse(&place, "unconfirmed is too long");
    return 0;
}

/* Each table is the document's field of its name. */
size_t policy_document_rows(const Ansinh__V1__PolicyDocument *document, enum policy_table_id table,
                            Ansinh__V1__PolicyRow ***ret)
{
    const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field_by_name(
        document->base.descriptor, policy_form(table)->name);
    ASSERT(field != NULL && field->label == PROTOBUF_C_LABEL_REPEATED);
    const char *at = (const char *)document;
    size_t n;
    memcpy(ret, at + field->offset, sizeof(*ret));
    memcpy(&n, at + field->quantifier_offset, sizeof(n));
    return n;
}

int policy_document_read(const char *source, const Ansinh__V1__PolicyDocument *document,
                         struct policy *ret, struct err *err)
{
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        Ansinh__V1__PolicyRow **rows;
        struct policy_table *out = &ret->tables[table];
        const char *name = policy_form(table)->name;
        size_t n = policy_document_rows(document, table, &rows);
        if (out->n + n > POLICY_ROWS_MAX)
            return err_field(err, -EFBIG, name, "%.60s: %s has more than %d rows", source, name,
                             POLICY_ROWS_MAX);
        for (size_t i = 0; i < n; i++) {
            int rc = policy_row_read(source, table, i, rows[i], &out->rows[out->n], err);
            if (rc < 0)
                return rc;
            out->n++;
        }
    }
    return 0;
}
