#include "services/analytics/board_plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/directory_kinds.h"
#include "services/analytics/analytics.h"

#define COUNTRY "VN"
#define LEVELS_MAX 8    /* of a plan's scopes below each other */
#define NAMED_MAX 50000 /* targets of a plan */
#define NAMED_FIRST 64
#define YEAR_FIRST 1900
#define YEAR_LAST 2199

#define UNIT ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_UNIT
#define ORGANISATION ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_ORGANISATION
#define POINT ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_POINT
#define COLLECTOR ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_COLLECTOR
#define OFFICIAL ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_OFFICIAL

/* --- which plan ------------------------------------------------------------------------------- */

static int is_imported(const struct directory *directory, int64_t year)
{
    const Ansinh__V1__PlanTarget *row;
    size_t cursor = 0;
    while ((row = (const Ansinh__V1__PlanTarget *)directory_next_row(directory, 't', &cursor)) !=
           NULL) {
        if (row->year == year)
            return 1;
    }
    return 0;
}

/* "VNPOST@15" and a point lie in a unit; who lies in none is the country's. */
static const struct directory_unit *unit_of(const struct directory *directory,
                                            const Ansinh__V1__PlanScope *scope)
{
    const char *code = COUNTRY, *at = strchr(scope->code, '@');
    const Ansinh__V1__Collector *collector = NULL;
    const Ansinh__V1__Point *point = NULL;
    if (scope->kind == COLLECTOR)
        collector = directory_collector(directory, scope->code);
    if (scope->kind == POINT || collector != NULL)
        point = directory_point(directory, collector == NULL ? scope->code : collector->point_code);
    if (scope->kind == UNIT)
        code = scope->code;
    else if (scope->kind == ORGANISATION && at != NULL)
        code = at + 1;
    else if (point != NULL)
        code = point->unit_code;
    return directory_unit(directory, code);
}

/* Root and target before the first approved amendment after a moment; whether there is one. */
static int go_back(struct board_plan *self, const struct directory *directory, int64_t as_of_ms)
{
    const Ansinh__V1__PlanAmendment *row;
    int64_t first_ms = INT64_MAX;
    size_t cursor = 0;
    while ((row = (const Ansinh__V1__PlanAmendment *)directory_next_row(directory, 'm', &cursor)) !=
           NULL) {
        if (strcmp(row->plan_code, self->code) != 0 || row->root_before == NULL ||
            row->state != ANSINH__V1__AMENDMENT_STATE__AMENDMENT_STATE_APPROVED ||
            row->decided_at_ms <= as_of_ms || row->decided_at_ms >= first_ms)
            continue;
        first_ms = row->decided_at_ms;
        self->root = row->root_before;
        self->target = row->target_before;
    }
    return first_ms != INT64_MAX;
}

static void read_past(struct board_plan *self, const struct directory *directory, int64_t as_of_ms)
{
    const Ansinh__V1__PlanPast *row;
    char code[DIRECTORY_CODE_MAX_BYTES];
    size_t cursor = 0;
    while ((row = (const Ansinh__V1__PlanPast *)directory_next_row(directory, 'y', &cursor)) !=
           NULL) {
        if (row->until_ms <= as_of_ms || row->split == NULL ||
            strcmp(row->split->plan_code, self->code) != 0 ||
            directory_rows_code('h', &row->split->base, code) < 0)
            continue;
        const Ansinh__V1__PlanPast *other = map_get(self->past, code, strlen(code));
        if (other == NULL || row->until_ms < other->until_ms ||
            (row->until_ms == other->until_ms && row->amendment < other->amendment))
            (void)map_put(self->past, code, strlen(code), (void *)(uintptr_t)row);
    }
}

