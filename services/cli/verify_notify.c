#include "services/cli/verify_notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/store/views.h"
#include "services/cli/verify_views.h"

#define VIEW "notify"
#define HISTORY_MAX 100 /* deliveries that are remembered per citizen, the newest ones */
#define BUCKETS 16384
#define BUCKET_KEY "{v:" VIEW "}:d:"
#define BUCKET_DIGITS 5
#define DELIVERY_BYTES                                                                             \
    21 /* begins with a position: epoch 4 bytes, sequence 6, big-endian; kind u4 */
#define POSITION_BYTES 10
#define FIELD_BYTES 8
#define INBOX_MAX 200000
#define QUESTIONS_MAX 1000 /* under way at once */
#define KEY_BYTES (ID_BYTES + POSITION_BYTES)
_Static_assert(KEY_BYTES <= MAP_KEY_MAX_BYTES, "a delivery's name is a key");

/* A delivery that was not there when it was looked for. */
struct missing {
    uint8_t citizen[ID_BYTES];
    struct journal_position position;
    unsigned partition;
    int is_found;
};

struct verify_notify {
    struct verify *verify;
    struct journal_position at[PARTITIONS];
    struct missing *missing;
    size_t n_missing, capacity;
    unsigned open; /* second looks */
    int rc;
};

/* The citizens of a partition. */
struct round {
    struct verify_notify *notify;
    const struct fold *fold;
    struct journal_position at;
    void (*done)(struct check *arg);
    struct check *arg;
    size_t cursor; /* over the citizens */
    size_t open;
    int rc;
    struct question {
        struct round *round;
        const struct fold_citizen *citizen;
    } questions[QUESTIONS_MAX];
};

struct verify_notify *verify_notify_create(struct verify *verify)
{
    struct verify_notify *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->verify = verify;
    return self;
}

void verify_notify_destroy(struct verify_notify **self)
{
    free((*self)->missing);
    free(*self);
    *self = NULL;
}

void verify_notify_load(struct verify_notify *self)
{
    int rc = verify_checkpoint(self->verify, VIEW, self->at);
    if (rc < 0)
        verify_fail(self->verify, "the notifications", rc);
}

/* --- deliveries ------------------------------------------------------------------------------- */

static uint64_t read_number(const uint8_t *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value = value << 8 | bytes[i];
    return value;
}

static struct journal_position position_at(const uint8_t *bytes)
{
    return (struct journal_position){(uint32_t)read_number(bytes, 4), read_number(bytes + 4, 6)};
}

/* What HGET answered, as deliveries; 0 for none. -EPROTO: not ours. */
static int read_history(int rc, const struct store_reply *reply, const uint8_t **ret, size_t *ret_n)
{
    size_t len = 0;
    *ret = (const uint8_t *)store_reply_bytes(reply, &len);
    *ret_n = len / DELIVERY_BYTES;
    if (rc < 0)
        return rc;
    if (store_reply_type(reply) == STORE_REPLY_NIL)
        return 0;
    return store_reply_type(reply) == STORE_REPLY_BYTES && len % DELIVERY_BYTES == 0 ? 0 : -EPROTO;
}

static int has_delivery(const uint8_t *history, size_t n, struct journal_position position)
{
    for (size_t i = 0; i < n; i++) {
        if (position_compare(position_at(history + i * DELIVERY_BYTES), position) == 0)
            return 1;
    }
    return 0;
}

/* By hand: it is done for every citizen. */
static size_t bucket_key(unsigned bucket, char ret[sizeof(BUCKET_KEY) + BUCKET_DIGITS])
{
    char digits[BUCKET_DIGITS];
    size_t first = sizeof(digits), len = strlen(BUCKET_KEY);
    do
        digits[--first] = (char)('0' + bucket % 10);
    while ((bucket /= 10) > 0);
    memcpy(ret, BUCKET_KEY, len);
    memcpy(ret + len, digits + first, sizeof(digits) - first);
    return len + sizeof(digits) - first;
}

static void ask_history(struct verify_notify *self, const uint8_t citizen[ID_BYTES],
                        store_reply_fn fn, void *arg)
{
    char key[sizeof(BUCKET_KEY) + BUCKET_DIGITS];
    size_t key_len = bucket_key((unsigned)read_number(citizen + ID_BYTES - 2, 2) % BUCKETS, key);
    const char *argv[] = {"HGET", key, (const char *)citizen};
    const size_t lens[] = {strlen("HGET"), key_len, FIELD_BYTES};
    store_send(self->verify->svc.views, citizen[0], ARRAY_LEN(argv), argv, lens, fn, arg);
}

/* --- a partition ------------------------------------------------------------------------------ */

