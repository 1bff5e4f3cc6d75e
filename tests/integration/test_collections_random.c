/* Partners that pay, repeat, give up, take back and ask, at random and at once, against a small
 * model of what each transaction may be. COLLECTIONS_STEPS=100000 for longer, COLLECTIONS_SEED for
 * the same run again. */
#include "tests/support/test.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/json/json.h"
#include "common/service/api.h"
#include "tests/support/collecting.h"

#define STEPS 1500
#define BILLS 12
#define IDS_A_BILL 3 /* that want to pay it */
#define IDS (BILLS * IDS_A_BILL)
#define WINDOW 16    /* steps under way */
#define GIVE_UP_MS 3 /* of a caller that does not wait */
#define PATIENT_MS 20000
#define ANSWER_BYTES 2048
#define FINISH_MS 120000

enum what { PAY, REVERSE, ASK, WHATS };

/* A transaction id of a partner, for one bill, and everything that was ever said of it. */
struct tx {
    const char *partner;
    char id[32], reversal[32];
    unsigned bill;
    int is_paid, is_reversed, is_cancelled, is_refused; /* somebody was told so */
    int is_turned_away;                                 /* ... or that it cannot be paid */
    char paid[ANSWER_BYTES], reversed[ANSWER_BYTES];    /* the first answers */
};

struct step {
    struct tx *tx;
    enum what what;
    struct arena *arena;
    const ProtobufCMessageDescriptor *output;
    int was_paid, was_reversed, was_closed; /* as told when it was sent */
    int is_open;
};

static const char *const partners[] = {"VNPOST", "HPN"};
static struct platform *platform;
static struct bill bills[BILLS];
static unsigned paid_by[BILLS]; /* ids that were told: paid */
static struct tx txs[IDS];
static struct step window[WINDOW];
static unsigned n_open;
static uint64_t seed;
static long long at_ms;

static unsigned random_below(unsigned n)
{
    seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(seed >> 33) % n;
}

static int start(void **state)
{
    (void)state;
    const char *given = getenv("COLLECTIONS_SEED");
    seed = given == NULL ? (uint64_t)clock_wall_ms() : strtoull(given, NULL, 10);
    (void)fprintf(stderr, "COLLECTIONS_SEED=%llu\n", (unsigned long long)seed);
    platform = platform_start(&(struct platform_conf){.payments = 2});
    platform_import(platform);
    collecting_on(platform);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < WINDOW; i++)
        arena_destroy(&window[i].arena);
    platform_stop(&platform);
    return 0;
}

/* --- what may be said ------------------------------------------------------------------------- */

/* An answer that was given once is given for ever. */
static void same_again(char *first, const char *text, const char *id)
{
    if (first[0] == '\0')
        (void)snprintf(first, ANSWER_BYTES, "%s", text);
    else if (strcmp(first, text) != 0)
        fail_msg("%s: first %s then %s", id, first, text);
}

static void is_one_outcome(const struct tx *tx)
{
    int n = tx->is_paid + tx->is_cancelled + tx->is_refused;
    if (n > 1 || (tx->is_paid && tx->is_turned_away) ||
        (tx->is_reversed && (tx->is_cancelled || tx->is_refused)))
        fail_msg("%s of %s: paid %d, reversed %d, cancelled %d, refused %d", tx->id, tx->partner,
                 tx->is_paid, tx->is_reversed, tx->is_cancelled, tx->is_refused);
}

static void told_paid(struct tx *tx)
{
    if (!tx->is_paid && ++paid_by[tx->bill] > 1)
        fail_msg("%s: a bill is paid twice", tx->id);
    tx->is_paid = 1;
}

