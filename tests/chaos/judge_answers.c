/* Every answer of success, held against the citizen's states in the journal. A command's own entry
 * says what it must have answered; a read must have seen one of the states between the last one
 * acknowledged before it was asked and the last one asked for before it was answered. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/payments.pb-c.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "tests/chaos/judge.h"

#define ID_TEXT_BYTES 64

/* The states that a read may have seen: 0 is the one before the first entry. */
struct window {
    const struct line *line;
    size_t low, high;
};

static struct window window_of(const struct line *line, const struct operation *operation)
{
    struct window window = {line, 0, 0};
    for (size_t i = 0; line != NULL && i < line->n; i++) {
        const struct command *command = line->entries[i]->command;
        if (command == NULL)
            continue;
        if (command->ok_us < operation->invoked_us)
            window.low = i + 1;
        if (command->invoked_us < operation->completed_us)
            window.high = i + 1;
    }
    return window;
}

static const struct state *state_at(const struct window *window, size_t i)
{
    static const struct state nothing;
    return i == 0 ? &nothing : &window->line->states[i - 1];
}

/* --- commands --------------------------------------------------------------------------------- */

static int is_enrol_answer(const struct entry *entry, const Ansinh__V1__EnrolResponse *out)
{
    char id[BASE32_TEXT_BYTES], date[DATE_TEXT_BYTES];
    const struct state *state = &entry->line->states[entry->line_i];
    base32_format(entry->line->citizen, id);
    date_format(state->enrolled_day, date);
    return strcmp(out->participant_id, id) == 0 && strcmp(out->enrolled_on, date) == 0;
}

static int is_bill_answer(const struct line *line, const struct state *state,
                          const Ansinh__V1__InquireResponse *out)
{
    char id[ID_TEXT_BYTES], from[MONTH_TEXT_BYTES], to[MONTH_TEXT_BYTES], until[DATE_TEXT_BYTES];
    if (state->bill_months == 0 || out->pockets == NULL)
        return 0;
    base32_format(line->citizen, id);
    (void)snprintf(id + strlen(id), 16, "-%" PRIu32, state->bill_number);
    month_format((int32_t)state->bill_from, from);
    month_format((int32_t)(state->bill_from + state->bill_months - 1), to);
    date_format(state->bill_valid_until, until);
    return strcmp(out->bill_id, id) == 0 && out->bill_version == state->version &&
           strcmp(out->from_month, from) == 0 && strcmp(out->to_month, to) == 0 &&
           strcmp(out->valid_until, until) == 0 && out->gross_vnd == model_bill_gross(state) &&
           out->due_vnd == state->bill_vnd[POCKET_PARTICIPANT] &&
           out->pockets->participant_vnd == state->bill_vnd[POCKET_PARTICIPANT] &&
           out->pockets->central_vnd == state->bill_vnd[POCKET_CENTRAL] &&
           out->pockets->local_vnd == state->bill_vnd[POCKET_LOCAL] &&
           out->pockets->donor_vnd == state->bill_vnd[POCKET_DONOR];
}

static int is_reverse_answer(const struct entry *entry, const Ansinh__V1__ReverseResponse *out)
{
    char id[ENTRY_TEXT_BYTES], payment_id[ENTRY_TEXT_BYTES], until[MONTH_TEXT_BYTES] = "";
    const Ansinh__V1__PaymentReversed *in = entry->event->payment_reversed;
    const struct state *state = &entry->line->states[entry->line_i];
    judge_entry_text(entry, id);
    (void)snprintf(payment_id, sizeof(payment_id), "p%04u-%" PRIu32 "-%" PRIu64, entry->partition,
                   in->payment_epoch, in->payment_seq);
    if (state->covered_until > 0)
        month_format((int32_t)state->covered_until, until);
    return entry->event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED &&
           strcmp(out->reversal_id, id) == 0 && strcmp(out->payment_id, payment_id) == 0 &&
           out->amount_vnd == in->payment->pockets->participant_vnd &&
           strcmp(out->covered_until, until) == 0;
}

static int is_pay_answer(const struct entry *entry, const struct operation *operation,
                         const Ansinh__V1__PayResponse *out)
{
    char id[ID_TEXT_BYTES], until[MONTH_TEXT_BYTES];
    Ansinh__V1__PayRequest *in =
        ansinh__v1__pay_request__unpack(NULL, operation->body_len, operation->body);
    ASSERT(in != NULL);
    judge_entry_text(entry, id);
    month_format((int32_t)entry->line->states[entry->line_i].covered_until, until);
    int is_right = strcmp(out->payment_id, id) == 0 && strcmp(out->bill_id, in->bill_id) == 0 &&
                   out->amount_vnd == in->amount_vnd && strcmp(out->paid_on, in->paid_on) == 0 &&
                   strcmp(out->covered_until, until) == 0;
    ansinh__v1__pay_request__free_unpacked(in, NULL);
    return is_right;
}

