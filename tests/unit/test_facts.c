#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/macros.h"
#include "services/analytics/facts.h"

#define DAY 20422 /* 2025-11-30 */

static struct facts *facts;

static int open_facts(void **state)
{
    (void)state;
    facts = facts_create();
    return 0;
}

static int close_facts(void **state)
{
    (void)state;
    facts_destroy(&facts);
    assert_null(facts);
    facts_destroy(&facts);
    return 0;
}

static struct fact fact_of(enum fact_kind kind, int64_t at_ms, uint16_t day)
{
    return (struct fact){.at_ms = at_ms, .day = day, .kind = (uint8_t)kind, .citizen = 7};
}

static void add(int64_t at_ms, uint16_t day)
{
    struct fact fact = fact_of(FACT_DECLARED, at_ms, day);
    facts_add(facts, &fact);
}

static void positions_are_packed_into_64_bits(void **state)
{
    (void)state;
    uint64_t packed;
    unsigned partition;
    struct journal_position position, most = {16383, (1ULL << 40) - 1};
    assert_int_equal(fact_position_pack(513, (struct journal_position){1, 42}, &packed), 0);
    fact_position_unpack(packed, &partition, &position);
    assert_int_equal(partition, 513);
    assert_int_equal(position.epoch, 1);
    assert_int_equal(position.seq, 42);
    assert_int_equal(fact_position_pack(1023, most, &packed), 0);
    fact_position_unpack(packed, &partition, &position);
    assert_int_equal(partition, 1023);
    assert_int_equal(position.epoch, most.epoch);
    assert_true(position.seq == most.seq);
    assert_int_equal(fact_position_pack(1024, position, &packed), -ERANGE);
    position.epoch++;
    assert_int_equal(fact_position_pack(0, position, &packed), -ERANGE);
    position = (struct journal_position){1, 1ULL << 40};
    assert_int_equal(fact_position_pack(0, position, &packed), -ERANGE);
}

struct row {
    enum fact_kind kind;
    enum fact_metric metric;
    int64_t counts;
};

/* Every count there is; what is not in the list is 0. */
static const struct row measured[] = {
    {FACT_DECLARED, FACT_METRIC_DECLARED, 1},
    {FACT_FIRST_PAYMENT, FACT_METRIC_PAID, 1},
    {FACT_FIRST_PAYMENT, FACT_METRIC_PAYMENTS, 1},
    {FACT_LATER_PAYMENT, FACT_METRIC_RENEWED, 1},
    {FACT_LATER_PAYMENT, FACT_METRIC_PAYMENTS, 1},
    {FACT_ACCEPTED, FACT_METRIC_ACCEPTED, 1},
    {FACT_ACCEPTANCE_UNDONE, FACT_METRIC_ACCEPTED, -1},
    {FACT_LAPSED, FACT_METRIC_LAPSED, 1},
    {FACT_RESUMED, FACT_METRIC_LAPSED, -1},
    {FACT_ENDED, FACT_METRIC_ENDED, 1},
    {FACT_REVERSED_FIRST, FACT_METRIC_PAID, -1},
    {FACT_REVERSED_FIRST, FACT_METRIC_PAYMENTS, -1},
    {FACT_REVERSED_FIRST, FACT_METRIC_REVERSED, 1},
    {FACT_REVERSED_LATER, FACT_METRIC_RENEWED, -1},
    {FACT_REVERSED_LATER, FACT_METRIC_PAYMENTS, -1},
    {FACT_REVERSED_LATER, FACT_METRIC_REVERSED, 1},
};

static int64_t expected(int kind, int metric)
{
    for (size_t i = 0; i < ARRAY_LEN(measured); i++) {
        if ((int)measured[i].kind == kind && (int)measured[i].metric == metric)
            return measured[i].counts;
    }
    return 0;
}

static void each_kind_counts_in_its_metrics(void **state)
{
    (void)state;
    for (int kind = 0; kind < FACT_KINDS + 2; kind++) {
        struct fact fact = fact_of((enum fact_kind)kind, 1, DAY);
        int64_t sums[FACT_METRICS] = {0};
        fact_measures(&fact, sums);
        for (int metric = 0; metric < FACT_METRICS; metric++) {
            assert_int_equal(fact_measure(&fact, (enum fact_metric)metric), expected(kind, metric));
            assert_int_equal(sums[metric], expected(kind, metric));
            assert_int_equal(fact_counts(&fact, (enum fact_metric)metric),
                             expected(kind, metric) != 0);
        }
    }
}

