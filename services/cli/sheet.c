#include "services/cli/sheet.h"

#include <csv.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "common/base/log.h"

#define PATH_BYTES 1024
#define BASIS_POINTS 10000
#define FREEZE_COLUMNS 2

enum look { LOOK_TITLE, LOOK_HEADER, LOOK_BODY, LOOK_SECTION = LOOK_BODY + 4, LOOK_TOTAL };
#define LOOKS (LOOK_TOTAL + 4)

struct sheet {
    char path[PATH_BYTES], draft[PATH_BYTES + 8];
    const struct sheet_column *columns;
    size_t n_columns;
    FILE *csv; /* NULL: a spreadsheet */
    lxw_workbook *book;
    lxw_worksheet *page;
    lxw_format *looks[LOOKS]; /* of a body or total one for each kind of column */
    lxw_row_t row;
    int is_broken;
};

/* --- spreadsheet ------------------------------------------------------------------------------ */

static lxw_format *look(struct sheet *self, int is_bold, const char *number)
{
    lxw_format *format = workbook_add_format(self->book);
    if (is_bold)
        format_set_bold(format);
    if (number != NULL)
        format_set_num_format(format, number);
    return format;
}

static void add_looks(struct sheet *self)
{
    static const char *const numbers[] = {NULL, "0", "#,##0", "0.##%"};
    for (int kind = 0; kind < 4; kind++) {
        self->looks[LOOK_BODY + kind] = look(self, 0, numbers[kind]);
        self->looks[LOOK_TOTAL + kind] = look(self, 1, numbers[kind]);
        format_set_border(self->looks[LOOK_BODY + kind], LXW_BORDER_THIN);
        format_set_border(self->looks[LOOK_TOTAL + kind], LXW_BORDER_THIN);
    }
    self->looks[LOOK_TITLE] = look(self, 1, NULL);
    self->looks[LOOK_SECTION] = look(self, 1, NULL);
    self->looks[LOOK_HEADER] = look(self, 1, NULL);
    format_set_border(self->looks[LOOK_HEADER], LXW_BORDER_THIN);
    format_set_text_wrap(self->looks[LOOK_HEADER]);
    format_set_align(self->looks[LOOK_HEADER], LXW_ALIGN_CENTER);
    format_set_align(self->looks[LOOK_HEADER], LXW_ALIGN_VERTICAL_CENTER);
}

static void open_book(struct sheet *self)
{
    lxw_workbook_options options = {.constant_memory = LXW_TRUE};
    self->book = workbook_new_opt(self->draft, &options);
    self->page = self->book == NULL ? NULL : workbook_add_worksheet(self->book, NULL);
    if (self->page == NULL) {
        self->is_broken = 1;
        return;
    }
    /* the same rows make the same file */
    lxw_doc_properties properties = {.created = 1};
    (void)workbook_set_properties(self->book, &properties);
    add_looks(self);
    for (size_t i = 0; i < self->n_columns; i++)
        (void)worksheet_set_column(self->page, (lxw_col_t)i, (lxw_col_t)i, self->columns[i].width,
                                   NULL);
    worksheet_set_landscape(self->page);
    worksheet_set_paper(self->page, 9); /* A4 */
    worksheet_fit_to_pages(self->page, 1, 0);
}

static void put_cell(struct sheet *self, size_t i, enum sheet_style style,
                     const struct sheet_cell *cell)
{
    enum sheet_kind kind = self->columns[i].kind;
    lxw_format *format = style == SHEET_SECTION
                             ? self->looks[LOOK_SECTION]
                             : self->looks[(style == SHEET_TOTAL ? LOOK_TOTAL : LOOK_BODY) + kind];
    lxw_col_t column = (lxw_col_t)i;
    lxw_error rc;
    if (cell->text != NULL)
        rc = worksheet_write_string(self->page, self->row, column, cell->text, format);
    else if (kind == SHEET_TEXT || cell->is_empty)
        rc = worksheet_write_blank(self->page, self->row, column, format);
    else
        rc = worksheet_write_number(self->page, self->row, column,
                                    kind == SHEET_PERCENT ? (double)cell->number / BASIS_POINTS
                                                          : (double)cell->number,
                                    format);
    if (rc != LXW_NO_ERROR)
        self->is_broken = 1;
}

/* --- CSV -------------------------------------------------------------------------------------- */

