#include "common/settle/match.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/log.h"

#define TEXTS_MAX_BYTES ((size_t)4 * 1024 * 1024 * 1024)
#define LINES_MAX (2 * EOD_ROWS_MAX)
#define SLOTS_MIN 1024

const char *const match_class_names[MATCH_CLASSES] = {
    [MATCH_BAD_RECORD] = "bad_record",
    [MATCH_DUPLICATE] = "duplicate",
    [MATCH_MISSING_AT_PARTNER] = "missing_at_partner",
    [MATCH_OTHER_BUSINESS_DATE] = "other_business_date",
    [MATCH_MISSING_AT_US] = "missing_at_us",
    [MATCH_AMOUNT_DIFFERS] = "amount_differs",
    [MATCH_STATUS_DIFFERS] = "status_differs",
    [MATCH_FEE_DIFFERS] = "fee_differs",
    [MATCH_MATCHED] = "matched",
};

struct line {
    const char *texts;      /* one behind the other: transaction, payment, bill, point, collector */
    const char *payment_id; /* ours; NULL: no payment */
    const char *note;       /* NULL: none */
    int64_t amount_vnd, fee_vnd, paid_at_ms, our_amount_vnd, our_fee_vnd;
    uint32_t line; /* 0: no row */
    uint32_t bill_version;
    int32_t business_day, our_business_day;
    uint8_t class, differs, posting, status, our_status, channel;
};

struct match {
    int32_t business_day;
    struct arena *texts;
    struct line *lines;
    size_t n, capacity, n_rows;
    uint32_t *slots; /* places in lines, from 1; 0: free */
    size_t n_slots, n_used;
    uint8_t key[crypto_shorthash_KEYBYTES]; /* of the process: nobody can choose ids that collide */
};

struct match *match_create(int32_t business_day)
{
    struct match *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->business_day = business_day;
    self->texts = arena_create(TEXTS_MAX_BYTES);
    self->n_slots = SLOTS_MIN;
    self->slots = calloc(self->n_slots, sizeof(*self->slots));
    ASSERT(self->slots != NULL);
    randombytes_buf(self->key, sizeof(self->key));
    return self;
}

void match_destroy(struct match **self)
{
    if (*self == NULL)
        return;
    arena_destroy(&(*self)->texts);
    free((*self)->lines);
    free((*self)->slots);
    free(*self);
    *self = NULL;
}

/* --- transaction ids -------------------------------------------------------------------------- */

/* The slot of an id, or the free one where it belongs. */
static uint32_t *slot_of(const struct match *self, uint32_t *slots, size_t n, const char *id)
{
    uint64_t hash;
    ASSERT(self->lines != NULL || self->n_used == 0);
    (void)crypto_shorthash((uint8_t *)&hash, (const uint8_t *)id, (unsigned long long)strlen(id),
                           self->key);
    size_t at = (size_t)hash & (n - 1);
    while (slots[at] != 0 && strcmp(self->lines[slots[at] - 1].texts, id) != 0)
        at = (at + 1) & (n - 1);
    return &slots[at];
}

static int slots_grow(struct match *self)
{
    size_t n = MAX(2 * self->n_slots, (size_t)SLOTS_MIN);
    uint32_t *slots = calloc(n, sizeof(*slots));
    if (slots == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < self->n_slots; i++) {
        if (self->slots[i] != 0)
            *slot_of(self, slots, n, self->lines[self->slots[i] - 1].texts) = self->slots[i];
    }
    free(self->slots);
    self->slots = slots;
    self->n_slots = n;
    return 0;
}

/* The line that has the id already, or NULL, and then it is line i's. */
static struct line *claim(struct match *self, size_t i)
{
    uint32_t *slot = slot_of(self, self->slots, self->n_slots, self->lines[i].texts);
    if (*slot != 0)
        return &self->lines[*slot - 1];
    *slot = (uint32_t)i + 1;
    self->n_used++;
    return NULL;
}

static struct line *find(const struct match *self, const char *id)
{
    uint32_t at = *slot_of(self, self->slots, self->n_slots, id);
    return at == 0 ? NULL : &self->lines[at - 1];
}

/* --- lines ------------------------------------------------------------------------------------ */

/* A new line at the end; pointers to others are no longer valid. */
static int line_add(struct match *self, struct line **ret)
{
    if (2 * self->n_used >= self->n_slots && slots_grow(self) < 0)
        return -ENOMEM;
    if (self->n == self->capacity) {
        size_t capacity = self->capacity == 0 ? SLOTS_MIN : 2 * self->capacity;
        struct line *lines =
            self->n >= LINES_MAX ? NULL : realloc(self->lines, capacity * sizeof(*self->lines));
        if (lines == NULL)
            return -ENOMEM;
        self->lines = lines;
        self->capacity = capacity;
    }
    ASSERT(self->lines != NULL);
    *ret = &self->lines[self->n];
    **ret = (struct line){.texts = "", .class = MATCH_OPEN};
    return 0;
}

