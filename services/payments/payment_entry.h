/* Payments in the journal: the entry of one, what it says, and what became of it. */
#ifndef ANSINH_PAYMENTS_PAYMENT_ENTRY_H
#define ANSINH_PAYMENTS_PAYMENT_ENTRY_H

#include "ansinh/v1/events.pb-c.h"
#include "common/domain/redress.h"
#include "common/service/service.h"
#include "common/store/journal.h"
#include "services/payments/payments_rules.h"

/* Finds the entry of a payment in the journal, or in the archive once it is trimmed. fn runs with
 * it, in the request's arena; otherwise the request is answered, with the field "payment_id" when
 * it has one. */
typedef void (*payment_entry_fn)(void *arg, const Ansinh__V1__Event *event);
void payment_entry_find(struct service *svc, struct bus_request *request, unsigned partition,
                        struct journal_position position, payment_entry_fn fn, void *arg);

/* The same for an entry of any kind that a record leads to. */
void entry_find(struct service *svc, struct bus_request *request, unsigned partition,
                struct journal_position position, payment_entry_fn fn, void *arg);

/* Reads what became of a payment: a state of REDRESS_NONE while it stands. On failure the request
 * is answered and fn does not run. */
typedef void (*redress_read_fn)(void *arg, const struct redress *redress);
void redress_read(struct service *svc, struct bus_request *request, unsigned partition,
                  struct journal_position position, redress_read_fn fn, void *arg);

/* What the payment replaced in the record, for its event. NULL: no memory. */
Ansinh__V1__PaymentUndo *payment_undo(struct arena *arena, const struct payment *payment);

/* The payment of an entry. -ENOENT: the entry does not tell what the payment replaced. */
int payment_read(const Ansinh__V1__PaymentRecorded *paid, struct payment *ret) MUST_CHECK;

#endif
