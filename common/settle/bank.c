#include "common/settle/bank.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/log.h"
#include "common/base/map.h"
#include "common/base/parse.h"
#include "common/settle/pain001.h"

#define TEXTS_MAX_BYTES ((size_t)1024 * 1024 * 1024)
#define KEY_BYTES 32
#define LINES_MIN 256
#define ENTRY_BYTES 16    /* of the key: what names a transaction in the ledger */
#define ANY_STATEMENT "-" /* a transaction is the same in whatever statement it stands */
#define REFERENCE_MAX_BYTES (REMITTANCE_REFERENCE_BYTES - 1)

const char *const bank_class_names[BANK_CLASSES] = {
    [BANK_REMITTANCE] = "remittance", [BANK_OTHER] = "other_remittance",
    [BANK_UNKNOWN] = "unknown",       [BANK_DEBIT] = "debit",
    [BANK_NOT_BOOKED] = "not_booked", [BANK_DUPLICATE] = "duplicate",
    [BANK_EARLIER] = "earlier",
};

const char *const remittance_state_names[] = {
    [REMITTANCE_MATCHED] = "matched",
    [REMITTANCE_PARTIAL] = "partial",
    [REMITTANCE_MISSING] = "missing",
    [REMITTANCE_OVER] = "over",
};

const int bank_age_days[BANK_AGES - 1] = {1, 3, 7, 30};

struct line {
    const char *account, *bank_reference, *reference, *organisation, *statement_id;
    const char *note;      /* NULL: none */
    const char *entry_ref; /* NULL: the beginning of the key */
    int64_t amount_vnd, suspense_vnd;
    int32_t booked_day;
    uint8_t class, is_reversal, posting;
    uint8_t key[KEY_BYTES];
};

struct bank {
    char partner[27];
    int32_t business_day, as_of_day;
    int64_t volume_vnd; /* of all lines: no sum of some of them is greater */
    bank_is_partner_fn is_partner;
    void *arg;
    struct arena *texts;
    struct map *keys;     /* beginnings of keys; a value is a place in lines, from 1 */
    struct map *accounts; /* hashes of them; values are not looked at */
    struct line *lines;
    size_t n, capacity;
    size_t n_given; /* behind them: earlier ones */
};

struct bank *bank_create(const char *partner, int32_t business_day, bank_is_partner_fn is_partner,
                         void *arg)
{
    struct bank *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    (void)snprintf(self->partner, sizeof(self->partner), "%.26s", partner);
    self->business_day = self->as_of_day = business_day;
    self->is_partner = is_partner;
    self->arg = arg;
    self->texts = arena_create(TEXTS_MAX_BYTES);
    self->keys = map_create();
    self->accounts = map_create();
    return self;
}

void bank_destroy(struct bank **self)
{
    if (*self == NULL)
        return;
    arena_destroy(&(*self)->texts);
    map_destroy(&(*self)->keys);
    map_destroy(&(*self)->accounts);
    free((*self)->lines);
    free(*self);
    *self = NULL;
}

/* --- what it is for --------------------------------------------------------------------------- */

/* Takes text for a reference of a partner that there is. */
static int is_reference(const struct bank *self, const char *text, enum bank_class *ret)
{
    char partner[27];
    int32_t day;
    if (remittance_reference_parse(text, partner, &day) < 0 ||
        !self->is_partner(self->arg, partner))
        return 0;
    *ret = strcmp(partner, self->partner) == 0 && day == self->business_day ? BANK_REMITTANCE
                                                                            : BANK_OTHER;
    return 1;
}

/* Looks for a reference that stands as a word in free text; copies it. */
static int word_reference(const struct bank *self, const char *text, enum bank_class *ret,
                          char word[REMITTANCE_REFERENCE_BYTES])
{
    static const char spaces[] = " \t\r\n,;:/()";
    for (text += strspn(text, spaces); *text != '\0'; text += strspn(text, spaces)) {
        size_t len = strcspn(text, spaces);
        if (len <= REFERENCE_MAX_BYTES) {
            memcpy(word, text, len);
            word[len] = '\0';
            if (is_reference(self, word, ret))
                return 1;
        }
        text += len;
    }
    return 0;
}

