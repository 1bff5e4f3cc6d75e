#include "tests/support/test.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "common/store/commit.h"
#include "tests/power/witness.h"

static char answer[PLATFORM_ANSWER_BYTES];

int witness_enrol(struct witness *self, unsigned i)
{
    char key[32];
    assert_in_range(i, 0, WITNESS_PEOPLE_MAX - 1);
    (void)snprintf(key, sizeof(key), "witness-%u", i);
    int code = platform_call(self->platform, key, "Enrolment/Enrol", answer,
                             "{\"personalId\":\"010085%06u\",\"fullName\":\"Giàng A Thử\","
                             "\"birthDate\":\"1985-05-17\",\"sex\":\"SEX_MALE\","
                             "\"unitCode\":\"02647\",\"supportGroup\":\"SUPPORT_GROUP_OTHER\","
                             "\"incomeVnd\":\"1500000\",\"method\":\"METHOD_MONTHLY\"}",
                             i);
    self->codes[i] = code;
    self->n_asked = MAX(self->n_asked, i + 1);
    if (code != 0)
        return code;
    const char *id = platform_field(answer, "participantId");
    assert_true(self->ids[i][0] == '\0' || strcmp(self->ids[i], id) == 0);
    (void)snprintf(self->ids[i], sizeof(self->ids[i]), "%s", id);
    return 0;
}

unsigned witness_enrol_more(struct witness *self, unsigned n)
{
    unsigned n_good = 0;
    for (unsigned end = self->n_asked + n; self->n_asked < end;)
        n_good += witness_enrol(self, self->n_asked) == 0;
    return n_good;
}

/* The ledger's own count, without any service. */
static int64_t count_enrolled(struct witness *self)
{
    int64_t sum = 0;
    for (unsigned p = 0; p < PARTITIONS; p++) {
        char key[KEY_MAX_BYTES];
        struct totals totals;
        (void)key_totals(p, key);
        redisReply *reply = redis_server_do(platform_ledger(self->platform), "GET", key, NULL);
        if (reply->type == REDIS_REPLY_STRING) {
            assert_int_equal(totals_unpack(reply->str, reply->len, &totals), 0);
            sum += totals.values[TOTAL_ENROLLED];
        }
        freeReplyObject(reply);
    }
    return sum;
}

void witness_settle(struct witness *self)
{
    unsigned n_known = 0;
    for (unsigned i = 0; i < self->n_asked; i++)
        n_known += self->ids[i][0] != '\0';
    int64_t n_enrolled = count_enrolled(self);
    assert_true(n_enrolled >= n_known && n_enrolled <= self->n_asked);
    for (unsigned i = 0; i < self->n_asked; i++) {
        if (witness_enrol(self, i) != 0)
            fail_msg("person %u: %s", i, answer);
    }
    assert_int_equal(count_enrolled(self), self->n_asked);
    if (platform_ansinh(self->platform, answer, "verify", NULL) != 0)
        fail_msg("%s", answer);
    assert_non_null(strstr(answer, " 0 differences"));
}
