/* A plan of a whole country, 34 provinces and 3,321 communes, cascaded in one step: exact, and
 * fast. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/support/platform.h"

#define PROVINCES 34
#define COMMUNES 3321
#define CASCADE_MAX_MS 2000
#define WAIT_MS 60000

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static char said[PLATFORM_SAID_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 1});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static void import(const char *kind, void (*write)(FILE *file))
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s.csv", platform_directory(platform), kind);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    write(file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(platform_ansinh(platform, said, "import", kind, path, NULL), 0);
}

static void write_units(FILE *file)
{
    (void)fputs("code,parent_code,level,name\n", file);
    for (int i = 0; i < PROVINCES; i++)
        (void)fprintf(file, "%02d,,province,Tỉnh %d\n", i + 1, i + 1);
    for (int i = 0; i < COMMUNES; i++)
        (void)fprintf(file, "%05d,%02d,commune,Xã %d\n", 10000 + i, i % PROVINCES + 1, i);
}

static void write_people(FILE *file)
{
    (void)fputs("unit_code,kind,on,value\n", file);
    for (int i = 0; i < COMMUNES; i++)
        (void)fprintf(file, "%05d,population,2025-01-01,%d\n", 10000 + i, 3000 + i * 7919 % 25000);
}

/* The sum over the children of a unit, and its own target. */
static long long read_split(const char *plan, const char *unit, long long *ret_own, int *ret_n)
{
    long long sum = 0;
    *ret_n = 0;
    assert_int_equal(platform_call(platform, NULL, "Plans/GetPlan", answer,
                                   "{\"planCode\":\"%s\",\"scope\":{\"kind\":1,\"code\":\"%s\"}}",
                                   plan, unit),
                     0);
    const char *own = strstr(answer, "},\"scope\":"), *children = strstr(answer, "\"children\":");
    assert_true(own != NULL && children != NULL);
    *ret_own = strtoll(strstr(own, "\"target\":\"") + 10, NULL, 10);
    for (const char *at = strstr(children, "\"target\":\""); at != NULL;
         at = strstr(at + 1, "\"target\":\"")) {
        sum += strtoll(at + 10, NULL, 10);
        (*ret_n)++;
    }
    return sum;
}

static void expect_exact(const char *plan, long long total, int n_provinces)
{
    long long own, n_communes = 0, all = 0;
    int n;
    assert_int_equal(read_split(plan, "VN", &own, &n), total);
    assert_int_equal(own, total);
    assert_int_equal(n, n_provinces);
    for (int i = 0; i < n_provinces; i++) {
        char code[8];
        (void)snprintf(code, sizeof(code), "%02d", i + 1);
        long long sum = read_split(plan, code, &own, &n);
        assert_int_equal(sum, own);
        all += sum;
        n_communes += n;
    }
    assert_int_equal(all, total);
    assert_int_equal(n_communes, COMMUNES);
}

static void cascade(const char *plan, const char *total, const char *weights)
{
    assert_int_equal(
        platform_call(platform, NULL, "Plans/DefinePlan", answer,
                      "{\"plan\":{\"code\":\"%s\",\"name\":\"K\",\"product\":1,\"period\":1,"
                      "\"from\":\"2026-01-01\",\"until\":\"2026-12-31\",\"counts\":2,"
                      "\"measure\":1,\"root\":{\"kind\":1,\"code\":\"VN\"},\"target\":\"%s\"}}",
                      plan, total),
        0);
    int64_t begin_ms = clock_mono_ms();
    int code =
        platform_call(platform, NULL, "Plans/CascadePlan", answer,
                      "{\"planCode\":\"%s\",\"downTo\":3,\"weights\":\"%s\"}", plan, weights);
    int64_t took_ms = clock_mono_ms() - begin_ms;
    if (code != 0)
        fail_msg("%s", answer);
    print_message("%s of %s: %lld ms\n", plan, total, (long long)took_ms);
    assert_true(took_ms < CASCADE_MAX_MS);
    expect_exact(plan, strtoll(total, NULL, 10), PROVINCES);
}

static void a_country_is_divided_exactly(void **state)
{
    (void)state;
    import("units", write_units);
    import("denominators", write_people);
    cascade("A", "78275", "PLAN_WEIGHTS_POPULATION");
    cascade("B", "1234567", "PLAN_WEIGHTS_POPULATION");
    cascade("C", "1234567", "PLAN_WEIGHTS_EQUAL");
    cascade("D", "7", "PLAN_WEIGHTS_EQUAL");
}

/* Locked, amended at its far end: the whole country's sums still hold. */
static void an_amendment_holds_up_to_the_country(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Plans/LockPlan", answer,
                                   "{\"planCode\":\"B\",\"officer\":\"CB-1\"}"),
                     0);
    assert_int_equal(
        platform_call(platform, NULL, "Plans/AmendPlan", answer,
                      "{\"planCode\":\"B\",\"moves\":[{\"scope\":{\"kind\":1,\"code\":\"10000\"},"
                      "\"change\":33},{\"scope\":{\"kind\":1,\"code\":\"10001\"},\"change\":5,"
                      "\"from\":{\"kind\":1,\"code\":\"10002\"}}],\"reason\":\"x\","
                      "\"officer\":\"CB-1\"}"),
        0);
    assert_int_equal(platform_call(platform, NULL, "Plans/DecideAmendment", answer,
                                   "{\"planCode\":\"B\",\"number\":1,\"officer\":\"CB-2\"}"),
                     0);
    expect_exact("B", 1234600, PROVINCES);
}

static void write_moved(FILE *file)
{
    (void)fputs("code,parent_code,level,name\n", file);
    for (int i = PROVINCES - 1; i < COMMUNES; i += PROVINCES)
        (void)fprintf(file, "%05d,%02d,commune,Xã %d\n", 10000 + i, PROVINCES - 1, i);
}

static void write_successor(FILE *file)
{
    (void)fprintf(file, "old_code,new_code,share_per_million,on\n%02d,%02d,1000000,2026-07-01\n",
                  PROVINCES, PROVINCES - 1);
}

/* The last province goes into the one before it, whose communes all keep their codes. */
static void a_merged_province_takes_its_communes_along(void **state)
{
    (void)state;
    import("units", write_moved);
    import("successors", write_successor);
    assert_int_equal(platform_call(platform, NULL, "Plans/RebasePlan", answer,
                                   "{\"planCode\":\"B\",\"on\":\"2026-07-01\","
                                   "\"officer\":\"CB-1\"}"),
                     0);
    expect_exact("B", 1234600, PROVINCES - 1);
}

static int is_verified(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, said, "verify", NULL) == 0 &&
           strstr(said, " 0 differences") != NULL;
}

static void the_ledger_is_what_the_journal_says(void **state)
{
    (void)state;
    if (!wait_until(platform, is_verified, NULL, WAIT_MS))
        fail_msg("%s", said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_country_is_divided_exactly),
        cmocka_unit_test(an_amendment_holds_up_to_the_country),
        cmocka_unit_test(a_merged_province_takes_its_communes_along),
        cmocka_unit_test(the_ledger_is_what_the_journal_says),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
