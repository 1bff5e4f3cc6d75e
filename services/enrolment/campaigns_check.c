#include "services/enrolment/campaigns_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/identity.h"
#include "services/enrolment/campaigns.h"
#include "services/enrolment/directory_check.h"

#define UNITS_MAX 200
#define PRODUCTS_MAX 2
#define DAY_MS 86400000LL
#define CAMPAIGN_MAX_MS (400 * DAY_MS)
#define SESSION_PAST_MS (1900 * DAY_MS) /* what came of it is known as long */
#define SESSION_AHEAD_MS (400 * DAY_MS)
#define SESSION_MAX_MS (7 * DAY_MS)
#define ATTENDANCE_MAX 1000000
#define PERSONAL_ID_DIGITS 12

#define CLEANUP_MAP CLEANUP(map_destroy) struct map *

/* --- campaigns -------------------------------------------------------------------------------- */

static int fail_row(struct err *err, size_t i, const char *field, const char *text)
{
    char path[ERR_FIELD_MAX_BYTES];
    (void)snprintf(path, sizeof(path), "campaigns[%zu].%s", i, field);
    return err_field(err, -EINVAL, path, "%s", text);
}

static int check_window(const Ansinh__V1__Campaign *campaign, size_t i, struct err *err)
{
    if (campaign->from_ms <= 0 || campaign->from_ms >= CAMPAIGN_TIME_MAX_MS)
        return fail_row(err, i, "from_ms", "want milliseconds since 1970");
    if (campaign->until_ms <= campaign->from_ms ||
        campaign->until_ms - campaign->from_ms > CAMPAIGN_MAX_MS)
        return fail_row(err, i, "until_ms", "want a time behind from_ms, at most 400 days");
    return 0;
}

static int check_names(const Ansinh__V1__Campaign *campaign, size_t i, struct err *err)
{
    if (!directory_is_code(campaign->code))
        return fail_row(err, i, "code", "want 1 to 32 letters, digits, - _ .");
    if (!directory_is_name(campaign->name))
        return fail_row(err, i, "name", "want 1 to 150 characters of UTF-8");
    if (campaign->name_en[0] != '\0' && !directory_is_name(campaign->name_en))
        return fail_row(err, i, "name_en", "want at most 150 characters of UTF-8");
    if (campaign->plan_code[0] != '\0' && !directory_is_code(campaign->plan_code))
        return fail_row(err, i, "plan_code", "want 1 to 32 letters, digits, - _ .");
    return 0;
}

static int check_scope(const struct directory *directory, const Ansinh__V1__Campaign *campaign,
                       size_t i, struct err *err)
{
    if (campaign->n_unit_codes > UNITS_MAX)
        return fail_row(err, i, "unit_codes", "want at most 200 units");
    for (size_t k = 0; k < campaign->n_unit_codes; k++) {
        if (directory_unit(directory, campaign->unit_codes[k]) == NULL)
            return fail_row(err, i, "unit_codes", "unknown unit");
    }
    if (campaign->n_products > PRODUCTS_MAX)
        return fail_row(err, i, "products", "want at most two products");
    for (size_t k = 0; k < campaign->n_products; k++) {
        if (campaign->products[k] != ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI &&
            campaign->products[k] != ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD)
            return fail_row(err, i, "products", "unknown product");
    }
    if (campaign->counts != ANSINH__V1__METRIC__METRIC_DECLARED &&
        campaign->counts != ANSINH__V1__METRIC__METRIC_PAID &&
        campaign->counts != ANSINH__V1__METRIC__METRIC_ACCEPTED)
        return fail_row(err, i, "counts", "want what is declared, paid or accepted");
    return 0;
}

static size_t count_known(const struct directory *directory)
{
    size_t n = 0, cursor = 0;
    while (directory_next_row(directory, 'c', &cursor) != NULL)
        n++;
    return n;
}

int campaigns_check(const struct directory *directory, const Ansinh__V1__ImportCampaignsRequest *in,
                    struct err *err)
{
    CLEANUP_MAP seen = map_create();
    size_t n_after = count_known(directory);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < in->n_campaigns; i++) {
        Ansinh__V1__Campaign *campaign = in->campaigns[i];
        rc = check_names(campaign, i, err);
        if (rc == 0)
            rc = check_window(campaign, i, err);
        if (rc == 0)
            rc = check_scope(directory, campaign, i, err);
        if (rc < 0)
            break;
        size_t len = strlen(campaign->code);
        if (map_get(seen, campaign->code, len) != NULL)
            return fail_row(err, i, "code", "the same code twice in one call");
        (void)map_put(seen, campaign->code, len, campaign);
        n_after += directory_campaign(directory, campaign->code) == NULL;
        if (n_after > CAMPAIGNS_MAX)
            rc = fail_row(err, i, "code", "there are 1,000 campaigns, and no place for more");
    }
    return rc;
}

