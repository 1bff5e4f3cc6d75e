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

/* The instant, in ms of wall time, until which the payment may be reversed: the cut-off of its
 * business date, the partner's own; without a partner that date's end. */
int64_t reversal_deadline_ms(const struct service *svc, const Ansinh__V1__PaymentRecorded *paid);

/* Fills the next state, the totals, the event and the payment's record of a command; its answer is
 * the caller's. COMMAND_COMMIT, or what command_refuse answered: the payment is taken back already,
 * or is none that can be (bill_unsettle). The time is the caller's to judge. */
enum command_verdict reversal_decide(struct command_state *state, const struct reversal *self);

#endif
