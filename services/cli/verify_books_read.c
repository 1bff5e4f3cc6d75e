#include "services/cli/verify_books_read.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/books.pb-c.h"
#include "ansinh/v1/ledger.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/store/views.h"
#include "services/cli/verify_pack.h"

#define YEAR_FIRST 2020
#define SCAN_COUNT "1000"
#define HEAD_BYTES 9 /* version, length of the holder's name */
#define TIME_BYTES 8
#define DECIMAL_BYTES 16
#define PAYMENT_MAX_BYTES 4096
#define PAYMENT_ID 1U /* fields of a BookedPayment, and of its Pockets */
#define POCKETS 5U
#define PARTICIPANT_VND 1U
#define PACKED_NUMBER 0U
#define PACKED_BYTES 2U
#define NUMBERS 4 /* of an entry's row */
#define CASH_HEAD_BYTES 31
#define CASH_LOT_BYTES 12
#define TASK_HEAD_BYTES 28
#define TASK_IS_RECEIPT 1
#define REFUND_STATES (ANSINH__V1__REFUND_STATE__REFUND_STATE_PAID_OUT + 1)

struct scan {
    const struct books_reader *reader;
    char key[KEY_MAX_BYTES];
    char name[VIEW_KEY_MAX_BYTES];
    const char *command;
    void (*take)(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                 size_t len);
    struct map *seen; /* what is added up, and a scan may give twice; NULL: it is not */
    int year;         /* of days */
    unsigned account; /* of entries */
    int64_t refunds_vnd[REFUND_STATES];
    unsigned open;
    int rc;
};

static void wrong(const struct scan *self, const char *why)
{
    self->reader->wrong(self->reader->arg, self->key, why);
}

/* --- contents --------------------------------------------------------------------------------- */

/* Stirs another number in (splitmix64's last steps). */
static uint64_t stir(uint64_t content, uint64_t number)
{
    uint64_t x = content * 31 + number + 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

uint64_t books_posting_content(unsigned partition, struct journal_position position, int64_t at_ms,
                               int64_t vnd)
{
    uint64_t content = stir(stir(partition, position.epoch), position.seq);
    return stir(stir(content, (uint64_t)at_ms), (uint64_t)vnd);
}

/* Nobody can make two texts of the same content: the key is drawn anew in each run. */
static const unsigned char *content_key(void)
{
    static unsigned char key[crypto_shorthash_KEYBYTES];
    static int has_key;
    if (!has_key)
        crypto_shorthash_keygen(key);
    has_key = 1;
    return key;
}

static uint64_t content_of(const void *bytes, size_t len)
{
    uint64_t content;
    (void)crypto_shorthash((unsigned char *)&content, bytes, len, content_key());
    return content;
}

uint64_t books_payment_content(const Ansinh__V1__BookedPayment *booked)
{
    uint8_t bytes[PAYMENT_MAX_BYTES];
    size_t len = verify_pack(&booked->base, bytes, sizeof(bytes));
    return len == 0 ? 0 : content_of(bytes, len);
}

uint64_t books_text_content(const char *field, const char *value, size_t len)
{
    return content_of(field, strlen(field)) * 31 + content_of(value, len);
}

/* --- sums ------------------------------------------------------------------------------------- */

/* A number before a colon; -1: there is none. *at then stands behind the colon. */
static int64_t read_decimal(const char **at)
{
    char text[DECIMAL_BYTES];
    int64_t number;
    size_t len = strcspn(*at, ":");
    if ((*at)[len] == '\0' || len >= sizeof(text))
        return -1;
    memcpy(text, *at, len);
    text[len] = '\0';
    *at += len + 1;
    return parse_int64(text, 0, INT32_MAX, &number) < 0 ? -1 : number;
}

/* "<account>:[<day>:]<side>:<holder>"; year: that the day must be of, 0: there is no day. */
static int read_sum_place(const char *field, size_t field_len, int64_t year,
                          struct books_place *ret)
{
    int day_year = 0, month, day_of_month;
    const char *at = field;
    int64_t account = read_decimal(&at), day = year == 0 ? 0 : read_decimal(&at);
    if (account < 1 || account >= BOOKS_ACCOUNTS || day < 0 || (at[0] != 'd' && at[0] != 'c') ||
        at[1] != ':' || strlen(field) != field_len || strlen(at + 2) > BOOKS_HOLDER_MAX_BYTES)
        return -EPROTO;
    if (year != 0)
        date_split((int32_t)day, &day_year, &month, &day_of_month);
    *ret = (struct books_place){year == 0 ? BOOKS_TOTAL : BOOKS_DAY, (unsigned)account,
                                at[0] == 'c', (int32_t)day, at + 2};
    return day_year == year ? 0 : -EPROTO;
}

static void take_sum(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                     size_t len)
{
    struct books_place place;
    int64_t number;
    (void)len;
    if (parse_int64((const char *)value, INT64_MIN, INT64_MAX, &number) < 0)
        wrong(self, "is no number");
    else if (read_sum_place(field, field_len, self->year, &place) < 0)
        wrong(self, "has a sum of no account");
    else
        self->reader->take(self->reader->arg, &place, number);
}

static int64_t read_little(const uint8_t *from)
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number |= (uint64_t)from[i] << (8 * i);
    return (int64_t)number;
}

