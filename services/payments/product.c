#include "services/payments/product.h"

#include <errno.h>

#include "common/base/keyring.h"
#include "common/domain/calendar.h"

int product_check(Ansinh__V1__Product product, struct err *err)
{
    return product >= ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED &&
                   product <= ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD
               ? 0
               : err_field(err, -EINVAL, "product", "unknown product %d", (int)product);
}

Ansinh__V1__Product product_said(Ansinh__V1__Product product)
{
    return product == ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED
               ? ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI
               : product;
}

char product_key(Ansinh__V1__Product product)
{
    return product == ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD ? HASH_HEALTH_MEMBER : 'c';
}

char *card_day_text(struct arena *arena, int32_t day)
{
    char *text = arena_zalloc(arena, DATE_TEXT_BYTES);
    if (text != NULL && day != 0)
        date_format(day, text);
    return text;
}

Ansinh__V1__Product event_product(const struct citizen *citizen)
{
    return citizen->is_health ? ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD
                              : ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED;
}

int event_card(struct arena *arena, const struct citizen_bill *bill, Ansinh__V1__HealthCard **ret)
{
    *ret = NULL;
    if (bill->card.to_day == 0)
        return 0;
    *ret = arena_alloc(arena, sizeof(**ret));
    if (*ret == NULL)
        return -ENOMEM;
    ansinh__v1__health_card__init(*ret);
    (*ret)->from_day = bill->card.from_day;
    (*ret)->to_day = bill->card.to_day;
    (*ret)->member_rank = bill->member_rank;
    return 0;
}
