/* What reference rows must look like, against a directory with a small territory in it. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "services/enrolment/directory_check.h"
#include "tests/support/directory_fixture.h"

static struct directory_fixture fixture;

static int rules_open(void **state)
{
    (void)state;
    directory_fixture_open(&fixture);
    directory_fixture_commit(
        &fixture, "{'unitsImported':{'units':["
                  "{'code':'VN','level':'UNIT_LEVEL_COUNTRY','name':'Việt Nam'},"
                  "{'code':'01','parentCode':'VN','level':'UNIT_LEVEL_PROVINCE','name':'Hà Nội'},"
                  "{'code':'15','parentCode':'VN','level':'UNIT_LEVEL_PROVINCE','name':'Lào Cai'},"
                  "{'code':'02647','parentCode':'15','level':'UNIT_LEVEL_COMMUNE','name':'A'},"
                  "{'code':'02648','parentCode':'15','level':'UNIT_LEVEL_COMMUNE','name':'B'}]}}");
    directory_fixture_commit(&fixture, "{'organisationsImported':{"
                                       "'organisations':[{'code':'BD','name':'Bưu điện'}],"
                                       "'points':[{'code':'BD-1','organisationCode':'BD',"
                                       "'unitCode':'02647','name':'Điểm 1'}]}}");
    directory_fixture_commit(&fixture, "{'planImported':{'targets':["
                                       "{'unitCode':'15','year':2025,'participants':100},"
                                       "{'unitCode':'02647','year':2025,'participants':60},"
                                       "{'unitCode':'02648','year':2025,'participants':40}]}}");
    directory_fixture_refresh(&fixture);
    return 0;
}

static int rules_close(void **state)
{
    (void)state;
    directory_fixture_close(&fixture);
    return 0;
}

typedef int (*check_fn)(const char *json, struct err *err);

static int check_units(const char *json, struct err *err)
{
    return units_check(
        fixture.directory,
        directory_fixture_message(&fixture, &ansinh__v1__import_units_request__descriptor, json),
        err);
}

static int check_organisations(const char *json, struct err *err)
{
    return organisations_check(
        fixture.directory,
        directory_fixture_message(&fixture, &ansinh__v1__import_organisations_request__descriptor,
                                  json),
        err);
}

static int check_plan(const char *json, struct err *err)
{
    return plan_check(
        fixture.directory,
        directory_fixture_message(&fixture, &ansinh__v1__import_plan_request__descriptor, json),
        err);
}

struct wrong {
    const char *json, *field, *said;
};

static void expect_refused(check_fn check, const struct wrong *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err err = {0};
        int rc = check(cases[i].json, &err);
        if (rc != -EINVAL || strcmp(err.field, cases[i].field) != 0 ||
            strstr(err.text, cases[i].said) == NULL)
            fail_msg("%s: %d, %s: %s", cases[i].json, rc, err.field, err.text);
        assert_int_equal(check(cases[i].json, NULL), -EINVAL);
    }
}

static void expect_taken(check_fn check, const char *json)
{
    struct err err = {0};
    if (check(json, &err) != 0)
        fail_msg("%s: %s: %s", json, err.field, err.text);
}

/* {'<list>':[{<before><n times text><after>}]} */
static const char *with_long(const char *list, const char *before, const char *text, size_t n,
                             const char *after)
{
    static char json[2048];
    size_t len = (size_t)snprintf(json, sizeof(json), "{'%s':[{%s", list, before);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(json + len, sizeof(json) - len, "%s", text);
    (void)snprintf(json + len, sizeof(json) - len, "%s}]}", after);
    return json;
}

/* --- units --- */

