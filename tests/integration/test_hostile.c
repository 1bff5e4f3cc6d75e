/* Real services against peers that do not keep to the protocol: nobody dies, everything is answered
 * with a code and a field or is dropped and counted, and the ledger stays as it is to the byte. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/bus/bus.h"
#include "tests/support/archived.h"
#include "tests/support/good_requests.h"
#include "tests/support/ledger_state.h"
#include "tests/support/mutations.h"
#include "tests/support/raw_peer.h"

#define ARENA_BYTES (1024 * 1024)
#define N_SERVICES 6
#define CHECK "ansinh.v1.Health/Check"
#define RANDOM_MESSAGES 1500
#define BODY_BYTES 4096
#define ARCHIVE_MS 20000

static struct platform *platform;
static struct raw_peer *peers[N_SERVICES]; /* in the order of api_processes() */
static struct arena *arena;
static char answer[PLATFORM_ANSWER_BYTES];
static struct good_names names;

/* Everything that must not change. */
struct state {
    struct ledger_state ledger;
    int64_t started_at_ms[N_SERVICES];
};
static struct state before;

static void take_state(struct state *ret)
{
    ledger_state_take(platform_ledger(platform), &ret->ledger);
    for (size_t i = 0; i < N_SERVICES; i++)
        ret->started_at_ms[i] = raw_peer_started_at_ms(peers[i]);
}

static void expect_untouched(void)
{
    struct state now = {0};
    platform_wait_ready(platform);
    take_state(&now);
    ledger_state_same(&now.ledger, &before.ledger);
    for (size_t i = 0; i < N_SERVICES; i++)
        assert_int_equal(now.started_at_ms[i], before.started_at_ms[i]);
}

/* A call that has to succeed; its result is in answer. */
#define MUST(method, ...)                                                                          \
    do {                                                                                           \
        if (platform_call(platform, NULL, method, answer, __VA_ARGS__) != 0)                       \
            fail_msg("%s: %s", method, answer);                                                    \
    } while (0)

static void enrol_and_inquire(const char *personal_id, const char *si_code)
{
    MUST("Enrolment/Enrol",
         "{\"personalId\":\"%s\",\"fullName\":\"Nguyễn An\",\"birthDate\":\"1985-05-17\","
         "\"sex\":\"SEX_MALE\",\"unitCode\":\"02647\",\"supportGroup\":\"SUPPORT_GROUP_POOR\","
         "\"incomeVnd\":\"5000000\",\"method\":\"METHOD_MONTHLY\",\"siCode\":\"%s\"}",
         personal_id, si_code);
    (void)strcpy(names.participant, platform_field(answer, "participantId"));
    MUST("Payments/Inquire", "{\"participantId\":\"%s\"}", names.participant);
    (void)strcpy(names.bill, platform_field(answer, "billId"));
    (void)strcpy(names.bill_version, platform_field(answer, "billVersion"));
    (void)strcpy(names.due, platform_field(answer, "dueVnd"));
}

static int is_receipt_issued(void *arg)
{
    (void)arg;
    return platform_call(platform, NULL, "Receipts/GetReceipt", answer, "{\"paymentId\":\"%s\"}",
                         names.payment) == 0;
}

static int hostile_start(void **state)
{
    (void)state;
    static const char *const options[] = {ARCHIVED_AT_ONCE, NULL};
    platform = platform_start(&(struct platform_conf){
        .settlement = 1, .notifications = 1, .archiver = 1, .gateway = 1, .environment = options});
    arena = arena_create(ARENA_BYTES);
    platform_import(platform);
    MUST("Partners/ImportPartners", "%s", good_request_partner);
    for (size_t i = 0; good_request_plans[i][0] != NULL; i++)
        MUST(good_request_plans[i][0], "%s", good_request_plans[i][1]);
    enrol_and_inquire("010085000009", "");
    MUST("Payments/Pay", "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":\"%s\"}", names.bill,
         names.bill_version, names.due);
    (void)strcpy(names.payment, platform_field(answer, "paymentId"));
    enrol_and_inquire("010085000001", "0123456789"); /* stays open */
    for (size_t i = 0; i < N_SERVICES; i++)
        peers[i] = raw_peer_create(platform, api_processes()[i]);
    assert_true(
        wait_until(platform, is_receipt_issued, NULL, ARCHIVE_MS)); /* the last thing done */
    assert_true(archived_wait(platform, ARCHIVE_MS));
    take_state(&before);
    return 0;
}

