#include "services/payments/custody_guard.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/custody.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/domain/calendar.h"
#include "common/service/custody_keys.h"
#include "common/store/views.h"

#define WORD_MAX_BYTES 24
#define PREFIX_BYTES (sizeof(CUSTODY_HOLDER) - 1)
#define CODE_MAX_BYTES 32

/* What was known of a blocked collector; 0: there is no such limit. */
struct custody_block {
    int64_t cash_vnd, limit_vnd;
    int64_t oldest_ms;
    int64_t max_age_hours;
};

struct custody_guard {
    struct service *svc;
    struct loop_timer *timer;
    struct map *blocks; /* by code */
    char beat[WORD_MAX_BYTES], version[WORD_MAX_BYTES];
    char loading[WORD_MAX_BYTES]; /* the version that is being read */
    int64_t beat_ms;              /* monotonic, when it changed last; 0: never */
    int is_asking;
    char key[KEY_MAX_BYTES];
};

static void blocks_clear(struct custody_guard *self)
{
    void *block;
    for (size_t cursor = 0; (block = map_next(self->blocks, &cursor)) != NULL;)
        free(block);
    map_destroy(&self->blocks);
    self->blocks = map_create();
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Fields other than of holders, and holders that may collect again, leave nothing. */
static void take_field(struct custody_guard *self, const char *field, size_t field_len,
                       const uint8_t *value, size_t len)
{
    if (len == 0 || field_len <= PREFIX_BYTES || field_len > PREFIX_BYTES + CODE_MAX_BYTES ||
        strncmp(field, CUSTODY_HOLDER, PREFIX_BYTES) != 0)
        return;
    Ansinh__V1__CashInHand *read = ansinh__v1__cash_in_hand__unpack(NULL, len, value);
    if (read == NULL)
        return;
    struct custody_block *block = malloc(sizeof(*block));
    ASSERT(block != NULL);
    *block = (struct custody_block){read->cash_in_hand_vnd, read->limit_vnd, read->oldest_at_ms,
                                    read->max_age_hours};
    ansinh__v1__cash_in_hand__free_unpacked(read, NULL);
    free(map_put(self->blocks, field + PREFIX_BYTES, field_len - PREFIX_BYTES, block));
}

static void on_blocks(void *arg, int rc, const struct store_reply *reply)
{
    struct custody_guard *self = arg;
    self->is_asking = 0;
    if (rc < 0 || store_reply_type(reply) != STORE_REPLY_ARRAY)
        return;
    blocks_clear(self);
    for (size_t i = 0; i + 1 < store_reply_count(reply); i += 2) {
        size_t field_len, len;
        const char *field = store_reply_bytes(store_reply_at(reply, i), &field_len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        if (field != NULL && value != NULL)
            take_field(self, field, field_len, (const uint8_t *)value, len);
    }
    (void)memcpy(self->version, self->loading, sizeof(self->version));
}

static void take_word(const struct store_reply *reply, size_t i, char ret[WORD_MAX_BYTES])
{
    size_t len;
    const char *text = store_reply_bytes(store_reply_at(reply, i), &len);
    (void)snprintf(ret, WORD_MAX_BYTES, "%s", text == NULL ? "" : text);
}

static void on_beat(void *arg, int rc, const struct store_reply *reply)
{
    struct custody_guard *self = arg;
    char beat[WORD_MAX_BYTES];
    self->is_asking = 0;
    if (rc < 0 || store_reply_count(reply) != 2)
        return;
    take_word(reply, 0, beat);
    take_word(reply, 1, self->loading);
    if (strcmp(beat, self->beat) != 0)
        self->beat_ms = clock_mono_ms();
    (void)memcpy(self->beat, beat, sizeof(beat));
    if (strcmp(self->loading, self->version) == 0)
        return;
    self->is_asking = 1;
    store_send_text(self->svc->views, 0, on_blocks, self, "HGETALL", self->key, NULL);
}

static void ask(void *arg)
{
    struct custody_guard *self = arg;
    if (self->is_asking)
        return;
    self->is_asking = 1;
    store_send_text(self->svc->views, 0, on_beat, self, "HMGET", self->key, CUSTODY_BEAT,
                    CUSTODY_VERSION, NULL);
}

/* --- asking ----------------------------------------------------------------------------------- */

static int is_stale(const struct custody_guard *self)
{
    return self->beat_ms == 0 || clock_mono_ms() - self->beat_ms > CUSTODY_STALE_MS;
}

static const struct custody_block *find(const struct custody_guard *self, const char *code)
{
    size_t len = strlen(code);
    return len == 0 || len > CODE_MAX_BYTES || is_stale(self) ? NULL
                                                              : map_get(self->blocks, code, len);
}

int custody_guard_check(const struct custody_guard *self, Ansinh__V1__PaymentChannel channel,
                        const char *collector_code, const char *point_code, struct err *err)
{
    char date[DATE_TEXT_BYTES];
    const struct custody_block *block =
        find(self, collector_code[0] != '\0' ? collector_code : point_code);
    if (block == NULL || channel == ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER)
        return 0;
    if (block->limit_vnd > 0 && block->cash_vnd > block->limit_vnd)
        return err_field(err, -EPERM, "collector_code",
                         "%" PRId64 " dong are in hand, %" PRId64
                         " are allowed; hand cash over before collecting more",
                         block->cash_vnd, block->limit_vnd);
    date_format(clock_business_day(block->oldest_ms), date);
    return err_field(err, -EPERM, "collector_code",
                     "%" PRId64 " dong are in hand, some since %s, longer than %" PRId64
                     " hours; hand cash over before collecting more",
                     block->cash_vnd, date, block->max_age_hours);
}

/* --- life ------------------------------------------------------------------------------------- */

static void collect(void *arg, metrics_emit_fn emit, void *sink)
{
    const struct custody_guard *self = arg;
    emit(sink, "custody_guard_blocked", "", (int64_t)map_count(self->blocks), 0);
    emit(sink, "custody_guard_stale", "", is_stale(self), 0);
}

struct custody_guard *custody_guard_create(struct service *svc)
{
    struct custody_guard *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->blocks = map_create();
    (void)view_key(CUSTODY_VIEW, CUSTODY_BLOCKED, self->key);
    self->timer = loop_timer_add(svc->loop, 0, CUSTODY_BEAT_MS, ask, self);
    metrics_collector(svc->metrics, collect, self);
    return self;
}

void custody_guard_destroy(struct custody_guard **self)
{
    if (*self == NULL)
        return;
    loop_timer_cancel((*self)->svc->loop, &(*self)->timer);
    blocks_clear(*self);
    map_destroy(&(*self)->blocks);
    free(*self);
    *self = NULL;
}
