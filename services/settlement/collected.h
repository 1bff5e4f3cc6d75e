/* The fold of payments: what each organisation collected on each business date. Nothing is kept in
 * memory but what waits for the next flush. */
#ifndef ANSINH_SETTLEMENT_COLLECTED_H
#define ANSINH_SETTLEMENT_COLLECTED_H

#include "common/bus/server.h"

/* Answers ListBooked; arg is the struct settlement. */
void on_list_booked(void *arg, struct bus_request *request);

#endif
