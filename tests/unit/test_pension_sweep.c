/* Illustrations of everybody: no gap, nothing that goes backwards, and the same numbers as a slow
 * model that pays month by month and knows the law by heart. */
#include "tests/support/test.h"

#include <string.h>

#include "common/domain/calendar.h"
#include "tests/support/illustrated.h"

#define MONTHS 12
#define PEOPLE 20000

static struct illustration found;

/* --- every birth month, both sexes, every month --- */

static int32_t pension_month_of(enum sex sex, int32_t birth_month, int32_t on_month)
{
    struct illustration_request request = {.sex = sex,
                                           .birth_day = month_first_day(birth_month),
                                           .on_day = month_first_day(on_month),
                                           .income_vnd = 5000000};
    struct err err = {0};
    int rc = pension_illustrate(law, &request, &found, &err);
    if (birth_month + 15 * MONTHS > on_month) {
        assert_string_equal(err.field, "birth_date"); /* too young */
        return 0;
    }
    if (rc != 0)
        fail_msg("sex %d, born %d, on %d: %s: %s", (int)sex, birth_month, on_month, err.field,
                 err.text);
    assert_true(found.pension_month > on_month);
    assert_true(found.months >= found.required_years * MONTHS);
    assert_true(found.rate_basis_points >= 4000 && found.rate_basis_points <= 7500);
    assert_int_equal(found.average_vnd, 5000000);
    assert_int_equal(found.before.months, 0);
    assert_int_equal(found.to_pay.months, found.months);
    return found.pension_month;
}

static void everybody_is_answered_on_every_day(void **state)
{
    (void)state;
    int32_t first = month_of("1955-01"), last = month_of("2010-12");
    for (int32_t on = month_of("2016-01"); on <= month_of("2035-12"); on++) {
        for (enum sex sex = SEX_IS_FEMALE; sex <= SEX_IS_MALE; sex++) {
            int32_t before = 0;
            for (int32_t birth = first; birth <= last; birth++) {
                int32_t month = pension_month_of(sex, birth, on);
                assert_true(month == 0 || month >= before); /* a later birth is never earlier */
                before = month;
            }
        }
    }
}

/* --- more months never bring less --- */

static void more_months_never_bring_less(void **state)
{
    (void)state;
    for (enum sex sex = SEX_IS_FEMALE; sex <= SEX_IS_MALE; sex++) {
        struct illustration_request request = person(sex, "1978-02-11", 5000000, "2050-01", 0);
        int64_t monthly_vnd = 0, lump_vnd = 0, survivor_vnd = 0;
        int32_t month = INT32_MAX;
        request.on_day = day_of("2050-01-01");
        for (uint32_t paid = 0; paid <= 276; paid++) { /* since 2027: coefficients of 1 */
            request.paid_months = paid;
            const struct illustration *all = illustrate(&request);
            assert_true(all->monthly_vnd >= monthly_vnd);
            assert_true(all->lump_vnd >= lump_vnd);
            assert_true(all->benefits[2].amount_vnd >= survivor_vnd);
            assert_true(all->pension_month <= month);
            monthly_vnd = all->monthly_vnd;
            lump_vnd = all->lump_vnd;
            survivor_vnd = all->benefits[2].amount_vnd;
            month = all->pension_month;
        }
    }
}

static void more_months_never_mean_a_lower_share(void **state)
{
    (void)state;
    for (int32_t day = day_of("2016-01-01"); day <= day_of("2035-12-31"); day += 31) {
        for (enum sex sex = SEX_IS_FEMALE; sex <= SEX_IS_MALE; sex++) {
            int64_t share = 0, lump_vnd = 0;
            uint32_t first = day < day_of("2025-07-01") ? 240 : 180;
            for (uint32_t months = first; months <= 720; months++) {
                const struct policy_row *row;
                struct explain_lines lines = {0};
                int64_t now, now_vnd;
                assert_int_equal(pension_rate(law, sex, months, day, &now, &row, NULL), 0);
                struct pension_lump_request lump = {sex, months, 0, day, 5000000};
                assert_int_equal(pension_lump(law, &lump, &lines, &now_vnd, NULL), 0);
                assert_true(now >= share && now <= 7500);
                assert_true(now_vnd >= lump_vnd);
                share = now;
                lump_vnd = now_vnd;
            }
            assert_int_equal(share, 7500);
        }
    }
}

/* --- the slow model --- */

static uint64_t seed = 88172645463325252ULL;

static uint64_t random_below(uint64_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % n;
}

