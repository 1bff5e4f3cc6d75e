/* A question to the facts: what GetSeries, GetBoard and ListRecords have in common. It is frozen
 * when it is asked (as_of_ms, facts), answered after a walk, and the answer is shared with
 * everybody who asks the same within SHARED_MS. */
#ifndef ANSINH_ANALYTICS_QUESTION_H
#define ANSINH_ANALYTICS_QUESTION_H

#include "common/bus/server.h"
#include "services/analytics/attribution.h"
#include "services/analytics/counted.h"
#include "services/analytics/queries.h"
#include "services/analytics/slice.h"

#define AS_OF_DAYS 35    /* the past that can be asked for */
#define SHARED_MS 1000   /* age of an answer that is given again */
#define QUESTIONS_MAX 64 /* under way, or answered and shared */

struct analytics;
struct question;

/* struct of a kind begins with its struct question and is zeroed. */
struct question_kind {
    size_t size;
    /* Reads the input and says what to walk over: from, until, begin; may set as_of_ms and facts.
     * -EINVAL, -ENOENT (asked again after a refresh of the directory), -ESTALE: the facts are
     * others now; each names the field. -ENOMEM. */
    int (*prepare)(struct question *self, struct err *err);
    query_visit_fn visit; /* arg is the struct question */
    /* After the walk: question_reply or question_fail. */
    void (*answer)(struct question *self);
    /* Frees what prepare has made beside the arena, if it has. May be NULL. */
    void (*end)(struct question *self);
};

struct question {
    struct analytics *analytics;
    const struct question_kind *kind;
    struct arena *arena; /* until it is answered */
    const ProtobufCMessage *input;
    const Ansinh__V1__Slice *wanted;
    struct slice slice;
    int64_t asked_ms;                /* as_of_ms as it was asked for */
    int64_t as_of_ms;                /* what was recorded later does not count */
    int32_t today;                   /* business day of as_of_ms */
    uint64_t facts;                  /* what came behind so many does not count */
    uint64_t begin;                  /* first fact to look at */
    int32_t from, until;             /* business days that matter */
    struct attribution *attribution; /* NULL: of whatever session */
    uint32_t session;                /* 0: of none */
    Ansinh__V1__AttributionMethod method;
    struct asked *asked; /* who waits */
};

struct questions;
struct questions *questions_create(void);
/* Without answering what is open. */
void questions_destroy(struct questions **self);
/* Forgets answers that are too old. */
void questions_expire(struct questions *self);

/* Takes a request; as_of_ms and slice are those in its input. */
void question_ask(struct analytics *analytics, struct bus_request *request,
                  const struct question_kind *kind, int64_t as_of_ms,
                  const Ansinh__V1__Slice *slice);

/* End the question. */
void question_reply(struct question *self, const ProtobufCMessage *output);
void question_fail(struct question *self, int rc, const struct err *err);

/* Code and names of the slice's unit, in the arena. -ENOMEM. */
int question_name(struct question *self, char **ret_code, char **ret_name,
                  char **ret_name_en) MUST_CHECK;

/* Whether the walk counts a fact, but for the days. */
static inline int question_takes(const struct question *self, const struct fact *fact)
{
    return fact->at_ms <= self->as_of_ms && slice_has(&self->slice, fact) &&
           (self->attribution == NULL || attribution_of(self->attribution, fact->citizen, fact->day,
                                                        self->method) == self->session);
}

/* Dates of a request; empty ones are the defaults. -EINVAL: not a date, or the last one before the
 * first; names the field. */
int question_days(const char *from, const char *until, int32_t default_from, int32_t default_until,
                  int32_t *ret_from, int32_t *ret_until, struct err *err) MUST_CHECK;

#endif
