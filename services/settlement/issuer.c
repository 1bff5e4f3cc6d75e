#include "services/settlement/issuer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/service/directory.h"
#include "services/settlement/receipt_rules.h"
#include "common/service/records.h"
#include "common/service/subject.h"

#define LOOK_MS 200                 /* also without being woken */
#define ARENA_BYTES (4096 * 1024)   /* of one round */
#define POINT_UNKNOWN_MS 10000      /* how long the directory may lag behind a payment */
#define SYSTEM_OFFICER "settlement" /* who voids the receipts of reversed payments */

struct round_task {
    struct issue_task task;
    char series[SERIES_NAME_BYTES];
    struct till_record *payment, *number;
    int is_done; /* to be taken out of the queue */
};

/* Tasks of one series, or one reversal: what becomes one commit. */
struct batch {
    struct issuer *issuer;
    struct round_task **tasks;
    size_t n;
    unsigned open; /* answers to come */
    int rc;
    uint8_t subject[ID_BYTES];
    struct till_record *records; /* series, payments, numbers; of a reversal payment and number */
    struct series series;
    struct records_commit commit;
};

struct issuer {
    struct service *svc;
    int (*may_issue)(void *arg);
    void *arg;
    struct loop_timer *timer;
    struct arena *arena; /* of the round */
    struct round_task tasks[ISSUE_TAKE_MAX];
    struct round_task *sorted[ISSUE_TAKE_MAX];
    size_t n_tasks;
    unsigned open; /* batches under way */
    int is_busy, is_full, has_progress;
    struct issuer_stats stats;
};

static void batch_end(struct batch *self);

static void *need(struct issuer *self, size_t size)
{
    void *memory = arena_zalloc(self->arena, size);
    ASSERT(memory != NULL); /* a round's size is bounded, and the arena holds it */
    return memory;
}

static void place_record(struct till_record *record, const struct receipt_place *place,
                         const ProtobufCMessageDescriptor *type)
{
    record->place = *place;
    record->type = type;
}

/* --- the end of a round ----------------------------------------------------------------------- */

static void round_over(struct issuer *self)
{
    self->is_busy = 0;
    if (self->is_full && self->has_progress)
        issuer_wake(self);
}

static void on_removed(void *arg, int rc, const struct store_reply *reply)
{
    (void)rc; /* what stayed is looked at again: its receipt is found */
    (void)reply;
    round_over(arg);
}

static void round_end(struct issuer *self)
{
    const struct issue_task *done[ISSUE_TAKE_MAX];
    size_t n = 0;
    for (size_t i = 0; i < self->n_tasks; i++) {
        if (self->tasks[i].is_done)
            done[n++] = &self->tasks[i].task;
    }
    self->has_progress = n > 0;
    if (n > 0)
        issue_queue_remove(self->svc->views, done, n, on_removed, self);
    else
        round_over(self);
}

static void batch_end(struct batch *self)
{
    if (--self->issuer->open == 0)
        round_end(self->issuer);
}

/* --- committing ------------------------------------------------------------------------------- */

static void on_committed(void *arg, int rc, const struct commit_result *result)
{
    struct batch *self = arg;
    struct issuer *issuer = self->issuer;
    if (rc == 0 && result->outcome == COMMIT_DONE) {
        bus_publish_event(issuer->svc->publisher, self->commit.partition, result->position.epoch,
                          result->position.seq, self->commit.event_bytes, self->commit.event_len);
        for (size_t i = 0; i < self->n; i++)
            self->tasks[i]->is_done = 1;
        if (self->tasks[0]->task.kind == ISSUE_VOID)
            issuer->stats.voided++;
        else
            issuer->stats.issued += (int64_t)self->commit.event->receipts_issued->n_receipts;
    } else if (rc == 0 && result->outcome == COMMIT_CONFLICT) {
        issuer->stats.conflicts++; /* the next round reads anew */
    } else if (rc < 0) {
        log_warn("receipts were not issued", "code=%d receipts=%zu", rc, self->n);
    }
    batch_end(self);
}

