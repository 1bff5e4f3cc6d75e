/* QuoteHousehold: what the members of a family pay for health insurance, and in which order least.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ansinh/v1/payments.pb-c.h"
#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/domain/household.h"
#include "common/service/explain_answer.h"
#include "common/service/policy.h"
#include "services/payments/payments.h"

#define REF_MAX_BYTES 64

static int member_fail(struct err *err, size_t i, const char *field, const char *text)
{
    char path[ERR_FIELD_MAX_BYTES];
    (void)snprintf(path, sizeof(path), "members[%zu].%s", i, field);
    return err_field(err, -EINVAL, path, "%s", text);
}

static int ref_check(const Ansinh__V1__QuoteHouseholdRequest *in, size_t i, struct err *err)
{
    const char *ref = in->members[i]->ref;
    if (ref[0] == '\0' || strlen(ref) > REF_MAX_BYTES)
        return member_fail(err, i, "ref", "want 1 to 64 bytes");
    for (size_t k = 0; k < i; k++)
        if (strcmp(in->members[k]->ref, ref) == 0)
            return member_fail(err, i, "ref", "is another member's, too");
    return 0;
}

static int day_read(const char *text, int32_t *ret)
{
    *ret = HOUSEHOLD_NO_DAY;
    return text[0] == '\0' ? 0 : date_parse(text, ret);
}

static int members_read(const Ansinh__V1__QuoteHouseholdRequest *in,
                        struct household_member ret[HOUSEHOLD_MEMBERS_MAX], struct err *err)
{
    if (in->n_members > HOUSEHOLD_MEMBERS_MAX)
        return err_field(err, -EINVAL, "members", "want at most %d", HOUSEHOLD_MEMBERS_MAX);
    for (size_t i = 0; i < in->n_members; i++) {
        const Ansinh__V1__HouseholdMember *member = in->members[i];
        int rc = ref_check(in, i, err);
        if (rc < 0)
            return rc;
        ret[i] = (struct household_member){.months = member->months,
                                           .is_state_supported = member->state_supported};
        if (day_read(member->joined_on, &ret[i].joined_day) < 0)
            return member_fail(err, i, "joined_on", "want a date as YYYY-MM-DD");
        if (day_read(member->previous_valid_until, &ret[i].card_last_day) < 0)
            return member_fail(err, i, "previous_valid_until", "want a date as YYYY-MM-DD");
    }
    return 0;
}

static char *date_text(struct arena *arena, int32_t day)
{
    char text[DATE_TEXT_BYTES] = "";
    if (day != HOUSEHOLD_NO_DAY)
        date_format(day, text);
    return arena_strndup(arena, text, strlen(text));
}

static int share_fill(struct arena *arena, const struct household_share *share, char *ref,
                      Ansinh__V1__HouseholdShare *ret)
{
    ansinh__v1__household_share__init(ret);
    ret->ref = ref;
    ret->rank = share->rank;
    ret->due_vnd = share->quote.participant_vnd;
    ret->lines = explain_answer(arena, &share->quote.lines);
    ret->n_lines = share->quote.lines.n;
    ret->valid_from = date_text(arena, share->valid_from_day);
    ret->valid_until = date_text(arena, share->valid_to_day);
    return ret->lines == NULL || ret->valid_from == NULL || ret->valid_until == NULL ? -ENOMEM : 0;
}

static void answer(struct bus_request *request, const struct household_quote *quote)
{
    const Ansinh__V1__QuoteHouseholdRequest *in =
        (const Ansinh__V1__QuoteHouseholdRequest *)request->input;
    Ansinh__V1__HouseholdShare rows[HOUSEHOLD_MEMBERS_MAX], *shares[HOUSEHOLD_MEMBERS_MAX];
    char *order[HOUSEHOLD_MEMBERS_MAX];
    Ansinh__V1__QuoteHouseholdResponse out;
    ansinh__v1__quote_household_response__init(&out);
    for (size_t i = 0; i < in->n_members; i++) {
        shares[i] = &rows[i];
        if (share_fill(request->arena, &quote->shares[i], in->members[i]->ref, &rows[i]) < 0) {
            bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
            return;
        }
    }
    for (size_t k = 0; k < quote->n_order; k++)
        order[k] = in->members[quote->order[k]]->ref;
    out.n_shares = in->n_members;
    out.shares = shares;
    out.total_vnd = quote->total_vnd;
    out.n_cheapest_order = quote->n_order;
    out.cheapest_order = order;
    out.cheapest_vnd = quote->cheapest_vnd;
    out.saving_vnd = quote->total_vnd - quote->cheapest_vnd;
    bus_reply(request, &out.base);
}

void on_quote_household(void *arg, struct bus_request *request)
{
    const struct service *svc = arg;
    const Ansinh__V1__QuoteHouseholdRequest *in =
        (const Ansinh__V1__QuoteHouseholdRequest *)request->input;
    struct household_member members[HOUSEHOLD_MEMBERS_MAX];
    struct household_quote *quote = arena_alloc(request->arena, sizeof(*quote));
    int32_t on_day = clock_business_day(clock_wall_ms());
    struct err err = {0};
    int rc = 0;
    if (quote == NULL) {
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "no memory");
        return;
    }
    if (in->on[0] != '\0' && date_parse(in->on, &on_day) < 0)
        rc = err_field(&err, -EINVAL, "on", "want a date as YYYY-MM-DD");
    if (rc == 0)
        rc = members_read(in, members, &err);
    if (rc == 0)
        rc = household_quote(svc->policy, members, in->n_members, on_day, quote, &err);
    if (rc == 0)
        answer(request, quote);
    else
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
}
