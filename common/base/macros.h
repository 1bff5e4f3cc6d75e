/* Small words that every file of the platform may use. */
#ifndef ANSINH_BASE_MACROS_H
#define ANSINH_BASE_MACROS_H

#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_i, arg_i) __attribute__((format(printf, fmt_i, arg_i)))

/* Runs fn(&variable) when the variable leaves its scope; every x_destroy(struct x **) fits. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define CONTAINER_OF(pointer, type, member)                                                        \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