static void money_is_the_pockets(void **state)
{
    (void)state;
    struct fact fact = fact_of(FACT_REVERSED_LATER, 1, DAY);
    int64_t sums[FACT_METRICS] = {0};
    memcpy(fact.pockets, (int32_t[]){-297000, -33000, 0, 5}, sizeof(fact.pockets));
    fact_measures(&fact, sums);
    fact_measures(&fact, sums);
    assert_int_equal(fact_measure(&fact, FACT_METRIC_PARTICIPANT_VND), -297000);
    assert_int_equal(fact_measure(&fact, FACT_METRIC_CENTRAL_VND), -33000);
    assert_int_equal(fact_measure(&fact, FACT_METRIC_LOCAL_VND), 0);
    assert_int_equal(sums[FACT_METRIC_PARTICIPANT_VND], -594000);
    assert_int_equal(sums[FACT_METRIC_DONOR_VND], 10);
    assert_int_equal(fact_measure(&fact, (enum fact_metric)FACT_METRICS), 0);
}

static void products_and_groups_share_a_byte(void **state)
{
    (void)state;
    struct fact fact = {.product_group = fact_product_group(2, 3)};
    assert_int_equal(fact_product(&fact), 2);
    assert_int_equal(fact_group(&fact), 3);
}

static void a_day_is_closed_at_the_next_midnight(void **state)
{
    (void)state;
    int64_t closes_ms = business_day_start_ms(DAY + 1);
    assert_int_equal(clock_business_day(closes_ms - 1), DAY);
    assert_int_equal(clock_business_day(closes_ms), DAY + 1);
    assert_int_equal(clock_business_day(business_day_start_ms(0)), 0);
}

static void chunks_say_what_they_span(void **state)
{
    (void)state;
    struct fact_bounds bounds;
    size_t n;
    for (int i = 0; i < FACTS_CHUNK + 2; i++)
        add(1000 + i, i % 2 == 0 ? DAY : DAY - 3);
    assert_int_equal(facts_count(facts), FACTS_CHUNK + 2);
    assert_int_equal(facts_chunks(facts), 2);
    const struct fact *first = facts_chunk(facts, 0, &n, &bounds);
    assert_int_equal(n, FACTS_CHUNK);
    assert_ptr_equal(first, facts_at(facts, 0));
    assert_int_equal(bounds.min_at_ms, 1000);
    assert_int_equal(bounds.max_at_ms, 1000 + FACTS_CHUNK - 1);
    assert_int_equal(bounds.min_day, DAY - 3);
    assert_int_equal(bounds.max_day, DAY);
    assert_non_null(facts_chunk(facts, 1, &n, &bounds));
    assert_int_equal(n, 2);
    assert_int_equal(bounds.min_at_ms, 1000 + FACTS_CHUNK);
    assert_int_equal(facts_at(facts, FACTS_CHUNK + 1)->at_ms, 1001 + FACTS_CHUNK);
    assert_true(facts_bytes(facts) >= 2 * FACTS_CHUNK * sizeof(struct fact));
}

static void facts_stay_where_they_are(void **state)
{
    (void)state;
    add(1, DAY);
    const struct fact *first = facts_at(facts, 0);
    for (int i = 0; i < 80 * FACTS_CHUNK; i++)
        add(2, DAY);
    assert_ptr_equal(first, facts_at(facts, 0));
}

static void old_chunks_are_dropped_whole(void **state)
{
    (void)state;
    struct fact_bounds bounds;
    size_t n;
    for (int i = 0; i < 3 * FACTS_CHUNK; i++)
        add(i, (uint16_t)(DAY + i / FACTS_CHUNK));
    add(4 * FACTS_CHUNK, DAY);
    assert_int_equal(facts_drop_before(facts, DAY), 0);
    assert_int_equal(facts_drop_before(facts, DAY + 2), 2);
    assert_int_equal(facts_first(facts), 2 * FACTS_CHUNK);
    assert_int_equal(facts_first_chunk(facts), 2);
    assert_null(facts_chunk(facts, 1, &n, &bounds));
    assert_int_equal(n, 0);
    assert_int_equal(facts_at(facts, 2 * FACTS_CHUNK)->day, DAY + 2);
    /* the growing one stays */
    assert_int_equal(facts_drop_before(facts, DAY + 100), 1);
    assert_int_equal(facts_count(facts), 3 * FACTS_CHUNK + 1);
}

