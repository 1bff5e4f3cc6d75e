#include "common/service/projector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/crash.h"
#include "common/base/log.h"
#include "common/base/mutant.h"
#include "common/bus/feed.h"
#include "common/service/checkpoint.h"
#include "common/service/past.h"
#include "common/service/waiting.h"
#include "common/store/journal.h"

#define EVENT_ARENA_BYTES (1024 * 1024)
#define FETCHES_MAX 16 /* journal reads under way */
#define FETCH_ENTRIES 500
#define FLUSH_BEHIND_MS 500
#define FAR_BEHIND 20000 /* more than are on their way, also when everything is slow */
#define SWEEP_MS 100     /* one slice of the partitions; all of them once a second */
#define SWEEP_SLICES 10
#define HOLE_SHOWN_MS 3000  /* it is seen again by every sweep */
#define PAST_AGAIN_MS 10000 /* until the archive is looked through for the same entries again */

enum projector_state {
    STANDBY, /* somebody else leads, or views cannot be asked */
    LOADING, /* lease held; checkpoint and memory are being loaded */
    RUNNING,
};

/* dirty lists the partitions applied since the last collect; positions under way in a flush are in
 * the flush itself. */
struct projector {
    struct service *svc;
    struct projector_spec spec;
    enum projector_state state;
    struct bus_subscriber *subscriber;
    struct feed *feed;
    struct flush *flush;
    struct past *past;     /* for what the journals no longer hold */
    int64_t past_ended_ms; /* monotonic; 0: never */
    int64_t holed_ms;      /* the same, when neither journal nor archive had what comes next */
    struct arena *arena;
    uint64_t epoch, flushes;
    int is_leasing;  /* a lease command is under way */
    int is_flushing; /* a flush is under way, or failed and will be sent again */
    int is_flush_sent;
    int64_t collected_ms; /* monotonic, of the last collect */
    uint16_t dirty[PARTITIONS];
    size_t n_dirty;
    uint8_t is_dirty[PARTITIONS];
    size_t pending;         /* events applied since the last collect */
    int64_t oldest_ms;      /* monotonic, of the oldest of them */
    struct waiting waiting; /* partitions that want a fetch */
    struct fetch {
        struct projector *self;
        unsigned partition;
        uint64_t life; /* answers to an earlier life are ignored */
    } fetch_slots[FETCHES_MAX];
    struct journal_position asked[PARTITIONS];
    uint64_t life;
    unsigned slice;
    unsigned slices_seen;
    int64_t slice_lag[SWEEP_SLICES];
    struct projector_stats stats;
    struct loop_timer *lease_timer, *flush_timer, *sweep_timer;
};

static void start_fetches(struct projector *self);
static void try_flush(struct projector *self);
static void flush_tick(void *arg);
static void lease(void *arg);

/* --- losing and loading --- */

static void forget(struct projector *self)
{
    self->life++;
    /* the feed wants every question answered, also those that were never sent */
    while (self->waiting.n > 0)
        feed_fetch_failed(self->feed, waiting_take(&self->waiting));
    past_stop(self->past);
    self->past_ended_ms = self->holed_ms = 0;
    self->is_flushing = self->is_flush_sent = 0;
    self->n_dirty = self->pending = 0;
    self->slices_seen = 0;
    memset(self->is_dirty, 0, sizeof(self->is_dirty));
    for (unsigned p = 0; p < PARTITIONS; p++)
        feed_start_after(self->feed, p, 0, 0);
}

static void stand_by(struct projector *self, const char *why)
{
    if (self->state != STANDBY)
        log_warn("projection given up", "name=%s reason=\"%s\"", self->spec.name, why);
    self->state = STANDBY;
    forget(self);
    flush_destroy(&self->flush);
    int rc = flush_create(self->svc->views, self->spec.name, &self->flush);
    ASSERT(rc == 0);
}

static void on_checkpoint(void *arg, int rc, const struct store_reply *reply)
{
    struct projector *self = arg;
    if (self->state != LOADING)
        return;
    if (rc == 0 && store_reply_type(reply) != STORE_REPLY_ARRAY)
        rc = -EPROTO;
    if (rc == 0)
        rc = checkpoint_read(self->feed, reply);
    if (rc < 0)
        stand_by(self, "the checkpoint cannot be read");
    else
        self->spec.reset(self->spec.arg);
}

