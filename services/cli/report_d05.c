/* D05-TS: the list of those who pay voluntary social insurance, as the form has its columns. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ansinh/v1/contacts.pb-c.h"
#include "common/base/arena.h"
#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "services/cli/cli.h"
#include "services/cli/report.h"
#include "services/cli/sheet.h"

#define PEOPLE_MAX 200 /* a call */
#define PEOPLE_ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define ANSWER_MAX_BYTES ((size_t)2 * 1024 * 1024)
#define TIMEOUT_MS 30000
#define NOTE_BYTES 80

static const struct sheet_column columns[] = {
    {"STT", SHEET_TEXT, 6},
    {"Họ và tên", SHEET_TEXT, 26},
    {"Mã số BHXH", SHEET_TEXT, 13},
    {"Số CCCD", SHEET_TEXT, 15},
    {"Địa chỉ", SHEET_TEXT, 34},
    {"Ngày biên lai", SHEET_TEXT, 12},
    {"Số biên lai", SHEET_TEXT, 12},
    {"Mức thu nhập tháng đóng", SHEET_VND, 14},
    {"Số tháng", SHEET_COUNT, 8},
    {"Từ tháng/năm", SHEET_TEXT, 11},
    {"Số tiền phải đóng", SHEET_VND, 14},
    {"Người tham gia đóng", SHEET_VND, 14},
    {"NSNN hỗ trợ: tỷ lệ", SHEET_PERCENT, 9},
    {"NSNN hỗ trợ: số tiền", SHEET_VND, 13},
    {"NSĐP hỗ trợ: tỷ lệ", SHEET_PERCENT, 9},
    {"NSĐP hỗ trợ: số tiền", SHEET_VND, 13},
    {"Hỗ trợ khác: tỷ lệ", SHEET_PERCENT, 9},
    {"Hỗ trợ khác: số tiền", SHEET_VND, 13},
    {"Mã nhân viên thu", SHEET_TEXT, 18},
    {"Ghi chú", SHEET_TEXT, 18},
};
static const char *const marks[ARRAY_LEN(columns)] = {"A",  "B",  "C",  "1",  "2",  "3",  "4",
                                                      "5",  "6",  "7",  "8",  "9",  "10", "11",
                                                      "12", "13", "14", "15", "16", "17"};

static const struct {
    enum report_kind kind;
    const char *above, *title; /* above: the part of the form that begins here; NULL: none */
} sections[] = {
    {REPORT_NEW, "I. TĂNG", "I.1. Tham gia mới"},
    {REPORT_RENEWED, NULL, "I.2. Đóng tiếp"},
    {REPORT_TAKEN_BACK, "II. GIẢM", "II.1. Hủy thu"},
    {REPORT_REFUNDED, NULL, "II.2. Hoàn trả (602A)"},
};

struct sums {
    int64_t n, months, gross_vnd, participant_vnd, central_vnd, local_vnd, donor_vnd;
};

struct d05 {
    struct service *svc;
    const struct report_payments *payments;
    struct sheet *sheet;
    struct arena *arena; /* of one batch of people */
    struct buf body;
    int64_t n; /* lines so far */
    struct err *err;
};

/* --- people ----------------------------------------------------------------------------------- */

