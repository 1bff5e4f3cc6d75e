/* The platform's own signature under its answers to signed requests (RFC 9421), and the page with
 * the public keys.
 *
 * Keys are "answer-<n>.key" in the folder of keys: the highest one signs, all are published. */
#ifndef ANSINH_GATEWAY_ANSWER_SIGN_H
#define ANSINH_GATEWAY_ANSWER_SIGN_H

#include "common/sign/signature.h"
#include "services/gateway/http.h"

struct answer_keys;

/* -ENOENT: no answer-1.key, or as key_file_read. err names the file. */
int answer_keys_open(const char *directory, struct answer_keys **ret, struct err *err) MUST_CHECK;
void answer_keys_destroy(struct answer_keys **self);

/* Answers with the public keys as a JSON Web Key Set (RFC 7517, RFC 8037). */
void answer_keys_page(const struct answer_keys *self, struct http_request *request);

/* Lets whatever answer the request gets be signed. asked is the request as a message, which has a
 * Signature; it lives in the request's arena. */
void answer_sign(const struct answer_keys *self, struct http_request *request,
                 const struct signature_message *asked);

#endif
