/* A request of every method that is right, for tests that make it wrong. */
#ifndef ANSINH_TESTS_SUPPORT_GOOD_REQUESTS_H
#define ANSINH_TESTS_SUPPORT_GOOD_REQUESTS_H

#include "common/base/arena.h"
#include "common/service/api.h"

/* What is in the platform already. */
struct good_names {
    char participant[64]; /* with personal id 010085000001 and SI code 0123456789 */
    char bill[64], bill_version[16], due[24]; /* open, of that participant */
    char payment[64];                         /* of anybody */
};

struct good_request {
    const char *method, *json;
    /* Of commands: one whose last field is needed, so that no beginning of it is good. */
    const char *short_json;
    const char *idle; /* see good_request_ignores */
};

/* By index from 0; NULL at the end. */
const struct good_request *good_request_at(size_t i);

/* Whether any value of a field will do in this request: what one product asks for, another does
 * not, and every member of a household from the fifth on pays the same. */
int good_request_ignores(const struct good_request *self, const char *field);

/* What a bank has booked may be a debit, and what is moved in a plan may be less. */
int good_request_may_be_negative(const struct good_request *self, const char *field);

/* Told from another by the partner's own transaction id, and by no request id. */
int good_request_has_own_id(const struct good_request *self);

/* Methods and requests, ended by NULL, that make a draft and a locked plan, for which the requests
 * to Plans are good. */
extern const char *const good_request_plans[][2];

/* Makes VNPOST a partner, for whom the requests to Collections are good. */
extern const char good_request_partner[];

/* The message that the JSON stands for, in the arena; and packed, with its length. Both fail the
 * test when there is no such message. */
ProtobufCMessage *good_request_message(const struct api_method *method, const char *json,
                                       const struct good_names *names, struct arena *arena);
size_t good_request_pack(const struct api_method *method, const char *json,
                         const struct good_names *names, struct arena *arena, uint8_t *ret,
                         size_t size);

#endif
