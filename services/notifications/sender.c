#include "services/notifications/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/contacts.pb-c.h"
#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "services/notifications/message.h"
#include "services/notifications/office.h"

#define TICK_MS 100 /* between two looks at the queue */
#define SETTLE_RETRY_MS 200
#define CLAIM_MARGIN_MS 15000 /* beyond the time-outs of asking and sending */
#define ASKED_MAX 2           /* calls one after the other before a message is sent */
#define ARENA_BYTES 65536
#define WARN_EVERY_MS 10000
#define FAILURES_MAX 5 /* in a row, then it is a problem */

struct job {
    struct sender *owner;
    int is_busy;
    struct task task;
    unsigned attempts;
    int64_t token;
    struct verdict verdict;
    struct delivery delivery;
    struct loop_timer *timer; /* until the outcome is written down again */
};

struct sender {
    struct sender_conf conf;
    struct job *jobs;
    size_t n_busy;
    struct pacer pacer;
    struct arena *arena; /* of one contact */
    struct buf subject, body, text;
    struct loop_timer *tick;
    int is_looking; /* a turn is under way */
    int has_more;   /* the last turn left something to take or to file */
    struct notify_turn last;
    int failures; /* of the channel, in a row */
    long long warned_ms;
    int64_t *n_states[TASK_FAILED + 1];
    int64_t *n_retries, *n_deferred, *n_lost_answers;
};

static void look(struct sender *self);

static void job_end(struct job *job)
{
    job->is_busy = 0;
    job->owner->n_busy--;
}

/* --- the end of a try ------------------------------------------------------------------------- */

static void settle(struct job *job);

static void on_settle_timer(void *arg)
{
    struct job *job = arg;
    job->timer = NULL;
    settle(job);
}

static void on_settled(void *arg, int rc)
{
    struct job *job = arg;
    struct sender *self = job->owner;
    if (rc != 0) {
        ++*self->n_lost_answers;
        if (log_allowed(&self->warned_ms, WARN_EVERY_MS))
            log_warn("views does not take what became of a message, trying on", "code=%d", rc);
        job->timer = loop_timer_add(self->conf.svc->loop, SETTLE_RETRY_MS, 0, on_settle_timer, job);
        return;
    }
    CRASH_POINT(MESSAGE_SETTLED);
    if (job->verdict.delay_ms < 0)
        ++*self->n_states[job->verdict.state];
    else if (job->verdict.is_counted)
        ++*self->n_retries;
    else
        ++*self->n_deferred;
    job_end(job);
    if (self->has_more)
        look(self);
}

static void settle(struct job *job)
{
    notify_store_settle(job->owner->conf.store, &job->task, &job->delivery, &job->verdict,
                        job->token, on_settled, job);
}

static void finish(struct job *job, enum try_result result, unsigned error)
{
    struct sender *self = job->owner;
    job->verdict = rules_verdict(result, job->attempts, self->conf.tries_max, self->conf.retry_ms);
    int is_sent = result == TRY_SENT;
    job->delivery = (struct delivery){
        .position = job->task.position,
        .kind = job->task.kind,
        .state = job->verdict.state,
        .channel = self->conf.smtp != NULL ? CHANNEL_SMTP : CHANNEL_MAILDIR,
        .attempts = job->attempts - !job->verdict.is_counted,
        .error = is_sent ? ERROR_NONE : error,
        .updated_at_ms = clock_wall_ms(),
    };
    settle(job);
}

/* --- delivering ------------------------------------------------------------------------------- */

static void on_sent(void *arg, enum smtp_result result, unsigned code)
{
    static const enum try_result results[] = {
        [SMTP_SENT] = TRY_SENT,
        [SMTP_UNAVAILABLE] = TRY_TEMPORARY,
        [SMTP_TEMPORARY] = TRY_TEMPORARY,
        [SMTP_PERMANENT] = TRY_PERMANENT,
    };
    struct job *job = arg;
    struct sender *self = job->owner;
    CRASH_POINT(MESSAGE_HANDED_OVER);
    self->failures = result == SMTP_UNAVAILABLE ? self->failures + 1 : 0;
    finish(job, results[result], code == 0 ? ERROR_RELAY : code);
}

