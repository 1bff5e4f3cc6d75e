/* ImportPolicy: a decree's rows over the law in force, as one amendment in {dir}. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/service/directory.h"
#include "common/service/policy.h"
#include "common/service/policy_amendment.h"
#include "common/service/policy_book.h"
#include "services/enrolment/directory_api.h"
#include "services/enrolment/directory_import.h"

#define SOURCE "document"

/* What an amendment does, gathered in the arena. */
struct effects {
    struct arena *arena;
    Ansinh__V1__PolicyChange **rows;
    size_t n, capacity;
    int is_short; /* of memory */
};

/* Lives in the request's arena. */
struct amending {
    Ansinh__V1__PolicyAmendment amendment;
    struct effects effects;
    char digest[POLICY_DIGEST_TEXT_BYTES];
    uint32_t laid; /* the effects are those of this amendment, over what was before it */
};

/* --- effects --- */

static int effects_reserve(struct effects *self)
{
    if (self->n < self->capacity)
        return 0;
    size_t capacity = MAX((size_t)64, 2 * self->capacity);
    Ansinh__V1__PolicyChange **rows = arena_alloc(self->arena, capacity * sizeof(*rows));
    if (rows == NULL)
        return -ENOMEM;
    if (self->n > 0)
        memcpy(rows, self->rows, self->n * sizeof(*rows));
    self->rows = rows;
    self->capacity = capacity;
    return 0;
}

/* NULL for no row, and when there is no memory. */
static Ansinh__V1__PolicyRow *row_make(struct effects *self, enum policy_table_id table,
                                       const struct policy_row *row)
{
    if (row == NULL)
        return NULL;
    Ansinh__V1__PolicyRow *out = arena_alloc(self->arena, sizeof(*out));
    if (out == NULL || policy_row_write(table, row, self->arena, out) < 0)
        self->is_short = 1;
    return self->is_short ? NULL : out;
}

static void on_effect(void *arg, enum policy_table_id table, enum policy_effect effect,
                      const struct policy_row *before, const struct policy_row *after)
{
    struct effects *self = arg;
    Ansinh__V1__PolicyChange *change = arena_alloc(self->arena, sizeof(*change));
    if (change == NULL || effects_reserve(self) < 0) {
        self->is_short = 1;
        return;
    }
    ansinh__v1__policy_change__init(change);
    change->table = policy_table_name(table, self->arena);
    change->effect = (Ansinh__V1__PolicyEffect)effect;
    change->before = row_make(self, table, before);
    change->after = row_make(self, table, after);
    if (change->table == NULL || self->is_short)
        self->is_short = 1;
    else
        self->rows[self->n++] = change;
}

/* Lays the document over the law before it. The number of rows that change something, or -errno
 * with err. */
static int lay(struct amending *self, const struct policy *before,
               const Ansinh__V1__PolicyDocument *document, int32_t today, struct err *err)
{
    struct policy *after;
    if (policy_copy(before, &after) < 0)
        return err_set(err, -ENOMEM, "no memory");
    int rc = policy_amend(after, SOURCE, document, today, err);
    self->effects.n = 0;
    if (rc >= 0) {
        policy_compare(before, after, on_effect, &self->effects);
        policy_digest(after, self->digest);
    }
    policy_destroy(&after);
    return rc >= 0 && self->effects.is_short ? err_set(err, -ENOMEM, "no memory") : rc;
}

/* --- the import --- */

/* Where in the request: "document.poverty_line[0].from". */
static int fail(struct err *err, int rc, const struct err *cause)
{
    char path[ERR_FIELD_MAX_BYTES];
    const char *dot = cause->field[0] == '\0' ? "" : ".";
    (void)snprintf(path, sizeof(path), SOURCE "%s%.80s", dot, cause->field);
    return err_field(err, rc, path, "%s", cause->text);
}

/* A resolution of a province that is none would support nobody, and nobody would notice. */
static int check_provinces(const struct directory *directory,
                           const Ansinh__V1__PolicyDocument *document, struct err *err)
{
    Ansinh__V1__PolicyRow **rows;
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        size_t n = policy_document_rows(document, table, &rows);
        for (size_t i = 0; i < n; i++) {
            char path[ERR_FIELD_MAX_BYTES];
            if (rows[i]->province[0] == '\0' ||
                directory_unit(directory, rows[i]->province) != NULL)
                continue;
            (void)snprintf(path, sizeof(path), "%.64s[%zu].province", policy_form(table)->name, i);
            return err_field(err, -EINVAL, path, SOURCE ": %s row %zu: unknown province",
                             policy_form(table)->name, i + 1);
        }
    }
    return 0;
}

