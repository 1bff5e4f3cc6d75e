#include "services/analytics/analytics_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"

#define LOAD_PARTS 2
#define PORTION_FIELDS "5000" /* of one HSCAN */
#define ERASED_FROM_YEAR 1970
#define HOURS_KEPT_S (HOURS_KEPT_DAYS * 86400L)

/* The metrics' numbers in views, for ever; the first seven are those of the versions before facts.
 */
static const uint8_t stored_metrics[BOARD_METRICS] = {
    [BOARD_PARTICIPANTS] = 0,    [BOARD_DECLARED] = 1,    [BOARD_PAYMENTS] = 2,
    [BOARD_PARTICIPANT_VND] = 3, [BOARD_CENTRAL_VND] = 4, [BOARD_LOCAL_VND] = 5,
    [BOARD_DONOR_VND] = 6,       [BOARD_ACCEPTED] = 7,    [BOARD_RENEWED] = 8,
    [BOARD_LAPSED] = 9,          [BOARD_REVERSED] = 10,   [BOARD_ENDED] = 11,
};

/* kind: 't' total, 'd' day, 'h' hour. The whole struct is the merge key, so it has no padding. */
struct field {
    uint32_t commune;
    int32_t day;
    uint16_t hour;
    uint8_t metric;
    char kind;
};
_Static_assert(sizeof(struct field) == 12, "no padding in a merge key");

struct increment {
    struct field field;
    int64_t delta;
};

struct increments {
    struct map *by_field;
    struct increment *rows;
    size_t n_rows, capacity;
    size_t n_hours; /* of the rows; an hour may come with the expiry of its day */
};

struct increments *increments_create(void)
{
    struct increments *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->by_field = map_create();
    return self;
}

void increments_destroy(struct increments **self)
{
    if (*self == NULL)
        return;
    map_destroy(&(*self)->by_field);
    free((*self)->rows);
    free(*self);
    *self = NULL;
}

void increments_clear(struct increments *self)
{
    map_destroy(&self->by_field);
    self->by_field = map_create();
    self->n_rows = self->n_hours = 0;
}

size_t increments_operations(const struct increments *self)
{
    return self->n_rows + self->n_hours;
}

/* The map holds row numbers from 1, as pointers: the rows move when they grow. */
static void increment(struct increments *self, struct field field, int64_t delta)
{
    uintptr_t place = (uintptr_t)map_get(self->by_field, &field, sizeof(field));
    if (place != 0) {
        self->rows[place - 1].delta += delta;
        return;
    }
    if (self->n_rows == self->capacity) {
        self->capacity = MAX((size_t)1024, 2 * self->capacity);
        self->rows = realloc(self->rows, self->capacity * sizeof(*self->rows));
        ASSERT(self->rows != NULL);
    }
    self->rows[self->n_rows++] = (struct increment){field, delta};
    self->n_hours += field.kind == 'h';
    (void)map_put(self->by_field, &field, sizeof(field), (void *)(uintptr_t)self->n_rows);
}

void increments_total(struct increments *self, uint32_t commune, enum board_metric metric,
                      int64_t delta)
{
    increment(self, (struct field){commune, 0, 0, (uint8_t)metric, 't'}, delta);
}

void increments_day(struct increments *self, uint32_t commune, int32_t day,
                    enum board_metric metric, int64_t delta)
{
    increment(self, (struct field){commune, day, 0, (uint8_t)metric, 'd'}, delta);
}

void increments_hour(struct increments *self, uint32_t commune, int32_t day, unsigned hour,
                     enum board_metric metric, int64_t delta)
{
    increment(self, (struct field){commune, day, (uint16_t)hour, (uint8_t)metric, 'h'}, delta);
}

