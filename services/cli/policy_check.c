/* ansinh policy check: files of the law's tables, as the platform would read them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/domain/policy_lay.h"
#include "common/service/policy.h"
#include "common/service/policy_amendment.h"
#include "common/service/policy_book.h"
#include "services/cli/cli.h"
#include "services/cli/policy.h"
#include "services/cli/policy_lines.h"

#define ARENA_BYTES ((size_t)256 * 1024 * 1024)
#define DEPLOYED "deploy/policy"

static int fail(const struct err *err)
{
    return cli_fail(1, "%s", err->text);
}

static int is_folder(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

static int report(struct policy **policy)
{
    char digest[POLICY_DIGEST_TEXT_BYTES];
    size_t n_rows = 0, n_tables = 0;
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        n_rows += (*policy)->tables[table].n;
        n_tables += (*policy)->tables[table].n > 0;
    }
    policy_digest(*policy, digest);
    (void)printf("%zu rows in %zu tables, digest %s\n", n_rows, n_tables, digest);
    policy_destroy(policy);
    return 0;
}

/* --- amendments --- */

struct shown {
    struct policy_lines lines;
    struct arena *arena;
};

static void on_effect(void *arg, enum policy_table_id table, enum policy_effect effect,
                      const struct policy_row *before, const struct policy_row *after)
{
    struct shown *self = arg;
    Ansinh__V1__PolicyRow row;
    Ansinh__V1__PolicyChange change;
    ansinh__v1__policy_change__init(&change);
    change.effect = (Ansinh__V1__PolicyEffect)effect;
    change.table = policy_table_name(table, self->arena);
    if (change.table == NULL ||
        policy_row_write(table, after == NULL ? before : after, self->arena, &row) < 0)
        return;
    change.after = &row;
    policy_lines_add_change(&self->lines, &change);
}

static int lay_file(const char *path, int32_t today, struct policy **policy, struct arena *arena)
{
    struct err err = {0};
    const Ansinh__V1__PolicyDocument *document;
    struct shown shown = {.arena = arena};
    const char *slash = strrchr(path, '/');
    struct policy *after;
    if (policy_file_read(path, arena, &document, &err) < 0)
        return fail(&err);
    if (policy_copy(*policy, &after) < 0)
        return cli_fail(1, "no memory");
    if (policy_amend(after, slash == NULL ? path : slash + 1, document, today, &err) < 0) {
        policy_destroy(&after);
        return fail(&err);
    }
    policy_lines_init(&shown.lines, arena);
    policy_compare(*policy, after, on_effect, &shown);
    (void)printf("%s: %s\n", path, shown.lines.n == 0 ? "changes nothing" : "fits");
    policy_lines_print(&shown.lines, 2);
    policy_lines_fini(&shown.lines);
    policy_destroy(policy);
    *policy = after;
    return 0;
}

/* Each file over what the ones before it leave. */
static int check_amendments(const char *const *paths, size_t n, const char *over)
{
    struct policy *policy;
    struct err err = {0};
    int32_t today = clock_business_day(clock_wall_ms());
    if (policy_load(over, &policy, &err) < 0)
        return fail(&err);
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    int status = 0;
    for (size_t i = 0; status == 0 && i < n; i++)
        status = lay_file(paths[i], today, &policy, arena);
    if (status == 0)
        return report(&policy);
    policy_destroy(&policy);
    return status;
}

/* --- whole policies --- */

static int is_needed(enum policy_table_id table)
{
    return !policy_form(table)->is_optional;
}

/* 1: the files hold every table that a policy needs; 0: they do not; negative: said what is wrong.
 */
static int is_whole(const char *const *paths, size_t n)
{
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    int has[POLICY_TABLES] = {0};
    struct err err = {0};
    for (size_t i = 0; i < n; i++) {
        const Ansinh__V1__PolicyDocument *document;
        if (policy_file_read(paths[i], arena, &document, &err) < 0)
            return -fail(&err);
        for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
            Ansinh__V1__PolicyRow **rows;
            has[table] |= policy_document_rows(document, table, &rows) > 0;
        }
    }
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++)
        if (is_needed(table) && !has[table])
            return 0;
    return 1;
}

static int check_folder(const char *folder)
{
    struct policy *policy;
    struct err err = {0};
    if (policy_load(folder, &policy, &err) < 0)
        return fail(&err);
    return report(&policy);
}

static int check_files(const char *const *paths, size_t n)
{
    struct policy *policy;
    struct err err = {0};
    if (policy_load_files(paths, n, &policy, &err) < 0)
        return fail(&err);
    return report(&policy);
}

int policy_cmd_check(int argc, char **argv)
{
    const char *paths[POLICY_FILES_MAX], *over = NULL;
    size_t n = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--over") == 0 && i + 1 < argc)
            over = argv[++i];
        else if (argv[i][0] == '-' || n == POLICY_FILES_MAX)
            return cli_fail(2, POLICY_USAGE);
        else
            paths[n++] = argv[i];
    }
    if (n == 0)
        return cli_fail(2, POLICY_USAGE);
    if (over != NULL)
        return check_amendments(paths, n, over);
    if (n == 1 && is_folder(paths[0]))
        return check_folder(paths[0]);
    int rc = is_whole(paths, n);
    if (rc < 0)
        return -rc;
    const char *folder = getenv("ANSINH_POLICY");
    return rc ? check_files(paths, n)
              : check_amendments(paths, n, folder == NULL ? DEPLOYED : folder);
}
