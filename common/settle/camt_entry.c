#include "common/settle/camt_entry.h"

#include <errno.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"

#define TOTAL_DIGITS_MAX 18
#define FRACTION_DIGITS_MAX 5

/* --- values ----------------------------------------------------------------------------------- */

int camt_amount_parse(const char *text, int64_t *ret_vnd)
{
    int64_t value = 0;
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > TOTAL_DIGITS_MAX)
        return -EINVAL;
    for (size_t i = 0; i < n; i++)
        value = value * 10 + (text[i] - '0');
    if (text[n] == '.') {
        size_t zeros = strspn(text + n + 1, "0");
        if (zeros == 0 || zeros > FRACTION_DIGITS_MAX)
            return -EINVAL;
        n += 1 + zeros;
    }
    if (text[n] != '\0')
        return -EINVAL;
    *ret_vnd = value;
    return 0;
}

static int take_amount(int64_t *ret, const char *value, const char *currency, struct err *err)
{
    if (currency == NULL || strcmp(currency, "VND") != 0)
        return err_set(err, -EINVAL, "currency \"%.8s\": want VND",
                       currency == NULL ? "" : currency);
    if (camt_amount_parse(value, ret) < 0)
        return err_set(err, -EINVAL, "\"%.40s\": want whole dong", value);
    return 0;
}

static int take_sign(int *ret, const char *value, struct err *err)
{
    *ret = strcmp(value, "CRDT") == 0 ? 1 : strcmp(value, "DBIT") == 0 ? -1 : 0;
    return *ret != 0 ? 0 : err_set(err, -EINVAL, "\"%.40s\": want CRDT or DBIT", value);
}

static int take_text(char *ret, size_t size, const char *value, struct err *err)
{
    size_t len = strlen(value);
    if (len >= size)
        return err_set(err, -EINVAL, "longer than %zu bytes", size - 1);
    memcpy(ret, value, len + 1);
    return 0;
}

/* The first of several counts. */
static int take_first(char *ret, size_t size, const char *value, struct err *err)
{
    return ret[0] != '\0' ? 0 : take_text(ret, size, value, err);
}

/* A date, or the date of a date and time as the bank writes it. */
static int take_day(int32_t *ret, const char *value, int has_time, struct err *err)
{
    char date[DATE_TEXT_BYTES] = "";
    if (strlen(value) >= DATE_TEXT_BYTES - 1)
        memcpy(date, value, DATE_TEXT_BYTES - 1);
    int is_cut = date[0] == '\0' || value[DATE_TEXT_BYTES - 1] != (has_time ? 'T' : '\0');
    if (is_cut || date_parse(date, ret) < 0)
        return err_set(err, -EINVAL, "\"%.40s\": want a date", value);
    return 0;
}

/* Pieces of free text stand one behind the other, as far as there is room. */
static void add_text(char ret[CAMT_TEXT_MAX_BYTES + 1], const char *value)
{
    size_t len = strlen(ret), n = strlen(value), space = len > 0;
    if (len + space + n > CAMT_TEXT_MAX_BYTES)
        return;
    if (space)
        ret[len] = ' ';
    memcpy(ret + len + space, value, n + 1);
}

static int take_status(struct camt_entry_state *entry, const char *code, unsigned version,
                       struct err *err)
{
    int is_booked = strcmp(code, "BOOK") == 0;
    if (version == 2 && !is_booked && strcmp(code, "PDNG") != 0 && strcmp(code, "INFO") != 0)
        return err_set(err, -EINVAL, "\"%.40s\": want BOOK, PDNG or INFO", code);
    entry->has_status = 1;
    entry->status = is_booked ? CAMT_BOOKED : CAMT_NOT_BOOKED;
    return 0;
}

static int take_reversal(struct camt_entry_state *entry, const char *value, struct err *err)
{
    entry->is_reversal = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    return entry->is_reversal || strcmp(value, "false") == 0 || strcmp(value, "0") == 0
               ? 0
               : err_set(err, -EINVAL, "\"%.40s\": want true or false", value);
}