static void load(struct projector *self)
{
    char key[KEY_MAX_BYTES];
    forget(self);
    self->state = LOADING;
    (void)view_key(self->spec.name, VIEW_KEY_CHECKPOINT, key);
    store_send_text(self->svc->views, 0, on_checkpoint, self, "HGETALL", key, NULL);
}

void projector_restart(struct projector *self)
{
    if (self->state == LOADING)
        stand_by(self, "its memory is to be loaded anew");
}

/* --- the lease --- */

/* After a restart of views the lease is free for whoever had it: asked for at once. */
static void give_up_lease(struct projector *self, const char *why)
{
    stand_by(self, why);
    lease(self);
}

static void on_acquired(void *arg, int rc, uint64_t epoch, uint64_t flushes)
{
    struct projector *self = arg;
    self->is_leasing = 0;
    if (rc < 0 || epoch == 0)
        return;
    self->epoch = epoch;
    self->flushes = flushes;
    self->stats.takeovers++;
    CRASH_POINT(LEASE_TAKEN);
    load(self);
}

static void on_renewed(void *arg, int rc, uint64_t epoch, uint64_t flushes)
{
    (void)flushes;
    struct projector *self = arg;
    self->is_leasing = 0;
    /* an unanswered renewal is no loss: the epoch fences every flush */
    if (rc == 0 && epoch != self->epoch)
        give_up_lease(self, "the lease is void");
}

static void lease(void *arg)
{
    struct projector *self = arg;
    if (self->is_leasing || self->svc->is_draining)
        return;
    self->is_leasing = 1;
    int rc;
    if (self->state == STANDBY)
        rc = lease_acquire(self->svc->views, self->spec.name, self->svc->conf.instance,
                           self->spec.lease_ms, on_acquired, self);
    else
        rc = lease_renew(self->svc->views, self->spec.name, self->epoch, self->spec.lease_ms,
                         on_renewed, self);
    ASSERT(rc == 0);
}

/* --- events --- */

static Ansinh__V1__Event *unpack(struct projector *self, const uint8_t *body, size_t len)
{
    ProtobufCAllocator allocator;
    arena_reset(self->arena);
    bus_arena_allocator(self->arena, &allocator);
    return ansinh__v1__event__unpack(&allocator, len, body);
}

static void apply(void *arg, const struct feed_event *raw)
{
    struct projector *self = arg;
    const Ansinh__V1__Event *event = unpack(self, raw->body, raw->len);
    if (event == NULL) {
        /* skipping it would be a silent miscount; a person must look */
        log_error("unreadable event in the journal", "partition=%u seq=%llu", raw->partition,
                  (unsigned long long)raw->seq);
        abort();
    }
    struct projector_event out = {raw->partition, {raw->epoch, raw->seq}, event};
    if (self->pending++ == 0)
        self->oldest_ms = clock_mono_ms();
    self->stats.applied++;
    if (!self->is_dirty[raw->partition]) {
        self->is_dirty[raw->partition] = 1;
        self->dirty[self->n_dirty++] = (uint16_t)raw->partition;
    }
    self->spec.apply(self->spec.arg, &out);
}

/* Events that certainly fit into the next flush. */
static size_t room(const struct projector *self)
{
    size_t left = self->spec.pending_max - MIN(self->pending, self->spec.pending_max);
    return self->spec.room == NULL ? left : MIN(left, self->spec.room(self->spec.arg));
}

static int has_room(const struct projector *self)
{
    return room(self) > 0;
}

static void on_event(void *arg, const struct bus_event *event)
{
    struct projector *self = arg;
    /* without room the frame counts as lost: the journal gives it back later */
    if (self->state != RUNNING || !has_room(self) || event->partition >= PARTITIONS ||
        self->svc->is_draining)
        return;
    if (unpack(self, event->body, event->len) == NULL)
        return; /* a frame may be anything; the journal is the truth */
    struct feed_event raw = {event->partition, event->epoch, event->seq, event->body, event->len};
    feed_offer(self->feed, &raw);
    if (!has_room(self))
        try_flush(self);
}

/* --- the past --- */