/* What the request asked for is what was written. */
static int is_enrol_request(const struct entry *entry, const struct operation *operation)
{
    Ansinh__V1__EnrolRequest *in =
        ansinh__v1__enrol_request__unpack(NULL, operation->body_len, operation->body);
    ASSERT(in != NULL);
    const struct state *state = &entry->line->states[entry->line_i];
    int is_right = state->commune == strtoul(in->unit_code, NULL, 10) &&
                   state->method == (uint32_t)in->method && state->income_vnd == in->income_vnd &&
                   state->support_group == (uint32_t)in->support_group;
    ansinh__v1__enrol_request__free_unpacked(in, NULL);
    return is_right;
}

/* Whether a success tells of the command's own entry. */
static int tells_of_entry(struct judge *self, const struct command *command,
                          const struct operation *operation)
{
    ProtobufCAllocator allocator;
    if (operation->outcome != OUTCOME_OK || command->kind != KIND_INQUIRE)
        return operation->outcome == OUTCOME_OK;
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__InquireResponse *out =
        ansinh__v1__inquire_response__unpack(&allocator, operation->answer_len, operation->answer);
    const struct entry *entry = command->entry;
    return entry != NULL && out != NULL &&
           is_bill_answer(entry->line, &entry->line->states[entry->line_i], out);
}

int64_t judge_inquiry_ok_us(struct judge *self, const struct command *command)
{
    int64_t ok_us = INT64_MAX;
    for (size_t i = 0; i < command->n; i++) {
        if (tells_of_entry(self, command, command->operations[i]))
            ok_us = MIN(ok_us, command->operations[i]->completed_us);
    }
    return ok_us;
}

/* An inquiry that found an open bill committed nothing, and may find another one when repeated. */
static int is_inquire_answer(struct judge *self, const struct command *command,
                             const struct operation *operation,
                             const Ansinh__V1__InquireResponse *out)
{
    uint8_t citizen[ID_BYTES];
    char id[BASE32_TEXT_BYTES];
    if (command->entry != NULL &&
        is_bill_answer(command->entry->line, &command->entry->line->states[command->entry->line_i],
                       out))
        return 1;
    (void)snprintf(id, sizeof(id), "%s", out->bill_id);
    if (base32_parse(id, citizen) < 0)
        return 0;
    struct window window = window_of(judge_line(self, citizen), operation);
    for (size_t i = window.low; i <= window.high && window.line != NULL; i++) {
        if (is_bill_answer(window.line, state_at(&window, i), out))
            return 1;
    }
    return 0;
}

static int check_command(struct judge *self, const struct command *command,
                         const struct operation *operation)
{
    int is_right = 0;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    if (command->kind == KIND_INQUIRE) {
        const Ansinh__V1__InquireResponse *out = ansinh__v1__inquire_response__unpack(
            &allocator, operation->answer_len, operation->answer);
        return out != NULL && is_inquire_answer(self, command, operation, out);
    }
    if (command->entry == NULL)
        return 1; /* lost; said already */
    if (command->kind == KIND_ENROL) {
        const Ansinh__V1__EnrolResponse *out = ansinh__v1__enrol_response__unpack(
            &allocator, operation->answer_len, operation->answer);
        is_right = out != NULL && is_enrol_answer(command->entry, out) &&
                   is_enrol_request(command->entry, command->operations[0]);
    } else if (command->kind == KIND_REVERSE) {
        const Ansinh__V1__ReverseResponse *out = ansinh__v1__reverse_response__unpack(
            &allocator, operation->answer_len, operation->answer);
        is_right = out != NULL && is_reverse_answer(command->entry, out);
    } else if (command->kind >= KIND_CHANGE) {
        is_right = judge_terms_answer(self, command, operation);
    } else if (command->kind != KIND_PAY) {
        is_right = judge_dealing_answer(self, command, operation);
    } else {
        const Ansinh__V1__PayResponse *out =
            ansinh__v1__pay_response__unpack(&allocator, operation->answer_len, operation->answer);
        is_right = out != NULL && is_pay_answer(command->entry, operation, out);
    }
    return is_right;
}

