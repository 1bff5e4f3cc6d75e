/* One HTTP request sent on as it came, and its answer as it came back. */
#ifndef ANSINH_CLI_SANDBOX_FORWARD_H
#define ANSINH_CLI_SANDBOX_FORWARD_H

#include <stddef.h>

#include "common/base/buf.h"

#define FORWARD_FIELDS_MAX 64
#define FORWARD_BODY_MAX_BYTES ((size_t)4 * 1024 * 1024)

/* "Name: value" texts, owned. */
struct forward_fields {
    char *texts[FORWARD_FIELDS_MAX];
    size_t n;
};

void forward_fields_add(struct forward_fields *self, const char *name, const char *value);
void forward_fields_fini(struct forward_fields *self);

struct forward_answer {
    long status;
    struct forward_fields fields;
    struct buf body;
};

void forward_answer_init(struct forward_answer *self);
void forward_answer_fini(struct forward_answer *self);

/* Blocks for at most timeout_ms. 0, or -EIO with the reason on standard error: nobody answered.
 * Fields of the connection itself are not sent on. */
int forward(const char *url, const char *method, const struct forward_fields *fields,
            const struct buf *body, long timeout_ms, struct forward_answer *ret);

#endif