static void deliver_to_maildir(struct job *job, const char *event_id)
{
    struct sender *self = job->owner;
    char name[MAILDIR_NAME_MAX_BYTES];
    (void)snprintf(name, sizeof(name), "%" PRId64 ".%s.ansinh", job->task.at_ms / 1000, event_id);
    int rc = maildir_deliver(self->conf.maildir, name, self->text.data, self->text.len,
                             job->attempts > 1);
    CRASH_POINT(MESSAGE_HANDED_OVER);
    if (rc < 0 && log_allowed(&self->warned_ms, WARN_EVERY_MS))
        log_warn("the mail folder cannot be written", "reason=\"%s\"", strerror(-rc));
    self->failures = rc < 0 ? self->failures + 1 : 0;
    finish(job, rc == 0 ? TRY_SENT : TRY_TEMPORARY, ERROR_DISK);
}

/* Fills self->text. */
static int write_message(struct job *job, const char *event_id, const struct recipient *to,
                         const char *email)
{
    struct sender *self = job->owner;
    buf_reset(&self->subject);
    buf_reset(&self->body);
    buf_reset(&self->text);
    int rc = templates_render(self->conf.templates, &job->task, event_id, to, &self->subject,
                              &self->body);
    if (rc == 0)
        rc = buf_putc(&self->subject, '\0');
    if (rc == 0)
        rc = buf_putc(&self->body, '\0');
    if (rc < 0)
        return rc;
    struct message message = {
        .from_name = self->conf.from_name,
        .from = self->conf.from,
        .to_name = to->full_name,
        .to = email,
        .subject = (const char *)self->subject.data,
        .body = (const char *)self->body.data,
        .id = event_id,
        .language = to->language == LANGUAGE_IS_EN ? "en" : "vi",
        .at_ms = job->task.at_ms,
    };
    return message_build(&message, &self->text);
}

/* The event's place in the journal, or a unit and a day. */
static void name_event(const struct task *task, char ret[POSITION_TEXT_BYTES])
{
    if (task->kind != TASK_BEHIND) {
        position_format(partition_of(task->citizen), task->position, ret);
        return;
    }
    char code[UNIT_CODE_BYTES], day[DATE_TEXT_BYTES];
    task_unit(task, code);
    date_format(task->day, day);
    (void)snprintf(ret, POSITION_TEXT_BYTES, "behind-%s-%s", code, day);
}

static void deliver(struct job *job, const struct recipient *to, const char *email)
{
    struct sender *self = job->owner;
    if (email[0] == '\0') {
        finish(job, TRY_NO_ADDRESS, ERROR_NONE);
        return;
    }
    char event_id[POSITION_TEXT_BYTES];
    name_event(&job->task, event_id);
    if (!message_is_address(email) || write_message(job, event_id, to, email) < 0)
        finish(job, TRY_PERMANENT, ERROR_ADDRESS);
    else if (self->conf.smtp == NULL)
        deliver_to_maildir(job, event_id);
    else
        smtp_send(self->conf.smtp, email, self->text.data, self->text.len, on_sent, job);
}

static void on_contact(void *arg, const struct bus_answer *answer)
{
    struct job *job = arg;
    struct sender *self = job->owner;
    if (answer->code == ANSINH__V1__CODE__CODE_CANCELED) {
        job_end(job); /* the process ends: the claim expires, somebody else sends */
        return;
    }
    if (answer->code != ANSINH__V1__CODE__CODE_UNSPECIFIED) {
        int is_unknown = answer->code == ANSINH__V1__CODE__CODE_NOT_FOUND;
        finish(job, is_unknown ? TRY_PERMANENT : TRY_DEFERRED,
               is_unknown ? ERROR_PERSON : ERROR_CONTACTS);
        return;
    }
    ProtobufCAllocator allocator;
    arena_reset(self->arena);
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__ResolveContactResponse *contact =
        ansinh__v1__resolve_contact_response__unpack(&allocator, answer->body_len, answer->body);
    if (contact == NULL) {
        finish(job, TRY_DEFERRED, ERROR_CONTACTS);
        return;
    }
    int is_english = contact->language == ANSINH__V1__LANGUAGE__LANGUAGE_EN;
    const struct recipient to = {.participant_id = contact->participant_id,
                                 .full_name = contact->full_name,
                                 .language = is_english ? LANGUAGE_IS_EN : LANGUAGE_IS_VI};
    deliver(job, &to, contact->email);
}

