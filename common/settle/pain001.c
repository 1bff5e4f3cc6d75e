#include "common/settle/pain001.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/eod_fields.h"
#include "common/settle/instant.h"

#define PARTNER_MAX_BYTES 26
#define DAY_DIGITS 8
#define NAME_MAX_CHARS 140
#define ACCOUNT_MAX_BYTES 34
#define AMOUNT_MAX_VND 999999999999999999LL /* 18 digits */
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* --- the reference ---------------------------------------------------------------------------- */

int remittance_reference(const char *partner, int32_t business_day,
                         char ret[REMITTANCE_REFERENCE_BYTES])
{
    char date[DATE_TEXT_BYTES];
    if (!eod_is_code(partner) || strlen(partner) > PARTNER_MAX_BYTES)
        return -EMSGSIZE;
    date_format(business_day, date);
    (void)snprintf(ret, REMITTANCE_REFERENCE_BYTES, "%.26s-%.4s%.2s%.2s", partner, date, date + 5,
                   date + 8);
    return 0;
}

int remittance_reference_parse(const char *text, char ret_partner[27], int32_t *ret_business_day)
{
    char date[DATE_TEXT_BYTES];
    const char *dash = strrchr(text, '-');
    if (dash == NULL || dash == text || dash - text > PARTNER_MAX_BYTES ||
        !parse_is_digits(dash + 1, DAY_DIGITS))
        return -EINVAL;
    (void)snprintf(date, sizeof(date), "%.4s-%.2s-%.2s", dash + 1, dash + 5, dash + 7);
    (void)snprintf(ret_partner, PARTNER_MAX_BYTES + 1, "%.*s", (int)(dash - text), text);
    return eod_is_code(ret_partner) ? date_parse(date, ret_business_day) : -EINVAL;
}

/* --- the document ----------------------------------------------------------------------------- */

static void put_escaped(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                                            : NULL;
        (void)(entity != NULL ? buf_puts(out, entity) : buf_putc(out, *text));
    }
}

static void element(struct buf *out, const char *name, const char *value)
{
    (void)buf_printf(out, "<%s>", name);
    put_escaped(out, value);
    (void)buf_printf(out, "</%s>", name);
}

static int check_party(const struct remittance_party *party, const char *field, struct err *err)
{
    size_t account_len = strlen(party->account), bank_len = strlen(party->bank);
    size_t name_len = strlen(party->name);
    if (name_len == 0 || !parse_is_utf8(party->name, name_len) ||
        parse_utf8_length(party->name) > NAME_MAX_CHARS || strpbrk(party->name, "\r\n\t") != NULL)
        return err_field(err, -EINVAL, field, "%s: want a name of 1 to %d characters", field,
                         NAME_MAX_CHARS);
    if (account_len == 0 || account_len > ACCOUNT_MAX_BYTES ||
        strspn(party->account, UPPER DIGITS) != account_len)
        return err_field(err, -EINVAL, field, "%s: want an account of 1 to %d digits or capitals",
                         field, ACCOUNT_MAX_BYTES);
    if ((bank_len != 8 && bank_len != 11) || strspn(party->bank, UPPER DIGITS) != bank_len ||
        strspn(party->bank + 4, UPPER) < 2)
        return err_field(err, -EINVAL, field, "%s: want a BIC of 8 or 11 characters", field);
    return 0;
}

static void put_bank(struct buf *out, const char *name, const struct remittance_party *party)
{
    (void)buf_printf(out, "<%s><FinInstnId>", name);
    element(out, "BICFI", party->bank);
    (void)buf_printf(out, "</FinInstnId></%s>", name);
}

static void put_account(struct buf *out, const char *name, const struct remittance_party *party)
{
    (void)buf_printf(out, "<%s><Id><Othr>", name);
    element(out, "Id", party->account);
    (void)buf_printf(out, "</Othr></Id><Ccy>VND</Ccy></%s>", name);
}

static void put_header(struct buf *out, const struct remittance *remittance, const char *reference)
{
    char created[INSTANT_TEXT_BYTES];
    instant_format(remittance->created_ms, created);
    (void)buf_puts(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\">"
                        "<CstmrCdtTrfInitn>\n<GrpHdr>");
    element(out, "MsgId", reference);
    element(out, "CreDtTm", created);
    (void)buf_printf(out, "<NbOfTxs>1</NbOfTxs><CtrlSum>%lld</CtrlSum><InitgPty>",
                     (long long)remittance->amount_vnd);
    element(out, "Nm", remittance->from.name);
    (void)buf_puts(out, "</InitgPty></GrpHdr>\n");
}

static void put_payment(struct buf *out, const struct remittance *remittance, const char *reference)
{
    char day[DATE_TEXT_BYTES];
    date_format(remittance->execution_day, day);
    (void)buf_puts(out, "<PmtInf>");
    element(out, "PmtInfId", reference);
    (void)buf_printf(out, "<PmtMtd>TRF</PmtMtd><NbOfTxs>1</NbOfTxs><CtrlSum>%lld</CtrlSum>",
                     (long long)remittance->amount_vnd);
    (void)buf_puts(out, "<ReqdExctnDt>");
    element(out, "Dt", day);
    (void)buf_puts(out, "</ReqdExctnDt><Dbtr>");
    element(out, "Nm", remittance->from.name);
    (void)buf_puts(out, "</Dbtr>");
    put_account(out, "DbtrAcct", &remittance->from);
    put_bank(out, "DbtrAgt", &remittance->from);
    (void)buf_puts(out, "\n<CdtTrfTxInf><PmtId>");
    element(out, "InstrId", reference);
    element(out, "EndToEndId", reference);
    (void)buf_printf(out, "</PmtId><Amt><InstdAmt Ccy=\"VND\">%lld</InstdAmt></Amt>",
                     (long long)remittance->amount_vnd);
    put_bank(out, "CdtrAgt", &remittance->to);
    (void)buf_puts(out, "<Cdtr>");
    element(out, "Nm", remittance->to.name);
    (void)buf_puts(out, "</Cdtr>");
    put_account(out, "CdtrAcct", &remittance->to);
    (void)buf_puts(out, "<RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp>");
    element(out, "Ref", reference);
    (void)buf_puts(out, "</CdtrRefInf></Strd></RmtInf></CdtTrfTxInf>\n</PmtInf>\n"
                        "</CstmrCdtTrfInitn></Document>\n");
}

int pain001_write(const struct remittance *remittance, struct buf *ret, struct err *err)
{
    char reference[REMITTANCE_REFERENCE_BYTES];
    if (remittance_reference(remittance->partner, remittance->business_day, reference) < 0)
        return err_field(err, -EINVAL, "partner", "partner: want a code of 1 to %d characters",
                         PARTNER_MAX_BYTES);
    if (remittance->amount_vnd <= 0 || remittance->amount_vnd > AMOUNT_MAX_VND)
        return err_field(err, -EINVAL, "amount_vnd", "amount_vnd: want more than 0");
    if (check_party(&remittance->from, "from", err) < 0 ||
        check_party(&remittance->to, "to", err) < 0)
        return -EINVAL;
    put_header(ret, remittance, reference);
    put_payment(ret, remittance, reference);
    return ret->failed < 0 ? err_set(err, ret->failed, "the document does not fit") : 0;
}
