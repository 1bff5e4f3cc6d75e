/* Records of a subject (a point, a holder of cash): read, changed and committed together. */
#ifndef ANSINH_SERVICE_RECORDS_H
#define ANSINH_SERVICE_RECORDS_H

#include "ansinh/v1/events.pb-c.h"
#include "common/base/arena.h"
#include "common/service/receipt.h"

/* A record: where it is, what was read, what is to be written. */
struct till_record {
    struct receipt_place place;
    const ProtobufCMessageDescriptor *type;
    uint32_t version;             /* 0: it is not there */
    const ProtobufCMessage *now;  /* in the arena; NULL: it is not there */
    const ProtobufCMessage *next; /* NULL: stays as it is */
    char key[KEY_MAX_BYTES];      /* while it is committed */
    uint8_t *packed;              /* the same */
    size_t packed_len;
    struct records_reading *reading; /* while it is read */
};

/* rc as store_reply_fn, or -EPROTO for a record that cannot be read. */
typedef void (*records_fn)(void *arg, int rc);

/* Reads records (n > 0), which stay where they are until fn ran, as the arena does. fn never runs
 * inside this call unless the arena is full (-ENOMEM). */
void records_read(struct store *ledger, unsigned partition, struct arena *arena,
                  struct till_record *records, size_t n, records_fn fn, void *arg);

struct records_commit {
    unsigned partition;
    struct request_id id;
    uint64_t fingerprint;
    int64_t now_ms;
    struct till_record *records; /* those with next are written */
    size_t n_records;
    Ansinh__V1__Event *event;       /* at_ms and request are set */
    const ProtobufCMessage *answer; /* NULL: empty */
    /* of the packed event, to be published */
    uint8_t *event_bytes;
    size_t event_len;
};

/* Commits; sent again it sends the same bytes. -ENOMEM, -EMSGSIZE: nothing was sent. */
int records_commit(struct store *ledger, struct arena *arena, struct records_commit *commit,
                   commit_fn fn, void *arg) MUST_CHECK;

#endif
