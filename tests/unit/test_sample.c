#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/policy.h"
#include "services/cli/sample.h"

#define LINE_BYTES 512
#define FIELDS_MAX 7
#define SEED 20251130
#define DRILL_PEOPLE 30000

/* The deployed lists and a sample made from them. */
struct fixture {
    struct sample_commune communes[SAMPLE_COMMUNES_MAX];
    size_t n_communes;
    struct sample_collector collectors[SAMPLE_COLLECTORS_MAX];
    size_t n_collectors;
    struct {
        char *code, *unit_code;
    } points[SAMPLE_COLLECTORS_MAX];
    size_t n_points;
    struct policy *policy;
    struct sample_spec spec;
    struct sample *sample;
};

/* Calls a reader for every row after the header of a simple CSV file. */
static void rows_read(const char *path, struct fixture *fixture,
                      void (*read)(struct fixture *, char **fields))
{
    FILE *stream = fopen(path, "re");
    assert_non_null(stream);
    char line[LINE_BYTES];
    assert_non_null(fgets(line, sizeof(line), stream));
    while (fgets(line, sizeof(line), stream) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *fields[FIELDS_MAX] = {0}, *rest = line;
        for (size_t i = 0; i < FIELDS_MAX && rest != NULL; i++)
            fields[i] = strsep(&rest, ",");
        assert_null(rest);
        read(fixture, fields);
    }
    (void)fclose(stream);
}

static void unit_read(struct fixture *fixture, char **fields)
{
    if (strcmp(fields[2], "commune") != 0)
        return;
    struct sample_commune *commune = &fixture->communes[fixture->n_communes++];
    commune->code = strdup(fields[0]);
    commune->full_name = strdup(fields[5]);
}

static void plan_read(struct fixture *fixture, char **fields)
{
    for (size_t i = 0; i < fixture->n_communes; i++) {
        int64_t plan;
        if (strcmp(fixture->communes[i].code, fields[1]) != 0)
            continue;
        assert_int_equal(parse_int64(fields[2], 1, 1000000, &plan), 0);
        fixture->communes[i].plan = (uint32_t)plan;
    }
}

static char *point_unit(const struct fixture *fixture, const char *code)
{
    for (size_t i = 0; i < fixture->n_points; i++)
        if (strcmp(fixture->points[i].code, code) == 0)
            return fixture->points[i].unit_code;
    return NULL;
}

static void organisation_read(struct fixture *fixture, char **fields)
{
    if (strcmp(fields[0], "point") == 0) {
        fixture->points[fixture->n_points].code = strdup(fields[1]);
        fixture->points[fixture->n_points++].unit_code = strdup(fields[3]);
    } else if (strcmp(fields[0], "collector") == 0) {
        struct sample_collector *collector = &fixture->collectors[fixture->n_collectors++];
        collector->code = strdup(fields[1]);
        collector->point_code = strdup(fields[2]);
        collector->unit_code = point_unit(fixture, fields[2]);
        assert_non_null(collector->unit_code);
    }
}

static int fixture_create(void **state)
{
    struct fixture *self = calloc(1, sizeof(*self));
    rows_read("deploy/sample/units.csv", self, unit_read);
    rows_read("deploy/sample/plan.csv", self, plan_read);
    rows_read("deploy/sample/organisations.csv", self, organisation_read);
    assert_int_equal(policy_load("deploy/policy", &self->policy, NULL), 0);
    self->spec = (struct sample_spec){.communes = self->communes,
                                      .n_communes = self->n_communes,
                                      .collectors = self->collectors,
                                      .n_collectors = self->n_collectors,
                                      .policy = self->policy,
                                      .n = SAMPLE_PEOPLE,
                                      .seed = SEED};
    assert_int_equal(sample_create(&self->spec, &self->sample, NULL), 0);
    *state = self;
    return 0;
}

static void text_free(const char *text)
{
    free((void *)(uintptr_t)text);
}

static int fixture_destroy(void **state)
{
    struct fixture *self = *state;
    sample_destroy(&self->sample);
    policy_destroy(&self->policy);
    for (size_t i = 0; i < self->n_communes; i++) {
        text_free(self->communes[i].code);
        text_free(self->communes[i].full_name);
    }
    for (size_t i = 0; i < self->n_collectors; i++) {
        text_free(self->collectors[i].code);
        text_free(self->collectors[i].point_code);
    }
    for (size_t i = 0; i < self->n_points; i++) {
        free(self->points[i].code);
        free(self->points[i].unit_code);
    }
    free(self);
    return 0;
}

