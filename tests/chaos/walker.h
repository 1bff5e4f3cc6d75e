/* A client of the chaos load: walkers that take citizens through enrolments, bills and payments,
 * one request at a time each, and write down what they heard. */
#ifndef ANSINH_TESTS_CHAOS_WALKER_H
#define ANSINH_TESTS_CHAOS_WALKER_H

#include "tests/chaos/carrier.h"
#include "tests/chaos/steps.h"

#define RECENT_MAX 256
#define UNSETTLED_MAX 100000

/* What this client has learned of a citizen; others change them, too. */
struct known {
    uint8_t is_enrolled, has_bill, is_lost; /* lost: ask for the state first */
    uint32_t month;                         /* in which the next bill is due */
    struct bill bill;
};

struct client {
    struct loop *loop;
    struct history_writer history;
    uint64_t seed;
    uint32_t n_citizens;
    int may_hang_up; /* walkers go away in the middle of a request now and then */
    struct known *known;
    struct step recent[RECENT_MAX]; /* acknowledged commands, to be repeated */
    size_t n_recent, recent_i;
    char payments[RECENT_MAX][POSITION_BYTES]; /* ids of payments */
    size_t n_payments, payment_i;
    struct step *unsettled; /* commands of unknown outcome that are repeated at the end */
    size_t n_unsettled;
    uint32_t this_month;
    int64_t begin_ms;
    int is_settling;
    uint32_t next_read; /* citizen that is read next, at the end */
    unsigned n_walkers, n_ended;
    unsigned long n_ok;
};

struct walker;

struct walker *walker_create(struct client *client, struct lane *lane, unsigned number);
/* Also its lane. */
void walker_destroy(struct walker **self);
/* From now on: settle what is unknown, read everybody, end. */
void client_settle(struct client *self);

#endif
