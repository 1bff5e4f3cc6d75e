#include "services/cli/territory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/domain/apportion.h"
#include "common/domain/calendar.h"
#include "common/service/directory.h"
#include "services/cli/import.h"
#include "services/cli/sample_draw.h"

#define REFRESH_WAIT_MS 10000
#define PATH_BYTES 300
#define POINTS_PER_COMMUNE 2
#define WEIGHT_MIN 20
#define WEIGHT_SPREAD 80
#define AGED_PER_PLAN 10 /* of working age, for each participant planned */
#define AGED_SPREAD 8
#define PROSPECTS_PERCENT 55 /* of them */

static const struct {
    const char *code, *name;
} organisations[] = {
    {"VNPOST", "Bưu điện Việt Nam"},
    {"VIETTEL", "Viettel"},
    {"HPN", "Hội Liên hiệp Phụ nữ"},
    {"BHXH", "Bảo hiểm xã hội"},
};

/* --- the directory ---------------------------------------------------------------------------- */

struct look {
    int is_done, rc;
};

static void on_look(void *arg, int rc)
{
    struct look *look = arg;
    *look = (struct look){1, rc};
}

/* What was imported a moment ago is known here. */
static int look_anew(struct service *svc)
{
    struct look *look = calloc(1, sizeof(*look)); /* kept when the answer comes too late */
    if (look == NULL)
        return cli_fail(1, "no memory");
    int64_t until_ms = clock_mono_ms() + REFRESH_WAIT_MS;
    directory_refresh(svc->directory, on_look, look);
    while (!look->is_done && clock_mono_ms() < until_ms)
        loop_turn(svc->loop, 50);
    if (!look->is_done)
        return cli_fail(1, "the ledger did not answer");
    int rc = look->rc;
    free(look);
    return rc < 0 ? cli_fail(1, "the ledger did not answer") : 0;
}

static uint32_t this_year(void)
{
    int year, month, day;
    date_split(clock_business_day(clock_wall_ms()), &year, &month, &day);
    return (uint32_t)year;
}

static int is_commune(const struct directory_unit *unit)
{
    return unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE;
}

/* The commune of a collector's point; NULL when either is not known. */
static const struct directory_unit *collector_unit(const struct service *svc,
                                                   const Ansinh__V1__Collector *collector)
{
    const Ansinh__V1__Point *point = directory_point(svc->directory, collector->point_code);
    return point == NULL ? NULL : directory_unit(svc->directory, point->unit_code);
}

/* --- what is missing -------------------------------------------------------------------------- */

/* Writes a CSV file by fill and imports it. */
static int import_made(struct service *svc, const char *kind,
                       int (*fill)(struct service *svc, FILE *out, void *arg), void *arg)
{
    const char *folder = getenv("TMPDIR");
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%.200s/ansinh-%s-XXXXXX", folder == NULL ? "/tmp" : folder,
                   kind);
    int fd = mkstemp(path);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "we");
    if (out == NULL)
        return cli_fail(1, "%s: %s", path, strerror(errno));
    int n = fill(svc, out, arg);
    int status = fclose(out) != 0 || n < 0 ? cli_fail(1, "%s cannot be written", path) : 0;
    if (status == 0 && n > 0)
        status = import_file(svc, kind, path, 0);
    (void)unlink(path);
    return status;
}

