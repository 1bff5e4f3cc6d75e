/* A Maildir as a place to deliver to, with the promise that a message of one name is there once.
 *
 * Written to tmp, synced, linked into new (which fails when the name is there), directory synced.
 * The name stays when a reader moves the file to cur ("<name>:2,<flags>"), so a repeat is
 * recognised there too. Calls block for the time of two fsyncs. */
#ifndef ANSINH_NOTIFICATIONS_MAILDIR_H
#define ANSINH_NOTIFICATIONS_MAILDIR_H

#include <stddef.h>

#include "common/base/err.h"

#define MAILDIR_NAME_MAX_BYTES 120
#define MAILDIR_TMP_MAX_AGE_S (36 * 3600) /* as long as the convention keeps what a crash left */

struct maildir;

/* Makes path, tmp, new and cur (0700) where they are missing, and removes stale files from tmp.
 * -errno of what failed; err names it. */
int maildir_open(const char *path, struct maildir **ret, struct err *err) MUST_CHECK;
void maildir_close(struct maildir **self);

/* Delivers, unless the name is in new or cur already. name: at most MAILDIR_NAME_MAX_BYTES, no '/',
 * ':' or leading '.'. is_repeat: this message was tried before, so look at every name in cur and
 * not only at those with the standard flags. 0: it is there, and will be after a power cut; else a
 * negative errno, and a repeat is safe. */
int maildir_deliver(struct maildir *self, const char *name, const void *text, size_t len,
                    int is_repeat) MUST_CHECK;

#endif
