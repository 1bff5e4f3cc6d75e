#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/domain/calendar.h"
#include "common/settle/instant.h"
#include "common/settle/pain001.h"

static struct remittance remittance(void)
{
    return (struct remittance){
        .partner = "VNPOST",
        .business_day = date_make(2026, 11, 22),
        .amount_vnd = 594000,
        .created_ms = 1795348800000,
        .execution_day = date_make(2026, 11, 23),
        .from = {"Tổng công ty Bưu điện & con", "9876543210", "BFTVVNVX"},
        .to = {"Bảo hiểm xã hội Việt Nam", "0123456789", "ICBVVNVX"},
    };
}

static void it_is_the_documented_example(void **state)
{
    (void)state;
    struct remittance in = remittance();
    struct buf out;
    char want[4096] = "";
    FILE *file = fopen("docs/examples/pain.001.001.09.xml", "re");
    assert_non_null(file);
    size_t len = fread(want, 1, sizeof(want), file);
    assert_int_equal(fclose(file), 0);
    buf_init(&out, sizeof(want));
    assert_int_equal(pain001_write(&in, &out, NULL), 0);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, want, len);
    buf_fini(&out);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    struct buf out;
    struct err err;
    buf_init(&out, 4096);
#define WRONG(change, name)                                                                        \
    do {                                                                                           \
        struct remittance in = remittance();                                                       \
        in.change;                                                                                 \
        assert_int_equal(pain001_write(&in, &out, &err), -EINVAL);                                 \
        assert_string_equal(err.field, name);                                                      \
    } while (0)
    WRONG(partner = "A code of more than 26 char", "partner");
    WRONG(partner = "ABCDEFGHIJKLMNOPQRSTUVWXYZ1", "partner");
    WRONG(amount_vnd = 0, "amount_vnd");
    WRONG(from.name = "", "from");
    WRONG(from.name = "a\nb", "from");
    WRONG(from.account = "12 34", "from");
    WRONG(from.account = "12345678901234567890123456789012345", "from");
    WRONG(to.bank = "ICBV", "to");
    WRONG(to.bank = "ICBV12VX", "to");
    assert_int_equal(out.len, 0);
    buf_fini(&out);
    struct remittance in = remittance();
    buf_init(&out, 300);
    assert_int_equal(pain001_write(&in, &out, &err), -EMSGSIZE);
    buf_fini(&out);
}

static void references_lead_back(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "VNPOST",
                                        "VNPOST-2026112",
                                        "-20261122",
                                        "VNPOST-20261131",
                                        "VNPOST 20261122",
                                        "A B-20261122",
                                        "ABCDEFGHIJKLMNOPQRSTUVWXYZ1-20261122"};
    char text[REMITTANCE_REFERENCE_BYTES], partner[27];
    int32_t day;
    assert_int_equal(remittance_reference("VN-POST", date_make(2026, 1, 2), text), 0);
    assert_string_equal(text, "VN-POST-20260102");
    assert_int_equal(remittance_reference_parse(text, partner, &day), 0);
    assert_string_equal(partner, "VN-POST");
    assert_int_equal(day, date_make(2026, 1, 2));
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(remittance_reference_parse(wrong[i], partner, &day), -EINVAL);
}

static void moments_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"1970-01-01T00:00:00Z", 0},
                {"1970-01-01T07:00:00+07:00", 0},
                {"1969-12-31T23:59:59.999Z", -1},
                {"2026-11-22T08:15:30.5-05:30", 1795355130500}};
    static const char *const wrong[] = {"2026-11-22",
                                        "2026-11-22T08:15:30",
                                        "2026-11-22T08:15:60Z",
                                        "2026-11-22 08:15:30Z",
                                        "2026-11-22T08:15:30.Z",
                                        "2026-11-22T08:15:30.1234Z",
                                        "2026-11-22T08:15:30+7",
                                        "2026-11-22T08:15:30+24:00",
                                        "2026-02-29T08:15:30Z",
                                        "2026-11-22T08:15:30Zx"};
    char text[INSTANT_TEXT_BYTES];
    int64_t ms;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_int_equal(instant_parse(good[i].text, &ms), 0);
        assert_int_equal(ms, good[i].ms);
        instant_format(ms, text);
        assert_int_equal(instant_parse(text, &ms), 0);
        assert_int_equal(ms, good[i].ms);
    }
    instant_format(-1, text);
    assert_string_equal(text, "1970-01-01T06:59:59.999+07:00");
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(instant_parse(wrong[i], &ms), -EINVAL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(it_is_the_documented_example),
    cmocka_unit_test(what_is_wrong_is_named),
    cmocka_unit_test(references_lead_back),
    cmocka_unit_test(moments_are_read_and_written),
};

TEST_MAIN(tests)