/* The journal's first entry is not the next one: what is between them was trimmed. */
static int is_trimmed(const struct projector *self, unsigned partition,
                      struct journal_position first)
{
    uint32_t epoch;
    uint64_t seq;
    feed_position(self->feed, partition, &epoch, &seq);
    return first.epoch == epoch ? first.seq > seq + 1 : first.epoch > epoch && first.seq > 1;
}

static void read_past(struct projector *self)
{
    if (past_is_busy(self->past))
        return;
    int64_t now_ms = clock_mono_ms();
    if (self->past_ended_ms > 0 && now_ms - self->past_ended_ms < PAST_AGAIN_MS) {
        self->holed_ms = now_ms;
        return;
    }
    log_info("reading the archive", "name=%s", self->spec.name);
    past_start(self->past);
}

static int take_past(void *arg, const struct record *entry)
{
    struct projector *self = arg;
    struct feed_event raw = {entry->partition, entry->position.epoch, entry->position.seq,
                             entry->data, entry->len};
    if (entry->partition >= PARTITIONS)
        return 1;
    if (!has_room(self) || self->svc->is_draining) {
        try_flush(self);
        return 0;
    }
    if (!feed_past(self->feed, &raw))
        self->holed_ms = clock_mono_ms();
    return 1;
}

static void on_past_ended(void *arg)
{
    struct projector *self = arg;
    self->past_ended_ms = clock_mono_ms();
    log_info("the archive was read", "name=%s", self->spec.name);
    start_fetches(self);
}

const char *projector_problem(const struct projector *self)
{
    if (self->holed_ms > 0 && clock_mono_ms() - self->holed_ms < HOLE_SHOWN_MS)
        return "the next entries are neither in a journal nor in the archive";
    return past_problem(self->past);
}

static void on_entries(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct fetch *fetch = arg;
    struct projector *self = fetch->self;
    uint64_t life = fetch->life;
    unsigned partition = fetch->partition;
    fetch->self = NULL;
    if (life != self->life || self->state != RUNNING) {
        feed_fetch_failed(self->feed, partition);
    } else if (rc == 0 && n > 0 && is_trimmed(self, partition, entries[0].position)) {
        feed_fetch_failed(self->feed, partition);
        read_past(self);
    } else {
        size_t take = MIN(n, room(self));
        struct feed_event events[FETCH_ENTRIES];
        for (size_t i = 0; i < take; i++)
            events[i] =
                (struct feed_event){partition, entries[i].position.epoch, entries[i].position.seq,
                                    entries[i].event, entries[i].event_len};
        if (rc < 0)
            feed_fetch_failed(self->feed, partition);
        else if (n > 0 && take == 0)
            waiting_add(&self->waiting, partition); /* asks the same when there is room */
        else
            feed_fetched(self->feed, partition, events, take, take < n || n == FETCH_ENTRIES);
        if (!has_room(self) && !self->svc->is_draining)
            try_flush(self);
    }
    start_fetches(self);
}

static struct fetch *free_slot(struct projector *self)
{
    for (size_t i = 0; i < FETCHES_MAX; i++) {
        if (self->fetch_slots[i].self == NULL)
            return &self->fetch_slots[i];
    }
    return NULL;
}

static void start_fetches(struct projector *self)
{
    while (self->waiting.n > 0 && self->state == RUNNING && has_room(self) &&
           !past_is_busy(self->past) && !self->svc->is_draining) {
        struct fetch *fetch = free_slot(self);
        if (fetch == NULL)
            return;
        unsigned partition = waiting_take(&self->waiting);
        *fetch = (struct fetch){self, partition, self->life};
        journal_read(self->svc->ledger, partition, self->asked[partition], FETCH_ENTRIES,
                     on_entries, fetch);
    }
}

/* The feed asks at most once per partition, so the queue cannot overflow. */
static void fetch(void *arg, unsigned partition, uint32_t epoch, uint64_t seq)
{
    struct projector *self = arg;
    self->asked[partition] = (struct journal_position){epoch, seq};
    waiting_add(&self->waiting, partition);
    start_fetches(self);
}

/* --- the sweep for lost tails --- */

