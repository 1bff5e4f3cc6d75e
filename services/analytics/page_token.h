/* Where a list of facts goes on. It binds the list to one state of the facts, so that what is
 * recorded between two pages changes none of them. Pure. */
#ifndef ANSINH_ANALYTICS_PAGE_TOKEN_H
#define ANSINH_ANALYTICS_PAGE_TOKEN_H

#include <stdint.h>

#include "common/base/macros.h"

#define PAGE_TOKEN_NUMBERS 7
#define PAGE_TOKEN_TEXT_BYTES (PAGE_TOKEN_NUMBERS * 16 + 1) /* with NUL */

struct page_token {
    uint64_t question; /* fingerprint of what is listed */
    int64_t as_of_ms;
    uint64_t facts;         /* of all that were added, these many are looked at */
    uint64_t last_position; /* of the last of them: the facts are still the same */
    uint64_t next;          /* number of the first fact that was not looked at */
    int64_t total, records; /* of the whole list */
};

void page_token_format(const struct page_token *token, char ret[PAGE_TOKEN_TEXT_BYTES]);
/* -EINVAL: not one that page_token_format made; its numbers may be any. */
int page_token_parse(const char *text, struct page_token *ret) MUST_CHECK;

#endif
