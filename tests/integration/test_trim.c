/* Journals whose beginning is only in the archive: what was trimmed may be trimmed, payments are
 * still found, and projections are still made from the first entry on. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/events.pb-c.h"
#include "common/service/command.h"
#include "tests/support/archived.h"
#include "tests/support/collecting.h"
#include "tests/support/people.h"

#define PEOPLE 600
#define WAIT_MS 30000

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    static const char *const environment[] = {ARCHIVED_AT_ONCE, "ARCHIVER_TRIM=true",
                                              "ARCHIVER_TRIM_INTERVAL_S=1",
                                              "ARCHIVER_TEST_RETENTION_MS=1", NULL};
    platform = platform_start(
        &(struct platform_conf){.archiver = 1, .notifications = 1, .environment = environment});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- the journals ----------------------------------------------------------------------------- */

static long long journal_length(unsigned partition)
{
    char key[KEY_MAX_BYTES];
    (void)key_journal(partition, key);
    return redis_server_integer(platform_ledger(platform), "XLEN", key, NULL);
}

/* Number of the entry at one end of a journal; 0: no entry. */
static unsigned long long journal_end(unsigned partition, const char *command, const char *from,
                                      const char *to)
{
    char key[KEY_MAX_BYTES];
    unsigned long long seq = 0;
    (void)key_journal(partition, key);
    redisReply *reply =
        redis_server_do(platform_ledger(platform), command, key, from, to, "COUNT", "1", NULL);
    if (reply->elements == 1)
        seq = strtoull(strchr(reply->element[0]->element[0]->str, '-') + 1, NULL, 10);
    freeReplyObject(reply);
    return seq;
}

static unsigned long long journal_first(unsigned partition)
{
    return journal_end(partition, "XRANGE", "-", "+");
}

static unsigned long long journal_last(unsigned partition)
{
    return journal_end(partition, "XREVRANGE", "+", "-");
}

/* Every journal has one entry, or none. */
static int is_trimmed(void *arg)
{
    (void)arg;
    long long n = 0;
    for (unsigned p = 0; p < PARTITIONS; p++)
        n = MAX(n, journal_length(p));
    return n <= 1;
}

static void load_and_trim(unsigned first, unsigned n)
{
    assert_int_equal(people_load(platform, NULL, first, n, 64), n);
    assert_true(people_wait_board(platform, "15", first + n, WAIT_MS));
    assert_true(archived_wait(platform, WAIT_MS));
    assert_true(wait_until(platform, is_trimmed, NULL, WAIT_MS));
}

/* --- payments --------------------------------------------------------------------------------- */

struct payments {
    unsigned n, n_trimmed;
    int code; /* that all trimmed ones shall be answered with */
};

static void ask_payment(void *arg, const struct record *record)
{
    struct payments *self = arg;
    char id[POSITION_TEXT_BYTES];
    Ansinh__V1__Event *event = record->kind != RECORD_ENTRY
                                   ? NULL
                                   : ansinh__v1__event__unpack(NULL, record->len, record->data);
    if (event != NULL && event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED) {
        unsigned is_trimmed_here = record->position.seq < journal_first(record->partition);
        position_format(record->partition, record->position, id);
        int code = platform_call(platform, NULL, "Payments/GetPayment", answer,
                                 "{\"paymentId\":\"%s\"}", id);
        if (code != (is_trimmed_here ? self->code : 0))
            fail_msg("%s: %d %s", id, code, answer);
        if (code == 0)
            assert_string_equal(platform_field(answer, "amountVnd"), "264000");
        self->n++;
        self->n_trimmed += is_trimmed_here;
    }
    if (event != NULL)
        ansinh__v1__event__free_unpacked(event, NULL);
}

static void test_trimmed_payments_are_found(void **state)
{
    (void)state;
    long long directory = journal_length(PARTITION_DIRECTORY);
    load_and_trim(0, PEOPLE);
    assert_int_equal(journal_length(PARTITION_DIRECTORY), directory);
    struct payments payments = {0};
    archived_check(platform, ask_payment, &payments);
    assert_int_equal(payments.n, PEOPLE);
    assert_true(payments.n_trimmed > 10);
    /* what was never there is not found, in a trimmed journal, too */
    static const char *const nothing[] = {"p0001-1-99999", "p0001-2-1", "p1024-1-1"};
    for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
        assert_int_equal(platform_call(platform, NULL, "Payments/GetPayment", answer,
                                       "{\"paymentId\":\"%s\"}", nothing[i]),
                         ANSINH__V1__CODE__CODE_NOT_FOUND);
}

static void test_without_an_archiver_the_truth_is_told(void **state)
{
    (void)state;
    load_and_trim(0, 60);
    unsigned partition = 0;
    while (journal_first(partition) < 2)
        partition++;
    platform_signal(platform, "archiver", 1, SIGKILL);
    assert_int_equal(platform_call(platform, NULL, "Payments/GetPayment", answer,
                                   "{\"paymentId\":\"p%04u-1-1\"}", partition),
                     ANSINH__V1__CODE__CODE_UNAVAILABLE);
}

