#include "tests/support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "common/domain/calendar.h"
#include "common/settle/camt.h"
#include "tests/support/texts.h"

#define FILE_BYTES (4 * 1024 * 1024)
#define SEEN_MAX 16
#define FLOOD_BYTES (1ULL << 30)
#define MEMORY_MAX_KIB (256L * 1024) /* sanitizers take their part */
#define PLACE "urn:iso:std:iso:20022:tech:xsd:"

struct seen {
    struct camt_entry entries[SEEN_MAX];
    char account[SEEN_MAX][40], bank[SEEN_MAX][40], end[SEEN_MAX][40], reference[SEEN_MAX][40],
        text[SEEN_MAX][CAMT_TEXT_MAX_BYTES + 1];
    unsigned n;
};

static struct seen seen;
static struct camt_summary summary;
static struct err err;
static char file[FILE_BYTES];

static int on_entry(void *arg, const struct camt_entry *entry)
{
    struct seen *self = arg;
    unsigned i = self->n++;
    if (i >= SEEN_MAX)
        return 0;
    self->entries[i] = *entry;
    (void)snprintf(self->account[i], sizeof(self->account[i]), "%s", entry->account);
    (void)snprintf(self->bank[i], sizeof(self->bank[i]), "%s", entry->bank_reference);
    (void)snprintf(self->end[i], sizeof(self->end[i]), "%s", entry->end_to_end_id);
    (void)snprintf(self->reference[i], sizeof(self->reference[i]), "%s", entry->reference);
    (void)snprintf(self->text[i], sizeof(self->text[i]), "%s", entry->text);
    return strcmp(entry->text, "stop") == 0 ? -ECANCELED : 0;
}

static int read_source(settle_read_fn read, void *source)
{
    memset(&seen, 0, sizeof(seen));
    err = (struct err){0};
    return camt_read(read, source, on_entry, &seen, &summary, &err);
}

static int read_text(const char *text)
{
    struct text_source source = text_source(text);
    return read_source(text_read, &source);
}

static void assert_refused(const char *text, const char *why)
{
    assert_int_equal(read_text(text), -EINVAL);
    if (strstr(err.text, why) == NULL)
        print_error("said: %s\nwant: %s\n", err.text, why);
    assert_non_null(strstr(err.text, why));
}

/* A statement whose entries stand from line 5 on; it opens with 100. */
static const char *statement(const char *version, long long closing, const char *entries)
{
    (void)snprintf(
        file, sizeof(file),
        "<Document xmlns=\"" PLACE "camt.053.001.%s\"><BkToCstmrStmt><GrpHdr/><Stmt><Id>S</Id>\n"
        "<Acct><Id><IBAN>VN01</IBAN></Id></Acct>\n"
        "<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"VND\">100</Amt>"
        "<CdtDbtInd>CRDT</CdtDbtInd></Bal>\n"
        "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"VND\">%lld</Amt>"
        "<CdtDbtInd>%s</CdtDbtInd></Bal>\n%s</Stmt></BkToCstmrStmt></Document>",
        version, closing < 0 ? -closing : closing, closing < 0 ? "DBIT" : "CRDT", entries);
    return file;
}

#define AMOUNT(vnd) "<Amt Ccy=\"VND\">" vnd "</Amt>"
#define IN "<CdtDbtInd>CRDT</CdtDbtInd>"
#define OUT "<CdtDbtInd>DBIT</CdtDbtInd>"
#define BOOKED_2 "<Sts>BOOK</Sts>"
#define BOOKED_8 "<Sts><Cd>BOOK</Cd></Sts>"
#define ENTRY_2 "<Ntry>" AMOUNT("7") IN BOOKED_2 "</Ntry>"
#define ENTRY_8 "<Ntry>" AMOUNT("7") IN BOOKED_8 "</Ntry>"

static char *copy_of(const char *text)
{
    static char copy[FILE_BYTES];
    return strcpy(copy, text);
}

