#include "tests/support/commit_model.h"

#include <string.h>

#include "common/base/log.h"

#define DAY_MS (86400LL * 1000)
#define TOTAL_LIMIT 0x1p53L
#define UNSURE 0x1p57L /* doubles round so far from the square of the limit */

static int32_t day_of(const struct model_command *command, int *ret_is_dated)
{
    int64_t id_ms;
    *ret_is_dated = request_id_time(&command->id, &id_ms);
    return (int32_t)((*ret_is_dated ? id_ms : command->now_ms) / DAY_MS);
}

static const struct model_answer *find_answer(const struct model_partition *self,
                                              const struct request_id *id, int32_t day)
{
    for (size_t i = 0; i < self->n_answers; i++) {
        const struct model_answer *answer = &self->answers[i];
        if (answer->day == day && memcmp(&answer->id, id, sizeof(*id)) == 0)
            return answer;
    }
    return NULL;
}

/* One changed total is bounded by itself, several by the length of the vector of all. */
static enum model_verdict judge_totals(const struct model_partition *self,
                                       const struct model_command *command)
{
    unsigned n_changed = 0;
    long double squares = 0, one = 0;
    for (size_t i = 0; i < TOTALS; i++) {
        long double sum = (long double)self->totals[i] + (long double)command->totals[i];
        n_changed += command->totals[i] != 0;
        if (command->totals[i] != 0)
            one = sum;
        squares += sum * sum;
    }
    if (n_changed <= 1)
        return one >= TOTAL_LIMIT || one <= -TOTAL_LIMIT ? MODEL_OVERFLOW : MODEL_DONE;
    if (squares >= TOTAL_LIMIT * TOTAL_LIMIT + UNSURE)
        return MODEL_OVERFLOW;
    return squares < TOTAL_LIMIT * TOTAL_LIMIT - UNSURE ? MODEL_DONE : MODEL_EITHER;
}

enum model_verdict commit_model_judge(const struct model *self, const struct model_command *command,
                                      const struct model_answer **answer)
{
    const struct model_partition *partition = &self->partitions[command->partition];
    int is_dated;
    int32_t day = day_of(command, &is_dated);
    *answer = find_answer(partition, &command->id, day);
    if (*answer == NULL && !is_dated)
        *answer = find_answer(partition, &command->id, day - 1);
    if (*answer != NULL)
        return (*answer)->fingerprint == command->fingerprint ? MODEL_KNOWN : MODEL_REUSED;
    if (partition->is_frozen)
        return MODEL_FROZEN;
    enum model_verdict verdict = judge_totals(partition, command);
    if (verdict == MODEL_OVERFLOW)
        return verdict;
    for (size_t i = 0; i < command->n_records; i++) {
        const struct model_record *record = &command->records[i];
        if (partition->versions[record->hash][record->field] != record->expected_version)
            return verdict == MODEL_EITHER ? MODEL_EITHER : MODEL_CONFLICT;
    }
    return verdict;
}

void commit_model_apply(struct model *self, const struct model_command *command)
{
    struct model_partition *partition = &self->partitions[command->partition];
    int is_dated;
    ASSERT(partition->n_events < MODEL_JOURNAL_MAX && partition->n_answers < MODEL_ANSWERS_MAX);
    for (size_t i = 0; i < command->n_records; i++) {
        const struct model_record *record = &command->records[i];
        partition->versions[record->hash][record->field] = record->expected_version + 1;
        partition->marks[record->hash][record->field] = command->mark;
    }
    if (command->has_identity)
        partition->identities[command->identity_field] = command->mark;
    for (size_t i = 0; i < TOTALS; i++)
        partition->totals[i] += command->totals[i];
    partition->events[partition->n_events++] = command->mark;
    partition->answers[partition->n_answers++] =
        (struct model_answer){command->id, day_of(command, &is_dated), command->fingerprint,
                              partition->n_events, command->mark};
}