/* Answers how many communes had none. has[index of a unit]: it has a collector. */
static int fill_organisations(struct service *svc, FILE *out, void *arg)
{
    const char *has = arg;
    int n = 0;
    (void)fputs("kind,code,parent_code,unit_code,name\n", out);
    for (size_t i = 0; i < ARRAY_LEN(organisations); i++)
        (void)fprintf(out, "organisation,%s,,,%s\n", organisations[i].code, organisations[i].name);
    for (size_t i = 0; i < directory_unit_count(svc->directory); i++) {
        const struct directory_unit *unit = directory_unit_at(svc->directory, i);
        if (!is_commune(unit) || has[i])
            continue;
        n++;
        for (unsigned k = 0; k < POINTS_PER_COMMUNE; k++) {
            /* the post is everywhere, the others share the communes out */
            size_t o = k == 0 ? 0
                              : 1 + draw_below(1, sample_unit_number(unit->code),
                                               ARRAY_LEN(organisations) - 1);
            (void)fprintf(out, "point,%s-%s,%s,%s,\"%s %s\"\ncollector,NV%s-%u,%s-%s,,\n",
                          organisations[o].code, unit->code, organisations[o].code, unit->code,
                          organisations[o].name, unit->full_name, unit->code, k + 1,
                          organisations[o].code, unit->code);
        }
    }
    return ferror(out) ? -EIO : n;
}

static int make_organisations(struct service *svc)
{
    char *has = calloc(directory_unit_count(svc->directory) + 1, 1);
    size_t cursor = 0;
    const ProtobufCMessage *row;
    if (has == NULL)
        return cli_fail(1, "no memory");
    while ((row = directory_next_row(svc->directory, 'k', &cursor)) != NULL) {
        const struct directory_unit *unit = collector_unit(svc, (const Ansinh__V1__Collector *)row);
        if (unit != NULL)
            has[unit->index] = 1;
    }
    int status = import_made(svc, "organisations", fill_organisations, has);
    free(has);
    return status;
}

/* Shares a unit's target out over the units below it, and theirs; 0 or -errno. */
static int share_out(const struct directory_unit *unit, int64_t target, FILE *out)
{
    int64_t weights[DRAW_SHARES_MAX], shares[DRAW_SHARES_MAX];
    if (target > 0 || unit->n_children == 0)
        (void)fprintf(out, "%u,%s,%lld\n", this_year(), unit->code, (long long)target);
    if (unit->n_children == 0)
        return 0;
    if (unit->n_children > DRAW_SHARES_MAX)
        return -E2BIG;
    for (size_t i = 0; i < unit->n_children; i++) {
        const struct directory_unit *child = unit->children[i];
        weights[i] = 0;
        for (size_t k = 0; k < MAX(child->n_children, (size_t)is_commune(child)); k++)
            weights[i] +=
                WEIGHT_MIN + draw_below(2, sample_unit_number(child->code) + (uint64_t)k * 100000,
                                        WEIGHT_SPREAD);
    }
    int rc = apportion(target, weights, unit->n_children, shares);
    for (size_t i = 0; rc == 0 && i < unit->n_children; i++)
        rc = shares[i] == 0 ? 0 : share_out(unit->children[i], shares[i], out);
    return rc;
}

static int fill_plan(struct service *svc, FILE *out, void *arg)
{
    const int64_t *plan = arg;
    (void)fputs("year,unit_code,participants\n", out);
    int rc = share_out(directory_unit(svc->directory, "VN"), *plan, out);
    return rc < 0 ? rc : ferror(out) ? -EIO : 1;
}

/* Of communes by their plan; above them the sums. Answers the unit's. */
static int64_t tell_denominator(const struct directory_unit *unit, const char *kind,
                                int64_t percent, FILE *out)
{
    uint32_t year, spread = draw_below(3, sample_unit_number(unit->code), AGED_SPREAD);
    int64_t value = is_commune(unit) ? directory_plan(unit, this_year(), &year) *
                                           (AGED_PER_PLAN + spread) * percent / 100
                                     : 0;
    for (size_t i = 0; i < unit->n_children; i++)
        value += tell_denominator(unit->children[i], kind, percent, out);
    if (value > 0)
        (void)fprintf(out, "%s,%s,%u-01-01,%lld,made up\n", unit->code, kind, this_year(),
                      (long long)value);
    return value;
}

