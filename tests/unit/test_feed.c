/* The feed against a model journal: whatever is lost, doubled, reordered or killed, every event is
 * delivered once and in order. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "common/bus/feed.h"

#define PARTITIONS 16
#define EVENTS_MAX 400 /* per partition */
#define QUESTIONS_MAX (4 * PARTITIONS)
#define FLYING_MAX 64
#define CHUNK 7

struct entry {
    uint32_t epoch;
    uint64_t seq;
    uint64_t value;
};

struct question {
    unsigned partition;
    uint32_t epoch;
    uint64_t seq;
};

/* The journal, the frames on their way, the questions not answered, and what was delivered. */
struct model {
    struct feed *feed;
    uint64_t random;
    struct entry journal[PARTITIONS][EVENTS_MAX];
    size_t n_journal[PARTITIONS];
    size_t n_applied[PARTITIONS];
    size_t n_saved[PARTITIONS]; /* checkpoint: what a crash falls back to */
    struct {
        unsigned partition;
        struct entry entry;
    } flying[FLYING_MAX];
    size_t n_flying;
    struct question questions[QUESTIONS_MAX];
    size_t n_questions;
};

static unsigned pick(struct model *self, unsigned n)
{
    self->random = self->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(self->random >> 33) % n;
}

static void on_apply(void *arg, const struct feed_event *event)
{
    struct model *self = arg;
    size_t i = self->n_applied[event->partition]++;
    assert_true(i < self->n_journal[event->partition]);
    const struct entry *want = &self->journal[event->partition][i];
    assert_int_equal(event->epoch, want->epoch);
    assert_int_equal(event->seq, want->seq);
    assert_int_equal(event->len, sizeof(want->value));
    assert_memory_equal(event->body, &want->value, sizeof(want->value));
}

static void on_fetch(void *arg, unsigned partition, uint32_t epoch, uint64_t seq)
{
    struct model *self = arg;
    assert_true(self->n_questions < QUESTIONS_MAX);
    for (size_t i = 0; i < self->n_questions; i++)
        assert_int_not_equal(self->questions[i].partition, partition);
    self->questions[self->n_questions++] = (struct question){partition, epoch, seq};
}

static void model_open(struct model *self, uint64_t seed, size_t aside_max)
{
    memset(self, 0, sizeof(*self));
    self->random = seed;
    struct feed_conf conf = {PARTITIONS, aside_max, on_apply, on_fetch, self};
    self->feed = feed_create(&conf);
}

static struct feed_event event_of(unsigned partition, const struct entry *entry)
{
    return (struct feed_event){partition, entry->epoch, entry->seq, (const uint8_t *)&entry->value,
                               sizeof(entry->value)};
}

static struct entry *journal_append(struct model *self, unsigned partition, int is_new_epoch)
{
    size_t n = self->n_journal[partition]++;
    assert_true(n < EVENTS_MAX);
    struct entry *entry = &self->journal[partition][n];
    const struct entry *before = n == 0 ? NULL : entry - 1;
    entry->epoch = before == NULL ? 1 : before->epoch + (is_new_epoch ? 1 : 0);
    entry->seq = before == NULL || is_new_epoch ? 1 : before->seq + 1;
    entry->value = (uint64_t)partition << 32 | n;
    return entry;
}

static void offer(struct model *self, unsigned partition, const struct entry *entry)
{
    struct feed_event event = event_of(partition, entry);
    feed_offer(self->feed, &event);
}

/* One frame flies; when there are many, one of them, anyone, arrives. */
static void publish(struct model *self, unsigned partition, const struct entry *entry)
{
    if (self->n_flying == FLYING_MAX) {
        size_t i = pick(self, FLYING_MAX);
        offer(self, self->flying[i].partition, &self->flying[i].entry);
        if (pick(self, 10) > 0)
            self->flying[i] = self->flying[--self->n_flying];
        else
            self->n_flying--; /* the last one is lost and this one comes again */
    }
    self->flying[self->n_flying].partition = partition;
    self->flying[self->n_flying++].entry = *entry;
}

static void answer(struct model *self, size_t question_i)
{
    struct question question = self->questions[question_i];
    self->questions[question_i] = self->questions[--self->n_questions];
    if (pick(self, 8) == 0) {
        feed_fetch_failed(self->feed, question.partition);
        return;
    }
    struct feed_event events[CHUNK];
    size_t n = 0, n_journal = self->n_journal[question.partition], i = 0;
    const struct entry *journal = self->journal[question.partition];
    while (i < n_journal &&
           (journal[i].epoch < question.epoch ||
            (journal[i].epoch == question.epoch && journal[i].seq <= question.seq)))
        i++;
    for (; n < CHUNK && i < n_journal; i++)
        events[n++] = event_of(question.partition, &journal[i]);
    feed_fetched(self->feed, question.partition, events, n, i < n_journal);
}

