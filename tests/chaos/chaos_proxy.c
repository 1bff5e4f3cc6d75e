/* chaos_proxy NAME=ADDRESS:PORT=ADDRESS:PORT...
 *
 * Carries TCP from each first address to the second one and does to it what standard input says, a
 * line each: "NAME delay MS", "NAME cut up|down|both" (up: towards the second address; bytes wait),
 * "NAME reset" (every open connection), "NAME heal". */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/loop/loop.h"

#define ROUTES_MAX 16
#define CHUNK_BYTES 16384
#define CHUNKS_MAX 64 /* of one direction */
#define TICK_MS 2
#define WORDS_MAX 3
#define BACKLOG 256

enum { UP, DOWN, WAYS };

struct chunk {
    int64_t due_ms;
    size_t len, sent;
    char bytes[CHUNK_BYTES];
};

struct route {
    struct proxy *proxy;
    char name[32];
    struct sockaddr_in target;
    int64_t delay_ms;
    int is_cut[WAYS];
    struct pair *pairs;
};

/* A connection and its continuation. */
struct pair {
    struct route *route;
    struct pair *next;
    int fds[WAYS]; /* bytes that go UP come from fds[UP] */
    struct loop_source *sources[WAYS];
    struct chunk *chunks[WAYS][CHUNKS_MAX];
    size_t first[WAYS], n[WAYS];
    int is_ended[WAYS]; /* nothing more comes from fds[way] */
    int is_shut[WAYS];  /* and that was passed on */
    int is_broken;
};

