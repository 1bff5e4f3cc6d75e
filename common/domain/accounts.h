/* Double entry: the postings that each event about money makes. Pure, no I/O.
 *
 * A posting debits (positive) or credits (negative) an account of a holder. Those of one event add
 * up to 0 whatever the sums are, and none of them is 0. */
#ifndef ANSINH_DOMAIN_ACCOUNTS_H
#define ANSINH_DOMAIN_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

/* Numbers of ansinh.v1.Account, which says what each one is for. */
enum account {
    ACCOUNT_NONE,
    ACCOUNT_IS_PARTICIPANT_RECEIVABLE,
    ACCOUNT_IS_COLLECTOR_CASH,
    ACCOUNT_IS_ORGANISATION_CLEARING,
    ACCOUNT_IS_BANK_SETTLEMENT,
    ACCOUNT_IS_CENTRAL_BUDGET,
    ACCOUNT_IS_LOCAL_BUDGET,
    ACCOUNT_IS_DONOR_FUNDS,
    ACCOUNT_IS_CONTRIBUTIONS,
    ACCOUNT_IS_SUSPENSE,
    ACCOUNT_IS_REFUNDS,
    ACCOUNT_IS_COMMISSIONS,
    ACCOUNT_IS_COMMISSION_EXPENSE,
    ACCOUNTS_END
};

#define HOLDER_UNKNOWN "-" /* of an account that has a holder, and nobody said which */
#define PRODUCT_VOLUNTARY_SI "VOLUNTARY_SI"
#define PRODUCT_HEALTH_HOUSEHOLD "HEALTH_HOUSEHOLD"

struct posting {
    enum account account;
    const char *holder; /* borrowed from who asked for the postings, or constant; never NULL */
    int64_t amount_vnd;
};

#define POSTINGS_MAX 8

struct postings {
    size_t n;
    struct posting rows[POSTINGS_MAX];
};

/* Who stands behind the money of a contribution. Sums are at most 2^53; texts may be "". */
struct contribution_money {
    int64_t participant_vnd, central_vnd, local_vnd, donor_vnd;
    const char *product;
    const char *province; /* 2 digits */
    /* Of a payment: how it came, and who took it. */
    int is_transfer;
    const char *organisation, *point, *collector;
};

/* The participant owes and pays, the budgets owe, the fund is owed; what was paid lies with the
 * collector (the point when there is none), or with the organisation when it was transferred. */
void post_payment(const struct contribution_money *money, struct postings *ret);

/* What was contributed is taken back: owed to the participant, no longer owed by the budgets. */
void post_refund(const struct contribution_money *money, struct postings *ret);

/* What was owed to a participant was paid from an account of the agency. */
void post_payout(const char *bank_account, int64_t amount_vnd, struct postings *ret);

/* The opposite of other postings; holders are borrowed from these. ret may be the same. */
void post_reversal(const struct postings *of, struct postings *ret);

/* A collector (or point) hands cash over to the organisation. */
void post_remittance(const char *collector, const char *organisation, int64_t amount_vnd,
                     struct postings *ret);

/* A line of a bank account's statement: credits of the account are positive here. Money of an
 * organisation, or, organisation "", in suspense under a reference. */
void post_bank_entry(const char *bank_account, const char *organisation, const char *reference,
                     int64_t amount_vnd, struct postings *ret);

/* Money in suspense turns out to be an organisation's. */
void post_suspense_move(const char *reference, const char *organisation, int64_t amount_vnd,
                        struct postings *ret);

/* An organisation has earned a commission; negative: less than was posted before. */
void post_commission(const char *organisation, int64_t amount_vnd, struct postings *ret);

#endif
