#include "common/store/partition.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"

#define SLOTS 16384
#define SLOTS_PER_PARTITION (SLOTS / PARTITIONS)
#define TAG_MAX_BYTES 16
#define ALPHABET 26
#define LETTERS_MAX 3 /* reach every slot */
#define WORDS (ALPHABET + ALPHABET * ALPHABET + ALPHABET * ALPHABET * ALPHABET)
#define ANSWER_BUCKETS 16
#define REDRESS_BUCKETS 16

/* A computed constant: the same in every process, filled on first use. */
static char tags[PARTITIONS_ALL][TAG_MAX_BYTES];

/* CRC16/XMODEM, four bits at a time. */
static uint16_t crc16(uint16_t crc, const char *bytes, size_t len)
{
    static const uint16_t steps[16] = {0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50a5,
                                       0x60c6, 0x70e7, 0x8108, 0x9129, 0xa14a, 0xb16b,
                                       0xc18c, 0xd1ad, 0xe1ce, 0xf1ef};
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)bytes[i];
        crc = (uint16_t)((crc << 4) ^ steps[(crc >> 12) ^ (byte >> 4)]);
        crc = (uint16_t)((crc << 4) ^ steps[(crc >> 12) ^ (byte & 0x0f)]);
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
            return crc16(0, open + 1, (size_t)(close - open - 1)) % SLOTS;
    }
    return crc16(0, key, len) % SLOTS;
}

/* The n-th of "a" to "z", "aa", "ab" ... "zzz"; its length. */
static size_t letters_of(unsigned n, char ret[LETTERS_MAX + 1])
{
    size_t len = 1;
    for (unsigned span = ALPHABET; n >= span; span *= ALPHABET, len++)
        n -= span;
    for (size_t i = len; i-- > 0; n /= ALPHABET)
        ret[i] = (char)('a' + n % ALPHABET);
    ret[len] = '\0';
    return len;
}

/* Of all letters; the number's own part is stirred in by whoever asks, as a CRC is linear. */
static void letters_crcs(uint16_t ret[WORDS])
{
    char letters[LETTERS_MAX + 1];
    for (unsigned n = 0; n < WORDS; n++) {
        size_t len = letters_of(n, letters);
        ret[n] = crc16(0, letters, len);
    }
}

static void tag_find(unsigned partition, const uint16_t crcs[WORDS], char ret[TAG_MAX_BYTES])
{
    static const char zeros[LETTERS_MAX];
    char number[8], letters[LETTERS_MAX + 1];
    int number_len = snprintf(number, sizeof(number), "p%04u", partition % PARTITIONS);
    uint16_t start = crc16(0, number, (size_t)number_len);
    unsigned n = 0;
    for (size_t len = 1, end = ALPHABET; len <= LETTERS_MAX; len++, end = ALPHABET * (end + 1)) {
        uint16_t own = crc16(start, zeros, len);
        for (; n < end; n++) {
            if ((unsigned)(own ^ crcs[n]) % SLOTS / SLOTS_PER_PARTITION != partition)
                continue;
            (void)letters_of(n, letters);
            (void)snprintf(ret, TAG_MAX_BYTES, "{%s%s}", number, letters);
            return;
        }
    }
    log_assert_failed("a tag leads to every partition's slots", __FILE__, __LINE__);
}

static void tags_fill(void)
{
    uint16_t crcs[WORDS];
    letters_crcs(crcs);
    for (unsigned i = 0; i < PARTITIONS; i++)
        tag_find(i, crcs, tags[i]);
    (void)snprintf(tags[PARTITION_DIRECTORY], TAG_MAX_BYTES, "{dir}");
}

const char *partition_tag(unsigned partition)
{
    ASSERT(partition < PARTITIONS_ALL);
    if (tags[PARTITION_DIRECTORY][0] == '\0')
        tags_fill();
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

size_t key_redress(unsigned partition, uint64_t seq, char ret[KEY_MAX_BYTES])
{
    return key_bucket(partition, ":r:", (unsigned)(seq % REDRESS_BUCKETS), ret);
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

size_t key_claim(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES])
{
    return key_bucket(partition, ":x:", bucket, ret);
}

size_t key_outcome(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES])
{
    return key_bucket(partition, ":y:", bucket, ret);
}

size_t key_numbered(unsigned partition, unsigned bucket, char ret[KEY_MAX_BYTES])
{
    return key_bucket(partition, ":n:", bucket, ret);
}
