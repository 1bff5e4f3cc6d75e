/* ansinh verify against a platform whose state is put wrong by hand, one thing after the other. */
#include "tests/support/test.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <string.h>

#include "ansinh/v1/events.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/store/partition.h"
#include "tests/support/people.h"

#define PEOPLE 150
#define SAY_BYTES PLATFORM_SAID_BYTES
#define POSITION_BYTES 48
#define WAIT_MS 30000

static struct platform *platform;
static struct redis_server *ledger, *views;
static char answer[PLATFORM_ANSWER_BYTES], said[SAY_BYTES];

/* A participant without a zero byte at both ends of the hash, so that they are texts: the field of
 * the record, and the field of the deliveries. */
static char participant[32], field[CITIZEN_FIELD_BYTES + 1], told_field[CITIZEN_FIELD_BYTES + 1];
static uint8_t hash[ID_BYTES];
static unsigned partition;

static void choose_participant(void)
{
    struct sample_person person;
    for (unsigned i = 0;; i++) {
        assert_true(i < PEOPLE);
        people_make(i, 0, &person);
        assert_int_equal(platform_call(platform, NULL, "Enrolment/GetParticipant", answer,
                                       "{\"personalId\":\"%s\"}", person.personal_id),
                         0);
        (void)snprintf(participant, sizeof(participant), "%s",
                       platform_field(answer, "participantId"));
        assert_int_equal(base32_parse(participant, hash), 0);
        partition = partition_of(hash);
        memcpy(field, partition_field(hash), CITIZEN_FIELD_BYTES);
        memcpy(told_field, hash, CITIZEN_FIELD_BYTES);
        if (strlen(field) == CITIZEN_FIELD_BYTES && strlen(told_field) == CITIZEN_FIELD_BYTES)
            return;
    }
}

static int is_booked(void *arg)
{
    char wanted[64];
    (void)snprintf(wanted, sizeof(wanted), "\"debitVnd\":\"%lld\"", PEOPLE * 66000LL);
    return platform_call(arg, NULL, "Ledger/GetAccount", answer,
                         "{\"account\":\"ACCOUNT_CENTRAL_BUDGET\",\"pageSize\":1}") == 0 &&
           strstr(answer, wanted) != NULL;
}

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.notifications = 1, .settlement = 1});
    ledger = platform_ledger(platform);
    views = platform_views(platform);
    platform_import(platform);
    assert_int_equal(people_load(platform, NULL, 0, PEOPLE, 64), PEOPLE);
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Enrol", answer,
                      "{\"personalId\":\"010085900001\",\"fullName\":\"Giàng A Thử\","
                      "\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\","
                      "\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":\"1500000\","
                      "\"method\":\"METHOD_MONTHLY\",\"siCode\":\"0123456789\"}"),
        0);
    assert_true(people_wait_board(platform, "15", PEOPLE, WAIT_MS));
    assert_true(wait_until(platform, is_booked, platform, WAIT_MS));
    choose_participant();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int verify(void)
{
    return platform_ansinh(platform, said, "verify", NULL);
}

static void assert_clean(void)
{
    int status = verify();
    if (status != 0)
        print_message("%s\n", said);
    assert_int_equal(status, 0);
    assert_non_null(strstr(said, " 0 differences"));
}

static void run(struct redis_server *server, const char *script, const char *key, const char *one,
                const char *two)
{
    redisReply *reply =
        redis_server_do(server, "EVAL", script, "1", key, one, two, participant, NULL);
    assert_int_not_equal(reply->type, REDIS_REPLY_ERROR);
    freeReplyObject(reply);
}

static const char save_script[] = "redis.call('DEL', 'saved' .. KEYS[1])"
                                  "if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('COPY', "
                                  "KEYS[1], 'saved' .. KEYS[1]) end";
static const char restore_script[] = "redis.call('DEL', KEYS[1])"
                                     "if redis.call('EXISTS', 'saved' .. KEYS[1]) == 1 then"
                                     "  redis.call('RENAME', 'saved' .. KEYS[1], KEYS[1]) end";

