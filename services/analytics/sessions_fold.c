#include "services/analytics/sessions_fold.h"

#include <errno.h>
#include <string.h>

#include "common/base/id.h"
#include "common/store/packed.h"

static int fold_session(struct sessions *self, struct sessions_out *out,
                        const Ansinh__V1__Session *session, int64_t at_ms)
{
    int rc = session == NULL ? -EPROTO : sessions_record(self, session, at_ms);
    if (rc == 0)
        sessions_out_session(out, session, at_ms);
    return rc;
}

static int fold_contacts(struct sessions *self, struct sessions_out *out,
                         const Ansinh__V1__ContactsRecorded *in, int64_t at_ms)
{
    uint64_t people[SESSION_PEOPLE_MAX];
    size_t n = in->citizens.len / ID_BYTES;
    if (in->citizens.len % ID_BYTES != 0 || n > ARRAY_LEN(people))
        return -EPROTO;
    for (size_t i = 0; i < n; i++)
        people[i] = get_le(in->citizens.data + i * ID_BYTES, 8);
    int rc = sessions_contact(self, in->session_code, people, n, at_ms);
    if (rc == 0)
        sessions_out_contacts(out, in->session_code, people, n, at_ms);
    return rc;
}

int sessions_fold(struct sessions *self, struct sessions_out *out, const Ansinh__V1__Event *event)
{
    if (event->kind_case == ANSINH__V1__EVENT__KIND_SESSION_RECORDED)
        return fold_session(self, out, event->session_recorded->session, event->at_ms);
    if (event->kind_case == ANSINH__V1__EVENT__KIND_CONTACTS_RECORDED)
        return fold_contacts(self, out, event->contacts_recorded, event->at_ms);
    return 0;
}
