#include "common/store/link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mutant.h"
#include "common/store/reply.h"

/* Redis reads about 16 KB of a connection per pass of its event loop and syncs once a pass. */
#define BATCH_MAX_BYTES ((size_t)64 * 1024)
#define QUEUE_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define QUEUE_FIRST 64
#define READS_PER_TURN_MAX 32
#define FEED_BYTES 4096
#define BUFFER_KEEP_BYTES ((size_t)1024 * 1024)
#define BACKOFF_FIRST_MS 20
#define BACKOFF_MAX_MS 1000
#define TELL_EVERY_MS 5000
#define PASSWORD_MAX_BYTES 512
#define LENGTH_MAX_BYTES 24 /* "$", a size_t, CR LF, and CR LF behind the bytes */

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_GREETING, LINK_UP };

struct command {
    struct link_answer answer;
    size_t bytes;
    int64_t since_ms;
};

struct link {
    struct link_shared *shared;
    enum link_state state;
    int64_t state_since_ms; /* of CONNECTING and GREETING; of the batch while UP */
    redisContext *context;  /* NULL while DOWN */
    struct arena *arena;    /* of the reply being read */
    struct loop_source *source;
    struct loop_timer *connect_timer; /* while DOWN */
    unsigned n_failures;              /* in a row, since a batch was answered */
    unsigned n_greetings;             /* unanswered */

    struct command *commands; /* ring */
    size_t capacity;          /* power of two */
    size_t first, count;
    size_t n_batch; /* of count, those in the batch under way */

    /* offsets into bytes: start <= sent <= batch_end while a batch is under way */
    struct buf bytes;
    size_t start; /* of the first command in the queue */
    size_t sent;
    size_t batch_end;
};

static void on_ready(void *arg, int events);
static void on_connect_due(void *arg);

static struct command *command_at(const struct link *self, size_t i)
{
    return &self->commands[(self->first + i) & (self->capacity - 1)];
}

static void command_push(struct link *self, const struct command *command)
{
    if (self->count == self->capacity) {
        size_t capacity = MAX((size_t)QUEUE_FIRST, 2 * self->capacity);
        struct command *commands = calloc(capacity, sizeof(*commands));
        ASSERT(commands != NULL);
        for (size_t i = 0; i < self->count; i++)
            commands[i] = *command_at(self, i);
        free(self->commands);
        self->commands = commands;
        self->capacity = capacity;
        self->first = 0;
    }
    *command_at(self, self->count++) = *command;
}

void link_answer(struct link_shared *shared, const struct link_answer *answer, int rc,
                 const struct store_reply *reply)
{
    if (rc == -EAGAIN)
        shared->stats.refused++;
    else if (rc != 0)
        shared->stats.unknown++;
    if (answer->fn == NULL)
        return;
    shared->n_callbacks++;
    if (answer->translate != NULL)
        answer->translate(shared->store, answer->fn, answer->arg, rc, reply);
    else
        ((store_reply_fn)answer->fn)(answer->arg, rc, reply);
    shared->n_callbacks--;
}

/* Takes the oldest command out of the queue before its callback runs: that may queue more. */
static void command_finish(struct link *self, int rc, const struct store_reply *reply)
{
    struct command command = *command_at(self, 0);
    self->first = (self->first + 1) & (self->capacity - 1);
    self->count--;
    self->start += command.bytes;
    if (self->n_batch > 0)
        self->n_batch--;
    if (self->count == 0) {
        if (self->bytes.capacity > BUFFER_KEEP_BYTES)
            buf_fini(&self->bytes);
        buf_reset(&self->bytes);
        self->start = self->sent = self->batch_end = 0;
    }
    link_answer(self->shared, &command.answer, rc, reply);
}

void link_trouble(struct link_shared *shared, const char *what, const char *why)
{
    const struct store_conf *conf = &shared->conf;
    log_debug("trouble with redis", "store=%s what=\"%s\" why=\"%s\"", conf->name, what, why);
    if (conf->on_trouble == NULL || !log_allowed(&shared->told_ms, TELL_EVERY_MS))
        return;
    shared->n_callbacks++;
    conf->on_trouble(conf->trouble_arg, conf->name, what, why);
    shared->n_callbacks--;
}

/* --- down and up ------------------------------------------------------------------------------ */

