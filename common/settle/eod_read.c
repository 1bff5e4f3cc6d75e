/* Reading an end-of-day file, a line at a time. */
#include <csv.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/settle/eod_fields.h"

#define CHUNK_BYTES 65536
#define BOM "\xef\xbb\xbf"
#define BOM_BYTES 3
#define VALUES_BYTES (EOD_LINE_MAX_BYTES + EOD_FIELDS_MAX + 2)

enum state { AT_HEAD, AT_ROWS, BEHIND_TRAILER };

struct reader {
    settle_read_fn read;
    void *read_arg;
    const struct eod_visitor *visitor;
    void *arg;
    struct eod_file *file;
    enum state state;
    uint32_t line, n_rows;
    int64_t sum_vnd;
    int has_unreadable;
    crypto_hash_sha256_state file_hash, rows_hash;
    struct csv_parser parser;
    /* what was read and not yet taken */
    uint8_t chunk[CHUNK_BYTES];
    size_t chunk_len, chunk_at;
    /* the line, with its end */
    char text[EOD_LINE_MAX_BYTES + 2];
    size_t text_len;
    int is_too_long;
    /* its values */
    char values_text[VALUES_BYTES];
    size_t values_len;
    char *values[EOD_FIELDS_MAX];
    size_t n_values; /* may pass EOD_FIELDS_MAX: counted, not kept */
};

/* --- lines ------------------------------------------------------------------------------------ */

static int fill(struct reader *self)
{
    if (self->chunk_at < self->chunk_len)
        return 1;
    long n = self->read(self->read_arg, self->chunk, sizeof(self->chunk));
    if (n <= 0)
        return (int)n;
    (void)crypto_hash_sha256_update(&self->file_hash, self->chunk, (size_t)n);
    self->chunk_len = (size_t)n;
    self->chunk_at = 0;
    return 1;
}

static void rows_hash_add(struct reader *self, const void *bytes, size_t len)
{
    if (self->state == AT_ROWS)
        (void)crypto_hash_sha256_update(&self->rows_hash, bytes, len);
}

/* What has no room belongs to a row, for no trailer is so long. */
static void keep(struct reader *self, const uint8_t *bytes, size_t len)
{
    if (!self->is_too_long && self->text_len + len <= sizeof(self->text)) {
        memcpy(self->text + self->text_len, bytes, len);
        self->text_len += len;
        return;
    }
    if (!self->is_too_long)
        rows_hash_add(self, self->text, self->text_len);
    self->is_too_long = 1;
    rows_hash_add(self, bytes, len);
}

/* 1: a line; 0: the end of the file; negative errno. */
static int read_line(struct reader *self)
{
    self->text_len = 0;
    self->is_too_long = 0;
    for (;;) {
        int rc = fill(self);
        if (rc < 0)
            return rc;
        if (rc == 0)
            break;
        const uint8_t *from = self->chunk + self->chunk_at;
        size_t left = self->chunk_len - self->chunk_at;
        const uint8_t *end = memchr(from, '\n', left);
        size_t n = end == NULL ? left : (size_t)(end - from) + 1;
        keep(self, from, n);
        self->chunk_at += n;
        if (end != NULL)
            break;
    }
    if (self->text_len == 0 && !self->is_too_long)
        return 0;
    self->line++;
    return 1;
}

/* Length without the line's end. */
static size_t content_len(const struct reader *self)
{
    size_t len = self->text_len;
    if (len > 0 && self->text[len - 1] == '\n')
        len--;
    if (len > 0 && self->text[len - 1] == '\r')
        len--;
    return len;
}

/* --- values ----------------------------------------------------------------------------------- */

static void on_value(void *data, size_t len, void *arg)
{
    struct reader *self = arg;
    if (self->n_values < EOD_FIELDS_MAX) {
        ASSERT(self->values_len + len < sizeof(self->values_text));
        self->values[self->n_values] = self->values_text + self->values_len;
        if (len > 0)
            memcpy(self->values[self->n_values], data, len);
        self->values_text[self->values_len + len] = '\0';
        self->values_len += len + 1;
    }
    self->n_values++;
}

static void parser_start(struct reader *self)
{
    int rc = csv_init(&self->parser, CSV_STRICT | CSV_STRICT_FINI);
    ASSERT(rc == 0);
}

/* The line's values. -EINVAL with what is wrong with it. */
static int split(struct reader *self, struct err *err)
{
    size_t len = content_len(self), bom = 0;
    self->values_len = 0;
    self->n_values = 0;
    if (self->is_too_long || len > EOD_LINE_MAX_BYTES)
        return err_set(err, -EINVAL, "the line is longer than %d bytes", EOD_LINE_MAX_BYTES);
    if (self->line == 1 && len >= BOM_BYTES && memcmp(self->text, BOM, BOM_BYTES) == 0)
        bom = BOM_BYTES;
    const char *text = self->text + bom;
    len -= bom;
    if (!parse_is_utf8(text, len) || memchr(text, '\r', len) != NULL)
        return err_set(err, -EINVAL, "the line is no text in UTF-8");
    if (csv_parse(&self->parser, text, len, on_value, NULL, self) == len &&
        csv_fini(&self->parser, on_value, NULL, self) == 0)
        return 0;
    csv_free(&self->parser);
    parser_start(self);
    self->n_values = 0;
    return err_set(err, -EINVAL, "the quotes do not match");
}

static int is_record(const struct reader *self, const char *letter)
{
    return self->n_values > 0 && strcmp(self->values[0], letter) == 0;
}

/* --- records ---------------------------------------------------------------------------------- */

static int refuse(const struct reader *self, int rc, struct err *err, const struct err *why)
{
    return err_field(err, rc, why->field, "line %u: %s", self->line, why->text);
}

