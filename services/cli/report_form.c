#include "services/cli/report_form.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/arena.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"
#include "services/cli/cli.h"

#define PEOPLE_MAX 200 /* a call */
#define PEOPLE_ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define ANSWER_MAX_BYTES ((size_t)2 * 1024 * 1024)
#define TIMEOUT_MS 30000
#define NAME_COLUMN 1
#define NUMBER_COLUMN 2

struct form {
    struct service *svc;
    const struct form_spec *spec;
    const struct report_payments *payments;
    struct sheet *sheet;
    struct arena *arena; /* of one batch of people */
    struct buf body;
    int64_t n; /* lines so far */
    struct err *err;
};

/* above: the part of the form that begins here; NULL: none */
static const char *const above[] = {[REPORT_NEW] = "I. TĂNG",
                                    [REPORT_RENEWED] = NULL,
                                    [REPORT_TAKEN_BACK] = "II. GIẢM",
                                    [REPORT_REFUNDED] = NULL};

/* --- cells ------------------------------------------------------------------------------------ */

static char *text_next(struct form_texts *self)
{
    ASSERT(self->n < FORM_TEXTS_MAX);
    char *text = self->texts[self->n++];
    text[0] = '\0';
    return text;
}

const char *form_day(struct form_texts *self, int32_t day)
{
    char *text = text_next(self);
    if (day != 0)
        date_format(day, text);
    return text;
}

const char *form_refunded(struct form_texts *self, const struct report_payment *row)
{
    char *text = text_next(self), day[DATE_TEXT_BYTES];
    if (row->kind != REPORT_REFUNDED)
        return "";
    date_format(row->day, day);
    (void)snprintf(text, FORM_TEXT_BYTES, "Hoàn trả %s", day);
    return text;
}

const char *form_month(struct form_texts *self, uint32_t month)
{
    char *text = text_next(self);
    if (month != 0)
        month_format((int32_t)month, text);
    return text;
}

const char *form_number(struct form_texts *self, uint64_t number)
{
    char *text = text_next(self);
    if (number != 0)
        (void)snprintf(text, FORM_TEXT_BYTES, "%llu", (unsigned long long)number);
    return text;
}

struct sheet_cell form_cell_text(const char *value)
{
    return (struct sheet_cell){.text = value};
}

struct sheet_cell form_cell(int64_t value)
{
    return (struct sheet_cell){.number = value};
}

struct sheet_cell form_cell_unless_zero(int64_t value)
{
    return (struct sheet_cell){.number = value, .is_empty = value == 0};
}

/* --- people ----------------------------------------------------------------------------------- */

static const Ansinh__V1__ResolvePeopleResponse *
ask_people(struct form *self, const struct report_payment *const *rows, size_t n)
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

static void empty(struct sheet_cell cells[FORM_COLUMNS_MAX])
{
    for (size_t i = 0; i < FORM_COLUMNS_MAX; i++)
        cells[i] = (struct sheet_cell){.is_empty = 1};
}

static void put_line(struct form *self, const struct report_payment *row,
                     const Ansinh__V1__Person *person)
{
    struct sheet_cell cells[FORM_COLUMNS_MAX];
    struct form_line line = {.policy = self->svc->policy,
                             .payment = row,
                             .person = person,
                             .number = ++self->n,
                             .gross_vnd = row->participant_vnd + row->central_vnd + row->local_vnd +
                                          row->donor_vnd};
    empty(cells);
    self->spec->put_line(&line, cells);
    sheet_row(self->sheet, SHEET_BODY, cells);
}

static void put_sums(struct form *self, const char *title, const struct form_sums *sums)
{
    struct sheet_cell cells[FORM_COLUMNS_MAX];
    char n[FORM_TEXT_BYTES];
    empty(cells);
    (void)snprintf(n, sizeof(n), "%lld", (long long)sums->n);
    cells[NAME_COLUMN] = form_cell_text(title);
    cells[NUMBER_COLUMN] = form_cell_text(n);
    self->spec->put_sums(sums, cells);
    sheet_row(self->sheet, SHEET_TOTAL, cells);
}

static void put_section(struct form *self, const char *title)
{
    struct sheet_cell cells[FORM_COLUMNS_MAX];
    empty(cells);
    cells[NAME_COLUMN] = form_cell_text(title);
    sheet_row(self->sheet, SHEET_SECTION, cells);
}

static void add(struct form_sums *sums, const struct report_payment *row)
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
static void total(struct form_sums *all, const struct form_sums *section, int sign)
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

static int put_batch(struct form *self, const struct report_payment *const *rows, size_t n)
{
    const Ansinh__V1__ResolvePeopleResponse *people = n == 0 ? NULL : ask_people(self, rows, n);
    if (people == NULL)
        return n == 0 ? 0 : -EIO;
    for (size_t i = 0; i < n; i++)
        put_line(self, rows[i], people->people[i]);
    return 0;
}

static int put_kind(struct form *self, enum report_kind kind, struct form_sums *sums)
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

static int put_form(struct form *self, const struct report_query *query)
{
    char title[256], from[DATE_TEXT_BYTES], to[DATE_TEXT_BYTES];
    struct form_sums all = {0};
    int rc = 0;
    date_format(query->from_day, from);
    date_format(query->to_day, to);
    sheet_title(self->sheet, self->spec->title);
    (void)snprintf(title, sizeof(title), "Tổ chức dịch vụ thu: %s. Từ ngày %s đến ngày %s",
                   query->organisation, from, to);
    sheet_title(self->sheet, title);
    sheet_header(self->sheet, self->spec->marks);
    for (enum report_kind kind = REPORT_NEW; rc == 0 && kind <= REPORT_REFUNDED; kind++) {
        struct form_sums sums = {0};
        if (above[kind] != NULL)
            put_section(self, above[kind]);
        put_section(self, self->spec->section_titles[kind]);
        rc = put_kind(self, kind, &sums);
        put_sums(self, "Cộng", &sums);
        total(&all, &sums, kind >= REPORT_TAKEN_BACK ? -1 : 1);
    }
    put_sums(self, "TỔNG CỘNG (tăng trừ giảm)", &all);
    sheet_title(self->sheet, "Nhân viên thu, Thủ trưởng tổ chức dịch vụ thu (ký, ghi rõ họ tên)");
    return rc;
}

int form_write(struct service *svc, const struct form_spec *spec, const struct report_query *query,
               const struct report_payments *payments, struct err *err)
{
    struct form self = {.svc = svc, .spec = spec, .payments = payments, .err = err};
    ASSERT(spec->n_columns <= FORM_COLUMNS_MAX);
    int rc = sheet_create(query->out, spec->columns, spec->n_columns, &self.sheet, err);
    if (rc < 0)
        return rc;
    self.arena = arena_create(PEOPLE_ARENA_BYTES);
    buf_init(&self.body, ANSWER_MAX_BYTES);
    rc = put_form(&self, query);
    buf_fini(&self.body);
    arena_destroy(&self.arena);
    return sheet_close(&self.sheet, rc, err);
}
