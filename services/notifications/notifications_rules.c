#include "services/notifications/notifications_rules.h"

#include <stdio.h>

#include "common/base/macros.h"

#define SECOND_US 1000000

static int64_t retry_delay_ms(unsigned attempts, int64_t retry_ms)
{
    int64_t delay_ms = retry_ms;
    for (unsigned i = 1; i < attempts && delay_ms < RETRY_MAX_MS; i++)
        delay_ms *= 2;
    return MIN(delay_ms, RETRY_MAX_MS);
}

struct verdict rules_verdict(enum try_result result, unsigned attempts, unsigned tries_max,
                             int64_t retry_ms)
{
    switch (result) {
    case TRY_SENT:
        return (struct verdict){TASK_SENT, -1, 1};
    case TRY_NO_ADDRESS:
        return (struct verdict){TASK_NO_ADDRESS, -1, 1};
    case TRY_EXPIRED:
        return (struct verdict){TASK_EXPIRED, -1, 1};
    case TRY_PERMANENT:
        return (struct verdict){TASK_FAILED, -1, 1};
    case TRY_DEFERRED:
        return (struct verdict){TASK_QUEUED, retry_ms, 0};
    case TRY_TEMPORARY:
        break;
    }
    if (attempts >= tries_max)
        return (struct verdict){TASK_FAILED, -1, 1};
    return (struct verdict){TASK_QUEUED, retry_delay_ms(attempts, retry_ms), 1};
}

int rules_is_expired(int32_t event_day, int32_t today, int64_t max_age_days)
{
    return (int64_t)today - event_day > max_age_days;
}

void rules_error_text(unsigned error, char ret[ERROR_TEXT_BYTES])
{
    static const char *const texts[] = {
        [ERROR_NONE] = "",
        [ERROR_RELAY] = "the mail relay could not be reached",
        [ERROR_DISK] = "the mail folder could not be written",
        [ERROR_ADDRESS] = "the address is not usable",
        [ERROR_PERSON] = "the participant is not known",
        [ERROR_CONTACTS] = "the address could not be asked for",
        [ERROR_QUEUE_FULL] = "too many messages were waiting",
        [ERROR_CRASHED] = "every try ended without a result",
        [ERROR_UNIT] = "the unit is not known",
        [ERROR_FORECAST] = "the unit could not be asked about",
    };
    if (error < ARRAY_LEN(texts))
        (void)snprintf(ret, ERROR_TEXT_BYTES, "%s", texts[error]);
    else
        (void)snprintf(ret, ERROR_TEXT_BYTES, "the mail relay answered %u", error);
}

const char *rules_channel_name(enum task_channel channel)
{
    switch (channel) {
    case CHANNEL_SMTP:
        return "smtp";
    case CHANNEL_MAILDIR:
        return "maildir";
    case CHANNEL_NONE:
        break;
    }
    return "";
}

void pacer_init(struct pacer *self, int64_t rate_per_s, int64_t now_us)
{
    *self = (struct pacer){rate_per_s, 0, now_us};
}

size_t pacer_allowed(struct pacer *self, int64_t now_us, size_t want)
{
    if (self->rate_per_s == 0)
        return want;
    int64_t price_us = SECOND_US / self->rate_per_s;
    /* A message's price more, or what is earned while it adds up would be cut off. */
    int64_t burst_us = price_us + SECOND_US / 10;
    self->credit_us = MIN(self->credit_us + (now_us - self->last_us), burst_us);
    self->last_us = now_us;
    return MIN(want, (size_t)MAX(self->credit_us / price_us, 0));
}

void pacer_spend(struct pacer *self, size_t n)
{
    if (self->rate_per_s > 0)
        self->credit_us -= (int64_t)n * (SECOND_US / self->rate_per_s);
}
