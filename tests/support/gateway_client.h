/* A plain HTTP/1.1 client for tests of the gateway: sends any bytes, also wrong ones, and reads
 * what comes. Waits turn a loop when the server lives in it. */
#ifndef ANSINH_TESTS_SUPPORT_GATEWAY_CLIENT_H
#define ANSINH_TESTS_SUPPORT_GATEWAY_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"

struct loop;

struct gateway_client {
    struct loop *loop; /* NULL: the server is another process */
    int fd;
    int is_closed;   /* the server has closed the connection */
    struct buf in;   /* received and not consumed */
    int status;      /* of the last answer */
    char head[4096]; /* its status line and headers */
    struct buf body; /* its body, NUL follows it */
};

/* Connects to 127.0.0.1. Aborts when that fails, as all of these do when a wait is in vain. */
void gateway_client_open(struct gateway_client *self, struct loop *loop, uint16_t port);
/* The same with a receive buffer of its own size in the system: what a client is sent that reads
 * nothing. */
void gateway_client_open_narrow(struct gateway_client *self, struct loop *loop, uint16_t port,
                                int receive_bytes);
void gateway_client_close(struct gateway_client *self);

/* Sends len bytes (all of them, unless the server has closed). */
void gateway_client_send(struct gateway_client *self, const char *bytes, size_t len);

/* Reads one answer to a request that was sent; the status, or 0 when the connection was closed
 * instead. The body is read by its length, by chunks, or until the end. */
int gateway_client_read(struct gateway_client *self);

/* Sends a request and reads the answer. headers are whole lines, each ended by \r\n, or "". */
int gateway_client_post(struct gateway_client *self, const char *path, const char *headers,
                        const char *body);
int gateway_client_get(struct gateway_client *self, const char *path, const char *headers);

/* Value of a header of the last answer, copied to a static buffer; NULL when absent. */
const char *gateway_client_header(const struct gateway_client *self, const char *name);

/* Reads a stream until text is in self->in (raw, chunk marks included); 0 when it did not come
 * within wait_ms or the server closed. */
int gateway_client_await(struct gateway_client *self, const char *text, int64_t wait_ms);

/* Waits until the server has closed the connection; 0 when it did not within wait_ms. */
int gateway_client_await_close(struct gateway_client *self, int64_t wait_ms);

#endif
