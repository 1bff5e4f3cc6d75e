/* The board as of random moments of a random run, against a fold of the journals that the test
 * makes itself; while the leader is killed, and after the views were emptied. */
#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/events.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/store/partition.h"
#include "tests/support/platform.h"

#define PEOPLE 60
#define COMMANDS 400
#define LATE_DAYS 200
#define MOMENTS 200
#define ROWS_MAX 8192
#define PAYMENTS_MAX 64 /* of one person */
#define WAIT_MS 60000
#define DAY_MS (86400LL * 1000)
#define POINT "BD02647"

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static const char *const communes[] = {"02647", "02671", "02680"};

/* --- the run ---------------------------------------------------------------------------------- */

struct person {
    char id[64];
    int32_t enrolled_day;
    char payments[PAYMENTS_MAX][64];
    unsigned n_payments;
};
static struct person people[PEOPLE];
static unsigned n_people;
static unsigned long n_done;

static int drawn(int n)
{
    return rand() % n;
}

/* Today, or some days or months ago, which is written down on paper first. */
static int32_t some_day(int32_t not_before)
{
    int32_t today = clock_business_day(clock_wall_ms());
    return drawn(2) ? today : today - drawn(MIN(today - not_before, LATE_DAYS) + 1);
}

/* In single quotes. */
static int PRINTF_LIKE(2, 3) call(const char *method, const char *format, ...)
{
    char body[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(body, sizeof(body), format, args);
    va_end(args);
    for (char *p = body; *p != '\0'; p++)
        *p = *p == '\'' ? '"' : *p;
    int code = platform_call(platform, NULL, method, answer, "%s", body);
    n_done += code == 0;
    return code;
}

static void enrol(int32_t day, int method)
{
    char date[DATE_TEXT_BYTES];
    if (n_people == PEOPLE)
        return;
    date_format(day, date);
    if (call("Enrolment/Enrol",
             "{'personalId':'0100850%05u','fullName':'Lò Văn Thử','birthDate':'1985-05-17','sex':2,"
             "'unitCode':'%s','supportGroup':4,'incomeVnd':1500000,'method':%d,'enrolledOn':'%s'}",
             n_people + 1, communes[drawn(3)], method, date) == 0) {
        people[n_people].enrolled_day = day;
        (void)snprintf(people[n_people++].id, 64, "%s", platform_field(answer, "participantId"));
    }
}

static void pay(struct person *person, int32_t day)
{
    char date[DATE_TEXT_BYTES], bill[64], version[64], due[64];
    date_format(day, date);
    if (person->n_payments == PAYMENTS_MAX ||
        call("Payments/Inquire", "{'participantId':'%s','on':'%s'}", person->id, date) != 0)
        return;
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    (void)snprintf(due, sizeof(due), "%s", platform_field(answer, "dueVnd"));
    if (call("Payments/Pay",
             "{'billId':'%s','billVersion':%s,'amountVnd':'%s','paidOn':'%s','pointCode':'%s'}",
             bill, version, due, date, drawn(2) ? POINT : "") == 0)
        (void)snprintf(person->payments[person->n_payments++], 64, "%s",
                       platform_field(answer, "paymentId"));
}

static void reverse(struct person *person)
{
    if (person->n_payments > 0 &&
        call("Payments/Reverse", "{'paymentId':'%s','reason':'REVERSAL_REASON_WRONG_TERMS'}",
             person->payments[person->n_payments - 1]) == 0)
        person->n_payments--;
}

static void change(struct person *person)
{
    const char *commune = communes[drawn(3)];
    if (drawn(2))
        (void)call("Enrolment/ChangeContribution", "{'participantId':'%s','unitCode':'%s'}",
                   person->id, commune);
    else
        (void)call("Enrolment/ChangeContribution",
                   "{'participantId':'%s','unitCode':'%s','incomeVnd':1600000,'method':%d}",
                   person->id, commune, 1 + drawn(4));
}

static void do_something(void)
{
    int what = drawn(20);
    if (what < 5 || n_people == 0) {
        enrol(some_day(0), 1 + drawn(4));
        return;
    }
    struct person *person = &people[drawn((int)n_people)];
    /* the first one often on the day of the declaration, whenever that was */
    if (what < 15)
        pay(person, person->n_payments == 0 && drawn(4) > 0 ? person->enrolled_day
                                                            : some_day(person->enrolled_day));
    else if (what < 18)
        reverse(person);
    else if (what < 19)
        change(person);
    else if (drawn(4) == 0)
        (void)call("Enrolment/EndParticipation", "{'participantId':'%s','reason':5}", person->id);
}

/* --- the fold --------------------------------------------------------------------------------- */

enum number { PARTICIPANTS, DECLARED, PAYMENTS, RENEWED, LAPSED, REVERSED, ENDED, MONEY, NUMBERS };
static const char *const fields[NUMBERS] = {"participants", "declared",      "payments",
                                            "renewed",      "lapsed",        "reversed",
                                            "ended",        "participantVnd"};

static struct row {
    int64_t at_ms;
    uint32_t commune;
    int32_t day;
    int at_point;
    int64_t numbers[NUMBERS];
} rows[ROWS_MAX];
static size_t n_rows;

/* What decides when somebody lapses: paid up to which month, after each payment that stands. */
static struct life {
    uint8_t hash[16];
    uint32_t until[PAYMENTS_MAX]; /* after so many payments */
    unsigned n_paid;
    int32_t declared_month, lapse_day;
    unsigned method;
    int is_ended, is_lapsed, is_at_point;
    uint32_t commune, lapsed_commune;
    int is_lapsed_at_point;
} lives[PEOPLE];
static size_t n_lives;

static struct row *row_add(int64_t at_ms, uint32_t commune, int32_t day, int at_point)
{
    assert_true(n_rows < ROWS_MAX);
    rows[n_rows] =
        (struct row){.at_ms = at_ms, .commune = commune, .day = day, .at_point = at_point};
    return &rows[n_rows++];
}

static struct life *life_of(const Ansinh__V1__Event *event)
{
    for (size_t i = 0; i < n_lives; i++) {
        if (memcmp(lives[i].hash, event->citizen.data, 16) == 0)
            return &lives[i];
    }
    assert_true(n_lives < PEOPLE);
    memcpy(lives[n_lives].hash, event->citizen.data, 16);
    return &lives[n_lives++];
}

static int64_t midnight_ms(int32_t day)
{
    return day * DAY_MS - 7 * 3600 * 1000;
}

static void lapse(struct life *life, int64_t at_ms)
{
    life->is_lapsed = 1;
    life->lapsed_commune = life->commune;
    life->is_lapsed_at_point = life->is_at_point;
    row_add(at_ms, life->commune, clock_business_day(at_ms), life->is_at_point)->numbers[LAPSED] =
        1;
}

/* Law 41/2024/QH15, article 36(3): one, three, four and seven months. */
static void deadline_set(struct life *life)
{
    static const int32_t months[] = {0, 1, 3, 4, 7};
    life->lapse_day = 0;
    if (life->n_paid == 0 || life->is_ended)
        return;
    int32_t due = (int32_t)life->until[life->n_paid - 1] + 1;
    if (life->declared_month > due)
        due = life->declared_month;
    life->lapse_day = month_first_day(due + months[life->method]);
}

static void settle(struct life *life, int64_t at_ms, int is_declaration)
{
    deadline_set(life);
    int is_over = life->lapse_day != 0 && midnight_ms(life->lapse_day) <= at_ms;
    if (is_over && !life->is_lapsed) {
        lapse(life, at_ms);
    } else if (!is_over && life->is_lapsed && !is_declaration) {
        life->is_lapsed = 0;
        row_add(at_ms, life->lapsed_commune, clock_business_day(at_ms), life->is_lapsed_at_point)
            ->numbers[LAPSED] = -1;
    }
}

static void fold_payment(struct life *life, const Ansinh__V1__PaymentRecorded *in, int64_t at_ms,
                         int sign)
{
    int at_point = strcmp(in->point_code, POINT) == 0;
    struct row *row = row_add(at_ms, in->commune, in->paid_day, at_point);
    row->numbers[in->is_first ? PARTICIPANTS : RENEWED] = sign;
    row->numbers[PAYMENTS] = sign;
    row->numbers[REVERSED] = sign < 0;
    row->numbers[MONEY] = sign * in->pockets->participant_vnd;
    uint32_t until = in->from_month + in->months - 1;
    if (sign > 0 && life->n_paid > 0 && life->until[life->n_paid - 1] > until)
        until = life->until[life->n_paid - 1];
    if (sign > 0)
        life->until[life->n_paid++] = until;
    else
        life->n_paid--;
    life->commune = in->commune;
    life->is_at_point = at_point;
    settle(life, at_ms, 0);
}

static void fold_terms(struct life *life, uint32_t commune, unsigned method, int32_t day,
                       int is_declared)
{
    life->commune = commune;
    life->is_at_point = 0;
    life->method = method;
    if (is_declared)
        life->declared_month = month_of_day(day);
}

static void fold(const Ansinh__V1__Event *event)
{
    if (event->citizen.len != 16)
        return;
    struct life *life = life_of(event);
    if (!life->is_lapsed && life->lapse_day != 0 && midnight_ms(life->lapse_day) <= event->at_ms)
        lapse(life, midnight_ms(life->lapse_day));
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED) {
        const Ansinh__V1__ParticipantEnrolled *in = event->participant_enrolled;
        row_add(event->at_ms, in->commune, in->enrolled_day, 0)->numbers[DECLARED] = 1;
        fold_terms(life, in->commune, in->method, in->enrolled_day, 1);
        life->is_ended = 0;
        settle(life, event->at_ms, 1);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED) {
        const Ansinh__V1__ContributionChanged *in = event->contribution_changed;
        fold_terms(life, in->commune, in->method, in->changed_day, in->is_declared);
        settle(life, event->at_ms, 1);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED) {
        const Ansinh__V1__ParticipationEnded *in = event->participation_ended;
        row_add(event->at_ms, in->commune, in->ended_day, life->is_at_point)->numbers[ENDED] = 1;
        life->is_ended = 1;
        settle(life, event->at_ms, 0);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED) {
        fold_payment(life, event->payment_recorded, event->at_ms, 1);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED) {
        fold_payment(life, event->payment_reversed->payment, event->at_ms, -1);
    }
}

