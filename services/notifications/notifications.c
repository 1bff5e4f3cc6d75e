#include "services/notifications/notifications.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/notifications.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/postings.h"
#include "services/notifications/message.h"

#define LEASE_MS 3000
#define FLUSH_MS 100
#define PENDING_MAX 16000 /* events per flush: at most one task each, within the flush's limits */
#define FOUND_MAX (PENDING_MAX + PROJECTOR_ASIDE_MAX)
#define FOUND_MAX_BYTES (2 * FOUND_MAX * (FOUND_PACKED_MAX_BYTES + 1))

_Static_assert(FOUND_PACKED_MAX_BYTES < 256, "a length is one byte");
_Static_assert(FOUND_MAX <= FLUSH_OPERATIONS_MAX, "a flush takes them");

static struct notifications_conf {
    char from[CONF_STRING_BYTES];
    char from_name[CONF_STRING_BYTES];
    char templates[CONF_STRING_BYTES];
    char smtp_url[CONF_STRING_BYTES];
    char smtp_user[CONF_STRING_BYTES];
    char smtp_password_file[CONF_STRING_BYTES];
    char smtp_ca_file[CONF_STRING_BYTES];
    int smtp_tls;
    int64_t send_timeout_ms;
    int64_t concurrency;
    int64_t rate_per_s;
    int64_t tries;
    int64_t retry_ms;
    int64_t max_age_days;
    int64_t queue_max;
    int64_t alert_hour;
    char alert_language[CONF_STRING_BYTES];
    char public_url[CONF_STRING_BYTES];
} conf;

#define FIELD(field_) offsetof(struct notifications_conf, field_)
#define TEXT_MAX (CONF_STRING_BYTES - 1)

static const struct conf_item items[] = {
    {"NOTIFICATIONS_FROM", CONF_STRING, "no-reply@localhost", 3, ADDRESS_MAX_BYTES, "", FIELD(from),
     "address that messages come from; its domain is that of the Message-IDs and of EHLO"},
    {"NOTIFICATIONS_FROM_NAME", CONF_STRING, "An sinh", 0, 120, "", FIELD(from_name),
     "name beside that address"},
    {"NOTIFICATIONS_TEMPLATES", CONF_STRING, "", 0, TEXT_MAX, "", FIELD(templates),
     "folder with the texts; empty: templates, beside the folder of ANSINH_POLICY"},
    {"NOTIFICATIONS_SMTP_URL", CONF_STRING, "", 0, 100, "", FIELD(smtp_url),
     "mail relay, smtp://host:port or smtps://host:port; empty: messages go to the Maildir "
     "VAR/mail"},
    {"NOTIFICATIONS_SMTP_TLS", CONF_BOOL, "false", 0, 0, "", FIELD(smtp_tls),
     "smtp:// must become TLS by STARTTLS before anything is sent"},
    {"NOTIFICATIONS_SMTP_CA_FILE", CONF_STRING, "", 0, TEXT_MAX, "", FIELD(smtp_ca_file),
     "certificate authorities that the relay's certificate is checked against; empty: the "
     "system's"},
    {"NOTIFICATIONS_SMTP_USER", CONF_STRING, "", 0, TEXT_MAX, "", FIELD(smtp_user),
     "user to log in to the relay; empty: no login; needs TLS"},
    {"NOTIFICATIONS_SMTP_PASSWORD_FILE", CONF_STRING, "", 0, TEXT_MAX, "",
     FIELD(smtp_password_file), "file (mode 0600) whose first line is the user's password"},
    {"NOTIFICATIONS_SEND_TIMEOUT_MS", CONF_INT, "30000", 100, 300000, "ms", FIELD(send_timeout_ms),
     "time for one message, from the connection to the relay's last answer"},
    {"NOTIFICATIONS_CONCURRENCY", CONF_INT, "16", 1, 256, "", FIELD(concurrency),
     "messages under way, and connections to the relay"},
    {"NOTIFICATIONS_RATE_PER_S", CONF_INT, "0", 0, 100000, "1/s", FIELD(rate_per_s),
     "messages begun per second and instance; 0: unlimited"},
    {"NOTIFICATIONS_TRIES", CONF_INT, "16", 1, 100, "", FIELD(tries),
     "tries until a message has failed for good; 16 take some six hours"},
    {"NOTIFICATIONS_RETRY_MS", CONF_INT, "5000", 10, RETRY_MAX_MS, "ms", FIELD(retry_ms),
     "delay after the first failed try; doubles with each further one, up to an hour"},
    {"NOTIFICATIONS_MAX_AGE_DAYS", CONF_INT, "30", 0, 36500, "days", FIELD(max_age_days),
     "what happened longer ago is recorded as expired and not sent"},
    {"NOTIFICATIONS_QUEUE_MAX", CONF_INT, "1000000", 1, 100000000, "", FIELD(queue_max),
     "messages that may wait; further ones are recorded as failed"},
    {"NOTIFICATIONS_ALERT_HOUR", CONF_INT, "-1", -1, 23, "", FIELD(alert_hour),
     "hour in +07:00 at which the offices of units that are behind their plan get a letter; -1: "
     "never"},
    {"NOTIFICATIONS_ALERT_LANGUAGE", CONF_STRING, "vi", 2, 2, "", FIELD(alert_language),
     "of these letters, vi or en"},
    {"NOTIFICATIONS_PUBLIC_URL", CONF_STRING, "", 0, TEXT_MAX, "", FIELD(public_url),
     "address of the dashboard for these letters, https://host; needed with an hour"},
};

