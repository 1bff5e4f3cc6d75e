/* Payments/GetLeaflet through real processes: what is printed is what the other methods say. */
#include "tests/support/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/platform.h"

#define SHARES 4

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.payments = 1});
    platform_import(platform);
    if (platform_call(platform, NULL, "Directory/ImportUnits", answer,
                      "{\"units\":[{\"code\":\"07192\",\"parentCode\":\"22\",\"level\":"
                      "\"UNIT_LEVEL_COMMUNE\",\"name\":\"Cô Tô\",\"nameEn\":\"Co To\","
                      "\"fullName\":\"Đặc khu Cô Tô\",\"specialZone\":true}]}") != 0)
        fail_msg("%s", answer);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* The answer to a request; the caller gives it back. */
static json_t *leaflet(const char *request)
{
    if (platform_call(platform, NULL, "Payments/GetLeaflet", answer, "%s", request) != 0)
        fail_msg("%s: %s", request, answer);
    json_t *ret = json_loads(answer, 0, NULL);
    assert_non_null(ret);
    return ret;
}

static long long vnd(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (text == NULL)
        fail_msg("no %s", name);
    return atoll(text);
}

static const char *text(const json_t *object, const char *name)
{
    const char *ret = json_string_value(json_object_get(object, name));
    return ret == NULL ? "" : ret;
}

static json_t *row(const json_t *object, const char *list, size_t i)
{
    json_t *ret = json_array_get(json_object_get(object, list), i);
    if (ret == NULL)
        fail_msg("%s has no row %zu", list, i);
    return ret;
}

static size_t rows(const json_t *object, const char *list)
{
    return json_array_size(json_object_get(object, list));
}

/* The first step's supports, in the order of the groups. */
static void expect_supports(const char *on, long long gross_vnd, const long long central[SHARES])
{
    char request[128];
    (void)snprintf(request, sizeof(request), "{\"unitCode\":\"15\",\"on\":\"%s\"}", on);
    json_t *found = leaflet(request);
    const json_t *step = row(found, "steps", 0);
    assert_string_equal(text(found, "on"), on);
    assert_int_equal(vnd(step, "incomeVnd"), vnd(found, "incomeMinVnd"));
    assert_int_equal(vnd(step, "grossVnd"), gross_vnd);
    assert_int_equal(rows(step, "shares"), SHARES);
    for (size_t i = 0; i < SHARES; i++) {
        const json_t *share = row(step, "shares", i);
        assert_int_equal(vnd(share, "centralVnd"), central[i]);
        assert_int_equal(vnd(share, "dueVnd"), gross_vnd - central[i]);
    }
    json_decref(found);
}

static void the_supports_of_two_poverty_lines_are_told(void **state)
{
    (void)state;
    expect_supports("2026-12-31", 330000, (const long long[]){165000, 132000, 99000, 66000});
    expect_supports("2027-01-01", 484000, (const long long[]){242000, 193600, 145200, 96800});
    expect_supports("2025-06-30", 330000, (const long long[]){99000, 82500, 33000, 33000});
}

/* One share of a step is what a quote says. */
static void expect_quoted(const json_t *step, const json_t *share, const char *unit)
{
    if (platform_call(platform, NULL, "Payments/Quote", answer,
                      "{\"unitCode\":\"%s\",\"incomeVnd\":\"%lld\",\"method\":\"%s\","
                      "\"supportGroup\":\"%s\",\"on\":\"2026-12-01\"}",
                      unit, vnd(step, "incomeVnd"), text(step, "method"),
                      text(share, "supportGroup")) != 0)
        fail_msg("%s", answer);
    json_t *quote = json_loads(answer, 0, NULL);
    assert_int_equal(vnd(quote, "grossVnd"), vnd(step, "grossVnd"));
    static const char *const parts[] = {"centralVnd", "localVnd", "donorVnd", "dueVnd"};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        assert_int_equal(vnd(quote, parts[i]), vnd(share, parts[i]));
    json_decref(quote);
}

static void every_share_is_what_a_quote_says(void **state)
{
    (void)state;
    json_t *found = leaflet("{\"unitCode\":\"02647\",\"on\":\"2026-12-01\",\"methods\":"
                            "[\"METHOD_MONTHLY\",\"METHOD_QUARTERLY\",\"METHOD_HALF_YEARLY\","
                            "\"METHOD_YEARLY\"]}");
    size_t n = rows(found, "steps");
    assert_int_equal(n, 4 * 10);
    for (size_t i = 0; i < n; i++) {
        const json_t *step = row(found, "steps", i);
        for (size_t k = 0; k < SHARES; k++)
            expect_quoted(step, row(step, "shares", k), "02647");
    }
    assert_int_equal(json_integer_value(json_object_get(row(found, "steps", n - 1), "months")), 12);
    assert_int_equal(vnd(row(found, "steps", n - 1), "incomeVnd"), vnd(found, "incomeMaxVnd"));
    json_decref(found);
}

