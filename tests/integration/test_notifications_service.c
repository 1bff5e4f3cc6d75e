/* The way from a committed event to the letter box, with every process real and most of them killed
 * now and then. */
#include "tests/support/test.h"

#include <dirent.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/platform.h"
#include "tests/support/smtp_server.h"

#define WAIT_MS 30000
#define CLAIM_WAIT_MS 60000 /* until what a killed sender held has come back and gone out */
#define CROWD 150           /* people who enrol while processes die */

static struct platform *platform;
static struct smtp_server *relay;
static char answer[PLATFORM_ANSWER_BYTES];
static unsigned next_person;

/* --- people ----------------------------------------------------------------------------------- */

static int enrol(unsigned person, const char *email, const char *on, char ret_participant[32])
{
    int code = platform_call(
        platform, NULL, "Enrolment/Enrol", answer,
        "{\"personalId\":\"010085%06u\",\"fullName\":\"Nguyễn Văn "
        "Mận\",\"birthDate\":\"1985-05-17\","
        "\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"supportGroup\":\"SUPPORT_GROUP_OTHER\","
        "\"incomeVnd\":\"1500000\",\"method\":\"METHOD_MONTHLY\",\"language\":\"LANGUAGE_EN\","
        "\"email\":\"%s\",\"enrolledOn\":\"%s\"}",
        person, email, on);
    (void)snprintf(ret_participant, 32, "%s", platform_field(answer, "participantId"));
    return code;
}

static void enrol_one(const char *email, const char *on, char ret_participant[32])
{
    if (enrol(++next_person, email, on, ret_participant) != 0)
        fail_msg("%s", answer);
}

static void pay(const char *participant, char ret_payment[64])
{
    char bill[64], version[16], due[32];
    if (platform_call(platform, NULL, "Payments/Inquire", answer, "{\"participantId\":\"%s\"}",
                      participant) != 0)
        fail_msg("%s", answer);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    (void)snprintf(due, sizeof(due), "%s", platform_field(answer, "dueVnd"));
    if (platform_call(platform, NULL, "Payments/Pay", answer,
                      "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\"}", bill, version,
                      due) != 0)
        fail_msg("%s", answer);
    (void)snprintf(ret_payment, 64, "%s", platform_field(answer, "paymentId"));
}

/* --- deliveries ------------------------------------------------------------------------------- */

struct wish {
    const char *participant;
    const char *text;
    int n;
};

static int list(const char *participant)
{
    return platform_call(platform, NULL, "Notifications/ListDeliveries", answer,
                         "{\"participantId\":\"%s\"}", participant);
}

static int count_text(const char *text)
{
    int n = 0;
    for (const char *at = answer; (at = strstr(at, text)) != NULL; at++)
        n++;
    return n;
}

static int is_listed(void *arg)
{
    const struct wish *wish = arg;
    return list(wish->participant) == 0 && count_text(wish->text) == wish->n;
}

/* Waits until n deliveries show the text. */
static void wait_list(const char *participant, const char *text, int n)
{
    struct wish wish = {participant, text, n};
    if (!wait_until(platform, is_listed, &wish, WAIT_MS))
        fail_msg("not %d times \"%s\": %s", n, text, answer);
}

/* The only delivery listed has so many attempts and this error. */
static void json_row(const char *attempts, const char *error)
{
    json_auto_t *root = json_loads(answer, 0, NULL);
    const json_t *row = json_array_get(json_object_get(root, "deliveries"), 0);
    char text[24];
    (void)snprintf(text, sizeof(text), "%lld",
                   (long long)json_integer_value(json_object_get(row, "attempts")));
    assert_string_equal(text, attempts);
    assert_string_equal(json_string_value(json_object_get(row, "lastError")), error);
}

static int health(void)
{
    /* Of the only sender: -1 it does not answer, else whether it is well. */
    struct service *svc = platform_service(platform);
    if (bus_client_count(svc->client, "notifications") == 0)
        return -1;
    char problems[PLATFORM_SAID_BYTES];
    (void)platform_ansinh(platform, problems, "status", NULL);
    return strstr(problems, "relay does not take") == NULL;
}

static int is_unwell(void *arg)
{
    (void)arg;
    return health() == 0;
}

static int is_gone(void *arg)
{
    (void)arg;
    return health() == -1;
}

/* --- the Maildir ------------------------------------------------------------------------------ */

