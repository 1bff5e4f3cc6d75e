#include "common/service/policy_amendment.h"

#include <errno.h>
#include <stdio.h>

#include "common/domain/calendar.h"

struct place {
    enum policy_table_id table;
    size_t row_i; /* in the document's table */
};

struct amending {
    struct policy *policy;
    const char *source;
    int32_t today;
    struct err *err;
    struct policy_row rows[POLICY_DOCUMENT_ROWS_MAX];
    struct place places[POLICY_DOCUMENT_ROWS_MAX];
    size_t order[POLICY_DOCUMENT_ROWS_MAX]; /* of rows, by their first day */
    size_t n;
};

static int refuse(const struct amending *self, size_t i, int rc, const char *what)
{
    const char *table = policy_form(self->places[i].table)->name;
    size_t row_i = self->places[i].row_i;
    char path[ERR_FIELD_MAX_BYTES];
    (void)snprintf(path, sizeof(path), "%s[%zu].from", table, row_i);
    return err_field(self->err, rc, path, "%.40s: %s row %zu: %.90s", self->source, table,
                     row_i + 1, what);
}

/* What was computed for a day that has begun stays as it was computed. */
static int begin_check(const struct amending *self, size_t i)
{
    char from[DATE_TEXT_BYTES], today[DATE_TEXT_BYTES], what[80];
    if (self->rows[i].from_day > self->today)
        return 0;
    date_format(self->rows[i].from_day, from);
    date_format(self->today, today);
    (void)snprintf(what, sizeof(what), "begins on %s, must begin after today (%s)", from, today);
    return refuse(self, i, -EINVAL, what);
}

/* Which of two rows for the same days should win could only be guessed. */
static int overlap_check(const struct amending *self, size_t i)
{
    const struct policy_row *row = &self->rows[i];
    for (size_t k = 0; k < i; k++) {
        const struct policy_row *other = &self->rows[k];
        char what[40];
        if (self->places[k].table != self->places[i].table || other->key != row->key ||
            other->to_day < row->from_day || row->to_day < other->from_day)
            continue;
        (void)snprintf(what, sizeof(what), "overlaps row %zu", self->places[k].row_i + 1);
        return refuse(self, i, -EINVAL, what);
    }
    return 0;
}

static void order_add(struct amending *self, size_t i)
{
    size_t place = i;
    for (; place > 0; place--) {
        size_t before = self->order[place - 1];
        if (self->rows[before].from_day <= self->rows[i].from_day)
            break;
        self->order[place] = before;
    }
    self->order[place] = i;
}

static int table_read(struct amending *self, enum policy_table_id table,
                      const Ansinh__V1__PolicyDocument *document)
{
    Ansinh__V1__PolicyRow **rows;
    size_t n = policy_document_rows(document, table, &rows);
    for (size_t row_i = 0; row_i < n; row_i++, self->n++) {
        struct policy_row *row = &self->rows[self->n];
        self->places[self->n] = (struct place){table, row_i};
        int rc = policy_row_read(self->source, table, row_i, rows[row_i], row, self->err);
        if (rc == 0)
            rc = begin_check(self, self->n);
        if (rc == 0)
            rc = overlap_check(self, self->n);
        if (rc < 0)
            return rc;
        order_add(self, self->n);
    }
    return 0;
}

/* The earlier ones first, so that those that follow each other leave no gap. */
static int rows_lay(struct amending *self)
{
    int n_changed = 0;
    for (size_t i = 0; i < self->n; i++) {
        size_t at = self->order[i];
        struct err cause = {0};
        int rc = policy_lay(self->policy, self->places[at].table, &self->rows[at], &cause);
        if (rc < 0)
            return refuse(self, at, rc, cause.text);
        n_changed += rc == 0;
    }
    return n_changed;
}

static int count_check(const Ansinh__V1__PolicyDocument *document, const char *source,
                       struct err *err)
{
    Ansinh__V1__PolicyRow **rows;
    size_t n = 0;
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++)
        n += policy_document_rows(document, table, &rows);
    if (n < 1 || n > POLICY_DOCUMENT_ROWS_MAX)
        return err_set(err, -EINVAL, "%.40s: %zu rows, want 1 to %d", source, n,
                       POLICY_DOCUMENT_ROWS_MAX);
    return 0;
}

int policy_amend(struct policy *policy, const char *source,
                 const Ansinh__V1__PolicyDocument *document, int32_t today, struct err *err)
{
    struct amending self = {.policy = policy, .source = source, .today = today, .err = err};
    int rc = count_check(document, source, err);
    for (enum policy_table_id table = 0; rc == 0 && table < POLICY_TABLES; table++)
        rc = table_read(&self, table, document);
    if (rc == 0 && protobuf_c_message_get_packed_size(&document->base) > POLICY_DOCUMENT_MAX_BYTES)
        rc =
            err_set(err, -EINVAL, "%.40s: larger than %d bytes", source, POLICY_DOCUMENT_MAX_BYTES);
    if (rc < 0)
        return rc;
    int n_changed = rows_lay(&self);
    if (n_changed < 0)
        return n_changed;
    rc = policy_check(policy, err);
    return rc < 0 ? rc : n_changed;
}