/* --- the good --------------------------------------------------------------------------------- */

static int read_example(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof(path), "docs/examples/%s", name);
    FILE *example = fopen(path, "re");
    assert_non_null(example);
    int rc = read_source(settle_read_file, example);
    assert_int_equal(fclose(example), 0);
    if (rc < 0)
        print_error("%s\n", err.text);
    return rc;
}

static void the_example_of_version_02_is_read(void **state)
{
    (void)state;
    assert_int_equal(read_example("camt.053.001.02.xml"), 0);
    assert_int_equal(summary.kind, CAMT_STATEMENT);
    assert_int_equal(summary.version, 2);
    assert_int_equal(summary.n_entries, 2);
    assert_int_equal(summary.credits_vnd, 924000);
    assert_int_equal(summary.last_day, date_make(2026, 11, 23));
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.entries[0].amount_vnd, 594000);
    assert_int_equal(seen.entries[0].status, CAMT_BOOKED);
    assert_true(seen.entries[0].is_credit);
    assert_int_equal(seen.entries[0].line, 64); /* of its TxDtls */
    assert_string_equal(seen.account[0], "0123456789");
    assert_string_equal(seen.bank[0], "FT26327000001");
    assert_string_equal(seen.reference[0], "VNPOST-20261122");
    assert_string_equal(seen.end[0], "VNPOST-20261122");
    assert_string_equal(seen.text[1], "NOP TIEN BHXH THANG 11");
    assert_string_equal(seen.reference[1], "");
}

static void the_example_of_version_08_is_read(void **state)
{
    (void)state;
    assert_int_equal(read_example("camt.053.001.08.xml"), 0);
    assert_int_equal(summary.version, 8);
    assert_int_equal(summary.n_entries, 3);
    assert_int_equal(summary.n_transactions, 4);
    assert_int_equal(summary.credits_vnd, 660000);
    assert_int_equal(summary.debits_vnd, 330000);
    assert_string_equal(seen.bank[0], "FT26328000007-1");
    assert_int_equal(seen.entries[0].amount_vnd, 330000);
    assert_int_equal(seen.entries[1].transaction_i, 1);
    assert_string_equal(seen.reference[1], "VTPOST-20261123");
    assert_true(seen.entries[2].is_reversal);
    assert_false(seen.entries[2].is_credit);
    assert_int_equal(seen.entries[3].status, CAMT_NOT_BOOKED);
    assert_int_equal(seen.entries[3].booked_day, 0);
}

static void notifications_are_read(void **state)
{
    (void)state;
    assert_int_equal(read_example("camt.054.001.02.xml"), 0);
    assert_int_equal(summary.kind, CAMT_NOTIFICATION);
    assert_int_equal(seen.n, 2);
    assert_int_equal(read_example("camt.054.001.08.xml"), 0);
    assert_int_equal(seen.n, 2);
    assert_string_equal(seen.end[1], "VTPOST-20261123");
}

static void a_file_may_come_byte_by_byte(void **state)
{
    (void)state;
    struct text_source source = text_source(statement("02", 107, ENTRY_2));
    source.piece_bytes = 1;
    assert_int_equal(read_source(text_read, &source), 0);
    assert_int_equal(seen.n, 1);
}

