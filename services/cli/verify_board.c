#include "services/cli/verify_board.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/store/views.h"
#include "services/cli/verify_facts.h"
#include "services/cli/verify_sessions.h"
#include "services/cli/verify_views.h"

#define VIEW "board"
#define LOADS_MAX 5
#define SCAN_COUNT "1000"
#define FIRST_YEAR 1900
#define HOURS_KEPT_DAYS 39 /* for certain; a little longer, some may still be there */
#define HOURS_READ_DAYS 45
#define HOUR_MS (3600LL * 1000)
#define OFFSET_HOURS 7
#define ARENA_MAX_BYTES ((size_t)4 * 1024 * 1024 * 1024)
#define COMMUNE_MAX 99999
#define NUMBER_BYTES 16
#define NEAR_BITS 14

/* The numbers of the metrics in the board's fields. */
enum metric {
    PARTICIPANTS,
    DECLARED,
    PAYMENTS,
    PARTICIPANT_VND,
    CENTRAL_VND,
    LOCAL_VND,
    DONOR_VND,
    ACCEPTED,
    RENEWED,
    LAPSED,
    REVERSED,
    ENDED
};
#define METRICS 12

/* Where numbers of the board stand together. It is the key in the table, so it has no padding. */
struct place {
    uint32_t commune;
    int32_t day;   /* 0 in a total */
    uint16_t hour; /* 0 but in an hour */
    uint8_t unused;
    char kind; /* 't' total, 'd' day, 'h' hour */
};
_Static_assert(sizeof(struct place) == 12, "no padding in a key");

struct number {
    int64_t stored;
    int64_t before;   /* the journals' sum at the first checkpoint */
    int64_t up, down; /* and what came and went until the second */
};

struct cell {
    struct place place;
    struct cell *day, *hour; /* beside a total: those that were counted in last; NULL: none */
    unsigned n;              /* of numbers */
    struct number numbers[];
};

struct verify_board {
    struct verify *verify;
    struct arena *arena;
    struct map *cells;
    struct cell *near[1 << NEAR_BITS]; /* asked for lately, by a part of a hash; NULL: none */
    struct verify_facts *facts;
    struct verify_sessions *sessions;
    struct journal_position first[PARTITIONS], second[PARTITIONS];
    int is_quiet; /* nothing was flushed while it was read */
    int32_t today;
    unsigned open; /* scans */
    int rc;
};

struct verify_board *verify_board_create(struct verify *verify)
{
    struct verify_board *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->verify = verify;
    self->arena = arena_create(ARENA_MAX_BYTES);
    self->cells = map_create();
    self->facts = verify_facts_create(verify);
    self->sessions = verify_sessions_create(verify);
    return self;
}

