/* What campaigns and sessions must look like. */
#ifndef ANSINH_ENROLMENT_CAMPAIGNS_CHECK_H
#define ANSINH_ENROLMENT_CAMPAIGNS_CHECK_H

#include "ansinh/v1/campaigns.pb-c.h"
#include "common/service/directory.h"

#define CONTACTS_MAX 100
#define CAMPAIGN_TIME_MAX_MS 7258093200000 /* 2200-01-01 at +07:00 */

/* -EINVAL with err->field like "campaigns[3].from_ms". */
int campaigns_check(const struct directory *directory, const Ansinh__V1__ImportCampaignsRequest *in,
                    struct err *err) MUST_CHECK;

/* Whether it begins on a business day behind that of now_ms. */
int session_is_of_later_day(const Ansinh__V1__Session *session, int64_t now_ms);

/* The form alone, whatever the directory knows: -EINVAL, field like "session.code". now_ms: wall.
 */
int session_check_form(const Ansinh__V1__Session *session, int64_t now_ms,
                       struct err *err) MUST_CHECK;
/* The codes that it names. -ENOENT: unknown here, perhaps not to a fresher directory. */
int session_check_codes(const struct directory *directory, const Ansinh__V1__Session *session,
                        struct err *err) MUST_CHECK;

/* -EINVAL, field "session_code" or "personal_ids". */
int contacts_check(const Ansinh__V1__RecordContactsRequest *in, struct err *err) MUST_CHECK;

#endif