/* Changes a key by a script, sees verify say both words, and puts the key back. */
static void assert_notices(struct redis_server *server, const char *key, const char *script,
                           const char *argument, const char *words, const char *other_words)
{
    run(server, save_script, key, "", "");
    run(server, script, key, field, argument);
    int status = verify();
    run(server, restore_script, key, "", "");
    if (status != 1 || strstr(said, words) == NULL || strstr(said, other_words) == NULL)
        print_message("want \"%s\" and \"%s\" in:\n%s\n", words, other_words, said);
    assert_int_equal(status, 1);
    assert_non_null(strstr(said, words));
    assert_non_null(strstr(said, other_words));
    assert_clean();
}

static void test_a_sound_state_has_no_differences(void **state)
{
    (void)state;
    assert_clean();
    /* three entries a person, one claim and one enrolment, and those of the imports */
    char want[64];
    (void)snprintf(want, sizeof(want), "verify: 1025 partitions, ");
    assert_ptr_equal(strstr(said, want), said);
    (void)snprintf(want, sizeof(want), ", %d citizens, ", PEOPLE + 1);
    assert_non_null(strstr(said, want));
    char unknown_option[SAY_BYTES];
    assert_int_equal(platform_ansinh(platform, unknown_option, "verify", "--fast", NULL), 2);
}

static void test_records(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    (void)key_citizen(partition, partition_bucket(hash), key);
    /* the commune's lowest bits are behind version and schema */
    assert_notices(ledger, key,
                   "local v = redis.call('HGET', KEYS[1], ARGV[1])"
                   "redis.call('HSET', KEYS[1], ARGV[1],"
                   "  v:sub(1, 5) .. string.char(bit.bxor(v:byte(6), 1)) .. v:sub(7))",
                   "", key, "commune is 2646, the journal says 2647");
    /* behind flags, choices, income and day: the last month covered, then the months less one */
    assert_notices(ledger, key,
                   "local v = redis.call('HGET', KEYS[1], ARGV[1])"
                   "redis.call('HSET', KEYS[1], ARGV[1], v:sub(1, 13) .. '\\2' .. v:sub(15))",
                   "", key, "covers 2 months until ");
    assert_notices(ledger, key, "redis.call('HDEL', KEYS[1], ARGV[1])", "", participant,
                   "the record of participant");
    assert_notices(ledger, key, "redis.call('HSET', KEYS[1], ARGV[1], 'x')", "", key,
                   "the record cannot be read");
    assert_notices(ledger, key, "redis.call('HSET', KEYS[1], 'nobodyxx', 'x')", "", key,
                   "a record of somebody of whom the journal does not know");
    assert_notices(ledger, key, "redis.call('SET', KEYS[1], 'x')", "", key, "is no hash");
    (void)key_identity(partition, partition_bucket(hash), key);
    assert_notices(ledger, key, "redis.call('HDEL', KEYS[1], ARGV[1])", "", participant,
                   "the identity of participant");
    assert_notices(ledger, key, "redis.call('HSET', KEYS[1], 'nobodyxx', 'x')", "", key,
                   "an identity of somebody who is not enrolled");
}

static void test_totals(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    (void)key_totals(partition, key);
    assert_notices(ledger, key, "redis.call('SETRANGE', KEYS[1], 16, 'x')", "", key,
                   "enrolled is 120, the journal says");
    assert_notices(ledger, key, "redis.call('SETRANGE', KEYS[1], 8, 'x')", "", key,
                   "the last entry is 1-120, the journal ends with 1-");
    assert_notices(ledger, key, "redis.call('SET', KEYS[1], 'x')", "", key,
                   "the totals cannot be read");
    assert_notices(ledger, key, "redis.call('SETRANGE', KEYS[1], 2, 'x')", "", key,
                   "the totals cannot be read");
    assert_notices(ledger, key, "redis.call('SETRANGE', KEYS[1], 1, string.char(1))", "", key,
                   "is frozen, nothing can be committed");
    assert_notices(ledger, key, "redis.call('DEL', KEYS[1])", "", key, "the last entry is");
}