static const char *recognise(const struct bank *self, const struct camt_entry *entry,
                             enum bank_class *ret, char word[REMITTANCE_REFERENCE_BYTES])
{
    *ret = BANK_UNKNOWN;
    if (is_reference(self, entry->reference, ret))
        return entry->reference;
    if (is_reference(self, entry->end_to_end_id, ret))
        return entry->end_to_end_id;
    if (word_reference(self, entry->text, ret, word))
        return word;
    return entry->reference[0] != '\0' ? entry->reference : entry->text;
}

/* --- entries ---------------------------------------------------------------------------------- */

static void key_add(crypto_generichash_state *state, const char *text)
{
    (void)crypto_generichash_update(state, (const uint8_t *)text,
                                    (unsigned long long)strlen(text) + 1);
}

/* Where the bank gives no reference of its own, a transaction is known by its place only. */
static void key_make(const struct camt_entry *entry, uint8_t ret[KEY_BYTES])
{
    char numbers[128];
    crypto_generichash_state state;
    int has_reference = entry->bank_reference[0] != '\0';
    (void)crypto_generichash_init(&state, NULL, 0, KEY_BYTES);
    key_add(&state, entry->account);
    key_add(&state, has_reference ? entry->bank_reference : entry->statement_id);
    key_add(&state, entry->end_to_end_id);
    (void)snprintf(numbers, sizeof(numbers), "%lld %d %u %u", (long long)entry->amount_vnd,
                   entry->is_credit, entry->transaction_i, has_reference ? 0 : entry->entry_i + 1);
    key_add(&state, numbers);
    (void)crypto_generichash_final(&state, ret, KEY_BYTES);
}

static int line_add(struct bank *self, struct line **ret)
{
    if (self->n == BANK_LINES_MAX)
        return -ENOSPC;
    if (self->n == self->capacity) {
        size_t capacity = self->capacity == 0 ? LINES_MIN : 2 * self->capacity;
        struct line *lines = realloc(self->lines, capacity * sizeof(*lines));
        if (lines == NULL)
            return -ENOSPC;
        self->lines = lines;
        self->capacity = capacity;
    }
    *ret = &self->lines[self->n];
    **ret = (struct line){.class = BANK_UNKNOWN, .organisation = ""};
    return 0;
}

static const char *copy(struct bank *self, const char *text)
{
    return arena_strndup(self->texts, text, strlen(text));
}

/* An entry that was not booked may come again, booked. */
static int is_repeated(struct bank *self, const struct line *line)
{
    if (map_get(self->keys, line->key, ENTRY_BYTES) != NULL)
        return 1;
    /* a place, not an address: lines move as they grow */
    (void)map_put(self->keys, line->key, ENTRY_BYTES, (void *)(uintptr_t)(self->n + 1));
    return 0;
}

static void account_hash(const char *account, uint8_t ret[KEY_BYTES])
{
    (void)crypto_generichash(ret, KEY_BYTES, (const uint8_t *)account,
                             (unsigned long long)strlen(account), NULL, 0);
}

/* What the ledger takes as a name. */
static int is_code(const char *text)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++) {
        if (n == BANK_CODE_MAX_BYTES || text[n] < ' ' || text[n] > '~')
            return 0;
    }
    return n > 0;
}

static int line_add_volume(struct bank *self, int64_t vnd)
{
    return __builtin_add_overflow(self->volume_vnd, vnd, &self->volume_vnd) ? -ENOSPC : 0;
}

static int line_set_texts(struct bank *self, struct line *line, const struct camt_entry *entry,
                          const char *reference)
{
    int has_name = entry->bank_reference[0] == '\0' && is_code(entry->statement_id);
    line->account = copy(self, entry->account);
    line->bank_reference = copy(self, entry->bank_reference);
    line->reference = copy(self, reference);
    line->statement_id = has_name ? copy(self, entry->statement_id) : ANY_STATEMENT;
    return line->account == NULL || line->bank_reference == NULL || line->reference == NULL ||
                   line->statement_id == NULL
               ? -ENOSPC
               : 0;
}

/* Whose money it is: the reference by which it was recognised says it. */
static int line_set_owner(struct bank *self, struct line *line)
{
    char partner[27];
    int32_t day;
    if (remittance_reference_parse(line->reference, partner, &day) < 0)
        return -EINVAL;
    line->organisation = strcmp(partner, self->partner) == 0 ? self->partner : copy(self, partner);
    return line->organisation == NULL ? -ENOSPC : 0;
}

