#include "services/gateway/auth.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/service/directory.h"
#include "services/gateway/answer_sign.h"
#include "services/gateway/auth_check.h"
#include "services/gateway/nonce_store.h"

#define CLOCKS_APART_S 60 /* how far gateways' clocks may be from each other */
#define AWAY_RETRY_MS 500
#define LOGGED_PER_S 20
#define US_PER_S 1000000
#define BUCKETS_MAX_BYTES ((size_t)16 * 1024 * 1024) /* a million partners */

/* A partner's requests: full at first, refilled with time. */
struct bucket {
    int64_t tokens_us; /* what it holds, as microseconds of refilling */
    int64_t at_us;
};

struct auth {
    struct service *svc;
    const char *public_url;
    struct keyring *ring;
    struct answer_keys *answer_keys;
    struct map *buckets; /* struct bucket by partner's code */
    struct arena *arena; /* of the buckets: as many as there are partners */
    int64_t *results[AUTH_REFUSALS];
    int64_t log_second;
    int n_logged;
};

/* One request; in its arena. */
struct check {
    struct auth *auth;
    struct http_request *request;
    struct signature_message message;
    struct signature signature;
    const char *trace_id;
    char key_id[AUTH_KEY_ID_MAX_CHARS + 1];
    char *partner;
    auth_fn fn;
    void *arg;
};

/* --- ends ------------------------------------------------------------------------------------- */

#define RESULT(name)                                                                               \
    {                                                                                              \
        "result=\"" name "\"", name                                                                \
    }
static const struct {
    const char *labels, *name;
} results[AUTH_REFUSALS] = {
    [AUTH_ACCEPTED] = RESULT("accepted"),     [AUTH_UNSIGNED] = RESULT("unsigned"),
    [AUTH_MALFORMED] = RESULT("malformed"),   [AUTH_COVERAGE] = RESULT("coverage"),
    [AUTH_DIGEST] = RESULT("digest"),         [AUTH_TIME] = RESULT("time"),
    [AUTH_KEY] = RESULT("unknown_key"),       [AUTH_ALGORITHM] = RESULT("algorithm"),
    [AUTH_WRONG] = RESULT("wrong_signature"), [AUTH_KEY_TIME] = RESULT("key_not_valid"),
    [AUTH_SUSPENDED] = RESULT("suspended"),   [AUTH_RATE] = RESULT("rate"),
    [AUTH_REPLAYED] = RESULT("replayed"),     [AUTH_AWAY] = RESULT("nonces_away"),
};

static Ansinh__V1__Code code_of(enum auth_refusal refusal)
{
    if (refusal == AUTH_SUSPENDED)
        return ANSINH__V1__CODE__CODE_PERMISSION_DENIED;
    if (refusal == AUTH_RATE)
        return ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED;
    if (refusal == AUTH_AWAY)
        return ANSINH__V1__CODE__CODE_UNAVAILABLE;
    return ANSINH__V1__CODE__CODE_UNAUTHENTICATED;
}

/* Whoever calls without a key can fill a log: so many lines a second, and all are counted. */
static int may_log(struct auth *self)
{
    int64_t second = clock_mono_ms() / 1000;
    if (second != self->log_second) {
        self->log_second = second;
        self->n_logged = 0;
    }
    return self->n_logged++ < LOGGED_PER_S;
}

static void refuse(struct check *self, enum auth_refusal refusal, const char *text,
                   unsigned retry_after_ms)
{
    struct auth *auth = self->auth;
    struct connect_error error = {
        .code = code_of(refusal), .message = text, .retry_after_ms = retry_after_ms};
    /* what came before under this nonce may have been the same request, and done */
    if (refusal == AUTH_REPLAYED)
        error.outcome = ANSINH__V1__OUTCOME__OUTCOME_UNKNOWN;
    ++*auth->results[refusal];
    signature_fini(&self->signature);
    if (may_log(auth))
        log_warn("a partner's request is refused", "reason=%s key=%s trace=%s",
                 results[refusal].name, self->key_id[0] == '\0' ? "-" : self->key_id,
                 self->trace_id);
    self->fn(self->arg, NULL, &error);
}

static void accept(struct check *self)
{
    ++*self->auth->results[AUTH_ACCEPTED];
    signature_fini(&self->signature);
    self->fn(self->arg, self->partner, NULL);
}

/* --- nonces ----------------------------------------------------------------------------------- */

static void on_nonce(void *arg, int rc)
{
    struct check *self = arg;
    if (rc == 0)
        accept(self);
    else if (rc == -EEXIST)
        refuse(self, AUTH_REPLAYED, "the nonce was used before", 0);
    else
        refuse(self, AUTH_AWAY, "nobody can say now whether the nonce was used before",
               AWAY_RETRY_MS);
}

/* For as long as any gateway could take the request for a fresh one. */
static void take_nonce(struct check *self, int64_t now_s)
{
    const struct signature *signature = &self->signature;
    int64_t ttl_s = signature->created + AUTH_WINDOW_S - now_s + 1 + CLOCKS_APART_S;
    nonce_take(self->auth->svc->views, self->key_id, signature->nonce.text, signature->nonce.len,
               ttl_s, on_nonce, self);
}

/* --- rates ------------------------------------------------------------------------------------ */

