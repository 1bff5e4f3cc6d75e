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

enum table {
    REFERENCE_LEVEL,
    POVERTY_LINE,
    CONTRIBUTION_RATE,
    SUPPORT,
    INCOME_CAP,
    SUPPORT_MONTHS,
    MINIMUM_AGE,
    TABLES
};

static const char *const table_names[TABLES] = {
    "reference_level", "poverty_line",   "contribution_rate", "support",
    "income_cap",      "support_months", "minimum_age",
};

struct loader {
    struct policy *policy;
    struct arena *arena;
    struct dirent **files;
    int n_files;
    const char *file_of[TABLES]; /* NULL until read */
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

static int days_read(const struct place *place, const Ansinh__V1__PolicyRow *row, int32_t *ret_from,
                     int32_t *ret_to)
{
    if (date_parse(row->from, ret_from) < 0)
        return refuse(place, "\"from\" is not a date");
    *ret_to = OPEN_END;
    if (row->to[0] != '\0' && date_parse(row->to, ret_to) < 0)
        return refuse(place, "\"to\" is not a date");
    return 0;
}

static int citation_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                         char ret[POLICY_CITATION_BYTES])
{
    if (snprintf(ret, POLICY_CITATION_BYTES, "%s", row->citation) >= POLICY_CITATION_BYTES)
        return refuse(place, "the citation is too long");
    return 0;
}

static int amount_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                       struct policy_amount *ret)
{
    if (row->value_case != ANSINH__V1__POLICY_ROW__VALUE_VND)
        return refuse(place, "no vnd");
    ret->vnd = row->vnd;
    int rc = days_read(place, row, &ret->from_day, &ret->to_day);
    return rc < 0 ? rc : citation_read(place, row, ret->citation);
}

static int rate_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                     struct policy_rate *ret)
{
    if (row->value_case != ANSINH__V1__POLICY_ROW__VALUE_BASIS_POINTS)
        return refuse(place, "no basisPoints");
    ret->basis_points = row->basis_points;
    int rc = days_read(place, row, &ret->from_day, &ret->to_day);
    return rc < 0 ? rc : citation_read(place, row, ret->citation);
}

static int support_read(const struct place *place, const Ansinh__V1__PolicyRow *row,
                        struct policy_support *ret)
{
    if (row->value_case != ANSINH__V1__POLICY_ROW__VALUE_BASIS_POINTS)
        return refuse(place, "no basisPoints");
    ret->basis_points = row->basis_points;
    ret->is_special_zone = row->special_zone;
    ret->group = (enum support_group)row->group;
    int rc = days_read(place, row, &ret->from_day, &ret->to_day);
    return rc < 0 ? rc : citation_read(place, row, ret->citation);
}

static int limit_read(const struct place *place, const Ansinh__V1__PolicyRow *row, const char *unit,
                      Ansinh__V1__PolicyRow__ValueCase value_case, struct policy_limit *ret)
{
    if (row->value_case != value_case)
        return refuse(place, unit);
    ret->value = value_case == ANSINH__V1__POLICY_ROW__VALUE_TIMES    ? row->times
                 : value_case == ANSINH__V1__POLICY_ROW__VALUE_MONTHS ? row->months
                                                                      : row->years;
    int rc = days_read(place, row, &ret->from_day, &ret->to_day);
    return rc < 0 ? rc : citation_read(place, row, ret->citation);
}

static int row_read(struct policy *policy, enum table table, const struct place *place,
                    const Ansinh__V1__PolicyRow *row)
{
    switch (table) {
    case REFERENCE_LEVEL:
        return amount_read(place, row, &policy->reference_level[policy->n_reference_level++]);
    case POVERTY_LINE:
        return amount_read(place, row, &policy->poverty_line[policy->n_poverty_line++]);
    case CONTRIBUTION_RATE:
        return rate_read(place, row, &policy->contribution_rate[policy->n_contribution_rate++]);
    case SUPPORT:
        return support_read(place, row, &policy->support[policy->n_support++]);
    case INCOME_CAP:
        return limit_read(place, row, "no times", ANSINH__V1__POLICY_ROW__VALUE_TIMES,
                          &policy->income_cap[policy->n_income_cap++]);
    case SUPPORT_MONTHS:
        return limit_read(place, row, "no months", ANSINH__V1__POLICY_ROW__VALUE_MONTHS,
                          &policy->support_months[policy->n_support_months++]);
    case MINIMUM_AGE:
        return limit_read(place, row, "no years", ANSINH__V1__POLICY_ROW__VALUE_YEARS,
                          &policy->minimum_age[policy->n_minimum_age++]);
    case TABLES:
        break;
    }
    return -EINVAL;
}

static int table_read(struct loader *loader, const char *file, enum table table,
                      Ansinh__V1__PolicyRow *const *rows, size_t n, struct err *err)
{
    if (n == 0)
        return 0;
    const char *name = table_names[table];
    if (loader->file_of[table] != NULL)
        return err_field(err, -EINVAL, name, "%.60s: %s stands in %.60s already", file, name,
                         loader->file_of[table]);
    if (n > POLICY_ROWS_MAX)
        return err_field(err, -EFBIG, name, "%.60s: %s has more than %d rows", file, name,
                         POLICY_ROWS_MAX);
    loader->file_of[table] = file;
    for (size_t i = 0; i < n; i++) {
        struct place place = {.file = file, .table = name, .row_i = i, .err = err};
        int rc = row_read(loader->policy, table, &place, rows[i]);
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
    } tables[TABLES] = {
        [REFERENCE_LEVEL] = {doc->reference_level, doc->n_reference_level},
        [POVERTY_LINE] = {doc->poverty_line, doc->n_poverty_line},
        [CONTRIBUTION_RATE] = {doc->contribution_rate, doc->n_contribution_rate},
        [SUPPORT] = {doc->support, doc->n_support},
        [INCOME_CAP] = {doc->income_cap, doc->n_income_cap},
        [SUPPORT_MONTHS] = {doc->support_months, doc->n_support_months},
        [MINIMUM_AGE] = {doc->minimum_age, doc->n_minimum_age},
    };
    for (enum table table = 0; table < TABLES; table++) {
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
    for (enum table table = 0; table < TABLES; table++)
        if (strcmp(cause.field, table_names[table]) == 0)
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