static void key_of(const struct field *field, char ret[VIEW_KEY_MAX_BYTES])
{
    int year, month, day_of_month;
    if (field->kind == 't') {
        (void)snprintf(ret, VIEW_KEY_MAX_BYTES, "totals");
    } else if (field->kind == 'h') {
        (void)snprintf(ret, VIEW_KEY_MAX_BYTES, "hours:%d", (int)field->day);
    } else {
        date_split(field->day, &year, &month, &day_of_month);
        (void)snprintf(ret, VIEW_KEY_MAX_BYTES, "days:%d", year);
    }
}

void increments_collect(struct increments *self, struct flush *flush)
{
    int32_t expiring_day = -1;
    for (size_t i = 0; i < self->n_rows; i++) {
        const struct field *field = &self->rows[i].field;
        char key[VIEW_KEY_MAX_BYTES], name[48];
        key_of(field, key);
        int len = snprintf(name, sizeof(name), "%u:", (unsigned)field->commune);
        if (field->kind != 't')
            len += snprintf(name + len, sizeof(name) - (size_t)len,
                            "%d:", field->kind == 'd' ? (int)field->day : (int)field->hour);
        len += snprintf(name + len, sizeof(name) - (size_t)len, "%u",
                        (unsigned)stored_metrics[field->metric]);
        /* a failure is remembered by the flush and ends the process when it is sent */
        (void)flush_incr(flush, key, name, (size_t)len, self->rows[i].delta);
        if (field->kind == 'h' && field->day != expiring_day) {
            expiring_day = field->day;
            (void)flush_expire(flush, key, HOURS_KEPT_S);
        }
    }
    increments_clear(self);
}

/* --- loading --- */

/* One hash after another, in bounded portions. */
struct load {
    struct store *views;
    struct board *board;
    int32_t today;
    struct load_part {
        char kind; /* 't' totals, 'h' hours of today */
        char name[VIEW_KEY_MAX_BYTES];
    } parts[LOAD_PARTS];
    size_t n_parts, part_i;
    char cursor[24];
    void (*done)(void *arg, int rc);
    void *arg;
};

/* BOARD_METRICS: no such number. */
static enum board_metric metric_of(int64_t stored)
{
    for (int metric = 0; metric < BOARD_METRICS; metric++) {
        if (stored_metrics[metric] == stored)
            return (enum board_metric)metric;
    }
    return BOARD_METRICS;
}

/* Numbers between colons; answers how many. */
static size_t numbers_parse(const char *text, int64_t ret[3])
{
    char copy[64];
    size_t n = 0;
    (void)snprintf(copy, sizeof(copy), "%s", text);
    char *rest = copy;
    for (char *part; n < 3 && (part = strsep(&rest, ":")) != NULL; n++) {
        if (parse_int64(part, 0, INT32_MAX, &ret[n]) < 0)
            return 0;
    }
    return rest == NULL ? n : 0;
}

static int part_take(const struct load *load, const char *field, const char *value)
{
    int64_t numbers[3], count;
    char kind = load->parts[load->part_i].kind;
    size_t n = numbers_parse(field, numbers);
    if (n != (kind == 't' ? 2 : 3) || parse_int64(value, INT64_MIN, INT64_MAX, &count) < 0 ||
        numbers[0] > 99999)
        return -EPROTO;
    uint32_t commune = (uint32_t)numbers[0];
    enum board_metric metric = metric_of(numbers[n - 1]);
    if ((int)metric >= (kind == 't' ? BOARD_METRICS : BOARD_TIMED_METRICS))
        return -EPROTO;
    if (kind == 't')
        board_set(load->board, commune, metric, count);
    else if (numbers[1] < BOARD_HOURS)
        board_set_hour(load->board, commune, load->today, (unsigned)numbers[1], metric,
                       (int32_t)count);
    return 0;
}

static void load_next(struct load *load);

static void load_end(struct load *load, int rc)
{
    load->done(load->arg, rc);
    free(load);
}

