/* Bank entries, and money that nobody could say yet whose it is. */
#ifndef ANSINH_SETTLEMENT_BANK_H
#define ANSINH_SETTLEMENT_BANK_H

#include "common/bus/server.h"

/* Handlers; arg is the struct settlement. */
void on_post_bank_entry(void *arg, struct bus_request *request);
void on_move_suspense(void *arg, struct bus_request *request);

/* commission.c */
void on_post_commission(void *arg, struct bus_request *request);
void on_list_suspense(void *arg, struct bus_request *request);

#endif
