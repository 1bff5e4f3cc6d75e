/* What sessions brought, by unit and kind: the day of 18 November 2025, over a real directory. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "services/analytics/attribution.h"
#include "services/analytics/observed.h"
#include "tests/support/directory_fixture.h"

#define DAY_MS 86400000LL
#define DAY 20410 /* 18 November 2025 */
#define NEVER INT64_MAX
#define SI (1U << ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI)
#define GROUP ANSINH__V1__SESSION_KIND__SESSION_KIND_SMALL_GROUP
#define CEREMONY ANSINH__V1__SESSION_KIND__SESSION_KIND_LAUNCH_CEREMONY

static const char territory[] =
    "{'unitsImported': {'units': ["
    "{'code': 'VN', 'level': 'UNIT_LEVEL_COUNTRY', 'name': 'Việt Nam'},"
    "{'code': '15', 'level': 'UNIT_LEVEL_PROVINCE', 'parentCode': 'VN', 'name': 'Lào Cai'},"
    "{'code': '02647', 'level': 'UNIT_LEVEL_COMMUNE', 'parentCode': '15', 'name': 'Lào Cai'},"
    "{'code': '02671', 'level': 'UNIT_LEVEL_COMMUNE', 'parentCode': '15', 'name': 'Cam Đường'}"
    "]}}";

static struct directory_fixture fixture;
static struct sessions *sessions;
static struct observed *observed;

static int setup(void **state)
{
    (void)state;
    directory_fixture_open(&fixture);
    directory_fixture_commit(&fixture, territory);
    directory_fixture_refresh(&fixture);
    sessions = sessions_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    observed_destroy(&observed);
    sessions_destroy(&sessions);
    directory_fixture_close(&fixture);
    return 0;
}

static void record(const char *code, const char *unit, Ansinh__V1__SessionKind kind, int32_t day,
                   int64_t attendance)
{
    Ansinh__V1__Session session;
    ansinh__v1__session__init(&session);
    session.code = (char *)(uintptr_t)code;
    session.unit_code = (char *)(uintptr_t)unit;
    session.kind = kind;
    session.start_ms = day * DAY_MS;
    session.end_ms = session.start_ms + 1;
    session.attendance = attendance;
    assert_int_equal(sessions_record(sessions, &session, 1), 0);
}

static void contact(const char *code, uint64_t citizen)
{
    assert_int_equal(sessions_contact(sessions, code, &citizen, 1, 2), 0);
}

static void observe(int32_t today)
{
    observed = observed_create(sessions, fixture.directory, SI, today, NEVER);
}

static void take(uint64_t citizen, enum fact_kind kind, int32_t day)
{
    const struct fact fact = {.citizen = citizen,
                              .kind = (uint8_t)kind,
                              .day = (uint16_t)day,
                              .product_group =
                                  fact_product_group(ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI, 0)};
    observed_take(observed, &fact);
}

static const struct directory_unit *unit(const char *code)
{
    return directory_unit(fixture.directory, code);
}

static void expect(const char *code, size_t kind, int64_t n, int64_t contacts, int64_t paid)
{
    const struct observed_sum *sum = observed_of(observed, unit(code), kind);
    assert_int_equal(sum->sessions, n);
    assert_int_equal(sum->contacts, contacts);
    assert_int_equal(sum->joined[OBSERVED_PAID], paid);
}

/* 174 sessions of 33 people reached 5,742, and 159 of these joined; two communes, of which one held
 * 100 sessions that brought 120. */
static void the_day_of_18_november_2025(void **state)
{
    (void)state;
    char code[16];
    for (int i = 0; i < 174; i++) {
        (void)snprintf(code, sizeof(code), "LC-%d", i);
        record(code, i < 100 ? "02647" : "02671", GROUP, DAY, 33);
    }
    for (uint64_t citizen = 0; citizen < 159; citizen++) {
        (void)snprintf(code, sizeof(code), "LC-%d", (int)(citizen < 120 ? citizen % 100 : citizen));
        contact(code, 1000 + citizen);
    }
    observe(DAY);
    assert_false(observed_is_empty(observed));
    for (uint64_t citizen = 0; citizen < 159; citizen++) {
        take(1000 + citizen, FACT_DECLARED, DAY);
        take(1000 + citizen, FACT_FIRST_PAYMENT, DAY);
    }
    take(1000, FACT_LATER_PAYMENT, DAY); /* is no new one */
    take(7, FACT_FIRST_PAYMENT, DAY);    /* came from nowhere */
    observed_close(observed, 1);
    expect("15", GROUP, 174, 5742, 159);
    expect("15", 0, 174, 5742, 159);
    expect("VN", 0, 174, 5742, 159);
    expect("02647", GROUP, 100, 3300, 120);
    expect("02671", GROUP, 74, 2442, 39);
    expect("15", CEREMONY, 0, 0, 0);
    assert_int_equal(observed_of(observed, unit("15"), 0)->joined[OBSERVED_DECLARED], 159);
    assert_int_equal(observed_of(observed, unit("15"), 0)->joined[OBSERVED_ACCEPTED], 0);
}

