/* Documents laid over the deployed law: what is refused and which field it names; what the law's
 * digest tells apart. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/json/json.h"
#include "common/service/policy.h"
#include "common/service/policy_amendment.h"
#include "common/service/policy_book.h"

#define JSON_BYTES 32768
#define ARENA_BYTES (8 * 1024 * 1024)

struct fixture {
    struct policy *policy;
    struct arena *arena;
    int32_t today;
    struct err err;
    unsigned n_effects;
};

static int fixture_open(void **state)
{
    struct fixture *self = calloc(1, sizeof(*self));
    assert_non_null(self);
    assert_int_equal(policy_load("deploy/policy", &self->policy, NULL), 0);
    self->arena = arena_create(ARENA_BYTES);
    self->today = date_make(2026, 11, 22);
    *state = self;
    return 0;
}

static int fixture_close(void **state)
{
    struct fixture *self = *state;
    policy_destroy(&self->policy);
    arena_destroy(&self->arena);
    free(self);
    return 0;
}

static const Ansinh__V1__PolicyDocument *document_of(struct fixture *self, const char *json)
{
    static char text[JSON_BYTES];
    ProtobufCMessage *message;
    assert_true(snprintf(text, sizeof(text), "%s", json) < JSON_BYTES);
    for (char *quote = text; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
    if (json_to_message(text, strlen(text), &ansinh__v1__policy_document__descriptor, self->arena,
                        &message, &self->err) < 0)
        fail_msg("%s: %s: %s", json, self->err.field, self->err.text);
    return (const Ansinh__V1__PolicyDocument *)message;
}

static void hear(void *arg, enum policy_table_id table, enum policy_effect effect,
                 const struct policy_row *before, const struct policy_row *after)
{
    struct fixture *self = arg;
    (void)table;
    assert_true((before == NULL) == (effect == EFFECT_ADDED));
    assert_true((after == NULL) == (effect == EFFECT_REPLACED));
    self->n_effects++;
}

static int amend(struct fixture *self, const char *json)
{
    self->err = (struct err){{0}, {0}};
    self->n_effects = 0;
    struct policy *after;
    assert_int_equal(policy_copy(self->policy, &after), 0);
    int rc = policy_amend(after, "decree", document_of(self, json), self->today, &self->err);
    if (rc >= 0) {
        policy_compare(self->policy, after, hear, self);
        policy_destroy(&self->policy);
        self->policy = after;
    } else {
        policy_destroy(&after);
    }
    return rc;
}

static void expect_amended(struct fixture *self, const char *json, int n_changed,
                           unsigned n_effects)
{
    int rc = amend(self, json);
    if (rc != n_changed || self->n_effects != n_effects)
        fail_msg("%s: %d, %u effects, %s: %s", json, rc, self->n_effects, self->err.field,
                 self->err.text);
}

static void expect_refused(struct fixture *self, const char *json, const char *field,
                           const char *said)
{
    int rc = amend(self, json);
    if (rc != -EINVAL || strcmp(self->err.field, field) != 0 ||
        strstr(self->err.text, said) == NULL)
        fail_msg("%s: %d, %s: %s", json, rc, self->err.field, self->err.text);
}

#define LINE(from, vnd)                                                                            \
    "{'povertyLine':[{'from':'" from "','vnd':'" vnd "','citation':'Decree of a test'}]}"

static void a_decree_changes_what_follows_it(void **state)
{
    struct fixture *self = *state;
    expect_amended(self, LINE("2028-01-01", "2500000"), 1, 2);
    const struct policy_row *row =
        policy_on(self->policy, POLICY_POVERTY_LINE, 0, date_make(2028, 1, 1));
    assert_int_equal(row->value, 2500000);
    assert_string_equal(row->citation, "Decree of a test");
    row = policy_on(self->policy, POLICY_POVERTY_LINE, 0, date_make(2027, 12, 31));
    assert_int_equal(row->value, 2200000);
    /* the same once more is nothing new */
    expect_amended(self, LINE("2028-01-01", "2500000"), 0, 0);
    /* an earlier one takes the later one's place, too */
    expect_amended(self, LINE("2026-11-23", "1600000"), 1, 4);
    row = policy_on(self->policy, POLICY_POVERTY_LINE, 0, date_make(2029, 1, 1));
    assert_int_equal(row->value, 1600000);
}

