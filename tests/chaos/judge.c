#include "tests/chaos/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/log.h"

#define ARENA_MAX_BYTES ((size_t)8 * 1024 * 1024 * 1024)
#define SHOWN_MAX 20
#define TEXT_BYTES 400

static const char *const names[FINDINGS] = {"lost", "doubled", "order", "answer", "model"};

void judge_find(struct judge *self, enum finding what, const struct operation *operation,
                const char *format, ...)
{
    char text[TEXT_BYTES];
    va_list args;
    if (self->n_found[what]++ >= SHOWN_MAX)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    (void)printf("%s: %s", names[what], text);
    if (operation != NULL)
        (void)printf(" (client %u, operation %lu, %s)", operation->client, operation->number,
                     kind_method(operation->kind));
    (void)printf("\n");
}

/* --- gathering -------------------------------------------------------------------------------- */

void judge_init(struct judge *self, const struct history *history, struct witness *witness,
                const struct keyring *keyring)
{
    *self = (struct judge){
        .history = history,
        .witness = witness,
        .keyring = keyring,
        .arena = arena_create(ARENA_MAX_BYTES),
        .by_id = map_create(),
        .by_citizen = map_create(),
        .by_transaction = map_create(),
        .aliases = map_create(),
    };
}

void judge_fini(struct judge *self)
{
    struct line *line;
    for (size_t cursor = 0; (line = map_next(self->by_citizen, &cursor)) != NULL;) {
        free(line->entries);
        free(line->states);
    }
    for (size_t i = 0; i < self->n_commands; i++)
        free(self->commands[i]->operations);
    free(self->commands);
    map_destroy(&self->by_id);
    map_destroy(&self->by_citizen);
    map_destroy(&self->by_transaction);
    map_destroy(&self->aliases);
    arena_destroy(&self->arena);
}

/* Makes room for one more element; answers the array. */
static void *grow(void *array, size_t n, size_t *capacity, size_t size)
{
    if (n < *capacity)
        return array;
    *capacity = MAX((size_t)4, 2 * *capacity);
    array = realloc(array, *capacity * size);
    ASSERT(array != NULL);
    return array;
}

static struct command *command_get(struct judge *self, const struct operation *operation)
{
    struct command *command = map_get(self->by_id, operation->id.bytes, ID_BYTES);
    if (command != NULL)
        return command;
    command = arena_zalloc(self->arena, sizeof(*command));
    ASSERT(command != NULL);
    command->id = operation->id;
    command->kind = operation->kind;
    command->invoked_us = command->ok_us = INT64_MAX;
    (void)map_put(self->by_id, operation->id.bytes, ID_BYTES, command);
    self->commands =
        grow(self->commands, self->n_commands, &self->commands_capacity, sizeof(struct command *));
    self->commands[self->n_commands++] = command;
    return command;
}

/* Another body under the same id is another request, which must be refused. */
static int is_own_body(const struct command *command, const struct operation *operation)
{
    const struct operation *first = command->operations[0];
    return operation->kind == first->kind && operation->body_len == first->body_len &&
           (first->body_len == 0 || memcmp(operation->body, first->body, first->body_len) == 0);
}

/* A client's operations are in the order of their invocation; only one client uses an id. */
static void gather_command(struct judge *self, const struct operation *operation)
{
    struct command *command = command_get(self, operation);
    command->operations =
        grow(command->operations, command->n, &command->capacity, sizeof(struct operation *));
    command->operations[command->n++] = operation;
    command->invoked_us = MIN(command->invoked_us, operation->invoked_us);
    if (operation->outcome == OUTCOME_OK && !is_own_body(command, operation))
        judge_find(self, FINDING_DOUBLED, operation, "another request under a used id was done");
    else if (operation->outcome == OUTCOME_OK)
        command->ok_us = MIN(command->ok_us, operation->completed_us);
    command->n_ok += operation->outcome == OUTCOME_OK;
    command->n_unknown += operation->outcome == OUTCOME_UNKNOWN;
}

