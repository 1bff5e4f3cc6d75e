/* ansinh drill sample|sprint: made-up people through the real services. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/policy.h"
#include "services/cli/csv_file.h"
#include "services/cli/drill.h"
#include "services/cli/import.h"
#include "services/cli/person.h"

#define WINDOW 512
#define USAGE                                                                                      \
    "usage: ansinh drill sample [--seed N] [--people N]\n"                                         \
    "               drill people [--units FILE] [--plan N] [--people N] [--seed N]\n"              \
    "               drill sprint [--rate N] [--seconds N] [--seed N]\n"                            \
    "               drill sprint --days N [--speed N | --seconds N] [--people N] [--seed N]"
#define PEOPLE_SEED 30000
#define SPRINT_WINDOW 4096
#define LISTS_ARENA_BYTES (16 * 1024 * 1024)
#define SAMPLE_FOLDER "deploy/sample"
#define RATE_MAX 100000
#define SECONDS_MAX 86400
#define SPEED_MAX 10000000
#define PLAN_MAX 100000000

struct drill {
    struct service svc;
    struct arena *arena;
    struct sample_commune communes[SAMPLE_COMMUNES_MAX];
    size_t n_communes;
    struct sample_collector collectors[SAMPLE_COLLECTORS_MAX];
    size_t n_collectors;
    struct sample *sample;
    struct person_tally tally;
    const char *folder;
    struct drill_options options;
    int32_t today;
};

static const struct service_spec drill_spec = {
    .name = "cli",
    .prefix = "CLI_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_CLIENT | SERVICE_DIRECTORY | SERVICE_POLICY};

/* --- the lists of the sample folder --- */

typedef int (*row_fn)(struct drill *self, const struct csv_row *row, const size_t *columns);

/* Index of each wanted column. */
static int find_columns(const struct csv_file *file, const char *const *wanted, size_t n,
                        size_t *ret)
{
    size_t n_columns;
    const char *const *columns = csv_columns(file, &n_columns);
    for (size_t i = 0; i < n; i++) {
        ret[i] = 0;
        while (ret[i] < n_columns && strcmp(columns[ret[i]], wanted[i]) != 0)
            ret[i]++;
        if (ret[i] == n_columns)
            return cli_fail(1, "column %s is missing", wanted[i]);
    }
    return 0;
}

static int read_list(struct drill *self, const char *name, const char *const *wanted, size_t n,
                     row_fn take)
{
    char path[1024];
    size_t columns[8] = {0};
    struct err err = {0};
    struct csv_file *file;
    struct csv_row row;
    (void)snprintf(path, sizeof(path), "%s/%s", self->folder, name);
    if (csv_open(path, &file, &err) < 0)
        return cli_fail(1, "%s: %s", path, err.text);
    int rc = find_columns(file, wanted, n, columns);
    int more;
    while (rc == 0 && (more = csv_next(file, &row, &err)) != 0)
        rc = more < 0 ? cli_fail(1, "%s: line %lu: %s", path, row.line, err.text)
                      : take(self, &row, columns);
    csv_close(&file);
    return rc;
}

static const char *keep(struct drill *self, const char *text)
{
    const char *copy = arena_strndup(self->arena, text, strlen(text));
    return copy == NULL ? "" : copy;
}

static int take_commune(struct drill *self, const struct csv_row *row, const size_t *columns)
{
    const char *code = row->values[columns[0]];
    if (strlen(code) != 5)
        return 0;
    if (self->n_communes == SAMPLE_COMMUNES_MAX)
        return cli_fail(1, "more than %d communes", SAMPLE_COMMUNES_MAX);
    self->communes[self->n_communes++] =
        (struct sample_commune){keep(self, code), keep(self, row->values[columns[1]]), 0};
    return 0;
}

static int take_target(struct drill *self, const struct csv_row *row, const size_t *columns)
{
    int64_t target;
    for (size_t i = 0; i < self->n_communes; i++) {
        if (strcmp(self->communes[i].code, row->values[columns[0]]) != 0)
            continue;
        if (parse_int64(row->values[columns[1]], 0, INT32_MAX, &target) < 0)
            return cli_fail(1, "plan.csv: line %lu: participants is no number", row->line);
        self->communes[i].plan = (uint32_t)target;
    }
    return 0;
}