static void nobody_could_pay_above_the_cap(void **state)
{
    struct fixture *self = *state;
    expect_refused(self, LINE("2028-01-01", "50600001"), "poverty_line",
                   "the poverty line of 50600001 is above the cap of 50600000");
    expect_amended(self, LINE("2028-01-01", "50600000"), 1, 2);
    expect_refused(self, "{'incomeCap':[{'from':'2029-01-01','times':19,'citation':'x'}]}",
                   "income_cap", "above the cap of 48070000");
}

static void texts_are_one_line(void **state)
{
    struct fixture *self = *state;
    expect_refused(self,
                   "{'povertyLine':[{'from':'2028-01-01','vnd':'2500000','citation':'x\\ny'}]}",
                   "poverty_line[0].citation", "control character");
    expect_refused(self,
                   "{'povertyLine':[{'from':'2028-01-01','vnd':'2500000','citation':'x',"
                   "'unconfirmed':'\\u007f'}]}",
                   "poverty_line[0].unconfirmed", "control character");
}

static void rows_of_one_document_may_follow_each_other_in_any_order(void **state)
{
    struct fixture *self = *state;
    expect_amended(
        self,
        "{'fundRate':[{'from':'2029-01-01','perMillion':3300,'citation':'x'},"
        "{'from':'2027-01-01','to':'2027-12-31','perMillion':3100,'citation':'x'},"
        "{'from':'2028-01-01','to':'2028-12-31','perMillion':3200,'citation':'x'}],"
        "'localSupport':[{'from':'2027-01-01','to':'2030-12-31','province':'15','group':4,"
        "'basisPoints':1000,'budgetVnd':'5000000000','citation':'x'},"
        "{'from':'2027-01-01','to':'2030-12-31','province':'15','specialZone':true,"
        "'basisPoints':2000,'citation':'x'}]}",
        5, 6);
    for (int year = 2027; year <= 2029; year++)
        assert_int_equal(
            policy_on(self->policy, POLICY_FUND_RATE, 0, date_make(year, 12, 31))->value,
            3100 + 100 * (year - 2027));
    /* where rows have ended, they close up from the earliest on */
    self->today = POLICY_ANY_DAY;
    expect_amended(self,
                   "{'earlyJoinerYears':[{'from':'2022-01-01','years':21,'citation':'x'},"
                   "{'from':'2021-01-01','to':'2021-12-31','years':20,'citation':'x'}]}",
                   2, 2);
    int32_t key = policy_province_key(15, POLICY_SPECIAL_ZONE);
    assert_int_equal(
        policy_on(self->policy, POLICY_LOCAL_SUPPORT, key, date_make(2030, 12, 31))->value, 2000);
}

static void what_may_be_missing_can_be_repealed(void **state)
{
    struct fixture *self = *state;
    expect_amended(self, "{'bar':[{'from':'2027-01-01','bar':3,'repealed':true,'citation':'x'}]}",
                   1, 1);
    assert_non_null(policy_on(self->policy, POLICY_BAR, 3, date_make(2026, 12, 31)));
    assert_null(policy_on(self->policy, POLICY_BAR, 3, date_make(2027, 1, 1)));
    assert_non_null(policy_on(self->policy, POLICY_BAR, 2, date_make(2027, 1, 1)));
    /* nothing is there any more */
    expect_amended(self, "{'bar':[{'from':'2028-01-01','bar':3,'repealed':true,'citation':'x'}]}",
                   0, 0);
    /* and back again, a day between them or not */
    expect_amended(self, "{'bar':[{'from':'2029-01-01','bar':3,'citation':'x'}]}", 1, 1);
    expect_refused(self, "{'povertyLine':[{'from':'2027-01-01','repealed':true,'citation':'x'}]}",
                   "poverty_line[0].repealed", "no day may be without a row");
    expect_refused(self,
                   "{'donorAmount':[{'from':'2027-01-01','province':'15','group':1,'vnd':'5',"
                   "'repealed':true,'citation':'x'}]}",
                   "donor_amount[0].vnd", "a repeal has no value");
    expect_refused(self,
                   "{'donorAmount':[{'from':'2027-01-01','province':'15','group':1,'budgetVnd':'5',"
                   "'repealed':true,'citation':'x'}]}",
                   "donor_amount[0].budget_vnd", "a repeal has no budget");
    expect_refused(self, "{'bar':[{'from':'2020-01-01','bar':3,'repealed':true,'citation':'x'}]}",
                   "bar[0].from", "must begin after today");
    expect_refused(self, "{'bar':[{'from':'2030-01-01','bar':3,'repealed':true}]}",
                   "bar[0].citation", "no citation");
}