/* now_ms is the time that the records say, too. */
static void batch_commit(struct batch *self, Ansinh__V1__Event *event, size_t n_records,
                         int64_t now_ms)
{
    struct issuer *issuer = self->issuer;
    self->commit = (struct records_commit){
        .partition = partition_of(self->subject),
        .now_ms = now_ms,
        .records = self->records,
        .n_records = n_records,
        .event = event,
    };
    request_id_make(self->commit.now_ms, &self->commit.id);
    int rc = records_commit(issuer->svc->ledger, issuer->arena, &self->commit, on_committed, self);
    ASSERT(rc == 0);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void read_series(struct batch *self, const Ansinh__V1__ReceiptSeriesRecord *record)
{
    size_t n = record == NULL ? 0 : record->n_blocks;
    self->series = (struct series){.next = record == NULL ? 1 : record->next_number};
    self->series.blocks = need(self->issuer, (n + 1) * sizeof(*self->series.blocks));
    for (size_t i = 0; i < n; i++)
        self->series.blocks[i] = (struct series_block){
            record->blocks[i]->first_number,
            (uint32_t)(record->blocks[i]->last_number - record->blocks[i]->first_number + 1)};
    self->series.n_blocks = n;
}

/* A number that no record has, and no earlier task of this batch. */
static int is_free(const struct batch *self, size_t task_i, uint64_t number)
{
    for (size_t i = 0; i < task_i; i++) {
        const struct till_record *record = self->tasks[i]->number;
        const Ansinh__V1__PaymentReceiptRecord *payment =
            (const Ansinh__V1__PaymentReceiptRecord *)self->tasks[i]->payment->next;
        if (record->next != NULL && payment->number == number)
            return 0;
    }
    return self->tasks[task_i]->number->version == 0;
}

static Ansinh__V1__IssuedReceipt *issue(struct batch *self, size_t task_i, uint64_t series,
                                        int64_t now_ms)
{
    struct round_task *at = self->tasks[task_i];
    const struct issue_task *task = &at->task;
    struct issuer *issuer = self->issuer;
    struct receipt_place place;
    Ansinh__V1__IssuedReceipt *out = need(issuer, sizeof(*out));
    Ansinh__V1__ReceiptRecord *record = need(issuer, sizeof(*record));
    Ansinh__V1__PaymentReceiptRecord *payment = need(issuer, sizeof(*payment));
    ansinh__v1__issued_receipt__init(out);
    ansinh__v1__receipt_record__init(record);
    ansinh__v1__payment_receipt_record__init(payment);
    int is_taken = task->named_number != 0 && !is_free(self, task_i, task->named_number);
    out->number = series_number(&self->series, task->named_number, !is_taken);
    out->partition = record->partition = task->partition;
    out->epoch = record->epoch = task->payment.epoch;
    out->seq = record->seq = task->payment.seq;
    if (task->named_number != 0 && out->number != task->named_number) {
        out->refused_number = record->refused_number = task->named_number;
        issuer->stats.refused_numbers++;
    }
    record->state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VALID;
    record->issued_at_ms = now_ms;
    payment->series_id = series;
    payment->number = out->number;
    receipt_place_number(series, out->number, &place);
    place_record(at->number, &place, &ansinh__v1__receipt_record__descriptor);
    at->number->version = 0;
    at->number->next = &record->base;
    at->payment->next = &payment->base;
    return out;
}

static void write_series(struct batch *self, const char *name)
{
    struct issuer *issuer = self->issuer;
    const Ansinh__V1__ReceiptSeriesRecord *before =
        (const Ansinh__V1__ReceiptSeriesRecord *)self->records[0].now;
    Ansinh__V1__ReceiptSeriesRecord *after = need(issuer, sizeof(*after));
    ansinh__v1__receipt_series_record__init(after);
    if (before != NULL)
        *after = *before;
    after->name = (char *)(uintptr_t)name;
    after->next_number = self->series.next;
    self->records[0].next = &after->base;
}

static void batch_issue(struct batch *self)
{
    struct issuer *issuer = self->issuer;
    const char *name = self->tasks[0]->series;
    Ansinh__V1__Event *event = need(issuer, sizeof(*event));
    Ansinh__V1__ReceiptsIssued *issued = need(issuer, sizeof(*issued));
    int64_t now_ms = clock_wall_ms();
    ansinh__v1__event__init(event);
    ansinh__v1__receipts_issued__init(issued);
    issued->receipts = need(issuer, self->n * sizeof(*issued->receipts));
    issued->subject = (ProtobufCBinaryData){ID_BYTES, self->subject};
    issued->series = (char *)(uintptr_t)name;
    event->kind_case = ANSINH__V1__EVENT__KIND_RECEIPTS_ISSUED;
    event->receipts_issued = issued;
    read_series(self, (const Ansinh__V1__ReceiptSeriesRecord *)self->records[0].now);
    for (size_t i = 0; i < self->n; i++) {
        if (self->tasks[i]->payment->version > 0)
            self->tasks[i]->is_done = 1; /* in an earlier life, or by another issuer */
        else
            issued->receipts[issued->n_receipts++] = issue(self, i, series_id(name), now_ms);
    }
    if (issued->n_receipts == 0) {
        batch_end(self);
        return;
    }
    write_series(self, name);
    batch_commit(self, event, 1 + 2 * self->n, now_ms);
}

static void on_batch_read(void *arg, int rc)
{
    struct batch *self = arg;
    if (rc < 0)
        self->rc = rc;
    if (--self->open > 0)
        return;
    if (self->rc == -EPROTO)
        log_error("a record of receipts cannot be read", "series=%s", self->tasks[0]->series);
    if (self->rc < 0)
        batch_end(self);
    else
        batch_issue(self);
}

static void batch_read(struct batch *self)
{
    struct issuer *issuer = self->issuer;
    struct store *ledger = issuer->svc->ledger;
    unsigned partition = partition_of(self->subject);
    struct receipt_place place;
    uint64_t series = series_id(self->tasks[0]->series);
    self->records = need(issuer, (1 + 2 * self->n) * sizeof(*self->records));
    receipt_place_series(series, &place);
    place_record(&self->records[0], &place, &ansinh__v1__receipt_series_record__descriptor);
    self->open = 1;
    for (size_t i = 0; i < self->n; i++) {
        struct round_task *at = self->tasks[i];
        at->payment = &self->records[1 + i];
        at->number = &self->records[1 + self->n + i];
        receipt_place_payment(at->task.partition, at->task.payment, &place);
        place_record(at->payment, &place, &ansinh__v1__payment_receipt_record__descriptor);
        if (at->task.named_number == 0)
            continue;
        receipt_place_number(series, at->task.named_number, &place);
        place_record(at->number, &place, &ansinh__v1__receipt_record__descriptor);
        self->open++;
        records_read(ledger, partition, issuer->arena, at->number, 1, on_batch_read, self);
    }
    records_read(ledger, partition, issuer->arena, self->records, 1 + self->n, on_batch_read, self);
}

/* --- reversals -------------------------------------------------------------------------------- */

static Ansinh__V1__Event *make_void(struct batch *self, const char *series, uint64_t *number)
{
    struct issuer *issuer = self->issuer;
    Ansinh__V1__Event *event = need(issuer, sizeof(*event));
    Ansinh__V1__ReceiptVoided *voided = need(issuer, sizeof(*voided));
    ansinh__v1__event__init(event);
    ansinh__v1__receipt_voided__init(voided);
    voided->subject = (ProtobufCBinaryData){ID_BYTES, self->subject};
    voided->series = (char *)(uintptr_t)series;
    voided->numbers = number;
    voided->n_numbers = 1;
    voided->reason = ANSINH__V1__VOID_REASON__VOID_REASON_REVERSED;
    voided->officer = (char *)(uintptr_t)SYSTEM_OFFICER;
    event->kind_case = ANSINH__V1__EVENT__KIND_RECEIPT_VOIDED;
    event->receipt_voided = voided;
    return event;
}

/* The receipt and the name of its series are read. */
static void on_number_read(void *arg, int rc)
{
    struct batch *self = arg;
    const Ansinh__V1__ReceiptRecord *before =
        (const Ansinh__V1__ReceiptRecord *)self->records[1].now;
    const Ansinh__V1__ReceiptSeriesRecord *series =
        (const Ansinh__V1__ReceiptSeriesRecord *)self->records[2].now;
    const Ansinh__V1__PaymentReceiptRecord *payment =
        (const Ansinh__V1__PaymentReceiptRecord *)self->records[0].now;
    if (rc < 0 || before == NULL || series == NULL) {
        batch_end(self);
        return;
    }
    if (before->state != ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VALID) {
        self->tasks[0]->is_done = 1;
        batch_end(self);
        return;
    }
    Ansinh__V1__ReceiptRecord *after = need(self->issuer, sizeof(*after));
    uint64_t *number = need(self->issuer, sizeof(*number));
    *number = payment->number;
    *after = *before;
    after->state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_REVERSED;
    after->reason = ANSINH__V1__VOID_REASON__VOID_REASON_REVERSED;
    after->officer = (char *)(uintptr_t)SYSTEM_OFFICER;
    after->voided_at_ms = clock_wall_ms();
    self->records[1].next = &after->base;
    batch_commit(self, make_void(self, series->name, number), 3, after->voided_at_ms);
}

static void on_payment_read(void *arg, int rc)
{
    struct batch *self = arg;
    const Ansinh__V1__PaymentReceiptRecord *payment =
        (const Ansinh__V1__PaymentReceiptRecord *)self->records[0].now;
    struct receipt_place place;
    if (rc < 0 || payment == NULL) {
        batch_end(self); /* its own receipt comes first */
        return;
    }
    receipt_place_number(payment->series_id, payment->number, &place);
    place_record(&self->records[1], &place, &ansinh__v1__receipt_record__descriptor);
    receipt_place_series(payment->series_id, &place);
    place_record(&self->records[2], &place, &ansinh__v1__receipt_series_record__descriptor);
    records_read(self->issuer->svc->ledger, partition_of(self->subject), self->issuer->arena,
                 &self->records[1], 2, on_number_read, self);
}

static void batch_void(struct batch *self)
{
    const struct issue_task *task = &self->tasks[0]->task;
    struct receipt_place place;
    self->records = need(self->issuer, 3 * sizeof(*self->records));
    receipt_place_payment(task->partition, task->payment, &place);
    place_record(&self->records[0], &place, &ansinh__v1__payment_receipt_record__descriptor);
    records_read(self->issuer->svc->ledger, partition_of(self->subject), self->issuer->arena,
                 self->records, 1, on_payment_read, self);
}

/* --- a round ---------------------------------------------------------------------------------- */

static const char *organisation_of(const struct issuer *self, const struct issue_task *task)
{
    const Ansinh__V1__Point *point = directory_point(self->svc->directory, task->point);
    if (point != NULL)
        return point->organisation_code;
    return task->organisation[0] == '\0' ? RECEIPT_CODE_OF_NOBODY : task->organisation;
}

/* A payment's point was known when it was made: this process hears of it a little later. */
static int is_early(const struct issuer *self, const struct issue_task *task)
{
    return strcmp(task->point, RECEIPT_CODE_OF_NOBODY) != 0 &&
           directory_point(self->svc->directory, task->point) == NULL &&
           clock_wall_ms() - task->at_ms < POINT_UNKNOWN_MS;
}

static void take_task(struct issuer *self, const struct issue_task *task)
{
    struct round_task *at = &self->tasks[self->n_tasks];
    int year, month, day;
    *at = (struct round_task){.task = *task};
    self->n_tasks++;
    date_split(task->paid_day, &year, &month, &day);
    series_name_format(organisation_of(self, task), task->point, year, at->series);
}

/* By kind and series, then as they were recorded. */
static int compare_tasks(const void *a, const void *b)
{
    const struct round_task *left = *(struct round_task *const *)a;
    const struct round_task *right = *(struct round_task *const *)b;
    if (left->task.kind != right->task.kind)
        return left->task.kind < right->task.kind ? -1 : 1;
    int order = strcmp(left->series, right->series);
    return order != 0 ? order : (left < right ? -1 : left > right);
}

static int is_same_batch(const struct round_task *a, const struct round_task *b)
{
    return a->task.kind == ISSUE_RECEIPT && b->task.kind == ISSUE_RECEIPT &&
           strcmp(a->series, b->series) == 0;
}

static void start_batch(struct issuer *self, struct round_task **tasks, size_t n)
{
    struct batch *batch = need(self, sizeof(*batch));
    batch->issuer = self;
    batch->tasks = tasks;
    batch->n = MIN(n, (size_t)RECEIPTS_PER_COMMIT);
    receipt_subject(self->svc->keyring, "point", tasks[0]->task.point, batch->subject);
    self->open++;
    if (tasks[0]->task.kind == ISSUE_VOID)
        batch_void(batch);
    else
        batch_read(batch);
}

static void start_batches(struct issuer *self)
{
    size_t n = 0;
    for (size_t i = 0; i < self->n_tasks; i++)
        self->sorted[i] = &self->tasks[i];
    qsort(self->sorted, self->n_tasks, sizeof(self->sorted[0]), compare_tasks);
    self->open = 1; /* this function */
    for (size_t i = 0; i < self->n_tasks; i += n) {
        for (n = 1; i + n < self->n_tasks && is_same_batch(self->sorted[i], self->sorted[i + n]);)
            n++;
        start_batch(self, &self->sorted[i], n);
    }
    if (--self->open == 0)
        round_end(self);
}

static void on_taken(void *arg, int rc, struct issue_task *tasks, size_t n, int64_t waiting)
{
    struct issuer *self = arg;
    if (rc == -EPROTO)
        log_error("the queue of receipts cannot be read", "waiting=%lld", (long long)waiting);
    arena_reset(self->arena);
    self->n_tasks = 0;
    self->is_full = rc == 0 && n == ISSUE_TAKE_MAX;
    self->has_progress = 0;
    if (rc == 0)
        self->stats.waiting = waiting;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (!is_early(self, &tasks[i]))
            take_task(self, &tasks[i]);
    }
    start_batches(self);
}

void issuer_wake(struct issuer *self)
{
    if (self->is_busy || self->svc->is_draining || !self->may_issue(self->arg))
        return;
    self->is_busy = 1;
    issue_queue_take(self->svc->views, on_taken, self);
}

static void look(void *arg)
{
    issuer_wake(arg);
}

/* --- life ------------------------------------------------------------------------------------- */

struct issuer *issuer_create(struct service *svc, int (*may_issue)(void *arg), void *arg)
{
    struct issuer *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->may_issue = may_issue;
    self->arg = arg;
    self->arena = arena_create(ARENA_BYTES);
    self->timer = loop_timer_add(svc->loop, LOOK_MS, LOOK_MS, look, self);
    return self;
}

void issuer_destroy(struct issuer **self)
{
    if (*self == NULL)
        return;
    loop_timer_cancel((*self)->svc->loop, &(*self)->timer);
    arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}

int issuer_is_busy(const struct issuer *self)
{
    return self->is_busy;
}

void issuer_stats_get(const struct issuer *self, struct issuer_stats *ret)
{
    *ret = self->stats;
}
