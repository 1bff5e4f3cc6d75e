#include "services/analytics/question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "services/analytics/analytics.h"

#define ARENA_BYTES (32 * 1024 * 1024) /* of a question about every collector of the country */
#define RETRY_AFTER_MS 500
#define SHARED_BODY_MAX_BYTES 1024 /* longer questions are not shared */
#define WAITERS_MAX 1024
#define AS_OF_MS (AS_OF_DAYS * 86400LL * 1000)

/* One question and all who asked it. Open while question is set, then answered until answered_ms +
 * SHARED_MS. */
struct asked {
    struct asked *next;
    struct questions *all;
    const struct question_kind *kind;
    uint8_t body[SHARED_BODY_MAX_BYTES];
    size_t body_len; /* SIZE_MAX: not shared */
    struct question *question;
    struct bus_request **waiters; /* the first one's memory holds the input */
    size_t n_waiters, capacity;
    uint8_t *answer;
    size_t answer_len;
    int64_t answered_ms;
};

struct questions {
    struct asked *first;
    size_t n;
};

struct questions *questions_create(void)
{
    struct questions *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    return self;
}

static void question_destroy(struct question *self)
{
    if (self->kind->end != NULL)
        self->kind->end(self);
    attribution_destroy(&self->attribution);
    arena_destroy(&self->arena);
    free(self);
}

static void asked_free(struct asked *asked)
{
    if (asked->question != NULL)
        question_destroy(asked->question);
    free(asked->waiters);
    free(asked->answer);
    free(asked);
}

static void asked_drop(struct questions *self, struct asked *asked)
{
    struct asked **link = &self->first;
    while (*link != asked)
        link = &(*link)->next;
    *link = asked->next;
    self->n--;
    asked_free(asked);
}

void questions_destroy(struct questions **self)
{
    if (*self == NULL)
        return;
    while ((*self)->first != NULL)
        asked_drop(*self, (*self)->first);
    free(*self);
    *self = NULL;
}

void questions_expire(struct questions *self)
{
    int64_t now_ms = clock_mono_ms();
    struct asked *next;
    for (struct asked *asked = self->first; asked != NULL; asked = next) {
        next = asked->next;
        if (asked->question == NULL && now_ms - asked->answered_ms > SHARED_MS)
            asked_drop(self, asked);
    }
}

static struct asked *asked_find(const struct questions *self, const struct question_kind *kind,
                                const struct bus_request *request)
{
    struct asked *asked = self->first;
    while (asked != NULL && (asked->kind != kind || asked->body_len != request->body_len ||
                             memcmp(asked->body, request->body, request->body_len) != 0))
        asked = asked->next;
    return asked;
}

/* Makes room for one more: the oldest answer that is shared goes. */
static int room(struct questions *self)
{
    struct asked *oldest = NULL;
    if (self->n < QUESTIONS_MAX)
        return 1;
    for (struct asked *asked = self->first; asked != NULL; asked = asked->next)
        oldest = asked->question == NULL ? asked : oldest;
    if (oldest != NULL)
        asked_drop(self, oldest);
    return oldest != NULL;
}

static void busy(struct bus_request *request)
{
    bus_fail_retry(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, RETRY_AFTER_MS,
                   "too many questions at once");
}

