#include "tests/support/test.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/bus/bus.h"
#include "services/gateway/connect_call.h"
#include "tests/support/gateway_client.h"

#define DEFAULT_TIMEOUT_MS 5000

/* A server that answers what connect_call_read made of the request. */
struct world {
    struct loop *loop;
    struct http *http;
    struct gateway_client client;
};

static void on_request(void *arg, struct http_request *request)
{
    (void)arg;
    struct connect_call call = {
        .request = request, .timeout_ms = DEFAULT_TIMEOUT_MS, .trace_id = "fresh"};
    struct connect_error error = {0};
    enum connect_refusal refusal = connect_call_read(&call, &error);
    if (refusal != CONNECT_ACCEPTED) {
        connect_error_answer(request, &error, call.headers, call.n_headers);
        return;
    }
    char id[UUID_TEXT_BYTES] = "";
    if (call.has_id)
        request_id_format(&call.id, id);
    (void)buf_printf(&request->out, "%s %s timeout=%lld id=%s message=%.*s", call.method->name,
                     call.codec == CONNECT_JSON ? "json" : "proto", (long long)call.timeout_ms, id,
                     (int)call.message_len, (const char *)call.message);
    http_answer(request, 200, call.headers, call.n_headers, request->out.data, request->out.len);
}

static int setup(void **state)
{
    static struct world world;
    memset(&world, 0, sizeof(world));
    world.loop = loop_create();
    struct http_conf conf = {.address = "127.0.0.1",
                             .body_max_bytes = 10000,
                             .head_max_bytes = 16384,
                             .connections_max = 10,
                             .connections_per_ip_max = 10,
                             .idle_timeout_s = 30};
    struct err err;
    assert_int_equal(http_create(world.loop, &conf, on_request, &world, &world.http, &err), 0);
    gateway_client_open(&world.client, world.loop, http_port(world.http));
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    gateway_client_close(&world->client);
    http_destroy(&world->http);
    loop_destroy(&world->loop);
    return 0;
}

#define JSON "Content-Type: application/json\r\n"
#define PAY "/ansinh.v1.Payments/Pay"
#define QUOTE "/ansinh.v1.Payments/Quote"
#define UUID "018f0000-1234-7abc-8def-0123456789ab"

