#include "tests/support/gateway_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/loop/loop.h"

#define WAIT_MS 20000
#define POLL_MS 5
#define IN_MAX_BYTES ((size_t)32 * 1024 * 1024)

static void fail(const char *what)
{
    (void)fprintf(stderr, "gateway_client: %s (%s)\n", what, strerror(errno));
    abort();
}

void gateway_client_open_narrow(struct gateway_client *self, struct loop *loop, uint16_t port,
                                int receive_bytes)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    memset(self, 0, sizeof(*self));
    self->loop = loop;
    buf_init(&self->in, IN_MAX_BYTES);
    buf_init(&self->body, IN_MAX_BYTES);
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (self->fd < 0)
        fail("no socket");
    /* before the window is told to the server */
    if (receive_bytes > 0)
        (void)setsockopt(self->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof(receive_bytes));
    if (connect(self->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        fail("cannot connect");
}

void gateway_client_open(struct gateway_client *self, struct loop *loop, uint16_t port)
{
    gateway_client_open_narrow(self, loop, port, 0);
}

void gateway_client_close(struct gateway_client *self)
{
    (void)close(self->fd);
    buf_fini(&self->in);
    buf_fini(&self->body);
}

/* Lets the server work, takes what has arrived, NUL follows it. */
static void pump(struct gateway_client *self)
{
    if (self->loop != NULL)
        loop_turn(self->loop, 1);
    struct pollfd item = {self->fd, POLLIN, 0};
    if (poll(&item, 1, self->loop == NULL ? POLL_MS : 0) <= 0)
        return;
    uint8_t *room = buf_reserve(&self->in, 65537);
    if (room == NULL)
        fail("too much was received");
    ssize_t n = recv(self->fd, room, 65536, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN))
        self->is_closed = 1;
    self->in.len += n > 0 ? (size_t)n : 0;
    self->in.data[self->in.len] = '\0';
}

void gateway_client_send(struct gateway_client *self, const char *bytes, size_t len)
{
    int64_t until = clock_mono_ms() + WAIT_MS;
    while (len > 0 && !self->is_closed) {
        ssize_t n = send(self->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            return; /* closed; what came before is still to be read */
        bytes += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
        if (n < 0)
            pump(self);
        if (clock_mono_ms() > until)
            fail("the server does not take the request");
    }
}

int gateway_client_await(struct gateway_client *self, const char *text, int64_t wait_ms)
{
    int64_t until = clock_mono_ms() + wait_ms;
    for (;;) {
        if (self->in.len > 0 && strstr((const char *)self->in.data, text) != NULL)
            return 1;
        if (self->is_closed || clock_mono_ms() > until)
            return 0;
        pump(self);
    }
}

int gateway_client_await_close(struct gateway_client *self, int64_t wait_ms)
{
    int64_t until = clock_mono_ms() + wait_ms;
    while (!self->is_closed && clock_mono_ms() <= until)
        pump(self);
    return self->is_closed;
}

/* Waits for n bytes. */
static void need(struct gateway_client *self, size_t n)
{
    int64_t until = clock_mono_ms() + WAIT_MS;
    while (self->in.len < n && !self->is_closed) {
        pump(self);
        if (clock_mono_ms() > until)
            fail("the answer is incomplete");
    }
}

static void take_body(struct gateway_client *self, size_t len)
{
    need(self, len);
    len = MIN(len, self->in.len);
    if (buf_append(&self->body, self->in.data, len) < 0)
        fail("the body is too long");
    buf_consume(&self->in, len);
    if (self->in.data != NULL)
        self->in.data[self->in.len] = '\0';
}

static void take_chunks(struct gateway_client *self)
{
    for (;;) {
        if (!gateway_client_await(self, "\r\n", WAIT_MS))
            fail("a chunk is missing");
        size_t len = strtoul((const char *)self->in.data, NULL, 16);
        const char *end = strstr((const char *)self->in.data, "\r\n");
        buf_consume(&self->in, (size_t)(end + 2 - (const char *)self->in.data));
        self->in.data[self->in.len] = '\0';
        take_body(self, len);
        need(self, 2);
        buf_consume(&self->in, 2);
        self->in.data[self->in.len] = '\0';
        if (len == 0)
            return;
    }
}

int gateway_client_read(struct gateway_client *self)
{
    buf_reset(&self->body);
    self->status = 0;
    self->head[0] = '\0';
    if (!gateway_client_await(self, "\r\n\r\n", WAIT_MS)) {
        if (!self->is_closed)
            fail("no answer");
        return 0;
    }
    const char *end = strstr((const char *)self->in.data, "\r\n\r\n") + 4;
    size_t len = (size_t)(end - (const char *)self->in.data);
    if (len >= sizeof(self->head))
        fail("the headers are too long");
    memcpy(self->head, self->in.data, len);
    self->head[len] = '\0';
    buf_consume(&self->in, len);
    self->in.data[self->in.len] = '\0';
    self->status = atoi(self->head + strlen("HTTP/1.1 "));
    const char *length = gateway_client_header(self, "Content-Length");
    const char *encoding = gateway_client_header(self, "Transfer-Encoding");
    if (self->status == 100)
        return gateway_client_read(self);
    if (encoding != NULL)
        take_chunks(self);
    else if (length != NULL)
        take_body(self, strtoul(length, NULL, 10));
    else if (self->status != 304 && gateway_client_await_close(self, WAIT_MS))
        take_body(self, self->in.len);
    (void)buf_putc(&self->body, '\0');
    self->body.len--;
    return self->status;
}

int gateway_client_post(struct gateway_client *self, const char *path, const char *headers,
                        const char *body)
{
    struct buf out;
    buf_init(&out, IN_MAX_BYTES);
    (void)buf_printf(&out, "POST %s HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n%s\r\n%s",
                     path, strlen(body), headers, body);
    gateway_client_send(self, (const char *)out.data, out.len);
    buf_fini(&out);
    return gateway_client_read(self);
}

int gateway_client_get(struct gateway_client *self, const char *path, const char *headers)
{
    struct buf out;
    buf_init(&out, IN_MAX_BYTES);
    (void)buf_printf(&out, "GET %s HTTP/1.1\r\nHost: test\r\n%s\r\n", path, headers);
    gateway_client_send(self, (const char *)out.data, out.len);
    buf_fini(&out);
    return gateway_client_read(self);
}

const char *gateway_client_header(const struct gateway_client *self, const char *name)
{
    static char value[1024];
    size_t len = strlen(name);
    for (const char *line = strstr(self->head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        line += len + 1 + strspn(line + len + 1, " ");
        (void)snprintf(value, sizeof(value), "%.*s", (int)strcspn(line, "\r"), line);
        return value;
    }
    return NULL;
}
