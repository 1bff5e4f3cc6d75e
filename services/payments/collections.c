/* The table of Collections, who may call it, and Echo. */
#include "services/payments/collections.h"

#include <string.h>

#include "ansinh/v1/collections.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"

#define ECHO_MAX_BYTES 256

int collections_admit(struct bus_request *request)
{
    if (request->partner[0] != '\0')
        return 1;
    bus_fail(request, ANSINH__V1__CODE__CODE_PERMISSION_DENIED, "",
             "only a collecting organisation may call this, with a signed request");
    return 0;
}

static void on_echo(void *arg, struct bus_request *request)
{
    (void)arg;
    const Ansinh__V1__CollectionsEchoRequest *in =
        (const Ansinh__V1__CollectionsEchoRequest *)request->input;
    if (!collections_admit(request))
        return;
    if (strlen(in->text) > ECHO_MAX_BYTES) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "text", "want at most %d bytes",
                 ECHO_MAX_BYTES);
        return;
    }
    char date[DATE_TEXT_BYTES];
    Ansinh__V1__CollectionsEchoResponse out;
    ansinh__v1__collections_echo_response__init(&out);
    out.text = in->text;
    out.partner = (char *)(uintptr_t)request->partner;
    out.at_ms = clock_wall_ms();
    date_format(clock_business_day(out.at_ms), date);
    out.business_date = date;
    bus_reply(request, &out.base);
}

static const struct bus_method methods[] = {
    {"Echo", on_echo, 0},
    {"Inquire", on_coll_inquire, BUS_COMMAND},
    {"Pay", on_coll_pay, BUS_COMMAND | BUS_URGENT},
    {"GetPayment", on_coll_get_payment, BUS_URGENT},
    {"Reverse", on_coll_reverse, BUS_COMMAND | BUS_URGENT},
    {"ListPayments", on_coll_list_payments, 0},
    {"InquireMany", on_coll_inquire_many, BUS_COMMAND},
    {"PayMany", on_coll_pay_many, BUS_COMMAND},
};

void collections_add(struct service *svc)
{
    bus_server_add(svc->server, &ansinh__v1__collections__descriptor, methods, ARRAY_LEN(methods),
                   svc);
}
