/* A generated business date of a partner: its file and the ledger's payments, with differences
 * planted in it whose class is known. The same day is always the same. */
#ifndef ANSINH_TESTS_SUPPORT_EOD_DAY_H
#define ANSINH_TESTS_SUPPORT_EOD_DAY_H

#include "common/settle/match.h"

#define EOD_DAY_LINE_BYTES 512

struct eod_day {
    unsigned n; /* payments, known to one side at least */
    uint64_t seed;
    unsigned planted_every; /* one of so many is not matched; 0: all are */
    int32_t business_day;
};

/* What payment i is. Of a duplicate the first row is matched and the second one is the duplicate.
 */
enum match_class eod_day_class(const struct eod_day *self, unsigned i);

/* Its transaction id, "VNP-00000042"; a bad record has none in the file. */
void eod_day_id(unsigned i, char ret[EOD_TRANSACTION_MAX_BYTES + 1]);

/* Its rows in the file, 0 to 2, with their line ends; how many. */
unsigned eod_day_rows(const struct eod_day *self, unsigned i, char ret[EOD_DAY_LINE_BYTES],
                      int64_t *ret_vnd);

/* What the ledger has of it: 1, or 0 for nothing. Texts are valid until the next call. */
int eod_day_payment(const struct eod_day *self, unsigned i, struct match_payment *ret);

/* Writes the file. 0 or -EIO. */
int eod_day_write(const struct eod_day *self, FILE *out);

/* Reads a file of the day into a match; as eod_read. */
int eod_day_match(FILE *file, struct match *match, struct eod_file *ret, struct err *err);

#endif
