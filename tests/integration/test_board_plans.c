/* Boards beside plans of every period, from the country to a collector: who has what target, what
 * counts for it and from when, and that every number opens into its records. */
#include "tests/support/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "tests/support/platform.h"

#define WAIT_MS 30000
#define JSON_BYTES 2048

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static char said[PLATFORM_SAID_BYTES];
static int32_t today;
static char today_text[DATE_TEXT_BYTES];

/* Whose day is so many days ago. Without a point they declared and did not pay. */
static const struct {
    int days_ago;
    const char *unit, *point, *collector;
} people[] = {
    {35, "02647", "BD02647", "NV0001"}, /* before every month, and the campaign */
    {10, "02647", "BD02647", "NV0001"}, {3, "02647", "BD02647", "NV0001"},
    {1, "02647", "BD02647", "NV0001"},  {0, "02647", "BD02647", "NV0002"},
    {3, "02671", "VT02671", "NV0015"},  {0, "02671", "", "NV0011"},
    {3, "02680", "VT02680", "NV0019"},
};

/* --- what happens ----------------------------------------------------------------------------- */

static void call(const char *method, const char *json)
{
    int code = platform_call(platform, NULL, method, answer, "%s", json);
    if (code != 0)
        fail_msg("%s %s: %d %s", method, json, code, answer);
}

static void import_rows(const char *kind, const char *header, const char *rows)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/rows.csv", platform_directory(platform));
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fprintf(file, "%s\n%s", header, rows) > 0);
    assert_int_equal(fclose(file), 0);
    if (platform_ansinh(platform, said, "import", kind, path, NULL) != 0)
        fail_msg("%s: %s", kind, said);
}

static void somebody(unsigned i, int days_ago, const char *unit, const char *point,
                     const char *collector)
{
    char row[256], day[DATE_TEXT_BYTES];
    date_format(today - days_ago, day);
    (void)snprintf(row, sizeof(row),
                   "010085%06u,Lò Văn Thử,1985-05-17,male,%s,other,1500000,monthly,%s,%s\n",
                   700000 + i, unit, day, collector);
    import_rows("participants",
                "personal_id,full_name,birth_date,sex,unit_code,support_group,income_vnd,method,"
                "enrolled_on,collector_code",
                row);
    if (point[0] == '\0')
        return;
    (void)snprintf(row, sizeof(row), "010085%06u,%s,cash,%s,%s\n", 700000 + i, day, point,
                   collector);
    import_rows("payments", "personal_id,paid_on,channel,point_code,collector_code", row);
}

/* days are from today on; measure 1: how many there are, 2: how many come. */
static void define(const char *code, int period, int32_t from, int32_t until, int counts,
                   int measure, const char *root, int target)
{
    char json[JSON_BYTES], first[DATE_TEXT_BYTES], last[DATE_TEXT_BYTES];
    date_format(from, first);
    date_format(until, last);
    (void)snprintf(
        json, sizeof(json),
        "{\"plan\":{\"code\":\"%s\",\"name\":\"Kế hoạch %s\",\"product\":1,\"period\":%d,"
        "\"from\":\"%s\",\"until\":\"%s\",\"counts\":%d,\"measure\":%d,\"root\":{"
        "\"kind\":1,\"code\":\"%s\"},\"target\":%d}}",
        code, code, period, first, last, counts, measure, root, target);
    call("Plans/DefinePlan", json);
}

#define SHARE(kind, code, target)                                                                  \
    "{\"scope\":{\"kind\":" #kind ",\"code\":\"" code "\"},\"target\":" #target "}"

static void split(const char *plan, int kind, const char *parent, const char *children)
{
    char json[JSON_BYTES];
    (void)snprintf(
        json, sizeof(json),
        "{\"planCode\":\"%s\",\"parent\":{\"kind\":%d,\"code\":\"%s\"},\"children\":[%s]}", plan,
        kind, parent, children);
    call("Plans/SplitPlan", json);
}

