/* What becomes of a message: pure decisions without I/O and without a clock.
 *
 * The numbers of kinds and states are those of ansinh.v1.DeliveryKind and DeliveryState. */
#ifndef ANSINH_NOTIFICATIONS_RULES_H
#define ANSINH_NOTIFICATIONS_RULES_H

#include <stddef.h>
#include <stdint.h>

#define RETRY_MAX_MS 3600000 /* never longer than this between two tries */
#define ERROR_TEXT_BYTES 48

enum task_kind { TASK_WELCOME = 1, TASK_RECEIPT = 2, TASK_REVERSAL = 3, TASK_BEHIND = 4 };

enum task_state {
    TASK_QUEUED = 1,
    TASK_SENT = 2,
    TASK_NO_ADDRESS = 3,
    TASK_EXPIRED = 4,
    TASK_FAILED = 5,
};

enum task_channel { CHANNEL_NONE = 0, CHANNEL_SMTP = 1, CHANNEL_MAILDIR = 2 };

/* Why a try failed. 400 to 599 are the relay's own reply codes. Kept in the views: never renumber.
 */
enum task_error {
    ERROR_NONE = 0,
    ERROR_RELAY = 1,      /* no connection, broken connection, time-out, refused login */
    ERROR_DISK = 2,       /* the Maildir cannot be written */
    ERROR_ADDRESS = 3,    /* not an address that can stand in a message header */
    ERROR_PERSON = 4,     /* enrolment does not know the participant */
    ERROR_CONTACTS = 5,   /* enrolment does not answer */
    ERROR_QUEUE_FULL = 6, /* more messages wait than the limit allows */
    ERROR_CRASHED = 7,    /* every try ended without a result */
    ERROR_UNIT = 8,       /* the directory does not know the unit */
    ERROR_FORECAST = 9,   /* enrolment or analytics do not answer about a unit */
    ERROR_SMTP_MIN = 400,
    ERROR_SMTP_MAX = 599,
};

/* How one try ended. */
enum try_result {
    TRY_SENT,
    TRY_NO_ADDRESS,
    TRY_EXPIRED,
    TRY_TEMPORARY, /* may work later */
    TRY_PERMANENT, /* will never work */
    TRY_DEFERRED,  /* not tried at all, and not counted as a try */
};

struct verdict {
    enum task_state state;
    int64_t delay_ms; /* until the next try; negative: there is none, the state is final */
    int is_counted;   /* as one of the bounded tries */
};

/* Decides after the attempts-th try (from 1), of tries_max. The first delay is retry_ms, each
 * further one twice the one before, up to RETRY_MAX_MS. */
struct verdict rules_verdict(enum try_result result, unsigned attempts, unsigned tries_max,
                             int64_t retry_ms);

/* True when the event's business day is more than max_age_days before today. */
int rules_is_expired(int32_t event_day, int32_t today, int64_t max_age_days);

/* The sentence for last_error: "" for ERROR_NONE; never personal data. */
void rules_error_text(unsigned error, char ret[ERROR_TEXT_BYTES]);

/* "smtp", "maildir" or "". */
const char *rules_channel_name(enum task_channel channel);

/* At most rate_per_s messages start per second, in bursts of at most a tenth of that, and one
 * more. */
struct pacer {
    int64_t rate_per_s; /* 0: unlimited */
    int64_t credit_us;  /* time earned and not spent */
    int64_t last_us;
};

void pacer_init(struct pacer *self, int64_t rate_per_s, int64_t now_us);
/* How many of want may start now. */
size_t pacer_allowed(struct pacer *self, int64_t now_us, size_t want);
/* n were started; n at most what was allowed. */
void pacer_spend(struct pacer *self, size_t n);

#endif