static int hostile_stop(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SERVICES; i++)
        raw_peer_destroy(&peers[i]);
    arena_destroy(&arena);
    platform_stop(&platform);
    return 0;
}

static struct raw_peer *peer_of(const struct api_method *method)
{
    for (size_t i = 0; i < N_SERVICES; i++) {
        if (strcmp(api_processes()[i], method->process) == 0)
            return peers[i];
    }
    return peers[0]; /* Health is everywhere */
}

static struct request_id id_at(int64_t offset_ms)
{
    struct request_id id;
    request_id_make(clock_wall_ms() + offset_ms, &id);
    return id;
}

/* With a fresh id when it is a command. */
static void call(const struct api_method *method, const void *body, size_t len,
                 struct raw_answer *ret)
{
    struct raw_peer *peer = peer_of(method);
    struct request_id id = id_at(0);
    const Ansinh__V1__Header *header =
        raw_peer_header(peer, method->name, method->is_read ? NULL : &id);
    raw_peer_request(peer, header, body, len);
    raw_peer_take(peer, ret);
    assert_int_equal(ret->call_id, header->call_id);
}

static size_t pack(const struct api_method *method, const char *json, uint8_t ret[BODY_BYTES])
{
    arena_reset(arena);
    return good_request_pack(method, json, &names, arena, ret, BODY_BYTES);
}

/* --- frames --- */

/* Messages that are dropped or answered at once: what was sent, answered and counted. */
struct account {
    struct raw_peer *peer;
    int64_t malformed;
    size_t n_sent;
};

static void account_open(struct account *self, struct raw_peer *peer)
{
    *self = (struct account){peer, raw_peer_stat(peer, "malformed_total"), 0};
}

static void account_send(struct account *self, const void *const *frames, const size_t *lens,
                         size_t n)
{
    raw_peer_send(self->peer, frames, lens, n);
    self->n_sent++;
}

/* The number of messages that were dropped. */
static size_t account_close(struct account *self)
{
    size_t n_invalid;
    size_t n_answers = raw_peer_drain(self->peer, &n_invalid);
    int64_t malformed = raw_peer_stat(self->peer, "malformed_total") - self->malformed;
    size_t n_dropped = (size_t)malformed - n_invalid;
    assert_int_equal(n_answers + n_dropped, self->n_sent);
    return n_dropped;
}

static size_t pack_header(struct raw_peer *peer, uint8_t ret[512])
{
    return ansinh__v1__header__pack(raw_peer_header(peer, CHECK, NULL), ret);
}

static void wrong_frames_are_dropped_and_counted(void **state)
{
    (void)state;
    uint8_t head[512];
    for (size_t i = 0; i < N_SERVICES; i++) {
        struct account account;
        account_open(&account, peers[i]);
        size_t len = pack_header(peers[i], head);
        const void *frames[] = {head, "", "", "", "", ""};
        const size_t lens[] = {len, 0, 0, 0, 0, 0};
        account_send(&account, frames, lens, 1);
        for (size_t n = 3; n <= 5; n++)
            account_send(&account, frames, lens, n);
        for (size_t n = 1; n <= 5; n++)
            account_send(&account, frames + 1, lens + 1, n);
        /* two empty frames are an empty header: readable, and answered */
        assert_int_equal(account_close(&account), 4 + 5 - 1);
    }
    expect_untouched();
}