/* kill -9: what was applied after the checkpoint never happened; questions and frames are gone. */
static void crash(struct model *self)
{
    struct feed_conf conf = {PARTITIONS, 32, on_apply, on_fetch, self};
    feed_destroy(&self->feed);
    self->feed = feed_create(&conf);
    self->n_questions = self->n_flying = 0;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        size_t n = self->n_applied[p] = self->n_saved[p];
        if (n > 0)
            feed_start_after(self->feed, p, self->journal[p][n - 1].epoch,
                             self->journal[p][n - 1].seq);
    }
}

/* Another owner moved the checkpoint; questions already asked are still answered. */
static void rewind_one(struct model *self, unsigned partition)
{
    size_t n = self->n_applied[partition] = self->n_saved[partition];
    const struct entry *last = n == 0 ? NULL : &self->journal[partition][n - 1];
    feed_start_after(self->feed, partition, last == NULL ? 0 : last->epoch,
                     last == NULL ? 0 : last->seq);
}

static void save(struct model *self)
{
    for (unsigned p = 0; p < PARTITIONS; p++) {
        uint32_t epoch;
        uint64_t seq;
        feed_position(self->feed, p, &epoch, &seq);
        size_t n = self->n_saved[p] = self->n_applied[p];
        assert_int_equal(epoch, n == 0 ? 0 : self->journal[p][n - 1].epoch);
        assert_int_equal(seq, n == 0 ? 0 : self->journal[p][n - 1].seq);
    }
}

static void sweep(struct model *self)
{
    for (unsigned p = 0; p < PARTITIONS; p++) {
        size_t n = self->n_journal[p];
        if (n > 0)
            feed_head(self->feed, p, self->journal[p][n - 1].epoch, self->journal[p][n - 1].seq);
    }
}

static void step(struct model *self)
{
    unsigned partition = pick(self, PARTITIONS);
    if (self->n_journal[partition] < EVENTS_MAX) {
        const struct entry *entry = journal_append(self, partition, pick(self, 40) == 0);
        if (pick(self, 10) > 0)
            publish(self, partition, entry);
    }
    if (self->n_questions > 0 && pick(self, 3) == 0)
        answer(self, pick(self, (unsigned)self->n_questions));
    if (pick(self, 50) == 0)
        save(self);
    if (pick(self, 200) == 0)
        sweep(self);
    if (pick(self, 700) == 0)
        crash(self);
    if (pick(self, 150) == 0)
        rewind_one(self, pick(self, PARTITIONS));
}

static void settle(struct model *self)
{
    for (int round = 0; round < 1000; round++) {
        sweep(self);
        if (self->n_questions == 0)
            break;
        while (self->n_questions > 0)
            answer(self, 0);
    }
    assert_int_equal(feed_behind(self->feed), 0);
    for (unsigned p = 0; p < PARTITIONS; p++)
        assert_int_equal(self->n_applied[p], self->n_journal[p]);
}

static void every_event_comes_once_and_in_order(void **state)
{
    (void)state;
    struct feed_stats total = {0, 0, 0, 0, 0, 0}, stats;
    struct model *model = malloc(sizeof(*model));
    assert_non_null(model);
    for (uint64_t seed = 1; seed <= 60; seed++) {
        model_open(model, seed, seed % 3 == 0 ? 4 : 1000);
        for (int i = 0; i < 5000; i++)
            step(model);
        settle(model);
        feed_stats_get(model->feed, &stats);
        total.repeats += stats.repeats;
        total.early += stats.early;
        total.holes += stats.holes;
        total.lost_tails += stats.lost_tails;
        total.dropped += stats.dropped;
        feed_destroy(&model->feed);
    }
    assert_true(total.repeats > 0 && total.early > 0 && total.holes > 0);
    assert_true(total.lost_tails > 0 && total.dropped > 0);
    free(model);
}

/* The tests below drive one partition by hand. */
static int open_one(void **state)
{
    struct model *model = malloc(sizeof(*model));
    assert_non_null(model);
    model_open(model, 1, 4);
    for (int i = 0; i < 10; i++)
        (void)journal_append(model, 0, i == 5); /* (1,1)..(1,5), (2,1)..(2,5) */
    *state = model;
    return 0;
}

static int close_one(void **state)
{
    struct model *model = *state;
    feed_destroy(&model->feed);
    free(model);
    return 0;
}

static void hand_over(struct model *model, size_t from, size_t n, int is_full)
{
    struct feed_event events[10];
    for (size_t i = 0; i < n; i++)
        events[i] = event_of(0, &model->journal[0][from + i]);
    assert_int_equal(model->n_questions, 1);
    model->n_questions = 0;
    feed_fetched(model->feed, 0, events, n, is_full);
}

