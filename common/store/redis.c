#include "common/store/redis.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/link.h"

#define LINKS_MAX 16
#define TEXT_ARGS_MAX 64
#define TICKS_PER_TIMEOUT 8
#define TICK_MIN_MS 2
#define TICK_MAX_MS 100
#define CLOSING_ROUNDS_MAX 1000

struct store {
    struct link_shared shared;
    struct link *links[LINKS_MAX];
    struct loop_timer *tick;
    struct link_answer *refused; /* in store_send; answered at the end of the turn */
    size_t n_refused, refused_capacity;
    int is_closing;
};

static void answer_refused(struct store *self)
{
    size_t n = self->n_refused;
    struct link_answer *refused = self->refused;
    self->refused = NULL; /* a callback may send again and be refused again */
    self->n_refused = self->refused_capacity = 0;
    for (size_t i = 0; i < n; i++)
        link_answer(&self->shared, &refused[i], -EAGAIN, NULL);
    free(refused);
}

static void on_before_sleep(void *arg)
{
    struct store *self = arg;
    if (self->n_refused > 0)
        answer_refused(self);
    for (unsigned i = 0; i < self->shared.conf.n_links; i++)
        link_flush(self->links[i]);
}

static void on_tick(void *arg)
{
    struct store *self = arg;
    for (unsigned i = 0; i < self->shared.conf.n_links; i++)
        link_tick(self->links[i]);
}

int store_create(struct loop *loop, const struct store_conf *conf, struct store **ret,
                 struct err *err)
{
    ASSERT(conf->n_links >= 1 && conf->n_links <= LINKS_MAX);
    ASSERT(conf->timeout_ms > 0);
    ASSERT(conf->backlog_max > 0);
    struct url url;
    int rc = url_parse(conf->url, &url, err);
    if (rc < 0)
        return rc;
    struct store *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->shared.store = self;
    self->shared.loop = loop;
    self->shared.conf = *conf;
    self->shared.url = url;
    for (unsigned i = 0; i < conf->n_links; i++)
        self->links[i] = link_create(&self->shared);
    int64_t tick_ms = MIN(conf->timeout_ms / TICKS_PER_TIMEOUT, (int64_t)TICK_MAX_MS);
    tick_ms = MAX(tick_ms, (int64_t)TICK_MIN_MS);
    self->tick = loop_timer_add(loop, tick_ms, tick_ms, on_tick, self);
    loop_before_sleep(loop, on_before_sleep, self);
    *ret = self;
    return 0;
}

void store_destroy(struct store **self)
{
    struct store *store = *self;
    if (store == NULL)
        return;
    ASSERT(store->shared.n_callbacks == 0);
    store->is_closing = 1;
    loop_before_sleep_end(store->shared.loop, on_before_sleep, store);
    loop_timer_cancel(store->shared.loop, &store->tick);
    for (unsigned i = 0; i < store->shared.conf.n_links; i++)
        link_destroy(&store->links[i]);
    for (int rounds = 0; store->n_refused > 0; rounds++) {
        ASSERT(rounds < CLOSING_ROUNDS_MAX);
        answer_refused(store);
    }
    free(store->refused);
    free(store);
    *self = NULL;
}

static void refuse(struct store *self, const struct link_answer *answer)
{
    if (self->n_refused == self->refused_capacity) {
        size_t capacity = MAX((size_t)16, 2 * self->refused_capacity);
        struct link_answer *refused = realloc(self->refused, capacity * sizeof(*refused));
        ASSERT(refused != NULL);
        self->refused = refused;
        self->refused_capacity = capacity;
    }
    self->refused[self->n_refused++] = *answer;
    loop_wake(self->shared.loop);
}

void store_send_typed(struct store *self, unsigned lane, int argc, const char *const *argv,
                      const size_t *lens, link_translate_fn translate, link_any_fn fn, void *arg)
{
    struct link *link = self->links[lane % self->shared.conf.n_links];
    struct link_answer answer = {translate, fn, arg};
    if (self->is_closing || link_send(link, argc, argv, lens, &answer) < 0)
        refuse(self, &answer);
}