static const Ansinh__V1__ResolvePeopleResponse *
ask_people(struct d05 *self, const struct report_payment *const *rows, size_t n)
{
    ProtobufCBinaryData citizens[PEOPLE_MAX];
    Ansinh__V1__ResolvePeopleRequest request;
    ansinh__v1__resolve_people_request__init(&request);
    for (size_t i = 0; i < n; i++) /* protobuf-c wants it writable; it is not written */
        citizens[i] = (ProtobufCBinaryData){ID_BYTES, (uint8_t *)(uintptr_t)rows[i]->citizen};
    request.citizens = citizens;
    request.n_citizens = n;
    arena_reset(self->arena);
    size_t len = protobuf_c_message_get_packed_size(&request.base);
    uint8_t *packed = arena_alloc(self->arena, len);
    struct bus_call call = {.service = "enrolment",
                            .method = "ansinh.v1.Contacts/ResolvePeople",
                            .timeout_ms = TIMEOUT_MS};
    if (packed == NULL)
        return NULL;
    (void)protobuf_c_message_pack(&request.base, packed);
    buf_reset(&self->body);
    if (cli_ask(self->svc, &call, packed, len, &self->body, self->err) != 0)
        return NULL;
    ProtobufCAllocator allocator;
    bus_arena_allocator(self->arena, &allocator);
    const Ansinh__V1__ResolvePeopleResponse *people =
        ansinh__v1__resolve_people_response__unpack(&allocator, self->body.len, self->body.data);
    if (people == NULL || people->n_people != n) {
        (void)err_set(self->err, -EIO, "the answer cannot be read");
        return NULL;
    }
    return people;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* A support as a share of the contribution at the poverty line, in basis points (Decree 159/2025,
 * article 5): 0 where no month carries it. */
static int64_t share_of(const struct policy *policy, const struct report_payment *row, int64_t vnd)
{
    const struct policy_row *line = policy_on(policy, POLICY_POVERTY_LINE, 0, row->paid_day);
    const struct policy_row *rate = policy_on(policy, POLICY_CONTRIBUTION_RATE, 0, row->paid_day);
    if (vnd == 0 || line == NULL || rate == NULL || row->months_supported == 0)
        return 0;
    int64_t base_vnd = line->value * rate->value / FULL_BASIS_POINTS * row->months_supported;
    return divide_half_up(vnd * FULL_BASIS_POINTS, base_vnd);
}

static struct sheet_cell text(const char *value)
{
    return (struct sheet_cell){.text = value};
}

static struct sheet_cell number(int64_t value)
{
    return (struct sheet_cell){.number = value};
}

static struct sheet_cell known(int64_t value)
{
    return (struct sheet_cell){.number = value, .is_empty = value == 0};
}

static void write_note(const struct report_payment *row, char ret[NOTE_BYTES])
{
    char day[DATE_TEXT_BYTES];
    date_format(row->day, day);
    const char *missing = row->from_month == 0 ? "Đóng cho những năm còn thiếu" : "";
    if (row->kind == REPORT_REFUNDED)
        (void)snprintf(ret, NOTE_BYTES, "%s%sHoàn trả %s", missing, missing[0] == '\0' ? "" : "; ",
                       day);
    else
        (void)snprintf(ret, NOTE_BYTES, "%s", missing);
}

static void put_line(struct d05 *self, const struct report_payment *row,
                     const Ansinh__V1__Person *person)
{
    const struct policy *policy = self->svc->policy;
    char no[24], day[DATE_TEXT_BYTES], note[NOTE_BYTES], month[MONTH_TEXT_BYTES] = "",
                                                         receipt[24] = "";
    int64_t gross_vnd = row->participant_vnd + row->central_vnd + row->local_vnd + row->donor_vnd;
    (void)snprintf(no, sizeof(no), "%lld", (long long)++self->n);
    date_format(row->paid_day, day);
    write_note(row, note);
    if (row->from_month != 0)
        month_format((int32_t)row->from_month, month);
    if (row->receipt_number != 0)
        (void)snprintf(receipt, sizeof(receipt), "%llu", (unsigned long long)row->receipt_number);
    const struct sheet_cell cells[ARRAY_LEN(columns)] = {
        text(no),
        text(person->full_name),
        text(person->si_code),
        text(person->personal_id),
        text(person->address),
        text(day),
        text(receipt),
        known(row->income_vnd),
        number(row->months),
        text(month),
        number(gross_vnd),
        number(row->participant_vnd),
        known(share_of(policy, row, row->central_vnd)),
        number(row->central_vnd),
        known(share_of(policy, row, row->local_vnd)),
        number(row->local_vnd),
        known(share_of(policy, row, row->donor_vnd)),
        number(row->donor_vnd),
        text(row->collector),
        text(note),
    };
    sheet_row(self->sheet, SHEET_BODY, cells);
}

static void put_sums(struct d05 *self, const char *title, const struct sums *sums)
{
    struct sheet_cell cells[ARRAY_LEN(columns)];
    char n[32];
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        cells[i] = (struct sheet_cell){.is_empty = 1};
    (void)snprintf(n, sizeof(n), "%lld", (long long)sums->n);
    cells[1] = text(title);
    cells[2] = text(n);
    cells[8] = number(sums->months);
    cells[10] = number(sums->gross_vnd);
    cells[11] = number(sums->participant_vnd);
    cells[13] = number(sums->central_vnd);
    cells[15] = number(sums->local_vnd);
    cells[17] = number(sums->donor_vnd);
    sheet_row(self->sheet, SHEET_TOTAL, cells);
}

static void put_section(struct d05 *self, const char *title)
{
    struct sheet_cell cells[ARRAY_LEN(columns)];
    for (size_t i = 0; i < ARRAY_LEN(columns); i++)
        cells[i] = (struct sheet_cell){.is_empty = 1};
    cells[1] = text(title);
    sheet_row(self->sheet, SHEET_SECTION, cells);
}

static void add(struct sums *sums, const struct report_payment *row)
{
    sums->n++;
    sums->months += row->months;
    sums->gross_vnd += row->participant_vnd + row->central_vnd + row->local_vnd + row->donor_vnd;
    sums->participant_vnd += row->participant_vnd;
    sums->central_vnd += row->central_vnd;
    sums->local_vnd += row->local_vnd;
    sums->donor_vnd += row->donor_vnd;
}

/* The sums of the form: increases less decreases. */
static void total(struct sums *all, const struct sums *section, int sign)
{
    all->n += section->n;
    all->months += sign * section->months;
    all->gross_vnd += sign * section->gross_vnd;
    all->participant_vnd += sign * section->participant_vnd;
    all->central_vnd += sign * section->central_vnd;
    all->local_vnd += sign * section->local_vnd;
    all->donor_vnd += sign * section->donor_vnd;
}

/* --- the form --------------------------------------------------------------------------------- */

static int put_batch(struct d05 *self, const struct report_payment *const *rows, size_t n)
{
    const Ansinh__V1__ResolvePeopleResponse *people = n == 0 ? NULL : ask_people(self, rows, n);
    if (people == NULL)
        return n == 0 ? 0 : -EIO;
    for (size_t i = 0; i < n; i++)
        put_line(self, rows[i], people->people[i]);
    return 0;
}

static int put_kind(struct d05 *self, enum report_kind kind, struct sums *sums)
{
    const struct report_payment *batch[PEOPLE_MAX];
    size_t n = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < self->payments->n; i++) {
        const struct report_payment *row = &self->payments->rows[i];
        if (row->kind != kind)
            continue;
        add(sums, row);
        batch[n++] = row;
        if (n == PEOPLE_MAX) {
            rc = put_batch(self, batch, n);
            n = 0;
        }
    }
    return rc < 0 ? rc : put_batch(self, batch, n);
}

