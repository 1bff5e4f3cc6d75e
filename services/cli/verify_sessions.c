#include "services/cli/verify_sessions.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/store/views.h"

#define VIEW "board"
#define ARENA_MAX_BYTES ((size_t)1024 * 1024 * 1024)
#define ELEMENTS 500 /* that are asked for at once */
#define CODE_BYTES 41
#define TIME_BYTES 8
#define HASH_BYTES 8

/* What a list says of a session up to some element: the digest of the element and of what was said
 * before it. */
struct element {
    char code[CODE_BYTES];
    uint8_t kind;
    unsigned stored, early, late; /* how often; late ones may be stored */
};

struct chain {
    uint8_t digest[ID_BYTES];
};

struct verify_sessions {
    struct verify *verify;
    struct arena *arena;
    struct map *elements;      /* by digest */
    struct map *stored, *told; /* chains by kind and code */
};

/* One list under way. */
struct reading {
    struct verify_sessions *self;
    uint8_t kind;
    size_t answered;
    unsigned open;
    int rc;
};

static void *keep(struct verify_sessions *self, size_t size)
{
    void *memory = arena_zalloc(self->arena, size);
    ASSERT(memory != NULL);
    return memory;
}

static void begin(struct verify_sessions *self)
{
    self->arena = arena_create(ARENA_MAX_BYTES);
    self->elements = map_create();
    self->stored = map_create();
    self->told = map_create();
}

static void end(struct verify_sessions *self)
{
    map_destroy(&self->elements);
    map_destroy(&self->stored);
    map_destroy(&self->told);
    arena_destroy(&self->arena);
}

struct verify_sessions *verify_sessions_create(struct verify *verify)
{
    struct verify_sessions *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->verify = verify;
    begin(self);
    return self;
}

void verify_sessions_destroy(struct verify_sessions **self)
{
    end(*self);
    free(*self);
    *self = NULL;
}

/* The element that goes on with the chain of its session. */
static struct element *element_of(struct verify_sessions *self, struct map *chains, uint8_t kind,
                                  const char *code, const uint8_t *bytes, size_t len)
{
    char name[CODE_BYTES + 1];
    int name_len = snprintf(name, sizeof(name), "%c%.39s", kind, code);
    struct chain *chain = map_get(chains, name, (size_t)name_len);
    if (chain == NULL) {
        chain = keep(self, sizeof(*chain));
        (void)map_put(chains, name, (size_t)name_len, chain);
    }
    crypto_generichash_state state;
    (void)crypto_generichash_init(&state, chain->digest, sizeof(chain->digest), ID_BYTES);
    (void)crypto_generichash_update(&state, (const uint8_t *)name, (size_t)name_len + 1);
    (void)crypto_generichash_update(&state, bytes, len);
    (void)crypto_generichash_final(&state, chain->digest, sizeof(chain->digest));
    struct element *element = map_get(self->elements, chain->digest, sizeof(chain->digest));
    if (element == NULL) {
        element = keep(self, sizeof(*element));
        element->kind = kind;
        (void)snprintf(element->code, sizeof(element->code), "%.40s", code);
        (void)map_put(self->elements, chain->digest, sizeof(chain->digest), element);
    }
    return element;
}

/* --- what is stored --------------------------------------------------------------------------- */

static void take(struct reading *reading, const uint8_t *bytes, size_t len)
{
    struct verify_sessions *self = reading->self;
    char code[UINT8_MAX + 1] = "";
    size_t code_len = len > TIME_BYTES ? bytes[TIME_BYTES] : 0;
    if (reading->kind == 'c' && len > TIME_BYTES + code_len) {
        memcpy(code, bytes + TIME_BYTES + 1, code_len);
        code[code_len] = '\0';
    } else if (reading->kind == 's' && len > TIME_BYTES) {
        Ansinh__V1__Session *session =
            ansinh__v1__session__unpack(NULL, len - TIME_BYTES, bytes + TIME_BYTES);
        if (session != NULL)
            (void)snprintf(code, sizeof(code), "%s", session->code);
        ansinh__v1__session__free_unpacked(session, NULL);
    }
    element_of(self, self->stored, reading->kind, code, bytes, len)->stored++;
}

