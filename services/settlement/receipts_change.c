/* VoidReceipt and ReplaceReceipt: the number stays used, the trace stays with it. */
#include <string.h>

#include "services/settlement/receipt_rules.h"
#include "services/settlement/receipts.h"
#include "services/settlement/settlement.h"
#include "common/service/subject.h"

enum { SERIES, RECEIPT, PAYMENT, NEXT };

/* Both requests have the same fields. */
struct change {
    struct service *svc;
    const char *series;
    uint64_t number;
    Ansinh__V1__VoidReason reason;
    const char *remark, *officer;
    int is_replacement;
};

static enum subject_verdict no_memory(struct subject_state *state)
{
    return subject_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

static const Ansinh__V1__ReceiptRecord *receipt_of(const struct subject_state *state)
{
    return (const Ansinh__V1__ReceiptRecord *)state->records[RECEIPT].now;
}

/* --- what is written -------------------------------------------------------------------------- */

static int make_event(struct subject_state *state, uint64_t replacement)
{
    const struct change *change = state->arg;
    struct arena *arena = state->request->arena;
    Ansinh__V1__Event *event = subject_message(arena, &ansinh__v1__event__descriptor);
    Ansinh__V1__ReceiptVoided *voided =
        subject_message(arena, &ansinh__v1__receipt_voided__descriptor);
    uint64_t *number = arena_alloc(arena, sizeof(*number));
    if (event == NULL || voided == NULL || number == NULL)
        return -1;
    *number = change->number;
    voided->subject = (ProtobufCBinaryData){ID_BYTES, state->subject};
    voided->series = (char *)(uintptr_t)change->series;
    voided->numbers = number;
    voided->n_numbers = 1;
    voided->reason = change->reason;
    voided->remark = (char *)(uintptr_t)change->remark;
    voided->officer = (char *)(uintptr_t)change->officer;
    voided->replacement = replacement;
    event->kind_case = ANSINH__V1__EVENT__KIND_RECEIPT_VOIDED;
    event->receipt_voided = voided;
    state->event = event;
    return 0;
}

/* A receipt that is void already keeps why and since when. */
static Ansinh__V1__ReceiptRecord *void_receipt(struct subject_state *state)
{
    const struct change *change = state->arg;
    Ansinh__V1__ReceiptRecord *after =
        subject_message(state->request->arena, &ansinh__v1__receipt_record__descriptor);
    if (after == NULL)
        return NULL;
    *after = *receipt_of(state);
    if (after->state == ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VALID) {
        after->state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VOIDED;
        after->reason = change->reason;
        after->remark = (char *)(uintptr_t)change->remark;
        after->officer = (char *)(uintptr_t)change->officer;
        after->voided_at_ms = state->now_ms;
    }
    state->records[RECEIPT].next = &after->base;
    return after;
}

static int issue_next(struct subject_state *state, uint64_t number)
{
    const struct change *change = state->arg;
    struct arena *arena = state->request->arena;
    Ansinh__V1__ReceiptSeriesRecord *series =
        subject_message(arena, &ansinh__v1__receipt_series_record__descriptor);
    Ansinh__V1__ReceiptRecord *receipt =
        subject_message(arena, &ansinh__v1__receipt_record__descriptor);
    Ansinh__V1__PaymentReceiptRecord *payment =
        subject_message(arena, &ansinh__v1__payment_receipt_record__descriptor);
    if (series == NULL || receipt == NULL || payment == NULL)
        return -1;
    *series = *(const Ansinh__V1__ReceiptSeriesRecord *)state->records[SERIES].now;
    series->next_number = number + 1;
    receipt->state = ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VALID;
    receipt->partition = receipt_of(state)->partition;
    receipt->epoch = receipt_of(state)->epoch;
    receipt->seq = receipt_of(state)->seq;
    receipt->issued_at_ms = state->now_ms;
    receipt->replaces = change->number;
    payment->series_id = series_id(change->series);
    payment->number = number;
    receipt_place_number(payment->series_id, number, &state->records[NEXT].place);
    state->records[NEXT].version = 0; /* behind the series' version nobody has it yet */
    state->records[SERIES].next = &series->base;
    state->records[PAYMENT].next = &payment->base;
    state->records[NEXT].next = &receipt->base;
    return 0;
}

/* --- deciding --------------------------------------------------------------------------------- */

static enum subject_verdict refuse_state(struct subject_state *state)
{
    const Ansinh__V1__ReceiptRecord *receipt = receipt_of(state);
    const Ansinh__V1__Code wrong = ANSINH__V1__CODE__CODE_FAILED_PRECONDITION;
    if (receipt == NULL)
        return subject_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "number", "no such receipt");
    if (receipt->state == ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_REVERSED)
        return subject_refuse(state, wrong, "number", "its payment was reversed");
    if (receipt->replaced_by != 0)
        return subject_refuse(state, wrong, "number", "receipt %llu stands for it already",
                              (unsigned long long)receipt->replaced_by);
    if (receipt->epoch == 0)
        return subject_refuse(state, wrong, "number", "this number was never used");
    return subject_refuse(state, wrong, "number", "this receipt is void already");
}

