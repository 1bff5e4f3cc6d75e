#include "common/service/past.h"

#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/archive.pb-c.h"
#include "common/base/buf.h"
#include "common/base/log.h"

#define METHOD "ansinh.v1.Archive/ReadBlock"
#define ARCHIVER "archiver"
#define TIMEOUT_MS 10000
#define RETRY_MS 1000
#define BLOCK_MAX_BYTES BUS_FRAME_MAX_BYTES
#define PROBLEM_BYTES 192

/* At block of segment; records holds the block that is being given, from at on. */
struct past {
    struct past_conf conf;
    uint64_t segment;
    uint32_t block, n_blocks;
    uint64_t life; /* answers to an earlier start are ignored */
    int is_busy, is_asking, is_giving;
    struct buf records;
    size_t at;
    struct loop_timer *retry_timer;
    char problem[PROBLEM_BYTES];
};

/* A question under way. */
struct question {
    struct past *past;
    uint64_t life;
};

static void ask(struct past *self);

struct past *past_create(const struct past_conf *conf)
{
    struct past *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->conf = *conf;
    buf_init(&self->records, BLOCK_MAX_BYTES);
    return self;
}

void past_destroy(struct past **self)
{
    if (*self == NULL)
        return;
    loop_timer_cancel((*self)->conf.svc->loop, &(*self)->retry_timer);
    buf_fini(&(*self)->records);
    free(*self);
    *self = NULL;
}

int past_is_busy(const struct past *self)
{
    return self->is_busy;
}

const char *past_problem(const struct past *self)
{
    return self->problem[0] == '\0' ? NULL : self->problem;
}

void past_stop(struct past *self)
{
    self->life++;
    self->is_busy = self->is_asking = 0;
    self->problem[0] = '\0';
    buf_reset(&self->records);
    loop_timer_cancel(self->conf.svc->loop, &self->retry_timer);
}

void past_start(struct past *self)
{
    past_stop(self);
    self->is_busy = 1;
    self->segment = 1;
    self->block = 0;
    ask(self);
}

static void on_retry(void *arg)
{
    struct past *self = arg;
    self->retry_timer = NULL;
    ask(self);
}

static void retry(struct past *self, const char *why)
{
    (void)snprintf(self->problem, sizeof(self->problem),
                   "entries are needed that only the archive has, and it cannot be read: %s", why);
    self->retry_timer = loop_timer_add(self->conf.svc->loop, RETRY_MS, 0, on_retry, self);
}

/* Gives what there is room for; then the next block. */
void past_go_on(struct past *self)
{
    if (!self->is_busy || self->is_asking || self->is_giving || self->retry_timer != NULL)
        return;
    uint64_t life = self->life;
    self->is_giving = 1; /* take may have made room, and call again */
    while (self->life == life && self->at < self->records.len) {
        struct record record;
        size_t next = self->at;
        if (record_read(self->records.data, self->records.len, &next, &record) < 0) {
            self->is_giving = 0;
            retry(self, "a block holds something that is no record");
            return;
        }
        if (record.kind == RECORD_ENTRY && !self->conf.take(self->conf.arg, &record))
            break;
        if (self->life == life)
            self->at = next;
    }
    self->is_giving = 0;
    if (self->life != life || self->at < self->records.len)
        return;
    if (++self->block >= self->n_blocks) {
        self->segment++;
        self->block = 0;
    }
    ask(self);
}

static void take_block(struct past *self, const Ansinh__V1__ReadBlockResponse *in)
{
    self->problem[0] = '\0';
    self->at = 0;
    self->n_blocks = in->n_blocks;
    buf_reset(&self->records);
    if (in->n_blocks == 0) {
        past_stop(self);
        self->conf.done(self->conf.arg);
        return;
    }
    int rc = buf_append(&self->records, in->records.data, in->records.len);
    ASSERT(rc == 0); /* a frame is not longer */
    past_go_on(self);
}

static void on_block(void *arg, const struct bus_answer *answer)
{
    struct question *question = arg;
    struct past *self = question->past;
    int is_old = question->life != self->life;
    free(question);
    if (is_old)
        return;
    self->is_asking = 0;
    Ansinh__V1__ReadBlockResponse *in =
        answer->code != 0
            ? NULL
            : ansinh__v1__read_block_response__unpack(NULL, answer->body_len, answer->body);
    if (in == NULL) {
        retry(self, answer->code == 0 ? "the archiver's answer cannot be read" : answer->message);
        return;
    }
    take_block(self, in);
    ansinh__v1__read_block_response__free_unpacked(in, NULL);
}

static void ask(struct past *self)
{
    struct question *question = malloc(sizeof(*question));
    ASSERT(question != NULL);
    *question = (struct question){self, self->life};
    self->is_asking = 1;
    Ansinh__V1__ReadBlockRequest in;
    ansinh__v1__read_block_request__init(&in);
    in.segment = self->segment;
    in.block = self->block;
    struct bus_call call = {.service = ARCHIVER, .method = METHOD, .timeout_ms = TIMEOUT_MS};
    bus_call(self->conf.svc->client, &call, &in.base, on_block, question);
}
