#include "services/analytics/fold.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/domain/contribution.h"
#include "common/service/postings.h"
#include "common/store/packed.h"

#define VOLUNTARY_SI ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI

/* A fact under construction; rc is the first thing that did not fit. */
struct making {
    struct facts *facts;
    const struct policy *policy;
    struct fact fact;
    struct fact_terms terms;
    int rc;
};

static void fail(struct making *self, int rc)
{
    if (self->rc == 0)
        self->rc = rc;
}

static void set_day(struct making *self, int32_t day)
{
    if (day < 0 || day > UINT16_MAX)
        fail(self, -ERANGE);
    self->fact.day = (uint16_t)day;
}

static void set_kind(struct making *self, enum fact_kind kind, unsigned product, unsigned group)
{
    if (product > 15 || group > 15)
        fail(self, -ERANGE);
    self->fact.kind = (uint8_t)kind;
    self->fact.product_group = fact_product_group(product == 0 ? VOLUNTARY_SI : product, group);
}

static void set_source(struct making *self, const char *organisation, const char *point,
                       const char *collector)
{
    int rc = facts_source_number(self->facts, organisation, point, collector, &self->fact.source);
    if (rc < 0)
        fail(self, -ERANGE);
}

/* Within how many months a period must be paid, by the law of the day on which this is recorded. */
static void set_deadline(struct making *self, int32_t method)
{
    int32_t day = clock_business_day(self->fact.at_ms);
    const struct policy_row *row = policy_on(self->policy, POLICY_METHOD_DEADLINE, method, day);
    if (row == NULL && method == METHOD_IS_FUTURE_YEARS)
        self->terms.deadline_months =
            policy_on(self->policy, POLICY_FUTURE_YEARS_MAX, 0, day) != NULL;
    else if (row == NULL && method == METHOD_IS_MISSING_MONTHS)
        self->terms.deadline_months =
            policy_on(self->policy, POLICY_MISSING_MONTHS_MAX, 0, day) != NULL;
    else if (row != NULL)
        self->terms.deadline_months = (uint8_t)MIN(MAX(row->value, 0), UINT8_MAX);
}

static void declare(struct making *self, Ansinh__V1__Method method, uint32_t months)
{
    if ((uint32_t)method >= METHODS) {
        fail(self, -ERANGE);
        return;
    }
    self->terms.method = (uint8_t)method;
    self->terms.is_lump_sum = months > 0;
    set_deadline(self, (int32_t)method);
}

static void make_declared(struct making *self, const Ansinh__V1__ParticipantEnrolled *in)
{
    set_kind(self, FACT_DECLARED, VOLUNTARY_SI, (unsigned)in->support_group);
    set_day(self, in->enrolled_day);
    set_source(self, "", "", in->collector_code);
    self->fact.commune = in->commune;
    declare(self, in->method, in->months);
}

/* It is declared again when something of it has changed. */
static void make_health_declared(struct making *self, const struct person *person,
                                 const Ansinh__V1__HealthDeclared *in)
{
    set_kind(self, person_has_declared_other(person) ? FACT_CHANGED : FACT_DECLARED,
             ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD, 0);
    set_day(self, in->declared_day);
    set_source(self, "", "", in->collector_code);
    self->fact.commune = in->commune;
}

static void make_changed(struct making *self, const Ansinh__V1__ContributionChanged *in)
{
    set_kind(self, FACT_CHANGED, VOLUNTARY_SI, (unsigned)in->support_group);
    set_day(self, in->changed_day);
    set_source(self, "", "", in->collector_code);
    self->fact.commune = in->commune;
    self->terms.is_declared = in->is_declared != 0;
    declare(self, in->method, in->months);
}

/* Its group and source are those of the last that is known of the person. */
static void make_ended(struct making *self, const struct person *person,
                       const Ansinh__V1__ParticipationEnded *in)
{
    struct fact last;
    person_place(person, &last);
    set_kind(self, FACT_ENDED, VOLUNTARY_SI, fact_group(&last));
    set_day(self, in->ended_day);
    self->fact.source = last.source;
    self->fact.commune = in->commune;
    self->terms.from_month = in->from_month;
    self->terms.months = in->months;
}

/* It counts where the declaration did, so that of no place, collector or group more is accepted
 * than was declared, wherever the person moves; else where the entry says. */
static void make_decided(struct making *self, const struct person *person, enum fact_kind kind,
                         int32_t day, uint32_t commune, Ansinh__V1__SupportGroup group)
{
    set_kind(self, kind, VOLUNTARY_SI, (unsigned)group);
    set_day(self, day);
    self->fact.commune = commune;
    person_declared_place(person, &self->fact);
}

static void make_accepted(struct making *self, const struct person *person,
                          const Ansinh__V1__ParticipationAccepted *in)
{
    make_decided(self, person, FACT_ACCEPTED, in->accepted_day, in->commune, in->support_group);
}