/* Calls fn for each file of VAR/mail/<folder>; answers their number. */
static size_t walk(const char *folder, void (*fn)(const char *path, const char *name))
{
    char path[256], file[600];
    (void)snprintf(path, sizeof(path), "%s/mail/%s", platform_directory(platform), folder);
    DIR *dir = opendir(path);
    size_t n = 0;
    const struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        n++;
        (void)snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        if (fn != NULL)
            fn(file, entry->d_name);
    }
    if (dir != NULL)
        (void)closedir(dir);
    return n;
}

static void move_to_cur(const char *path, const char *name)
{
    char to[700];
    (void)snprintf(to, sizeof(to), "%s/mail/cur/%s:2,S", platform_directory(platform), name);
    (void)rename(path, to);
}

static void remove_file(const char *path, const char *name)
{
    (void)name;
    assert_int_equal(unlink(path), 0);
}

static void empty_mail(void)
{
    (void)walk("new", remove_file);
    (void)walk("cur", remove_file);
}

/* --- platforms -------------------------------------------------------------------------------- */

static int start_maildir(void **state)
{
    (void)state;
    static const char *const environment[] = {"NOTIFICATIONS_SEND_TIMEOUT_MS=100",
                                              "ANSINH_CALL_TIMEOUT_MS=1000",
                                              "NOTIFICATIONS_RETRY_MS=50", NULL};
    platform =
        platform_start(&(struct platform_conf){.notifications = 2, .environment = environment});
    platform_import(platform);
    return 0;
}

static int start_smtp(void **state)
{
    (void)state;
    static char url[80];
    static const char *const environment[] = {url,
                                              "NOTIFICATIONS_SEND_TIMEOUT_MS=500",
                                              "ANSINH_CALL_TIMEOUT_MS=1000",
                                              "NOTIFICATIONS_RETRY_MS=50",
                                              "NOTIFICATIONS_TRIES=8",
                                              "NOTIFICATIONS_FROM=no-reply@ansinh.test",
                                              NULL};
    relay = smtp_server_start(NULL);
    (void)snprintf(url, sizeof(url), "NOTIFICATIONS_SMTP_URL=smtp://127.0.0.1:%u",
                   smtp_server_port(relay));
    platform =
        platform_start(&(struct platform_conf){.notifications = 1, .environment = environment});
    platform_import(platform);
    return 0;
}

static int start_slow(void **state)
{
    (void)state;
    static const char *const environment[] = {"NOTIFICATIONS_RATE_PER_S=5",
                                              "NOTIFICATIONS_QUEUE_MAX=10", NULL};
    platform =
        platform_start(&(struct platform_conf){.notifications = 1, .environment = environment});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    smtp_server_stop(&relay);
    return 0;
}

/* --- with the Maildir ------------------------------------------------------------------------- */

static char found_text[8192];

static void read_text(const char *path, const char *name)
{
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t n = fread(found_text, 1, sizeof(found_text) - 1, file);
    found_text[n] = '\0';
    (void)fclose(file);
    assert_non_null(strstr(name, ".ansinh"));
}

static void a_welcome_and_a_receipt_arrive(void **state)
{
    (void)state;
    char participant[32], payment[64];
    enrol_one("man@mail.test", "", participant);
    wait_list(participant, "DELIVERY_STATE_SENT", 1);
    assert_int_equal(walk("new", read_text), 1);
    assert_non_null(strstr(found_text, "To: =?UTF-8?B?"));
    assert_non_null(strstr(found_text, "<man@mail.test>"));
    assert_non_null(strstr(found_text, participant));
    empty_mail();

    pay(participant, payment);
    wait_list(participant, "DELIVERY_STATE_SENT", 2);
    const char *newest = strstr(answer, "eventId");
    assert_memory_equal(strstr(newest, "p0"), payment, strlen(payment));
    assert_int_equal(count_text("\"maildir\""), 2);
    assert_int_equal(count_text("DELIVERY_KIND_RECEIPT"), 1);
    assert_int_equal(walk("new", read_text), 1);
    assert_non_null(strstr(found_text, payment));
    assert_non_null(strstr(found_text, "264,000 VND"));
    empty_mail();
}

static void who_gave_no_address_gets_nothing(void **state)
{
    (void)state;
    char participant[32];
    enrol_one("", "", participant);
    wait_list(participant, "DELIVERY_STATE_NO_ADDRESS", 1);
    assert_int_equal(walk("new", NULL), 0);
}

