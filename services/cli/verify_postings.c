#include "services/cli/verify_postings.h"

#include <stdint.h>
#include <string.h>

#include "common/base/macros.h"

#define ACCOUNTS (ANSINH__V1__ACCOUNT__ACCOUNT_COMMISSION_EXPENSE + 1)

/* Net sum and turnover (of debits) of each account in one entry. */
struct sums {
    int64_t net[ACCOUNTS], debits[ACCOUNTS];
};

/* That an entry records or takes back; NULL: none. */
static const Ansinh__V1__PaymentRecorded *payment_of(const Ansinh__V1__Event *event)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        return event->payment_reversed->payment;
    return event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED ? event->payment_recorded
                                                                        : NULL;
}

/* NULL: none. */
static const Ansinh__V1__RefundPayout *payout_of(const Ansinh__V1__Event *event)
{
    return event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE ? event->refund_case->payout
                                                                   : NULL;
}

static int is_health(const Ansinh__V1__Event *event)
{
    const Ansinh__V1__PaymentRecorded *paid = payment_of(event);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE &&
        event->refund_case->reversal != NULL)
        paid = event->refund_case->reversal->payment;
    return paid != NULL && paid->product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD;
}

/* Whose account it must be; NULL: that this entry says nothing about it. */
static const char *holder_wanted(const Ansinh__V1__Event *event, Ansinh__V1__Account account)
{
    if (account == ANSINH__V1__ACCOUNT__ACCOUNT_PARTICIPANT_RECEIVABLE ||
        account == ANSINH__V1__ACCOUNT__ACCOUNT_CENTRAL_BUDGET ||
        account == ANSINH__V1__ACCOUNT__ACCOUNT_REFUNDS)
        return "";
    if (event->kind_case == ANSINH__V1__EVENT__KIND_CASH_REMITTED)
        return account == ANSINH__V1__ACCOUNT__ACCOUNT_COLLECTOR_CASH
                   ? event->cash_remitted->holder_code
                   : event->cash_remitted->organisation_code;
    if (account == ANSINH__V1__ACCOUNT__ACCOUNT_BANK_SETTLEMENT && payout_of(event) != NULL)
        return payout_of(event)->bank_account;
    const Ansinh__V1__PaymentRecorded *paid = payment_of(event);
    if (account == ANSINH__V1__ACCOUNT__ACCOUNT_CONTRIBUTIONS)
        return is_health(event) ? "HEALTH_HOUSEHOLD" : "VOLUNTARY_SI";
    if (paid == NULL || account != ANSINH__V1__ACCOUNT__ACCOUNT_COLLECTOR_CASH)
        return NULL;
    const char *const codes[] = {paid->collector_code, paid->point_code, "-"};
    size_t i = 0;
    while (codes[i][0] == '\0')
        i++;
    return codes[i];
}

static const char *add_up(const Ansinh__V1__Event *event, struct sums *ret)
{
    int64_t sum = 0;
    for (size_t i = 0; i < event->n_postings; i++) {
        const Ansinh__V1__Posting *posting = event->postings[i];
        int64_t vnd = posting->amount_vnd;
        if (posting->account <= ANSINH__V1__ACCOUNT__ACCOUNT_UNSPECIFIED ||
            (int)posting->account >= ACCOUNTS)
            return "posts to an account that this version does not know";
        if (vnd == 0)
            return "posts nothing";
        if (__builtin_add_overflow(sum, vnd, &sum) ||
            __builtin_add_overflow(ret->net[posting->account], vnd, &ret->net[posting->account]))
            return "posts more than there is";
        ret->debits[posting->account] += MAX(vnd, 0);
        const char *holder = holder_wanted(event, posting->account);
        if (holder != NULL && strcmp(holder, posting->holder) != 0)
            return "posts to the account of another holder";
    }
    return sum == 0 ? NULL : "has postings that do not add up to 0";
}

