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

static int refuse(const struct place *place, const char *field, const char *what)
{
    char path[ERR_FIELD_MAX_BYTES];
    (void)snprintf(path, sizeof(path), "%s[%zu].%s", place->table, place->row_i, field);
    return err_field(place->err, -EINVAL, path, "%.60s: %s row %zu: %s", place->source,
                     place->table, place->row_i + 1, what);
}

static int refuse_range(const struct place *place, const char *field, int64_t min, int64_t max)
{
    char what[80];
    (void)snprintf(what, sizeof(what), "%s out of range, want %lld to %lld", field, (long long)min,
                   (long long)max);
    return refuse(place, field, what);
}

static int days_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                     struct policy_row *ret)
{
    if (date_parse(row->from, &ret->from_day) < 0)
        return refuse(place, "from", "\"from\" is not a date");
    ret->to_day = OPEN_END;
    if (row->to[0] != '\0' && date_parse(row->to, &ret->to_day) < 0)
        return refuse(place, "to", "\"to\" is not a date");
    if (ret->to_day < ret->from_day)
        return refuse(place, "to", "ends before it begins");
    return 0;
}

/* --- values --- */

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

/* The row's field for a unit; UNIT_NONE has none. */
static const struct unit_field {
    Ansinh__V1__PolicyRow__ValueCase value_case;
    const char *name;
    const char *missing;
} unit_fields[] = {
    [UNIT_VND] = {ANSINH__V1__POLICY_ROW__VALUE_VND, "vnd", "no vnd"},
    [UNIT_BASIS_POINTS] = {ANSINH__V1__POLICY_ROW__VALUE_BASIS_POINTS, "basis_points",
                           "no basisPoints"},
    [UNIT_PER_MILLION] = {ANSINH__V1__POLICY_ROW__VALUE_PER_MILLION, "per_million",
                          "no perMillion"},
    [UNIT_TIMES] = {ANSINH__V1__POLICY_ROW__VALUE_TIMES, "times", "no times"},
    [UNIT_MONTHS] = {ANSINH__V1__POLICY_ROW__VALUE_MONTHS, "months", "no months"},
    [UNIT_YEARS] = {ANSINH__V1__POLICY_ROW__VALUE_YEARS, "years", "no years"},
    [UNIT_AGE] = {ANSINH__V1__POLICY_ROW__VALUE_AGE, "age", "no age"},
    [UNIT_COEFFICIENT] = {ANSINH__V1__POLICY_ROW__VALUE_COEFFICIENT, "coefficient",
                          "no coefficient"},
    [UNIT_DAYS] = {ANSINH__V1__POLICY_ROW__VALUE_DAYS, "days", "no days"},
    [UNIT_CHOICE] = {ANSINH__V1__POLICY_ROW__VALUE_CHOICE, "choice", "no choice"},
    [UNIT_NONE] = {ANSINH__V1__POLICY_ROW__VALUE__NOT_SET, "", "a value does not fit here"},
};

/* The field of the value that the row has. */
static const char *given_name(const Ansinh__V1__PolicyRow *row)
{
    const char *name = "";
    for (size_t i = 0; i < ARRAY_LEN(unit_fields); i++)
        if (unit_fields[i].value_case == row->value_case)
            name = unit_fields[i].name;
    return name;
}

/* A repeal names what it ends and nothing else. */
static int repeal_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                       const struct policy_form *form)
{
    if (!form->is_optional)
        return refuse(place, "repealed", "no day may be without a row of this table");
    if (row->value_case != ANSINH__V1__POLICY_ROW__VALUE__NOT_SET)
        return refuse(place, given_name(row), "a repeal has no value");
    return row->budget_vnd == 0 ? 0 : refuse(place, "budget_vnd", "a repeal has no budget");
}

static int value_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                      const struct policy_form *form, int64_t *ret)
{
    const int64_t values[] = {
        [UNIT_VND] = row->vnd,
        [UNIT_BASIS_POINTS] = row->basis_points,
        [UNIT_PER_MILLION] = row->per_million,
        [UNIT_TIMES] = row->times,
        [UNIT_MONTHS] = row->months,
        [UNIT_YEARS] = row->years,
        [UNIT_DAYS] = row->days,
        [UNIT_CHOICE] = (int64_t)row->choice,
        [UNIT_NONE] = 0,
    };
    const struct unit_field *field = &unit_fields[form->unit];
    if (row->value_case != field->value_case)
        return refuse(place, form->unit == UNIT_NONE ? given_name(row) : field->name,
                      field->missing);
    *ret = values[form->unit];
    if (form->unit == UNIT_AGE && age_read(row->age, ret) < 0)
        return refuse(place, field->name, "want an age as 62y or 60y3m");
    if (form->unit == UNIT_COEFFICIENT && coefficient_read(row->coefficient, ret) < 0)
        return refuse(place, field->name, "want a coefficient as 1 or 2.29");
    if (form->unit == UNIT_CHOICE && (*ret < form->value_min || *ret > form->value_max))
        return refuse(place, field->name, "no such choice");
    if (form->unit == UNIT_AGE && (*ret < form->value_min || *ret > form->value_max))
        return refuse(place, field->name, "age out of range");
    if (form->unit == UNIT_COEFFICIENT && (*ret < form->value_min || *ret > form->value_max))
        return refuse(place, field->name, "coefficient out of range");
    if (*ret < form->value_min || *ret > form->value_max)
        return refuse_range(place, field->name, form->value_min, form->value_max);
    return 0;
}

