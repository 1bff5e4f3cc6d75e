/* Where a reader of a file takes its bytes from, so that a file of any size passes through a small
 * buffer. */
#ifndef ANSINH_SETTLE_SOURCE_H
#define ANSINH_SETTLE_SOURCE_H

#include <stddef.h>

/* Fills up to len (> 0) bytes; how many it were, 0 at the end, or a negative errno. */
typedef long (*settle_read_fn)(void *arg, void *bytes, size_t len);

/* Such a function for a FILE *. */
long settle_read_file(void *file, void *bytes, size_t len);

#endif