static void what_happened_long_ago_is_not_told(void **state)
{
    (void)state;
    char old[32], recent[32], day[DATE_TEXT_BYTES];
    int32_t today = clock_business_day(clock_wall_ms());
    date_format(today - 31, day);
    enrol_one("man@mail.test", day, old);
    date_format(today - 30, day);
    enrol_one("man@mail.test", day, recent);
    wait_list(old, "DELIVERY_STATE_EXPIRED", 1);
    wait_list(recent, "DELIVERY_STATE_SENT", 1);
    assert_int_equal(walk("new", NULL), 1);
    empty_mail();
}

static void deliveries_come_in_pages(void **state)
{
    (void)state;
    char participant[32], payment[64], token[64];
    enrol_one("", "", participant);
    pay(participant, payment);
    wait_list(participant, "DELIVERY_STATE_NO_ADDRESS", 2);
    assert_string_equal(platform_field(answer, "nextPageToken"), "");

    static const char page[] = "{\"participantId\":\"%s\",\"pageSize\":1,\"pageToken\":\"%s\"}";
    static const char method[] = "Notifications/ListDeliveries";
    assert_int_equal(platform_call(platform, NULL, method, answer, page, participant, ""), 0);
    assert_int_equal(count_text("eventId"), 1);
    assert_non_null(strstr(answer, "RECEIPT"));
    (void)snprintf(token, sizeof(token), "%s", platform_field(answer, "nextPageToken"));
    assert_string_equal(token, payment);
    assert_int_equal(platform_call(platform, NULL, method, answer, page, participant, token), 0);
    assert_int_equal(count_text("eventId"), 1);
    assert_non_null(strstr(answer, "WELCOME"));
    assert_string_equal(platform_field(answer, "nextPageToken"), "");

    int invalid = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    assert_int_equal(platform_call(platform, NULL, method, answer, page, participant, "p1"),
                     invalid);
    assert_non_null(strstr(answer, "page_token"));
    assert_int_equal(platform_call(platform, NULL, method, answer, page, "nobody", ""), invalid);
    assert_non_null(strstr(answer, "participant_id"));
    assert_int_equal(platform_call(platform, NULL, method, answer,
                                   "{\"participantId\":\"%s\",\"pageSize\":101}", participant),
                     invalid);
    assert_non_null(strstr(answer, "page_size"));
    /* Somebody who is not there has no deliveries. */
    assert_int_equal(list("00000000000000000000000000"), 0);
    assert_int_equal(count_text("eventId"), 0);
}

static void a_dead_enrolment_delays_only(void **state)
{
    (void)state;
    char participant[32];
    platform_signal(platform, "notifications", 1, SIGSTOP);
    platform_signal(platform, "notifications", 2, SIGSTOP);
    enrol_one("man@mail.test", "", participant);
    platform_signal(platform, "enrolment", 1, SIGKILL);
    platform_signal(platform, "notifications", 1, SIGCONT);
    platform_signal(platform, "notifications", 2, SIGCONT);
    wait_list(participant, "DELIVERY_STATE_QUEUED", 1);
    platform_spawn(platform, "enrolment", 1);
    platform_wait_ready(platform);
    wait_list(participant, "DELIVERY_STATE_SENT", 1);
    assert_int_equal(count_text("\"attempts\": 1") + count_text("\"attempts\":1"), 1);
    assert_int_equal(walk("new", NULL), 1);
    empty_mail();
}

static void a_dead_views_server_delays_only(void **state)
{
    (void)state;
    char participants[20][32];
    for (int i = 0; i < 20; i++) {
        enrol_one("man@mail.test", "", participants[i]);
        if (i == 5 || i == 15)
            redis_server_kill(platform_views(platform));
        if (i == 9 || i == 17)
            redis_server_restart(platform_views(platform));
    }
    for (int i = 0; i < 20; i++)
        wait_list(participants[i], "DELIVERY_STATE_SENT", 1);
    assert_int_equal(walk("new", NULL) + walk("cur", NULL), 20);
    empty_mail();
}

static unsigned mails_of[CROWD]; /* by the number at the start of the address */

static void count_mail(const char *path, const char *name)
{
    unsigned number;
    read_text(path, name);
    const char *to = strstr(found_text, "<crowd-");
    assert_non_null(to);
    assert_int_equal(sscanf(to, "<crowd-%u@", &number), 1);
    assert_in_range(number, 0, CROWD - 1);
    mails_of[number]++;
}

