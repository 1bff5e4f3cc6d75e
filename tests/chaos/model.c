#include "tests/chaos/model.h"

#include <string.h>

#define RATE_PERCENT 22 /* of the income, since before our first month */

static void pockets_of(const Ansinh__V1__Pockets *pockets, int64_t ret[POCKETS])
{
    memset(ret, 0, POCKETS * sizeof(*ret));
    if (pockets == NULL)
        return;
    ret[POCKET_PARTICIPANT] = pockets->participant_vnd;
    ret[POCKET_CENTRAL] = pockets->central_vnd;
    ret[POCKET_LOCAL] = pockets->local_vnd;
    ret[POCKET_DONOR] = pockets->donor_vnd;
}

int64_t model_bill_gross(const struct state *self)
{
    int64_t sum = 0;
    for (int i = 0; i < POCKETS; i++)
        sum += self->bill_vnd[i];
    return sum;
}

static const char *enrol(struct state *self, const Ansinh__V1__ParticipantEnrolled *in)
{
    if (self->version > 0)
        return "enrolled twice";
    self->commune = in->commune;
    self->method = (uint32_t)in->method;
    self->support_group = (uint32_t)in->support_group;
    self->income_vnd = in->income_vnd;
    self->enrolled_day = in->enrolled_day;
    return "";
}

static const char *issue(struct state *self, const Ansinh__V1__BillIssued *in)
{
    int is_next = in->bill_number == self->bill_number + 1;
    self->bill_number = in->bill_number;
    self->bill_from = in->from_month;
    self->bill_months = in->months;
    self->bill_supported = in->months_supported;
    self->bill_valid_until = in->valid_until_day;
    pockets_of(in->pockets, self->bill_vnd);
    if (self->version == 0)
        return "a bill of somebody who is not enrolled";
    if (!is_next)
        return "a bill's number is not the next one";
    if (in->months == 0 || in->valid_until_day < in->issued_day)
        return "a bill for nothing, or that was never valid";
    for (int i = 0; i < POCKETS; i++) {
        if (self->bill_vnd[i] < 0)
            return "a bill with a negative share";
    }
    if (model_bill_gross(self) * 100 != self->income_vnd * RATE_PERCENT * in->months)
        return "a bill of another sum";
    return "";
}

/* 0 when one of the months was covered already. */
static int cover(struct state *self, uint32_t from, uint32_t months)
{
    int is_free = 1;
    for (uint32_t month = from - COVERED_FROM; month < from - COVERED_FROM + months; month++) {
        if (month >= COVERED_MONTHS)
            return 0;
        is_free &= (self->covered[month / 8] >> month % 8 & 1) == 0;
        self->covered[month / 8] |= (uint8_t)(1 << month % 8);
    }
    return is_free;
}

static const char *pay(struct state *self, const Ansinh__V1__PaymentRecorded *in)
{
    int64_t vnd[POCKETS];
    pockets_of(in->pockets, vnd);
    if (self->bill_months == 0 || in->bill_number != self->bill_number)
        return "a payment of a bill that is not open";
    if (in->from_month != self->bill_from || in->months != self->bill_months ||
        in->months_supported != self->bill_supported ||
        memcmp(vnd, self->bill_vnd, sizeof(vnd)) != 0)
        return "a payment of something else than the bill";
    if (in->paid_day > self->bill_valid_until)
        return "a payment of a bill that was not valid any more";
    if (in->commune != self->commune)
        return "a payment counted for another commune";
    if ((in->is_first != 0) != (self->months_paid == 0))
        return "a payment marked wrongly as the first one, or not";
    int is_free = cover(self, in->from_month, in->months);
    if (self->covered_until < in->from_month + in->months - 1)
        self->covered_until = in->from_month + in->months - 1;
    self->months_paid += in->months;
    self->months_supported += in->months_supported;
    self->bill_months = 0;
    self->paid_version = self->version + 1;
    return is_free ? "" : "a month paid twice";
}

