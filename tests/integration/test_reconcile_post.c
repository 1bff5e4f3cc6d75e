/* ansinh reconcile --post: what a partner collected and the ledger did not know is paid once, under
 * the partner's own ids, whatever happens to the command. */
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

#define FILE_BYTES 1048576
#define BILLS 8
#define KILLED_FIRST 100  /* people of the test that kills */
#define KILLED_BILLS 1000 /* several times as many as are under way at once */
#define WAIT_MS 60000

static struct platform *platform;
static char said[PLATFORM_SAID_BYTES];
static char folder[160], file_path[200], statement_path[200], day[DATE_TEXT_BYTES];
static long long paid_at_ms;
static struct bill bills[BILLS];
static struct eod_writer *writer;

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
    paid_at_ms = collecting_now_ms();
    (void)snprintf(day, sizeof(day), "%s", collecting_date(paid_at_ms, 0));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- the partner ------------------------------------------------------------------------------ */

static int pay(const char *id, const struct bill *bill)
{
    return collect("VNPOST", "Collections/Pay",
                   "{'partnerTransactionId':'%s','billId':'%s','billVersion':%s,'amountVnd':'%s',"
                   "'paidAtMs':'%lld','businessDate':'%s','channel':1,"
                   "'pointCode':'" COLLECTING_POINT "','collectorCode':'" COLLECTING_COLLECTOR "'}",
                   id, bill->id, bill->version, bill->due, paid_at_ms, day);
}

static void reverse(const char *id, const char *original)
{
    assert_int_equal(collect("VNPOST", "Collections/Reverse",
                             "{'partnerTransactionId':'%s','originalTransactionId':'%s',"
                             "'reason':1}",
                             id, original),
                     0);
}

static void add(const char *id, const struct bill *bill, int64_t more_vnd, enum eod_status status)
{
    int64_t due_vnd = 0, version = 0;
    int32_t business_day = 0;
    assert_int_equal(parse_int64(bill->due, 0, INT64_MAX, &due_vnd), 0);
    assert_int_equal(parse_int64(bill->version, 1, UINT32_MAX, &version), 0);
    assert_int_equal(date_parse(day, &business_day), 0);
    struct eod_row row = {.transaction_id = id,
                          .payment_id = "",
                          .bill_id = bill->id,
                          .bill_version = (uint32_t)version,
                          .amount_vnd = due_vnd + more_vnd,
                          .status = status,
                          .paid_at_ms = paid_at_ms,
                          .business_day = business_day,
                          .point = COLLECTING_POINT,
                          .collector = COLLECTING_COLLECTOR,
                          .channel = EOD_CASH,
                          .fee_vnd = 0};
    if (writer == NULL)
        assert_int_equal(eod_writer_create("VNPOST", business_day, &writer), 0);
    assert_int_equal(eod_writer_row(writer, &row), 0);
}

static void write_file(void)
{
    FILE *out = fopen(file_path, "we");
    assert_non_null(out);
    assert_int_equal(eod_writer_finish(writer, out, NULL), 0);
    assert_int_equal(fclose(out), 0);
    eod_writer_destroy(&writer);
}

static void write_statement(long long vnd)
{
    char reference[32];
    FILE *out = fopen(statement_path, "we");
    assert_non_null(out);
    (void)snprintf(reference, sizeof(reference), "VNPOST-%.4s%.2s%.2s", day, day + 5, day + 8);
    assert_true(
        fprintf(out,
                "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.02\">"
                "<BkToCstmrDbtCdtNtfctn><Ntfctn><Acct><Id><Othr><Id>01</Id></Othr></Id></Acct>"
                "<Ntry><Amt Ccy=\"VND\">%lld</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>"
                "<BookgDt><Dt>%s</Dt></BookgDt><AcctSvcrRef>FT1</"
                "AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Strd><CdtrRefInf><Ref>%s"
                "</Ref></CdtrRefInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry></Ntfctn>"
                "</BkToCstmrDbtCdtNtfctn></Document>\n",
                vnd, day, reference) > 0);
    assert_int_equal(fclose(out), 0);
}

/* --- the command ------------------------------------------------------------------------------ */

static int reconcile(const char *post)
{
    return platform_ansinh(platform, said, "reconcile", "--partner", "VNPOST", "--date", day,
                           "--file", file_path, "--statement", statement_path, "--out", folder,
                           post, NULL);
}

static void says(const char *words)
{
    if (strstr(said, words) == NULL)
        fail_msg("%s is not in %s", words, said);
}

/* An output's text; freed by the caller. */
static char *output(const char *suffix)
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

static void line_has(const char *text, const char *class, const char *id, const char *end)
{
    char begin[64], *at = NULL;
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        (void)snprintf(begin, sizeof(begin), ",%s,", id);
        const char *found = strstr(line, begin);
        if (found != NULL && memchr(line, '\n', (size_t)(found - line)) == NULL)
            at = strndup(line, strcspn(line, "\n"));
        if (at != NULL)
            break;
    }
    if (at == NULL || strncmp(at, class, strlen(class)) != 0 || strstr(at, end) == NULL)
        fail_msg("%s is not %s with %s: %s", id, class, end, at == NULL ? "no line" : at);
    free(at);
}

