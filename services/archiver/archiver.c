#include "services/archiver/archiver.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ansinh/v1/archive.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/store/views.h"

#define LEASE_MS 10000 /* longer than a slow disk takes to sync one segment */
#define LATE_INTERVALS 3
#define DAY_MS (86400LL * 1000)

static struct archiver_conf {
    char folder[CONF_STRING_BYTES];
    int64_t interval_s;
    int64_t segment_bytes;
    int64_t poll_ms;
    int trim;
    int64_t retention_days;
    int64_t trim_interval_s;
    int64_t test_retention_ms;
} conf;

#define FIELD(field_) offsetof(struct archiver_conf, field_)

static const struct conf_item items[] = {
    {"ARCHIVER_FOLDER", CONF_STRING, "", 0, CONF_STRING_BYTES - 1, "", FIELD(folder),
     "folder of the archive, best on another disk than the ledger's; empty: VAR/archive"},
    {"ARCHIVER_INTERVAL_S", CONF_INT, "300", 1, 86400, "s", FIELD(interval_s),
     "an entry is in the archive after so long at the latest"},
    {"ARCHIVER_SEGMENT_BYTES", CONF_INT, "16777216", 65536, 1 << 30, "bytes", FIELD(segment_bytes),
     "records of one segment, unpacked; when so much is waiting, it is written at once"},
    {"ARCHIVER_POLL_MS", CONF_INT, "5000", 10, 60000, "ms", FIELD(poll_ms),
     "how often the ends of the journals are looked at"},
    {"ARCHIVER_TRIM", CONF_BOOL, "false", 0, 0, "", FIELD(trim),
     "entries that are archived and older than the retention are taken from the journals"},
    {"ARCHIVER_RETENTION_DAYS", CONF_INT, "400", 5, 36500, "days", FIELD(retention_days),
     "entries stay in the journals for so long at least; stored answers need four days"},
    {"ARCHIVER_TRIM_INTERVAL_S", CONF_INT, "3600", 1, 86400, "s", FIELD(trim_interval_s),
     "how often the journals are trimmed"},
    {"ARCHIVER_TEST_RETENTION_MS", CONF_INT, "0", 0, 86400000, "ms", FIELD(test_retention_ms),
     "for tests: the retention in ms; 0: as in days"},
};

#define ENTRY_BYTES 128 /* roughly, to know when a segment is full */

static void look(struct archiver *self);

/* --- problems --------------------------------------------------------------------------------- */

/* Each problem is logged once, when it comes up. */
static void set_problem(char field[ARCHIVER_PROBLEM_BYTES], const char *what)
{
    if (strncmp(field, what, ARCHIVER_PROBLEM_BYTES - 1) == 0)
        return;
    (void)snprintf(field, ARCHIVER_PROBLEM_BYTES, "%s", what);
    if (what[0] != '\0')
        log_error("the archive has a problem", "reason=\"%s\"", what);
}

static void stand_by(struct archiver *self, const char *why)
{
    if (self->state != ARCHIVER_STANDBY)
        log_warn("archive given up", "reason=\"%s\"", why);
    self->state = ARCHIVER_STANDBY;
    self->life++;
    self->is_looking = 0;
    trimmer_stop(self->trimmer);
    self->backlog = self->behind_since_ms = 0;
    self->held[0] = self->problem[0] = '\0';
}

/* --- the archive and the ledger belong together ----------------------------------------------- */

/* Of one partition. */
struct question {
    struct archiver *self;
    uint64_t life;
    unsigned partition;
};

static void check_done(struct archiver *self)
{
    if (--self->open > 0 || self->state != ARCHIVER_CHECKING || self->n_strange > 0)
        return;
    set_problem(self->problem, "");
    self->state = ARCHIVER_RUNNING;
    log_info("archiving", "folder=%s segments=%" PRIu64, self->folder,
             archive_newest(self->archive));
    look(self);
}

static int is_archived_last(const struct chain *chain, unsigned partition,
                            const struct journal_entry *entry)
{
    uint8_t digest[CHAIN_BYTES];
    struct record record = {RECORD_ENTRY, partition,        entry->position,
                            entry->event, entry->event_len, 0};
    record_digest(&record, digest);
    return entry->position.epoch == chain->last.epoch && entry->position.seq == chain->last.seq &&
           memcmp(digest, chain->digest, DIGEST_BYTES) == 0;
}

