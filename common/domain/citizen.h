/* A citizen's state as the ledger keeps it: a small packed record, changed only by the events in
 * the journal.
 *
 * The functions are pure; the services use them to decide, `ansinh verify` to fold the journal. */
#ifndef ANSINH_DOMAIN_CITIZEN_H
#define ANSINH_DOMAIN_CITIZEN_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"

#define CITIZEN_PACKED_MAX_BYTES 128

struct citizen_bill {
    uint32_t from_month, months; /* months 0: no open bill */
    uint32_t months_supported;
    int64_t participant_vnd, central_vnd, local_vnd, donor_vnd;
    int32_t valid_until_day;
};

struct citizen {
    uint32_t version; /* of the record: first 4 bytes of the packed form, little-endian */
    uint32_t commune; /* 5-digit code as a number */
    uint8_t support_group;
    uint8_t method;
    uint8_t language;
    uint8_t has_si_code;
    int64_t income_vnd;
    int32_t enrolled_day;
    uint32_t covered_until; /* last month paid; 0 before the first payment */
    uint32_t months_paid;
    uint32_t months_supported; /* of months_paid, with state support */
    uint32_t bill_number;      /* of the bill issued last; 0: none */
    struct citizen_bill bill;  /* the open one */
};

/* Packs: version, schema byte, then variable-length integers; an absent bill costs one byte.
 * Answers the length. */
size_t citizen_pack(const struct citizen *self, uint8_t ret[CITIZEN_PACKED_MAX_BYTES]);

/* -EPROTO: another schema, too short, too long. */
int citizen_unpack(const void *bytes, size_t len, struct citizen *ret) MUST_CHECK;

/* First month of the next bill on a business day: the month after the last one covered, but not
 * before the day's own. */
uint32_t citizen_next_month(const struct citizen *self, int32_t on_day);

#endif
