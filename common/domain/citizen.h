/* A citizen's state as the ledger keeps it: a small packed record, changed only by the events in
 * the journal.
 *
 * The functions are pure; the services use them to decide, `ansinh verify` to read the records. */
#ifndef ANSINH_DOMAIN_CITIZEN_H
#define ANSINH_DOMAIN_CITIZEN_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/macros.h"
#include "common/domain/coverage.h"

#define CITIZEN_PACKED_MAX_BYTES 256

/* Why a participation ended: numbers of ansinh.v1.EndReason. */
enum end_reason {
    END_NONE,
    END_IS_TO_COMPULSORY,
    END_IS_ONE_OFF,
    END_IS_PENSION,
    END_IS_DECEASED,
    END_IS_WITHDRAWN,
    END_REASONS
};

/* First and last day on which a health card holds; to_day 0: there is none. */
struct health_card {
    int32_t from_day, to_day;
};

struct citizen_bill {
    uint32_t from_month; /* 0: missing months, which are none of the calendar */
    uint32_t months;     /* 0: no bill */
    uint32_t months_supported;
    int64_t participant_vnd, central_vnd, local_vnd, donor_vnd;
    union {
        int32_t valid_until_day; /* of the open bill */
        int32_t paid_day;        /* of a payment */
    };
    uint32_t member_rank;    /* of health insurance: order in the household, from 1 */
    struct health_card card; /* what is bought; never in a record, since it follows from the day of
                                the payment */
};

struct citizen {
    uint32_t version; /* of the record: first 4 bytes of the packed form, little-endian */
    uint32_t commune; /* 5-digit code as a number */
    uint8_t support_group;
    uint8_t method;
    uint8_t language;
    uint8_t has_si_code;
    uint8_t has_paid; /* ever; of a participant alone */
    /* Insured for health as a member of a household, and no participant: another record than the
     * one that the same person may have as a participant, with bills of its own. Nothing of months,
     * income, method and group is then known, and payment is none. */
    uint8_t is_health;
    int64_t income_vnd;
    int32_t enrolled_day;
    int32_t declared_day; /* of the income and method that hold: the enrolment, or a change */
    int32_t changed_day;  /* of the last change of anything */
    int32_t accepted_day; /* by the social insurance office; 0: not */
    uint32_t lump_months; /* declared to be paid in one sum, and not paid yet */
    struct coverage coverage;
    uint32_t months_missing;           /* paid, but none of the calendar */
    uint32_t months_settled;           /* of all that were paid: taken out by a one-off */
    uint32_t months_supported;         /* with state support */
    uint32_t months_supported_earlier; /* of them under rules that were over when they were paid */
    uint8_t end_reason;                /* enum end_reason */
    int32_t end_day;                   /* 0 without a reason */
    uint32_t bill_number;        /* of the bill issued last; 0: none. A bill that is dropped takes
                                    another one, as does a payment that is taken back */
    uint32_t paid_number;        /* of the bill that was paid last, as long as its payment may be
                                    taken back: nothing was declared since; 0: none */
    struct citizen_bill bill;    /* the open one */
    struct citizen_bill payment; /* the last one for months of the calendar, as long as the income
                                    and method of then hold: what a refund needs */
    struct health_card card;     /* of health insurance, the newest: paid, or declared, of which
                                    the last day alone is known */
};

/* Packs: version, schema byte, then variable-length integers; what is absent or usual costs
 * nothing. Answers the length. Texts and days within their ranges: group and method below 8,
 * language below 4, days of the calendar (1900 to 2199). */
size_t citizen_pack(const struct citizen *self, uint8_t ret[CITIZEN_PACKED_MAX_BYTES]);

/* Reads also the two schemas before this one. The last did not know which payment is the newest:
 * none may be taken back. The one before it knew the last month paid and the number of all, but no
 * ranges: coverage then has what follows from them for certain. -EPROTO: another schema, too short,
 * too long, or not what citizen_pack makes. */
int citizen_unpack(const void *bytes, size_t len, struct citizen *ret) MUST_CHECK;

/* All months that were paid and count: of the calendar and missing ones, without those that a
 * one-off took out. */
uint32_t citizen_months_paid(const struct citizen *self);

#endif