static void take_state(const struct step *step, const json_t *root)
{
    struct tx *tx = step->tx;
    const char *state = json_string_value(json_object_get(root, "state"));
    assert_non_null(state);
    if (strcmp(state, "COLLECTION_STATE_PAID") == 0) {
        told_paid(tx);
        assert_false(step->was_reversed);
    } else if (strcmp(state, "COLLECTION_STATE_REVERSED") == 0) {
        told_paid(tx);
        tx->is_reversed = 1;
    } else if (strcmp(state, "COLLECTION_STATE_CANCELLED") == 0) {
        tx->is_cancelled = 1;
    } else if (strcmp(state, "COLLECTION_STATE_REFUSED") == 0) {
        tx->is_refused = 1;
    } else {
        assert_false(step->was_paid || step->was_closed);
    }
}

static void take_answer(struct step *step, const char *text)
{
    struct tx *tx = step->tx;
    json_auto_t *root = json_loads(text, 0, NULL);
    assert_non_null(root);
    if (step->what == PAY) {
        told_paid(tx);
        same_again(tx->paid, text, tx->id);
    } else if (step->what == REVERSE) {
        same_again(tx->reversed, text, tx->id);
        take_state(step, root);
    } else {
        take_state(step, root);
    }
    is_one_outcome(tx);
}

/* Refusals of what was done, and nothing else, would be lies. */
static void take_error(const struct step *step, const struct bus_answer *answer)
{
    Ansinh__V1__Outcome outcome = bus_code_outcome(answer->code, step->what != ASK);
    if (outcome != ANSINH__V1__OUTCOME__OUTCOME_FINAL)
        return;
    if (answer->code != ANSINH__V1__CODE__CODE_FAILED_PRECONDITION)
        fail_msg("%s: %d %s: %s", step->tx->id, answer->code, answer->field, answer->message);
    if (step->what == PAY) {
        step->tx->is_turned_away = 1;
        is_one_outcome(step->tx);
    }
    if (step->what == REVERSE && step->tx->reversed[0] != '\0')
        fail_msg("%s was taken back, then not: %s", step->tx->id, answer->message);
}

static void on_answer(void *arg, const struct bus_answer *answer)
{
    struct step *step = arg;
    ProtobufCAllocator allocator;
    step->is_open = 0;
    n_open--;
    if (answer->code != 0) {
        take_error(step, answer);
        return;
    }
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, ANSWER_BYTES);
    bus_arena_allocator(step->arena, &allocator);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(step->output, &allocator, answer->body_len, answer->body);
    assert_non_null(message);
    assert_int_equal(json_from_message(message, JSON_DEFAULTS, &text), 0);
    assert_int_equal(buf_append(&text, "", 1), 0);
    take_answer(step, (const char *)text.data);
}

/* --- steps ------------------------------------------------------------------------------------ */

static void write_request(const struct tx *tx, enum what what, char *ret, size_t size)
{
    const struct bill *bill = &bills[tx->bill];
    int days = strcmp(tx->partner, "HPN") == 0; /* whose cut-off is a minute after midnight */
    if (what == PAY)
        (void)snprintf(ret, size,
                       "{\"partnerTransactionId\":\"%s\",\"billId\":\"%s\",\"billVersion\":%s,"
                       "\"amountVnd\":\"%s\",\"paidAtMs\":\"%lld\",\"businessDate\":\"%s\","
                       "\"channel\":2}",
                       tx->id, bill->id, bill->version, bill->due, at_ms,
                       collecting_date(at_ms, days));
    else if (what == REVERSE)
        (void)snprintf(ret, size,
                       "{\"partnerTransactionId\":\"%s\",\"originalTransactionId\":\"%s\","
                       "\"reason\":6}",
                       tx->reversal, tx->id);
    else
        (void)snprintf(ret, size, "{\"partnerTransactionId\":\"%s\"}", tx->id);
}