static void too_long_frames_are_refused(void **state)
{
    (void)state;
    static uint8_t bytes[BUS_FRAME_MAX_BYTES + 1];
    uint8_t head[512];
    for (size_t i = 0; i < N_SERVICES; i++) {
        struct account account;
        struct raw_answer got;
        account_open(&account, peers[i]);
        const void *header_frames[] = {bytes, ""}, *body_frames[] = {head, bytes};
        account_send(&account, header_frames, (const size_t[]){sizeof(bytes), 0}, 2);
        assert_int_equal(account_close(&account), 1);
        size_t len = pack_header(peers[i], head);
        raw_peer_send(peers[i], body_frames, (const size_t[]){len, sizeof(bytes)}, 2);
        raw_peer_take(peers[i], &got);
        assert_int_equal(got.code, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        assert_string_equal(got.message, "the request is too long");
    }
    expect_untouched();
}

static void every_beginning_of_a_header_is_answered_or_dropped(void **state)
{
    (void)state;
    uint8_t head[512];
    for (size_t i = 0; i < N_SERVICES; i++) {
        struct account account;
        account_open(&account, peers[i]);
        size_t len = pack_header(peers[i], head);
        const void *frames[] = {head, ""};
        for (size_t cut = 0; cut < len; cut++)
            account_send(&account, frames, (const size_t[]){cut, 0}, 2);
        assert_true(account_close(&account) > len / 2);
    }
    expect_untouched();
}

static uint64_t random_next(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static void random_bytes_are_answered_or_dropped(void **state)
{
    (void)state;
    uint64_t seed = 20251130;
    for (size_t i = 0; i < N_SERVICES; i++) {
        struct account account;
        account_open(&account, peers[i]);
        for (size_t n = 0; n < RANDOM_MESSAGES; n++) {
            uint8_t head[512], body[512];
            size_t len = pack_header(peers[i], head);
            for (size_t k = 0; k < sizeof(body); k++)
                body[k] = (uint8_t)random_next(&seed);
            /* a good header with one byte changed, or rubbish as header */
            if (n % 2 == 0)
                head[random_next(&seed) % len] = (uint8_t)random_next(&seed);
            else
                memcpy(head, body + 100, len);
            const void *frames[] = {head, body, head};
            const size_t lens[] = {len, random_next(&seed) % sizeof(body), 1};
            account_send(&account, frames, lens, n % 7 == 0 ? 3 : 2);
            if (n % 100 == 99) {
                (void)account_close(&account);
                account_open(&account, peers[i]);
            }
        }
        (void)account_close(&account);
    }
    expect_untouched();
}

/* --- headers --- */

static void unknown_methods_are_unimplemented(void **state)
{
    (void)state;
    static const char *const unknown[] = {"",
                                          "Pay",
                                          "/",
                                          "ansinh.v1.Health",
                                          "ansinh.v1.Health/",
                                          "ansinh.v1.Health/check",
                                          "ansinh.v1.Health/Check ",
                                          "ansinh.v2.Health/Check",
                                          "ansinh.v1.Admin/Drop",
                                          "\x7f\xc3\xa9"};
    for (size_t i = 0; i < N_SERVICES; i++) {
        int64_t counted = raw_peer_stat(peers[i], "unknown_method_total");
        size_t n = 0;
        for (size_t k = 0; k < ARRAY_LEN(unknown); k++, n++)
            raw_peer_request(peers[i], raw_peer_header(peers[i], unknown[k], NULL), "", 0);
        /* methods of the others */
        for (size_t k = 0; api_at(k) != NULL; k++) {
            const struct api_method *method = api_at(k);
            if (method->process[0] == '\0' || peer_of(method) == peers[i])
                continue;
            raw_peer_request(peers[i], raw_peer_header(peers[i], method->name, NULL), "", 0);
            n++;
        }
        for (size_t k = 0; k < n; k++) {
            struct raw_answer got;
            raw_peer_take(peers[i], &got);
            assert_int_equal(got.code, ANSINH__V1__CODE__CODE_UNIMPLEMENTED);
        }
        assert_int_equal(raw_peer_stat(peers[i], "unknown_method_total") - counted, n);
    }
    expect_untouched();
}

static void expect_invalid(struct raw_peer *peer, const Ansinh__V1__Header *header,
                           const void *body, size_t len, const char *field, const char *said)
{
    struct raw_answer got;
    raw_peer_request(peer, header, body, len);
    raw_peer_take(peer, &got);
    if (got.code != ANSINH__V1__CODE__CODE_INVALID_ARGUMENT || strcmp(got.field, field) != 0 ||
        strstr(got.message, said) == NULL)
        fail_msg("%s: code %d, %s: %s", header->method, got.code, got.field, got.message);
}

static void wrong_headers_are_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SERVICES; i++) {
        struct raw_peer *peer = peers[i];
        int64_t counted = raw_peer_stat(peer, "malformed_total");
        Ansinh__V1__Header *header = raw_peer_header(peer, CHECK, NULL);
        header->timeout_ms = 0;
        expect_invalid(peer, header, "", 0, "", "timeout_ms");
        header->timeout_ms = UINT32_MAX;
        expect_invalid(peer, header, "", 0, "", "timeout_ms");
        header = raw_peer_header(peer, CHECK, NULL);
        header->caller = (char *)(uintptr_t) "two words";
        expect_invalid(peer, header, "", 0, "", "caller");
        header = raw_peer_header(peer, CHECK, NULL);
        header->caller = (char *)(uintptr_t) "\xff";
        expect_invalid(peer, header, "", 0, "", "caller");
        header = raw_peer_header(peer, CHECK, NULL);
        header->trace_id = (char *)(uintptr_t) "a\nlevel=error";
        expect_invalid(peer, header, "", 0, "", "trace_id");
        assert_int_equal(raw_peer_stat(peer, "malformed_total") - counted, 5);
    }
    expect_untouched();
}

