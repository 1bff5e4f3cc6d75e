#include "services/cli/verify_books_read.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/books.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/store/views.h"

#define YEAR_FIRST 2020
#define SCAN_COUNT "1000"
#define HEAD_BYTES 9 /* version, length of the holder's name */
#define TIME_BYTES 8
#define PAYMENT_MAX_BYTES 4096
#define NUMBERS 4 /* of an entry's row */
#define CASH_HEAD_BYTES 31
#define CASH_LOT_BYTES 12
#define TASK_HEAD_BYTES 28
#define TASK_IS_RECEIPT 1

struct scan {
    const struct books_reader *reader;
    char key[KEY_MAX_BYTES];
    char name[VIEW_KEY_MAX_BYTES];
    const char *command;
    void (*take)(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                 size_t len);
    struct map *seen; /* members of a sorted set, which a scan may give twice; NULL: of a hash */
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

static uint64_t content_of(const void *bytes, size_t len)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    (void)crypto_generichash(hash, sizeof(hash), bytes, len, NULL, 0);
    uint64_t content;
    memcpy(&content, hash, sizeof(content));
    return content;
}

uint64_t books_payment_content(const Ansinh__V1__BookedPayment *booked)
{
    uint8_t bytes[PAYMENT_MAX_BYTES];
    if (ansinh__v1__booked_payment__get_packed_size(booked) > sizeof(bytes))
        return 0;
    return content_of(bytes, ansinh__v1__booked_payment__pack(booked, bytes));
}

uint64_t books_text_content(const char *field, const char *value, size_t len)
{
    return content_of(field, strlen(field)) * 31 + content_of(value, len);
}

/* --- sums ------------------------------------------------------------------------------------- */

