#include "services/settlement/settlement_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"

#define PORTION_FIELDS "5000" /* of one HSCAN */
#define FIELD_BYTES 96
#define REFUND_MARK ":refund"
#define SECONDS_BITS 32
#define HOLDER_BITS 20 /* of a score, which is exact below 2^53 */
#define HASH_BITS 32
#define DAY_OFFSET 65536 /* days before 1970 are none of a score */
#define DAYS_OF_YEAR_MAX 366
#define CURSOR_BYTES 24
#define SCORE_BYTES 24

/* --- keys ------------------------------------------------------------------------------------- */

static void key_days(int year, char ret[VIEW_KEY_MAX_BYTES])
{
    (void)snprintf(ret, VIEW_KEY_MAX_BYTES, "days:%d", year);
}

static void key_entries(enum account account, char ret[VIEW_KEY_MAX_BYTES])
{
    (void)snprintf(ret, VIEW_KEY_MAX_BYTES, "entries:%d", (int)account);
}

static int year_of(int32_t day)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return year;
}

static size_t field_day(enum account account, int32_t day, char side, const char *holder,
                        char ret[FIELD_BYTES])
{
    return (size_t)snprintf(ret, FIELD_BYTES, "%d:%" PRId32 ":%c:%.40s", (int)account, day, side,
                            holder);
}

/* FNV-1a */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text != '\0'; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return hash;
}

/* A holder's chunks lie together, by time. */
static int64_t score_of(const char *holder, int64_t s)
{
    uint32_t hash = hash_of(holder);
    hash = (hash ^ hash >> HOLDER_BITS) & ((1u << HOLDER_BITS) - 1);
    return (int64_t)hash << SECONDS_BITS | (s & ((1LL << SECONDS_BITS) - 1));
}

/* A date's batches lie together, by organisation. */
static int64_t score_of_date(const char *organisation, int32_t day)
{
    return ((int64_t)day + DAY_OFFSET) << HASH_BITS | hash_of(organisation);
}

/* --- writing ---------------------------------------------------------------------------------- */

void books_total_add(struct flush *flush, enum account account, char side, const char *holder,
                     int64_t vnd)
{
    char field[FIELD_BYTES];
    int len = snprintf(field, sizeof(field), "%d:%c:%.40s", (int)account, side, holder);
    (void)flush_incr(flush, "totals", field, (size_t)len, vnd);
}

void books_day_add(struct flush *flush, enum account account, int32_t day, char side,
                   const char *holder, int64_t vnd)
{
    char key[VIEW_KEY_MAX_BYTES], field[FIELD_BYTES];
    size_t len = field_day(account, day, side, holder, field);
    key_days(year_of(day), key);
    (void)flush_incr(flush, key, field, len, vnd);
}

void books_partition_set(struct flush *flush, unsigned partition,
                         const int64_t balances[ACCOUNTS_END])
{
    uint8_t packed[8 * ACCOUNTS_END];
    char field[8];
    int len = snprintf(field, sizeof(field), "%u", partition);
    for (size_t i = 0; i < sizeof(packed); i++)
        packed[i] = (uint8_t)((uint64_t)balances[i / 8] >> (8 * (i % 8)));
    (void)flush_set(flush, "parts", field, (size_t)len, packed, sizeof(packed));
}

void books_chunk_add(struct flush *flush, enum account account, const char *holder,
                     int64_t first_ms, const uint8_t *chunk, size_t len)
{
    char key[VIEW_KEY_MAX_BYTES];
    key_entries(account, key);
    (void)flush_schedule(flush, key, chunk, len, score_of(holder, first_ms / 1000));
}

void books_batch_add(struct flush *flush, const char *organisation, int32_t day,
                     const struct batch *batch)
{
    (void)flush_schedule(flush, "payments", batch->bytes, batch->len,
                         score_of_date(organisation, day));
}

