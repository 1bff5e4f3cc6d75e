/* A board's numbers by commune, and by day and province: what a sprint should leave behind, and
 * what the platform says. */
#ifndef ANSINH_CLI_SPRINT_BOARD_H
#define ANSINH_CLI_SPRINT_BOARD_H

#include "services/cli/territory.h"

#define SPRINT_DIGEST_BYTES 33 /* with NUL */

enum sprint_number {
    NUMBER_DECLARED,
    NUMBER_PARTICIPANTS,
    NUMBER_PAYMENTS,
    NUMBER_ACCEPTED,
    NUMBER_RENEWED,
    NUMBER_REVERSED,
    NUMBER_PARTICIPANT_VND,
    NUMBER_CENTRAL_VND,
    NUMBER_LOCAL_VND,
    NUMBER_DONOR_VND,
    SPRINT_NUMBERS
};
/* The first two are also counted by day. */
#define SPRINT_DAY_NUMBERS 2

struct sprint_board;

/* All zero, for n_days days from first_day on. Borrows the territory. Never NULL. */
struct sprint_board *sprint_board_create(const struct service *svc,
                                         const struct territory *territory, int32_t first_day,
                                         uint32_t n_days);
void sprint_board_destroy(struct sprint_board **self);

/* place: index of the commune. */
void sprint_board_add(struct sprint_board *self, size_t place, enum sprint_number number,
                      int64_t delta);
/* Adds to one of the first two on a business date, and to its total; days before and after those of
 * the board count in total alone. */
void sprint_board_add_on(struct sprint_board *self, size_t place, int32_t day,
                         enum sprint_number number, int64_t delta);
int64_t sprint_board_get(const struct sprint_board *self, size_t place, enum sprint_number number);
int64_t sprint_board_sum(const struct sprint_board *self, enum sprint_number number);

/* Sets every number to what Analytics/GetProgress answers less what it was in before (NULL:
 * nothing). Waits. 0, or 1: what is wrong was said. */
int sprint_board_ask(struct sprint_board *self, struct service *svc,
                     const struct sprint_board *before) MUST_CHECK;

/* How many numbers differ; the first ones are told on out, which may be NULL. */
unsigned long sprint_board_differ(const struct sprint_board *want, const struct sprint_board *have,
                                  FILE *out);

/* Of every commune's numbers that are not 0, and of the days counted from the first one. */
void sprint_board_digest(const struct sprint_board *self, char ret[SPRINT_DIGEST_BYTES]);

#endif
