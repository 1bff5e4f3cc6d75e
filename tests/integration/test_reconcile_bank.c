/* ansinh reconcile --post: what a bank's statement says comes into the books once, and what nobody
 * has claimed stays in the reports until somebody does. */
#include "tests/support/test.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/settle/eod.h"
#include "tests/support/collecting.h"

#define FILE_BYTES (4 * 1024 * 1024)
#define WAIT_MS 60000
#define KILLED_ENTRIES 4000 /* of one dong each */

static struct platform *platform;
static char said[PLATFORM_SAID_BYTES], answer[PLATFORM_ANSWER_BYTES];
static char folder[160], file_path[200], statement_path[200];
static char today[DATE_TEXT_BYTES], yesterday[DATE_TEXT_BYTES];
static FILE *statement;

static int start(void **state)
{
    (void)state;
    platform =
        platform_start(&(struct platform_conf){.payments = 1, .enrolment = 1, .settlement = 1});
    platform_import(platform);
    collecting_on(platform);
    (void)snprintf(folder, sizeof(folder), "%s/out", platform_directory(platform));
    (void)snprintf(file_path, sizeof(file_path), "%s/day.csv", platform_directory(platform));
    (void)snprintf(statement_path, sizeof(statement_path), "%s/bank.xml",
                   platform_directory(platform));
    long long now_ms = collecting_now_ms();
    (void)snprintf(today, sizeof(today), "%s", collecting_date(now_ms, 0));
    (void)snprintf(yesterday, sizeof(yesterday), "%s", collecting_date(now_ms, -1));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- files ------------------------------------------------------------------------------------ */

/* A day on which the partner collected nothing. */
static void write_file(const char *day)
{
    struct eod_writer *writer = NULL;
    int32_t business_day = 0;
    assert_int_equal(date_parse(day, &business_day), 0);
    assert_int_equal(eod_writer_create("VNPOST", business_day, &writer), 0);
    FILE *out = fopen(file_path, "we");
    assert_non_null(out);
    assert_int_equal(eod_writer_finish(writer, out, NULL), 0);
    assert_int_equal(fclose(out), 0);
    eod_writer_destroy(&writer);
}

static void statement_begin(const char *account, const char *id)
{
    statement = fopen(statement_path, "we");
    assert_non_null(statement);
    assert_true(fprintf(statement,
                        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.02\">"
                        "<BkToCstmrDbtCdtNtfctn><Ntfctn><Id>%s</Id><Acct><Id><Othr><Id>%s</Id>"
                        "</Othr></Id></Acct>\n",
                        id, account) > 0);
}

struct movement {
    const char *day, *bank_reference;
    int vnd; /* negative: goes out */
    const char *reversal, *partner, *text;
};

static void statement_add(const struct movement *movement)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s", movement->text);
    if (movement->partner != NULL)
        (void)snprintf(text, sizeof(text), "%s-%.4s%.2s%.2s", movement->partner, movement->day,
                       movement->day + 5, movement->day + 8);
    assert_true(fprintf(statement,
                        "<Ntry><Amt Ccy=\"VND\">%d</Amt><CdtDbtInd>%s</CdtDbtInd>"
                        "<RvslInd>%s</RvslInd><Sts>BOOK</Sts><BookgDt><Dt>%s</Dt></BookgDt>"
                        "<AcctSvcrRef>%s</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>%s</Ustrd>"
                        "</RmtInf></TxDtls></NtryDtls></Ntry>\n",
                        movement->vnd < 0 ? -movement->vnd : movement->vnd,
                        movement->vnd < 0 ? "DBIT" : "CRDT",
                        movement->reversal == NULL ? "false" : "true", movement->day,
                        movement->bank_reference, text) > 0);
}

static void statement_end(void)
{
    assert_true(fputs("</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n", statement) >= 0);
    assert_int_equal(fclose(statement), 0);
}

static void write_yesterday(const char *statement_id)
{
    const struct movement movements[] = {
        {yesterday, "FT1", 500000, NULL, "VNPOST", ""},
        {yesterday, "FT2", 70000, NULL, NULL, "CK 123"},
        {yesterday, "FT3", -200000, "reversal", "VNPOST", ""},
        {yesterday, "FT4", -9000, NULL, NULL, "Phí chuyển tiền"},
        {yesterday, "FT5", 300, NULL, "VIETTEL", ""},
        {yesterday, "FT5", 300, NULL, "VIETTEL", ""},
    };
    write_file(yesterday);
    statement_begin("01", statement_id);
    for (size_t i = 0; i < ARRAY_LEN(movements); i++)
        statement_add(&movements[i]);
    statement_end();
}