/* --- sessions --------------------------------------------------------------------------------- */

static int check_times(const Ansinh__V1__Session *session, int64_t now_ms, struct err *err)
{
    if (session->start_ms < now_ms - SESSION_PAST_MS ||
        session->start_ms > now_ms + SESSION_AHEAD_MS)
        return err_field(err, -EINVAL, "session.start_ms",
                         "want a time at most 1,900 days back or 400 ahead");
    if (session->end_ms <= session->start_ms ||
        session->end_ms - session->start_ms > SESSION_MAX_MS)
        return err_field(err, -EINVAL, "session.end_ms",
                         "want a time behind start_ms, at most 7 days");
    return 0;
}

int session_is_of_later_day(const Ansinh__V1__Session *session, int64_t now_ms)
{
    return clock_business_day(session->start_ms) > clock_business_day(now_ms);
}

int session_check_form(const Ansinh__V1__Session *session, int64_t now_ms, struct err *err)
{
    if (session == NULL)
        return err_field(err, -EINVAL, "session", "missing");
    if (!directory_is_code(session->code))
        return err_field(err, -EINVAL, "session.code", "want 1 to 32 letters, digits, - _ .");
    if (session->kind < ANSINH__V1__SESSION_KIND__SESSION_KIND_CONFERENCE ||
        session->kind > ANSINH__V1__SESSION_KIND__SESSION_KIND_RADIO)
        return err_field(err, -EINVAL, "session.kind", "missing or unknown");
    if (session->organiser[0] != '\0' && !directory_is_name(session->organiser))
        return err_field(err, -EINVAL, "session.organiser", "want at most 150 characters of UTF-8");
    if (session->attendance < 0 || session->attendance > ATTENDANCE_MAX)
        return err_field(err, -EINVAL, "session.attendance", "want 0 to 1,000,000");
    if (session->cancelled && session->attendance > 0)
        return err_field(err, -EINVAL, "session.attendance",
                         "nobody attends a session that was not held");
    int rc = check_times(session, now_ms, err);
    if (rc == 0 && session->attendance > 0 && session_is_of_later_day(session, now_ms))
        return err_field(err, -EINVAL, "session.attendance",
                         "nobody has attended a session of a later day yet");
    return rc;
}

int session_check_codes(const struct directory *directory, const Ansinh__V1__Session *session,
                        struct err *err)
{
    if (directory_unit(directory, session->unit_code) == NULL)
        return err_field(err, -ENOENT, "session.unit_code", "unknown unit");
    if (session->campaign_code[0] != '\0' &&
        directory_campaign(directory, session->campaign_code) == NULL)
        return err_field(err, -ENOENT, "session.campaign_code", "unknown campaign");
    if (session->organisation_code[0] != '\0' &&
        directory_organisation(directory, session->organisation_code) == NULL)
        return err_field(err, -ENOENT, "session.organisation_code", "unknown organisation");
    return 0;
}

/* --- contacts --------------------------------------------------------------------------------- */

int contacts_check(const Ansinh__V1__RecordContactsRequest *in, struct err *err)
{
    CLEANUP_MAP seen = map_create();
    if (!directory_is_code(in->session_code))
        return err_field(err, -EINVAL, "session_code", "want 1 to 32 letters, digits, - _ .");
    if (in->n_personal_ids == 0 || in->n_personal_ids > CONTACTS_MAX)
        return err_field(err, -EINVAL, "personal_ids", "want 1 to %d", CONTACTS_MAX);
    for (size_t i = 0; i < in->n_personal_ids; i++) {
        const char *id = in->personal_ids[i];
        struct err wrong;
        if (personal_id_check_form(id, &wrong) < 0)
            return err_field(err, -EINVAL, "personal_ids", "number %zu: %s", i + 1, wrong.text);
        if (map_get(seen, id, PERSONAL_ID_DIGITS) != NULL)
            return err_field(err, -EINVAL, "personal_ids", "number %zu came before", i + 1);
        (void)map_put(seen, id, PERSONAL_ID_DIGITS, in->personal_ids[i]);
    }
    return 0;
}
