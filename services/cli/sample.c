#include "services/cli/sample.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "services/cli/sample_draw.h"
#include "services/cli/sample_names.h"

#define FIRST_YEAR 2021
#define DAYS_MAX 1830 /* from FIRST_YEAR to the last day */
#define SHARE_MIN_PERCENT 40
#define SHARE_MAX_PERCENT 75
#define NEW_MIN_PERCENT 6 /* of a commune's people, new in the last year */
#define NEW_MAX_PERCENT 20
#define AGE_MIN 18 /* on the last day */
#define AGE_MAX 75
#define AGE_ENROLLED_MIN 16
#define INCOME_STEP_VND 50000
#define BORN_ELSEWHERE_PERCENT 15
#define YEN_BAI_FIRST_CODE 4252 /* communes from here on were in the old Yên Bái */
#define ACCEPTED_PERCENT 92
#define ACCEPTED_DAYS 7
#define ACCEPTED_SEED 0xacce97
#define SERIALS 500000 /* half of the last six digits is the campaign's, half the drills' */
#define DRILL_BIRTH_YEARS 58
#define DRILL_FIRST_BIRTH_YEAR 1950
#define DRILL_IDS ((uint64_t)BIRTH_PROVINCES * DRILL_BIRTH_YEARS * 2 * SERIALS)
#define DRILLS (DRILL_IDS / SAMPLE_DRILL_PEOPLE)

_Static_assert(DAYS_MAX <= DRAW_SHARES_MAX, "days are shared out like communes");

/* Purpose of a draw: draws for different purposes know nothing of each other. */
enum draw {
    DRAW_SHARE,
    DRAW_NEW,
    DRAW_SLOT,
    DRAW_SERIAL,
    DRAW_DELAY,
    DRAW_SEX,
    DRAW_PEOPLE,
    DRAW_SURNAME,
    DRAW_MIDDLE,
    DRAW_GIVEN,
    DRAW_BIRTH,
    DRAW_BIRTH_AGAIN,
    DRAW_PROVINCE,
    DRAW_PHONE,
    DRAW_PHONE_DIGITS,
    DRAW_EMAIL,
    DRAW_HAMLET,
    DRAW_GROUP,
    DRAW_INCOME,
    DRAW_INCOME_STEPS,
    DRAW_CHANNEL,
    DRAW_COLLECTOR,
    DRAWS
};

struct place {
    const struct sample_commune *commune;
    uint32_t code;
    size_t first_collector, n_collectors; /* in sample.collectors */
};

struct sample {
    const struct policy *policy;
    uint64_t seed;
    uint32_t n, n_before;
    size_t n_places;
    struct place *places;
    const struct sample_collector **collectors; /* by commune */
    /* Running sums: how many people (or plan) the places up to and including i have. */
    uint32_t *before_until, *new_until, *plan_until;
    int32_t first_day;
    size_t n_days;
    uint32_t day_until[DAYS_MAX]; /* people who have paid first on the days up to and including i */
};

/* 0 to n - 1, decided by seed, person and purpose. */
static uint32_t draw(uint64_t seed, uint64_t person, enum draw purpose, uint32_t n)
{
    return draw_below(seed, person * DRAWS + (uint64_t)purpose, n);
}

static uint32_t percent_between(uint64_t seed, uint32_t code, enum draw purpose, uint32_t min,
                                uint32_t max)
{
    return min + draw(seed, code, purpose, max - min + 1);
}

/* How many people each commune has, and how many of them are new. */
static void places_fill(struct sample *self)
{
    uint32_t counts[DRAW_SHARES_MAX];
    uint64_t weights[DRAW_SHARES_MAX];
    for (size_t i = 0; i < self->n_places; i++) {
        const struct place *place = &self->places[i];
        self->plan_until[i] = place->commune->plan;
        weights[i] =
            (uint64_t)place->commune->plan * percent_between(self->seed, place->code, DRAW_SHARE,
                                                             SHARE_MIN_PERCENT, SHARE_MAX_PERCENT);
    }
    draw_shares(weights, self->n_places, self->n, counts);
    for (size_t i = 0; i < self->n_places; i++)
        weights[i] =
            (uint64_t)counts[i] * percent_between(self->seed, self->places[i].code, DRAW_NEW,
                                                  NEW_MIN_PERCENT, NEW_MAX_PERCENT);
    draw_shares(weights, self->n_places, self->n - self->n_before, self->new_until);
    for (size_t i = 0; i < self->n_places; i++)
        self->before_until[i] = counts[i] - self->new_until[i];
    draw_running_sums(self->before_until, self->n_places);
    draw_running_sums(self->new_until, self->n_places);
    draw_running_sums(self->plan_until, self->n_places);
}

