#include "services/enrolment/warnings.h"

#include <string.h>

char **warnings_answer(struct arena *arena, const struct warnings *warnings)
{
    char **ret = arena_alloc(arena, (warnings->n + 1) * sizeof(*ret));
    for (size_t i = 0; ret != NULL && i < warnings->n; i++) {
        ret[i] = arena_strndup(arena, warnings->texts[i], strlen(warnings->texts[i]));
        if (ret[i] == NULL)
            return NULL;
    }
    return ret;
}
