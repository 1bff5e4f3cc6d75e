#include "services/analytics/facts_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/store/packed.h"
#include "services/analytics/analytics_store.h"

#define SHAPE_KEY "shape"
#define SOURCES_KEY "sources"
#define PIECES_READ 256   /* elements of one LRANGE of facts: at most 4.7 MB */
#define SOURCES_READ 5000 /* the same of sources */
#define SOURCE_TEXT_BYTES (3 * FACT_CODE_BYTES)
#define CHUNKS_MAX (1 << 24)
#define OPERATION_BYTES 48 /* of a push, an increment or a value, without what is in it */

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "facts are stored as they are");

/* --- out -------------------------------------------------------------------------------------- */

struct facts_out {
    uint8_t *rows;
    size_t n, capacity;
    uint32_t n_sources; /* that are stored, or under way */
};

struct facts_out *facts_out_create(void)
{
    struct facts_out *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    return self;
}

void facts_out_destroy(struct facts_out **self)
{
    if (*self == NULL)
        return;
    free((*self)->rows);
    free(*self);
    *self = NULL;
}

void facts_out_clear(struct facts_out *self, const struct facts *facts)
{
    self->n = 0;
    self->n_sources = facts_sources(facts);
}

void facts_out_add(struct facts_out *self, const struct folded *folded)
{
    if (self->n == self->capacity) {
        self->capacity = MAX((size_t)4096, 2 * self->capacity);
        self->rows = realloc(self->rows, self->capacity * FACT_ROW_BYTES);
        ASSERT(self->rows != NULL);
    }
    uint8_t *row = &self->rows[self->n++ * FACT_ROW_BYTES];
    memcpy(row, &folded->fact, sizeof(folded->fact));
    put_le(row + sizeof(folded->fact), folded->terms, 8);
}

static size_t new_sources(const struct facts_out *self, const struct facts *facts)
{
    return facts_sources(facts) - self->n_sources;
}

/* A piece may end at a chunk; the shape has two fields. */
size_t facts_out_operations(const struct facts_out *self, const struct facts *facts)
{
    return self->n / FACT_PIECE_ROWS + self->n / FACTS_CHUNK + 4 + new_sources(self, facts);
}

size_t facts_out_bytes(const struct facts_out *self, const struct facts *facts)
{
    return self->n * FACT_ROW_BYTES + new_sources(self, facts) * SOURCE_TEXT_BYTES +
           facts_out_operations(self, facts) * OPERATION_BYTES;
}

static void chunk_key(size_t chunk, char ret[VIEW_KEY_MAX_BYTES])
{
    (void)snprintf(ret, VIEW_KEY_MAX_BYTES, "facts:%zu", chunk);
}

static void collect_sources(struct facts_out *self, const struct facts *facts, struct flush *flush)
{
    while (self->n_sources < facts_sources(facts)) {
        const struct fact_source *source = facts_source(facts, ++self->n_sources);
        char text[SOURCE_TEXT_BYTES];
        int len = snprintf(text, sizeof(text), "%s/%s/%s", source->organisation, source->point,
                           source->collector);
        (void)flush_push(flush, SOURCES_KEY, text, (size_t)len);
    }
}

/* A failure is remembered by the flush and ends the process when it is sent. */
void facts_out_collect(struct facts_out *self, const struct facts *facts, struct flush *flush)
{
    uint64_t next = facts_count(facts) - self->n;
    collect_sources(self, facts, flush);
    for (size_t i = 0; i < self->n;) {
        char key[VIEW_KEY_MAX_BYTES];
        size_t left = FACTS_CHUNK - (size_t)(next % FACTS_CHUNK);
        size_t n = MIN(MIN(self->n - i, (size_t)FACT_PIECE_ROWS), left);
        chunk_key((size_t)(next / FACTS_CHUNK), key);
        (void)flush_push(flush, key, &self->rows[i * FACT_ROW_BYTES], n * FACT_ROW_BYTES);
        i += n;
        next += n;
    }
    char version[8];
    int len = snprintf(version, sizeof(version), "%d", FACTS_VERSION);
    (void)flush_set(flush, SHAPE_KEY, "version", 7, version, (size_t)len);
    if (self->n > 0)
        (void)flush_incr(flush, SHAPE_KEY, "facts", 5, (int64_t)self->n);
    self->n = 0;
}

void facts_out_drop(const struct facts *facts, size_t n, struct flush *flush)
{
    size_t first = facts_first_chunk(facts);
    for (size_t i = first - n; i < first; i++) {
        char key[VIEW_KEY_MAX_BYTES];
        chunk_key(i, key);
        (void)flush_expire(flush, key, 0);
    }
    (void)flush_incr(flush, SHAPE_KEY, "first_chunk", 11, (int64_t)n);
}

/* --- the shape -------------------------------------------------------------------------------- */

struct shape_load {
    void (*done)(void *arg, int rc, const struct facts_shape *shape);
    void *arg;
};

static int shape_take(struct facts_shape *shape, const char *field, const char *value)
{
    int64_t number;
    if (parse_int64(value, 0, INT64_MAX, &number) < 0)
        return -EPROTO;
    if (strcmp(field, "version") == 0)
        shape->version = number;
    else if (strcmp(field, "facts") == 0)
        shape->count = (uint64_t)number;
    else if (strcmp(field, "first_chunk") == 0 && number <= CHUNKS_MAX)
        shape->first_chunk = (size_t)number;
    return shape->count / FACTS_CHUNK > CHUNKS_MAX ? -EPROTO : 0;
}

