#include "services/cli/verify_facts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/analytics.pb-c.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "common/service/policy.h"
#include "common/service/postings.h"
#include "services/cli/verify_facts_read.h"

#define DIRECTORY_WAIT_MS 5000
#define DAY_MS (86400LL * 1000)
#define OFFSET_MS (7LL * 3600 * 1000)
#define KEPT_DAYS 1900
#define KIND_BITS 4
#define HASH_FACTOR 0x9fb21c651e98df25u

/* What must be stored. */
struct expected {
    struct fact_mark mark;
    int is_optional;
};

struct expecting {
    struct expected *rows;
    size_t n, capacity;
};

struct verify_facts {
    struct verify *verify;
    struct policy_book *book;
    struct directory *directory; /* of the amendments */
    struct facts_read stored;
    int is_early; /* the entry under way */
    int32_t today;
    struct expecting expecting[PARTITIONS];
};

/* --- the law ---------------------------------------------------------------------------------- */

/* Without the ledger's amendments it is that of the files. */
static void load_law(struct verify_facts *self)
{
    struct service *svc = &self->verify->svc;
    struct policy *files;
    struct err err = {0};
    int rc = policy_load(svc->conf.policy, &files, &err);
    if (rc == 0)
        rc = policy_book_create(&files, &self->book, &err);
    if (rc < 0) {
        verify_stop(self->verify, "the law cannot be read: %s", err.text);
        return;
    }
    self->directory = directory_create(svc->loop, svc->ledger);
    if (directory_load(self->directory, DIRECTORY_WAIT_MS, &err) == 0 &&
        policy_book_follow(self->book, self->directory, &err) < 0)
        verify_difference(self->verify, "an amendment does not fit the files: %s", err.text);
}

struct verify_facts *verify_facts_create(struct verify *verify)
{
    struct verify_facts *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->verify = verify;
    self->today = clock_business_day(clock_wall_ms());
    load_law(self);
    return self;
}

void verify_facts_destroy(struct verify_facts **self)
{
    struct verify_facts *facts = *self;
    facts_read_clear(&facts->stored);
    for (size_t i = 0; i < PARTITIONS; i++)
        free(facts->expecting[i].rows);
    directory_destroy(&facts->directory);
    policy_book_destroy(&facts->book);
    free(facts);
    *self = NULL;
}

int verify_facts_load(struct verify_facts *self)
{
    return facts_read(&self->stored, self->verify);
}

/* --- what an entry makes ---------------------------------------------------------------------- */

static uint64_t bits(uint64_t packed, unsigned width, uint64_t value)
{
    return packed << width | value;
}

/* A month from 1, counted from January 1900; 0: none. */
static uint64_t month_bits(uint32_t month)
{
    return month == 0 ? 0 : month - 1900 * 12 + 1;
}

static uint64_t months_bits(uint32_t from, struct month_range folded, uint32_t months)
{
    uint64_t packed = month_bits(from);
    packed = bits(packed, 12, month_bits(folded.from));
    packed = bits(packed, 12, month_bits(folded.to));
    return bits(packed, 11, months) << 13; /* method 3, deadline 8, two flags */
}

/* By when, in months from the first one that is due, under the law of the day. */
static uint64_t deadline_of(const struct verify_facts *self, uint8_t method, int64_t at_ms)
{
    const struct policy *law = policy_book_current(self->book);
    int32_t day = clock_business_day(at_ms);
    const struct policy_row *row = policy_on(law, POLICY_METHOD_DEADLINE, method, day);
    if (row != NULL)
        return (uint64_t)row->value;
    if (method == ANSINH__V1__METHOD__METHOD_FUTURE_YEARS)
        return policy_on(law, POLICY_FUTURE_YEARS_MAX, 0, day) != NULL;
    return method == ANSINH__V1__METHOD__METHOD_MISSING_MONTHS &&
           policy_on(law, POLICY_MISSING_MONTHS_MAX, 0, day) != NULL;
}

