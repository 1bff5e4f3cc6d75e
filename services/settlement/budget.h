/* What provinces and donors have given, beside their budgets. */
#ifndef ANSINH_SETTLEMENT_BUDGET_H
#define ANSINH_SETTLEMENT_BUDGET_H

#include "services/settlement/settlement.h"

/* Budgets of which at least the warning share is used. */
unsigned budgets_warning(const struct settlement *self);

/* Answers GetBudget; arg is the struct settlement. */
void on_get_budget(void *arg, struct bus_request *request);

#endif
