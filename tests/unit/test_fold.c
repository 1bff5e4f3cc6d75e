/* Events to facts, and what is derived from them: lapses, and first payments of other products. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/domain/standing.h"
#include "services/analytics/fold.h"
#include "tests/support/law.h"

#define COMMUNE 2647
#define ELSEWHERE 2648
#define ROUNDS 3000
#define STEPS 12
#define HOUR_MS (3600LL * 1000)
#define KEPT_MAX 64

static struct facts *facts;
static struct people *people;
static uint8_t hash[16] = {1, 2, 3, 4, 5, 6, 7, 8};
static uint64_t seq;
static struct folded made[FOLD_FACTS_MAX]; /* of the last event */
static int n_made;
static struct folded kept[KEPT_MAX]; /* all since begin() */
static size_t n_kept;

static char post[] = "VNPOST", point[] = "P1", collector[] = "C1", nobody[] = "";

static void begin(void)
{
    facts_clear(facts);
    people_clear(people);
    seq = 0;
    n_kept = 0;
}

static int open_all(void **state)
{
    facts = facts_create();
    people = people_create();
    begin();
    return law_open(state);
}

static int close_all(void **state)
{
    facts_destroy(&facts);
    people_destroy(&people);
    return law_close(state);
}

/* Recorded at ten in the morning. */
static int64_t at(const char *date)
{
    return business_day_start_ms(day_of(date)) + 10 * HOUR_MS;
}

static int fold_it(Ansinh__V1__Event *event, int64_t at_ms)
{
    event->at_ms = at_ms;
    event->citizen = (ProtobufCBinaryData){sizeof(hash), hash};
    struct projector_event in = {513, {1, ++seq}, event};
    n_made = fold_event(facts, people, law, &in, made);
    for (int i = 0; i < n_made; i++)
        kept[n_kept++ % KEPT_MAX] = made[i];
    return n_made;
}

static int enrol(const char *date, enum method method)
{
    Ansinh__V1__Event event = ANSINH__V1__EVENT__INIT;
    Ansinh__V1__ParticipantEnrolled in = ANSINH__V1__PARTICIPANT_ENROLLED__INIT;
    in.commune = COMMUNE;
    in.enrolled_day = day_of(date);
    in.method = (Ansinh__V1__Method)method;
    in.collector_code = collector;
    in.support_group = ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_POOR;
    event.kind_case = ANSINH__V1__EVENT__KIND_PARTICIPANT_ENROLLED;
    event.participant_enrolled = &in;
    return fold_it(&event, at(date));
}

static void fill_payment(Ansinh__V1__PaymentRecorded *in, Ansinh__V1__Pockets *pockets,
                         const char *date, const char *from, uint32_t months)
{
    *pockets = (Ansinh__V1__Pockets)ANSINH__V1__POCKETS__INIT;
    pockets->participant_vnd = 264000;
    pockets->central_vnd = 66000;
    *in = (Ansinh__V1__PaymentRecorded)ANSINH__V1__PAYMENT_RECORDED__INIT;
    in->commune = COMMUNE;
    in->paid_day = day_of(date);
    in->from_month = (uint32_t)month_of(from);
    in->months = months;
    in->pockets = pockets;
    in->is_first = seq == 1;
    in->organisation_code = post;
    in->point_code = point;
}

static int pay(const char *date, const char *from, uint32_t months)
{
    Ansinh__V1__Event event = ANSINH__V1__EVENT__INIT;
    Ansinh__V1__PaymentRecorded in;
    Ansinh__V1__Pockets pockets;
    fill_payment(&in, &pockets, date, from, months);
    event.kind_case = ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED;
    event.payment_recorded = &in;
    return fold_it(&event, at(date));
}

static int reverse(const char *date, const char *paid_on, const char *from, uint32_t months,
                   int is_first)
{
    Ansinh__V1__Event event = ANSINH__V1__EVENT__INIT;
    Ansinh__V1__PaymentReversed in = ANSINH__V1__PAYMENT_REVERSED__INIT;
    Ansinh__V1__PaymentRecorded paid;
    Ansinh__V1__Pockets pockets;
    fill_payment(&paid, &pockets, paid_on, from, months);
    paid.is_first = is_first;
    in.payment = &paid;
    event.kind_case = ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED;
    event.payment_reversed = &in;
    return fold_it(&event, at(date));
}