/* As it is, or was then; NULL: the scope is not divided. */
static const Ansinh__V1__PlanSplit *split_of(const struct board_plan *self,
                                             const struct directory *directory,
                                             Ansinh__V1__PlanScopeKind kind, const char *code)
{
    char key[DIRECTORY_CODE_MAX_BYTES];
    Ansinh__V1__PlanScope parent;
    ansinh__v1__plan_scope__init(&parent);
    parent.kind = kind;
    parent.code = (char *)(uintptr_t)code;
    if (directory_scope_code(self->code, &parent, key) < 0)
        return NULL;
    const Ansinh__V1__PlanPast *past =
        self->past == NULL ? NULL : map_get(self->past, key, strlen(key));
    return past != NULL ? past->split
                        : (const Ansinh__V1__PlanSplit *)directory_row(directory, 'h', key);
}

static void note_units(struct board_plan *self, const struct directory *directory, const char *code,
                       int levels)
{
    const Ansinh__V1__PlanSplit *split = levels == 0 ? NULL : split_of(self, directory, UNIT, code);
    for (size_t i = 0; split != NULL && i < split->n_shares; i++) {
        const Ansinh__V1__PlanScope *scope = split->shares[i]->scope;
        size_t len = scope == NULL ? 0 : strlen(scope->code);
        if (len == 0 || len > MAP_KEY_MAX_BYTES || scope->kind != UNIT)
            continue;
        (void)map_put(self->units, scope->code, len,
                      (void *)(uintptr_t)(split->shares[i]->target + 1));
        note_units(self, directory, scope->code, levels - 1); /* LEVELS_MAX deep */
    }
}

void board_plan_close(struct board_plan *self)
{
    map_destroy(&self->past);
    map_destroy(&self->units);
}

static int open_row(struct board_plan *self, const struct directory *directory, int64_t as_of_ms)
{
    const Ansinh__V1__Plan *row = self->row;
    self->root = row->root;
    self->target = row->target;
    self->name = row->name;
    self->counts = row->counts;
    self->product = row->product;
    self->is_stock = row->measure == ANSINH__V1__PLAN_MEASURE__PLAN_MEASURE_STOCK;
    if (row->root == NULL || date_parse(row->from, &self->from) < 0 ||
        date_parse(row->until, &self->until) < 0 ||
        protobuf_c_enum_descriptor_get_value(&ansinh__v1__product__descriptor, (int)row->product) ==
            NULL)
        return -ENOENT;
    if (as_of_ms > 0 && row->locked_at_ms > 0 && as_of_ms >= row->locked_at_ms &&
        go_back(self, directory, as_of_ms)) {
        self->past = map_create();
        self->units = map_create();
        read_past(self, directory, as_of_ms);
        note_units(self, directory, self->root->code, LEVELS_MAX);
    }
    self->unit = unit_of(directory, self->root);
    return 0;
}

int board_plan_open(struct board_plan *ret, const struct directory *directory, const char *code,
                    int64_t as_of_ms, struct err *err)
{
    int64_t year;
    *ret = (struct board_plan){.row = directory_plan_row(directory, code)};
    int len = snprintf(ret->code, sizeof(ret->code), "%s", code);
    if (ret->row != NULL && len < (int)sizeof(ret->code) && open_row(ret, directory, as_of_ms) == 0)
        return 0;
    if (!parse_is_digits(code, 4) || parse_int64(code, YEAR_FIRST, YEAR_LAST, &year) < 0 ||
        !is_imported(directory, year))
        return err_field(err, -ENOENT, "plan_code", "unknown plan");
    ret->name = ret->code;
    ret->unit = directory_unit(directory, COUNTRY);
    ret->from = date_make((int)year, 1, 1);
    ret->until = date_make((int)year, 12, 31);
    ret->counts = ANSINH__V1__METRIC__METRIC_PAID;
    ret->product = ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    ret->is_stock = 1;
    return 0;
}

/* --- what does not fit ------------------------------------------------------------------------ */

static int is_within(const struct directory_unit *unit, const struct directory_unit *whole)
{
    while (unit != NULL && unit != whole)
        unit = directory_above(unit);
    return unit != NULL;
}

