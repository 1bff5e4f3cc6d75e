/* A caller of the platform that remembers what it was told: enrols one person after the other, and
 * afterwards holds the platform to its answers. */
#ifndef ANSINH_TESTS_POWER_WITNESS_H
#define ANSINH_TESTS_POWER_WITNESS_H

#include "tests/support/platform.h"

#define WITNESS_PEOPLE_MAX 400

struct witness {
    struct platform *platform;
    unsigned n_asked;
    int codes[WITNESS_PEOPLE_MAX];    /* the last answer for each, ansinh.v1.Code */
    char ids[WITNESS_PEOPLE_MAX][32]; /* participant ids of those who were acknowledged */
};

/* Enrols person i under a key of their own; answers the code. Asking again repeats the request. */
int witness_enrol(struct witness *self, unsigned i);

/* Enrols n more; answers how many were acknowledged. */
unsigned witness_enrol_more(struct witness *self, unsigned n);

/* Repeats every request, and fails the test unless each is answered with success now, those that
 * were acknowledged before with the same participant; unless as many are enrolled as were asked
 * for; and unless ansinh verify finds no difference. */
void witness_settle(struct witness *self);

#endif
