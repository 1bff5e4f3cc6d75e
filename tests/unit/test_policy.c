#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/service/policy.h"

#define DEPLOYED "deploy/policy"
#define PATH_BYTES 128

static const char *const names[] = {
    "benefits.json",        "contribution.json", "eligibility.json", "household-health.json",
    "lump-sums.json",       "methods.json",      "pension.json",     "poverty-line.json",
    "reference-level.json", "switches.json"};

struct directory {
    char path[PATH_BYTES];
};

static void file_path(const struct directory *self, const char *name, char ret[2 * PATH_BYTES])
{
    (void)snprintf(ret, 2 * PATH_BYTES, "%s/%s", self->path, name);
}

static size_t file_get(const char *path, char *ret, size_t size)
{
    FILE *stream = fopen(path, "re");
    assert_non_null(stream);
    size_t len = fread(ret, 1, size - 1, stream);
    (void)fclose(stream);
    ret[len] = '\0';
    return len;
}

static void file_put(const char *path, const char *text)
{
    FILE *stream = fopen(path, "we");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

/* A copy of the deployed policy, to be broken. */
static int directory_create(void **state)
{
    struct directory *self = calloc(1, sizeof(*self));
    (void)snprintf(self->path, sizeof(self->path), "/tmp/test_policy.XXXXXX");
    assert_non_null(mkdtemp(self->path));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char from[2 * PATH_BYTES], to[2 * PATH_BYTES], text[16384];
        (void)snprintf(from, sizeof(from), DEPLOYED "/%s", names[i]);
        file_path(self, names[i], to);
        (void)file_get(from, text, sizeof(text));
        file_put(to, text);
    }
    *state = self;
    return 0;
}

static int directory_destroy(void **state)
{
    struct directory *self = *state;
    char path[2 * PATH_BYTES];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        file_path(self, names[i], path);
        (void)unlink(path);
    }
    file_path(self, "more.json", path);
    (void)unlink(path);
    assert_int_equal(rmdir(self->path), 0);
    free(self);
    return 0;
}

/* Replaces the first `old` of a file, loads, and expects a refusal whose text contains `said`. */
static void expect_refused(const struct directory *self, const char *name, const char *old,
                           const char *new, const char *words)
{
    char path[2 * PATH_BYTES], text[16384], broken[20000];
    file_path(self, name, path);
    (void)file_get(path, text, sizeof(text));
    char *at = strstr(text, old);
    if (at == NULL)
        fail_msg("%s has no %s", name, old);
    (void)snprintf(broken, sizeof(broken), "%.*s%s%s", (int)(at - text), text, new,
                   at + strlen(old));
    file_put(path, broken);
    struct policy *policy = NULL;
    struct err err = {0};
    assert_int_equal(policy_load(self->path, &policy, &err), -EINVAL);
    assert_null(policy);
    if (strstr(err.text, name) == NULL || strstr(err.text, words) == NULL)
        fail_msg("\"%s\" names not %s and \"%s\"", err.text, name, words);
    file_put(path, text);
}

static void the_deployed_policy_loads(void **state)
{
    (void)state;
    struct policy *policy = NULL;
    struct err err = {0};
    assert_int_equal(policy_load(DEPLOYED, &policy, &err), 0);
    const struct policy_table *line = &policy->tables[POLICY_POVERTY_LINE];
    assert_int_equal(line->n, 3);
    assert_int_equal(line->rows[2].value, 2200000);
    assert_int_equal(line->rows[2].from_day, date_make(2027, 1, 1));
    assert_int_equal(line->rows[2].to_day, INT32_MAX);
    const struct policy_table *support = &policy->tables[POLICY_SUPPORT];
    assert_int_equal(support->n, 9);
    assert_int_equal(support->rows[4].key, GROUP_POOR);
    assert_int_equal(support->rows[5].key, POLICY_SPECIAL_ZONE);
    assert_string_equal(support->rows[4].citation, "Decree 159/2025/ND-CP, article 5");
    assert_int_equal(policy->tables[POLICY_MINIMUM_AGE].rows[1].value, 15);
    assert_int_equal(policy->tables[POLICY_FUND_RATE].rows[1].value, 3100);
    policy_destroy(&policy);
    assert_null(policy);
    policy_destroy(&policy);
}

