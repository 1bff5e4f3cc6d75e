/* Texts that people and other programs write: numbers, dates, ids, addresses, names of things. The
 * first byte says what the rest is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/archive/signing.h"
#include "common/base/id.h"
#include "common/domain/calendar.h"
#include "common/domain/identity.h"
#include "common/service/command.h"
#include "common/store/url.h"
#include "services/notifications/message.h"
#include "services/payments/payments_rules.h"
#include "tests/fuzz/fuzz.h"

static void read_number(const char *text)
{
    int64_t value;
    if (parse_int64(text, INT64_MIN, INT64_MAX, &value) == 0)
        ASSERT(strlen(text) <= 20 && text[0] != '+' && text[0] != ' ');
}

static void read_date(const char *text)
{
    int32_t day;
    char again[DATE_TEXT_BYTES];
    if (date_parse(text, &day) < 0)
        return;
    date_format(day, again);
    ASSERT(strcmp(again, text) == 0);
}

static void read_month(const char *text)
{
    int32_t month;
    char again[DATE_TEXT_BYTES];
    if (month_parse(text, &month) < 0)
        return;
    month_format(month, again);
    ASSERT(strcmp(again, text) == 0);
}

static void read_key(const char *text)
{
    struct request_id id;
    int64_t ms;
    int rc = request_id_parse(text, &id);
    ASSERT(rc == 0 || rc == -EINVAL);
    if (rc == 0)
        (void)request_id_time(&id, &ms);
}

static void read_base32(const char *text)
{
    uint8_t bytes[ID_BYTES], again_bytes[ID_BYTES];
    char again[BASE32_TEXT_BYTES];
    if (base32_parse(text, bytes) < 0)
        return;
    base32_format(bytes, again);
    ASSERT(base32_parse(again, again_bytes) == 0 && memcmp(bytes, again_bytes, ID_BYTES) == 0);
}

static void read_position(const char *text)
{
    unsigned partition;
    struct journal_position position;
    char again[POSITION_TEXT_BYTES];
    if (position_parse(text, &partition, &position) < 0)
        return;
    position_format(partition, position, again);
    ASSERT(strcmp(again, text) == 0);
}

static void read_bill_id(const char *text)
{
    uint8_t citizen[ID_BYTES];
    uint32_t number;
    struct err err = {{0}, {0}};
    if (bill_id_parse(text, citizen, &number, &err) < 0)
        fuzz_check_err(&err);
}

static void read_url(const char *text)
{
    struct url url;
    struct err err = {{0}, {0}};
    if (url_parse(text, &url, &err) < 0)
        fuzz_check_err(&err);
    else
        ASSERT(strlen(url.host) < URL_HOST_MAX_BYTES && url.port >= 0 && url.port <= 65535);
}

static void read_address(const char *text)
{
    if (message_is_address(text))
        ASSERT(strlen(text) <= ADDRESS_MAX_BYTES && strpbrk(text, "\r\n <>,;\"") == NULL);
}

static void read_keys_file(const char *text)
{
    struct trusted_keys keys;
    struct err err = {{0}, {0}};
    if (trusted_keys_read(fuzz_file(text, strlen(text)), &keys, &err) < 0)
        fuzz_check_err(&err);
    else
        ASSERT(keys.n >= 1 && keys.n <= TRUSTED_KEYS_MAX);
}

typedef void (*read_fn)(const char *text);

static const read_fn readers[] = {
    read_number,   read_date,    read_month, read_key,     read_base32,
    read_position, read_bill_id, read_url,   read_address, read_keys_file,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t which = fuzz_byte(&data, &size);
    char *text = fuzz_text(data, size);
    readers[which % ARRAY_LEN(readers)](text);
    free(text);
    return 0;
}
