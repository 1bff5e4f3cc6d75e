/* ansinh plan get and list. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "services/cli/ask.h"
#include "services/cli/cli.h"
#include "services/cli/plan.h"

/* --- tables ----------------------------------------------------------------------------------- */

static void print_plan(const Ansinh__V1__Plan *plan, struct arena *arena)
{
    (void)printf("%-16s %s %s  %-8s %-8s %-5s %-12s %-8s %11" PRId64 "  %-20s %s\n", plan->code,
                 plan->from, plan->until,
                 plan_word(&ansinh__v1__plan_period__descriptor, (int)plan->period, arena),
                 plan_word(&ansinh__v1__metric__descriptor, (int)plan->counts, arena),
                 plan_word(&ansinh__v1__plan_measure__descriptor, (int)plan->measure, arena),
                 plan_word(&ansinh__v1__product__descriptor, (int)plan->product, arena),
                 plan_word(&ansinh__v1__plan_state__descriptor, (int)plan->state, arena),
                 plan->target, plan_scope_text(plan->root, arena), plan->name);
}

static void print_head(void)
{
    (void)printf("%-16s %-10s %-10s  %-8s %-8s %-5s %-12s %-8s %11s  %-20s %s\n", "plan", "from",
                 "until", "period", "counts", "of", "product", "state", "target", "root", "name");
}

static void print_amendment(const Ansinh__V1__PlanAmendment *row, struct arena *arena)
{
    char day[DATE_TEXT_BYTES];
    date_format(clock_business_day(row->proposed_at_ms), day);
    (void)printf("amendment %u of %s by %s, %s%s%s: %s%s%s\n", row->number, day, row->officer,
                 plan_word(&ansinh__v1__amendment_state__descriptor, (int)row->state, arena),
                 row->decided_by[0] == '\0' ? "" : " by ", row->decided_by, row->reason,
                 row->rebased_on[0] == '\0' ? "" : ", as of ", row->rebased_on);
    for (size_t i = 0; i < row->n_moves; i++)
        (void)printf("  %-24s %+11" PRId64 "%s%s\n", plan_scope_text(row->moves[i]->scope, arena),
                     row->moves[i]->change, row->moves[i]->from == NULL ? "" : "  from ",
                     plan_scope_text(row->moves[i]->from, arena));
}

static void print_scope(const Ansinh__V1__GetPlanResponse *out, struct arena *arena)
{
    print_head();
    print_plan(out->plan, arena);
    (void)printf("\n%-24s %11s %11s\n%-24s %11" PRId64 "%s%s\n", "scope", "target", "weight",
                 plan_scope_text(out->scope, arena), out->target,
                 out->parent == NULL ? "" : "             below ",
                 plan_scope_text(out->parent, arena));
    for (size_t i = 0; i < out->n_children; i++)
        (void)printf("  %-22s %11" PRId64 " %11" PRId64 "\n",
                     plan_scope_text(out->children[i]->scope, arena), out->children[i]->target,
                     out->children[i]->weight);
    for (size_t i = 0; i < out->n_history; i++)
        print_amendment(out->history[i], arena);
}

/* --- asking ----------------------------------------------------------------------------------- */

static int ask(const char *method, const ProtobufCMessage *input,
               const ProtobufCMessageDescriptor *output, struct arena *arena,
               ProtobufCMessage **ret)
{
    struct plan_link link;
    struct err err = {0};
    int status = plan_link_open(&link, arena);
    if (status != 0)
        return status;
    int code = plan_ask(&link, method, NULL, input, output, ret, &err);
    plan_link_close(&link);
    return code == 0 ? 0 : plan_refused(code, &err);
}

/* --json stands anywhere; *argc loses it. */
static int take_json(int *argc, char **argv)
{
    int n = 0;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], "--json") != 0)
            argv[n++] = argv[i];
    }
    int is_json = n < *argc;
    *argc = n;
    return is_json;
}

int plan_get(int argc, char **argv, struct arena *arena)
{
    static const struct plan_option options[] = {{"--as-of", "as_of_ms", NULL}, {NULL, NULL, NULL}};
    Ansinh__V1__GetPlanRequest request;
    ProtobufCMessage *answer = NULL;
    ansinh__v1__get_plan_request__init(&request);
    ProtobufCMessage *const messages[] = {&request.base, NULL};
    int is_json = take_json(&argc, argv);
    int n = argc > 1 && argv[1][0] != '-' ? 2 : 1;
    request.plan_code = argv[0];
    if (n == 2 && (request.scope = plan_scope_parse(argv[1], arena)) == NULL)
        return cli_fail(2, "%s: want unit:15, organisation:VNPOST@15 or such", argv[1]);
    int status = plan_options(argc - n, argv + n, options, messages, arena);
    if (status == 0)
        status = ask("GetPlan", &request.base, &ansinh__v1__get_plan_response__descriptor, arena,
                     &answer);
    if (status != 0 || is_json)
        return status != 0 ? status : cli_print_json(answer);
    print_scope((const Ansinh__V1__GetPlanResponse *)answer, arena);
    return 0;
}

int plan_list(int argc, char **argv, struct arena *arena)
{
    static const struct plan_option options[] = {{"--on", "on", NULL}, {NULL, NULL, NULL}};
    Ansinh__V1__ListPlansRequest request;
    ProtobufCMessage *answer = NULL;
    ansinh__v1__list_plans_request__init(&request);
    ProtobufCMessage *const messages[] = {&request.base, NULL};
    int is_json = take_json(&argc, argv);
    int status = plan_options(argc, argv, options, messages, arena);
    if (status == 0)
        status = ask("ListPlans", &request.base, &ansinh__v1__list_plans_response__descriptor,
                     arena, &answer);
    if (status != 0 || is_json)
        return status != 0 ? status : cli_print_json(answer);
    const Ansinh__V1__ListPlansResponse *out = (const Ansinh__V1__ListPlansResponse *)answer;
    print_head();
    for (size_t i = 0; i < out->n_plans; i++)
        print_plan(out->plans[i], arena);
    return 0;
}