static void loading_may_begin_behind_what_was_dropped(void **state)
{
    (void)state;
    facts_begin_at(facts, 200);
    assert_int_equal(facts_count(facts), 200 * FACTS_CHUNK);
    assert_int_equal(facts_chunks(facts), 200);
    add(5, DAY);
    assert_int_equal(facts_chunks(facts), 201);
    assert_int_equal(facts_at(facts, 200 * FACTS_CHUNK)->at_ms, 5);
    assert_int_equal(facts_drop_before(facts, DAY + 1), 0);
}

static void sources_are_numbered_in_order(void **state)
{
    (void)state;
    uint32_t number, again;
    assert_int_equal(facts_source_number(facts, "", "", "", &number), 0);
    assert_int_equal(number, 0);
    assert_string_equal(facts_source(facts, 0)->organisation, "");
    for (unsigned i = 0; i < 5000; i++) {
        char point[16];
        (void)snprintf(point, sizeof(point), "P%u", i);
        assert_int_equal(facts_source_number(facts, "VNPOST", point, "C1", &number), 0);
        assert_int_equal(number, i + 1);
    }
    assert_int_equal(facts_sources(facts), 5000);
    assert_int_equal(facts_source_number(facts, "VNPOST", "P77", "C1", &again), 0);
    assert_int_equal(again, 78);
    assert_string_equal(facts_source(facts, 78)->point, "P77");
    /* the same letters, cut otherwise */
    assert_int_equal(facts_source_number(facts, "VNPOSTP77", "", "C1", &again), 0);
    assert_int_equal(again, 5001);
    assert_string_equal(facts_source(facts, 99999)->collector, "");
}

static void codes_have_a_limit(void **state)
{
    (void)state;
    char code[FACT_CODE_BYTES + 1];
    uint32_t number;
    memset(code, 'x', sizeof(code));
    code[FACT_CODE_BYTES] = '\0';
    assert_int_equal(facts_source_number(facts, "", "", code, &number), -E2BIG);
    assert_int_equal(facts_sources(facts), 0);
    code[FACT_CODE_BYTES - 1] = '\0';
    assert_int_equal(facts_source_number(facts, "", "", code, &number), 0);
    assert_string_equal(facts_source(facts, number)->collector, code);
}

static void clearing_forgets_all(void **state)
{
    (void)state;
    uint32_t number;
    add(1, DAY);
    assert_int_equal(facts_source_number(facts, "A", "B", "C", &number), 0);
    facts_clear(facts);
    assert_int_equal(facts_count(facts), 0);
    assert_int_equal(facts_chunks(facts), 0);
    assert_int_equal(facts_sources(facts), 0);
    assert_int_equal(facts_source_number(facts, "D", "E", "F", &number), 0);
    assert_int_equal(number, 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(positions_are_packed_into_64_bits),
    cmocka_unit_test(each_kind_counts_in_its_metrics),
    cmocka_unit_test(money_is_the_pockets),
    cmocka_unit_test(products_and_groups_share_a_byte),
    cmocka_unit_test(a_day_is_closed_at_the_next_midnight),
    cmocka_unit_test_setup_teardown(chunks_say_what_they_span, open_facts, close_facts),
    cmocka_unit_test_setup_teardown(facts_stay_where_they_are, open_facts, close_facts),
    cmocka_unit_test_setup_teardown(old_chunks_are_dropped_whole, open_facts, close_facts),
    cmocka_unit_test_setup_teardown(loading_may_begin_behind_what_was_dropped, open_facts,
                                    close_facts),
    cmocka_unit_test_setup_teardown(sources_are_numbered_in_order, open_facts, close_facts),
    cmocka_unit_test_setup_teardown(codes_have_a_limit, open_facts, close_facts),
    cmocka_unit_test_setup_teardown(clearing_forgets_all, open_facts, close_facts),
};

TEST_MAIN(tests)
