/* citizens SOCKET PEOPLE: memory of the ledger Redis per citizen, without identities.
 *
 * Writes the records of so many people who have enrolled and paid one month, as the services pack
 * and place them, and prints the growth of used_memory per person. */
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/domain/citizen.h"
#include "common/domain/contribution.h"
#include "common/store/partition.h"

#define PEOPLE_MAX 100000000
#define PIPELINE 1000

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "citizens: %s: %s\n", what, why);
    exit(1);
}

static void make_citizen(int64_t i, int32_t today, struct citizen *ret)
{
    int32_t day = today - (int32_t)(i % 1000);
    uint32_t month = (uint32_t)month_of_day(today);
    *ret = (struct citizen){
        .version = 3, /* enrolled, billed, paid */
        .commune = 1 + (uint32_t)(i % 32000),
        .support_group = GROUP_OTHER,
        .method = METHOD_IS_MONTHLY,
        .language = 1,
        .income_vnd = 1500000,
        .has_paid = 1,
        .enrolled_day = day,
        .declared_day = day,
        .changed_day = day,
        .coverage = {.n = 1, .ranges = {{month, month}}},
        .months_supported = 1,
        .bill_number = 1,
        .payment = {.from_month = month,
                    .months = 1,
                    .months_supported = 1,
                    .participant_vnd = 264000,
                    .central_vnd = 66000,
                    .paid_day = today},
    };
}

static void append(redisContext *redis, int64_t i, int32_t today)
{
    uint8_t hash[ID_BYTES], packed[CITIZEN_PACKED_MAX_BYTES];
    char key[KEY_MAX_BYTES];
    struct citizen citizen;
    make_citizen(i, today, &citizen);
    crypto_generichash(hash, sizeof(hash), (const unsigned char *)&i, sizeof(i), NULL, 0);
    size_t key_len = key_citizen(partition_of(hash), partition_bucket(hash), key);
    size_t len = citizen_pack(&citizen, packed);
    const char *argv[] = {"HSET", key, partition_field(hash), (const char *)packed};
    const size_t lens[] = {4, key_len, CITIZEN_FIELD_BYTES, len};
    (void)redisAppendCommandArgv(redis, 4, argv, lens);
}

static redisReply *take(redisContext *redis)
{
    void *reply = NULL;
    if (redisGetReply(redis, &reply) != REDIS_OK)
        fail("redis", redis->errstr);
    if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
        fail("redis refused", ((redisReply *)reply)->str);
    return reply;
}

static int64_t used_memory(redisContext *redis)
{
    static const char field[] = "used_memory:";
    const char *argv[] = {"INFO", "memory"};
    const size_t lens[] = {4, 6};
    (void)redisAppendCommandArgv(redis, 2, argv, lens);
    redisReply *reply = take(redis);
    const char *at = strstr(reply->str, field);
    int64_t bytes = at == NULL ? 0 : strtoll(at + strlen(field), NULL, 10);
    freeReplyObject(reply);
    return bytes;
}

int main(int argc, char **argv)
{
    int64_t people;
    if (argc != 3 || parse_int64(argv[2], 1, PEOPLE_MAX, &people) < 0)
        return fail("usage", "citizens SOCKET PEOPLE");
    redisContext *redis = redisConnectUnix(argv[1]);
    if (redis == NULL || redis->err != 0)
        return fail(argv[1], "cannot connect");
    int32_t today = clock_business_day(clock_wall_ms());
    int64_t before = used_memory(redis);
    for (int64_t i = 0; i < people; i += PIPELINE) {
        int64_t n = MIN((int64_t)PIPELINE, people - i);
        for (int64_t k = 0; k < n; k++)
            append(redis, i + k, today);
        for (int64_t k = 0; k < n; k++)
            freeReplyObject(take(redis));
    }
    (void)printf("%.1f\n", (double)(used_memory(redis) - before) / (double)people);
    redisFree(redis);
    return 0;
}
