#include "tests/support/test.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "services/enrolment/enrolment_rules.h"
#include "tests/support/law.h"

#define TODAY "2025-11-30"

static struct declaration good(void)
{
    return (struct declaration){.personal_id = "010085123456",
                                .full_name = "Nguyễn Văn An",
                                .birth_date = "1985-05-17",
                                .phone = "",
                                .email = "",
                                .address = "",
                                .si_code = "",
                                .enrolled_on = "",
                                .sex = SEX_IS_MALE,
                                .support_group = GROUP_OTHER,
                                .method = METHOD_IS_MONTHLY,
                                .income_vnd = 1500000};
}

static void expect_taken(const struct declaration *in, struct declaration_facts *ret)
{
    struct err err = {0};
    if (declaration_check(law, in, day_of(TODAY), ret, &err) != 0)
        fail_msg("refused: %s: %s", err.field, err.text);
}

static void expect_refused(const struct declaration *in, int rc, const char *field,
                           const char *said)
{
    struct declaration_facts facts;
    struct err err = {0};
    assert_int_equal(declaration_check(law, in, day_of(TODAY), &facts, &err), rc);
    assert_string_equal(err.field, field);
    if (strstr(err.text, said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, said);
    assert_int_equal(declaration_check(law, in, day_of(TODAY), &facts, NULL), rc);
}

static void the_least_that_is_enough(void **state)
{
    (void)state;
    struct declaration in = good();
    struct declaration_facts facts;
    memset(&facts, 0x5a, sizeof(facts));
    expect_taken(&in, &facts);
    assert_int_equal(facts.birth_day, day_of("1985-05-17"));
    assert_int_equal(facts.enrolled_day, day_of(TODAY));
    assert_string_equal(facts.phone, "");
    assert_int_equal(facts.warnings.n, 0);
}

static void everything_that_may_be_said(void **state)
{
    (void)state;
    struct declaration in = good();
    struct declaration_facts facts;
    in.personal_id = "003085123456"; /* no such province */
    in.phone = "0912345678";
    in.email = "an@example.vn";
    in.address = "Tổ 3, phường Lào Cai";
    in.si_code = "0123456789";
    in.enrolled_on = "2025-11-01";
    in.language = 2;
    expect_taken(&in, &facts);
    assert_string_equal(facts.phone, "+84912345678");
    assert_int_equal(facts.enrolled_day, day_of("2025-11-01"));
    assert_int_equal(facts.warnings.n, 1);
    assert_non_null(strstr(facts.warnings.texts[0], "personal_id: the birth province"));
}

static void what_a_quote_warns_of_is_remarked(void **state)
{
    (void)state;
    struct declaration in = good();
    struct declaration_facts facts;
    expect_taken(&in, &facts);
    assert_int_equal(facts.warnings.n, 0);
    in.income_vnd = 1510000;
    expect_taken(&in, &facts);
    assert_int_equal(facts.warnings.n, 1);
    assert_string_equal(facts.warnings.texts[0],
                        "income_vnd: 1,510,000 is not in the steps of 50,000 from 1,500,000 to "
                        "46,800,000; the next lower is 1,500,000 (Decree 134/2015/ND-CP)");
    in.birth_date = "1955-05-17";
    in.personal_id = "010055123456";
    in.method = METHOD_IS_FUTURE_YEARS;
    in.months = 24;
    expect_refused(&in, -EINVAL, "method", "pay 1 to 60 missing months at once instead");
    struct policy_table *switches = &law->tables[POLICY_SWITCHES];
    for (size_t i = 0; i < switches->n; i++)
        if (switches->rows[i].key == SWITCH_YEARS_AHEAD_AT_RETIREMENT)
            switches->rows[i].value = CHOICE_WARN;
    expect_taken(&in, &facts);
    assert_int_equal(facts.warnings.n, 2);
    assert_non_null(
        strstr(facts.warnings.texts[1], "method: retirement age in 2015-05: up to 60 months"));
    assert_non_null(strstr(facts.warnings.texts[1], "(Law 41/2024/QH15, article 36(2)"));
}

static void dates_are_dates_and_not_in_the_future(void **state)
{
    (void)state;
    struct declaration in = good();
    struct declaration_facts facts;
    in.birth_date = "";
    expect_refused(&in, -EINVAL, "birth_date", "YYYY-MM-DD");
    in.birth_date = "1985-02-29";
    expect_refused(&in, -EINVAL, "birth_date", "YYYY-MM-DD");
    in.birth_date = "2025-12-01";
    expect_refused(&in, -EINVAL, "birth_date", "the date is in the future");
    in.birth_date = TODAY; /* a date, only too young */
    in.personal_id = "010225123456";
    expect_refused(&in, -EINVAL, "birth_date", "article 2");
    in = good();
    in.enrolled_on = "2025-11-31";
    expect_refused(&in, -EINVAL, "enrolled_on", "YYYY-MM-DD");
    in.enrolled_on = "2025-12-01";
    expect_refused(&in, -EINVAL, "enrolled_on", "the date is in the future");
    in.enrolled_on = TODAY;
    expect_taken(&in, &facts);
    assert_int_equal(facts.enrolled_day, day_of(TODAY));
}

static void the_person_is_checked_field_by_field(void **state)
{
    (void)state;
    struct declaration in = good();
    in.sex = SEX_UNKNOWN;
    expect_refused(&in, -EINVAL, "sex", "SEX_FEMALE or SEX_MALE");
    in.sex = 3;
    expect_refused(&in, -EINVAL, "sex", "SEX_FEMALE or SEX_MALE");
    in.sex = -1;
    expect_refused(&in, -EINVAL, "sex", "SEX_FEMALE or SEX_MALE");
    in.sex = SEX_IS_FEMALE;
    expect_refused(&in, -EINVAL, "personal_id", "other sex");
    in = good();
    in.personal_id = "01008512345";
    expect_refused(&in, -EINVAL, "personal_id", "12 digits");
    in = good();
    in.full_name = " ";
    expect_refused(&in, -EINVAL, "full_name", "");
    in = good();
    in.phone = "0212345678";
    expect_refused(&in, -EINVAL, "phone", "mobile");
    in = good();
    in.email = "an@example";
    expect_refused(&in, -EINVAL, "email", "");
    in = good();
    in.si_code = "012345678";
    expect_refused(&in, -EINVAL, "si_code", "10 digits");
    in.full_name = ""; /* the first wrong field is told */
    expect_refused(&in, -EINVAL, "full_name", "");
}

static void an_address_has_at_most_200_characters(void **state)
{
    (void)state;
    char address[3 * ENROLMENT_ADDRESS_MAX_CHARS + 8] = "";
    struct declaration in = good();
    struct declaration_facts facts;
    in.address = address;
    for (size_t i = 0; i < ENROLMENT_ADDRESS_MAX_CHARS; i++)
        memcpy(address + 3 * i, "ế", 4);
    expect_taken(&in, &facts);
    memcpy(address + strlen(address), "x", 2);
    expect_refused(&in, -EINVAL, "address", "200 characters");
    in.address = "Lào Cai \xc3";
    expect_refused(&in, -EINVAL, "address", "UTF-8");
}

static void choices_are_of_the_known_ones(void **state)
{
    (void)state;
    static const int wrong_methods[] = {INT_MIN, -1, 0, 7, INT_MAX};
    static const int wrong_groups[] = {INT_MIN, -1, 0, 5, INT_MAX};
    static const int wrong_languages[] = {INT_MIN, -1, 3, INT_MAX};
    struct declaration in = good();
    struct declaration_facts facts;
    for (in.method = METHOD_IS_MONTHLY; in.method <= METHOD_IS_YEARLY; in.method++)
        expect_taken(&in, &facts);
    in = good();
    for (in.support_group = GROUP_POOR; in.support_group <= GROUP_OTHER; in.support_group++)
        expect_taken(&in, &facts);
    in = good();
    for (in.language = 0; in.language <= 2; in.language++)
        expect_taken(&in, &facts);
    in = good();
    for (size_t i = 0; i < ARRAY_LEN(wrong_methods); i++) {
        in.method = wrong_methods[i];
        expect_refused(&in, -EINVAL, "method", "METHOD_MONTHLY");
    }
    in = good();
    for (size_t i = 0; i < ARRAY_LEN(wrong_groups); i++) {
        in.support_group = wrong_groups[i];
        expect_refused(&in, -EINVAL, "support_group", "SUPPORT_GROUP_POOR");
    }
    in = good();
    for (size_t i = 0; i < ARRAY_LEN(wrong_languages); i++) {
        in.language = wrong_languages[i];
        expect_refused(&in, -EINVAL, "language", "LANGUAGE_VI");
    }
}

static void the_income_fits_the_rules_of_the_day_of_enrolment(void **state)
{
    (void)state;
    struct declaration in = good();
    struct declaration_facts facts;
    in.income_vnd = 1499999;
    expect_refused(&in, -ERANGE, "income_vnd", "too low");
    in.income_vnd = 46800000;
    expect_taken(&in, &facts);
    in.income_vnd = 46800001;
    expect_refused(&in, -ERANGE, "income_vnd", "too high");
    in.income_vnd = INT64_MIN;
    expect_refused(&in, -ERANGE, "income_vnd", "too low");
    in.income_vnd = INT64_MAX;
    expect_refused(&in, -ERANGE, "income_vnd", "too high");
    /* the cap of June 2023: 20 x 1,490,000 */
    in.enrolled_on = "2023-06-30";
    in.income_vnd = 29800000;
    expect_taken(&in, &facts);
    in.income_vnd = 29800001;
    expect_refused(&in, -ERANGE, "income_vnd", "too high");
}

/* Law 41/2024/QH15, article 2(4) */
static void what_keeps_a_person_out_is_named_with_its_law(void **state)
{
    (void)state;
    static const struct {
        enum eligibility_bar bar;
        const char *field, *said;
    } cases[] = {
        {BAR_COMPULSORY_SI, "in_compulsory_si", "takes part in compulsory social insurance"},
        {BAR_PENSION, "draws_pension", "draws a pension"},
        {BAR_ALLOWANCE, "draws_allowance", "draws a monthly social insurance allowance"},
        {BAR_FOREIGN_CITIZEN, "foreign_citizen", "is not a citizen of Viet Nam"}};
    struct declaration in;
    struct declaration_facts facts;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        in = good();
        in.has[cases[i].bar] = 1;
        expect_refused(&in, -EINVAL, cases[i].field, cases[i].said);
        expect_refused(&in, -EINVAL, cases[i].field, "Law 41/2024/QH15, article 2(4)");
    }
    in = good();
    in.has[BAR_PENSION] = 1; /* no bar before July 2025 */
    in.enrolled_on = "2025-06-30";
    expect_taken(&in, &facts);
}