static void take_partition(struct scan *self, const char *field, size_t field_len,
                           const uint8_t *value, size_t len)
{
    int64_t partition;
    (void)field_len;
    if (len != 8 * BOOKS_ACCOUNTS || parse_int64(field, 0, PARTITIONS - 1, &partition) < 0) {
        wrong(self, "is of another length or partition");
        return;
    }
    for (unsigned account = 0; account < BOOKS_ACCOUNTS; account++) {
        const struct books_place place = {BOOKS_PART, account, 0, (int32_t)partition, ""};
        int64_t number = read_little(value + 8UL * account);
        if (number != 0)
            self->reader->take(self->reader->arg, &place, number);
    }
}

/* --- entries ---------------------------------------------------------------------------------- */

static size_t read_number(const uint8_t *from, size_t len, uint64_t *ret)
{
    unsigned shift = 0;
    *ret = 0;
    for (size_t i = 0; i < len && shift < 64; i++, shift += 7) {
        *ret |= (uint64_t)(from[i] & 127) << shift;
        if (from[i] < 128)
            return i + 1;
    }
    return 0;
}

/* One entry of a chunk; answers its length, 0: it cannot be read. */
static size_t read_entry(const uint8_t *bytes, size_t len, int64_t first_ms, struct books_row *ret,
                         int64_t *ret_vnd)
{
    uint64_t numbers[NUMBERS];
    size_t at = 2;
    if (len < at)
        return 0;
    ret->partition = bytes[0] | (unsigned)bytes[1] << 8;
    for (size_t i = 0; i < NUMBERS; i++) {
        size_t n = read_number(bytes + at, len - at, &numbers[i]);
        if (n == 0 || ret->partition >= PARTITIONS)
            return 0;
        at += n;
    }
    int64_t half = (int64_t)(numbers[3] / 2);
    *ret_vnd = numbers[3] % 2 == 1 ? -half - 1 : half;
    ret->position = (struct journal_position){(uint32_t)numbers[0], numbers[1]};
    ret->content =
        books_posting_content(ret->partition, ret->position, first_ms + (int64_t)numbers[2],
                              *ret_vnd < 0 ? half + 1 : half);
    return at;
}

/* version, holder, time of the first entry, then the entries */
static void take_chunk(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                       size_t len)
{
    const uint8_t *bytes = (const uint8_t *)field;
    size_t holder_len = field_len < HEAD_BYTES ? field_len : bytes[HEAD_BYTES - 1];
    size_t at = HEAD_BYTES + holder_len + TIME_BYTES;
    char holder[BOOKS_HOLDER_MAX_BYTES + 1] = "";
    struct books_place place = {.kind = BOOKS_ENTRIES, .account = self->account, .holder = holder};
    void *sides[2] = {NULL, NULL}; /* of debits, of credits */
    (void)value;
    (void)len;
    if (at > field_len || holder_len > BOOKS_HOLDER_MAX_BYTES) {
        wrong(self, "has a chunk without a head");
        return;
    }
    memcpy(holder, bytes + HEAD_BYTES, holder_len);
    int64_t first_ms = read_little(bytes + HEAD_BYTES + holder_len);
    while (at < field_len) {
        struct books_row row;
        int64_t vnd = 0;
        size_t n = read_entry(bytes + at, field_len - at, first_ms, &row, &vnd);
        if (n == 0) {
            wrong(self, "has an entry that cannot be read");
            return;
        }
        place.is_credit = vnd < 0;
        if (sides[place.is_credit] == NULL)
            sides[place.is_credit] = self->reader->place(self->reader->arg, &place);
        self->reader->add(self->reader->arg, sides[place.is_credit], vnd < 0 ? -vnd : vnd, &row);
        at += n;
    }
}

