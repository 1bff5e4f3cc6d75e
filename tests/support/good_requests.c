#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "common/json/json.h"
#include "tests/support/good_requests.h"

#define JSON_BYTES 16384

#define READ(method, json)                                                                         \
    {                                                                                              \
        method, json, NULL, NULL                                                                   \
    }
#define COMMAND(method, json, short_json)                                                          \
    {                                                                                              \
        method, json, short_json, NULL                                                             \
    }

/* A row in every table. */
static const char every_table[] =
    "{'document':{"
    "'referenceLevel':[{$f,'vnd':2530000}],'povertyLine':[{$f,'vnd':2200000}],"
    "'contributionRate':[{$f,'basisPoints':2200}],"
    "'support':[{$f,'group':4,'basisPoints':2000}],'incomeCap':[{$f,'times':20}],"
    "'supportMonths':[{$f,'months':120}],'minimumAge':[{$f,'years':15}],"
    "'fundRate':[{$f,'perMillion':3100}],'futureYearsMin':[{$f,'years':2}],"
    "'futureYearsMax':[{$f,'years':5}],'missingMonthsMax':[{$f,'months':60}],"
    "'healthRate':[{$f,'basisPoints':450}],'healthShare':[{$f,'rank':5,'basisPoints':4000}],"
    "'healthMonths':[{$f,'months':12}],"
    "'localSupport':[{$f,'province':'15','group':1,'basisPoints':1}],"
    "'localShare':[{$f,'province':'15','group':1,'basisPoints':1}],"
    "'localAmount':[{$f,'province':'15','group':1,'vnd':1}],'bar':[{$f,'bar':5}],"
    "'retirementAge':[{$f,'sex':1,'age':'60y'}],'pensionYearsMin':[{$f,'years':15}],"
    "'pensionRate':[{$f,'sex':2,'fromYears':20,'basisPoints':4500}],"
    "'pensionRateStep':[{$f,'sex':2,'fromYears':20,'basisPoints':200}],"
    "'pensionRateMax':[{$f,'basisPoints':7500}],'pensionLumpYears':[{$f,'sex':2,'years':35}],"
    "'pensionLumpShare':[{$f,'basisPoints':5000}],"
    "'incomeCoefficient':[{$f,'year':2026,'coefficient':'1'}],"
    "'donorAmount':[{$f,'province':'15','specialZone':true,'vnd':1}],"
    "'switches':[{$f,'switchName':5,'choice':2}],'incomeStep':[{$f,'vnd':50000}],"
    "'methodMonths':[{$f,'method':4,'months':12}],"
    "'methodDeadline':[{$f,'method':4,'months':7}],"
    "'commission':[{$f,'method':1,'renewal':true,'basisPoints':1}],"
    "'earlyJoinerAge':[{$f,'sex':1,'age':'55y'}],'earlyJoinerYears':[{$f,'years':20}],"
    "'pensionLateLumpShare':[{$f,'basisPoints':20000}],'maternityAmount':[{$f,'vnd':2000000}],"
    "'maternityMonths':[{$f,'months':6}],'maternityWindow':[{$f,'months':12}],"
    "'funeralTimes':[{$f,'times':10}],'funeralMonths':[{$f,'months':60}],"
    "'survivorShare':[{$f,'basisPoints':20000}],'survivorMonths':[{$f,'months':60}],"
    "'survivorPensionMonths':[{$f,'months':48}],'survivorPensionFullMonths':[{$f,'months':2}],"
    "'survivorPensionMinMonths':[{$f,'months':3}],'oneOffShare':[{$f,'basisPoints':20000}],"
    "'oneOffWaitMonths':[{$f,'months':12}],'oneOffYearsMax':[{$f,'years':20}],"
    "'socialPensionAge':[{$f,'group':2,'age':'70y'}],'socialPensionAmount':[{$f,'vnd':500000}],"
    "'healthGapDays':[{$f,'days':90}],'healthWaitDays':[{$f,'days':30}],"
    "'refund':[{$f,'reason':1}],'incomeFloor':[{$f,'times':1}],'pensionerHealth':[{$f}],"
    "'maternityFilingDays':[{$f,'days':60}],'maternitySettlingDays':[{$f,'days':5}],"
    "'oneOffIncapacity':[{$f,'basisPoints':8100}],'oneOffSettlingDays':[{$f,'days':7}],"
    "'monthlyAllowance':[{$f}],'missingMonthsLead':[{$f,'months':1}]"
    "},'dryRun':true}";

