/* asof FROM_MS UNTIL_MS TIMES SEED: holds the board as of some moments against a fold of the
 * journals to these moments.
 *
 * The moments are TIMES whole seconds drawn between FROM_MS and UNTIL_MS, and UNTIL_MS itself. Of
 * each, GetProgress of the country and of every province, each with the units right below it, and
 * GetSeries of some units by minute and of the country by day are asked for, and compared number by
 * number. The fold here knows nothing of the one in analytics; what it leaves out is lapses, which
 * follow from the law and not from an entry (ansinh verify folds them). Prints how many numbers
 * were compared and how many differ; exit status 1 when any does. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/directory.h"
#include "common/service/postings.h"
#include "services/cli/cli.h"
#include "services/cli/entries.h"
#include "services/cli/sample_draw.h"

#define TIMES_MAX 8
#define COMMUNES 100000
#define DAYS 400
#define DAY_MS (86400LL * 1000)
#define DAY_MINUTES 1440
#define MINUTE_MS 60000
#define SLICES 4 /* of series: the country, a province, two communes */
#define ASK_MS 60000
#define ANSWER_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define SAID_MAX 20
#define READ_DAYS 34
#define OFFSET_MS (7LL * 3600 * 1000)

enum number {
    DECLARED,
    PARTICIPANTS,
    PAYMENTS,
    RENEWED,
    REVERSED,
    ACCEPTED,
    ENDED,
    PARTICIPANT_VND,
    CENTRAL_VND,
    LOCAL_VND,
    DONOR_VND,
    DECLARED_TODAY,
    PARTICIPANTS_TODAY,
    ACCEPTED_TODAY,
    NUMBERS
};
static const char *const names[NUMBERS] = {
    "declared", "participants",  "payments",          "renewed",       "reversed",
    "accepted", "ended",         "participantVnd",    "centralVnd",    "localVnd",
    "donorVnd", "declaredToday", "participantsToday", "acceptedToday",
};

/* Of GetSeries. */
static const enum number series_numbers[] = {PARTICIPANTS, DECLARED, PAYMENTS, PARTICIPANT_VND};
#define SERIES_NUMBERS 4

struct sums {
    int64_t values[NUMBERS];
};

/* One moment. */
struct moment {
    int64_t at_ms;
    int32_t today;
    struct sums *communes; /* by number */
    int64_t days[DAYS][SERIES_NUMBERS];
    int64_t minutes[SLICES][DAY_MINUTES][SERIES_NUMBERS];
};

struct asof {
    struct service svc;
    struct map *declared; /* keyed hash -> number of the commune of the last declaration */
    struct moment moments[TIMES_MAX];
    size_t n_moments;
    const struct directory_unit *slices[SLICES];
    uint8_t is_of[SLICES][COMMUNES];
    int64_t n_entries, n_compared, n_different;
    struct buf body;
};

/* --- the fold --------------------------------------------------------------------------------- */

struct change {
    int64_t at_ms;
    int32_t day;
    uint32_t commune;
    int64_t values[DECLARED_TODAY];
};

static void count_timed(struct asof *self, struct moment *moment, const struct change *change)
{
    int64_t local_ms = change->at_ms + OFFSET_MS;
    int is_own_day = change->day == moment->today && local_ms / DAY_MS == change->day;
    size_t minute = (size_t)(local_ms % DAY_MS / MINUTE_MS);
    int32_t back = moment->today - change->day;
    for (size_t i = 0; i < SERIES_NUMBERS; i++) {
        int64_t value = change->values[series_numbers[i]];
        if (back >= 0 && back < DAYS)
            moment->days[back][i] += value;
        for (size_t k = 0; is_own_day && k < SLICES; k++)
            moment->minutes[k][minute][i] += self->is_of[k][change->commune] ? value : 0;
    }
}

static void count(struct asof *self, const struct change *change)
{
    for (size_t k = 0; k < self->n_moments; k++) {
        struct moment *moment = &self->moments[k];
        if (change->at_ms > moment->at_ms)
            continue;
        int64_t *values = moment->communes[change->commune].values;
        for (size_t i = 0; i < ARRAY_LEN(change->values); i++)
            values[i] += change->values[i];
        if (change->day == moment->today) {
            values[DECLARED_TODAY] += change->values[DECLARED];
            values[PARTICIPANTS_TODAY] += change->values[PARTICIPANTS];
            values[ACCEPTED_TODAY] += change->values[ACCEPTED];
        }
        count_timed(self, moment, change);
    }
}

