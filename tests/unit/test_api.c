/* The table of methods against the text of the .proto files, read here in another way than by
 * the build. */
#include "tests/support/test.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "common/base/macros.h"
#include "common/service/api.h"

#define RPCS_MAX 128

struct rpc {
    char service[64], name[64], input[64], output[64];
    int is_read;
};

static struct rpc rpcs[RPCS_MAX];
static size_t n_rpcs;

static void read_rpcs(const char *path)
{
    char line[512], service[64] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        struct rpc rpc = {0};
        char *comment = strstr(line, "//");
        if (comment != NULL)
            *comment = '\0';
        (void)sscanf(line, " service %63[A-Za-z0-9_]", service);
        if (sscanf(line, " rpc %63[A-Za-z0-9_] ( %63[A-Za-z0-9_] ) returns ( %63[A-Za-z0-9_] )",
                   rpc.name, rpc.input, rpc.output) == 3) {
            assert_true(n_rpcs < RPCS_MAX);
            (void)snprintf(rpc.service, sizeof(rpc.service), "%s", service);
            rpcs[n_rpcs++] = rpc;
        }
        if (strstr(line, "NO_SIDE_EFFECTS") != NULL)
            rpcs[n_rpcs - 1].is_read = 1;
    }
    (void)fclose(file);
}

static int protos_open(void **state)
{
    (void)state;
    glob_t found;
    n_rpcs = 0;
    if (glob("proto/ansinh/v1/*.proto", 0, NULL, &found) != 0)
        return -1;
    for (size_t i = 0; i < found.gl_pathc; i++)
        read_rpcs(found.gl_pathv[i]);
    globfree(&found);
    return 0;
}

static void every_rpc_is_a_method_and_the_reverse(void **state)
{
    (void)state;
    size_t n = 0;
    assert_true(n_rpcs >= 15);
    while (api_at(n) != NULL)
        n++;
    assert_int_equal(n, n_rpcs);
    assert_null(api_at(n + 1));
    assert_null(api_at(SIZE_MAX));
    for (size_t i = 0; i < n_rpcs; i++) {
        char full[192], name[160];
        (void)snprintf(name, sizeof(name), "%.63s/%.63s", rpcs[i].service, rpcs[i].name);
        (void)snprintf(full, sizeof(full), "ansinh.v1.%.150s", name);
        const struct api_method *method = api_find(full);
        if (method == NULL)
            fail_msg("%s is no method", full);
        assert_ptr_equal(api_find(name), method);
        assert_string_equal(method->name, full);
        assert_string_equal(method->input->short_name, rpcs[i].input);
        assert_string_equal(method->output->short_name, rpcs[i].output);
        if (method->is_read != rpcs[i].is_read)
            fail_msg("%s: is_read is %d", full, method->is_read);
        assert_int_equal(method->is_internal, strcmp(rpcs[i].service, "Contacts") == 0 ||
                                                  strcmp(rpcs[i].service, "Archive") == 0 ||
                                                  strcmp(rpcs[i].service, "Books") == 0 ||
                                                  strcmp(rpcs[i].service, "Partners") == 0);
    }
}

/* The service's name stands before the method's in messages of Collections, whose methods have the
 * names of those of Payments. */
static void messages_are_named_after_their_method(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_rpcs; i++) {
        const char *service = strcmp(rpcs[i].service, "Collections") == 0 ? "Collections" : "";
        char wanted[96];
        (void)snprintf(wanted, sizeof(wanted), "%s%sRequest", service, rpcs[i].name);
        assert_string_equal(rpcs[i].input, wanted);
        (void)snprintf(wanted, sizeof(wanted), "%s%sResponse", service, rpcs[i].name);
        assert_string_equal(rpcs[i].output, wanted);
    }
}