static int may_change(const struct subject_state *state)
{
    const struct change *change = state->arg;
    const Ansinh__V1__ReceiptRecord *receipt = receipt_of(state);
    if (receipt == NULL)
        return 0;
    return receipt->state == ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VALID ||
           (change->is_replacement && receipt->epoch > 0 && receipt->replaced_by == 0 &&
            receipt->state == ANSINH__V1__RECEIPT_STATE__RECEIPT_STATE_VOIDED);
}

static enum subject_verdict decide_void(struct subject_state *state)
{
    const struct change *change = state->arg;
    Ansinh__V1__VoidReceiptResponse *out =
        subject_message(state->request->arena, &ansinh__v1__void_receipt_response__descriptor);
    if (!may_change(state))
        return refuse_state(state);
    if (out == NULL || void_receipt(state) == NULL || make_event(state, 0) < 0)
        return no_memory(state);
    out->series = (char *)(uintptr_t)change->series;
    out->number = change->number;
    state->answer = &out->base;
    return SUBJECT_COMMIT;
}

/* The receipt says which payment's record is needed, too. */
static enum subject_verdict want_payment(struct subject_state *state)
{
    const Ansinh__V1__ReceiptRecord *receipt = receipt_of(state);
    struct receipt_place place;
    receipt_place_payment(receipt->partition,
                          (struct journal_position){receipt->epoch, receipt->seq}, &place);
    (void)subject_want(state, &place, &ansinh__v1__payment_receipt_record__descriptor);
    (void)subject_want(state, &state->records[RECEIPT].place,
                       &ansinh__v1__receipt_record__descriptor); /* NEXT, placed when it is known */
    return SUBJECT_READ;
}

static enum subject_verdict decide_replace(struct subject_state *state)
{
    const struct change *change = state->arg;
    const Ansinh__V1__ReceiptSeriesRecord *series =
        (const Ansinh__V1__ReceiptSeriesRecord *)state->records[SERIES].now;
    if (!may_change(state) || series == NULL)
        return refuse_state(state);
    if (state->n_records <= PAYMENT)
        return want_payment(state);
    uint64_t number = series->next_number;
    Ansinh__V1__ReplaceReceiptResponse *out =
        subject_message(state->request->arena, &ansinh__v1__replace_receipt_response__descriptor);
    Ansinh__V1__ReceiptRecord *before = void_receipt(state);
    if (out == NULL || before == NULL || issue_next(state, number) < 0 ||
        make_event(state, number) < 0)
        return no_memory(state);
    before->replaced_by = number;
    out->series = (char *)(uintptr_t)change->series;
    out->number = change->number;
    out->replacement = number;
    state->answer = &out->base;
    return SUBJECT_COMMIT;
}

/* --- the way in ------------------------------------------------------------------------------- */

static int check(const struct change *change, struct bus_request *request)
{
    const Ansinh__V1__Code bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    if (change->reason != ANSINH__V1__VOID_REASON__VOID_REASON_SPOILT &&
        change->reason != ANSINH__V1__VOID_REASON__VOID_REASON_CORRECTION)
        bus_fail(request, bad, "reason", "want VOID_REASON_SPOILT or VOID_REASON_CORRECTION");
    else if (strlen(change->remark) > REMARK_MAX_BYTES)
        bus_fail(request, bad, "remark", "want at most %d bytes", REMARK_MAX_BYTES);
    else if (!is_officer_code(change->officer))
        bus_fail(request, bad, "officer", "want 1 to 32 letters, digits, - _ .");
    else
        return 1;
    return 0;
}

static void run(const struct change *in, struct bus_request *request,
                const struct subject_spec *spec)
{
    struct receipt_place place;
    uint8_t subject[ID_BYTES];
    if (!check(in, request) || receipts_subject_of(in->svc, request, in->series, subject) < 0)
        return;
    struct change *change = arena_alloc(request->arena, sizeof(*change));
    if (change == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *change = *in;
    struct subject_state *state = subject_create(in->svc, request, subject, change);
    if (state == NULL)
        return;
    receipt_place_series(series_id(in->series), &place);
    (void)subject_want(state, &place, &ansinh__v1__receipt_series_record__descriptor);
    receipt_place_number(series_id(in->series), in->number, &place);
    (void)subject_want(state, &place, &ansinh__v1__receipt_record__descriptor);
    subject_run(state, spec);
}

void on_void_receipt(void *arg, struct bus_request *request)
{
    static const struct subject_spec spec = {.decide = decide_void};
    const struct settlement *settlement = arg;
    const Ansinh__V1__VoidReceiptRequest *in =
        (const Ansinh__V1__VoidReceiptRequest *)request->input;
    const struct change change = {settlement->svc, in->series,  in->number, in->reason,
                                  in->remark,      in->officer, 0};
    run(&change, request, &spec);
}

void on_replace_receipt(void *arg, struct bus_request *request)
{
    static const struct subject_spec spec = {.decide = decide_replace};
    const struct settlement *settlement = arg;
    const Ansinh__V1__ReplaceReceiptRequest *in =
        (const Ansinh__V1__ReplaceReceiptRequest *)request->input;
    const struct change change = {settlement->svc, in->series,  in->number, in->reason,
                                  in->remark,      in->officer, 1};
    run(&change, request, &spec);
}
