#include "services/enrolment/partners.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/service/command.h"
#include "common/service/directory.h"
#include "common/service/partner_secret.h"
#include "common/sign/signature.h"
#include "services/enrolment/directory_import.h"
#include "services/enrolment/partners_check.h"

/* One command on one partner's keys; lives in the request's arena. */
struct keying {
    struct enrolment *service;
    Ansinh__V1__Partner row; /* the partner as it becomes */
    Ansinh__V1__PartnerKey key;
    Ansinh__V1__PartnerKey *keys[PARTNER_KEYS_MAX + 1];
    char key_id[PARTNER_KEY_ID_BYTES];
};

static void take_row(struct import *self, const Ansinh__V1__Partner *row)
{
    self->kinds[self->n_rows] = 'a';
    self->rows[self->n_rows++] = &row->base;
}

static Ansinh__V1__Event *make_event(struct import *self)
{
    Ansinh__V1__Event *event = arena_alloc(self->request->arena, sizeof(*event));
    Ansinh__V1__PartnersImported *rows = arena_alloc(self->request->arena, sizeof(*rows));
    if (event == NULL || rows == NULL)
        return NULL;
    ansinh__v1__event__init(event);
    ansinh__v1__partners_imported__init(rows);
    rows->n_partners = self->n_rows;
    rows->partners = arena_alloc(self->request->arena, self->n_rows * sizeof(*rows->partners));
    if (rows->partners == NULL)
        return NULL;
    for (size_t i = 0; i < self->n_rows; i++)
        rows->partners[i] = (Ansinh__V1__Partner *)(uintptr_t)self->rows[i];
    event->kind_case = ANSINH__V1__EVENT__KIND_PARTNERS_IMPORTED;
    event->partners_imported = rows;
    return event;
}

static int is_never_dry(const ProtobufCMessage *in)
{
    (void)in;
    return 0;
}

/* --- partners --------------------------------------------------------------------------------- */

/* What was left open is said in the row, so that every reader of it sees the same; the keys stay.
 */
static const Ansinh__V1__Partner *completed(struct import *self, const Ansinh__V1__Partner *in)
{
    Ansinh__V1__Partner *row = arena_alloc(self->request->arena, sizeof(*row));
    if (row == NULL)
        return NULL;
    *row = *in;
    const Ansinh__V1__Partner *known =
        directory_partner(self->svc->directory, in->organisation_code);
    if (known != NULL) {
        row->keys = known->keys;
        row->n_keys = known->n_keys;
    }
    if (row->rate_per_s == 0)
        row->rate_per_s = PARTNER_RATE_DEFAULT;
    if (row->burst == 0)
        row->burst = 2 * row->rate_per_s;
    if (row->cut_off_minute == 0)
        row->cut_off_minute = PARTNER_CUT_OFF_DEFAULT;
    return row;
}

static int partners_take(struct import *self, struct err *err)
{
    const Ansinh__V1__ImportPartnersRequest *in =
        (const Ansinh__V1__ImportPartnersRequest *)self->request->input;
    int rc = partners_check(self->svc->directory, in, err);
    self->n_rows = 0;
    for (size_t i = 0; rc == 0 && i < in->n_partners; i++) {
        const Ansinh__V1__Partner *row = completed(self, in->partners[i]);
        if (row == NULL)
            return err_set(err, -ENOMEM, "the call is too large");
        take_row(self, row);
    }
    return rc;
}

static int partners_is_dry_run(const ProtobufCMessage *in)
{
    return ((const Ansinh__V1__ImportPartnersRequest *)in)->dry_run;
}

static const struct import_spec partners_spec = {
    .take = partners_take, .event = make_event, .is_dry_run = partners_is_dry_run};

static void on_import_partners(void *arg, struct bus_request *request)
{
    struct enrolment *self = arg;
    const Ansinh__V1__ImportPartnersRequest *in =
        (const Ansinh__V1__ImportPartnersRequest *)request->input;
    import_run(self->svc, request, &partners_spec, in->n_partners, NULL);
}

/* --- keys ------------------------------------------------------------------------------------- */