/* $p, $b, $v, $d, $y stand for the participant, its open bill, the bill's version and amount, and
 * the payment; $n for now, $e for an hour later, $t for today; $f for the days and the text of a
 * row of the law; ' for ".
 */
static const struct good_request requests[] = {
    COMMAND(
        "Enrolment/Enrol",
        "{'personalId':'010085000002','fullName':'Nguyễn An','birthDate':'1985-05-17','sex':2,"
        "'phone':'0912345678','email':'an@example.vn','address':'Lào Cai','unitCode':'02647',"
        "'supportGroup':4,'incomeVnd':1500000,'method':1,'enrolledOn':'2025-11-30','language':1,"
        "'siCode':'0123456780','months':1}",
        "{'personalId':'010085000002','fullName':'Nguyễn An','birthDate':'1985-05-17','sex':2,"
        "'unitCode':'02647','supportGroup':4,'incomeVnd':1500000,'method':1}"),
    COMMAND("Enrolment/DeclareHealth",
            "{'personalId':'010085000002','fullName':'Nguyễn An','birthDate':'1985-05-17','sex':2,"
            "'phone':'0912345678','email':'an@example.vn','address':'Lào Cai','unitCode':'02647',"
            "'householdCode':'1234567890','siCode':'0123456780','language':1,"
            "'declaredOn':'2025-11-30','previousValidUntil':'2025-12-31'}",
            "{'personalId':'010085000002','fullName':'Nguyễn An','birthDate':'1985-05-17','sex':2,"
            "'unitCode':'02647','householdCode':'1234567890'}"),
    COMMAND("Enrolment/ChangeContribution",
            "{'participantId':'$p','incomeVnd':1600000,'method':1,'months':1,'supportGroup':4,"
            "'unitCode':'02647'}",
            "{'participantId':'$p','method':1}"),
    COMMAND("Enrolment/EndParticipation", "{'participantId':'$p','reason':5}",
            "{'participantId':'$p','reason':5}"),
    COMMAND("Enrolment/RecordAcceptance",
            "{'participantId':'$p','decision':2,'reason':1,'decidedOn':'$t','officerCode':'nv-01'}",
            "{'participantId':'$p','decision':1,'officerCode':'nv-01'}"),
    COMMAND("Enrolment/RecordAcceptance",
            "{'personalId':'010085000001','decision':2,'reason':1,'officerCode':'nv-01'}",
            "{'personalId':'010085000001','decision':2,'reason':1,'officerCode':'nv-01'}"),
    COMMAND("Enrolment/RecordAcceptance",
            "{'siCode':'0123456789','decision':2,'reason':1,'officerCode':'nv-01'}",
            "{'siCode':'0123456789','decision':2,'reason':1,'officerCode':'nv-01'}"),
    READ("Enrolment/GetParticipant", "{'participantId':'$p','on':'2025-11-30'}"),
    READ("Enrolment/GetParticipant", "{'personalId':'010085000001'}"),
    READ("Enrolment/GetParticipant", "{'siCode':'0123456789'}"),
    READ("Enrolment/CheckEligibility", "{'birthDate':'1985-05-17','on':'2025-11-30'}"),
    READ("Enrolment/Illustrate",
         "{'sex':2,'birthDate':'1985-05-17','incomeVnd':1500000,'startMonth':'2026-06',"
         "'on':'2026-06-15','history':[{'fromMonth':'2022-01','months':12,'incomeVnd':1500000}],"
         "'method':1,'supportGroup':4,'unitCode':'02647','joinedOn':'2021-12-15'}"),
    {"Payments/Quote",
     "{'product':1,'unitCode':'02647','incomeVnd':1500000,'method':1,'months':1,"
     "'supportGroup':4,'on':'2025-11-30','monthsSupported':5,'monthsSupportedEarlier':90,"
     "'birthDate':'1985-05-17','sex':2,'monthsPaid':100}",
     NULL, " member_rank "},
    {"Payments/Quote", "{'product':2,'unitCode':'02647','months':12,'memberRank':1}", NULL,
     " unit_code income_vnd method support_group member_rank months_supported "
     "months_supported_earlier birth_date sex months_paid missed_from "},
    READ("Payments/QuoteRefund",
         "{'reason':3,'on':'2026-05-20','paidOn':'2026-03-01','unitCode':'02647',"
         "'incomeVnd':1500000,'method':4,'months':12,'supportGroup':4,'monthsSupported':5,"
         "'monthsSupportedEarlier':90,'usedMonths':3}"),
    READ("Payments/QuoteRefund",
         "{'reason':1,'on':'2026-05-20','paidOn':'2026-03-01','unitCode':'02647',"
         "'incomeVnd':1500000,'method':4,'supportGroup':4,'fromMonth':'2026-03'}"),
    READ("Payments/QuoteHousehold",
         "{'on':'2026-08-01','members':[{'ref':'a','months':12},{'ref':'b','months':3,"
         "'previousValidUntil':'2026-07-31'},{'ref':'c','joinedOn':'2026-01-05'}]}"),
    READ("Payments/GetLeaflet", "{'unitCode':'15','on':'2026-03-01','incomesVnd':[1500000,2000000],"
                                "'methods':[1,4],'joiningAges':[30]}"),
    COMMAND("Payments/Inquire", "{'participantId':'$p','on':'2025-11-30','product':1}",
            "{'participantId':'$p'}"),
    COMMAND("Payments/Inquire", "{'personalId':'010085000001'}", "{'personalId':'010085000001'}"),
    COMMAND("Payments/Pay", "{'billId':'$b','billVersion':$v,'amountVnd':$d,'channel':1}",
            "{'billId':'$b','billVersion':$v,'amountVnd':$d}"),
    COMMAND("Payments/Reverse",
            "{'paymentId':'$y','reason':2,'collectorCode':'','officerCode':'nv-01'}",
            "{'paymentId':'$y','reason':2}"),
    COMMAND("Payments/OpenRefundCase", "{'paymentId':'$y','reason':2,'officerCode':'nv-01'}",
            "{'paymentId':'$y','reason':2,'officerCode':'nv-01'}"),
    COMMAND("Payments/ApproveRefundCase", "{'paymentId':'$y','officerCode':'nv-02'}",
            "{'paymentId':'$y','officerCode':'nv-02'}"),
    COMMAND("Payments/RejectRefundCase", "{'paymentId':'$y','officerCode':'nv-02'}",
            "{'paymentId':'$y','officerCode':'nv-02'}"),
    COMMAND("Payments/PayOutRefundCase",
            "{'paymentId':'$y','officerCode':'nv-02','reference':'UNC 1','bankAccount':'0011',"
            "'paidOn':'2025-11-30'}",
            "{'paymentId':'$y','officerCode':'nv-02','reference':'UNC 1','bankAccount':'0011'}"),
    READ("Payments/GetRefundCase", "{'paymentId':'$y'}"),
    READ("Payments/GetPayment", "{'paymentId':'$y'}"),
    READ("Payments/GetPayment", "{'billId':'$b','requestId':'never-used'}"),
    READ("Collections/Echo", "{'text':'x'}"),
    COMMAND("Collections/Inquire", "{'billId':'$b','asOf':'$t','product':1,'method':1,'months':1}",
            "{'personalId':'010085000001'}"),
    COMMAND("Collections/Pay",
            "{'partnerTransactionId':'t-1','billId':'$b','billVersion':$v,'amountVnd':$d,"
            "'paidAtMs':$n,'businessDate':'$t','channel':1,'pointCode':'BD02647',"
            "'collectorCode':'NV0001','receiptNumber':7}",
            "{'partnerTransactionId':'t-1','billId':'$b','billVersion':$v,'amountVnd':$d,"
            "'paidAtMs':$n,'businessDate':'$t','channel':1,'pointCode':'BD02647',"
            "'collectorCode':'NV0001'}"),
    READ("Collections/GetPayment", "{'partnerTransactionId':'never-used'}"),
    READ("Collections/ListPayments", "{'businessDate':'$t','pageSize':5}"),
    COMMAND("Collections/Reverse",
            "{'partnerTransactionId':'r-1','originalTransactionId':'t-1','reason':6}",
            "{'partnerTransactionId':'r-1','originalTransactionId':'t-1','reason':6}"),
    {"Collections/InquireMany", "{'lines':[{'siCode':'9999999999','asOf':'$t','product':1}]}", NULL,
     " lines personal_id si_code bill_id as_of product method months member_rank "},
    {"Collections/PayMany",
     "{'lines':[{'partnerTransactionId':'t-2','billId':'none','billVersion':1,'amountVnd':1,"
     "'paidAtMs':$n,'businessDate':'$t','channel':1,'pointCode':'BD02647',"
     "'collectorCode':'NV0001','receiptNumber':7}]}",
     NULL,
     " lines partner_transaction_id bill_id bill_version amount_vnd paid_at_ms business_date "
     "channel "
     "point_code collector_code receipt_number "},
    COMMAND("Directory/ImportUnits",
            "{'units':[{'code':'97','parentCode':'VN','level':2,'name':'X',"
            "'nameEn':'X','fullName':'Tỉnh X'}]}",
            "{'units':[{'code':'97','parentCode':'VN','level':2,'name':'X'}]}"),
    COMMAND("Directory/ImportOrganisations",
            "{'organisations':[{'code':'zz','name':'Z'}],'points':[{'code':'zz-1',"
            "'organisationCode':'zz','unitCode':'15','name':'Z 1'}],"
            "'collectors':[{'code':'zz-1-1','pointCode':'zz-1'}]}",
            "{'organisations':[{'code':'zz','name':'Z'}]}"),
    COMMAND("Directory/ImportPlan", "{'targets':[{'unitCode':'VN','participants':5,'year':2101}]}",
            "{'targets':[{'unitCode':'VN','participants':5,'year':2101}]}"),
    COMMAND("Directory/ImportSuccessors",
            "{'successors':[{'oldCode':'02647','newCode':'02671','sharePerMillion':1000000,"
            "'on':'2199-01-01'}],'dryRun':true}",
            "{'successors':[{'oldCode':'02647','newCode':'02671'}]}"),
    COMMAND("Directory/ImportDenominators",
            "{'denominators':[{'unitCode':'15','kind':1,'on':'2026-01-01','value':1,"
            "'source':'x'}],'dryRun':true}",
            "{'denominators':[{'unitCode':'15','kind':1,'on':'2026-01-01'}]}"),
    COMMAND("Directory/ImportSiUnits",
            "{'siUnits':[{'code':'zz','name':'Z','communeCodes':['02647'],"
            "'validFrom':'2026-01-01'}],'dryRun':true}",
            "{'siUnits':[{'code':'zz','name':'Z','communeCodes':['02647']}]}"),
    COMMAND("Directory/ImportPolicy", every_table,
            "{'document':{'povertyLine':[{'from':'2199-01-01','vnd':5,'citation':'x'}]}}"),
    READ("Directory/GetUnit", "{'code':'15'}"),
    COMMAND("Partners/ImportPartners",
            "{'partners':[{'organisationCode':'VNPOST','products':[1],'unitCodes':['15'],"
            "'ratePerS':5,'burst':6,'contacts':[{'role':'x','email':'x@example.vn','phone':'1'}],"
            "'cutOffMinute':1,'cashLimitVnd':7,'cashMaxAgeHours':8,'cashEnforced':true,"
            "'suspended':true}]}",
            "{'partners':[{'organisationCode':'VNPOST','products':[1]}]}"),
    COMMAND("Partners/AddKey",
            "{'organisationCode':'VNPOST','name':'a','algorithm':2,"
            "'secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=','validFromMs':5,"
            "'validUntilMs':'4102444800000'}",
            "{'organisationCode':'VNPOST','name':'b','algorithm':2,"
            "'secret':'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='}"),
    COMMAND("Partners/RevokeKey", "{'keyId':'VNPOST:1'}", "{'keyId':'VNPOST:1'}"),
    READ("Partners/GetPartner", "{'organisationCode':'VNPOST'}"),
    COMMAND("Campaigns/ImportCampaigns",
            "{'campaigns':[{'code':'zz','name':'Z','nameEn':'Z','fromMs':1,'untilMs':2,"
            "'unitCodes':['15'],'products':[1],'counts':2,'planCode':'2025','sprint':true}]}",
            "{'campaigns':[{'code':'zz','name':'Z','fromMs':1,'untilMs':2,'counts':2}]}"),
    READ("Campaigns/GetCampaign", "{'code':'zz'}"),
    READ("Campaigns/ListCampaigns", "{'unitCode':'15','atMs':1}"),
    COMMAND("Campaigns/RecordSession",
            "{'session':{'code':'zz','kind':1,'unitCode':'15',"
            "'organisationCode':'VNPOST','organiser':'x','startMs':$n,'endMs':$e,"
            "'attendance':1}}",
            "{'session':{'code':'zz','kind':1,'unitCode':'15','startMs':$n,'endMs':$e}}"),
    COMMAND("Campaigns/RecordContacts", "{'sessionCode':'zz','personalIds':['001090000001']}",
            "{'sessionCode':'zz','personalIds':['001090000001']}"),
    {"Plans/DefinePlan",
     "{'plan':{'code':'zn','name':'Z','product':1,'period':1,'from':'2026-01-01',"
     "'until':'2026-12-31','counts':2,'measure':1,'root':{'kind':1,'code':'15'},"
     "'target':78275},'dryRun':true}",
     "{'plan':{'code':'zn','name':'Z','product':1,'period':1,'from':'2026-01-01',"
     "'until':'2026-12-31','counts':2,'measure':1,'root':{'kind':1,'code':'15'},'target':1}}",
     " state revision amendments locked_at_ms locked_by "},
    COMMAND("Plans/SplitPlan",
            "{'planCode':'zz','parent':{'kind':1,'code':'15'},'children':[{'scope':{'kind':1,"
            "'code':'02647'},'target':78275,'weight':1}],'dryRun':true}",
            "{'planCode':'zz','parent':{'kind':1,'code':'15'},'children':[{'scope':{'kind':1,"
            "'code':'02647'},'target':78275}]}"),
    COMMAND("Plans/CascadePlan",
            "{'planCode':'zz','unitCode':'15','downTo':3,'weights':1,'hand':[{"
            "'unitCode':'02647','weight':1}],'dryRun':true}",
            "{'planCode':'zz','downTo':3,'weights':2}"),
    COMMAND("Plans/LockPlan", "{'planCode':'zz','officer':'nv-01'}",
            "{'planCode':'zz','officer':'nv-01'}"),
    COMMAND("Plans/AmendPlan",
            "{'planCode':'zl','moves':[{'scope':{'kind':1,'code':'02647'},'change':1,"
            "'from':{'kind':1,'code':'02671'}}],'reason':'x','officer':'nv-01','dryRun':true}",
            "{'planCode':'zl','moves':[{'scope':{'kind':1,'code':'02647'},'change':1}],"
            "'reason':'x','officer':'nv-01'}"),
    COMMAND("Plans/DecideAmendment", "{'planCode':'zl','number':1,'officer':'nv-02'}",
            "{'planCode':'zl','number':1,'officer':'nv-02'}"),
    COMMAND("Plans/RebasePlan",
            "{'planCode':'zl','on':'2025-07-01','officer':'nv-01','unitCode':'15',"
            "'dryRun':true}",
            "{'planCode':'zl','on':'2025-07-01','officer':'nv-01'}"),
    READ("Plans/GetPlan", "{'planCode':'zl','scope':{'kind':1,'code':'15'},'asOfMs':$e}"),
    READ("Plans/ListPlans", "{'on':'2025-07-01'}"),
    READ("Archive/ReadEntry", "{'eventId':'$y'}"),
    READ("Archive/ReadBlock", "{'segment':1}"),
    READ("Directory/GetPolicy", "{'on':'2026-12-31','unitCode':'02647'}"),
    READ("Contacts/ResolveContact", "{'citizen':'AAAAAAAAAAAAAAAAAAAAAA=='}"),
    READ("Contacts/ResolvePeople", "{'citizens':['AAAAAAAAAAAAAAAAAAAAAA==']}"),
    COMMAND("Custody/Remit", "{'holderCode':'NV0001','amountVnd':5,'reference':'r','advance':true}",
            "{'holderCode':'NV0001','amountVnd':5,'reference':'r','advance':true}"),
    READ("Custody/GetCustody", "{'holderCode':'-'}"),
    READ("Custody/ListCustody", "{'organisationCode':'VNPOST','pageSize':5}"),
    READ("Custody/ListAlarms", "{'pageSize':5}"),
    {"Receipts/GetReceipt", "{'paymentId':'$y'}", NULL, " series number "},
    COMMAND("Receipts/VoidReceipt",
            "{'series':'-/-/2025','number':1,'reason':1,'remark':'x','officer':'o'}",
            "{'series':'-/-/2025','number':1,'reason':1,'officer':'o'}"),
    COMMAND("Receipts/ReplaceReceipt",
            "{'series':'-/-/2025','number':1,'reason':2,'remark':'x','officer':'o'}",
            "{'series':'-/-/2025','number':1,'reason':2,'officer':'o'}"),
    COMMAND("Receipts/AllocateBlock", "{'pointCode':'BD02647','count':3,'officer':'o'}",
            "{'pointCode':'BD02647','count':3,'officer':'o'}"),
    COMMAND("Receipts/CloseBlock", "{'series':'-/-/2025','firstNumber':1,'officer':'o'}",
            "{'series':'-/-/2025','firstNumber':1,'officer':'o'}"),
    READ("Receipts/ListBlocks", "{'series':'-/-/2025'}"),
    READ("Receipts/VerifyCode", "{'code':'0000-0000-0000-0000'}"),
    READ("Ledger/TrialBalance", "{'withHolders':true}"),
    READ("Books/ListBooked", "{'businessDate':'2025-11-30'}"),
    COMMAND("Ledger/PostCommission",
            "{'organisationCode':'VNPOST','month':'2025-11','amountVnd':5,'officerCode':'a',"
            "'approverCode':'b'}",
            "{'organisationCode':'VNPOST','month':'2025-11','amountVnd':5,'officerCode':'a',"
            "'approverCode':'b'}"),
    COMMAND("Ledger/PostBankEntry",
            "{'bankAccount':'0011','statementId':'S1','entryRef':'E1','amountVnd':5,"
            "'bookedOn':'2025-11-30','reference':'R1','organisationCode':'VNPOST'}",
            "{'bankAccount':'0011','statementId':'S1','entryRef':'E1','amountVnd':5,"
            "'bookedOn':'2025-11-30'}"),
    COMMAND("Ledger/MoveSuspense",
            "{'bankAccount':'0011','statementId':'S1','entryRef':'E1','amountVnd':5,"
            "'organisationCode':'VNPOST','officerCode':'CB1'}",
            "{'bankAccount':'0011','statementId':'S1','entryRef':'E1','organisationCode':'VNPOST',"
            "'officerCode':'CB1'}"),
    READ("Ledger/GetBudget", "{'provinceCode':'15'}"),
    READ("Ledger/ListSuspense", "{'pageSize':5}"),
    READ("Ledger/ListRefundCases", "{'pageSize':5,'state':2}"),
    READ("Ledger/GetAccount", "{'account':'ACCOUNT_CENTRAL_BUDGET'}"),
    READ("Contacts/ResolveParticipant", "{'siCode':'0123456789'}"),
    READ("Analytics/GetProgress", "{'unitCode':'15','withChildren':true}"),
    READ("Analytics/GetForecast", "{'unitCode':'15','contacts':'5742','joined':'159',"
                                  "'planCode':'2025','withoutSentences':true}"),
    READ("Analytics/GetSeries", "{'slice':{'unitCode':'15'},'bucket':1,'from':'$t','until':'$t',"
                                "'metrics':[1,2],'withLastYear':true}"),
    READ("Analytics/GetBoard", "{'slice':{'unitCode':'15'},'by':2,'limit':5}"),
    READ("Analytics/ListSessions",
         "{'slice':{'unitCode':'15'},'from':'$t','until':'$t','attribution':1,'pageSize':5}"),
    READ("Analytics/ListRecords", "{'slice':{'unitCode':'15'},'metric':2,'pageSize':5}"),
    READ("Notifications/ListDeliveries", "{'participantId':'$p','pageSize':5}"),
    READ("Health/Check", "{'service':'enrolment'}"),
    READ("Health/Stats", "{'service':'enrolment'}"),
};