static void the_lists_are_whole(void **state)
{
    const struct fixture *fixture = *state;
    assert_int_equal(fixture->n_communes, 99);
    assert_int_equal(fixture->n_points, 120);
    assert_int_equal(fixture->n_collectors, 300);
    uint32_t plan = 0;
    for (size_t i = 0; i < fixture->n_communes; i++) {
        assert_true(fixture->communes[i].plan > 0);
        plan += fixture->communes[i].plan;
    }
    assert_int_equal(plan, 78275);
}

static void assert_valid(const struct fixture *fixture, const struct sample_person *person,
                         int32_t last_day)
{
    struct err err = {0};
    char phone[13];
    assert_int_equal(personal_id_check(person->personal_id, person->birth_day, person->sex, &err),
                     0);
    assert_int_equal(full_name_check(person->full_name, &err), 0);
    assert_true(person->phone[0] == '\0' || phone_normalise(person->phone, phone, &err) == 0);
    assert_true(person->email[0] == '\0' || email_check(person->email, &err) == 0);
    assert_true(parse_is_utf8(person->address, strlen(person->address)));
    assert_true(person->enrolled_day <= person->paid_day && person->paid_day <= last_day);
    assert_true(person->paid_day - person->enrolled_day <= 4);
    assert_int_equal(
        contribution_check_age(fixture->policy, person->birth_day, person->enrolled_day, &err), 0);
    assert_string_equal(point_unit(fixture, person->point_code), person->unit_code);
    for (int paid = 0; paid <= 1; paid++) {
        struct quote_request request = {.income_vnd = person->income_vnd,
                                        .method = person->method,
                                        .group = person->group,
                                        .on_day = paid ? person->paid_day : person->enrolled_day};
        struct quote quote;
        if (contribution_quote(fixture->policy, &request, &quote, &err) != 0)
            fail_msg("%s", err.text);
    }
}

static void everyone_can_be_enrolled_and_pay(void **state)
{
    const struct fixture *fixture = *state;
    int32_t last_day = date_make(2025, 11, 30);
    for (uint32_t i = 0; i < SAMPLE_PEOPLE; i++) {
        struct sample_person person;
        sample_person(fixture->sample, i, &person);
        assert_valid(fixture, &person, last_day);
        assert_in_range(age_on(person.birth_day, last_day), 18, 75);
        assert_true(person.enrolled_day >= date_make(2021, 1, 1));
    }
}

static void most_declarations_are_accepted_within_a_week(void **state)
{
    const struct fixture *fixture = *state;
    uint32_t accepted = 0;
    for (uint32_t i = 0; i < SAMPLE_PEOPLE; i++) {
        struct sample_person person;
        sample_person(fixture->sample, i, &person);
        if (person.accepted_day == 0)
            continue;
        accepted++;
        assert_in_range(person.accepted_day - person.enrolled_day, 1, 7);
        assert_true(person.accepted_day <= date_make(2025, 11, 30));
    }
    assert_in_range(accepted, SAMPLE_PEOPLE * 90 / 100, SAMPLE_PEOPLE * 93 / 100);
}

static void the_published_counts_are_exact(void **state)
{
    const struct fixture *fixture = *state;
    uint32_t before = 0, on_campaign_day = 0;
    int32_t previous = 0;
    for (uint32_t i = 0; i < SAMPLE_PEOPLE; i++) {
        struct sample_person person;
        sample_person(fixture->sample, i, &person);
        before += person.paid_day <= date_make(2024, 11, 30);
        on_campaign_day += person.paid_day == date_make(2025, 11, 18);
        assert_true(person.paid_day >= previous);
        previous = person.paid_day;
    }
    assert_int_equal(before, 39248);
    assert_int_equal(on_campaign_day, 159);
}

static size_t commune_i(const struct fixture *fixture, const char *code)
{
    size_t i = 0;
    while (strcmp(fixture->communes[i].code, code) != 0)
        i++;
    return i;
}

static void communes_have_their_part_of_the_plan(void **state)
{
    const struct fixture *fixture = *state;
    uint32_t counts[99] = {0};
    for (uint32_t i = 0; i < SAMPLE_PEOPLE; i++) {
        struct sample_person person;
        sample_person(fixture->sample, i, &person);
        counts[commune_i(fixture, person.unit_code)]++;
    }
    uint32_t lowest = 100, highest = 0;
    for (size_t i = 0; i < 99; i++) {
        uint32_t percent = counts[i] * 100 / fixture->communes[i].plan;
        lowest = MIN(lowest, percent);
        highest = MAX(highest, percent);
    }
    assert_in_range(lowest, 38, 45);
    assert_in_range(highest, 70, 77);
}

