#include "common/service/directory_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/bus/bus.h"
#include "common/domain/calendar.h"

#define MEMORY_MAX_BYTES (256UL * 1024 * 1024)
#define VERSION_BYTES 4
#define UNITS_MAX 20000

#define SUCCESSOR_WHOLE 1000000

struct row {
    ProtobufCMessage *message;
    uint32_t version;
    struct row *sibling; /* of a denominator: another day's of the same unit and kind */
};

struct directory_rows {
    struct arena *arena;
    struct map *tables[sizeof(DIRECTORY_KINDS) - 1]; /* struct row by code, one table a kind */
    struct map *units;                               /* struct directory_unit by code */
    struct map *denominators;                        /* first row by "<unit>:<kind>" */
    struct map *places;                              /* struct place by "<plan>/U<code>" */
    struct directory_unit *unit_at[UNITS_MAX];
    size_t n_units;
    uint64_t generation;
};

static struct map *table_of(const struct directory_rows *self, char kind)
{
    const char *found = strchr(DIRECTORY_KINDS, kind);
    ASSERT(kind != '\0' && found != NULL);
    return self->tables[found - DIRECTORY_KINDS];
}

struct directory_rows *directory_rows_create(void)
{
    struct directory_rows *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->arena = arena_create(MEMORY_MAX_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(self->tables); i++)
        self->tables[i] = map_create();
    self->units = map_create();
    self->denominators = map_create();
    self->places = map_create();
    return self;
}

void directory_rows_destroy(struct directory_rows **self)
{
    if (*self == NULL)
        return;
    for (size_t i = 0; i < ARRAY_LEN((*self)->tables); i++)
        map_destroy(&(*self)->tables[i]);
    map_destroy(&(*self)->units);
    map_destroy(&(*self)->denominators);
    map_destroy(&(*self)->places);
    arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

static int denominator_key(const char *unit_code, Ansinh__V1__DenominatorKind kind,
                           char ret[MAP_KEY_MAX_BYTES])
{
    int len = snprintf(ret, MAP_KEY_MAX_BYTES, "%s:%d", unit_code, (int)kind);
    return len < MAP_KEY_MAX_BYTES ? len : -EINVAL;
}

/* A row that is there for the first time. */
static void denominator_add(struct directory_rows *self, struct row *row,
                            const Ansinh__V1__Denominator *message)
{
    char key[MAP_KEY_MAX_BYTES];
    int len = denominator_key(message->unit_code, message->kind, key);
    if (len > 0) /* its code was shorter than a key */
        row->sibling = map_put(self->denominators, key, (size_t)len, row);
}

/* --- who has a target in which split --- */

struct place {
    const Ansinh__V1__PlanSplit *split; /* NULL: in none any more */
    size_t share;
};

/* Takes the shares of a split that is replaced out, and those of the new one in; other splits'
 * shares are left alone, whichever of two comes first. */
static int places_set(struct directory_rows *self, const Ansinh__V1__PlanSplit *before,
                      const Ansinh__V1__PlanSplit *after)
{
    char key[DIRECTORY_CODE_MAX_BYTES];
    for (size_t i = 0; before != NULL && i < before->n_shares; i++) {
        int len = directory_scope_code(before->plan_code, before->shares[i]->scope, key);
        struct place *place = len < 0 ? NULL : map_get(self->places, key, (size_t)len);
        if (place != NULL && place->split == before)
            place->split = NULL;
    }
    for (size_t i = 0; i < after->n_shares; i++) {
        int len = directory_scope_code(after->plan_code, after->shares[i]->scope, key);
        struct place *place = len < 0 ? NULL : map_get(self->places, key, (size_t)len);
        if (len >= 0 && place == NULL) {
            place = arena_alloc(self->arena, sizeof(*place));
            if (place == NULL)
                return -ENOMEM;
            (void)map_put(self->places, key, (size_t)len, place);
        }
        if (place != NULL)
            *place = (struct place){after, i};
    }
    return 0;
}

const Ansinh__V1__PlanSplit *directory_rows_place(const struct directory_rows *self,
                                                  const char *plan_code,
                                                  Ansinh__V1__PlanScopeKind kind, const char *code,
                                                  size_t *ret_share)
{
    char key[DIRECTORY_CODE_MAX_BYTES];
    Ansinh__V1__PlanScope scope;
    ansinh__v1__plan_scope__init(&scope);
    scope.kind = kind;
    scope.code = (char *)(uintptr_t)code;
    int len = directory_scope_code(plan_code, &scope, key);
    const struct place *place = len < 0 ? NULL : map_get(self->places, key, (size_t)len);
    if (place == NULL)
        return NULL;
    *ret_share = place->share;
    return place->split;
}

/* --- rows --- */

/* Sets a row from packed bytes; version 0 means one more than before. */
static int row_set(struct directory_rows *self, char kind, const uint8_t *packed, size_t len,
                   uint32_t version)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(directory_kind_descriptor(kind), &allocator, len, packed);
    char code[DIRECTORY_CODE_MAX_BYTES];
    if (message == NULL || directory_rows_code(kind, message, code) < 0)
        return -EPROTO;
    struct map *table = table_of(self, kind);
    struct row *row = map_get(table, code, strlen(code));
    if (row == NULL) {
        row = arena_zalloc(self->arena, sizeof(*row));
        if (row == NULL)
            return -ENOMEM;
        (void)map_put(table, code, strlen(code), row);
        if (kind == 'd')
            denominator_add(self, row, (const Ansinh__V1__Denominator *)message);
    }
    if (kind == 'h' && places_set(self, (const Ansinh__V1__PlanSplit *)row->message,
                                  (const Ansinh__V1__PlanSplit *)message) < 0)
        return -ENOMEM;
    row->message = message;
    row->version = version == 0 ? row->version + 1 : version;
    return 0;
}

