/* A command on a subject's records: look the request up and read, decide, commit, publish, answer;
 * again on conflict, settled after an unknown outcome. What command.h is for citizens. */
#ifndef ANSINH_SERVICE_SUBJECT_H
#define ANSINH_SERVICE_SUBJECT_H

#include "common/service/service.h"
#include "common/service/records.h"

#define SUBJECT_RECORDS_MAX (BLOCK_NUMBERS_MAX + 8)

enum subject_verdict {
    SUBJECT_COMMIT,   /* event, answer and the records' next are set */
    SUBJECT_ANSWERED, /* decide has called bus_fail */
    SUBJECT_READ,     /* decide has named more records with subject_want: read all anew */
};

/* Lives in the request's arena. */
struct subject_state {
    struct service *svc;
    struct bus_request *request;
    uint8_t subject[ID_BYTES];
    unsigned partition;
    int64_t now_ms; /* wall */
    struct till_record records[SUBJECT_RECORDS_MAX];
    size_t n_records;
    Ansinh__V1__Event *event; /* in the arena */
    ProtobufCMessage *answer; /* the same */
    void *arg;                /* the caller's */
};

struct subject_spec {
    enum subject_verdict (*decide)(struct subject_state *state);
    /* Sets in the answer what depends on the entry's position. May be NULL. */
    void (*complete)(struct subject_state *state, ProtobufCMessage *answer,
                     struct journal_position position);
};

/* Names one more record to be read; NULL when there are too many. */
struct till_record *subject_want(struct subject_state *state, const struct receipt_place *place,
                                 const ProtobufCMessageDescriptor *type);

/* A state for subject_run, in the request's arena; NULL: no memory, which was answered. */
struct subject_state *subject_create(struct service *svc, struct bus_request *request,
                                     const uint8_t subject[ID_BYTES], void *arg);

/* Reads what was wanted, and answers the request, always. */
void subject_run(struct subject_state *state, const struct subject_spec *spec);

/* For decide: answers the code. */
enum subject_verdict subject_refuse(struct subject_state *state, Ansinh__V1__Code code,
                                    const char *field, const char *format, ...) PRINTF_LIKE(4, 5);

/* A message in the arena, initialised; NULL: no memory. */
void *subject_message(struct arena *arena, const ProtobufCMessageDescriptor *type);

#endif
