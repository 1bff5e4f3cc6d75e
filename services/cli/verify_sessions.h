/* The sessions and contacts in the views server against the journals: the same elements, those of
 * one session in their order. By code of its own. */
#ifndef ANSINH_CLI_VERIFY_SESSIONS_H
#define ANSINH_CLI_VERIFY_SESSIONS_H

#include "ansinh/v1/events.pb-c.h"
#include "services/cli/verify.h"

struct verify_sessions;

struct verify_sessions *verify_sessions_create(struct verify *verify);
void verify_sessions_destroy(struct verify_sessions **self);

/* Reads all of both lists; 0, or what a server answered. From nothing, however often. */
int verify_sessions_load(struct verify_sessions *self) MUST_CHECK;

/* Takes an entry of a citizens' journal; other events leave nothing. is_early: it must be stored;
 * else it may be. */
void verify_sessions_apply(struct verify_sessions *self, const Ansinh__V1__Event *event,
                           int is_early);

/* After all journals: reports the differences. */
void verify_sessions_compare(struct verify_sessions *self);

#endif
