#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/store/commit.h"
#include "common/store/partition.h"
#include "tests/support/booked.h"

/* The checkpoint has the partition's last entry. */
static int is_taken_in(struct platform *platform, unsigned partition)
{
    char key[KEY_MAX_BYTES], number[8], last[48] = "";
    struct totals totals = {.epoch = 0};
    (void)key_totals(partition, key);
    (void)snprintf(number, sizeof(number), "%u", partition);
    redisReply *reply = redis_server_do(platform_ledger(platform), "GET", key, NULL);
    if (reply->type == REDIS_REPLY_STRING)
        assert_int_equal(totals_unpack(reply->str, reply->len, &totals), 0);
    freeReplyObject(reply);
    if (totals.last_seq == 0)
        return 1;
    (void)snprintf(last, sizeof(last), "%" PRIu32 "-%" PRIu64, totals.epoch, totals.last_seq);
    reply = redis_server_do(platform_views(platform), "HGET", "{v:books}:at", number, NULL);
    int is_there = reply->type == REDIS_REPLY_STRING && strcmp(reply->str, last) == 0;
    freeReplyObject(reply);
    return is_there;
}

/* A receipt is committed before its payment leaves the queue; first comes the queue, then, with the
 * receipt's own entry, the checkpoint. */
static int is_booked(void *arg)
{
    struct platform *platform = arg;
    if (redis_server_integer(platform_views(platform), "ZCARD", "{v:books}:rq", NULL) != 0)
        return 0;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        if (!is_taken_in(platform, p))
            return 0;
    }
    return redis_server_integer(platform_views(platform), "ZCARD", "{v:books}:rq", NULL) == 0;
}

int booked_wait(struct platform *platform, int64_t timeout_ms)
{
    return wait_until(platform, is_booked, platform, timeout_ms);
}
