#include "common/service/directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/policy.h"
#include "common/service/directory_rows.h"
#include "common/store/journal.h"

#define POLL_MS 500
#define READ_ENTRIES 200
#define WAITERS_MAX 4096
#define LOAD_TRIES_MAX 20

struct waiter {
    directory_refresh_fn fn;
    void *arg;
};

struct directory {
    struct loop *loop;
    struct store *ledger;
    struct directory_rows *rows;
    struct journal_position position; /* of the last event in memory */
    struct loop_timer *timer;
    int32_t linked_day;                 /* business day of the tree of units */
    int is_reading;                     /* a look at the journal is under way */
    int is_wanted;                      /* somebody asked after it had begun: look once more */
    struct waiter waiting[WAITERS_MAX]; /* for the look under way */
    size_t n_waiting;
    struct waiter next[WAITERS_MAX]; /* for the one after it */
    size_t n_next;
    directory_news_fn on_news; /* NULL: nobody listens */
    void *on_news_arg;
};

static void look(struct directory *self);

struct directory *directory_create(struct loop *loop, struct store *ledger)
{
    struct directory *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->loop = loop;
    self->ledger = ledger;
    self->rows = directory_rows_create();
    return self;
}

void directory_destroy(struct directory **self)
{
    if (*self == NULL)
        return;
    loop_timer_cancel((*self)->loop, &(*self)->timer);
    directory_rows_destroy(&(*self)->rows);
    free(*self);
    *self = NULL;
}

static void link_rows(struct directory *self)
{
    self->linked_day = clock_business_day(clock_wall_ms());
    directory_rows_link(self->rows, self->linked_day);
}

/* --- following the journal --- */

static void look_done(struct directory *self, int rc)
{
    struct waiter *done = malloc((self->n_waiting + 1) * sizeof(*done));
    ASSERT(done != NULL);
    size_t n = self->n_waiting;
    memcpy(done, self->waiting, n * sizeof(*done));
    memcpy(self->waiting, self->next, self->n_next * sizeof(*done));
    self->n_waiting = self->n_next;
    self->n_next = 0;
    self->is_reading = 0;
    if (self->n_waiting > 0)
        look(self);
    for (size_t i = 0; i < n; i++)
        done[i].fn(done[i].arg, rc);
    free(done);
}

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct directory *self = arg;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        Ansinh__V1__Event *event =
            ansinh__v1__event__unpack(NULL, entries[i].event_len, entries[i].event);
        if (event == NULL) {
            log_error("unreadable reference event", "seq=%llu",
                      (unsigned long long)entries[i].position.seq);
            rc = -EPROTO;
            break;
        }
        directory_rows_apply(self->rows, event);
        ansinh__v1__event__free_unpacked(event, NULL);
        self->position = entries[i].position;
    }
    if (n > 0)
        link_rows(self);
    if (n > 0 && self->on_news != NULL)
        self->on_news(self->on_news_arg);
    if (rc == 0 && n == READ_ENTRIES)
        journal_read(self->ledger, PARTITION_DIRECTORY, self->position, READ_ENTRIES, on_entries,
                     self);
    else
        look_done(self, rc);
}

static void on_head(void *arg, int rc, unsigned first, size_t n,
                    const struct journal_position *heads)
{
    (void)first;
    struct directory *self = arg;
    if (rc == 0 && n == 1 &&
        (heads[0].epoch > self->position.epoch || heads[0].seq > self->position.seq))
        journal_read(self->ledger, PARTITION_DIRECTORY, self->position, READ_ENTRIES, on_entries,
                     self);
    else
        look_done(self, rc);
}

static void look(struct directory *self)
{
    self->is_reading = 1;
    journal_heads(self->ledger, PARTITION_DIRECTORY, 1, on_head, self);
}

static void poll_journal(void *arg)
{
    struct directory *self = arg;
    if (clock_business_day(clock_wall_ms()) != self->linked_day)
        link_rows(self); /* a successor's day may have come */
    if (!self->is_reading)
        look(self);
}

void directory_refresh(struct directory *self, directory_refresh_fn fn, void *arg)
{
    struct waiter waiter = {fn, arg};
    if (!self->is_reading) {
        self->waiting[self->n_waiting++] = waiter;
        look(self);
    } else if (self->n_next < WAITERS_MAX) {
        self->next[self->n_next++] = waiter; /* the look under way may have begun too early */
    } else {
        fn(arg, -EAGAIN);
    }
}

/* --- the first load --- */

struct load {
    struct directory *self;
    struct journal_position head;
    size_t open;
    int rc;
    char kind;
};

static void on_load_head(void *arg, int rc, unsigned first, size_t n,
                         const struct journal_position *heads)
{
    (void)first;
    struct load *load = arg;
    load->rc = rc == 0 && n != 1 ? -EPROTO : rc;
    if (load->rc == 0)
        load->head = heads[0];
    load->open--;
}

