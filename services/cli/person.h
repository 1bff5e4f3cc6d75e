/* The way of one made-up person through the services' own commands: enrolled, billed, paid,
 * accepted, billed and paid once more. */
#ifndef ANSINH_CLI_PERSON_H
#define ANSINH_CLI_PERSON_H

#include "services/cli/bulk.h"
#include "services/cli/sample.h"

/* Counts over all persons. */
struct person_tally {
    unsigned long enrolled, paid, accepted, renewed;
    unsigned long known;    /* were there and paid before */
    unsigned long failures; /* the first ones are said on standard error */
};

/* Starts one person as a job of bulk. key names the person in request ids ("sample-1-17"): the same
 * key again does nothing twice; NULL: fresh ids. Copies what it needs; tally must outlive the job.
 */
void person_start(struct bulk *bulk, const struct sample_person *person, const char *key,
                  struct person_tally *tally);

#endif
