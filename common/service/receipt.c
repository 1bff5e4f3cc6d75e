#include "common/service/receipt.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/service/command.h"
#include "common/base/parse.h"

#define BASE 32
#define EPOCH_BITS 4
#define SEQ_BITS 26
#define MAC_BITS 35
#define POSITION_BITS (10 + EPOCH_BITS + SEQ_BITS)
#define PAYLOAD_CHARS (RECEIPT_CODE_CHARS - 1)
#define BUCKETS 128
#define NUMBERS_TOGETHER 64 /* of a series, in one bucket */
#define YEAR_MIN 1900
#define YEAR_MAX 2199

_Static_assert(POSITION_BITS + MAC_BITS == 5 * PAYLOAD_CHARS, "a code holds position and MAC");
_Static_assert(PARTITIONS == 1 << 10, "ten bits");

static const char digits[BASE + 1] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* --- the code --------------------------------------------------------------------------------- */

static uint64_t first_bits(const uint8_t bytes[ID_BYTES], unsigned n_bits)
{
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(value); i++)
        value = value << 8 | bytes[i];
    return value >> (64 - n_bits);
}

static uint64_t mac_of(const struct keyring *keyring, uint64_t position)
{
    char text[24];
    uint8_t hash[ID_BYTES];
    (void)snprintf(text, sizeof(text), "%" PRIx64, position);
    keyring_hash(keyring, 'v', text, hash);
    return first_bits(hash, MAC_BITS);
}

/* Hides the position: codes tell nobody how many payments there are. */
static uint64_t mask_of(const struct keyring *keyring, uint64_t mac)
{
    char text[24];
    uint8_t hash[ID_BYTES];
    (void)snprintf(text, sizeof(text), "%" PRIx64, mac);
    keyring_hash(keyring, 'w', text, hash);
    return first_bits(hash, POSITION_BITS);
}

/* Luhn modulo 32 over n values; from the right, every first one counts twice when the check
 * character is still to come. */
static unsigned luhn(const uint8_t *values, size_t n, int is_first_doubled)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned value = values[n - 1 - i];
        if ((i % 2 == 0) == is_first_doubled)
            value *= 2;
        sum += value / BASE + value % BASE;
    }
    return sum % BASE;
}

/* Bits 0 to 39 of the position, 40 to 74 of the MAC, five a character from the lowest on. */
static unsigned bit_at(uint64_t position, uint64_t mac, unsigned i)
{
    return (unsigned)((i < POSITION_BITS ? position >> i : mac >> (i - POSITION_BITS)) & 1);
}

void receipt_code_format(const struct keyring *keyring, unsigned partition,
                         struct journal_position position, char ret[RECEIPT_CODE_BYTES])
{
    uint8_t values[PAYLOAD_CHARS];
    ret[0] = '\0';
    if (partition >= PARTITIONS || position.epoch < 1 || position.epoch > 1U << EPOCH_BITS ||
        position.seq >= 1U << SEQ_BITS)
        return;
    uint64_t plain = (uint64_t)partition << (EPOCH_BITS + SEQ_BITS) |
                     (uint64_t)(position.epoch - 1) << SEQ_BITS | position.seq;
    uint64_t mac = mac_of(keyring, plain), hidden = plain ^ mask_of(keyring, mac);
    for (unsigned c = 0; c < PAYLOAD_CHARS; c++) {
        values[c] = 0;
        for (unsigned b = 0; b < 5; b++)
            values[c] |= (uint8_t)(bit_at(hidden, mac, 5 * c + b) << b);
        ret[c] = digits[values[c]];
    }
    ret[PAYLOAD_CHARS] = digits[(BASE - luhn(values, PAYLOAD_CHARS, 1)) % BASE];
    ret[RECEIPT_CODE_CHARS] = '\0';
}