/* Every day from the first one with support on has one row of each table. */
static void no_day_since_2018_is_without_rules(void **state)
{
    (void)state;
    struct policy *policy = NULL;
    assert_int_equal(policy_load(DEPLOYED, &policy, NULL), 0);
    for (int32_t day = date_make(2018, 1, 1); day <= date_make(2030, 12, 31); day++) {
        for (enum support_group group = GROUP_POOR; group <= GROUP_OTHER; group++) {
            struct quote_request request = {
                .income_vnd = 5000000, .method = METHOD_IS_MONTHLY, .group = group, .on_day = day};
            struct quote quote;
            assert_int_equal(contribution_quote(policy, &request, &quote, NULL), 0);
            assert_int_equal(quote.gross_vnd, 1100000);
        }
        assert_int_equal(contribution_check_age(policy, date_make(2000, 1, 1), day, NULL), 0);
    }
    policy_destroy(&policy);
}

static void wrong_rows_are_refused_with_file_and_row(void **state)
{
    const struct directory *self = *state;
    const char *poverty = "poverty-line.json", *law = "contribution.json";
    expect_refused(self, poverty, "2022-01-01", "2021-12-31", "poverty_line row 1: overlaps row 2");
    expect_refused(self, poverty, "2022-01-01", "2022-01-02", "poverty_line row 1: a gap follows");
    expect_refused(self, poverty, "\"to\": \"2021-12-31\", ", "", "poverty_line row 1: overlaps");
    expect_refused(self, poverty, "2021-12-31", "2015-12-31", "row 1: ends before it begins");
    expect_refused(self, poverty, "2022-01-01", "2022-02-30", "row 2: \"from\" is not a date");
    expect_refused(self, poverty, "2026-12-31", "31.12.2026", "row 2: \"to\" is not a date");
    expect_refused(self, poverty, "Decree 07/2021/ND-CP", "", "row 2: no citation");
    expect_refused(self, poverty, "\"700000\"", "\"0\"", "row 1: vnd out of range");
    expect_refused(self, poverty, "\"vnd\": \"700000\"", "\"basisPoints\": 1", "row 1: no vnd");
    expect_refused(self, law, "SUPPORT_GROUP_NEAR_POOR", "SUPPORT_GROUP_NOBLE", "support[1].group");
    expect_refused(self, law, "SUPPORT_GROUP_NEAR_POOR", "SUPPORT_GROUP_UNSPECIFIED",
                   "support row 2: want a group");
    expect_refused(self, law, "\"SUPPORT_GROUP_NEAR_POOR\"", "17", "support row 2: want a group");
    expect_refused(self, law, "SUPPORT_GROUP_NEAR_POOR", "SUPPORT_GROUP_POOR",
                   "support row 1: overlaps row 2");
    expect_refused(self, law, "\"basisPoints\": 3000", "\"basisPoints\": 10001",
                   "support row 1: basis_points out of range, want 0 to 10000");
    expect_refused(self, law, "\"times\": 20", "\"years\": 20", "income_cap row 1: no times");
    expect_refused(self, law, "\"months\": 120", "\"months\": 0",
                   "support_months row 1: months out of range");
    expect_refused(self, law, "\"from\"", "\"frm\"", "frm");
    expect_refused(self, "lump-sums.json", "\"perMillion\": 3100", "\"basisPoints\": 31",
                   "fund_rate row 1: no perMillion");
    expect_refused(self, law, "{", "[", "");
}