/* --- keys --- */

/* The group's number, or the one for special zones. */
static int group_read(const struct place *place, const Ansinh__V1__PolicyRow *row, int32_t *ret)
{
    int32_t group = (int32_t)row->group;
    if (row->special_zone && group != 0)
        return refuse(place, "group", "a group does not fit here");
    /* the numbers of groups and of what follows them must not meet */
    if (!row->special_zone && (group < 1 || group >= SUPPORT_GROUPS))
        return refuse(place, "group", "want a group");
    *ret = row->special_zone ? POLICY_SPECIAL_ZONE : group;
    return 0;
}

static int province_read(const struct place *place, const Ansinh__V1__PolicyRow *row, int32_t *ret)
{
    uint32_t province = policy_province(row->province);
    int32_t group = 0;
    if (province == 0)
        return refuse(place, "province", "want a province of two digits");
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
        const char *field, *refusal;
    } fields[] = {
        {(int)row->group != 0, has_zones || key == KEY_ANY_GROUP, "group",
         "a group does not fit here"},
        {row->special_zone, has_zones, "special_zone", "specialZone does not fit here"},
        {row->rank != 0, key == KEY_RANK, "rank", "a rank does not fit here"},
        {row->province[0] != '\0', key == KEY_PROVINCE_GROUP, "province",
         "a province does not fit here"},
        {row->budget_vnd != 0, key == KEY_PROVINCE_GROUP, "budget_vnd",
         "a budgetVnd does not fit here"},
        {(int)row->bar != 0, key == KEY_BAR, "bar", "a bar does not fit here"},
        {(int)row->sex != 0, has_sexes, "sex", "a sex does not fit here"},
        {row->from_years != 0, key == KEY_SEX_YEARS, "from_years", "fromYears does not fit here"},
        {row->year != 0, key == KEY_YEAR, "year", "a year does not fit here"},
        {(int)row->method != 0, has_methods, "method", "a method does not fit here"},
        {row->renewal, key == KEY_METHOD_RENEWAL, "renewal", "renewal does not fit here"},
        {(int)row->switch_name != 0, key == KEY_SWITCH, "switch_name",
         "switchName does not fit here"},
        {(int)row->reason != 0, key == KEY_REASON, "reason", "a reason does not fit here"},
    };
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (fields[i].is_given && !fields[i].fits)
            return refuse(place, fields[i].field, fields[i].refusal);
    return 0;
}

/* A key made of two numbers: each in its range, so that keys do not meet. */
static int pair_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                     enum policy_key key, int32_t *ret)
{
    if (key == KEY_METHOD_RENEWAL) {
        if ((int)row->method < 1 || (int)row->method >= METHODS)
            return refuse(place, "method", "want a method");
        *ret = policy_renewal_key((int32_t)row->method, row->renewal);
        return 0;
    }
    if ((int)row->sex < 1 || (int)row->sex > 2)
        return refuse(place, "sex", "want a sex");
    if (row->from_years < 0 || row->from_years > POLICY_FROM_YEARS_MAX)
        return refuse_range(place, "from_years", 0, POLICY_FROM_YEARS_MAX);
    *ret = policy_sex_years_key((int32_t)row->sex, row->from_years);
    return 0;
}

/* A key that is one number. */
static int number_key_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                           const struct policy_form *form, int32_t *ret)
{
    const struct {
        int32_t number;
        const char *field;
    } keys[] = {
        [KEY_NONE] = {0, "from"},
        [KEY_ANY_GROUP] = {(int32_t)row->group, "group"},
        [KEY_RANK] = {row->rank, "rank"},
        [KEY_BAR] = {(int32_t)row->bar, "bar"},
        [KEY_SEX] = {(int32_t)row->sex, "sex"},
        [KEY_YEAR] = {row->year, "year"},
        [KEY_METHOD] = {(int32_t)row->method, "method"},
        [KEY_SWITCH] = {(int32_t)row->switch_name, "switch_name"},
        [KEY_REASON] = {(int32_t)row->reason, "reason"},
        [KEY_VALUE] = {row->months, "months"},
    };
    *ret = keys[form->key].number;
    if (*ret < form->key_min || *ret > form->key_max)
        return refuse_range(place, keys[form->key].field, form->key_min, form->key_max);
    return 0;
}

