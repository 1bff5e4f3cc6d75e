#include "services/cli/ask.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/json/json.h"
#include "services/cli/cli.h"

#define TIMEOUT_MS 30000
#define OUTPUT_MAX_BYTES ((size_t)64 * 1024 * 1024)

ProtobufCMessage *cli_ask_enrolment(const char *method, const struct request_id *id,
                                    const ProtobufCMessage *input,
                                    const ProtobufCMessageDescriptor *output, struct arena *arena)
{
    static const char *const names[] = {"enrolment", NULL};
    struct service svc;
    struct err err = {0};
    struct bus_call call = {
        .service = names[0], .method = method, .id = id, .timeout_ms = TIMEOUT_MS};
    CLEANUP(buf_fini) struct buf body;
    size_t len = protobuf_c_message_get_packed_size(input);
    uint8_t *packed = arena_alloc(arena, len);
    ProtobufCAllocator allocator;
    buf_init(&body, BUS_FRAME_MAX_BYTES);
    if (packed == NULL || cli_open(&svc, &cli_caller_spec, names) != 0)
        return NULL;
    (void)protobuf_c_message_pack(input, packed);
    int code = cli_ask(&svc, &call, packed, len, &body, &err);
    service_close(&svc);
    if (code != 0) {
        (void)cli_fail(1, "%s: %s%s%s", bus_code_name((Ansinh__V1__Code)code), err.field,
                       err.field[0] == '\0' ? "" : ": ", err.text);
        return NULL;
    }
    bus_arena_allocator(arena, &allocator);
    ProtobufCMessage *answer = protobuf_c_message_unpack(output, &allocator, body.len, body.data);
    if (answer == NULL)
        (void)cli_fail(1, "the answer cannot be read");
    return answer;
}

int cli_command_id(struct request_id *ret)
{
    const char *key = getenv("IDEMPOTENCY_KEY");
    request_id_make(clock_wall_ms(), ret);
    if (key != NULL && request_id_parse(key, ret) < 0)
        return cli_fail(2, "IDEMPOTENCY_KEY: want a UUIDv7 or 1 to 128 printable characters");
    return 0;
}

int cli_print_json(const ProtobufCMessage *message)
{
    CLEANUP(buf_fini) struct buf text;
    buf_init(&text, OUTPUT_MAX_BYTES);
    if (json_from_message(message, JSON_INDENT, &text) < 0)
        return cli_fail(1, "the answer cannot be written");
    (void)printf("%.*s\n", (int)text.len, (const char *)text.data);
    return 0;
}