void books_reversal_set(struct flush *flush, const char *payment_id, const char *reversal_id,
                        int64_t at_ms, int is_refund)
{
    char value[FIELD_BYTES];
    int len = snprintf(value, sizeof(value), "%.60s:%" PRId64 "%s", reversal_id, at_ms,
                       is_refund ? REFUND_MARK : "");
    (void)flush_set(flush, "reversed", payment_id, strlen(payment_id), value, (size_t)len);
}

/* --- reading hashes --------------------------------------------------------------------------- */

/* One hash in bounded portions. */
struct hash_scan {
    struct store *views;
    char key[KEY_MAX_BYTES];
    char cursor[CURSOR_BYTES];
    int has_days;
    books_sum_fn take_sum; /* else take_partition */
    books_partition_fn take_partition;
    books_done_fn done;
    void *arg;
};

/* "<account>:[<day>:]<side>:<holder>" */
static int sum_take(const struct hash_scan *self, const char *field, const char *value)
{
    struct stored_sum sum = {.day = 0};
    char copy[FIELD_BYTES];
    int64_t account = 0, day = 0;
    (void)snprintf(copy, sizeof(copy), "%s", field);
    char *rest = copy;
    const char *account_text = strsep(&rest, ":");
    const char *day_text = self->has_days ? strsep(&rest, ":") : "0";
    const char *side = strsep(&rest, ":");
    if (rest == NULL || side == NULL || day_text == NULL ||
        parse_int64(account_text, 1, ACCOUNTS_END - 1, &account) < 0 ||
        parse_int64(day_text, 0, INT32_MAX, &day) < 0 ||
        (strcmp(side, "d") != 0 && strcmp(side, "c") != 0) ||
        parse_int64(value, INT64_MIN, INT64_MAX, &sum.vnd) < 0)
        return -EPROTO;
    sum.account = (enum account)account;
    sum.side = side[0];
    sum.day = (int32_t)day;
    sum.holder = rest;
    self->take_sum(self->arg, &sum);
    return 0;
}

static int partition_take(const struct hash_scan *self, const char *field, const uint8_t *value,
                          size_t len)
{
    int64_t partition;
    uint64_t balances[ACCOUNTS_END] = {0};
    int64_t out[ACCOUNTS_END];
    if (len != 8 * ACCOUNTS_END || parse_int64(field, 0, PARTITIONS - 1, &partition) < 0)
        return -EPROTO;
    for (size_t i = 0; i < len; i++)
        balances[i / 8] |= (uint64_t)value[i] << (8 * (i % 8));
    for (size_t i = 0; i < ACCOUNTS_END; i++)
        out[i] = (int64_t)balances[i];
    self->take_partition(self->arg, (unsigned)partition, out);
    return 0;
}

static int portion_take(const struct hash_scan *self, const struct store_reply *list)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(list); i += 2) {
        size_t field_len, len;
        const char *field = store_reply_bytes(store_reply_at(list, i), &field_len);
        const char *value = store_reply_bytes(store_reply_at(list, i + 1), &len);
        if (field == NULL || value == NULL)
            rc = -EPROTO;
        else if (self->take_sum != NULL)
            rc = sum_take(self, field, value);
        else
            rc = partition_take(self, field, (const uint8_t *)value, len);
    }
    return rc;
}

static void scan_on(struct hash_scan *self);

/* HSCAN answers the next cursor and a flat list of fields and values. */
static void on_portion(void *arg, int rc, const struct store_reply *reply)
{
    struct hash_scan *self = arg;
    size_t len;
    const char *cursor = store_reply_bytes(store_reply_at(reply, 0), &len);
    if (rc == 0 && (cursor == NULL || len >= sizeof(self->cursor)))
        rc = -EPROTO;
    if (rc == 0)
        rc = portion_take(self, store_reply_at(reply, 1));
    if (rc == 0)
        (void)snprintf(self->cursor, sizeof(self->cursor), "%s", cursor);
    if (rc == 0 && strcmp(self->cursor, "0") != 0) {
        scan_on(self);
        return;
    }
    self->done(self->arg, rc);
    free(self);
}