static void chosen_incomes_are_kept_in_their_order(void **state)
{
    (void)state;
    json_t *found = leaflet("{\"unitCode\":\"VN\",\"on\":\"2026-12-01\","
                            "\"incomesVnd\":[\"9000000\",\"1500000\"]}");
    assert_int_equal(rows(found, "steps"), 2);
    assert_int_equal(vnd(row(found, "steps", 0), "incomeVnd"), 9000000);
    assert_int_equal(vnd(row(found, "steps", 1), "incomeVnd"), 1500000);
    json_decref(found);
}

static void the_example_adds_up(void **state)
{
    (void)state;
    json_t *found = leaflet("{\"unitCode\":\"15\",\"on\":\"2026-12-01\"}");
    assert_int_equal(rows(found, "example"), 2);
    const json_t *gross = row(found, "example", 0), *central = row(found, "example", 1);
    assert_int_equal(vnd(gross, "amountVnd"), 330000);
    assert_int_equal(vnd(central, "amountVnd"), -66000);
    assert_string_equal(text(gross, "explanationVi"), "22 % x 1.500.000 x 1 tháng");
    assert_string_equal(text(gross, "explanation"), "22 % x 1,500,000 x 1 month");
    json_decref(found);
}

static void a_special_zone_has_the_highest_support_for_all(void **state)
{
    (void)state;
    json_t *zone = leaflet("{\"unitCode\":\"07192\",\"on\":\"2026-12-01\"}");
    const json_t *step = row(zone, "steps", 0);
    assert_int_equal(rows(step, "shares"), SHARES);
    for (size_t i = 0; i < SHARES; i++) {
        assert_true(json_is_true(json_object_get(row(step, "shares", i), "specialZone")));
        assert_int_equal(vnd(row(step, "shares", i), "dueVnd"), 165000);
    }
    json_decref(zone);
    /* those above it have a share more: for who lives there */
    static const char *const above[] = {"22", "VN"};
    for (size_t i = 0; i < ARRAY_LEN(above); i++) {
        char request[96];
        (void)snprintf(request, sizeof(request), "{\"unitCode\":\"%s\",\"on\":\"2026-12-01\"}",
                       above[i]);
        json_t *found = leaflet(request);
        step = row(found, "steps", 0);
        assert_int_equal(rows(step, "shares"), SHARES + 1);
        size_t n_zones = 0;
        for (size_t k = 0; k <= SHARES; k++) {
            const json_t *share = row(step, "shares", k);
            int is_zone = json_is_true(json_object_get(share, "specialZone"));
            n_zones += (size_t)is_zone;
            if (is_zone)
                assert_int_equal(vnd(share, "dueVnd"), 165000);
        }
        assert_int_equal(n_zones, 1);
        assert_string_equal(text(row(step, "shares", SHARES), "supportGroup"),
                            "SUPPORT_GROUP_OTHER");
        json_decref(found);
    }
}

/* What the members of ranks 1 to 5 pay a month. */
static void expect_health(const char *on, const long long monthly[5])
{
    char request[96];
    (void)snprintf(request, sizeof(request), "{\"unitCode\":\"15\",\"on\":\"%s\"}", on);
    json_t *found = leaflet(request);
    static const long long periods[] = {3, 6, 12};
    assert_int_equal(rows(found, "households"), 6);
    for (size_t i = 0; i < 6; i++) {
        const json_t *household = row(found, "households", i);
        assert_int_equal(json_integer_value(json_object_get(household, "members")), i + 1);
        assert_int_equal(rows(household, "periods"), 3);
        for (size_t k = 0; k < 3; k++) {
            const json_t *period = row(household, "periods", k);
            long long total = 0;
            for (size_t rank = 0; rank <= i; rank++)
                total += monthly[rank < 4 ? rank : 4] * periods[k];
            assert_int_equal(json_integer_value(json_object_get(period, "months")), periods[k]);
            assert_int_equal(vnd(period, "lastMemberVnd"), monthly[i < 4 ? i : 4] * periods[k]);
            assert_int_equal(vnd(period, "totalVnd"), total);
        }
    }
    json_decref(found);
}

static void households_pay_by_the_base_salary_of_the_day(void **state)
{
    (void)state;
    expect_health("2026-06-30", (const long long[]){105300, 73710, 63180, 52650, 42120});
    expect_health("2026-07-01", (const long long[]){113850, 79695, 68310, 56925, 45540});
}

