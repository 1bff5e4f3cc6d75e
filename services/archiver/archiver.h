/* The archiver: writes what the journals hold into signed segments, and trims the journals as far
 * as it may. See README.md. */
#ifndef ANSINH_ARCHIVER_ARCHIVER_H
#define ANSINH_ARCHIVER_ARCHIVER_H

#include "common/archive/archive.h"
#include "common/service/service.h"
#include "services/archiver/collector.h"
#include "services/archiver/trimmer.h"

extern const struct service_spec archiver_spec;

#define ARCHIVER_LEASE "archive"
#define ARCHIVER_PROBLEM_BYTES 192

enum archiver_state {
    ARCHIVER_STANDBY,  /* somebody else leads */
    ARCHIVER_CHECKING, /* the archive is held against the ledger */
    ARCHIVER_RUNNING,
};

struct archiver {
    struct service *svc;
    char folder[CONF_STRING_BYTES + 16];
    struct signing_key key;
    struct trusted_keys trusted;
    enum archiver_state state;
    uint64_t epoch; /* of the lease */
    int is_leasing;
    struct archive *archive; /* open from the first look on */
    struct segment *read;    /* by the caller of ReadBlock; NULL: none */
    struct collector *collector;
    struct trimmer *trimmer;
    /* the check */
    unsigned open, n_strange;
    uint64_t life; /* answers to an earlier life are ignored */
    /* the journals as they were seen last */
    struct journal_position heads[PARTITIONS_ALL];
    int is_looking;
    int64_t backlog;         /* entries that are not in the archive yet */
    int64_t behind_since_ms; /* monotonic; 0: nothing is waiting */
    unsigned next;           /* partition that the next segment begins with */
    char problem[ARCHIVER_PROBLEM_BYTES], held[ARCHIVER_PROBLEM_BYTES],
        trim_problem[ARCHIVER_PROBLEM_BYTES];
    int64_t n_segments, n_entries, n_bytes; /* written by this process */
    struct loop_timer *lease_timer, *poll_timer, *trim_timer;
};

/* Handlers; arg is the struct archiver. */
void on_read_entry(void *arg, struct bus_request *request);
void on_read_block(void *arg, struct bus_request *request);

/* The archive as it is now: opened or looked at anew. -errno with a sentence. */
int archiver_open_archive(struct archiver *self, struct err *err) MUST_CHECK;

#endif
