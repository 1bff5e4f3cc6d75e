/* ansinh restore: a ledger from its archive and from what journals are left, into an empty Redis.
 *
 * First the journals are put together (restore_journals.c): what the archive has, then what a
 * surviving ledger has behind it. Then each is folded, by the code that verify folds with, and
 * everything that follows from it is written (restore_records.c). Every journal ends with an entry
 * that says so, the first of a new epoch: an id that was given out and lost is not given again. */
#ifndef ANSINH_CLI_RESTORE_H
#define ANSINH_CLI_RESTORE_H

#include "services/cli/restore_target.h"
#include "services/cli/verify_archive.h"

/* While this key is there, init refuses the ledger: it is half restored. */
#define RESTORE_MARK "ansinh:restoring"

struct restore {
    struct verify verify; /* what is wrong is told as verify does; its ledger is the new one */
    struct restore_target target;
    struct verify_archive *archive;             /* NULL: none */
    struct store *source;                       /* the surviving ledger; NULL: none */
    struct journal_position at[PARTITIONS_ALL]; /* the new journals' last entries */
    unsigned long n_archived, n_survived, n_identities, n_citizens, n_answers, n_lost_answers;
};

/* Each: 0, or a failure that was said. */
int restore_journals(struct restore *self) MUST_CHECK;
int restore_records(struct restore *self) MUST_CHECK;

#endif
