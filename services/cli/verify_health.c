#include "services/cli/verify_health.h"

#include "common/domain/calendar.h"

#define DAY_MIN (-25567) /* 1900-01-01 */
#define DAY_MAX 84005    /* 2199-12-31 */

struct health_card fold_card(const Ansinh__V1__HealthCard *card)
{
    return card == NULL ? (struct health_card){0, 0}
                        : (struct health_card){card->from_day, card->to_day};
}

int fold_is_same_card(struct health_card a, struct health_card b)
{
    return a.from_day == b.from_day && a.to_day == b.to_day;
}

void fold_health_declared(struct fold *self, struct journal_position position,
                          struct fold_citizen *citizen, const Ansinh__V1__Event *event)
{
    const Ansinh__V1__HealthDeclared *in = event->health_declared;
    struct citizen *state = &citizen->state;
    if (state->version > 0 && !state->is_health)
        fold_wrong(self, position, "declares a participant under the participant's own hash");
    if (state->version > 0 && state->enrolled_day != in->declared_day)
        fold_wrong(self, position, "moves the day of the first declaration");
    if (citizen->payments != NULL && in->card_last_day != 0)
        fold_wrong(self, position, "declares another card than the one that is paid");
    state->is_health = 1;
    state->commune = in->commune;
    state->language = (uint8_t)in->language;
    state->has_si_code = in->has_si_code != 0;
    state->enrolled_day = state->declared_day = state->changed_day = in->declared_day;
    if (citizen->payments == NULL)
        state->card = (struct health_card){in->card_last_day, in->card_last_day};
}

/* The last day has the number before that of the first one, in the month so much later; or is the
 * last one of that month, when it is shorter. */
static int is_as_long(struct health_card card, uint32_t months)
{
    if (card.from_day < DAY_MIN || card.to_day > DAY_MAX || months > 12)
        return 0;
    int32_t month = month_of_day(card.from_day), later = month + (int32_t)months;
    int32_t n_days = month_last_day(later) - month_first_day(later) + 1;
    int32_t number = MIN(card.from_day - month_first_day(month), n_days);
    return card.to_day - month_first_day(later) + 1 == number;
}

void fold_health_check(struct fold *self, struct journal_position position,
                       const struct citizen *state, Ansinh__V1__Product product,
                       const Ansinh__V1__HealthCard *card, uint32_t from_month, uint32_t months)
{
    int is_health = product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD;
    if (is_health != state->is_health || (!is_health && product != 0))
        fold_wrong(self, position, "is of another product than the person's");
    if (is_health != (card != NULL))
        fold_wrong(self, position, "has a card that it must not have, or has none");
    else if (card != NULL &&
             (card->member_rank == 0 || from_month != 0 || !is_as_long(fold_card(card), months)))
        fold_wrong(self, position, "has a card that does not hold as long as it is paid for");
}

void fold_health_cover(struct fold *self, struct journal_position position,
                       struct fold_citizen *citizen, const Ansinh__V1__PaymentRecorded *in)
{
    struct health_card card = fold_card(in->card), *newest = &citizen->state.card;
    if (newest->to_day != 0 && card.from_day <= newest->to_day)
        fold_wrong(self, position, "pays days of a health card that are paid");
    *newest = card;
}
