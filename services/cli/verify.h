/* ansinh verify: the journals are the truth; everything else that is stored must follow from them.
 *
 * Every partition's journal is read and folded anew, by code of its own (verify_fold.c), and held
 * against the records, totals and stored answers beside it, and against the projections in views.
 */
#ifndef ANSINH_CLI_VERIFY_H
#define ANSINH_CLI_VERIFY_H

#include "common/store/commit.h"
#include "services/cli/cli.h"
#include "services/cli/verify_digest.h"

#define VERIFY_USAGE                                                                               \
    "[--archive FOLDER | --archive-only FOLDER] [--keys FILE] [--copy FOLDER] "                    \
    "[--identities] [--rate N] [--digest] [--whole]"
#define VERIFY_SHOWN_MAX 100 /* differences that are printed; the others are counted */
#define VERIFY_FINDING_BYTES 256
#define VERIFY_RATE_MAX 1000000000
#define VERIFY_ATTEMPTS_MAX 50 /* to find a partition, or a server, quiet for a moment */

/* Differences that may still turn out to be a commit in between. */
struct findings {
    unsigned long n;
    struct buf lines; /* of the first VERIFY_SHOWN_MAX */
};

void findings_init(struct findings *self);
void findings_fini(struct findings *self);
void findings_clear(struct findings *self);
void findings_add(struct findings *self, const char *format, ...) PRINTF_LIKE(2, 3);

/* A list of citizens' hashes. */
struct hash_list {
    uint8_t (*hashes)[ID_BYTES];
    size_t n, capacity;
};

void hash_list_add(struct hash_list *self, const uint8_t hash[ID_BYTES]);
/* part_of: of what part a hash is, ascending with the hashes; most lists have PARTITIONS_ALL. */
void hash_list_sort(struct hash_list *self, unsigned (*part_of)(const uint8_t hash[ID_BYTES]));
/* Of a sorted list. */
int hash_list_has(const struct hash_list *self, const uint8_t hash[ID_BYTES]);
/* The same for hashes that are asked for in ascending order: *near is 0 for the first one. */
int hash_list_meets(const struct hash_list *self, const uint8_t hash[ID_BYTES], size_t *near);
void hash_list_fini(struct hash_list *self);

struct key_slots; /* of verify_keys.h */

struct verify {
    struct service svc;
    unsigned long n_partitions, n_events, n_citizens, n_differences;
    struct journal_position
        heads[PARTITIONS_ALL];  /* where each partition was held against its records */
    struct hash_list coded;     /* citizens whose record says: has an SI code */
    struct hash_list aliased;   /* citizens that an alias leads to */
    struct hash_list paid;      /* positions of payments */
    struct hash_list receipted; /* positions of payments that have a receipt */
    struct hash_list settled;   /* transactions with an outcome */
    struct hash_list claimed;   /* transactions that were claimed */
    struct key_slots *stored;   /* keys of each partition that were there at the beginning */
    int32_t answers_day;        /* since 1970-01-01 UTC: the first whose answers are kept */
    struct verify_board *board;
    struct verify_books *books;
    struct verify_notify *notify;
    struct verify_archive *archive; /* NULL: none was named, or it is damaged */
    struct verify_begun *begun;     /* the checkpoints at the beginning; NULL: not wanted */
    struct digest *digests;         /* of the partitions; NULL: not wanted */
    int64_t rate;                   /* journal entries per second at most; 0: as many as come */
    int64_t began_ms;               /* monotonic */
    int failed;                     /* a server did not answer: nothing more is started */
};

/* Prints and counts findings that stand, and clears them. */
void verify_report(struct verify *self, struct findings *findings);
/* A difference that stands at once. */
void verify_difference(struct verify *self, const char *format, ...) PRINTF_LIKE(2, 3);
/* A server does not answer; said once. */
void verify_fail(struct verify *self, const char *server, int rc);

/* Why nothing more can be compared; said once. */
void verify_stop(struct verify *self, const char *format, ...) PRINTF_LIKE(2, 3);

/* Turns the loop until *open is 0. */
void verify_wait(struct verify *self, const unsigned *open);

/* Reads and checks all partitions. */
void verify_partitions(struct verify *self);

/* Citizens with an SI code to whom no alias leads, transactions with an outcome that nobody
 * claimed.
 */
void verify_links(struct verify *self);

/* -1, 0, 1 as a is before, at or after b. */
int position_compare(struct journal_position a, struct journal_position b);

#endif
