/* Numbers of a process, for /metrics and Health/Stats. Names end in _total for counters and in a
 * unit else. */
#ifndef ANSINH_SERVICE_METRICS_H
#define ANSINH_SERVICE_METRICS_H

#include <stdint.h>

#define METRICS_MAX 512

struct metrics;

struct metrics *metrics_create(void);
void metrics_destroy(struct metrics **self);

/* A counter or gauge to count in directly: `++*counter`. name and labels ("" or `kind="receipt"`)
 * are borrowed for ever (literals). The pointer lives as long as the metrics. At most METRICS_MAX:
 * more is a bug. */
int64_t *metrics_counter(struct metrics *self, const char *name, const char *labels);
int64_t *metrics_gauge(struct metrics *self, const char *name, const char *labels);

/* Asks fn for numbers that are kept elsewhere, each time somebody reads; fn calls emit once per
 * number. */
typedef void (*metrics_emit_fn)(void *sink, const char *name, const char *labels, int64_t value,
                                int is_counter);
typedef void (*metrics_collect_fn)(void *arg, metrics_emit_fn emit, void *sink);
void metrics_collector(struct metrics *self, metrics_collect_fn fn, void *arg);

/* Walks all numbers. */
void metrics_walk(struct metrics *self, metrics_emit_fn emit, void *sink);

#endif