/* -1: no character of a code. */
static int value_of(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        c = '0';
    if (c == 'I' || c == 'L')
        c = '1';
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

static int read_values(const char *text, uint8_t ret[RECEIPT_CODE_CHARS])
{
    size_t n = 0;
    for (; *text != '\0'; text++) {
        int value = value_of(*text);
        if (*text == '-' || *text == ' ')
            continue;
        if (value < 0 || n == RECEIPT_CODE_CHARS)
            return -EINVAL;
        ret[n++] = (uint8_t)value;
    }
    return n == RECEIPT_CODE_CHARS && luhn(ret, n, 0) == 0 ? 0 : -EINVAL;
}

int receipt_code_parse(const struct keyring *keyring, const char *text, unsigned *ret_partition,
                       struct journal_position *ret)
{
    uint8_t values[RECEIPT_CODE_CHARS];
    uint64_t hidden = 0, mac = 0;
    if (read_values(text, values) < 0)
        return -EINVAL;
    for (unsigned i = 0; i < 5 * PAYLOAD_CHARS; i++) {
        uint64_t bit = values[i / 5] >> (i % 5) & 1;
        if (i < POSITION_BITS)
            hidden |= bit << i;
        else
            mac |= bit << (i - POSITION_BITS);
    }
    uint64_t plain = hidden ^ mask_of(keyring, mac);
    if (mac_of(keyring, plain) != mac)
        return -EINVAL;
    *ret_partition = (unsigned)(plain >> (EPOCH_BITS + SEQ_BITS));
    ret->epoch = (uint32_t)(plain >> SEQ_BITS & ((1U << EPOCH_BITS) - 1)) + 1;
    ret->seq = plain & ((1U << SEQ_BITS) - 1);
    return ret->seq > 0 ? 0 : -EINVAL;
}

/* --- series ----------------------------------------------------------------------------------- */

void series_name_format(const char *organisation, const char *point, int year,
                        char ret[SERIES_NAME_BYTES])
{
    (void)snprintf(ret, SERIES_NAME_BYTES, "%.32s/%.32s/%04d", organisation, point, year);
}

int series_name_parse(const char *name, char ret_point[SERIES_POINT_BYTES])
{
    const char *first = strchr(name, '/');
    const char *second = first == NULL ? NULL : strchr(first + 1, '/');
    int64_t year;
    if (second == NULL || first == name || first - name >= SERIES_POINT_BYTES ||
        second == first + 1 || second - first > SERIES_POINT_BYTES)
        return -EINVAL;
    if (parse_int64(second + 1, YEAR_MIN, YEAR_MAX, &year) < 0)
        return -EINVAL;
    size_t len = (size_t)(second - first) - 1;
    memcpy(ret_point, first + 1, len);
    ret_point[len] = '\0';
    return 0;
}

void receipt_subject(const struct keyring *keyring, const char *kind, const char *code,
                     uint8_t ret[ID_BYTES])
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s\n%s", kind, code);
    keyring_hash(keyring, 'h', text, ret);
}

/* --- places ----------------------------------------------------------------------------------- */

static void put(struct receipt_place *self, uint64_t value, size_t n_bytes)
{
    for (size_t i = n_bytes; i-- > 0;)
        self->field[self->len++] = (uint8_t)(value >> (8 * i));
}

static void start(struct receipt_place *self, char kind, uint64_t spread)
{
    self->bucket = (unsigned)(spread % BUCKETS);
    self->field[0] = (uint8_t)kind;
    self->len = 1;
}

uint64_t series_id(const char *name)
{
    uint8_t hash[ID_BYTES];
    (void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)name, strlen(name), NULL, 0);
    return first_bits(hash, 64);
}

void receipt_place_series(uint64_t series, struct receipt_place *ret)
{
    start(ret, 's', series);
    put(ret, series, 8);
}

void receipt_place_number(uint64_t series, uint64_t number, struct receipt_place *ret)
{
    start(ret, 'n', series + number / NUMBERS_TOGETHER);
    put(ret, series, 8);
    put(ret, number, 8);
}

void receipt_place_payment(unsigned partition, struct journal_position position,
                           struct receipt_place *ret)
{
    start(ret, 'p', partition + position.seq);
    put(ret, partition, 2);
    put(ret, position.epoch, 4);
    put(ret, position.seq, 8);
}

void receipt_place_cash(const uint8_t subject[ID_BYTES], struct receipt_place *ret)
{
    start(ret, 'h', partition_bucket(subject));
    memcpy(ret->field + ret->len, partition_field(subject), CITIZEN_FIELD_BYTES);
    ret->len += CITIZEN_FIELD_BYTES;
}

static void place_subject(struct receipt_place *ret, char kind, const uint8_t subject[ID_BYTES])
{
    start(ret, kind, partition_bucket(subject));
    memcpy(ret->field + ret->len, subject, ID_BYTES);
    ret->len += ID_BYTES;
}

void receipt_place_bank(const uint8_t subject[ID_BYTES], struct receipt_place *ret)
{
    place_subject(ret, 'b', subject);
}

void receipt_place_commission(const uint8_t subject[ID_BYTES], struct receipt_place *ret)
{
    place_subject(ret, 'k', subject);
}

void receipt_place_session(const uint8_t subject[ID_BYTES], struct receipt_place *ret)
{
    place_subject(ret, 'v', subject);
}
