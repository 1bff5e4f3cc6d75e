/* What successors, denominators and offices must look like, and what a merger makes of the tree. */
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "services/enrolment/territory_check.h"
#include "tests/support/directory_fixture.h"

#define SUCCESSORS(rows) "{'successors':[" rows "]}"
#define DENOMINATORS(rows) "{'denominators':[" rows "]}"
#define OFFICES(rows) "{'siUnits':[" rows "]}"
#define ROW(old, heir, share)                                                                      \
    "{'oldCode':'" old "','newCode':'" heir "','sharePerMillion':" share ",'on':'2025-07-01'}"
#define REFERENCE(rows) "{'referenceImported':{'rows':[" rows "]}}"

static struct directory_fixture fixture;

static int rules_open(void **state)
{
    (void)state;
    directory_fixture_open(&fixture);
    directory_fixture_commit(
        &fixture, "{'unitsImported':{'units':["
                  "{'code':'VN','level':'UNIT_LEVEL_COUNTRY','name':'Việt Nam'},"
                  "{'code':'10','parentCode':'VN','level':'UNIT_LEVEL_PROVINCE','name':'Lào Cai'},"
                  "{'code':'15','parentCode':'VN','level':'UNIT_LEVEL_PROVINCE','name':'Yên Bái',"
                  "'difficultyTier':3},"
                  "{'code':'10001','parentCode':'10','level':'UNIT_LEVEL_COMMUNE','name':'A'},"
                  "{'code':'10002','parentCode':'10','level':'UNIT_LEVEL_COMMUNE','name':'B'},"
                  "{'code':'10003','parentCode':'10','level':'UNIT_LEVEL_COMMUNE','name':'C'},"
                  "{'code':'02647','parentCode':'15','level':'UNIT_LEVEL_COMMUNE','name':'D'},"
                  "{'code':'02648','parentCode':'15','level':'UNIT_LEVEL_COMMUNE','name':'E'}]}}");
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

static int check_successors(const char *json, struct err *err)
{
    return successors_check(fixture.directory,
                            directory_fixture_message(
                                &fixture, &ansinh__v1__import_successors_request__descriptor, json),
                            err);
}

static int check_denominators(const char *json, struct err *err)
{
    return denominators_check(
        fixture.directory,
        directory_fixture_message(&fixture, &ansinh__v1__import_denominators_request__descriptor,
                                  json),
        err);
}

static int check_offices(const char *json, struct err *err)
{
    return si_units_check(
        fixture.directory,
        directory_fixture_message(&fixture, &ansinh__v1__import_si_units_request__descriptor, json),
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
    }
}

static void expect_taken(check_fn check, const char *json)
{
    struct err err = {0};
    if (check(json, &err) != 0)
        fail_msg("%s: %s: %s", json, err.field, err.text);
}

static void successors_that_fit(void **state)
{
    (void)state;
    expect_taken(check_successors, SUCCESSORS(ROW("10", "15", "1000000")));
    expect_taken(check_successors,
                 SUCCESSORS(ROW("10001", "02647", "400000") "," ROW("10001", "02648", "600000")));
    expect_taken(check_successors, SUCCESSORS(ROW("10001", "02647", "0")));
}

static void wrong_successors(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {SUCCESSORS(ROW("98", "15", "1000000")), "successors[0].old_code", "unknown"},
        {SUCCESSORS(ROW("VN", "15", "1000000")), "successors[0].old_code", "country"},
        {SUCCESSORS(ROW("10", "98", "1000000")), "successors[0].new_code", "unknown"},
        {SUCCESSORS(ROW("10", "02647", "1000000")), "successors[0].new_code", "same level"},
        {SUCCESSORS(ROW("10", "10", "1000000")), "successors[0].new_code", "itself"},
        {SUCCESSORS(ROW("10", "15", "1000001")), "successors[0].share_per_million", "1,000,000"},
        {SUCCESSORS(ROW("10", "15", "999999")), "successors[0].share_per_million", "999999"},
        {SUCCESSORS(ROW("10001", "02647", "500000") "," ROW("10001", "02648", "500001")),
         "successors[0].share_per_million", "1000001"},
        {SUCCESSORS(ROW("10", "15", "1000000") "," ROW("10", "15", "1000000")),
         "successors[1].new_code", "twice"},
        {SUCCESSORS("{'oldCode':'10','newCode':'15','sharePerMillion':1000000,'on':'2025-02-30'}"),
         "successors[0].on", "YYYY-MM-DD"},
        {SUCCESSORS(ROW("10001", "02647", "500000") ",{'oldCode':'10001','newCode':'02648',"
                                                    "'sharePerMillion':500000,'on':'2026-01-01'}"),
         "successors[0].on", "one day"},
        {SUCCESSORS(ROW("10", "15", "1000000") "," ROW("15", "10", "1000000")),
         "successors[0].new_code", "after itself"},
        {SUCCESSORS(ROW("10001", "10002", "1000000") "," ROW("10002", "10003", "1000000") "," ROW(
             "10003", "10001", "1000000")),
         "successors[0].new_code", "after itself"},
    };
    expect_refused(check_successors, cases, ARRAY_LEN(cases));
}