/* Copies texts one behind the other; NULL at the limit. */
static const char *texts_add(struct match *self, const char *const *texts, size_t n)
{
    size_t len = 0;
    for (size_t i = 0; i < n; i++)
        len += strlen(texts[i]) + 1;
    char *copy = arena_alloc(self->texts, len);
    for (size_t i = 0, at = 0; copy != NULL && i < n; i++) {
        size_t bytes = strlen(texts[i]) + 1;
        memcpy(copy + at, texts[i], bytes);
        at += bytes;
    }
    return copy;
}

static const char *text_add(struct match *self, const char *text)
{
    return texts_add(self, &text, 1);
}

int match_row(struct match *self, const struct eod_row *row)
{
    const char *const texts[] = {row->transaction_id, row->payment_id, row->bill_id, row->point,
                                 row->collector};
    struct line *line;
    if (line_add(self, &line) < 0)
        return -ENOMEM;
    line->texts = texts_add(self, texts, ARRAY_LEN(texts));
    if (line->texts == NULL)
        return -ENOMEM;
    line->line = row->line;
    line->bill_version = row->bill_version;
    line->amount_vnd = row->amount_vnd;
    line->fee_vnd = row->fee_vnd;
    line->paid_at_ms = row->paid_at_ms;
    line->business_day = row->business_day;
    line->status = (uint8_t)row->status;
    line->channel = (uint8_t)row->channel;
    if (claim(self, self->n) != NULL)
        line->class = MATCH_DUPLICATE;
    self->n_rows = ++self->n;
    return 0;
}

/* Its transaction id is not claimed: nothing is known of it for sure. */
int match_bad(struct match *self, const struct eod_bad *bad)
{
    const char *const texts[] = {bad->transaction_id, "", "", "", ""};
    struct line *line;
    if (line_add(self, &line) < 0)
        return -ENOMEM;
    line->texts = texts_add(self, texts, ARRAY_LEN(texts));
    line->note = text_add(self, bad->why);
    if (line->texts == NULL || line->note == NULL)
        return -ENOMEM;
    line->class = MATCH_BAD_RECORD;
    line->line = bad->line;
    line->amount_vnd = bad->amount_vnd;
    self->n_rows = ++self->n;
    return 0;
}

/* --- payments --------------------------------------------------------------------------------- */

static int line_set_payment(struct match *self, struct line *line,
                            const struct match_payment *payment)
{
    line->payment_id = text_add(self, payment->payment_id);
    if (line->payment_id == NULL)
        return -ENOMEM;
    if (payment->note != NULL) {
        line->note = text_add(self, payment->note);
        if (line->note == NULL)
            return -ENOMEM;
    }
    line->our_amount_vnd = payment->amount_vnd;
    line->our_status = (uint8_t)payment->status;
    line->our_business_day = payment->business_day;
    line->our_fee_vnd = payment->fee_vnd;
    return 0;
}

static uint8_t differences(const struct match *self, const struct line *line,
                           const struct match_payment *payment)
{
    unsigned differs = 0;
    if (line->business_day != payment->business_day || line->business_day != self->business_day)
        differs |= DIFFERS_BUSINESS_DATE;
    if (line->amount_vnd != payment->amount_vnd)
        differs |= DIFFERS_AMOUNT;
    if (line->status != payment->status)
        differs |= DIFFERS_STATUS;
    if (payment->fee_vnd >= 0 && line->fee_vnd != payment->fee_vnd)
        differs |= DIFFERS_FEE;
    return (uint8_t)differs;
}

static enum match_class class_of(unsigned differs)
{
    return differs & DIFFERS_BUSINESS_DATE ? MATCH_OTHER_BUSINESS_DATE
           : differs & DIFFERS_AMOUNT      ? MATCH_AMOUNT_DIFFERS
           : differs & DIFFERS_STATUS      ? MATCH_STATUS_DIFFERS
           : differs & DIFFERS_FEE         ? MATCH_FEE_DIFFERS
                                           : MATCH_MATCHED;
}

/* A payment without a row; of a second one with the same id the class says so. */
static int payment_add(struct match *self, const struct match_payment *payment,
                       enum match_class class)
{
    const char *const texts[] = {payment->transaction_id, "", "", "", ""};
    struct line *line;
    if (line_add(self, &line) < 0)
        return -ENOMEM;
    line->texts = texts_add(self, texts, ARRAY_LEN(texts));
    if (line->texts == NULL || line_set_payment(self, line, payment) < 0)
        return -ENOMEM;
    line->class = (uint8_t) class;
    if (class == MATCH_MISSING_AT_PARTNER)
        (void)claim(self, self->n); /* it was looked for just now */
    self->n++;
    return 0;
}

