/* The payments service: what is owed, bills, payments. See README.md. */
#ifndef ANSINH_PAYMENTS_PAYMENTS_H
#define ANSINH_PAYMENTS_PAYMENTS_H

#include "common/service/service.h"

extern const struct service_spec payments_spec;

/* Handlers, one file each; arg is the struct service. */
void on_quote(void *arg, struct bus_request *request);
void on_quote_refund(void *arg, struct bus_request *request);
void on_quote_household(void *arg, struct bus_request *request);
void on_get_leaflet(void *arg, struct bus_request *request);
void on_inquire(void *arg, struct bus_request *request);
void on_pay(void *arg, struct bus_request *request);
void on_reverse(void *arg, struct bus_request *request);
void on_open_refund_case(void *arg, struct bus_request *request);
void on_approve_refund_case(void *arg, struct bus_request *request);
void on_reject_refund_case(void *arg, struct bus_request *request);
void on_pay_out_refund_case(void *arg, struct bus_request *request);
void on_get_refund_case(void *arg, struct bus_request *request);
void on_get_payment(void *arg, struct bus_request *request);

#endif