static void the_past_is_never_changed(void **state)
{
    struct fixture *self = *state;
    expect_refused(self, LINE("2026-11-22", "1600000"), "poverty_line[0].from",
                   "decree: poverty_line row 1: begins on 2026-11-22, must begin after today "
                   "(2026-11-22)");
    expect_refused(self, LINE("2020-01-01", "1600000"), "poverty_line[0].from", "must begin after");
    expect_refused(self,
                   "{'povertyLine':[{'from':'2027-07-01','vnd':'5','citation':'x'},"
                   "{'from':'2026-01-01','to':'2027-06-30','vnd':'5','citation':'x'}]}",
                   "poverty_line[1].from", "row 2: begins on 2026-01-01");
    self->today = POLICY_ANY_DAY;
    expect_amended(self, LINE("2020-01-01", "1600000"), 1, 4);
}

static void what_would_not_be_a_law_is_refused(void **state)
{
    struct fixture *self = *state;
    expect_refused(self, "{}", "", "decree: 0 rows, want 1 to 128");
    expect_refused(self,
                   "{'povertyLine':[{'from':'2027-01-01','vnd':'5','citation':'x'},"
                   "{'from':'2027-07-01','vnd':'6','citation':'x'}]}",
                   "poverty_line[1].from", "poverty_line row 2: overlaps row 1");
    expect_refused(self,
                   "{'povertyLine':[{'from':'2027-01-01','to':'2027-07-01','vnd':'5','citation':"
                   "'x'},{'from':'2027-07-01','vnd':'6','citation':'x'}]}",
                   "poverty_line[1].from", "poverty_line row 2: overlaps row 1");
    /* a gap that follows, in a key that had no row before */
    expect_amended(self,
                   "{'incomeCoefficient':[{'from':'2029-01-01','year':2027,'coefficient':'1',"
                   "'citation':'x'}]}",
                   1, 1);
    expect_refused(self,
                   "{'incomeCoefficient':[{'from':'2027-01-01','to':'2027-12-31','year':2027,"
                   "'coefficient':'1','citation':'x'}]}",
                   "income_coefficient", "a gap follows");
    expect_refused(self, "{'earlyJoinerYears':[{'from':'2027-01-01','years':20,'citation':'x'}]}",
                   "early_joiner_years[0].from",
                   "a gap before 2027-01-01: the rows so far end on 2020-12-31");
    char json[JSON_BYTES] = "{'localAmount':[";
    size_t len = strlen(json);
    for (int i = 0; i <= POLICY_DOCUMENT_ROWS_MAX; i++)
        len += (size_t)snprintf(json + len, sizeof(json) - len,
                                "%s{'from':'2027-01-01','province':'%02d','group':%d,'vnd':'1',"
                                "'citation':'x'}",
                                i == 0 ? "" : ",", i % 99 + 1, i / 99 + 1);
    (void)snprintf(json + len, sizeof(json) - len, "]}");
    expect_refused(self, json, "", "129 rows, want 1 to 128");
    len = (size_t)snprintf(json, sizeof(json), "{'localAmount':[");
    for (int i = 0; i < 90; i++)
        len += (size_t)snprintf(json + len, sizeof(json) - len,
                                "%s{'from':'2027-01-01','province':'%02d','group':1,'vnd':'1',"
                                "'citation':'%0*d','unconfirmed':'%0*d'}",
                                i == 0 ? "" : ",", i + 1, POLICY_CITATION_BYTES - 1, 0,
                                POLICY_CITATION_BYTES - 1, 0);
    (void)snprintf(json + len, sizeof(json) - len, "]}");
    expect_refused(self, json, "", "larger than 16000 bytes");
}