static int change(const char *date, enum method method, uint32_t commune)
{
    Ansinh__V1__Event event = ANSINH__V1__EVENT__INIT;
    Ansinh__V1__ContributionChanged in = ANSINH__V1__CONTRIBUTION_CHANGED__INIT;
    in.commune = commune;
    in.changed_day = day_of(date);
    in.is_declared = 1;
    in.method = (Ansinh__V1__Method)method;
    event.kind_case = ANSINH__V1__EVENT__KIND_CONTRIBUTION_CHANGED;
    event.contribution_changed = &in;
    return fold_it(&event, at(date));
}

static int end(const char *date)
{
    Ansinh__V1__Event event = ANSINH__V1__EVENT__INIT;
    Ansinh__V1__ParticipationEnded in = ANSINH__V1__PARTICIPATION_ENDED__INIT;
    in.commune = COMMUNE;
    in.ended_day = day_of(date);
    event.kind_case = ANSINH__V1__EVENT__KIND_PARTICIPATION_ENDED;
    event.participation_ended = &in;
    return fold_it(&event, at(date));
}

static int accept(const char *date)
{
    Ansinh__V1__Event event = ANSINH__V1__EVENT__INIT;
    Ansinh__V1__ParticipationAccepted in = ANSINH__V1__PARTICIPATION_ACCEPTED__INIT;
    in.commune = ELSEWHERE;
    in.accepted_day = day_of(date);
    event.kind_case = ANSINH__V1__EVENT__KIND_PARTICIPATION_ACCEPTED;
    event.participation_accepted = &in;
    return fold_it(&event, at(date));
}

/* accepted_on "": it was not. */
static int give_back(const char *date, const char *accepted_on)
{
    Ansinh__V1__Event event = ANSINH__V1__EVENT__INIT;
    Ansinh__V1__ParticipationReturned in = ANSINH__V1__PARTICIPATION_RETURNED__INIT;
    in.commune = ELSEWHERE;
    in.returned_day = day_of(date);
    in.accepted_day = accepted_on[0] == '\0' ? 0 : day_of(accepted_on);
    event.kind_case = ANSINH__V1__EVENT__KIND_PARTICIPATION_RETURNED;
    event.participation_returned = &in;
    return fold_it(&event, at(date));
}

static struct person *the_person(void)
{
    return people_at(people, 0);
}

/* The first day on which the person is lapsed; "": none in sight. */
static void assert_lapses_on(const char *date)
{
    struct fact fact;
    int is_due = person_is_due(the_person(), at("2190-01-01"), &fact);
    assert_int_equal(is_due, date[0] != '\0');
    if (!is_due)
        return;
    assert_int_equal(fact.day, day_of(date));
    assert_true(fact.at_ms == business_day_start_ms(day_of(date)));
    assert_int_equal(person_is_due(the_person(), fact.at_ms - 1, &fact), 0);
}

static void a_declaration_is_a_fact(void **state)
{
    (void)state;
    assert_int_equal(enrol("2026-01-10", METHOD_IS_MONTHLY), 1);
    const struct fact *fact = &made[0].fact;
    assert_int_equal(fact->kind, FACT_DECLARED);
    assert_int_equal(fact->commune, COMMUNE);
    assert_int_equal(fact->day, day_of("2026-01-10"));
    assert_true(fact->at_ms == at("2026-01-10"));
    assert_int_equal(fact_product(fact), ANSINH__V1__PRODUCT__PRODUCT_VOLUNTARY_SI);
    assert_int_equal(fact_group(fact), ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_POOR);
    assert_string_equal(facts_source(facts, fact->source)->collector, "C1");
    unsigned partition;
    struct journal_position position;
    fact_position_unpack(fact->position, &partition, &position);
    assert_int_equal(partition, 513);
    assert_int_equal(position.seq, 1);
}

