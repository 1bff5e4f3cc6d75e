/* What the books' keys hold, number by number. */
#ifndef ANSINH_CLI_VERIFY_BOOKS_READ_H
#define ANSINH_CLI_VERIFY_BOOKS_READ_H

#include "ansinh/v1/books.pb-c.h"
#include "services/cli/verify.h"
#include "services/cli/verify_books_place.h"

#define BOOKS_VIEW "books"

/* Of an entry or a payment: its journal position, and a number that stands for all it says. */
struct books_row {
    unsigned partition;
    struct journal_position position;
    uint64_t content;
};

/* content of a posting, of a payment's row, and of a reversal's field and value: of this run alone.
 */
uint64_t books_posting_content(unsigned partition, struct journal_position position, int64_t at_ms,
                               int64_t vnd);
uint64_t books_payment_content(const Ansinh__V1__BookedPayment *booked);
uint64_t books_text_content(const char *field, const char *value, size_t len);

/* take: a sum at a place, which comes once and is what is stored. place: where rows of entries and
 * payments are to be added up; add: such a row. waits: a payment in the queue of those that
 * get a receipt; may come twice. lot: cash of a holder and
 * the minute when the first of it came; is_earlier: what came before all lots, and a minute of the
 * last span of it, 0: there is none. wrong: what cannot be read. */
struct books_reader {
    struct verify *verify;
    void *arg;
    void (*take)(void *arg, const struct books_place *place, int64_t number);
    void *(*place)(void *arg, const struct books_place *place);
    void (*add)(void *arg, void *place, int64_t number, const struct books_row *row);
    void (*waits)(void *arg, unsigned partition, struct journal_position payment);
    void (*lot)(void *arg, const char *holder, int is_earlier, uint32_t minute, int64_t vnd);
    void (*wrong)(void *arg, const char *key, const char *why);
};

/* Reads everything; turns the loop until it is read. As store_reply_fn. */
int books_read(const struct books_reader *reader) MUST_CHECK;

#endif