/* Collectors come after the points in which they work. */
static int take_organisation(struct drill *self, const struct csv_row *row, const size_t *columns)
{
    if (strcmp(row->values[columns[0]], "collector") != 0)
        return 0;
    if (self->n_collectors == SAMPLE_COLLECTORS_MAX)
        return cli_fail(1, "more than %d collectors", SAMPLE_COLLECTORS_MAX);
    self->collectors[self->n_collectors++] = (struct sample_collector){
        keep(self, row->values[columns[1]]), keep(self, row->values[columns[2]]), NULL};
    return 0;
}

static int take_point(struct drill *self, const struct csv_row *row, const size_t *columns)
{
    if (strcmp(row->values[columns[0]], "point") != 0)
        return 0;
    const char *unit = keep(self, row->values[columns[3]]);
    for (size_t i = 0; i < self->n_collectors; i++) {
        if (strcmp(self->collectors[i].point_code, row->values[columns[1]]) == 0)
            self->collectors[i].unit_code = unit;
    }
    return 0;
}

static int read_lists(struct drill *self)
{
    static const char *const unit_columns[] = {"code", "full_name"};
    static const char *const plan_columns[] = {"unit_code", "participants"};
    static const char *const organisation_columns[] = {"kind", "code", "parent_code", "unit_code"};
    int rc = read_list(self, "units.csv", unit_columns, 2, take_commune);
    if (rc == 0)
        rc = read_list(self, "plan.csv", plan_columns, 2, take_target);
    if (rc == 0)
        rc = read_list(self, "organisations.csv", organisation_columns, 4, take_organisation);
    if (rc == 0)
        rc = read_list(self, "organisations.csv", organisation_columns, 4, take_point);
    return rc;
}

static int make_sample(struct drill *self)
{
    struct err err = {0};
    struct sample_spec spec = {
        .communes = self->communes,
        .n_communes = self->n_communes,
        .collectors = self->collectors,
        .n_collectors = self->n_collectors,
        .policy = self->svc.policy,
        .n = (uint32_t)self->options.people,
        .seed = 1, /* the drill's own seed varies the people, not the towns they live in */
    };
    if (sample_create(&spec, &self->sample, &err) < 0)
        return cli_fail(1, "%s", err.text);
    return 0;
}

/* --- sample --- */

static int start_sample_person(void *arg, struct bulk *bulk, unsigned long i)
{
    struct drill *self = arg;
    struct sample_person person;
    char key[48];
    if (i >= (unsigned long)self->options.people)
        return 0;
    sample_person(self->sample, (uint32_t)i, &person);
    (void)snprintf(key, sizeof(key), "sample-%lld-%lu", (long long)self->options.seed, i);
    person_start(bulk, &person, key, &self->tally);
    return 1;
}

/* Another folder may have no campaigns, sessions and denominators. */
static int load_lists(struct drill *self)
{
    static const char *const kinds[] = {"units",        "organisations", "plan",    "campaigns",
                                        "denominators", "sessions",      "contacts"};
    const size_t n_needed = 3;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        char path[1024];
        (void)snprintf(path, sizeof(path), "%s/%s.csv", self->folder, kinds[i]);
        if (i >= n_needed && access(path, F_OK) != 0)
            continue;
        if (import_file(&self->svc, kinds[i], path, 0) != 0)
            return 1;
    }
    return 0;
}

static int load_sample(struct drill *self)
{
    if (load_lists(self) != 0)
        return 1;
    unsigned long done;
    struct bulk_conf conf = {.svc = &self->svc,
                             .window = WINDOW,
                             .title = "participants",
                             .total = (unsigned long)self->options.people,
                             .start = start_sample_person,
                             .arg = self};
    unsigned long failed = bulk_run(&conf, &done);
    (void)fprintf(
        stderr, "%lu enrolled, %lu paid, %lu accepted, %lu were there before, %lu failed\n",
        self->tally.enrolled, self->tally.paid, self->tally.accepted, self->tally.known, failed);
    return failed > 0 || done < (unsigned long)self->options.people;
}

/* --- sprint --- */

static int start_sprint_person(void *arg, struct bulk *bulk, unsigned long i)
{
    struct drill *self = arg;
    struct sample_person person;
    if (i >= (unsigned long)(self->options.rate * self->options.seconds) ||
        i >= SAMPLE_DRILL_PEOPLE)
        return 0;
    sample_sprint_person(self->sample, (uint64_t)self->options.seed, (uint32_t)i, self->today,
                         &person);
    person_start(bulk, &person, NULL, &self->tally);
    return 1;
}

