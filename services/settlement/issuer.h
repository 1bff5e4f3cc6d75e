/* Issues receipts: takes the payments that wait in the queue, gives each the next number of its
 * series, in batches, and voids the receipts of reversed payments.
 *
 * A round takes the oldest tasks, reads what the ledger has of them and of their series, commits
 * one batch per series and takes what is done out of the queue. Only the leader of the projection
 * starts a round, but nothing depends on that: the batch names the version of the series and of
 * each payment's record that it has read, so that of two issuers in dispute one gets CONFLICT,
 * reads again and finds what was issued. */
#ifndef ANSINH_SETTLEMENT_ISSUER_H
#define ANSINH_SETTLEMENT_ISSUER_H

#include "common/service/service.h"
#include "services/settlement/issue_queue.h"

#define RECEIPTS_PER_COMMIT 120 /* two records each, and the series */

struct issuer;

/* may_issue is asked before every round. */
struct issuer *issuer_create(struct service *svc, int (*may_issue)(void *arg), void *arg);
void issuer_destroy(struct issuer **self);

/* There may be work: begins a round unless one is under way. */
void issuer_wake(struct issuer *self);

int issuer_is_busy(const struct issuer *self);

struct issuer_stats {
    int64_t issued, voided, conflicts, refused_numbers;
    int64_t waiting; /* tasks, at the last look */
};
void issuer_stats_get(const struct issuer *self, struct issuer_stats *ret);

#endif
