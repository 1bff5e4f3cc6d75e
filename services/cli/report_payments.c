#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/directory.h"
#include "services/cli/report.h"

struct reading {
    struct service *svc;
    const struct report_query *query;
    struct report_payments *payments;
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

static int take(void *arg, unsigned partition, struct journal_position position,
                Ansinh__V1__Event *event)
{
    struct reading *self = arg;
    if (event->kind_case != ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        return 0;
    const Ansinh__V1__PaymentRecorded *paid = event->payment_recorded;
    if (paid->paid_day < self->query->from_day || paid->paid_day > self->query->to_day ||
        strcmp(organisation_of(self->svc->directory, paid), self->query->organisation) != 0)
        return 0;
    if (self->payments->n == REPORT_PAYMENTS_MAX)
        return err_set(self->err, -ENOSPC, "more than %d payments: choose fewer days",
                       REPORT_PAYMENTS_MAX);
    struct report_payment *row = add(self);
    memcpy(row->citizen, event->citizen.data, MIN(event->citizen.len, sizeof(row->citizen)));
    row->partition = partition;
    row->position = position;
    row->is_renewal = !paid->is_first;
    row->kind = paid->is_first ? REPORT_NEW : REPORT_RENEWED;
    row->day = paid->paid_day;
    row->from_month = paid->from_month;
    row->months = paid->months;
    row->months_supported = paid->months_supported;
    row->participant_vnd = paid->pockets->participant_vnd;
    row->central_vnd = paid->pockets->central_vnd;
    row->local_vnd = paid->pockets->local_vnd;
    row->donor_vnd = paid->pockets->donor_vnd;
    row->income_vnd = paid->income_vnd;
    row->method = (uint8_t)paid->method;
    row->receipt_number = paid->receipt_number;
    (void)snprintf(row->collector, sizeof(row->collector), "%s", paid->collector_code);
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct report_payment *x = a, *y = b;
    if (x->day != y->day)
        return x->day < y->day ? -1 : 1;
    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    if (x->position.epoch != y->position.epoch)
        return x->position.epoch < y->position.epoch ? -1 : 1;
    return x->position.seq < y->position.seq ? -1 : x->position.seq > y->position.seq;
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
    if (rc < 0)
        report_payments_fini(ret);
    else
        qsort(ret->rows, ret->n, sizeof(*ret->rows), compare);
    return rc;
}

void report_payments_fini(struct report_payments *self)
{
    free(self->rows);
    *self = (struct report_payments){0};
}
