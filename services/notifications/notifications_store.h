/* Everything that notifications keep in the views server, and the only file that names its keys.
 *
 *   {v:notify}:in          list: what the projector found, written with its checkpoint in one step
 *   {v:notify}:queue       sorted set: tasks by the time (server's ms) at which they are due
 *   {v:notify}:tries       hash: tries begun, of the tasks in the queue
 *   {v:notify}:d:<bucket>  hash: citizen -> the newest HISTORY_MAX deliveries, packed, oldest first
 *
 * A claim moves a task's due time behind the claim's end in the same step that hands it out, so
 * each task is in one sender's hands at a time, and comes back when that sender dies. */
#ifndef ANSINH_NOTIFICATIONS_STORE_H
#define ANSINH_NOTIFICATIONS_STORE_H

#include "common/base/id.h"
#include "common/store/commit.h"
#include "common/store/views.h"
#include "services/notifications/notifications_rules.h"

#define NOTIFY_VIEW "notify" /* the projection's name: its lease, checkpoint and keys */
#define HISTORY_MAX 100      /* deliveries remembered per citizen */
#define TAKE_MAX 256         /* tasks per turn */
#define FILE_MAX 1000        /* found tasks per turn that are put into history and queue */
#define ADD_MAX 500          /* tasks of notify_store_add */
#define UNIT_CODE_BYTES 8

#define TASK_PACKED_MAX_BYTES 98
#define DELIVERY_PACKED_BYTES 21
#define FOUND_PACKED_MAX_BYTES (DELIVERY_PACKED_BYTES + TASK_PACKED_MAX_BYTES)

struct task_receipt {
    uint32_t from_month, months; /* month: year * 12 + month - 1 */
    int64_t participant_vnd, central_vnd, local_vnd, donor_vnd;
    int32_t card_from_day, card_to_day; /* of family health insurance; 0: of voluntary insurance */
};

/* Averages are in hundredths. */
struct task_behind {
    int64_t value, plan;
    int64_t needed_per_day; /* negative: the plan's days are over */
    int64_t pace_per_day;
};

/* One message to write: no personal data. */
struct task {
    uint8_t citizen[ID_BYTES];
    struct journal_position position;
    enum task_kind kind;
    int64_t at_ms;                   /* of the event, wall */
    int32_t day;                     /* business day of what happened */
    struct task_receipt receipt;     /* of a payment, recorded or taken back */
    struct journal_position payment; /* that is taken back */
    struct task_behind behind;
};

/* In the place of a citizen and of a journal position, for what is told to a unit once a day: code
 * has at most 7 characters, day is after 1970. */
void task_of_unit(const char *code, int32_t day, struct task *ret);
void task_unit(const struct task *task, char ret_code[UNIT_CODE_BYTES]);

/* What is remembered about one. */
struct delivery {
    struct journal_position position;
    enum task_kind kind;
    enum task_state state;
    enum task_channel channel;
    unsigned attempts;
    unsigned error; /* enum task_error, or the relay's code */
    int64_t updated_at_ms;
};

/* Packed forms. Answers the length. */
size_t task_pack(const struct task *task, uint8_t ret[TASK_PACKED_MAX_BYTES]);
/* -EPROTO: not what task_pack makes. */
int task_unpack(const void *bytes, size_t len, struct task *ret) MUST_CHECK;
void delivery_pack(const struct delivery *delivery, uint8_t ret[DELIVERY_PACKED_BYTES]);
int delivery_unpack(const uint8_t bytes[DELIVERY_PACKED_BYTES], struct delivery *ret) MUST_CHECK;

/* What a flush carries for one event: its delivery record, and the task when the state is
 * TASK_QUEUED. */
size_t found_pack(const struct task *task, const struct delivery *delivery,
                  uint8_t ret[FOUND_PACKED_MAX_BYTES]);
/* Adds one to a flush of NOTIFY_VIEW. */
int notify_store_push(struct flush *flush, const uint8_t *found, size_t len) MUST_CHECK;

struct notify_store;
struct notify_store *notify_store_create(struct store *views);
/* Answers that are still to come must have come. */
void notify_store_destroy(struct notify_store **self);

/* As settled below. */
typedef void (*notify_settled_fn)(void *arg, int rc);

/* Puts 1..ADD_MAX queued tasks into the list, outside of a flush; those that the history has
 * already are dropped when they are filed, so this is safe to repeat. */
void notify_store_add(struct notify_store *self, const struct task *tasks, size_t n,
                      enum task_channel channel, notify_settled_fn fn, void *arg);

/* Up to where the journal is counted on analytics' board, which does not go back: fills at (zeros
 * where nothing is), which stays the caller's until fn has run. */
void notify_store_board(struct notify_store *self, struct journal_position at[PARTITIONS],
                        notify_settled_fn fn, void *arg);

struct claimed_task {
    struct task task;
    unsigned attempts; /* this one included */
};

struct notify_turn {
    int64_t found_left; /* in the list still */
    int64_t queued;     /* in the queue, claimed ones included */
    int64_t late_ms;    /* how long the most overdue task has been due */
    int64_t token;      /* of these claims */
    const struct claimed_task *tasks;
    size_t n_tasks;
};

/* rc as with store_reply_fn, or -EPROTO for an answer that is not ours; turn is NULL unless rc is
 * 0, and borrowed during the call. */
typedef void (*notify_turn_fn)(void *arg, int rc, const struct notify_turn *turn);

/* Puts up to FILE_MAX found tasks into history and queue, then claims up to take_max (0..TAKE_MAX)
 * that are due, for claim_ms. One at a time. */
void notify_store_turn(struct notify_store *self, size_t take_max, int64_t claim_ms,
                       notify_turn_fn fn, void *arg);

/* Writes down how a try of a claimed task ended: into the history, and out of the queue or back to
 * it. A claim that is lost meanwhile changes nothing, unless the verdict is final: then it holds,
 * and the other sender's comes too late. Safe to repeat. rc as with store_reply_fn, or -EPROTO. */
void notify_store_settle(struct notify_store *self, const struct task *task,
                         const struct delivery *delivery, const struct verdict *verdict,
                         int64_t token, notify_settled_fn fn, void *arg);

/* A citizen's deliveries, oldest first; rc as above; deliveries are borrowed during the call. */
typedef void (*notify_history_fn)(void *arg, int rc, const struct delivery *deliveries, size_t n);
void notify_store_history(struct notify_store *self, const uint8_t citizen[ID_BYTES],
                          notify_history_fn fn, void *arg);

#endif
