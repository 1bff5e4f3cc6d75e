#include "services/cli/verify_facts_read.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/store/views.h"

#define VIEW "board"
#define VERSION 2
#define PIECES 256 /* elements that are asked for at once */
#define CHUNK_ROWS 65536
#define SOURCES 5000
#define SOURCES_ARENA_BYTES ((size_t)1024 * 1024 * 1024)
#define SOURCE_KEY_BYTES crypto_shorthash_siphashx24_BYTES
#define SOURCE_CODE_MAX_BYTES ((size_t)160)

/* One list, or the shape, piece by piece. */
struct reading_list {
    struct facts_read *facts;
    struct verify *verify;
    char key[KEY_MAX_BYTES];
    size_t at, piece, answered;
    unsigned open;
    int rc;
    void (*take)(struct reading_list *self, const uint8_t *bytes, size_t len);
};

void facts_read_clear(struct facts_read *self)
{
    for (size_t i = 0; i < PARTITIONS; i++)
        free(self->partitions[i].marks);
    map_destroy(&self->sources);
    arena_destroy(&self->arena);
    *self = (struct facts_read){0};
}

/* --- taking ----------------------------------------------------------------------------------- */

static void take_row(struct reading_list *list, const uint8_t *bytes)
{
    struct verify_fact fact;
    memcpy(&fact, bytes, sizeof(fact));
    struct fact_marks *marks = &list->facts->partitions[fact.position & (PARTITIONS - 1)];
    if (marks->n == marks->capacity) {
        marks->capacity = MAX((size_t)256, 2 * marks->capacity);
        marks->marks = realloc(marks->marks, marks->capacity * sizeof(*marks->marks));
        ASSERT(marks->marks != NULL);
    }
    marks->marks[marks->n++] = fact_mark_of(&fact);
    list->facts->n_rows++;
}

static void take_rows(struct reading_list *list, const uint8_t *bytes, size_t len)
{
    if (len == 0 || len % sizeof(struct verify_fact) != 0)
        verify_difference(list->verify, "%s: an element cannot be read", list->key);
    for (size_t at = 0; at + sizeof(struct verify_fact) <= len; at += sizeof(struct verify_fact))
        take_row(list, bytes + at);
}

/* Codes have any length; their keyed hash is the key. */
static void source_key(const struct facts_read *self, const char *text, size_t len,
                       uint8_t ret[SOURCE_KEY_BYTES])
{
    (void)crypto_shorthash_siphashx24(ret, (const uint8_t *)text, len, self->hash_key);
}

static size_t put_code(char *to, const char *code)
{
    size_t len = strnlen(code, SOURCE_CODE_MAX_BYTES);
    memcpy(to, code, len);
    return len;
}

static uint32_t *number_make(const struct facts_read *self, uint32_t number)
{
    uint32_t *kept = arena_alloc(self->arena, sizeof(*kept));
    ASSERT(kept != NULL);
    *kept = number;
    return kept;
}

static void take_source(struct reading_list *list, const uint8_t *bytes, size_t len)
{
    struct facts_read *facts = list->facts;
    uint8_t key[SOURCE_KEY_BYTES];
    uint32_t *number = number_make(facts, ++facts->n_sources);
    source_key(facts, (const char *)bytes, len, key);
    if (map_put(facts->sources, key, sizeof(key), number) != NULL)
        verify_difference(list->verify, "%s: %.*s is there twice", list->key, (int)MIN(len, 100U),
                          (const char *)bytes);
}

uint32_t facts_read_source(const struct facts_read *self, const char *organisation,
                           const char *point, const char *collector, int is_needed, int *ret_is_new)
{
    char text[3 * SOURCE_CODE_MAX_BYTES + 2];
    uint8_t key[SOURCE_KEY_BYTES];
    *ret_is_new = 0;
    if (organisation[0] == '\0' && point[0] == '\0' && collector[0] == '\0')
        return 0;
    size_t len = put_code(text, organisation);
    text[len++] = '/';
    len += put_code(text + len, point);
    text[len++] = '/';
    len += put_code(text + len, collector);
    source_key(self, text, len, key);
    const uint32_t *number = map_get(self->sources, key, sizeof(key));
    if (number != NULL)
        return *number;
    *ret_is_new = is_needed && !self->is_absent;
    if (is_needed && !self->is_absent)
        (void)map_put(self->sources, key, sizeof(key), number_make(self, UINT32_MAX));
    return UINT32_MAX;
}

