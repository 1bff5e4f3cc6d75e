/* ansinh plan cascade: targets from the country to its communes, exact at every level. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/ansinh-plan-XXXXXX";
static char said[4096];

static void put(const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Exit status; what was printed is in said. */
static int cascade(const char *unit, const char *total)
{
    char command[1024];
    const char *build = getenv("O");
    (void)snprintf(command, sizeof(command),
                   "%s/bin/ansinh plan cascade --unit %s --year 2026 --total %s --units %s/units "
                   "--weights %s/weights 2>&1",
                   build == NULL ? "build" : build, unit, total, folder, folder);
    FILE *pipe = popen(command, "re");
    assert_non_null(pipe);
    said[fread(said, 1, sizeof(said) - 1, pipe)] = '\0';
    int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int begin(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    put("units", "code,parent_code,name\nVN,,\n15,VN,\n20,VN,\n02647,15,\n02671,15,\n02683,15,\n"
                 "05961,20,\n");
    put("weights", "unit_code,weight\n02647,5\n02671,3\n02683,1\n05961,9\n");
    return 0;
}

static void every_level_adds_up(void **state)
{
    (void)state;
    assert_int_equal(cascade("VN", "21"), 0);
    /* 21 by 9 : 9 is 10.5 each, the earlier one has the odd one; 11 by 5 : 3 : 1 is 6.1, 3.7, 1.2
     */
    assert_string_equal(said, "year,unit_code,participants\n2026,VN,21\n2026,15,11\n2026,20,10\n"
                              "2026,02647,6\n2026,02671,4\n2026,02683,1\n2026,05961,10\n");
}

static void a_province_alone(void **state)
{
    (void)state;
    assert_int_equal(cascade("15", "10"), 0);
    assert_string_equal(said, "year,unit_code,participants\n2026,15,10\n2026,02647,6\n"
                              "2026,02671,3\n2026,02683,1\n");
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    assert_int_equal(cascade("99", "10"), 1);
    assert_non_null(strstr(said, "--unit 99: no such unit"));
    assert_int_equal(cascade("15", "-1"), 2);
    assert_non_null(strstr(said, "--total"));
    put("weights", "unit_code,weight\n02647,many\n");
    assert_int_equal(cascade("15", "10"), 1);
    assert_non_null(strstr(said, "weights:2: weight"));
    put("weights", "unit_code,weight\n15,3\n");
    assert_int_equal(cascade("15", "10"), 1);
    assert_non_null(strstr(said, "units below it"));
    put("weights", "unit_code,weight\n05961,3\n");
    assert_int_equal(cascade("VN", "10"), 0);
    assert_int_equal(cascade("15", "10"), 1);
    assert_non_null(strstr(said, "no unit below 15 has a weight"));
    put("units", "code,parent_code\n02647,15\n15,VN\n");
    assert_int_equal(cascade("15", "10"), 1);
    assert_non_null(strstr(said, "before its parent"));
}

static int end(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    return system(command);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_level_adds_up),
    cmocka_unit_test(a_province_alone),
    cmocka_unit_test(what_is_wrong_is_named),
};

int main(void)
{
    return !!cmocka_run_group_tests_name(__FILE__, tests, begin, end);
}
