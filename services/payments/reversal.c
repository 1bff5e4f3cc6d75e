#include "services/payments/reversal.h"

#include <errno.h>

#include "common/domain/calendar.h"
#include "common/service/directory.h"
#include "common/service/postings.h"

#define CUT_OFF_USUAL (18 * 60) /* minutes after midnight, of a partner that says nothing else */
#define CUT_OFF_NONE (24 * 60)

void reversal_name_record(struct command_state *state, const struct reversal *self)
{
    struct command_record *record = &state->records[state->n_records++];
    record->key_len = key_redress(state->partition, self->position.seq, record->key);
    redress_field(self->position.epoch, self->position.seq, record->field);
    record->field_len = REDRESS_FIELD_BYTES;
}

int64_t reversal_deadline_ms(const struct service *svc, const Ansinh__V1__PaymentRecorded *paid)
{
    const Ansinh__V1__Partner *partner = directory_partner(svc->directory, paid->partner);
    uint32_t minute =
        partner == NULL || partner->cut_off_minute == 0 ? CUT_OFF_USUAL : partner->cut_off_minute;
    return reversal_until_ms(paid->paid_day, paid->partner[0] == '\0' ? CUT_OFF_NONE : minute);
}

static void set_totals(struct command_state *state, const struct payment *payment)
{
    const struct citizen_bill *bill = &payment->bill;
    state->totals[TOTAL_PAYMENTS] = -1;
    state->totals[TOTAL_PARTICIPANTS] = payment->is_first ? -1 : 0;
    state->totals[TOTAL_MONTHS] = -(int64_t)bill->months;
    state->totals[TOTAL_PARTICIPANT_VND] = -bill->participant_vnd;
    state->totals[TOTAL_CENTRAL_VND] = -bill->central_vnd;
    state->totals[TOTAL_LOCAL_VND] = -bill->local_vnd;
    state->totals[TOTAL_DONOR_VND] = -bill->donor_vnd;
}

/* The opposite of the payment's. */
static int set_postings(const struct command_state *state, const struct reversal *self,
                        Ansinh__V1__Event *event)
{
    struct postings postings;
    int rc = event_postings(self->event, &postings);
    if (rc < 0)
        return rc;
    post_reversal(&postings, &postings);
    return event_set_postings(event, &postings, state->request->arena);
}

Ansinh__V1__PaymentReversed *reversal_message(const struct command_state *state,
                                              const struct reversal *self)
{
    Ansinh__V1__PaymentReversed *reversed = arena_alloc(state->request->arena, sizeof(*reversed));
    if (reversed == NULL)
        return NULL;
    ansinh__v1__payment_reversed__init(reversed);
    reversed->payment_epoch = self->position.epoch;
    reversed->payment_seq = self->position.seq;
    reversed->recorded_at_ms = self->event->at_ms;
    reversed->payment = self->event->payment_recorded;
    reversed->reason = self->reason;
    reversed->reversed_day = state->today;
    reversed->collector_code = self->collector_code;
    reversed->officer_code = self->officer_code;
    return reversed;
}

static Ansinh__V1__Event *make_event(const struct command_state *state, const struct reversal *self)
{
    Ansinh__V1__Event *event = arena_alloc(state->request->arena, sizeof(*event));
    Ansinh__V1__PaymentReversed *reversed = reversal_message(state, self);
    if (event == NULL || reversed == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    event->kind_case = ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED;
    event->payment_reversed = reversed;
    return set_postings(state, self, event) < 0 ? NULL : event;
}

enum command_verdict reversal_read_record(struct command_state *state, struct redress *ret)
{
    const struct command_record *record = &state->records[0];
    *ret = (struct redress){.state = REDRESS_NONE};
    if (!state->has_citizen)
        return command_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "payment_id",
                              "no such payment");
    if (record->before != NULL && redress_unpack(record->before, record->before_len, ret) < 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_DATA_LOSS, "payment_id",
                              "what became of this payment cannot be read");
    return COMMAND_COMMIT;
}

int reversal_set_record(struct command_state *state, const struct redress *redress)
{
    struct command_record *record = &state->records[0];
    record->next = arena_alloc(state->request->arena, REDRESS_MAX_BYTES);
    if (record->next == NULL)
        return -ENOMEM;
    record->next_len = redress_pack(redress, record->next);
    record->stamp_at = REDRESS_STAMP_AT;
    return 0;
}

enum command_verdict reversal_apply(struct command_state *state, const struct reversal *self)
{
    struct payment payment;
    struct err err = {0};
    if (payment_read(self->event->payment_recorded, &payment) < 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                              "this payment was recorded by an earlier version, which did not note "
                              "what it replaced");
    if (bill_unsettle(&state->before, &payment, &state->next, &err) < 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, err.field, "%s",
                              err.text);
    set_totals(state, &payment);
    return COMMAND_COMMIT;
}

static enum command_verdict check_standing(struct command_state *state,
                                           const struct redress *redress)
{
    char date[DATE_TEXT_BYTES];
    date_format(redress_is_taken_back(redress) ? redress_taken_back_by(redress).day : redress->day,
                date);
    if (redress_is_taken_back(redress))
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                              "this payment was taken back on %s", date);
    if (redress->state == REDRESS_IS_REQUESTED)
        return command_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "payment_id",
                              "a refund case of this payment has been open since %s", date);
    return COMMAND_COMMIT;
}

enum command_verdict reversal_decide(struct command_state *state, const struct reversal *self)
{
    struct redress redress;
    enum command_verdict verdict = reversal_read_record(state, &redress);
    if (verdict == COMMAND_COMMIT)
        verdict = check_standing(state, &redress);
    if (verdict == COMMAND_COMMIT)
        verdict = reversal_apply(state, self);
    if (verdict != COMMAND_COMMIT)
        return verdict;
    redress = (struct redress){
        .state = REDRESS_IS_REVERSED, .reason = (uint8_t)self->reason, .day = state->today};
    state->event = make_event(state, self);
    if (state->event == NULL || reversal_set_record(state, &redress) < 0)
        return command_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
    return COMMAND_COMMIT;
}