static void ids_that_are_no_ids_or_of_another_time_are_refused(void **state)
{
    (void)state;
    static const int64_t hour_ms = 3600000;
    int n_commands = 0;
    for (size_t i = 0; good_request_at(i) != NULL; i++) {
        const struct good_request *good = good_request_at(i);
        const struct api_method *method = api_find(good->method);
        struct raw_peer *peer = peer_of(method);
        uint8_t body[BODY_BYTES];
        if (method->is_read || good_request_has_own_id(good))
            continue;
        n_commands++;
        size_t len = pack(method, good->json, body);
        struct request_id expired = id_at(-49 * hour_ms), future = id_at(hour_ms), fresh = id_at(0);
        expect_invalid(peer, raw_peer_header(peer, method->name, NULL), body, len, "",
                       "request id");
        expect_invalid(peer, raw_peer_header(peer, method->name, &expired), body, len,
                       "Idempotency-Key", "");
        expect_invalid(peer, raw_peer_header(peer, method->name, &future), body, len,
                       "Idempotency-Key", "");
        Ansinh__V1__Header *header = raw_peer_header(peer, method->name, &fresh);
        header->request_id.len--;
        expect_invalid(peer, header, body, len, "", "16 bytes");
        uint8_t longer[ID_BYTES + 1] = {0};
        header = raw_peer_header(peer, method->name, NULL);
        header->request_id = (ProtobufCBinaryData){sizeof(longer), longer};
        expect_invalid(peer, header, body, len, "", "16 bytes");
    }
    assert_true(n_commands > 7);
    expect_untouched();
}

