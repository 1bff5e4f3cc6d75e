/* The plan of a rehearsed sprint: the same seed gives the same visits, and they look like a sprint.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "services/cli/sprint_plan.h"

#define PLACES 99
#define DAYS 15
#define PEOPLE 44883
#define COUNTRY_PLACES 3321
#define COUNTRY_PEOPLE 1000000

static uint64_t weights[COUNTRY_PLACES];
static int32_t last_day; /* a Sunday: the rush does not hide behind Mondays */

static int begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNTRY_PLACES; i++)
        weights[i] = 790 * (uint64_t)sprint_target_percent(7, 2647 + (uint32_t)i * 3);
    last_day = date_make(2025, 12, 7);
    return 0;
}

static struct sprint_plan *make(uint64_t seed, uint32_t people, size_t n_places)
{
    struct sprint_plan *plan;
    struct sprint_spec spec = {.seed = seed,
                               .days = DAYS,
                               .last_day = last_day,
                               .people = people,
                               .weights = weights,
                               .n_places = n_places};
    assert_int_equal(sprint_plan_create(&spec, &plan, NULL), 0);
    return plan;
}

static int is_same(const struct sprint_visit *a, const struct sprint_visit *b)
{
    return a->i == b->i && a->place == b->place && a->day == b->day && a->at_s == b->at_s &&
           a->again_s == b->again_s && a->kind == b->kind && a->end == b->end &&
           a->method == b->method && a->other_method == b->other_method &&
           a->before_day == b->before_day && a->is_changed == b->is_changed &&
           a->is_doubled == b->is_doubled && a->late_days == b->late_days;
}

static void the_same_seed_is_the_same_plan(void **state)
{
    (void)state;
    struct sprint_plan *a = make(7, PEOPLE, PLACES), *b = make(7, PEOPLE, PLACES),
                       *c = make(8, PEOPLE, PLACES);
    struct sprint_visit of_a, of_b, of_c;
    uint32_t n = 0, n_other = 0;
    for (int round = 0; round < 2; round++) { /* after the end it begins anew */
        while (sprint_plan_next(a, &of_a)) {
            assert_int_equal(sprint_plan_next(b, &of_b), 1);
            assert_int_equal(sprint_plan_next(c, &of_c), 1);
            assert_true(is_same(&of_a, &of_b));
            n_other += !is_same(&of_a, &of_c);
            n++;
        }
        assert_int_equal(sprint_plan_next(b, &of_b), 0);
        assert_int_equal(sprint_plan_next(c, &of_c), 0);
    }
    assert_int_equal(n, 2 * PEOPLE);
    assert_true(n_other > PEOPLE);
    sprint_plan_destroy(&a);
    sprint_plan_destroy(&b);
    sprint_plan_destroy(&c);
}

/* Known for good: another plan from the same seed would make yesterday's rehearsal worthless. */
static void the_plan_of_a_seed_does_not_change(void **state)
{
    (void)state;
    struct sprint_plan *plan = make(7, 1000, PLACES);
    struct sprint_visit visit;
    uint64_t hash = 14695981039346656037u;
    while (sprint_plan_next(plan, &visit)) {
        int64_t words[] = {visit.i,          visit.place,      visit.day,
                           visit.at_s,       visit.again_s,    (int64_t)visit.kind,
                           visit.end,        visit.method,     (int64_t)visit.other_method,
                           visit.before_day, visit.is_changed, visit.is_doubled,
                           visit.late_days};
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            hash = (hash ^ (uint64_t)words[i]) * 1099511628211u;
    }
    sprint_plan_destroy(&plan);
    assert_true(hash == 1332667040458980809u);
}

static void everybody_comes_once_in_the_order_of_time(void **state)
{
    (void)state;
    static uint8_t seen[PEOPLE];
    struct sprint_plan *plan = make(7, PEOPLE, PLACES);
    struct sprint_visit visit;
    int64_t last_s = 0;
    memset(seen, 0, sizeof(seen));
    while (sprint_plan_next(plan, &visit)) {
        assert_true(visit.at_s >= last_s);
        last_s = visit.at_s;
        assert_int_equal(seen[visit.i]++, 0);
        assert_true(visit.at_s < (int64_t)DAYS * SPRINT_DAY_S);
        int64_t recorded_day = sprint_plan_first_day(plan) + visit.at_s / SPRINT_DAY_S;
        assert_int_equal(recorded_day, visit.day + visit.late_days);
        assert_true(visit.day <= last_day);
        assert_int_equal(visit.end != SPRINT_STANDS, visit.again_s > visit.at_s);
    }
    for (uint32_t i = 0; i < PEOPLE; i++)
        assert_int_equal(seen[i], 1);
    sprint_plan_destroy(&plan);
}

