#include "tests/support/eod_day.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/instant.h"

#define DAY_MS 86400000LL

/* splitmix64 */
static uint64_t random_of(const struct eod_day *self, unsigned i, unsigned salt)
{
    uint64_t z = self->seed + (i * 16ULL + salt + 1) * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

enum match_class eod_day_class(const struct eod_day *self, unsigned i)
{
    if (self->planted_every == 0 || random_of(self, i, 0) % self->planted_every != 0)
        return MATCH_MATCHED;
    return (enum match_class)(random_of(self, i, 1) % MATCH_MATCHED);
}

void eod_day_id(unsigned i, char ret[EOD_TRANSACTION_MAX_BYTES + 1])
{
    (void)snprintf(ret, EOD_TRANSACTION_MAX_BYTES + 1, "VNP-%08u", i);
}

static int64_t amount_of(const struct eod_day *self, unsigned i)
{
    return 264000 + 1000 * (int64_t)(random_of(self, i, 2) % 2000);
}

unsigned eod_day_rows(const struct eod_day *self, unsigned i, char ret[EOD_DAY_LINE_BYTES],
                      int64_t *ret_vnd)
{
    char id[EOD_TRANSACTION_MAX_BYTES + 1], paid_at[INSTANT_TEXT_BYTES], date[DATE_TEXT_BYTES];
    enum match_class class = eod_day_class(self, i);
    int64_t amount_vnd = amount_of(self, i) + (class == MATCH_AMOUNT_DIFFERS ? 1000 : 0);
    int64_t fee_vnd = amount_of(self, i) / 25 + (class == MATCH_FEE_DIFFERS);
    *ret_vnd = 0;
    if (class == MATCH_MISSING_AT_PARTNER)
        return 0;
    eod_day_id(i, id);
    instant_format(self->business_day * DAY_MS + (int64_t)(random_of(self, i, 3) % 36000000),
                   paid_at);
    date_format(self->business_day + (class == MATCH_OTHER_BUSINESS_DATE), date);
    int len = snprintf(ret, EOD_DAY_LINE_BYTES,
                       "D,%s,p%04u-1-%u,06G7XQ2M4N8PA1B2C3D4%06u-1,1,%lld,%s,%s,%s,VNP-%05u,C%06u,"
                       "cash,%lld\n",
                       id, i % 1024, i / 1024 + 1, i, (long long)amount_vnd,
                       class == MATCH_STATUS_DIFFERS ? "reversed" : "paid", paid_at, date, i % 9000,
                       i % 50000, (long long)fee_vnd);
    *ret_vnd = amount_vnd;
    if (class == MATCH_BAD_RECORD)
        memcpy(strstr(ret, "cash"), "card", 4);
    if (class != MATCH_DUPLICATE)
        return 1;
    memcpy(ret + len, ret, (size_t)len);
    ret[2 * len] = '\0';
    *ret_vnd *= 2;
    return 2;
}

int eod_day_payment(const struct eod_day *self, unsigned i, struct match_payment *ret)
{
    static char id[EOD_TRANSACTION_MAX_BYTES + 1], payment_id[32];
    enum match_class class = eod_day_class(self, i);
    if (class == MATCH_MISSING_AT_US || class == MATCH_BAD_RECORD)
        return 0;
    eod_day_id(i, id);
    (void)snprintf(payment_id, sizeof(payment_id), "p%04u-1-%u", i % 1024, i / 1024 + 1);
    *ret = (struct match_payment){.transaction_id = id,
                                  .payment_id = payment_id,
                                  .amount_vnd = amount_of(self, i),
                                  .status = EOD_PAID,
                                  .business_day = self->business_day,
                                  .fee_vnd = amount_of(self, i) / 25};
    return 1;
}

int eod_day_write(const struct eod_day *self, FILE *out)
{
    char rows[EOD_DAY_LINE_BYTES], date[DATE_TEXT_BYTES], hex[2 * EOD_HASH_BYTES + 1];
    uint8_t hash[EOD_HASH_BYTES];
    crypto_hash_sha256_state state;
    unsigned n = 0;
    int64_t sum_vnd = 0, vnd;
    (void)crypto_hash_sha256_init(&state);
    for (unsigned i = 0; i < self->n; i++) {
        unsigned n_rows = eod_day_rows(self, i, rows, &vnd);
        if (n_rows > 0)
            (void)crypto_hash_sha256_update(&state, (const uint8_t *)rows,
                                            (unsigned long long)strlen(rows));
        n += n_rows;
        sum_vnd += vnd;
    }
    (void)crypto_hash_sha256_final(&state, hash);
    format_hex(hash, sizeof(hash), hex);
    date_format(self->business_day, date);
    int rc = fprintf(out, "H,1,VNPOST,%s,%u,%lld,%s\n", date, n, (long long)sum_vnd, hex);
    for (unsigned i = 0; rc >= 0 && i < self->n; i++) {
        if (eod_day_rows(self, i, rows, &vnd) > 0)
            rc = fputs(rows, out);
    }
    return rc < 0 || fprintf(out, "T,%u,%lld\n", n, (long long)sum_vnd) < 0 || fflush(out) != 0
               ? -EIO
               : 0;
}

static int on_head(void *arg, const struct eod_head *head, struct err *err)
{
    (void)arg;
    (void)head;
    (void)err;
    return 0;
}

static int on_row(void *arg, const struct eod_row *row)
{
    return match_row(arg, row);
}

static int on_bad(void *arg, const struct eod_bad *bad)
{
    return match_bad(arg, bad);
}

int eod_day_match(FILE *file, struct match *match, struct eod_file *ret, struct err *err)
{
    static const struct eod_visitor visitor = {on_head, on_row, on_bad};
    return eod_read(settle_read_file, file, &visitor, match, ret, err);
}