/* --- events ----------------------------------------------------------------------------------- */

static void read_payment(const Ansinh__V1__PaymentRecorded *paid, struct task_receipt *ret)
{
    ret->from_month = paid->from_month;
    ret->months = paid->months;
    if (paid->card != NULL) {
        ret->card_from_day = paid->card->from_day;
        ret->card_to_day = paid->card->to_day;
    }
    if (paid->pockets == NULL)
        return;
    ret->participant_vnd = paid->pockets->participant_vnd;
    ret->central_vnd = paid->pockets->central_vnd;
    ret->local_vnd = paid->pockets->local_vnd;
    ret->donor_vnd = paid->pockets->donor_vnd;
}

static int read_event(const struct projector_event *in, struct task *ret)
{
    const Ansinh__V1__Event *event = in->event;
    if (event->citizen.len != ID_BYTES)
        return 0;
    *ret = (struct task){.position = in->position, .at_ms = event->at_ms};
    memcpy(ret->citizen, event->citizen.data, ID_BYTES);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED) {
        ret->kind = TASK_WELCOME;
        ret->day = event->participant_enrolled->enrolled_day;
        return 1;
    }
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED) {
        ret->kind = TASK_RECEIPT;
        ret->day = event->payment_recorded->paid_day;
        read_payment(event->payment_recorded, &ret->receipt);
        return 1;
    }
    const Ansinh__V1__PaymentReversed *reversed = event_reversal(event);
    if (reversed != NULL) {
        ret->kind = TASK_REVERSAL;
        ret->day = reversed->reversed_day;
        ret->payment = (struct journal_position){reversed->payment_epoch, reversed->payment_seq};
        read_payment(reversed->payment, &ret->receipt);
        return 1;
    }
    return 0;
}

static void apply(void *arg, const struct projector_event *in)
{
    struct notifications *self = arg;
    struct task task;
    if (!read_event(in, &task))
        return;
    int64_t now_ms = clock_wall_ms();
    struct delivery delivery = {.position = task.position,
                                .kind = task.kind,
                                .state = TASK_QUEUED,
                                .updated_at_ms = now_ms};
    if (rules_is_expired(task.day, clock_business_day(now_ms), conf.max_age_days)) {
        delivery.state = TASK_EXPIRED;
    } else if (sender_queued(self->sender) + self->n_found >= conf.queue_max) {
        delivery.state = TASK_FAILED;
        delivery.error = ERROR_QUEUE_FULL;
    } else {
        delivery.channel = self->smtp != NULL ? CHANNEL_SMTP : CHANNEL_MAILDIR;
        self->n_found++;
    }
    uint8_t found[FOUND_PACKED_MAX_BYTES];
    size_t len = found_pack(&task, &delivery, found);
    (void)buf_putc(&self->found, (char)len);
    int rc = buf_append(&self->found, found, len);
    ASSERT(rc == 0); /* the projector keeps PENDING_MAX */
    ++*(delivery.state == TASK_QUEUED    ? self->n_queued
        : delivery.state == TASK_EXPIRED ? self->n_expired
                                         : self->n_overflow);
}

