/* AllocateBlock and CloseBlock: numbers for points that work offline. */
#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "services/settlement/receipt_rules.h"
#include "services/settlement/receipts.h"
#include "services/settlement/settlement.h"
#include "common/service/subject.h"

static enum subject_verdict no_memory(struct subject_state *state)
{
    return subject_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

static const Ansinh__V1__ReceiptSeriesRecord *series_of(const struct subject_state *state)
{
    return (const Ansinh__V1__ReceiptSeriesRecord *)state->records[0].now;
}

/* --- allocating ------------------------------------------------------------------------------- */

struct allocation {
    struct service *svc;
    struct bus_request *request;
    const Ansinh__V1__AllocateBlockRequest *in;
    char series[SERIES_NAME_BYTES];
    int is_refreshed;
};

static int make_allocated(struct subject_state *state, uint64_t first)
{
    const struct allocation *self = state->arg;
    struct arena *arena = state->request->arena;
    Ansinh__V1__Event *event = subject_message(arena, &ansinh__v1__event__descriptor);
    Ansinh__V1__ReceiptBlockAllocated *allocated =
        subject_message(arena, &ansinh__v1__receipt_block_allocated__descriptor);
    if (event == NULL || allocated == NULL)
        return -ENOMEM;
    allocated->subject = (ProtobufCBinaryData){ID_BYTES, state->subject};
    allocated->series = (char *)(uintptr_t)self->series;
    allocated->first_number = first;
    allocated->count = self->in->count;
    allocated->officer = self->in->officer;
    allocated->partner = (char *)(uintptr_t)self->request->partner;
    event->kind_case = ANSINH__V1__EVENT__KIND_RECEIPT_BLOCK_ALLOCATED;
    event->receipt_block_allocated = allocated;
    state->event = event;
    return 0;
}

/* The series with one block more. */
static int add_block(struct subject_state *state, uint64_t first)
{
    const struct allocation *self = state->arg;
    const Ansinh__V1__ReceiptSeriesRecord *before = series_of(state);
    struct arena *arena = state->request->arena;
    size_t n = before == NULL ? 0 : before->n_blocks;
    Ansinh__V1__ReceiptSeriesRecord *after =
        subject_message(arena, &ansinh__v1__receipt_series_record__descriptor);
    Ansinh__V1__ReceiptBlock *block =
        subject_message(arena, &ansinh__v1__receipt_block__descriptor);
    Ansinh__V1__ReceiptBlock **blocks =
        arena_alloc(arena, (n + 1) * sizeof(Ansinh__V1__ReceiptBlock *));
    if (after == NULL || block == NULL || blocks == NULL)
        return -ENOMEM;
    if (n > 0)
        memcpy(blocks, before->blocks, n * sizeof(Ansinh__V1__ReceiptBlock *));
    block->first_number = first;
    block->last_number = first + self->in->count - 1;
    blocks[n] = block;
    after->name = (char *)(uintptr_t)self->series;
    after->next_number = block->last_number + 1;
    after->blocks = blocks;
    after->n_blocks = n + 1;
    state->records[0].next = &after->base;
    return 0;
}

static enum subject_verdict decide_allocate(struct subject_state *state)
{
    const struct allocation *self = state->arg;
    const Ansinh__V1__ReceiptSeriesRecord *series = series_of(state);
    uint64_t first = series == NULL ? 1 : series->next_number;
    if (series != NULL && series->n_blocks >= SERIES_BLOCKS_MAX)
        return subject_refuse(state, ANSINH__V1__CODE__CODE_FAILED_PRECONDITION, "point_code",
                              "%d blocks are open; close one first", SERIES_BLOCKS_MAX);
    Ansinh__V1__AllocateBlockResponse *out =
        subject_message(state->request->arena, &ansinh__v1__allocate_block_response__descriptor);
    if (out == NULL || add_block(state, first) < 0 || make_allocated(state, first) < 0)
        return no_memory(state);
    out->series = (char *)(uintptr_t)self->series;
    out->first_number = first;
    out->last_number = first + self->in->count - 1;
    state->answer = &out->base;
    return SUBJECT_COMMIT;
}

static void allocate(struct allocation *self);

static void on_refreshed(void *arg, int rc)
{
    struct allocation *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        allocate(self);
}

static void allocate(struct allocation *self)
{
    static const struct subject_spec spec = {.decide = decide_allocate};
    const Ansinh__V1__Point *point = directory_point(self->svc->directory, self->in->point_code);
    struct receipt_place place;
    uint8_t subject[ID_BYTES];
    int year, month, day;
    if (point == NULL && !self->is_refreshed) {
        directory_refresh(self->svc->directory, on_refreshed, self);
        return;
    }
    if (point == NULL) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "point_code",
                 "unknown code");
        return;
    }
    if (!settlement_admits(self->request, point->organisation_code, "point_code"))
        return;
    date_split(clock_business_day(clock_wall_ms()), &year, &month, &day);
    series_name_format(point->organisation_code, point->code, year, self->series);
    receipt_subject(self->svc->keyring, "point", point->code, subject);
    struct subject_state *state = subject_create(self->svc, self->request, subject, self);
    if (state == NULL)
        return;
    receipt_place_series(series_id(self->series), &place);
    (void)subject_want(state, &place, &ansinh__v1__receipt_series_record__descriptor);
    subject_run(state, &spec);
}