static void payments_and_reversals_are_facts(void **state)
{
    (void)state;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    assert_int_equal(pay("2026-01-12", "2026-01", 1), 1);
    assert_int_equal(made[0].fact.kind, FACT_FIRST_PAYMENT);
    assert_int_equal(made[0].fact.pockets[0], 264000);
    assert_string_equal(facts_source(facts, made[0].fact.source)->organisation, "VNPOST");
    assert_int_equal(pay("2026-02-12", "2026-02", 1), 1);
    assert_int_equal(made[0].fact.kind, FACT_LATER_PAYMENT);
    assert_int_equal(reverse("2026-02-13", "2026-02-12", "2026-02", 1, 0), 1);
    assert_int_equal(made[0].fact.kind, FACT_REVERSED_LATER);
    assert_int_equal(made[0].fact.pockets[1], -66000);
    assert_int_equal(made[0].fact.day, day_of("2026-02-12"));
    assert_true(made[0].fact.at_ms == at("2026-02-13"));
}

static void assert_counts_as_declared(const struct fact *fact, enum fact_kind kind, const char *day)
{
    assert_int_equal(fact->kind, kind);
    assert_int_equal(fact->day, day_of(day));
    assert_int_equal(fact->commune, COMMUNE);
    assert_int_equal(fact_group(fact), ANSINH__V1__SUPPORT_GROUP__SUPPORT_GROUP_POOR);
    assert_string_equal(facts_source(facts, fact->source)->collector, "C1");
    assert_string_equal(facts_source(facts, fact->source)->organisation, "");
}

static void an_acceptance_counts_where_the_declaration_did(void **state)
{
    (void)state;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    assert_int_equal(give_back("2026-01-11", ""), 1);
    assert_counts_as_declared(&made[0].fact, FACT_RETURNED, "2026-01-11");
    pay("2026-01-12", "2026-01", 1);
    assert_int_equal(accept("2026-01-14"), 1);
    assert_counts_as_declared(&made[0].fact, FACT_ACCEPTED, "2026-01-14");
    assert_lapses_on("2026-03-01"); /* as before */
    change("2026-02-01", METHOD_IS_MONTHLY, ELSEWHERE);
    assert_int_equal(give_back("2026-02-05", "2026-01-14"), 1);
    assert_counts_as_declared(&made[0].fact, FACT_ACCEPTANCE_UNDONE, "2026-01-14");
    assert_true(made[0].fact.at_ms == at("2026-02-05"));
    int64_t sums[FACT_METRICS] = {0};
    for (size_t i = 0; i < n_kept; i++)
        fact_measures(&kept[i].fact, sums);
    assert_int_equal(sums[FACT_METRIC_ACCEPTED], 0);
    assert_int_equal(sums[FACT_METRIC_DECLARED], 1);
}

static void an_acceptance_ends_no_lapse(void **state)
{
    (void)state;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    pay("2026-01-12", "2026-01", 1);
    assert_int_equal(accept("2026-03-02"), 2);
    assert_int_equal(made[0].fact.kind, FACT_LAPSED);
    assert_int_equal(made[1].fact.kind, FACT_ACCEPTED);
    assert_int_equal(pay("2026-03-03", "2026-03", 1), 2);
    assert_int_equal(made[1].fact.kind, FACT_RESUMED);
    assert_string_equal(facts_source(facts, made[1].fact.source)->point, "P1");
}

static void without_its_declaration_an_acceptance_counts_where_it_says(void **state)
{
    (void)state;
    assert_int_equal(accept("2026-03-02"), 1);
    assert_int_equal(made[0].fact.kind, FACT_ACCEPTED);
    assert_int_equal(made[0].fact.commune, ELSEWHERE);
    assert_int_equal(made[0].fact.source, 0);
}

static void who_never_paid_does_not_lapse(void **state)
{
    (void)state;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    assert_lapses_on("");
    pay("2026-01-12", "2026-01", 1);
    assert_lapses_on("2026-03-01");
    assert_int_equal(reverse("2026-01-13", "2026-01-12", "2026-01", 1, 1), 1);
    assert_int_equal(made[0].fact.kind, FACT_REVERSED_FIRST);
    assert_lapses_on("");
}

static void a_lapse_is_dated_behind_its_deadline(void **state)
{
    (void)state;
    enrol("2026-01-10", METHOD_IS_QUARTERLY);
    pay("2026-01-12", "2026-01", 3);
    assert_lapses_on("2026-07-01");
    assert_int_equal(pay("2026-08-05", "2026-08", 3), 3);
    assert_int_equal(made[0].fact.kind, FACT_LAPSED);
    assert_int_equal(made[0].fact.day, day_of("2026-07-01"));
    assert_int_equal(made[0].fact.position, kept[1].fact.position);
    assert_int_equal(made[1].fact.kind, FACT_LATER_PAYMENT);
    assert_int_equal(made[2].fact.kind, FACT_RESUMED);
    assert_true(made[2].fact.at_ms == at("2026-08-05"));
    assert_lapses_on("2027-02-01");
}

