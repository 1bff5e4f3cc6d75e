/* The plan of a rehearsed sprint: the same seed gives the same visits, and they look like a sprint.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <string.h>

#include "ansinh/v1/campaigns.pb-c.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "services/cli/sprint_events.h"

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

/* The next visit in the order of time; 0 after the last one, and then from the first one again. */
static int next_visit(const struct sprint_plan *plan, struct sprint_events **events,
                      struct sprint_visit *ret)
{
    struct sprint_event event;
    if (*events == NULL)
        *events = sprint_events_create(plan);
    while (sprint_events_next(*events, &event)) {
        *ret = event.visit;
        if (event.what == SPRINT_VISITED)
            return 1;
    }
    sprint_events_destroy(events);
    return 0;
}

static int are_same_decisions(const struct sprint_visit *a, const struct sprint_visit *b)
{
    int is_same = a->n_decisions == b->n_decisions && a->n_touches == b->n_touches;
    for (unsigned k = 0; is_same && k < a->n_decisions; k++)
        is_same = a->decisions[k].at_s == b->decisions[k].at_s &&
                  a->decisions[k].day == b->decisions[k].day &&
                  a->decisions[k].is_returned == b->decisions[k].is_returned;
    for (unsigned k = 0; is_same && k < a->n_touches; k++)
        is_same = a->touches[k] == b->touches[k];
    return is_same;
}

static int is_same(const struct sprint_visit *a, const struct sprint_visit *b)
{
    return a->i == b->i && a->place == b->place && a->day == b->day && a->at_s == b->at_s &&
           a->again_s == b->again_s && a->kind == b->kind && a->end == b->end &&
           a->method == b->method && a->other_method == b->other_method &&
           a->before_day == b->before_day && a->is_changed == b->is_changed &&
           a->is_doubled == b->is_doubled && a->late_days == b->late_days &&
           a->accepted_day == b->accepted_day && are_same_decisions(a, b);
}