static int take_head(struct reader *self, struct err *err)
{
    struct err why = {0};
    if (split(self, &why) < 0)
        return refuse(self, -EINVAL, err, &why);
    if (!is_record(self, "H") || self->n_values != EOD_HEAD_FIELDS)
        return err_set(err, -EINVAL,
                       "line %u: want the header H,version,partner,business date,count,sum,sha256",
                       self->line);
    if (eod_head_parse(self->values + 1, &self->file->head, &why) < 0)
        return refuse(self, -EINVAL, err, &why);
    self->state = AT_ROWS;
    return self->visitor->head(self->arg, &self->file->head, err);
}

static int tell_bad(struct reader *self, const struct err *why)
{
    struct eod_bad bad = {.line = self->line, .transaction_id = "", .why = why->text};
    int is_whole = self->n_values == EOD_ROW_FIELDS && is_record(self, "D");
    if (is_whole && eod_is_id(self->values[1], EOD_TRANSACTION_MAX_BYTES))
        bad.transaction_id = self->values[1];
    bad.has_amount = is_whole && eod_amount_parse(self->values[5], &bad.amount_vnd) == 0;
    if (bad.has_amount)
        self->sum_vnd += bad.amount_vnd;
    else
        self->has_unreadable = 1;
    self->file->n_bad++;
    return self->visitor->bad(self->arg, &bad);
}

static int take_row(struct reader *self, int split_rc, struct err *why)
{
    struct eod_row row = {.line = self->line};
    int rc = split_rc;
    if (self->n_rows == self->file->head.n_rows)
        return err_set(why, -EINVAL, "there are more rows than the header's count, %u",
                       self->file->head.n_rows);
    self->n_rows++;
    if (!self->is_too_long)
        rows_hash_add(self, self->text, self->text_len);
    if (rc == 0 && (!is_record(self, "D") || self->n_values != EOD_ROW_FIELDS))
        rc = err_set(why, -EINVAL, "want a row of D and %d values", EOD_ROW_FIELDS - 1);
    if (rc == 0)
        rc = eod_row_parse(self->values + 1, &row, why);
    if (rc < 0) {
        rc = tell_bad(self, why);
    } else {
        self->sum_vnd += row.amount_vnd;
        rc = self->visitor->row(self->arg, &row);
    }
    return rc < 0 ? err_set(why, rc, "it cannot be taken: %s", strerror(-rc)) : 0;
}

static int take_trailer(struct reader *self, struct err *why)
{
    const struct eod_head *head = &self->file->head;
    uint8_t hash[EOD_HASH_BYTES];
    uint32_t n;
    int64_t sum_vnd;
    if (self->n_values != EOD_TRAILER_FIELDS)
        return err_set(why, -EINVAL, "want the trailer T,count,sum");
    if (eod_trailer_parse(self->values + 1, &n, &sum_vnd, why) < 0)
        return -EINVAL;
    if (n != head->n_rows || n != self->n_rows)
        return err_field(why, -EINVAL, "count", "count: header %u, trailer %u, rows %u",
                         head->n_rows, n, self->n_rows);
    if (sum_vnd != head->sum_vnd || (!self->has_unreadable && sum_vnd != self->sum_vnd))
        return err_field(why, -EINVAL, "sum", "sum: header %lld, trailer %lld, rows %lld",
                         (long long)head->sum_vnd, (long long)sum_vnd, (long long)self->sum_vnd);
    (void)crypto_hash_sha256_final(&self->rows_hash, hash);
    if (memcmp(hash, head->rows_hash, sizeof(hash)) != 0)
        return err_field(why, -EINVAL, "sha256", "sha256: the rows are not those of the header");
    self->file->unreadable_vnd = sum_vnd - self->sum_vnd;
    self->state = BEHIND_TRAILER;
    return 0;
}

static int take_line(struct reader *self, struct err *err)
{
    struct err why = {0};
    int rc;
    switch (self->state) {
    case AT_HEAD:
        return take_head(self, err);
    case AT_ROWS:
        rc = split(self, &why);
        rc = rc == 0 && is_record(self, "T") ? take_trailer(self, &why) : take_row(self, rc, &why);
        return rc < 0 ? refuse(self, rc, err, &why) : 0;
    case BEHIND_TRAILER:
        break;
    }
    return err_set(err, -EINVAL, "line %u: there is something behind the trailer", self->line);
}

static int read_all(struct reader *self, struct err *err)
{
    int rc;
    while ((rc = read_line(self)) == 1) {
        rc = take_line(self, err);
        if (rc < 0)
            return rc;
    }
    if (rc < 0)
        return err_set(err, rc, "line %u: the file cannot be read on", self->line + 1);
    if (self->state == AT_HEAD)
        return err_set(err, -EINVAL, "line 1: the file is empty");
    if (self->state == AT_ROWS)
        return err_set(err, -EINVAL, "line %u: the file ends without its trailer", self->line + 1);
    (void)crypto_hash_sha256_final(&self->file_hash, self->file->hash);
    return 0;
}

int eod_read(settle_read_fn read, void *read_arg, const struct eod_visitor *visitor, void *arg,
             struct eod_file *ret, struct err *err)
{
    struct reader *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    *ret = (struct eod_file){0};
    self->read = read;
    self->read_arg = read_arg;
    self->visitor = visitor;
    self->arg = arg;
    self->file = ret;
    (void)crypto_hash_sha256_init(&self->file_hash);
    (void)crypto_hash_sha256_init(&self->rows_hash);
    parser_start(self);
    int rc = read_all(self, err);
    csv_free(&self->parser);
    free(self);
    return rc;
}