static int is_queue_empty(void *arg)
{
    (void)arg;
    struct redis_server *views = platform_views(platform);
    return redis_server_integer(views, "LLEN", "{v:notify}:in", NULL) == 0 &&
           redis_server_integer(views, "ZCARD", "{v:notify}:queue", NULL) == 0;
}

static int is_crowd_served(void *arg)
{
    size_t n = 0;
    for (const char(*participant)[32] = arg; n < CROWD; participant++, n++) {
        if (list(*participant) != 0 || count_text("DELIVERY_STATE_SENT") != 1)
            return 0;
    }
    return is_queue_empty(NULL);
}

static void enrol_crowd(char participants[CROWD][32], unsigned n_senders)
{
    for (unsigned i = 0; i < CROWD; i++) {
        char email[40];
        (void)snprintf(email, sizeof(email), "crowd-%u@mail.test", i);
        enrol_one(email, "", participants[i]);
        (void)walk("new", i % 3 == 0 ? move_to_cur : NULL);
        if (i % 10 != 7)
            continue;
        /* Anywhere in what a sender does, from its start on. */
        int64_t until_ms = clock_mono_ms() + (int64_t)(i * 37 % 130);
        while (clock_mono_ms() < until_ms)
            loop_turn(platform_service(platform)->loop, 1);
        platform_signal(platform, "notifications", i / 10 % n_senders + 1, SIGKILL);
        platform_spawn(platform, "notifications", i / 10 % n_senders + 1);
    }
}

/* Both senders are killed again and again, at any instruction, while a reader takes the mail away:
 * nobody gets two letters and nobody gets none. */
static void killed_senders_neither_lose_nor_double(void **state)
{
    (void)state;
    static char participants[CROWD][32];
    enrol_crowd(participants, 2);
    /* What was in a killed sender's hands comes back when its claim ends. */
    if (!wait_until(platform, is_crowd_served, participants, CLAIM_WAIT_MS))
        fail_msg("%zu letters, and: %s", walk("new", NULL) + walk("cur", NULL), answer);
    memset(mails_of, 0, sizeof(mails_of));
    assert_int_equal(walk("new", count_mail) + walk("cur", count_mail), CROWD);
    for (unsigned i = 0; i < CROWD; i++)
        assert_int_equal(mails_of[i], 1);
    platform_wait_ready(platform);
    empty_mail();
}

/* --- with a relay ----------------------------------------------------------------------------- */

static void the_relay_decides(void **state)
{
    (void)state;
    static const struct {
        const char *email, *state, *attempts, *error;
        size_t taken;
    } cases[] = {
        {"man@mail.test", "SENT", "1", "", 1},
        {"once@mail.test", "SENT", "2", "", 1},
        {"perm@mail.test", "FAILED", "1", "the mail relay answered 550", 0},
        {"late5@mail.test", "FAILED", "1", "the mail relay answered 554", 0},
        {"temp@mail.test", "FAILED", "8", "the mail relay answered 451", 0},
        {"hang@mail.test", "FAILED", "8", "the mail relay could not be reached", 0},
    };
    char participants[ARRAY_LEN(cases)][32];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        enrol_one(cases[i].email, "", participants[i]);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[80];
        (void)snprintf(text, sizeof(text), "DELIVERY_STATE_%s", cases[i].state);
        wait_list(participants[i], text, 1);
        json_row(cases[i].attempts, cases[i].error);
        assert_int_equal(smtp_server_taken(relay, cases[i].email), cases[i].taken);
        assert_int_equal(count_text("\"smtp\""), 1);
    }
    char *shown = smtp_server_read(relay, "1.txt");
    assert_non_null(strstr(shown, "Dear Nguyễn Văn Mận,"));
    assert_non_null(strstr(shown, "no-reply@ansinh.test"));
    free(shown);
}

static void a_dead_relay_is_a_problem_and_a_delay(void **state)
{
    (void)state;
    char participants[5][32];
    smtp_server_kill(relay);
    for (int i = 0; i < 5; i++)
        enrol_one("man@mail.test", "", participants[i]);
    if (!wait_until(platform, is_unwell, NULL, WAIT_MS))
        fail_msg("well without a relay: %s", answer);
    smtp_server_restart(relay);
    for (int i = 0; i < 5; i++)
        wait_list(participants[i], "DELIVERY_STATE_SENT", 1);
    assert_false(is_unwell(NULL));
}