/* 0, or how long to wait for the next request. */
static unsigned take_token(struct auth *self, const Ansinh__V1__Partner *partner)
{
    const char *code = partner->organisation_code;
    int64_t now_us = clock_mono_us(), each_us = US_PER_S / MAX(partner->rate_per_s, 1U);
    int64_t full_us = each_us * MAX(partner->burst, 1U);
    struct bucket *bucket = map_get(self->buckets, code, strlen(code));
    if (bucket == NULL) {
        bucket = arena_alloc(self->arena, sizeof(*bucket));
        ASSERT(bucket != NULL);
        *bucket = (struct bucket){full_us, now_us};
        (void)map_put(self->buckets, code, strlen(code), bucket);
    }
    bucket->tokens_us = MIN(bucket->tokens_us + (now_us - bucket->at_us), full_us);
    bucket->at_us = now_us;
    if (bucket->tokens_us < each_us)
        return (unsigned)((each_us - bucket->tokens_us) / 1000) + 1;
    bucket->tokens_us -= each_us;
    return 0;
}

/* --- one request ------------------------------------------------------------------------------ */

static const char *request_field(void *arg, const char *name)
{
    return http_header_joined(arg, name);
}

/* As the caller saw it, in front of any proxy; NULL: cannot be said. */
static const char *target_uri(const struct auth *self, struct http_request *request)
{
    const char *host = http_header_joined(request, "host");
    if (request->target[0] != '/')
        return NULL;
    if (self->public_url[0] != '\0')
        return arena_printf(request->arena, "%s%s", self->public_url, request->target);
    return host == NULL ? NULL : arena_printf(request->arena, "http://%s%s", host, request->target);
}

static void check_partner(struct check *self, const Ansinh__V1__Partner *partner, int64_t now_s)
{
    self->partner = arena_strndup(self->request->arena, partner->organisation_code,
                                  strlen(partner->organisation_code));
    if (self->partner == NULL) {
        refuse(self, AUTH_MALFORMED, "the request is too large", 0);
        return;
    }
    if (partner->suspended) {
        refuse(self, AUTH_SUSPENDED, "the partner is suspended", 0);
        return;
    }
    unsigned wait_ms = take_token(self->auth, partner);
    if (wait_ms > 0)
        refuse(self, AUTH_RATE, "more requests than were agreed on", wait_ms);
    else
        take_nonce(self, now_s);
}

static void run(struct check *self)
{
    const struct http_request *request = self->request;
    const Ansinh__V1__Partner *partner;
    struct err err = {0};
    int64_t now_ms = clock_wall_ms();
    enum auth_refusal refusal = auth_read(&self->message, request->body, request->body_len,
                                          now_ms / 1000, &self->signature, &err);
    if (refusal == AUTH_ACCEPTED) {
        auth_key_id(&self->signature, self->key_id);
        const Ansinh__V1__PartnerKey *key =
            directory_partner_key(self->auth->svc->directory, self->key_id, &partner);
        if (key == NULL) {
            refuse(self, AUTH_KEY, "no such keyid", 0);
            return;
        }
        refusal =
            auth_verify(&self->signature, &self->message, self->auth->ring, key, now_ms, &err);
    }
    if (refusal != AUTH_ACCEPTED)
        refuse(self, refusal, err.text, 0);
    else
        check_partner(self, partner, now_ms / 1000);
}

void auth_check(struct auth *self, struct http_request *request, const char *trace_id, auth_fn fn,
                void *arg)
{
    struct check *check = arena_zalloc(request->arena, sizeof(*check));
    if (check == NULL) {
        const struct connect_error error = {.code = ANSINH__V1__CODE__CODE_RESOURCE_EXHAUSTED,
                                            .message = "no memory"};
        fn(arg, NULL, &error);
        return;
    }
    *check = (struct check){.auth = self,
                            .request = request,
                            .trace_id = trace_id,
                            .fn = fn,
                            .arg = arg,
                            .message = {.method = request->method == HTTP_POST ? "POST" : "GET",
                                        .target_uri = target_uri(self, request),
                                        .field = request_field,
                                        .arg = request}};
    if (http_header(request, "Signature") != NULL)
        answer_sign(self->answer_keys, request, &check->message);
    run(check);
}

void auth_page(const struct auth *self, struct http_request *request)
{
    answer_keys_page(self->answer_keys, request);
}

/* --- life ------------------------------------------------------------------------------------- */

static int check_public_url(const char *url, struct err *err)
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    if (url[0] == '\0' ||
        (scheme > 0 && url[scheme] != '\0' && strpbrk(url + scheme, "/?# ") == NULL))
        return 0;
    return err_set(err, -EINVAL, "GATEWAY_PUBLIC_URL: want https://host or https://host:port");
}

int auth_create(struct service *svc, const struct auth_conf *conf, struct auth **ret,
                struct err *err)
{
    struct auth *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->svc = svc;
    self->public_url = conf->public_url;
    self->buckets = map_create();
    self->arena = arena_create(BUCKETS_MAX_BYTES);
    for (size_t i = 0; i < AUTH_REFUSALS; i++)
        self->results[i] = metrics_counter(svc->metrics, "signatures_total", results[i].labels);
    int rc = check_public_url(conf->public_url, err);
    if (rc == 0)
        rc = keyring_open_partners(svc->conf.keys, &self->ring, err);
    if (rc == 0)
        rc = answer_keys_open(svc->conf.keys, &self->answer_keys, err);
    if (rc < 0)
        auth_destroy(&self);
    else
        *ret = self;
    return rc;
}

void auth_destroy(struct auth **self)
{
    if (*self == NULL)
        return;
    keyring_destroy(&(*self)->ring);
    answer_keys_destroy(&(*self)->answer_keys);
    map_destroy(&(*self)->buckets);
    arena_destroy(&(*self)->arena);
    free(*self);
    *self = NULL;
}
