/* Random quotes against the law told twice (tests/support/quote_oracle.h). ORACLE_QUOTES says how
 * many
 * (`make oracle N=10000000`), ORACLE_SEED with which seed. */
#include "tests/support/test.h"
#include "tests/support/quote_oracle.h"

#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/domain/household_health.h"
#include "common/domain/refund.h"
#include "common/service/policy.h"

#define QUOTES_DEFAULT 200000
#define QUOTES_MAX 1000000000

static const struct oracle_choices laws[] = {
    {STEP_AS_DECREED, ROUND_HALF_UP, 1, 0}, /* as deployed */
    {STEP_BINDS, ROUND_UP, 0, 1},
    {STEP_OFF, ROUND_DOWN, 1, 1},
};
static struct policy *policies[ARRAY_LEN(laws)];
static uint64_t seed = 11;

/* splitmix64 */
static uint64_t next(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
    return (unsigned)(next() % n);
}

/* --- the policies --- */

static int32_t day_of(int date)
{
    return date_make(date / 10000, date / 100 % 100, date % 100);
}

static void choose(struct policy *policy, enum policy_switch name, enum policy_choice choice)
{
    struct policy_table *table = &policy->tables[POLICY_SWITCHES];
    for (size_t i = 0; i < table->n; i++)
        if (table->rows[i].key == (int32_t)name)
            table->rows[i].value = choice;
}

static void choices_make(struct policy *policy, const struct oracle_choices *law)
{
    static const enum policy_choice steps[] = {CHOICE_NONE, CHOICE_OFF, CHOICE_WARN, CHOICE_REFUSE},
                                    roundings[] = {CHOICE_HALF_UP, CHOICE_DOWN, CHOICE_UP};
    if (law->step != STEP_AS_DECREED)
        choose(policy, SWITCH_INCOME_STEP, steps[law->step]);
    choose(policy, SWITCH_LUMP_ROUNDING, roundings[law->rounding]);
    choose(policy, SWITCH_EARLIER_SUPPORT_COUNTS, law->earlier_counts ? CHOICE_ON : CHOICE_OFF);
    choose(policy, SWITCH_BACK_PAYMENT, law->back_payment ? CHOICE_ON : CHOICE_OFF);
}

static void resolutions_add(struct policy *policy)
{
    static const enum policy_table_id tables[] = {POLICY_LOCAL_SUPPORT, POLICY_LOCAL_SHARE,
                                                  POLICY_LOCAL_AMOUNT, POLICY_DONOR_AMOUNT};
    for (size_t i = 0; i < oracle_resolutions_n; i++) {
        const struct oracle_resolution *row = &oracle_resolutions[i];
        struct policy_table *table = &policy->tables[tables[row->gift]];
        table->rows[table->n++] = (struct policy_row){
            .from_day = day_of(row->from),
            .to_day = day_of(row->to),
            .key = policy_province_key(row->province, row->group),
            .value = row->value,
            .citation = "Resolution of a test",
        };
    }
}

static int policies_open(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(laws); i++) {
        if (policy_load("deploy/policy", &policies[i], NULL) < 0)
            return -1;
        choices_make(policies[i], &laws[i]);
        resolutions_add(policies[i]);
        if (policy_check(policies[i], NULL) < 0)
            return -1;
    }
    return 0;
}

static int policies_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(laws); i++)
        policy_destroy(&policies[i]);
    return 0;
}

/* --- random cases --- */

static int random_date(int first_year, int last_year)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = first_year + (int)below((unsigned)(last_year - first_year + 1));
    unsigned month = below(12);
    int is_leap = year % 4 == 0 && month == 1;
    /* the bounds of most rules are the first and the last days of months */
    unsigned n = (unsigned)(days[month] + is_leap);
    unsigned day = below(4) == 0 ? (below(2) ? 0 : n - 1) : below(n);
    return year * 10000 + (int)(month + 1) * 100 + (int)day + 1;
}

static int64_t random_income(void)
{
    static const int64_t bounds[] = {700000,   1500000,  2200000,  23000000, 24200000, 26000000,
                                     27800000, 29800000, 36000000, 46800000, 50600000};
    switch (below(8)) {
    case 0:
        return bounds[below(ARRAY_LEN(bounds))] - 1 + below(3);
    case 1:
        return 600000 + below(52000000);
    default:
        return 700000 + 50000 * (int64_t)below(below(4) == 0 ? 1000 : 200);
    }
}

