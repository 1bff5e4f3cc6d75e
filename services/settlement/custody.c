#include "services/settlement/custody.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/domain/calendar.h"
#include "common/service/custody_keys.h"
#include "common/service/directory.h"
#include "common/service/postings.h"

#define KEY_CASH "cash"     /* hash: holder to packed cash */
#define KEY_ALARMS "alarms" /* list: packed CustodyAlarm, of one month */
#define ALARMS_KEPT_S (400L * 86400)
#define ALARM_MAX_BYTES 160
#define BLOCKED_MAX_BYTES 64   /* four numbers */
#define ALARMS_PENDING_MAX 256 /* of one flush; more wait for the next look */
#define LOOK_CHANGES_MAX 200   /* holders that one look may add to a flush: it has to fit */
#define SETTLED_MS                                                                                 \
    (48LL * 3600 * 1000)  /* no entry of before is unheard of when the fold keeps up */
#define NEAR_EVENTS 20000 /* a second of the heaviest load */
#define BEHIND_MS 3000    /* later than this the fold does not keep up */

struct alarm {
    uint8_t packed[ALARM_MAX_BYTES];
    size_t len;
    int64_t at_ms;
};

struct custody {
    struct service *svc;
    struct projector *projector;
    struct map *by_code;
    struct custody_holder **holders;
    size_t n_holders, capacity;
    struct custody_holder **dirty;
    size_t n_dirty, dirty_capacity;
    struct alarm alarms[ALARMS_PENDING_MAX];
    size_t n_alarms;
    int is_near;       /* limits may be judged: what is not applied yet is of the last moments */
    int has_caught_up; /* since it was loaded: no entry of long ago is unheard of */
    int64_t beat;
    struct custody_stats stats;
    struct loop_timer *timer;
    size_t looked; /* where the next look begins */
    books_loaded_fn loaded;
    void *loaded_arg;
};

static void look(void *arg);

/* --- holders ---------------------------------------------------------------------------------- */

static struct custody_holder *holder_get(struct custody *self, const char *code)
{
    struct custody_holder *holder = map_get(self->by_code, code, strlen(code));
    if (holder != NULL)
        return holder;
    if (self->n_holders == self->capacity) {
        self->capacity = MAX((size_t)256, 2 * self->capacity);
        self->holders = realloc(self->holders, self->capacity * sizeof(*self->holders));
        ASSERT(self->holders != NULL);
    }
    holder = calloc(1, sizeof(*holder));
    ASSERT(holder != NULL);
    (void)snprintf(holder->code, sizeof(holder->code), "%s", code);
    (void)map_put(self->by_code, code, strlen(code), holder);
    self->holders[self->n_holders++] = holder;
    return holder;
}

static void mark(struct custody *self, struct custody_holder *holder)
{
    if (holder->is_dirty)
        return;
    if (self->n_dirty == self->dirty_capacity) {
        self->dirty_capacity = MAX((size_t)256, 2 * self->dirty_capacity);
        self->dirty = realloc(self->dirty, self->dirty_capacity * sizeof(*self->dirty));
        ASSERT(self->dirty != NULL);
    }
    holder->is_dirty = 1;
    self->dirty[self->n_dirty++] = holder;
}

const struct custody_holder *custody_find(const struct custody *self, const char *code)
{
    return code[0] == '\0' || strlen(code) >= CUSTODY_CODE_BYTES
               ? NULL
               : map_get(self->by_code, code, strlen(code));
}

const struct custody_holder *custody_at(const struct custody *self, size_t i)
{
    return i < self->n_holders ? self->holders[i] : NULL;
}

