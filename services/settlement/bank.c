/* PostBankEntry and MoveSuspense: each bank entry is a record of the ledger, written once. */
#include "services/settlement/bank.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/ledger.pb-c.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/postings.h"
#include "services/settlement/settlement.h"
#include "common/service/subject.h"

#define TEXT_MAX_BYTES 35
#define AMOUNT_MAX_VND 100000000000000LL /* of one entry: sums of many stay exact */

/* Lives in the request's arena. */
struct bank_call {
    struct settlement *settlement;
    struct bus_request *request;
    const Ansinh__V1__PostBankEntryRequest *post; /* one of the two */
    const Ansinh__V1__MoveSuspenseRequest *move;
    int32_t booked_day;
    int is_refreshed;
};

static enum subject_verdict no_memory(struct subject_state *state)
{
    return subject_refuse(state, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
}

static void *make(struct subject_state *state, const ProtobufCMessageDescriptor *type)
{
    return subject_message(state->request->arena, type);
}

/* --- posting ---------------------------------------------------------------------------------- */

static int is_same(const Ansinh__V1__BankEntryRecord *record,
                   const Ansinh__V1__BankEntryRecord *wanted)
{
    return record->amount_vnd == wanted->amount_vnd && record->booked_day == wanted->booked_day &&
           strcmp(record->organisation_code, wanted->organisation_code) == 0 &&
           strcmp(record->reference, wanted->reference) == 0;
}

static void fill_entry(const struct bank_call *self, int64_t now_ms,
                       Ansinh__V1__BankEntryRecord *ret)
{
    const Ansinh__V1__PostBankEntryRequest *in = self->post;
    ret->bank_account = in->bank_account;
    ret->statement_id = in->statement_id;
    ret->entry_ref = in->entry_ref;
    ret->amount_vnd = in->amount_vnd;
    ret->booked_day = self->booked_day;
    ret->organisation_code = in->organisation_code;
    ret->reference = in->reference[0] == '\0' ? in->entry_ref : in->reference;
    ret->suspense_vnd = in->organisation_code[0] == '\0' ? in->amount_vnd : 0;
    ret->posted_at_ms = now_ms;
}

static void fill_answer(const Ansinh__V1__BankEntryRecord *entry,
                        Ansinh__V1__PostBankEntryResponse *ret)
{
    ret->suspense_vnd = entry->suspense_vnd;
    ret->reference = entry->reference;
    ret->posted_at_ms = entry->posted_at_ms;
}

static enum subject_verdict decide_post(struct subject_state *state)
{
    const struct bank_call *self = state->arg;
    const Ansinh__V1__BankEntryRecord *before =
        (const Ansinh__V1__BankEntryRecord *)state->records[0].now;
    Ansinh__V1__BankEntryRecord *entry = make(state, &ansinh__v1__bank_entry_record__descriptor);
    Ansinh__V1__Event *event = make(state, &ansinh__v1__event__descriptor);
    Ansinh__V1__BankEntryPosted *posted = make(state, &ansinh__v1__bank_entry_posted__descriptor);
    Ansinh__V1__PostBankEntryResponse *out =
        make(state, &ansinh__v1__post_bank_entry_response__descriptor);
    struct postings postings;
    if (entry == NULL || event == NULL || posted == NULL || out == NULL)
        return no_memory(state);
    fill_entry(self, state->now_ms, entry);
    if (before != NULL && !is_same(before, entry))
        return subject_refuse(state, ANSINH__V1__CODE__CODE_ALREADY_EXISTS, "entry_ref",
                              "posted before with another content; nothing changed");
    if (before != NULL) {
        fill_answer(before, out);
        bus_reply(state->request, &out->base);
        return SUBJECT_ANSWERED;
    }
    posted->subject = (ProtobufCBinaryData){ID_BYTES, state->subject};
    posted->entry = entry;
    event->kind_case = ANSINH__V1__EVENT__KIND_BANK_ENTRY_POSTED;
    event->bank_entry_posted = posted;
    post_bank_entry(entry->bank_account, entry->organisation_code, entry->reference,
                    entry->amount_vnd, &postings);
    if (event_set_postings(event, &postings, state->request->arena) < 0)
        return no_memory(state);
    fill_answer(entry, out);
    state->records[0].next = &entry->base;
    state->event = event;
    state->answer = &out->base;
    return SUBJECT_COMMIT;
}

static void complete_post(struct subject_state *state, ProtobufCMessage *answer,
                          struct journal_position position)
{
    char *id = arena_alloc(state->request->arena, POSITION_TEXT_BYTES);
    if (id == NULL)
        return;
    position_format(state->partition, position, id);
    ((Ansinh__V1__PostBankEntryResponse *)answer)->entry_id = id;
}

/* --- moving ----------------------------------------------------------------------------------- */

static int make_move(struct subject_state *state, const Ansinh__V1__BankEntryRecord *before,
                     int64_t vnd)
{
    const struct bank_call *self = state->arg;
    Ansinh__V1__BankEntryRecord *after = make(state, &ansinh__v1__bank_entry_record__descriptor);
    Ansinh__V1__Event *event = make(state, &ansinh__v1__event__descriptor);
    Ansinh__V1__SuspenseMoved *moved = make(state, &ansinh__v1__suspense_moved__descriptor);
    Ansinh__V1__MoveSuspenseResponse *out =
        make(state, &ansinh__v1__move_suspense_response__descriptor);
    struct postings postings;
    if (after == NULL || event == NULL || moved == NULL || out == NULL)
        return -ENOMEM;
    *after = *before;
    after->suspense_vnd -= vnd;
    moved->subject = (ProtobufCBinaryData){ID_BYTES, state->subject};
    moved->amount_vnd = out->moved_vnd = vnd;
    moved->organisation_code = self->move->organisation_code;
    moved->officer_code = self->move->officer_code;
    moved->reference = before->reference;
    moved->suspense_vnd = out->suspense_vnd = after->suspense_vnd;
    event->kind_case = ANSINH__V1__EVENT__KIND_SUSPENSE_MOVED;
    event->suspense_moved = moved;
    post_suspense_move(moved->reference, moved->organisation_code, vnd, &postings);
    state->records[0].next = &after->base;
    state->event = event;
    state->answer = &out->base;
    return event_set_postings(event, &postings, state->request->arena);
}

static enum subject_verdict decide_move(struct subject_state *state)
{
    const struct bank_call *self = state->arg;
    const Ansinh__V1__BankEntryRecord *before =
        (const Ansinh__V1__BankEntryRecord *)state->records[0].now;
    const Ansinh__V1__Code wrong_state = ANSINH__V1__CODE__CODE_FAILED_PRECONDITION;
    if (before == NULL)
        return subject_refuse(state, ANSINH__V1__CODE__CODE_NOT_FOUND, "entry_ref",
                              "no such bank entry");
    int64_t left_vnd = before->suspense_vnd;
    int64_t vnd = self->move->amount_vnd == 0 ? left_vnd : self->move->amount_vnd;
    if (left_vnd == 0)
        return subject_refuse(state, wrong_state, "entry_ref", "nothing of it is in suspense");
    if (left_vnd > 0 ? vnd < 0 || vnd > left_vnd : vnd > 0 || vnd < left_vnd)
        return subject_refuse(state, wrong_state, "amount_vnd", "%lld dong are in suspense",
                              (long long)left_vnd);
    return make_move(state, before, vnd) < 0 ? no_memory(state) : SUBJECT_COMMIT;
}

static void complete_move(struct subject_state *state, ProtobufCMessage *answer,
                          struct journal_position position)
{
    char *id = arena_alloc(state->request->arena, POSITION_TEXT_BYTES);
    if (id == NULL)
        return;
    position_format(state->partition, position, id);
    ((Ansinh__V1__MoveSuspenseResponse *)answer)->entry_id = id;
}

/* --- the way in ------------------------------------------------------------------------------- */

static void run(struct bank_call *self)
{
    static const struct subject_spec post = {.decide = decide_post, .complete = complete_post};
    static const struct subject_spec move = {.decide = decide_move, .complete = complete_move};
    const Ansinh__V1__PostBankEntryRequest *in = self->post;
    struct receipt_place place;
    uint8_t subject[ID_BYTES];
    char text[4 * (TEXT_MAX_BYTES + 1)];
    (void)snprintf(text, sizeof(text), "bank\n%s\n%s\n%s",
                   in != NULL ? in->bank_account : self->move->bank_account,
                   in != NULL ? in->statement_id : self->move->statement_id,
                   in != NULL ? in->entry_ref : self->move->entry_ref);
    keyring_hash(self->settlement->svc->keyring, 'h', text, subject);
    struct subject_state *state =
        subject_create(self->settlement->svc, self->request, subject, self);
    if (state == NULL)
        return;
    receipt_place_bank(subject, &place);
    (void)subject_want(state, &place, &ansinh__v1__bank_entry_record__descriptor);
    subject_run(state, in != NULL ? &post : &move);
}

static void start(struct bank_call *self);

static void on_refreshed(void *arg, int rc)
{
    struct bank_call *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->request);
    else
        start(self);
}

