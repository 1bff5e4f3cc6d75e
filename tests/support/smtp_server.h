/* A real SMTP relay for tests (smtp_server.py, which says how a recipient's name makes it behave).
 *
 * Everything that fails here aborts with the reason. The relay dies with the process that started
 * it, however that ends. Tests run in the root of the tree. */
#ifndef ANSINH_TESTS_SUPPORT_SMTP_SERVER_H
#define ANSINH_TESTS_SUPPORT_SMTP_SERVER_H

#include <stddef.h>
#include <sys/types.h>

struct smtp_server;

/* Starts a relay on a free port with further options of smtp_server.py, ended by NULL; waits until
 * it listens. */
struct smtp_server *smtp_server_start(const char *const *options);
/* Kills, removes its files, frees, sets *self to NULL; NULL is allowed. */
void smtp_server_stop(struct smtp_server **self);

unsigned smtp_server_port(const struct smtp_server *self);
/* Where its files are: "<n>.eml" as it came, "<n>.txt" as a mail program shows it. */
const char *smtp_server_directory(const struct smtp_server *self);

/* kill -9; and a start on the same port. */
void smtp_server_kill(struct smtp_server *self);
void smtp_server_restart(struct smtp_server *self);
/* SIGSTOP and SIGCONT: the port is open, nobody answers. */
void smtp_server_pause(struct smtp_server *self);
void smtp_server_resume(struct smtp_server *self);

/* How many messages were taken whose line in "taken" contains text ("" for all). */
size_t smtp_server_taken(const struct smtp_server *self, const char *text);
/* Connections over which they came. */
size_t smtp_server_connections(const struct smtp_server *self);
/* Whole file of the directory, NUL-terminated; caller frees. NULL when it is not there. */
char *smtp_server_read(const struct smtp_server *self, const char *name);

#endif
