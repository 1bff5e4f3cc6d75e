#include "common/base/id.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

#define KEY_TEXT_MAX_CHARS 128
#define BASE32_CHARS 26

void request_id_make(int64_t wall_ms, struct request_id *ret)
{
    for (int i = 0; i < 6; i++)
        ret->bytes[i] = (uint8_t)((uint64_t)wall_ms >> (40 - 8 * i));
    randombytes_buf(ret->bytes + 6, ID_BYTES - 6);
    ret->bytes[6] = (uint8_t)(0x70 | (ret->bytes[6] & 0x0f));
    ret->bytes[8] = (uint8_t)(0x80 | (ret->bytes[8] & 0x3f));
}

/* A UUID's 32 digits without its dashes; -EINVAL when the form is another. */
static int uuid_parse(const char *text, uint8_t ret[ID_BYTES])
{
    if (strlen(text) != UUID_TEXT_BYTES - 1)
        return -EINVAL;
    char digits[2 * ID_BYTES + 1];
    size_t n = 0;
    for (size_t i = 0; i < UUID_TEXT_BYTES - 1; i++) {
        int is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash != (text[i] == '-'))
            return -EINVAL;
        if (!is_dash)
            digits[n++] = text[i];
    }
    digits[n] = '\0';
    return parse_hex(digits, ret, ID_BYTES);
}

int request_id_parse(const char *key, struct request_id *ret)
{
    struct request_id id = {{0}};
    int64_t ms;
    if (uuid_parse(key, id.bytes) == 0 && request_id_time(&id, &ms)) {
        *ret = id;
        return 0;
    }
    size_t len = strnlen(key, KEY_TEXT_MAX_CHARS + 1);
    if (len == 0 || len > KEY_TEXT_MAX_CHARS)
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        if (key[i] < 0x20 || key[i] > 0x7e)
            return -EINVAL;
    }
    crypto_generichash(id.bytes, ID_BYTES, (const unsigned char *)key, len, NULL, 0);
    id.bytes[6] = (uint8_t)(0x80 | (id.bytes[6] & 0x0f));
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    *ret = id;
    return 0;
}

int request_id_time(const struct request_id *id, int64_t *ret_ms)
{
    if ((id->bytes[6] & 0xf0) != 0x70 || (id->bytes[8] & 0xc0) != 0x80)
        return 0;
    uint64_t ms = 0;
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    *ret_ms = (int64_t)ms;
    return 1;
}

void request_id_format(const struct request_id *id, char ret_text[UUID_TEXT_BYTES])
{
    char hex[2 * ID_BYTES + 1];
    format_hex(id->bytes, ID_BYTES, hex);
    (void)snprintf(ret_text, UUID_TEXT_BYTES, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
                   hex + 16, hex + 20);
}

static const char base32_letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void base32_format(const uint8_t bytes[ID_BYTES], char ret_text[BASE32_TEXT_BYTES])
{
    /* 130 bits are written for 128: the first character holds three bits only */
    unsigned acc = 0;
    int bits = 2;
    int n = 0;
    for (int i = 0; i < ID_BYTES; i++) {
        acc = acc << 8 | bytes[i];
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            ret_text[n++] = base32_letters[(acc >> bits) & 31];
        }
        acc &= 0xff;
    }
    ret_text[n] = '\0';
}

static int base32_value(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    if (c == 'O')
        c = '0';
    if (c == 'I' || c == 'L')
        c = '1';
    const char *found = c == '\0' ? NULL : strchr(base32_letters, c);
    return found == NULL ? -1 : (int)(found - base32_letters);
}

int base32_parse(const char *text, uint8_t ret_bytes[ID_BYTES])
{
    if (strnlen(text, BASE32_CHARS + 1) != BASE32_CHARS || base32_value(text[0]) > 7)
        return -EINVAL;
    uint8_t bytes[ID_BYTES] = {0};
    unsigned acc = 0;
    int bits = -2;
    int n = 0;
    for (int i = 0; i < BASE32_CHARS; i++) {
        int value = base32_value(text[i]);
        if (value < 0)
            return -EINVAL;
        acc = (acc << 5 | (unsigned)value) & 0xffff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            bytes[n++] = (uint8_t)(acc >> bits);
        }
    }
    memcpy(ret_bytes, bytes, ID_BYTES);
    return 0;
}