static void on_heads(void *arg, int rc, unsigned first, size_t n,
                     const struct journal_position *heads)
{
    struct projector *self = arg;
    if (rc < 0 || self->state != RUNNING)
        return;
    int64_t lag = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t epoch;
        uint64_t seq;
        if (heads[i].seq == 0)
            continue;
        feed_head(self->feed, first + (unsigned)i, heads[i].epoch, heads[i].seq);
        feed_position(self->feed, first + (unsigned)i, &epoch, &seq);
        if (heads[i].epoch == epoch && heads[i].seq > seq)
            lag += (int64_t)(heads[i].seq - seq);
        else if (heads[i].epoch > epoch)
            lag += (int64_t)heads[i].seq;
    }
    self->slice_lag[(first * SWEEP_SLICES + PARTITIONS - 1) / PARTITIONS] = lag;
    self->slices_seen++;
}

/* Entries that the last sweeps saw and that were not applied then. */
static int64_t swept_lag(const struct projector *self)
{
    int64_t lag = 0;
    for (size_t i = 0; i < SWEEP_SLICES; i++)
        lag += self->slice_lag[i];
    return lag;
}

static void sweep(void *arg)
{
    struct projector *self = arg;
    if (self->state != RUNNING || !has_room(self) || self->svc->is_draining)
        return;
    unsigned first = self->slice * PARTITIONS / SWEEP_SLICES;
    unsigned end = (self->slice + 1) * PARTITIONS / SWEEP_SLICES;
    self->slice = (self->slice + 1) % SWEEP_SLICES;
    journal_heads(self->svc->ledger, first, end - first, on_heads, self);
}

void projector_ready(struct projector *self)
{
    if (self->state != LOADING)
        return;
    self->state = RUNNING;
    log_info("projection runs", "name=%s epoch=%llu", self->spec.name,
             (unsigned long long)self->epoch);
    for (int i = 0; i < SWEEP_SLICES; i++)
        sweep(self);
}

/* --- the flush --- */

static void on_flushed(void *arg, int rc, enum flush_outcome outcome, uint64_t flushes)
{
    struct projector *self = arg;
    self->is_flush_sent = 0;
    if (rc == -EPROTO) {
        log_error("the views server refuses the projection", "name=%s", self->spec.name);
        stand_by(self, "a flush was refused");
        return;
    }
    if (rc < 0)
        return; /* sent again, unchanged, by the flush timer */
    self->is_flushing = 0;
    if (outcome != FLUSH_DONE) {
        self->stats.refused_flushes++;
        give_up_lease(self, outcome == FLUSH_FENCED ? "the lease is void"
                                                    : "the number of flushes is another");
        return;
    }
    CRASH_POINT(FLUSH_DONE);
    self->flushes = flushes;
    self->stats.flushes++;
    self->spec.flushed(self->spec.arg);
    if (!has_room(self) || clock_mono_ms() - self->collected_ms >= self->spec.flush_ms)
        flush_tick(self); /* the timer would have, but for this one */
    past_go_on(self->past);
    start_fetches(self);
}

static void collect(struct projector *self)
{
    int is_apart = MUTANT(CHECKPOINT_APART) && self->flushes % 10 != 0;
    flush_begin(self->flush, self->epoch, self->flushes);
    for (size_t i = 0; i < self->n_dirty && !is_apart; i++) {
        unsigned partition = self->dirty[i];
        checkpoint_collect(self->feed, partition, self->flush);
        self->is_dirty[partition] = 0;
    }
    self->spec.collect(self->spec.arg, self->flush);
    if (!is_apart)
        self->n_dirty = 0;
    self->pending = 0;
    self->is_flushing = 1;
    self->collected_ms = clock_mono_ms();
    loop_timer_cancel(self->svc->loop, &self->flush_timer);
    self->flush_timer =
        loop_timer_add(self->svc->loop, self->spec.flush_ms, self->spec.flush_ms, flush_tick, self);
}

static void try_flush(struct projector *self)
{
    if (self->state != RUNNING || self->is_flush_sent)
        return;
    if (!self->is_flushing) {
        if (self->pending == 0)
            return;
        collect(self);
    }
    CRASH_POINT(FLUSH_COLLECTED);
    int rc = flush_send(self->flush, on_flushed, self);
    if (rc == 0) {
        self->is_flush_sent = 1;
        return;
    }
    log_error("flush does not fit", "name=%s code=%d bytes=%zu", self->spec.name, rc,
              flush_bytes(self->flush));
    abort(); /* pending_max and the collector disagree: a bug that would lose counts */
}

