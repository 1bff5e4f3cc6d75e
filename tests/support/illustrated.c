#include "tests/support/test.h"

#include "tests/support/illustrated.h"

#include <string.h>

#include "tests/support/said.h"

struct illustration_request person(enum sex sex, const char *birth, int64_t income_vnd,
                                   const char *start, uint32_t paid_months)
{
    return (struct illustration_request){.sex = sex,
                                         .birth_day = day_of(birth),
                                         .on_day = day_of("2026-03-01"),
                                         .income_vnd = income_vnd,
                                         .start_month = month_of(start),
                                         .paid_months = paid_months};
}

static void lines_check(const struct explain_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++)
        assert_int_not_equal(lines->rows[i].row->citation[0], '\0');
}

const struct illustration *illustrate(const struct illustration_request *request)
{
    static struct illustration found;
    struct err err = {0};
    if (pension_illustrate(law, request, &found, &err) != 0)
        fail_msg("refused: %s: %s", err.field, err.text);
    lines_check(&found.lines);
    lines_check(&found.missing.lines);
    for (size_t i = 0; i < found.n_benefits; i++)
        lines_check(&found.benefits[i].lines);
    expect_sum(&found.before);
    expect_sum(&found.to_pay);
    expect_sum(&found.payment);
    expect_sum(&found.payment_later);
    expect_sum(&found.missing.cost);
    return &found;
}

void expect_refused(struct illustration_request request, const char *field, const char *words)
{
    static struct illustration found;
    struct err err = {0};
    assert_true(pension_illustrate(law, &request, &found, &err) < 0);
    assert_string_equal(err.field, field);
    if (strstr(err.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

void expect_line(const struct explain_lines *lines, size_t i, const char *key, int64_t amount_vnd,
                 const char *words)
{
    assert_true(i < lines->n);
    assert_string_equal(explain_key(lines->rows[i].text), key);
    assert_string_equal(said(&lines->rows[i]), words);
    assert_int_equal(lines->rows[i].amount_vnd, amount_vnd);
}

void expect_sum(const struct quote *sum)
{
    int64_t lines_vnd = 0;
    for (size_t i = 0; i < sum->lines.n; i++)
        lines_vnd += sum->lines.rows[i].amount_vnd;
    assert_int_equal(lines_vnd, sum->participant_vnd);
    assert_int_equal(sum->gross_vnd - sum->central_vnd - sum->local_vnd - sum->donor_vnd,
                     sum->participant_vnd);
    assert_true(sum->participant_vnd >= 0);
}
