#include "common/store/partition.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#define SLOTS 16384
#define SLOTS_PER_PARTITION (SLOTS / PARTITIONS)
#define TAG_MAX_BYTES 16
#define LETTERS 26
#define ANSWER_BUCKETS 16

/* A computed constant: the same in every process, filled on first use. */
static char tags[PARTITIONS_ALL][TAG_MAX_BYTES];

static uint16_t crc16(const char *bytes, size_t len)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < len; i++) {
        crc = (uint16_t)(crc ^ (uint16_t)((uint8_t)bytes[i] << 8));
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
    return crc;
}

unsigned partition_slot(const char *key, size_t len)
{
    const char *open = memchr(key, '{', len);
    if (open != NULL) {
        size_t rest = len - (size_t)(open + 1 - key);
        const char *close = memchr(open + 1, '}', rest);
        if (close != NULL && close > open + 1)
            return crc16(open + 1, (size_t)(close - open - 1)) % SLOTS;
    }
    return crc16(key, len) % SLOTS;
}

/* One to three letters after the number; "a" to "z", then "aa", "ab" ... reach every slot. */
static void tag_find(unsigned partition, char ret[TAG_MAX_BYTES])
{
    for (unsigned word = 0; word < LETTERS + LETTERS * LETTERS + LETTERS * LETTERS * LETTERS;
         word++) {
        char letters[4] = {0};
        unsigned rest = word;
        size_t n = 1;
        for (unsigned span = LETTERS; rest >= span; span *= LETTERS, n++)
            rest -= span;
        for (size_t i = n; i-- > 0; rest /= LETTERS)
            letters[i] = (char)('a' + rest % LETTERS);
        int len = snprintf(ret, TAG_MAX_BYTES, "{p%04u%s}", partition, letters);
        if (partition_slot(ret, (size_t)len) / SLOTS_PER_PARTITION == partition)
            return;
    }
    log_assert_failed("a tag leads to every partition's slots", __FILE__, __LINE__);
}

const char *partition_tag(unsigned partition)
{
    ASSERT(partition < PARTITIONS_ALL);
    if (tags[PARTITION_DIRECTORY][0] == '\0') {
        for (unsigned i = 0; i < PARTITIONS; i++)
            tag_find(i, tags[i]);
        (void)snprintf(tags[PARTITION_DIRECTORY], TAG_MAX_BYTES, "{dir}");
    }
    return tags[partition];
}

unsigned partition_of(const uint8_t hash[ID_BYTES])
{
    return (unsigned)hash[0] << 2 | hash[1] >> 6;
}

unsigned partition_bucket(const uint8_t hash[ID_BYTES])
{
    return (unsigned)(hash[1] & 0x3f) << 1 | hash[2] >> 7;
}

const char *partition_field(const uint8_t hash[ID_BYTES])
{
    return (const char *)hash + ID_BYTES - CITIZEN_FIELD_BYTES;
}

/* Keys are built for every command: appended by hand, snprintf costs more than the rest of it. */
static size_t append(char ret[KEY_MAX_BYTES], size_t len, const char *text)
{
    size_t n = strlen(text);
    ASSERT(len + n < KEY_MAX_BYTES);
    memcpy(ret + len, text, n + 1);
    return len + n;
}

static size_t append_number(char ret[KEY_MAX_BYTES], size_t len, unsigned number)
{
    char digits[12];
    size_t i = sizeof(digits) - 1;
    digits[i] = '\0';
    do {
        digits[--i] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    return append(ret, len, digits + i);
}

static size_t key_bucket(unsigned partition, const char *kind, unsigned bucket,
                         char ret[KEY_MAX_BYTES])
{
    size_t len = append(ret, 0, partition_tag(partition));
    return append_number(ret, append(ret, len, kind), bucket);
}

size_t key_citizen(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES])
{
    return key_bucket(partition, ":c:", bucket, ret);
}

size_t key_identity(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES])
{
    return key_bucket(partition, ":i:", bucket, ret);
}

size_t key_answers(unsigned partition, int32_t day, const struct request_id *id,
                   char ret[KEY_MAX_BYTES])
{
    ASSERT(day >= 0);
    size_t len = key_bucket(partition, ":q:", (unsigned)day, ret);
    return append_number(ret, append(ret, len, ":"), id->bytes[ID_BYTES - 1] % ANSWER_BUCKETS);
}

size_t key_totals(unsigned partition, char ret[KEY_MAX_BYTES])
{
    return append(ret, append(ret, 0, partition_tag(partition)), ":t");
}

size_t key_journal(unsigned partition, char ret[KEY_MAX_BYTES])
{
    return append(ret, append(ret, 0, partition_tag(partition)), ":log");
}

size_t key_reference(char kind, char ret[KEY_MAX_BYTES])
{
    char name[] = {':', 'r', ':', kind, '\0'};
    return append(ret, append(ret, 0, partition_tag(PARTITION_DIRECTORY)), name);
}

size_t key_alias(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES])
{
    return key_bucket(partition, ":a:", bucket, ret);
}
