/* live PORT FILE VIEWERS FROM TO [NAME:PID...]: how late live progress is.
 *
 * Opens VIEWERS streams of the gateway on 127.0.0.1: each watches what the next line of FILE asks
 * for ("unit=15&children=0"), from the first line again after the last; the first line is
 * "unit=VN". Says "ready" when all have their snapshot, and measures while the country's payments
 * grow from FROM to TO.
 *
 * A frame's lag is its arrival minus the recording of the newest event in it. An event's lag is its
 * wait for the first frame that holds it: those between two frames of the country came evenly, at a
 * constant rate, so each millisecond between them counts once. Of the processes named it is told
 * how much processor time they took for each event. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/parse.h"

#define VIEWERS_MAX 50000
#define LINES_MAX 10000
#define LINE_BYTES 64
#define OWN_DESCRIPTORS 64
#define READ_BYTES 262144
#define EVENTS_MAX 512 /* of one epoll_wait */
#define HEAD_BYTES 512 /* kept of a line's beginning: the first unit is in it */
#define TAIL_BYTES 64  /* and of its end: the newest event's time is in it */
#define LAG_MAX_MS 60000
#define LATE_MS 1000
#define WAIT_MS 120000 /* without a frame */
#define PROCESSES_MAX 16
#define PROC_TEXT_BYTES 1024
#define PROC_FIELDS_BEFORE 11 /* of /proc/PID/stat, from the state to the one before utime */

enum where { IN_HEADERS, IN_SIZE, IN_DATA, IN_END };

struct viewer {
    int fd;
    enum where where;
    int n_blank;  /* of the headers' end "\r\n\r\n" */
    size_t chunk; /* bytes of it still to come */
    char head[HEAD_BYTES + 1], tail[TAIL_BYTES];
    size_t len; /* of the line */
    int is_progress, has_snapshot;
    size_t n_frames, n_late;
};

struct lags {
    int64_t n, counts[LAG_MAX_MS + 1];
};

struct process {
    char name[LINE_BYTES];
    int64_t pid, begin_us, end_us;
};

struct load {
    char (*lines)[LINE_BYTES];
    size_t n_lines, n_viewers, n_ready;
    int64_t from, to, seen; /* payments: when to measure; the country's newest number */
    int64_t seen_first, begin_ms, end_ms;
    int64_t newest_ms; /* event in the last frame of the country */
    int64_t bytes;
    int epoll;
    struct viewer *viewers;
    struct lags frames, events;
    struct process processes[PROCESSES_MAX];
    size_t n_processes;
};

static int fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "live: %s: %s\n", what, why);
    exit(1);
}

/* --- numbers --- */

static void lags_add(struct lags *self, int64_t lag_ms)
{
    self->n++;
    self->counts[MAX((int64_t)0, MIN(lag_ms, (int64_t)LAG_MAX_MS))]++;
}

static int64_t lags_quantile(const struct lags *self, int64_t per_mille)
{
    int64_t sum = 0, ms = 0;
    while (ms < LAG_MAX_MS && (sum += self->counts[ms]) * 1000 < self->n * per_mille)
        ms++;
    return ms;
}

static int64_t number_behind(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at == NULL ? -1 : strtoll(at + strlen(name), NULL, 10);
}

/* --- processor time --- */

/* User and system time of a process; 0: it is gone. */
static int64_t process_us(const struct process *self)
{
    char path[LINE_BYTES], text[PROC_TEXT_BYTES] = "";
    (void)snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)self->pid);
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return 0;
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    (void)fclose(file);
    char *at = len == 0 ? NULL : strrchr(text, ')'); /* a name may hold anything */
    if (at == NULL)
        return 0;
    at++;
    for (int i = 0; i < PROC_FIELDS_BEFORE && at != NULL; i++)
        at = strchr(at + 1, ' ');
    if (at == NULL)
        return 0;
    int64_t user = strtoll(at, &at, 10), kernel = strtoll(at, NULL, 10);
    return (user + kernel) * 1000000 / sysconf(_SC_CLK_TCK);
}

static void read_processes(struct load *self, int is_end)
{
    for (size_t i = 0; i < self->n_processes; i++) {
        struct process *process = &self->processes[i];
        *(is_end ? &process->end_us : &process->begin_us) = process_us(process);
    }
}

/* --- frames --- */

static int is_measuring(const struct load *self)
{
    return self->seen >= self->from && self->end_ms == 0;
}

/* The first viewer's: the country, which changes with every event. */
static void on_country(struct load *self, const struct viewer *viewer, int64_t newest_ms,
                       int64_t now_ms)
{
    int64_t payments = number_behind(viewer->head, "\"payments\":\"");
    if (strstr(viewer->head, "\"unitCode\":\"VN\"") == NULL || payments <= self->seen)
        return;
    if (is_measuring(self)) {
        if (self->begin_ms == 0) {
            self->begin_ms = now_ms;
            self->seen_first = self->seen;
            read_processes(self, 0);
        }
        for (int64_t at_ms = self->newest_ms + 1; at_ms <= newest_ms; at_ms++)
            lags_add(&self->events, now_ms - at_ms);
    }
    self->newest_ms = newest_ms;
    self->seen = payments;
    if (payments >= self->to) {
        self->end_ms = now_ms;
        read_processes(self, 1);
    }
}