static void start(struct bank_call *self)
{
    const struct directory *directory = self->settlement->svc->directory;
    const char *code =
        self->post != NULL ? self->post->organisation_code : self->move->organisation_code;
    if (code[0] == '\0' || directory_organisation(directory, code) != NULL)
        run(self);
    else if (!self->is_refreshed)
        directory_refresh(self->settlement->svc->directory, on_refreshed, self);
    else
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "organisation_code",
                 "unknown code");
}

static int is_text(const char *text)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++) {
        if (n == TEXT_MAX_BYTES || text[n] < ' ' || text[n] > '~')
            return 0;
    }
    return n > 0;
}

/* The first of the texts that is none; NULL: they are all well. names in the same order. */
static const char *wrong_text(const char *const *texts, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!is_text(texts[i]))
            return names[i];
    }
    return NULL;
}

static struct bank_call *call_create(struct settlement *settlement, struct bus_request *request)
{
    if (!settlement_leads(settlement, request))
        return NULL;
    struct bank_call *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return NULL;
    }
    self->settlement = settlement;
    self->request = request;
    return self;
}

#define TEXT_WANTED "want 1 to 35 printable ASCII characters"

void on_post_bank_entry(void *arg, struct bus_request *request)
{
    static const char *const names[] = {"bank_account", "statement_id", "entry_ref", "reference"};
    const Ansinh__V1__Code bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    const Ansinh__V1__PostBankEntryRequest *in =
        (const Ansinh__V1__PostBankEntryRequest *)request->input;
    const char *const texts[] = {in->bank_account, in->statement_id, in->entry_ref, in->reference};
    struct bank_call *self = call_create(arg, request);
    if (self == NULL)
        return;
    self->post = in;
    const char *wrong = wrong_text(texts, names, in->reference[0] == '\0' ? 3 : 4);
    if (wrong != NULL)
        bus_fail(request, bad, wrong, TEXT_WANTED);
    else if (in->amount_vnd == 0 || in->amount_vnd > AMOUNT_MAX_VND ||
             in->amount_vnd < -AMOUNT_MAX_VND)
        bus_fail(request, bad, "amount_vnd", "want a sum other than 0, at most %lld dong",
                 AMOUNT_MAX_VND);
    else if (date_parse(in->booked_on, &self->booked_day) < 0)
        bus_fail(request, bad, "booked_on", "want YYYY-MM-DD");
    else
        start(self);
}

void on_move_suspense(void *arg, struct bus_request *request)
{
    static const char *const names[] = {"bank_account", "statement_id", "entry_ref",
                                        "organisation_code", "officer_code"};
    const Ansinh__V1__Code bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    const Ansinh__V1__MoveSuspenseRequest *in =
        (const Ansinh__V1__MoveSuspenseRequest *)request->input;
    const char *const texts[] = {in->bank_account, in->statement_id, in->entry_ref,
                                 in->organisation_code, in->officer_code};
    struct bank_call *self = call_create(arg, request);
    if (self == NULL)
        return;
    self->move = in;
    const char *wrong = wrong_text(texts, names, ARRAY_LEN(texts));
    if (wrong != NULL)
        bus_fail(request, bad, wrong, TEXT_WANTED);
    else if (in->amount_vnd > AMOUNT_MAX_VND || in->amount_vnd < -AMOUNT_MAX_VND)
        bus_fail(request, bad, "amount_vnd", "want at most %lld dong", AMOUNT_MAX_VND);
    else
        start(self);
}