static void an_unusual_income_is_a_warning(void **state)
{
    (void)state;
    struct declaration in = good();
    struct declaration_facts facts;
    in.income_vnd = 1530000;
    in.personal_id = "003085123456"; /* and so is the birth province */
    expect_taken(&in, &facts);
    assert_int_equal(facts.warnings.n, 2);
    assert_non_null(strstr(facts.warnings.texts[1], "income_vnd: "));
    assert_non_null(strstr(facts.warnings.texts[1], "(Decree 134/2015/ND-CP)"));
    in.enrolled_on = "2025-06-30"; /* then it was no choice */
    expect_refused(&in, -ERANGE, "income_vnd", "Decree 134/2015");
}

static void a_lump_sum_is_declared_with_its_months(void **state)
{
    (void)state;
    struct declaration in = good();
    struct declaration_facts facts;
    in.months = 3;
    expect_refused(&in, -EINVAL, "months", "1 month");
    in.method = METHOD_IS_QUARTERLY;
    expect_taken(&in, &facts);
    assert_int_equal(facts.lump_months, 0);
    in.method = METHOD_IS_FUTURE_YEARS;
    expect_refused(&in, -EINVAL, "months", "24 to 60 months");
    in.months = 0;
    expect_refused(&in, -EINVAL, "months", "24 to 60 months");
    in.months = 36;
    expect_taken(&in, &facts);
    assert_int_equal(facts.lump_months, 36);
}

