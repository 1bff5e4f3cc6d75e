/* ansinh plan: plans of a running platform (ansinh.v1.Plans). */
#ifndef ANSINH_CLI_PLAN_H
#define ANSINH_CLI_PLAN_H

#include "ansinh/v1/plans.pb-c.h"
#include "common/base/arena.h"
#include "common/service/service.h"

/* An option and the field that it sets, in whichever of the messages has it (a bool takes no
 * value); without a field its text goes to *text. */
struct plan_option {
    const char *name, *field;
    const char **text;
};

/* Reads options from argv[0] on into the messages (both lists end with NULL). 0, or the exit status
 * of what was said. */
int plan_options(int argc, char **argv, const struct plan_option *options,
                 ProtobufCMessage *const *messages, struct arena *arena) MUST_CHECK;

/* "unit:15", "organisation:VNPOST@15", "point:BD02647"; without a kind a unit. NULL: no such kind,
 * or no memory. */
Ansinh__V1__PlanScope *plan_scope_parse(const char *text, struct arena *arena);
/* The other way round, in the arena; "" for NULL. */
const char *plan_scope_text(const Ansinh__V1__PlanScope *scope, struct arena *arena);
/* "PLAN_PERIOD_YEAR" as "year". In the arena. */
const char *plan_word(const ProtobufCEnumDescriptor *type, int value, struct arena *arena);

/* A connection to enrolment, open for several calls. */
struct plan_link {
    struct service svc;
    struct arena *arena;
};

/* 0, or the exit status of what was said. */
int plan_link_open(struct plan_link *self, struct arena *arena) MUST_CHECK;
void plan_link_close(struct plan_link *self);

/* One call ("DefinePlan"); id: of a command, NULL for a read. The answer is in the arena. 0, or
 * ansinh.v1.Code with err. */
int plan_ask(struct plan_link *self, const char *method, const struct request_id *id,
             const ProtobufCMessage *input, const ProtobufCMessageDescriptor *output,
             ProtobufCMessage **ret, struct err *err) MUST_CHECK;
/* Says what plan_ask answered. The exit status. */
int plan_refused(int code, const struct err *err);

/* A file of rows. values are in the order of the names, "" where a column is not there; the first
 * n_required must be. take answers an exit status. */
typedef int (*plan_row_fn)(void *arg, unsigned long line, const char *const *values);
int plan_read_rows(const char *path, const char *const *names, size_t n, size_t n_required,
                   plan_row_fn take, void *arg) MUST_CHECK;

#define PLAN_WEIGHTS_MAX 5000 /* of one cascade */
#define PLAN_ARENA_BYTES ((size_t)64 * 1024 * 1024)

/* Prints what a change came to: Plans answers all of them alike. The exit status. */
int plan_changed(const ProtobufCMessage *answer, int is_dry_run);
/* A command without a file: asks, prints. The exit status. */
int plan_change(const char *method, const ProtobufCMessage *input, int is_dry_run,
                struct arena *arena);

/* Adds the weights of a file (unit_code, weight) to a cascade. 0, or the exit status. */
int plan_read_weights(const char *path, Ansinh__V1__CascadePlanRequest *request,
                      struct arena *arena) MUST_CHECK;

/* Sets the weights of a cascade to what each unit of the lowest level won in a year: new
 * participants, as the board has them. Asks analytics. 0, or the exit status. */
int plan_weigh_by_results(int64_t year, Ansinh__V1__CascadePlanRequest *request,
                          struct arena *arena) MUST_CHECK;

/* Subcommands with their arguments behind the name. */
int plan_split(int argc, char **argv, struct arena *arena);
int plan_amend(int argc, char **argv, struct arena *arena);
int plan_get(int argc, char **argv, struct arena *arena);
int plan_list(int argc, char **argv, struct arena *arena);
/* ansinh plan cascade --unit ...: a file, without a platform; argv[0] is "cascade". */
int plan_cascade_file(int argc, char **argv);

/* Says how the command is used. 2. */
int plan_usage(void);

#endif