static void denominators_and_what_is_wrong_with_them(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {DENOMINATORS("{'unitCode':'98','kind':1,'on':'2026-01-01','value':1}"),
         "denominators[0].unit_code", "unknown"},
        {DENOMINATORS("{'unitCode':'15','kind':5,'on':'2026-01-01','value':1}"),
         "denominators[0].kind", "population"},
        {DENOMINATORS("{'unitCode':'15','kind':1,'on':'2026','value':1}"), "denominators[0].on",
         "YYYY-MM-DD"},
        {DENOMINATORS("{'unitCode':'15','kind':1,'on':'2026-01-01','value':-1}"),
         "denominators[0].value", "200,000,000"},
        {DENOMINATORS("{'unitCode':'15','kind':1,'on':'2026-01-01','value':1},"
                      "{'unitCode':'15','kind':1,'on':'2026-01-01','value':2}"),
         "denominators[1].on", "twice"},
    };
    expect_taken(check_denominators,
                 DENOMINATORS("{'unitCode':'15','kind':2,'on':'2026-01-01','value':1099012}"));
    expect_refused(check_denominators, cases, ARRAY_LEN(cases));
}

static void a_commune_has_one_office(void **state)
{
    (void)state;
    static const struct wrong cases[] = {
        {OFFICES("{'code':'x y','name':'A','communeCodes':['02647']}"), "si_units[0].code", "32"},
        {OFFICES("{'code':'A','name':'','communeCodes':['02647']}"), "si_units[0].name", "150"},
        {OFFICES("{'code':'A','name':'A'}"), "si_units[0].commune_codes", "400"},
        {OFFICES("{'code':'A','name':'A','communeCodes':['15']}"), "si_units[0].commune_codes",
         "unknown commune"},
        {OFFICES("{'code':'A','name':'A','communeCodes':['02647'],'validFrom':'x'}"),
         "si_units[0].valid_from", "YYYY-MM-DD"},
        {OFFICES("{'code':'A','name':'A','communeCodes':['02647','02647']}"),
         "si_units[0].commune_codes", "02647"},
        {OFFICES("{'code':'LC-2','name':'B','communeCodes':['10001']}"),
         "si_units[0].commune_codes", "LC-1"},
    };
    expect_taken(check_offices, OFFICES("{'code':'A','name':'A','communeCodes':['02647']}"));
    directory_fixture_commit(&fixture, REFERENCE("{'siUnit':{'code':'LC-1','name':'Cơ sở 1',"
                                                 "'communeCodes':['10001','10002']}}"));
    directory_fixture_refresh(&fixture);
    assert_int_equal(directory_si_unit(fixture.directory, "LC-1")->n_commune_codes, 2);
    assert_null(directory_si_unit(fixture.directory, "LC-2"));
    expect_refused(check_offices, cases, ARRAY_LEN(cases));
    expect_taken(check_offices, OFFICES("{'code':'LC-1','name':'A','communeCodes':['10002']},"
                                        "{'code':'LC-2','name':'B','communeCodes':['10001']}"));
}