static void late_answers_are_dropped_and_counted(void **state)
{
    (void)state;
    const struct api_method *method = api_find("Enrolment/GetParticipant");
    struct raw_peer *peer = peer_of(method);
    int64_t counted = raw_peer_stat(peer, "expired_total");
    int64_t until_ms = clock_mono_ms() + 10000;
    uint8_t body[BODY_BYTES];
    size_t n_invalid, len = pack(method, "{'participantId':'$p'}", body);
    redis_server_pause(platform_ledger(platform));
    for (int i = 0; i < 5; i++) {
        Ansinh__V1__Header *header = raw_peer_header(peer, method->name, NULL);
        header->timeout_ms = 1;
        raw_peer_request(peer, header, body, len);
    }
    int64_t late_ms = clock_mono_ms() + 20;
    while (clock_mono_ms() < late_ms)
        assert_int_equal(raw_peer_drain(peer, &n_invalid), 0);
    redis_server_resume(platform_ledger(platform));
    while (raw_peer_stat(peer, "expired_total") < counted + 5)
        assert_true(clock_mono_ms() < until_ms);
    assert_int_equal(raw_peer_drain(peer, &n_invalid), 0);
    expect_untouched();
}

/* --- bodies --- */

struct probe {
    const struct api_method *method;
    const struct good_request *good;
    int may_pass; /* a read may answer as if nothing were wrong */
    size_t n;
};

static void on_wrong(void *arg, const struct mutation *wrong)
{
    struct probe *probe = arg;
    struct raw_answer got;
    if (strcmp(wrong->what, "-1") == 0 &&
        good_request_may_be_negative(probe->good, wrong->field->name))
        return;
    call(probe->method, wrong->body, wrong->len, &got);
    const char *dot = strrchr(got.field, '.'); /* "units[0].name" is blamed on name */
    probe->n++;
    if (got.code == 0 && (probe->may_pass || good_request_ignores(probe->good, wrong->field->name)))
        return;
    if (got.code == 0 || got.code == ANSINH__V1__CODE__CODE_INTERNAL ||
        got.code == ANSINH__V1__CODE__CODE_UNKNOWN ||
        got.code == ANSINH__V1__CODE__CODE_UNAVAILABLE ||
        strcmp(dot == NULL ? got.field : dot + 1, wrong->field->name) != 0 ||
        got.message[0] == '\0')
        fail_msg("%s: %s: %s: code %d, field \"%s\": %s", probe->method->name, wrong->field->name,
                 wrong->what, got.code, got.field, got.message);
}

static size_t probe_all(void (*mutate)(ProtobufCMessage *message, mutation_fn fn, void *arg),
                        int may_reads_pass)
{
    size_t n = 0;
    for (size_t i = 0; good_request_at(i) != NULL; i++) {
        const struct good_request *good = good_request_at(i);
        const struct api_method *method = api_find(good->method);
        struct probe probe = {method, good, may_reads_pass && method->is_read, 0};
        arena_reset(arena);
        mutate(good_request_message(method, good->json, &names, arena), on_wrong, &probe);
        n += probe.n;
    }
    return n;
}

static void every_method_has_a_good_request(void **state)
{
    (void)state;
    for (size_t i = 0; api_at(i) != NULL; i++) {
        size_t n = 0;
        for (size_t k = 0; good_request_at(k) != NULL; k++)
            n += api_find(good_request_at(k)->method) == api_at(i);
        if (n == 0)
            fail_msg("%s is not tried", api_at(i)->name);
    }
    /* and it is good: reads are answered */
    for (size_t i = 0; good_request_at(i) != NULL; i++) {
        const struct good_request *good = good_request_at(i);
        const struct api_method *method = api_find(good->method);
        struct raw_answer got;
        uint8_t body[BODY_BYTES];
        if (!method->is_read)
            continue;
        size_t len = pack(method, good->json, body);
        call(method, body, len, &got);
        if (got.code != 0 && got.code != ANSINH__V1__CODE__CODE_NOT_FOUND)
            fail_msg("%s: %d, %s: %s", method->name, got.code, got.field, got.message);
    }
    expect_untouched();
}

static void wrong_numbers_are_refused_in_every_field(void **state)
{
    (void)state;
    assert_true(probe_all(mutate_numbers, 0) > 60);
    expect_untouched();
}

