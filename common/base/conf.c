#include "common/base/conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"

#define LINE_MAX_BYTES 1024
#define LINES_MAX 1000

extern char **environ;

static int conf_set(const struct conf_item *item, void *target, const char *value, struct err *err)
{
    void *field = (char *)target + item->offset;
    int64_t number;
    switch (item->type) {
    case CONF_INT:
        if (parse_int64(value, item->min, item->max, &number) < 0)
            return err_field(err, -EINVAL, item->name,
                             "%s=\"%s\": want a whole number from %" PRId64 " to %" PRId64 "%s%s",
                             item->name, value, item->min, item->max, *item->unit ? " " : "",
                             item->unit);
        memcpy(field, &number, sizeof(number));
        return 0;
    case CONF_BOOL:
        if (parse_bool(value, field) < 0)
            return err_field(err, -EINVAL, item->name, "%s=\"%s\": want true or false", item->name,
                             value);
        return 0;
    case CONF_STRING:
        if (strlen(value) >= CONF_STRING_BYTES || (int64_t)strlen(value) < item->min ||
            (int64_t)strlen(value) > item->max)
            return err_field(err, -EINVAL, item->name,
                             "%s: want %" PRId64 " to %" PRId64 " bytes of text", item->name,
                             item->min, MIN(item->max, (int64_t)CONF_STRING_BYTES - 1));
        (void)snprintf(field, CONF_STRING_BYTES, "%s", value);
        return 0;
    }
    ASSERT(0 && "conf_type");
}

static const struct conf_item *conf_find(const struct conf_table *tables, size_t n_tables,
                                         const char *name, void **ret_target)
{
    for (size_t t = 0; t < n_tables; t++) {
        for (size_t i = 0; i < tables[t].n_items; i++) {
            if (strcmp(tables[t].items[i].name, name) == 0) {
                *ret_target = tables[t].target;
                return &tables[t].items[i];
            }
        }
    }
    return NULL;
}

/* Takes one "NAME=value"; a name without one of our prefixes is somebody else's. */
static int conf_take(const struct conf_table *tables, size_t n_tables, const char *const *prefixes,
                     const char *assignment, int is_file, struct err *err)
{
    int is_ours = is_file;
    for (size_t i = 0; prefixes[i] != NULL; i++)
        is_ours |= strncmp(assignment, prefixes[i], strlen(prefixes[i])) == 0;
    if (!is_ours)
        return 0;
    const char *equals = strchr(assignment, '=');
    char name[64];
    if (equals == NULL || equals == assignment || (size_t)(equals - assignment) >= sizeof(name))
        return err_set(err, -EINVAL, "not NAME=value: \"%.60s\"", assignment);
    (void)snprintf(name, sizeof(name), "%.*s", (int)(equals - assignment), assignment);
    void *target = NULL;
    const struct conf_item *item = conf_find(tables, n_tables, name, &target);
    if (item == NULL)
        return err_field(err, -EINVAL, name, "unknown option %s (see --help)", name);
    return conf_set(item, target, equals + 1, err);
}

static int conf_load_file(const struct conf_table *tables, size_t n_tables,
                          const char *const *prefixes, const char *path, struct err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return err_set(err, -ENOENT, "cannot read the configuration file %.100s", path);
    char line[LINE_MAX_BYTES];
    int rc = 0;
    for (int n = 0; rc == 0 && fgets(line, sizeof(line), file) != NULL; n++) {
        int is_cut = strchr(line, '\n') == NULL && !feof(file);
        line[strcspn(line, "\r\n")] = '\0';
        if (n >= LINES_MAX)
            rc = err_set(err, -EINVAL, "%.100s has more than %d lines", path, LINES_MAX);
        else if (is_cut)
            rc = err_set(err, -EINVAL, "%.100s, line %d: longer than %d bytes", path, n + 1,
                         LINE_MAX_BYTES - 2);
        else if (line[0] != '\0' && line[0] != '#')
            rc = conf_take(tables, n_tables, prefixes, line, 1, err);
    }
    if (rc == 0 && ferror(file))
        rc = err_set(err, -ENOENT, "cannot read the configuration file %.100s", path);
    (void)fclose(file); /* only read */
    return rc;
}

int conf_load(const struct conf_table *tables, size_t n_tables, const char *const *prefixes,
              const char *file, struct err *err)
{
    for (size_t t = 0; t < n_tables; t++) {
        for (size_t i = 0; i < tables[t].n_items; i++) {
            const struct conf_item *item = &tables[t].items[i];
            int rc = conf_set(item, tables[t].target, item->fallback, err);
            if (rc < 0)
                return rc;
        }
    }
    int rc = file == NULL ? 0 : conf_load_file(tables, n_tables, prefixes, file, err);
    for (char **entry = environ; rc == 0 && *entry != NULL; entry++)
        rc = conf_take(tables, n_tables, prefixes, *entry, 0, err);
    return rc;
}

static void conf_help_item(const struct conf_item *item, int is_markdown, FILE *out)
{
    char range[64] = "";
    if (item->type == CONF_INT)
        (void)snprintf(range, sizeof(range), "%" PRId64 "..%" PRId64, item->min, item->max);
    const char *fallback = *item->fallback ? item->fallback : "(empty)";
    if (is_markdown)
        (void)fprintf(out, "| `%s` | `%s` | %s | %s | %s |\n", item->name, fallback, range,
                      item->unit, item->help);
    else
        (void)fprintf(out, "  %-32s %s\n  %-32s default %s%s%s%s%s\n", item->name, item->help, "",
                      fallback, *item->unit ? " " : "", item->unit, *range ? ", range " : "",
                      range);
}

void conf_help(const struct conf_table *tables, size_t n_tables, int is_markdown, FILE *out)
{
    if (is_markdown)
        (void)fprintf(out,
                      "| option | default | range | unit | meaning |\n|---|---|---|---|---|\n");
    for (size_t t = 0; t < n_tables; t++) {
        for (size_t i = 0; i < tables[t].n_items; i++)
            conf_help_item(&tables[t].items[i], is_markdown, out);
    }
}

void conf_print(const struct conf_table *tables, size_t n_tables, FILE *out)
{
    for (size_t t = 0; t < n_tables; t++) {
        for (size_t i = 0; i < tables[t].n_items; i++) {
            const struct conf_item *item = &tables[t].items[i];
            const char *field = (const char *)tables[t].target + item->offset;
            int64_t number = 0;
            int flag = 0;
            if (item->type == CONF_INT) {
                memcpy(&number, field, sizeof(number));
                (void)fprintf(out, "%s=%" PRId64 "\n", item->name, number);
            } else if (item->type == CONF_BOOL) {
                memcpy(&flag, field, sizeof(flag));
                (void)fprintf(out, "%s=%s\n", item->name, flag ? "true" : "false");
            } else {
                (void)fprintf(out, "%s=%s\n", item->name, field);
            }
        }
    }
}