/* Who is far behind gathers more before it writes: each flush costs what its counters cost, however
 * often they were added to. */
static void flush_tick(void *arg)
{
    struct projector *self = arg;
    int is_far_behind = self->waiting.n > 0 && has_room(self) && swept_lag(self) > FAR_BEHIND;
    if (!is_far_behind || clock_mono_ms() - self->oldest_ms >= FLUSH_BEHIND_MS)
        try_flush(self);
}

/* --- life --- */

static void on_instances(void *arg, const struct bus_instance *instances, size_t n)
{
    struct projector *self = arg;
    bus_subscriber_set_instances(self->subscriber, instances, n);
}

struct projector *projector_create(struct service *svc, const struct projector_spec *spec)
{
    struct projector *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->spec = *spec;
    self->arena = arena_create(EVENT_ARENA_BYTES);
    struct feed_conf conf = {PARTITIONS, PROJECTOR_ASIDE_MAX, apply, fetch, self};
    self->feed = feed_create(&conf);
    struct past_conf past = {svc, self, take_past, on_past_ended};
    self->past = past_create(&past);
    struct err err;
    int rc = bus_subscriber_create(svc->bus, on_event, NULL, self, &self->subscriber, &err);
    ASSERT(rc == 0);
    rc = flush_create(svc->views, spec->name, &self->flush);
    ASSERT(rc == 0);
    service_on_instances(svc, on_instances, self);
    self->lease_timer = loop_timer_add(svc->loop, 0, spec->lease_ms / 4, lease, self);
    self->flush_timer = loop_timer_add(svc->loop, spec->flush_ms, spec->flush_ms, flush_tick, self);
    self->sweep_timer = loop_timer_add(svc->loop, SWEEP_MS, SWEEP_MS, sweep, self);
    return self;
}

void projector_destroy(struct projector **self)
{
    struct projector *projector = *self;
    if (projector == NULL)
        return;
    projector->state = STANDBY;
    loop_timer_cancel(projector->svc->loop, &projector->lease_timer);
    loop_timer_cancel(projector->svc->loop, &projector->flush_timer);
    loop_timer_cancel(projector->svc->loop, &projector->sweep_timer);
    bus_subscriber_destroy(&projector->subscriber);
    flush_destroy(&projector->flush);
    past_destroy(&projector->past);
    feed_destroy(&projector->feed);
    arena_destroy(&projector->arena);
    free(projector);
    *self = NULL;
}

void projector_touch(struct projector *self)
{
    if (self->state == RUNNING && self->pending++ == 0)
        self->oldest_ms = clock_mono_ms();
}
uint64_t projector_version(const struct projector *self)
{
    /* epochs are microseconds of taking over, so flushes never catch up with the next one */
    return self->epoch + (uint64_t)self->stats.flushes;
}

struct journal_position projector_position(const struct projector *self, unsigned partition)
{
    struct journal_position position;
    feed_position(self->feed, partition, &position.epoch, &position.seq);
    return position;
}

int projector_drained(struct projector *self)
{
    if (self->state == STANDBY)
        return 1;
    if (self->state == RUNNING && (self->pending > 0 || self->is_flushing)) {
        try_flush(self);
        return 0;
    }
    int rc = lease_release(self->svc->views, self->spec.name, self->epoch, NULL, NULL);
    ASSERT(rc == 0);
    self->state = STANDBY;
    return 1;
}

int projector_is_leader(const struct projector *self)
{
    return self->state == RUNNING;
}

int projector_is_caught_up(const struct projector *self)
{
    struct projector_stats stats;
    projector_stats_get(self, &stats);
    return self->state == RUNNING && self->slices_seen >= SWEEP_SLICES && stats.lag_events == 0 &&
           self->pending == 0 && !self->is_flushing && feed_behind(self->feed) == 0;
}

void projector_stats_get(const struct projector *self, struct projector_stats *ret)
{
    *ret = self->stats;
    ret->epoch = self->epoch;
    ret->view_flushes = self->flushes;
    ret->has_swept = self->state == RUNNING && self->slices_seen >= SWEEP_SLICES;
    ret->lag_events = (int64_t)self->pending + swept_lag(self);
    ret->lag_ms = self->pending == 0 ? 0 : clock_mono_ms() - self->oldest_ms;
}