static void units_in_any_order_and_again(void **state)
{
    (void)state;
    expect_taken(check_units, "{}");
    expect_taken(check_units, "{'units':["
                              "{'code':'00007','parentCode':'07','level':3,'name':'X'},"
                              "{'code':'07','parentCode':'VN','level':2,'name':'Y',"
                              "'nameEn':'Y','fullName':'Tỉnh Y'}]}");
    expect_taken(check_units, "{'units':[{'code':'VN','level':1,'name':'Việt Nam'},"
                              "{'code':'15','parentCode':'VN','level':2,'name':'Lào Cai'}]}");
    /* a commune may move to another province */
    expect_taken(check_units,
                 "{'units':[{'code':'02647','parentCode':'01','level':3,'name':'A'}]}");
}

static void the_form_of_a_unit(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"{'units':[{}]}", "units[0].level", "country, province or commune"},
        {"{'units':[{'code':'15','parentCode':'VN','level':4,'name':'X'}]}", "units[0].level",
         "country, province or commune"},
        {"{'units':[{'code':'15','parentCode':'VN','level':-1,'name':'X'}]}", "units[0].level",
         "country, province or commune"},
        {"{'units':[{'code':'LA','level':1,'name':'X'}]}", "units[0].code", "VN"},
        {"{'units':[{'code':'7','parentCode':'VN','level':2,'name':'X'}]}", "units[0].code",
         "2 digits"},
        {"{'units':[{'code':'007','parentCode':'VN','level':2,'name':'X'}]}", "units[0].code",
         "2 digits"},
        {"{'units':[{'code':'0x','parentCode':'VN','level':2,'name':'X'}]}", "units[0].code",
         "2 digits"},
        {"{'units':[{'code':'0700','parentCode':'15','level':3,'name':'X'}]}", "units[0].code",
         "5 digits"},
        {"{'units':[{'code':'070000','parentCode':'15','level':3,'name':'X'}]}", "units[0].code",
         "5 digits"},
        {"{'units':[{'parentCode':'15','level':3,'name':'X'}]}", "units[0].code", "5 digits"},
        {"{'units':[{'code':'07000','parentCode':'15','level':3}]}", "units[0].name",
         "150 characters"},
    };
    expect_refused(check_units, cases, ARRAY_LEN(cases));
}

static void names_have_at_most_150_characters(void **state)
{
    (void)state;
    static const char *const fields[] = {"'name':'", "'name':'X','nameEn':'",
                                         "'name':'X','fullName':'"};
    static const char *const paths[] = {"units[0].name", "units[0].name_en", "units[0].full_name"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        char before[128];
        struct err err = {0};
        (void)snprintf(before, sizeof(before), "'code':'07','parentCode':'VN','level':2,%s",
                       fields[i]);
        expect_taken(check_units, with_long("units", before, "ế", 150, "'"));
        assert_int_equal(check_units(with_long("units", before, "ế", 151, "'"), &err), -EINVAL);
        assert_string_equal(err.field, paths[i]);
    }
}

static void names_are_utf_8(void **state)
{
    (void)state;
    char bad[] = "\xc3", code[] = "07", parent[] = "VN", good[] = "X";
    Ansinh__V1__Unit unit, *units[] = {&unit};
    Ansinh__V1__ImportUnitsRequest in;
    ansinh__v1__unit__init(&unit);
    ansinh__v1__import_units_request__init(&in);
    in.units = units;
    in.n_units = 1;
    unit.code = code;
    unit.parent_code = parent;
    unit.level = ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_PROVINCE;
    unit.name = good;
    assert_int_equal(units_check(fixture.directory, &in, NULL), 0);
    unit.name = bad;
    assert_int_equal(units_check(fixture.directory, &in, NULL), -EINVAL);
    unit.name = good;
    unit.name_en = bad;
    assert_int_equal(units_check(fixture.directory, &in, NULL), -EINVAL);
    unit.name_en = good;
    unit.full_name = bad;
    assert_int_equal(units_check(fixture.directory, &in, NULL), -EINVAL);
}

