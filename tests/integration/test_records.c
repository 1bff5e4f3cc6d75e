/* Every number of analytics opens into its records: random questions on a living platform, also of
 * the past, with late dates and reversals, and while further events come. */
#include "tests/support/test.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/macros.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "tests/support/people.h"

#define PEOPLE 150
#define LATE_DAYS 45 /* so that some have a month before this one to pay for */
#define QUESTIONS 60 /* RECORDS_QUESTIONS=5000 for longer */
#define PAGES_MAX 2000
#define WAIT_MS 20000
#define JSON_BYTES 1024

static const char *const units[] = {"02647", "02671", "02680", "02683", "02701"};
static const char *const places[] = {"",      "VN",    "15", "15",     "02647",
                                     "02671", "02680", "01", "SI:1501"};
static const char *const organisations[] = {"", "",       "",        "",    "",
                                            "", "VNPOST", "VIETTEL", "HPN", "-"};
static const char *const points[] = {"", "", "", "", "", "", "BD02647", "BD02671", "-"};
static const char *const buckets[] = {"BUCKET_DAY", "BUCKET_HOUR", "BUCKET_MINUTE"};
static const int metrics[] = {1, 2, 2, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 12};
static const int bucket_days[] = {60, 35, 2};

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static int32_t today;
static unsigned n_people;
static char payments[PEOPLE * 2][64]; /* that may still be taken back */
static size_t n_payments;
static int64_t first_ms;

static size_t any(size_t n)
{
    return (size_t)random() % n;
}
#define ANY(list) ((list)[any(sizeof(list) / sizeof((list)[0]))])

/* --- events ----------------------------------------------------------------------------------- */

static void call(const char *method, const char *json)
{
    int code = platform_call(platform, NULL, method, answer, "%s", json);
    if (code != 0)
        fail_msg("%s %s: %d %s", method, json, code, answer);
}

static void pay(const char *participant, const char *day, const char *point)
{
    char json[JSON_BYTES], bill[64], version[64], due[64];
    (void)snprintf(json, sizeof(json), "{\"participantId\":\"%s\",\"on\":\"%s\"}", participant,
                   day);
    call("Payments/Inquire", json);
    (void)snprintf(bill, sizeof(bill), "%s", platform_field(answer, "billId"));
    (void)snprintf(version, sizeof(version), "%s", platform_field(answer, "billVersion"));
    (void)snprintf(due, sizeof(due), "%s", platform_field(answer, "dueVnd"));
    (void)snprintf(json, sizeof(json),
                   "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\",\"paidOn\":\"%s\","
                   "\"channel\":1,\"pointCode\":\"%s\"}",
                   bill, version, due, day, point);
    call("Payments/Pay", json);
    (void)snprintf(payments[n_payments++], sizeof(payments[0]), "%s",
                   platform_field(answer, "paymentId"));
}

/* Somebody declares, often with an earlier date, mostly pays, sometimes twice. */
static void somebody(void)
{
    char json[JSON_BYTES], day[DATE_TEXT_BYTES], participant[64];
    static const char *const paid_at[] = {"", "BD02647", "BD02671", "VT02680", "BH02647"};
    const char *point = ANY(paid_at);
    static const size_t late_days[] = {1, 3, LATE_DAYS};
    date_format(today - (int32_t)any(ANY(late_days)), day);
    (void)snprintf(json, sizeof(json),
                   "{\"personalId\":\"010085%06u\",\"fullName\":\"Lò Văn Thử\",\"birthDate\":"
                   "\"1985-05-17\",\"sex\":\"SEX_MALE\",\"unitCode\":\"%s\",\"supportGroup\":%d,"
                   "\"incomeVnd\":1500000,\"method\":1,\"enrolledOn\":\"%s\"}",
                   700000 + n_people, ANY(units), 1 + (int)any(4), day);
    call("Enrolment/Enrol", json);
    n_people++;
    (void)snprintf(participant, sizeof(participant), "%s", platform_field(answer, "participantId"));
    for (size_t n = any(4); n > 0; n--) /* accepting twice is refused */
        (void)platform_call(platform, NULL, "Enrolment/RecordAcceptance", answer,
                            "{\"participantId\":\"%s\",\"decidedOn\":\"%s\",\"officerCode\":"
                            "\"nv-1\",\"decision\":%s}",
                            participant, day, any(4) > 0 ? "1" : "2,\"reason\":1");
    if (any(5) == 0)
        return;
    pay(participant, day, point);
    char now[DATE_TEXT_BYTES];
    date_format(today, now);
    if (strncmp(day, now, strlen("YYYY-MM")) != 0 && any(2) == 0) {
        n_payments--; /* it is no longer the newest */
        pay(participant, now, point);
    }
}