static void wait_for(struct asked *asked, struct bus_request *request)
{
    if (asked->question == NULL) {
        bus_reply_packed(request, asked->answer, asked->answer_len);
        return;
    }
    if (asked->n_waiters == WAITERS_MAX) {
        busy(request);
        return;
    }
    if (asked->n_waiters == asked->capacity) {
        asked->capacity = MAX((size_t)4, 2 * asked->capacity);
        asked->waiters = realloc(asked->waiters, asked->capacity * sizeof(struct bus_request *));
        ASSERT(asked->waiters != NULL);
    }
    asked->waiters[asked->n_waiters++] = request;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void question_free(struct question *self)
{
    struct asked *asked = self->asked;
    asked->question = NULL;
    asked->n_waiters = 0;
    question_destroy(self);
}

void question_reply(struct question *self, const ProtobufCMessage *output)
{
    struct asked *asked = self->asked;
    asked->answer_len = protobuf_c_message_get_packed_size(output);
    asked->answer = malloc(asked->answer_len + 1); /* an empty answer has memory, too */
    ASSERT(asked->answer != NULL);
    (void)protobuf_c_message_pack(output, asked->answer);
    for (size_t i = 0; i < asked->n_waiters; i++)
        bus_reply_packed(asked->waiters[i], asked->answer, asked->answer_len);
    asked->answered_ms = clock_mono_ms();
    question_free(self);
    if (asked->body_len == SIZE_MAX)
        asked_drop(asked->all, asked);
}

#define SLICE_FIELD "slice."

/* The field as the request has it: GetProgress has those of a slice itself. */
static const char *field_of(const struct bus_request *request, const struct err *err)
{
    size_t len = strlen(SLICE_FIELD);
    const ProtobufCMessageDescriptor *input = request->input->descriptor;
    int is_flat = protobuf_c_message_descriptor_get_field_by_name(input, "slice") == NULL;
    return is_flat && strncmp(err->field, SLICE_FIELD, len) == 0 ? err->field + len : err->field;
}

static void fail(struct bus_request *request, int rc, const struct err *err)
{
    if (rc == -EBUSY || rc == -ETIMEDOUT)
        busy(request);
    else if (rc == -ECANCELED)
        board_is_elsewhere(request);
    else if (rc == -EIO)
        ledger_away(request);
    else if (rc == -ENOMEM)
        bus_fail(request, ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED, "", "the answer is too large");
    else
        bus_fail(request,
                 rc == -ENOENT   ? ANSINH__V1__CODE__CODE_NOT_FOUND
                 : rc == -ESTALE ? ANSINH__V1__CODE__CODE_FAILED_PRECONDITION
                                 : ANSINH__V1__CODE__CODE_INVALID_ARGUMENT,
                 field_of(request, err), "%s", err->text);
}

void question_fail(struct question *self, int rc, const struct err *err)
{
    struct asked *asked = self->asked;
    for (size_t i = 0; i < asked->n_waiters; i++)
        fail(asked->waiters[i], rc, err);
    question_free(self);
    asked_drop(asked->all, asked);
}

/* --- the beginning ---------------------------------------------------------------------------- */

static void on_walked(void *arg, int rc)
{
    struct question *self = arg;
    struct err err = {0};
    if (rc < 0)
        question_fail(self, rc, &err);
    else
        self->kind->answer(self);
}

/* Somebody's time is not over. */
static int is_wanted(void *arg)
{
    const struct question *self = arg;
    const struct asked *asked = self->asked;
    int64_t now_ms = clock_mono_ms();
    size_t i = 0;
    while (i < asked->n_waiters && asked->waiters[i]->deadline_ms <= now_ms)
        i++;
    return i < asked->n_waiters;
}

/* Of the newest fact, by the clock of who recorded it, which may be ahead of this one. */
static int64_t newest_fact_ms(const struct facts *facts)
{
    int64_t newest_ms = 0;
    for (size_t i = facts_first_chunk(facts); i < facts_chunks(facts); i++) {
        size_t n;
        struct fact_bounds bounds;
        if (facts_chunk(facts, i, &n, &bounds) != NULL && n > 0)
            newest_ms = MAX(newest_ms, bounds.max_at_ms);
    }
    return newest_ms;
}

/* As of now or of the time asked for; what is shown so far is what counts. The board has taken in
 * what clocks ahead of this one have recorded: so does now. */
static int freeze(struct question *self, int64_t as_of_ms, struct err *err)
{
    int64_t clock_ms = clock_wall_ms();
    int64_t now_ms = MAX(clock_ms, newest_fact_ms(self->analytics->facts));
    self->as_of_ms = as_of_ms == 0 ? now_ms : as_of_ms;
    self->today = clock_business_day(MIN(self->as_of_ms, clock_ms));
    self->facts = self->analytics->n_durable;
    self->begin = 0;
    if (self->as_of_ms > now_ms || self->as_of_ms < now_ms - AS_OF_MS)
        return err_field(err, -EINVAL, "as_of_ms", "want a time of the last %d days, or 0",
                         AS_OF_DAYS);
    return 0;
}

/* What a slice says of a session. */
static int attribute(struct question *self, struct err *err)
{
    const Ansinh__V1__Slice *slice = self->wanted;
    const struct sessions *sessions = self->analytics->sessions;
    if (slice == NULL)
        return 0;
    if (protobuf_c_enum_descriptor_get_value(&ansinh__v1__attribution_method__descriptor,
                                             (int)slice->attribution) == NULL)
        return err_field(err, -EINVAL, "slice.attribution", "no such method");
    if (slice->session_code[0] == '\0')
        return 0;
    self->method = attribution_method(slice->attribution);
    if (strcmp(slice->session_code, SLICE_NOBODY) != 0) {
        self->session = sessions_number(sessions, slice->session_code);
        if (self->session == 0)
            return err_field(err, -ENOENT, "slice.session_code", "unknown session");
    }
    attribution_destroy(&self->attribution);
    if (attribution_create(sessions, self->from, self->until, self->as_of_ms, &self->attribution) <
        0)
        return err_field(err, -EINVAL, "slice.session_code",
                         "more than %d contacts: want fewer days", ATTRIBUTION_PEOPLE_MAX);
    return 0;
}

static int start(struct question *self, struct err *err)
{
    struct analytics *analytics = self->analytics;
    int rc = slice_resolve(self->wanted, analytics->svc->directory, analytics->facts, self->arena,
                           &self->slice, err);
    if (rc == 0)
        rc = self->kind->prepare(self, err);
    if (rc == 0)
        rc = attribute(self, err);
    if (rc < 0)
        return rc;
    struct query query = {.begin = self->begin,
                          .end = self->facts,
                          .from = self->from,
                          .until = self->until,
                          .as_of_ms = self->as_of_ms,
                          .visit = self->kind->visit,
                          .done = on_walked,
                          .is_wanted = is_wanted,
                          .arg = self};
    return queries_start(analytics->queries, &query);
}

static void on_refreshed(void *arg, int rc)
{
    struct question *self = arg;
    struct err err = {0};
    if (rc < 0)
        rc = -EIO;
    else
        rc = analytics_has_facts(self->analytics) ? start(self, &err) : -ECANCELED;
    if (rc < 0)
        question_fail(self, rc, &err);
}

static struct asked *asked_create(struct questions *all, const struct question_kind *kind,
                                  const struct bus_request *request)
{
    struct asked *asked = calloc(1, sizeof(*asked));
    ASSERT(asked != NULL);
    asked->all = all;
    asked->kind = kind;
    asked->body_len = SIZE_MAX;
    if (request->body_len <= sizeof(asked->body)) {
        asked->body_len = request->body_len;
        memcpy(asked->body, request->body, request->body_len);
    }
    asked->next = all->first;
    all->first = asked;
    all->n++;
    return asked;
}

static void begin(void *arg)
{
    struct question *self = arg;
    struct err err = {0};
    int rc = !is_wanted(self)                        ? -ETIMEDOUT
             : !analytics_has_facts(self->analytics) ? -ECANCELED
                                                     : freeze(self, self->asked_ms, &err);
    if (rc == 0)
        rc = start(self, &err);
    if (rc == -ENOENT)
        directory_refresh(self->analytics->svc->directory, on_refreshed, self);
    else if (rc < 0)
        question_fail(self, rc, &err);
}

void question_ask(struct analytics *analytics, struct bus_request *request,
                  const struct question_kind *kind, int64_t as_of_ms,
                  const Ansinh__V1__Slice *slice)
{
    struct questions *all = analytics->questions;
    if (!analytics_has_facts(analytics)) {
        board_is_elsewhere(request);
        return;
    }
    questions_expire(all);
    struct asked *asked = asked_find(all, kind, request);
    if (asked != NULL) {
        wait_for(asked, request);
    } else if (!room(all)) {
        busy(request);
    } else {
        struct question *self = calloc(1, kind->size);
        ASSERT(self != NULL);
        self->analytics = analytics;
        self->kind = kind;
        self->arena = arena_create(ARENA_BYTES);
        self->input = request->input;
        self->wanted = slice;
        self->asked = asked_create(all, kind, request);
        self->asked->question = self;
        self->asked_ms = as_of_ms;
        wait_for(self->asked, request);
        int rc = queries_begin_later(analytics->queries, begin, self);
        if (rc < 0)
            question_fail(self, rc, &(struct err){0});
    }
}

int question_name(struct question *self, char **ret_code, char **ret_name, char **ret_name_en)
{
    const struct slice *slice = &self->slice;
    *ret_code = arena_printf(self->arena, "%s", slice->code);
    *ret_name = arena_printf(self->arena, "%s", slice->name);
    *ret_name_en = arena_printf(self->arena, "%s",
                                slice->unit == NULL ? slice->name : directory_name_en(slice->unit));
    return *ret_code == NULL || *ret_name == NULL || *ret_name_en == NULL ? -ENOMEM : 0;
}

int question_days(const char *from, const char *until, int32_t default_from, int32_t default_until,
                  int32_t *ret_from, int32_t *ret_until, struct err *err)
{
    *ret_from = default_from;
    *ret_until = default_until;
    if (from[0] != '\0' && date_parse(from, ret_from) < 0)
        return err_field(err, -EINVAL, "from", "want a date, YYYY-MM-DD");
    if (until[0] != '\0' && date_parse(until, ret_until) < 0)
        return err_field(err, -EINVAL, "until", "want a date, YYYY-MM-DD");
    if (*ret_until < *ret_from)
        return err_field(err, -EINVAL, "until", "want a day from the first one on");
    return 0;
}
