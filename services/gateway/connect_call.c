#include "services/gateway/connect_call.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/bus/bus.h"

#define TIMEOUT_HEADER_MAX_MS 9999999999 /* ten digits */
#define TRACEPARENT_CHARS 55             /* "00-<32>-<16>-<2>" */
#define TRACEPARENT_ID_CHARS 32

#define JSON_TYPE "application/json"
#define PROTO_TYPE "application/proto"

void connect_call_header(struct connect_call *self, const char *name, const char *value)
{
    ASSERT(self->n_headers < CONNECT_HEADERS_MAX);
    self->headers[self->n_headers++] = (struct http_header){name, value};
}

static enum connect_refusal refuse(struct connect_error *error, enum connect_refusal refusal,
                                   Ansinh__V1__Code code, unsigned status, const char *field,
                                   const char *message)
{
    *error =
        (struct connect_error){.code = code, .status = status, .field = field, .message = message};
    return refusal;
}

static enum connect_refusal invalid(struct connect_error *error, const char *field,
                                    const char *message)
{
    return refuse(error, CONNECT_BAD_HEADER, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, 0, field,
                  message);
}

/* --- tracing ---------------------------------------------------------------------------------- */

static int is_trace_id(const char *text, size_t len)
{
    if (len == 0 || len > TRACE_ID_MAX_CHARS)
        return 0;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '-' || c == '_' || c == '.'))
            return 0;
    }
    return 1;
}

/* The caller's own id when it sent a usable one: X-Request-Id, or the trace id of traceparent. */
static void read_trace(struct connect_call *self)
{
    const char *id = http_header(self->request, "X-Request-Id");
    const char *parent = http_header(self->request, "traceparent");
    uint8_t bytes[TRACEPARENT_ID_CHARS / 2];
    if (id != NULL && is_trace_id(id, strlen(id))) {
        self->trace_id = id;
    } else if (parent != NULL && strlen(parent) >= TRACEPARENT_CHARS && parent[2] == '-' &&
               parent[3 + TRACEPARENT_ID_CHARS] == '-') {
        char *copy = arena_strndup(self->request->arena, parent + 3, TRACEPARENT_ID_CHARS);
        if (copy != NULL && parse_hex(copy, bytes, sizeof(bytes)) == 0)
            self->trace_id = copy;
    }
    connect_call_header(self, "X-Request-Id", self->trace_id);
}

/* --- what is called, and how it is written ---------------------------------------------------- */

static enum connect_refusal read_method(struct connect_call *self, struct connect_error *error)
{
    const char *path = self->request->path + 1;
    const struct api_method *method = api_find(path);
    if (method == NULL || method->is_internal || strcmp(method->name, path) != 0)
        return refuse(error, CONNECT_UNKNOWN_METHOD, ANSINH__V1__CODE__CODE_UNIMPLEMENTED, 404, "",
                      "there is no such method");
    self->method = method;
    enum http_method verb = self->request->method;
    if (verb == HTTP_POST || (verb == HTTP_GET && method->is_read))
        return CONNECT_ACCEPTED;
    connect_call_header(self, "Allow", method->is_read ? "GET, POST" : "POST");
    return refuse(error, CONNECT_BAD_VERB, ANSINH__V1__CODE__CODE_UNIMPLEMENTED, 405, "",
                  method->is_read ? "this method is called with POST or GET"
                                  : "this method is called with POST");
}

/* True for the media type alone or with the one parameter that changes nothing: charset=utf-8. */
static int is_media_type(const char *text, const char *type)
{
    size_t len = strlen(type);
    if (strncasecmp(text, type, len) != 0)
        return 0;
    text += len + strspn(text + len, " \t");
    if (*text == '\0')
        return 1;
    if (*text++ != ';')
        return 0;
    text += strspn(text, " \t");
    return strcasecmp(text, "charset=utf-8") == 0 || strcasecmp(text, "charset=\"utf-8\"") == 0;
}

static enum connect_refusal unsupported(struct connect_call *self, struct connect_error *error,
                                        const char *message)
{
    connect_call_header(self, "Accept-Post", JSON_TYPE ", " PROTO_TYPE);
    return refuse(error, CONNECT_BAD_TYPE, ANSINH__V1__CODE__CODE_UNIMPLEMENTED, 415, "", message);
}

static enum connect_refusal read_post(struct connect_call *self, struct connect_error *error)
{
    struct http_request *request = self->request;
    const char *type = http_header(request, "Content-Type");
    const char *encoding = http_header(request, "Content-Encoding");
    if (type != NULL && is_media_type(type, JSON_TYPE))
        self->codec = CONNECT_JSON;
    else if (type != NULL && is_media_type(type, PROTO_TYPE))
        self->codec = CONNECT_PROTO;
    else
        return unsupported(self, error, "Content-Type must be " JSON_TYPE " or " PROTO_TYPE);
    if (encoding != NULL && strcasecmp(encoding, "identity") != 0)
        return refuse(error, CONNECT_BAD_TYPE, ANSINH__V1__CODE__CODE_UNIMPLEMENTED, 0,
                      "Content-Encoding", "only the identity encoding is supported");
    self->message = request->body;
    self->message_len = request->body_len;
    return CONNECT_ACCEPTED;
}

