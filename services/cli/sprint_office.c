#include "services/cli/sprint_office.h"

#include <stdio.h>
#include <stdlib.h>

#include "ansinh/v1/campaigns.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"

/* Steps of request ids, behind those of visits. */
#define DECIDE_STEP 200
#define ANNOUNCE_STEP 210
#define REPORT_STEP 211
#define LIST_STEP 212

#define OFFICER "DRILL-3"
#define REASONS 5 /* for a return */

struct job {
    struct sprint_run *run;
    struct bulk *bulk;
    struct sprint_event event;
    struct sample_person person; /* of a decision */
    unsigned tries;
    int is_listing; /* a report's second command is under way */
};

void sprint_campaign_code(uint64_t seed, char ret[SPRINT_CODE_BYTES])
{
    (void)snprintf(ret, SPRINT_CODE_BYTES, "DRILL-%u", (unsigned)seed);
}

void sprint_session_code(uint64_t seed, uint32_t number, char ret[SPRINT_CODE_BYTES])
{
    (void)snprintf(ret, SPRINT_CODE_BYTES, "DRILL-%u-%u", (unsigned)seed, (unsigned)number);
}

int sprint_is_ready(const struct sprint_run *run, const struct sprint_event *event)
{
    const struct sprint_visit *visit = &event->visit;
    switch (event->what) {
    case SPRINT_ANNOUNCED:
        return 1;
    case SPRINT_REPORTED:
        return sprint_bits_has(run->announced, event->session.number);
    case SPRINT_DECIDED:
        return sprint_bits_has(event->decision == 0 ? run->visited : run->decided, visit->i);
    case SPRINT_VISITED:
        for (unsigned k = 0; k < visit->n_touches; k++) {
            if (!sprint_bits_has(run->announced, visit->touches[k]))
                return 0;
        }
        break;
    }
    return 1;
}

static void do_it(struct job *self);

/* --- what is acknowledged --------------------------------------------------------------------- */

static const struct sprint_decision *decision_of(const struct job *self)
{
    return &self->event.visit.decisions[self->event.decision];
}

static void count_decision(const struct job *self)
{
    struct sprint_tally *tally = &self->run->tally;
    int is_returned = decision_of(self)->is_returned;
    tally->accepted += !is_returned;
    tally->returned += is_returned != 0;
    if (!is_returned || self->event.decision > 0)
        sprint_board_add(self->run->acknowledged, self->event.visit.place, NUMBER_ACCEPTED,
                         is_returned ? -1 : 1);
}

/* Also after a failure: what follows from it then fails by itself. */
static void end(struct job *self, int is_good)
{
    struct sprint_run *run = self->run;
    if (self->event.what == SPRINT_DECIDED)
        sprint_bits_add(run->decided, self->event.visit.i);
    else if (self->event.what == SPRINT_ANNOUNCED)
        sprint_bits_add(run->announced, self->event.session.number);
    bulk_done(self->bulk, is_good);
    free(self);
}

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct job *self = arg;
    const struct sprint_session *session = &self->event.session;
    if (sprint_is_open(answer->code) && self->tries++ < SPRINT_TRIES_MAX) {
        do_it(self);
        return;
    }
    if (answer->code != 0) {
        sprint_fail(self->run, "a session or decision", bus_code_name(answer->code), answer->field,
                    answer->message);
        end(self, 0);
        return;
    }
    self->run->tally.commands++;
    self->tries = 0;
    if (self->event.what == SPRINT_DECIDED) {
        count_decision(self);
    } else if (self->event.what == SPRINT_REPORTED && !self->is_listing) {
        self->run->tally.sessions += !session->is_cancelled;
        self->is_listing = session->n_listed > 0;
        if (self->is_listing) {
            do_it(self);
            return;
        }
    } else if (self->is_listing) {
        self->run->tally.contacts += session->n_listed;
    }
    end(self, 1);
}

/* --- commands --------------------------------------------------------------------------------- */

static void call(struct job *self, const char *method, unsigned step, const ProtobufCMessage *input)
{
    struct request_id id;
    uint32_t i =
        self->event.what == SPRINT_DECIDED ? self->event.visit.i : self->event.session.number;
    sprint_request_id(self->run->seed, i, step, self->run->ids_ms, &id);
    bulk_call(self->bulk, method, &id, input, on_answer, self);
}

