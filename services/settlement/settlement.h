/* The settlement service: the books, a fold of the journals. See README.md. */
#ifndef ANSINH_SETTLEMENT_SETTLEMENT_H
#define ANSINH_SETTLEMENT_SETTLEMENT_H

#include "common/service/projector.h"
#include "services/settlement/balances.h"
#include "services/settlement/books.h"
#include "services/settlement/issuer.h"

extern const struct service_spec settlement_spec;

/* In the order of the table in settlement.c. */
enum books_part {
    BOOKS_BALANCES,
    BOOKS_COLLECTED,
    BOOKS_RECEIPTS,
    BOOKS_CUSTODY,
    BOOKS_REFUNDS,
    BOOKS_PARTS
};

struct settlement {
    struct service *svc;
    struct projector *projector;
    void *parts[BOOKS_PARTS]; /* what each fold has made */
    size_t loading;           /* the fold whose memory is being loaded */
    struct issuer *issuer;
};

/* For handlers: whether this instance keeps the books; when not, the request is refused. */
int settlement_leads(struct settlement *self, struct bus_request *request);

/* The same: whether something of an organisation may be seen and changed by who asks: anybody
 * inside, or, signed, that organisation alone. */
int settlement_admits(struct bus_request *request, const char *organisation, const char *field);

/* Handlers; arg is the struct settlement. */
void on_trial_balance(void *arg, struct bus_request *request);
void on_get_account(void *arg, struct bus_request *request);

#endif