/* Position of the first entry of a kind in the chosen participant's partition, where others'
 * entries may be, too. */
static void find_entry(Ansinh__V1__Event__KindCase kind, char ret[POSITION_BYTES])
{
    char key[KEY_MAX_BYTES];
    (void)key_journal(partition, key);
    ret[0] = '\0';
    redisReply *reply = redis_server_do(ledger, "XRANGE", key, "-", "+", NULL);
    for (size_t i = 0; i < reply->elements && ret[0] == '\0'; i++) {
        const redisReply *entry = reply->element[i], *body = entry->element[1]->element[1];
        Ansinh__V1__Event *event =
            ansinh__v1__event__unpack(NULL, body->len, (const uint8_t *)body->str);
        assert_non_null(event);
        if (event->kind_case == kind)
            (void)snprintf(ret, POSITION_BYTES, "%s", entry->element[0]->str);
        ansinh__v1__event__free_unpacked(event, NULL);
    }
    freeReplyObject(reply);
    assert_true(ret[0] != '\0');
}

static void test_journal(void **state)
{
    (void)state;
    static const char again[] =
        "local e = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])[1][2]"
        "local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1][1]"
        "redis.call('XADD', KEYS[1], '1-' .. (last:match('%-(%d+)') + 1), unpack(e))";
    char key[KEY_MAX_BYTES], bill[POSITION_BYTES], payment[POSITION_BYTES];
    find_entry(ANSINH__V1__EVENT__KIND_BILL_ISSUED, bill);
    find_entry(ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED, payment);
    (void)key_journal(partition, key);
    assert_notices(ledger, key, "redis.call('XDEL', KEYS[1], '1-2')", "", key,
                   "does not follow the entry before: entries are missing");
    assert_notices(ledger, key, "redis.call('DEL', KEYS[1])", "", partition_tag(partition),
                   "the journal ends with 0-0");
    /* a payment of a bill that is paid */
    assert_notices(ledger, key, again, payment, key, "pays another bill than the open one");
    assert_notices(ledger, key, "redis.call('XADD', KEYS[1], '2-1', 'e', '\\255\\255')", "", key,
                   "cannot be read");
    assert_notices(ledger, key, again, bill, key,
                   "has the request id of an earlier entry: this was done twice");
    assert_notices(ledger, key,
                   "local e = redis.call('XRANGE', KEYS[1], '1-1', '1-1')[1][2]"
                   "redis.call('XADD', KEYS[1], '2-1', unpack(e))",
                   "", key, "begins an epoch, and does not say why");
}

/* Of the chosen participant's partition. */
static void find_answers(char ret[KEY_MAX_BYTES])
{
    char pattern[KEY_MAX_BYTES];
    (void)snprintf(pattern, sizeof(pattern), "%s:q:*", partition_tag(partition));
    redisReply *reply = redis_server_do(ledger, "KEYS", pattern, NULL);
    assert_true(reply->elements > 0);
    (void)snprintf(ret, KEY_MAX_BYTES, "%s", reply->element[0]->str);
    freeReplyObject(reply);
}

