/* ansinh call [--partner CODE] Service/Method JSON|- : any method, by descriptor. Who has the keys
 * of the bus is inside, and may call for any organisation. */
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/health.pb-c.h"
#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/json/json.h"
#include "common/service/api.h"
#include "services/cli/call_signed.h"
#include "services/cli/cli.h"

#define INPUT_MAX_BYTES (1024 * 1024)
#define ARENA_BYTES (64 * 1024 * 1024)
#define OUTPUT_MAX_BYTES (64 * 1024 * 1024)
#define USAGE                                                                                      \
    "usage: ansinh call [--partner CODE] Service/Method JSON|-\n"                                  \
    "       ansinh call --url URL --key FILE --key-id ID [--hmac-sha256] Service/Method JSON|-"
#define TIMEOUT_MS 30000
#define PARTNER_MAX_CHARS 32 /* of an organisation's code */

static int read_input(const char *argument, struct buf *ret)
{
    if (strcmp(argument, "-") != 0)
        return buf_puts(ret, argument);
    char chunk[4096];
    size_t n;
    while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0) {
        if (buf_append(ret, chunk, n) < 0)
            return ret->failed;
    }
    return 0;
}

static int print_answer(const struct api_method *method, const struct buf *body,
                        struct arena *arena)
{
    ProtobufCAllocator allocator;
    bus_arena_allocator(arena, &allocator);
    ProtobufCMessage *message =
        protobuf_c_message_unpack(method->output, &allocator, body->len, body->data);
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, OUTPUT_MAX_BYTES);
    if (message == NULL || json_from_message(message, JSON_INDENT | JSON_DEFAULTS, &text) < 0)
        return cli_fail(1, "the answer cannot be read");
    (void)printf("%.*s\n", (int)text.len, (const char *)text.data);
    return 0;
}

/* Both Health requests name the service that is asked; empty asks the gateway. */
static const char *process_of(const struct api_method *method, const ProtobufCMessage *input)
{
    const char *service = method->process;
    if (input->descriptor == &ansinh__v1__check_request__descriptor)
        service = ((const Ansinh__V1__CheckRequest *)input)->service;
    else if (input->descriptor == &ansinh__v1__stats_request__descriptor)
        service = ((const Ansinh__V1__StatsRequest *)input)->service;
    return service[0] == '\0' ? "gateway" : service;
}

static int call(const struct api_method *method, const ProtobufCMessage *input, const char *partner,
                struct arena *arena)
{
    const char *process = process_of(method, input);
    struct service svc;
    struct request_id id;
    struct err err = {0};
    const char *names[] = {process, NULL};
    if (cli_open(&svc, &cli_caller_spec, names) != 0)
        return 1;
    const char *key = getenv("IDEMPOTENCY_KEY");
    request_id_make(clock_wall_ms(), &id);
    if (key != NULL && request_id_parse(key, &id) < 0) {
        service_close(&svc);
        return cli_fail(2, "IDEMPOTENCY_KEY: want a UUIDv7 or 1 to 128 printable characters");
    }
    struct bus_call options = {.service = process,
                               .method = method->name,
                               .id = method->is_read ? NULL : &id,
                               .timeout_ms = TIMEOUT_MS,
                               .partner = partner};
    size_t len = protobuf_c_message_get_packed_size(input);
    uint8_t *packed = arena_alloc(arena, len);
    CLEANUP(buf_fini) struct buf body;
    buf_init(&body, BUS_FRAME_MAX_BYTES);
    int code = (int)ANSINH__V1__CODE__CODE_INVALID_ARGUMENT;
    if (packed != NULL) {
        (void)protobuf_c_message_pack(input, packed);
        code = cli_ask(&svc, &options, packed, len, &body, &err);
    }
    service_close(&svc);
    if (code != 0)
        return cli_fail(1, "%s: %s%s%s", bus_code_name((Ansinh__V1__Code)code), err.field,
                        err.field[0] == '\0' ? "" : ": ", err.text);
    return print_answer(method, &body, arena);
}

/* The options before the method. How many arguments they are, or -1. */
static int read_options(int argc, char **argv, const char **partner, struct call_signed *ret)
{
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        const char **value = strcmp(argv[i], "--partner") == 0  ? partner
                             : strcmp(argv[i], "--url") == 0    ? &ret->url
                             : strcmp(argv[i], "--key") == 0    ? &ret->key
                             : strcmp(argv[i], "--key-id") == 0 ? &ret->key_id
                                                                : NULL;
        if (strcmp(argv[i], "--hmac-sha256") == 0)
            ret->is_hmac = 1;
        else if (value == NULL || i + 1 == argc)
            return -1;
        else
            *value = argv[++i];
    }
    int n_signed = (ret->url != NULL) + (ret->key != NULL) + (ret->key_id != NULL);
    if ((n_signed != 0 && (n_signed != 3 || (*partner)[0] != '\0')) ||
        (n_signed == 0 && ret->is_hmac))
        return -1;
    return i - 1;
}

int cli_call(int argc, char **argv)
{
    const char *partner = "";
    struct call_signed over_http = {0};
    int n = read_options(argc, argv, &partner, &over_http);
    if (n < 0 || argc - n != 3)
        return cli_fail(2, USAGE);
    argv += n;
    if (strlen(partner) > PARTNER_MAX_CHARS)
        return cli_fail(2, "--partner: want an organisation's code, at most %d bytes",
                        PARTNER_MAX_CHARS);
    const struct api_method *method = api_find(argv[1]);
    if (method == NULL) {
        (void)cli_fail(2, "unknown method %s; there are:", argv[1]);
        for (size_t i = 0; (method = api_at(i)) != NULL; i++)
            (void)fprintf(stderr, "  %s\n", method->name);
        return 2;
    }
    CLEANUP(buf_fini) struct buf text;
    CLEANUP(arena_destroy) struct arena *arena = arena_create(ARENA_BYTES);
    struct err err = {0};
    ProtobufCMessage *input;
    buf_init(&text, INPUT_MAX_BYTES);
    if (read_input(argv[2], &text) < 0 || buf_append(&text, "", 1) < 0)
        return cli_fail(2, "the request is larger than %d bytes", INPUT_MAX_BYTES);
    if (json_to_message((const char *)text.data, text.len - 1, method->input, arena, &input, &err) <
        0)
        return cli_fail(2, "%s%s%s", err.field, err.field[0] == '\0' ? "" : ": ", err.text);
    text.len--; /* the NUL */
    return over_http.url != NULL ? call_signed(&over_http, method->name, &text)
                                 : call(method, input, partner, arena);
}
