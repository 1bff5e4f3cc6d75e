/* ansinh reconcile: a partner's file, the ledger and the bank on a running platform. */
#include "tests/support/test.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/archive/signing.h"
#include "common/domain/calendar.h"
#include "common/settle/eod.h"
#include "tests/support/platform.h"

#define DAY "2026-11-20"
#define FILE_BYTES 262144

static struct platform *platform;
static char said[PLATFORM_SAID_BYTES];
static char folder[160], file_path[200], statement_path[200];

static int start(void **state)
{
    (void)state;
    platform = platform_start(&(struct platform_conf){.payments = 1, .enrolment = 1});
    platform_import(platform);
    (void)snprintf(folder, sizeof(folder), "%s/out", platform_directory(platform));
    (void)snprintf(file_path, sizeof(file_path), "%s/day.csv", platform_directory(platform));
    (void)snprintf(statement_path, sizeof(statement_path), "%s/bank.xml",
                   platform_directory(platform));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    platform_stop(&platform);
    return 0;
}

/* --- files ------------------------------------------------------------------------------------ */

static struct eod_row row_of(const char *id, enum eod_status status)
{
    int32_t day = 0;
    assert_int_equal(date_parse(DAY, &day), 0);
    return (struct eod_row){.transaction_id = id,
                            .payment_id = "",
                            .bill_id = "06G7XQ2M4N8PA1B2C3D4E5F6G7-1",
                            .bill_version = 1,
                            .amount_vnd = 264000,
                            .status = status,
                            .paid_at_ms = (int64_t)day * 86400000,
                            .business_day = day,
                            .point = "",
                            .collector = "",
                            .channel = EOD_TRANSFER,
                            .fee_vnd = 0};
}

static void write_day(const char *partner)
{
    struct eod_row one = row_of("VNP-1", EOD_PAID), two = row_of("VNP-2", EOD_REVERSED);
    struct eod_writer *writer = NULL;
    FILE *out = fopen(file_path, "we");
    assert_non_null(out);
    assert_int_equal(eod_writer_create(partner, one.business_day, &writer), 0);
    assert_int_equal(eod_writer_row(writer, &one), 0);
    assert_int_equal(eod_writer_row(writer, &two), 0);
    assert_int_equal(eod_writer_row(writer, &one), 0);
    assert_int_equal(eod_writer_finish(writer, out, NULL), 0);
    assert_int_equal(fclose(out), 0);
    eod_writer_destroy(&writer);
}

static void write_statement(const char *currency)
{
    FILE *out = fopen(statement_path, "we");
    assert_non_null(out);
    assert_true(
        fprintf(
            out,
            "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.054.001.08\">"
            "<BkToCstmrDbtCdtNtfctn><Ntfctn><Acct><Id><Othr><Id>01</Id></Othr></Id></Acct>\n"
            "<Ntry><Amt Ccy=\"%s\">5000</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>"
            "<BookgDt><Dt>2026-11-21</Dt></BookgDt><AcctSvcrRef>FT1</AcctSvcrRef></Ntry>\n"
            "</Ntfctn></BkToCstmrDbtCdtNtfctn></Document>\n",
            currency) > 0);
    assert_int_equal(fclose(out), 0);
}

/* The whole of an output; freed by the caller. NULL: there is none. */
static char *read_output(const char *suffix, size_t *ret_len)
{
    char path[400];
    (void)snprintf(path, sizeof(path), "%s/VNPOST-" DAY "%s", folder, suffix);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return NULL;
    char *text = calloc(1, FILE_BYTES);
    assert_non_null(text);
    *ret_len = fread(text, 1, FILE_BYTES - 1, file);
    assert_int_equal(fclose(file), 0);
    return text;
}

static const char *const outputs[] = {".csv",  "-bank.csv", ".json",
                                      ".html", ".sha256",   ".sha256.sig"};

static void remove_outputs(void)
{
    char path[400];
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
        (void)snprintf(path, sizeof(path), "%s/VNPOST-" DAY "%s", folder, outputs[i]);
        (void)unlink(path);
    }
}

static int reconcile(void)
{
    return platform_ansinh(platform, said, "reconcile", "--partner", "VNPOST", "--date", DAY,
                           "--file", file_path, "--statement", statement_path, "--out", folder,
                           NULL);
}

static void assert_refused(const char *why)
{
    size_t len;
    remove_outputs();
    assert_int_equal(reconcile(), 1);
    if (strstr(said, why) == NULL)
        print_error("%s\n", said);
    assert_non_null(strstr(said, why));
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++)
        assert_null(read_output(outputs[i], &len));
}