static void add_missing(struct verify_notify *self, unsigned partition,
                        const uint8_t citizen[ID_BYTES], struct journal_position position)
{
    if (self->n_missing == self->capacity) {
        self->capacity = MAX((size_t)1024, 2 * self->capacity);
        self->missing = realloc(self->missing, self->capacity * sizeof(*self->missing));
        ASSERT(self->missing != NULL);
    }
    struct missing *missing = &self->missing[self->n_missing++];
    *missing = (struct missing){.position = position, .partition = partition};
    memcpy(missing->citizen, citizen, ID_BYTES);
}

/* The newest deliveries must be there; how many older ones are still there depends on those beyond
 * the checkpoint. */
static void find_missing(struct round *round, const struct fold_citizen *citizen,
                         const uint8_t *history, size_t n)
{
    size_t n_later = 0, n_seen = 0;
    for (size_t i = 0; i < n; i++)
        n_later += position_compare(position_at(history + i * DELIVERY_BYTES), round->at) > 0;
    for (uint32_t place = citizen->last_message; place != 0;) {
        const struct fold_event *event = &round->fold->events[place - 1];
        place = event->previous;
        if (position_compare(event->position, round->at) > 0)
            continue;
        if (n_seen++ + n_later >= HISTORY_MAX)
            return;
        if (!has_delivery(history, n, event->position))
            add_missing(round->notify, round->fold->partition, citizen->hash, event->position);
    }
}

static int is_event(const struct fold *fold, const struct fold_citizen *citizen,
                    struct journal_position position, unsigned kind)
{
    for (uint32_t place = citizen->last_message; place != 0;
         place = fold->events[place - 1].previous) {
        if (position_compare(fold->events[place - 1].position, position) == 0)
            return (unsigned)fold->events[place - 1].kind == kind;
    }
    return 0;
}

/* Deliveries of nothing, or twice of the same. */
static void find_surplus(struct round *round, const struct fold_citizen *citizen,
                         const uint8_t *history, size_t n)
{
    char id[BASE32_TEXT_BYTES];
    for (size_t i = 0; i < n; i++) {
        const uint8_t *delivery = history + i * DELIVERY_BYTES;
        struct journal_position position = position_at(delivery);
        if (position_compare(position, round->fold->at) > 0)
            continue; /* committed since the journal was read */
        int is_twice = has_delivery(history, i, position);
        if (!is_twice && is_event(round->fold, citizen, position, delivery[POSITION_BYTES] >> 4))
            continue;
        base32_format(citizen->hash, id);
        verify_difference(
            round->notify->verify,
            "{v:%s}:d: participant %s has a delivery for entry %" PRIu32 "-%" PRIu64 " %s", VIEW,
            id, position.epoch, position.seq, is_twice ? "twice" : "which is nothing to tell them");
    }
}

static void round_end(struct round *self)
{
    if (self->rc < 0)
        verify_fail(self->notify->verify, "the notifications", self->rc);
    self->done(self->arg);
    free(self);
}

static void on_history(void *arg, int rc, const struct store_reply *reply);

/* Asks for the next citizen who is to be told something; 0 when there is none left. */
static int ask_next(struct question *question)
{
    struct round *round = question->round;
    do {
        question->citizen = map_next(round->fold->citizens, &round->cursor);
    } while (question->citizen != NULL && question->citizen->n_messages == 0);
    if (question->citizen == NULL)
        return 0;
    ask_history(round->notify, question->citizen->hash, on_history, question);
    return 1;
}

static void on_history(void *arg, int rc, const struct store_reply *reply)
{
    struct question *question = arg;
    struct round *round = question->round;
    const uint8_t *history;
    size_t n;
    rc = read_history(rc, reply, &history, &n);
    if (rc == 0) {
        find_missing(round, question->citizen, history, n);
        find_surplus(round, question->citizen, history, n);
    } else {
        round->rc = rc;
    }
    if (round->rc == 0 && ask_next(question))
        return;
    if (--round->open == 0)
        round_end(round);
}

void verify_notify_check(struct verify_notify *self, const struct fold *fold,
                         void (*done)(struct check *arg), struct check *arg)
{
    struct round *round = calloc(1, sizeof(*round));
    ASSERT(round != NULL);
    round->notify = self;
    round->fold = fold;
    round->at = self->at[fold->partition];
    round->done = done;
    round->arg = arg;
    while (round->at.seq > 0 && round->open < QUESTIONS_MAX) {
        struct question *question = &round->questions[round->open];
        question->round = round;
        if (!ask_next(question))
            break;
        round->open++;
    }
    if (round->open == 0)
        round_end(round);
}