static void test_names_of_keys(void **state)
{
    (void)state;
    static const char *const names[] = {"{p0000}:t", "{p9999a}:t", "{p00",           "x",
                                        "{dir}:r:x", "{dir}:c:1",  "{dir}:q:20000:1"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_notices(ledger, names[i], "redis.call('SET', KEYS[1], 'x')", "", names[i],
                       "a key that nobody writes");
    char key[KEY_MAX_BYTES];
    (void)key_citizen(partition, 128, key);
    assert_notices(ledger, key, "redis.call('SET', KEYS[1], 'x')", "", key,
                   "a key that nobody writes");
}

static void test_identities_are_opened_when_asked(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    assert_int_equal(platform_ansinh(platform, said, "verify", "--identities", NULL), 0);
    (void)key_identity(partition, partition_bucket(hash), key);
    run(ledger, save_script, key, "", "");
    run(ledger,
        "local v = redis.call('HGET', KEYS[1], ARGV[1])"
        "redis.call('HSET', KEYS[1], ARGV[1],"
        "  v:sub(1, 40) .. string.char(bit.bxor(v:byte(41), 1)) .. v:sub(42))",
        key, field, "");
    int status = platform_ansinh(platform, said, "verify", "--identities", NULL);
    run(ledger, restore_script, key, "", "");
    assert_int_equal(status, 1);
    assert_non_null(strstr(said, "the identity cannot be unsealed"));
}

static void test_answers(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    struct request_id id = {{0}};
    (void)key_answers(partition, (int32_t)(clock_wall_ms() / 86400000), &id, key);
    assert_notices(ledger, key,
                   "redis.call('HSET', KEYS[1], 'sixteen-bytes-id',"
                   "  struct.pack('<I4I8', 1, 99999) .. 'fingerpr')",
                   "", key, "answers for entry 1-99999, which is not in the journal");
    assert_notices(ledger, key,
                   "for i = 1, 2 do redis.call('HSET', KEYS[1], 'sixteen-bytes-i' .. i,"
                   "  struct.pack('<I4I8', 1, 1) .. 'fingerpr') end",
                   "", key, "a second answer for entry 1-1");
    assert_notices(ledger, key, "redis.call('HSET', KEYS[1], 'short', 'x')", "", key,
                   "the stored answer cannot be read");
    find_answers(key);
    assert_notices(ledger, key,
                   "local f = redis.call('HKEYS', KEYS[1])[1] redis.call('HDEL', KEYS[1], f)", "",
                   partition_tag(partition), " is missing");
    assert_notices(ledger, key,
                   "local all = redis.call('HGETALL', KEYS[1])"
                   "redis.call('HSET', KEYS[1], all[1]:sub(1, 8) .. 'x' .. all[1]:sub(10), all[2])",
                   "", key, "was committed for another request");
    assert_notices(ledger, key,
                   "local all = redis.call('HGETALL', KEYS[1])"
                   "redis.call('HSET', KEYS[1], all[1]:sub(1, 15) .."
                   "  string.char(bit.bxor(all[1]:byte(16), 1)), all[2])",
                   "", key, "the stored answer is not where its id belongs");
    assert_notices(ledger, key,
                   "local all = redis.call('HGETALL', KEYS[1])"
                   "redis.call('HSET', KEYS[1], all[1], all[2]:sub(1, 12) .."
                   "  string.char(bit.bxor(all[2]:byte(13), 1)) .. all[2]:sub(14))",
                   "", key, "was committed for another request");
}

/* What a caller who repeats a command would be told. */
static void test_texts_of_answers(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    find_answers(key);
    assert_notices(ledger, key,
                   "local all = redis.call('HGETALL', KEYS[1])"
                   "redis.call('HSET', KEYS[1], all[1], all[2]:sub(1, -2) .."
                   "  string.char(bit.bxor(all[2]:byte(-1), 1)))",
                   "", key, "the stored answer is another than entry 1-");
    assert_notices(ledger, key,
                   "local all = redis.call('HGETALL', KEYS[1])"
                   "redis.call('HSET', KEYS[1], all[1], all[2]:sub(1, 20))",
                   "", key, "the stored answer is another than entry 1-");
    assert_notices(ledger, key,
                   "local all = redis.call('HGETALL', KEYS[1])" /* as a restore leaves it */
                   "redis.call('HSET', KEYS[1], all[1], all[2]:sub(1, 20) .. string.char(0))",
                   "", key, "the stored answer is another than entry 1-");
}

/* The bucket of the one alias there is. */
static void find_alias(char ret[KEY_MAX_BYTES])
{
    redisReply *reply = redis_server_do(ledger, "KEYS", "*:a:*", NULL);
    assert_int_equal(reply->elements, 1);
    (void)snprintf(ret, KEY_MAX_BYTES, "%s", reply->element[0]->str);
    freeReplyObject(reply);
}

static void test_aliases(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    find_alias(key);
    assert_notices(ledger, key, "redis.call('DEL', KEYS[1])", "", key, "an alias of participant");
    assert_notices(
        ledger, key,
        "local f = redis.call('HKEYS', KEYS[1])[1]"
        "redis.call('HSET', KEYS[1], f, struct.pack('<I4', 1) .. 'another citizen!12345678')",
        "", key, "leads to another citizen than the journal says");
    assert_notices(
        ledger, key,
        "local f = redis.call('HKEYS', KEYS[1])[1]"
        "redis.call('HSET', KEYS[1], f, struct.pack('<I4', 7) .. 'another citizen!12345678')",
        "", key, "version is 7, the journal says 1");
    assert_notices(ledger, key,
                   "local f, v = unpack(redis.call('HGETALL', KEYS[1]))"
                   "redis.call('HSET', KEYS[1], f, v:sub(1, -9) .. '12345678')",
                   "", key, "the time of the claim is another than in the journal");
    /* somebody else's record says that it has an SI code: the lowest bit behind the commune */
    (void)key_citizen(partition, partition_bucket(hash), key);
    assert_notices(ledger, key,
                   "local v = redis.call('HGET', KEYS[1], ARGV[1])"
                   "redis.call('HSET', KEYS[1], ARGV[1],"
                   "  v:sub(1, 7) .. string.char(bit.bor(v:byte(8), 1)) .. v:sub(9))",
                   "", key, "has_si_code is 1, the journal says 0");
}

static void test_directory(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    (void)key_reference('u', key);
    assert_notices(ledger, key,
                   "local v = redis.call('HGET', KEYS[1], '15')"
                   "redis.call('HSET', KEYS[1], '15', v .. 'x')",
                   "", "{dir}:r:u 15", "differs from what was imported last");
    assert_notices(ledger, key, "redis.call('HDEL', KEYS[1], '02647')", "", "{dir}:r:u 02647",
                   "the row is missing");
    assert_notices(ledger, key, "redis.call('HSET', KEYS[1], '77', 'x')", "", "{dir}:r:u 77",
                   "a row of which the journal does not know");
    (void)key_totals(PARTITION_DIRECTORY, key);
    assert_notices(ledger, key, "redis.call('SETRANGE', KEYS[1], 96, 'x')", "", key,
                   "reference is");
}

static int this_year(void)
{
    int year, month, day_of_month;
    date_split(clock_business_day(clock_wall_ms()), &year, &month, &day_of_month);
    return year;
}

static void test_books(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES], id[32];
    assert_notices(views, "{v:books}:totals", "redis.call('HINCRBY', KEYS[1], '2:d:-', 1)", "",
                   "totals 2:d:-", "is 39600001, the journals say 39600000");
    assert_notices(views, "{v:books}:totals", "redis.call('HSET', KEYS[1], 'x', 'y')", "",
                   "{v:books}:totals", "is no number");
    (void)snprintf(key, sizeof(key), "{v:books}:days:%d", this_year());
    assert_notices(views, key, "redis.call('DEL', KEYS[1])", "", "days 5:", "is 0, the journals");
    assert_notices(views, "{v:books}:parts",
                   "local f = redis.call('HKEYS', KEYS[1])[1]"
                   "redis.call('HDEL', KEYS[1], f)",
                   "", "parts ", ":8: is 0, the journals say -");
    assert_notices(views, "{v:books}:entries:2",
                   "redis.call('ZREM', KEYS[1], redis.call('ZRANGE', KEYS[1], 0, 0)[1])", "",
                   "entries 2:d:-", "the journals say 39600000");
    assert_notices(views, "{v:books}:entries:2",
                   "local m = redis.call('ZRANGE', KEYS[1], 0, 0)[1]"
                   "redis.call('ZADD', KEYS[1], 1, m:sub(1, -2))",
                   "", "{v:books}:entries:2", "has an entry that cannot be read");
    assert_notices(views, "{v:books}:payments",
                   "redis.call('ZREM', KEYS[1], redis.call('ZRANGE', KEYS[1], 0, 0)[1])", "",
                   "payments ", "the journals say 39600000");
    /* another time of an entry, and a first payment that is none: all sums are as they were */
    assert_notices(views, "{v:books}:entries:2",
                   "local m = redis.call('ZRANGE', KEYS[1], 0, 0)[1] local i = 10 + m:byte(9) "
                   "redis.call('ZREM', KEYS[1], m) redis.call('ZADD', KEYS[1], 1, m:sub(1, i - 1) "
                   ".. string.char((m:byte(i) + 1) % 256) .. m:sub(i + 1))",
                   "", "entries 2:d:-", "its rows are not those of the journals");
    assert_notices(views, "{v:books}:payments",
                   "local m = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES') "
                   "redis.call('ZREM', KEYS[1], m[1]) "
                   "redis.call('ZADD', KEYS[1], m[2], m[1]:sub(1, -2) .. string.char(0))",
                   "", "payments ", "its rows are not those of the journals");
    (void)snprintf(id, sizeof(id), "p%04u-1-1:5", partition);
    assert_notices(views, "{v:books}:reversed", "redis.call('HSET', KEYS[1], 'x', ARGV[2])", id,
                   "reversed: is 1", "the journals say 0");
}