static unsigned random_months(int method, int missed_from)
{
    if (missed_from != 0)
        return below(8);
    if (method == 5)
        return below(10) == 0 ? below(75) : 12 * (2 + below(4));
    if (method == 6)
        return below(63);
    static const unsigned own[] = {0, 1, 3, 6, 12};
    return below(10) == 0 ? below(14) : below(2) && method <= 4 ? own[method] : 0;
}

static void random_person(struct oracle_case *ret)
{
    if (below(2) == 0)
        return;
    int age = below(4) == 0 ? 13 + (int)below(4) : 50 + (int)below(25);
    ret->sex = 1 + (int)below(2);
    ret->birth = random_date(ret->on / 10000 - age, ret->on / 10000 - age + 1);
    ret->paid = below(2) ? 0 : 100 + below(100);
}

static struct oracle_case random_case(void)
{
    static const unsigned provinces[] = {0, 1, 15, 15, 20, 79};
    struct oracle_case ret = {.on = random_date(below(50) == 0 ? 2014 : 2016, 2035)};
    if (below(2))
        ret.on = random_date(2025, 2029);
    ret.method = 1 + (int)(below(3) == 0 ? below(6) : below(4));
    ret.group = 1 + (int)below(4);
    ret.is_zone = below(5) == 0;
    ret.province = provinces[below(ARRAY_LEN(provinces))];
    ret.income = random_income();
    ret.supported = below(3) == 0 ? 90 + below(40) : below(60);
    ret.earlier = below(2) ? below(90) : 0;
    if (below(12) == 0) {
        int ago = (int)below(20), month = ret.on / 10000 * 12 + ret.on / 100 % 100 - 1 - ago;
        ret.missed_from = month / 12 * 100 + month % 12 + 1;
    }
    ret.months = random_months(ret.method, ret.missed_from);
    random_person(&ret);
    if (below(200) == 0)
        ret.group = (int)below(7);
    if (below(200) == 0)
        ret.method = (int)below(9);
    return ret;
}

/* --- comparing --- */

static void tell(const struct oracle_case *asked, const char *what)
{
    fail_msg(
        "%s: on %d, method %d, months %u, group %d%s, province %u, income %lld, supported %u + "
        "%u, sex %d born %d paid %u, missed from %d",
        what, asked->on, asked->method, asked->months, asked->group,
        asked->is_zone ? " in a zone" : "", asked->province, (long long)asked->income,
        asked->supported, asked->earlier, asked->sex, asked->birth, asked->paid,
        asked->missed_from);
}

static struct quote_request request_of(const struct oracle_case *asked)
{
    return (struct quote_request){
        .income_vnd = asked->income,
        .method = (enum method)asked->method,
        .months = asked->months,
        .group = (enum support_group)asked->group,
        .is_special_zone = asked->is_zone,
        .province = asked->province,
        .on_day = day_of(asked->on),
        .months_supported = asked->supported,
        .months_supported_earlier = asked->earlier,
        .sex = (enum sex)asked->sex,
        .birth_day = asked->sex == 0 ? 0 : day_of(asked->birth),
        .months_paid = asked->paid,
        .missed_from_month = asked->missed_from == 0
                                 ? 0
                                 : asked->missed_from / 100 * 12 + asked->missed_from % 100 - 1,
    };
}

static int is_same(const struct quote *quote, const struct oracle_answer *told)
{
    int64_t due = told->gross - told->central - told->local - told->donor, sum = 0;
    for (size_t i = 0; i < quote->lines.n; i++)
        sum += quote->lines.rows[i].amount_vnd;
    return quote->gross_vnd == told->gross && quote->central_vnd == told->central &&
           quote->local_vnd == told->local && quote->donor_vnd == told->donor &&
           quote->participant_vnd == due && sum == due && due >= 0 &&
           quote->months == told->months && quote->months_supported == told->supported &&
           quote->n_warnings == told->warnings;
}

static int is_told(const struct oracle_answer *told, const char *field)
{
    for (size_t i = 0; i < told->n_refused; i++)
        if (strcmp(told->refused[i], field) == 0)
            return 1;
    return 0;
}