/* --- asking ----------------------------------------------------------------------------------- */

static void on_list(void *arg, int rc, const struct store_reply *reply)
{
    struct reading_list *list = arg;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    list->answered = rc == 0 ? store_reply_count(reply) : 0;
    for (size_t i = 0; i < list->answered; i++) {
        size_t len;
        const char *bytes = store_reply_bytes(store_reply_at(reply, i), &len);
        if (bytes != NULL)
            list->take(list, (const uint8_t *)bytes, len);
    }
    list->rc = rc;
    list->open = 0;
}

static int read_list(struct facts_read *self, struct verify *verify, const char *name, size_t piece,
                     void (*take)(struct reading_list *list, const uint8_t *bytes, size_t len))
{
    struct reading_list list = {.facts = self, .verify = verify, .piece = piece, .take = take};
    (void)view_key(VIEW, name, list.key);
    do {
        char first[24], last[24];
        (void)snprintf(first, sizeof(first), "%zu", list.at);
        (void)snprintf(last, sizeof(last), "%zu", list.at + piece - 1);
        list.open = 1;
        store_send_text(verify->svc.views, 0, on_list, &list, "LRANGE", list.key, first, last,
                        NULL);
        verify_wait(verify, &list.open);
        list.at += list.answered;
    } while (list.rc == 0 && list.answered == piece);
    return list.rc;
}

static void on_shape(void *arg, int rc, const struct store_reply *reply)
{
    struct reading_list *list = arg;
    struct facts_read *facts = list->facts;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2) {
        size_t len;
        int64_t number;
        const char *field = store_reply_bytes(store_reply_at(reply, i), &len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        if (field == NULL || value == NULL || parse_int64(value, 0, INT64_MAX, &number) < 0)
            rc = -EPROTO;
        else if (strcmp(field, "version") == 0)
            facts->version = number;
        else if (strcmp(field, "facts") == 0)
            facts->count = (uint64_t)number;
        else if (strcmp(field, "first_chunk") == 0)
            facts->first_chunk = (uint64_t)number;
    }
    list->rc = rc;
    list->open = 0;
}

static int read_shape(struct facts_read *self, struct verify *verify)
{
    struct reading_list list = {.facts = self, .verify = verify, .open = 1};
    (void)view_key(VIEW, "shape", list.key);
    store_send_text(verify->svc.views, 0, on_shape, &list, "HGETALL", list.key, NULL);
    verify_wait(verify, &list.open);
    return list.rc;
}

/* The chunks that were there when the shape was read, and the one that may have been begun since.
 */
static int read_chunks(struct facts_read *self, struct verify *verify)
{
    int rc = 0;
    for (uint64_t i = self->first_chunk; rc == 0 && i <= self->count / CHUNK_ROWS + 1; i++) {
        char name[VIEW_KEY_MAX_BYTES];
        (void)snprintf(name, sizeof(name), "facts:%" PRIu64, i);
        rc = read_list(self, verify, name, PIECES, take_rows);
    }
    return rc;
}

int facts_read(struct facts_read *self, struct verify *verify)
{
    facts_read_clear(self);
    self->arena = arena_create(SOURCES_ARENA_BYTES);
    self->sources = map_create();
    crypto_shorthash_keygen(self->hash_key);
    int rc = read_shape(self, verify);
    self->is_absent = self->version < VERSION;
    if (rc < 0 || self->is_absent)
        return rc;
    /* facts first: what they name is in the sources by then */
    rc = read_chunks(self, verify);
    if (rc == 0)
        rc = read_list(self, verify, "sources", SOURCES, take_source);
    uint64_t kept = self->count - MIN(self->count, self->first_chunk * CHUNK_ROWS);
    if (rc == 0 && self->n_rows < kept)
        verify_difference(verify,
                          "{v:board}:shape facts: is %" PRIu64 ", there are %" PRIu64 " rows",
                          self->count, self->n_rows + self->first_chunk * CHUNK_ROWS);
    return rc;
}
