#include "services/notifications/notifications_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"

#define ID_PACKED_BYTES 10 /* a journal position: epoch 4 bytes, sequence 6, big-endian */
#define WELCOME_PACKED_BYTES (ID_BYTES + ID_PACKED_BYTES + 1 + 8 + 4)
#define RECEIPT_PACKED_BYTES (WELCOME_PACKED_BYTES + 4 + 4 + 4 * 8)
#define REVERSAL_PACKED_BYTES (RECEIPT_PACKED_BYTES + 10)
#define BEHIND_PACKED_BYTES (WELCOME_PACKED_BYTES + 4 * 8)
#define BOARD_VIEW "board"  /* the name of analytics' projection */
#define CARD_PACKED_BYTES 8 /* at the end, of health insurance */
#define BUCKETS 16384

_Static_assert(REVERSAL_PACKED_BYTES + CARD_PACKED_BYTES <= TASK_PACKED_MAX_BYTES, "a task fits");

struct notify_store {
    struct store *views;
    char in[KEY_MAX_BYTES], queue[KEY_MAX_BYTES], tries[KEY_MAX_BYTES];
    char history[KEY_MAX_BYTES]; /* without the bucket */
    notify_turn_fn turn_fn;      /* NULL: no turn under way */
    void *turn_arg;
    struct claimed_task claimed[TAKE_MAX];
};

/* A citizen's record is a row of packed deliveries, each beginning with its position. record() adds
 * one at the end unless it is there, or replaces one that is there; true: added. */
#define SCRIPT_RECORD                                                                              \
    "local size, id_size = 21, 10\n"                                                               \
    "local function record(prefix, keep, citizen, delivery, is_new)\n"                             \
    "  local key = prefix .. struct.unpack('>H', citizen:sub(15, 16)) % 16384\n"                   \
    "  local field = citizen:sub(1, 8)\n"                                                          \
    "  local old = redis.call('HGET', key, field) or ''\n"                                         \
    "  for i = 1, #old, size do\n"                                                                 \
    "    if old:sub(i, i + id_size - 1) == delivery:sub(1, id_size) then\n"                        \
    "      if not is_new then\n"                                                                   \
    "        redis.call('HSET', key, field, old:sub(1, i - 1) .. delivery .. old:sub(i + size))\n" \
    "      end\n"                                                                                  \
    "      return false\n"                                                                         \
    "    end\n"                                                                                    \
    "  end\n"                                                                                      \
    "  if is_new then\n"                                                                           \
    "    redis.call('HSET', key, field, (old .. delivery):sub(-keep * size))\n"                    \
    "  end\n"                                                                                      \
    "  return is_new\n"                                                                            \
    "end\n"                                                                                        \
    "local time = redis.call('TIME')\n"                                                            \
    "local now = time[1] * 1000 + math.floor(time[2] / 1000)\n"

_Static_assert(DELIVERY_PACKED_BYTES == 21 && ID_PACKED_BYTES == 10 && BUCKETS == 16384,
               "the numbers in SCRIPT_RECORD");

/* KEYS: in, queue, tries; ARGV: history prefix, history max, file max, take max, claim ms. */
static const char script_turn[] = SCRIPT_RECORD
    "for _, found in ipairs(redis.call('LPOP', KEYS[1], ARGV[3]) or {}) do\n"
    "  local task = found:sub(size + 1)\n"
    "  if record(ARGV[1], ARGV[2], task, found:sub(1, size), true) and #task > 16 then\n"
    "    redis.call('ZADD', KEYS[2], now, task)\n"
    "  end\n"
    "end\n"
    "local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')\n"
    "local late = first[2] and math.max(0, now - first[2]) or 0\n"
    "local claimed_until = now + ARGV[5]\n"
    "local answer = {redis.call('LLEN', KEYS[1]), redis.call('ZCARD', KEYS[2]), late,\n"
    "                claimed_until}\n"
    "local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[4])\n"
    "for _, task in ipairs(due) do\n"
    "  redis.call('ZADD', KEYS[2], claimed_until, task)\n"
    "  answer[#answer + 1] = task\n"
    "  answer[#answer + 1] = redis.call('HINCRBY', KEYS[3], task:sub(1, 16 + id_size), 1)\n"
    "end\n"
    "return answer\n";