uint64_t sample_day_weight(int32_t day)
{
    static const uint8_t of_month[] = {6, 5, 8, 9, 20, 9, 9, 9, 10, 11, 16, 22};
    static const uint8_t of_weekday[] = {10, 10, 10, 10, 10, 4, 1}; /* from Monday */
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return (uint64_t)of_month[month - 1] * of_weekday[(day + 3) % 7];
}

static uint64_t day_weight(int32_t day)
{
    static const uint8_t of_year[] = {8, 9, 11, 12, 12};
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return of_year[year - FIRST_YEAR] * sample_day_weight(day);
}

static uint32_t in_proportion(uint32_t n, uint32_t of_all)
{
    return (uint32_t)(((uint64_t)n * of_all + SAMPLE_PEOPLE / 2) / SAMPLE_PEOPLE);
}

/* How many first payments each day has: the last year and the propaganda day in it are exact. */
static void days_fill(struct sample *self)
{
    self->first_day = date_make(FIRST_YEAR, 1, 1);
    int32_t n_days = date_make(2025, 11, 30) - self->first_day + 1;
    int32_t before_days = date_make(2024, 11, 30) - self->first_day + 1;
    int32_t campaign_i = date_make(2025, 11, 18) - self->first_day;
    uint32_t n_campaign = in_proportion(self->n, SAMPLE_DAY_PEOPLE);
    uint64_t weights[DAYS_MAX];
    for (int32_t i = 0; i < n_days; i++)
        weights[i] = day_weight(self->first_day + i);
    weights[campaign_i] = 0;
    self->n_days = (size_t)n_days;
    draw_shares(weights, (size_t)before_days, self->n_before, self->day_until);
    draw_shares(weights + before_days, self->n_days - (size_t)before_days,
                self->n - self->n_before - n_campaign, self->day_until + before_days);
    self->day_until[campaign_i] += n_campaign;
    draw_running_sums(self->day_until, self->n_days);
}

static int collector_compare(const void *a, const void *b)
{
    const struct sample_collector *const *left = a, *const *right = b;
    int by_unit = strcmp((*left)->unit_code, (*right)->unit_code);
    return by_unit != 0 ? by_unit : strcmp((*left)->code, (*right)->code);
}

/* The collectors of a commune stand side by side after sorting. */
static void place_find_collectors(const struct sample *self, size_t n_collectors,
                                  struct place *place)
{
    size_t low = 0, high = n_collectors;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(self->collectors[middle]->unit_code, place->commune->code) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    place->first_collector = low;
    while (low < n_collectors &&
           strcmp(self->collectors[low]->unit_code, place->commune->code) == 0)
        low++;
    place->n_collectors = low - place->first_collector;
}

uint32_t sample_unit_number(const char *code)
{
    uint32_t number = 0;
    for (const char *p = code; *p >= '0' && *p <= '9'; p++)
        number = number * 10 + (uint32_t)(*p - '0');
    return number;
}

static int places_list(struct sample *self, const struct sample_spec *spec, struct err *err)
{
    uint64_t plan = 0;
    for (size_t i = 0; i < spec->n_communes; i++) {
        const struct sample_commune *commune = &spec->communes[i];
        if (commune->plan == 0)
            continue;
        struct place *place = &self->places[self->n_places++];
        place->commune = commune;
        place->code = sample_unit_number(commune->code);
        place_find_collectors(self, spec->n_collectors, place);
        if (place->n_collectors == 0)
            return err_set(err, -EINVAL, "commune %.20s has no collector", commune->code);
        if (strlen(commune->full_name) > SAMPLE_UNIT_NAME_MAX_BYTES)
            return err_set(err, -EINVAL, "the name of commune %.20s is longer than %d bytes",
                           commune->code, SAMPLE_UNIT_NAME_MAX_BYTES);
        plan += commune->plan;
    }
    if (plan == 0 || plan > UINT32_MAX)
        return err_set(err, -EINVAL, "the communes' plans must add up to 1 to %u", UINT32_MAX);
    return 0;
}

