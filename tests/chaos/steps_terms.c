/* Changes and ends of participations, the office's decisions, sessions. */
#include <string.h>

#include "ansinh/v1/campaigns.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/chaos/steps.h"
#include "tests/support/people.h"

#define INCOME_MIN_VND 1500000
#define INCOME_STEP_VND 50000
#define INCOME_STEPS 40
#define GROUPS 4
#define SURE_DAYS 2 /* no clock is as far behind */
#define DECIDED_DAY 9
#define RETURN_PERCENT 35
#define RETURN_REASONS 5
#define NOBODY UINT32_MAX
#define SESSION_KINDS 6
#define SESSION_BYTES 33
#define SESSION_MS 3600000LL
#define SESSIONS_APART_MS 60000LL
#define ATTENDANCE_MAX 300
#define CONTACTS_MAX 8

/* On which the terms of a month change. */
static void terms_day(uint32_t i, uint32_t month, char ret[DATE_TEXT_BYTES])
{
    int32_t sure = clock_business_day(clock_wall_ms()) - SURE_DAYS;
    date_format(is_todays(i) ? sure : MIN(billing_day(i, month), sure), ret);
}

void step_change(struct step *self, uint32_t i, const char *participant, uint32_t month,
                 uint64_t *state)
{
    char id[PARTICIPANT_BYTES], on[DATE_TEXT_BYTES];
    (void)snprintf(id, sizeof(id), "%s", participant);
    terms_day(i, month, on);
    Ansinh__V1__ChangeContributionRequest in;
    ansinh__v1__change_contribution_request__init(&in);
    in.participant_id = id;
    in.on = on;
    uint32_t draw = chance_of(state, 3);
    if (draw == 0)
        in.support_group = (Ansinh__V1__SupportGroup)(1 + chance_of(state, GROUPS));
    else if (draw == 1)
        in.unit_code = (char *)(uintptr_t)step_commune(state);
    else
        in.income_vnd = INCOME_MIN_VND + INCOME_STEP_VND * (int64_t)chance_of(state, INCOME_STEPS);
    step_set(self, KIND_CHANGE, i, &in.base);
}

void step_end(struct step *self, uint32_t i, const char *participant, uint32_t month)
{
    char id[PARTICIPANT_BYTES], on[DATE_TEXT_BYTES];
    (void)snprintf(id, sizeof(id), "%s", participant);
    terms_day(i, month, on);
    Ansinh__V1__EndParticipationRequest in;
    ansinh__v1__end_participation_request__init(&in);
    in.participant_id = id;
    in.reason = ANSINH__V1__END_REASON__END_REASON_WITHDRAWN;
    in.on = on;
    step_set(self, KIND_END, i, &in.base);
}

void step_decide(struct step *self, uint32_t i, uint64_t *state)
{
    static char officer[] = "CHAOS-1";
    char on[DATE_TEXT_BYTES];
    struct sample_person person;
    people_make(i, 0, &person);
    date_format(month_first_day(FIRST_MONTH) + DECIDED_DAY, on);
    Ansinh__V1__RecordAcceptanceRequest in;
    ansinh__v1__record_acceptance_request__init(&in);
    in.key_case = ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = person.personal_id;
    in.decided_on = on;
    in.officer_code = officer;
    in.decision = ANSINH__V1__ACCEPTANCE_DECISION__ACCEPTANCE_DECISION_ACCEPTED;
    if (chance_of(state, 100) < RETURN_PERCENT) {
        in.decision = ANSINH__V1__ACCEPTANCE_DECISION__ACCEPTANCE_DECISION_RETURNED;
        in.reason = (Ansinh__V1__ReturnReason)(1 + chance_of(state, RETURN_REASONS));
    }
    step_set(self, KIND_DECIDE, i, &in.base);
}

static void session_code(uint64_t seed, uint32_t number, char ret[SESSION_BYTES])
{
    (void)snprintf(ret, SESSION_BYTES, "S%llx-%u", (unsigned long long)seed, (unsigned)number);
}

void step_session(struct step *self, uint64_t seed, uint32_t number, uint64_t *state)
{
    char code[SESSION_BYTES];
    Ansinh__V1__Session session;
    Ansinh__V1__RecordSessionRequest in;
    ansinh__v1__session__init(&session);
    ansinh__v1__record_session_request__init(&in);
    session_code(seed, number, code);
    session.code = code;
    session.kind = (Ansinh__V1__SessionKind)(1 + number % SESSION_KINDS);
    session.unit_code = (char *)(uintptr_t)step_commune(state);
    session.start_ms = clock_wall_ms() - (int64_t)number * SESSIONS_APART_MS;
    session.end_ms = session.start_ms + SESSION_MS;
    session.attendance = chance_of(state, ATTENDANCE_MAX);
    in.session = &session;
    step_set(self, KIND_SESSION, NOBODY, &in.base);
    self->session = number;
}

void step_contacts(struct step *self, uint64_t seed, uint32_t number, uint32_t n_citizens,
                   uint64_t *state)
{
    char code[SESSION_BYTES];
    struct sample_person people[CONTACTS_MAX];
    char *ids[CONTACTS_MAX];
    uint32_t first = chance_of(state, n_citizens);
    Ansinh__V1__RecordContactsRequest in;
    ansinh__v1__record_contacts_request__init(&in);
    session_code(seed, number, code);
    in.session_code = code;
    in.personal_ids = ids;
    in.n_personal_ids = 1 + chance_of(state, CONTACTS_MAX);
    for (uint32_t k = 0; k < in.n_personal_ids; k++) {
        people_make(first + k, 0, &people[k]);
        ids[k] = people[k].personal_id;
    }
    step_set(self, KIND_CONTACTS, NOBODY, &in.base);
    self->session = number;
}
