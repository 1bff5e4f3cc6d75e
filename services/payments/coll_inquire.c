/* Inquire: the bill that a counter asks for, with as much of the name as shows whose it is.
 * Enrolment knows names and SI codes. */
#include <errno.h>
#include <string.h>

#include "ansinh/v1/contacts.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "common/service/command.h"
#include "services/payments/collections.h"
#include "services/payments/inquiry.h"
#include "services/payments/payments_rules.h"
#include "services/payments/product.h"

#define RESOLVE "ansinh.v1.Contacts/ResolveParticipant"
#define ENROLMENT "enrolment"
#define RETRY_AFTER_MS 200
#define MARGIN_MS 100 /* before the deadline, so that the caller still hears the answer */

/* Lives in the request's arena. */
struct asking {
    struct inquiry inquiry; /* first */
    const Ansinh__V1__CollectionsInquireRequest *in;
    char *masked_name;
    int is_refreshed;
};

static void check_partner(struct asking *self);

/* --- the bill --------------------------------------------------------------------------------- */

static char *month_text(struct arena *arena, uint32_t month)
{
    char *text = arena_zalloc(arena, MONTH_TEXT_BYTES);
    if (text != NULL && month != 0)
        month_format((int32_t)month, text);
    return text;
}

static ProtobufCMessage *make_answer(const struct inquiry *inquiry, const struct citizen *citizen)
{
    const struct asking *self = (const struct asking *)inquiry;
    struct arena *arena = inquiry->request->arena;
    const struct citizen_bill *bill = &citizen->bill;
    Ansinh__V1__CollectionsInquireResponse *out = arena_alloc(arena, sizeof(*out));
    Ansinh__V1__Pockets *pockets = arena_alloc(arena, sizeof(*pockets));
    char *id = arena_alloc(arena, BILL_ID_TEXT_BYTES), *until = arena_alloc(arena, DATE_TEXT_BYTES);
    if (out == NULL || pockets == NULL || id == NULL || until == NULL)
        return NULL;
    ansinh__v1__collections_inquire_response__init(out);
    ansinh__v1__pockets__init(pockets);
    bill_id_format(inquiry->citizen, citizen->bill_number, id);
    date_format(bill->valid_until_day, until);
    pockets->participant_vnd = bill->participant_vnd;
    pockets->central_vnd = bill->central_vnd;
    pockets->local_vnd = bill->local_vnd;
    pockets->donor_vnd = bill->donor_vnd;
    out->masked_name = self->masked_name;
    out->product = citizen->is_health ? ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD
                                      : ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    out->card_from = card_day_text(arena, bill->card.from_day);
    out->card_to = card_day_text(arena, bill->card.to_day);
    out->member_rank = bill->member_rank;
    out->method = (Ansinh__V1__Method)citizen->method;
    out->months = bill->months;
    out->months_supported = bill->months_supported;
    out->from_month = month_text(arena, bill->from_month);
    out->to_month =
        month_text(arena, bill->from_month == 0 ? 0 : bill->from_month + bill->months - 1);
    out->pockets = pockets;
    out->gross_vnd = bill->participant_vnd + bill->central_vnd + bill->local_vnd + bill->donor_vnd;
    out->due_vnd = bill->participant_vnd;
    out->bill_id = id;
    out->bill_version = citizen->version;
    out->valid_until = until;
    return out->from_month == NULL || out->to_month == NULL || out->card_from == NULL ||
                   out->card_to == NULL
               ? NULL
               : &out->base;
}

/* Whether the partner collects this product, and where the participant lives. */
static int admit(const struct inquiry *inquiry, const struct citizen *citizen, struct err *err)
{
    const struct directory *directory = inquiry->svc->directory;
    const char *partner = inquiry->request->partner;
    int rc = coll_check_product(directory, partner, citizen->is_health, err);
    if (rc == 0 && !coll_is_in_scope(directory, partner, citizen->commune))
        rc =
            err_set(err, -EACCES, "the participant lives where this organisation does not collect");
    return rc;
}

/* What is billed is what was declared. */
static int expect(const struct inquiry *inquiry, const struct citizen *citizen, struct err *err)
{
    const Ansinh__V1__CollectionsInquireRequest *in = ((const struct asking *)inquiry)->in;
    static const char change[] = "this was not declared: a change goes through enrolment";
    if (in->method != ANSINH__V1__METHOD__METHOD_UNSPECIFIED &&
        in->method != (Ansinh__V1__Method)citizen->method)
        return err_field(err, -EPERM, "method", "%s", change);
    if (!citizen->is_health && in->months != 0 && in->months != citizen->bill.months)
        return err_field(err, -EPERM, "months", "%s", change);
    return 0;
}

/* --- who it is -------------------------------------------------------------------------------- */

static void fail_away(struct asking *self)
{
    bus_fail_retry(self->inquiry.request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                   "the participant cannot be looked up now; nothing was done");
}

static void on_resolved(void *arg, const struct bus_answer *answer)
{
    struct asking *self = arg;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->inquiry.request->arena, &allocator);
    const Ansinh__V1__ResolveParticipantResponse *found =
        answer->code != 0 ? NULL
                          : ansinh__v1__resolve_participant_response__unpack(
                                &allocator, answer->body_len, answer->body);
    if (found != NULL && found->citizen.len == ID_BYTES) {
        memcpy(self->inquiry.citizen, found->citizen.data, ID_BYTES);
        self->masked_name = found->masked_name;
        inquiry_run(&self->inquiry);
    } else if (answer->code == ANSINH__V1__CODE__CODE_NOT_FOUND) {
        bus_fail(self->inquiry.request, ANSINH__V1__CODE__CODE_NOT_FOUND, "",
                 self->in->product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD
                     ? "nobody has declared this person for health insurance"
                     : "no such participant");
    } else {
        fail_away(self);
    }
}