static int sample_fill(struct sample *self, const struct sample_spec *spec, struct err *err)
{
    self->places = calloc(spec->n_communes, sizeof(*self->places));
    self->before_until = calloc(spec->n_communes, sizeof(*self->before_until));
    self->new_until = calloc(spec->n_communes, sizeof(*self->new_until));
    self->plan_until = calloc(spec->n_communes, sizeof(*self->plan_until));
    self->collectors = calloc(spec->n_collectors, sizeof(const struct sample_collector *));
    if (self->places == NULL || self->before_until == NULL || self->new_until == NULL ||
        self->plan_until == NULL || self->collectors == NULL)
        return err_set(err, -ENOMEM, "no memory for the sample");
    for (size_t i = 0; i < spec->n_collectors; i++)
        self->collectors[i] = &spec->collectors[i];
    qsort(self->collectors, spec->n_collectors, sizeof(const struct sample_collector *),
          collector_compare);
    int rc = places_list(self, spec, err);
    if (rc < 0)
        return rc;
    places_fill(self);
    days_fill(self);
    return 0;
}

int sample_create(const struct sample_spec *spec, struct sample **ret, struct err *err)
{
    if (spec->n == 0 || spec->n > SAMPLE_PEOPLE_MAX)
        return err_set(err, -EINVAL, "%u people, must be 1 to %d", spec->n, SAMPLE_PEOPLE_MAX);
    if (spec->n_communes == 0 || spec->n_communes > SAMPLE_COMMUNES_MAX)
        return err_set(err, -EINVAL, "%zu communes, must be 1 to %d", spec->n_communes,
                       SAMPLE_COMMUNES_MAX);
    if (spec->n_collectors == 0 || spec->n_collectors > SAMPLE_COLLECTORS_MAX)
        return err_set(err, -EINVAL, "%zu collectors, must be 1 to %d", spec->n_collectors,
                       SAMPLE_COLLECTORS_MAX);
    struct sample *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return err_set(err, -ENOMEM, "no memory for the sample");
    self->policy = spec->policy;
    self->n = spec->n;
    self->n_before = in_proportion(spec->n, SAMPLE_BEFORE);
    self->seed = draw_mix(spec->seed);
    int rc = sample_fill(self, spec, err);
    if (rc < 0)
        sample_destroy(&self);
    else
        *ret = self;
    return rc;
}

void sample_destroy(struct sample **self)
{
    if (*self == NULL)
        return;
    free((*self)->places);
    free((*self)->before_until);
    free((*self)->new_until);
    free((*self)->plan_until);
    free((*self)->collectors);
    free(*self);
    *self = NULL;
}

static const char *word(const struct sample_words *words, uint64_t seed, uint64_t person,
                        enum draw purpose)
{
    return words->words[draw(seed, person, purpose, (uint32_t)words->n)];
}

static enum sample_people people_draw(uint64_t seed, uint64_t person, uint32_t commune_code)
{
    const uint8_t *percent = sample_settlement(commune_code);
    uint32_t x = draw(seed, person, DRAW_PEOPLE, 100);
    enum sample_people people = PEOPLE_KINH;
    while (people < PEOPLES - 1 && x >= percent[people])
        x -= percent[people++];
    return people;
}

static enum support_group group_draw(uint64_t seed, uint64_t person,
                                     const struct sample_naming *naming)
{
    uint32_t x = draw(seed, person, DRAW_GROUP, 100);
    for (int i = 0; i < 3; i++) {
        if (x < naming->group_percent[i])
            return (enum support_group)(GROUP_POOR + i);
        x -= naming->group_percent[i];
    }
    return GROUP_OTHER;
}

/* Days outside the table take its last row. */
static int64_t value_on(const struct policy *policy, enum policy_table_id table, int32_t day)
{
    const struct policy_row *row = policy_on(policy, table, 0, day);
    return row != NULL ? row->value : policy->tables[table].rows[policy->tables[table].n - 1].value;
}

