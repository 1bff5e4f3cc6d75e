/* A form that lists payments person by person, as the social insurance office files it: what those
 * of voluntary insurance and of health insurance have in common. */
#ifndef ANSINH_CLI_REPORT_FORM_H
#define ANSINH_CLI_REPORT_FORM_H

#include "ansinh/v1/contacts.pb-c.h"
#include "services/cli/report.h"
#include "services/cli/sheet.h"

#define FORM_COLUMNS_MAX 24
#define FORM_TEXTS_MAX 8
#define FORM_TEXT_BYTES 32

/* Of payments, or of a section less another one. */
struct form_sums {
    int64_t n, months, gross_vnd, participant_vnd, central_vnd, local_vnd, donor_vnd;
};

/* Where the texts of one line live that are made for it. */
struct form_texts {
    char texts[FORM_TEXTS_MAX][FORM_TEXT_BYTES];
    size_t n;
};
/* At most FORM_TEXTS_MAX of a line; "" for 0. */
const char *form_day(struct form_texts *self, int32_t day);
/* What is noted of a payment that was refunded, and when; "" of others. */
const char *form_refunded(struct form_texts *self, const struct report_payment *row);
const char *form_month(struct form_texts *self, uint32_t month);
const char *form_number(struct form_texts *self, uint64_t number);

struct sheet_cell form_cell_text(const char *value);
struct sheet_cell form_cell(int64_t value);
struct sheet_cell form_cell_unless_zero(int64_t value);

struct form_line {
    const struct policy *policy;
    const struct report_payment *payment;
    const Ansinh__V1__Person *person;
    int64_t number; /* from 1 */
    int64_t gross_vnd;
    struct form_texts texts;
};

struct form_spec {
    const struct sheet_column *columns;
    const char *const *marks;
    size_t n_columns; /* at most FORM_COLUMNS_MAX */
    const char *title;
    const char *section_titles[4]; /* by report_kind */
    void (*put_line)(struct form_line *line, struct sheet_cell *cells);
    /* The cells are empty; the title of the sums and their number are set already. */
    void (*put_sums)(const struct form_sums *sums, struct sheet_cell *cells);
};

/* Writes the form: increases, decreases, and the sum of the first less the second. Names are asked
 * of enrolment. -EIO and as sheet_create. */
int form_write(struct service *svc, const struct form_spec *spec, const struct report_query *query,
               const struct report_payments *payments, struct err *err) MUST_CHECK;

#endif
