#include "common/domain/household.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"

#define MONTHS_PER_YEAR 12
#define CARD_DAYS_MAX 3660 /* a card that holds longer is a mistake */

/* One household under way. */
struct household_sum {
    const struct policy *policy;
    const struct household_member *members;
    size_t n;
    int32_t on_day;
    struct household_quote *ret;
};

int32_t period_last_day(int32_t from_day, uint32_t months)
{
    int32_t last_month = month_of_day(from_day) + (int32_t)months;
    int32_t eve =
        month_first_day(last_month) + (from_day - month_first_day(month_of_day(from_day)));
    return MIN(eve - 1, month_last_day(last_month));
}

static int member_fail(struct err *err, int rc, size_t i, const char *field, const char *text)
{
    char path[ERR_FIELD_MAX_BYTES];
    (void)snprintf(path, sizeof(path), "members[%zu].%.40s", i, field);
    return err_field(err, rc, path, "%s", text);
}

/* The fiscal year is the calendar's (Law on the State Budget, article 14). */
static int has_joined(const struct household_sum *self, size_t i)
{
    int32_t joined_day = self->members[i].joined_day;
    return joined_day != HOUSEHOLD_NO_DAY && month_of_day(joined_day) / MONTHS_PER_YEAR ==
                                                 month_of_day(self->on_day) / MONTHS_PER_YEAR;
}

static int members_check(const struct household_sum *self, struct err *err)
{
    if (self->n == 0 || self->n > HOUSEHOLD_MEMBERS_MAX)
        return err_field(err, -EINVAL, "members", "want 1 to %d members", HOUSEHOLD_MEMBERS_MAX);
    for (size_t i = 0; i < self->n; i++) {
        const struct household_member *member = &self->members[i];
        if (member->joined_day != HOUSEHOLD_NO_DAY && member->joined_day > self->on_day)
            return member_fail(err, -EINVAL, i, "joined_on", "lies after the day of the quote");
        if (member->card_last_day != HOUSEHOLD_NO_DAY &&
            member->card_last_day > (int64_t)self->on_day + CARD_DAYS_MAX)
            return member_fail(err, -EINVAL, i, "previous_valid_until", "lies too far ahead");
    }
    return 0;
}

/* Who joined before the day, by date; members of one date as they were given. */
static uint32_t ranks_of_joined(const struct household_sum *self)
{
    uint32_t n_joined = 0;
    for (size_t i = 0; i < self->n; i++) {
        if (self->members[i].is_state_supported || !has_joined(self, i))
            continue;
        n_joined++;
        self->ret->shares[i].rank = 1;
        for (size_t k = 0; k < self->n; k++) {
            int32_t other = self->members[k].joined_day, own = self->members[i].joined_day;
            if (k != i && !self->members[k].is_state_supported && has_joined(self, k) &&
                (other < own || (other == own && k < i)))
                self->ret->shares[i].rank++;
        }
    }
    return n_joined;
}

static int amount_of(const struct household_sum *self, size_t i, uint32_t rank, struct quote *ret,
                     struct err *err)
{
    struct err cause = {0};
    struct health_request request = {
        .member_rank = rank, .months = self->members[i].months, .on_day = self->on_day};
    int rc = household_health_quote(self->policy, &request, ret, &cause);
    if (rc < 0 && strcmp(cause.field, "months") == 0)
        return member_fail(err, rc, i, cause.field, cause.text);
    return rc < 0 ? err_field(err, rc, cause.field, "%s", cause.text) : 0;
}

int household_card(const struct policy *policy, int32_t card_last_day, uint32_t months,
                   int32_t on_day, struct explain_lines *lines, int32_t *ret_from_day,
                   int32_t *ret_to_day, struct err *err)
{
    const struct policy_row *gap, *wait;
    int is_first = card_last_day == HOUSEHOLD_NO_DAY;
    int32_t from_day = is_first ? on_day : MAX(on_day, card_last_day + 1);
    if (policy_choice_on(policy, SWITCH_HEALTH_WAIT, on_day) == CHOICE_ON) {
        int rc = policy_need(policy, POLICY_HEALTH_GAP_DAYS, 0, on_day, &gap, err);
        if (rc == 0)
            rc = policy_need(policy, POLICY_HEALTH_WAIT_DAYS, 0, on_day, &wait, err);
        if (rc < 0)
            return rc;
        if (is_first || (int64_t)on_day - card_last_day - 1 >= gap->value) {
            from_day += (int32_t)wait->value;
            explain_add(lines, TEXT_HEALTH_WAIT, 0, wait, {OPERAND_DAYS, wait->value},
                        {OPERAND_DAYS, gap->value});
        }
    }
    *ret_from_day = from_day;
    *ret_to_day = period_last_day(from_day, months);
    return 0;
}

static int share_add(const struct household_sum *self, size_t i, struct err *err)
{
    struct household_share *share = &self->ret->shares[i];
    int rc = amount_of(self, i, share->rank, &share->quote, err);
    if (rc == 0)
        rc = household_card(self->policy, self->members[i].card_last_day, self->members[i].months,
                            self->on_day, &share->quote.lines, &share->valid_from_day,
                            &share->valid_to_day, err);
    self->ret->total_vnd += share->quote.participant_vnd;
    return rc;
}

/* Who pays longest pays as the latest member, at the lowest share. order holds those who join now
 * as they were given; it stays like this when nothing is saved. */
static int cheapest_find(const struct household_sum *self, uint32_t n_joined, struct err *err)
{
    struct household_quote *ret = self->ret;
    size_t sorted[HOUSEHOLD_MEMBERS_MAX];
    int64_t saving_vnd = 0;
    for (size_t k = 0; k < ret->n_order; k++) { /* insertion keeps equals as given */
        size_t at = k;
        for (; at > 0 && self->members[sorted[at - 1]].months > self->members[ret->order[k]].months;
             at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = ret->order[k];
    }
    for (size_t k = 0; k < ret->n_order; k++) {
        struct quote quote;
        int rc = amount_of(self, sorted[k], n_joined + (uint32_t)k + 1, &quote, err);
        if (rc < 0)
            return rc;
        saving_vnd += ret->shares[sorted[k]].quote.participant_vnd - quote.participant_vnd;
    }
    for (size_t k = 0; saving_vnd > 0 && k < ret->n_order; k++)
        ret->order[k] = sorted[k];
    ret->cheapest_vnd = ret->total_vnd - MAX(saving_vnd, 0);
    return 0;
}

int household_quote(const struct policy *policy, const struct household_member *members, size_t n,
                    int32_t on_day, struct household_quote *ret, struct err *err)
{
    *ret = (struct household_quote){0};
    struct household_sum self = {policy, members, n, on_day, ret};
    int rc = members_check(&self, err);
    if (rc < 0)
        return rc;
    uint32_t n_joined = ranks_of_joined(&self);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct household_share *share = &ret->shares[i];
        share->valid_from_day = share->valid_to_day = HOUSEHOLD_NO_DAY;
        if (members[i].is_state_supported)
            continue;
        if (share->rank == 0) {
            ret->order[ret->n_order++] = i;
            share->rank = n_joined + (uint32_t)ret->n_order;
        } else if (members[i].months == 0) {
            continue;
        }
        rc = share_add(&self, i, err);
    }
    return rc == 0 ? cheapest_find(&self, n_joined, err) : rc;
}