void verify_board_destroy(struct verify_board **self)
{
    verify_facts_destroy(&(*self)->facts);
    verify_sessions_destroy(&(*self)->sessions);
    map_destroy(&(*self)->cells);
    arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

/* By days and hours people are counted, and nothing else: their metrics in the order of the cell's
 * numbers. */
static const uint8_t timed[] = {PARTICIPANTS, DECLARED, ACCEPTED};

static unsigned numbers_of(char kind)
{
    return kind == 't' ? METRICS : ARRAY_LEN(timed);
}

static unsigned metric_at(char kind, unsigned number)
{
    return kind == 't' ? number : timed[number];
}

/* NULL: such a cell has none of the metric. */
static struct number *number_get(struct cell *cell, int64_t metric)
{
    for (unsigned i = 0; i < cell->n; i++) {
        if (metric_at(cell->place.kind, i) == metric)
            return &cell->numbers[i];
    }
    return NULL;
}

static struct cell **near_of(struct verify_board *self, const struct place *place)
{
    uint32_t mixed = place->commune * 31 + (uint32_t)place->day * 1013 + place->hour * 7U;
    return &self->near[(mixed ^ (unsigned char)place->kind) * 0x9e3779b1U >> (32 - NEAR_BITS)];
}

static struct cell *cell_get(struct verify_board *self, struct place place)
{
    struct cell **near = near_of(self, &place);
    if (*near != NULL && memcmp(&(*near)->place, &place, sizeof(place)) == 0)
        return *near;
    struct cell *cell = map_get(self->cells, &place, sizeof(place));
    if (cell == NULL) {
        unsigned n = numbers_of(place.kind);
        cell = arena_zalloc(self->arena, sizeof(*cell) + n * sizeof(cell->numbers[0]));
        ASSERT(cell != NULL);
        cell->n = n;
        cell->place = place;
        (void)map_put(self->cells, &place, sizeof(place), cell);
    }
    *near = cell;
    return cell;
}

static void key_of(const struct place *place, char ret[VIEW_KEY_MAX_BYTES])
{
    int year, month, day;
    if (place->kind == 't') {
        (void)snprintf(ret, VIEW_KEY_MAX_BYTES, "totals");
    } else if (place->kind == 'h') {
        (void)snprintf(ret, VIEW_KEY_MAX_BYTES, "hours:%" PRId32, place->day);
    } else {
        date_split(place->day, &year, &month, &day);
        (void)snprintf(ret, VIEW_KEY_MAX_BYTES, "days:%d", year);
    }
}

/* --- reading the board ------------------------------------------------------------------------ */

/* One hash, piece by piece. */
struct scan {
    struct verify_board *board;
    char key[KEY_MAX_BYTES];
    char kind;
    int32_t day; /* of hours */
    int year;    /* of days */
};

/* "2647:20411:1": numbers between colons; answers how many. By hand: it is done for every number
 * of the board. */
static size_t read_numbers(const char *text, int64_t ret[3])
{
    for (size_t n = 0; n < 3; n++) {
        char copy[NUMBER_BYTES];
        size_t len = strcspn(text, ":");
        if (len >= sizeof(copy))
            return 0;
        memcpy(copy, text, len);
        copy[len] = '\0';
        if (parse_int64(copy, INT32_MIN, INT32_MAX, &ret[n]) < 0)
            return 0;
        if (text[len] == '\0')
            return n + 1;
        text += len + 1;
    }
    return 0;
}

static int is_of_year(int32_t day, int year)
{
    return day >= date_make(year, 1, 1) && day <= date_make(year, 12, 31);
}

static int take_number(struct scan *scan, const char *field, const char *value)
{
    int64_t numbers[3], stored;
    size_t n = read_numbers(field, numbers);
    if (n != (scan->kind == 't' ? 2 : 3) || numbers[0] < 0 || numbers[0] > COMMUNE_MAX ||
        parse_int64(value, INT64_MIN, INT64_MAX, &stored) < 0 ||
        (scan->kind == 'h' && (numbers[1] < 0 || numbers[1] > 23)) ||
        (scan->kind == 'd' && !is_of_year((int32_t)numbers[1], scan->year)))
        return -EPROTO;
    struct place place = {.commune = (uint32_t)numbers[0],
                          .day = scan->kind == 'd' ? (int32_t)numbers[1] : scan->day,
                          .hour = scan->kind == 'h' ? (uint16_t)numbers[1] : 0,
                          .kind = scan->kind};
    struct number *number = number_get(cell_get(scan->board, place), numbers[n - 1]);
    if (number == NULL)
        return -EPROTO;
    number->stored = stored;
    return 0;
}

static void on_scanned(void *arg, int rc, const struct store_reply *reply);

static void scan_on(struct scan *self, const char *cursor)
{
    store_send_text(self->board->verify->svc.views, 0, on_scanned, self, "HSCAN", self->key, cursor,
                    "COUNT", SCAN_COUNT, NULL);
}

static void take_piece(struct scan *self, const struct store_reply *list)
{
    for (size_t i = 0; i + 1 < store_reply_count(list); i += 2) {
        size_t len;
        const char *field = store_reply_bytes(store_reply_at(list, i), &len);
        const char *value = store_reply_bytes(store_reply_at(list, i + 1), &len);
        if (field == NULL || value == NULL || take_number(self, field, value) < 0)
            verify_difference(self->board->verify, "%s %.60s: cannot be read", self->key,
                              field == NULL ? "" : field);
    }
}

static void on_scanned(void *arg, int rc, const struct store_reply *reply)
{
    struct scan *self = arg;
    size_t len;
    const char *cursor = store_reply_bytes(store_reply_at(reply, 0), &len);
    if (rc == 0 && cursor == NULL)
        rc = -EPROTO;
    if (rc == 0)
        take_piece(self, store_reply_at(reply, 1));
    if (rc == 0 && strcmp(cursor, "0") != 0) {
        scan_on(self, cursor);
        return;
    }
    if (rc < 0)
        self->board->rc = rc;
    self->board->open--;
    free(self);
}

static void scan_start(struct verify_board *self, char kind, int32_t day, int year,
                       const char *name)
{
    struct scan *scan = calloc(1, sizeof(*scan));
    ASSERT(scan != NULL);
    scan->board = self;
    scan->kind = kind;
    scan->day = day;
    scan->year = year;
    (void)view_key(VIEW, name, scan->key);
    self->open++;
    scan_on(scan, "0");
}

static void scan_all(struct verify_board *self)
{
    int year, month, day_of_month;
    char name[VIEW_KEY_MAX_BYTES];
    self->rc = 0;
    date_split(self->today, &year, &month, &day_of_month);
    scan_start(self, 't', 0, 0, "totals");
    for (int y = FIRST_YEAR; y <= year + 1; y++) {
        (void)snprintf(name, sizeof(name), "days:%d", y);
        scan_start(self, 'd', 0, y, name);
    }
    for (int32_t day = self->today - HOURS_READ_DAYS; day <= self->today + 1; day++) {
        (void)snprintf(name, sizeof(name), "hours:%" PRId32, day);
        scan_start(self, 'h', day, 0, name);
    }
    verify_wait(self->verify, &self->open);
}

/* A views server that lost its last second has gone back in between. */
static int has_gone_back(const struct verify_board *self)
{
    for (size_t p = 0; p < PARTITIONS; p++) {
        if (position_compare(self->second[p], self->first[p]) < 0)
            return 1;
    }
    return 0;
}

struct flushes {
    unsigned open;
    uint64_t n;
};

static void on_flushes(void *arg, int rc, const struct store_reply *reply)
{
    struct flushes *flushes = arg;
    size_t len;
    int64_t n = 0;
    const char *text = rc == 0 ? store_reply_bytes(reply, &len) : NULL;
    if (text != NULL && parse_int64(text, 0, INT64_MAX, &n) == 0)
        flushes->n = (uint64_t)n;
    flushes->open = 0;
}

static uint64_t flushes(struct verify_board *self)
{
    struct flushes asked = {.open = 1};
    char key[KEY_MAX_BYTES];
    (void)view_key(VIEW, VIEW_KEY_LEASE, key);
    store_send_text(self->verify->svc.views, 0, on_flushes, &asked, "HGET", key, "flushes", NULL);
    verify_wait(self->verify, &asked.open);
    return asked.n;
}

void verify_board_load(struct verify_board *self)
{
    int rc = -EAGAIN;
    self->today = clock_business_day(clock_wall_ms());
    for (int i = 0; i < LOADS_MAX && rc < 0; i++) {
        map_destroy(&self->cells);
        arena_reset(self->arena);
        memset(self->near, 0, sizeof(self->near));
        self->cells = map_create();
        rc = verify_checkpoint(self->verify, VIEW, self->first);
        if (rc < 0)
            continue;
        uint64_t before = flushes(self);
        scan_all(self);
        rc = verify_facts_load(self->facts);
        if (rc == 0)
            rc = verify_sessions_load(self->sessions);
        self->is_quiet = flushes(self) == before;
        if (rc == 0)
            rc = verify_checkpoint(self->verify, VIEW, self->second);
        if (rc == 0)
            rc = has_gone_back(self) ? -EAGAIN : self->rc;
    }
    if (rc < 0)
        verify_fail(self->verify, "the board", rc);
}

/* --- counting --------------------------------------------------------------------------------- */

/* A fact that counts; is_early: it counted at the first checkpoint already. */
struct counting {
    struct verify_board *board;
    const struct verify_fact *fact;
    struct cell *total; /* of its commune */
    int is_early;
};

static void count_in(const struct counting *counting, struct cell *cell, enum metric metric,
                     int64_t delta)
{
    struct number *number = number_get(cell, (int64_t)metric);
    if (counting->is_early)
        number->before += delta;
    else if (delta > 0)
        number->up += delta;
    else
        number->down += delta;
}

static void count(const struct counting *counting, enum metric metric, int64_t delta)
{
    count_in(counting, counting->total, metric, delta);
}

/* Most of what a commune's people do follows on the same day and hour. */
static struct cell *near_cell(struct verify_board *self, struct cell **last, struct place place)
{
    if (*last == NULL || (*last)->place.day != place.day || (*last)->place.hour != place.hour)
        *last = cell_get(self, place);
    return *last;
}

/* Also by its business day, and by the hour when it was recorded on that day. */
static void count_person(const struct counting *counting, enum metric metric, int64_t delta)
{
    struct verify_board *board = counting->board;
    const struct verify_fact *fact = counting->fact;
    struct cell *total = counting->total;
    struct place place = {fact->commune, fact->day, 0, 0, 'd'};
    count(counting, metric, delta);
    count_in(counting, near_cell(board, &total->day, place), metric, delta);
    place.hour = (uint16_t)((fact->at_ms / HOUR_MS + OFFSET_HOURS) % 24);
    place.kind = 'h';
    if (clock_business_day(fact->at_ms) == place.day &&
        place.day >= board->today - HOURS_READ_DAYS && place.day <= board->today + 1)
        count_in(counting, near_cell(board, &total->hour, place), metric, delta);
}

static void count_payment(const struct counting *counting, int is_first, int64_t sign)
{
    const int32_t *pockets = counting->fact->pockets;
    if (is_first)
        count_person(counting, PARTICIPANTS, sign);
    else
        count(counting, RENEWED, sign);
    count(counting, PAYMENTS, sign);
    count(counting, PARTICIPANT_VND, pockets[0]);
    count(counting, CENTRAL_VND, pockets[1]);
    count(counting, LOCAL_VND, pockets[2]);
    count(counting, DONOR_VND, pockets[3]);
    if (sign < 0)
        count(counting, REVERSED, 1);
}

/* What is taken back counts no longer where it was counted. */
static void count_fact(struct verify_board *self, const struct verify_fact *fact, int is_early)
{
    if (fact->product_group >> 4 != ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI)
        return;
    struct cell *total = cell_get(self, (struct place){fact->commune, 0, 0, 0, 't'});
    struct counting counting = {self, fact, total, is_early};
    if (fact->kind == FACT_IS_DECLARED)
        count_person(&counting, DECLARED, 1);
    else if (fact->kind == FACT_IS_ACCEPTED || fact->kind == FACT_IS_ACCEPTANCE_UNDONE)
        count_person(&counting, ACCEPTED, fact->kind == FACT_IS_ACCEPTED ? 1 : -1);
    else if (fact->kind == FACT_IS_FIRST_PAYMENT || fact->kind == FACT_IS_LATER_PAYMENT)
        count_payment(&counting, fact->kind == FACT_IS_FIRST_PAYMENT, 1);
    else if (fact->kind == FACT_IS_REVERSED_FIRST || fact->kind == FACT_IS_REVERSED_LATER)
        count_payment(&counting, fact->kind == FACT_IS_REVERSED_FIRST, -1);
    else if (fact->kind == FACT_IS_LAPSED || fact->kind == FACT_IS_RESUMED)
        count(&counting, LAPSED, fact->kind == FACT_IS_LAPSED ? 1 : -1);
    else if (fact->kind == FACT_IS_ENDED)
        count(&counting, ENDED, 1);
}

void verify_board_apply(struct verify_board *self, struct fold *fold,
                        struct journal_position position, const Ansinh__V1__Event *event)
{
    struct verify_fact facts[VERIFY_FACTS_MAX];
    if (position_compare(position, self->second[fold->partition]) > 0)
        return;
    int is_early = position_compare(position, self->first[fold->partition]) <= 0;
    verify_sessions_apply(self->sessions, event, is_early);
    size_t n = verify_facts_apply(self->facts, fold, position, event, is_early, facts);
    for (size_t i = 0; i < n; i++)
        count_fact(self, &facts[i], is_early);
}

static void on_lapsed(void *arg, const struct verify_fact *fact)
{
    struct verify_board *self = arg;
    count_fact(self, fact, self->is_quiet);
}

void verify_board_end(struct verify_board *self, const struct fold *fold)
{
    verify_facts_compare(self->facts, fold, on_lapsed, self);
}

/* --- comparing -------------------------------------------------------------------------------- */

static void compare_number(struct verify_board *self, const struct place *place, unsigned metric,
                           const struct number *number, const int *has_hours)
{
    int64_t least = number->before + number->down, most = number->before + number->up;
    if (number->stored >= least && number->stored <= most)
        return;
    if (place->kind == 'h' && place->day < self->today - HOURS_KEPT_DAYS &&
        !has_hours[place->day - (self->today - HOURS_READ_DAYS)])
        return; /* its hours are forgotten */
    char key[VIEW_KEY_MAX_BYTES], stored_at[KEY_MAX_BYTES], when[24] = "";
    key_of(place, key);
    (void)view_key(VIEW, key, stored_at);
    if (place->kind != 't')
        (void)snprintf(when, sizeof(when), "%" PRId32 ":",
                       place->kind == 'd' ? place->day : (int32_t)place->hour);
    char range[32] = "";
    if (most != least)
        (void)snprintf(range, sizeof(range), " to %" PRId64, most);
    verify_difference(self->verify,
                      "%s %" PRIu32 ":%s%u: is %" PRId64 ", the journals say %" PRId64 "%s",
                      stored_at, place->commune, when, metric, number->stored, least, range);
}

static void compare_checkpoint(struct verify_board *self)
{
    for (unsigned p = 0; p < PARTITIONS; p++) {
        struct journal_position at = self->second[p], head = self->verify->heads[p];
        if (position_compare(at, head) > 0)
            verify_difference(self->verify,
                              "{v:%s}:at %u: is %" PRIu32 "-%" PRIu64
                              ", the journal ends with %" PRIu32 "-%" PRIu64,
                              VIEW, p, at.epoch, at.seq, head.epoch, head.seq);
    }
}

void verify_board_compare(struct verify_board *self)
{
    const struct cell *cell;
    int has_hours[HOURS_READ_DAYS + 2] = {0};
    compare_checkpoint(self);
    verify_sessions_compare(self->sessions);
    for (size_t cursor = 0; (cell = map_next(self->cells, &cursor)) != NULL;) {
        for (unsigned i = 0; cell->place.kind == 'h' && i < cell->n; i++)
            has_hours[cell->place.day - (self->today - HOURS_READ_DAYS)] |=
                cell->numbers[i].stored != 0;
    }
    for (size_t cursor = 0; (cell = map_next(self->cells, &cursor)) != NULL;) {
        for (unsigned i = 0; i < cell->n; i++)
            compare_number(self, &cell->place, metric_at(cell->place.kind, i), &cell->numbers[i],
                           has_hours);
    }
}