#define TURN_HEAD 4 /* numbers before the tasks in its answer */

/* KEYS: queue, tries; ARGV: history prefix, task, delivery, claim's token, delay (negative: final),
 * whether the try counts. */
static const char script_settle[] =
    SCRIPT_RECORD "local due = redis.call('ZSCORE', KEYS[1], ARGV[2])\n"
                  "local id, delay = ARGV[2]:sub(1, 16 + id_size), tonumber(ARGV[5])\n"
                  "if not due then return 0 end\n"
                  "if delay < 0 then\n"
                  "  redis.call('ZREM', KEYS[1], ARGV[2])\n"
                  "  redis.call('HDEL', KEYS[2], id)\n"
                  "else\n"
                  "  if tonumber(due) ~= tonumber(ARGV[4]) then return 0 end\n"
                  "  redis.call('ZADD', KEYS[1], now + delay, ARGV[2])\n"
                  "  if ARGV[6] == '0' then redis.call('HINCRBY', KEYS[2], id, -1) end\n"
                  "end\n"
                  "record(ARGV[1], 0, ARGV[2], ARGV[3], false)\n"
                  "return 1\n";

/* --- units ------------------------------------------------------------------------------------ */

/* A citizen's first 8 bytes are its field, the last two its bucket. */
void task_of_unit(const char *code, int32_t day, struct task *ret)
{
    size_t len = strlen(code);
    unsigned bucket = 0;
    ASSERT(len < UNIT_CODE_BYTES && day > 0);
    *ret = (struct task){.kind = TASK_BEHIND, .position = {0, (uint64_t)day}, .day = day};
    memcpy(ret->citizen, code, len);
    for (size_t i = 0; i < len; i++)
        bucket = bucket * 31 + (uint8_t)code[i];
    memcpy(ret->citizen + UNIT_CODE_BYTES, "behind", 6);
    ret->citizen[ID_BYTES - 2] = (uint8_t)(bucket >> 8);
    ret->citizen[ID_BYTES - 1] = (uint8_t)bucket;
}

void task_unit(const struct task *task, char ret_code[UNIT_CODE_BYTES])
{
    memcpy(ret_code, task->citizen, UNIT_CODE_BYTES);
    ret_code[UNIT_CODE_BYTES - 1] = '\0';
}

/* --- packed forms ----------------------------------------------------------------------------- */

static uint8_t *put(uint8_t *at, uint64_t value, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        at[i] = (uint8_t)(value >> 8 * (n_bytes - 1 - i));
    return at + n_bytes;
}

static uint64_t take(const uint8_t **at, size_t n_bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n_bytes; i++)
        value = value << 8 | *(*at)++;
    return value;
}

static uint8_t *put_position(uint8_t *at, struct journal_position position)
{
    return put(put(at, position.epoch, 4), position.seq, 6);
}

static struct journal_position take_position(const uint8_t **at)
{
    struct journal_position position = {.epoch = (uint32_t)take(at, 4)};
    position.seq = take(at, 6);
    return position;
}

