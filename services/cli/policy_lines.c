#include "services/cli/policy_lines.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/explain.h"

void policy_lines_init(struct policy_lines *self, struct arena *arena)
{
    *self = (struct policy_lines){.arena = arena};
}

void policy_lines_fini(struct policy_lines *self)
{
    free(self->cells);
    self->cells = NULL;
}

/* --- texts of a row --- */

/* SUPPORT_GROUP_NEAR_POOR as "near_poor"; "" for the value that means nothing. */
static const char *enum_text(struct arena *arena, const ProtobufCEnumDescriptor *descriptor,
                             int number, const char *prefix)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);
    if (number == 0 || value == NULL)
        return "";
    char *text = arena_printf(arena, "%s", value->name + strlen(prefix));
    for (char *letter = text; letter != NULL && *letter != '\0'; letter++)
        if (*letter >= 'A' && *letter <= 'Z')
            *letter = (char)(*letter - 'A' + 'a');
    return text;
}

/* What tells the row from the others of its day: "near_poor", "15 special zone", "male from 15
 * years". */
static const char *key_text(struct arena *arena, const Ansinh__V1__PolicyRow *row)
{
    const char *parts[] = {
        row->province,
        row->special_zone ? "special zone" : "",
        enum_text(arena, &ansinh__v1__support_group__descriptor, (int)row->group, "SUPPORT_GROUP_"),
        enum_text(arena, &ansinh__v1__eligibility_bar__descriptor, (int)row->bar,
                  "ELIGIBILITY_BAR_"),
        enum_text(arena, &ansinh__v1__sex__descriptor, (int)row->sex, "SEX_"),
        enum_text(arena, &ansinh__v1__method__descriptor, (int)row->method, "METHOD_"),
        row->renewal ? "renewal" : "",
        enum_text(arena, &ansinh__v1__policy_switch__descriptor, (int)row->switch_name,
                  "POLICY_SWITCH_"),
        enum_text(arena, &ansinh__v1__refund_reason__descriptor, (int)row->reason,
                  "REFUND_REASON_"),
        row->rank == 0 ? "" : arena_printf(arena, "rank %d", row->rank),
        row->year == 0 ? "" : arena_printf(arena, "%d", row->year),
        row->from_years == 0 ? "" : arena_printf(arena, "from %d years", row->from_years),
    };
    const char *text = "";
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (parts[i] != NULL && parts[i][0] != '\0' && text != NULL)
            text = arena_printf(arena, "%s%s%s", text, text[0] == '\0' ? "" : " ", parts[i]);
    return text;
}

static const char *share_text(struct arena *arena, int64_t per_million)
{
    char text[PERCENT_TEXT_BYTES];
    share_format(per_million, text);
    return arena_printf(arena, "%s", text);
}

static const char *vnd_text(struct arena *arena, int64_t vnd)
{
    char text[VND_TEXT_BYTES];
    vnd_format(vnd, text);
    return arena_printf(arena, "%s dong", text);
}

static const char *value_text(struct arena *arena, const Ansinh__V1__PolicyRow *row)
{
    switch (row->value_case) {
    case ANSINH__V1__POLICY_ROW__VALUE_VND:
        return vnd_text(arena, row->vnd);
    case ANSINH__V1__POLICY_ROW__VALUE_BASIS_POINTS:
        return share_text(arena, (int64_t)row->basis_points * PER_MILLION_OF_BASIS_POINT);
    case ANSINH__V1__POLICY_ROW__VALUE_PER_MILLION:
        return share_text(arena, row->per_million);
    case ANSINH__V1__POLICY_ROW__VALUE_TIMES:
        return arena_printf(arena, "%d times", row->times);
    case ANSINH__V1__POLICY_ROW__VALUE_MONTHS:
        return arena_printf(arena, "%d months", row->months);
    case ANSINH__V1__POLICY_ROW__VALUE_YEARS:
        return arena_printf(arena, "%d years", row->years);
    case ANSINH__V1__POLICY_ROW__VALUE_DAYS:
        return arena_printf(arena, "%d days", row->days);
    case ANSINH__V1__POLICY_ROW__VALUE_AGE:
        return row->age;
    case ANSINH__V1__POLICY_ROW__VALUE_COEFFICIENT:
        return row->coefficient;
    case ANSINH__V1__POLICY_ROW__VALUE_CHOICE:
        return enum_text(arena, &ansinh__v1__policy_choice__descriptor, (int)row->choice,
                         "POLICY_CHOICE_");
    case ANSINH__V1__POLICY_ROW__VALUE__NOT_SET:
    case _ANSINH__V1__POLICY_ROW__VALUE__CASE_IS_INT_SIZE:
        break;
    }
    return "";
}

