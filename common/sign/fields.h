/* Structured fields (RFC 8941): what the fields of signatures and digests are made of, read
 * strictly and piece by piece. Texts that are found are slices of the text that is read; strings
 * keep their backslashes. */
#ifndef ANSINH_SIGN_FIELDS_H
#define ANSINH_SIGN_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

#define FIELD_MAX_BYTES 4096 /* of one whole field */
#define FIELD_KEY_MAX_CHARS 64

struct slice {
    const char *text; /* NULL: absent */
    size_t len;
};

int slice_is(const struct slice *self, const char *text);

enum field_type { FIELD_INTEGER, FIELD_STRING, FIELD_TOKEN, FIELD_BYTES, FIELD_BOOLEAN };

struct field_item {
    enum field_type type;
    int64_t integer;   /* of an integer, and of a boolean */
    struct slice text; /* between the quotes or colons; of a token all of it */
};

struct field_reader {
    const char *at; /* NUL-ended */
    int n_members;
};

/* Borrows text, which ends with NUL. -EMSGSIZE. */
int field_open(struct field_reader *self, const char *text, struct err *err) MUST_CHECK;

/* The key of the next member of a dictionary; the reader is at its value then. 1, or 0 at the
 * field's end, or -EINVAL; a member without a value, which would be a boolean, is none here. */
int field_member(struct field_reader *self, struct slice *ret_key, struct err *err) MUST_CHECK;

/* One value without its parameters. Decimals are none here. -EINVAL. */
int field_item(struct field_reader *self, struct field_item *ret, struct err *err) MUST_CHECK;

/* The next parameter; one without a value is the boolean true. 1, 0 when none follows, -EINVAL. */
int field_parameter(struct field_reader *self, struct slice *ret_key, struct field_item *ret,
                    struct err *err) MUST_CHECK;

/* Behind the '(' of an inner list. -EINVAL. */
int field_list(struct field_reader *self, struct err *err) MUST_CHECK;

/* Whether another item of the inner list follows: 1 and the reader is at it, 0 and it is behind the
 * ')', -EINVAL. */
int field_list_more(struct field_reader *self, int is_first, struct err *err) MUST_CHECK;

/* Bytes of a byte sequence: how many, or -EINVAL (no base64 with padding), or -EMSGSIZE. */
int field_bytes(const struct field_item *item, uint8_t *ret, size_t size);

/* Writes a value, and a parameter with its ';', as RFC 8941 section 4.1 says. */
void field_write_item(const struct field_item *item, struct buf *out);
void field_write_parameter(const struct slice *key, const struct field_item *value,
                           struct buf *out);

#endif