static void amounts_are_whole_dong(void **state)
{
    (void)state;
    static const char *const good[] = {"7", "7.0", "7.00000", "000000000000000007", " 7\n"};
    static const char *const bad[] = {"7.5",      "7.",  "-7",   "+7", "7,0", "7 0",
                                      "0x7",      "7e0", "7.01", ".7", "",    "1234567890123456789",
                                      "7.000000", "NaN"};
    char entry[256];
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        (void)snprintf(entry, sizeof(entry),
                       "<Ntry><Amt Ccy=\"VND\">%s</Amt>" IN BOOKED_2 "</Ntry>", good[i]);
        assert_int_equal(read_text(statement("02", 107, entry)), 0);
        assert_int_equal(seen.entries[0].amount_vnd, 7);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        (void)snprintf(entry, sizeof(entry),
                       "<Ntry><Amt Ccy=\"VND\">%s</Amt>" IN BOOKED_2 "</Ntry>", bad[i]);
        assert_refused(statement("02", 107, entry), "line 5: Stmt/Ntry/Amt: ");
    }
    assert_refused(statement("02", 107, "<Ntry><Amt Ccy=\"USD\">7</Amt></Ntry>"),
                   "line 5: Stmt/Ntry/Amt: currency \"USD\": want VND");
    assert_refused(statement("02", 107, "<Ntry><Amt>7</Amt></Ntry>"), "want VND");
    assert_int_equal(read_text(statement("02", 100, "<Ntry>" AMOUNT("0") IN BOOKED_2 "</Ntry>")),
                     0);
    static const char big[] = "<Ntry>" AMOUNT("999999999999999899") IN BOOKED_2 "</Ntry>";
    assert_int_equal(read_text(statement("02", 999999999999999999, big)), 0);
    assert_int_equal(seen.entries[0].amount_vnd, 999999999999999899);
}

static void batches_add_up_to_their_entry(void **state)
{
    (void)state;
#define PART(vnd) "<TxDtls>" AMOUNT(vnd) "</TxDtls>"
#define PARTS(parts) "<Ntry>" AMOUNT("7") IN BOOKED_8 "<NtryDtls>" parts "</NtryDtls></Ntry>"
    assert_int_equal(read_text(statement("08", 107, PARTS(PART("3") PART("4")))), 0);
    assert_int_equal(seen.n, 2);
    assert_int_equal(
        read_text(statement("08", 107, PARTS(PART("3") "</NtryDtls><NtryDtls>" PART("4")))), 0);
    assert_int_equal(seen.entries[1].transaction_i, 1);
    assert_refused(statement("08", 107, PARTS(PART("3") PART("5"))),
                   "line 5: Stmt/Ntry: is 7, its transactions add up to 8");
    assert_refused(statement("08", 107, PARTS(PART("7") "<TxDtls/>")), "has no amount");
    assert_refused(statement("08", 107, PARTS("<TxDtls/>\n" PART("7"))),
                   "the transaction in line 5 has no amount");
    assert_int_equal(read_text(statement("08", 107, PARTS("<TxDtls/>"))), 0);
    assert_int_equal(seen.entries[0].amount_vnd, 7);
    /* one that goes the other way */
    assert_int_equal(
        read_text(statement("08", 107, PARTS(PART("9") "<TxDtls>" AMOUNT("2") OUT "</TxDtls>"))),
        0);
    assert_false(seen.entries[1].is_credit);
}

static void amounts_stand_elsewhere_in_each_version(void **state)
{
    (void)state;
#define DETAILS(vnd) "<AmtDtls><TxAmt>" AMOUNT(vnd) "</TxAmt></AmtDtls>"
    assert_int_equal(read_text(statement("02", 107,
                                         "<Ntry>" AMOUNT("7") IN BOOKED_2
                                         "<NtryDtls>"
                                         "<TxDtls>" DETAILS("3") "</TxDtls><TxDtls>" DETAILS(
                                             "4") "</TxDtls></NtryDtls></Ntry>")),
                     0);
    assert_int_equal(seen.entries[0].amount_vnd, 3);
    assert_int_equal(
        read_text(statement("08", 107, PARTS("<TxDtls>" AMOUNT("7") DETAILS("9") "</TxDtls>"))), 0);
    assert_int_equal(seen.entries[0].amount_vnd, 7);
    assert_refused(statement("02", 107, ENTRY_8), "Stmt/Ntry: has no Sts");
    assert_refused(statement("08", 107, ENTRY_2), "Stmt/Ntry: has no Sts");
}

