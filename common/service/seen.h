/* Citizens' states as this process committed them last: a hint that saves the reading before a
 * commit.
 *
 * What is remembered may be outdated (another instance has written since), so nothing may be
 * refused or answered from it. A commit decided on it is safe: it names the version it expects, and
 * a version of a citizen's record stands for one state. All is forgotten when a connection to the
 * ledger was lost, because behind it the history may have been another one (restored, failed over).
 */
#ifndef ANSINH_SERVICE_SEEN_H
#define ANSINH_SERVICE_SEEN_H

#include "common/base/id.h"
#include "common/domain/citizen.h"
#include "common/store/redis.h"

struct seen;

/* Borrows the ledger, whose lost connections it watches. */
struct seen *seen_create(const struct store *ledger);
void seen_destroy(struct seen **self);

/* Remembers a state that is in the ledger; a later one may push it out. */
void seen_keep(struct seen *self, const uint8_t citizen[ID_BYTES], const struct citizen *state);
void seen_forget(struct seen *self, const uint8_t citizen[ID_BYTES]);

/* True when there is one. */
int seen_find(struct seen *self, const uint8_t citizen[ID_BYTES], struct citizen *ret);

#endif
