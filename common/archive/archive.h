/* A folder of segments, numbered from 1 without a gap. */
#ifndef ANSINH_ARCHIVE_ARCHIVE_H
#define ANSINH_ARCHIVE_ARCHIVE_H

#include "common/archive/segment.h"

struct archive;

/* Looks what is there; opens the newest segment. trusted is copied. A folder that is not there, or
 * empty, is an archive without segments. -EBADMSG: the newest segment is not what was written; or
 * another negative errno; err says which file. */
int archive_open(const char *folder, const struct trusted_keys *trusted, struct archive **ret,
                 struct err *err) MUST_CHECK;
void archive_close(struct archive **self);

/* Looks for segments that were added since. As archive_open. */
int archive_refresh(struct archive *self, struct err *err) MUST_CHECK;

/* Number of the newest segment, 0: none. */
uint64_t archive_newest(const struct archive *self);
/* Its contents: how far the archive goes. NULL: no segment. Valid until the next refresh. */
const struct segment_info *archive_end(const struct archive *self);
/* Gives the archive the segment that was written just now. Takes info. */
void archive_added(struct archive *self, struct segment_info *info);

/* Opens a segment; the caller closes it with segment_close. As segment_open. */
int archive_segment(const struct archive *self, uint64_t number, struct segment **ret,
                    struct err *err) MUST_CHECK;

/* Number of the newest segment that was made at or before a wall time; 0: none. Opens some
 * segments. */
int archive_find_time(const struct archive *self, int64_t created_ms, uint64_t *ret,
                      struct err *err) MUST_CHECK;

/* Number of the segment that holds an entry. -ENOENT: none does; or as segment_open. */
int archive_find(const struct archive *self, unsigned partition, struct journal_position position,
                 uint64_t *ret, struct err *err) MUST_CHECK;

/* Finds one entry and appends its event to ret. -ENOENT, -EBADMSG, -EMSGSIZE (ret is full), or as
 * segment_open. */
int archive_read_entry(const struct archive *self, unsigned partition,
                       struct journal_position position, struct buf *ret,
                       struct err *err) MUST_CHECK;

/* Called with each record; the record is borrowed. Another answer than 0 ends the reading. */
typedef int (*archive_record_fn)(void *arg, const struct record *record);

/* Reads the records of partitions first to last of one segment in their order. -EBADMSG; what fn
 * answered; or as segment_open. */
int segment_each(struct segment *segment, unsigned first, unsigned last, archive_record_fn fn,
                 void *arg, struct err *err) MUST_CHECK;

#endif
