#include "common/archive/archive.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

#define PATH_BYTES 512
#define NUMBER_DIGITS 10

struct archive {
    char folder[PATH_BYTES];
    struct trusted_keys trusted;
    uint64_t newest;
    struct segment_info *end;
};

static int is_before(struct journal_position a, struct journal_position b)
{
    return a.epoch != b.epoch ? a.epoch < b.epoch : a.seq < b.seq;
}

/* Number of "0000000012.seg"; 0: another file. */
static uint64_t number_of(const char *name)
{
    char expected[SEGMENT_NAME_BYTES];
    uint64_t number = 0;
    for (size_t i = 0; i < NUMBER_DIGITS && name[i] >= '0' && name[i] <= '9'; i++)
        number = number * 10 + (uint64_t)(name[i] - '0');
    segment_name(number, expected);
    return strcmp(name, expected) == 0 ? number : 0;
}

static int find_newest(const char *folder, uint64_t *ret, struct err *err)
{
    DIR *directory = opendir(folder);
    *ret = 0;
    if (directory == NULL && errno == ENOENT)
        return 0;
    if (directory == NULL)
        return err_set(err, -errno, "the archive %.80s cannot be read: %s", folder,
                       strerror(errno));
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL)
        *ret = MAX(*ret, number_of(entry->d_name));
    closedir(directory);
    return 0;
}

int archive_segment(const struct archive *self, uint64_t number, struct segment **ret,
                    struct err *err)
{
    return segment_open(self->folder, number, &self->trusted, ret, err);
}

int archive_refresh(struct archive *self, struct err *err)
{
    uint64_t newest;
    struct segment *segment = NULL;
    int rc = find_newest(self->folder, &newest, err);
    if (rc < 0 || newest == self->newest)
        return rc;
    if (newest < self->newest)
        return err_set(err, -EBADMSG, "the archive %.80s has lost its segments after %" PRIu64,
                       self->folder, newest);
    rc = archive_segment(self, newest, &segment, err);
    if (rc < 0)
        return rc;
    segment_info_destroy(&self->end);
    self->end = segment_info_copy(segment_info(segment));
    self->newest = newest;
    segment_close(&segment);
    return 0;
}

int archive_open(const char *folder, const struct trusted_keys *trusted, struct archive **ret,
                 struct err *err)
{
    struct archive *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->trusted = *trusted;
    (void)snprintf(self->folder, sizeof(self->folder), "%s", folder);
    int rc = archive_refresh(self, err);
    if (rc < 0)
        archive_close(&self);
    else
        *ret = self;
    return rc;
}

void archive_close(struct archive **self)
{
    if (*self == NULL)
        return;
    segment_info_destroy(&(*self)->end);
    free(*self);
    *self = NULL;
}

uint64_t archive_newest(const struct archive *self)
{
    return self->newest;
}

const struct segment_info *archive_end(const struct archive *self)
{
    return self->end;
}

void archive_added(struct archive *self, struct segment_info *info)
{
    ASSERT(info->number == self->newest + 1);
    segment_info_destroy(&self->end);
    self->end = info;
    self->newest = info->number;
}

/* --- finding ---------------------------------------------------------------------------------- */

/* What is looked for: 1 when the segment's end is behind it, or at it. */
typedef int (*reaches_fn)(const struct segment_info *info, const void *what);

/* The first segment that reaches it; newest + 1: none. */
static int find_first(const struct archive *self, reaches_fn reaches, const void *what,
                      uint64_t *ret, struct err *err)
{
    uint64_t low = 1, high = self->newest + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        struct segment *segment = NULL;
        int rc = archive_segment(self, middle, &segment, err);
        if (rc < 0)
            return rc;
        if (reaches(segment_info(segment), what))
            high = middle;
        else
            low = middle + 1;
        segment_close(&segment);
    }
    *ret = low;
    return 0;
}

static int is_made_after(const struct segment_info *info, const void *what)
{
    return info->created_ms > *(const int64_t *)what;
}

int archive_find_time(const struct archive *self, int64_t created_ms, uint64_t *ret,
                      struct err *err)
{
    uint64_t first_after;
    int rc = find_first(self, is_made_after, &created_ms, &first_after, err);
    if (rc == 0)
        *ret = first_after - 1;
    return rc;
}

struct wanted {
    unsigned partition;
    struct journal_position position;
};

static int has_reached(const struct segment_info *info, const void *what)
{
    const struct wanted *wanted = what;
    return !is_before(info->partitions[wanted->partition].chain.last, wanted->position);
}

int archive_find(const struct archive *self, unsigned partition, struct journal_position position,
                 uint64_t *ret, struct err *err)
{
    struct wanted wanted = {partition, position};
    uint64_t number;
    if (position.seq == 0)
        return -ENOENT;
    int rc = find_first(self, has_reached, &wanted, &number, err);
    if (rc == 0 && number > self->newest)
        rc = -ENOENT;
    if (rc == 0)
        *ret = number;
    return rc;
}

/* --- reading ---------------------------------------------------------------------------------- */

int segment_each(struct segment *segment, unsigned first, unsigned last, archive_record_fn fn,
                 void *arg, struct err *err)
{
    const struct segment_info *info = segment_info(segment);
    while (first <= last && info->partitions[first].run.n_entries == 0)
        first++;
    if (first > last)
        return 0;
    uint32_t block = info->partitions[first].run.block;
    size_t at = info->partitions[first].run.offset;
    for (; block < info->n_blocks; block++, at = 0) {
        const uint8_t *bytes;
        size_t len;
        int rc = segment_read_block(segment, block, &bytes, &len, err);
        if (rc == 0 && at >= len)
            rc = err_set(err, -EBADMSG, "segment %" PRIu64 ": its table of contents is wrong",
                         info->number);
        while (rc == 0 && at < len) {
            struct record record;
            if (record_read(bytes, len, &at, &record) < 0)
                return err_set(err, -EBADMSG,
                               "segment %" PRIu64 ": a block holds something that is no record",
                               info->number);
            if (record.partition > last)
                return 0;
            rc = fn(arg, &record);
        }
        if (rc != 0)
            return rc;
    }
    return 0;
}

struct reading {
    struct journal_position position;
    struct buf *ret;
    int is_found;
};

static int take_wanted(void *arg, const struct record *record)
{
    struct reading *self = arg;
    if (record->kind != RECORD_ENTRY || record->position.epoch != self->position.epoch ||
        record->position.seq != self->position.seq)
        return 0;
    self->is_found = 1;
    int rc = buf_append(self->ret, record->data, record->len);
    return rc < 0 ? rc : 1;
}

int archive_read_entry(const struct archive *self, unsigned partition,
                       struct journal_position position, struct buf *ret, struct err *err)
{
    uint64_t number;
    struct segment *segment = NULL;
    struct reading reading = {position, ret, 0};
    int rc = archive_find(self, partition, position, &number, err);
    if (rc == 0)
        rc = archive_segment(self, number, &segment, err);
    if (rc == 0)
        rc = segment_each(segment, partition, partition, take_wanted, &reading, err);
    segment_close(&segment);
    if (rc < 0)
        return rc;
    return reading.is_found ? 0 : -ENOENT;
}