static uint64_t declared_bits(const struct verify_facts *self, Ansinh__V1__Method method,
                              uint32_t months, int is_declared, int64_t at_ms)
{
    uint64_t packed = bits((uint64_t)method, 8, deadline_of(self, (uint8_t)method, at_ms));
    return bits(packed, 2, (is_declared ? 2U : 0U) + (months > 0));
}

static uint32_t source_of(struct verify_facts *self, const char *organisation, const char *point,
                          const char *collector)
{
    int is_new = 0;
    uint32_t number =
        facts_read_source(&self->stored, organisation, point, collector, self->is_early, &is_new);
    if (is_new)
        verify_difference(self->verify, "{v:board}:sources: %.40s/%.40s/%.40s is missing",
                          organisation, point, collector);
    return number;
}

static void set_pockets(struct verify_fact *fact, const Ansinh__V1__Pockets *in, int32_t sign)
{
    if (in == NULL)
        return;
    fact->pockets[0] = sign * (int32_t)in->participant_vnd;
    fact->pockets[1] = sign * (int32_t)in->central_vnd;
    fact->pockets[2] = sign * (int32_t)in->local_vnd;
    fact->pockets[3] = sign * (int32_t)in->donor_vnd;
}

static int is_voluntary(const Ansinh__V1__PaymentRecorded *in)
{
    return in->product == ANSINH__V1__PRODUCT__PRODUCT_UNSPECIFIED ||
           in->product == ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI;
}

/* Of another product, a payment is a first one when no other stands. */
static void make_payment(struct verify_facts *self, struct fold_citizen *citizen,
                         const Ansinh__V1__PaymentRecorded *in, int32_t sign,
                         struct verify_fact *fact)
{
    int is_first = in->is_first != 0;
    fact->product_group =
        (uint8_t)(ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI << 4 | in->support_group);
    if (!is_voluntary(in)) {
        fact->product_group = (uint8_t)(in->product << 4 | in->support_group);
        citizen->other_payments -= sign < 0;
        is_first = citizen->other_payments == 0;
        citizen->other_payments += sign > 0;
    } else {
        const Ansinh__V1__PaymentUndo *undo = sign < 0 ? in->undo : NULL;
        struct month_range folded = {0, 0};
        if (undo != NULL)
            folded = (struct month_range){undo->folded_from, undo->folded_to};
        fact->terms = months_bits(in->from_month, folded, in->months) |
                      deadline_of(self, citizen->state.method, fact->at_ms) << 2;
    }
    if (sign > 0)
        fact->kind = is_first ? FACT_IS_FIRST_PAYMENT : FACT_IS_LATER_PAYMENT;
    else
        fact->kind = is_first ? FACT_IS_REVERSED_FIRST : FACT_IS_REVERSED_LATER;
    fact->day = (uint16_t)in->paid_day;
    fact->commune = in->commune;
    fact->source = source_of(self, in->partner[0] != '\0' ? in->partner : in->organisation_code,
                             in->point_code, in->collector_code);
    set_pockets(fact, in->pockets, sign);
}

static void make_declared(struct verify_facts *self, const Ansinh__V1__ParticipantEnrolled *in,
                          struct verify_fact *fact)
{
    fact->kind = FACT_IS_DECLARED;
    fact->day = (uint16_t)in->enrolled_day;
    fact->commune = in->commune;
    fact->source = source_of(self, "", "", in->collector_code);
    fact->product_group = (uint8_t)(1 << 4 | in->support_group);
    fact->terms = declared_bits(self, in->method, in->months, 0, fact->at_ms);
}

static void make_health_declared(struct verify_facts *self, const struct fold_citizen *citizen,
                                 const Ansinh__V1__HealthDeclared *in, struct verify_fact *fact)
{
    fact->kind = citizen->state.version == 1 ? FACT_IS_DECLARED : FACT_IS_CHANGED;
    fact->day = (uint16_t)in->declared_day;
    fact->commune = in->commune;
    fact->source = source_of(self, "", "", in->collector_code);
    fact->product_group = ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD << 4;
}

