/* What a Redis that is damaged or strange may answer: the first byte says what is asked, the rest
 * are the replies. */
#include <errno.h>
#include <string.h>

#include "common/store/journal.h"
#include "common/store/views.h"
#include "services/analytics/analytics_store.h"
#include "services/enrolment/enrolment_store.h"
#include "services/notifications/notifications_store.h"
#include "tests/fuzz/fake_store.h"
#include "tests/fuzz/fuzz.h"

#define DAY_MS (86400LL * 1000)
#define NOW_MS (20414 * DAY_MS)
#define HEADS 5
#define TAKEN 3

static int n_callbacks;

static void check_rc(int rc)
{
    n_callbacks++;
    ASSERT(rc == 0 || rc == -EAGAIN || rc == -ECONNRESET || rc == -ETIMEDOUT || rc == -EPROTO ||
           rc == -EIO);
}

/* Reads every byte, so that a sanitizer sees what is not there. */
static unsigned touch(const void *bytes, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += ((const uint8_t *)bytes)[i];
    return sum;
}

static void on_commit(void *arg, int rc, const struct commit_result *result)
{
    (void)arg;
    check_rc(rc);
    ASSERT((rc == 0) == (result != NULL));
    if (rc == 0 && result->outcome == COMMIT_KNOWN)
        (void)touch(result->answer, result->answer_len);
    if (rc == 0 && result->outcome == COMMIT_DONE)
        ASSERT(result->position.epoch > 0 && result->position.seq > 0);
}

static void ask_commit(struct store *store)
{
    static struct commit commit;
    commit_init(&commit);
    ASSERT(request_id_parse("a key", &commit.id) == 0);
    commit.now_ms = NOW_MS;
    commit.event = (const uint8_t *)"event";
    commit.event_len = 5;
    ASSERT(commit_send(store, &commit, on_commit, NULL) == 0);
    ASSERT(commit_lookup(store, 1, &commit.id, NOW_MS, &commit.fingerprint, on_commit, NULL) == 0);
}

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    (void)arg;
    check_rc(rc);
    for (size_t i = 0; i < n; i++) {
        ASSERT(entries[i].position.epoch > 0 && entries[i].position.seq > 0);
        (void)touch(entries[i].event, entries[i].event_len);
    }
}

static void on_heads(void *arg, int rc, unsigned first, size_t n,
                     const struct journal_position *heads)
{
    (void)arg;
    check_rc(rc);
    ASSERT(first == 7 && n == HEADS);
    (void)touch(heads, n * sizeof(*heads));
}

static void ask_journal(struct store *store)
{
    journal_read(store, 3, (struct journal_position){1, 2}, JOURNAL_READ_MAX, on_entries, NULL);
    journal_heads(store, 7, HEADS, on_heads, NULL);
}

static void on_registry(void *arg, int rc, const struct registry_entry *entries, size_t n)
{
    (void)arg;
    check_rc(rc);
    for (size_t i = 0; i < n; i++) {
        (void)touch(entries[i].id, entries[i].id_len);
        (void)touch(entries[i].info, entries[i].info_len);
    }
}

static void on_lease(void *arg, int rc, uint64_t epoch, uint64_t flushes)
{
    (void)arg, (void)epoch, (void)flushes;
    check_rc(rc);
}

static void on_flush(void *arg, int rc, enum flush_outcome outcome, uint64_t flushes)
{
    (void)arg, (void)flushes;
    check_rc(rc);
    ASSERT(rc != 0 || outcome == FLUSH_DONE || outcome == FLUSH_FENCED || outcome == FLUSH_STALE);
}

static void ask_views(struct store *store)
{
    struct flush *flush;
    registry_read(store, on_registry, NULL);
    ASSERT(lease_acquire(store, "board", "me", 3000, on_lease, NULL) == 0);
    ASSERT(flush_create(store, "board", &flush) == 0);
    flush_begin(flush, 1, 2);
    ASSERT(flush_incr(flush, "totals", "a", 1, 1) == 0);
    ASSERT(flush_send(flush, on_flush, NULL) == 0);
    fake_store_answer();
    flush_destroy(&flush);
}

static void on_turn(void *arg, int rc, const struct notify_turn *turn)
{
    (void)arg;
    check_rc(rc);
    ASSERT((rc == 0) == (turn != NULL));
    if (rc == 0)
        (void)touch(turn->tasks, turn->n_tasks * sizeof(turn->tasks[0]));
}

static void on_settled(void *arg, int rc)
{
    (void)arg;
    check_rc(rc);
}

static void on_history(void *arg, int rc, const struct delivery *deliveries, size_t n)
{
    (void)arg;
    check_rc(rc);
    ASSERT(n <= HISTORY_MAX);
    (void)touch(deliveries, n * sizeof(*deliveries));
}

static void ask_notifications(struct store *store)
{
    struct notify_store *notify = notify_store_create(store);
    struct task task = {.kind = TASK_WELCOME};
    struct delivery delivery = {.kind = TASK_WELCOME, .state = TASK_SENT};
    struct verdict verdict = {.state = TASK_SENT, .delay_ms = -1};
    notify_store_turn(notify, TAKEN, 1000, on_turn, NULL);
    notify_store_settle(notify, &task, &delivery, &verdict, 1, on_settled, NULL);
    notify_store_history(notify, task.citizen, on_history, NULL);
    fake_store_answer();
    notify_store_destroy(&notify);
}

static void on_board(void *arg, int rc)
{
    (void)arg;
    check_rc(rc);
}

static void ask_board(struct store *store)
{
    struct board *board = board_create();
    board_load(store, board, 20414, on_board, NULL);
    fake_store_answer();
    board_destroy(&board);
}

static void on_alias(void *arg, int rc, const struct store_reply *reply)
{
    struct alias_record record;
    (void)arg;
    check_rc(rc);
    if (rc == 0) {
        rc = alias_read(reply, &record);
        ASSERT(rc == 0 || rc == 1 || rc == -EPROTO);
    }
}

static void ask_alias(struct store *store)
{
    static const uint8_t hash[ID_BYTES] = {0};
    alias_ask(store, hash, on_alias, NULL);
    identity_ask(store, hash, on_alias, NULL);
}

static const struct {
    void (*ask)(struct store *store);
    int n_callbacks;
} questions[] = {{ask_commit, 2},        {ask_journal, 2}, {ask_views, 3},
                 {ask_notifications, 3}, {ask_board, 1},   {ask_alias, 2}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t which = fuzz_byte(&data, &size) % ARRAY_LEN(questions);
    n_callbacks = 0;
    questions[which].ask(fake_store_begin(data, size));
    fake_store_answer();
    ASSERT(n_callbacks == questions[which].n_callbacks);
    fake_store_end();
    return 0;
}