static void what_does_not_belong_to_a_table_is_refused(void **state)
{
    const struct directory *self = *state;
    static const struct {
        const char *more, *said;
    } cases[] = {
        {"\"group\": 1", "a group"},       {"\"specialZone\": true", "specialZone"},
        {"\"rank\": 1", "a rank"},         {"\"province\": \"15\"", "a province"},
        {"\"bar\": 2", "a bar"},           {"\"sex\": \"SEX_MALE\"", "a sex"},
        {"\"fromYears\": 3", "fromYears"}, {"\"year\": 2008", "a year"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char row[128], said[128];
        (void)snprintf(row, sizeof(row), "\"years\": 15, %s", cases[i].more);
        (void)snprintf(said, sizeof(said), "minimum_age row 1: %s does not fit here",
                       cases[i].said);
        expect_refused(self, "eligibility.json", "\"years\": 15", row, said);
    }
    expect_refused(self, "contribution.json", "\"group\": \"SUPPORT_GROUP_POOR\"",
                   "\"specialZone\": true, \"group\": \"SUPPORT_GROUP_POOR\"",
                   "support row 1: a group does not fit here");
    expect_refused(self, "contribution.json", "\"SUPPORT_GROUP_NEAR_POOR\"", "5",
                   "support row 2: want a group");
}

static void wrong_bars_and_ranks_are_refused(void **state)
{
    const struct directory *self = *state;
    const char *joining = "eligibility.json", *health = "household-health.json";
    expect_refused(self, joining, "ELIGIBILITY_BAR_PENSION", "ELIGIBILITY_BAR_AGE",
                   "bar row 4: bar out of range");
    expect_refused(self, joining, "\"bar\": \"ELIGIBILITY_BAR_PENSION\", ", "",
                   "bar row 4: bar out of range");
    expect_refused(self, joining, "\"bar\": \"ELIGIBILITY_BAR_PENSION\"",
                   "\"years\": 3, \"bar\": \"ELIGIBILITY_BAR_PENSION\"",
                   "bar row 4: a value does not fit here");
    expect_refused(self, joining, "\"bar\": \"ELIGIBILITY_BAR_PENSION\"",
                   "\"repealed\": true, \"bar\": \"ELIGIBILITY_BAR_PENSION\"",
                   "bar row 4: a repeal is an amendment");
    expect_refused(self, health, "\"rank\": 5", "\"rank\": 6",
                   "health_share row 5: rank out of range, want 1 to 5");
    expect_refused(self, health, "\"rank\": 5, ", "", "health_share row 5: rank out of range");
    expect_refused(self, health, "\"rank\": 2", "\"rank\": 1", "row 1: overlaps row 2");
    expect_refused(self, health, "\"months\": 3", "\"months\": 6", "row 1: overlaps row 2");
    expect_refused(self, health, "\"months\": 3", "\"months\": 13",
                   "health_months row 1: months out");
}

static void wrong_ages_and_coefficients_are_refused(void **state)
{
    const struct directory *self = *state;
    const char *pension = "pension.json";
    static const char *const ages[] = {
        "", "60", "y", "60y12m", "60m", "60y3", "60y3mm", "x", "99999999999999999999y"};
    static const char *const coefficients[] = {"", "x", "2.", ".29", "2.2", "2.290", "2,29", "1e2"};
    char text[64];
    for (size_t i = 0; i < ARRAY_LEN(ages); i++) {
        (void)snprintf(text, sizeof(text), "\"%s\"", ages[i]);
        expect_refused(self, pension, "\"60y3m\"", text, "retirement_age row 2: want an age");
    }
    for (size_t i = 0; i < ARRAY_LEN(coefficients); i++) {
        (void)snprintf(text, sizeof(text), "\"%s\"", coefficients[i]);
        expect_refused(self, pension, "\"2.29\"", text, "row 1: want a coefficient");
    }
    expect_refused(self, pension, "\"2.29\"", "\"0.99\"",
                   "income_coefficient row 1: coefficient out of range");
    expect_refused(self, pension, "\"age\": \"60y3m\"", "\"years\": 60", "row 2: no age");
    expect_refused(self, pension, "\"coefficient\": \"2.29\"", "\"times\": 2",
                   "row 1: no coefficient");
    expect_refused(self, pension, "\"fromYears\": 15", "\"fromYears\": 100",
                   "pension_rate row 1: from_years out of range");
    expect_refused(self, pension, "\"sex\": \"SEX_FEMALE\", \"fromYears\": 15", "\"fromYears\": 15",
                   "pension_rate row 1: want a sex");
    expect_refused(self, pension, "\"year\": 2008, ", "",
                   "income_coefficient row 1: year out of range");
}

static void a_group_without_rows_is_refused(void **state)
{
    const struct directory *self = *state;
    char path[2 * PATH_BYTES];
    file_path(self, "contribution.json", path);
    char text[16384];
    (void)file_get(path, text, sizeof(text));
    char *at;
    while ((at = strstr(text, "\"group\": \"SUPPORT_GROUP_OTHER\"")) != NULL) {
        char *line = at;
        while (*line != '\n')
            line--;
        line[-1] = ' '; /* the comma before */
        char *end = strchr(at, '\n');
        memset(line + 1, ' ', (size_t)(end - line - 1));
        if (strncmp(end + 1, "    {", 5) == 0)
            line[1] = ',';
    }
    file_put(path, text);
    struct policy *policy = NULL;
    struct err err = {0};
    assert_int_equal(policy_load(self->path, &policy, &err), -EINVAL);
    assert_non_null(strstr(err.text, "contribution.json: support: no row for group 4"));
}

static void a_table_stands_in_one_file(void **state)
{
    const struct directory *self = *state;
    char path[2 * PATH_BYTES];
    file_path(self, "more.json", path);
    file_put(path,
             "{\"povertyLine\": [{\"from\": \"2030-01-01\", \"vnd\": 1, \"citation\": \"x\"}]}");
    struct policy *policy = NULL;
    struct err err = {0};
    assert_int_equal(policy_load(self->path, &policy, &err), -EINVAL);
    assert_non_null(strstr(err.text, "poverty-line.json: poverty_line stands in more.json"));
}

#define LOCAL(row)                                                                                 \
    "{\"localSupport\": [{\"from\": \"2026-01-01\", \"citation\": \"Resolution of a test\", " row  \
    "}]}"

static void a_provinces_rows_may_leave_days_out(void **state)
{
    const struct directory *self = *state;
    char path[2 * PATH_BYTES];
    file_path(self, "more.json", path);
    file_put(path,
             "{\"localAmount\": ["
             "{\"from\": \"2026-01-01\", \"to\": \"2026-03-31\", \"province\": \"15\", "
             "\"group\": \"SUPPORT_GROUP_POOR\", \"vnd\": \"10000\", \"citation\": \"test\"},"
             "{\"from\": \"2026-07-01\", \"province\": \"15\", \"group\": \"SUPPORT_GROUP_POOR\", "
             "\"vnd\": \"20000\", \"citation\": \"test\"},"
             "{\"from\": \"2026-01-01\", \"province\": \"01\", \"specialZone\": true, "
             "\"vnd\": \"30000\", \"citation\": \"test\"}]}");
    struct policy *policy = NULL;
    struct err err = {0};
    if (policy_load(self->path, &policy, &err) != 0)
        fail_msg("%s", err.text);
    int32_t key = policy_province_key(15, GROUP_POOR);
    assert_int_equal(policy_on(policy, POLICY_LOCAL_AMOUNT, key, date_make(2026, 3, 31))->value,
                     10000);
    assert_null(policy_on(policy, POLICY_LOCAL_AMOUNT, key, date_make(2026, 4, 1)));
    assert_int_equal(policy_on(policy, POLICY_LOCAL_AMOUNT, key, date_make(2026, 7, 1))->value,
                     20000);
    key = policy_province_key(1, POLICY_SPECIAL_ZONE);
    assert_int_equal(policy_on(policy, POLICY_LOCAL_AMOUNT, key, date_make(2026, 4, 1))->value,
                     30000);
    policy_destroy(&policy);
}

static void wrong_rows_of_provinces_are_refused(void **state)
{
    const struct directory *self = *state;
    static const struct {
        const char *row, *said;
    } cases[] = {
        {"\"group\": 4, \"basisPoints\": 1000", "row 1: want a province of two digits"},
        {"\"province\": \"1\", \"group\": 4, \"basisPoints\": 1000", "want a province"},
        {"\"province\": \"00\", \"group\": 4, \"basisPoints\": 1000", "want a province"},
        {"\"province\": \"1:\", \"group\": 4, \"basisPoints\": 1000", "want a province"},
        {"\"province\": \"150\", \"group\": 4, \"basisPoints\": 1000", "want a province"},
        {"\"province\": \"x1\", \"group\": 4, \"basisPoints\": 1000", "want a province"},
        {"\"province\": \"15\", \"basisPoints\": 1000", "row 1: want a group"},
        {"\"province\": \"15\", \"group\": 5, \"basisPoints\": 1000", "want a group"},
        {"\"province\": \"15\", \"group\": 4, \"basisPoints\": 10001", "basis_points out of"},
        {"\"province\": \"15\", \"group\": 4, \"vnd\": \"1000\"", "row 1: no basisPoints"},
        {"\"province\": \"15\", \"group\": 4, \"specialZone\": true, \"basisPoints\": 1",
         "a group does not fit here"},
    };
    char path[2 * PATH_BYTES], text[512];
    file_path(self, "more.json", path);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct policy *policy = NULL;
        struct err err = {0};
        (void)snprintf(text, sizeof(text), LOCAL("%s"), cases[i].row);
        file_put(path, text);
        assert_int_equal(policy_load(self->path, &policy, &err), -EINVAL);
        if (strstr(err.text, "more.json: local_support row 1: ") == NULL ||
            strstr(err.text, cases[i].said) == NULL)
            fail_msg("%s: \"%s\"", cases[i].row, err.text);
    }
    (void)unlink(path);
}