void on_allocate_block(void *arg, struct bus_request *request)
{
    const struct settlement *settlement = arg;
    const Ansinh__V1__AllocateBlockRequest *in =
        (const Ansinh__V1__AllocateBlockRequest *)request->input;
    struct allocation *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = (struct allocation){.svc = settlement->svc, .request = request, .in = in};
    if (in->count < 1 || in->count > BLOCK_NUMBERS_MAX)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "count", "want 1 to %d",
                 BLOCK_NUMBERS_MAX);
    else if (!is_officer_code(in->officer))
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "officer",
                 "want 1 to 32 letters, digits, - _ .");
    else
        allocate(self);
}

/* --- closing ---------------------------------------------------------------------------------- */

static const Ansinh__V1__ReceiptBlock *find_block(const struct subject_state *state, uint64_t first)
{
    const Ansinh__V1__ReceiptSeriesRecord *series = series_of(state);
    for (size_t i = 0; series != NULL && i < series->n_blocks; i++) {
        if (series->blocks[i]->first_number == first)
            return series->blocks[i];
    }
    return NULL;
}

static enum subject_verdict want_numbers(struct subject_state *state,
                                         const Ansinh__V1__ReceiptBlock *block, uint64_t series)
{
    struct receipt_place place;
    for (uint64_t number = block->first_number; number <= block->last_number; number++) {
        receipt_place_number(series, number, &place);
        if (subject_want(state, &place, &ansinh__v1__receipt_record__descriptor) == NULL)
            return subject_refuse(state, ANSINH__V1__CODE__CODE_INTERNAL, "", "too long a block");
    }
    return SUBJECT_READ;
}

static int remove_block(struct subject_state *state, const Ansinh__V1__ReceiptBlock *block)
{
    const Ansinh__V1__ReceiptSeriesRecord *before = series_of(state);
    struct arena *arena = state->request->arena;
    Ansinh__V1__ReceiptSeriesRecord *after =
        subject_message(arena, &ansinh__v1__receipt_series_record__descriptor);
    Ansinh__V1__ReceiptBlock **blocks =
        arena_alloc(arena, before->n_blocks * sizeof(Ansinh__V1__ReceiptBlock *));
    if (after == NULL || blocks == NULL)
        return -ENOMEM;
    *after = *before;
    after->n_blocks = 0;
    after->blocks = blocks;
    for (size_t i = 0; i < before->n_blocks; i++) {
        if (before->blocks[i] != block)
            blocks[after->n_blocks++] = before->blocks[i];
    }
    state->records[0].next = &after->base;
    return 0;
}

