#include "tests/support/people.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/domain/calendar.h"

void people_make(unsigned i, int32_t day, struct sample_person *ret)
{
    ASSERT(i < PEOPLE_MAX);
    *ret = (struct sample_person){
        .sex = SEX_IS_MALE,
        .birth_day = date_make(1985, 5, 17),
        .group = GROUP_OTHER,
        .method = METHOD_IS_MONTHLY,
        .income_vnd = 1500000,
        .enrolled_day = day,
        .paid_day = day,
        .unit_code = "02647",
        .collector_code = "",
        .point_code = "",
    };
    (void)snprintf(ret->personal_id, sizeof(ret->personal_id), "010085%06u", i);
    (void)snprintf(ret->full_name, sizeof(ret->full_name), "Lò Văn Thử Nghiệm");
    (void)snprintf(ret->phone, sizeof(ret->phone), "+84300%06u", i);
    (void)snprintf(ret->email, sizeof(ret->email), "nguoi%u@example.vn", i);
    (void)snprintf(ret->address, sizeof(ret->address), "Tổ 7");
}

struct run {
    const char *key;
    unsigned first, n;
    int32_t day;
    struct person_tally tally;
};

static int start(void *arg, struct bulk *bulk, unsigned long i)
{
    struct run *run = arg;
    struct sample_person person;
    char key[64];
    if (i >= run->n)
        return 0;
    people_make(run->first + (unsigned)i, run->day, &person);
    if (run->key != NULL)
        (void)snprintf(key, sizeof(key), "%s-%lu", run->key, run->first + i);
    person_start(bulk, &person, run->key == NULL ? NULL : key, &run->tally);
    return 1;
}

unsigned long people_load(struct platform *platform, const char *key, unsigned first, unsigned n,
                          unsigned window)
{
    struct run run = {key, first, n, clock_business_day(clock_wall_ms()), {0}};
    struct bulk_conf conf = {
        .svc = platform_service(platform), .window = window, .start = start, .arg = &run};
    unsigned long done;
    unsigned long failed = bulk_run(&conf, &done);
    return done - failed;
}

long long people_on_board(struct platform *platform, const char *unit)
{
    char *answer = malloc(PLATFORM_ANSWER_BYTES);
    ASSERT(answer != NULL);
    long long n = -1;
    if (platform_call(platform, NULL, "Analytics/GetProgress", answer, "{\"unitCode\":\"%s\"}",
                      unit) == 0)
        n = atoll(platform_field(answer, "participants"));
    free(answer);
    return n;
}

int people_wait_board(struct platform *platform, const char *unit, long long n, int64_t timeout_ms)
{
    int64_t until_ms = clock_mono_ms() + timeout_ms;
    long long seen;
    while ((seen = people_on_board(platform, unit)) != n) {
        if (clock_mono_ms() > until_ms) {
            (void)fprintf(stderr, "the board shows %lld, want %lld\n", seen, n);
            return 0;
        }
        loop_turn(platform_service(platform)->loop, 50);
    }
    return 1;
}
