/* ListRecords: the facts behind a number, page by page. */
#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"
#include "services/analytics/analytics.h"
#include "services/analytics/bucket.h"
#include "services/analytics/page_token.h"
#include "services/analytics/question.h"

#define PAGE_MAX 500
#define PAGE_DEFAULT 100
#define PARTICIPANT_TEXT_BYTES 17
#define COMMUNE_TEXT_BYTES 12

struct records {
    struct question question;
    struct counted metric, payments;
    enum bucket_size size;
    size_t part; /* of its day: hour, or minute */
    int is_corrections_only;
    size_t page_size, n;
    uint64_t found[PAGE_MAX]; /* numbers of the facts of this page */
    int is_first;             /* page: it counts what all pages have */
    int has_more;
    struct page_token token; /* of the next page */
};

/* --- counting --------------------------------------------------------------------------------- */

static int is_wanted(const struct records *self, const struct fact *fact)
{
    const struct question *question = &self->question;
    struct buckets day = {self->size, fact->day, fact->day};
    return fact->day >= question->from && fact->day <= question->until &&
           question_takes(question, fact) && slice_has_day(&question->slice, fact) &&
           counted_measure(&self->metric, fact) != 0 &&
           (self->size == BUCKET_OF_DAY || bucket_of(&day, fact->day, fact->at_ms) == self->part) &&
           (!self->is_corrections_only || fact->at_ms >= business_day_start_ms(fact->day + 1));
}

