#include "services/notifications/templates.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/service/command.h"

#define KINDS (TASK_BEHIND + 1)
#define VALUE_BYTES 64
_Static_assert(VALUE_BYTES >= POSITION_TEXT_BYTES, "a payment's id is a value");
#define MONTH_VALUE_BYTES 24
#define NAME_BYTES 512 /* of a full name */
#define SUBJECT_START "Subject: "

/* {variables}; a person's kind has those up to its own, a unit's some of the first and its own. */
enum variable {
    VAR_NAME,
    VAR_PARTICIPANT_ID,
    VAR_DATE,
    WELCOME_VARIABLES,
    VAR_PAYMENT_ID = WELCOME_VARIABLES,
    VAR_TOTAL,
    VAR_PARTICIPANT,
    VAR_CENTRAL,
    VAR_LOCAL,
    VAR_DONOR,
    VAR_MONTHS,
    VAR_FROM_MONTH,
    VAR_TO_MONTH,
    VAR_PERIOD,
    VAR_PRODUCT,
    RECEIPT_VARIABLES,
    VAR_REVERSAL_ID = RECEIPT_VARIABLES,
    REVERSAL_VARIABLES,
    VAR_UNIT = REVERSAL_VARIABLES,
    VAR_VALUE,
    VAR_PLAN,
    VAR_MISSING,
    VAR_NEEDED,
    VAR_PACE,
    VAR_FORECAST,
    VAR_LINK,
    VARIABLES,
};

static const char *const variable_names[] = {
    "name",    "participant_id", "date",        "payment_id", "total",      "participant",
    "central", "local",          "donor",       "months",     "from_month", "to_month",
    "period",  "product",        "reversal_id", "unit",       "value",      "plan",
    "missing", "needed",         "pace",        "forecast",   "link",
};

static const char *const kind_names[KINDS] = {[TASK_WELCOME] = "welcome",
                                              [TASK_RECEIPT] = "receipt",
                                              [TASK_REVERSAL] = "reversal",
                                              [TASK_BEHIND] = "behind"};
#define FIRST(n) ((1U << (n)) - 1)
#define ALL FIRST(VARIABLES)
static const unsigned kind_variables[KINDS] = {
    [TASK_WELCOME] = FIRST(WELCOME_VARIABLES),
    [TASK_RECEIPT] = FIRST(RECEIPT_VARIABLES),
    [TASK_REVERSAL] = FIRST(REVERSAL_VARIABLES),
    [TASK_BEHIND] = (ALL & ~FIRST(REVERSAL_VARIABLES)) | 1U << VAR_NAME | 1U << VAR_DATE,
};
static const char *const product_names[][TEMPLATE_LANGUAGES] = {
    {"bảo hiểm xã hội tự nguyện", "voluntary social insurance"},
    {"bảo hiểm y tế hộ gia đình", "family health insurance"}};
static const char *const language_names[TEMPLATE_LANGUAGES] = {"vi", "en"};

struct text {
    char content[TEMPLATE_FILE_MAX_BYTES + 1]; /* the subject's line end is a NUL */
    const char *subject;
    const char *body;
};

struct templates {
    struct text texts[KINDS][TEMPLATE_LANGUAGES];
};

/* The variable of a "{name}" that text begins with, and its length with the braces; negative for
 * anything else. */
static int find_variable(const char *text, unsigned variables, size_t *ret_len)
{
    const char *end = strchr(text, '}');
    if (end == NULL)
        return -EINVAL;
    size_t len = (size_t)(end - text) - 1;
    for (size_t i = 0; i < VARIABLES; i++) {
        if ((variables >> i & 1) != 0 && strlen(variable_names[i]) == len &&
            memcmp(variable_names[i], text + 1, len) == 0) {
            *ret_len = len + 2;
            return (int)i;
        }
    }
    return -EINVAL;
}

static int check_variables(const char *text, enum task_kind kind, const char *path, struct err *err)
{
    size_t len = 0;
    for (; (text = strchr(text, '{')) != NULL; text += len) {
        if (find_variable(text, kind_variables[kind], &len) < 0)
            return err_set(err, -EINVAL, "%.80s: no variable %.*s", path,
                           (int)MIN(strcspn(text, "}\n") + 1, 40U), text);
    }
    return 0;
}

static int read_file(const char *path, struct text *ret, struct err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return err_set(err, -ENOENT, "cannot read the template %.100s", path);
    size_t len = fread(ret->content, 1, sizeof(ret->content), file);
    int has_failed = ferror(file);
    (void)fclose(file); /* only read */
    if (has_failed)
        return err_set(err, -EIO, "cannot read the template %.100s", path);
    if (len > TEMPLATE_FILE_MAX_BYTES)
        return err_set(err, -EFBIG, "%.100s: more than %d bytes", path, TEMPLATE_FILE_MAX_BYTES);
    if (!parse_is_utf8(ret->content, len))
        return err_set(err, -EINVAL, "%.100s: not UTF-8", path);
    ret->content[len] = '\0';
    return 0;
}

