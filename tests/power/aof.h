/* The ledger's files on the disk, and what each byte of them belongs to. The server must be dead.
 */
#ifndef ANSINH_TESTS_POWER_AOF_H
#define ANSINH_TESTS_POWER_AOF_H

#include "tests/support/redis_server.h"

enum aof_part {
    AOF_MANIFEST,
    AOF_BASE,        /* the snapshot in front, which has a checksum */
    AOF_FRAMING,     /* lengths and line ends of the file behind it */
    AOF_COMMAND,     /* names of commands */
    AOF_KEY,         /* names of keys */
    AOF_POSITION,    /* of a journal's entry */
    AOF_EVENT,       /* a journal's entry */
    AOF_RECORD_NAME, /* whose record, identity or alias */
    AOF_RECORD,
    AOF_IDENTITY, /* sealed */
    AOF_ALIAS,
    AOF_TOTALS,
    AOF_ANSWER_NAME, /* request id */
    AOF_ANSWER_HEAD, /* position and fingerprint */
    AOF_ANSWER_TEXT,
    AOF_ANSWER_EXPIRY,
    AOF_PARTS,
};

const char *aof_part_name(enum aof_part part);

struct aof_file {
    char path[512];
    uint8_t *bytes;
    size_t len;
    uint8_t *parts; /* enum aof_part of each byte */
};

/* The base, the file behind it and the manifest. */
void aof_load(const struct redis_server *server, struct aof_file ret[3]);
void aof_unload(struct aof_file files[3]);

/* Writes the bytes back. */
void aof_save(const struct aof_file *file);

/* A byte of this part, by a random number. */
size_t aof_choose(const struct aof_file *file, enum aof_part part, uint64_t random);

/* Waits until a rewrite that was begun has ended. */
void aof_wait_rewrite(struct redis_server *server);

#endif
