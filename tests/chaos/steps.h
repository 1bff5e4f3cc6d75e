/* One step of the load: a request ready to be sent, and sent again. */
#ifndef ANSINH_TESTS_CHAOS_STEPS_H
#define ANSINH_TESTS_CHAOS_STEPS_H

#include <protobuf-c/protobuf-c.h>

#include "tests/chaos/history.h"

#define BILL_TEXT_BYTES 48
#define POSITION_BYTES 48

/* Months are year * 12 + month - 1. Everybody enrols on a day of the first month, so that there are
 * years of bills to pay. */
#define FIRST_MONTH (2022 * 12)
#define FIRST_DAY_OF_MONTH 5 /* of the enrolment, in the first month */

/* These pay for today, so that it can be taken back, paid again and so on; the others from the
 * first month on. */
#define TODAYS_EVERY 3
#define CUT_OFF_MINUTE (24 * 60 - 1) /* of the partner's day */

struct step {
    enum kind kind;
    int has_id;
    struct request_id id;
    uint32_t citizen; /* number; UINT32_MAX: none */
    uint32_t session; /* number of the client's own, of SESSION and CONTACTS */
    uint8_t *body;    /* malloc'ed */
    size_t len;
};

struct bill {
    char id[BILL_TEXT_BYTES];
    uint32_t version;
    int64_t due_vnd;
    int32_t day; /* on which it can be paid */
};

/* splitmix64. */
uint64_t chance(uint64_t *state);
/* 0 to n - 1. */
uint32_t chance_of(uint64_t *state, uint32_t n);

void step_free(struct step *self);
void step_copy(struct step *self, const struct step *from);
/* Gives a command a fresh id. */
void step_new_id(struct step *self);

/* The declaration of citizen number i; what is chosen freely comes from *state. Every eighth has an
 * SI code, and two neighbours of those the same. */
void step_enrol(struct step *self, uint32_t i, uint64_t *state);
void step_inquire(struct step *self, uint32_t i, int32_t day);
void step_pay(struct step *self, uint32_t i, const struct bill *bill, uint64_t *state);
void step_participant(struct step *self, uint32_t i);
void step_payment(struct step *self, const char *payment_id);
/* Of a Pay whose outcome is unknown, by its id. */
void step_payment_of(struct step *self, const struct step *pay);
/* One of a few questions that have the same answer for ever. */
void step_quote(struct step *self, uint32_t which);
void step_progress(struct step *self, uint32_t which);
void step_reverse(struct step *self, uint32_t i, const char *payment_id, uint64_t *state);
/* A partner's payment and its reversal; their transaction ids are their request ids. */
void step_collect(struct step *self, uint32_t i, const struct bill *bill, uint64_t *state);
void step_take_back(struct step *self, uint32_t i, const struct request_id *original,
                    uint64_t *state);
void step_collected(struct step *self, const struct request_id *transaction);
/* Of the payment of a COLLECT or a TAKE_BACK. */
void step_collected_of(struct step *self, const struct step *about);

/* --- steps_terms.c: what else becomes of a participation --- */

#define PARTICIPANT_BYTES 32

/* Another support group, commune or income; participant as Enrol answered. Dates are those of the
 * month that is billed next, or of the day before yesterday: no clock here is as wrong. */
void step_change(struct step *self, uint32_t i, const char *participant, uint32_t month,
                 uint64_t *state);
void step_end(struct step *self, uint32_t i, const char *participant, uint32_t month);
void step_decide(struct step *self, uint32_t i, uint64_t *state);
/* The session of a number of the client that has that seed, as it is or as it turned out. */
void step_session(struct step *self, uint64_t seed, uint32_t number, uint64_t *state);
/* Some citizens below n_citizens were there. */
void step_contacts(struct step *self, uint64_t seed, uint32_t number, uint32_t n_citizens,
                   uint64_t *state);

/* A fresh step of a kind with that body, and with an id when it is a command. */
void step_set(struct step *self, enum kind kind, uint32_t citizen, const ProtobufCMessage *message);
/* A commune of the load. */
const char *step_commune(uint64_t *state);

/* Whether citizen number i pays for today. */
int is_todays(uint32_t i);
/* A business date on which citizen i may be billed for a month, and pay. */
int32_t billing_day(uint32_t i, uint32_t month);

/* Another request under the id of an earlier one; 0 when there is none to make. */
int step_abuse(struct step *self, const struct step *earlier);

#endif