/* An entry of a stream: its id, then "e" and the event. */
static void fold_entry(const redisReply *entry)
{
    const redisReply *packed = entry->element[1]->element[1];
    Ansinh__V1__Event *event =
        ansinh__v1__event__unpack(NULL, packed->len, (const uint8_t *)packed->str);
    assert_non_null(event);
    fold(event);
    ansinh__v1__event__free_unpacked(event, NULL);
}

static void fold_journals(void)
{
    n_rows = n_lives = 0;
    memset(lives, 0, sizeof(lives));
    for (unsigned p = 0; p < PARTITIONS; p++) {
        char key[KEY_MAX_BYTES];
        (void)key_journal(p, key);
        redisReply *reply =
            redis_server_do(platform_ledger(platform), "XRANGE", key, "-", "+", NULL);
        assert_int_equal(reply->type, REDIS_REPLY_ARRAY);
        for (size_t i = 0; i < reply->elements; i++)
            fold_entry(reply->element[i]);
        freeReplyObject(reply);
    }
    /* who is over the deadline since: noted five minutes into the day */
    int64_t noted_ms = clock_wall_ms() - 5 * 60 * 1000;
    for (size_t i = 0; i < n_lives; i++) {
        if (!lives[i].is_lapsed && lives[i].lapse_day != 0 &&
            midnight_ms(lives[i].lapse_day) <= midnight_ms(clock_business_day(noted_ms)))
            lapse(&lives[i], midnight_ms(lives[i].lapse_day));
    }
}

