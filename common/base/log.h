/* One event per line on standard error, key=value, as an operator reads it with grep:
 *
 *   2026-11-21T16:20:01.123Z info svc=payments-1 msg="redis unreachable, retrying" retry_ms=500
 *
 * Never log names, ids of persons, phones, addresses, secrets or message bodies. */
#ifndef ANSINH_BASE_LOG_H
#define ANSINH_BASE_LOG_H

#include "common/base/macros.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Sets the name on every line (borrowed until the next call) and the lowest level that is written.
 */
void log_open(const char *service, enum log_level level);

/* Writes one line; msg is a fixed sentence, format adds "key=value" pairs (may be ""). Does not
 * block longer than a write to standard error does. */
void log_line(enum log_level level, const char *msg, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_debug(msg, ...) log_line(LOG_DEBUG, msg, __VA_ARGS__)
#define log_info(msg, ...) log_line(LOG_INFO, msg, __VA_ARGS__)
#define log_warn(msg, ...) log_line(LOG_WARN, msg, __VA_ARGS__)
#define log_error(msg, ...) log_line(LOG_ERROR, msg, __VA_ARGS__)

/* True at most once per interval_ms for one *last_ms (start with 0): for warnings that repeat. */
int log_allowed(long long *last_ms, long long interval_ms);

/* Condition that only a bug can break: logs it with its place and aborts. Kept in release builds;
 * never used on input from outside. */
#define ASSERT(condition)                                                                          \
    ((condition) ? (void)0 : log_assert_failed(#condition, __FILE__, __LINE__))
void log_assert_failed(const char *condition, const char *file, int line) __attribute__((noreturn));

#endif
