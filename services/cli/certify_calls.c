#include "services/cli/certify_calls.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "services/cli/cli.h"
#include "services/cli/sandbox_forward.h"

#define URL_BYTES 1024
#define REQUEST_MAX_BYTES 4096
#define ANSWER_MAX_BYTES ((size_t)4 * 1024 * 1024)
#define RECORD_TIMEOUT_MS 10000
#define HTTP_OK 200
#define HTTP_TOO_MANY 429
#define HTTP_UNAVAILABLE 503
#define TRIES_MAX 40
#define TRY_AFTER_MS 500

static void copy(char ret[CERTIFY_TEXT_BYTES], const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    (void)snprintf(ret, CERTIFY_TEXT_BYTES, "%s", text == NULL ? "" : text);
}

/* A number, or its digits as a text, as proto3 has it; 0: neither. */
static int64_t number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    int64_t number = 0;
    if (json_is_integer(value))
        return json_integer_value(value);
    if (json_is_string(value) && parse_int64(json_string_value(value), 0, INT64_MAX, &number) < 0)
        number = 0;
    return number;
}

/* NULL: not JSON. */
static json_t *load(const struct buf *text)
{
    return text->len == 0 ? NULL : json_loadb((const char *)text->data, text->len, 0, NULL);
}

static int put(struct buf *out, json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    int rc = text == NULL ? -ENOMEM : buf_puts(out, text);
    free(text);
    json_decref(object);
    return rc;
}

/* --- the client ------------------------------------------------------------------------------- */

static int read_result(const struct buf *body, struct certify_result *ret)
{
    char state[CERTIFY_TEXT_BYTES];
    json_auto_t *answer = load(body);
    if (!json_is_object(answer))
        return -EPROTO;
    copy(state, answer, "state");
    ret->state = certify_state_of(state);
    copy(ret->payment_id, answer, "paymentId");
    ret->amount_vnd = number_of(answer, "amountVnd");
    return ret->state == 0 ? -EPROTO : 0;
}

int certify_let_do(const struct certify_calls *self, const struct certify_task *task,
                   struct certify_result *ret)
{
    struct forward_fields fields = {0};
    struct forward_answer answer;
    CLEANUP(buf_fini) struct buf body;
    buf_init(&body, REQUEST_MAX_BYTES);
    *ret = (struct certify_result){0};
    int rc =
        put(&body, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "scenario",
                             task->scenario, "action", task->action, "transactionId",
                             task->transaction_id, "originalTransactionId", task->original_id,
                             "personalId", task->person, "amountVnd", task->amount_vnd, "pointCode",
                             self->point, "collectorCode", self->collector, "channel",
                             "PAYMENT_CHANNEL_CASH", "receiptNumber", task->receipt_number));
    if (rc < 0)
        return rc;
    forward_fields_add(&fields, "Content-Type", "application/json");
    forward_answer_init(&answer);
    rc = forward(self->partner, "POST", &fields, &body, self->timeout_ms, &answer);
    if (rc == 0)
        rc = answer.status == HTTP_OK ? read_result(&answer.body, ret) : -EPROTO;
    forward_answer_fini(&answer);
    forward_fields_fini(&fields);
    return rc;
}

/* --- the platform ----------------------------------------------------------------------------- */

/* 0 with the HTTP status, or -EIO. These calls count for the partner's rate, too: waits when it is
 * spent. Takes the request. */
static int ask(const struct certify_calls *self, const char *method, json_t *request,
               struct buf *ret, long *ret_status)
{
    CLEANUP(buf_fini) struct buf json;
    buf_init(&json, REQUEST_MAX_BYTES);
    if (put(&json, request) < 0)
        return -EIO;
    for (int i = 0; i < TRIES_MAX; i++) {
        buf_reset(ret);
        if (call_signed_ask(&self->signer, method, &json, ret, ret_status) != 0)
            return -EIO;
        if (*ret_status != HTTP_TOO_MANY && *ret_status != HTTP_UNAVAILABLE)
            break;
        (void)poll(NULL, 0, TRY_AFTER_MS);
    }
    return 0;
}

int certify_look_up(const struct certify_calls *self, const char *transaction_id,
                    struct certify_result *ret)
{
    long status;
    char state[CERTIFY_TEXT_BYTES];
    CLEANUP(buf_fini) struct buf body;
    buf_init(&body, ANSWER_MAX_BYTES);
    *ret = (struct certify_result){0};
    if (ask(self, "ansinh.v1.Collections/GetPayment",
            json_pack("{s:s}", "partnerTransactionId", transaction_id), &body, &status) < 0)
        return -EIO;
    json_auto_t *answer = load(&body);
    const json_t *payment = json_object_get(answer, "payment");
    if (status != HTTP_OK || answer == NULL) {
        (void)cli_fail(1, "GetPayment: %.*s", (int)body.len, (const char *)body.data);
        return -EIO;
    }
    copy(state, answer, "state");
    ret->state = certify_state_of(state);
    copy(ret->payment_id, payment, "paymentId");
    ret->amount_vnd = number_of(payment, "amountVnd");
    ret->receipt_number = number_of(payment, "receiptNumber");
    return 0;
}