static void shares_are_plausible(void **state)
{
    const struct fixture *fixture = *state;
    uint32_t groups[SUPPORT_GROUPS] = {0}, years[5] = {0}, women = 0, phones = 0, emails = 0,
             floors = 0;
    for (uint32_t i = 0; i < SAMPLE_PEOPLE; i++) {
        struct sample_person person;
        sample_person(fixture->sample, i, &person);
        groups[person.group]++;
        years[month_of_day(person.paid_day) / 12 - 2021]++;
        women += person.sex == SEX_IS_FEMALE;
        phones += person.phone[0] != '\0';
        emails += person.email[0] != '\0';
        floors += person.income_vnd == (person.paid_day < date_make(2022, 1, 1) ? 700000 : 1500000);
    }
    const uint32_t n = SAMPLE_PEOPLE;
    assert_in_range(women, n * 56 / 100, n * 60 / 100);
    assert_in_range(phones, n * 85 / 100, n * 90 / 100);
    assert_in_range(emails, n * 32 / 100, n * 35 / 100);
    assert_in_range(floors, n * 58 / 100, n * 66 / 100);
    assert_in_range(groups[GROUP_POOR], n * 7 / 100, n * 18 / 100);
    assert_in_range(groups[GROUP_NEAR_POOR], n * 5 / 100, n * 15 / 100);
    assert_in_range(groups[GROUP_ETHNIC_MINORITY], n * 30 / 100, n * 55 / 100);
    assert_in_range(groups[GROUP_OTHER], n * 25 / 100, n * 50 / 100);
    for (size_t i = 0; i < ARRAY_LEN(years); i++)
        assert_in_range(years[i], n * 8 / 100, n * 35 / 100);
}

static int text_compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void assert_distinct(char (*ids)[13], size_t n)
{
    qsort(ids, n, sizeof(ids[0]), text_compare);
    for (size_t i = 1; i < n; i++)
        if (strcmp(ids[i - 1], ids[i]) == 0)
            fail_msg("twice: %s", ids[i]);
}

/* The campaign, two drills with neighbouring seeds and the last before the seeds wrap. */
static void personal_ids_are_distinct(void **state)
{
    const struct fixture *fixture = *state;
    static const uint64_t seeds[] = {0, 1, 2, 36539};
    size_t n = SAMPLE_PEOPLE + ARRAY_LEN(seeds) * SAMPLE_DRILL_PEOPLE;
    char(*ids)[13] = calloc(n, sizeof(*ids)), (*at)[13] = ids;
    struct sample_person person;
    for (uint32_t i = 0; i < SAMPLE_PEOPLE; i++) {
        sample_person(fixture->sample, i, &person);
        memcpy(*at++, person.personal_id, sizeof(*at));
    }
    for (size_t seed_i = 0; seed_i < ARRAY_LEN(seeds); seed_i++) {
        for (uint32_t i = 0; i < SAMPLE_DRILL_PEOPLE; i++) {
            sample_sprint_person(fixture->sample, seeds[seed_i], i, date_make(2026, 3, 1), &person);
            memcpy(*at++, person.personal_id, sizeof(*at));
        }
    }
    assert_distinct(ids, n);
    free(ids);
}

static void drills_bring_new_people_of_today(void **state)
{
    const struct fixture *fixture = *state;
    static const int years[] = {2023, 2026, 2027, 2040};
    for (size_t year_i = 0; year_i < ARRAY_LEN(years); year_i++) {
        int32_t today = date_make(years[year_i], 1, 1);
        for (uint32_t i = 0; i < DRILL_PEOPLE; i++) {
            struct sample_person person;
            sample_sprint_person(fixture->sample, year_i, i, today, &person);
            assert_valid(fixture, &person, today);
            assert_int_equal(person.enrolled_day, today);
            assert_int_equal(person.paid_day, today);
        }
    }
}

static void assert_same(const struct sample_person *a, const struct sample_person *b)
{
    assert_string_equal(a->personal_id, b->personal_id);
    assert_string_equal(a->full_name, b->full_name);
    assert_string_equal(a->phone, b->phone);
    assert_string_equal(a->email, b->email);
    assert_string_equal(a->address, b->address);
    assert_string_equal(a->collector_code, b->collector_code);
    assert_int_equal(a->group, b->group);
    assert_int_equal(a->income_vnd, b->income_vnd);
    assert_int_equal(a->enrolled_day, b->enrolled_day);
    assert_int_equal(a->paid_day, b->paid_day);
}

