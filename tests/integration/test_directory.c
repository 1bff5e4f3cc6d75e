/* Reference data in memory, as it was committed to a real ledger: loaded, followed, linked. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/directory_fixture.h"

static struct directory_fixture fixture;

#define UNITS(rows) "{'unitsImported':{'units':[" rows "]}}"
#define PLAN(rows) "{'planImported':{'targets':[" rows "]}}"

static const char territory[] =
    UNITS("{'code':'02648','parentCode':'15','level':'UNIT_LEVEL_COMMUNE','name':'Xã B'},"
          "{'code':'15','parentCode':'VN','level':'UNIT_LEVEL_PROVINCE','name':'Lào Cai'},"
          "{'code':'VN','level':'UNIT_LEVEL_COUNTRY','name':'Việt Nam'},"
          "{'code':'01','parentCode':'VN','level':'UNIT_LEVEL_PROVINCE','name':'Hà Nội'},"
          "{'code':'02647','parentCode':'15','level':'UNIT_LEVEL_COMMUNE','name':'Xã A'}");

static int ledger_open(void **state)
{
    (void)state;
    directory_fixture_open(&fixture);
    return 0;
}

static int ledger_close(void **state)
{
    (void)state;
    directory_fixture_close(&fixture);
    return 0;
}

/* A second directory on the same ledger, which knows the records and not how they came. */
static struct directory *load_again(void)
{
    struct err err = {0};
    struct directory *again = directory_create(fixture.ledger.loop, fixture.ledger.store);
    if (directory_load(again, FIXTURE_WAIT_MS, &err) < 0)
        fail_msg("%s", err.text);
    return again;
}

static void check_territory(const struct directory *directory)
{
    const struct directory_unit *country = directory_unit(directory, "VN");
    const struct directory_unit *province = directory_unit(directory, "15");
    const struct directory_unit *commune = directory_unit(directory, "02647");
    assert_int_equal(directory_unit_count(directory), 5);
    assert_null(country->parent);
    assert_int_equal(country->level, ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COUNTRY);
    assert_int_equal(country->n_children, 2);
    assert_string_equal(country->children[0]->code, "01");
    assert_ptr_equal(country->children[1], province);
    assert_ptr_equal(province->parent, country);
    assert_string_equal(province->name, "Lào Cai");
    assert_int_equal(province->n_children, 2);
    assert_ptr_equal(province->children[0], commune);
    assert_string_equal(province->children[1]->code, "02648");
    assert_ptr_equal(commune->parent, province);
    assert_int_equal(commune->n_children, 0);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(directory_unit_at(directory, i)->index, i);
    assert_null(directory_unit_at(directory, 5));
    assert_ptr_equal(directory_commune(directory, 2647), commune);
    assert_null(directory_commune(directory, 15));
    assert_null(directory_commune(directory, 102647));
    assert_null(directory_unit(directory, ""));
    assert_null(directory_unit(directory, "2647"));
    assert_null(directory_unit(directory, "0123456789012345678901234567890123456789012345678"));
    assert_int_equal(directory_row_version(directory, 'u', "15"), 1);
    assert_int_equal(directory_row_version(directory, 'u', "16"), 0);
}

static void an_empty_ledger_is_an_empty_directory(void **state)
{
    (void)state;
    assert_int_equal(directory_unit_count(fixture.directory), 0);
    assert_null(directory_unit(fixture.directory, "VN"));
    assert_int_equal(directory_position(fixture.directory).seq, 0);
    directory_fixture_refresh(&fixture);
    assert_int_equal(directory_position(fixture.directory).seq, 0);
}

static void what_is_followed_equals_what_is_loaded(void **state)
{
    (void)state;
    uint64_t generation = directory_generation(fixture.directory);
    directory_fixture_commit(&fixture, territory);
    directory_fixture_refresh(&fixture);
    assert_true(directory_generation(fixture.directory) > generation);
    check_territory(fixture.directory);
    assert_int_equal(directory_position(fixture.directory).epoch, 1);
    assert_int_equal(directory_position(fixture.directory).seq, 1);
    struct directory *again = load_again();
    check_territory(again);
    assert_int_equal(directory_position(again).seq, 1);
    directory_destroy(&again);
}