static int fill_denominators(struct service *svc, FILE *out, void *arg)
{
    const struct directory_unit *country = directory_unit(svc->directory, "VN");
    (void)arg;
    (void)fputs("unit_code,kind,on,value,source\n", out);
    (void)tell_denominator(country, "working_age", 100, out);
    (void)tell_denominator(country, "prospects", PROSPECTS_PERCENT, out);
    return ferror(out) ? -EIO : 1;
}

/* Also whom it could reach, once the plan is known. */
static int make_plan(struct service *svc, int64_t plan)
{
    uint32_t year;
    const struct directory_unit *country = directory_unit(svc->directory, "VN");
    if (country == NULL)
        return cli_fail(1, "the platform has no units: give --units FILE");
    for (size_t i = 0; i < directory_unit_count(svc->directory); i++) {
        if (directory_plan(directory_unit_at(svc->directory, i), this_year(), &year) > 0)
            return 0;
    }
    int status = import_made(svc, "plan", fill_plan, &plan);
    if (status == 0)
        status = look_anew(svc);
    return status == 0 ? import_made(svc, "denominators", fill_denominators, NULL) : status;
}

int territory_complete(struct service *svc, const char *units_path, int64_t plan)
{
    int status = units_path == NULL ? 0 : import_file(svc, "units", units_path, 0);
    if (status == 0)
        status = look_anew(svc);
    if (status == 0)
        status = make_organisations(svc);
    if (status == 0)
        status = make_plan(svc, plan);
    return status == 0 ? look_anew(svc) : status;
}

/* --- reading ---------------------------------------------------------------------------------- */

static int by_code(const void *a, const void *b)
{
    const struct sample_commune *left = a, *right = b;
    return strcmp(left->code, right->code);
}

static void read_communes(const struct service *svc, struct territory *ret)
{
    uint32_t year;
    int32_t today = clock_business_day(clock_wall_ms());
    for (size_t i = 0; i < directory_unit_count(svc->directory); i++) {
        const struct directory_unit *unit = directory_unit_at(svc->directory, i);
        int64_t plan = directory_plan(unit, this_year(), &year);
        if (is_commune(unit) && unit->last_day >= today && plan > 0 && plan <= UINT32_MAX &&
            ret->n_communes < SAMPLE_COMMUNES_MAX)
            ret->communes[ret->n_communes++] =
                (struct sample_commune){unit->code, unit->full_name, (uint32_t)plan};
    }
    qsort(ret->communes, ret->n_communes, sizeof(ret->communes[0]), by_code);
}

static void read_collectors(const struct service *svc, struct territory *ret)
{
    size_t cursor = 0;
    const ProtobufCMessage *row;
    while ((row = directory_next_row(svc->directory, 'k', &cursor)) != NULL) {
        const Ansinh__V1__Collector *collector = (const Ansinh__V1__Collector *)row;
        const struct directory_unit *unit = collector_unit(svc, collector);
        if (unit != NULL && ret->n_collectors < SAMPLE_COLLECTORS_MAX)
            ret->collectors[ret->n_collectors++] =
                (struct sample_collector){collector->code, collector->point_code, unit->code};
    }
}

int territory_read(struct service *svc, struct arena *arena, struct territory *ret)
{
    *ret = (struct territory){
        .communes = arena_alloc(arena, SAMPLE_COMMUNES_MAX * sizeof(*ret->communes)),
        .collectors = arena_alloc(arena, SAMPLE_COLLECTORS_MAX * sizeof(*ret->collectors)),
    };
    if (ret->communes == NULL || ret->collectors == NULL)
        return cli_fail(1, "no memory");
    read_communes(svc, ret);
    read_collectors(svc, ret);
    if (ret->n_communes == 0)
        return cli_fail(1, "no commune of the platform has a plan");
    if (ret->n_communes == SAMPLE_COMMUNES_MAX || ret->n_collectors == SAMPLE_COLLECTORS_MAX)
        return cli_fail(1, "more than %d communes or %d collectors", SAMPLE_COMMUNES_MAX - 1,
                        SAMPLE_COLLECTORS_MAX - 1);
    return 0;
}