const struct good_request *good_request_at(size_t i)
{
    return i < ARRAY_LEN(requests) ? &requests[i] : NULL;
}

const char *const good_request_plans[][2] = {
    {"Plans/DefinePlan",
     "{\"plan\":{\"code\":\"zz\",\"name\":\"Z\",\"product\":1,\"period\":1,\"from\":"
     "\"2025-01-01\",\"until\":\"2025-12-31\",\"counts\":2,\"measure\":1,\"root\":{"
     "\"kind\":1,\"code\":\"15\"},\"target\":78275}}"},
    {"Plans/DefinePlan",
     "{\"plan\":{\"code\":\"zl\",\"name\":\"Z\",\"product\":1,\"period\":1,\"from\":"
     "\"2025-01-01\",\"until\":\"2025-12-31\",\"counts\":2,\"measure\":1,\"root\":{"
     "\"kind\":1,\"code\":\"15\"},\"target\":78275}}"},
    {"Plans/CascadePlan", "{\"planCode\":\"zl\",\"downTo\":3,\"weights\":2}"},
    {"Plans/LockPlan", "{\"planCode\":\"zl\",\"officer\":\"nv-01\"}"},
    {"Plans/AmendPlan", "{\"planCode\":\"zl\",\"moves\":[{\"scope\":{\"kind\":1,\"code\":"
                        "\"02647\"},\"change\":1}],\"reason\":\"x\",\"officer\":\"nv-01\"}"},
    {NULL, NULL},
};