void custody_place(const struct custody *self, const char *code, struct custody_place *ret)
{
    const struct directory *directory = self->svc->directory;
    const Ansinh__V1__Collector *collector = directory_collector(directory, code);
    const Ansinh__V1__Point *point =
        directory_point(directory, collector != NULL ? collector->point_code : code);
    *ret = (struct custody_place){.point = "", .organisation = ""};
    if (point == NULL)
        return;
    const Ansinh__V1__Partner *partner = directory_partner(directory, point->organisation_code);
    ret->point = point->code;
    ret->organisation = point->organisation_code;
    if (partner == NULL)
        return;
    ret->max_age_hours = partner->cash_max_age_hours;
    ret->limits.cash_vnd = partner->cash_limit_vnd;
    ret->limits.age_ms = (int64_t)partner->cash_max_age_hours * 3600 * 1000;
    ret->is_enforced = partner->cash_enforced != 0;
}

void custody_stats_get(const struct custody *self, struct custody_stats *ret)
{
    *ret = self->stats;
    ret->holders = (int64_t)self->n_holders;
}

/* --- events ----------------------------------------------------------------------------------- */

/* A reversed payment is taken off when it was taken in. */
static int64_t time_of(const Ansinh__V1__Event *event)
{
    return event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED
               ? event->payment_reversed->recorded_at_ms
               : event->at_ms;
}

static void apply_posting(struct custody *self, const Ansinh__V1__Event *event,
                          const struct posting *posting)
{
    if (posting->account != ACCOUNT_IS_COLLECTOR_CASH ||
        strlen(posting->holder) >= CUSTODY_CODE_BYTES || posting->holder[0] == '\0')
        return;
    struct custody_holder *holder = holder_get(self, posting->holder);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_CASH_REMITTED)
        holder->cash.remitted_vnd -= posting->amount_vnd;
    else
        cash_take(&holder->cash, time_of(event), posting->amount_vnd);
    self->stats.cash_vnd += posting->amount_vnd;
    mark(self, holder);
}

static void apply(void *arg, const struct projector_event *in)
{
    struct postings postings;
    if (event_postings(in->event, &postings) < 0)
        return;
    for (size_t i = 0; i < postings.n; i++)
        apply_posting(arg, in->event, &postings.rows[i]);
}

/* --- crossings -------------------------------------------------------------------------------- */

static void tell(struct custody *self, const struct custody_holder *holder,
                 const struct custody_place *place, Ansinh__V1__CustodyAlarmKind kind,
                 int64_t now_ms)
{
    struct alarm *alarm = &self->alarms[self->n_alarms];
    Ansinh__V1__CustodyAlarm message;
    ansinh__v1__custody_alarm__init(&message);
    message.holder_code = (char *)(uintptr_t)holder->code;
    message.organisation_code = (char *)(uintptr_t)place->organisation;
    message.kind = kind;
    message.at_ms = now_ms;
    message.cash_in_hand_vnd = cash_in_hand(&holder->cash);
    message.limit_vnd = place->limits.cash_vnd;
    message.oldest_at_ms = cash_oldest_ms(&holder->cash);
    message.max_age_hours = place->max_age_hours;
    alarm->len = ansinh__v1__custody_alarm__get_packed_size(&message);
    ASSERT(alarm->len <= sizeof(alarm->packed)); /* two codes and six numbers */
    (void)ansinh__v1__custody_alarm__pack(&message, alarm->packed);
    alarm->at_ms = now_ms;
    self->n_alarms++;
    self->stats.alarms++;
    log_warn("cash custody alarm", "kind=%s holder=%s organisation=%s cash_vnd=%lld",
             kind == ANSINH__V1__CUSTODY_ALARM_KIND__CUSTODY_ALARM_KIND_OVER_LIMIT ? "over_limit"
                                                                                   : "too_late",
             holder->code, place->organisation, (long long)message.cash_in_hand_vnd);
}