/* What is undone is taken off its own day. */
static void make_returned(struct making *self, const struct person *person,
                          const Ansinh__V1__ParticipationReturned *in)
{
    int is_undone = in->accepted_day != 0;
    make_decided(self, person, is_undone ? FACT_ACCEPTANCE_UNDONE : FACT_RETURNED,
                 is_undone ? in->accepted_day : in->returned_day, in->commune, in->support_group);
}

static void set_pockets(struct making *self, const Ansinh__V1__Pockets *in, int sign)
{
    if (in == NULL)
        return;
    const int64_t pockets[FACT_POCKETS] = {in->participant_vnd, in->central_vnd, in->local_vnd,
                                           in->donor_vnd};
    for (int i = 0; i < FACT_POCKETS; i++) {
        if (pockets[i] > INT32_MAX || pockets[i] < -INT32_MAX)
            fail(self, -ERANGE);
        self->fact.pockets[i] = sign * (int32_t)pockets[i];
    }
}

/* Of other products the event does not say whether it is the first: then it is the first one that
 * stands. sign: -1 when it is taken back. */
static void make_payment(struct making *self, const struct person *person,
                         const Ansinh__V1__PaymentRecorded *in, int sign)
{
    int is_other = in->product != 0 && in->product != VOLUNTARY_SI;
    int is_first =
        is_other ? person_other_payments(person) == (sign > 0 ? 0 : 1) : in->is_first != 0;
    enum fact_kind kind = is_first ? FACT_FIRST_PAYMENT : FACT_LATER_PAYMENT;
    if (sign < 0)
        kind = is_first ? FACT_REVERSED_FIRST : FACT_REVERSED_LATER;
    set_kind(self, kind, (unsigned)in->product, (unsigned)in->support_group);
    set_day(self, in->paid_day);
    set_source(self, payment_organisation(in), in->point_code, in->collector_code);
    set_pockets(self, in->pockets, sign);
    self->fact.commune = in->commune;
    if (is_other)
        return;
    set_deadline(self, person_method(person));
    self->terms.from_month = in->from_month;
    self->terms.months = in->months;
    if (sign < 0 && in->undo != NULL)
        self->terms.folded = (struct month_range){in->undo->folded_from, in->undo->folded_to};
}

static void make(struct making *self, const struct person *person, const Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentReversed *reversal = event_reversal(event);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED)
        make_declared(self, event->participant_enrolled);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_HEALTH_DECLARED)
        make_health_declared(self, person, event->health_declared);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED)
        make_changed(self, event->contribution_changed);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED)
        make_ended(self, person, event->participation_ended);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED)
        make_accepted(self, person, event->participation_accepted);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED)
        make_returned(self, person, event->participation_returned);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        make_payment(self, person, event->payment_recorded, 1);
    else
        make_payment(self, person, reversal->payment, -1);
}

/* Whether anything is counted of it, or told of a citizen. */
static int is_counted(const Ansinh__V1__Event *event)
{
    return event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED ||
           event->kind_case == ANSINH__V1__EVENT__KIND_HEALTH_DECLARED ||
           event->kind_case == ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED ||
           event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED ||
           event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED ||
           event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED ||
           event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED ||
           event_reversal(event) != NULL;
}

int fold_lapse(struct person *person, int64_t at_ms, struct folded *ret)
{
    ret->terms = 0;
    if (!person_is_due(person, at_ms, &ret->fact))
        return 0;
    person_take(person, &ret->fact, 0);
    return 1;
}

int fold_event(struct facts *facts, struct people *people, const struct policy *policy,
               const struct projector_event *in, struct folded ret[FOLD_FACTS_MAX])
{
    const Ansinh__V1__Event *event = in->event;
    if (!is_counted(event))
        return 0;
    if (event->citizen.len != ID_BYTES)
        return -EPROTO;
    uint64_t citizen = get_le(event->citizen.data, 8);
    struct person *person = people_get(people, citizen);
    struct making making = {.facts = facts, .policy = policy};
    making.fact.at_ms = event->at_ms;
    making.fact.citizen = citizen;
    making.rc = fact_position_pack(in->partition, in->position, &making.fact.position);
    make(&making, person, event);
    struct folded own = {making.fact, 0};
    if (making.rc == 0)
        making.rc = fact_terms_pack(&making.terms, &own.terms);
    if (making.rc < 0)
        return making.rc;
    int n = fold_lapse(person, event->at_ms, &ret[0]);
    ret[n++] = own;
    person_take(person, &own.fact, own.terms);
    ret[n].terms = 0;
    if (person_has_turned(person, &own.fact, &ret[n].fact))
        person_take(person, &ret[n++].fact, 0);
    return n;
}
