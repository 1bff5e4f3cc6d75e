/* Who signs, may call: the signature, the nonce and the rate of partners' requests.
 *
 * Rates are counted by each gateway for itself. */
#ifndef ANSINH_GATEWAY_AUTH_H
#define ANSINH_GATEWAY_AUTH_H

#include "common/service/service.h"
#include "services/gateway/connect_error.h"
#include "services/gateway/http.h"

struct auth;

struct auth_conf {
    const char
        *public_url; /* "https://pay.example.vn"; "": http:// and the request's Host; borrowed */
};

/* -EINVAL: public_url is none; -ENOENT: a key file is missing; err says which. */
int auth_create(struct service *svc, const struct auth_conf *conf, struct auth **ret,
                struct err *err) MUST_CHECK;
void auth_destroy(struct auth **self);

/* error NULL: partner (its code, in the request's arena) may go on. Else the answer, whose texts
 * live during the callback. */
typedef void (*auth_fn)(void *arg, const char *partner, const struct connect_error *error);

/* Checks a request whose body is there and sees to it that its answer is signed. fn runs exactly
 * once, possibly inside this call. trace_id is borrowed until then. */
void auth_check(struct auth *self, struct http_request *request, const char *trace_id, auth_fn fn,
                void *arg);

/* The page with the public keys that answers are signed with. */
void auth_page(const struct auth *self, struct http_request *request);

#endif
