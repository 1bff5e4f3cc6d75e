#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "common/json/json.h"
#include "tests/support/good_requests.h"

#define JSON_BYTES 4096

#define READ(method, json)                                                                         \
    {                                                                                              \
        method, json, NULL, NULL                                                                   \
    }
#define COMMAND(method, json, short_json)                                                          \
    {                                                                                              \
        method, json, short_json, NULL                                                             \
    }

/* $p, $b, $v, $d, $y stand for the participant, its open bill, the bill's version and amount, and
 * the payment; ' for ". */
static const struct good_request requests[] = {
    COMMAND(
        "Enrolment/Enrol",
        "{'personalId':'010085000002','fullName':'Nguyễn An','birthDate':'1985-05-17','sex':2,"
        "'phone':'0912345678','email':'an@example.vn','address':'Lào Cai','unitCode':'02647',"
        "'supportGroup':4,'incomeVnd':1500000,'method':1,'enrolledOn':'2025-11-30','language':1,"
        "'siCode':'0123456780'}",
        "{'personalId':'010085000002','fullName':'Nguyễn An','birthDate':'1985-05-17','sex':2,"
        "'unitCode':'02647','supportGroup':4,'incomeVnd':1500000,'method':1}"),
    READ("Enrolment/GetParticipant", "{'participantId':'$p'}"),
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
    COMMAND("Payments/Inquire", "{'participantId':'$p','on':'2025-11-30'}",
            "{'participantId':'$p'}"),
    COMMAND("Payments/Inquire", "{'personalId':'010085000001'}", "{'personalId':'010085000001'}"),
    COMMAND("Payments/Pay", "{'billId':'$b','billVersion':$v,'amountVnd':$d,'channel':1}",
            "{'billId':'$b','billVersion':$v,'amountVnd':$d}"),
    READ("Payments/GetPayment", "{'paymentId':'$y'}"),
    READ("Payments/GetPayment", "{'billId':'$b','requestId':'never-used'}"),
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
    READ("Directory/GetUnit", "{'code':'15'}"),
    READ("Archive/ReadEntry", "{'eventId':'$y'}"),
    READ("Archive/ReadBlock", "{'segment':1}"),
    READ("Contacts/ResolveContact", "{'citizen':'AAAAAAAAAAAAAAAAAAAAAA=='}"),
    READ("Analytics/GetProgress", "{'unitCode':'15','withChildren':true}"),
    READ("Notifications/ListDeliveries", "{'participantId':'$p','pageSize':5}"),
    READ("Health/Check", "{'service':'enrolment'}"),
    READ("Health/Stats", "{'service':'enrolment'}"),
};

const struct good_request *good_request_at(size_t i)
{
    return i < ARRAY_LEN(requests) ? &requests[i] : NULL;
}

int good_request_ignores(const struct good_request *self, const char *field)
{
    char word[64];
    (void)snprintf(word, sizeof(word), " %s ", field);
    return self->idle != NULL && strstr(self->idle, word) != NULL;
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
