/* ansinh.v1.Plans: plans, how they are divided, and what becomes of them. A plan is read from its
 * rows as a tree, changed as one (plans_rules.h), and the splits that came out differently are
 * written, with the plan's row, in one commit: two changes of one plan meet there, and the later
 * one is decided anew. */
#ifndef ANSINH_ENROLMENT_PLANS_H
#define ANSINH_ENROLMENT_PLANS_H

#include "services/enrolment/directory_import.h"
#include "services/enrolment/plans_rules.h"

#define PLANS_MAX 500
#define PLAN_ROWS_MAX 100000     /* splits, past ones included, of all plans */
#define PLAN_AMENDMENTS_MAX 1000 /* of one plan */

/* Serves Plans on svc->server. */
void plans_add(struct service *svc);

/* A change under way: the import's arg. */
struct plan_change {
    Ansinh__V1__Plan plan; /* as it will be; its texts are borrowed */
    struct plan_tree *tree;
    uint32_t number;      /* of the amendment: past splits are kept under it; 0: none are */
    uint32_t n_undivided; /* plan_tree_undivided */
    int64_t now_ms;
};

/* The plan that is to be changed, and its tree, in the import's arg. -ENOENT or -EPERM with the
 * field plan_code; state 0: in any state. */
int plans_open(struct import *self, const char *plan_code, Ansinh__V1__PlanState state,
               struct err *err) MUST_CHECK;
/* The tree of a plan as of a moment (0: now), from its rows. */
struct plan_tree *plans_tree(const struct directory *directory, const Ansinh__V1__Plan *plan,
                             int64_t as_of_ms);

/* Puts a row into the import; NULL row: no memory. */
int plans_put(struct import *self, char kind, const ProtobufCMessage *row,
              struct err *err) MUST_CHECK;
/* Puts the plan's row, with the next revision. */
int plans_put_plan(struct import *self, struct err *err) MUST_CHECK;
/* Puts the splits that differ from their rows, and the plan's row when there is anything to write
 * or is_changed. field: whom a plan that cannot be written is blamed on. -EINVAL: sums, or too much
 * for one commit. */
int plans_write(struct import *self, int is_changed, const char *field, struct err *err) MUST_CHECK;
/* A message in the request's arena, initialised; NULL: no memory. */
void *plans_message(struct import *self, const ProtobufCMessageDescriptor *type);
Ansinh__V1__PlanScope *plans_scope(struct import *self, int kind, const char *code);

/* A spec's take: the change from its beginning, as often as it is needed. */
typedef int (*plans_change_fn)(struct import *self, struct err *err);
int plans_take(struct import *self, plans_change_fn fn, struct err *err) MUST_CHECK;
/* Runs a change. */
void plans_run(struct service *svc, struct bus_request *request, const struct import_spec *spec);
/* The spec's pack: revision, rows, number. */
size_t plans_pack(const struct import *self, uint8_t ret[IMPORT_ANSWER_MAX_BYTES]);

/* The successors that came until a day ("YYYY-MM-DD"), those of one old unit side by side: of units
 * of which a part goes to this new unit or one below it; unit_code "": all. To be freed. */
struct plan_heir *plans_heirs(const struct directory *directory, const char *unit_code,
                              const char *on, size_t *ret_n);

/* RebasePlan of a plan that Directory/ImportPlan set; a code of four digits. */
int plans_is_imported(const char *plan_code);
void plans_rebase_imported(struct service *svc, struct bus_request *request);

/* Handlers; arg is the service. */
void on_define_plan(void *arg, struct bus_request *request);
void on_split_plan(void *arg, struct bus_request *request);
void on_cascade_plan(void *arg, struct bus_request *request);
void on_lock_plan(void *arg, struct bus_request *request);
void on_amend_plan(void *arg, struct bus_request *request);
void on_decide_amendment(void *arg, struct bus_request *request);
void on_rebase_plan(void *arg, struct bus_request *request);
void on_get_plan(void *arg, struct bus_request *request);
void on_list_plans(void *arg, struct bus_request *request);

#endif
