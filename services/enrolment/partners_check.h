/* What partners and their keys must look like. */
#ifndef ANSINH_ENROLMENT_PARTNERS_CHECK_H
#define ANSINH_ENROLMENT_PARTNERS_CHECK_H

#include "common/service/directory.h"

#define PARTNER_KEYS_MAX 16
#define PARTNER_UNITS_MAX 64
#define PARTNER_CONTACTS_MAX 8
#define PARTNER_RATE_DEFAULT 50
#define PARTNER_RATE_MAX 100000
#define PARTNER_BURST_MAX 1000000
#define PARTNER_CUT_OFF_DEFAULT 1080 /* minutes after midnight: 18:00 */
#define PARTNER_KEY_NAME_MAX_CHARS 32
#define PARTNER_KEY_ID_BYTES (32 + 1 + PARTNER_KEY_NAME_MAX_CHARS + 1)

/* All partners of a call. -EINVAL with err->field like "partners[0].unit_codes". */
int partners_check(const struct directory *directory, const Ansinh__V1__ImportPartnersRequest *in,
                   struct err *err) MUST_CHECK;

/* A key to be added at now_ms; whose it is is not looked at. -EINVAL. */
int partner_key_check(const Ansinh__V1__AddKeyRequest *in, int64_t now_ms,
                      struct err *err) MUST_CHECK;

#endif