int directory_rows_load(struct directory_rows *self, char kind, const void *record, size_t len)
{
    if (len < VERSION_BYTES)
        return -EPROTO;
    const uint8_t *bytes = record;
    uint32_t version = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                       (uint32_t)bytes[3] << 24;
    return row_set(self, kind, bytes + VERSION_BYTES, len - VERSION_BYTES, version);
}

static void apply_rows(struct directory_rows *self, char kind, ProtobufCMessage *const *rows,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = protobuf_c_message_get_packed_size(rows[i]);
        uint8_t *packed = malloc(len + 1);
        ASSERT(packed != NULL);
        (void)protobuf_c_message_pack(rows[i], packed);
        int rc = row_set(self, kind, packed, len, 0);
        if (rc < 0)
            log_error("reference row not taken", "kind=%c code=%d", kind, rc);
        free(packed);
    }
}

#define ROWS(field) (ProtobufCMessage *const *)(field)

static void apply_reference(struct directory_rows *self, const Ansinh__V1__ReferenceImported *in)
{
    for (size_t i = 0; i < in->n_rows; i++) {
        const ProtobufCMessage *message = NULL;
        char kind = directory_reference_kind(in->rows[i], &message);
        ProtobufCMessage *const row = (ProtobufCMessage *)(uintptr_t)message;
        if (kind != '\0')
            apply_rows(self, kind, &row, 1);
    }
}

void directory_rows_apply(struct directory_rows *self, const Ansinh__V1__Event *event)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_UNITS_IMPORTED) {
        const Ansinh__V1__UnitsImported *units = event->units_imported;
        apply_rows(self, 'u', ROWS(units->units), units->n_units);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_ORGANISATIONS_IMPORTED) {
        const Ansinh__V1__OrganisationsImported *rows = event->organisations_imported;
        apply_rows(self, 'o', ROWS(rows->organisations), rows->n_organisations);
        apply_rows(self, 'p', ROWS(rows->points), rows->n_points);
        apply_rows(self, 'k', ROWS(rows->collectors), rows->n_collectors);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PLAN_IMPORTED) {
        apply_rows(self, 't', ROWS(event->plan_imported->targets), event->plan_imported->n_targets);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_POLICY_IMPORTED) {
        apply_rows(self, 'l', ROWS(&event->policy_imported->amendment),
                   event->policy_imported->amendment != NULL);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTNERS_IMPORTED) {
        const Ansinh__V1__PartnersImported *rows = event->partners_imported;
        apply_rows(self, 'a', ROWS(rows->partners), rows->n_partners);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_REFERENCE_IMPORTED) {
        apply_reference(self, event->reference_imported);
    }
}

/* --- the tree --- */