static void on_last_entry(void *arg, int rc, const struct journal_entry *entries, size_t n)
{
    struct question *question = arg;
    struct archiver *self = question->self;
    unsigned partition = question->partition;
    int is_old = question->life != self->life;
    free(question);
    if (is_old)
        return;
    const struct chain *chain = &archive_end(self->archive)->partitions[partition].chain;
    if (rc < 0) {
        self->n_strange++; /* asked again with the next renewal */
    } else if (n != 1 || !is_archived_last(chain, partition, &entries[0])) {
        char what[ARCHIVER_PROBLEM_BYTES];
        (void)snprintf(what, sizeof(what),
                       "%s:log does not have the entry %" PRIu32 "-%" PRIu64
                       " that the archive has: this is another ledger, or an older one",
                       partition_tag(partition), chain->last.epoch, chain->last.seq);
        set_problem(self->problem, what);
        self->n_strange++;
    }
    check_done(self);
}

static void ask_last_entry(struct archiver *self, unsigned partition, struct journal_position last)
{
    struct question *question = malloc(sizeof(*question));
    ASSERT(question != NULL);
    *question = (struct question){self, self->life, partition};
    self->open++;
    last.seq--;
    journal_read(self->svc->ledger, partition, last, 1, on_last_entry, question);
}