static const struct {
    const char *table, *row, *field, *said;
} wrong_rows[] = {
    {"povertyLine", "'from':'','vnd':'5','citation':'x'", "poverty_line[0].from", "not a date"},
    {"povertyLine", "'from':'2027-02-30','vnd':'5','citation':'x'", "poverty_line[0].from", ""},
    {"povertyLine", "'from':'2027-01-02','to':'2027-01-01','vnd':'5','citation':'x'",
     "poverty_line[0].to", "ends before it begins"},
    {"povertyLine", "'from':'2027-01-01','to':'x','vnd':'5','citation':'x'", "poverty_line[0].to",
     "not a date"},
    {"povertyLine", "'from':'2027-01-01','citation':'x'", "poverty_line[0].vnd", "no vnd"},
    {"povertyLine", "'from':'2027-01-01','vnd':'0','citation':'x'", "poverty_line[0].vnd",
     "vnd out of range, want 1 to 1000000000"},
    {"povertyLine", "'from':'2027-01-01','vnd':'5'", "poverty_line[0].citation", "no citation"},
    {"povertyLine", "'from':'2027-01-01','vnd':'5','citation':'x','budgetVnd':'1'",
     "poverty_line[0].budget_vnd", "does not fit"},
    {"localAmount",
     "'from':'2027-01-01','province':'15','group':1,'vnd':'5','citation':'x',"
     "'budgetVnd':'1000000000000001'",
     "local_amount[0].budget_vnd", "out of range"},
    {"localAmount",
     "'from':'2027-01-01','province':'15','group':1,'vnd':'5','citation':'x',"
     "'budgetVnd':'-1'",
     "local_amount[0].budget_vnd", "out of range"},
    {"donorAmount", "'from':'2027-01-01','group':1,'vnd':'5','citation':'x'",
     "donor_amount[0].province", "want a province"},
    {"support", "'from':'2027-01-01','basisPoints':5,'citation':'x'", "support[0].group",
     "want a group"},
    {"support", "'from':'2027-01-01','specialZone':true,'basisPoints':10001,'citation':'x'",
     "support[0].basis_points", "want 0 to 10000"},
    {"retirementAge", "'from':'2027-01-01','sex':3,'age':'60y','citation':'x'",
     "retirement_age[0].sex", "sex out of range"},
    {"retirementAge", "'from':'2027-01-01','sex':1,'age':'0y','citation':'x'",
     "retirement_age[0].age", "age out of range"},
    {"earlyJoinerAge", "'from':'2027-01-01','age':'60y','citation':'x'", "early_joiner_age[0].sex",
     "sex out of range"},
    {"pensionRate", "'from':'2027-01-01','sex':1,'fromYears':-1,'basisPoints':5,'citation':'x'",
     "pension_rate[0].from_years", "want 0 to 99"},
    {"incomeCoefficient", "'from':'2027-01-01','coefficient':'1','citation':'x'",
     "income_coefficient[0].year", "want 1900 to 2199"},
    {"incomeCoefficient",
     "'from':'2027-01-01','year':2026,'coefficient':'100.01',"
     "'citation':'x'",
     "income_coefficient[0].coefficient", "out of range"},
    {"healthShare", "'from':'2027-01-01','basisPoints':5,'citation':'x'", "health_share[0].rank",
     "want 1 to 5"},
    {"healthMonths", "'from':'2027-01-01','months':13,'citation':'x'", "health_months[0].months",
     "want 1 to 12"},
    {"bar", "'from':'2027-01-01','citation':'x'", "bar[0].bar", "bar out of range"},
    {"methodMonths", "'from':'2027-01-01','months':1,'citation':'x'", "method_months[0].method",
     "method out of range"},
    {"methodMonths", "'from':'2027-01-01','method':1,'renewal':true,'months':1,'citation':'x'",
     "method_months[0].renewal", "does not fit"},
    {"methodDeadline", "'from':'2027-01-01','method':7,'months':1,'citation':'x'",
     "method_deadline[0].method", "method out of range"},
    {"methodDeadline", "'from':'2027-01-01','method':1,'months':13,'citation':'x'",
     "method_deadline[0].months", "want 1 to 12"},
    {"commission", "'from':'2027-01-01','renewal':true,'basisPoints':5,'citation':'x'",
     "commission[0].method", "want a method"},
    {"commission", "'from':'2027-01-01','method':7,'basisPoints':5,'citation':'x'",
     "commission[0].method", "want a method"},
    {"switches", "'from':'2027-01-01','choice':2,'citation':'x'", "switches[0].switch_name",
     "out of range"},
    {"switches", "'from':'2027-01-01','switchName':2,'choice':3,'citation':'x'",
     "switches[0].choice", "this switch has no such choice"},
    {"switches", "'from':'2027-01-01','switchName':4,'choice':2,'citation':'x'",
     "switches[0].choice", "this switch has no such choice"},
    {"switches", "'from':'2027-01-01','switchName':1,'choice':0,'citation':'x'",
     "switches[0].choice", "no such choice"},
    {"switches", "'from':'2027-01-01','switchName':1,'months':1,'citation':'x'",
     "switches[0].choice", "no choice"},
    {"incomeStep", "'from':'2027-01-01','switchName':1,'vnd':'5','citation':'x'",
     "income_step[0].switch_name", "does not fit"},
    {"socialPensionAge", "'from':'2027-01-01','group':5,'age':'70y','citation':'x'",
     "social_pension_age[0].group", "want 0 to 4"},
    {"socialPensionAge", "'from':'2027-01-01','specialZone':true,'age':'70y','citation':'x'",
     "social_pension_age[0].special_zone", "does not fit"},
    {"healthGapDays", "'from':'2027-01-01','days':0,'citation':'x'", "health_gap_days[0].days",
     "want 1 to 3660"},
    {"healthWaitDays", "'from':'2027-01-01','months':3,'citation':'x'", "health_wait_days[0].days",
     "no days"},
    {"refund", "'from':'2027-01-01','citation':'x'", "refund[0].reason", "want 1 to 4"},
    {"refund", "'from':'2027-01-01','reason':5,'citation':'x'", "refund[0].reason", "want 1 to 4"},
    {"povertyLine", "'from':'2027-01-01','reason':1,'vnd':'5','citation':'x'",
     "poverty_line[0].reason", "does not fit"},
    {"pensionerHealth", "'from':'2027-01-01','coefficient':'1','citation':'x'",
     "pensioner_health[0].coefficient", "a value does not fit here"},
    {"missingMonthsLead", "'from':'2027-01-01','months':-1,'citation':'x'",
     "missing_months_lead[0].months", "want 0 to 120"},
    {"oneOffIncapacity", "'from':'2027-01-01','basisPoints':10001,'citation':'x'",
     "one_off_incapacity[0].basis_points", "want 1 to 10000"},
    {"oneOffSettlingDays", "'from':'2027-01-01','days':367,'citation':'x'",
     "one_off_settling_days[0].days", "want 1 to 366"},
    {"funeralTimes", "'from':'2027-01-01','times':101,'citation':'x'", "funeral_times[0].times",
     "want 1 to 100"},
    {"bar", "'from':'2027-01-01','bar':2,'years':1,'citation':'x'", "bar[0].years",
     "a value does not fit here"},
};

