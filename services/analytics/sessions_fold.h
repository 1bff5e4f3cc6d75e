/* From events of the journal to sessions and their contacts. No I/O. */
#ifndef ANSINH_ANALYTICS_SESSIONS_FOLD_H
#define ANSINH_ANALYTICS_SESSIONS_FOLD_H

#include "ansinh/v1/events.pb-c.h"
#include "services/analytics/sessions_store.h"

/* Takes an event about a session in, and into what is to be stored; other events change nothing.
 * -EPROTO: it is none that can be; -ENOMEM, -ENOENT as in sessions.h. */
int sessions_fold(struct sessions *self, struct sessions_out *out,
                  const Ansinh__V1__Event *event) MUST_CHECK;

#endif