static int put_form(struct d05 *self, const struct report_query *query)
{
    char title[256], from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];
    struct sums all = {0};
    int rc = 0;
    date_format(query->from_day, from);
    date_format(query->to_day, to);
    sheet_title(self->sheet, "DANH SÁCH NGƯỜI THAM GIA BHXH TỰ NGUYỆN (Mẫu D05-TS)");
    (void)snprintf(title, sizeof(title), "Tổ chức dịch vụ thu: %s. Từ ngày %s đến ngày %s",
                   query->organisation, from, to);
    sheet_title(self->sheet, title);
    sheet_header(self->sheet, marks);
    for (size_t i = 0; rc == 0 && i < ARRAY_LEN(sections); i++) {
        struct sums sums = {0};
        if (sections[i].above != NULL)
            put_section(self, sections[i].above);
        put_section(self, sections[i].title);
        rc = put_kind(self, sections[i].kind, &sums);
        put_sums(self, "Cộng", &sums);
        total(&all, &sums, sections[i].kind >= REPORT_TAKEN_BACK ? -1 : 1);
    }
    put_sums(self, "TỔNG CỘNG (tăng trừ giảm)", &all);
    sheet_title(self->sheet, "Nhân viên thu, Thủ trưởng tổ chức dịch vụ thu (ký, ghi rõ họ tên)");
    return rc;
}

int report_d05(struct service *svc, const struct report_query *query,
               const struct report_payments *payments, struct err *err)
{
    struct d05 self = {.svc = svc, .payments = payments, .err = err};
    int rc = sheet_create(query->out, columns, ARRAY_LEN(columns), &self.sheet, err);
    if (rc < 0)
        return rc;
    self.arena = arena_create(PEOPLE_ARENA_BYTES);
    buf_init(&self.body, ANSWER_MAX_BYTES);
    rc = put_form(&self, query);
    buf_fini(&self.body);
    arena_destroy(&self.arena);
    return sheet_close(&self.sheet, rc, err);
}