static void the_place_of_a_unit(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"{'units':[{'code':'VN','parentCode':'15','level':1,'name':'X'}]}", "units[0].parent_code",
         "no parent"},
        {"{'units':[{'code':'VN','parentCode':'V','level':1,'name':'X'}]}", "units[0].parent_code",
         "no parent"},
        {"{'units':[{'code':'07','level':2,'name':'X'}]}", "units[0].parent_code", "missing"},
        {"{'units':[{'code':'07','parentCode':'VN-VN-','level':2,'name':'X'}]}",
         "units[0].parent_code", "not a unit's code"},
        {"{'units':[{'code':'07','parentCode':'LA','level':2,'name':'X'}]}", "units[0].parent_code",
         "unknown unit"},
        {"{'units':[{'code':'07','parentCode':'15','level':2,'name':'X'}]}", "units[0].parent_code",
         "one level above"},
        {"{'units':[{'code':'07000','parentCode':'VN','level':3,'name':'X'}]}",
         "units[0].parent_code", "one level above"},
        {"{'units':[{'code':'07000','parentCode':'02647','level':3,'name':'X'}]}",
         "units[0].parent_code", "one level above"},
        {"{'units':[{'code':'07','parentCode':'VN','level':2,'name':'X'},"
         "{'code':'07000','parentCode':'07001','level':3,'name':'X'},"
         "{'code':'07001','parentCode':'07','level':3,'name':'X'}]}",
         "units[1].parent_code", "one level above"},
        {"{'units':[{'code':'07','parentCode':'07','level':2,'name':'X'}]}", "units[0].parent_code",
         "one level above"},
        {"{'units':[{'code':'07','parentCode':'VN','level':2,'name':'X'},"
         "{'code':'07','parentCode':'VN','level':2,'name':'X'}]}",
         "units[1].code", "twice"},
    };
    expect_refused(check_units, cases, ARRAY_LEN(cases));
}

/* --- organisations, points, collectors --- */

#define POINT(code, organisation, unit)                                                            \
    "{'points':[{'code':'" code "','organisationCode':'" organisation "','unitCode':'" unit        \
    "','name':'X'}]}"

static void rows_may_name_rows_of_the_same_call_or_known_ones(void **state)
{
    (void)state;
    expect_taken(check_organisations, "{}");
    expect_taken(check_organisations,
                 "{'collectors':[{'code':'NV1','pointCode':'V-1'}],"
                 "'points':[{'code':'V-1','organisationCode':'VT','unitCode':'15','name':'X'}],"
                 "'organisations':[{'code':'VT','name':'Viettel'}]}");
    expect_taken(check_organisations, POINT("BD-2", "BD", "VN"));
    expect_taken(check_organisations, POINT("az_AZ.09-", "BD", "02648"));
    expect_taken(check_organisations, "{'collectors':[{'code':'NV1','pointCode':'BD-1'}]}");
    /* one code for rows of different kinds */
    expect_taken(check_organisations,
                 "{'organisations':[{'code':'X','name':'X'}],"
                 "'points':[{'code':'X','organisationCode':'X','unitCode':'15','name':'X'}],"
                 "'collectors':[{'code':'X','pointCode':'X'}]}");
}

