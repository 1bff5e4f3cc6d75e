/* A request to enrolment or payments as the bus hands it over: any message, and any replies of the
 * ledger to what the handler then asks. Whatever comes, the handler answers once, with a message
 * that can be written or with an error that names a field of the request.
 *
 * The first byte chooses the method, two give the message's length, the rest are replies. The parts
 * of the bus that answer and publish are here. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bus/frame.h"
#include "common/json/json.h"
#include "common/service/policy.h"
#include "common/service/policy_book.h"
#include "common/service/seen.h"
#include "services/enrolment/enrolment.h"
#include "services/payments/payments.h"
#include "tests/fuzz/fake_store.h"
#include "tests/fuzz/fuzz.h"

#include "common/service/directory.c" /* its rows are filled from here */

#define ARENA_BYTES (4U << 20)
#define OUT_BYTES (16U << 20)
#define METHODS_MAX 64
#define CALLS_MAX 128
#define DEADLINE_MS 100 /* so near that nothing unknown is waited for */

static struct {
    char name[FRAME_METHOD_BYTES];
    const ProtobufCMethodDescriptor *descriptor;
    bus_handler_fn fn;
    void *arg;
    int is_command;
} methods[METHODS_MAX];
static size_t n_methods;

static struct service svc;
static const ProtobufCMethodDescriptor *asked; /* what the open request asks for */
static int n_answers;

/* --- the bus --- */

void bus_server_add(struct bus_server *self, const ProtobufCServiceDescriptor *service,
                    const struct bus_method *added, size_t n, void *arg)
{
    (void)self;
    for (size_t i = 0; i < n; i++) {
        ASSERT(n_methods < METHODS_MAX);
        (void)snprintf(methods[n_methods].name, FRAME_METHOD_BYTES, "%s/%s", service->name,
                       added[i].name);
        methods[n_methods].descriptor =
            protobuf_c_service_descriptor_get_method_by_name(service, added[i].name);
        methods[n_methods].fn = added[i].fn;
        methods[n_methods].is_command = (added[i].flags & BUS_COMMAND) != 0;
        methods[n_methods++].arg = arg;
    }
}

void bus_reply(struct bus_request *request, const ProtobufCMessage *output)
{
    CLEANUP(buf_fini) struct buf json;
    (void)request;
    n_answers++;
    ASSERT(output->descriptor == asked->output);
    buf_init(&json, OUT_BYTES);
    int rc = json_from_message(output, JSON_DEFAULTS, &json);
    ASSERT(rc == 0);
}

/* A stored answer is given as it was found. */
void bus_reply_packed(struct bus_request *request, const uint8_t *body, size_t len)
{
    (void)request;
    n_answers++;
    for (size_t i = 0; i < len; i++)
        (void)*(const volatile uint8_t *)&body[i];
}

static void PRINTF_LIKE(3, 0)
    check_refusal(Ansinh__V1__Code code, const char *field, const char *format, va_list args)
{
    char text[512], first[ERR_FIELD_MAX_BYTES];
    n_answers++;
    (void)vsnprintf(text, sizeof(text), format, args);
    ASSERT(code != ANSINH__V1__CODE__CODE_UNSPECIFIED && text[0] != '\0');
    ASSERT(parse_is_utf8(text, strlen(text)) && parse_is_utf8(field, strlen(field)));
    (void)snprintf(first, sizeof(first), "%.*s", (int)strcspn(field, ".["), field);
    ASSERT(first[0] == '\0' || strcmp(first, "Idempotency-Key") == 0 ||
           protobuf_c_message_descriptor_get_field_by_name(asked->input, first) != NULL);
}

void bus_fail(struct bus_request *request, Ansinh__V1__Code code, const char *field,
              const char *format, ...)
{
    va_list args;
    (void)request;
    va_start(args, format);
    check_refusal(code, field, format, args);
    va_end(args);
}

void bus_fail_retry(struct bus_request *request, Ansinh__V1__Code code, unsigned retry_after_ms,
                    const char *format, ...)
{
    va_list args;
    (void)request, (void)retry_after_ms;
    va_start(args, format);
    check_refusal(code, "", format, args);
    va_end(args);
}

void bus_publish_event(struct bus_publisher *self, unsigned partition, uint32_t epoch, uint64_t seq,
                       const uint8_t *event, size_t len)
{
    (void)self, (void)partition, (void)epoch, (void)seq;
    ASSERT(event != NULL && len > 0);
}

static struct {
    bus_answer_fn fn;
    void *arg;
} calls[CALLS_MAX];
static size_t n_calls;

size_t bus_client_count(const struct bus_client *self, const char *service)
{
    (void)self, (void)service;
    return 1;
}

void bus_call(struct bus_client *self, const struct bus_call *call, const ProtobufCMessage *input,
              bus_answer_fn fn, void *arg)
{
    (void)self, (void)call, (void)input;
    ASSERT(n_calls < CALLS_MAX);
    calls[n_calls].fn = fn;
    calls[n_calls++].arg = arg;
}

static void answer_calls(void)
{
    static const struct bus_answer away = {
        .code = ANSINH__V1__CODE__CODE_UNAVAILABLE, .message = "away", .field = ""};
    while (n_calls > 0) {
        n_calls--;
        calls[n_calls].fn(calls[n_calls].arg, &away);
    }
}

