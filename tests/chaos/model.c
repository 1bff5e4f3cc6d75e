#include "tests/chaos/model.h"

#include <string.h>

#include "common/domain/calendar.h"

#define RATE_PERCENT 22 /* of the income, since before our first month */

static const uint32_t months_of_method[] = {0, 1, 3, 6, 12};

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
    uint32_t from = (uint32_t)month_of_day(in->issued_day);
    if (self->covered_until >= from)
        from = self->covered_until + 1;
    if (self->version == 0)
        return "a bill of somebody who is not enrolled";
    if (in->bill_number != self->bill_number + 1)
        return "a bill's number is not the next one";
    if (in->from_month != from)
        return "a bill begins in another month";
    if (self->method >= sizeof(months_of_method) / sizeof(months_of_method[0]) ||
        in->months != months_of_method[self->method])
        return "a bill of another number of months";
    self->bill_number = in->bill_number;
    self->bill_from = in->from_month;
    self->bill_months = in->months;
    self->bill_supported = in->months_supported;
    self->bill_valid_until = in->valid_until_day;
    pockets_of(in->pockets, self->bill_vnd);
    for (int i = 0; i < POCKETS; i++) {
        if (self->bill_vnd[i] < 0)
            return "a bill with a negative share";
    }
    if (model_bill_gross(self) * 100 != self->income_vnd * RATE_PERCENT * in->months)
        return "a bill of another sum";
    if (in->valid_until_day != month_last_day(month_of_day(in->issued_day)))
        return "a bill with another last day";
    return "";
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
    self->covered_until = in->from_month + in->months - 1;
    self->months_paid += in->months;
    self->months_supported += in->months_supported;
    self->bill_months = 0;
    return "";
}

const char *model_apply(struct state *self, const Ansinh__V1__Event *event)
{
    const char *wrong = "an event nobody caused";
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED)
        wrong = enrol(self, event->participant_enrolled);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_BILL_ISSUED)
        wrong = issue(self, event->bill_issued);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        wrong = pay(self, event->payment_recorded);
    self->version++;
    return wrong;
}