static void step_send(struct step *step, struct tx *tx, enum what what, int64_t timeout_ms)
{
    static const char *const methods[WHATS] = {[PAY] = "Collections/Pay",
                                               [REVERSE] = "Collections/Reverse",
                                               [ASK] = "Collections/GetPayment"};
    const struct api_method *method = api_find(methods[what]);
    char json[1024];
    ProtobufCMessage *input;
    struct err err = {0};
    struct request_id id;
    arena_reset(step->arena);
    write_request(tx, what, json, sizeof(json));
    assert_int_equal(json_to_message(json, strlen(json), method->input, step->arena, &input, &err),
                     0);
    request_id_make(clock_wall_ms(), &id);
    step->tx = tx;
    step->what = what;
    step->output = method->output;
    step->was_paid = tx->is_paid;
    step->was_reversed = tx->is_reversed;
    step->was_closed = tx->is_cancelled || tx->is_refused;
    step->is_open = 1;
    n_open++;
    struct bus_call call = {.service = method->process,
                            .method = method->name,
                            .id = method->is_read ? NULL : &id,
                            .timeout_ms = timeout_ms,
                            .partner = tx->partner};
    bus_call(platform_service(platform)->client, &call, input, on_answer, step);
}

static struct step *free_step(void)
{
    for (size_t i = 0; i < WINDOW; i++) {
        if (!window[i].is_open)
            return &window[i];
    }
    return NULL;
}

static void random_step(void)
{
    unsigned dice = random_below(100);
    struct tx *tx = &txs[random_below(IDS)];
    enum what what = dice < 60 ? PAY : dice < 68 ? REVERSE : ASK;
    int64_t timeout_ms = random_below(8) == 0 ? GIVE_UP_MS : PATIENT_MS;
    step_send(free_step(), tx, what, timeout_ms);
}

static void wait_for(unsigned n_at_most)
{
    int64_t until_ms = clock_mono_ms() + FINISH_MS;
    while (n_open > n_at_most) {
        assert_true(clock_mono_ms() < until_ms);
        loop_turn(platform_service(platform)->loop, 50);
    }
}

/* Fresh bills for fresh ids. */
static void round_start(unsigned round)
{
    at_ms = collecting_now_ms();
    memset(txs, 0, sizeof(txs));
    memset(paid_by, 0, sizeof(paid_by));
    for (unsigned i = 0; i < BILLS; i++)
        collecting_bill(round * BILLS + i, "", &bills[i]);
    for (unsigned i = 0; i < IDS; i++) {
        txs[i].bill = i % BILLS;
        txs[i].partner = partners[i / BILLS % 2];
        (void)snprintf(txs[i].id, sizeof(txs[i].id), "r%u-%u", round, i);
        (void)snprintf(txs[i].reversal, sizeof(txs[i].reversal), "r%u-%u-r", round, i);
    }
}

/* What nobody waited for is told in the end. */
static void round_end(void)
{
    wait_for(0);
    for (unsigned i = 0; i < IDS; i++) {
        step_send(free_step(), &txs[i], ASK, PATIENT_MS);
        wait_for(WINDOW - 1);
    }
    wait_for(0);
}

static void each_id_has_one_outcome_and_each_bill_one_payment(void **state)
{
    (void)state;
    const char *given = getenv("COLLECTIONS_STEPS");
    unsigned n = given == NULL ? STEPS : (unsigned)strtoul(given, NULL, 10);
    unsigned n_paid = 0, round = 0;
    for (size_t i = 0; i < WINDOW; i++)
        window[i].arena = arena_create(64 * 1024);
    for (unsigned i = 0; i < n; round++) {
        round_start(round);
        for (unsigned k = 0; k < IDS * 6 && i < n; k++, i++) {
            wait_for(WINDOW - 1);
            random_step();
        }
        round_end();
        for (unsigned k = 0; k < BILLS; k++)
            n_paid += paid_by[k];
    }
    assert_true(n_paid > round * BILLS / 4); /* it was no idle run */
    (void)fprintf(stderr, "%u steps, %u bills, %u paid\n", n, round * BILLS, n_paid);
}

static void nothing_differs(void **state)
{
    (void)state;
    char said[PLATFORM_SAID_BYTES];
    platform_set_partner(platform, "");
    if (platform_ansinh(platform, said, "verify", NULL) != 0)
        fail_msg("%s", said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_id_has_one_outcome_and_each_bill_one_payment),
        cmocka_unit_test(nothing_differs),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