static void gather_alias(struct judge *self, const struct operation *operation)
{
    uint8_t key[2 * ID_BYTES];
    Ansinh__V1__EnrolRequest *in =
        ansinh__v1__enrol_request__unpack(NULL, operation->body_len, operation->body);
    ASSERT(in != NULL);
    if (in->si_code[0] != '\0') {
        keyring_hash(self->keyring, 's', in->si_code, key);
        keyring_hash(self->keyring, 'c', in->personal_id, key + ID_BYTES);
        (void)map_put(self->aliases, key, sizeof(key), (void *)(uintptr_t)operation);
    }
    ansinh__v1__enrol_request__free_unpacked(in, NULL);
}

static void gather(struct judge *self)
{
    for (size_t i = 0; i < self->history->n; i++) {
        const struct operation *operation = &self->history->operations[i];
        if (operation->kind <= KIND_LAST_COMMAND)
            gather_command(self, operation);
        if (operation->kind == KIND_ENROL)
            gather_alias(self, operation);
    }
    for (size_t i = 0; i < self->n_commands; i++) {
        self->n_acknowledged += self->commands[i]->n_ok > 0;
        self->n_unknown += self->commands[i]->n_unknown > 0;
    }
}

/* --- the journal ------------------------------------------------------------------------------ */

struct line *judge_line(const struct judge *self, const uint8_t citizen[ID_BYTES])
{
    return map_get(self->by_citizen, citizen, ID_BYTES);
}

static struct line *line_get(struct judge *self, const uint8_t citizen[ID_BYTES])
{
    struct line *line = judge_line(self, citizen);
    if (line != NULL)
        return line;
    line = arena_zalloc(self->arena, sizeof(*line));
    ASSERT(line != NULL);
    memcpy(line->citizen, citizen, ID_BYTES);
    (void)map_put(self->by_citizen, citizen, ID_BYTES, line);
    return line;
}

static void take_alias(struct judge *self, const struct entry *entry)
{
    const Ansinh__V1__Event *event = entry->event;
    uint8_t key[2 * ID_BYTES];
    if (event->alias_claimed->alias.len == ID_BYTES) {
        memcpy(key, event->alias_claimed->alias.data, ID_BYTES);
        memcpy(key + ID_BYTES, event->citizen.data, ID_BYTES);
        if (map_get(self->aliases, key, sizeof(key)) != NULL)
            return;
    }
    judge_find(self, FINDING_DOUBLED, NULL, "p%04u %" PRIu64 ": an alias that nobody asked for",
               entry->partition, entry->position.seq);
}

/* The payment that a reversal names must be the newest one that stands. */
static void take_reversal(struct judge *self, const struct line *line, const struct state *before,
                          const struct entry *entry)
{
    const Ansinh__V1__PaymentReversed *in = entry->event->payment_reversed;
    struct entry *payment =
        before->paid_version == 0 ? NULL : line->entries[before->paid_version - 1];
    if (payment == NULL || payment->position.epoch != in->payment_epoch ||
        payment->position.seq != in->payment_seq)
        judge_find(self, FINDING_MODEL, NULL, "p%04u %" PRIu64 ": takes back what does not stand",
                   entry->partition, entry->position.seq);
    else
        payment->reversal = entry;
}

/* Receipts are given by the platform itself; verify holds them against the payments. */
static int is_platforms_own(const Ansinh__V1__Event *event)
{
    return event != NULL && (event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPTS_ISSUED ||
                             event->kind_case == ANSINH__V1__EVENT__KIND_RECEIPT_VOIDED);
}

static int is_about_transaction(const Ansinh__V1__Event *event)
{
    return event != NULL && (event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLAIMED ||
                             event->kind_case == ANSINH__V1__EVENT__KIND_TRANSACTION_CLOSED);
}

/* Whose line an event belongs to: a citizen's, or a session's. */
static const ProtobufCBinaryData *key_of(const Ansinh__V1__Event *event)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_SESSION_RECORDED)
        return &event->session_recorded->subject;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTACTS_RECORDED)
        return &event->contacts_recorded->subject;
    return &event->citizen;
}