size_t task_pack(const struct task *task, uint8_t ret[TASK_PACKED_MAX_BYTES])
{
    memcpy(ret, task->citizen, ID_BYTES);
    uint8_t *at = put_position(ret + ID_BYTES, task->position);
    at = put(at, task->kind, 1);
    at = put(at, (uint64_t)task->at_ms, 8);
    at = put(at, (uint32_t)task->day, 4);
    if (task->kind == TASK_BEHIND) {
        at = put(at, (uint64_t)task->behind.value, 8);
        at = put(at, (uint64_t)task->behind.plan, 8);
        at = put(at, (uint64_t)task->behind.needed_per_day, 8);
        at = put(at, (uint64_t)task->behind.pace_per_day, 8);
        return (size_t)(at - ret);
    }
    if (task->kind != TASK_WELCOME) {
        at = put(at, task->receipt.from_month, 4);
        at = put(at, task->receipt.months, 4);
        at = put(at, (uint64_t)task->receipt.participant_vnd, 8);
        at = put(at, (uint64_t)task->receipt.central_vnd, 8);
        at = put(at, (uint64_t)task->receipt.local_vnd, 8);
        at = put(at, (uint64_t)task->receipt.donor_vnd, 8);
    }
    if (task->kind == TASK_REVERSAL)
        at = put_position(at, task->payment);
    if (task->receipt.card_to_day != 0) {
        at = put(at, (uint32_t)task->receipt.card_from_day, 4);
        at = put(at, (uint32_t)task->receipt.card_to_day, 4);
    }
    return (size_t)(at - ret);
}

static int unpack_behind(const uint8_t *at, size_t len, struct task *ret)
{
    if (len != BEHIND_PACKED_BYTES)
        return -EPROTO;
    ret->kind = TASK_BEHIND;
    ret->behind.value = (int64_t)take(&at, 8);
    ret->behind.plan = (int64_t)take(&at, 8);
    ret->behind.needed_per_day = (int64_t)take(&at, 8);
    ret->behind.pace_per_day = (int64_t)take(&at, 8);
    return 0;
}

int task_unpack(const void *bytes, size_t len, struct task *ret)
{
    if (len < WELCOME_PACKED_BYTES)
        return -EPROTO;
    *ret = (struct task){.kind = TASK_WELCOME};
    memcpy(ret->citizen, bytes, ID_BYTES);
    const uint8_t *at = (const uint8_t *)bytes + ID_BYTES;
    ret->position = take_position(&at);
    uint64_t kind = take(&at, 1);
    ret->at_ms = (int64_t)take(&at, 8);
    ret->day = (int32_t)take(&at, 4);
    if (kind == TASK_WELCOME)
        return len == WELCOME_PACKED_BYTES ? 0 : -EPROTO;
    if (kind == TASK_BEHIND)
        return unpack_behind(at, len, ret);
    size_t usual = kind == TASK_RECEIPT ? RECEIPT_PACKED_BYTES : REVERSAL_PACKED_BYTES;
    if ((kind != TASK_RECEIPT && kind != TASK_REVERSAL) ||
        (len != usual && len != usual + CARD_PACKED_BYTES))
        return -EPROTO;
    ret->kind = (enum task_kind)kind;
    ret->receipt.from_month = (uint32_t)take(&at, 4);
    ret->receipt.months = (uint32_t)take(&at, 4);
    ret->receipt.participant_vnd = (int64_t)take(&at, 8);
    ret->receipt.central_vnd = (int64_t)take(&at, 8);
    ret->receipt.local_vnd = (int64_t)take(&at, 8);
    ret->receipt.donor_vnd = (int64_t)take(&at, 8);
    if (kind == TASK_REVERSAL)
        ret->payment = take_position(&at);
    if (len == usual)
        return 0;
    ret->receipt.card_from_day = (int32_t)take(&at, 4);
    ret->receipt.card_to_day = (int32_t)take(&at, 4);
    return ret->receipt.card_to_day != 0 ? 0 : -EPROTO;
}

void delivery_pack(const struct delivery *delivery, uint8_t ret[DELIVERY_PACKED_BYTES])
{
    uint8_t *at = put_position(ret, delivery->position);
    at = put(at, (uint64_t)delivery->kind << 4 | delivery->state, 1);
    at = put(at, delivery->channel, 1);
    at = put(at, MIN(delivery->attempts, 255U), 1);
    at = put(at, delivery->error, 2);
    (void)put(at, (uint64_t)delivery->updated_at_ms, 6);
}

