/* quotes [MILLISECONDS]: monthly quotes per second of one core: every group, chosen incomes,
 * provinces and days over the bounds of the tables, with a resolution for every group of every
 * province. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/domain/contribution.h"
#include "common/service/policy.h"

#define REQUESTS 4096 /* a power of two */
#define BATCH 100000
#define PROVINCES 34
#define TIME_MAX_MS 100000

/* splitmix64 */
static uint64_t next(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void resolutions_add(struct policy *policy)
{
    struct policy_table *table = &policy->tables[POLICY_LOCAL_SUPPORT];
    for (uint32_t province = 1; province <= PROVINCES; province++)
        for (int32_t group = GROUP_POOR; group <= POLICY_SPECIAL_ZONE; group++)
            table->rows[table->n++] =
                (struct policy_row){.from_day = date_make(2026, 1, 1),
                                    .to_day = date_make(2030, 12, 31),
                                    .key = policy_province_key(province, group),
                                    .value = 500 + 100 * (int64_t)group,
                                    .citation = "Resolution of a benchmark"};
}

static void requests_make(struct quote_request ret[REQUESTS])
{
    uint64_t seed = 1;
    for (size_t i = 0; i < REQUESTS; i++)
        ret[i] = (struct quote_request){
            .income_vnd = 2200000 + (int64_t)(next(&seed) % 800) * 50000,
            .method = METHOD_IS_MONTHLY,
            .group = (enum support_group)(1 + next(&seed) % 4),
            .is_special_zone = next(&seed) % 16 == 0,
            .province = 1 + (uint32_t)(next(&seed) % PROVINCES),
            .on_day = date_make(2025, 7, 1) + (int32_t)(next(&seed) % 1000),
            .months_supported = (uint32_t)(next(&seed) % 130),
        };
}

/* What this process had of the processor: others may be at work, too. */
static int64_t cpu_us(void)
{
    return (int64_t)clock() * 1000000 / CLOCKS_PER_SEC;
}

int main(int argc, char **argv)
{
    static struct quote_request requests[REQUESTS];
    int64_t for_ms = 1000, n = 0, due_vnd = 0;
    struct policy *policy = NULL;
    struct err err = {0};
    struct quote quote;
    const char *folder = getenv("ANSINH_POLICY");
    if ((argc == 2 && parse_int64(argv[1], 1, TIME_MAX_MS, &for_ms) < 0) ||
        policy_load(folder == NULL ? "deploy/policy" : folder, &policy, &err) < 0) {
        (void)fprintf(stderr, "quotes: %s\n",
                      err.text[0] == '\0' ? "usage: quotes [MS]" : err.text);
        return 1;
    }
    resolutions_add(policy);
    requests_make(requests);
    if (policy_check(policy, &err) < 0) {
        (void)fprintf(stderr, "quotes: %s\n", err.text);
        return 1;
    }
    int64_t begin_us = cpu_us(), took_us = 0;
    for (; took_us < for_ms * 1000; took_us = cpu_us() - begin_us)
        for (int i = 0; i < BATCH; i++, n++) {
            if (contribution_quote(policy, &requests[n % REQUESTS], &quote, &err) < 0) {
                (void)fprintf(stderr, "quotes: %s: %s\n", err.field, err.text);
                return 1;
            }
            due_vnd += quote.participant_vnd; /* so that no quote can be left out */
        }
    policy_destroy(&policy);
    if (due_vnd > 0)
        (void)printf("%lld\n", (long long)(n * 1000000 / took_us));
    return 0;
}
