#include "services/payments/payments.h"

#include "ansinh/v1/payments.pb-c.h"
#include "services/payments/collections.h"
#include "services/payments/custody_guard.h"

/* Quotes, leaflets and inquiries are refused before payments when there is too much to do. */
static const struct bus_method methods[] = {
    {"Quote", on_quote, 0},
    {"QuoteRefund", on_quote_refund, 0},
    {"QuoteHousehold", on_quote_household, 0},
    {"GetLeaflet", on_get_leaflet, 0},
    {"Inquire", on_inquire, BUS_COMMAND},
    {"Pay", on_pay, BUS_COMMAND | BUS_URGENT},
    {"Reverse", on_reverse, BUS_COMMAND | BUS_URGENT},
    {"OpenRefundCase", on_open_refund_case, BUS_COMMAND},
    {"ApproveRefundCase", on_approve_refund_case, BUS_COMMAND},
    {"RejectRefundCase", on_reject_refund_case, BUS_COMMAND},
    {"PayOutRefundCase", on_pay_out_refund_case, BUS_COMMAND},
    {"GetRefundCase", on_get_refund_case, 0},
    {"GetPayment", on_get_payment, BUS_URGENT},
};

static int create(struct service *svc, struct err *err)
{
    (void)err;
    svc->context = custody_guard_create(svc);
    bus_server_add(svc->server, &ansinh__v1__payments__descriptor, methods, ARRAY_LEN(methods),
                   svc);
    collections_add(svc);
    return 0;
}

static void destroy(struct service *svc)
{
    struct custody_guard *guard = svc->context;
    custody_guard_destroy(&guard);
    svc->context = NULL;
}

const struct service_spec payments_spec = {
    .name = "payments",
    .prefix = "PAYMENTS_",
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_SERVER | SERVICE_CLIENT | SERVICE_PUBLISHER |
             SERVICE_KEYRING | SERVICE_DIRECTORY | SERVICE_POLICY,
    .create = create,
    .destroy = destroy,
};