static void collect(void *arg, struct flush *flush)
{
    struct notifications *self = arg;
    const struct buf *found = &self->found;
    for (size_t at = 0; at < found->len; at += 1U + found->data[at]) {
        if (notify_store_push(flush, found->data + at + 1, found->data[at]) < 0)
            break; /* remembered by the flush */
    }
    self->collected_len = found->len;
}

static void flushed(void *arg)
{
    struct notifications *self = arg;
    buf_consume(&self->found, self->collected_len);
    self->collected_len = 0;
    if (self->found.len == 0)
        self->n_found = 0;
    sender_wake(self->sender);
}

static void reset(void *arg)
{
    struct notifications *self = arg;
    buf_reset(&self->found);
    self->collected_len = 0;
    self->n_found = 0;
    projector_ready(self->projector);
}

/* --- life ------------------------------------------------------------------------------------- */

static void emit_stats(void *arg, metrics_emit_fn emit, void *sink)
{
    const struct notifications *self = arg;
    struct projector_stats stats;
    projector_stats_get(self->projector, &stats);
    emit(sink, "notify_leader", "", projector_is_leader(self->projector), 0);
    emit(sink, "notify_events_total", "", stats.applied, 1);
    emit(sink, "notify_flushes_total", "", stats.flushes, 1);
    emit(sink, "notify_refused_flushes_total", "", stats.refused_flushes, 1);
    emit(sink, "notify_takeovers_total", "", stats.takeovers, 1);
    emit(sink, "notify_lag_events", "", stats.lag_events, 0);
    emit(sink, "notify_lag_ms", "", stats.lag_ms, 0);
    emit(sink, "notify_caught_up", "", projector_is_caught_up(self->projector), 0);
}

static int open_templates(struct notifications *self, struct err *err)
{
    char path[CONF_STRING_BYTES + 16];
    if (conf.templates[0] != '\0')
        return templates_load(conf.templates, &self->templates, err);
    (void)snprintf(path, sizeof(path), "%s/../templates", self->svc->conf.policy);
    return templates_load(path, &self->templates, err);
}

static int open_channel(struct notifications *self, struct err *err)
{
    if (conf.smtp_url[0] == '\0') {
        char path[CONF_STRING_BYTES + 8];
        (void)snprintf(path, sizeof(path), "%s/mail", self->svc->conf.var);
        return maildir_open(path, &self->maildir, err);
    }
    struct smtp_conf smtp = {
        .loop = self->svc->loop,
        .url = conf.smtp_url,
        .user = conf.smtp_user,
        .password_file = conf.smtp_password_file,
        .ca_file = conf.smtp_ca_file,
        .needs_tls = conf.smtp_tls,
        .hello = strchr(conf.from, '@') + 1,
        .from = conf.from,
        .open_max = (unsigned)conf.concurrency,
        .timeout_ms = conf.send_timeout_ms,
    };
    return smtp_create(&smtp, &self->smtp, err);
}

static void open_sender(struct notifications *self)
{
    struct sender_conf sender = {
        .svc = self->svc,
        .store = self->store,
        .templates = self->templates,
        .smtp = self->smtp,
        .maildir = self->maildir,
        .from = conf.from,
        .from_name = conf.from_name,
        .concurrency = (size_t)conf.concurrency,
        .rate_per_s = conf.rate_per_s,
        .send_timeout_ms = conf.send_timeout_ms,
        .retry_ms = conf.retry_ms,
        .tries_max = (unsigned)conf.tries,
        .max_age_days = conf.max_age_days,
        .alert_language = conf.alert_language[0] == 'e' ? LANGUAGE_IS_EN : LANGUAGE_IS_VI,
        .public_url = conf.public_url,
    };
    self->sender = sender_create(&sender);
}