int certify_is_due(const struct certify_calls *self, const char *person)
{
    long status;
    CLEANUP(buf_fini) struct buf body;
    buf_init(&body, ANSWER_MAX_BYTES);
    if (ask(self, "ansinh.v1.Collections/Inquire", json_pack("{s:s}", "personalId", person), &body,
            &status) < 0)
        return -EIO;
    json_auto_t *answer = load(&body);
    if (status == HTTP_OK)
        return number_of(answer, "dueVnd") > 0;
    if (status == 400 || status == 404)
        return 0;
    (void)cli_fail(1, "Inquire: %.*s", (int)body.len, (const char *)body.data);
    return -EIO;
}

/* NULL: it was no answer, said. */
static json_t *must_ask(const struct certify_calls *self, const char *method, json_t *request)
{
    long status;
    CLEANUP(buf_fini) struct buf body;
    buf_init(&body, ANSWER_MAX_BYTES);
    if (ask(self, method, request, &body, &status) < 0)
        return NULL;
    if (status == HTTP_OK)
        return load(&body);
    (void)cli_fail(1, "%s: %.*s", method, (int)body.len, (const char *)body.data);
    return NULL;
}

int certify_read_cash(const struct certify_calls *self, struct certify_cash *ret)
{
    json_auto_t *answer = must_ask(self, "ansinh.v1.Custody/GetCustody",
                                   json_pack("{s:s}", "holderCode", self->collector));
    const json_t *custody = json_object_get(answer, "custody");
    ret->in_hand_vnd = number_of(custody, "cashInHandVnd");
    ret->remitted_vnd = number_of(custody, "remittedVnd");
    ret->is_blocked = json_is_true(json_object_get(custody, "blocked"));
    return answer == NULL ? -EIO : 0;
}

int certify_allocate(const struct certify_calls *self, int64_t *ret_number)
{
    json_auto_t *answer = must_ask(
        self, "ansinh.v1.Receipts/AllocateBlock",
        json_pack("{s:s,s:i,s:s}", "pointCode", self->point, "count", 1, "officer", "certify"));
    *ret_number = number_of(answer, "firstNumber");
    return answer == NULL ? -EIO : 0;
}

/* --- the record ------------------------------------------------------------------------------- */

static void read_line(const json_t *object, struct certify_line *ret)
{
    ret->at_ms = number_of(object, "atMs");
    copy(ret->method, object, "method");
    copy(ret->transaction_id, object, "transactionId");
    copy(ret->body_digest, object, "bodyDigest");
    copy(ret->nonce, object, "nonce");
    copy(ret->simulated, object, "simulated");
}

static int read_lines(const struct buf *body, struct certify_line ret[CERTIFY_LINES_MAX],
                      size_t *ret_n, int64_t *ret_last)
{
    json_auto_t *lines = load(body);
    if (!json_is_array(lines))
        return -EPROTO;
    size_t n = json_array_size(lines);
    *ret_n = MIN(n, (size_t)CERTIFY_LINES_MAX);
    for (size_t i = 0; i < *ret_n; i++)
        read_line(json_array_get(lines, i), &ret[i]);
    if (n > 0)
        *ret_last = number_of(json_array_get(lines, n - 1), "number");
    return 0;
}

int certify_read_record(const struct certify_calls *self, int64_t after,
                        struct certify_line ret[CERTIFY_LINES_MAX], size_t *ret_n,
                        int64_t *ret_last)
{
    const struct forward_fields fields = {0};
    struct forward_answer answer;
    struct buf nothing;
    char url[URL_BYTES];
    (void)snprintf(url, sizeof(url), "%s/sandbox/record?after=%" PRId64, self->signer.url, after);
    buf_init(&nothing, 1);
    forward_answer_init(&answer);
    *ret_n = 0;
    *ret_last = after;
    int rc = forward(url, "GET", &fields, &nothing, RECORD_TIMEOUT_MS, &answer);
    if (rc == 0)
        rc = answer.status == HTTP_OK ? read_lines(&answer.body, ret, ret_n, ret_last) : -EPROTO;
    forward_answer_fini(&answer);
    buf_fini(&nothing);
    return rc;
}
