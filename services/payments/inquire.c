/* Inquire: the participant's open bill, or the next one. */
#include <errno.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "services/payments/inquiry.h"
#include "services/payments/payments.h"
#include "services/payments/payments_rules.h"
#include "services/payments/product.h"

/* "" for 0: missing months are none of the calendar. */
static char *month_text(struct arena *arena, uint32_t month)
{
    char *text = arena_zalloc(arena, MONTH_TEXT_BYTES);
    if (text != NULL && month != 0)
        month_format((int32_t)month, text);
    return text;
}

static ProtobufCMessage *make_answer(const struct inquiry *self, const struct citizen *citizen)
{
    struct arena *arena = self->request->arena;
    const struct citizen_bill *bill = &citizen->bill;
    Ansinh__V1__InquireResponse *out = arena_alloc(arena, sizeof(*out));
    Ansinh__V1__Pockets *pockets = arena_alloc(arena, sizeof(*pockets));
    char *id = arena_alloc(arena, BILL_ID_TEXT_BYTES);
    char *until = arena_alloc(arena, DATE_TEXT_BYTES);
    if (out == NULL || pockets == NULL || id == NULL || until == NULL)
        return NULL;
    ansinh__v1__inquire_response__init(out);
    ansinh__v1__pockets__init(pockets);
    bill_id_format(self->citizen, citizen->bill_number, id);
    date_format(bill->valid_until_day, until);
    pockets->participant_vnd = bill->participant_vnd;
    pockets->central_vnd = bill->central_vnd;
    pockets->local_vnd = bill->local_vnd;
    pockets->donor_vnd = bill->donor_vnd;
    out->bill_id = id;
    out->bill_version = citizen->version;
    out->product = citizen->is_health ? ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD
                                      : ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    out->card_from = card_day_text(arena, bill->card.from_day);
    out->card_to = card_day_text(arena, bill->card.to_day);
    out->member_rank = bill->member_rank;
    out->from_month = month_text(arena, bill->from_month);
    out->to_month =
        month_text(arena, bill->from_month == 0 ? 0 : bill->from_month + bill->months - 1);
    out->method = (Ansinh__V1__Method)citizen->method;
    out->months = bill->months;
    out->months_supported = bill->months_supported;
    out->pockets = pockets;
    out->gross_vnd = bill->participant_vnd + bill->central_vnd + bill->local_vnd + bill->donor_vnd;
    out->due_vnd = bill->participant_vnd;
    out->valid_until = until;
    return out->from_month == NULL || out->to_month == NULL || out->card_from == NULL ||
                   out->card_to == NULL
               ? NULL
               : &out->base;
}

/* The citizen that the request names; -EINVAL with err. */
static int citizen_of(struct service *svc, const Ansinh__V1__InquireRequest *in,
                      uint8_t ret[ID_BYTES], struct err *err)
{
    switch (in->key_case) {
    case ANSINH__V1__INQUIRE_REQUEST__KEY_PARTICIPANT_ID:
        if (base32_parse(in->participant_id, ret) < 0)
            return err_field(err, -EINVAL, "participant_id",
                             "want the 26 characters that Enrol answered");
        return 0;
    case ANSINH__V1__INQUIRE_REQUEST__KEY_PERSONAL_ID:
        if (personal_id_check_form(in->personal_id, err) < 0)
            return -EINVAL;
        keyring_hash(svc->keyring, product_key(in->product), in->personal_id, ret);
        return 0;
    case ANSINH__V1__INQUIRE_REQUEST__KEY__NOT_SET:
    case _ANSINH__V1__INQUIRE_REQUEST__KEY__CASE_IS_INT_SIZE:
        break;
    }
    return err_field(err, -EINVAL, "participant_id", "want one of participant_id, personal_id");
}

void on_inquire(void *arg, struct bus_request *request)
{
    const Ansinh__V1__InquireRequest *in = (const Ansinh__V1__InquireRequest *)request->input;
    struct err err = {0};
    struct inquiry *self = arena_zalloc(request->arena, sizeof(*self));
    if (self == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    self->svc = arg;
    self->request = request;
    self->on = in->on;
    self->on_field = "on";
    self->product = in->product;
    self->health = (struct health_terms){in->months, in->member_rank};
    self->answer = make_answer;
    if (product_check(in->product, &err) < 0 || citizen_of(self->svc, in, self->citizen, &err) < 0)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        inquiry_run(self);
}
