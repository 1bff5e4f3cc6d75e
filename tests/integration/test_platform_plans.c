/* Plans over real processes: what is cascaded, split, locked, amended and rebased is exact, and
 * what is wrong names its field. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/plans.pb-c.h"
#include "common/base/clock.h"
#include "services/cli/bulk.h"
#include "tests/support/platform.h"

#define WAIT_MS 30000
#define UNIT_SCOPE "{\"kind\":\"PLAN_SCOPE_KIND_UNIT\",\"code\":\"%s\"}"
#define SHARE(code, target)                                                                        \
    "{\"scope\":{\"kind\":\"PLAN_SCOPE_KIND_UNIT\",\"code\":\"" code "\"},\"target\":\"" target    \
    "\"}"

static const int bad = ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
static const int refused = ANSINH__V1__CODE__CODE_FAILED_PRECONDITION;
static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];
static char said[PLATFORM_SAID_BYTES];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.enrolment = 2});
    platform_import(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

static int says(const char *text)
{
    if (strstr(answer, text) == NULL)
        print_message("want %s in %.2000s\n", text, answer);
    return strstr(answer, text) != NULL;
}

static int define(const char *code, const char *root, const char *target, const char *rest)
{
    return platform_call(platform, NULL, "Plans/DefinePlan", answer,
                         "{\"plan\":{\"code\":\"%s\",\"name\":\"Kế hoạch\","
                         "\"product\":\"PRODUCT_VOLUNTARY_SI\",\"period\":\"PLAN_PERIOD_YEAR\","
                         "\"from\":\"2025-01-01\",\"until\":\"2025-12-31\","
                         "\"counts\":\"METRIC_PAID\",\"measure\":\"PLAN_MEASURE_STOCK\","
                         "\"root\":" UNIT_SCOPE ",\"target\":\"%s\"%s}}",
                         code, root, target, rest);
}

static int cascade(const char *key, const char *plan, const char *down_to, const char *rest)
{
    return platform_call(platform, key, "Plans/CascadePlan", answer,
                         "{\"planCode\":\"%s\",\"downTo\":\"UNIT_LEVEL_%s\"%s}", plan, down_to,
                         rest);
}

static int split(const char *plan, const char *parent, const char *children)
{
    return platform_call(platform, NULL, "Plans/SplitPlan", answer,
                         "{\"planCode\":\"%s\",\"parent\":" UNIT_SCOPE ",\"children\":[%s]}", plan,
                         parent, children);
}

static int get(const char *plan, const char *unit, long long as_of_ms)
{
    return platform_call(platform, NULL, "Plans/GetPlan", answer,
                         "{\"planCode\":\"%s\",\"scope\":" UNIT_SCOPE ",\"asOfMs\":\"%lld\"}", plan,
                         unit, as_of_ms);
}

static long long target_after(const char *text)
{
    const char *found = strstr(text, "\"target\":\"");
    return found == NULL ? 0 : strtoll(found + 10, NULL, 10);
}

/* What an answer of GetPlan says of the scope, and the sum of its children. */
static long long own_target(void)
{
    const char *plan_end = strstr(answer, "},\"scope\":");
    return plan_end == NULL ? -1 : target_after(plan_end);
}

static long long children_sum(size_t *ret_n)
{
    long long sum = 0;
    const char *end = strstr(answer, "\"history\":");
    *ret_n = 0;
    for (const char *at = strstr(answer, "\"children\":"); at != NULL; (*ret_n)++) {
        at = strstr(at, "{\"scope\":");
        if (at == NULL || (end != NULL && at > end))
            break;
        at += 9;
        const char *target = strstr(at, "\"target\":\"");
        const char *next = strstr(at, "{\"scope\":");
        if (target != NULL && (next == NULL || target < next))
            sum += target_after(at);
    }
    return sum;
}

static void expect_target(const char *plan, const char *unit, long long want)
{
    assert_int_equal(get(plan, unit, 0), 0);
    if (own_target() != want)
        fail_msg("%s: want %lld in %.1000s", unit, want, answer);
}

