/* ansinh report: the lists that an organisation and the social insurance office settle by. */
#ifndef ANSINH_CLI_REPORT_H
#define ANSINH_CLI_REPORT_H

#include "common/domain/citizen.h"
#include "common/service/service.h"
#include "services/cli/entries.h"

#define REPORT_CODE_BYTES 40
#define REPORT_PAYMENTS_MAX 5000000

struct report_query {
    int is_health;            /* payments of family health insurance, or else of voluntary */
    const char *organisation; /* code; "-": payments that no organisation collected */
    int32_t from_day, to_day; /* business days of the payments, and of taking them back */
    const char *out;
    struct entries_query entries;
};

/* The last two count against the others. */
enum report_kind { REPORT_NEW, REPORT_RENEWED, REPORT_TAKEN_BACK, REPORT_REFUNDED };

/* A payment, or one that was taken back: reversed, or refunded after its cut-off. */
struct report_payment {
    uint8_t citizen[ID_BYTES];
    unsigned partition;
    struct journal_position position; /* of the payment */
    enum report_kind kind;
    int32_t day;         /* of the payment, or on which it was taken back */
    int32_t paid_day;    /* of the payment: its rules hold */
    uint32_t from_month; /* 0: missing months, which are none of the calendar */
    uint32_t months, months_supported;
    int64_t participant_vnd, central_vnd, local_vnd, donor_vnd;
    int64_t income_vnd; /* 0: an entry of a version that did not say it */
    uint8_t method;
    uint8_t is_renewal;      /* of a payment that was taken back: what it had been */
    uint64_t receipt_number; /* 0: none yet */
    char collector[REPORT_CODE_BYTES];
    struct health_card card; /* of health insurance */
    uint32_t member_rank;
};

/* By business day, then by place in the journals: the same ledger gives the same list. */
struct report_payments {
    struct report_payment *rows;
    size_t n, capacity;
};

/* Reads the ledger; blocks. -ENOSPC: more than REPORT_PAYMENTS_MAX; -EIO: entries that cannot be
 * read; otherwise as entries_read. */
int report_payments_read(struct service *svc, const struct report_query *query,
                         struct report_payments *ret, struct err *err) MUST_CHECK;
void report_payments_fini(struct report_payments *self);

/* The list D05-TS (Decision 490/QD-BHXH): who pays what, with the shares of the state, the province
 * and others. Names and addresses are asked of enrolment. */
int report_d05(struct service *svc, const struct report_query *query,
               const struct report_payments *payments, struct err *err) MUST_CHECK;

/* The list D03-TS (the same decision): who pays for family health insurance, with the card. */
int report_d03(struct service *svc, const struct report_query *query,
               const struct report_payments *payments, struct err *err) MUST_CHECK;

/* What the organisation gets for its work, by new or renewed and by method. */
int report_commissions(struct service *svc, const struct report_query *query,
                       const struct report_payments *payments, struct err *err) MUST_CHECK;

#endif
