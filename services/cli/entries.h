/* Journal entries of some business days, from the archive and the journals behind it. */
#ifndef ANSINH_CLI_ENTRIES_H
#define ANSINH_CLI_ENTRIES_H

#include "ansinh/v1/events.pb-c.h"
#include "common/service/service.h"
#include "common/store/commit.h"

struct entries_query {
    const char *archive;      /* its folder; NULL: the journals alone */
    const char *keys;         /* file of the public keys that the archive is trusted by */
    int32_t from_day, to_day; /* business days of recording; both are read */
};

/* event is valid during the call. Negative: the reading ends with it. */
typedef int (*entry_fn)(void *arg, unsigned partition, struct journal_position position,
                        Ansinh__V1__Event *event);

/* Calls fn for every entry, those of a partition in their order; blocks. svc has the ledger.
 * Entries that no version of Event can read are counted and passed over. Errors with a sentence in
 * err: -ENOENT: a journal has a gap (it was trimmed, or is lost); those of archive_open,
 * archive_segment and of fn; the ledger's. */
int entries_read(struct service *svc, const struct entries_query *query, entry_fn fn, void *arg,
                 unsigned long *ret_unreadable, struct err *err) MUST_CHECK;

#endif