static void make_changed(struct verify_facts *self, const Ansinh__V1__ContributionChanged *in,
                         struct verify_fact *fact)
{
    fact->kind = FACT_IS_CHANGED;
    fact->day = (uint16_t)in->changed_day;
    fact->commune = in->commune;
    fact->source = source_of(self, "", "", in->collector_code);
    fact->product_group = (uint8_t)(1 << 4 | in->support_group);
    fact->terms = declared_bits(self, in->method, in->months, in->is_declared != 0, fact->at_ms);
}

/* The office's decision, where the declaration was counted; an acceptance is taken off its day. */
static int make_decided(const struct fold_citizen *citizen, const Ansinh__V1__Event *event,
                        struct verify_fact *fact)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED) {
        fact->kind = FACT_IS_ACCEPTED;
        fact->day = (uint16_t)event->participation_accepted->accepted_day;
    } else if (event->kind_case != ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED) {
        return 0;
    } else if (event->participation_returned->accepted_day == 0) {
        fact->kind = FACT_IS_RETURNED;
        fact->day = (uint16_t)event->participation_returned->returned_day;
    } else {
        fact->kind = FACT_IS_ACCEPTANCE_UNDONE;
        fact->day = (uint16_t)event->participation_returned->accepted_day;
    }
    fact->commune = citizen->declared.commune;
    fact->source = citizen->declared.source;
    fact->product_group = citizen->declared.product_group;
    return 1;
}

static int is_decided(const struct verify_fact *fact)
{
    return fact->kind == FACT_IS_ACCEPTED || fact->kind == FACT_IS_RETURNED ||
           fact->kind == FACT_IS_ACCEPTANCE_UNDONE;
}

/* 0: it makes none. */
static int make(struct verify_facts *self, struct fold_citizen *citizen,
                const Ansinh__V1__Event *event, struct verify_fact *fact)
{
    const Ansinh__V1__PaymentReversed *reversal = event_reversal(event);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED) {
        make_declared(self, event->participant_enrolled, fact);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_HEALTH_DECLARED) {
        make_health_declared(self, citizen, event->health_declared, fact);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED) {
        make_changed(self, event->contribution_changed, fact);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED) {
        const Ansinh__V1__ParticipationEnded *in = event->participation_ended;
        fact->kind = FACT_IS_ENDED;
        fact->day = (uint16_t)in->ended_day;
        fact->commune = in->commune;
        fact->source = citizen->last.source;
        fact->product_group = (uint8_t)(1 << 4 | (citizen->last.product_group & 15));
        fact->terms = months_bits(in->from_month, (struct month_range){0, 0}, in->months);
    } else if (event->kind_case == ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED) {
        make_payment(self, citizen, event->payment_recorded, 1, fact);
    } else if (reversal != NULL) {
        make_payment(self, citizen, reversal->payment, -1, fact);
    } else {
        return make_decided(citizen, event, fact);
    }
    return 1;
}

/* --- lapses ----------------------------------------------------------------------------------- */

static int64_t midnight_ms(int32_t day)
{
    return day * DAY_MS - OFFSET_MS;
}

/* The first day behind the deadline, as the citizen's state now is; 0: there is none. */
static int32_t lapse_day(const struct fold_citizen *citizen, uint64_t deadline_months)
{
    const struct citizen *state = &citizen->state;
    uint32_t until = coverage_until(&state->coverage);
    uint32_t declared = (uint32_t)month_of_day(state->declared_day);
    int is_missing = state->method == ANSINH__V1__METHOD__METHOD_MISSING_MONTHS;
    if (until == 0 && state->coverage.n_older == 0 && state->months_missing == 0)
        return 0; /* nothing stands that was paid */
    if (state->end_reason != END_NONE || deadline_months == 0)
        return 0;
    if (is_missing && state->lump_months == 0 && state->months_missing > 0)
        return 0; /* complete */
    uint32_t due = declared > until ? declared : until + 1;
    return month_first_day((int32_t)(due + (uint32_t)deadline_months));
}