static void only_booked_entries_count(void **state)
{
    (void)state;
    assert_int_equal(
        read_text(statement("02", 100, "<Ntry>" AMOUNT("7") IN "<Sts>PDNG</Sts></Ntry>")), 0);
    assert_int_equal(seen.entries[0].status, CAMT_NOT_BOOKED);
    assert_refused(statement("02", 107, "<Ntry>" AMOUNT("7") IN "<Sts>BOOKED</Sts></Ntry>"),
                   "Stmt/Ntry/Sts: \"BOOKED\": want BOOK, PDNG or INFO");
    assert_int_equal(read_text(statement(
                         "08", 100, "<Ntry>" AMOUNT("7") IN "<Sts><Prtry>x</Prtry></Sts></Ntry>")),
                     0);
    assert_int_equal(seen.entries[0].status, CAMT_NOT_BOOKED);
}

static void a_debit_is_taken_off(void **state)
{
    (void)state;
    assert_int_equal(read_text(statement("02", -20, "<Ntry>" AMOUNT("120") OUT BOOKED_2 "</Ntry>")),
                     0);
    assert_int_equal(summary.debits_vnd, 120);
    assert_false(seen.entries[0].is_credit);
}

static void free_text_is_joined_and_the_first_reference_counts(void **state)
{
    (void)state;
    assert_int_equal(
        read_text(statement("02", 107,
                            "<Ntry>" AMOUNT("7") IN BOOKED_2
                            "<NtryDtls><TxDtls>"
                            "<RmtInf><Ustrd>a &amp; b</Ustrd><Ustrd><![CDATA[c<d]]></Ustrd>"
                            "<Strd><CdtrRefInf><Ref>R1</Ref></CdtrRefInf></Strd>"
                            "<Strd><CdtrRefInf><Ref>R2</Ref></CdtrRefInf></Strd></RmtInf></"
                            "TxDtls></NtryDtls></Ntry>")),
        0);
    assert_string_equal(seen.text[0], "a & b c<d");
    assert_string_equal(seen.reference[0], "R1");
}

static void who_is_told_may_stop(void **state)
{
    (void)state;
    assert_int_equal(
        read_text(statement("02", 107,
                            "<Ntry>" AMOUNT("7") IN BOOKED_2
                            "<NtryDtls><TxDtls>"
                            "<RmtInf><Ustrd>stop</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>")),
        -ECANCELED);
}

/* --- the refused ------------------------------------------------------------------------------ */

static void balances_must_follow(void **state)
{
    (void)state;
    assert_refused(statement("02", 108, ENTRY_2),
                   "line 5: Stmt: opens with 100, entries are 7, closes with 108");
    char *text = copy_of(statement("02", 107, ENTRY_2));
    memcpy(strstr(text, "CLBD"), "CLAV", 4);
    assert_refused(text, "Stmt: has no balance CLBD");
    memcpy(strstr(text, "OPBD"), "PRCD", 4);
    memcpy(strstr(text, "CLAV"), "CLBD", 4);
    assert_int_equal(read_text(text), 0);
    memcpy(strstr(text, "PRCD"), "ITBD", 4);
    assert_refused(text, "Stmt: has no balance OPBD or PRCD");
    memcpy(strstr(text, "ITBD"), "CLBD", 4);
    assert_refused(text, "Stmt/Bal: CLBD stands twice");
}

