/* The fold of cash in hand: each holder's cash and its age, crossings of the organisation's limits,
 * and who may take no more cash until it is handed over.
 *
 * Written in views, in the flush that moves the checkpoint: each holder's cash, the holders that
 * are blocked (which the payments instances read, services/payments/custody_guard.h), and the
 * alarms, one for each crossing. */
#ifndef ANSINH_SETTLEMENT_CUSTODY_H
#define ANSINH_SETTLEMENT_CUSTODY_H

#include "ansinh/v1/custody.pb-c.h"
#include "services/settlement/books.h"
#include "services/settlement/custody_rules.h"

extern const struct books_fold custody_fold;

#define CUSTODY_CODE_BYTES 33

struct custody;

/* A holder of cash: a collector, a point, or "-". */
struct custody_holder {
    char code[CUSTODY_CODE_BYTES];
    struct cash cash;
    int is_dirty, is_blocked;
};

/* Whose a holder is, by the directory as it is now; "" what nobody knows. */
struct custody_place {
    const char *point, *organisation;
    struct cash_limits limits;
    uint32_t max_age_hours;
    int is_enforced;
};

/* The projector whose fold this is; before any event. */
void custody_attach(struct custody *self, struct projector *projector);

/* NULL: no cash ever came to it. */
const struct custody_holder *custody_find(const struct custody *self, const char *code);
/* All holders, by index from 0; NULL at the end. */
const struct custody_holder *custody_at(const struct custody *self, size_t i);
void custody_place(const struct custody *self, const char *code, struct custody_place *ret);

struct custody_stats {
    int64_t holders, over, late, blocked, alarms, cash_vnd;
};
void custody_stats_get(const struct custody *self, struct custody_stats *ret);

/* Handlers; arg is the struct settlement. */
void on_remit(void *arg, struct bus_request *request);
void on_get_custody(void *arg, struct bus_request *request);
void on_list_custody(void *arg, struct bus_request *request);
void on_list_alarms(void *arg, struct bus_request *request);

#endif
