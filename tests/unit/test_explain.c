#include "tests/support/test.h"

#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/explain.h"
#include "tests/support/said.h"

static const struct policy_row row = {.citation = "Law"};

/* The operands that a form names, a bit each. */
static unsigned operands_of(const char *form)
{
    unsigned named = 0;
    for (const char *at = strchr(form, '{'); at != NULL; at = strchr(at + 1, '{')) {
        assert_true(at[1] >= '0' && at[1] < '0' + EXPLAIN_OPERANDS_MAX && at[2] == '}');
        named |= 1u << (at[1] - '0');
    }
    return named;
}

static void every_text_has_its_words_in_both_languages(void **state)
{
    (void)state;
    for (enum explain_text text = 0; text < EXPLAIN_TEXTS; text++) {
        assert_non_null(explain_key(text));
        assert_true(strlen(explain_title(text, LANGUAGE_IS_EN)) > 0);
        assert_true(strlen(explain_title(text, LANGUAGE_IS_VI)) > 0);
        unsigned en = operands_of(explain_form(text, LANGUAGE_IS_EN));
        assert_int_equal(en, operands_of(explain_form(text, LANGUAGE_IS_VI)));
        assert_int_equal(en & (en + 1), 0); /* {0}, {1}, ... without a hole */
    }
}

/* With the longest numbers that a sum has; else its last words would be cut. */
static void every_sentence_fits(void **state)
{
    (void)state;
    struct explain_line line = {.n_operands = EXPLAIN_OPERANDS_MAX, .row = &row};
    for (size_t i = 0; i < EXPLAIN_OPERANDS_MAX; i++)
        line.operands[i] = (struct operand){OPERAND_VND, 999999999999};
    for (line.text = 0; line.text < EXPLAIN_TEXTS; line.text++) {
        char text[4 * EXPLANATION_BYTES];
        explain_format(&line, LANGUAGE_IS_EN, text, sizeof(text));
        assert_true(strlen(text) < EXPLANATION_BYTES);
        explain_format(&line, LANGUAGE_IS_VI, text, sizeof(text));
        assert_true(strlen(text) < EXPLANATION_BYTES);
    }
}

static void operands_are_written_as_the_language_writes_them(void **state)
{
    (void)state;
    static const struct {
        struct operand operand;
        const char *en, *vi;
    } cases[] = {
        {{OPERAND_VND, 1500000}, "1,500,000", "1.500.000"},
        {{OPERAND_PER_MILLION, 3100}, "0.31 %", "0,31 %"},
        {{OPERAND_PER_MILLION, 220000}, "22 %", "22 %"},
        {{OPERAND_MONTHS, 1}, "1 month", "1 tháng"},
        {{OPERAND_MONTHS, 3}, "3 months", "3 tháng"},
        {{OPERAND_YEARS, 15}, "15 years", "15 năm"},
        {{OPERAND_HALF_YEARS, 7}, "3.5", "3,5"},
        {{OPERAND_AGE, 723}, "60 years 3 months", "60 tuổi 3 tháng"},
        {{OPERAND_DURATION, 181}, "15 years 1 month", "15 năm 1 tháng"},
        {{OPERAND_COEFFICIENT, 229}, "2.29", "2,29"},
        {{OPERAND_COUNT, 14}, "14", "14"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct explain_lines lines = {.n = 0};
        explain_set_n(explain_next(&lines), TEXT_CENTRAL_SUPPORT_USED, 0, &row, &cases[i].operand,
                      1);
        assert_non_null(strstr(said(&lines.rows[0]), cases[i].en));
        assert_non_null(strstr(said_vi(&lines.rows[0]), cases[i].vi));
    }
}

static void days_and_months_are_written_as_dates(void **state)
{
    (void)state;
    struct explain_lines lines = {.n = 0};
    explain_add(&lines, TEXT_RETIREMENT_AGE, 0, &row, {OPERAND_AGE, 720},
                {OPERAND_MONTH, 2047 * 12 + 5});
    assert_string_equal(said(&lines.rows[0]), "60 years 0 months, reached in 2047-06");
    assert_string_equal(said_vi(&lines.rows[0]), "60 tuổi 0 tháng, đủ tuổi trong tháng 06/2047");
    lines.rows[0].operands[1] = (struct operand){OPERAND_DATE, date_make(2047, 6, 3)};
    assert_string_equal(said(&lines.rows[0]), "60 years 0 months, reached in 2047-06-03");
    assert_string_equal(said_vi(&lines.rows[0]), "60 tuổi 0 tháng, đủ tuổi trong tháng 03/06/2047");
}

static void words_are_cut_to_the_room(void **state)
{
    (void)state;
    struct explain_lines lines = {.n = 0};
    char text[12];
    explain_add(&lines, TEXT_CONTRIBUTION, 330000, &row, {OPERAND_PER_MILLION, 220000},
                {OPERAND_VND, 1500000}, {OPERAND_MONTHS, 1});
    assert_string_equal(said(&lines.rows[0]), "22 % x 1,500,000 x 1 month");
    explain_format(&lines.rows[0], LANGUAGE_IS_EN, text, sizeof(text));
    assert_string_equal(text, "22 % x 1,50");
    explain_format(&lines.rows[0], LANGUAGE_IS_EN, text, 1);
    assert_string_equal(text, "");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_text_has_its_words_in_both_languages),
    cmocka_unit_test(every_sentence_fits),
    cmocka_unit_test(operands_are_written_as_the_language_writes_them),
    cmocka_unit_test(days_and_months_are_written_as_dates),
    cmocka_unit_test(words_are_cut_to_the_room),
};

TEST_MAIN(tests)
