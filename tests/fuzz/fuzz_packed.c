/* Bytes as they are stored: the first byte says what they are. What is read is written as the same
 * bytes, where there is one form only. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/record.h"
#include "common/archive/segment_format.h"
#include "common/domain/citizen.h"
#include "common/domain/redress.h"
#include "common/service/directory_rows.h"
#include "services/notifications/notifications_store.h"
#include "tests/fuzz/fuzz.h"

static void read_citizen(const uint8_t *data, size_t size)
{
    struct citizen citizen, again;
    uint8_t packed[CITIZEN_PACKED_MAX_BYTES];
    if (citizen_unpack(data, size, &citizen) < 0)
        return;
    size_t len = citizen_pack(&citizen, packed);
    ASSERT(len <= sizeof(packed) && citizen_unpack(packed, len, &again) == 0);
    uint8_t repacked[CITIZEN_PACKED_MAX_BYTES];
    ASSERT(citizen_pack(&again, repacked) == len && memcmp(packed, repacked, len) == 0);
}

static void read_redress(const uint8_t *data, size_t size)
{
    struct redress redress;
    uint8_t packed[REDRESS_MAX_BYTES];
    if (redress_unpack(data, size, &redress) == 0)
        ASSERT(redress_pack(&redress, packed) == size && memcmp(packed, data, size) == 0);
}

static void read_totals(const uint8_t *data, size_t size)
{
    struct totals totals;
    if (totals_unpack(data, size, &totals) == 0)
        ASSERT(size == 0 || totals.is_frozen <= 1);
}

static void read_answer(const uint8_t *data, size_t size)
{
    struct journal_position position;
    if (answer_unpack(data, size, &position) == 0)
        (void)answer_fingerprint(data);
}

static void read_task(const uint8_t *data, size_t size)
{
    struct task task;
    uint8_t packed[TASK_PACKED_MAX_BYTES];
    if (task_unpack(data, size, &task) == 0)
        ASSERT(task_pack(&task, packed) == size && memcmp(packed, data, size) == 0);
}

static void read_delivery(const uint8_t *data, size_t size)
{
    struct delivery delivery;
    uint8_t packed[DELIVERY_PACKED_BYTES];
    if (size < DELIVERY_PACKED_BYTES || delivery_unpack(data, &delivery) < 0)
        return;
    delivery_pack(&delivery, packed);
    ASSERT(memcmp(packed, data, sizeof(packed)) == 0);
}

static void read_directory_row(const uint8_t *data, size_t size)
{
    char kind = DIRECTORY_KINDS[fuzz_byte(&data, &size) % strlen(DIRECTORY_KINDS)];
    struct directory_rows *rows = directory_rows_create();
    int rc = directory_rows_load(rows, kind, data, size);
    ASSERT(rc == 0 || rc == -EPROTO || rc == -ENOMEM);
    directory_rows_link(rows, 20000);
    for (size_t i = 0; i < directory_rows_unit_count(rows); i++)
        ASSERT(directory_rows_unit_at(rows, i) != NULL);
    directory_rows_destroy(&rows);
}

static void read_directory_event(const uint8_t *data, size_t size)
{
    Ansinh__V1__Event *event = ansinh__v1__event__unpack(NULL, size, data);
    if (event == NULL)
        return;
    struct directory_rows *rows = directory_rows_create();
    directory_rows_apply(rows, event);
    directory_rows_link(rows, 20000);
    directory_rows_destroy(&rows);
    ansinh__v1__event__free_unpacked(event, NULL);
}

static void read_records(const uint8_t *data, size_t size)
{
    struct record record;
    uint8_t header[RECORD_HEADER_BYTES];
    for (size_t at = 0, before = 0; record_read(data, size, &at, &record) == 0; before = at) {
        ASSERT(at > before && at <= size && record.len <= RECORD_DATA_MAX_BYTES);
        record_write_header(&record, header);
        ASSERT(memcmp(header, data + before, sizeof(header)) == 0);
    }
}

static void read_segment_meta(const uint8_t *data, size_t size)
{
    struct segment_info *info = calloc(1, sizeof(*info));
    ASSERT(info != NULL);
    int rc = segment_meta_read(data, size, info);
    ASSERT(rc == 0 || rc == -EPROTO);
    if (rc == 0) {
        struct buf again;
        buf_init(&again, SEGMENT_META_MAX_BYTES);
        segment_meta_write(info, &again);
        ASSERT(again.len == size && memcmp(again.data, data, size) == 0);
        buf_fini(&again);
    }
    segment_info_destroy(&info);
}

static void read_segment_trailer(const uint8_t *data, size_t size)
{
    struct segment_trailer trailer;
    uint8_t again[SEGMENT_TRAILER_BYTES];
    if (size < SEGMENT_TRAILER_BYTES || segment_trailer_read(data, &trailer) < 0)
        return;
    (void)segment_trailer_is_signed(&trailer);
    segment_trailer_write(&trailer, again);
    ASSERT(memcmp(again, data, sizeof(again)) == 0);
}

typedef void (*read_fn)(const uint8_t *data, size_t size);

static const read_fn readers[] = {
    read_citizen,      read_totals,          read_answer,          read_task,
    read_delivery,     read_directory_row,   read_directory_event, read_records,
    read_segment_meta, read_segment_trailer, read_redress,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    readers[fuzz_byte(&data, &size) % ARRAY_LEN(readers)](data, size);
    return 0;
}