struct proxy {
    struct loop *loop;
    struct route routes[ROUTES_MAX];
    size_t n_routes;
    char words[256];
    size_t n_chars;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "chaos_proxy: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- carrying --------------------------------------------------------------------------------- */

static struct chunk *chunk_at(const struct pair *self, int way, size_t i)
{
    return self->chunks[way][(self->first[way] + i) % CHUNKS_MAX];
}

static void pair_free(struct pair *self, int is_reset)
{
    struct linger hard = {1, 0};
    for (int way = 0; way < WAYS; way++) {
        loop_source_remove(&self->sources[way]);
        if (is_reset)
            (void)setsockopt(self->fds[way], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        (void)close(self->fds[way]);
        for (; self->n[way] > 0; self->n[way]--, self->first[way]++)
            free(self->chunks[way][self->first[way] % CHUNKS_MAX]);
    }
    free(self);
}

/* Sends what is due in one direction. */
static void carry(struct pair *self, int way, int64_t now_ms)
{
    int to = self->fds[!way];
    while (self->n[way] > 0 && !self->route->is_cut[way]) {
        struct chunk *chunk = chunk_at(self, way, 0);
        if (chunk->due_ms > now_ms)
            return;
        ssize_t n = send(to, chunk->bytes + chunk->sent, chunk->len - chunk->sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            self->is_broken |=
                errno != EAGAIN && errno != EINTR && errno != ENOTCONN && errno != EINPROGRESS;
            return;
        }
        chunk->sent += (size_t)n;
        if (chunk->sent < chunk->len)
            return;
        free(chunk);
        self->first[way]++;
        self->n[way]--;
    }
    if (self->is_ended[way] && self->n[way] == 0 && !self->is_shut[way]) {
        self->is_shut[way] = 1;
        (void)shutdown(to, SHUT_WR);
    }
}

static void watch(struct pair *self)
{
    for (int way = 0; way < WAYS; way++) {
        int is_reading =
            !self->is_ended[way] && self->n[way] < CHUNKS_MAX && !self->route->is_cut[way];
        loop_source_events(self->sources[way], is_reading ? LOOP_READ : 0);
    }
}

static void take(struct pair *self, int way)
{
    struct chunk *chunk = malloc(sizeof(*chunk));
    ASSERT(chunk != NULL);
    ssize_t n = recv(self->fds[way], chunk->bytes, CHUNK_BYTES, MSG_DONTWAIT);
    if (n <= 0) {
        int error = errno;
        free(chunk);
        if (n == 0)
            self->is_ended[way] = 1;
        else
            self->is_broken |= error != EAGAIN && error != EINTR;
        return;
    }
    chunk->len = (size_t)n;
    chunk->sent = 0;
    chunk->due_ms = clock_mono_ms() + self->route->delay_ms;
    self->chunks[way][(self->first[way] + self->n[way]++) % CHUNKS_MAX] = chunk;
    carry(self, way, clock_mono_ms());
}

static void on_bytes(void *arg, int events)
{
    struct pair *self = arg;
    (void)events;
    for (int way = 0; way < WAYS; way++) {
        if (!self->is_ended[way] && self->n[way] < CHUNKS_MAX && !self->route->is_cut[way] &&
            !self->is_broken)
            take(self, way);
    }
    watch(self);
}

/* What waits for its time, and what has ended. */
static void tick(void *arg)
{
    struct proxy *self = arg;
    int64_t now_ms = clock_mono_ms();
    for (size_t i = 0; i < self->n_routes; i++) {
        for (struct pair **link = &self->routes[i].pairs; *link != NULL;) {
            struct pair *pair = *link;
            carry(pair, UP, now_ms);
            carry(pair, DOWN, now_ms);
            watch(pair);
            if (!pair->is_broken && !(pair->is_shut[UP] && pair->is_shut[DOWN])) {
                link = &pair->next;
                continue;
            }
            *link = pair->next;
            pair_free(pair, pair->is_broken);
        }
    }
}

/* --- connections ------------------------------------------------------------------------------ */

struct door {
    struct route *route;
    int fd;
};

static void on_caller(void *arg, int events)
{
    struct door *door = arg;
    int yes = 1;
    (void)events;
    int caller = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (caller < 0)
        return;
    int target = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ASSERT(target >= 0);
    (void)setsockopt(caller, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    (void)setsockopt(target, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    if (connect(target, (struct sockaddr *)&door->route->target, sizeof(door->route->target)) < 0 &&
        errno != EINPROGRESS) {
        (void)close(caller);
        (void)close(target);
        return;
    }
    struct pair *pair = calloc(1, sizeof(*pair));
    ASSERT(pair != NULL);
    pair->route = door->route;
    pair->fds[UP] = caller;
    pair->fds[DOWN] = target;
    for (int way = 0; way < WAYS; way++)
        pair->sources[way] =
            loop_add_fd(door->route->proxy->loop, pair->fds[way], LOOP_READ, on_bytes, pair);
    pair->next = door->route->pairs;
    door->route->pairs = pair;
}

/* "10.77.0.2:7379", ended by a NUL or what may follow. */
static struct sockaddr_in read_address(const char *text)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    char host[INET_ADDRSTRLEN];
    size_t len = strcspn(text, ":");
    (void)snprintf(host, sizeof(host), "%.*s", (int)len, text);
    errno = EINVAL;
    if (text[len] != ':' || inet_pton(AF_INET, host, &address.sin_addr) != 1)
        die(text);
    address.sin_port = htons((uint16_t)strtoul(text + len + 1, NULL, 10));
    return address;
}

static void open_route(struct proxy *self, const char *text)
{
    const char *from = strchr(text, '=');
    const char *to = from == NULL ? NULL : strchr(from + 1, '=');
    errno = EINVAL;
    if (to == NULL || self->n_routes == ROUTES_MAX)
        die(text);
    struct route *route = &self->routes[self->n_routes++];
    struct sockaddr_in address = read_address(from + 1);
    struct door *door = calloc(1, sizeof(*door));
    int yes = 1;
    ASSERT(door != NULL);
    route->proxy = self;
    route->target = read_address(to + 1);
    (void)snprintf(route->name, sizeof(route->name), "%.*s", (int)(from - text), text);
    door->route = route;
    door->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)setsockopt(door->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (door->fd < 0 || bind(door->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        listen(door->fd, BACKLOG) < 0)
        die(text);
    (void)loop_add_fd(self->loop, door->fd, LOOP_READ, on_caller, door);
}

/* --- what is to be done ----------------------------------------------------------------------- */

static void obey(struct proxy *self, char *line)
{
    char *words[WORDS_MAX] = {NULL, NULL, NULL};
    for (size_t n = 0; n < WORDS_MAX && line != NULL; n++)
        words[n] = strsep(&line, " ");
    const char *what = words[1] == NULL ? "" : words[1];
    const char *how = words[2] == NULL ? "" : words[2];
    for (size_t i = 0; i < self->n_routes; i++) {
        struct route *route = &self->routes[i];
        if (words[0] == NULL || strcmp(route->name, words[0]) != 0)
            continue;
        if (strcmp(what, "delay") == 0)
            route->delay_ms = strtol(how, NULL, 10);
        for (int way = 0; way < WAYS && strcmp(what, "cut") == 0; way++)
            route->is_cut[way] |= strcmp(how, way == UP ? "down" : "up") != 0;
        for (struct pair *pair = route->pairs; pair != NULL && strcmp(what, "reset") == 0;
             pair = pair->next)
            pair->is_broken = 1;
        if (strcmp(what, "heal") == 0)
            route->delay_ms = route->is_cut[UP] = route->is_cut[DOWN] = 0;
    }
}

static void on_words(void *arg, int events)
{
    struct proxy *self = arg;
    (void)events;
    ssize_t n =
        read(STDIN_FILENO, self->words + self->n_chars, sizeof(self->words) - 1 - self->n_chars);
    if (n <= 0)
        exit(0);
    self->n_chars += (size_t)n;
    self->words[self->n_chars] = '\0';
    char *end;
    while ((end = strchr(self->words, '\n')) != NULL) {
        *end = '\0';
        obey(self, self->words);
        self->n_chars -= (size_t)(end + 1 - self->words);
        memmove(self->words, end + 1, self->n_chars + 1);
    }
}

int main(int argc, char **argv)
{
    static struct proxy proxy;
    (void)signal(SIGPIPE, SIG_IGN);
    proxy.loop = loop_create();
    for (int i = 1; i < argc; i++)
        open_route(&proxy, argv[i]);
    (void)loop_add_fd(proxy.loop, STDIN_FILENO, LOOP_READ, on_words, &proxy);
    (void)loop_timer_add(proxy.loop, TICK_MS, TICK_MS, tick, &proxy);
    loop_run(proxy.loop);
    return 0;
}
