/* A document of the law: as a file among none other, and laid over the law that is in force. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "common/service/policy.h"
#include "common/service/policy_amendment.h"
#include "tests/fuzz/fuzz.h"

#define ARENA_BYTES ((size_t)16 << 20)
#define LAW "deploy/policy"
#define TODAY 20778 /* 2026-11-21 */

static const struct policy *law(void)
{
    static struct policy *loaded;
    struct err err = {{0}, {0}};
    if (loaded == NULL)
        ASSERT(policy_load(LAW, &loaded, &err) == 0);
    return loaded;
}

static void check_rc(int rc, const struct err *err)
{
    ASSERT(rc >= 0 || rc == -EINVAL || rc == -EFBIG || rc == -EMSGSIZE || rc == -ENOMEM);
    if (rc < 0)
        fuzz_check_err(err);
}

/* What a row says is written as a row that says the same. */
static void check_rows(const Ansinh__V1__PolicyDocument *document, struct arena *arena)
{
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        Ansinh__V1__PolicyRow **rows, written;
        size_t n = policy_document_rows(document, table, &rows);
        for (size_t i = 0; i < n; i++) {
            struct policy_row row;
            struct err err = {{0}, {0}};
            int rc = policy_row_read("fuzz", table, i, rows[i], &row, &err);
            check_rc(rc, &err);
            if (rc == 0)
                rc = policy_row_write(table, &row, arena, &written);
            ASSERT(rc == 0 || rc == -ENOMEM || rc == -EINVAL);
        }
    }
}

static void amend(const Ansinh__V1__PolicyDocument *document)
{
    struct policy *copy;
    struct err err = {{0}, {0}};
    ASSERT(policy_copy(law(), &copy) == 0);
    int rc = policy_amend(copy, "fuzz", document, TODAY, &err);
    check_rc(rc, &err);
    if (rc >= 0)
        ASSERT(policy_check(copy, &err) == 0);
    policy_destroy(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    struct err err = {{0}, {0}};
    struct policy *policy = NULL;
    const Ansinh__V1__PolicyDocument *document;
    struct arena *arena = arena_create(ARENA_BYTES);
    check_rc(policy_load_files(&path, 1, &policy, &err), &err);
    policy_destroy(&policy);
    int rc = policy_file_read(path, arena, &document, &err);
    check_rc(rc, &err);
    if (rc == 0) {
        check_rows(document, arena);
        amend(document);
    }
    arena_destroy(&arena);
    return 0;
}