static int value_of_statement(struct camt_state *self, enum camt_node node, const char *value,
                              const char *currency, struct err *err)
{
    struct camt_statement *statement = &self->statement;
    struct camt_balance *balance = &statement->balance;
    switch ((int)node) {
    case NODE_STATEMENT_ID:
        return take_text(statement->id, sizeof(statement->id), value, err);
    case NODE_ACCOUNT_IBAN:
    case NODE_ACCOUNT_OTHER_ID:
        return take_text(statement->account, sizeof(statement->account), value, err);
    case NODE_ACCOUNT_CURRENCY:
        return strcmp(value, "VND") == 0
                   ? 0
                   : err_set(err, -EINVAL, "currency \"%.8s\": want VND", value);
    case NODE_BALANCE_CODE:
        return take_text(balance->code, sizeof(balance->code), value, err);
    case NODE_BALANCE_AMOUNT:
        balance->has_amount = 1;
        return take_amount(&balance->amount_vnd, value, currency, err);
    case NODE_BALANCE_SIGN:
        return take_sign(&balance->sign, value, err);
    default:
        return 0;
    }
}

static int value_of_entry(struct camt_state *self, enum camt_node node, const char *value,
                          const char *currency, struct err *err)
{
    struct camt_entry_state *entry = &self->entry;
    switch ((int)node) {
    case NODE_ENTRY_REFERENCE:
        return take_text(entry->reference, sizeof(entry->reference), value, err);
    case NODE_ENTRY_AMOUNT:
        entry->has_amount = 1;
        return take_amount(&entry->amount_vnd, value, currency, err);
    case NODE_ENTRY_SIGN:
        return take_sign(&entry->sign, value, err);
    case NODE_ENTRY_REVERSAL:
        return take_reversal(entry, value, err);
    case NODE_ENTRY_STATUS:
    case NODE_ENTRY_STATUS_CODE:
        return take_status(entry, value, self->summary->version, err);
    case NODE_ENTRY_STATUS_OTHER:
        return take_status(entry, "", self->summary->version, err);
    case NODE_ENTRY_BOOKED_DAY:
        return take_day(&entry->booked_day, value, 0, err);
    case NODE_ENTRY_BOOKED_TIME:
        return take_day(&entry->booked_day, value, 1, err);
    case NODE_ENTRY_BANK_REFERENCE:
        return take_text(entry->bank_reference, sizeof(entry->bank_reference), value, err);
    default:
        return value_of_statement(self, node, value, currency, err);
    }
}

int camt_value(struct camt_state *self, enum camt_node node, const char *value,
               const char *currency, struct err *err)
{
    struct camt_transaction *current = &self->entry.current;
    switch ((int)node) {
    case NODE_TRANSACTION_AMOUNT:
        current->is_details = 0;
        return take_amount(&current->amount_vnd, value, currency, err);
    case NODE_AMOUNTS_TRANSACTION_AMOUNT:
        if (current->amount_vnd > 0 && !current->is_details)
            return 0;
        current->is_details = 1;
        return take_amount(&current->amount_vnd, value, currency, err);
    case NODE_TRANSACTION_SIGN:
        return take_sign(&current->sign, value, err);
    case NODE_REFERENCES_END_TO_END:
        return take_text(current->end_to_end_id, sizeof(current->end_to_end_id), value, err);
    case NODE_REFERENCES_BANK:
        return take_text(current->bank_reference, sizeof(current->bank_reference), value, err);
    case NODE_REMITTANCE_REFERENCE:
        return take_first(current->reference, sizeof(current->reference), value, err);
    case NODE_REMITTANCE_TEXT:
        add_text(current->text, value);
        return 0;
    default:
        return value_of_entry(self, node, value, currency, err);
    }
}

/* --- rules ------------------------------------------------------------------------------------ */