static int run_sprint(struct drill *self)
{
    unsigned long done;
    struct bulk_conf conf = {.svc = &self->svc,
                             .window = SPRINT_WINDOW,
                             .title = "sprint",
                             .total = (unsigned long)(self->options.rate * self->options.seconds),
                             .start = start_sprint_person,
                             .arg = self,
                             .rate = (double)self->options.rate};
    self->today = clock_business_day(clock_wall_ms());
    unsigned long failed = bulk_run(&conf, &done);
    (void)fprintf(stderr, "%lu enrolled, %lu paid, %lu were there before, %lu failed\n",
                  self->tally.enrolled, self->tally.paid, self->tally.known, failed);
    return failed > 0;
}

/* --- options --- */

static int read_option(struct drill_options *self, const char *name, const char *value)
{
    const struct {
        const char *name;
        int64_t *value, min, max;
    } numbers[] = {
        {"--seed", &self->seed, 0, INT32_MAX},
        {"--people", &self->people, 1, SPRINT_PEOPLE_MAX},
        {"--plan", &self->plan, 1, PLAN_MAX},
        {"--rate", &self->rate, 1, RATE_MAX},
        {"--seconds", &self->seconds, 1, SECONDS_MAX},
        {"--days", &self->days, 1, SPRINT_DAYS_MAX},
        {"--speed", &self->speed, 1, SPEED_MAX},
    };
    if (strcmp(name, "--units") == 0 && value != NULL) {
        self->units = value;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        if (strcmp(numbers[i].name, name) != 0)
            continue;
        if (value != NULL &&
            parse_int64(value, numbers[i].min, numbers[i].max, numbers[i].value) == 0)
            return 0;
        return cli_fail(2, "option %s: want %lld to %lld", name, (long long)numbers[i].min,
                        (long long)numbers[i].max);
    }
    return cli_fail(2, "option %s is unknown\n%s", name, USAGE);
}

static int read_options(struct drill_options *self, int argc, char **argv)
{
    for (int i = 2; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0)
            return cli_fail(2, USAGE);
        int status = read_option(self, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
        if (status != 0)
            return status;
    }
    if (self->days != 0 && self->rate != 0)
        return cli_fail(2, "option --rate: not together with --days");
    if (self->speed != 0 && self->seconds != 0)
        return cli_fail(2, "option --speed: not together with --seconds");
    return 0;
}

/* With the lists of the sample's folder. */
static int run_with_lists(struct drill_options *options, int is_sample)
{
    static const char *const names[] = {"enrolment", "payments", NULL};
    struct drill *self = calloc(1, sizeof(*self));
    if (self == NULL)
        return cli_fail(1, "no memory");
    const char *folder = getenv("SAMPLE_FOLDER");
    self->folder = folder == NULL ? SAMPLE_FOLDER : folder;
    self->options = *options;
    int status = cli_open(&self->svc, &drill_spec, names);
    if (status == 0) {
        self->arena = arena_create(LISTS_ARENA_BYTES);
        status = read_lists(self);
        if (status == 0)
            status = make_sample(self);
        if (status == 0)
            status = is_sample ? load_sample(self) : run_sprint(self);
        sample_destroy(&self->sample);
        arena_destroy(&self->arena);
        service_close(&self->svc);
    }
    free(self);
    return status;
}

static void set_default(int64_t *value, int64_t preset)
{
    if (*value < 0 || (*value == 0 && preset > 0))
        *value = preset;
}

int cli_drill(int argc, char **argv)
{
    struct drill_options options = {.seed = -1};
    const char *what = argc >= 2 ? argv[1] : "";
    int is_sample = strcmp(what, "sample") == 0;
    if (!is_sample && strcmp(what, "people") != 0 && strcmp(what, "sprint") != 0)
        return cli_fail(2, USAGE);
    int status = read_options(&options, argc, argv);
    if (status != 0)
        return status;
    if (strcmp(what, "people") == 0) {
        set_default(&options.seed, PEOPLE_SEED);
        return drill_people(&options);
    }
    if (options.days != 0) {
        set_default(&options.seed, 1);
        return drill_rehearse(&options);
    }
    /* every sprint brings new people */
    set_default(&options.seed, is_sample ? 1 : clock_wall_ms() / 1000 % 36540);
    set_default(&options.people, SAMPLE_PEOPLE);
    set_default(&options.rate, 50);
    set_default(&options.seconds, 30);
    return run_with_lists(&options, is_sample);
}