static int take(struct import *import, struct err *err)
{
    struct amending *self = import->arg;
    const Ansinh__V1__ImportPolicyRequest *in =
        (const Ansinh__V1__ImportPolicyRequest *)import->request->input;
    struct err cause = {0};
    if (in->document == NULL)
        return err_field(err, -EINVAL, SOURCE, "missing");
    self->amendment.number = policy_book_amendments(import->svc->policy_book) + 1;
    self->amendment.document = in->document;
    if (self->amendment.number > DIRECTORY_AMENDMENTS_MAX)
        return err_field(err, -EINVAL, SOURCE, "the law has its %d amendments already",
                         DIRECTORY_AMENDMENTS_MAX);
    self->laid = self->amendment.number;
    int rc =
        lay(self, import->svc->policy, in->document, clock_business_day(clock_wall_ms()), &cause);
    if (rc >= 0) {
        int fits = check_provinces(import->svc->directory, in->document, &cause);
        rc = fits < 0 ? fits : rc;
    }
    if (rc < 0)
        return fail(err, rc, &cause);
    /* after an attempt of unknown outcome nothing may be left to change: the commit will tell */
    import->n_rows = rc > 0 || import->is_unknown;
    import->kinds[0] = 'l';
    import->rows[0] = &self->amendment.base;
    return 0;
}

static Ansinh__V1__Event *make_event(struct import *import)
{
    struct amending *self = import->arg;
    Ansinh__V1__Event *event = arena_alloc(import->request->arena, sizeof(*event));
    Ansinh__V1__PolicyImported *imported = arena_alloc(import->request->arena, sizeof(*imported));
    if (event == NULL || imported == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__policy_imported__init(imported);
    imported->amendment = &self->amendment;
    event->kind_case = ANSINH__V1__EVENT__KIND_POLICY_IMPORTED;
    event->policy_imported = imported;
    return event;
}

static int is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportPolicyRequest *)in)->dry_run;
}

/* --- the answer --- */

/* What changes is a list of any length: it is made again from the amendment when it is asked for
 * again. */
static size_t pack(const struct import *import, uint8_t ret[IMPORT_ANSWER_MAX_BYTES])
{
    struct amending *self = import->arg;
    Ansinh__V1__ImportPolicyResponse out;
    ansinh__v1__import_policy_response__init(&out);
    out.amendment = self->amendment.number;
    out.digest = self->digest;
    return ansinh__v1__import_policy_response__pack(&out, ret);
}

static void reply(struct import *import, Ansinh__V1__ImportPolicyResponse *out)
{
    struct amending *self = import->arg;
    out->changes = self->effects.rows;
    out->n_changes = self->effects.n;
    bus_reply(import->request, &out->base);
}

/* Lays the stored amendment once more over what was before it. */
static int lay_again(struct import *import, uint32_t number)
{
    struct amending *self = import->arg;
    const struct service *svc = import->svc;
    const Ansinh__V1__PolicyAmendment *amendment = directory_amendment(svc->directory, number);
    struct policy *policy;
    if (amendment == NULL ||
        policy_book_before(svc->policy_book, svc->directory, number, &policy, NULL) < 0)
        return -EAGAIN;
    int rc = lay(self, policy, amendment->document, POLICY_ANY_DAY, NULL);
    policy_destroy(&policy);
    return MIN(rc, 0);
}

static void answer(struct import *import, const uint8_t *stored, size_t len)
{
    struct amending *self = import->arg;
    struct bus_request *request = import->request;
    Ansinh__V1__ImportPolicyResponse fresh, *out = &fresh;
    ProtobufCAllocator allocator;
    ansinh__v1__import_policy_response__init(&fresh);
    fresh.digest = self->digest;
    if (stored == NULL) {
        reply(import, out);
        return;
    }
    bus_arena_allocator(request->arena, &allocator);
    out = ansinh__v1__import_policy_response__unpack(&allocator, len, stored);
    if (out == NULL)
        bus_fail(request, ANSINH__V1__CODE__CODE_DATA_LOSS, "", "the stored answer cannot be read");
    else if (out->amendment != self->laid && lay_again(import, out->amendment) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_UNKNOWN, "",
                 "amendment %u is written and cannot be shown; repeat it with the same request id",
                 out->amendment);
    else
        reply(import, out);
}

static const struct import_spec spec = {
    .take = take, .event = make_event, .is_dry_run = is_dry_run, .pack = pack, .answer = answer};

void on_import_policy(void *arg, struct bus_request *request)
{
    struct amending *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    ansinh__v1__policy_amendment__init(&self->amendment);
    self->effects.arena = request->arena;
    import_run(arg, request, &spec, 1, self);
}