/* --- payments --------------------------------------------------------------------------------- */

/* A field of a packed message: a number, or bytes. */
struct packed_field {
    uint64_t number; /* or the length */
    const uint8_t *bytes;
    unsigned key; /* its number in the message << 3 | how it is packed */
};

/* Answers the length; 0: it cannot be read, or is packed in a way that bookings have no use for. */
static size_t read_field(const uint8_t *from, size_t len, struct packed_field *ret)
{
    uint64_t key;
    size_t at = read_number(from, len, &key);
    size_t n = at == 0 || key > INT32_MAX ? 0 : read_number(from + at, len - at, &ret->number);
    if (n == 0 || ((key & 7) != PACKED_NUMBER && (key & 7) != PACKED_BYTES))
        return 0;
    at += n;
    ret->key = (unsigned)key;
    ret->bytes = (key & 7) == PACKED_BYTES ? from + at : NULL;
    if (ret->bytes == NULL)
        return at;
    return ret->number > len - at ? 0 : at + (size_t)ret->number;
}

static int read_pockets(const uint8_t *bytes, size_t len, int64_t *ret_participant_vnd)
{
    struct packed_field field;
    *ret_participant_vnd = 0;
    for (size_t at = 0, n; at < len; at += n) {
        n = read_field(bytes + at, len - at, &field);
        if (n == 0)
            return -EPROTO;
        if (field.key == (PARTICIPANT_VND << 3 | PACKED_NUMBER))
            *ret_participant_vnd = (int64_t)field.number;
    }
    return 0;
}

/* Of a BookedPayment, what says where it stands; all the rest is in its content. */
static int read_payment(const uint8_t *bytes, size_t len, struct books_row *ret, int64_t *ret_vnd)
{
    struct packed_field field;
    char id[POSITION_TEXT_BYTES] = "";
    int has_pockets = 0;
    for (size_t at = 0, n; at < len; at += n) {
        n = read_field(bytes + at, len - at, &field);
        if (n == 0)
            return -EPROTO;
        if (field.key == (PAYMENT_ID << 3 | PACKED_BYTES) && field.number < sizeof(id)) {
            memcpy(id, field.bytes, (size_t)field.number);
            id[field.number] = '\0';
        } else if (field.key == (POCKETS << 3 | PACKED_BYTES)) {
            has_pockets = read_pockets(field.bytes, (size_t)field.number, ret_vnd) == 0;
        }
    }
    return has_pockets && position_parse(id, &ret->partition, &ret->position) == 0 &&
                   ret->partition < PARTITIONS
               ? 0
               : -EPROTO;
}

static void take_payment(struct scan *self, void *place, const uint8_t *bytes, size_t len)
{
    struct books_row row = {.content = content_of(bytes, len)};
    int64_t vnd;
    if (read_payment(bytes, len, &row, &vnd) < 0)
        wrong(self, "has a payment that cannot be read");
    else
        self->reader->add(self->reader->arg, place, vnd, &row);
}

/* version, organisation, then payments; the score's upper half is the business day */
static void take_batch(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                       size_t len)
{
    const uint8_t *bytes = (const uint8_t *)field;
    size_t code_len = field_len < HEAD_BYTES ? field_len : bytes[HEAD_BYTES - 1];
    size_t at = HEAD_BYTES + code_len;
    char organisation[BOOKS_HOLDER_MAX_BYTES + 1] = "";
    struct books_place place = {.kind = BOOKS_PAYMENTS, .holder = organisation};
    int64_t score;
    (void)len;
    if (at > field_len || code_len > BOOKS_HOLDER_MAX_BYTES ||
        parse_int64((const char *)value, 0, INT64_MAX, &score) < 0) {
        wrong(self, "has a batch without a head");
        return;
    }
    memcpy(organisation, bytes + HEAD_BYTES, code_len);
    place.number = (int32_t)((score >> 32) - 65536);
    void *at_place = at == field_len ? NULL : self->reader->place(self->reader->arg, &place);
    while (at + 2 <= field_len) {
        size_t row_len = bytes[at] | (size_t)bytes[at + 1] << 8;
        if (row_len > field_len - at - 2) {
            wrong(self, "has a payment that cannot be read");
            return;
        }
        take_payment(self, at_place, bytes + at + 2, row_len);
        at += 2 + row_len;
    }
}