/* A narrower source than that of the rows has a target of its own. */
static int check_sources(const Ansinh__V1__Slice *slice, Ansinh__V1__BoardBy by, struct err *err)
{
    const struct {
        const char *code, *field;
        Ansinh__V1__BoardBy widest; /* rows that are wider cannot be of one of these alone */
    } sources[] = {
        {slice->organisation_code, "slice.organisation_code",
         ANSINH__V1__BOARD_BY__BOARD_BY_ORGANISATIONS},
        {slice->point_code, "slice.point_code", ANSINH__V1__BOARD_BY__BOARD_BY_POINTS},
        {slice->collector_code, "slice.collector_code", ANSINH__V1__BOARD_BY__BOARD_BY_COLLECTORS},
    };
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (strcmp(sources[i].code, SLICE_NOBODY) == 0)
            return err_field(err, -EINVAL, sources[i].field, "nobody has no target in a plan");
        if (sources[i].code[0] != '\0' && by >= ANSINH__V1__BOARD_BY__BOARD_BY_ORGANISATIONS &&
            by < sources[i].widest)
            return err_field(err, -EINVAL, sources[i].field,
                             "the plan's targets are of all of them together");
    }
    return 0;
}

static int check_campaign(const struct board_plan *self, const Ansinh__V1__Slice *slice,
                          const struct directory *directory, struct err *err)
{
    const Ansinh__V1__Campaign *campaign = directory_campaign(directory, slice->campaign_code);
    if (campaign == NULL || strcmp(campaign->plan_code, self->code) != 0)
        return err_field(err, -EINVAL, "slice.campaign_code", "the campaign has another plan");
    return self->is_stock ? err_field(err, -EINVAL, "slice.campaign_code",
                                      "the plan counts what came before the campaign, too")
                          : 0;
}

static int check_product(const struct board_plan *self, const Ansinh__V1__Slice *in,
                         struct slice *slice, struct err *err)
{
    const unsigned product = 1U << self->product;
    if (in->product != ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED && in->product != self->product)
        return err_field(err, -EINVAL, "slice.product", "the plan is of another product");
    if (in->campaign_code[0] != '\0' && (slice->products & product) == 0)
        return err_field(err, -EINVAL, "slice.campaign_code", "the plan is of another product");
    slice->products = product;
    return 0;
}

/* Whether the slice has more than the plan's unit: who works there, too, would be held with all of
 * it against the plan of a part. */
static int is_beyond(const struct board_plan *self, const struct slice *slice)
{
    if (slice->unit != NULL)
        return slice->unit != self->unit && is_within(self->unit, slice->unit);
    size_t n = 0;
    for (size_t i = 0; i < slice->office->n_children; i++)
        n += (size_t)is_within(slice->office->children[i], self->unit);
    return n > 0 && n < slice->office->n_children;
}

int board_plan_check(const struct board_plan *self, const Ansinh__V1__GetBoardRequest *in,
                     struct question *question, struct err *err)
{
    const struct directory *directory = question->analytics->svc->directory;
    Ansinh__V1__Slice nothing_said;
    ansinh__v1__slice__init(&nothing_said);
    const Ansinh__V1__Slice *slice = in->slice == NULL ? &nothing_said : in->slice;
    if (in->counts != ANSINH__V1__METRIC__METRIC_UNSPECIFIED && in->counts != self->counts)
        return err_field(err, -EINVAL, "counts", "the plan counts another metric");
    if (slice->support_group != ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_UNSPECIFIED)
        return err_field(err, -EINVAL, "slice.support_group", "a plan is of all groups");
    if (slice->session_code[0] != '\0')
        return err_field(err, -EINVAL, "slice.session_code", "a plan is of no session");
    int rc = check_sources(slice, in->by, err);
    if (rc == 0 && slice->campaign_code[0] != '\0')
        rc = check_campaign(self, slice, directory, err);
    if (rc == 0)
        rc = check_product(self, slice, &question->slice, err);
    if (rc == 0 && in->by >= ANSINH__V1__BOARD_BY__BOARD_BY_ORGANISATIONS &&
        is_beyond(self, &question->slice))
        rc = err_field(err, -EINVAL, "slice.unit_code", "the plan is that of %s alone",
                       self->unit->code);
    return rc;
}

