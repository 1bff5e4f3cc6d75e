/* Steps of a collecting organisation on a platform: partners, people with a bill, payments. JSON is
 * written with ' for ". What is not as expected fails the test. */
#ifndef ANSINH_TESTS_SUPPORT_COLLECTING_H
#define ANSINH_TESTS_SUPPORT_COLLECTING_H

#include "common/base/id.h"
#include "tests/support/platform.h"

#define COLLECTING_POINT "BD02647" /* of VNPOST, as is the collector */
#define COLLECTING_COLLECTOR "NV0001"

/* The platform that is called, with the sample's organisations. VNPOST becomes a partner whose
 * business date ends with the day, VIETTEL one of commune 02671 alone, HPN one whose business date
 * ends a minute after midnight. */
void collecting_on(struct platform *platform);

/* A bill as Inquire answered it. */
struct bill {
    char id[64], version[16], due[24];
};

/* The i-th person of commune 02647, enrolled a year ago; billed as of a day ("": today) as VNPOST.
 */
void collecting_bill(unsigned i, const char *as_of, struct bill *ret);

/* A moment of today that counts for today's business date, and that date. */
long long collecting_now_ms(void);
const char *collecting_date(long long at_ms, int days_after);

/* Calls for a partner; the code, with the answer kept. */
int collect(const char *partner, const char *method, const char *format, ...) PRINTF_LIKE(3, 4);
/* The last answer, or the error's "field: message". */
const char *collected(void);
/* Fails the test when the last answer does not have the words. */
void collected_says(const char *words);

/* Pays a bill in cash at VNPOST's counter. */
int collect_pay(const char *transaction, const struct bill *bill);

#endif