/* At once on its own day, later with two officers. */
static void take_back(void)
{
    char json[JSON_BYTES];
    if (n_payments == 0)
        return;
    size_t i = any(n_payments);
    (void)snprintf(json, sizeof(json),
                   "{\"paymentId\":\"%s\",\"reason\":\"REVERSAL_REASON_WRONG_TERMS\"}",
                   payments[i]);
    if (platform_call(platform, NULL, "Payments/Reverse", answer, "%s", json) != 0) {
        for (int officer = 1; officer <= 2; officer++) {
            (void)snprintf(json, sizeof(json), "{\"paymentId\":\"%s\",\"officerCode\":\"nv-%d\"%s}",
                           payments[i], officer,
                           officer == 1 ? ",\"reason\":\"REVERSAL_REASON_WRONG_TERMS\"" : "");
            call(officer == 1 ? "Payments/OpenRefundCase" : "Payments/ApproveRefundCase", json);
        }
    }
    memmove(payments[i], payments[--n_payments], sizeof(payments[0]));
}

/* Something happens between two pages. */
static void disturb(void)
{
    if (n_people < PEOPLE && any(2) == 0)
        somebody();
    else if (any(3) == 0)
        take_back();
}

static int start(void **state)
{
    (void)state;
    srandom(20251130);
    today = clock_business_day(clock_wall_ms());
    platform = platform_start(&(struct platform_conf){.analytics = 2});
    platform_import(platform);
    call("Directory/ImportSiUnits",
         "{\"siUnits\":[{\"code\":\"1501\",\"name\":\"BHXH cơ sở Lào Cai\",\"communeCodes\":["
         "\"02647\",\"02671\"]}]}");
    first_ms = clock_wall_ms();
    while (n_people < PEOPLE / 3) {
        somebody();
        if (any(4) == 0)
            take_back();
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- questions -------------------------------------------------------------------------------- */

/* What is asked of several methods alike. */
struct ask {
    char slice[256];
    int metric, bucket;
    int32_t from, until;
    unsigned hour, minute;
    int is_corrections_only;
    long long as_of_ms, facts;
};

static json_t *ask(const char *method, const char *json)
{
    call(method, json);
    json_t *root = json_loads(answer, 0, NULL);
    assert_non_null(root);
    return root;
}

static long long number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) ? atoll(json_string_value(value)) : json_integer_value(value);
}

static long long number_at(const json_t *object, const char *name, size_t i)
{
    const json_t *value = json_array_get(json_object_get(object, name), i);
    return json_is_string(value) ? atoll(json_string_value(value)) : json_integer_value(value);
}

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value == NULL ? "" : value;
}

static void days(const struct ask *ask, char from[DATE_TEXT_BYTES], char until[DATE_TEXT_BYTES])
{
    date_format(ask->from, from);
    date_format(ask->until, until);
}

static long long counted(const json_t *record, int metric)
{
    static const char *const pockets[] = {"participantVnd", "centralVnd", "localVnd", "donorVnd"};
    return metric < 9 ? number(record, "counts")
                      : number(json_object_get(record, "pockets"), pockets[metric - 9]);
}

