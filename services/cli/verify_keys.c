#include "services/cli/verify_keys.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"

#define KEYS_AT_ONCE "1000"
#define CURSOR_MAX_BYTES 24
#define NUMBER_MAX 1000000
#define BUCKETS 128
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

/* "<day>:<bucket>" of a day whose answers are kept. */
static int is_answers(unsigned partition, const char *key, char *rest)
{
    char want[KEY_MAX_BYTES];
    struct request_id id = {{0}};
    int64_t day, bucket, today = clock_wall_ms() / DAY_MS;
    char *colon = strchr(rest, ':');
    if (colon == NULL)
        return 0;
    *colon = '\0';
    if (parse_int64(rest, today - ANSWER_DAYS_BACK, today + 1, &day) < 0 ||
        parse_int64(colon + 1, 0, UINT8_MAX, &bucket) < 0)
        return 0;
    id.bytes[ID_BYTES - 1] = (uint8_t)bucket;
    (void)key_answers(partition, (int32_t)day, &id, want);
    return strcmp(want, key) == 0;
}

static int is_bucket(unsigned partition, const char *key, const char *rest)
{
    char want[6][KEY_MAX_BYTES];
    int64_t bucket;
    if (parse_int64(rest, 0, BUCKETS - 1, &bucket) < 0)
        return 0;
    (void)key_citizen(partition, (unsigned)bucket, want[0]);
    (void)key_identity(partition, (unsigned)bucket, want[1]);
    (void)key_alias(partition, (unsigned)bucket, want[2]);
    (void)key_claim(partition, (unsigned)bucket, want[3]);
    (void)key_outcome(partition, (unsigned)bucket, want[4]);
    (void)key_numbered(partition, (unsigned)bucket, want[5]);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        if (strcmp(want[i], key) == 0)
            return 1;
    }
    return 0;
}

static int is_redress(unsigned partition, const char *key, const char *rest)
{
    char want[KEY_MAX_BYTES];
    int64_t bucket;
    if (parse_int64(rest, 0, UINT8_MAX, &bucket) < 0)
        return 0;
    (void)key_redress(partition, (uint64_t)bucket, want);
    return strcmp(want, key) == 0;
}

static int is_ours(const char *key)
{
    char want[KEY_MAX_BYTES], copy[KEY_MAX_BYTES];
    unsigned partition;
    if (strlen(key) < 2 || find_partition(key, &partition) < 0)
        return 0;
    (void)snprintf(copy, sizeof(copy), "%s", key);
    char *rest = copy + strlen(partition_tag(partition));
    (void)key_totals(partition, want);
    if (strcmp(want, key) == 0)
        return 1;
    (void)key_journal(partition, want);
    if (strcmp(want, key) == 0)
        return 1;
    if (strncmp(rest, ":q:", 3) == 0)
        return is_answers(partition, key, rest + 3);
    if (partition == PARTITION_DIRECTORY)
        return strncmp(rest, ":r:", 3) == 0 && strlen(rest) == 4 &&
               strchr(REFERENCE_KINDS, rest[3]) != NULL;
    if (strncmp(rest, ":r:", 3) == 0)
        return is_redress(partition, key, rest + 3);
    return strlen(rest) > 3 && is_bucket(partition, key, rest + 3);
}

static void take_key(struct verify *self, const char *key, size_t len)
{
    char shown[KEY_MAX_BYTES];
    if (len < KEY_MAX_BYTES && memchr(key, '\0', len) == NULL && is_ours(key))
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
    do {
        scan.open++;
        store_send_text(self->svc.ledger, 0, on_keys, &scan, "SCAN", scan.cursor, "COUNT",
                        KEYS_AT_ONCE, NULL);
        verify_wait(self, &scan.open);
    } while (scan.rc == 0 && strcmp(scan.cursor, "0") != 0);
    if (scan.rc < 0)
        verify_fail(self, "the ledger", scan.rc);
}