int delivery_unpack(const uint8_t bytes[DELIVERY_PACKED_BYTES], struct delivery *ret)
{
    const uint8_t *at = bytes;
    ret->position = take_position(&at);
    uint64_t kind_state = take(&at, 1);
    uint64_t channel = take(&at, 1);
    ret->attempts = (unsigned)take(&at, 1);
    ret->error = (unsigned)take(&at, 2);
    ret->updated_at_ms = (int64_t)take(&at, 6);
    uint64_t kind = kind_state >> 4, state = kind_state & 15;
    if (kind < TASK_WELCOME || kind > TASK_BEHIND || state < TASK_QUEUED || state > TASK_FAILED ||
        channel > CHANNEL_MAILDIR)
        return -EPROTO;
    ret->kind = (enum task_kind)kind;
    ret->state = (enum task_state)state;
    ret->channel = (enum task_channel)channel;
    return 0;
}

size_t found_pack(const struct task *task, const struct delivery *delivery,
                  uint8_t ret[FOUND_PACKED_MAX_BYTES])
{
    delivery_pack(delivery, ret);
    size_t len = task_pack(task, ret + DELIVERY_PACKED_BYTES);
    /* Nobody will ask what an ended task was about. */
    return DELIVERY_PACKED_BYTES + (delivery->state == TASK_QUEUED ? len : ID_BYTES);
}

int notify_store_push(struct flush *flush, const uint8_t *found, size_t len)
{
    return flush_push(flush, "in", found, len);
}

/* --- commands --------------------------------------------------------------------------------- */

struct notify_store *notify_store_create(struct store *views)
{
    struct notify_store *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->views = views;
    (void)view_key(NOTIFY_VIEW, "in", self->in);
    (void)view_key(NOTIFY_VIEW, "queue", self->queue);
    (void)view_key(NOTIFY_VIEW, "tries", self->tries);
    (void)view_key(NOTIFY_VIEW, "d:", self->history);
    return self;
}

void notify_store_destroy(struct notify_store **self)
{
    free(*self);
    *self = NULL;
}

/* An error reply is a bug of ours or a server that is full: worth a line each time it changes
 * nothing else. */
static int check_reply(int rc, const struct store_reply *reply, enum store_reply_type type)
{
    if (rc != 0)
        return rc;
    if (store_reply_type(reply) == type)
        return 0;
    size_t len = 0;
    const char *text = store_reply_bytes(reply, &len);
    log_warn("views refused a command", "reply=\"%.*s\"", (int)MIN(len, 160U),
             text == NULL ? "" : text);
    return -EPROTO;
}

static int read_tasks(struct notify_store *self, const struct store_reply *reply,
                      struct notify_turn *turn)
{
    size_t n = (store_reply_count(reply) - TURN_HEAD) / 2;
    if (n > TAKE_MAX)
        return -EPROTO;
    for (size_t i = 0; i < n; i++) {
        size_t len = 0;
        const char *bytes = store_reply_bytes(store_reply_at(reply, TURN_HEAD + 2 * i), &len);
        if (bytes == NULL || task_unpack(bytes, len, &self->claimed[turn->n_tasks].task) < 0)
            continue; /* written by a newer release: its claim ends, a newer instance takes it */
        int64_t attempts = store_reply_integer(store_reply_at(reply, TURN_HEAD + 2 * i + 1));
        self->claimed[turn->n_tasks++].attempts = (unsigned)MAX(attempts, 1);
    }
    return 0;
}

static void on_turn(void *arg, int rc, const struct store_reply *reply)
{
    struct notify_store *self = arg;
    notify_turn_fn fn = self->turn_fn;
    self->turn_fn = NULL;
    struct notify_turn turn = {.tasks = self->claimed};
    rc = check_reply(rc, reply, STORE_REPLY_ARRAY);
    if (rc == 0 && store_reply_count(reply) < TURN_HEAD)
        rc = -EPROTO;
    if (rc == 0)
        rc = read_tasks(self, reply, &turn);
    if (rc != 0) {
        fn(self->turn_arg, rc, NULL);
        return;
    }
    turn.found_left = store_reply_integer(store_reply_at(reply, 0));
    turn.queued = store_reply_integer(store_reply_at(reply, 1));
    turn.late_ms = store_reply_integer(store_reply_at(reply, 2));
    turn.token = store_reply_integer(store_reply_at(reply, 3));
    fn(self->turn_arg, 0, &turn);
}