/* Counted by the journal entry of the reversal. */
static void take_reversal(struct scan *self, const char *field, size_t field_len,
                          const uint8_t *value, size_t len)
{
    const struct books_place place = {.kind = BOOKS_REVERSED, .holder = ""};
    struct books_row row = {0};
    char text[POSITION_TEXT_BYTES];
    (void)field_len;
    (void)snprintf(text, sizeof(text), "%.*s", (int)MIN(strcspn((const char *)value, ":"), 38UL),
                   (const char *)value);
    row.content = books_text_content(field, (const char *)value, len);
    if (position_parse(text, &row.partition, &row.position) < 0 || row.partition >= PARTITIONS)
        wrong(self, "has a reversal that cannot be read");
    else
        self->reader->add(self->reader->arg, self->reader->place(self->reader->arg, &place), 1,
                          &row);
}

/* A case that was rejected is empty. */
static void take_refund(struct scan *self, const char *field, size_t field_len,
                        const uint8_t *value, size_t len)
{
    if (len == 0)
        return;
    Ansinh__V1__OpenRefundCase *row = ansinh__v1__open_refund_case__unpack(NULL, len, value);
    if (row == NULL || (size_t)row->state >= ARRAY_LEN(self->refunds_vnd) ||
        strlen(row->payment_id) != field_len || memcmp(row->payment_id, field, field_len) != 0)
        wrong(self, "has a refund case that cannot be read");
    else
        self->refunds_vnd[row->state] += row->amount_vnd;
    if (row != NULL)
        ansinh__v1__open_refund_case__free_unpacked(row, NULL);
}

/* --- cash and receipts ------------------------------------------------------------------------ */

static uint32_t read_minute(const uint8_t *from)
{
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

/* version, flags, collected, remitted, what came before the first lot, its minute, number of lots;
 * then the lots, each a minute and what came */
static void take_cash(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                      size_t len)
{
    if (len < CASH_HEAD_BYTES || field_len > BOOKS_HOLDER_MAX_BYTES ||
        len != CASH_HEAD_BYTES + (size_t)value[CASH_HEAD_BYTES - 1] * CASH_LOT_BYTES) {
        wrong(self, "has cash that cannot be read");
        return;
    }
    int64_t apart_vnd = read_little(value + 18);
    self->reader->lot(self->reader->arg, field, 1, read_minute(value + 26), apart_vnd);
    for (size_t at = CASH_HEAD_BYTES; at < len; at += CASH_LOT_BYTES) {
        int64_t vnd = read_little(value + at + 4);
        apart_vnd += vnd;
        self->reader->lot(self->reader->arg, field, 0, read_minute(value + at), vnd);
    }
    if (apart_vnd != read_little(value + 2))
        wrong(self, "has cash whose parts do not add up");
    for (int is_remitted = 0; is_remitted < 2; is_remitted++) {
        const struct books_place place = {BOOKS_CASH, 0, is_remitted, 0, field};
        self->reader->take(self->reader->arg, &place, read_little(value + 2 + 8 * is_remitted));
    }
}

/* kind, partition, epoch and number of the payment, and what the receipt needs */
static void take_task(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                      size_t len)
{
    const uint8_t *bytes = (const uint8_t *)field;
    struct journal_position payment = {0, 0};
    (void)value;
    (void)len;
    unsigned partition =
        field_len <= TASK_HEAD_BYTES ? PARTITIONS : (unsigned)bytes[1] << 8 | (unsigned)bytes[2];
    if (partition >= PARTITIONS) {
        wrong(self, "has a payment that cannot be read");
        return;
    }
    for (size_t i = 0; i < 4; i++)
        payment.epoch = payment.epoch << 8 | bytes[3 + i];
    for (size_t i = 0; i < 8; i++)
        payment.seq = payment.seq << 8 | bytes[7 + i];
    if (bytes[0] == TASK_IS_RECEIPT)
        self->reader->waits(self->reader->arg, partition, payment);
}

/* --- scans ------------------------------------------------------------------------------------ */

static int was_seen(struct scan *self, const char *member, size_t len)
{
    uint8_t hash[crypto_shorthash_siphashx24_BYTES];
    if (self->seen == NULL)
        return 0;
    (void)crypto_shorthash_siphashx24(hash, (const uint8_t *)member, len, content_key());
    return map_put(self->seen, hash, sizeof(hash), self) != NULL;
}

static void on_scanned(void *arg, int rc, const struct store_reply *reply)
{
    struct scan *self = arg;
    const struct store_reply *list = store_reply_at(reply, 1);
    size_t len, field_len;
    const char *cursor = store_reply_bytes(store_reply_at(reply, 0), &len);
    if (rc == 0 && cursor == NULL)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(list); i += 2) {
        const char *field = store_reply_bytes(store_reply_at(list, i), &field_len);
        const char *value = store_reply_bytes(store_reply_at(list, i + 1), &len);
        if (field != NULL && value != NULL && !was_seen(self, field, field_len))
            self->take(self, field, field_len, (const uint8_t *)value, len);
    }
    if (rc == 0 && strcmp(cursor, "0") != 0) {
        store_send_text(self->reader->verify->svc.views, 0, on_scanned, self, self->command,
                        self->key, cursor, "COUNT", SCAN_COUNT, NULL);
        return;
    }
    self->rc = rc;
    self->open = 0;
}

