#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/service/command.h"

#define PARTITION_DIGITS 4
#define NUMBER_DIGITS_MAX 20
_Static_assert(POSITION_TEXT_BYTES >= 1 + 10 + 1 + 10 + 1 + NUMBER_DIGITS_MAX - 4,
               "a partition, an epoch and a number fit");

/* With zeros in front up to so many digits; answers where it ends. */
static char *put_number(char *to, uint64_t number, size_t digits_min)
{
    char digits[NUMBER_DIGITS_MAX];
    size_t first = sizeof(digits);
    do
        digits[--first] = (char)('0' + number % 10);
    while ((number /= 10) > 0 || sizeof(digits) - first < digits_min);
    memcpy(to, digits + first, sizeof(digits) - first);
    return to + sizeof(digits) - first;
}

/* By hand: it is done for every payment that is listed or verified. */
void position_format(unsigned partition, struct journal_position position,
                     char ret[POSITION_TEXT_BYTES])
{
    *ret++ = 'p';
    ret = put_number(ret, partition, PARTITION_DIGITS);
    *ret++ = '-';
    ret = put_number(ret, position.epoch, 1);
    *ret++ = '-';
    *put_number(ret, position.seq, 1) = '\0';
}

int position_parse(const char *text, unsigned *ret_partition, struct journal_position *ret)
{
    char copy[POSITION_TEXT_BYTES];
    int64_t epoch, seq;
    size_t len = strnlen(text, sizeof(copy));
    if (text[0] != 'p' || len == sizeof(copy))
        return -EINVAL;
    memcpy(copy, text, len + 1);
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