static void unit_fill(struct directory_rows *self, const Ansinh__V1__Unit *row)
{
    struct directory_unit *unit = map_get(self->units, row->code, strlen(row->code));
    if (unit == NULL) {
        if (self->n_units == UNITS_MAX || strlen(row->code) >= sizeof(unit->code))
            return;
        unit = arena_zalloc(self->arena, sizeof(*unit));
        if (unit == NULL)
            return;
        (void)snprintf(unit->code, sizeof(unit->code), "%s", row->code);
        unit->index = self->n_units;
        self->unit_at[self->n_units++] = unit;
        (void)map_put(self->units, row->code, strlen(row->code), unit);
    }
    unit->level = row->level;
    unit->is_special_zone = row->special_zone;
    unit->name = row->name;
    unit->name_en = row->name_en;
    unit->full_name = row->full_name;
    unit->difficulty_tier = row->difficulty_tier;
    unit->last_day = INT32_MAX;
    if (row->valid_until[0] != '\0' && date_parse(row->valid_until, &unit->last_day) < 0)
        unit->last_day = INT32_MAX;
    unit->n_plans = 0;
    unit->n_children = unit->n_predecessors = 0;
    unit->successor = NULL;
}

static int compare_units(const void *a, const void *b)
{
    return strcmp((*(struct directory_unit *const *)a)->code,
                  (*(struct directory_unit *const *)b)->code);
}

/* Units of one level, and no ring: what the import refuses may still stand in a foreign ledger. */
static void successor_fill(struct directory_rows *self, const Ansinh__V1__Successor *row,
                           const char *today)
{
    struct directory_unit *old = directory_rows_unit(self, row->old_code);
    struct directory_unit *heir = directory_rows_unit(self, row->new_code);
    int32_t on;
    if (old != NULL && row->share_per_million > 0 && date_parse(row->on, &on) == 0)
        old->last_day = MIN(old->last_day, on - 1);
    if (row->share_per_million != SUCCESSOR_WHOLE || strcmp(row->on, today) > 0 || old == NULL ||
        heir == NULL || old->level != heir->level)
        return;
    int steps = 0;
    for (const struct directory_unit *at = heir; at != NULL; at = at->successor, steps++) {
        if (at == old || steps == DIRECTORY_SUCCESSIONS_MAX)
            return;
    }
    old->successor = heir;
}

/* Everything hangs in one place: below its parent, or where it was merged into its successor. */
static size_t *count_above(struct directory_unit *unit)
{
    if (unit->successor != NULL)
        return &unit->successor->n_predecessors;
    return unit->parent == NULL ? NULL : &unit->parent->n_children;
}

static void list_make(struct directory_rows *self, struct directory_unit ***list, size_t *n,
                      size_t *capacity)
{
    if (*n > *capacity) {
        *capacity = 2 * *n;
        *list = arena_alloc(self->arena, *capacity * sizeof(struct directory_unit *));
        ASSERT(*list != NULL);
    }
    *n = 0;
}

static void list_sort(struct directory_unit **list, size_t n)
{
    if (n > 1)
        qsort(list, n, sizeof(struct directory_unit *), compare_units);
}

/* Of a unit in force: where its parent was merged whole, the heir, although its row may not say so
 * yet. What ended stays where it was. */
static struct directory_unit *parent_of(const struct directory_rows *self,
                                        const struct directory_unit *unit, const char *parent_code,
                                        int32_t today)
{
    struct directory_unit *parent = directory_rows_unit(self, parent_code);
    while (parent != NULL && parent->successor != NULL && unit->last_day >= today)
        parent = parent->successor; /* DIRECTORY_SUCCESSIONS_MAX */
    return parent;
}

static void link_units(struct directory_rows *self, int32_t today)
{
    for (size_t i = 0; i < self->n_units; i++) {
        struct directory_unit *unit = self->unit_at[i];
        const Ansinh__V1__Unit *row =
            (const Ansinh__V1__Unit *)directory_rows_message(self, 'u', unit->code);
        unit->parent = parent_of(self, unit, row->parent_code, today);
        size_t *count = count_above(unit);
        if (count != NULL)
            (*count)++;
    }
    for (size_t i = 0; i < self->n_units; i++) {
        struct directory_unit *unit = self->unit_at[i];
        list_make(self, &unit->children, &unit->n_children, &unit->children_capacity);
        list_make(self, &unit->predecessors, &unit->n_predecessors, &unit->predecessors_capacity);
    }
    for (size_t i = 0; i < self->n_units; i++) {
        struct directory_unit *unit = self->unit_at[i], *heir = unit->successor;
        if (heir != NULL)
            heir->predecessors[heir->n_predecessors++] = unit;
        else if (unit->parent != NULL)
            unit->parent->children[unit->parent->n_children++] = unit;
    }
    for (size_t i = 0; i < self->n_units; i++) {
        struct directory_unit *unit = self->unit_at[i];
        list_sort(unit->children, unit->n_children);
        list_sort(unit->predecessors, unit->n_predecessors);
    }
}

