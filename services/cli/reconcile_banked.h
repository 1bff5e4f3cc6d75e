/* The bank entries that the ledger has, gathered while its journals are read. */
#ifndef ANSINH_CLI_RECONCILE_BANKED_H
#define ANSINH_CLI_RECONCILE_BANKED_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/err.h"
#include "common/settle/bank.h"

struct banked;

/* What is moved out of suspense after the last day stays in it. */
struct banked *banked_create(int32_t last_day);
void banked_destroy(struct banked **self);

/* Events of a partition in their order; others than the two about bank entries are passed over.
 * -ENOSPC: too many entries; -EPROTO: money was moved of an entry that is not there. */
int banked_take(struct banked *self, const Ansinh__V1__Event *event, struct err *err) MUST_CHECK;

/* Tells them all to the bank, as bank_posted. */
int banked_give(const struct banked *self, struct bank *bank) MUST_CHECK;

#endif