/* --- whose targets ---------------------------------------------------------------------------- */

/* Scopes of some kinds below others. */
struct search {
    const struct board_plan *plan;
    const struct directory *directory;
    struct arena *arena;
    const Ansinh__V1__Slice *wanted;
    Ansinh__V1__PlanScopeKind kind; /* OFFICIAL belongs to COLLECTOR */
    struct ranking_named *found;
    size_t n, capacity;
};

static int is_kind(const struct search *self, Ansinh__V1__PlanScopeKind kind)
{
    return kind == self->kind || (kind == OFFICIAL && self->kind == COLLECTOR);
}

/* Whether it is of the organisation, point and collector that the slice names. */
static int is_wanted(const struct search *self, Ansinh__V1__PlanScopeKind kind, const char *code)
{
    const Ansinh__V1__Slice *wanted = self->wanted;
    struct fact_source source = {0};
    struct slice_source who = {code, "", ""};
    if (kind != ORGANISATION) {
        (void)snprintf(kind == POINT ? source.point : source.collector, FACT_CODE_BYTES, "%s",
                       code);
        who = slice_source_of(self->directory, &source);
    }
    return wanted == NULL ||
           ((wanted->organisation_code[0] == '\0' ||
             strcmp(wanted->organisation_code, who.organisation) == 0) &&
            (wanted->point_code[0] == '\0' || strcmp(wanted->point_code, who.point) == 0) &&
            (wanted->collector_code[0] == '\0' ||
             strcmp(wanted->collector_code, who.collector) == 0));
}

/* "VNPOST@15" is VNPOST. */
static int take(struct search *self, Ansinh__V1__PlanScopeKind kind, const char *code,
                int64_t target)
{
    size_t len = kind == ORGANISATION ? strcspn(code, "@") : strlen(code);
    const char *name = arena_strndup(self->arena, code, len);
    if (name == NULL)
        return -ENOMEM;
    if (!is_wanted(self, kind, name) || self->n == NAMED_MAX)
        return 0;
    if (self->n == self->capacity) {
        size_t capacity = self->capacity == 0 ? NAMED_FIRST : 2 * self->capacity;
        struct ranking_named *larger = arena_alloc(self->arena, capacity * sizeof(*larger));
        if (larger == NULL)
            return -ENOMEM;
        if (self->n > 0)
            memcpy(larger, self->found, self->n * sizeof(*larger));
        self->found = larger;
        self->capacity = capacity;
    }
    self->found[self->n++] = (struct ranking_named){name, target};
    return 0;
}

static int search_below(struct search *self, Ansinh__V1__PlanScopeKind kind, const char *code,
                        int levels);

/* A scope with its target; what is wanted stands below none of its kind. */
static int search_scope(struct search *self, const Ansinh__V1__PlanScope *scope, int64_t target,
                        int levels)
{
    return is_kind(self, scope->kind) ? take(self, scope->kind, scope->code, target)
                                      : search_below(self, scope->kind, scope->code, levels);
}

static int search_below(struct search *self, Ansinh__V1__PlanScopeKind kind, const char *code,
                        int levels)
{
    const Ansinh__V1__PlanSplit *split =
        levels == 0 ? NULL : split_of(self->plan, self->directory, kind, code);
    int rc = 0;
    for (size_t i = 0; rc == 0 && split != NULL && i < split->n_shares; i++) {
        const Ansinh__V1__PlanShare *share = split->shares[i];
        if (share->scope != NULL && share->scope->kind <= self->kind + (self->kind == COLLECTOR))
            rc = search_scope(self, share->scope, share->target, levels - 1); /* LEVELS_MAX deep */
    }
    return rc;
}

