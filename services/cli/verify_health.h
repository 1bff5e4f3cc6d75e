/* The fold's part for members of households who are insured for health: that no day is paid twice,
 * and that each card holds as long as was paid. Written apart from common/domain/household.c on
 * purpose. */
#ifndef ANSINH_CLI_VERIFY_HEALTH_H
#define ANSINH_CLI_VERIFY_HEALTH_H

#include "services/cli/verify_fold.h"

void fold_health_declared(struct fold *self, struct journal_position position,
                          struct fold_citizen *citizen, const Ansinh__V1__Event *event);

/* Whether a bill or a payment is of the person's product, and says what that needs. */
void fold_health_check(struct fold *self, struct journal_position position,
                       const struct citizen *state, Ansinh__V1__Product product,
                       const Ansinh__V1__HealthCard *card, uint32_t from_month, uint32_t months);

/* The card that was paid becomes the newest. */
void fold_health_cover(struct fold *self, struct journal_position position,
                       struct fold_citizen *citizen, const Ansinh__V1__PaymentRecorded *in);

struct health_card fold_card(const Ansinh__V1__HealthCard *card);
int fold_is_same_card(struct health_card a, struct health_card b);

#endif