static void a_lapse_is_noted_once(void **state)
{
    (void)state;
    struct folded folded;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    pay("2026-01-12", "2026-01", 1);
    assert_int_equal(fold_lapse(the_person(), at("2026-02-28"), &folded), 0);
    assert_int_equal(fold_lapse(the_person(), at("2026-03-01"), &folded), 1);
    assert_int_equal(fold_lapse(the_person(), at("2026-04-01"), &folded), 0);
    assert_int_equal(pay("2026-03-02", "2026-03", 1), 2);
    assert_int_equal(made[1].fact.kind, FACT_RESUMED);
}

static void a_lapse_ends_where_it_was_counted(void **state)
{
    (void)state;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    pay("2026-01-12", "2026-01", 1);
    assert_int_equal(change("2026-03-05", METHOD_IS_MONTHLY, ELSEWHERE), 2);
    assert_int_equal(made[0].fact.kind, FACT_LAPSED);
    assert_int_equal(made[0].fact.commune, COMMUNE);
    /* a declaration alone ends no lapse */
    assert_int_equal(made[1].fact.kind, FACT_CHANGED);
    assert_int_equal(pay("2026-03-06", "2026-03", 1), 2);
    assert_int_equal(made[1].fact.kind, FACT_RESUMED);
    assert_int_equal(made[1].fact.commune, COMMUNE);
    assert_string_equal(facts_source(facts, made[1].fact.source)->point, "P1");
    assert_lapses_on("2026-05-01");
}

static void an_end_ends_a_lapse_too(void **state)
{
    (void)state;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    pay("2026-01-12", "2026-01", 1);
    assert_int_equal(end("2026-06-01"), 3);
    assert_int_equal(made[0].fact.kind, FACT_LAPSED);
    assert_int_equal(made[1].fact.kind, FACT_ENDED);
    assert_int_equal(fact_group(&made[1].fact), 0);
    assert_int_equal(made[2].fact.kind, FACT_RESUMED);
    assert_lapses_on("");
}

static void a_declaration_moves_the_deadline(void **state)
{
    (void)state;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    pay("2026-01-12", "2026-01", 1);
    change("2026-02-05", METHOD_IS_YEARLY, COMMUNE);
    assert_lapses_on("2026-09-01");
}

static void a_reversal_may_lapse_at_once(void **state)
{
    (void)state;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    pay("2026-01-12", "2026-01", 1);
    pay("2026-02-12", "2026-02", 1);
    assert_int_equal(reverse("2026-03-03", "2026-02-12", "2026-02", 1, 0), 2);
    assert_int_equal(made[1].fact.kind, FACT_LAPSED);
    assert_true(made[1].fact.at_ms == at("2026-03-03"));
    assert_int_equal(made[1].fact.day, day_of("2026-03-03"));
}

static int pay_other(const char *date, int sign)
{
    Ansinh__V1__Event event = ANSINH__V1__EVENT__INIT;
    Ansinh__V1__PaymentReversed reversed = ANSINH__V1__PAYMENT_REVERSED__INIT;
    Ansinh__V1__PaymentRecorded in;
    Ansinh__V1__Pockets pockets;
    fill_payment(&in, &pockets, date, "2026-01", 12);
    in.product = ANSINH__V1__PRODUCT__PRODUCT_HEALTH_HOUSEHOLD;
    in.from_month = 0;
    reversed.payment = &in;
    event.kind_case = sign > 0 ? ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED
                               : ANSINH__V1__EVENT__KIND_PAYMENT_REVERSED;
    if (sign > 0)
        event.payment_recorded = &in;
    else
        event.payment_reversed = &reversed;
    return fold_it(&event, at(date));
}