/* By hand, from the country to collectors. */
static void divide(const char *plan)
{
    split(plan, 1, "VN", SHARE(1, "15", 600) "," SHARE(1, "01", 400));
    split(plan, 1, "15",
          SHARE(1, "02647", 300) "," SHARE(1, "02671", 200) "," SHARE(1, "02680", 100));
    split(plan, 1, "02647", SHARE(2, "VNPOST@02647", 200) "," SHARE(2, "BHXH@02647", 100));
    split(plan, 1, "02671", SHARE(2, "VNPOST@02671", 150) "," SHARE(2, "VIETTEL@02671", 50));
    split(plan, 2, "VNPOST@02647", SHARE(3, "BD02647", 200));
    split(plan, 3, "BD02647", SHARE(4, "NV0001", 150) "," SHARE(4, "NV0003", 50));
    split(plan, 2, "BHXH@02647", SHARE(5, "NV0006", 100));
}

static void make_plans(void)
{
    int32_t month = month_of_day(today), quarter = month - month % 3;
    define("CD", 4, today - 20, today + 9, 2, 2, "VN", 1000);
    define("T", 3, month_first_day(month), month_last_day(month), 1, 2, "VN", 1000);
    define("Q", 2, month_first_day(quarter), month_last_day(quarter + 2), 2, 1, "VN", 1000);
    divide("CD");
    divide("T");
    divide("Q");
    define("X", 4, today + 3, today + 12, 2, 2, "15", 7);
    define("N", 4, today - 2, today + 7, 2, 2, "15", 10);
}

/* Facts are shown once they are safe, a little behind the counters. */
static int has_facts(void *arg)
{
    (void)arg;
    return platform_call(platform, NULL, "Analytics/ListRecords", answer, "{\"metric\":1}") == 0 &&
           atoi(platform_field(answer, "total")) == (int)ARRAY_LEN(people) &&
           platform_call(platform, NULL, "Analytics/ListRecords", answer, "{\"metric\":2}") == 0 &&
           atoi(platform_field(answer, "total")) == (int)ARRAY_LEN(people) - 1;
}

static int start(void **state)
{
    (void)state;
    today = clock_business_day(clock_wall_ms());
    date_format(today, today_text);
    platform = platform_start(&(struct platform_conf){.analytics = 1});
    platform_import(platform);
    make_plans();
    for (unsigned i = 0; i < ARRAY_LEN(people); i++)
        somebody(i, people[i].days_ago, people[i].unit, people[i].point, people[i].collector);
    assert_true(wait_until(platform, has_facts, NULL, WAIT_MS));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- what is shown ---------------------------------------------------------------------------- */

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

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value == NULL ? "" : value;
}

static json_t *board(const char *plan, int by, const char *slice, const char *rest)
{
    char json[JSON_BYTES];
    (void)snprintf(json, sizeof(json), "{\"planCode\":\"%s\",\"by\":%d,\"slice\":{%s}%s}", plan, by,
                   slice, rest);
    return ask("Analytics/GetBoard", json);
}

static const json_t *row_of(const json_t *root, const char *code)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(root, "rows"), i, row)
    {
        if (strcmp(text(row, "code"), code) == 0)
            return row;
    }
    return NULL;
}

/* code "": the whole. */
static void expect(const json_t *root, const char *code, long long value, long long plan,
                   const char *percent)
{
    const json_t *row = code[0] == '\0' ? json_object_get(root, "whole") : row_of(root, code);
    char *all = json_dumps(row == NULL ? root : row, JSON_COMPACT);
    if (row == NULL || number(row, "value") != value || number(row, "plan") != plan ||
        strcmp(text(row, "percent"), percent) != 0)
        fail_msg("%s: want %lld of %lld, %s %%: %.1500s", code, value, plan, percent, all);
    free(all);
}

