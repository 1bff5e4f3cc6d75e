/* What units, organisations and plan files look like. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/directory.pb-c.h"
#include "services/cli/csv_message.h"
#include "services/cli/import_reference.h"

#define COUNTRY "VN"
#define SPECIAL_ZONE_PREFIX "Đặc khu "

static const char *const services[] = {"enrolment", NULL};

/* A message of the row's columns; NULL with err. */
static ProtobufCMessage *make(struct reference *self, const struct csv_row *csv,
                              const ProtobufCMessageDescriptor *descriptor, struct err *err)
{
    ProtobufCMessage *message = reference_message(self, descriptor);
    if (message == NULL)
        (void)err_set(err, -EINVAL, "the file is too large: split it");
    else if (import_fill(self->import, csv, message, self->arena, err) == 0)
        return message;
    return NULL;
}

static void name_row(char ret[REFERENCE_NAME_BYTES], char kind, const char *code)
{
    (void)snprintf(ret, REFERENCE_NAME_BYTES, "%c:%s", kind, code);
}

/* --- units ------------------------------------------------------------------------------------ */

static void add_unit(struct reference *self, Ansinh__V1__Unit *unit, const struct csv_row *csv)
{
    struct reference_row row = {.message = &unit->base,
                                .rank = (int)unit->level,
                                .group = unit->parent_code,
                                .code = unit->code};
    name_row(row.name, 'u', unit->code);
    name_row(row.parent, 'u', unit->parent_code);
    reference_add(self, &row, csv);
}

static int take_unit(struct reference *self, const struct csv_row *csv, struct err *err)
{
    Ansinh__V1__Unit *unit =
        (Ansinh__V1__Unit *)make(self, csv, &ansinh__v1__unit__descriptor, err);
    if (unit == NULL)
        return -EINVAL;
    static char country[] = COUNTRY;
    if (unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_PROVINCE && unit->parent_code[0] == '\0')
        unit->parent_code = country;
    if (!import_has_column(self->import, "special_zone"))
        unit->special_zone =
            strncmp(unit->full_name, SPECIAL_ZONE_PREFIX, strlen(SPECIAL_ZONE_PREFIX)) == 0;
    add_unit(self, unit, csv);
    return 0;
}

/* Lists of provinces and communes often leave the country out. */
static int add_country(struct reference *self)
{
    static char code[] = COUNTRY, name[] = "Việt Nam", name_en[] = "Viet Nam",
                full_name[] = "Cộng hòa xã hội chủ nghĩa Việt Nam";
    Ansinh__V1__GetUnitResponse *known;
    for (size_t i = 0; i < self->n_rows; i++) {
        if (strcmp(self->rows[i].code, COUNTRY) == 0)
            return 0;
    }
    int rc = reference_unit(self, COUNTRY, &known);
    if (rc != 0)
        return rc < 0;
    Ansinh__V1__Unit *unit =
        (Ansinh__V1__Unit *)reference_message(self, &ansinh__v1__unit__descriptor);
    if (unit == NULL)
        return cli_fail(1, "the file is too large: split it");
    unit->code = code;
    unit->level = ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COUNTRY;
    unit->name = name;
    unit->name_en = name_en;
    unit->full_name = full_name;
    add_unit(self, unit, NULL);
    return 0;
}

static int run_units(struct import *self)
{
    static const struct reference_kind kind = {
        .method = "Directory/ImportUnits", .take = take_unit, .complete = add_country};
    return reference_run(self, &kind);
}

const struct import_kind import_units = {
    .name = "units",
    .required = (const char *const[]){"code", "parent_code", "level", "name", NULL},
    .optional = (const char *const[]){"name_en", "full_name", "special_zone", "difficulty_tier",
                                      "office_email", "valid_from", "valid_until", NULL},
    .key = (const char *const[]){"code", NULL},
    .services = services,
    .run = run_units,
};

/* --- organisations, points, collectors -------------------------------------------------------- */

