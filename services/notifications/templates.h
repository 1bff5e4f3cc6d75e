/* The texts: one file per kind and language, "<kind>.<language>.txt", which an agency edits without
 * building anew.
 *
 * The first line is "Subject: ...", the second is empty, the rest is the body. "{name}" is replaced
 * by the variable of that name; a name that the kind does not have is an error when the file is
 * read, not when the first person pays. */
#ifndef ANSINH_NOTIFICATIONS_TEMPLATES_H
#define ANSINH_NOTIFICATIONS_TEMPLATES_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "services/notifications/notifications_store.h"

#define TEMPLATE_FILE_MAX_BYTES 16384
#define TEMPLATE_TEXT_MAX_BYTES 65536 /* one rendered text */

struct templates;

enum template_language { LANGUAGE_IS_VI, LANGUAGE_IS_EN, TEMPLATE_LANGUAGES };

/* Who is written to; borrowed during templates_render. */
struct recipient {
    const char *participant_id;
    const char *full_name; /* controls are written as spaces; no UTF-8 or empty: the participant's
                              id stands for it */
    enum template_language language;
    const char *forecast, *link; /* of a unit: a sentence, the dashboard; NULL for a person */
};

/* Reads all files of the directory. -ENOENT: one is missing; -EINVAL: no subject line, an unknown
 * or unclosed {name}, no UTF-8; -EFBIG. err names the file. */
int templates_load(const char *directory, struct templates **ret, struct err *err) MUST_CHECK;
void templates_destroy(struct templates **self);

/* Appends subject (one line) and body (lines ended by \n). event_id is the receipt's payment id, or
 * the reversal's own. 0, or -EMSGSIZE: over the buffers' limits. */
int templates_render(const struct templates *self, const struct task *task, const char *event_id,
                     const struct recipient *to, struct buf *ret_subject,
                     struct buf *ret_body) MUST_CHECK;

/* Money as people write it: "165.000 đ", "165,000 VND"; answers the length. */
#define MONEY_TEXT_BYTES 40
size_t money_format(int64_t vnd, enum template_language language, char ret[MONEY_TEXT_BYTES]);

#endif
