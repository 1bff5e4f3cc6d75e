#include "services/cli/sandbox_record.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

struct attempts {
    char method[RECORD_TEXT_BYTES], transaction_id[RECORD_TEXT_BYTES];
    unsigned n;
};

struct sandbox_record {
    pthread_mutex_t lock;
    struct record_line lines[RECORD_LINES_MAX]; /* a ring */
    uint64_t n_lines;                           /* ever */
    struct attempts attempts[RECORD_LINES_MAX];
    size_t n_attempts;
};

struct sandbox_record *record_create(void)
{
    struct sandbox_record *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL && pthread_mutex_init(&self->lock, NULL) == 0);
    return self;
}

void record_destroy(struct sandbox_record **self)
{
    if (*self == NULL)
        return;
    (void)pthread_mutex_destroy(&(*self)->lock);
    free(*self);
    *self = NULL;
}

static struct attempts *find(struct sandbox_record *self, const char *method,
                             const char *transaction_id)
{
    for (size_t i = 0; i < self->n_attempts; i++) {
        struct attempts *it = &self->attempts[i];
        if (strcmp(it->transaction_id, transaction_id) == 0 && strcmp(it->method, method) == 0)
            return it;
    }
    if (self->n_attempts == RECORD_LINES_MAX)
        return NULL;
    struct attempts *it = &self->attempts[self->n_attempts++];
    (void)snprintf(it->method, sizeof(it->method), "%s", method);
    (void)snprintf(it->transaction_id, sizeof(it->transaction_id), "%s", transaction_id);
    return it;
}

unsigned record_attempt(struct sandbox_record *self, const char *method, const char *transaction_id)
{
    unsigned attempt = 1;
    (void)pthread_mutex_lock(&self->lock);
    struct attempts *it = find(self, method, transaction_id);
    if (it != NULL)
        attempt = ++it->n;
    (void)pthread_mutex_unlock(&self->lock);
    return attempt;
}

uint64_t record_add(struct sandbox_record *self, struct record_line *line)
{
    (void)pthread_mutex_lock(&self->lock);
    line->number = ++self->n_lines;
    self->lines[(line->number - 1) % RECORD_LINES_MAX] = *line;
    (void)pthread_mutex_unlock(&self->lock);
    return line->number;
}

void record_answered(struct sandbox_record *self, uint64_t number, unsigned status)
{
    (void)pthread_mutex_lock(&self->lock);
    struct record_line *line = &self->lines[(number - 1) % RECORD_LINES_MAX];
    if (line->number == number)
        line->status = status;
    (void)pthread_mutex_unlock(&self->lock);
}

static json_t *line_json(const struct record_line *line)
{
    return json_pack("{s:I,s:I,s:s,s:s,s:s,s:s,s:i,s:s,s:i}", "number", (json_int_t)line->number,
                     "atMs", (json_int_t)line->at_ms, "method", line->method, "transactionId",
                     line->transaction_id, "bodyDigest", line->body_digest, "nonce", line->nonce,
                     "attempt", (int)line->attempt, "simulated", sandbox_magic(line->act), "status",
                     (int)line->status);
}

int record_write(struct sandbox_record *self, uint64_t after, struct buf *out)
{
    json_t *lines = json_array();
    (void)pthread_mutex_lock(&self->lock);
    uint64_t first = self->n_lines > RECORD_LINES_MAX ? self->n_lines - RECORD_LINES_MAX : 0;
    for (uint64_t n = after > first ? after : first; n < self->n_lines; n++)
        (void)json_array_append_new(lines, line_json(&self->lines[n % RECORD_LINES_MAX]));
    (void)pthread_mutex_unlock(&self->lock);
    char *text = json_dumps(lines, JSON_COMPACT);
    ASSERT(text != NULL);
    int rc = buf_puts(out, text);
    free(text);
    json_decref(lines);
    return rc;
}
