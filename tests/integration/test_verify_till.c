/* ansinh verify against cash in hand and the queue of receipts that are put wrong by hand. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/payer.h"

#define PAYMENTS 3
#define COLLECTOR "NV0001"
#define REMITTED "300000"
#define COLLECTED "792000" /* 3 x 264,000 */
#define WAIT_MS 30000

static struct platform *platform;
static struct redis_server *views;
static char answer[PLATFORM_ANSWER_BYTES], said[PLATFORM_SAID_BYTES];
static unsigned n_payers;

static void pay(struct payer *ret)
{
    payer_enrol(platform, n_payers++, ret);
    if (payer_pay(platform, ret, "\"pointCode\":\"BD02647\",\"collectorCode\":\"" COLLECTOR "\"",
                  answer) != 0)
        fail_msg("%s", answer);
}

/* In views themselves: Custody/GetCustody counts what is not flushed yet, and a flush between keep
 * and put_back would be undone. */
static int is_flushed(void *arg)
{
    (void)arg;
    redisReply *reply = redis_server_do(
        views, "EVAL",
        "local v = redis.call('HGET', KEYS[1], ARGV[1]) if not v then return 0 end "
        "local collected, remitted = struct.unpack('<i8i8', v, 3) "
        "return (collected == tonumber(ARGV[2]) and remitted == tonumber(ARGV[3])) and 1 or 0",
        "1", "{v:books}:cash", COLLECTOR, COLLECTED, REMITTED, NULL);
    int is_done = reply->type == REDIS_REPLY_INTEGER && reply->integer == 1;
    freeReplyObject(reply);
    return is_done;
}

