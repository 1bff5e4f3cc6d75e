#include "tests/fuzz/fake_store.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/log.h"
#include "common/store/link.h"
#include "common/store/reply.h"

#define OPEN_MAX 4096
#define ANSWERS_MAX 20000 /* of one input: who asks on for ever is stopped */
#define ARENA_BYTES ((size_t)8 << 20)

struct store {
    redisReader *reader;
    struct arena *arena;
    struct link_answer open[OPEN_MAX]; /* a ring */
    size_t first, n_open, n_answered;
};

static struct store the_store;

struct store *fake_store_begin(const uint8_t *data, size_t size)
{
    struct store *self = &the_store;
    ASSERT(self->reader == NULL);
    self->reader = redisReaderCreate();
    ASSERT(self->reader != NULL);
    self->arena = arena_create(ARENA_BYTES);
    reply_attach(self->reader, self->arena);
    ASSERT(redisReaderFeed(self->reader, (const char *)data, size) == REDIS_OK);
    self->n_answered = 0;
    return self;
}

/* 0 and the next reply, NULL for an empty bulk; else there is none. */
static int next_reply(struct store *self, void **ret)
{
    arena_reset(self->arena);
    return redisReaderGetReply(self->reader, ret) == REDIS_OK && *ret != NULL ? 0 : -ECONNRESET;
}

void fake_store_answer(void)
{
    struct store *self = &the_store;
    while (self->n_open > 0) {
        struct link_answer answer = self->open[self->first];
        void *reply = NULL;
        int rc = ++self->n_answered > ANSWERS_MAX ? -ECONNRESET : next_reply(self, &reply);
        self->first = (self->first + 1) % OPEN_MAX;
        self->n_open--;
        if (answer.fn == NULL)
            continue;
        if (answer.translate != NULL)
            answer.translate(self, answer.fn, answer.arg, rc, reply);
        else
            ((store_reply_fn)answer.fn)(answer.arg, rc, reply);
    }
}

void fake_store_end(void)
{
    ASSERT(the_store.n_open == 0);
    redisReaderFree(the_store.reader);
    the_store.reader = NULL;
    arena_destroy(&the_store.arena);
}

/* --- as in redis.c --- */

void store_send_typed(struct store *self, unsigned lane, int argc, const char *const *argv,
                      const size_t *lens, link_translate_fn translate, link_any_fn fn, void *arg)
{
    (void)lane;
    ASSERT(argc >= 1 && argc <= STORE_ARGS_MAX && self->n_open < OPEN_MAX);
    for (int i = 0; i < argc; i++)
        ASSERT(lens[i] == 0 || argv[i] != NULL);
    self->open[(self->first + self->n_open++) % OPEN_MAX] =
        (struct link_answer){translate, fn, arg};
}

void store_send(struct store *self, unsigned lane, int argc, const char *const *argv,
                const size_t *lens, store_reply_fn fn, void *arg)
{
    store_send_typed(self, lane, argc, argv, lens, NULL, (link_any_fn)fn, arg);
}

void store_send_text(struct store *self, unsigned lane, store_reply_fn fn, void *arg, ...)
{
    const char *argv[64];
    size_t lens[64];
    int argc = 0;
    va_list args;
    va_start(args, arg);
    for (const char *word; (word = va_arg(args, const char *)) != NULL; argc++) {
        argv[argc] = word;
        lens[argc] = strlen(word);
    }
    va_end(args);
    store_send(self, lane, argc, argv, lens, fn, arg);
}

int store_is_refusal(struct store *self, const struct store_reply *reply)
{
    (void)self;
    return store_reply_type(reply) == STORE_REPLY_ERROR;
}

void store_stats_get(const struct store *self, struct store_stats *ret)
{
    (void)self;
    *ret = (struct store_stats){0};
}

/* Only steps before the start ask and wait. */
int store_ask(struct store *self, int64_t wait_ms, int argc, const char *const *argv,
              const size_t *lens, store_reply_fn on_reply, void *arg, struct err *err)
{
    (void)self, (void)wait_ms, (void)argc, (void)argv, (void)lens, (void)on_reply, (void)arg;
    return err_set(err, -ETIMEDOUT, "there is no server");
}
