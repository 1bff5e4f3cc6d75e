/* recorder LISTEN SERVER FOLDER: stands between the services and the ledger Redis (unix sockets)
 * and writes every commit that passes to FOLDER/<kind>.resp, byte by byte as it was sent. The floor
 * (floor.c) then sends exactly these bytes again, without services in front.
 *
 * Kinds follow from the commit's own totals: enrol, bill, pay; setup for everything else. Ends with
 * SIGTERM. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/log.h"
#include "common/store/commit.h"

#define CLIENTS_MAX 64
#define CHUNK_BYTES 65536
#define COMMAND_MAX_BYTES (8 * 1024 * 1024)
#define ARGS_MAX STORE_ARGS_MAX
#define COMMIT_PREFIX "ansinh_commit_"
#define HEAD_ARG 3   /* of the function's own arguments; says which totals change */
#define HEAD_WHICH 1 /* in it: the number of the only total */
#define ALL_TOTALS 255

enum kind { KIND_ENROL, KIND_BILL, KIND_PAY, KIND_SETUP, KINDS };
static const char *const kind_names[KINDS] = {"enrol", "bill", "pay", "setup"};

struct client {
    int fd, server;
    struct buf commands; /* what came and is not a whole command yet */
};

struct recorder {
    int listener;
    const char *server_path;
    FILE *files[KINDS];
    struct client clients[CLIENTS_MAX];
    size_t n_clients;
};

struct word {
    const uint8_t *bytes;
    size_t len;
};

static volatile sig_atomic_t is_ended;

static void on_signal(int number)
{
    (void)number;
    is_ended = 1;
}

static int fail(const char *what)
{
    (void)fprintf(stderr, "recorder: %s: %s\n", what, strerror(errno));
    return 1;
}

static int unix_socket(const char *path, int is_listener)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    const struct sockaddr *to = (const struct sockaddr *)&address;
    int rc = is_listener ? bind(fd, to, sizeof(address)) : connect(fd, to, sizeof(address));
    if (rc == 0 && is_listener)
        rc = listen(fd, CLIENTS_MAX);
    return rc == 0 ? fd : -1;
}

/* "*3\r\n" or "$12\r\n" at *at: its number, or -1 when it is not there yet. */
static long read_length(const struct buf *buf, size_t *at, char kind)
{
    long value = 0;
    size_t i = *at;
    if (i >= buf->len)
        return -1;
    ASSERT(buf->data[i] == (uint8_t)kind);
    for (i++; i < buf->len && buf->data[i] != '\r'; i++)
        value = value * 10 + (buf->data[i] - '0');
    if (i + 2 > buf->len)
        return -1;
    *at = i + 2;
    return value;
}

/* Number of words of the command at the start of the buffer and its bytes; 0 when it is not whole.
 */
static size_t read_command(const struct buf *buf, struct word *words, size_t *ret_bytes)
{
    size_t at = 0;
    long n = read_length(buf, &at, '*');
    if (n < 0)
        return 0;
    ASSERT(n > 0 && n <= ARGS_MAX);
    for (long i = 0; i < n; i++) {
        long len = read_length(buf, &at, '$');
        if (len < 0 || at + (size_t)len + 2 > buf->len)
            return 0;
        words[i] = (struct word){buf->data + at, (size_t)len};
        at += (size_t)len + 2;
    }
    *ret_bytes = at;
    return (size_t)n;
}

/* KINDS when it is no commit. */
static enum kind kind_of(const struct word *words, size_t n)
{
    if (n < 3 || words[1].len < strlen(COMMIT_PREFIX) ||
        memcmp(words[1].bytes, COMMIT_PREFIX, strlen(COMMIT_PREFIX)) != 0)
        return KINDS;
    size_t n_keys = 0;
    for (size_t i = 0; i < words[2].len; i++)
        n_keys = n_keys * 10 + (size_t)(words[2].bytes[i] - '0');
    ASSERT(3 + n_keys + HEAD_ARG < n);
    const struct word *head = &words[3 + n_keys + HEAD_ARG];
    ASSERT(head->len > HEAD_WHICH);
    switch (head->bytes[HEAD_WHICH]) {
    case TOTAL_ENROLLED:
        return KIND_ENROL;
    case TOTAL_BILLS:
        return KIND_BILL;
    case ALL_TOTALS:
        return KIND_PAY;
    default:
        return KIND_SETUP;
    }
}