/* --- tests ------------------------------------------------------------------------------------ */

static void each_class_is_told_of_a_living_ledger(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BILLS; i++)
        collecting_bill(i, "", &bills[i]);
    for (unsigned i = 0; i < 6; i++) {
        char id[8];
        (void)snprintf(id, sizeof(id), "T%u", i);
        assert_int_equal(pay(id, &bills[i]), 0);
    }
    reverse("R3", "T3");
    reverse("R4", "T4");
    add("T0", &bills[0], 0, EOD_PAID);
    add("T2", &bills[2], 1000, EOD_PAID);
    add("T3", &bills[3], 0, EOD_PAID);
    add("T4", &bills[4], 0, EOD_REVERSED);
    add("T5", &bills[5], 0, EOD_REVERSED);
    add("T5", &bills[5], 0, EOD_PAID);
    add("T6", &bills[6], 0, EOD_PAID);
    add("T7", &bills[7], 1000, EOD_PAID);
    add("T9", &bills[7], 0, EOD_REVERSED);
    write_file();
    write_statement(1);
    assert_int_equal(reconcile(NULL), 1);
    char *text = output(".csv");
    line_has(text, "matched", "T0", "paid");
    line_has(text, "missing_at_partner", "T1", "");
    line_has(text, "amount_differs", "T2", ",amount,");
    line_has(text, "status_differs", "T3", ",paid,reversed,");
    line_has(text, "matched", "T4", ",reversed,reversed,");
    line_has(text, "status_differs", "T5", ",reversed,paid,");
    line_has(text, "missing_at_us", "T6", ",due,");
    line_has(text, "missing_at_us", "T9", "no money moved, nothing to post");
    says("duplicate=1\n");
    says("matched=2\n");
    free(text);
    assert_int_equal(collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'T6'}"),
                     0);
    collected_says("NOT_FOUND");
}

static void what_is_missing_is_posted_once(void **state)
{
    (void)state;
    static const char *const suffixes[] = {".csv", "-bank.csv", ".json", ".html", ".sha256"};
    char *first[ARRAY_LEN(suffixes)], payment[64];
    assert_int_equal(reconcile("--post"), 1);
    says("1 posted, 1 refused");
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        first[i] = output(suffixes[i]);
    line_has(first[0], "missing_at_us", "T6", ",posted,");
    line_has(first[0], "missing_at_us", "T7", ",refused,");
    line_has(first[0], "missing_at_us", "T9", "no money moved, nothing to post");
    assert_int_equal(reconcile("--post"), 1);
    says("0 posted, 1 refused");
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char *second = output(suffixes[i]);
        assert_string_equal(first[i], second);
        free(second);
    }
    assert_int_equal(collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'T6'}"),
                     0);
    collected_says("PAID");
    (void)snprintf(payment, sizeof(payment), "%s", platform_field(collected(), "paymentId"));
    assert_non_null(strstr(first[0], payment));
    /* the partner's own call, late */
    assert_int_equal(pay("T6", &bills[6]), 0);
    assert_string_equal(platform_field(collected(), "paymentId"), payment);
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
        free(first[i]);
}

static void is_refused_and_not_posted(const char *why)
{
    assert_int_equal(reconcile("--post"), 1);
    says(why);
    assert_int_equal(collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'T8'}"),
                     0);
    collected_says("NOT_FOUND");
}

/* The row of T8 is good; what is wrong stands behind it, or in the other file. */
static void of_a_refused_file_nothing_is_posted(void **state)
{
    (void)state;
    struct bill bill;
    collecting_bill(BILLS, "", &bill);
    add("T8", &bill, 0, EOD_PAID);
    write_file();
    FILE *file = fopen(file_path, "ae");
    assert_non_null(file);
    assert_true(fputs("D\n", file) >= 0);
    assert_int_equal(fclose(file), 0);
    is_refused_and_not_posted("line 4: there is something behind the trailer");
    assert_int_equal(truncate(file_path, 180), 0);
    is_refused_and_not_posted("without its trailer");
    add("T8", &bill, 0, EOD_PAID);
    write_file();
    file = fopen(file_path, "r+e");
    assert_non_null(file);
    assert_int_equal(fseek(file, 150, SEEK_SET), 0);
    assert_int_equal(putc('#', file), '#');
    assert_int_equal(fclose(file), 0);
    is_refused_and_not_posted("line 3: sha256: the rows are not those of the header");
    add("T8", &bill, 0, EOD_PAID);
    write_file();
    file = fopen(statement_path, "we");
    assert_non_null(file);
    assert_true(fputs("<!DOCTYPE Document [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>"
                      "<Document>&x;</Document>",
                      file) >= 0);
    assert_int_equal(fclose(file), 0);
    is_refused_and_not_posted("line 1: a document type (DOCTYPE) is not taken");
    write_statement(1);
}