static void test_a_partner_is_answered_from_the_archive(void **state)
{
    (void)state;
    static char first[PLATFORM_ANSWER_BYTES];
    struct bill bill;
    collecting_on(platform);
    collecting_bill(1, "", &bill);
    assert_int_equal(collect_pay("trim-1", &bill), 0);
    (void)snprintf(first, sizeof(first), "%s", collected());
    /* behind the payment there is something that stays */
    assert_int_equal(collect("", "Enrolment/ChangeContribution",
                             "{'participantId':'%.26s','supportGroup':3}", bill.id),
                     0);
    assert_true(people_wait_board(platform, "15", 1, WAIT_MS));
    assert_true(archived_wait(platform, WAIT_MS));
    assert_true(wait_until(platform, is_trimmed, NULL, WAIT_MS));
    assert_int_equal(collect_pay("trim-1", &bill), 0);
    assert_string_equal(collected(), first);
    assert_int_equal(
        collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'trim-1'}"), 0);
    collected_says("COLLECTION_STATE_PAID");
    platform_signal(platform, "archiver", 1, SIGKILL);
    assert_int_equal(collect_pay("trim-1", &bill), ANSINH__V1__CODE__CODE_UNAVAILABLE);
}

/* --- projections ------------------------------------------------------------------------------ */

static int says_the_archive_is_away(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, answer, "status", NULL) == 1 &&
           strstr(answer, "entries are needed that only the archive has") != NULL;
}

static void test_projections_are_made_from_the_archive(void **state)
{
    (void)state;
    load_and_trim(0, PEOPLE);
    freeReplyObject(redis_server_do(platform_views(platform), "FLUSHALL", NULL));
    assert_true(people_wait_board(platform, "15", PEOPLE, WAIT_MS));
    /* and again without an archiver, until there is one */
    platform_signal(platform, "archiver", 1, SIGKILL);
    freeReplyObject(redis_server_do(platform_views(platform), "FLUSHALL", NULL));
    assert_true(wait_until(platform, says_the_archive_is_away, NULL, WAIT_MS));
    assert_int_equal(people_load(platform, NULL, PEOPLE, 50, 16), 50);
    platform_spawn(platform, "archiver", 1);
    platform_wait_ready(platform);
    assert_true(people_wait_board(platform, "15", PEOPLE + 50, WAIT_MS));
}

/* Sequence number of a view's checkpoint in a partition; 0: none. */
static unsigned long long checkpoint(const char *view, unsigned partition)
{
    char number[8];
    (void)snprintf(number, sizeof(number), "%u", partition);
    redisReply *reply = redis_server_do(platform_views(platform), "HGET", view, number, NULL);
    unsigned long long seq =
        reply->type == REDIS_REPLY_STRING ? strtoull(strchr(reply->str, '-') + 1, NULL, 10) : 0;
    freeReplyObject(reply);
    return seq;
}

static int has_everything(void *arg)
{
    for (unsigned p = 0; p < PARTITIONS; p++) {
        if (checkpoint(arg, p) < journal_last(p))
            return 0;
    }
    return 1;
}

static int is_something_trimmed(void *arg)
{
    (void)arg;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        if (journal_first(p) >= 2)
            return 1;
    }
    return 0;
}

/* A projection that has not begun is not waited for; it will read the archive. So it begins, and
 * has everything, before it is killed. */
static void test_nothing_is_trimmed_before_a_projection_has_it(void **state)
{
    (void)state;
    static char view[] = "{v:notify}:at";
    assert_int_equal(people_load(platform, NULL, 0, 300, 64), 300);
    assert_true(wait_until(platform, has_everything, view, WAIT_MS));
    platform_signal(platform, "notifications", 1, SIGKILL);
    assert_int_equal(people_load(platform, NULL, 300, PEOPLE, 64), PEOPLE);
    assert_true(people_wait_board(platform, "15", 300 + PEOPLE, WAIT_MS));
    assert_true(archived_wait(platform, WAIT_MS));
    assert_true(wait_until(platform, is_something_trimmed, NULL, WAIT_MS));
    for (unsigned p = 0; p < PARTITIONS; p++)
        assert_true(journal_first(p) <= MAX(checkpoint(view, p), 1ULL));
    platform_spawn(platform, "notifications", 1);
    assert_true(wait_until(platform, is_trimmed, NULL, WAIT_MS));
}

#define TEST(name)                                                                                 \
    {                                                                                              \
#name, name, start, stop, NULL                                                             \
    }

static const struct CMUnitTest tests[] = {
    TEST(test_trimmed_payments_are_found),
    TEST(test_without_an_archiver_the_truth_is_told),
    TEST(test_a_partner_is_answered_from_the_archive),
    TEST(test_projections_are_made_from_the_archive),
    TEST(test_nothing_is_trimmed_before_a_projection_has_it),
};

TEST_MAIN(tests)