/* Sum over all pages; also holds every page to the first one's number. */
static long long list(const struct ask *ask_, size_t page_size, int is_disturbed, long long *ret_n)
{
    char json[JSON_BYTES], from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES], token[512] = "";
    long long sum = 0, total = 0;
    days(ask_, from, until);
    *ret_n = 0;
    for (int page = 0;; page++) {
        assert_true(page < PAGES_MAX);
        (void)snprintf(json, sizeof(json),
                       "{\"slice\":%s,\"metric\":%d,\"bucket\":\"%s\",\"from\":\"%s\",\"until\":"
                       "\"%s\",\"hour\":%u,\"minute\":%u,\"correctionsOnly\":%s,\"asOfMs\":\"%lld\""
                       ",\"facts\":\"%lld\",\"pageSize\":%zu,\"pageToken\":\"%s\"}",
                       ask_->slice, ask_->metric, buckets[ask_->bucket], from, until, ask_->hour,
                       ask_->minute, ask_->is_corrections_only ? "true" : "false", ask_->as_of_ms,
                       ask_->facts, page_size, token);
        json_auto_t *root = ask("Analytics/ListRecords", json);
        json_t *records = json_object_get(root, "records"), *record;
        size_t i;
        json_array_foreach(records, i, record) sum += counted(record, ask_->metric);
        *ret_n += (long long)json_array_size(records);
        total = page == 0 ? number(root, "total") : total;
        assert_int_equal(number(root, "total"), total);
        (void)snprintf(token, sizeof(token), "%s", text(root, "nextPageToken"));
        if (token[0] == '\0') {
            assert_int_equal(number(root, "recordsInAll"), *ret_n);
            break;
        }
        assert_int_equal(json_array_size(records), page_size);
        if (is_disturbed)
            disturb();
    }
    assert_int_equal(sum, total);
    return sum;
}

static void any_slice(char ret[256])
{
    (void)snprintf(ret, 256,
                   "{\"unitCode\":\"%s\",\"organisationCode\":\"%s\",\"pointCode\":\"%s\","
                   "\"supportGroup\":%d,\"product\":%d}",
                   ANY(places), ANY(organisations), ANY(points), any(3) == 0 ? 1 + (int)any(4) : 0,
                   (int)any(2));
}

static struct ask any_ask(void)
{
    struct ask any_one = {.metric = ANY(metrics), .bucket = (int)any(3)};
    any_slice(any_one.slice);
    any_one.until = today - (int32_t)any(2) * (int32_t)any(LATE_DAYS);
    any_one.from = any_one.until - (int32_t)any((size_t)bucket_days[any_one.bucket]);
    if (any(2) == 0)
        any_one.as_of_ms = first_ms + (long long)any((size_t)(clock_wall_ms() - first_ms));
    return any_one;
}

static json_t *series(struct ask *ask_)
{
    char json[JSON_BYTES], from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    days(ask_, from, until);
    (void)snprintf(json, sizeof(json),
                   "{\"slice\":%s,\"metrics\":[%d],\"bucket\":\"%s\",\"from\":\"%s\",\"until\":\"%s"
                   "\",\"asOfMs\":\"%lld\",\"withLastYear\":true}",
                   ask_->slice, ask_->metric, buckets[ask_->bucket], from, until, ask_->as_of_ms);
    json_t *root = ask("Analytics/GetSeries", json);
    ask_->as_of_ms = number(root, "asOfMs");
    ask_->facts = number(root, "facts");
    return root;
}

/* --- what must hold --------------------------------------------------------------------------- */

/* One bucket of a series, and what was corrected of it. */
static void open_point(const struct ask *whole, const json_t *point)
{
    long long n;
    struct ask part = *whole;
    assert_int_equal(date_parse(text(point, "day"), &part.from), 0);
    part.until = part.from;
    part.hour = (unsigned)number(point, "hour");
    part.minute = (unsigned)number(point, "minute");
    assert_int_equal(list(&part, 1 + any(9), 0, &n), number_at(point, "values", 0));
    if (part.bucket != 0)
        return;
    part.is_corrections_only = 1;
    assert_int_equal(list(&part, 1 + any(9), 0, &n),
                     number_at(point, "values", 0) - number_at(point, "asClosed", 0));
    assert_int_equal(n, number(point, "corrections"));
}

static void every_number_of_a_series_opens(void **state)
{
    (void)state;
    const char *wanted = getenv("RECORDS_QUESTIONS");
    int64_t questions = QUESTIONS;
    long long n, seen = 0;
    if (wanted != NULL)
        assert_int_equal(parse_int64(wanted, 1, 1000000, &questions), 0);
    for (int64_t i = 0; i < questions; i++) {
        struct ask one = any_ask();
        json_auto_t *root = series(&one);
        const json_t *found = json_object_get(root, "points");
        long long sum = 0;
        json_t *point;
        size_t place;
        json_array_foreach(found, place, point) sum += number_at(point, "values", 0);
        assert_int_equal(sum, number_at(root, "totals", 0));
        if (one.bucket == 0)
            assert_int_equal(list(&one, 1 + any(9), 1, &n), sum);
        for (int opened = 0; opened < 3 && json_array_size(found) > 0; opened++)
            open_point(&one, json_array_get(found, any(json_array_size(found))));
        seen += json_array_size(found) > 0;
    }
    assert_true(seen > questions / 8); /* they were about something */
}

