#include "common/store/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/store/link.h"
#include "common/store/packed.h"

#define HEADS_MAX 2000
#define POSITION_MAX_BYTES 44
#define TOTALS_HEADER_BYTES 16
#define TOTALS_HEADER_LAST "15" /* offset of the header's last byte */

/* Digits without a zero in front up to a character; answers where it stands, NULL when there is no
 * such number. */
static const char *number_read(const char *at, char end, uint64_t max, uint64_t *ret)
{
    *ret = 0;
    if (*at < '1' || *at > '9')
        return NULL;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (*ret > (max - (uint64_t)(*at - '0')) / 10)
            return NULL;
        *ret = *ret * 10 + (uint64_t)(*at - '0');
    }
    return *at == end ? at : NULL;
}

/* An entry as Redis answers it: ["<epoch>-<seq>", ["e", event]]. */
static int entry_read(const struct store_reply *reply, struct journal_entry *ret)
{
    size_t id_len, name_len;
    const char *id = store_reply_bytes(store_reply_at(reply, 0), &id_len);
    const struct store_reply *fields = store_reply_at(reply, 1);
    const char *name = store_reply_bytes(store_reply_at(fields, 0), &name_len);
    const char *event = store_reply_bytes(store_reply_at(fields, 1), &ret->event_len);
    if (id == NULL || event == NULL || store_reply_count(fields) != 2 ||
        id_len >= POSITION_MAX_BYTES)
        return -EPROTO;
    if (name_len != 1 || name[0] != 'e')
        return -EPROTO;
    uint64_t epoch, seq;
    const char *dash = number_read(id, '-', UINT32_MAX, &epoch);
    if (dash == NULL || number_read(dash + 1, '\0', INT64_MAX, &seq) == NULL)
        return -EPROTO;
    ret->position = (struct journal_position){(uint32_t)epoch, seq};
    ret->event = (const uint8_t *)event;
    return 0;
}

static void translate_entries(struct store *store, link_any_fn fn, void *arg, int rc,
                              const struct store_reply *reply)
{
    size_t n = store_reply_count(reply);
    struct journal_entry *entries = calloc(n + 1, sizeof(*entries));
    ASSERT(entries != NULL);
    if (rc == 0 && (store_is_refusal(store, reply) || store_reply_type(reply) != STORE_REPLY_ARRAY))
        rc = -EPROTO;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = entry_read(store_reply_at(reply, i), &entries[i]);
    ((journal_read_fn)fn)(arg, rc, entries, rc == 0 ? n : 0);
    free(entries);
}

void journal_read(struct store *ledger, unsigned partition, struct journal_position after,
                  size_t max, journal_read_fn fn, void *arg)
{
    ASSERT(max >= 1 && max <= JOURNAL_READ_MAX);
    char key[KEY_MAX_BYTES], start[POSITION_MAX_BYTES], count[8];
    size_t key_len = key_journal(partition, key);
    int start_len = snprintf(start, sizeof(start), "(%" PRIu32 "-%" PRIu64, after.epoch, after.seq);
    int count_len = snprintf(count, sizeof(count), "%zu", max);
    const char *argv[] = {"XRANGE", key, start, "+", "COUNT", count};
    const size_t lens[] = {strlen("XRANGE"), key_len,          (size_t)start_len, 1,
                           strlen("COUNT"),  (size_t)count_len};
    store_send_typed(ledger, partition, ARRAY_LEN(argv), argv, lens, translate_entries,
                     (link_any_fn)fn, arg);
}

/* One question about many partitions; freed with its last answer. */
struct heads {
    journal_heads_fn fn;
    void *arg;
    unsigned first;
    size_t n, n_open;
    int rc; /* of the first failure */
    struct journal_position *positions;
    struct head {
        struct heads *heads;
        size_t i;
    } asked[];
};

static int head_read(const struct store_reply *reply, struct journal_position *ret)
{
    size_t len;
    const uint8_t *header = (const uint8_t *)store_reply_bytes(reply, &len);
    if (store_reply_type(reply) != STORE_REPLY_BYTES || (len != 0 && len != TOTALS_HEADER_BYTES))
        return -EPROTO;
    if (len > 0)
        *ret = (struct journal_position){(uint32_t)get_le(header + 4, 4), get_le(header + 8, 8)};
    return 0;
}

static void on_head(void *arg, int rc, const struct store_reply *reply)
{
    const struct head *head = arg;
    struct heads *heads = head->heads;
    if (rc == 0)
        rc = head_read(reply, &heads->positions[head->i]);
    if (heads->rc == 0)
        heads->rc = rc;
    if (--heads->n_open > 0)
        return;
    heads->fn(heads->arg, heads->rc, heads->first, heads->n, heads->positions);
    free(heads->positions);
    free(heads);
}

/* The totals' header holds the last position: sixteen bytes instead of a whole entry, written by
 * the same commit. */
void journal_heads(struct store *ledger, unsigned first, size_t n, journal_heads_fn fn, void *arg)
{
    ASSERT(n >= 1 && n <= HEADS_MAX && first + n <= PARTITIONS_ALL);
    struct heads *heads = calloc(1, sizeof(*heads) + n * sizeof(heads->asked[0]));
    ASSERT(heads != NULL);
    struct journal_position *positions = calloc(n, sizeof(*positions));
    ASSERT(positions != NULL);
    *heads = (struct heads){
        .fn = fn, .arg = arg, .first = first, .n = n, .n_open = n, .positions = positions};
    for (size_t i = 0; i < n; i++) {
        char key[KEY_MAX_BYTES];
        size_t key_len = key_totals(first + (unsigned)i, key);
        const char *argv[] = {"GETRANGE", key, "0", TOTALS_HEADER_LAST};
        const size_t lens[] = {strlen("GETRANGE"), key_len, 1, strlen(TOTALS_HEADER_LAST)};
        heads->asked[i] = (struct head){heads, i};
        store_send(ledger, first + (unsigned)i, ARRAY_LEN(argv), argv, lens, on_head,
                   &heads->asked[i]);
    }
}