static void compare_refund(size_t law, const struct oracle_case *asked,
                           const struct oracle_answer *paid)
{
    struct refund_request request = {
        .reason = REFUND_REASON_IS_PENSION,
        .on_day = day_of(20400101),
        .months_unused = 1 + below(paid->months),
        .paid_day = day_of(asked->on),
        .method = (enum method)asked->method,
        .income_vnd = asked->income,
        .months = paid->months,
        .months_supported = paid->supported,
        .central_vnd = paid->central,
        .local_vnd = paid->local,
        .donor_vnd = paid->donor,
    };
    struct oracle_answer told = oracle_refund(&laws[law], asked, paid, request.months_unused);
    struct quote refund;
    struct err err = {0};
    if (refund_quote(policies[law], &request, &refund, &err) < 0)
        tell(asked, err.text);
    if (!is_same(&refund, &told))
        tell(asked, "refund");
}

/* How many of the cases were what. */
struct tally {
    size_t taken, refused, lump, late, with_local, with_donor, warned, refunds;
};

static void compare(struct tally *tally)
{
    size_t law = below(ARRAY_LEN(laws));
    struct oracle_case asked = random_case();
    struct oracle_answer told = oracle_quote(&laws[law], &asked);
    struct quote_request request = request_of(&asked);
    struct quote quote;
    struct err err = {0};
    int rc = contribution_quote(policies[law], &request, &quote, &err);
    if ((rc < 0) != (told.n_refused > 0))
        tell(&asked, rc < 0 ? err.text : "taken");
    tally->refused += rc < 0;
    if (rc < 0) {
        if (!is_told(&told, err.field))
            tell(&asked, err.text);
        return;
    }
    if (!is_same(&quote, &told))
        tell(&asked, "sum");
    tally->taken++;
    tally->lump += asked.method > 4;
    tally->late += asked.missed_from != 0;
    tally->with_local += told.local > 0;
    tally->with_donor += told.donor > 0;
    tally->warned += told.warnings > 0;
    if (asked.method != 6 && asked.missed_from == 0) {
        tally->refunds++;
        compare_refund(law, &asked, &told);
    }
}

static int64_t number_of(const char *name, int64_t otherwise)
{
    const char *text = getenv(name);
    int64_t number = otherwise;
    if (text != NULL && parse_int64(text, 1, QUOTES_MAX, &number) < 0)
        fail_msg("%s: want 1 to %d", name, QUOTES_MAX);
    return number;
}

static void random_quotes_agree_with_the_law_told_twice(void **state)
{
    (void)state;
    struct tally tally = {0};
    int64_t n = number_of("ORACLE_QUOTES", QUOTES_DEFAULT);
    seed = (uint64_t)number_of("ORACLE_SEED", 11);
    for (int64_t i = 0; i < n; i++)
        compare(&tally);
    print_message("%lld quotes: %zu taken (%zu lump sums, %zu late, %zu with local and %zu with "
                  "donors' support, %zu with warnings), %zu refused; %zu refunds; 0 differences\n",
                  (long long)n, tally.taken, tally.lump, tally.late, tally.with_local,
                  tally.with_donor, tally.warned, tally.refused, tally.refunds);
    size_t part = (size_t)n / 100; /* each kind is tried often */
    assert_true(tally.taken > 50 * part && tally.refused > 10 * part && tally.lump > 2 * part);
    assert_true(tally.late > part / 5 && tally.with_local > part && tally.with_donor > part);
    assert_true(tally.warned > part && tally.refunds > 40 * part);
}

static void every_member_of_every_household_agrees(void **state)
{
    (void)state;
    static const uint32_t periods[] = {3, 6, 12};
    for (int round = 0; round < 20000; round++) {
        int on = random_date(2019, 2035);
        struct health_request request = {
            .member_rank = 1 + below(20), .months = periods[below(3)], .on_day = day_of(on)};
        struct quote quote;
        assert_int_equal(household_health_quote(policies[0], &request, &quote, NULL), 0);
        assert_int_equal(quote.participant_vnd,
                         oracle_health(on, request.member_rank, request.months));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(random_quotes_agree_with_the_law_told_twice, policies_open,
                                    policies_close),
    cmocka_unit_test_setup_teardown(every_member_of_every_household_agrees, policies_open,
                                    policies_close),
};

TEST_MAIN(tests)
