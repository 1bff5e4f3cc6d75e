/* A partition that is being checked. Private to verify_partition.c and verify_records.c. */
#ifndef ANSINH_CLI_VERIFY_PARTITION_H
#define ANSINH_CLI_VERIFY_PARTITION_H

#include "common/archive/record.h"
#include "common/store/journal.h"
#include "services/cli/verify_digest.h"
#include "services/cli/verify_fold.h"
#include "services/cli/verify_keys.h"

#define VERIFY_WINDOW JOURNAL_READ_MAX

struct ask;

struct check {
    struct reading *reading;
    struct verify *verify;
    unsigned partition;
    struct fold *fold;
    struct journal_position first; /* of the journal, with an archive; {0,0}: it is empty */
    struct chain chain;            /* with an archive: over what was read */
    int is_hole;                   /* what comes next is missing, and not by trimming */
    struct digest journal;         /* when digests are wanted */
    unsigned attempts;
    /* the try under way */
    struct findings findings;
    unsigned open; /* answers to come */
    int rc;        /* of the first that failed */
    int is_changed;
    struct digest records;   /* when digests are wanted */
    struct key_slots wanted; /* where the journal says that something is */
    struct ask *asks;
    char name[160];    /* of the record that was last found wrong */
    uint8_t *answered; /* a bit per journal entry: a stored answer points to it */
};

/* Asks for everything that is stored, compares it as it comes, ends with check_tail. */
void check_records(struct check *self);
/* Reads the journal once more, behind the records. */
void check_tail(struct check *self);
/* One of the answers has come. */
void check_read(struct check *self, int rc);
/* What the journal has and no record. */
void check_unseen(struct check *self);

#endif