void notify_store_turn(struct notify_store *self, size_t take_max, int64_t claim_ms,
                       notify_turn_fn fn, void *arg)
{
    ASSERT(self->turn_fn == NULL);
    ASSERT(take_max <= TAKE_MAX);
    self->turn_fn = fn;
    self->turn_arg = arg;
    char keep[16], file[16], n[16], claim[24];
    (void)snprintf(keep, sizeof(keep), "%d", HISTORY_MAX);
    (void)snprintf(file, sizeof(file), "%d", FILE_MAX);
    (void)snprintf(n, sizeof(n), "%zu", take_max);
    (void)snprintf(claim, sizeof(claim), "%" PRId64, claim_ms);
    store_send_text(self->views, 0, on_turn, self, "EVAL", script_turn, "3", self->in, self->queue,
                    self->tries, self->history, keep, file, n, claim, NULL);
}

struct settling {
    notify_settled_fn fn;
    void *arg;
};

static void on_settled(void *arg, int rc, const struct store_reply *reply)
{
    struct settling *settling = arg;
    settling->fn(settling->arg, check_reply(rc, reply, STORE_REPLY_INTEGER));
    free(settling);
}

void notify_store_settle(struct notify_store *self, const struct task *task,
                         const struct delivery *delivery, const struct verdict *verdict,
                         int64_t token, notify_settled_fn fn, void *arg)
{
    struct settling *settling = malloc(sizeof(*settling));
    ASSERT(settling != NULL);
    *settling = (struct settling){fn, arg};
    uint8_t packed_task[TASK_PACKED_MAX_BYTES], packed_delivery[DELIVERY_PACKED_BYTES];
    size_t task_len = task_pack(task, packed_task);
    delivery_pack(delivery, packed_delivery);
    char token_text[24], delay[24];
    (void)snprintf(token_text, sizeof(token_text), "%" PRId64, token);
    (void)snprintf(delay, sizeof(delay), "%" PRId64, verdict->delay_ms);
    const char *argv[] = {"EVAL",
                          script_settle,
                          "2",
                          self->queue,
                          self->tries,
                          self->history,
                          (const char *)packed_task,
                          (const char *)packed_delivery,
                          token_text,
                          delay,
                          verdict->is_counted ? "1" : "0"};
    size_t lens[ARRAY_LEN(argv)];
    for (size_t i = 0; i < ARRAY_LEN(argv); i++)
        lens[i] = i == 6 ? task_len : i == 7 ? sizeof(packed_delivery) : strlen(argv[i]);
    store_send(self->views, 0, ARRAY_LEN(argv), argv, lens, on_settled, settling);
}

struct board_reading {
    struct journal_position *at;
    struct settling then;
};

/* "17" and "1-42" */
static int take_counted(struct journal_position *at, const struct store_reply *field_reply,
                        const struct store_reply *value_reply)
{
    size_t field_len, value_len;
    const char *field = store_reply_bytes(field_reply, &field_len);
    const char *value = store_reply_bytes(value_reply, &value_len);
    int64_t partition, epoch, seq;
    char text[48];
    if (field == NULL || value == NULL || value_len >= sizeof(text))
        return -EPROTO;
    (void)snprintf(text, sizeof(text), "%s", value);
    char *dash = strchr(text, '-');
    if (dash == NULL)
        return -EPROTO;
    *dash = '\0';
    if (parse_int64(field, 0, PARTITIONS - 1, &partition) < 0 ||
        parse_int64(text, 1, UINT32_MAX, &epoch) < 0 ||
        parse_int64(dash + 1, 1, INT64_MAX, &seq) < 0)
        return -EPROTO;
    at[partition] = (struct journal_position){(uint32_t)epoch, (uint64_t)seq};
    return 0;
}