static void expect_exact(const char *plan, const char *unit, size_t n_children)
{
    size_t n;
    assert_int_equal(get(plan, unit, 0), 0);
    if (children_sum(&n) != own_target())
        fail_msg("%zu children: %lld of %lld: %.1500s", n, children_sum(&n), own_target(), answer);
    assert_int_equal(n, n_children);
}

static void expect_undivided(const char *plan, const char *unit)
{
    assert_int_equal(get(plan, unit, 0), 0);
    assert_true(says("\"children\":[]"));
}

/* --- drafts ----------------------------------------------------------------------------------- */

static void a_draft_cascades_exactly_and_again(void **state)
{
    (void)state;
    static const char equal[] = ",\"weights\":\"PLAN_WEIGHTS_EQUAL\"";
    char first[512];
    assert_int_equal(define("2025-LC", "15", "78275", ""), 0);
    assert_true(says("\"revision\":1"));
    assert_int_equal(define("2025-LC", "15", "78275", ""), 0);
    assert_true(says("\"written\":0"));
    assert_int_equal(cascade("k-1", "2025-LC", "COMMUNE", equal), 0);
    assert_true(says("\"revision\":2"));
    (void)snprintf(first, sizeof(first), "%.500s", answer);
    assert_int_equal(cascade("k-1", "2025-LC", "COMMUNE", equal), 0);
    assert_string_equal(answer, first);
    assert_int_equal(cascade("k-1", "2025-LC", "COMMUNE", ",\"weights\":\"PLAN_WEIGHTS_HAND\""),
                     ANSINH__V1__CODE__CODE_ALREADY_EXISTS);
    assert_int_equal(cascade("k-2", "2025-LC", "COMMUNE", equal), 0);
    assert_true(says("\"revision\":2")); /* nothing was new */
    expect_exact("2025-LC", "15", 99);
    expect_target("2025-LC", "02647", 791); /* 790.66: 65 of 99 get one more */
}

static void a_year_of_another_plan_weighs(void **state)
{
    (void)state;
    assert_int_equal(define("2025-B", "15", "39248", ""), 0);
    assert_int_equal(cascade(NULL, "2025-B", "COMMUNE",
                             ",\"weights\":\"PLAN_WEIGHTS_PLAN\",\"weightPlanCode\":\"2025\""),
                     0);
    expect_exact("2025-B", "15", 99);
    expect_target("2025-B", "02647", 1631); /* 39,248 * 3,252 / 78,275 = 1,630.6 */
    assert_int_equal(cascade(NULL, "2025-B", "COMMUNE", ",\"weights\":\"PLAN_WEIGHTS_POPULATION\""),
                     bad);
    assert_true(says("weights"));
    assert_int_equal(platform_call(platform, NULL, "Plans/GetPlan", answer,
                                   "{\"planCode\":\"2025\",\"scope\":" UNIT_SCOPE "}", "15"),
                     0);
    assert_true(says("PLAN_STATE_IMPORTED"));
    assert_int_equal(own_target(), 78275);
    assert_int_equal(get("2025", "15", clock_wall_ms()), refused);
    assert_true(says("as_of_ms"));
    assert_int_equal(
        platform_call(platform, NULL, "Plans/ListPlans", answer, "{\"on\":\"2025-11-30\"}"), 0);
    assert_true(says("\"code\":\"2025\"") && says("\"code\":\"2025-B\""));
    assert_int_equal(
        platform_call(platform, NULL, "Plans/ListPlans", answer, "{\"on\":\"2024-11-30\"}"), 0);
    assert_null(strstr(answer, "2025"));
}