static void decide(struct job *self)
{
    static char officer[] = OFFICER;
    const struct sprint_decision *decision = decision_of(self);
    char date[DATE_TEXT_BYTES];
    Ansinh__V1__RecordAcceptanceRequest in;
    ansinh__v1__record_acceptance_request__init(&in);
    date_format(decision->day, date);
    in.key_case = ANSINH__V1__RECORD_ACCEPTANCE_REQUEST__KEY_PERSONAL_ID;
    in.personal_id = self->person.personal_id;
    in.decision = ANSINH__V1__ACCEPTANCE_DECISION__ACCEPTANCE_DECISION_ACCEPTED;
    if (decision->is_returned) {
        in.decision = ANSINH__V1__ACCEPTANCE_DECISION__ACCEPTANCE_DECISION_RETURNED;
        in.reason = (Ansinh__V1__ReturnReason)(1 + self->event.visit.i % REASONS);
    }
    in.decided_on = date;
    in.officer_code = officer;
    call(self, "ansinh.v1.Enrolment/RecordAcceptance", DECIDE_STEP + self->event.decision,
         &in.base);
}

static void record(struct job *self)
{
    struct sprint_run *run = self->run;
    const struct sprint_session *planned = &self->event.session;
    const struct sample_commune *commune = &run->territory->communes[planned->place];
    int is_report = self->event.what == SPRINT_REPORTED;
    char code[SPRINT_CODE_BYTES], campaign[SPRINT_CODE_BYTES], unit[8];
    Ansinh__V1__Session session;
    Ansinh__V1__RecordSessionRequest in;
    ansinh__v1__session__init(&session);
    ansinh__v1__record_session_request__init(&in);
    sprint_session_code(run->seed, planned->number, code);
    sprint_campaign_code(run->seed, campaign);
    (void)snprintf(unit, sizeof(unit), "%.7s", commune->code);
    session.code = code;
    session.campaign_code = campaign;
    session.kind = (Ansinh__V1__SessionKind)planned->kind;
    session.unit_code = unit;
    session.start_ms = run->first_ms + planned->start_s * 1000;
    session.end_ms = run->first_ms + planned->end_s * 1000;
    session.attendance = is_report ? planned->attendance : 0;
    session.cancelled = is_report && planned->is_cancelled;
    in.session = &session;
    call(self, "ansinh.v1.Campaigns/RecordSession", is_report ? REPORT_STEP : ANNOUNCE_STEP,
         &in.base);
}

static void list(struct job *self)
{
    const struct sprint_session *session = &self->event.session;
    char code[SPRINT_CODE_BYTES], ids[SPRINT_LISTED_MAX][SPRINT_PERSONAL_BYTES];
    char *pointers[SPRINT_LISTED_MAX];
    Ansinh__V1__RecordContactsRequest in;
    ansinh__v1__record_contacts_request__init(&in);
    sprint_session_code(self->run->seed, session->number, code);
    for (uint32_t k = 0; k < session->n_listed; k++) {
        sprint_session_listed(session, k, ids[k]);
        pointers[k] = ids[k];
    }
    in.session_code = code;
    in.personal_ids = pointers;
    in.n_personal_ids = session->n_listed;
    call(self, "ansinh.v1.Campaigns/RecordContacts", LIST_STEP, &in.base);
}

static void do_it(struct job *self)
{
    if (self->event.what == SPRINT_DECIDED)
        decide(self);
    else if (self->is_listing)
        list(self);
    else
        record(self);
}

void sprint_office_start(struct sprint_run *run, struct bulk *bulk,
                         const struct sprint_event *event)
{
    struct job *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL && event->what != SPRINT_VISITED);
    self->run = run;
    self->bulk = bulk;
    self->event = *event;
    const struct sprint_visit *visit = &event->visit;
    if (event->what == SPRINT_DECIDED)
        sample_drill_person(run->sample, run->seed, visit->i, visit->place, visit->day, visit->day,
                            &self->person);
    do_it(self);
}