static void on_progress(struct load *self, struct viewer *viewer)
{
    char tail[TAIL_BYTES + 1];
    size_t n = MIN(viewer->len, (size_t)TAIL_BYTES);
    for (size_t i = 0; i < n; i++)
        tail[i] = viewer->tail[(viewer->len - n + i) % TAIL_BYTES];
    tail[n] = '\0';
    int64_t now_ms = clock_wall_ms();
    int64_t newest_ms = number_behind(tail, "\"newestEventMs\":\"");
    if (newest_ms <= 0)
        return;
    if (is_measuring(self)) {
        lags_add(&self->frames, now_ms - newest_ms);
        viewer->n_frames++;
        viewer->n_late += now_ms - newest_ms > LATE_MS;
    }
    if (viewer == &self->viewers[0])
        on_country(self, viewer, newest_ms, now_ms);
}

static void on_line(struct load *self, struct viewer *viewer)
{
    viewer->head[MIN(viewer->len, (size_t)HEAD_BYTES)] = '\0';
    if (strcmp(viewer->head, "event: progress") == 0) {
        viewer->is_progress = 1;
    } else if (strcmp(viewer->head, "event: snapshot") == 0 && !viewer->has_snapshot) {
        viewer->has_snapshot = 1;
        if (++self->n_ready == self->n_viewers)
            (void)printf("ready\n");
        (void)fflush(stdout);
    } else if (viewer->is_progress && strncmp(viewer->head, "data: ", 6) == 0) {
        viewer->is_progress = 0;
        on_progress(self, viewer);
    }
    viewer->len = 0;
}

/* A part of a line, without its end. */
static void keep(struct viewer *viewer, const char *data, size_t n)
{
    if (viewer->len < HEAD_BYTES)
        memcpy(viewer->head + viewer->len, data, MIN(n, HEAD_BYTES - viewer->len));
    size_t skipped = n > TAIL_BYTES ? n - TAIL_BYTES : 0;
    for (size_t i = skipped; i < n; i++)
        viewer->tail[(viewer->len + i) % TAIL_BYTES] = data[i];
    viewer->len += n;
}

static void take_data(struct load *self, struct viewer *viewer, const char *data, size_t len)
{
    while (len > 0) {
        const char *end = memchr(data, '\n', len);
        size_t n = end == NULL ? len : (size_t)(end - data);
        keep(viewer, data, n);
        if (end == NULL)
            return;
        on_line(self, viewer);
        data += n + 1;
        len -= n + 1;
    }
}

/* One byte of what is no data: headers, a chunk's size, the line end behind a chunk. */
static void take_mark(struct viewer *viewer, char c)
{
    if (viewer->where == IN_HEADERS) {
        viewer->n_blank = c == '\n' ? viewer->n_blank + 1 : c == '\r' ? viewer->n_blank : 0;
        if (viewer->n_blank == 2)
            viewer->where = IN_SIZE;
    } else if (c == '\n') {
        viewer->where = viewer->where == IN_SIZE ? IN_DATA : IN_SIZE;
    } else if (c != '\r') {
        size_t digit = c <= '9' ? (size_t)(c - '0') : (size_t)((c | 0x20) - 'a' + 10);
        viewer->chunk = viewer->chunk * 16 + digit;
    }
}

static void receive(struct load *self, struct viewer *viewer)
{
    static char room[READ_BYTES];
    ssize_t got = recv(viewer->fd, room, sizeof(room), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        fail("the gateway closed a stream", got < 0 ? strerror(errno) : "");
    self->bytes += got;
    for (size_t at = 0, len = (size_t)got; at < len;) {
        if (viewer->where != IN_DATA) {
            take_mark(viewer, room[at++]);
            continue;
        }
        size_t n = MIN(viewer->chunk, len - at);
        take_data(self, viewer, room + at, n);
        at += n;
        viewer->chunk -= n;
        if (viewer->chunk == 0)
            viewer->where = IN_END;
    }
}

/* --- the run --- */

static void open_viewer(struct load *self, size_t i, int port)
{
    struct viewer *viewer = &self->viewers[i];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = viewer}};
    char request[2 * LINE_BYTES];
    int len = snprintf(request, sizeof(request), "GET /v1/watch?%s HTTP/1.1\r\nHost: t\r\n\r\n",
                       self->lines[i % self->n_lines]);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    viewer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (viewer->fd < 0 ||
        connect(viewer->fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
        send(viewer->fd, request, (size_t)len, MSG_NOSIGNAL) != len ||
        epoll_ctl(self->epoll, EPOLL_CTL_ADD, viewer->fd, &event) < 0)
        fail("a stream cannot be opened", strerror(errno));
}