/* parent_code is another field in each kind of row. */
static const struct organisation_kind {
    const char *name;
    char letter, parent_letter; /* '\0': has no parent */
    const ProtobufCMessageDescriptor *descriptor;
    const char *parent_field;
    const char *unused[2]; /* columns that must be empty; NULL: none */
} organisation_kinds[] = {
    {"organisation",
     'o',
     '\0',
     &ansinh__v1__organisation__descriptor,
     NULL,
     {"parent_code", "unit_code"}},
    {"point", 'p', 'o', &ansinh__v1__point__descriptor, "organisation_code", {NULL, NULL}},
    {"collector",
     'k',
     'p',
     &ansinh__v1__collector__descriptor,
     "point_code",
     {"unit_code", "name"}},
};

static int check_unused(const struct reference *self, const struct csv_row *csv,
                        const struct organisation_kind *kind, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(kind->unused) && kind->unused[i] != NULL; i++) {
        if (import_value(self->import, csv, kind->unused[i])[0] != '\0')
            return err_field(err, -EINVAL, kind->unused[i], "a row of kind %s has none",
                             kind->name);
    }
    return 0;
}

static const char *code_of(const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "code");
    const char *code;
    memcpy(&code, (const char *)message + field->offset, sizeof(code));
    return code;
}

static int take_organisation(struct reference *self, const struct csv_row *csv, struct err *err)
{
    const char *name = import_value(self->import, csv, "kind");
    size_t k = 0;
    while (k < ARRAY_LEN(organisation_kinds) && strcmp(organisation_kinds[k].name, name) != 0)
        k++;
    if (k == ARRAY_LEN(organisation_kinds))
        return err_field(err, -EINVAL, "kind", "want organisation, point or collector");
    const struct organisation_kind *kind = &organisation_kinds[k];
    if (check_unused(self, csv, kind, err) < 0)
        return -EINVAL;
    ProtobufCMessage *message = make(self, csv, kind->descriptor, err);
    if (message == NULL)
        return -EINVAL;
    const char *parent = import_value(self->import, csv, "parent_code");
    if (kind->parent_field != NULL &&
        csv_set_field(message, kind->parent_field, parent, self->arena, err) < 0)
        return -EINVAL;
    struct reference_row row = {
        .message = message, .rank = (int)k, .group = "", .code = code_of(message)};
    name_row(row.name, kind->letter, row.code);
    if (kind->parent_letter != '\0')
        name_row(row.parent, kind->parent_letter, parent);
    reference_add(self, &row, csv);
    return 0;
}

static int run_organisations(struct import *self)
{
    static const struct reference_kind kind = {.method = "Directory/ImportOrganisations",
                                               .take = take_organisation};
    return reference_run(self, &kind);
}

const struct import_kind import_organisations = {
    .name = "organisations",
    .required = (const char *const[]){"kind", "code", "parent_code", "unit_code", "name", NULL},
    .optional = (const char *const[]){NULL},
    .key = (const char *const[]){"kind", "code", NULL},
    .services = services,
    .run = run_organisations,
};

/* --- the plan --------------------------------------------------------------------------------- */

static void learn_children(struct reference *self, const Ansinh__V1__GetUnitResponse *province)
{
    for (size_t i = 0; i < province->n_child_codes; i++) {
        const char *code = province->child_codes[i];
        (void)map_put(self->provinces, code, strlen(code), province->unit->code);
    }
}

/* Which commune is in which province: the directory checks that targets add up, call by call. */
static int learn_provinces(struct reference *self)
{
    Ansinh__V1__GetUnitResponse *country, *province;
    int rc = reference_unit(self, COUNTRY, &country);
    if (rc <= 0)
        return rc < 0;
    for (size_t i = 0; i < country->n_child_codes; i++) {
        rc = reference_unit(self, country->child_codes[i], &province);
        if (rc < 0)
            return 1;
        if (rc == 1 && province->unit != NULL)
            learn_children(self, province);
    }
    return 0;
}