/* --- comparing -------------------------------------------------------------------------------- */

static void sum(const char *unit, int64_t as_of_ms, int at_point_only, int64_t ret[NUMBERS])
{
    memset(ret, 0, NUMBERS * sizeof(*ret));
    for (size_t i = 0; i < n_rows; i++) {
        char code[8];
        (void)snprintf(code, sizeof(code), "%05u", rows[i].commune);
        if (rows[i].at_ms > as_of_ms || (at_point_only && !rows[i].at_point) ||
            (strlen(unit) == 5 && strcmp(code, unit) != 0))
            continue;
        for (int n = 0; n < NUMBERS; n++)
            ret[n] += rows[i].numbers[n];
    }
}

/* The first one: the unit's own stand before those of its children. */
static int64_t shown(const char *field)
{
    char quoted[32];
    (void)snprintf(quoted, sizeof(quoted), "\"%s\":\"", field);
    const char *value = strstr(answer, quoted);
    assert_non_null(value);
    return atoll(value + strlen(quoted));
}

/* 1: as it must be. as_of_ms 0: now. */
static int is_right(const char *unit, int64_t as_of_ms, int at_point_only, int is_told)
{
    int64_t wanted[NUMBERS];
    sum(unit, as_of_ms == 0 ? INT64_MAX : as_of_ms, at_point_only, wanted);
    int code =
        platform_call(platform, NULL, "Analytics/GetProgress", answer,
                      "{\"unitCode\":\"%s\",\"asOfMs\":\"%lld\"%s}", unit, (long long)as_of_ms,
                      at_point_only ? ",\"pointCode\":\"" POINT "\"" : "");
    if (code != 0)
        return 0;
    for (int n = 0; n < NUMBERS; n++) {
        if (shown(fields[n]) == wanted[n])
            continue;
        if (is_told)
            print_message("%s as of %lld: %s is %lld, not %lld\n", unit, (long long)as_of_ms,
                          fields[n], (long long)shown(fields[n]), (long long)wanted[n]);
        return 0;
    }
    return 1;
}

