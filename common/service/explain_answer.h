/* The lines of a computed sum as a client reads them. */
#ifndef ANSINH_SERVICE_EXPLAIN_ANSWER_H
#define ANSINH_SERVICE_EXPLAIN_ANSWER_H

#include "ansinh/v1/types.pb-c.h"
#include "common/base/arena.h"
#include "common/domain/explain.h"

/* lines->n messages with the words of both languages; all of it lives in the arena. NULL: no
 * memory. */
Ansinh__V1__QuoteLine **explain_answer(struct arena *arena,
                                       const struct explain_lines *lines) MUST_CHECK;

/* The same of one line; -1: no memory. */
int explain_answer_line(struct arena *arena, const struct explain_line *line,
                        Ansinh__V1__QuoteLine *ret) MUST_CHECK;

/* One line in words, for other messages. NULL: no memory. */
char *explain_text(struct arena *arena, const struct explain_line *line,
                   enum language language) MUST_CHECK;

#endif