/* Nothing is said but what is wanted: the first page alone decides what the others belong to. */
static void a_list_of_now_stays_what_it_was(void **state)
{
    (void)state;
    for (int i = 0; i < QUESTIONS / 4; i++) {
        long long n;
        struct ask now = {.metric = ANY(metrics), .until = today, .slice = "{}"};
        (void)list(&now, 1 + any(9), 1, &n);
    }
}

/* The rows add up to the whole, and each opens by its own code. */
static void every_number_of_a_board_opens(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "", "unitCode", "unitCode", "organisationCode", "pointCode", "collectorCode"};
    for (int by = 1; by <= 5; by++) {
        char json[JSON_BYTES];
        long long n, sum = 0;
        struct ask one = {.metric = 2, .slice = "{\"unitCode\":\"15\"}"};
        (void)snprintf(json, sizeof(json),
                       "{\"slice\":%s,\"by\":%d,\"counts\":%d,\"asOfMs\":\"%lld\"}", one.slice, by,
                       one.metric, any(2) == 0 ? 0LL : (long long)clock_wall_ms() - 1);
        json_auto_t *root = ask("Analytics/GetBoard", json);
        const char *from = text(root, "valueFrom");
        one.as_of_ms = number(root, "asOfMs");
        one.facts = number(root, "facts");
        one.from = 0;
        if (from[0] != '\0')
            assert_int_equal(date_parse(from, &one.from), 0);
        assert_int_equal(date_parse(text(root, "until"), &one.until), 0);
        json_t *row;
        size_t i;
        json_array_foreach(json_object_get(root, "rows"), i, row)
        {
            struct ask own = one;
            sum += number(row, "value");
            (void)snprintf(own.slice, sizeof(own.slice), "{\"unitCode\":\"15\",\"%s\":\"%s\"}",
                           fields[by], text(row, "code"));
            if (by <= 2)
                (void)snprintf(own.slice, sizeof(own.slice), "{\"unitCode\":\"%s\"}",
                               text(row, "code"));
            if (number(row, "value") != 0 || any(20) == 0)
                assert_int_equal(list(&own, 1 + any(9), 0, &n), number(row, "value"));
        }
        const json_t *rest = json_object_get(root, "rest");
        if (rest != NULL) {
            struct ask own = one;
            sum += number(rest, "value");
            (void)snprintf(own.slice, sizeof(own.slice), "{\"unitCode\":\"15\",\"%s\":\"-\"}",
                           fields[by]);
            assert_int_equal(list(&own, 7, 0, &n), number(rest, "value"));
        }
        assert_int_equal(list(&one, 50, 1, &n), sum);
        assert_true(sum > 0);
    }
}

/* Its communes have the rows, and add up to the office. */
static void an_office_has_the_sum_of_its_communes(void **state)
{
    (void)state;
    long long n, sum = 0;
    json_auto_t *root =
        ask("Analytics/GetBoard",
            "{\"slice\":{\"unitCode\":\"SI:1501\"},\"by\":1,\"counts\":1,\"from\":\"2008-01-01\"}");
    json_t *row;
    size_t i;
    json_array_foreach(json_object_get(root, "rows"), i, row) sum += number(row, "value");
    struct ask whole = {.metric = 1, .until = today, .slice = "{\"unitCode\":\"SI:1501\"}"};
    whole.as_of_ms = number(root, "asOfMs");
    whole.facts = number(root, "facts");
    assert_int_equal(json_array_size(json_object_get(root, "rows")), 2);
    assert_string_equal(text(root, "name"), "BHXH cơ sở Lào Cai");
    assert_int_equal(list(&whole, 10, 0, &n), sum);
    assert_true(sum > 0);
    json_auto_t *office =
        ask("Analytics/GetProgress", "{\"unitCode\":\"SI:1501\",\"withChildren\":true}");
    assert_string_equal(text(office, "unitCode"), "SI:1501");
    assert_string_equal(text(office, "name"), "BHXH cơ sở Lào Cai");
    assert_int_equal(json_array_size(json_object_get(office, "children")), 2);
    long long plan = 0;
    json_array_foreach(json_object_get(office, "children"), i, row) plan += number(row, "plan");
    assert_true(plan > 0);
    assert_int_equal(number(office, "plan"), plan);
}

