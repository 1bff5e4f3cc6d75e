#include "common/service/policy.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/policy.pb-c.h"
#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/domain/calendar.h"
#include "common/json/json.h"

#define PATH_BYTES 512
#define ARENA_MAX_BYTES (16 * POLICY_FILE_MAX_BYTES)
#define OPEN_END INT32_MAX

struct loader {
    struct policy *policy;
    struct arena *arena;
    struct dirent **files;
    int n_files;
    const char *file_of[POLICY_TABLES]; /* NULL until read */
};

/* What is being read, for the texts of errors. */
struct place {
    const char *file, *table;
    size_t row_i;
    struct err *err;
};

static int refuse(const struct place *place, const char *what)
{
    return err_field(place->err, -EINVAL, place->table, "%.60s: %s row %zu: %s", place->file,
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
static int key_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                    enum policy_key key, int32_t *ret)
{
    int has_groups = key == KEY_GROUP || key == KEY_PROVINCE_GROUP;
    if (row->group != ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_UNSPECIFIED && !has_groups)
        return refuse(place, "a group does not fit here");
    if (row->special_zone && !has_groups)
        return refuse(place, "specialZone does not fit here");
    if (row->rank != 0 && key != KEY_RANK)
        return refuse(place, "a rank does not fit here");
    if (row->province[0] != '\0' && key != KEY_PROVINCE_GROUP)
        return refuse(place, "a province does not fit here");
    if (row->bar != ANSINH__V1__ELIGIBILITY_BAR__ELIGIBILITY_BAR_UNSPECIFIED && key != KEY_BAR)
        return refuse(place, "a bar does not fit here");
    if (row->sex != ANSINH__V1__SEX__SEX_UNSPECIFIED && key != KEY_SEX && key != KEY_SEX_YEARS)
        return refuse(place, "a sex does not fit here");
    if (row->from_years != 0 && key != KEY_SEX_YEARS)
        return refuse(place, "fromYears does not fit here");
    if (row->year != 0 && key != KEY_YEAR)
        return refuse(place, "a year does not fit here");
    *ret = 0;
    switch (key) {
    case KEY_NONE:
        break;
    case KEY_GROUP:
        return group_read(place, row, ret);
    case KEY_PROVINCE_GROUP:
        return province_read(place, row, ret);
    case KEY_RANK:
        *ret = row->rank;
        break;
    case KEY_BAR:
        *ret = (int32_t)row->bar;
        break;
    case KEY_SEX:
        *ret = (int32_t)row->sex;
        break;
    case KEY_SEX_YEARS:
        if (row->from_years < 0 || row->from_years > POLICY_FROM_YEARS_MAX || (int)row->sex < 0 ||
            (int)row->sex > 2)
            return refuse(place, "value or group out of range");
        *ret = policy_sex_years_key((int32_t)row->sex, row->from_years);
        break;
    case KEY_YEAR:
        *ret = row->year;
        break;
    case KEY_VALUE:
        *ret = row->months;
        break;
    }
    return 0;
}

static int row_read(const struct place *place, const struct policy_form *form,
                    const Ansinh__V1__PolicyRow *row, struct policy_row *ret)
{
    int rc = value_read(place, row, form->unit, &ret->value);
    if (rc == 0)
        rc = key_read(place, row, form->key, &ret->key);
    if (rc == 0)
        rc = days_read(place, row, ret);
    if (rc < 0)
        return rc;
    if (snprintf(ret->citation, POLICY_CITATION_BYTES, "%s", row->citation) >=
        POLICY_CITATION_BYTES)
        return refuse(place, "the citation is too long");
    return 0;
}

static int table_read(struct loader *loader, const char *file, enum policy_table_id table,
                      Ansinh__V1__PolicyRow *const *rows, size_t n, struct err *err)
{
    const struct policy_form *form = policy_form(table);
    struct policy_table *out = &loader->policy->tables[table];
    if (n == 0)
        return 0;
    if (loader->file_of[table] != NULL)
        return err_field(err, -EINVAL, form->name, "%.60s: %s stands in %.60s already", file,
                         form->name, loader->file_of[table]);
    if (n > POLICY_ROWS_MAX)
        return err_field(err, -EFBIG, form->name, "%.60s: %s has more than %d rows", file,
                         form->name, POLICY_ROWS_MAX);
    loader->file_of[table] = file;
    for (size_t i = 0; i < n; i++) {
        struct place place = {.file = file, .table = form->name, .row_i = i, .err = err};
        int rc = row_read(&place, form, rows[i], &out->rows[out->n++]);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int document_read(struct loader *loader, const char *file,
                         const Ansinh__V1__PolicyDocument *doc, struct err *err)
{
    const struct {
        Ansinh__V1__PolicyRow **rows;
        size_t n;
    } tables[POLICY_TABLES] = {
        [POLICY_REFERENCE_LEVEL] = {doc->reference_level, doc->n_reference_level},
        [POLICY_POVERTY_LINE] = {doc->poverty_line, doc->n_poverty_line},
        [POLICY_CONTRIBUTION_RATE] = {doc->contribution_rate, doc->n_contribution_rate},
        [POLICY_SUPPORT] = {doc->support, doc->n_support},
        [POLICY_INCOME_CAP] = {doc->income_cap, doc->n_income_cap},
        [POLICY_SUPPORT_MONTHS] = {doc->support_months, doc->n_support_months},
        [POLICY_MINIMUM_AGE] = {doc->minimum_age, doc->n_minimum_age},
        [POLICY_FUND_RATE] = {doc->fund_rate, doc->n_fund_rate},
        [POLICY_FUTURE_YEARS_MIN] = {doc->future_years_min, doc->n_future_years_min},
        [POLICY_FUTURE_YEARS_MAX] = {doc->future_years_max, doc->n_future_years_max},
        [POLICY_MISSING_MONTHS_MAX] = {doc->missing_months_max, doc->n_missing_months_max},
        [POLICY_HEALTH_RATE] = {doc->health_rate, doc->n_health_rate},
        [POLICY_HEALTH_SHARE] = {doc->health_share, doc->n_health_share},
        [POLICY_HEALTH_MONTHS] = {doc->health_months, doc->n_health_months},
        [POLICY_LOCAL_SUPPORT] = {doc->local_support, doc->n_local_support},
        [POLICY_LOCAL_SHARE] = {doc->local_share, doc->n_local_share},
        [POLICY_LOCAL_AMOUNT] = {doc->local_amount, doc->n_local_amount},
        [POLICY_BAR] = {doc->bar, doc->n_bar},
        [POLICY_RETIREMENT_AGE] = {doc->retirement_age, doc->n_retirement_age},
        [POLICY_PENSION_YEARS_MIN] = {doc->pension_years_min, doc->n_pension_years_min},
        [POLICY_PENSION_RATE] = {doc->pension_rate, doc->n_pension_rate},
        [POLICY_PENSION_RATE_STEP] = {doc->pension_rate_step, doc->n_pension_rate_step},
        [POLICY_PENSION_RATE_MAX] = {doc->pension_rate_max, doc->n_pension_rate_max},
        [POLICY_PENSION_LUMP_YEARS] = {doc->pension_lump_years, doc->n_pension_lump_years},
        [POLICY_PENSION_LUMP_SHARE] = {doc->pension_lump_share, doc->n_pension_lump_share},
        [POLICY_INCOME_COEFFICIENT] = {doc->income_coefficient, doc->n_income_coefficient},
    };
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        int rc = table_read(loader, file, table, tables[table].rows, tables[table].n, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int file_text(const char *directory, const char *file, struct buf *ret, struct err *err)
{
    char path[PATH_BYTES];
    if (snprintf(path, sizeof(path), "%s/%s", directory, file) >= PATH_BYTES)
        return err_set(err, -ENAMETOOLONG, "%.60s: path too long", file);
    FILE *stream = fopen(path, "re");
    if (stream == NULL)
        return err_set(err, -errno, "%.100s: %s", path, strerror(errno));
    uint8_t *room = buf_reserve(ret, POLICY_FILE_MAX_BYTES + 1);
    if (room != NULL)
        ret->len = fread(room, 1, POLICY_FILE_MAX_BYTES + 1, stream);
    int is_broken = ferror(stream);
    (void)fclose(stream); /* only read from */
    if (room == NULL)
        return err_set(err, -ENOMEM, "no memory for %.100s", path);
    if (is_broken)
        return err_set(err, -EIO, "%.100s: cannot be read", path);
    if (ret->len > POLICY_FILE_MAX_BYTES)
        return err_set(err, -EFBIG, "%.60s: larger than %zu bytes", file, POLICY_FILE_MAX_BYTES);
    return 0;
}

static int file_read(struct loader *loader, const char *directory, const char *file,
                     struct err *err)
{
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, POLICY_FILE_MAX_BYTES + 1);
    int rc = file_text(directory, file, &text, err);
    if (rc < 0)
        return rc;
    arena_reset(loader->arena);
    ProtobufCMessage *message;
    struct err cause = {0};
    rc = json_to_message((const char *)text.data, text.len,
                         &ansinh__v1__policy_document__descriptor, loader->arena, &message, &cause);
    if (rc < 0)
        return err_field(err, rc, cause.field, "%.60s: %s%s%.80s", file, cause.field,
                         cause.field[0] == '\0' ? "" : ": ", cause.text);
    return document_read(loader, file, (const Ansinh__V1__PolicyDocument *)message, err);
}

static int is_json_file(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

/* The rules know tables, not files: the text of a broken rule is told with the file's name. */
static int whole_check(const struct loader *loader, struct err *err)
{
    struct err cause = {0};
    int rc = policy_check(loader->policy, &cause);
    const char *file = NULL;
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++)
        if (strcmp(cause.field, policy_form(table)->name) == 0)
            file = loader->file_of[table];
    if (rc < 0)
        return err_field(err, rc, cause.field, "%.60s: %.95s", file == NULL ? "policy" : file,
                         cause.text);
    return 0;
}

static int directory_read(struct loader *loader, const char *directory, struct err *err)
{
    loader->n_files = scandir(directory, &loader->files, is_json_file, alphasort);
    if (loader->n_files < 0)
        return err_set(err, -errno, "%.100s: %s", directory, strerror(errno));
    if (loader->n_files == 0)
        return err_set(err, -ENOENT, "%.100s: no *.json in it", directory);
    if (loader->n_files > POLICY_FILES_MAX)
        return err_set(err, -EFBIG, "%.100s: more than %d files", directory, POLICY_FILES_MAX);
    for (int i = 0; i < loader->n_files; i++) {
        int rc = file_read(loader, directory, loader->files[i]->d_name, err);
        if (rc < 0)
            return rc;
    }
    return whole_check(loader, err);
}

int policy_load(const char *directory, struct policy **ret, struct err *err)
{
    struct loader loader = {.policy = calloc(1, sizeof(struct policy)),
                            .arena = arena_create(ARENA_MAX_BYTES)};
    int rc = loader.policy == NULL ? err_set(err, -ENOMEM, "no memory for the policy")
                                   : directory_read(&loader, directory, err);
    for (int i = 0; i < loader.n_files; i++)
        free(loader.files[i]);
    free(loader.files);
    arena_destroy(&loader.arena);
    if (rc < 0)
        policy_destroy(&loader.policy);
    else
        *ret = loader.policy;
    return rc;
}

void policy_destroy(struct policy **self)
{
    free(*self);
    *self = NULL;
}