static void news_arrive_by_themselves(void **state)
{
    (void)state;
    directory_fixture_commit(&fixture, territory);
    assert_null(directory_unit(fixture.directory, "15"));
    TURN_UNTIL(fixture.ledger.loop, directory_unit(fixture.directory, "15") != NULL);
}

static void a_changed_row_keeps_its_place_and_gets_a_version(void **state)
{
    (void)state;
    directory_fixture_commit(&fixture, territory);
    directory_fixture_refresh(&fixture);
    const struct directory_unit *commune = directory_unit(fixture.directory, "02647");
    size_t index = commune->index;
    directory_fixture_commit(
        &fixture,
        UNITS("{'code':'02647','parentCode':'01','level':'UNIT_LEVEL_COMMUNE','name':'Phường A'}"));
    directory_fixture_refresh(&fixture);
    assert_ptr_equal(directory_unit(fixture.directory, "02647"), commune);
    assert_int_equal(commune->index, index);
    assert_string_equal(commune->name, "Phường A");
    assert_string_equal(commune->parent->code, "01");
    assert_int_equal(commune->parent->n_children, 1);
    assert_int_equal(directory_unit(fixture.directory, "15")->n_children, 1);
    assert_int_equal(directory_row_version(fixture.directory, 'u', "02647"), 2);
    struct directory *again = load_again();
    assert_int_equal(directory_row_version(again, 'u', "02647"), 2);
    assert_string_equal(directory_unit(again, "02647")->parent->code, "01");
    directory_destroy(&again);
}

static void organisations_points_and_collectors_are_found(void **state)
{
    (void)state;
    directory_fixture_commit(&fixture, "{'organisationsImported':{"
                                       "'organisations':[{'code':'BD','name':'Bưu điện'}],"
                                       "'points':[{'code':'BD-1','organisationCode':'BD',"
                                       "'unitCode':'02647','name':'Điểm 1'}],"
                                       "'collectors':[{'code':'NV7','pointCode':'BD-1'}]}}");
    directory_fixture_refresh(&fixture);
    struct directory *again = load_again();
    const struct directory *both[] = {fixture.directory, again};
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        assert_string_equal(directory_organisation(both[i], "BD")->name, "Bưu điện");
        assert_string_equal(directory_point(both[i], "BD-1")->unit_code, "02647");
        assert_string_equal(directory_collector(both[i], "NV7")->point_code, "BD-1");
        assert_null(directory_organisation(both[i], "BD-1"));
        assert_null(directory_point(both[i], "NV7"));
        assert_null(directory_collector(both[i], "BD"));
        assert_ptr_equal(directory_row(both[i], 'p', "BD-1"), directory_point(both[i], "BD-1"));
        assert_int_equal(directory_row_version(both[i], 'k', "NV7"), 1);
    }
    directory_destroy(&again);
}

static void partners_and_their_keys_are_found(void **state)
{
    (void)state;
    directory_fixture_commit(&fixture, "{'partnersImported':{'partners':["
                                       "{'organisationCode':'BD','cutOffMinute':1080,'keys':["
                                       "{'keyId':'BD:1'},{'keyId':'BD:2','revokedAtMs':5}]},"
                                       "{'organisationCode':'BD2','keys':[{'keyId':'BD2:1'}]}]}}");
    directory_fixture_refresh(&fixture);
    struct directory *again = load_again();
    const struct directory *both[] = {fixture.directory, again};
    static const char *const unknown[] = {
        "",      "BD",    "BD:",
        "BD:3",  "BD2:2", ":1",
        "BD3:1", "BD:1:", "0123456789012345678901234567890123456789012345678:1"};
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        const Ansinh__V1__Partner *partner = NULL;
        assert_int_equal(directory_partner(both[i], "BD")->cut_off_minute, 1080);
        assert_null(directory_partner(both[i], "BD:1"));
        assert_int_equal(directory_partner_key(both[i], "BD:2", &partner)->revoked_at_ms, 5);
        assert_ptr_equal(partner, directory_partner(both[i], "BD"));
        assert_string_equal(directory_partner_key(both[i], "BD2:1", &partner)->key_id, "BD2:1");
        assert_ptr_equal(partner, directory_partner(both[i], "BD2"));
        for (size_t k = 0; k < ARRAY_LEN(unknown); k++)
            assert_null(directory_partner_key(both[i], unknown[k], &partner));
        assert_int_equal(directory_row_version(both[i], 'a', "BD"), 1);
    }
    directory_destroy(&again);
}