static int take_target(struct reference *self, const struct csv_row *csv, struct err *err)
{
    Ansinh__V1__PlanTarget *target =
        (Ansinh__V1__PlanTarget *)make(self, csv, &ansinh__v1__plan_target__descriptor, err);
    if (target == NULL)
        return -EINVAL;
    size_t len = strlen(target->unit_code);
    const char *province = len == 0 || len > MAP_KEY_MAX_BYTES
                               ? NULL
                               : map_get(self->provinces, target->unit_code, len);
    int is_country = strcmp(target->unit_code, COUNTRY) == 0;
    struct reference_row row = {.message = &target->base,
                                .rank = (int)MIN(target->year, (uint32_t)INT32_MAX),
                                .rank_in_group = province != NULL,
                                .group = is_country         ? ""
                                         : province != NULL ? province
                                                            : target->unit_code,
                                .code = target->unit_code};
    reference_add(self, &row, csv);
    return 0;
}

static int run_plan(struct import *self)
{
    static const struct reference_kind kind = {.method = "Directory/ImportPlan",
                                               .keeps_groups = 1,
                                               .begin = learn_provinces,
                                               .take = take_target};
    return reference_run(self, &kind);
}

const struct import_kind import_plan = {
    .name = "plan",
    .required = (const char *const[]){"year", "unit_code", "participants", NULL},
    .optional = (const char *const[]){NULL},
    .key = (const char *const[]){"year", "unit_code", NULL},
    .services = services,
    .run = run_plan,
};

/* --- what became of units, what they are held against, who answers for them ------------------- */

static int take_successor(struct reference *self, const struct csv_row *csv, struct err *err)
{
    Ansinh__V1__Successor *message =
        (Ansinh__V1__Successor *)make(self, csv, &ansinh__v1__successor__descriptor, err);
    if (message == NULL)
        return -EINVAL;
    struct reference_row row = {
        .message = &message->base, .group = message->old_code, .code = message->new_code};
    reference_add(self, &row, csv);
    return 0;
}

static int run_successors(struct import *self)
{
    static const struct reference_kind kind = {
        .method = "Directory/ImportSuccessors", .keeps_groups = 1, .take = take_successor};
    return reference_run(self, &kind);
}

const struct import_kind import_successors = {
    .name = "successors",
    .required = (const char *const[]){"old_code", "new_code", "share_per_million", "on", NULL},
    .optional = (const char *const[]){NULL},
    .key = (const char *const[]){"old_code", "new_code", NULL},
    .services = services,
    .run = run_successors,
};

static int take_denominator(struct reference *self, const struct csv_row *csv, struct err *err)
{
    Ansinh__V1__Denominator *message =
        (Ansinh__V1__Denominator *)make(self, csv, &ansinh__v1__denominator__descriptor, err);
    if (message == NULL)
        return -EINVAL;
    struct reference_row row = {
        .message = &message->base, .group = message->on, .code = message->unit_code};
    reference_add(self, &row, csv);
    return 0;
}

static int run_denominators(struct import *self)
{
    static const struct reference_kind kind = {.method = "Directory/ImportDenominators",
                                               .take = take_denominator};
    return reference_run(self, &kind);
}

const struct import_kind import_denominators = {
    .name = "denominators",
    .required = (const char *const[]){"unit_code", "kind", "on", "value", NULL},
    .optional = (const char *const[]){"source", NULL},
    .key = (const char *const[]){"unit_code", "kind", "on", NULL},
    .services = services,
    .run = run_denominators,
};

static int take_si_unit(struct reference *self, const struct csv_row *csv, struct err *err)
{
    Ansinh__V1__SiUnit *message =
        (Ansinh__V1__SiUnit *)make(self, csv, &ansinh__v1__si_unit__descriptor, err);
    if (message == NULL)
        return -EINVAL;
    struct reference_row row = {.message = &message->base, .group = "", .code = message->code};
    reference_add(self, &row, csv);
    return 0;
}

static int run_si_units(struct import *self)
{
    static const struct reference_kind kind = {.method = "Directory/ImportSiUnits",
                                               .take = take_si_unit};
    return reference_run(self, &kind);
}

const struct import_kind import_si_units = {
    .name = "si-units",
    .required = (const char *const[]){"code", "name", "commune_codes", NULL},
    .optional = (const char *const[]){"valid_from", NULL},
    .key = (const char *const[]){"code", NULL},
    .services = services,
    .run = run_si_units,
};