static int load_text(const char *path, enum task_kind kind, struct text *ret, struct err *err)
{
    int rc = read_file(path, ret, err);
    if (rc < 0)
        return rc;
    char *end = strchr(ret->content, '\n');
    if (strncmp(ret->content, SUBJECT_START, strlen(SUBJECT_START)) != 0 || end == NULL ||
        end[1] != '\n')
        return err_set(err, -EINVAL, "%.80s: want \"" SUBJECT_START "...\" and an empty line",
                       path);
    *end = '\0';
    ret->subject = ret->content + strlen(SUBJECT_START);
    ret->body = end + 2;
    rc = check_variables(ret->subject, kind, path, err);
    return rc < 0 ? rc : check_variables(ret->body, kind, path, err);
}

static int load_all(struct templates *self, const char *directory, struct err *err)
{
    for (enum task_kind kind = TASK_WELCOME; kind < KINDS; kind++) {
        for (size_t i = 0; i < TEMPLATE_LANGUAGES; i++) {
            char path[512];
            int len = snprintf(path, sizeof(path), "%s/%s.%s.txt", directory, kind_names[kind],
                               language_names[i]);
            if (len < 0 || (size_t)len >= sizeof(path))
                return err_set(err, -ENOENT, "the template folder's name is too long");
            int rc = load_text(path, kind, &self->texts[kind][i], err);
            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

int templates_load(const char *directory, struct templates **ret, struct err *err)
{
    struct templates *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    int rc = load_all(self, directory, err);
    if (rc < 0)
        templates_destroy(&self);
    else
        *ret = self;
    return rc;
}

void templates_destroy(struct templates **self)
{
    free(*self);
    *self = NULL;
}

size_t money_format(int64_t vnd, enum template_language language, char ret[MONEY_TEXT_BYTES])
{
    char digits[24];
    uint64_t amount = vnd < 0 ? 0 - (uint64_t)vnd : (uint64_t)vnd;
    size_t n = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, amount);
    size_t len = 0;
    if (vnd < 0)
        ret[len++] = '-';
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            ret[len++] = language == LANGUAGE_IS_EN ? ',' : '.';
        ret[len++] = digits[i];
    }
    const char *unit = language == LANGUAGE_IS_EN ? " VND" : " đ";
    memcpy(ret + len, unit, strlen(unit) + 1);
    return len + strlen(unit);
}

static void format_day(int32_t day, enum template_language language, char ret[VALUE_BYTES])
{
    if (language == LANGUAGE_IS_EN) {
        date_format(day, ret);
        return;
    }
    int year, month, day_of_month;
    date_split(day, &year, &month, &day_of_month);
    (void)snprintf(ret, VALUE_BYTES, "%02d/%02d/%04d", day_of_month, month, year);
}

static void format_month(int64_t month, enum template_language language,
                         char ret[MONTH_VALUE_BYTES])
{
    if (language == LANGUAGE_IS_EN)
        month_format((int32_t)month, ret);
    else
        (void)snprintf(ret, MONTH_VALUE_BYTES, "%02d/%04d", (int)(month % 12 + 1),
                       (int)(month / 12));
}

/* A name as one line of text, whatever it holds. */
static void clean_name(const struct recipient *to, char ret[NAME_BYTES])
{
    const char *name = to->full_name;
    if (name[0] == '\0' || strlen(name) >= NAME_BYTES || !parse_is_utf8(name, strlen(name)))
        name = to->participant_id;
    (void)snprintf(ret, NAME_BYTES, "%s", name);
    for (char *c = ret; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = ' ';
    }
}

/* A card holds from day to day. */
static void fill_card(const struct task_receipt *receipt, enum template_language language,
                      char values[VARIABLES][VALUE_BYTES])
{
    char from[VALUE_BYTES], to[VALUE_BYTES];
    format_day(receipt->card_from_day, language, from);
    format_day(receipt->card_to_day, language, to);
    (void)snprintf(values[VAR_FROM_MONTH], VALUE_BYTES, "%.20s", from);
    (void)snprintf(values[VAR_TO_MONTH], VALUE_BYTES, "%.20s", to);
    (void)snprintf(values[VAR_PERIOD], VALUE_BYTES,
                   language == LANGUAGE_IS_EN ? "card from %.20s to %.20s"
                                              : "thẻ có giá trị từ %.12s đến %.12s",
                   from, to);
}

/* Missing months are none of the calendar. */
static void fill_period(const struct task_receipt *receipt, enum template_language language,
                        char values[VARIABLES][VALUE_BYTES])
{
    char from[MONTH_VALUE_BYTES], to[MONTH_VALUE_BYTES], *period = values[VAR_PERIOD];
    int is_en = language == LANGUAGE_IS_EN;
    if (receipt->card_to_day != 0) {
        fill_card(receipt, language, values);
        return;
    }
    if (receipt->from_month == 0) {
        (void)snprintf(period, VALUE_BYTES, "%s",
                       is_en ? "for months that were missing" : "đóng cho những tháng còn thiếu");
        return;
    }
    format_month(receipt->from_month, language, from);
    format_month((int64_t)receipt->from_month + receipt->months - (receipt->months > 0), language,
                 to);
    (void)snprintf(values[VAR_FROM_MONTH], VALUE_BYTES, "%s", from);
    (void)snprintf(values[VAR_TO_MONTH], VALUE_BYTES, "%s", to);
    (void)snprintf(period, VALUE_BYTES, is_en ? "from %s to %s" : "từ %s đến %s", from, to);
}

static void fill_receipt(const struct task *task, enum template_language language,
                         char values[VARIABLES][VALUE_BYTES])
{
    const struct task_receipt *receipt = &task->receipt;
    int64_t total =
        receipt->participant_vnd + receipt->central_vnd + receipt->local_vnd + receipt->donor_vnd;
    (void)money_format(total, language, values[VAR_TOTAL]);
    (void)money_format(receipt->participant_vnd, language, values[VAR_PARTICIPANT]);
    (void)money_format(receipt->central_vnd, language, values[VAR_CENTRAL]);
    (void)money_format(receipt->local_vnd, language, values[VAR_LOCAL]);
    (void)money_format(receipt->donor_vnd, language, values[VAR_DONOR]);
    (void)snprintf(values[VAR_MONTHS], VALUE_BYTES, "%u", receipt->months);
    (void)snprintf(values[VAR_PRODUCT], VALUE_BYTES, "%s",
                   product_names[receipt->card_to_day != 0][language]);
    fill_period(receipt, language, values);
}

static void format_count(int64_t count, enum template_language language, char ret[VALUE_BYTES])
{
    char money[MONEY_TEXT_BYTES];
    (void)money_format(count, language, money);
    (void)snprintf(ret, VALUE_BYTES, "%.*s", (int)strcspn(money, " "), money);
}

static void format_figure(int64_t hundredths, enum template_language language,
                          char ret[VALUE_BYTES])
{
    format_count(hundredths / 100, language, ret);
    size_t len = strlen(ret);
    (void)snprintf(ret + len, VALUE_BYTES - len, language == LANGUAGE_IS_EN ? ".%02d" : ",%02d",
                   (int)(hundredths % 100));
}

static void fill_behind(const struct task *task, enum template_language language,
                        char values[VARIABLES][VALUE_BYTES])
{
    const struct task_behind *behind = &task->behind;
    task_unit(task, values[VAR_UNIT]);
    format_count(behind->value, language, values[VAR_VALUE]);
    format_count(behind->plan, language, values[VAR_PLAN]);
    format_count(behind->plan - behind->value, language, values[VAR_MISSING]);
    format_figure(behind->pace_per_day, language, values[VAR_PACE]);
    if (behind->needed_per_day >= 0)
        format_figure(behind->needed_per_day, language, values[VAR_NEEDED]);
    else
        (void)snprintf(values[VAR_NEEDED], VALUE_BYTES, "-"); /* no days are left */
}

static void append_filled(struct buf *out, const char *text, const char *const values[VARIABLES])
{
    for (;;) {
        size_t plain = strcspn(text, "{");
        (void)buf_append(out, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        size_t len = 0;
        int variable = find_variable(text, ALL, &len);
        ASSERT(variable >= 0); /* checked when the file was read */
        (void)buf_puts(out, values[variable]);
        text += len;
    }
}

int templates_render(const struct templates *self, const struct task *task, const char *event_id,
                     const struct recipient *to, struct buf *ret_subject, struct buf *ret_body)
{
    char name[NAME_BYTES];
    char values[VARIABLES][VALUE_BYTES] = {0};
    const char *texts[VARIABLES];
    clean_name(to, name);
    (void)snprintf(values[VAR_PARTICIPANT_ID], VALUE_BYTES, "%s", to->participant_id);
    (void)snprintf(values[VAR_PAYMENT_ID], VALUE_BYTES, "%s", event_id);
    format_day(task->day, to->language, values[VAR_DATE]);
    if (task->kind == TASK_BEHIND)
        fill_behind(task, to->language, values);
    else if (task->kind != TASK_WELCOME)
        fill_receipt(task, to->language, values);
    if (task->kind == TASK_REVERSAL) {
        (void)snprintf(values[VAR_REVERSAL_ID], VALUE_BYTES, "%s", event_id);
        position_format(partition_of(task->citizen), task->payment, values[VAR_PAYMENT_ID]);
    }
    for (size_t i = 0; i < VARIABLES; i++)
        texts[i] = values[i];
    texts[VAR_NAME] = name;
    texts[VAR_FORECAST] = to->forecast == NULL ? "" : to->forecast;
    texts[VAR_LINK] = to->link == NULL ? "" : to->link;
    const struct text *text = &self->texts[task->kind][to->language];
    append_filled(ret_subject, text->subject, texts);
    append_filled(ret_body, text->body, texts);
    return ret_subject->failed != 0 ? ret_subject->failed : ret_body->failed;
}