/* sign: -1 of what is taken back. */
static void pay(struct change *change, const Ansinh__V1__PaymentRecorded *in, int sign)
{
    int is_voluntary = in->product == 0 || in->product == ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
    if (!is_voluntary)
        return;
    change->day = in->paid_day;
    change->commune = in->commune;
    change->values[in->is_first ? PARTICIPANTS : RENEWED] = sign;
    change->values[PAYMENTS] = sign;
    change->values[REVERSED] = sign < 0;
    if (in->pockets == NULL)
        return;
    change->values[PARTICIPANT_VND] = sign * in->pockets->participant_vnd;
    change->values[CENTRAL_VND] = sign * in->pockets->central_vnd;
    change->values[LOCAL_VND] = sign * in->pockets->local_vnd;
    change->values[DONOR_VND] = sign * in->pockets->donor_vnd;
}

/* An acceptance counts where the declaration did. */
static void accept(struct asof *self, const Ansinh__V1__Event *event, struct change *change)
{
    uintptr_t commune = (uintptr_t)map_get(self->declared, event->citizen.data, event->citizen.len);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED) {
        change->day = event->participation_accepted->accepted_day;
        change->commune = event->participation_accepted->commune;
        change->values[ACCEPTED] = 1;
    } else {
        change->day = event->participation_returned->accepted_day;
        change->commune = event->participation_returned->commune;
        change->values[ACCEPTED] = change->day == 0 ? 0 : -1;
    }
    if (commune != 0)
        change->commune = (uint32_t)commune;
}

static int take(void *arg, unsigned partition, struct journal_position position,
                Ansinh__V1__Event *event)
{
    struct asof *self = arg;
    struct change change = {.at_ms = event->at_ms};
    const Ansinh__V1__PaymentReversed *reversal = event_reversal(event);
    (void)partition;
    (void)position;
    self->n_entries++;
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED) {
        change.day = event->participant_enrolled->enrolled_day;
        change.commune = event->participant_enrolled->commune;
        change.values[DECLARED] = 1;
        (void)map_put(self->declared, event->citizen.data, event->citizen.len,
                      (void *)(uintptr_t)change.commune);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED) {
        pay(&change, event->payment_recorded, 1);
    } else if (reversal != NULL) {
        pay(&change, reversal->payment, -1);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED ||
               event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED) {
        accept(self, event, &change);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED) {
        change.day = event->participation_ended->ended_day;
        change.commune = event->participation_ended->commune;
        change.values[ENDED] = 1;
    }
    if (change.commune > 0 && change.commune < COMMUNES)
        count(self, &change);
    return 0;
}

/* --- the comparison --------------------------------------------------------------------------- */

static void compare(struct asof *self, const struct moment *moment, const char *what,
                    const char *name, int64_t shown, int64_t folded)
{
    self->n_compared++;
    if (shown == folded)
        return;
    if (self->n_different++ < SAID_MAX)
        (void)fprintf(stderr, "asof: as of %lld: %s: %s is %lld, the journals say %lld\n",
                      (long long)moment->at_ms, what, name, (long long)shown, (long long)folded);
}

/* Every unit hangs once below another, or in what it was merged into. */
static void add_communes(const struct moment *moment, const struct directory_unit *unit,
                         struct sums *ret)
{
    if (unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE) {
        const struct sums *own = &moment->communes[strtoul(unit->code, NULL, 10)];
        for (size_t i = 0; i < NUMBERS; i++)
            ret->values[i] += own->values[i];
    }
    for (size_t i = 0; i < unit->n_children; i++)
        add_communes(moment, unit->children[i], ret);
    for (size_t i = 0; i < unit->n_predecessors; i++)
        add_communes(moment, unit->predecessors[i], ret);
}

static void mark_communes(const struct directory_unit *unit, uint8_t *ret)
{
    if (unit->level == ANSINH__V1__UNIT_LEVEL__UNIT_LEVEL_COMMUNE)
        ret[strtoul(unit->code, NULL, 10)] = 1;
    for (size_t i = 0; i < unit->n_children; i++)
        mark_communes(unit->children[i], ret);
    for (size_t i = 0; i < unit->n_predecessors; i++)
        mark_communes(unit->predecessors[i], ret);
}

/* The answer and a unit in it have the same names. */
#define NUMBERS_OF(in)                                                                             \
    {                                                                                              \
        {                                                                                          \
            (in)->declared, (in)->participants, (in)->payments, (in)->renewed, (in)->reversed,     \
                (in)->accepted, (in)->ended, (in)->paid->participant_vnd, (in)->paid->central_vnd, \
                (in)->paid->local_vnd, (in)->paid->donor_vnd, (in)->declared_today,                \
                (in)->participants_today, (in)->accepted_today                                     \
        }                                                                                          \
    }

static void compare_unit(struct asof *self, const struct moment *moment, const char *code,
                         const struct sums *shown)
{
    struct sums folded = {{0}};
    const struct directory_unit *unit = directory_unit(self->svc.directory, code);
    ASSERT(unit != NULL);
    add_communes(moment, unit, &folded);
    for (size_t i = 0; i < NUMBERS; i++)
        compare(self, moment, code, names[i], shown->values[i], folded.values[i]);
}