static void wrong_rows_of_organisations(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"{'organisations':[{'name':'X'}]}", "organisations[0].code", "1 to 32"},
        {"{'organisations':[{'code':'a b','name':'X'}]}", "organisations[0].code", "1 to 32"},
        {"{'organisations':[{'code':'é','name':'X'}]}", "organisations[0].code", "1 to 32"},
        {"{'organisations':[{'code':'a/b','name':'X'}]}", "organisations[0].code", "1 to 32"},
        {"{'organisations':[{'code':'a'}]}", "organisations[0].name", "150"},
        {"{'organisations':[{'code':'a','name':'X'},{'code':'b','name':'X'},"
         "{'code':'a','name':'Y'}]}",
         "organisations[2].code", "twice"},
        {POINT("", "BD", "15"), "points[0].code", "1 to 32"},
        {POINT("b*", "BD", "15"), "points[0].code", "1 to 32"},
        {POINT("b", "", "15"), "points[0].organisation_code", "unknown organisation"},
        {POINT("b", "BD-1", "15"), "points[0].organisation_code", "unknown organisation"},
        {POINT("b", "BD", ""), "points[0].unit_code", "unknown unit"},
        {POINT("b", "BD", "16"), "points[0].unit_code", "unknown unit"},
        {"{'points':[{'code':'b','organisationCode':'BD','unitCode':'15'}]}", "points[0].name",
         "150"},
        {"{'points':[{'code':'b','organisationCode':'BD','unitCode':'15','name':'X'},"
         "{'code':'b','organisationCode':'BD','unitCode':'15','name':'X'}]}",
         "points[1].code", "twice"},
        {"{'collectors':[{'pointCode':'BD-1'}]}", "collectors[0].code", "1 to 32"},
        {"{'collectors':[{'code':'c','pointCode':''}]}", "collectors[0].point_code",
         "unknown point"},
        {"{'collectors':[{'code':'c','pointCode':'BD'}]}", "collectors[0].point_code",
         "unknown point"},
        {"{'collectors':[{'code':'c','pointCode':'BD-1'},{'code':'c','pointCode':'BD-1'}]}",
         "collectors[1].code", "twice"},
    };
    expect_refused(check_organisations, cases, ARRAY_LEN(cases));
}

static void codes_have_at_most_32_letters(void **state)
{
    (void)state;
    struct err err = {0};
    expect_taken(check_organisations,
                 with_long("organisations", "'name':'X','code':'", "c", 32, "'"));
    assert_int_equal(
        check_organisations(with_long("organisations", "'name':'X','code':'", "c", 33, "'"), &err),
        -EINVAL);
    assert_string_equal(err.field, "organisations[0].code");
    /* longer than any key of a table in memory */
    static const char *const lists[][3] = {
        {"points", "'code':'p','name':'X','unitCode':'15','organisationCode':'",
         "points[0].organisation_code"},
        {"points", "'code':'p','name':'X','organisationCode':'BD','unitCode':'",
         "points[0].unit_code"},
        {"collectors", "'code':'k','pointCode':'", "collectors[0].point_code"},
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        assert_int_equal(
            check_organisations(with_long(lists[i][0], lists[i][1], "c", 200, "'"), &err), -EINVAL);
        assert_string_equal(err.field, lists[i][2]);
    }
}

/* --- plan --- */

static void targets_that_fit(void **state)
{
    (void)state;
    expect_taken(check_plan, "{}");
    /* as it is; both bounds of year and number */
    expect_taken(check_plan, "{'targets':[{'unitCode':'15','year':2025,'participants':100}]}");
    expect_taken(check_plan, "{'targets':[{'unitCode':'VN','year':2008,'participants':0},"
                             "{'unitCode':'VN','year':2199,'participants':200000000}]}");
    /* moved from one commune to the other */
    expect_taken(check_plan, "{'targets':[{'unitCode':'02647','year':2025,'participants':70},"
                             "{'unitCode':'02648','year':2025,'participants':30}]}");
    /* the province follows its communes */
    expect_taken(check_plan, "{'targets':[{'unitCode':'02647','year':2025,'participants':70},"
                             "{'unitCode':'15','year':2025,'participants':110}]}");
    /* not all communes have one in 2026: nothing to add up yet */
    expect_taken(check_plan, "{'targets':[{'unitCode':'15','year':2026,'participants':10},"
                             "{'unitCode':'02647','year':2026,'participants':999}]}");
    /* the communes before the province */
    expect_taken(check_plan, "{'targets':[{'unitCode':'02647','year':2026,'participants':9},"
                             "{'unitCode':'02648','year':2026,'participants':1}]}");
    /* Hà Nội has no target: the country's is free */
    expect_taken(check_plan, "{'targets':[{'unitCode':'VN','year':2025,'participants':7}]}");
}