static void splits_by_hand_go_down_to_collectors(void **state)
{
    (void)state;
    assert_int_equal(platform_call(platform, NULL, "Directory/ImportOrganisations", answer,
                                   "{\"organisations\":[{\"code\":\"ORG\",\"name\":\"Tổ chức\"}],"
                                   "\"points\":[{\"code\":\"P1\",\"organisationCode\":\"ORG\","
                                   "\"unitCode\":\"02671\",\"name\":\"Điểm 1\"}],"
                                   "\"collectors\":[{\"code\":\"C1\",\"pointCode\":\"P1\"}]}"),
                     0);
    assert_int_equal(split("2025-LC", "02671",
                           "{\"scope\":{\"kind\":\"PLAN_SCOPE_KIND_ORGANISATION\","
                           "\"code\":\"ORG@02671\"},\"target\":\"791\"}"),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Plans/SplitPlan", answer,
                                   "{\"planCode\":\"2025-LC\",\"parent\":{\"kind\":2,"
                                   "\"code\":\"ORG@02671\"},\"children\":[{\"scope\":{\"kind\":3,"
                                   "\"code\":\"P1\"},\"target\":791}]}"),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Plans/SplitPlan", answer,
                                   "{\"planCode\":\"2025-LC\",\"parent\":{\"kind\":3,"
                                   "\"code\":\"P1\"},\"children\":[{\"scope\":{\"kind\":4,"
                                   "\"code\":\"C1\"},\"target\":791}]}"),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Plans/GetPlan", answer,
                                   "{\"planCode\":\"2025-LC\",\"scope\":{\"kind\":4,"
                                   "\"code\":\"C1\"}}"),
                     0);
    assert_true(says("\"parent\":{\"kind\":\"PLAN_SCOPE_KIND_POINT\",\"code\":\"P1\"}"));
    /* another organisation's place, and what stands below may not be lost */
    assert_int_equal(
        split("2025-LC", "02647", "{\"scope\":{\"kind\":3,\"code\":\"P1\"},\"target\":791}"), bad);
    assert_true(says("children[0].scope"));
    assert_int_equal(cascade(NULL, "2025-LC", "COMMUNE", ",\"weights\":\"PLAN_WEIGHTS_EQUAL\""),
                     bad);
    assert_true(says("down_to"));
    assert_int_equal(define("2025-LC", "15", "78276", ""), bad);
    assert_true(says("plan.target"));
}