const char good_request_partner[] = "{\"partners\":[{\"organisationCode\":\"VNPOST\","
                                    "\"products\":[1],\"cutOffMinute\":1439}]}";

int good_request_has_own_id(const struct good_request *self)
{
    return strncmp(self->method, "Collections/", strlen("Collections/")) == 0 &&
           strcmp(self->method, "Collections/Inquire") != 0;
}

int good_request_ignores(const struct good_request *self, const char *field)
{
    char word[64];
    (void)snprintf(word, sizeof(word), " %s ", field);
    return self->idle != NULL && strstr(self->idle, word) != NULL;
}

int good_request_may_be_negative(const struct good_request *self, const char *field)
{
    return (strcmp(self->method, "Ledger/PostBankEntry") == 0 ||
            strcmp(self->method, "Ledger/MoveSuspense") == 0)
               ? strcmp(field, "amount_vnd") == 0
               : strcmp(self->method, "Plans/AmendPlan") == 0 && strcmp(field, "change") == 0;
}

#define HOUR_MS 3600000

static char moment[24], date[DATE_TEXT_BYTES];

static const char *moment_after(int64_t ms)
{
    (void)snprintf(moment, sizeof(moment), "%lld", (long long)(clock_wall_ms() + ms));
    return moment;
}

static const char *today(void)
{
    date_format(clock_business_day(clock_wall_ms()), date);
    return date;
}