/* Both base64 alphabets, with or without padding. */
static int decode_base64(struct connect_call *self, const char *text, size_t len)
{
    int is_url = memchr(text, '-', len) != NULL || memchr(text, '_', len) != NULL;
    while (len > 0 && text[len - 1] == '=')
        len--;
    uint8_t *bytes = arena_alloc(self->request->arena, len + 1);
    if (bytes == NULL)
        return 0;
    self->message = bytes;
    return sodium_base642bin(bytes, len, text, len, NULL, &self->message_len, NULL,
                             is_url ? sodium_base64_VARIANT_URLSAFE_NO_PADDING
                                    : sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0;
}

static enum connect_refusal read_get(struct connect_call *self, struct connect_error *error)
{
    struct http_request *request = self->request;
    size_t len = 0;
    const char *encoding = http_query(request, "encoding", &len);
    const char *connect = http_query(request, "connect", &len);
    const char *compression = http_query(request, "compression", &len);
    const char *base64 = http_query(request, "base64", &len);
    if (encoding != NULL && strcmp(encoding, "json") == 0)
        self->codec = CONNECT_JSON;
    else if (encoding != NULL && strcmp(encoding, "proto") == 0)
        self->codec = CONNECT_PROTO;
    else
        return unsupported(self, error, "the query parameter encoding must be json or proto");
    if (connect != NULL && strcmp(connect, "v1") != 0)
        return invalid(error, "connect", "the query parameter connect must be v1");
    if (compression != NULL && compression[0] != '\0' && strcmp(compression, "identity") != 0)
        return refuse(error, CONNECT_BAD_TYPE, ANSINH__V1__CODE__CODE_UNIMPLEMENTED, 0,
                      "compression", "only the identity compression is supported");
    const char *message = http_query(request, "message", &len);
    if (message == NULL)
        return invalid(error, "message", "the query parameter message is missing");
    self->message = (const uint8_t *)message;
    self->message_len = len;
    if (base64 != NULL && strcmp(base64, "1") == 0 && !decode_base64(self, message, len))
        return invalid(error, "message", "the query parameter message is not base64");
    return CONNECT_ACCEPTED;
}

/* --- headers that say how ----------------------------------------------------------------------
 */

static enum connect_refusal read_protocol(struct connect_call *self, struct connect_error *error)
{
    const char *version = http_header(self->request, "Connect-Protocol-Version");
    if (version != NULL && strcmp(version, "1") != 0)
        return invalid(error, "Connect-Protocol-Version", "Connect-Protocol-Version must be 1");
    const char *timeout = http_header(self->request, "Connect-Timeout-Ms");
    if (timeout == NULL)
        return CONNECT_ACCEPTED;
    int64_t timeout_ms;
    if (parse_int64(timeout, 1, TIMEOUT_HEADER_MAX_MS, &timeout_ms) < 0)
        return invalid(error, "Connect-Timeout-Ms",
                       "Connect-Timeout-Ms must be a positive whole number of at most ten digits");
    self->timeout_ms = MIN(timeout_ms, (int64_t)BUS_TIMEOUT_MAX_MS);
    return CONNECT_ACCEPTED;
}

static enum connect_refusal read_key(struct connect_call *self, struct connect_error *error)
{
    if (self->method->is_read)
        return CONNECT_ACCEPTED;
    self->has_id = 1;
    self->key = http_header(self->request, "Idempotency-Key");
    if (self->key == NULL) {
        char *text = arena_alloc(self->request->arena, UUID_TEXT_BYTES);
        ASSERT(text != NULL); /* nothing else is in the arena yet */
        request_id_make(clock_wall_ms(), &self->id);
        request_id_format(&self->id, text);
        self->key = text;
    } else if (request_id_parse(self->key, &self->id) < 0) {
        return invalid(error, "Idempotency-Key",
                       "Idempotency-Key must be 1 to 128 printable ASCII characters");
    }
    connect_call_header(self, "Idempotency-Key", self->key);
    return CONNECT_ACCEPTED;
}

enum connect_refusal connect_call_read(struct connect_call *self, struct connect_error *ret_error)
{
    read_trace(self);
    enum connect_refusal refusal = read_method(self, ret_error);
    if (refusal == CONNECT_ACCEPTED)
        refusal = read_key(self, ret_error);
    if (refusal == CONNECT_ACCEPTED)
        refusal = self->request->method == HTTP_POST ? read_post(self, ret_error)
                                                     : read_get(self, ret_error);
    if (refusal == CONNECT_ACCEPTED)
        refusal = read_protocol(self, ret_error);
    return refusal;
}
