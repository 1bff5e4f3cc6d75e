#include "services/analytics/analytics_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"

#define FIRST_YEAR 2008 /* voluntary social insurance began */
#define LAST_YEAR 2199
#define HOURS_KEPT_S (40L * 86400)

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
    self->n_rows = 0;
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
        len += snprintf(name + len, sizeof(name) - (size_t)len, "%u", (unsigned)field->metric);
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

struct load {
    struct board *board;
    int32_t today;
    size_t open;
    int rc;
    void (*done)(void *arg, int rc);
    void *arg;
};

/* One HGETALL of a load. */
struct load_part {
    struct load *load;
    char kind;
};

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

static int part_take(const struct load_part *part, const char *field, const char *value)
{
    int64_t numbers[3], count;
    struct board *board = part->load->board;
    size_t n = numbers_parse(field, numbers);
    if (n != (part->kind == 't' ? 2 : 3) || parse_int64(value, INT64_MIN, INT64_MAX, &count) < 0 ||
        numbers[0] > 99999 ||
        numbers[n - 1] >= (part->kind == 't' ? BOARD_METRICS : BOARD_TIMED_METRICS))
        return -EPROTO;
    uint32_t commune = (uint32_t)numbers[0];
    enum board_metric metric = (enum board_metric)numbers[n - 1];
    if (part->kind == 't')
        board_add(board, commune, metric, count);
    else if (part->kind == 'd')
        board_add_day(board, commune, (int32_t)numbers[1], metric, (int32_t)count);
    else if (numbers[1] < BOARD_HOURS)
        board_add_hour(board, commune, part->load->today, (unsigned)numbers[1], metric,
                       (int32_t)count);
    return 0;
}

static void on_part(void *arg, int rc, const struct store_reply *reply)
{
    struct load_part *part = arg;
    struct load *load = part->load;
    size_t n = rc == 0 ? store_reply_count(reply) : 0;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i + 1 < n; i += 2) {
        size_t len;
        const char *field = store_reply_bytes(store_reply_at(reply, i), &len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        rc = field == NULL || value == NULL ? -EPROTO : part_take(part, field, value);
    }
    free(part);
    if (rc < 0)
        load->rc = rc;
    if (--load->open > 0)
        return;
    load->done(load->arg, load->rc);
    free(load);
}

static void load_ask(struct store *views, struct load *load, char kind, const char *name)
{
    struct load_part *part = calloc(1, sizeof(*part));
    ASSERT(part != NULL);
    *part = (struct load_part){load, kind};
    char key[KEY_MAX_BYTES];
    (void)view_key(BOARD_VIEW, name, key);
    load->open++;
    store_send_text(views, 0, on_part, part, "HGETALL", key, NULL);
}

void board_load(struct store *views, struct board *board, int32_t today,
                void (*done)(void *arg, int rc), void *arg)
{
    struct load *load = calloc(1, sizeof(*load));
    ASSERT(load != NULL);
    *load = (struct load){.board = board, .today = today, .done = done, .arg = arg};
    int this_year, month, day_of_month;
    char name[VIEW_KEY_MAX_BYTES];
    date_split(today, &this_year, &month, &day_of_month);
    load_ask(views, load, 't', "totals");
    for (int year = FIRST_YEAR; year <= MIN(this_year, LAST_YEAR); year++) {
        (void)snprintf(name, sizeof(name), "days:%d", year);
        load_ask(views, load, 'd', name);
    }
    (void)snprintf(name, sizeof(name), "hours:%d", (int)today);
    load_ask(views, load, 'h', name);
}