/* The answer, to be freed; what is wrong ends the process. */
static ProtobufCMessage *ask(struct asof *self, const char *method, const ProtobufCMessage *in,
                             const ProtobufCMessageDescriptor *out)
{
    struct err err = {0};
    struct bus_call call = {.service = "analytics", .method = method, .timeout_ms = ASK_MS};
    size_t len = protobuf_c_message_get_packed_size(in);
    uint8_t *packed = malloc(len + 1);
    ASSERT(packed != NULL);
    (void)protobuf_c_message_pack(in, packed);
    int code = cli_ask(&self->svc, &call, packed, len, &self->body, &err);
    free(packed);
    ProtobufCMessage *answer =
        code == 0 ? protobuf_c_message_unpack(out, NULL, self->body.len, self->body.data) : NULL;
    if (answer == NULL) {
        (void)fprintf(stderr, "asof: %s: %s %s\n", method, err.field, err.text);
        exit(1);
    }
    return answer;
}

static void compare_progress(struct asof *self, const struct moment *moment, const char *code)
{
    Ansinh__V1__GetProgressRequest in;
    ansinh__v1__get_progress_request__init(&in);
    in.unit_code = (char *)(uintptr_t)code;
    in.with_children = 1;
    in.as_of_ms = moment->at_ms;
    ProtobufCMessage *answer = ask(self, "ansinh.v1.Analytics/GetProgress", &in.base,
                                   &ansinh__v1__get_progress_response__descriptor);
    const Ansinh__V1__GetProgressResponse *out = (const void *)answer;
    const struct sums own = NUMBERS_OF(out);
    compare_unit(self, moment, code, &own);
    for (size_t i = 0; i < out->n_children; i++) {
        const struct sums child = NUMBERS_OF(out->children[i]);
        compare_unit(self, moment, out->children[i]->unit_code, &child);
    }
    compare(self, moment, code, "children", (int64_t)out->n_children,
            (int64_t)directory_unit(self->svc.directory, code)->n_children);
    protobuf_c_message_free_unpacked(answer, NULL);
}

/* rows: what was folded, by days back or by minutes; those shown are taken off, and nothing must be
 * left. */
static void compare_series(struct asof *self, const struct moment *moment, const char *code,
                           Ansinh__V1__Bucket bucket, const int64_t (*rows)[SERIES_NUMBERS],
                           size_t n_rows)
{
    static const Ansinh__V1__Metric metrics[SERIES_NUMBERS] = {
        ANSINH__V1__METRIC__METRIC_PAID, ANSINH__V1__METRIC__METRIC_DECLARED,
        ANSINH__V1__METRIC__METRIC_PAYMENTS, ANSINH__V1__METRIC__METRIC_PARTICIPANT_VND};
    int is_day = bucket == ANSINH__V1__BUCKET__BUCKET_DAY;
    int64_t(*shown)[SERIES_NUMBERS] = calloc(n_rows, sizeof(*shown));
    char from[DATE_TEXT_BYTES], until[DATE_TEXT_BYTES];
    Ansinh__V1__Slice slice;
    Ansinh__V1__GetSeriesRequest in;
    ASSERT(shown != NULL);
    ansinh__v1__slice__init(&slice);
    ansinh__v1__get_series_request__init(&in);
    date_format(moment->today - (is_day ? DAYS - 1 : 0), from);
    date_format(moment->today, until);
    slice.unit_code = (char *)(uintptr_t)code;
    in.slice = &slice;
    in.bucket = bucket;
    in.from = from;
    in.until = until;
    in.metrics = (Ansinh__V1__Metric *)(uintptr_t)metrics;
    in.n_metrics = SERIES_NUMBERS;
    in.as_of_ms = moment->at_ms;
    ProtobufCMessage *answer = ask(self, "ansinh.v1.Analytics/GetSeries", &in.base,
                                   &ansinh__v1__get_series_response__descriptor);
    const Ansinh__V1__GetSeriesResponse *out = (const void *)answer;
    for (size_t i = 0; i < out->n_points; i++) {
        int32_t day;
        const Ansinh__V1__SeriesPoint *point = out->points[i];
        int rc = date_parse(point->day, &day);
        size_t row = is_day ? (size_t)(moment->today - day) : point->hour * 60 + point->minute;
        ASSERT(rc == 0 && row < n_rows && point->n_values == SERIES_NUMBERS);
        memcpy(shown[row], point->values, sizeof(shown[row]));
    }
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t i = 0; i < SERIES_NUMBERS; i++)
            compare(self, moment, code, is_day ? "a day" : "a minute", shown[row][i], rows[row][i]);
    }
    protobuf_c_message_free_unpacked(answer, NULL);
    free(shown);
}