static struct verify_fact turn_of(const struct fold_citizen *citizen, enum verify_fact_kind kind,
                                  int64_t at_ms, uint64_t position)
{
    const struct fold_board *place = kind == FACT_IS_RESUMED ? &citizen->lapsed : &citizen->last;
    struct verify_fact fact = {.at_ms = at_ms, .position = position, .kind = (uint8_t)kind};
    memcpy(&fact.citizen, citizen->hash, sizeof(fact.citizen));
    fact.day = (uint16_t)clock_business_day(at_ms);
    fact.source = place->source;
    fact.commune = place->commune;
    fact.product_group = place->product_group;
    return fact;
}

static int lapses_before(struct fold_citizen *citizen, int64_t at_ms, struct verify_fact *ret)
{
    if (citizen->is_lapsed || citizen->lapse_day == 0 || midnight_ms(citizen->lapse_day) > at_ms)
        return 0;
    *ret =
        turn_of(citizen, FACT_IS_LAPSED, midnight_ms(citizen->lapse_day), citizen->last.position);
    citizen->is_lapsed = 1;
    citizen->lapsed = citizen->last;
    return 1;
}

/* After the citizen's own fact: has it moved the deadline to the other side of now? */
static int turns(struct fold_citizen *citizen, const struct verify_fact *own,
                 struct verify_fact *ret)
{
    int is_voluntary_fact = own->product_group >> 4 == 1;
    int is_over = citizen->lapse_day != 0 && midnight_ms(citizen->lapse_day) <= own->at_ms;
    int is_declaration = own->kind == FACT_IS_CHANGED || own->kind == FACT_IS_DECLARED;
    if (!is_voluntary_fact || is_over == citizen->is_lapsed)
        return 0;
    if (citizen->is_lapsed && is_declaration)
        return 0; /* until it is paid */
    *ret = turn_of(citizen, is_over ? FACT_IS_LAPSED : FACT_IS_RESUMED, own->at_ms, own->position);
    citizen->is_lapsed = is_over;
    citizen->lapsed = citizen->last;
    return 1;
}

static void take_place(struct fold_citizen *citizen, const struct verify_fact *own)
{
    if (own->product_group >> 4 != 1)
        return;
    citizen->last =
        (struct fold_board){own->position, own->commune, own->source, own->product_group};
    if (own->kind == FACT_IS_DECLARED)
        citizen->declared = citizen->last;
    citizen->lapse_day = lapse_day(citizen, own->terms >> 2 & 255);
}

/* --- expecting -------------------------------------------------------------------------------- */

/* Rows of one position are told apart by a hash of all that is in them; its lowest bits are the
 * kind. */
struct fact_mark fact_mark_of(const struct verify_fact *fact)
{
    uint64_t words[sizeof(*fact) / 8], hash = 0;
    memcpy(words, fact, sizeof(words));
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        hash = (hash ^ words[i]) * HASH_FACTOR;
        hash ^= hash >> 29;
    }
    return (struct fact_mark){fact->position, hash << KIND_BITS | fact->kind};
}

static void expect(struct verify_facts *self, unsigned partition, const struct verify_fact *fact,
                   int is_optional)
{
    struct expecting *list = &self->expecting[partition];
    if (self->stored.is_absent)
        return;
    if (list->n == list->capacity) {
        list->capacity = MAX((size_t)256, 2 * list->capacity);
        list->rows = realloc(list->rows, list->capacity * sizeof(*list->rows));
        ASSERT(list->rows != NULL);
    }
    if (self->stored.first_chunk > 0 && fact->day < self->today - KEPT_DAYS)
        is_optional = 1;
    list->rows[list->n++] = (struct expected){fact_mark_of(fact), is_optional};
}

size_t verify_facts_apply(struct verify_facts *self, const struct fold *fold,
                          struct journal_position position, const Ansinh__V1__Event *event,
                          int is_early, struct verify_fact ret[VERIFY_FACTS_MAX])
{
    size_t n = 0;
    struct verify_fact own = {.at_ms = event->at_ms};
    struct fold_citizen *citizen = fold->citizen;
    own.position = position.seq << 24 | (uint64_t)position.epoch << 10 | fold->partition;
    if (citizen == NULL)
        return 0;
    memcpy(&own.citizen, citizen->hash, sizeof(own.citizen));
    self->is_early = is_early;
    if (!make(self, citizen, event, &own))
        return 0;
    n += (size_t)lapses_before(citizen, event->at_ms, &ret[0]);
    ret[n++] = own;
    if (!is_decided(&own)) { /* which moves no deadline */
        take_place(citizen, &own);
        n += (size_t)turns(citizen, &own, &ret[n]);
    }
    for (size_t i = 0; i < n; i++)
        expect(self, fold->partition, &ret[i], !is_early);
    return n;
}

