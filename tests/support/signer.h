/* Signs requests to a gateway as a partner would, also wrongly. */
#ifndef ANSINH_TESTS_SUPPORT_SIGNER_H
#define ANSINH_TESTS_SUPPORT_SIGNER_H

#include "common/sign/signature.h"
#include "tests/support/gateway_client.h"

#define SIGNER_HEADERS_BYTES 4096

/* One request; what is 0 or NULL is what a good one has. */
struct wish {
    const char *verb;              /* "POST" */
    const char *path;              /* of Collections/Echo */
    const char *query;             /* with its '?'; of a GET */
    const char *body;              /* {"text":"a"}; "" of a GET */
    const char *base;              /* public url of the gateway; "http://test" */
    const char *signed_path;       /* path and query */
    const char *const *components; /* method, target-uri, content-digest if there is a body */
    const char *digest;            /* the field; "": none is sent */
    int64_t created_offset_s;
    int64_t expires_offset_s; /* 0: no expires */
    int has_no_nonce;
    const char *nonce; /* a fresh one */
    const char *key_id;
    struct signature_key key;
    int has_algorithm;
    const char *replace, *with; /* in the headers, after signing */
    const char *more;           /* further headers, each ended by \r\n */
};

/* Writes the headers that the wish's request has, each ended by \r\n. */
void signer_headers(const struct wish *wish, char ret[SIGNER_HEADERS_BYTES]);

/* Sends it and reads the answer; its status. */
int signer_send(struct gateway_client *client, const struct wish *wish);

/* Random keys: the half that checks goes to ret_public (32 bytes). */
struct signature_key signer_ed25519(uint8_t ret_public[32]);
struct signature_key signer_hmac(void);

#endif
