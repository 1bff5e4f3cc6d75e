/* Many calls at once with a bound on those under way, and a progress bar: imports, drills, benches.
 */
#ifndef ANSINH_CLI_BULK_H
#define ANSINH_CLI_BULK_H

#include "services/cli/cli.h"

#define BULK_NOT_YET (-1)

struct bulk;

struct bulk_conf {
    struct service *svc;
    unsigned window;     /* jobs under way at once */
    const char *title;   /* of the progress bar; NULL: none */
    unsigned long total; /* jobs expected */
    /* The same when it becomes known bit by bit; NULL: total stands. */
    unsigned long (*estimate)(void *arg);
    /* Starts job number i (from 0) and answers 1, 0 when there are no more, or BULK_NOT_YET: it is
     * asked for the same one again, 5 ms later at the latest. The job ends with bulk_done, inside
     * or later. */
    int (*start)(void *arg, struct bulk *bulk, unsigned long i);
    void *arg;
    double rate; /* jobs per second; 0: as fast as they go */
};

/* Runs all jobs; answers how many failed. SIGINT and SIGTERM end it early: no more are started,
 * those under way are waited for. */
unsigned long bulk_run(const struct bulk_conf *conf, unsigned long *ret_done);

/* No more jobs are started: who waits for another reason than an answer shall end. */
int bulk_is_ending(const struct bulk *bulk);

/* A job has ended. */
void bulk_done(struct bulk *bulk, int is_good);

/* Sends one command or read of a job. id may be NULL for reads. */
void bulk_call(struct bulk *bulk, const char *method, const struct request_id *id,
               const ProtobufCMessage *input, bus_answer_fn fn, void *arg);

#endif