static void test_board(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    int year, month, day_of_month;
    int32_t today = clock_business_day(clock_wall_ms());
    date_split(today, &year, &month, &day_of_month);
    assert_notices(views, "{v:board}:totals", "redis.call('HINCRBY', KEYS[1], '2647:0', 1)", "",
                   "{v:board}:totals 2647:0", "is 151, the journals say 150");
    assert_notices(views, "{v:board}:totals", "redis.call('HDEL', KEYS[1], '2647:3')", "",
                   "{v:board}:totals 2647:3", "is 0, the journals say 39600000");
    assert_notices(views, "{v:board}:totals", "redis.call('HSET', KEYS[1], 'x:y', 1)", "",
                   "{v:board}:totals x:y", "cannot be read");
    (void)snprintf(key, sizeof(key), "{v:board}:days:%d", year);
    assert_notices(views, key, "redis.call('HSET', KEYS[1], '2648:20000:1', 5)", "", key,
                   "cannot be read");
    assert_notices(views, key,
                   "local f = redis.call('HKEYS', KEYS[1])[1]"
                   "redis.call('HINCRBY', KEYS[1], f, -1)",
                   "", key, "the journals say 15");
    (void)snprintf(key, sizeof(key), "{v:board}:hours:%d", (int)today);
    assert_notices(views, key, "redis.call('DEL', KEYS[1])", "", key, "is 0, the journals say");
    /* another moment of one fact: all sums are as they were */
    assert_notices(views, "{v:board}:facts:0",
                   "local m = redis.call('LINDEX', KEYS[1], 0) redis.call('LSET', KEYS[1], 0, "
                   "string.char((m:byte(1) + 1) % 256) .. m:sub(2))",
                   "", "is missing, or is another one", "the journals know nothing of it");
    assert_notices(views, "{v:board}:sources", "redis.call('RPUSH', KEYS[1], 'x/y/z', 'x/y/z')", "",
                   "{v:board}:sources", "is there twice");
    /* an entry was counted that the ledger does not have */
    char number[8];
    (void)snprintf(number, sizeof(number), "%u", partition);
    assert_notices(views, "{v:board}:at", "redis.call('HSET', KEYS[1], ARGV[2], '1-1000')", number,
                   "{v:board}:at", "is 1-1000, the journal ends with 1-");
}

