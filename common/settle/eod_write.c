/* Writing an end-of-day file: for partners to compare theirs with, the sandbox and tests. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/eod_fields.h"
#include "common/settle/instant.h"

#define COPY_BYTES 65536

struct eod_writer {
    struct eod_head head;
    FILE *rows;
    crypto_hash_sha256_state hash;
};

int eod_writer_create(const char *partner, int32_t business_day, struct eod_writer **ret)
{
    *ret = NULL;
    if (!eod_is_code(partner))
        return -EINVAL;
    struct eod_writer *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    memcpy(self->head.partner, partner, strlen(partner) + 1);
    self->head.business_day = business_day;
    (void)crypto_hash_sha256_init(&self->hash);
    self->rows = tmpfile();
    if (self->rows == NULL) {
        int rc = -errno;
        eod_writer_destroy(&self);
        return rc;
    }
    *ret = self;
    return 0;
}

void eod_writer_destroy(struct eod_writer **self)
{
    if (*self == NULL)
        return;
    if ((*self)->rows != NULL)
        (void)fclose((*self)->rows); /* nobody reads it any more */
    free(*self);
    *self = NULL;
}

static int is_row(const struct eod_row *row)
{
    return eod_is_id(row->transaction_id, EOD_TRANSACTION_MAX_BYTES) &&
           (row->payment_id[0] == '\0' || eod_is_id(row->payment_id, EOD_ID_MAX_BYTES)) &&
           eod_is_id(row->bill_id, EOD_ID_MAX_BYTES) && row->bill_version > 0 &&
           row->amount_vnd >= 0 && row->amount_vnd <= EOD_AMOUNT_MAX_VND &&
           (row->status == EOD_PAID || row->status == EOD_REVERSED) &&
           (row->point[0] == '\0' || eod_is_code(row->point)) &&
           (row->collector[0] == '\0' || eod_is_code(row->collector)) &&
           (row->channel == EOD_CASH || row->channel == EOD_TRANSFER) && row->fee_vnd >= 0 &&
           row->fee_vnd <= EOD_AMOUNT_MAX_VND;
}

int eod_writer_row(struct eod_writer *self, const struct eod_row *row)
{
    char line[EOD_LINE_MAX_BYTES], paid_at[INSTANT_TEXT_BYTES], date[DATE_TEXT_BYTES];
    if (!is_row(row))
        return -EINVAL;
    if (self->head.n_rows == EOD_ROWS_MAX)
        return -EMSGSIZE;
    instant_format(row->paid_at_ms, paid_at);
    date_format(row->business_day, date);
    int len =
        snprintf(line, sizeof(line), "D,%s,%s,%s,%u,%lld,%s,%s,%s,%s,%s,%s,%lld\n",
                 row->transaction_id, row->payment_id, row->bill_id, row->bill_version,
                 (long long)row->amount_vnd, eod_statuses[row->status], paid_at, date, row->point,
                 row->collector, eod_channels[row->channel], (long long)row->fee_vnd);
    ASSERT(len > 0 && (size_t)len < sizeof(line)); /* all texts are bounded */
    if (fwrite(line, 1, (size_t)len, self->rows) != (size_t)len)
        return -EIO;
    (void)crypto_hash_sha256_update(&self->hash, (const uint8_t *)line, (unsigned long long)len);
    self->head.n_rows++;
    self->head.sum_vnd += row->amount_vnd;
    return 0;
}

static int copy_rows(struct eod_writer *self, FILE *out)
{
    char bytes[COPY_BYTES];
    size_t n;
    if (fseek(self->rows, 0, SEEK_SET) != 0)
        return -EIO;
    while ((n = fread(bytes, 1, sizeof(bytes), self->rows)) > 0) {
        if (fwrite(bytes, 1, n, out) != n)
            return -EIO;
    }
    return ferror(self->rows) ? -EIO : 0;
}

int eod_writer_finish(struct eod_writer *self, FILE *out, struct eod_head *ret_head)
{
    char date[DATE_TEXT_BYTES], hash[2 * EOD_HASH_BYTES + 1];
    (void)crypto_hash_sha256_final(&self->hash, self->head.rows_hash);
    date_format(self->head.business_day, date);
    format_hex(self->head.rows_hash, EOD_HASH_BYTES, hash);
    if (fprintf(out, "H,%d,%s,%s,%u,%lld,%s\n", EOD_VERSION, self->head.partner, date,
                self->head.n_rows, (long long)self->head.sum_vnd, hash) < 0 ||
        copy_rows(self, out) < 0 ||
        fprintf(out, "T,%u,%lld\n", self->head.n_rows, (long long)self->head.sum_vnd) < 0)
        return -EIO;
    if (ret_head != NULL)
        *ret_head = self->head;
    return 0;
}
