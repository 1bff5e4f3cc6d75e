/* The disk under a Redis server of a test: power cuts, slow and failing syncs (shim.h).
 *
 *   struct disk *disk = disk_create(seed);
 *   disk_attach(disk);
 *   store_fixture_open(&f, "ledger");
 *   disk_detach();
 *   ...
 *   disk_cut(disk, f.server, DISK_TEARS, &loss);
 *   disk_restart(disk, f.server);
 *
 * Needs the shim in $O/power (make build-tests). What fails here aborts with a reason. */
#ifndef ANSINH_TESTS_POWER_DISK_H
#define ANSINH_TESTS_POWER_DISK_H

#include "tests/power/shim.h"
#include "tests/support/redis_server.h"

struct disk;

/* seed decides what each cut takes. */
struct disk *disk_create(uint64_t seed);
void disk_destroy(struct disk **self);

/* What the shim counts and may be told. */
struct shim_state *disk_state(struct disk *self);

/* Servers started from here to disk_detach stand on this disk. */
void disk_attach(struct disk *self);
void disk_detach(void);

/* A number from 0 to n - 1; n > 0. */
uint64_t disk_random(struct disk *self, uint64_t n);

/* True once the server's process has ended, by whatever. */
int disk_is_dead(const struct redis_server *server);

/* A number from the environment, or the other one. */
uint64_t power_setting(const char *name, uint64_t max, uint64_t otherwise);

enum disk_tail {
    DISK_TEARS, /* a random part of what was not synced is missing: none, some or all of it */
    DISK_LOSES, /* all that was not synced is missing */
    DISK_ZEROS, /* what was not synced reads as zeros from a random place on */
};

struct disk_loss {
    uint64_t unsynced_bytes; /* at risk when the power failed */
    uint64_t lost_bytes;
    unsigned names_undone;
};

/* The power fails: ends the server and its child at once if they still run, and takes from its
 * files what no sync covers. */
void disk_cut(struct disk *self, struct redis_server *server, enum disk_tail tail,
              struct disk_loss *ret);

/* Starts the server again; what is on the disk now is durable. */
void disk_restart(struct disk *self, struct redis_server *server);

#endif