/* What held before the newest payment holds again, but for the bill and one number of bills. */
static const char *reverse(struct state *self, const struct state *earlier,
                           const Ansinh__V1__PaymentReversed *in)
{
    if (self->paid_version == 0 || in->payment == NULL)
        return "a reversal of no payment";
    const struct state *paid = &earlier[self->paid_version - 1];
    const struct state *before = &earlier[self->paid_version - 2]; /* its bill at the least */
    const struct state now = *self;
    *self = *before;
    self->version = now.version;
    self->commune = now.commune;
    self->support_group = now.support_group;
    self->accepted_day = now.accepted_day;
    self->bill_number = now.bill_number + 1;
    self->bill_months = 0;
    if (in->payment->bill_number != paid->bill_number ||
        in->payment->months != paid->months_paid - before->months_paid)
        return "a reversal of another payment than the newest";
    return "";
}

/* --- what else becomes of a participation ----------------------------------------------------- */

static void drop_bill(struct state *self)
{
    self->bill_number += self->bill_months > 0;
    self->bill_months = 0;
}

static const char *change(struct state *self, const Ansinh__V1__ContributionChanged *in)
{
    int is_same = in->income_vnd == self->income_vnd && (uint32_t)in->method == self->method;
    self->commune = in->commune;
    self->support_group = (uint32_t)in->support_group;
    self->income_vnd = in->income_vnd;
    self->method = (uint32_t)in->method;
    if (in->is_declared)
        self->paid_version = 0; /* what was paid before can no longer be taken back */
    drop_bill(self);
    return is_same || in->is_declared ? "" : "a change of what was not declared";
}

static const char *end(struct state *self, const Ansinh__V1__ParticipationEnded *in)
{
    self->has_ended = 1;
    self->paid_version = 0;
    drop_bill(self);
    return in->months == 0 ? "" : "months are given back to somebody who withdrew";
}

static const char *accept(struct state *self, const Ansinh__V1__ParticipationAccepted *in)
{
    int is_new = self->accepted_day == 0;
    self->accepted_day = in->accepted_day;
    return is_new && in->accepted_day >= self->enrolled_day ? "" : "accepted twice, or too early";
}

static const char *give_back(struct state *self, const Ansinh__V1__ParticipationReturned *in)
{
    int is_right = self->accepted_day == in->accepted_day;
    self->accepted_day = 0;
    return is_right ? "" : "another acceptance is undone than the one that holds";
}

static const char *list(struct state *self, const Ansinh__V1__ContactsRecorded *in)
{
    self->contacts += (int64_t)(in->citizens.len / ID_BYTES);
    if (self->version == 0)
        return "people of a session that nobody recorded";
    return self->contacts == in->contacts ? "" : "another number of people than on the lists";
}

static const char *apply_terms(struct state *self, const Ansinh__V1__Event *event)
{
    const char *wrong = "an event nobody caused";
    if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED)
        wrong = change(self, event->contribution_changed);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED)
        wrong = end(self, event->participation_ended);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED)
        wrong = accept(self, event->participation_accepted);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED)
        wrong = give_back(self, event->participation_returned);
    return self->version == 0 ? "of somebody who is not enrolled" : wrong;
}

const char *model_apply(struct state *self, const struct state *earlier,
                        const Ansinh__V1__Event *event)
{
    const char *wrong;
    int has_ended = self->has_ended;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED)
        wrong = enrol(self, event->participant_enrolled);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_BILL_ISSUED)
        wrong = issue(self, event->bill_issued);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        wrong = pay(self, event->payment_recorded);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        wrong = reverse(self, earlier, event->payment_reversed);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_SESSION_RECORDED)
        wrong = "";
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTACTS_RECORDED)
        wrong = list(self, event->contacts_recorded);
    else
        wrong = apply_terms(self, event);
    self->version++;
    return has_ended ? "of somebody whose participation has ended" : wrong;
}