static void the_same_seed_is_the_same_plan(void **state)
{
    (void)state;
    struct sprint_plan *a = make(7, PEOPLE, PLACES), *b = make(7, PEOPLE, PLACES),
                       *c = make(8, PEOPLE, PLACES);
    struct sprint_events *events_a = NULL, *events_b = NULL, *events_c = NULL;
    struct sprint_visit of_a, of_b, of_c;
    uint32_t n = 0, n_other = 0;
    for (int round = 0; round < 2; round++) { /* after the end it begins anew */
        while (next_visit(a, &events_a, &of_a)) {
            assert_int_equal(next_visit(b, &events_b, &of_b), 1);
            assert_int_equal(next_visit(c, &events_c, &of_c), 1);
            assert_true(is_same(&of_a, &of_b));
            n_other += !is_same(&of_a, &of_c);
            n++;
        }
        assert_int_equal(next_visit(b, &events_b, &of_b), 0);
        assert_int_equal(next_visit(c, &events_c, &of_c), 0);
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
    struct sprint_events *events = NULL;
    struct sprint_visit visit;
    uint64_t hash = 14695981039346656037u;
    while (next_visit(plan, &events, &visit)) {
        int64_t words[] = {visit.i,
                           visit.place,
                           visit.day,
                           visit.at_s,
                           visit.again_s,
                           (int64_t)visit.kind,
                           visit.end,
                           visit.method,
                           (int64_t)visit.other_method,
                           visit.before_day,
                           visit.is_changed,
                           visit.is_doubled,
                           visit.late_days,
                           visit.accepted_day,
                           visit.n_touches,
                           visit.touches[0],
                           visit.touches[1],
                           visit.n_decisions,
                           visit.decisions[0].at_s,
                           visit.decisions[0].is_returned,
                           visit.decisions[1].at_s};
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
            hash = (hash ^ (uint64_t)words[i]) * 1099511628211u;
    }
    sprint_plan_destroy(&plan);
    assert_true(hash == 18141554309372792634u);
}

static void everybody_comes_once_in_the_order_of_time(void **state)
{
    (void)state;
    static uint8_t seen[PEOPLE];
    struct sprint_plan *plan = make(7, PEOPLE, PLACES);
    struct sprint_events *events = NULL;
    struct sprint_visit visit;
    int64_t last_s = 0;
    memset(seen, 0, sizeof(seen));
    while (next_visit(plan, &events, &visit)) {
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
    struct sprint_events *events = NULL;
    struct sprint_visit visit;
    uint32_t hours[24] = {0};
    while (next_visit(plan, &events, &visit))
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
    struct sprint_events *events = NULL;
    struct sprint_visit visit;
    uint32_t kinds[SPRINT_KINDS] = {0}, ends[3] = {0}, late[SPRINT_LATE_DAYS_MAX + 1] = {0},
             methods[5] = {0};
    uint32_t doubled = 0, changed = 0;
    while (next_visit(plan, &events, &visit)) {
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
    assert_in_range(late[1] + late[2] + late[3] + late[4], PEOPLE * 45 / 1000, PEOPLE * 65 / 1000);
    assert_true(late[1] > late[2] && late[2] > late[3] && late[3] > 0 && late[4] > 0);
    assert_in_range(doubled, PEOPLE * 18 / 1000, PEOPLE * 22 / 1000);
    assert_in_range(changed, PEOPLE * 12 / 1000, PEOPLE * 18 / 1000);
    for (int i = METHOD_IS_MONTHLY; i <= METHOD_IS_YEARLY; i++)
        assert_true(methods[i] > PEOPLE / 20);
    sprint_plan_destroy(&plan);
}

/* A day later at the soonest, on weekdays; some are returned, mended and accepted, some accepted
 * and found wrong. */
static void the_office_decides_some_days_later(void **state)
{
    (void)state;
    struct sprint_plan *plan = make(7, PEOPLE, PLACES);
    struct sprint_visit visit;
    uint32_t n_first = 0, n_mended = 0, n_undone = 0, n_declared = 0;
    for (uint32_t i = 0; i < PEOPLE; i++) {
        sprint_plan_visit(plan, i, &visit);
        int64_t before = visit.day + visit.late_days;
        n_declared += visit.kind != SPRINT_RENEWAL;
        assert_true(visit.kind != SPRINT_RENEWAL || visit.n_decisions == 0);
        assert_int_equal(visit.kind == SPRINT_RENEWAL, visit.accepted_day != 0);
        assert_true(visit.accepted_day <= sprint_plan_first_day(plan));
        for (unsigned k = 0; k < visit.n_decisions; k++) {
            const struct sprint_decision *decision = &visit.decisions[k];
            assert_true(decision->day > before && (decision->day + 3) % 7 < 5);
            assert_true(decision->day <= sprint_plan_first_day(plan) + DAYS - 1);
            assert_int_equal(decision->at_s / SPRINT_DAY_S,
                             decision->day - sprint_plan_first_day(plan));
            before = decision->day;
        }
        n_first += visit.n_decisions > 0;
        n_mended += visit.n_decisions == 2 && visit.decisions[0].is_returned;
        n_undone += visit.n_decisions == 2 && visit.decisions[1].is_returned;
        if (visit.n_decisions == 2)
            assert_int_not_equal(visit.decisions[0].is_returned, visit.decisions[1].is_returned);
    }
    assert_in_range(n_first, n_declared * 60 / 100, n_declared * 90 / 100);
    assert_in_range(n_mended, n_first * 10 / 1000, n_first * 40 / 1000);
    assert_in_range(n_undone, n_first * 4 / 1000, n_first * 15 / 1000);
    sprint_plan_destroy(&plan);
}

/* --- all of it, in the order of time ---------------------------------------------------------- */

#define NUMBERS (DAYS * PLACES * SPRINT_SESSIONS_MAX)
static uint8_t is_announced[NUMBERS], is_reported[NUMBERS], is_visited[PEOPLE];

static void check_touches(const struct sprint_plan *plan, const struct sprint_visit *visit)
{
    struct sprint_session session;
    for (unsigned k = 0; k < visit->n_touches; k++) {
        assert_int_equal(is_announced[visit->touches[k]], 1);
        assert_int_equal(sprint_session_get(plan, visit->touches[k], &session), 1);
        assert_int_equal(session.place, visit->place);
        assert_true(session.day <= visit->day && session.day >= visit->day - SPRINT_TOUCH_LAG_MAX);
        assert_true(session.start_s < visit->at_s && !session.is_cancelled);
    }
    if (visit->n_touches == 2)
        assert_int_not_equal(visit->touches[0], visit->touches[1]);
}

static void nothing_comes_before_what_it_follows_from(void **state)
{
    (void)state;
    struct sprint_plan *plan = make(7, PEOPLE, PLACES);
    struct sprint_events *events = sprint_events_create(plan);
    struct sprint_event event;
    int64_t last_s = 0;
    uint32_t n_visits = 0, n_decisions = 0, n_touched = 0;
    while (sprint_events_next(events, &event)) {
        assert_true(event.at_s >= last_s && event.at_s < (int64_t)DAYS * SPRINT_DAY_S);
        last_s = event.at_s;
        if (event.what == SPRINT_VISITED) {
            check_touches(plan, &event.visit);
            is_visited[event.visit.i] = 1;
            n_visits++;
            n_touched += event.visit.n_touches > 0;
        } else if (event.what == SPRINT_DECIDED) {
            assert_int_equal(is_visited[event.visit.i], event.decision + 1);
            is_visited[event.visit.i]++;
            n_decisions++;
        } else if (event.what == SPRINT_ANNOUNCED) {
            assert_int_equal(is_announced[event.session.number]++, 0);
        } else {
            assert_int_equal(is_announced[event.session.number], 1);
            assert_int_equal(is_reported[event.session.number]++, 0);
        }
    }
    assert_int_equal(n_visits, PEOPLE);
    assert_memory_equal(is_announced, is_reported, sizeof(is_announced));
    struct sprint_counts counts[PLACES] = {0};
    uint32_t decisions = 0, touched = 0;
    sprint_plan_count(plan, counts, NULL);
    for (size_t i = 0; i < PLACES; i++) {
        decisions += counts[i].decisions;
        touched += counts[i].touched;
    }
    assert_int_equal(n_decisions, decisions);
    assert_int_equal(n_touched, touched);
    assert_in_range(touched, PEOPLE * 35 / 100, PEOPLE * 65 / 100);
    sprint_events_destroy(&events);
    sprint_plan_destroy(&plan);
}

/* More where more people come; on great days ceremonies; the radio has no lists. */
static void sessions_are_of_every_kind(void **state)
{
    (void)state;
    struct sprint_plan *plan = make(7, 1500, PLACES);
    struct sprint_session session;
    uint32_t kinds[7] = {0}, n = 0, n_cancelled = 0;
    char ids[SPRINT_LISTED_MAX][SPRINT_PERSONAL_BYTES];
    for (uint32_t i = 0; i < sprint_session_numbers(plan); i++) {
        if (!sprint_session_get(plan, i, &session))
            continue;
        assert_int_equal(session.number, i);
        assert_in_range(session.kind, 1, 6);
        kinds[session.kind]++;
        n++;
        n_cancelled += session.is_cancelled != 0;
        assert_true(session.end_s > session.start_s && session.n_listed <= session.attendance);
        if (session.kind == ANSINH__V1__SESSION_KIND__SESSION_KIND_RADIO)
            assert_int_equal(session.n_listed, 0);
        for (uint32_t k = 0; k < session.n_listed; k++) {
            sprint_session_listed(&session, k, ids[k]);
            assert_int_equal(personal_id_check_form(ids[k], NULL), 0);
            assert_int_equal(ids[k][4], '4'); /* born from 1940 to 1949 */
            for (uint32_t other = 0; other < k; other++)
                assert_string_not_equal(ids[k], ids[other]);
        }
    }
    for (int kind = 1; kind <= 6; kind++)
        assert_true(kinds[kind] > n / 50);
    assert_in_range(n, 1500 * 50 / 100, 1500 * 65 / 100);
    assert_in_range(n_cancelled, 1, n / 20);
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
    struct sprint_events *events = NULL;
    struct sprint_visit visit;
    uint32_t n = 0;
    while (next_visit(plan, &events, &visit))
        n++;
    assert_int_equal(n, COUNTRY_PEOPLE);
    sprint_plan_destroy(&plan);
}

static void small_sprints_work(void **state)
{
    (void)state;
    struct sprint_events *events = NULL;
    struct sprint_visit visit;
    for (uint32_t people = 1; people < 40; people++) {
        struct sprint_plan *plan = make(people, people, PLACES);
        uint32_t n = 0;
        while (next_visit(plan, &events, &visit))
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
    cmocka_unit_test(the_office_decides_some_days_later),
    cmocka_unit_test(nothing_comes_before_what_it_follows_from),
    cmocka_unit_test(sessions_are_of_every_kind),
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
