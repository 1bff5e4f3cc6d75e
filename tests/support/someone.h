/* One participant's way over HTTP, step by step, for tests that tell a story: each step calls the
 * platform's gateway, expects the status, and keeps the answer for what is expected of it next.
 * JSON is written with ' for ". What is not as expected fails the test. */
#ifndef ANSINH_TESTS_SUPPORT_SOMEONE_H
#define ANSINH_TESTS_SUPPORT_SOMEONE_H

#include "tests/support/platform.h"

#define ACTIVE "PARTICIPANT_STATE_ACTIVE"
#define COMPLETE "PARTICIPANT_STATE_COMPLETE"
#define DECLARED "PARTICIPANT_STATE_DECLARED"
#define DUE "PARTICIPANT_STATE_DUE"
#define ENDED "PARTICIPANT_STATE_ENDED"
#define LAPSED "PARTICIPANT_STATE_LAPSED"

/* The platform that is called; it has a gateway. */
void someone_lives_on(struct platform *platform);

/* Whom the steps below speak of: who was enrolled last. */
const char *someone_id(void);

/* Calls a method and expects the HTTP status. */
void expect_call(int status, const char *method, const char *format, ...) PRINTF_LIKE(3, 4);
/* Of the last answer: a field's value, as written ("" when it is not there), and any words. */
void expect_field(const char *name, const char *value);
void expect_said(const char *words);

/* Enrols a man in commune 02647, group OTHER, income 1,500,000; rest is the rest of the JSON. */
void enrol(const char *personal_id, const char *birth_date, const char *rest);
/* Enrols and expects to be refused in a field. */
void enrol_refused(const char *personal_id, const char *birth_date, const char *rest,
                   const char *field, const char *words);

/* Inquires on a day, expecting the status. */
void inquire(const char *on, int status);
/* Inquires and pays on a day: the bill, and then the payment, are for these months. */
void pay(const char *on, const char *from_month, const char *to_month);

/* State, first month of the next payment and its last day, as of a day. */
void stand(const char *on, const char *state, const char *next_from, const char *next_due);

/* `ansinh verify` finds no difference. A test of its own, too. */
void nothing_differs(void **state);

#endif
