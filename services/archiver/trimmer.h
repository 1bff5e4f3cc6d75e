/* Takes from the journals what is older than the retention, is in the archive, and was taken in by
 * every projection.
 *
 * What is trimmed is the beginning of a citizens' journal, up to its last entry in the newest
 * segment that is older than the retention, but at least that entry itself stays, and a journal
 * never begins with the first entry of an epoch afterwards: so every reader that is not as far
 * notices. Before a segment's entries go, it is read from the disk once more and checked whole. The
 * directory's journal is not trimmed. */
#ifndef ANSINH_ARCHIVER_TRIMMER_H
#define ANSINH_ARCHIVER_TRIMMER_H

#include "common/archive/archive.h"
#include "common/service/service.h"

struct trimmer;

struct trimmer_conf {
    struct service *svc;
    int64_t retention_ms;
    void *arg;
    /* The end of a round. NULL: all was done that may be; else why not. */
    void (*done)(void *arg, const char *why);
};

struct trimmer *trimmer_create(const struct trimmer_conf *conf);
void trimmer_destroy(struct trimmer **self);

/* Starts a round; borrows archive until done. Not while one is under way. */
void trimmer_start(struct trimmer *self, const struct archive *archive);
/* Ends a round before its time; done is not called. */
void trimmer_stop(struct trimmer *self);
int trimmer_is_busy(const struct trimmer *self);

/* Entries trimmed ever by this process. */
int64_t trimmer_entries(const struct trimmer *self);

#endif