/* Three months a year more for men until 62, four for women until 60, from 2021 on. */
static int32_t age_in(enum sex sex, int32_t year)
{
    int32_t years = year < 2021 ? 0 : year - 2020;
    int32_t months = sex == SEX_IS_MALE ? 60 * MONTHS + 3 * years : 55 * MONTHS + 4 * years;
    return MIN(months, sex == SEX_IS_MALE ? 62 * MONTHS : 60 * MONTHS);
}

static int32_t age_month(enum sex sex, int32_t birth_month)
{
    int32_t month = birth_month;
    while (month - birth_month < age_in(sex, month / MONTHS))
        month++;
    return month;
}

static int64_t coefficient(int32_t year)
{
    static const int64_t since_2008[] = {229, 214, 196, 165, 151, 142, 136, 136, 132, 128,
                                         123, 120, 116, 114, 111, 107, 103, 100, 100};
    return year > 2026 ? 100 : since_2008[year - 2008];
}

static int64_t halves_of(uint32_t months)
{
    uint32_t odd = months % MONTHS;
    return months / MONTHS * 2 + (odd > 6 ? 2 : odd > 0 ? 1 : 0);
}

static int64_t share_of(enum sex sex, uint32_t months)
{
    int64_t halves = halves_of(months);
    int64_t share = sex == SEX_IS_MALE ? 4000 : 4500;
    for (int64_t half = 30; half < halves; half++)
        share += sex == SEX_IS_MALE && half < 40 ? 50 : 100;
    if (sex == SEX_IS_MALE && halves >= 40)
        share = 4500 + (halves - 40) * 100;
    return MIN(share, 7500);
}

static int64_t line_of(int32_t month)
{
    return month < 2022 * MONTHS ? 700000 : month < 2027 * MONTHS ? 1500000 : 2200000;
}

/* Central support of one month, by the rules of a month. */
static int64_t support_of(enum support_group group, int32_t month)
{
    static const int64_t before[] = {0, 30, 25, 10, 10}, since[] = {0, 50, 40, 30, 20};
    if (month < 2018 * MONTHS)
        return 0;
    return line_of(month) * 22 * (month < 2025 * MONTHS + 6 ? before : since)[group] / 10000;
}

struct model {
    int32_t pension_month;
    uint32_t months, to_go;
    int64_t average_vnd, monthly_vnd, lump_vnd, before_net_vnd, net_vnd;
};

/* Pays month after month until it is enough. */
static int32_t last_paid(int32_t eve, uint32_t paid, int32_t age, uint32_t needed)
{
    while (eve < age || paid < needed) {
        eve++;
        paid++;
    }
    return eve;
}

static void pay(struct model *self, const struct illustration_request *request)
{
    uint32_t supported = 0;
    int32_t on_month = month_of_day(request->on_day);
    for (size_t i = 0; i < request->history.n; i++) {
        const struct paid_run *run = &request->history.runs[i];
        for (uint32_t k = 0; k < run->months; k++) {
            int32_t month = run->from_month + (int32_t)k;
            int64_t given_vnd = supported < 120 ? support_of(request->group, month) : 0;
            int64_t rate = month < 2010 * MONTHS   ? 16
                           : month < 2012 * MONTHS ? 18
                           : month < 2014 * MONTHS ? 20
                                                   : 22;
            supported += given_vnd > 0;
            self->before_net_vnd += run->income_vnd * rate / 100 - given_vnd;
        }
    }
    for (uint32_t k = 0; k < self->to_go; k++) {
        int64_t given_vnd = supported < 120 ? support_of(request->group, on_month) : 0;
        supported += given_vnd > 0;
        self->net_vnd += request->income_vnd * 22 / 100 - given_vnd;
    }
}

static void average(struct model *self, const struct illustration_request *request)
{
    int64_t sum = 0;
    for (size_t i = 0; i < request->history.n; i++)
        for (uint32_t k = 0; k < request->history.runs[i].months; k++)
            sum += request->history.runs[i].income_vnd *
                   coefficient((request->history.runs[i].from_month + (int32_t)k) / MONTHS);
    for (uint32_t k = 0; k < self->to_go; k++)
        sum += request->income_vnd * coefficient((request->start_month + (int32_t)k) / MONTHS);
    int64_t whole = 100 * (int64_t)self->months;
    self->average_vnd = (2 * sum + whole) / (2 * whole);
}