static void expect_pension(const json_t *pension, const char *birth_date)
{
    assert_int_equal(rows(pension, "sums"), 2);
    for (size_t i = 0; i < 2; i++) {
        const json_t *sum = row(pension, "sums", i);
        if (platform_call(platform, NULL, "Enrolment/Illustrate", answer,
                          "{\"sex\":\"%s\",\"birthDate\":\"%s\",\"incomeVnd\":\"%lld\","
                          "\"on\":\"2026-12-01\"}",
                          text(pension, "sex"), birth_date, vnd(sum, "incomeVnd")) != 0)
            fail_msg("%s", answer);
        json_t *said = json_loads(answer, 0, NULL);
        assert_int_equal(vnd(sum, "monthlyPensionVnd"), vnd(said, "monthlyPensionVnd"));
        assert_int_equal(vnd(sum, "lumpSumVnd"), vnd(said, "lumpSumVnd"));
        assert_int_equal(json_integer_value(json_object_get(pension, "monthsPaid")),
                         json_integer_value(json_object_get(said, "monthsPaid")));
        assert_string_equal(text(pension, "ratePercent"), text(said, "ratePercent"));
        json_decref(said);
    }
}

static void pensions_are_those_of_the_illustration(void **state)
{
    (void)state;
    json_t *found = leaflet("{\"unitCode\":\"15\",\"on\":\"2026-12-01\",\"joiningAges\":[20,45],"
                            "\"incomesVnd\":[\"1500000\",\"4444444\"]}");
    static const char *const births[] = {"2006-11-01", "1981-11-01"};
    static const char *const rates[] = {"75", "45", "75", "42"};
    assert_int_equal(rows(found, "pensions"), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *pension = row(found, "pensions", i);
        assert_string_equal(text(pension, "sex"), i < 2 ? "SEX_FEMALE" : "SEX_MALE");
        assert_string_equal(text(pension, "ratePercent"), rates[i]);
        assert_int_equal(json_integer_value(json_object_get(pension, "pensionAge")),
                         i < 2 ? 60 : 62);
        expect_pension(pension, births[i % 2]);
    }
    json_decref(found);
    found = leaflet("{\"unitCode\":\"15\",\"on\":\"2026-12-01\"}");
    assert_int_equal(rows(found, "pensions"), 6);
    json_decref(found);
}

static void what_the_tables_do_not_know_is_left_out(void **state)
{
    (void)state;
    json_t *found = leaflet("{\"unitCode\":\"15\",\"on\":\"2025-12-01\"}");
    assert_int_equal(rows(found, "pensions"), 6);
    assert_int_equal(rows(found, "households"), 6);
    json_decref(found);
    found = leaflet("{\"unitCode\":\"15\",\"on\":\"2018-06-01\"}");
    assert_int_equal(rows(found, "households"), 0);
    assert_true(rows(found, "steps") > 0);
    json_decref(found);
}

static void what_else_the_law_gives_is_told(void **state)
{
    (void)state;
    json_t *found = leaflet("{\"unitCode\":\"15\",\"on\":\"2026-12-01\"}");
    assert_int_equal(json_integer_value(json_object_get(found, "minimumAge")), 15);
    assert_int_equal(json_integer_value(json_object_get(found, "supportMonths")), 120);
    assert_int_equal(json_integer_value(json_object_get(found, "pensionYears")), 15);
    assert_int_equal(vnd(found, "maternityVnd"), 2000000);
    assert_int_equal(json_integer_value(json_object_get(found, "maternityMonths")), 6);
    assert_int_equal(json_integer_value(json_object_get(found, "maternityWindow")), 12);
    assert_int_equal(vnd(found, "funeralVnd"), 25300000);
    assert_int_equal(json_integer_value(json_object_get(found, "funeralMonths")), 60);
    json_decref(found);
    found = leaflet("{\"unitCode\":\"15\",\"on\":\"2025-06-30\"}");
    assert_int_equal(json_integer_value(json_object_get(found, "pensionYears")), 20);
    assert_int_equal(vnd(found, "maternityVnd"), 0);
    assert_int_equal(vnd(found, "funeralVnd"), 0);
    json_decref(found);
}

static void the_rules_and_their_next_change_are_named(void **state)
{
    (void)state;
    json_t *found = leaflet("{\"unitCode\":\"15\",\"on\":\"2026-12-01\"}");
    assert_non_null(strstr(answer, "\"citation\":\"Decree 159/2025/ND-CP, article 5\""));
    assert_non_null(strstr(answer, "\"citation\":\"Law 41/2024/QH15, article 99\""));
    assert_string_equal(text(found, "changesOn"), "2027-01-01");
    assert_string_equal(text(row(found, "nextRules", 0), "table"), "povertyLine");
    assert_string_equal(text(row(found, "nextRules", 0), "citation"), "Decree 351/2025/ND-CP");
    assert_string_equal(text(row(found, "nextRules", 0), "from"), "2027-01-01");
    assert_string_not_equal(text(row(found, "nextRules", 0), "unconfirmed"), "");
    json_decref(found);
    found = leaflet("{\"unitCode\":\"15\",\"on\":\"2027-01-01\"}");
    assert_string_equal(text(found, "changesOn"), "");
    assert_int_equal(rows(found, "nextRules"), 0);
    json_decref(found);
}