static int start(void **state)
{
    struct payer payer;
    (void)state;
    platform = platform_start(&(struct platform_conf){.settlement = 1});
    views = platform_views(platform);
    platform_import(platform);
    for (unsigned i = 0; i < PAYMENTS; i++)
        pay(&payer);
    if (platform_call(platform, NULL, "Custody/Remit", answer,
                      "{\"holderCode\":\"" COLLECTOR "\",\"amountVnd\":\"" REMITTED "\","
                      "\"reference\":\"r-1\",\"advance\":true}") != 0)
        fail_msg("%s", answer);
    if (!wait_until(platform, is_flushed, NULL, WAIT_MS))
        fail_msg("%s", answer);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- steps ------------------------------------------------------------------------------------ */

static int verify(void)
{
    return platform_ansinh(platform, said, "verify", NULL);
}

static void run(const char *script, const char *key, const char *one, const char *two)
{
    redisReply *reply = redis_server_do(views, "EVAL", script, "1", key, one, two, NULL);
    if (reply->type == REDIS_REPLY_ERROR)
        fail_msg("%s", reply->str);
    freeReplyObject(reply);
}

static void keep(const char *key)
{
    run("redis.call('DEL', 'kept') redis.call('COPY', KEYS[1], 'kept')", key, "", "");
}

static void put_back(const char *key)
{
    run("redis.call('RENAME', 'kept', KEYS[1])", key, "", "");
}

static void expect_said(const char *words)
{
    if (strstr(said, words) == NULL)
        fail_msg("want \"%s\" in:\n%s", words, said);
}

/* Changes the collector's cash v, sees verify say both words, and puts it back. */
static void expect_noticed(const char *expression, const char *words, const char *other_words)
{
    static const char key[] = "{v:books}:cash";
    char script[256];
    (void)snprintf(script, sizeof(script),
                   "local v = redis.call('HGET', KEYS[1], ARGV[1]) "
                   "redis.call('HSET', KEYS[1], ARGV[1], %s)",
                   expression);
    keep(key);
    run(script, key, COLLECTOR, "");
    int status = verify();
    put_back(key);
    assert_int_equal(status, 1);
    expect_said(words);
    expect_said(other_words);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_sound_till_has_no_differences(void **state)
{
    (void)state;
    if (verify() != 0)
        fail_msg("%s", said);
}

static void cash_is_held_against_the_journals(void **state)
{
    (void)state;
    /* behind version and flags: all that was taken in, then all that was handed over */
    expect_noticed("v:sub(1, 2) .. string.char(bit.bxor(v:byte(3), 1)) .. v:sub(4)",
                   "cash collected:" COLLECTOR ": is 792001, the journals say 792000",
                   "{v:books}:cash has cash whose parts do not add up");
    expect_noticed("v:sub(1, 10) .. string.char(bit.bxor(v:byte(11), 1)) .. v:sub(12)",
                   "cash remitted:" COLLECTOR ": is 300001, the journals say 300000", "verify: ");
    expect_noticed("v:sub(1, -2)", "{v:books}:cash", "has cash that cannot be read");
    expect_noticed("''", "{v:books}:cash", "has cash that cannot be read");
}

/* The sums are right. Behind the head: a lot's minute, then what came. */
static void the_age_of_cash_is_held_against_the_journals(void **state)
{
    (void)state;
    expect_noticed("v:sub(1, 31) .. string.char((v:byte(32) + 1) % 256) .. v:sub(33)",
                   "{v:books} cash of ", ":" COLLECTOR ": is ");
    /* a month later */
    expect_noticed("v:sub(1, 33) .. string.char(v:byte(34) + 1) .. v:sub(35)",
                   ":" COLLECTOR ": is 792000, the journals say 0",
                   ":" COLLECTOR ": is 0, the journals say 792000");
    /* all of it as earlier cash, of a month later */
    expect_noticed("v:sub(1, 18) .. v:sub(36, 43) .. v:sub(32, 33) .. string.char(v:byte(34) + 1)"
                   " .. v:sub(35, 35) .. string.char(0)",
                   "{v:books} cash of 0:" COLLECTOR ": is since ", ", the journals say ");
}

static void cash_of_a_holder_is_missing_or_made_up(void **state)
{
    (void)state;
    static const char key[] = "{v:books}:cash";
    keep(key);
    run("redis.call('HSET', KEYS[1], ARGV[2], redis.call('HGET', KEYS[1], ARGV[1]))"
        "redis.call('HDEL', KEYS[1], ARGV[1])",
        key, COLLECTOR, "NV0002");
    int status = verify();
    put_back(key);
    assert_int_equal(status, 1);
    expect_said("cash collected:" COLLECTOR ": is 0, the journals say 792000");
    expect_said("cash remitted:NV0002: is 300000, the journals say 0");
}

/* Kind, partition, epoch, number of the payment; no number named, its day, and at no point. */
#define TASK                                                                                       \
    "struct.pack('>BI2I4I8I8I4B', 1, tonumber(ARGV[1]), 1, tonumber(ARGV[2]), 0, 20000, 1) .. '-'"

/* Behind the checkpoint and in no queue a payment would wait for its receipt for ever. */
static void a_payment_has_a_receipt_or_waits_for_it(void **state)
{
    struct payer payer;
    char partition[8], id[80];
    (void)state;
    platform_signal(platform, "settlement", 1, SIGSTOP);
    pay(&payer);
    if (verify() != 0) /* before the checkpoint: nothing is wrong */
        fail_msg("%s", said);
    const char *position = strchr(payer.payment, '-') + 1, *seq = strchr(position, '-') + 1;
    (void)snprintf(partition, sizeof(partition), "%d", atoi(payer.payment + 1));
    (void)snprintf(id, sizeof(id), "%s: is paid, has no receipt", payer.payment);
    keep("{v:books}:at");
    run("redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])", "{v:books}:at", partition, position);
    assert_int_equal(verify(), 1);
    expect_said(id);
    run("redis.call('ZADD', KEYS[1], 0, " TASK ")", "{v:books}:rq", partition, seq);
    assert_int_equal(verify(), 1); /* it is in no account, but waits */
    assert_null(strstr(said, "has no receipt"));
    run("redis.call('ZADD', KEYS[1], 0, 'x')", "{v:books}:rq", "", "");
    assert_int_equal(verify(), 1);
    expect_said("{v:books}:rq has a payment that cannot be read");
    run("redis.call('DEL', KEYS[1])", "{v:books}:rq", "", "");
    put_back("{v:books}:at");
    platform_signal(platform, "settlement", 1, SIGCONT);
}

/* Data of views under names that no other part looks at. */
static void a_name_that_nobody_writes_is_noticed(void **state)
{
    static const char *const strays[] = {
        "{v:books}:days:1999", "{v:books}:entries:13", "{v:books}:totals2",
        "{v:board}:days:3000", "{v:board}:hours:1",    "{v:notify}:d:16384",
        "{v:notify}:d:x",      "{v:board2}:totals",    "{v:archive}:d:1",
    };
    char words[96];
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(strays); i++)
        run("redis.call('HSET', KEYS[1], 'x', 1)", strays[i], "", "");
    assert_int_equal(verify(), 1);
    for (size_t i = 0; i < ARRAY_LEN(strays); i++) {
        (void)snprintf(words, sizeof(words), "%s: a key of views that nobody writes", strays[i]);
        expect_said(words);
        run("redis.call('DEL', KEYS[1])", strays[i], "", "");
    }
}

static int is_verified(void *arg)
{
    (void)arg;
    return verify() == 0;
}

static void nothing_differs_afterwards(void **state)
{
    (void)state;
    if (!wait_until(platform, is_verified, NULL, WAIT_MS))
        fail_msg("%s", said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_till_has_no_differences),
        cmocka_unit_test(cash_is_held_against_the_journals),
        cmocka_unit_test(the_age_of_cash_is_held_against_the_journals),
        cmocka_unit_test(cash_of_a_holder_is_missing_or_made_up),
        cmocka_unit_test(a_payment_has_a_receipt_or_waits_for_it),
        cmocka_unit_test(a_name_that_nobody_writes_is_noticed),
        cmocka_unit_test(nothing_differs_afterwards),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