static void assert_error(const struct gateway_client *client, int status, const char *code,
                         const char *field)
{
    json_t *body = json_loads((const char *)client->body.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(body);
    assert_int_equal(client->status, status);
    assert_string_equal(gateway_client_header(client, "Content-Type"), "application/json");
    assert_string_equal(json_string_value(json_object_get(body, "code")), code);
    assert_true(json_string_length(json_object_get(body, "message")) > 0);
    json_t *detail = json_array_get(json_object_get(body, "details"), 0);
    json_t *found = json_object_get(json_object_get(detail, "debug"), "field");
    if (field == NULL)
        assert_null(found);
    else
        assert_string_equal(json_string_value(found), field);
    json_decref(body);
}

static void takes_json_and_proto(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    static const struct {
        const char *type, *codec;
    } cases[] = {
        {"application/json", "json"},
        {"Application/JSON; charset=UTF-8", "json"},
        {"application/json ;charset=\"utf-8\"", "json"},
        {"application/proto", "proto"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char headers[128], wanted[128];
        (void)snprintf(headers, sizeof(headers), "Content-Type: %s\r\n", cases[i].type);
        (void)snprintf(wanted, sizeof(wanted),
                       "ansinh.v1.Payments/Quote %s timeout=5000 id= message=x", cases[i].codec);
        assert_int_equal(gateway_client_post(client, QUOTE, headers, "x"), 200);
        assert_string_equal((char *)client->body.data, wanted);
        assert_null(gateway_client_header(client, "Idempotency-Key"));
    }
}

static void refuses_other_content_types(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    static const char *const types[] = {
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/json; charset=latin1\r\n",
        "Content-Type: application/jsonx\r\n",
        "Content-Type: application/connect+json\r\n",
        "Content-Type: application/grpc\r\n",
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        (void)gateway_client_post(client, QUOTE, types[i], "{}");
        assert_error(client, 415, "unimplemented", NULL);
        assert_string_equal(gateway_client_header(client, "Accept-Post"),
                            "application/json, application/proto");
    }
    (void)gateway_client_post(client, QUOTE, JSON "Content-Encoding: gzip\r\n", "{}");
    assert_error(client, 501, "unimplemented", "Content-Encoding");
    assert_int_equal(
        gateway_client_post(client, QUOTE, JSON "Content-Encoding: identity\r\n", "{}"), 200);
}

static void knows_methods_by_their_full_name_only(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    static const char *const paths[] = {
        "/",
        "/ansinh.v1.Payments",
        "/ansinh.v1.Payments/",
        "/ansinh.v1.Payments/pay",
        "/ansinh.v1.Payments/Pay/",
        "/Payments/Pay",
        "//ansinh.v1.Payments/Pay",
        "/ansinh.v1.Contacts/ResolveContact", /* inside only */
    };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        (void)gateway_client_post(client, paths[i], JSON, "{}");
        assert_error(client, 404, "unimplemented", NULL);
    }
}

static void refuses_other_verbs(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    (void)gateway_client_get(client, PAY "?encoding=json&message=%7B%7D", "");
    assert_error(client, 405, "unimplemented", NULL);
    assert_string_equal(gateway_client_header(client, "Allow"), "POST");
    static const char text[] = "PUT " QUOTE " HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n\r\n{}";
    gateway_client_send(client, text, strlen(text));
    (void)gateway_client_read(client);
    assert_error(client, 405, "unimplemented", NULL);
    assert_string_equal(gateway_client_header(client, "Allow"), "GET, POST");
}

static void reads_the_protocol_headers(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    static const struct {
        const char *header;
        int timeout_ms; /* 0: refused */
    } cases[] = {
        {"Connect-Protocol-Version: 1\r\n", DEFAULT_TIMEOUT_MS},
        {"Connect-Protocol-Version: 2\r\n", 0},
        {"Connect-Protocol-Version: \r\n", 0},
        {"Connect-Timeout-Ms: 1\r\n", 1},
        {"Connect-Timeout-Ms: 1234\r\n", 1234},
        {"Connect-Timeout-Ms: 9999999999\r\n", BUS_TIMEOUT_MAX_MS},
        {"Connect-Timeout-Ms: 10000000000\r\n", 0},
        {"Connect-Timeout-Ms: 0\r\n", 0},
        {"Connect-Timeout-Ms: -1\r\n", 0},
        {"Connect-Timeout-Ms: 1.5\r\n", 0},
        {"Connect-Timeout-Ms: 5s\r\n", 0},
        {"Connect-Timeout-Ms: \r\n", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char headers[128], wanted[64], field[64];
        (void)snprintf(headers, sizeof(headers), JSON "%s", cases[i].header);
        (void)snprintf(wanted, sizeof(wanted), " timeout=%d ", cases[i].timeout_ms);
        (void)snprintf(field, sizeof(field), "%.*s", (int)strcspn(cases[i].header, ":"),
                       cases[i].header);
        (void)gateway_client_post(client, QUOTE, headers, "{}");
        if (cases[i].timeout_ms == 0)
            assert_error(client, 400, "invalid_argument", field);
        else
            assert_non_null(strstr((char *)client->body.data, wanted));
    }
}

static void gives_every_command_an_id(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    assert_int_equal(gateway_client_post(client, PAY, JSON "Idempotency-Key: " UUID "\r\n", ""),
                     200);
    assert_non_null(strstr((char *)client->body.data, "id=" UUID));
    assert_string_equal(gateway_client_header(client, "Idempotency-Key"), UUID);
    assert_int_equal(gateway_client_post(client, PAY, JSON "Idempotency-Key: order 7\r\n", ""),
                     200);
    assert_string_equal(gateway_client_header(client, "Idempotency-Key"), "order 7");
    char fresh[2][40];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(gateway_client_post(client, PAY, JSON, ""), 200);
        (void)snprintf(fresh[i], sizeof(fresh[i]), "%.39s",
                       gateway_client_header(client, "Idempotency-Key"));
        assert_int_equal(strlen(fresh[i]), 36);
        assert_non_null(strstr((char *)client->body.data, fresh[i]));
    }
    assert_string_not_equal(fresh[0], fresh[1]);
    /* also a refused command says which id it had */
    (void)gateway_client_post(client, PAY, "Idempotency-Key: " UUID "\r\n", "");
    assert_error(client, 415, "unimplemented", NULL);
    assert_string_equal(gateway_client_header(client, "Idempotency-Key"), UUID);
}

static void refuses_bad_keys(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    char long_key[160];
    memset(long_key, 'k', sizeof(long_key));
    memcpy(long_key, "Idempotency-Key: ", 17);
    memcpy(long_key + 17 + 129, "\r\n", 3);
    const char *const keys[] = {"Idempotency-Key: \r\n", "Idempotency-Key: sch\xc3\xb6n\r\n",
                                long_key};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char headers[256];
        (void)snprintf(headers, sizeof(headers), JSON "%s", keys[i]);
        (void)gateway_client_post(client, PAY, headers, "");
        assert_error(client, 400, "invalid_argument", "Idempotency-Key");
    }
}

