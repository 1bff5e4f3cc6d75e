#include "common/domain/accounts.h"

#include "common/base/log.h"
#include "common/base/macros.h"

static void add(struct postings *ret, enum account account, const char *holder, int64_t amount_vnd)
{
    if (amount_vnd == 0)
        return;
    ASSERT(ret->n < ARRAY_LEN(ret->rows));
    ret->rows[ret->n++] = (struct posting){account, holder, amount_vnd};
}

static const char *holder_of(const char *code)
{
    return code[0] == '\0' ? HOLDER_UNKNOWN : code;
}

/* Where one end of a transfer is. */
struct side {
    enum account account;
    const char *holder;
};

static void transfer(struct postings *ret, int64_t amount_vnd, struct side debit,
                     struct side credit)
{
    add(ret, debit.account, debit.holder, amount_vnd);
    add(ret, credit.account, credit.holder, -amount_vnd);
}

/* The parts of a contribution against their sum; participant: the account that bears his part. */
static void post_contribution(const struct contribution_money *money, enum account participant,
                              int sign, struct postings *ret)
{
    int64_t gross_vnd =
        money->participant_vnd + money->central_vnd + money->local_vnd + money->donor_vnd;
    const char *province = holder_of(money->province);
    ret->n = 0;
    add(ret, participant, "", sign * money->participant_vnd);
    add(ret, ACCOUNT_IS_CENTRAL_BUDGET, "", sign * money->central_vnd);
    add(ret, ACCOUNT_IS_LOCAL_BUDGET, province, sign * money->local_vnd);
    add(ret, ACCOUNT_IS_DONOR_FUNDS, province, sign * money->donor_vnd);
    add(ret, ACCOUNT_IS_CONTRIBUTIONS, holder_of(money->product), -sign * gross_vnd);
}

void post_payment(const struct contribution_money *money, struct postings *ret)
{
    const char *collector = money->collector[0] == '\0' ? money->point : money->collector;
    struct side taken = {ACCOUNT_IS_COLLECTOR_CASH, holder_of(collector)};
    if (money->is_transfer)
        taken = (struct side){ACCOUNT_IS_ORGANISATION_CLEARING, holder_of(money->organisation)};
    post_contribution(money, ACCOUNT_IS_PARTICIPANT_RECEIVABLE, 1, ret);
    transfer(ret, money->participant_vnd, taken,
             (struct side){ACCOUNT_IS_PARTICIPANT_RECEIVABLE, ""});
}

void post_refund(const struct contribution_money *money, struct postings *ret)
{
    post_contribution(money, ACCOUNT_IS_REFUNDS, -1, ret);
}

void post_payout(const char *bank_account, int64_t amount_vnd, struct postings *ret)
{
    ret->n = 0;
    transfer(ret, amount_vnd, (struct side){ACCOUNT_IS_REFUNDS, ""},
             (struct side){ACCOUNT_IS_BANK_SETTLEMENT, holder_of(bank_account)});
}

void post_reversal(const struct postings *of, struct postings *ret)
{
    *ret = *of;
    for (size_t i = 0; i < ret->n; i++)
        ret->rows[i].amount_vnd = -ret->rows[i].amount_vnd;
}

void post_remittance(const char *collector, const char *organisation, int64_t amount_vnd,
                     struct postings *ret)
{
    ret->n = 0;
    transfer(ret, amount_vnd,
             (struct side){ACCOUNT_IS_ORGANISATION_CLEARING, holder_of(organisation)},
             (struct side){ACCOUNT_IS_COLLECTOR_CASH, holder_of(collector)});
}

/* Whose money it is, as far as it is known. */
static struct side owner_of(const char *organisation, const char *reference)
{
    return organisation[0] != '\0' ? (struct side){ACCOUNT_IS_ORGANISATION_CLEARING, organisation}
                                   : (struct side){ACCOUNT_IS_SUSPENSE, holder_of(reference)};
}

void post_bank_entry(const char *bank_account, const char *organisation, const char *reference,
                     int64_t amount_vnd, struct postings *ret)
{
    ret->n = 0;
    transfer(ret, amount_vnd, (struct side){ACCOUNT_IS_BANK_SETTLEMENT, holder_of(bank_account)},
             owner_of(organisation, reference));
}

void post_suspense_move(const char *reference, const char *organisation, int64_t amount_vnd,
                        struct postings *ret)
{
    ret->n = 0;
    transfer(ret, amount_vnd, (struct side){ACCOUNT_IS_SUSPENSE, holder_of(reference)},
             owner_of(organisation, HOLDER_UNKNOWN));
}

void post_commission(const char *organisation, int64_t amount_vnd, struct postings *ret)
{
    const char *holder = holder_of(organisation);
    ret->n = 0;
    transfer(ret, amount_vnd, (struct side){ACCOUNT_IS_COMMISSION_EXPENSE, holder},
             (struct side){ACCOUNT_IS_COMMISSIONS, holder});
}
