#include "common/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"

#define LINE_MAX_BYTES 1024

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *log_service = "ansinh";
static enum log_level log_lowest = LOG_INFO;

void log_open(const char *service, enum log_level level)
{
    log_service = service;
    log_lowest = level;
}

void log_line(enum log_level level, const char *msg, const char *format, ...)
{
    if (level < log_lowest)
        return;
    int64_t now_ms = clock_wall_ms();
    time_t now_s = (time_t)(now_ms / 1000);
    struct tm utc;
    gmtime_r(&now_s, &utc);
    char when[32];
    (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &utc);

    char line[LINE_MAX_BYTES];
    int used = snprintf(line, sizeof(line), "%s.%03dZ %s svc=%s msg=\"%s\" ", when,
                        (int)(now_ms % 1000), level_names[level], log_service, msg);
    int room = (int)sizeof(line) - 1;
    used = MIN(used, room);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(line + used, (size_t)(room - used), format, args);
    va_end(args);
    used = more < 0 ? used : MIN(used + more, room - 1);
    line[used++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, (size_t)used);
    (void)written; /* there is nowhere left to report to */
}

int log_allowed(long long *last_ms, long long interval_ms)
{
    long long now_ms = clock_mono_ms();
    if (*last_ms != 0 && now_ms - *last_ms < interval_ms)
        return 0;
    *last_ms = now_ms;
    return 1;
}

void log_assert_failed(const char *condition, const char *file, int line)
{
    log_error("assertion failed", "condition=\"%s\" at=%s:%d", condition, file, line);
    abort();
}