static void take_sum(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                     size_t len)
{
    char place[BOOKS_PLACE_BYTES];
    int64_t number;
    (void)field_len;
    (void)len;
    (void)snprintf(place, sizeof(place), "%.*s %.90s", (int)strcspn(self->name, ":"), self->name,
                   field);
    if (parse_int64((const char *)value, INT64_MIN, INT64_MAX, &number) < 0)
        wrong(self, "is no number");
    else
        self->reader->take(self->reader->arg, place, number, NULL);
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
    (void)field_len;
    if (len != 8 * BOOKS_ACCOUNTS) {
        wrong(self, "is of another length");
        return;
    }
    for (size_t account = 0; account < BOOKS_ACCOUNTS; account++) {
        char place[BOOKS_PLACE_BYTES];
        int64_t number = read_little(value + 8 * account);
        (void)snprintf(place, sizeof(place), "parts %.8s:%zu", field, account);
        if (number != 0)
            self->reader->take(self->reader->arg, place, number, NULL);
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

/* version, holder, time of the first entry, then the entries */
static void take_chunk(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                       size_t len)
{
    const uint8_t *bytes = (const uint8_t *)field;
    size_t holder_len = field_len < HEAD_BYTES ? field_len : bytes[HEAD_BYTES - 1];
    size_t at = HEAD_BYTES + holder_len + TIME_BYTES;
    char holder[256] = "", place[BOOKS_PLACE_BYTES];
    (void)value;
    (void)len;
    if (at > field_len) {
        wrong(self, "has a chunk without a head");
        return;
    }
    memcpy(holder, bytes + HEAD_BYTES, holder_len);
    int64_t first_ms = read_little(bytes + HEAD_BYTES + holder_len);
    while (at < field_len) {
        uint64_t numbers[NUMBERS];
        if (field_len - at < 2) {
            wrong(self, "has an entry that is cut");
            return;
        }
        unsigned partition = bytes[at] | (unsigned)bytes[at + 1] << 8;
        at += 2;
        for (size_t i = 0; i < NUMBERS; i++) {
            size_t n = read_number(bytes + at, field_len - at, &numbers[i]);
            if (n == 0 || partition >= PARTITIONS) {
                wrong(self, "has an entry that cannot be read");
                return;
            }
            at += n;
        }
        struct books_row row = {partition, {(uint32_t)numbers[0], numbers[1]}, 0};
        int64_t half = (int64_t)(numbers[3] / 2);
        int is_credit = numbers[3] % 2 == 1;
        (void)snprintf(place, sizeof(place), "entries %s:%c:%.40s", self->name + strlen("entries:"),
                       is_credit ? 'c' : 'd', holder);
        int64_t size = is_credit ? half + 1 : half;
        row.content =
            books_posting_content(partition, row.position, first_ms + (int64_t)numbers[2], size);
        self->reader->take(self->reader->arg, place, size, &row);
    }
}

/* --- payments --------------------------------------------------------------------------------- */

static void take_payment(struct scan *self, int64_t day, const char *organisation,
                         const Ansinh__V1__BookedPayment *booked)
{
    struct books_row row = {0};
    char place[BOOKS_PLACE_BYTES];
    if (position_parse(booked->payment_id, &row.partition, &row.position) < 0 ||
        row.partition >= PARTITIONS || booked->pockets == NULL) {
        wrong(self, "has a payment that cannot be read");
        return;
    }
    (void)snprintf(place, sizeof(place), "payments %" PRId64 ":%.40s", day, organisation);
    row.content = books_payment_content(booked);
    self->reader->take(self->reader->arg, place, booked->pockets->participant_vnd, &row);
}

/* version, organisation, then payments; the score's upper half is the business day */
static void take_batch(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                       size_t len)
{
    const uint8_t *bytes = (const uint8_t *)field;
    size_t code_len = field_len < HEAD_BYTES ? field_len : bytes[HEAD_BYTES - 1];
    size_t at = HEAD_BYTES + code_len;
    char organisation[256] = "";
    int64_t score;
    (void)len;
    if (at > field_len || parse_int64((const char *)value, 0, INT64_MAX, &score) < 0) {
        wrong(self, "has a batch without a head");
        return;
    }
    memcpy(organisation, bytes + HEAD_BYTES, code_len);
    while (at + 2 <= field_len) {
        size_t row_len = bytes[at] | (size_t)bytes[at + 1] << 8;
        Ansinh__V1__BookedPayment *booked =
            row_len > field_len - at - 2
                ? NULL
                : ansinh__v1__booked_payment__unpack(NULL, row_len, bytes + at + 2);
        if (booked == NULL) {
            wrong(self, "has a payment that cannot be read");
            return;
        }
        take_payment(self, (score >> 32) - 65536, organisation, booked);
        ansinh__v1__booked_payment__free_unpacked(booked, NULL);
        at += 2 + row_len;
    }
}

/* Counted by the journal entry of the reversal. */
static void take_reversal(struct scan *self, const char *field, size_t field_len,
                          const uint8_t *value, size_t len)
{
    struct books_row row = {0};
    char text[POSITION_TEXT_BYTES];
    (void)field_len;
    (void)snprintf(text, sizeof(text), "%.*s", (int)MIN(strcspn((const char *)value, ":"), 38UL),
                   (const char *)value);
    row.content = books_text_content(field, (const char *)value, len);
    if (position_parse(text, &row.partition, &row.position) < 0 || row.partition >= PARTITIONS)
        wrong(self, "has a reversal that cannot be read");
    else
        self->reader->take(self->reader->arg, "reversed", 1, &row);
}

/* --- cash and receipts ------------------------------------------------------------------------ */

/* version, flags, collected, remitted, what came before the first lot, its minute, number of lots;
 * then the lots, each a minute and what came */
static void take_cash(struct scan *self, const char *field, size_t field_len, const uint8_t *value,
                      size_t len)
{
    static const char *const names[] = {"collected", "remitted"};
    char place[BOOKS_PLACE_BYTES];
    (void)field_len;
    if (len < CASH_HEAD_BYTES ||
        len != CASH_HEAD_BYTES + (size_t)value[CASH_HEAD_BYTES - 1] * CASH_LOT_BYTES) {
        wrong(self, "has cash that cannot be read");
        return;
    }
    int64_t apart_vnd = read_little(value + 18);
    for (size_t at = CASH_HEAD_BYTES; at < len; at += CASH_LOT_BYTES)
        apart_vnd += read_little(value + at + 4);
    if (apart_vnd != read_little(value + 2))
        wrong(self, "has cash whose parts do not add up");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(place, sizeof(place), "cash %s:%.40s", names[i], field);
        self->reader->take(self->reader->arg, place, read_little(value + 2 + 8 * i), NULL);
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
    uint8_t hash[ID_BYTES];
    if (self->seen == NULL)
        return 0;
    (void)crypto_generichash(hash, sizeof(hash), (const uint8_t *)member, len, NULL, 0);
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

static int scan(struct scan like, const char *name)
{
    struct scan self = like;
    self.open = 1;
    (void)snprintf(self.name, sizeof(self.name), "%s", name);
    (void)view_key(BOOKS_VIEW, name, self.key);
    if (strcmp(self.command, "ZSCAN") == 0)
        self.seen = map_create();
    store_send_text(self.reader->verify->svc.views, 0, on_scanned, &self, self.command, self.key,
                    "0", "COUNT", SCAN_COUNT, NULL);
    verify_wait(self.reader->verify, &self.open);
    if (self.seen != NULL)
        map_destroy(&self.seen);
    return self.rc;
}

int books_read(const struct books_reader *reader)
{
    const struct scan sums = {.reader = reader, .command = "HSCAN", .take = take_sum};
    const struct scan partitions = {.reader = reader, .command = "HSCAN", .take = take_partition};
    const struct scan reversals = {.reader = reader, .command = "HSCAN", .take = take_reversal};
    const struct scan chunks = {.reader = reader, .command = "ZSCAN", .take = take_chunk};
    const struct scan batches = {.reader = reader, .command = "ZSCAN", .take = take_batch};
    const struct scan cash = {.reader = reader, .command = "HSCAN", .take = take_cash};
    const struct scan tasks = {.reader = reader, .command = "ZSCAN", .take = take_task};
    int year, month, day;
    char name[VIEW_KEY_MAX_BYTES];
    date_split(clock_business_day(clock_wall_ms()), &year, &month, &day);
    int rc = scan(sums, "totals");
    for (int y = YEAR_FIRST; rc == 0 && y <= year + 1; y++) {
        (void)snprintf(name, sizeof(name), "days:%d", y);
        rc = scan(sums, name);
    }
    if (rc == 0)
        rc = scan(partitions, "parts");
    for (int account = 1; rc == 0 && account < BOOKS_ACCOUNTS; account++) {
        (void)snprintf(name, sizeof(name), "entries:%d", account);
        rc = scan(chunks, name);
    }
    if (rc == 0)
        rc = scan(batches, "payments");
    if (rc == 0)
        rc = scan(cash, "cash");
    if (rc == 0)
        rc = scan(tasks, "rq");
    return rc == 0 ? scan(reversals, "reversed") : rc;
}