static void a_wrong_namespace_is_refused(void **state)
{
    (void)state;
    assert_refused("<Document/>", "line 1: Document: namespace \"\"");
    assert_refused("<a/>", "line 1: a: namespace \"\"");
    assert_refused(statement("03", 107, ENTRY_2), "Document: namespace \"" PLACE "camt.053.001.03");
    assert_refused("<Document xmlns=\"" PLACE "pain.001.001.09\"/>", "want camt.053 or camt.054");
    assert_refused("<Document xmlns=\"" PLACE
                   "camt.053.001.02\"><BkToCstmrDbtCdtNtfctn/></Document>",
                   "line 1: BkToCstmrDbtCdtNtfctn: is not the message");
    assert_refused("<x:Stmt xmlns:x=\"" PLACE "camt.053.001.02\"/>", "line 1: Stmt: want Document");
    assert_refused(statement("02", 107, "<Ntry xmlns=\"urn:other\"/>"),
                   "line 5: Stmt/Ntry: namespace \"urn:other\" is not that of the file");
    assert_refused(statement("02", 107, "<Rubbish xmlns=\"\"/>"),
                   "line 5: Stmt/Rubbish: namespace");
    assert_refused(statement("02", 107, "\n\n<Ntry xmlns=\"urn:other\"/>"), "line 7: Stmt/Ntry");
    /* a prefix is as good, and supplements may be of any namespace */
    assert_int_equal(read_text(statement("08", 107,
                                         ENTRY_8 "<Ntry>" AMOUNT("0") IN BOOKED_8
                                         "<NtryDtls><TxDtls><SplmtryData><Envlp><x "
                                         "xmlns=\"urn:other\"><Ntry/></x></Envlp></SplmtryData>"
                                         "</TxDtls></NtryDtls></Ntry>")),
                     0);
    assert_int_equal(
        read_text("<c:Document xmlns:c=\"" PLACE "camt.054.001.02\"><c:BkToCstmrDbtCdtNtfctn>"
                  "<c:Ntfctn><c:Acct><c:Id><c:IBAN>VN01</c:IBAN></c:Id></c:Acct></c:Ntfctn>"
                  "</c:BkToCstmrDbtCdtNtfctn></c:Document>"),
        0);
}

static void what_is_missing_is_named(void **state)
{
    (void)state;
    assert_refused(statement("02", 107, "<Ntry>" IN BOOKED_2 "</Ntry>"), "Stmt/Ntry: has no Amt");
    assert_refused(statement("02", 107, "<Ntry>" AMOUNT("7") BOOKED_2 "</Ntry>"),
                   "Stmt/Ntry: has no CdtDbtInd");
    assert_refused(statement("02", 107, "<Ntry>" AMOUNT("7") IN "</Ntry>"),
                   "Stmt/Ntry: has no Sts");
    assert_refused(statement("02", 107, "<Ntry><CdtDbtInd>UP</CdtDbtInd></Ntry>"),
                   "Stmt/Ntry/CdtDbtInd: \"UP\"");
    assert_refused(statement("02", 107, "<Ntry><RvslInd>yes</RvslInd></Ntry>"), "RvslInd: \"yes\"");
    assert_refused(statement("02", 107, "<Ntry><BookgDt><Dt>20261122</Dt></BookgDt></Ntry>"),
                   "Stmt/Ntry/BookgDt/Dt: \"20261122\": want a date");
    assert_refused(statement("02", 107, "<Ntry><BookgDt><DtTm>2026-11-22</DtTm></BookgDt></Ntry>"),
                   "want a date");
    assert_refused(statement("02", 107, "<Ntry><AcctSvcrRef></AcctSvcrRef></Ntry>"), "is empty");
    assert_refused(statement("02", 107, "<Ntry><NtryDtls><TxDtls/></NtryDtls></Ntry>"),
                   "stands before Amt, CdtDbtInd and Sts");
    char *text = copy_of(statement("02", 107, ENTRY_2));
    memcpy(strstr(text, "IBAN"), "IBBN", 4);
    memcpy(strstr(text, "/IBAN"), "/IBBN", 5);
    assert_refused(text, "line 5: Stmt/Ntry: stands before an Acct");
    assert_refused("<Document xmlns=\"" PLACE "camt.053.001.02\"><BkToCstmrStmt/></Document>",
                   "line 1: the file has no Stmt");
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    char *text = copy_of(statement("08", 107, "\n" ENTRY_8 "\n"));
    for (size_t len = strlen(text) - 1; len > 0; len--) {
        text[len] = '\0';
        assert_int_equal(read_text(text), -EINVAL);
        assert_non_null(strstr(err.text, "line "));
    }
    struct text_source source = text_source(statement("02", 107, ENTRY_2));
    source.piece_bytes = 10;
    source.fail_at = 30;
    assert_int_equal(read_source(text_read, &source), -EIO);
}

