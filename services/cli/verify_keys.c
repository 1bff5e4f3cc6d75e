#include "services/cli/verify_keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"

#define KEYS_AT_ONCE "1000"
#define CURSOR_MAX_BYTES 24
#define PARTITION_DIGITS 4 /* behind "{p" */
#define DAY_MS (86400LL * 1000)

struct scan {
    struct verify *verify;
    char cursor[CURSOR_MAX_BYTES];
    unsigned open;
    int rc;
};

/* The partition whose tag the key starts with; -ENOENT. */
static int find_partition(const char *key, unsigned *ret)
{
    unsigned number = 0;
    size_t n = 0;
    for (const char *at = key + 2; n < PARTITION_DIGITS && isdigit((unsigned char)at[n]); n++)
        number = number * 10 + (unsigned)(at[n] - '0');
    if (n < PARTITION_DIGITS)
        number = PARTITION_DIRECTORY;
    *ret = number;
    return number < PARTITIONS_ALL &&
                   strncmp(key, partition_tag(number), strlen(partition_tag(number))) == 0
               ? 0
               : -ENOENT;
}

/* By hand: it is done for every record. */
unsigned key_slot(char kind, uint64_t bucket)
{
    static const uint8_t nth['y' + 1] = {
        ['c'] = 0, ['i'] = 1, ['a'] = 2, ['x'] = 3, ['y'] = 4, ['n'] = 5, ['r'] = 6};
    return nth[(unsigned char)kind] * BUCKETS + (unsigned)bucket;
}

unsigned key_slot_answers(unsigned nth, unsigned bucket)
{
    return key_slot('r', REDRESS_BUCKETS) + nth * ANSWER_BUCKETS + bucket;
}

void key_slots_add(struct key_slots *self, unsigned slot)
{
    self->bits[slot / 8] |= (uint8_t)(1U << slot % 8);
}

int key_slots_has(const struct key_slots *self, unsigned slot)
{
    return self->bits[slot / 8] >> slot % 8 & 1;
}

/* "<day>:<bucket>" of a day whose answers are kept. */
static int take_answers(struct verify *self, unsigned partition, const char *rest)
{
    char day_text[KEY_MAX_BYTES];
    int64_t day, bucket;
    size_t len = strcspn(rest, ":");
    if (rest[len] == '\0')
        return 0;
    memcpy(day_text, rest, len);
    day_text[len] = '\0';
    if (parse_int64(day_text, self->answers_day, self->answers_day + ANSWER_DAYS - 1, &day) < 0 ||
        parse_int64(rest + len + 1, 0, ANSWER_BUCKETS - 1, &bucket) < 0)
        return 0;
    key_slots_add(&self->stored[partition],
                  key_slot_answers((unsigned)(day - self->answers_day), (unsigned)bucket));
    return 1;
}

static int take_bucket(struct verify *self, unsigned partition, char kind, const char *rest)
{
    int64_t bucket;
    if ((kind != 'r' && strchr(BUCKET_KINDS, kind) == NULL) ||
        parse_int64(rest, 0, kind == 'r' ? REDRESS_BUCKETS - 1 : BUCKETS - 1, &bucket) < 0)
        return 0;
    key_slots_add(&self->stored[partition], key_slot(kind, (uint64_t)bucket));
    return 1;
}

/* "<tag>:t", "<tag>:log", or "<tag>:<kind>:<rest>" */
static int take_name(struct verify *self, const char *key)
{
    unsigned partition;
    if (key[0] == '\0' || key[1] == '\0' || find_partition(key, &partition) < 0)
        return 0;
    const char *name = strchr(key, '}') + 1;
    if (strcmp(name, ":t") == 0 || strcmp(name, ":log") == 0)
        return 1;
    if (name[0] != ':' || name[1] == '\0' || name[2] != ':')
        return 0;
    if (name[1] == 'q')
        return take_answers(self, partition, name + 3);
    if (partition == PARTITION_DIRECTORY)
        return name[1] == 'r' && strlen(name) == 4 && strchr(REFERENCE_KINDS, name[3]) != NULL;
    return take_bucket(self, partition, name[1], name + 3);
}

static void take_key(struct verify *self, const char *key, size_t len)
{
    char shown[KEY_MAX_BYTES];
    if (len < KEY_MAX_BYTES && memchr(key, '\0', len) == NULL && take_name(self, key))
        return;
    size_t n = MIN(len, sizeof(shown) - 1);
    for (size_t i = 0; i < n; i++)
        shown[i] = isprint((unsigned char)key[i]) ? key[i] : '?';
    shown[n] = '\0';
    verify_difference(self, "%s: a key that nobody writes", shown);
}

static void on_keys(void *arg, int rc, const struct store_reply *reply)
{
    struct scan *self = arg;
    size_t len;
    const char *cursor = store_reply_bytes(store_reply_at(reply, 0), &len);
    self->open--;
    if (rc < 0 || cursor == NULL || len >= sizeof(self->cursor)) {
        self->rc = rc < 0 ? rc : -EPROTO;
        return;
    }
    memcpy(self->cursor, cursor, len + 1);
    const struct store_reply *keys = store_reply_at(reply, 1);
    for (size_t i = 0; i < store_reply_count(keys); i++) {
        const char *key = store_reply_bytes(store_reply_at(keys, i), &len);
        if (key != NULL)
            take_key(self->verify, key, len);
    }
}

void verify_keys(struct verify *self)
{
    struct scan scan = {.verify = self, .cursor = "0"};
    self->answers_day = (int32_t)(clock_wall_ms() / DAY_MS) - ANSWER_DAYS_BACK;
    self->stored = calloc(PARTITIONS_ALL, sizeof(*self->stored));
    ASSERT(self->stored != NULL);
    do {
        scan.open++;
        store_send_text(self->svc.ledger, 0, on_keys, &scan, "SCAN", scan.cursor, "COUNT",
                        KEYS_AT_ONCE, NULL);
        verify_wait(self, &scan.open);
    } while (scan.rc == 0 && strcmp(scan.cursor, "0") != 0);
    if (scan.rc < 0)
        verify_fail(self, "the ledger", scan.rc);
}
