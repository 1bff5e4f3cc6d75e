/* ansinh plan against a running platform: from the country to a collector by hand and by weights,
 * locked, amended by two officers, and what is wrong is said with its line. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/people.h"
#include "tests/support/platform.h"

#define WAIT_MS 30000

static struct platform *platform;
static char said[PLATFORM_SAID_BYTES];
static char path[256];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 2});
    platform_import(platform);
    (void)snprintf(path, sizeof(path), "%s/rows.csv", platform_directory(platform));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void put(const char *rows)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(rows, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

#define PLAN(status, ...)                                                                          \
    do {                                                                                           \
        if (platform_ansinh(platform, said, "plan", __VA_ARGS__, NULL) != (status))                \
            fail_msg("%s", said);                                                                  \
    } while (0)
#define SAYS(text)                                                                                 \
    do {                                                                                           \
        if (strstr(said, text) == NULL)                                                            \
            fail_msg("want %s in %s", text, said);                                                 \
    } while (0)

static void a_plan_is_defined_and_divided_by_hand(void **state)
{
    (void)state;
    PLAN(0, "define", "Q4", "--name", "Quý IV", "--period", "quarter", "--from", "2025-10-01",
         "--until", "2025-12-31", "--measure", "new", "--target", "1000");
    SAYS("revision 1, 1 rows written");
    put("parent,scope,target,weight\n"
        "VN,unit:15,600,6\n"
        "VN,01,400,4\n"
        "15,unit:02647,350,\n"
        "15,02671,250,\n"
        "02647,organisation:VNPOST@02647,350,\n"
        "organisation:VNPOST@02647,point:BD02647,350,\n"
        "point:BD02647,collector:NV0001,200,\n"
        "point:BD02647,collector:NV0002,150,\n");
    PLAN(0, "split", "Q4", path);
    SAYS("5 splits, 10 rows written");
    PLAN(0, "split", "Q4", path);
    SAYS("5 splits, 0 rows written");
    PLAN(0, "get", "Q4");
    SAYS("unit:VN                         1000\n");
    SAYS("  unit:15                        600           6\n");
    PLAN(0, "get", "Q4", "point:BD02647");
    SAYS("below organisation:VNPOST@02647\n");
    SAYS("  collector:NV0002               150           0\n");
    PLAN(0, "list", "--on", "2025-11-30");
    SAYS("Q4               2025-10-01 2025-12-31  quarter  paid     new   voluntary_si draft  ");
    SAYS("1000  unit:VN              Quý IV\n");
    PLAN(0, "list", "--json");
    SAYS("\"PLAN_PERIOD_QUARTER\"");
}

static void weights_divide_what_is_undivided(void **state)
{
    (void)state;
    PLAN(0, "undivide", "Q4", "unit:15", "--dry-run");
    SAYS("rows would be written");
    PLAN(0, "undivide", "Q4", "15");
    put("unit_code,weight\n02647,5\n02671,1\n");
    PLAN(0, "cascade", "Q4", "--unit", "15", "--to", "commune", "--weights", "hand", "--file",
         path);
    PLAN(0, "get", "Q4", "15");
    SAYS("  unit:02647                     500           5\n");
    SAYS("  unit:02671                     100           1\n");
}

#define PERSON(id, unit)                                                                           \
    id ",Lò Văn Thử,1985-05-17,male," unit ",other,1500000,monthly,2025-10-01\n"

static void import(const char *what, const char *rows)
{
    put(rows);
    if (platform_ansinh(platform, said, "import", what, path, NULL) != 0)
        fail_msg("%s", said);
}

/* Two joined in one commune and one in another: of 300 these get 200 and 100. */
static void results_of_a_year_divide_a_plan(void **state)
{
    (void)state;
    import("participants", "personal_id,full_name,birth_date,sex,unit_code,support_group,"
                           "income_vnd,method,enrolled_on\n" PERSON("010085700001", "02647")
                               PERSON("010085700002", "02647") PERSON("010085700003", "02671"));
    import("payments", "personal_id,paid_on,channel\n010085700001,2025-10-10,cash\n"
                       "010085700002,2025-10-10,cash\n010085700003,2025-10-10,cash\n");
    assert_true(people_wait_board(platform, "15", 3, WAIT_MS));
    PLAN(0, "define", "RES", "--name", "Theo kết quả", "--period", "year", "--from", "2025-01-01",
         "--until", "2025-12-31", "--measure", "new", "--target", "300", "--root", "15");
    PLAN(2, "cascade", "RES", "--to", "commune", "--unit", "15", "--results", "then");
    PLAN(2, "cascade", "RES", "--to", "commune", "--weights", "equal", "--results", "2025");
    PLAN(1, "cascade", "RES", "--to", "commune", "--unit", "15", "--results", "2009");
    SAYS("invalid_argument: ");
    PLAN(0, "cascade", "RES", "--to", "commune", "--unit", "15", "--results", "2025");
    PLAN(0, "get", "RES", "15");
    SAYS("  unit:02647                     200           2\n");
    SAYS("  unit:02671                     100           1\n");
}

