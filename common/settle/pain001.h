/* The instruction with which an organisation lets its bank remit what it collected: ISO 20022
 * pain.001.001.09, one credit transfer. Its reference is what the bank's statement brings back. */
#ifndef ANSINH_SETTLE_PAIN001_H
#define ANSINH_SETTLE_PAIN001_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

#define REMITTANCE_REFERENCE_BYTES 36 /* Max35Text and NUL */

/* "VNPOST-20261122": the reference of what a partner remits for a business date. A code of more
 * than 26 characters has none: -EMSGSIZE. */
int remittance_reference(const char *partner, int32_t business_day,
                         char ret[REMITTANCE_REFERENCE_BYTES]) MUST_CHECK;
/* The reverse; ret_partner has room for 27 bytes. -EINVAL: it is none. */
int remittance_reference_parse(const char *text, char ret_partner[27],
                               int32_t *ret_business_day) MUST_CHECK;

struct remittance_party {
    const char *name;    /* 1 to 140 characters */
    const char *account; /* 1 to 34 letters and digits */
    const char *bank;    /* BIC: 8 or 11 capital letters and digits */
};

struct remittance {
    const char *partner;
    int32_t business_day;
    int64_t amount_vnd;
    int64_t created_ms;
    int32_t execution_day;
    struct remittance_party from, to;
};

/* Appends the document. -EINVAL: err names what is wrong; -EMSGSIZE: ret is full. */
int pain001_write(const struct remittance *remittance, struct buf *ret, struct err *err) MUST_CHECK;

#endif
