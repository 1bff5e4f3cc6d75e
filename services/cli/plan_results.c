/* The weights of ansinh plan cascade --results: what each unit won in a year, by the board. */
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "services/cli/cli.h"
#include "services/cli/plan.h"

#define TIMEOUT_MS 60000
#define DAY_BYTES 11
#define METHOD "ansinh.v1.Analytics/GetBoard"

struct weighing {
    struct service svc;
    struct arena *arena;
    Ansinh__V1__CascadePlanRequest *request;
    char from[DAY_BYTES], until[DAY_BYTES];
};

static int answered(int code, const struct err *err)
{
    return code == 0 ? 0 : plan_refused(code, err);
}

static int ask(struct weighing *self, const Ansinh__V1__GetBoardRequest *in,
               Ansinh__V1__GetBoardResponse **ret)
{
    CLEANUP(buf_fini) struct buf body;
    const struct bus_call call = {
        .service = "analytics", .method = METHOD, .timeout_ms = TIMEOUT_MS};
    struct err err = {0};
    ProtobufCAllocator allocator;
    size_t len = ansinh__v1__get_board_request__get_packed_size(in);
    uint8_t *packed = arena_alloc(self->arena, len);
    if (packed == NULL)
        return cli_fail(1, "no memory");
    (void)ansinh__v1__get_board_request__pack(in, packed);
    buf_init(&body, BUS_FRAME_MAX_BYTES);
    int status = answered(cli_ask(&self->svc, &call, packed, len, &body, &err), &err);
    if (status != 0)
        return status;
    bus_arena_allocator(self->arena, &allocator);
    *ret = ansinh__v1__get_board_response__unpack(&allocator, body.len, body.data);
    if (*ret == NULL)
        return cli_fail(1, "the answer of %s cannot be read", METHOD);
    return (*ret)->rows_in_all > (*ret)->n_rows
               ? cli_fail(1, "%s: more units below it than a board has rows", in->slice->unit_code)
               : 0;
}

/* The year of units right below a unit, or of all its communes. */
static int ask_unit(struct weighing *self, char *unit_code, Ansinh__V1__BoardBy by,
                    Ansinh__V1__GetBoardResponse **ret)
{
    Ansinh__V1__Slice slice;
    Ansinh__V1__GetBoardRequest in;
    ansinh__v1__slice__init(&slice);
    ansinh__v1__get_board_request__init(&in);
    slice.unit_code = unit_code;
    in.slice = &slice;
    in.by = by;
    in.from = self->from;
    in.until = self->until;
    return ask(self, &in, ret);
}

/* New participants; what was taken back again weighs nothing. */
static int add(struct weighing *self, const Ansinh__V1__GetBoardResponse *board)
{
    Ansinh__V1__CascadePlanRequest *request = self->request;
    for (size_t i = 0; i < board->n_rows; i++) {
        Ansinh__V1__PlanWeight *weight = arena_alloc(self->arena, sizeof(*weight));
        if (request->n_hand == PLAN_WEIGHTS_MAX)
            return cli_fail(1, "more than %d units", PLAN_WEIGHTS_MAX);
        if (weight == NULL)
            return cli_fail(1, "no memory");
        ansinh__v1__plan_weight__init(weight);
        weight->unit_code = board->rows[i]->code;
        weight->weight = MAX(board->rows[i]->paid, 0);
        request->hand[request->n_hand++] = weight;
    }
    return 0;
}

static int add_unit(struct weighing *self, char *unit_code, Ansinh__V1__BoardBy by)
{
    Ansinh__V1__GetBoardResponse *board;
    int status = ask_unit(self, unit_code, by, &board);
    return status == 0 ? add(self, board) : status;
}

/* A board has 500 rows: the country's communes are asked for by province. */
static int add_country(struct weighing *self, char *country)
{
    Ansinh__V1__GetBoardResponse *provinces;
    int status = ask_unit(self, country, ANSINH__V1__BOARD_BY__BOARD_BY_UNITS, &provinces);
    for (size_t i = 0; status == 0 && i < provinces->n_rows; i++)
        status = add_unit(self, provinces->rows[i]->code, ANSINH__V1__BOARD_BY__BOARD_BY_COMMUNES);
    return status;
}

int plan_weigh_by_results(int64_t year, Ansinh__V1__CascadePlanRequest *request,
                          struct arena *arena)
{
    static const char *const names[] = {"analytics", NULL};
    static char country[] = "VN";
    struct weighing self = {.arena = arena, .request = request};
    char *unit = request->unit_code[0] == '\0' ? country : request->unit_code;
    (void)snprintf(self.from, sizeof(self.from), "%04u-01-01", (unsigned)year % 10000);
    (void)snprintf(self.until, sizeof(self.until), "%04u-12-31", (unsigned)year % 10000);
    request->weights = ANSINH__V1__PLAN_WEIGHTS__PLAN_WEIGHTS_HAND;
    request->hand = arena_alloc(arena, PLAN_WEIGHTS_MAX * sizeof(*request->hand));
    if (request->hand == NULL)
        return cli_fail(1, "no memory");
    int status = cli_open(&self.svc, &cli_caller_spec, names);
    if (status != 0)
        return status;
    if (request->down_to == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_PROVINCE)
        status = add_unit(&self, unit, ANSINH__V1__BOARD_BY__BOARD_BY_UNITS);
    else if (strcmp(unit, country) == 0)
        status = add_country(&self, unit);
    else
        status = add_unit(&self, unit, ANSINH__V1__BOARD_BY__BOARD_BY_COMMUNES);
    service_close(&self.svc);
    return status;
}
