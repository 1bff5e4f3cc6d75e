/* Whether an entry's postings are those of its facts. Written apart from common/domain/accounts.c
 * on purpose: the two must agree. */
#ifndef ANSINH_CLI_VERIFY_POSTINGS_H
#define ANSINH_CLI_VERIFY_POSTINGS_H

#include "ansinh/v1/events.pb-c.h"

/* What is wrong with them; NULL: nothing, or an older version wrote none. */
const char *verify_postings_fault(const Ansinh__V1__Event *event);

#endif