/* --- tests ------------------------------------------------------------------------------------ */

static void the_reports_are_signed_and_the_same_when_run_again(void **state)
{
    (void)state;
    char *first[ARRAY_LEN(outputs)];
    size_t lens[ARRAY_LEN(outputs)], len;
    write_day("VNPOST");
    write_statement("VND");
    assert_int_equal(reconcile(), 1); /* something differs */
    assert_non_null(strstr(said, "missing_at_us=2\n"));
    assert_non_null(strstr(said, "duplicate=1\n"));
    assert_non_null(
        strstr(said, "remittance=matched due_vnd=0 received_vnd=0 suspense_vnd=5000\n"));
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
        first[i] = read_output(outputs[i], &lens[i]);
        assert_non_null(first[i]);
    }
    remove_outputs();
    assert_int_equal(reconcile(), 1);
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++) {
        char *second = read_output(outputs[i], &len);
        assert_non_null(second);
        assert_int_equal(len, lens[i]);
        assert_memory_equal(first[i], second, len);
        free(second);
    }
    assert_non_null(
        strstr(first[0], "\nmissing_at_us,2,VNP-1,,06G7XQ2M4N8PA1B2C3D4E5F6G7-1,264000"));
    assert_non_null(strstr(first[0], ",due,\n"));
    assert_non_null(strstr(first[1], "unknown,2026-11-21,5000,no,01,FT1,0,"));
    for (size_t i = 0; i < ARRAY_LEN(outputs); i++)
        free(first[i]);
}

static void anybody_can_check_the_signature(void **state)
{
    (void)state;
    char command[600], path[300];
    struct trusted_keys keys;
    struct err err = {0};
    size_t len, signature_len;
    char *manifest = read_output(".sha256", &len);
    char *signature = read_output(".sha256.sig", &signature_len);
    (void)snprintf(command, sizeof(command), "cd %s && sha256sum --quiet -c VNPOST-" DAY ".sha256",
                   folder);
    assert_int_equal(system(command), 0);
    (void)snprintf(path, sizeof(path), "%s/keys/report.pub", platform_directory(platform));
    assert_int_equal(trusted_keys_read(path, &keys, &err), 0);
    assert_int_equal(signature_len, crypto_sign_BYTES);
    assert_int_equal(crypto_sign_verify_detached((const uint8_t *)signature,
                                                 (const uint8_t *)manifest, len, keys.keys[0]),
                     0);
    manifest[0] ^= 1;
    assert_int_not_equal(crypto_sign_verify_detached((const uint8_t *)signature,
                                                     (const uint8_t *)manifest, len, keys.keys[0]),
                         0);
    free(manifest);
    free(signature);
}

static void a_wrong_file_leaves_nothing(void **state)
{
    (void)state;
    write_statement("VND");
    write_day("VIETTEL");
    assert_refused("line 1: the file is of partner VIETTEL");
    write_day("VNPOST");
    assert_int_equal(truncate(file_path, 300), 0);
    assert_refused("the file ends without its trailer");
    write_day("VNPOST");
    write_statement("USD");
    assert_refused("line 2: Ntfctn/Ntry/Amt: currency \"USD\": want VND");
    assert_int_equal(unlink(statement_path), 0);
    assert_refused("bank.xml");
}

static void wrong_usage_names_what_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(platform_ansinh(platform, said, "reconcile", "--partner", "VNPOST", NULL), 2);
    assert_int_equal(platform_ansinh(platform, said, "reconcile", "--partner", "NOBODY", "--date",
                                     DAY, "--file", file_path, "--out", folder, NULL),
                     2);
    assert_non_null(strstr(said, "NOBODY: no such organisation"));
    assert_int_equal(platform_ansinh(platform, said, "reconcile", "--partner", "VNPOST", "--date",
                                     "20.11.2026", "--file", file_path, "--out", folder, NULL),
                     2);
    assert_non_null(strstr(said, "--date 20.11.2026"));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_reports_are_signed_and_the_same_when_run_again),
    cmocka_unit_test(anybody_can_check_the_signature),
    cmocka_unit_test(a_wrong_file_leaves_nothing),
    cmocka_unit_test(wrong_usage_names_what_is_wrong),
};

int main(void)
{
    return cmocka_run_group_tests(tests, start, stop) == 0 ? 0 : 1;
}