/* --- comparing -------------------------------------------------------------------------------- */

static int compare_marks(const void *a, const void *b)
{
    const struct fact_mark *x = a, *y = b;
    if (x->position != y->position)
        return x->position < y->position ? -1 : 1;
    return x->hash == y->hash ? 0 : x->hash < y->hash ? -1 : 1;
}

/* Of rows that begin with a mark. They come in the order of the journals, almost all of them. */
static void sort_marks(void *rows, size_t n, size_t row_bytes)
{
    const uint8_t *bytes = rows;
    for (size_t i = 1; i < n; i++) {
        if (compare_marks(bytes + (i - 1) * row_bytes, bytes + i * row_bytes) > 0) {
            qsort(rows, n, row_bytes, compare_marks);
            return;
        }
    }
}

static void differ(struct verify_facts *self, const struct fact_mark *mark, const char *what)
{
    const ProtobufCEnumValue *kind = protobuf_c_enum_descriptor_get_value(
        &ansinh__v1__fact_kind__descriptor, (int)(mark->hash & ((1U << KIND_BITS) - 1)));
    struct journal_position position = {mark->position >> 10 & 16383, mark->position >> 24};
    char at[POSITION_TEXT_BYTES];
    position_format(mark->position & 1023, position, at);
    verify_difference(self->verify, "{v:board}:facts %s %s: %s", at,
                      kind == NULL ? "?" : kind->name, what);
}

/* Both ascending; each stored one stands for one expected. */
static void merge(struct verify_facts *self, const struct expecting *list,
                  const struct fact_marks *stored)
{
    size_t i = 0, k = 0;
    while (i < list->n || k < stored->n) {
        int order = i == list->n     ? 1
                    : k == stored->n ? -1
                                     : compare_marks(&list->rows[i].mark, &stored->marks[k]);
        if (order < 0 && !list->rows[i].is_optional)
            differ(self, &list->rows[i].mark, "is missing, or is another one");
        else if (order > 0)
            differ(self, &stored->marks[k], "the journals know nothing of it");
        i += order <= 0;
        k += order >= 0;
    }
}

/* Whose deadline has passed since the last entry: analytics may have noted it. */
static void expect_lapses(struct verify_facts *self, const struct fold *fold,
                          void (*lapsed)(void *arg, const struct verify_fact *fact), void *arg)
{
    const struct fact_marks *stored = &self->stored.partitions[fold->partition];
    int64_t now_ms = clock_wall_ms();
    struct fold_citizen *citizen;
    struct verify_fact fact;
    for (size_t cursor = 0; (citizen = map_next(fold->citizens, &cursor)) != NULL;) {
        if (!lapses_before(citizen, now_ms, &fact))
            continue;
        expect(self, fold->partition, &fact, 1);
        struct fact_mark mark = fact_mark_of(&fact);
        if (stored->n > 0 &&
            bsearch(&mark, stored->marks, stored->n, sizeof(mark), compare_marks) != NULL)
            lapsed(arg, &fact);
    }
}

void verify_facts_compare(struct verify_facts *self, const struct fold *fold,
                          void (*lapsed)(void *arg, const struct verify_fact *fact), void *arg)
{
    struct fact_marks *stored = &self->stored.partitions[fold->partition];
    struct expecting *list = &self->expecting[fold->partition];
    if (self->stored.is_absent)
        return;
    sort_marks(stored->marks, stored->n, sizeof(*stored->marks));
    expect_lapses(self, fold, lapsed, arg);
    sort_marks(list->rows, list->n, sizeof(*list->rows));
    merge(self, list, stored);
    free(list->rows);
    *list = (struct expecting){0};
}