static void the_plan_in_force_is_of_the_year_or_the_newest_before(void **state)
{
    (void)state;
    uint32_t year;
    directory_fixture_commit(&fixture, territory);
    directory_fixture_commit(&fixture, PLAN("{'unitCode':'15','year':2027,'participants':90000},"
                                            "{'unitCode':'15','year':2025,'participants':78275},"
                                            "{'unitCode':'01','year':2025,'participants':0}"));
    directory_fixture_refresh(&fixture);
    const struct directory_unit *unit = directory_unit(fixture.directory, "15");
    assert_int_equal(directory_plan(unit, 2024, &year), 0);
    assert_int_equal(year, 0);
    assert_int_equal(directory_plan(unit, 2025, &year), 78275);
    assert_int_equal(year, 2025);
    assert_int_equal(directory_plan(unit, 2026, &year), 78275);
    assert_int_equal(year, 2025);
    assert_int_equal(directory_plan(unit, 2030, &year), 90000);
    assert_int_equal(year, 2027);
    assert_int_equal(directory_plan(directory_unit(fixture.directory, "01"), 2026, &year), 0);
    assert_int_equal(year, 2025);
    assert_int_equal(directory_plan(directory_unit(fixture.directory, "VN"), 2026, &year), 0);
    assert_int_equal(year, 0);
    assert_int_equal(directory_row_version(fixture.directory, 't', "2025:15"), 1);
    directory_fixture_commit(&fixture, PLAN("{'unitCode':'15','year':2025,'participants':80000}"));
    directory_fixture_refresh(&fixture);
    assert_int_equal(directory_plan(unit, 2025, &year), 80000);
    assert_int_equal(unit->n_plans, 2);
}

static void the_newest_years_of_a_plan_are_kept(void **state)
{
    (void)state;
    uint32_t year;
    char json[256];
    directory_fixture_commit(&fixture, territory);
    for (int i = 0; i < 12; i++) {
        /* 2031, 2020, 2030, 2021, ... */
        (void)snprintf(json, sizeof(json),
                       "{'planImported':{'targets':[{'unitCode':'15','year':%d,"
                       "'participants':'%d'}]}}",
                       i % 2 == 0 ? 2031 - i / 2 : 2020 + i / 2, 100 + i);
        directory_fixture_commit(&fixture, json);
    }
    directory_fixture_refresh(&fixture);
    const struct directory_unit *unit = directory_unit(fixture.directory, "15");
    assert_int_equal(unit->n_plans, DIRECTORY_PLAN_YEARS);
    for (uint32_t wanted = 2024; wanted <= 2031; wanted++) {
        (void)directory_plan(unit, wanted, &year);
        assert_int_equal(year, wanted);
    }
    assert_int_equal(directory_plan(unit, 2023, &year), 0);
}

static void more_news_than_one_read_takes(void **state)
{
    (void)state;
    char json[256];
    for (int i = 0; i < 450; i++) {
        (void)snprintf(json, sizeof(json),
                       "{'unitsImported':{'units':[{'code':'%05d','parentCode':'15',"
                       "'level':'UNIT_LEVEL_COMMUNE','name':'Xã %d'}]}}",
                       i, i);
        directory_fixture_commit(&fixture, json);
    }
    directory_fixture_refresh(&fixture);
    assert_int_equal(directory_unit_count(fixture.directory), 450);
    assert_int_equal(directory_position(fixture.directory).seq, 450);
    assert_string_equal(directory_commune(fixture.directory, 449)->name, "Xã 449");
}

