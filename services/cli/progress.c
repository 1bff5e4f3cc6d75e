#include "services/cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/macros.h"

#define BAR_CHARS 30
#define BAR_INTERVAL_MS 200
#define LINE_INTERVAL_MS 5000 /* without a terminal */

static void show(struct progress *self, unsigned long done, unsigned long total)
{
    self->shown_ms = clock_mono_ms();
    unsigned long elapsed_ms = (unsigned long)MAX(self->shown_ms - self->begin_ms, (int64_t)1);
    unsigned long rate = done * 1000 / elapsed_ms;
    total = MAX(total, done);
    if (!isatty(STDERR_FILENO)) {
        (void)fprintf(stderr, "%s: %lu of %lu, %lu/s\n", self->title, done, total, rate);
        return;
    }
    int filled = total == 0 ? 0 : (int)(done * BAR_CHARS / total);
    (void)fprintf(stderr, "\r%s [%.*s%*s] %lu of %lu, %lu/s \033[K", self->title, filled,
                  "##############################", BAR_CHARS - filled, "", done, total, rate);
}

void progress_begin(struct progress *self, const char *title)
{
    *self = (struct progress){title, clock_mono_ms(), clock_mono_ms()};
}

void progress_show(struct progress *self, unsigned long done, unsigned long total)
{
    if (self->title == NULL)
        return;
    int64_t interval_ms = isatty(STDERR_FILENO) ? BAR_INTERVAL_MS : LINE_INTERVAL_MS;
    if (clock_mono_ms() - self->shown_ms >= interval_ms)
        show(self, done, total);
}

void progress_end(struct progress *self, unsigned long done, unsigned long total)
{
    if (self->title == NULL)
        return;
    show(self, done, total);
    if (isatty(STDERR_FILENO))
        (void)fputc('\n', stderr);
}
