/* HTTP Message Signatures (RFC 9421) with ed25519 and hmac-sha256: reading, checking and making the
 * fields Signature-Input and Signature. What a signature must cover and when it is too old is not
 * decided here.
 *
 * Components: the derived ones but @query-param, and header fields as they are; no parameter but
 * "req". */
#ifndef ANSINH_SIGN_SIGNATURE_H
#define ANSINH_SIGN_SIGNATURE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/sign/fields.h"

#define SIGNATURE_COMPONENTS_MAX 16
#define SIGNATURE_MAX_BYTES 64
#define SIGNATURE_NAME_MAX_CHARS 64 /* of a header field that is covered */
#define SIGNATURE_BASE_MAX_BYTES (64 * 1024)
#define SIGNATURE_SECRET_MIN_BYTES 32
#define SIGNATURE_SECRET_MAX_BYTES 64

enum signature_algorithm { SIGNATURE_NONE, SIGNATURE_ED25519, SIGNATURE_HMAC_SHA256 };

/* "ed25519", "hmac-sha256", as RFC 9421 registers them; "" for none. */
const char *signature_algorithm_name(enum signature_algorithm algorithm);
enum signature_algorithm signature_algorithm_of(const char *name, size_t len);

/* What checks or makes signatures. ed25519: 32 bytes of a public key to check, 64 of libsodium's
 * secret key to make; hmac-sha256: the secret. */
struct signature_key {
    enum signature_algorithm algorithm;
    uint8_t bytes[64];
    size_t len;
};

/* Value of a header field by its lower-case name: all fields of the name joined by ", ", without
 * spaces around; NULL when there is none. */
typedef const char *(*signature_field_fn)(void *arg, const char *name);

/* Where components are taken from. */
struct signature_message {
    const char *method;     /* NULL in an answer */
    const char *target_uri; /* "https://host/path?query"; NULL in an answer */
    unsigned status;        /* of an answer */
    signature_field_fn field;
    void *arg;
    const struct signature_message *request; /* of an answer; or NULL */
};

struct signature_component {
    struct slice name;
    int is_of_request;
};

/* A signature as its fields say it; slices are of these fields. */
struct signature {
    struct slice label;
    struct signature_component components[SIGNATURE_COMPONENTS_MAX];
    size_t n_components;
    int has_created, has_expires;
    int64_t created, expires;                   /* seconds since 1970 */
    struct slice nonce, key_id, algorithm, tag; /* absent, or as given */
    struct buf params;                          /* the inner list and its parameters, canonical */
    uint8_t value[SIGNATURE_MAX_BYTES];
    size_t value_len;
};

/* Reads both fields, which must hold one signature under the same label. The texts live as long as
 * the result, which signature_fini frees, also after a failure. -EINVAL with what is wrong. */
int signature_read(const char *input, const char *value, struct signature *ret,
                   struct err *err) MUST_CHECK;
void signature_fini(struct signature *self);

/* Whether a component of this name is covered. */
int signature_covers(const struct signature *self, const char *name, int is_of_request);

/* Appends the signature base (section 2.5). -EINVAL: a component that the message has not, or that
 * is not known; -EMSGSIZE. */
int signature_base(const struct signature *self, const struct signature_message *message,
                   struct buf *out, struct err *err) MUST_CHECK;

/* 0, or -EBADMSG: not made with this key over this base. The key's algorithm counts. */
int signature_check(const struct signature *self, const struct signature_key *key,
                    const struct buf *base) MUST_CHECK;

/* What a signature shall say. */
struct signature_spec {
    const char *label;
    const char *const *components; /* ended by NULL; "@method;req" is of the request */
    int64_t created;
    int64_t expires;    /* 0: none */
    const char *nonce;  /* NULL: none */
    const char *key_id; /* printable ASCII without '"' and '\' */
    int has_algorithm;  /* say the key's */
};

/* Appends both fields' values. -EINVAL: as signature_base, or key_id or nonce cannot be written;
 * -EMSGSIZE. */
int signature_make(const struct signature_spec *spec, const struct signature_message *message,
                   const struct signature_key *key, struct buf *ret_input, struct buf *ret_value,
                   struct err *err) MUST_CHECK;

#endif
