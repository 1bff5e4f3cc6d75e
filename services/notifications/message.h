/* One e-mail as RFC 5322 and MIME want it, lines ended by \n (the relay gets \r\n, see smtp.h).
 *
 * Whatever stands in names and subjects: it cannot end a header line. */
#ifndef ANSINH_NOTIFICATIONS_MESSAGE_H
#define ANSINH_NOTIFICATIONS_MESSAGE_H

#include <stdint.h>

#include "common/base/buf.h"

#define ADDRESS_MAX_BYTES 254 /* RFC 5321, 4.5.3.1.3 */
#define MESSAGE_MAX_BYTES (256 * 1024)

/* All borrowed. Texts are UTF-8; \r and \n in names and subject are taken as spaces. */
struct message {
    const char *from_name; /* may be "" */
    const char *from;      /* address */
    const char *to_name;   /* may be "" */
    const char *to;
    const char *subject;
    const char *body;
    const char *id;       /* event id; the Message-ID is <id@domain of from> */
    const char *language; /* "vi", "en" */
    int64_t at_ms;        /* wall time for Date */
};

/* True for local@domain of plain ASCII (dot-atoms of RFC 5322), at most ADDRESS_MAX_BYTES: what can
 * stand in a header and in an SMTP command without any quoting. */
int message_is_address(const char *text);

/* Appends the message. Both addresses must pass message_is_address. 0, or -EMSGSIZE. */
int message_build(const struct message *message, struct buf *ret) MUST_CHECK;

#endif
