/* ReadEntry: the event of a position that the journal no longer holds. */
#include <errno.h>
#include <inttypes.h>

#include "ansinh/v1/archive.pb-c.h"
#include "common/base/log.h"
#include "common/service/command.h"
#include "services/archiver/archiver.h"

#define RETRY_AFTER_MS 1000

static void fail_unreadable(struct bus_request *request, const struct err *err)
{
    log_error("the archive cannot be read", "reason=\"%s\"", err->text);
    bus_fail_retry(request, ANSINH__V1__CODE__CODE_UNAVAILABLE, RETRY_AFTER_MS,
                   "the archive cannot be read");
}

/* --- ReadEntry -------------------------------------------------------------------------------- */

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
        fail_unreadable(request, &err);
    }
}

/* --- ReadBlock -------------------------------------------------------------------------------- */

/* The segment that was asked for last stays open: the next question is for its next block. */
static int open_segment(struct archiver *self, uint64_t number, struct err *err)
{
    if (self->read != NULL && segment_info(self->read)->number == number)
        return 0;
    segment_close(&self->read);
    return archive_segment(self->archive, number, &self->read, err);
}

/* 0; -EINVAL with the field; or why the archive cannot be read. */
static int read_block(struct archiver *self, const Ansinh__V1__ReadBlockRequest *in,
                      Ansinh__V1__ReadBlockResponse *out, struct err *err)
{
    const uint8_t *bytes;
    size_t len;
    int rc = archiver_open_archive(self, err);
    if (rc < 0)
        return rc;
    out->newest_segment = archive_newest(self->archive);
    if (in->segment == 0 || in->segment > out->newest_segment + 1)
        return err_field(err, -EINVAL, "segment", "want 1 to %" PRIu64, out->newest_segment + 1);
    if (in->segment <= out->newest_segment) {
        rc = open_segment(self, in->segment, err);
        if (rc < 0)
            return rc;
        out->n_blocks = segment_info(self->read)->n_blocks;
    }
    if (in->block > 0 && in->block >= out->n_blocks)
        return err_field(err, -EINVAL, "block", "the segment has %" PRIu32 " blocks",
                         out->n_blocks);
    if (out->n_blocks == 0)
        return 0;
    rc = segment_read_block(self->read, in->block, &bytes, &len, err);
    if (rc == 0) /* packed into the answer before the next block is read */
        out->records = (ProtobufCBinaryData){len, (uint8_t *)(uintptr_t)bytes};
    return rc;
}

void on_read_block(void *arg, struct bus_request *request)
{
    struct err err = {0};
    const Ansinh__V1__ReadBlockRequest *in = (const Ansinh__V1__ReadBlockRequest *)request->input;
    Ansinh__V1__ReadBlockResponse out;
    ansinh__v1__read_block_response__init(&out);
    int rc = read_block(arg, in, &out, &err);
    if (rc == 0)
        bus_reply(request, &out.base);
    else if (rc == -EINVAL)
        bus_fail(request, ANSINH__V1__CODE__CODE_INVALID_ARGUMENT, err.field, "%s", err.text);
    else
        fail_unreadable(request, &err);
}