static int tell(struct camt_state *self, const struct camt_transaction *transaction)
{
    const struct camt_entry_state *entry = &self->entry;
    const char *bank_reference = transaction->bank_reference[0] != '\0'
                                     ? transaction->bank_reference
                                     : entry->bank_reference;
    struct camt_entry told = {
        .line = transaction->line,
        .entry_i = self->summary->n_entries,
        .transaction_i = transaction->i,
        .account = self->statement.account,
        .statement_id = self->statement.id,
        .amount_vnd = transaction->amount_vnd,
        .is_credit = transaction->sign > 0,
        .is_reversal = entry->is_reversal,
        .status = entry->status,
        .booked_day = entry->booked_day,
        .entry_reference = entry->reference,
        .bank_reference = bank_reference,
        .end_to_end_id = transaction->end_to_end_id,
        .reference = transaction->reference,
        .text = transaction->text,
    };
    self->summary->n_transactions++;
    return self->fn(self->arg, &told);
}

/* Tells the transaction that waits: it waits because only its successor shows whether it is the
 * only one of its entry. */
static int tell_waiting(struct camt_state *self, int is_only, struct err *err)
{
    struct camt_transaction *waiting = &self->entry.waiting;
    if (waiting->sign == 0)
        waiting->sign = self->entry.sign;
    if (waiting->amount_vnd == 0 && is_only)
        waiting->amount_vnd = self->entry.amount_vnd;
    if (waiting->amount_vnd == 0 && !is_only)
        return err_set(err, -EINVAL,
                       "the transaction in line %u has no amount, and is not the entry's only one",
                       waiting->line);
    if (__builtin_add_overflow(self->entry.sum_vnd, waiting->sign * waiting->amount_vnd,
                               &self->entry.sum_vnd))
        return err_set(err, -EINVAL, "the sum is beyond what can be counted");
    return tell(self, waiting);
}

static int begin_transaction(struct camt_state *self, unsigned line, struct err *err)
{
    struct camt_entry_state *entry = &self->entry;
    if (entry->n_transactions == CAMT_BATCH_MAX)
        return err_set(err, -EMSGSIZE, "more than %d transactions", CAMT_BATCH_MAX);
    if (!entry->has_amount || entry->sign == 0 || !entry->has_status)
        return err_set(err, -EINVAL, "stands before Amt, CdtDbtInd and Sts of its entry");
    entry->current = (struct camt_transaction){.line = line, .i = entry->n_transactions};
    return 0;
}

static int end_transaction(struct camt_state *self, struct err *err)
{
    struct camt_entry_state *entry = &self->entry;
    int rc = entry->n_transactions > 0 ? tell_waiting(self, 0, err) : 0;
    entry->n_transactions++;
    entry->waiting = entry->current;
    return rc;
}

static int begin_entry(struct camt_state *self, unsigned line, struct err *err)
{
    if (self->statement.account[0] == '\0')
        return err_set(err, -EINVAL, "stands before an Acct with IBAN or Othr/Id");
    if (self->summary->n_entries == CAMT_ENTRIES_MAX)
        return err_set(err, -EMSGSIZE, "more than %d entries", CAMT_ENTRIES_MAX);
    self->entry = (struct camt_entry_state){.line = line};
    return 0;
}

static int add_booked(struct camt_state *self, struct err *err)
{
    const struct camt_entry_state *entry = &self->entry;
    int64_t *side = entry->sign > 0 ? &self->summary->credits_vnd : &self->summary->debits_vnd;
    if (__builtin_add_overflow(*side, entry->amount_vnd, side) ||
        __builtin_add_overflow(self->statement.sum_vnd, entry->sign * entry->amount_vnd,
                               &self->statement.sum_vnd))
        return err_set(err, -EINVAL, "the sum is beyond what can be counted");
    self->summary->last_day = MAX(self->summary->last_day, entry->booked_day);
    return 0;
}