struct question {
    struct directory *directory;
    int n_answers, knew;
};

static void on_answer(void *arg, int rc)
{
    assert_int_equal(rc, 0);
    struct question *self = arg;
    self->n_answers++;
    self->knew = directory_unit(self->directory, "15") != NULL;
}

static void everybody_who_asks_is_told_once_and_sees_what_was_before_the_question(void **state)
{
    (void)state;
    struct question questions[50];
    questions[0] = (struct question){.directory = fixture.directory};
    directory_refresh(fixture.directory, on_answer, &questions[0]);
    directory_fixture_commit(&fixture, territory);
    for (size_t i = 1; i < ARRAY_LEN(questions); i++) {
        questions[i] = (struct question){.directory = fixture.directory};
        directory_refresh(fixture.directory, on_answer, &questions[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(questions); i++)
        TURN_UNTIL(fixture.ledger.loop, questions[i].n_answers > 0);
    for (size_t i = 0; i < ARRAY_LEN(questions); i++)
        assert_int_equal(questions[i].n_answers, 1);
    for (size_t i = 1; i < ARRAY_LEN(questions); i++)
        assert_int_equal(questions[i].knew, 1);
}

static void records_that_cannot_be_read_stop_the_load(void **state)
{
    (void)state;
    /* shorter than a version; no protobuf after it; no code, twice */
    static const char *const wrong[] = {"abc", "vers\x0a\x7f", "vers", "vers\x12\x01x"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct err err = {0};
        char key[KEY_MAX_BYTES];
        (void)key_reference("uopktla"[i], key);
        assert_int_equal(
            redis_server_integer(fixture.ledger.server, "HSET", key, "15", wrong[i], NULL), 1);
        struct directory *again = directory_create(fixture.ledger.loop, fixture.ledger.store);
        assert_int_equal(directory_load(again, FIXTURE_WAIT_MS, &err), -EPROTO);
        assert_string_equal(err.text, "the directory cannot be read from the ledger (-71)");
        directory_destroy(&again);
        assert_int_equal(redis_server_integer(fixture.ledger.server, "HDEL", key, "15", NULL), 1);
    }
}

static void versions_have_four_bytes(void **state)
{
    (void)state;
    char key[KEY_MAX_BYTES];
    (void)key_reference('u', key);
    /* version 0x04030201, code "15", level 2 */
    assert_int_equal(redis_server_integer(fixture.ledger.server, "HSET", key, "15",
                                          "\x01\x02\x03\x04\x0a\x02\x31\x35\x18\x02", NULL),
                     1);
    struct directory *again = load_again();
    assert_int_equal(directory_row_version(again, 'u', "15"), 0x04030201);
    assert_int_equal(directory_unit(again, "15")->level,
                     ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_PROVINCE);
    directory_destroy(&again);
}

static void a_lost_ledger_answers_the_question_and_is_found_again(void **state)
{
    (void)state;
    directory_fixture_commit(&fixture, territory);
    redis_server_kill(fixture.ledger.server);
    directory_fixture_refresh(&fixture);
    assert_null(directory_unit(fixture.directory, "15"));
    redis_server_restart(fixture.ledger.server);
    TURN_UNTIL(fixture.ledger.loop, directory_unit(fixture.directory, "15") != NULL);
    check_territory(fixture.directory);
}

/* --- plans --- */

#define SCOPE(code) "{'kind':'PLAN_SCOPE_KIND_UNIT','code':'" code "'}"
#define SHARE(code, target) "{'scope':" SCOPE(code) ",'target':" target "}"
#define SPLIT(parent, shares)                                                                      \
    "{'planSplit':{'planCode':'P','parent':" SCOPE(parent) ",'shares':[" shares "]}}"
#define ROWS(rows) "{'referenceImported':{'rows':[" rows "]}}"

static int64_t target(const struct directory *directory, const char *plan, const char *unit)
{
    return directory_plan_target(directory, plan, ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_UNIT,
                                 unit);
}

static void check_targets(int64_t a, int64_t b, int64_t c)
{
    struct directory *again = load_again();
    const struct directory *both[] = {fixture.directory, again};
    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        assert_int_equal(target(both[i], "P", "VN"), 100);
        assert_int_equal(target(both[i], "P", "02647"), a);
        assert_int_equal(target(both[i], "P", "02648"), b);
        assert_int_equal(target(both[i], "P", "02649"), c);
    }
    directory_destroy(&again);
}

static void commit_rows(const char *json)
{
    directory_fixture_commit(&fixture, json);
    directory_fixture_refresh(&fixture);
}

/* A scope stands in one split; which of two rows of an event comes first does not matter. */
static void targets_are_where_the_splits_have_them(void **state)
{
    (void)state;
    size_t share;
    commit_rows(ROWS("{'plan':{'code':'P','root':" SCOPE("VN") ",'target':100}}," SPLIT(
        "VN", SHARE("01", "40") "," SHARE(
                  "15", "60")) "," SPLIT("15", SHARE("02647", "50") "," SHARE("02648", "10"))));
    check_targets(50, 10, -1);
    assert_int_equal(target(fixture.directory, "Q", "VN"), -1);
    const Ansinh__V1__PlanSplit *split = directory_plan_place(
        fixture.directory, "P", ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_UNIT, "02648", &share);
    assert_string_equal(split->parent->code, "15");
    assert_int_equal(share, 1);
    commit_rows(ROWS(SPLIT("15", SHARE("02649", "9") "," SHARE("02648", "51"))));
    check_targets(-1, 51, 9);
    commit_rows(ROWS(SPLIT("01", SHARE("02648", "40")) "," SPLIT("15", SHARE("02649", "60"))));
    check_targets(-1, 40, 60);
    commit_rows(ROWS(SPLIT("01", SHARE("02647", "40")) "," SPLIT("15", SHARE("02648", "60"))));
    check_targets(40, 60, -1);
    commit_rows(ROWS(SPLIT("15", "")));
    check_targets(40, -1, -1);
}

static void an_imported_years_plan_has_the_year_as_its_code(void **state)
{
    (void)state;
    commit_rows(PLAN("{'unitCode':'15','year':2031,'participants':78275}"));
    assert_int_equal(target(fixture.directory, "2031", "15"), 78275);
    assert_int_equal(target(fixture.directory, "2031", "01"), -1);
    assert_int_equal(target(fixture.directory, "2032", "15"), -1);
    assert_int_equal(target(fixture.directory, "31", "15"), -1);
    assert_int_equal(directory_plan_target(fixture.directory, "2031",
                                           ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_POINT,
                                           "15"),
                     -1);
}

#define WITH_LEDGER(test) cmocka_unit_test_setup_teardown(test, ledger_open, ledger_close)

static const struct CMUnitTest tests[] = {
    WITH_LEDGER(an_empty_ledger_is_an_empty_directory),
    WITH_LEDGER(what_is_followed_equals_what_is_loaded),
    WITH_LEDGER(news_arrive_by_themselves),
    WITH_LEDGER(a_changed_row_keeps_its_place_and_gets_a_version),
    WITH_LEDGER(organisations_points_and_collectors_are_found),
    WITH_LEDGER(partners_and_their_keys_are_found),
    WITH_LEDGER(the_plan_in_force_is_of_the_year_or_the_newest_before),
    WITH_LEDGER(the_newest_years_of_a_plan_are_kept),
    WITH_LEDGER(targets_are_where_the_splits_have_them),
    WITH_LEDGER(an_imported_years_plan_has_the_year_as_its_code),
    WITH_LEDGER(more_news_than_one_read_takes),
    WITH_LEDGER(everybody_who_asks_is_told_once_and_sees_what_was_before_the_question),
    WITH_LEDGER(records_that_cannot_be_read_stop_the_load),
    WITH_LEDGER(versions_have_four_bytes),
    WITH_LEDGER(a_lost_ledger_answers_the_question_and_is_found_again),
};

TEST_MAIN(tests)