/* The sum of the list behind a number of the board. */
static long long list_total(const json_t *root, const char *slice)
{
    char json[JSON_BYTES];
    (void)snprintf(json, sizeof(json),
                   "{\"slice\":{%s},\"metric\":\"%s\",\"from\":\"%s\",\"until\":\"%s\",\"asOfMs\":"
                   "\"%lld\",\"facts\":\"%lld\",\"pageSize\":500}",
                   slice, text(root, "counts"), text(root, "valueFrom"), text(root, "until"),
                   number(root, "asOfMs"), number(root, "facts"));
    json_auto_t *list = ask("Analytics/ListRecords", json);
    long long sum = 0;
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(list, "records"), i, record) sum += number(record, "counts");
    assert_int_equal(sum, number(list, "total"));
    return sum;
}

/* Each row, the rest, and all of them together. */
static void expect_records(const json_t *root, int by, const char *slice)
{
    static const char *const fields[] = {
        "", "unitCode", "unitCode", "organisationCode", "pointCode", "collectorCode"};
    char own[256];
    long long sum = 0;
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(root, "rows"), i, row)
    {
        (void)snprintf(own, sizeof(own), "\"%s\":\"%s\"%s%s", fields[by], text(row, "code"),
                       by > 2 ? "," : "", by > 2 ? slice : "");
        assert_int_equal(list_total(root, own), number(row, "value"));
        sum += number(row, "value");
    }
    const json_t *rest = json_object_get(root, "rest");
    if (rest != NULL)
        sum += number(rest, "value");
    assert_int_equal(list_total(root, slice), sum);
}

/* --- tests ------------------------------------------------------------------------------------ */

/* 30 days, of which 20 are over: 9 are left behind today. */
static void a_campaigns_plan_is_on_the_country_board(void **state)
{
    (void)state;
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    json_auto_t *root = board("CD", 1, "", "");
    date_format(today - 20, from);
    date_format(today + 9, until);
    assert_string_equal(text(root, "planCode"), "CD");
    assert_string_equal(text(root, "planName"), "Kế hoạch CD");
    assert_string_equal(text(root, "planFrom"), from);
    assert_string_equal(text(root, "planUntil"), until);
    assert_string_equal(text(root, "from"), from);
    assert_string_equal(text(root, "valueFrom"), from);
    assert_string_equal(text(root, "until"), today_text);
    assert_string_equal(text(root, "counts"), "METRIC_PAID");
    assert_int_equal(number(root, "planYear"), 0);
    assert_string_equal(text(root, "nameEn"), "Viet Nam");
    expect(root, "", 6, 1000, "0.60");
    expect(root, "15", 6, 600, "1.00");
    expect(root, "01", 0, 400, "0.00");
    expect(root, "04", 0, 0, "");
    const json_t *row = row_of(root, "15");
    assert_int_equal(number(row, "gap"), 594);
    assert_string_equal(text(row, "pacePerDay"), "0.57");  /* 4 in 7 days */
    assert_string_equal(text(row, "improvement"), "0.50"); /* 4 - 1 of 600 */
    assert_string_equal(text(row, "neededPerDay"), "66.00");
    assert_true(json_is_true(json_object_get(row, "isBehind")));
    assert_string_equal(text(row_of(root, "01"), "nameEn"), "Hanoi");
    expect_records(root, 1, "");
}

