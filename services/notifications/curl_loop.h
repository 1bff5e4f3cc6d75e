/* libcurl's multi interface in the reactor: its sockets and its timer are ours to watch.
 *
 * Used for what curl does without blocking: connecting, TLS, the protocol's hello and login. */
#ifndef ANSINH_NOTIFICATIONS_CURL_LOOP_H
#define ANSINH_NOTIFICATIONS_CURL_LOOP_H

#include <curl/curl.h>

#include "common/loop/loop.h"

struct curl_loop;

/* Borrows loop. From now on SIGPIPE is ignored in the process: a peer that hangs up while TLS
 * writes must not end it. */
struct curl_loop *curl_loop_create(struct loop *loop);
/* All transfers must have been taken out. */
void curl_loop_destroy(struct curl_loop **self);

/* Starts a transfer; done runs once with its CURLINFO_PRIVATE, never inside this call. The handle
 * stays in until it is taken out. */
typedef void (*curl_done_fn)(void *private, CURLcode rc);
void curl_loop_add(struct curl_loop *self, CURL *easy, curl_done_fn done);

/* Ends a transfer and closes its connection at once, whatever the peer does. fd is the connection's
 * socket, or -1 while there is none. */
void curl_loop_remove(struct curl_loop *self, CURL *easy, int fd);

#endif