static void record(struct recorder *self, struct buf *commands)
{
    struct word words[ARGS_MAX];
    size_t bytes, n;
    while ((n = read_command(commands, words, &bytes)) > 0) {
        enum kind kind = kind_of(words, n);
        if (kind != KINDS)
            (void)fwrite(commands->data, 1, bytes, self->files[kind]);
        buf_consume(commands, bytes);
    }
}

static int write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

/* Moves what waits on one side to the other; negative when a side has gone. */
static int pass(struct recorder *self, struct client *client, int is_from_client)
{
    uint8_t chunk[CHUNK_BYTES];
    ssize_t n = recv(is_from_client ? client->fd : client->server, chunk, sizeof(chunk), 0);
    if (n <= 0)
        return -1;
    if (is_from_client) {
        int rc = buf_append(&client->commands, chunk, (size_t)n);
        ASSERT(rc == 0);
        record(self, &client->commands);
    }
    return write_all(is_from_client ? client->server : client->fd, chunk, (size_t)n);
}

static void client_close(struct client *client)
{
    close(client->fd);
    close(client->server);
    buf_fini(&client->commands);
}

static void client_accept(struct recorder *self)
{
    int fd = accept(self->listener, NULL, NULL);
    int server = unix_socket(self->server_path, 0);
    ASSERT(fd >= 0 && server >= 0 && self->n_clients < CLIENTS_MAX);
    struct client *client = &self->clients[self->n_clients++];
    client->fd = fd;
    client->server = server;
    buf_init(&client->commands, COMMAND_MAX_BYTES);
}

static void turn(struct recorder *self)
{
    struct pollfd polled[1 + 2 * CLIENTS_MAX];
    size_t n = self->n_clients, kept = 0;
    polled[0] = (struct pollfd){.fd = self->listener, .events = POLLIN};
    for (size_t i = 0; i < n; i++) {
        polled[1 + 2 * i] = (struct pollfd){.fd = self->clients[i].fd, .events = POLLIN};
        polled[2 + 2 * i] = (struct pollfd){.fd = self->clients[i].server, .events = POLLIN};
    }
    if (poll(polled, 1 + 2 * n, -1) < 0)
        return;
    for (size_t i = 0; i < n; i++) {
        int rc = polled[1 + 2 * i].revents != 0 ? pass(self, &self->clients[i], 1) : 0;
        if (rc == 0 && polled[2 + 2 * i].revents != 0)
            rc = pass(self, &self->clients[i], 0);
        if (rc < 0)
            client_close(&self->clients[i]);
        else
            self->clients[kept++] = self->clients[i];
    }
    self->n_clients = kept;
    if (polled[0].revents != 0)
        client_accept(self);
}

int main(int argc, char **argv)
{
    static struct recorder self;
    char path[1024];
    if (argc != 4)
        return fail("usage: recorder LISTEN SERVER FOLDER");
    self.server_path = argv[2];
    for (size_t i = 0; i < KINDS; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s.resp", argv[3], kind_names[i]);
        self.files[i] = fopen(path, "we");
        if (self.files[i] == NULL)
            return fail(path);
    }
    struct sigaction action = {.sa_handler = on_signal};
    (void)sigaction(SIGTERM, &action, NULL);
    self.listener = unix_socket(argv[1], 1);
    if (self.listener < 0)
        return fail(argv[1]);
    while (!is_ended)
        turn(&self);
    for (size_t i = 0; i < KINDS; i++) {
        if (fclose(self.files[i]) != 0)
            return fail(kind_names[i]);
    }
    return 0;
}