static void it_goes_down_to_collectors(void **state)
{
    (void)state;
    static const char commune[] = "\"unitCode\":\"02647\"", province[] = "\"unitCode\":\"15\"";
    json_auto_t *communes = board("CD", 2, province, "");
    expect(communes, "02647", 4, 300, "1.33");
    expect(communes, "02671", 1, 200, "0.50");
    expect_records(communes, 2, province);
    json_auto_t *organisations = board("CD", 3, province, "");
    expect(organisations, "", 6, 600, "1.00");
    expect(organisations, "VNPOST", 4, 350, "1.14"); /* of two communes */
    expect(organisations, "VIETTEL", 2, 50, "4.00");
    expect(organisations, "BHXH", 0, 100, "0.00");
    expect_records(organisations, 3, province);
    json_auto_t *points = board("CD", 4, province, "");
    expect(points, "BD02647", 4, 200, "2.00");
    expect(points, "VT02671", 1, 0, "");
    expect_records(points, 4, province);
    json_auto_t *collectors = board("CD", 5, commune, "");
    expect(collectors, "NV0001", 3, 150, "2.00");
    expect(collectors, "NV0002", 1, 0, "");
    expect(collectors, "NV0003", 0, 50, "0.00");
    expect(collectors, "NV0006", 0, 100, "0.00"); /* an official's target */
    assert_int_equal(number(row_of(collectors, "NV0001"), "rank"), 1);
    assert_int_equal(number(row_of(collectors, "NV0003"), "rank"), 2); /* shared */
    assert_int_equal(number(row_of(collectors, "NV0006"), "rank"), 2);
    assert_int_equal(number(row_of(collectors, "NV0002"), "rank"), 4);
    assert_string_equal(text(row_of(collectors, "NV0003"), "neededPerDay"), "5.56");
    expect_records(collectors, 5, commune);
}

/* Units of an organisation, and collectors of one. */
static void a_part_is_held_against_its_own_target(void **state)
{
    (void)state;
    json_auto_t *root = board("CD", 2, "\"unitCode\":\"15\",\"organisationCode\":\"VNPOST\"", "");
    expect(root, "", 4, 350, "1.14");
    expect(root, "02647", 4, 200, "2.00");
    expect(root, "02671", 0, 150, "0.00");
    expect(root, "02680", 0, 0, "");
    json_auto_t *country = board("CD", 1, "\"pointCode\":\"BD02647\"", "");
    expect(country, "15", 4, 200, "2.00");
    expect(country, "01", 0, 0, "");
    json_auto_t *own = board("CD", 5, "\"unitCode\":\"15\",\"organisationCode\":\"BHXH\"", "");
    assert_int_equal(json_array_size(json_object_get(own, "rows")), 1);
    expect(own, "NV0006", 0, 100, "0.00");
    call(
        "Directory/ImportSiUnits",
        "{\"siUnits\":[{\"code\":\"1501\",\"name\":\"BHXH cơ sở\",\"communeCodes\":[\"02671\"]}]}");
    json_auto_t *office = board("CD", 3, "\"unitCode\":\"SI:1501\"", "");
    expect(office, "", 1, 200, "0.50");
    expect(office, "VNPOST", 0, 150, "0.00");
    expect(office, "VIETTEL", 1, 50, "2.00");
    assert_string_equal(text(office, "nameEn"), "BHXH cơ sở");
}

/* Whose day is not before one: all who declared, or who paid; "": of any unit or collector. */
static int came(int32_t from, int is_paid, const char *unit, const char *collector)
{
    int n = 0;
    for (size_t i = 0; i < ARRAY_LEN(people); i++)
        n += today - people[i].days_ago >= from && (!is_paid || people[i].point[0] != '\0') &&
             (unit[0] == '\0' || strcmp(people[i].unit, unit) == 0) &&
             (collector[0] == '\0' || strcmp(people[i].collector, collector) == 0);
    return n;
}

static void expect_count(const json_t *root, const char *code, int value, int plan)
{
    const json_t *row = row_of(root, code);
    if (row == NULL || number(row, "value") != value || number(row, "plan") != plan)
        fail_msg("%s: want %d of %d: %s", code, value, plan, answer);
}

/* How many declared in this month, and how many participants there are in the quarter: all the way
 * down. */
