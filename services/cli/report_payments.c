#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/directory.h"
#include "common/service/postings.h"
#include "services/cli/report.h"

#define SERIES_BYTES 64

/* The number that a payment's receipt has. */
struct receipt {
    unsigned partition;
    struct journal_position position; /* of the payment */
    uint64_t number;
    char series[SERIES_BYTES];
};

struct reading {
    struct service *svc;
    const struct report_query *query;
    struct report_payments *payments;
    struct receipt *receipts;
    size_t n_receipts, receipts_capacity;
    struct err *err;
};

/* The organisation that collected: the partner, or whose point it was; "-" for none. */
static const char *organisation_of(const struct directory *directory,
                                   const Ansinh__V1__PaymentRecorded *paid)
{
    const Ansinh__V1__Collector *collector = directory_collector(directory, paid->collector_code);
    const char *point_code =
        paid->point_code[0] == '\0' && collector != NULL ? collector->point_code : paid->point_code;
    const Ansinh__V1__Point *point = directory_point(directory, point_code);
    if (paid->partner[0] != '\0')
        return paid->partner;
    return point == NULL ? "-" : point->organisation_code;
}

static struct report_payment *add(struct reading *self)
{
    struct report_payments *list = self->payments;
    if (list->n == list->capacity) {
        list->capacity = list->capacity == 0 ? 1024 : 2 * list->capacity;
        list->rows = realloc(list->rows, list->capacity * sizeof(*list->rows));
        ASSERT(list->rows != NULL);
    }
    struct report_payment *row = &list->rows[list->n++];
    *row = (struct report_payment){0};
    return row;
}

static int is_health(const Ansinh__V1__PaymentRecorded *paid)
{
    return paid->product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD;
}

/* A health payment without a card before it is for a new one. */
static int is_new(const Ansinh__V1__PaymentRecorded *paid)
{
    return is_health(paid) ? paid->undo == NULL || paid->undo->card == NULL : paid->is_first;
}

static int take_payment(struct reading *self, const Ansinh__V1__Event *event, unsigned partition,
                        struct journal_position position, const Ansinh__V1__PaymentRecorded *paid,
                        enum report_kind kind, int32_t day)
{
    if (is_health(paid) != self->query->is_health || day < self->query->from_day ||
        day > self->query->to_day ||
        strcmp(organisation_of(self->svc->directory, paid), self->query->organisation) != 0)
        return 0;
    if (self->payments->n == REPORT_PAYMENTS_MAX)
        return err_set(self->err, -ENOSPC, "more than %d payments: choose fewer days",
                       REPORT_PAYMENTS_MAX);
    struct report_payment *row = add(self);
    memcpy(row->citizen, event->citizen.data, MIN(event->citizen.len, sizeof(row->citizen)));
    row->partition = partition;
    row->position = position;
    row->is_renewal = !is_new(paid);
    row->kind = kind;
    row->day = day;
    row->paid_day = paid->paid_day;
    row->from_month = paid->from_month;
    row->months = paid->months;
    row->months_supported = paid->months_supported;
    row->participant_vnd = paid->pockets->participant_vnd;
    row->central_vnd = paid->pockets->central_vnd;
    row->local_vnd = paid->pockets->local_vnd;
    row->donor_vnd = paid->pockets->donor_vnd;
    row->income_vnd = paid->income_vnd;
    row->method = (uint8_t)paid->method;
    if (paid->card != NULL) {
        row->card = (struct health_card){paid->card->from_day, paid->card->to_day};
        row->member_rank = paid->card->member_rank;
    }
    (void)snprintf(row->collector, sizeof(row->collector), "%s", paid->collector_code);
    return 0;
}

/* Of this organisation's series, which begin with its code. */
static int take_receipts(struct reading *self, const Ansinh__V1__ReceiptsIssued *issued)
{
    size_t len = strlen(self->query->organisation);
    if (strncmp(issued->series, self->query->organisation, len) != 0 || issued->series[len] != '/')
        return 0;
    for (size_t i = 0; i < issued->n_receipts; i++) {
        const Ansinh__V1__IssuedReceipt *it = issued->receipts[i];
        if (self->n_receipts == self->receipts_capacity) {
            self->receipts_capacity = MAX(1024, 2 * self->receipts_capacity);
            self->receipts =
                realloc(self->receipts, self->receipts_capacity * sizeof(*self->receipts));
            ASSERT(self->receipts != NULL);
        }
        struct receipt *receipt = &self->receipts[self->n_receipts++];
        *receipt = (struct receipt){it->partition, {it->epoch, it->seq}, it->number, ""};
        (void)snprintf(receipt->series, sizeof(receipt->series), "%s", issued->series);
    }
    return 0;
}

