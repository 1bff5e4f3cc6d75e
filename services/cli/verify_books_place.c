#include "services/cli/verify_books_place.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KIND_SHIFT 5
#define ACCOUNT_SHIFT 1
#define NUMBER_BYTES sizeof(int32_t)

_Static_assert(BOOKS_KINDS << KIND_SHIFT <= BOOKS_HEADS, "a kind fits in the head");
_Static_assert(BOOKS_ACCOUNTS << ACCOUNT_SHIFT <= 1 << KIND_SHIFT, "an account fits in the head");
_Static_assert(1 + NUMBER_BYTES + BOOKS_HOLDER_MAX_BYTES <= MAP_KEY_MAX_BYTES, "a place is a key");

unsigned books_place_head(const struct books_place *self)
{
    return (unsigned)self->kind << KIND_SHIFT | self->account << ACCOUNT_SHIFT |
           (unsigned)(self->is_credit != 0);
}

size_t books_place_key(const struct books_place *self, uint8_t ret[MAP_KEY_MAX_BYTES])
{
    size_t len = strnlen(self->holder, BOOKS_HOLDER_MAX_BYTES);
    ret[0] = (uint8_t)books_place_head(self);
    memcpy(ret + 1, &self->number, NUMBER_BYTES);
    memcpy(ret + 1 + NUMBER_BYTES, self->holder, len);
    return 1 + NUMBER_BYTES + len;
}

int books_place_equals(const struct books_place *self, const struct books_place *other)
{
    return self->number == other->number && books_place_head(self) == books_place_head(other) &&
           strncmp(self->holder, other->holder, BOOKS_HOLDER_MAX_BYTES) == 0;
}

void books_place_format(const struct books_place *self, char ret[BOOKS_PLACE_BYTES])
{
    char side = self->is_credit ? 'c' : 'd';
    const char *holder = self->holder;
    switch (self->kind) {
    case BOOKS_TOTAL:
    case BOOKS_ENTRIES:
        (void)snprintf(ret, BOOKS_PLACE_BYTES, "%s %u:%c:%.35s",
                       self->kind == BOOKS_TOTAL ? "totals" : "entries", self->account, side,
                       holder);
        break;
    case BOOKS_DAY:
        (void)snprintf(ret, BOOKS_PLACE_BYTES, "days %u:%" PRId32 ":%c:%.35s", self->account,
                       self->number, side, holder);
        break;
    case BOOKS_PART:
        (void)snprintf(ret, BOOKS_PLACE_BYTES, "parts %" PRId32 ":%u", self->number, self->account);
        break;
    case BOOKS_PAYMENTS:
        (void)snprintf(ret, BOOKS_PLACE_BYTES, "payments %" PRId32 ":%.35s", self->number, holder);
        break;
    case BOOKS_CASH:
        (void)snprintf(ret, BOOKS_PLACE_BYTES, "cash %s:%.35s",
                       self->is_credit ? "remitted" : "collected", holder);
        break;
    case BOOKS_LOT:
        (void)snprintf(ret, BOOKS_PLACE_BYTES, "cash of %" PRId32 ":%.35s", self->number, holder);
        break;
    case BOOKS_REVERSED:
    case BOOKS_KINDS:
    default:
        (void)snprintf(ret, BOOKS_PLACE_BYTES, self->number == 0 ? "reversed" : "refunds %" PRId32,
                       self->number);
    }
}
