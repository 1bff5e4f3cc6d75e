/* What several processes must agree on about receipts: verification codes, names of series, and
 * where the ledger keeps them. */
#ifndef ANSINH_SERVICE_RECEIPT_H
#define ANSINH_SERVICE_RECEIPT_H

#include "ansinh/v1/receipts.pb-c.h"
#include "common/base/keyring.h"
#include "common/store/commit.h"

/* --- the code on a receipt -------------------------------------------------------------------- */

#define RECEIPT_CODE_CHARS 16
#define RECEIPT_CODE_BYTES (RECEIPT_CODE_CHARS + 1)

/* The code of the payment at a journal position: 16 characters of Crockford's base 32. Who has the
 * platform's key finds the position in it; without it nobody makes a code that passes but by luck,
 * once in 2^35 tries, and nobody reads a position in one. The last character checks the others
 * (Luhn modulo 32). "" for a position that no code can hold: an epoch above 16, a number of 2^26 or
 * more.
 */
void receipt_code_format(const struct keyring *keyring, unsigned partition,
                         struct journal_position position, char ret[RECEIPT_CODE_BYTES]);

/* The reverse, in any case, with O for 0 and I and L for 1, dashes and spaces anywhere. -EINVAL: no
 * code that this key made. */
int receipt_code_parse(const struct keyring *keyring, const char *text, unsigned *ret_partition,
                       struct journal_position *ret) MUST_CHECK;

/* --- series ----------------------------------------------------------------------------------- */

#define RECEIPT_CODE_OF_NOBODY "-" /* point or organisation of a payment that names none */
#define SERIES_POINT_BYTES 33
#define SERIES_NAME_BYTES 72 /* two codes of 32 characters, a year */
#define SERIES_BLOCKS_MAX 32 /* open at once */
#define BLOCK_NUMBERS_MAX 200

/* "<organisation>/<point>/<year>" */
void series_name_format(const char *organisation, const char *point, int year,
                        char ret[SERIES_NAME_BYTES]);
/* -EINVAL: no name of a series. */
int series_name_parse(const char *name, char ret_point[SERIES_POINT_BYTES]) MUST_CHECK;

/* The keyed hash of what is numbered: kind "point", "holder" of cash, or "session". Says the
 * partition. */
void receipt_subject(const struct keyring *keyring, const char *kind, const char *code,
                     uint8_t ret[ID_BYTES]);

/* --- records: version, 4 bytes, then a packed message ----------------------------------------- */

/* A record's place in its subject's partition: bucket for key_numbered, field. */
#define RECEIPT_FIELD_MAX_BYTES 17
struct receipt_place {
    unsigned bucket;
    uint8_t field[RECEIPT_FIELD_MAX_BYTES];
    size_t len;
};

/* Eight bytes that stand for a series' name in records. */
uint64_t series_id(const char *name);

void receipt_place_series(uint64_t series, struct receipt_place *ret); /* ReceiptSeriesRecord */
void receipt_place_number(uint64_t series, uint64_t number,
                          struct receipt_place *ret); /* ReceiptRecord */
void receipt_place_payment(unsigned partition, struct journal_position position,
                           struct receipt_place *ret); /* PaymentReceiptRecord */
void receipt_place_cash(const uint8_t subject[ID_BYTES],
                        struct receipt_place *ret); /* RemittedRecord */
void receipt_place_bank(const uint8_t subject[ID_BYTES],
                        struct receipt_place *ret); /* BankEntryRecord */
void receipt_place_commission(const uint8_t subject[ID_BYTES],
                              struct receipt_place *ret); /* CommissionRecord */
void receipt_place_session(const uint8_t subject[ID_BYTES],
                           struct receipt_place *ret); /* SessionRecord */

#endif
