#include "common/service/explain_answer.h"

#include <string.h>

_Static_assert((int)OPERAND_HALF_MONTHS == (int)ANSINH__V1__OPERAND_UNIT__OPERAND_UNIT_HALF_MONTHS,
               "the numbers of operand units are those of the message");

static char *copy(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *explain_text(struct arena *arena, const struct explain_line *line, enum language language)
{
    char text[EXPLANATION_BYTES];
    explain_format(line, language, text, sizeof(text));
    return copy(arena, text);
}

static int operands_fill(struct arena *arena, const struct explain_line *line,
                         Ansinh__V1__QuoteLine *ret)
{
    size_t n = line->n_operands;
    Ansinh__V1__Operand *operands = arena_alloc(arena, n * sizeof(*operands) + 1);
    ret->operands = arena_alloc(arena, n * sizeof(*ret->operands) + 1);
    if (operands == NULL || ret->operands == NULL)
        return -1;
    for (size_t i = 0; i < n; i++) {
        ansinh__v1__operand__init(&operands[i]);
        operands[i].unit = (Ansinh__V1__OperandUnit)line->operands[i].unit;
        operands[i].value = line->operands[i].value;
        ret->operands[i] = &operands[i];
    }
    ret->n_operands = n;
    return 0;
}

int explain_answer_line(struct arena *arena, const struct explain_line *line,
                        Ansinh__V1__QuoteLine *ret)
{
    ansinh__v1__quote_line__init(ret);
    ret->key = copy(arena, explain_key(line->text));
    ret->title = copy(arena, explain_title(line->text, LANGUAGE_IS_EN));
    ret->title_vi = copy(arena, explain_title(line->text, LANGUAGE_IS_VI));
    ret->explanation = explain_text(arena, line, LANGUAGE_IS_EN);
    ret->explanation_vi = explain_text(arena, line, LANGUAGE_IS_VI);
    ret->citation = copy(arena, line->row->citation);
    ret->unconfirmed = copy(arena, line->row->unconfirmed);
    ret->amount_vnd = line->amount_vnd;
    if (ret->key == NULL || ret->title == NULL || ret->title_vi == NULL ||
        ret->explanation == NULL || ret->explanation_vi == NULL || ret->citation == NULL ||
        ret->unconfirmed == NULL)
        return -1;
    return operands_fill(arena, line, ret);
}

Ansinh__V1__QuoteLine **explain_answer(struct arena *arena, const struct explain_lines *lines)
{
    Ansinh__V1__QuoteLine *rows = arena_alloc(arena, lines->n * sizeof(*rows) + 1);
    Ansinh__V1__QuoteLine **ret =
        arena_alloc(arena, lines->n * sizeof(Ansinh__V1__QuoteLine *) + 1);
    if (rows == NULL || ret == NULL)
        return NULL;
    for (size_t i = 0; i < lines->n; i++) {
        if (explain_answer_line(arena, &lines->rows[i], &rows[i]) < 0)
            return NULL;
        ret[i] = &rows[i];
    }
    return ret;
}
