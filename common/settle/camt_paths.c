#include "common/settle/camt_paths.h"

#include <string.h>

#include "common/base/macros.h"

static const struct camt_element elements[] = {
    {NODE_NONE, "Document", NODE_DOCUMENT, 0, 0, 0},
    {NODE_DOCUMENT, "BkToCstmrStmt", NODE_MESSAGE, 0, CAMT_STATEMENT, 0},
    {NODE_DOCUMENT, "BkToCstmrDbtCdtNtfctn", NODE_MESSAGE, 0, CAMT_NOTIFICATION, 0},
    {NODE_MESSAGE, "Stmt", NODE_STATEMENT, 0, CAMT_STATEMENT, 0},
    {NODE_MESSAGE, "Ntfctn", NODE_STATEMENT, 0, CAMT_NOTIFICATION, 0},
    {NODE_MESSAGE, "SplmtryData", NODE_FOREIGN, 0, 0, 8},
    {NODE_STATEMENT, "Ntry", NODE_ENTRY, 0, 0, 0},
    {NODE_STATEMENT, "Bal", NODE_BALANCE, 0, CAMT_STATEMENT, 0},
    {NODE_STATEMENT, "Acct", NODE_ACCOUNT, 0, 0, 0},
    {NODE_STATEMENT, "Id", NODE_STATEMENT_ID, 1, 0, 0},
    {NODE_ACCOUNT, "Id", NODE_ACCOUNT_ID, 0, 0, 0},
    {NODE_ACCOUNT, "Ccy", NODE_ACCOUNT_CURRENCY, 1, 0, 0},
    {NODE_ACCOUNT_ID, "IBAN", NODE_ACCOUNT_IBAN, 1, 0, 0},
    {NODE_ACCOUNT_ID, "Othr", NODE_ACCOUNT_OTHER, 0, 0, 0},
    {NODE_ACCOUNT_OTHER, "Id", NODE_ACCOUNT_OTHER_ID, 1, 0, 0},
    {NODE_BALANCE, "Tp", NODE_BALANCE_TYPE, 0, 0, 0},
    {NODE_BALANCE, "Amt", NODE_BALANCE_AMOUNT, 1, 0, 0},
    {NODE_BALANCE, "CdtDbtInd", NODE_BALANCE_SIGN, 1, 0, 0},
    {NODE_BALANCE_TYPE, "CdOrPrtry", NODE_BALANCE_CHOICE, 0, 0, 0},
    {NODE_BALANCE_CHOICE, "Cd", NODE_BALANCE_CODE, 1, 0, 0},
    {NODE_ENTRY, "NtryRef", NODE_ENTRY_REFERENCE, 1, 0, 0},
    {NODE_ENTRY, "Amt", NODE_ENTRY_AMOUNT, 1, 0, 0},
    {NODE_ENTRY, "CdtDbtInd", NODE_ENTRY_SIGN, 1, 0, 0},
    {NODE_ENTRY, "RvslInd", NODE_ENTRY_REVERSAL, 1, 0, 0},
    {NODE_ENTRY, "Sts", NODE_ENTRY_STATUS, 1, 0, 2},
    {NODE_ENTRY, "Sts", NODE_ENTRY_STATUS_CHOICE, 0, 0, 8},
    {NODE_ENTRY, "BookgDt", NODE_ENTRY_BOOKED, 0, 0, 0},
    {NODE_ENTRY, "AcctSvcrRef", NODE_ENTRY_BANK_REFERENCE, 1, 0, 0},
    {NODE_ENTRY, "NtryDtls", NODE_ENTRY_DETAILS, 0, 0, 0},
    {NODE_ENTRY_STATUS_CHOICE, "Cd", NODE_ENTRY_STATUS_CODE, 1, 0, 0},
    {NODE_ENTRY_STATUS_CHOICE, "Prtry", NODE_ENTRY_STATUS_OTHER, 1, 0, 0},
    {NODE_ENTRY_BOOKED, "Dt", NODE_ENTRY_BOOKED_DAY, 1, 0, 0},
    {NODE_ENTRY_BOOKED, "DtTm", NODE_ENTRY_BOOKED_TIME, 1, 0, 0},
    {NODE_ENTRY_DETAILS, "TxDtls", NODE_TRANSACTION, 0, 0, 0},
    {NODE_TRANSACTION, "Refs", NODE_REFERENCES, 0, 0, 0},
    {NODE_TRANSACTION, "Amt", NODE_TRANSACTION_AMOUNT, 1, 0, 8},
    {NODE_TRANSACTION, "CdtDbtInd", NODE_TRANSACTION_SIGN, 1, 0, 8},
    {NODE_TRANSACTION, "AmtDtls", NODE_AMOUNTS, 0, 0, 0},
    {NODE_TRANSACTION, "RmtInf", NODE_REMITTANCE, 0, 0, 0},
    {NODE_TRANSACTION, "SplmtryData", NODE_FOREIGN, 0, 0, 8},
    {NODE_REFERENCES, "EndToEndId", NODE_REFERENCES_END_TO_END, 1, 0, 0},
    {NODE_REFERENCES, "AcctSvcrRef", NODE_REFERENCES_BANK, 1, 0, 0},
    {NODE_AMOUNTS, "TxAmt", NODE_AMOUNTS_TRANSACTION, 0, 0, 0},
    {NODE_AMOUNTS_TRANSACTION, "Amt", NODE_AMOUNTS_TRANSACTION_AMOUNT, 1, 0, 0},
    {NODE_REMITTANCE, "Ustrd", NODE_REMITTANCE_TEXT, 1, 0, 0},
    {NODE_REMITTANCE, "Strd", NODE_REMITTANCE_STRUCTURED, 0, 0, 0},
    {NODE_REMITTANCE_STRUCTURED, "CdtrRefInf", NODE_REMITTANCE_CREDITOR, 0, 0, 0},
    {NODE_REMITTANCE_CREDITOR, "Ref", NODE_REMITTANCE_REFERENCE, 1, 0, 0},
};

const struct camt_element *camt_child(enum camt_node parent, const char *name, enum camt_kind kind,
                                      unsigned version)
{
    static const struct camt_element other = {NODE_OTHER, "", NODE_OTHER, 0, 0, 0};
    static const struct camt_element foreign = {NODE_OTHER, "SplmtryData", NODE_FOREIGN, 0, 0, 0};
    if (parent == NODE_FOREIGN || (parent == NODE_OTHER && strcmp(name, foreign.name) == 0))
        return &foreign;
    for (size_t i = 0; i < ARRAY_LEN(elements); i++) {
        const struct camt_element *element = &elements[i];
        if (element->parent == parent && (element->kind == 0 || element->kind == kind) &&
            (element->version == 0 || element->version == version) &&
            strcmp(element->name, name) == 0)
            return element;
    }
    return &other;
}