static void it_is_locked_and_amended_by_two(void **state)
{
    (void)state;
    PLAN(0, "lock", "Q4", "--officer", "CB-1");
    put("scope,change,from\nunit:02647,10,unit:02671\n02680,5,\n");
    PLAN(1, "split", "Q4", path);
    SAYS("no column parent");
    PLAN(0, "amend", "Q4", path, "--reason", "Bổ sung", "--officer", "CB-1");
    SAYS("amendment 1, revision ");
    PLAN(1, "decide", "Q4", "1", "--officer", "CB-1");
    SAYS("failed_precondition: officer: ");
    PLAN(0, "decide", "Q4", "1", "--officer", "CB-2");
    PLAN(0, "get", "Q4", "15");
    SAYS("unit:15                          605");
    SAYS("  unit:02647                     510           5\n");
    SAYS(" by CB-1, approved by CB-2: Bổ sung\n");
    SAYS("  unit:02647                       +10  from unit:02671\n");
    PLAN(0, "rebase", "Q4", "--on", "2025-11-01", "--officer", "CB-1");
    SAYS("0 rows written");
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
    (void)state;
    PLAN(1, "get", "none");
    SAYS("not_found: plan_code: unknown plan");
    PLAN(1, "get", "Q4", "unit:01234");
    SAYS("not_found: scope.code");
    PLAN(2, "get", "Q4", "street:1");
    SAYS("street:1: want unit:15");
    PLAN(2, "define", "M", "--period", "week");
    SAYS("--period: \"week\" is none of the known values");
    PLAN(2, "define", "M", "--colour", "red");
    SAYS("--colour: unknown");
    PLAN(2, "lock", "Q4", "--officer");
    SAYS("--officer: want a value");
    PLAN(2, "list", "Q4");
    PLAN(2, "burn");
    PLAN(1, "define", "M", "--name", "Tháng", "--period", "month", "--from", "2025-10-02",
         "--until", "2025-10-31", "--measure", "stock", "--target", "5", "--root", "15");
    SAYS("invalid_argument: plan.from");
    PLAN(0, "define", "M", "--name", "Tháng", "--period", "month", "--from", "2025-10-01",
         "--until", "2025-10-31", "--measure", "stock", "--target", "5", "--root", "15");
    put("parent,scope,target\n15,02647,3\n15,99999,2\n");
    PLAN(1, "split", "M", path);
    SAYS("rows.csv:3: invalid_argument: children[1].scope.code: unknown code");
    put("parent,scope,target\n15,02647,3\n15,02671,1\n");
    PLAN(1, "split", "M", path);
    SAYS("rows.csv:2: invalid_argument: children: the targets below 15 add up to 4");
    put("parent,scope,target\n15,02647,many\n");
    PLAN(1, "split", "M", path);
    SAYS("rows.csv:2: target: \"many\" is no whole number in range");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_is_defined_and_divided_by_hand),
        cmocka_unit_test(weights_divide_what_is_undivided),
        cmocka_unit_test(results_of_a_year_divide_a_plan),
        cmocka_unit_test(it_is_locked_and_amended_by_two),
        cmocka_unit_test(what_is_wrong_is_said_with_its_line),
    };
    return !!cmocka_run_group_tests_name(__FILE__, tests, start, stop);
}