static void ask_contact(struct job *job)
{
    const struct sender *self = job->owner;
    Ansinh__V1__ResolveContactRequest request;
    ansinh__v1__resolve_contact_request__init(&request);
    request.citizen = (ProtobufCBinaryData){ID_BYTES, job->task.citizen};
    struct bus_call call = {.service = "enrolment",
                            .method = "ansinh.v1.Contacts/ResolveContact",
                            .timeout_ms = self->conf.svc->conf.call_timeout_ms};
    bus_call(self->conf.svc->client, &call, &request.base, on_contact, job);
}

static void on_office(void *arg, enum office_result result, const struct office *office)
{
    struct job *job = arg;
    const struct sender *self = job->owner;
    char code[UNIT_CODE_BYTES];
    task_unit(&job->task, code);
    switch (result) {
    case OFFICE_CANCELED:
        job_end(job); /* as with a contact */
        break;
    case OFFICE_UNKNOWN:
        finish(job, TRY_PERMANENT, ERROR_UNIT);
        break;
    case OFFICE_AWAY:
        finish(job, TRY_DEFERRED, ERROR_FORECAST);
        break;
    case OFFICE_FOUND: {
        const struct recipient to = {.participant_id = code,
                                     .full_name = office->name,
                                     .language = self->conf.alert_language,
                                     .forecast = self->conf.alert_language == LANGUAGE_IS_EN
                                                     ? office->forecast_en
                                                     : office->forecast_vi,
                                     .link = self->conf.public_url};
        deliver(job, &to, office->email);
        break;
    }
    }
}

/* --- taking ----------------------------------------------------------------------------------- */

static struct job *free_job(struct sender *self)
{
    struct job *job = self->jobs;
    while (job->is_busy)
        job++;
    return job;
}

static void start(struct sender *self, const struct claimed_task *claimed, int64_t token)
{
    struct job *job = free_job(self);
    *job = (struct job){.owner = self,
                        .is_busy = 1,
                        .task = claimed->task,
                        .attempts = claimed->attempts,
                        .token = token};
    self->n_busy++;
    CRASH_POINT(MESSAGE_CLAIMED);
    int32_t today = clock_business_day(clock_wall_ms());
    /* What was missing yesterday is told better by today's letter. */
    int64_t max_age_days = job->task.kind == TASK_BEHIND ? 0 : self->conf.max_age_days;
    if (rules_is_expired(job->task.day, today, max_age_days)) {
        finish(job, TRY_EXPIRED, ERROR_NONE);
        return;
    }
    if (job->attempts > self->conf.tries_max) {
        finish(job, TRY_PERMANENT, ERROR_CRASHED);
        return;
    }
    if (job->task.kind != TASK_BEHIND) {
        ask_contact(job);
        return;
    }
    char code[UNIT_CODE_BYTES];
    task_unit(&job->task, code);
    office_ask(self->conf.svc, code, on_office, job);
}

/* After views lost its last second a task that is in hand here may be handed out once more. */
static int is_in_hand(const struct sender *self, const struct task *task)
{
    for (size_t i = 0; i < self->conf.concurrency; i++) {
        const struct job *job = &self->jobs[i];
        if (job->is_busy && memcmp(job->task.citizen, task->citizen, ID_BYTES) == 0 &&
            job->task.position.epoch == task->position.epoch &&
            job->task.position.seq == task->position.seq)
            return 1;
    }
    return 0;
}

static void on_turn(void *arg, int rc, const struct notify_turn *turn)
{
    struct sender *self = arg;
    self->is_looking = 0;
    self->has_more = 0;
    if (rc != 0)
        return; /* the next tick looks again */
    self->last = *turn;
    self->last.tasks = NULL;
    size_t n_taken = 0;
    for (size_t i = 0; i < turn->n_tasks; i++) {
        if (is_in_hand(self, &turn->tasks[i].task))
            continue;
        start(self, &turn->tasks[i], turn->token);
        n_taken++;
    }
    pacer_spend(&self->pacer, n_taken);
    self->has_more = n_taken > 0 || turn->found_left > 0;
    if (turn->found_left > 0)
        look(self);
}

static size_t room(struct sender *self)
{
    const struct service *svc = self->conf.svc;
    if (svc->is_draining || bus_client_count(svc->client, "enrolment") == 0)
        return 0;
    size_t n = MIN(self->conf.concurrency - self->n_busy, (size_t)TAKE_MAX);
    return pacer_allowed(&self->pacer, clock_mono_us(), n);
}

