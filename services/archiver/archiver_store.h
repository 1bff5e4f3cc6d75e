/* What the archiver asks of the Redis servers beside the journals. */
#ifndef ANSINH_ARCHIVER_ARCHIVER_STORE_H
#define ANSINH_ARCHIVER_ARCHIVER_STORE_H

#include "common/store/journal.h"

/* Asks for a citizen's sealed identity (HGET: bytes or nil). */
void archiver_ask_identity(struct store *ledger, const uint8_t citizen[ID_BYTES], store_reply_fn fn,
                           void *arg);

#endif
