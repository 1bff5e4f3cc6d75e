/* What a disk holds after a power cut, as far as the kernel promised it: the page that the shim
 * inside a Redis server (shim.c, LD_PRELOAD) shares with the test that started the server.
 *
 * kill -9 is no power cut: the kernel still writes what the process gave it. So the shim notes the
 * size of each file at its last completed sync; what came later may be missing, and disk_cut takes
 * a part of it away. Names are made durable by a sync of their folder; until then the last of them
 * may be undone, newest first, as on a file system with a journal. */
#ifndef ANSINH_TESTS_POWER_SHIM_H
#define ANSINH_TESTS_POWER_SHIM_H

#include <stdatomic.h>
#include <stdint.h>

#define SHIM_STATE_VARIABLE "ANSINH_TEST_DISK" /* path of the page */
#define SHIM_FILES_MAX 256
#define SHIM_NAMES_MAX 32
#define SHIM_PATH_BYTES 128

struct shim_file {
    _Atomic uint64_t inode; /* 0: free */
    _Atomic uint64_t synced_bytes;
};

/* A name that is not durable yet: "from" became "to"; from "" for a new file. What "to" was before
 * is kept under another name, unless it was nothing. Paths are relative to the server's folder. */
struct shim_name {
    char from[SHIM_PATH_BYTES], to[SHIM_PATH_BYTES], kept[SHIM_PATH_BYTES];
};

/* All zero: nothing is synced, nothing goes wrong. */
struct shim_state {
    struct shim_file files[SHIM_FILES_MAX];
    struct shim_name names[SHIM_NAMES_MAX];
    _Atomic uint32_t n_names;
    _Atomic uint32_t n_steps;       /* places where the power can fail that were passed */
    _Atomic uint32_t cut_at;        /* the power fails in this step; 0: never */
    _Atomic uint32_t n_syncs;       /* that succeeded */
    _Atomic uint32_t sync_delay_ms; /* before each sync */
    _Atomic int32_t sync_errno;     /* instead of each sync; 0: none */
};

#endif
