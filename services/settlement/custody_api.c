/* GetCustody, ListCustody, ListAlarms: what the fold has in memory, and the alarms in views. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/custody_keys.h"
#include "common/store/views.h"
#include "services/settlement/custody.h"
#include "services/settlement/settlement.h"
#include "common/service/subject.h"

#define PAGE_DEFAULT 50
#define PAGE_MAX 200
#define RETRY_AFTER_MS 200
#define TOKEN_MAX 10000000

static void no_memory(struct bus_request *request)
{
    bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "the answer does not fit");
}

/* --- one holder ------------------------------------------------------------------------------- */

static void fill(const struct custody *custody, const struct custody_holder *holder,
                 Ansinh__V1__CashInHand *ret)
{
    struct custody_place place;
    custody_place(custody, holder->code, &place);
    ansinh__v1__cash_in_hand__init(ret);
    ret->holder_code = (char *)(uintptr_t)holder->code;
    ret->organisation_code = (char *)(uintptr_t)place.organisation;
    ret->point_code = (char *)(uintptr_t)place.point;
    ret->cash_in_hand_vnd = cash_in_hand(&holder->cash);
    ret->collected_vnd = holder->cash.collected_vnd;
    ret->remitted_vnd = holder->cash.remitted_vnd;
    ret->oldest_at_ms = cash_oldest_ms(&holder->cash);
    ret->limit_vnd = place.limits.cash_vnd;
    ret->max_age_hours = place.max_age_hours;
    ret->over_limit = cash_is_over(&holder->cash, &place.limits);
    ret->too_late = cash_is_late(&holder->cash, &place.limits, clock_wall_ms());
    ret->blocked = place.is_enforced && (ret->over_limit || ret->too_late);
}

void on_get_custody(void *arg, struct bus_request *request)
{
    struct settlement *self = arg;
    const struct custody *custody = self->parts[BOOKS_CUSTODY];
    const Ansinh__V1__GetCustodyRequest *in = (const Ansinh__V1__GetCustodyRequest *)request->input;
    Ansinh__V1__GetCustodyResponse out;
    Ansinh__V1__CashInHand cash;
    if (!settlement_leads(self, request))
        return;
    struct custody_place place;
    custody_place(custody, in->holder_code, &place);
    if (!settlement_admits(request, place.organisation, "holder_code"))
        return;
    const struct custody_holder *holder = custody_find(custody, in->holder_code);
    if (holder == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_NOT_FOUND, "holder_code",
                 "no cash ever came to this holder");
        return;
    }
    ansinh__v1__get_custody_response__init(&out);
    fill(custody, holder, &cash);
    out.custody = &cash;
    out.as_of_ms = clock_wall_ms();
    bus_reply(request, &out.base);
}

/* --- an organisation's holders ---------------------------------------------------------------- */

struct listed {
    const struct custody_holder *holder;
    int is_alarmed;
    int64_t cash_vnd;
};

static int compare_listed(const void *a, const void *b)
{
    const struct listed *left = a, *right = b;
    if (left->is_alarmed != right->is_alarmed)
        return left->is_alarmed ? -1 : 1;
    if (left->cash_vnd != right->cash_vnd)
        return left->cash_vnd > right->cash_vnd ? -1 : 1;
    return strcmp(left->holder->code, right->holder->code);
}

static size_t list(const struct custody *custody, const char *organisation, struct listed *rows,
                   int64_t *ret_sum)
{
    const struct custody_holder *holder;
    int64_t now_ms = clock_wall_ms();
    size_t n = 0;
    for (size_t i = 0; (holder = custody_at(custody, i)) != NULL; i++) {
        struct custody_place place;
        custody_place(custody, holder->code, &place);
        if (strcmp(place.organisation, organisation) != 0)
            continue;
        rows[n].holder = holder;
        rows[n].cash_vnd = cash_in_hand(&holder->cash);
        rows[n].is_alarmed = cash_is_over(&holder->cash, &place.limits) ||
                             cash_is_late(&holder->cash, &place.limits, now_ms);
        *ret_sum += rows[n++].cash_vnd;
    }
    if (n > 0)
        qsort(rows, n, sizeof(*rows), compare_listed);
    return n;
}

static int check_page(struct bus_request *request, uint32_t *page_size)
{
    if (*page_size > PAGE_MAX) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "page_size",
                 "want 1 to %d, or 0 for %d", PAGE_MAX, PAGE_DEFAULT);
        return -EINVAL;
    }
    if (*page_size == 0)
        *page_size = PAGE_DEFAULT;
    return 0;
}