static void a_killed_sender_loses_nothing(void **state)
{
    (void)state;
    static char participants[CROWD][32];
    size_t before = smtp_server_taken(relay, "crowd-");
    enrol_crowd(participants, 1);
    if (!wait_until(platform, is_crowd_served, participants, CLAIM_WAIT_MS))
        fail_msg("%zu letters, and: %s", smtp_server_taken(relay, "crowd-") - before, answer);
    for (unsigned i = 0; i < CROWD; i++) {
        char email[40];
        (void)snprintf(email, sizeof(email), " crowd-%u@mail.test", i);
        assert_true(smtp_server_taken(relay, email) >= 1);
    }
    platform_wait_ready(platform);
}

static void a_stopped_sender_leaves_nothing_half_done(void **state)
{
    (void)state;
    char participants[30][32];
    size_t before = smtp_server_taken(relay, "");
    for (int i = 0; i < 30; i++)
        enrol_one("man@mail.test", "", participants[i]);
    platform_signal(platform, "notifications", 1, SIGTERM);
    if (!wait_until(platform, is_gone, NULL, WAIT_MS))
        fail_msg("still there");
    platform_spawn(platform, "notifications", 1);
    platform_wait_ready(platform);
    for (int i = 0; i < 30; i++) {
        wait_list(participants[i], "DELIVERY_STATE_SENT", 1);
        assert_int_equal(count_text("\"attempts\": 1,") + count_text("\"attempts\":1,"), 1);
    }
    assert_int_equal(smtp_server_taken(relay, "") - before, 30);
}

/* --- with limits ------------------------------------------------------------------------------ */

static void rate_and_queue_are_bounded(void **state)
{
    (void)state;
    enum { PEOPLE = 80 };
    char participants[PEOPLE][32];
    int64_t start_ms = clock_mono_ms();
    for (int i = 0; i < PEOPLE; i++)
        enrol_one("man@mail.test", "", participants[i]);
    for (int i = 0; i < PEOPLE;
         i++) /* until the projection has come this far, an empty queue says nothing */
        wait_list(participants[i], "DELIVERY_KIND_WELCOME", 1);
    if (!wait_until(platform, is_queue_empty, NULL, WAIT_MS))
        fail_msg("the queue does not end");
    int n_sent = 0, n_failed = 0;
    for (int i = 0; i < PEOPLE; i++) {
        struct wish wish = {participants[i], "DELIVERY_STATE_QUEUED", 0};
        assert_true(wait_until(platform, is_listed, &wish, WAIT_MS));
        n_sent += count_text("DELIVERY_STATE_SENT");
        n_failed += count_text("too many messages were waiting");
    }
    assert_int_equal(n_sent + n_failed, PEOPLE);
    assert_true(n_failed > 0 && n_sent >= 10);
    assert_int_equal(walk("new", NULL), n_sent);
    assert_true(n_sent <= (clock_mono_ms() - start_ms) * 5 / 1000 + 2);
}

static const struct CMUnitTest with_maildir[] = {
    cmocka_unit_test(a_welcome_and_a_receipt_arrive),
    cmocka_unit_test(who_gave_no_address_gets_nothing),
    cmocka_unit_test(what_happened_long_ago_is_not_told),
    cmocka_unit_test(deliveries_come_in_pages),
    cmocka_unit_test(a_dead_enrolment_delays_only),
    cmocka_unit_test(a_dead_views_server_delays_only),
    cmocka_unit_test(killed_senders_neither_lose_nor_double),
};

static const struct CMUnitTest with_relay[] = {
    cmocka_unit_test(the_relay_decides),
    cmocka_unit_test(a_dead_relay_is_a_problem_and_a_delay),
    cmocka_unit_test(a_stopped_sender_leaves_nothing_half_done),
    cmocka_unit_test(a_killed_sender_loses_nothing),
};

static const struct CMUnitTest with_limits[] = {cmocka_unit_test(rate_and_queue_are_bounded)};

int main(void)
{
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    int failed = cmocka_run_group_tests(with_maildir, start_maildir, stop);
    failed += cmocka_run_group_tests(with_relay, start_smtp, stop);
    failed += cmocka_run_group_tests(with_limits, start_slow, stop);
    return !!failed;
}