int archiver_open_archive(struct archiver *self, struct err *err)
{
    if (self->archive != NULL)
        return archive_refresh(self->archive, err);
    if (mkdir(self->folder, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "cannot make the folder %.100s: %s", self->folder,
                       strerror(errno));
    return archive_open(self->folder, &self->trusted, &self->archive, err);
}

/* What was archived last must be in the journals: else segments of two ledgers would be mixed. */
static void check_start(struct archiver *self)
{
    struct err err = {0};
    self->life++;
    self->state = ARCHIVER_CHECKING;
    self->n_strange = 0;
    if (archiver_open_archive(self, &err) < 0) {
        set_problem(self->problem, err.text);
        return;
    }
    const struct segment_info *end = archive_end(self->archive);
    self->open = 1;
    for (unsigned p = 0; end != NULL && p < PARTITIONS_ALL; p++) {
        if (end->partitions[p].chain.last.seq > 0)
            ask_last_entry(self, p, end->partitions[p].chain.last);
    }
    check_done(self);
}

/* --- the lease -------------------------------------------------------------------------------- */

static void on_acquired(void *arg, int rc, uint64_t epoch, uint64_t flushes)
{
    struct archiver *self = arg;
    (void)flushes;
    self->is_leasing = 0;
    if (rc < 0 || epoch == 0)
        return;
    self->epoch = epoch;
    check_start(self);
}

static void on_renewed(void *arg, int rc, uint64_t epoch, uint64_t flushes)
{
    struct archiver *self = arg;
    (void)flushes;
    self->is_leasing = 0;
    if (rc < 0)
        return;
    if (epoch != self->epoch)
        stand_by(self, "the lease is void");
    else if (self->state == ARCHIVER_CHECKING && (self->n_strange > 0 || self->problem[0] != '\0'))
        check_start(self);
}

static void lease(void *arg)
{
    struct archiver *self = arg;
    if (self->is_leasing || self->svc->is_draining)
        return;
    self->is_leasing = 1;
    int rc = self->state == ARCHIVER_STANDBY
                 ? lease_acquire(self->svc->views, ARCHIVER_LEASE, self->svc->conf.instance,
                                 LEASE_MS, on_acquired, self)
                 : lease_renew(self->svc->views, ARCHIVER_LEASE, self->epoch, LEASE_MS, on_renewed,
                               self);
    ASSERT(rc == 0);
}

/* --- segments --------------------------------------------------------------------------------- */

static void start_segment(struct archiver *self)
{
    collector_start(self->collector, archive_end(self->archive), self->heads, self->next);
}

static void on_held(void *arg, unsigned partition, const char *why)
{
    struct archiver *self = arg;
    (void)partition;
    set_problem(self->held, why);
}

static void on_collected(void *arg, int rc, struct segment_info *info, const char *why)
{
    struct archiver *self = arg;
    self->next = collector_next(self->collector);
    if (rc == -EEXIST) {
        /* a leader of before was faster; what it wrote is as good */
        check_start(self);
        return;
    }
    if (rc == -EAGAIN || rc == -ECONNRESET || rc == -ETIMEDOUT)
        return; /* with the next look */
    set_problem(self->problem, rc < 0 ? why : "");
    if (info == NULL)
        return;
    self->n_segments++;
    self->n_entries += (int64_t)info->n_entries;
    self->n_bytes += (int64_t)info->file_bytes;
    log_info("segment written", "number=%" PRIu64 " entries=%" PRIu64 " bytes=%" PRIu64,
             info->number, info->n_entries, info->file_bytes);
    archive_added(self->archive, info);
    if (self->next > 0)
        look(self); /* it was full: there is more */
    else
        self->behind_since_ms = 0;
}

static int64_t count_backlog(struct archiver *self, const char **ret_strange)
{
    const struct segment_info *end = archive_end(self->archive);
    int64_t backlog = 0;
    *ret_strange = NULL;
    for (unsigned p = 0; p < PARTITIONS_ALL; p++) {
        struct journal_position last = {0, 0}, head = self->heads[p];
        if (end != NULL)
            last = end->partitions[p].chain.last;
        if (head.epoch < last.epoch || (head.epoch == last.epoch && head.seq < last.seq))
            *ret_strange = partition_tag(p);
        else
            backlog += (int64_t)(head.epoch == last.epoch ? head.seq - last.seq : head.seq);
    }
    return backlog;
}

static void decide(struct archiver *self)
{
    const char *strange;
    char what[ARCHIVER_PROBLEM_BYTES];
    self->backlog = count_backlog(self, &strange);
    if (strange != NULL) {
        (void)snprintf(what, sizeof(what),
                       "%s:log ends before what the archive has: the ledger has gone back",
                       strange);
        set_problem(self->problem, what);
        self->state = ARCHIVER_CHECKING;
        return;
    }
    int64_t now_ms = loop_now_ms(self->svc->loop);
    if (self->backlog == 0)
        self->behind_since_ms = 0;
    else if (self->behind_since_ms == 0)
        self->behind_since_ms = now_ms;
    if (self->backlog > 0 && (self->backlog * ENTRY_BYTES >= conf.segment_bytes ||
                              now_ms - self->behind_since_ms >= conf.interval_s * 1000))
        start_segment(self);
}

struct looking {
    struct archiver *self;
    uint64_t life;
};

static void on_heads(void *arg, int rc, unsigned first, size_t n,
                     const struct journal_position *heads)
{
    struct looking *looking = arg;
    struct archiver *self = looking->self;
    int is_old = looking->life != self->life;
    free(looking);
    (void)first;
    if (is_old)
        return;
    self->is_looking = 0;
    if (rc < 0 || self->state != ARCHIVER_RUNNING || collector_is_busy(self->collector))
        return;
    memcpy(self->heads, heads, n * sizeof(*heads));
    decide(self);
}

static void look(struct archiver *self)
{
    struct looking *looking = malloc(sizeof(*looking));
    ASSERT(looking != NULL);
    *looking = (struct looking){self, self->life};
    self->is_looking = 1;
    journal_heads(self->svc->ledger, 0, PARTITIONS_ALL, on_heads, looking);
}

static void look_again(void *arg)
{
    struct archiver *self = arg;
    if (self->state == ARCHIVER_RUNNING && !self->is_looking &&
        !collector_is_busy(self->collector) && !self->svc->is_draining)
        look(self);
}

/* --- trimming --------------------------------------------------------------------------------- */

static void trim(void *arg)
{
    struct archiver *self = arg;
    if (self->state == ARCHIVER_RUNNING && !trimmer_is_busy(self->trimmer) &&
        !self->svc->is_draining)
        trimmer_start(self->trimmer, self->archive);
}

static void on_trimmed(void *arg, const char *why)
{
    struct archiver *self = arg;
    set_problem(self->trim_problem, why == NULL ? "" : why);
}

/* --- life ------------------------------------------------------------------------------------- */

static int64_t age_ms(const struct archiver *self)
{
    return self->behind_since_ms == 0 ? 0 : clock_mono_ms() - self->behind_since_ms;
}

static void emit_stats(void *arg, metrics_emit_fn emit, void *sink)
{
    const struct archiver *self = arg;
    emit(sink, "archive_leader", "", self->state == ARCHIVER_RUNNING, 0);
    emit(sink, "archive_segments_total", "", self->n_segments, 1);
    emit(sink, "archive_entries_total", "", self->n_entries, 1);
    emit(sink, "archive_bytes_total", "", self->n_bytes, 1);
    emit(sink, "archive_missing_identities_total", "", collector_missing(self->collector), 1);
    emit(sink, "archive_newest_segment", "",
         self->archive == NULL ? 0 : (int64_t)archive_newest(self->archive), 0);
    emit(sink, "archive_backlog_entries", "", self->backlog, 0);
    emit(sink, "archive_lag_ms", "", age_ms(self), 0);
    emit(sink, "archive_trimmed_total", "", trimmer_entries(self->trimmer), 1);
}

static const char *problem(struct service *svc)
{
    const struct archiver *self = svc->context;
    if (self->problem[0] != '\0')
        return self->problem;
    if (self->held[0] != '\0')
        return self->held;
    if (self->trim_problem[0] != '\0')
        return self->trim_problem;
    if (collector_missing(self->collector) > 0)
        return "participants were enrolled whose sealed identity is not in the ledger";
    if (age_ms(self) > LATE_INTERVALS * conf.interval_s * 1000)
        return "entries wait longer than they should for their segment";
    return NULL;
}

static int open_keys(struct archiver *self, struct err *err)
{
    char path[CONF_STRING_BYTES + 16];
    (void)snprintf(path, sizeof(path), "%s/archive.pub", self->svc->conf.keys);
    int rc = signing_open(self->svc->conf.keys, SIGNING_ARCHIVE, &self->key, err);
    return rc < 0 ? rc : trusted_keys_read(path, &self->trusted, err);
}

static const struct bus_method methods[] = {{"ReadEntry", on_read_entry, 0},
                                            {"ReadBlock", on_read_block, 0}};

static int create(struct service *svc, struct err *err)
{
    struct archiver *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    svc->context = self;
    if (conf.folder[0] == '\0')
        (void)snprintf(self->folder, sizeof(self->folder), "%s/archive", svc->conf.var);
    else
        (void)snprintf(self->folder, sizeof(self->folder), "%s", conf.folder);
    int rc = open_keys(self, err);
    if (rc < 0)
        return rc;
    struct collector_conf collector = {
        .ledger = svc->ledger,
        .folder = self->folder,
        .key = &self->key,
        .segment_bytes = (uint64_t)conf.segment_bytes,
        .arg = self,
        .done = on_collected,
        .held = on_held,
    };
    self->collector = collector_create(&collector);
    self->lease_timer = loop_timer_add(svc->loop, 0, LEASE_MS / 4, lease, self);
    self->poll_timer = loop_timer_add(svc->loop, conf.poll_ms, conf.poll_ms, look_again, self);
    int64_t retention_ms =
        conf.test_retention_ms > 0 ? conf.test_retention_ms : conf.retention_days * DAY_MS;
    self->trimmer = trimmer_create(&(struct trimmer_conf){svc, retention_ms, self, on_trimmed});
    if (conf.trim)
        self->trim_timer = loop_timer_add(svc->loop, conf.trim_interval_s * 1000,
                                          conf.trim_interval_s * 1000, trim, self);
    metrics_collector(svc->metrics, emit_stats, self);
    bus_server_add(svc->server, &ansinh__v1__archive__descriptor, methods, ARRAY_LEN(methods),
                   self);
    return 0;
}

/* A segment that is under way is finished; then the lease goes back. */
static int is_idle(struct service *svc)
{
    struct archiver *self = svc->context;
    if (collector_is_busy(self->collector))
        return 0;
    trimmer_stop(self->trimmer);
    if (self->state != ARCHIVER_STANDBY) {
        int rc = lease_release(svc->views, ARCHIVER_LEASE, self->epoch, NULL, NULL);
        ASSERT(rc == 0);
        self->state = ARCHIVER_STANDBY;
        self->life++;
    }
    return 1;
}

static void destroy(struct service *svc)
{
    struct archiver *self = svc->context;
    loop_timer_cancel(svc->loop, &self->lease_timer);
    loop_timer_cancel(svc->loop, &self->poll_timer);
    loop_timer_cancel(svc->loop, &self->trim_timer);
    trimmer_destroy(&self->trimmer);
    collector_destroy(&self->collector);
    segment_close(&self->read);
    archive_close(&self->archive);
    signing_close(&self->key);
    free(self);
    svc->context = NULL;
}

const struct service_spec archiver_spec = {
    .name = "archiver",
    .prefix = "ARCHIVER_",
    .items = items,
    .n_items = ARRAY_LEN(items),
    .conf = &conf,
    .needs = SERVICE_LEDGER | SERVICE_VIEWS | SERVICE_SERVER,
    .create = create,
    .problem = problem,
    .is_idle = is_idle,
    .destroy = destroy,
};