static void other_products_have_first_payments_of_their_own(void **state)
{
    (void)state;
    assert_int_equal(pay_other("2026-01-05", 1), 1);
    assert_int_equal(made[0].fact.kind, FACT_FIRST_PAYMENT);
    assert_int_equal(fact_product(&made[0].fact), 2);
    pay_other("2026-01-06", 1);
    assert_int_equal(made[0].fact.kind, FACT_LATER_PAYMENT);
    pay_other("2026-01-06", -1);
    assert_int_equal(made[0].fact.kind, FACT_REVERSED_LATER);
    pay_other("2026-01-07", -1);
    assert_int_equal(made[0].fact.kind, FACT_REVERSED_FIRST);
    assert_lapses_on("");
}

static void what_no_fact_holds_is_refused(void **state)
{
    (void)state;
    Ansinh__V1__Event event = ANSINH__V1__EVENT__INIT;
    Ansinh__V1__PaymentRecorded in;
    Ansinh__V1__Pockets pockets;
    char code[FACT_CODE_BYTES + 1];
    fill_payment(&in, &pockets, "2026-01-05", "2026-01", 1);
    event.kind_case = ANSINH__V1__EVENT__KIND_PAYMENT_RECORDED;
    event.payment_recorded = &in;
    pockets.donor_vnd = (int64_t)INT32_MAX + 1;
    assert_int_equal(fold_it(&event, at("2026-01-05")), -ERANGE);
    pockets.donor_vnd = INT32_MAX;
    in.paid_day = -1;
    assert_int_equal(fold_it(&event, at("2026-01-05")), -ERANGE);
    in.paid_day = UINT16_MAX;
    in.months = 2048;
    assert_int_equal(fold_it(&event, at("2026-01-05")), -ERANGE);
    in.months = 1;
    memset(code, 'x', sizeof(code));
    code[FACT_CODE_BYTES] = '\0';
    in.point_code = code;
    assert_int_equal(fold_it(&event, at("2026-01-05")), -ERANGE);
    in.point_code = nobody;
    seq = 1ULL << 40;
    assert_int_equal(fold_it(&event, at("2026-01-05")), -ERANGE);
    seq = 0;
    assert_int_equal(fold_it(&event, at("2026-01-05")), 1);
}

static void terms_are_one_number(void **state)
{
    (void)state;
    struct fact_terms terms = {
        .from_month = 2199 * 12 + 11,
        .months = 2047,
        .folded = {1900 * 12, 2026 * 12 + 5},
        .method = 7,
        .deadline_months = 255,
        .is_declared = 1,
    };
    struct fact_terms back;
    uint64_t packed;
    assert_int_equal(fact_terms_pack(&terms, &packed), 0);
    fact_terms_unpack(packed, &back);
    assert_int_equal(back.from_month, terms.from_month);
    assert_int_equal(back.months, 2047);
    assert_int_equal(back.folded.from, terms.folded.from);
    assert_int_equal(back.folded.to, terms.folded.to);
    assert_int_equal(back.method, 7);
    assert_int_equal(back.deadline_months, 255);
    assert_int_equal(back.is_declared, 1);
    assert_int_equal(back.is_lump_sum, 0);
    terms.from_month = 2200 * 12;
    assert_int_equal(fact_terms_pack(&terms, &packed), -ERANGE);
    terms.from_month = 1;
    assert_int_equal(fact_terms_pack(&terms, &packed), -ERANGE);
}

/* --- against the standing of a participant's record ------------------------------------------- */

static int drawn(int n)
{
    return rand() % n;
}

/* The next payment, as its standing asks for it, into the record and as an event. */
static void pay_what_is_due(struct citizen *record, int32_t day)
{
    static const uint32_t periods[METHODS] = {0, 1, 3, 6, 12, 24, 0};
    char date[DATE_TEXT_BYTES], from[MONTH_TEXT_BYTES];
    struct standing standing;
    assert_int_equal(standing_on(law, record, day, &standing, NULL), 0);
    uint32_t months = periods[record->method];
    struct month_range range = {standing.from_month, standing.from_month + months - 1};
    if (coverage_add(&record->coverage, range, NULL) < 0)
        return;
    date_format(day, date);
    month_format((int32_t)standing.from_month, from);
    pay(date, from, months);
}

static void declare_anew(struct citizen *record, int32_t day)
{
    char date[DATE_TEXT_BYTES];
    record->method = (uint8_t)(1 + drawn(4));
    record->declared_day = day;
    date_format(day, date);
    change(date, (enum method)record->method, COMMUNE);
}

