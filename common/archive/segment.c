#include "common/archive/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

#include "common/archive/segment_format.h"
#include "common/base/log.h"

#define PATH_BYTES 512

struct segment {
    int fd;
    struct segment_info *info;
    ZSTD_DCtx *unpacker;
    struct buf packed, raw;
};

void segment_name(uint64_t number, char ret[SEGMENT_NAME_BYTES])
{
    (void)snprintf(ret, SEGMENT_NAME_BYTES, "%010" PRIu64 ".seg", number % 10000000000U);
}

struct segment_info *segment_info_copy(const struct segment_info *self)
{
    struct segment_info *copy = malloc(sizeof(*copy));
    ASSERT(copy != NULL);
    *copy = *self;
    copy->blocks = calloc((size_t)self->n_blocks + 1, sizeof(*copy->blocks));
    ASSERT(copy->blocks != NULL);
    memcpy(copy->blocks, self->blocks, self->n_blocks * sizeof(*copy->blocks));
    return copy;
}

void segment_info_destroy(struct segment_info **self)
{
    if (*self == NULL)
        return;
    free((*self)->blocks);
    free(*self);
    *self = NULL;
}

const struct segment_info *segment_info(const struct segment *self)
{
    return self->info;
}

void segment_close(struct segment **self)
{
    struct segment *segment = *self;
    if (segment == NULL)
        return;
    if (segment->fd >= 0)
        close(segment->fd);
    segment_info_destroy(&segment->info);
    (void)ZSTD_freeDCtx(segment->unpacker);
    buf_fini(&segment->packed);
    buf_fini(&segment->raw);
    free(segment);
    *self = NULL;
}

/* --- opening ---------------------------------------------------------------------------------- */

static int bad(const struct segment *self, struct err *err, const char *what)
{
    return err_set(err, -EBADMSG, "segment %" PRIu64 ": %s", self->info->number, what);
}

/* Reads len bytes to the end of a reset buffer. */
static int read_at(const struct segment *self, uint64_t offset, size_t len, struct buf *ret)
{
    buf_reset(ret);
    uint8_t *to = buf_reserve(ret, len);
    if (to == NULL)
        return -ENOMEM;
    while (ret->len < len) {
        ssize_t n = pread(self->fd, to + ret->len, len - ret->len, (off_t)(offset + ret->len));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EBADMSG;
        ret->len += (size_t)n;
    }
    return 0;
}

/* Blocks fill the file from the magic to the meta without a gap. */
static int blocks_fit(const struct segment_info *info, uint64_t meta_at)
{
    uint64_t at = SEGMENT_MAGIC_BYTES;
    for (uint32_t i = 0; i < info->n_blocks; i++) {
        const struct segment_block *block = &info->blocks[i];
        if (block->offset != at || block->raw_len > SEGMENT_BLOCK_MAX_BYTES ||
            block->packed_len > ZSTD_COMPRESSBOUND(SEGMENT_BLOCK_MAX_BYTES))
            return 0;
        at += block->packed_len;
    }
    return at == meta_at;
}

static int read_meta(struct segment *self, const struct segment_trailer *trailer, struct err *err)
{
    struct segment_info *info = self->info;
    uint64_t number = info->number;
    uint64_t room = info->file_bytes - SEGMENT_MAGIC_BYTES - SEGMENT_TRAILER_BYTES;
    if (trailer->meta_len > room || trailer->meta_len > SEGMENT_META_MAX_BYTES)
        return bad(self, err, "its trailer is not what was written");
    uint64_t meta_at = info->file_bytes - SEGMENT_TRAILER_BYTES - trailer->meta_len;
    int rc = read_at(self, meta_at, trailer->meta_len, &self->packed);
    if (rc < 0)
        return rc;
    segment_id_of(self->packed.data, self->packed.len, info->id);
    if (memcmp(info->id, trailer->id, SEGMENT_ID_BYTES) != 0)
        return bad(self, err, "its table of contents is not what was written");
    if (segment_meta_read(self->packed.data, self->packed.len, info) < 0 ||
        info->number != number || !blocks_fit(info, meta_at)) {
        info->number = number;
        return bad(self, err, "its table of contents is not that of such a segment");
    }
    return 0;
}