static void months_and_quarters_count_what_they_say(void **state)
{
    (void)state;
    static const char province[] = "\"unitCode\":\"15\"", commune[] = "\"unitCode\":\"02647\"";
    static const char *const plans[] = {"T", "Q"};
    for (int is_quarter = 0; is_quarter <= 1; is_quarter++) {
        const char *plan = plans[is_quarter];
        int32_t from = is_quarter ? 0 : month_first_day(month_of_day(today));
        char first[DATE_TEXT_BYTES];
        date_format(from, first);
        json_auto_t *root = board(plan, 1, "", "");
        assert_string_equal(text(root, "counts"), is_quarter ? "METRIC_PAID" : "METRIC_DECLARED");
        assert_string_equal(text(root, "valueFrom"), is_quarter ? "" : first);
        expect_count(root, "15", came(from, is_quarter, "", ""), 600);
        json_auto_t *units = board(plan, 1, province, "");
        expect_count(units, "02647", came(from, is_quarter, "02647", ""), 300);
        expect_count(units, "02671", came(from, is_quarter, "02671", ""), 200);
        expect_records(units, 1, province);
        json_auto_t *organisations = board(plan, 3, province, "");
        expect_count(organisations, "VNPOST",
                     came(from, is_quarter, "02647", "") + came(from, is_quarter, "", "NV0011"),
                     350);
        expect_records(organisations, 3, province);
        json_auto_t *points = board(plan, 4, commune, "");
        expect_count(points, "BD02647", came(from, is_quarter, "02647", ""), 200);
        expect_records(points, 4, commune);
        json_auto_t *collectors = board(plan, 5, commune, "");
        expect_count(collectors, "NV0001", came(from, is_quarter, "", "NV0001"), 150);
        expect_count(collectors, "NV0003", 0, 50);
        expect_count(collectors, "NV0006", 0, 100);
        expect_records(collectors, 5, commune);
    }
    json_auto_t *quarter = board("Q", 1, province, "");
    expect(quarter, "", 7, 600, "1.17");
    expect(quarter, "02647", 5, 300, "1.67");
}

/* Nothing is reached, and all its days are left. */
static void a_plan_that_has_not_begun_needs_all_its_days(void **state)
{
    (void)state;
    json_auto_t *root = board("X", 1, "", "");
    expect(root, "15", 0, 7, "0.00");
    const json_t *row = row_of(root, "15");
    assert_string_equal(text(row, "neededPerDay"), "0.70");
    assert_string_equal(text(row, "pacePerDay"), "");
    assert_false(json_is_true(json_object_get(row, "isBehind")));
}

/* Two of its days are whole, one came in them; what came before it belongs to no week of it. */
static void a_plan_that_is_young_has_the_pace_of_its_days(void **state)
{
    (void)state;
    json_auto_t *root = board("N", 1, "", "");
    expect(root, "15", 2, 10, "20.00");
    const json_t *row = row_of(root, "15");
    assert_string_equal(text(row, "pacePerDay"), "0.50");
    assert_string_equal(text(row, "improvement"), "10.00");
    assert_string_equal(text(row, "neededPerDay"), "1.14"); /* 8 in 7 days */
    assert_true(json_is_true(json_object_get(row, "isBehind")));
}

static void the_year_that_was_imported_is_a_plan_too(void **state)
{
    (void)state;
    json_auto_t *root = board("2025", 2, "\"unitCode\":\"15\"", "");
    assert_string_equal(text(root, "planFrom"), "2025-01-01");
    assert_string_equal(text(root, "planCode"), "2025");
    assert_int_equal(number(root, "planYear"), 2025);
    assert_int_equal(number(row_of(root, "02647"), "plan"), 3252);
    json_auto_t *by_point = board("2025", 4, "\"unitCode\":\"15\"", "");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(by_point, "rows"), i, row)
        assert_int_equal(number(row, "plan"), 0);
    json_auto_t *unnamed = board("", 2, "\"unitCode\":\"15\"", "");
    assert_string_equal(text(unnamed, "planCode"), "2025"); /* the newest one */
    assert_string_equal(text(unnamed, "valueFrom"), "");
    assert_int_equal(number(row_of(unnamed, "02647"), "plan"), 3252);
    assert_int_equal(number(json_object_get(unnamed, "whole"), "plan"), 78275);
    json_auto_t *old = board("", 2, "", ",\"from\":\"1960-01-01\",\"counts\":1");
    assert_string_equal(text(old, "from"), "1960-01-01");
    assert_string_equal(text(old, "valueFrom"), "1960-01-01");
    expect(old, "", 8, 0, "");
}

