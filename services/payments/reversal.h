/* Taking a payment back: what every method that does so has in common. */
#ifndef ANSINH_PAYMENTS_REVERSAL_H
#define ANSINH_PAYMENTS_REVERSAL_H

#include "common/service/command.h"
#include "services/payments/payment_entry.h"

/* Lives as long as the command. */
struct reversal {
    struct journal_position position; /* of the payment, in the citizen's partition */
    const Ansinh__V1__Event *event;   /* its entry */
    Ansinh__V1__ReversalReason reason;
    char *collector_code, *officer_code; /* "" for none */
};

/* Names the record of what became of the payment, for command_spec.name_records. */
void reversal_name_record(struct command_state *state, const struct reversal *self);

/* Of that record: a state of REDRESS_NONE when there is none. COMMAND_COMMIT, or what
 * command_refuse answered: nobody knows the participant, or the record cannot be read. */
enum command_verdict reversal_read_record(struct command_state *state, struct redress *ret);

/* Says what became of the payment in that record. -ENOMEM. */
int reversal_set_record(struct command_state *state, const struct redress *redress) MUST_CHECK;

/* The instant, in ms of wall time, until which the payment may be reversed: the cut-off of its
 * business date, the partner's own; without a partner that date's end. */
int64_t reversal_deadline_ms(const struct service *svc, const Ansinh__V1__PaymentRecorded *paid);

/* The next state without the payment, and the totals. COMMAND_COMMIT, or what command_refuse
 * answered: the payment is none that can be taken back (bill_unsettle). */
enum command_verdict reversal_apply(struct command_state *state, const struct reversal *self);

/* For an event. NULL: no memory. */
Ansinh__V1__PaymentReversed *reversal_message(const struct command_state *state,
                                              const struct reversal *self);

/* Fills all of a command but its answer: as reversal_apply, or refused since the payment is taken
 * back already, or a refund case is open. The time is the caller's to judge. */
enum command_verdict reversal_decide(struct command_state *state, const struct reversal *self);

#endif
