#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/service/command.h"

void position_format(unsigned partition, struct journal_position position,
                     char ret[POSITION_TEXT_BYTES])
{
    (void)snprintf(ret, POSITION_TEXT_BYTES, "p%04u-%" PRIu32 "-%" PRIu64, partition,
                   position.epoch, position.seq);
}

int position_parse(const char *text, unsigned *ret_partition, struct journal_position *ret)
{
    char copy[POSITION_TEXT_BYTES];
    int64_t epoch, seq;
    if (text[0] != 'p' || strnlen(text, sizeof(copy)) == sizeof(copy))
        return -EINVAL;
    (void)snprintf(copy, sizeof(copy), "%s", text);
    char *first = strchr(copy, '-');
    char *second = first == NULL ? NULL : strchr(first + 1, '-');
    if (second == NULL || first - copy != 5)
        return -EINVAL;
    *first = *second = '\0';
    unsigned partition = 0;
    for (const char *p = copy + 1; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return -EINVAL;
        partition = partition * 10 + (unsigned)(*p - '0');
    }
    if (partition >= PARTITIONS_ALL || parse_int64(first + 1, 1, UINT32_MAX, &epoch) < 0 ||
        parse_int64(second + 1, 1, INT64_MAX, &seq) < 0)
        return -EINVAL;
    *ret_partition = partition;
    ret->epoch = (uint32_t)epoch;
    ret->seq = (uint64_t)seq;
    return 0;
}