void store_send(struct store *self, unsigned lane, int argc, const char *const *argv,
                const size_t *lens, store_reply_fn fn, void *arg)
{
    store_send_typed(self, lane, argc, argv, lens, NULL, (link_any_fn)fn, arg);
}

int store_is_refusal(struct store *self, const struct store_reply *reply)
{
    if (store_reply_type(reply) != STORE_REPLY_ERROR)
        return 0;
    size_t len;
    link_trouble(&self->shared, "a function was refused", store_reply_bytes(reply, &len));
    return 1;
}

void store_send_text(struct store *self, unsigned lane, store_reply_fn fn, void *arg, ...)
{
    const char *argv[TEXT_ARGS_MAX];
    size_t lens[TEXT_ARGS_MAX];
    int argc = 0;
    va_list args;
    va_start(args, arg);
    for (const char *word; (word = va_arg(args, const char *)) != NULL; argc++) {
        ASSERT(argc < TEXT_ARGS_MAX);
        argv[argc] = word;
        lens[argc] = strlen(word);
    }
    va_end(args);
    store_send(self, lane, argc, argv, lens, fn, arg);
}

/* Lives until the answer, also when the one who asked has given up. */
struct question {
    int is_answered, is_given_up;
    int rc;
    store_reply_fn on_reply;
    void *arg;
    struct err err;
};

static void on_answer(void *arg, int rc, const struct store_reply *reply)
{
    struct question *question = arg;
    if (question->is_given_up) {
        free(question);
        return;
    }
    question->is_answered = 1;
    question->rc = rc;
    if (store_reply_type(reply) == STORE_REPLY_ERROR) {
        size_t len;
        question->rc = err_set(&question->err, -EPROTO, "%s", store_reply_bytes(reply, &len));
    }
    /* never sent is asked again, so the caller hears of the last attempt only */
    if (rc != -EAGAIN && question->on_reply != NULL)
        question->on_reply(question->arg, rc, reply);
}

int store_ask(struct store *self, int64_t wait_ms, int argc, const char *const *argv,
              const size_t *lens, store_reply_fn on_reply, void *arg, struct err *err)
{
    ASSERT(self->shared.n_callbacks == 0);
    int64_t deadline_ms = clock_mono_ms() + wait_ms;
    struct question *question = calloc(1, sizeof(*question));
    ASSERT(question != NULL);
    *question = (struct question){.on_reply = on_reply, .arg = arg, .rc = -ETIMEDOUT};
    int64_t left_ms;
    store_send(self, 0, argc, argv, lens, on_answer, question);
    while ((left_ms = deadline_ms - clock_mono_ms()) > 0) {
        loop_turn(self->shared.loop, left_ms);
        if (question->is_answered && question->rc != -EAGAIN)
            break;
        if (question->is_answered) {
            question->is_answered = 0;
            question->rc = -ETIMEDOUT;
            store_send(self, 0, argc, argv, lens, on_answer, question);
        }
    }
    int rc = question->rc;
    if (rc == -EPROTO)
        (void)err_set(err, rc, "%s", question->err.text);
    else if (rc < 0)
        (void)err_set(err, rc, "%s does not answer: %s", self->shared.conf.name, strerror(-rc));
    if (question->is_answered)
        free(question);
    else
        question->is_given_up = 1;
    return rc;
}

unsigned store_links_up(const struct store *self)
{
    unsigned n = 0;
    for (unsigned i = 0; i < self->shared.conf.n_links; i++)
        n += link_is_up(self->links[i]) ? 1 : 0;
    return n;
}

size_t store_open_commands(const struct store *self)
{
    size_t n = self->n_refused;
    for (unsigned i = 0; i < self->shared.conf.n_links; i++)
        n += link_open_commands(self->links[i]);
    return n;
}

void store_stats_get(const struct store *self, struct store_stats *ret)
{
    *ret = self->shared.stats;
}