static int wait_load(struct load *load, int64_t until_ms)
{
    while (load->open > 0 && clock_mono_ms() < until_ms)
        loop_turn(load->self->loop, 50);
    return load->open > 0 ? -ETIMEDOUT : load->rc;
}

static int load_head(struct load *load, int64_t until_ms)
{
    load->open = 1;
    journal_heads(load->self->ledger, PARTITION_DIRECTORY, 1, on_load_head, load);
    return wait_load(load, until_ms);
}

static void on_rows(void *arg, int rc, const struct store_reply *reply)
{
    struct load *load = arg;
    size_t n = rc == 0 ? store_reply_count(reply) : 0;
    for (size_t i = 0; rc == 0 && i + 1 < n; i += 2) {
        size_t len;
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        rc =
            value == NULL ? -EPROTO : directory_rows_load(load->self->rows, load->kind, value, len);
    }
    load->rc = rc;
}

static int load_rows(struct load *load, int64_t until_ms, struct err *err)
{
    int rc = 0;
    for (const char *kind = DIRECTORY_KINDS; rc == 0 && *kind != '\0'; kind++) {
        char key[KEY_MAX_BYTES];
        size_t key_len = key_reference(*kind, key);
        const char *const argv[] = {"HGETALL", key};
        const size_t lens[] = {7, key_len};
        load->kind = *kind;
        rc = store_ask(load->self->ledger, MAX(until_ms - clock_mono_ms(), (int64_t)1), 2, argv,
                       lens, on_rows, load, err);
        rc = rc == 0 ? load->rc : rc;
    }
    return rc;
}

int directory_load(struct directory *self, int64_t wait_ms, struct err *err)
{
    struct load *load = calloc(1, sizeof(*load));
    ASSERT(load != NULL);
    load->self = self;
    int64_t until_ms = clock_mono_ms() + wait_ms;
    int rc = -EAGAIN;
    for (int i = 0; i < LOAD_TRIES_MAX && rc == -EAGAIN; i++) {
        rc = load_head(load, until_ms);
        struct journal_position before = load->head;
        if (rc == 0)
            rc = load_rows(load, until_ms, err);
        if (rc == 0)
            rc = load_head(load, until_ms);
        /* somebody imported meanwhile: the rows may be of either side */
        if (rc == 0 && (before.epoch != load->head.epoch || before.seq != load->head.seq))
            rc = -EAGAIN;
    }
    self->position = load->head;
    if (rc != -ETIMEDOUT)
        free(load); /* else an answer may still come for it: given up with the process */
    if (rc < 0)
        return err_set(err, rc, "the directory cannot be read from the ledger (%d)", rc);
    link_rows(self);
    self->timer = loop_timer_add(self->loop, POLL_MS, POLL_MS, poll_journal, self);
    return 0;
}

/* --- look-ups --- */

struct directory_unit *directory_unit(const struct directory *self, const char *code)
{
    return directory_rows_unit(self->rows, code);
}

struct directory_unit *directory_commune(const struct directory *self, uint32_t code)
{
    char text[8];
    if (code > 99999)
        return NULL;
    (void)snprintf(text, sizeof(text), "%05u", (unsigned)code);
    return directory_rows_unit(self->rows, text);
}

uint32_t directory_province(const struct directory_unit *unit)
{
    while (unit != NULL && unit->level != ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_PROVINCE)
        unit = unit->parent;
    return unit == NULL ? 0 : policy_province(unit->code);
}

const char *directory_province_code(const struct directory *self, uint32_t commune)
{
    const struct directory_unit *unit = directory_commune(self, commune);
    while (unit != NULL && unit->level != ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_PROVINCE)
        unit = unit->parent;
    return unit == NULL ? "" : unit->code;
}

struct directory_unit *directory_unit_at(const struct directory *self, size_t i)
{
    return directory_rows_unit_at(self->rows, i);
}

size_t directory_unit_count(const struct directory *self)
{
    return directory_rows_unit_count(self->rows);
}

int64_t directory_plan(const struct directory_unit *unit, uint32_t year, uint32_t *ret_year)
{
    int64_t participants = 0;
    *ret_year = 0;
    for (size_t i = 0; i < unit->n_plans; i++) {
        if (unit->plans[i].year <= year && unit->plans[i].year > *ret_year) {
            *ret_year = unit->plans[i].year;
            participants = unit->plans[i].participants;
        }
    }
    return participants;
}

const Ansinh__V1__Plan *directory_plan_row(const struct directory *self, const char *plan_code)
{
    return (const Ansinh__V1__Plan *)directory_rows_message(self->rows, 'n', plan_code);
}