static void the_newest_denominator_that_has_come_counts(void **state)
{
    (void)state;
    const Ansinh__V1__DenominatorKind working =
        ANSINH__V1__DENOMINATOR_KIND__DENOMINATOR_KIND_WORKING_AGE;
    directory_fixture_commit(
        &fixture,
        REFERENCE("{'denominator':{'unitCode':'15','kind':2,'on':'2026-01-01','value':3}},"
                  "{'denominator':{'unitCode':'15','kind':2,'on':'2024-01-01','value':1}},"
                  "{'denominator':{'unitCode':'15','kind':2,'on':'2025-01-01','value':2}},"
                  "{'denominator':{'unitCode':'15','kind':1,'on':'2025-01-01','value':9}}"));
    directory_fixture_refresh(&fixture);
    directory_fixture_commit(&fixture,
                             REFERENCE("{'denominator':{'unitCode':'15','kind':2,'on':'2025-01-01',"
                                       "'value':5}}"));
    directory_fixture_refresh(&fixture);
    assert_int_equal(
        directory_denominator(fixture.directory, "15", working, date_make(2025, 6, 1))->value, 5);
    assert_int_equal(
        directory_denominator(fixture.directory, "15", working, date_make(2026, 1, 1))->value, 3);
    assert_null(directory_denominator(fixture.directory, "15", working, date_make(2023, 1, 1)));
    assert_null(directory_denominator(fixture.directory, "10", working, date_make(2026, 1, 1)));
}

/* 1 July 2025: Lào Cai (10) and Yên Bái (15) become 15. */
static void what_was_merged_whole_hangs_below_its_successor(void **state)
{
    (void)state;
    const struct directory_unit *country = directory_unit(fixture.directory, "VN");
    const struct directory_unit *old = directory_unit(fixture.directory, "10");
    const struct directory_unit *heir = directory_unit(fixture.directory, "15");
    assert_int_equal(country->n_children, 2);
    assert_int_equal(heir->difficulty_tier, 3);
    directory_fixture_commit(
        &fixture,
        REFERENCE("{'successor':" ROW(
            "10", "15",
            "1000000") "},"
                       "{'successor':" ROW(
                           "10001", "02647",
                           "1000000") "},"
                                      "{'successor':" ROW(
                                          "10002", "02647",
                                          "400000") "},"
                                                    "{'successor':" ROW(
                                                        "10002", "02648",
                                                        "600000") "},"
                                                                  "{'successor':{'oldCode':'10003',"
                                                                  "'newCode':'02648',"
                                                                  "'sharePerMillion':1000000,'on':'"
                                                                  "2199-01-01'}}"));
    directory_fixture_refresh(&fixture);
    assert_int_equal(country->n_children, 1);
    assert_ptr_equal(country->children[0], heir);
    assert_ptr_equal(old->successor, heir);
    assert_ptr_equal(directory_above(old), heir);
    assert_int_equal(heir->n_predecessors, 1);
    /* divided: it stays where it was; merged on a day to come: in force, below the heir */
    assert_int_equal(old->n_children, 1);
    assert_string_equal(old->children[0]->code, "10002");
    assert_ptr_equal(directory_unit(fixture.directory, "10003")->parent, heir);
    const struct directory_unit *commune = directory_unit(fixture.directory, "02647");
    assert_int_equal(commune->n_predecessors, 1);
    assert_string_equal(commune->predecessors[0]->code, "10001");
    assert_ptr_equal(directory_above(commune), heir);
    struct wrong ring = {SUCCESSORS(ROW("02647", "10001", "1000000")), "successors[0].new_code",
                         "after itself"};
    expect_refused(check_successors, &ring, 1);
    /* taken back */
    directory_fixture_commit(&fixture, REFERENCE("{'successor':" ROW("10", "15", "0") "}"));
    directory_fixture_refresh(&fixture);
    assert_int_equal(country->n_children, 2);
    assert_null(old->successor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(successors_that_fit),
        cmocka_unit_test(wrong_successors),
        cmocka_unit_test(denominators_and_what_is_wrong_with_them),
        cmocka_unit_test(a_commune_has_one_office),
        cmocka_unit_test(the_newest_denominator_that_has_come_counts),
        cmocka_unit_test(what_was_merged_whole_hangs_below_its_successor),
    };
    return !!cmocka_run_group_tests(tests, rules_open, rules_close);
}
