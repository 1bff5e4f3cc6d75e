#include "services/analytics/page_token.h"

#include <errno.h>
#include <string.h>

#include "common/base/parse.h"

#define NUMBER_BYTES 8

static void put(uint8_t *bytes, uint64_t number)
{
    for (int i = NUMBER_BYTES - 1; i >= 0; i--, number >>= 8)
        bytes[i] = (uint8_t)number;
}

static uint64_t get(const uint8_t *bytes)
{
    uint64_t number = 0;
    for (int i = 0; i < NUMBER_BYTES; i++)
        number = number << 8 | bytes[i];
    return number;
}

void page_token_format(const struct page_token *token, char ret[PAGE_TOKEN_TEXT_BYTES])
{
    const uint64_t numbers[PAGE_TOKEN_NUMBERS] = {token->question,
                                                  (uint64_t)token->as_of_ms,
                                                  token->facts,
                                                  token->last_position,
                                                  token->next,
                                                  (uint64_t)token->total,
                                                  (uint64_t)token->records};
    uint8_t bytes[PAGE_TOKEN_NUMBERS * NUMBER_BYTES];
    for (size_t i = 0; i < PAGE_TOKEN_NUMBERS; i++)
        put(&bytes[i * NUMBER_BYTES], numbers[i]);
    format_hex(bytes, sizeof(bytes), ret);
}

int page_token_parse(const char *text, struct page_token *ret)
{
    uint8_t bytes[PAGE_TOKEN_NUMBERS * NUMBER_BYTES];
    uint64_t numbers[PAGE_TOKEN_NUMBERS];
    if (strlen(text) != 2 * sizeof(bytes) || parse_hex(text, bytes, sizeof(bytes)) < 0)
        return -EINVAL;
    for (size_t i = 0; i < PAGE_TOKEN_NUMBERS; i++)
        numbers[i] = get(&bytes[i * NUMBER_BYTES]);
    *ret = (struct page_token){.question = numbers[0],
                               .as_of_ms = (int64_t)numbers[1],
                               .facts = numbers[2],
                               .last_position = numbers[3],
                               .next = numbers[4],
                               .total = (int64_t)numbers[5],
                               .records = (int64_t)numbers[6]};
    return 0;
}