static void the_counts_are_known(void **state)
{
    (void)state;
    struct sprint_counts places[PLACES] = {0}, days[DAYS] = {0};
    struct sprint_plan *plan = make(7, PEOPLE, PLACES);
    uint32_t declared = 0, participants = 0, by_day = 0;
    sprint_plan_count(plan, places, days);
    for (size_t i = 0; i < PLACES; i++) {
        assert_int_equal(places[i].declared, sprint_plan_place_people(plan, i));
        declared += places[i].declared;
        participants += places[i].participants;
    }
    for (uint32_t i = 0; i < DAYS; i++) {
        assert_int_equal(days[i].declared, sprint_plan_day_people(plan, i));
        by_day += days[i].participants;
    }
    assert_int_equal(declared, PEOPLE);
    assert_int_equal(participants, by_day);
    assert_in_range(participants, PEOPLE * 95 / 100, PEOPLE * 99 / 100);
    sprint_plan_destroy(&plan);
}

/* Weekdays before Sundays, a ceremony day that stands out, a rush at the end. */
static void days_are_those_of_a_sprint(void **state)
{
    (void)state;
    struct sprint_plan *plan = make(7, PEOPLE, PLACES);
    int32_t first = sprint_plan_first_day(plan);
    assert_int_equal((first + 3) % 7, 6);
    uint32_t tuesday = sprint_plan_day_people(plan, 2), ceremony = sprint_plan_day_people(plan, 5);
    assert_true(sprint_plan_day_people(plan, 7) * 2 < tuesday);
    assert_true(ceremony > 2 * tuesday);
    assert_true(sprint_plan_day_people(plan, 13) > sprint_plan_day_people(plan, 6));
    assert_true(sprint_plan_day_people(plan, 14) > 2 * sprint_plan_day_people(plan, 7));
    sprint_plan_destroy(&plan);
}

static void a_day_has_two_humps(void **state)
{
    (void)state;
    struct sprint_plan *plan = make(7, PEOPLE, PLACES);
    struct sprint_visit visit;
    uint32_t hours[24] = {0};
    while (sprint_plan_next(plan, &visit))
        if (visit.late_days == 0)
            hours[visit.at_s % SPRINT_DAY_S / 3600]++;
    assert_true(hours[9] > 3 * hours[12]);
    assert_true(hours[19] > 3 * hours[12]);
    assert_true(hours[19] > 3 * hours[16]);
    assert_int_equal(hours[3] + hours[23], 0);
    sprint_plan_destroy(&plan);
}

static void what_goes_wrong_happens_as_often_as_said(void **state)
{
    (void)state;
    struct sprint_plan *plan = make(7, PEOPLE, PLACES);
    struct sprint_visit visit;
    uint32_t kinds[SPRINT_KINDS] = {0}, ends[3] = {0}, late[3] = {0}, methods[5] = {0};
    uint32_t doubled = 0, changed = 0;
    while (sprint_plan_next(plan, &visit)) {
        kinds[visit.kind]++;
        ends[visit.end]++;
        late[visit.late_days]++;
        methods[visit.method]++;
        doubled += (uint32_t)visit.is_doubled;
        changed += visit.is_changed != 0;
        if (visit.end == SPRINT_PAID_AGAIN || visit.is_changed)
            assert_int_not_equal(visit.other_method, visit.method);
        if (visit.kind == SPRINT_RENEWAL)
            assert_true(month_of_day(visit.before_day) < month_of_day(sprint_plan_first_day(plan)));
    }
    assert_in_range(kinds[SPRINT_RENEWAL], PEOPLE * 24 / 100, PEOPLE * 26 / 100);
    assert_in_range(kinds[SPRINT_DECLARED], PEOPLE * 18 / 1000, PEOPLE * 27 / 1000);
    assert_in_range(ends[SPRINT_TAKEN_BACK] + ends[SPRINT_PAID_AGAIN], PEOPLE / 100,
                    PEOPLE * 14 / 1000);
    assert_true(ends[SPRINT_PAID_AGAIN] > ends[SPRINT_TAKEN_BACK]);
    assert_in_range(late[1] + late[2], PEOPLE * 45 / 1000, PEOPLE * 65 / 1000);
    assert_true(late[1] > late[2]);
    assert_in_range(doubled, PEOPLE * 18 / 1000, PEOPLE * 22 / 1000);
    assert_in_range(changed, PEOPLE * 12 / 1000, PEOPLE * 18 / 1000);
    for (int i = METHOD_IS_MONTHLY; i <= METHOD_IS_YEARLY; i++)
        assert_true(methods[i] > PEOPLE / 20);
    sprint_plan_destroy(&plan);
}