static void take_entry(struct judge *self, struct entry *entry)
{
    const Ansinh__V1__Event *event = entry->event;
    if (is_platforms_own(event))
        return;
    if (is_about_transaction(event)) { /* changes nothing of a citizen */
        judge_take_dealing(self, entry);
        return;
    }
    const ProtobufCBinaryData *key = event == NULL ? NULL : key_of(event);
    if (key == NULL || key->len != ID_BYTES) {
        judge_find(self, FINDING_MODEL, NULL, "p%04u %" PRIu64 ": cannot be read", entry->partition,
                   entry->position.seq);
        return;
    }
    if (event->kind_case == ANSINH__V1__EVENT__KIND_ALIAS_CLAIMED) {
        take_alias(self, entry);
        return;
    }
    struct line *line = line_get(self, key->data);
    size_t capacity = line->capacity;
    line->entries = grow(line->entries, line->n, &line->capacity, sizeof(struct entry *));
    line->states = grow(line->states, line->n, &capacity, sizeof(*line->states));
    struct state state = {0};
    if (line->n > 0)
        state = line->states[line->n - 1];
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED)
        take_reversal(self, line, &state, entry);
    const char *wrong = model_apply(&state, line->states, event);
    if (wrong[0] != '\0')
        judge_find(self, FINDING_MODEL, NULL, "p%04u %" PRIu64 ": %s", entry->partition,
                   entry->position.seq, wrong);
    entry->line = line;
    entry->line_i = line->n;
    line->entries[line->n] = entry;
    line->states[line->n++] = state;
    line->has_turned |= event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED ||
                        event->kind_case == ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED;
    judge_take_dealing(self, entry);
}

void judge_link(struct judge *self, struct command *command, struct entry *entry)
{
    if (command->is_stored)
        judge_find(self, FINDING_DOUBLED, command->operations[0], "done twice");
    if (entry->command != NULL)
        judge_find(self, FINDING_DOUBLED, command->operations[0],
                   "two commands claim one journal entry");
    command->is_stored = 1;
    command->entry = entry;
    entry->command = command;
}

/* Whether an entry is one that no request id of a client leads to: aliases' and receipts' ids are
 * derived, and of partners' requests each has several. */
static int has_derived_id(const struct entry *entry)
{
    const Ansinh__V1__Event *event = entry->event;
    if (entry->line == NULL)
        return 1;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED)
        return event->payment_recorded->partner[0] != '\0';
    return event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED &&
           event->payment_reversed->transaction_id[0] != '\0';
}

/* Which command each entry was made by. */
static void take_stored(struct judge *self)
{
    const struct witness *witness = self->witness;
    for (size_t i = 0; i < witness->n_stored; i++) {
        const struct stored *stored = &witness->stored[i];
        struct command *command = map_get(self->by_id, stored->id.bytes, ID_BYTES);
        struct entry *entry = witness_find(witness, stored->partition, stored->position);
        if (entry != NULL && has_derived_id(entry))
            continue;
        if (command == NULL || entry == NULL) {
            judge_find(self, FINDING_DOUBLED, NULL, "p%04u %" PRIu64 ": %s", stored->partition,
                       stored->position.seq,
                       command == NULL ? "under a request id that no client used"
                                       : "a stored answer without an entry");
            continue;
        }
        judge_link(self, command, entry);
        if (command->kind == KIND_INQUIRE)
            command->ok_us = judge_inquiry_ok_us(self, command);
    }
}

/* --- the rules -------------------------------------------------------------------------------- */

/* An inquiry that found the open bill has left nothing behind, so a repetition asks anew: it may be
 * refused, and the next one be done, when a payment came and was taken back in between. Not once
 * its own entry was told of. */
static int is_asked_anew(const struct command *command, const struct operation *refused)
{
    if (command->kind != KIND_INQUIRE || refused->invoked_us > command->ok_us)
        return 0;
    for (size_t i = 0; i < command->n; i++) {
        const struct operation *operation = command->operations[i];
        if (operation->invoked_us > refused->completed_us &&
            (operation->outcome == OUTCOME_OK || operation->outcome == OUTCOME_UNKNOWN))
            return 1;
    }
    return 0;
}