/* Its own days within the plan's. */
static void a_campaign_has_the_board_of_its_plan(void **state)
{
    (void)state;
    char json[JSON_BYTES];
    int64_t from_ms = (int64_t)(today - 5) * 86400000 - 7 * 3600000;
    (void)snprintf(json, sizeof(json),
                   "{\"campaigns\":[{\"code\":\"chot\",\"name\":\"Chốt\",\"nameEn\":\"Close\","
                   "\"fromMs\":\"%lld\",\"untilMs\":\"%lld\",\"unitCodes\":[\"15\"],\"counts\":2,"
                   "\"planCode\":\"CD\"}]}",
                   (long long)from_ms, (long long)from_ms + 10 * 86400000LL);
    call("Campaigns/ImportCampaigns", json);
    json_auto_t *root = board("CD", 1, "\"campaignCode\":\"chot\"", "");
    expect(root, "15", 5, 600, "0.83");
    assert_int_equal(list_total(root, "\"campaignCode\":\"chot\""), 5);
}

struct wanted {
    const char *plan, *code;
    long long value, target;
};

static int is_shown(void *arg)
{
    const struct wanted *wanted = arg;
    json_auto_t *root = board(wanted->plan, 1, "\"unitCode\":\"15\"", "");
    const json_t *row = row_of(root, wanted->code);
    return row != NULL && number(row, "value") == wanted->value &&
           number(row, "plan") == wanted->target;
}

static void the_past_is_what_it_was(void **state)
{
    (void)state;
    char rest[64];
    json_auto_t *before = board("CD", 1, "\"unitCode\":\"15\"", "");
    expect(before, "02647", 4, 300, "1.33");
    somebody(ARRAY_LEN(people), 0, "02647", "BD02647", "NV0003");
    struct wanted wanted = {"CD", "02647", 5, 300};
    assert_true(wait_until(platform, is_shown, &wanted, WAIT_MS));
    (void)snprintf(rest, sizeof(rest), ",\"asOfMs\":\"%lld\"", number(before, "asOfMs"));
    json_auto_t *then = board("CD", 5, "\"unitCode\":\"02647\"", rest);
    expect(then, "NV0003", 0, 50, "0.00");
    expect(then, "NV0001", 3, 150, "2.00");
    expect_records(then, 5, "\"unitCode\":\"02647\"");
    json_auto_t *now = board("CD", 5, "\"unitCode\":\"02647\"", "");
    expect(now, "NV0003", 1, 50, "2.00");
}

/* What two officers changed holds from then on, and not before. */
static void amended_targets_are_those_of_the_moment(void **state)
{
    (void)state;
    char rest[64];
    call("Plans/LockPlan", "{\"planCode\":\"CD\",\"officer\":\"CB-1\"}");
    json_auto_t *before = board("CD", 1, "\"unitCode\":\"15\",\"product\":1", "");
    call("Plans/AmendPlan",
         "{\"planCode\":\"CD\",\"moves\":[{\"scope\":{\"kind\":2,\"code\":\"VNPOST@02671\"},"
         "\"change\":30}],\"reason\":\"x\",\"officer\":\"CB-1\"}");
    call("Plans/DecideAmendment", "{\"planCode\":\"CD\",\"number\":1,\"officer\":\"CB-2\"}");
    struct wanted wanted = {"CD", "02671", 1, 230};
    assert_true(wait_until(platform, is_shown, &wanted, WAIT_MS));
    json_auto_t *now = board("CD", 3, "\"unitCode\":\"15\"", "");
    expect(now, "", 7, 630, "1.11");
    expect(now, "VNPOST", 5, 380, "1.32");
    (void)snprintf(rest, sizeof(rest), ",\"asOfMs\":\"%lld\"", number(before, "asOfMs"));
    json_auto_t *then = board("CD", 3, "\"unitCode\":\"15\"", rest);
    expect(then, "", 7, 600, "1.17");
    expect(then, "VNPOST", 5, 350, "1.43");
    json_auto_t *country = board("CD", 1, "", rest);
    expect(country, "", 7, 1000, "0.70");
    expect(country, "15", 7, 600, "1.17");
    json_auto_t *communes = board("CD", 2, "\"unitCode\":\"15\"", rest);
    expect(communes, "02671", 1, 200, "0.50");
}