/* What changed is marked; an alarm is told when a limit was not crossed at the last look. */
static void judge(struct custody *self, struct custody_holder *holder, int64_t now_ms)
{
    struct custody_place place;
    if (self->n_alarms + 2 > ALARMS_PENDING_MAX)
        return;
    custody_place(self, holder->code, &place);
    struct cash *cash = &holder->cash;
    int is_over = cash_is_over(cash, &place.limits);
    int is_late = cash_is_late(cash, &place.limits, now_ms);
    int is_blocked = place.is_enforced && (is_over || is_late);
    if (is_over != cash->is_over || is_late != cash->is_late || is_blocked != holder->is_blocked)
        mark(self, holder);
    if (is_over && !cash->is_over)
        tell(self, holder, &place, ANSINH__V1__CUSTODY_ALARM_KIND__CUSTODY_ALARM_KIND_OVER_LIMIT,
             now_ms);
    if (is_late && !cash->is_late)
        tell(self, holder, &place, ANSINH__V1__CUSTODY_ALARM_KIND__CUSTODY_ALARM_KIND_TOO_LATE,
             now_ms);
    self->stats.over += is_over - cash->is_over;
    self->stats.late += is_late - cash->is_late;
    self->stats.blocked += is_blocked - holder->is_blocked;
    cash->is_over = (uint8_t)is_over;
    cash->is_late = (uint8_t)is_late;
    holder->is_blocked = is_blocked;
}

/* --- the flush -------------------------------------------------------------------------------- */

/* What the payments instances read, when it says something or did. */
static int write_blocked(struct custody *self, struct custody_holder *holder, struct flush *flush)
{
    char field[sizeof(CUSTODY_HOLDER) + CUSTODY_CODE_BYTES];
    uint8_t packed[BLOCKED_MAX_BYTES];
    Ansinh__V1__CashInHand value;
    ansinh__v1__cash_in_hand__init(&value);
    struct custody_place place;
    if (!holder->is_blocked && !holder->cash.is_blocked)
        return 0;
    custody_place(self, holder->code, &place);
    value.cash_in_hand_vnd = cash_in_hand(&holder->cash);
    value.oldest_at_ms = cash_oldest_ms(&holder->cash);
    value.limit_vnd = place.limits.cash_vnd;
    value.max_age_hours = place.max_age_hours;
    size_t value_len = holder->is_blocked ? ansinh__v1__cash_in_hand__pack(&value, packed) : 0;
    int len = snprintf(field, sizeof(field), "%s%s", CUSTODY_HOLDER, holder->code);
    (void)flush_set(flush, CUSTODY_BLOCKED, field, (size_t)len, packed, value_len);
    holder->cash.is_blocked = (uint8_t)holder->is_blocked;
    return 1;
}

static int write_holder(struct custody *self, struct custody_holder *holder, struct flush *flush,
                        int64_t now_ms)
{
    uint8_t packed[CASH_PACKED_MAX_BYTES];
    if (self->is_near)
        judge(self, holder, now_ms);
    if (self->has_caught_up)
        cash_settle(&holder->cash, now_ms - SETTLED_MS);
    int is_written = write_blocked(self, holder, flush);
    size_t len = cash_pack(&holder->cash, packed);
    (void)flush_set(flush, KEY_CASH, holder->code, strlen(holder->code), packed, len);
    return is_written;
}

static void write_alarms(struct custody *self, struct flush *flush)
{
    for (size_t i = 0; i < self->n_alarms; i++) {
        char key[VIEW_KEY_MAX_BYTES];
        (void)snprintf(key, sizeof(key), "%s:%d", KEY_ALARMS,
                       (int)month_of_day(clock_business_day(self->alarms[i].at_ms)));
        (void)flush_push(flush, key, self->alarms[i].packed, self->alarms[i].len);
        (void)flush_expire(flush, key, ALARMS_KEPT_S);
    }
    self->n_alarms = 0;
}

static void collect(void *arg, uint64_t version, struct flush *flush)
{
    struct custody *self = arg;
    char text[24];
    int is_written = 0;
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; i < self->n_dirty; i++) {
        is_written |= write_holder(self, self->dirty[i], flush, now_ms);
        self->dirty[i]->is_dirty = 0;
    }
    self->n_dirty = 0;
    int len = snprintf(text, sizeof(text), "%" PRIu64, version);
    if (is_written)
        (void)flush_set(flush, CUSTODY_BLOCKED, CUSTODY_VERSION, strlen(CUSTODY_VERSION), text,
                        (size_t)len);
    write_alarms(self, flush);
}

