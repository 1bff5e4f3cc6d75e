/* Postings in events: as the domain makes them, and as an entry of the journal carries them. */
#ifndef ANSINH_SERVICE_POSTINGS_H
#define ANSINH_SERVICE_POSTINGS_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"
#include "common/domain/accounts.h"

/* The payment that an event takes back, by a reversal or an approved refund case: it has its
 * payment. NULL: none. */
const Ansinh__V1__PaymentReversed *event_reversal(const Ansinh__V1__Event *event);

/* -ENOMEM. Holders are borrowed as long as the event is used. */
int event_set_postings(Ansinh__V1__Event *event, const struct postings *postings,
                       struct arena *arena) MUST_CHECK;

/* Those that an event carries, in an entry of an older version those that its facts make: with
 * HOLDER_UNKNOWN as province and organisation, which only the directory would know. Holders are
 * borrowed from the event; n 0: it moves no money. More than POSTINGS_MAX: -EPROTO. */
int event_postings(const Ansinh__V1__Event *event, struct postings *ret) MUST_CHECK;

/* Holder of the contributions that are paid for a product; unspecified: voluntary. */
const char *product_holder(Ansinh__V1__Product product);

/* Code of the organisation that collected a payment; "": nobody knows. */
const char *payment_organisation(const Ansinh__V1__PaymentRecorded *paid);

#endif