/* Lapsed, but for who has declared since and did not pay, on every day until the next step. */
static void assert_as_standing(const struct citizen *record, int32_t day, int32_t until)
{
    for (; day < until; day++) {
        struct standing standing;
        struct fact fact;
        assert_int_equal(standing_on(law, record, day, &standing, NULL), 0);
        int is_due = person_is_due(the_person(), business_day_start_ms(day), &fact);
        if (is_due != (standing.state == STANDING_LAPSED))
            fail_msg("day %d: state %d, lapsed %d", (int)day, (int)standing.state, is_due);
    }
}

/* Random lives in which nothing is ever paid late, so that no lapse is noted: what is due is asked
 * of the person every day, and of the record's standing. */
static void deadlines_are_those_of_the_standing(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < ROUNDS; round++) {
        char date[DATE_TEXT_BYTES];
        int32_t day = day_of("2025-07-01") + drawn(200);
        struct citizen record = {.method = (uint8_t)(1 + drawn(5)),
                                 .enrolled_day = day,
                                 .declared_day = day,
                                 .has_paid = 1};
        begin();
        date_format(day, date);
        enrol(date, (enum method)record.method);
        for (int step = 0; step < STEPS; step++) {
            struct fact fact;
            int32_t next = day + 1 + drawn(40);
            assert_as_standing(&record, day, next);
            day = next;
            if (person_is_due(the_person(), business_day_start_ms(day), &fact))
                break;
            if (drawn(6) == 0 && record.method != METHOD_IS_FUTURE_YEARS)
                declare_anew(&record, day);
            else
                pay_what_is_due(&record, day);
        }
    }
}

/* What is stored makes the same person again. */
static void people_are_made_anew_from_facts(void **state)
{
    (void)state;
    struct fact before, after;
    enrol("2026-01-10", METHOD_IS_MONTHLY);
    pay("2026-01-12", "2026-01", 1);
    pay("2026-05-12", "2026-05", 1);
    change("2026-05-20", METHOD_IS_QUARTERLY, ELSEWHERE);
    pay("2026-05-21", "2026-06", 3);
    reverse("2026-05-22", "2026-05-21", "2026-06", 3, 0);
    assert_int_equal(person_is_due(the_person(), at("2100-01-01"), &before), 1);
    people_clear(people);
    assert_int_equal(n_kept, 8);
    for (size_t i = 0; i < n_kept; i++)
        person_take(people_get(people, kept[i].fact.citizen), &kept[i].fact, kept[i].terms);
    assert_int_equal(person_is_due(the_person(), at("2100-01-01"), &after), 1);
    assert_memory_equal(&before, &after, sizeof(before));
}

static void many_people_are_found_again(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 200000; i++)
        (void)people_get(people, i * 0x9e3779b97f4a7c15u);
    assert_int_equal(people_count(people), 200000);
    struct person *one = people_get(people, 77 * 0x9e3779b97f4a7c15u);
    assert_ptr_equal(one, people_at(people, 76));
    assert_int_equal(people_count(people), 200000);
    assert_true(people_bytes(people) < 200000 * 100);
}

#define WITH_ALL(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

static const struct CMUnitTest tests[] = {
    WITH_ALL(a_declaration_is_a_fact),
    WITH_ALL(payments_and_reversals_are_facts),
    WITH_ALL(an_acceptance_counts_where_the_declaration_did),
    WITH_ALL(an_acceptance_ends_no_lapse),
    WITH_ALL(without_its_declaration_an_acceptance_counts_where_it_says),
    WITH_ALL(who_never_paid_does_not_lapse),
    WITH_ALL(a_lapse_is_dated_behind_its_deadline),
    WITH_ALL(a_lapse_is_noted_once),
    WITH_ALL(a_lapse_ends_where_it_was_counted),
    WITH_ALL(an_end_ends_a_lapse_too),
    WITH_ALL(a_declaration_moves_the_deadline),
    WITH_ALL(a_reversal_may_lapse_at_once),
    WITH_ALL(other_products_have_first_payments_of_their_own),
    WITH_ALL(what_no_fact_holds_is_refused),
    WITH_ALL(terms_are_one_number),
    WITH_ALL(deadlines_are_those_of_the_standing),
    WITH_ALL(people_are_made_anew_from_facts),
    WITH_ALL(many_people_are_found_again),
};

TEST_MAIN(tests)
