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
    self->bill_number = now.bill_number + 1;
    self->bill_months = 0;
    if (in->payment->bill_number != paid->bill_number ||
        in->payment->months != paid->months_paid - before->months_paid)
        return "a reversal of another payment than the newest";
    return "";
}

const char *model_apply(struct state *self, const struct state *earlier,
                        const Ansinh__V1__Event *event)
{
    const char *wrong = "an event nobody caused";
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED)
        wrong = enrol(self, event->participant_enrolled);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_BILL_ISSUED)
        wrong = issue(self, event->bill_issued);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        wrong = pay(self, event->payment_recorded);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        wrong = reverse(self, earlier, event->payment_reversed);
    self->version++;
    return wrong;
}