static void commands_are_those_that_change_something(void **state)
{
    (void)state;
    static const char *const commands[] = {"Enrolment/Enrol",
                                           "Enrolment/DeclareHealth",
                                           "Enrolment/ChangeContribution",
                                           "Enrolment/EndParticipation",
                                           "Enrolment/RecordAcceptance",
                                           "Payments/Inquire",
                                           "Payments/Pay",
                                           "Collections/Inquire",
                                           "Collections/Pay",
                                           "Collections/Reverse",
                                           "Collections/InquireMany",
                                           "Collections/PayMany",
                                           "Payments/Reverse",
                                           "Payments/OpenRefundCase",
                                           "Payments/ApproveRefundCase",
                                           "Payments/RejectRefundCase",
                                           "Payments/PayOutRefundCase",
                                           "Directory/ImportUnits",
                                           "Directory/ImportOrganisations",
                                           "Directory/ImportPlan",
                                           "Directory/ImportSuccessors",
                                           "Directory/ImportDenominators",
                                           "Directory/ImportSiUnits",
                                           "Directory/ImportPolicy",
                                           "Campaigns/ImportCampaigns",
                                           "Campaigns/RecordSession",
                                           "Campaigns/RecordContacts",
                                           "Plans/DefinePlan",
                                           "Plans/SplitPlan",
                                           "Plans/CascadePlan",
                                           "Plans/LockPlan",
                                           "Plans/AmendPlan",
                                           "Plans/DecideAmendment",
                                           "Plans/RebasePlan",
                                           "Partners/ImportPartners",
                                           "Partners/AddKey",
                                           "Partners/RevokeKey",
                                           "Ledger/PostBankEntry",
                                           "Ledger/MoveSuspense",
                                           "Ledger/PostCommission",
                                           "Custody/Remit",
                                           "Receipts/VoidReceipt",
                                           "Receipts/ReplaceReceipt",
                                           "Receipts/AllocateBlock",
                                           "Receipts/CloseBlock"};
    size_t n = 0;
    for (size_t i = 0; api_at(i) != NULL; i++)
        n += !api_at(i)->is_read;
    assert_int_equal(n, ARRAY_LEN(commands));
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        assert_int_equal(api_find(commands[i])->is_read, 0);
}

static void processes_answer_their_services(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"Enrolment/Enrol", "enrolment"},
        {"Directory/GetUnit", "enrolment"},
        {"Campaigns/GetCampaign", "enrolment"},
        {"Plans/GetPlan", "enrolment"},
        {"Contacts/ResolveContact", "enrolment"},
        {"Archive/ReadEntry", "archiver"},
        {"Archive/ReadBlock", "archiver"},
        {"Payments/Pay", "payments"},
        {"Collections/Echo", "payments"},
        {"Analytics/GetProgress", "analytics"},
        {"Ledger/TrialBalance", "settlement"},
        {"Books/ListBooked", "settlement"},
        {"Custody/Remit", "settlement"},
        {"Receipts/VerifyCode", "settlement"},
        {"Notifications/ListDeliveries", "notifications"},
        {"Health/Check", ""},
        {"Health/Stats", ""},
    };
    static const char *const in_order[] = {"enrolment",  "payments", "notifications", "analytics",
                                           "settlement", "archiver", "gateway"};
    const char *const *processes = api_processes();
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
        assert_string_equal(api_find(pairs[i][0])->process, pairs[i][1]);
    for (size_t i = 0; i < ARRAY_LEN(in_order); i++)
        assert_string_equal(processes[i], in_order[i]);
    assert_null(processes[ARRAY_LEN(in_order)]);
    for (size_t i = 0; api_at(i) != NULL; i++) {
        int is_known = api_at(i)->process[0] == '\0';
        for (size_t p = 0; processes[p] != NULL; p++)
            is_known |= strcmp(processes[p], api_at(i)->process) == 0;
        assert_true(is_known);
    }
}

static void other_names_are_unknown(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "",
        "/",
        "Payments",
        "Payments/",
        "/Pay",
        "Payments/pay",
        "payments/Pay",
        "Payments/Pay ",
        " Payments/Pay",
        "Payments/PayX",
        "Payments/Pa",
        "Payments.Pay",
        "Enrolment/Pay",
        "ansinh.v1.",
        "ansinh.v1",
        "ansinh.v2.Payments/Pay",
        "ansinh.v1.ansinh.v1.Payments/Pay",
        "ansinh.v1.Payments/Pay/",
    };
    char longest[4096];
    for (size_t i = 0; i < ARRAY_LEN(unknown); i++) {
        if (api_find(unknown[i]) != NULL)
            fail_msg("\"%s\" is a method", unknown[i]);
    }
    for (size_t len = 1; len < sizeof(longest); len++) {
        memset(longest, 'a', len);
        longest[len] = '\0';
        assert_null(api_find(longest));
    }
}

#define WITH_PROTOS(test) cmocka_unit_test_setup(test, protos_open)

static const struct CMUnitTest tests[] = {
    WITH_PROTOS(every_rpc_is_a_method_and_the_reverse),
    WITH_PROTOS(messages_are_named_after_their_method),
    cmocka_unit_test(commands_are_those_that_change_something),
    cmocka_unit_test(processes_answer_their_services),
    cmocka_unit_test(other_names_are_unknown),
};

TEST_MAIN(tests)
