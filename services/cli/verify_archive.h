/* The archive against itself, and against the journals: it begins where they were trimmed. */
#ifndef ANSINH_CLI_VERIFY_ARCHIVE_H
#define ANSINH_CLI_VERIFY_ARCHIVE_H

#include "common/archive/archive.h"
#include "services/cli/verify.h"

struct verify_archive;

/* Opens the archive of a folder, with the keys of a file that are trusted. NULL: it cannot be
 * opened, which is reported. */
struct verify_archive *verify_archive_open(struct verify *verify, const char *folder,
                                           const char *keys);
void verify_archive_close(struct verify_archive **self);

/* Reads every segment and reports what is wrong with it: checksums, chains, signatures, events that
 * cannot be read, enrolments without an identity. 1: all is well. */
int verify_archive_check(struct verify_archive *self);

/* How far the archive of a partition goes; NULL: it has nothing at all. */
const struct chain *verify_archive_end(const struct verify_archive *self, unsigned partition);

/* Reads the entries of partitions first to last in the order of each. 0 when the archive could not
 * be read to the end, which is reported. */
int verify_archive_read(struct verify_archive *self, unsigned first, unsigned last,
                        archive_record_fn fn, void *arg);

/* Remembers that a partition's journal is not what was archived; the first entry that differs is
 * looked for by verify_archive_finish. */
void verify_archive_differs(struct verify_archive *self, unsigned partition);
void verify_archive_finish(struct verify_archive *self);

uint64_t verify_archive_segments(const struct verify_archive *self);
uint64_t verify_archive_entries(const struct verify_archive *self);

#endif