/* What is asked for outside the tables is refused with their first or last day, and whose it is. */
static void a_day_outside_the_tables_is_told_with_their_limit(void **state)
{
    (void)state;
    const struct policy_row *row;
    struct policy *policy = NULL;
    struct err err = {0};
    assert_int_equal(policy_load("deploy/policy", &policy, NULL), 0);
    assert_int_equal(
        policy_need(policy, POLICY_HEALTH_MONTHS, 0, date_make(2018, 11, 30), &row, &err), -ERANGE);
    assert_string_equal(err.field, "on");
    assert_string_equal(err.text, "the tables have no health_months for 2018-11-30: they begin on "
                                  "2018-12-01 (Decree 146/2018/ND-CP)");
    assert_int_equal(policy_need(policy, POLICY_METHOD_MONTHS, METHOD_IS_YEARLY,
                                 date_make(2015, 12, 31), &row, &err),
                     -ERANGE);
    assert_non_null(strstr(err.text, "they begin on 2016-01-01 (Law 58/2014/QH13, article 87(2))"));
    assert_int_equal(
        policy_need(policy, POLICY_FUTURE_YEARS_MIN, 0, date_make(2025, 6, 30), &row, &err),
        -ERANGE);
    assert_non_null(strstr(err.text, "(Law 41/2024/QH15, article 36(2); Decree 159/2025/ND-CP, "
                                     "articles 6 to 8)"));
    assert_int_equal(policy_need(policy, POLICY_INCOME_FLOOR, 0, date_make(2017, 1, 1), &row, &err),
                     -ERANGE);
    assert_non_null(strstr(err.text, "they end on 2015-12-31 (Law 71/2006/QH11, article 100(1))"));
    assert_int_equal(policy_need(policy, POLICY_COMMISSION, 1, date_make(2017, 1, 1), &row, &err),
                     -ERANGE);
    /* rows of that day are of others: no limit of theirs is told */
    assert_int_equal(policy_need(policy, POLICY_METHOD_MONTHS, METHOD_IS_FUTURE_YEARS,
                                 date_make(2025, 9, 1), &row, &err),
                     -ERANGE);
    assert_string_equal(err.text, "the tables have no method_months for 2025-09-01");
    policy_destroy(&policy);
}