/* Whose customers the merged commune's are nobody can tell: it has to be divided anew. */
static int is_undivided(void *arg)
{
    (void)arg;
    json_auto_t *root = board("CD", 5, "\"unitCode\":\"02647\"", "");
    return row_of(root, "NV0006") == NULL;
}

/* 02680 goes into 02647 whole: its people, and its target before a rebase as well as after it. */
static void targets_follow_a_merger(void **state)
{
    (void)state;
    call("Directory/ImportSuccessors",
         "{\"successors\":[{\"oldCode\":\"02680\",\"newCode\":\"02647\",\"sharePerMillion\":"
         "1000000,\"on\":\"2025-07-01\"}]}");
    struct wanted wanted = {"CD", "02647", 6, 300 + 100};
    assert_true(wait_until(platform, is_shown, &wanted, WAIT_MS));
    json_auto_t *before = board("CD", 1, "\"unitCode\":\"15\"", "");
    assert_null(row_of(before, "02680"));
    expect_records(before, 1, "\"unitCode\":\"15\"");
    json_auto_t *rebased = ask("Plans/RebasePlan", "{\"planCode\":\"CD\",\"on\":\"2025-07-01\","
                                                   "\"officer\":\"CB-1\"}");
    assert_int_equal(number(rebased, "number"), 2);
    assert_true(wait_until(platform, is_undivided, NULL, WAIT_MS));
    json_auto_t *after = board("CD", 1, "\"unitCode\":\"15\"", "");
    expect(after, "02647", 6, 400, "1.50");
    expect_records(after, 1, "\"unitCode\":\"15\"");
    json_auto_t *points = board("CD", 3, "\"unitCode\":\"15\"", "");
    expect(points, "VNPOST", 5, 180, "2.78"); /* of 02671 alone */
    char rest[64];
    (void)snprintf(rest, sizeof(rest), ",\"asOfMs\":\"%lld\"", number(before, "asOfMs"));
    json_auto_t *then = board("CD", 5, "\"unitCode\":\"02647\"", rest);
    expect(then, "NV0001", 3, 150, "2.00");
    json_auto_t *then_units = board("CD", 2, "\"unitCode\":\"15\"", rest);
    expect(then_units, "02647", 6, 400, "1.50"); /* its own, and the merged one's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_campaigns_plan_is_on_the_country_board),
        cmocka_unit_test(it_goes_down_to_collectors),
        cmocka_unit_test(a_part_is_held_against_its_own_target),
        cmocka_unit_test(months_and_quarters_count_what_they_say),
        cmocka_unit_test(a_plan_that_has_not_begun_needs_all_its_days),
        cmocka_unit_test(a_plan_that_is_young_has_the_pace_of_its_days),
        cmocka_unit_test(the_year_that_was_imported_is_a_plan_too),
        cmocka_unit_test(a_campaign_has_the_board_of_its_plan),
        cmocka_unit_test(the_past_is_what_it_was),
        cmocka_unit_test(amended_targets_are_those_of_the_moment),
        cmocka_unit_test(targets_follow_a_merger),
    };
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
