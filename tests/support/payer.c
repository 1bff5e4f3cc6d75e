#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/log.h"
#include "tests/support/payer.h"
#include "tests/support/people.h"

static void copy(char *to, size_t size, const char *answer, const char *field)
{
    (void)snprintf(to, size, "%s", platform_field(answer, field));
}

void payer_enrol(struct platform *platform, unsigned i, struct payer *ret)
{
    char *answer = malloc(PLATFORM_ANSWER_BYTES);
    struct sample_person person;
    ASSERT(answer != NULL);
    people_make(i, 20000, &person);
    *ret = (struct payer){{0}, {0}, {0}, {0}, {0}, {0}};
    assert_int_equal(
        platform_call(platform, NULL, "Enrolment/Enrol", answer,
                      "{\"personalId\":\"%s\",\"fullName\":\"%s\",\"birthDate\":\"1985-05-17\","
                      "\"sex\":2,\"unitCode\":\"02647\",\"supportGroup\":4,\"incomeVnd\":1500000,"
                      "\"method\":1}",
                      person.personal_id, person.full_name),
        0);
    copy(ret->participant, sizeof(ret->participant), answer, "participantId");
    assert_int_equal(platform_call(platform, NULL, "Payments/Inquire", answer,
                                   "{\"participantId\":\"%s\"}", ret->participant),
                     0);
    copy(ret->bill, sizeof(ret->bill), answer, "billId");
    copy(ret->version, sizeof(ret->version), answer, "billVersion");
    copy(ret->due, sizeof(ret->due), answer, "dueVnd");
    free(answer);
}

int payer_pay(struct platform *platform, struct payer *self, const char *rest, char *answer)
{
    int code =
        platform_call(platform, NULL, "Payments/Pay", answer,
                      "{\"billId\":\"%s\",\"billVersion\":%s,\"amountVnd\":%s,\"channel\":1%s%s}",
                      self->bill, self->version, self->due, rest[0] == '\0' ? "" : ",", rest);
    if (code != 0)
        return code;
    copy(self->payment, sizeof(self->payment), answer, "paymentId");
    copy(self->code, sizeof(self->code), answer, "verificationCode");
    return 0;
}