/* A transaction that moved money is due to be posted. */
static void line_set_due(struct line *line)
{
    if (line->class == BANK_NOT_BOOKED || line->class == BANK_DUPLICATE || line->amount_vnd == 0)
        return;
    line->posting = POSTING_DUE;
    if (line->booked_day == 0) {
        line->posting = POSTING_REFUSED;
        line->note = "BookgDt: the bank says no day of booking";
    }
    if (line->organisation[0] == '\0')
        line->suspense_vnd = line->amount_vnd;
}

int bank_entry(void *bank, const struct camt_entry *entry)
{
    struct bank *self = bank;
    char word[REMITTANCE_REFERENCE_BYTES];
    uint8_t account[KEY_BYTES];
    enum bank_class class;
    struct line *line;
    if (line_add(self, &line) < 0 || line_add_volume(self, entry->amount_vnd) < 0)
        return -ENOSPC;
    const char *reference = recognise(self, entry, &class, word);
    if (line_set_texts(self, line, entry, reference) < 0 ||
        (class != BANK_UNKNOWN && line_set_owner(self, line) < 0))
        return -ENOSPC;
    line->amount_vnd = entry->is_credit ? entry->amount_vnd : -entry->amount_vnd;
    line->booked_day = entry->booked_day;
    line->is_reversal = (uint8_t)(entry->is_reversal != 0);
    key_make(entry, line->key);
    if (entry->status != CAMT_BOOKED)
        class = BANK_NOT_BOOKED;
    else if (is_repeated(self, line))
        class = BANK_DUPLICATE;
    else if (!entry->is_credit && !entry->is_reversal)
        class = BANK_DEBIT;
    line->class = (uint8_t) class;
    line_set_due(line);
    account_hash(line->account, account);
    (void)map_put(self->accounts, account, sizeof(account), self);
    self->as_of_day = MAX(self->as_of_day, line->booked_day);
    self->n_given = ++self->n;
    return 0;
}

int32_t bank_as_of_day(const struct bank *self)
{
    return self->as_of_day;
}

/* --- what the ledger has ---------------------------------------------------------------------- */

/* The line of the statements that an entry of the ledger is of, or NULL. */
static struct line *find(const struct bank *self, const struct bank_posted *posted)
{
    uint8_t entry[ENTRY_BYTES];
    if (parse_hex(posted->entry_ref, entry, sizeof(entry)) < 0)
        return NULL;
    size_t at = (size_t)(uintptr_t)map_get(self->keys, entry, sizeof(entry));
    struct line *line = at == 0 ? NULL : &self->lines[at - 1];
    return line != NULL && strcmp(line->account, posted->account) == 0 &&
                   strcmp(line->statement_id, posted->statement_id) == 0
               ? line
               : NULL;
}

static int add_earlier(struct bank *self, const struct bank_posted *posted)
{
    struct line *line;
    if (line_add(self, &line) < 0 ||
        line_add_volume(self, posted->suspense_vnd < 0 ? -posted->suspense_vnd
                                                       : posted->suspense_vnd) < 0)
        return -ENOSPC;
    line->class = BANK_EARLIER;
    line->account = copy(self, posted->account);
    line->bank_reference = "";
    line->reference = copy(self, posted->reference);
    line->statement_id = copy(self, posted->statement_id);
    line->entry_ref = copy(self, posted->entry_ref);
    line->amount_vnd = line->suspense_vnd = posted->suspense_vnd;
    line->booked_day = posted->booked_day;
    line->posting = POSTING_DONE;
    if (line->account == NULL || line->reference == NULL || line->statement_id == NULL ||
        line->entry_ref == NULL)
        return -ENOSPC;
    self->n++;
    return 0;
}

int bank_posted(struct bank *self, const struct bank_posted *posted)
{
    uint8_t account[KEY_BYTES];
    struct line *line = find(self, posted);
    if (line != NULL) {
        line->posting = POSTING_DONE;
        line->note = NULL;
        line->suspense_vnd = posted->suspense_vnd;
        line->organisation = copy(self, posted->organisation);
        return line->organisation == NULL ? -ENOSPC : 0;
    }
    account_hash(posted->account, account);
    return posted->suspense_vnd == 0 || posted->booked_day > self->as_of_day ||
                   map_get(self->accounts, account, sizeof(account)) == NULL
               ? 0
               : add_earlier(self, posted);
}