static void scan_on(struct hash_scan *self)
{
    store_send_text(self->views, 0, on_portion, self, "HSCAN", self->key, self->cursor, "COUNT",
                    PORTION_FIELDS, NULL);
}

static void scan_start(const struct hash_scan *like, const char *name)
{
    struct hash_scan *self = malloc(sizeof(*self));
    ASSERT(self != NULL);
    *self = *like;
    (void)view_key(BOOKS_VIEW, name, self->key);
    (void)snprintf(self->cursor, sizeof(self->cursor), "0");
    scan_on(self);
}

void books_read_sums(struct store *views, int year, books_sum_fn take, books_done_fn done,
                     void *arg)
{
    char name[VIEW_KEY_MAX_BYTES] = "totals";
    if (year != 0)
        key_days(year, name);
    scan_start(
        &(struct hash_scan){
            .views = views, .has_days = year != 0, .take_sum = take, .done = done, .arg = arg},
        name);
}

void books_read_partitions(struct store *views, books_partition_fn take, books_done_fn done,
                           void *arg)
{
    scan_start(
        &(struct hash_scan){.views = views, .take_partition = take, .done = done, .arg = arg},
        "parts");
}

/* --- reading one holder ----------------------------------------------------------------------- */

struct days_read {
    books_days_fn done;
    void *arg;
};

static void on_days(void *arg, int rc, const struct store_reply *reply)
{
    struct days_read *self = arg;
    int64_t sums[2] = {0, 0};
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i < store_reply_count(reply); i++) {
        size_t len;
        int64_t vnd;
        const char *value = store_reply_bytes(store_reply_at(reply, i), &len);
        if (value == NULL)
            continue; /* nothing on that day */
        if (parse_int64(value, INT64_MIN, INT64_MAX, &vnd) < 0)
            rc = -EPROTO;
        else
            sums[i % 2] += vnd;
    }
    self->done(self->arg, rc, sums[0], sums[1]);
    free(self);
}

void books_read_days(struct store *views, enum account account, const char *holder,
                     int32_t first_day, int32_t last_day, books_days_fn done, void *arg)
{
    char name[VIEW_KEY_MAX_BYTES], key[KEY_MAX_BYTES];
    char fields[2 * DAYS_OF_YEAR_MAX][FIELD_BYTES];
    const char *argv[2 + 2 * DAYS_OF_YEAR_MAX] = {"HMGET", key};
    size_t lens[2 + 2 * DAYS_OF_YEAR_MAX] = {strlen("HMGET")};
    size_t n = 0;
    ASSERT(last_day >= first_day && last_day - first_day < DAYS_OF_YEAR_MAX);
    key_days(year_of(first_day), name);
    lens[1] = view_key(BOOKS_VIEW, name, key);
    for (int32_t day = first_day; day <= last_day; day++) {
        for (const char *side = "dc"; *side != '\0'; side++, n++) {
            lens[2 + n] = field_day(account, day, *side, holder, fields[n]);
            argv[2 + n] = fields[n];
        }
    }
    struct days_read *self = malloc(sizeof(*self));
    ASSERT(self != NULL);
    *self = (struct days_read){done, arg};
    store_send(views, 0, (int)(2 + n), argv, lens, on_days, self);
}

struct chunks_read {
    books_chunks_fn done;
    void *arg;
};

static void on_chunks(void *arg, int rc, const struct store_reply *reply)
{
    struct chunks_read *self = arg;
    struct stored_chunk chunks[BOOKS_CHUNKS_MAX];
    size_t n = 0;
    if (rc == 0 && (store_reply_type(reply) != STORE_REPLY_ARRAY ||
                    store_reply_count(reply) > 2 * ARRAY_LEN(chunks)))
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2) {
        size_t len;
        int64_t score;
        const char *text = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        chunks[n].bytes =
            (const uint8_t *)store_reply_bytes(store_reply_at(reply, i), &chunks[n].len);
        if (chunks[n].bytes == NULL || text == NULL || parse_int64(text, 0, INT64_MAX, &score) < 0)
            rc = -EPROTO;
        else
            chunks[n++].first_s = score & ((1LL << SECONDS_BITS) - 1);
    }
    self->done(self->arg, rc, chunks, rc == 0 ? n : 0);
    free(self);
}

