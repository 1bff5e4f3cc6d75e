/* A client of the chaos load: walkers that take citizens through enrolments, bills and payments,
 * one request at a time each, and write down what they heard. */
#ifndef ANSINH_TESTS_CHAOS_WALKER_H
#define ANSINH_TESTS_CHAOS_WALKER_H

#include "tests/chaos/carrier.h"
#include "tests/chaos/steps.h"

#define RECENT_MAX 256
#define UNSETTLED_MAX 100000
#define HELD_MAX 64
#define OWN_SESSIONS 24

/* What this client has learned of a citizen; others change them, too. */
struct known {
    uint8_t is_enrolled, has_bill, is_lost; /* lost: ask for the state first */
    uint8_t has_ended;
    uint8_t has_paid, by_partner; /* and how the payment that may be taken back is called: */
    uint32_t month;               /* in which the next bill is due */
    struct bill bill;
    char payment[POSITION_BYTES];
    struct request_id transaction;
    char participant[PARTICIPANT_BYTES]; /* id; "": not heard of yet */
};

struct client {
    struct loop *loop;
    struct history_writer history;
    uint64_t seed;
    uint32_t n_citizens;
    int may_hang_up; /* walkers go away in the middle of a request now and then */
    int is_partner;  /* they may speak for the partner */
    struct known *known;
    struct step recent[RECENT_MAX]; /* acknowledged commands, to be repeated */
    size_t n_recent, recent_i;
    char payments[RECENT_MAX][POSITION_BYTES]; /* ids of payments */
    size_t n_payments, payment_i;
    struct request_id transactions[RECENT_MAX]; /* ids of a partner's payments */
    size_t n_transactions, transaction_i;
    uint8_t is_held[OWN_SESSIONS]; /* sessions of its own whose record was acknowledged */
    struct step held[HELD_MAX]; /* the other half of a payment and its reversal, for any walker */
    size_t n_held;
    struct step *unsettled; /* commands of unknown outcome that are repeated at the end */
    size_t n_unsettled;
    uint32_t this_month;
    int64_t begin_ms;
    int is_settling;
    uint32_t next_read; /* citizen that is read next, at the end */
    size_t next_asked;  /* transaction that is asked for next, at the end */
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