/* HSCAN answers the next cursor and a flat list of fields and values. */
static void on_portion(void *arg, int rc, const struct store_reply *reply)
{
    struct load *load = arg;
    const struct store_reply *list = store_reply_at(reply, 1);
    size_t len;
    const char *cursor = store_reply_bytes(store_reply_at(reply, 0), &len);
    if (rc == 0 && (cursor == NULL || len >= sizeof(load->cursor)))
        rc = -EPROTO;
    size_t n = rc == 0 ? store_reply_count(list) : 0;
    for (size_t i = 0; rc == 0 && i + 1 < n; i += 2) {
        const char *field = store_reply_bytes(store_reply_at(list, i), &len);
        const char *value = store_reply_bytes(store_reply_at(list, i + 1), &len);
        rc = field == NULL || value == NULL ? -EPROTO : part_take(load, field, value);
    }
    if (rc < 0) {
        load_end(load, rc);
        return;
    }
    (void)snprintf(load->cursor, sizeof(load->cursor), "%s", cursor);
    if (strcmp(load->cursor, "0") == 0)
        load->part_i++;
    load_next(load);
}

static void load_next(struct load *load)
{
    if (load->part_i == load->n_parts) {
        load_end(load, 0);
        return;
    }
    char key[KEY_MAX_BYTES];
    (void)view_key(BOARD_VIEW, load->parts[load->part_i].name, key);
    store_send_text(load->views, 0, on_portion, load, "HSCAN", key, load->cursor, "COUNT",
                    PORTION_FIELDS, NULL);
}

void board_load(struct store *views, struct board *board, int32_t today,
                void (*done)(void *arg, int rc), void *arg)
{
    struct load *load = calloc(1, sizeof(*load));
    ASSERT(load != NULL);
    *load = (struct load){.views = views, .board = board, .today = today, .done = done, .arg = arg};
    (void)snprintf(load->cursor, sizeof(load->cursor), "0");
    load->parts[load->n_parts++] = (struct load_part){'t', "totals"};
    struct load_part *hours = &load->parts[load->n_parts++];
    hours->kind = 'h';
    (void)snprintf(hours->name, sizeof(hours->name), "hours:%d", (int)today);
    load_next(load);
}

/* --- erasing ---------------------------------------------------------------------------------- */

struct erasing {
    struct flush *flush;
    void (*done)(void *arg, int rc);
    void *arg;
};

static void on_erased(void *arg, int rc, enum flush_outcome outcome, uint64_t flushes)
{
    struct erasing *erasing = arg;
    (void)flushes;
    erasing->done(erasing->arg, rc == 0 && outcome != FLUSH_DONE ? -ESTALE : rc);
    flush_destroy(&erasing->flush);
    free(erasing);
}

void board_erase(struct store *views, uint64_t epoch, uint64_t flushes, int32_t today,
                 void (*done)(void *arg, int rc), void *arg)
{
    struct erasing *erasing = calloc(1, sizeof(*erasing));
    ASSERT(erasing != NULL);
    erasing->done = done;
    erasing->arg = arg;
    int rc = flush_create(views, BOARD_VIEW, &erasing->flush);
    ASSERT(rc == 0);
    flush_begin(erasing->flush, epoch, flushes);
    (void)flush_expire(erasing->flush, VIEW_KEY_CHECKPOINT, 0);
    (void)flush_expire(erasing->flush, "totals", 0);
    int this_year, month, day_of_month;
    char key[VIEW_KEY_MAX_BYTES];
    date_split(today, &this_year, &month, &day_of_month);
    for (int year = ERASED_FROM_YEAR; year <= this_year + 1; year++) {
        (void)snprintf(key, sizeof(key), "days:%d", year);
        (void)flush_expire(erasing->flush, key, 0);
    }
    for (int32_t day = today - HOURS_KEPT_DAYS; day <= today + 1; day++) {
        (void)snprintf(key, sizeof(key), "hours:%d", (int)day);
        (void)flush_expire(erasing->flush, key, 0);
    }
    rc = flush_send(erasing->flush, on_erased, erasing);
    ASSERT(rc == 0);
}
