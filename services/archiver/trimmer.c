#include "services/archiver/trimmer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "services/archiver/archiver_store.h"

#define TRIMS_MAX 4        /* partitions at once */
#define TRIM_ENTRIES 10000 /* of one command, which stops the ledger for about a millisecond */
#define WHY_BYTES 192

enum trimmer_state { IDLE, ASKING, CHECKING, TRIMMING };

struct trim {
    struct trimmer *self;
    unsigned partition;
    uint64_t life;
    int is_used;
};

/* kept[p]: the entry that the journal shall begin with; {0,0}: nothing is trimmed. */
struct trimmer {
    struct trimmer_conf conf;
    const struct archive *archive;
    enum trimmer_state state;
    uint64_t life; /* answers to an earlier round are ignored */
    struct journal_position kept[PARTITIONS];
    uint64_t checked, target; /* segments */
    struct loop_timer *check_timer;
    struct trim trims[TRIMS_MAX];
    unsigned next, open; /* partitions */
    int rc;
    int64_t n_entries;
};

/* An answer that is on its way, with the round that it belongs to. */
struct question {
    struct trimmer *self;
    uint64_t life;
};

struct trimmer *trimmer_create(const struct trimmer_conf *conf)
{
    struct trimmer *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->conf = *conf;
    return self;
}

void trimmer_stop(struct trimmer *self)
{
    self->life++;
    self->state = IDLE;
    loop_timer_cancel(self->conf.svc->loop, &self->check_timer);
}

void trimmer_destroy(struct trimmer **self)
{
    if (*self == NULL)
        return;
    trimmer_stop(*self);
    free(*self);
    *self = NULL;
}

int trimmer_is_busy(const struct trimmer *self)
{
    return self->state != IDLE;
}

int64_t trimmer_entries(const struct trimmer *self)
{
    return self->n_entries;
}

static void end(struct trimmer *self, const char *why)
{
    char copy[WHY_BYTES];
    if (why != NULL)
        (void)snprintf(copy, sizeof(copy), "%s", why);
    trimmer_stop(self);
    self->conf.done(self->conf.arg, why == NULL ? NULL : copy);
}

static void end_rc(struct trimmer *self, const char *server, int rc)
{
    char why[WHY_BYTES];
    (void)snprintf(why, sizeof(why), "%s cannot be asked: %s", server, strerror(-rc));
    end(self, why);
}

static struct question *question_make(struct trimmer *self)
{
    struct question *question = malloc(sizeof(*question));
    ASSERT(question != NULL);
    *question = (struct question){self, self->life};
    return question;
}

/* Frees the question; NULL when its round is over. */
static struct trimmer *question_end(struct question *question)
{
    struct trimmer *self = question->self;
    int is_old = question->life != self->life;
    free(question);
    return is_old ? NULL : self;
}

/* --- trimming --------------------------------------------------------------------------------- */

static void trim_next(struct trimmer *self, struct trim *trim);
static void trim_look(struct trim *trim);

static int is_before(struct journal_position a, struct journal_position b)
{
    return a.epoch != b.epoch ? a.epoch < b.epoch : a.seq < b.seq;
}

static void trim_end(struct trim *trim, int rc)
{
    struct trimmer *self = trim->self;
    if (rc < 0)
        self->rc = rc;
    self->open--;
    trim_next(self, trim);
}

static void on_trimmed(void *arg, int rc, const struct store_reply *reply)
{
    struct trim *trim = arg;
    struct trimmer *self = trim->self;
    if (trim->life != self->life) {
        trim->is_used = 0;
        return;
    }
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_INTEGER)
        rc = -EPROTO;
    CRASH_POINT(JOURNAL_TRIMMED);
    if (rc == 0)
        self->n_entries += store_reply_integer(reply);
    if (rc == 0 && store_reply_integer(reply) > 0)
        trim_look(trim);
    else
        trim_end(trim, rc);
}

/* The next step of a partition, TRIM_ENTRIES long; over the border of an epoch it is one step, so
 * that no journal begins with the first entry of a later one in between. */
static void on_first_entry(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct trim *trim = arg;
    struct trimmer *self = trim->self;
    if (trim->life != self->life) {
        trim->is_used = 0;
        return;
    }
    struct journal_position kept = self->kept[trim->partition];
    if (rc < 0 || n == 0 || !is_before(entries[0].position, kept)) {
        trim_end(trim, rc);
        return;
    }
    if (entries[0].position.epoch == kept.epoch)
        kept.seq = MIN(kept.seq, entries[0].position.seq + TRIM_ENTRIES);
    archiver_trim(self->conf.svc->ledger, trim->partition, kept, on_trimmed, trim);
}

