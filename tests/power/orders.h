/* A load of commits on a ledger, and a check of what the ledger holds after a disaster that uses no
 * code of common/store but the key builders.
 *
 * Each order is one commit: a record, an alias, every fifth time an identity, two totals, an event
 * and an answer, of different sizes. It is sent again with its id until it is answered. */
#ifndef ANSINH_TESTS_POWER_ORDERS_H
#define ANSINH_TESTS_POWER_ORDERS_H

#include "tests/support/store_fixture.h"

#define ORDERS_MAX 60000
#define ORDERS_PARTITIONS 4U /* the first ones */

struct orders;

/* Borrows f, whose store must be a ledger. */
struct orders *orders_create(struct store_fixture *f);
void orders_destroy(struct orders **self);

/* Starts new orders up to the window and sends unanswered ones again; then turns the loop once. */
void orders_turn(struct orders *self, unsigned window);

/* Answered so far; started and not yet answered. */
unsigned orders_acknowledged(const struct orders *self);
unsigned orders_open(const struct orders *self);
/* Answers that did not say what became of the commit: it was sent, or it was turned away. */
unsigned orders_unknown(const struct orders *self);
unsigned orders_turned_away(const struct orders *self);

/* Reads the whole ledger. Fails the test unless it is one that commits made: every journal dense
 * from 1 on, every order whole or not there at all, at most once, and the totals equal to the fold
 * of the journal. Answers how many acknowledged orders are missing, or are elsewhere than was
 * acknowledged; ret_found, unless NULL, how many orders are there. */
unsigned orders_check(struct orders *self, unsigned *ret_found);

#endif