/* Most choose the floor, few much more; what is chosen must hold on the day of payment as well. */
static int64_t income_draw(const struct sample *self, uint64_t seed, uint64_t person,
                           int32_t enrolled_day, int32_t paid_day)
{
    const struct policy *policy = self->policy;
    uint32_t x = draw(seed, person, DRAW_INCOME, 100), steps = 0;
    if (x >= 97)
        steps = 71 + draw(seed, person, DRAW_INCOME_STEPS, 200);
    else if (x >= 87)
        steps = 21 + draw(seed, person, DRAW_INCOME_STEPS, 50);
    else if (x >= 62)
        steps = 1 + draw(seed, person, DRAW_INCOME_STEPS, 20);
    int64_t floor_vnd = MAX(value_on(policy, POLICY_POVERTY_LINE, enrolled_day),
                            value_on(policy, POLICY_POVERTY_LINE, paid_day));
    int64_t cap_vnd = value_on(policy, POLICY_REFERENCE_LEVEL, enrolled_day) *
                      value_on(policy, POLICY_INCOME_CAP, enrolled_day);
    return MIN(floor_vnd + (int64_t)steps * INCOME_STEP_VND, cap_vnd);
}

static void name_write(uint64_t seed, uint64_t person, const struct sample_naming *naming,
                       struct sample_person *ret)
{
    int is_male = ret->sex == SEX_IS_MALE;
    const char *middle =
        word(is_male ? &naming->male_middle : &naming->female_middle, seed, person, DRAW_MIDDLE);
    const char *given =
        word(is_male ? &naming->male_given : &naming->female_given, seed, person, DRAW_GIVEN);
    (void)snprintf(ret->full_name, sizeof(ret->full_name), "%s %s%s%s",
                   word(&naming->surnames, seed, person, DRAW_SURNAME), middle,
                   middle[0] == '\0' ? "" : " ", given);
}

static void contact_write(uint64_t seed, uint64_t person, uint64_t number,
                          const struct place *place, struct sample_person *ret)
{
    int is_ward = strncmp(place->commune->full_name, "Phường", strlen("Phường")) == 0;
    (void)snprintf(ret->address, sizeof(ret->address), "%s %u, %s", is_ward ? "Tổ dân phố" : "Thôn",
                   1 + draw(seed, person, DRAW_HAMLET, is_ward ? 30 : 14),
                   place->commune->full_name);
    if (draw(seed, person, DRAW_PHONE, 8) != 0)
        (void)snprintf(ret->phone, sizeof(ret->phone), "+8430%07u",
                       draw(seed, person, DRAW_PHONE_DIGITS, 10000000));
    if (draw(seed, person, DRAW_EMAIL, 3) == 0)
        (void)snprintf(ret->email, sizeof(ret->email), "tv%010llu@example.vn",
                       (unsigned long long)number);
}

static void personal_id_write(int province, uint32_t serial, struct sample_person *ret)
{
    int year, month, day_of_month;
    date_split(ret->birth_day, &year, &month, &day_of_month);
    unsigned mark = (unsigned)(year / 100 - 19) * 2 + (ret->sex == SEX_IS_FEMALE);
    (void)snprintf(ret->personal_id, sizeof(ret->personal_id), "%03u%u%02u%06u",
                   (unsigned)province % 1000, mark % 10, (unsigned)year % 100, serial % 1000000);
}

/* Everything but birth, sex, id and days, which are there already. */
static void person_fill(const struct sample *self, uint64_t seed, uint64_t person, uint64_t number,
                        size_t place_i, struct sample_person *ret)
{
    const struct place *place = &self->places[place_i];
    const struct sample_naming *naming = sample_naming(people_draw(seed, person, place->code));
    const struct sample_collector *collector =
        self->collectors[place->first_collector +
                         draw(seed, person, DRAW_COLLECTOR, (uint32_t)place->n_collectors)];
    name_write(seed, person, naming, ret);
    contact_write(seed, person, number, place, ret);
    ret->group = group_draw(seed, person, naming);
    ret->method = METHOD_IS_MONTHLY;
    ret->income_vnd = income_draw(self, seed, person, ret->enrolled_day, ret->paid_day);
    ret->is_transfer = draw(seed, person, DRAW_CHANNEL, 4) == 0;
    ret->unit_code = place->commune->code;
    ret->collector_code = collector->code;
    ret->point_code = collector->point_code;
}

static int32_t years_before(int32_t day, int years)
{
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    return date_make(year - years, month, MIN(day_of_month, 28));
}

/* Few are very young or very old: the middle of two draws. */
static int32_t birth_draw(uint64_t seed, uint32_t i, int32_t enrolled_day)
{
    int32_t last_day = date_make(2025, 11, 30);
    int32_t oldest = years_before(last_day, AGE_MAX);
    int32_t youngest =
        MIN(years_before(last_day, AGE_MIN), years_before(enrolled_day, AGE_ENROLLED_MIN));
    uint32_t span = (uint32_t)(youngest - oldest + 1);
    return oldest +
           (int32_t)((draw(seed, i, DRAW_BIRTH, span) + draw(seed, i, DRAW_BIRTH_AGAIN, span)) / 2);
}