static void compare_moment(struct asof *self, const struct moment *moment)
{
    const struct directory_unit *country = directory_unit(self->svc.directory, "VN");
    compare_progress(self, moment, "VN");
    for (size_t i = 0; i < country->n_children; i++)
        compare_progress(self, moment, country->children[i]->code);
    compare_series(self, moment, "VN", ANSINH__V1__BUCKET__BUCKET_DAY, moment->days, DAYS);
    for (size_t k = 0; k < SLICES; k++)
        compare_series(self, moment, self->slices[k]->code, ANSINH__V1__BUCKET__BUCKET_MINUTE,
                       moment->minutes[k], DAY_MINUTES);
}

/* --- the run ---------------------------------------------------------------------------------- */

static void add_moment(struct asof *self, int64_t at_ms)
{
    struct moment *moment = &self->moments[self->n_moments++];
    moment->at_ms = at_ms;
    moment->today = clock_business_day(at_ms);
    moment->communes = calloc(COMMUNES, sizeof(*moment->communes));
    ASSERT(moment->communes != NULL);
}

/* Provinces without communes are left out. */
static const struct directory_unit *draw_province(const struct directory_unit *country,
                                                  uint64_t seed, uint64_t i)
{
    size_t first = draw_below(seed, i, (uint32_t)country->n_children);
    for (size_t k = 0; k < country->n_children; k++) {
        const struct directory_unit *province =
            country->children[(first + k) % country->n_children];
        if (province->n_children > 0)
            return province;
    }
    return NULL;
}

static int draw_slices(struct asof *self, uint64_t seed)
{
    self->slices[0] = directory_unit(self->svc.directory, "VN");
    for (size_t k = 1; k < SLICES && self->slices[0] != NULL; k++) {
        const struct directory_unit *province = draw_province(self->slices[0], seed, k);
        if (province == NULL)
            return -ENOENT;
        self->slices[k] =
            k == 1 ? province
                   : province->children[draw_below(seed, 100 + k, (uint32_t)province->n_children)];
    }
    for (size_t k = 0; k < SLICES && self->slices[0] != NULL; k++)
        mark_communes(self->slices[k], self->is_of[k]);
    return self->slices[0] == NULL ? -ENOENT : 0;
}

static int run(struct asof *self)
{
    struct err err = {0};
    unsigned long n_unreadable = 0;
    int32_t today = clock_business_day(clock_wall_ms());
    struct entries_query query = {.from_day = today - READ_DAYS, .to_day = today};
    if (entries_read(&self->svc, &query, take, self, &n_unreadable, &err) < 0)
        return cli_fail(1, "%s", err.text);
    for (size_t k = 0; k < self->n_moments; k++)
        compare_moment(self, &self->moments[k]);
    (void)printf("moments=%zu\nentries=%lld\nnumbers=%lld\ndifferences=%lld\n", self->n_moments,
                 (long long)self->n_entries, (long long)self->n_compared,
                 (long long)self->n_different);
    return self->n_different > 0 || n_unreadable > 0;
}

int main(int argc, char **argv)
{
    static const struct service_spec spec = {.name = "cli",
                                             .prefix = "CLI_",
                                             .needs = SERVICE_LEDGER | SERVICE_VIEWS |
                                                      SERVICE_CLIENT | SERVICE_DIRECTORY};
    static const char *const services[] = {"analytics", NULL};
    static struct asof self;
    int64_t from_ms, until_ms, n, seed;
    if (argc != 5 || parse_int64(argv[1], 1, INT64_MAX / 2, &from_ms) < 0 ||
        parse_int64(argv[2], from_ms, INT64_MAX / 2, &until_ms) < 0 ||
        parse_int64(argv[3], 0, TIMES_MAX - 1, &n) < 0 ||
        parse_int64(argv[4], 0, INT64_MAX, &seed) < 0)
        return cli_fail(2, "usage: asof FROM_MS UNTIL_MS TIMES SEED");
    if (cli_open(&self.svc, &spec, services) != 0)
        return 1;
    buf_init(&self.body, ANSWER_MAX_BYTES);
    self.declared = map_create();
    for (int64_t i = 0; i < n; i++)
        add_moment(&self,
                   (from_ms / 1000 + draw_below((uint64_t)seed, 1000 + (uint64_t)i,
                                                (uint32_t)((until_ms - from_ms) / 1000) + 1)) *
                       1000);
    add_moment(&self, until_ms);
    int status = draw_slices(&self, (uint64_t)seed) < 0
                     ? cli_fail(1, "the platform has no communes")
                     : run(&self);
    for (size_t k = 0; k < self.n_moments; k++)
        free(self.moments[k].communes);
    map_destroy(&self.declared);
    buf_fini(&self.body);
    service_close(&self.svc);
    return status;
}
