/* http_pay PORT FILE CONNECTIONS [KEY-ID ALGORITHM KEY-FILE]: payments as a partner's program makes
 * them.
 *
 * Posts every line of FILE (a PayRequest in JSON) to the gateway on 127.0.0.1 over keep-alive
 * connections, one request under way on each; with a key as Collections/Pay, signed, each with a
 * transaction id of its own. All requests are made, and signed, before the clock starts. Prints
 * payments per second; a single answer other than 200 fails the run. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/key_file.h"
#include "common/base/log.h"
#include "common/base/parse.h"
#include "common/domain/calendar.h"
#include "common/sign/digest.h"
#include "common/sign/signature.h"

#define CONNECTIONS_MAX 1024
#define LINE_MAX_BYTES 1024
#define ANSWER_MAX_BYTES 8192
#define REQUESTS_MAX_BYTES ((size_t)2 * 1024 * 1024 * 1024)
#define WAIT_MS 10000
#define COLLECT_PATH "/ansinh.v1.Collections/Pay"

struct connection {
    int fd;
    size_t len;
    char answer[ANSWER_MAX_BYTES + 1];
};

struct load {
    const char *key_id; /* NULL: not signed */
    struct signature_key key;
    struct buf requests;
    size_t *ends;
    size_t n, n_sent, n_done;
    int epoll;
    struct connection connections[CONNECTIONS_MAX];
};

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "http_pay: %s: %s\n", what, why);
    exit(1);
}

static void add_plain(struct load *self, const char *body, const char *key)
{
    (void)buf_printf(&self->requests,
                     "POST /ansinh.v1.Payments/Pay HTTP/1.1\r\nHost: ansinh\r\n"
                     "Content-Type: application/json\r\nIdempotency-Key: %s\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     key, strlen(body), body);
}

static const char *digest_field(void *arg, const char *name)
{
    return strcmp(name, "content-digest") == 0 ? arg : NULL;
}

/* The line's PayRequest as a CollectionsPayRequest; key is its transaction id, and the nonce. */
static void add_signed(struct load *self, const char *line, const char *key)
{
    static const char *const components[] = {"@method", "@target-uri", "content-digest", NULL};
    char body[2 * LINE_MAX_BYTES], digest[DIGEST_TEXT_BYTES], date[DATE_TEXT_BYTES];
    int64_t now_ms = clock_wall_ms();
    struct err err = {0};
    struct buf input, value;
    buf_init(&input, LINE_MAX_BYTES);
    buf_init(&value, LINE_MAX_BYTES);
    date_format(clock_business_day(now_ms), date);
    int len = snprintf(
        body, sizeof(body),
        "{\"partnerTransactionId\":\"%s\",\"paidAtMs\":\"%lld\",\"businessDate\":\"%s\",%s", key,
        (long long)now_ms, date, line + 1);
    digest_write((const uint8_t *)body, (size_t)len, digest);
    const struct signature_message message = {.method = "POST",
                                              .target_uri = "http://ansinh" COLLECT_PATH,
                                              .field = digest_field,
                                              .arg = digest};
    const struct signature_spec spec = {.label = "s",
                                        .components = components,
                                        .created = now_ms / 1000,
                                        .nonce = key,
                                        .key_id = self->key_id};
    if (signature_make(&spec, &message, &self->key, &input, &value, &err) < 0)
        fail("signing", err.text);
    (void)buf_printf(&self->requests,
                     "POST " COLLECT_PATH " HTTP/1.1\r\nHost: ansinh\r\n"
                     "Content-Type: application/json\r\nContent-Digest: %s\r\n"
                     "Signature-Input: %.*s\r\nSignature: %.*s\r\nContent-Length: %d\r\n\r\n%s",
                     digest, (int)input.len, (const char *)input.data, (int)value.len,
                     (const char *)value.data, len, body);
    buf_fini(&input);
    buf_fini(&value);
}

static void add_request(struct load *self, const char *body, size_t *capacity)
{
    struct request_id id;
    char key[UUID_TEXT_BYTES];
    request_id_make(clock_wall_ms(), &id);
    request_id_format(&id, key);
    if (self->key_id == NULL)
        add_plain(self, body, key);
    else
        add_signed(self, body, key);
    ASSERT(self->requests.failed == 0);
    if (self->n == *capacity) {
        *capacity = MAX((size_t)1024, 2 * *capacity);
        self->ends = realloc(self->ends, *capacity * sizeof(*self->ends));
        ASSERT(self->ends != NULL);
    }
    self->ends[self->n++] = self->requests.len;
}

static void load_requests(struct load *self, const char *path)
{
    char line[LINE_MAX_BYTES];
    size_t capacity = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail(path, strerror(errno));
    buf_init(&self->requests, REQUESTS_MAX_BYTES);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        add_request(self, line, &capacity);
    }
    (void)fclose(file);
}

