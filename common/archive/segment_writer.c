#include "common/archive/segment_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "common/archive/segment_format.h"
#include "common/base/crash.h"
#include "common/base/log.h"

#define PATH_BYTES 512
#define PACK_LEVEL 3

struct segment_writer {
    char folder[PATH_BYTES], draft[PATH_BYTES + 64];
    int fd;
    struct segment_info *info;
    ZSTD_CCtx *packer;
    struct buf raw, packed; /* the block that is being filled */
    uint64_t file_bytes, raw_bytes;
    struct record last; /* the entry that was added last; without data */
    int is_failed;
};

static int fail(struct segment_writer *self, int rc)
{
    self->is_failed = 1;
    return rc;
}

static int write_all(struct segment_writer *self, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = write(self->fd, bytes + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(self, -errno);
        at += (size_t)n;
    }
    self->file_bytes += len;
    return 0;
}

static struct segment_info *info_after(const struct segment_info *before)
{
    struct segment_info *info = calloc(1, sizeof(*info));
    ASSERT(info != NULL);
    info->number = 1;
    if (before != NULL) {
        info->number = before->number + 1;
        info->created_ms = before->created_ms;
        memcpy(info->previous, before->id, SEGMENT_ID_BYTES);
        for (unsigned p = 0; p < PARTITIONS_ALL; p++)
            info->partitions[p].chain = before->partitions[p].chain;
    }
    info->blocks = calloc(SEGMENT_BLOCKS_MAX, sizeof(*info->blocks));
    ASSERT(info->blocks != NULL);
    return info;
}

