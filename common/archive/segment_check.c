/* A segment held against itself and against the one before, record by record. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/segment.h"
#include "common/base/log.h"

struct check {
    const struct segment_info *info;
    struct err *err;
    uint64_t n_entries, n_identities;
    struct record last; /* the entry before; partition PARTITIONS_ALL: none */
    struct segment_partition partitions[PARTITIONS_ALL]; /* as the records say */
};

static int bad(const struct check *self, const char *what)
{
    return err_set(self->err, -EBADMSG, "segment %" PRIu64 ": %s", self->info->number, what);
}

static int bad_record(const struct check *self, const struct record *record, const char *what)
{
    return err_set(self->err, -EBADMSG, "segment %" PRIu64 ": %s:log %" PRIu32 "-%" PRIu64 " %s",
                   self->info->number, partition_tag(record->partition), record->position.epoch,
                   record->position.seq, what);
}

static int bad_partition(const struct check *self, unsigned partition, const char *what)
{
    return err_set(self->err, -EBADMSG, "segment %" PRIu64 ": %s of %s", self->info->number, what,
                   partition_tag(partition));
}

/* --- records ---------------------------------------------------------------------------------- */

static int check_entry(struct check *self, const struct record *record, uint32_t block,
                       uint32_t offset)
{
    struct segment_partition *partition = &self->partitions[record->partition];
    if (self->last.partition < PARTITIONS_ALL && record->partition < self->last.partition)
        return bad_record(self, record, "stands in the wrong place");
    if (!position_follows(partition->chain.last, record->position))
        return bad_record(self, record, "does not follow the entry before: entries are missing");
    if (partition->run.n_entries++ == 0) {
        partition->run.first = record->position;
        partition->run.block = block;
        partition->run.offset = offset;
    }
    if (chain_add(&partition->chain, record) != record->check)
        return bad_record(self, record, "is not what was archived");
    self->last = *record;
    self->n_entries++;
    return 0;
}

static int check_identity(struct check *self, const struct record *record)
{
    if (record->partition != self->last.partition ||
        record->position.epoch != self->last.position.epoch ||
        record->position.seq != self->last.position.seq)
        return bad_record(self, record, "is followed by another participant's identity");
    if (identity_check(record) != record->check)
        return bad_record(self, record, "is followed by an identity that is not what was archived");
    self->n_identities++;
    return 0;
}

static int check_block(struct check *self, struct segment *segment, uint32_t block,
                       segment_record_fn fn, void *arg)
{
    const uint8_t *bytes;
    size_t len;
    int rc = segment_read_block(segment, block, &bytes, &len, self->err);
    for (size_t at = 0; rc == 0 && at < len;) {
        struct record record;
        uint32_t offset = (uint32_t)at;
        if (record_read(bytes, len, &at, &record) < 0)
            return bad(self, "a block holds something that is no record");
        rc = record.kind == RECORD_ENTRY ? check_entry(self, &record, block, offset)
                                         : check_identity(self, &record);
        if (rc == 0 && fn != NULL)
            fn(arg, &record);
    }
    return rc;
}

/* --- the table of contents -------------------------------------------------------------------- */

static int check_partitions(const struct check *self)
{
    for (unsigned p = 0; p < PARTITIONS_ALL; p++) {
        const struct segment_partition *found = &self->partitions[p];
        const struct segment_partition *row = &self->info->partitions[p];
        if (found->run.n_entries != row->run.n_entries || found->run.block != row->run.block ||
            found->run.offset != row->run.offset ||
            found->run.first.epoch != row->run.first.epoch ||
            found->run.first.seq != row->run.first.seq)
            return bad_partition(self, p, "the table of contents is wrong about the entries");
        if (found->chain.last.epoch != row->chain.last.epoch ||
            found->chain.last.seq != row->chain.last.seq ||
            memcmp(found->chain.value, row->chain.value, CHAIN_BYTES) != 0 ||
            memcmp(found->chain.digest, row->chain.digest, DIGEST_BYTES) != 0)
            return bad_partition(self, p, "the chain does not end as the table says: the chain");
    }
    return 0;
}

static int check_before(struct check *self, const struct segment_info *before)
{
    static const uint8_t none[SEGMENT_ID_BYTES];
    uint64_t number = before == NULL ? 0 : before->number;
    const uint8_t *id = before == NULL ? none : before->id;
    if (self->info->number != number + 1)
        return bad(self, "a segment before it is missing");
    if (memcmp(self->info->previous, id, SEGMENT_ID_BYTES) != 0)
        return bad(self, "the segment before it is not the one that it was written behind");
    if (before != NULL && self->info->created_ms < before->created_ms)
        return bad(self, "it is older than the segment before it");
    for (unsigned p = 0; before != NULL && p < PARTITIONS_ALL; p++)
        self->partitions[p].chain = before->partitions[p].chain;
    return 0;
}

int segment_check(struct segment *segment, const struct segment_info *before, segment_record_fn fn,
                  void *arg, struct err *err)
{
    struct check *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->info = segment_info(segment);
    self->err = err;
    self->last.partition = PARTITIONS_ALL;
    int rc = check_before(self, before);
    for (uint32_t i = 0; rc == 0 && i < self->info->n_blocks; i++)
        rc = check_block(self, segment, i, fn, arg);
    if (rc == 0)
        rc = check_partitions(self);
    if (rc == 0 && (self->n_entries != self->info->n_entries ||
                    self->n_identities != self->info->n_identities))
        rc = bad(self, "it holds another number of records than its table says");
    free(self);
    return rc;
}
