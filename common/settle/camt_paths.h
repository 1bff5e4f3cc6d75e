/* The elements of a camt file that are looked at, as a tree. Private to the reader. */
#ifndef ANSINH_SETTLE_CAMT_PATHS_H
#define ANSINH_SETTLE_CAMT_PATHS_H

#include "common/settle/camt.h"

enum camt_node {
    NODE_OTHER, /* not looked at, nor what is in it */
    NODE_NONE,  /* above the root */
    NODE_DOCUMENT,
    NODE_MESSAGE,
    NODE_STATEMENT,
    NODE_STATEMENT_ID,
    NODE_ACCOUNT,
    NODE_ACCOUNT_ID,
    NODE_ACCOUNT_IBAN,
    NODE_ACCOUNT_OTHER,
    NODE_ACCOUNT_OTHER_ID,
    NODE_ACCOUNT_CURRENCY,
    NODE_BALANCE,
    NODE_BALANCE_TYPE,
    NODE_BALANCE_CHOICE,
    NODE_BALANCE_CODE,
    NODE_BALANCE_AMOUNT,
    NODE_BALANCE_SIGN,
    NODE_ENTRY,
    NODE_ENTRY_REFERENCE,
    NODE_ENTRY_AMOUNT,
    NODE_ENTRY_SIGN,
    NODE_ENTRY_REVERSAL,
    NODE_ENTRY_STATUS, /* of version 02 */
    NODE_ENTRY_STATUS_CHOICE,
    NODE_ENTRY_STATUS_CODE, /* of version 08 */
    NODE_ENTRY_STATUS_OTHER,
    NODE_ENTRY_BOOKED,
    NODE_ENTRY_BOOKED_DAY,
    NODE_ENTRY_BOOKED_TIME,
    NODE_ENTRY_BANK_REFERENCE,
    NODE_ENTRY_DETAILS,
    NODE_TRANSACTION,
    NODE_REFERENCES,
    NODE_REFERENCES_END_TO_END,
    NODE_REFERENCES_BANK,
    NODE_TRANSACTION_AMOUNT, /* of version 08 */
    NODE_TRANSACTION_SIGN,
    NODE_AMOUNTS,
    NODE_AMOUNTS_TRANSACTION,
    NODE_AMOUNTS_TRANSACTION_AMOUNT,
    NODE_REMITTANCE,
    NODE_REMITTANCE_TEXT,
    NODE_REMITTANCE_STRUCTURED,
    NODE_REMITTANCE_CREDITOR,
    NODE_REMITTANCE_REFERENCE,
    NODE_FOREIGN, /* SplmtryData: of any namespace */
};

struct camt_element {
    enum camt_node parent;
    const char *name;
    enum camt_node node;
    int is_value;        /* its text is a value */
    enum camt_kind kind; /* 0: of both */
    unsigned version;    /* 0: of both */
};

/* An element in another one; one of node NODE_OTHER when it is not looked at. */
const struct camt_element *camt_child(enum camt_node parent, const char *name, enum camt_kind kind,
                                      unsigned version);

#endif