/* Each field that can be wrong is the one that is named. */
static void the_wrong_field_is_named(void **state)
{
    struct fixture *self = *state;
    for (size_t i = 0; i < ARRAY_LEN(wrong_rows); i++) {
        char json[512];
        (void)snprintf(json, sizeof(json), "{'%s':[{%s}]}", wrong_rows[i].table, wrong_rows[i].row);
        expect_refused(self, json, wrong_rows[i].field, wrong_rows[i].said);
    }
    char json[512];
    (void)snprintf(json, sizeof(json),
                   "{'povertyLine':[{'from':'2027-01-01','vnd':'5','citation':'%0*d'}]}",
                   POLICY_CITATION_BYTES, 0);
    expect_refused(self, json, "poverty_line[0].citation", "too long");
    (void)snprintf(json, sizeof(json),
                   "{'povertyLine':[{'from':'2027-01-01','vnd':'5','citation':'x',"
                   "'unconfirmed':'%0*d'}]}",
                   POLICY_CITATION_BYTES, 0);
    expect_refused(self, json, "poverty_line[0].unconfirmed", "too long");
}

/* As many rows as before, and others in their places. */
static void an_index_of_other_rows_is_not_used(void **state)
{
    struct fixture *self = *state;
    struct policy_row row = self->policy->tables[POLICY_SUPPORT].rows[0];
    assert_int_equal(row.key, GROUP_POOR);
    row.value++;
    assert_int_equal(policy_lay(self->policy, POLICY_SUPPORT, &row, NULL), 0);
    for (int32_t group = GROUP_POOR; group <= GROUP_OTHER; group++) {
        const struct policy_row *found =
            policy_on(self->policy, POLICY_SUPPORT, group, row.from_day);
        assert_non_null(found);
        assert_int_equal(found->value, group == GROUP_POOR        ? row.value
                                       : group == GROUP_NEAR_POOR ? 2500
                                                                  : 1000);
    }
}

/* --- rows as they travel --- */