/* --- what was on its way ---------------------------------------------------------------------- */

static void name_missing(const struct missing *missing, uint8_t ret[KEY_BYTES])
{
    memcpy(ret, missing->citizen, ID_BYTES);
    for (size_t i = 0; i < 4; i++)
        ret[ID_BYTES + i] = (uint8_t)(missing->position.epoch >> 8 * (3 - i));
    for (size_t i = 0; i < 6; i++)
        ret[ID_BYTES + 4 + i] = (uint8_t)(missing->position.seq >> 8 * (5 - i));
}

/* Found things as the projector writes them: the delivery, then the task, which begins with the
 * citizen. */
static void on_inbox(void *arg, int rc, const struct store_reply *reply)
{
    struct verify_notify *self = arg;
    struct map *names = map_create();
    uint8_t name[KEY_BYTES];
    for (size_t i = 0; i < store_reply_count(reply); i++) {
        size_t len;
        const char *found = store_reply_bytes(store_reply_at(reply, i), &len);
        if (found == NULL || len < DELIVERY_BYTES + ID_BYTES)
            continue;
        memcpy(name, found + DELIVERY_BYTES, ID_BYTES);
        memcpy(name + ID_BYTES, found, POSITION_BYTES);
        (void)map_put(names, name, sizeof(name), self);
    }
    for (size_t i = 0; i < self->n_missing; i++) {
        name_missing(&self->missing[i], name);
        self->missing[i].is_found = map_get(names, name, sizeof(name)) != NULL;
    }
    map_destroy(&names);
    self->rc = rc;
    self->open--;
}

struct second_look {
    struct verify_notify *notify;
    struct missing *missing;
};

static void on_second_look(void *arg, int rc, const struct store_reply *reply)
{
    struct second_look *look = arg;
    const uint8_t *history;
    size_t n;
    rc = read_history(rc, reply, &history, &n);
    if (rc == 0)
        look->missing->is_found |= has_delivery(history, n, look->missing->position);
    else
        look->notify->rc = rc;
    look->notify->open--;
}

/* A thing goes from the inbox into the history in one step: what was in neither, first in the
 * history, then in the inbox, then in the history again, is nowhere. */
static void look_again(struct verify_notify *self)
{
    char inbox[KEY_MAX_BYTES], most[24];
    struct second_look *looks = calloc(self->n_missing, sizeof(*looks));
    ASSERT(looks != NULL);
    (void)view_key(VIEW, "in", inbox);
    (void)snprintf(most, sizeof(most), "%d", INBOX_MAX);
    self->open = 1;
    store_send_text(self->verify->svc.views, 0, on_inbox, self, "LRANGE", inbox, "0", most, NULL);
    verify_wait(self->verify, &self->open);
    for (size_t i = 0; i < self->n_missing && self->rc == 0; i++) {
        if (self->missing[i].is_found)
            continue;
        looks[i] = (struct second_look){self, &self->missing[i]};
        self->open++;
        ask_history(self, self->missing[i].citizen, on_second_look, &looks[i]);
        if (self->open >= QUESTIONS_MAX)
            verify_wait(self->verify, &self->open);
    }
    verify_wait(self->verify, &self->open);
    free(looks);
}

static void on_length(void *arg, int rc, const struct store_reply *reply)
{
    struct verify_notify *self = arg;
    self->rc = rc < 0 ? rc : store_reply_integer(reply) > INBOX_MAX ? -EFBIG : 0;
    self->open--;
}

void verify_notify_finish(struct verify_notify *self)
{
    char inbox[KEY_MAX_BYTES];
    if (self->n_missing == 0)
        return;
    (void)view_key(VIEW, "in", inbox);
    self->open = 1;
    store_send_text(self->verify->svc.views, 0, on_length, self, "LLEN", inbox, NULL);
    verify_wait(self->verify, &self->open);
    if (self->rc == 0)
        look_again(self);
    if (self->rc == -EFBIG) {
        (void)fprintf(stderr, "verify: too many messages wait to be filed; not compared\n");
        return;
    }
    if (self->rc < 0) {
        verify_fail(self->verify, "the notifications", self->rc);
        return;
    }
    for (size_t i = 0; i < self->n_missing; i++) {
        const struct missing *missing = &self->missing[i];
        char id[BASE32_TEXT_BYTES];
        base32_format(missing->citizen, id);
        if (!missing->is_found)
            verify_difference(self->verify,
                              "{v:%s}:d: participant %s has no delivery for %s:log %" PRIu32
                              "-%" PRIu64,
                              VIEW, id, partition_tag(missing->partition), missing->position.epoch,
                              missing->position.seq);
    }
}
