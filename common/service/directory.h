/* Reference data in memory: units, organisations, points, collectors, the plan, amendments of the
 * law, partners, campaigns. Loaded from the
 * ledger's {dir} partition, kept fresh by its journal (looked at every 500 ms, and at once when
 * somebody asks for a refresh). */
#ifndef ANSINH_SERVICE_DIRECTORY_H
#define ANSINH_SERVICE_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "ansinh/v1/directory.pb-c.h"
#include "ansinh/v1/events.pb-c.h"
#include "ansinh/v1/partners.pb-c.h"
#include "ansinh/v1/plans.pb-c.h"
#include "ansinh/v1/policy.pb-c.h"
#include "common/loop/loop.h"
#include "common/store/commit.h"

#define DIRECTORY_PLAN_YEARS 8 /* kept per unit, newest win */
#define DIRECTORY_AMENDMENTS_MAX 4096
#define DIRECTORY_SUCCESSIONS_MAX 16 /* of a unit, one after the other */

struct directory;

/* A unit with its place in the tree. Strings live as long as the directory. */
struct directory_unit {
    char code[8];
    Ansinh__V1__UnitLevel level;
    int is_special_zone;
    const char *name;
    const char *name_en;
    const char *full_name;
    uint32_t difficulty_tier;         /* 1 to 4; 0: not known */
    int32_t last_day;                 /* on which it exists, by its row or its successors' */
    struct directory_unit *parent;    /* NULL for the country */
    struct directory_unit **children; /* ascending by code; without those that were merged away */
    size_t n_children;
    size_t children_capacity;
    /* Into which it was merged whole, by today; NULL: it is in force, or was divided. Then it is
     * no child of its parent any more, but one of its successor's predecessors: what is counted
     * for a unit is what was recorded for it, its children and its predecessors, theirs included,
     * and nothing is counted twice. */
    struct directory_unit *successor;
    struct directory_unit **predecessors; /* ascending by code */
    size_t n_predecessors;
    size_t predecessors_capacity;
    struct {
        uint32_t year;
        int64_t participants;
    } plans[DIRECTORY_PLAN_YEARS];
    size_t n_plans;
    uint32_t version; /* of the unit's record */
    size_t index;     /* 0 .. directory_unit_count - 1, stable while the process lives */
};

/* Starts empty; loads with directory_load (blocks up to wait_ms) and follows with timers of the
 * loop. */
struct directory *directory_create(struct loop *loop, struct store *ledger);
int directory_load(struct directory *self, int64_t wait_ms, struct err *err) MUST_CHECK;
void directory_destroy(struct directory **self);

/* NULL when unknown. */
struct directory_unit *directory_unit(const struct directory *self, const char *code);
/* Number of the province in which a unit lies, or which it is; 0 for the country. */
uint32_t directory_province(const struct directory_unit *unit);
/* Code of the province of a commune, as long as the directory; "" when it is unknown. */
const char *directory_province_code(const struct directory *self, uint32_t commune);
/* Communes by number: 2647 is "02647". */
struct directory_unit *directory_commune(const struct directory *self, uint32_t code);
/* Units by index. */
struct directory_unit *directory_unit_at(const struct directory *self, size_t i);
size_t directory_unit_count(const struct directory *self);

/* The plan in force for a business year: that year's, or the newest older one. 0 and *ret_year = 0
 * without one. */
int64_t directory_plan(const struct directory_unit *unit, uint32_t year, uint32_t *ret_year);

/* Target of a scope in a plan; -1: it has none there. plan_code "2026": that year's plan of
 * Directory/ImportPlan, of units alone; else one of the Plans service, drafts included. An
 * organisation's code is "VNPOST@15" for what it does in a unit. */
int64_t directory_plan_target(const struct directory *self, const char *plan_code,
                              Ansinh__V1__PlanScopeKind kind, const char *code);
/* A plan of the Plans service; NULL when unknown. */
const Ansinh__V1__Plan *directory_plan_row(const struct directory *self, const char *plan_code);
/* The split in which a scope is a share (of that index); NULL: it is the root, or has no target. */
const Ansinh__V1__PlanSplit *directory_plan_place(const struct directory *self,
                                                  const char *plan_code,
                                                  Ansinh__V1__PlanScopeKind kind, const char *code,
                                                  size_t *ret_share);

/* Known codes. The unpacked rows live as long as the directory; NULL when unknown. */
const Ansinh__V1__Organisation *directory_organisation(const struct directory *self,
                                                       const char *code);
const Ansinh__V1__Point *directory_point(const struct directory *self, const char *code);
const Ansinh__V1__Collector *directory_collector(const struct directory *self, const char *code);

/* The partner that an organisation is; NULL when it is none. */
const Ansinh__V1__Partner *directory_partner(const struct directory *self,
                                             const char *organisation_code);

/* A partner's key by its whole id, revoked or not valid now included, and the partner; NULL when
 * there is no such key. */
const Ansinh__V1__PartnerKey *directory_partner_key(const struct directory *self,
                                                    const char *key_id,
                                                    const Ansinh__V1__Partner **ret_partner);

/* An amendment of the law by its number, from 1; NULL when there is none. */
const Ansinh__V1__PolicyAmendment *directory_amendment(const struct directory *self,
                                                       uint32_t number);

/* A row of any kind (letters of key_reference) by its code; a target's code is "<year>:<unit>".
 * NULL when unknown. */
const ProtobufCMessage *directory_row(const struct directory *self, char kind, const char *code);

/* Walks all rows of a kind in no particular order: start with *cursor = 0, ends with NULL. The loop
 * must not turn during the walk. */
const ProtobufCMessage *directory_next_row(const struct directory *self, char kind, size_t *cursor);

/* NULL when unknown. */
const Ansinh__V1__SiUnit *directory_si_unit(const struct directory *self, const char *code);

/* The newest number of a kind that is of that business day or before; NULL: there is none. */
const Ansinh__V1__Denominator *directory_denominator(const struct directory *self,
                                                     const char *unit_code,
                                                     Ansinh__V1__DenominatorKind kind, int32_t day);

/* What a unit's numbers are counted in: its successor, or its parent; NULL for the country. */
static inline struct directory_unit *directory_above(const struct directory_unit *unit)
{
    return unit->successor != NULL ? unit->successor : unit->parent;
}

/* The Vietnamese name when there is none. */
static inline const char *directory_name_en(const struct directory_unit *unit)
{
    return unit->name_en[0] == '\0' ? unit->name : unit->name_en;
}

/* NULL when unknown. */
const Ansinh__V1__Campaign *directory_campaign(const struct directory *self, const char *code);

/* Version of a row's record for the next commit; 0 when it is not there. kind as in key_reference.
 */
uint32_t directory_row_version(const struct directory *self, char kind, const char *code);

/* Reads the journal's news now; fn runs once when done. rc 0: what is not there now is unknown;
 * negative: the ledger did not answer, and nothing can be said. A refusal ("unknown unit") is only
 * given after a refresh. */
typedef void (*directory_refresh_fn)(void *arg, int rc);
void directory_refresh(struct directory *self, directory_refresh_fn fn, void *arg);

/* fn runs whenever a look at the journal has brought something, before those who wait for the look
 * hear of it. One listener. */
typedef void (*directory_news_fn)(void *arg);
void directory_listen(struct directory *self, directory_news_fn fn, void *arg);

/* Journal position that is in memory, and a counter that grows with every change of units or plan.
 */
struct journal_position directory_position(const struct directory *self);
uint64_t directory_generation(const struct directory *self);

#endif