/* --- the services --- */

static void write_key(const char *folder, const char *name, char digit)
{
    char path[128], hex[65];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    memset(hex, digit, 64);
    hex[64] = '\n';
    FILE *file = fopen(path, "w");
    ASSERT(file != NULL && chmod(path, 0600) == 0);
    ASSERT(fwrite(hex, 1, sizeof(hex), file) == sizeof(hex) && fclose(file) == 0);
}

/* The same keys every time, so that an input means the same. */
static void open_with_keys(void)
{
    static const char *const names[] = {"hash.key", "seal-1.key", "partner-1.key"};
    char folder[] = "/tmp/ansinh-fuzz-XXXXXX", path[64];
    struct err err = {{0}, {0}};
    ASSERT(mkdtemp(folder) != NULL);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        write_key(folder, names[i], (char)('1' + i));
    (void)snprintf(svc.conf.keys, sizeof(svc.conf.keys), "%s", folder);
    int rc = keyring_open(folder, &svc.keyring, &err);
    ASSERT(rc == 0);
    ASSERT(enrolment_spec.create(&svc, &err) == 0 && payments_spec.create(&svc, &err) == 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static void open_services(void)
{
    struct err err = {{0}, {0}};
    struct policy *law;
    if (n_methods > 0)
        return;
    svc.loop = loop_create();
    svc.metrics = metrics_create();
    ASSERT(policy_load("deploy/policy", &law, &err) == 0);
    ASSERT(policy_book_create(&law, &svc.policy_book, &err) == 0);
    svc.policy = policy_book_current(svc.policy_book);
    open_with_keys();
    log_open("fuzz", LOG_ERROR);
}

/* A country, a province, a commune, and who collects there. */
static void fill_directory(struct directory_rows *rows)
{
    static const char text[] =
        "{\"unitsImported\":{\"units\":[{\"code\":\"VN\",\"level\":\"UNIT_LEVEL_COUNTRY\"},"
        "{\"code\":\"15\",\"parentCode\":\"VN\",\"level\":\"UNIT_LEVEL_PROVINCE\"},"
        "{\"code\":\"02647\",\"parentCode\":\"15\",\"level\":\"UNIT_LEVEL_COMMUNE\"}]}}";
    static const char organisations[] =
        "{\"organisationsImported\":{\"organisations\":[{\"code\":\"O\"}],"
        "\"points\":[{\"code\":\"P\",\"organisationCode\":\"O\",\"unitCode\":\"02647\"}],"
        "\"collectors\":[{\"code\":\"C\",\"pointCode\":\"P\"}]}}";
    static const char partners[] =
        "{\"partnersImported\":{\"partners\":[{\"organisationCode\":\"O\",\"products\":[1],"
        "\"keys\":[{\"keyId\":\"O:1\",\"algorithm\":2,\"sealedSecret\":\"AA==\"}]}]}}";
    static const char *const texts[] = {text, organisations, partners};
    struct arena *arena = arena_create(ARENA_BYTES);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        ProtobufCMessage *event;
        struct err err = {{0}, {0}};
        int rc = json_to_message(texts[i], strlen(texts[i]), &ansinh__v1__event__descriptor, arena,
                                 &event, &err);
        ASSERT(rc == 0);
        directory_rows_apply(rows, (const Ansinh__V1__Event *)event);
    }
    directory_rows_link(rows, 20000);
    arena_destroy(&arena);
}

/* --- one request --- */

static void handle(size_t which, const uint8_t *body, size_t len, struct arena *arena)
{
    struct bus_request request = {.arena = arena,
                                  .body = body,
                                  .body_len = len,
                                  .has_id = methods[which].is_command,
                                  .fingerprint = 1,
                                  .deadline_ms = clock_mono_ms() + DEADLINE_MS,
                                  .method = methods[which].name,
                                  .caller = "fuzz",
                                  .trace_id = "trace",
                                  .partner = "VNPOST"};
    asked = methods[which].descriptor;
    n_answers = 0;
    request.input = frame_unpack(asked->input, arena, body, len);
    if (request.input == NULL || frame_bad_text(asked->input, body, len) != NULL)
        return;
    ASSERT(request_id_parse("a key of the fuzzer", &request.id) == 0);
    methods[which].fn(methods[which].arg, &request);
    for (int round = 0; n_answers == 0 && round < CALLS_MAX; round++) {
        fake_store_answer();
        answer_calls();
    }
    fake_store_answer();
    ASSERT(n_answers == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_services();
    size_t which = fuzz_byte(&data, &size) % n_methods;
    size_t len = fuzz_byte(&data, &size);
    len |= (size_t)fuzz_byte(&data, &size) << 8;
    len = MIN(len, size);
    svc.ledger = fake_store_begin(data + len, size - len);
    svc.directory = directory_create(svc.loop, svc.ledger);
    fill_directory(svc.directory->rows);
    struct arena *arena = arena_create(ARENA_BYTES);
    handle(which, data, len, arena);
    arena_destroy(&arena);
    directory_destroy(&svc.directory);
    seen_destroy(&svc.seen);
    fake_store_end();
    return 0;
}