/* A man born in March 1964 reaches 61 years and 3 months in June 2025. */
static void missing_months_are_for_those_at_retirement_age(void **state)
{
    (void)state;
    struct declaration in = good();
    struct declaration_facts facts;
    in.personal_id = "010064123456";
    in.birth_date = "1964-03-31";
    in.method = METHOD_IS_MISSING_MONTHS;
    in.months = 60;
    expect_taken(&in, &facts);
    assert_int_equal(facts.lump_months, 60);
    in.months = 61;
    expect_refused(&in, -EINVAL, "months", "1 to 60");
    in.months = 0;
    expect_refused(&in, -EINVAL, "months", "1 to 60");
    in = good();
    in.method = METHOD_IS_MISSING_MONTHS;
    in.months = 12;
    expect_refused(&in, -EINVAL, "method", "from 2047-04 on");
}

static void a_day_before_the_tables_names_the_field_of_the_declaration(void **state)
{
    (void)state;
    struct declaration in = good();
    in.enrolled_on = "2015-12-31";
    expect_refused(&in, -ERANGE, "enrolled_on", "2015-12-31");
}

static void nobody_enrols_before_15(void **state)
{
    (void)state;
    struct declaration in = good();
    struct declaration_facts facts;
    in.personal_id = "010210123456";
    in.birth_date = "2010-11-30";
    expect_taken(&in, &facts);
    in.birth_date = "2010-12-01";
    expect_refused(&in, -EINVAL, "birth_date", "15");
    /* the day of enrolment counts and not today */
    in.birth_date = "2010-11-30";
    in.enrolled_on = "2025-11-29";
    expect_refused(&in, -EINVAL, "birth_date", "15");
}

#define WITH_POLICY(test) cmocka_unit_test_setup_teardown(test, law_open, law_close)

static const struct CMUnitTest tests[] = {
    WITH_POLICY(the_least_that_is_enough),
    WITH_POLICY(everything_that_may_be_said),
    WITH_POLICY(what_a_quote_warns_of_is_remarked),
    WITH_POLICY(dates_are_dates_and_not_in_the_future),
    WITH_POLICY(the_person_is_checked_field_by_field),
    WITH_POLICY(an_address_has_at_most_200_characters),
    WITH_POLICY(choices_are_of_the_known_ones),
    WITH_POLICY(the_income_fits_the_rules_of_the_day_of_enrolment),
    WITH_POLICY(what_keeps_a_person_out_is_named_with_its_law),
    WITH_POLICY(an_unusual_income_is_a_warning),
    WITH_POLICY(a_lump_sum_is_declared_with_its_months),
    WITH_POLICY(missing_months_are_for_those_at_retirement_age),
    WITH_POLICY(a_day_before_the_tables_names_the_field_of_the_declaration),
    WITH_POLICY(nobody_enrols_before_15),
};

TEST_MAIN(tests)