const Ansinh__V1__PlanSplit *directory_plan_place(const struct directory *self,
                                                  const char *plan_code,
                                                  Ansinh__V1__PlanScopeKind kind, const char *code,
                                                  size_t *ret_share)
{
    return directory_rows_place(self->rows, plan_code, kind, code, ret_share);
}

static int64_t imported_target(const struct directory *self, const char *year, const char *code)
{
    char key[DIRECTORY_CODE_MAX_BYTES];
    int len = snprintf(key, sizeof(key), "%s:%s", year, code);
    if (!parse_is_digits(year, 4) || len < 0 || len >= (int)sizeof(key))
        return -1;
    const Ansinh__V1__PlanTarget *row =
        (const Ansinh__V1__PlanTarget *)directory_rows_message(self->rows, 't', key);
    return row == NULL ? -1 : row->participants;
}

int64_t directory_plan_target(const struct directory *self, const char *plan_code,
                              Ansinh__V1__PlanScopeKind kind, const char *code)
{
    size_t share;
    const Ansinh__V1__Plan *plan = directory_plan_row(self, plan_code);
    if (plan == NULL)
        return kind == ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_UNIT
                   ? imported_target(self, plan_code, code)
                   : -1;
    if (plan->root != NULL && plan->root->kind == kind && strcmp(plan->root->code, code) == 0)
        return plan->target;
    const Ansinh__V1__PlanSplit *split = directory_plan_place(self, plan_code, kind, code, &share);
    return split == NULL ? -1 : split->shares[share]->target;
}

const Ansinh__V1__Organisation *directory_organisation(const struct directory *self,
                                                       const char *code)
{
    return (const Ansinh__V1__Organisation *)directory_rows_message(self->rows, 'o', code);
}

const Ansinh__V1__Point *directory_point(const struct directory *self, const char *code)
{
    return (const Ansinh__V1__Point *)directory_rows_message(self->rows, 'p', code);
}

const Ansinh__V1__Collector *directory_collector(const struct directory *self, const char *code)
{
    return (const Ansinh__V1__Collector *)directory_rows_message(self->rows, 'k', code);
}

const Ansinh__V1__Partner *directory_partner(const struct directory *self,
                                             const char *organisation_code)
{
    return (const Ansinh__V1__Partner *)directory_rows_message(self->rows, 'a', organisation_code);
}

const Ansinh__V1__PartnerKey *directory_partner_key(const struct directory *self,
                                                    const char *key_id,
                                                    const Ansinh__V1__Partner **ret_partner)
{
    char code[DIRECTORY_CODE_MAX_BYTES];
    size_t len = strcspn(key_id, ":");
    if (key_id[len] == '\0' || len >= sizeof(code))
        return NULL;
    memcpy(code, key_id, len);
    code[len] = '\0';
    const Ansinh__V1__Partner *partner = directory_partner(self, code);
    for (size_t i = 0; partner != NULL && i < partner->n_keys; i++) {
        if (strcmp(partner->keys[i]->key_id, key_id) != 0)
            continue;
        *ret_partner = partner;
        return partner->keys[i];
    }
    return NULL;
}

const Ansinh__V1__PolicyAmendment *directory_amendment(const struct directory *self,
                                                       uint32_t number)
{
    char code[DIRECTORY_CODE_MAX_BYTES];
    if (directory_amendment_code(number, code) < 0)
        return NULL;
    return (const Ansinh__V1__PolicyAmendment *)directory_rows_message(self->rows, 'l', code);
}

const Ansinh__V1__Campaign *directory_campaign(const struct directory *self, const char *code)
{
    return (const Ansinh__V1__Campaign *)directory_rows_message(self->rows, 'c', code);
}

const Ansinh__V1__SiUnit *directory_si_unit(const struct directory *self, const char *code)
{
    return (const Ansinh__V1__SiUnit *)directory_rows_message(self->rows, 's', code);
}

const Ansinh__V1__Denominator *directory_denominator(const struct directory *self,
                                                     const char *unit_code,
                                                     Ansinh__V1__DenominatorKind kind, int32_t day)
{
    return directory_rows_denominator(self->rows, unit_code, kind, day);
}

void directory_listen(struct directory *self, directory_news_fn fn, void *arg)
{
    self->on_news = fn;
    self->on_news_arg = arg;
}

uint32_t directory_row_version(const struct directory *self, char kind, const char *code)
{
    return directory_rows_version(self->rows, kind, code);
}

const ProtobufCMessage *directory_row(const struct directory *self, char kind, const char *code)
{
    return directory_rows_message(self->rows, kind, code);
}

const ProtobufCMessage *directory_next_row(const struct directory *self, char kind, size_t *cursor)
{
    return directory_rows_next(self->rows, kind, cursor);
}

struct journal_position directory_position(const struct directory *self)
{
    return self->position;
}

uint64_t directory_generation(const struct directory *self)
{
    return directory_rows_generation(self->rows);
}
