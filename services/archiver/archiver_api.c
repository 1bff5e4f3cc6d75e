/* ReadEntry: the event of a position that the journal no longer holds. */
#include <errno.h>

#include "ansinh/v1/archive.pb-c.h"
#include "common/base/log.h"
#include "common/service/command.h"
#include "services/archiver/archiver.h"

#define RETRY_AFTER_MS 1000

static void answer(struct bus_request *request, const struct buf *event)
{
    Ansinh__V1__ReadEntryResponse out;
    ansinh__v1__read_entry_response__init(&out);
    out.event = (ProtobufCBinaryData){event->len, event->data};
    bus_reply(request, &out.base);
}

void on_read_entry(void *arg, struct bus_request *request)
{
    struct archiver *self = arg;
    const Ansinh__V1__ReadEntryRequest *in = (const Ansinh__V1__ReadEntryRequest *)request->input;
    unsigned partition;
    struct journal_position position;
    struct err err = {0};
    CLEANUP(buf_fini) struct buf event;
    buf_init(&event, RECORD_DATA_MAX_BYTES);
    if (position_parse(in->event_id, &partition, &position) < 0) {
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, "event_id",
                 "want a journal position like p0513-1-42");
        return;
    }
    int rc = archiver_open_archive(self, &err);
    if (rc == 0)
        rc = archive_read_entry(self->archive, partition, position, &event, &err);
    if (rc == 0) {
        answer(request, &event);
    } else if (rc == -ENOENT && archive_newest(self->archive) > 0) {
        bus_fail(request, ANSINH__V1__CODE__CODE_NOT_FOUND, "event_id",
                 "the archive does not have this entry");
    } else {
        log_error("the archive cannot be read", "reason=\"%s\"", err.text);
        bus_fail_retry(request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                       "the archive cannot be read");
    }
}