int match_payment(struct match *self, const struct match_payment *payment)
{
    struct line *line = find(self, payment->transaction_id);
    if (line == NULL)
        return payment->business_day == self->business_day
                   ? payment_add(self, payment, MATCH_MISSING_AT_PARTNER)
                   : 0;
    if (line->payment_id != NULL)
        return payment_add(self, payment, MATCH_DUPLICATE);
    if (line_set_payment(self, line, payment) < 0)
        return -ENOMEM;
    line->differs = differences(self, line, payment);
    line->class = (uint8_t)class_of(line->differs);
    /* before it was posted nobody had compared a fee */
    if (payment->is_from_this_file && (line->differs & ~(unsigned)DIFFERS_FEE) == 0) {
        line->class = MATCH_MISSING_AT_US;
        line->differs = 0;
        line->our_fee_vnd = -1;
        line->posting = POSTING_DONE;
    }
    return 0;
}

void match_settle(struct match *self)
{
    for (size_t i = 0; i < self->n_rows; i++) {
        struct line *line = &self->lines[i];
        if (line->class != MATCH_OPEN)
            continue;
        line->class = MATCH_MISSING_AT_US;
        if (line->business_day != self->business_day) {
            line->class = MATCH_OTHER_BUSINESS_DATE;
            line->differs = DIFFERS_BUSINESS_DATE;
        } else if (line->status == EOD_PAID) {
            line->posting = POSTING_DUE;
        } else {
            line->note = "reversed, and never came online: no money moved, nothing to post";
        }
    }
}

/* --- the result ------------------------------------------------------------------------------- */

size_t match_count(const struct match *self)
{
    return self->n;
}

static const char *text_behind(const char *text)
{
    return text + strlen(text) + 1;
}

void match_line(const struct match *self, size_t i, struct match_line *ret)
{
    ASSERT(i < self->n);
    const struct line *line = &self->lines[i];
    *ret = (struct match_line){.class = (enum match_class)line->class,
                               .differs = line->differs,
                               .posting = (enum match_posting)line->posting,
                               .note = line->note == NULL ? "" : line->note,
                               .has_row = line->line > 0,
                               .has_payment = line->payment_id != NULL,
                               .payment_id = line->payment_id == NULL ? "" : line->payment_id,
                               .our_amount_vnd = line->our_amount_vnd,
                               .our_fee_vnd = line->our_fee_vnd,
                               .our_status = (enum eod_status)line->our_status,
                               .our_business_day = line->our_business_day};
    struct eod_row *row = &ret->row;
    row->line = line->line;
    row->transaction_id = line->texts;
    row->payment_id = text_behind(row->transaction_id);
    row->bill_id = text_behind(row->payment_id);
    row->point = text_behind(row->bill_id);
    row->collector = text_behind(row->point);
    row->bill_version = line->bill_version;
    row->amount_vnd = line->amount_vnd;
    row->status = (enum eod_status)line->status;
    row->paid_at_ms = line->paid_at_ms;
    row->business_day = line->business_day;
    row->channel = (enum eod_channel)line->channel;
    row->fee_vnd = line->fee_vnd;
}

int match_posted(struct match *self, size_t i, const char *payment_id)
{
    ASSERT(i < self->n && self->lines[i].posting == POSTING_DUE);
    struct line *line = &self->lines[i];
    line->payment_id = text_add(self, payment_id);
    line->our_amount_vnd = line->amount_vnd;
    line->our_status = line->status;
    line->our_business_day = line->business_day;
    line->our_fee_vnd = -1;
    line->posting = POSTING_DONE;
    return line->payment_id == NULL ? -ENOMEM : 0;
}

int match_refused(struct match *self, size_t i, const char *why)
{
    ASSERT(i < self->n && self->lines[i].posting == POSTING_DUE);
    self->lines[i].posting = POSTING_REFUSED;
    self->lines[i].note = text_add(self, why);
    return self->lines[i].note == NULL ? -ENOMEM : 0;
}

void match_sums(const struct match *self, struct match_sum ret[MATCH_CLASSES])
{
    memset(ret, 0, MATCH_CLASSES * sizeof(ret[0]));
    for (size_t i = 0; i < self->n; i++) {
        const struct line *line = &self->lines[i];
        ASSERT(line->class < MATCH_CLASSES);
        struct match_sum *sum = &ret[line->class];
        sum->n++;
        sum->n_rows += line->line > 0;
        sum->rows_vnd += line->amount_vnd;
        sum->n_payments += line->payment_id != NULL;
        sum->payments_vnd += line->our_amount_vnd;
    }
}

int64_t match_due_vnd(const struct match *self)
{
    int64_t due_vnd = 0;
    for (size_t i = 0; i < self->n; i++) {
        const struct line *line = &self->lines[i];
        if (line->payment_id != NULL && line->our_business_day == self->business_day &&
            line->our_status == EOD_PAID)
            due_vnd += line->our_amount_vnd;
    }
    return due_vnd;
}