static void run_keying(struct enrolment *service, struct bus_request *request,
                       const struct import_spec *spec)
{
    struct keying *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->service = service;
    import_run(service->svc, request, spec, 1, self);
}

/* The partner with its keys, of which those of the given id may be replaced. */
static void copy_partner(struct keying *self, const Ansinh__V1__Partner *partner)
{
    self->row = *partner;
    for (size_t i = 0; i < partner->n_keys; i++)
        self->keys[i] = partner->keys[i];
    self->row.keys = self->keys;
}

/* Whether the key that is there is what is asked for. */
static int is_same_key(const struct keying *self, const Ansinh__V1__PartnerKey *known,
                       const Ansinh__V1__AddKeyRequest *in)
{
    struct signature_key key;
    if (known->algorithm != in->algorithm || known->revoked_at_ms != 0 ||
        known->valid_until_ms != in->valid_until_ms ||
        (in->valid_from_ms != 0 && in->valid_from_ms != known->valid_from_ms) ||
        partner_key_open(self->service->partner_ring, known, &key) < 0)
        return 0;
    const ProtobufCBinaryData *wanted = in->secret.len > 0 ? &in->secret : &in->public_key;
    int is_same = key.len == wanted->len && sodium_memcmp(key.bytes, wanted->data, key.len) == 0;
    sodium_memzero(&key, sizeof(key));
    return is_same;
}

static int fill_key(struct import *import, const Ansinh__V1__AddKeyRequest *in, int64_t now_ms)
{
    struct keying *self = import->arg;
    ansinh__v1__partner_key__init(&self->key);
    self->key.key_id = self->key_id;
    self->key.algorithm = in->algorithm;
    self->key.public_key = in->public_key;
    self->key.valid_from_ms = in->valid_from_ms == 0 ? now_ms : in->valid_from_ms;
    self->key.valid_until_ms = in->valid_until_ms;
    if (in->secret.len == 0)
        return 0;
    self->key.sealed_secret.len = in->secret.len + SEAL_OVERHEAD_BYTES;
    self->key.sealed_secret.data = arena_alloc(import->request->arena, self->key.sealed_secret.len);
    if (self->key.sealed_secret.data == NULL)
        return -ENOMEM;
    partner_secret_seal(self->service->partner_ring, self->key_id, in->secret.data, in->secret.len,
                        self->key.sealed_secret.data);
    return 0;
}

static int add_take(struct import *import, struct err *err)
{
    struct keying *self = import->arg;
    const Ansinh__V1__AddKeyRequest *in = (const Ansinh__V1__AddKeyRequest *)import->request->input;
    const Ansinh__V1__Partner *partner =
        directory_partner(import->svc->directory, in->organisation_code);
    int64_t now_ms = clock_wall_ms();
    int rc = partner_key_check(in, now_ms, err);
    if (rc < 0)
        return rc;
    if (partner == NULL)
        return err_field(err, -ENOENT, "organisation_code", "no such partner");
    (void)snprintf(self->key_id, sizeof(self->key_id), "%s:%s", partner->organisation_code,
                   in->name);
    import->n_rows = 0;
    const Ansinh__V1__PartnerKey *known =
        directory_partner_key(import->svc->directory, self->key_id, &partner);
    if (known != NULL && !is_same_key(self, known, in))
        return err_field(err, -EEXIST, "name", "another key has this name, or had it");
    copy_partner(self, partner);
    if (known == NULL) {
        if (partner->n_keys >= PARTNER_KEYS_MAX)
            return err_field(err, -EINVAL, "organisation_code", "the partner has %d keys already",
                             PARTNER_KEYS_MAX);
        if (fill_key(import, in, now_ms) < 0)
            return err_set(err, -ENOMEM, "no memory");
        self->keys[self->row.n_keys++] = &self->key;
    }
    take_row(import, &self->row);
    return 0;
}

static size_t add_pack(const struct import *import, uint8_t ret[IMPORT_ANSWER_MAX_BYTES])
{
    struct keying *self = import->arg;
    Ansinh__V1__AddKeyResponse out;
    ansinh__v1__add_key_response__init(&out);
    out.key_id = self->key_id;
    return ansinh__v1__add_key_response__pack(&out, ret);
}

