/* A DEALER beside a service of a platform that sends whatever it is told, kept to the protocol or
 * not. What does not come within 20 s fails the test. */
#ifndef ANSINH_TESTS_SUPPORT_RAW_PEER_H
#define ANSINH_TESTS_SUPPORT_RAW_PEER_H

#include "ansinh/v1/bus.pb-c.h"
#include "common/base/id.h"
#include "tests/support/platform.h"

struct raw_peer;

/* Connected to the first instance of a service. */
struct raw_peer *raw_peer_create(struct platform *platform, const char *service);
void raw_peer_destroy(struct raw_peer **self);

/* One message of n frames. */
void raw_peer_send(struct raw_peer *self, const void *const *frames, const size_t *lens, size_t n);

/* A header as it should be, with a call id of its own; id NULL: none. Valid until the next. */
Ansinh__V1__Header *raw_peer_header(struct raw_peer *self, const char *method,
                                    const struct request_id *id);
/* Header and body. */
void raw_peer_request(struct raw_peer *self, const Ansinh__V1__Header *header, const void *body,
                      size_t len);

struct raw_answer {
    uint64_t call_id;
    int code; /* ansinh.v1.Code */
    char field[96], message[192];
    const uint8_t *body; /* valid until the next answer */
    size_t body_len;
};
void raw_peer_take(struct raw_peer *self, struct raw_answer *ret);

/* Takes the answers to everything that was sent before and is answered without waiting for
 * others; how many, and how many of them were CODE_INVALID_ARGUMENT. */
size_t raw_peer_drain(struct raw_peer *self, size_t *ret_n_invalid);

/* Sums of a number of Health/Stats over its labels. */
int64_t raw_peer_stat(struct raw_peer *self, const char *name);
/* When the instance began, by Health/Check. */
int64_t raw_peer_started_at_ms(struct raw_peer *self);

#endif