static void turn(struct load *self, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(self->epoll, events, EVENTS_MAX, wait_ms);
    if (n < 0 || (n == 0 && wait_ms > 0))
        fail("epoll", "no frame comes");
    for (int i = 0; i < n; i++)
        receive(self, events[i].data.ptr);
}

static void run(struct load *self, int port)
{
    for (size_t i = 0; i < self->n_viewers; i++) {
        open_viewer(self, i, port);
        turn(self, 0);
    }
    while (self->n_ready < self->n_viewers)
        turn(self, WAIT_MS);
    self->bytes = 0;
    while (self->end_ms == 0)
        turn(self, WAIT_MS);
}

static void report(const struct load *self)
{
    int64_t took_ms = MAX(self->end_ms - self->begin_ms, (int64_t)1);
    size_t n_served = 0;
    for (size_t i = 0; i < self->n_viewers; i++) {
        const struct viewer *viewer = &self->viewers[i];
        n_served += viewer->n_frames > 0 && viewer->n_late * 100 <= viewer->n_frames;
    }
    (void)printf(
        "events_per_s=%lld\nframes_per_s=%lld\nevent_lag_p50_ms=%lld\n"
        "event_lag_p99_ms=%lld\nframe_lag_p50_ms=%lld\nframe_lag_p99_ms=%lld\n"
        "frame_lag_max_ms=%lld\nmegabytes=%lld\nserved=%zu\n",
        (long long)((self->seen - self->seen_first) * 1000 / took_ms),
        (long long)(self->frames.n * 1000 / took_ms), (long long)lags_quantile(&self->events, 500),
        (long long)lags_quantile(&self->events, 990), (long long)lags_quantile(&self->frames, 500),
        (long long)lags_quantile(&self->frames, 990), (long long)lags_quantile(&self->frames, 1000),
        (long long)(self->bytes / 1000000), n_served);
    for (size_t i = 0; i < self->n_processes; i++) {
        const struct process *process = &self->processes[i];
        (void)printf("%s_cpu_us=%.1f\n", process->name,
                     (double)(process->end_us - process->begin_us) /
                         (double)MAX(self->seen - self->seen_first, (int64_t)1));
    }
}

static void load_lines(struct load *self, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        fail(path, strerror(errno));
    self->lines = calloc(LINES_MAX, sizeof(*self->lines));
    ASSERT(self->lines != NULL);
    while (self->n_lines < LINES_MAX &&
           fgets(self->lines[self->n_lines], LINE_BYTES, file) != NULL) {
        char *line = self->lines[self->n_lines++];
        line[strcspn(line, "\n")] = '\0';
    }
    (void)fclose(file);
    if (self->n_lines == 0 || strcmp(self->lines[0], "unit=VN") != 0)
        fail(path, "the first line is not unit=VN");
}

static int add_process(struct load *self, const char *text)
{
    struct process *process = &self->processes[self->n_processes];
    size_t len = strcspn(text, ":");
    if (self->n_processes == PROCESSES_MAX || len >= sizeof(process->name) || text[len] == '\0' ||
        parse_int64(text + len + 1, 1, INT32_MAX, &process->pid) < 0)
        return 0;
    memcpy(process->name, text, len);
    self->n_processes++;
    return 1;
}

int main(int argc, char **argv)
{
    static struct load self;
    int64_t port, viewers;
    if (argc < 6 || parse_int64(argv[1], 1, 65535, &port) < 0 ||
        parse_int64(argv[3], 1, VIEWERS_MAX, &viewers) < 0 ||
        parse_int64(argv[4], 1, INT32_MAX, &self.from) < 0 ||
        parse_int64(argv[5], self.from + 1, INT32_MAX, &self.to) < 0)
        return fail("usage", "live PORT FILE VIEWERS FROM TO [NAME:PID...]");
    for (int i = 6; i < argc; i++) {
        if (!add_process(&self, argv[i]))
            return fail(argv[i], "want a name and a process id");
    }
    struct rlimit limit = {.rlim_cur = (rlim_t)viewers + OWN_DESCRIPTORS};
    limit.rlim_max = limit.rlim_cur;
    struct rlimit now;
    if (getrlimit(RLIMIT_NOFILE, &now) < 0 || now.rlim_max < limit.rlim_cur)
        return fail("too few descriptors", "raise the hard limit (ulimit -Hn)");
    if (now.rlim_cur < limit.rlim_cur && setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return fail("too few descriptors", strerror(errno));
    load_lines(&self, argv[2]);
    self.n_viewers = (size_t)viewers;
    self.viewers = calloc(self.n_viewers, sizeof(*self.viewers));
    ASSERT(self.viewers != NULL);
    self.epoll = epoll_create1(EPOLL_CLOEXEC);
    run(&self, (int)port);
    report(&self);
    free(self.viewers);
    free(self.lines);
    return 0;
}
