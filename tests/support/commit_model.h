/* What the commit of commit.h must do, written down once more in the plainest way: for a few
 * records of a few partitions, without Redis. */
#ifndef ANSINH_TESTS_SUPPORT_COMMIT_MODEL_H
#define ANSINH_TESTS_SUPPORT_COMMIT_MODEL_H

#include "common/store/commit.h"

#define MODEL_PARTITIONS 2U
#define MODEL_HASHES 3U /* of records, in each partition */
#define MODEL_FIELDS 6U
#define MODEL_RECORDS_MAX 5
#define MODEL_JOURNAL_MAX 4096U
#define MODEL_ANSWERS_MAX 4096U

struct model_record {
    unsigned hash, field;
    uint32_t expected_version;
};

/* A commit; mark stands in everything that it writes. */
struct model_command {
    unsigned partition;
    struct request_id id;
    uint64_t fingerprint;
    int64_t now_ms;
    struct model_record records[MODEL_RECORDS_MAX];
    size_t n_records;
    int has_identity;
    unsigned identity_field;
    int64_t totals[TOTALS];
    uint32_t mark;
};

struct model_answer {
    struct request_id id;
    int32_t day;
    uint64_t fingerprint;
    uint64_t seq;
    uint32_t mark;
};

struct model_partition {
    uint32_t versions[MODEL_HASHES][MODEL_FIELDS], marks[MODEL_HASHES][MODEL_FIELDS];
    uint32_t identities[MODEL_FIELDS]; /* marks; 0: none */
    int64_t totals[TOTALS];
    int is_frozen;
    uint32_t events[MODEL_JOURNAL_MAX]; /* marks */
    uint64_t n_events;
    struct model_answer answers[MODEL_ANSWERS_MAX];
    size_t n_answers;
};

struct model {
    struct model_partition partitions[MODEL_PARTITIONS];
};

/* What the function may answer: outcomes of the commit, and refusals. */
enum model_verdict {
    MODEL_DONE,
    MODEL_KNOWN,
    MODEL_REUSED,
    MODEL_CONFLICT,
    MODEL_FROZEN,
    MODEL_OVERFLOW, /* -EIO */
    MODEL_EITHER,   /* so close to the limit of the totals that both are right */
};

/* What the commit comes to. answer is what is stored with KNOWN. */
enum model_verdict commit_model_judge(const struct model *self, const struct model_command *command,
                                      const struct model_answer **answer);

/* Carries it out, after DONE. */
void commit_model_apply(struct model *self, const struct model_command *command);

#endif
