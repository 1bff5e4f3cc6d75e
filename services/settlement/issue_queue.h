/* What waits for a receipt: payments and reversals that the fold has found, in views, in the order
 * of their time. A task is taken out when its receipt is in the ledger, so that it may be done
 * twice but never not at all; the ledger refuses the second time. */
#ifndef ANSINH_SETTLEMENT_ISSUE_QUEUE_H
#define ANSINH_SETTLEMENT_ISSUE_QUEUE_H

#include "common/service/receipt.h"
#include "common/store/views.h"

#define TILL_VIEW "books"
#define ISSUE_TASK_MAX_BYTES 96
#define ISSUE_TAKE_MAX 240

enum issue_kind { ISSUE_RECEIPT = 1, ISSUE_VOID = 2 };

struct issue_task {
    enum issue_kind kind;
    unsigned partition; /* of the payment */
    struct journal_position payment;
    int64_t at_ms;         /* when it was recorded, or reversed */
    uint64_t named_number; /* 0: none */
    int32_t paid_day;
    char point[SERIES_POINT_BYTES];        /* or RECEIPT_CODE_OF_NOBODY */
    char organisation[SERIES_POINT_BYTES]; /* of a partner's payment; "" */
    uint8_t packed[ISSUE_TASK_MAX_BYTES];  /* when taken */
    size_t packed_len;
};

/* Returns its length; at_ms is not in it: the queue keeps it. */
size_t issue_task_pack(const struct issue_task *task, uint8_t ret[ISSUE_TASK_MAX_BYTES]);
int issue_task_unpack(const void *bytes, size_t len, struct issue_task *ret) MUST_CHECK;

/* Adds a packed task in a flush. */
int issue_queue_push(struct flush *flush, const uint8_t *packed, size_t len, int64_t at_ms);

/* The oldest tasks, at most ISSUE_TAKE_MAX, and how many wait in all; rc as store_reply_fn, or
 * -EPROTO. tasks are borrowed during the callback. */
typedef void (*issue_queue_fn)(void *arg, int rc, struct issue_task *tasks, size_t n,
                               int64_t waiting);
void issue_queue_take(struct store *views, issue_queue_fn fn, void *arg);

/* Takes tasks out (n > 0); fn runs when they are. */
void issue_queue_remove(struct store *views, const struct issue_task *const *tasks, size_t n,
                        store_reply_fn fn, void *arg);

#endif