static void on_shape(void *arg, int rc, const struct store_reply *reply)
{
    struct shape_load *load = arg;
    struct facts_shape shape = {0};
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    for (size_t i = 0; rc == 0 && i + 1 < store_reply_count(reply); i += 2) {
        size_t len;
        const char *field = store_reply_bytes(store_reply_at(reply, i), &len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &len);
        rc = field == NULL || value == NULL ? -EPROTO : shape_take(&shape, field, value);
    }
    load->done(load->arg, rc, &shape);
    free(load);
}

void facts_shape_load(struct store *views,
                      void (*done)(void *arg, int rc, const struct facts_shape *shape), void *arg)
{
    char key[KEY_MAX_BYTES];
    struct shape_load *load = malloc(sizeof(*load));
    ASSERT(load != NULL);
    *load = (struct shape_load){done, arg};
    (void)view_key(BOARD_VIEW, SHAPE_KEY, key);
    store_send_text(views, 0, on_shape, load, "HGETALL", key, NULL);
}

/* --- loading ---------------------------------------------------------------------------------- */

/* First the sources, then one chunk after another, each in bounded portions. */
struct load {
    struct store *views;
    struct facts *facts;
    struct people *people;
    struct facts_shape shape;
    int (*is_wanted)(void *arg);
    void (*take)(void *arg, const struct fact *fact);
    void (*done)(void *arg, int rc);
    void *arg;
    size_t chunk;
    size_t element; /* of the list under way, next one */
    int has_sources;
};

static int source_take(struct load *load, const char *text, size_t len)
{
    char codes[SOURCE_TEXT_BYTES];
    uint32_t number, next = facts_sources(load->facts) + 1;
    if (len >= sizeof(codes))
        return -EPROTO;
    memcpy(codes, text, len);
    codes[len] = '\0';
    char *rest = codes;
    const char *organisation = strsep(&rest, "/");
    const char *point = strsep(&rest, "/");
    if (rest == NULL || facts_source_number(load->facts, organisation, point, rest, &number) < 0 ||
        number != next)
        return -EPROTO;
    return 0;
}

static int rows_take(struct load *load, const uint8_t *rows, size_t len)
{
    if (len == 0 || len % FACT_ROW_BYTES != 0)
        return -EPROTO;
    for (const uint8_t *row = rows; row < rows + len; row += FACT_ROW_BYTES) {
        struct fact fact;
        memcpy(&fact, row, sizeof(fact));
        if (facts_count(load->facts) == load->shape.count)
            return -EPROTO;
        facts_add(load->facts, &fact);
        load->take(load->arg, &fact);
        person_take(people_get(load->people, fact.citizen), &fact, get_le(row + sizeof(fact), 8));
    }
    return 0;
}

static void load_next(struct load *load);

static void load_end(struct load *load, int rc)
{
    load->done(load->arg, rc);
    free(load);
}

/* A short answer is the end of its list. */
static int list_end(struct load *load)
{
    load->element = 0;
    if (!load->has_sources) {
        load->has_sources = 1;
        return 0;
    }
    load->chunk++;
    uint64_t end = MIN((uint64_t)load->chunk * FACTS_CHUNK, load->shape.count);
    return facts_count(load->facts) == end ? 0 : -EPROTO;
}

static void on_portion(void *arg, int rc, const struct store_reply *reply)
{
    struct load *load = arg;
    size_t wanted = load->has_sources ? PIECES_READ : SOURCES_READ;
    if (!load->is_wanted(load->arg))
        rc = -ECANCELED;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    size_t n = rc == 0 ? store_reply_count(reply) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        size_t len;
        const char *bytes = store_reply_bytes(store_reply_at(reply, i), &len);
        if (bytes == NULL)
            rc = -EPROTO;
        else if (load->has_sources)
            rc = rows_take(load, (const uint8_t *)bytes, len);
        else
            rc = source_take(load, bytes, len);
    }
    load->element += n;
    if (rc == 0 && n < wanted)
        rc = list_end(load);
    if (rc < 0)
        load_end(load, rc);
    else
        load_next(load);
}

static void load_next(struct load *load)
{
    char name[VIEW_KEY_MAX_BYTES] = SOURCES_KEY, key[KEY_MAX_BYTES], first[24], last[24];
    size_t n = load->has_sources ? PIECES_READ : SOURCES_READ;
    if (load->has_sources && facts_count(load->facts) == load->shape.count) {
        load_end(load, 0);
        return;
    }
    if (load->has_sources)
        chunk_key(load->chunk, name);
    (void)view_key(BOARD_VIEW, name, key);
    (void)snprintf(first, sizeof(first), "%zu", load->element);
    (void)snprintf(last, sizeof(last), "%zu", load->element + n - 1);
    store_send_text(load->views, 0, on_portion, load, "LRANGE", key, first, last, NULL);
}

void facts_load(struct store *views, struct facts *facts, struct people *people,
                const struct facts_shape *shape, int (*is_wanted)(void *arg),
                void (*take)(void *arg, const struct fact *fact), void (*done)(void *arg, int rc),
                void *arg)
{
    struct load *load = malloc(sizeof(*load));
    ASSERT(load != NULL);
    *load = (struct load){.views = views,
                          .facts = facts,
                          .people = people,
                          .shape = *shape,
                          .is_wanted = is_wanted,
                          .take = take,
                          .done = done,
                          .arg = arg,
                          .chunk = shape->first_chunk};
    facts_begin_at(facts, shape->first_chunk);
    load_next(load);
}