/* As Sa Pa with 29.23 % beside communes that are done. */
static void communes_are_weak_and_strong(void **state)
{
    (void)state;
    uint32_t n_weak = 0, n_done = 0;
    for (uint32_t i = 0; i < PLACES; i++) {
        uint32_t percent = sprint_target_percent(7, 2647 + i * 3);
        assert_in_range(percent, 27, 112);
        n_weak += percent < 33;
        n_done += percent >= 100;
    }
    assert_in_range(n_weak, 1, 15);
    assert_in_range(n_done, 3, 20);
}

/* A million people in every commune of a country: told one after the other. */
static void a_country_is_planned(void **state)
{
    (void)state;
    struct sprint_plan *plan = make(7, COUNTRY_PEOPLE, COUNTRY_PLACES);
    struct sprint_visit visit;
    uint32_t n = 0;
    while (sprint_plan_next(plan, &visit))
        n++;
    assert_int_equal(n, COUNTRY_PEOPLE);
    sprint_plan_destroy(&plan);
}

static void small_sprints_work(void **state)
{
    (void)state;
    struct sprint_visit visit;
    for (uint32_t people = 1; people < 40; people++) {
        struct sprint_plan *plan = make(people, people, PLACES);
        uint32_t n = 0;
        while (sprint_plan_next(plan, &visit))
            n++;
        assert_int_equal(n, people);
        sprint_plan_destroy(&plan);
    }
}

static void request_ids_are_uuids_of_their_time(void **state)
{
    (void)state;
    struct request_id a, b;
    int64_t ms;
    char text[UUID_TEXT_BYTES];
    sprint_request_id(7, 1, 2, 1764547200123, &a);
    sprint_request_id(7, 1, 2, 1764547200123, &b);
    assert_memory_equal(&a, &b, sizeof(a));
    assert_int_equal(request_id_time(&a, &ms), 1);
    assert_int_equal(ms, 1764547200123);
    request_id_format(&a, text);
    assert_int_equal(request_id_parse(text, &b), 0);
    assert_memory_equal(&a, &b, sizeof(a));
    sprint_request_id(7, 1, 3, 1764547200123, &b);
    assert_memory_not_equal(&a, &b, sizeof(a));
    sprint_request_id(7, 2, 2, 1764547200123, &b);
    assert_memory_not_equal(&a, &b, sizeof(a));
    sprint_request_id(8, 1, 2, 1764547200123, &b);
    assert_memory_not_equal(&a, &b, sizeof(a));
}

static void limits_are_named(void **state)
{
    (void)state;
    static const uint64_t nothing[1] = {0}, too_much[1] = {UINT64_MAX / 2};
    const struct {
        struct sprint_spec spec;
        const char *words;
    } cases[] = {
        {{.days = 0, .people = 1, .weights = weights, .n_places = 1}, "days"},
        {{.days = SPRINT_DAYS_MAX + 1, .people = 1, .weights = weights, .n_places = 1}, "days"},
        {{.days = 1, .people = 0, .weights = weights, .n_places = 1}, "people"},
        {{.days = 1, .people = SPRINT_PEOPLE_MAX + 1, .weights = weights, .n_places = 1}, "people"},
        {{.days = 1, .people = 1, .weights = weights, .n_places = 0}, "communes"},
        {{.days = 1, .people = 1, .weights = weights, .n_places = 100000}, "communes"},
        {{.days = 1, .people = 1, .weights = nothing, .n_places = 1}, "weights"},
        {{.days = 1, .people = 9, .weights = too_much, .n_places = 1}, "weights"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sprint_plan *plan = NULL;
        struct err err = {0};
        assert_int_equal(sprint_plan_create(&cases[i].spec, &plan, &err), -EINVAL);
        assert_non_null(strstr(err.text, cases[i].words));
        assert_null(plan);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_same_seed_is_the_same_plan),
    cmocka_unit_test(the_plan_of_a_seed_does_not_change),
    cmocka_unit_test(everybody_comes_once_in_the_order_of_time),
    cmocka_unit_test(the_counts_are_known),
    cmocka_unit_test(days_are_those_of_a_sprint),
    cmocka_unit_test(a_day_has_two_humps),
    cmocka_unit_test(what_goes_wrong_happens_as_often_as_said),
    cmocka_unit_test(communes_are_weak_and_strong),
    cmocka_unit_test(a_country_is_planned),
    cmocka_unit_test(small_sprints_work),
    cmocka_unit_test(request_ids_are_uuids_of_their_time),
    cmocka_unit_test(limits_are_named),
};

int main(void)
{
    const char *filter = getenv("TEST_FILTER");
    if (filter != NULL)
        cmocka_set_test_filter(filter);
    return !!cmocka_run_group_tests_name(__FILE__, tests, begin, NULL);
}
