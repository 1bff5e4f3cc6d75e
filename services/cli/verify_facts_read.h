/* The facts as they are stored in the views server, for verify_facts.c. */
#ifndef ANSINH_CLI_VERIFY_FACTS_READ_H
#define ANSINH_CLI_VERIFY_FACTS_READ_H

#include <sodium.h>

#include "services/cli/verify_facts.h"

/* A stored row in short. */
struct fact_mark {
    uint64_t position, hash;
};

struct fact_marks {
    struct fact_mark *marks;
    size_t n, capacity;
};

struct facts_read {
    struct fact_marks partitions[PARTITIONS];
    struct arena *arena;
    struct map *sources;                                          /* number by hash of the codes */
    unsigned char hash_key[crypto_shorthash_siphashx24_KEYBYTES]; /* drawn anew in each run */
    uint32_t n_sources;
    int64_t version;
    uint64_t count;
    uint64_t first_chunk;
    uint64_t n_rows;
    int is_absent; /* the views were never written by a version with facts */
};

struct fact_mark fact_mark_of(const struct verify_fact *fact);

/* Forgets what was read before, and reads everything. What is wrong in itself is a difference; a
 * server that does not answer is the result. */
int facts_read(struct facts_read *self, struct verify *verify) MUST_CHECK;
void facts_read_clear(struct facts_read *self);

/* The number of a source; 0 of nobody, UINT32_MAX of one that is not there: then *ret_is_new says
 * whether one that must be there (is_needed) is asked for the first time. */
uint32_t facts_read_source(const struct facts_read *self, const char *organisation,
                           const char *point, const char *collector, int is_needed,
                           int *ret_is_new);

#endif