static void garbage_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused("garbage", "line 1: ");
    assert_refused("\x7f"
                   "ELF",
                   "line 1: ");
    assert_refused(statement("02", 107, "\n<Ntry></Ntri>"), "line 6: ");
    assert_refused(statement("02", 107, "<Ntry><NtryRef>\xff</NtryRef></Ntry>"), "line 5: ");
    assert_refused("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><Document xmlns=\"" PLACE
                   "camt.053.001.02\"/>",
                   "encoding ISO-8859-1: want UTF-8");
    char deep[8192] = "";
    for (int i = 0; i < 200; i++)
        strcat(deep, "<elements-in-elements>");
    assert_refused(statement("02", 107, deep), "nested too deeply");
    char longer[1024];
    (void)snprintf(longer, sizeof(longer), "<Ntry><NtryRef>%0700d</NtryRef></Ntry>", 7);
    assert_refused(statement("02", 107, longer), "the value is too long");
    (void)snprintf(longer, sizeof(longer), "<Ntry><NtryRef>%0200d</NtryRef></Ntry>", 7);
    assert_refused(statement("02", 107, longer), "Stmt/Ntry/NtryRef: longer than 143 bytes");
}

/* --- bombs ------------------------------------------------------------------------------------ */

#define LOL(a, b) "<!ENTITY " a " \"&" b ";&" b ";&" b ";&" b ";&" b ";&" b ";&" b ";&" b ";\">\n"

#define LAUGHS                                                                                     \
    "<!DOCTYPE Document [\n<!ENTITY a \"ha\">\n" LOL("b", "a") LOL("c", "b") LOL("d", "c")         \
        LOL("e", "d") LOL("f", "e") LOL("g", "f") LOL("h", "g") LOL("i", "h") LOL("j", "i") "]>\n"

static void billion_laughs_are_refused(void **state)
{
    (void)state;
    assert_refused(LAUGHS "<Document xmlns=\"" PLACE "camt.053.001.02\"><BkToCstmrStmt><Stmt>"
                          "<Id>&j;</Id></Stmt></BkToCstmrStmt></Document>",
                   "line ");
    assert_refused(LAUGHS "<Document xmlns=\"&j;\"/>", "line ");
    assert_in_range(peak_kib(), 1, MEMORY_MAX_KIB);
    assert_refused(statement("02", 107, "<Ntry><NtryRef>&j;</NtryRef></Ntry>"),
                   "line 5: Entity 'j'");
}

static void external_entities_are_refused(void **state)
{
    (void)state;
    assert_refused("<!DOCTYPE Document [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n"
                   "<Document xmlns=\"" PLACE "camt.053.001.02\">&x;</Document>",
                   "DOCTYPE");
    assert_refused("<!DOCTYPE Document SYSTEM \"http://127.0.0.1:9/evil.dtd\">\n<Document/>",
                   "DOCTYPE");
    assert_refused(
        "<!DOCTYPE Document [<!ENTITY % x SYSTEM \"file:///etc/passwd\"> %x;]><Document/>",
        "DOCTYPE");
}

static void a_quadratic_blow_up_is_refused(void **state)
{
    (void)state;
    static char text[FILE_BYTES];
    size_t len = (size_t)snprintf(text, sizeof(text), "<!DOCTYPE Document [<!ENTITY a \"");
    memset(text + len, 'a', 500000);
    len += 500000;
    len += (size_t)snprintf(text + len, sizeof(text) - len,
                            "\">]><Document xmlns=\"" PLACE "camt.053.001.02\">");
    for (int i = 0; i < 100000; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "&a;");
    assert_refused(text, "DOCTYPE");
    assert_in_range(peak_kib(), 1, MEMORY_MAX_KIB);
}

