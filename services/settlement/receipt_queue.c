/* The fold that finds what needs a receipt, or has one to be voided, and puts it into the queue. */
#include "services/settlement/receipt_queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/service/postings.h"
#include "services/settlement/issue_queue.h"

#define FOUND_MAX_BYTES (4096 * (ISSUE_TASK_MAX_BYTES + 16)) /* more than one flush's events */

/* Packed tasks, each after its time and length. */
struct found {
    int64_t at_ms;
    uint8_t len;
    uint8_t packed[ISSUE_TASK_MAX_BYTES];
};

struct receipt_queue {
    struct buf found;
};

static void *create(struct service *svc)
{
    struct receipt_queue *self = calloc(1, sizeof(*self));
    (void)svc;
    ASSERT(self != NULL);
    buf_init(&self->found, FOUND_MAX_BYTES);
    return self;
}

static void destroy(void *arg)
{
    struct receipt_queue *self = arg;
    if (self == NULL)
        return;
    buf_fini(&self->found);
    free(self);
}

static void add(struct receipt_queue *self, struct issue_task *task,
                const Ansinh__V1__PaymentRecorded *payment, int64_t at_ms)
{
    struct found found = {.at_ms = at_ms};
    const char *point = payment->point_code;
    (void)snprintf(task->point, sizeof(task->point), "%s",
                   point[0] == '\0' ? RECEIPT_CODE_OF_NOBODY : point);
    (void)snprintf(task->organisation, sizeof(task->organisation), "%s",
                   payment_organisation(payment));
    task->named_number = payment->receipt_number;
    task->paid_day = payment->paid_day;
    found.len = (uint8_t)issue_task_pack(task, found.packed);
    int rc = buf_append(&self->found, &found, sizeof(found));
    ASSERT(rc == 0); /* the projector keeps the number of events of a flush */
}

static void apply(void *arg, const struct projector_event *in)
{
    const Ansinh__V1__Event *event = in->event;
    struct issue_task task = {
        .kind = ISSUE_RECEIPT, .partition = in->partition, .payment = in->position};
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        add(arg, &task, event->payment_recorded, event->at_ms);
    if (event->kind_case != ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED ||
        event->payment_reversed->payment == NULL)
        return;
    const Ansinh__V1__PaymentReversed *reversed = event->payment_reversed;
    task.kind = ISSUE_VOID;
    task.payment = (struct journal_position){reversed->payment_epoch, reversed->payment_seq};
    add(arg, &task, reversed->payment, event->at_ms);
}

static void collect(void *arg, uint64_t version, struct flush *flush)
{
    struct receipt_queue *self = arg;
    (void)version;
    for (size_t at = 0; at < self->found.len; at += sizeof(struct found)) {
        struct found found;
        memcpy(&found, self->found.data + at, sizeof(found));
        if (issue_queue_push(flush, found.packed, found.len, found.at_ms) < 0)
            break; /* remembered by the flush */
    }
    buf_reset(&self->found);
}

static void clear(void *arg)
{
    struct receipt_queue *self = arg;
    buf_reset(&self->found);
}

const struct books_fold receipt_queue_fold = {
    .name = "receipts",
    .create = create,
    .destroy = destroy,
    .apply = apply,
    .collect = collect,
    .clear = clear,
};