/* Voids what no receipt has; numbers holds them. */
static int void_unused(struct subject_state *state, const Ansinh__V1__CloseBlockRequest *in,
                       uint64_t *numbers, size_t *ret_n)
{
    for (size_t i = 1; i < state->n_records; i++) {
        struct till_record *record = &state->records[i];
        Ansinh__V1__ReceiptRecord *voided =
            subject_message(state->request->arena, &ansinh__v1__receipt_record__descriptor);
        if (voided == NULL)
            return -ENOMEM;
        if (record->version > 0)
            continue;
        voided->state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VOIDED;
        voided->reason = ANSINH__V1__VOID_REASON__VOID_REASON_UNUSED;
        voided->officer = in->officer;
        voided->voided_at_ms = state->now_ms;
        record->next = &voided->base;
        numbers[(*ret_n)++] = in->first_number + i - 1;
    }
    return 0;
}

static int make_closed(struct subject_state *state, const Ansinh__V1__CloseBlockRequest *in,
                       uint64_t *numbers, size_t n)
{
    struct arena *arena = state->request->arena;
    Ansinh__V1__Event *event = subject_message(arena, &ansinh__v1__event__descriptor);
    Ansinh__V1__ReceiptVoided *voided =
        subject_message(arena, &ansinh__v1__receipt_voided__descriptor);
    if (event == NULL || voided == NULL)
        return -ENOMEM;
    voided->subject = (ProtobufCBinaryData){ID_BYTES, state->subject};
    voided->series = in->series;
    voided->numbers = numbers;
    voided->n_numbers = n;
    voided->reason = ANSINH__V1__VOID_REASON__VOID_REASON_UNUSED;
    voided->officer = in->officer;
    voided->closed_block = in->first_number;
    event->kind_case = ANSINH__V1__EVENT__KIND_RECEIPT_VOIDED;
    event->receipt_voided = voided;
    state->event = event;
    return 0;
}

static enum subject_verdict decide_close(struct subject_state *state)
{
    const Ansinh__V1__CloseBlockRequest *in = state->arg;
    const Ansinh__V1__ReceiptBlock *block = find_block(state, in->first_number);
    size_t n = 0;
    if (block == NULL)
        return subject_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "first_number",
                              "no open block of this series begins with it");
    if (state->n_records == 1)
        return want_numbers(state, block, series_id(in->series));
    struct arena *arena = state->request->arena;
    uint64_t *numbers = arena_alloc(arena, BLOCK_NUMBERS_MAX * sizeof(*numbers));
    Ansinh__V1__CloseBlockResponse *out =
        subject_message(arena, &ansinh__v1__close_block_response__descriptor);
    if (numbers == NULL || out == NULL || void_unused(state, in, numbers, &n) < 0 ||
        remove_block(state, block) < 0 || make_closed(state, in, numbers, n) < 0)
        return no_memory(state);
    out->voided = (uint32_t)n;
    state->answer = &out->base;
    return SUBJECT_COMMIT;
}

void on_close_block(void *arg, struct bus_request *request)
{
    static const struct subject_spec spec = {.decide = decide_close};
    const struct settlement *settlement = arg;
    const Ansinh__V1__CloseBlockRequest *in = (const Ansinh__V1__CloseBlockRequest *)request->input;
    struct receipt_place place;
    uint8_t subject[ID_BYTES];
    if (!is_officer_code(in->officer)) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "officer",
                 "want 1 to 32 letters, digits, - _ .");
        return;
    }
    if (receipts_subject_of(settlement->svc, request, in->series, subject) < 0)
        return;
    struct subject_state *state =
        subject_create(settlement->svc, request, subject, (void *)(uintptr_t)in);
    if (state == NULL)
        return;
    receipt_place_series(series_id(in->series), &place);
    (void)subject_want(state, &place, &ansinh__v1__receipt_series_record__descriptor);
    subject_run(state, &spec);
}
