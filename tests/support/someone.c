#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/gateway_client.h"
#include "tests/support/someone.h"

#define JSON "Content-Type: application/json\r\n"
#define BODY_BYTES 2048
#define SAID_BYTES 1024
#define FIELD_BYTES 128

static struct platform *platform;
static struct gateway_client client;
static char participant[64];

void someone_lives_on(struct platform *self)
{
    platform = self;
}

const char *someone_id(void)
{
    return participant;
}

static const char *answer(void)
{
    return (const char *)client.body.data;
}

void expect_call(int status, const char *method, const char *format, ...)
{
    char path[128], body[BODY_BYTES];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(body, sizeof(body), format, args);
    va_end(args);
    assert_in_range(len, 1, (int)sizeof(body) - 1);
    for (char *at = body; *at != '\0'; at++)
        *at = (char)(*at == '\'' ? '"' : *at);
    if (client.fd > 0)
        gateway_client_close(&client);
    gateway_client_open(&client, NULL, (uint16_t)platform_port(platform));
    (void)snprintf(path, sizeof(path), "/ansinh.v1.%s", method);
    int got = gateway_client_post(&client, path, JSON, body);
    if (got != status)
        fail_msg("%s %s: %d, not %d: %s", method, body, got, status, answer());
}

void expect_said(const char *words)
{
    if (strstr(answer(), words) == NULL)
        fail_msg("\"%s\" is not in: %s", words, answer());
}

void expect_field(const char *name, const char *value)
{
    if (strcmp(platform_field(answer(), name), value) != 0)
        fail_msg("%s is \"%s\", not \"%s\": %s", name, platform_field(answer(), name), value,
                 answer());
}

static void keep(const char *name, char ret[FIELD_BYTES])
{
    (void)snprintf(ret, FIELD_BYTES, "%s", platform_field(answer(), name));
}

#define DECLARATION                                                                                \
    "{'personalId':'%s','fullName':'Lò Văn Thử','birthDate':'%s','sex':'SEX_MALE',"            \
    "'unitCode':'02647','supportGroup':'SUPPORT_GROUP_OTHER','incomeVnd':'1500000',%s}"

void enrol(const char *personal_id, const char *birth_date, const char *rest)
{
    expect_call(200, "Enrolment/Enrol", DECLARATION, personal_id, birth_date, rest);
    (void)snprintf(participant, sizeof(participant), "%s",
                   platform_field(answer(), "participantId"));
}

void enrol_refused(const char *personal_id, const char *birth_date, const char *rest,
                   const char *field, const char *words)
{
    char named[FIELD_BYTES];
    expect_call(400, "Enrolment/Enrol", DECLARATION, personal_id, birth_date, rest);
    (void)snprintf(named, sizeof(named), "\"field\":\"%s\"", field);
    expect_said(named);
    expect_said(words);
}

void inquire(const char *on, int status)
{
    expect_call(status, "Payments/Inquire", "{'participantId':'%s','on':'%s'}", participant, on);
}

void pay(const char *on, const char *from_month, const char *to_month)
{
    char bill[FIELD_BYTES], version[FIELD_BYTES], due[FIELD_BYTES], payment[FIELD_BYTES];
    inquire(on, 200);
    expect_field("fromMonth", from_month);
    expect_field("toMonth", to_month);
    keep("billId", bill);
    keep("billVersion", version);
    keep("dueVnd", due);
    expect_call(200, "Payments/Pay",
                "{'billId':'%s','billVersion':%s,'amountVnd':'%s','paidOn':'%s'}", bill, version,
                due, on);
    keep("paymentId", payment);
    expect_call(200, "Payments/GetPayment", "{'paymentId':'%s'}", payment);
    expect_field("fromMonth", from_month);
    expect_field("toMonth", to_month);
}

void stand(const char *on, const char *state, const char *next_from, const char *next_due)
{
    expect_call(200, "Enrolment/GetParticipant", "{'participantId':'%s','on':'%s'}", participant,
                on);
    expect_field("state", state);
    expect_field("nextFromMonth", next_from);
    expect_field("nextDueOn", next_due);
}

void nothing_differs(void **state)
{
    char said[SAID_BYTES];
    (void)state;
    int status = platform_ansinh(platform, said, "verify", NULL);
    if (status != 0)
        fail_msg("%s", said);
    assert_non_null(strstr(said, " 0 differences"));
}
