#include "tests/support/test.h"

#include "tests/support/collecting.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/domain/calendar.h"
#include "tests/support/people.h"

#define JSON_BYTES 8192
#define DAYS_ENROLLED 365

static struct platform *platform;
static char answer[PLATFORM_ANSWER_BYTES];

int collect(const char *partner, const char *method, const char *format, ...)
{
    char json[JSON_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(json, sizeof(json), format, args);
    va_end(args);
    assert_true(len > 0 && (size_t)len < sizeof(json));
    for (char *c = json; *c != '\0'; c++)
        *c = *c == '\'' ? '"' : *c;
    platform_set_partner(platform, partner);
    return platform_call(platform, NULL, method, answer, "%s", json);
}

const char *collected(void)
{
    return answer;
}

void collected_says(const char *words)
{
    if (strstr(answer, words) == NULL)
        fail_msg("%s is not in %s", words, answer);
}

static void must(int code)
{
    if (code != 0)
        fail_msg("%s", answer);
}

void collecting_on(struct platform *on)
{
    platform = on;
    must(collect("", "Partners/ImportPartners",
                 "{'partners':[{'organisationCode':'VNPOST','products':[1],'cutOffMinute':1439},"
                 "{'organisationCode':'VIETTEL','products':[1],'unitCodes':['02671'],"
                 "'cutOffMinute':1439},"
                 "{'organisationCode':'HPN','products':[1],'cutOffMinute':1}]}"));
}

long long collecting_now_ms(void)
{
    return (long long)clock_wall_ms();
}

const char *collecting_date(long long at_ms, int days_after)
{
    static char text[DATE_TEXT_BYTES];
    date_format(clock_business_day(at_ms) + days_after, text);
    return text;
}

static void keep(char *to, size_t size, const char *field)
{
    (void)snprintf(to, size, "%s", platform_field(answer, field));
    assert_string_not_equal(to, "");
}

void collecting_bill(unsigned i, const char *as_of, struct bill *ret)
{
    struct sample_person person;
    people_make(i, 0, &person);
    int code =
        collect("", "Enrolment/Enrol",
                "{'personalId':'%s','fullName':'Nguyễn Văn An','birthDate':'1985-05-17',"
                "'sex':2,'unitCode':'02647','supportGroup':4,'incomeVnd':1500000,"
                "'method':1,'enrolledOn':'%s','siCode':'%010u'}",
                person.personal_id, collecting_date(collecting_now_ms(), -DAYS_ENROLLED), i + 1);
    if (code != ANSINH__V1__CODE__CODE_ALREADY_EXISTS)
        must(code);
    must(collect("VNPOST", "Collections/Inquire", "{'personalId':'%s','asOf':'%s'}",
                 person.personal_id, as_of));
    keep(ret->id, sizeof(ret->id), "billId");
    keep(ret->version, sizeof(ret->version), "billVersion");
    keep(ret->due, sizeof(ret->due), "dueVnd");
}

int collect_pay(const char *transaction, const struct bill *bill)
{
    static long long at_ms; /* the same in every repetition */
    if (at_ms == 0)
        at_ms = collecting_now_ms();
    return collect("VNPOST", "Collections/Pay",
                   "{'partnerTransactionId':'%s','billId':'%s','billVersion':%s,'amountVnd':'%s',"
                   "'paidAtMs':'%lld','businessDate':'%s','channel':1,"
                   "'pointCode':'" COLLECTING_POINT "','collectorCode':'" COLLECTING_COLLECTOR "'}",
                   transaction, bill->id, bill->version, bill->due, at_ms,
                   collecting_date(at_ms, 0));
}