static void connect_later(struct link *self)
{
    int64_t most_ms = BACKOFF_MAX_MS;
    if (self->n_failures < 6)
        most_ms = MIN(most_ms, (int64_t)BACKOFF_FIRST_MS << self->n_failures);
    int64_t delay_ms = most_ms / 2 + clock_mono_us() % (most_ms / 2 + 1);
    self->n_failures++;
    self->connect_timer = loop_timer_add(self->shared->loop, delay_ms, 0, on_connect_due, self);
}

static void disconnect(struct link *self)
{
    loop_source_remove(&self->source);
    if (self->context != NULL)
        redisFree(self->context);
    self->context = NULL;
    self->state = LINK_DOWN;
    arena_reset(self->arena);
}

/* What left whole may have been done. What did not leave whole cannot have been: it stays. */
static void finish_sent(struct link *self, int rc)
{
    size_t n_sent = 0;
    for (size_t end = self->start; n_sent < self->n_batch; n_sent++) {
        end += command_at(self, n_sent)->bytes;
        if (end > self->sent)
            break;
    }
    for (; n_sent > 0; n_sent--)
        command_finish(self, rc, NULL);
    self->n_batch = 0;
    self->sent = self->batch_end = self->start;
}

static void link_break(struct link *self, int rc, const char *why)
{
    disconnect(self);
    self->shared->stats.reconnects++;
    link_trouble(self->shared, "connection lost, connecting anew", why);
    connect_later(self);
    finish_sent(self, rc);
}

static void enter(struct link *self, enum link_state state)
{
    self->state = state;
    self->state_since_ms = loop_now_ms(self->shared->loop);
}

static void on_connect_due(void *arg)
{
    struct link *self = arg;
    const struct url *url = &self->shared->url;
    self->connect_timer = NULL;
    self->context = url->port == 0 ? redisConnectUnixNonBlock(url->host)
                                   : redisConnectNonBlock(url->host, url->port);
    ASSERT(self->context != NULL);
    if (self->context->err != 0) {
        char why[sizeof(self->context->errstr)];
        memcpy(why, self->context->errstr, sizeof(why));
        link_break(self, -ECONNRESET, why);
        return;
    }
    reply_attach(self->context->reader, self->arena);
    self->context->reader->maxbuf = BUFFER_KEEP_BYTES;
    enter(self, LINK_CONNECTING);
    self->source =
        loop_add_fd(self->shared->loop, self->context->fd, LOOP_READ | LOOP_WRITE, on_ready, self);
}

/* --- commands as bytes ------------------------------------------------------------------------ */