static void open_behind(struct notifications *self)
{
    struct behind_conf behind = {
        .svc = self->svc,
        .store = self->store,
        .projector = self->projector,
        .sender = self->sender,
        .hour = conf.alert_hour,
        .channel = self->smtp != NULL ? CHANNEL_SMTP : CHANNEL_MAILDIR,
        .queue_max = conf.queue_max,
    };
    self->behind = behind_create(&behind);
}

static int is_url(const char *text)
{
    int is_http = strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
    return is_http && text[strcspn(text, " <>\"\t\r\n")] == '\0';
}

static int check_alerts(struct err *err)
{
    if (strcmp(conf.alert_language, "vi") != 0 && strcmp(conf.alert_language, "en") != 0)
        return err_field(err, -EINVAL, "NOTIFICATIONS_ALERT_LANGUAGE",
                         "NOTIFICATIONS_ALERT_LANGUAGE: want vi or en");
    if ((conf.alert_hour >= 0 || conf.public_url[0] != '\0') && !is_url(conf.public_url))
        return err_field(err, -EINVAL, "NOTIFICATIONS_PUBLIC_URL",
                         "NOTIFICATIONS_PUBLIC_URL: want https://host");
    return 0;
}

static const struct bus_method methods[] = {{"ListDeliveries", on_list_deliveries, 0}};

static int create(struct service *svc, struct err *err)
{
    if (!message_is_address(conf.from))
        return err_field(err, -EINVAL, "NOTIFICATIONS_FROM",
                         "NOTIFICATIONS_FROM: want name@domain");
    int rc = check_alerts(err);
    if (rc < 0)
        return rc;
    struct notifications *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    svc->context = self;
    rc = open_templates(self, err);
    if (rc == 0)
        rc = open_channel(self, err);
    if (rc < 0)
        return rc;
    buf_init(&self->found, FOUND_MAX_BYTES);
    self->store = notify_store_create(svc->views);
    open_sender(self);
    struct projector_spec spec = {
        .name = NOTIFY_VIEW,
        .lease_ms = LEASE_MS,
        .flush_ms = FLUSH_MS,
        .pending_max = PENDING_MAX,
        .arg = self,
        .apply = apply,
        .collect = collect,
        .flushed = flushed,
        .reset = reset,
    };
    self->projector = projector_create(svc, &spec);
    open_behind(self);
    self->n_queued = metrics_counter(svc->metrics, "deliveries_total", "state=\"queued\"");
    self->n_expired = metrics_counter(svc->metrics, "deliveries_total", "state=\"expired\"");
    self->n_overflow = metrics_counter(svc->metrics, "deliveries_total", "state=\"overflow\"");
    metrics_collector(svc->metrics, emit_stats, self);
    bus_server_add(svc->server, &ansinh__v1__notifications__descriptor, methods, ARRAY_LEN(methods),
                   self);
    return 0;
}

static const char *problem(struct service *svc)
{
    const struct notifications *self = svc->context;
    if (sender_queued(self->sender) >= conf.queue_max)
        return "the queue of messages is full";
    const char *past = projector_problem(self->projector);
    return past != NULL ? past : sender_problem(self->sender);
}

static int is_idle(struct service *svc)
{
    struct notifications *self = svc->context;
    int is_projected = projector_drained(self->projector);
    return sender_is_idle(self->sender) && behind_is_idle(self->behind) && is_projected;
}

static void destroy(struct service *svc)
{
    struct notifications *self = svc->context;
    behind_destroy(&self->behind);
    projector_destroy(&self->projector);
    smtp_destroy(&self->smtp);
    sender_destroy(&self->sender);
    notify_store_destroy(&self->store);
    maildir_close(&self->maildir);
    templates_destroy(&self->templates);
    buf_fini(&self->found);
    free(self);
    svc->context = NULL;
}

const struct service_spec notifications_spec = {
    .name = "notifications",
    .prefix = "NOTIFICATIONS_",
    .items = items,
    .n_items = ARRAY_LEN(items),
    .conf = &conf,
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_SERVER | SERVICE_CLIENT,
    .create = create,
    .problem = problem,
    .is_idle = is_idle,
    .destroy = destroy,
};
