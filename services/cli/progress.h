/* How far a long piece of work is: a bar on a terminal, now and then a line elsewhere, both on
 * standard error. */
#ifndef ANSINH_CLI_PROGRESS_H
#define ANSINH_CLI_PROGRESS_H

#include <stdint.h>

struct progress {
    const char *title; /* NULL: nothing is shown; borrowed */
    int64_t begin_ms, shown_ms;
};

void progress_begin(struct progress *self, const char *title);

/* Shows done of total, unless something was shown just now. */
void progress_show(struct progress *self, unsigned long done, unsigned long total);

/* Shows it a last time. */
void progress_end(struct progress *self, unsigned long done, unsigned long total);

#endif