static const char *days_text(struct arena *arena, const Ansinh__V1__PolicyRow *row)
{
    return row->to[0] == '\0' ? arena_printf(arena, "from %s", row->from)
                              : arena_printf(arena, "%s to %s", row->from, row->to);
}

/* --- lines --- */

static void add(struct policy_lines *self, const char *const cells[POLICY_LINE_COLUMNS])
{
    if (self->n == POLICY_LINES_MAX)
        return;
    if (self->n == self->capacity) {
        self->capacity = MAX((size_t)64, 2 * self->capacity);
        self->cells = realloc(self->cells, self->capacity * sizeof(*self->cells));
        ASSERT(self->cells != NULL);
    }
    for (size_t i = 0; i < POLICY_LINE_COLUMNS; i++)
        self->cells[self->n][i] = cells[i] == NULL ? "" : cells[i];
    self->n++;
}

void policy_lines_add(struct policy_lines *self, const char *mark, const char *table,
                      const Ansinh__V1__PolicyRow *row)
{
    const char *open = row->unconfirmed[0] == '\0'
                           ? ""
                           : arena_printf(self->arena, "(unconfirmed: %s)", row->unconfirmed);
    const char *budget = row->budget_vnd == 0 ? "" : vnd_text(self->arena, row->budget_vnd);
    const char *value = value_text(self->arena, row);
    if (row->budget_vnd != 0)
        value = arena_printf(self->arena, "%s of %s", value, budget);
    add(self, (const char *[]){mark, table, key_text(self->arena, row), value,
                               days_text(self->arena, row), row->citation, open});
}

void policy_lines_add_change(struct policy_lines *self, const Ansinh__V1__PolicyChange *change)
{
    const char *mark = enum_text(self->arena, &ansinh__v1__policy_effect__descriptor,
                                 (int)change->effect, "POLICY_EFFECT_");
    if (change->after != NULL)
        policy_lines_add(self, mark, change->table, change->after);
    else if (change->before != NULL)
        policy_lines_add(self, mark, change->table, change->before);
}

/* The last column that holds anything in a line ends it. */
static void print_line(const struct policy_lines *self, size_t line,
                       const size_t widths[POLICY_LINE_COLUMNS], int indent)
{
    size_t last = 0;
    for (size_t i = 0; i < POLICY_LINE_COLUMNS; i++)
        last = self->cells[line][i][0] == '\0' ? last : i;
    (void)printf("%*s", indent, "");
    for (size_t i = 0; i <= last; i++) {
        const char *cell = self->cells[line][i];
        size_t pad = i == last || widths[i] == 0 ? 0 : widths[i] + 2 - parse_utf8_length(cell);
        (void)printf("%s%*s", cell, (int)pad, "");
    }
    (void)putchar('\n');
}

void policy_lines_print(struct policy_lines *self, int indent)
{
    size_t widths[POLICY_LINE_COLUMNS] = {0};
    for (size_t line = 0; line < self->n; line++) {
        for (size_t i = 0; i < POLICY_LINE_COLUMNS; i++)
            widths[i] = MAX(widths[i], parse_utf8_length(self->cells[line][i]));
    }
    for (size_t line = 0; line < self->n; line++)
        print_line(self, line, widths, indent);
    self->n = 0;
}
