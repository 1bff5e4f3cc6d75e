/* What the files of the bus know of struct bus. Private to the bus. */
#ifndef ANSINH_BUS_CONTEXT_H
#define ANSINH_BUS_CONTEXT_H

#include "common/bus/bus.h"
#include "common/bus/keys.h"
#include "common/bus/zap.h"

struct bus {
    struct loop *loop;
    void *ctx;
    char keys[KEYS_PATH_BYTES]; /* "" when only ipc:// is used */
    char public_key[KEY_Z85_BYTES], secret_key[KEY_Z85_BYTES];
    struct zap *zap; /* NULL without keys */
};

#endif
