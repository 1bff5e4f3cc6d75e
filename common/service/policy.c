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
#include "common/json/json.h"
#include "common/service/policy_document.h"

#define PATH_BYTES 512
#define ARENA_MAX_BYTES (16 * POLICY_FILE_MAX_BYTES)

struct loader {
    struct policy *policy;
    struct arena *arena;
    const char *file_of[POLICY_TABLES]; /* NULL until read */
};

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static int file_text(const char *path, struct buf *ret, struct err *err)
{
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
        return err_set(err, -EFBIG, "%.60s: larger than %zu bytes", file_name(path),
                       POLICY_FILE_MAX_BYTES);
    return 0;
}

int policy_file_read(const char *path, struct arena *arena, const Ansinh__V1__PolicyDocument **ret,
                     struct err *err)
{
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, POLICY_FILE_MAX_BYTES + 1);
    int rc = file_text(path, &text, err);
    if (rc < 0)
        return rc;
    ProtobufCMessage *message;
    struct err cause = {0};
    rc = json_to_message((const char *)text.data, text.len,
                         &ansinh__v1__policy_document__descriptor, arena, &message, &cause);
    if (rc < 0)
        return err_field(err, rc, cause.field, "%.60s: %s%s%.80s", file_name(path), cause.field,
                         cause.field[0] == '\0' ? "" : ": ", cause.text);
    *ret = (const Ansinh__V1__PolicyDocument *)message;
    return 0;
}

/* A table stands whole in one file. */
static int document_add(struct loader *loader, const char *file,
                        const Ansinh__V1__PolicyDocument *document, struct err *err)
{
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        Ansinh__V1__PolicyRow **rows;
        const char *name = policy_form(table)->name;
        if (policy_document_rows(document, table, &rows) == 0)
            continue;
        if (loader->file_of[table] != NULL)
            return err_field(err, -EINVAL, name, "%.60s: %s stands in %.60s already", file, name,
                             loader->file_of[table]);
        loader->file_of[table] = file;
    }
    return policy_document_read(file, document, loader->policy, err);
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

static int files_read(struct loader *loader, const char *const *paths, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const Ansinh__V1__PolicyDocument *document = NULL;
        arena_reset(loader->arena);
        int rc = policy_file_read(paths[i], loader->arena, &document, err);
        if (rc == 0)
            rc = document_add(loader, file_name(paths[i]), document, err);
        if (rc < 0)
            return rc;
    }
    return whole_check(loader, err);
}

int policy_load_files(const char *const *paths, size_t n, struct policy **ret, struct err *err)
{
    struct loader loader = {.policy = calloc(1, sizeof(struct policy)),
                            .arena = arena_create(ARENA_MAX_BYTES)};
    int rc = loader.policy == NULL ? err_set(err, -ENOMEM, "no memory for the policy")
                                   : files_read(&loader, paths, n, err);
    arena_destroy(&loader.arena);
    if (rc < 0)
        policy_destroy(&loader.policy);
    else
        *ret = loader.policy;
    return rc;
}

static int directory_load_entries(const char *directory, struct dirent *const *entries, size_t n,
                                  struct policy **ret, struct err *err)
{
    char paths[POLICY_FILES_MAX][PATH_BYTES];
    const char *list[POLICY_FILES_MAX];
    for (size_t i = 0; i < n; i++) {
        const char *file = entries[i]->d_name;
        list[i] = paths[i];
        if (snprintf(paths[i], PATH_BYTES, "%s/%s", directory, file) >= PATH_BYTES)
            return err_set(err, -ENAMETOOLONG, "%.60s: path too long", file);
    }
    return policy_load_files(list, n, ret, err);
}

int policy_load(const char *directory, struct policy **ret, struct err *err)
{
    struct dirent **entries = NULL;
    int rc, n = scandir(directory, &entries, is_json_file, alphasort);
    if (n < 0)
        return err_set(err, -errno, "%.100s: %s", directory, strerror(errno));
    if (n == 0)
        rc = err_set(err, -ENOENT, "%.100s: no *.json in it", directory);
    else if (n > POLICY_FILES_MAX)
        rc = err_set(err, -EFBIG, "%.100s: more than %d files", directory, POLICY_FILES_MAX);
    else
        rc = directory_load_entries(directory, entries, (size_t)n, ret, err);
    for (int i = 0; i < n; i++)
        free(entries[i]);
    free(entries);
    return rc;
}

int policy_copy(const struct policy *from, struct policy **ret)
{
    struct policy *copy = calloc(1, sizeof(*copy));
    if (copy == NULL)
        return -ENOMEM;
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        const struct policy_table *rows = &from->tables[table];
        copy->tables[table].n = rows->n;
        copy->tables[table].index = rows->index;
        memcpy(copy->tables[table].rows, rows->rows, rows->n * sizeof(rows->rows[0]));
    }
    *ret = copy;
    return 0;
}

void policy_destroy(struct policy **self)
{
    free(*self);
    *self = NULL;
}