/* The first success's bytes, again, from when on there is something to repeat. */
static void check_repeats(struct judge *self, const struct command *command)
{
    const struct operation *first = NULL;
    for (size_t i = 0; i < command->n; i++) {
        const struct operation *operation = command->operations[i];
        if (operation->outcome != OUTCOME_OK)
            continue;
        if (first == NULL && tells_of_entry(self, command, operation))
            first = operation;
        if (first != NULL &&
            (operation->raw != first->raw || operation->answer_len != first->answer_len ||
             memcmp(operation->answer, first->answer, first->answer_len) != 0))
            judge_find(self, FINDING_ANSWER, operation,
                       "a repetition was answered with other bytes");
    }
}

static void check_commands(struct judge *self)
{
    for (size_t i = 0; i < self->n_commands; i++) {
        const struct command *command = self->commands[i];
        for (size_t j = 0; j < command->n; j++) {
            const struct operation *operation = command->operations[j];
            if (operation->outcome == OUTCOME_OK && !check_command(self, command, operation))
                judge_find(self, FINDING_ANSWER, operation,
                           "the answer is not what the journal says");
        }
        check_repeats(self, command);
    }
}

/* --- reads ------------------------------------------------------------------------------------ */

static int is_participant(const struct line *line, const struct state *state,
                          const Ansinh__V1__GetParticipantResponse *out)
{
    char id[BASE32_TEXT_BYTES], until[MONTH_TEXT_BYTES] = "", accepted[DATE_TEXT_BYTES] = "";
    base32_format(line->citizen, id);
    if (state->covered_until > 0)
        month_format((int32_t)state->covered_until, until);
    if (state->accepted_day != 0)
        date_format(state->accepted_day, accepted);
    return strcmp(out->participant_id, id) == 0 && strcmp(out->accepted_on, accepted) == 0 &&
           (out->state == ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_ENDED) ==
               state->has_ended &&
           strtoul(out->unit_code, NULL, 10) == state->commune &&
           (uint32_t)out->support_group == state->support_group &&
           out->months_paid == state->months_paid &&
           out->months_supported == state->months_supported &&
           strcmp(out->covered_until, until) == 0 && out->income_vnd == state->income_vnd &&
           (uint32_t)out->method == state->method;
}

static void check_participant(struct judge *self, const struct operation *operation)
{
    ProtobufCAllocator allocator;
    uint8_t citizen[ID_BYTES];
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__GetParticipantRequest *in = ansinh__v1__get_participant_request__unpack(
        &allocator, operation->body_len, operation->body);
    ASSERT(in != NULL);
    keyring_hash(self->keyring, 'c', in->personal_id, citizen);
    struct window window = window_of(judge_line(self, citizen), operation);
    if (operation->outcome != OUTCOME_OK) {
        if (operation->code == ANSINH__V1__CODE__CODE_NOT_FOUND && window.low > 0)
            judge_find(self, FINDING_LOST, operation,
                       "a participant whose enrolment was acknowledged is not found");
        return;
    }
    const Ansinh__V1__GetParticipantResponse *out = ansinh__v1__get_participant_response__unpack(
        &allocator, operation->answer_len, operation->answer);
    for (size_t i = MAX(window.low, (size_t)1); out != NULL && i <= window.high; i++) {
        if (is_participant(window.line, state_at(&window, i), out))
            return;
    }
    judge_find(self, FINDING_ANSWER, operation,
               "no state from entry %zu to entry %zu of the participant is like this", window.low,
               window.high);
}

static int is_payment(const struct entry *entry, const Ansinh__V1__GetPaymentResponse *out)
{
    char id[ID_TEXT_BYTES];
    const Ansinh__V1__PaymentRecorded *paid = entry->event->payment_recorded;
    base32_format(entry->line->citizen, id);
    int is_citizen = strcmp(out->participant_id, id) == 0;
    (void)snprintf(id + strlen(id), 16, "-%" PRIu32, paid->bill_number);
    return is_citizen && strcmp(out->bill_id, id) == 0 && paid->pockets != NULL &&
           out->amount_vnd == paid->pockets->participant_vnd && out->channel == paid->channel &&
           out->recorded_at_ms == entry->event->at_ms;
}

/* Whether a payment was said to be taken back when it was. */
static int is_standing_told(const struct entry *entry, const struct operation *operation,
                            const Ansinh__V1__GetPaymentResponse *out)
{
    char id[ENTRY_TEXT_BYTES];
    const struct entry *reversal = entry->reversal;
    const struct command *by = reversal == NULL ? NULL : reversal->command;
    if (out->reversal_id[0] == '\0')
        return out->reversed_on[0] == '\0' && (by == NULL || by->ok_us >= operation->invoked_us);
    if (by == NULL || by->invoked_us > operation->completed_us)
        return 0;
    judge_entry_text(reversal, id);
    return strcmp(out->reversal_id, id) == 0 &&
           out->reversal_reason == reversal->event->payment_reversed->reason;
}

