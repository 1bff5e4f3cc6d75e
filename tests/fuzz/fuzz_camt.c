/* A statement or notification of a bank: the first byte says in how large pieces it comes. What is
 * told of it adds up. */
#include <errno.h>
#include <string.h>

#include "common/settle/camt.h"
#include "tests/fuzz/fuzz.h"

struct source {
    const uint8_t *data;
    size_t len, piece;
};

struct told {
    unsigned n;
    int64_t credits_vnd, debits_vnd; /* booked; of a batch both ways */
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

static int on_entry(void *arg, const struct camt_entry *entry)
{
    struct told *told = arg;
    ASSERT(entry->line > 0 && entry->account[0] != '\0');
    ASSERT(entry->amount_vnd >= 0 && entry->amount_vnd <= CAMT_AMOUNT_MAX_VND);
    ASSERT(strlen(entry->reference) < CAMT_REFERENCE_BYTES);
    ASSERT(strlen(entry->text) <= CAMT_TEXT_MAX_BYTES);
    told->n++;
    if (entry->status == CAMT_BOOKED && entry->is_credit)
        told->credits_vnd += entry->amount_vnd;
    else if (entry->status == CAMT_BOOKED)
        told->debits_vnd += entry->amount_vnd;
    return told->n == 8 ? -ECANCELED : 0; /* so that no sum here overflows */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {.piece = (size_t)fuzz_byte(&data, &size) + 1};
    struct told told = {0};
    struct camt_summary summary;
    struct err err = {{0}, {0}};
    source.data = data;
    source.len = size;
    int rc = camt_read(on_read, &source, on_entry, &told, &summary, &err);
    ASSERT(rc == 0 || rc == -EINVAL || rc == -EMSGSIZE || rc == -ECANCELED);
    if (rc < 0 && rc != -ECANCELED) {
        fuzz_check_err(&err);
        ASSERT(strstr(err.text, "line ") != NULL);
    }
    if (rc == 0) {
        ASSERT(summary.n_transactions == told.n);
        ASSERT(summary.credits_vnd - summary.debits_vnd == told.credits_vnd - told.debits_vnd);
    }
    return 0;
}