static int key_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                    const struct policy_form *form, int32_t *ret)
{
    int rc = key_fits(place, row, form->key);
    if (rc < 0)
        return rc;
    switch (form->key) {
    case KEY_GROUP:
        return group_read(place, row, ret);
    case KEY_PROVINCE_GROUP:
        return province_read(place, row, ret);
    case KEY_SEX_YEARS:
    case KEY_METHOD_RENEWAL:
        return pair_read(place, row, form->key, ret);
    case KEY_NONE:
    case KEY_ANY_GROUP:
    case KEY_RANK:
    case KEY_BAR:
    case KEY_SEX:
    case KEY_YEAR:
    case KEY_METHOD:
    case KEY_SWITCH:
    case KEY_REASON:
    case KEY_VALUE:
        break;
    }
    return number_key_read(place, row, form, ret);
}

/* --- rows --- */

/* Texts stand in one line of a page, a log or a terminal. */
static int is_one_line(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return 0;
    return 1;
}

static int texts_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                      struct policy_row *ret)
{
    if (row->citation[0] == '\0')
        return refuse(place, "citation", "no citation");
    if (!is_one_line(row->citation))
        return refuse(place, "citation", "the citation has a control character");
    if (!is_one_line(row->unconfirmed))
        return refuse(place, "unconfirmed", "unconfirmed has a control character");
    if (snprintf(ret->citation, POLICY_CITATION_BYTES, "%s", row->citation) >=
        POLICY_CITATION_BYTES)
        return refuse(place, "citation", "the citation is too long");
    if (snprintf(ret->unconfirmed, POLICY_CITATION_BYTES, "%s", row->unconfirmed) >=
        POLICY_CITATION_BYTES)
        return refuse(place, "unconfirmed", "unconfirmed is too long");
    return 0;
}

int policy_row_read(const char *source, enum policy_table_id table, size_t row_i,
                    const Ansinh__V1__PolicyRow *row, struct policy_row *ret, struct err *err)
{
    const struct policy_form *form = policy_form(table);
    struct place place = {.source = source, .table = form->name, .row_i = row_i, .err = err};
    ret->value = 0;
    ret->is_repeal = row->repealed;
    int rc =
        row->repealed ? repeal_read(&place, row, form) : value_read(&place, row, form, &ret->value);
    if (rc == 0)
        rc = key_read(&place, row, form, &ret->key);
    if (rc == 0)
        rc = days_read(&place, row, ret);
    if (rc == 0 && (row->budget_vnd < 0 || row->budget_vnd > POLICY_BUDGET_MAX_VND))
        rc = refuse(&place, "budget_vnd", "budgetVnd out of range");
    if (rc == 0 && form->unit == UNIT_CHOICE && !policy_has_choice(ret->key, ret->value))
        rc = refuse(&place, "choice", "this switch has no such choice");
    ret->budget_vnd = row->budget_vnd;
    return rc < 0 ? rc : texts_read(&place, row, ret);
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
            if (rows[i]->repealed)
                return err_field(err, -EINVAL, name, "%.60s: %s row %zu: a repeal is an amendment",
                                 source, name, i + 1);
            int rc = policy_row_read(source, table, i, rows[i], &out->rows[out->n], err);
            if (rc < 0)
                return rc;
            out->n++;
        }
    }
    return 0;
}

/* --- writing --- */