static void on_board_at(void *arg, int rc, const struct store_reply *reply)
{
    struct board_reading *reading = arg;
    rc = check_reply(rc, reply, STORE_REPLY_ARRAY);
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2)
        rc = take_counted(reading->at, store_reply_at(reply, i), store_reply_at(reply, i + 1));
    reading->then.fn(reading->then.arg, rc);
    free(reading);
}

void notify_store_board(struct notify_store *self, struct journal_position at[PARTITIONS],
                        notify_settled_fn fn, void *arg)
{
    char key[KEY_MAX_BYTES];
    struct board_reading *reading = malloc(sizeof(*reading));
    ASSERT(reading != NULL);
    *reading = (struct board_reading){at, {fn, arg}};
    memset(at, 0, PARTITIONS * sizeof(*at));
    (void)view_key(BOARD_VIEW, VIEW_KEY_CHECKPOINT, key);
    store_send_text(self->views, 0, on_board_at, reading, "HGETALL", key, NULL);
}

void notify_store_add(struct notify_store *self, const struct task *tasks, size_t n,
                      enum task_channel channel, notify_settled_fn fn, void *arg)
{
    enum { HEAD = 2 };
    const char *argv[HEAD + ADD_MAX] = {"RPUSH", self->in};
    size_t lens[HEAD + ADD_MAX] = {strlen("RPUSH"), strlen(self->in)};
    ASSERT(n > 0 && n <= ADD_MAX);
    uint8_t(*found)[FOUND_PACKED_MAX_BYTES] = calloc(n, sizeof(*found));
    struct settling *settling = malloc(sizeof(*settling));
    ASSERT(found != NULL && settling != NULL);
    *settling = (struct settling){fn, arg};
    for (size_t i = 0; i < n; i++) {
        const struct delivery delivery = {.position = tasks[i].position,
                                          .kind = tasks[i].kind,
                                          .state = TASK_QUEUED,
                                          .channel = channel,
                                          .updated_at_ms = clock_wall_ms()};
        lens[HEAD + i] = found_pack(&tasks[i], &delivery, found[i]);
        argv[HEAD + i] = (const char *)found[i];
    }
    store_send(self->views, 0, HEAD + (int)n, argv, lens, on_settled, settling);
    free(found);
}

struct reading {
    notify_history_fn fn;
    void *arg;
};

static void on_history(void *arg, int rc, const struct store_reply *reply)
{
    struct reading *reading = arg;
    struct delivery deliveries[HISTORY_MAX];
    size_t n = 0, len = 0;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_NIL)
        rc = check_reply(rc, reply, STORE_REPLY_BYTES);
    const uint8_t *bytes = (const uint8_t *)store_reply_bytes(reply, &len);
    if (rc == 0 && (len % DELIVERY_PACKED_BYTES != 0 || len / DELIVERY_PACKED_BYTES > HISTORY_MAX))
        rc = -EPROTO;
    for (size_t at = 0; rc == 0 && at < len; at += DELIVERY_PACKED_BYTES)
        rc = delivery_unpack(bytes + at, &deliveries[n++]);
    reading->fn(reading->arg, rc, deliveries, rc == 0 ? n : 0);
    free(reading);
}

void notify_store_history(struct notify_store *self, const uint8_t citizen[ID_BYTES],
                          notify_history_fn fn, void *arg)
{
    struct reading *reading = malloc(sizeof(*reading));
    ASSERT(reading != NULL);
    *reading = (struct reading){fn, arg};
    char bucket[VIEW_KEY_MAX_BYTES], key[KEY_MAX_BYTES];
    unsigned number = (unsigned)(citizen[14] << 8 | citizen[15]) % BUCKETS;
    (void)snprintf(bucket, sizeof(bucket), "d:%u", number);
    const char *argv[] = {"HGET", key, (const char *)citizen};
    size_t lens[] = {strlen(argv[0]), view_key(NOTIFY_VIEW, bucket, key), 8};
    store_send(self->views, 0, ARRAY_LEN(argv), argv, lens, on_history, reading);
}