static const struct import_spec add_spec = {
    .take = add_take, .event = make_event, .is_dry_run = is_never_dry, .pack = add_pack};

static void on_add_key(void *arg, struct bus_request *request)
{
    run_keying(arg, request, &add_spec);
}

static int revoke_take(struct import *import, struct err *err)
{
    struct keying *self = import->arg;
    const Ansinh__V1__RevokeKeyRequest *in =
        (const Ansinh__V1__RevokeKeyRequest *)import->request->input;
    const Ansinh__V1__Partner *partner;
    const Ansinh__V1__PartnerKey *known =
        directory_partner_key(import->svc->directory, in->key_id, &partner);
    if (known == NULL)
        return err_field(err, -ENOENT, "key_id", "no such key");
    self->key = *known;
    if (known->revoked_at_ms == 0)
        self->key.revoked_at_ms = clock_wall_ms();
    copy_partner(self, partner);
    for (size_t i = 0; i < self->row.n_keys; i++) {
        if (self->keys[i] == known)
            self->keys[i] = &self->key;
    }
    import->n_rows = 0;
    take_row(import, &self->row);
    return 0;
}

static size_t revoke_pack(const struct import *import, uint8_t ret[IMPORT_ANSWER_MAX_BYTES])
{
    const struct keying *self = import->arg;
    Ansinh__V1__RevokeKeyResponse out;
    ansinh__v1__revoke_key_response__init(&out);
    out.revoked_at_ms = self->key.revoked_at_ms;
    return ansinh__v1__revoke_key_response__pack(&out, ret);
}

static const struct import_spec revoke_spec = {
    .take = revoke_take, .event = make_event, .is_dry_run = is_never_dry, .pack = revoke_pack};

static void on_revoke_key(void *arg, struct bus_request *request)
{
    run_keying(arg, request, &revoke_spec);
}

/* --- reading ---------------------------------------------------------------------------------- */

struct partner_read {
    struct service *svc;
    struct bus_request *request;
};

/* Without the secrets. */
static void answer_partner(struct bus_request *request, const Ansinh__V1__Partner *partner)
{
    Ansinh__V1__GetPartnerResponse out;
    Ansinh__V1__Partner row = *partner;
    Ansinh__V1__PartnerKey *keys = arena_alloc(request->arena, row.n_keys * sizeof(*keys));
    row.keys = arena_alloc(request->arena, row.n_keys * sizeof(*row.keys));
    if (keys == NULL || row.keys == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    for (size_t i = 0; i < row.n_keys; i++) {
        keys[i] = *partner->keys[i];
        keys[i].sealed_secret = (ProtobufCBinaryData){0, NULL};
        row.keys[i] = &keys[i];
    }
    ansinh__v1__get_partner_response__init(&out);
    out.partner = &row;
    bus_reply(request, &out.base);
}

static void on_refreshed(void *arg, int rc)
{
    struct partner_read *self = arg;
    const Ansinh__V1__GetPartnerRequest *in =
        (const Ansinh__V1__GetPartnerRequest *)self->request->input;
    const Ansinh__V1__Partner *partner =
        directory_partner(self->svc->directory, in->organisation_code);
    if (rc < 0)
        ledger_away(self->request);
    else if (partner == NULL)
        bus_fail(self->request, ANSINH__V1__CODE__CODE_NOT_FOUND, "organisation_code",
                 "no such partner");
    else
        answer_partner(self->request, partner);
}

static void on_get_partner(void *arg, struct bus_request *request)
{
    struct enrolment *service = arg;
    struct partner_read *self = arena_alloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    *self = (struct partner_read){service->svc, request};
    directory_refresh(service->svc->directory, on_refreshed, self);
}

static const struct bus_method methods[] = {
    {"ImportPartners", on_import_partners, BUS_COMMAND},
    {"AddKey", on_add_key, BUS_COMMAND},
    {"RevokeKey", on_revoke_key, BUS_COMMAND},
    {"GetPartner", on_get_partner, 0},
};

void partners_add(struct enrolment *self)
{
    bus_server_add(self->svc->server, &ansinh__v1__partners__descriptor, methods,
                   ARRAY_LEN(methods), self);
}