/* --- time ------------------------------------------------------------------------------------- */

static void beat(struct custody *self)
{
    char key[KEY_MAX_BYTES], text[24];
    (void)view_key(CUSTODY_VIEW, CUSTODY_BLOCKED, key);
    (void)snprintf(text, sizeof(text), "%" PRId64, ++self->beat);
    store_send_text(self->svc->views, 0, NULL, NULL, "HSET", key, CUSTODY_BEAT, text, NULL);
}

/* Age grows without any event, and limits change with the directory. */
static void look(void *arg)
{
    struct custody *self = arg;
    struct projector_stats stats;
    if (self->projector == NULL || !projector_is_leader(self->projector))
        return;
    projector_stats_get(self->projector, &stats);
    self->has_caught_up |= projector_is_caught_up(self->projector);
    self->is_near = stats.has_swept && stats.lag_events <= NEAR_EVENTS;
    if (!self->is_near)
        return;
    int64_t now_ms = clock_wall_ms();
    for (size_t i = 0; i < self->n_holders && self->n_dirty < LOOK_CHANGES_MAX; i++)
        judge(self, self->holders[self->looked++ % self->n_holders], now_ms);
    if (self->n_dirty > 0)
        projector_touch(self->projector);
    if (stats.lag_ms < BEHIND_MS)
        beat(self);
}

/* --- life ------------------------------------------------------------------------------------- */

static void clear(void *arg)
{
    struct custody *self = arg;
    for (size_t i = 0; i < self->n_holders; i++)
        free(self->holders[i]);
    map_destroy(&self->by_code);
    self->by_code = map_create();
    self->n_holders = self->n_dirty = self->n_alarms = 0;
    self->is_near = self->has_caught_up = 0;
    self->stats = (struct custody_stats){.alarms = self->stats.alarms};
}

static int load_row(struct custody *self, const char *code, size_t code_len, const char *value,
                    size_t len)
{
    struct cash cash;
    if (code_len == 0 || code_len >= CUSTODY_CODE_BYTES || cash_unpack(value, len, &cash) < 0)
        return -EPROTO;
    struct custody_holder *holder = holder_get(self, code);
    holder->cash = cash;
    holder->is_blocked = cash.is_blocked;
    self->stats.cash_vnd += cash_in_hand(&cash);
    self->stats.over += cash.is_over;
    self->stats.late += cash.is_late;
    self->stats.blocked += holder->is_blocked;
    return 0;
}

static void on_rows(void *arg, int rc, const struct store_reply *reply)
{
    struct custody *self = arg;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2) {
        size_t code_len, len;
        const char *code = store_reply_bytes(store_reply_at(reply, i), &code_len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        rc = code == NULL || value == NULL ? -EPROTO : load_row(self, code, code_len, value, len);
    }
    self->loaded(self->loaded_arg, rc);
}

static void load(void *arg, books_loaded_fn done, void *done_arg)
{
    struct custody *self = arg;
    char key[KEY_MAX_BYTES];
    self->loaded = done;
    self->loaded_arg = done_arg;
    (void)view_key(CUSTODY_VIEW, KEY_CASH, key);
    store_send_text(self->svc->views, 0, on_rows, self, "HGETALL", key, NULL);
}

static void *create(struct service *svc)
{
    struct custody *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->by_code = map_create();
    self->timer = loop_timer_add(svc->loop, CUSTODY_BEAT_MS, CUSTODY_BEAT_MS, look, self);
    return self;
}

void custody_attach(struct custody *self, struct projector *projector)
{
    self->projector = projector;
}

static void destroy(void *arg)
{
    struct custody *self = arg;
    if (self == NULL)
        return;
    loop_timer_cancel(self->svc->loop, &self->timer);
    clear(self);
    map_destroy(&self->by_code);
    free(self->holders);
    free(self->dirty);
    free(self);
}

const struct books_fold custody_fold = {
    .name = "custody",
    .create = create,
    .destroy = destroy,
    .apply = apply,
    .collect = collect,
    .load = load,
    .clear = clear,
};
