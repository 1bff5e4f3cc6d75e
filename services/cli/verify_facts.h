/* The facts in the views server against the journals: the same rows, whatever their order. Folded
 * by code of its own, from the citizens' states that verify_fold.c keeps. */
#ifndef ANSINH_CLI_VERIFY_FACTS_H
#define ANSINH_CLI_VERIFY_FACTS_H

#include "common/service/policy_book.h"
#include "services/cli/verify_fold.h"

/* Numbers of ansinh.v1.FactKind. */
enum verify_fact_kind {
    FACT_IS_DECLARED = 1,
    FACT_IS_FIRST_PAYMENT,
    FACT_IS_LATER_PAYMENT,
    FACT_IS_ACCEPTED,
    FACT_IS_RETURNED,
    FACT_IS_LAPSED,
    FACT_IS_RESUMED,
    FACT_IS_ENDED,
    FACT_IS_REVERSED_FIRST,
    FACT_IS_REVERSED_LATER,
    FACT_IS_ACCEPTANCE_UNDONE,
    FACT_IS_CHANGED
};

/* A row as it is stored: little-endian, 64 bytes. */
struct verify_fact {
    int64_t at_ms;
    uint64_t citizen;
    uint64_t position; /* seq 40 bits, epoch 14 bits, partition 10 bits */
    int32_t pockets[4];
    uint32_t source; /* number in the list of sources */
    uint32_t commune;
    uint16_t day;
    uint8_t kind;
    uint8_t product_group; /* product << 4 | group */
    uint32_t zero;
    uint64_t terms;
};
_Static_assert(sizeof(struct verify_fact) == 64, "a row has 64 bytes");

#define VERIFY_FACTS_MAX 3 /* of an entry */

struct verify_facts;

struct verify_facts *verify_facts_create(struct verify *verify);
void verify_facts_destroy(struct verify_facts **self);

/* Reads all facts and sources; 0, or what a server answered. From nothing, however often. */
int verify_facts_load(struct verify_facts *self) MUST_CHECK;

/* The facts of an entry that fold has taken in, in order; answers how many. is_early: they must be
 * stored; else they may be. */
size_t verify_facts_apply(struct verify_facts *self, const struct fold *fold,
                          struct journal_position position, const Ansinh__V1__Event *event,
                          int is_early, struct verify_fact ret[VERIFY_FACTS_MAX]);

/* After a partition's last entry: reports what differs, and gives each lapse that the views have
 * noted and no entry tells of. */
void verify_facts_compare(struct verify_facts *self, const struct fold *fold,
                          void (*lapsed)(void *arg, const struct verify_fact *fact), void *arg);

#endif