static int is_caught_up(void *arg)
{
    (void)arg;
    return is_right("VN", 0, 0, 0) && is_right("VN", clock_wall_ms(), 0, 0);
}

static void compare(int64_t begun_ms, int64_t ended_ms)
{
    static const char *const units[] = {"VN", "15", "02647", "02671", "02680"};
    fold_journals();
    if (!wait_until(platform, is_caught_up, NULL, WAIT_MS)) {
        (void)is_right("VN", 0, 0, 1);
        (void)is_right("VN", clock_wall_ms(), 0, 1);
        fail_msg("%s", answer);
    }
    for (int i = 0; i < MOMENTS; i++) {
        int64_t as_of_ms = begun_ms + drawn((int)(ended_ms - begun_ms));
        if (!is_right(units[drawn(5)], as_of_ms, drawn(2), 1))
            fail_msg("%s", answer);
    }
    char said[PLATFORM_SAID_BYTES];
    if (platform_ansinh(platform, said, "verify", NULL) != 0)
        fail_msg("%s", said);
}

static int start(void **state)
{
    (void)state;
    const char *seed = getenv("FACTS_SEED");
    unsigned number = seed != NULL ? (unsigned)atoi(seed) : (unsigned)clock_wall_ms();
    print_message("FACTS_SEED=%u\n", number);
    srand(number);
    platform = platform_start(&(struct platform_conf){.analytics = 2});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int64_t begun_ms, ended_ms;

static void every_moment_is_what_the_journals_said_then(void **state)
{
    (void)state;
    begun_ms = clock_wall_ms();
    /* one who has lapsed for certain */
    enrol(clock_business_day(begun_ms) - LATE_DAYS / 2, 1);
    pay(&people[0], people[0].enrolled_day);
    for (int i = 0; i < COMMANDS; i++) {
        do_something();
        if (i == COMMANDS / 2) {
            platform_signal(platform, "analytics", 1, SIGKILL);
            platform_spawn(platform, "analytics", 1);
        }
    }
    ended_ms = clock_wall_ms();
    assert_true(n_done > COMMANDS / 2);
    compare(begun_ms, ended_ms);
    size_t n_lapses = 0;
    for (size_t i = 0; i < n_rows; i++)
        n_lapses += rows[i].numbers[LAPSED] > 0;
    print_message("%zu rows, %zu lapses\n", n_rows, n_lapses);
    assert_true(n_lapses > 0);
}

static void another_leader_says_the_same(void **state)
{
    (void)state;
    platform_signal(platform, "analytics", 2, SIGKILL);
    platform_spawn(platform, "analytics", 2);
    for (int i = 0; i < COMMANDS / 8; i++)
        do_something();
    platform_signal(platform, "analytics", 1, SIGKILL);
    platform_spawn(platform, "analytics", 1);
    compare(begun_ms, ended_ms);
}

/* The leader has noticed, and begun anew. */
static int is_begun(void *arg)
{
    (void)arg;
    return redis_server_integer(platform_views(platform), "EXISTS", "{v:board}:shape", NULL) == 1;
}

static void emptied_views_are_folded_to_the_same(void **state)
{
    (void)state;
    freeReplyObject(redis_server_do(platform_views(platform), "FLUSHALL", NULL));
    assert_true(wait_until(platform, is_begun, NULL, WAIT_MS));
    compare(begun_ms, ended_ms);
}

/* As a version without facts has left them: counters and a checkpoint. */
static void views_without_facts_are_folded_anew(void **state)
{
    (void)state;
    platform_signal(platform, "analytics", 1, SIGKILL);
    platform_signal(platform, "analytics", 2, SIGKILL);
    freeReplyObject(redis_server_do(platform_views(platform), "DEL", "{v:board}:shape",
                                    "{v:board}:facts:0", "{v:board}:sources", NULL));
    platform_spawn(platform, "analytics", 1);
    platform_spawn(platform, "analytics", 2);
    compare(begun_ms, ended_ms);
}

static void what_cannot_be_asked_names_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *body, *field;
    } asked[] = {
        {"{\"unitCode\":\"VN\",\"asOfMs\":\"1\"}", "as_of_ms"},
        {"{\"unitCode\":\"VN\",\"asOfMs\":\"-1\"}", "as_of_ms"},
        {"{\"unitCode\":\"VN\",\"asOfMs\":\"9000000000000\"}", "as_of_ms"},
        {"{\"unitCode\":\"VN\",\"product\":7}", "product"},
        {"{\"unitCode\":\"VN\",\"supportGroup\":9}", "support_group"},
        {"{\"unitCode\":\"VN\",\"pointCode\":\"NONE\"}", "point_code"},
        {"{\"unitCode\":\"VN\",\"organisationCode\":\"NONE\"}", "organisation_code"},
        {"{\"unitCode\":\"VN\",\"collectorCode\":\"NONE\"}", "collector_code"},
        {"{\"unitCode\":\"99\",\"supportGroup\":1}", "unit_code"},
    };
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        int code =
            platform_call(platform, NULL, "Analytics/GetProgress", answer, "%s", asked[i].body);
        if (code == 0 || strncmp(answer, asked[i].field, strlen(asked[i].field)) != 0 ||
            answer[strlen(asked[i].field)] != ':')
            fail_msg("%s: %d %s", asked[i].body, code, answer);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup(every_moment_is_what_the_journals_said_then, start),
    cmocka_unit_test(another_leader_says_the_same),
    cmocka_unit_test(emptied_views_are_folded_to_the_same),
    cmocka_unit_test(views_without_facts_are_folded_anew),
    cmocka_unit_test_teardown(what_cannot_be_asked_names_the_field, stop),
};

TEST_MAIN(tests)
