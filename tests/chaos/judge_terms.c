/* Answers to changes and ends of participations, to the office's decisions and about sessions, held
 * against their own entries. */
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/campaigns.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/service/api.h"
#include "tests/chaos/judge.h"

static const struct state *state_of(const struct entry *entry)
{
    return &entry->line->states[entry->line_i];
}

static int is_day(const char *text, int32_t day)
{
    char date[DATE_TEXT_BYTES] = "";
    if (day != 0)
        date_format(day, date);
    return strcmp(text, date) == 0;
}

static int is_citizen(const char *text, const struct entry *entry)
{
    char id[BASE32_TEXT_BYTES];
    base32_format(entry->line->citizen, id);
    return strcmp(text, id) == 0;
}

static int is_change(const struct entry *entry, const Ansinh__V1__ChangeContributionRequest *in,
                     const Ansinh__V1__ChangeContributionResponse *out)
{
    const struct state *state = state_of(entry);
    if (entry->event->kind_case != ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED)
        return 0;
    int is_done = (in->income_vnd == 0 || in->income_vnd == state->income_vnd) &&
                  (in->support_group == 0 || (uint32_t)in->support_group == state->support_group) &&
                  (in->unit_code[0] == '\0' || strtoul(in->unit_code, NULL, 10) == state->commune);
    return is_done && is_citizen(out->participant_id, entry) &&
           is_day(out->changed_on, entry->event->contribution_changed->changed_day) &&
           out->income_vnd == state->income_vnd && (uint32_t)out->method == state->method &&
           (uint32_t)out->support_group == state->support_group &&
           strtoul(out->unit_code, NULL, 10) == state->commune;
}

static int is_end(const struct entry *entry, const Ansinh__V1__EndParticipationRequest *in,
                  const Ansinh__V1__EndParticipationResponse *out)
{
    if (entry->event->kind_case != ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED)
        return 0;
    const Ansinh__V1__ParticipationEnded *ended = entry->event->participation_ended;
    return ended->reason == in->reason && is_citizen(out->participant_id, entry) &&
           is_day(out->ended_on, ended->ended_day) && out->months == 0 && out->refund_vnd == 0;
}

static int is_decision(const struct entry *entry, const Ansinh__V1__RecordAcceptanceRequest *in,
                       const Ansinh__V1__RecordAcceptanceResponse *out)
{
    const Ansinh__V1__Event *event = entry->event;
    int is_returned = in->decision == ANSINH__V1__ACCEPTANCE_DECISION__ACCEPTANCE_DECISION_RETURNED;
    int32_t decided = 0, undone = 0;
    if (is_returned && event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED) {
        decided = event->participation_returned->returned_day;
        undone = event->participation_returned->accepted_day;
    } else if (!is_returned && event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED) {
        decided = event->participation_accepted->accepted_day;
    }
    return decided != 0 && is_citizen(out->participant_id, entry) &&
           out->decision == in->decision && is_day(out->decided_on, decided) &&
           is_day(out->undone_accepted_on, undone);
}

static int is_session(const struct entry *entry, const Ansinh__V1__RecordSessionRequest *in,
                      const Ansinh__V1__RecordSessionResponse *out)
{
    if (entry->event->kind_case != ANSINH__V1__EVENT__KIND_SESSION_RECORDED)
        return 0;
    const Ansinh__V1__Session *session = entry->event->session_recorded->session;
    return strcmp(session->code, in->session->code) == 0 &&
           session->attendance == in->session->attendance &&
           session->start_ms == in->session->start_ms && strcmp(out->code, session->code) == 0 &&
           out->version == state_of(entry)->version;
}

static int is_list(const struct entry *entry, const Ansinh__V1__RecordContactsRequest *in,
                   const Ansinh__V1__RecordContactsResponse *out)
{
    if (entry->event->kind_case != ANSINH__V1__EVENT__KIND_CONTACTS_RECORDED)
        return 0;
    const Ansinh__V1__ContactsRecorded *listed = entry->event->contacts_recorded;
    return strcmp(listed->session_code, in->session_code) == 0 &&
           listed->citizens.len == in->n_personal_ids * ID_BYTES &&
           strcmp(out->session_code, in->session_code) == 0 &&
           out->contacts == state_of(entry)->contacts;
}

int judge_terms_answer(struct judge *self, const struct command *command,
                       const struct operation *operation)
{
    const struct api_method *method = api_find(kind_method(command->kind));
    const struct operation *first = command->operations[0];
    const struct entry *entry = command->entry;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    const void *in =
        protobuf_c_message_unpack(method->input, &allocator, first->body_len, first->body);
    const void *out = protobuf_c_message_unpack(method->output, &allocator, operation->answer_len,
                                                operation->answer);
    ASSERT(in != NULL);
    if (out == NULL)
        return 0;
    if (command->kind == KIND_CHANGE)
        return is_change(entry, in, out);
    if (command->kind == KIND_END)
        return is_end(entry, in, out);
    if (command->kind == KIND_DECIDE)
        return is_decision(entry, in, out);
    return command->kind == KIND_SESSION ? is_session(entry, in, out) : is_list(entry, in, out);
}