static void the_same_seed_makes_the_same_people(void **state)
{
    const struct fixture *fixture = *state;
    struct sample *again = NULL, *other = NULL;
    struct sample_spec spec = fixture->spec;
    assert_int_equal(sample_create(&spec, &again, NULL), 0);
    spec.seed++;
    assert_int_equal(sample_create(&spec, &other, NULL), 0);
    uint32_t n_same = 0;
    for (uint32_t i = 0; i < SAMPLE_PEOPLE; i += 7) {
        struct sample_person a, b;
        sample_person(fixture->sample, i, &a);
        sample_person(again, i, &b);
        assert_same(&a, &b);
        sample_person(other, i, &b);
        n_same += strcmp(a.full_name, b.full_name) == 0;
        sample_sprint_person(fixture->sample, 5, i, 20000, &a);
        sample_sprint_person(again, 5, i, 20000, &b);
        assert_same(&a, &b);
    }
    assert_in_range(n_same, 0, 100);
    sample_destroy(&again);
    sample_destroy(&other);
}

/* What was generated once stays: a load that is resumed by a newer build must meet the same people.
 */
static void the_first_person_is_known(void **state)
{
    const struct fixture *fixture = *state;
    struct sample_person person;
    sample_person(fixture->sample, 0, &person);
    assert_string_equal(person.personal_id, "010074062871");
    assert_string_equal(person.full_name, "Đinh Trọng Lâm");
}

static void small_samples_add_up_too(void **state)
{
    const struct fixture *fixture = *state;
    struct sample_spec spec = fixture->spec;
    static const uint32_t sizes[] = {1, 2, 7, 98, 100, 1000, 12345, SAMPLE_PEOPLE_MAX};
    for (size_t size_i = 0; size_i < ARRAY_LEN(sizes); size_i++) {
        struct sample *sample = NULL;
        spec.n = sizes[size_i];
        assert_int_equal(sample_create(&spec, &sample, NULL), 0);
        char(*ids)[13] = calloc(spec.n, sizeof(*ids));
        for (uint32_t i = 0; i < spec.n; i++) {
            struct sample_person person;
            sample_person(sample, i, &person);
            assert_true(person.paid_day <= date_make(2025, 11, 30));
            memcpy(ids[i], person.personal_id, sizeof(ids[i]));
        }
        assert_distinct(ids, spec.n);
        free(ids);
        sample_destroy(&sample);
    }
}

static void expect_refused(const struct sample_spec *spec, const char *said)
{
    struct sample *sample = NULL;
    struct err err = {0};
    assert_int_equal(sample_create(spec, &sample, &err), -EINVAL);
    assert_null(sample);
    if (strstr(err.text, said) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.text, said);
}

static void lists_that_do_not_fit_are_refused(void **state)
{
    const struct fixture *fixture = *state;
    struct sample_spec spec = fixture->spec;
    spec.n = 0;
    expect_refused(&spec, "0 people");
    spec.n = SAMPLE_PEOPLE_MAX + 1;
    expect_refused(&spec, "people, must be");
    spec = fixture->spec;
    spec.n_communes = 0;
    expect_refused(&spec, "0 communes");
    spec = fixture->spec;
    spec.n_collectors = 0;
    expect_refused(&spec, "0 collectors");
    spec.n_collectors = 1;
    expect_refused(&spec, "has no collector");
    spec = fixture->spec;
    struct sample_commune commune = {.code = "02647", .full_name = "Phường Lào Cai", .plan = 0};
    spec.communes = &commune;
    spec.n_communes = 1;
    expect_refused(&spec, "plans must add up");
    char name[SAMPLE_UNIT_NAME_MAX_BYTES + 2];
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    commune.full_name = name;
    commune.plan = 1;
    expect_refused(&spec, "longer than 100 bytes");
}

#define WITH_LISTS(test) cmocka_unit_test_setup_teardown(test, fixture_create, fixture_destroy)

static const struct CMUnitTest tests[] = {
    WITH_LISTS(the_lists_are_whole),
    WITH_LISTS(everyone_can_be_enrolled_and_pay),
    WITH_LISTS(most_declarations_are_accepted_within_a_week),
    WITH_LISTS(the_published_counts_are_exact),
    WITH_LISTS(communes_have_their_part_of_the_plan),
    WITH_LISTS(shares_are_plausible),
    WITH_LISTS(personal_ids_are_distinct),
    WITH_LISTS(drills_bring_new_people_of_today),
    WITH_LISTS(the_same_seed_makes_the_same_people),
    WITH_LISTS(the_first_person_is_known),
    WITH_LISTS(small_samples_add_up_too),
    WITH_LISTS(lists_that_do_not_fit_are_refused),
};

TEST_MAIN(tests)