void bank_line_posted(struct bank *self, size_t i)
{
    ASSERT(i < self->n && self->lines[i].posting == POSTING_DUE);
    self->lines[i].posting = POSTING_DONE;
}

int bank_line_refused(struct bank *self, size_t i, const char *why)
{
    ASSERT(i < self->n && self->lines[i].posting == POSTING_DUE);
    self->lines[i].posting = POSTING_REFUSED;
    self->lines[i].note = copy(self, why);
    return self->lines[i].note == NULL ? -ENOSPC : 0;
}

/* --- the result ------------------------------------------------------------------------------- */

static int age_of(const struct bank *self, const struct line *line)
{
    return line->suspense_vnd == 0 || line->booked_day == 0 ? 0
                                                            : self->as_of_day - line->booked_day;
}

static unsigned age_i(int days)
{
    unsigned i = 0;
    while (i < BANK_AGES - 1 && days > bank_age_days[i])
        i++;
    return i;
}

static void sum_add(struct bank_sum *sum, int64_t vnd)
{
    sum->n++;
    sum->vnd += vnd;
}

/* Journals have an order of their own. */
static int compare_earlier(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->booked_day != y->booked_day)
        return x->booked_day < y->booked_day ? -1 : 1;
    int order = strcmp(x->account, y->account);
    if (order == 0)
        order = strcmp(x->statement_id, y->statement_id);
    return order == 0 ? strcmp(x->entry_ref, y->entry_ref) : order;
}

void bank_settle(struct bank *self, int64_t due_vnd, struct bank_result *ret)
{
    if (self->n > self->n_given)
        qsort(self->lines + self->n_given, self->n - self->n_given, sizeof(*self->lines),
              compare_earlier);
    *ret = (struct bank_result){.due_vnd = due_vnd, .as_of_day = self->as_of_day};
    for (size_t i = 0; i < self->n; i++) {
        const struct line *line = &self->lines[i];
        sum_add(&ret->sums[line->class], line->amount_vnd);
        if (line->suspense_vnd == 0)
            continue;
        sum_add(&ret->suspense, line->suspense_vnd);
        sum_add(&ret->ages[age_i(age_of(self, line))], line->suspense_vnd);
    }
    ret->received_vnd = ret->sums[BANK_REMITTANCE].vnd;
    ret->state = ret->received_vnd == due_vnd  ? REMITTANCE_MATCHED
                 : ret->received_vnd > due_vnd ? REMITTANCE_OVER
                 : ret->received_vnd > 0       ? REMITTANCE_PARTIAL
                                               : REMITTANCE_MISSING;
}

size_t bank_count(const struct bank *self)
{
    return self->n;
}

static void name(const struct line *line, struct bank_line *ret)
{
    if (line->entry_ref != NULL) {
        (void)snprintf(ret->entry_ref, sizeof(ret->entry_ref), "%s", line->entry_ref);
        return;
    }
    format_hex(line->key, KEY_BYTES, ret->key);
    format_hex(line->key, ENTRY_BYTES, ret->entry_ref);
}

void bank_line(const struct bank *self, size_t i, struct bank_line *ret)
{
    ASSERT(i < self->n);
    const struct line *line = &self->lines[i];
    *ret =
        (struct bank_line){.class = (enum bank_class)line->class,
                           .amount_vnd = line->amount_vnd,
                           .booked_day = line->booked_day,
                           .suspense_vnd = line->suspense_vnd,
                           .age_days = age_of(self, line),
                           .is_reversal = line->is_reversal,
                           .account = line->account,
                           .bank_reference = line->bank_reference,
                           .reference = line->reference,
                           .organisation = line->organisation,
                           .statement_id = line->statement_id,
                           .books_reference = is_code(line->reference)        ? line->reference
                                              : is_code(line->bank_reference) ? line->bank_reference
                                                                              : "",
                           .posting = (enum match_posting)line->posting,
                           .note = line->note == NULL ? "" : line->note};
    name(line, ret);
}