static void lump(struct model *self, enum sex sex, int32_t age,
                 const struct illustration_request *request)
{
    /* years that raise the share, then half an income for each half year, two for late ones */
    int64_t full = sex == SEX_IS_MALE ? 70 : 60;
    uint32_t late = 0;
    for (size_t i = 0; i < request->history.n; i++)
        for (uint32_t k = 0; k < request->history.runs[i].months; k++)
            late += request->history.runs[i].from_month + (int32_t)k > age;
    for (uint32_t k = 0; k < self->to_go; k++)
        late += request->start_month + (int32_t)k > age;
    int64_t all = halves_of(self->months) - full;
    int64_t early = MAX(halves_of(self->months - late) - full, 0);
    if (all <= 0)
        return;
    self->lump_vnd = (self->average_vnd * early + 2) / 4 + self->average_vnd * (all - early);
}

static struct model model_of(const struct illustration_request *request, int32_t joined_month)
{
    struct model self = {0};
    uint32_t paid = 0;
    int32_t birth = month_of_day(request->birth_day), eve = request->start_month - 1;
    for (size_t i = 0; i < request->history.n; i++)
        paid += request->history.runs[i].months;
    int32_t age = age_month(request->sex, birth);
    int32_t last = last_paid(eve, paid, age, 180);
    if (joined_month < 2021 * MONTHS) {
        int32_t early_age = birth + (request->sex == SEX_IS_MALE ? 720 : 660);
        int32_t early = last_paid(eve, paid, early_age, 240);
        age = early < last ? early_age : age;
        last = MIN(early, last);
    }
    self.pension_month = last + 1;
    self.to_go = (uint32_t)(last - eve);
    self.months = paid + self.to_go;
    average(&self, request);
    int64_t monthly = self.average_vnd * share_of(request->sex, self.months);
    self.monthly_vnd = (monthly + 5000) / 10000;
    lump(&self, request->sex, age, request);
    pay(&self, request);
    return self;
}

static int64_t random_income(void)
{
    return 2200000 + (int64_t)random_below(160) * 50000; /* up to 10,150,000 */
}

/* Somebody of 15 to 90 who asks between 2026 and 2045 and has up to six runs behind. */
static struct illustration_request random_person(void)
{
    struct illustration_request request = {
        .sex = (enum sex)(1 + random_below(2)),
        .group = (enum support_group)(1 + random_below(4)),
        .income_vnd = random_income(),
    };
    int32_t on = 2026 * MONTHS + (int32_t)random_below(240);
    int32_t age = 15 * MONTHS + (int32_t)random_below(75 * MONTHS);
    request.on_day = month_first_day(on) + (int32_t)random_below(28);
    request.birth_day = month_first_day(on - age) + (int32_t)random_below(28);
    request.start_month = on + (int32_t)random_below(24);
    int32_t at = MAX(on - age + 15 * MONTHS, 2008 * MONTHS);
    for (size_t i = 0; i < 6; i++) {
        at += (int32_t)random_below(60);
        uint32_t months = 1 + (uint32_t)random_below(80);
        if (at + (int32_t)months > request.start_month)
            break;
        request.history.runs[request.history.n++] = (struct paid_run){at, months, random_income()};
        at += (int32_t)months;
    }
    return request;
}

static void a_model_that_pays_month_by_month_agrees(void **state)
{
    (void)state;
    size_t n_early = 0, n_lump = 0, n_done = 0;
    for (size_t i = 0; i < PEOPLE; i++) {
        struct illustration_request request = random_person();
        int32_t joined =
            request.history.n > 0 ? request.history.runs[0].from_month : request.start_month;
        struct model want = model_of(&request, joined);
        struct err err = {0};
        if (pension_illustrate(law, &request, &found, &err) != 0)
            fail_msg("person %zu: %s: %s", i, err.field, err.text);
        assert_int_equal(found.pension_month, want.pension_month);
        assert_int_equal(found.months, want.months);
        assert_int_equal(found.months_to_go, want.to_go);
        assert_int_equal(found.average_vnd, want.average_vnd);
        assert_int_equal(found.monthly_vnd, want.monthly_vnd);
        assert_int_equal(found.before.participant_vnd, want.before_net_vnd);
        assert_int_equal(found.to_pay.participant_vnd, want.net_vnd);
        assert_int_equal(found.lump_vnd, want.lump_vnd);
        expect_sum(&found.before);
        expect_sum(&found.to_pay);
        n_early += found.required_years == 20;
        n_lump += found.lump_vnd > 0;
        n_done += found.months_to_go == 0;
    }
    assert_true(n_early > 100 && n_lump > 100 && n_done > 100);
}

static const struct CMUnitTest tests[] = {
    WITH_LAW(everybody_is_answered_on_every_day),
    WITH_LAW(more_months_never_bring_less),
    WITH_LAW(more_months_never_mean_a_lower_share),
    WITH_LAW(a_model_that_pays_month_by_month_agrees),
};

TEST_MAIN(tests)