static int end_entry(struct camt_state *self, struct err *err)
{
    struct camt_entry_state *entry = &self->entry;
    const char *missing = !entry->has_amount   ? "Amt"
                          : entry->sign == 0   ? "CdtDbtInd"
                          : !entry->has_status ? "Sts"
                                               : NULL;
    if (missing != NULL)
        return err_set(err, -EINVAL, "has no %s", missing);
    int is_single = entry->n_transactions <= 1;
    if (entry->n_transactions == 0)
        entry->waiting = (struct camt_transaction){.line = entry->line};
    int rc = tell_waiting(self, is_single, err);
    if (rc != 0)
        return rc;
    int64_t amount_vnd = entry->sign * entry->amount_vnd;
    if (entry->sum_vnd != amount_vnd)
        return err_set(err, -EINVAL, "is %lld, its transactions add up to %lld",
                       (long long)amount_vnd, (long long)entry->sum_vnd);
    self->summary->n_entries++;
    return entry->status == CAMT_BOOKED ? add_booked(self, err) : 0;
}

static int end_balance(struct camt_state *self, struct err *err)
{
    struct camt_statement *statement = &self->statement;
    const struct camt_balance *balance = &statement->balance;
    int is_opening = strcmp(balance->code, "OPBD") == 0 || strcmp(balance->code, "PRCD") == 0;
    if (!balance->has_amount || balance->sign == 0)
        return err_set(err, -EINVAL, "has no %s", balance->has_amount ? "CdtDbtInd" : "Amt");
    int64_t amount_vnd = balance->sign * balance->amount_vnd;
    if (strcmp(balance->code, "CLBD") == 0) {
        if (statement->has_closing)
            return err_set(err, -EINVAL, "CLBD stands twice");
        statement->has_closing = 1;
        statement->closing_vnd = amount_vnd;
    } else if (is_opening) {
        if (statement->has_opening && statement->opening_vnd != amount_vnd)
            return err_set(err, -EINVAL, "there are two that open, with different amounts");
        statement->has_opening = 1;
        statement->opening_vnd = amount_vnd;
    }
    return 0;
}

static int end_statement(struct camt_state *self, struct err *err)
{
    const struct camt_statement *statement = &self->statement;
    int64_t expected_vnd;
    self->summary->n_statements++;
    if (statement->account[0] == '\0')
        return err_set(err, -EINVAL, "has no Acct with IBAN or Othr/Id");
    if (self->summary->kind == CAMT_NOTIFICATION)
        return 0;
    if (!statement->has_opening || !statement->has_closing)
        return err_set(err, -EINVAL, "has no balance %s",
                       statement->has_opening ? "CLBD" : "OPBD or PRCD");
    if (__builtin_add_overflow(statement->opening_vnd, statement->sum_vnd, &expected_vnd) ||
        expected_vnd != statement->closing_vnd)
        return err_set(err, -EINVAL, "opens with %lld, entries are %lld, closes with %lld",
                       (long long)statement->opening_vnd, (long long)statement->sum_vnd,
                       (long long)statement->closing_vnd);
    return 0;
}

int camt_begin(struct camt_state *self, enum camt_node node, unsigned line, struct err *err)
{
    switch ((int)node) {
    case NODE_STATEMENT:
        self->statement = (struct camt_statement){.line = line};
        return 0;
    case NODE_BALANCE:
        self->statement.balance = (struct camt_balance){.sign = 0};
        return 0;
    case NODE_ENTRY:
        return begin_entry(self, line, err);
    case NODE_TRANSACTION:
        return begin_transaction(self, line, err);
    default:
        return 0;
    }
}

int camt_end(struct camt_state *self, enum camt_node node, struct err *err)
{
    switch ((int)node) {
    case NODE_STATEMENT:
        return end_statement(self, err);
    case NODE_BALANCE:
        return end_balance(self, err);
    case NODE_ENTRY:
        return end_entry(self, err);
    case NODE_TRANSACTION:
        return end_transaction(self, err);
    default:
        return 0;
    }
}
