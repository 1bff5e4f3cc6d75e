#include "services/analytics/sessions_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/store/packed.h"
#include "services/analytics/analytics_store.h"

#define SESSIONS_KEY "sessions"
#define CONTACTS_KEY "contacts"
#define TIME_BYTES 8
#define HASH_BYTES 8
#define ELEMENTS_READ 500
#define OPERATION_BYTES 48 /* of a push without what is in it */

/* --- out -------------------------------------------------------------------------------------- */

/* Elements one after the other: length, 4 bytes, with the first bit for contacts; bytes. */
struct sessions_out {
    uint8_t *bytes;
    size_t len, capacity;
    size_t n;
};

#define IS_CONTACTS 0x80000000U

struct sessions_out *sessions_out_create(void)
{
    struct sessions_out *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    return self;
}

void sessions_out_destroy(struct sessions_out **self)
{
    if (*self == NULL)
        return;
    free((*self)->bytes);
    free(*self);
    *self = NULL;
}

void sessions_out_clear(struct sessions_out *self)
{
    self->len = 0;
    self->n = 0;
}

/* Room for an element of so many bytes, its length and time written. */
static uint8_t *element(struct sessions_out *self, size_t len, uint32_t mark, int64_t at_ms)
{
    if (self->len + 4 + len > self->capacity) {
        self->capacity = MAX(self->len + 4 + len, MAX((size_t)65536, 2 * self->capacity));
        self->bytes = realloc(self->bytes, self->capacity);
        ASSERT(self->bytes != NULL);
    }
    uint8_t *at = &self->bytes[self->len];
    put_le(at, (uint32_t)len | mark, 4);
    put_le(at + 4, (uint64_t)at_ms, TIME_BYTES);
    self->len += 4 + len;
    self->n++;
    return at + 4 + TIME_BYTES;
}

void sessions_out_session(struct sessions_out *self, const Ansinh__V1__Session *session,
                          int64_t at_ms)
{
    size_t len = protobuf_c_message_get_packed_size(&session->base);
    (void)protobuf_c_message_pack(&session->base, element(self, TIME_BYTES + len, 0, at_ms));
}

void sessions_out_contacts(struct sessions_out *self, const char *code, const uint64_t *citizens,
                           size_t n, int64_t at_ms)
{
    size_t code_len = strlen(code);
    uint8_t *at = element(self, TIME_BYTES + 1 + code_len + n * HASH_BYTES, IS_CONTACTS, at_ms);
    *at++ = (uint8_t)code_len;
    memcpy(at, code, code_len);
    at += code_len;
    for (size_t i = 0; i < n; i++)
        put_le(at + i * HASH_BYTES, citizens[i], HASH_BYTES);
}

size_t sessions_out_operations(const struct sessions_out *self)
{
    return self->n;
}

size_t sessions_out_bytes(const struct sessions_out *self)
{
    return self->len + self->n * OPERATION_BYTES;
}

/* A failure is remembered by the flush and ends the process when it is sent. */
void sessions_out_collect(struct sessions_out *self, struct flush *flush)
{
    for (size_t at = 0; at < self->len;) {
        uint32_t head = (uint32_t)get_le(&self->bytes[at], 4);
        size_t len = head & ~IS_CONTACTS;
        (void)flush_push(flush, head & IS_CONTACTS ? CONTACTS_KEY : SESSIONS_KEY,
                         &self->bytes[at + 4], len);
        at += 4 + len;
    }
    sessions_out_clear(self);
}

/* --- back in ---------------------------------------------------------------------------------- */

/* First the sessions, then the contacts, each in bounded portions. */
struct load {
    struct store *views;
    struct sessions *sessions;
    int (*is_wanted)(void *arg);
    void (*done)(void *arg, int rc);
    void *arg;
    int is_contacts;
    size_t element; /* of the list under way, next one */
};

static int take_session(struct sessions *sessions, const uint8_t *bytes, size_t len, int64_t at_ms)
{
    Ansinh__V1__Session *session = ansinh__v1__session__unpack(NULL, len, bytes);
    if (session == NULL)
        return -EPROTO;
    int rc = sessions_record(sessions, session, at_ms);
    ansinh__v1__session__free_unpacked(session, NULL);
    return rc;
}

static int take_contacts(struct sessions *sessions, const uint8_t *bytes, size_t len, int64_t at_ms)
{
    char code[UINT8_MAX + 1];
    uint64_t people[SESSION_PEOPLE_MAX];
    size_t code_len = len == 0 ? 0 : bytes[0];
    if (len < 1 + code_len || (len - 1 - code_len) % HASH_BYTES != 0)
        return -EPROTO;
    memcpy(code, bytes + 1, code_len);
    code[code_len] = '\0';
    size_t n = (len - 1 - code_len) / HASH_BYTES;
    if (n > ARRAY_LEN(people))
        return -EPROTO;
    for (size_t i = 0; i < n; i++)
        people[i] = get_le(bytes + 1 + code_len + i * HASH_BYTES, HASH_BYTES);
    return sessions_contact(sessions, code, people, n, at_ms);
}

static int take(struct load *load, const struct store_reply *reply)
{
    size_t len;
    const uint8_t *bytes = (const uint8_t *)store_reply_bytes(reply, &len);
    if (bytes == NULL || len < TIME_BYTES)
        return -EPROTO;
    int64_t at_ms = (int64_t)get_le(bytes, TIME_BYTES);
    return load->is_contacts
               ? take_contacts(load->sessions, bytes + TIME_BYTES, len - TIME_BYTES, at_ms)
               : take_session(load->sessions, bytes + TIME_BYTES, len - TIME_BYTES, at_ms);
}

static void load_next(struct load *load);

static void load_end(struct load *load, int rc)
{
    load->done(load->arg, rc);
    free(load);
}

static void on_portion(void *arg, int rc, const struct store_reply *reply)
{
    struct load *load = arg;
    if (!load->is_wanted(load->arg))
        rc = -ECANCELED;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    size_t n = rc == 0 ? store_reply_count(reply) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = take(load, store_reply_at(reply, i));
    load->element += n;
    int is_over = n < ELEMENTS_READ; /* a short answer is the end of its list */
    if (rc < 0 || (is_over && load->is_contacts)) {
        load_end(load, rc);
        return;
    }
    if (is_over) {
        load->is_contacts = 1;
        load->element = 0;
    }
    load_next(load);
}

static void load_next(struct load *load)
{
    char key[KEY_MAX_BYTES], first[24], last[24];
    (void)view_key(BOARD_VIEW, load->is_contacts ? CONTACTS_KEY : SESSIONS_KEY, key);
    (void)snprintf(first, sizeof(first), "%zu", load->element);
    (void)snprintf(last, sizeof(last), "%zu", load->element + ELEMENTS_READ - 1);
    store_send_text(load->views, 0, on_portion, load, "LRANGE", key, first, last, NULL);
}

void sessions_load(struct store *views, struct sessions *sessions, int (*is_wanted)(void *arg),
                   void (*done)(void *arg, int rc), void *arg)
{
    struct load *load = malloc(sizeof(*load));
    ASSERT(load != NULL);
    *load = (struct load){views, sessions, is_wanted, done, arg, 0, 0};
    load_next(load);
}