static void expect_round(struct fixture *self, enum policy_table_id table,
                         const struct policy_row *row)
{
    Ansinh__V1__PolicyRow message;
    struct policy_row again;
    memset(&again, 0, sizeof(again));
    assert_int_equal(policy_row_write(table, row, self->arena, &message), 0);
    if (policy_row_read("again", table, 0, &message, &again, &self->err) < 0)
        fail_msg("%s", self->err.text);
    assert_int_equal(again.from_day, row->from_day);
    assert_int_equal(again.to_day, row->to_day);
    assert_int_equal(again.key, row->key);
    assert_int_equal(again.value, row->value);
    assert_int_equal(again.budget_vnd, row->budget_vnd);
    assert_string_equal(again.citation, row->citation);
    assert_string_equal(again.unconfirmed, row->unconfirmed);
}

static void every_row_is_written_as_it_was_read(void **state)
{
    struct fixture *self = *state;
    expect_amended(self,
                   "{'localSupport':[{'from':'2027-01-01','province':'01','specialZone':true,"
                   "'basisPoints':5,'budgetVnd':'7','citation':'x'}],"
                   "'localShare':[{'from':'2027-01-01','province':'99','group':3,'basisPoints':5,"
                   "'citation':'x'}],"
                   "'commission':[{'from':'2027-01-01','method':6,'renewal':true,'basisPoints':5,"
                   "'citation':'x'},{'from':'2027-01-01','method':1,'basisPoints':5,"
                   "'citation':'x'}]}",
                   4, 4);
    size_t n = 0;
    for (enum policy_table_id table = 0; table < POLICY_TABLES; table++) {
        for (size_t i = 0; i < self->policy->tables[table].n; i++, n++)
            expect_round(self, table, &self->policy->tables[table].rows[i]);
    }
    assert_true(n > 150);
    assert_string_equal(policy_table_name(POLICY_POVERTY_LINE, self->arena), "povertyLine");
    assert_string_equal(policy_table_name(POLICY_SURVIVOR_PENSION_FULL_MONTHS, self->arena),
                        "survivorPensionFullMonths");
    assert_string_equal(policy_table_name(POLICY_BAR, self->arena), "bar");
}

/* --- the digest --- */

static void the_digest_tells_laws_apart(void **state)
{
    struct fixture *self = *state;
    char before[POLICY_DIGEST_TEXT_BYTES], after[POLICY_DIGEST_TEXT_BYTES];
    policy_digest(self->policy, before);
    assert_int_equal(strlen(before), 32);
    /* the order of rows does not matter */
    struct policy_table *line = &self->policy->tables[POLICY_POVERTY_LINE];
    struct policy_row first = line->rows[0];
    line->rows[0] = line->rows[2];
    line->rows[2] = first;
    policy_digest(self->policy, after);
    assert_string_equal(before, after);
    /* everything else does */
    for (int i = 0; i < 7; i++) {
        struct policy_row saved = line->rows[1];
        line->rows[1].key += i == 0;
        line->rows[1].from_day += i == 1;
        line->rows[1].to_day += i == 2;
        line->rows[1].value += i == 3;
        line->rows[1].budget_vnd += i == 4;
        line->rows[1].citation[0] = (char)(line->rows[1].citation[0] + (i == 5));
        if (i == 6)
            line->rows[1].unconfirmed[0] = 'x';
        policy_digest(self->policy, after);
        assert_string_not_equal(before, after);
        line->rows[1] = saved;
    }
    line->n--;
    policy_digest(self->policy, after);
    assert_string_not_equal(before, after);
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_open, fixture_close)

static const struct CMUnitTest tests[] = {
    WITH_FIXTURE(a_decree_changes_what_follows_it),
    WITH_FIXTURE(nobody_could_pay_above_the_cap),
    WITH_FIXTURE(texts_are_one_line),
    WITH_FIXTURE(rows_of_one_document_may_follow_each_other_in_any_order),
    WITH_FIXTURE(what_may_be_missing_can_be_repealed),
    WITH_FIXTURE(the_past_is_never_changed),
    WITH_FIXTURE(what_would_not_be_a_law_is_refused),
    WITH_FIXTURE(the_wrong_field_is_named),
    WITH_FIXTURE(an_index_of_other_rows_is_not_used),
    WITH_FIXTURE(every_row_is_written_as_it_was_read),
    WITH_FIXTURE(the_digest_tells_laws_apart),
};

TEST_MAIN(tests)