static void look(struct sender *self)
{
    if (self->is_looking || self->conf.svc->is_draining)
        return;
    self->is_looking = 1;
    int64_t claim_ms = ASKED_MAX * self->conf.svc->conf.call_timeout_ms +
                       self->conf.send_timeout_ms + CLAIM_MARGIN_MS;
    notify_store_turn(self->conf.store, room(self), claim_ms, on_turn, self);
}

static void on_tick(void *arg)
{
    look(arg);
}

void sender_wake(struct sender *self)
{
    look(self);
}

/* --- life ------------------------------------------------------------------------------------- */

static void emit_numbers(void *arg, metrics_emit_fn emit, void *sink)
{
    const struct sender *self = arg;
    emit(sink, "notifications_queued", "", self->last.queued, 0);
    emit(sink, "notifications_found", "", self->last.found_left, 0);
    emit(sink, "notifications_late_ms", "", self->last.late_ms, 0);
    emit(sink, "notifications_under_way", "", (int64_t)self->n_busy, 0);
    if (self->conf.smtp == NULL)
        return;
    struct smtp_stats stats;
    smtp_stats_get(self->conf.smtp, &stats);
    emit(sink, "smtp_sent_total", "", stats.sent, 1);
    emit(sink, "smtp_errors_total", "kind=\"unavailable\"", stats.unavailable, 1);
    emit(sink, "smtp_errors_total", "kind=\"temporary\"", stats.temporary, 1);
    emit(sink, "smtp_errors_total", "kind=\"permanent\"", stats.permanent, 1);
    emit(sink, "smtp_connections_total", "", stats.connections, 1);
}

static void add_metrics(struct sender *self, struct metrics *metrics)
{
    static const char *const labels[] = {
        [TASK_SENT] = "state=\"sent\"",
        [TASK_NO_ADDRESS] = "state=\"no_address\"",
        [TASK_EXPIRED] = "state=\"expired_in_queue\"",
        [TASK_FAILED] = "state=\"failed\"",
    };
    for (size_t i = TASK_SENT; i <= TASK_FAILED; i++)
        self->n_states[i] = metrics_counter(metrics, "deliveries_total", labels[i]);
    self->n_retries = metrics_counter(metrics, "delivery_retries_total", "");
    self->n_deferred = metrics_counter(metrics, "delivery_deferred_total", "");
    self->n_lost_answers = metrics_counter(metrics, "delivery_record_retries_total", "");
    metrics_collector(metrics, emit_numbers, self);
}

struct sender *sender_create(const struct sender_conf *conf)
{
    struct sender *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->conf = *conf;
    self->jobs = calloc(conf->concurrency, sizeof(*self->jobs));
    ASSERT(self->jobs != NULL);
    self->arena = arena_create(ARENA_BYTES);
    buf_init(&self->subject, TEMPLATE_TEXT_MAX_BYTES);
    buf_init(&self->body, TEMPLATE_TEXT_MAX_BYTES);
    buf_init(&self->text, MESSAGE_MAX_BYTES);
    pacer_init(&self->pacer, conf->rate_per_s, clock_mono_us());
    add_metrics(self, conf->svc->metrics);
    self->tick = loop_timer_add(conf->svc->loop, TICK_MS, TICK_MS, on_tick, self);
    return self;
}

void sender_destroy(struct sender **self_ret)
{
    struct sender *self = *self_ret;
    if (self == NULL)
        return;
    loop_timer_cancel(self->conf.svc->loop, &self->tick);
    for (size_t i = 0; i < self->conf.concurrency; i++)
        loop_timer_cancel(self->conf.svc->loop, &self->jobs[i].timer);
    buf_fini(&self->subject);
    buf_fini(&self->body);
    buf_fini(&self->text);
    arena_destroy(&self->arena);
    free(self->jobs);
    free(self);
    *self_ret = NULL;
}

int sender_is_idle(const struct sender *self)
{
    return self->n_busy == 0 && !self->is_looking;
}

int64_t sender_queued(const struct sender *self)
{
    return self->last.queued + self->last.found_left;
}

const char *sender_problem(const struct sender *self)
{
    if (self->failures < FAILURES_MAX || self->last.queued == 0)
        return NULL;
    return self->conf.smtp != NULL ? "the mail relay does not take messages"
                                   : "the mail folder cannot be written";
}