int segment_writer_create(const char *folder, const struct segment_info *before,
                          struct segment_writer **ret, struct err *err)
{
    char name[SEGMENT_NAME_BYTES];
    struct segment_writer *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->info = info_after(before);
    self->packer = ZSTD_createCCtx();
    ASSERT(self->packer != NULL);
    buf_init(&self->raw, SEGMENT_BLOCK_MAX_BYTES);
    buf_init(&self->packed, SEGMENT_META_MAX_BYTES);
    segment_name(self->info->number, name);
    (void)snprintf(self->folder, sizeof(self->folder), "%s", folder);
    (void)snprintf(self->draft, sizeof(self->draft), "%s/%s.%08" PRIx32 ".draft", folder, name,
                   randombytes_random());
    self->fd = open(self->draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int rc = self->fd < 0 ? -errno
                          : write_all(self, (const uint8_t *)SEGMENT_MAGIC, SEGMENT_MAGIC_BYTES);
    if (rc < 0) {
        (void)err_set(err, rc, "cannot write %.100s: %s", self->draft, strerror(-rc));
        segment_writer_destroy(&self);
    } else {
        *ret = self;
    }
    return rc;
}

void segment_writer_destroy(struct segment_writer **self)
{
    struct segment_writer *writer = *self;
    if (writer == NULL)
        return;
    if (writer->fd >= 0) {
        close(writer->fd);
        (void)unlink(writer->draft);
    }
    segment_info_destroy(&writer->info);
    (void)ZSTD_freeCCtx(writer->packer);
    buf_fini(&writer->raw);
    buf_fini(&writer->packed);
    free(writer);
    *self = NULL;
}

/* --- records ---------------------------------------------------------------------------------- */

static int end_block(struct segment_writer *self)
{
    struct segment_info *info = self->info;
    if (self->raw.len == 0)
        return 0;
    if (info->n_blocks == SEGMENT_BLOCKS_MAX)
        return fail(self, -EFBIG);
    size_t bound = ZSTD_compressBound(self->raw.len);
    buf_reset(&self->packed);
    uint8_t *to = buf_reserve(&self->packed, bound);
    ASSERT(to != NULL);
    size_t len =
        ZSTD_compressCCtx(self->packer, to, bound, self->raw.data, self->raw.len, PACK_LEVEL);
    ASSERT(!ZSTD_isError(len));
    struct segment_block *block = &info->blocks[info->n_blocks++];
    block->offset = self->file_bytes;
    block->packed_len = (uint32_t)len;
    block->raw_len = (uint32_t)self->raw.len;
    (void)crypto_generichash(block->hash, CHAIN_BYTES, to, len, NULL, 0);
    buf_reset(&self->raw);
    return write_all(self, to, len);
}

/* A record fits: a block ends as soon as it has SEGMENT_BLOCK_BYTES. */
static int add(struct segment_writer *self, const struct record *record)
{
    uint8_t header[RECORD_HEADER_BYTES];
    record_write_header(record, header);
    (void)buf_append(&self->raw, header, sizeof(header));
    int rc = buf_append(&self->raw, record->data, record->len);
    ASSERT(rc == 0);
    self->raw_bytes += sizeof(header) + record->len;
    return self->raw.len >= SEGMENT_BLOCK_BYTES ? end_block(self) : 0;
}

int segment_writer_entry(struct segment_writer *self, unsigned partition,
                         struct journal_position position, const uint8_t *event, size_t len,
                         int64_t at_ms)
{
    struct segment_info *info = self->info;
    struct segment_partition *to = &info->partitions[partition];
    if (self->is_failed || len > RECORD_DATA_MAX_BYTES || partition < self->last.partition ||
        !position_follows(to->chain.last, position))
        return -EPROTO;
    struct record record = {RECORD_ENTRY, partition, position, event, len, 0};
    if (to->run.n_entries++ == 0) {
        to->run.first = position;
        to->run.block = info->n_blocks;
        to->run.offset = (uint32_t)self->raw.len;
    }
    record.check = chain_add(&to->chain, &record);
    self->last = record;
    info->n_entries++;
    if (at_ms > 0) {
        info->from_ms = info->from_ms == 0 ? at_ms : MIN(info->from_ms, at_ms);
        info->to_ms = MAX(info->to_ms, at_ms);
    }
    return add(self, &record);
}

int segment_writer_identity(struct segment_writer *self, const uint8_t citizen[ID_BYTES],
                            const uint8_t *sealed, size_t len)
{
    uint8_t data[ID_BYTES + COMMIT_VALUE_MAX_BYTES];
    if (self->is_failed || len > COMMIT_VALUE_MAX_BYTES)
        return self->is_failed ? -EPROTO : -EMSGSIZE;
    memcpy(data, citizen, ID_BYTES);
    memcpy(data + ID_BYTES, sealed, len);
    struct record record = {
        RECORD_IDENTITY, self->last.partition, self->last.position, data, ID_BYTES + len, 0};
    record.check = identity_check(&record);
    self->info->n_identities++;
    return add(self, &record);
}

uint64_t segment_writer_bytes(const struct segment_writer *self)
{
    return self->raw_bytes;
}

const struct chain *segment_writer_chain(const struct segment_writer *self, unsigned partition)
{
    return &self->info->partitions[partition].chain;
}

/* --- the end ---------------------------------------------------------------------------------- */

static int write_end(struct segment_writer *self, const struct signing_key *key)
{
    uint8_t bytes[SEGMENT_TRAILER_BYTES];
    struct segment_trailer trailer;
    buf_reset(&self->packed);
    segment_meta_write(self->info, &self->packed);
    segment_id_of(self->packed.data, self->packed.len, self->info->id);
    trailer.meta_len = self->packed.len;
    memcpy(trailer.id, self->info->id, SEGMENT_ID_BYTES);
    segment_trailer_sign(&trailer, key);
    segment_trailer_write(&trailer, bytes);
    int rc = write_all(self, self->packed.data, self->packed.len);
    if (rc == 0)
        rc = write_all(self, bytes, sizeof(bytes));
    self->info->file_bytes = self->file_bytes;
    return rc;
}

/* Whoever links first has written the segment: a link never replaces what is there. */
static int publish(struct segment_writer *self)
{
    char name[SEGMENT_NAME_BYTES], path[PATH_BYTES + 64];
    segment_name(self->info->number, name);
    (void)snprintf(path, sizeof(path), "%s/%s", self->folder, name);
    if (fsync(self->fd) < 0)
        return -errno;
    CRASH_POINT(SEGMENT_DRAFTED);
    if (link(self->draft, path) < 0)
        return -errno;
    CRASH_POINT(SEGMENT_LINKED);
    int folder = open(self->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = folder < 0 || fsync(folder) < 0 ? -errno : 0;
    if (folder >= 0)
        close(folder);
    return rc;
}

int segment_writer_finish(struct segment_writer *self, const struct signing_key *key,
                          int64_t now_ms, struct segment_info **ret_info, struct err *err)
{
    int rc = self->is_failed ? -EIO : end_block(self);
    self->info->created_ms = MAX(self->info->created_ms, now_ms);
    if (rc == 0)
        rc = write_end(self, key);
    if (rc == 0)
        rc = publish(self);
    if (rc < 0) {
        self->is_failed = 1;
        return err_set(err, rc, "segment %" PRIu64 " cannot be written: %s", self->info->number,
                       strerror(-rc));
    }
    *ret_info = self->info;
    self->info = NULL;
    return 0;
}