static void check_payment(struct judge *self, const struct operation *operation)
{
    ProtobufCAllocator allocator;
    unsigned partition;
    struct journal_position position = {0, 0};
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__GetPaymentRequest *in =
        ansinh__v1__get_payment_request__unpack(&allocator, operation->body_len, operation->body);
    ASSERT(in != NULL);
    if (operation->outcome != OUTCOME_OK) {
        if (operation->code == ANSINH__V1__CODE__CODE_NOT_FOUND && in->payment_id[0] != '\0')
            judge_find(self, FINDING_LOST, operation,
                       "a payment that was acknowledged is not found");
        return;
    }
    const Ansinh__V1__GetPaymentResponse *out = ansinh__v1__get_payment_response__unpack(
        &allocator, operation->answer_len, operation->answer);
    const struct entry *entry = NULL;
    if (out != NULL && sscanf(out->payment_id, "p%u-%" SCNu32 "-%" SCNu64, &partition,
                              &position.epoch, &position.seq) == 3)
        entry = witness_find(self->witness, partition, position);
    if (entry == NULL || entry->line == NULL ||
        entry->event->kind_case != ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED ||
        !is_payment(entry, out) || !is_standing_told(entry, operation, out))
        judge_find(self, FINDING_ANSWER, operation, "the payment is another one in the journal");
}

/* A quote depends on nothing that changes. */
static void check_quote(struct judge *self, struct map *quotes, const struct operation *operation)
{
    uint64_t key = history_hash(operation->body, operation->body_len);
    const struct operation *first = map_get(quotes, &key, sizeof(key));
    if (operation->outcome != OUTCOME_OK)
        return;
    if (first == NULL)
        (void)map_put(quotes, &key, sizeof(key), (void *)(uintptr_t)operation);
    else if (first->answer_len != operation->answer_len ||
             memcmp(first->answer, operation->answer, first->answer_len) != 0)
        judge_find(self, FINDING_ANSWER, operation, "the same question was answered otherwise");
}

/* --- the board -------------------------------------------------------------------------------- */

static int compare_times(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

/* When the first payments were asked for, ascending. */
static int64_t *first_payments(const struct judge *self, size_t *ret_n)
{
    const struct witness *witness = self->witness;
    int64_t *times = malloc((witness->n_entries + 1) * sizeof(*times));
    ASSERT(times != NULL);
    *ret_n = 0;
    for (size_t i = 0; i < witness->n_entries; i++) {
        const struct entry *entry = &witness->entries[i];
        if (entry->event != NULL && entry->command != NULL &&
            entry->event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED &&
            entry->event->payment_recorded->is_first)
            times[(*ret_n)++] = entry->command->invoked_us;
    }
    qsort(times, *ret_n, sizeof(*times), compare_times);
    return times;
}

/* The board may be behind, but it never counts who has not even been asked for. */
static void check_progress(struct judge *self, const int64_t *times, size_t n,
                           const struct operation *operation)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    if (operation->outcome != OUTCOME_OK)
        return;
    const Ansinh__V1__GetProgressResponse *out = ansinh__v1__get_progress_response__unpack(
        &allocator, operation->answer_len, operation->answer);
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (times[middle] < operation->completed_us)
            low = middle + 1;
        else
            high = middle;
    }
    if (out == NULL || out->participants < 0 || (size_t)out->participants > low)
        judge_find(self, FINDING_DOUBLED, operation,
                   "the board shows %lld participants when at most %zu had been asked for",
                   out == NULL ? -1LL : (long long)out->participants, low);
}

void judge_answers(struct judge *self)
{
    size_t n_payments;
    int64_t *payments = first_payments(self, &n_payments);
    struct map *quotes = map_create();
    check_commands(self);
    for (size_t i = 0; i < self->history->n; i++) {
        const struct operation *operation = &self->history->operations[i];
        if (operation->outcome == OUTCOME_UNKNOWN)
            continue;
        if (operation->kind == KIND_PARTICIPANT)
            check_participant(self, operation);
        else if (operation->kind == KIND_PAYMENT)
            check_payment(self, operation);
        else if (operation->kind == KIND_QUOTE)
            check_quote(self, quotes, operation);
        else if (operation->kind == KIND_PROGRESS)
            check_progress(self, payments, n_payments, operation);
    }
    map_destroy(&quotes);
    free(payments);
}
