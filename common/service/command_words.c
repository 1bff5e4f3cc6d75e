/* Words that commands and their methods share. */
#include <string.h>

#include "common/service/command.h"

#define RETRY_AFTER_MS 200 /* told to callers when the ledger is away */

void ledger_away(struct bus_request *request)
{
    if (request->may_be_done)
        bus_fail(request, ANSINH__V1__CODE__CODE_UNKNOWN, "",
                 "the ledger cannot be reached, and this may be done; send it again");
    else
        bus_fail_retry(request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                       "the ledger cannot be reached; nothing was done");
}

void command_fail_lost(struct bus_request *request, unsigned partition,
                       struct journal_position position)
{
    char id[POSITION_TEXT_BYTES];
    position_format(partition, position, id);
    bus_fail(request, ANSINH__V1__CODE__CODE_ALREADY_EXISTS, "Idempotency-Key",
             "this was done, as entry %s, but its answer was lost when the ledger was restored",
             id);
}

void event_set_request(Ansinh__V1__Event *event, const struct request_id *id, uint64_t fingerprint,
                       const void *answer, size_t answer_len, uint8_t storage[EVENT_REQUEST_BYTES])
{
    memcpy(storage, id->bytes, ID_BYTES);
    for (int i = 0; i < 8; i++)
        storage[ID_BYTES + i] = (uint8_t)(fingerprint >> (8 * i));
    event->request = (ProtobufCBinaryData){EVENT_REQUEST_BYTES, storage};
    event->answer = answer_checksum(answer, answer_len);
}
