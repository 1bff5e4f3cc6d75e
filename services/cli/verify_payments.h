/* The fold's part for payments, and for what takes them back. */
#ifndef ANSINH_CLI_VERIFY_PAYMENTS_H
#define ANSINH_CLI_VERIFY_PAYMENTS_H

#include "services/cli/verify_fold.h"

void fold_paid(struct fold *self, struct journal_position position, struct fold_citizen *citizen,
               const Ansinh__V1__Event *event);
void fold_reversed(struct fold *self, struct journal_position position,
                   struct fold_citizen *citizen, const Ansinh__V1__Event *event);

void fold_refunded(struct fold *self, struct journal_position position,
                   struct fold_citizen *citizen, const Ansinh__V1__Event *event);

void fold_pockets(const Ansinh__V1__Pockets *pockets, struct citizen_bill *ret);

#endif