static void read_range(struct store *views, const char *name, int64_t first, int64_t last,
                       uint64_t skip, struct chunks_read like)
{
    char key[KEY_MAX_BYTES];
    char from[SCORE_BYTES], to[SCORE_BYTES], offset[SCORE_BYTES], limit[SCORE_BYTES];
    struct chunks_read *self = malloc(sizeof(*self));
    ASSERT(self != NULL);
    *self = like;
    (void)view_key(BOOKS_VIEW, name, key);
    (void)snprintf(from, sizeof(from), "%" PRId64, first);
    (void)snprintf(to, sizeof(to), "%" PRId64, last);
    (void)snprintf(offset, sizeof(offset), "%" PRIu64, skip);
    (void)snprintf(limit, sizeof(limit), "%d", BOOKS_CHUNKS_MAX);
    store_send_text(views, 0, on_chunks, self, "ZRANGEBYSCORE", key, from, to, "WITHSCORES",
                    "LIMIT", offset, limit, NULL);
}

void books_read_chunks(struct store *views, enum account account, const char *holder,
                       int64_t first_s, int64_t last_s, uint64_t skip, books_chunks_fn done,
                       void *arg)
{
    char name[VIEW_KEY_MAX_BYTES];
    key_entries(account, name);
    read_range(views, name, score_of(holder, first_s), score_of(holder, last_s), skip,
               (struct chunks_read){done, arg});
}

void books_read_batches(struct store *views, const char *organisation, int32_t day, uint64_t skip,
                        books_chunks_fn done, void *arg)
{
    int64_t score = score_of_date(organisation, day);
    read_range(views, "payments", score, score, skip, (struct chunks_read){done, arg});
}

struct reversals_read {
    books_reversal_fn take;
    books_done_fn done;
    void *arg;
};

/* "<id of the reversal>:<ms>[:refund]" */
static int reversal_take(const struct reversals_read *self, size_t i, const char *value)
{
    char text[FIELD_BYTES];
    int64_t at_ms;
    (void)snprintf(text, sizeof(text), "%s", value);
    char *mark = strstr(text, REFUND_MARK), *colon = strchr(text, ':');
    if (mark != NULL)
        *mark = '\0';
    if (colon == NULL || parse_int64(colon + 1, 0, INT64_MAX, &at_ms) < 0)
        return -EPROTO;
    *colon = '\0';
    self->take(self->arg, i, text, at_ms, mark != NULL);
    return 0;
}

static void on_reversals(void *arg, int rc, const struct store_reply *reply)
{
    struct reversals_read *self = arg;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i < store_reply_count(reply); i++) {
        size_t len;
        const char *value = store_reply_bytes(store_reply_at(reply, i), &len);
        if (value != NULL)
            rc = reversal_take(self, i, value);
    }
    self->done(self->arg, rc);
    free(self);
}

void books_read_reversals(struct store *views, const char *const *payment_ids, size_t n,
                          books_reversal_fn take, books_done_fn done, void *arg)
{
    char key[KEY_MAX_BYTES];
    const char *argv[2 + BOOKS_REVERSALS_MAX] = {"HMGET", key};
    size_t lens[2 + BOOKS_REVERSALS_MAX] = {strlen("HMGET")};
    ASSERT(n > 0 && n <= BOOKS_REVERSALS_MAX);
    lens[1] = view_key(BOOKS_VIEW, "reversed", key);
    for (size_t i = 0; i < n; i++) {
        argv[2 + i] = payment_ids[i];
        lens[2 + i] = strlen(payment_ids[i]);
    }
    struct reversals_read *self = malloc(sizeof(*self));
    ASSERT(self != NULL);
    *self = (struct reversals_read){take, done, arg};
    store_send(views, 0, (int)(2 + n), argv, lens, on_reversals, self);
}