static void names_every_request(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    static const struct {
        const char *headers, *id;
    } cases[] = {
        {JSON, "fresh"},
        {JSON "X-Request-Id: a.B-1_2\r\n", "a.B-1_2"},
        {JSON "X-Request-Id: has blank\r\n", "fresh"},
        {JSON "X-Request-Id: \r\n", "fresh"},
        {JSON "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
         "0af7651916cd43dd8448eb211c80319c"},
        {JSON "traceparent: 00-0af7651916cd43dd8448eb211c8031zz-b7ad6b7169203331-01\r\n", "fresh"},
        {JSON "traceparent: 00-0af7\r\n", "fresh"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(gateway_client_post(client, QUOTE, cases[i].headers, "{}"), 200);
        assert_string_equal(gateway_client_header(client, "X-Request-Id"), cases[i].id);
    }
}

static void reads_gets(void **state)
{
    struct world *world = *state;
    struct gateway_client *client = &world->client;
    static const struct {
        const char *query, *message; /* NULL: refused */
        int status;
        const char *field;
    } cases[] = {
        {"connect=v1&encoding=json&message=%7B%7D", "{}", 200, NULL},
        {"encoding=json&message=", "", 200, NULL},
        {"encoding=proto&base64=1&message=aGk", "hi", 200, NULL},
        {"encoding=json&base64=1&message=aGk%3D", "hi", 200, NULL},
        {"encoding=json&base64=1&message=Pz8_&compression=identity", "???", 200, NULL},
        {"encoding=json&base64=1&message=Pz8%2F", "???", 200, NULL},
        {"encoding=json&base64=0&message=aGk", "aGk", 200, NULL},
        {"encoding=json&base64=1&message=a", NULL, 400, "message"},
        {"encoding=json&base64=1&message=%25%25", NULL, 400, "message"},
        {"encoding=json", NULL, 400, "message"},
        {"message=%7B%7D", NULL, 415, NULL},
        {"encoding=xml&message=%7B%7D", NULL, 415, NULL},
        {"connect=v2&encoding=json&message=%7B%7D", NULL, 400, "connect"},
        {"encoding=json&message=%7B%7D&compression=gzip", NULL, 501, "compression"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[256], wanted[64];
        (void)snprintf(path, sizeof(path), QUOTE "?%s", cases[i].query);
        (void)gateway_client_get(client, path, "");
        if (cases[i].message == NULL) {
            assert_error(client, cases[i].status,
                         cases[i].status == 400 ? "invalid_argument" : "unimplemented",
                         cases[i].field);
            continue;
        }
        (void)snprintf(wanted, sizeof(wanted), " message=%s", cases[i].message);
        assert_int_equal(client->status, 200);
        assert_string_equal(strstr((char *)client->body.data, " message="), wanted);
    }
}

/* --- error bodies ------------------------------------------------------------------------------
 */

static void maps_every_code(void **state)
{
    (void)state;
    static const unsigned wanted[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                                      400, 409, 400, 501, 500, 503, 500, 401};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        assert_int_equal(connect_status((Ansinh__V1__Code)i), wanted[i]);
    assert_int_equal(connect_status((Ansinh__V1__Code)99), 500);
    assert_int_equal(connect_status((Ansinh__V1__Code)-1), 500);
}

static json_t *write_error(const struct connect_error *error)
{
    struct buf out;
    buf_init(&out, 10000);
    assert_int_equal(connect_error_write(error, &out), 0);
    json_t *body = json_loadb((const char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(body);
    buf_fini(&out);
    return body;
}

static void writes_details_for_machines(void **state)
{
    (void)state;
    struct connect_error error = {.code = ANSINH__V1__CODE__CODE_UNKNOWN,
                                  .message = "say \"hello\"\n",
                                  .field = "income_vnd",
                                  .retry_after_ms = 1500,
                                  .request_id = UUID};
    json_t *body = write_error(&error);
    json_t *detail = json_array_get(json_object_get(body, "details"), 0);
    json_t *debug = json_object_get(detail, "debug");
    assert_string_equal(json_string_value(json_object_get(body, "code")), "unknown");
    assert_string_equal(json_string_value(json_object_get(body, "message")), "say \"hello\"\n");
    assert_string_equal(json_string_value(json_object_get(detail, "type")),
                        "ansinh.v1.ErrorDetail");
    assert_string_equal(json_string_value(json_object_get(debug, "field")), "income_vnd");
    assert_string_equal(json_string_value(json_object_get(debug, "requestId")), UUID);
    assert_int_equal(json_integer_value(json_object_get(debug, "retryAfterMs")), 1500);
    const char *value = json_string_value(json_object_get(detail, "value"));
    uint8_t bytes[512];
    size_t len;
    assert_null(strchr(value, '='));
    assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), value, strlen(value), NULL, &len, NULL,
                                       sodium_base64_VARIANT_ORIGINAL_NO_PADDING),
                     0);
    Ansinh__V1__ErrorDetail *packed = ansinh__v1__error_detail__unpack(NULL, len, bytes);
    assert_non_null(packed);
    assert_string_equal(packed->field, "income_vnd");
    assert_string_equal(packed->request_id, UUID);
    assert_int_equal(packed->retry_after_ms, 1500);
    ansinh__v1__error_detail__free_unpacked(packed, NULL);
    json_decref(body);
}

static void leaves_out_what_is_not_known(void **state)
{
    (void)state;
    struct connect_error error = {.code = ANSINH__V1__CODE__CODE_NOT_FOUND, .message = ""};
    json_t *body = write_error(&error);
    assert_int_equal(json_object_size(body), 2); /* code, and details with the outcome */
    json_decref(body);
    error.message = "not \xff utf-8";
    body = write_error(&error);
    assert_int_equal(json_object_size(body), 2);
    json_decref(body);
}

static void every_error_says_its_kind(void **state)
{
    (void)state;
    for (int code = 1; code <= ANSINH__V1__CODE__CODE_UNAUTHENTICATED; code++) {
        for (int is_command = 0; is_command <= 1; is_command++) {
            struct connect_error error = {
                .code = (Ansinh__V1__Code)code, .is_command = is_command, .message = "x"};
            int is_retry = code == ANSINH__V1__CODE__CODE_UNAVAILABLE ||
                           code == ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED;
            int is_unknown = code == ANSINH__V1__CODE__CODE_UNKNOWN ||
                             code == ANSINH__V1__CODE__CODE_DEADLINE_EXCEEDED ||
                             code == ANSINH__V1__CODE__CODE_CANCELED;
            int is_fault =
                code == ANSINH__V1__CODE__CODE_INTERNAL || code == ANSINH__V1__CODE__CODE_DATA_LOSS;
            const char *want = is_retry || (is_unknown && !is_command)  ? "OUTCOME_RETRY"
                               : is_unknown || (is_fault && is_command) ? "OUTCOME_UNKNOWN"
                                                                        : "OUTCOME_FINAL";
            json_t *body = write_error(&error);
            json_t *detail = json_array_get(json_object_get(body, "details"), 0);
            json_t *outcome = json_object_get(json_object_get(detail, "debug"), "outcome");
            assert_string_equal(json_string_value(outcome), want);
            json_decref(body);
        }
    }
}

static void survives_long_texts(void **state)
{
    (void)state;
    char text[1000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    struct connect_error error = {.code = ANSINH__V1__CODE__CODE_UNKNOWN,
                                  .message = text,
                                  .field = text,
                                  .retry_after_ms = UINT32_MAX,
                                  .request_id = text};
    json_t *body = write_error(&error);
    assert_non_null(json_object_get(body, "details"));
    json_decref(body);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static const struct CMUnitTest tests[] = {
    CASE(takes_json_and_proto),
    CASE(refuses_other_content_types),
    CASE(knows_methods_by_their_full_name_only),
    CASE(refuses_other_verbs),
    CASE(reads_the_protocol_headers),
    CASE(gives_every_command_an_id),
    CASE(refuses_bad_keys),
    CASE(names_every_request),
    CASE(reads_gets),
    cmocka_unit_test(maps_every_code),
    cmocka_unit_test(writes_details_for_machines),
    cmocka_unit_test(every_error_says_its_kind),
    cmocka_unit_test(leaves_out_what_is_not_known),
    cmocka_unit_test(survives_long_texts),
};

TEST_MAIN(tests)
