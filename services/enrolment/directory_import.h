/* What all imports of reference data share: the look-up of the request id, the check against fresh
 * data, the commit of rows and event in {dir}, and the repetition when another instance imported at
 * the same time or nobody knows the outcome. */
#ifndef ANSINH_ENROLMENT_DIRECTORY_IMPORT_H
#define ANSINH_ENROLMENT_DIRECTORY_IMPORT_H

#include "ansinh/v1/events.pb-c.h"
#include "common/service/service.h"

#define IMPORT_ROWS_MAX 250
#define IMPORT_ANSWER_MAX_BYTES 128 /* of what is stored */

struct import;

/* What the imports differ in. */
struct import_spec {
    /* Checks the request and fills kinds, rows and n_rows. May be called again, after other imports
     * came in between. -EINVAL, -ENOENT, -EPERM or -EEXIST with the field;
     * -ENOMEM. */
    int (*take)(struct import *self, struct err *err);
    /* The event of the rows that are left, in the arena; NULL: no memory. */
    Ansinh__V1__Event *(*event)(struct import *self);
    int (*is_dry_run)(const ProtobufCMessage *in);
    /* The answer as it is stored with the commit. NULL: how many rows were written and how many
     * were not changed. */
    size_t (*pack)(const struct import *self, uint8_t ret[IMPORT_ANSWER_MAX_BYTES]);
    /* Answers by what is stored for this request id, of now or before; stored NULL: nothing was
     * committed. NULL: the stored bytes are the answer. */
    void (*answer)(struct import *self, const uint8_t *stored, size_t len);
};

/* Lives in the request's arena. */
struct import {
    struct service *svc;
    struct bus_request *request;
    const struct import_spec *spec;
    char kinds[IMPORT_ROWS_MAX];
    const ProtobufCMessage *rows[IMPORT_ROWS_MAX]; /* after take: those that change something */
    size_t n_rows, n_unchanged;
    int tries;
    int is_unknown; /* a commit was sent and nobody knows its outcome yet */
    const uint8_t *event;
    size_t event_len;
    uint8_t stored[IMPORT_ANSWER_MAX_BYTES];
    size_t stored_len;
    void *arg; /* of the spec */
};

/* A spec's event for kinds of rows that have none of their own; and for targets of a year. */
Ansinh__V1__Event *import_reference_event(struct import *self);
Ansinh__V1__Event *import_plan_event(struct import *self);

/* Whether two rows are the same; for want of memory they are not. */
int import_is_same(const struct import *self, const ProtobufCMessage *a, const ProtobufCMessage *b);

/* Answers the request, always. n_rows: in the request, refused unless 1 to IMPORT_ROWS_MAX. arg
 * becomes the import's. */
void import_run(struct service *svc, struct bus_request *request, const struct import_spec *spec,
                size_t n_rows, void *arg);

#endif
