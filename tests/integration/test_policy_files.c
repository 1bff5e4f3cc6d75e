/* ansinh policy check: files of the law, right and wrong, without a platform. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/platform.h"
#include "tests/support/policy_folder.h"

#define SAID_BYTES 1024

static const char *folder;
static char said[SAID_BYTES], file[POLICY_FOLDER_PATH_BYTES];

static int start(void **state)
{
    (void)state;
    folder = policy_folder_make();
    policy_folder_path("decree.txt", file);
    return setenv("ANSINH_POLICY", folder, 1);
}

static int stop(void **state)
{
    (void)state;
    policy_folder_remove();
    return 0;
}

static void assert_said(const char *words)
{
    if (strstr(said, words) == NULL)
        fail_msg("want \"%s\" in:\n%s", words, said);
}

/* Checks a document of few rows over the folder. */
static int check(const char *text)
{
    policy_folder_put("decree.txt", text);
    return platform_ansinh(NULL, said, "policy", "check", file, NULL);
}

static void a_folder_is_checked_as_a_whole(void **state)
{
    (void)state;
    assert_int_equal(platform_ansinh(NULL, said, "policy", "check", folder, NULL), 0);
    assert_said(" tables, digest ");
    policy_folder_change("poverty-line.json", "\"from\": \"2022-01-01\"",
                         "\"from\": \"2022-01-02\"");
    assert_int_equal(platform_ansinh(NULL, said, "policy", "check", folder, NULL), 1);
    assert_said("poverty-line.json: poverty_line row 1: a gap follows");
    policy_folder_change("poverty-line.json", "\"700000\"", "\"0\"");
    assert_int_equal(platform_ansinh(NULL, said, "policy", "check", folder, NULL), 1);
    assert_said("poverty-line.json: poverty_line row 1: vnd out of range");
    policy_folder_change("poverty-line.json", "\"povertyLine\"", "\"povertyLime\"");
    assert_int_equal(platform_ansinh(NULL, said, "policy", "check", folder, NULL), 1);
    assert_said("poverty-line.json: povertyLime");
    policy_folder_change("poverty-line.json", "", "");
}

/* All files named one by one are the same law as their folder. */
static void files_that_hold_every_table_are_a_whole(void **state)
{
    (void)state;
    char whole[SAID_BYTES], paths[10][POLICY_FOLDER_PATH_BYTES];
    static const char *const names[] = {
        "switches.json",     "reference-level.json",  "poverty-line.json", "pension.json",
        "methods.json",      "lump-sums.json",        "benefits.json",     "eligibility.json",
        "contribution.json", "household-health.json",
    };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        policy_folder_path(names[i], paths[i]);
    assert_int_equal(platform_ansinh(NULL, whole, "policy", "check", folder, NULL), 0);
    assert_int_equal(platform_ansinh(NULL, said, "policy", "check", paths[0], paths[1], paths[2],
                                     paths[3], paths[4], paths[5], paths[6], paths[7], paths[8],
                                     paths[9], NULL),
                     0);
    assert_string_equal(said, whole);
    /* twice the same table */
    assert_int_equal(platform_ansinh(NULL, said, "policy", "check", paths[0], paths[1], paths[2],
                                     paths[3], paths[4], paths[5], paths[6], paths[7], paths[8],
                                     paths[9], paths[0], NULL),
                     1);
    assert_said("stands in switches.json already");
}

static void a_few_rows_are_a_change(void **state)
{
    (void)state;
    assert_int_equal(check("{~povertyLine~:[{~from~:~2190-01-01~,~to~:~2190-12-31~,"
                           "~vnd~:~9000000~,~citation~:~Decree X~}]}"),
                     0);
    assert_said("decree.txt: fits");
    assert_said("cut        povertyLine  2,200,000 dong  2027-01-01 to 2189-12-31");
    assert_said("continued  povertyLine  2,200,000 dong  from 2191-01-01");
    assert_said("added      povertyLine  9,000,000 dong  2190-01-01 to 2190-12-31  Decree X");
    assert_int_equal(check("{~povertyLine~:[{~from~:~2022-01-01~,~vnd~:~1~,~citation~:~x~}]}"), 1);
    assert_said("decree.txt: poverty_line row 1: begins on 2022-01-01, must begin after today");
    assert_int_equal(check("{~support~:[{~from~:~2190-01-01~,~basisPoints~:1}]}"), 1);
    assert_said("decree.txt: support row 1: want a group");
    assert_int_equal(check("{}"), 1);
    assert_said("0 rows, want 1 to 128");
    assert_int_equal(check("not a document"), 1);
    assert_said("decree.txt");
}

/* The second one begins where the first one ends. */
static void changes_are_laid_one_over_the_other(void **state)
{
    (void)state;
    char second[POLICY_FOLDER_PATH_BYTES];
    policy_folder_path("second.txt", second);
    policy_folder_put("decree.txt", "{~incomeCoefficient~:[{~from~:~2190-01-01~,~to~:~2190-12-31~,"
                                    "~year~:2189,~coefficient~:~1~,~citation~:~x~}]}");
    policy_folder_put("second.txt", "{~incomeCoefficient~:[{~from~:~2191-01-01~,~year~:2189,"
                                    "~coefficient~:~1.05~,~citation~:~x~}]}");
    assert_int_equal(
        platform_ansinh(NULL, said, "policy", "check", file, second, "--over", folder, NULL), 0);
    assert_said("added  incomeCoefficient  2189  1.05  from 2191-01-01  x");
    /* with a gap between them */
    policy_folder_put("second.txt", "{~incomeCoefficient~:[{~from~:~2191-01-02~,~year~:2189,"
                                    "~coefficient~:~1.05~,~citation~:~x~}]}");
    assert_int_equal(
        platform_ansinh(NULL, said, "policy", "check", file, second, "--over", folder, NULL), 1);
    assert_said(
        "second.txt: income_coefficient row 1: income_coefficient: a gap before 2191-01-02");
}

static void wrong_usage_is_told(void **state)
{
    (void)state;
    assert_int_equal(platform_ansinh(NULL, said, "policy", NULL), 2);
    assert_said("usage: ansinh policy check");
    assert_int_equal(platform_ansinh(NULL, said, "policy", "burn", NULL), 2);
    assert_int_equal(platform_ansinh(NULL, said, "policy", "check", NULL), 2);
    assert_int_equal(platform_ansinh(NULL, said, "policy", "check", "--over", NULL), 2);
    assert_int_equal(platform_ansinh(NULL, said, "policy", "show", "--off", NULL), 2);
    assert_int_equal(platform_ansinh(NULL, said, "policy", "import", NULL), 2);
    assert_int_equal(platform_ansinh(NULL, said, "policy", "import", file, file, NULL), 2);
    assert_int_equal(platform_ansinh(NULL, said, "policy", "check", "/nonexistent/law.json", NULL),
                     1);
    assert_said("No such file");
    assert_int_equal(platform_ansinh(NULL, said, "policy", "import", "/nonexistent/law.json", NULL),
                     1);
    assert_int_equal(
        platform_ansinh(NULL, said, "policy", "check", file, "--over", "/nonexistent", NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_checked_as_a_whole),
        cmocka_unit_test(files_that_hold_every_table_are_a_whole),
        cmocka_unit_test(a_few_rows_are_a_change),
        cmocka_unit_test(changes_are_laid_one_over_the_other),
        cmocka_unit_test(wrong_usage_is_told),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