/* The receipt that was replaced was issued in the same journal, before; replacing is rare. */
static int take_replacement(struct reading *self, const Ansinh__V1__ReceiptVoided *voided)
{
    for (size_t i = self->n_receipts; voided->replacement != 0 && i-- > 0;) {
        struct receipt *receipt = &self->receipts[i];
        if (voided->n_numbers > 0 && receipt->number == voided->numbers[0] &&
            strcmp(receipt->series, voided->series) == 0) {
            receipt->number = voided->replacement;
            break;
        }
    }
    return 0;
}

static int take(void *arg, unsigned partition, struct journal_position position,
                Ansinh__V1__Event *event)
{
    struct reading *self = arg;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED) {
        const Ansinh__V1__PaymentRecorded *paid = event->payment_recorded;
        return take_payment(self, event, partition, position, paid,
                            is_new(paid) ? REPORT_NEW : REPORT_RENEWED, paid->paid_day);
    }
    const Ansinh__V1__PaymentReversed *back = event_reversal(event);
    if (back != NULL) {
        int is_refund = event->kind_case == ANSINH__V1__EVENT__KIND_REFUND_CASE;
        struct journal_position paid_at = {back->payment_epoch, back->payment_seq};
        return take_payment(self, event, partition, paid_at, back->payment,
                            is_refund ? REPORT_REFUNDED : REPORT_TAKEN_BACK, back->reversed_day);
    }
    if (event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPTS_ISSUED)
        return take_receipts(self, event->receipts_issued);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPT_VOIDED)
        return take_replacement(self, event->receipt_voided);
    return 0;
}

/* --- order ------------------------------------------------------------------------------------ */

static int compare_places(unsigned partition, struct journal_position position, unsigned other,
                          struct journal_position its)
{
    if (partition != other)
        return partition < other ? -1 : 1;
    if (position.epoch != its.epoch)
        return position.epoch < its.epoch ? -1 : 1;
    return position.seq < its.seq ? -1 : position.seq > its.seq;
}

static int compare(const void *a, const void *b)
{
    const struct report_payment *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    return compare_places(x->partition, x->position, y->partition, y->position);
}

static int compare_receipts(const void *a, const void *b)
{
    const struct receipt *x = a, *y = b;
    return compare_places(x->partition, x->position, y->partition, y->position);
}

static void number_payments(struct reading *self)
{
    if (self->n_receipts == 0)
        return;
    qsort(self->receipts, self->n_receipts, sizeof(*self->receipts), compare_receipts);
    for (size_t i = 0; i < self->payments->n; i++) {
        struct report_payment *row = &self->payments->rows[i];
        struct receipt key = {.partition = row->partition, .position = row->position};
        const struct receipt *found = bsearch(&key, self->receipts, self->n_receipts,
                                              sizeof(*self->receipts), compare_receipts);
        row->receipt_number = found == NULL ? 0 : found->number;
    }
}

int report_payments_read(struct service *svc, const struct report_query *query,
                         struct report_payments *ret, struct err *err)
{
    *ret = (struct report_payments){0};
    struct reading self = {.svc = svc, .query = query, .payments = ret, .err = err};
    struct entries_query entries = query->entries;
    unsigned long n_unreadable = 0;
    /* what is paid on a day is recorded then or later */
    entries.from_day = query->from_day;
    entries.to_day = clock_business_day(clock_wall_ms()) + 1;
    int rc = entries_read(svc, &entries, take, &self, &n_unreadable, err);
    if (rc == 0 && n_unreadable > 0)
        rc = err_set(err, -EIO, "%lu entries cannot be read", n_unreadable);
    if (rc < 0) {
        report_payments_fini(ret);
    } else if (ret->n > 0) { /* qsort takes no NULL, not even for nothing */
        qsort(ret->rows, ret->n, sizeof(*ret->rows), compare);
        number_payments(&self);
    }
    free(self.receipts);
    return rc;
}

void report_payments_fini(struct report_payments *self)
{
    free(self->rows);
    *self = (struct report_payments){0};
}
