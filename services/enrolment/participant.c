/* GetParticipant and ResolveContact: reading a citizen's record and unsealing the identity beside
 * it. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/contacts.pb-c.h"
#include "ansinh/v1/enrolment.pb-c.h"
#include "ansinh/v1/identity.pb-c.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "common/service/command.h"
#include "services/enrolment/enrolment.h"
#include "services/enrolment/enrolment_store.h"

#define MASK_BYTES 200

/* Lives in the request's arena. */
struct lookup {
    struct enrolment *service;
    struct bus_request *request;
    uint8_t citizen[ID_BYTES];
    const char *si_code; /* asked by it: must be the identity's own */
    struct citizen state;
    void (*answer)(struct lookup *self, const Ansinh__V1__Identity *identity);
};

static void fail_not_found(struct lookup *self)
{
    bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "", "no such participant");
}

static void on_identity(void *arg, int rc, const struct store_reply *reply)
{
    struct lookup *self = arg;
    struct arena *arena = self->request->arena;
    if (rc < 0) {
        ledger_away(self->request);
        return;
    }
    size_t len;
    const char *sealed = store_reply_bytes(reply, &len);
    uint8_t *plain = sealed == NULL ? NULL : arena_alloc(arena, len);
    Ansinh__V1__Identity *identity = NULL;
    if (plain != NULL && keyring_unseal(self->service->svc->keyring, self->citizen,
                                        (const uint8_t *)sealed, len, plain) == 0) {
        ProtobufCAllocator allocator;
        bus_arena_allocator(arena, &allocator);
        identity = ansinh__v1__identity__unpack(&allocator, len - SEAL_OVERHEAD_BYTES, plain);
    }
    if (identity == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_DATA_LOSS, "",
                 "the identity of this participant cannot be unsealed");
    else if (self->si_code != NULL && strcmp(self->si_code, identity->si_code) != 0)
        fail_not_found(self); /* an alias left behind by an enrolment that did not happen */
    else
        self->answer(self, identity);
}

static void on_state(void *arg, int rc, const struct citizen *citizen)
{
    struct lookup *self = arg;
    if (rc < 0) {
        ledger_away(self->request);
    } else if (citizen == NULL) {
        fail_not_found(self);
    } else {
        self->state = *citizen;
        identity_ask(self->service->svc->ledger, self->citizen, on_identity, self);
    }
}

static void look_up(struct lookup *self)
{
    citizen_read(self->service->svc, self->request->arena, self->citizen, on_state, self);
}

static void on_alias(void *arg, int rc, const struct store_reply *reply)
{
    struct lookup *self = arg;
    struct alias_record alias;
    if (rc == 0)
        rc = alias_read(reply, &alias);
    if (rc < 0)
        ledger_away(self->request);
    else if (rc == 1)
        fail_not_found(self);
    else {
        memcpy(self->citizen, alias.citizen, ID_BYTES);
        look_up(self);
    }
}

/* --- GetParticipant --- */

static char *month_text(struct arena *arena, uint32_t month)
{
    char text[MONTH_TEXT_BYTES] = "";
    if (month != 0)
        month_format((int32_t)month, text);
    return arena_strndup(arena, text, strlen(text));
}

static char *masked(struct arena *arena, const char *text,
                    void (*mask)(const char *, char *, size_t))
{
    char out[MASK_BYTES] = "";
    if (text[0] != '\0')
        mask(text, out, sizeof(out));
    return arena_strndup(arena, out, strlen(out));
}

static void answer_participant(struct lookup *self, const Ansinh__V1__Identity *identity)
{
    struct arena *arena = self->request->arena;
    const struct citizen *state = &self->state;
    char id[BASE32_TEXT_BYTES], date[DATE_TEXT_BYTES];
    base32_format(self->citizen, id);
    date_format(state->enrolled_day, date);
    Ansinh__V1__GetParticipantResponse out;
    ansinh__v1__get_participant_response__init(&out);
    out.participant_id = id;
    out.state = state->months_paid > 0 ? ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_ACTIVE
                                       : ANSINH__V1__PARTICIPANT_STATE__PARTICIPANT_STATE_DECLARED;
    out.masked_name = masked(arena, identity->full_name, name_mask);
    out.masked_personal_id = masked(arena, identity->personal_id, id_mask);
    out.masked_phone = masked(arena, identity->phone, id_mask);
    out.unit_code = arena_printf(arena, "%05u", (unsigned)state->commune);
    out.support_group = (Ansinh__V1__SupportGroup)state->support_group;
    out.income_vnd = state->income_vnd;
    out.method = (Ansinh__V1__Method)state->method;
    out.enrolled_on = date;
    out.covered_until = month_text(arena, state->covered_until);
    out.months_paid = state->months_paid;
    out.months_supported = state->months_supported;
    bus_reply(self->request, &out.base);
}

static struct lookup *lookup_create(struct enrolment *service, struct bus_request *request,
                                    void (*answer)(struct lookup *, const Ansinh__V1__Identity *))
{
    struct lookup *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return NULL;
    }
    self->service = service;
    self->request = request;
    self->answer = answer;
    return self;
}

static void by_si_code(struct lookup *self, const char *code)
{
    struct err err;
    uint8_t alias[ID_BYTES];
    if (si_code_check(code, &err) < 0) {
        bus_fail(self->request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
        return;
    }
    self->si_code = code;
    keyring_hash(self->service->svc->keyring, 's', code, alias);
    alias_ask(self->service->svc->ledger, alias, on_alias, self);
}

void on_get_participant(void *arg, struct bus_request *request)
{
    struct lookup *self = lookup_create(arg, request, answer_participant);
    if (self == NULL)
        return;
    const Ansinh__V1__GetParticipantRequest *in =
        (const Ansinh__V1__GetParticipantRequest *)request->input;
    struct err err;
    switch (in->key_case) {
    case ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PARTICIPANT_ID:
        if (base32_parse(in->participant_id, self->citizen) < 0)
            bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "participant_id",
                     "want the 26 characters that Enrol answered");
        else
            look_up(self);
        return;
    case ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_PERSONAL_ID:
        if (personal_id_check_form(in->personal_id, &err) < 0) {
            bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
            return;
        }
        keyring_hash(self->service->svc->keyring, 'c', in->personal_id, self->citizen);
        look_up(self);
        return;
    case ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY_SI_CODE:
        by_si_code(self, in->si_code);
        return;
    case ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY__NOT_SET:
    case _ANSINH__V1__GET_PARTICIPANT_REQUEST__KEY__CASE_IS_INT_SIZE:
        break;
    }
    bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "participant_id",
             "want one of participant_id, personal_id, si_code");
}

/* --- ResolveContact --- */

static void answer_contact(struct lookup *self, const Ansinh__V1__Identity *identity)
{
    char id[BASE32_TEXT_BYTES];
    base32_format(self->citizen, id);
    Ansinh__V1__ResolveContactResponse out;
    ansinh__v1__resolve_contact_response__init(&out);
    out.participant_id = id;
    out.full_name = identity->full_name;
    out.email = identity->email;
    out.phone = identity->phone;
    out.language = identity->language;
    bus_reply(self->request, &out.base);
}

void on_resolve_contact(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ResolveContactRequest *in =
        (const Ansinh__V1__ResolveContactRequest *)request->input;
    if (in->citizen.len != ID_BYTES) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "citizen", "want 16 bytes");
        return;
    }
    struct lookup *self = lookup_create(arg, request, answer_contact);
    if (self == NULL)
        return;
    memcpy(self->citizen, in->citizen.data, ID_BYTES);
    look_up(self);
}