static int visit(void *arg, const struct fact *facts, size_t n, uint64_t first)
{
    struct records *self = arg;
    for (size_t i = 0; i < n; i++) {
        if (!is_wanted(self, &facts[i]))
            continue;
        if (self->is_first) {
            self->token.total += counted_measure(&self->metric, &facts[i]);
            self->token.records++;
        }
        if (self->n < self->page_size) {
            self->found[self->n++] = first + i;
        } else if (!self->has_more) {
            self->has_more = 1;
            self->token.next = first + i;
        }
        if (self->has_more && !self->is_first)
            return 0;
    }
    return 1;
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Of all that decides which records there are; FNV-1a over the message. */
static int fingerprint(const Ansinh__V1__ListRecordsRequest *in, struct arena *arena, uint64_t *ret)
{
    char none[1] = "";
    Ansinh__V1__ListRecordsRequest question = *in;
    question.page_token = none;
    question.page_size = 0;
    question.as_of_ms = 0;
    question.facts = 0;
    size_t len = ansinh__v1__list_records_request__get_packed_size(&question);
    uint8_t *packed = arena_alloc(arena, len);
    if (packed == NULL)
        return -ENOMEM;
    (void)ansinh__v1__list_records_request__pack(&question, packed);
    *ret = 14695981039346656037ULL;
    for (size_t i = 0; i < len; i++)
        *ret = (*ret ^ packed[i]) * 1099511628211ULL;
    return 0;
}

/* The page before froze what is listed. */
static int take_token(struct records *self, const char *text, struct err *err)
{
    struct question *question = &self->question;
    const struct facts *facts = question->analytics->facts;
    struct page_token token;
    int32_t age_days;
    if (page_token_parse(text, &token) < 0)
        return err_field(err, -EINVAL, "page_token", "want the next_page_token of the page before");
    if (token.question != self->token.question)
        return err_field(err, -EINVAL, "page_token", "of another request");
    age_days = question->today - clock_business_day(token.as_of_ms);
    if (age_days < 0 || age_days > AS_OF_DAYS || token.facts == 0 || token.next >= token.facts)
        return err_field(err, -EINVAL, "page_token", "too old");
    if (token.facts > question->analytics->n_durable || token.facts <= facts_first(facts) ||
        facts_at(facts, token.facts - 1)->position != token.last_position)
        return err_field(err, -ESTALE, "page_token",
                         "the facts have been counted anew: ask for the first page again");
    self->token = token;
    question->as_of_ms = token.as_of_ms;
    question->facts = token.facts;
    question->begin = token.next;
    self->is_first = 0;
    return 0;
}

/* The first page freezes it. */
static int freeze(struct records *self, uint64_t facts_wanted, struct err *err)
{
    struct question *question = &self->question;
    const struct facts *facts = question->analytics->facts;
    if (facts_wanted > question->facts)
        return err_field(err, -ESTALE, "facts",
                         "there are fewer: ask for the number again, and open that one");
    if (facts_wanted > 0)
        question->facts = facts_wanted;
    self->is_first = 1;
    self->token.as_of_ms = question->as_of_ms;
    self->token.facts = question->facts;
    if (question->facts > facts_first(facts))
        self->token.last_position = facts_at(facts, question->facts - 1)->position;
    return 0;
}

static int take_bucket(struct records *self, const Ansinh__V1__ListRecordsRequest *in,
                       struct err *err)
{
    int is_minute = in->bucket == ANSINH__V1__BUCKET__BUCKET_MINUTE;
    int is_hour = in->bucket == ANSINH__V1__BUCKET__BUCKET_HOUR;
    if (protobuf_c_enum_descriptor_get_value(&ansinh__v1__bucket__descriptor, (int)in->bucket) ==
        NULL)
        return err_field(err, -EINVAL, "bucket", "no such bucket");
    if (in->hour > (is_hour || is_minute ? 23U : 0U))
        return err_field(err, -EINVAL, "hour", "want 0 to 23, by hour or minute");
    if (in->minute > (is_minute ? 59U : 0U))
        return err_field(err, -EINVAL, "minute", "want 0 to 59, by minute");
    self->size = is_minute ? BUCKET_OF_MINUTE : is_hour ? BUCKET_OF_HOUR : BUCKET_OF_DAY;
    self->part = is_minute ? in->hour * 60 + in->minute : in->hour;
    return 0;
}

static int prepare(struct question *question, struct err *err)
{
    struct records *self = (struct records *)question;
    const Ansinh__V1__ListRecordsRequest *in =
        (const Ansinh__V1__ListRecordsRequest *)question->input;
    if (in->page_size > PAGE_MAX)
        return err_field(err, -EINVAL, "page_size", "want 1 to %d, or 0", PAGE_MAX);
    self->page_size = in->page_size == 0 ? PAGE_DEFAULT : in->page_size;
    self->is_corrections_only = in->corrections_only;
    int rc = counted_of(in->metric, "metric", &self->metric, err);
    if (rc == 0)
        rc = counted_of(ANSINH__V1__METRIC__METRIC_PAYMENTS, "metric", &self->payments, err);
    if (rc == 0)
        rc = take_bucket(self, in, err);
    if (rc == 0)
        rc = question_days(in->from, in->until, 0, UINT16_MAX, &question->from, &question->until,
                           err);
    if (rc == 0)
        rc = fingerprint(in, question->arena, &self->token.question);
    if (rc < 0)
        return rc;
    return in->page_token[0] == '\0' ? freeze(self, in->facts, err)
                                     : take_token(self, in->page_token, err);
}

/* --- answering -------------------------------------------------------------------------------- */

static void fill_counts(const struct records *self, const struct fact *fact,
                        Ansinh__V1__Pockets *pockets, Ansinh__V1__Record *ret)
{
    const struct counted *counted = self->metric.pocket < 0 ? &self->metric : &self->payments;
    ansinh__v1__pockets__init(pockets);
    pockets->participant_vnd = fact->pockets[0];
    pockets->central_vnd = fact->pockets[1];
    pockets->local_vnd = fact->pockets[2];
    pockets->donor_vnd = fact->pockets[3];
    ret->pockets = pockets;
    ret->counts = (int32_t)counted_measure(counted, fact);
    ret->at_ms = fact->at_ms;
    ret->kind = (Ansinh__V1__FactKind)fact->kind;
    ret->product = slice_product(fact);
    ret->support_group = fact_group(fact);
}

static int fill_record(const struct records *self, const struct fact *fact, Ansinh__V1__Record *ret)
{
    unsigned partition;
    struct journal_position position;
    uint8_t citizen[sizeof(fact->citizen)];
    struct arena *arena = self->question.arena;
    const struct analytics *analytics = self->question.analytics;
    struct slice_source who =
        slice_source_of(analytics->svc->directory, facts_source(analytics->facts, fact->source));
    Ansinh__V1__Pockets *pockets = arena_alloc(arena, sizeof(*pockets));
    char *place = arena_alloc(arena, POSITION_TEXT_BYTES);
    char *day = arena_alloc(arena, DATE_TEXT_BYTES);
    char *participant = arena_alloc(arena, PARTICIPANT_TEXT_BYTES);
    ansinh__v1__record__init(ret);
    ret->unit_code = arena_printf(arena, "%05u", (unsigned)fact->commune);
    ret->organisation_code = arena_printf(arena, "%s", who.organisation);
    ret->point_code = arena_printf(arena, "%s", who.point);
    ret->collector_code = arena_printf(arena, "%s", who.collector);
    if (pockets == NULL || place == NULL || day == NULL || participant == NULL ||
        ret->unit_code == NULL || ret->organisation_code == NULL || ret->point_code == NULL ||
        ret->collector_code == NULL)
        return -ENOMEM;
    fact_position_unpack(fact->position, &partition, &position);
    position_format(partition, position, place);
    date_format(fact->day, day);
    memcpy(citizen, &fact->citizen, sizeof(citizen));
    format_hex(citizen, sizeof(citizen), participant);
    ret->position = place;
    ret->day = day;
    ret->participant = participant;
    fill_counts(self, fact, pockets, ret);
    return 0;
}

static int fill_records(struct records *self, Ansinh__V1__ListRecordsResponse *out)
{
    struct arena *arena = self->question.arena;
    Ansinh__V1__Record *rows = arena_alloc(arena, self->n * sizeof(*rows));
    out->records = arena_alloc(arena, self->n * sizeof(*out->records));
    if (rows == NULL || out->records == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < self->n; i++) {
        const struct fact *fact = facts_at(self->question.analytics->facts, self->found[i]);
        if (fill_record(self, fact, &rows[i]) < 0)
            return -ENOMEM;
        out->records[out->n_records++] = &rows[i];
    }
    return 0;
}

static void answer(struct question *question)
{
    struct records *self = (struct records *)question;
    char token[PAGE_TOKEN_TEXT_BYTES] = "";
    struct err err = {0};
    Ansinh__V1__ListRecordsResponse out;
    ansinh__v1__list_records_response__init(&out);
    if (self->has_more)
        page_token_format(&self->token, token);
    out.total = self->token.total;
    out.records_in_all = self->token.records;
    out.next_page_token = token;
    out.as_of_ms = question->as_of_ms;
    out.facts = question->facts;
    if (fill_records(self, &out) < 0)
        question_fail(question, -ENOMEM, &err);
    else
        question_reply(question, &out.base);
}

static const struct question_kind records_kind = {
    .size = sizeof(struct records), .prepare = prepare, .visit = visit, .answer = answer};

void on_list_records(void *arg, struct bus_request *request)
{
    const Ansinh__V1__ListRecordsRequest *in =
        (const Ansinh__V1__ListRecordsRequest *)request->input;
    question_ask(arg, request, &records_kind, in->as_of_ms, in->slice);
}