static void sixty_days_count_and_what_was_held(void **state)
{
    (void)state;
    record("old", "02647", GROUP, DAY - OBSERVED_DAYS, 50);
    record("first", "02647", GROUP, DAY - OBSERVED_DAYS + 1, 140);
    record("list", "02671", CEREMONY, DAY, 1); /* fewer were counted than are on its list */
    record("later", "02647", GROUP, DAY + 1, 30);
    record("nowhere", "99999", GROUP, DAY, 30);
    contact("old", 1);
    contact("list", 2);
    contact("list", 3);
    observe(DAY);
    assert_int_equal(observed_since(observed), DAY - 59);
    take(1, FACT_FIRST_PAYMENT, DAY - OBSERVED_DAYS + 1); /* of a session that does not count */
    take(2, FACT_FIRST_PAYMENT, DAY);
    take(2, FACT_REVERSED_FIRST, DAY);
    take(3, FACT_FIRST_PAYMENT, DAY);
    take(3, FACT_FIRST_PAYMENT, DAY + 1); /* not by then */
    observed_close(observed, 1000);
    expect("02647", 0, 1, 140, 0);
    expect("02671", CEREMONY, 1, 2, 1);
    expect("15", 0, 2, 142, 1);
    assert_int_equal(observed_age(observed, DAY, 1234), 234);
    assert_true(observed_age(observed, DAY + 1, 1234) > OBSERVED_STALE_MS); /* midnight */
}

static void cancel(uint32_t number)
{
    Ansinh__V1__Session off = *sessions_at(sessions, number, NEVER)->session;
    off.cancelled = 1;
    assert_int_equal(sessions_record(sessions, &off, 5), 0);
}

/* Nothing was held this autumn: the sprint of a year before is better than nothing, and dated. */
static void without_sessions_of_late_the_last_ones_count(void **state)
{
    (void)state;
    const int32_t today = DAY + 369; /* 22 November 2026 */
    record("sprint", "02647", GROUP, DAY, 133);
    record("before", "02647", GROUP, DAY - OBSERVED_DAYS, 50);
    record("cancelled", "02647", GROUP, today, 0);
    contact("sprint", 1);
    contact("sprint", 2);
    record("small", "02671", GROUP, today, 40); /* not enough to tell anything by */
    cancel(3);
    observe(today);
    assert_int_equal(observed_until(observed), DAY);
    assert_int_equal(observed_since(observed), DAY - 59);
    take(1, FACT_FIRST_PAYMENT, DAY + ATTRIBUTION_DAYS); /* came some weeks later */
    take(2, FACT_FIRST_PAYMENT, DAY + ATTRIBUTION_DAYS + 1);
    observed_close(observed, 1);
    expect("15", 0, 1, 133, 1);
    observed_destroy(&observed);
    cancel(4);
    observe(DAY + OBSERVED_DAYS - 1); /* the last day on which it counts as of late */
    assert_int_equal(observed_until(observed), DAY + OBSERVED_DAYS - 1);
    observed_destroy(&observed);
    observe(DAY + OBSERVED_DAYS);
    assert_int_equal(observed_until(observed), DAY);
    observed_destroy(&observed);
    observe(DAY + OBSERVED_PAST_DAYS);
    assert_int_equal(observed_until(observed), DAY + OBSERVED_PAST_DAYS);
    assert_true(observed_is_empty(observed));
}

static void a_conversion_is_that_of_the_nearest_unit_with_enough(void **state)
{
    (void)state;
    record("a", "02647", GROUP, DAY, OBSERVED_CONTACTS_MIN);
    record("b", "02671", GROUP, DAY, OBSERVED_CONTACTS_MIN - 1);
    contact("a", 1);
    contact("b", 2);
    observe(DAY);
    take(1, FACT_FIRST_PAYMENT, DAY);
    take(2, FACT_FIRST_PAYMENT, DAY);
    observed_close(observed, 1);
    assert_ptr_equal(observed_where(observed, unit("02647"), OBSERVED_PAID), unit("02647"));
    assert_ptr_equal(observed_where(observed, unit("02671"), OBSERVED_PAID), unit("15"));
    assert_null(observed_where(observed, unit("02671"), OBSERVED_DECLARED)); /* nobody declared */
}

static void with_too_many_people_fewer_days_are_observed(void **state)
{
    (void)state;
    static uint64_t people[ATTRIBUTION_PEOPLE_MAX + 1];
    for (uint64_t i = 0; i < ARRAY_LEN(people); i++)
        people[i] = i + 1;
    record("huge", "02647", GROUP, DAY - 70, 0);
    record("now", "02647", GROUP, DAY, 200);
    assert_int_equal(sessions_contact(sessions, "huge", people, ARRAY_LEN(people), 2), 0);
    observe(DAY);
    assert_int_equal(observed_since(observed), DAY - 29);
    observed_close(observed, 1);
    expect("15", 0, 1, 200, 0);
    observed_destroy(&observed);
    observe(DAY - 69); /* even 7 days have too many */
    assert_true(observed_is_empty(observed));
    observed_close(observed, 1);
    expect("15", 0, 0, 0, 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(the_day_of_18_november_2025, setup, teardown),
    cmocka_unit_test_setup_teardown(sixty_days_count_and_what_was_held, setup, teardown),
    cmocka_unit_test_setup_teardown(without_sessions_of_late_the_last_ones_count, setup, teardown),
    cmocka_unit_test_setup_teardown(a_conversion_is_that_of_the_nearest_unit_with_enough, setup,
                                    teardown),
    cmocka_unit_test_setup_teardown(with_too_many_people_fewer_days_are_observed, setup, teardown),
};

TEST_MAIN(tests)
