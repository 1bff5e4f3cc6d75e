/* What settlement tells the payments instances of blocked collectors, through views. */
#ifndef ANSINH_SERVICE_CUSTODY_KEYS_H
#define ANSINH_SERVICE_CUSTODY_KEYS_H

#define CUSTODY_VIEW "books"
/* A hash: CUSTODY_BEAT, CUSTODY_VERSION, and for each holder that is or was blocked
 * CUSTODY_HOLDER<code>: a packed CashInHand with its numbers alone, or "" when it may collect
 * again.
 */
#define CUSTODY_BLOCKED "blocked"
#define CUSTODY_BEAT "beat"       /* changes every CUSTODY_BEAT_MS while the projection keeps up */
#define CUSTODY_VERSION "version" /* changes when a holder's field does */
#define CUSTODY_HOLDER "h:"
#define CUSTODY_BEAT_MS 500
#define CUSTODY_STALE_MS 5000 /* without a beat: nobody is blocked */

#endif