static void early_events_wait_for_the_hole(void **state)
{
    struct model *model = *state;
    offer(model, 0, &model->journal[0][2]);
    offer(model, 0, &model->journal[0][1]);
    offer(model, 0, &model->journal[0][2]); /* put aside already */
    assert_int_equal(model->n_questions, 1);
    assert_int_equal(feed_behind(model->feed), 1);
    offer(model, 0, &model->journal[0][0]);
    assert_int_equal(model->n_applied[0], 3);
    hand_over(model, 0, 3, 0);
    assert_int_equal(feed_behind(model->feed), 0);
    struct feed_stats stats;
    feed_stats_get(model->feed, &stats);
    assert_int_equal(stats.applied, 3);
    assert_int_equal(stats.repeats, 4);
    assert_int_equal(stats.early, 2);
    assert_int_equal(stats.holes, 1);
}

static void a_new_epoch_is_asked_for(void **state)
{
    struct model *model = *state;
    for (size_t i = 0; i < 4; i++)
        offer(model, 0, &model->journal[0][i]);
    offer(model, 0, &model->journal[0][5]); /* (2,1) while (1,5) is missing */
    assert_int_equal(model->n_applied[0], 4);
    assert_int_equal(model->questions[0].epoch, 1);
    assert_int_equal(model->questions[0].seq, 4);
    hand_over(model, 4, 2, 0);
    assert_int_equal(model->n_applied[0], 6);
    offer(model, 0, &model->journal[0][6]);
    assert_int_equal(model->n_applied[0], 7);
    offer(model, 0, &model->journal[0][3]); /* of the epoch before */
    assert_int_equal(model->n_applied[0], 7);
}

static void a_full_answer_asks_on_and_an_empty_one_ends(void **state)
{
    struct model *model = *state;
    feed_head(model->feed, 0, 2, 5);
    hand_over(model, 0, 4, 1);
    assert_int_equal(model->questions[0].seq, 4);
    hand_over(model, 4, 6, 1);
    hand_over(model, 10, 0, 1);
    assert_int_equal(model->n_questions, 0);
    assert_int_equal(model->n_applied[0], 10);
    feed_head(model->feed, 0, 2, 5);
    feed_head(model->feed, 0, 1, 9);
    feed_head(model->feed, 0, 3, 0);
    assert_int_equal(model->n_questions, 0);
}

static void a_useless_answer_is_not_asked_for_again(void **state)
{
    struct model *model = *state;
    offer(model, 0, &model->journal[0][3]);
    hand_over(model, 0, 0, 0);
    assert_int_equal(model->n_questions, 0);
    assert_int_equal(feed_behind(model->feed), 1);
    feed_head(model->feed, 0, 1, 4);
    hand_over(model, 1, 2, 0); /* has a hole itself: (1,2) does not follow (0,0) */
    assert_int_equal(model->n_applied[0], 0);
    assert_int_equal(model->n_questions, 0);
    feed_head(model->feed, 0, 1, 4);
    hand_over(model, 0, 3, 0);
    assert_int_equal(model->n_applied[0], 4);
    assert_int_equal(feed_behind(model->feed), 0);
}

static void aside_is_bounded_over_all_partitions(void **state)
{
    struct model *model = *state;
    for (unsigned p = 1; p <= 6; p++) {
        (void)journal_append(model, p, 0);
        offer(model, p, journal_append(model, p, 0));
    }
    struct feed_stats stats;
    feed_stats_get(model->feed, &stats);
    assert_int_equal(stats.early, 4);
    assert_int_equal(stats.dropped, 2);
    assert_int_equal(model->n_questions, 6);
    settle(model);
}

static void a_stale_answer_is_ignored(void **state)
{
    struct model *model = *state;
    for (size_t i = 0; i < 5; i++)
        offer(model, 0, &model->journal[0][i]);
    feed_head(model->feed, 0, 2, 1);
    assert_int_equal(model->questions[0].seq, 5);
    model->n_applied[0] = 2;
    feed_start_after(model->feed, 0, 1, 2);
    /* the answer begins with an epoch that would look like the next one */
    hand_over(model, 5, 2, 0);
    assert_int_equal(model->n_applied[0], 2);
    settle(model);
}

static void an_event_without_a_place_is_dropped(void **state)
{
    struct model *model = *state;
    struct entry entry = {3, 0, 0};
    offer(model, 0, &entry);
    assert_int_equal(model->n_questions, 0);
    assert_int_equal(feed_behind(model->feed), 0);
}

const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_event_comes_once_and_in_order),
    cmocka_unit_test_setup_teardown(early_events_wait_for_the_hole, open_one, close_one),
    cmocka_unit_test_setup_teardown(a_new_epoch_is_asked_for, open_one, close_one),
    cmocka_unit_test_setup_teardown(a_full_answer_asks_on_and_an_empty_one_ends, open_one,
                                    close_one),
    cmocka_unit_test_setup_teardown(a_useless_answer_is_not_asked_for_again, open_one, close_one),
    cmocka_unit_test_setup_teardown(aside_is_bounded_over_all_partitions, open_one, close_one),
    cmocka_unit_test_setup_teardown(a_stale_answer_is_ignored, open_one, close_one),
    cmocka_unit_test_setup_teardown(an_event_without_a_place_is_dropped, open_one, close_one),
};

TEST_MAIN(tests)
