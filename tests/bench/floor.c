/* floor SOCKET FILE CONNECTIONS BATCH: what the ledger Redis can do at most.
 *
 * Sends recorded commits (recorder.c) over a bare hiredis pipeline: no ZeroMQ, no protobuf, no
 * rules in front. Each connection sends a batch of so many commits, and the next one as soon as the
 * answers of the one before are there. Prints commits per second; a single refused commit fails the
 * run. */
#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"

#define CONNECTIONS_MAX 64
#define BATCH_MAX 65536

struct connection {
    redisContext *context;
    size_t n_open; /* answers that are still to come */
};

struct floor {
    const char *bytes;
    size_t *ends; /* of each command */
    size_t n, n_sent, n_done;
    size_t batch, n_connections;
    struct connection connections[CONNECTIONS_MAX];
};

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "floor: %s: %s\n", what, why);
    exit(1);
}

static size_t number_at(const char *bytes, size_t *at)
{
    size_t value = 0;
    for ((*at)++; bytes[*at] != '\r'; (*at)++)
        value = value * 10 + (size_t)(bytes[*at] - '0');
    *at += 2;
    return value;
}

static void find_commands(struct floor *self, size_t len)
{
    size_t capacity = 0;
    for (size_t at = 0; at < len; self->n++) {
        if (self->n == capacity) {
            capacity = MAX((size_t)1024, 2 * capacity);
            self->ends = realloc(self->ends, capacity * sizeof(*self->ends));
            ASSERT(self->ends != NULL);
        }
        size_t n_words = number_at(self->bytes, &at);
        for (size_t i = 0; i < n_words; i++) {
            size_t word = number_at(self->bytes, &at);
            at += word + 2;
        }
        self->ends[self->n] = at;
    }
}

static void load(struct floor *self, const char *path)
{
    struct stat status;
    FILE *file = fopen(path, "re");
    if (file == NULL || fstat(fileno(file), &status) < 0)
        fail(path, strerror(errno));
    char *bytes = malloc((size_t)status.st_size + 1);
    ASSERT(bytes != NULL);
    if (fread(bytes, 1, (size_t)status.st_size, file) != (size_t)status.st_size)
        fail(path, "cannot be read");
    (void)fclose(file);
    self->bytes = bytes;
    find_commands(self, (size_t)status.st_size);
}

static void send_batch(struct floor *self, struct connection *connection)
{
    size_t n = MIN(self->batch, self->n - self->n_sent);
    int done = n == 0;
    for (size_t i = 0; i < n; i++, self->n_sent++) {
        size_t begin = self->n_sent == 0 ? 0 : self->ends[self->n_sent - 1];
        (void)redisAppendFormattedCommand(connection->context, self->bytes + begin,
                                          self->ends[self->n_sent] - begin);
    }
    connection->n_open += n;
    while (!done) {
        if (redisBufferWrite(connection->context, &done) != REDIS_OK)
            fail("write", connection->context->errstr);
    }
}

static void take_answers(struct floor *self, struct connection *connection)
{
    void *reply;
    if (redisBufferRead(connection->context) != REDIS_OK)
        fail("read", connection->context->errstr);
    while (redisGetReplyFromReader(connection->context, &reply) == REDIS_OK && reply != NULL) {
        const redisReply *answer = reply;
        if (answer->type != REDIS_REPLY_STRING) /* a position; everything else changed nothing */
            fail("a commit was refused", answer->type == REDIS_REPLY_ERROR ? answer->str : "");
        freeReplyObject(reply);
        connection->n_open--;
        self->n_done++;
    }
    if (connection->n_open <= self->batch)
        send_batch(self, connection);
}

static void run(struct floor *self)
{
    struct pollfd polled[CONNECTIONS_MAX];
    for (size_t i = 0; i < self->n_connections; i++) {
        send_batch(self, &self->connections[i]);
        send_batch(self, &self->connections[i]);
        polled[i] = (struct pollfd){.fd = self->connections[i].context->fd, .events = POLLIN};
    }
    while (self->n_done < self->n) {
        int n = poll(polled, self->n_connections, 10000);
        if (n <= 0)
            fail("poll", "no answer");
        for (size_t i = 0; i < self->n_connections; i++) {
            if (polled[i].revents != 0)
                take_answers(self, &self->connections[i]);
        }
    }
}

int main(int argc, char **argv)
{
    static struct floor self;
    int64_t connections, batch;
    if (argc != 5 || parse_int64(argv[3], 1, CONNECTIONS_MAX, &connections) < 0 ||
        parse_int64(argv[4], 1, BATCH_MAX, &batch) < 0)
        return fail("usage", "floor SOCKET FILE CONNECTIONS BATCH");
    self.batch = (size_t)batch;
    self.n_connections = (size_t)connections;
    load(&self, argv[2]);
    for (size_t i = 0; i < self.n_connections; i++) {
        self.connections[i].context = redisConnectUnix(argv[1]);
        if (self.connections[i].context == NULL || self.connections[i].context->err != 0)
            fail(argv[1], "cannot connect");
    }
    int64_t begin_us = clock_mono_us();
    run(&self);
    int64_t took_us = MAX(clock_mono_us() - begin_us, (int64_t)1);
    (void)printf("%lld\n", (long long)((int64_t)self.n * 1000000 / took_us));
    return 0;
}
