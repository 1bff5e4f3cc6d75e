/* What a bank says happened on an account: ISO 20022 camt.053 (statement) and camt.054 (debit and
 * credit notification), versions 02 and 08, read through libxml2's streaming reader.
 *
 * Nothing is fetched and no entity is expanded: a document type declaration refuses the file. Every
 * element must be of the file's own namespace, but for what stands in SplmtryData. Memory does not
 * grow with the file. */
#ifndef ANSINH_SETTLE_CAMT_H
#define ANSINH_SETTLE_CAMT_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/settle/source.h"

#define CAMT_TEXT_MAX_BYTES 640
#define CAMT_REFERENCE_BYTES 144           /* Max35Text in UTF-8, and NUL */
#define CAMT_TOKEN_MAX_BYTES (1024 * 1024) /* read between one piece of XML and the next */
#define CAMT_ENTRIES_MAX 5000000
#define CAMT_BATCH_MAX 100000                    /* transactions of one entry */
#define CAMT_AMOUNT_MAX_VND 999999999999999999LL /* totalDigits 18 */

enum camt_kind { CAMT_STATEMENT = 53, CAMT_NOTIFICATION = 54 };
enum camt_status { CAMT_BOOKED = 1, CAMT_NOT_BOOKED };

/* One transaction: of an entry with several, each; of one without details, the entry itself. Texts
 * are borrowed during the call; empty where the bank says nothing. */
struct camt_entry {
    unsigned line;          /* where it begins, from 1 */
    unsigned entry_i;       /* of the file, from 0 */
    unsigned transaction_i; /* of the entry, from 0 */
    const char *account;    /* IBAN or another number */
    const char *statement_id;
    int64_t amount_vnd;
    int is_credit;   /* what it does to the account, also when it is a reversal */
    int is_reversal; /* takes back an earlier entry of the other direction */
    enum camt_status status;
    int32_t booked_day;          /* 0: not said */
    const char *entry_reference; /* the bank's, of the whole entry */
    const char *bank_reference;  /* the bank's, of the transaction, else of the entry */
    const char *end_to_end_id;
    const char *reference; /* structured: of the creditor; the first one */
    const char *text;      /* unstructured, pieces joined by spaces */
};

struct camt_summary {
    enum camt_kind kind;
    unsigned version; /* 2 or 8 */
    unsigned n_statements, n_entries, n_transactions;
    int64_t credits_vnd, debits_vnd; /* booked */
    int32_t last_day;                /* the latest booking day; 0: none */
};

/* Called with each transaction; another answer than 0 ends the reading with it. */
typedef int (*camt_entry_fn)(void *arg, const struct camt_entry *entry);

/* Reads a file. -EINVAL: err names line and element of what is wrong with it: not well-formed, a
 * document type, another namespace or version, a missing or wrong value, another currency than VND,
 * transactions that are not the entry's amount, balances (of camt.053: opening and closing, booked)
 * that the booked entries do not lead from one to the other. -EMSGSIZE: a limit above is passed.
 * -EIO: it cannot be read on; or what fn answered. Until it has answered 0 nothing that fn was told
 * may be believed. */
int camt_read(settle_read_fn read, void *read_arg, camt_entry_fn fn, void *arg,
              struct camt_summary *ret, struct err *err) MUST_CHECK;

#endif