static void open_connection(struct load *self, struct connection *connection, int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = connection}};
    int yes = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(connection->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        fail("the gateway cannot be reached", strerror(errno));
    (void)setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (epoll_ctl(self->epoll, EPOLL_CTL_ADD, connection->fd, &event) < 0)
        fail("epoll", strerror(errno));
}

/* A request is far smaller than a socket's buffer. */
static void send_next(struct load *self, struct connection *connection)
{
    if (self->n_sent == self->n)
        return;
    size_t begin = self->n_sent == 0 ? 0 : self->ends[self->n_sent - 1];
    size_t len = self->ends[self->n_sent++] - begin;
    if (send(connection->fd, self->requests.data + begin, len, MSG_NOSIGNAL) != (ssize_t)len)
        fail("send", strerror(errno));
    connection->len = 0;
}

/* True when the answer is whole. */
static int is_answered(const struct connection *connection)
{
    static const char field[] = "Content-Length: ";
    const char *body = strstr(connection->answer, "\r\n\r\n");
    if (body == NULL)
        return 0;
    if (strncmp(connection->answer, "HTTP/1.1 200", 12) != 0)
        fail("a payment was refused", connection->answer);
    const char *length = strcasestr(connection->answer, field);
    if (length == NULL || length > body)
        fail("no length", connection->answer);
    size_t want = (size_t)(body + 4 - connection->answer);
    want += (size_t)strtoul(length + strlen(field), NULL, 10);
    return connection->len >= want;
}

static void receive(struct load *self, struct connection *connection)
{
    ssize_t n = recv(connection->fd, connection->answer + connection->len,
                     ANSWER_MAX_BYTES - connection->len, 0);
    if (n <= 0)
        fail("the gateway closed a connection", n < 0 ? strerror(errno) : "");
    connection->len += (size_t)n;
    connection->answer[connection->len] = '\0';
    if (!is_answered(connection))
        return;
    self->n_done++;
    send_next(self, connection);
}

static void run(struct load *self, size_t n_connections)
{
    struct epoll_event events[CONNECTIONS_MAX];
    for (size_t i = 0; i < n_connections; i++)
        send_next(self, &self->connections[i]);
    while (self->n_done < self->n) {
        int n = epoll_wait(self->epoll, events, CONNECTIONS_MAX, WAIT_MS);
        if (n <= 0)
            fail("epoll", "no answer");
        for (int i = 0; i < n; i++)
            receive(self, events[i].data.ptr);
    }
}

static void read_key(struct load *self, const char *id, const char *algorithm, const char *path)
{
    uint8_t seed[KEY_FILE_BYTES], public_key[crypto_sign_PUBLICKEYBYTES];
    struct err err = {0};
    self->key_id = id;
    self->key.algorithm = signature_algorithm_of(algorithm, strlen(algorithm));
    if (self->key.algorithm == SIGNATURE_NONE || key_file_read(path, seed, &err) < 0)
        fail(path, err.text);
    if (self->key.algorithm == SIGNATURE_ED25519) {
        (void)crypto_sign_seed_keypair(public_key, self->key.bytes, seed);
        self->key.len = crypto_sign_SECRETKEYBYTES;
    } else {
        memcpy(self->key.bytes, seed, sizeof(seed));
        self->key.len = sizeof(seed);
    }
}

int main(int argc, char **argv)
{
    static struct load self;
    int64_t port, connections;
    if ((argc != 4 && argc != 7) || parse_int64(argv[1], 1, 65535, &port) < 0 ||
        parse_int64(argv[3], 1, CONNECTIONS_MAX, &connections) < 0)
        return fail("usage", "http_pay PORT FILE CONNECTIONS [KEY-ID ALGORITHM KEY-FILE]");
    if (sodium_init() < 0)
        return fail("libsodium", "does not start");
    if (argc == 7)
        read_key(&self, argv[4], argv[5], argv[6]);
    load_requests(&self, argv[2]);
    self.epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int64_t i = 0; i < connections; i++)
        open_connection(&self, &self.connections[i], (int)port);
    int64_t begin_us = clock_mono_us();
    run(&self, (size_t)connections);
    int64_t took_us = MAX(clock_mono_us() - begin_us, (int64_t)1);
    (void)printf("%lld\n", (long long)((int64_t)self.n * 1000000 / took_us));
    return 0;
}
