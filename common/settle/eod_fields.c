#include "common/settle/eod_fields.h"

#include <errno.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/instant.h"

#define VERSIONS_MAX 1000
#define SUM_MAX_VND (EOD_ROWS_MAX * EOD_AMOUNT_MAX_VND)

const char *const eod_statuses[] = {[EOD_PAID] = "paid", [EOD_REVERSED] = "reversed"};
const char *const eod_channels[] = {[EOD_CASH] = "cash", [EOD_TRANSFER] = "transfer"};

int eod_is_code(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";
    size_t len = strlen(text);
    return len > 0 && len <= EOD_CODE_MAX_BYTES && strspn(text, allowed) == len;
}

int eod_is_id(const char *text, size_t max)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++) {
        if (text[n] <= ' ' || text[n] >= 0x7f || text[n] == '"' || text[n] == ',')
            return 0;
    }
    return n > 0 && n <= max;
}

int eod_amount_parse(const char *text, int64_t *ret)
{
    return parse_int64(text, 0, EOD_AMOUNT_MAX_VND, ret);
}

static int bad(struct err *err, const char *column, const char *value, const char *want)
{
    return err_field(err, -EINVAL, column, "%s \"%.40s\": want %s", column, value, want);
}

/* 1 for the first word of the list, or 0. */
static int word(const char *const *words, int n, const char *text)
{
    for (int i = 1; i < n; i++) {
        if (strcmp(words[i], text) == 0)
            return i;
    }
    return 0;
}

int eod_head_parse(char *const *values, struct eod_head *ret, struct err *err)
{
    int64_t version, n;
    if (parse_int64(values[0], 1, VERSIONS_MAX, &version) < 0 || version != EOD_VERSION)
        return bad(err, "version", values[0], "1");
    if (!eod_is_code(values[1]))
        return bad(err, "partner", values[1], "an organisation's code");
    memcpy(ret->partner, values[1], strlen(values[1]) + 1);
    if (date_parse(values[2], &ret->business_day) < 0)
        return bad(err, "business_date", values[2], "YYYY-MM-DD");
    if (parse_int64(values[3], 0, EOD_ROWS_MAX, &n) < 0)
        return bad(err, "count", values[3], "0 to 5000000");
    ret->n_rows = (uint32_t)n;
    if (parse_int64(values[4], 0, SUM_MAX_VND, &ret->sum_vnd) < 0)
        return bad(err, "sum", values[4], "whole dong");
    if (strlen(values[5]) != (size_t)2 * EOD_HASH_BYTES ||
        parse_hex(values[5], ret->rows_hash, EOD_HASH_BYTES) < 0)
        return bad(err, "sha256", values[5], "64 hexadecimal digits");
    return 0;
}

static int ids_parse(char *const *values, struct eod_row *ret, struct err *err)
{
    if (!eod_is_id(values[0], EOD_TRANSACTION_MAX_BYTES))
        return bad(err, "transaction_id", values[0], "1 to 64 printable characters");
    if (values[1][0] != '\0' && !eod_is_id(values[1], EOD_ID_MAX_BYTES))
        return bad(err, "payment_id", values[1], "nothing, or a payment's id");
    if (!eod_is_id(values[2], EOD_ID_MAX_BYTES))
        return bad(err, "bill_id", values[2], "a bill's id");
    int64_t version;
    if (parse_int64(values[3], 1, UINT32_MAX, &version) < 0)
        return bad(err, "bill_version", values[3], "a bill's version");
    ret->bill_version = (uint32_t)version;
    ret->transaction_id = values[0];
    ret->payment_id = values[1];
    ret->bill_id = values[2];
    return 0;
}

int eod_row_parse(char *const *values, struct eod_row *ret, struct err *err)
{
    if (ids_parse(values, ret, err) < 0)
        return -EINVAL;
    if (eod_amount_parse(values[4], &ret->amount_vnd) < 0)
        return bad(err, "amount", values[4], "whole dong");
    int status = word(eod_statuses, ARRAY_LEN(eod_statuses), values[5]);
    if (status == 0)
        return bad(err, "status", values[5], "paid or reversed");
    if (instant_parse(values[6], &ret->paid_at_ms) < 0)
        return bad(err, "paid_at", values[6], "YYYY-MM-DDThh:mm:ss+07:00");
    if (date_parse(values[7], &ret->business_day) < 0)
        return bad(err, "business_date", values[7], "YYYY-MM-DD");
    if (values[8][0] != '\0' && !eod_is_code(values[8]))
        return bad(err, "point", values[8], "nothing, or a point's code");
    if (values[9][0] != '\0' && !eod_is_code(values[9]))
        return bad(err, "collector", values[9], "nothing, or a collector's code");
    int channel = word(eod_channels, ARRAY_LEN(eod_channels), values[10]);
    if (channel == 0)
        return bad(err, "channel", values[10], "cash or transfer");
    if (parse_int64(values[11], 0, EOD_AMOUNT_MAX_VND, &ret->fee_vnd) < 0)
        return bad(err, "fee", values[11], "whole dong, 0 for none");
    ret->status = (enum eod_status)status;
    ret->point = values[8];
    ret->collector = values[9];
    ret->channel = (enum eod_channel)channel;
    return 0;
}

int eod_trailer_parse(char *const *values, uint32_t *ret_n, int64_t *ret_sum_vnd, struct err *err)
{
    int64_t n;
    if (parse_int64(values[0], 0, EOD_ROWS_MAX, &n) < 0)
        return bad(err, "count", values[0], "0 to 5000000");
    if (parse_int64(values[1], 0, SUM_MAX_VND, ret_sum_vnd) < 0)
        return bad(err, "sum", values[1], "whole dong");
    *ret_n = (uint32_t)n;
    return 0;
}
