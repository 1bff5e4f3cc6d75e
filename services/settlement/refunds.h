/* The fold of refund cases that wait for the officer who decides. */
#ifndef ANSINH_SETTLEMENT_REFUNDS_H
#define ANSINH_SETTLEMENT_REFUNDS_H

#include "common/bus/server.h"
#include "services/settlement/books.h"

extern const struct books_fold refunds_fold;

/* Answers ListRefundCases; arg is the struct settlement. */
void on_list_refund_cases(void *arg, struct bus_request *request);

#endif