static void trim_look(struct trim *trim)
{
    journal_read(trim->self->conf.svc->ledger, trim->partition, (struct journal_position){0, 0}, 1,
                 on_first_entry, trim);
}

static void trim_next(struct trimmer *self, struct trim *trim)
{
    while (self->next < PARTITIONS && self->kept[self->next].seq == 0)
        self->next++;
    trim->is_used = self->next < PARTITIONS && self->rc == 0;
    if (trim->is_used) {
        *trim = (struct trim){self, self->next++, self->life, 1};
        self->open++;
        trim_look(trim);
    } else if (self->open == 0 && self->rc < 0) {
        end_rc(self, "the ledger", self->rc);
    } else if (self->open == 0) {
        end(self, NULL);
    }
}

static void start_trims(struct trimmer *self)
{
    self->state = TRIMMING;
    self->next = self->open = 0;
    self->rc = 0;
    archiver_note_checked(self->conf.svc->views, self->target);
    self->open = 1; /* until all have started */
    for (size_t i = 0; i < TRIMS_MAX; i++) {
        if (!self->trims[i].is_used) /* else an answer of an earlier round is still to come */
            trim_next(self, &self->trims[i]);
    }
    if (--self->open == 0)
        end(self, NULL);
}

/* --- checking --------------------------------------------------------------------------------- */

static int check_segment(struct trimmer *self, uint64_t number, struct err *err)
{
    struct segment *before = NULL, *segment = NULL;
    int rc = number == 1 ? 0 : archive_segment(self->archive, number - 1, &before, err);
    if (rc == 0)
        rc = archive_segment(self->archive, number, &segment, err);
    if (rc == 0)
        rc = segment_check(segment, before == NULL ? NULL : segment_info(before), NULL, NULL, err);
    segment_close(&segment);
    segment_close(&before);
    return rc;
}

/* One segment a turn: it takes some 100 ms. */
static void check_on(void *arg)
{
    struct trimmer *self = arg;
    struct err err = {0};
    self->check_timer = NULL;
    if (self->checked >= self->target) {
        start_trims(self);
    } else if (check_segment(self, self->checked + 1, &err) < 0) {
        end(self, err.text);
    } else {
        self->checked++;
        self->check_timer = loop_timer_add(self->conf.svc->loop, 0, 0, check_on, self);
    }
}

static void on_checked(void *arg, int rc, const struct store_reply *reply)
{
    struct trimmer *self = question_end(arg);
    size_t len;
    int64_t number = 0;
    const char *text = store_reply_bytes(reply, &len);
    if (self == NULL)
        return;
    if (rc < 0) {
        end_rc(self, "the views server", rc);
        return;
    }
    if (text != NULL && parse_int64(text, 0, INT64_MAX, &number) < 0)
        number = 0;
    self->checked = (uint64_t)number <= archive_newest(self->archive) ? (uint64_t)number : 0;
    self->state = CHECKING;
    check_on(self);
}

/* --- what may go ------------------------------------------------------------------------------ */

static int choose_kept(struct trimmer *self, const struct journal_position least[PARTITIONS],
                       struct err *err)
{
    struct segment *segment = NULL;
    int rc = archive_find_time(self->archive, clock_wall_ms() - self->conf.retention_ms,
                               &self->target, err);
    if (rc < 0 || self->target == 0)
        return rc;
    rc = archive_segment(self->archive, self->target, &segment, err);
    for (unsigned p = 0; rc == 0 && p < PARTITIONS; p++) {
        struct journal_position last = segment_info(segment)->partitions[p].chain.last;
        self->kept[p] = is_before(least[p], last) ? least[p] : last;
        if (self->kept[p].seq < 2) /* a journal that begins with an epoch looks whole */
            self->kept[p] = (struct journal_position){0, 0};
    }
    segment_close(&segment);
    return rc;
}

static void on_consumers(void *arg, int rc, size_t n_views,
                         const struct journal_position least[PARTITIONS])
{
    struct trimmer *self = question_end(arg);
    struct err err = {0};
    if (self == NULL)
        return;
    if (rc < 0)
        end_rc(self, "the views server", rc);
    else if (n_views == 0) /* none has begun yet */
        end(self, NULL);
    else if (choose_kept(self, least, &err) < 0)
        end(self, err.text);
    else if (self->target == 0)
        end(self, NULL);
    else
        archiver_ask_checked(self->conf.svc->views, on_checked, question_make(self));
}

void trimmer_start(struct trimmer *self, const struct archive *archive)
{
    ASSERT(self->state == IDLE);
    self->archive = archive;
    self->state = ASKING;
    self->life++;
    archiver_ask_consumers(self->conf.svc->views, on_consumers, question_make(self));
}