/* Everybody's enrolment and payment is filed. */
static int is_told(void *arg)
{
    (void)arg;
    redisReply *reply = redis_server_do(
        views, "EVAL",
        "local n = 0 for _, k in ipairs(redis.call('KEYS', '{v:notify}:d:*')) do"
        "  for _, v in ipairs(redis.call('HVALS', k)) do n = n + #v / 21 end end return n",
        "0", NULL);
    int is_all = reply->integer == 2 * PEOPLE + 1;
    freeReplyObject(reply);
    return is_all;
}

static void test_notifications(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    assert_true(wait_until(platform, is_told, NULL, WAIT_MS));
    unsigned bucket = (unsigned)(hash[14] << 8 | hash[15]) % 16384;
    (void)snprintf(key, sizeof(key), "{v:notify}:d:%u", bucket);
    assert_notices(views, key, "redis.call('DEL', KEYS[1])", "", participant,
                   "has no delivery for");
    assert_notices(views, key,
                   "local v = redis.call('HGET', KEYS[1], ARGV[2])"
                   "redis.call('HSET', KEYS[1], ARGV[2], v .. v:sub(1, 21))",
                   told_field, participant, "twice");
    assert_notices(views, key,
                   "local v = redis.call('HGET', KEYS[1], ARGV[2])"
                   "redis.call('HSET', KEYS[1], ARGV[2], '\\0\\0\\0\\1\\0\\0\\0\\0\\0\\2'"
                   "  .. v:sub(11, 21) .. v)",
                   told_field, participant, "nothing to tell them");
}