static const char *value_of(const struct good_names *names, char letter)
{
    switch (letter) {
    case 'p':
        return names->participant;
    case 'b':
        return names->bill;
    case 'v':
        return names->bill_version;
    case 'd':
        return names->due;
    case 'n':
        return moment_after(0);
    case 'e':
        return moment_after(HOUR_MS);
    case 't':
        return today();
    case 'f':
        return "\"from\":\"2199-01-01\",\"citation\":\"x\"";
    default:
        return names->payment;
    }
}

ProtobufCMessage *good_request_message(const struct api_method *method, const char *json,
                                       const struct good_names *names, struct arena *arena)
{
    CLEANUP(buf_fini) struct buf text;
    ProtobufCMessage *message = NULL;
    struct err err = {0};
    buf_init(&text, JSON_BYTES);
    for (; *json != '\0'; json++) {
        if (*json == '$')
            assert_int_equal(buf_puts(&text, value_of(names, *++json)), 0);
        else
            assert_int_equal(buf_putc(&text, *json == '\'' ? '"' : *json), 0);
    }
    if (json_to_message((const char *)text.data, text.len, method->input, arena, &message, &err) <
        0)
        fail_msg("%s: %s: %s", method->name, err.field, err.text);
    return message;
}

size_t good_request_pack(const struct api_method *method, const char *json,
                         const struct good_names *names, struct arena *arena, uint8_t *ret,
                         size_t size)
{
    const ProtobufCMessage *message = good_request_message(method, json, names, arena);
    assert_true(protobuf_c_message_get_packed_size(message) <= size);
    return protobuf_c_message_pack(message, ret);
}
