/* Where the books hold a number: found by a short key of bytes, written as text only when there is
 * a difference to tell. */
#ifndef ANSINH_CLI_VERIFY_BOOKS_PLACE_H
#define ANSINH_CLI_VERIFY_BOOKS_PLACE_H

#include "common/base/map.h"

#define BOOKS_ACCOUNTS 13
#define BOOKS_HOLDER_MAX_BYTES 35 /* an entry's reference is the longest holder */
#define BOOKS_PLACE_BYTES 112

enum books_kind {
    BOOKS_TOTAL,    /* of an account, side and holder */
    BOOKS_DAY,      /* the same; number: the business day */
    BOOKS_PART,     /* of an account; number: the partition */
    BOOKS_ENTRIES,  /* of an account, side and holder */
    BOOKS_PAYMENTS, /* holder: the organisation; number: the business day */
    BOOKS_REVERSED, /* number 0; else refund cases: their state */
    BOOKS_CASH,     /* of a holder: debits are collected, credits are remitted */
    BOOKS_LOT, /* cash of a holder; number: the span of hours in which it came, 0: earlier ones */
    BOOKS_KINDS
};

struct books_place {
    enum books_kind kind;
    unsigned account; /* below BOOKS_ACCOUNTS; 0: of none */
    int is_credit;
    int32_t number;
    const char *holder; /* borrowed; what is longer than BOOKS_HOLDER_MAX_BYTES is cut */
};

/* Kind, account and side in one: below BOOKS_HEADS. */
#define BOOKS_HEADS 256
unsigned books_place_head(const struct books_place *self);

/* Answers the length. */
size_t books_place_key(const struct books_place *self, uint8_t ret[MAP_KEY_MAX_BYTES]);

int books_place_equals(const struct books_place *self, const struct books_place *other);

/* With the key's name first: "totals <account>:<side>:<holder>", "days <account>:<day>:<side>:
 * <holder>", "parts <partition>:<account>", "entries <account>:<side>:<holder>", "payments <day>:
 * <organisation>", "reversed", "cash collected:<holder>", "cash remitted:<holder>",
 * "cash of <span>:<holder>", "refunds <state>". */
void books_place_format(const struct books_place *self, char ret[BOOKS_PLACE_BYTES]);

#endif
