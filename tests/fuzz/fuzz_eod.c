/* An end-of-day file: the first byte says in how large pieces it comes. What is taken adds up. */
#include <errno.h>
#include <string.h>

#include "common/settle/eod.h"
#include "tests/fuzz/fuzz.h"

struct source {
    const uint8_t *data;
    size_t len, piece;
};

struct told {
    uint32_t n_rows, n_bad, line;
    int64_t sum_vnd;
    int has_unreadable;
};

static long on_read(void *arg, void *bytes, size_t len)
{
    struct source *source = arg;
    size_t n = MIN(MIN(len, source->piece), source->len);
    if (n > 0)
        memcpy(bytes, source->data, n);
    source->data += n;
    source->len -= n;
    return (long)n;
}

static int on_head(void *arg, const struct eod_head *head, struct err *err)
{
    (void)arg;
    (void)err;
    ASSERT(head->n_rows <= EOD_ROWS_MAX && strlen(head->partner) <= EOD_CODE_MAX_BYTES);
    return 0;
}

static int on_row(void *arg, const struct eod_row *row)
{
    struct told *told = arg;
    ASSERT(row->line > told->line && row->amount_vnd >= 0 && row->fee_vnd >= 0);
    ASSERT(strlen(row->transaction_id) <= EOD_TRANSACTION_MAX_BYTES && row->transaction_id[0] != 0);
    ASSERT(strlen(row->bill_id) <= EOD_ID_MAX_BYTES && strlen(row->payment_id) <= EOD_ID_MAX_BYTES);
    ASSERT(row->status == EOD_PAID || row->status == EOD_REVERSED);
    told->line = row->line;
    told->n_rows++;
    told->sum_vnd += row->amount_vnd;
    return 0;
}

static int on_bad(void *arg, const struct eod_bad *bad)
{
    struct told *told = arg;
    ASSERT(bad->line > told->line && bad->why[0] != '\0');
    ASSERT(parse_is_utf8(bad->why, strlen(bad->why)));
    told->line = bad->line;
    told->n_bad++;
    told->sum_vnd += bad->amount_vnd;
    told->has_unreadable |= !bad->has_amount;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct eod_visitor visitor = {on_head, on_row, on_bad};
    struct source source = {.piece = (size_t)fuzz_byte(&data, &size) + 1};
    struct told told = {0};
    struct eod_file file;
    struct err err = {{0}, {0}};
    source.data = data;
    source.len = size;
    int rc = eod_read(on_read, &source, &visitor, &told, &file, &err);
    ASSERT(rc == 0 || rc == -EINVAL);
    if (rc < 0) {
        fuzz_check_err(&err);
        ASSERT(strstr(err.text, "line ") != NULL);
        return 0;
    }
    ASSERT(told.n_rows + told.n_bad == file.head.n_rows && told.n_bad == file.n_bad);
    ASSERT(told.sum_vnd + file.unreadable_vnd == file.head.sum_vnd);
    ASSERT(told.has_unreadable || file.unreadable_vnd == 0);
    return 0;
}
