#include "services/settlement/batch.h"

#include <errno.h>
#include <string.h>

#define VERSION_BYTES 8
#define LENGTH_BYTES 2

void batch_begin(struct batch *self, uint64_t version, const char *organisation)
{
    size_t code_len = strnlen(organisation, BATCH_CODE_BYTES - 1);
    self->len = self->n_rows = 0;
    for (int i = VERSION_BYTES - 1; i >= 0; i--)
        self->bytes[self->len++] = (uint8_t)(version >> (8 * i));
    self->bytes[self->len++] = (uint8_t)code_len;
    memcpy(self->bytes + self->len, organisation, code_len);
    self->len += code_len;
}

int batch_add(struct batch *self, const uint8_t *row, size_t len)
{
    if (self->n_rows == BATCH_ROWS_MAX || len + LENGTH_BYTES > BATCH_MAX_BYTES - self->len)
        return -EMSGSIZE;
    self->bytes[self->len++] = (uint8_t)len;
    self->bytes[self->len++] = (uint8_t)(len >> 8);
    memcpy(self->bytes + self->len, row, len);
    self->len += len;
    self->n_rows++;
    return 0;
}

int batch_read(const uint8_t *bytes, size_t len, char ret_organisation[BATCH_CODE_BYTES],
               struct batch_row ret[BATCH_ROWS_MAX], size_t *ret_n)
{
    size_t at = VERSION_BYTES + 1;
    *ret_n = 0;
    if (len < at || bytes[VERSION_BYTES] >= BATCH_CODE_BYTES || len < at + bytes[VERSION_BYTES])
        return -EPROTO;
    memcpy(ret_organisation, bytes + at, bytes[VERSION_BYTES]);
    ret_organisation[bytes[VERSION_BYTES]] = '\0';
    at += bytes[VERSION_BYTES];
    while (at < len) {
        if (*ret_n == BATCH_ROWS_MAX || len - at < LENGTH_BYTES)
            return -EPROTO;
        size_t row_len = bytes[at] | (size_t)bytes[at + 1] << 8;
        if (row_len > len - at - LENGTH_BYTES)
            return -EPROTO;
        ret[(*ret_n)++] = (struct batch_row){bytes + at + LENGTH_BYTES, row_len};
        at += LENGTH_BYTES + row_len;
    }
    return 0;
}
