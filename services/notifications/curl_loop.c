#include "services/notifications/curl_loop.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/log.h"

struct curl_loop {
    struct loop *loop;
    CURLM *multi;
    struct loop_timer *timer;
    curl_done_fn done;
};

struct watch {
    struct curl_loop *owner;
    curl_socket_t fd;
    struct loop_source *source;
};

static void reap(struct curl_loop *self)
{
    const CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(self->multi, &left)) != NULL) {
        void *private = NULL;
        if (msg->msg == CURLMSG_DONE &&
            curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &private) == CURLE_OK)
            self->done(private, msg->data.result);
    }
}

static void on_timer(void *arg)
{
    struct curl_loop *self = arg;
    int running;
    self->timer = NULL;
    (void)curl_multi_socket_action(self->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    reap(self);
}

static int set_timer(CURLM *multi, long delay_ms, void *arg)
{
    struct curl_loop *self = arg;
    (void)multi;
    loop_timer_cancel(self->loop, &self->timer);
    if (delay_ms >= 0)
        self->timer = loop_timer_add(self->loop, delay_ms, 0, on_timer, self);
    return 0;
}

static void on_socket(void *arg, int events)
{
    struct watch *watch = arg;
    struct curl_loop *self = watch->owner; /* the watch may be gone after the call */
    int mask =
        (events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0);
    int running;
    (void)curl_multi_socket_action(self->multi, watch->fd, mask, &running);
    reap(self);
}

static int set_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct curl_loop *self = arg;
    struct watch *watch = socket_arg;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            loop_source_remove(&watch->source);
        free(watch);
        (void)curl_multi_assign(self->multi, fd, NULL);
        return 0;
    }
    int events = (what & CURL_POLL_IN ? LOOP_READ : 0) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0);
    if (watch != NULL) {
        loop_source_events(watch->source, events);
        return 0;
    }
    watch = malloc(sizeof(*watch));
    ASSERT(watch != NULL);
    *watch = (struct watch){self, fd, loop_add_fd(self->loop, fd, events, on_socket, watch)};
    (void)curl_multi_assign(self->multi, fd, watch);
    return 0;
}

struct curl_loop *curl_loop_create(struct loop *loop)
{
    struct curl_loop *self = calloc(1, sizeof(*self));
    ASSERT(self != NULL);
    self->loop = loop;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    self->multi = curl_multi_init();
    ASSERT(self->multi != NULL);
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, set_socket);
    (void)curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, set_timer);
    (void)curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    return self;
}

void curl_loop_destroy(struct curl_loop **self)
{
    if (*self == NULL)
        return;
    (void)curl_multi_cleanup((*self)->multi);
    curl_global_cleanup();
    loop_timer_cancel((*self)->loop, &(*self)->timer);
    free(*self);
    *self = NULL;
}

void curl_loop_add(struct curl_loop *self, CURL *easy, curl_done_fn done)
{
    ASSERT(self->done == NULL || self->done == done);
    self->done = done;
    /* Starts with the timer of 0 ms that it asks for. */
    (void)curl_multi_add_handle(self->multi, easy);
}

void curl_loop_remove(struct curl_loop *self, CURL *easy, int fd)
{
    /* curl takes leave of the peer and waits for the answer, up to two minutes: on a socket that is
     * shut down it gets its end at once. */
    if (fd >= 0)
        (void)shutdown(fd, SHUT_RDWR);
    (void)curl_multi_remove_handle(self->multi, easy);
    curl_easy_cleanup(easy);
}
