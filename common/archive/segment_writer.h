/* Writing a segment: a draft beside the others, which becomes the segment when it is whole and
 * synced. Of two writers of the same number only one succeeds. */
#ifndef ANSINH_ARCHIVE_SEGMENT_WRITER_H
#define ANSINH_ARCHIVE_SEGMENT_WRITER_H

#include "common/archive/segment.h"

struct segment_writer;

/* Begins the segment behind the given one (NULL: the first). Copies before. err names the file. */
int segment_writer_create(const char *folder, const struct segment_info *before,
                          struct segment_writer **ret, struct err *err) MUST_CHECK;
/* What was not finished leaves nothing behind. */
void segment_writer_destroy(struct segment_writer **self);

/* Adds the next entry of a partition; partitions ascend. at_ms is the event's time (0: unknown).
 * -EPROTO: it does not follow the partition's last one; or a failure to write, after which only
 * the destructor makes sense. */
int segment_writer_entry(struct segment_writer *self, unsigned partition,
                         struct journal_position position, const uint8_t *event, size_t len,
                         int64_t at_ms) MUST_CHECK;

/* Adds the sealed identity behind the enrolment that was added last. -EMSGSIZE: too long. */
int segment_writer_identity(struct segment_writer *self, const uint8_t citizen[ID_BYTES],
                            const uint8_t *sealed, size_t len) MUST_CHECK;

/* Bytes of records so far, unpacked. */
uint64_t segment_writer_bytes(const struct segment_writer *self);

/* Where the partition is after what was added. */
const struct chain *segment_writer_chain(const struct segment_writer *self, unsigned partition);

/* Signs, syncs and publishes the segment; blocks until the disk has it. *ret_info is the caller's,
 * to be freed with segment_info_destroy. -EEXIST: somebody else has written this number. */
int segment_writer_finish(struct segment_writer *self, const struct signing_key *key,
                          int64_t now_ms, struct segment_info **ret_info,
                          struct err *err) MUST_CHECK;

#endif