static void answer_list(struct settlement *self, struct bus_request *request, uint32_t page_size,
                        size_t first)
{
    const Ansinh__V1__ListCustodyRequest *in =
        (const Ansinh__V1__ListCustodyRequest *)request->input;
    const struct custody *custody = self->parts[BOOKS_CUSTODY];
    struct custody_stats stats;
    custody_stats_get(custody, &stats);
    struct listed *rows = arena_alloc(request->arena, ((size_t)stats.holders + 1) * sizeof(*rows));
    Ansinh__V1__CashInHand *page = arena_alloc(request->arena, page_size * sizeof(*page));
    Ansinh__V1__CashInHand *pointers[PAGE_MAX];
    Ansinh__V1__ListCustodyResponse out;
    char token[24] = "";
    if (rows == NULL || page == NULL) {
        no_memory(request);
        return;
    }
    ansinh__v1__list_custody_response__init(&out);
    size_t n = list(custody, in->organisation_code, rows, &out.cash_in_hand_vnd);
    for (size_t i = first; i < n && out.n_custodies < page_size; i++) {
        fill(custody, rows[i].holder, &page[out.n_custodies]);
        pointers[out.n_custodies] = &page[out.n_custodies];
        out.n_custodies++;
    }
    if (first + out.n_custodies < n)
        (void)snprintf(token, sizeof(token), "%zu", first + out.n_custodies);
    out.custodies = pointers;
    out.next_page_token = token;
    out.as_of_ms = clock_wall_ms();
    out.holders = (uint32_t)n;
    bus_reply(request, &out.base);
}

void on_list_custody(void *arg, struct bus_request *request)
{
    struct settlement *self = arg;
    const Ansinh__V1__ListCustodyRequest *in =
        (const Ansinh__V1__ListCustodyRequest *)request->input;
    uint32_t page_size = in->page_size;
    int64_t first = 0;
    if (!settlement_leads(self, request) || check_page(request, &page_size) < 0)
        return;
    if (in->page_token[0] != '\0' && parse_int64(in->page_token, 1, TOKEN_MAX, &first) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "page_token",
                 "want the next_page_token of the page before");
    else
        answer_list(self, request, page_size, (size_t)first);
}

/* --- alarms ----------------------------------------------------------------------------------- */

#define MONTHS 2 /* this one and the one before */

/* Lives in the request's arena. */
struct alarms {
    struct bus_request *request;
    uint32_t page_size;
    unsigned open;
    int rc;
    struct alarm_month {
        struct alarms *alarms;
        Ansinh__V1__CustodyAlarm *rows[PAGE_MAX]; /* newest last */
        size_t n;
    } months[MONTHS];
};

static void alarms_answer(struct alarms *self)
{
    Ansinh__V1__ListAlarmsResponse out;
    Ansinh__V1__CustodyAlarm *rows[PAGE_MAX];
    if (self->rc < 0) {
        bus_fail_retry(self->request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                       "the views server does not answer");
        return;
    }
    ansinh__v1__list_alarms_response__init(&out);
    for (size_t m = 0; m < MONTHS; m++) {
        for (size_t i = self->months[m].n; i > 0 && out.n_alarms < self->page_size; i--)
            rows[out.n_alarms++] = self->months[m].rows[i - 1];
    }
    out.alarms = rows;
    bus_reply(self->request, &out.base);
}

static void on_month(void *arg, int rc, const struct store_reply *reply)
{
    struct alarm_month *month = arg;
    struct alarms *self = month->alarms;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->request->arena, &allocator);
    for (size_t i = 0; rc == 0 && i < store_reply_count(reply) && month->n < PAGE_MAX; i++) {
        size_t len;
        const uint8_t *bytes = (const uint8_t *)store_reply_bytes(store_reply_at(reply, i), &len);
        Ansinh__V1__CustodyAlarm *row =
            bytes == NULL ? NULL : ansinh__v1__custody_alarm__unpack(&allocator, len, bytes);
        if (row == NULL)
            rc = -EPROTO;
        else
            month->rows[month->n++] = row;
    }
    if (rc < 0)
        self->rc = rc;
    if (--self->open == 0)
        alarms_answer(self);
}

void on_list_alarms(void *arg, struct bus_request *request)
{
    const struct settlement *settlement = arg;
    const Ansinh__V1__ListAlarmsRequest *in = (const Ansinh__V1__ListAlarmsRequest *)request->input;
    struct alarms *self = arena_zalloc(request->arena, sizeof(*self));
    uint32_t page_size = in->page_size;
    char first[16];
    if (self == NULL) {
        no_memory(request);
        return;
    }
    if (check_page(request, &page_size) < 0)
        return;
    self->request = request;
    self->page_size = page_size;
    self->open = MONTHS;
    int32_t month = month_of_day(clock_business_day(clock_wall_ms()));
    (void)snprintf(first, sizeof(first), "-%u", page_size);
    for (int m = 0; m < MONTHS; m++) {
        char name[VIEW_KEY_MAX_BYTES], key[KEY_MAX_BYTES];
        self->months[m].alarms = self;
        (void)snprintf(name, sizeof(name), "alarms:%d", (int)month - m);
        (void)view_key(CUSTODY_VIEW, name, key);
        store_send_text(settlement->svc->views, 0, on_month, &self->months[m], "LRANGE", key, first,
                        "-1", NULL);
    }
}
