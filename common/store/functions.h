/* The function libraries inside the servers, and what their functions are called in this build.
 * Private to common/store. */
#ifndef ANSINH_STORE_FUNCTIONS_H
#define ANSINH_STORE_FUNCTIONS_H

#include <stddef.h>

enum function {
    FUNCTION_COMMIT,
    FUNCTION_LOOKUP,
    FUNCTION_REGISTRY,
    FUNCTION_LEASE,
    FUNCTION_FLUSH,
    FUNCTIONS,
};

/* "ansinh_commit_1": the name with the version of the library. Computed once per process. */
const char *function_name(enum function which, size_t *ret_len);

#endif