static void texts_that_are_none_are_refused_in_every_field(void **state)
{
    (void)state;
    int64_t counted = 0;
    for (size_t i = 0; i < N_SERVICES; i++)
        counted -= raw_peer_stat(peers[i], "malformed_total");
    size_t n = probe_all(mutate_texts, 0);
    for (size_t i = 0; i < N_SERVICES; i++)
        counted += raw_peer_stat(peers[i], "malformed_total");
    assert_true(n > 200);
    assert_int_equal(counted, n);
    expect_untouched();
}

static void too_long_texts_are_refused_in_every_field(void **state)
{
    (void)state;
    assert_true(probe_all(mutate_lengths, 1) > 40);
    expect_untouched();
}

static void every_beginning_of_a_command_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; good_request_at(i) != NULL; i++) {
        const struct good_request *good = good_request_at(i);
        const struct api_method *method = api_find(good->method);
        uint8_t body[BODY_BYTES];
        struct raw_answer got;
        if (good->short_json == NULL)
            continue;
        size_t len = pack(method, good->short_json, body);
        for (size_t cut = 0; cut < len; cut++) {
            call(method, body, cut, &got);
            if (got.code == 0)
                fail_msg("%s: %zu of %zu bytes are enough", method->name, cut, len);
        }
    }
    expect_untouched();
}

static void reads_with_changed_bytes_are_answered(void **state)
{
    (void)state;
    uint64_t seed = 42;
    for (size_t i = 0; good_request_at(i) != NULL; i++) {
        const struct good_request *good = good_request_at(i);
        const struct api_method *method = api_find(good->method);
        uint8_t body[BODY_BYTES], changed[BODY_BYTES];
        struct raw_answer got;
        if (!method->is_read)
            continue;
        size_t len = pack(method, good->json, body);
        for (size_t at = 0; at < len; at++) {
            for (int n = 0; n < 8; n++) {
                memcpy(changed, body, len);
                changed[at] = (uint8_t)random_next(&seed);
                call(method, changed, len, &got);
                assert_true(got.code != ANSINH__V1__CODE__CODE_INTERNAL);
            }
        }
    }
    expect_untouched();
}

static void too_many_rows_are_refused(void **state)
{
    (void)state;
    /* units: field 1, empty rows of two bytes each */
    static const char *const methods[] = {"Directory/ImportUnits", "Directory/ImportOrganisations",
                                          "Directory/ImportPlan"};
    static const size_t counts[] = {251, 5000, 400000};
    static uint8_t body[800000];
    for (size_t i = 0; i < sizeof(body); i += 2)
        body[i] = 0x0a;
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        for (size_t n = 0; n < ARRAY_LEN(counts); n++) {
            struct raw_answer got;
            call(api_find(methods[i]), body, 2 * counts[n], &got);
            assert_int_equal(got.code, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT);
        }
    }
    expect_untouched();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_has_a_good_request),
        cmocka_unit_test(wrong_frames_are_dropped_and_counted),
        cmocka_unit_test(too_long_frames_are_refused),
        cmocka_unit_test(every_beginning_of_a_header_is_answered_or_dropped),
        cmocka_unit_test(random_bytes_are_answered_or_dropped),
        cmocka_unit_test(unknown_methods_are_unimplemented),
        cmocka_unit_test(wrong_headers_are_answered),
        cmocka_unit_test(ids_that_are_no_ids_or_of_another_time_are_refused),
        cmocka_unit_test(late_answers_are_dropped_and_counted),
        cmocka_unit_test(wrong_numbers_are_refused_in_every_field),
        cmocka_unit_test(texts_that_are_none_are_refused_in_every_field),
        cmocka_unit_test(too_long_texts_are_refused_in_every_field),
        cmocka_unit_test(every_beginning_of_a_command_is_refused),
        cmocka_unit_test(reads_with_changed_bytes_are_answered),
        cmocka_unit_test(too_many_rows_are_refused),
    };
    return !!cmocka_run_group_tests(tests, hostile_start, hostile_stop);
}