/* Ids keep the province of birth: most were born here, in the old Lào Cai or the old Yên Bái. */
static int province_draw(uint64_t seed, uint32_t i, uint32_t commune_code)
{
    uint32_t x = draw(seed, i, DRAW_PROVINCE, 100 * BIRTH_PROVINCES);
    if (x < BORN_ELSEWHERE_PERCENT * BIRTH_PROVINCES)
        return birth_province_at(x % BIRTH_PROVINCES);
    return commune_code < YEN_BAI_FIRST_CODE ? 10 : 15;
}

/* Most declarations are taken within the law's week; those of the last days wait. */
static int32_t accepted_draw(const struct sample *self, uint32_t i, int32_t enrolled_day)
{
    uint64_t own = draw_mix(self->seed + ACCEPTED_SEED);
    int32_t day = enrolled_day + 1 + (int32_t)draw_below(own, 2 * (uint64_t)i, ACCEPTED_DAYS);
    int is_accepted = draw_below(own, 2 * (uint64_t)i + 1, 100) < ACCEPTED_PERCENT;
    return is_accepted && day < self->first_day + (int32_t)self->n_days ? day : 0;
}

void sample_person(const struct sample *self, uint32_t i, struct sample_person *ret)
{
    uint64_t seed = self->seed;
    *ret = (struct sample_person){0};
    ret->paid_day = self->first_day + (int32_t)draw_find(self->day_until, self->n_days, i);
    uint32_t delay = draw(seed, i, DRAW_DELAY, 10);
    ret->enrolled_day = MAX(ret->paid_day - (int32_t)(delay > 5 ? delay - 5 : 0), self->first_day);
    ret->accepted_day = accepted_draw(self, i, ret->enrolled_day);
    int is_before = i < self->n_before;
    uint32_t first = is_before ? 0 : self->n_before;
    uint32_t n = is_before ? self->n_before : self->n - self->n_before;
    uint32_t slot = (uint32_t)draw_permute(draw_mix(seed + DRAW_SLOT), n, i - first);
    size_t place_i =
        draw_find(is_before ? self->before_until : self->new_until, self->n_places, slot);
    ret->sex = draw(seed, i, DRAW_SEX, 100) < 58 ? SEX_IS_FEMALE : SEX_IS_MALE;
    ret->birth_day = birth_draw(seed, i, ret->enrolled_day);
    personal_id_write(province_draw(seed, i, self->places[place_i].code),
                      (uint32_t)draw_permute(draw_mix(seed + DRAW_SERIAL), SERIALS, i), ret);
    person_fill(self, seed, i, i, place_i, ret);
}

void sample_drill_person(const struct sample *self, uint64_t seed, uint32_t i, size_t place_i,
                         int32_t enrolled_day, int32_t paid_day, struct sample_person *ret)
{
    *ret = (struct sample_person){.enrolled_day = enrolled_day, .paid_day = paid_day};
    uint64_t number = (seed % DRILLS * SAMPLE_DRILL_PEOPLE + i) % DRILL_IDS;
    uint64_t id = draw_permute(0, DRILL_IDS, number);
    uint32_t serial = SERIALS + (uint32_t)(id % SERIALS);
    id /= SERIALS;
    ret->sex = id % 2 == 0 ? SEX_IS_FEMALE : SEX_IS_MALE;
    id /= 2;
    int year = DRILL_FIRST_BIRTH_YEAR + (int)(id % DRILL_BIRTH_YEARS);
    uint64_t own = draw_mix(seed);
    ret->birth_day = date_make(year, 1, 1) + (int32_t)draw(own, i, DRAW_BIRTH, 365);
    personal_id_write(birth_province_at(id / DRILL_BIRTH_YEARS), serial, ret);
    person_fill(self, own, i, number, place_i, ret);
}

void sample_sprint_person(const struct sample *self, uint64_t seed, uint32_t i, int32_t today,
                          struct sample_person *ret)
{
    uint32_t slot = draw(draw_mix(seed), i, DRAW_SLOT, self->plan_until[self->n_places - 1]);
    sample_drill_person(self, seed, i, draw_find(self->plan_until, self->n_places, slot), today,
                        today, ret);
}