static void targets_that_do_not_add_up(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"{'targets':[{'unitCode':'15','year':2025,'participants':101}]}",
         "targets[0].participants", "the targets below 15 add up to 100, its own is 101"},
        {"{'targets':[{'unitCode':'02648','year':2025,'participants':41}]}",
         "targets[0].participants", "the targets below 15 add up to 101, its own is 100"},
        {"{'targets':[{'unitCode':'15','year':2025,'participants':0}]}", "targets[0].participants",
         "the targets below 15 add up to 100, its own is 0"},
        {"{'targets':[{'unitCode':'02648','year':2025,'participants':0}]}",
         "targets[0].participants", "the targets below 15 add up to 60, its own is 100"},
        {"{'targets':[{'unitCode':'15','year':2030,'participants':1},"
         "{'unitCode':'15','year':2025,'participants':99}]}",
         "targets[1].participants", "the targets below 15 add up to 100, its own is 99"},
        {"{'targets':[{'unitCode':'01','year':2025,'participants':5},"
         "{'unitCode':'VN','year':2025,'participants':106}]}",
         "targets[0].participants", "the targets below VN add up to 105, its own is 106"},
        {"{'targets':[{'unitCode':'02647','year':2026,'participants':9},"
         "{'unitCode':'15','year':2026,'participants':11},"
         "{'unitCode':'02648','year':2026,'participants':1}]}",
         "targets[0].participants", "the targets below 15 add up to 10, its own is 11"},
    };
    expect_refused(check_plan, cases, ARRAY_LEN(cases));
}

static void wrong_targets(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {"{'targets':[{'unitCode':'','year':2025,'participants':1}]}", "targets[0].unit_code",
         "unknown unit"},
        {"{'targets':[{'unitCode':'16','year':2025,'participants':1}]}", "targets[0].unit_code",
         "unknown unit"},
        {"{'targets':[{'unitCode':'VN','year':2007,'participants':1}]}", "targets[0].year",
         "2008 to 2199"},
        {"{'targets':[{'unitCode':'VN','year':2200,'participants':1}]}", "targets[0].year",
         "2008 to 2199"},
        {"{'targets':[{'unitCode':'VN','year':4294967295,'participants':1}]}", "targets[0].year",
         "2008 to 2199"},
        {"{'targets':[{'unitCode':'VN','year':2025,'participants':-1}]}", "targets[0].participants",
         "0 to 200,000,000"},
        {"{'targets':[{'unitCode':'VN','year':2025,'participants':200000001}]}",
         "targets[0].participants", "0 to 200,000,000"},
        {"{'targets':[{'unitCode':'VN','year':2025,'participants':'9223372036854775807'}]}",
         "targets[0].participants", "0 to 200,000,000"},
        {"{'targets':[{'unitCode':'VN','year':2025,'participants':1},"
         "{'unitCode':'VN','year':2026,'participants':1},"
         "{'unitCode':'VN','year':2025,'participants':1}]}",
         "targets[2].unit_code", "twice"},
    };
    expect_refused(check_plan, cases, ARRAY_LEN(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_in_any_order_and_again),
        cmocka_unit_test(the_form_of_a_unit),
        cmocka_unit_test(names_have_at_most_150_characters),
        cmocka_unit_test(names_are_utf_8),
        cmocka_unit_test(the_place_of_a_unit),
        cmocka_unit_test(rows_may_name_rows_of_the_same_call_or_known_ones),
        cmocka_unit_test(wrong_rows_of_organisations),
        cmocka_unit_test(codes_have_at_most_32_letters),
        cmocka_unit_test(targets_that_fit),
        cmocka_unit_test(targets_that_do_not_add_up),
        cmocka_unit_test(wrong_targets),
    };
    return !!cmocka_run_group_tests(tests, rules_open, rules_close);
}
