#include "common/service/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

#define POSITION_TEXT_BYTES 48

int checkpoint_read(struct feed *feed, const struct store_reply *reply)
{
    size_t n = store_reply_count(reply);
    for (size_t i = 0; i + 1 < n; i += 2) {
        size_t field_len, value_len;
        const char *field = store_reply_bytes(store_reply_at(reply, i), &field_len);
        const char *value = store_reply_bytes(store_reply_at(reply, i + 1), &value_len);
        int64_t partition, epoch, seq;
        char text[POSITION_TEXT_BYTES];
        if (field == NULL || value == NULL || value_len >= sizeof(text))
            return -EPROTO;
        (void)snprintf(text, sizeof(text), "%s", value);
        char *dash = strchr(text, '-');
        if (dash == NULL)
            return -EPROTO;
        *dash = '\0';
        if (parse_int64(field, 0, PARTITIONS - 1, &partition) < 0 ||
            parse_int64(text, 1, UINT32_MAX, &epoch) < 0 ||
            parse_int64(dash + 1, 1, INT64_MAX, &seq) < 0)
            return -EPROTO;
        feed_start_after(feed, (unsigned)partition, (uint32_t)epoch, (uint64_t)seq);
    }
    return 0;
}

void checkpoint_collect(const struct feed *feed, unsigned partition, struct flush *flush)
{
    uint32_t epoch;
    uint64_t seq;
    char field[8], value[POSITION_TEXT_BYTES];
    feed_position(feed, partition, &epoch, &seq);
    int field_len = snprintf(field, sizeof(field), "%u", partition);
    int value_len = snprintf(value, sizeof(value), "%" PRIu32 "-%" PRIu64, epoch, seq);
    (void)flush_checkpoint(flush, field, (size_t)field_len, value, (size_t)value_len);
}