static void want_pockets(const Ansinh__V1__Pockets *pockets, int64_t sign, struct sums *ret)
{
    ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_CENTRAL_BUDGET] = sign * pockets->central_vnd;
    ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_LOCAL_BUDGET] = sign * pockets->local_vnd;
    ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_DONOR_FUNDS] = sign * pockets->donor_vnd;
    ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_CONTRIBUTIONS] =
        -sign *
        (pockets->participant_vnd + pockets->central_vnd + pockets->local_vnd + pockets->donor_vnd);
}

/* NULL: none. */
static const Ansinh__V1__Pockets *refund_of(const Ansinh__V1__Event *event)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED)
        return event->participation_ended->refund;
    if (event->kind_case != ANSINH__V1__EVENT__KIND_REFUND_CASE ||
        event->refund_case->reversal == NULL || event->refund_case->reversal->payment == NULL)
        return NULL;
    return event->refund_case->reversal->payment->pockets;
}

/* All 0 for an event that moves no money. */
static void want(const Ansinh__V1__Event *event, struct sums *ret)
{
    const Ansinh__V1__PaymentRecorded *paid = payment_of(event);
    if (paid != NULL && paid->pockets != NULL) {
        int64_t sign = event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED ? -1 : 1;
        int64_t due_vnd = paid->pockets->participant_vnd;
        want_pockets(paid->pockets, sign, ret);
        if (paid->channel == ANSINH__V1__PAYMENT_CHANNEL__PAYMENT_CHANNEL_TRANSFER)
            ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_ORGANISATION_CLEARING] = sign * due_vnd;
        else
            ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_COLLECTOR_CASH] = sign * due_vnd;
        ret->debits[ANSINH__V1__ACCOUNT__ACCOUNT_PARTICIPANT_RECEIVABLE] = due_vnd;
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_CASH_REMITTED) {
        int64_t vnd = event->cash_remitted->amount_vnd;
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_ORGANISATION_CLEARING] = vnd;
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_COLLECTOR_CASH] = -vnd;
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_BANK_ENTRY_POSTED &&
               event->bank_entry_posted->entry != NULL) {
        const Ansinh__V1__BankEntryRecord *entry = event->bank_entry_posted->entry;
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_BANK_SETTLEMENT] = entry->amount_vnd;
        ret->net[entry->organisation_code[0] == '\0'
                     ? ANSINH__V1__ACCOUNT__ACCOUNT_SUSPENSE
                     : ANSINH__V1__ACCOUNT__ACCOUNT_ORGANISATION_CLEARING] = -entry->amount_vnd;
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_SUSPENSE_MOVED) {
        int64_t vnd = event->suspense_moved->amount_vnd;
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_SUSPENSE] = vnd;
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_ORGANISATION_CLEARING] = -vnd;
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_COMMISSION_POSTED) {
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_COMMISSION_EXPENSE] =
            event->commission_posted->posted_vnd;
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_COMMISSIONS] = -event->commission_posted->posted_vnd;
    } else if (payout_of(event) != NULL) {
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_REFUNDS] = event->refund_case->amount_vnd;
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_BANK_SETTLEMENT] = -event->refund_case->amount_vnd;
    } else if (refund_of(event) != NULL) {
        const Ansinh__V1__Pockets *refund = refund_of(event);
        want_pockets(refund, -1, ret);
        ret->net[ANSINH__V1__ACCOUNT__ACCOUNT_REFUNDS] = -refund->participant_vnd;
    }
}

const char *verify_postings_fault(const Ansinh__V1__Event *event)
{
    struct sums is = {{0}, {0}}, wanted = {{0}, {0}};
    const char *fault = add_up(event, &is);
    if (fault != NULL || event->n_postings == 0)
        return fault;
    want(event, &wanted);
    const Ansinh__V1__Account receivable = ANSINH__V1__ACCOUNT__ACCOUNT_PARTICIPANT_RECEIVABLE;
    if (memcmp(is.net, wanted.net, sizeof(is.net)) != 0 ||
        is.debits[receivable] != wanted.debits[receivable])
        return "has other postings than its sums";
    return NULL;
}