static int read_all(struct segment *self, const struct trusted_keys *trusted, struct err *err)
{
    struct stat st;
    struct segment_trailer trailer;
    if (fstat(self->fd, &st) < 0)
        return -errno;
    self->info->file_bytes = (uint64_t)st.st_size;
    if (st.st_size < SEGMENT_MAGIC_BYTES + SEGMENT_TRAILER_BYTES)
        return bad(self, err, "the file is too short");
    int rc = read_at(self, 0, SEGMENT_MAGIC_BYTES, &self->packed);
    if (rc == 0 && memcmp(self->packed.data, SEGMENT_MAGIC, SEGMENT_MAGIC_BYTES) != 0)
        return bad(self, err, "the file does not begin as a segment");
    if (rc == 0)
        rc = read_at(self, self->info->file_bytes - SEGMENT_TRAILER_BYTES, SEGMENT_TRAILER_BYTES,
                     &self->packed);
    if (rc < 0)
        return rc;
    if (segment_trailer_read(self->packed.data, &trailer) < 0)
        return bad(self, err, "the file does not end as a segment");
    rc = read_meta(self, &trailer, err);
    if (rc < 0)
        return rc;
    if (!segment_trailer_is_signed(&trailer))
        return bad(self, err, "the signature is wrong");
    if (!trusted_keys_has(trusted, trailer.public_key))
        return bad(self, err, "it is signed with a key that is not trusted");
    return 0;
}

int segment_open(const char *folder, uint64_t number, const struct trusted_keys *trusted,
                 struct segment **ret, struct err *err)
{
    char path[PATH_BYTES], name[SEGMENT_NAME_BYTES];
    struct segment *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->info = calloc(1, sizeof(*self->info));
    self->unpacker = ZSTD_createDCtx();
    ASSERT(self->info != NULL && self->unpacker != NULL);
    self->info->number = number;
    buf_init(&self->packed, SEGMENT_META_MAX_BYTES);
    buf_init(&self->raw, SEGMENT_BLOCK_MAX_BYTES);
    segment_name(number, name);
    (void)snprintf(path, sizeof(path), "%.*s/%s", PATH_BYTES - SEGMENT_NAME_BYTES - 2, folder,
                   name);
    self->fd = open(path, O_RDONLY | O_CLOEXEC);
    int rc = self->fd < 0 ? err_set(err, -errno, "segment %" PRIu64 " cannot be opened: %s", number,
                                    strerror(errno))
                          : read_all(self, trusted, err);
    if (rc < 0 && rc != -EBADMSG && self->fd >= 0)
        (void)err_set(err, rc, "segment %" PRIu64 " cannot be read: %s", number, strerror(-rc));
    if (rc < 0)
        segment_close(&self);
    else
        *ret = self;
    return rc;
}

/* --- blocks ----------------------------------------------------------------------------------- */

/* Which partitions' runs begin in a block, for people: "{p0001o} to {p0007kz}". */
static void name_block(const struct segment_info *info, uint32_t block, char ret[64])
{
    unsigned first = PARTITIONS_ALL, last = 0;
    for (unsigned p = 0; p < PARTITIONS_ALL; p++) {
        if (info->partitions[p].run.n_entries == 0 || info->partitions[p].run.block > block)
            continue;
        if (info->partitions[p].run.block == block)
            first = MIN(first, p);
        last = MAX(last, p);
    }
    /* the run before the first may reach into it, and be all there is */
    if (first == PARTITIONS_ALL)
        first = last;
    (void)snprintf(ret, 64, "%s to %s", partition_tag(first), partition_tag(last));
}

static int bad_block(const struct segment *self, uint32_t block, struct err *err)
{
    char names[64];
    name_block(self->info, block, names);
    return err_set(err, -EBADMSG,
                   "segment %" PRIu64 ": block %" PRIu32
                   " is not what was written: entries of %s are lost in it",
                   self->info->number, block, names);
}

int segment_read_block(struct segment *self, uint32_t block, const uint8_t **ret, size_t *ret_len,
                       struct err *err)
{
    ASSERT(block < self->info->n_blocks);
    const struct segment_block *row = &self->info->blocks[block];
    uint8_t hash[CHAIN_BYTES];
    int rc = read_at(self, row->offset, row->packed_len, &self->packed);
    if (rc == -EBADMSG)
        return bad_block(self, block, err);
    if (rc < 0)
        return err_set(err, rc, "segment %" PRIu64 " cannot be read: %s", self->info->number,
                       strerror(-rc));
    (void)crypto_generichash(hash, CHAIN_BYTES, self->packed.data, row->packed_len, NULL, 0);
    if (memcmp(hash, row->hash, CHAIN_BYTES) != 0)
        return bad_block(self, block, err);
    buf_reset(&self->raw);
    uint8_t *to = buf_reserve(&self->raw, row->raw_len);
    ASSERT(to != NULL);
    size_t len =
        ZSTD_decompressDCtx(self->unpacker, to, row->raw_len, self->packed.data, row->packed_len);
    if (len != row->raw_len)
        return bad_block(self, block, err);
    *ret = to;
    *ret_len = len;
    return 0;
}