static void another_file_finds_the_posted_payment_matched(void **state)
{
    (void)state;
    add("T6", &bills[6], 0, EOD_PAID);
    write_file();
    assert_int_equal(reconcile("--post"), 1);
    says("matched=1\n");
    says("missing_at_us=0\n");
}

static void the_remittance_is_held_against_the_ledger(void **state)
{
    (void)state;
    long long due_vnd = 0;
    char words[128];
    assert_int_equal(sscanf(strstr(said, "due_vnd="), "due_vnd=%lld", &due_vnd), 1);
    assert_true(due_vnd > 0);
    says("remittance=partial");
    write_statement(due_vnd);
    assert_int_equal(reconcile(NULL), 1);
    (void)snprintf(words, sizeof(words), "remittance=matched due_vnd=%lld received_vnd=%lld",
                   due_vnd, due_vnd);
    says(words);
    write_statement(due_vnd + 1);
    assert_int_equal(reconcile(NULL), 1);
    says("remittance=over");
}

static void the_instruction_is_over_what_is_due(void **state)
{
    (void)state;
    char due[64];
    (void)snprintf(due, sizeof(due), "<InstdAmt Ccy=\"VND\">%lld</InstdAmt>",
                   (long long)strtoll(strstr(said, "due_vnd=") + 8, NULL, 10));
    assert_int_equal(platform_ansinh(platform, said, "remittance", "--partner", "VNPOST", "--date",
                                     day, "--from", "Bưu điện, A & B,9876543210,BFTVVNVX", "--to",
                                     "BHXH,0123456789,ICBVVNVX", NULL),
                     0);
    says(due);
    says("<Nm>Bưu điện, A &amp; B</Nm>");
    says("<Id>9876543210</Id>");
    assert_int_equal(platform_ansinh(platform, said, "remittance", "--partner", "VNPOST", "--date",
                                     "2020-01-01", "--from", "A,1,BFTVVNVX", "--to", "B,2,ICBVVNVX",
                                     NULL),
                     1);
    says("nothing is due");
    assert_int_equal(platform_ansinh(platform, said, "remittance", "--partner", "VNPOST", "--date",
                                     day, "--from", "A,1", "--to", "B,2,ICBVVNVX", NULL),
                     2);
    says("--from A,1: want NAME,ACCOUNT,BIC");
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
    (void)execl(program, program, "reconcile", "--partner", "VNPOST", "--date", day, "--file",
                file_path, "--out", folder, "--post", (char *)NULL);
    _exit(127);
}

static int is_paid(unsigned i)
{
    int code = collect("VNPOST", "Collections/GetPayment", "{'partnerTransactionId':'K%u'}", i);
    return code == 0 && strstr(collected(), "COLLECTION_STATE_PAID") != NULL;
}

static void a_killed_posting_is_run_again(void **state)
{
    (void)state;
    int status = 0;
    int64_t until_ms = clock_mono_ms() + WAIT_MS;
    for (unsigned i = 0; i < KILLED_BILLS; i++) {
        char id[16];
        struct bill bill;
        collecting_bill(KILLED_FIRST + i, "", &bill);
        (void)snprintf(id, sizeof(id), "K%u", i);
        add(id, &bill, 0, EOD_PAID);
    }
    write_file();
    pid_t pid = reconcile_in_background();
    while (!is_paid(KILLED_BILLS / 4))
        assert_true(clock_mono_ms() < until_ms);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_false(is_paid(KILLED_BILLS - 1));
    assert_int_equal(reconcile("--post"), 1);
    char *first = output(".csv");
    assert_int_equal(reconcile("--post"), 1);
    says("0 posted, 0 refused");
    char *second = output(".csv");
    assert_string_equal(first, second);
    for (unsigned i = 0; i < KILLED_BILLS; i++) {
        char id[16];
        assert_true(is_paid(i));
        (void)snprintf(id, sizeof(id), "K%u", i);
        line_has(first, "missing_at_us", id, ",posted,");
    }
    free(first);
    free(second);
    assert_int_equal(platform_ansinh(platform, said, "verify", NULL), 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_class_is_told_of_a_living_ledger),
    cmocka_unit_test(what_is_missing_is_posted_once),
    cmocka_unit_test(of_a_refused_file_nothing_is_posted),
    cmocka_unit_test(another_file_finds_the_posted_payment_matched),
    cmocka_unit_test(the_remittance_is_held_against_the_ledger),
    cmocka_unit_test(the_instruction_is_over_what_is_due),
    cmocka_unit_test(a_killed_posting_is_run_again),
};

int main(void)
{
    return cmocka_run_group_tests(tests, start, stop) == 0 ? 0 : 1;
}