/* Of itself and of what is above it; no other unit names it. */
static void an_office_is_found_by_its_units(void **state)
{
    (void)state;
    static const char *const within[] = {"VN", "15", "02671"};
    char json[64];
    for (size_t i = 0; i < sizeof(within) / sizeof(within[0]); i++) {
        (void)snprintf(json, sizeof(json), "{\"code\":\"%s\"}", within[i]);
        json_auto_t *root = ask("Directory/GetUnit", json);
        json_t *office = json_array_get(json_object_get(root, "siUnits"), 0);
        assert_int_equal(json_array_size(json_object_get(root, "siUnits")), 1);
        assert_string_equal(text(office, "code"), "1501");
        assert_int_equal(json_array_size(json_object_get(office, "communeCodes")), 0);
    }
    json_auto_t *other = ask("Directory/GetUnit", "{\"code\":\"02680\"}");
    assert_int_equal(json_array_size(json_object_get(other, "siUnits")), 0);
}

/* Also where another unit is asked for: nothing. */
static void a_campaign_is_its_days_and_units(void **state)
{
    (void)state;
    char json[JSON_BYTES], from[DATE_TEXT_BYTES];
    const int32_t first = today - 9;
    int64_t start_ms = (int64_t)first * 86400000 - 7 * 3600000;
    (void)snprintf(json, sizeof(json),
                   "{\"campaigns\":[{\"code\":\"chot\",\"name\":\"Chốt\",\"nameEn\":\"Close\","
                   "\"fromMs\":\"%lld\",\"untilMs\":\"%lld\",\"unitCodes\":[\"02647\",\"02671\"],"
                   "\"counts\":2}]}",
                   (long long)start_ms, (long long)start_ms + 10 * 86400000LL);
    call("Campaigns/ImportCampaigns", json);
    for (int metric = 1; metric <= 2; metric++) {
        long long n;
        struct ask campaign = {.metric = metric,
                               .until = today,
                               .slice = "{\"unitCode\":\"15\",\"campaignCode\":\"chot\"}"};
        struct ask days = {.metric = metric, .from = first, .until = today};
        struct ask elsewhere = {.metric = metric,
                                .until = today,
                                .slice = "{\"unitCode\":\"02680\",\"campaignCode\":\"chot\"}"};
        (void)snprintf(days.slice, sizeof(days.slice), "{\"unitCode\":\"SI:1501\"}");
        long long sum = list(&campaign, 100, 0, &n);
        assert_true(sum > 0);
        json_auto_t *progress =
            ask("Analytics/GetProgress", "{\"unitCode\":\"15\",\"campaignCode\":\"chot\"}");
        assert_int_equal(number(progress, metric == 1 ? "declared" : "participants"),
                         list(&campaign, 100, 0, &n));
        assert_int_equal(sum, list(&days, 100, 0, &n));
        assert_int_equal(list(&elsewhere, 100, 0, &n), 0);
        assert_int_equal(n, 0);
    }
    json_auto_t *root =
        ask("Analytics/GetBoard", "{\"slice\":{\"campaignCode\":\"chot\"},\"by\":2}");
    date_format(first, from);
    assert_string_equal(text(root, "from"), from);
    assert_string_equal(text(root, "valueFrom"), from);
    assert_int_equal(number(root, "planYear"), 0);
}

static void a_board_stands_beside_the_plan(void **state)
{
    (void)state;
    json_auto_t *root = ask("Analytics/GetBoard", "{\"slice\":{\"unitCode\":\"15\"},\"by\":2}");
    json_t *row;
    size_t i;
    long long rank = 0, seen = 0;
    json_array_foreach(json_object_get(root, "rows"), i, row)
    {
        assert_in_range(number(row, "rank"), MAX(rank, 1), i + 1);
        rank = number(row, "rank");
        if (number(row, "plan") > 0)
            assert_int_equal(number(row, "gap"), number(row, "plan") - number(row, "value"));
        if (strcmp(text(row, "code"), "02647") == 0) {
            assert_int_equal(number(row, "plan"), 3252);
            assert_string_equal(text(row, "name"), "Lào Cai");
            seen++;
        }
    }
    assert_int_equal(seen, 1);
    assert_int_equal(number(root, "planYear"), 2025); /* the newest one of the sample */
    assert_int_equal(number(root, "rowsInAll"), json_array_size(json_object_get(root, "rows")));
}

