#include "services/gateway/connect_error.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/bus/bus.h"

#define DETAIL_TYPE "ansinh.v1.ErrorDetail"
#define DETAIL_MAX_BYTES 512
#define VALUE_TEXT_BYTES 700 /* base64 of DETAIL_MAX_BYTES with NUL */

unsigned connect_status(Ansinh__V1__Code code)
{
    static const unsigned statuses[] = {
        [ANSINH__V1__CODE__CODE_UNSPECIFIED] = 200,
        [ANSINH__V1__CODE__CODE_CANCELED] = 499,
        [ANSINH__V1__CODE__CODE_UNKNOWN] = 500,
        [ANSINH__V1__CODE__CODE_INVALID_ARGUMENT] = 400,
        [ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED] = 504,
        [ANSINH__V1__CODE__CODE_NOT_FOUND] = 404,
        [ANSINH__V1__CODE__CODE_ALREADY_EXISTS] = 409,
        [ANSINH__V1__CODE__CODE_PERMISSION_DENIED] = 403,
        [ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED] = 429,
        [ANSINH__V1__CODE__CODE_FAILED_PRECONDITION] = 400,
        [ANSINH__V1__CODE__CODE_ABORTED] = 409,
        [ANSINH__V1__CODE__CODE_OUT_OF_RANGE] = 400,
        [ANSINH__V1__CODE__CODE_UNIMPLEMENTED] = 501,
        [ANSINH__V1__CODE__CODE_INTERNAL] = 500,
        [ANSINH__V1__CODE__CODE_UNAVAILABLE] = 503,
        [ANSINH__V1__CODE__CODE_DATA_LOSS] = 500,
        [ANSINH__V1__CODE__CODE_UNAUTHENTICATED] = 401,
    };
    return code >= 0 && (size_t)code < ARRAY_LEN(statuses) ? statuses[code] : 500;
}

/* The ErrorDetail for machines: packed, and spelled out under "debug". */
static json_t *detail_of(const struct connect_error *error)
{
    char field[ERR_FIELD_MAX_BYTES] = "", request_id[160] = "";
    if (error->field != NULL)
        (void)snprintf(field, sizeof(field), "%s", error->field);
    if (error->request_id != NULL)
        (void)snprintf(request_id, sizeof(request_id), "%s", error->request_id);
    Ansinh__V1__ErrorDetail detail;
    ansinh__v1__error_detail__init(&detail);
    detail.outcome = error->outcome != ANSINH__V1__OUTCOME__OUTCOME_UNSPECIFIED
                         ? error->outcome
                         : bus_code_outcome(error->code, error->is_command);
    detail.field = field;
    detail.request_id = request_id;
    detail.retry_after_ms = error->retry_after_ms;
    uint8_t packed[DETAIL_MAX_BYTES];
    ASSERT(ansinh__v1__error_detail__get_packed_size(&detail) <= sizeof(packed));
    size_t len = ansinh__v1__error_detail__pack(&detail, packed);
    char value[VALUE_TEXT_BYTES];
    (void)sodium_bin2base64(value, sizeof(value), packed, len,
                            sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
    const ProtobufCEnumValue *outcome =
        protobuf_c_enum_descriptor_get_value(&ansinh__v1__outcome__descriptor, (int)detail.outcome);
    json_t *debug = json_pack("{s:s}", "outcome", outcome->name);
    if (field[0] != '\0')
        (void)json_object_set_new(debug, "field", json_string(field));
    if (error->retry_after_ms != 0)
        (void)json_object_set_new(debug, "retryAfterMs", json_integer(error->retry_after_ms));
    if (request_id[0] != '\0')
        (void)json_object_set_new(debug, "requestId", json_string(request_id));
    return json_pack("{s:s, s:s, s:o}", "type", DETAIL_TYPE, "value", value, "debug", debug);
}

static int append(const char *data, size_t len, void *out)
{
    return buf_append(out, data, len);
}

int connect_error_write(const struct connect_error *error, struct buf *out)
{
    json_t *body = json_pack("{s:s}", "code", bus_code_name(error->code));
    json_t *message = json_string(error->message);
    if (message != NULL && error->message[0] != '\0')
        (void)json_object_set(body, "message", message);
    (void)json_object_set_new(body, "details", json_pack("[o]", detail_of(error)));
    int rc = json_dump_callback(body, append, out, JSON_COMPACT);
    json_decref(message);
    json_decref(body);
    return rc == 0 ? 0 : -EMSGSIZE;
}

void connect_error_answer(struct http_request *request, const struct connect_error *error,
                          const struct http_header *headers, size_t n_headers)
{
    struct http_header all[CONNECT_HEADERS_MAX + 3];
    ASSERT(n_headers <= CONNECT_HEADERS_MAX);
    for (size_t i = 0; i < n_headers; i++)
        all[i] = headers[i];
    all[n_headers++] = (struct http_header){"Content-Type", "application/json"};
    all[n_headers++] = (struct http_header){"Cache-Control", "no-store"};
    char seconds[16];
    if (error->retry_after_ms != 0) {
        (void)snprintf(seconds, sizeof(seconds), "%u", (error->retry_after_ms - 1) / 1000 + 1);
        all[n_headers++] = (struct http_header){"Retry-After", seconds};
    }
    buf_reset(&request->out);
    if (connect_error_write(error, &request->out) < 0)
        request->out.len = 0;
    unsigned status = error->status != 0 ? error->status : connect_status(error->code);
    http_answer(request, status, all, n_headers, request->out.data, request->out.len);
}
