/* A whole platform for a test: two Redis servers and real service processes in a fresh folder under
 * /tmp, and a caller on the bus inside the test process.
 *
 *   struct platform *p = platform_start(&(struct platform_conf){.payments = 2});
 *   int code = platform_call(p, NULL, "Enrolment/Enrol", answer, "{\"personalId\": ...}");
 *   platform_stop(&p);
 *
 * What fails here aborts with a reason and the ends of the services' logs. Processes die with the
 * test process. */
#ifndef ANSINH_TESTS_SUPPORT_PLATFORM_H
#define ANSINH_TESTS_SUPPORT_PLATFORM_H

#include <stddef.h>

#include "common/service/service.h"
#include "tests/support/redis_server.h"

#define PLATFORM_ANSWER_BYTES (1024 * 1024)
#define PLATFORM_SAID_BYTES 8192

struct platform;

/* Instances of each service; enrolment, payments and analytics have at least one, the others as
 * said. environment holds further "NAME=value" texts for every service, ended by NULL; NULL: none.
 */
struct platform_conf {
    unsigned enrolment, payments, analytics, notifications, settlement, archiver, gateway;
    const char *const *environment;
    const char *build; /* folder below O with the services' bin: "crash"; NULL: O's own */
};

struct platform *platform_start(const struct platform_conf *conf);
/* Also prints the ends of the logs when the environment has TEST_LOGS. */
void platform_stop(struct platform **self);

const char *platform_directory(const struct platform *self);
/* Of the first gateway on 127.0.0.1; the others have the ports behind it. */
unsigned platform_port(const struct platform *self);
struct redis_server *platform_ledger(struct platform *self);
struct redis_server *platform_views(struct platform *self);
/* The caller's own parts: its loop may be turned. */
struct service *platform_service(struct platform *self);

/* Sends a signal to instance n (from 1) of a service. SIGKILL waits for the end. */
void platform_signal(struct platform *self, const char *service, unsigned n, int signal_number);
/* Process id of an instance; 0 while it is killed. */
int platform_pid(struct platform *self, const char *service, unsigned n);
/* Starts a killed instance again; does not wait. */
void platform_spawn(struct platform *self, const char *service, unsigned n);
/* The same with one more "NAME=value" in this process's environment; copied. */
void platform_spawn_with(struct platform *self, const char *service, unsigned n,
                         const char *option);
/* Signal by which an instance has ended by itself; 0 while it runs. Any other end aborts. */
int platform_ended(struct platform *self, const char *service, unsigned n);
/* Waits until every started instance answers Health/Check with ok. */
void platform_wait_ready(struct platform *self);

/* Calls a method with JSON; key is the idempotency key, NULL: a fresh one. The answer (JSON), or
 * the error's "field: message", goes to answer (PLATFORM_ANSWER_BYTES). Answers ansinh.v1.Code, 0
 * for success. */
int platform_call(struct platform *self, const char *key, const char *method, char *answer,
                  const char *format, ...) PRINTF_LIKE(5, 6);

/* Deadline of the calls that follow; 20 s unless told otherwise. */
void platform_set_timeout(struct platform *self, int64_t ms);

/* The organisation for which the calls that follow are made; borrowed. "": none, as at first. */
void platform_set_partner(struct platform *self, const char *code);

/* The text of a field in such an answer ("participantId"), as written; "" when it is not there.
 * Valid until the next call. */
const char *platform_field(const char *answer, const char *name);

/* Imports the sample's units, organisations and plan from deploy/sample through the services. */
void platform_import(struct platform *self);

/* Runs build/bin/ansinh with these arguments (ended by NULL) against the platform; the start of its
 * output goes to answer (PLATFORM_SAID_BYTES). Answers the exit status. */
int platform_ansinh(struct platform *self, char *answer, ...) __attribute__((sentinel));

/* Turns the loop until condition(arg) is true; 0 when it did not become so within timeout_ms. */
int wait_until(struct platform *self, int (*condition)(void *arg), void *arg, int64_t timeout_ms);

#endif
