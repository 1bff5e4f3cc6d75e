/* A change of the law taken over by a running platform: nothing restarts, nothing past changes, and
 * every instance computes by it. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/gateway_client.h"
#include "tests/support/platform.h"
#include "tests/support/policy_folder.h"

#define SAID_BYTES PLATFORM_SAID_BYTES
#define TAKEN_OVER_MS 5000 /* of a busy machine; it is some 0.3 s */

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES], said[SAID_BYTES];
static char last_day[DATE_TEXT_BYTES], first_day[DATE_TEXT_BYTES]; /* before and of the new line */
static char bill[64], bill_version[16];

/* A decree from the first day on, as a file beside the folder's tables. */
static void put_decree(void)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{~povertyLine~:[{~from~:~%s~,~vnd~:~2200000~,"
                   "~citation~:~Decree 351/2025/ND-CP~}]}",
                   first_day);
    policy_folder_put("decree.txt", text);
}

static int start(void **state)
{
    static char setting[POLICY_FOLDER_PATH_BYTES + 32];
    static const char *const environment[] = {setting, NULL};
    int year, month, day;
    (void)state;
    (void)snprintf(setting, sizeof(setting), "ANSINH_POLICY=%s", policy_folder_make());
    policy_folder_put(
        "poverty-line.json",
        "{~povertyLine~:[{~from~:~2016-01-01~,~to~:~2021-12-31~,~vnd~:~700000~,~citation~:~x~},"
        "{~from~:~2022-01-01~,~vnd~:~1500000~,~citation~:~Decree 07/2021/ND-CP~}]}");
    /* 1 January of the year to come: the past is never changed */
    date_split(clock_business_day(clock_wall_ms()), &year, &month, &day);
    date_format(date_make(year + 1, 1, 1), first_day);
    date_format(date_make(year, 12, 31), last_day);
    put_decree();
    platform = platform_start(&(struct platform_conf){
        .enrolment = 2, .payments = 2, .gateway = 1, .environment = environment});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    policy_folder_remove();
    return 0;
}

/* --- asking --- */

static void expect_field(const char *name, const char *value)
{
    assert_string_equal(platform_field(answer, name), value);
}

static void assert_said(const char *words)
{
    if (strstr(said, words) == NULL)
        fail_msg("want \"%s\" in:\n%s", words, said);
}

#define MUST(method, ...)                                                                          \
    do {                                                                                           \
        if (platform_call(platform, NULL, method, answer, __VA_ARGS__) != 0)                       \
            fail_msg("%s: %s", method, answer);                                                    \
    } while (0)

#define QUOTE                                                                                      \
    "{\"unitCode\":\"15\",\"incomeVnd\":\"%s\",\"supportGroup\":\"SUPPORT_GROUP_%s\",\"on\":\"%"   \
    "s\"}"

/* What one instance and no other says about a quote; 0 or the code. */
struct single {
    int code; /* -1: no answer yet */
    int64_t gross_vnd, central_vnd, due_vnd;
};

static void on_single(void *arg, const struct bus_answer *got)
{
    struct single *self = arg;
    self->code = (int)got->code;
    if (got->code != 0)
        return;
    Ansinh__V1__QuoteResponse *quote =
        ansinh__v1__quote_response__unpack(NULL, got->body_len, got->body);
    assert_non_null(quote);
    self->gross_vnd = quote->gross_vnd;
    self->central_vnd = quote->central_vnd;
    self->due_vnd = quote->due_vnd;
    ansinh__v1__quote_response__free_unpacked(quote, NULL);
}

static struct single quote_at(const char *instance, int64_t income_vnd,
                              Ansinh__V1__SupportGroup group, char *on)
{
    struct single single = {.code = -1};
    Ansinh__V1__QuoteRequest request;
    char unit[] = "15";
    ansinh__v1__quote_request__init(&request);
    request.unit_code = unit;
    request.income_vnd = income_vnd;
    request.support_group = group;
    request.on = on;
    struct bus_call call = {.service = "payments",
                            .instance = instance,
                            .method = "ansinh.v1.Payments/Quote",
                            .timeout_ms = 5000};
    bus_call(platform_service(platform)->client, &call, &request.base, on_single, &single);
    while (single.code == -1)
        loop_turn(platform_service(platform)->loop, 20);
    return single;
}

static const char *const payments[] = {"payments-1", "payments-2"};

static int all_know(void *arg)
{
    (void)arg;
    for (size_t i = 0; i < ARRAY_LEN(payments); i++)
        if (quote_at(payments[i], 2200000, ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_OTHER,
                     first_day)
                .central_vnd != 96800)
            return 0;
    return 1;
}

/* The new line at every instance, and the old one on the day before. */
static void expect_new_law(void)
{
    static const struct {
        Ansinh__V1__SupportGroup group;
        int64_t central_vnd;
    } groups[] = {
        {ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_OTHER, 96800},
        {ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_ETHNIC_MINORITY, 145200},
        {ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_NEAR_POOR, 193600},
        {ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_POOR, 242000},
    };
    for (size_t i = 0; i < ARRAY_LEN(payments); i++) {
        for (size_t k = 0; k < ARRAY_LEN(groups); k++) {
            struct single got = quote_at(payments[i], 2200000, groups[k].group, first_day);
            assert_int_equal(got.code, 0);
            assert_int_equal(got.gross_vnd, 484000);
            assert_int_equal(got.central_vnd, groups[k].central_vnd);
            assert_int_equal(got.due_vnd, 484000 - groups[k].central_vnd);
        }
        assert_int_equal(quote_at(payments[i], 1500000, groups[0].group, first_day).code,
                         ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        struct single before = quote_at(payments[i], 1500000, groups[0].group, last_day);
        assert_int_equal(before.code, 0);
        assert_int_equal(before.gross_vnd, 330000);
        assert_int_equal(before.central_vnd, 66000);
    }
    assert_int_equal(platform_call(platform, NULL, "Payments/Quote", answer, QUOTE, "1500000",
                                   "OTHER", first_day),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_string_equal(answer, "income_vnd: too low: from 2,200,000 to 50,600,000 "
                                "(Decree 351/2025/ND-CP)");
}

static void get_policy(const char *on)
{
    MUST("Directory/GetPolicy", "{\"on\":\"%s\",\"unitCode\":\"02647\"}", on);
}

/* --- tests, in this order --- */

static void the_old_law_holds(void **state)
{
    (void)state;
    struct single got =
        quote_at(payments[0], 1500000, ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_OTHER, first_day);
    assert_int_equal(got.code, 0);
    assert_int_equal(got.central_vnd, 66000);
    get_policy(first_day);
    assert_non_null(strstr(answer, "\"floorVnd\":\"1500000\""));
    assert_non_null(strstr(answer, "\"capVnd\":\"50600000\""));
    assert_non_null(strstr(answer, "\"floorContributionVnd\":\"330000\""));
    assert_non_null(strstr(answer, "\"capContributionVnd\":\"11132000\""));
    assert_non_null(strstr(answer, "\"group\":\"SUPPORT_GROUP_POOR\",\"centralVnd\":\"165000\""));
    assert_null(strstr(answer, "localSupport"));
    expect_field("amendments", "0");
    MUST("Enrolment/Enrol",
         "{\"personalId\":\"010085000001\",\"fullName\":\"Giàng A Páo\","
         "\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\","
         "\"supportGroup\":\"SUPPORT_GROUP_OTHER\",\"incomeVnd\":\"1500000\","
         "\"method\":\"METHOD_QUARTERLY\"}");
    MUST("Payments/Inquire", "{\"personalId\":\"010085000001\"}");
    expect_field("dueVnd", "792000");
    (void)strcpy(bill, platform_field(answer, "billId"));
    (void)strcpy(bill_version, platform_field(answer, "billVersion"));
}

static void what_is_wrong_changes_nothing(void **state)
{
    (void)state;
    char today[DATE_TEXT_BYTES], digest[64];
    date_format(clock_business_day(clock_wall_ms()), today);
    get_policy(first_day);
    (void)strcpy(digest, platform_field(answer, "digest"));
    static const struct {
        const char *document, *said;
    } wrong[] = {
        {"{\"povertyLine\":[{\"from\":\"2199-01-01\",\"vnd\":\"0\",\"citation\":\"x\"}]}",
         "document.poverty_line[0].vnd: document: poverty_line row 1: vnd out of range"},
        {"{\"support\":[{\"from\":\"2199-01-01\",\"basisPoints\":5,\"citation\":\"x\"}]}",
         "document.support[0].group: document: support row 1: want a group"},
        {"{\"earlyJoinerYears\":[{\"from\":\"2199-01-01\",\"years\":5,\"citation\":\"x\"}]}",
         "document.early_joiner_years[0].from: document: early_joiner_years row 1: "
         "early_joiner_years: a gap before"},
        {"{\"localSupport\":[{\"from\":\"2199-01-01\",\"province\":\"98\",\"group\":4,"
         "\"basisPoints\":5,\"citation\":\"x\"}]}",
         "document.local_support[0].province: document: local_support row 1: unknown province"},
        {"{}", "document: document: 0 rows, want 1 to 128"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        assert_int_equal(platform_call(platform, NULL, "Directory/ImportPolicy", answer,
                                       "{\"document\":%s}", wrong[i].document),
                         ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        if (strncmp(answer, wrong[i].said, strlen(wrong[i].said)) != 0)
            fail_msg("%s", answer);
    }
    assert_int_equal(platform_call(platform, NULL, "Directory/ImportPolicy", answer,
                                   "{\"document\":{\"povertyLine\":[{\"from\":\"%s\","
                                   "\"vnd\":\"5\",\"citation\":\"x\"}]}}",
                                   today),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_non_null(strstr(answer, "document.poverty_line[0].from: document: poverty_line row 1: "
                                   "begins on "));
    assert_int_equal(platform_call(platform, NULL, "Directory/ImportPolicy", answer, "{}"),
                     ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
    assert_string_equal(answer, "document: missing");
    get_policy(first_day);
    expect_field("digest", digest);
}

static void a_dry_run_tells_and_writes_nothing(void **state)
{
    (void)state;
    char path[POLICY_FOLDER_PATH_BYTES], until[64];
    policy_folder_path("decree.txt", path);
    assert_int_equal(platform_ansinh(platform, said, "policy", "import", "--dry-run", path, NULL),
                     0);
    (void)snprintf(until, sizeof(until), "2022-01-01 to %s", last_day);
    assert_said("cut");
    assert_said(until);
    assert_said("added");
    assert_said("nothing is written: a dry run");
    assert_false(all_know(NULL));
    get_policy(first_day);
    expect_field("amendments", "0");
}

static void a_running_platform_takes_a_decree_over(void **state)
{
    (void)state;
    char path[POLICY_FOLDER_PATH_BYTES];
    policy_folder_path("decree.txt", path);
    assert_int_equal(setenv("IDEMPOTENCY_KEY", "decree 351", 1), 0);
    assert_int_equal(platform_ansinh(platform, said, "policy", "import", path, NULL), 0);
    assert_said("amendment 1 is written");
    int64_t begin_ms = clock_mono_ms();
    assert_true(wait_until(platform, all_know, NULL, TAKEN_OVER_MS));
    print_message("both instances of payments knew after %lld ms\n",
                  (long long)(clock_mono_ms() - begin_ms));
    expect_new_law();
    /* the same command again is the same answer, and another one of the same content nothing new */
    assert_int_equal(platform_ansinh(platform, said, "policy", "import", path, NULL), 0);
    assert_said("amendment 1 is written");
    assert_said("cut");
    assert_int_equal(unsetenv("IDEMPOTENCY_KEY"), 0);
    assert_int_equal(platform_ansinh(platform, said, "policy", "import", path, NULL), 0);
    assert_string_equal(said, "nothing changes: every row stands there already\n");
}

static void the_law_can_be_read(void **state)
{
    (void)state;
    char change[64];
    get_policy(last_day);
    assert_non_null(strstr(answer, "\"floorVnd\":\"1500000\""));
    (void)snprintf(change, sizeof(change), "{\"day\":\"%s\",\"begins\":[", first_day);
    assert_non_null(strstr(answer, change));
    get_policy(first_day);
    assert_non_null(strstr(answer, "\"floorVnd\":\"2200000\""));
    assert_non_null(strstr(answer, "\"floorContributionVnd\":\"484000\""));
    assert_non_null(strstr(answer, "Decree 351/2025/ND-CP"));
    expect_field("amendments", "1");
    assert_int_equal(platform_ansinh(platform, said, "policy", "show", "--on", first_day, "--unit",
                                     "02647", NULL),
                     0);
    assert_said("with 1 amendments");
    assert_said("income from 2,200,000 to 50,600,000 dong");
    assert_said("SUPPORT_GROUP_OTHER");
    assert_int_equal(
        platform_ansinh(platform, said, "policy", "show", "--json", "--unit", "00000", NULL), 1);
    assert_said("not_found: unit_code");
    assert_int_equal(platform_ansinh(platform, said, "policy", "show", "--on", "1999-12-31", NULL),
                     0);
    assert_int_equal(
        platform_call(platform, NULL, "Directory/GetPolicy", answer, "{\"on\":\"2026-13-01\"}"),
        ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
}

static void the_gateway_and_the_command_line_say_the_same(void **state)
{
    (void)state;
    struct gateway_client client;
    char body[256], json[256];
    gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
    (void)snprintf(body, sizeof(body), QUOTE, "2200000", "NEAR_POOR", first_day);
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Payments/Quote",
                                         "Content-Type: application/json\r\n", body),
                     200);
    assert_non_null(strstr((char *)client.body.data, "\"centralVnd\":\"193600\""));
    (void)snprintf(body, sizeof(body), QUOTE, "1500000", "NEAR_POOR", first_day);
    assert_int_equal(gateway_client_post(&client, "/ansinh.v1.Payments/Quote",
                                         "Content-Type: application/json\r\n", body),
                     400);
    assert_non_null(strstr((char *)client.body.data, "Decree 351/2025/ND-CP"));
    gateway_client_close(&client);
    (void)snprintf(json, sizeof(json), QUOTE, "1500000", "OTHER", last_day);
    assert_int_equal(platform_ansinh(platform, said, "call", "Payments/Quote", json, NULL), 0);
    assert_said("\"centralVnd\": \"66000\"");
    (void)snprintf(json, sizeof(json), QUOTE, "2200000", "POOR", first_day);
    assert_int_equal(platform_ansinh(platform, said, "call", "Payments/Quote", json, NULL), 0);
    assert_said("\"centralVnd\": \"242000\"");
}

static void a_restarted_service_still_has_it(void **state)
{
    (void)state;
    platform_signal(platform, "payments", 2, SIGKILL);
    platform_spawn(platform, "payments", 2);
    platform_wait_ready(platform);
    expect_new_law();
    assert_int_equal(platform_ansinh(platform, said, "status", NULL), 0);
}

/* --- imports under way --- */

struct importing {
    int *open; /* how many are */
    int code;
    uint32_t amendment;
    size_t n_changes;
};

static void on_imported(void *arg, const struct bus_answer *got)
{
    struct importing *self = arg;
    --*self->open;
    self->code = (int)got->code;
    if (got->code != 0)
        return;
    Ansinh__V1__ImportPolicyResponse *out =
        ansinh__v1__import_policy_response__unpack(NULL, got->body_len, got->body);
    assert_non_null(out);
    self->amendment = out->amendment;
    self->n_changes = out->n_changes;
    ansinh__v1__import_policy_response__free_unpacked(out, NULL);
}

/* An income step of its own for each i; instance NULL: any. */
static void import_start(struct importing *self, const char *instance, const struct request_id *id,
                         int i)
{
    Ansinh__V1__PolicyRow row, *rows[] = {&row};
    Ansinh__V1__PolicyDocument document;
    Ansinh__V1__ImportPolicyRequest request;
    char citation[32];
    ansinh__v1__policy_row__init(&row);
    ansinh__v1__policy_document__init(&document);
    ansinh__v1__import_policy_request__init(&request);
    (void)snprintf(citation, sizeof(citation), "decree %d", i);
    row.from = first_day;
    row.citation = citation;
    row.value_case = ANSINH__V1__POLICY_ROW__VALUE_VND;
    row.vnd = 100000 + i;
    document.income_step = rows;
    document.n_income_step = 1;
    request.document = &document;
    struct bus_call call = {.service = "enrolment",
                            .instance = instance,
                            .method = "ansinh.v1.Directory/ImportPolicy",
                            .id = id,
                            .timeout_ms = 20000};
    ++*self->open;
    bus_call(platform_service(platform)->client, &call, &request.base, on_imported, self);
}

static void import_await(const int *open, int n_left)
{
    while (*open > n_left)
        loop_turn(platform_service(platform)->loop, 20);
}

/* The instance dies while it works; the caller's client goes on with the other one and the same id.
 */
static void a_killed_instance_neither_loses_nor_doubles_a_decree(void **state)
{
    (void)state;
    int open = 0;
    for (int i = 0; i < 10; i++) {
        struct importing first = {.open = &open}, again = {.open = &open};
        struct request_id id;
        unsigned victim = 1 + (unsigned)i % 2;
        request_id_make(clock_wall_ms(), &id);
        import_start(&first, NULL, &id, i);
        for (int turn = 0; turn < i; turn++)
            loop_turn(platform_service(platform)->loop, 0);
        platform_signal(platform, "enrolment", victim, SIGKILL);
        platform_spawn(platform, "enrolment", victim);
        import_await(&open, 0);
        import_start(&again, NULL, &id, i);
        import_await(&open, 0);
        assert_int_equal(first.code, 0);
        assert_int_equal(again.code, 0);
        assert_int_equal(first.amendment, i + 2);
        assert_int_equal(again.amendment, i + 2);
        assert_int_equal(first.n_changes, 2);
        assert_int_equal(again.n_changes, 2);
        struct importing other = {.open = &open};
        import_start(&other, NULL, &id, 99);
        import_await(&open, 0);
        assert_int_equal(other.code, ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
        platform_wait_ready(platform);
    }
    get_policy(first_day);
    expect_field("amendments", "11");
}

static void decrees_at_two_instances_follow_each_other(void **state)
{
    (void)state;
    static const char *const instances[] = {"enrolment-1", "enrolment-2"};
    struct importing imports[8];
    unsigned seen = 0;
    int open = 0;
    for (int i = 0; i < 8; i++) {
        struct request_id id;
        imports[i] = (struct importing){.open = &open};
        request_id_make(clock_wall_ms(), &id);
        import_start(&imports[i], instances[i % 2], &id, 100 + i);
    }
    import_await(&open, 0);
    for (size_t i = 0; i < ARRAY_LEN(imports); i++) {
        assert_int_equal(imports[i].code, 0);
        assert_in_range(imports[i].amendment, 12, 19);
        seen |= 1U << (imports[i].amendment - 12);
    }
    assert_int_equal(seen, 0xff); /* each number once */
    get_policy(first_day);
    expect_field("amendments", "19");
}

static void a_bill_stays_as_it_was_issued(void **state)
{
    (void)state;
    MUST("Payments/Inquire", "{\"personalId\":\"010085000001\"}");
    expect_field("billId", bill);
    expect_field("billVersion", bill_version);
    expect_field("dueVnd", "792000");
    MUST("Payments/Pay", "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"792000\"}", bill,
         bill_version);
}

static int is_one_law(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, said, "status", NULL) == 0;
}

static int is_refused_in_the_log(void *arg)
{
    char path[POLICY_FOLDER_PATH_BYTES], line[512];
    int is_there = 0;
    (void)arg;
    (void)snprintf(path, sizeof(path), "%s/log/payments-2.log", platform_directory(platform));
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL)
        is_there |= strstr(line, "the law cannot be taken over") != NULL;
    assert_int_equal(fclose(file), 0);
    return is_there;
}

static int is_told(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, said, "status", NULL) == 1;
}

static void who_has_other_files_is_told_and_stops(void **state)
{
    (void)state;
    static const char name[] = "household-health.json", old[] = "\"days\": 90";
    policy_folder_change(name, old, "\"to\": \"2030-12-31\", \"days\": 90");
    platform_signal(platform, "payments", 2, SIGKILL);
    platform_spawn(platform, "payments", 2);
    platform_wait_ready(platform);
    assert_true(wait_until(platform, is_told, NULL, 5000));
    assert_said("instances compute by different laws");
    /* fits the others: there the row before reaches on */
    MUST("Directory/ImportPolicy",
         "{\"document\":{\"healthGapDays\":[{\"from\":\"2040-01-01\",\"days\":60,"
         "\"citation\":\"x\"}]}}");
    assert_true(wait_until(platform, is_refused_in_the_log, NULL, 5000));
    platform_signal(platform, "payments", 2, SIGKILL); /* it has ended, or is about to */
    policy_folder_change(name, old, old);
    platform_spawn(platform, "payments", 2);
    platform_wait_ready(platform);
    assert_true(wait_until(platform, is_one_law, NULL, 5000));
    expect_new_law();
}

static void everything_adds_up(void **state)
{
    (void)state;
    assert_true(wait_until(platform, is_one_law, NULL, 5000));
    if (platform_ansinh(platform, said, "verify", NULL) != 0)
        fail_msg("%s", said);
    assert_said(" 0 differences");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_old_law_holds),
        cmocka_unit_test(what_is_wrong_changes_nothing),
        cmocka_unit_test(a_dry_run_tells_and_writes_nothing),
        cmocka_unit_test(a_running_platform_takes_a_decree_over),
        cmocka_unit_test(the_law_can_be_read),
        cmocka_unit_test(the_gateway_and_the_command_line_say_the_same),
        cmocka_unit_test(a_restarted_service_still_has_it),
        cmocka_unit_test(a_killed_instance_neither_loses_nor_doubles_a_decree),
        cmocka_unit_test(decrees_at_two_instances_follow_each_other),
        cmocka_unit_test(a_bill_stays_as_it_was_issued),
        cmocka_unit_test(who_has_other_files_is_told_and_stops),
        cmocka_unit_test(everything_adds_up),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
