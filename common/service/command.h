/* A command on one citizen: read (or remember), decide, commit, publish, answer; again on conflict;
 * settled after an unknown outcome.
 *
 * The service gives a pure-ish decide function; everything that can go wrong between processes is
 * here, once. */
#ifndef ANSINH_SERVICE_COMMAND_H
#define ANSINH_SERVICE_COMMAND_H

#include "ansinh/v1/events.pb-c.h"
#include "common/domain/citizen.h"
#include "common/service/service.h"
#include "common/store/commit.h"

struct command;

enum command_verdict {
    COMMAND_COMMIT,   /* commit next state, event and answer */
    COMMAND_ANSWERED, /* decide has called bus_reply or bus_fail itself; nothing to commit */
    COMMAND_READ,     /* decide wants more read first: it may not answer yet, or knows no state */
};

/* A further record of the citizen's partition, read with the citizen's and written in the same
 * commit. */
#define COMMAND_RECORDS_MAX 2
#define COMMAND_FIELD_MAX_BYTES 16
struct command_record {
    char key[KEY_MAX_BYTES]; /* of the hash; key and field are set by name_records */
    size_t key_len;
    uint8_t field[COMMAND_FIELD_MAX_BYTES];
    size_t field_len;
    const uint8_t *before; /* in the arena; NULL: there is none */
    size_t before_len;
    uint8_t *next; /* set by decide, in the arena; its version, the first 4 bytes, is set by
                      command.c. NULL: it stays as it is */
    size_t next_len;
    size_t stamp_at; /* of the last record that is written: as in struct commit */
};

/* What decide sees and fills. Lives in the request's arena. */
struct command_state {
    struct service *svc;
    struct bus_request *request;
    uint8_t citizen[ID_BYTES];
    unsigned partition;
    struct request_id
        id; /* under which is committed: the request's, or as name_records sets them */
    uint64_t fingerprint;
    int64_t now_ms; /* wall */
    int32_t today;  /* business day */
    int is_read;    /* has_citizen and before are known, perhaps outdated while may_answer is 0 */
    int may_answer; /* the request id is new to the ledger; while that is not known, decide must not
                       answer: it returns COMMAND_READ instead */
    int has_citizen;
    struct citizen before;
    struct citizen next; /* filled by decide; version is set by command.c */
    Ansinh__V1__Event
        *event; /* filled by decide, in the arena; at_ms and citizen are set by command.c */
    ProtobufCMessage *answer; /* filled by decide, in the arena */
    int64_t totals[TOTALS];   /* filled by decide */
    struct command_record records[COMMAND_RECORDS_MAX];
    size_t n_records;
    const uint8_t *identity; /* sealed; NULL: none */
    size_t identity_len;
    void *arg; /* the caller's */
};

struct command_spec {
    const char *name;  /* for logs */
    int is_optimistic; /* decide first without reading, as for a citizen who is not there yet */
    /* Names the further records, once, before anything is read. May be NULL: there are none. With
     * some, nothing is decided on what is remembered of the citizen. */
    void (*name_records)(struct command_state *state);
    int are_records_new; /* no further record is there yet, as far as is known: what is remembered
                            of the citizen is enough to decide on */
    enum command_verdict (*decide)(struct command_state *state);
    /* Before the answer goes out, with the journal position of the commit: sets what depends on it
     * (a payment's id). The answer is the one decide made, or the stored one unpacked. May be NULL.
     */
    void (*complete)(struct command_state *state, ProtobufCMessage *answer,
                     struct journal_position position);
    /* Instead of an answer that decide makes and the ledger keeps: answers from the entry at the
     * position, which is event, or has to be read when that is NULL. May be NULL. */
    void (*finish)(struct command_state *state, struct journal_position position,
                   const Ansinh__V1__Event *event);
    const char *settle_with; /* what a caller can do about an unknown outcome; NULL: ask again with
                                the request id */
};

/* Runs the command of a request on a citizen and answers the request, always. A request id that is
 * too old or ahead is refused, unless it is known: then by its stored answer, without deciding. */
void command_run(struct service *svc, struct bus_request *request, const struct command_spec *spec,
                 const uint8_t citizen[ID_BYTES], void *arg);

/* The next command on the citizen may decide on this state, which was read a moment ago. */
void command_remember(struct service *svc, const uint8_t citizen[ID_BYTES],
                      const struct citizen *state);

/* For decide: answers with the code, or asks for the reading after which it may. Returns the
 * verdict. A field that the request does not have is left out. */
enum command_verdict command_refuse(struct command_state *state, Ansinh__V1__Code code,
                                    const char *field, const char *format, ...) PRINTF_LIKE(4, 5);

/* Answers ALREADY_EXISTS: the request was done, but its answer was lost in a restore of the ledger.
 */
void command_fail_lost(struct bus_request *request, unsigned partition,
                       struct journal_position position);

/* Answers UNAVAILABLE: the ledger cannot be reached, and nothing was done; UNKNOWN when the request
 * may_be_done. */
void ledger_away(struct bus_request *request);

/* Reads a citizen's state (NULL when there is none), for methods without side effects. rc as
 * store_reply_fn, or -EPROTO, or -EMSGSIZE (at once) when the arena is full: it takes a little of
 * its memory, and the arena must live until fn ran. */
typedef void (*citizen_read_fn)(void *arg, int rc, const struct citizen *citizen);
void citizen_read(struct service *svc, struct arena *arena, const uint8_t citizen[ID_BYTES],
                  citizen_read_fn fn, void *arg);

/* Notes in an event the request id and fingerprint that it is committed under, and what answer is
 * stored with it (NULL when answer_len is 0); storage must live as long as the event. */
#define EVENT_REQUEST_BYTES (ID_BYTES + 8)
void event_set_request(Ansinh__V1__Event *event, const struct request_id *id, uint64_t fingerprint,
                       const void *answer, size_t answer_len, uint8_t storage[EVENT_REQUEST_BYTES]);

/* "p0513-1-42" */
#define POSITION_TEXT_BYTES 40
void position_format(unsigned partition, struct journal_position position,
                     char ret[POSITION_TEXT_BYTES]);
int position_parse(const char *text, unsigned *ret_partition,
                   struct journal_position *ret) MUST_CHECK;

#endif