static void a_missing_table_or_directory_is_told(void **state)
{
    const struct directory *self = *state;
    struct policy *policy = NULL;
    struct err err = {0};
    assert_int_equal(policy_load("/nonexistent/policy", &policy, &err), -ENOENT);
    char path[2 * PATH_BYTES];
    file_path(self, "poverty-line.json", path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(policy_load(self->path, &policy, &err), -EINVAL);
    assert_non_null(strstr(err.text, "poverty_line: 0 rows"));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        file_path(self, names[i], path);
        (void)unlink(path);
    }
    assert_int_equal(policy_load(self->path, &policy, &err), -ENOENT);
    assert_null(policy);
}

static void sizes_have_limits(void **state)
{
    const struct directory *self = *state;
    char path[2 * PATH_BYTES];
    file_path(self, "more.json", path);
    struct buf text;
    buf_init(&text, 2 * POLICY_FILE_MAX_BYTES);
    for (size_t i = 0; i <= POLICY_FILE_MAX_BYTES; i++)
        (void)buf_putc(&text, ' ');
    (void)buf_putc(&text, '\0');
    file_put(path, (const char *)text.data);
    struct policy *policy = NULL;
    struct err err = {0};
    assert_int_equal(policy_load(self->path, &policy, &err), -EFBIG);
    buf_reset(&text);
    (void)buf_puts(&text, "{\"povertyLine\":[{}");
    for (int i = 0; i < POLICY_ROWS_MAX; i++)
        (void)buf_puts(&text, ",{}");
    (void)buf_append(&text, "]}", 3);
    file_put(path, (const char *)text.data);
    buf_fini(&text);
    file_path(self, "poverty-line.json", path);
    (void)unlink(path);
    assert_int_equal(policy_load(self->path, &policy, &err), -EFBIG);
    assert_non_null(strstr(err.text, "more.json: poverty_line has more than 1024 rows"));
}

#define WITH_DIRECTORY(test)                                                                       \
    cmocka_unit_test_setup_teardown(test, directory_create, directory_destroy)

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_deployed_policy_loads),
    cmocka_unit_test(no_day_since_2018_is_without_rules),
    WITH_DIRECTORY(wrong_rows_are_refused_with_file_and_row),
    WITH_DIRECTORY(what_does_not_belong_to_a_table_is_refused),
    WITH_DIRECTORY(wrong_bars_and_ranks_are_refused),
    WITH_DIRECTORY(wrong_ages_and_coefficients_are_refused),
    WITH_DIRECTORY(a_group_without_rows_is_refused),
    WITH_DIRECTORY(a_table_stands_in_one_file),
    WITH_DIRECTORY(a_provinces_rows_may_leave_days_out),
    WITH_DIRECTORY(wrong_rows_of_provinces_are_refused),
    WITH_DIRECTORY(a_missing_table_or_directory_is_told),
    WITH_DIRECTORY(a_day_outside_the_tables_is_told_with_their_limit),
    WITH_DIRECTORY(sizes_have_limits),
};

TEST_MAIN(tests)
