#include "services/settlement/issue_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"

#define KEY_QUEUE "rq"
#define HEAD_BYTES (1 + 2 + 4 + 8 + 8 + 4 + 1)
#define TEXTS_MAX_BYTES (ISSUE_TASK_MAX_BYTES - HEAD_BYTES)

_Static_assert(TEXTS_MAX_BYTES >= 2 * (SERIES_POINT_BYTES - 1), "two codes fit");

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

size_t issue_task_pack(const struct issue_task *task, uint8_t ret[ISSUE_TASK_MAX_BYTES])
{
    size_t point_len = strlen(task->point), organisation_len = strlen(task->organisation);
    uint8_t *at = put(ret, task->kind, 1);
    at = put(at, task->partition, 2);
    at = put(at, task->payment.epoch, 4);
    at = put(at, task->payment.seq, 8);
    at = put(at, task->named_number, 8);
    at = put(at, (uint32_t)task->paid_day, 4);
    at = put(at, point_len, 1);
    memcpy(at, task->point, point_len);
    memcpy(at + point_len, task->organisation, organisation_len);
    return HEAD_BYTES + point_len + organisation_len;
}

int issue_task_unpack(const void *bytes, size_t len, struct issue_task *ret)
{
    const uint8_t *at = bytes;
    *ret = (struct issue_task){0};
    if (len <= HEAD_BYTES || len > ISSUE_TASK_MAX_BYTES)
        return -EPROTO;
    uint64_t kind = take(&at, 1);
    ret->partition = (unsigned)take(&at, 2);
    ret->payment.epoch = (uint32_t)take(&at, 4);
    ret->payment.seq = take(&at, 8);
    ret->named_number = take(&at, 8);
    ret->paid_day = (int32_t)take(&at, 4);
    size_t point_len = take(&at, 1), left = len - HEAD_BYTES;
    if ((kind != ISSUE_RECEIPT && kind != ISSUE_VOID) || ret->partition >= PARTITIONS ||
        point_len == 0 || point_len > left || point_len >= sizeof(ret->point) ||
        left - point_len >= sizeof(ret->organisation))
        return -EPROTO;
    ret->kind = (enum issue_kind)kind;
    memcpy(ret->point, at, point_len);
    memcpy(ret->organisation, at + point_len, left - point_len);
    memcpy(ret->packed, bytes, len);
    ret->packed_len = len;
    return 0;
}

int issue_queue_push(struct flush *flush, const uint8_t *packed, size_t len, int64_t at_ms)
{
    return flush_schedule(flush, KEY_QUEUE, packed, len, at_ms);
}

/* --- taking ----------------------------------------------------------------------------------- */

struct taking {
    issue_queue_fn fn;
    void *arg;
    int64_t waiting;
};

static int read_tasks(const struct store_reply *reply, struct issue_task *tasks, size_t *ret_n)
{
    size_t n = store_reply_count(reply);
    if (store_reply_type(reply) != STORE_REPLY_ARRAY || n > 2 * ISSUE_TAKE_MAX || n % 2 != 0)
        return -EPROTO;
    for (size_t i = 0; i < n / 2; i++) {
        size_t len, score_len;
        const char *bytes = store_reply_bytes(store_reply_at(reply, 2 * i), &len);
        const char *score = store_reply_bytes(store_reply_at(reply, 2 * i + 1), &score_len);
        if (bytes == NULL || score == NULL || issue_task_unpack(bytes, len, &tasks[i]) < 0 ||
            parse_int64(score, 0, INT64_MAX, &tasks[i].at_ms) < 0)
            return -EPROTO;
    }
    *ret_n = n / 2;
    return 0;
}

static void on_taken(void *arg, int rc, const struct store_reply *reply)
{
    struct taking *taking = arg;
    struct issue_task *tasks = malloc(ISSUE_TAKE_MAX * sizeof(*tasks));
    size_t n = 0;
    ASSERT(tasks != NULL);
    if (rc == 0)
        rc = read_tasks(reply, tasks, &n);
    taking->fn(taking->arg, rc, tasks, n, taking->waiting);
    free(tasks);
    free(taking);
}

static void on_counted(void *arg, int rc, const struct store_reply *reply)
{
    struct taking *taking = arg;
    if (rc == 0)
        taking->waiting = store_reply_integer(reply);
}

/* Both on one connection: the count comes first. */
void issue_queue_take(struct store *views, issue_queue_fn fn, void *arg)
{
    struct taking *taking = calloc(1, sizeof(*taking));
    char key[KEY_MAX_BYTES];
    ASSERT(taking != NULL);
    taking->fn = fn;
    taking->arg = arg;
    (void)view_key(TILL_VIEW, KEY_QUEUE, key);
    store_send_text(views, 0, on_counted, taking, "ZCARD", key, NULL);
    store_send_text(views, 0, on_taken, taking, "ZRANGE", key, "0", "239", "WITHSCORES", NULL);
    _Static_assert(ISSUE_TAKE_MAX == 240, "the number above");
}

void issue_queue_remove(struct store *views, const struct issue_task *const *tasks, size_t n,
                        store_reply_fn fn, void *arg)
{
    char key[KEY_MAX_BYTES];
    const char *argv[2 + ISSUE_TAKE_MAX] = {"ZREM", key};
    size_t lens[2 + ISSUE_TAKE_MAX] = {4, view_key(TILL_VIEW, KEY_QUEUE, key)};
    ASSERT(n > 0 && n <= ISSUE_TAKE_MAX);
    for (size_t i = 0; i < n; i++) {
        argv[2 + i] = (const char *)tasks[i]->packed;
        lens[2 + i] = tasks[i]->packed_len;
    }
    store_send(views, 0, (int)(2 + n), argv, lens, fn, arg);
}
