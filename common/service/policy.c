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
    struct dirent **files;
    int n_files;
    const char *file_of[POLICY_TABLES]; /* NULL until read */
};

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
    return document_add(loader, file, (const Ansinh__V1__PolicyDocument *)message, err);
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
