/* A private Redis server for tests, configured as in production (deploy/redis/<role>.conf), on a
 * unix socket.
 *
 *   struct redis_server *ledger = redis_server_start(NULL, "ledger");
 *   ... redis_server_url(ledger) ...
 *   redis_server_stop(&ledger);
 *
 * Everything that fails here aborts with the reason and the end of the server's log: a test cannot
 * go on without its server. The server dies with the process that started it, however that ends.
 * Tests run in the root of the tree. */
#ifndef ANSINH_TESTS_SUPPORT_REDIS_SERVER_H
#define ANSINH_TESTS_SUPPORT_REDIS_SERVER_H

#include <sys/types.h>

struct redis_server;
struct redisReply;

/* Starts a server of the role ("ledger", "views") with its files in <dir>/<role>, which is made
 * when missing (what an earlier server left there is loaded); waits until it answers. dir NULL: a
 * fresh directory under /tmp, removed by redis_server_stop. */
struct redis_server *redis_server_start(const char *dir, const char *role);

/* The same with further options, ended by NULL, that win over the file's: {"--appendfsync",
 * "everysec", NULL}. Borrowed until the stop. */
struct redis_server *redis_server_start_with(const char *dir, const char *role,
                                             const char *const *options);

/* Kills the server if it runs, frees, sets *self to NULL; NULL is allowed. */
void redis_server_stop(struct redis_server **self);

/* "unix:/tmp/ansinh-.../ledger/redis.sock", as store_conf and the services' configuration want it;
 * the socket's path; and the directory with the server's files. Valid until the stop. */
const char *redis_server_url(const struct redis_server *self);
const char *redis_server_socket(const struct redis_server *self);
const char *redis_server_directory(const struct redis_server *self);
pid_t redis_server_pid(const struct redis_server *self);

/* kill -9, and waits for the end. */
void redis_server_kill(struct redis_server *self);
/* Starts a killed server again on the same files; waits until it answers. */
void redis_server_restart(struct redis_server *self);
/* The same for files that it may refuse: -1 when the server ended by itself. */
int redis_server_try_restart(struct redis_server *self);
/* SIGSTOP and SIGCONT: connections stay open, nothing answers. */
void redis_server_pause(struct redis_server *self);
void redis_server_resume(struct redis_server *self);

/* One command over a connection of its own, text arguments ended by NULL; waits for the answer,
 * which the caller frees with freeReplyObject. An error reply is returned like any other. */
struct redisReply *redis_server_do(struct redis_server *self, ...) __attribute__((sentinel));
/* The same for commands that answer an integer. */
long long redis_server_integer(struct redis_server *self, ...) __attribute__((sentinel));

#endif
