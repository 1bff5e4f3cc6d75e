#include "services/settlement/receipt_rules.h"

#include <string.h>

#define CODE_MAX_CHARS 32

const struct series_block *series_block_of(const struct series *self, uint64_t number)
{
    for (size_t i = 0; i < self->n_blocks; i++) {
        const struct series_block *block = &self->blocks[i];
        if (number >= block->first && number - block->first < block->count)
            return block;
    }
    return NULL;
}

uint64_t series_number(struct series *self, uint64_t named, int is_free)
{
    if (named != 0 && is_free && series_block_of(self, named) != NULL)
        return named;
    return self->next++;
}

int is_officer_code(const char *text)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++) {
        char c = text[n];
        int is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (n == CODE_MAX_CHARS ||
            (!is_letter && !(c >= '0' && c <= '9') && strchr("-_.", c) == NULL))
            return 0;
    }
    return n > 0;
}
