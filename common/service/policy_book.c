#include "common/service/policy_book.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/service/policy.h"
#include "common/service/policy_amendment.h"

#define SOURCE_BYTES 32
#define DIGEST_BYTES ((POLICY_DIGEST_TEXT_BYTES - 1) / 2)

struct policy_book {
    struct policy *files, *current;
    uint32_t n_amendments; /* laid over the files in current */
    char digest[POLICY_DIGEST_TEXT_BYTES];
};

int policy_book_create(struct policy **files, struct policy_book **ret, struct err *err)
{
    struct policy_book *self = calloc(1, sizeof(*self));
    if (self == NULL || policy_copy(*files, &self->current) < 0) {
        free(self);
        return err_set(err, -ENOMEM, "no memory for the policy");
    }
    self->files = *files;
    *files = NULL;
    policy_digest(self->current, self->digest);
    *ret = self;
    return 0;
}

void policy_book_destroy(struct policy_book **self)
{
    if (*self == NULL)
        return;
    policy_destroy(&(*self)->files);
    policy_destroy(&(*self)->current);
    free(*self);
    *self = NULL;
}

/* Lays the amendments from .. to (1 is the first) over the tables. */
static int lay(const struct directory *directory, uint32_t from, uint32_t to, struct policy *policy,
               struct err *err)
{
    for (uint32_t number = from; number <= to; number++) {
        const Ansinh__V1__PolicyAmendment *amendment = directory_amendment(directory, number);
        char source[SOURCE_BYTES];
        if (amendment == NULL)
            return err_set(err, -ENOENT, "there is no amendment %u", number);
        if (amendment->document == NULL)
            return err_set(err, -EINVAL, "amendment %u is empty", number);
        (void)snprintf(source, sizeof(source), "amendment %u", number);
        int rc = policy_amend(policy, source, amendment->document, POLICY_ANY_DAY, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int policy_book_follow(struct policy_book *self, const struct directory *directory, struct err *err)
{
    uint32_t n = self->n_amendments;
    struct policy *next;
    while (directory_amendment(directory, n + 1) != NULL)
        n++;
    if (n == self->n_amendments)
        return 0;
    if (policy_copy(self->current, &next) < 0)
        return err_set(err, -ENOMEM, "no memory for the policy");
    int rc = lay(directory, self->n_amendments + 1, n, next, err);
    if (rc < 0) {
        policy_destroy(&next);
        return rc;
    }
    policy_destroy(&self->current);
    self->current = next;
    self->n_amendments = n;
    policy_digest(self->current, self->digest);
    return 1;
}

struct policy *policy_book_current(const struct policy_book *self)
{
    return self->current;
}

uint32_t policy_book_amendments(const struct policy_book *self)
{
    return self->n_amendments;
}

const char *policy_book_digest(const struct policy_book *self)
{
    return self->digest;
}

int policy_book_before(const struct policy_book *self, const struct directory *directory,
                       uint32_t number, struct policy **ret, struct err *err)
{
    struct policy *before;
    if (policy_copy(self->files, &before) < 0)
        return err_set(err, -ENOMEM, "no memory for the policy");
    int rc = lay(directory, 1, number - 1, before, err);
    if (rc < 0)
        policy_destroy(&before);
    else
        *ret = before;
    return rc;
}

/* --- the digest --- */

static int compare_rows(const void *a, const void *b)
{
    const struct policy_row *one = *(const struct policy_row *const *)a;
    const struct policy_row *two = *(const struct policy_row *const *)b;
    if (one->key != two->key)
        return one->key < two->key ? -1 : 1;
    return one->from_day == two->from_day ? 0 : one->from_day < two->from_day ? -1 : 1;
}

static void digest_number(crypto_generichash_state *state, int64_t number)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)((uint64_t)number >> (8 * i));
    (void)crypto_generichash_update(state, bytes, sizeof(bytes));
}

/* With its end, so that two texts never read as one. */
static void digest_text(crypto_generichash_state *state, const char *text)
{
    (void)crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static void digest_table(crypto_generichash_state *state, const char *name,
                         const struct policy_table *table)
{
    const struct policy_row *rows[POLICY_ROWS_MAX] = {NULL};
    for (size_t i = 0; i < table->n; i++)
        rows[i] = &table->rows[i];
    qsort(rows, table->n, sizeof(rows[0]), compare_rows);
    digest_text(state, name);
    digest_number(state, (int64_t)table->n);
    for (size_t i = 0; i < table->n; i++) {
        digest_number(state, rows[i]->key);
        digest_number(state, rows[i]->from_day);
        digest_number(state, rows[i]->to_day);
        digest_number(state, rows[i]->value);
        digest_number(state, rows[i]->budget_vnd);
        digest_text(state, rows[i]->citation);
        digest_text(state, rows[i]->unconfirmed);
    }
}

void policy_digest(const struct policy *policy, char ret[POLICY_DIGEST_TEXT_BYTES])
{
    uint8_t digest[DIGEST_BYTES];
    crypto_generichash_state state;
    ASSERT(crypto_generichash_init(&state, NULL, 0, sizeof(digest)) == 0);
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++)
        digest_table(&state, policy_form(table)->name, &policy->tables[table]);
    (void)crypto_generichash_final(&state, digest, sizeof(digest));
    format_hex(digest, sizeof(digest), ret);
}