/* --- the command ------------------------------------------------------------------------------ */

static void reconcile(const char *day, const char *post)
{
    assert_int_equal(platform_ansinh(platform, said, "reconcile", "--partner", "VNPOST", "--date",
                                     day, "--file", file_path, "--statement", statement_path,
                                     "--out", folder, post, NULL),
                     1);
}

static void says(const char *words)
{
    if (strstr(said, words) == NULL)
        fail_msg("%s is not in %s", words, said);
}

/* An output's text; freed by the caller. */
static char *output(const char *day, const char *suffix)
{
    char path[400];
    (void)snprintf(path, sizeof(path), "%s/VNPOST-%s%s", folder, day, suffix);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char *text = calloc(1, FILE_BYTES);
    assert_non_null(text);
    assert_true(fread(text, 1, FILE_BYTES - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    return text;
}

static const char *const suffixes[] = {".csv", "-bank.csv", ".json", ".html", ".sha256"};
static char *kept[ARRAY_LEN(suffixes)];

static void keep_outputs(const char *day)
{
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        free(kept[i]);
        kept[i] = output(day, suffixes[i]);
    }
}

static void outputs_are_the_same(const char *day)
{
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char *text = output(day, suffixes[i]);
        assert_string_equal(kept[i], text);
        free(text);
    }
}

/* --- the books -------------------------------------------------------------------------------- */