static char *text_copy(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

static char *date_text(struct arena *arena, int32_t day)
{
    char text[DATE_TEXT_BYTES] = "";
    if (day != OPEN_END)
        date_format(day, text);
    return text_copy(arena, text);
}

static char *age_text(struct arena *arena, int64_t months)
{
    return months % 12 == 0
               ? arena_printf(arena, "%lldy", (long long)months / 12)
               : arena_printf(arena, "%lldy%lldm", (long long)months / 12, (long long)months % 12);
}

static char *coefficient_text(struct arena *arena, int64_t hundredths)
{
    return hundredths % 100 == 0 ? arena_printf(arena, "%lld", (long long)hundredths / 100)
                                 : arena_printf(arena, "%lld.%02lld", (long long)hundredths / 100,
                                                (long long)hundredths % 100);
}

static int value_write(enum policy_unit unit, int64_t value, struct arena *arena,
                       Ansinh__V1__PolicyRow *ret)
{
    ret->value_case = unit_fields[unit].value_case;
    switch (unit) {
    case UNIT_VND:
        ret->vnd = value;
        break;
    case UNIT_AGE:
        ret->age = age_text(arena, value);
        return ret->age == NULL ? -ENOMEM : 0;
    case UNIT_COEFFICIENT:
        ret->coefficient = coefficient_text(arena, value);
        return ret->coefficient == NULL ? -ENOMEM : 0;
    case UNIT_CHOICE:
        ret->choice = (Ansinh__V1__PolicyChoice)value;
        break;
    case UNIT_BASIS_POINTS:
        ret->basis_points = (int32_t)value;
        break;
    case UNIT_PER_MILLION:
        ret->per_million = (int32_t)value;
        break;
    case UNIT_TIMES:
        ret->times = (int32_t)value;
        break;
    case UNIT_MONTHS:
        ret->months = (int32_t)value;
        break;
    case UNIT_YEARS:
        ret->years = (int32_t)value;
        break;
    case UNIT_DAYS:
        ret->days = (int32_t)value;
        break;
    case UNIT_NONE:
        break;
    }
    return 0;
}

static void group_write(int32_t group, Ansinh__V1__PolicyRow *ret)
{
    ret->special_zone = group == POLICY_SPECIAL_ZONE;
    if (!ret->special_zone)
        ret->group = (Ansinh__V1__SupportGroup)group;
}

static int key_write(enum policy_key kind, int32_t key, struct arena *arena,
                     Ansinh__V1__PolicyRow *ret)
{
    uint32_t province;
    switch (kind) {
    case KEY_GROUP:
        group_write(key, ret);
        break;
    case KEY_PROVINCE_GROUP:
        province = policy_key_province(key);
        ret->province = arena_printf(arena, "%02u", (unsigned)province);
        group_write(key - policy_province_key(province, 0), ret);
        return ret->province == NULL ? -ENOMEM : 0;
    case KEY_ANY_GROUP:
        ret->group = (Ansinh__V1__SupportGroup)key;
        break;
    case KEY_RANK:
        ret->rank = key;
        break;
    case KEY_BAR:
        ret->bar = (Ansinh__V1__EligibilityBar)key;
        break;
    case KEY_SEX:
        ret->sex = (Ansinh__V1__Sex)key;
        break;
    case KEY_SEX_YEARS:
        ret->sex = (Ansinh__V1__Sex)(key / policy_sex_years_key(1, 0));
        ret->from_years = key % policy_sex_years_key(1, 0);
        break;
    case KEY_YEAR:
        ret->year = key;
        break;
    case KEY_METHOD:
        ret->method = (Ansinh__V1__Method)key;
        break;
    case KEY_METHOD_RENEWAL:
        ret->renewal = key >= METHODS;
        ret->method = (Ansinh__V1__Method)(key - policy_renewal_key(0, ret->renewal));
        break;
    case KEY_SWITCH:
        ret->switch_name = (Ansinh__V1__PolicySwitch)key;
        break;
    case KEY_REASON:
        ret->reason = (Ansinh__V1__RefundReason)key;
        break;
    case KEY_NONE:
    case KEY_VALUE:
        break;
    }
    return 0;
}

int policy_row_write(enum policy_table_id table, const struct policy_row *row, struct arena *arena,
                     Ansinh__V1__PolicyRow *ret)
{
    const struct policy_form *form = policy_form(table);
    ansinh__v1__policy_row__init(ret);
    if (value_write(form->unit, row->value, arena, ret) < 0 ||
        key_write(form->key, row->key, arena, ret) < 0)
        return -ENOMEM;
    ret->from = date_text(arena, row->from_day);
    ret->to = date_text(arena, row->to_day);
    ret->budget_vnd = row->budget_vnd;
    ret->citation = text_copy(arena, row->citation);
    ret->unconfirmed = text_copy(arena, row->unconfirmed);
    return ret->from == NULL || ret->to == NULL || ret->citation == NULL || ret->unconfirmed == NULL
               ? -ENOMEM
               : 0;
}

char *policy_table_name(enum policy_table_id table, struct arena *arena)
{
    const char *name = policy_form(table)->name;
    char *text = text_copy(arena, name);
    size_t len = 0;
    if (text == NULL)
        return NULL;
    for (; *name != '\0'; name++) {
        int is_hump = *name == '_';
        name += is_hump;
        text[len] = *name;
        if (is_hump)
            text[len] = (char)(*name - 'a' + 'A');
        len++;
    }
    text[len] = '\0';
    return text;
}