static void resolve(struct asking *self)
{
    const struct inquiry *inquiry = &self->inquiry;
    int64_t left_ms = inquiry->request->deadline_ms - clock_mono_ms() - MARGIN_MS;
    struct bus_call call = {.service = ENROLMENT,
                            .method = RESOLVE,
                            .timeout_ms = MIN(left_ms, inquiry->svc->conf.call_timeout_ms),
                            .trace_id = inquiry->request->trace_id};
    Ansinh__V1__ResolveParticipantRequest in;
    ansinh__v1__resolve_participant_request__init(&in);
    if (self->in->key_case == ANSINH__V1__COLLECTIONS_INQUIRE_REQUEST__KEY_SI_CODE) {
        in.key_case = ANSINH__V1__RESOLVE_PARTICIPANT_REQUEST__KEY_SI_CODE;
        in.si_code = self->in->si_code;
        in.product = self->in->product;
    } else {
        in.key_case = ANSINH__V1__RESOLVE_PARTICIPANT_REQUEST__KEY_CITIZEN;
        in.citizen = (ProtobufCBinaryData){ID_BYTES, self->inquiry.citizen};
    }
    if (left_ms < 1 || bus_client_count(inquiry->svc->client, ENROLMENT) == 0)
        fail_away(self);
    else
        bus_call(inquiry->svc->client, &call, &in.base, on_resolved, self);
}

/* --- the request ------------------------------------------------------------------------------ */

static void on_refreshed(void *arg, int rc)
{
    struct asking *self = arg;
    self->is_refreshed = 1;
    if (rc < 0)
        ledger_away(self->inquiry.request);
    else
        check_partner(self);
}

static void check_partner(struct asking *self)
{
    struct inquiry *inquiry = &self->inquiry;
    struct err err = {0};
    int is_any = self->in->product == ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED &&
                 self->in->key_case == ANSINH__V1__COLLECTIONS_INQUIRE_REQUEST__KEY_BILL_ID;
    int rc = coll_check_partner(inquiry->svc->directory, inquiry->request->partner, &err);
    if (rc == 0 && !is_any)
        rc = coll_check_product(inquiry->svc->directory, inquiry->request->partner,
                                self->in->product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD,
                                &err);
    if (rc == 0)
        resolve(self);
    else if (!self->is_refreshed)
        directory_refresh(inquiry->svc->directory, on_refreshed, self);
    else
        bus_fail(inquiry->request, ANSINH__V1__CODE__CODE_PERMISSION_DENIED, "", "%s", err.text);
}

/* Sets the citizen, unless an SI code has to be resolved first. */
static int read_key(struct asking *self, struct err *err)
{
    const Ansinh__V1__CollectionsInquireRequest *in = self->in;
    uint32_t bill_number;
    switch (in->key_case) {
    case ANSINH__V1__COLLECTIONS_INQUIRE_REQUEST__KEY_PERSONAL_ID:
        if (personal_id_check_form(in->personal_id, err) < 0)
            return -EINVAL;
        keyring_hash(self->inquiry.svc->keyring, product_key(in->product), in->personal_id,
                     self->inquiry.citizen);
        return 0;
    case ANSINH__V1__COLLECTIONS_INQUIRE_REQUEST__KEY_SI_CODE:
        return si_code_check(in->si_code, err);
    case ANSINH__V1__COLLECTIONS_INQUIRE_REQUEST__KEY_BILL_ID:
        return bill_id_parse(in->bill_id, self->inquiry.citizen, &bill_number, err);
    case ANSINH__V1__COLLECTIONS_INQUIRE_REQUEST__KEY__NOT_SET:
    case _ANSINH__V1__COLLECTIONS_INQUIRE_REQUEST__KEY__CASE_IS_INT_SIZE:
        break;
    }
    return err_field(err, -EINVAL, "personal_id", "want one of personal_id, si_code, bill_id");
}

static int check(struct asking *self, struct err *err)
{
    const Ansinh__V1__CollectionsInquireRequest *in = self->in;
    int rc = product_check(in->product, err);
    if (rc == 0)
        rc = read_key(self, err);
    if (rc < 0)
        return rc;
    if (in->method < ANSINH__V1__METHOD__METHOD_UNSPECIFIED ||
        in->method > ANSINH__V1__METHOD__METHOD_MISSING_MONTHS)
        return err_field(err, -EINVAL, "method", "want a method");
    return 0;
}

void on_coll_inquire(void *arg, struct bus_request *request)
{
    struct err err = {0};
    if (!collections_admit(request))
        return;
    struct asking *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->in = (const Ansinh__V1__CollectionsInquireRequest *)request->input;
    self->inquiry = (struct inquiry){.svc = arg,
                                     .request = request,
                                     .on = self->in->as_of,
                                     .on_field = "as_of",
                                     .product = self->in->product,
                                     .health = {self->in->months, self->in->member_rank},
                                     .answer = make_answer,
                                     .admit = admit,
                                     .expect = expect};
    if (check(self, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        check_partner(self);
}