/* Found by the projector and not filed yet is no difference. */
static void test_notifications_on_their_way(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    assert_true(wait_until(platform, is_told, NULL, WAIT_MS));
    (void)snprintf(key, sizeof(key), "{v:notify}:d:%u",
                   (unsigned)(hash[14] << 8 | hash[15]) % 16384);
    platform_signal(platform, "notifications", 1, SIGSTOP);
    run(views, save_script, key, "", "");
    run(views,
        "local v = redis.call('HGET', KEYS[1], ARGV[2])"
        "redis.call('DEL', KEYS[1])"
        "for i = 1, #v, 21 do"
        "  redis.call('RPUSH', '{v:notify}:in', v:sub(i, i + 20) .. ARGV[2] .. ARGV[1]) end",
        key, field, told_field);
    int status = verify();
    run(views, restore_script, key, "", "");
    run(views, "redis.call('DEL', '{v:notify}:in')", key, "", "");
    platform_signal(platform, "notifications", 1, SIGCONT);
    if (status != 0)
        print_message("%s\n", said);
    assert_int_equal(status, 0);
}

static void test_while_people_come_in(void **state)
{
    (void)state;
    char command[512];
    const char *folder = getenv("O");
    for (unsigned i = 0; i < 3; i++) {
        (void)snprintf(command, sizeof(command), "%s/bin/ansinh verify",
                       folder == NULL ? "build" : folder);
        FILE *pipe = popen(command, "r");
        assert_non_null(pipe);
        unsigned long n = people_load(platform, NULL, 1000 + i * 2000, 2000, 256);
        size_t len = fread(said, 1, sizeof(said) - 1, pipe);
        said[len] = '\0';
        int status = pclose(pipe);
        assert_int_equal(n, 2000);
        if (status != 0)
            print_message("%s\n", said);
        assert_int_equal(status, 0);
    }
    assert_clean();
}

static void test_a_dead_ledger_is_no_difference(void **state)
{
    (void)state;
    redis_server_kill(views);
    redis_server_restart(views);
    redis_server_kill(ledger);
    redis_server_restart(ledger);
    platform_wait_ready(platform);
    assert_clean();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sound_state_has_no_differences),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_totals),
        cmocka_unit_test(test_journal),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_texts_of_answers),
        cmocka_unit_test(test_names_of_keys),
        cmocka_unit_test(test_identities_are_opened_when_asked),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_directory),
        cmocka_unit_test(test_books),
        cmocka_unit_test(test_board),
        cmocka_unit_test(test_notifications),
        cmocka_unit_test(test_notifications_on_their_way),
        cmocka_unit_test(test_while_people_come_in),
        cmocka_unit_test(test_a_dead_ledger_is_no_difference),
    };
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