/* All in a unit, with what was merged into it. Nothing in one that lies outside of the plan's. */
static int search_unit(struct search *self, const struct directory_unit *unit)
{
    const struct board_plan *plan = self->plan;
    if (plan->root == NULL || !is_within(unit, plan->unit))
        return 0;
    if (unit == plan->unit)
        return search_scope(self, plan->root, plan->target, LEVELS_MAX);
    int rc = search_below(self, UNIT, unit->code, LEVELS_MAX);
    for (size_t i = 0; rc == 0 && i < unit->n_predecessors; i++)
        rc = search_unit(self, unit->predecessors[i]); /* DIRECTORY_SUCCESSIONS_MAX deep */
    return rc;
}

/* The narrowest that the slice names; UNIT: nobody. */
static Ansinh__V1__PlanScopeKind kind_of(const Ansinh__V1__Slice *slice)
{
    if (slice == NULL)
        return UNIT;
    return slice->collector_code[0] != '\0'      ? COLLECTOR
           : slice->point_code[0] != '\0'        ? POINT
           : slice->organisation_code[0] != '\0' ? ORGANISATION
                                                 : UNIT;
}

static int64_t target_of(const struct board_plan *self, const struct directory *directory,
                         const char *code)
{
    if (self->units == NULL)
        return MAX(directory_plan_target(directory, self->code, UNIT, code), (int64_t)0);
    if (self->root->kind == UNIT && strcmp(self->root->code, code) == 0)
        return self->target;
    uintptr_t found = (uintptr_t)map_get(self->units, code, strlen(code));
    return found == 0 ? 0 : (int64_t)found - 1;
}

static int64_t of_unit_alone(const struct board_plan *self, const struct directory *directory,
                             const struct directory_unit *unit)
{
    int64_t sum = target_of(self, directory, unit->code);
    for (size_t i = 0; i < unit->n_predecessors; i++) /* DIRECTORY_SUCCESSIONS_MAX deep */
        sum += of_unit_alone(self, directory, unit->predecessors[i]);
    return sum;
}

int board_plan_of_unit(const struct board_plan *self, struct question *question,
                       const struct directory_unit *unit, int64_t *ret)
{
    const struct directory *directory = question->analytics->svc->directory;
    struct search search = {.plan = self,
                            .directory = directory,
                            .arena = question->arena,
                            .wanted = question->wanted,
                            .kind = kind_of(question->wanted)};
    *ret = search.kind == UNIT ? of_unit_alone(self, directory, unit) : 0;
    int rc = search.kind == UNIT ? 0 : search_unit(&search, unit);
    for (size_t i = 0; i < search.n; i++)
        *ret += search.found[i].target;
    return rc;
}

int board_plan_named(const struct board_plan *self, struct question *question,
                     Ansinh__V1__BoardBy by, struct ranking_named **ret, size_t *ret_n)
{
    const struct slice *slice = &question->slice;
    struct search search = {.plan = self,
                            .directory = question->analytics->svc->directory,
                            .arena = question->arena,
                            .wanted = question->wanted,
                            .kind = by == ANSINH__V1__BOARD_BY__BOARD_BY_ORGANISATIONS
                                        ? ORGANISATION
                                    : by == ANSINH__V1__BOARD_BY__BOARD_BY_POINTS ? POINT
                                                                                  : COLLECTOR};
    int rc = slice->unit == NULL ? 0 : search_unit(&search, slice->unit);
    for (size_t i = 0; rc == 0 && slice->unit == NULL && i < slice->office->n_children; i++)
        rc = search_unit(&search, slice->office->children[i]);
    *ret = search.found;
    *ret_n = search.n;
    return rc;
}
