#include "common/json/json_where.h"

#include <stdio.h>

#include "common/base/macros.h"
#include "common/json/json.h"

#define LEVELS_MAX (2 * JSON_DEPTH_MAX) /* objects and arrays take turns at most */

struct level {
    int is_array;
    int is_value; /* behind the colon of an object */
    size_t index;
    const char *key; /* between its quotes; NULL before the first */
    size_t key_len;
};

struct where {
    struct level levels[LEVELS_MAX];
    size_t depth; /* may exceed LEVELS_MAX: the levels above are not recorded */
};

/* Index of the closing quote, or len. */
static size_t string_end(const char *text, size_t i, size_t len)
{
    for (i++; i < len && text[i] != '"'; i++)
        i += text[i] == '\\';
    return MIN(i, len);
}

static void where_open(struct where *self, int is_array)
{
    if (self->depth < LEVELS_MAX)
        self->levels[self->depth] = (struct level){.is_array = is_array};
    self->depth++;
}

static void where_token(struct where *self, char c)
{
    struct level *level =
        self->depth == 0 || self->depth > LEVELS_MAX ? NULL : &self->levels[self->depth - 1];
    if (c == '{' || c == '[')
        where_open(self, c == '[');
    else if ((c == '}' || c == ']') && self->depth > 0)
        self->depth--;
    else if (c == ':' && level != NULL)
        level->is_value = 1;
    else if (c == ',' && level != NULL) {
        level->index++;
        level->is_value = 0;
    }
}

static void where_string(struct where *self, const char *text, size_t len)
{
    if (self->depth == 0 || self->depth > LEVELS_MAX)
        return;
    struct level *level = &self->levels[self->depth - 1];
    if (level->is_array || level->is_value)
        return;
    level->key = text;
    level->key_len = len;
}

void json_where(const char *text, size_t len, char *ret_path, size_t size)
{
    struct where where = {.depth = 0};
    for (size_t i = 0; i < len; i++) {
        if (text[i] != '"') {
            where_token(&where, text[i]);
            continue;
        }
        size_t end = string_end(text, i, len);
        where_string(&where, text + i + 1, end - i - (end > i));
        i = end;
    }
    size_t used = 0;
    ret_path[0] = '\0';
    for (size_t i = 0; i < MIN(where.depth, (size_t)LEVELS_MAX); i++) {
        const struct level *level = &where.levels[i];
        if (!level->is_array && level->key == NULL)
            break;
        int key_len = (int)MIN(level->key_len, size);
        int more = level->is_array ? snprintf(ret_path + used, size - used, "[%zu]", level->index)
                                   : snprintf(ret_path + used, size - used, "%s%.*s",
                                              used > 0 ? "." : "", key_len, level->key);
        used = MIN(used + (size_t)MAX(more, 0), size - 1);
    }
}