static void what_is_wrong_names_its_field(void **state)
{
    (void)state;
    static const struct {
        const char *code, *root, *target, *rest, *field;
    } plans[] = {
        {"2025", "15", "1", "", "plan.code"},
        {"12345678901234567", "15", "1", "", "plan.code"},
        {"x", "98", "1", "", "plan.root"},
        {"x", "15", "-1", "", "plan.target"},
        {"x", "15", "200000001", "", "plan.target"},
        {"x", "15", "1", ",\"until\":\"2025-12-30\"", "plan.until"},
        {"x", "15", "1", ",\"from\":\"2025-02-01\"", "plan.from"},
        {"x", "15", "1", ",\"counts\":\"METRIC_RENEWED\"", "plan.counts"},
        {"x", "15", "1", ",\"period\":0", "plan.period"},
        {"x", "15", "1", ",\"measure\":0", "plan.measure"},
        {"x", "15", "1", ",\"product\":0", "plan.product"},
        {"x", "15", "1", ",\"name\":\"\"", "plan.name"},
    };
    for (size_t i = 0; i < ARRAY_LEN(plans); i++) {
        char json[1024];
        /* fields of rest replace those before: written by hand, as JSON has each once */
        int has = strlen(plans[i].rest) > 0;
        (void)snprintf(json, sizeof(json),
                       "{\"plan\":{\"code\":\"%s\",%s%s%s%s%s%s\"root\":" UNIT_SCOPE
                       ",\"target\":\"%s\"%s}}",
                       plans[i].code, has && strstr(plans[i].rest, "name") ? "" : "\"name\":\"K\",",
                       has && strstr(plans[i].rest, "product") ? "" : "\"product\":1,",
                       has && strstr(plans[i].rest, "period") ? "" : "\"period\":1,",
                       has && strstr(plans[i].rest, "from") ? "" : "\"from\":\"2025-01-01\",",
                       has && strstr(plans[i].rest, "until") ? "" : "\"until\":\"2025-12-31\",",
                       has && strstr(plans[i].rest, "counts")    ? "\"measure\":1,"
                       : has && strstr(plans[i].rest, "measure") ? "\"counts\":2,"
                                                                 : "\"counts\":2,\"measure\":1,",
                       plans[i].root, plans[i].target, plans[i].rest);
        assert_int_equal(platform_call(platform, NULL, "Plans/DefinePlan", answer, "%s", json),
                         bad);
        assert_true(says(plans[i].field));
    }
    assert_int_equal(split("2025-B", "15", SHARE("02647", "39248") "," SHARE("01", "0")), bad);
    assert_true(says("children[1].scope"));
    assert_int_equal(split("2025-B", "15", SHARE("02647", "39247")), bad);
    assert_true(says("children: the targets below 15 add up to 39247"));
    assert_int_equal(split("2025-B", "15", ""), bad); /* nothing is taken away by leaving it out */
    assert_true(says("children"));
    assert_int_equal(split("2025-B", "01", "{\"scope\":{\"kind\":5,\"code\":\"cb\"},\"target\":1}"),
                     bad);
    assert_true(says("parent.code"));
    assert_int_equal(split("none", "15", ""), ANSINH__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(cascade(NULL, "2025-B", "COUNTRY", ",\"weights\":\"PLAN_WEIGHTS_EQUAL\""),
                     bad);
    assert_true(says("down_to"));
    assert_int_equal(cascade(NULL, "2025-B", "COMMUNE", ",\"weights\":\"PLAN_WEIGHTS_HAND\""), bad);
    assert_true(says("weights: no unit below 15"));
    assert_int_equal(cascade(NULL, "2025-B", "COMMUNE",
                             ",\"weights\":\"PLAN_WEIGHTS_HAND\",\"hand\":[{\"unitCode\":\"02647\","
                             "\"weight\":2},{\"unitCode\":\"15\",\"weight\":1}]"),
                     bad);
    assert_true(says("hand[1].unit_code"));
    assert_int_equal(get("2025-B", "01", 0), ANSINH__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(get("2025-B", "15", 1), refused);
    assert_true(says("as_of_ms"));
    expect_exact("2025-B", "15", 99);
}

static void a_draft_is_undivided_and_weighed_by_hand(void **state)
{
    (void)state;
    assert_int_equal(define("2025-C", "15", "7", ""), 0);
    assert_int_equal(cascade(NULL, "2025-C", "COMMUNE",
                             ",\"weights\":\"PLAN_WEIGHTS_HAND\",\"hand\":[{\"unitCode\":\"02647\","
                             "\"weight\":2},{\"unitCode\":\"02671\",\"weight\":1}]"),
                     0);
    expect_target("2025-C", "02647", 5);
    expect_target("2025-C", "02671", 2);
    expect_target("2025-C", "02680", 0);
    assert_int_equal(platform_call(platform, NULL, "Plans/SplitPlan", answer,
                                   "{\"planCode\":\"2025-C\",\"parent\":" UNIT_SCOPE
                                   ",\"undivide\":true}",
                                   "15"),
                     0);
    expect_undivided("2025-C", "15");
    assert_int_equal(define("2025-C", "15", "8", ""), 0);
    expect_target("2025-C", "15", 8);
}

/* A millisecond that is later than all that was done, and earlier than all that will be. */
static int64_t moment_between(void)
{
    int64_t done_ms = clock_wall_ms();
    while (clock_wall_ms() < done_ms + 2)
        ;
    return done_ms + 1;
}

/* --- after the lock --------------------------------------------------------------------------- */

static int amend(const char *moves, const char *officer)
{
    return platform_call(platform, NULL, "Plans/AmendPlan", answer,
                         "{\"planCode\":\"2025-LC\",\"moves\":[%s],\"reason\":\"Bổ sung\","
                         "\"officer\":\"%s\"}",
                         moves, officer);
}

static int decide(const char *key, int number, const char *officer, const char *rest)
{
    return platform_call(platform, key, "Plans/DecideAmendment", answer,
                         "{\"planCode\":\"2025-LC\",\"number\":%d,\"officer\":\"%s\"%s}", number,
                         officer, rest);
}

#define SCOPE(code) "{\"kind\":\"PLAN_SCOPE_KIND_UNIT\",\"code\":\"" code "\"}"

static void a_locked_plan_changes_by_two_officers(void **state)
{
    (void)state;
    static const char taken[] =
        "{\"scope\":" SCOPE("02647") ",\"change\":100,\"from\":" SCOPE("02680") "}";
    static const char raised[] = "{\"scope\":" SCOPE("02647") ",\"change\":\"9\"}";
    assert_int_equal(amend(taken, "CB-1"), refused); /* a draft */
    assert_int_equal(platform_call(platform, NULL, "Plans/LockPlan", answer,
                                   "{\"planCode\":\"2025-LC\",\"officer\":\"CB-1\"}"),
                     0);
    assert_int_equal(platform_call(platform, NULL, "Plans/LockPlan", answer,
                                   "{\"planCode\":\"2025-LC\",\"officer\":\"CB-1\"}"),
                     refused);
    int64_t locked_ms = moment_between();
    assert_int_equal(split("2025-LC", "02671", ""), refused);
    assert_int_equal(cascade(NULL, "2025-LC", "COMMUNE", ",\"weights\":\"PLAN_WEIGHTS_EQUAL\""),
                     refused);
    assert_int_equal(define("2025-LC", "15", "78275", ""), refused);
    assert_int_equal(amend(taken, "CB-1"), 0);
    assert_true(says("\"number\":1"));
    expect_target("2025-LC", "02647", 791);
    assert_int_equal(decide(NULL, 1, "CB-1", ""), refused);
    assert_true(says("officer"));
    assert_int_equal(decide("d-1", 1, "CB-2", ""), 0);
    expect_target("2025-LC", "02647", 891);
    expect_target("2025-LC", "02680", 691);
    expect_exact("2025-LC", "15", 99);
    expect_target("2025-LC", "15", 78275);
    assert_int_equal(decide("d-1", 1, "CB-2", ""), 0); /* a repetition */
    assert_int_equal(decide(NULL, 1, "CB-2", ""), refused);
    expect_target("2025-LC", "02647", 891);
    assert_int_equal(amend(raised, "CB-2"), 0);
    assert_int_equal(decide(NULL, 2, "CB-1", ""), 0);
    expect_target("2025-LC", "02647", 900);
    expect_target("2025-LC", "15", 78284);
    expect_exact("2025-LC", "15", 99);
    assert_int_equal(amend(raised, "CB-2"), 0);
    assert_int_equal(decide(NULL, 3, "CB-1", ",\"reject\":true"), 0);
    expect_target("2025-LC", "02647", 900);
    /* as it was when it was locked */
    size_t n;
    assert_int_equal(get("2025-LC", "15", locked_ms), 0);
    assert_int_equal(own_target(), 78275);
    assert_int_equal(children_sum(&n), 78275);
    assert_int_equal(get("2025-LC", "02647", locked_ms), 0);
    assert_int_equal(own_target(), 791);
    assert_null(strstr(answer, "Bổ sung"));
}

static void wrong_amendments_name_their_field(void **state)
{
    (void)state;
    assert_int_equal(amend("{\"scope\":" SCOPE("15") ",\"change\":1}", "CB-1"), bad);
    assert_true(says("moves[0].change: 15 is divided further"));
    assert_int_equal(amend("{\"scope\":" SCOPE("01") ",\"change\":1}", "CB-1"), bad);
    assert_true(says("moves[0].scope"));
    assert_int_equal(
        amend("{\"scope\":" SCOPE("02647") ",\"change\":1,\"from\":" SCOPE("01") "}", "CB-1"), bad);
    assert_true(says("moves[0].from"));
    assert_int_equal(amend("{\"scope\":" SCOPE("02647") ",\"change\":-901}", "CB-1"), bad);
    assert_true(says("moves: 02647 would get -1"));
    assert_int_equal(amend("", "CB-1"), bad);
    assert_true(says("moves"));
    assert_int_equal(amend("{\"scope\":" SCOPE("02647") ",\"change\":1}", "C B"), bad);
    assert_true(says("officer"));
    assert_int_equal(decide(NULL, 9, "CB-1", ""), ANSINH__V1__CODE__CODE_NOT_FOUND);
    assert_true(says("number"));
}

/* --- mergers ---------------------------------------------------------------------------------- */

static int rebase(const char *key, const char *on)
{
    return platform_call(platform, key, "Plans/RebasePlan", answer,
                         "{\"planCode\":\"2025-LC\",\"on\":\"%s\",\"officer\":\"CB-1\"}", on);
}

/* 02680 is divided between 02647 and 02686; its 691 go there, as 691 * 0.4 and 691 * 0.6. */
static void targets_follow_the_successors(void **state)
{
    (void)state;
    int64_t before_ms = moment_between();
    assert_int_equal(rebase(NULL, "2025-07-01"), 0);
    assert_true(says("\"written\":0")); /* nobody ended */
    assert_int_equal(
        platform_call(platform, NULL, "Directory/ImportSuccessors", answer,
                      "{\"successors\":[{\"oldCode\":\"02680\",\"newCode\":\"02647\","
                      "\"sharePerMillion\":400000,\"on\":\"2025-07-01\"},{\"oldCode\":\"02680\","
                      "\"newCode\":\"02686\",\"sharePerMillion\":600000,\"on\":\"2025-07-01\"}]}"),
        0);
    expect_target("2025-LC", "02686", 791);
    assert_int_equal(rebase(NULL, "2025-06-30"), 0);
    assert_true(says("\"written\":0"));
    assert_int_equal(rebase("r-1", "2025-07-01"), 0);
    assert_true(says("\"number\":4"));
    assert_int_equal(rebase("r-1", "2025-07-01"), 0);
    assert_int_equal(rebase(NULL, "2025-07-01"), 0);
    assert_true(says("\"written\":0"));
    expect_target("2025-LC", "02647", 900 + 276); /* 276.4 */
    expect_target("2025-LC", "02686", 791 + 415); /* 414.6 */
    assert_int_equal(get("2025-LC", "02680", 0), ANSINH__V1__CODE__CODE_NOT_FOUND);
    expect_exact("2025-LC", "15", 98);
    expect_target("2025-LC", "15", 78284);
    assert_true(says("\"rebasedOn\":\"2025-07-01\""));
    assert_int_equal(get("2025-LC", "02680", before_ms), 0);
    assert_int_equal(own_target(), 691);
    assert_int_equal(rebase(NULL, "2199-01-01"), bad);
    assert_true(says("on"));
    assert_int_equal(rebase(NULL, "2026-01-01"), refused);
    assert_true(says("the plan was over"));
}

/* --- many at once --- */

#define AT_ONCE 6

struct crowd {
    uint32_t first; /* decides amendments from this number on; 0: proposes */
    uint64_t numbers;
    struct bulk *bulk;
};

static void on_amended(void *arg, const struct bus_answer *got)
{
    struct crowd *self = arg;
    Ansinh__V1__AmendPlanResponse *out =
        got->code == 0 ? ansinh__v1__amend_plan_response__unpack(NULL, got->body_len, got->body)
                       : NULL;
    if (out != NULL)
        self->numbers |= 1ULL << out->number;
    bulk_done(self->bulk, out != NULL);
    ansinh__v1__amend_plan_response__free_unpacked(out, NULL);
}

static void send_proposal(struct crowd *self, const struct request_id *id)
{
    Ansinh__V1__PlanScope scope;
    Ansinh__V1__PlanMove move, *moves[] = {&move};
    Ansinh__V1__AmendPlanRequest in;
    static char plan[] = "2025-LC", code[] = "02647", officer[] = "CB-1", reason[] = "x";
    ansinh__v1__plan_scope__init(&scope);
    ansinh__v1__plan_move__init(&move);
    ansinh__v1__amend_plan_request__init(&in);
    scope.kind = ANSINH__V1__PLAN_SCOPE_KIND__PLAN_SCOPE_KIND_UNIT;
    scope.code = code;
    move.scope = &scope;
    move.change = 1;
    in.plan_code = plan;
    in.moves = moves;
    in.n_moves = 1;
    in.reason = reason;
    in.officer = officer;
    bulk_call(self->bulk, "ansinh.v1.Plans/AmendPlan", id, &in.base, on_amended, self);
}

static int send_one(void *arg, struct bulk *bulk, unsigned long i)
{
    struct crowd *self = arg;
    Ansinh__V1__DecideAmendmentRequest in;
    static char plan[] = "2025-LC", officer[] = "CB-2";
    struct request_id id;
    if (i == AT_ONCE)
        return 0;
    self->bulk = bulk;
    request_id_make(clock_wall_ms(), &id);
    if (self->first == 0) {
        send_proposal(self, &id);
        return 1;
    }
    ansinh__v1__decide_amendment_request__init(&in);
    in.plan_code = plan;
    in.number = self->first + (uint32_t)i;
    in.officer = officer;
    bulk_call(bulk, "ansinh.v1.Plans/DecideAmendment", &id, &in.base, on_amended, self);
    return 1;
}

static void crowd_run(uint32_t first)
{
    struct crowd crowd = {.first = first};
    struct bulk_conf conf = {
        .svc = platform_service(platform), .window = AT_ONCE, .start = send_one, .arg = &crowd};
    unsigned long done;
    assert_int_equal(bulk_run(&conf, &done), 0);
    assert_int_equal(done, AT_ONCE);
    assert_int_equal(crowd.numbers,
                     (1ULL << (5 + AT_ONCE)) - (1ULL << 5)); /* 5 and on, once each */
}

/* Two instances at once: each change finds the plan as the one before it left it. */
static void changes_at_once_are_made_one_after_the_other(void **state)
{
    (void)state;
    crowd_run(0);
    crowd_run(5);
    expect_target("2025-LC", "02647", 1176 + AT_ONCE);
    expect_target("2025-LC", "15", 78284 + AT_ONCE);
    expect_exact("2025-LC", "15", 98);
}

static int is_verified(void *arg)
{
    (void)arg;
    return platform_ansinh(platform, said, "verify", NULL) == 0 &&
           strstr(said, " 0 differences") != NULL;
}

static int number_of_proposal(const char *moves)
{
    assert_int_equal(amend(moves, "CB-1"), 0);
    assert_true(says("\"number\":"));
    return atoi(strstr(answer, "\"number\":") + strlen("\"number\":"));
}

static void expect_then(int64_t as_of_ms, long long commune, long long province)
{
    assert_int_equal(get("2025-LC", "02647", as_of_ms), 0);
    assert_int_equal(own_target(), commune);
    assert_int_equal(get("2025-LC", "15", as_of_ms), 0);
    assert_int_equal(own_target(), province);
}

static void amendments_decided_in_another_order_keep_their_history(void **state)
{
    (void)state;
    assert_int_equal(get("2025-LC", "02647", 0), 0);
    long long commune = own_target();
    assert_int_equal(get("2025-LC", "15", 0), 0);
    long long province = own_target();
    int first = number_of_proposal("{\"scope\":" SCOPE("02647") ",\"change\":7}");
    int second = number_of_proposal("{\"scope\":" SCOPE("02647") ",\"change\":5}");
    int64_t before_ms = moment_between();
    assert_int_equal(decide(NULL, second, "CB-2", ""), 0);
    int64_t between_ms = moment_between();
    assert_int_equal(decide(NULL, first, "CB-2", ""), 0);
    expect_then(before_ms, commune, province);
    expect_then(between_ms, commune + 5, province + 5);
    expect_then(0, commune + 12, province + 12);
}

static void the_ledger_is_what_the_journal_says(void **state)
{
    (void)state;
    if (!wait_until(platform, is_verified, NULL, WAIT_MS))
        fail_msg("%s", said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_draft_cascades_exactly_and_again),
        cmocka_unit_test(a_year_of_another_plan_weighs),
        cmocka_unit_test(splits_by_hand_go_down_to_collectors),
        cmocka_unit_test(what_is_wrong_names_its_field),
        cmocka_unit_test(a_draft_is_undivided_and_weighed_by_hand),
        cmocka_unit_test(a_locked_plan_changes_by_two_officers),
        cmocka_unit_test(wrong_amendments_name_their_field),
        cmocka_unit_test(targets_follow_the_successors),
        cmocka_unit_test(changes_at_once_are_made_one_after_the_other),
        cmocka_unit_test(amendments_decided_in_another_order_keep_their_history),
        cmocka_unit_test(the_ledger_is_what_the_journal_says),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