/* --- floods ----------------------------------------------------------------------------------- */

#define HEAD                                                                                       \
    "<Document xmlns=\"" PLACE "camt.054.001.02\"><BkToCstmrDbtCdtNtfctn><Ntfctn><Acct><Id>"       \
    "<IBAN>VN01</IBAN></Id></Acct>"
#define TAIL "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>"

static int read_flood(const char *begin, const char *pattern, const char *end)
{
    unsigned long long bytes = getenv("ANSINH_LONG") == NULL ? FLOOD_BYTES / 128 : FLOOD_BYTES;
    bytes -= (bytes - strlen(begin)) % strlen(pattern);
    struct flood flood = {begin, pattern, end, bytes, 0};
    int rc = read_source(flood_read, &flood);
    assert_in_range(peak_kib(), 1, MEMORY_MAX_KIB);
    return rc;
}

static void a_gigabyte_of_anything_takes_no_memory(void **state)
{
    char entry[512];
    (void)state;
    static const char *const pieces[] = {"",
                                         "<!--",
                                         "<?pi ",
                                         "<",
                                         "<a b=\"",
                                         "<![CDATA[",
                                         "<NtryRef>",
                                         "<Ntry><NtryRef>",
                                         "<!DOCTYPE a [<!ENTITY b \"",
                                         "&",
                                         "<a "};
    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        char begin[512];
        assert_true(read_flood(pieces[i], "garbage", "") < 0);
        (void)snprintf(begin, sizeof(begin), HEAD "%s", pieces[i]);
        assert_true(read_flood(begin, "garbage", "") < 0);
        assert_non_null(strstr(err.text, "line "));
    }
    assert_true(read_flood("", "\n", "") < 0);
    assert_true(read_flood(HEAD "<a ", "b=\"\" ", "/>" TAIL) < 0);
    assert_true(read_flood(HEAD, "<a>", "") < 0);
    assert_int_equal(read_flood(HEAD, "<a b=\"c\">garbage</a>\n", TAIL), 0);
    (void)snprintf(entry, sizeof(entry),
                   "<Ntry>" AMOUNT("7") IN BOOKED_2 "<AddtlNtryInf>%0300d</AddtlNtryInf></Ntry>\n",
                   0);
    assert_int_equal(read_flood(HEAD "\n", entry, TAIL), 0);
    assert_true(summary.n_entries > 10000);
    assert_int_equal(summary.credits_vnd, 7 * (int64_t)summary.n_entries);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_example_of_version_02_is_read),
    cmocka_unit_test(the_example_of_version_08_is_read),
    cmocka_unit_test(notifications_are_read),
    cmocka_unit_test(a_file_may_come_byte_by_byte),
    cmocka_unit_test(amounts_are_whole_dong),
    cmocka_unit_test(batches_add_up_to_their_entry),
    cmocka_unit_test(amounts_stand_elsewhere_in_each_version),
    cmocka_unit_test(only_booked_entries_count),
    cmocka_unit_test(a_debit_is_taken_off),
    cmocka_unit_test(free_text_is_joined_and_the_first_reference_counts),
    cmocka_unit_test(who_is_told_may_stop),
    cmocka_unit_test(balances_must_follow),
    cmocka_unit_test(a_wrong_namespace_is_refused),
    cmocka_unit_test(what_is_missing_is_named),
    cmocka_unit_test(every_truncation_is_refused),
    cmocka_unit_test(garbage_is_refused_with_its_line),
    cmocka_unit_test(billion_laughs_are_refused),
    cmocka_unit_test(external_entities_are_refused),
    cmocka_unit_test(a_quadratic_blow_up_is_refused),
    cmocka_unit_test(a_gigabyte_of_anything_takes_no_memory),
};

TEST_MAIN(tests)