/* Everybody who looks at the same board at the same time has one answer, and it does not stay. */
static void the_same_question_within_a_second_has_the_same_answer(void **state)
{
    (void)state;
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    static const char question[] = "{\"by\":1,\"limit\":3}", other[] = "{\"by\":1,\"limit\":4}";
    int n_shared = 0;
    long long first, again;
    do { /* a machine that stalls may take a second for one of them */
        json_auto_t *root = ask("Analytics/GetBoard", question);
        json_auto_t *same = ask("Analytics/GetBoard", question);
        json_auto_t *else_ = ask("Analytics/GetBoard", other);
        first = number(root, "asOfMs");
        n_shared += number(same, "asOfMs") == first && number(else_, "asOfMs") != first;
    } while (n_shared == 0 && clock_mono_ms() < until_ms);
    assert_true(n_shared > 0);
    do {
        json_auto_t *root = ask("Analytics/GetBoard", question);
        again = number(root, "asOfMs");
    } while (again == first && clock_mono_ms() < until_ms);
    assert_true(again >= first + 1000);
}

/* The counters of the live board, kept apart from the facts, say the same once all is quiet. */
static void the_live_board_says_the_same(void **state)
{
    (void)state;
    static const struct {
        int metric;
        const char *name;
    } rows[] = {{2, "participants"}, {1, "declared"}, {7, "payments"}};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i][0] == '\0')
            continue;
        for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++) {
            char json[JSON_BYTES];
            struct ask one = {.metric = rows[j].metric, .from = 0, .until = today};
            (void)snprintf(one.slice, sizeof(one.slice), "{\"unitCode\":\"%s\"}", places[i]);
            (void)snprintf(json, sizeof(json), "{\"unitCode\":\"%s\"}", places[i]);
            int64_t until_ms = clock_mono_ms() + WAIT_MS;
            long long n, shown, listed;
            do {
                loop_turn(platform_service(platform)->loop, 50);
                json_auto_t *root = ask("Analytics/GetProgress", json);
                shown = number(root, rows[j].name);
                listed = list(&one, 500, 0, &n);
            } while (shown != listed && clock_mono_ms() < until_ms);
            assert_int_equal(shown, listed);
        }
    }
}

static void a_page_goes_on_after_the_leader_died(void **state)
{
    (void)state;
    char json[JSON_BYTES], token[512];
    static const char first[] = "{\"metric\":7,\"pageSize\":5}";
    json_auto_t *page = ask("Analytics/ListRecords", first);
    long long total = number(page, "total"), sum = 0;
    json_t *record;
    size_t i;
    json_array_foreach(json_object_get(page, "records"), i, record) sum += number(record, "counts");
    (void)snprintf(token, sizeof(token), "%s", text(page, "nextPageToken"));
    platform_signal(platform, "analytics", 1, SIGKILL);
    platform_spawn(platform, "analytics", 1);
    while (token[0] != '\0') {
        (void)snprintf(json, sizeof(json), "{\"metric\":7,\"pageSize\":500,\"pageToken\":\"%s\"}",
                       token);
        json_auto_t *next = ask("Analytics/ListRecords", json);
        json_array_foreach(json_object_get(next, "records"), i, record) sum +=
            number(record, "counts");
        (void)snprintf(token, sizeof(token), "%s", text(next, "nextPageToken"));
    }
    assert_int_equal(sum, total);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_of_a_series_opens),
        cmocka_unit_test(a_list_of_now_stays_what_it_was),
        cmocka_unit_test(every_number_of_a_board_opens),
        cmocka_unit_test(an_office_has_the_sum_of_its_communes),
        cmocka_unit_test(an_office_is_found_by_its_units),
        cmocka_unit_test(a_campaign_is_its_days_and_units),
        cmocka_unit_test(a_board_stands_beside_the_plan),
        cmocka_unit_test(the_same_question_within_a_second_has_the_same_answer),
        cmocka_unit_test(the_live_board_says_the_same),
        cmocka_unit_test(a_page_goes_on_after_the_leader_died),
    };
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