static uint8_t *put_length(uint8_t *to, char kind, size_t value)
{
    char digits[LENGTH_MAX_BYTES];
    size_t i = sizeof(digits);
    digits[--i] = '\n';
    digits[--i] = '\r';
    do {
        digits[--i] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    digits[--i] = kind;
    memcpy(to, digits + i, sizeof(digits) - i);
    return to + sizeof(digits) - i;
}

/* Appends a command as Redis reads it; its bytes, or 0 when it does not fit. Written by hand
 * because it runs for every command and must not allocate. */
static size_t append_command(struct buf *to, int argc, const char *const *argv, const size_t *lens)
{
    size_t most = LENGTH_MAX_BYTES;
    for (int i = 0; i < argc; i++)
        most += LENGTH_MAX_BYTES + lens[i];
    uint8_t *start = most > to->size_max - to->len ? NULL : buf_reserve(to, most);
    if (start == NULL)
        return 0;
    uint8_t *at = put_length(start, '*', (size_t)argc);
    for (int i = 0; i < argc; i++) {
        at = put_length(at, '$', lens[i]);
        if (lens[i] > 0)
            memcpy(at, argv[i], lens[i]);
        at += lens[i];
        *at++ = '\r';
        *at++ = '\n';
    }
    to->len += (size_t)(at - start);
    return (size_t)(at - start);
}

int link_send(struct link *self, int argc, const char *const *argv, const size_t *lens,
              const struct link_answer *answer)
{
    ASSERT(argc >= 1 && argc <= STORE_ARGS_MAX);
    if (self->count - self->n_batch >= self->shared->conf.backlog_max)
        return -EAGAIN;
    size_t bytes = append_command(&self->bytes, argc, argv, lens);
    if (bytes == 0)
        return -EAGAIN;
    struct command command = {*answer, bytes, loop_now_ms(self->shared->loop)};
    command_push(self, &command);
    return 0;
}

/* --- the greeting ----------------------------------------------------------------------------- */

/* First line of the password file into ret; its length, 0 when there is none. Read at every
 * connect, so a changed password is taken up without a restart. */
static size_t password_read(const char *path, char ret[PASSWORD_MAX_BYTES])
{
    FILE *file = path == NULL || path[0] == '\0' ? NULL : fopen(path, "re");
    if (file == NULL)
        return 0;
    size_t len = fgets(ret, PASSWORD_MAX_BYTES, file) == NULL ? 0 : strcspn(ret, "\r\n");
    fclose(file);
    return len;
}

/* PING tells a server that serves from one that still loads its file. */
static void link_greet(struct link *self)
{
    char password[PASSWORD_MAX_BYTES];
    size_t len = password_read(self->shared->conf.password_file, password);
    struct buf hello;
    buf_init(&hello, 2 * PASSWORD_MAX_BYTES);
    self->n_greetings = 1;
    if (len > 0) {
        self->n_greetings = 2;
        (void)append_command(&hello, 2, (const char *const[]){"AUTH", password},
                             (const size_t[]){strlen("AUTH"), len});
    }
    (void)append_command(&hello, 1, (const char *const[]){"PING"},
                         (const size_t[]){strlen("PING")});
    ssize_t n = send(self->context->fd, hello.data, hello.len, MSG_NOSIGNAL);
    size_t greeting_bytes = hello.len;
    explicit_bzero(hello.data, hello.len);
    explicit_bzero(password, sizeof(password));
    buf_fini(&hello);
    if (n != (ssize_t)greeting_bytes) {
        link_break(self, -ECONNRESET, "the greeting could not be sent");
        return;
    }
    enter(self, LINK_GREETING);
    loop_source_events(self->source, LOOP_READ);
}

static int take_greeting(struct link *self, const struct store_reply *reply)
{
    if (store_reply_type(reply) == STORE_REPLY_ERROR) {
        char why[128];
        size_t len;
        (void)snprintf(why, sizeof(why), "%s", store_reply_bytes(reply, &len));
        link_break(self, -ECONNRESET, why);
        return -ECONNRESET;
    }
    if (--self->n_greetings == 0)
        enter(self, LINK_UP);
    return 0;
}

/* --- batches ---------------------------------------------------------------------------------- */

static void link_write(struct link *self)
{
    size_t left = self->batch_end - self->sent;
    ssize_t n =
        send(self->context->fd, self->bytes.data + self->sent, left, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        link_break(self, -ECONNRESET, strerror(errno));
        return;
    }
    self->sent += n < 0 ? 0 : (size_t)n;
    int is_whole = self->sent == self->batch_end;
    if (is_whole && strcmp(self->shared->conf.name, "ledger") == 0)
        CRASH_POINT(LEDGER_BATCH_SENT);
    loop_source_events(self->source, is_whole ? LOOP_READ : LOOP_READ | LOOP_WRITE);
}

/* Never runs while a batch is under way: that one is bounded by the timeout itself. */
static void expire_waiting(struct link *self)
{
    int64_t oldest_ms = loop_now_ms(self->shared->loop) - self->shared->conf.timeout_ms;
    while (self->n_batch == 0 && self->count > 0 && command_at(self, 0)->since_ms <= oldest_ms)
        command_finish(self, -EAGAIN, NULL);
}

void link_flush(struct link *self)
{
    if (self->state != LINK_UP || self->n_batch > 0)
        return;
    expire_waiting(self);
    if (self->count == 0)
        return;
    if (self->start > self->bytes.len / 2) {
        buf_consume(&self->bytes, self->start);
        self->start = 0;
    }
    size_t bytes = 0;
    do {
        bytes += command_at(self, self->n_batch++)->bytes;
    } while (self->n_batch < self->count &&
             bytes + command_at(self, self->n_batch)->bytes <= BATCH_MAX_BYTES);
    self->sent = self->start;
    self->batch_end = self->start + bytes;
    self->state_since_ms = clock_mono_ms(); /* a long turn must not shorten the wait */
    self->shared->stats.batches++;
    self->shared->stats.commands += (int64_t)self->n_batch;
    link_write(self);
}

/* 0, or negative when the connection is gone. */
static int take_reply(struct link *self, const struct store_reply *reply)
{
    if (self->state == LINK_GREETING)
        return take_greeting(self, reply);
    if (self->n_batch == 0 || self->start + command_at(self, 0)->bytes > self->sent) {
        link_break(self, -ECONNRESET, "an answer without a question");
        return -EPROTO;
    }
    command_finish(self, 0, reply);
    if (self->n_batch == 0)
        self->n_failures = 0;
    return 0;
}

static int take_replies(struct link *self)
{
    redisReader *reader = self->context->reader;
    void *reply = NULL;
    int rc;
    while ((rc = redisReaderGetReply(reader, &reply)) == REDIS_OK && reply != NULL) {
        if (take_reply(self, reply) < 0)
            return -ECONNRESET;
        arena_reset(self->arena);
    }
    if (rc == REDIS_OK)
        return 0;
    link_break(self, -ECONNRESET, "a malformed or oversized reply");
    return -EPROTO;
}

/* Piece by piece: the reader moves what is left of its buffer for every answer it gives. */
static int link_feed(struct link *self, const char *input, size_t n)
{
    for (size_t at = 0; at < n; at += FEED_BYTES) {
        if (redisReaderFeed(self->context->reader, input + at, MIN(n - at, (size_t)FEED_BYTES)) !=
            REDIS_OK) {
            link_break(self, -ECONNRESET, "no memory for a reply");
            return -ENOMEM;
        }
        int rc = take_replies(self);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static void link_read(struct link *self)
{
    char *input = self->shared->input;
    for (int i = 0; i < READS_PER_TURN_MAX; i++) {
        ssize_t n = recv(self->context->fd, input, LINK_READ_BYTES, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            link_break(self, -ECONNRESET, n == 0 ? "closed by the server" : strerror(errno));
            return;
        }
        if (link_feed(self, input, (size_t)n) < 0 || n < LINK_READ_BYTES)
            return;
    }
}

static void on_ready(void *arg, int events)
{
    struct link *self = arg;
    if (self->state == LINK_CONNECTING) {
        int failure = 0;
        socklen_t len = sizeof(failure);
        if (getsockopt(self->context->fd, SOL_SOCKET, SO_ERROR, &failure, &len) < 0)
            failure = errno;
        if (failure != 0)
            link_break(self, -ECONNRESET, strerror(failure));
        else if (events & LOOP_WRITE)
            link_greet(self);
        return;
    }
    if ((events & LOOP_WRITE) && self->sent < self->batch_end)
        link_write(self);
    if ((events & LOOP_READ) && self->context != NULL)
        link_read(self);
}

/* --- life ------------------------------------------------------------------------------------- */

void link_tick(struct link *self)
{
    int64_t waited_ms = loop_now_ms(self->shared->loop) - self->state_since_ms;
    int is_waiting =
        self->n_batch > 0 || self->state == LINK_CONNECTING || self->state == LINK_GREETING;
    if (MUTANT(REUSED_CONNECTION) && self->n_batch > 0 &&
        waited_ms >= self->shared->conf.timeout_ms)
        finish_sent(self, -ETIMEDOUT);
    else if (is_waiting && waited_ms >= self->shared->conf.timeout_ms)
        link_break(self, -ETIMEDOUT, "no answer in time");
    expire_waiting(self);
}

int link_is_up(const struct link *self)
{
    return self->state == LINK_UP;
}

size_t link_open_commands(const struct link *self)
{
    return self->count;
}

struct link *link_create(struct link_shared *shared)
{
    struct link *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->shared = shared;
    self->arena = arena_create(REPLY_MAX_BYTES);
    buf_init(&self->bytes, QUEUE_MAX_BYTES);
    self->connect_timer = loop_timer_add(shared->loop, 0, 0, on_connect_due, self);
    return self;
}

void link_destroy(struct link **self)
{
    struct link *link = *self;
    if (link == NULL)
        return;
    disconnect(link);
    loop_timer_cancel(link->shared->loop, &link->connect_timer);
    finish_sent(link, -ECONNRESET);
    while (link->count > 0)
        command_finish(link, -EAGAIN, NULL);
    arena_destroy(&link->arena);
    buf_fini(&link->bytes);
    free(link->commands);
    free(link);
    *self = NULL;
}