static void on_list(void *arg, int rc, const struct store_reply *reply)
{
    struct reading *reading = arg;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    reading->answered = rc == 0 ? store_reply_count(reply) : 0;
    for (size_t i = 0; i < reading->answered; i++) {
        size_t len;
        const char *bytes = store_reply_bytes(store_reply_at(reply, i), &len);
        if (bytes != NULL)
            take(reading, (const uint8_t *)bytes, len);
    }
    reading->rc = rc;
    reading->open = 0;
}

static int read_list(struct verify_sessions *self, const char *name, uint8_t kind)
{
    struct reading reading = {.self = self, .kind = kind};
    char key[KEY_MAX_BYTES];
    (void)view_key(VIEW, name, key);
    for (size_t at = 0; at == 0 || reading.answered == ELEMENTS; at += ELEMENTS) {
        char first[24], last[24];
        (void)snprintf(first, sizeof(first), "%zu", at);
        (void)snprintf(last, sizeof(last), "%zu", at + ELEMENTS - 1);
        reading.open = 1;
        store_send_text(self->verify->svc.views, 0, on_list, &reading, "LRANGE", key, first, last,
                        NULL);
        verify_wait(self->verify, &reading.open);
        if (reading.rc < 0)
            break;
    }
    return reading.rc;
}

int verify_sessions_load(struct verify_sessions *self)
{
    end(self);
    begin(self);
    int rc = read_list(self, "sessions", 's');
    return rc == 0 ? read_list(self, "contacts", 'c') : rc;
}

/* --- what the journals say -------------------------------------------------------------------- */

static void put_time(uint8_t *bytes, int64_t at_ms)
{
    for (int i = 0; i < TIME_BYTES; i++)
        bytes[i] = (uint8_t)((uint64_t)at_ms >> (8 * i));
}

static void tell(struct verify_sessions *self, uint8_t kind, const char *code, const uint8_t *bytes,
                 size_t len, int is_early)
{
    struct element *element = element_of(self, self->told, kind, code, bytes, len);
    if (is_early)
        element->early++;
    else
        element->late++;
}

static void tell_session(struct verify_sessions *self, const Ansinh__V1__Session *session,
                         int64_t at_ms, int is_early)
{
    size_t len = TIME_BYTES + protobuf_c_message_get_packed_size(&session->base);
    uint8_t *bytes = malloc(len);
    ASSERT(bytes != NULL);
    put_time(bytes, at_ms);
    (void)protobuf_c_message_pack(&session->base, bytes + TIME_BYTES);
    tell(self, 's', session->code, bytes, len, is_early);
    free(bytes);
}

static void tell_contacts(struct verify_sessions *self, const Ansinh__V1__ContactsRecorded *in,
                          int64_t at_ms, int is_early)
{
    size_t code_len = strlen(in->session_code), n = in->citizens.len / ID_BYTES;
    size_t len = TIME_BYTES + 1 + code_len + n * HASH_BYTES;
    uint8_t *bytes = malloc(len);
    ASSERT(bytes != NULL);
    put_time(bytes, at_ms);
    bytes[TIME_BYTES] = (uint8_t)code_len;
    memcpy(bytes + TIME_BYTES + 1, in->session_code, code_len);
    for (size_t i = 0; i < n; i++)
        memcpy(bytes + TIME_BYTES + 1 + code_len + i * HASH_BYTES, in->citizens.data + i * ID_BYTES,
               HASH_BYTES);
    tell(self, 'c', in->session_code, bytes, len, is_early);
    free(bytes);
}

void verify_sessions_apply(struct verify_sessions *self, const Ansinh__V1__Event *event,
                           int is_early)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_SESSION_RECORDED &&
        event->session_recorded->session != NULL)
        tell_session(self, event->session_recorded->session, event->at_ms, is_early);
    else if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTACTS_RECORDED)
        tell_contacts(self, event->contacts_recorded, event->at_ms, is_early);
}

void verify_sessions_compare(struct verify_sessions *self)
{
    const struct element *element;
    for (size_t cursor = 0; (element = map_next(self->elements, &cursor)) != NULL;) {
        if (element->stored >= element->early && element->stored <= element->early + element->late)
            continue;
        verify_difference(self->verify,
                          "{v:board}:%s of %s: %u are stored, the journals tell of %u",
                          element->kind == 's' ? "sessions" : "contacts", element->code,
                          element->stored, element->early);
    }
}