/* Whether a refusal may be followed by a success: of an inquiry, a reversal, a change or a decision
 * whose earlier attempt still hung somewhere, and went on when the bill was open, the months no
 * longer paid or the acceptance undone, or the clock was another. */
static int may_be_overtaken(const struct command *command, const struct operation *refused)
{
    if (command->kind == KIND_INQUIRE && !command->entry->line->has_turned &&
        refused->code != ANSINH__V1__CODE__CODE_INVALID_ARGUMENT)
        return 0;
    if (command->kind != KIND_INQUIRE && command->kind != KIND_REVERSE &&
        command->kind != KIND_TAKE_BACK && command->kind != KIND_CHANGE &&
        command->kind != KIND_DECIDE)
        return 0;
    for (size_t i = 0; i < command->n; i++) {
        const struct operation *operation = command->operations[i];
        if (operation->outcome == OUTCOME_UNKNOWN && operation->invoked_us < refused->completed_us)
            return refused->invoked_us < command->ok_us;
    }
    return 0;
}

/* A refusal by the rules says for ever that this command is not done; an outage speaks of one
 * attempt, and so does a clock as long as there is no success. */
static void check_refusals(struct judge *self, const struct command *command)
{
    for (size_t i = 0; i < command->n; i++) {
        const struct operation *operation = command->operations[i];
        int is_by_clock = operation->outcome == OUTCOME_TURNED_AWAY &&
                          operation->code == ANSINH__V1__CODE__CODE_INVALID_ARGUMENT &&
                          operation->invoked_us > command->ok_us;
        if ((operation->outcome != OUTCOME_REFUSED && !is_by_clock) ||
            !is_own_body(command, operation) || may_be_overtaken(command, operation) ||
            is_asked_anew(command, operation))
            continue;
        judge_find(self, FINDING_DOUBLED, operation, "refused with code %u, and done",
                   operation->code);
    }
}

static void check_command(struct judge *self, const struct command *command)
{
    const struct operation *first = command->operations[0];
    if (command->is_stored) {
        check_refusals(self, command);
        if (command->n_ok == 0 && command->n_unknown == 0)
            judge_find(self, FINDING_DOUBLED, first,
                       "every attempt came back without it, and it was done");
    } else if (command->ok_us != INT64_MAX && command->kind != KIND_INQUIRE) {
        judge_find(self, FINDING_LOST, first, "acknowledged, and not in the journal");
    }
}

/* Per partition, since Redis does one commit after the other: nobody's entry stands before one that
 * had been acknowledged before it was asked for. */
static void check_order(struct judge *self)
{
    const struct witness *witness = self->witness;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        const struct entry *soonest = NULL; /* of those behind, the one acknowledged first */
        for (size_t i = witness->first[p + 1]; i-- > witness->first[p];) {
            const struct entry *entry = &witness->entries[i];
            const struct command *command = entry->command;
            if (command == NULL)
                continue;
            if (soonest != NULL && soonest->command->ok_us < command->invoked_us)
                judge_find(self, FINDING_ORDER, command->operations[0],
                           "p%04u %" PRIu64 " stands before %" PRIu64
                           ", which had been acknowledged before this was asked for",
                           p, entry->position.seq, soonest->position.seq);
            if (command->ok_us != INT64_MAX &&
                (soonest == NULL || command->ok_us < soonest->command->ok_us))
                soonest = entry;
        }
    }
}

static void check_entries(struct judge *self)
{
    for (size_t i = 0; i < self->witness->n_entries; i++) {
        const struct entry *entry = &self->witness->entries[i];
        if (entry->line != NULL && entry->command == NULL)
            judge_find(self, FINDING_DOUBLED, NULL, "p%04u %" PRIu64 ": nobody asked for it",
                       entry->partition, entry->position.seq);
    }
}

void judge_all(struct judge *self)
{
    gather(self);
    for (size_t i = 0; i < self->witness->n_entries; i++)
        take_entry(self, &self->witness->entries[i]);
    take_stored(self);
    for (size_t i = 0; i < self->n_commands; i++)
        check_command(self, self->commands[i]);
    check_entries(self);
    check_order(self);
    judge_answers(self);
    judge_dealings(self);
}