PRINTF_LIKE(2, 3) static int ask(const char *method, const char *format, ...)
{
    char json[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(json, sizeof(json), format, arguments);
    va_end(arguments);
    for (char *at = json; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    return platform_call(platform, NULL, method, answer, "%s", json);
}

static long long balance(const char *account, const char *holder)
{
    assert_int_equal(
        ask("Ledger/GetAccount", "{'account':'ACCOUNT_%s','holder':'%s'}", account, holder), 0);
    static const char name[] = "\"balanceVnd\":\"";
    const char *at = strstr(answer, name);
    return at == NULL ? 0 : strtoll(at + sizeof(name) - 1, NULL, 10);
}

/* The books follow the ledger. */
static void wait_balance(const char *account, const char *holder, long long vnd)
{
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    while (balance(account, holder) != vnd) {
        if (clock_mono_ms() > until_ms)
            fail_msg("%s of %s: %s", account, holder, answer);
    }
}

static void books_are_those_of_yesterday(void)
{
    wait_balance("BANK_SETTLEMENT", "01", 500000 + 70000 - 200000 - 9000 + 300);
    wait_balance("ORGANISATION_CLEARING", "VNPOST", -300000);
    wait_balance("ORGANISATION_CLEARING", "VIETTEL", -300);
    wait_balance("SUSPENSE", "CK 123", -70000);
    wait_balance("SUSPENSE", "FT4", 9000);
    assert_int_equal(ask("Ledger/TrialBalance", "{}"), 0);
    assert_non_null(strstr(answer, "\"isBalanced\":true"));
}

/* --- tests ------------------------------------------------------------------------------------ */

static void without_the_word_nothing_is_posted(void **state)
{
    (void)state;
    write_yesterday("N1");
    reconcile(yesterday, NULL);
    says("suspense_vnd=61000\n");
    char *text = output(yesterday, "-bank.csv");
    assert_non_null(strstr(text, ",due,\n"));
    assert_null(strstr(text, ",posted,"));
    free(text);
    assert_int_equal(balance("BANK_SETTLEMENT", "01"), 0);
}

static void each_entry_is_posted_once(void **state)
{
    (void)state;
    reconcile(yesterday, "--post");
    says("bank entries: 5 posted, 0 refused");
    says("remittance=over due_vnd=0 received_vnd=300000 suspense_vnd=61000\n");
    keep_outputs(yesterday);
    books_are_those_of_yesterday();
    reconcile(yesterday, "--post");
    says("bank entries: 0 posted, 0 refused");
    outputs_are_the_same(yesterday);
    books_are_those_of_yesterday();
    /* the statement at the end of the day has what the notification had */
    write_yesterday("S1");
    reconcile(yesterday, "--post");
    says("bank entries: 0 posted, 0 refused");
    outputs_are_the_same(yesterday);
    books_are_those_of_yesterday();
    /* also in the run of another partner */
    assert_non_null(strstr(kept[1], ",VIETTEL,0,-,"));
}

static void write_today(void)
{
    const struct movement movement = {today, "FT6", 1000, NULL, NULL, "CK 456"};
    write_file(today);
    statement_begin("01", "N2");
    statement_add(&movement);
    statement_end();
}

/* The three names of a line with these words in the bank's report. */
static void names_of(const char *text, const char *words, char entry_ref[36])
{
    const char *line = strstr(text, words);
    assert_non_null(line);
    const char *at = strstr(line, ",-,");
    assert_non_null(at);
    (void)snprintf(entry_ref, 36, "%.*s", (int)strcspn(at + 3, ","), at + 3);
}

static void suspense_stays_until_it_is_claimed(void **state)
{
    (void)state;
    char entry_ref[36], again[36];
    names_of(kept[1], ",70000,no,01,FT2,", entry_ref);
    write_today();
    reconcile(today, "--post");
    says("bank entries: 1 posted, 0 refused");
    says("suspense_vnd=62000\n");
    char *text = output(today, "-bank.csv");
    assert_non_null(strstr(text, "\nearlier,"));
    names_of(text, ",70000,no,01,,1,,CK 123,", again);
    assert_string_equal(entry_ref, again);
    assert_non_null(strstr(text, ",-9000,no,01,,1,,FT4,"));
    free(text);
    assert_int_equal(ask("Ledger/MoveSuspense",
                         "{'bankAccount':'01','statementId':'-','entryRef':'%s',"
                         "'organisationCode':'%s','officerCode':'CB1'}",
                         entry_ref, "VNPOST"),
                     0);
    reconcile(today, "--post");
    says("suspense_vnd=-8000\n");
    wait_balance("ORGANISATION_CLEARING", "VNPOST", -370000);
    /* yesterday nobody had claimed it yet */
    write_yesterday("N1");
    reconcile(yesterday, "--post");
    outputs_are_the_same(yesterday);
}

static void what_cannot_be_posted_is_said(void **state)
{
    (void)state;
    const struct movement movement = {today, "FT7", 5, NULL, NULL, "?"};
    write_file(today);
    statement_begin("0123456789 0123456789 0123456789 012", "N3");
    statement_add(&movement);
    statement_end();
    reconcile(today, "--post");
    says("bank entries: 0 posted, 1 refused");
    char *text = output(today, "-bank.csv");
    assert_non_null(strstr(text, ",refused,bank_account: want 1 to 35 printable"));
    free(text);
}

/* --- kill -9 ---------------------------------------------------------------------------------- */

static pid_t reconcile_in_background(void)
{
    char program[256], variable[256];
    const char *build = getenv("O");
    (void)snprintf(program, sizeof(program), "%s/bin/ansinh", build == NULL ? "build" : build);
    (void)snprintf(variable, sizeof(variable), "ANSINH_VAR=%s", platform_directory(platform));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid != 0)
        return pid;
    (void)putenv(variable);
    (void)execl(program, program, "reconcile", "--partner", "VNPOST", "--date", today, "--file",
                file_path, "--statement", statement_path, "--out", folder, "--post", (char *)NULL);
    _exit(127);
}

static void a_killed_posting_is_run_again(void **state)
{
    (void)state;
    int status = 0;
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    write_file(today);
    statement_begin("02", "N4");
    for (unsigned i = 0; i < KILLED_ENTRIES; i++) {
        char reference[16];
        (void)snprintf(reference, sizeof(reference), "K%u", i);
        const struct movement movement = {today, reference, 1, NULL, i % 2 ? "VNPOST" : NULL, "?"};
        statement_add(&movement);
    }
    statement_end();
    pid_t pid = reconcile_in_background();
    while (balance("BANK_SETTLEMENT", "02") == 0)
        assert_true(clock_mono_ms() < until_ms);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_in_range(balance("BANK_SETTLEMENT", "02"), 1, KILLED_ENTRIES - 1);
    reconcile(today, "--post");
    says(" posted, 0 refused");
    keep_outputs(today);
    reconcile(today, "--post");
    says("bank entries: 0 posted, 0 refused");
    outputs_are_the_same(today);
    wait_balance("BANK_SETTLEMENT", "02", KILLED_ENTRIES);
    wait_balance("ORGANISATION_CLEARING", "VNPOST", -370000 - KILLED_ENTRIES / 2);
    wait_balance("SUSPENSE", "?", -KILLED_ENTRIES / 2);
    assert_int_equal(ask("Ledger/TrialBalance", "{}"), 0);
    assert_non_null(strstr(answer, "\"isBalanced\":true"));
    assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(without_the_word_nothing_is_posted),
    cmocka_unit_test(each_entry_is_posted_once),
    cmocka_unit_test(suspense_stays_until_it_is_claimed),
    cmocka_unit_test(what_cannot_be_posted_is_said),
    cmocka_unit_test(a_killed_posting_is_run_again),
};

int main(void)
{
    return cmocka_run_group_tests(tests, start, stop) == 0 ? 0 : 1;
}
