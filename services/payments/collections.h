/* ansinh.v1.Collections: what collecting organisations call, and what its methods share. Every call
 * is of a partner, and every payment has an id of the partner's own, which stands for one request
 * for ever: first claimed, in the partition of its hash, then given an outcome in the citizen's. */
#ifndef ANSINH_PAYMENTS_COLLECTIONS_H
#define ANSINH_PAYMENTS_COLLECTIONS_H

#include "ansinh/v1/collections.pb-c.h"
#include "ansinh/v1/events.pb-c.h"
#include "common/service/directory.h"
#include "common/service/service.h"
#include "services/payments/coll_store.h"

#define COLL_LINES_MAX 100
#define COLL_RECEIPT_NUMBER_MAX 9999999999ULL
#define COLL_AHEAD_MS (5LL * 60 * 1000) /* that a partner's clock may be ahead */

/* Serves the methods. */
void collections_add(struct service *svc);

/* False when the call is of no organisation; it is then refused. */
int collections_admit(struct bus_request *request);

/* Handlers, one file each; arg is the struct service. */
void on_coll_inquire(void *arg, struct bus_request *request);
void on_coll_pay(void *arg, struct bus_request *request);
void on_coll_get_payment(void *arg, struct bus_request *request);
void on_coll_reverse(void *arg, struct bus_request *request);
void on_coll_list_payments(void *arg, struct bus_request *request);
void on_coll_inquire_many(void *arg, struct bus_request *request);
void on_coll_pay_many(void *arg, struct bus_request *request);

/* --- transactions (coll_transaction.c) ---------------------------------------------------------
 */

/* A partner's id of a request; texts are borrowed. */
struct transaction {
    const char *partner, *id;
    uint8_t hash[ID_BYTES];
};

/* -EINVAL with the field: not 1 to 64 printable ASCII characters without spaces. */
int transaction_of(const struct service *svc, const char *partner, const char *id,
                   const char *field, struct transaction *ret, struct err *err) MUST_CHECK;

/* What tells one request from another under the same id: its fields, however they were encoded. 0:
 * no memory. */
uint64_t transaction_fingerprint(struct arena *arena, const ProtobufCMessage *request);

/* What a claim's or a closing's event says besides. */
struct transaction_note {
    const char *other_id; /* of the payment in a reversal's claim, else of the reversal; "": none */
    Ansinh__V1__ReversalReason reason;
};

/* fn gets the claim that stands now, NULL when there is none; borrowed. When the ledger does not
 * answer, the request is refused instead: nothing was done. */
typedef void (*transaction_fn)(void *arg, const struct claim *claim);
void transaction_find(struct service *svc, struct bus_request *request,
                      const struct transaction *transaction, transaction_fn fn, void *arg);

/* Claims it as wanted, unless it is claimed; fn gets the claim that stands then, never NULL. A
 * cancellation of which the outcome may be done sets the request's may_be_done, here and below. */
void transaction_claim(struct service *svc, struct bus_request *request,
                       const struct transaction *transaction, const struct claim *wanted,
                       const struct transaction_note *note, transaction_fn fn, void *arg);

/* Gives a claimed payment of a citizen an outcome without a payment, unless it has one; then runs
 * fn: the outcome may be another one, and must be read. */
void transaction_close(struct service *svc, struct bus_request *request,
                       const struct transaction *transaction, const uint8_t citizen[ID_BYTES],
                       enum outcome_state state, const struct transaction_note *note, loop_fn fn,
                       void *arg);

/* --- answers (coll_answer.c): made from journal entries alone, so the same for ever ------------
 */

/* In the arena; NULL: no memory. */
Ansinh__V1__CollectedPayment *collected_payment(const struct service *svc, struct arena *arena,
                                                unsigned partition,
                                                struct journal_position position,
                                                const Ansinh__V1__Event *event);
Ansinh__V1__CollectedReversal *collected_reversal(struct arena *arena, unsigned partition,
                                                  struct journal_position position,
                                                  const Ansinh__V1__Event *event);

/* Of the approval of a refund case; also NULL of any other entry. */
Ansinh__V1__CollectedRefund *collected_refund(struct arena *arena, unsigned partition,
                                              struct journal_position position,
                                              const Ansinh__V1__Event *event);

/* Of an entry that closed a payment, or claimed its id, before it came. */
Ansinh__V1__CollectedReversal *collected_cancellation(struct arena *arena,
                                                      const Ansinh__V1__Event *event);

/* --- partners (coll_partner.c) ---------------------------------------------------------------- */

/* A moment of a payment is not before 1990 and not after 2100. */
#define PAID_AT_MIN_MS (631152000LL * 1000)
#define PAID_AT_MAX_MS (4102444800LL * 1000)

/* -EACCES: it is none, or is suspended. */
int coll_check_partner(const struct directory *directory, const char *partner,
                       struct err *err) MUST_CHECK;

/* -EACCES: it does not collect for health insurance, or else for voluntary insurance. */
int coll_check_product(const struct directory *directory, const char *partner, int is_health,
                       struct err *err) MUST_CHECK;

/* Point and collector, each known and of the partner, or "". -EINVAL: unknown; -EACCES: of another.
 */
int coll_check_counter(const struct directory *directory, const char *partner,
                       const char *point_code, const char *collector_code,
                       struct err *err) MUST_CHECK;

/* That a payment of a moment has the business date. -EINVAL, which names the right one. */
int coll_check_day(const struct directory *directory, const char *partner, int64_t paid_at_ms,
                   int32_t business_day, struct err *err) MUST_CHECK;

/* Whether the partner collects from participants of a commune. */
int coll_is_in_scope(const struct directory *directory, const char *partner, uint32_t commune);

#endif
