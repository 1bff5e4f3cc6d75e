/* Partners that pay, repeat, give up, take back and ask, and whose end-of-day files are posted in
 * between, at random and at once, against a small model of what each transaction may be; the books
 * balance, and the cash in hand is what was paid. COLLECTIONS_STEPS=100000 for longer,
 * COLLECTIONS_SEED for the same run again. */
#include "tests/support/test.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/json/json.h"
#include "common/service/api.h"
#include "common/settle/eod.h"
#include "tests/support/booked.h"
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
#define ROW_BYTES 512
#define PARTNERS 2

enum what { PAY, REVERSE, ASK, POST, WHATS }; /* POST: as its row of the file says */

/* A transaction id of a partner, for one bill, and everything that was ever said of it. */
struct tx {
    const char *partner;
    char id[32], reversal[32];
    char row[ROW_BYTES]; /* of the file, as a request */
    const uint8_t *file; /* the file's hash */
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

static const char *const partners[PARTNERS] = {"VNPOST", "HPN"};
static struct eod_file files[PARTNERS];
static long long cash_vnd; /* of VNPOST's collector */
static unsigned n_posted;  /* rows of files that were answered as paid */
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
    platform = platform_start(&(struct platform_conf){.payments = 2, .settlement = 1});
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
    if (step->what == PAY || step->what == POST) {
        n_posted += step->what == POST;
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
    if (step->what == PAY || step->what == POST) {
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

#define CASH                                                                                       \
    "\"channel\":1,\"pointCode\":\"" COLLECTING_POINT "\","                                        \
    "\"collectorCode\":\"" COLLECTING_COLLECTOR "\""

/* HPN's cut-off is a minute after midnight; it has money transferred, VNPOST takes cash. */
static int is_late(const char *partner)
{
    return strcmp(partner, "HPN") == 0;
}

static void write_request(const struct tx *tx, enum what what, char *ret, size_t size)
{
    const struct bill *bill = &bills[tx->bill];
    if (what == POST)
        (void)snprintf(ret, size, "%s", tx->row);
    else if (what == PAY)
        (void)snprintf(ret, size,
                       "{\"partnerTransactionId\":\"%s\",\"billId\":\"%s\",\"billVersion\":%s,"
                       "\"amountVnd\":\"%s\",\"paidAtMs\":\"%lld\",\"businessDate\":\"%s\",%s}",
                       tx->id, bill->id, bill->version, bill->due, at_ms,
                       collecting_date(at_ms, is_late(tx->partner)),
                       is_late(tx->partner) ? "\"channel\":2" : CASH);
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
                                               [ASK] = "Collections/GetPayment",
                                               [POST] = "Collections/Pay"};
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
                            .partner = tx->partner,
                            .source_file = what == POST ? tx->file : NULL};
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
    enum what what = dice < 45 ? PAY : dice < 60 ? POST : dice < 68 ? REVERSE : ASK;
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

/* --- files ------------------------------------------------------------------------------------ */

static int take_head(void *arg, const struct eod_head *head, struct err *err)
{
    (void)err;
    assert_string_equal(head->partner, partners[*(const unsigned *)arg]);
    return 0;
}

/* As `ansinh reconcile --post` makes a payment of a row. */
static int take_row(void *arg, const struct eod_row *row)
{
    unsigned partner = *(const unsigned *)arg, i = 0;
    char date[DATE_TEXT_BYTES], place[128] = "";
    while (strcmp(txs[i].id, row->transaction_id) != 0)
        assert_true(++i < IDS);
    date_format(row->business_day, date);
    if (row->point[0] != '\0')
        (void)snprintf(place, sizeof(place), ",\"pointCode\":\"%s\",\"collectorCode\":\"%s\"",
                       row->point, row->collector);
    (void)snprintf(txs[i].row, sizeof(txs[i].row),
                   "{\"partnerTransactionId\":\"%s\",\"billId\":\"%s\",\"billVersion\":%u,"
                   "\"amountVnd\":\"%lld\",\"paidAtMs\":\"%lld\",\"businessDate\":\"%s\","
                   "\"channel\":%d%s}",
                   row->transaction_id, row->bill_id, row->bill_version, (long long)row->amount_vnd,
                   (long long)row->paid_at_ms, date, row->channel == EOD_CASH ? 1 : 2, place);
    txs[i].file = files[partner].hash;
    return 0;
}

static int take_bad(void *arg, const struct eod_bad *bad)
{
    (void)arg;
    fail_msg("line %u: %s", bad->line, bad->why);
    return 0;
}

static void write_row(struct eod_writer *writer, const struct tx *tx, int32_t day)
{
    const struct bill *bill = &bills[tx->bill];
    int is_cash = !is_late(tx->partner);
    struct eod_row row = {.transaction_id = tx->id,
                          .payment_id = "",
                          .bill_id = bill->id,
                          .bill_version = (uint32_t)atoll(bill->version),
                          .amount_vnd = atoll(bill->due),
                          .status = EOD_PAID,
                          .paid_at_ms = at_ms,
                          .business_day = day,
                          .point = is_cash ? COLLECTING_POINT : "",
                          .collector = is_cash ? COLLECTING_COLLECTOR : "",
                          .channel = is_cash ? EOD_CASH : EOD_TRANSFER};
    assert_int_equal(eod_writer_row(writer, &row), 0);
}

/* All ids of a partner stand in its file of the round, paid or not. */
static void file_make(unsigned partner)
{
    static const struct eod_visitor visitor = {take_head, take_row, take_bad};
    struct eod_writer *writer = NULL;
    struct err err = {0};
    int32_t day = clock_business_day(at_ms) + is_late(partners[partner]);
    FILE *file = tmpfile();
    assert_non_null(file);
    assert_int_equal(eod_writer_create(partners[partner], day, &writer), 0);
    for (unsigned i = 0; i < IDS; i++) {
        if (txs[i].partner == partners[partner])
            write_row(writer, &txs[i], day);
    }
    assert_int_equal(eod_writer_finish(writer, file, NULL), 0);
    eod_writer_destroy(&writer);
    rewind(file);
    if (eod_read(settle_read_file, file, &visitor, &partner, &files[partner], &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(fclose(file), 0);
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
    for (unsigned i = 0; i < PARTNERS; i++)
        file_make(i);
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
    for (unsigned i = 0; i < IDS; i++) {
        if (txs[i].is_paid && !txs[i].is_reversed && !is_late(txs[i].partner))
            cash_vnd += atoll(bills[txs[i].bill].due);
    }
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
    assert_true(n_posted > 0);
    (void)fprintf(stderr, "%u steps, %u bills, %u paid, %u rows of files posted or found\n", n,
                  round * BILLS, n_paid, n_posted);
}

static void the_books_balance_and_cash_is_what_was_paid(void **state)
{
    (void)state;
    char wanted[64];
    assert_true(booked_wait(platform, FINISH_MS));
    assert_int_equal(collect("", "Ledger/TrialBalance", "{}"), 0);
    collected_says("\"isBalanced\":true");
    assert_int_equal(collect("", "Custody/GetCustody", "{'holderCode':'" COLLECTING_COLLECTOR "'}"),
                     0);
    (void)snprintf(wanted, sizeof(wanted), "\"cashInHandVnd\":\"%lld\"", cash_vnd);
    collected_says(wanted);
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
        cmocka_unit_test(the_books_balance_and_cash_is_what_was_paid),
        cmocka_unit_test(nothing_differs),
    };
    return !!cmocka_run_group_tests(tests, start, stop);
}