static void plan_fill(struct directory_rows *self, const Ansinh__V1__PlanTarget *row)
{
    struct directory_unit *unit = directory_rows_unit(self, row->unit_code);
    if (unit == NULL)
        return;
    size_t place = unit->n_plans;
    if (place == DIRECTORY_PLAN_YEARS) {
        place = 0;
        for (size_t i = 1; i < unit->n_plans; i++)
            place = unit->plans[i].year < unit->plans[place].year ? i : place;
        if (unit->plans[place].year > row->year)
            return;
    } else {
        unit->n_plans++;
    }
    unit->plans[place].year = row->year;
    unit->plans[place].participants = row->participants;
}

void directory_rows_link(struct directory_rows *self, int32_t today)
{
    char text[DATE_TEXT_BYTES];
    date_format(today, text);
    size_t cursor = 0;
    for (struct row *row; (row = map_next(table_of(self, 'u'), &cursor)) != NULL;)
        unit_fill(self, (const Ansinh__V1__Unit *)row->message);
    cursor = 0;
    for (struct row *row; (row = map_next(table_of(self, 'g'), &cursor)) != NULL;)
        successor_fill(self, (const Ansinh__V1__Successor *)row->message, text);
    link_units(self, today);
    cursor = 0;
    for (struct row *row; (row = map_next(table_of(self, 't'), &cursor)) != NULL;)
        plan_fill(self, (const Ansinh__V1__PlanTarget *)row->message);
    self->generation++;
}

/* --- look-ups --- */

static struct row *row_get(const struct directory_rows *self, char kind, const char *code)
{
    size_t len = strlen(code);
    return len == 0 || len > MAP_KEY_MAX_BYTES ? NULL : map_get(table_of(self, kind), code, len);
}

const ProtobufCMessage *directory_rows_message(const struct directory_rows *self, char kind,
                                               const char *code)
{
    const struct row *row = row_get(self, kind, code);
    return row == NULL ? NULL : row->message;
}

const ProtobufCMessage *directory_rows_next(const struct directory_rows *self, char kind,
                                            size_t *cursor)
{
    const struct row *row = map_next(table_of(self, kind), cursor);
    return row == NULL ? NULL : row->message;
}

const Ansinh__V1__Denominator *directory_rows_denominator(const struct directory_rows *self,
                                                          const char *unit_code,
                                                          Ansinh__V1__DenominatorKind kind,
                                                          int32_t day)
{
    char key[MAP_KEY_MAX_BYTES], text[DATE_TEXT_BYTES];
    const Ansinh__V1__Denominator *best = NULL;
    int len = denominator_key(unit_code, kind, key);
    const struct row *row = len < 0 ? NULL : map_get(self->denominators, key, (size_t)len);
    date_format(day, text);
    for (; row != NULL; row = row->sibling) {
        const Ansinh__V1__Denominator *at = (const Ansinh__V1__Denominator *)row->message;
        if (strcmp(at->on, text) <= 0 && (best == NULL || strcmp(at->on, best->on) > 0))
            best = at;
    }
    return best;
}

uint32_t directory_rows_version(const struct directory_rows *self, char kind, const char *code)
{
    const struct row *row = row_get(self, kind, code);
    return row == NULL ? 0 : row->version;
}

struct directory_unit *directory_rows_unit(const struct directory_rows *self, const char *code)
{
    size_t len = strlen(code);
    return len == 0 || len > MAP_KEY_MAX_BYTES ? NULL : map_get(self->units, code, len);
}

struct directory_unit *directory_rows_unit_at(const struct directory_rows *self, size_t i)
{
    return i < self->n_units ? self->unit_at[i] : NULL;
}

size_t directory_rows_unit_count(const struct directory_rows *self)
{
    return self->n_units;
}

uint64_t directory_rows_generation(const struct directory_rows *self)
{
    return self->generation;
}
