/* Campaigns, a call of 250 rows; sessions, a call a row; contacts, a call for up to 100 rows of one
 * session that stand together. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/campaigns.pb-c.h"
#include "common/base/log.h"
#include "common/domain/identity.h"
#include "services/cli/import_calls.h"
#include "services/cli/import_reference.h"

#define WINDOW 128
#define CONTACTS_PER_CALL 100

static const char *const services[] = {"enrolment", NULL};

/* --- campaigns -------------------------------------------------------------------------------- */

static int take_campaign(struct reference *self, const struct csv_row *csv, struct err *err)
{
    ProtobufCMessage *message = reference_message(self, &ansinh__v1__campaign__descriptor);
    if (message == NULL)
        return err_set(err, -EINVAL, "the file is too large: split it");
    if (import_fill(self->import, csv, message, self->arena, err) < 0)
        return -EINVAL;
    struct reference_row row = {
        .message = message, .group = "", .code = ((Ansinh__V1__Campaign *)message)->code};
    reference_add(self, &row, csv);
    return 0;
}

static int run_campaigns(struct import *self)
{
    static const struct reference_kind kind = {.method = "Campaigns/ImportCampaigns",
                                               .take = take_campaign};
    return reference_run(self, &kind);
}

const struct import_kind import_campaigns = {
    .name = "campaigns",
    .required = (const char *const[]){"code", "name", "from_ms", "until_ms", "counts", NULL},
    .optional =
        (const char *const[]){"name_en", "unit_codes", "products", "plan_code", "sprint", NULL},
    .key = (const char *const[]){"code", NULL},
    .services = services,
    .run = run_campaigns,
};

/* --- sessions --------------------------------------------------------------------------------- */

static void on_session(void *arg, const struct bus_answer *answer)
{
    struct call_row *self = arg;
    if (answer->code == 0)
        self->calls->import->n_good++;
    else
        calls_refuse(self->calls, self->csv, answer);
    bulk_done(self->bulk, answer->code == 0);
    call_row_free(self);
}

static int start_session(void *arg, struct bulk *bulk, unsigned long i)
{
    (void)i;
    struct calls *self = arg;
    struct csv_row csv;
    struct request_id id;
    struct err err = {0};
    Ansinh__V1__Session session;
    Ansinh__V1__RecordSessionRequest in;
    if (!calls_take_row(self, &csv))
        return 0;
    arena_reset(self->arena);
    ansinh__v1__session__init(&session);
    ansinh__v1__record_session_request__init(&in);
    if (import_fill(self->import, &csv, &session.base, self->arena, &err) < 0) {
        calls_refuse_value(self->import, &csv, &err);
        bulk_done(bulk, 0);
        return 1;
    }
    in.session = &session;
    in.dry_run = self->import->is_dry_run;
    import_request_id(self->import, &csv, in.dry_run ? "check" : "record", &id);
    bulk_call(bulk, "ansinh.v1.Campaigns/RecordSession", &id, &in.base, on_session,
              call_row_create(self, bulk, &csv));
    return 1;
}

static int run_sessions(struct import *self)
{
    return calls_run(self, WINDOW, start_session, NULL);
}

const struct import_kind import_sessions = {
    .name = "sessions",
    .required = (const char *const[]){"code", "kind", "unit_code", "start_ms", "end_ms", NULL},
    .optional = (const char *const[]){"campaign_code", "organisation_code", "organiser",
                                      "attendance", "cancelled", NULL},
    .key = (const char *const[]){"code", NULL},
    .services = services,
    .run = run_sessions,
};

/* --- contacts --------------------------------------------------------------------------------- */

/* The rows of the call under way, and the first of the one after it. */
struct contacts {
    struct calls *calls;
    struct bulk *bulk;
    struct call_row *rows[CONTACTS_PER_CALL];
    size_t n;
    struct call_row *ahead;
};

static const char *session_of(const struct calls *self, const struct call_row *row)
{
    return import_value(self->import, row->csv, "session_code");
}

static void on_contacts(void *arg, const struct bus_answer *answer)
{
    struct contacts *self = arg;
    for (size_t i = 0; i < self->n; i++) {
        if (answer->code == 0)
            self->calls->import->n_good++;
        else
            calls_refuse(self->calls, self->rows[i]->csv, answer);
        call_row_free(self->rows[i]);
    }
    self->n = 0;
    bulk_done(self->bulk, answer->code == 0);
}

/* Rows of one session as far as they stand together. */
static void gather(struct contacts *self)
{
    struct csv_row csv;
    if (self->ahead != NULL)
        self->rows[self->n++] = self->ahead;
    self->ahead = NULL;
    while (self->n < CONTACTS_PER_CALL && calls_take_row(self->calls, &csv)) {
        struct err err;
        if (personal_id_check_form(import_value(self->calls->import, &csv, "personal_id"), &err) <
            0) {
            calls_refuse_value(self->calls->import, &csv, &err); /* alone, not its call */
            continue;
        }
        struct call_row *row = call_row_create(self->calls, self->bulk, &csv);
        if (self->n > 0 &&
            strcmp(session_of(self->calls, row), session_of(self->calls, self->rows[0])) != 0) {
            self->ahead = row;
            return;
        }
        self->rows[self->n++] = row;
    }
}

static void send_contacts(struct contacts *self)
{
    struct import *import = self->calls->import;
    Ansinh__V1__RecordContactsRequest in;
    char *ids[CONTACTS_PER_CALL];
    crypto_generichash_state state;
    uint8_t hash[ID_BYTES];
    char step[BASE32_TEXT_BYTES];
    struct request_id id;
    ansinh__v1__record_contacts_request__init(&in);
    (void)crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    for (size_t i = 0; i < self->n; i++) {
        ids[i] = (char *)(uintptr_t)import_value(import, self->rows[i]->csv, "personal_id");
        (void)crypto_generichash_update(&state, (const uint8_t *)ids[i], strlen(ids[i]) + 1);
    }
    (void)crypto_generichash_final(&state, hash, sizeof(hash));
    base32_format(hash, step);
    in.session_code = (char *)(uintptr_t)session_of(self->calls, self->rows[0]);
    in.personal_ids = ids;
    in.n_personal_ids = self->n;
    in.dry_run = import->is_dry_run;
    if (in.dry_run)
        step[0] = '\0'; /* another id than the call that is done later */
    import_request_id(import, self->rows[0]->csv, step, &id);
    bulk_call(self->bulk, "ansinh.v1.Campaigns/RecordContacts", &id, &in.base, on_contacts, self);
}

static int start_contacts(void *arg, struct bulk *bulk, unsigned long i)
{
    (void)i;
    struct contacts *self = ((struct calls *)arg)->arg;
    self->calls = arg;
    self->bulk = bulk;
    gather(self);
    if (self->n == 0)
        return 0;
    send_contacts(self);
    return 1;
}

/* One call after the other: those of one session would wait for each other anyway. */
static int run_contacts(struct import *self)
{
    struct contacts contacts = {0};
    int status = calls_run(self, 1, start_contacts, &contacts);
    if (contacts.ahead != NULL)
        call_row_free(contacts.ahead);
    return status;
}

const struct import_kind import_contacts = {
    .name = "contacts",
    .required = (const char *const[]){"session_code", "personal_id", NULL},
    .optional = (const char *const[]){NULL},
    .services = services,
    .run = run_contacts,
};