/* What is named as the law is what Directory/GetPolicy has in force. */
static void the_rules_are_those_in_force(void **state)
{
    (void)state;
    json_t *found = leaflet("{\"unitCode\":\"15\",\"on\":\"2026-12-01\"}");
    assert_int_equal(platform_call(platform, NULL, "Directory/GetPolicy", answer,
                                   "{\"unitCode\":\"15\",\"on\":\"2026-12-01\"}"),
                     0);
    json_t *policy = json_loads(answer, 0, NULL);
    assert_true(rows(found, "rules") > 10);
    for (size_t i = 0; i < rows(found, "rules"); i++) {
        const json_t *rule = row(found, "rules", i);
        size_t n = 0;
        for (size_t k = 0; k < rows(policy, "tables"); k++) {
            const json_t *table = row(policy, "tables", k);
            for (size_t j = 0; j < rows(table, "rows"); j++)
                n += strcmp(text(table, "name"), text(rule, "table")) == 0 &&
                     strcmp(text(row(table, "rows", j), "citation"), text(rule, "citation")) == 0 &&
                     strcmp(text(row(table, "rows", j), "from"), text(rule, "from")) == 0;
        }
        if (n == 0)
            fail_msg("%s: %s is not in force", text(rule, "table"), text(rule, "citation"));
    }
    assert_string_equal(text(row(policy, "changes", 0), "day"), text(found, "changesOn"));
    json_decref(policy);
    json_decref(found);
}

static void wrong_requests_name_their_field(void **state)
{
    (void)state;
    static const struct {
        const char *body, *said;
    } cases[] = {
        {"{}", "unit_code: unknown unit"},
        {"{\"unitCode\":\"99\"}", "unit_code: unknown unit"},
        {"{\"unitCode\":\"15\",\"on\":\"tomorrow\"}", "on: want a date"},
        {"{\"unitCode\":\"15\",\"on\":\"2015-12-31\"}", "on: the tables have no"},
        {"{\"unitCode\":\"15\",\"incomesVnd\":[\"1499999\"]}", "incomes_vnd: too low"},
        {"{\"unitCode\":\"15\",\"incomesVnd\":[\"3000000\",\"50600001\"],\"on\":\"2026-12-01\"}",
         "incomes_vnd: too high"},
        {"{\"unitCode\":\"15\",\"incomesVnd\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}",
         "incomes_vnd: want at most 16"},
        {"{\"unitCode\":\"15\",\"methods\":[\"METHOD_FUTURE_YEARS\"]}", "methods: want methods"},
        {"{\"unitCode\":\"15\",\"methods\":[\"METHOD_UNSPECIFIED\"]}", "methods: want methods"},
        {"{\"unitCode\":\"15\",\"methods\":[1,1,1,1,1]}", "methods: want at most 4"},
        {"{\"unitCode\":\"15\",\"joiningAges\":[14],\"on\":\"2026-12-01\"}", "joining_ages: "},
        {"{\"unitCode\":\"15\",\"joiningAges\":[100]}", "joining_ages: want ages up to 99"},
        {"{\"unitCode\":\"15\",\"joiningAges\":[30,31,32,33,34,35,36]}",
         "joining_ages: want at most 6"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            platform_call(platform, NULL, "Payments/GetLeaflet", answer, "%s", cases[i].body),
            ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        if (strncmp(answer, cases[i].said, strlen(cases[i].said)) != 0)
            fail_msg("%s: %s", cases[i].body, answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_supports_of_two_poverty_lines_are_told),
        cmocka_unit_test(every_share_is_what_a_quote_says),
        cmocka_unit_test(chosen_incomes_are_kept_in_their_order),
        cmocka_unit_test(the_example_adds_up),
        cmocka_unit_test(a_special_zone_has_the_highest_support_for_all),
        cmocka_unit_test(households_pay_by_the_base_salary_of_the_day),
        cmocka_unit_test(pensions_are_those_of_the_illustration),
        cmocka_unit_test(what_the_tables_do_not_know_is_left_out),
        cmocka_unit_test(what_else_the_law_gives_is_told),
        cmocka_unit_test(the_rules_and_their_next_change_are_named),
        cmocka_unit_test(the_rules_are_those_in_force),
        cmocka_unit_test(wrong_requests_name_their_field),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
