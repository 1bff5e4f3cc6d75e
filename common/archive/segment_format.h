/* The bytes of a segment's meta and trailer. Private to segment.c and segment_writer.c. */
#ifndef ANSINH_ARCHIVE_SEGMENT_FORMAT_H
#define ANSINH_ARCHIVE_SEGMENT_FORMAT_H

#include "common/archive/segment.h"

#define SEGMENT_MAGIC "ansinhA1"
#define SEGMENT_MAGIC_BYTES 8
#define SEGMENT_TRAILER_BYTES                                                                      \
    (8 + SEGMENT_ID_BYTES + SIGNING_PUBLIC_BYTES + SIGNATURE_BYTES + SEGMENT_MAGIC_BYTES)
#define SEGMENT_META_MAX_BYTES (16 * 1024 * 1024)

/* Everything of the info but id, file_bytes. */
void segment_meta_write(const struct segment_info *info, struct buf *ret);

/* The reverse, into an empty info; allocates the blocks. -EPROTO: not of this form. */
int segment_meta_read(const uint8_t *bytes, size_t len, struct segment_info *ret) MUST_CHECK;

void segment_id_of(const uint8_t *meta, size_t len, uint8_t ret[SEGMENT_ID_BYTES]);

struct segment_trailer {
    uint64_t meta_len;
    uint8_t id[SEGMENT_ID_BYTES];
    uint8_t public_key[SIGNING_PUBLIC_BYTES];
    uint8_t signature[SIGNATURE_BYTES];
};

void segment_trailer_sign(struct segment_trailer *self, const struct signing_key *key);
int segment_trailer_is_signed(const struct segment_trailer *self);
void segment_trailer_write(const struct segment_trailer *self, uint8_t ret[SEGMENT_TRAILER_BYTES]);
/* -EPROTO: the magic is missing. */
int segment_trailer_read(const uint8_t bytes[SEGMENT_TRAILER_BYTES],
                         struct segment_trailer *ret) MUST_CHECK;

#endif
