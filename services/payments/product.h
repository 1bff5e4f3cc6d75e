/* What requests, answers and events say of the product of a bill, and of the card that it buys. */
#ifndef ANSINH_PAYMENTS_PRODUCT_H
#define ANSINH_PAYMENTS_PRODUCT_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"
#include "common/base/err.h"
#include "common/domain/citizen.h"

/* -EINVAL, field "product". */
int product_check(Ansinh__V1__Product product, struct err *err) MUST_CHECK;

/* Of an entry, which does not say PRODUCT_VOLUNTARY_SI. */
Ansinh__V1__Product product_said(Ansinh__V1__Product product);

/* The kind under which a personal id is hashed to whom a product's bills are sent. */
char product_key(Ansinh__V1__Product product);

/* A day as a date; "" for 0: there is no card. NULL: no memory. */
char *card_day_text(struct arena *arena, int32_t day);

/* What the events of bills and payments say of the product: nothing when it is voluntary insurance.
 */
Ansinh__V1__Product event_product(const struct citizen *citizen);

/* The card of a bill for an event; NULL where it has none. -ENOMEM. */
int event_card(struct arena *arena, const struct citizen_bill *bill,
               Ansinh__V1__HealthCard **ret) MUST_CHECK;

#endif
