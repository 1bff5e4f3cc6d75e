/* A Connect request: first byte the verb, then lines "path", "Name: header", "?name=query" up to an
 * empty line, then the body. Stands in for the HTTP server: the functions of http.h that reading a
 * request needs are here. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/json/json.h"
#include "services/gateway/connect_call.h"
#include "tests/fuzz/fuzz.h"

#define ARENA_BYTES (2U << 20)
#define LINES_MAX 24
#define DEFAULT_TIMEOUT_MS 5000

struct line {
    char *name; /* with a '?' in front for a query parameter */
    char *value;
};

static struct line lines[LINES_MAX];
static size_t n_lines;

const char *http_header(struct http_request *request, const char *name)
{
    (void)request;
    for (size_t i = 0; i < n_lines; i++) {
        if (strcasecmp(lines[i].name, name) == 0)
            return lines[i].value;
    }
    return NULL;
}

size_t http_query_all(struct http_request *request, const char *name,
                      const char *ret[HTTP_VALUES_MAX])
{
    size_t n = 0;
    (void)request;
    for (size_t i = 0; i < n_lines && n < HTTP_VALUES_MAX; i++) {
        if (lines[i].name[0] == '?' && strcmp(lines[i].name + 1, name) == 0)
            ret[n++] = lines[i].value;
    }
    return n;
}

const char *http_query(struct http_request *request, const char *name, size_t *ret_len)
{
    const char *all[HTTP_VALUES_MAX];
    size_t n = http_query_all(request, name, all);
    *ret_len = n == 0 ? 0 : strlen(all[0]);
    return n == 0 ? NULL : all[0];
}

void http_answer(struct http_request *request, unsigned status, const struct http_header *headers,
                 size_t n_headers, void *body, size_t len)
{
    (void)request;
    ASSERT(status >= 200 && status < 600);
    ASSERT(parse_is_utf8(body, len));
    for (size_t i = 0; i < n_headers; i++)
        ASSERT(headers[i].name != NULL && strpbrk(headers[i].value, "\r\n") == NULL);
}

/* The next line, NUL-terminated in place; NULL at the empty one or the end. */
static char *next_line(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    if (*line == '\0' || *line == '\n')
        return NULL;
    if (end != NULL)
        *end = '\0';
    *text = end == NULL ? line + strlen(line) : end + 1;
    return line;
}

static void read_head(char **text)
{
    char *line;
    n_lines = 0;
    while (n_lines < LINES_MAX && (line = next_line(text)) != NULL) {
        char *split = strchr(line, line[0] == '?' ? '=' : ':');
        if (split == NULL)
            continue;
        *split = '\0';
        lines[n_lines++] = (struct line){line, split + 1};
    }
}

static void handle(struct http_request *request)
{
    struct connect_call call = {
        .request = request, .timeout_ms = DEFAULT_TIMEOUT_MS, .trace_id = "fresh"};
    struct connect_error error = {0};
    enum connect_refusal refusal = connect_call_read(&call, &error);
    ASSERT(refusal < CONNECT_REFUSALS && call.n_headers <= CONNECT_HEADERS_MAX);
    if (refusal != CONNECT_ACCEPTED) {
        ASSERT(error.code != 0 || error.status != 0);
        connect_error_answer(request, &error, call.headers, call.n_headers);
        return;
    }
    ASSERT(call.method != NULL && !call.method->is_internal && call.timeout_ms >= 0);
    ASSERT(call.has_id == !call.method->is_read && strlen(call.trace_id) <= TRACE_ID_MAX_CHARS);
    ASSERT(call.message_len == 0 || call.message != NULL);
    struct err err = {{0}, {0}};
    ProtobufCMessage *input;
    if (call.codec == CONNECT_JSON &&
        json_to_message((const char *)call.message, call.message_len, call.method->input,
                        request->arena, &input, &err) < 0)
        fuzz_check_err(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request request = {.method = (enum http_method)(fuzz_byte(&data, &size) % 4)};
    char *text = fuzz_text(data, size), *rest = text;
    char *path = next_line(&rest);
    if (path != NULL && path[0] == '/') {
        request.path = path;
        read_head(&rest);
        if (*rest == '\n')
            rest++;
        request.body = (const uint8_t *)rest;
        request.body_len = size - (size_t)(rest - text);
        request.arena = arena_create(ARENA_BYTES);
        buf_init(&request.out, ARENA_BYTES);
        handle(&request);
        buf_fini(&request.out);
        arena_destroy(&request.arena);
    }
    free(text);
    return 0;
}