static void put_text(struct sheet *self, const char *text, int end)
{
    if (csv_fwrite(self->csv, text, strlen(text)) != 0 || putc(end, self->csv) == EOF)
        self->is_broken = 1;
}

static void put_value(struct sheet *self, size_t i, const struct sheet_cell *cell)
{
    int end = i + 1 < self->n_columns ? ',' : '\n';
    char number[32] = "";
    if (cell->text != NULL) {
        put_text(self, cell->text, end);
        return;
    }
    if (self->columns[i].kind == SHEET_PERCENT && !cell->is_empty)
        (void)snprintf(number, sizeof(number), "%g", (double)cell->number / 100);
    else if (self->columns[i].kind != SHEET_TEXT && !cell->is_empty)
        (void)snprintf(number, sizeof(number), "%" PRId64, cell->number);
    if (fputs(number, self->csv) == EOF || putc(end, self->csv) == EOF)
        self->is_broken = 1;
}

/* --- both ------------------------------------------------------------------------------------- */

int sheet_create(const char *path, const struct sheet_column *columns, size_t n_columns,
                 struct sheet **ret, struct err *err)
{
    size_t len = strlen(path);
    int is_csv = len > 4 && strcmp(path + len - 4, ".csv") == 0;
    if (len >= PATH_BYTES || (!is_csv && (len <= 5 || strcmp(path + len - 5, ".xlsx") != 0)))
        return err_field(err, -EINVAL, "out", "%s: want a name that ends in .xlsx or .csv", path);
    struct sheet *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->columns = columns;
    self->n_columns = n_columns;
    (void)snprintf(self->path, sizeof(self->path), "%s", path);
    (void)snprintf(self->draft, sizeof(self->draft), "%s.draft", path);
    if (is_csv)
        self->is_broken = (self->csv = fopen(self->draft, "we")) == NULL;
    else
        open_book(self);
    *ret = self;
    return self->is_broken ? sheet_close(ret, err_set(err, -EIO, "%s cannot be written", path), err)
                           : 0;
}

void sheet_title(struct sheet *self, const char *text)
{
    if (self->csv != NULL)
        put_text(self, text, '\n');
    else if (worksheet_write_string(self->page, self->row, 0, text, self->looks[LOOK_TITLE]) !=
             LXW_NO_ERROR)
        self->is_broken = 1;
    self->row++;
}

static void put_line(struct sheet *self, const char *const *texts)
{
    for (size_t i = 0; i < self->n_columns; i++) {
        const char *text = texts == NULL ? self->columns[i].title : texts[i];
        if (self->csv != NULL)
            put_text(self, text, i + 1 < self->n_columns ? ',' : '\n');
        else if (worksheet_write_string(self->page, self->row, (lxw_col_t)i, text,
                                        self->looks[LOOK_HEADER]) != LXW_NO_ERROR)
            self->is_broken = 1;
    }
    self->row++;
}

void sheet_header(struct sheet *self, const char *const *marks)
{
    put_line(self, NULL);
    if (marks != NULL)
        put_line(self, marks);
    if (self->csv == NULL)
        worksheet_freeze_panes(self->page, self->row, FREEZE_COLUMNS);
}

void sheet_row(struct sheet *self, enum sheet_style style, const struct sheet_cell *cells)
{
    for (size_t i = 0; i < self->n_columns; i++) {
        if (self->csv != NULL)
            put_value(self, i, &cells[i]);
        else
            put_cell(self, i, style, &cells[i]);
    }
    self->row++;
}

/* Closes the draft; false: it is not whole. */
static int finish(struct sheet *self)
{
    int is_whole = !self->is_broken;
    if (self->csv != NULL)
        is_whole = fclose(self->csv) == 0 && is_whole;
    else if (self->book != NULL)
        is_whole = workbook_close(self->book) == LXW_NO_ERROR && is_whole;
    int fd = open(self->draft, O_RDONLY | O_CLOEXEC);
    is_whole = fd >= 0 && fsync(fd) == 0 && is_whole;
    if (fd >= 0)
        (void)close(fd);
    return is_whole;
}

int sheet_close(struct sheet **self, int rc, struct err *err)
{
    struct sheet *sheet = *self;
    *self = NULL;
    int is_whole = finish(sheet);
    if (rc == 0 && !(is_whole && rename(sheet->draft, sheet->path) == 0))
        rc = err_set(err, -EIO, "%s cannot be written", sheet->path);
    if (rc < 0)
        (void)remove(sheet->draft);
    free(sheet);
    return rc;
}