static void give_refunds(const struct scan *self)
{
    for (int state = 0; state < REFUND_STATES; state++) {
        const struct books_place place = {.kind = BOOKS_REVERSED, .number = state, .holder = ""};
        if (self->refunds_vnd[state] != 0)
            self->reader->take(self->reader->arg, &place, self->refunds_vnd[state]);
    }
}

static int scan(struct scan like, const char *name)
{
    struct scan self = like;
    self.open = 1;
    (void)snprintf(self.name, sizeof(self.name), "%s", name);
    (void)view_key(BOOKS_VIEW, name, self.key);
    if (strcmp(self.command, "ZSCAN") == 0 || self.take == take_refund)
        self.seen = map_create();
    store_send_text(self.reader->verify->svc.views, 0, on_scanned, &self, self.command, self.key,
                    "0", "COUNT", SCAN_COUNT, NULL);
    verify_wait(self.reader->verify, &self.open);
    if (self.seen != NULL)
        map_destroy(&self.seen);
    if (self.rc == 0 && self.take == take_refund)
        give_refunds(&self);
    return self.rc;
}

int books_read(const struct books_reader *reader)
{
    struct scan sums = {.reader = reader, .command = "HSCAN", .take = take_sum};
    const struct scan partitions = {.reader = reader, .command = "HSCAN", .take = take_partition};
    const struct scan reversals = {.reader = reader, .command = "HSCAN", .take = take_reversal};
    struct scan chunks = {.reader = reader, .command = "ZSCAN", .take = take_chunk};
    const struct scan batches = {.reader = reader, .command = "ZSCAN", .take = take_batch};
    const struct scan cash = {.reader = reader, .command = "HSCAN", .take = take_cash};
    const struct scan tasks = {.reader = reader, .command = "ZSCAN", .take = take_task};
    const struct scan refunds = {.reader = reader, .command = "HSCAN", .take = take_refund};
    int year, month, day;
    char name[VIEW_KEY_MAX_BYTES];
    date_split(clock_business_day(clock_wall_ms()), &year, &month, &day);
    int rc = scan(sums, "totals");
    for (int y = YEAR_FIRST; rc == 0 && y <= year + 1; y++) {
        (void)snprintf(name, sizeof(name), "days:%d", y);
        sums.year = y;
        rc = scan(sums, name);
    }
    if (rc == 0)
        rc = scan(partitions, "parts");
    for (unsigned account = 1; rc == 0 && account < BOOKS_ACCOUNTS; account++) {
        (void)snprintf(name, sizeof(name), "entries:%u", account);
        chunks.account = account;
        rc = scan(chunks, name);
    }
    if (rc == 0)
        rc = scan(batches, "payments");
    if (rc == 0)
        rc = scan(cash, "cash");
    if (rc == 0)
        rc = scan(tasks, "rq");
    if (rc == 0)
        rc = scan(refunds, "refunds");
    return rc == 0 ? scan(reversals, "reversed") : rc;
}
